"""Patterns of synthetic garments: known stripes, checks and prints, bent, folded, shaded and noisy; and plain ones."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest

from dressform.avatar.color import difference, linear_to_srgb, srgb_to_linear
from dressform.avatar.palette import region_palette
from dressform.avatar.pattern import garment_pattern
from dressform.parsing.errors import OptionError

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
Color = tuple[int, int, int]
H, W = 260, 200
Y, X = np.mgrid[0:H, 0:W].astype(np.float64)
CREAM: Color = (230, 225, 215)
NAVY: Color = (40, 50, 110)
PAIRS: list[tuple[Color, Color]] = [(CREAM, NAVY), ((200, 60, 60), (235, 220, 200)), ((25, 25, 28), (120, 30, 40))]


def shirt() -> Mask:
    outline = [(60, 8), (140, 8), (190, 60), (165, 90), (150, 70), (155, 250), (45, 250), (50, 70), (35, 90), (10, 60)]
    mask = np.zeros((H, W), np.uint8)
    cv2.fillPoly(mask, [np.array(outline, np.int32)], 1)
    return np.asarray(mask > 0)


SHIRT = shirt()


def bent(seed: int) -> tuple[Floats, Floats]:
    """Coordinates of the cloth, which lies over a body."""
    return X + 6 * np.sin(Y / 45 + seed) + 3 * np.sin(X / 30), Y + 6 * np.sin(X / 50 + 2 * seed)


def wave(along: Floats, period: float) -> Floats:
    """0..1, half of each period, edges about a pixel wide."""
    return np.clip(0.5 + np.sin(2 * np.pi * along / period) * period / 4, 0, 1)


def worn(share: Floats, one: Color, other: Color, *, seed: int = 0, fold: float = 0.35, noise: float = 3) -> Pixels:
    """(H, W, 3) uint8: the first colour where the share is 0, the other where it is 1, under folds, shade and noise."""
    lin = [srgb_to_linear(np.array(color, np.float64)) for color in (one, other)]
    cloth = lin[0] * (1 - share[..., None]) + lin[1] * share[..., None]
    light = 1 + fold * np.sin(X / 11 + np.sin(Y / 60) * 2 + seed) * (0.5 + 0.5 * np.sin(Y / 90)) + 0.25 * (X / W - 0.5)
    rng = np.random.default_rng(seed)
    image = linear_to_srgb(cloth * np.clip(light, 0.1, 1.6)[..., None]) + rng.normal(0, noise, (H, W, 3))
    return np.clip(np.rint(image), 0, 255).astype(np.uint8)


def across(degrees: float, seed: int) -> tuple[Floats, Floats]:
    """Distance across lines that run at an angle, and along them."""
    u, v = bent(seed)
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return v * c - u * s, u * c + v * s


@pytest.mark.parametrize("color", [CREAM, NAVY, (200, 60, 60), (25, 25, 28), (128, 128, 128), (240, 240, 242)])
@pytest.mark.parametrize(("fold", "noise"), [(0.0, 0), (0.35, 3), (0.6, 5)])
def test_folds_and_noise_are_no_pattern(color: Color, fold: float, noise: float) -> None:
    image = worn(np.zeros((H, W)), color, color, fold=fold, noise=noise)
    pattern = garment_pattern(image, SHIRT)
    assert pattern.kind == "plain" and pattern.confidence > 0.5
    assert len(pattern.colors) == 1 and float(difference(pattern.colors[0], color)) < 4
    assert pattern.angle == pattern.period == 0


@pytest.mark.parametrize("pair", PAIRS)
@pytest.mark.parametrize("period", [6, 12, 20, 36])
@pytest.mark.parametrize("seed", range(3))
def test_stripes(pair: tuple[Color, Color], period: float, seed: int) -> None:
    degrees = 60 * seed
    pattern = garment_pattern(worn(wave(across(degrees, seed)[0], period), *pair, seed=seed), SHIRT)
    assert pattern.kind == "striped" and pattern.confidence > 0.6
    assert abs((pattern.angle - degrees + 90) % 180 - 90) < 6
    assert pattern.period == pytest.approx(period, rel=0.12, abs=1)
    assert len(pattern.colors) >= 2
    for color in pair:
        assert min(float(difference(color, found)) for found in pattern.colors) < (22 if period < 10 else 12)


@pytest.mark.parametrize("pair", PAIRS[:2])
@pytest.mark.parametrize("period", [8, 16, 30])
@pytest.mark.parametrize("seed", range(3))
def test_checks(pair: tuple[Color, Color], period: float, seed: int) -> None:
    degrees = 30 * seed
    one, other = across(degrees, seed)
    pattern = garment_pattern(worn((wave(one, period) + wave(other, period)) / 2, *pair, seed=seed), SHIRT)
    assert pattern.kind == "checked"
    assert abs((pattern.angle - degrees + 45) % 90 - 45) < 10
    assert pattern.period == pytest.approx(period, rel=0.2, abs=1.5)


@pytest.mark.parametrize("pair", PAIRS[:2])
@pytest.mark.parametrize("size", [8, 14, 24])
@pytest.mark.parametrize("seed", range(3))
def test_dots_are_a_print(pair: tuple[Color, Color], size: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    u, v = bent(seed)
    share = np.zeros((H, W))
    for _ in range(int(H * W / size**2 / 2)):
        x, y, radius = rng.uniform(0, W), rng.uniform(0, H), rng.uniform(0.25, 0.6) * size
        share = np.maximum(share, np.clip(radius - np.hypot(u - x, v - y) + 0.5, 0, 1))
    pattern = garment_pattern(worn(share, *pair, seed=seed), SHIRT)
    assert pattern.kind == "printed" and pattern.period == 0 and len(pattern.colors) >= 2


def test_a_faint_pattern_counts_as_plain() -> None:
    image = worn(wave(Y, 14), (180, 200, 225), (172, 191, 217), fold=0.35)
    assert garment_pattern(image, SHIRT).kind == "plain"


def test_two_halves_are_no_pattern() -> None:
    image = worn((Y > 150).astype(np.float64), CREAM, NAVY, fold=0.2)
    assert garment_pattern(image, SHIRT).kind == "plain"


def test_three_colors_of_stripes() -> None:
    stripe = ((Y // 8) % 3).astype(int)
    colors = np.array([CREAM, NAVY, (190, 40, 45)])
    light = worn(np.zeros((H, W)), (188, 188, 188), (188, 188, 188), fold=0.15)[..., 0] / 188
    image = np.clip(colors[stripe] * light[..., None], 0, 255).astype(np.uint8)
    pattern = garment_pattern(image, SHIRT)
    assert pattern.kind == "striped" and abs((pattern.angle + 90) % 180 - 90) < 4
    assert pattern.period == pytest.approx(24, abs=1.5) and len(pattern.colors) == 3


def test_period_is_in_pixels_of_the_photo() -> None:
    image = worn(wave(Y, 14), CREAM, NAVY)
    large = cv2.resize(image, None, fx=3, fy=3, interpolation=cv2.INTER_CUBIC)
    mask = cv2.resize(SHIRT.astype(np.uint8), None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST) > 0
    pattern = garment_pattern(np.asarray(large), np.asarray(mask))
    assert pattern.kind == "striped" and pattern.period == pytest.approx(42, abs=3)


@pytest.mark.parametrize("side", [1, 2, 5, 15, 24])
def test_small_regions(side: int) -> None:
    mask = np.zeros((H, W), np.bool_)
    mask[100 : 100 + side, 60 : 60 + side] = True
    pattern = garment_pattern(worn(wave(Y, 14), CREAM, NAVY), mask)
    assert pattern.colors and 0 <= pattern.confidence <= 1
    assert side >= 20 or pattern.kind == "plain"


def test_it_is_the_same_again_and_takes_a_known_palette() -> None:
    image = worn(wave(Y, 14), CREAM, NAVY)
    assert garment_pattern(image, SHIRT) == garment_pattern(image.copy(), SHIRT.copy(), region_palette(image, SHIRT))


def test_noise_alone_and_bad_input() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (H, W, 3)).astype(np.uint8)
    assert garment_pattern(noise, SHIRT).kind in ("plain", "printed")
    with pytest.raises(OptionError):
        garment_pattern(noise, np.zeros((H, W), np.bool_))
