"""People of a photo: peaks of the people network, one per head, each with the box seen from there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.compact.crops import Crop, cut
from dressform.parsing.engines.compact.sessions import Network

__all__ = ["Detection", "detect_people", "fuse", "input_sizes", "intersection", "overlap"]

Floats = npt.NDArray[np.float32]
STRIDE = 4
SHAPES = (((384, 256), (640, 384)), ((384, 320), (640, 512)), ((320, 384), (512, 640)), ((256, 384), (384, 640)))
"""(width, height) of the network's inputs, small and large; a photo takes the pair that it fills best."""
MIN_PEAK = 0.1  # in one view; what is left after fusion must reach MIN_SCORE
MIN_SCORE = 0.2
MIN_TILE_SCORE = 0.5  # one look alone must be surer than four together
MAX_PEOPLE = 100
TILE_BELOW = 0.3
"""Photos are also looked at in tiles where the large input shows them at less than this share of their size."""
TILE = 0.55
"""Side of a tile in the photo's sides."""
TILE_PERSON = 0.4
"""Only people smaller than this share of a tile are taken from it; larger ones are seen better in the whole."""
MIN_SIDE = 4.0  # px; nothing can be told of anybody smaller


@dataclass(frozen=True, eq=False)
class Detection:
    """A person that may be there.

    Attributes:
        box: (4,) float32 x0 y0 x1 y1 in photo pixels, clipped to the photo.
        point: (2,) float32, the head, or the top of what is visible.
        score: 0..1.
    """

    box: npt.NDArray[np.float32]
    point: npt.NDArray[np.float32]
    score: float


def input_sizes(width: int, height: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """The small and the large input that show a photo of this size largest, and of those the smallest."""

    def fit(pair: tuple[tuple[int, int], tuple[int, int]]) -> tuple[float, int]:
        (w, h), _ = pair
        return round(min(w / width, h / height), 4), -w * h

    return max(SHAPES, key=fit)


def detect_people(network: Network, image: npt.NDArray[np.uint8]) -> list[Detection]:
    """Find everybody in (H, W, 3) uint8 RGB, strongest first.

    The whole photo is looked at in two sizes, each also mirrored, and what the views say is fused. A photo much
    larger than the inputs is looked at in four overlapping tiles too, where people are found who are too small in
    the whole.
    """
    height, width = image.shape[:2]
    frame = np.array([0, 0, width, height], np.float32)
    views = [found for size in input_sizes(width, height) for found in _look(network, image, frame, size)]
    found = fuse(views)
    for tile in _tiles(frame):
        _, large = input_sizes(round(float(tile[2] - tile[0])), round(float(tile[3] - tile[1])))
        plain = _look(network, image, tile, large, mirror=False)
        found += [d for view in plain for d in view if d.score >= MIN_TILE_SCORE and _belongs(d, tile, frame)]
    kept: list[Detection] = []
    for new in sorted(found, key=lambda d: -d.score):
        if new.score >= MIN_SCORE and len(kept) < MAX_PEOPLE and not any(_same(new, other) for other in kept):
            kept.append(new)
    return kept


def fuse(views: Sequence[Sequence[Detection]]) -> list[Detection]:
    """One list from what several views of the same place show.

    Boxes and heads are means weighted by score (Solovyev, Wang, Gabruseva, "Weighted boxes fusion", 2021). A score
    is half the mean over all views, 0 where a view shows nobody, and half the strongest: in a tight group it happens
    that one view alone sees somebody, but then clearly.
    """
    groups: list[dict[int, Detection]] = []  # by view; a view's second detection of somebody says nothing new
    for k, new in sorted(((k, d) for k, view in enumerate(views) for d in view), key=lambda row: -row[1].score):
        seen = next((g for g in groups if _same(new, next(iter(g.values())))), None)
        if seen is None:
            groups.append({k: new})
        else:
            seen.setdefault(k, new)
    fused = []
    for group in (list(g.values()) for g in groups):
        weight = np.array([d.score for d in group], np.float32)
        box = np.average([d.box for d in group], axis=0, weights=weight).astype(np.float32)
        point = np.average([d.point for d in group], axis=0, weights=weight).astype(np.float32)
        fused.append(Detection(box, point, float(weight.sum() / len(views) + weight.max()) / 2))
    return sorted(fused, key=lambda d: -d.score)


def _tiles(frame: Floats) -> list[Floats]:
    """Four overlapping quarters of a photo that is much larger than what the network sees."""
    width, height = float(frame[2]), float(frame[3])
    _, size = input_sizes(round(width), round(height))
    if min(size[0] / width, size[1] / height) >= TILE_BELOW:
        return []
    w, h = TILE * width, TILE * height
    return [np.array([x, y, x + w, y + h], np.float32) for y in (0, height - h) for x in (0, width - w)]


def _belongs(d: Detection, tile: Floats, frame: Floats) -> bool:
    """Whether a tile may speak of this person: a small one who does not reach its inner borders."""
    extent = tile[2:] - tile[:2]
    inside = (d.box - tile) * np.array([1, 1, -1, -1], np.float32)  # less than 0: a crop shows more than its tile
    at_border = (tile != frame) & (inside < 0.03 * float(extent.min()))
    return bool((d.box[2:] - d.box[:2] < TILE_PERSON * extent).all() and not at_border.any())


def _look(
    network: Network, image: npt.NDArray[np.uint8], view: Floats, size: tuple[int, int], *, mirror: bool = True
) -> list[list[Detection]]:
    """People of one view (4,) of the photo, as it is and mirrored, at an input ``size`` (width, height)."""
    height, width = image.shape[:2]
    crop = cut(image, view, size, grow=1.0)
    inputs = [crop.image, crop.image[:, ::-1]] if mirror else [crop.image]
    scores, boxes = network.run(np.stack(inputs))[:2]
    limit = np.array([width, height, width, height], np.float32)
    found = [_peaks(crop, scores[0], boxes[0], limit)]
    if mirror:
        found.append(_peaks(crop, scores[1, :, ::-1], boxes[1, [2, 1, 0, 3], :, ::-1], limit))
    return found


def _peaks(crop: Crop, scores: Floats, box: Floats, limit: Floats) -> list[Detection]:
    """Cells (h, w) that are the maximum of their 3 × 3 neighbourhood (Zhou et al., "Objects as points", 2019).

    ``box`` (4, h, w) is left, top, right, bottom as seen from each cell's centre, in the crop's pixels.
    """
    scores = np.ascontiguousarray(scores)
    around = cv2.dilate(scores, np.ones((3, 3), np.uint8))
    ys, xs = np.nonzero((scores >= around) & (scores >= MIN_PEAK))
    order = np.argsort(-scores[ys, xs], kind="stable")[: 4 * MAX_PEOPLE]
    found: list[Detection] = []
    for y, x in zip(ys[order], xs[order], strict=True):
        cell = np.array([x + 0.5, y + 0.5], np.float32) * STRIDE
        reach = box[:, y, x]
        point, low, high = crop.to_photo(np.stack([cell, cell - reach[:2], cell + reach[2:]]))
        bounds = np.clip(np.concatenate([low, high]), 0, limit)
        if (bounds[2:] - bounds[:2] < MIN_SIDE).any():
            continue
        new = Detection(bounds, point, float(scores[y, x]))
        if not any(_same(new, other) for other in found):
            found.append(new)
        if len(found) == MAX_PEOPLE:
            break
    return found


def _same(a: Detection, b: Detection) -> bool:
    """Much the same box and head, or nearly the same box."""
    extent = np.minimum(a.box[2:] - a.box[:2], b.box[2:] - b.box[:2])
    near = float(np.linalg.norm(a.point - b.point)) < 0.25 * float(extent.min())
    return overlap(a.box, b.box) > (0.3 if near else 0.85)


def intersection(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """Area that two boxes share."""
    return float(np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None).prod())


def overlap(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """Intersection over union of two boxes."""
    both = intersection(a, b)
    return both / max(float((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod()) - both, 1e-6)
