"""A few thousand pixels of a window and their neighbours: work that grows with a border's length, not with the area."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Pixels", "Planes", "disc_offsets", "distance", "dot", "grown", "nearest", "planes", "shrunk"]

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
        y, x = np.divmod(self.where, width)
        y += dy
        x += dx
        np.clip(y, 0, height - 1, out=y)
        np.clip(x, 0, width - 1, out=x)
        y *= width
        y += x
        return y

    def neighbours(self, offsets: Offsets) -> Iterator[Ints]:
        """:meth:`aside` of every step in turn."""
        return (self.aside(dy, dx) for dy, dx in offsets)


def planes(colors: Floats, where: Ints) -> Planes:
    """(3, n): colours of (h, w, 3) at some places of the flattened window."""
    return np.ascontiguousarray(np.take(colors.reshape(-1, 3), where, axis=0).T)


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


def nearest(mask: Mask) -> Ints:
    """(h, w) int64: place, in the flattened window, of the pixel of ``mask`` next to each pixel.

    ``mask`` holds at least one pixel.
    """
    _, labels = cv2.distanceTransformWithLabels((~mask).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    labels = np.asarray(labels)
    places = np.flatnonzero(mask)
    of_label = np.zeros(int(labels.max()) + 1, np.int64)
    of_label[labels.reshape(-1)[places]] = places
    return np.asarray(of_label[labels])


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
