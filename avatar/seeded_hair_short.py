"""Short haircuts of seeded people, and what all their haircuts are made with.

Points are designed with x in half widths of the face and y in heads. An outline runs clockwise as seen: from the
lower end on the left over the top to the lower end on the right, then along the hairline back to the left.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np

from dressform.avatar.keyed import Keyed
from dressform.avatar.paths import Path
from dressform.avatar.seeded_shapes import Run, flipped, lobes, mirrored, outline, tufts

__all__ = ["LINE", "SHORT", "SIDE", "Cut", "Hair", "Points", "Skull", "across", "dome", "hair_of", "over"]

Points = list[tuple[float, float]]
Length = Literal["none", "short", "medium", "long"]


@dataclass(frozen=True)
class Skull:
    """What hair grows on.

    Attributes:
        half: Half width of the face at the eyes, in heads.
        crown: From the eyes up to the top of the skull.
    """

    half: float
    crown: float

    def run(self, points: Run) -> Points:
        """Designed points in heads."""
        grow = self.crown / 0.5
        return [(u * self.half, y if y > -0.5 else (y + 0.5) * grow - 0.5) for u, y in points]


@dataclass(frozen=True, eq=False)
class Hair:
    """One haircut on one head.

    Attributes:
        path: What is seen of it, in front of the face.
        line: Its border on the face, from left to right as seen.
        length: As attributes have it.
        parting: As attributes have it.
    """

    path: Path
    line: Run
    length: Length
    parting: float | None = None


Cut = Callable[[Skull, Keyed], Hair]

# Right halves, as seen: domes from the middle of the top to the side, hairlines from the side to the middle.
SIDE: Points = [(0.99, -0.4), (0.97, -0.5), (0.92, -0.59)]
LINE: Points = [(0.92, -0.59), (0.85, -0.7), (0.66, -0.785), (0.34, -0.83), (0.0, -0.845)]


def dome(top: float, wide: float, level: float = -0.6, power: float = 2.25) -> Points:
    """Half a dome from the middle of its top to ``level``, where it is ``wide``: a superellipse."""
    turn = np.radians([90, 70, 50, 30, 12, 0])
    us, ys = wide * np.abs(np.cos(turn)) ** (2 / power), np.sin(turn) ** (2 / power)
    us[0] = 0
    return [(float(u), float(level + (top - level) * y)) for u, y in zip(us, ys, strict=True)]


def over(half: Run) -> Points:
    """A whole dome of its right half."""
    return flipped(half) + list(half)[1:]


def across(half: Run) -> Points:
    """A whole hairline, right to left, of its right half."""
    return list(half) + flipped(half)[1:]


def hair_of(
    outer: Sequence[Run], inner: Sequence[Run], length: Length, parting: float | None = None, line: Run = ()
) -> Hair:
    """A haircut of its outer runs, left to right, and those of its hairline, right to left.

    ``line`` is the hairline without its curls or tufts, where it has some.
    """
    edge = line or [point for run in inner for point in run]
    return Hair(outline(*outer, *inner), list(edge)[::-1], length, parting)


def _buzz(s: Skull, k: Keyed) -> Hair:
    line = [*LINE[:1], (0.87, -0.69), (0.8, -0.745)]
    front = [(0.8, -0.745), (0.5, -0.8), (0.0, -0.825)]
    inner = [s.run(SIDE), s.run(line), s.run(across(front)), s.run(flipped(line)), s.run(flipped(SIDE))]
    return hair_of([s.run(over([*dome(-1.02, 1.045), (1.045, -0.5), (1.02, -0.4)]))], inner, "short")


def _crop(s: Skull, k: Keyed) -> Hair:
    top = s.run(over([(0, -1.06), (0.36, -1.045), (0.66, -0.985), (0.9, -0.86)]))
    side = s.run([(0.9, -0.86), (1.02, -0.73), (1.05, -0.57), (1.03, -0.41)])
    fringe = s.run(across([(0.88, -0.66), (0.7, -0.735), (0.35, -0.755), (0.0, -0.76)]))
    temple = s.run([(0.99, -0.41), (0.96, -0.52), (0.88, -0.66)])
    outer = [flipped(side), *tufts(top, 0.16, 0.04, k.within("top"), 0.3), side]
    return hair_of(
        outer,
        [temple, *tufts(fringe, 0.12, 0.055, k.within("fringe"), 0.2), flipped(temple)],
        "short",
        line=[*temple, *fringe, *flipped(temple)],
    )


def _side_part(s: Skull, k: Keyed) -> Hair:
    outer = [
        (-1.04, -0.4), (-1.07, -0.54), (-1.04, -0.72), (-0.9, -0.88), (-0.68, -0.99), (-0.44, -1.05), (-0.1, -1.11),
        (0.34, -1.1), (0.72, -1.02), (0.98, -0.87), (1.09, -0.68), (1.1, -0.53), (1.05, -0.4),
    ]  # fmt: skip
    sweep = [(0.92, -0.59), (0.8, -0.69), (0.5, -0.765), (0.1, -0.82), (-0.25, -0.87), (-0.46, -0.93)]
    back = [(-0.46, -0.93), (-0.62, -0.825), (-0.82, -0.72), (-0.92, -0.59), (-0.97, -0.5), (-0.99, -0.4)]
    return hair_of([s.run(outer)], [s.run(SIDE), s.run(sweep), s.run(back)], "short", -0.46)


def _quiff(s: Skull, k: Keyed) -> Hair:
    up = k.between("up", 0.0, 0.05)
    left = [(-1.03, -0.4), (-1.05, -0.55), (-1.02, -0.7), (-0.94, -0.83)]
    top = [
        (-0.94, -0.83), (-0.98, -0.94), (-0.9, -1.05 - up), (-0.62, -1.14 - up), (-0.2, -1.19 - up),
        (0.24, -1.21 - up), (0.62, -1.175 - up), (0.9, -1.08 - up), (1.03, -0.95), (1.0, -0.84),
    ]  # fmt: skip
    right = [(1.0, -0.84), (1.04, -0.7), (1.05, -0.54), (1.03, -0.4)]
    line = [(0.92, -0.59), (0.84, -0.7), (0.72, -0.775), (0.3, -0.8), (-0.2, -0.84), (-0.58, -0.86), (-0.74, -0.79)]
    back = [(-0.74, -0.79), (-0.86, -0.68), (-0.92, -0.59), (-0.97, -0.5), (-0.99, -0.4)]
    return hair_of([s.run(left), s.run(top), s.run(right)], [s.run(SIDE), s.run(line), s.run(back)], "short")


def _slick(s: Skull, k: Keyed) -> Hair:
    line = [(0.92, -0.59), (0.87, -0.7), (0.74, -0.81), (0.45, -0.86), (0.2, -0.85), (0.0, -0.83)]
    inner = [s.run(SIDE), s.run(line), s.run(flipped(line)), s.run(flipped(SIDE))]
    return hair_of([s.run(over([*dome(-1.1, 1.06), (1.06, -0.5), (1.02, -0.4)]))], inner, "short")


def _waves(s: Skull, k: Keyed) -> Hair:
    """Full hair swept back in waves, over the tops of the ears."""
    outer = [
        (-1.02, -0.33), (-1.16, -0.42), (-1.14, -0.56), (-1.17, -0.7), (-1.04, -0.84), (-0.92, -0.96), (-0.62, -1.06),
        (-0.3, -1.1), (0.1, -1.15), (0.46, -1.13), (0.8, -1.05), (1.0, -0.9), (1.15, -0.76), (1.15, -0.6),
        (1.18, -0.45), (1.02, -0.33),
    ]  # fmt: skip
    right = [(1.02, -0.33), (0.96, -0.46), (0.94, -0.58), (0.82, -0.69), (0.5, -0.77), (0.1, -0.82), (-0.3, -0.91)]
    left = [(-0.3, -0.91), (-0.6, -0.84), (-0.82, -0.72), (-0.92, -0.6), (-0.96, -0.46), (-1.02, -0.33)]
    return hair_of([s.run(outer)], [s.run(right), s.run(left)], "short", -0.3)


def _spikes(s: Skull, k: Keyed) -> Hair:
    top = s.run(over([(0, -1.09), (0.4, -1.07), (0.74, -0.98), (0.98, -0.82)]))
    side = s.run([(0.98, -0.82), (1.05, -0.68), (1.06, -0.55), (1.03, -0.4)])
    fringe = s.run(across([(0.91, -0.6), (0.72, -0.71), (0.35, -0.77), (0.0, -0.785)]))
    temple = s.run([(0.99, -0.4), (0.97, -0.5), (0.91, -0.6)])
    outer = [flipped(side), *tufts(top, 0.19, 0.12, k.within("top"), 0.25), side]
    return hair_of(
        outer,
        [temple, *tufts(fringe, 0.17, 0.085, k.within("fringe"), -0.2), flipped(temple)],
        "short",
        line=[*temple, *fringe, *flipped(temple)],
    )


def _curly(s: Skull, k: Keyed) -> Hair:
    high = s.run(over([*dome(-1.08, 1.1), (1.07, -0.45)]))
    line = s.run(across([(0.93, -0.6), (0.8, -0.71), (0.42, -0.765), (0.0, -0.775)]))
    inner = [s.run(SIDE), *lobes(line, 0.15, 0.28, k.within("front")), s.run(flipped(SIDE))]
    return hair_of(lobes(high, 0.17, 0.4, k.within("top")), inner, "short", line=[*inner[0], *line, *inner[-1]])


def _high_curls(s: Skull, k: Keyed) -> Hair:
    top = s.run(over([(0, -1.15), (0.4, -1.13), (0.77, -1.05), (0.98, -0.92), (0.98, -0.79)]))
    side = s.run([(0.98, -0.79), (1.03, -0.68), (1.05, -0.54), (1.03, -0.41)])
    line = s.run(across([(0.86, -0.68), (0.66, -0.755), (0.34, -0.785), (0.0, -0.79)]))
    temple = s.run([(0.99, -0.41), (0.96, -0.54), (0.86, -0.68)])
    outer = [flipped(side), *lobes(top, 0.16, 0.42, k.within("top")), side]
    return hair_of(
        outer,
        [temple, *lobes(line, 0.14, 0.34, k.within("front")), flipped(temple)],
        "short",
        line=[*temple, *line, *flipped(temple)],
    )


def _afro(s: Skull, k: Keyed) -> Hair:
    big = k.between("big", 0.0, 0.16)
    turn = np.radians(np.linspace(-36, 90, 9))[::-1]
    ball = [((1.5 + big) * float(np.cos(a)), -0.69 - (0.48 + big / 2.6) * float(np.sin(a))) for a in turn]
    ball[0] = (0.0, ball[0][1])
    line = s.run(across([(0.97, -0.45), (0.92, -0.6), (0.76, -0.73), (0.42, -0.79), (0.0, -0.81)]))
    side = s.run([ball[-1], (1.06, -0.37), (0.97, -0.45)])
    inner = [side, *lobes(line, 0.12, 0.2, k.within("front")), flipped(side)]
    return hair_of(
        lobes(s.run(over(ball)), 0.2, 0.3, k.within("top")), inner, "medium", line=[*side, *line, *flipped(side)]
    )


def _pixie(s: Skull, k: Keyed) -> Hair:
    right = [(0.0, -1.1), (0.4, -1.085), (0.78, -1.0), (1.04, -0.83), (1.14, -0.64), (1.11, -0.44), (0.97, -0.27)]
    left = [(-0.98, -0.27), (-1.1, -0.45), (-1.12, -0.64), (-1.02, -0.82), (-0.78, -0.98), (-0.4, -1.07)]
    lock = [(0.97, -0.27), (0.96, -0.42), (0.93, -0.54)]
    fringe = s.run([(0.93, -0.54), (0.66, -0.61), (0.3, -0.69), (-0.12, -0.79), (-0.5, -0.91)])
    back = [(-0.5, -0.91), (-0.7, -0.79), (-0.88, -0.65), (-0.95, -0.5), (-0.98, -0.27)]
    inner = [s.run(lock), *tufts(fringe, 0.14, 0.03, k.within("fringe"), -0.3), s.run(back)]
    return hair_of([s.run(left + right)], inner, "short", -0.5, [*inner[0], *fringe, *inner[-1]])


def _bowl(s: Skull, k: Keyed) -> Hair:
    low = [(1.16, -0.36), (1.08, -0.335), (0.96, -0.35)]
    side = [(0.96, -0.35), (0.93, -0.5), (0.89, -0.615)]
    fringe = s.run(across([(0.89, -0.615), (0.45, -0.645), (0.0, -0.655)]))
    inner = [s.run(low), s.run(side), *tufts(fringe, 0.15, 0.014, k), s.run(flipped(side)), s.run(flipped(low))]
    plain = [*s.run(side), *fringe, *s.run(flipped(side))]
    return hair_of([s.run(over([*dome(-1.09, 1.2, -0.52), low[0]]))], inner, "short", line=plain)


def _receding(s: Skull, k: Keyed) -> Hair:
    outer = s.run([(0.82, -0.84), (0.99, -0.81), (1.1, -0.68), (1.12, -0.52), (1.04, -0.38)])
    inner = s.run([(0.99, -0.4), (0.965, -0.51), (0.93, -0.62), (0.89, -0.73), (0.82, -0.84)])
    patch = outline(outer, inner)
    line = s.run(across([(0.99, -0.4), (1.0, -0.68), (0.82, -0.85), (0.42, -0.97), (0.0, -1.0)]))
    return Hair(patch + mirrored(patch), line[::-1], "short")


SHORT: Mapping[str, Cut] = MappingProxyType(
    {
        "buzz": _buzz, "crop": _crop, "side part": _side_part, "quiff": _quiff, "slick": _slick, "waves": _waves,
        "spikes": _spikes, "curly": _curly, "high curls": _high_curls, "afro": _afro, "pixie": _pixie, "bowl": _bowl,
        "receding": _receding,
    }
)  # fmt: skip
