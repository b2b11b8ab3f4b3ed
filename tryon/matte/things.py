"""Things in front of a plain garment that the parser has no name for: a strap, a cane, a belt, a hand it overlooked.

Such a thing shows as one of the cloth's inks that is no ink: a patch in one piece that comes in from the garment's
outline and has another colour than nearly all of the cloth. Prints lie scattered, or away from the outline.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.gather import sampled

__all__ = ["find_things"]

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_PLAIN = 0.8  # of a cloth is its main ink: less is a print, of which anything may be a part
_SHARE = (0.003, 0.15)  # of the cloth that a thing covers
_ONE_PIECE = 0.55  # of its ink is in its largest piece
_PIECES = 0.25  # of the largest: smaller pieces are specks
_TINT, _LEVEL = 0.4, 0.8  # natural logarithm: another chromaticity, another lightness
_SHADOW = 0.6  # what is darker has this much of another chromaticity, or it is a shadow
_BLACK = (1.8, 0.25)  # or is so much darker than a cloth at least as light as this
_CLOSED = 0.006  # of the window's longer side: gaps in a thing
_EDGE = 0.8  # px, how soft a thing's border is
_LARGEST = 300_000  # px of the picture on which they are looked for


def find_things(labels: Bytes, inks: Floats, mask: Mask, cloths: Bytes) -> Floats:
    """How much of each pixel such things cover.

    Args:
        labels: (h, w) uint8, number of the ink, 255 for none.
        inks: (k, 3) float32 linear RGB.
        mask: (h, w) bool, the region.
        cloths: (h, w) uint8, which garment of the region each pixel belongs to.

    Returns:
        (h, w) float32 0..1; 0 nearly always.
    """
    shape = mask.shape
    scale = max(1.0, (mask.size / _LARGEST) ** 0.5)
    size = (max(round(shape[1] / scale), 1), max(round(shape[0] / scale), 1))
    labels, mask, cloths = (sampled(part, size) for part in (labels, mask, cloths))
    found = np.zeros(mask.shape, np.uint8)
    inner = np.asarray(cv2.erode(mask.view(np.uint8), np.ones((5, 5), np.uint8), borderType=cv2.BORDER_REPLICATE))
    edge = mask & (inner == 0)
    for kind in np.flatnonzero(np.bincount(cloths[mask], minlength=1)).tolist():
        cloth = mask & (cloths == kind)
        counts = np.bincount(labels[cloth & (labels < 255)], minlength=len(inks)).astype(np.float64)
        if counts.max(initial=0) < _PLAIN * counts.sum() or not counts.sum():
            continue
        main = int(counts.argmax())
        for k in np.flatnonzero((counts > _SHARE[0] * counts.sum()) & (counts < _SHARE[1] * counts.sum())).tolist():
            if k != main and _other_stuff(inks[k], inks[main]):
                found |= _pieces((cloth & (labels == k)).astype(np.uint8), edge)
    if not found.any():
        return np.zeros(shape, np.float32)
    soft = np.asarray(cv2.GaussianBlur(found.astype(np.float32), (0, 0), _EDGE), np.float32)
    if soft.shape != shape:
        soft = np.asarray(cv2.resize(soft, shape[::-1], interpolation=cv2.INTER_LINEAR), np.float32)
    return soft


def _other_stuff(ink: Floats, cloth: Floats) -> bool:
    """Whether a colour is surely none of the cloth's, in whatever light."""
    one, other = (np.log(np.maximum(color.astype(np.float64), 1e-3)) for color in (ink, cloth))
    level = float(one.mean() - other.mean())
    tint = float(np.abs((one - one.mean()) - (other - other.mean())).max())
    if level < -_LEVEL:
        return tint > _SHADOW or (level < -_BLACK[0] and float(cloth.mean()) > _BLACK[1])
    return tint > _TINT or level > _LEVEL


def _pieces(thing: Bytes, edge: Mask) -> Bytes:
    """(h, w) uint8: pieces of an ink that come in from the outline, if the ink is hardly anything else."""
    side = 2 * max(1, round(_CLOSED * max(thing.shape))) + 1
    closed = np.asarray(cv2.morphologyEx(thing, cv2.MORPH_CLOSE, np.ones((side, side), np.uint8)), np.uint8)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    out = np.zeros(thing.shape, np.uint8)
    if count < 2 or areas.max() < _ONE_PIECE * areas.sum():
        return out
    for k in (np.flatnonzero(areas >= _PIECES * areas.max()) + 1).tolist():
        piece = pieces == k
        if np.count_nonzero(piece & edge) >= 3:
            out[piece] = 1
    return np.asarray(cv2.dilate(out, np.ones((3, 3), np.uint8)), np.uint8)
