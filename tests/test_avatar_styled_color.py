"""What styles make of colours: how near they stay, tones, lines, and backgrounds that stand out."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dressform.avatar.color import difference, format_color, oklab_to_oklch, parse_color, srgb_to_oklab
from dressform.avatar.keyed import Keyed
from dressform.avatar.scene import Color
from dressform.avatar.style import BackgroundStyle, Colors, LineStyle, Shading, Style
from dressform.avatar.style_file import list_styles, load_style
from dressform.avatar.styled_color import background_color, line_color, styled, tones

SKIN = ["#f7ddcb", "#f0c8ae", "#e8b996", "#d9a47d", "#c68b62", "#ad7449", "#8d5a38", "#6f432a", "#553322", "#3d251b"]
HAIR = ["#15120f", "#241a15", "#3a281d", "#553a28", "#7a5537", "#a37a4c", "#cba772", "#e6cf9f", "#8c3a1e", "#b5582b"]
HAIR += ["#8a8a8a", "#d9d9d6"]
CLOTH = ["#f4f4f2", "#121214", "#2b2d33", "#6b6e75", "#b9bcc0", "#1d2a4a", "#2f5aa8", "#8fb7e0", "#7a1f2b", "#c8352f"]
CLOTH += ["#e5a3b4", "#d98b2b", "#e7c84a", "#2e6b3f", "#8fa86b", "#5f6b3a", "#1f7f83", "#5a3f7d", "#b58a5f", "#e4d5b8"]
CLOTH += ["#4a3527", "#d94f8a"]
GRID = [(parse_color(text), True) for text in SKIN] + [(parse_color(text), False) for text in HAIR + CLOTH]
COLORS = st.tuples(*[st.integers(0, 255)] * 3)
STYLES = {name: load_style(name) for name in list_styles()}
PLAIN = Style("plain", shading=Shading(tones=3, shadow=0.12, light=0.07, hue=20))


def lch(color: Color) -> tuple[float, float, float]:
    lightness, chroma, hue = oklab_to_oklch(srgb_to_oklab(np.array(color, np.float64)))
    return float(lightness), float(chroma), float(hue)


def apart(one: Color, other: Color) -> float:
    return float(difference(np.array(one, np.float64), np.array(other, np.float64)))


# ---- nearness to what was measured ----------------------------------------------------------------------------------


@given(COLORS, st.booleans(), st.sampled_from(["flat", "anime"]))
def test_natural_styles_keep_every_color(color: Color, skin: bool, name: str) -> None:
    assert apart(styled(color, STYLES[name], skin=skin), color) <= 1
    assert tones(color, STYLES[name], skin=skin)[1] == styled(color, STYLES[name], skin=skin)


@pytest.mark.parametrize(("name", "most", "share"), [("chibi", 3, 1), ("watercolour", 6, 1), ("cyberpunk", 10, 0.9)])
def test_tinted_styles_stay_near(name: str, most: float, share: float) -> None:
    gaps = np.array([apart(styled(color, STYLES[name], skin=skin), color) for color, skin in GRID])
    assert gaps.max() <= most and np.mean(gaps <= 8) >= share
    assert gaps[:10].max() <= 8  # every skin


def test_pencil_is_graphite() -> None:
    for color, skin in GRID:
        assert lch(styled(color, STYLES["pencil"], skin=skin))[1] < 0.02
    skins = [lch(styled(color, STYLES["pencil"], skin=True))[0] for color, skin in GRID if skin]
    assert all(a > b for a, b in pairwise(skins))  # dark skin stays darker than light skin


# ---- modes ----------------------------------------------------------------------------------------------------------


def test_snap_takes_the_nearest_and_amount_goes_part_of_the_way() -> None:
    palette = ("#cc2222", "#2244cc")
    whole = Style("any", colors=Colors("snap", palette))
    half = replace(whole, colors=replace(whole.colors, amount=0.5))
    red = (180, 60, 70)
    assert format_color(styled(red, whole)) == "#cc2222"
    assert 0.4 < apart(styled(red, half), red) / apart(styled(red, whole), red) < 0.6
    assert styled(red, replace(whole, colors=replace(whole.colors, skin=0.0)), skin=True) == red
    assert format_color(styled((70, 80, 190), whole)) == "#2244cc"


def test_duotone_maps_lightness() -> None:
    style = Style("any", colors=Colors("duotone", ("#200040", "#ff8000", "#ffffe0")))
    assert format_color(styled((0, 0, 0), style)) == "#200040"
    assert format_color(styled((255, 255, 255), style)) == "#ffffe0"
    assert styled((119, 119, 119), style) == pytest.approx(styled((150, 100, 100), style), abs=12)


@given(COLORS, st.floats(0, 2), st.floats(0, 2), st.floats(-0.5, 0.5), st.booleans())
def test_any_adjustment_gives_a_color(c: Color, chroma: float, contrast: float, lightness: float, skin: bool) -> None:
    style = replace(PLAIN, colors=Colors(chroma=chroma, contrast=contrast, lightness=lightness))
    for found in (*tones(c, style, skin=skin), line_color(c, style, inside=True)):
        assert format_color(found)
    if chroma == 0:
        assert lch(styled(c, style))[1] < 0.01


# ---- tones ----------------------------------------------------------------------------------------------------------


@given(COLORS, st.booleans(), st.sampled_from(sorted(STYLES)))
def test_shadow_is_darker_and_light_lighter(color: Color, skin: bool, name: str) -> None:
    shadow, base, light = tones(color, STYLES[name], skin=skin)
    assert lch(shadow)[0] <= lch(base)[0] + 0.006 and lch(light)[0] >= lch(base)[0] - 0.006


@pytest.mark.parametrize("name", sorted(STYLES))
def test_shadows_and_lights_are_seen(name: str) -> None:
    for color, skin in GRID:
        shadow, base, light = tones(color, STYLES[name], skin=skin)
        assert apart(shadow, base) > 2.5, format_color(color)
        if STYLES[name].shading.tones == 3 and lch(base)[0] < 0.9:
            assert apart(light, base) > 2.5, format_color(color)


def test_black_gets_its_form_from_light() -> None:
    shadow, base, light = tones((0, 0, 0), PLAIN)
    assert shadow == base == (0, 0, 0) and lch(light)[0] > 1.5 * PLAIN.shading.light


def test_numbers_of_tones() -> None:
    for number, distinct in ((1, 1), (2, 2), (3, 3)):
        style = replace(PLAIN, shading=replace(PLAIN.shading, tones=number))
        assert len(set(tones((150, 90, 60), style))) == distinct


@pytest.mark.parametrize("text", SKIN)
def test_shadows_of_skin_turn_towards_red(text: str) -> None:
    shadow, base, _ = tones(parse_color(text), PLAIN, skin=True)
    assert 15 < lch(shadow)[2] < lch(base)[2] - 4
    cloth = tones(parse_color(text), PLAIN)[0]
    assert lch(shadow)[1] > lch(cloth)[1]


def test_shadows_of_cloth_turn_towards_blue_by_the_clean_way() -> None:
    def turn(text: str, style: Style = PLAIN) -> float:
        shadow, base, _ = tones(parse_color(text), style)
        return (lch(shadow)[2] - lch(base)[2] + 180) % 360 - 180

    assert turn("#e7c84a") < -5  # yellow to orange, not to olive
    assert turn("#c8352f") < -5  # red to crimson
    assert turn("#3fa86b") > 5  # green to teal
    assert turn("#8fb7e0") > 2  # light blue to blue
    warm = replace(PLAIN, shading=replace(PLAIN.shading, hue=-20))
    assert turn("#e7c84a", warm) > 5
    white = tones((250, 250, 250), PLAIN)[0]
    assert 0.008 < lch(white)[1] < 0.03 and 240 < lch(white)[2] < 310  # a bluish gray


# ---- lines ----------------------------------------------------------------------------------------------------------


def test_lines() -> None:
    style = replace(PLAIN, line=LineStyle(width=0.02, darken=0.3))
    for color, _ in GRID:
        assert lch(line_color(color, style))[0] < lch(color)[0]
        assert apart(line_color(color, style, inside=True), color) > 5
    assert lch(line_color((18, 18, 20), style, inside=True))[0] > 0.25  # folds of black cloth
    assert line_color((9, 9, 9), replace(style, line=LineStyle(color="#3a383c"))) == (58, 56, 60)


# ---- backgrounds ----------------------------------------------------------------------------------------------------


@given(st.lists(st.tuples(COLORS, st.floats(0.1, 3)), min_size=1, max_size=4), st.sampled_from(sorted(STYLES)))
def test_a_background_is_one_of_the_best(avoid: list[tuple[Color, float]], name: str) -> None:
    style = STYLES[name]
    choice = [parse_color(color) for color in style.background.colors]
    best = background_color(style, avoid, None)
    assert best in choice

    def near(color: Color) -> float:
        return min(float(np.linalg.norm(srgb_to_oklab([*map(float, color)]) - srgb_to_oklab([*map(float, c)])))
                   for c, _ in avoid)  # fmt: skip

    assert near(best) >= 0.4 * max(map(near, choice))
    assert background_color(style, avoid, Keyed(1)) in choice


def test_hair_is_told_from_the_background() -> None:
    for name, style in STYLES.items():
        for text in HAIR:
            hair = tones(parse_color(text), style)[1]
            found = background_color(style, [(hair, 2.0), (styled((120, 120, 120), style), 1.0)])
            assert apart(found, hair) > (4 if name == "pencil" else 14), (name, text)  # white hair is paper


def test_the_seed_chooses_among_near_ties_only() -> None:
    blue = [((30, 60, 160), 1.0), ((20, 20, 24), 2.0)]
    found = {background_color(STYLES["flat"], blue, Keyed(seed)) for seed in range(60)}
    assert 1 < len(found) < len(STYLES["flat"].background.colors)
    assert background_color(STYLES["flat"], blue, Keyed(3)) == background_color(STYLES["flat"], blue, Keyed(3))
    twins = replace(PLAIN, background=BackgroundStyle(colors=("#ffffff", "#000000")))
    assert {background_color(twins, [((250, 250, 250), 1.0)], Keyed(seed)) for seed in range(20)} == {(0, 0, 0)}


def test_weights_count() -> None:
    style = replace(PLAIN, background=BackgroundStyle(colors=("#ff0000", "#0000ff")))
    for weight, wanted in ((0.1, (0, 0, 255)), (10.0, (255, 0, 0))):
        assert background_color(style, [((230, 30, 30), 1.0), ((30, 30, 230), weight)]) == wanted
    assert background_color(style, [((230, 30, 30), 0.0)]) == (255, 0, 0)  # nothing to avoid: the first


@pytest.mark.parametrize("text", [*HAIR, *CLOTH])
def test_a_made_background_is_a_light_complement(text: str) -> None:
    color = parse_color(text)
    for keyed in (None, Keyed("any")):
        found = background_color(PLAIN, [(color, 1.0)], keyed)
        assert lch(found)[0] > 0.72 and apart(found, color) > 12
    assert background_color(PLAIN, [], None) == background_color(PLAIN, [], None)
