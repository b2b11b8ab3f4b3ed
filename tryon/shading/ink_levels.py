"""How light each ink is, such that the light on the cloth goes on smoothly over the borders of inks.

One weighted least-squares problem over the levels of the inks and the light on a coarse grid: over a border the levels
differ by the jump measured there; in each cell of the grid an ink's luminance is its level plus the cell's light; and
light differs little from cell to cell, which keeps errors of many short borders from adding up.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.tryon.shading.ink_borders import Pairs

__all__ = ["LightGrid", "solve_levels"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Counts = npt.NDArray[np.intp]
Ints = npt.NDArray[np.int32]

_NOISE = 0.08  # of a jump, least
_ROBUST = 3  # times the errors decide the weights anew
_CELLS = 14  # of the grid along the longer side
_FOLDS = 0.3  # standard deviation of an ink's light in a cell from the cell's
_ALIKE = 0.25  # standard deviation of the light of neighbouring cells
_MOST = 4.0  # pixels of an ink in a cell that count; more say no more
_BENT = 0.3  # weight of a border without clear pixels
_TURNS = 200  # of conjugate gradients
_CLOSE = 1e-5  # square of the error left, of its standard deviation


@dataclass(frozen=True, eq=False)
class LightGrid:
    """Luminance of each patch in each cell of a coarse grid.

    Attributes:
        patch, cell: (n,) where they meet.
        count: (n,) pixels; total: (n,) their sum of log luminance.
        near: (m, 2) cells that are neighbours.
        cells: Number of cells.
    """

    patch: Counts
    cell: Counts
    count: Doubles
    total: Doubles
    near: Counts
    cells: int

    @classmethod
    def of(cls, patches: Ints, light: Floats) -> LightGrid:
        """Of (h, w) int32 patches, 0 outside the cloth, and (h, w) float32 log luminance."""
        y, x = np.nonzero(patches)
        side = max(-(-max(patches.shape) // _CELLS), 1)
        across, down = -(-patches.shape[1] // side), -(-patches.shape[0] // side)
        cells = across * down
        key = patches[y, x].astype(np.int64) * cells + (y // side) * across + x // side
        count = np.bincount(key)
        held = np.flatnonzero(count)
        total = np.bincount(key, light[y, x])[held].astype(np.float64)
        index = np.arange(cells).reshape(down, across)
        beside = [(index[:, :-1], index[:, 1:]), (index[:-1], index[1:])]
        near = np.concatenate([np.stack([one.ravel(), two.ravel()], 1) for one, two in beside])
        near = near[np.isin(near, held % cells).all(1)]
        return cls(held // cells, held % cells, count[held].astype(np.float64), total, near, cells)

    def grouped(self, names: Ints) -> LightGrid:
        """The same for groups of patches, patch p being in group ``names[p]``."""
        key = names[self.patch].astype(np.int64) * self.cells + self.cell
        count = np.bincount(key, self.count).astype(np.float64)
        held = np.flatnonzero(count)
        total = np.bincount(key, self.total)[held].astype(np.float64)
        return LightGrid(held // self.cells, held % self.cells, count[held], total, self.near, self.cells)


def solve_levels(pairs: Pairs, grid: LightGrid, names: Ints, *, smooth: float) -> Doubles:
    """Log luminance of each group of patches in the same light.

    Args:
        pairs: The borders of the groups.
        grid: Luminance of the patches.
        names: (p,) int32, group of each patch; group 0 is nothing.
        smooth: How much the light's smoothness counts; little where the borders tell enough.

    Returns:
        (g,) float64; 0 for the largest group.
    """
    grid = grid.grouped(names)
    number = int(names.max()) + 1
    # Rows of the problem: x[two] + sign x[one] = goal.
    one = np.concatenate([pairs.a, grid.patch, number + grid.near[:, 0]])
    two = np.concatenate([pairs.b, number + grid.cell, number + grid.near[:, 1]])
    ends = np.cumsum([len(pairs.a), len(grid.patch)])
    sign, goal = -np.ones(len(one)), np.zeros(len(one))
    sign[ends[0] : ends[1]] = 1
    goal[: ends[0]], goal[ends[0] : ends[1]] = pairs.jump, grid.total / grid.count
    weight = np.full(len(one), smooth / _ALIKE**2)
    weight[ends[0] : ends[1]] = np.minimum(grid.count, _MOST) * (smooth / _FOLDS**2)
    border = np.where(pairs.clear > 0, pairs.count, _BENT * pairs.count)
    border = border / (pairs.spread**2 + _NOISE**2 + (pairs.soft * pairs.jump) ** 2)
    weight[: ends[0]] = border
    level = np.zeros(number + grid.cells)
    for _ in range(_ROBUST):  # towards the sum of absolute errors, over borders
        level = _least_squares(one, two, sign, goal, weight, level)
        error = np.abs(level[pairs.b] - level[pairs.a] - pairs.jump)
        weight[: ends[0]] = border * _NOISE / np.maximum(error, _NOISE)
    area = np.bincount(grid.patch, grid.count)
    return np.asarray(level[:number] - level[int(np.argmax(area))])


def _least_squares(one: Counts, two: Counts, sign: Doubles, goal: Doubles, weight: Doubles, x: Doubles) -> Doubles:
    """Minimise Σ weight (x[two] + sign x[one] - goal)² by conjugate gradients from ``x`` (Hestenes, Stiefel, 1952)."""
    number = len(x)
    both, other = np.concatenate([one, two]), np.concatenate([two, one])
    diagonal = np.bincount(both, np.concatenate([weight, weight]), number) + 1e-6
    cross = np.concatenate([weight * sign] * 2)
    right = np.bincount(two, weight * goal, number) + np.bincount(one, weight * sign * goal, number)

    def times(v: Doubles) -> Doubles:
        return np.asarray(diagonal * v + np.bincount(both, cross * v[other], number))

    residual = right - times(x)
    direction = residual / diagonal
    size = float((residual * direction).sum())
    for _ in range(_TURNS):
        if size < _CLOSE:
            break
        push = times(direction)
        rate = size / max(float((direction * push).sum()), 1e-30)
        x, residual = x + rate * direction, residual - rate * push
        better = residual / diagonal
        size, before = float((residual * better).sum()), size
        direction = better + size / before * direction
    return np.asarray(x)
