"""Backgrounds: they cover the canvas, stay small, and are in shades of the colour asked for."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.avatar.color import difference
from dressform.avatar.draw.background import SHAPES, background_layers
from dressform.avatar.render.raster import render
from dressform.avatar.render.svg import to_svg
from dressform.avatar.scene import Color, Gradient, Scene
from dressform.avatar.style_schema import SHAPES as STYLE_SHAPES
from dressform.parsing.errors import OptionError

TEAL: Color = (122, 184, 200)
NIGHT: Color = (42, 34, 84)
NAMES = ("background", "background_shape", "background_detail")
COLORS = st.tuples(*[st.integers(0, 255)] * 3)


def scene(shape: str, color: Color = TEAL, size: tuple[float, float] = (1000, 1000), seed: int = 0) -> Scene:
    return Scene(*size, background_layers(shape, color, size, seed=seed))


def test_the_names_that_styles_may_use() -> None:
    assert set(SHAPES) == set(STYLE_SHAPES)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [(1000, 1000), (620, 1000), (1600, 700), (1.0, 1.2)])
def test_layers_and_size_of_the_file(shape: str, size: tuple[float, float]) -> None:
    for color in (TEAL, NIGHT):
        drawn = scene(shape, color, size)
        names = [layer.name for layer in drawn.layers()]
        assert names == list(NAMES[: len(names)]) and len(names) == (1 if shape == "plain" else max(len(names), 2))
        assert all(layer.shapes and layer.title for layer in drawn.layers())
        assert len(to_svg(drawn)) < 10_000
        assert render(drawn, 48)[..., 3].min() == 255


@pytest.mark.parametrize("shape", SHAPES)
def test_square_ones_are_at_most_8_kb(shape: str) -> None:
    assert max(len(to_svg(scene(shape, seed=seed))) for seed in range(12)) < 8 * 1024 + 512


def test_plain_is_the_colour() -> None:
    assert (render(scene("plain"), 20)[..., :3] == TEAL).all()


@pytest.mark.parametrize("shape", [name for name in SHAPES if name not in ("wash", "skyline", "grid")])
@pytest.mark.parametrize("color", [TEAL, NIGHT, (240, 190, 110), (200, 90, 90)])
def test_around_the_head_it_is_near_the_colour(shape: str, color: Color) -> None:
    """So that what the resolver found to stand out from hair and clothes does so."""
    pixels = render(scene(shape, color), 100)[20:60, 25:75, :3].reshape(-1, 3)
    assert np.median(difference(pixels, color)) < 14


@pytest.mark.parametrize("shape", SHAPES)
def test_same_text_every_time(shape: str) -> None:
    assert to_svg(scene(shape, seed=5)) == to_svg(scene(shape, seed=5))


@pytest.mark.parametrize("shape", ["blob", "wash", "skyline", "sparkles", "dots", "rays"])
def test_seed_changes_what_is_random(shape: str) -> None:
    assert to_svg(scene(shape, seed=5)) != to_svg(scene(shape, seed=6))


@pytest.mark.parametrize("shape", SHAPES)
def test_units_do_not_matter(shape: str) -> None:
    large, small = render(scene(shape, NIGHT), 90), render(scene(shape, NIGHT, (2.0, 2.0)), 90)
    assert np.abs(large.astype(int) - small).max() <= 3


def test_light_turns_the_gradient() -> None:
    def left_minus_right(light: tuple[float, float]) -> float:
        layers = background_layers("gradient", TEAL, (100, 100), light=light)
        pixels = render(Scene(100, 100, layers), 40)[..., :3].astype(float)
        return float(pixels[:, :10].mean() - pixels[:, -10:].mean())

    assert left_minus_right((-1, 0)) > 5 > -5 > left_minus_right((9, 0))


def test_accents_are_used() -> None:
    layers = background_layers("dots", TEAL, (1000, 1000), accents=((255, 0, 140),))
    strokes = [shape.stroke.color for shape in layers[2].shapes if shape.stroke]
    assert strokes == [(255, 0, 140)]


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(SHAPES),
    COLORS,
    st.tuples(st.floats(1e-3, 1e6), st.floats(1e-3, 1e6)),
    st.lists(COLORS, max_size=4),
    st.tuples(st.floats(-5, 5), st.floats(-5, 5)).filter(any),
    st.integers(-(2**70), 2**70),
)
def test_whatever_is_asked(
    shape: str,
    color: Color,
    size: tuple[float, float],
    accents: list[Color],
    light: tuple[float, float],
    seed: int,
) -> None:
    layers = background_layers(shape, color, size, accents=accents, light=light, seed=seed)
    drawn = Scene(*size, layers)
    x0, y0, x1, y1 = layers[0].shapes[0].path.bounds
    assert x0 < 0 and y0 < 0 and x1 > size[0] and y1 > size[1]
    for layer in drawn.layers():
        for each in layer.shapes:
            stops = each.fill.stops if isinstance(each.fill, Gradient) else ()
            assert all(0 <= value <= 255 for _, tone, _ in stops for value in tone)
    assert len(to_svg(drawn)) < 40_000


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"shape": "<script>"}, "unknown background"),
        ({"color": (300, 0, 0)}, "colour"),
        ({"accents": ((0, 0, -1),)}, "colour"),
        ({"size": (0, 100)}, "size"),
        ({"size": (float("nan"), 100)}, "size"),
        ({"size": (1e9, 100)}, "size"),
        ({"light": (0, 0)}, "light"),
        ({"light": (float("inf"), 0)}, "light"),
    ],
)
def test_nonsense_is_refused(change: dict[str, object], word: str) -> None:
    asked: dict[str, object] = {"shape": "disc", "color": TEAL, "size": (1000, 1000), **change}
    with pytest.raises(OptionError, match=word):
        background_layers(**asked)  # type: ignore[arg-type]
