"""Which patches of a photo belong to the one thing it shows, and which to the ground that it lies on.

Zhu, Liang, Wei, Sun, "Saliency optimization from robust background detection", CVPR 2014: ground is what has much
of its outline on the frame for its size, so a sleeve that leaves the picture does not turn a shirt into ground.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dressform.tryon.garment.superpixels import Superpixels

__all__ = ["likelihood"]

Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_ALIKE = 7.0  # Lab distance along a path up to which two patches are one surface
_NEAR = 0.25  # of the longer side: patches as near as this are compared
_GROUND = 8.0  # how much more the ground's evidence weighs than the contrast's
_STEPS = 80  # of the conjugate gradients


def likelihood(patches: Superpixels) -> tuple[Doubles, Doubles]:
    """Evidence for the thing and for the ground, per patch.

    Args:
        patches: Of a picture in Lab (L 0..100).

    Returns:
        (n,) 0..1, how likely each patch is the thing; (n,) 0..1, how likely it is ground by the frame alone.
    """
    labels = patches.labels
    frame = np.unique(np.concatenate([labels[0], labels[-1], labels[:, 0], labels[:, -1]]))
    difference = _distances(patches.color)
    beside = _neighbours(labels, len(patches.size))
    ground = _ground(difference, beside, frame)
    apart = _distances(patches.place / max(labels.shape))
    contrast = (difference * np.exp(-np.square(apart / _NEAR) / 2) * ground).sum(1)
    low, high = np.quantile(contrast, (0.02, 0.98))
    contrast = np.clip((contrast - low) / max(high - low, 1e-9), 0, 1)
    tie = np.where(beside, np.exp(-np.square(difference / 10) / 2) + 0.1, 0)
    diagonal = _GROUND * ground + contrast + 1e-6
    return np.clip(_solve(tie, diagonal, contrast), 0, 1), ground


def _distances(points: Doubles) -> Doubles:
    """(n, n): Euclidean distances between the rows of (n, d)."""
    total = np.zeros((len(points), len(points)))
    for column in points.T:
        total += np.square(column[:, None] - column)
    return np.asarray(np.sqrt(total), np.float64)


def _neighbours(labels: npt.NDArray[np.int64], count: int) -> Mask:
    beside = np.zeros((count, count), np.bool_)
    beside[labels[:, 1:], labels[:, :-1]] = True
    beside[labels[1:], labels[:-1]] = True
    beside |= beside.T
    np.fill_diagonal(beside, False)
    return beside


def _ground(difference: Doubles, beside: Mask, frame: npt.NDArray[np.int64]) -> Doubles:
    """(n,) 0..1: boundary connectivity, the frame's length in a patch's surface over the root of its area."""
    linked = beside.copy()
    linked[np.ix_(frame, frame)] = True  # whatever leaves the picture may go on behind its frame
    np.fill_diagonal(linked, False)
    step = np.where(linked, difference, np.inf).astype(np.float32)
    # Differences as small as those that every patch has to somebody are the grain of the surface.
    grain = np.float32(np.median(step.min(1))) if len(step) > 1 else np.float32(0)
    path = np.maximum(step - grain, 0)
    np.fill_diagonal(path, 0)
    detour = np.empty_like(path)
    for k in range(len(path)):  # Floyd, Warshall
        np.add(path[:, k, None], path[k], out=detour)
        np.minimum(path, detour, out=path)
    same = np.exp(-np.square(path / np.float32(_ALIKE)) / 2).astype(np.float64)
    connected = same[:, frame].sum(1) / np.sqrt(same.sum(1))
    return np.asarray(1 - np.exp(-np.square(connected) / 2), np.float64)


def _solve(tie: Doubles, diagonal: Doubles, right: Doubles) -> Doubles:
    """x with (D + laplacian of ``tie``) x = right, by conjugate gradients; no BLAS, whose sums depend on threads."""
    whole = diagonal + tie.sum(1)
    x = right / whole
    rest = right - (whole * x - (tie * x).sum(1))
    z = rest / whole
    way, energy = z, float((rest * z).sum())
    for _ in range(_STEPS):
        if energy < 1e-18:
            break
        pushed = whole * way - (tie * way).sum(1)
        length = energy / float((way * pushed).sum())
        x = x + length * way
        rest = rest - length * pushed
        z = rest / whole
        new = float((rest * z).sum())
        way, energy = z + (new / energy) * way, new
    return np.asarray(x, np.float64)
