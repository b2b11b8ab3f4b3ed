"""Parts and keypoints of the person in a given box: crops through the parts network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.compact.crops import PERSON_GROW, Crop, best_size, cut, head_channel
from dressform.parsing.engines.compact.sessions import Network
from dressform.parsing.landmarks import MIRROR_KEYPOINTS
from dressform.parsing.parts import MIRROR

__all__ = ["CROP_SIZES", "Segment", "glance", "second_opinion"]

Floats = npt.NDArray[np.float32]
CROP_SIZES = ((224, 576), (320, 512), (384, 384))
"""(width, height) of the parts network's inputs, of about the same area: standing, seated, cut at the chest."""
JOINT_STRIDE = 4
JOINT_BLUR = 4.0
"""Standard deviation, in cells, of the blur after which a joint's peak is looked for: of a map with several peaks
the broadest is right more often than the highest (as in Zhang et al., "Distribution-aware coordinate representation
for human pose estimation", CVPR 2020)."""


@dataclass(frozen=True, eq=False)
class Segment:
    """What the parts network says of one crop.

    Attributes:
        crop: The crop.
        head: (2,) where the person's head is said to be, photo pixels, or None.
        probability: (21, h, w) float32, at half the crop's resolution; sums to 1 over parts.
        heat: (17, h, w) float32, at a quarter of the crop's resolution: where each joint is, 0..1.
    """

    crop: Crop
    head: Floats | None
    probability: Floats
    heat: Floats

    @cached_property
    def keypoints(self) -> Floats:
        """(17, 3) float32 COCO order, x, y in photo pixels, score 0..1."""
        return _joints(self.crop, self.heat)


def glance(network: Network, image: npt.NDArray[np.uint8], box: Floats, head: Floats | None) -> Segment:
    """Run the parts network on one person, once.

    Args:
        network: The parts network.
        image: (H, W, 3) uint8 RGB.
        box: (4,) x0 y0 x1 y1, photo pixels.
        head: (2,) about where their head is, or the top of what is seen of them; None if unknown.
    """
    crop = cut(image, box, best_size(box, CROP_SIZES), grow=PERSON_GROW)
    probability, heat = network.run(_input(crop, head)[None])
    return Segment(crop, head, probability[0], heat[0])


def second_opinion(network: Network, segment: Segment) -> Segment:
    """Average with what the network says of the mirrored crop: seen twice, a person is judged more evenly."""
    probability, heat = network.run(_input(segment.crop, segment.head)[None, :, ::-1])
    return replace(
        segment,
        probability=(segment.probability + probability[0, list(MIRROR), :, ::-1]) * np.float32(0.5),
        heat=(segment.heat + heat[0, list(MIRROR_KEYPOINTS), :, ::-1]) * np.float32(0.5),
    )


def _input(crop: Crop, head: Floats | None) -> npt.NDArray[np.uint8]:
    """(h, w, 4) what the network sees of a crop: RGB and the mark of the head."""
    size = (crop.image.shape[1], crop.image.shape[0])
    return np.dstack([crop.image, head_channel(size, None if head is None else crop.to_crop(head[None])[0])])


def _joints(crop: Crop, heat: Floats) -> Floats:
    """(17, 3) peaks of (17, h, w) heat maps: photo pixels, to a fraction of a cell by a parabola, and highest value."""
    count, height, width = heat.shape
    smooth = np.stack([_blur(one) for one in heat])
    best = smooth.reshape(count, -1).argmax(1)
    rows = np.arange(count)
    ys, xs = best // width, best % width
    peak = smooth[rows, ys, xs]
    dx = _vertex(smooth[rows, ys, np.maximum(xs - 1, 0)], peak, smooth[rows, ys, np.minimum(xs + 1, width - 1)])
    dy = _vertex(smooth[rows, np.maximum(ys - 1, 0), xs], peak, smooth[rows, np.minimum(ys + 1, height - 1), xs])
    cells = np.stack([xs + 0.5 + dx, ys + 0.5 + dy], 1).astype(np.float32)
    return np.asarray(np.c_[crop.to_photo(cells * JOINT_STRIDE), heat.max((1, 2))], np.float32)


def _blur(field: Floats) -> Floats:
    """A heat map blurred as if nothing were beyond it: mirrored, what lies there would draw peaks to the frame."""
    field = np.ascontiguousarray(field)
    return np.asarray(cv2.GaussianBlur(field, (0, 0), JOINT_BLUR, borderType=cv2.BORDER_CONSTANT), np.float32)


def _vertex(before: Floats, peak: Floats, after: Floats) -> Floats:
    """Offset of the top of the parabola through the logarithms of three neighbours, within half a cell."""
    a, b, c = (np.log(np.maximum(v, 1e-6)) for v in (before, peak, after))
    bend = 2 * b - a - c
    offset = np.where(bend > 1e-6, (c - a) / np.maximum(2 * bend, 1e-6), 0)
    return np.asarray(np.clip(offset, -0.5, 0.5), np.float32)
