"""Smooth curves through points, and lines that swell and taper, as filled paths."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dressform.avatar.paths import Curve, Path

__all__ = ["brush", "smooth_closed", "smooth_open"]

Points = Sequence[Sequence[float]] | npt.NDArray[np.float64]
_ROUND = 1 / 6  # of the chord between neighbours: Catmull and Rom's tangents as Bézier handles


def smooth_open(points: Points) -> Curve:
    """A curve through (n, 2) points, n ≥ 2 (Catmull, Rom, "A class of local interpolating splines", 1974)."""
    p = np.asarray(points, np.float64)
    before, after = np.concatenate([p[:1], p[:-1]]), np.concatenate([p[1:], p[-1:]])
    tangent = (after - before) * _ROUND
    middle = np.stack([p[:-1] + tangent[:-1], p[1:] - tangent[1:], p[1:]], 1).reshape(-1, 2)
    return Curve(np.concatenate([p[:1], middle]), closed=False)


def smooth_closed(points: Points) -> Curve:
    """A closed curve through (n, 2) points, n ≥ 3."""
    p = np.asarray(points, np.float64)
    tangent = (np.roll(p, -1, 0) - np.roll(p, 1, 0)) * _ROUND
    after, handle = np.roll(p, -1, 0), np.roll(tangent, -1, 0)
    middle = np.stack([p + tangent, after - handle, after], 1).reshape(-1, 2)
    return Curve(np.concatenate([p[:1], middle]))


def brush(points: Points, width: float, *, start: float = 0.0, end: float = 0.0, steps: int = 6) -> Path:
    """A line along (n, 2) points that is ``width`` wide in its middle and tapers to shares of it at both ends."""
    line = smooth_open(points).flatten(width / 20 if width > 0 else 0.1)
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(line, axis=0), axis=1))])
    if along[-1] <= 0:
        return Path(())
    at = np.linspace(0, along[-1], steps)
    centre = np.stack([np.interp(at, along, line[:, k]) for k in (0, 1)], 1)
    tangent = np.gradient(centre, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1, keepdims=True), 1e-9)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], 1)
    t = np.linspace(0, 1, steps)
    swell = np.sin(np.pi * t) ** 0.7
    ends = start * (1 - t) + end * t
    half = (width / 2 * (ends + (1 - ends) * swell))[:, None]
    return Path((smooth_closed(np.concatenate([centre + normal * half, (centre - normal * half)[::-1]])),))
