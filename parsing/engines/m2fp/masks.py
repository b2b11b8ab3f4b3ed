"""From the network's coarse maps to the photo's pixels: one map at a time, in strips, only where there is something.

A map has a cell for every 4 × 4 pixels of the network's input. It is enlarged to that input, what the photo fills of
it is cut out, and that is resized to the photo; both steps bilinear with pixel centres at halves and positions in
float32, as PyTorch and with it ModelScope's code do it, so that masks are the same pixel for pixel. Both steps together
are a sum of a few cells per row and per column, so two small matrix products make a tile of the photo. A bilinear value
lies between the values around it: nothing is positive where no cell near by is, so all else need not be looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from threading import local

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.scores import Box, Window

__all__ = [
    "CELL",
    "Frame",
    "Packed",
    "measure",
    "pack",
    "reach",
    "resize",
    "scratch",
    "sigmoid",
    "strips",
    "unpack",
    "upsample",
]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
CELL = 4
"""Pixels of the network's input along a cell's side."""
TILE = 64  # px; the photo is made in squares of this side
STRIP = 1 << 16  # px worked on at once, or a row of tiles: stays in the cache


class _Scratch(local):
    def __init__(self) -> None:
        self.slots: dict[str, Floats] = {}


_SCRATCH = _Scratch()


@dataclass(frozen=True)
class Frame:
    """How the network's cells lie in a photo.

    Attributes:
        photo: (height, width) of the photo in pixels.
        content: (x0, y0, x1, y1) pixels of the network's input that the photo fills.
        cells: (rows, columns) of the network's maps.
    """

    photo: tuple[int, int]
    content: Window
    cells: tuple[int, int]

    def box(self, cells: Window) -> Box:
        """What a window of cells covers, in photo pixels; cells of the padding lie outside the photo."""
        left, top, right, bottom = self.content
        sx, sy = self.photo[1] / (right - left), self.photo[0] / (bottom - top)
        x0, y0, x1, y1 = (CELL * side for side in cells)
        return (x0 - left) * sx, (y0 - top) * sy, (x1 - left) * sx, (y1 - top) * sy


@dataclass(frozen=True, eq=False)
class Packed:
    """A mask with one bit a pixel.

    Attributes:
        window: (x0, y0, x1, y1) photo pixels that the bits cover; nothing is set outside.
        bits: (y1 - y0, ceil((x1 - x0) / 8)) uint8, rows as ``numpy.packbits`` makes them.
        area: How many pixels are set.
    """

    window: Window
    bits: npt.NDArray[np.uint8]
    area: int


def upsample(field: Floats, frame: Frame, window: Window, slot: str = "") -> Floats:
    """Values of a map at the photo's pixels.

    Args:
        field: (rows, columns) float32, as ``frame.cells`` says.
        frame: How it lies in the photo.
        window: (x0, y0, x1, y1) whole pixels inside the photo, not empty.
        slot: Where :func:`scratch` keeps the result; "" makes a new array.

    Returns:
        (y1 - y0, x1 - x0) float32, writable. A pixel's value does not depend on the window.
    """
    x0, y0, x1, y1 = window
    first, last = x0 // TILE, -(-x1 // TILE)
    columns, rows = _weights(frame, 1), _weights(frame, 0)
    top, count = y0 // TILE, last - first
    shape = -(-y1 // TILE) * TILE - top * TILE, count * TILE
    out = scratch(slot, shape) if slot else np.empty(shape, np.float32)
    taps = columns.start[first:last, None] + np.arange(columns.values.shape[2])
    across = columns.values[first:last].transpose(0, 2, 1)
    for k in range(len(out) // TILE):
        start = rows.start[top + k]
        cells = field[start : start + rows.values.shape[2]].take(taps, 1).transpose(1, 0, 2)
        # A small product per tile, always of the same shape: fast on one thread, and the same numbers in any window.
        tile = out[k * TILE : (k + 1) * TILE].reshape(TILE, count, TILE).transpose(1, 0, 2)
        np.matmul(rows.values[top + k], np.matmul(cells, across), out=tile)
    return out[y0 - top * TILE : y1 - top * TILE, x0 - first * TILE : x1 - first * TILE]


def scratch(slot: str, shape: tuple[int, int]) -> Floats:
    """An array of this thread, float32, not cleared; valid until the thread asks for the same slot again.

    New arrays of this size would come as empty pages from the system, which takes longer than the work done on them.
    """
    size = shape[0] * shape[1]
    memory = _SCRATCH.slots.get(slot)
    if memory is None or memory.size < size:
        memory = _SCRATCH.slots[slot] = np.empty(size, np.float32)
    return memory[:size].reshape(shape)


def resize(maps: Floats, photo: tuple[int, int], window: Window) -> Floats:
    """A window of maps that cover the whole photo, resized to it, bilinear.

    Args:
        maps: (n, h, w) float32.
        photo: (height, width) in pixels.
        window: (x0, y0, x1, y1) whole pixels inside the photo, not empty.

    Returns:
        (n, y1 - y0, x1 - x0) float32.
    """
    xs, x_share = _taps(window[0], window[2], maps.shape[2], photo[1])
    ys, y_share = _taps(window[1], window[3], maps.shape[1], photo[0])
    piece = maps[:, ys[0] : min(int(ys[-1]) + 2, maps.shape[1])]
    return _lerp(_lerp(piece, xs, x_share, 2), ys - ys[0], y_share, 1)


def reach(field: Floats, frame: Frame, level: float = 0.0) -> Window | None:
    """A window of the photo outside of which the enlarged map is nowhere above ``level``; None: it is nowhere."""
    x, y, w, h = cv2.boundingRect((field > level).view(np.uint8))
    if not w:
        return None
    left, top, right, bottom = frame.content
    sx, sy = frame.photo[1] / (right - left), frame.photo[0] / (bottom - top)
    # One cell further because of the first step, one pixel of the input because of the second.
    x0, x1 = CELL * (x - 1) - 1 - left, CELL * (x + w + 1) + 1 - left
    y0, y1 = CELL * (y - 1) - 1 - top, CELL * (y + h + 1) + 1 - top
    found = (
        max(int(np.floor(x0 * sx)), 0),
        max(int(np.floor(y0 * sy)), 0),
        min(int(np.ceil(x1 * sx)), frame.photo[1]),
        min(int(np.ceil(y1 * sy)), frame.photo[0]),
    )
    return found if found[0] < found[2] and found[1] < found[3] else None  # all of it may lie in the padding


def strips(window: Window, rows: int | None = None) -> Iterator[Window]:
    """A window cut into strips of whole rows, of about as many pixels as are worked on at once."""
    x0, y0, x1, y1 = window
    step = rows or max(STRIP // (x1 - x0) // TILE, 1) * TILE
    first = y0 if rows else y0 // TILE * TILE  # whole tiles
    for top in range(first, y1, step):
        yield x0, max(top, y0), x1, min(top + step, y1)


def measure(field: Floats, frame: Frame, *, keep: bool = False) -> tuple[float, Packed | None]:
    """How sure a mask is, and the mask: the photo's pixels where the enlarged map is positive.

    Args:
        field: (rows, columns) float32 logits.
        frame: How it lies in the photo.
        keep: Whether to return the mask.

    Returns:
        Mean of the mask's pixels' probabilities, 0.5 to 1, or 0 where the mask is empty; and the mask, or None.
    """
    window = reach(field, frame)
    if window is None:
        return 0.0, Packed((0, 0, 0, 0), np.zeros((0, 0), np.uint8), 0) if keep else None
    total, area, rows = 0.0, 0, []
    for strip in strips(window):
        value = upsample(field, frame, strip, "value")
        inside = value > 0
        count = int(np.count_nonzero(inside))
        if count:
            # sigmoid(v) = .5 + tanh(v / 2) / 2, whose second half is 0 where the mask is not.
            np.maximum(value, 0, out=value)
            value *= np.float32(0.5)
            total += 0.5 * (count + float(np.tanh(value, out=value).sum()))
            area += count
        if keep:
            rows.append(np.packbits(inside, axis=1))
    mask = Packed(window, np.concatenate(rows), area) if keep else None
    return total / (area + 1e-6), mask


def pack(mask: Mask) -> Packed:
    """An (H, W) bool mask with one bit a pixel."""
    x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
    inside = mask[y : y + h, x : x + w]
    return Packed((x, y, x + w, y + h), np.packbits(inside, axis=1), int(np.count_nonzero(inside)))


def unpack(mask: Packed, window: Window) -> Mask:
    """(y1 - y0, x1 - x0) bool: a mask's pixels in a window of the photo."""
    x0, y0, x1, y1 = window
    left, top, right, bottom = mask.window
    out = np.zeros((y1 - y0, x1 - x0), np.bool_)
    a, b, c, d = max(x0, left), max(y0, top), min(x1, right), min(y1, bottom)
    if a < c and b < d:
        rows = np.unpackbits(mask.bits[b - top : d - top], axis=1, count=right - left)
        out[b - y0 : d - y0, a - x0 : c - x0] = rows[:, a - left : c - left]
    return out


def sigmoid(value: Floats) -> Floats:
    """Probabilities of logits, float32; overwrites ``value``."""
    np.clip(value, -80, 80, out=value)  # exp stays finite, and the result is the same in float32
    np.negative(value, out=value)
    np.exp(value, out=value)
    value += 1
    return np.reciprocal(value, out=value)


@dataclass(frozen=True, eq=False)
class _Weights:
    """How the photo's rows, or its columns, are made from cells.

    Attributes:
        start: (tiles,) the first cell that a tile of pixels sees.
        values: (tiles, TILE, cells) float32 weight of each cell from there on; 0 beyond the photo.
    """

    start: npt.NDArray[np.intp]
    values: Floats


@lru_cache(maxsize=8)
def _weights(frame: Frame, axis: int) -> _Weights:
    """Both steps in one along an axis, 0 or 1."""
    size, count = frame.photo[axis], frame.cells[axis]
    low, high = frame.content[1 - axis], frame.content[3 - axis]
    before, share = _taps(0, size, high - low, size)
    after = np.minimum(before + 1, high - low - 1)
    cells, shares = [], []
    for fine, part in ((before, 1 - share.astype(np.float64)), (after, share.astype(np.float64))):
        position = np.maximum((low + fine + 0.5) / CELL - 0.5, 0)
        cell = np.minimum(position.astype(np.intp), count - 1)
        cells += [cell, np.minimum(cell + 1, count - 1)]
        shares += [part * (1 - (position - cell)), part * (position - cell)]
    tiles = -(-size // TILE)
    seen = np.pad(cells, ((0, 0), (0, tiles * TILE - size)), mode="edge").reshape(4, tiles, TILE)
    lowest, highest = seen.min((0, 2)), seen.max((0, 2))
    width = int((highest - lowest).max()) + 1
    start = np.minimum(lowest, count - width)
    values = np.zeros((tiles, TILE, width))
    tile, place = np.divmod(np.arange(size), TILE)
    for cell, weight in zip(cells, shares, strict=True):
        np.add.at(values, (tile, place, cell - start[tile]), weight)
    return _Weights(start, values.astype(np.float32))


def _taps(start: int, stop: int, count: int, size: int) -> tuple[npt.NDArray[np.intp], Floats]:
    """For pixels start..stop of ``size`` made from ``count`` samples: the sample before each, the share of the next."""
    scale = float(np.float32(count) / np.float32(size))
    # Multiplied and subtracted with one rounding, as processors do it for PyTorch.
    position = np.maximum((scale * (np.arange(start, stop) + 0.5) - 0.5).astype(np.float32), 0)
    before = np.minimum(position.astype(np.intp), count - 1)
    return before, np.minimum(position - before.astype(np.float32), 1).astype(np.float32)


def _lerp(field: Floats, before: npt.NDArray[np.intp], share: Floats, axis: int) -> Floats:
    if not share.any() and np.array_equal(before, np.arange(field.shape[axis])):
        return field  # already of this size
    after = np.minimum(before + 1, field.shape[axis] - 1)
    out = np.take(field, before, axis, mode="clip")
    step = np.take(field, after, axis, mode="clip")
    step -= out
    step *= share.reshape(-1, *[1] * (field.ndim - 1 - axis))
    out += step
    return out
