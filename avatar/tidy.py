"""A person's parts made fit to be drawn: crumbs go to their neighbours, and garments that look alike become one.

A parser hesitates between coat and shirt where nobody sees a border; in a picture of few flat regions each such
place would become a patch.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.color import delta_e, srgb_to_lab
from dressform.avatar.face import HeadFrame
from dressform.parsing import Part

__all__ = ["nearest_labels", "tidied"]

Labels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
_TOPS = (Part.UPPER_CLOTHES, Part.COAT, Part.DRESS)
_BOTTOMS = (Part.PANTS, Part.SKIRT)
_CRUMB = 0.006  # square heads
_LEAST_PART = 0.012  # square heads; a part of less in all is a mistake
_SLIT = 0.025  # heads; half the width of gaps that are closed
_BELT = 0.09  # heads; half the height of those between jacket and trousers
_HOLE = 0.05  # square heads
_ISLAND = 0.08  # share of a part's largest piece below which another piece is a crumb
_SCRAP = 0.03  # share of the clothes of a half of the body below which a garment is a mistake
_SMALL = 0.12  # and below which it has to stand out
_ALIKE, _SIMILAR = 9.0, 16.0  # ΔE00 between garments below which they are drawn as one, if large, if small
_LEAST_HAT = 0.06  # square heads


def tidied(image: npt.NDArray[np.uint8], labels: Labels, seen: Mask, frame: HeadFrame) -> Labels:
    """Labels for drawing.

    Args:
        image: (h, w, 3) uint8 RGB.
        labels: (h, w) uint8, one person's parts.
        seen: (h, w) bool, where the photo shows them.
        frame: Of the head.
    """
    unit = frame.height**2
    out = labels.copy()
    _settle_hat(out, frame)
    crumbs = np.zeros(out.shape, bool)
    for part in np.unique(out):
        if part:
            crumbs |= _crumbs(out == part, seen, unit)
    _give_away(out, crumbs | _holes(out, unit))
    _close_slits(out, frame.height)
    lab = None
    for group in (_TOPS, _BOTTOMS):
        present = [part for part in group if (out == part).any()]
        if len(present) > 1:
            lab = np.asarray(srgb_to_lab(image), np.float32) if lab is None else lab
            _merge(out, lab, seen, present)
    return out


def _settle_hat(labels: Labels, frame: HeadFrame) -> None:
    """A hat is on the head and more than a spot; otherwise it is hair, or something held."""
    hat = labels == Part.HAT
    if not hat.any():
        return
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(hat.view(np.uint8), connectivity=8)
    eyes = frame.chin[1] - 0.45 * frame.height
    hair = np.count_nonzero(labels == Part.HAIR)
    for k in range(1, count):
        small = stats[k, cv2.CC_STAT_AREA] < max(_LEAST_HAT * frame.height**2, 0.25 * hair)
        low = stats[k, cv2.CC_STAT_TOP] > eyes
        if small or low:
            labels[pieces == k] = Part.HAIR if hair and not low else 0


def _crumbs(mask: Mask, seen: Mask, unit: float) -> Mask:
    x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
    at = np.s_[y : y + h, x : x + w]
    out = np.zeros(mask.shape, bool)
    out[at] = _small(np.ascontiguousarray(mask[at]), seen[at], unit)
    return out


def _small(mask: Mask, seen: Mask, unit: float) -> Mask:
    """Pieces that are small beside the part's largest.

    What was made up where the photo ends counts for nothing there: beside the whole of a made-up bust, all that
    is seen of a sleeve would be a crumb.
    """
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=4)
    areas = stats[:, cv2.CC_STAT_AREA].astype(float)
    areas[0] = np.inf
    if areas[1:].sum() < _LEAST_PART * unit:
        return mask
    shown = np.bincount(pieces[mask & seen])
    least = max(_CRUMB * unit, _ISLAND * float(shown.max(initial=0)))
    return np.asarray((areas < least)[pieces], np.bool_)


def _holes(labels: Labels, unit: float) -> Mask:
    """Places that belong to nobody, closed in by the person and small: gaps between parts, not between arm and hip."""
    count, pieces, stats, _ = cv2.connectedComponentsWithStats((labels == 0).view(np.uint8), connectivity=4)
    height, width = labels.shape
    small = stats[:, cv2.CC_STAT_AREA] < _HOLE * unit
    x, y = stats[:, cv2.CC_STAT_LEFT], stats[:, cv2.CC_STAT_TOP]
    inner = (x > 0) & (y > 0) & (x + stats[:, cv2.CC_STAT_WIDTH] < width) & (y + stats[:, cv2.CC_STAT_HEIGHT] < height)
    chosen = small & inner
    chosen[0] = False
    return np.asarray(chosen[pieces], np.bool_) if count > 1 else np.zeros(labels.shape, bool)


def _close_slits(labels: Labels, head: float) -> None:
    """Fill gaps too thin to be seen through, and higher ones where a belt was taken for background."""
    own = labels > 0
    closed = own.copy()
    for wide, high in ((_SLIT, _SLIT), (_SLIT / 2, _BELT)):
        size = (2 * max(round(wide * head), 1) + 1, 2 * max(round(high * head), 1) + 1)
        shape = np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, size), np.uint8)
        closed |= np.asarray(cv2.morphologyEx(own.view(np.uint8), cv2.MORPH_CLOSE, shape)).astype(bool)
    slit = closed & ~own
    labels[slit] = nearest_labels(labels, own)[slit]


def _give_away(labels: Labels, where: Mask) -> None:
    """Give places the nearest other label; the background's where that is nearest."""
    if not where.any():
        return
    ring = np.asarray(cv2.dilate(where.view(np.uint8), np.ones((3, 3), np.uint8))).astype(bool) & ~where
    if not ring.any():
        labels[where] = 0
        return
    labels[where] = nearest_labels(labels, ~where)[where]


def nearest_labels(labels: Labels, known: Mask) -> Labels:
    """(h, w) uint8: for each pixel the label of the nearest known one; 0 everywhere if none is known."""
    if not known.any():
        return np.zeros(labels.shape, np.uint8)
    _, nearest = cv2.distanceTransformWithLabels(
        (~known).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    values = np.zeros(int(nearest.max()) + 1, np.uint8)
    values[nearest[known]] = labels[known]
    return np.asarray(values[nearest], np.uint8)


def _merge(labels: Labels, lab: npt.NDArray[np.float32], seen: Mask, present: Iterable[Part]) -> None:
    """Join garments of one half of the body that are scraps or of one colour, the smaller to the larger."""
    order = sorted(present, key=lambda part: -np.count_nonzero(labels == part))
    total = sum(np.count_nonzero(labels == part) for part in order)
    kept: list[tuple[Part, npt.NDArray[np.floating]]] = []
    for part in order:
        mask = labels == part
        visible = mask & seen
        color = np.median(lab[visible if visible.any() else mask], axis=0)
        share = np.count_nonzero(mask) / total
        least = _ALIKE if share > _SMALL else _SIMILAR
        twin = next((other for other, theirs in kept if float(delta_e(theirs, color)) < least), None)
        if kept and share < _SCRAP:
            twin = twin or kept[0][0]
        if twin is None:
            kept.append((part, color))
        else:
            labels[mask] = twin
