"""People of a photo: peaks of the people network, one per head, each with the box seen from there."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.compact.crops import cut
from dressform.parsing.engines.compact.sessions import Network

__all__ = ["Detection", "detect_people", "input_size", "overlap"]

STRIDE = 4
INPUT_SIZES = ((640, 384), (640, 512), (512, 640), (384, 640))
"""(width, height) of the network's input; a photo takes the one it fills best."""
MIN_SCORE = 0.3
MAX_PEOPLE = 100
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


def input_size(width: int, height: int) -> tuple[int, int]:
    """The network input that shows a photo of this size largest, and of those the smallest."""
    return max(INPUT_SIZES, key=lambda s: (round(min(s[0] / width, s[1] / height), 4), -s[0] * s[1]))


def detect_people(network: Network, image: npt.NDArray[np.uint8]) -> list[Detection]:
    """Find everybody in (H, W, 3) uint8 RGB, strongest first.

    Peaks as in CenterNet (Zhou et al., "Objects as points", 2019): cells that are the maximum of
    their 3 × 3 neighbourhood. Two peaks with much the same box and head are one person.
    """
    height, width = image.shape[:2]
    size = input_size(width, height)
    frame = np.array([0, 0, width, height], np.float32)
    crop = cut(image, frame, size, grow=1.0)
    scores, box = (output[0] for output in network.run(crop.image[None])[:2])
    around = cv2.dilate(scores, np.ones((3, 3), np.uint8))
    ys, xs = np.nonzero((scores >= around) & (scores >= MIN_SCORE))
    order = np.argsort(-scores[ys, xs], kind="stable")[: 4 * MAX_PEOPLE]
    found: list[Detection] = []
    for y, x in zip(ys[order], xs[order], strict=True):
        cell = np.array([x + 0.5, y + 0.5], np.float32) * STRIDE
        reach = box[:, y, x]  # left, top, right, bottom
        point, low, high = crop.to_photo(np.stack([cell, cell - reach[:2], cell + reach[2:]]))
        bounds = np.clip(np.concatenate([low, high]), 0, frame[[2, 3, 2, 3]])
        if (bounds[2:] - bounds[:2] < MIN_SIDE).any():
            continue
        new = Detection(bounds, point, float(scores[y, x]))
        if not any(_same(new, other) for other in found):
            found.append(new)
        if len(found) == MAX_PEOPLE:
            break
    return found


def _same(a: Detection, b: Detection) -> bool:
    extent = np.minimum(a.box[2:] - a.box[:2], b.box[2:] - b.box[:2])
    near = float(np.linalg.norm(a.point - b.point)) < 0.3 * float(extent.min())
    return overlap(a.box, b.box) > (0.45 if near else 0.85)


def overlap(a: npt.NDArray[np.float32], b: npt.NDArray[np.float32]) -> float:
    """Intersection over union of two boxes."""
    extent = np.clip(np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2]), 0, None)
    both = float(extent.prod())
    return both / max(float((a[2:] - a[:2]).prod() + (b[2:] - b[:2]).prod()) - both, 1e-6)
