"""Threads on cloth that widens downwards: a skirt, the lower part of a coat.

A cone is cut from a flat ring: about its axis the threads turn by the sine of its angle times the angle around it.
Where the angle changes along the axis no flat cloth fits exactly; the map whose gradient comes nearest to the turned
threads everywhere is found on a grid over height and angle, with free borders (as in Poisson editing: Perez et al.,
SIGGRAPH 2003, and stitched parameterisations: Sheffer et al., "ABF++", TOG 2005).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dressform.tryon.shape.frames import Frame
from dressform.tryon.shape.grid_solve import integrate

__all__ = ["fan_out"]

Floats = npt.NDArray[np.float32]
_AROUND = 25  # nodes over the angles -90° to 90° and a little more
_WIDE = 1.25  # half of that range over 90°


def fan_out(frame: Frame, distance: Floats, angle: Floats) -> Floats:
    """What to add to the plain coordinates of a tube so that its threads fan out with its flare.

    Args:
        frame: The tube; without any flare the answer is 0.
        distance: (k,) along its axis, pixels from its first point.
        angle: (k,) around it, radians, 0 in front, as stretched as the tube's own u / radius.

    Returns:
        (k, 2) float32 to be added to u and v, 0 on the axis in u.
    """
    out = np.zeros((len(distance), 2), np.float32)
    if not frame.flare.any():
        return out
    count = len(frame.radius)
    angles = np.linspace(-_WIDE * np.pi / 2, _WIDE * np.pi / 2, _AROUND)
    high, wide = frame.length / (count - 1), float(angles[1] - angles[0])
    radius = frame.radius.astype(np.float64)
    turned = frame.flare[:, None] * angles
    # Per node of the grid: what u and v grow by from it to the next one, around and down the tube, beyond the plain
    # tube's (radius, 0) and (0, 1), and beyond what the plain u grows by because the radius does.
    mid = 0.5 * (turned[:, 1:] + turned[:, :-1])
    around = np.stack([np.cos(mid) - 1, -np.sin(mid)]) * radius[:, None] * wide
    mid = 0.5 * (turned[1:] + turned[:-1])
    slant = 1 / np.sqrt(np.maximum(1 - (0.5 * (frame.flare[1:] + frame.flare[:-1])) ** 2, 0.25))[:, None]
    down = np.stack([np.sin(mid) * slant * high - np.diff(radius)[:, None] * angles, (np.cos(mid) * slant - 1) * high])
    # Errors count by the area of cloth that they spoil.
    cell = (high / (radius * wide))[:, None]
    field = integrate(around, down, np.ones((count, _AROUND), np.bool_), (cell, 1 / cell))
    middle = _AROUND // 2
    field[0] -= field[0, :, middle : middle + 1]
    field[1] -= field[1, 0, middle]
    row = np.clip(distance / max(high, 1e-9), 0, count - 1)
    column = np.clip((angle - angles[0]) / wide, 0, _AROUND - 1)
    i, j = np.minimum(row.astype(np.int64), count - 2), np.minimum(column.astype(np.int64), _AROUND - 2)
    y, x = row - i, column - j
    for c in (0, 1):
        f = field[c]
        out[:, c] = (f[i, j] * (1 - x) + f[i, j + 1] * x) * (1 - y) + (f[i + 1, j] * (1 - x) + f[i + 1, j + 1] * x) * y
    return out
