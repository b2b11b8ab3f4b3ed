"""Coordinates that bend in the folds of the cloth.

A texture on a fold is displaced along the slope of the shading there, as in Fang and Hart, "Textureshop" (SIGGRAPH
2004) and in the displacement filters of picture editors; here with the certainty that nothing is folded over.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import OptionError
from dressform.tryon.shape.coords import determinants

__all__ = ["MOST_STRENGTH", "shift_folds"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

MOST_STRENGTH = 0.015
"""Of the torso's width: farther no thread is moved."""

_SLOPE = 0.5  # of a pixel per pixel: more change of the displacement is taken back, so that cloth is never turned over
_DEEP = 3.0  # change of log shading per width of the torso, at which folds are deep
_FINE = 0.006  # of the torso's width: finer shading is weave
_SIDE = 480  # px of the picture on which displacements are found
_HELD = 0.02  # of the torso's width: nearer to seams and borders threads move less
_STEEP = 3.0  # px of cloth per px
_LEAST_DET = 0.15  # of the determinant without folds
_TRIES = 6
_FULL = np.uint8(255)


def shift_folds(
    uv: Floats,
    fold: Floats,
    mask: Mask,
    width: float,
    *,
    strength: float = 0.01,
    panel: npt.NDArray[np.uint8] | None = None,
) -> Floats:
    """uv - k · grad(fold): threads run around folds instead of straight over them.

    Args:
        uv: (h, w, 2) float32 coordinates in pixels of cloth.
        fold: (h, w) float32 high-pass log shading; 0 means no folds.
        mask: (h, w) bool, the garment.
        width: Of the torso in pixels.
        strength: Displacement in deep folds, in shares of ``width``, 0 to :data:`MOST_STRENGTH`.
        panel: (h, w) uint8, panels whose coordinates jump against each other (``ClothMap.panel``), or None.

    Returns:
        (h, w, 2) float32, a new array. Where the Jacobian of ``uv`` is positive within a panel, so is that of the
        result.

    Raises:
        OptionError: ``strength`` out of range, a width that is not positive, or shapes that do not fit.
    """
    if not 0 <= strength <= MOST_STRENGTH:
        raise OptionError("fold strength out of range", got=strength, allowed=f"0 to {MOST_STRENGTH}")
    if not (np.isfinite(width) and width > 0):
        raise OptionError("bad width of the torso", got=width, allowed="above 0, finite")
    if fold.shape != uv.shape[:2] or mask.shape != uv.shape[:2]:
        raise OptionError("folds do not fit the coordinates", got=f"{fold.shape}, {mask.shape}", allowed=uv.shape[:2])
    if strength == 0 or not mask.any() or min(mask.shape) < 3:
        return uv.copy()
    same = _inner(mask if panel is None else np.where(mask, panel, 0))
    push = _displacement(uv, fold, mask, same, width, strength)
    floor = determinants(uv)
    same &= floor > 0
    np.minimum(floor, 1, out=floor)
    floor *= np.float32(_LEAST_DET)
    for _ in range(_TRIES):
        out = uv - push
        bad = same & (determinants(out) < floor)
        if not bad.any():
            return out
        # Only where it is needed, and softly, so that the change of the damping folds nothing over by itself.
        push *= _damping(bad, width)[..., None]
    for _ in range(_TRIES):
        push *= np.float32(0.5)
        out = uv - push
        if not (same & (determinants(out) < floor)).any():
            return out
    return uv.copy()


def _displacement(uv: Floats, fold: Floats, mask: Mask, same: Mask, width: float, strength: float) -> Floats:
    """(h, w, 2) displacement on the cloth; found on a smaller picture."""
    h, w = mask.shape
    ratio = min(1.0, _SIDE / max(h, w))
    size = (max(round(w * ratio), 3), max(round(h * ratio), 3))
    clean = np.where(mask, fold, np.float32(0))
    small, inside, coordinates, whole = (
        np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_AREA), np.float32)
        for part in (np.nan_to_num(clean, copy=False), mask.view(np.uint8) * _FULL, uv, same.view(np.uint8) * _FULL)
    )
    push = _in_picture(small, inside * np.float32(1 / _FULL), width, strength, ratio)
    push = _on_cloth(coordinates, push, whole >= _FULL, width, ratio)
    return np.asarray(cv2.resize(push, (w, h), interpolation=cv2.INTER_CUBIC), np.float32)


def _in_picture(fold: Floats, inside: Floats, width: float, strength: float, ratio: float) -> Floats:
    """(h, w, 2) displacement in pixels of the photo: at most ``strength`` of the width long, its slope limited.

    Args:
        fold: (h, w) log shading on a smaller picture, 0 outside the garment.
        inside: (h, w) share of the garment.
        width, strength: As of :func:`shift_folds`.
        ratio: Size of this picture, of the photo.
    """
    blur = max(_FINE * width * ratio, 1.2)
    # Divided by the blurred mask: the border of the garment is no fold.
    cover = np.asarray(cv2.GaussianBlur(inside, (0, 0), blur), np.float32)
    smooth = np.asarray(cv2.GaussianBlur(fold, (0, 0), blur), np.float32) / np.maximum(cover, np.float32(0.05))
    gx, gy = (np.asarray(cv2.Sobel(smooth, cv2.CV_32F, *way, ksize=3, scale=0.125)) for way in ((1, 0), (0, 1)))
    fade = np.clip((cover - 0.5) * 2, 0, 1)
    slope = np.sqrt(gx * gx + gy * gy)
    # Soft saturation: deep folds move threads no farther than the limit, faint ones hardly at all.
    size_of = np.tanh(slope * np.float32(ratio * width / _DEEP)) * fade
    size_of *= np.float32(strength * width) / np.maximum(slope, np.float32(1e-9))
    push = np.asarray(cv2.GaussianBlur(np.dstack([gx * size_of, gy * size_of]), (0, 0), blur), np.float32)
    steep = np.zeros(fold.shape, np.float32)
    for c in (0, 1):
        for axis in (0, 1):
            steep += np.square(np.gradient(push[..., c], axis=axis))
    limit = np.clip(_SLOPE / np.maximum(np.sqrt(steep) * np.float32(ratio), np.float32(1e-6)), 0, 1)
    reach = 2 * max(1, round(1.5 * blur)) + 1
    limit = np.asarray(cv2.erode(limit.astype(np.float32), np.ones((reach, reach), np.uint8)))
    push *= np.asarray(cv2.GaussianBlur(limit, (0, 0), reach / 2))[..., None]
    return push


def _on_cloth(uv: Floats, push: Floats, same: Mask, width: float, ratio: float) -> Floats:
    """A displacement in the picture as one on the cloth; none at seams and at the border, where threads are held."""
    far = np.asarray(cv2.distanceTransform(same.astype(np.uint8), cv2.DIST_L2, 3), np.float32)
    hold = np.clip(far / np.float32(max(_HELD * width, 3) * ratio), 0, 1)
    out = np.empty_like(push)
    for c in (0, 1):
        dx, dy = (np.clip(np.gradient(uv[..., c], axis=axis) * np.float32(ratio), -_STEEP, _STEEP) for axis in (1, 0))
        out[..., c] = (dx * push[..., 0] + dy * push[..., 1]) * hold
    return out


def _damping(bad: Mask, width: float) -> Floats:
    """(h, w) factor: 0.35 around bad places, 1 far from them, smooth between."""
    reach = max(2.0, 0.03 * width)
    far = np.asarray(cv2.distanceTransform((~bad).astype(np.uint8), cv2.DIST_L2, 3))
    t = np.clip(far / np.float32(4 * reach) - 0.25, 0, 1)
    return np.asarray(0.35 + 0.65 * t * t * (3 - 2 * t), np.float32)


def _inner(number: npt.NDArray[np.uint8] | Mask) -> Mask:
    """Pixels whose neighbours on all four sides are of the same panel."""
    n = number.astype(np.uint8)
    kernel = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    return np.asarray((n > 0) & (cv2.dilate(n, kernel) == cv2.erode(n, kernel)))
