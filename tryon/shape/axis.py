"""The centre line and the half width of a limb or a torso, from the outline of its cloth.

Sections square to a first guess of the line are cut through the mask; what their ends tell of the centre and of the
half width is smoothed along the line (Whittaker, "On a new method of graduation", 1923, with weights) and the line is
moved there, a few times. Where something lies in front, an end tells only a range; where nothing is seen it tells
nothing, and the smoothing bridges the gap: an arm across the torso does not bend its coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.tryon.shape.sections import cut_sections, fit_sections

__all__ = ["Axis", "arc_lengths", "fit_axis", "resampled", "unbent"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_SECTIONS = 48  # twice as many unknowns: OpenCV solves up to a hundred on one core, always the same
_SAMPLES = 3000  # pixels of the cloth that tell where it ends
_MOVES = 5  # times the line is moved to where its sections say
_ENDS = 3  # sections at each end that tell nothing as long as the line is not square to the cut ends
_LED_BY = 10  # points that tell how a line goes on at its ends
_STIFF, _STIFF_BODY = 2.2, 5.0  # radii: bends of the line and swellings much shorter than this are noise
_KEPT, _KEPT_BODY = 0.015, 0.1  # what a distance from the first guess counts, beside a pixel at an end that is seen
_SHORT, _LONG = 1.0, 1.7  # length over width of pieces that tell no direction, and that tell it well
_DIRECTED = 3000.0  # what the direction of the first guess counts for short pieces
_SHARPEST = 0.72  # half width over radius of curvature: beyond 1 sections would cross inside the limb


@dataclass(frozen=True, eq=False)
class Axis:
    """A centre line.

    Attributes:
        points: (n, 2) float32 x, y, from top to bottom, evenly spaced.
        radius: (n,) float32, half widths of the cloth's body, seen or bridged.
    """

    points: Floats
    radius: Floats


def fit_axis(
    start: npt.ArrayLike, cloth: Mask, hidden: Mask | None = None, *, reach: float = 0.0, body: bool = False
) -> Axis:
    """The centre line of a piece of cloth.

    Args:
        start: (k, 2) x, y, k ≥ 2, a first guess from top to bottom: joints, or the ends of the mask.
        cloth: (h, w) bool, the cloth that is seen; not empty.
        hidden: (h, w) bool, where it may go on unseen; None: nowhere.
        reach: Half the largest width of a section in pixels, 0: as the mask's area tells.
        body: Whether it is a torso or a skirt: these bend less than limbs, and the first guess is worth more.
    """
    stiff, kept = (_STIFF_BODY, _KEPT_BODY) if body else (_STIFF, _KEPT)
    y, x = np.nonzero(cloth)
    points = np.stack([x, y], 1)[:: 1 + len(x) // _SAMPLES].astype(np.float64) + 0.5
    line = first = _spanning(resampled(np.asarray(start, np.float64), _SECTIONS), points)
    length = float(arc_lengths(line)[-1])
    if not reach:
        reach = max(2.2 * float(np.count_nonzero(cloth)) / max(length, 1.0), 4.0)
    reach = min(reach, float(np.hypot(*cloth.shape)))
    shape = np.zeros(cloth.shape, np.uint8) if hidden is None else hidden.astype(np.uint8)
    shape[cloth] = 2
    radius, tilt = np.full(_SECTIONS, reach / 4), 0.0
    for move in range(_MOVES):
        normal = _normals(line)
        low, high, free = cut_sections(shape, line, normal, reach, max(_ENDS - move, 1))
        guess = _beside(line, normal, first)
        if not move:
            tilt = _tilt(low, free, length)
        centre, radius = fit_sections(low, high, free, guess, length / (_SECTIONS - 1), stiff, kept, tilt)
        line = _led_out(line + normal * centre[:, None], max(_ENDS - move, 2), 1 if body else 2)
        line = unbent(resampled(line, _SECTIONS), radius)
        if move < _MOVES - 1:
            line = _spanning(line, points)
        length = float(arc_lengths(line)[-1])
    return Axis(line.astype(np.float32), np.maximum(radius, 1.0).astype(np.float32))


def arc_lengths(line: Doubles | Floats) -> Doubles:
    """(n,) length of a polyline (n, 2) from its first point to each."""
    return np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(np.asarray(line, np.float64), axis=0).T))])


def resampled(line: Doubles, count: int) -> Doubles:
    """(count, 2) points evenly spaced along a polyline; a line of no length becomes one of a pixel downwards."""
    at = arc_lengths(line)
    if at[-1] < 1e-6:
        line, at = np.array([line[0], line[0] + (0.0, 1.0)]), np.array([0.0, 1.0])
    even = np.linspace(0, at[-1], count)
    return np.stack([np.interp(even, at, line[:, 0]), np.interp(even, at, line[:, 1])], 1)


def unbent(line: Doubles, radius: Doubles) -> Doubles:
    """The line with its sharp bends rounded, until sections no longer cross within the limb."""
    for _ in range(60):
        step = float(arc_lengths(line)[-1]) / (len(line) - 1)
        turn = np.abs(_turns(line)) / max(step, 1e-6) * radius
        if turn.max(initial=0) <= _SHARPEST:
            break
        # More and more of the neighbourhood of each sharp bend is averaged; straight stretches stay as they are.
        share = np.clip(turn / _SHARPEST, 0, 1)
        around = np.lib.stride_tricks.sliding_window_view(np.pad(share, 3, "wrap"), 7)
        share = around.max(axis=1)[1:-1, None] * 0.5
        line = line.copy()
        line[1:-1] += share * ((line[:-2] + line[2:]) / 2 - line[1:-1])
    return resampled(line, len(line))


def _turns(line: Doubles) -> Doubles:
    """(n,) angle in radians by which the line turns at each point; those at the ends turn like their neighbours."""
    d = np.diff(line, axis=0)
    angle = np.arctan2(d[:-1, 0] * d[1:, 1] - d[:-1, 1] * d[1:, 0], (d[:-1] * d[1:]).sum(1))
    return np.pad(angle, 1, mode="edge")


def _normals(line: Doubles) -> Doubles:
    """(n, 2) unit vectors square to the line: to the right of the picture for a line downwards."""
    d = np.gradient(line, axis=0)
    d /= np.maximum(np.hypot(d[:, 0], d[:, 1]), 1e-9)[:, None]
    return np.stack([d[:, 1], -d[:, 0]], 1)


def _led_out(line: Doubles, count: int, degree: int) -> Doubles:
    """The line with its first and last points where its bend leads: no section tells where they are."""
    out = line.copy()
    at = np.arange(count, count + _LED_BY, dtype=np.float64)
    ahead = np.arange(count, dtype=np.float64)
    middle = at.mean()
    basis, new = (np.stack([(t - middle) ** k for k in range(degree + 1)], 1) for t in (at, ahead))
    for end in (out, out[::-1]):
        for c in (0, 1):
            known = end[count : count + _LED_BY, c]
            end[:count, c] = new @ np.linalg.lstsq(basis, known, rcond=None)[0]
    return out


def _spanning(line: Doubles, points: Doubles) -> Doubles:
    """The line, gone on straight at both ends or cut, so that it spans cloth at points (k, 2)."""
    length = float(arc_lengths(line)[-1])
    far = 1.5 * float(points.max())
    # Ends are told over a few sections: a single one may point anywhere.
    head, tail = (line[0] - line[4], line[-1] - line[-5])
    head, tail = (v / max(float(np.hypot(*v)), 1e-9) for v in (head, tail))
    at_head, at_tail = (points - line[0]) @ head, (points - line[-1]) @ tail
    before, after = at_head > 0, at_tail > 0
    ahead = float(np.quantile(at_head, 0.998)) if before.mean() > 0.002 else 0.0
    behind = float(np.quantile(at_tail, 0.998)) if after.mean() > 0.002 else 0.0
    parts = [line]
    if ahead > 0.5:
        parts.insert(0, (line[0] + min(ahead, far) * head)[None])
    if behind > 0.5:
        parts.append((line[-1] + min(behind, far) * tail)[None])
    out = np.concatenate(parts)
    if ahead <= 0 or behind <= 0:  # the guess may reach beyond the cloth, as arms reach out of short sleeves
        near = _nearest(points[:: 1 + len(points) // 1000], line)
        near_low, near_high = np.quantile(near, [0.002, 0.998])
        at = arc_lengths(out)
        start = float(arc_lengths(line)[int(near_low)]) if ahead <= 0 else 0.0
        end = float(at[-1]) if behind > 0 else length * int(near_high + 0.999) / (len(line) - 1)
        fine = resampled(out, 8 * _SECTIONS)
        keep = (arc_lengths(fine) >= start - 1e-9) & (arc_lengths(fine) <= max(end, start + 2) + 1e-9)
        out = fine[keep] if np.count_nonzero(keep) > 1 else fine
    return resampled(out, _SECTIONS)


def _tilt(low: Doubles, free: Doubles, length: float) -> float:
    """What the first guess of the direction counts: much where a piece is wider than long, nothing where it is long."""
    seen = (free > 0).all(0)
    if not seen.any():
        return _DIRECTED
    share = length / max(float(np.median((low[1] - low[0])[seen])), 1.0)
    return _DIRECTED * float(np.clip((_LONG - share) / (_LONG - _SHORT), 0, 1)) ** 2


def _beside(line: Doubles, normal: Doubles, other: Doubles) -> Doubles:
    """(n,) how far another line lies beside each point of a line, along its normals."""
    return np.asarray(((other[_nearest(line, other)] - line) * normal).sum(1))


def _nearest(points: Doubles, line: Doubles) -> npt.NDArray[np.int64]:
    """(k,) which of the points of a line (n, 2) is the nearest to each point (k, 2)."""
    x, y = (points[:, c : c + 1] - line[:, c] for c in (0, 1))
    return np.asarray((x * x + y * y).argmin(1), np.int64)
