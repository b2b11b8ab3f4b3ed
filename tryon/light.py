"""Linear light: the sRGB transfer function and its inverse.

IEC 61966-2-1. Light adds up only in linear values, so shading, mattes and composites are computed there.
Everything here is per sample, from tables or in NumPy, so results don't depend on threads or on neighbours.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import OptionError

__all__ = ["LUMINANCE", "from_linear", "luminance", "to_linear", "to_srgb"]

Floats = npt.NDArray[np.float32]

LUMINANCE = (0.2126, 0.7152, 0.0722)
"""Share of linear red, green and blue in the luminance Y (Rec. 709 primaries)."""

# Of 1.055 x^(1/2.4) - 0.055 in the fourth root of x, highest power first: a Chebyshev interpolant on
# 0.0031..1, off by at most 0.04 of a 16-bit level. Twice as fast as a table in NumPy.
_POLYNOMIAL = tuple(
    np.float32(value)
    for value in (
        -0.06901476368374246,
        0.36361065631394507,
        -0.8426676120505755,
        1.1556399253599559,
        -1.1262970555023724,
        1.4521261926275626,
        0.1251576304167251,
        -0.0585548,
    )
)
_BAND = 1 << 15  # samples worked on at once; intermediate values then stay in the cache


def to_linear(rgb: npt.NDArray[Any]) -> Floats:
    """sRGB samples as linear light.

    Args:
        rgb: (..., 3) uint8 0..255 or uint16 0..65535, RGB. Any other shape works as well, sample by sample.

    Returns:
        The same shape, float32 in 0..1, a new array.

    Raises:
        OptionError: Another dtype.
    """
    if rgb.dtype not in (np.uint8, np.uint16):
        remedy = "give the samples as they are stored"
        raise OptionError("samples of a wrong type", got=rgb.dtype, allowed="uint8, uint16", remedy=remedy)
    source = np.ascontiguousarray(rgb).reshape(-1)
    table = _decode_table(rgb.dtype.itemsize)
    if rgb.dtype == np.uint8 and source.size:
        return np.asarray(cv2.LUT(source, table), np.float32).reshape(rgb.shape)
    out = np.empty(source.shape, np.float32)
    for start in range(0, source.size, _BAND):  # NumPy makes eight bytes of every index first
        np.take(table, source[start : start + _BAND], out=out[start : start + _BAND])
    return out.reshape(rgb.shape)


def to_srgb(linear: npt.NDArray[np.floating[Any]]) -> Floats:
    """Linear light as sRGB samples, not yet rounded.

    Args:
        linear: (..., 3) float; what lies outside 0..1 is clipped first. NaN becomes 0.

    Returns:
        The same shape, float32 in 0..1, a new array.
    """
    return _encode(linear, np.dtype(np.float32), 1.0)


def from_linear(linear: npt.NDArray[np.floating[Any]], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Linear light as sRGB samples of a photo: clipped and rounded to nearest, once.

    ``from_linear(to_linear(x), x.dtype)`` is ``x`` for every 8- and 16-bit value.

    Args:
        linear: (..., 3) float, clipped to 0..1. NaN becomes 0.
        dtype: uint8 or uint16.

    Raises:
        OptionError: Another dtype.
    """
    wanted = np.dtype(dtype)
    if wanted not in (np.uint8, np.uint16):
        raise OptionError("samples of a wrong type", got=wanted, allowed="uint8, uint16")
    return _encode(linear, wanted, float(np.iinfo(wanted).max))


def luminance(linear: Floats) -> Floats:
    """(...) float32 luminance Y of (..., 3) linear RGB."""
    red, green, blue = (np.float32(share) for share in LUMINANCE)
    y: Floats = linear[..., 0] * red
    y += linear[..., 1] * green
    y += linear[..., 2] * blue
    return y


@lru_cache(maxsize=2)
def _decode_table(size: int) -> Floats:
    """(256,) or (65536,) float32: linear light of every sample of ``size`` bytes."""
    coded = np.linspace(0, 1, 1 << 8 * size)
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4)
    table = linear.astype(np.float32)
    table.flags.writeable = False
    return table


def _encode(linear: npt.NDArray[np.floating[Any]], dtype: np.dtype[Any], scale: float) -> npt.NDArray[Any]:
    source = np.ascontiguousarray(linear).reshape(-1)
    out = np.empty(source.shape, dtype)
    for start in range(0, source.size, _BAND):
        x = source[start : start + _BAND].astype(np.float32)
        np.fmax(x, np.float32(0), out=x)  # fmax and not maximum: NaN becomes 0
        np.minimum(x, np.float32(1), out=x)
        coded = _curve(x)
        x *= np.float32(12.92)
        np.copyto(coded, x, where=x <= np.float32(12.92 * 0.0031308))
        if dtype.kind == "u":
            coded *= np.float32(scale)
            np.rint(coded, out=coded)
        out[start : start + _BAND] = coded
    return out.reshape(linear.shape)


def _curve(x: Floats) -> Floats:
    """1.055 x^(1/2.4) - 0.055 for x in 0.0031..1, from operations that every machine rounds alike."""
    root = np.sqrt(x)
    np.sqrt(root, out=root)
    y = root * _POLYNOMIAL[0]
    for coefficient in _POLYNOMIAL[1:-1]:
        y += coefficient
        y *= root
    y += _POLYNOMIAL[-1]
    return np.minimum(y, np.float32(1), out=y)
