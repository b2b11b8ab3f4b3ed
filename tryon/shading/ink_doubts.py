"""Inks that may be light after all: a sleeve in the sun beside a body in the shade is no second ink.

Where one piece of cloth lies over another, light makes a step as sharp as an ink's. Three things tell it from an ink,
if the chromaticity stays: both sides differ from a third ink by the same ratio, each from the part of it that lies in
the same light; or every ink that the edge crosses changes by the same ratio; or what is lighter is one large piece
that ends at the cloth's outline, not a figure on the cloth.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.shading.ink_borders import STEEP, Pairs, beyond_shade

__all__ = ["made_by_light"]

Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

_SAME_TINT = 0.12  # distance in chromaticity that light may make
_LARGEST = 1.9  # largest step, natural logarithm, that light is supposed to make within a cloth
_SAME_STEP = 0.25  # difference of two steps that are one
_ENOUGH = 20  # border pixels that two inks share with a third one, each
_CROSSED = 0.1  # share of borders of the wrong kind: light and dark parts of two inks hardly touch crosswise
_PIECES = 4  # disjoint pieces from which on an ink is a pattern
_PIECE = 0.03  # share of the ink that counts as a piece
_OUTER = 0.25  # share of a piece's outline that is the cloth's own, from which on it is a part of the garment


def made_by_light(
    labels: Ints, mask: Mask, pairs: Pairs, level: Doubles, tint: Doubles, doubt: npt.NDArray[np.floating]
) -> list[tuple[int, int]]:
    """Pairs of inks that are one in different light.

    Args:
        labels: (h, w) int32, ink of each pixel, 0 = none.
        mask: (h, w) bool, the cloth.
        pairs: The borders of the inks.
        level, tint, doubt: (k,), (k, 2), (k,): log luminance, chromaticity and its uncertainty of each ink.
    """
    number = len(level)
    area = np.bincount(labels[mask], minlength=number)
    step = level[None] - level[:, None]
    tints = beyond_shade(tint[None] - tint[:, None], step, (tint[None] + tint[:, None]) / 2)
    alike = (tints < _SAME_TINT + np.maximum(doubt[None], doubt[:, None])) & (area[None] > 0) & (area[:, None] > 0)
    jump, touch = np.zeros((number, number)), np.zeros((number, number), np.int64)
    jump[pairs.a, pairs.b], jump[pairs.b, pairs.a] = pairs.jump, -pairs.jump
    touch[pairs.a, pairs.b] = touch[pairs.b, pairs.a] = pairs.count
    found = _same_against_third(alike & (np.abs(step) < STEEP), jump, touch)
    alike &= np.abs(step) < _LARGEST
    found += _parallel(alike, step, touch)
    joined = {k for pair in found for k in pair}
    for one in range(1, number):
        larger = [k for k in range(1, number) if k != one and alike[one, k] and area[k] > area[one]]
        if one not in joined and larger and touch[one, larger].sum() and _is_piece(labels == one, mask):
            found.append((one, larger[int(np.argmax(touch[one, larger]))]))
    return found


def _same_against_third(alike: Mask, jump: Doubles, touch: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Pairs (a, b) with the same jump to the inks that both touch."""
    found = []
    for a, b in zip(*np.nonzero(np.triu(alike, 1)), strict=True):
        both = np.minimum(touch[a], touch[b])
        third = (both >= _ENOUGH) & (np.abs(jump[a]) > 2 * _SAME_STEP) & (np.abs(jump[b]) > 2 * _SAME_STEP)
        if third.any() and np.average(np.abs(jump[a] - jump[b])[third], weights=both[third]) < _SAME_STEP:
            found.append((int(a), int(b)))
    return found


def _parallel(alike: Mask, step: Doubles, touch: npt.NDArray[np.int64]) -> list[tuple[int, int]]:
    """Pairs (a, b) and (c, d) where b is to a as d is to c, and a touches c, b touches d, hardly a d or b c."""
    a, b = np.nonzero(np.triu(alike, 1))
    dark, bright = np.where(step[a, b] > 0, a, b), np.where(step[a, b] > 0, b, a)
    one, two = np.triu_indices(len(a), 1)
    a, b, c, d = dark[one], bright[one], dark[two], bright[two]
    straight, crossed = touch[a, c] + touch[b, d], touch[a, d] + touch[b, c]
    found = (touch[a, c] > 0) & (touch[b, d] > 0) & (crossed < _CROSSED * straight)
    found &= (np.abs(step[a, b] - step[c, d]) < _SAME_STEP) & (a != c) & (b != d) & (a != d) & (b != c)
    return [pair for k in np.flatnonzero(found) for pair in ((int(a[k]), int(b[k])), (int(c[k]), int(d[k])))]


def _is_piece(ink: Mask, mask: Mask) -> bool:
    """Whether an ink is made of few pieces whose outlines run along the cloth's own."""
    sizes = cv2.connectedComponentsWithStats(ink.view(np.uint8), connectivity=8)[2][1:, cv2.CC_STAT_AREA]
    if np.count_nonzero(sizes > _PIECE * sizes.sum()) >= _PIECES:
        return False
    box = np.ones((3, 3), np.uint8)
    rim = ink & ~cv2.erode(ink.view(np.uint8), box, borderType=cv2.BORDER_CONSTANT, borderValue=0).view(np.bool_)
    core = cv2.erode(mask.view(np.uint8), np.ones((5, 5), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0)
    return bool(np.count_nonzero(rim & (core == 0)) >= _OUTER * np.count_nonzero(rim))
