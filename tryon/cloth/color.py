"""Colours as users write them for cloth: hex, basic names, red-green-blue, CIE Lab; all as linear sRGB.

CSS Color Module Level 4 (names, hex, ``lab()`` under D50); the matrix from XYZ under D50 to linear sRGB is that of
Bradford's adaptation, as ICC profiles have it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from difflib import get_close_matches
from numbers import Integral

import numpy as np

from dressform.parsing.errors import OptionError
from dressform.tryon.light import to_linear

__all__ = ["Color", "Linear", "color_text", "lab", "linear_color"]

Color = str | Sequence[int]
"""A colour as users give it; :func:`color_text` says what is allowed."""
Linear = tuple[float, float, float]

_NAMES = {
    "aqua": "#00ffff", "black": "#000000", "blue": "#0000ff", "fuchsia": "#ff00ff", "gray": "#808080",
    "green": "#008000", "lime": "#00ff00", "maroon": "#800000", "navy": "#000080", "olive": "#808000",
    "orange": "#ffa500", "purple": "#800080", "red": "#ff0000", "silver": "#c0c0c0", "teal": "#008080",
    "white": "#ffffff", "yellow": "#ffff00",
}  # fmt: skip
_SAME = {"grey": "gray", "cyan": "aqua", "magenta": "fuchsia"}
_HEX = re.compile(r"#?([0-9a-f]{3}|[0-9a-f]{6})", re.ASCII)
_NUMBER = r"\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*"
_LAB = re.compile(rf"lab\({_NUMBER}%?\s*[, ]{_NUMBER}[, ]{_NUMBER}\)", re.ASCII)
_ALLOWED = 'hex such as "#7a1f2b", a basic name such as "navy", (r, g, b) of 0..255, "lab(50, 20, -10)"'
_WHITE = (0.96422, 1.0, 0.82521)  # D50
_TO_SRGB = np.array(
    [[3.1338561, -1.6168667, -0.4906146], [-0.9787684, 1.9161415, 0.0334540], [0.0719453, -0.2289914, 1.4052427]]
)  # fmt: skip


def color_text(color: Color) -> str:
    """One spelling for each colour: ``#rrggbb`` or ``lab(L, a, b)``.

    Args:
        color: ``#rgb`` or ``#rrggbb`` (the mark may be missing), one of the seventeen basic names of CSS, three whole
            numbers 0..255, or ``lab(L, a, b)`` with L 0..100 and a, b -128..127: CIE Lab under D50, as Photoshop, CSS
            and colour swatches of textile suppliers give it.

    Raises:
        OptionError: Anything else.
    """
    if isinstance(color, str):
        return _from_text(color)
    values = color.tolist() if isinstance(color, np.ndarray) else color
    if not isinstance(values, Sequence) or isinstance(values, bytes) or len(values) != 3:
        raise OptionError("not a colour", got=type(color).__name__, allowed=_ALLOWED)
    whole = [isinstance(value, Integral) and not isinstance(value, bool) and 0 <= value <= 255 for value in values]
    if not all(whole):
        got = ", ".join(str(value)[:12] for value in values)
        raise OptionError("a colour's red, green and blue are out of range", got=got, allowed="whole numbers 0 to 255")
    return "#{:02x}{:02x}{:02x}".format(*(int(value) for value in values))


def lab(lightness: float, a: float, b: float) -> str:
    """A CIE Lab colour as :func:`color_text` takes it.

    Raises:
        OptionError: Out of range or not finite.
    """
    return _lab_text(float(lightness), float(a), float(b))


def linear_color(color: Color) -> Linear:
    """Linear sRGB 0..1 of a colour; what sRGB cannot show keeps lightness and hue and gives way in chroma.

    Raises:
        OptionError: Not a colour, as for :func:`color_text`.
    """
    text = color_text(color)
    if text.startswith("#"):
        samples = np.array([int(text[k : k + 2], 16) for k in (1, 3, 5)], np.uint8)
        red, green, blue = (float(value) for value in to_linear(samples))
        return red, green, blue
    found = _LAB.fullmatch(text)
    assert found is not None
    return _in_gamut(*(float(value) for value in found.groups()))


def _from_text(text: str) -> str:
    plain = text.strip().lower()
    name = _SAME.get(plain, plain)
    if name in _NAMES:
        return _NAMES[name]
    if found := _HEX.fullmatch(plain):
        digits = found[1]
        return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))
    if found := _LAB.fullmatch(plain):
        return _lab_text(*(float(value) for value in found.groups()))
    close = get_close_matches(plain, [*_NAMES, *_SAME], 1)
    remedy = f'did you mean "{close[0]}"?' if close else f"basic names are {', '.join(_NAMES)}"
    raise OptionError("not a colour", got=repr(text[:40]), allowed=_ALLOWED, remedy=remedy)


def _lab_text(lightness: float, a: float, b: float) -> str:
    values = (lightness, a, b)
    if not all(math.isfinite(value) for value in values) or not 0 <= lightness <= 100 or max(abs(a), abs(b)) > 128:
        got = ", ".join(f"{value:g}" for value in values)
        raise OptionError("a Lab colour is out of range", got=got, allowed="L 0 to 100, a and b -128 to 128")
    return "lab({}, {}, {})".format(*(f"{round(value, 3) + 0.0:f}".rstrip("0").rstrip(".") for value in values))


def _in_gamut(lightness: float, a: float, b: float) -> Linear:
    low, high = 0.0, 1.0  # share of the chroma
    linear = _lab_to_linear(lightness, a, b)
    if linear.min() < -1e-4 or linear.max() > 1 + 1e-4:
        for _ in range(24):
            middle = (low + high) / 2
            linear = _lab_to_linear(lightness, a * middle, b * middle)
            low, high = (low, middle) if linear.min() < 0 or linear.max() > 1 else (middle, high)
        linear = _lab_to_linear(lightness, a * low, b * low)
    red, green, blue = np.clip(linear, 0, 1).tolist()
    return red, green, blue


def _lab_to_linear(lightness: float, a: float, b: float) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    middle = (lightness + 16) / 116
    thirds = np.array([middle + a / 500, middle, middle - b / 200])
    xyz = np.where(thirds > 6 / 29, thirds**3, (116 * thirds - 16) * 27 / 24389) * _WHITE
    return np.asarray((_TO_SRGB * xyz).sum(1))
