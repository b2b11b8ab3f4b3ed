"""Shadow and light of bodies whose light is known."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dressform.avatar.color import linear_to_srgb, srgb_to_linear
from dressform.avatar.tones import light_direction, tone_masks
from dressform.parsing.errors import OptionError

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float64]
H, W = 240, 200
Y, X = np.mgrid[0:H, 0:W] + 0.5
BODIES = [(100.0, 60.0, 38.0, 48.0), (50.0, 160.0, 18.0, 60.0), (145.0, 165.0, 30.0, 55.0)]
COLORS = [(224, 172, 140), (60, 70, 120), (90, 60, 50)]


def ellipsoid(body: tuple[float, float, float, float]) -> tuple[Mask, Floats]:
    """Where it is seen, and the surface's normal there."""
    cx, cy, rx, ry = body
    u, v = (X - cx) / rx, (Y - cy) / ry
    return np.asarray(u * u + v * v < 1), np.stack([u, v, np.sqrt(np.clip(1 - u * u - v * v, 0, 1))], -1)


def towards(degrees: float, height: float = 40) -> Floats:
    """A unit vector: the angle in the picture, 0 to the right and 90 down, and the height over it."""
    a, h = np.radians(degrees), np.radians(height)
    return np.array([np.cos(a) * np.cos(h), np.sin(a) * np.cos(h), np.sin(h)])


def lit(light: Floats, *, ambient: float = 0.35, noise: float = 2) -> tuple[Pixels, dict[str, Mask]]:
    linear = np.full((H, W, 3), 0.2)
    masks = {}
    for number, (body, color) in enumerate(zip(BODIES, COLORS, strict=True)):
        mask, normal = ellipsoid(body)
        shade = ambient + (1 - ambient) * np.clip(normal @ light, 0, None)
        linear[mask] = srgb_to_linear(np.array(color, np.float64)) * shade[mask][:, None]
        masks[str(number)] = mask
    image = linear_to_srgb(linear) + np.random.default_rng(0).normal(0, noise, (H, W, 3))
    return np.clip(np.rint(image), 0, 255).astype(np.uint8), masks


def centre(mask: Mask) -> Floats:
    return np.array([X[mask].mean(), Y[mask].mean()])


def check(shadow: Mask, light: Mask, mask: Mask) -> None:
    assert shadow.dtype == light.dtype == np.bool_ and shadow.shape == light.shape == mask.shape
    assert not (shadow & ~mask).any() and not (light & ~mask).any() and not (shadow & light).any()


# ---- light ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("degrees", range(0, 360, 45))
def test_direction_of_a_known_light(degrees: int) -> None:
    image, masks = lit(towards(degrees))
    (x, y), contrast = light_direction(image, masks)
    assert x * x + y * y == pytest.approx(1)
    assert abs((np.degrees(np.arctan2(y, x)) - degrees + 180) % 360 - 180) < 22
    assert contrast > 0.2


def test_harder_light_has_more_contrast() -> None:
    found = [light_direction(*lit(towards(200), ambient=ambient))[1] for ambient in (1.0, 0.7, 0.4, 0.1)]
    assert found == sorted(found) and found[0] == 0 and found[-1] > 0.6


@pytest.mark.parametrize("masks", [{}, {"none": np.zeros((H, W), np.bool_)}, {"all": np.ones((H, W), np.bool_)}])
def test_light_comes_from_above_when_nothing_tells(masks: dict[str, Mask]) -> None:
    (x, y), contrast = light_direction(np.full((H, W, 3), 140, np.uint8), masks)
    assert y < -0.7 and x * x + y * y == pytest.approx(1) and contrast == 0


# ---- tones ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("degrees", [0, 135, 240])
@pytest.mark.parametrize("number", range(3))
def test_shadow_lies_away_from_the_light(degrees: int, number: int) -> None:
    direction = towards(degrees)
    image, masks = lit(direction)
    mask = masks[str(number)]
    shadow, light = tone_masks(image, mask)
    check(shadow, light, mask)
    area = np.count_nonzero(mask)
    assert 0.1 < np.count_nonzero(shadow) / area < 0.45 and 0.03 < np.count_nonzero(light) / area < 0.3
    assert (centre(light) - centre(shadow)) @ direction[:2] > 8
    _, normal = ellipsoid(BODIES[number])
    level = (normal @ direction)[mask]
    assert level[shadow[mask]].mean() < level[~(shadow | light)[mask]].mean() < level[light[mask]].mean()


@pytest.mark.parametrize("degrees", [0, 90, 225])
def test_flat_light_is_replaced_by_the_given_one(degrees: int) -> None:
    mask, _ = ellipsoid(BODIES[0])
    image = np.full((H, W, 3), 150, np.uint8)
    x, y = towards(degrees, 0)[:2]
    shadow, light = tone_masks(image, mask, light=(float(x), float(y)))
    check(shadow, light, mask)
    for tone, sign in ((shadow, -1), (light, 1)):
        way = (centre(tone) - centre(mask)) * sign
        assert tone.any() and way @ [x, y] > 0.9 * np.hypot(*way) > 5
    assert np.count_nonzero(shadow) < 0.5 * np.count_nonzero(mask)


@pytest.mark.parametrize("patterned", [True, None])
def test_the_colors_of_a_pattern_are_no_shading(patterned: bool | None) -> None:
    mask = (np.abs(X - 100) < 70) & (np.abs(Y - 120) < 90)
    light = 1 - 0.55 * (X > 120) * np.clip((X - 120) / 15, 0, 1)  # the right side lies in shadow
    stripes = ((Y // 12) % 2 == 0)[..., None]
    cloth = np.where(stripes, srgb_to_linear([225.0, 220, 210]), srgb_to_linear([40.0, 55, 120]))
    image = np.clip(np.rint(linear_to_srgb(cloth * light[..., None])), 0, 255).astype(np.uint8)
    shadow, shine = tone_masks(image, mask, patterned=patterned)
    check(shadow, shine, mask)
    truth = mask & (X > 128)
    assert (shadow & truth).sum() / (shadow | truth).sum() > 0.75


def test_tones_are_few_large_pieces() -> None:
    rng = np.random.default_rng(3)
    image, masks = lit(towards(210), noise=12)
    image[rng.random((H, W)) < 0.02] = 255
    for mask in masks.values():
        for tone in tone_masks(image, mask):
            ring = tone & ~np.roll(tone, 1, 0) | tone & ~np.roll(tone, 1, 1)
            assert np.count_nonzero(ring) < 4 * np.sqrt(np.count_nonzero(mask))


def test_fewer_tones() -> None:
    image, masks = lit(towards(210))
    three, two, one = (tone_masks(image, masks["0"], tones) for tones in (3, 2, 1))
    assert np.array_equal(three[0], two[0]) and three[1].any() and not two[1].any()
    assert not one[0].any() and not one[1].any()


@pytest.mark.parametrize("count", [0, 1, 2, 9, 50])
def test_small_regions(count: int) -> None:
    image, _ = lit(towards(210))
    mask = np.zeros((H, W), np.bool_)
    mask[100, 60 : 60 + count] = True
    check(*tone_masks(image, mask), mask)
    assert light_direction(image, {"it": mask})[1] == 0


@pytest.mark.parametrize("seed", range(4))
def test_any_region_gives_the_same_tones_again(seed: int) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (40, 50, 3)).astype(np.uint8)
    mask = rng.random((40, 50)) < rng.random()
    first, again = tone_masks(image, mask), tone_masks(image.copy(), mask.copy())
    check(*first, mask)
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))


def test_what_does_not_fit_is_refused() -> None:
    image, masks = lit(towards(0))
    for bad, tones in ((masks["0"][:-1], 3), (masks["0"], 4)):
        with pytest.raises(OptionError, match="tones"):
            tone_masks(image, bad, tones)
    with pytest.raises(OptionError, match="mask"):
        light_direction(image, {"it": masks["0"][:-1]})
