"""Parts and keypoints of the people in given boxes: crops through the parts network, a few at a time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.compact.crops import PERSON_GROW, Crop, cut, head_channel
from dressform.parsing.engines.compact.sessions import Network
from dressform.parsing.landmarks import MIRROR_KEYPOINTS
from dressform.parsing.parts import MIRROR

__all__ = ["CROP_SIZE", "Segment", "segment_people"]

Floats = npt.NDArray[np.float32]
CROP_SIZE = (192, 256)
"""(width, height) of the parts network's input."""
BATCH = 2
"""People whose crops go through the network together, each as it is and mirrored."""
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


def segment_people(
    network: Network, image: npt.NDArray[np.uint8], boxes: Sequence[Floats], heads: Sequence[Floats | None]
) -> list[Segment]:
    """Run the parts network on people, in order.

    Args:
        network: The parts network.
        image: (H, W, 3) uint8 RGB.
        boxes: (4,) x0 y0 x1 y1 of each person, photo pixels.
        heads: (2,) about where each person's head is, or the top of what is seen of them; None if unknown.
    """
    crops = [cut(image, box, CROP_SIZE, grow=PERSON_GROW) for box in boxes]
    marks = [
        head_channel(CROP_SIZE, None if head is None else crop.to_crop(head[None])[0])
        for crop, head in zip(crops, heads, strict=True)
    ]
    segments: list[Segment] = []
    start = 0
    while start < len(crops):
        count = BATCH if len(crops) - start >= BATCH else 1  # two fixed shapes, nothing padded
        batch = slice(start, start + count)
        inputs = [np.dstack([c.image, mark]) for c, mark in zip(crops[batch], marks[batch], strict=True)]
        probability, heat = network.run(np.stack(inputs + [x[:, ::-1] for x in inputs]))
        for k, crop in enumerate(crops[batch]):
            # Seen twice, once mirrored, a person is judged more evenly.
            part = (probability[k] + probability[count + k][list(MIRROR), :, ::-1]) * np.float32(0.5)
            joint = (heat[k] + heat[count + k][list(MIRROR_KEYPOINTS), :, ::-1]) * np.float32(0.5)
            segments.append(Segment(crop, part, _joints(crop, joint)))
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
    return np.asarray(np.c_[crop.to_photo(cells * JOINT_STRIDE), peak], np.float32)


def _vertex(before: Floats, peak: Floats, after: Floats) -> Floats:
    """Offset of the top of the parabola through the logarithms of three neighbours, within half a cell."""
    a, b, c = (np.log(np.maximum(v, 1e-6)) for v in (before, peak, after))
    bend = 2 * b - a - c
    offset = np.where(bend > 1e-6, (c - a) / np.maximum(2 * bend, 1e-6), 0)
    return np.asarray(np.clip(offset, -0.5, 0.5), np.float32)
