"""The colour that prevails on a cloth: the peak of its histogram.

Mean shift (Comaniciu and Meer, "Mean shift: a robust approach toward feature space analysis", TPAMI 2002), started in
the fullest cell.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.light import to_srgb

__all__ = ["dominant_color"]

Floats = npt.NDArray[np.float32]
_CELL = 12.0  # Lab
_ALIKE = 10.0  # Lab distance within which colours are one
_SAMPLES = 4000
_ROUNDS = 5


def dominant_color(colors: Floats) -> Floats:
    """(3,) float32 linear light: the mean of the colours about the peak; black if there are none.

    Args:
        colors: (n, 3) float32 linear light.
    """
    if not len(colors):
        return np.zeros(3, np.float32)
    some = np.ascontiguousarray(colors[:: 1 + len(colors) // _SAMPLES])
    srgb = np.asarray(to_srgb(np.clip(some, 0, 1)), np.float32)
    lab = np.asarray(cv2.cvtColor(srgb[None], cv2.COLOR_RGB2Lab)[0], np.float64)
    cells, number = np.unique(np.floor(lab / _CELL).astype(np.int64), axis=0, return_inverse=True)
    counts = np.bincount(number.reshape(-1), minlength=len(cells))
    near = np.abs(cells[:, None] - cells[None]).max(2) <= 1  # a peak on the border of two cells counts as one
    full = int(np.argmax((near * counts).sum(1)))
    peak = int(np.argmax(near[full] * counts))
    middle = lab[number.reshape(-1) == peak].mean(0)
    alike = np.ones(len(lab), np.bool_)
    for _ in range(_ROUNDS):
        alike = np.square(lab - middle).sum(1) < _ALIKE**2
        if not alike.any():
            return np.asarray(some[number.reshape(-1) == peak].mean(0), np.float32)
        middle = lab[alike].mean(0)
    return np.asarray(some[alike].mean(0, dtype=np.float64), np.float32)
