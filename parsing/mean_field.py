"""Mean-field refinement: score maps agree among neighbours of like colour.

Krähenbühl, Koltun, "Efficient inference in fully connected CRFs", NIPS 2011, with a window in place of the
fully connected graph (as in convolutional CRFs: Teichmann, Cipolla, 2018).
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["mean_field"]

Floats = npt.NDArray[np.float32]


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
