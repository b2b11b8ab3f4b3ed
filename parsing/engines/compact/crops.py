"""Crops around people and faces: the same geometry at training and at run time.

Coordinates are edges: pixel k covers k to k + 1, so a box (0, 0, w, h) is a whole photo of w × h pixels.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeVar

import cv2
import numpy as np
import numpy.typing as npt

__all__ = [
    "FACE_GROW",
    "PAD",
    "PERSON_GROW",
    "Affine",
    "Crop",
    "best_size",
    "crop_affine",
    "cut",
    "face_square",
    "head_channel",
    "warp",
]

Image = npt.NDArray[np.uint8]
Affine = npt.NDArray[np.float64]
Box = tuple[float, float, float, float]
Pixel = TypeVar("Pixel", np.uint8, np.uint16)

PAD = (114, 114, 114)
"""What stands for "outside the photo" in a crop."""
PERSON_GROW = 1.16
"""A person's crop shows their box grown by this; training varies around it."""
FACE_GROW = 1.35
"""A face's crop shows the square around the landmarks grown by this; training varies around it."""


def crop_affine(
    box: npt.NDArray[np.float32], size: tuple[int, int], *, angle: float = 0.0, grow: float = 1.0, mirror: bool = False
) -> Affine:
    """(2, 3) map from photo pixels to a crop of ``size`` (width, height) that shows ``box`` grown and turned.

    ``angle`` is in degrees, counter-clockwise as seen in the crop; ``mirror`` swaps left and right after turning.
    """
    centre = (box[:2] + box[2:]) / 2
    width, height = np.maximum((box[2:] - box[:2]) * grow, 4)
    scale = min(size[0] / width, size[1] / height)
    turn = cv2.getRotationMatrix2D((float(centre[0]), float(centre[1])), angle, float(scale))
    matrix = np.array(turn, np.float64)
    matrix[:, 2] += np.array(size) / 2 - centre
    if mirror:
        matrix[0] = -matrix[0]
        matrix[0, 2] += size[0]
    return matrix


def best_size(box: npt.NDArray[np.float32], sizes: Sequence[tuple[int, int]]) -> tuple[int, int]:
    """Of some (width, height) of crops, the one in which ``box`` (4,) appears largest."""
    width, height = np.maximum(box[2:] - box[:2], 1)
    return max(sizes, key=lambda size: min(size[0] / width, size[1] / height))


def warp(
    image: npt.NDArray[Pixel], matrix: Affine, size: tuple[int, int], *, labels: bool = False
) -> npt.NDArray[Pixel]:
    """Warp by a map of edge coordinates; shrinks without aliasing, or takes the nearest pixel of ``labels``."""
    scale = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
    if scale < 0.6 and not labels:
        # At least a pixel remains of a photo that is all width.
        width, height = (max(round(side * max(scale, 0.02)), 1) for side in image.shape[1::-1])
        small = np.asarray(cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA), image.dtype)
        ratio = np.array([image.shape[1] / small.shape[1], image.shape[0] / small.shape[0]])
        image, matrix = small, np.c_[matrix[:, :2] * ratio, matrix[:, 2]]
    centred = matrix.copy()
    centred[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    flags = cv2.INTER_NEAREST if labels else cv2.INTER_LINEAR
    fill = 0 if labels else PAD
    out = cv2.warpAffine(image, centred, size, flags=flags, borderMode=cv2.BORDER_CONSTANT, borderValue=fill)
    return np.asarray(out, image.dtype)


def face_square(points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(4,) square x0 y0 x1 y1 around the bounds of face landmarks (n, 2)."""
    low, high = points.min(0), points.max(0)
    half = (high - low).max() / 2
    centre = (low + high) / 2
    return np.concatenate([centre - half, centre + half]).astype(np.float32)


@dataclass(frozen=True, eq=False)
class Crop:
    """A piece of a photo as a network sees it.

    Attributes:
        image: (h, w, 3) uint8 RGB.
        matrix: (2, 3) map from photo to crop coordinates.
    """

    image: Image
    matrix: Affine

    @property
    def box(self) -> Box:
        """The photo's pixels that an upright crop covers; may reach outside the photo."""
        low, high = self.to_photo(np.array([[0, 0], self.image.shape[1::-1]], np.float32))
        return float(low[0]), float(low[1]), float(high[0]), float(high[1])

    def to_crop(self, points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """(n, 2) photo coordinates as crop coordinates."""
        return np.asarray(points @ self.matrix[:, :2].T + self.matrix[:, 2], np.float32)

    def to_photo(self, points: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """(n, 2) crop coordinates as photo coordinates."""
        inverse = np.linalg.inv(self.matrix[:, :2])
        return np.asarray((points - self.matrix[:, 2]) @ inverse.T, np.float32)


def cut(image: Image, box: npt.NDArray[np.float32], size: tuple[int, int], *, grow: float, angle: float = 0.0) -> Crop:
    """Cut the crop of ``size`` (width, height) that shows ``box`` grown and turned."""
    matrix = crop_affine(box, size, angle=angle, grow=grow)
    # Only the part of a large photo that the crop shows is shrunk, not all of it.
    shown = Crop(np.empty((size[1], size[0], 0), np.uint8), matrix)
    corners = shown.to_photo(np.array([[0, 0], [size[0], 0], [0, size[1]], size], np.float32))
    left, top = np.clip(np.floor(corners.min(0)) - 2, 0, np.array(image.shape[1::-1]) - 1).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(0)) + 2, [left + 1, top + 1], image.shape[1::-1]).astype(int)
    local = matrix.copy()
    local[:, 2] += matrix[:, :2] @ [left, top]
    return Crop(warp(image[top:bottom, left:right], local, size), matrix)


def head_channel(size: tuple[int, int], head: npt.NDArray[np.float32] | None) -> Image:
    """(h, w) uint8 picture of where a crop's person has their head: a Gaussian of 255, or nothing where unknown.

    It tells the parts network whom a crop is about when people embrace: their boxes overlap, their heads don't.

    Args:
        size: (width, height) of the crop.
        head: (2,) x, y in crop coordinates.
    """
    width, height = size
    if head is None or not np.isfinite(head).all():
        return np.zeros((height, width), np.uint8)
    sigma = 0.05 * height
    across = np.exp(-((np.arange(width) + 0.5 - head[0]) ** 2) / (2 * sigma**2))
    down = np.exp(-((np.arange(height) + 0.5 - head[1]) ** 2) / (2 * sigma**2))
    return np.round(255 * np.outer(down, across)).astype(np.uint8)
