"""What lies on a worn garment and is no part of it: straps, bags and shadows that were taken for inks.

:mod:`~dressform.tryon.matte.things` finds what surely is none of the cloth's, so that it may stay in the photo. When a
garment is taken to somebody else a mistake costs less, its cloth goes on from around, so more is left behind.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.gather import shrunk
from dressform.tryon.matte.things import find_things
from dressform.tryon.shading.estimate import Shading

__all__ = ["find_intruders"]

Mask = npt.NDArray[np.bool_]

_PLAIN = 0.7  # of a cloth is its main ink: less is a print, of which anything may be a part
_SHARE = (0.002, 0.2)  # of the cloth that an intruder covers
_ONE_PIECE = 0.5  # of its ink is in its largest piece
_PIECES = 0.1  # of the largest: smaller ones are specks of a print
_APART = 0.8  # natural logarithm between both colours, in any channel
_CLOSED = 5  # px, gaps in one


def find_intruders(
    shading: Shading, mask: Mask, cloths: npt.NDArray[np.uint8], neck: tuple[float, float, float]
) -> Mask:
    """Pixels of such things.

    Args:
        shading: Of the garment.
        mask: (h, w) bool, the garment.
        cloths: (h, w) uint8, which garment of a region each pixel belongs to.
        neck: x, y and radius of a disc; a piece within it is a collar of another colour.
    """
    out = find_things(shading.labels, shading.inks, mask, cloths) > 0.02
    edge = mask & ~shrunk(mask, 2)
    logs = np.log(np.maximum(shading.inks.astype(np.float64), 1e-2))
    for kind in np.unique(cloths[mask]).tolist():
        cloth = mask & (cloths == kind)
        counts = np.bincount(shading.labels[cloth & (shading.labels < 255)], minlength=len(logs)).astype(np.float64)
        whole = float(counts.sum())
        if not whole or counts.max() < _PLAIN * whole:
            continue
        main = int(counts.argmax())
        for k in np.flatnonzero((counts > _SHARE[0] * whole) & (counts < _SHARE[1] * whole)).tolist():
            if k != main and float(np.abs(logs[k] - logs[main]).max()) > _APART:
                out |= _pieces(cloth & (shading.labels == k), edge, neck)
    return np.asarray(out, np.bool_)


def _pieces(ink: Mask, edge: Mask, neck: tuple[float, float, float]) -> Mask:
    """Pieces of an ink that come in from the outline, if the ink is hardly anything else."""
    closed = cv2.morphologyEx(ink.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((_CLOSED, _CLOSED), np.uint8))
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(closed, connectivity=8)
    areas = stats[1:, cv2.CC_STAT_AREA]
    out = np.zeros(ink.shape, np.bool_)
    if count < 2 or areas.max() < _ONE_PIECE * areas.sum():
        return out
    for k in (np.flatnonzero(areas >= _PIECES * areas.max()) + 1).tolist():
        x, y, w, h = stats[k, :4].tolist()
        far = max(np.hypot(a - neck[0], b - neck[1]) for a in (x, x + w) for b in (y, y + h))
        piece = pieces == k
        if far > neck[2] and np.count_nonzero(piece & edge) >= 3:
            out |= piece
    return out
