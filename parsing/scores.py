"""Quantised score maps: what an engine thought of one person, kept at the engine's own resolution."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import ParseDataError
from dressform.parsing.parts import Part

__all__ = ["ScoreMaps"]

Box = tuple[float, float, float, float]


@dataclass(frozen=True, eq=False)
class ScoreMaps:
    """Class probabilities of one person over a box of the photo.

    Attributes:
        box: (x0, y0, x1, y1) in photo pixels that the maps cover; may reach outside the photo.
        parts: The part of each map. Parts left out have probability 0; background is included.
        values: (len(parts), h, w) uint8, probability times 255, read-only. Row 0 is the box's top;
            sample (i, j) is the mean over its cell, so its centre lies at (j + .5) / w of the box.
    """

    box: Box
    parts: tuple[Part, ...]
    values: npt.NDArray[np.uint8]

    def __post_init__(self) -> None:
        if self.values.ndim != 3 or self.values.dtype != np.uint8 or len(self.values) != len(self.parts):
            got = f"{self.values.dtype} {self.values.shape} for {len(self.parts)} parts"
            raise ParseDataError("score maps do not fit their parts", got=got, allowed="uint8 (parts, h, w)")
        x0, y0, x1, y1 = self.box
        if not (np.isfinite(self.box).all() and x1 > x0 and y1 > y0):
            raise ParseDataError("score maps have an empty box", got=self.box, allowed="finite, x1 > x0 and y1 > y0")
        self.values.flags.writeable = False

    def probability(self, parts: Iterable[Part]) -> npt.NDArray[np.float32]:
        """(h, w) float32 in 0..1: probability that a sample shows any of ``parts``."""
        wanted = frozenset(parts)
        rows = [k for k, part in enumerate(self.parts) if part in wanted]
        total = self.values[rows].sum(axis=0, dtype=np.uint16)
        return np.minimum(total.astype(np.float32) / np.float32(255), np.float32(1))

    def sample(self, parts: Iterable[Part], window: tuple[int, int, int, int]) -> npt.NDArray[np.float32]:
        """Probability of ``parts`` at the pixels of a window of the photo, bilinear.

        Args:
            parts: Parts whose probabilities are summed.
            window: (x0, y0, x1, y1) integer pixel bounds, x1 and y1 exclusive.

        Returns:
            (y1 - y0, x1 - x0) float32 in 0..1; 0 outside the score maps' box.
        """
        return resample(self.probability(parts), self.box, window)


def resample(field: npt.NDArray[np.float32], box: Box, window: tuple[int, int, int, int]) -> npt.NDArray[np.float32]:
    """Bilinear samples of ``field`` (h, w[, c]), which covers ``box``, at the pixel centres of ``window``.

    Pixel (x, y) has its centre at (x + .5, y + .5). Outside the box the result is 0.
    """
    x0, y0, x1, y1 = box
    left, top, right, bottom = window
    h, w = field.shape[:2]
    sx, sy = w / (x1 - x0), h / (y1 - y0)
    matrix = np.array([[sx, 0, (left + 0.5 - x0) * sx - 0.5], [0, sy, (top + 0.5 - y0) * sy - 0.5]])
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    size = (right - left, bottom - top)
    out: npt.NDArray[np.float32] = cv2.warpAffine(field, matrix, size, flags=flags, borderMode=cv2.BORDER_CONSTANT)
    return out
