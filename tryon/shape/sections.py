"""Sections through a limb: where its cloth ends on both sides, and the smooth centre and half width that follow.

Whittaker's graduation with weights (see :mod:`~dressform.tryon.shape.axis`): ends that are seen count fully, folds and
straps that stand out little (as in iteratively reweighted least squares: Holland and Welsch, 1977), ends behind
something give a range, and where nothing is known widths stay even and the centre keeps to the first guess.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["cut_sections", "fit_sections"]

Doubles = npt.NDArray[np.float64]
Whole = npt.NDArray[np.int64]
_STEP = 0.5  # px between samples of a section
_HIDDEN = 0.004  # what an end behind something counts, beside a free one
_BEHIND = 0.06  # half widths by which cloth goes on behind what hides its end
_EVEN = 0.6  # what a change of the width from section to section counts


def cut_sections(
    shape: npt.NDArray[np.uint8], line: Doubles, normal: Doubles, reach: float, left_out: int
) -> tuple[Doubles, Doubles, Doubles]:
    """How far the cloth goes from the line on both sides.

    Returns:
        (2, n) left and right: least distance at which it ends, greatest, signed along the normal, and how much that
        counts: 1 for a free end, little for a hidden one, 0 for none.
    """
    steps = np.arange(-reach, reach + _STEP, _STEP)
    x = (line[:, :1] + normal[:, :1] * steps - 0.5).astype(np.float32)
    y = (line[:, 1:] + normal[:, 1:] * steps - 0.5).astype(np.float32)
    cut = cv2.remap(shape, x, y, cv2.INTER_NEAREST, borderMode=cv2.BORDER_CONSTANT, borderValue=0).astype(np.uint8)
    outside = (x < 0) | (y < 0) | (x > shape.shape[1] - 1) | (y > shape.shape[0] - 1)
    first, last = _runs(cut, left_out)
    n, width = cut.shape
    rows = np.flatnonzero(last > 0)
    first, last = first[rows], last[rows]
    columns = np.arange(width)
    cloth = (cut[rows] == 2) & (columns >= first[:, None]) & (columns < last[:, None])
    low, high, free = np.zeros((2, n)), np.zeros((2, n)), np.zeros((2, n))
    seen = (cloth.argmax(1), width - cloth[:, ::-1].argmax(1))
    for side, inner, outer in ((0, seen[0], first), (1, seen[1], last)):
        at_inner, at_outer = steps[0] + _STEP * (inner - 0.5), steps[0] + _STEP * (outer - 0.5)
        cut_off = outside[rows, np.maximum(outer - 2, 0)] | outside[rows, np.minimum(outer + 1, width - 1)]
        cut_off |= (outer == 0) | (outer == width)
        low[side, rows] = at_inner
        high[side, rows] = np.where(cut_off, (2 * side - 1) * 2 * reach, at_outer)
        free[side, rows] = np.where((np.abs(at_inner - at_outer) < 2) & ~cut_off, 1.0, _HIDDEN)
    return low, high, free


def _runs(cut: npt.NDArray[np.uint8], left_out: int) -> tuple[Whole, Whole]:
    """(n,) first and (n,) end of the stretch of each section that holds the most cloth near its middle; 0: no cloth."""
    n, width = cut.shape
    filled = np.zeros((n, width + 2), np.int8)
    filled[left_out : n - left_out, 1:-1] = cut[left_out : n - left_out] > 0
    change = np.diff(filled, axis=1)
    row, start = np.nonzero(change > 0)
    end = np.nonzero(change < 0)[1]
    # Cloth counts less the farther it is from the line: beside a bent arm lies its other half.
    middle = width // 2
    weight = 1 / (1 + (np.abs(np.arange(width) - middle) / (0.35 * middle)) ** 2)
    total = np.zeros((n, width + 1))
    np.cumsum((cut == 2) * weight, axis=1, out=total[:, 1:])
    held = total[row, end] - total[row, start]
    first, last = np.zeros(n, np.int64), np.zeros(n, np.int64)
    order = np.argsort(held, kind="stable")
    order = order[held[order] > 0]
    first[row[order]], last[row[order]] = start[order], end[order]  # the heaviest comes last and stays
    return first, last


def fit_sections(
    low: Doubles, high: Doubles, free: Doubles, guess: Doubles, step: float, stiff: float, kept: float, tilt: float
) -> tuple[Doubles, Doubles]:
    """(n,) centre and (n,) half width along the line, smooth, that fit the ends of its sections best.

    Unknown are the left and the right edge; their sum and difference are smoothed with different strength.

    Args:
        low: (2, n), high: (2, n), free: (2, n): from :func:`cut_sections`.
        guess: (n,) where the first guess of the line lies, signed; it counts where nothing else is known.
        step: Pixels from section to section.
        stiff: Length in half widths below which bends are noise.
        kept: What a distance from the guess counts, beside a pixel at an end that is seen.
        tilt: What a line that is not parallel to the guess costs: short wide pieces tell no direction.
    """
    n = low.shape[1]
    if not (free > 0).any():
        return np.zeros(n), np.full(n, max(step, 1.0))
    both = (free > 0).all(0)
    width = float(np.median((low[1] - low[0])[both])) if both.any() else 2.0
    typical = max(abs(width) / 2, 1.0)
    bend = (stiff * typical / max(step, 1e-6)) ** 4 / 200
    d2 = np.diff(np.eye(n), 2, axis=0)
    smooth = d2.T @ d2
    # The sum of both edges is twice the centre, their difference twice the half width; widths change less.
    plus = np.block([[smooth, smooth], [smooth, smooth]]) / 4
    minus = np.block([[smooth, -smooth], [-smooth, smooth]]) / 4
    d1 = np.diff(np.eye(n), 1, axis=0)
    even, one = d1.T @ d1, np.eye(n)
    penalty = bend * (plus + 4 * minus) + _EVEN * np.block([[even, -even], [-even, even]]) / 4
    penalty += kept * np.block([[one, one], [one, one]]) / 4
    penalty += tilt * np.block([[even, even], [even, even]]) / 4
    wish = (kept * one + tilt * even) @ guess
    wished = np.concatenate([wish, wish]) / 2
    level = np.concatenate([guess - typical, guess + typical])
    outwards = np.array([[-1.0], [1.0]])
    hidden = (free > 0) & (free < 1)
    seen = np.where(free > 0, low + hidden * _BEHIND * typical * outwards, level.reshape(2, n))
    outer = np.where(hidden, high, seen) * outwards
    small, large = np.sort(np.stack([seen, outwards * np.maximum(outer, seen * outwards)]), 0).reshape(2, -1)
    seen, hidden = seen.ravel(), hidden.ravel()
    target, weight, edges = seen, free.ravel(), level
    for _ in range(4):
        matrix = penalty + np.diag(weight + 1e-6)
        right_side = (weight * target + wished + 1e-6 * level)[:, None]
        edges = np.asarray(cv2.solve(matrix, right_side, flags=cv2.DECOMP_CHOLESKY)[1], np.float64)[:, 0]
        weight = free.ravel() / (1 + ((edges - seen) / (0.15 * typical)) ** 2)  # folds, straps and crumbs are outliers
        # Behind something any place within the range will do, with a weak wish for where the cloth was seen last;
        # an edge out of the range would cut off cloth or show where there is none.
        beyond = hidden & ((edges < small) | (edges > large))
        target = np.where(beyond, np.clip(edges, small, large), seen)
        weight = np.where(hidden, np.where(beyond, 0.5, _HIDDEN), weight)
    left, right = edges[:n], edges[n:]
    return (left + right) / 2, np.maximum((right - left) / 2, 0.25 * typical)
