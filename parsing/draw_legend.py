"""The legend: a light strip below a picture that names the parts in it."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.draw_text import draw_text, fit_text, text_width
from dressform.parsing.parts import Part

__all__ = ["INK", "PAPER", "legend_strip", "note_strip"]

PAPER = (250, 250, 251)
INK = (38, 42, 50)
_RULE = (222, 224, 228)

# From head to foot, as one reads a person; numbers jump about.
_ORDER = (
    Part.HAT, Part.HAIR, Part.SUNGLASSES, Part.FACE, Part.SCARF, Part.TORSO_SKIN, Part.COAT, Part.UPPER_CLOTHES,
    Part.DRESS, Part.LEFT_ARM, Part.RIGHT_ARM, Part.GLOVE, Part.PANTS, Part.SKIRT, Part.LEFT_LEG, Part.RIGHT_LEG,
    Part.SOCKS, Part.LEFT_SHOE, Part.RIGHT_SHOE, Part.BAG,
)  # fmt: skip


def legend_strip(parts: Iterable[Part], width: int) -> npt.NDArray[np.uint8]:
    """(h, width, 3) uint8 RGB: a swatch and the English name of each part, in columns, from head to foot."""
    shown = [part for part in _ORDER if part in frozenset(parts)]
    size = _font_size(width)
    pad, swatch, row = round(size * 0.9), round(size * 1.05), round(size * 1.75)
    column = swatch + round(size * 0.5) + max(text_width(part.title, size) for part in shown) + round(size * 1.3)
    across = max(1, (width - 2 * pad + round(size * 1.3)) // column)
    down = -(-len(shown) // across)
    across = -(-len(shown) // down)  # fill the rows evenly
    strip = _paper(2 * pad + down * row, width)
    # A little more air between columns where there is room, but never so much that the eye loses the row.
    column = min((width - 2 * pad) // across, round(column * 1.35)) if across > 1 else width
    for k, part in enumerate(shown):
        y, x = divmod(k, across)
        left, middle = pad + x * column, pad + y * row + row / 2
        _swatch(strip, left, round(middle - swatch / 2), swatch, part.color)
        start = left + swatch + round(size * 0.5)
        title = fit_text(part.title, size, min(width, left + column) - start)
        draw_text(strip, title, (start, middle), size, INK)
    return strip


def note_strip(text: str, width: int) -> npt.NDArray[np.uint8]:
    """(h, width, 3) uint8 RGB: one line of text in the middle."""
    size = round(_font_size(width) * 1.2)
    strip = _paper(round(size * 3), width)
    while size > 6 and text_width(text, size) > width - 2:
        size -= 1
    draw_text(strip, fit_text(text, size, width), (width / 2, strip.shape[0] / 2), size, INK, "mm")
    return strip


def _font_size(width: int) -> int:
    return round(min(max(6 + width * 0.0155, 8), 110))


def _paper(height: int, width: int) -> npt.NDArray[np.uint8]:
    strip = np.empty((height, width, 3), np.uint8)
    strip[:] = PAPER
    strip[: max(1, width // 1000)] = _RULE
    return strip


def _swatch(canvas: npt.NDArray[np.uint8], x: int, y: int, side: int, color: tuple[int, int, int]) -> None:
    """A square with rounded corners and a slightly darker rim, which pale colours need on paper."""
    rim = max(1, round(side * 0.06))
    red, green, blue = (round(channel * 0.84) for channel in color)
    _rounded(canvas, x, y, side, (red, green, blue))
    _rounded(canvas, x + rim, y + rim, side - 2 * rim, color)


def _rounded(canvas: npt.NDArray[np.uint8], x: int, y: int, side: int, color: tuple[int, int, int]) -> None:
    """Drawn four times as large and averaged."""
    big, radius = side * 4, side
    cover = np.zeros((big, big), np.uint8)
    cv2.rectangle(cover, (radius, 0), (big - 1 - radius, big - 1), 255, -1)
    cv2.rectangle(cover, (0, radius), (big - 1, big - 1 - radius), 255, -1)
    for cx in (radius, big - 1 - radius):
        for cy in (radius, big - 1 - radius):
            cv2.circle(cover, (cx, cy), radius, 255, -1)
    area = canvas[y : y + side, x : x + side]
    share = cv2.resize(cover, (side, side), interpolation=cv2.INTER_AREA)[: area.shape[0], : area.shape[1], None]
    area[:] = (area + (np.array(color, np.float32) - area) * (share / np.float32(255)) + 0.5).astype(np.uint8)
