"""Garments of seeded people: outlines around a body, and what is on them."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import numpy as np

from dressform.avatar.paths import Path
from dressform.avatar.seeded_body import Body, cuff, edge, shoulder_line
from dressform.avatar.seeded_shapes import Run, flipped, mirrored, outline, symmetric

__all__ = [
    "Cloth", "Neckline", "armhole", "band", "chest_band", "coat", "front", "on_shoulder", "pants", "skirt", "top",
    "torso_side", "under_coat",
]  # fmt: skip

Neckline = Literal["round", "v", "collar", "high", "boat"]
Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Cloth:
    """How a garment sits.

    Attributes:
        ease: Distance from the body, in heads.
        fit: 0 hangs straight to 1 follows the waist.
        neckline: Its upper end.
        sleeve: Height of the sleeves' ends; None has no sleeves.
        hem: Height of its lower end.
        flare: Half width that it gains from the hips to a hem a head further down.
        puff: How much wider sleeves are above their end than at it.
    """

    ease: float
    fit: float
    neckline: Neckline
    sleeve: float | None
    hem: float
    flare: float = 0.0
    puff: float = 0.0


def torso_side(body: Body, cloth: Cloth, y: float) -> float:
    """x of the garment's right side, as seen, below the armpit: never in the way of the arm, but for its flare."""
    straight = np.interp(body.waist, [body.armpit, body.hip], [body.chests, body.hips])
    waist = body.waists * cloth.fit + max(straight, body.waists + 0.03) * (1 - cloth.fit)
    x = float(np.interp(y, [body.armpit, body.waist, body.hip], [body.chests, waist, body.hips])) + cloth.ease
    x += cloth.flare * max(y - body.hip, 0)
    start, end = _pit(body, cloth), body.armpit if cloth.sleeve is None else cloth.sleeve
    if y < start or y > max(end + 0.35, body.hip):
        return x
    # Sleeve and trunk part at the pit; from there on there is a gap that opens slowly.
    room = body.arm.at(y, -1, _sleeve_ease(cloth) * float(np.clip((end + 0.35 - y) / 0.3, 0, 1)))
    return min(x, room - 0.04 * body.size * min((y - start) / 0.5, 1.0))


def _sleeve_ease(cloth: Cloth) -> float:
    return 0.75 * cloth.ease


def _pit(body: Body, cloth: Cloth) -> float:
    """Height where sleeve and trunk part: the looser, the lower, but above the end of the sleeve."""
    pit = body.armpit + 0.02 + 1.6 * cloth.ease
    return pit if cloth.sleeve is None else min(pit, cloth.sleeve - 0.12 * body.size)


def _neck(body: Body, cloth: Cloth) -> list[Points]:
    """Runs from the middle of the neckline to the shoulder line."""
    n, base, k = body.neck, body.base, body.size
    if cloth.neckline in ("collar", "high"):
        foot = [
            (n + 0.02 * k, base - 0.12 * k),
            (n + 0.05 * k, base - 0.02 * k),
            on_shoulder(body, n + 0.1 * k, cloth.ease),
        ]
        if cloth.neckline == "high":
            return [[(0.0, base - 0.05 * k), (n * 0.7, base - 0.075 * k), foot[0]], foot]
        return [[(0.0, base + 0.24 * k), (n * 0.5, base + 0.08 * k), foot[0]], foot]
    half, low = {"round": (0.075, 0.17), "v": (0.09, 0.48), "boat": (0.26, 0.3)}[cloth.neckline]
    x, y = on_shoulder(body, n + half * k, cloth.ease)
    low = base + low * k
    if cloth.neckline == "v":
        return [[(0.0, low), (x * 0.52, (low + y) / 2 + 0.03), (x, y)]]
    return [[(0.0, low), (x * 0.5, low - (low - y) * 0.12), (x * 0.88, low - (low - y) * 0.5), (x, y)]]


def on_shoulder(body: Body, x: float, ease: float) -> tuple[float, float]:
    """The point of the shoulder line at x."""
    line = shoulder_line(body, ease)[:4]
    return x, float(np.interp(x, [p[0] for p in line], [p[1] for p in line]))


def armhole(body: Body, ease: float, half: float | None = None) -> Points:
    """Edge of a sleeveless garment, from the shoulder line down to the armpit."""
    x = body.shoulders - 0.2 * body.size if half is None else half
    start = on_shoulder(body, x, ease)
    end = (body.chests + ease, body.armpit)
    return [
        start,
        (start[0] - 0.005, (start[1] * 2 + end[1]) / 3),
        ((start[0] + end[0]) / 2 - 0.03, (start[1] + end[1] * 3) / 4),
        end,
    ]


def _sleeves(body: Body, cloth: Cloth, start: tuple[float, float]) -> list[Points]:
    """Runs from the neckline's end over the shoulder, round the sleeve and up to the armpit."""
    if cloth.sleeve is None:
        hole = armhole(body, cloth.ease, max(start[0] + 0.12 * body.size, body.shoulders - 0.2 * body.size))
        over = [p for p in shoulder_line(body, cloth.ease) if start[0] + 0.03 < p[0] < hole[0][0] - 0.03]
        return [[start, *over, hole[0]], hole]
    arm, end = body.arm, cloth.sleeve
    over = [p for p in shoulder_line(body, cloth.ease) if p[0] > start[0] + 0.03]
    ease, pit = _sleeve_ease(cloth), _pit(body, cloth)
    wide, narrow = ease + cloth.puff, ease * (0.75 if end > body.wrist - 0.3 else 1.0)
    outer = edge(arm, 1, body.armpit, end, (wide, narrow))
    count = int(np.clip(np.ceil((end - pit) / 0.25), 2, 7))
    inner = edge(arm, -1, end, pit, (narrow, ease), count)[:-1]
    return [[start, *over, *outer], cuff(arm, end, 1, narrow), [*inner, (torso_side(body, cloth, pit), pit)]]


def _sides(body: Body, cloth: Cloth) -> Points:
    """The right side, as seen, from the armpit to the hem."""
    top = body.armpit if cloth.sleeve is None else _pit(body, cloth)
    third = (body.waist - top) / 3
    wanted = (top + third * 0.7, top + third * 1.7, body.waist, (body.waist + body.hip) / 2, body.hip)
    levels = [top, *(y for y in wanted if y < cloth.hem - 0.1)]
    if cloth.hem > body.hip + 0.5:
        levels.append((body.hip + cloth.hem) / 2)
    return [(torso_side(body, cloth, y), y) for y in (*levels, cloth.hem)]


def _hem(x: float, y: float, drop: float = 0.045) -> Points:
    return [(x, y), (x * 0.55, y + drop * 0.85), (0.0, y + drop)]


def top(body: Body, cloth: Cloth) -> Path:
    """A shirt, jumper or dress that is closed in front."""
    neck = _neck(body, cloth)
    runs: list[Run] = [*neck, *_sleeves(body, cloth, neck[-1][-1]), _sides(body, cloth)]
    runs.append(_hem(torso_side(body, cloth, cloth.hem), cloth.hem))
    return symmetric(*runs, corner=cloth.neckline in ("v", "collar"))


def front(body: Body, y: float) -> float:
    """x of the front edge of an open coat."""
    levels = (body.base + 0.1, body.armpit, body.waist, body.hip, body.sole)
    return float(np.interp(y, levels, [body.neck + 0.06, 0.2, 0.17, 0.21, 0.36])) * (
        body.size if y > body.armpit else 1
    )


def coat(body: Body, cloth: Cloth) -> Path:
    """A coat, blazer or cardigan that stands open: both halves."""
    start = on_shoulder(body, body.neck + 0.05 * body.size, cloth.ease)
    low = (front(body, cloth.hem), cloth.hem + 0.03)
    levels = [y for y in (body.hip, body.waist, body.armpit) if y < cloth.hem - 0.1]
    rise = [low, *((front(body, y), y) for y in levels), start]
    hem = [(torso_side(body, cloth, cloth.hem), cloth.hem), low]
    half = outline(*_sleeves(body, cloth, start), _sides(body, cloth), hem, rise)
    return mirrored(half) + half


def under_coat(body: Body, cloth: Cloth, over: Cloth) -> Path:
    """What is seen of a shirt between the halves of an open coat."""
    neck = _neck(body, cloth)
    levels = [y for y in (body.armpit, body.waist, body.hip) if y < cloth.hem - 0.1]
    side = [neck[-1][-1], *((front(body, y) + 0.03, y) for y in (*levels, cloth.hem))]
    if over.hem < cloth.hem:
        side[-1] = (min(torso_side(body, cloth, cloth.hem), 0.5), cloth.hem)
    return symmetric(*neck, side, _hem(side[-1][0], cloth.hem, 0.02), corner=cloth.neckline in ("v", "collar"))


def pants(body: Body, waist: float, hem: float, ease: tuple[float, float], rise: float = 0.0) -> Path:
    """Trousers or shorts from a height near the waist to their hem; ``ease`` at the hips and at the hem."""
    leg = body.leg
    cloth = Cloth(ease[0], 1.0, "round", None, hem)
    upper = [(torso_side(body, cloth, y), y) for y in (waist, (waist + body.hip) / 2, body.hip)]
    low = max(body.crotch + 0.12, min(hem - 0.35, body.crotch + 0.5))
    outer = [*upper, *edge(leg, 1, low, hem, ((ease[0] * 2 + ease[1]) / 3, ease[1]), 6 if hem > body.knee else 3)]
    inner = edge(leg, -1, hem, low, (ease[1], ease[0]), 6 if hem > body.knee else 3)
    inner = [(max(x, 0.022), y) for x, y in inner]
    end = [(outer[-1]), ((outer[-1][0] + inner[0][0]) / 2, hem + 0.03), inner[0]]
    band = [(0.0, waist + 0.03), (upper[0][0] * 0.6, waist + 0.025), upper[0]]
    return symmetric(band, outer, end, [*inner, (0.012, body.crotch + 0.1), (0.0, body.crotch + 0.05 + rise)])


def skirt(body: Body, waist: float, hem: float, flare: float, folds: int = 0) -> Path:
    """A skirt from a height near the waist to its hem, which hangs in ``folds`` on each side."""
    cloth = Cloth(0.025, 1.0, "round", None, hem, flare)
    levels = [waist, (waist + body.hip) / 2, body.hip, *((body.hip + hem) / 2,) * (hem > body.hip + 0.4), hem]
    side = [(torso_side(body, cloth, y), y) for y in levels]
    x = side[-1][0]
    band = [(0.0, waist + 0.03), (side[0][0] * 0.6, waist + 0.025), side[0]]
    if not folds:
        return symmetric(band, side, _hem(x, hem, 0.06))
    ends = [x * (1 - 2 * n / (2 * folds + 1)) for n in range(folds + 1)]
    runs: list[Run] = [_fold(a, b, hem) for a, b in pairwise(ends)]
    runs.append(_fold(ends[-1], -ends[-1], hem))
    path = symmetric(band, side, *runs[:-1], [runs[-1][0], runs[-1][1], (0.0, hem + 0.075)])
    return path


def _fold(a: float, b: float, y: float) -> Points:
    return [(a, y + 0.02), (a + (b - a) * 0.25, y + 0.062), (a + (b - a) * 0.75, y + 0.062), (b, y + 0.02)]


def band(body: Body, cloth: Cloth, top_y: float, bottom_y: float) -> Path:
    """A band around the trunk between two heights, such as a belt or a stripe on the chest."""
    (x0, y0), (x1, y1) = ((torso_side(body, cloth, y), y) for y in (top_y, bottom_y))
    above = [(0.0, y0 + 0.025), (x0 * 0.5, y0 + 0.02), (x0, y0)]
    below = [(x1, y1), (x1 * 0.5, y1 + 0.02), (0.0, y1 + 0.025)]
    middle = (y0 + y1) / 2
    side = [(x0, y0), (torso_side(body, cloth, middle), middle), (x1, y1)]
    return outline([*flipped(above), *above[1:]], side, [*below, *flipped(below)[1:]], flipped(side))


def chest_band(body: Body, cloth: Cloth, above: float, below: float) -> Path:
    """A stripe over chest and upper sleeves, between two heights above the pits."""
    out = [(body.arm.at(y, 1, _sleeve_ease(cloth)), y) for y in (above, below)]
    low = [out[1], (0.5 * out[1][0], below + 0.01), (0.0, below + 0.015)]
    high = [(0.0, above + 0.015), (0.5 * out[0][0], above + 0.01), out[0]]
    return outline([*flipped(high), *high[1:]], [*low, *flipped(low)[1:]])
