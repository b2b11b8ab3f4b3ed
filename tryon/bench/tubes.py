"""Bent tubes of cloth whose coordinates are known in closed form."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

__all__ = ["LENGTH", "RADIUS", "SIZE", "Tube", "draw_tube", "misplaced"]

Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

SIZE = 640
"""Side of the picture in pixels."""
RADIUS, LENGTH = 60.0, 420.0
"""Half width and length of a tube in pixels."""


@dataclass(frozen=True)
class Tube:
    """A tube of cloth seen from the side.

    Attributes:
        mask: (h, w) bool.
        uv: (h, w, 2) float64 true coordinates in pixels of cloth: around the tube from its front, and along it.
        joints: (3, 2) x, y of both ends and the middle of its centre line, with noise.
    """

    mask: Mask
    uv: Doubles
    joints: Doubles


def draw_tube(
    bend: float, taper: float = 0.0, *, elbow: bool = False, turn: float = 0.0, seed: int = 0, noise: float = 4.0,
    shrink: float = 1.0,
) -> Tube:  # fmt: skip
    """A straight piece, an arc, a straight piece; without ``elbow`` the arc is all of it.

    Args:
        bend: Degrees of the arc.
        taper: Share of its half width that the tube loses from its first to its last end.
        elbow: Whether the bend is short.
        turn: Degrees by which the whole is turned in the picture.
        seed: Of the noise.
        noise: Standard deviation of the joints' error, in pixels of an unshrunk picture.
        shrink: Size of the picture and of everything in it.
    """
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


def misplaced(truth: Doubles, found: npt.ArrayLike) -> tuple[Doubles, float]:
    """(n,) distances between coordinates (n, 2) after the best turn, shift and scale, and that scale."""
    a, b = (np.asarray(v, np.float64) @ np.array([1, 1j]) for v in (truth, found))
    a, b = a - a.mean(), b - b.mean()
    factor = (np.conj(b) * a).sum() / (np.abs(b) ** 2).sum()
    return np.abs(a - factor * b), float(np.abs(factor))
