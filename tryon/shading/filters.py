"""Filters of a log shading: removing noise of a known strength, splitting form from folds.

Guided filter: He, Sun, Tang, "Guided image filtering", TPAMI 2013, with the picture as its own guide, so that box
means suffice. Where the noise is known, the gain of Lee, "Digital image enhancement and noise filtering by use of
local statistics", TPAMI 1980, takes the place of its constant.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["box_mean", "bridge", "denoise", "edges_back", "enlarged", "noise_variance", "robust_mean", "smooth_base"]

Floats = npt.NDArray[np.float32]

_OUTLIER = 0.3  # log light off the mean at which a pixel counts a quarter
_HOLD = 0.1  # weight of the light expected, beside that measured within a few pixels
_DENSE = 0.35  # mean confidence around, up to which a pixel's own counts less
_TURNS, _EVEN, _STEEPER = 3, 0.05**2, 1.6  # of rolling guidance: turns, variance that is evened out, most slope
_ROWS = 100  # rows of a picture that noise is measured on
_BINS = 8  # of luminance
_LEAST = 200  # pixels that say something about noise
_UNKNOWN = 0.02  # standard deviation of log light where too little can be measured
_CALM = 0.9  # confidence of the pixels that noise is measured on


def box_mean(values: Floats, radius: int) -> Floats:
    """Mean over (2 radius + 1)² pixels, the frame mirrored."""
    side = 2 * radius + 1
    return np.asarray(cv2.blur(values, (side, side), borderType=cv2.BORDER_REFLECT), np.float32)


def robust_mean(values: Floats, weight: Floats, radius: int, near: Floats | None = None) -> Floats:
    """Local mean on which outliers hardly count; weights of Geman and McClure, 1987.

    Args:
        values: (h, w) float32.
        weight: (h, w) float32, 0 and above.
        radius: Half the side of a window that is gone through twice.
        near: (h, w) float32, a mean to begin with, if there is one.

    Returns:
        (h, w) float32; towards 0 far from any weight.
    """
    trust = weight
    for _ in range(2):
        if near is not None:
            trust = weight / (1 + ((values - near) * np.float32(1 / _OUTLIER)) ** 2) ** 2
        total = np.maximum(box_mean(box_mean(trust, radius), radius), np.float32(1e-6))
        near = np.asarray(box_mean(box_mean(trust * values, radius), radius) / total, np.float32)
    return values if near is None else near


def edges_back(values: Floats, weight: Floats, smooth: Floats, radius: int) -> Floats:
    """Edges of large things back into a mean that made small ones go: lapels and seams on cloth with a fine check.

    Rolling guidance: Zhang, Shen, Xu, Jia, "Rolling guidance filter", ECCV 2014, with the guided filter in place of
    the bilateral one. What the mean has lost altogether stays lost; what it has only blurred sharpens at each turn.

    Args:
        values: (h, w) float32.
        weight: (h, w) float32, 0 and above: what counts.
        smooth: (h, w) float32, a weighted mean of ``values`` over windows of that ``radius``.
        radius: In pixels.
    """
    radius += 1
    total = np.maximum(box_mean(weight, radius), np.float32(1e-6))

    def mean(field: Floats) -> Floats:
        return np.asarray(box_mean(field * weight, radius) / total, np.float32)

    level = mean(values)
    for _ in range(_TURNS):
        middle = mean(smooth)
        spread = np.maximum(mean(smooth * smooth) - middle * middle, 0)
        shared = mean(smooth * values) - middle * level
        slope = np.clip(shared / (spread + np.float32(_EVEN)), 0, _STEEPER).astype(np.float32)
        smooth = np.asarray(mean(slope) * smooth + mean(level - slope * middle), np.float32)
    return smooth


def denoise(values: Floats, variance: Floats, radius: int, *, step: int = 1) -> Floats:
    """Remove noise of a known variance, keep what stands out of it.

    Args:
        values: (h, w) float32.
        variance: (h', w') float32, of any size, of the noise.
        radius: Half the window's side in pixels.
        step: Look at every ``step``-th pixel of every ``step``-th row only to learn what stands out: nearly the same
            for a fraction of the time (He, Sun, "Fast guided filter", 2015).
    """
    thin = np.ascontiguousarray(values[::step, ::step])
    noise = enlarged(variance, thin.shape)
    radius = max(1, radius // step)
    mean = box_mean(thin, radius)
    spread = box_mean(thin * thin, radius)
    spread -= mean * mean
    gain = spread - noise
    np.maximum(gain, 0, out=gain)
    np.maximum(spread, np.float32(1e-9), out=spread)
    gain /= spread
    return _applied(values, mean, gain, radius)


def smooth_base(values: Floats, radius: int, epsilon: float) -> Floats:
    """Guided filter of (h, w) float32 by itself: variances far below ``epsilon`` are evened out, edges stay."""
    mean = box_mean(values, radius)
    spread = np.maximum(box_mean(values * values, radius) - mean * mean, 0)
    return _applied(values, mean, np.asarray(spread / (spread + np.float32(epsilon)), np.float32), radius)


def _applied(values: Floats, mean: Floats, gain: Floats, radius: int) -> Floats:
    """Mean over windows of mean + gain (value - mean); ``mean`` is overwritten."""
    mean -= gain * mean
    out = enlarged(box_mean(gain, radius), values.shape)
    out = out * values
    out += enlarged(box_mean(mean, radius), values.shape)
    return out


def enlarged(values: Floats, shape: tuple[int, ...]) -> Floats:
    """``values`` at another size, bilinear; the same array where the size is the same."""
    if values.shape == shape:
        return values
    return np.asarray(cv2.resize(values, shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)


def bridge(measured: Floats, confidence: Floats, near: Floats, radius: int, *, step: int = 1) -> Floats:
    """The light measured where it is known, that around at borders of inks and of the cloth.

    Args:
        measured: (h, w) float32, log light over ink; overwritten.
        confidence: (h, w) float32, 0..1.
        near: (h, w) float32, what to expect where nothing around is known.
        radius: Half the side of what is around, in pixels.
        step: Look at every ``step``-th pixel of every ``step``-th row only.
    """
    sure = np.ascontiguousarray(confidence[::step, ::step])
    small = max(1, radius // step)
    weight = box_mean(sure, small)
    around = box_mean(measured[::step, ::step] * sure, small)
    around += near[::step, ::step] * np.float32(_HOLD)
    around /= weight + np.float32(_HOLD)
    weight *= np.float32(1 / _DENSE)
    np.minimum(weight, 1, out=weight)
    around = enlarged(around, measured.shape)
    weight = enlarged(weight, measured.shape) * confidence  # a pixel alone among borders is one itself
    measured -= around
    measured *= weight
    measured += around
    return measured


def noise_variance(values: Floats, confidence: Floats, light: Floats, small: Floats) -> Floats:
    """Variance of the noise of a log shading; it depends on how much light the camera got.

    Args:
        values: (h, w) float32, log shading.
        confidence: (h, w) float32, 0..1.
        light: (h, w) float32, log luminance of the photo.
        small: (h', w') float32, the same at a smaller size, for which the answer is given.

    Returns:
        The shape of ``small``, float32.
    """
    rows = slice(None, None, max(1, values.shape[0] // _ROWS))
    v, sure = values[rows], confidence[rows] > _CALM
    if v.shape[1] < 5:
        return np.full(small.shape, _UNKNOWN**2, np.float32)
    second = (v[:, :-4] - 2 * v[:, 2:-2] + v[:, 4:]) / np.float32(np.sqrt(6))
    good = sure[:, :-4] & sure[:, 2:-2] & sure[:, 4:]
    at, size = light[rows][:, 2:-2][good], np.abs(second[good])
    if len(at) < _LEAST:
        return np.full(small.shape, _UNKNOWN**2, np.float32)
    edges = np.quantile(at, np.linspace(0, 1, _BINS + 1))
    which = np.clip(np.searchsorted(edges, at) - 1, 0, _BINS - 1)
    filled = [k for k in range(_BINS) if (which == k).any()]
    sigma = [1.48 * float(np.median(size[which == k])) for k in filled]
    middle = (edges[1:] + edges[:-1])[filled] / 2
    return np.asarray(np.interp(small, middle, np.square(sigma)), np.float32)
