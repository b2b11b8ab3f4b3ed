"""What is neither light nor an ink that was found: small spots, foreign colours, patterns too fine to be taken apart.

Closing and opening (Meyer's top-hat transforms, 1979) show what is smaller than a window. Folds are smaller in one
direction only, so spots that are long are left alone, and so are a few spots, which may be buttons.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.shading.filters import box_mean, edges_back
from dressform.tryon.shading.ink_borders import beyond_shade, chroma_doubt
from dressform.tryon.shading.ink_regions import Features, chroma_at
from dressform.tryon.shading.inks import NONE, InkMap

__all__ = ["find_foreign", "find_specks", "without_pattern"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_SIDE = 9  # pixels, the largest speck
_FAINT = 0.35  # least contrast to what is around, natural logarithm
_ROUGH = 4.0  # and least of the usual contrast of a cloth's weave and noise
_FULL = 0.4  # least share of its upright box that a speck fills
_LONG = 2.2  # largest ratio of the box's sides
_LEAST = 3  # pixels of a speck
_MANY = 10  # specks
_FOREIGN = 0.45  # distance in chromaticity from its ink, from which on a pixel is none of it, however lit
_BESIDE = 5  # pixels, side of what is beside a border of inks
_GAP = 7  # pixels between foreign ones that are foreign too
_MOST = 0.3  # share of the cloth that may be foreign; the inks mean little where it is more
_FINE = 5  # pixels, what is smaller than that is fine
_MORE, _FOLDS = (1.0, 1.6, 2.5, 4.0), 0.24  # of a pattern's size; usual contrast that folds may have
_SPREAD = 0.35  # standard deviation of light on a patterned cloth, natural logarithm
_SIDES = (3, 5, 7, 9, 13, 17)  # pixels, of what a pattern consists of
_BUSY = (0.11, 0.17)  # usual contrast of fine dark and bright detail: of rough cloth, most; of a pattern, least


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


def find_foreign(features: Features, inks: InkMap, mask: Mask) -> Mask:
    """Pixels of a colour that their ink does not have in any light: small parts of a print, and what is no cloth.

    Args:
        features: Of the picture.
        inks: Its inks.
        mask: (h, w) bool, the cloth.
    """
    found = np.zeros(mask.shape, np.bool_)
    light, own = features.log_light[mask], np.minimum(inks.labels[mask], len(inks.level) - 1)
    seen, tint = cv2.blur(features.chroma, (3, 3))[mask], inks.chroma[own]
    flat = light - inks.level[own]
    flat -= np.median(flat)
    far = (seen[:, 0] - tint[:, 0]) ** 2 + (seen[:, 1] - tint[:, 1]) ** 2 > _FOREIGN**2
    light, seen, flat, own = light[far], seen[far], flat[far], own[far]
    tint = chroma_at(inks.chroma[own], light)
    gap = beyond_shade(seen - tint, flat, tint)
    box = np.ones((_BESIDE, _BESIDE), np.uint8)
    lone = (cv2.dilate(inks.labels, box) == cv2.erode(inks.labels, box))[mask][far]
    for k in range(len(inks.level)):  # at their borders there are mixtures of two inks
        way = inks.chroma[k] - tint
        part = ((seen - tint) * way).sum(1) / np.maximum((way * way).sum(1), np.float32(1e-6))
        off = seen - tint - np.clip(part, 0, 1)[:, None] * way
        np.minimum(gap, np.hypot(off[:, 0], off[:, 1]), out=gap, where=~lone)
    far[far] = gap > _FOREIGN + chroma_doubt(light)
    far |= inks.labels[mask] == NONE
    if 0 < np.count_nonzero(far) <= _MOST * len(far):
        found[mask] = far
        closed = cv2.morphologyEx(found.view(np.uint8), cv2.MORPH_CLOSE, np.ones((_GAP, _GAP), np.uint8))
        found = cv2.dilate(closed, np.ones((3, 3), np.uint8)).view(np.bool_) & mask
    return np.asarray(found)


def without_pattern(log_shade: Floats, mask: Mask) -> tuple[Floats, float]:
    """A log shading without the pattern that inks did not explain, if there is one.

    Folds, weave and noise leave most of a cloth smooth; a pattern has dark and bright detail everywhere.

    Args:
        log_shade: (h, w) float32, log light over ink.
        mask: (h, w) bool, where that is known.

    Returns:
        (h, w) float32, averaged over as little as makes the pattern go, 0 far from the mask; and how sure it is that
        there is a pattern, 0 for any plain cloth, 1 for a fine check.
    """
    busy = float(np.clip((_detail(log_shade, mask, _FINE) - _BUSY[0]) / (_BUSY[1] - _BUSY[0]), 0, 1))
    if busy == 0:
        return log_shade, busy
    weight, smooth, grain = mask.astype(np.float32), log_shade, _grain(log_shade, mask)
    for more in _MORE:
        radius = round(more * grain)
        total = np.maximum(box_mean(box_mean(weight, radius), radius), np.float32(1e-6))
        smooth = np.asarray(box_mean(box_mean(log_shade * weight, radius), radius) / total, np.float32)
        smooth = edges_back(log_shade, weight, smooth, radius)
        if _detail(smooth, mask, _SIDES[-1]) < _FOLDS:
            break
    # What is left of a pattern that would not go looks like deep shadow: light alone hardly spreads that far.
    middle, spread = float(np.median(smooth[mask])), float(np.std(smooth[mask]))
    if spread > _SPREAD:
        smooth = np.asarray((smooth - middle) * np.float32(_SPREAD / spread) + middle, np.float32)
    return smooth, busy


def _grain(log_shade: Floats, mask: Mask) -> int:
    """Size of a pattern's elements in pixels: where opening and closing take away most as their window grows.

    Granulometry: Matheron, "Random sets and integral geometry", 1975. Folds are larger and take away less.
    """
    contrast = [0.0, *(_detail(log_shade, mask, side) for side in _SIDES)]
    gain = np.diff(contrast) / np.diff([1, *_SIDES])
    return int(_SIDES[int(gain.argmax())] + 1) // 2 + 1


def _detail(log_shade: Floats, mask: Mask, side: int) -> float:
    """Usual contrast of dark and bright detail smaller than ``side``, the mean of both."""
    inside = np.where(mask, log_shade, np.float32(np.median(log_shade[mask])))
    box = np.ones((side, side), np.uint8)
    calm = cv2.erode(mask.view(np.uint8), box, borderType=cv2.BORDER_CONSTANT, borderValue=0).view(np.bool_)
    if not calm.any():
        return 0.0
    bright = inside - cv2.morphologyEx(inside, cv2.MORPH_OPEN, box)
    dark = cv2.morphologyEx(inside, cv2.MORPH_CLOSE, box) - inside
    return (float(np.median(bright[calm])) + float(np.median(dark[calm]))) / 2
