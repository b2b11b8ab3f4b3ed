"""Outlines of masks and of soft coverage, as few smooth cubics; and how far lower layers reach under upper ones.

Marching squares (Lorensen and Cline, "Marching Cubes", SIGGRAPH 1987, in two dimensions) at one half of
the blurred coverage; Gaussian smoothing along the arc between corners, twice, the second time of what the
first one took away, so that nothing shrinks (twicing: Tukey, "Exploratory Data Analysis", 1977); Schneider's fit.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.fitting import Polyline, find_corners, fit_curves
from dressform.avatar.paths import Path
from dressform.parsing.errors import OptionError

__all__ = ["dilate_under", "marching_squares", "trace"]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Field = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
_FINE = 48  # px; a region of a smaller side is enlarged to about this before it is traced
_VANISHED = 0.7  # share of the area that has to survive the blur
# Sides of a marching square, and for each case the lines through it: the area lies to the right of a line. Cases sum
# the corners above the level: 1 upper left, 2 upper right, 4 lower right, 8 lower left. 16, 17: 5 and 10, joined.
_TOP, _RIGHT, _BOTTOM, _LEFT = range(4)
_LINES = (
    (1, _TOP, _LEFT), (2, _RIGHT, _TOP), (3, _RIGHT, _LEFT), (4, _BOTTOM, _RIGHT), (5, _TOP, _LEFT),
    (5, _BOTTOM, _RIGHT), (6, _BOTTOM, _TOP), (7, _BOTTOM, _LEFT), (8, _LEFT, _BOTTOM), (9, _TOP, _BOTTOM),
    (10, _RIGHT, _TOP), (10, _LEFT, _BOTTOM), (11, _RIGHT, _BOTTOM), (12, _LEFT, _RIGHT), (13, _TOP, _RIGHT),
    (14, _LEFT, _TOP), (16, _TOP, _RIGHT), (16, _BOTTOM, _LEFT), (17, _LEFT, _TOP), (17, _RIGHT, _BOTTOM),
)  # fmt: skip


def trace(
    coverage: npt.NDArray[Any], *, detail: float = 0.5, scale: float = 1.0, origin: tuple[float, float] = (0.0, 0.0)
) -> Path:
    """The outline of a region.

    Pieces and holes that are tiny beside the region are left out. Where the region touches the border of the
    array, the outline runs straight along it. The same input gives the same path.

    Args:
        coverage: (H, W) bool, or float 0..1: how much of each pixel the region covers, or how probable it is there.
            A soft one gives the smoother outline.
        detail: 0..1; 0 keeps the gesture in the fewest curves, 1 follows everything that is no noise.
        scale: Size of a pixel in units of the path.
        origin: Where the array's upper left corner lies in units of the path; x, y.

    Returns:
        Closed curves, outer ones clockwise as seen, holes the other way. Pixel (x, y) covers x..x+1, y..y+1,
        before scale and origin. Empty if no pixel is covered by half.

    Raises:
        OptionError: The coverage is not as described or ``detail`` is out of range.
    """
    if coverage.ndim != 2 or coverage.dtype.kind not in "bf" or not coverage.size:
        got = f"{coverage.dtype} {coverage.shape}"
        raise OptionError("bad coverage to trace", got=got, allowed="(H, W) bool or float 0..1, H, W >= 1")
    if not 0 <= detail <= 1:
        raise OptionError("detail out of range", got=detail, allowed="0 to 1")
    inside = np.ascontiguousarray(coverage >= 0.5)
    area = int(np.count_nonzero(inside))
    if not area:
        return Path(())
    plan = _plan(detail, area)
    loops: list[Floats] = []
    for blur in (plan.blur, plan.blur / 2, plan.blur / 4, 0.0):  # what is thin may need a finer brush
        loops = _loops(coverage, inside, blur)
        if sum(map(_area, loops)) > _VANISHED * area:
            break
    loops = [loop for loop in loops if abs(_area(loop)) >= plan.least * area]
    thickness = 2 * area / max(sum(_length(np.append(loop, loop[:1], 0)) for loop in loops), 1e-9)
    lines = [_smoothed(loop, plan, np.array(coverage.shape[::-1], np.float64)) for loop in loops]
    curves = fit_curves(lines, tolerance=min(plan.tolerance, max(0.2 * thickness, 0.25)))
    return Path(tuple(curves)).transformed(np.array([[scale, 0, origin[0]], [0, scale, origin[1]]]))


def dilate_under(mask: Mask, owners: Mask, reach: float) -> Mask:
    """A lower layer's mask, grown under the layers above it, so that no seam opens between them.

    Args:
        mask: (H, W) bool; where the layer is seen.
        owners: (H, W) bool; the pixels of all layers above it.
        reach: Greatest distance from the mask, in pixels.

    Returns:
        (H, W) bool: the mask, and those pixels of ``owners`` that lie within reach of it and hang together with it.
    """
    if reach <= 0 or not mask.any():
        return mask.copy()
    distance = cv2.distanceTransform((~mask).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    grown = mask | (owners & (np.asarray(distance) <= reach))
    _, pieces = cv2.connectedComponents(grown.astype(np.uint8), connectivity=4)
    return np.asarray(grown & np.isin(pieces, np.unique(pieces[mask])), np.bool_)


@dataclass(frozen=True)
class _Plan:
    """What ``detail`` comes to for a region of some size; lengths in pixels."""

    blur: float  # standard deviation, of the coverage
    slide: float  # standard deviation, along the outline
    tolerance: float  # of the fit
    angle: float  # degrees; sharper turns stay corners
    reach: float  # length of a corner's sides
    least: float  # share of the area below which pieces and holes are left out


def _plan(detail: float, area: float) -> _Plan:
    size, rough = float(np.sqrt(area)), (1 - detail) ** 1.5
    return _Plan(
        blur=min(0.6 + 0.01 * rough * size, 0.25 * size),
        slide=min(0.45 + (0.015 + 0.050 * rough) * size, 0.2 * size),
        tolerance=min(0.28 + (0.003 + 0.0090 * rough) * size, 0.1 * size),
        angle=50 + 20 * rough,
        reach=min(5 + 0.05 * rough * size, 0.3 * size),
        least=0.002 + 0.01 * rough,
    )


def _loops(coverage: npt.NDArray[Any], inside: Mask, blur: float) -> list[Floats]:
    """Raw outlines of the blurred coverage; beyond the border it goes on as at the border."""
    x, y, w, h = cv2.boundingRect(inside.view(np.uint8))
    margin = int(np.ceil(3 * blur)) + 3
    x0, y0 = max(x - margin, 0), max(y - margin, 0)
    piece: Any = np.ascontiguousarray(coverage[y0 : y + h + margin, x0 : x + w + margin], np.float32)
    piece = cv2.copyMakeBorder(piece, margin, margin, margin, margin, cv2.BORDER_REPLICATE)
    factor = int(np.clip(np.ceil(_FINE / np.sqrt(w * h)), 1, 8))
    if factor > 1:
        piece = cv2.resize(piece, None, fx=factor, fy=factor, interpolation=cv2.INTER_LINEAR)
    if blur > 0:
        piece = cv2.GaussianBlur(piece, (0, 0), blur * factor)
    piece[[0, -1]] = piece[:, [0, -1]] = 0
    return [(loop + 0.5) / factor + [x0 - margin, y0 - margin] for loop in marching_squares(piece)]


def marching_squares(field: Field, level: float = 0.5) -> list[Floats]:
    """Closed lines along which a field has the value ``level``; none is closed through the border.

    Args:
        field: (H, W) float32, below ``level`` all along the border.
        level: Of the lines.

    Returns:
        (n, 2) x, y for each line, in pixels, (0, 0) being the middle of the first; clockwise as seen around what
        is above the level.
    """
    h, w = field.shape
    above = (field >= level).view(np.uint8)
    case = above[:-1, :-1] | above[:-1, 1:] << 1 | above[1:, 1:] << 2 | above[1:, :-1] << 3
    y, x = np.nonzero((case != 0) & (case != 15))
    kind = case[y, x].astype(np.int64)
    mean = (field[y, x] + field[y, x + 1] + field[y + 1, x] + field[y + 1, x + 1]) / 4
    kind = np.where((mean >= level) & (kind == 5), 16, np.where((mean >= level) & (kind == 10), 17, kind))
    corner = y * w + x
    sides = (corner, h * w + corner + 1, corner + w, h * w + corner)  # upright ones are numbered from h w on
    rows = [(np.flatnonzero(kind == number), a, b) for number, a, b in _LINES]
    start = np.concatenate([sides[a][which] for which, a, _ in rows])
    stop = np.concatenate([sides[b][which] for which, _, b in rows])
    order = np.argsort(start)
    start, stop = start[order], stop[order]
    upright = start >= h * w
    first = np.where(upright, start - h * w, start)
    values = field.reshape(-1).astype(np.float64)
    t = (level - values[first]) / (values[first + np.where(upright, w, 1)] - values[first])
    points = np.stack([first % w + np.where(upright, 0, t), first // w + np.where(upright, t, 0)], 1)
    following = np.searchsorted(start, stop).tolist()
    seen, loops = bytearray(len(following)), []
    for k in range(len(following)):
        if not seen[k]:
            loop = []
            while not seen[k]:
                seen[k] = 1
                loop.append(k)
                k = following[k]
            loops.append(points[loop])
    return loops


def _smoothed(loop: Floats, plan: _Plan, limit: Floats) -> Polyline:
    """The loop without its steps of pixels, corners kept, straight along the border of the image."""
    step = float(np.clip(plan.slide / 2, 0.1, 1.5))
    loop, fixed = _clipped(loop, limit)
    at_border = len(fixed) > 0
    if not at_border:
        loop = _even(np.append(loop, loop[:1], 0), step)[:-1]
        fixed = find_corners(_slid(loop, 1 / step, closed=True), reach=plan.reach, angle=plan.angle)
        if not len(fixed):
            return Polyline(_slid(loop, plan.slide / step, closed=True), fixed)
        loop = _sharpened(loop, fixed, plan.blur, step)
    loop = np.roll(loop, -fixed[0], 0)
    loop, fixed = np.append(loop, loop[:1], 0), np.append(fixed - fixed[0], len(loop))
    parts: list[Floats] = []
    corners: list[int] = []
    count = 0
    for a, b in pairwise(fixed.tolist()):
        part, inner = loop[a : b + 1], []
        if not at_border:
            part = _slid(part, plan.slide / step)
        elif ((part == 0) | (part == limit)).all(0).any():
            part = part[[0, -1]]
        else:
            part = _even(part, step)
            found = find_corners(_slid(part, 1 / step), reach=plan.reach, angle=plan.angle, closed=False)
            inner, cuts = found.tolist(), [0, *found.tolist(), len(part) - 1]
            part = _sharpened(part, found, plan.blur, step, closed=False)
            for i, j in pairwise(cuts):
                part[i : j + 1] = _slid(part[i : j + 1], plan.slide / step)
        corners += [count, *(count + k for k in inner)]
        parts.append(part[:-1])
        count += len(part) - 1
    return Polyline(np.concatenate(parts), np.array(corners))


def _sharpened(points: Floats, corners: Ints, blur: float, step: float, *, closed: bool = True) -> Floats:
    """The points with each corner put where its sides would meet, as the blur has rounded it off."""
    k = int(np.ceil((1.5 * blur + 0.5) / step))
    out, n = points.copy(), len(points)
    for c in corners.tolist():
        i = np.arange(c - 2 * k, c + 2 * k + 1)
        others = corners[corners != c]
        apart = np.abs((others - c + n // 2) % n - n // 2) if closed else np.abs(others - c)
        if 4 * k >= n or (not closed and (i[0] < 0 or i[-1] >= n)) or (apart <= 2 * k).any():
            continue
        w = points[i % n]
        a, b = w[k] - w[0], w[3 * k] - w[4 * k]  # both sides, on the way to the corner
        cross = a[0] * b[1] - a[1] * b[0]
        if abs(cross) < 0.2 * np.hypot(*a) * np.hypot(*b):
            continue
        gap = w[3 * k] - w[k]
        t, u = (gap[0] * b[1] - gap[1] * b[0]) / cross, (gap[0] * a[1] - gap[1] * a[0]) / cross
        tip = w[k] + t * a
        if t > 0 and u > 0 and np.hypot(*(tip - w[2 * k])) < 2 * blur + 0.5:
            share = np.linspace(0, 1, k + 1)[:, None]
            out[i[k : 2 * k + 1] % n] = w[k] + share * (tip - w[k])
            out[i[2 * k : 3 * k + 1] % n] = tip + share * (w[3 * k] - tip)
    return out


def _clipped(loop: Floats, limit: Floats) -> tuple[Floats, Ints]:
    """The loop inside the image, and the indices of its points where a run along the border begins or ends."""
    if (loop >= 0).all() and (loop <= limit).all():
        return loop, np.zeros(0, np.int64)
    for axis in (0, 1):
        for bound in (0.0, limit[axis]):
            after = np.roll(loop, -1, 0)
            a, b = loop[:, axis] - bound, after[:, axis] - bound
            cross = np.flatnonzero(a * b < 0)
            new = loop[cross] + (a[cross] / (a[cross] - b[cross]))[:, None] * (after - loop)[cross]
            new[:, axis] = bound
            loop = np.insert(loop, cross + 1, new, 0)
    loop = np.clip(loop, 0, limit)
    loop = loop[np.any(loop != np.roll(loop, 1, 0), axis=1)]
    on = np.concatenate([loop == 0, loop == limit], 1)
    return loop, np.flatnonzero(((on & np.roll(on, -1, 0)) != (on & np.roll(on, 1, 0))).any(1))


def _length(points: Floats) -> float:
    return float(np.hypot(*np.diff(points, axis=0).T).sum())


def _area(loop: Floats) -> float:
    x, y = loop.T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def _even(points: Floats, step: float) -> Floats:
    """Points at even distances of about ``step`` along the line, the ends included."""
    along = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    at = np.linspace(0, along[-1], max(int(np.ceil(along[-1] / step)), 4) + 1)
    return np.stack([np.interp(at, along, points[:, 0]), np.interp(at, along, points[:, 1])], 1)


def _slid(points: Floats, sigma: float, *, closed: bool = False) -> Floats:
    """The points smoothed along the line; the ends of an open one stay."""
    radius = min(int(np.ceil(3 * sigma)), len(points) - 1)
    weight = np.exp(-0.5 * (np.arange(-radius, radius + 1) / sigma) ** 2)
    weight /= weight.sum()

    def soft(p: Floats) -> Floats:
        if closed:
            wide = np.concatenate([p[-radius:], p, p[:radius]])
        else:
            wide = np.concatenate([2 * p[0] - p[radius:0:-1], p, 2 * p[-1] - p[-2 : -radius - 2 : -1]])
        return np.stack([np.convolve(wide[:, 0], weight, "valid"), np.convolve(wide[:, 1], weight, "valid")], 1)

    once = soft(points)
    return once + soft(points - once)
