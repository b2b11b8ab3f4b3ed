"""Textures from small tables of random numbers: the same at every size of the picture, in units of the scene."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Floats", "clouds", "hatched", "less_for", "resized", "soften", "split", "step"]

Floats = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.floating[Any]]
_TABLE = 512  # samples; a texture repeats after that many
_FINE = 6.0  # pixels; what is smooth over that many is made at a lower resolution


def clouds(shape: tuple[int, ...], cell: float, seed: int, *, octaves: int = 1) -> Floats:
    """Smooth noise without direction.

    Args:
        shape: Of the picture; the first two are height and width in pixels.
        cell: Size of its largest features in pixels; below 1 counts as 1.
        seed: Any whole number.
        octaves: How many times noise of half the size and strength is added.

    Returns:
        (height, width) float32, about normal: mean 0, standard deviation 1. It begins in the upper left corner, so that
        pictures of several sizes show the same.
    """
    total: Floats | None = None
    power = 0.0
    for k in range(octaves):
        size = max(cell / 2**k, 1.0)
        less = less_for(size)
        layer = _smooth(-(-shape[0] // less), -(-shape[1] // less), size / less, seed * 8 + k)
        # Octaves go from coarse to fine: each begins with the sum of those before, at its own resolution.
        total = layer if total is None else np.asarray(cv2.scaleAdd(layer, 0.5**k, resized(total, layer.shape)))
        power += 0.25**k
        if size <= 1:
            break
    assert total is not None
    total *= np.float32(1 / math.sqrt(power))
    return resized(total, shape)


def less_for(size: float) -> int:
    """The power of two by which a picture may be reduced when nothing in it is smaller than ``size`` pixels."""
    return 1 << max(0, int(math.log2(max(size, 1.0) / _FINE)))


def resized(field: Floats, shape: tuple[int, ...]) -> Floats:
    """A plane or picture at another resolution, (height, width) being the first two of ``shape``."""
    if field.shape[:2] == tuple(shape[:2]):
        return field
    kind = cv2.INTER_LINEAR if field.shape[0] < shape[0] else cv2.INTER_AREA
    return np.asarray(cv2.resize(field, (shape[1], shape[0]), interpolation=kind))


def _smooth(height: int, width: int, cell: float, seed: int) -> Floats:
    """One octave. Samples lie half a cell apart and are blurred, so that their grid does not show."""
    step = cell / 2
    rows, columns = math.ceil(height / step) + 2, math.ceil(width / step) + 2
    tiled = _table(seed, rows, columns)
    size = max(round(columns * step), width), max(round(rows * step), height)
    kind = cv2.INTER_CUBIC if step > 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(tiled, size, interpolation=kind)[:height, :width])


def hatched(shape: tuple[int, ...], cell: float, length: float, angle: float, seed: int) -> Floats:
    """Noise drawn out along one direction, like strokes of a pencil laid side by side.

    Args:
        shape: Of the picture; the first two are height and width in pixels.
        cell, length: Size of its features across and along, in pixels; below 1 counts as 1.
        angle: Of the strokes, degrees clockwise from horizontal.
        seed: Any whole number.

    Returns:
        (height, width) float32, mean about 0, standard deviation about 1.
    """
    less = 2 if cell >= 4 else 1
    height, width = -(-shape[0] // less), -(-shape[1] // less)
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    along, across = 2 * less / max(length, 1.0), 2 * less / max(cell, 1.0)
    top, left, turned = _place(seed)
    matrix = np.array([[c * along, s * along, left], [-s * across, c * across, top]], np.float64)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    table = np.ascontiguousarray(_numbers().T) if turned else _numbers()
    field = cv2.warpAffine(table, matrix, (width, height), flags=flags, borderMode=cv2.BORDER_WRAP)
    return resized(np.asarray(field), shape)


def _table(seed: int, rows: int, columns: int) -> Floats:
    """(rows, columns) smooth random numbers of standard deviation 1, from another place of one table for each seed."""
    top, left, turned = _place(seed)
    table = _numbers().T if turned else _numbers()
    down, across = (np.arange(first, first + count) % _TABLE for first, count in ((top, rows), (left, columns)))
    return np.ascontiguousarray(table.take(down, axis=0).take(across, axis=1))


def _place(seed: int) -> tuple[int, int, bool]:
    """Where in the table a seed begins, and whether rows and columns are exchanged."""
    top, left, turned = np.random.default_rng(seed % 2**63).integers([_TABLE, _TABLE, 2]).tolist()
    return int(top), int(left), bool(turned)


@cache
def _numbers() -> Floats:
    """(_TABLE, _TABLE) random numbers of standard deviation 1, blurred by one sample, that may be put side by side."""
    raw = np.random.default_rng(_TABLE).standard_normal((_TABLE, _TABLE), np.float32)
    table = cv2.GaussianBlur(np.pad(raw, 4, mode="wrap"), (9, 9), 1.0)[4:-4, 4:-4]
    result = np.ascontiguousarray(table * np.float32(1 / table.std()), np.float32)
    result.flags.writeable = False
    return result


def soften(field: Floats, sigma: float) -> Floats:
    """A plane or picture blurred by a Gaussian of ``sigma`` pixels, large ones at a lower resolution.

    Beyond the border it goes on as it ends, so that what is cut off by the canvas shows no edge there.
    """
    if sigma <= 0.15:
        return field
    height, width = field.shape[:2]
    less = less_for(sigma * 3)
    border = cv2.BORDER_REPLICATE
    if less == 1 or min(height, width) < 8 * less:
        return np.asarray(cv2.GaussianBlur(field, (0, 0), sigma, borderType=border))
    small = resized(field, (-(-height // less), -(-width // less)))
    return resized(np.asarray(cv2.GaussianBlur(small, (0, 0), sigma / less, borderType=border)), (height, width))


def step(field: Numbers, low: float | Numbers, high: float | Numbers) -> Floats:
    """0 up to ``low``, 1 from ``high`` on, smooth between; a new array of float32."""
    t = np.asarray((field - low) / (high - low), np.float32)
    np.clip(t, 0, 1, out=t)
    return np.asarray(t * t * (3 - 2 * t))


def split(pixels: Floats) -> tuple[list[Floats], Floats]:
    """The planes of red, green and blue, and that of alpha; new arrays."""
    planes = [np.asarray(plane, np.float32) for plane in cv2.split(pixels)]
    return planes[:3], planes[3]
