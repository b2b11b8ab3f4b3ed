"""Pictures to compare: photo and result beside each other, half and half, and a sheet of many results."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from dressform.parsing.windows import Window

__all__ = ["around", "before_after", "contact_sheet", "side_by_side", "tile"]

Pixels = npt.NDArray[np.uint8]

SIDE = 2000  # px that a picture's longer side has at most in a comparison
SHEET = 8000  # px of a contact sheet's longer side, at most
_TILE, _GAP, _LINE = 360, 12, 22  # px of a tile's longer side, between tiles, and of a caption
_ROOM = 0.3  # of the larger side, around garments
_WHITE, _INK = 255, (40, 40, 40)


def side_by_side(before: Pixels, after: Pixels) -> Pixels:
    """(h, w, 3) uint8: two pictures of one size, one beside the other, on white."""
    one, other = _within(before, SIDE), _within(after, SIDE)
    gap = np.full((len(one), max(2, one.shape[1] // 100), 3), _WHITE, np.uint8)
    return np.concatenate([one, gap, other], axis=1)


def before_after(before: Pixels, after: Pixels, mask: npt.NDArray[np.bool_]) -> Pixels:
    """(h, w, 3) uint8: the left half of what changed as it was, the right half as it is, a white line between.

    Args:
        before: (H, W, 3) uint8.
        after: The same after the swap.
        mask: (H, W) bool, what changed.
    """
    columns = np.flatnonzero(mask.any(axis=0))
    middle = int(columns[0] + columns[-1] + 1) // 2 if len(columns) else before.shape[1] // 2
    out = after.copy()
    out[:, :middle] = before[:, :middle]
    half = max(1, round(max(out.shape[:2]) / min(1000, SIDE)))
    out[:, max(middle - half, 0) : middle + half] = _WHITE
    return _within(out, SIDE)


def around(windows: Iterable[Window], size: tuple[int, int]) -> Window:
    """The part of a photo of (width, height) that shows some windows with room around them."""
    x0, y0, x1, y1 = np.array(list(windows)).T
    left, top, right, bottom = int(x0.min()), int(y0.min()), int(x1.max()), int(y1.max())
    room = round(_ROOM * max(right - left, bottom - top))
    return max(left - room, 0), max(top - room, 0), min(right + room, size[0]), min(bottom + room, size[1])


def tile(picture: Pixels, box: Window) -> Pixels:
    """(h, w, 3) uint8: a part of a picture, small enough for a sheet."""
    x0, y0, x1, y1 = box
    return _within(picture[y0:y1, x0:x1], _TILE)


def contact_sheet(tiles: Sequence[tuple[str, Pixels]]) -> Pixels:
    """(h, w, 3) uint8: pictures with their captions in rows, on white.

    Args:
        tiles: One or more, with a caption each. All are as large as the first, or are fitted into its size.
    """
    height, width = tiles[0][1].shape[:2]
    columns = max(1, min(len(tiles), round(math.sqrt(1.5 * len(tiles) * (height + _LINE) / width))))
    rows = -(-len(tiles) // columns)
    room = SHEET - _GAP
    scale = min(1.0, (room / columns - _GAP) / width, (room / rows - _GAP - _LINE) / height)
    height, width = max(1, int(height * scale)), max(1, int(width * scale))
    step = (height + _LINE + _GAP, width + _GAP)
    sheet = Image.new("RGB", (columns * step[1] + _GAP, rows * step[0] + _GAP), "white")
    draw, font = ImageDraw.Draw(sheet), ImageFont.load_default(_LINE * 0.64)
    for number, (caption, picture) in enumerate(tiles):
        x, y = _GAP + number % columns * step[1], _GAP + number // columns * step[0]
        if picture.shape[:2] != (height, width):
            picture = np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        sheet.paste(Image.fromarray(picture), (x, y))
        draw.text((x, y + height + 3), _fitted(caption, width, font), fill=_INK, font=font)
    return np.asarray(sheet, np.uint8)


def _fitted(text: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """The text, or as much of its beginning as is no wider."""
    text = text.encode("latin-1", "replace").decode("latin-1")  # the font that ships with Pillow has no more
    whole = text
    while text and font.getlength(text if text == whole else f"{text}...") > width:
        text = text[:-1]
    return text if text == whole else f"{text}..."


def _within(picture: Pixels, side: int) -> Pixels:
    height, width = picture.shape[:2]
    scale = min(1.0, side / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    if scale == 1:
        return picture
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.uint8)
