"""Coverage of a large window from that of a smaller picture: pixels at the border are unmixed once more, by the colours
that explain it there.

In the manner of Kopf, Cohen, Lischinski, Uyttendaele, "Joint bilateral upsampling", SIGGRAPH 2007; but instead of the
coverage its explanation is carried over, a colour for either side, and each pixel of the photo then says where between
the two it lies.
"""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.gather import Pixels
from dressform.tryon.light import to_linear
from dressform.tryon.matte.band import Pairs, by_pairs, calmed, chunks
from dressform.tryon.matte.smooth import CLEAR, smooth

__all__ = ["finer_alpha"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]


def finer_alpha(image: npt.NDArray[Any], alpha: Floats, pairs: Pairs, kept: Mask) -> Floats:
    """Coverage at the size of the photo.

    Args:
        image: (h, w, 3) uint8 or uint16 sRGB.
        alpha: (rows, columns) float32 0..1, coverage of the cells of a smaller picture.
        pairs: The colours that explain its border.
        kept: (h, w) bool, pixels that stay 0.

    Returns:
        (h, w) float32 0..1.
    """
    out = _enlarged(alpha, kept)
    pixels = Pixels.of((out > CLEAR) & (out < 1 - CLEAR))
    if not len(pixels) or not pairs.colors.size:
        return out
    share, trust = np.empty(len(pixels), np.float32), np.empty(len(pixels), np.float32)
    for at, chunk in chunks(pixels):
        cells, beside = _cells(chunk, alpha.shape)
        own = calmed(np.ascontiguousarray(to_linear(chunk.take(image)).T))
        share[at], trust[at] = by_pairs(own, chunk.take(out), cells, pairs, beside)
    pixels.put(out, share)
    shown = image if image.dtype == np.uint8 else (image >> 8).astype(np.uint8)
    smooth(out, shown, pixels, share, trust, 1)
    out[kept] = 0
    return out


def _enlarged(alpha: Floats, kept: Mask) -> Floats:
    """(h, w) coverage, bilinear; cells that are kept say nothing of those beside them."""
    height, width = kept.shape
    out = np.asarray(cv2.resize(alpha, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    if kept.any():
        free = 1 - cv2.resize(kept.view(np.uint8), alpha.shape[::-1], interpolation=cv2.INTER_NEAREST_EXACT)
        share = cv2.resize(free.astype(np.float32), (width, height), interpolation=cv2.INTER_LINEAR)
        np.divide(out, share, out=out, where=(share > 0) & (share < 1))
        out[kept] = 0
    return out


def _cells(pixels: Pixels, shape: tuple[int, ...]) -> tuple[Pixels, tuple[Floats, Floats]]:
    """The cell of a smaller picture that each pixel lies in, and where it lies beside its middle, in cells."""
    numbers, rests = [], []
    for place, most, count in zip(np.divmod(pixels.where, pixels.shape[1]), pixels.shape, shape, strict=True):
        at = (place + 0.5) * (count / most)
        numbers.append(at.astype(np.int64))
        rests.append((at - numbers[-1] - 0.5).astype(np.float32))
    return Pixels(numbers[0] * shape[1] + numbers[1], (shape[0], shape[1])), (rests[0], rests[1])
