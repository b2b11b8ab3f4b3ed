"""Ready-filtered levels of a picture that repeats: what its area average over a photo's pixel needs, in one atlas.

Williams, "Pyramidal parametrics", SIGGRAPH 1983, with three differences that keep fine weaves from shimmering and
from washing out: up to eight levels an octave instead of one, so that the nearest one is good enough; levels are
stored finer than a pixel, so that reading between their texels blurs little; and each is filtered once more with
the few taps that bring it, together with all that happens before and after, closest to the mean over a pixel.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["Levels", "build_levels"]

Floats = npt.NDArray[np.float32]

_REACH = 3  # texels that a level's filter reaches to each side
_ROWS = 32_000  # of the atlas; OpenCV reads pictures below 32768
_BUDGET = 1 << 19  # texels that all levels may have in any case
# Levels an octave and texels a pixel, at least: the first plan within the budget is used.
_PLANS = ((8, 2.83), (8, 2.0), (4, 2.0), (4, 1.41), (4, 1.0), (2, 1.0))
_CLOSE = 0.84  # texels a pixel below which the picture is looked at closely: smooth instead of in squares


@dataclass(frozen=True, eq=False)
class Levels:
    """One picture at several footprints.

    Attributes:
        atlas: (H, W, C) float32: the levels below one another, each with a ring of one texel that goes on as the
            cloth does.
        first: log2 of the footprint of level 0, in texels of the picture.
        per_octave: How many levels there are between a footprint and the double of it.
        width: (n,) float32: texels of one repeat across, for each level.
        height: (n,) float32: texels of one repeat down.
        left: (n,) float32: column of the atlas where a repeat begins.
        top: (n,) float32: row of the atlas where it begins.
    """

    atlas: Floats
    first: float
    per_octave: int
    width: Floats
    height: Floats
    left: Floats
    top: Floats

    def read(self, x: Floats, y: Floats, footprint: Floats) -> Floats:
        """The picture averaged around places.

        Args:
            x: (h, w) float32: place across, 0..1 of one repeat.
            y: (h, w) float32: place down, 0..1 of one repeat.
            footprint: (h, w) float32: side of a pixel, in texels of the picture, above 0.

        Returns:
            (h, w, C) float32.
        """
        number = np.log2(footprint)
        number -= np.float32(self.first)
        number *= np.float32(self.per_octave)
        np.rint(number, out=number)
        np.clip(number, 0, len(self.width) - 1, out=number)
        level = number.astype(np.uint8)
        columns = x * cv2.LUT(level, _table(self.width))
        columns += cv2.LUT(level, _table(self.left))
        rows = y * cv2.LUT(level, _table(self.height))
        rows += cv2.LUT(level, _table(self.top))
        return np.asarray(cv2.remap(self.atlas, columns, rows, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))


def build_levels(
    picture: Floats, lowest: float, highest: float, *, drop: float = 0.0, mirror: bool = False, pixels: int = 0
) -> Levels:
    """Levels of a picture for all footprints in a range.

    Args:
        picture: (h, w, C) float32 in linear light, C of 1 to 4. It repeats without end.
        lowest: Least footprint in texels of the picture, above 0.
        highest: Greatest footprint, not below ``lowest``.
        drop: How far each column of repeats stands lower than the one left of it, in shares of the height.
        mirror: Every other column and row is mirrored.
        pixels: How many will be read; the levels together have hardly more texels than that, unless detail that
            can be seen would be lost.
    """
    h, w, channels = picture.shape
    top, most = 1, 4.0 * max(h, w)
    lowest = min(max(lowest, _CLOSE - 0.1), most)
    feet, octaves, per_octave = _plan(lowest, min(max(highest, lowest), most), h, w, max(_BUDGET, pixels))
    sizes = [(_length(h, octave), _length(w, octave)) for octave in octaves]
    atlas = np.empty((sum(size[0] + 2 for size in sizes), max(size[1] for size in sizes) + 2, channels), np.float32)
    tops, bases = [], _Bases(picture, drop, mirror)
    for foot, octave, (rows, columns) in zip(feet, octaves, sizes, strict=True):
        if foot < _CLOSE:
            level = bases.smooth(octave)
        else:
            wide = bases.wide(octave)
            kernels = _kernel(foot, w / columns), _kernel(foot, h / rows)
            blurred = cv2.sepFilter2D(wide, -1, *kernels, borderType=cv2.BORDER_REPLICATE)
            level = np.asarray(blurred, np.float32).reshape(wide.shape)
        # The taps can overshoot at hard edges.
        np.clip(level[_REACH:-_REACH, _REACH:-_REACH], 0, 1, out=atlas[top - 1 : top + rows + 1, : columns + 2])
        tops.append(top)
        top += rows + 2
    height, width = np.array(sizes, np.float32).T
    # The first texel's middle lies half a texel behind the edge of the repeat, in a doubled level a whole one.
    before = np.where(np.array(octaves) < 0, 1.0, 0.5)
    return Levels(atlas, math.log2(lowest), per_octave, width, height,
                  (1 - before).astype(np.float32), (np.array(tops) - before).astype(np.float32))  # fmt: skip


def _plan(lowest: float, highest: float, h: int, w: int, budget: int) -> tuple[list[float], list[int], int]:
    """Footprints of the levels, for each the power of two that its texels measure, and the levels an octave."""
    for per_octave, finer in _PLANS:
        count = min(math.ceil(per_octave * math.log2(highest / lowest)) + 1, 256)
        feet = [lowest * 2 ** (k / per_octave) for k in range(count)]
        octaves = [max(-1 if finer > 2 else 0, math.floor(math.log2(foot / finer))) for foot in feet]
        rows = sum(_length(h, octave) + 2 for octave in octaves)
        texels = sum(_length(h, octave) * _length(w, octave) for octave in octaves)
        if rows <= _ROWS and texels <= budget:
            break
    return feet, octaves, per_octave


class _Bases:
    """The picture at the resolutions that levels are made from, each found once, and with a ring around it."""

    def __init__(self, picture: Floats, drop: float, mirror: bool) -> None:
        self._picture, self._drop, self._mirror = picture, drop, mirror
        self._plain: dict[int, Floats] = {0: picture}
        self._wide: dict[int, Floats] = {}

    def wide(self, octave: int) -> Floats:
        """Means over 2 ** octave texels, with a ring as wide as a filter reaches and one texel more.

        For octave -1 there is a texel on each of the picture's, and one halfway to the next.
        """
        if octave not in self._wide:
            wide = self._doubled((0.5, 0.5)) if octave < 0 else self._ring(self._mean(octave))
            self._wide[octave] = wide
        return self._wide[octave]

    def smooth(self, octave: int) -> Floats:
        """The same for looking at it closely: for octave -1 with smooth curves between the picture's texels."""
        return self._doubled((-1 / 16, 9 / 16, 9 / 16, -1 / 16)) if octave < 0 else self.wide(octave)

    def _mean(self, octave: int) -> Floats:
        if octave not in self._plain:
            h, w, channels = self._picture.shape
            size = _length(w, octave), _length(h, octave)
            reduced = cv2.resize(self._mean(octave - 1), size, interpolation=cv2.INTER_AREA)
            self._plain[octave] = np.asarray(reduced, np.float32).reshape(*size[::-1], channels)
        return self._plain[octave]

    def _ring(self, level: Floats) -> Floats:
        return _ring(level, _REACH + 1, self._drop, self._mirror)

    def _doubled(self, taps: tuple[float, ...]) -> Floats:
        large = self._ring(self._picture)
        for _ in range(2):  # down, then across
            count, spare = len(large), len(taps) // 2 - 1
            between = np.zeros((count - len(taps) + 1, *large.shape[1:]), np.float32)
            for k, tap in enumerate(taps):
                between += np.float32(tap) * large[k : k + len(between)]
            out = np.empty((2 * len(between), *large.shape[1:]), np.float32)
            out[0::2] = large[spare : spare + len(between)]
            out[1::2] = between
            first = 2 * (_REACH + 1 - spare) - (_REACH + 1)
            length = 2 * (count - 2 * (_REACH + 1)) + 2 * (_REACH + 1)
            large = out[first : first + length].swapaxes(0, 1)
        return np.ascontiguousarray(np.clip(large, 0, 1))


def _length(texels: int, octave: int) -> int:
    return max(1, round(texels * 0.5**octave))


def _ring(level: Floats, reach: int, drop: float, mirror: bool) -> Floats:
    """``level`` (h, w, C) with ``reach`` more texels on each side, as the cloth goes on there."""
    h, w, channels = level.shape
    if not drop and min(h, w) >= reach:
        how = cv2.BORDER_REFLECT if mirror else cv2.BORDER_WRAP
        wide = cv2.copyMakeBorder(level, reach, reach, reach, reach, how)
        return np.asarray(wide, np.float32).reshape(h + 2 * reach, w + 2 * reach, channels)
    rows, columns = np.arange(-reach, h + reach), np.arange(-reach, w + reach)
    across = _wrapped(columns, w, mirror)
    out = np.empty((len(rows), len(columns), channels), np.float32)
    turn = columns // w
    for number in range(int(turn[0]), int(turn[-1]) + 1):
        place = rows - drop * h * number
        upper = np.floor(place).astype(np.intp)
        share = (place - upper).astype(np.float32)[:, None, None]
        at = slice(*np.searchsorted(turn, (number, number + 1)))
        column = level[:, across[at]]
        above, below = column[_wrapped(upper, h, mirror)], column[_wrapped(upper + 1, h, mirror)]
        out[:, at] = above * (1 - share) + below * share if share.any() else above
    return out


def _wrapped(index: npt.NDArray[np.intp], length: int, mirror: bool) -> npt.NDArray[np.intp]:
    if not mirror:
        return np.asarray(index % length, np.intp)
    place = index % (2 * length)
    return np.asarray(np.minimum(place, 2 * length - 1 - place), np.intp)


@lru_cache(maxsize=64)
def _kernel(foot: float, texel: float) -> Floats:
    """(2 reach + 1,) float32 taps that widen a level to a footprint; both in texels of the picture.

    Least squares over the frequencies that the picture's texels can hold: what comes out of averaging into the
    level, these taps and reading between the texels, against the mean over a pixel of a picture made of squares;
    and against nothing for the copies of the spectrum that the level's own grid brings in.
    """
    frequency = np.linspace(0.01, 0.5 / min(texel, 1.0), 48)  # periods a texel of the picture
    wanted = np.sinc(frequency) * np.sinc(frequency * foot)
    halves = (1 + np.cos(np.pi * frequency)) / 2  # of means between texels
    averaged = np.sinc(frequency * texel) / np.sinc(frequency) if texel >= 1 else halves
    step = 2 * np.pi * texel * np.outer(frequency, np.arange(1, _REACH + 1))
    change = 2 * np.cos(step) - 2  # of the response, by a pair of taps that takes its weight from the middle
    rows, values = [], []
    for copy in range(-2, 3):
        through = averaged * np.sinc(frequency * texel + copy) ** 2
        rows.append(through[:, None] * change)
        values.append((wanted if copy == 0 else 0) - through)
    taps = np.linalg.lstsq(np.concatenate(rows), np.concatenate(values), rcond=None)[0]
    return np.array([*taps[::-1], 1 - 2 * taps.sum(), *taps], np.float32)


def _table(values: Floats) -> Floats:
    """(256,) float32: ``values``, and their last one for the rest."""
    return np.concatenate([values, np.full(256 - len(values), values[-1], np.float32)])
