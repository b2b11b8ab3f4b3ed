"""Dressed people made of simple shapes, whose joints, sleeves and trousers are known."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import Parse, Part, Person
from dressform.parsing.result import Observation

__all__ = ["COLORS", "Figure"]

Color = tuple[int, int, int]

COLORS: Mapping[Part, Color] = MappingProxyType(
    {
        Part.UPPER_CLOTHES: (60, 90, 170),
        Part.COAT: (40, 110, 60),
        Part.DRESS: (180, 60, 90),
        Part.SKIRT: (120, 60, 150),
        Part.PANTS: (70, 70, 90),
        Part.HAIR: (50, 30, 20),
    }
)
"""sRGB 0..255 of what they wear."""
_SKIN = (214, 160, 128)


class Figure:
    """Somebody drawn part by part, 320 x 520, the shoulders 90 px apart; later parts lie over earlier ones."""

    def __init__(self, *, raised: float = 12.0, bend: float = 0.0) -> None:
        """Head and neck; arms raised by so many degrees beside the body, and bent by so many at the elbow."""
        self.labels = np.zeros((520, 320), np.uint8)
        self.image = np.full((520, 320, 3), 200, np.uint8)
        self.joints = np.zeros((17, 3), np.float32)
        x = self.labels.shape[1] / 2
        self.joints[0] = (x, 60, 0.9)
        for side, k in ((1, 0), (-1, 1)):  # the subject's left is to the right
            shoulder = np.array([x + 45 * side, 120.0])
            way = np.radians(raised)
            elbow = shoulder + 72 * np.array([side * np.sin(way), np.cos(way)])
            way += np.radians(bend)
            wrist = elbow + 62 * np.array([side * np.sin(way), np.cos(way)])
            for joint, at in zip((5, 7, 9, 11, 13, 15), (shoulder, elbow, wrist), strict=False):
                self.joints[joint + k] = (*at, 0.9)
            for joint, at in ((11, (x + 26 * side, 240)), (13, (x + 30 * side, 345)), (15, (x + 32 * side, 445))):
                self.joints[joint + k] = (*at, 0.9)
        self.oval((x, 55), (24, 34), Part.FACE)
        self.polygon([(x - 12, 80), (x + 12, 80), (x + 14, 112), (x - 14, 112)], Part.TORSO_SKIN)

    def polygon(self, points: list[tuple[float, float]], part: Part, color: Color | None = None) -> Figure:
        """Filled, x, y in pixels."""
        ring = [np.round(np.array(points)).astype(np.int32)]
        cv2.fillPoly(self.labels, ring, int(part))
        cv2.fillPoly(self.image, ring, color or COLORS.get(part, _SKIN))
        return self

    def oval(self, at: tuple[float, float], radii: tuple[float, float], part: Part) -> Figure:
        """Filled, by its middle and both radii."""
        angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        ring = [(at[0] + radii[0] * np.cos(a), at[1] + radii[1] * np.sin(a)) for a in angles]
        return self.polygon(ring, part)

    def limb(
        self, joints: tuple[int, ...], half: float, part: Part, color: Color | None = None, *,
        share: float = 1.0,
    ) -> Figure:  # fmt: skip
        """A tube of constant width along joints, the last bone drawn up to a share of it."""
        chain = self.joints[list(joints), :2].astype(np.float64)
        chain[-1] = chain[-2] + share * (chain[-1] - chain[-2])
        line = [np.round(chain * 16 - 8).astype(np.int32)]
        for canvas, value in ((self.labels, int(part)), (self.image, color or COLORS.get(part, _SKIN))):
            cv2.polylines(canvas, line, False, value, round(2 * half), shift=4)
        return self

    def torso(self, part: Part, *, hem: float = 250.0, flare: float = 0.0) -> Figure:
        """The body of a shirt down to ``hem``, there wider by ``flare`` on both sides; of a dress if that is low."""
        x = self.labels.shape[1] / 2
        low = 44 + flare
        body = [(x - 50, 104), (x + 50, 104), (x + 46, 170), (x + 42, 215), (x + low, hem)]
        return self.polygon([*body, (x - low, hem), (x - 42, 215), (x - 46, 170)], part)

    def shirt(self, part: Part = Part.UPPER_CLOTHES, *, hem: float = 250.0) -> Figure:
        """Torso and long sleeves."""
        self.torso(part, hem=hem)
        for k in (0, 1):
            self.limb((5 + k, 7 + k, 9 + k), 16, part)
        return self

    def trousers(self) -> Figure:
        """Down to the ankles."""
        x = self.labels.shape[1] / 2
        self.polygon([(x - 44, 236), (x + 44, 236), (x + 48, 275), (x - 48, 275)], Part.PANTS)
        for k in (0, 1):
            self.limb((11 + k, 13 + k, 15 + k), 21, Part.PANTS)
        return self

    def person(self, *, keypoints: bool = True, instances: npt.NDArray[np.uint16] | None = None) -> Person:
        """The first person; the others, if ``instances`` says so, have boxes and nothing else."""
        who = (self.labels > 0).astype(np.uint16) if instances is None else instances
        seen = []
        for k in range(1, int(who.max(initial=1)) + 1):
            y, x = np.nonzero(who == k)
            box = (float(x.min()), float(y.min()), float(x.max() + 1), float(y.max() + 1)) if len(x) else (0, 0, 1, 1)
            seen.append(Observation(box, 0.9, None, self.joints if keypoints and k == 1 else None, None))
        return Parse(np.where(who > 0, self.labels, 0).astype(np.uint8), who, tuple(seen), self.image).people[0]
