"""Areas as pixels and back: how paths are cut, joined and grown, which curves alone can't do robustly."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.contour import trace
from dressform.avatar.paths import Path

__all__ = ["Grid", "Mask", "disc"]

Mask = npt.NDArray[np.bool_]
_FRACTION = 4  # bits behind the point of coordinates that OpenCV fills


@dataclass(frozen=True)
class Grid:
    """A raster laid over a piece of the drawing.

    Attributes:
        x, y: Its upper left corner, in heads.
        scale: Pixels per head.
        width, height: In pixels.
    """

    x: float
    y: float
    scale: float
    width: int
    height: int

    @classmethod
    def around(cls, box: tuple[float, float, float, float], scale: float, most: int = 1_500_000) -> Grid:
        """The grid over a box x0, y0, x1, y1; coarser where it would have more than ``most`` pixels."""
        x0, y0, x1, y1 = box
        area = max(x1 - x0, 1e-3) * max(y1 - y0, 1e-3)
        scale = min(scale, float(np.sqrt(most / area)))
        return cls(x0, y0, scale, max(int(np.ceil((x1 - x0) * scale)), 1), max(int(np.ceil((y1 - y0) * scale)), 1))

    def fill(self, path: Path) -> Mask:
        """(height, width) bool: pixels inside a path, by the even-odd rule."""
        out = np.zeros((self.height, self.width), np.uint8)
        matrix = np.array([[self.scale, 0, -self.x * self.scale], [0, self.scale, -self.y * self.scale]])
        limit = 1 << 20  # OpenCV's coordinates are 32 bits, fraction included
        lines = [
            np.clip(np.round((c.transformed(matrix).flatten(0.2) - 0.5) * (1 << _FRACTION)), -limit, limit)
            for c in path.curves
        ]
        if lines:
            cv2.fillPoly(out, [line.astype(np.int32) for line in lines], 1, shift=_FRACTION)
        return out.astype(bool)

    def empty(self) -> Mask:
        """No pixel."""
        return np.zeros((self.height, self.width), bool)

    def trace(self, mask: npt.NDArray[Any], detail: float = 0.4) -> Path:
        """The outline of a (height, width) mask or coverage, in heads."""
        return trace(mask, detail=detail, scale=1 / self.scale, origin=(self.x, self.y))

    def points(self) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """x of the columns (1, width) and y of the rows (height, 1), in heads, of the pixels' middles."""
        xs = self.x + (np.arange(self.width, dtype=np.float64) + 0.5) / self.scale
        ys = self.y + (np.arange(self.height, dtype=np.float64) + 0.5) / self.scale
        return np.asarray(xs[None], np.float64), np.asarray(ys[:, None], np.float64)

    def shifted(self, mask: Mask, dx: float, dy: float) -> Mask:
        """A mask moved by heads; what comes in is empty."""
        matrix = np.array([[1, 0, dx * self.scale], [0, 1, dy * self.scale]], np.float64)
        moved = cv2.warpAffine(mask.view(np.uint8), matrix, (self.width, self.height), flags=cv2.INTER_NEAREST)
        return np.asarray(moved, np.uint8).astype(bool)

    def grown(self, mask: Mask, by: float) -> Mask:
        """A mask grown by ``by`` heads, or shrunk where that is negative."""
        if abs(by) * self.scale < 0.5 or not mask.any():
            return mask
        operation = cv2.MORPH_DILATE if by > 0 else cv2.MORPH_ERODE
        shape = disc(abs(by) * self.scale)
        return np.asarray(cv2.morphologyEx(mask.view(np.uint8), operation, shape)).astype(bool)

    def opened(self, mask: Mask, by: float) -> Mask:
        """A mask without what is thinner than twice ``by`` heads."""
        return self.grown(self.grown(mask, -by), by) & mask

    def closed(self, mask: Mask, by: float) -> Mask:
        """A mask with its gaps thinner than twice ``by`` heads filled."""
        border = int(np.ceil(by * self.scale)) + 1
        wide = cv2.copyMakeBorder(mask.view(np.uint8), border, border, border, border, cv2.BORDER_REPLICATE)
        done = np.asarray(cv2.morphologyEx(wide, cv2.MORPH_CLOSE, disc(by * self.scale)))
        return done[border:-border, border:-border].astype(bool) | mask

    def blurred(self, mask: Mask, by: float) -> npt.NDArray[np.float32]:
        """(height, width) float32 0..1: a mask with its border made soft over ``by`` heads."""
        sigma = max(by * self.scale, 0.3)
        return np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma), np.float32)


def disc(radius: float) -> npt.NDArray[np.uint8]:
    """A round structuring element, in pixels."""
    side = 2 * max(round(radius), 1) + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)
