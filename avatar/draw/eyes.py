"""Eyes and brows: three ways to draw an eye, open and closed, from its measured corners, opening and gaze."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.avatar.color import darker, difference, lighter, mixed, parse_color
from dressform.avatar.draw.clip import clip_convex
from dressform.avatar.draw.pen import Pen, layers
from dressform.avatar.draw.strokes import brush, smooth_closed
from dressform.avatar.paths import Path, ellipse
from dressform.avatar.scene import Color, Gradient, Group, Layer, Shape
from dressform.avatar.spec import Eye

__all__ = ["brow_layers", "eye_groups"]

Floats = npt.NDArray[np.float64]
_WHITE = (252, 250, 248)
_PUPIL = (22, 16, 18)
_LASH = (42, 28, 28)
_CLOSED = 0.13  # openness below which an eye is drawn closed
_SPREAD = np.linspace(0, np.pi, 9)


@dataclass(frozen=True)
class _Frame:
    """Where one eye is: local x runs to the picture's right, y down, in heads."""

    centre: Floats
    across: Floats
    down: Floats
    half: float  # half its width
    up: float  # from the corners' line to the upper lid
    low: float  # and to the lower lid
    outer: int  # the side of the outer corner: -1 for the right eye, which is on the left

    def at(self, points: Floats) -> Floats:
        return np.asarray(self.centre + points[:, :1] * self.across + points[:, 1:] * self.down)

    def lid(self, sign: int, grow: float = 1.0) -> Floats:
        """Points of a lid from left to right; ``sign`` -1 is the upper one."""
        height = (self.up if sign < 0 else self.low) * grow
        x = -np.cos(_SPREAD) * self.half
        lean = 0.10 * self.half * self.outer * np.cos(_SPREAD) * -1  # outer corners sit a little higher
        return np.stack([x, sign * height * np.sin(_SPREAD) ** 0.85 - lean * 0.6], 1)


def eye_groups(pen: Pen) -> list[Group]:
    """Both eyes, and hidden beside each its closed form."""
    out = []
    for eye, name, title, outer in zip(
        pen.spec.face.eyes, ("eye_R", "eye_L"), ("Right eye", "Left eye"), (-1, 1), strict=False
    ):
        frame = _frame(pen, eye, outer)
        closed = eye.openness < _CLOSED
        children = [] if closed else _DRAW[pen.style.features.eyes](pen, eye, frame, name, title)
        shut = Layer(f"{name}_closed", _closed(pen, frame), f"{title}: closed", visible=closed)
        out.append(Group(f"{name}_group", (*children, shut), title))
    return out


def _frame(pen: Pen, eye: Eye, outer: int) -> _Frame:
    proportions, kind = pen.style.proportions, pen.style.features.eyes
    angle = np.radians(pen.spec.head.tilt)
    across, down = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    width = float(np.clip(eye.width, 0.11, 0.24)) * proportions.eyes
    width = min(width, pen.spec.head.apart * 0.86) if pen.spec.head.apart > 0.2 else width
    openness = float(np.clip(eye.openness * 1.15, 0.36, 0.52))
    high = {"natural": openness, "anime": 0.42 + 0.6 * openness, "dot": 0.9}[kind]
    height = width * high * proportions.eye_height
    centre = np.array(eye.centre) + proportions.eye_drop * down
    return _Frame(centre, across, down, width / 2, 0.56 * height, 0.44 * height, outer)


def _opening(frame: _Frame) -> Floats:
    return np.concatenate([frame.lid(-1), frame.lid(1)[-2:0:-1]])


def _natural(pen: Pen, eye: Eye, frame: _Frame, name: str, title: str) -> list[Layer]:
    opening = _opening(frame)
    white = Path((smooth_closed(frame.at(opening)),))
    height = frame.up + frame.low
    iris = pen.color(pen.spec.face.iris)
    radius = 0.62 * height * pen.style.features.iris
    middle = np.array([eye.gaze[0] * frame.half * 0.3, (frame.low - frame.up) / 2 - 0.03 * height])
    disc = _round(middle, radius, radius)
    seen = _cut(frame, disc, opening)
    pupil = _cut(frame, _round(middle, radius * 0.5, radius * 0.5), opening)
    shade = _cut(frame, frame.lid(-1) + np.array([0, height * 0.0]), opening)
    lid_shadow = np.concatenate([frame.lid(-1), frame.lid(-1)[::-1] + np.array([0, 0.2 * height])])
    shade = _cut(frame, lid_shadow, opening)
    spot = ellipse(frame.at(middle[None] + [[-0.32 * radius, -0.36 * radius]])[0], (0.27 * radius,) * 2)
    rim = mixed(iris, (10, 8, 12), 0.45)
    white_color = pen.color(mixed(_WHITE, parse_color(pen.spec.palettes["skin"].base), 0.06))
    return layers(
        name,
        title,
        [
            ("white", "white", [Shape(white, white_color)]),
            (
                "iris",
                "iris",
                [Shape(seen, rim), Shape(_cut(frame, _round(middle, radius * 0.84, radius * 0.84), opening), iris)],
            ),
            ("pupil", "pupil", [Shape(pupil, _PUPIL)]),
            ("shade", "shadow", [Shape(shade, (60, 44, 60), opacity=0.22)]),
            ("spark", "light", [Shape(spot, (255, 255, 255), opacity=0.95)]),
            ("lash", "lashes", _lashes(pen, frame)),
        ],
        tuple(frame.centre.tolist()),
    )


def _anime(pen: Pen, eye: Eye, frame: _Frame, name: str, title: str) -> list[Layer]:
    opening = _opening(frame)
    white = Path((smooth_closed(frame.at(opening)),))
    height = frame.up + frame.low
    iris = pen.color(pen.spec.face.iris)
    ry = 0.66 * height * pen.style.features.iris
    rx = min(0.80 * ry, 0.78 * frame.half)
    middle = np.array(
        [eye.gaze[0] * frame.half * 0.16 - 0.03 * frame.half * frame.outer, (frame.low - frame.up) / 2 - 0.06 * height]
    )
    dark, bright = darker(mixed(iris, (24, 14, 34), 0.35), 0.06), lighter(iris, 0.17)
    top, bottom = frame.at(middle[None] + [[0, -ry]])[0], frame.at(middle[None] + [[0, ry]])[0]
    paint = Gradient(
        "linear", tuple(top.tolist()), tuple(bottom.tolist()), ((0.0, dark, 1.0), (0.5, iris, 1.0), (1.0, bright, 1.0))
    )
    seen = _cut(frame, _round(middle, rx, ry), opening)
    inner = _cut(frame, _round(middle + np.array([0, 0.02 * ry]), rx * 0.9, ry * 0.92), opening)
    pupil = _cut(frame, _round(middle + np.array([0, -0.1 * ry]), rx * 0.5, ry * 0.5), opening)
    lid = np.concatenate([frame.lid(-1), frame.lid(-1)[::-1] + np.array([0, 0.17 * height])])
    glow = _cut(frame, _round(middle + np.array([0, 0.55 * ry]), rx * 0.55, ry * 0.26), opening)
    one = ellipse(frame.at(middle[None] + [[-0.36 * rx, -0.38 * ry]])[0], (0.30 * rx, 0.25 * ry), -15)
    two = ellipse(frame.at(middle[None] + [[0.40 * rx, 0.42 * ry]])[0], (0.15 * rx, 0.12 * ry), -15)
    return layers(
        name,
        title,
        [
            ("white", "white", [Shape(white, pen.color(mixed(_WHITE, (196, 190, 214), 0.25)))]),
            ("iris", "iris", [Shape(seen, dark), Shape(inner, paint)]),
            ("pupil", "pupil", [Shape(pupil, _PUPIL)]),
            ("glow", "glow", [Shape(glow, lighter(iris, 0.26), opacity=0.55)]),
            ("shade", "shadow", [Shape(_cut(frame, lid, opening), (70, 50, 90), opacity=0.25)]),
            ("spark", "lights", [Shape(one, (255, 255, 255)), Shape(two, (255, 255, 255), opacity=0.9)]),
            ("lash", "lashes", _lashes(pen, frame, heavy=True)),
        ],
        tuple(frame.centre.tolist()),
    )


def _dot(pen: Pen, eye: Eye, frame: _Frame, name: str, title: str) -> list[Layer]:
    height = frame.up + frame.low
    iris = pen.color(mixed(parse_color(pen.spec.face.iris), _PUPIL, 0.55))
    rx, ry = 0.36 * height, 0.5 * height
    middle = np.array([eye.gaze[0] * 0.1 * frame.half, 0.0])
    body = Path((smooth_closed(frame.at(_round(middle, rx, ry))),))
    glow = Path((smooth_closed(frame.at(_round(middle + np.array([0, 0.5 * ry]), rx * 0.6, ry * 0.3))),))
    one = ellipse(frame.at(middle[None] + [[-0.3 * rx, -0.42 * ry]])[0], (0.34 * rx, 0.26 * ry))
    two = ellipse(frame.at(middle[None] + [[0.36 * rx, 0.3 * ry]])[0], (0.15 * rx, 0.12 * ry))
    return layers(
        name,
        title,
        [
            ("iris", "iris", [Shape(body, iris)]),
            ("glow", "glow", [Shape(glow, lighter(pen.color(pen.spec.face.iris), 0.12), opacity=0.6)]),
            ("spark", "lights", [Shape(one, (255, 255, 255)), Shape(two, (255, 255, 255), opacity=0.85)]),
            ("lash", "lashes", _lashes(pen, frame)),
        ],
        tuple(frame.centre.tolist()),
    )


_DRAW = {"natural": _natural, "anime": _anime, "dot": _dot}


def _lash_color(pen: Pen) -> Color:
    palette = pen.spec.palettes.get("hair")
    skin = parse_color(pen.spec.palettes["skin"].base)
    color = mixed(_LASH, parse_color(palette.base), 0.25) if palette is not None else _LASH
    if float(difference(np.array(color), np.array(skin))) < 18:  # dark skin: lashes darker still
        color = mixed(color, (0, 0, 0), 0.6)
    return pen.color(color)


def _lashes(pen: Pen, frame: _Frame, *, heavy: bool = False) -> list[Shape]:
    strength = pen.style.features.lashes
    if strength <= 0:
        return []
    color = _lash_color(pen)
    upper = frame.lid(-1, 1.06)
    width = (0.031 if heavy else 0.023) * (0.55 + 0.45 * strength) * max(frame.half / 0.085, 0.8) ** 0.5
    flick = np.array([[frame.outer * frame.half * 1.16, upper[0 if frame.outer < 0 else -1, 1] - 0.2 * frame.up]])
    line = np.concatenate([flick, upper]) if frame.outer < 0 else np.concatenate([upper, flick])
    ends = (0.1, 0.12) if frame.outer < 0 else (0.12, 0.1)
    shapes = [Shape(brush(frame.at(line), width, start=ends[0], end=ends[1], steps=8), color)]
    low = frame.lid(1, 1.03)[1:8]
    low = low[:5] if frame.outer < 0 else low[2:]
    lower = brush(frame.at(low), width * 0.3, start=0.2, end=0.2)
    shapes.append(Shape(lower, color, opacity=0.6 if heavy else 0.45))
    crease = frame.lid(-1, 1.0)[1:8] * [1.0, 1.0] - [[0, 0.32 * frame.up + 0.012]]
    skin = pen.skin
    shapes.append(Shape(brush(frame.at(crease), width * 0.35, start=0.1, end=0.1), skin.line, opacity=0.4))
    return shapes


def _closed(pen: Pen, frame: _Frame) -> tuple[Shape, ...]:
    """A closed eye: the lids' line with its lashes, an arc that smiles."""
    color = _lash_color(pen)
    x = -np.cos(_SPREAD) * frame.half
    arc = np.stack([x, 0.45 * frame.low + 0.4 * frame.half * (0.5 - np.sin(_SPREAD))], 1)
    shapes = [Shape(brush(frame.at(arc), 0.026, start=0.35, end=0.35, steps=7), color)]
    return tuple(shapes)


def _round(middle: Floats, rx: float, ry: float) -> Floats:
    angles = np.linspace(0, 2 * np.pi, 28, endpoint=False)
    return np.asarray(np.asarray(middle) + np.stack([rx * np.cos(angles), ry * np.sin(angles)], 1))


def _cut(frame: _Frame, shape: Floats, opening: Floats) -> Path:
    """What of a shape is inside the opening of the lids."""
    inside = clip_convex(shape, opening)
    return Path((smooth_closed(frame.at(_even(inside))),)) if len(inside) >= 3 else Path(())


def _even(ring: Floats, count: int = 14) -> Floats:
    """A ring's points spread evenly, so that a smooth curve through them has no loops."""
    closed = np.concatenate([ring, ring[:1]])
    along = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(closed, axis=0), axis=1))])
    if along[-1] <= 0:
        return ring
    at = np.linspace(0, along[-1], count, endpoint=False)
    return np.stack([np.interp(at, along, closed[:, k]) for k in (0, 1)], 1)


def brow_layers(pen: Pen) -> list[Layer]:
    """Eyebrows along their measured points."""
    factor = pen.style.features.brows
    if factor <= 0:
        return []
    palette = pen.spec.palettes.get("hair")
    skin = parse_color(pen.spec.palettes["skin"].base)
    hair = parse_color(palette.base) if palette is not None else mixed(skin, (30, 22, 20), 0.75)
    if float(difference(np.array(hair), np.array(skin))) < 12:
        hair = mixed(hair, (30, 22, 20), 0.4)
    wanted = pen.spec.palettes.get("brows")
    color = pen.color(wanted.base if wanted is not None else darker(mixed(hair, _LASH, 0.25), 0.02))
    out = []
    drop = pen.style.proportions.eye_drop
    lift = (pen.style.proportions.eyes * pen.style.proportions.eye_height - 1.15) * 0.05
    _, down = np.array([1.0, 0.0]), np.array([0.0, 1.0])
    for eye, name, title in zip(pen.spec.face.eyes, ("brow_R", "brow_L"), ("Right brow", "Left brow"), strict=False):
        if len(eye.brow) < 3:
            continue
        points = np.array(eye.brow) + (drop * 0.5 - max(lift, 0.0)) * down
        width = float(np.clip(0.03 * factor, 0.006, 0.08))
        shape = Shape(brush(points, width, start=0.62, end=0.12, steps=7), color)
        out.append(Layer(name, (shape,), title, tuple(points.mean(0).tolist())))
    return out
