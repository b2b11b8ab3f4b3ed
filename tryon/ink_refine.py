"""Inks and light fitted to each other, pixel by pixel: what patches cannot tell in a dense print.

Alternating least squares: given inks, the light is the robust local mean of luminance over ink (weights of Geman and
McClure, 1987); given the light, each pixel takes the ink that explains it best, and each ink its pixels' median.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dressform.tryon.ink_borders import chroma_doubt
from dressform.tryon.ink_regions import Features
from dressform.tryon.shade_filter import box_mean

__all__ = ["merge_alike", "refine_inks"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

_REACH = (0.06, 0.04, 0.04)  # radius of the local mean, of the root of the cloth's area, in each turn
_OUTLIER = 0.3  # log light off the local mean at which a pixel counts a quarter
_CHROMA, _LIGHT = 0.2, 0.35  # standard deviations of a pixel from its ink
_STAY = 0.7  # cost of the present ink, of its own; a pixel changes for a clear reason only
_GOOD = 4.0  # cost up to which a pixel tells something of its ink
_LEAST = 20  # such pixels
_ALIKE = 0.22  # distance of two inks in log luminance and chromaticity up to which they are one
_SMALL = 0.03  # share of the cloth below which an ink's own values are less sure
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
    root = float(np.sqrt(np.count_nonzero(mask)))
    weight = mask.astype(np.float32)
    red, blue = (np.ascontiguousarray(features.chroma[:, :, c]) for c in (0, 1))
    doubt = chroma_doubt(features.log_light)
    sure = 1 / (doubt * doubt + np.float32(_CHROMA**2))
    near: Floats | None = None
    for share in _REACH:
        rest = features.log_light - level.astype(np.float32)[labels]
        near = _local_light(rest, weight, near, max(2, round(share * root)))
        flat = features.log_light - near
        labels, cost = _best(labels, flat, red, blue, sure, level, chroma)
        labels[~mask] = 0
        good = mask & (cost < _GOOD)
        level, chroma = _medians(labels, good, [flat, red, blue], level, chroma)
        area = np.bincount(labels[mask], minlength=len(level))

        names = merge_alike(level, chroma, np.zeros(len(area)), area, _SPECK)
        first = np.array([0, *(int(np.argmax(np.where(names == k, area, -1))) for k in range(1, names.max() + 1))])
        labels, level, chroma = names[labels], level[first], chroma[first]
    return labels


def _local_light(rest: Floats, weight: Floats, near: Floats | None, radius: int) -> Floats:
    """Mean of ``rest`` around each pixel, those far off the mean itself counting little."""
    trust = weight
    for _ in range(2):
        if near is not None:
            trust = weight / (1 + ((rest - near) * np.float32(1 / _OUTLIER)) ** 2) ** 2
        total = np.maximum(box_mean(box_mean(trust, radius), radius), np.float32(1e-6))
        near = box_mean(box_mean(trust * rest, radius), radius) / total
    assert near is not None
    return near


def _best(
    labels: Ints, flat: Floats, red: Floats, blue: Floats, sure: Floats, level: Doubles, chroma: Doubles
) -> tuple[Ints, Floats]:
    """The ink that explains each pixel and those around it best, and at what cost."""
    best, cost = labels.copy(), np.full(flat.shape, np.inf, np.float32)
    for k in range(1, len(level)):
        gap = (red - np.float32(chroma[k, 0])) ** 2 + (blue - np.float32(chroma[k, 1])) ** 2
        gap *= sure
        gap += ((flat - np.float32(level[k])) * np.float32(1 / _LIGHT)) ** 2
        gap += box_mean(gap, 1)
        gap[labels == k] *= np.float32(_STAY)
        closer = gap < cost
        best[closer] = k
        np.minimum(cost, gap, out=cost)
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
