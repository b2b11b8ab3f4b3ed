"""The one-person model: its maps are added up to a probability per class and pixel, and that makes one person.

Semantic inference as MaskFormer defines it (Cheng et al., NeurIPS 2021): every query's mask probability counts for each
class as much as the query's class probability says; the class with the highest sum is seen. Sums are formed at the
resolution of the network's input, cut to what the photo fills, and resized to the photo (bilinear). Everybody in the
photo becomes one person, as over there.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.m2fp.masks import CELL, Frame, resize, sigmoid, strips
from dressform.parsing.engines.m2fp.select import class_probabilities
from dressform.parsing.islands import remove_islands
from dressform.parsing.parts import Part, part_from_name
from dressform.parsing.result import Observation
from dressform.parsing.scores import ScoreMaps, Window

__all__ = ["class_map", "class_sums", "one_person"]

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8]
Instances = npt.NDArray[np.uint16]
BAND = 8  # cells, rows of the network's maps worked on at once
SAMPLES = 4  # px of the network's input per sample of the score maps kept
MIN_SHOWN = 16  # px of the photo; less than this is nobody


def class_sums(logits: Floats, masks: Floats, content: Window) -> Floats:
    """Sums per class in the pixels of the network's input that the photo fills.

    Args:
        logits: (queries, classes + 1) float32.
        masks: (queries, rows, columns) float32 logits.
        content: (x0, y0, x1, y1) those pixels.

    Returns:
        (classes, y1 - y0, x1 - x0) float32, 0 or more; may exceed 1.
    """
    weight = np.ascontiguousarray(class_probabilities(logits).T)
    count, rows, columns = masks.shape
    x0, y0, x1, y1 = content
    out = np.empty((len(weight), y1 - y0, x1 - x0), np.float32)
    for first in range(y0 // CELL, -(-y1 // CELL), BAND):
        last = min(first + BAND, rows)
        a, b = max(first - 1, 0), min(last + 1, rows)  # a row to spare, so that no pixel sees where the piece ends
        large = np.empty((count, CELL * (b - a), CELL * columns), np.float32)
        for query in range(count):
            cv2.resize(masks[query, a:b], large.shape[:0:-1], large[query], interpolation=cv2.INTER_LINEAR)
        top, bottom = max(CELL * first, y0), min(CELL * last, y1)
        wanted = np.ascontiguousarray(large[:, top - CELL * a : bottom - CELL * a, x0:x1])
        sums = weight @ sigmoid(wanted).reshape(count, -1)
        out[:, top - y0 : bottom - y0] = sums.reshape(len(weight), bottom - top, x1 - x0)
    return out


def class_map(sums: Floats, photo: tuple[int, int]) -> Labels:
    """(H, W) uint8: the class with the highest sum at each pixel of a photo of (height, width)."""
    height, width = photo
    out = np.empty(photo, np.uint8)
    for strip in strips((0, 0, width, height), max(1, (1 << 20) // (len(sums) * width))):
        out[strip[1] : strip[3]] = resize(sums, photo, strip).argmax(0)
    return out


def one_person(
    sums: Floats, frame: Frame, classes: Sequence[str], *, refine: bool = True
) -> tuple[Labels, Instances, tuple[Observation, ...]]:
    """Label maps of the photo and the person, if there is one.

    Args:
        sums: From :func:`class_sums`.
        frame: How the network's input lies in the photo.
        classes: Names by class number, background first.
        refine: Whether small detached patches go.

    Returns:
        labels (H, W) uint8, instances (H, W) uint16, no or one observation.
    """
    if refine:
        sums = _without_islands(sums)
    parts = tuple(part_from_name(name) for name in classes)
    labels = np.array([int(part) for part in parts], np.uint8)[class_map(sums, frame.photo)]
    instances = np.asarray(labels > 0, np.uint16)
    x, y, w, h = cv2.boundingRect((labels > 0).view(np.uint8))
    if not w or np.count_nonzero(labels) < MIN_SHOWN:
        return np.zeros_like(labels), np.zeros_like(instances), ()
    box = (float(x), float(y), float(x + w), float(y + h))
    scores = _score_maps(sums, parts, frame)
    return labels, instances, (Observation(box, _sureness(sums), scores),)


def _without_islands(sums: Floats) -> Floats:
    """Small patches become what is around them; the sums' scale stays."""
    total = np.maximum(sums.sum(0, keepdims=True), np.float32(1e-6))
    return np.asarray(remove_islands(sums / total) * total, np.float32)


def _sureness(sums: Floats) -> float:
    """Mean share of the parts in the sums over the silhouette, 0..1."""
    foreground = 1 - sums[0] / np.maximum(sums.sum(0), np.float32(1e-6))
    silhouette = foreground[sums.argmax(0) > 0]
    return float(np.clip(silhouette.mean(), 0, 1)) if silhouette.size else 0.0


def _score_maps(sums: Floats, parts: Sequence[Part], frame: Frame) -> ScoreMaps:
    probability = sums / np.maximum(sums.sum(0, keepdims=True), np.float32(1e-6))
    kept = tuple(sorted(set(parts)))
    size = (max(1, sums.shape[2] // SAMPLES), max(1, sums.shape[1] // SAMPLES))
    rows = []
    for part in kept:  # two classes of LIP are dresses here
        field: Floats = probability[[k for k, each in enumerate(parts) if each is part]].sum(0)
        rows.append(cv2.resize(field, size, interpolation=cv2.INTER_AREA))
    values = np.round(np.clip(np.stack(rows), 0, 1) * 255).astype(np.uint8)
    seen = [k for k, row in enumerate(values) if k == 0 or row.max() > 25]
    height, width = frame.photo
    return ScoreMaps((0.0, 0.0, float(width), float(height)), tuple(kept[k] for k in seen), values[seen])
