"""Coordinates of cloth of no known build: its outline is blown up to a pillow, and the pillow is laid flat.

The height of the pillow tells by how much the cloth is seen foreshortened, and in which direction; the map whose
gradient comes nearest to that everywhere is found on a coarse grid with free borders. Nothing has to be known but the
outline, and nothing folds over.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.scores import Window
from dressform.tryon.shape.frames import Frame, enlarged, grid_points
from dressform.tryon.shape.grid_solve import integrate, pillow

__all__ = ["sheet_coordinates"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
_SIDE = 56  # nodes along the larger side
_STEEPEST = 1.4  # height per node: cloth is never squeezed more than 1.7:1
_LEAST_DET = 0.1
_TRIES = 5
_DENSE = 0.15  # of a cell: so far apart the spline is looked up, with straight lines between
_ROUND = 1.2  # of a pillow: clothes lie flatter on bodies than tubes


def sheet_coordinates(frame: Frame, backing: Mask, size: tuple[int, int], box: Window) -> Floats:
    """Coordinates on a pillow of this outline.

    Args:
        frame: Its axis from the first to the last point tells where v grows to; its origin where v is 0.
        backing: (h', w') bool over the whole window, at any resolution.
        size: (width, height) of the window in pixels.
        box: (x0, y0, x1, y1) the pixels wanted, in the window.

    Returns:
        (h, w, 2) float32, finite everywhere, in pixels of cloth.
    """
    width, height = size
    cell = max(width, height) / _SIDE
    shape = (max(3, round(height / cell)), max(3, round(width / cell)))
    cover = np.asarray(cv2.resize(backing.astype(np.float32), shape[::-1], interpolation=cv2.INTER_AREA))
    inside = np.pad(cover > 0.5, 1)
    if not inside.any():
        inside = np.pad(cover >= cover.max(), 1)
    step = (width / shape[1], height / shape[0])
    height_map = pillow(inside, _ROUND)
    steepest = _STEEPEST
    for _ in range(_TRIES):
        extra = _stretched(height_map, inside, steepest, step)
        if _sound(extra, step, size):
            break
        steepest *= 0.5
    else:
        extra = np.zeros_like(extra)
    out = _pixels(box)
    for c in (0, 1):
        out[..., c] += _drawn(extra[c], step, box)
    return _turned(out, frame, extra, step)


def _stretched(
    height_map: npt.NDArray[np.float64], inside: Mask, steepest: float, step: tuple[float, float]
) -> npt.NDArray[np.float64]:
    """(2, h, w) what is to be added to x and y at the nodes so that the pillow lies flat."""
    slope_y, slope_x = (np.clip(g, -steepest, steepest) for g in np.gradient(height_map))
    square = slope_x**2 + slope_y**2
    # The square root of the first fundamental form 1 + g gᵀ: a symmetric stretch along the slope, without a turn.
    more = (np.sqrt(1 + square) - 1) / np.maximum(square, 1e-9)
    jxx, jxy, jyy = more * slope_x**2, more * slope_x * slope_y, more * slope_y**2
    right = np.stack([_middles(jxx, 1) * step[0], _middles(jxy, 1) * step[0]])
    down = np.stack([_middles(jxy, 0) * step[1], _middles(jyy, 0) * step[1]])
    return _spread(integrate(right, down, inside), inside)


def _sound(extra: npt.NDArray[np.float64], step: tuple[float, float], size: tuple[int, int]) -> bool:
    """Whether nothing folds over, looked at all over the window at three places per cell and direction."""
    x, y = (np.arange(0.0, size[k], max(step[k] / 3, 1.0)) for k in (0, 1))
    field = [_sampled(extra[c], step, x, y).astype(np.float64) for c in (0, 1)]
    if min(len(x), len(y)) < 3:
        return True
    (xx, xy), (yx, yy) = ([np.gradient(f, x, axis=1), np.gradient(f, y, axis=0)] for f in field)
    return bool(((1 + xx) * (1 + yy) - xy * yx).min() > _LEAST_DET)


def _middles(values: npt.NDArray[np.float64], axis: int) -> npt.NDArray[np.float64]:
    low, high = (values[:-1], values[1:]) if axis == 0 else (values[:, :-1], values[:, 1:])
    return 0.5 * (low + high)


def _pixels(box: Window) -> Floats:
    """(h, w, 2) x, y of the middles of the pixels of a box."""
    x = np.arange(box[0], box[2], dtype=np.float32) + 0.5
    y = np.arange(box[1], box[3], dtype=np.float32) + 0.5
    out = np.empty((len(y), len(x), 2), np.float32)
    out[..., 0], out[..., 1] = x, y[:, None]
    return out


def _spread(field: npt.NDArray[np.float64], inside: Mask) -> npt.NDArray[np.float64]:
    """The field with its border values carried outwards, so that it can be read beyond the outline."""
    known = inside.copy()
    out = field.copy()
    kernel = np.ones((3, 3), np.float64)
    while not known.all():
        weight = np.asarray(cv2.filter2D(known.astype(np.float64), -1, kernel, borderType=cv2.BORDER_CONSTANT))
        new = ~known & (weight > 0)
        for c in range(len(out)):
            total = np.asarray(cv2.filter2D(np.where(known, out[c], 0.0), -1, kernel, borderType=cv2.BORDER_CONSTANT))
            out[c][new] = total[new] / weight[new]
        known |= new
    return out


def _drawn(field: npt.NDArray[np.float64], cell: tuple[float, float], box: Window) -> Floats:
    """(h, w) a field of the padded grid at the pixels of a box, smoothly."""
    step = max(1, int(_DENSE * max(cell)))
    points, shape = grid_points(box, step)
    nodes = points.reshape(*shape, 2).astype(np.float64)
    return enlarged(_sampled(field, cell, nodes[0, :, 0], nodes[:, 0, 1]), box, step)


def _sampled(
    field: npt.NDArray[np.float64],
    step: tuple[float, float],
    x: npt.NDArray[np.float64],
    y: npt.NDArray[np.float64],
) -> Floats:
    """(len(y), len(x)) a field of the padded grid at places of the window."""
    h, w = field.shape
    rows, columns = _cubic(y / step[1] + 0.5, h), _cubic(x / step[0] + 0.5, w)
    # Rows first: the intermediate picture is small, and no interpolation table of OpenCV's limits the precision.
    half = np.sum([weight[:, None] * field[index] for index, weight in rows], 0).astype(np.float32)
    out = np.zeros((len(y), len(x)), np.float32)
    for index, weight in columns:
        out += weight.astype(np.float32) * half[:, index]
    return out


def _cubic(at: npt.NDArray[np.float64], count: int) -> list[tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]]:
    """Nodes and weights of uniform cubic B-splines at positions: twice differentiable, at the cost of some detail."""
    k = np.floor(at).astype(np.int64)
    t = at - k
    weights = ((1 - t) ** 3 / 6, (3 * t**3 - 6 * t**2 + 4) / 6, (-3 * t**3 + 3 * t**2 + 3 * t + 1) / 6, t**3 / 6)
    return [(np.clip(k - 1 + n, 0, count - 1), weight) for n, weight in enumerate(weights)]


def _turned(xy: Floats, frame: Frame, extra: npt.NDArray[np.float64], step: tuple[float, float]) -> Floats:
    """Coordinates, turned in place, with v along the frame's axis, u = 0 on its first point and v = 0 at its origin."""
    way = frame.axis[-1].astype(np.float64) - frame.axis[0]
    way /= max(float(np.hypot(*way)), 1e-9)
    start = frame.axis[0] + frame.origin * way
    at = (
        int(np.clip(start[1] / step[1] + 0.5, 0, extra.shape[1] - 1)),
        int(np.clip(start[0] / step[0] + 0.5, 0, extra.shape[2] - 1)),
    )
    zero = start + extra[:, at[0], at[1]]
    x, y = xy[..., 0] - np.float32(zero[0]), xy[..., 1] - np.float32(zero[1])
    dx, dy = np.float32(way[0]), np.float32(way[1])
    xy[..., 0], xy[..., 1] = dy * x - dx * y, dx * x + dy * y
    return xy
