"""Runs of equal pixels in column-major order, the order that COCO's run lengths use.

Pixel (x, y) of a photo of height H has position ``x * H + y``. A run is a half-open range of positions.
"""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import ParseDataError

__all__ = ["Runs", "fill", "join", "label_runs"]

Ints = npt.NDArray[np.int64]


class Runs(NamedTuple):
    """Runs sorted by position.

    Attributes:
        values: (n,) int64, what stands in each run; never 0.
        starts: (n,) int64, first position.
        ends: (n,) int64, position after the last.
    """

    values: Ints
    starts: Ints
    ends: Ints


def label_runs(window: npt.NDArray[np.uint8], left: int = 0, top: int = 0, height: int | None = None) -> Runs:
    """All runs of non-zero pixels of a window of a photo; none of them reaches from one column into the next.

    Args:
        window: (h, w) uint8.
        left: Column of the photo where the window begins.
        top: Row of the photo where the window begins.
        height: Height of the photo; the window's if None.
    """
    h, w = window.shape
    columns = cv2.transpose(window)  # several times faster than a strided copy
    change = np.empty((w, h), np.bool_)
    change[:, 0] = True
    np.not_equal(columns[:, 1:], columns[:, :-1], out=change[:, 1:])
    first = np.flatnonzero(change)
    lengths = np.diff(first, append=w * h)
    values = columns.reshape(-1)[first].astype(np.int64)
    kept = values > 0
    x, y = np.divmod(first[kept], h)
    starts = (x + left) * (h if height is None else height) + y + top
    return Runs(values[kept], starts, starts + lengths[kept])


def join(starts: Ints, ends: Ints) -> tuple[Ints, Ints]:
    """The same positions with runs that touch made one."""
    if len(starts) == 0:
        return starts, ends
    apart = starts[1:] != ends[:-1]
    return starts[np.append(True, apart)], ends[np.append(apart, True)]


def fill(runs: Runs, h: int, w: int) -> npt.NDArray[np.uint16]:
    """(h, w) uint16 map with ``runs`` in any order on a ground of 0.

    Raises:
        ParseDataError: Two runs overlap; ``got`` is the position (x, y) of the first such pixel.
    """
    order = np.argsort(runs.starts, kind="stable")
    values, starts, ends = runs.values[order], runs.starts[order], runs.ends[order]
    clash = np.flatnonzero(starts[1:] < ends[:-1])
    if len(clash):
        x, y = divmod(int(starts[clash[0] + 1]), h)
        raise ParseDataError("masks overlap", got=f"two masks at pixel ({x}, {y})", allowed="one mask per pixel")
    edges = np.zeros(2 * len(starts) + 2, np.int64)
    edges[1:-1:2], edges[2:-1:2], edges[-1] = starts, ends, h * w
    steps = np.zeros(2 * len(starts) + 1, np.uint16)
    steps[1::2] = values
    columns = np.repeat(steps, np.diff(edges)).reshape(w, h)
    return np.asarray(cv2.transpose(columns), np.uint16)
