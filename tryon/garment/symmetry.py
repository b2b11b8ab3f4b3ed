"""The axis about which a garment is its own mirror image, near upright.

Reflection symmetry by voting over angles with one correlation per angle, as in Loy and Eklundh, "Detecting symmetry
and symmetric constellations of features", ECCV 2006, of areas in place of features.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Axis", "find_axis", "mirrored", "upright"]

Mask = npt.NDArray[np.bool_]
Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]

_SIDE = 96  # px of the longer side of what is compared
_TILT = 30  # degrees that a garment may lean either way
_PREFER = 0.0025  # of the likeness that a degree of lean has to bring


class Axis(NamedTuple):
    """A line x = ``x`` + (y - ``y``) · tan(-``tilt``) with its likeness.

    Attributes:
        x, y: A point of it, in pixels.
        tilt: Degrees from upright, positive when the top leans to the right of the picture.
        likeness: 0..1, overlap of the area with its mirror image over their union.
    """

    x: float
    y: float
    tilt: float
    likeness: float


def find_axis(mask: Mask) -> Axis:
    """The axis of a garment within 30° of upright.

    Args:
        mask: (h, w) bool, not empty.

    Half of the vote is that of the trunk, which is left when sleeves and straps are shaved off: sleeves lie anyhow.
    """
    y, x = np.nonzero(mask)
    center = float(x.mean()), float(y.mean())
    scale = _SIDE / max(np.ptp(x) + 1, np.ptp(y) + 1)
    size = int(1.5 * _SIDE)
    depth = cv2.distanceTransform(np.pad(mask, 1).astype(np.uint8), cv2.DIST_L2, 5)
    shave = max(1, round(0.6 * float(depth.max())))
    around = np.pad(mask, shave + 1).astype(np.uint8)
    ball = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * shave + 1, 2 * shave + 1))
    trunk = cv2.morphologyEx(around, cv2.MORPH_OPEN, ball)[shave + 1 : -shave - 1, shave + 1 : -shave - 1]
    shapes = [mask.astype(np.float32), trunk.astype(np.float32)]

    def vote(tilt: float) -> tuple[float, float]:
        """Likeness less the price of leaning, and the axis' place right of the middle, in small pixels."""
        turn = _turn(center, tilt, scale, size)
        total = np.zeros(2 * size - 1)
        for shape in shapes:
            small = np.asarray(cv2.warpAffine(shape, turn, (size, size), flags=cv2.INTER_AREA), np.float64)
            both = _self_overlap(small)
            total += both / np.maximum(2 * small.sum() - both, 1e-9)
        best = int(total.argmax())
        return float(total[best]) / 2 - _PREFER * abs(tilt), best / 2 - (size - 1) / 2

    tilts = np.arange(-_TILT, _TILT + 1, 3.0)
    rough = max(tilts, key=lambda tilt: (vote(float(tilt))[0], -abs(tilt)))
    fine = max(np.arange(rough - 2, rough + 2.1, 0.5), key=lambda tilt: (vote(float(tilt))[0], -abs(tilt)))
    tilt = float(fine)
    likeness, off = vote(tilt)
    angle = np.radians(tilt)
    x0, y0 = center[0] + off / scale * np.cos(angle), center[1] + off / scale * np.sin(angle)
    return Axis(float(x0), float(y0), tilt, float(np.clip(likeness + _PREFER * abs(tilt), 0, 1)))


def upright(axis: Axis) -> Doubles:
    """(2, 3) float64: takes pixels to places beside the axis (x = 0 on it, y = 0 at its point), upright."""
    c, s = np.cos(np.radians(axis.tilt)), np.sin(np.radians(axis.tilt))
    turn = np.array([[c, s], [-s, c]])
    return np.concatenate([turn, -(turn @ [axis.x, axis.y])[:, None]], axis=1)


def mirrored(mask: Mask, axis: Axis) -> Mask:
    """A mask's mirror image."""
    there = np.vstack([upright(axis), [0, 0, 1]])
    whole = np.linalg.inv(there) @ np.diag([-1.0, 1.0, 1.0]) @ there
    size = (mask.shape[1], mask.shape[0])
    return np.asarray(cv2.warpAffine(mask.astype(np.uint8), whole[:2], size, flags=cv2.INTER_NEAREST) > 0, np.bool_)


def _turn(center: tuple[float, float], tilt: float, scale: float, size: int) -> Doubles:
    move = upright(Axis(*center, tilt, 0.0)) * scale
    move[:, 2] += (size - 1) / 2
    return move


def _self_overlap(area: Doubles) -> Doubles:
    """(2 w - 1,) overlap of each row with its mirror image about column k / 2, summed over the rows."""
    width = area.shape[1]
    spectrum = np.fft.rfft(area, 2 * width, axis=1)
    return np.asarray(np.fft.irfft(np.square(spectrum), 2 * width, axis=1).sum(0)[: 2 * width - 1], np.float64)
