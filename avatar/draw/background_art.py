"""The backgrounds themselves: each a function from a plan to the shapes of two or three layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from dressform.avatar.color import mixed
from dressform.avatar.draw.background_scenes import grid, skyline
from dressform.avatar.draw.background_tones import (
    BLEED,
    WHITE,
    Floats,
    Plan,
    arc,
    blot,
    dots,
    glow,
    neat,
    polygons,
)
from dressform.avatar.draw.strokes import smooth_closed
from dressform.avatar.paths import Curve, Path, circle
from dressform.avatar.scene import Gradient, Shape, Stroke

__all__ = ["ART"]

Parts = tuple[tuple[Shape, ...], ...]


def _plain(plan: Plan) -> Parts:
    return (plan.field(plan.tones.base),)


def _gradient(plan: Plan) -> Parts:
    """Light falls in from its side, and lies on the wall behind the head."""
    t = plan.tones
    ground = plan.across(((0.0, t.light, 1.0), (0.5, t.base, 1.0), (1.0, t.deep if not t.dark else t.field, 1.0)))
    x, y = plan.centre
    halo = glow(t.light, (x + plan.light[0] * 60, y + plan.light[1] * 60), plan.reach * 1.5, 0.75)
    return plan.field(ground), plan.field(halo)


def _disc(plan: Plan) -> Parts:
    """A large disc, lit from the side, and two thin arcs around it."""
    t, (x, y), r = plan.tones, plan.centre, plan.reach
    lit = Gradient(
        "linear",
        (round(x + plan.light[0] * r, 1), round(y + plan.light[1] * r, 1)),
        (round(x - plan.light[0] * r, 1), round(y - plan.light[1] * r, 1)),
        ((0.0, t.strong if t.dark else t.soft, 1.0), (0.55, t.base, 1.0), (1.0, t.base if t.dark else t.strong, 1.0)),
    )
    angle = float(np.arctan2(plan.light[1], plan.light[0]))
    ring = neat(Curve(arc((x, y), r * 1.1, angle - 0.9, angle + 0.5), closed=False))
    far = neat(Curve(arc((x, y), r * 1.1, angle + np.pi - 0.35, angle + np.pi + 0.65), closed=False))
    bead = np.array([[np.cos(angle + 0.62), np.sin(angle + 0.62)]]) * r * 1.1 + [x, y]
    return (
        plan.field(t.field),
        (Shape(neat(circle((x, y), r)), lit),),
        (
            Shape(ring, None, Stroke(t.base, 7)),
            Shape(far, None, Stroke(t.accents[0], 7)),
            dots(bead, 10, t.accents[0]),
        ),
    )


def _blob(plan: Plan) -> Parts:
    """Soft rounded shapes one over the other."""
    t, (x, y), r, rng = plan.tones, plan.centre, plan.reach, plan.rng
    side = 1 if plan.light[0] > 0 else -1
    back = blot(rng, (x - side * r * 0.22, y + r * 0.12), (r * 1.12, r * 1.05), 0.07)
    front = blot(rng, (x + side * r * 0.05, y), (r * 1.02, r * 0.98), 0.08)
    where = np.array([[x + side * r * 1.08, y - r * 0.78], [x - side * r * 1.14, y - r * 0.62]])
    small = np.array([[x + side * r * 1.2, y - r * 0.5], [x - side * r * 1.0, y - r * 0.88]])
    wave = _wave(where[1] + [-70, 150], 140, 5)
    return (
        plan.field(t.field),
        (Shape(back, t.soft, None, 0.75), Shape(front, t.base)),
        (
            dots(where[:1], 38, t.accents[0]),
            dots(where[1:], 20, t.strong),
            dots(small, 10, t.accents[1]),
            Shape(wave, None, Stroke(t.strong, 9)),
        ),
    )


def _wave(start: Floats, length: float, bends: int) -> Path:
    """A wavy line to the right."""
    step = length / bends
    bend = np.array([[0.36, 0.75], [0.64, 0.75], [1, 0]]) * step
    pieces = [start + bend * [1, -1 if k % 2 else 1] + [k * step, 0] for k in range(bends)]
    return neat(Curve(np.concatenate([start[None], *pieces]), closed=False))


def _rays(plan: Plan) -> Parts:
    """Beams out of a point behind the head, stronger outwards."""
    t, (x, y) = plan.tones, plan.centre
    count, far = 18, float(np.hypot(plan.width, plan.height)) * 0.8
    angle = (np.arange(count) + plan.rng.uniform(0, 1)) * 2 * np.pi / count
    half = np.pi / count / 2
    tips = np.stack([angle - half, angle + half], 1)
    outer = np.stack([np.cos(tips), np.sin(tips)], 2) * far + [x, y]
    wedges = polygons(np.concatenate([np.broadcast_to([x, y], (count, 1, 2)), outer], 1))
    beams = Gradient(
        "radial",
        (round(x, 1), round(y, 1)),
        (round(x + far, 1), round(y, 1)),
        ((0.1, t.deep, 0.25), (0.6, t.strong, 1.0)),
    )
    return (
        plan.field(t.soft if not t.dark else t.base),
        (Shape(wedges, beams),),
        plan.field(
            glow(t.light if not t.dark else t.accents[0], (x, y), plan.reach * 1.35, 0.6 if not t.dark else 0.4)
        ),
    )


def _stripes(plan: Plan) -> Parts:
    """Broad slanted stripes, a thin one of another colour beside each."""
    t, pitch = plan.tones, 190.0
    lean = plan.height * 0.5 * (1 if plan.light[0] <= 0 else -1)
    left = np.arange(-abs(lean) - pitch, plan.width + abs(lean) + pitch, pitch)

    def bars(offset: float, width: float) -> Path:
        top, bottom = left + offset + lean / 2, left + offset - lean / 2
        seen = (np.maximum(top, bottom) + width > 0) & (np.minimum(top, bottom) < plan.width)
        xs = np.stack([top, top + width, bottom + width, bottom], 1)[seen]
        ys = np.broadcast_to([-BLEED, -BLEED, plan.height + BLEED, plan.height + BLEED], xs.shape)
        return polygons(np.stack([xs, ys], 2))

    return (
        plan.field(t.base if t.dark else t.soft),
        (Shape(bars(0, pitch * 0.5), t.deep if t.dark else t.base),),
        (Shape(bars(pitch * 0.5 + 22, 9), t.accents[0], None, 0.6),),
    )


def _lattice(plan: Plan, pitch: float) -> Floats:
    """(n, 2) places of a grid turned by 45 degrees, one of them at the canvas's middle, up to a step beyond it."""
    half = pitch / 2
    nx, ny = int(plan.width / 2 / half) + 2, int(plan.height / 2 / half) + 2
    i, j = np.meshgrid(np.arange(-nx, nx + 1), np.arange(-ny, ny + 1))
    kept = (i + j) % 2 == 0
    return np.asarray(np.stack([i[kept] * half + plan.width / 2, j[kept] * half + plan.height / 2], 1))


def _dots(plan: Plan) -> Parts:
    """Polka dots, every ninth or so in another colour."""
    t = plan.tones
    places = _lattice(plan, 118)
    other = plan.rng.random(len(places)) < 0.12
    return (
        plan.field(t.base),
        (dots(places[~other], 15, t.deep if t.dark else t.light),),
        (dots(places[other], 15, t.accents[0]),),
    )


def _halftone(plan: Plan) -> Parts:
    """Printed dots that grow away from the light."""
    t = plan.tones
    places = _lattice(plan, 62)
    across = ((places - [plan.width / 2, plan.height / 2]) @ -np.array(plan.light)) / (plan.width + plan.height) * 2
    size = np.clip((across + 0.34) / 1.1, 0, 1) ** 0.8
    steps = np.round(size * 10).astype(int)
    sizes = tuple(dots(places[steps == k], 2.2 + 2.35 * k, t.strong) for k in range(1, 11) if (steps == k).any())
    ground = plan.across(((0.0, t.light if not t.dark else t.base, 1.0), (1.0, t.base if not t.dark else t.field, 1.0)))
    halo = glow(t.light if not t.dark else t.base, plan.centre, plan.reach * 1.1, 0.85)
    return plan.field(ground), sizes, plan.field(halo)


def _wash(plan: Plan) -> Parts:
    """A blot of watercolour on white paper: glazes with crisp edges over one another, and a few drops."""
    t, (x, y), rng = plan.tones, plan.centre, plan.rng
    wide, high = plan.width * 0.43, plan.height * 0.42
    lx, ly = plan.light
    glazes = []
    for share, off, opacity, tone in (
        (1.0, 0.0, 0.5, t.soft),
        (0.9, 0.06, 0.4, t.base),
        (0.52, -0.42, 0.3, t.strong),
        (0.42, 0.48, 0.26, t.accents[0]),
    ):
        at = x - lx * off * wide, y - ly * off * high
        glaze = _torn(rng, at, (wide * share, high * share))
        glazes.append(Shape(_fitted(glaze, plan), tone, None, opacity))
    angle = rng.uniform(0, 2 * np.pi, 16)
    away = rng.uniform(0.98, 1.16, 16)
    drops = np.stack([x + np.cos(angle) * wide * away, y + np.sin(angle) * high * away], 1)
    size = np.sort(rng.uniform(2, 9, 16) ** 1.15)
    kinds = tuple(dots(drops[k::4], float(size[k * 4]), t.base, 0.45) for k in range(4))
    return plan.field(mixed(t.mist, WHITE, 0.4)), tuple(glazes), kinds


def _torn(rng: np.random.Generator, centre: tuple[float, float], radii: tuple[float, float]) -> Path:
    """A closed shape with a restless edge, as water leaves it: waves of many lengths."""
    count = 44
    angle = np.arange(count) / count * 2 * np.pi
    radius = np.ones(count)
    for wave in range(2, 15):
        radius += 0.055 * rng.normal() / wave**0.55 * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    # Squarer than an ellipse, so that it fills the sheet.
    full = (np.abs(np.cos(angle)) ** 3 + np.abs(np.sin(angle)) ** 3) ** (-1 / 3)
    ring = (
        np.stack([np.cos(angle) * radii[0], np.sin(angle) * radii[1]], 1) * (np.clip(radius, 0.7, 1.3) * full)[:, None]
    )
    return neat(smooth_closed(ring + np.array(centre)))


def _fitted(path: Path, plan: Plan) -> Path:
    """The path drawn together where it comes too near to the sheet's edge: a white rim stays."""
    limit = np.array([plan.width, plan.height]) * 0.47
    middle = np.array([plan.width, plan.height]) / 2
    (points,) = (curve.points - middle for curve in path.curves)
    return neat(Curve(points * np.minimum(1, limit / np.abs(points).max(0)) + middle))


def _sparkles(plan: Plan) -> Parts:
    """Four-pointed stars and tiny dots around the head, on a soft gradient."""
    t, (x, y), rng = plan.tones, plan.centre, plan.rng
    ground = plan.across(((0.0, t.light, 1.0), (0.6, t.base, 1.0), (1.0, t.base if t.dark else t.deep, 1.0)))
    tries = rng.uniform([0.03, 0.03], [0.97, 0.97], (400, 2)) * [plan.width, plan.height]
    kept: list[Floats] = []
    for place in tries:  # apart from one another and from where the person is
        clear = np.hypot(*((place - [x, y + 60]) / [1.0, 1.25])) > plan.reach * 0.72
        if clear and all(np.hypot(*(place - each)) > 84 for each in kept):
            kept.append(place)
    places = np.array(kept).reshape(-1, 2)
    size = 12 + 34 * rng.random(len(places)) ** 2.2
    stars = [_star(place, float(each)) for place, each in zip(places[::2], size[::2], strict=True)]
    shine = t.mist if not t.dark else t.accents[1]
    return (
        plan.field(ground),
        plan.field(glow(t.mist if not t.dark else t.strong, (x, y), plan.reach * 1.4, 0.25)),
        (
            *(Shape(Path(tuple(c for s in stars[k::3] for c in s.curves)), tone)
              for k, tone in enumerate((shine, shine, t.accents[0])) if stars[k::3]),
            dots(places[1::4], 5, shine),
            dots(places[3::4], 4, t.accents[0]),
        ),
    )  # fmt: skip


def _star(at: Floats, size: float) -> Path:
    """A star with four points and hollow sides, a little taller than wide."""
    tips = np.array([[0, -1.25], [0.9, 0], [0, 1.25], [-0.9, 0], [0, -1.25]]) * size
    sides = np.stack([tips[:-1] * 0.22, tips[1:] * 0.22, tips[1:]], 1).reshape(-1, 2)
    return neat(Curve(np.concatenate([tips[:1], sides]) + at))


ART: Mapping[str, Callable[[Plan], Parts]] = MappingProxyType(
    {
        "plain": _plain,
        "gradient": _gradient,
        "disc": _disc,
        "blob": _blob,
        "rays": _rays,
        "stripes": _stripes,
        "dots": _dots,
        "halftone": _halftone,
        "grid": grid,
        "wash": _wash,
        "skyline": skyline,
        "sparkles": _sparkles,
    }
)
"""Backgrounds by name."""
