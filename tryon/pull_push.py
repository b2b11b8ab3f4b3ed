"""Colours diffused from where they are known to everywhere else.

Gortler, Grzeszczuk, Szeliski, Cohen, "The Lumigraph", SIGGRAPH 1996, section 3.4: known values are averaged into
coarser and coarser pictures (pull), and gaps are filled from the next coarser one (push).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.gather import Pixels

__all__ = ["doubled_at", "halved", "pull_push"]

Floats = npt.NDArray[np.float32]
Weight = npt.NDArray[np.float32] | npt.NDArray[np.bool_]


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


def halved(values: Floats, weight: Weight) -> tuple[Floats, Floats]:
    """Means over 2×2 pixels by weight: the first step of :func:`pull_push`, for work on half the size.

    Args:
        values: (h, w, c) float32, finite.
        weight: (h, w) 0..1 or bool, how well each value is known.

    Returns:
        (ceil(h / 2), ceil(w / 2), c) float32 means, 0 where nothing is known, and (ceil(h / 2), ceil(w / 2)) float32
        weights, at most 1.
    """
    height, width = weight.shape
    trust = np.asarray(weight, np.float32)
    rest = (0, height % 2, 0, width % 2, cv2.BORDER_CONSTANT)
    size = ((width + 1) // 2, (height + 1) // 2)
    known = cv2.copyMakeBorder(values * trust[:, :, None], *rest)
    mean = np.asarray(cv2.resize(known, size, interpolation=cv2.INTER_AREA), np.float32)
    share = np.asarray(cv2.resize(cv2.copyMakeBorder(trust, *rest), size, interpolation=cv2.INTER_AREA), np.float32)
    mean /= np.maximum(share, np.float32(1e-12))[:, :, None]
    return mean, np.minimum(4 * share, 1)


def doubled_at(half: Floats, pixels: Pixels) -> Floats:
    """(n, c) float32: values (ceil(h / 2), ceil(w / 2), c) at some pixels of a window of twice the size, bilinear."""
    rows, columns, channels = half.shape
    flat = half.reshape(-1, channels)
    y, x = np.divmod(pixels.where, pixels.shape[1])
    # Three quarters of the cell that holds the pixel, one quarter of the next one.
    beside_y = np.clip(y // 2 + 2 * (y % 2) - 1, 0, rows - 1)
    beside_x = np.clip(x // 2 + 2 * (x % 2) - 1, 0, columns - 1)
    out = np.zeros((len(pixels), channels), np.float32)
    for row, tall in ((y // 2, 0.75), (beside_y, 0.25)):
        for column, wide in ((x // 2, 0.75), (beside_x, 0.25)):
            out += np.take(flat, row * columns + column, axis=0) * np.float32(tall * wide)
    return out


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
