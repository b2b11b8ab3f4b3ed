"""Raster effects: what they may change, and that they are the same every time and at every size."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.avatar.effects import EFFECTS
from dressform.avatar.paths import circle, polygon
from dressform.avatar.render.raster import render, render_layer
from dressform.avatar.scene import Effect, Layer, Scene, Shape, Stroke
from dressform.parsing.errors import OptionError

Floats = npt.NDArray[np.float32]
NAMES = sorted(EFFECTS)
INSIDE = [name for name in NAMES if name not in ("blur", "glow")]  # those that paint nothing around


def picture(size: int = 96, color: tuple[float, float, float] = (0.55, 0.35, 0.25)) -> Floats:
    """A disc with a soft edge on nothing."""
    y, x = np.mgrid[:size, :size] + 0.5 - size / 2
    alpha = np.clip(size * 0.3 - np.hypot(x, y), 0, 1).astype(np.float32)
    pixels = np.zeros((size, size, 4), np.float32)
    pixels[..., :3] = np.array(color, np.float32) * (alpha > 0)[..., None]
    pixels[..., 3] = alpha
    return pixels


def applied(name: str, pixels: Floats, *, amount: float = 1.0, seed: int = 3, scale: float = 0.5) -> Floats:
    return EFFECTS[name](pixels.copy(), Effect(name, amount, seed), scale)


def test_the_names_that_styles_may_use() -> None:
    assert set(NAMES) == {"paper", "grain", "wash", "edge_dark", "glow", "scanlines", "halftone", "pencil", "blur"}


@pytest.mark.parametrize("name", NAMES)
def test_result_is_a_picture_and_the_input_stays(name: str) -> None:
    pixels = picture()
    before = pixels.copy()
    result = EFFECTS[name](pixels, Effect(name, 1.0, 3), 0.5)
    assert result.shape == pixels.shape and result.dtype == np.float32
    assert np.isfinite(result).all() and result.min() >= 0 and result.max() <= 1
    np.testing.assert_array_equal(pixels, before)
    assert np.abs(result - pixels)[pixels[..., 3] > 0].max() > 0.02


@pytest.mark.parametrize("name", NAMES)
def test_amount_zero_changes_nothing_and_more_changes_more(name: str) -> None:
    pixels = picture()
    np.testing.assert_array_equal(applied(name, pixels, amount=0.0), pixels)
    little, much = (np.abs(applied(name, pixels, amount=amount) - pixels)[30:60, 30:60].mean() for amount in (0.2, 1.0))
    assert little < much or name == "blur"


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("amount", [-0.1, 1.1, float("nan"), float("inf")])
def test_amount_out_of_range_is_refused(name: str, amount: float) -> None:
    with pytest.raises(OptionError, match="0 to 1"):
        applied(name, picture(), amount=amount)


@pytest.mark.parametrize("name", INSIDE)
def test_nothing_is_painted_where_nothing_was(name: str) -> None:
    pixels = picture()
    assert (applied(name, pixels)[..., 3] <= pixels[..., 3] + 1e-6).all()


@pytest.mark.parametrize("name", NAMES)
def test_same_bytes_whatever_the_threads(name: str) -> None:
    pixels, threads = picture(300), cv2.getNumThreads()
    first = applied(name, pixels).tobytes()
    try:
        cv2.setNumThreads(1)
        assert applied(name, pixels).tobytes() == first
    finally:
        cv2.setNumThreads(threads)


@pytest.mark.parametrize("name", ["paper", "grain", "wash", "edge_dark", "pencil"])
def test_seed_makes_another_texture(name: str) -> None:
    first, other = (applied(name, picture(), seed=seed) for seed in (1, 2))
    assert np.abs(first - other).max() > 0.01


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(NAMES), st.integers(1, 40), st.integers(1, 40), st.floats(0.01, 4), st.integers(-(2**70), 2**70))
def test_any_window_scale_and_seed(name: str, height: int, width: int, scale: float, seed: int) -> None:
    pixels = np.random.default_rng(abs(seed)).random((height, width, 4), np.float32)
    result = applied(name, pixels, seed=seed, scale=scale)
    assert result.shape == pixels.shape and np.isfinite(result).all() and 0 <= result.min() <= result.max() <= 1


@pytest.mark.parametrize("name", NAMES)
def test_no_pixels(name: str) -> None:
    assert applied(name, np.zeros((0, 0, 4), np.float32)).shape == (0, 0, 4)


@pytest.mark.parametrize("name", ["wash", "edge_dark", "glow", "blur"])
def test_looks_alike_at_every_size(name: str) -> None:
    """What is larger than a few pixels is the same in a small and in a large picture."""

    def drawn(size: int) -> npt.NDArray[np.float64]:
        effects = (Effect(name, 1.0, 5),)
        scene = Scene(1000, 1000, (Layer("one", (Shape(circle((500, 500), 330), (150, 95, 70)),), effects=effects),))
        return render(scene, size, background=(255, 255, 255), effects=EFFECTS)[..., :3].astype(np.float64)

    small, large = drawn(256), cv2.resize(drawn(512), (256, 256), interpolation=cv2.INTER_AREA)
    gap = cv2.GaussianBlur(small, (0, 0), 3) - cv2.GaussianBlur(large, (0, 0), 3)
    assert np.abs(gap).mean() < 2 and np.abs(gap).max() < 14


def test_wash_keeps_the_layers_colour() -> None:
    for color in ((0.55, 0.35, 0.25), (0.9, 0.72, 0.62), (0.2, 0.4, 0.7)):
        pixels = picture(256, color)
        inside = pixels[..., 3] == 1
        assert np.abs(applied("wash", pixels)[inside][:, :3].mean(0) - color).max() < 0.04


def test_edges_of_a_wash_are_darker() -> None:
    pixels, away = picture(256), np.hypot(*(np.mgrid[:256, :256] - 127.5))
    light = np.mean([applied("edge_dark", pixels, scale=1.0, seed=seed)[..., :3].mean(2) for seed in range(4)], axis=0)
    assert light[(away > 73) & (away < 76)].mean() < 0.9 * light[away < 40].mean()


def test_pencil_breaks_lines_up_more_than_fills() -> None:
    fill, line = Layer("fill", (Shape(circle((500, 500), 300), (90, 90, 90)),)), Shape(circle((500, 500), 300))
    thin = Layer("line", (Shape(line.path, None, Stroke((90, 90, 90), 7)),))
    scene = Scene(1000, 1000, ())
    lost = []
    for layer in (fill, thin):
        drawn = Layer("one", layer.shapes, effects=(Effect("pencil", 1.0, 1),))
        plain, broken = (render_layer(each, scene, 512, effects=EFFECTS).pixels for each in (layer, drawn))
        lost.append(1 - broken[..., 3].sum() / plain[..., 3].sum())
    assert 0 < lost[0] < 0.15 < lost[1] < 0.6


@pytest.mark.parametrize("name", ["glow", "blur"])
def test_light_ends_inside_the_free_margin(name: str) -> None:
    shape = Shape(polygon([(300, 300), (700, 300), (700, 700), (300, 700)]), (255, 40, 160))
    scene = Scene(1000, 1000, (Layer("one", (shape,), effects=(Effect(name),)),))
    alpha = render_layer(scene.children[0], scene, 400, effects=EFFECTS)  # type: ignore[arg-type]
    x, y = alpha.offset
    assert 95 < x < 120 and 95 < y < 120  # 120 is the shape, 94 the window
    assert alpha.pixels[0, :, 3].max() <= 8


def test_glow_whitens_lines_and_keeps_large_areas() -> None:
    shapes = {"line": Shape(circle((500, 500), 300), None, Stroke((255, 0, 120), 9))}
    shapes["fill"] = Shape(circle((500, 500), 300), (60, 0, 120))
    green = {}
    for name, shape in shapes.items():
        layer = Layer(name, (shape,), effects=(Effect("glow"),))
        pixels = render_layer(layer, Scene(1000, 1000, (layer,)), 500, effects=EFFECTS).pixels
        middle = pixels.shape[0] // 2
        row = pixels[middle, :, 1]
        green[name] = int(row[np.flatnonzero(pixels[middle, :, 3] == 255)].max() if name == "line" else row[middle])
    assert green["line"] > 100 and green["fill"] < 30


def test_halftone_has_more_ink_where_it_is_darker() -> None:
    ink = []
    for value in (0.8, 0.5, 0.2):
        pixels = np.full((200, 200, 4), value, np.float32)
        pixels[..., 3] = 1
        result = applied("halftone", pixels, scale=1.0)[..., 0]
        ink.append(float((result < value * 0.8).mean()))
    assert ink[0] < ink[1] < ink[2]


def test_scanlines_keep_their_distance_in_small_pictures() -> None:
    pixels = np.full((120, 20, 4), 0.6, np.float32)
    pixels[..., 3] = 1
    rows = applied("scanlines", pixels, scale=0.25)[:, 10, 1]
    assert 38 <= ((rows[1:-1] < rows[:-2]) & (rows[1:-1] <= rows[2:])).sum() <= 41
