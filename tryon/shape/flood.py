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
_CALM = 1.2  # px
_FAINT = 12.0  # grey values: smaller differences are weave, folds and noise, not the edge of a sleeve
_SMOOTH = 3.5  # px
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
    edges = np.zeros((height, width), np.uint8) if photo is None else _edges(photo, inside)
    picture = np.repeat(np.pad(edges, 1)[..., None], 3, axis=2)
    outside = int(out.max()) + 1
    # The frame of the picture is drawn over by OpenCV; a border of our own takes that.
    markers = np.full((height + 2, width + 2), outside, np.int32)
    markers[1:-1, 1:-1] = np.where(inside, out, outside)
    found = np.asarray(cv2.watershed(picture, markers))[1:-1, 1:-1]
    out = np.where(inside & (found > 0) & (found < outside), found, out).astype(np.int32)
    return _smoothed(_closed(out, inside), seeds * inside)


def _edges(photo: Bytes, inside: Mask) -> Bytes:
    """(h, w) uint8 strength of the edges of a photo that may be those of a sleeve; 0 within plain and printed cloth."""
    calm = np.asarray(cv2.GaussianBlur(photo, (0, 0), _CALM), np.uint8)
    steps = np.asarray(cv2.morphologyEx(calm, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)), np.uint8).max(2)
    # What most of the cloth has everywhere is its print, not the edge of a sleeve.
    least = max(_FAINT, _PRINT * float(np.quantile(steps[inside], 0.75)))
    return np.where(steps > least, steps, np.uint8(0))


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
