"""A garment's picture read at the places that a fit says, averaged over what a pixel of the person's photo shows.

Williams, "Pyramidal parametrics", SIGGRAPH 1983: levels of the picture, two an octave and all in one atlas, are made
once for all panels, of the part of the picture that is seen; where it is enlarged it is read with cubic curves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Reading", "footprints", "make_reading"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_STEEPEST = 8.0  # texels a pixel over the least ones of the same panel
_SAMPLES = 40_000  # px of a panel that are looked at
_LOOK = 64  # rows of a panel on which the least ones are found
_BLUR = 1.35  # texels a pixel from which the next level is nearer
_CLOSE = 0.9  # texels a pixel below which cubic curves show
_MARGIN = 3  # texels around what is seen
_RING = 2  # rows repeated above and below a level
_ROWS = 32_000  # of an atlas: OpenCV reads pictures below 32768


@dataclass(frozen=True, eq=False)
class Reading:
    """A picture at several resolutions.

    Attributes:
        atlas: (H, W, 3) float32, levels below one another.
        corner: (x, y) of the picture at which they begin.
        first: Number of the first level: a texel of level k measures 2 ** (k / 2) of the picture's.
        across: (n,) float32 texels of the level per texel of the picture, across.
        down: (n,) float32, down.
        top: (n,) float32 row of the atlas where the level begins.
        rows: (n,) float32 how many it has; a few more around it repeat its edge.
        close: Whether the picture is enlarged somewhere.
    """

    atlas: Floats
    corner: tuple[int, int]
    first: int
    across: Floats
    down: Floats
    top: Floats
    rows: Floats
    close: bool

    def at(self, source: Floats, footprint: Floats) -> Floats:
        """(h, w, 3) float32: the picture at places (h, w, 2); the middle of its pixel (i, j) is (j + 0.5, i + 0.5)."""
        x, y = (source[..., k] - np.float32(self.corner[k]) for k in (0, 1))
        level = np.rint(_level(footprint)) - np.float32(self.first)
        number = np.clip(level, 0, len(self.top) - 1).astype(np.uint8)
        x *= cv2.LUT(number, _table(self.across))
        y *= cv2.LUT(number, _table(self.down))
        np.clip(y, 0.5, cv2.LUT(number, _table(self.rows - np.float32(0.5))), out=y)  # not into the level below
        y += cv2.LUT(number, _table(self.top))
        x -= np.float32(0.5)
        y -= np.float32(0.5)
        how = cv2.INTER_CUBIC if self.close else cv2.INTER_LINEAR
        found = np.asarray(cv2.remap(self.atlas, x, y, how, borderMode=cv2.BORDER_REPLICATE), np.float32)
        return np.maximum(found, 0, out=found)  # curves can overshoot


def make_reading(picture: Floats, sources: Sequence[tuple[Floats, Floats, Mask]]) -> Reading | None:
    """Levels of a picture as far as it is seen.

    Args:
        picture: (h, w, 3) float32.
        sources: For each panel (h', w', 2) float32 places in the picture, (h', w') float32 :func:`footprints` of
            pixels, and (h', w') bool where it is seen.

    Returns:
        None if nothing of it is seen.
    """
    seen, apart = [], 1
    for source, foot, there in sources:
        step = max(1, round((there.size / _SAMPLES) ** 0.5))
        few = there[::step, ::step]
        if few.any():
            seen.append((source[::step, ::step][few], foot[::step, ::step][few]))
            apart = max(apart, step)
    if not seen:
        return None
    h, w = picture.shape[:2]
    low = np.min([place.min(0) for place, _ in seen], axis=0)
    high = np.max([place.max(0) for place, _ in seen], axis=0)
    least, most = (end([float(end(foot)) for _, foot in seen]) for end in (np.min, np.max))
    first, last = (max(int(np.rint(_level(np.array(foot)))), 0) for foot in (least, most))
    margin = np.ceil((_MARGIN + apart) * 2 ** (last / 2))
    x0, y0 = (int(np.clip(v - margin, 0, side - 1)) for v, side in zip(low, (w, h), strict=True))
    x1, y1 = (int(np.clip(v + margin + 1, at + 1, side)) for v, at, side in zip(high, (x0, y0), (w, h), strict=True))
    whole = np.ascontiguousarray(picture[y0:y1, x0:x1])
    size = whole.shape[:2]
    made: list[Floats] = []
    for k in range(first, last + 1):
        rows, columns = (max(round(side * 2 ** (-k / 2)), 1) for side in size)
        if sum(len(level) for level in made) + rows + 2 * _RING > _ROWS:
            break
        base = made[-2] if len(made) > 1 else whole
        small = (
            base
            if base.shape[:2] == (rows, columns)
            else cv2.resize(base, (columns, rows), interpolation=cv2.INTER_AREA)
        )
        made.append(np.asarray(small, np.float32))
    across, down = (np.array([level.shape[axis] / size[axis] for level in made], np.float32) for axis in (1, 0))
    rows_of = np.array([len(level) for level in made])
    top = np.cumsum([0, *(rows_of[:-1] + 2 * _RING)]) + _RING
    atlas = np.empty((int(rows_of.sum()) + 2 * _RING * len(made), made[0].shape[1], 3), np.float32)
    for start, level in zip(top.tolist(), made, strict=True):
        around = (_RING, _RING, 0, atlas.shape[1] - level.shape[1])
        part = atlas[start - _RING : start + len(level) + _RING]
        part[:] = cv2.copyMakeBorder(level, *around, cv2.BORDER_REPLICATE)
    return Reading(
        atlas, (x0, y0), first, across, down, top.astype(np.float32), rows_of.astype(np.float32), least < _CLOSE
    )


def footprints(source: Floats) -> Floats:
    """(h, w) float32: texels that a pixel takes, in the root mean square of both ways, within reason."""
    square = np.empty(source.shape[:2], np.float32)
    across, down = source[:, 1:] - source[:, :-1], source[1:] - source[:-1]
    square[:, :-1] = across[..., 0] ** 2 + across[..., 1] ** 2
    square[:, -1] = square[:, -2] if source.shape[1] > 1 else 1
    step = down[..., 0] ** 2 + down[..., 1] ** 2
    square[:-1] += step
    square[-1:] += step[-1:] if len(step) else 1
    foot = np.asarray(np.sqrt(square * np.float32(0.5)), np.float32)
    least = max(float(np.quantile(foot[:: 1 + len(foot) // _LOOK], 0.05)), 1e-3)
    return np.clip(foot, np.float32(least), np.float32(_STEEPEST * least), out=foot)


def _level(footprint: Floats) -> Floats:
    return np.asarray(2 * np.log2(footprint * np.float32(1 / _BLUR)), np.float32)


def _table(values: Floats) -> Floats:
    """(256,) float32: values, and their last one for the rest."""
    return np.concatenate([values, np.full(256 - len(values), values[-1], np.float32)])
