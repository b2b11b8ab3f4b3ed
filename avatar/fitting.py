"""Cubic Béziers through digitised points.

Schneider, "An Algorithm for Automatically Fitting Digitized Curves", Graphics Gems, 1990: least squares for the lengths
of the two handles, Newton steps for the parameters, a split where that is not enough. Here all pieces of a level are
solved at once, and neighbours that one cubic can replace are joined afterwards. Inside, a point is a complex number.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
import numpy.typing as npt

from dressform.avatar.paths import Curve
from dressform.parsing.errors import OptionError

__all__ = ["Polyline", "find_corners", "fit_curve", "fit_curves"]

Floats = npt.NDArray[np.float64]
Points = npt.NDArray[np.complex128]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]
_COMPLEX = np.array([1, 1j])
_STEPS = 2  # Newton steps before a piece is split
_HOPELESS = 4.0  # times the tolerance; a first fit worse than that is split at once
_ROUNDS = 3  # of joining neighbours
_END = 9  # points that tell the direction at a corner; the nearest ones are rounded off in most sources


@dataclass(frozen=True, eq=False)
class Polyline:
    """Points to be fitted.

    Attributes:
        points: (n, 2) float64, n ≥ 1; a closed line does not repeat its first point.
        corners: Indices of points where the direction may jump; the ends of an open line always are such.
        closed: Whether the last point is joined to the first.
    """

    points: Floats
    corners: Ints
    closed: bool = True


def fit_curve(
    points: npt.ArrayLike, *, tolerance: float, closed: bool = True, corners: Sequence[int] | Ints = ()
) -> Curve:
    """A chain of cubics that passes within ``tolerance`` of every point, smooth except at ``corners``.

    Args:
        points: (n, 2) finite numbers, n ≥ 1. Repeated points do no harm.
        tolerance: Greatest distance, in units of the points; above 0.
        closed, corners: As in :class:`Polyline`.

    Raises:
        OptionError: The points, corners or tolerance are not as described.
    """
    at = np.asarray(corners, np.int64).reshape(-1)
    return fit_curves([Polyline(np.asarray(points, np.float64), at, closed)], tolerance=tolerance)[0]


def fit_curves(lines: Sequence[Polyline], *, tolerance: float) -> list[Curve]:
    """The curves of several lines, as :func:`fit_curve` makes them, but in one go, which is faster.

    Raises:
        OptionError: As for :func:`fit_curve`.
    """
    if not (tolerance > 0 and np.isfinite(tolerance)):
        raise OptionError("bad tolerance of a fit", got=tolerance, allowed="a finite number above 0")
    if not lines:
        return []
    runs = [_run(line) for line in lines]
    offsets = np.cumsum([0, *(len(points) for points, _, _ in runs)])
    points = np.concatenate([points for points, _, _ in runs])
    lo = np.concatenate([cuts[:-1] + start for (_, cuts, _), start in zip(runs, offsets, strict=False)])
    hi = np.concatenate([cuts[1:] + start for (_, cuts, _), start in zip(runs, offsets, strict=False)])
    leave, arrive = _directions(points, lo, hi)
    for (_, _, smooth), start, end in zip(runs, offsets[:-1], offsets[1:] - 1, strict=True):
        if smooth:  # a loop without corners goes on where it began
            leave[start] = arrive[end] = _unit(points[min(start + 2, end)] - points[max(end - 2, start)])
    fit = _Fit(points, leave, arrive, tolerance)
    pieces = fit.join(fit.split(_Pieces(lo, hi, np.zeros(len(lo)), np.zeros(len(lo)))), hi)
    controls = points[pieces.lo] + leave[pieces.lo] * pieces.left, points[pieces.hi] - arrive[pieces.hi] * pieces.right
    chain = np.stack([*controls, points[pieces.hi]], 1)
    spans = zip(lines, offsets[:-1], offsets[1:], strict=True)
    found = [(line, np.append(points[a], chain[(pieces.lo >= a) & (pieces.hi < b)])) for line, a, b in spans]
    return [Curve(np.stack([mine.real, mine.imag], 1), line.closed) for line, mine in found]


def find_corners(points: npt.ArrayLike, *, reach: float, angle: float, closed: bool = True) -> Ints:
    """Sorted indices where the stretches before and after, each of length ``reach``, differ by over ``angle`` degrees.

    The sharpest point of each such place is taken, so that two corners are at least ``reach`` apart.

    Args:
        points: (n, 2) points at about even distances, in whose units ``reach`` is.
        angle: 0..180; 0 is straight on.
        closed: Whether the last point is joined to the first.
    """
    p = np.asarray(points, np.float64) @ _COMPLEX
    n = len(p)
    total = float(np.abs(np.diff(p)).sum())
    if n < 8 or not total > 0:
        return np.zeros(0, np.int64)
    k = int(np.clip(round(reach * (n - 1) / total), 1, n // 4))
    wide = np.pad(p, 2 * k, mode="wrap") if closed else np.pad(p, 2 * k, mode="edge")
    before, after = wide[k:-k] - wide[: -2 * k], wide[2 * k :] - wide[k:-k]
    turn = np.degrees(np.abs(np.angle(after * before.conj()))) * (np.abs(before) > 0) * (np.abs(after) > 0)
    if not closed:  # the ends are corners anyway
        turn[: 2 * k] = turn[n:] = 0
    around = np.lib.stride_tricks.sliding_window_view(turn, 2 * k + 1)
    # Among equals the first one wins, so that a plateau gives one corner.
    best = (around[:, :k].max(1) < around[:, k]) & (around[:, k + 1 :].max(1) <= around[:, k])
    return np.flatnonzero(best & (around[:, k] > angle)).astype(np.int64)


@dataclass(frozen=True, eq=False)
class _Pieces:
    """Runs of points from ``lo`` to ``hi``, both included, one cubic each, and the lengths of its handles."""

    lo: Ints
    hi: Ints
    left: Floats
    right: Floats

    def take(self, which: Bools | Ints) -> _Pieces:
        return _Pieces(self.lo[which], self.hi[which], self.left[which], self.right[which])

    def merged(self, other: _Pieces) -> _Pieces:
        """Both, ordered by their beginnings."""
        order = np.argsort(np.concatenate([self.lo, other.lo]), kind="stable")
        names = ("lo", "hi", "left", "right")
        return _Pieces(*(np.concatenate([getattr(self, name), getattr(other, name)])[order] for name in names))


@dataclass(frozen=True, eq=False)
class _Fit:
    """Pieces of one set of points, solved together. At a point the line arrives in one direction and leaves in one."""

    points: Points
    leave: Points
    arrive: Points
    tolerance: float

    def split(self, todo: _Pieces) -> _Pieces:
        """Cubics for these runs, as many as the tolerance asks for."""
        done = todo.take(np.zeros(0, np.int64))
        while len(todo.lo):
            pieces, error, worst = self.solve(todo)
            good = (error <= self.tolerance) | (todo.hi - todo.lo < 2)
            done = done.merged(pieces.take(good))
            rest = pieces.take(~good)
            margin = np.maximum((rest.hi - rest.lo) // 4, 1)
            cut = np.clip(worst[~good], rest.lo + margin, rest.hi - margin)
            todo = replace(rest, hi=cut).merged(replace(rest, lo=cut))
        return done

    def join(self, pieces: _Pieces, corners: Ints) -> _Pieces:
        """``pieces`` with neighbours made one where that keeps to the tolerance, the closest first."""
        failed: set[tuple[int, int]] = set()
        for _ in range(_ROUNDS):
            near = np.flatnonzero((pieces.hi[:-1] == pieces.lo[1:]) & ~np.isin(pieces.hi[:-1], corners))
            ends = zip(pieces.lo[near].tolist(), pieces.hi[near + 1].tolist(), strict=True)
            near = near[[pair not in failed for pair in ends]] if len(near) else near
            if not len(near):
                break
            first, second = pieces.take(near), pieces.take(near + 1)
            wide, error, _ = self.solve(_Pieces(first.lo, second.hi, first.left, second.right))
            bad = error > self.tolerance
            failed.update(zip(wide.lo[bad].tolist(), wide.hi[bad].tolist(), strict=True))
            free, taken = np.ones(len(pieces.lo), np.bool_), []
            for j in np.argsort(error, kind="stable").tolist():
                if not bad[j] and free[near[j]] and free[near[j] + 1]:
                    free[near[j] : near[j] + 2] = False
                    taken.append(j)
            pieces = pieces.take(free).merged(wide.take(np.array(taken, np.int64)))
        return pieces

    def solve(self, runs: _Pieces) -> tuple[_Pieces, Floats, Ints]:
        """The best cubic for each of the runs, the distance of its worst point, and the index of that point."""
        left, right = np.zeros(len(runs.lo)), np.zeros(len(runs.lo))
        error, worst = np.full(len(runs.lo), np.inf), runs.lo.copy()
        active, counts = np.arange(len(runs.lo)), runs.hi - runs.lo + 1
        starts, local = _layout(counts)
        index = np.arange(len(local)) + (runs.lo - starts)[local]
        p = self.points[index]
        along = np.cumsum(np.abs(p - self.points[np.maximum(index - 1, runs.lo[local])]))
        u = along - along[starts][local]
        length = u[starts + counts - 1]
        u /= np.where(length > 0, length, 1)[local]
        for step in range(_STEPS + 1):
            lo, hi = runs.lo[active], runs.hi[active]
            p0, p3, ta, tb = self.points[lo], self.points[hi], self.leave[lo], -self.arrive[hi]
            a, b = _handles(p, u, local, starts, (p0, p3, ta, tb), length[active])
            p1, p2 = p0 + a * ta, p3 + b * tb
            cubic = 3 * (p1 - p0), 3 * (p2 - 2 * p1 + p0), p3 - 3 * p2 + 3 * p1 - p0
            c1, c2, c3 = (c[local] for c in cubic)
            gap = ((c3 * u + c2) * u + c1) * u + p0[local] - p
            far = np.abs(gap)
            now = np.maximum.reduceat(far, starts)
            better = now < error[active]
            which = active[better]
            left[which], right[which], error[which] = a[better], b[better], now[better]
            at = np.flatnonzero((far == now[local]) & better[local])[::-1]  # the first of equal ones is written last
            worst[active[local[at]]] = index[at]
            go_on = better & (now > self.tolerance) & (now < (_HOPELESS if step == 0 else np.inf) * self.tolerance)
            if step == _STEPS or not go_on.any():
                break
            slope = (3 * c3 * u + 2 * c2) * u + c1
            move, rate = _dot(gap, slope), _dot(slope, slope) + _dot(gap, 6 * c3 * u + 2 * c2)
            safe = np.abs(rate) > np.maximum(np.abs(move), 1e-300)  # else the step would leave 0..1
            u = np.clip(u - np.where(safe, move, 0) / np.where(safe, rate, 1), 0, 1)
            stay = go_on[local]
            p, u, index, active, counts = p[stay], u[stay], index[stay], active[go_on], counts[go_on]
            starts, local = _layout(counts)
        return _Pieces(runs.lo, runs.hi, left, right), error, worst


def _layout(counts: Ints) -> tuple[Ints, Ints]:
    """Where runs of so many points begin when they stand one after another, and the run of each point."""
    return np.cumsum(counts) - counts, np.repeat(np.arange(len(counts)), counts)


def _handles(
    p: Points, u: Floats, local: Ints, starts: Ints, ends: tuple[Points, Points, Points, Points], length: Floats
) -> tuple[Floats, Floats]:
    """Lengths of both handles by least squares; a third of the chord where that gives nonsense."""
    p0, p3, ta, tb = ends
    v = 1 - u
    b1, b2 = 3 * u * v * v, 3 * u * u * v
    rest = p - p0[local] - (p3 - p0)[local] * (u * u * (3 - 2 * u))
    c00, c11 = np.add.reduceat(b1 * b1, starts), np.add.reduceat(b2 * b2, starts)
    c01 = np.add.reduceat(b1 * b2, starts) * _dot(ta, tb)
    x0, x1 = _dot(np.add.reduceat(b1 * rest, starts), ta), _dot(np.add.reduceat(b2 * rest, starts), tb)
    det = c00 * c11 - c01 * c01
    sound = det > 1e-9 * c00 * c11
    det = np.where(sound, det, 1)
    a, b = (x0 * c11 - x1 * c01) / det, (c00 * x1 - c01 * x0) / det
    chord = np.abs(p3 - p0)
    # Long handles make loops, short ones kinks.
    sound &= (np.minimum(a, b) > 0.02 * chord) & (a + b < 1.2 * length)
    return np.where(sound, a, chord / 3), np.where(sound, b, chord / 3)


def _dot(a: Points, b: Points) -> Floats:
    return np.asarray(a.real * b.real + a.imag * b.imag)


def _unit(vectors: Points) -> Points:
    length = np.abs(vectors)
    return np.asarray(vectors / np.where(length > 0, length, 1))


def _run(line: Polyline) -> tuple[Points, Ints, bool]:
    """Distinct points from the first corner on, back to it if closed; where to cut; whether a loop without corners."""
    points = np.asarray(line.points, np.float64)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) == 0 or not np.isfinite(points).all():
        raise OptionError("points that no curve can be fitted to", got=points.shape, allowed="(n, 2) finite, n >= 1")
    if len(line.corners) and not 0 <= line.corners.min() <= line.corners.max() < len(points):
        raise OptionError("a corner outside the points", got=line.corners.tolist(), allowed=f"0 to {len(points) - 1}")
    p = points @ _COMPLEX
    new = p != np.roll(p, 1)
    new[0] |= not line.closed or not new.any()
    corners = np.unique((np.cumsum(new) - 1)[line.corners] % new.sum())
    p, n = p[new], int(new.sum())
    if n == 1:
        return np.repeat(p, 2), np.array([0, 1]), False
    if not line.closed:
        return p, np.unique([0, *corners.tolist(), n - 1]), False
    # A loop without corners begins far out, at a place that does not depend on how its points are numbered.
    start = int(corners[0]) if len(corners) else int(np.argmax(np.abs(p - p.mean())))
    p = np.roll(p, -start)
    return np.append(p, p[0]), np.unique([0, *((corners - start) % n).tolist(), n]), not len(corners)


def _directions(points: Points, lo: Ints, hi: Ints) -> tuple[Points, Points]:
    """Unit directions in which the line leaves each point and arrives there; they differ at the ends of runs."""
    starts, run = _layout(hi - lo + 1)
    index = np.arange(len(run)) + (lo - starts)[run]
    reach = np.minimum(2, np.minimum(index - lo[run], hi[run] - index)).clip(1)
    direction = points[np.minimum(index + reach, hi[run])] - points[np.maximum(index - reach, lo[run])]
    leave, arrive = np.zeros_like(points), np.zeros_like(points)
    leave[index[index < hi[run]]] = direction[index < hi[run]]
    arrive[index[index > lo[run]]] = direction[index > lo[run]]
    for a, b in zip(lo.tolist(), hi.tolist(), strict=True):
        count = min(_END, (b - a) // 2 + 1)
        if count >= 5:
            leave[a] = _slope(count) @ points[a : a + count]
            arrive[b] = -(_slope(count) @ points[b : b - count : -1])
    return _unit(leave), _unit(arrive)


@cache
def _slope(count: int) -> Floats:
    """Weights of so many even points that give the direction in the first one of the parabola nearest to them."""
    x = np.arange(count, dtype=np.float64)
    return np.asarray(np.linalg.pinv(np.stack([np.ones_like(x), x, x * x], 1))[1])
