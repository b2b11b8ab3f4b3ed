"""Where inks differ more or less than on the average: dark ink shines in the sun, haze lifts it in the shade.

At each border pixel of two inks the jump of luminance is compared with the inks' levels; a smooth field of the ratio,
by normalised convolution (Knutsson, Westin, CVPR 1993), then stretches the levels in place.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dressform.tryon.shading.filters import box_mean
from dressform.tryon.shading.ink_steps import border_steps

__all__ = ["contrast_field"]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]

_REACH = 0.1  # radius of the mean, of the root of the cloth's area
_HOLD = 20.0  # border pixels with a jump of one that count as much as no change at all
_NOISE = 0.02  # of the field: less than that is none
_MOST = 0.5  # of the field
_OUTLIER = 0.5  # difference of a jump from the levels' that is no ink's


def contrast_field(light: Floats, labels: Ints, level: Floats) -> Floats:
    """How much farther apart inks are in each place than their levels say.

    Args:
        light: (h, w) float32, log luminance.
        labels: (h, w) int32, ink of each pixel, 0 outside the cloth.
        level: (k,) float32, log luminance of inks; entry 0 means nothing.

    Returns:
        (h, w) float32 within ±0.5: an ink's level there is ``level * (1 + field)``.
    """
    steps = border_steps(light, labels, labels > 0)
    step = level[steps.second] - level[steps.first]
    error = steps.step - step
    weight = 1 / (1 + (error * np.float32(1 / _OUTLIER)) ** 2) ** 2
    sums, weights = (
        np.bincount(steps.where, weight * step * values, labels.size).reshape(labels.shape).astype(np.float32)
        for values in (error, step)
    )
    area = np.count_nonzero(labels)
    radius = max(3, round(_REACH * np.sqrt(area)))
    hold = _HOLD / (2 * radius + 1) ** 2
    field = _twice(sums, radius) / (_twice(weights, radius) + np.float32(hold))
    field -= np.clip(field, -_NOISE, _NOISE)
    return np.asarray(np.clip(field, -_MOST, _MOST), np.float32)


def _twice(values: Floats, radius: int) -> Floats:
    return box_mean(box_mean(values, radius), radius)
