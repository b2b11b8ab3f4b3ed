"""Colours diffused from where they are known to everywhere else.

Gortler, Grzeszczuk, Szeliski, Cohen, "The Lumigraph", SIGGRAPH 1996, section 3.4: known values are averaged into
coarser and coarser pictures (pull), and gaps are filled from the next coarser one (push).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.gather import Pixels

__all__ = ["enlarged_at", "pull_push", "reduced"]

Floats = npt.NDArray[np.float32]
Weight = npt.NDArray[np.float32] | npt.NDArray[np.bool_]

_STRIP = 1 << 16  # pixels copied at once


def pull_push(values: Floats, weight: Weight) -> Floats:
    """Fill gaps smoothly; a filled value is an average of known ones, the nearest ones above all.

    Args:
        values: (h, w) or (h, w, c) float32.
        weight: (h, w) 0..1 or bool, how well each value is known. Values of weight 0 don't count, whatever they are.

    Returns:
        The same shape as ``values``, float32, finite if every known value is; a value of weight 1 stays exactly as it
        is, everything is 0 if no value is known.
    """
    known, trust = _known(values, weight)
    out = _filled(known.copy(), trust)
    np.copyto(out, known, where=trust >= 1)  # exactly
    return np.ascontiguousarray(np.moveaxis(out, 0, -1)).reshape(values.shape)


def reduced(values: Floats, known: npt.NDArray[np.bool_], factor: int) -> tuple[Floats, Floats]:
    """Means of what is known in squares of pixels: the first steps of :func:`pull_push`, for work on a smaller size.

    Args:
        values: (h, w, c) float32, finite where they are known, 1 to 4 channels.
        known: (h, w) bool.
        factor: Pixels along a square's side.

    Returns:
        (ceil(h / factor), ceil(w / factor), c) float32 means, 0 where nothing is known, and (ceil(h / factor),
        ceil(w / factor)) float32 weights 0..1: known pixels of a square, 1 already for one of them.
    """
    height, width, channels = values.shape
    rows, columns = -(-height // factor), -(-width // factor)
    mean, weight = np.zeros((rows, columns, channels), np.float32), np.zeros((rows, columns), np.float32)
    strip = max(1, _STRIP // (columns * factor * factor))  # rows of squares; copies then stay in the cache
    for first in range(0, rows, strip):
        at = slice(first * factor, min((first + strip) * factor, height))
        there = known[at].view(np.uint8)
        rest = (0, -there.shape[0] % factor, 0, -width % factor, cv2.BORDER_CONSTANT)
        size = (columns, (there.shape[0] + factor - 1) // factor)
        part = cv2.copyMakeBorder(cv2.copyTo(np.ascontiguousarray(values[at]), there), *rest)
        share = cv2.copyMakeBorder(there, *rest).astype(np.float32)
        into = slice(first, first + size[1])
        mean[into] = np.reshape(cv2.resize(part, size, interpolation=cv2.INTER_AREA), mean[into].shape)
        weight[into] = cv2.resize(share, size, interpolation=cv2.INTER_AREA)
    mean /= np.maximum(weight, np.float32(1e-12))[:, :, None]
    weight *= np.float32(factor * factor)
    return mean, np.minimum(weight, 1, out=weight)


def enlarged_at(small: Floats, pixels: Pixels, factor: float) -> Floats:
    """(n, c) float32: values (rows, columns, c) at some pixels of a window ``factor`` times as large, bilinear."""
    rows, columns, channels = small.shape
    flat = small.reshape(-1, channels)
    y, x = np.divmod(pixels.where.astype(np.int32), np.int32(pixels.shape[1]))
    top, down = _between(y, rows, factor)
    left, right = _between(x, columns, factor)
    out = np.zeros((len(pixels), channels), np.float32)
    for row, tall in ((top, 1 - down), (np.minimum(top + 1, rows - 1), down)):
        for column, wide in ((left, 1 - right), (np.minimum(left + 1, columns - 1), right)):
            out += np.take(flat, row * columns + column, axis=0) * (tall * wide)[:, None]
    return out


def _between(place: npt.NDArray[np.int32], count: int, factor: float) -> tuple[npt.NDArray[np.int32], Floats]:
    """The cell before each pixel's centre, and the share of the next one."""
    at = np.clip((place + np.float32(0.5)) * np.float32(1 / factor) - np.float32(0.5), 0, count - 1)
    before = at.astype(np.int32)
    return before, np.asarray(at - before, np.float32)


def _known(values: Floats, weight: Weight) -> tuple[Floats, Floats]:
    """(c, h, w) copy of ``values``, 0 where they don't count, and the weights as numbers.

    Planes, because NumPy multiplies each pixel's channels by its weight five times as fast in them.
    """
    trust = np.asarray(weight, np.float32)
    planes = np.array(np.moveaxis(values.reshape(*values.shape[:2], -1), -1, 0), np.float32, order="C")
    np.copyto(planes, np.float32(0), where=trust <= 0)
    return planes, trust


def _filled(planes: Floats, weight: Floats) -> Floats:
    """``planes`` (c, h, w) with gaps filled; ``planes`` is overwritten."""
    _, height, width = planes.shape
    if weight.min() >= 1 or (height == 1 and width == 1):
        return planes
    coarse = _filled(*_coarser(planes, weight))
    rows, columns = coarse.shape[1:]
    for plane, low in zip(planes, coarse, strict=True):
        twice = cv2.resize(low, (2 * columns, 2 * rows), interpolation=cv2.INTER_LINEAR)
        smooth = np.asarray(twice, np.float32)[:height, :width]
        plane -= smooth
        plane *= weight
        plane += smooth
    return planes


def _coarser(planes: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Means over 2×2 pixels by weight, and the weights' sums, at most 1."""
    total = _fours(weight)
    mean = np.stack([_fours(plane * weight) for plane in planes])
    mean /= np.maximum(total, np.float32(1e-12))
    return mean, np.minimum(total, 1)


def _fours(plane: Floats) -> Floats:
    """(ceil(h / 2), ceil(w / 2)) sums over 2×2 pixels; beyond the frame there is nothing."""
    height, width = plane.shape
    rows = plane[0::2].copy()
    rows[: height // 2] += plane[1::2]
    out = rows[:, 0::2].copy()
    out[:, : width // 2] += rows[:, 1::2]
    return out
