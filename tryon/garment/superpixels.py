"""Superpixels: small patches of like colour that follow the edges of a picture.

SLIC: Achanta, Shaji, Smith, Lucchi, Fua, Süsstrunk, "SLIC superpixels compared to state-of-the-art superpixel
methods", TPAMI 2012, in which every pixel chooses among the nine cells of a grid around it.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Superpixels", "superpixels"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_ROUNDS = 6


class Superpixels(NamedTuple):
    """A picture cut into n patches.

    Attributes:
        labels: (h, w) int64, 0 to n - 1, each of which occurs.
        size: (n,) float64 pixels.
        color: (n, channels) float64 mean values.
        place: (n, 2) float64 mean x, y in pixels.
    """

    labels: Ints
    size: Doubles
    color: Doubles
    place: Doubles


def superpixels(picture: Floats, count: int, *, compactness: float = 12.0) -> Superpixels:
    """Cut a picture into about ``count`` patches.

    Args:
        picture: (h, w, channels) float32, in units in which distances are seen alike, such as Lab.
        count: How many, at least 1; the grid of cells makes it a little more or less.
        compactness: Distance in colour that weighs as much as one cell's side.
    """
    h, w = picture.shape[:2]
    side = max(float(np.sqrt(h * w / count)), 1.0)
    rows, columns = max(round(h / side), 1), max(round(w / side), 1)
    weight = np.float32(compactness / side)
    y, x = np.mgrid[0:h, 0:w].astype(np.float32)
    features = np.concatenate([picture, (x * weight)[:, :, None], (y * weight)[:, :, None]], axis=2)
    cell_y, cell_x = (np.arange(h) * rows // h)[:, None], (np.arange(w) * columns // w)[None, :]
    labels = cell_y * columns + cell_x
    for _ in range(_ROUNDS):
        centers = _means(labels, features, rows * columns).astype(np.float32)
        nearest = np.full((h, w), np.inf, np.float32)
        for step in range(9):
            cell = np.clip(cell_y + step // 3 - 1, 0, rows - 1) * columns
            cell = cell + np.clip(cell_x + step % 3 - 1, 0, columns - 1)
            distance = np.square(features - centers[cell]).sum(2)
            closer = distance < nearest
            nearest[closer] = distance[closer]
            labels[closer] = cell[closer]
    found, inverse = np.unique(labels, return_inverse=True)
    labels = inverse.reshape(h, w)
    means = _means(labels, features, len(found))
    size = np.bincount(labels.reshape(-1)).astype(np.float64)
    return Superpixels(labels, size, means[:, :-2], means[:, -2:] / weight)


def _means(labels: Ints, features: Floats, count: int) -> Doubles:
    """(count, c) float64: mean features of each label; zeros where a label does not occur."""
    flat, values = labels.reshape(-1), features.reshape(-1, features.shape[2])
    size = np.maximum(np.bincount(flat, minlength=count), 1)
    return np.stack([np.bincount(flat, values[:, c], count) / size for c in range(values.shape[1])], axis=1)
