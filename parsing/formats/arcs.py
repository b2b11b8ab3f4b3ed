"""Simplification of lines.

Source: Douglas and Peucker, "Algorithms for the reduction of the number of points required to represent a
digitized line or its caricature", 1973; with distances to segments instead of endless lines, so that the
tolerance holds for loops and spikes too.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["simplify_arc"]

Points = npt.NDArray[np.int32]


def simplify_arc(points: Points, tolerance: float) -> Points:
    """Some of the points, so that none of the others lies farther than ``tolerance`` from the line through them.

    Args:
        points: (n, 2) int32 with both ends, n >= 2; a loop, if they are equal.
        tolerance: Distance >= 0 in the unit of the points.

    Returns:
        (m, 2) int32 with the same ends; reversed points give the reversed result.
    """
    backwards = _runs_backwards(points)
    ordered = (points[::-1] if backwards else points).astype(np.float64)
    kept = np.zeros(len(points), np.bool_)
    kept[[0, -1]] = True
    open_parts = [(0, len(points) - 1)]
    while open_parts:
        first, last = open_parts.pop()
        if last - first < 2:
            continue
        distances = _squared_distances(ordered[first + 1 : last], ordered[first], ordered[last])
        farthest = int(distances.argmax())
        if distances[farthest] > tolerance**2:
            middle = first + 1 + farthest
            kept[middle] = True
            open_parts += [(first, middle), (middle, last)]
    return points[kept[::-1] if backwards else kept]


def _squared_distances(
    points: npt.NDArray[np.float64], a: npt.NDArray[np.float64], b: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """Squared distance of every point to the segment from ``a`` to ``b``."""
    along, offset = b - a, points - a
    length = float(along @ along)
    if length > 0:
        offset = offset - np.clip(offset @ along / length, 0, 1)[:, None] * along
    squared: npt.NDArray[np.float64] = (offset * offset).sum(axis=1)
    return squared


def _runs_backwards(points: Points) -> bool:
    """Whether the reversed points come first in order: areas on both sides then work on the same sequence."""
    for a, b in zip(points.tolist(), points[::-1].tolist(), strict=True):
        if a != b:
            return bool(a > b)
    return False
