"""Better edges and cleaner regions for score maps: guided filter, mean-field refinement, island removal.

Guided filter: He, Sun, Tang, "Guided image filtering", TPAMI 2013.
Mean field: Krähenbühl, Koltun, "Efficient inference in fully connected CRFs", NIPS 2011, with a
window in place of the fully connected graph (as in convolutional CRFs: Teichmann, Cipolla, 2018).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["guided_filter", "mean_field", "remove_islands"]

Floats = npt.NDArray[np.float32]


def guided_filter(
    guide: npt.NDArray[np.uint8], source: Floats, radius: int, epsilon: float = 1e-3, *, shrink: int = 1
) -> Floats:
    """Smooth ``source`` where ``guide`` is smooth and move its edges to the guide's.

    Args:
        guide: (h, w, 3) uint8 RGB, or (h, w) uint8.
        source: (h, w) or (h, w, n) float32 in 0..1.
        radius: Half the window's side in pixels.
        epsilon: Variance of the guide (of 0..1) below which it counts as flat.
        shrink: Find the local linear models on a picture smaller by this factor (He, Sun, "Fast
            guided filter", 2015): nearly the same result for large pictures at a fraction of the cost.

    Returns:
        The same shape as ``source``, float32, clipped to 0..1.
    """
    p = source if source.ndim == 3 else source[:, :, None]
    i = guide if guide.ndim == 3 else guide[:, :, None]
    height, width = i.shape[:2]
    if shrink > 1:
        size = (max(width // shrink, 1), max(height // shrink, 1))
        small_i, small_p = (cv2.resize(x, size, interpolation=cv2.INTER_AREA) for x in (i, p))
        small_i, small_p = small_i.reshape(*size[::-1], i.shape[2]), small_p.reshape(*size[::-1], p.shape[2])
        slope, smooth = _linear_models(small_i, small_p, max(radius // shrink, 1), epsilon)
        slope, smooth = _enlarge(slope, (width, height)), _enlarge(smooth, (width, height))
    else:
        slope, smooth = _linear_models(i, p, radius, epsilon)
    count = p.shape[2]
    for c in range(i.shape[2]):
        brightness = i[:, :, c : c + 1].astype(np.float32) / np.float32(255)
        smooth = smooth + slope[:, :, c * count : (c + 1) * count] * brightness
    return np.clip(smooth, 0, 1).reshape(source.shape)


def _linear_models(i: npt.NDArray[np.uint8], p: Floats, radius: int, epsilon: float) -> tuple[Floats, Floats]:
    """Averaged models p = slope · i + offset of every window: (h, w, channels * n) and (h, w, n)."""
    x = i.astype(np.float32) / np.float32(255)
    channels, count = x.shape[2], p.shape[2]
    side = (2 * radius + 1, 2 * radius + 1)

    def mean(values: Floats) -> Floats:
        blurred = cv2.blur(np.ascontiguousarray(values), side, borderType=cv2.BORDER_REFLECT)
        return np.asarray(blurred, np.float32).reshape(values.shape)

    mean_x, mean_p = mean(x), mean(p)
    pairs = [(a, b) for a in range(channels) for b in range(a, channels)]
    products = mean(np.stack([x[:, :, a] * x[:, :, b] for a, b in pairs], 2))
    sigma = np.empty((*x.shape[:2], channels, channels), np.float32)
    for k, (a, b) in enumerate(pairs):
        sigma[:, :, a, b] = products[:, :, k] - mean_x[:, :, a] * mean_x[:, :, b]
        sigma[:, :, b, a] = sigma[:, :, a, b]
    inverse = _inverse(sigma + np.float32(epsilon) * np.eye(channels, dtype=np.float32))
    cross = [mean(x[:, :, c : c + 1] * p) - mean_x[:, :, c : c + 1] * mean_p for c in range(channels)]
    slopes = []
    offset = mean_p
    for row in range(channels):
        slope = sum(inverse[:, :, row, c, None] * cross[c] for c in range(channels))
        slopes.append(np.asarray(slope, np.float32))
        offset = offset - mean_x[:, :, row : row + 1] * slopes[-1]
    return mean(np.concatenate(slopes, 2)).reshape(*x.shape[:2], channels * count), mean(offset)


def _enlarge(values: Floats, size: tuple[int, int]) -> Floats:
    out = cv2.resize(values, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(out, np.float32).reshape(size[1], size[0], values.shape[2])


def _inverse(m: Floats) -> Floats:
    """Inverse of (h, w, c, c) symmetric positive matrices; by cofactors for 3 × 3, which is far faster."""
    if m.shape[-1] == 1:
        return 1 / m
    if m.shape[-1] != 3:
        return np.linalg.inv(m)
    a, b, c = m[..., 0, 0], m[..., 0, 1], m[..., 0, 2]
    d, e, f = m[..., 1, 1], m[..., 1, 2], m[..., 2, 2]
    out = np.empty_like(m)
    out[..., 0, 0] = d * f - e * e
    out[..., 0, 1] = out[..., 1, 0] = c * e - b * f
    out[..., 0, 2] = out[..., 2, 0] = b * e - c * d
    out[..., 1, 1] = a * f - c * c
    out[..., 1, 2] = out[..., 2, 1] = b * c - a * e
    out[..., 2, 2] = a * d - b * b
    determinant = a * out[..., 0, 0] + b * out[..., 0, 1] + c * out[..., 0, 2]
    out /= determinant[..., None, None]
    return out


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
    offsets = [(dy, dx) for dy in (-reach, -reach // 2, 0, reach // 2, reach) for dx in (-reach, -reach // 2, 0, reach // 2, reach)]
    offsets = [(dy, dx) for dy, dx in offsets if (dy, dx) != (0, 0)]
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
    return q


def _shift(x: Floats, dy: int, dx: int) -> Floats:
    """``x`` moved so that (y, x) holds what was at (y + dy, x + dx), edges repeated."""
    reach = max(abs(dy), abs(dx))
    padded = cv2.copyMakeBorder(x, reach, reach, reach, reach, cv2.BORDER_REPLICATE).reshape(
        x.shape[0] + 2 * reach, x.shape[1] + 2 * reach, *x.shape[2:]
    )
    return padded[reach + dy : reach + dy + x.shape[0], reach + dx : reach + dx + x.shape[1]]


def remove_islands(probability: Floats, *, least: float = 0.02, part_least: float = 0.004) -> Floats:
    """Take small detached patches out of a person's score maps.

    Args:
        probability: (n, h, w) float32, row 0 is the background, sums to 1 over n.
        least: Detached pieces of the silhouette smaller than this share of its largest piece go.
        part_least: Detached pieces of a part smaller than this share of the silhouette go to the
            part that scores next.

    Returns:
        (n, h, w) float32, sums to 1 over n.
    """
    out = probability.copy()
    silhouette = (out[0] < 0.5).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(silhouette, connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    if count <= 1:
        return out
    largest = int(areas[1:].max())
    lost = [k for k in range(1, count) if areas[k] < least * largest]
    if lost:
        gone = np.isin(labels, lost)
        out[:, gone] = 0
        out[0, gone] = 1
    body = int((out[0] < 0.5).sum())
    best = out[1:].argmax(0) + 1
    best[out[0] >= 0.5] = 0
    for part in np.unique(best[best > 0]):
        count, labels, stats, _ = cv2.connectedComponentsWithStats((best == part).astype(np.uint8), connectivity=8)
        small = [k for k in range(1, count) if stats[k, cv2.CC_STAT_AREA] < part_least * body]
        if small and (len(small) < count - 1 or stats[1:, cv2.CC_STAT_AREA].max() < 6):
            gone = np.isin(labels, small)
            out[part, gone] = 0
    out /= np.maximum(out.sum(0), np.float32(1e-6))
    return out
