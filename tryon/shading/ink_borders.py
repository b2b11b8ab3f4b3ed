"""What changes over the borders between patches of a cloth: how much, and how suddenly."""

from __future__ import annotations

from dataclasses import dataclass, fields

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.shading.ink_regions import Features, chroma_roots, chromaticity

__all__ = ["STEP", "Borders", "Pairs", "beyond_shade", "border_jumps", "chroma_doubt", "pool"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Counts = npt.NDArray[np.intp]
Ints = npt.NDArray[np.int32]

STEP = 0.25
"""Least jump of log luminance or of chromaticity over a border between inks."""
STEEP = 1.2
"""Largest jump of log luminance that light is supposed to make over a border inside a cloth."""
_SHARP = 0.7  # share of the whole jump that a step makes within 3 pixels; a slope makes 3/7 of it
_SKY, _SKY_SHARE = 0.35, 0.5  # change of chromaticity that shade makes, at most, and for each unit of log luminance
_BLUER = np.array([-0.6, 0.8])  # its way: from sun to sky
_BOUNCE, _BOUNCE_SHARE = 0.6, 0.5  # share of light that has met the cloth once more, at most, and for each unit
_ENOUGH_CLEAR = 12  # clear border pixels from which on the others don't count
_CODES = 2 * 3 / 255  # error of 3 / 255 of one encoded channel, as chromaticity of a gray of luminance 1


@dataclass(frozen=True, eq=False)
class Borders:
    """Every place where two neighbouring pixels (left and right, or upper and lower) lie in different patches.

    Attributes:
        first, second: (n,) int32, numbers of the two patches.
        near, middle, far: (n,) float32, log luminance of ``second`` less that of ``first``, of pixels that are
            3, 5 and 7 apart; of those nearer where the farther ones would leave the patches.
        clear: (n,) bool, the pixels of ``middle`` lie inside their patches, not at a border.
        chroma_near, chroma_far: (n, 2) float32, the same for chromaticity, 3 and 7 pixels apart.
        tint: (n, 2) float32, mean chromaticity of the farthest two.
        doubt: (n,) float32, how far off a chromaticity may be that far in the dark.
    """

    first: Ints
    second: Ints
    near: Floats
    middle: Floats
    far: Floats
    clear: npt.NDArray[np.bool_]
    chroma_near: Floats
    chroma_far: Floats
    tint: Floats
    doubt: Floats

    def between(self, names: Ints) -> Borders:
        """Those between different groups alone, patch p being in group ``names[p]``; still by patch."""
        held = names[self.first] != names[self.second]
        return Borders(*(getattr(self, field.name)[held] for field in fields(self)))


def border_jumps(features: Features, labels: Ints) -> Borders:
    """Measure all borders of (h, w) int32 labels (0 = outside) in one pass over their pixels."""
    inner = cv2.morphologyEx(labels.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) == 0
    light, chroma = features.log_light, features.chroma
    parts = [
        _one_way(light, chroma, labels, inner),
        _one_way(light.T, chroma.transpose(1, 0, 2), labels.T, inner.T),
    ]
    return Borders(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _one_way(
    light: Floats, chroma: Floats, labels: Ints, inner: npt.NDArray[np.bool_]
) -> tuple[npt.NDArray[np.generic], ...]:
    y, x = np.nonzero((labels[:, :-1] != labels[:, 1:]) & (labels[:, :-1] > 0) & (labels[:, 1:] > 0))
    first, second = labels[y, x], labels[y, x + 1]
    last = labels.shape[1] - 1
    a, b = x, x + 1
    clear = np.zeros(len(y), np.bool_)
    lights, tints = [], []
    for reach in (1, 2, 3):
        left, right = np.maximum(x - reach, 0), np.minimum(x + 1 + reach, last)
        a = np.where((labels[y, left] == first) & (a == x - reach + 1), left, a)  # as far as the patch goes
        b = np.where((labels[y, right] == second) & (b == x + reach), right, b)
        lights.append(light[y, b] - light[y, a])
        tints.append(chroma[y, b] - chroma[y, a])
        if reach == 2:
            clear = inner[y, a] & inner[y, b]
    doubt = chroma_doubt(np.minimum(light[y, a], light[y, b]))
    return first, second, *lights, clear, tints[0], tints[2], (chroma[y, a] + chroma[y, b]) / 2, doubt


def chroma_doubt(light: npt.NDArray[np.floating]) -> Floats:
    """How far off a chromaticity may be where the log luminance is ``light``: three steps of 8 bits in one channel."""
    return np.asarray(_CODES * np.exp(-0.5 * light), np.float32)


def beyond_shade(
    change: npt.NDArray[np.floating], step: npt.NDArray[np.floating], tint: npt.NDArray[np.floating]
) -> Doubles:
    """Length of a change of chromaticity that light cannot make.

    Shade lies under blue sky, full light is warmer. Within folds light meets the cloth more than once and takes on
    more of its colour; where cloth shines, less.

    Args:
        change: (..., 2), of chromaticity.
        step: (...), of log luminance, over the same border.
        tint: (..., 2), chromaticity there.
    """
    change = np.where((step < 0)[..., None], change, -change).astype(np.float64)  # towards the darker side
    height = np.abs(step)
    root = chroma_roots(np.asarray(tint, np.float32)).astype(np.float64)
    bounce = chromaticity(root**4) - chromaticity(root**2)  # of light that has met the cloth once more
    for way, most, share in ((_BLUER, _SKY, _SKY_SHARE), (bounce, _BOUNCE, _BOUNCE_SHARE)):
        part = (change * way).sum(-1) / np.maximum((way * way).sum(-1), 1e-6)
        change = change - np.clip(part, 0, np.minimum(most, share * height))[..., None] * way
    return np.asarray(np.hypot(change[..., 0], change[..., 1]))


@dataclass(frozen=True, eq=False)
class Pairs:
    """Statistics of all borders between each two groups of patches, a < b.

    Attributes:
        a, b: (n,) int32, the groups.
        count: (n,) border pixels; clear: (n,) those that are clear.
        jump: (n,) median jump of log luminance from a to b, of clear pixels if there are enough.
        spread: (n,) its deviation along the border, robust.
        soft: (n,) share of border pixels that look like a slope.
        steep: (n,) share of border pixels with a larger jump than light makes.
        chroma: (n,) length of the mean jump of chromaticity, less what light makes.
        crisp: (n,) share of it that is made near the border.
        doubt: (n,) of the chromaticity.
    """

    a: Ints
    b: Ints
    count: Counts
    clear: Counts
    jump: Doubles
    spread: Doubles
    soft: Doubles
    steep: Doubles
    chroma: Doubles
    crisp: Doubles
    doubt: Doubles


def pool(borders: Borders, names: Ints) -> Pairs:
    """Pool border pixels by the pair of groups, patch p being in group ``names[p]``."""
    borders = borders.between(names)
    first, second = names[borders.first], names[borders.second]
    sign = np.where(first < second, 1, -1).astype(np.float32)
    size = int(names.max()) + 1
    keys, group = np.unique(
        np.minimum(first, second).astype(np.int64) * size + np.maximum(first, second), return_inverse=True
    )
    number = len(keys)
    count = np.maximum(np.bincount(group, minlength=number), 1)
    clear = np.bincount(group, borders.clear, number).astype(np.intp)
    near, middle, far = sign * borders.near, sign * borders.middle, sign * borders.far
    slope = (np.abs(far) < STEP) | (near * np.sign(far) < _SHARP * np.abs(far))
    # Pixels at a bend of the border see both sides; where there are enough others they don't count.
    use = borders.clear | (clear < _ENOUGH_CLEAR)[group]
    jump = _medians(middle[use], group[use], number)
    spread = 1.48 * _medians(np.abs(middle - jump[group])[use], group[use], number)
    near, far = (_mean(sign[:, None] * c, group, count) for c in (borders.chroma_near, borders.chroma_far))
    return Pairs(
        (keys // size).astype(np.int32),
        (keys % size).astype(np.int32),
        count,
        clear,
        jump,
        spread,
        np.bincount(group, slope, number) / count,
        np.bincount(group, np.abs(middle) > STEEP, number) / count,
        beyond_shade(far, jump, _mean(borders.tint, group, count)),
        np.hypot(*near.T) / np.maximum(np.hypot(*far.T), 1e-3),
        np.bincount(group, borders.doubt, number) / count,
    )


def _mean(values: Floats, group: Counts, count: Counts) -> Doubles:
    """(g, 2) mean of (n, 2) vectors in each group."""
    return np.stack([np.bincount(group, values[:, k], len(count)) / count for k in (0, 1)], 1)


def _medians(values: Floats, group: Counts, number: int) -> Doubles:
    """Lower median of each group's values, which lie within ±100; every group has one at least."""
    order = np.argsort(group * 256.0 + values, kind="stable")
    count = np.bincount(group, minlength=number)
    start = np.cumsum(count) - count
    return np.asarray(values[order][start + (count - 1) // 2], np.float64)
