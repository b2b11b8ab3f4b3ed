"""The light on a cloth, told apart from what is printed on it.

Linear light is albedo × illumination. The inks of the cloth are found on a smaller picture
(:mod:`dressform.tryon.shading.inks`), the light is divided by them, and what is left is split into form and cast
shadow, folds, and weave with noise. After White and Forsyth, "Retexturing Single Views Using Texture and Shading",
ECCV 2006.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import OptionError
from dressform.tryon.pull_push import pull_push
from dressform.tryon.shading.clip import continue_highlights
from dressform.tryon.shading.filters import (
    box_mean,
    bridge,
    denoise,
    enlarged,
    noise_variance,
    robust_mean,
    smooth_base,
)
from dressform.tryon.shading.ink_assign import assign_inks, border_confidence
from dressform.tryon.shading.ink_contrast import contrast_field
from dressform.tryon.shading.ink_regions import Features, log_luminance, luminance, pixel_features
from dressform.tryon.shading.inks import NONE, InkMap, find_inks
from dressform.tryon.shading.unexplained import find_foreign, find_specks, without_pattern

__all__ = ["Shading", "estimate_shading", "relight"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_ANALYSIS, _WINDOW = 60_000, 2.4  # pixels of cloth that inks are found on, and with what is around it, of those
_LARGE = 2.0  # scale from which on every other pixel is enough to look at for means
_SURE = 0.1  # confidence below which a pixel of the smaller picture tells no light
_LOOSE, _DENSE = 0.03, 0.35  # radius of the light's mean in a dense print, of the root of the area; mean confidence
_LIT = 95  # percentile of the light on the cloth that counts as fully lit
_BRIGHT = 0.6  # natural logarithm, how far above that highlights may go
_DARKEST = -4.0  # natural logarithm, how far below
_FORM, _EDGE = 0.06, 0.1  # radius of what counts as a fold, of the root of the area; contrast of what stays form
_DARK = (0.03, 0.08)  # luminance of a cloth in full light: as dark as black, and no longer dark
_CONTRAST = 0.5  # standard deviation of log light on a black cloth, most: it shines rather than being lit
_GRAIN = 0.01  # of the weave, natural logarithm, kept always: without any, cloth looks like plastic


@dataclass(frozen=True, eq=False)
class Shading:
    """Light on a cloth, over the window given; smooth beyond the cloth's outline.

    Attributes:
        shade: (h, w) float32, illumination, 1 = fully lit cloth, at most about 1.8.
        fold: (h, w) float32, natural logarithm of the share of ``shade`` that folds make.
        weave: (h, w) float32, natural logarithm of what ``shade`` leaves out: weave, knit and the camera's noise.
        labels: (h, w) uint8, number of the ink; 255 outside the cloth.
        inks: (k, 3) float32, linear RGB of the inks where ``shade`` is 1, the one that covers most first.
        confidence: (h, w) float32, 0..1: 1 where the light was measured, 0 where it is continued from around.
    """

    shade: Floats
    fold: Floats
    weave: Floats
    labels: npt.NDArray[np.uint8]
    inks: Floats
    confidence: Floats


def estimate_shading(linear: Floats, mask: Mask, share: float = 1.0) -> Shading:
    """Tell the light on a cloth from its inks.

    Args:
        linear: (h, w, 3) float32, linear RGB in 0..1, a window of the photo around the cloth.
        mask: (h, w) bool, the cloth, at least one pixel.
        share: Of the usual work, above 0, for one of several cloths: the smaller it is, the coarser inks are found.

    Raises:
        OptionError: Wrong shapes or types, no pixel of cloth, or values that are negative or not finite.
    """
    _check(linear, mask)
    area = int(np.count_nonzero(mask))
    scale = max(1.0, float(np.sqrt(max(area, mask.size / _WINDOW) / (share * _ANALYSIS))))
    small, small_mask = _reduced(linear, mask, scale)
    features = pixel_features(small)
    inks = find_inks(small, features, small_mask)
    expected, contrast, unknown = _expected(features, inks, small_mask)
    near = enlarged(expected, mask.shape)
    light = log_luminance(linear)
    labels, confidence = assign_inks(linear, light, near, inks, mask)
    steps, step = int(np.clip(round(scale / 2), 1, 3)), 2 if scale > _LARGE else 1
    confidence *= border_confidence(labels, steps)
    if unknown.any():
        confidence *= 1 - enlarged(unknown, mask.shape)
    measured = _divided(light, labels, inks, contrast)
    measured = bridge(measured, confidence, near, 3 * steps, step=step)
    variance = noise_variance(measured, confidence, light, features.log_light)
    clean = denoise(measured, variance, max(2, round(2 * scale)), step=step)
    weave = measured
    weave -= clean
    lit = float(np.percentile(clean[mask][:: 1 + area // 100_000], _LIT))
    reduced = np.array(cv2.resize(clean, small_mask.shape[::-1], interpolation=cv2.INTER_AREA), np.float32)
    rise = continue_highlights(reduced, small, small_mask)
    if rise.any():
        clean += enlarged(rise, mask.shape)
        reduced += rise
    colors = _colors(small, small_mask, reduced - lit, inks)
    power = _power(colors, inks, reduced[small_mask] - lit)
    clean -= np.float32(lit)
    if power != 1:
        clean *= np.float32(power)
    base = smooth_base((reduced - np.float32(lit)) * np.float32(power), _radius(small_mask), _EDGE**2)
    fold = clean - enlarged(base, mask.shape)
    return Shading(_exposed(clean), fold, weave, labels, colors, confidence)


def relight(shading: Shading, *, folds: float = 1.0, weave: float = 0.0, exposure: float = 0.0) -> Floats:
    """What to multiply a new cloth's linear colour by.

    Args:
        shading: From :func:`estimate_shading`.
        folds: Strength of the folds: 0 none, 1 as they are, 2 twice as strong; 0..4.
        weave: Strength of the old cloth's weave and the photo's noise, 0..4; a faint grain stays at 0 as well.
        exposure: Brighter by so many stops, -4..4.

    Returns:
        (h, w) float32 above 0; 1 is the cloth's own colour.

    Raises:
        OptionError: A number out of its range.
    """
    for name, value, low, high in (("folds", folds, 0, 4), ("weave", weave, 0, 4), ("exposure", exposure, -4, 4)):
        if not low <= value <= high:
            raise OptionError(f"{name} is out of range", got=value, allowed=f"{low} to {high}")
    power = np.clip(shading.weave, -_GRAIN, _GRAIN)
    if weave:
        power += (shading.weave - power) * np.float32(weave)
    if folds != 1:
        power += shading.fold * np.float32(folds - 1)
    if exposure:
        power += np.float32(exposure * np.log(2))
    out = np.asarray(cv2.exp(power), np.float32)
    out *= shading.shade
    return out


def _check(linear: Any, mask: Any) -> None:
    if getattr(mask, "dtype", None) != np.bool_ or mask.ndim != 2 or not mask.any():
        got = f"{getattr(mask, 'dtype', type(mask).__name__)} {getattr(mask, 'shape', '')}"
        raise OptionError(
            "the mask of a cloth is not usable", got=got, allowed="bool (h, w) with at least one pixel set"
        )
    if getattr(linear, "dtype", None) != np.float32 or linear.shape != (*mask.shape, 3):
        got = f"{getattr(linear, 'dtype', type(linear).__name__)} {getattr(linear, 'shape', '')}"
        raise OptionError("picture and mask do not fit", got=got, allowed=f"float32 {(*mask.shape, 3)} in linear light")
    low, high = float(linear.min()), float(linear.max())
    if not (low >= 0 and high < np.inf):
        raise OptionError("linear light out of range", got=f"{low} to {high}", allowed="finite, 0 and above")


def _reduced(linear: Floats, mask: Mask, scale: float) -> tuple[Floats, Mask]:
    """A picture smaller by ``scale``, and where a pixel is cloth."""
    if scale == 1:
        return linear, mask
    size = (max(1, round(mask.shape[1] / scale)), max(1, round(mask.shape[0] / scale)))
    share = np.asarray(cv2.resize(mask.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32)
    light = cv2.resize(linear, size, interpolation=cv2.INTER_AREA)
    most = share > 0.95
    return np.asarray(light, np.float32), most if most.any() else share >= share.max()


def _radius(mask: Mask) -> int:
    return max(2, round(_FORM * float(np.sqrt(np.count_nonzero(mask)))))


def _table(inks: InkMap) -> Floats:
    """(256,) log luminance of each label."""
    table = np.zeros(256, np.float32)
    table[: len(inks.level)] = inks.level
    return table


def _expected(features: Features, inks: InkMap, mask: Mask) -> tuple[Floats, Floats | None, Floats]:
    """Log shading at the smaller size, known everywhere, the contrast field of several inks, what tells no light."""
    light, contrast = features.log_light, None
    table = _table(inks)
    if len(inks.level) > 1:
        shifted = np.where(inks.labels == NONE, 0, inks.labels.astype(np.int32) + 1)
        contrast = contrast_field(light, shifted, np.concatenate([table[-1:], inks.level]))
    sure = border_confidence(inks.labels)
    sure[(sure < _SURE) | (inks.labels == NONE)] = 0
    if not sure.any():
        sure = (inks.labels != NONE).astype(np.float32)
    level = table[inks.labels]
    if contrast is not None:
        level = level * (1 + contrast)
    rest = light - level
    unknown = find_specks(rest, mask) | find_foreign(features, inks, mask)
    if (unknown | (sure == 0)).all():
        unknown = np.zeros_like(unknown)
    sure[unknown] = 0
    near = pull_push(rest, sure)
    cloth = (inks.labels != NONE).astype(np.float32)
    if contrast is not None:
        radius = max(3, round(_LOOSE * float(np.sqrt(cloth.sum()))))
        smooth = robust_mean(rest, cloth * (sure + np.float32(_SURE)), radius)
        lone = np.clip(1 - box_mean(sure, 4) / (_DENSE * np.maximum(box_mean(cloth, 4), np.float32(1e-3))), 0, 1)
        near += lone * (smooth - near)
    smooth, busy = without_pattern(rest, cloth > 0)
    if busy:
        near += np.float32(busy) * (smooth - near)
    return near, contrast, np.maximum(unknown, np.float32(busy))


def _divided(light: Floats, labels: npt.NDArray[np.uint8], inks: InkMap, contrast: Floats | None) -> Floats:
    """Log light less that of the ink."""
    if contrast is None:
        return light.copy()
    level = np.take(_table(inks), labels)
    level *= 1 + enlarged(contrast, light.shape)
    return np.subtract(light, level, out=level)


def _colors(small: Floats, mask: Mask, log_shade: Floats, inks: InkMap) -> Floats:
    """(k, 3) float32: linear RGB of each ink in full light."""
    shade = np.exp(log_shade)
    out = np.zeros((len(inks.level), 3), np.float32)
    for k in range(len(out)):
        own = mask & (inks.labels == k)
        if own.any():
            out[k] = small[own].sum(0, dtype=np.float64) / shade[own].sum(dtype=np.float64)
    return out


def _power(colors: Floats, inks: InkMap, log_shade: Floats) -> float:
    """Exponent that calms the light of black cloth; 1 for any other."""
    lit = float((luminance(colors[None])[0] * inks.share).sum() / max(float(inks.share.sum()), 1e-6))
    dark = float(np.clip((_DARK[1] - lit) / (_DARK[1] - _DARK[0]), 0, 1))
    spread = float(log_shade.std())
    return 1 - dark * (1 - min(1.0, _CONTRAST / max(spread, 1e-6)))


def _exposed(log_shade: Floats) -> Floats:
    """Exponential; highlights bent so that they stay below a limit."""
    bright = np.flatnonzero(log_shade > 0)
    values = np.maximum(log_shade, np.float32(_DARKEST))
    values.ravel()[bright] = -_BRIGHT * np.expm1(values.ravel()[bright] * np.float32(-1 / _BRIGHT))
    return np.asarray(cv2.exp(values), np.float32)
