"""Cleaner regions: small detached patches of masks and score maps are found and taken out."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["drop_specks", "remove_islands"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
_NOTHING = 6  # samples; a part whose every piece is smaller than this is noise


def drop_specks(mask: Mask, least: float) -> Mask:
    """(h, w) bool: ``mask`` without the pieces that are smaller than the share ``least`` of its largest piece.

    Pieces hang together over sides and corners of pixels.
    """
    pieces, areas = _pieces(mask)
    large = areas >= least * areas.max(initial=0)
    if large.all():
        return mask.copy()
    return np.concatenate([[False], large]).take(pieces)


def remove_islands(probability: Floats, *, least: float = 0.02, part_least: float = 0.004) -> Floats:
    """Take small detached patches out of a person's score maps.

    Args:
        probability: (n, h, w) float32, row 0 is the background, sums to 1 over n.
        least: Detached pieces of the silhouette smaller than this share of its largest piece become background.
        part_least: Detached pieces of a part smaller than this share of the silhouette go to the part that
            scores next there, unless the part consists of nothing larger, as glasses may.

    Returns:
        (n, h, w) float32, sums to 1 over n.
    """
    out = probability.copy()
    silhouette = out[0] < 0.5
    body = drop_specks(silhouette, least)
    gone = silhouette & ~body
    out[:, gone] = 0
    out[0, gone] = 1
    if not body.any():
        return out
    best = np.where(body, out[1:].argmax(0) + 1, 0)
    for part in np.flatnonzero(np.bincount(best[body], minlength=1)):
        pieces, areas = _pieces(best == part)
        small = areas < part_least * np.count_nonzero(body)
        if small.any() and (not small.all() or areas.max() < _NOTHING):
            _hand_over(out, part, np.concatenate([[False], small])[pieces])
    return out


def _hand_over(probability: Floats, part: np.intp, where: Mask) -> None:
    """Give a part's probability to the part that scores next; background gets none, so that no hole opens."""
    there = probability[:, where]
    moved = there[part].copy()
    there[part] = 0
    heir = there[1:].argmax(0) + 1
    columns = np.arange(there.shape[1])
    heir[there[heir, columns] == 0] = part  # nothing else scores here at all
    there[heir, columns] += moved
    probability[:, where] = there


def _pieces(mask: Mask) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """Number of the connected piece at each place, 0 for none, and the areas of pieces 1, 2, …"""
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    return np.asarray(pieces, np.int32), np.asarray(stats[1:, cv2.CC_STAT_AREA], np.int32)
