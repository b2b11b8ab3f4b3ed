"""A garment's outline, smooth, upright, and halved at its axis: what landmarks are read from."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.garment.symmetry import Axis, find_axis, upright

__all__ = ["Outline", "Side", "opened", "outline", "turning"]

Mask = npt.NDArray[np.bool_]
Doubles = npt.NDArray[np.float64]
_POINTS = 600
_SMOOTH = 3.0  # points
_GAP = 0.002  # share of the area from which a hole is a gap to open


@dataclass(frozen=True, eq=False)
class Side:
    """One half of an outline, from the top over the outside to the bottom, in the garment's own frame.

    Attributes:
        name: "L" for the wearer's left, on the right of the picture, or "R".
        points: (n, 2) float64, x outward from the axis, y downward, in pixels.
    """

    name: str
    points: Doubles


@dataclass(frozen=True, eq=False)
class Outline:
    """An outline in the garment's own frame.

    Attributes:
        axis: Where the frame lies in the picture.
        sides: The wearer's left and right.
        size: (width, height) of the outline along the frame.
        root: Root of the area, the measure of lengths.
        top: y of the highest point; ``bottom`` that of the lowest one.
    """

    axis: Axis
    sides: tuple[Side, Side]
    size: tuple[float, float]
    root: float
    top: float
    bottom: float

    def to_picture(self, points: npt.ArrayLike, side: Side | None = None) -> Doubles:
        """(..., 2) pixels of the picture from places in the frame, x outward for ``side``."""
        here = np.array(points, np.float64)
        if side is not None and side.name == "R":
            here = here * (-1.0, 1.0)
        frame = upright(self.axis)
        return np.asarray((here - frame[:, 2]) @ frame[:, :2], np.float64)  # the inverse of a turn is its transpose


def outline(mask: Mask) -> Outline:
    """The outline of a garment in one piece; gaps closed by a cuff or a strap are opened first.

    Args:
        mask: (h, w) bool, not empty.
    """
    axis = find_axis(mask)
    contours, _ = cv2.findContours(np.pad(opened(mask), 1).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    line = max(contours, key=cv2.contourArea)[:, 0].astype(np.float64) - 1
    frame = upright(axis)
    points = _even(line) @ frame[:, :2].T + frame[:, 2]
    x, y = points.T
    crossing = np.flatnonzero((x <= 0) != (np.roll(x, -1) <= 0))
    if len(crossing) < 2:  # an axis beside the outline: any halves will do
        crossing = np.array([int(y.argmin()), int(y.argmax())])
    first, last = int(crossing[y[crossing].argmin()]), int(crossing[y[crossing].argmax()])
    ring = np.roll(points, -first, axis=0)
    end = (last - first) % len(points)
    one, other = ring[: end + 1], np.concatenate([ring[end:], ring[:1]])[::-1]
    right, left = (one, other) if one[:, 0].mean() > other[:, 0].mean() else (other, one)
    sides = (Side("L", right), Side("R", left * (-1.0, 1.0)))
    width, height = float(np.ptp(x)), float(np.ptp(y))
    root = float(np.sqrt(np.count_nonzero(mask)))
    return Outline(axis, sides, (width, height), root, float(y.min()), float(y.max()))


def opened(mask: Mask) -> Mask:
    """The mask with its larger holes joined to the outside by the shortest cut that leads downward or outward."""
    h, w = mask.shape
    count, pieces, stats, _ = cv2.connectedComponentsWithStats((~np.pad(mask, 1)).astype(np.uint8), connectivity=4)
    out = np.pad(mask, 1).astype(np.uint8)
    outside = np.argwhere((pieces == pieces[0, 0]) & (cv2.dilate(out, np.ones((3, 3), np.uint8)) > 0))
    area = np.count_nonzero(mask)
    for k in range(1, count):
        if k == pieces[0, 0] or stats[k, cv2.CC_STAT_AREA] < _GAP * area:
            continue
        hole = np.argwhere(pieces == k)
        low = hole[hole[:, 0] >= np.quantile(hole[:, 0], 0.6)]
        target = outside[outside[:, 0] >= low[:, 0].max() - 2]
        if not len(target):
            target = outside
        gaps = np.square(low[:, None, :].astype(np.float64) - target[None]).sum(2)
        i, j = np.unravel_index(int(gaps.argmin()), gaps.shape)
        start, end = low[i][::-1].tolist(), target[j][::-1].tolist()
        cv2.line(out, start, end, 0, 2)
    return np.asarray(out[1 : h + 1, 1 : w + 1] > 0, np.bool_)


def turning(points: Doubles, reach: int) -> Doubles:
    """(n,) radians by which a path turns at each point, seen over ``reach`` points both ways; 0 near its ends.

    Positive where the path of a :class:`Side` bends inward (a convex corner of the garment).
    """
    n = len(points)
    out = np.zeros(n)
    if n <= 2 * reach:
        return out
    a = points[reach : n - reach] - points[: n - 2 * reach]
    b = points[2 * reach :] - points[reach : n - reach]
    out[reach : n - reach] = np.arctan2(a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0], (a * b).sum(1))
    return out


def _even(line: Doubles) -> Doubles:
    """(600, 2) points evenly along a closed line, smoothed."""
    closed = np.concatenate([line, line[:1]])
    at = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(closed, axis=0).T))])
    even = np.linspace(0, at[-1], _POINTS, endpoint=False)
    points = np.stack([np.interp(even, at, closed[:, k]) for k in (0, 1)], axis=1)
    reach = int(3 * _SMOOTH)
    weight = np.exp(-0.5 * (np.arange(-reach, reach + 1) / _SMOOTH) ** 2)
    weight /= weight.sum()

    def soft(p: Doubles) -> Doubles:
        wide = np.concatenate([p[-reach:], p, p[:reach]])
        return np.stack([np.convolve(wide[:, k], weight, "valid") for k in (0, 1)], axis=1)

    once = soft(points)
    return once + soft(points - once)  # twicing (Tukey 1977): corners stay where they are
