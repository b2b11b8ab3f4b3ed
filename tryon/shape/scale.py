"""How many pixels of the photo a centimetre of cloth measures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dressform.parsing import Part, Person
from dressform.tryon.shape.regions import GarmentRegion
from dressform.tryon.shape.skeleton import find_joints

__all__ = ["ClothScale", "measure_scale"]

SHOULDERS_CM = 40.0
"""Assumed distance between the shoulder joints of an adult."""
_TORSO_CM = 52.0  # from the middle of the shoulder joints to that of the hip joints
_HEAD_CM = 23.0  # chin to crown
_EYES_CM = 6.3  # between the pupils
_TURNED = 0.72  # of the width that the torso's length lets expect: less is a body turned aside


@dataclass(frozen=True)
class ClothScale:
    """Scale of the cloth of one person.

    Attributes:
        pixels_per_cm: Above 0.
        source: What it was measured by: "shoulders", "torso", "head", "eyes" or "garment".
    """

    pixels_per_cm: float
    source: str

    @property
    def shoulder(self) -> float:
        """Distance between the shoulder joints as it would be from the front, in pixels."""
        return SHOULDERS_CM * self.pixels_per_cm


def measure_scale(person: Person, region: GarmentRegion) -> ClothScale:
    """Pixels per centimetre of cloth, for an adult of usual build at the distance of the garment.

    By the distance of the shoulder joints; by the length of the torso where the body is turned so that its shoulders
    appear close together; by the head where shoulders are not seen; else by the width of the garment.
    """
    joints = find_joints(person)
    if joints is not None:
        by_width, by_length = joints.shoulder_width / SHOULDERS_CM, joints.torso_length / _TORSO_CM
        if by_width > 0 and by_width >= _TURNED * by_length:
            return ClothScale(by_width, "shoulders")
        if by_length > 0:
            return ClothScale(by_length, "torso")
    head = _head(person)
    if head is not None:
        return head
    rows, columns = region.mask.any(1), region.mask.any(0)
    side = {"hat": 22.0, "shoes": 26.0, "socks": 20.0}.get(region.name, 48.0)
    extent = columns.sum() if region.name not in ("shoes", "socks") else max(rows.sum(), columns.sum())
    return ClothScale(max(float(extent) / side, 0.05), "garment")


def _head(person: Person) -> ClothScale | None:
    """By the height of the head, or by the distance of the eyes where the head is cut off."""
    if person.extent is None:
        return None
    rows = np.flatnonzero(person.own(person.extent, (Part.FACE, Part.HAIR, Part.SUNGLASSES)).any(1))
    skin = np.flatnonzero(person.own(person.extent, Part.FACE).any(1))
    if len(skin) > 8:
        # Hair may hang far below the chin, and a hat hide the crown: never more than faces allow.
        height = min(float(skin[-1] - rows[0] + 1), 1.45 * float(skin[-1] - skin[0] + 1))
        return ClothScale(height / _HEAD_CM, "head")
    if person.face is not None:
        apart = float(np.linalg.norm(person.face[68] - person.face[69]))
        if apart > 2:
            return ClothScale(apart / _EYES_CM, "eyes")
    return None
