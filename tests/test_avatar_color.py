"""Colour conversions against published values and coloraide, ΔE00 against the pairs of Sharma, Wu and Dalal."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest

from dressform.avatar.color import (
    adjusted,
    color_name,
    contrast,
    darker,
    delta_e,
    difference,
    fit_gamut,
    format_color,
    lighter,
    linear_to_srgb,
    luminance,
    mixed,
    oklab_to_oklch,
    oklab_to_srgb,
    oklch_to_oklab,
    parse_color,
    srgb_to_lab,
    srgb_to_linear,
    srgb_to_oklab,
    to_color,
)
from dressform.parsing.errors import OptionError

# Sharma, Wu and Dalal 2005, table 1: two Lab colours and their difference.
PAIRS = np.array(
    [
        [50, 2.6772, -79.7751, 50, 0, -82.7485, 2.0425],
        [50, 3.1571, -77.2803, 50, 0, -82.7485, 2.8615],
        [50, 2.8361, -74.0200, 50, 0, -82.7485, 3.4412],
        [50, -1.3802, -84.2814, 50, 0, -82.7485, 1.0000],
        [50, -1.1848, -84.8006, 50, 0, -82.7485, 1.0000],
        [50, -0.9009, -85.5211, 50, 0, -82.7485, 1.0000],
        [50, 0, 0, 50, -1, 2, 2.3669],
        [50, -1, 2, 50, 0, 0, 2.3669],
        [50, 2.4900, -0.0010, 50, -2.4900, 0.0009, 7.1792],
        [50, 2.4900, -0.0010, 50, -2.4900, 0.0010, 7.1792],
        [50, 2.4900, -0.0010, 50, -2.4900, 0.0011, 7.2195],
        [50, 2.4900, -0.0010, 50, -2.4900, 0.0012, 7.2195],
        [50, -0.0010, 2.4900, 50, 0.0009, -2.4900, 4.8045],
        [50, -0.0010, 2.4900, 50, 0.0010, -2.4900, 4.8045],
        [50, -0.0010, 2.4900, 50, 0.0011, -2.4900, 4.7461],
        [50, 2.5, 0, 50, 0, -2.5, 4.3065],
        [50, 2.5, 0, 73, 25, -18, 27.1492],
        [50, 2.5, 0, 61, -5, 29, 22.8977],
        [50, 2.5, 0, 56, -27, -3, 31.9030],
        [50, 2.5, 0, 58, 24, 15, 19.4535],
        [50, 2.5, 0, 50, 3.1736, 0.5854, 1.0000],
        [50, 2.5, 0, 50, 3.2972, 0, 1.0000],
        [50, 2.5, 0, 50, 1.8634, 0.5757, 1.0000],
        [50, 2.5, 0, 50, 3.2592, 0.3350, 1.0000],
        [60.2574, -34.0099, 36.2677, 60.4626, -34.1751, 39.4387, 1.2644],
        [63.0109, -31.0961, -5.8663, 62.8187, -29.7946, -4.0864, 1.2630],
        [61.2901, 3.7196, -5.3901, 61.4292, 2.2480, -4.9620, 1.8731],
        [35.0831, -44.1164, 3.7933, 35.0232, -40.0716, 1.5901, 1.8645],
        [22.7233, 20.0904, -46.6940, 23.0331, 14.9730, -42.5619, 2.0373],
        [36.4612, 47.8580, 18.3852, 36.2715, 50.5065, 21.2231, 1.4146],
        [90.8027, -2.0831, 1.4410, 91.1528, -1.6435, 0.0447, 1.4441],
        [90.9257, -0.5406, -0.9208, 88.6381, -0.8985, -0.7239, 1.5381],
        [6.7747, -0.2908, -2.4247, 5.8714, -0.0985, -2.2286, 0.6377],
        [2.0776, 0.0795, -1.1350, 0.9033, -0.0636, -0.5514, 0.9082],
    ]
)


def samples(count: int = 300) -> npt.NDArray[np.float64]:
    """(count, 3) sRGB, the corners of the cube and grays among them."""
    corners = np.stack(np.meshgrid([0, 255], [0, 255], [0, 255]), -1).reshape(-1, 3)
    grays = np.repeat(np.arange(0, 256, 15)[:, None], 3, 1)
    rest = np.random.default_rng(0).integers(0, 256, (count - len(corners) - len(grays), 3))
    return np.concatenate([corners, grays, rest]).astype(np.float64)


# ---- against others -------------------------------------------------------------------------------------------------


def test_delta_e_gives_the_published_values_both_ways() -> None:
    one, other, expected = PAIRS[:, :3], PAIRS[:, 3:6], PAIRS[:, 6]
    # The tenth pair lies on a discontinuity, so that the last bit of pi decides.
    keep = np.arange(len(PAIRS)) != 9
    assert np.abs(delta_e(one, other) - expected)[keep].max() < 5e-5 + 1e-9
    assert np.abs(delta_e(other, one) - expected)[keep].max() < 5e-5 + 1e-9
    assert round(float(delta_e(one[9], other[9])), 4) in (7.1792, 7.2195)


def test_against_coloraide() -> None:
    coloraide = pytest.importorskip("coloraide")
    rgb = samples(120)
    colors = [coloraide.Color("srgb", list(row / 255)) for row in rgb]
    for space, found, close in (
        ("oklab", srgb_to_oklab(rgb), 2e-4),
        ("lab-d65", srgb_to_lab(rgb), 2e-3),
        ("srgb-linear", srgb_to_linear(rgb), 1e-9),
    ):
        expected = np.array([color.convert(space).coords() for color in colors])
        assert np.abs(found - expected).max() < close, space
    ours = difference(rgb[:-1], rgb[1:])
    pairs = list(pairwise(colors))
    assert np.abs(ours - [a.delta_e(b, method="2000", space="lab-d65") for a, b in pairs]).max() < 5e-3
    assert np.abs(contrast(rgb[:-1], rgb[1:]) - [a.contrast(b) for a, b in pairs]).max() < 1e-3


def test_published_oklab_values() -> None:
    # Ottosson's table, rounded to three digits: XYZ of white and the sRGB red of CSS Color 4.
    assert np.allclose(srgb_to_oklab([255, 255, 255]), [1, 0, 0], atol=1e-4)
    assert np.allclose(oklab_to_oklch(srgb_to_oklab([255, 0, 0])), [0.628, 0.2577, 29.23], atol=5e-3)
    assert np.allclose(srgb_to_lab([255.0, 0, 0]), [53.24, 80.09, 67.20], atol=0.02)
    assert float(contrast([118, 118, 118], [255, 255, 255])) == pytest.approx(4.54, abs=0.005)
    assert float(contrast([0, 0, 0], [255, 255, 255])) == pytest.approx(21)
    assert float(luminance([255, 255, 255])) == pytest.approx(1)


# ---- there and back -------------------------------------------------------------------------------------------------


def test_conversions_round_trip() -> None:
    rgb = samples()
    assert np.abs(linear_to_srgb(srgb_to_linear(rgb)) - rgb).max() < 1e-9
    assert np.abs(oklab_to_srgb(srgb_to_oklab(rgb)) - rgb).max() < 1e-4
    lab = srgb_to_oklab(rgb)
    assert np.abs(oklch_to_oklab(oklab_to_oklch(lab)) - lab).max() < 1e-12
    assert all(to_color(row) == tuple(color.astype(int)) for row, color in zip(lab, rgb, strict=True))


def test_photos_are_converted_in_single_precision() -> None:
    photo = samples().astype(np.uint8).reshape(20, 15, 3)
    for function in (srgb_to_linear, srgb_to_oklab, srgb_to_lab):
        found = function(photo)
        assert found.dtype == np.float32 and found.shape == photo.shape
        assert np.abs(found - function(photo.astype(np.float64))).max() < 1e-3
    assert luminance(photo).shape == (20, 15)


def test_identical_colors_do_not_differ() -> None:
    rgb = samples()
    assert difference(rgb, rgb).max() == 0
    assert np.isfinite(difference(rgb, rgb[::-1])).all()


# ---- gamut and edits ------------------------------------------------------------------------------------------------


def test_gamut_mapping_keeps_lightness_and_hue() -> None:
    rng = np.random.default_rng(1)
    lch = np.stack([rng.uniform(0.05, 0.95, 200), rng.uniform(0, 0.5, 200), rng.uniform(0, 360, 200)], 1)
    mapped = fit_gamut(oklch_to_oklab(lch))
    rgb = oklab_to_srgb(mapped)
    assert rgb.min() > -0.5 and rgb.max() < 255.5
    found = oklab_to_oklch(mapped)
    assert np.abs(found[:, 0] - lch[:, 0]).max() < 1e-12 and (found[:, 1] <= lch[:, 1] + 1e-12).all()
    seen = found[:, 1] > 1e-4
    assert np.abs((found - lch)[seen, 2]).max() < 1e-6
    outside = found[:, 1] < lch[:, 1] - 1e-9
    further = oklab_to_srgb(oklch_to_oklab(found[outside] * [1, 1.02, 1]))
    assert ((further < -1e-3) | (further > 255.001)).any(1).mean() > 0.9  # on the very border
    assert to_color([2.0, 0.1, 0]) == (255, 255, 255) and to_color([-1.0, 0.1, 0]) == (0, 0, 0)


def test_edits() -> None:
    skin = (224, 172, 140)
    assert mixed(skin, (10, 20, 30), 0) == skin and mixed(skin, (10, 20, 30), 1) == (10, 20, 30)
    assert mixed((0, 0, 0), (255, 255, 255), 0.5) == (99, 99, 99)  # OKLab L of 0.5
    before = oklab_to_oklch(srgb_to_oklab(np.array(skin, np.float64)))
    after = oklab_to_oklch(srgb_to_oklab(np.array(darker(skin, 0.12), np.float64)))
    assert np.allclose(after, before - [0.12, 0, 0], atol=[0.004, 0.004, 2])
    turned = oklab_to_oklch(srgb_to_oklab(np.array(adjusted(skin, hue=40, chroma=0.5), np.float64)))
    assert np.allclose(turned, before * [1, 0.5, 1] + [0, 0, 40], atol=[0.004, 0.004, 3])
    assert lighter(skin, 2) == (255, 255, 255) and darker(skin, 2) == (0, 0, 0)


# ---- words ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "color"),
    [("#ff8000", (255, 128, 0)), ("#F80", (255, 136, 0)), (" #000000 ", (0, 0, 0)), ("White", (255, 255, 255))],
)
def test_hex_is_read(text: str, color: tuple[int, int, int]) -> None:
    assert parse_color(text) == color
    assert parse_color(format_color(color)) == color


@pytest.mark.parametrize("text", ["", "#", "ff8000", "#ff80", "#ff80001", "#gg0000", "#١٢٣", "mauve-ish"])
def test_other_text_is_refused_with_a_reason(text: str) -> None:
    with pytest.raises(OptionError, match=r"#rrggbb.*black.*write for example"):
        parse_color(text)


@pytest.mark.parametrize("color", [(256, 0, 0), (-1, 0, 0), (1.5, 0, 0), (1, 2)])
def test_only_colors_are_written(color: tuple[int, ...]) -> None:
    with pytest.raises(OptionError, match="not a colour"):
        format_color(color)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("color", "name"),
    [
        ((5, 5, 5), "black"), ((28, 29, 34), "black"), ((120, 122, 121), "gray"), ((250, 249, 246), "white"),
        ((200, 25, 30), "red"), ((100, 20, 35), "maroon"), ((240, 160, 185), "pink"), ((240, 130, 30), "orange"),
        ((101, 67, 33), "brown"), ((210, 190, 160), "beige"), ((245, 215, 60), "yellow"), ((107, 110, 45), "olive"),
        ((40, 130, 60), "green"), ((20, 110, 115), "teal"), ((80, 215, 210), "turquoise"), ((60, 110, 200), "blue"),
        ((25, 32, 75), "navy"), ((110, 60, 150), "purple"), ((30, 36, 60), "navy"), ((72, 84, 120), "blue"),
    ],
)  # fmt: skip
def test_names(color: tuple[int, int, int], name: str) -> None:
    assert color_name(color) == name
