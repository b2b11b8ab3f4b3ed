"""Thin-plate splines in the plane: the smoothest map that takes some points near to others.

Duchon, "Splines minimizing rotation-invariant semi-norms in Sobolev spaces", 1977; Bookstein, "Principal warps",
TPAMI 1989; the smoothing is Wahba's, "Spline models for observational data", 1990.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import OptionError

__all__ = ["Plate", "fit_plate", "solve"]

Doubles = npt.NDArray[np.float64]
_BLOCK = 4096  # points evaluated at once


@dataclass(frozen=True, eq=False)
class Plate:
    """A thin-plate spline from the plane to the plane.

    Attributes:
        knots: (n, 2) float64, in units of ``scale`` about ``middle``.
        weights: (n, 2) float64 of the kernel r² log r².
        affine: (3, 2) float64: constant, x and y.
        middle: (2,) and ``scale``: how points are normalised.
    """

    knots: Doubles
    weights: Doubles
    affine: Doubles
    middle: Doubles
    scale: float

    def at(self, points: npt.ArrayLike) -> Doubles:
        """(k, 2) float64: images of points (k, 2)."""
        here = (np.asarray(points, np.float64) - self.middle) / self.scale
        out = self.affine[0] + here[:, :1] * self.affine[1] + here[:, 1:] * self.affine[2]
        for start in range(0, len(here), _BLOCK):
            part = slice(start, start + _BLOCK)
            out[part] += np.einsum("kn,nc->kc", _kernel(here[part], self.knots), self.weights)
        return np.asarray(out, np.float64)


def fit_plate(points: npt.ArrayLike, values: npt.ArrayLike, smoothing: float | npt.ArrayLike = 0.0) -> Plate:
    """The spline that takes ``points`` near to ``values``.

    Args:
        points: (n, 2) places, n ≥ 3, not all on one line; a place that occurs twice counts once.
        values: (n, 2) where they go.
        smoothing: At least 0, one for all or (n,): how little each pair binds; 0 interpolates. It doesn't depend on
            the size of the picture; 0.01 lets points miss by about a hundredth of the extent where they disagree.

    Raises:
        OptionError: Fewer than three pairs, arrays that do not fit, numbers that are not finite, points on a line.
    """
    source, target = np.asarray(points, np.float64), np.asarray(values, np.float64)
    if source.ndim != 2 or source.shape[1:] != (2,) or source.shape != target.shape:
        raise OptionError("bad pairs of points", got=f"{source.shape} and {target.shape}", allowed="(n, 2) twice")
    loose = np.broadcast_to(np.asarray(smoothing, np.float64), len(source))
    if not (
        np.isfinite(source).all() and np.isfinite(target).all() and np.isfinite(loose).all() and (loose >= 0).all()
    ):
        raise OptionError("bad pairs of points", got="NaN, infinity or a negative smoothing", allowed="finite numbers")
    _, first = np.unique(source, axis=0, return_index=True)
    kept = np.sort(first)
    source, target, loose = source[kept], target[kept], loose[kept]
    n = len(source)
    if n < 3:
        raise OptionError("too few pairs of points", got=n, allowed="3 or more that differ")
    middle = source.mean(0)
    scale = max(float(np.sqrt(np.square(source - middle).sum(1).mean())), 1e-12)
    knots = (source - middle) / scale
    if np.square(knots - _line(knots)).sum(1).max() < 1e-12:
        raise OptionError("points on a line", got=f"{n} points", allowed="points that span a plane")
    system = np.zeros((n + 3, n + 3))
    system[:n, :n] = _kernel(knots, knots)
    system[np.arange(n), np.arange(n)] += loose
    system[:n, n], system[:n, n + 1 :] = 1, knots
    system[n:, :n] = system[:n, n:].T
    right = np.concatenate([target, np.zeros((3, 2))])
    found = solve(system, right)
    return Plate(knots, found[:n], found[n:], middle, scale)


def solve(matrix: Doubles, right: Doubles) -> Doubles:
    """x with matrix · x = right by elimination with pivots; the order of the sums does not depend on threads.

    Args:
        matrix: (n, n) float64, n up to a few hundred.
        right: (n, m) float64.

    Raises:
        OptionError: The matrix is singular.
    """
    n = len(matrix)
    work = np.concatenate([matrix, right], axis=1).astype(np.float64)
    for k in range(n):
        pivot = k + int(np.abs(work[k:, k]).argmax())
        if abs(work[pivot, k]) < 1e-14:
            raise OptionError("a system of equations without a single solution", got=f"rank below {n}")
        if pivot != k:
            work[[k, pivot]] = work[[pivot, k]]
        factor = work[k + 1 :, k] / work[k, k]
        work[k + 1 :, k:] -= factor[:, None] * work[k, k:]
    out = np.zeros((n, right.shape[1]))
    for k in reversed(range(n)):
        known = (work[k, k + 1 : n, None] * out[k + 1 :]).sum(0)
        out[k] = (work[k, n:] - known) / work[k, k]
    return out


def _kernel(points: Doubles, knots: Doubles) -> Doubles:
    """(k, n): r² log r² of the distances."""
    square = np.square(points[:, None, 0] - knots[:, 0]) + np.square(points[:, None, 1] - knots[:, 1])
    return np.asarray(square * np.log(np.maximum(square, 1e-300)), np.float64)


def _line(points: Doubles) -> Doubles:
    """The feet of points about the origin on their line of best fit."""
    xx, xy, yy = (points[:, 0] ** 2).sum(), (points[:, 0] * points[:, 1]).sum(), (points[:, 1] ** 2).sum()
    angle = 0.5 * np.arctan2(2 * xy, xx - yy)
    way = np.array([np.cos(angle), np.sin(angle)])
    return np.asarray((points * way).sum(1)[:, None] * way, np.float64)
