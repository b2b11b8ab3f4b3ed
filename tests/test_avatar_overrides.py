"""Options: their texts, what they do to specs and styles, and what counts before what."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.avatar.color import parse_color, srgb_to_oklab
from dressform.avatar.keyed import Keyed
from dressform.avatar.overrides import (
    GARMENTS,
    NO_OVERRIDES,
    apply_to_spec,
    apply_to_style,
    option_keys,
    parse_overrides,
    resolve_spec,
)
from dressform.avatar.paths import circle
from dressform.avatar.pose import HeadPose
from dressform.avatar.spec import (
    Attributes,
    AvatarSpec,
    Eye,
    Face,
    Mouth,
    Pattern,
    RegionPalette,
    RegionShape,
)
from dressform.avatar.style import Style
from dressform.avatar.style_file import list_styles, load_style
from dressform.avatar.style_schema import style_fields
from dressform.avatar.validate import plain
from dressform.parsing.errors import OptionError

STYLE = load_style("flat")


def a_spec() -> AvatarSpec:
    """A person with a striped shirt, glasses, and a face that looks to the front."""
    brow = tuple((0.1 + 0.02 * k, -0.6) for k in range(5))
    eyes = (Eye((-0.15, -0.5), 0.13, 0.35, (0, 0), brow), Eye((0.15, -0.5), 0.13, 0.05, (0, 0), brow))
    mouth = Mouth((0.12, -0.2), (-0.12, -0.18), (0, -0.24), (0, -0.1), (0, -0.21), (0, -0.15))
    head = HeadPose((0, -0.5), 0.3, 0, 0, 0.35, 0.45, 0.6, ((-0.36, -0.45), (0.36, -0.45)), (0, -0.19), (0, 0))
    jaw = tuple((0.35 * float(np.cos(t)), -0.35 + 0.35 * float(np.sin(t))) for t in np.linspace(3.1, 0, 17))
    nose = ((0.0, -0.5), (0.0, -0.32), (-0.05, -0.3), (0.05, -0.3))
    shape = {slug: RegionShape(circle((0, -0.4), 0.4)) for slug in ("hair", "face", "sunglasses", "coat")}
    shape["upper-clothes"] = RegionShape(circle((0, 1), 0.6), prints=(("#ff0000", circle((0, 1), 0.1)),))
    striped = Pattern("striped", ("#f0f0f0", "#ff0000"), 0, 0.1)
    shade = {slug: RegionPalette("#6a4a2c", "#503820", "#8a6a4c") for slug in ("skin", *shape)}
    shade["upper-clothes"] = RegionPalette("#f0f0f0", "#c8c8d0", "#ffffff", (("#ff0000", 0.3),), striped)
    return AvatarSpec(
        "half",
        head,
        MappingProxyType(shape),
        MappingProxyType(shade),
        Face("landmarks", 1, 0, 0, jaw, (), eyes, nose, mouth, "#336699", "#aa5555"),
        Attributes(beard=0.4, glasses="clear"),
    )


def with_options(*texts: str) -> AvatarSpec:
    return apply_to_spec(a_spec(), parse_overrides(texts))


# ---- texts ----------------------------------------------------------------------------------------------------------

EXAMPLES = {"beard": "0.3", "glasses": "dark", "mouth": "smile", "eyes": "closed", "tilt": "-12.5", "detail": "1"}
EXAMPLES |= {"background.shape": "disc", "background.colors": "#abcdef, navy", "line.width": "2e-2"}


@pytest.mark.parametrize("key", option_keys())
def test_every_option_takes_a_value_and_comes_back(key: str) -> None:
    kinds = {f"style.{field.place}": field for field in style_fields()}
    text = EXAMPLES.get(key, "teal")
    if key in kinds:
        field = kinds[key]
        values = {"number": field.high, "integer": int(field.high), "boolean": "no"}
        text = str(values.get(field.kind, field.choices[0] if field.choices else "teal"))
    found = parse_overrides([f" {key.upper()} = {text} "])
    assert found == parse_overrides({key: text}) == parse_overrides(found.texts()) != NO_OVERRIDES


def test_what_is_there_for_a_person() -> None:
    keys = option_keys()
    assert len(set(keys)) == len(keys) and len(GARMENTS) == 12
    assert {f"{slug}.color" for slug in GARMENTS} <= set(keys)
    assert parse_overrides(["shoes.color=navy"]) == parse_overrides(["left-shoe.color=navy", "RIGHT_SHOE.color=navy"])
    assert parse_overrides(["beard=1", "beard=0"]).spec_values == (("beard", 0.0),)  # the later one counts
    assert parse_overrides("beard=1") == parse_overrides(["beard=1"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("hair.colour=red", r"unknown option.*upper-clothes.color.*did you mean 'hair.color'"),
        ("style.line.widht=1", r"unknown option.*style.line.inner.*did you mean 'style.line.width'"),
        ("style.name=x", "unknown option"),
        ("style.effects=x", "unknown option"),
        ("hair.color=reddish", "option hair.color.*navy"),
        ("hair.color=#12", "option hair.color"),
        ("line.width=0.2", "option line.width.*0 to 0.1"),
        ("line.width=nan", "option line.width"),
        ("line.width=1e999", "option line.width"),
        ("line.width=٠", "option line.width"),
        ("style.line.strokes=2.5", "whole number 1 to 3"),
        ("beard=-0.1", "option beard"),
        ("tilt=46", "-45 to 45"),
        ("glasses=sun", "none, clear, dark"),
        ("background.shape=dics", "did you mean 'disc'"),
        ("background.colors=" + ",".join(["red"] * 25), "24 at most"),
        ("style.features.ears=perhaps", "true or false"),
        ("beard", "KEY=VALUE"),
        ("x" * 500, "500 characters"),
        ("style.colors.palette=<script>", "option style.colors.palette"),
    ],
)
def test_texts_that_are_refused(text: str, message: str) -> None:
    with pytest.raises(OptionError, match=message):
        parse_overrides([text])


@given(st.lists(st.text(max_size=30) | st.builds("{}={}".format, st.sampled_from(option_keys()), st.text(max_size=9))))
@settings(max_examples=200, deadline=None)
def test_any_text_is_read_or_refused(texts: list[str]) -> None:
    try:
        found = parse_overrides(texts)
    except OptionError:
        return
    assert parse_overrides(found.texts()) == found
    plain(apply_to_spec(a_spec(), found))


@pytest.mark.parametrize("odd", [[1], {"beard": 1}, ["beard=1"] * 201, {3: "x"}, [b"beard=1"]])
def test_other_things_are_refused(odd: Any) -> None:
    with pytest.raises(OptionError):
        parse_overrides(odd)


# ---- styles ---------------------------------------------------------------------------------------------------------


def test_values_of_the_style() -> None:
    texts = ["line.width=0.03", "style.line.color=navy", "style.shading.tones=3", "style.features.ears=no", "detail=0"]
    style = apply_to_style(STYLE, parse_overrides([*texts, "background.colors=red,#0f0"]))
    assert (style.line.width, style.line.color, style.shading.tones) == (0.03, "#000060", 3)
    assert (style.features.ears, style.detail, style.background.colors) == (False, 0.0, ("#ff0000", "#00ff00"))
    assert style.hair == STYLE.hair
    assert apply_to_style(style, parse_overrides(["line.color=own"])).line.color is None
    assert apply_to_style(STYLE, parse_overrides(["background.shape=none"])).background.shapes == ()
    assert apply_to_style(STYLE, parse_overrides(["hair.color=red"])) is STYLE


def test_a_style_is_checked_again() -> None:
    with pytest.raises(OptionError, match="palette is too short"):
        apply_to_style(STYLE, parse_overrides(["style.colors.mode=duotone"]))
    with pytest.raises(OptionError, match="2 to 8"):
        apply_to_style(STYLE, parse_overrides(["style.proportions.heads=1"]))


@pytest.mark.parametrize("name", list_styles())
def test_options_of_nothing_change_no_style(name: str) -> None:
    style = load_style(name)
    assert apply_to_style(style, parse_overrides([f"detail={style.detail}"])) == style


# ---- specs ----------------------------------------------------------------------------------------------------------


def test_a_garment_becomes_plain() -> None:
    before, spec = a_spec(), with_options("upper-clothes.color=#2f5aa8")
    found = spec.palettes["upper-clothes"]
    assert (found.base, found.accents, found.pattern) == ("#2f5aa8", (), Pattern())
    shadow, base, light = (
        float(srgb_to_oklab([float(v) for v in parse_color(c)])[0]) for c in (found.shadow, found.base, found.light)
    )
    assert 0.05 <= base - shadow <= 0.21 and 0.02 <= light - base <= 0.16
    assert not spec.regions["upper-clothes"].prints
    assert {k: v for k, v in spec.palettes.items() if k != "upper-clothes"} == {
        k: v for k, v in before.palettes.items() if k != "upper-clothes"
    }


def test_colors_of_the_person() -> None:
    spec = with_options("skin.color=#553322", "eyes.color=green", "lips.color=maroon", "brows.color=black")
    assert spec.palettes["skin"].base == spec.palettes["face"].base == "#553322"
    assert (spec.face.iris, spec.face.lips, spec.palettes["brows"].base) == ("#008000", "#800000", "#000000")
    assert with_options("glasses.color=red", "hat.color=navy").palettes["sunglasses"].base == "#ff0000"


def test_glasses_beard_and_eyes() -> None:
    bare = with_options("glasses=none", "beard=1", "eyes=closed")
    assert "sunglasses" not in bare.regions and "sunglasses" not in bare.palettes
    assert (bare.attributes.glasses, bare.attributes.beard) == ("none", 1.0)
    assert [eye.openness for eye in bare.face.eyes] == [0, 0]
    wide = with_options("glasses=dark", "eyes=open")
    assert wide.attributes.glasses == "dark" and [eye.openness for eye in wide.face.eyes] == [0.35, 0.3]
    assert plain(with_options("eyes=measured", "mouth=measured")) == plain(a_spec())


def test_a_smile_and_a_mouth_that_was_not_measured() -> None:
    smile, calm = with_options("mouth=smile").face.mouth, with_options("mouth=neutral").face.mouth
    assert smile and calm
    assert smile.left[1] < smile.inner_upper[1] and smile.right[1] < smile.inner_upper[1]
    assert calm.left[1] == pytest.approx(calm.right[1]) and calm.left[0] > 0 > calm.right[0]
    for mouth in (smile, calm):
        assert mouth.inner_upper == mouth.inner_lower and mouth.upper[1] < mouth.inner_upper[1] < mouth.lower[1]
    spec = replace(a_spec(), face=replace(a_spec().face, mouth=None))
    made = apply_to_spec(spec, parse_overrides(["mouth=smile"])).face.mouth
    assert made and made.left[0] - made.right[0] == pytest.approx(0.3, abs=0.03)


@given(st.floats(-45, 45))
@settings(max_examples=30, deadline=None)
def test_a_tilted_head_keeps_its_shape(tilt: float) -> None:
    before = a_spec()
    spec = apply_to_spec(before, parse_overrides({"tilt": f"{tilt:.3f}"}))
    assert spec.head.tilt == spec.face.tilt == pytest.approx(tilt, abs=1e-3)
    (a, b), (c, d) = before.head.ears, spec.head.ears
    assert np.hypot(c[0] - d[0], c[1] - d[1]) == pytest.approx(np.hypot(a[0] - b[0], a[1] - b[1]))
    assert np.degrees(np.arctan2(d[1] - c[1], d[0] - c[0])) == pytest.approx(tilt, abs=1e-3)
    assert np.linalg.norm(np.subtract(spec.head.chin, before.head.chin)) < 0.11  # it turns about the neck
    assert spec.regions["upper-clothes"] is before.regions["upper-clothes"]
    again = apply_to_spec(spec, parse_overrides(["tilt=0"]))
    assert np.allclose(again.regions["hair"].path.curves[0].points, before.regions["hair"].path.curves[0].points)


# ---- what counts before what ----------------------------------------------------------------------------------------


def of_style(**defaults: str) -> Style:
    keys = {key.replace("__", ".").replace("_", "-"): text for key, text in defaults.items()}
    return replace(STYLE, defaults=MappingProxyType(keys))


def test_precedence() -> None:
    measured, style, option = a_spec(), of_style(hair__color="#00ff00", beard="1"), parse_overrides(["hair.color=blue"])
    empty = AvatarSpec("bust", measured.head, MappingProxyType({}))
    assert resolve_spec(measured, style, option).palettes["hair"].base == "#0000ff"  # the option
    assert resolve_spec(measured, style).palettes["hair"].base == "#6a4a2c"  # then what was measured
    assert resolve_spec(measured, style).attributes.beard == 0.4
    assert resolve_spec(empty, style).palettes["hair"].base == "#00ff00"  # then the style's default
    assert resolve_spec(empty, style, option).palettes["hair"].base == "#0000ff"
    assert resolve_spec(empty, style).attributes.beard == 1
    chance = {resolve_spec(empty, STYLE, keyed=Keyed(seed)).palettes["hair"].base for seed in range(40)}
    assert len(chance) > 2  # then the seed
    assert plain(resolve_spec(empty, STYLE)) == plain(resolve_spec(empty, STYLE, keyed=Keyed(empty.seed)))


def test_nothing_measured_is_lost() -> None:
    everything = {key.replace(".", "__").replace("-", "_"): "navy" for key in option_keys() if key.endswith(".color")}
    everything = {key: text for key, text in everything.items() if not key.startswith(("style", "line", "background"))}
    defaults = {**everything, "glasses": "dark", "mouth": "smile", "eyes": "closed", "tilt": "20", "beard": "1"}
    spec = resolve_spec(a_spec(), of_style(**defaults))
    before, after = plain(a_spec()), plain(spec)
    more = set(after["palettes"]) - set(before["palettes"])
    assert more == {"brows", *GARMENTS} - {"coat", "upper-clothes"}
    for slug in more:
        assert after["palettes"].pop(slug)["base"] == "#000060"
    assert after == before


def test_a_choice_of_the_seed_moves_no_other_one() -> None:
    empty = AvatarSpec("bust", a_spec().head, MappingProxyType({}), seed=5)
    spec, other = resolve_spec(empty, STYLE), resolve_spec(empty, STYLE, parse_overrides(["skin.color=navy"]))
    assert (spec.face.iris, spec.palettes["hair"]) == (other.face.iris, other.palettes["hair"])
    assert spec.face.lips != other.face.lips  # they follow the skin
