"""Where a pixel lies on a tube of cloth: how far along its centre line, how far beside it.

Both are smooth, so they are found on a coarse grid and drawn from there on the full one; only around creases, where
two halves of a bent limb meet, each pixel is looked up by itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.scores import Window
from dressform.tryon.shape.axis import Axis, arc_lengths

__all__ = ["Frame", "Place", "enlarged", "grid_points", "grid_step", "locate", "make_frame", "pinned"]

Floats = npt.NDArray[np.float32]
_NODES = 4500  # of the coarse grid
_NEWTON = 3


@dataclass(frozen=True, eq=False)
class Frame:
    """A tube of cloth seen from the front.

    Attributes:
        axis: (n, 2) float32 x, y in pixels of the region's window, from top to bottom, evenly spaced. The middle of
            pixel (i, j) is (j + 0.5, i + 0.5).
        radius: (n,) float32 half widths in pixels.
        flat: (n,) float32 0..1: 0 where the tube is round, 1 where its front is flat and faces the viewer.
        flare: (n,) float32 0..1: sine of the angle by which it widens downwards, where its threads fan out.
        origin: Distance along the axis at which v is 0, in pixels.
    """

    axis: Floats
    radius: Floats
    flat: Floats
    flare: Floats
    origin: float = 0.0

    @property
    def length(self) -> float:
        """Length of the axis in pixels."""
        return float(arc_lengths(self.axis)[-1])

    def along(self, values: Floats, distance: npt.ArrayLike) -> Floats:
        """Values (n,) given along the axis at distances from its first point; the last ones hold on beyond its ends."""
        at = np.linspace(0, self.length, len(values))
        return np.asarray(np.interp(np.asarray(distance), at, values), np.float32)


@dataclass(frozen=True, eq=False)
class Place:
    """Where points lie on a frame.

    Attributes:
        distance: Along the axis from its first point, pixels; negative before it.
        offset: Square to the axis, pixels; positive to the right of somebody who looks down the axis from the top
            of the picture at it, which is right in the picture for a line that runs downwards.
    """

    distance: Floats
    offset: Floats


def make_frame(axis: Axis) -> Frame:
    """A round tube about a centre line."""
    zeros = np.zeros(len(axis.points), np.float32)
    return Frame(axis.points, axis.radius, zeros, zeros)


def pinned(frame: Frame, point: npt.ArrayLike) -> Frame:
    """The frame with v = 0 at the height of a point (x, y)."""
    at = locate(frame, np.asarray(point, np.float32).reshape(1, 2))
    return replace(frame, origin=float(at.distance[0]))


def locate(frame: Frame, points: Floats) -> Place:
    """Where points (k, 2), x, y, lie on a frame. Beyond its ends the axis goes on straight."""
    line = frame.axis.astype(np.float64)
    spacing = frame.length / (len(line) - 1)
    tangent = np.gradient(line, axis=0)
    tangent[0], tangent[-1] = line[2] - line[0], line[-1] - line[-3]
    tangent /= np.maximum(np.hypot(tangent[:, 0], tangent[:, 1]), 1e-9)[:, None]
    turn = np.gradient(np.unwrap(np.arctan2(tangent[:, 1], tangent[:, 0]))) / spacing
    index, square = np.empty(len(points)), (line**2).sum(1)
    for first in range(0, len(points), 4096):
        part = points[first : first + 4096].astype(np.float64)
        # |p|² is the same for every point of the line.
        index[first : first + 4096] = (square - 2 * _products(part, line)).argmin(1)
    last = len(line) - 1
    offset, residue = np.zeros(len(points)), np.zeros(len(points))
    for rest in reversed(range(_NEWTON + 1)):
        k = np.clip(index.astype(np.int64), 0, last - 1)
        share = (index - k)[:, None]
        d = tangent[k] * (1 - share) + tangent[k + 1] * share
        d /= np.hypot(d[:, 0], d[:, 1])[:, None]
        from_line = points - (line[k] * (1 - share) + line[k + 1] * share)
        offset = from_line[:, 0] * d[:, 1] - from_line[:, 1] * d[:, 0]
        residue = (from_line * d).sum(1)
        if rest:
            # A step along the line is longer or shorter for a point beside it, by the curvature there.
            bend = turn[k] * (1 - share[:, 0]) + turn[k + 1] * share[:, 0]
            step = residue / np.maximum(1 + bend * offset, 0.2)
            index = np.clip(index + np.clip(step / spacing, -1, 1), 0, last)
    beyond = ((index <= 0) & (residue < 0)) | ((index >= last) & (residue > 0))
    distance = index * spacing + np.where(beyond, residue, 0)
    return Place(distance.astype(np.float32), offset.astype(np.float32))


def _products(a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """(k, n) scalar products of (k, 2) and (n, 2); without BLAS, whose order of work depends on its threads."""
    return np.asarray(a[:, :1] * b[:, 0] + a[:, 1:] * b[:, 1])


def grid_step(box: Window, nodes: int = _NODES) -> int:
    """Pixels between the nodes of a coarse grid over a box (x0, y0, x1, y1)."""
    return max(1, int(np.ceil(np.sqrt((box[2] - box[0]) * (box[3] - box[1]) / nodes))))


def grid_points(box: Window, step: int) -> tuple[Floats, tuple[int, int]]:
    """(gh * gw, 2) the nodes x, y of a coarse grid that covers a box and a cell around it, and its shape (gh, gw)."""
    gw, gh = (-(-(box[2 + k] - box[k]) // step) + 2 for k in (0, 1))
    x = box[0] + (np.arange(gw, dtype=np.float32) - 0.5) * step
    y = box[1] + (np.arange(gh, dtype=np.float32) - 0.5) * step
    return np.stack(np.meshgrid(x, y), -1).reshape(-1, 2), (gh, gw)


def enlarged(values: Floats, box: Window, step: int) -> Floats:
    """(h, w) values of the pixels of a box from those (gh, gw) at the nodes of :func:`grid_points`, bilinear."""
    height, width = values.shape
    full = cv2.resize(values, (width * step, height * step), interpolation=cv2.INTER_LINEAR)
    return np.asarray(full, np.float32)[step : step + box[3] - box[1], step : step + box[2] - box[0]]
