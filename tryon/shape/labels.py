"""Labels of one person, in full size or on a smaller picture."""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import Part, Person
from dressform.parsing.scores import Window
from dressform.parsing.windows import window_slices

__all__ = ["having", "reduced", "small_labels"]

Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]


def small_labels(person: Person, window: Window, size: tuple[int, int]) -> Bytes:
    """(height, width) uint8: every so manyth label of a window, 0 where there is nobody or somebody else.

    Args:
        person: Whose labels.
        window: (x0, y0, x1, y1) in pixels of the photo.
        size: (width, height) of the result.
    """
    at = window_slices(window)
    labels = cv2.resize(person.parse.labels[at], size, interpolation=cv2.INTER_NEAREST)
    who = cv2.resize(person.parse.instances[at], size, interpolation=cv2.INTER_NEAREST)
    return np.where(np.asarray(who) == person.index, np.asarray(labels, np.uint8), np.uint8(0))


def having(labels: Bytes, parts: Iterable[Part]) -> Mask:
    """Where (h, w) uint8 labels are one of some parts."""
    table = np.zeros(256, np.uint8)
    table[sorted(parts)] = 1
    return np.asarray(cv2.LUT(labels, table), np.uint8).view(np.bool_)


def reduced(mask: Mask, size: tuple[int, int]) -> Mask:
    """(height, width) bool: every so manyth pixel of a mask."""
    return np.asarray(cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST), np.uint8).view(np.bool_)
