"""The mouth: lips with teeth, or a line, from its measured corners and edges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.avatar.color import mixed
from dressform.avatar.draw.pen import Pen, layers
from dressform.avatar.draw.strokes import smooth_closed
from dressform.avatar.paths import Path
from dressform.avatar.scene import Color, Group, Shape, Stroke
from dressform.avatar.spec import Mouth

__all__ = ["mouth_group"]

Floats = npt.NDArray[np.float64]
Drawn = list[tuple[str, str, list[Shape]]]
_TEETH = (252, 249, 245)
_INSIDE = (96, 30, 38)
_TONGUE = (214, 104, 104)
_OPEN = 0.022  # heads between the lips from which a mouth is open
_STEPS = np.linspace(-1, 1, 9)


@dataclass(frozen=True, eq=False)
class _Shape:
    """A mouth as arcs between its corners: how far each of them hangs below their line in the middle, in heads."""

    middle: Floats
    across: Floats
    down: Floats
    half: float
    upper: float  # lower edge of the upper lip
    lower: float  # upper edge of the lower lip
    top: float
    bottom: float

    def arc(self, depth: float, *, wide: float = 1.0, power: float = 2.0, bow: float = 0.0) -> Floats:
        """(9, 2) points from the picture's left to its right; ``bow`` dents the middle as upper lips are."""
        t = _STEPS
        y = depth * (1 - np.abs(t) ** power)
        y = y + bow * (np.exp(-((t / 0.2) ** 2)) - 0.55 * np.exp(-(((np.abs(t) - 0.36) / 0.2) ** 2)))
        return self.at(t * self.half * wide, y)

    def at(self, x: Floats, y: Floats) -> Floats:
        return np.asarray(self.middle + x[:, None] * self.across + y[:, None] * self.down)

    @property
    def gap(self) -> float:
        return self.lower - self.upper


def mouth_group(pen: Pen) -> Group | None:
    """The mouth as the style draws it."""
    mouth = pen.spec.face.mouth
    if mouth is None:
        return None
    shape = _shape(pen, mouth)
    draw = _lips if pen.style.features.mouth == "lips" else _line
    children = layers("mouth", "Mouth", draw(pen, shape), (float(shape.middle[0]), float(shape.middle[1])))
    return Group("mouth_group", tuple(children), "Mouth")


def _shape(pen: Pen, mouth: Mouth) -> _Shape:
    size = pen.style.proportions.mouth
    left, right = np.array(mouth.left), np.array(mouth.right)
    middle = (left + right) / 2
    angle = np.radians(pen.spec.head.tilt)
    across, down = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    half = float(np.clip(np.linalg.norm(left - right) / 2, 0.05, 0.24)) * size

    def depth(point: tuple[float, float]) -> float:
        return float((np.array(point) - middle) @ down) * size

    upper, lower = depth(mouth.inner_upper), depth(mouth.inner_lower)
    lower = max(lower, upper)
    thick = 0.2 + 0.8 * size
    top = upper - float(np.clip(upper - depth(mouth.upper), 0.016, 0.05)) * thick
    bottom = lower + float(np.clip(depth(mouth.lower) - lower, 0.024, 0.075)) * thick
    return _Shape(middle, across, down, half, upper, lower, top, bottom)


def _between(one: Floats, other: Floats) -> Path:
    """The area between two arcs that share their ends."""
    return Path((smooth_closed(np.concatenate([one, other[-2:0:-1]])),))


def _teeth(m: _Shape) -> Path:
    """Upper teeth: the upper part of the gap."""
    low = min(m.upper + min(0.62 * m.gap, 0.075), m.lower)
    return _between(m.arc(m.upper, wide=0.93), m.arc(low, wide=0.93, power=2.6))


def _lips(pen: Pen, m: _Shape) -> Drawn:
    color = pen.color(pen.spec.face.lips, skin=True)
    skin = pen.skin
    inside: list[Shape] = []
    teeth: list[Shape] = []
    line: list[Shape] = []
    if m.gap > _OPEN:
        inside.append(Shape(_between(m.arc(m.upper), m.arc(m.lower)), pen.color(_INSIDE)))
        teeth.append(Shape(_teeth(m), pen.color(_TEETH)))
    else:
        dark = mixed(mixed(color, skin.line, 0.5), (40, 16, 20), 0.3)
        line.append(_stroke(pen, m.arc((m.upper + m.lower) / 2, wide=1.05), dark, 0.013))
    upper = _between(m.arc(m.top, bow=0.012), m.arc(m.upper))
    lower = _between(m.arc(m.lower), m.arc(m.bottom, power=2.4))
    shine = m.lower + 0.45 * (m.bottom - m.lower)
    gleam = _between(m.arc(shine - 0.006, wide=0.34), m.arc(shine + 0.006, wide=0.34))
    return [
        ("inside", "inside", inside),
        ("teeth", "teeth", teeth),
        ("lower", "lower lip", [Shape(lower, mixed(color, skin.base, 0.12))]),
        ("upper", "upper lip", [Shape(upper, mixed(color, skin.shadow, 0.25))]),
        ("line", "line", line),
        ("light", "light", [Shape(gleam, (255, 255, 255), opacity=0.25)] if pen.style.shading.tones > 2 else []),
        ("under", "shadow below", [_under(pen, m)]),
    ]


def _line(pen: Pen, m: _Shape) -> Drawn:
    dark = mixed(pen.skin.line, (92, 30, 34), 0.5)
    if m.gap <= _OPEN:
        drawn = _stroke(pen, m.arc((m.upper + m.lower) / 2, power=2.2), dark, 0.016)
        return [("line", "line", [drawn]), ("under", "shadow below", [_under(pen, m)])]
    rim = _between(m.arc(m.upper), m.arc(m.lower, power=2.4))
    tongue = _between(m.arc(m.lower - min(0.3 * m.gap, 0.03), wide=0.5), m.arc(m.lower - 0.004, wide=0.5))
    width = max(pen.style.line.inner, 0.008)
    return [
        ("inside", "inside", [Shape(rim, pen.color(_INSIDE))]),
        ("tongue", "tongue", [Shape(tongue, pen.color(_TONGUE))] if m.gap > 0.06 else []),
        ("teeth", "teeth", [Shape(_teeth(m), pen.color(_TEETH))]),
        ("line", "line", [Shape(rim, None, Stroke(dark, width))]),
    ]


def _stroke(pen: Pen, points: Floats, color: Color, width: float) -> Shape:
    return pen.stroke([[float(x), float(y)] for x, y in points], color, width, start=0.35, end=0.35)


def _under(pen: Pen, m: _Shape) -> Shape:
    """The hollow below the lower lip."""
    y = m.bottom + 0.028
    points = m.at(np.array([-0.3, 0.0, 0.3]) * m.half, np.array([y, y + 0.007, y]))
    return pen.inner([[float(a), float(b)] for a, b in points], pen.skin.base, weight=0.7)
