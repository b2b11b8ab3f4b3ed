"""Haircuts of seeded people: tied, hanging, and all by name. See :mod:`dressform.avatar.seeded_hair_short`."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np

from dressform.avatar.keyed import Keyed
from dressform.avatar.seeded_hair_short import LINE, SHORT, SIDE, Cut, Hair, Points, Skull, across, dome, hair_of, over
from dressform.avatar.seeded_shapes import Run, flipped, lobes, mirrored, outline, tufts

__all__ = ["CUTS", "cut_hair"]

Ends = Literal["blunt", "tufts", "lobes"]
_NEAT: Points = [*dome(-1.06, 1.075), (1.075, -0.5), (1.04, -0.4)]


def cut_hair(name: str, skull: Skull, keyed: Keyed) -> Hair:
    """The haircut of this name, one of :data:`CUTS`; uneven ones fall to either side."""
    hair = CUTS[name](skull, keyed)
    if not keyed.chance("side", 0.5):
        return hair
    parting = None if hair.parting is None else -hair.parting
    return Hair(mirrored(hair.path), flipped(hair.line), hair.length, parting)


def _drawn_back(s: Skull, parted: bool) -> list[Run]:
    """The hairline, right to left, of hair that is drawn back behind the ears."""
    line = [s.run(across(LINE))]
    if parted:
        sweep = [(0.92, -0.59), (0.86, -0.7), (0.6, -0.79), (0.1, -0.85), (-0.4, -0.92)]
        back = [(-0.4, -0.92), (-0.62, -0.83), (-0.84, -0.71), (-0.92, -0.59)]
        line = [s.run(sweep), s.run(back)]
    return [s.run(SIDE), *line, s.run(flipped(SIDE))]


def _bun(s: Skull, k: Keyed) -> Hair:
    knob = [(0.3, -1.04), (0.52, -1.12), (0.56, -1.22), (0.42, -1.33), (0.18, -1.385), (0.0, -1.39)]
    side = [knob[0], *_NEAT[2:]]
    outer = [s.run(flipped(side)), s.run(over(knob[::-1])), s.run(side)]
    parted = k.chance("parted", 0.4)
    return hair_of(outer, _drawn_back(s, parted), "medium", -0.4 if parted else None)


def _low_bun(s: Skull, k: Keyed) -> Hair:
    """A knot at the nape, seen beside the neck."""
    knot = [(0.66, -0.06), (0.86, -0.13), (1.08, -0.08), (1.14, 0.05), (1.02, 0.17), (0.8, 0.18), (0.68, 0.1)]
    hair = hair_of([s.run(over(_NEAT))], _drawn_back(s, True), "medium", -0.4)
    return Hair(hair.path + outline(s.run([*knot, knot[0]])), hair.line, hair.length, hair.parting)


def _twin_buns(s: Skull, k: Keyed) -> Hair:
    middle = [(0, -1.06), (0.3, -1.045), (0.6, -1.0)]
    knob = [
        (0.6, -1.0), (0.68, -1.1), (0.94, -1.165), (1.28, -1.14), (1.52, -1.03), (1.56, -0.88), (1.4, -0.75),
        (1.16, -0.715), (1.02, -0.76),
    ]  # fmt: skip
    side = [(1.02, -0.76), (1.075, -0.62), (1.075, -0.5), (1.04, -0.4)]
    half = [(0.92, -0.59), (0.82, -0.71), (0.55, -0.81), (0.25, -0.87), (0.0, -0.92)]
    runs = [s.run(knob), s.run(side)]
    outer = [*(flipped(run) for run in reversed(runs)), s.run(over(middle)), *runs]
    inner = [s.run(SIDE), s.run(half), s.run(flipped(half)), s.run(flipped(SIDE))]
    return hair_of(outer, inner, "medium", 0.0)


def _ponytail(s: Skull, k: Keyed) -> Hair:
    tail = [
        (-0.05, -1.06), (0.1, -1.18), (0.4, -1.25), (0.8, -1.22), (1.16, -1.07), (1.4, -0.82), (1.56, -0.5),
        (1.62, -0.16), (1.52, 0.2),
    ]  # fmt: skip
    back = [(1.52, 0.2), (1.3, -0.04), (1.2, -0.34), (1.13, -0.6), (1.03, -0.78), (0.93, -0.86)]
    side = [(0.93, -0.86), (1.03, -0.73), (1.075, -0.57), (1.04, -0.4)]
    left = [*flipped(_NEAT)[:-1], tail[0]]
    return hair_of([s.run(left), s.run(tail), s.run(back), s.run(side)], _drawn_back(s, False), "long")


def _low_ponytail(s: Skull, k: Keyed) -> Hair:
    down = k.between("down", 0.0, 0.25)
    tail = [(0.7, -0.06), (0.98, 0.08), (1.25, 0.26), (1.42, 0.5), (1.4, 0.72 + down / 2), (1.08, 0.98 + down)]
    back = [(1.08, 0.98 + down), (0.94, 0.72 + down / 2), (0.86, 0.5), (0.74, 0.3), (0.62, 0.12), (0.7, -0.06)]
    hair = hair_of([s.run(over(_NEAT))], _drawn_back(s, True), "long", -0.4)
    return Hair(hair.path + outline(s.run(tail), s.run(back)), hair.line, hair.length, hair.parting)


def _pigtails(s: Skull, k: Keyed) -> Hair:
    """Two bunches behind the ears."""
    fringe = s.run(across([(0.9, -0.62), (0.6, -0.67), (0.0, -0.68)]))
    temple = s.run([(0.99, -0.4), (0.96, -0.5), (0.9, -0.62)])
    inner = [temple, *tufts(fringe, 0.12, 0.016, k), flipped(temple)]
    plain = [*temple, *fringe, *flipped(temple)]
    hair = hair_of([s.run(over(_NEAT))], inner, "medium", line=plain)
    tail = [(0.92, -0.16), (1.2, -0.2), (1.5, -0.1), (1.66, 0.12), (1.6, 0.36), (1.34, 0.56)]
    back = [(1.34, 0.56), (1.2, 0.36), (1.12, 0.16), (1.02, 0.0), (0.92, -0.16)]
    bunch = outline(s.run(tail), s.run(back))
    return Hair(hair.path + mirrored(bunch) + bunch, hair.line, hair.length)


def _braids(s: Skull, k: Keyed) -> Hair:
    down = k.between("down", 0.0, 0.25)
    high = [*dome(-1.06, 1.12), (1.12, -0.35), (1.02, -0.08)]
    out = s.run([(1.02, -0.08), (1.22, 0.12), (1.38, 0.45), (1.38, 0.85 + down)])
    rope = s.run([(1.0, 0.85 + down), (0.98, 0.45), (0.84, 0.18), (0.7, -0.02)])
    tip = s.run([(1.38, 0.85 + down), (1.34, 1.0 + down), (1.18, 1.1 + down)])
    tip2 = s.run([(1.18, 1.1 + down), (1.02, 1.0 + down), (1.0, 0.85 + down)])
    face = [(0.7, -0.02), (0.85, -0.14), (0.95, -0.32), (0.95, -0.5), (0.86, -0.66), (0.6, -0.79), (0.28, -0.86)]
    edge = s.run([*face, (0.0, -0.92)])
    right = [*lobes(out, 0.19, 0.34, k.within("rope")), tip]
    inner = [tip2, *lobes(rope, 0.19, 0.34, k.within("rope")), edge]
    left = [flipped(run) for run in reversed([*right, *inner])]
    return hair_of([s.run(over(high)), *right], [*inner, *left], "long", 0.0)


def _hanging(
    s: Skull, k: Keyed, *, tip: float, out: float, inside: float, top: str, wave: float = 0.0, volume: float = 0.0,
    ends: Ends = "blunt",
) -> Hair:  # fmt: skip
    """Hair that hangs at both sides of the face.

    Args:
        s, k: As for all.
        tip: Height of its ends.
        out, inside: Half widths at the ends, outside and inside.
        top: "middle", "side", "curtain", "fringe" or "swoop": what is on the forehead.
        wave: Half widths that it swings to both sides.
        volume: Half widths more at the sides of the head.
        ends: What its ends look like.
    """
    wide = 1.2 + volume
    count = max(round((tip + 0.28) / (0.2 if wave else 0.3)), 2)
    levels = [-0.28 + (tip + 0.28) * n / count for n in range(1, count + 1)]
    swing = [wave * (1 if n % 2 else -1) * min(1.0, 0.5 + 0.25 * n) for n in range(count)]
    outer_u = np.interp(levels, [-0.28, (tip - 0.28) / 2, tip], [wide, (wide + out) / 2 + 0.04, out])
    knots = ([-0.28, -0.1, 0.08, tip], [0.95, 0.85, 0.74, inside]) if tip > 0.15 else ([-0.28, tip], [0.95, inside])
    inner_u = np.interp(levels, *knots)
    falling = [(float(u) + w, y) for u, w, y in zip(outer_u, swing, levels, strict=True)]
    rising = [(float(u) + w * 0.7, y) for u, w, y in zip(inner_u, swing, levels, strict=True)][::-1]
    first, last = falling[-1], (rising[0][0], tip - 0.02)
    end: list[Run] = [s.run([first, ((first[0] + last[0]) / 2, tip + 0.025), last])]
    if ends == "tufts":
        end = tufts(s.run([first, last]), 0.11, 0.14, k.within("ends"), -0.1)
    elif ends == "lobes":
        end = lobes(s.run([first, last]), 0.12, 0.6, k.within("ends"))
    right, left, parting = _forehead(s, top, [last, *rising[1:], (0.95, -0.34)], k)
    outer = s.run(over([*dome(-1.07 - volume / 4, wide - 0.01, -0.5), (wide, -0.28), *falling]))
    other = [flipped(run) for run in reversed(end)]
    return hair_of([outer], [*end, *right, *left, *other], "long" if tip > 0.45 else "medium", parting)


def _forehead(s: Skull, top: str, side: Points, k: Keyed) -> tuple[list[Run], list[Run], float | None]:
    """The inner edge of hanging hair: from its end on the right up, and on to its end on the left; its parting."""
    if top == "fringe":
        edge = s.run([*side, (0.93, -0.5), (0.88, -0.61)])
        fringe = s.run(across([(0.88, -0.61), (0.45, -0.645), (0.0, -0.655)]))
        return [edge], [*tufts(fringe, 0.16, 0.012, k.within("fringe")), flipped(edge)], None
    if top in ("middle", "curtain"):
        half = [(0.94, -0.5), (0.86, -0.66), (0.62, -0.79), (0.3, -0.865), (0.0, -0.92)]
        if top == "curtain":
            half = [(0.88, -0.46), (0.76, -0.56), (0.55, -0.665), (0.3, -0.765), (0.1, -0.85), (0.0, -0.92)]
        edge = s.run([*side, *half])
        return [edge], [flipped(edge)], 0.0
    low = 0.06 if top == "swoop" else 0.0
    sweep = [(0.94, -0.47), (0.82, -0.6 + low), (0.52, -0.715 + low), (0.12, -0.81 + low / 2), (-0.25, -0.885)]
    back = [(-0.44, -0.94), (-0.62, -0.83), (-0.84, -0.68), (-0.94, -0.5)]
    return [s.run([*side, *sweep, back[0]])], [s.run([*back, *flipped(side)])], -0.44


def _long(
    top: str, *, wave: float = 0.0, volume: float = 0.04, out: float = 1.46, tip: float = 0.78, ends: Ends = "tufts"
) -> Cut:
    def cut(s: Skull, k: Keyed) -> Hair:
        down = k.between("down", -0.06, 0.2)
        return _hanging(s, k, tip=tip + down, out=out, inside=0.8, top=top, wave=wave, volume=volume, ends=ends)

    return cut


def _chin(
    top: str, *, wave: float = 0.0, volume: float = 0.08, out: float = 1.17, tip: float = 0.02, ends: Ends = "blunt"
) -> Cut:
    def cut(s: Skull, k: Keyed) -> Hair:
        down = k.between("down", -0.05, 0.09)
        return _hanging(s, k, tip=tip + down, out=out, inside=0.74, top=top, wave=wave, volume=volume, ends=ends)

    return cut


CUTS: Mapping[str, Cut] = MappingProxyType(
    {
        **SHORT,
        "bun": _bun, "low bun": _low_bun, "twin buns": _twin_buns, "ponytail": _ponytail,
        "low ponytail": _low_ponytail, "pigtails": _pigtails, "braids": _braids,
        "bob": _chin("side"), "bob, middle": _chin("middle", volume=0.04), "bob, fringe": _chin("fringe"),
        "lob, wavy": _chin("swoop", tip=0.32, out=1.4, wave=0.11, volume=0.14, ends="tufts"),
        "locs": _chin("middle", tip=0.34, out=1.5, volume=0.16, ends="lobes"),
        "long, side": _long("side"), "long, middle": _long("middle"), "long, curtain": _long("curtain", volume=0.1),
        "long, fringe": _long("fringe"), "long, wavy": _long("swoop", wave=0.12, volume=0.14, out=1.56),
        "long, curls": _long("middle", wave=0.15, volume=0.34, out=1.78, tip=0.6, ends="lobes"),
    }
)  # fmt: skip
"""Haircuts by name."""
