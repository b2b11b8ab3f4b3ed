"""Pieces of a garment that the parser took for another one, joined again by their colour.

Parsers that decide pixel by pixel call half of a jacket a shirt and the hem of a skirt a dress. A piece of a rival
label that touches the garment and looks the same beside their common border belongs to it. Looks are compared by
the median CIELAB colour and by the intersection of colour histograms (Swain and Ballard, "Color indexing", IJCV 1991).
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["join_pieces", "same_cloth"]

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
_NEAR = 0.12  # of the root of a piece's area: how far from the common border colours are compared
_MEDIANS = 9.0  # CIELAB units (a and b count double: shadows change lightness most); below it colours are the same
_SHARED = 0.55  # intersection of the histograms of two cloths with one print
_TOUCH = 0.06  # of a piece's outline lies at the garment
_ROUNDS = 3  # pieces may hang on pieces that were joined
_FEWEST = 12  # px; fewer tell no colour


def join_pieces(lab: Bytes | None, garment: Mask, rivals: Mask, *, most: float = np.inf) -> Mask:
    """The garment with those pieces of rivals that are of its cloth.

    Args:
        lab: (h, w, 3) uint8 CIELAB as OpenCV encodes it, or None without a photo: then nothing is joined.
        garment: (h, w) bool.
        rivals: (h, w) bool, disjoint from ``garment``; its connected pieces are joined or left as they are.
        most: Pieces of more than this multiple of the garment's area stay rivals, whatever their colour.

    Returns:
        (h, w) bool, at least ``garment``.
    """
    out = garment.copy()
    if lab is None or not garment.any() or not rivals.any():
        return out
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(rivals.astype(np.uint8), connectivity=4)
    limit = most * np.count_nonzero(garment)
    left = [k for k in range(1, count) if stats[k, cv2.CC_STAT_AREA] <= limit]
    for _ in range(_ROUNDS):
        joined = [k for k in left if _belongs(lab, out, pieces, stats[k], k)]
        for k in joined:
            out |= pieces == k
        left = [k for k in left if k not in joined]
        if not joined:
            break
    return out


def same_cloth(one: Bytes, other: Bytes) -> bool:
    """Whether two samples of cloth, (n, 3) and (m, 3) uint8 CIELAB, look alike: one colour or one print."""
    if min(len(one), len(other)) < _FEWEST:
        return False
    a, b = (np.median(part.astype(np.float32), axis=0) for part in (one, other))
    # OpenCV stretches L to 0..255; half of it is nearer to what a and b count.
    gap = float(np.sqrt(((a - b) ** 2 * np.array([0.1, 1.0, 1.0], np.float32)).sum()))
    # The same colour in light and shade, but never black for white.
    if gap < _MEDIANS and abs(float(a[0] - b[0])) < 64:
        spread = [float(np.abs(part.astype(np.float32) - middle).mean()) for part, middle in ((one, a), (other, b))]
        if max(spread) < 4 * min(spread) + 4:  # a print beside a plain cloth
            return True
    return float(np.minimum(_histogram(one), _histogram(other)).sum()) > _SHARED


def _belongs(lab: Bytes, garment: Mask, pieces: npt.NDArray[Any], stat: npt.NDArray[Any], k: int) -> bool:
    """Whether a piece touches the garment along a good part of its outline and looks the same there."""
    x, y, w, h, area = (int(v) for v in stat)
    reach = max(3, round(_NEAR * area**0.5))
    at = (slice(max(y - reach, 0), y + h + reach), slice(max(x - reach, 0), x + w + reach))
    piece, cloth, colors = (pieces[at] == k).astype(np.uint8), garment[at], lab[at]
    outline = np.asarray(cv2.dilate(piece, np.ones((3, 3), np.uint8))) & (1 - piece)
    touch = (outline > 0) & cloth
    if np.count_nonzero(touch) < max(3, _TOUCH * np.count_nonzero(outline)):
        return False
    near = np.asarray(cv2.dilate(touch.view(np.uint8), np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))) > 0
    return same_cloth(colors[near & (piece > 0)], colors[near & cloth])


def _histogram(colors: Bytes) -> npt.NDArray[np.float64]:
    """(8 * 12 * 12,) shares of colours, 1 together."""
    bins = (colors[:, 0].astype(np.int64) >> 5) * 144
    for channel, size in ((1, 12), (2, 1)):
        bins += np.clip((colors[:, channel].astype(np.int64) - 80) >> 3, 0, 11) * size
    return np.asarray(np.bincount(bins, minlength=8 * 144) / len(colors), np.float64)
