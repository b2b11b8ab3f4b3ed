"""Coverage drawn together where neighbours look alike, the surer ones weighing more: a bilateral average.

Tomasi, Manduchi, "Bilateral filtering for gray and color images", ICCV 1998, repeated on the pixels of a border.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dressform.tryon.gather import Pixels, dot, planes

__all__ = ["CLEAR", "smooth"]

Floats = npt.NDArray[np.float32]

CLEAR = 0.02
"""Coverage that is taken for none, and lack of it that is taken for full."""
_ROUNDS, _HOLD, _SAME = 4, 16.0, 0.05  # of the smoothing: rounds, weight of a pixel's own value, spread of sRGB


def smooth(
    out: Floats, shown: npt.NDArray[np.uint8], pixels: Pixels, share: Floats, trust: Floats, reach: int = 2
) -> None:
    """Jacobi rounds of a bilateral average, in place, and what is nearly none or all made so.

    Args:
        out: (h, w) float32, coverage in the whole window.
        shown: (h, w, 3) uint8 sRGB.
        pixels: Those to work on.
        share: (n,) their coverage as it was found.
        trust: (n,) 0..1.
        reach: Of the average, in pixels.
    """
    span = range(-reach, reach + 1)
    steps = tuple((dy, dx) for dy in span for dx in span if (dy, dx) != (0, 0))
    flat = out.reshape(-1)
    sure = np.ones(flat.shape, np.float32)
    sure[pixels.where] = trust
    own = planes(shown, pixels.where)
    weights = []
    for (dy, dx), place in zip(steps, pixels.neighbours(steps), strict=True):
        step = planes(shown, place) - own
        near = np.float32(np.exp(-(dy * dy + dx * dx) / 4.5))
        weights.append(near * np.exp(dot(step, step) * np.float32(-0.5 / (255 * _SAME) ** 2)) * np.take(sure, place))
    hold = np.float32(_HOLD) * trust
    total = hold.copy()
    for weight in weights:
        total += weight
    for _ in range(_ROUNDS):
        pulled = hold * share
        for place, weight in zip(pixels.neighbours(steps), weights, strict=True):  # places kept would take more memory
            pulled += weight * np.take(flat, place)
        flat[pixels.where] = pulled / total
    out -= np.float32(CLEAR)
    out /= np.float32(1 - 2 * CLEAR)
    np.clip(out, 0, 1, out=out)
