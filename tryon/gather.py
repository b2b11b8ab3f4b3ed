"""A few thousand pixels of a window and their neighbours: work that grows with a border's length, not with the area."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Nearest", "Pixels", "Planes", "disc_offsets", "distance", "dot", "grown", "planes", "sampled", "shrunk"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Ints = npt.NDArray[np.int64]
Planes = npt.NDArray[np.float32]
"""(3, n) colours: NumPy works several times as fast along a channel as across three."""
Offsets = tuple[tuple[int, int], ...]
"""Steps (dy, dx) in pixels."""


@dataclass(frozen=True, eq=False)
class Pixels:
    """Some pixels of a window.

    Attributes:
        where: (n,) int64, their places in the flattened window.
        shape: (h, w) of the window.
    """

    where: Ints
    shape: tuple[int, int]

    @staticmethod
    def of(mask: Mask) -> Pixels:
        """The pixels of an (h, w) mask, row by row."""
        return Pixels(np.flatnonzero(mask), (mask.shape[0], mask.shape[1]))

    def __len__(self) -> int:
        return len(self.where)

    def take(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """(n,) or (n, c): what (h, w) or (h, w, c) ``values`` hold at these pixels."""
        height, width = self.shape
        return np.take(values.reshape(height * width, *values.shape[2:]), self.where, axis=0)

    def put(self, into: npt.NDArray[Any], values: npt.NDArray[Any]) -> None:
        """Write (n,) or (n, c) ``values`` at these pixels of (h, w) or (h, w, c) ``into``, which is contiguous."""
        height, width = self.shape
        into.reshape(height * width, *into.shape[2:])[self.where] = values

    def aside(self, dy: int, dx: int) -> Ints:
        """(n,) int64: places of the pixels one step away; over the frame, the last row or column holds."""
        height, width = self.shape
        y, x, (top, bottom, left, right) = self._places
        if dy >= -top and dy <= bottom and dx >= -left and dx <= right:
            return self.where + (dy * width + dx)
        return np.clip(y + dy, 0, height - 1) * width + np.clip(x + dx, 0, width - 1)

    @cached_property
    def _places(self) -> tuple[Ints, Ints, tuple[int, int, int, int]]:
        """Rows, columns, and how far all of them are from the frame: above, below, to the left, to the right."""
        y, x = np.divmod(self.where, self.shape[1])
        if not len(y):
            return y, x, (0, 0, 0, 0)
        room = (y.min(), self.shape[0] - 1 - y.max(), x.min(), self.shape[1] - 1 - x.max())
        return y, x, (int(room[0]), int(room[1]), int(room[2]), int(room[3]))

    def neighbours(self, offsets: Offsets) -> Iterator[Ints]:
        """:meth:`aside` of every step in turn."""
        return (self.aside(dy, dx) for dy, dx in offsets)


def planes(colors: npt.NDArray[Any], where: Ints) -> Planes:
    """(3, n) float32: colours of (h, w, 3) at some places of the flattened window."""
    return np.asarray(np.take(colors.reshape(-1, 3), where, axis=0).T, np.float32, order="C")


def dot(a: Planes, b: Planes) -> Floats:
    """(n,) inner products of the colours of two (3, n) arrays."""
    out = a[0] * b[0]
    out += a[1] * b[1]
    out += a[2] * b[2]
    return np.asarray(out, np.float32)


def disc_offsets(radius: float, count: int, inner: float = 0.0) -> Offsets:
    """About ``count`` steps spread evenly over a disc (Vogel's sunflower), none shorter than ``inner`` pixels."""
    k = np.arange(count) + 0.5
    far, turn = radius * np.sqrt(k / count), k * np.pi * (3 - np.sqrt(5))
    steps = np.unique(np.rint(np.stack([far * np.sin(turn), far * np.cos(turn)], axis=1)).astype(int), axis=0)
    return tuple((dy, dx) for dy, dx in steps.tolist() if dy * dy + dx * dx >= max(inner * inner, 1))


def distance(mask: Mask) -> Floats:
    """(h, w) float32: how far each pixel is from the next pixel of ``mask``, 0 inside; huge if there is none."""
    return np.asarray(cv2.distanceTransform((~mask).view(np.uint8), cv2.DIST_L2, 5), np.float32)


class Nearest:
    """Finds the pixel of a mask next to any place of its window; the mask holds at least one."""

    def __init__(self, mask: Mask) -> None:
        flags = (~mask).view(np.uint8)
        _, labels = cv2.distanceTransformWithLabels(flags, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
        self._labels = np.asarray(labels, np.int32).reshape(-1)
        self._places = np.flatnonzero(mask)  # labels count the mask's pixels from 1, row by row

    def __call__(self, where: Ints) -> Ints:
        """(n,) int64 places for (n,) int64 places."""
        return np.take(self._places, np.take(self._labels, where) - 1)


def grown(mask: Mask, radius: int) -> Mask:
    """``mask`` and what lies within ``radius`` pixels of it."""
    return _morph(cv2.MORPH_DILATE, mask, radius)


def shrunk(mask: Mask, radius: int) -> Mask:
    """``mask`` without what lies within ``radius`` pixels of its border; the frame is no border."""
    return _morph(cv2.MORPH_ERODE, mask, radius)


def _morph(kind: int, mask: Mask, radius: int) -> Mask:
    if radius < 1:
        return mask
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(cv2.morphologyEx(mask.view(np.uint8), kind, disc)) > 0


def sampled(values: npt.NDArray[Any], size: tuple[int, int]) -> npt.NDArray[Any]:
    """(h, w) values in the middle of the cells of a grid of ``size`` (width, height), no larger."""
    if values.shape[1::-1] == size:
        return values
    y, x = ((2 * np.arange(n) + 1) * m // (2 * n) for n, m in zip(size[::-1], values.shape[:2], strict=True))
    return np.ascontiguousarray(values[y[:, None], x])
