"""The steps that luminance makes at the borders of inks, light's own slope over the border taken out.

The difference of two pixels 5 apart holds the step and what light changes over them; that of two pixels 9 apart holds
the step and 9/5 of the latter. The step alone is 9/4 of the first less 5/4 of the second (Richardson's extrapolation).
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Steps", "border_steps", "robust_step"]

Floats = npt.NDArray[np.float32]
Counts = npt.NDArray[np.intp]
Mask = npt.NDArray[np.bool_]

_NEAR, _FAR = 2, 4  # pixels from the border's own two
_OUTLIER = 0.1  # natural logarithm, off the mean at which a step counts a quarter
_TURNS = 4


@dataclass(frozen=True, eq=False)
class Steps:
    """Every place where ink changes between two neighbouring pixels, and stays the same far enough on both sides.

    Attributes:
        where: (n,) number of the first pixel, counted by rows.
        first, second: (n,) labels left and right, or above and below.
        step: (n,) float32, what log luminance rises from the first to the second ink.
    """

    where: Counts
    first: Counts
    second: Counts
    step: Floats


def border_steps(light: Floats, labels: npt.NDArray[np.integer], cloth: Mask) -> Steps:
    """Steps of (h, w) float32 log luminance between (h, w) labels, where (h, w) bool is cloth."""
    plane, box = labels.astype(np.float32), np.ones((3, 3), np.uint8)
    inner = (cv2.dilate(plane, box) == cv2.erode(plane, box)) & cloth
    index = np.arange(labels.size).reshape(labels.shape)
    parts = [_one_way(light, labels, inner, index), _one_way(light.T, labels.T, inner.T, index.T)]
    return Steps(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _one_way(
    light: Floats, labels: npt.NDArray[np.integer], inner: Mask, index: Counts
) -> tuple[Counts, Counts, Counts, Floats]:
    end = labels.shape[1] - _FAR - 1
    if end <= _FAR:
        nothing = np.zeros(0, np.intp)
        return nothing, nothing, nothing, np.zeros(0, np.float32)
    y, x = np.nonzero(labels[:, _FAR:end] != labels[:, _FAR + 1 : end + 1])
    x += _FAR
    good = np.ones(len(y), np.bool_)
    for reach in (_NEAR, _FAR):
        for at, side in ((x - reach, x), (x + 1 + reach, x + 1)):
            good &= inner[y, at] & (labels[y, at] == labels[y, side])
    y, x = y[good], x[good]
    near, far = (light[y, x + 1 + reach] - light[y, x - reach] for reach in (_NEAR, _FAR))
    short, long = 2 * _NEAR + 1, 2 * _FAR + 1
    step = (near * long - far * short) / np.float32(long - short)
    return index[y, x], labels[y, x].astype(np.intp), labels[y, x + 1].astype(np.intp), step.astype(np.float32)


def robust_step(step: Floats) -> float:
    """Mean of steps on which outliers hardly count; weights of Geman and McClure, 1987."""
    mean = float(np.median(step))
    for _ in range(_TURNS):
        weight = 1 / (1 + ((step - mean) / _OUTLIER) ** 2) ** 2
        mean = float((weight * step).sum() / weight.sum())
    return mean
