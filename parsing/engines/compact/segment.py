"""Parts and keypoints of the person in a given box: crops through the parts network."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.compact.crops import PERSON_GROW, Crop, best_size, cut, head_channel
from dressform.parsing.engines.compact.joints import find_joints
from dressform.parsing.engines.compact.sessions import Network, open_network
from dressform.parsing.landmarks import MIRROR_KEYPOINTS
from dressform.parsing.parts import MIRROR

__all__ = ["CROP_SIZES", "Segment", "glance", "look_mirrored", "second_opinion"]

Floats = npt.NDArray[np.float32]
CROP_SIZES = ((224, 576), (320, 512), (384, 384))
"""(width, height) of the parts network's inputs, of about the same area: standing, seated, cut at the chest."""


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
        return find_joints(open_network("joints"), self.crop, self.heat)


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
    probability, heat = look_mirrored(network, _input(segment.crop, segment.head))
    return replace(
        segment,
        probability=(segment.probability + probability) * np.float32(0.5),
        heat=(segment.heat + heat) * np.float32(0.5),
    )


def look_mirrored(network: Network, picture: npt.NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """What the parts network says of the mirror image of a (h, w, 4) picture, mirrored back.

    Returns:
        (21, h / 2, w / 2) probability and (17, h / 4, w / 4) heat maps, left and right as in the picture.
    """
    probability, heat = network.run(picture[None, :, ::-1])
    return probability[0, list(MIRROR), :, ::-1], heat[0, list(MIRROR_KEYPOINTS), :, ::-1]


def _input(crop: Crop, head: Floats | None) -> npt.NDArray[np.uint8]:
    """(h, w, 4) what the network sees of a crop: RGB and the mark of the head."""
    size = (crop.image.shape[1], crop.image.shape[0])
    return np.dstack([crop.image, head_channel(size, None if head is None else crop.to_crop(head[None])[0])])
