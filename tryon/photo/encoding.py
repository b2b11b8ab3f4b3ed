"""What the samples of a photo mean as light: sRGB, or the primaries and curves of its ICC profile.

ICC.1:2022, sections 8.3 (three-component matrix-based profiles), 10.6 (curveType), 10.18 (parametricCurveType). The
matrix and its inverse are used as they are, so light outside sRGB's gamut goes through unclipped.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from dressform.tryon.light import from_linear, to_linear

__all__ = ["SRGB", "CurveEncoding", "Encoding", "grey_profile_as_rgb", "read_profile"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Samples = npt.NDArray[Any]

# Columns: red, green and blue of sRGB as XYZ, adapted to D50 (Bradford), as ICC profiles hold them.
_SRGB_XYZ = np.array(
    [
        [0.4360747, 0.3850649, 0.1430804],
        [0.2225045, 0.7168786, 0.0606169],
        [0.0139322, 0.0971045, 0.7141733],
    ]
)
_NODES = 4097  # points of a curve
_MOST_TAGS = 200


class Encoding(Protocol):
    """Turns samples of a photo into light and back, pixel by pixel."""

    def to_linear(self, samples: Samples) -> Floats:
        """(..., 3) float32 linear light in sRGB's primaries, from (..., 3) uint8 or uint16."""

    def from_linear(self, linear: Floats, dtype: npt.DTypeLike) -> Samples:
        """The samples for (..., 3) linear light, clipped and rounded once."""


@dataclass(frozen=True)
class _Srgb:
    def to_linear(self, samples: Samples) -> Floats:
        return to_linear(samples)

    def from_linear(self, linear: Floats, dtype: npt.DTypeLike) -> Samples:
        return from_linear(linear, dtype)


SRGB: Encoding = _Srgb()
"""IEC 61966-2-1, what photos without a profile are taken for."""


@dataclass(frozen=True, eq=False)
class CurveEncoding:
    """A matrix-based RGB profile.

    Attributes:
        curves: (3, 4097) float64 rising from 0 to 1, linear light of evenly spaced samples, per channel.
        matrix: (3, 3) float64, from the profile's linear RGB to sRGB's.
    """

    curves: Doubles
    matrix: Doubles

    def to_linear(self, samples: Samples) -> Floats:
        full = np.iinfo(samples.dtype).max
        at = np.linspace(0, 1, full + 1)
        nodes = np.linspace(0, 1, _NODES)
        light = np.empty(samples.shape, np.float32)
        for channel, curve in enumerate(self.curves):
            table = np.interp(at, nodes, curve).astype(np.float32)
            light[..., channel] = np.take(table, samples[..., channel])
        return _multiplied(light, self.matrix)

    def from_linear(self, linear: Floats, dtype: npt.DTypeLike) -> Samples:
        wanted = np.dtype(dtype)
        full = np.iinfo(wanted).max
        light = _multiplied(linear, np.asarray(np.linalg.inv(self.matrix), np.float64))
        nodes = np.linspace(0, 1, _NODES)
        out = np.empty(linear.shape, wanted)
        for channel, curve in enumerate(self.curves):
            value = np.nan_to_num(np.clip(light[..., channel], 0, 1))
            out[..., channel] = np.rint(np.interp(value, curve, nodes) * full)
        return out


def _multiplied(light: Floats, matrix: Doubles) -> Floats:
    """(..., 3) colours times a matrix; written out, for BLAS may add up in another order on another machine."""
    m = matrix.astype(np.float32)
    rows = [light[..., 0] * m[k, 0] + light[..., 1] * m[k, 1] + light[..., 2] * m[k, 2] for k in range(3)]
    return np.stack(rows, axis=-1)


def read_profile(profile: bytes, *, grey: bool = False) -> Encoding | None:
    """The encoding that an ICC profile describes; None if it is broken or not made of curves and a matrix.

    What differs from sRGB by less than an 8-bit level counts as sRGB.

    Args:
        profile: The whole profile.
        grey: Whether the photo is grey; then a grey profile will do, and its curve holds for all three channels.
    """
    try:
        tags = _tags(profile)
        space = profile[16:20]
        if space == b"GRAY" and grey:
            curves = np.stack([_curve(tags[b"kTRC"])] * 3)
            return _known(curves, np.eye(3))
        if space != b"RGB " or profile[20:24] != b"XYZ ":
            return None
        curves = np.stack([_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC")])
        primaries = np.stack([_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")], axis=1)
        if not 0.01 < abs(np.linalg.det(primaries)) < 2:
            return None
        return _known(curves, np.linalg.inv(_SRGB_XYZ) @ primaries)
    except (KeyError, ValueError, struct.error, IndexError, np.linalg.LinAlgError):
        return None


def _known(curves: Doubles, matrix: Doubles) -> Encoding:
    levels = np.arange(256, dtype=np.uint8)
    light = to_linear(levels).astype(np.float64)
    at = np.linspace(0, 1, 256)
    coded = [np.interp(light, curve, np.linspace(0, 1, _NODES)) for curve in curves]
    same = max(float(np.abs(values - at).max()) for values in coded) < 0.6 / 255
    return SRGB if same and np.abs(matrix - np.eye(3)).max() < 2e-3 else CurveEncoding(curves, matrix)


def _tags(profile: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", profile, 128)
    if count > _MOST_TAGS:
        raise ValueError("too many tags")
    out = {}
    for k in range(count):
        name, start, size = struct.unpack_from(">4sII", profile, 132 + 12 * k)
        if start + size > len(profile):
            raise ValueError("a tag reaches beyond the profile")
        out[name] = profile[start : start + size]
    return out


def _xyz(tag: bytes) -> Doubles:
    if tag[:4] != b"XYZ ":
        raise ValueError("no colour")
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def _curve(tag: bytes) -> Doubles:
    """(4097,) float64: a curve from 0 to 1 that never falls."""
    at = np.linspace(0, 1, _NODES)
    if tag[:4] == b"curv":
        (count,) = struct.unpack_from(">I", tag, 8)
        if count > 1 << 16:
            raise ValueError("too long a curve")
        values = np.frombuffer(tag, ">u2", count, 12).astype(np.float64)
        if count == 0:
            return at
        if count == 1:
            return np.asarray(at ** max(values[0] / 256, 0.01))
        out = np.interp(at, np.linspace(0, 1, count), values / 65535)
    elif tag[:4] == b"para":
        out = _parametric(tag, at)
    else:
        raise ValueError("no curve")
    out = np.maximum.accumulate(np.clip(np.nan_to_num(out), 0, 1))
    if out[-1] - out[0] < 0.5:
        raise ValueError("no curve that a photo could have")
    # Flat stretches have no inverse; the slightest rise gives them one.
    return np.asarray(out * (1 - 1e-9) + at * 1e-9)


def _parametric(tag: bytes, x: Doubles) -> Doubles:
    (kind,) = struct.unpack_from(">H", tag, 8)
    count = (1, 3, 4, 5, 7)[kind]
    g, a, b, c, d, e, f = (np.array(struct.unpack_from(f">{count}i", tag, 12)) / 65536).tolist() + [0.0] * (7 - count)
    if kind == 0:
        return np.asarray(x**g)
    power = np.maximum(a * x + b, 0) ** g
    if kind == 1:
        return np.asarray(np.where(x >= -b / a, power, 0)) if a else power
    if kind == 2:
        return np.asarray(np.where(x >= -b / a, power + c, c)) if a else power + c
    return np.asarray(np.where(x >= d, power + e, c * x + f))


def grey_profile_as_rgb(profile: bytes) -> bytes | None:
    """An RGB profile with sRGB's primaries and a grey profile's curve, in which equal samples mean the same grey.

    None if the profile is not a grey one with a curve.
    """
    try:
        curve = _tags(profile)[b"kTRC"]
        if profile[16:20] != b"GRAY":
            return None
        _curve(curve)
    except (KeyError, ValueError, struct.error, IndexError):
        return None
    fixed = [struct.pack(">4s4x3i", b"XYZ ", *np.rint(column * 65536).astype(int).tolist()) for column in _SRGB_XYZ.T]
    white = struct.pack(">4s4x3i", b"XYZ ", 63190, 65536, 54061)
    name = b"Grey photo in colour\0"
    text = struct.pack(">4s4xI", b"desc", len(name)) + name + bytes(78)
    legal = b"text" + bytes(4) + b"No copyright, use freely\0"
    tags = [(b"desc", text), (b"cprt", legal), (b"wtpt", white)]
    tags += list(zip((b"rXYZ", b"gXYZ", b"bXYZ"), fixed, strict=True))
    tags += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    table, body = b"", b""
    start = 128 + 4 + 12 * len(tags)
    for tag, data in tags:
        table += struct.pack(">4sII", tag, start + len(body), len(data))
        body += data + bytes(-len(data) % 4)
    size = start + len(body)
    head = struct.pack(">I4x4s4s4s4s12x4s", size, bytes((2, 0x40, 0, 0)), b"mntr", b"RGB ", b"XYZ ", b"acsp")
    head += bytes(28) + struct.pack(">3i", 63190, 65536, 54061)
    return head.ljust(128, b"\0") + struct.pack(">I", len(tags)) + table + body
