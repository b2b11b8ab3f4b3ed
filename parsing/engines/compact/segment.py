"""Parts and keypoints of the people in given boxes: crops through the parts network, a few at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.compact.crops import PERSON_GROW, Crop, cut
from dressform.parsing.engines.compact.sessions import Network

__all__ = ["CROP_SIZE", "Segment", "segment_people"]

Floats = npt.NDArray[np.float32]
CROP_SIZE = (192, 256)
"""(width, height) of the parts network's input."""
BATCH = 4
JOINT_STRIDE = 4


@dataclass(frozen=True, eq=False)
class Segment:
    """What the parts network says of one crop.

    Attributes:
        crop: The crop.
        probability: (21, h, w) float32, at half the crop's resolution; sums to 1 over parts.
        keypoints: (17, 3) float32 COCO order, x, y in photo pixels, score 0..1.
    """

    crop: Crop
    probability: Floats
    keypoints: Floats


def segment_people(network: Network, image: npt.NDArray[np.uint8], boxes: Sequence[Floats]) -> list[Segment]:
    """Run the parts network on the people in ``boxes`` (4,) of (H, W, 3) uint8 RGB, in order."""
    crops = [cut(image, box, CROP_SIZE, grow=PERSON_GROW) for box in boxes]
    segments: list[Segment] = []
    start = 0
    while start < len(crops):
        count = BATCH if len(crops) - start >= BATCH else 1  # two fixed shapes, nothing padded
        batch = crops[start : start + count]
        probability, heat = network.run(np.stack([crop.image for crop in batch]))
        segments += [Segment(c, p, _joints(c, h)) for c, p, h in zip(batch, probability, heat, strict=True)]
        start += count
    return segments


def _joints(crop: Crop, heat: Floats) -> Floats:
    """Peaks of (17, h, w) heat maps, refined to a fraction of a cell by a parabola, in photo pixels."""
    count, height, width = heat.shape
    best = heat.reshape(count, -1).argmax(1)
    rows = np.arange(count)
    ys, xs = best // width, best % width
    peak = heat[rows, ys, xs]
    dx = _vertex(heat[rows, ys, np.maximum(xs - 1, 0)], peak, heat[rows, ys, np.minimum(xs + 1, width - 1)])
    dy = _vertex(heat[rows, np.maximum(ys - 1, 0), xs], peak, heat[rows, np.minimum(ys + 1, height - 1), xs])
    cells = np.stack([xs + 0.5 + dx, ys + 0.5 + dy], 1).astype(np.float32)
    return np.c_[crop.to_photo(cells * JOINT_STRIDE), peak].astype(np.float32)


def _vertex(before: Floats, peak: Floats, after: Floats) -> Floats:
    """Offset of the top of the parabola through the logarithms of three neighbours, within half a cell."""
    a, b, c = (np.log(np.maximum(v, 1e-6)) for v in (before, peak, after))
    bend = 2 * b - a - c
    offset = np.where(bend > 1e-6, (c - a) / np.maximum(2 * bend, 1e-6), 0)
    return np.asarray(np.clip(offset, -0.5, 0.5), np.float32)
