"""Colour: OKLab for mixing and clustering, CIE Lab and ΔE00 for measuring, contrast, gamut, hex and names.

Ottosson, "A perceptual color space for image processing", 2020 (OKLab, OKLCh). Sharma, Wu and Dalal, "The CIEDE2000
color-difference formula", Color Research & Application 30, 2005. WCAG 2.2 (luminance and contrast).

Colours stand in the last axis, red, green, blue; sRGB runs 0..255 (IEC 61966-2-1), linear light 0..1.
From uint8 samples float32 comes, from all else float64.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from dressform.avatar.scene import Color
from dressform.parsing.errors import OptionError

__all__ = [
    "adjusted", "color_name", "contrast", "darker", "delta_e", "difference", "fit_gamut", "format_color", "lighter",
    "linear_to_srgb", "luminance", "mixed", "oklab_to_oklch", "oklab_to_srgb", "oklch_to_oklab", "parse_color",
    "srgb_to_lab", "srgb_to_linear", "srgb_to_oklab", "to_color",
]  # fmt: skip

Array = npt.NDArray[Any]
Floats = npt.NDArray[np.floating[Any]]

_TO_LMS = np.array(
    [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566],
     [0.0883024619, 0.2817188376, 0.6299787005]]
)  # fmt: skip
_TO_OKLAB = np.array(
    [[0.2104542553, 0.7936177850, -0.0040720468], [1.9779984951, -2.4285922050, 0.4505937099],
     [0.0259040371, 0.7827717662, -0.8086757660]]
)  # fmt: skip
_FROM_OKLAB = np.linalg.inv(_TO_OKLAB)
_FROM_LMS = np.linalg.inv(_TO_LMS)
_TO_XYZ = np.array(
    [[506752 / 1228815, 87881 / 245763, 12673 / 70218], [87098 / 409605, 175762 / 245763, 12673 / 175545],
     [7918 / 409605, 87881 / 737289, 1001167 / 1053270]]
)  # fmt: skip
_WHITE = _TO_XYZ.sum(1)  # D65
# What garments, hair and skin of these names look like in photos; the first of each is what the name stands for.
_NAMED: tuple[tuple[str, Color], ...] = (
    ("black", (0, 0, 0)), ("black", (32, 32, 34)), ("gray", (128, 128, 128)), ("gray", (85, 85, 88)),
    ("gray", (175, 175, 178)), ("white", (255, 255, 255)), ("white", (232, 232, 232)), ("red", (255, 0, 0)),
    ("red", (195, 35, 40)), ("maroon", (128, 0, 0)), ("maroon", (95, 25, 40)), ("pink", (255, 192, 203)),
    ("pink", (235, 90, 155)), ("pink", (225, 165, 175)), ("orange", (255, 140, 0)), ("orange", (225, 95, 40)),
    ("brown", (139, 69, 19)), ("brown", (85, 58, 42)), ("brown", (150, 110, 80)), ("beige", (222, 203, 176)),
    ("beige", (192, 170, 140)), ("yellow", (255, 255, 0)), ("yellow", (240, 205, 70)), ("olive", (128, 128, 0)),
    ("olive", (92, 90, 60)), ("green", (0, 128, 0)), ("green", (60, 190, 80)), ("green", (35, 75, 50)),
    ("green", (150, 205, 150)), ("teal", (0, 128, 128)), ("teal", (30, 85, 90)), ("turquoise", (64, 224, 208)),
    ("turquoise", (120, 205, 215)), ("blue", (0, 0, 255)), ("blue", (50, 100, 190)), ("blue", (110, 140, 180)),
    ("blue", (72, 88, 130)), ("blue", (165, 195, 230)), ("navy", (0, 0, 96)), ("navy", (32, 40, 72)),
    ("purple", (128, 0, 128)), ("purple", (95, 60, 130)), ("purple", (185, 155, 215)),
)  # fmt: skip
_HEX = re.compile(r"#([0-9a-f]{3}|[0-9a-f]{6})", re.ASCII)


def srgb_to_linear(rgb: npt.ArrayLike) -> Floats:
    """(..., 3) sRGB 0..255 as linear light 0..1; values outside go on with their sign."""
    array = np.asarray(rgb)
    if array.dtype == np.uint8:
        return np.asarray(_table()[array])
    x = array.astype(np.float64) / 255
    size = np.abs(x)
    return np.sign(x) * np.where(size <= 0.04045, size / 12.92, ((size + 0.055) / 1.055) ** 2.4)


@cache
def _table() -> Floats:
    """Linear light of the 256 sample values, float32."""
    return srgb_to_linear(np.arange(256.0)).astype(np.float32)


def linear_to_srgb(linear: npt.ArrayLike) -> Floats:
    """(..., 3) linear light as sRGB 0..255, neither rounded nor clipped."""
    x = _floats(linear)
    size = np.abs(x)
    return np.sign(x) * 255 * np.where(size <= 0.0031308, 12.92 * size, 1.055 * size ** (1 / 2.4) - 0.055)


def srgb_to_oklab(rgb: npt.ArrayLike) -> Floats:
    """(..., 3) sRGB 0..255 as OKLab: L 0..1, a and b about -0.3..0.3."""
    linear = srgb_to_linear(rgb)
    return np.cbrt(linear @ _TO_LMS.T.astype(linear.dtype)) @ _TO_OKLAB.T.astype(linear.dtype)


def oklab_to_srgb(lab: npt.ArrayLike) -> Floats:
    """(..., 3) OKLab as sRGB, neither rounded nor clipped: outside 0..255 for what sRGB cannot show."""
    return linear_to_srgb(_oklab_to_linear(_floats(lab)))


def oklab_to_oklch(lab: npt.ArrayLike) -> Floats:
    """(..., 3) OKLab as lightness, chroma and hue, 0..360 degrees."""
    x = _floats(lab)
    hue = np.degrees(np.arctan2(x[..., 2], x[..., 1])) % 360
    return np.stack([x[..., 0], np.hypot(x[..., 1], x[..., 2]), hue], -1)


def oklch_to_oklab(lch: npt.ArrayLike) -> Floats:
    """(..., 3) lightness, chroma and hue in degrees as OKLab."""
    x = _floats(lch)
    hue = np.radians(x[..., 2])
    return np.stack([x[..., 0], x[..., 1] * np.cos(hue), x[..., 1] * np.sin(hue)], -1)


def srgb_to_lab(rgb: npt.ArrayLike) -> Floats:
    """(..., 3) sRGB 0..255 as CIE Lab under D65, two-degree observer: L 0..100."""
    linear = srgb_to_linear(rgb)
    t = linear @ (_TO_XYZ / _WHITE[:, None]).T.astype(linear.dtype)
    f = np.where(t > 216 / 24389, np.cbrt(t), (24389 / 27 * t + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def delta_e(lab: npt.ArrayLike, other: npt.ArrayLike) -> Floats:
    """(...) CIEDE2000 between (..., 3) CIE Lab colours, broadcast; 1 is about what an eye can tell apart."""
    l1, a1, b1 = np.moveaxis(np.asarray(lab, np.float64), -1, 0)
    l2, a2, b2 = np.moveaxis(np.asarray(other, np.float64), -1, 0)
    mean7 = ((np.hypot(a1, b1) + np.hypot(a2, b2)) / 2) ** 7
    grow = 1.5 - 0.5 * np.sqrt(mean7 / (mean7 + 25.0**7))
    c1, c2 = np.hypot(grow * a1, b1), np.hypot(grow * a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, grow * a1)) % 360, np.degrees(np.arctan2(b2, grow * a2)) % 360
    gray = c1 * c2 == 0
    turn = np.where(gray, 0, h2 - h1)
    turn = turn - 360 * (turn > 180) + 360 * (turn < -180)
    total = h1 + h2
    far = np.abs(h1 - h2) > 180
    hue = np.where(gray, total, np.where(far, total + np.where(total < 360, 360, -360), total) / 2)
    light, chroma = (l1 + l2) / 2, (c1 + c2) / 2
    wave = (
        1 - 0.17 * _cos(hue - 30) + 0.24 * _cos(2 * hue) + 0.32 * _cos(3 * hue + 6) - 0.20 * _cos(4 * hue - 63)
    )  # fmt: skip
    square = (light - 50) ** 2
    dl = (l2 - l1) / (1 + 0.015 * square / np.sqrt(20 + square))
    dc = (c2 - c1) / (1 + 0.045 * chroma)
    dh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * chroma * wave)
    rotation = -2 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
    rotation = rotation * np.sin(np.radians(60 * np.exp(-(((hue - 275) / 25) ** 2))))
    return np.asarray(np.sqrt(np.maximum(dl * dl + dc * dc + dh * dh + rotation * dc * dh, 0)))


def difference(rgb: npt.ArrayLike, other: npt.ArrayLike) -> Floats:
    """(...) CIEDE2000 between (..., 3) sRGB colours 0..255, broadcast."""
    return delta_e(srgb_to_lab(rgb), srgb_to_lab(other))


def luminance(rgb: npt.ArrayLike) -> Floats:
    """(...) relative luminance of (..., 3) sRGB colours: black 0, white 1."""
    linear = srgb_to_linear(rgb)
    return np.asarray(linear @ _TO_XYZ[1].astype(linear.dtype))


def contrast(rgb: npt.ArrayLike, other: npt.ArrayLike) -> Floats:
    """(...) contrast ratio of WCAG between (..., 3) sRGB colours, 1..21; 3 tells shapes apart, 4.5 is for text."""
    a, b = luminance(rgb), luminance(other)
    return np.asarray((np.maximum(a, b) + 0.05) / (np.minimum(a, b) + 0.05))


def fit_gamut(lab: npt.ArrayLike) -> Floats:
    """(..., 3) OKLab, each colour with its chroma cut down to what sRGB can show; lightness and hue stay."""
    x = np.asarray(lab, np.float64).copy()
    x[..., 0] = np.clip(x[..., 0], 0, 1)
    inside = _shown(x)
    if np.all(inside):
        return x
    low, high = np.zeros(x.shape[:-1]), np.ones(x.shape[:-1])
    for _ in range(30):
        middle = (low + high) / 2
        good = _shown(x * np.stack([np.ones_like(middle), middle, middle], -1))
        low, high = np.where(good, middle, low), np.where(good, high, middle)
    share = np.where(inside, 1, low)[..., None]
    return np.concatenate([x[..., :1], x[..., 1:] * share], -1)


def to_color(lab: npt.ArrayLike) -> Color:
    """The sRGB colour, 0..255, nearest to one OKLab colour of the same lightness and hue."""
    r, g, b = np.clip(np.rint(oklab_to_srgb(fit_gamut(lab))), 0, 255).astype(int).tolist()
    return r, g, b


def mixed(color: Color, other: Color, share: float) -> Color:
    """A colour on the way from one to the other in OKLab; ``share`` 0 is the first, 1 the other."""
    a, b = srgb_to_oklab(np.array(color, np.float64)), srgb_to_oklab(np.array(other, np.float64))
    return to_color(a + share * (b - a))


def adjusted(color: Color, *, lightness: float = 0.0, chroma: float = 1.0, hue: float = 0.0) -> Color:
    """A colour with its OKLCh lightness raised, its chroma multiplied and its hue turned by degrees."""
    lch = oklab_to_oklch(srgb_to_oklab(np.array(color, np.float64)))
    return to_color(oklch_to_oklab(lch * [1, chroma, 1] + [lightness, 0, hue]))


def lighter(color: Color, by: float) -> Color:
    """A colour with its OKLCh lightness raised by 0..1."""
    return adjusted(color, lightness=by)


def darker(color: Color, by: float) -> Color:
    """A colour with its OKLCh lightness lowered by 0..1."""
    return adjusted(color, lightness=-by)


def parse_color(text: str) -> Color:
    """The sRGB colour that ``#rgb``, ``#rrggbb`` or one of the basic names stands for, in any case.

    Raises:
        OptionError: It is none of these.
    """
    word = text.strip().lower()
    names = dict(reversed(_NAMED))
    if word in names:
        return names[word]
    match = _HEX.fullmatch(word)
    if not match:
        allowed = f"#rgb, #rrggbb or {', '.join(sorted(names))}"
        raise OptionError("not a colour", got=repr(text[:40]), allowed=allowed, remedy="write for example #1e90ff")
    digits = match[1] if len(match[1]) == 6 else "".join(2 * digit for digit in match[1])
    return int(digits[:2], 16), int(digits[2:4], 16), int(digits[4:], 16)


def format_color(color: Color) -> str:
    """``#rrggbb`` of an sRGB colour.

    Raises:
        OptionError: It is not three whole numbers 0..255.
    """
    if len(color) != 3 or not all(int(value) == value and 0 <= value <= 255 for value in color):
        raise OptionError("not a colour", got=tuple(color), allowed="three whole numbers 0 to 255")
    return "#{:02x}{:02x}{:02x}".format(*(int(value) for value in color))


def color_name(color: Color) -> str:
    """The basic English name nearest to a colour: black, gray, white, red, maroon, pink, orange, brown, beige, ..."""
    gap = srgb_to_oklab(np.array([row for _, row in _NAMED], np.float64)) - srgb_to_oklab(np.array(color, np.float64))
    return _NAMED[int(np.argmin((gap * gap) @ [0.4, 1.0, 1.0]))][0]  # shade tells less than hue


def _floats(values: npt.ArrayLike) -> Floats:
    array = np.asarray(values)
    return array if array.dtype == np.float32 else array.astype(np.float64)


def _cos(degrees: Floats) -> Floats:
    return np.asarray(np.cos(np.radians(degrees)))


def _oklab_to_linear(lab: Floats) -> Floats:
    return (lab @ _FROM_OKLAB.T.astype(lab.dtype)) ** 3 @ _FROM_LMS.T.astype(lab.dtype)


def _shown(lab: Floats) -> npt.NDArray[np.bool_]:
    """Whether sRGB can show each colour, but for rounding."""
    linear = _oklab_to_linear(lab)
    return np.asarray(((linear >= -1e-5) & (linear <= 1 + 1e-5)).all(-1))
