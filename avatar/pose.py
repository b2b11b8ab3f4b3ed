"""Where the head of an avatar is and how it is turned: what everything worn on a head is placed by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["HeadPose", "Point"]

Point = tuple[float, float]
"""x to the right, y down."""


@dataclass(frozen=True)
class HeadPose:
    """A head, in heads (see :mod:`dressform.avatar.spec`; y down, the chin at 0, 0).

    Attributes:
        eyes: The middle between both eyes.
        apart: Distance between the eyes' centres.
        tilt: Degrees clockwise as seen.
        yaw: -1..1, the way the nose points; negative to the left of the picture.
        half_width: From the middle of the face to its side, at the eyes' height.
        crown: From the eyes up to the top of the skull.
        hair_top: From the eyes up to the top of the hair or the hat.
        ears: Middles of the right and the left ear.
        mouth: Middle of the mouth.
        chin: Lowest point of the face.
    """

    eyes: Point
    apart: float
    tilt: float
    yaw: float
    half_width: float
    crown: float
    hair_top: float
    ears: tuple[Point, Point]
    mouth: Point
    chin: Point

    def matrix(self, origin: Point, unit: float = 1.0, unit_y: float | None = None) -> npt.NDArray[np.float64]:
        """(2, 3) map from upright coordinates around 0, 0, in ``unit`` heads, to the tilted head at ``origin``."""
        angle = np.radians(self.tilt)
        cos, sin = float(np.cos(angle)), float(np.sin(angle))
        uy = unit if unit_y is None else unit_y
        return np.array([[cos * unit, -sin * uy, origin[0]], [sin * unit, cos * uy, origin[1]]])

    def at(self, x: float, y: float) -> Point:
        """The point ``x`` to the right and ``y`` below the eyes' middle, along the head's own axes."""
        q = self.matrix(self.eyes) @ np.array([x, y, 1.0])
        return float(q[0]), float(q[1])
