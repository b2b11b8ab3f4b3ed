"""Outlines as a hand draws them: unsteady, swelling and thinning like ink, in strokes, more than once."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from dressform.avatar.draw.chains import (
    between,
    corner_joints,
    cubic_lengths,
    distances,
    divided,
    left,
    offset,
    tangents,
    tip,
    unit,
)  # fmt: skip
from dressform.avatar.paths import Curve, Path, contains
from dressform.parsing.errors import OptionError

__all__ = ["contour_strokes", "wobbled"]

Floats = npt.NDArray[np.float64]
_CORNER = 42.0  # degrees; a sharper bend ends a stroke
_SWAY = 60.0  # widths of the line from one sway to the next
_SHARP = 100.0  # degrees; a line gets thin towards a bend sharper than that
_WAVES = 5  # in the noise along a line
_LONGEST = 0.42  # of the way around: a sketched stroke


def wobbled(path: Path, amount: float, seed: int, scale: float = 0.15) -> Path:
    """The path moved to and fro along its way by smooth noise; joints stay joined, smooth ones smooth.

    Args:
        path: Any.
        amount: How far points leave their place, about; in units of the path. Curves shorter than twice ``scale`` get
            less.
        seed: Of the noise.
        scale: About how far it is from one sway to the next, in units of the path.

    Raises:
        OptionError: The amount is below 0, the scale not above 0, or one is not finite.
    """
    if not (0 <= amount < math.inf and 0 < scale < math.inf):
        got = f"amount {amount}, scale {scale}"
        raise OptionError("bad wobble", got=got, allowed="finite numbers, amount 0 or more, scale above 0")
    if amount == 0:
        return path
    curves = (_swayed(curve, amount, scale, [seed % 2**63, k]) for k, curve in enumerate(path.curves))
    return Path(tuple(curves))


def _swayed(curve: Curve, amount: float, scale: float, seed: list[int]) -> Curve:
    points = divided(curve.points, scale * 0.6)
    at = distances(points)
    total = float(at[-1])
    if total <= 0:
        return curve
    amount = amount * min(1.0, total / (2 * scale))
    shift, slope = _noise(at, total, scale, curve.closed, np.random.default_rng(seed))
    shift, slope = shift * amount, slope * amount
    moved = points.copy()
    moved[::3] += shift
    # A handle of length h along the line moves with its point and turns as the noise's slope asks for.
    for handle, joint in ((1, 0), (2, 1)):
        knot = slice(joint, len(at) - 1 + joint)
        reach = np.linalg.norm(points[handle::3] - points[::3][knot], axis=1)[:, None] * (1 if joint == 0 else -1)
        moved[handle::3] += shift[knot] + slope[knot] * reach
    if curve.closed:
        moved[-1] = moved[0]
    return Curve(moved, curve.closed)


def _noise(at: Floats, total: float, scale: float, closed: bool, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """(n, 2) noise along a line, of about 1, and its slope; it closes where the line does."""
    spread = np.linspace(0.45, 1.25, _WAVES)
    waves = total / scale * spread
    if closed:
        waves = np.maximum(1, np.round(waves))
    turns = 2 * np.pi * waves / total
    phase, weight = rng.uniform(0, 2 * np.pi, (2, _WAVES)), rng.uniform(0.6, 1.4, (2, _WAVES))
    weight /= np.sqrt((weight**2).sum(1, keepdims=True) / 2) * 1.3
    angle = at[:, None, None] * turns + phase
    return (weight * np.sin(angle)).sum(2), (weight * np.cos(angle) * turns).sum(2)


def contour_strokes(
    path: Path,
    width: float,
    *,
    taper: bool,
    wobble: float,
    strokes: int,
    seed: int,
    light: tuple[float, float] = (-0.6, -0.8),
) -> tuple[Path, ...]:
    """The path's outline as ink: ribbons to be filled, thin on the lit side and swelling on the other one.

    Drawn once, a closed curve becomes a ring. Drawn more often, each time it is other strokes, which end at corners,
    some of them a little later, with another wobble.

    Args:
        path: Any; closed curves inside others are holes.
        width: Of the line in units of the path; 0 or less gives nothing.
        taper: Whether lines swell and thin.
        wobble: How far lines leave their way, in units of the path.
        strokes: How often the outline is drawn, 1 to 8.
        seed: Of what is random.
        light: Towards the light.

    Returns:
        A path for each time, of closed curves that do not overlap, so that each can be filled by the even-odd rule.

    Raises:
        OptionError: A number is out of range.
    """
    if not (math.isfinite(width) and 0 <= wobble < math.inf and 1 <= strokes <= 8 and np.isfinite(light).all()):
        got = f"width {width}, wobble {wobble}, strokes {strokes}, light {light}"
        raise OptionError("bad outline", got=got, allowed="finite numbers, 1 to 8 strokes")
    if width <= 0:
        return ()
    sunny = np.array(light) / max(math.hypot(*light), 1e-9)
    outward = _outward(path)
    x0, y0, x1, y1 = path.bounds
    scale = max(_SWAY * width, (x1 - x0 + y1 - y0) / 80)
    passes = []
    for k in range(strokes):
        moved = wobbled(path, wobble * (1 if k == 0 else 1.2), seed + 7919 * k, scale) if scale else path
        share = 1.0 if strokes == 1 else (0.85, 0.6)[min(k, 1)]
        ribbons: list[Curve] = []
        for number, curve in enumerate(moved.curves):
            rng = np.random.default_rng([seed % 2**63, k, number])
            ink = _Ink(width / 2 * share, taper, sunny, outward[number], rng)
            ribbons += ink.outline(curve) if strokes == 1 else ink.sketch(curve)
        passes.append(Path(tuple(ribbons)))
    return tuple(passes)


def _outward(path: Path) -> list[int]:
    """For each curve 1 or -1: whether its left side, as seen walking along it, is outside."""
    lines = [curve.flatten(max(path.bounds[2] - path.bounds[0], 1e-6) / 200) for curve in path.curves]
    signs = []
    for k, line in enumerate(lines):
        x, y = line.T
        clockwise = float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) > 0
        depth = sum(contains(other, line[0]) for j, other in enumerate(lines) if j != k and path.curves[j].closed)
        signs.append(1 if clockwise == (depth % 2 == 0) else -1)
    return signs


class _Ink:
    """Draws ribbons along curves.

    Attributes:
        half: Half of the line's width.
        taper: Whether it swells and thins.
        light: Towards the light.
        outside: 1 where curves have the outside to their left, -1 to their right.
    """

    def __init__(self, half: float, taper: bool, light: Floats, outside: int, rng: np.random.Generator) -> None:
        self.half, self.taper, self.light, self.outside, self.rng = half, taper, light, outside, rng

    def outline(self, curve: Curve) -> list[Curve]:
        """A ring around a closed curve, a ribbon along an open one."""
        if not curve.closed:
            return self.ribbon(curve.points, (0.3, 0.3))
        total = float(cubic_lengths(curve.points).sum())
        points = divided(curve.points, total / 4)
        into, out = tangents(points)
        arrive, leave = np.roll(into, 1, 0), out  # at each point but the last
        turn = np.degrees(np.arccos(np.clip((arrive * leave).sum(1), -1, 1)))
        middle = unit(arrive + leave)
        mitre = 1 / np.maximum(np.cos(np.radians(turn) / 2), 0.7)
        half = self.widths(middle, points[:-1:3], closed=True) * np.where(turn > _SHARP, 0.45, 1)
        normal = left(middle) * mitre[:, None]
        ends = [np.concatenate([side, side[:1]]) for side in (normal, half[:, None])]
        sides = [Curve(offset(points, ends[0] * ends[1] * side)) for side in (self.outside, -self.outside)]
        x, y = points[::3].T
        thick = abs(float(x[:-1] @ y[1:] - x[1:] @ y[:-1])) / max(total, 1e-12)  # twice the area over the way around
        return sides if thick > 1.5 * self.half else sides[:1]  # a dot has no room for a line on both sides

    def sketch(self, curve: Curve) -> list[Curve]:
        """Ribbons from corner to corner, not longer than a part of the way around."""
        points, total = curve.points, float(cubic_lengths(curve.points).sum())
        if total <= 6 * self.half:
            return self.outline(curve)
        points = divided(points, total / 7)
        n = (len(points) - 1) // 3
        corners = corner_joints(points, _CORNER, closed=curve.closed)
        if curve.closed:
            first = int(corners[0]) if len(corners) else int(self.rng.integers(n))
            points = np.concatenate([points[3 * first :], points[1 : 3 * first + 1]])
            corners = (corners - first) % n
        cuts = sorted({0, n, *corners.tolist()})
        at = distances(points)
        strokes: list[Curve] = []
        for a, b in pairwise(cuts):
            parts = max(1, math.ceil((at[b] - at[a]) / (_LONGEST * total)))
            ends = [a, *(int(np.searchsorted(at, at[a] + (at[b] - at[a]) * k / parts)) for k in range(1, parts)), b]
            for i, j in pairwise(ends):
                if j > i:
                    strokes += self.stroke(points[3 * i : 3 * j + 1], corner=j == b and b in corners)
        return strokes

    def stroke(self, points: Floats, *, corner: bool) -> list[Curve]:
        """A ribbon that begins a little late, and ends a little late where it ends at a corner."""
        length = float(cubic_lengths(points).sum())
        if length <= 0:
            return []
        late = min(self.half * 2.2 / length, 0.25)
        points = between(points, late, 1.0 if corner else 1 - late / 3)
        if corner:
            along = unit(points[-1:] - points[-2:-1])[0] if (points[-1] != points[-2]).any() else np.zeros(2)
            far = along * min(self.half * self.rng.uniform(2, 7), 0.12 * length)
            extra = points[-1] + far * np.array([[1 / 3], [2 / 3], [1]])
            points = np.concatenate([points, extra])
        return self.ribbon(points, (0.15, 0.1))

    def ribbon(self, points: Floats, ends: tuple[float, float]) -> list[Curve]:
        """One closed curve around a line, whose width falls to shares of it at the ends, with round tips."""
        total = float(cubic_lengths(points).sum())
        if total <= 0:
            return []
        points = divided(points, total / 4)
        into, out = tangents(points)
        middle = unit(np.concatenate([out[:1], into[:-1] + out[1:], into[-1:]]))
        at = distances(points) / total
        half = self.widths(middle, points[::3], closed=False)
        near = np.minimum(at, 1 - at) / 0.3
        rise = np.clip(near, 0, 1)
        least = ends[0] + (ends[1] - ends[0]) * at
        half = half * (least + (1 - least) * rise * (2 - rise))
        normal = left(middle) * half[:, None]
        one, other = offset(points, normal), offset(points, -normal)[::-1]
        tips = [tip(one[-1], other[0], middle[-1]), tip(other[-1], one[0], -middle[0])]
        return [Curve(np.concatenate([one, tips[0], other[1:], tips[1]]))]

    def widths(self, direction: Floats, points: Floats, *, closed: bool) -> Floats:
        """Half of the width at each point."""
        if not self.taper:
            return np.full(len(direction), self.half)
        lit = (left(direction) * self.light).sum(1) * self.outside
        steps = np.linalg.norm(np.diff(points, axis=0, append=points[:1] if closed else points[-1:]), axis=1)
        at = np.concatenate([[0.0], np.cumsum(steps)])[: len(points)] / max(float(steps.sum()), 1e-9)
        phase = self.rng.uniform(0, 2 * np.pi, 3)
        pressure = sum(np.sin(2 * np.pi * wave * at + phase[k]) for k, wave in enumerate((1, 2, 4)))
        return np.asarray(self.half * (0.92 - 0.5 * lit + 0.06 * pressure))
