"""Fields on a coarse grid: the one whose differences come nearest to given ones, and the height of a pillow.

Both are sparse symmetric systems, solved by conjugate gradients (Hestenes and Stiefel, 1952) with the diagonal as
preconditioner. Sums are taken in one order whatever the number of threads, so results are the same everywhere.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

__all__ = ["integrate", "pillow"]

Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_STEPS = 400
_CLOSE = 1e-5  # of the right side: residual at which a solution is good enough


def integrate(
    right: Doubles, down: Doubles, inside: Mask, weights: tuple[npt.ArrayLike, npt.ArrayLike] = (1.0, 1.0)
) -> Doubles:
    """Fields whose differences between neighbouring nodes are as near as can be to what is wanted (least squares).

    No border value is given: borders are free. Each connected piece has mean 0.

    Args:
        right: (c, h, w - 1) float64, wanted differences from each node to the next one in its row.
        down: (c, h - 1, w) float64, the same for columns.
        inside: (h, w) bool, nodes that take part; differences over others count nothing.
        weights: What differences in rows and in columns count: (h, 1) or (h, w - 1), and (h, 1) (its mean with the
            next row counts) or (h - 1, w), or numbers.

    Returns:
        (c, h, w) float64, 0 where not inside.
    """
    h, w = inside.shape
    across, along = (np.asarray(weight, np.float64) for weight in weights)
    along = 0.5 * (along[1:] + along[:-1]) if along.shape == (h, 1) else along
    a = np.broadcast_to(across, (h, w - 1)) * (inside[:, 1:] & inside[:, :-1])
    b = np.broadcast_to(along, (h - 1, w)) * (inside[1:] & inside[:-1])

    def apply(x: Doubles) -> Doubles:
        flow, fall = a * np.diff(x, axis=2), b * np.diff(x, axis=1)
        return _divergence(flow, fall, x.shape)

    target = _divergence(a * right, b * down, (len(right), h, w))
    diagonal = np.zeros((h, w))
    diagonal[:, 1:] += a
    diagonal[:, :-1] += a
    diagonal[1:] += b
    diagonal[:-1] += b
    found = _solve(apply, target, np.where(diagonal > 0, diagonal, 1.0))
    used = inside & (diagonal > 0)
    if used.any():
        found -= found[:, used].mean(1)[:, None, None]
    return np.where(used, found, 0.0)


def pillow(inside: Mask, roundness: float = 2.0) -> Doubles:
    """(h, w) height of a pillow sewn along the border of a shape, in nodes; 0 outside.

    Its square is the solution of Poisson's equation: half a sphere over a disc for ``roundness`` 4, half a tube over
    a strip for 2.
    """
    padded = np.pad(inside, 1)
    core = padded[1:-1, 1:-1]

    def apply(x: Doubles) -> Doubles:
        p = np.pad(x, ((0, 0), (1, 1), (1, 1)))
        out = 4 * x - p[:, 2:, 1:-1] - p[:, :-2, 1:-1] - p[:, 1:-1, 2:] - p[:, 1:-1, :-2]
        return np.where(core, out, 0.0)

    square = _solve(apply, np.where(core, roundness, 0.0)[None], np.full(core.shape, 4.0))
    return np.asarray(np.sqrt(np.maximum(square[0], 0.0)))


def _divergence(flow: Doubles, fall: Doubles, shape: tuple[int, ...]) -> Doubles:
    """The adjoint of taking differences in rows and columns."""
    out = np.zeros(shape)
    out[:, :, 1:] += flow
    out[:, :, :-1] -= flow
    out[:, 1:] += fall
    out[:, :-1] -= fall
    return out


def _solve(apply: Callable[[Doubles], Doubles], target: Doubles, diagonal: Doubles) -> Doubles:
    """(c, h, w) solutions of a positive semidefinite system, each right side on its own."""
    x = np.zeros_like(target)
    rest = target.copy()
    z = rest / diagonal
    way = z.copy()
    old = (rest * z).sum((1, 2))
    goal = _CLOSE**2 * np.maximum(old, 1e-300)
    for _ in range(_STEPS):
        moved = apply(way)
        step = old / np.maximum((way * moved).sum((1, 2)), 1e-300)
        x += step[:, None, None] * way
        rest -= step[:, None, None] * moved
        z = rest / diagonal
        new = (rest * z).sum((1, 2))
        if (new <= goal).all():
            break
        way = z + (new / np.maximum(old, 1e-300))[:, None, None] * way
        old = new
    return x
