"""Measures of quality on arrays: intersection over union, boundary F, joints and face points. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

__all__ = [
    "BoundaryCount",
    "confusion",
    "count_boundary",
    "face_error",
    "ious",
    "joints_hit",
    "mean",
    "merge",
    "object_keypoint_similarity",
    "torso_length",
    "union_iou",
]

Floats = npt.NDArray[np.float32]
Counts = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]
_SHOULDERS, _HIPS = [5, 6], [11, 12]
_OUTER_EYES = (36, 45)
_IBUG = 68
# Spread of human annotators for each COCO joint, as a share of the object's size (Ronchi, Perona, ICCV 2017).
_COCO_SIGMAS = np.array(
    [0.26, 0.25, 0.25, 0.35, 0.35, 0.79, 0.79, 0.72, 0.72, 0.62, 0.62, 1.07, 1.07, 0.87, 0.87, 0.89, 0.89]
) / np.float64(10)


def confusion(truth: npt.NDArray[np.uint8], found: npt.NDArray[np.uint8], classes: int) -> Counts:
    """(classes, classes) int64 pixel counts, labelled class by row, found class by column.

    Args:
        truth: Labels of any shape; values of ``classes`` and above, such as 255, are left out of the count.
        found: The same shape, all below ``classes``.
        classes: How many there are.
    """
    known = truth < classes
    pairs = truth[known].astype(np.int64) * classes + found[known]
    return np.bincount(pairs, minlength=classes * classes).reshape(classes, classes).astype(np.int64)


def ious(counts: Counts) -> npt.NDArray[np.float64]:
    """(classes,) intersection over union of each class; NaN for one that is neither labelled nor found."""
    both = counts.diagonal()
    union = counts.sum(0) + counts.sum(1) - both
    return np.where(union > 0, both / np.maximum(union, 1), np.nan)


def union_iou(counts: Counts, classes: Iterable[int]) -> float:
    """IoU of several classes taken as one; confusing them with one another costs nothing."""
    rows = sorted(set(classes))
    both = int(counts[np.ix_(rows, rows)].sum())
    union = int(counts[rows].sum() + counts[:, rows].sum()) - both
    return both / union if union else float("nan")


def merge(counts: Counts, groups: Sequence[Iterable[int]]) -> Counts:
    """Confusion of groups of classes from that of the classes; each class must stand in exactly one group."""
    table = np.zeros((len(groups), len(counts)), np.int64)
    for row, group in enumerate(groups):
        table[row, sorted(group)] = 1
    if not (table.sum(0) == 1).all():
        raise ValueError("each class must stand in exactly one group")
    return table @ counts @ table.T


def mean(values: Iterable[float] | npt.NDArray[Any]) -> float:
    """Mean of what is not NaN; NaN of nothing."""
    known = np.array([v for v in values if not np.isnan(v)], np.float64)
    return float(known.mean()) if len(known) else float("nan")


@dataclass(frozen=True)
class BoundaryCount:
    """Boundary pixels of two masks, and how many of each lie near the other's; add them up over photos."""

    truth: int = 0
    truth_near: int = 0
    found: int = 0
    found_near: int = 0

    def __add__(self, other: BoundaryCount) -> BoundaryCount:
        return BoundaryCount(
            self.truth + other.truth,
            self.truth_near + other.truth_near,
            self.found + other.found,
            self.found_near + other.found_near,
        )

    @property
    def f(self) -> float:
        """Harmonic mean of precision and recall, 0..1; NaN if neither mask has a boundary, 0 if only one has."""
        if not self.truth and not self.found:
            return float("nan")
        if not self.truth_near or not self.found_near:
            return 0.0
        precision, recall = self.found_near / self.found, self.truth_near / self.truth
        return 2 * precision * recall / (precision + recall)


def count_boundary(truth: Mask, found: Mask, tolerance: int = 3) -> BoundaryCount:
    """Boundaries of two (H, W) masks, near where a pixel of the other's lies within ``tolerance`` pixels.

    A mask's boundary is its pixels that touch a pixel outside it by a side; the photo's frame is no boundary.
    Boundary F: Martin, Fowlkes, Malik, TPAMI 2004; Csurka et al., BMVC 2013.
    """
    lines = [_boundary(mask) for mask in (truth, found)]
    y, x = np.mgrid[-tolerance : tolerance + 1, -tolerance : tolerance + 1]
    disc = (x * x + y * y <= tolerance * tolerance).astype(np.uint8)
    wide = [cv2.dilate(line, disc, borderType=cv2.BORDER_CONSTANT, borderValue=0) for line in lines]
    near = [cv2.countNonZero(cv2.bitwise_and(lines[k], wide[1 - k])) for k in (0, 1)]
    return BoundaryCount(cv2.countNonZero(lines[0]), near[0], cv2.countNonZero(lines[1]), near[1])


def _boundary(mask: Mask) -> npt.NDArray[np.uint8]:
    solid = mask.astype(np.uint8)
    cross = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    inner = cv2.erode(solid, cross, borderType=cv2.BORDER_CONSTANT, borderValue=1)
    return np.asarray(solid - inner, np.uint8)


def torso_length(joints: Floats) -> float:
    """Pixels from between the shoulders to between the hips of (17, 3) x, y, known; NaN if one is unknown."""
    if not (joints[_SHOULDERS + _HIPS, 2] > 0).all():
        return float("nan")
    return float(np.linalg.norm(joints[_SHOULDERS, :2].mean(0) - joints[_HIPS, :2].mean(0)))


def joints_hit(found: Floats | None, truth: Floats, share: float = 0.1) -> tuple[Mask, Mask]:
    """PCK: which joints lie within ``share`` of the torso's length of where they should be.

    Args:
        found: (17, 3) COCO joints, or None where nobody was found: every joint is a miss. The scores are not used.
        truth: (17, 3) x, y, known (1 counts, all else does not).
        share: Of the torso's length, see :func:`torso_length`.

    Returns:
        (17,) bool which joints are hit, and (17,) bool which are asked for: none if the torso is unknown.
    """
    length = torso_length(np.where(truth[:, 2:] == 1, truth, 0))
    asked = (truth[:, 2] == 1) & (length > 0)
    if found is None or not length > 0:
        return np.zeros(len(truth), np.bool_), asked
    near = np.linalg.norm(found[:, :2] - truth[:, :2], axis=1) <= share * length
    return near & asked, asked


def object_keypoint_similarity(found: Floats, truth: Floats, area: float) -> float:
    """COCO's OKS of (17, 3) joints, mean over the labelled ones; NaN if none is. ``area``: the person's pixels."""
    known = truth[:, 2] > 0
    if not known.any():
        return float("nan")
    squared = ((found[known, :2] - truth[known, :2]).astype(np.float64) ** 2).sum(1)
    return float(np.exp(-squared / (2 * max(area, 1.0) * (2 * _COCO_SIGMAS[known]) ** 2)).mean())


def face_error(found: Floats, truth: Floats) -> float:
    """NME: mean distance of iBUG's 68 points over the distance of the outer eye corners in ``truth``.

    Both are (68 or more, 2) in pixels; what follows the 68 is left out. NaN if the eye corners coincide.
    """
    between = float(np.linalg.norm(truth[_OUTER_EYES[0]] - truth[_OUTER_EYES[1]]))
    if not between > 0:
        return float("nan")
    return float(np.linalg.norm(found[:_IBUG] - truth[:_IBUG], axis=1).mean()) / between
