"""Cutting polygons (Sutherland, Hodgman, "Reentrant polygon clipping", CACM 1974)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = ["clip_convex"]

Floats = npt.NDArray[np.float64]


def clip_convex(polygon: Floats, window: Floats) -> Floats:
    """The part of a polygon inside a convex window.

    Args:
        polygon: (n, 2), its corners in order.
        window: (m, 2), corners of a convex polygon, in either order.

    Returns:
        (k, 2); empty if nothing is inside.
    """
    out = np.asarray(polygon, np.float64)
    ring = np.asarray(window, np.float64)
    x, y = ring.T
    if np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) < 0:
        ring = ring[::-1]
    for a, b in zip(ring, np.roll(ring, -1, 0), strict=True):
        if len(out) < 3:
            return np.zeros((0, 2))
        edge = b - a
        side = edge[0] * (out[:, 1] - a[1]) - edge[1] * (out[:, 0] - a[0])
        pieces = []
        for k in range(len(out)):
            here, there = out[k - 1], out[k]
            s, t = side[k - 1], side[k]
            if (s < 0) != (t < 0):
                pieces.append(here + (there - here) * (s / (s - t)))
            if t >= 0:
                pieces.append(there)
        out = np.array(pieces).reshape(-1, 2)
    return out
