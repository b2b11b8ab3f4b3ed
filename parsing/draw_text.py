"""Smooth text on pixel arrays, in the font that comes with Pillow: Latin letters, no Chinese."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

__all__ = ["draw_text", "fit_text", "text_width"]

Color = tuple[int, int, int]


def text_width(text: str, size: float) -> int:
    """Width of a line in pixels, for a font size in pixels."""
    return int(np.ceil(_font(size).getlength(text)))


def fit_text(text: str, size: float, width: float) -> str:
    """``text``, or its beginning with three dots that is no wider than ``width`` pixels; possibly nothing."""
    if text_width(text, size) <= width:
        return text
    kept = len(text)
    while kept and text_width(text[:kept].rstrip() + "...", size) > width:
        kept -= 1
    return text[:kept].rstrip() + "..." if kept else ""


def draw_text(
    canvas: npt.NDArray[np.uint8], text: str, at: tuple[float, float], size: float, color: Color, anchor: str = "lm"
) -> None:
    """Draw a line of text into ``canvas``, cut off at its edges.

    Args:
        canvas: (H, W, 3) uint8 RGB, changed.
        text: One line.
        at: Where the anchor goes, (x, y) in pixels.
        size: Font size in pixels.
        color: RGB, 0..255.
        anchor: Pillow's two letters: "lm" is left and middle, "mm" the centre.
    """
    font = _font(size)
    left, top, right, bottom = (round(v) for v in font.getbbox(text, anchor=anchor))
    left, top, right, bottom = left - 1, top - 1, right + 1, bottom + 1
    x, y = round(at[0]), round(at[1])
    h, w = canvas.shape[:2]
    x0, y0, x1, y1 = max(x + left, 0), max(y + top, 0), min(x + right, w), min(y + bottom, h)
    if x0 >= x1 or y0 >= y1:
        return
    stamp = Image.new("L", (x1 - x0, y1 - y0))
    ImageDraw.Draw(stamp).text((x - x0, y - y0), text, fill=255, font=font, anchor=anchor)
    cover = np.asarray(stamp, np.float32)[..., None] / 255
    area = canvas[y0:y1, x0:x1]
    area[:] = (area + (np.array(color, np.float32) - area) * cover + 0.5).astype(np.uint8)


@lru_cache(maxsize=64)
def _font(size: float) -> ImageFont.FreeTypeFont:
    font = ImageFont.load_default(size)
    assert isinstance(font, ImageFont.FreeTypeFont)  # with a size given, it is
    return font
