"""Where each person's pixels lie, found in one pass over the photo however many people there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.parts import Part
from dressform.parsing.scores import Window

if TYPE_CHECKING:
    from dressform.parsing.result import Parse

__all__ = ["Window", "own_labels", "parts_in", "pixel_windows", "window_slices"]


def pixel_windows(instances: npt.NDArray[np.uint16], people: int) -> tuple[Window | None, ...]:
    """Smallest window that holds each person's pixels; None for somebody who has none. ``Parse.extents`` keeps them.

    Args:
        instances: (H, W) uint16, 0 = nobody.
        people: How many there are; no value of ``instances`` is larger.
    """
    h, w = instances.shape
    change = np.empty((h, w), np.bool_)
    change[:, 0] = True
    np.not_equal(instances[:, 1:], instances[:, :-1], out=change[:, 1:])
    first = np.flatnonzero(change)
    values = instances.reshape(-1)[first]
    ends = np.append(first[1:], h * w)
    kept = values > 0
    values, first, ends = values[kept], first[kept], ends[kept]
    y, x = np.divmod(first, w)
    far = np.full(people + 1, max(h, w) + 1)
    left, top, right, bottom = far.copy(), far.copy(), -far, -far
    np.minimum.at(left, values, x)
    np.minimum.at(top, values, y)
    np.maximum.at(right, values, x + ends - first)
    np.maximum.at(bottom, values, y + 1)
    boxes = zip(left.tolist(), top.tolist(), right.tolist(), bottom.tolist(), strict=True)
    return tuple(box if box[2] > 0 else None for box in boxes)[1:]


def window_slices(window: Window) -> tuple[slice, slice]:
    """Rows and columns of a window, to index an array with."""
    x0, y0, x1, y1 = window
    return slice(y0, y1), slice(x0, x1)


def own_labels(parse: Parse, index: int, window: Window) -> npt.NDArray[np.uint8]:
    """(h, w) uint8: labels of person ``index`` in a window, 0 where there is nobody or somebody else."""
    at = window_slices(window)
    own: npt.NDArray[np.uint8] = parse.labels[at] * (parse.instances[at] == index)
    return own


def parts_in(labels: npt.NDArray[np.uint8]) -> list[Part]:
    """Parts that occur in (h, w) uint8 labels, by number; without background."""
    # NumPy's bincount would first make eight bytes of every pixel.
    counts = cv2.calcHist([np.ascontiguousarray(labels)], [0], None, [len(Part)], [0, len(Part)])
    return [Part(k) for k in np.flatnonzero(counts).tolist() if k]
