"""Borders between parts of one garment, laid where the photo shows an edge and half way between the parts elsewhere.

Watershed from markers (Meyer, "Color image segmentation", 1992) in OpenCV's version.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["flood"]

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
_COARSE = 8  # grey values: smaller differences are weave and noise, not the edge of a sleeve
_SMOOTH = 2.5  # px
_PRINT = 1.3  # of the upper quartile of differences: what a printed cloth has between its edges


def flood(photo: Bytes | None, inside: Mask, seeds: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Labels of seeds spread over a shape.

    Args:
        photo: (h, w, 3) uint8 RGB, or None: then borders lie half way.
        inside: (h, w) bool, the shape.
        seeds: (h, w) int32, labels from 1 where they are known, 0 where they are not.

    Returns:
        (h, w) int32, a label everywhere inside, 0 outside; pieces of the shape without a seed get
        that of the nearest one.
    """
    height, width = inside.shape
    out = np.where(inside, seeds, 0)
    if not out.any():
        return inside.astype(np.int32)
    if photo is None:
        picture = np.zeros((height + 2, width + 2, 3), np.uint8)
    else:
        calm = np.asarray(cv2.GaussianBlur(photo, (0, 0), 1.2), np.uint8)
        busy = np.asarray(cv2.morphologyEx(calm, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))).max(2)[inside]
        # What most of the cloth has everywhere is its print, not the edge of a sleeve.
        calm = calm // max(_COARSE, int(_PRINT * float(np.quantile(busy, 0.75))))
        picture = np.pad(calm, ((1, 1), (1, 1), (0, 0)), mode="edge").astype(np.uint8)
    outside = int(out.max()) + 1
    # The frame of the picture is drawn over by OpenCV; a border of our own takes that.
    markers = np.full((height + 2, width + 2), outside, np.int32)
    markers[1:-1, 1:-1] = np.where(inside, out, outside)
    found = np.asarray(cv2.watershed(picture, markers))[1:-1, 1:-1]
    out = np.where(inside & (found > 0) & (found < outside), found, out).astype(np.int32)
    return _smoothed(_closed(out, inside), seeds * inside)


def _smoothed(labels: npt.NDArray[np.int32], seeds: npt.NDArray[np.int32]) -> npt.NDArray[np.int32]:
    """Labels with smooth borders, their seeds kept: seams are no fringes."""
    count = int(labels.max())
    if count < 2:
        return labels
    soft = [cv2.GaussianBlur((labels == k).astype(np.float32), (0, 0), _SMOOTH) for k in range(1, count + 1)]
    best = np.stack(soft).argmax(0).astype(np.int32) + 1
    return np.where(labels > 0, np.where(seeds > 0, seeds, best), 0).astype(np.int32)


def _closed(labels: npt.NDArray[np.int32], inside: Mask) -> npt.NDArray[np.int32]:
    """Labels for the lines that the watershed leaves, and for pieces that it did not reach: the nearest ones."""
    empty = labels == 0
    if not (inside & empty).any():
        return labels
    _, number = cv2.distanceTransformWithLabels(
        empty.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    nearest = np.zeros(int(number.max()) + 1, np.int32)
    nearest[number[~empty]] = labels[~empty]
    return np.where(inside, nearest[number], 0).astype(np.int32)
