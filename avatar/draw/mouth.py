"""The mouth: lips with teeth, or a line, from its measured corners and edges."""

from __future__ import annotations

import numpy as np

from dressform.avatar.color import mixed
from dressform.avatar.draw.pen import Pen, layers
from dressform.avatar.draw.strokes import smooth_closed
from dressform.avatar.paths import Path
from dressform.avatar.scene import Group, Shape, Stroke

__all__ = ["mouth_group"]

_TEETH = (252, 249, 245)
_INSIDE = (96, 30, 38)
_TONGUE = (214, 104, 104)
_OPEN = 0.022  # heads between the lips from which a mouth is open


def mouth_group(pen: Pen) -> Group | None:
    """The mouth as the style draws it."""
    mouth = pen.spec.face.mouth
    if mouth is None:
        return None
    size = pen.style.proportions.mouth
    points = {name: np.array(getattr(mouth, name)) for name in _NAMES}
    middle = (points["left"] + points["right"]) / 2
    angle = np.radians(pen.spec.head.tilt)
    across, down = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    p = {name: middle + (point - middle) * size for name, point in points.items()}
    half = float(np.clip(np.linalg.norm(p["left"] - p["right"]) / 2, 0.05, 0.24))
    gap = float((p["inner_lower"] - p["inner_upper"]) @ down)
    draw = _lips if pen.style.features.mouth == "lips" else _line
    children = layers("mouth", "Mouth", draw(pen, p, across, down, half, gap), tuple(middle.tolist()))
    return Group("mouth_group", tuple(children), "Mouth")


_NAMES = ("left", "right", "upper", "lower", "inner_upper", "inner_lower")
Points = dict[str, np.ndarray]
Drawn = list[tuple[str, str, list[Shape]]]


def _closed(points: list[np.ndarray]) -> Path:
    return Path((smooth_closed(np.array(points)),))


def _opening(p: Points, grow: float = 0.0) -> Path:
    """The gap between the lips."""
    r, le, up, low = p["right"], p["left"], p["inner_upper"], p["inner_lower"]
    down = np.array([0, grow])
    return _closed(
        [r, r + (up - r) * 0.5 + (up - (r + le) / 2) * 0.22, up, le + (up - le) * 0.5 + (up - (r + le) / 2) * 0.22,
         le, le + (low - le) * 0.5 + (low - (r + le) / 2) * 0.25 + down, low + down,
         r + (low - r) * 0.5 + (low - (r + le) / 2) * 0.25 + down]
    )  # fmt: skip


def _teeth(p: Points, down: np.ndarray, gap: float) -> Path:
    """Upper teeth: the upper part of the gap."""
    r, le, up = p["right"], p["left"], p["inner_upper"]
    depth = min(0.62 * gap, 0.07)
    inset_r, inset_l = r + (le - r) * 0.1, le + (r - le) * 0.1
    return _closed(
        [inset_r, r + (up - r) * 0.55 + 0.001 * down, up, le + (up - le) * 0.55 + 0.001 * down, inset_l,
         le + (up - le) * 0.45 + depth * 0.8 * down, up + depth * down, r + (up - r) * 0.45 + depth * 0.8 * down]
    )  # fmt: skip


def _lips(pen: Pen, p: Points, across: np.ndarray, down: np.ndarray, half: float, gap: float) -> Drawn:
    color = pen.color(pen.spec.face.lips, skin=True)
    skin = pen.skin
    lower_tone, upper_tone = mixed(color, skin.base, 0.12), mixed(color, skin.shadow, 0.25)
    r, le = p["right"], p["left"]
    bow = 0.35 * half
    up_in, low_in = p["inner_upper"], p["inner_lower"]
    thick_up = max(float((up_in - p["upper"]) @ down), 0.018)
    thick_low = float(np.clip((p["lower"] - low_in) @ down, 0.024, 0.075))
    top, bottom = up_in - thick_up * down, low_in + thick_low * down
    upper = _closed(
        [r, r + (top - r) * 0.55, top - bow * across - 0.004 * down, top + 0.006 * down,
         top + bow * across - 0.004 * down, le + (top - le) * 0.55, le, le + (up_in - le) * 0.5, up_in,
         r + (up_in - r) * 0.5]
    )  # fmt: skip
    lower = _closed(
        [r, r + (low_in - r) * 0.5, low_in, le + (low_in - le) * 0.5, le,
         le + (bottom - le) * 0.5 + 0.25 * thick_low * down, bottom, r + (bottom - r) * 0.5 + 0.25 * thick_low * down]
    )  # fmt: skip
    inside: list[Shape] = []
    teeth: list[Shape] = []
    line: list[Shape] = []
    if gap > _OPEN:
        inside.append(Shape(_opening(p), pen.color(_INSIDE)))
        teeth.append(Shape(_teeth(p, down, gap), pen.color(_TEETH)))
    else:
        middle = (up_in + low_in) / 2
        dark = mixed(mixed(color, skin.line, 0.5), (40, 16, 20), 0.3)
        points = [r - 0.06 * half * across, r + (middle - r) * 0.5, middle, le + (middle - le) * 0.5]
        points.append(le + 0.06 * half * across)
        line.append(pen.stroke([q.tolist() for q in points], dark, 0.013, start=0.4, end=0.4))
    shine = bottom - 0.6 * thick_low * down
    gleam = _closed(
        [shine - 0.3 * half * across, shine - 0.18 * thick_low * down, shine + 0.3 * half * across,
         shine + 0.18 * thick_low * down]
    )  # fmt: skip
    under = [
        bottom - 0.3 * half * across + 0.028 * down,
        bottom + 0.034 * down,
        bottom + 0.3 * half * across + 0.028 * down,
    ]
    return [
        ("inside", "inside", inside),
        ("teeth", "teeth", teeth),
        ("lower", "lower lip", [Shape(lower, lower_tone)]),
        ("upper", "upper lip", [Shape(upper, upper_tone)]),
        ("line", "line", line),
        ("light", "light", [Shape(gleam, (255, 255, 255), opacity=0.22)] if pen.style.shading.tones > 2 else []),
        ("under", "shadow below", [pen.inner([q.tolist() for q in under], skin.base, weight=0.7)]),
    ]


def _line(pen: Pen, p: Points, across: np.ndarray, down: np.ndarray, half: float, gap: float) -> Drawn:
    skin = pen.skin
    dark = mixed(skin.line, (92, 30, 34), 0.5)
    r, le = p["right"], p["left"]
    if gap > _OPEN:
        rim = _opening(p)
        tongue = p["inner_lower"] - min(0.3 * gap, 0.03) * down
        drop = _closed(
            [tongue - 0.4 * half * across, tongue - 0.012 * down, tongue + 0.4 * half * across,
             p["inner_lower"] - 0.004 * down]
        )  # fmt: skip
        return [
            ("inside", "inside", [Shape(rim, pen.color(_INSIDE))]),
            ("tongue", "tongue", [Shape(drop, pen.color(_TONGUE))] if gap > 0.06 else []),
            ("teeth", "teeth", [Shape(_teeth(p, down, gap), pen.color(_TEETH))]),
            ("line", "line", [*_outline(pen, rim, dark)]),
        ]
    middle = (p["inner_upper"] + p["inner_lower"]) / 2
    smile = float((middle - (r + le) / 2) @ down)
    points = [r, r + (middle - r) * 0.5 + 0.25 * smile * down, middle + 0.2 * smile * down]
    points += [le + (middle - le) * 0.5 + 0.25 * smile * down, le]
    under = p["lower"] + 0.02 * down
    return [
        ("line", "line", [pen.stroke([q.tolist() for q in points], dark, 0.016, start=0.3, end=0.3)]),
        (
            "under",
            "shadow below",
            [pen.inner([(under + x * half * across).tolist() for x in (-0.25, 0.25)], skin.base, weight=0.7)],
        ),
    ]


def _outline(pen: Pen, path: Path, color: tuple[int, int, int]) -> list[Shape]:
    return [Shape(path, None, Stroke(color, max(pen.style.line.inner, 0.008)))]
