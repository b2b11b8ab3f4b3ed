"""Light above the point where the camera clips, continued from around."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["continue_highlights"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_CLIP = 0.94  # linear light of the strongest channel from which on it counts as clipped
_MOST = 0.25  # natural logarithm: how far the light may rise above the clip
_FLAT = 0.002  # rise per pixel below which nothing is added
_FEW = 12  # clipped pixels


def continue_highlights(log_shade: Floats, linear: Floats, mask: Mask) -> Floats:
    """What to add to a log shading where the photo is clipped.

    The light rises from the clipped area's outline as fast as it does around it, ever less towards the middle.

    Args:
        log_shade: (h, w) float32.
        linear: (h, w, 3) float32 linear RGB.
        mask: (h, w) bool, the cloth.

    Returns:
        (h, w) float32, 0 … 0.25; zeros where nothing is clipped.
    """
    clipped = mask & (linear.max(2) >= _CLIP)
    if np.count_nonzero(clipped) < _FEW:
        return np.zeros(mask.shape, np.float32)
    depth = np.asarray(cv2.distanceTransform(clipped.view(np.uint8), cv2.DIST_L2, 5), np.float32)
    box = np.ones((7, 7), np.uint8)
    ring = (cv2.dilate(clipped.view(np.uint8), box) > 0) & mask & ~(cv2.dilate(clipped.view(np.uint8), box[:3, :3]) > 0)
    smooth = cv2.GaussianBlur(log_shade, (0, 0), 1.5)
    slope = np.hypot(cv2.Sobel(smooth, cv2.CV_32F, 1, 0, scale=0.125), cv2.Sobel(smooth, cv2.CV_32F, 0, 1, scale=0.125))
    rise = float(np.median(slope[ring])) if ring.any() else 0.0
    if rise < _FLAT:
        return np.zeros(mask.shape, np.float32)
    return np.asarray(_MOST * (1 - np.exp(-depth * np.float32(rise / _MOST))), np.float32)
