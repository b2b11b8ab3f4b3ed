"""Inks and light fitted to each other, pixel by pixel: what patches cannot tell in a dense print.

Alternating least squares: given inks, the light is the robust local mean of luminance over ink (weights of Geman and
McClure, 1987); given the light, each pixel takes the ink that explains it best, and each ink its pixels' median.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.shading.filters import box_mean, robust_mean
from dressform.tryon.shading.ink_borders import STEEP, STEP, beyond_shade, chroma_doubt
from dressform.tryon.shading.ink_regions import Features

__all__ = ["merge_alike", "refine_inks"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

_FIRST = (0.06, 0.03)
_MISFIT = 0.25  # share of the pixels inside patches that no ink explains, from which on patches are not enough
_REACH = (0.06, 0.04, 0.04)  # radius of the local mean, of the root of the cloth's area, in each turn
_CHROMA, _LIGHT = 0.2, 0.35  # standard deviations of a pixel from its ink
_VIVID = 0.15  # and of chromaticity, of its own length: folds change strong colours most
_STAY = 0.7  # cost of the present ink, of its own; a pixel changes for a clear reason only
_GOOD = 4.0  # cost up to which a pixel tells something of its ink
_LEAST = 20  # such pixels
_ALIKE = 0.22  # distance of two inks in log luminance and chromaticity up to which they are one
_SMALL = 0.03  # share of the cloth below which an ink's own values are less sure
_LARGE, _GROW = 0.04, 7  # share of the cloth from which on an ink may turn up anywhere; side of what is near
_THIN = 0.05  # share of inner pixels below which an ink may be a mixture
_BETWEEN = 0.4  # distance of a mixture from the line between two inks
_SPECK = 0.004  # share of the cloth below which an ink goes to the one it is most like


def refine_inks(features: Features, mask: Mask, labels: Ints, level: Doubles, chroma: Doubles) -> Ints:
    """Improve the assignment of pixels to inks, joining those that turn out to be alike.

    Args:
        features: Of the picture.
        mask: (h, w) bool, the cloth.
        labels: (h, w) int32, inks 1 … k - 1, 0 outside the cloth.
        level: (k,) log luminance of each ink.
        chroma: (k, 2) its chromaticity.

    Returns:
        (h, w) int32, inks 1, 2, …
    """
    pixels = _Pixels.of(features, mask)
    root = float(np.sqrt(np.count_nonzero(mask)))
    near: Floats | None = None
    for share in _FIRST:
        near = pixels.local_light(labels, level, near, max(2, round(share * root)))
    assert near is not None
    cost = pixels.cost(pixels.light - near, level, chroma, labels)
    inner = _inner(labels) & mask
    dense = np.count_nonzero(inner & (cost > _GOOD)) > _MISFIT * max(int(np.count_nonzero(inner)), 1)
    reach: tuple[float, ...] = _REACH if dense else _REACH[-1:]
    for share in reach:
        if dense:
            near = pixels.local_light(labels, level, near if share < _REACH[0] else None, max(2, round(share * root)))
        flat = pixels.light - near
        moves = np.ones((len(level), len(level)), np.bool_) if dense else _plain_moves(level, chroma)
        moves[_mixed(labels, mask, level, chroma)] = False
        area = np.bincount(labels[mask], minlength=len(level))
        near_only = (area < _LARGE * area.sum()) & (not dense)
        labels, cost = _best(labels, pixels, flat, level, chroma, moves, near_only)
        labels[~mask] = 0
        level, chroma = _medians(labels, mask & (cost < _GOOD), [flat, pixels.red, pixels.blue], level, chroma)
        area = np.bincount(labels[mask], minlength=len(level))
        names = merge_alike(level, chroma, np.zeros(len(area)), area, _SPECK)
        first = np.array([0, *(int(np.argmax(np.where(names == k, area, -1))) for k in range(1, names.max() + 1))])
        labels, level, chroma = names[labels], level[first], chroma[first]
    return labels


@dataclass(frozen=True, eq=False)
class _Pixels:
    """Planes of a picture: cloth or not, log luminance, chromaticity, and one over the latter's variance."""

    weight: Floats
    light: Floats
    red: Floats
    blue: Floats
    sure: Floats

    @classmethod
    def of(cls, features: Features, mask: Mask) -> _Pixels:
        red, blue = (np.ascontiguousarray(features.chroma[:, :, c]) for c in (0, 1))
        spread = chroma_doubt(features.log_light) ** 2 + np.float32(_VIVID**2) * (red * red + blue * blue)
        sure = np.asarray(1 / (spread + np.float32(_CHROMA**2)), np.float32)
        return cls(mask.astype(np.float32), features.log_light, red, blue, sure)

    def local_light(self, labels: Ints, level: Doubles, near: Floats | None, radius: int) -> Floats:
        """Mean of light over ink around each pixel; what is far off it, off ``near`` at first, counts little."""
        return robust_mean(self.light - level.astype(np.float32)[labels], self.weight, radius, near)

    def cost(self, flat: Floats, level: Doubles, chroma: Doubles, ink: Ints | int) -> Floats:
        """Squared deviation of each pixel from an ink, in standard deviations; ``flat`` is light without form."""
        off = (self.red - chroma[:, 0].astype(np.float32)[ink]) ** 2
        off += (self.blue - chroma[:, 1].astype(np.float32)[ink]) ** 2
        off *= self.sure
        off += ((flat - level.astype(np.float32)[ink]) * np.float32(1 / _LIGHT)) ** 2
        return np.asarray(off, np.float32)


def _inner(labels: Ints) -> Mask:
    """Where all 3×3 pixels have the same label."""
    plane, box = labels.astype(np.float32), np.ones((3, 3), np.uint8)
    return np.asarray(cv2.dilate(plane, box) == cv2.erode(plane, box))


def _plain_moves(level: Doubles, chroma: Doubles) -> Mask:
    """(k, k) bool: from which ink (second) to which (first) a pixel may go; never where light would do."""
    middle = (chroma[:, None] + chroma[None]) / 2
    tint = beyond_shade(chroma[:, None] - chroma[None], level[:, None] - level[None], middle)
    return np.asarray(
        (tint > STEP) | (np.abs(level[:, None] - level[None]) > STEEP) | np.eye(len(level), dtype=np.bool_)
    )


def _mixed(labels: Ints, mask: Mask, level: Doubles, chroma: Doubles) -> Mask:
    """(k,) bool: which inks are but the mixed pixels along the borders of two others."""
    area = np.bincount(labels[mask], minlength=len(level))
    thin = np.bincount(labels[mask & _inner(labels)], minlength=len(level)) < _THIN * area
    lab = np.column_stack([level, chroma])
    found = np.zeros(len(level), np.bool_)
    for k in np.flatnonzero(thin & (area > 0)):
        a, b = np.triu_indices(len(level), 1)
        good = (area[a] > area[k]) & (area[b] > area[k]) & ~thin[a] & ~thin[b] & (a > 0)
        way = lab[b[good]] - lab[a[good]]
        part = ((lab[k] - lab[a[good]]) * way).sum(1) / np.maximum((way * way).sum(1), 1e-6)
        off = np.linalg.norm(lab[k] - lab[a[good]] - part[:, None] * way, axis=1)
        found[k] = bool(((part > 0.05) & (part < 0.95) & (off < _BETWEEN)).any())
    return found


def _best(
    labels: Ints, pixels: _Pixels, flat: Floats, level: Doubles, chroma: Doubles, moves: Mask, near_only: Mask
) -> tuple[Ints, Floats]:
    """The ink that explains each pixel and those around it best, and at what cost."""
    best, cost = labels.copy(), np.full(flat.shape, np.inf, np.float32)
    for k in range(1, len(level)):
        if not moves[k].any():
            continue
        gap = pixels.cost(flat, level, chroma, k)
        gap += box_mean(gap, 1)
        gap[labels == k] *= np.float32(_STAY)
        closer = gap < cost
        if near_only[k]:
            own = (labels == k).astype(np.uint8)
            closer &= cv2.dilate(own, np.ones((_GROW, _GROW), np.uint8)).view(np.bool_)
        if not moves[k].all():
            closer &= moves[k][labels]
        best[closer] = k
        cost[closer] = gap[closer]
    return best, cost


def _medians(
    labels: Ints, good: Mask, planes: list[Floats], level: Doubles, chroma: Doubles
) -> tuple[Doubles, Doubles]:
    """Median log luminance and chromaticity of each ink's good pixels; as before where there are few."""
    at = labels[good]
    order = np.argsort(at, kind="stable")
    ends = np.searchsorted(at[order], np.arange(len(level) + 1))
    sorted_planes = [plane[good][order] for plane in planes]
    values = np.column_stack([level, chroma])
    for k in range(1, len(level)):
        if ends[k + 1] - ends[k] >= _LEAST:
            values[k] = [np.median(plane[ends[k] : ends[k + 1]]) for plane in sorted_planes]
    return values[:, 0], values[:, 1:]


def merge_alike(
    level: Doubles, chroma: Doubles, doubt: npt.NDArray[np.floating], area: npt.NDArray[np.intp], least: float = 0.0
) -> Ints:
    """New number of each ink: inks alike in level and chromaticity become one, the largest first.

    Args:
        level, chroma, area: (k,), (k, 2) and (k,); entry 0 means nothing.
        doubt: (k,) how far off the chromaticity may be.
        least: Share of the whole below which an ink goes to the one it is most like, however unlike.

    Returns:
        (k,) int32, 1, 2, … without gaps by falling area of the first; 0 for entry 0.
    """
    share = area / max(int(area.sum()), 1)
    found = np.zeros(len(area), np.int32)
    centres: list[tuple[float, Doubles, float]] = []
    for group in np.argsort(-area, kind="stable"):
        if group == 0:
            continue
        reach = _ALIKE * (2 - min(share[group] / _SMALL, 1)) if share[group] >= least else np.inf
        gaps = [
            np.hypot(level[group] - a, max(np.hypot(*(chroma[group] - b)) - doubt[group], 0)) for a, b, _ in centres
        ]
        best = int(np.argmin(gaps)) if gaps else -1
        if best < 0 or gaps[best] > reach:
            centres.append((float(level[group]), chroma[group], float(area[group])))
            found[group] = len(centres)
            continue
        a, b, n = centres[best]
        part = area[group] / max(n + area[group], 1)
        centres[best] = (a + part * (level[group] - a), b + part * (chroma[group] - b), n + area[group])
        found[group] = best + 1
    return found
