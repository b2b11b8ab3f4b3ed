"""Reads cloth at the coordinates of a panel: repeating tiles and single pieces of artwork, without moiré.

Coordinates are uv: u to the right in the picture, v down, in pixels of arc length on the cloth. A footprint says how
much uv one pixel of the photo covers, 1 where the cloth faces the camera. Everything is in linear light.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import OptionError
from dressform.tryon.cloth.mips import build_levels

__all__ = ["pixel_footprint", "sample_artwork", "sample_tile"]

Floats = npt.NDArray[np.float32]

_BAND = 1 << 16  # px worked on at once; intermediate values then stay in the cache
_STEEPEST = 8.0  # uv a pixel covers at most; more is a jump between panels


def sample_tile(
    picture: Floats,
    uv: Floats,
    footprint: Floats,
    *,
    repeat: float,
    aspect: float | None = None,
    angle: float = 0.0,
    drop: float = 0.0,
    mirror: bool = False,
    offset: tuple[float, float] = (0.0, 0.0),
) -> Floats:
    """A picture that repeats over the cloth.

    The middle of one repeat runs down the line u = 0, its upper edge lies on v = 0.

    Args:
        picture: (h, w, 3) float32 in linear light.
        uv: (H, W, 2) float32, finite.
        footprint: (H, W) float32 above 0.
        repeat: Width of one repeat in uv.
        aspect: Height of a repeat over its width; None: as the picture's pixels have it.
        angle: Degrees by which the pattern is turned clockwise as seen in the photo.
        drop: How far each column of repeats stands lower than the one left of it, in shares of its height.
        mirror: Every other column and row is mirrored.
        offset: How far the pattern is moved right and down along its own axes, in shares of one repeat.

    Returns:
        (H, W, 3) float32 in linear light.

    Raises:
        OptionError: Shapes that do not fit, coordinates that are not finite, footprints that are not above 0.
    """
    least, most = _check(uv, footprint)
    h, w = picture.shape[:2]
    out = np.empty((*uv.shape[:2], picture.shape[2]), np.float32)
    if (h, w) == (1, 1):
        out[:] = picture[0, 0]
        return out
    density = w / repeat  # texels per uv
    levels = build_levels(picture, least * density, most * density, drop=drop, mirror=mirror, pixels=footprint.size)
    turn = _turn(angle) / np.array([[repeat], [repeat * (aspect or h / w)]])
    for rows in _bands(uv):
        x, y = _affine(uv[rows], turn, (0.5 - offset[0], -offset[1]))
        column = np.floor(x)
        if drop:
            y -= column * np.float32(drop)
        row = np.floor(y)
        x -= column
        y -= row
        if mirror:
            x, y = _folded(x, column), _folded(y, row)
        out[rows] = levels.read(x, y, footprint[rows] * np.float32(density))
    return out


def sample_artwork(
    picture: Floats,
    uv: Floats,
    footprint: Floats,
    *,
    centre: tuple[float, float],
    width: float,
    aspect: float | None = None,
    angle: float = 0.0,
) -> tuple[tuple[slice, slice], Floats] | None:
    """A picture that lies on the cloth once.

    Args:
        picture: (h, w, 4) float32: linear light times alpha, and alpha.
        uv: (H, W, 2) float32, finite.
        footprint: (H, W) float32 above 0.
        centre: Where its middle lies, in uv.
        width: Its width in uv.
        aspect: Its height over its width; None: as the picture's pixels have it.
        angle: Degrees by which it is turned clockwise as seen in the photo.

    Returns:
        Rows and columns of the window that it covers, and (h', w', 4) float32 of the same kind as ``picture`` for
        that window; None if it is nowhere to be seen.

    Raises:
        OptionError: Shapes that do not fit, coordinates that are not finite, footprints that are not above 0.
    """
    _check(uv, footprint)
    h, w = picture.shape[:2]
    size = np.array([[width], [width * (aspect or h / w)]])
    turn = _turn(angle) / size
    shift = 0.5 - (turn * np.array(centre)).sum(1)
    window = _seen(uv, footprint, turn, (float(shift[0]), float(shift[1])), size)
    if window is None:
        return None
    uv, footprint = uv[window], footprint[window]
    least, density = float(footprint.min()), w / width
    if width < least / 4:
        return None
    footprint = np.minimum(footprint, np.float32(_STEEPEST * least))
    most = float(footprint.max()) * density
    # Clear texels all around, more than a pixel reads: outside it is read there, and its own border stays soft.
    margin = math.ceil(most) + 2
    padded = np.pad(picture, ((margin, margin), (margin, margin), (0, 0)))
    levels = build_levels(padded, least * density, most, pixels=footprint.size)
    scale = np.array([w / (w + 2 * margin), h / (h + 2 * margin)])
    turn, shift = turn * scale[:, None], (shift - 0.5) * scale + 0.5
    out = np.empty((*uv.shape[:2], 4), np.float32)
    for rows in _bands(uv):
        x, y = _affine(uv[rows], turn, (float(shift[0]), float(shift[1])))
        np.clip(x, 0, 1, out=x)
        np.clip(y, 0, 1, out=y)
        out[rows] = levels.read(x, y, footprint[rows] * np.float32(density))
    return window, out


def pixel_footprint(uv: Floats) -> Floats:
    """(H, W) float32 footprints of (H, W, 2) coordinates: how far uv goes from a pixel to the next, at most.

    The larger one of the steps to the right and down, so that there is no moiré where cloth turns away from the
    camera. Jumps between panels are cut to a few pixels.
    """
    steps = []
    for axis in (1, 0):
        if uv.shape[axis] < 2:
            steps.append(np.ones(uv.shape[:2], np.float32))
            continue
        change = np.diff(uv, axis=axis)
        size = np.sqrt(change[..., 0] ** 2 + change[..., 1] ** 2)
        last = size[:, -1:] if axis == 1 else size[-1:]
        steps.append(np.concatenate([size, last], axis=axis))
    return np.clip(np.maximum(*steps), 1 / _STEEPEST, _STEEPEST).astype(np.float32)


def _check(uv: Floats, footprint: Floats) -> tuple[float, float]:
    """The least and the greatest footprint."""
    if uv.ndim != 3 or uv.shape[2] != 2 or uv.dtype != np.float32 or 0 in uv.shape:
        raise OptionError("bad coordinates", got=f"{uv.dtype} {uv.shape}", allowed="float32 (H, W, 2), H, W >= 1")
    if footprint.shape != uv.shape[:2] or footprint.dtype != np.float32:
        got = f"{footprint.dtype} {footprint.shape}"
        raise OptionError("footprints do not fit the coordinates", got=got, allowed=f"float32 {uv.shape[:2]}")
    least, most = float(footprint.min()), float(footprint.max())
    if not (least > 0 and math.isfinite(most)):  # False for NaN as well
        raise OptionError("bad footprints", got=f"{least} to {most}", allowed="finite, above 0")
    if not math.isfinite(float(uv.min())) or not math.isfinite(float(uv.max())):
        raise OptionError("bad coordinates", got="NaN or infinity", allowed="finite numbers")
    return least, most


def _turn(angle: float) -> npt.NDArray[np.float64]:
    """(2, 2): coordinates of the photo in the axes of a pattern that is turned clockwise."""
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return np.array([[c, s], [-s, c]])


def _affine(uv: Floats, matrix: npt.NDArray[np.float64], shift: tuple[float, float]) -> tuple[Floats, Floats]:
    (a, b), (c, d) = matrix.astype(np.float32)
    u, v = uv[..., 0], uv[..., 1]
    x, y = u * a, u * c
    x += v * b
    y += v * d
    x += np.float32(shift[0])
    y += np.float32(shift[1])
    return x, y


def _bands(uv: Floats) -> list[slice]:
    rows = max(1, _BAND // uv.shape[1])
    return [slice(top, min(top + rows, len(uv))) for top in range(0, len(uv), rows)]


def _folded(place: Floats, number: Floats) -> Floats:
    """Places 0..1 counted from the other end in every second repeat."""
    odd = number - 2 * np.floor(number / 2)
    return np.asarray(np.abs(odd - place), np.float32)


def _seen(
    uv: Floats,
    footprint: Floats,
    turn: npt.NDArray[np.float64],
    shift: tuple[float, float],
    size: npt.NDArray[np.float64],
) -> tuple[slice, slice] | None:
    """Window of the pixels that a piece of this (2, 1) width and height reaches."""
    rows = np.zeros(uv.shape[0], np.bool_)
    columns = np.zeros(uv.shape[1], np.bool_)
    half, (across, down) = np.float32(0.5), (1 / size[:, 0]).astype(np.float32)
    for band in _bands(uv):
        x, y = _affine(uv[band], turn, shift)
        near = np.abs(x - half) <= half + footprint[band] * across
        near &= np.abs(y - half) <= half + footprint[band] * down
        rows[band] = near.any(axis=1)
        columns |= near.any(axis=0)
    if not rows.any():
        return None
    return _ends(rows), _ends(columns)


def _ends(flags: npt.NDArray[np.bool_]) -> slice:
    found = np.flatnonzero(flags)
    return slice(int(found[0]), int(found[-1]) + 1)
