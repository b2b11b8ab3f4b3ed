"""Pen strokes side by side inside an outline: shade as a draughtsman makes it."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dressform.avatar.paths import Curve, Path
from dressform.parsing.errors import OptionError

__all__ = ["hatch"]

Floats = npt.NDArray[np.float64]
MAX_STROKES = 250
_CROSS = 72.0  # degrees from the first strokes to those across
_STRAY = 0.10  # of the spacing: how far a stroke lies off its place
_BOW = 0.10  # of the spacing: how much the bend of strokes differs
_WIDEST = 0.5  # of the spacing; so neighbours never touch, which even-odd filling would show as holes
_FEWER = 1.08  # spacing is widened a little more than the count asks for


class _Lines(NamedTuple):
    """Strokes along x in a turned frame: from ``begin`` to ``end`` at height ``y``, bent by ``rise``; half as thick."""

    begin: Floats
    end: Floats
    y: Floats
    rise: Floats
    half: Floats


def hatch(
    mask_path: Path, *, angle: float, spacing: float, width: float, seed: int, wobble: float, cross: bool = False
) -> Path:
    """Strokes inside a path: thin closed lenses, thicker where the pen is put down, that do not touch one another.

    Args:
        mask_path: Closed curves, filled by the even-odd rule.
        angle: Of the strokes, degrees clockwise from horizontal.
        spacing: From one stroke to the next in units of the path; more where there would be over 250 strokes.
        width: Of a stroke at its thickest; at most half the spacing.
        seed: Of what is random: lengths, places, bends.
        wobble: How far a stroke bends to the side, in units of the path; at most a fifth of the spacing.
        cross: Whether strokes in a second direction are added, in pieces from one first stroke to the next.

    Returns:
        One path of closed curves, empty for an empty path. Strokes leave the path by no more than their bend.

    Raises:
        OptionError: Spacing or width are not above 0, or something is not finite.
    """
    if not (0 < spacing < math.inf and 0 < width < math.inf and 0 <= wobble < math.inf and math.isfinite(angle)):
        got = f"spacing {spacing}, width {width}, wobble {wobble}, angle {angle}"
        raise OptionError("bad hatching", got=got, allowed="finite numbers, spacing and width above 0")
    x0, y0, x1, y1 = mask_path.bounds
    extent = max(x1 - x0, y1 - y0)
    if extent <= 0:
        return Path(())
    outline = [curve.flatten(extent / 2000) for curve in mask_path.curves]
    spacing = max(spacing, extent / MAX_STROKES)
    while True:
        rng = np.random.default_rng([seed % 2**63, 7])
        thick = min(width, _WIDEST * spacing)
        bend = min(wobble, 2 * _BOW * spacing)
        first = _inside(_turned(outline, -angle), spacing, thick, bend, rng)
        curves = _lenses(first)
        count = len(curves)
        if cross:  # as many pieces as there are crossings, at least about that
            count = max(count, int(0.7 * float((first.end - first.begin).sum()) / spacing))
        if cross and count <= MAX_STROKES:
            second = _inside(_turned(outline, -angle - _CROSS), spacing, thick, 0.0, rng)
            pieces = _interrupted(second, first, thick)
            curves = [_rotated(each, _CROSS) for each in pieces] + curves
            count = len(curves)
        if count <= MAX_STROKES:
            break
        spacing *= max(_FEWER, math.sqrt(count / MAX_STROKES) if cross else count / MAX_STROKES)
    return Path(tuple(Curve(_rotated(each, angle)) for each in curves))


def _rotated(points: Floats, angle: float) -> Floats:
    c, s = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    return np.asarray(points @ np.array([[c, s], [-s, c]]))


def _turned(lines: list[Floats], angle: float) -> list[Floats]:
    return [_rotated(line, angle) for line in lines]


def _inside(outline: list[Floats], spacing: float, thick: float, bend: float, rng: np.random.Generator) -> _Lines:
    """Where lines at even distances along y lie inside the polygons, by the even-odd rule."""
    edges = np.concatenate([np.stack([line, np.roll(line, -1, 0)], 1) for line in outline])
    (xa, ya), (xb, yb) = edges.transpose(1, 2, 0)
    low = float(ya.min())
    count = int((float(ya.max()) - low) / spacing) + 1
    stray = rng.uniform(-_STRAY, _STRAY, count) * spacing
    height = low + (np.arange(count) + 0.5) * spacing + stray
    # Half-open edges, so that a line through a corner crosses once and each line crosses an even number of times.
    first = np.searchsorted(height, np.minimum(ya, yb))
    after = np.searchsorted(height, np.maximum(ya, yb))
    edge = np.repeat(np.arange(len(ya)), after - first)
    line = np.arange(len(edge)) - np.repeat(np.cumsum(after - first) - after, after - first)
    x = xa[edge] + (height[line] - ya[edge]) / (yb[edge] - ya[edge]) * (xb[edge] - xa[edge])
    order = np.lexsort((x, line))
    begin, end, row = x[order][::2], x[order][1::2], line[order][::2]
    # Ends are drawn in by chance; what is too short for a stroke is left out.
    room = end - begin
    drawn = np.minimum(rng.uniform(0.05, 0.9, (2, len(room))) * spacing, 0.12 * room) + thick * 0.3
    begin, end = begin + drawn[0], end - drawn[1]
    rise = bend * (0.6 + 0.4 * rng.uniform(-1, 1, len(room))) * np.minimum(1, (end - begin) / (6 * spacing))
    kept = end - begin > max(2.5 * thick, 0.35 * spacing)
    half = thick / 2 * rng.uniform(0.75, 1.0, len(room)) * np.clip((end - begin) / (7 * thick), 0.4, 1)
    return _Lines(begin[kept], end[kept], height[row[kept]], rise[kept], half[kept])


def _lenses(lines: _Lines) -> list[Floats]:
    """Closed chains of two cubics each, thickest at the first third."""
    begin, end, y, rise, half = lines
    span = end - begin
    # A cubic with both handles raised by r bulges by 3/4 of r; by 1 and 0.55 of r it bulges by about 0.6 of r.
    high, low = half / 0.6, half / 0.6 * 0.55
    bow = rise / 0.75
    ax, bx = begin + 0.25 * span, begin + 0.7 * span
    chain = [(begin, y), (ax, y - high + bow), (bx, y - low + bow), (end, y), (bx, y + low + bow), (ax, y + high + bow)]
    points = np.stack([np.stack(point, 1) for point in (*chain, (begin, y))], 1)
    return list(points)


def _interrupted(lines: _Lines, first: _Lines, thick: float) -> list[Floats]:
    """Straight strokes cut where they meet strokes of the first direction: even-odd filling would make holes there."""
    turn, slim = math.radians(_CROSS), 0.3 * thick
    c, s = math.cos(turn), math.sin(turn)
    pieces: list[Floats] = []
    for begin, end, y in zip(lines.begin.tolist(), lines.end.tolist(), lines.y.tolist(), strict=True):
        # A point x, y of this frame is c x - s y, s x + c y in that of the first strokes.
        level, span = first.y, first.end - first.begin
        x = (level - c * y) / s
        share = (c * x - s * y - first.begin) / np.where(span > 0, span, 1)
        bent = level + 4 * first.rise * share * (1 - share)
        x = (bent - c * y) / s
        met = np.flatnonzero((share > -0.02) & (share < 1.02) & (x > begin) & (x < end))
        met = met[np.argsort(x[met], kind="stable")]
        # The first stroke's own thickness there, as seen along this one.
        t = np.clip(share[met], 0, 1)
        gap = (first.half[met] * (1 - t) * t * (5 - 2.2 * t) + slim * c) / s + 0.04 * thick
        starts, ends = np.append(begin, x[met] + gap), np.append(x[met] - gap, end)
        for a, b in zip(starts.tolist(), ends.tolist(), strict=True):
            if b - a > thick:
                pieces.append(_bar(a, b, y, slim * (0.3 if a == begin else 1), slim * (0.3 if b == end else 1)))
    return pieces


def _bar(begin: float, end: float, y: float, head: float, tail: float) -> Floats:
    corners = np.array([(begin, y - head), (end, y - tail), (end, y + tail), (begin, y + head), (begin, y - head)])
    a, b = corners[:-1], corners[1:]
    return np.concatenate([corners[:1], np.stack([a + (b - a) / 3, a + (b - a) * 2 / 3, b], 1).reshape(-1, 2)])
