"""Outlines drawn from points: smooth pieces that meet in corners, halves mirrored, curls and tufts."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dressform.avatar.draw.strokes import smooth_open
from dressform.avatar.keyed import Keyed
from dressform.avatar.paths import Curve, Path

__all__ = ["Run", "flipped", "lobes", "mirrored", "outline", "symmetric", "tufts"]

Run = Sequence[tuple[float, float]]
"""Points of a smooth piece of an outline; corners are where runs meet."""
Floats = npt.NDArray[np.float64]
_EPSILON = 1e-6
_FLIP = np.array([[-1.0, 0, 0], [0, 1, 0]])


def outline(*runs: Run) -> Path:
    """A closed path through runs, which are joined by straight lines where they don't meet."""
    pieces = [np.asarray(runs[0][:1], np.float64)]
    for run in (*runs, runs[0][:1]):
        last, first = pieces[-1][-1], np.asarray(run[0], np.float64)
        if np.abs(first - last).max() > _EPSILON:
            pieces.append(np.stack([last + (first - last) / 3, last + (first - last) * 2 / 3, first]))
        if len(run) > 1:
            pieces.append(smooth_open(run).points[1:])
    points = np.concatenate(pieces)
    points[-1] = points[0]
    return Path((Curve(points),))


def flipped(run: Run) -> list[tuple[float, float]]:
    """The run on the other side of x = 0, in the other direction."""
    return [(-x, y) for x, y in reversed(run)]


def mirrored(path: Path) -> Path:
    """The path on the other side of x = 0."""
    return path.transformed(_FLIP)


def symmetric(*runs: Run, corner: bool = False) -> Path:
    """A closed path from runs of its half on the right of the picture, from the middle above to the middle below.

    The outline is smooth where it crosses the middle, but has a corner there above if ``corner`` is set.
    """
    first, last = list(runs[0]), list(runs[-1])
    low = [last + flipped(last)[1:]] if abs(last[-1][0]) < _EPSILON else [last, flipped(last)]
    if len(runs) == 1:
        return outline(*low)
    inner = [list(run) for run in runs[1:-1]]
    back = [flipped(run) for run in reversed(inner)]
    if corner or abs(first[0][0]) > _EPSILON:
        return outline(first, *inner, *low, *back, flipped(first))
    return outline(flipped(first) + first[1:], *inner, *low, *back)


def lobes(points: Run, size: float, bulge: float, keyed: Keyed) -> list[Run]:
    """Round lobes along a smooth line, such as those of curls: runs that swell to the left of its direction.

    Args:
        points: Of the line.
        size: Length of a lobe.
        bulge: Height of a lobe over its length.
        keyed: Of their irregularity.
    """
    knots = _steps(points, size, keyed)
    runs: list[Run] = []
    for k, (a, b) in enumerate(pairwise(knots)):
        out = np.array([b[1] - a[1], a[0] - b[0]]) * bulge * keyed.between(f"height{k}", 0.8, 1.2)
        ring = (a, a + (b - a) * 0.13 + out * 0.55, (a + b) / 2 + out, a + (b - a) * 0.87 + out * 0.55, b)
        runs.append([_pair(p) for p in ring])
    return runs


def tufts(points: Run, size: float, depth: float, keyed: Keyed, lean: float = 0.0) -> list[Run]:
    """Pointed tufts along a smooth line, such as those of a fringe: runs whose tips lie to the left of its direction.

    Args:
        points: Of the line.
        size: Length of the line that a tuft takes.
        depth: How far its tip stands off.
        keyed: Of their irregularity.
        lean: How far the tips move along the line, in tufts.
    """
    knots = _steps(points, size, keyed)
    runs: list[Run] = []
    for k, (a, b) in enumerate(pairwise(knots)):
        side = b - a
        out = np.array([side[1], -side[0]]) / max(float(np.hypot(*side)), _EPSILON) * depth
        tip = (a + b) / 2 + side * lean + out * keyed.between(f"tip{k}", 0.6, 1.2)
        left, right = (a + tip) / 2 - side * 0.08, (tip + b) / 2 + side * 0.08
        runs += [[_pair(a), _pair(left), _pair(tip)], [_pair(tip), _pair(right), _pair(b)]]
    return runs


def _steps(points: Run, size: float, keyed: Keyed) -> Floats:
    """(n + 1, 2) points along a smooth line, about ``size`` apart."""
    line = smooth_open(points).flatten(0.002)
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    count = max(round(along[-1] / size), 1)
    shift = [keyed.between(f"step{k}", -0.2, 0.2) if 0 < k < count else 0.0 for k in range(count + 1)]
    at = (np.arange(count + 1) + np.array(shift)) / count * along[-1]
    return np.stack([np.interp(at, along, line[:, 0]), np.interp(at, along, line[:, 1])], 1)


def _pair(point: Floats) -> tuple[float, float]:
    return float(point[0]), float(point[1])
