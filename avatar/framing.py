"""Which piece of a figure is on the canvas, and what cuts the canvas out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from dressform.avatar.draw.strokes import smooth_closed
from dressform.avatar.paths import Path, circle, rounded_rectangle
from dressform.avatar.proportions import NATURAL, Warp
from dressform.avatar.spec import AvatarSpec, Framing

__all__ = ["FRAMES", "Frame", "Window", "canvas_size", "frame_path", "window"]

Frame = Literal["circle", "squircle", "square", "card", "none"]
FRAMES: tuple[str, ...] = get_args(Frame)
CANVAS = 1000.0
"""Scene units across a canvas."""
_BUST = 2.35  # heads across
_LOW = 0.78  # heads below the chin that a bust shows


@dataclass(frozen=True)
class Window:
    """A piece of the figure: its upper left corner and size, in heads."""

    x: float
    y: float
    width: float
    height: float

    def matrix(self) -> np.ndarray:
        """(2, 3) map from heads to the canvas."""
        s = CANVAS / self.width
        return np.array([[s, 0, -self.x * s], [0, s, -self.y * s]])


def window(spec: AvatarSpec, framing: Framing, frame: str, *, warp: Warp = NATURAL, top: float = 0.0) -> Window:
    """The piece of the figure that a framing shows; square unless the frame is a card or none.

    Args:
        spec: The figure.
        framing: "bust", "half" or "full".
        frame: Of :data:`FRAMES`.
        warp: Proportions of the style.
        top: Where something worn ends above the head, in heads.
    """
    low, pose, worn = _LOW, spec.head, top
    angle = np.radians(pose.tilt)
    top_x = pose.eyes[0] + pose.hair_top * float(np.sin(angle))
    top = min(pose.eyes[1] - pose.hair_top * float(np.cos(angle)), pose.eyes[1] - 0.4, worn + 0.15)
    boxes = [warp.path(region.path).bounds for region in spec.regions.values() if region.path.curves]
    x0, x1 = min((b[0] for b in boxes), default=-0.6), max((b[2] for b in boxes), default=0.6)
    y1 = max((b[3] for b in boxes), default=1.0)
    if framing == "bust":
        size = max(_BUST, low - top + 0.30)
        middle = (0.5 * top_x + 0.3 * pose.eyes[0] + 0.2 * pose.chin[0]) if abs(pose.tilt) < 60 else pose.eyes[0]
        return Window(middle - size / 2, low - size, size, size)
    bottom = min(y1, 3.0) if framing == "half" else y1 + 0.2
    y = top - 0.25
    height = max(bottom - y, 1.5)
    middle = pose.eyes[0] if framing == "half" else (x0 + x1) / 2
    across = max(x1 - middle, middle - x0) * 2 + 0.2
    if framing == "half":
        across = min(across, 0.9 * height)
    width = max(across, 0.5 * height)
    if frame in ("circle", "squircle", "square"):
        side = max(width, height) * (1.06 if framing == "full" and frame != "square" else 1.0)
        return Window(middle - side / 2, y + height / 2 - side / 2, side, side)
    return Window(middle - width / 2, y, width, height)


def canvas_size(piece: Window) -> tuple[float, float]:
    """Width and height of the canvas in scene units."""
    return CANVAS, CANVAS * piece.height / piece.width


def frame_path(frame: str, size: tuple[float, float]) -> Path | None:
    """What cuts the canvas out, in scene units; None where nothing does."""
    width, height = size
    if frame == "circle":
        return circle((width / 2, height / 2), min(width, height) / 2)
    if frame == "squircle":
        angles = np.linspace(0, 2 * np.pi, 48, endpoint=False)
        cos, sin = np.cos(angles), np.sin(angles)
        x = np.sign(cos) * np.abs(cos) ** 0.5 * width / 2 + width / 2
        y = np.sign(sin) * np.abs(sin) ** 0.5 * height / 2 + height / 2
        return Path((smooth_closed(np.stack([x, y], 1)),))
    if frame == "card":
        return rounded_rectangle(0, 0, width, height, 0.06 * min(width, height))
    return None
