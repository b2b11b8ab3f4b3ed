"""Quantised score maps: what an engine thought of one person, kept at the engine's own resolution."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import ParseDataError
from dressform.parsing.parts import Part

__all__ = ["Box", "ScoreMaps", "Window", "resample"]

Floats = npt.NDArray[np.float32]
Box = tuple[float, float, float, float]
"""(x0, y0, x1, y1) in pixels; pixel k covers k to k + 1, so a photo is the box (0, 0, width, height)."""
Window = tuple[int, int, int, int]
"""(x0, y0, x1, y1) whole pixels, x1 and y1 exclusive."""


@dataclass(frozen=True, eq=False)
class ScoreMaps:
    """Class probabilities of one person over a box of the photo.

    Attributes:
        box: (x0, y0, x1, y1) in photo pixels that the maps cover; may reach outside the photo.
        parts: The part of each map, each at most once. Parts left out have probability 0; background is included.
        values: (len(parts), h, w) uint8, probability times 255, a read-only view of what was given, which may
            not change any more. Row 0 is the box's top; sample (i, j) is the mean over its cell, so its centre
            lies at (j + .5) / w of the box.

    Raises:
        ParseDataError: Anything else than described above.
    """

    box: Box
    parts: tuple[Part, ...]
    values: npt.NDArray[np.uint8]

    def __post_init__(self) -> None:
        values, count = self.values, len(self.parts)
        if values.ndim != 3 or values.dtype != np.uint8 or len(values) != count or 0 in values.shape[1:]:
            got = f"{values.dtype} {values.shape} for {count} parts"
            raise ParseDataError("score maps do not fit their parts", got=got, allowed="uint8 (parts, h, w), h, w >= 1")
        if len(set(self.parts)) != count:
            raise ParseDataError("a part has two score maps", got=[int(part) for part in self.parts])
        x0, y0, x1, y1 = self.box
        if not (np.isfinite(self.box).all() and x1 > x0 and y1 > y0):
            raise ParseDataError("score maps have an empty box", got=self.box, allowed="finite, x1 > x0 and y1 > y0")
        view = values.view()
        view.flags.writeable = False
        object.__setattr__(self, "values", view)

    def probability(self, parts: Iterable[Part]) -> Floats:
        """(h, w) float32 in 0..1: probability that a sample shows any of ``parts``."""
        wanted = frozenset(parts)
        rows = [k for k, part in enumerate(self.parts) if part in wanted]
        total = self.values[rows].sum(axis=0, dtype=np.uint16)
        return np.asarray(np.minimum(total / np.float32(255), 1), np.float32)

    def sample(self, parts: Iterable[Part], window: Window) -> Floats:
        """Probability of ``parts`` at the pixels of a window of the photo, bilinear.

        Args:
            parts: Parts whose probabilities are summed.
            window: (x0, y0, x1, y1) integer pixel bounds, x1 and y1 exclusive.

        Returns:
            (y1 - y0, x1 - x0) float32 in 0..1; 0 outside the score maps' box.
        """
        return resample(self.probability(parts), self.box, window)


def resample(field: Floats, box: Box, window: Window) -> Floats:
    """Bilinear samples of ``field``, which covers ``box``, at the pixel centres of ``window``.

    Pixel (x, y) has its centre at (x + .5, y + .5), sample (i, j) of the field in the middle of its cell.
    Between the outermost samples' centres and the box's edge the outermost samples hold; beyond it is 0.
    A pixel's value does not depend on the window it is asked for in.

    Args:
        field: (h, w) or (h, w, c) float32.
        box: What the field covers; not empty.
        window: Pixel bounds; may reach outside the box.

    Returns:
        (y1 - y0, x1 - x0) or (y1 - y0, x1 - x0, c) float32.
    """
    # By hand, not by cv2.warpAffine: that one rounds positions to 1/32 sample, counted from the window's corner.
    left, top, right, bottom = window
    xs, x_share, x_part = _taps(left, right, box[0], box[2], field.shape[1])
    ys, y_share, y_part = _taps(top, bottom, box[1], box[3], field.shape[0])
    whole = (*y_part, *x_part) == (0, bottom - top, 0, right - left)
    shape = (bottom - top, right - left, *field.shape[2:])
    out = np.empty(shape, np.float32) if whole else np.zeros(shape, np.float32)
    if not (len(xs) and len(ys)):
        return out
    rows = field[ys[0] : ys[-1] + 2]
    rows = _blend(rows, xs, x_share, 1)
    out[slice(*y_part), slice(*x_part)] = _blend(rows, ys - ys[0], y_share, 0)
    return out


def _taps(
    start: int, stop: int, low: float, high: float, count: int
) -> tuple[npt.NDArray[np.intp], Floats, tuple[int, int]]:
    """For pixels start..stop inside low..high: the sample before each, the share of the next, and which they are."""
    centres = np.arange(start, stop) + 0.5
    first, last = np.searchsorted(centres, [low, high]).tolist()
    position = np.clip((centres[first:last] - low) * (count / (high - low)) - 0.5, 0, count - 1)
    before = np.minimum(position.astype(np.intp), max(count - 2, 0))
    return before, (position - before).astype(np.float32), (first, last)


def _blend(field: Floats, before: npt.NDArray[np.intp], share: Floats, axis: int) -> Floats:
    out = np.take(field, before, axis)
    if field.shape[axis] > 1:
        step = np.take(field, before + 1, axis)
        step -= out
        step *= share.reshape(-1, *[1] * (field.ndim - 1 - axis))
        out += step
    return out
