"""Where a region lies in shadow and where in light, as two or three flat tones; and where the photo's light comes from.

Tones: thresholds of blurred lightness, as in cel shading from photos (Winnemöller, Olsen and Gooch, "Real-Time Video
Abstraction", SIGGRAPH 2006), after each colour of a pattern has been brought to one level. Direction: lightness along
outlines, where the surface's normal is known (Nillius and Eklundh, "Automatic Estimation of the Projected Light
Source Direction", CVPR 2001).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.color import srgb_to_oklab
from dressform.avatar.palette import WEIGHTS, Palette, color_clusters
from dressform.avatar.pattern import garment_pattern
from dressform.parsing.errors import OptionError

__all__ = ["light_direction", "tone_masks"]

Field = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.uint8]
Direction = tuple[float, float]

_WORK = 200.0  # px; regions are reduced to about this side
_SHARES = 0.35, 0.85  # of a region's area: darker than the first is shadow, lighter than the second is light
_STEP = 0.02  # OKLab L that a tone is at least away from the middle
_FLAT = 0.06  # span of L between the tenths at both ends below which the light is flat
_LEAST = 0.015  # share of the region that a piece of a tone has
_FEW = 60  # px; smaller regions tell nothing of the light
_FAINT = 0.01  # slope of L that means nothing
_USUAL = -0.45, -0.9  # where light comes from when nothing tells: above, a little from the left


def tone_masks(
    image: Pixels,
    mask: Mask,
    tones: int = 3,
    *,
    light: Direction = _USUAL,
    palette: Palette | None = None,
    patterned: bool | None = None,
) -> tuple[Mask, Mask]:
    """A region's shadow and light, few smooth pieces each.

    Args:
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) bool; may be empty.
        tones: 1 gives two empty masks, 2 a shadow only, 3 both.
        light: Towards the light, x right and y down; where the photo's light is flat, the tones are made from it.
        palette: Of the region, if it has been measured already.
        patterned: Whether the region has a pattern, whose colours are no shading; None finds out.

    Returns:
        Shadow and light, (H, W) bool each, inside the mask and apart from each other.

    Raises:
        OptionError: Image and mask do not fit or there is no such number of tones.
    """
    if tones not in (1, 2, 3) or image.shape != (*mask.shape, 3):
        got = f"{tones} tones, image {image.shape}, mask {mask.shape}"
        raise OptionError("cannot part a region into tones", got=got, allowed="1 to 3 tones, (H, W, 3) and (H, W)")
    shadow, shine = np.zeros_like(mask), np.zeros_like(mask)
    if tones == 1 or not mask.any():
        return shadow, shine
    x, y, w, h = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
    box = slice(y, y + h), slice(x, x + w)
    part = np.ascontiguousarray(mask[box])
    field = _shading(image, mask, palette, patterned)
    level = np.quantile(field[part], [0.1, *_SHARES, 0.9])
    if level[3] - level[0] < _FLAT:
        dark, bright = _made_up(part, light)
    else:
        middle = float(np.median(field[part]))
        dark = field < min(level[1], middle - _STEP)
        bright = field > max(level[2], middle + _STEP)
    shadow[box] = _large(dark & part, part)
    if tones == 3:
        shine[box] = _large(bright & part, part) & ~shadow[box]
    return shadow, shine


def light_direction(image: Pixels, masks: Mapping[str, Mask]) -> tuple[Direction, float]:
    """Where the light of a photo comes from.

    Args:
        image: (H, W, 3) uint8 RGB.
        masks: (H, W) bool of rounded regions such as face, arms and legs, by any names; empty ones do no harm.

    Returns:
        A unit vector towards the light in the picture, x right and y down, from above if nothing tells; and the
        contrast of the light, 0 flat to 1 hard.

    Raises:
        OptionError: A mask does not fit the image.
    """
    normal, right, span, amount = np.zeros((2, 2)), np.zeros(2), 0.0, 0.0
    for mask in masks.values():
        if image.shape != (*mask.shape, 3):
            raise OptionError("a mask does not fit the image", got=mask.shape, allowed=image.shape[:2])
        if np.count_nonzero(mask) < _FEW:
            continue
        lab, part, size = _reduced(image, mask)
        field = _blurred(lab[..., 0], part, max(0.02 * size, 0.6))
        low, high = np.quantile(field[part], [0.1, 0.9])
        span, amount = span + size * size * float(high - low), amount + size * size
        bend, inside = _bend(part)
        if np.count_nonzero(inside) >= _FEW // 2:
            n, value = bend[inside].astype(np.float64), field[inside].astype(np.float64)
            n, value = n - n.mean(0), value - value.mean()
            normal, right = normal + size / len(n) * n.T @ n, right + size / len(n) * n.T @ value
    usual = np.array(_USUAL) / np.hypot(*_USUAL)
    if not np.trace(normal) > 0:
        return (float(usual[0]), float(usual[1])), 0.0
    slope = np.linalg.solve(normal + 0.02 * np.trace(normal) * np.eye(2), right)
    way = slope + _FAINT * usual
    way = way / np.hypot(*way) if np.hypot(*way) > 1e-6 else usual
    return (float(way[0]), float(way[1])), float(np.clip((span / amount - 0.03) / 0.35, 0, 1))


def _reduced(image: Pixels, mask: Mask) -> tuple[Field, Mask, float]:
    """OKLab of the mask's box and the mask there, not larger than need be, and the square root of its area."""
    x, y, w, h = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
    piece: Any = np.ascontiguousarray(image[y : y + h, x : x + w])
    part: Any = np.ascontiguousarray(mask[y : y + h, x : x + w]).view(np.uint8) * 255
    scale = min(1.0, _WORK / float(np.sqrt(np.count_nonzero(part))))
    if scale < 1:
        piece = cv2.resize(piece, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        part = cv2.resize(part, piece.shape[1::-1], interpolation=cv2.INTER_AREA)
    inside = part >= min(128, int(part.max()))
    return np.asarray(srgb_to_oklab(piece), np.float32), inside, float(np.sqrt(np.count_nonzero(inside)))


def _shading(image: Pixels, mask: Mask, palette: Palette | None, patterned: bool | None) -> Field:
    """(h, w) smooth lightness of the mask's box as if all its colours were one."""
    if patterned is None:
        patterned = garment_pattern(image, mask, palette).kind != "plain"
    lab, inside, size = _reduced(image, mask)
    soft = _blurred(lab[..., 0], inside, max((0.12 if patterned else 0.03) * size, 0.6))
    for _ in range(3 if patterned else 0):
        own = lab[..., 0] - (soft - np.median(soft[inside]))
        flat = np.stack([own, lab[..., 1], lab[..., 2]], -1).astype(np.float64)
        centres, number = color_clusters(flat[inside][:: max(1, np.count_nonzero(inside) // 6000)], 6)
        color = number[(((flat * WEIGHTS)[:, :, None] - centres) ** 2).sum(3).argmin(2)]
        for j in np.unique(color[inside]):
            own[color == j] = np.median(own[inside & (color == j)])
        soft = _blurred(lab[..., 0] - own, inside, max(0.05 * size, 0.6))
    _, _, w, h = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
    return np.asarray(cv2.resize(soft, (w, h), interpolation=cv2.INTER_LINEAR), np.float32)


def _blurred(field: Field, inside: Mask, sigma: float) -> Field:
    """The field smoothed inside a mask, from nothing outside; outside it goes on smoothly."""
    weight = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), sigma)
    total = cv2.GaussianBlur(np.where(inside, field, 0).astype(np.float32), (0, 0), sigma)
    return np.asarray(total / np.maximum(weight, 1e-4), np.float32)


def _bend(part: Mask) -> tuple[Field, Mask]:
    """How the surface turns to the sides, x and y, if the mask is a rounded body; and where that can be told."""
    depth = _depth(part)
    radius = float(np.quantile(depth[part], 0.9)) + 1
    away = np.asarray(cv2.GaussianBlur(depth, (0, 0), max(1.0, 0.1 * radius)), np.float32)
    slope = [cv2.Sobel(away, cv2.CV_32F, dx, 1 - dx, scale=-1 / 8) for dx in (1, 0)]
    steep = np.clip(1 - depth / radius, 0, 1)
    return np.asarray(np.stack(slope, -1) * steep[..., None], np.float32), part & (depth > 1.5)


def _made_up(part: Mask, light: Direction) -> tuple[Mask, Mask]:
    """Shadow and light of a rounded body of this outline: what lies beyond itself, moved along the light."""
    reach = float(np.quantile(_depth(part)[part], 0.9))
    way = np.array(light, np.float64) / max(float(np.hypot(*light)), 1e-9)
    solid = cv2.GaussianBlur(part.astype(np.float32), (0, 0), max(0.15 * reach, 0.6))
    masks = []
    for share in (0.5, -0.3):
        x, y = share * reach * way
        matrix = np.array([[1, 0, x], [0, 1, y]], np.float64)
        moved = cv2.warpAffine(solid, matrix, part.shape[::-1], flags=cv2.INTER_LINEAR)
        masks.append(part & (np.asarray(moved) < 0.5))
    return masks[0], masks[1]


def _depth(part: Mask) -> Field:
    """Distance to the outline, px; the border of the array is one."""
    padded = np.pad(part.view(np.uint8), 1)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 5), np.float32)[1:-1, 1:-1]


def _large(tone: Mask, part: Mask) -> Mask:
    """The tone without small pieces and small holes."""
    least = _LEAST * np.count_nonzero(part)
    for fill in (False, True):
        _, pieces, stats, _ = cv2.connectedComponentsWithStats((tone != fill).astype(np.uint8), connectivity=4)
        small = stats[:, cv2.CC_STAT_AREA] < least
        small[0] = False
        tone = np.asarray((tone | small[pieces]) if fill else (tone & ~small[pieces]), np.bool_) & part
    return tone
