"""What is behind the person: a field, a shape on it and its details, as geometry, in shades of one colour."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from dressform.avatar.color import format_color
from dressform.avatar.draw.background_art import ART
from dressform.avatar.draw.background_tones import Plan, tones
from dressform.avatar.scene import Color, Gradient, Layer, Paint, Shape, Stroke
from dressform.parsing.errors import OptionError

__all__ = ["SHAPES", "background_layers"]

SHAPES = tuple(ART)
"""Names of the backgrounds."""
_SIDE = 1000.0  # units of the longer side that all art is drawn in
_TITLES = {
    "background": "Background",
    "background_shape": "Background: shape",
    "background_detail": "Background: detail",
}
_MAX = 1e6  # units of a canvas


def background_layers(
    shape: str,
    color: Color,
    size: tuple[float, float],
    *,
    accents: Sequence[Color] = (),
    light: tuple[float, float] = (-0.6, -0.8),
    seed: int = 0,
) -> tuple[Layer, ...]:
    """A background in shades of one colour.

    Args:
        shape: One of :data:`SHAPES`. "plain" is the colour alone; what others put behind the head is near the colour.
        color: sRGB.
        size: Width and height of the canvas in scene units.
        accents: Other colours for details, at most the first three; neighbours of the colour where there are none.
        light: Towards the light, x right and y down; its length does not matter.
        seed: Of what is random in it.

    Returns:
        One to three layers from bottom to top, named ``background`` (it covers the canvas), ``background_shape`` and
        ``background_detail``.

    Raises:
        OptionError: Unknown shape, or a colour, size or light that is none.
    """
    if shape not in ART:
        raise OptionError("unknown background", got=repr(shape)[:40], allowed=", ".join(SHAPES))
    for each in (color, *accents):
        format_color(each)
    width, height = size
    if not all(0 < side <= _MAX for side in (width, height)):
        raise OptionError("bad size of a background", got=size, allowed=f"two sides above 0, up to {_MAX:.0f} units")
    length = math.hypot(*light)
    if not 0 < length < math.inf:
        raise OptionError("bad direction of light", got=light, allowed="two finite numbers, not both 0")
    unit = max(width, height) / _SIDE
    direction = light[0] / length, light[1] / length
    rng = np.random.default_rng([seed % 2**63, SHAPES.index(shape)])
    plan = Plan(width / unit, height / unit, tones(color, tuple(accents[:3])), direction, rng)
    parts = zip(_TITLES.items(), ART[shape](plan), strict=False)
    return tuple(
        Layer(name, tuple(_scaled(each, unit) for each in shapes), title=title)
        for (name, title), shapes in parts
        if shapes
    )


def _scaled(shape: Shape, unit: float) -> Shape:
    """A shape drawn in thousandths of the longer side, in scene units."""
    if unit == 1:
        return shape
    stroke = shape.stroke and Stroke(shape.stroke.color, shape.stroke.width * unit)
    path = shape.path.transformed(np.array([[unit, 0, 0], [0, unit, 0]]))
    return replace(shape, path=path, fill=_scaled_paint(shape.fill, unit), stroke=stroke)


def _scaled_paint(paint: Paint | None, unit: float) -> Paint | None:
    if not isinstance(paint, Gradient):
        return paint
    (ax, ay), (bx, by) = paint.start, paint.end
    return replace(paint, start=(ax * unit, ay * unit), end=(bx * unit, by * unit))
