"""Landmarks of trousers, shorts and skirts on one half of an outline."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from dressform.tryon.garment.outline import Outline, Side

__all__ = ["crotch_height", "leg_gap", "lower_side"]

Doubles = npt.NDArray[np.float64]
_RISE = 0.88  # waist to crotch, in widths of the waist
_NO_GAP = 0.05  # of the height: legs that lie together, down to the hem
_LEAST_LEG = 0.22  # of the height
_MOST_RISE = 1.35  # of that: a gap that begins lower is between legs that lie together


def leg_gap(whole: Outline) -> tuple[float, float]:
    """How far the outline opens from below on its axis, in heights, and how wide the gap is near its top, in widths.

    What counts is the shorter leg: a hem that is cut aslant is no gap.
    """
    left, right = whole.sides
    top = max(float(left.points[-1, 1]), float(right.points[-1, 1]))
    height = min(float(side.points[:, 1].max()) for side in whole.sides) - top
    level = top + 0.3 * height
    wide = 0.0
    for side in whole.sides:
        inner = side.points[len(side.points) // 2 :]
        near = inner[inner[:, 1] >= level]
        # The last stretch of the path that is lower than the level ends at the gap's edge.
        wide += float(near[-1, 0]) if len(near) else 0.0
    return height / whole.size[1], wide / whole.size[0]


def crotch_height(whole: Outline) -> float:
    """y of the crotch in the garment's frame, where the gap shows it or where it would be."""
    seen = max(float(side.points[-1, 1]) for side in whole.sides)
    waist = sum(float(_waist(side, whole)[0]) for side in whole.sides)
    rise = _RISE * waist
    if leg_gap(whole)[0] < _NO_GAP:
        return min(whole.top + rise, seen - _LEAST_LEG * whole.size[1])
    long = whole.size[1] > 1.4 * whole.size[0]
    if long and whole.top + _MOST_RISE * rise < seen:
        return whole.top + rise
    return seen


def lower_side(side: Side, whole: Outline, *, legs: bool) -> Mapping[str, Doubles]:
    """Places in the garment's frame (x outward): waist and hem, or waist, hem_outer and hem_inner of trousers."""
    path, n = side.points, len(side.points)
    waist = _waist(side, whole)
    if not legs:
        return {"waist": waist, "hem": path[n // 4 + int(np.argmax(path[n // 4 :] @ [0.6, 1.0]))]}
    low = path[path[:, 1] > whole.bottom - 0.25 * (whole.bottom - path[-1, 1])]
    foot = low.mean(0) if len(low) else path[int(path[:, 1].argmax())]
    way = foot - (waist / 2 + [0.0, path[-1, 1] / 2])
    way = np.array([0.0, 1.0]) if way[1] <= 0 else way / np.hypot(*way)
    across = np.array([way[1], -way[0]])  # outward
    outer = int(np.argmax(path @ (way + 0.6 * across)))
    inner = outer + int(np.argmax(path[outer:] @ (way - 0.6 * across)))
    return {"waist": waist, "hem_outer": path[outer], "hem_inner": path[inner]}


def _waist(side: Side, whole: Outline) -> Doubles:
    upper = side.points[side.points[:, 1] < whole.top + 0.3 * whole.size[1]]
    upper = upper if len(upper) else side.points
    corner: Doubles = upper[int(np.argmax(upper @ [0.6, -1.0]))]
    return corner
