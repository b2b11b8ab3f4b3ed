"""Guided filter: the edges of masks and score maps move to those of the photo.

He, Sun, Tang, "Guided image filtering", TPAMI 2013.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations_with_replacement
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.scores import resample

__all__ = ["LocalModels", "guided_fields", "guided_filter", "local_models", "shrink_image"]

Floats = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]
STRIP = 1 << 18  # px worked on at once: keeps a large photo's intermediate values in the cache


def guided_filter(guide: Image, source: Floats, radius: int, epsilon: float = 1e-3, *, shrink: int = 1) -> Floats:
    """Smooth ``source`` where ``guide`` is smooth and move its edges to the guide's.

    Args:
        guide: (h, w, 3) uint8 RGB, or (h, w) uint8.
        source: (h, w) or (h, w, n) float32 in 0..1.
        radius: Half the window's side in pixels, at least 1.
        epsilon: Variance of the guide (of 0..1) below which it counts as flat.
        shrink: Find the local linear models on a picture smaller by this factor (He, Sun, "Fast
            guided filter", 2015): nearly the same result for large pictures at a fraction of the cost.

    Returns:
        The same shape as ``source``, float32, clipped to 0..1.
    """
    height, width = guide.shape[:2]
    small = source.reshape(height, width, -1)
    if shrink > 1:
        size = (max(width // shrink, 1), max(height // shrink, 1))
        reduced = cv2.resize(small, size, interpolation=cv2.INTER_AREA)
        small = np.asarray(reduced, np.float32).reshape(*size[::-1], -1)
    models = local_models(shrink_image(guide, small.shape[:2]), small, max(radius // shrink, 1), epsilon)
    return models.apply(guide).reshape(source.shape)


@dataclass(frozen=True, eq=False)
class LocalModels:
    """What a guided filter found: around each place, source = slope · guide + offset.

    Attributes:
        slope: (channels, h, w, n) float32, at the resolution at which they were found.
        offset: (h, w, n) float32.
    """

    slope: Floats
    offset: Floats

    def apply(self, guide: Image) -> Floats:
        """(H, W, n) float32 in 0..1: the filtered source in the resolution of ``guide``, (H, W[, channels]) uint8."""
        height, width = guide.shape[:2]
        out = np.empty((height, width, self.offset.shape[2]), np.float32)
        rows = max(1, STRIP // width)
        for top in range(0, height, rows):
            out[top : top + rows] = self.strip(guide, top, min(top + rows, height))
        return out

    def strip(self, guide: Image, top: int, bottom: int) -> Floats:
        """(bottom - top, W, n) float32 in 0..1: rows ``top`` to ``bottom`` of :meth:`apply`."""
        pixels = guide[top:bottom].reshape(bottom - top, guide.shape[1], -1)
        out = self._enlarge(self.offset, guide.shape, top, bottom).copy()
        for channel, slope in enumerate(self.slope):
            brightness = pixels[:, :, channel, None].astype(np.float32)
            brightness *= np.float32(1 / 255)
            out += self._enlarge(slope, guide.shape, top, bottom) * brightness
        return np.clip(out, 0, 1, out=out)

    def _enlarge(self, values: Floats, shape: tuple[int, ...], top: int, bottom: int) -> Floats:
        if values.shape[:2] == shape[:2]:
            return values[top:bottom]
        return resample(values, (0, 0, shape[1], shape[0]), (0, top, shape[1], bottom))


def shrink_image(image: npt.NDArray[Any], shape: tuple[int, ...]) -> Image:
    """``image`` (H, W[, c]) uint8 as the mean over the cells of a grid of ``shape`` (h, w), no larger."""
    if image.shape[:2] == tuple(shape):
        return image
    return np.asarray(cv2.resize(image, (shape[1], shape[0]), interpolation=cv2.INTER_AREA), np.uint8)


def local_models(guide: Image, source: Floats, radius: int, epsilon: float = 1e-3) -> LocalModels:
    """The local linear models of a guided filter, averaged over all windows that hold a place.

    Args:
        guide: (h, w, channels) or (h, w) uint8.
        source: (h, w, n) float32.
        radius: Half the window's side in pixels. At the frame, pictures go on mirrored.
        epsilon: Variance of the guide (of 0..1) below which it counts as flat.
    """
    moments = _moments(guide, radius, epsilon)
    models = [moments.models(np.ascontiguousarray(source[:, :, k])) for k in range(source.shape[2])]
    slope = np.stack([np.stack(slopes) for slopes, _ in models], 3)
    return LocalModels(slope, np.stack([offset for _, offset in models], 2))


def guided_fields(guide: Image, fields: Floats, radius: int, epsilon: float = 1e-3, *, nothing: float = 0.01) -> Floats:
    """:func:`guided_filter` of fields that are nothing in most places, each worked on where it is something.

    Args:
        guide: (h, w, 3) uint8 RGB, or (h, w) uint8.
        fields: (n, h, w) float32 in 0..1.
        radius: Half the window's side in pixels, at least 1.
        epsilon: Variance of the guide (of 0..1) below which it counts as flat.
        nothing: A field counts as 0 beyond the box of its values above this.

    Returns:
        (n, h, w) float32, clipped to 0..1.
    """
    height, width = guide.shape[:2]
    moments = _moments(guide, radius, epsilon)
    out = np.zeros_like(fields)
    for field, filtered in zip(fields, out, strict=True):
        x, y, w, h = cv2.boundingRect((field > nothing).view(np.uint8))
        if not w:
            continue
        # A window that holds a value has a model, and a place is told by the models of all windows that hold it.
        top, left = max(y - 2 * radius, 0), max(x - 2 * radius, 0)
        bottom, right = min(y + h + 2 * radius, height), min(x + w + 2 * radius, width)
        at = (slice(top, bottom), slice(left, right))
        source = np.zeros((bottom - top, right - left), np.float32)
        source[y - top : y - top + h, x - left : x - left + w] = field[y : y + h, x : x + w]
        slopes, told = moments.models(source, at)
        for slope, plane in zip(slopes, moments.planes, strict=True):
            told += slope * plane[at]
        np.clip(told, 0, 1, out=filtered[at])
    return out


@dataclass(frozen=True, eq=False)
class _Moments:
    """What the models of all sources share: mean and covariance of the guide in the window around each pixel.

    Covariances are kept as the factors of an elimination, L D Lᵀ: grey stretches make them nearly singular, and
    cofactors would lose all digits there.

    Attributes:
        planes: (h, w) float32 in 0..1, one per channel.
        means: Their means.
        factors: L below its diagonal: by (column, row).
        pivots: Reciprocals of D.
        radius: Half the window's side.
    """

    planes: list[Floats]
    means: list[Floats]
    factors: dict[tuple[int, int], Floats]
    pivots: list[Floats]
    radius: int

    def models(self, source: Floats, at: tuple[slice, slice] = np.s_[:, :]) -> tuple[list[Floats], Floats]:
        """Slopes, one per channel, and offset for a ``source`` (h, w) that covers the guide's pixels ``at``."""
        mean = _mean(source, self.radius)
        means = [m[at] for m in self.means]
        slopes = [
            _mean(plane[at] * source, self.radius) - m * mean for plane, m in zip(self.planes, means, strict=True)
        ]
        count = len(slopes)
        for column in range(count):
            for row in range(column + 1, count):
                slopes[row] -= self.factors[column, row][at] * slopes[column]
        for row in reversed(range(count)):
            slopes[row] *= self.pivots[row][at]
            for later in range(row + 1, count):
                slopes[row] -= self.factors[row, later][at] * slopes[later]
        offset = mean
        for m, slope in zip(means, slopes, strict=True):
            offset = offset - m * slope
        return [_mean(slope, self.radius) for slope in slopes], _mean(offset, self.radius)


def _moments(guide: Image, radius: int, epsilon: float) -> _Moments:
    pixels = guide.reshape(*guide.shape[:2], -1)
    channels = range(pixels.shape[2])
    planes = [pixels[:, :, k].astype(np.float32) * np.float32(1 / 255) for k in channels]
    means = [_mean(plane, radius) for plane in planes]
    matrix = {
        (a, b): _mean(planes[a] * planes[b], radius) - means[a] * means[b] + np.float32(epsilon if a == b else 0)
        for a, b in combinations_with_replacement(channels, 2)
    }
    factors: dict[tuple[int, int], Floats] = {}
    for k in channels:
        for row in channels[k + 1 :]:
            factors[k, row] = matrix[k, row] / matrix[k, k]
            for column in channels[row:]:
                matrix[row, column] = matrix[row, column] - factors[k, row] * matrix[k, column]
    pivots = [np.reciprocal(matrix[k, k]) for k in channels]
    return _Moments(planes, means, factors, pivots, radius)


def _mean(values: Floats, radius: int) -> Floats:
    """(h, w) mean of the window around each pixel; beyond the frame, pictures go on mirrored."""
    side = (2 * radius + 1, 2 * radius + 1)
    return np.asarray(cv2.blur(values, side, borderType=cv2.BORDER_REFLECT), np.float32)
