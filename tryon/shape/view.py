"""A region as its panels are looked for: small, with the joints of who wears it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import Person
from dressform.parsing.windows import window_slices
from dressform.tryon.shape.axis import Axis
from dressform.tryon.shape.labels import reduced, small_labels
from dressform.tryon.shape.regions import GarmentRegion
from dressform.tryon.shape.skeleton import Joints, Waist, find_joints, find_waist

__all__ = ["View", "look"]

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_NODES = 64_000  # px of the picture on which shapes are looked at


@dataclass(frozen=True, eq=False)
class View:
    """A region on a small picture of (h, w) pixels.

    Attributes:
        mask: (h, w) bool, the garment.
        solid: (h, w) bool, everything that is no background.
        hidden: (h, w) bool, what is no garment and may lie in front of it.
        labels: (h, w) uint8, the person's own.
        joints: In pixels of the small picture, or None.
        waist: In pixels of the small picture, or None.
        photo: (h, w, 3) uint8 RGB, or None.
        scale: Pixels of the small picture per pixel of the window, in x and in y.
    """

    mask: Mask
    solid: Mask
    hidden: Mask
    labels: Bytes
    joints: Joints | None
    waist: Waist | None
    photo: Bytes | None
    scale: tuple[float, float]

    def large(self, axis: Axis) -> Axis:
        """An axis in pixels of the window."""
        x, y = self.scale
        points = axis.points / np.array([x, y], np.float32)
        return Axis(points.astype(np.float32), (axis.radius * np.float32(2 / (x + y))).astype(np.float32))

    def points(self, points: Floats) -> Floats:
        """Points (k, 2) in pixels of the window."""
        return np.asarray(points / np.array(self.scale, np.float32), np.float32)


def look(region: GarmentRegion, person: Person) -> View:
    """The region of a person on a picture of at most about 64 000 pixels."""
    height, width = region.mask.shape
    ratio = min(1.0, float(np.sqrt(_NODES / (height * width))))
    size = (max(round(width * ratio), 8), max(round(height * ratio), 8))
    scale = (size[0] / width, size[1] / height)
    x0, y0 = region.window[:2]
    joints = find_joints(person)
    waist = find_waist(person, joints)
    if joints is not None:
        moved = (joints.points - (x0, y0)) * np.array(scale, np.float32)
        joints = Joints(moved.astype(np.float32), joints.seen)
    if waist is not None:
        waist = Waist(((waist.at[0] - x0) * scale[0], (waist.at[1] - y0) * scale[1]), waist.down)
    image = person.parse.image
    photo = None
    if image is not None:
        photo = np.asarray(
            cv2.resize(image[window_slices(region.window)], size, interpolation=cv2.INTER_AREA), np.uint8
        )
    labels = small_labels(person, region.window, size)
    mask, stays = reduced(region.mask, size), reduced(region.protect, size)
    return View(mask, mask | stays, stays & ~mask, labels, joints, waist, photo, scale)
