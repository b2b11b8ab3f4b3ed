"""Palettes of regions whose colours are known, and that odd regions and photos do no harm."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dressform.avatar.color import difference, linear_to_srgb, oklab_to_oklch, srgb_to_linear, srgb_to_oklab
from dressform.avatar.palette import SKIN_WEIGHTS, apply_gains, inner_pixels, region_palette, skin_base, white_balance
from dressform.parsing.errors import OptionError

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Color = tuple[int, int, int]
H, W = 160, 120
Y, X = np.mgrid[0:H, 0:W]
BODY: Mask = (np.abs(X - 60) < 45) & (np.abs(Y - 80) < 65)


def shaded(color: Color | Pixels, *, fold: float = 0.35, noise: float = 3.0, seed: int = 0) -> Pixels:
    """(H, W, 3) uint8: a colour, or one for each pixel, under folds and noise."""
    rng = np.random.default_rng(seed)
    light = 1 + fold * np.sin(X / 9 + np.sin(Y / 30)) + 0.2 * (X / W - 0.5)
    linear = srgb_to_linear(np.broadcast_to(np.asarray(color, np.float64), (H, W, 3))) * light[..., None]
    return np.clip(np.rint(linear_to_srgb(linear) + rng.normal(0, noise, (H, W, 3))), 0, 255).astype(np.uint8)


def away(one: Color, other: Color) -> float:
    return float(difference(one, other))


# ---- region_palette -------------------------------------------------------------------------------------------------

COLORS: list[Color] = [
    (200, 40, 45), (30, 32, 40), (236, 234, 228), (60, 90, 160), (128, 128, 128), (224, 172, 140), (70, 45, 32),
    (90, 110, 60),
]  # fmt: skip


@pytest.mark.parametrize("color", COLORS)
def test_a_plain_cloth_has_one_color(color: Color) -> None:
    palette = region_palette(shaded(color), BODY)
    assert away(palette.base, color) < 3
    assert palette.accents == () and palette.weight == 1
    levels = [float(srgb_to_oklab(np.array(c, np.float64))[0]) for c in (palette.dark, palette.base, palette.light)]
    assert levels[0] < levels[1] - 0.03 and levels[1] < levels[2]


def test_the_colors_of_a_print_and_their_shares() -> None:
    colors = np.array([(235, 230, 220), (190, 30, 40), (30, 50, 110)], np.float64)
    number = np.zeros((H, W), np.int64)
    number[(X // 10 + Y // 10) % 4 == 0] = 1
    number[(X // 10 + Y // 10) % 8 == 2] = 2
    palette = region_palette(shaded(colors[number].astype(np.uint8), fold=0.15), BODY)
    assert away(palette.base, (235, 230, 220)) < 4 and palette.weight == pytest.approx(0.62, abs=0.1)
    assert len(palette.accents) == 2
    assert away(palette.accents[0][0], (190, 30, 40)) < 5 and away(palette.accents[1][0], (30, 50, 110)) < 6
    assert palette.accents[0][1] == pytest.approx(0.25, abs=0.05)
    assert palette.accents[1][1] == pytest.approx(0.125, abs=0.05)
    assert palette.weight + sum(share for _, share in palette.accents) <= 1 + 1e-9


def test_pixels_that_leak_in_at_the_border_do_not_count() -> None:
    image = shaded((60, 90, 160))
    image[np.abs(X - 60) >= 42] = (20, 200, 40)
    image[np.abs(Y - 80) >= 62] = (250, 240, 30)
    palette = region_palette(image, BODY)
    assert away(palette.base, (60, 90, 160)) < 3 and palette.accents == ()


def test_a_few_odd_pixels_are_no_color() -> None:
    image = shaded((60, 90, 160))
    image[60:63, 50:60] = (250, 20, 20)
    assert region_palette(image, BODY).accents == ()


def test_one_color_can_be_asked_for() -> None:
    colors = np.where((X < 55)[..., None], np.uint8(60), np.uint8(160)) * np.ones(3, np.uint8)
    assert len(region_palette(shaded(colors, fold=0), BODY).accents) == 1
    palette = region_palette(shaded(colors, fold=0), BODY, k=1)
    assert palette.accents == () and palette.weight == 1


@pytest.mark.parametrize("pixels", [1, 2, 3, 10, 40])
def test_tiny_regions(pixels: int) -> None:
    mask = np.zeros((H, W), np.bool_)
    mask.reshape(-1)[5000 : 5000 + pixels] = True
    assert away(region_palette(shaded((200, 40, 45), fold=0), mask).base, (200, 40, 45)) < 6


@pytest.mark.parametrize("level", [0, 5, 128, 250, 255])
def test_flat_photos(level: int) -> None:
    image = np.full((H, W, 3), level, np.uint8)
    palette = region_palette(image, BODY)
    assert palette.base == (level,) * 3 and palette.accents == ()
    assert all(0 <= value <= 255 for color in (palette.dark, palette.light) for value in color)


@pytest.mark.parametrize("seed", range(8))
def test_any_pixels_give_a_palette_that_is_the_same_again(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (30, 40, 3)).astype(np.uint8)
    mask = rng.random((30, 40)) < rng.random()
    mask[3, 4] = True
    palette = region_palette(image, mask, k=int(rng.integers(1, 9)))
    shares = [palette.weight, *(share for _, share in palette.accents)]
    assert 0 < sum(shares) <= 1 + 1e-9 and min(shares[1:], default=1) >= 0.025
    assert shares[1:] == sorted(shares[1:], reverse=True) and palette.weight >= max(shares)
    assert region_palette(image.copy(), mask.copy(), k=8) == region_palette(image, mask)


def test_what_does_not_fit_is_refused() -> None:
    image = shaded((1, 2, 3))
    for bad in (np.zeros((H, W), np.bool_), np.ones((3, 3), np.bool_)):
        with pytest.raises(OptionError, match="mask"):
            region_palette(image, bad)
    with pytest.raises(OptionError, match="colours"):
        region_palette(image, BODY, k=0)
    assert inner_pixels(image, BODY).shape[1] == 3


# ---- skin -----------------------------------------------------------------------------------------------------------

PARTS: dict[str, Mask] = {
    "face": (X - 60) ** 2 + (Y - 30) ** 2 < 25**2,
    "torso": (np.abs(X - 60) < 12) & (Y > 55) & (Y < 70),
    "arms": (np.abs(X - 15) < 10) & (Y > 60),
    "legs": (np.abs(X - 80) < 14) & (Y > 100),
}


@pytest.mark.parametrize("skin", [(244, 208, 188), (224, 172, 140), (150, 100, 70), (70, 46, 36)])
def test_one_skin_for_the_body(skin: Color) -> None:
    image = shaded(skin, fold=0.2)
    found = skin_base(image, PARTS)
    assert found is not None and away(found, skin) < 3
    image[PARTS["legs"]] = (25, 25, 30)  # stockings
    covered = skin_base(image, PARTS)
    assert covered is not None and away(covered, skin) < 3


def test_highlights_and_shadows_are_no_skin() -> None:
    image = shaded((224, 172, 140), fold=0.1)
    image[PARTS["face"] & (Y < 14)] = (255, 252, 250)
    image[PARTS["face"] & (X < 46)] = (90, 60, 50)
    found = skin_base(image, {"face": PARTS["face"]})
    assert found is not None and away(found, (224, 172, 140)) < 4


def test_the_face_tells_more_than_the_arms() -> None:
    image = shaded((224, 172, 140), fold=0)
    image[PARTS["arms"]] = (200, 146, 112)
    both = skin_base(image, {name: PARTS[name] for name in ("arms", "face")})
    assert both is not None and away(both, (224, 172, 140)) < away(both, (200, 146, 112))


def test_no_skin_is_none() -> None:
    none = np.zeros((H, W), np.bool_)
    assert skin_base(shaded((1, 2, 3)), {}) is None
    assert skin_base(shaded((1, 2, 3)), {"face": none, "hat": BODY}) is None
    assert skin_base(shaded((90, 80, 70)), {"face": none, "arms": BODY}) is not None
    assert SKIN_WEIGHTS["face"] > SKIN_WEIGHTS["torso"] > SKIN_WEIGHTS["arms"]


# ---- white balance --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("light", [(1.0, 1.0, 1.0), (1.15, 1.0, 0.82), (0.88, 1.0, 1.1)])
def test_the_color_of_the_light_goes(light: tuple[float, float, float]) -> None:
    rng = np.random.default_rng(0)
    albedo = np.repeat(rng.uniform(0.02, 0.6, (1, 60, 1)), 3, 2) * rng.uniform(0.85, 1.15, (40, 60, 3))
    image = np.clip(np.rint(linear_to_srgb(albedo * light)), 0, 255).astype(np.uint8)
    gains = white_balance(image)
    assert np.allclose(gains * light / (gains * light)[1], 1, atol=0.06)
    chroma = [oklab_to_oklch(srgb_to_oklab(f.reshape(-1, 3).mean(0)))[1] for f in (image, apply_gains(image, gains))]
    assert chroma[1] < 0.012 and chroma[1] <= chroma[0] + 1e-3


def test_gains_are_bounded_and_gray_keeps_its_luminance() -> None:
    image = np.full((20, 20, 3), (250, 20, 20), np.uint8)
    image[:10] = (200, 20, 20)
    gains = white_balance(image)
    assert gains.max() <= 1.35 + 1e-9 and gains.min() >= 1 / 1.35 - 1e-9
    gray = np.full((20, 20, 3), 120, np.uint8)
    assert np.allclose(white_balance(gray), 1) and np.array_equal(apply_gains(gray, np.ones(3)), gray)


@pytest.mark.parametrize("level", [0, 255])
def test_nothing_is_told_by_black_or_overexposed_pixels(level: int) -> None:
    image = np.full((20, 20, 3), level, np.uint8)
    assert np.array_equal(white_balance(image), np.ones(3))
    image[5:15] = (90, 120, 150)
    mask = np.zeros((20, 20), np.bool_)
    assert np.array_equal(white_balance(image, mask), np.ones(3))
    assert white_balance(image)[0] > 1 > white_balance(image)[2]
