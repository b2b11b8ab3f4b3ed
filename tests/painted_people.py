"""People painted with known parts, colours and points, to test measures on: a perfect photo, perfectly parsed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt
from painted import landmarks

from dressform.avatar.scene import Color
from dressform.parsing import Parse, Part
from dressform.parsing.result import Observation

__all__ = ["Painted", "paint_people"]

Labels = npt.NDArray[np.uint8]
Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
_ARMS = {5: (0.7, 0.6), 6: (-0.7, 0.6), 7: (0.75, 1.4), 8: (-0.75, 1.4), 9: (0.75, 2.2), 10: (-0.75, 2.2)}
"""Shoulders, elbows and wrists of COCO's points, in heads from the chin."""


@dataclass(frozen=True)
class Painted:
    """How somebody looks.

    Attributes:
        hair, shirt: Colours.
        skin, trousers, cap: Likewise.
        hat: Whether a hat is worn.
        face: Whether the face is seen, or the back of the head.
        long: Whether the hair hangs over the shoulders.
    """

    hair: Color = (70, 44, 30)
    shirt: Color = (40, 90, 170)
    skin: Color = (214, 160, 128)
    trousers: Color = (60, 62, 70)
    cap: Color = (180, 40, 40)
    hat: bool = False
    face: bool = True
    long: bool = False


_EYES = (44, 30, 24)


def paint_people(people: Sequence[Painted], size: float = 80.0) -> Parse:
    """A photo of people beside one another, with its parse.

    Args:
        people: From left to right.
        size: Pixels to a head.
    """
    height, width = int(7.2 * size), int(2.6 * size * len(people))
    image = np.full((height, width, 3), (150, 170, 150), np.uint8)
    labels, instances = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint16)
    seen = []
    for k, each in enumerate(people):
        own = np.zeros_like(labels)
        seen.append(_paint(each, own, image, np.array([(2.6 * k + 1.3) * size, 1.7 * size]), size))
        labels[own > 0], instances[own > 0] = own[own > 0], k + 1
    return Parse(labels, instances, tuple(seen), image, engine="painted")


def _paint(each: Painted, labels: Labels, image: Pixels, chin: Floats, size: float) -> Observation:
    def area(part: Part, color: Color, *corners: tuple[float, float]) -> None:
        spot = np.zeros(labels.shape, np.uint8)
        cv2.fillPoly(spot, [np.round(np.array(corners) * size + chin).astype(np.int32)], 1)
        labels[spot > 0], image[spot > 0] = part, color

    def oval(part: Part, color: Color, y: float, rx: float, ry: float) -> None:
        angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        area(part, color, *zip(rx * np.cos(angles), y + ry * np.sin(angles), strict=True))

    if each.long:
        area(Part.HAIR, each.hair, (-0.5, -0.7), (0.5, -0.7), (0.6, 0.7), (-0.6, 0.7))
    area(Part.TORSO_SKIN, each.skin, (-0.2, -0.2), (0.2, -0.2), (0.24, 0.4), (-0.24, 0.4))
    area(
        Part.UPPER_CLOTHES, each.shirt, (-0.25, 0.2), (0.25, 0.2), (0.9, 0.45), (0.9, 2.6), (-0.9, 2.6), (-0.9, 0.45)
    )  # fmt: skip
    area(Part.PANTS, each.trousers, (-0.7, 2.6), (0.7, 2.6), (0.6, 5.2), (-0.6, 5.2))
    if each.long:
        for side in (-1, 1):
            area(
                Part.HAIR, each.hair, *((side * x, y) for x, y in ((0.2, -0.5), (0.5, -0.5), (0.55, 0.7), (0.25, 0.7)))
            )
    oval(Part.HAIR, each.hair, -0.62, 0.47, 0.5)
    if each.face:
        oval(Part.FACE, each.skin, -0.42, 0.36, 0.42)
        for side in (-1, 1):  # a face without eyes would be taken for the back of a head
            spot = np.round(np.array([side * 0.15, -0.5]) * size + chin).astype(int)
            cv2.circle(image, (int(spot[0]), int(spot[1])), max(int(0.035 * size), 1), _EYES, -1)
    if each.hat:
        area(Part.HAT, each.cap, (-0.5, -0.75), (0.5, -0.75), (0.4, -1.3), (-0.4, -1.3))
    ys, xs = np.nonzero(labels)
    joints = np.zeros((17, 3), np.float32)
    for k, place in _ARMS.items():
        joints[k] = (*(np.array(place) * size + chin), 0.9)
    box = (float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1))
    return Observation(
        box, 0.9, keypoints=joints, face=landmarks(float(chin[0]), float(chin[1]), size) if each.face else None
    )
