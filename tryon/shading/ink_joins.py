"""Which patches of a cloth are one ink in different light.

The rule: a border between two inks is a step, always by the same ratio, or changes the chromaticity; a border that
light alone makes is a slope, or a step of changing height. After White and Forsyth, "Retexturing Single Views Using
Texture and Shading", ECCV 2006, who take light as continuous over the borders of inks.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dressform.tryon.shading.ink_borders import STEEP, STEP, Borders, Pairs, beyond_shade, pool

__all__ = ["join_patches", "unite"]

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

_CRISP = 0.5  # share of a jump of chromaticity within 3 pixels; less than of luminance, as JPEG blurs colour
_TINTED = 0.7  # jump of chromaticity that light does not make, sharp or not
_SOFT = 0.35  # share of a border's pixels that may look like a slope, of a border between inks
_SLOPE = 0.6  # share of such pixels from which a border is a slope, whatever its height
_EVEN = 0.3  # largest deviation of a step's height along the border, of its height, where chromaticity stays
_FAINT, _ENOUGH = 0.6, 40  # a step of luminance alone up to the one is believed from so many border pixels on
_LONGER = 0.02  # by how much larger a jump light may make for each further border pixel
_STEEP = 0.2  # share of border pixels with a larger jump than light makes, of a border that light makes
_FEW = 8  # border pixels that say something
_FOLDED, _UNEVEN, _LONG = 0.3, 0.35, 60  # share of slopes, deviation of the jump, border pixels
_ROUNDS = 12


def join_patches(borders: Borders, names: Ints, area: npt.NDArray[np.intp], tint: Doubles) -> Ints:
    """Group of each patch: those whose borders are made by light alone come together.

    Args:
        borders: Of patches 1 … p - 1.
        names: (p,) int32, groups 1, 2, … that the patches are in already; entry 0 is 0.
        area: (p,) pixels of each patch.
        tint: (p, 2) float64, chromaticity of each patch.

    Returns:
        (p,) int32: groups 1, 2, … without gaps; entry 0 is 0.
    """
    for _ in range(_ROUNDS):
        borders = borders.between(names)
        pairs = pool(borders, names)
        total = np.maximum(np.bincount(names, area), 1)
        mean = np.stack([np.bincount(names, area * tint[:, c]) / total for c in (0, 1)], 1)
        one, two = mean[pairs.a], mean[pairs.b]
        apart = beyond_shade(two - one, pairs.jump, (one + two) / 2) > _TINTED + pairs.doubt
        same = _by_light(pairs) & ~apart
        if not same.any():
            break
        # Each group joins the one it shares most of its slopes with, and then the joined ones are looked at again
        # (Borůvka's order): a short border that deceives loses against the long ones.
        a, b, score = pairs.a[same], pairs.b[same], (pairs.count * (pairs.soft + 0.1))[same]
        best = np.zeros(len(total))
        np.maximum.at(best, a, score)
        np.maximum.at(best, b, score)
        chosen = (score >= best[a]) | (score >= best[b])
        names = unite(names, np.stack([a[chosen], b[chosen]], 1))
    return names


def _by_light(pairs: Pairs) -> Mask:
    """Which borders light alone makes."""
    change = pairs.chroma - pairs.doubt
    tinted = (change > _TINTED) | ((change > STEP) & (pairs.crisp > _CRISP))
    height = np.abs(pairs.jump)
    known = (height > _FAINT) | (pairs.count > _ENOUGH)
    step = known & (pairs.soft < _SOFT) & (height > STEP) & (pairs.spread < _EVEN * height)
    # A short border says little of a large jump, unless it clearly is a slope.
    allowed = np.where(pairs.soft > _SLOPE, STEEP, np.minimum(STEP + _LONGER * pairs.count, STEEP))
    light = (height < allowed) & (pairs.steep < _STEEP) & (pairs.count >= _FEW)
    # Hard shadows of deep folds: however large the jump, it changes along a long border, and now and then is a slope.
    light |= (pairs.soft > _FOLDED) & (pairs.spread > _UNEVEN * height) & (pairs.count >= _LONG)
    return np.asarray(light & ~tinted & ~step)


def unite(names: Ints, pairs: npt.ArrayLike) -> Ints:
    """Group numbers after the groups of each pair, (n, 2), have become one; numbered without gaps."""
    a, b = np.asarray(pairs, np.int32).reshape(-1, 2).T
    root = np.arange(int(names.max()) + 1)
    while True:  # the smaller number spreads over each connected set, twice as far every turn
        low = np.minimum(root[a], root[b])
        before = root.copy()
        np.minimum.at(root, a, low)
        np.minimum.at(root, b, low)
        root = root[root]
        if np.array_equal(root, before):
            break
    _, dense = np.unique(root, return_inverse=True)
    return np.asarray(dense[names], np.int32)
