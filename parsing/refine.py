"""Better edges for score maps, from the photo: guided filter and mean-field refinement.

Guided filter: He, Sun, Tang, "Guided image filtering", TPAMI 2013.
Mean field: Krähenbühl, Koltun, "Efficient inference in fully connected CRFs", NIPS 2011, with a
window in place of the fully connected graph (as in convolutional CRFs: Teichmann, Cipolla, 2018).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.scores import resample

__all__ = ["LocalModels", "guided_filter", "local_models", "mean_field", "shrink_image"]

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
    height, width = source.shape[:2]
    x = guide.reshape(height, width, -1).astype(np.float32) * np.float32(1 / 255)
    channels = range(x.shape[2])

    def mean(values: Floats) -> Floats:
        side = (2 * radius + 1, 2 * radius + 1)
        blurred = cv2.blur(np.ascontiguousarray(values), side, borderType=cv2.BORDER_REFLECT)
        return np.asarray(blurred, np.float32).reshape(values.shape)

    mean_x, mean_p = mean(x), mean(source)
    variance = {
        (a, b): (mean(x[:, :, a] * x[:, :, b]) - mean_x[:, :, a] * mean_x[:, :, b])[:, :, None]
        for a in channels
        for b in channels
        if a <= b
    }
    for a in channels:
        variance[a, a] += np.float32(epsilon)
    covariance = [mean(x[:, :, a, None] * source) - mean_x[:, :, a, None] * mean_p for a in channels]
    slopes = _solve(variance, covariance)
    offset = mean_p
    for a in channels:
        offset = offset - mean_x[:, :, a, None] * slopes[a]
    return LocalModels(np.stack([mean(slope) for slope in slopes]), mean(offset))


def _solve(matrix: dict[tuple[int, int], Floats], right: list[Floats]) -> list[Floats]:
    """Solve a symmetric positive system per pixel by elimination; ``matrix`` holds its upper triangle.

    Grey stretches make the matrix nearly singular, and cofactors would lose all digits there.
    """
    upper, right, count = dict(matrix), list(right), len(right)
    for k in range(count):
        for row in range(k + 1, count):
            factor = upper[k, row] / upper[k, k]
            for column in range(row, count):
                upper[row, column] = upper[row, column] - factor * upper[k, column]
            right[row] = right[row] - factor * right[k]
    for row in reversed(range(count)):
        for column in range(row + 1, count):
            right[row] = right[row] - upper[row, column] * right[column]
        right[row] = right[row] / upper[row, row]
    return right


def mean_field(
    guide: npt.NDArray[np.uint8], probability: Floats, *, steps: int = 5, reach: int = 6, color: float = 0.08
) -> Floats:
    """Pull each pixel towards what pixels of like colour around it are (a windowed dense CRF).

    Slower than the guided filter; it decides hard where that one blends.

    Args:
        guide: (h, w, 3) uint8 RGB.
        probability: (h, w, n) float32, sums to 1 over n.
        steps: Mean-field iterations.
        reach: Half the window in pixels, sampled on a ring pattern.
        color: Standard deviation of the colour kernel, of 0..1.

    Returns:
        (h, w, n) float32, sums to 1 over n.
    """
    i = guide.astype(np.float32) / np.float32(255)
    unary = np.log(np.clip(probability, 1e-4, 1))
    steps_aside = sorted({-reach, -(reach // 2), 0, reach // 2, reach})
    offsets = [(dy, dx) for dy in steps_aside for dx in steps_aside if (dy, dx) != (0, 0)]
    kernels = []
    for dy, dx in offsets:
        near = np.exp(-(dy * dy + dx * dx) / (2 * (0.7 * reach) ** 2))
        like = np.exp(-((i - _shift(i, dy, dx)) ** 2).sum(2) / (2 * color**2))
        kernels.append((near * like).astype(np.float32)[:, :, None])
    total = np.sum(kernels, 0) + np.float32(1e-6)
    q = probability
    for _ in range(steps):
        message = np.zeros_like(q)
        for kernel, (dy, dx) in zip(kernels, offsets, strict=True):
            message += kernel * _shift(q, dy, dx)
        logits = unary + np.float32(4) * message / total
        logits -= logits.max(2, keepdims=True)
        q = np.exp(logits)
        q /= q.sum(2, keepdims=True)
    return np.asarray(q, np.float32)


def _shift(x: Floats, dy: int, dx: int) -> Floats:
    """``x`` moved so that (y, x) holds what was at (y + dy, x + dx), edges repeated."""
    reach = max(abs(dy), abs(dx))
    padded = np.asarray(cv2.copyMakeBorder(x, reach, reach, reach, reach, cv2.BORDER_REPLICATE), np.float32)
    padded = padded.reshape(x.shape[0] + 2 * reach, x.shape[1] + 2 * reach, *x.shape[2:])
    return padded[reach + dy : reach + dy + x.shape[0], reach + dx : reach + dx + x.shape[1]]
