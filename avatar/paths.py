"""Outlines as cubic Bézier curves: the one geometry that every renderer and file format gets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["Curve", "Path", "circle", "contains", "ellipse", "line", "polygon", "rounded_rectangle"]

Floats = npt.NDArray[np.float64]
_ROUND = 4 / 3 * (np.sqrt(2) - 1)  # control points of a quarter circle of radius 1


@dataclass(frozen=True, eq=False)
class Curve:
    """A chain of cubic Bézier segments.

    Attributes:
        points: (3 n + 1, 2) float64, x right and y down: a point, then two controls and a point for each of n ≥ 1
            segments. Read-only.
        closed: Whether the last point is joined to the first; they are equal then.
    """

    points: Floats
    closed: bool = True

    def __post_init__(self) -> None:
        points = np.array(self.points, np.float64)
        if points.ndim != 2 or points.shape[1] != 2 or len(points) < 4 or len(points) % 3 != 1:
            raise ValueError(f"a curve has 3 n + 1 points of 2 numbers, got {points.shape}")
        if not np.isfinite(points).all():
            raise ValueError("a curve's points are finite numbers")
        if self.closed and not np.allclose(points[0], points[-1], atol=1e-6):
            raise ValueError("a closed curve ends where it begins")
        points.flags.writeable = False
        object.__setattr__(self, "points", points)

    @property
    def cubics(self) -> int:
        """Number of segments."""
        return (len(self.points) - 1) // 3

    def flatten(self, tolerance: float = 0.1) -> Floats:
        """(m, 2) points of a polyline within about ``tolerance`` of the curve; the end point is included.

        Each segment gets a number of steps from its second differences (Wang's bound), so the result
        depends on nothing but the points.
        """
        p = self.points
        a, b, c, d = p[0:-1:3], p[1::3], p[2::3], p[3::3]
        bend = np.maximum(np.linalg.norm(a - 2 * b + c, axis=1), np.linalg.norm(b - 2 * c + d, axis=1))
        steps = np.clip(np.ceil(np.sqrt(0.75 * bend / max(tolerance, 1e-6))), 1, 200).astype(int)
        which = np.repeat(np.arange(len(steps)), steps)
        first = np.concatenate([[0], np.cumsum(steps)[:-1]])
        t = ((np.arange(len(which)) - first[which] + 1) / steps[which])[:, None]
        u = 1 - t
        line = u**3 * a[which] + 3 * u**2 * t * b[which] + 3 * u * t**2 * c[which] + t**3 * d[which]
        return np.concatenate([p[:1], line])

    def transformed(self, matrix: npt.NDArray[Any]) -> Curve:
        """The curve under a (2, 3) affine map."""
        m = np.asarray(matrix, np.float64)
        return Curve(self.points @ m[:, :2].T + m[:, 2], self.closed)


@dataclass(frozen=True, eq=False)
class Path:
    """Curves that bound an area together, by the even-odd rule: a curve inside another one is a hole."""

    curves: tuple[Curve, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "curves", tuple(self.curves))

    @property
    def cubics(self) -> int:
        """Number of segments of all curves."""
        return sum(curve.cubics for curve in self.curves)

    @cached_property
    def bounds(self) -> tuple[float, float, float, float]:
        """x0, y0, x1, y1 of the control points, which contain the path; all 0 for an empty path."""
        if not self.curves:
            return 0.0, 0.0, 0.0, 0.0
        points = np.concatenate([curve.points for curve in self.curves])
        (x0, y0), (x1, y1) = points.min(0), points.max(0)
        return float(x0), float(y0), float(x1), float(y1)

    def transformed(self, matrix: npt.NDArray[Any]) -> Path:
        """The path under a (2, 3) affine map."""
        return Path(tuple(curve.transformed(matrix) for curve in self.curves))

    def __add__(self, other: Path) -> Path:
        return Path(self.curves + other.curves)


def contains(polygon: Floats, point: Floats) -> bool:
    """Whether a point lies inside a polygon of (n, 2) corners, by the even-odd rule."""
    (xa, ya), (xb, yb) = polygon.T, np.roll(polygon, -1, axis=0).T
    crossed = (ya > point[1]) != (yb > point[1])
    x = xa + (point[1] - ya) * (xb - xa) / np.where(crossed, yb - ya, 1)
    return bool(np.count_nonzero(crossed & (x > point[0])) % 2)


def polygon(points: Sequence[Sequence[float]] | Floats) -> Path:
    """A closed path of straight sides through (n, 2) points."""
    corners = np.asarray(points, np.float64)
    return Path((_straight(np.concatenate([corners, corners[:1]]), closed=True),))


def line(points: Sequence[Sequence[float]] | Floats) -> Path:
    """An open path of straight pieces through (n, 2) points."""
    return Path((_straight(np.asarray(points, np.float64), closed=False),))


def _straight(points: Floats, *, closed: bool) -> Curve:
    a, b = points[:-1], points[1:]
    rest = np.stack([a + (b - a) / 3, a + (b - a) * 2 / 3, b], 1).reshape(-1, 2)
    return Curve(np.concatenate([points[:1], rest]), closed)


def ellipse(centre: Iterable[float], radii: Iterable[float], angle: float = 0.0) -> Path:
    """A closed ellipse; ``angle`` turns it, in degrees clockwise as seen."""
    k = _ROUND
    quarter = np.array([[1, 0], [1, k], [k, 1]])
    turn = np.array([[0, 1], [-1, 0]])
    unit = np.concatenate([quarter, quarter @ turn, quarter @ turn @ turn, quarter @ turn @ turn @ turn, [[1, 0]]])
    radians = np.radians(angle)
    rotation = np.array([[np.cos(radians), -np.sin(radians)], [np.sin(radians), np.cos(radians)]])
    return Path((Curve((unit * np.array(list(radii))) @ rotation.T + np.array(list(centre))),))


def circle(centre: Iterable[float], radius: float) -> Path:
    """A closed circle."""
    return ellipse(centre, (radius, radius))


def rounded_rectangle(x0: float, y0: float, x1: float, y1: float, radius: float) -> Path:
    """A closed rectangle with round corners; a radius too large for it is cut down."""
    r = min(radius, (x1 - x0) / 2, (y1 - y0) / 2)
    if r <= 0:
        return polygon([(x0, y0), (x1, y0), (x1, y1), (x0, y1)])
    k = r * (1 - _ROUND)
    corners = [
        [(x1 - r, y0), (x1 - k, y0), (x1, y0 + k), (x1, y0 + r)],
        [(x1, y1 - r), (x1, y1 - k), (x1 - k, y1), (x1 - r, y1)],
        [(x0 + r, y1), (x0 + k, y1), (x0, y1 - k), (x0, y1 - r)],
        [(x0, y0 + r), (x0, y0 + k), (x0 + k, y0), (x0 + r, y0)],
    ]
    points = [np.array(corners[0][0])]
    for number, corner in enumerate(corners):
        start, *rest = (np.array(p, np.float64) for p in corner)
        if number:
            before = points[-1]
            points += [before + (start - before) / 3, before + (start - before) * 2 / 3, start]
        points += rest
    first, last = points[0], points[-1]
    points += [last + (first - last) / 3, last + (first - last) * 2 / 3, first]
    return Path((Curve(np.array(points)),))
