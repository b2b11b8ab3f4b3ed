"""What was measured as worn on the head: hats by their outline, glasses rebuilt around the eyes."""

from __future__ import annotations

import numpy as np

from dressform.avatar.color import darker, lighter, mixed, parse_color
from dressform.avatar.draw.clip import clip_convex
from dressform.avatar.draw.grid import Mask
from dressform.avatar.draw.head import head_axes
from dressform.avatar.draw.pattern_art import pattern_shapes
from dressform.avatar.draw.pen import Pen, layers
from dressform.avatar.draw.strokes import smooth_closed
from dressform.avatar.paths import Path, polygon
from dressform.avatar.scene import Group, Shape, Stroke

__all__ = ["glasses_group", "hat_group"]


def hat_group(pen: Pen, mask: Mask) -> Group:
    """A measured hat."""
    grid = pen.grid
    palette = pen.spec.palettes.get("hat")
    tone = pen.tones(palette.base if palette is not None else "#555555")
    full = mask
    drawn = grid.trace(grid.blurred(full, 0.006), pen.style.detail)
    path = pen.fill(drawn, "hat")
    dark = grid.opened(grid.closed(pen.form_shadow(full, 0.09), 0.02) & full, 0.012)
    shade = grid.trace(grid.blurred(dark, 0.01), 0.25) if dark.any() else Path(())
    bright = grid.opened(pen.form_light(full, 0.07), 0.014) & ~dark
    light = grid.trace(grid.blurred(bright, 0.01), 0.25) if bright.any() else Path(())
    children = layers(
        "hat",
        "Hat",
        [
            ("", "", [Shape(path, tone.base)]),
            ("print", "pattern", pattern_shapes(pen, "hat", full)),
            ("light", "light", pen.shine(light, tone)),
            ("shade", "shadow", pen.shade(shade, tone, "hat")),
            ("line", "line", pen.outline(drawn, tone.line, "hat")),
        ],
        tuple(np.array(pen.spec.head.eyes).tolist()),
    )
    return Group("hat_group", tuple(children), "Hat")


def glasses_group(pen: Pen) -> Group | None:
    """Glasses around the eyes, as large as those that were seen."""
    spec = pen.spec
    kind = spec.attributes.glasses
    if kind == "none" or len(spec.face.eyes) < 2:
        return None
    eyes, across, down = head_axes(pen)
    apart = float(np.clip(spec.head.apart, 0.2, 0.4))
    half = apart * 0.43
    high = float(np.clip(_height(pen) / 2, 0.62 * half, 1.0 * half))
    palette = spec.palettes.get("sunglasses")
    color = parse_color(palette.base) if palette is not None else (38, 36, 42)
    skin = parse_color(spec.palettes["skin"].base)
    frame = pen.color(darker(color, 0.05) if kind == "dark" else _firm(color, skin))
    glass = pen.color(mixed(color, (30, 28, 36), 0.35))
    shift = 0.04 * spec.head.yaw * across
    lenses, shines, rims = [], [], []
    for side, eye in ((-1, spec.face.eyes[0]), (1, spec.face.eyes[1])):
        middle = 0.3 * (eyes + side * apart / 2 * across) + 0.7 * np.array(eye.centre) + 0.012 * down
        ring = _lens(middle, half, high, across, down, side)
        path = Path((smooth_closed(ring),))
        lenses.append(
            Shape(path, glass if kind == "dark" else (255, 255, 255), opacity=0.94 if kind == "dark" else 0.10)
        )
        rims.append(Shape(path, None, Stroke(frame, 0.026 if kind == "clear" else 0.02)))
        band = np.array([[-0.55, -2.0], [-0.15, -2.0], [-0.75, 2.0], [-1.15, 2.0]]) * [half, high]
        stripe = clip_convex(middle + band[:, :1] * across + band[:, 1:] * down, middle + (ring - middle) * 0.86)
        if len(stripe) >= 3:
            shines.append(Shape(polygon(stripe), (255, 255, 255), opacity=0.22 if kind == "dark" else 0.3))
    bridge_y = -0.25 * high * down
    mid = (
        (np.array(spec.face.eyes[0].centre) + np.array(spec.face.eyes[1].centre)) / 2 * 0.7 + 0.3 * eyes + 0.012 * down
    )
    gap = apart / 2 - half * 0.92
    bridge = [mid - gap * across + bridge_y, mid - 0.03 * down + bridge_y * 1.1, mid + gap * across + bridge_y]
    rims.append(pen.stroke([p.tolist() for p in bridge], frame, 0.024, start=0.9, end=0.9))
    for side, ear in ((-1, spec.head.ears[0]), (1, spec.head.ears[1])):
        if spec.head.yaw * side > 0.5:
            continue
        rim = mid + side * (apart / 2 + half * 0.95) * across - 0.3 * high * down
        end = np.array(ear) - 0.05 * down
        if (end - rim) @ across * side > 0.015:
            rims.append(
                pen.stroke([rim.tolist(), (0.5 * (rim + end)).tolist(), end.tolist()], frame, 0.022, start=1, end=0.6)
            )
    children = layers(
        "glasses",
        "Glasses",
        [("lens", "lenses", lenses), ("shine", "reflection", shines), ("", "", rims)],
        tuple((eyes + shift).tolist()),
    )
    return Group("glasses_group", tuple(children), "Glasses")


def _height(pen: Pen) -> float:
    region = pen.spec.regions.get("sunglasses")
    if region is None or not region.path.curves:
        return 0.22
    x0, y0, x1, y1 = region.path.bounds
    tilt = abs(np.sin(np.radians(pen.spec.head.tilt)))
    return float(np.clip((y1 - y0) - tilt * (x1 - x0), 0.12, 0.34))


def _lens(middle: np.ndarray, half: float, high: float, across: np.ndarray, down: np.ndarray, side: int) -> np.ndarray:
    """A lens: a rounded rectangle, narrower below and towards the nose."""
    angles = np.linspace(0, 2 * np.pi, 20, endpoint=False)
    cos, sin = np.cos(angles), np.sin(angles)
    x = np.sign(cos) * np.abs(cos) ** 0.62 * half
    y = np.sign(sin) * np.abs(sin) ** 0.66 * high
    x = x * (1 - 0.10 * np.clip(y / high, 0, 1)) + 0.04 * half * side * (-(y / high))
    return np.asarray(middle + x[:, None] * across + y[:, None] * down)


def _firm(color: tuple[int, int, int], skin: tuple[int, int, int]) -> tuple[int, int, int]:
    """A frame's colour that stands out from the skin: what is seen of thin frames is half skin."""
    return darker(mixed(color, (28, 24, 28), 0.55), 0.04) if sum(skin) > 240 else lighter(color, 0.1)
