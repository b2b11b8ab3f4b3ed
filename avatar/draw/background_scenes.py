"""Two backgrounds with depth: a glowing grid under a low sun, and a city at night."""

from __future__ import annotations

import numpy as np

from dressform.avatar.color import adjusted, mixed
from dressform.avatar.draw.background_tones import BLEED, Floats, Plan, arc, dots, fade, glow, neat
from dressform.avatar.paths import Curve, Path, line, polygon
from dressform.avatar.scene import Color, Gradient, Shape, Stroke

__all__ = ["grid", "skyline"]

Parts = tuple[tuple[Shape, ...], ...]


def grid(plan: Plan) -> Parts:
    """A plane of lines that runs to the horizon, and a striped sun above it."""
    t, (x, _) = plan.tones, plan.centre
    horizon = round(plan.height * 0.60)
    hot, cold = (t.neon[0], t.neon[1]) if t.dark else (t.accents[0], t.strong)
    top, low = (t.night, mixed(t.base, hot, 0.25)) if t.dark else (t.light, mixed(t.mist, t.accents[0], 0.25))
    sky = Gradient("linear", (0.0, 0.0), (0.0, float(horizon)), ((0.0, top, 1.0), (1.0, low, 1.0)))
    floor = t.night if t.dark else t.base
    ground = plan.box(0, horizon)
    radius = min(plan.reach * 0.9, horizon * 0.56)
    sun_at = (x, horizon - radius * 0.72)
    sun = Gradient(
        "linear", (0.0, round(sun_at[1] - radius, 1)), (0.0, float(horizon)), ((0.0, cold, 1.0), (1.0, hot, 1.0))
    )
    lines = t.neon[1] if t.dark else t.mist
    return (
        (*plan.field(sky), Shape(ground, floor)),
        (
            Shape(plan.field(sky)[0].path, glow(hot, sun_at, radius * 1.7, 0.45)),
            Shape(_slats(sun_at, radius, float(horizon)), sun),
        ),
        (
            Shape(_floor_lines(plan, horizon), None, Stroke(lines, 2.6), 0.85),
            Shape(ground, fade(floor, (0, horizon), (0, plan.height), (0.0, 0.85), (0.22, 0.25), (0.6, 0.0))),
            Shape(neat(line([(0, horizon), (plan.width, horizon)])), None, Stroke(mixed(lines, hot, 0.35), 4)),
        ),
    )


def _slats(centre: tuple[float, float], radius: float, horizon: float) -> Path:
    """A disc above the horizon, cut into slats that get thinner downwards."""
    y = centre[1]
    cuts = [y - radius]
    gaps = y + radius * np.array([0.02, 0.20, 0.36, 0.50, 0.63])
    curves = []
    for k, gap in enumerate(gaps.tolist()):
        if gap < horizon:
            curves.append(_slice(centre, radius, cuts[-1], gap))
            cuts.append(gap + radius * (0.035 + 0.014 * k))
    if cuts[-1] < horizon:
        curves.append(_slice(centre, radius, cuts[-1], min(horizon, y + radius)))
    return neat(Path(tuple(curves)))


def _slice(centre: tuple[float, float], radius: float, top: float, bottom: float) -> Curve:
    """The part of a disc between two heights."""
    a, b = (float(np.arcsin(np.clip((each - centre[1]) / radius, -1, 1))) for each in (top, bottom))
    right, left = arc(centre, radius, a, b), arc(centre, radius, np.pi - b, np.pi - a)
    across, back = (line(ends).curves[0].points for ends in ([right[-1], left[0]], [left[-1], right[0]]))
    return Curve(np.concatenate([right, across[1:], left[1:], back[1:]]))


def _floor_lines(plan: Plan, horizon: float) -> Path:
    """Lines towards a vanishing point, and lines across that get closer to one another."""
    depth, x = plan.height - horizon, plan.width / 2
    pieces: list[Path] = []
    for k in range(-16, 17):
        near, far = x + k * plan.width * 0.11, x + k * plan.width * 0.020
        # Cut where it leaves the canvas.
        share = 1.0 if near == far else min(1.0, ((plan.width if k > 0 else 0) - far) / (near - far))
        pieces.append(line([(far, horizon), (far + (near - far) * share, horizon + depth * share)]))
    pieces += [
        line([(0, horizon + depth * at), (plan.width, horizon + depth * at)]) for at in 0.94 * 0.72 ** np.arange(9)
    ]
    return neat(Path(tuple(curve for piece in pieces for curve in piece.curves)))


def skyline(plan: Plan) -> Parts:
    """A city at night: two rows of towers in neon haze, lit windows, signs, and a large moon behind the head."""
    t, (x, y), rng = plan.tones, plan.centre, plan.rng
    hot, cold = t.neon[0], t.neon[1]
    night = t.night
    haze = mixed(t.base, hot, 0.45)
    sky = Gradient(
        "linear",
        (0.0, 0.0),
        (0.0, round(plan.height, 1)),
        (
            (0.0, night, 1.0),
            (0.45, mixed(night, t.base, 0.7), 1.0),
            (0.85, mixed(haze, night, 0.25), 1.0),
            (1.0, haze, 1.0),
        ),
    )
    whole = plan.field(sky)
    far, near = mixed(night, haze, 0.42), mixed(night, t.base, 0.22)
    back, _ = _towers(plan, (0.34, 0.62), (40, 84))
    front, blocks = _towers(plan, (0.16, 0.50), (62, 120))
    stars = rng.uniform([0, 0], [plan.width, plan.height * 0.4], (26, 2))
    moon = min(plan.reach * 0.86, plan.height * 0.36)
    y -= moon * 0.12
    disc = Gradient(
        "linear",
        (0.0, round(y - moon, 1)),
        (0.0, round(y + moon, 1)),
        ((0.0, mixed(cold, t.mist, 0.35), 0.95), (1.0, hot, 0.95)),
    )
    return (
        (*whole, dots(stars, 1.6, t.mist, 0.7)),
        (
            Shape(whole[0].path, glow(hot, (x, y), moon * 2.0, 0.55)),
            Shape(neat(_round((x, y), moon)), disc),
            Shape(back, fade(far, (0, plan.height * 0.25), (0, plan.height), (0.0, 1.0), (1.0, 0.55))),
            Shape(whole[0].path, fade(haze, (0, plan.height * 0.45), (0, plan.height), (0.0, 0.0), (1.0, 0.55))),
        ),
        (Shape(front, near), *_windows(plan, blocks, hot, cold), *_signs(plan, blocks, (hot, cold, t.neon[2]))),
    )


def _round(centre: tuple[float, float], radius: float) -> Curve:
    return Curve(arc(centre, radius, 0, 2 * np.pi))


def _towers(plan: Plan, heights: tuple[float, float], widths: tuple[float, float]) -> tuple[Path, Floats]:
    """A row of towers as one outline, higher at the canvas's sides, and the left, right and top of each."""
    rng, at = plan.rng, -BLEED
    blocks = []
    while at < plan.width + BLEED:
        wide = rng.uniform(*widths)
        side = abs(at + wide / 2 - plan.width / 2) / (plan.width / 2)
        high = plan.height * (
            heights[0] + (heights[1] - heights[0]) * np.clip(rng.uniform(0.1, 0.75) + 0.35 * side, 0, 1)
        )
        blocks.append((at, at + wide, plan.height - high))
        at += wide
    outline = [(-BLEED, plan.height + BLEED)]
    for left, right, top in blocks:
        kind, middle = rng.integers(4), (left + right) / 2
        inset = (right - left) * 0.22
        outline.append((left, top))
        if kind == 0:  # a mast
            outline += [(middle - 2, top), (middle - 1, top - 62), (middle + 1, top - 62), (middle + 2, top)]
        elif kind == 1:  # a set-back storey
            outline += [(left + inset, top), (left + inset, top - 26), (right - inset, top - 26), (right - inset, top)]
        elif kind == 2:  # a slanted roof
            outline += [(right, top - 34)]
        outline.append((right, top))
    outline.append((blocks[-1][1], plan.height + BLEED))
    return neat(polygon(np.round(np.array(outline)))), np.array(blocks)


def _windows(plan: Plan, blocks: Floats, hot: Color, cold: Color) -> tuple[Shape, ...]:
    """Some of the windows of each tower are lit, in three colours."""
    warm = mixed((255, 214, 150), hot, 0.12)
    places = []
    for left, right, top in blocks:
        columns = np.arange(left + 15, right - 11, 16)
        rows = np.arange(top + 20, plan.height - 8, 20)
        places.append(np.stack(np.meshgrid(columns, rows), 2).reshape(-1, 2))
    spots = np.concatenate(places)
    spots = spots[(spots[:, 0] > 0) & (spots[:, 0] < plan.width)]
    chance = plan.rng.random(len(spots))
    share = min(0.36, 240 / max(len(spots), 1))
    groups = ((chance < share * 0.6, warm, 0.9), ((chance >= share * 0.6) & (chance < share * 0.85), cold, 0.75))
    rest = (chance >= share * 0.85) & (chance < share), hot, 0.8
    return tuple(dots(spots[kept], 3.9, tone, opacity) for kept, tone, opacity in (*groups, rest) if kept.any())


def _signs(plan: Plan, blocks: Floats, tones: tuple[Color, Color, Color]) -> tuple[Shape, ...]:
    """Upright neon signs on some towers, each with its haze."""
    signs: list[Shape] = []
    order = [
        k for k in plan.rng.permutation(len(blocks)).tolist() if blocks[k][0] > 30 and blocks[k][1] < plan.width - 30
    ]
    beside = [k for k in order if abs((blocks[k][0] + blocks[k][1]) / 2 - plan.width / 2) > plan.width * 0.24]
    for k, tone in zip(beside, tones, strict=False):
        left, _, top = blocks[k].tolist()
        x, y = round(left + 9), round(top + 44)
        halo = glow(tone, (x, y + 55), 120, 0.5)
        signs.append(Shape(plan.box(x - 120, y - 65, x + 120, y + 175), halo))
        signs.append(Shape(neat(line([(x, y), (x, y + 110)])), None, Stroke(adjusted(tone, lightness=0.08), 9)))
        signs.append(Shape(neat(line([(x, y + 3), (x, y + 107)])), None, Stroke(mixed(tone, (255, 255, 255), 0.8), 3)))
    return tuple(signs)
