"""The body of seeded people: levels and widths of a figure that stands upright, and the outlines of its skin."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dressform.avatar.paths import Path
from dressform.avatar.seeded_shapes import Run, outline, symmetric

__all__ = ["Body", "Limb", "Traits", "arm_skin", "body_of", "edge", "leg_skin", "neck_skin", "shoulder_line"]


@dataclass(frozen=True)
class Traits:
    """Who a seeded person is, before anything is drawn.

    Attributes:
        age: "child", "adult" or "senior".
        broad: 0 narrow shoulders and wide hips to 1 the reverse.
        weight: -1 slim to 1 heavy.
        heads: Height of the whole figure.
        skin: 0 the lightest to 1 the darkest.
    """

    age: str
    broad: float
    weight: float
    heads: float
    skin: float

    @property
    def lean(self) -> float:
        """The frequency, 0..1, with which clothes and hair that go with broad shoulders are chosen."""
        b = min(self.broad / (0.45 if self.age == "child" else 1.0), 1.0)
        return b * b * (3 - 2 * b)


@dataclass(frozen=True)
class Limb:
    """An arm or a leg, of the right half of the picture.

    Attributes:
        levels: Heights, downwards.
        axis: x of its middle at each.
        half: Half its width at each.
    """

    levels: tuple[float, ...]
    axis: tuple[float, ...]
    half: tuple[float, ...]

    def at(self, y: float, out: float = 0.0, ease: float = 0.0) -> float:
        """x at a height: of its middle, or with ``out`` 1 and -1 of its outer and inner edge, ``ease`` away from it."""
        middle, half = np.interp(y, self.levels, self.axis), np.interp(y, self.levels, self.half)
        return float(middle + out * (half + ease))


def edge(
    limb: Limb, out: float, top: float, bottom: float, ease: tuple[float, float] = (0.0, 0.0), steps: int = 5
) -> list[tuple[float, float]]:
    """Points of a limb's edge from one height to another; the ease runs from the first to the second."""
    rows = [(k / (steps - 1), top + (bottom - top) * k / (steps - 1)) for k in range(steps)]
    return [(limb.at(y, out, ease[0] + (ease[1] - ease[0]) * t), y) for t, y in rows]


@dataclass(frozen=True)
class Body:
    """Heights and half widths of a figure, in heads.

    Attributes:
        sole, ankle, knee, crotch, hip, wrist, waist, armpit, shoulder, base: Heights, ``base`` that of the neck.
        neck, shoulders, chests, waists, hips: Half widths.
        arm, leg: Of the right half of the picture.
        size: Of hands, feet and garments' details; 1 for adults.
    """

    sole: float
    ankle: float
    knee: float
    crotch: float
    hip: float
    wrist: float
    waist: float
    armpit: float
    shoulder: float
    base: float
    neck: float
    shoulders: float
    chests: float
    waists: float
    hips: float
    arm: Limb
    leg: Limb
    size: float


def body_of(traits: Traits) -> Body:
    """The figure of a person (levels after Loomis, "Figure drawing for all it's worth", 1943)."""
    child = traits.age == "child"
    b, heavy, thin = traits.broad, max(traits.weight, 0.0), min(traits.weight, 0.0)
    sole = traits.heads - 1
    k = 0.76 if child else 1.0
    neck = k * (0.19 + 0.05 * b + 0.03 * heavy)
    shoulders = k * (0.765 + 0.155 * b + 0.08 * heavy + 0.03 * thin)
    chests = k * (0.53 + 0.1 * b + 0.16 * heavy + 0.03 * thin)
    waists = k * (0.42 + 0.11 * b + 0.3 * heavy + 0.04 * thin + 0.07 * child)
    hips = k * (0.6 - 0.05 * b + 0.16 * heavy + 0.04 * thin - 0.02 * child)
    shares = (0.325, 0.43, 0.485) if child else (0.285, 0.405, 0.46)
    waist, hip, crotch = (sole * share for share in shares)
    shoulder, armpit = (0.35, 0.7) if child else (0.43, 0.9)
    knee, ankle, wrist = sole * 0.725, sole * 0.945, sole * 0.445
    upper = k * (0.118 + 0.035 * b + 0.05 * heavy + 0.015 * thin)
    root = shoulders - upper
    out = max(root + 0.05 * k, waists + upper + 0.1 * k, hips + 0.02 * k)
    end = max(out + 0.08 * k, hips + 0.2 * k)
    thigh = hips * 0.5
    calf = k * (0.165 + 0.03 * heavy + 0.02 * thin)
    return Body(
        sole=sole, ankle=ankle, knee=knee, crotch=crotch, hip=hip, wrist=wrist, waist=waist, armpit=armpit,
        shoulder=shoulder, base=0.16 * k, neck=neck, shoulders=shoulders, chests=chests, waists=waists, hips=hips,
        arm=Limb(
            (shoulder + 0.1, armpit, waist, waist + 0.3 * k, wrist),
            (root, root + (out - root) * 0.4, out, (out + end) / 2, end),
            (upper, upper * 0.95, upper * 0.78, upper * 0.78, k * (0.073 + 0.012 * b)),
        ),
        leg=Limb(
            (hip, crotch + 0.06, knee - 0.1, knee + 0.14, sole * 0.81, ankle, sole),
            (thigh, thigh, thigh * 0.98, thigh, thigh * 1.02, thigh * 1.02, thigh * 1.02),
            (thigh, thigh - 0.015, calf * 1.04, calf * 0.9, calf, k * 0.1, k * 0.1),
        ),
        size=0.76 if child else 1.0,
    )  # fmt: skip


def shoulder_line(body: Body, ease: float = 0.0) -> list[tuple[float, float]]:
    """Points from the side of the neck over the shoulder to the upper arm; ``ease`` lies above and outside it."""
    n, s, k, base = body.neck, body.shoulders, body.size, body.base
    drop = body.shoulder - base
    return [
        (n + 0.02, base + 0.06 * drop - 0.6 * ease),
        (n + (s - n) * 0.25, base + 0.32 * drop - 0.6 * ease),
        (n + (s - n) * 0.6, base + 0.62 * drop - 0.6 * ease),
        (s - 0.13 * k + 0.2 * ease, base + 0.9 * drop - 0.4 * ease),
        (s - 0.035 * k + 0.5 * ease, base + 1.35 * drop),
    ]


def neck_skin(body: Body, half: float, depth: float) -> Path:
    """Neck and what a neckline shows of the chest: ``half`` wide at the shoulder line, down to ``depth``."""
    n = body.neck
    line = shoulder_line(body, 0.03)
    y = float(np.interp(half, [p[0] for p in line[:4]], [p[1] for p in line[:4]]))
    side = [(n * 0.98, -0.16), (n * 0.96, 0.0), (n, body.base - 0.06), (n + 0.03, body.base - 0.015), (half, y)]
    low = [(half, y), (half * 0.86, y + (depth - y) * 0.62), (half * 0.5, depth - (depth - y) * 0.1), (0.0, depth)]
    return symmetric([(0.0, -0.2), side[0]], side, low)


def arm_skin(body: Body, top: float, armhole: Run = ()) -> Path:
    """The bare arm and hand on the right of the picture: from a sleeve's end, or from an armhole (downwards)."""
    arm, w, k = body.arm, body.wrist, body.size
    x = arm.at(w)
    hand = [
        (x + 0.095 * k, w + 0.1 * k), (x + 0.118 * k, w + 0.22 * k), (x + 0.112 * k, w + 0.36 * k),
        (x + 0.085 * k, w + 0.47 * k), (x + 0.03 * k, w + 0.53 * k), (x - 0.025 * k, w + 0.49 * k),
        (x - 0.06 * k, w + 0.37 * k),
    ]  # fmt: skip
    thumb = [
        (x - 0.06 * k, w + 0.37 * k), (x - 0.1 * k, w + 0.36 * k), (x - 0.132 * k, w + 0.29 * k),
        (x - 0.125 * k, w + 0.17 * k), (x - 0.1 * k, w + 0.06 * k),
    ]  # fmt: skip
    if armhole:
        first, last = armhole[0], armhole[-1]
        over = [first, *(p for p in shoulder_line(body) if p[0] > first[0] + 0.02)]
        outer = [*over, *edge(arm, 1, body.armpit, w, steps=6)]
        inner = [*edge(arm, -1, w, last[1] + 0.25, steps=5), last]
        return outline([*outer, *hand], [*thumb, *inner], list(reversed(armhole)))
    if w - top < 0.12:  # no more than the hand is seen
        return outline([(arm.at(top, 1), top), *hand], [*thumb, (arm.at(top, -1), top)], cuff(arm, top, -1))
    outer, inner = edge(arm, 1, top, w, steps=5), edge(arm, -1, w, top, steps=5)
    return outline([*outer, *hand], [*thumb, *inner], cuff(arm, top, -1))


def cuff(
    limb: Limb, y: float, direction: float = 1.0, ease: float = 0.0, bend: float = 0.025
) -> list[tuple[float, float]]:
    """The end of a sleeve or leg, bent downwards: from the outer edge inwards, or outwards with ``direction`` -1."""
    return [(limb.at(y, direction, ease), y), (limb.at(y), y + bend), (limb.at(y, -direction, ease), y)]


def leg_skin(body: Body, top: float, bottom: float) -> Path:
    """The bare leg on the right of the picture between two heights; beneath the ankle it is the foot's."""
    leg, k = body.leg, body.size
    low = min(bottom, max(body.ankle, body.sole - 0.2 * k))
    outer = edge(leg, 1, top, low, steps=_steps(low - top))
    inner = edge(leg, -1, low, top, steps=_steps(low - top))
    if bottom > body.sole - 0.2 * k:
        x = leg.at(body.sole)
        outer += [(x + 0.195 * k, bottom)]
        inner = [(x - 0.11 * k, bottom), *inner]
    return outline(outer, inner)


def _steps(length: float) -> int:
    return int(np.clip(np.ceil(length / 0.45) + 1, 2, 9))
