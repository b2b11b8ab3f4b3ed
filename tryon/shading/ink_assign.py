"""Ink of each pixel at full size, from inks found on a smaller picture."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.shading.ink_borders import chroma_doubt
from dressform.tryon.shading.ink_regions import DARK, chromaticity
from dressform.tryon.shading.inks import NONE, InkMap

__all__ = ["assign_inks", "border_confidence"]

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_CHROMA, _LIGHT = 0.15, 0.25  # standard deviations of a pixel from its ink: chromaticity, log light
_RISE = 0.3  # confidence gained by each pixel away from a border of inks
_LEAST = 0.02  # confidence at a border


def assign_inks(linear: Floats, log_light: Floats, near: Floats, inks: InkMap, mask: Mask) -> tuple[Labels, Floats]:
    """Decide anew at the borders of inks, where the smaller picture is too coarse.

    Args:
        linear: (h, w, 3) float32 linear RGB.
        log_light: (h, w) float32, its log luminance.
        near: (h, w) float32, log shading to be expected.
        inks: Of the same picture at this or a smaller size.
        mask: (h, w) bool, the cloth.

    Returns:
        (h, w) uint8 ink numbers, :data:`NONE` outside the mask; (h, w) float32, 0..1, how well ink and light explain
        the pixel.
    """
    fit = mask.astype(np.float32)
    if len(inks.level) == 1 and (inks.labels != NONE).any():
        return np.where(mask, np.uint8(0), np.uint8(NONE)), fit
    size = (mask.shape[1], mask.shape[0])
    small = inks.labels
    box = np.ones((3, 3), np.uint8)
    rim = (cv2.dilate(small, box) != cv2.erode(small, box)) | (small == NONE)
    labels = np.array(cv2.resize(small, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    band = np.asarray(cv2.resize(rim.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)).view(np.bool_)
    at = np.flatnonzero(band & mask)
    light = log_light.ravel()[at]
    flat = light - near.ravel()[at]
    tint = chromaticity(linear.reshape(-1, 3)[at] + np.float32(DARK))
    doubt = np.float32(1) / (chroma_doubt(light) ** 2 + np.float32(_CHROMA**2))
    best, cost = np.zeros(len(at), np.uint8), np.full(len(at), np.inf, np.float32)
    for k in range(len(inks.level)):
        gap = ((tint[:, 0] - inks.chroma[k, 0]) ** 2 + (tint[:, 1] - inks.chroma[k, 1]) ** 2) * doubt
        gap += ((flat - inks.level[k]) * np.float32(1 / _LIGHT)) ** 2
        closer = gap < cost
        best[closer] = k
        np.minimum(cost, gap, out=cost)
    labels.ravel()[at] = best
    labels[~mask] = NONE
    fit.ravel()[at] = np.exp(np.float32(-0.5) * np.maximum(cost - 1, 0))
    return labels, fit


def border_confidence(labels: Labels, steps: int = 1) -> Floats:
    """(h, w) float32: 1 far from where labels change, near 0 at the change, over some 3 × ``steps`` pixels."""
    box = np.ones((3, 3), np.uint8)
    calm = (cv2.dilate(labels, box) == cv2.erode(labels, box)).view(np.uint8)
    away = np.asarray(cv2.distanceTransform(calm, cv2.DIST_L2, 3), np.float32)
    away *= np.float32(_RISE / steps)
    away += np.float32(_LEAST)
    return np.minimum(away, np.float32(1), out=away)
