"""How sharp a photo shows somebody: cloth as crisp as a drawing on a blurred person looks pasted on.

At a step edge blurred by σ, the gradient of the picture over that of the picture blurred once more by σ₀ is
√(1 + σ₀²/σ²): Zhuo and Sim, "Defocus map estimation from a single image", Pattern Recognition 2011. The sharpest edges
of the window tell; texture and soft shadows give larger values.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["measure_blur", "soften"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_AGAIN = 1.0  # px, σ₀
_OWN = 0.75  # px, what the gradient itself blurs by
_EDGES = 0.02  # of the pixels, those with the steepest gradients
_STEEP = 0.02  # grey values 0..1 per pixel: less is noise
_SHARPEST = 0.35  # quantile of the edges' blur
_MOST = 12.0  # px
_SHARP = 0.45  # px: below it nothing has to be softened


def measure_blur(photo: npt.NDArray[np.uint8], near: Mask) -> float:
    """Standard deviation of the blur of a person, in pixels.

    Args:
        photo: (h, w, 3) uint8 RGB, a window of the photo.
        near: (h, w) bool, pixels whose edges count: the garment and what is close to it.

    Returns:
        0 where no edge tells, at most 12.
    """
    if not near.any() or min(near.shape) < 8:
        return 0.0
    grey = np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY), np.float32) * np.float32(1 / 255)
    found = 0.0
    # A strong blur is measured on a smaller picture: there its edges are steep again.
    for shrink in (1, 2, 4, 8):
        size = (max(grey.shape[1] // shrink, 8), max(grey.shape[0] // shrink, 8))
        small = grey if shrink == 1 else np.asarray(cv2.resize(grey, size, interpolation=cv2.INTER_AREA), np.float32)
        where = near if shrink == 1 else cv2.resize(near.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0
        sigma = _edge_blur(small, np.asarray(where, np.bool_))
        if sigma is None:
            break
        found = sigma * shrink
        if sigma < 2.2:
            break
    return float(min(np.sqrt(max(found**2 - _OWN**2, 0.0)), _MOST))


def soften(rgb: Floats, coverage: Floats | None, blur: float) -> tuple[Floats, Floats | None]:
    """New cloth as sharp as the photo.

    Args:
        rgb: (h, w, 3) float32 linear light.
        coverage: (h, w) float32 0..1, or None: all.
        blur: Standard deviation in pixels, as measured.

    Returns:
        Both, blurred; as they were where the photo is sharp.
    """
    if blur < _SHARP:
        return rgb, coverage
    if coverage is None:
        return _blurred(rgb, blur), None
    share = _blurred(coverage, blur)
    mixed = _blurred(rgb * coverage[..., None], blur)
    mixed /= np.maximum(share, np.float32(1e-4))[..., None]
    return mixed, share


def _edge_blur(grey: Floats, near: Mask) -> float | None:
    """Blur of a picture's sharpest edges in its own pixels; None: no edge is steep enough to tell."""
    steep = _gradient(grey)
    there = steep[near]
    if len(there) < 16:
        return None
    least = max(float(np.quantile(there, 1 - _EDGES)), _STEEP)
    edges = near & (steep >= least)
    if np.count_nonzero(edges) < 8:
        return None
    again = _gradient(np.asarray(cv2.GaussianBlur(grey, (0, 0), _AGAIN), np.float32))
    ratio = steep[edges] / np.maximum(again[edges], np.float32(1e-6))
    most = float(np.quantile(ratio, 1 - _SHARPEST))
    return _AGAIN / float(np.sqrt(max(most**2 - 1, 1e-3)))


def _blurred(picture: Floats, blur: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), blur, borderType=cv2.BORDER_REFLECT), np.float32)


def _gradient(grey: Floats) -> Floats:
    dx = np.asarray(cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=1 / 8), np.float32)
    dy = np.asarray(cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=1 / 8), np.float32)
    return np.asarray(np.sqrt(dx * dx + dy * dy), np.float32)
