"""The inks of a cloth: how many colours it is printed or woven in, where each one is, and their relative lightness.

A gated ink model: two kinds of pixels are two inks only if the border between them says so
(:mod:`dressform.tryon.shading.ink_joins`), so that the folds of a plain cloth are never taken for a print.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.shading.ink_borders import Pairs, border_jumps, chroma_doubt, pool
from dressform.tryon.shading.ink_doubts import made_by_light
from dressform.tryon.shading.ink_joins import join_patches, unite
from dressform.tryon.shading.ink_levels import LightGrid, solve_levels
from dressform.tryon.shading.ink_refine import merge_alike, refine_inks
from dressform.tryon.shading.ink_regions import Features, chromaticity, find_patches
from dressform.tryon.shading.ink_steps import Steps, border_steps, robust_step

__all__ = ["NONE", "InkMap", "find_inks"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Counts = npt.NDArray[np.intp]
Ints = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

NONE = 255
"""Label of pixels outside the cloth, and of specks in it that are no ink."""
_SMOOTH = 0.2  # how much smoothness of light counts beside borders between small patches
_HAIR = 0.01  # and beside those between inks
_LONG = 100  # places on a border from which on its step can be measured closely
_TINT, _APART = 0.12, 0.7  # chromaticity and log light: of one tint, and of another light
_SPECK = 0.002  # share of the cloth below which it is no ink


@dataclass(frozen=True, eq=False)
class InkMap:
    """Inks of a cloth, ink 0 covering most of it.

    Attributes:
        labels: (h, w) uint8, number of the ink, or :data:`NONE`.
        level: (k,) float32, log luminance of each ink in the same light; 0 for ink 0.
        chroma: (k, 2) float32, see :func:`~dressform.tryon.shading.ink_regions.chromaticity`.
        share: (k,) float32, share of the cloth.
    """

    labels: npt.NDArray[np.uint8]
    level: Floats
    chroma: Floats
    share: Floats


def find_inks(linear: Floats, features: Features, mask: Mask) -> InkMap:
    """Find the inks of a cloth.

    Args:
        linear: (h, w, 3) float32 linear RGB, 0..1.
        features: Of the same picture.
        mask: (h, w) bool, the cloth, from one to about 100 000 pixels.
    """
    light = features.log_light
    patches = find_patches(features, mask)
    borders = border_jumps(features, patches)
    values = _patch_values(patches, linear, light, mask)
    names = join_patches(borders, np.arange(len(values.area), dtype=np.int32), values.area, values.tint)
    grid = LightGrid.of(patches, light)
    for _ in range(2):  # once more with the larger groups, whose borders say more
        if names.max() < 2:
            break
        level = solve_levels(pool(borders, names), grid, names, smooth=_SMOOTH)
        area, mean, tint = values.grouped(names)
        names = merge_alike(level, tint, chroma_doubt(mean), area)[names]
        names = join_patches(borders, names, values.area, values.tint)
        area, mean, tint = values.grouped(names)
        pairs = pool(borders, names)
        level = solve_levels(pairs, grid, names, smooth=_SMOOTH)
        joined = made_by_light(names[patches], mask, pairs, level, tint, chroma_doubt(mean))
        if not joined:
            break
        names = unite(names, joined)
    labels = names[patches]
    if names.max() > 1:
        level = solve_levels(pool(borders, names), grid, names, smooth=_SMOOTH)
        labels = refine_inks(features, mask, labels, level, values.grouped(names)[2])
    return _numbered(features, linear, mask, labels)


def _numbered(features: Features, linear: Floats, mask: Mask, labels: Ints) -> InkMap:
    """Inks by falling area, those of hardly any area left out; levels from their own borders."""
    number = int(labels.max()) + 1
    same = np.arange(number, dtype=np.int32)
    level = np.zeros(number)
    if number > 2:
        pairs = _exact(pool(border_jumps(features, labels), same), border_steps(features.log_light, labels, mask))
        level = solve_levels(pairs, LightGrid.of(labels, features.log_light), same, smooth=_HAIR)
    values = _patch_values(labels, linear, features.log_light, mask)
    names = _one_ink_in_other_light(values, level)
    if (names != same).any():
        labels = names[labels]
        values = _patch_values(labels, linear, features.log_light, mask)
    order = np.argsort(-values.area[1:], kind="stable") + 1
    order = order[values.area[order] >= max(_SPECK * values.area.sum(), 1)][:NONE]
    rank = np.full(number, NONE, np.uint8)
    rank[order] = np.arange(len(order))
    share = values.area[order] / values.area.sum()
    tint = values.tint[order].astype(np.float32)
    return InkMap(rank[labels], (level[order] - level[order[0]]).astype(np.float32), tint, share.astype(np.float32))


def _one_ink_in_other_light(values: _Values, level: Doubles) -> Ints:
    """New number of each ink: one of the main ink's tint whose level would put it into quite another light is that ink.

    Pieces of one cloth that hardly touch, a sleeve and both fronts of an open coat, have no border that says how light
    they are beside each other; creases between them then count for more than they should.
    """
    names = np.arange(len(values.area), dtype=np.int32)
    if len(names) < 3:
        return names
    main = int(values.area[1:].argmax()) + 1
    _, mean, tint = values.grouped(names)
    away = np.abs((mean - level) - (mean[main] - level[main]))
    alike = np.hypot(*(tint - tint[main]).T) < _TINT + chroma_doubt(mean)
    names[(away > _APART) & alike & (names > 0)] = main
    return names


def _exact(pairs: Pairs, steps: Steps) -> Pairs:
    """The same borders with the jumps of those that are long measured more closely."""
    jump, soft = pairs.jump.copy(), pairs.soft.copy()
    for i, (a, b) in enumerate(zip(pairs.a, pairs.b, strict=True)):
        up, down = (steps.first == a) & (steps.second == b), (steps.first == b) & (steps.second == a)
        step = np.concatenate([steps.step[up], -steps.step[down]])
        if len(step) >= _LONG:
            jump[i], soft[i] = robust_step(step), 0
    return replace(pairs, jump=jump, soft=soft)


@dataclass(frozen=True, eq=False)
class _Values:
    """Of each patch: pixels, sum of log luminance, sum of linear RGB over its inner pixels."""

    area: Counts
    light: Doubles
    color: Doubles

    @property
    def tint(self) -> Doubles:
        return chromaticity(np.maximum(self.color, 1e-9)).astype(np.float64)

    def grouped(self, names: Ints) -> tuple[Counts, Doubles, Doubles]:
        """Pixels, mean log luminance and chromaticity of each group; of summed light, so that noise hardly counts."""
        area = np.bincount(names, self.area).astype(np.intp)
        light = np.bincount(names, self.light) / np.maximum(area, 1)
        color = np.stack([np.bincount(names, self.color[:, c]) for c in range(3)], 1)
        return area, light, chromaticity(np.maximum(color, 1e-9)).astype(np.float64)


def _patch_values(patches: Ints, linear: Floats, light: Floats, mask: Mask) -> _Values:
    number = int(patches.max()) + 1
    inner = cv2.morphologyEx(patches.astype(np.float32), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) == 0
    at = patches[mask]
    weight = np.where(inner[mask], 1.0, 1e-3)  # pixels at borders count only where there are no others
    pixels = linear[mask]
    color = np.stack([np.bincount(at, weight * pixels[:, c], number) for c in range(3)], 1)
    total = np.bincount(at, light[mask], number).astype(np.float64)
    return _Values(np.bincount(at, minlength=number), total, color.astype(np.float64))
