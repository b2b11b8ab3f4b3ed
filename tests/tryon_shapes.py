"""Synthetic truth for the try-on: bent tubes with known coordinates, and dressed people made of simple shapes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import Parse, Part, Person
from dressform.parsing.result import Observation

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SIZE = 640
RADIUS, LENGTH = 60.0, 420.0


@dataclass(frozen=True)
class Tube:
    """A tube of cloth seen from the side: (h, w) mask, (h, w, 2) true coordinates, (3, 2) joints with noise."""

    mask: Mask
    uv: Floats
    joints: Floats


def tube(
    bend: float, taper: float = 0.0, *, elbow: bool = False, turn: float = 0.0, seed: int = 0, noise: float = 4.0,
    shrink: float = 1.0,
) -> Tube:  # fmt: skip
    """Straight, arc, straight; without ``elbow`` the arc is all of it. Coordinates in closed form."""
    angle = np.radians(max(bend, 1e-3))
    radius, length, size = RADIUS * shrink, LENGTH * shrink, round(SIZE * shrink)
    arc = min(length, max(150.0 * shrink, angle * 1.6 * radius)) if elbow else length
    bow, straight = arc / angle, (length - arc) / 2
    y, x = np.mgrid[0:size, 0:size] + 0.5
    c, s = np.cos(np.radians(turn)), np.sin(np.radians(turn))
    rise = bow * (1 - np.cos(angle / 2)) / 2
    dx, dy = x - size / 2 - rise * c, y - size / 2 - rise * s
    px, py = c * dx + s * dy, -s * dx + c * dy  # the middle of the arc at 0, its centre at (-bow, 0)
    around = np.arctan2(py, px + bow)
    along, beside = bow * around, np.hypot(px + bow, py) - bow
    for sign in (1, -1):
        ex, ey = -bow + bow * np.cos(angle / 2), sign * bow * np.sin(angle / 2)
        tx, ty = -sign * np.sin(angle / 2), np.cos(angle / 2)
        t = (px - ex) * tx + (py - ey) * ty
        beyond = (sign * t > 0) & (sign * around > 0)
        along = np.where(beyond, sign * arc / 2 + t, along)
        beside = np.where(beyond, (px - ex) * ty - (py - ey) * tx, beside)
    along = along + arc / 2 + straight
    half = radius * (1 - taper * along / length)
    mask = (along > 0) & (along < length) & (np.abs(beside) < half)
    u = half * np.arcsin(np.clip(beside / np.maximum(half, 1e-9), -1, 1))
    joints = []
    for at in (0, length / 2, length):
        k = int(np.argmin(np.where(mask, (along - at) ** 2 + beside**2, np.inf)))
        joints.append((k % size + 0.5, k // size + 0.5))
    shaken = np.array(joints) + np.random.default_rng(seed).normal(0, noise * shrink, (3, 2))
    return Tube(mask, np.stack([u, along], -1), shaken)


def misplaced(truth: Floats, found: npt.ArrayLike) -> tuple[Floats, float]:
    """(n,) distances between coordinates (n, 2) after the best turn, shift and scale, and that scale."""
    a, b = (np.asarray(v, np.float64) @ np.array([1, 1j]) for v in (truth, found))
    a, b = a - a.mean(), b - b.mean()
    factor = (np.conj(b) * a).sum() / (np.abs(b) ** 2).sum()
    return np.abs(a - factor * b), float(np.abs(factor))


COLORS: Mapping[Part, tuple[int, int, int]] = {
    Part.UPPER_CLOTHES: (60, 90, 170),
    Part.COAT: (40, 110, 60),
    Part.DRESS: (180, 60, 90),
    Part.SKIRT: (120, 60, 150),
    Part.PANTS: (70, 70, 90),
    Part.HAIR: (50, 30, 20),
}
SKIN = (214, 160, 128)


class Figure:
    """Somebody drawn part by part, 320 x 520, the shoulders 90 px apart; later parts lie over earlier ones."""

    def __init__(self, *, raised: float = 12.0, height: int = 520, width: int = 320, bend: float = 0.0) -> None:
        self.labels = np.zeros((height, width), np.uint8)
        self.image = np.full((height, width, 3), 200, np.uint8)
        self.joints = np.zeros((17, 3), np.float32)
        x = width / 2
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

    def point(self, joint: int) -> tuple[float, float]:
        return float(self.joints[joint, 0]), float(self.joints[joint, 1])

    def polygon(
        self, points: list[tuple[float, float]], part: Part, color: tuple[int, int, int] | None = None
    ) -> Figure:
        ring = [np.round(np.array(points)).astype(np.int32)]
        cv2.fillPoly(self.labels, ring, int(part))
        cv2.fillPoly(self.image, ring, color or COLORS.get(part, SKIN))
        return self

    def oval(self, at: tuple[float, float], radii: tuple[float, float], part: Part) -> Figure:
        angles = np.linspace(0, 2 * np.pi, 60, endpoint=False)
        ring = [(at[0] + radii[0] * np.cos(a), at[1] + radii[1] * np.sin(a)) for a in angles]
        return self.polygon(ring, part)

    def limb(
        self, joints: tuple[int, ...], half: float, part: Part, color: tuple[int, int, int] | None = None, *,
        share: float = 1.0,
    ) -> Figure:  # fmt: skip
        """A tube of constant width along joints, the last bone drawn up to a share of it."""
        chain = self.joints[list(joints), :2].astype(np.float64)
        chain[-1] = chain[-2] + share * (chain[-1] - chain[-2])
        line = [np.round(chain * 16 - 8).astype(np.int32)]
        for canvas, value in ((self.labels, int(part)), (self.image, color or COLORS.get(part, SKIN))):
            cv2.polylines(canvas, line, False, value, round(2 * half), shift=4)
        return self

    def torso(self, part: Part, *, hem: float = 250.0, flare: float = 0.0) -> Figure:
        x = self.labels.shape[1] / 2
        low = 44 + flare
        body = [(x - 50, 104), (x + 50, 104), (x + 46, 170), (x + 42, 215), (x + low, hem)]
        return self.polygon([*body, (x - low, hem), (x - 42, 215), (x - 46, 170)], part)

    def shirt(self, part: Part = Part.UPPER_CLOTHES, *, hem: float = 250.0) -> Figure:
        """With long sleeves."""
        self.torso(part, hem=hem)
        for k in (0, 1):
            self.limb((5 + k, 7 + k, 9 + k), 16, part)
        return self

    def trousers(self) -> Figure:
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
