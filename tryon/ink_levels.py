"""How light each ink is, such that the light on the cloth goes on smoothly over the borders of inks.

One weighted least-squares problem over the levels of the inks and the light on a coarse grid: over a border the levels
differ by the jump measured there; in each cell of the grid an ink's luminance is its level plus the cell's light; and
light differs little from cell to cell, which keeps errors of many short borders from adding up.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dressform.tryon.ink_borders import Borders, pool

__all__ = ["solve_levels"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

_NOISE = 0.08  # of a jump, least
_ROBUST = 3  # times the errors decide the weights anew
_CLOSE = 1e-6  # square of the error left, of its standard deviation
_CELLS = 16  # of the grid along the longer side
_FOLDS = 0.3  # standard deviation of an ink's light in a cell from the cell's
_ALIKE = 0.25  # standard deviation of the light of neighbouring cells
_MOST = 4.0  # pixels of an ink in a cell that count; more say no more


def solve_levels(borders: Borders, names: Ints, patches: Ints, light: Floats, *, smooth: float = 1.0) -> Doubles:
    """Log luminance of each group of patches in the same light.

    Args:
        borders: Between the patches.
        names: (p,) int32, group of each patch; group 0 is nothing.
        patches: (h, w) int32, number of the patch, 0 outside the cloth.
        light: (h, w) float32, log luminance.
        smooth: How much the light's smoothness counts; little where the borders tell enough.

    Returns:
        (g,) float64; 0 for the largest group.
    """
    number = int(names.max()) + 1
    pairs = pool(borders, names)
    y, x = np.nonzero(patches)
    group, value = names[patches[y, x]], light[y, x].astype(np.float64)
    side = max(-(-max(patches.shape) // _CELLS), 1)
    across = -(-patches.shape[1] // side)
    cell = (y // side) * across + x // side
    cells = across * -(-patches.shape[0] // side)
    key = group.astype(np.int64) * cells + cell
    count = np.bincount(key, minlength=number * cells)
    held = np.flatnonzero(count)
    mean = np.bincount(key, value, number * cells)[held] / count[held]
    in_ink, in_cell = held // cells, number + held % cells
    here = np.unique(in_cell)
    index = np.arange(cells).reshape(-1, across) + number
    near = np.concatenate([_both(index[:, :-1], index[:, 1:]), _both(index[:-1], index[1:])])
    near = near[np.isin(near, here).all(1)]
    # Rows of the problem: (first, second, sum or difference, value, weight).
    one = np.concatenate([pairs.a, in_ink, near[:, 0]])
    two = np.concatenate([pairs.b, in_cell, near[:, 1]])
    sign = np.concatenate([-np.ones(len(pairs.a)), np.ones(len(held)), -np.ones(len(near))])
    goal = np.concatenate([pairs.jump, mean, np.zeros(len(near))])
    border = np.where(pairs.clear > 0, pairs.count, 0.3 * pairs.count)
    border = border / (pairs.spread**2 + _NOISE**2 + (pairs.soft * pairs.jump) ** 2)
    inside, over = np.minimum(count[held], _MOST) * (smooth / _FOLDS**2), np.full(len(near), smooth / _ALIKE**2)
    weight = np.concatenate([border, inside, over])
    trust = np.ones(len(weight))
    level = np.zeros(number + cells)
    for _ in range(_ROBUST):  # towards the sum of absolute errors
        level = _least_squares(one, two, sign, goal, weight * trust, level)
        error = level[two] + sign * level[one] - goal
        trust = _NOISE / np.maximum(np.abs(error), _NOISE)
        trust[len(pairs.a) :] = 1
    area = np.bincount(group, minlength=number)
    return np.asarray(level[:number] - level[int(np.argmax(area))])


def _both(one: npt.NDArray[np.intp], two: npt.NDArray[np.intp]) -> npt.NDArray[np.intp]:
    return np.stack([one.ravel(), two.ravel()], 1)


def _least_squares(
    one: npt.NDArray[np.integer], two: npt.NDArray[np.integer], sign: Doubles, goal: Doubles, weight: Doubles, x: Doubles
) -> Doubles:
    """Minimise Σ weight (x[two] + sign x[one] - goal)² by conjugate gradients from ``x`` (Hestenes, Stiefel, 1952)."""
    number = len(x)
    diagonal = np.bincount(one, weight, number) + np.bincount(two, weight, number) + 1e-6
    cross = weight * sign
    right = np.bincount(two, weight * goal, number) + np.bincount(one, cross * goal, number)

    def rest(v: Doubles, r: Doubles) -> Doubles:
        return r - diagonal * v - np.bincount(one, cross * v[two], number) - np.bincount(two, cross * v[one], number)

    residual = rest(x, right)
    direction = residual / diagonal
    size = float((residual * direction).sum())
    nothing = np.zeros(number)
    for _ in range(300):
        if size < _CLOSE:
            break
        push = -rest(direction, nothing)
        rate = size / max(float((direction * push).sum()), 1e-30)
        x, residual = x + rate * direction, residual - rate * push
        better = residual / diagonal
        size, before = float((residual * better).sum()), size
        direction = better + size / before * direction
    return np.asarray(x)
