"""Dots and letters too small to be found as inks: small dark or bright spots, many alike, that no light makes.

Closing and opening (Meyer's top-hat transforms, 1979) show what is smaller than a window; folds are smaller in one
direction only, so spots that are long are left alone, and so are a few spots, which may be buttons.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["find_specks"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_SIDE = 9  # pixels, the largest speck
_FAINT = 0.35  # least contrast to what is around, natural logarithm
_ROUGH = 4.0  # and least of the usual contrast of a cloth's weave and noise
_FULL = 0.4  # least share of its upright box that a speck fills
_LONG = 2.2  # largest ratio of the box's sides
_LEAST = 3  # pixels of a speck
_MANY = 10  # specks


def find_specks(log_shade: Floats, mask: Mask) -> Mask:
    """Pixels of specks and those that touch them.

    Args:
        log_shade: (h, w) float32, log light over ink.
        mask: (h, w) bool, the cloth.

    Returns:
        (h, w) bool; nothing where there are only a few specks.
    """
    if min(mask.shape) < _SIDE:
        return np.zeros(mask.shape, np.bool_)
    box = np.ones((_SIDE, _SIDE), np.uint8)
    middle = float(np.median(log_shade[mask]))
    inside = np.where(mask, log_shade, np.float32(middle))
    found = np.zeros(mask.shape, np.bool_)
    many = 0
    for values in (inside, -inside):
        deep = cv2.morphologyEx(values, cv2.MORPH_CLOSE, box) - values
        faint = max(_FAINT, _ROUGH * float(np.median(deep[mask])))
        number, parts, stats, _ = cv2.connectedComponentsWithStats(
            ((deep > faint) & mask).view(np.uint8), connectivity=8, ltype=cv2.CV_32S
        )
        width, height, area = (stats[:, k] for k in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
        good = (area >= _LEAST) & (np.maximum(width, height) <= _SIDE) & (area >= _FULL * width * height)
        good &= np.maximum(width, height) <= _LONG * np.minimum(width, height)
        good[0] = False
        many += int(good.sum())
        if number > 1:
            found |= good[parts]
    if many < _MANY:
        return np.zeros(mask.shape, np.bool_)
    return np.asarray(cv2.dilate(found.view(np.uint8), box[:3, :3]).view(np.bool_) & mask)
