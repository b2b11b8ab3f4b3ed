"""Stripes, checks and prints on cloth, cut to the garment."""

from __future__ import annotations

import numpy as np

from dressform.avatar.draw.grid import Mask
from dressform.avatar.draw.pen import Pen
from dressform.avatar.scene import Shape

__all__ = ["pattern_shapes"]

_FINEST = 0.035  # heads; finer stripes would shimmer, so they are drawn this wide
_COARSEST = 0.5


def pattern_shapes(pen: Pen, slug: str, mask: Mask) -> tuple[Shape, ...]:
    """What a garment shows beside its own colour.

    Args:
        pen: The means of drawing.
        slug: Of the garment's part.
        mask: (h, w) bool of the grid, the garment.
    """
    palette = pen.spec.palettes.get(slug)
    if palette is None:
        return ()
    out: list[Shape] = []
    pattern, region = palette.pattern, pen.spec.regions[slug]
    colors = [color for color in pattern.colors if color != palette.base] or [color for color, _ in palette.accents]
    if pattern.kind in ("striped", "checked") and colors and pattern.period > 0:
        period = float(np.clip(pattern.period, _FINEST * 2, _COARSEST))
        angles = [pattern.angle] if pattern.kind == "striped" else [pattern.angle, pattern.angle + 90]
        for angle in angles:
            bands = _stripes(pen, angle, period) & mask
            path = pen.grid.trace(pen.grid.blurred(bands, 0.004), 0.6)
            if path.curves:
                opacity = 1.0 if pattern.kind == "striped" else 0.6
                out.append(Shape(path, pen.color(colors[0]), opacity=opacity))
    for color, path in region.prints:  # collars and pockets lie on stripes too
        where = pen.grid.fill(path) & mask
        if where.any():
            smooth = pen.grid.trace(pen.grid.blurred(where, 0.006), max(pen.style.detail, 0.3))
            out.append(Shape(smooth, pen.color(color)))
    return tuple(out)


def _stripes(pen: Pen, angle: float, period: float) -> Mask:
    """Bands that run ``angle`` degrees clockwise from horizontal, half of each period."""
    xs, ys = pen.grid.points()
    radians = np.radians(angle)
    across = ys * np.cos(radians) - xs * np.sin(radians)
    return np.asarray((across / period) % 1.0 < 0.45, np.bool_)
