"""A garment's print bends in the folds of what is worn, as the threads of other cloth do.

What :mod:`~dressform.tryon.shape.fold_shift` moves coordinates by, which are those of a panel's own cloth, is turned
back into the picture by the inverse of their Jacobian; places there are looked up beside themselves.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.shape.coords import ClothMap

__all__ = ["bent", "push_in_window"]

Floats = npt.NDArray[np.float32]

_SIDE = 240  # px of the picture on which it is found
_STEEP = 0.2  # of a cell's area on the cloth that is a jump between panels, or cloth turned away from the viewer
_FINE = 2.0  # px of that picture: radius of the mean
_SLOPE = 0.75  # px a px: from 1 on cloth could be folded over
_TRIES = 4
_STRETCH = 2.0  # of the longest one on the cloth: no place is moved farther in the picture
_LEAST = 1e-3


def push_in_window(cloth_map: ClothMap, push: npt.NDArray[np.float16]) -> Floats:
    """What folds move a cloth by, in the picture.

    Args:
        cloth_map: Coordinates of the cloth.
        push: (h, w, 2), what they have been moved by.

    Returns:
        (h, w, 2) float32 pixels; a place shows what lay so much to the left and so much higher.
    """
    h, w = push.shape[:2]
    step = max(1, round(max(h, w) / _SIDE))
    uv = cloth_map.uv[::step, ::step]
    moved = np.asarray(push[::step, ::step], np.float32)
    if min(uv.shape[:2]) < 2 or not moved.any():
        return np.zeros((h, w, 2), np.float32)
    (ux, vx), (uy, vy) = (_slopes(uv, way, step) for way in ((1, 0), (0, 1)))
    det = ux * vy - uy * vx
    size = ux * ux + vx * vx + uy * uy + vy * vy
    sound = (det > _STEEP * size / 2) & (size < 2 / _STEEP)
    det[~sound] = np.inf
    du, dv = moved[..., 0], moved[..., 1]
    out: Floats = np.stack([(vy * du - uy * dv) / det, (ux * dv - vx * du) / det], axis=-1).astype(np.float32)
    longest, length = (np.hypot(part[..., 0], part[..., 1]) for part in (moved, out))
    out *= np.minimum(1, _STRETCH * longest.max() / np.maximum(length, np.float32(_LEAST)))[..., None]
    side = 2 * round(_FINE) + 1
    out = np.asarray(cv2.GaussianBlur(out, (side, side), _FINE / 2), np.float32)
    for _ in range(_TRIES):  # softly, where it is needed, so that the damping folds nothing over by itself
        limit = np.minimum(1, _SLOPE / np.maximum(_steepness(out, step), np.float32(_LEAST)))
        if limit.min() >= 1:
            break
        limit = cv2.blur(cv2.erode(limit, np.ones((side, side), np.uint8)), (side, side))
        out *= np.asarray(limit, np.float32)[..., None]
    out *= np.float32(min(1.0, _SLOPE / max(float(_steepness(out, step).max()), _LEAST)))
    return np.asarray(cv2.resize(out, (w, h), interpolation=cv2.INTER_LINEAR), np.float32)


def _slopes(field: Floats, way: tuple[int, int], step: int) -> tuple[Floats, Floats]:
    """(h, w) float32 derivatives of both values of a field by x or y, per pixel of the photo."""
    border = cv2.BORDER_REPLICATE
    found = np.asarray(cv2.Sobel(field, cv2.CV_32F, *way, ksize=1, scale=0.5 / step, borderType=border), np.float32)
    ends = found[:, :: found.shape[1] - 1] if way[0] else found[:: len(found) - 1]
    ends *= 2  # at the borders there is one neighbour instead of two
    return found[..., 0], found[..., 1]


def _steepness(field: Floats, step: int) -> Floats:
    """(h, w) float32: how much a field changes from pixel to pixel, at most."""
    slopes = [np.abs(part) for way in ((1, 0), (0, 1)) for part in _slopes(field, way, step)]
    return np.asarray(np.maximum(slopes[0] + slopes[2], slopes[1] + slopes[3]), np.float32)


def bent(source: Floats, push: Floats) -> Floats:
    """(h, w, 2) float32: the coordinates of a panel's box with its cloth moved by ``push``, (h, w, 2)."""
    h, w = source.shape[:2]
    x = np.arange(w, dtype=np.float32)[None] - push[..., 0]
    y = np.arange(h, dtype=np.float32)[:, None] - push[..., 1]
    return np.asarray(cv2.remap(source, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)
