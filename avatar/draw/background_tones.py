"""Colours of backgrounds, and the simple shapes that they are drawn with."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.avatar.color import adjusted, mixed, oklab_to_oklch, oklch_to_oklab, srgb_to_oklab, to_color
from dressform.avatar.draw.strokes import smooth_closed
from dressform.avatar.paths import Curve, Path, polygon
from dressform.avatar.scene import Color, Gradient, Shape, Stroke

__all__ = [
    "BLEED",
    "WHITE",
    "Floats",
    "Plan",
    "Tones",
    "arc",
    "blot",
    "dots",
    "fade",
    "glow",
    "neat",
    "polygons",
    "tones",
]

Floats = npt.NDArray[np.float64]
WHITE: Color = (255, 255, 255)
BLEED = 20.0  # beyond the canvas
_NEON: tuple[Color, ...] = ((255, 70, 165), (60, 215, 250), (255, 175, 70))  # of tubes, where a style names no accents


@dataclass(frozen=True)
class Tones:
    """Shades of one colour.

    Attributes:
        base: The colour.
        field: Around the main shape: paler than a light colour, deeper than a dark one or white.
        soft, strong: A little off the base, towards the field and away from it.
        deep: Darker, for patterns on the base.
        light: Lighter than the base.
        mist: Nearly white with a hint of the hue.
        night: Nearly black with a hint of the hue.
        accents: Three colours for details.
        neon: Bright saturated versions of the accents, or pink, cyan and amber.
        dark: Whether the base is a dark colour.
    """

    base: Color
    field: Color
    soft: Color
    strong: Color
    deep: Color
    light: Color
    mist: Color
    night: Color
    accents: tuple[Color, Color, Color]
    neon: tuple[Color, Color, Color]
    dark: bool


def tones(base: Color, accents: tuple[Color, ...]) -> Tones:
    """Shades of ``base``; missing accents are neighbours of its hue."""
    lightness, chroma, hue = oklab_to_oklch(srgb_to_oklab(np.array(base, np.float64))).tolist()
    dark = lightness < 0.45
    colored = max(chroma, 0.09 if chroma > 0.02 else 0.035)

    def shade(value: float, share: float = 1.0, turn: float = 0.0) -> Color:
        return to_color(oklch_to_oklab(np.array([min(max(value, 0.0), 1.0), colored * share, hue + turn])))

    def other(turn: float) -> Color:
        return shade(max(lightness + 0.3, 0.62) if dark else max(lightness - 0.06, 0.6), 1.2, turn)

    three = (*accents, *(other(turn) for turn in (-38, 60, 170)))[:3]
    neon = (*(_vivid(accent) for accent in accents), *(mixed(each, base, 0.1) for each in _NEON))[:3]
    return Tones(
        base=base,
        field=_field(base, lightness),
        soft=adjusted(base, lightness=-0.04) if dark else mixed(base, WHITE, 0.2),
        strong=adjusted(base, lightness=0.10, chroma=1.1) if dark else adjusted(base, lightness=-0.06, chroma=1.12),
        deep=adjusted(base, lightness=0.07 if dark else -0.055, chroma=1.05),
        light=adjusted(base, lightness=0.13) if dark else mixed(base, WHITE, 0.34),
        mist=shade(0.975, 0.16),
        night=shade(0.17, 0.55),
        accents=(three[0], three[1], three[2]),
        neon=(neon[0], neon[1], neon[2]),
        dark=dark,
    )


def _field(base: Color, lightness: float) -> Color:
    if lightness < 0.45:
        return adjusted(base, lightness=-0.09, chroma=0.8)
    return mixed(base, WHITE, 0.58) if lightness < 0.93 else adjusted(base, lightness=-0.07)


def _vivid(color: Color) -> Color:
    lch = oklab_to_oklch(srgb_to_oklab(np.array(color, np.float64)))
    return to_color(oklch_to_oklab(np.array([min(max(float(lch[0]), 0.66), 0.82), max(float(lch[1]), 0.2), lch[2]])))


@dataclass(frozen=True, eq=False)
class Plan:
    """What a background is drawn by.

    Attributes:
        width, height: Of the canvas; the longer one is 1000.
        tones: Its colours.
        light: Unit vector towards the light.
        rng: For what is random.
    """

    width: float
    height: float
    tones: Tones
    light: tuple[float, float]
    rng: np.random.Generator

    @property
    def centre(self) -> tuple[float, float]:
        """About where a head is."""
        return self.width / 2, self.height * 0.47

    @property
    def reach(self) -> float:
        """Radius of what frames a head."""
        return min(min(self.width, self.height) * 0.41, 410.0)

    def field(self, paint: Color | Gradient) -> tuple[Shape, ...]:
        """The whole canvas."""
        return (Shape(self.box(0, 0), paint),)

    def box(self, left: float, top: float, right: float | None = None, bottom: float | None = None) -> Path:
        """A rectangle; where it ends at the canvas's edge it goes on a little, as pictures have whole pixels."""
        low, high = (
            np.array([left, top]),
            np.array([self.width if right is None else right, self.height if bottom is None else bottom]),
        )
        low, high = low - BLEED * (low <= 0), high + BLEED * (high >= [self.width, self.height])
        return neat(polygon([low, (high[0], low[1]), high, (low[0], high[1])]))

    def across(self, stops: tuple[tuple[float, Color, float], ...]) -> Gradient:
        """A gradient from the lit side of the canvas to the other one."""
        half = (abs(self.light[0]) * self.width + abs(self.light[1]) * self.height) / 2
        x, y = self.light[0] * half, self.light[1] * half
        middle = self.width / 2, self.height / 2
        return Gradient("linear", point(middle[0] + x, middle[1] + y), point(middle[0] - x, middle[1] - y), stops)


def point(x: float, y: float) -> tuple[float, float]:
    """A point with one decimal."""
    return round(float(x), 1), round(float(y), 1)


def neat(curve: Curve | Path) -> Path:
    """The path with one decimal: fine enough for a background, and short in files."""
    curves = curve.curves if isinstance(curve, Path) else (curve,)
    return Path(tuple(Curve(np.round(each.points, 1) + 0.0, each.closed) for each in curves))


def polygons(corners: Floats) -> Path:
    """Closed polygons, (n, k, 2)."""
    return neat(Path(tuple(curve for each in corners for curve in polygon(each).curves)))


def arc(centre: tuple[float, float], radius: float, start: float, end: float) -> Floats:
    """(3 n + 1, 2) points of cubics along a circle, from one angle to another, radians clockwise from the right."""
    pieces = max(1, int(np.ceil(abs(end - start) / 1.6)))
    angle = np.linspace(start, end, pieces + 1)
    handle = 4 / 3 * np.tan((end - start) / pieces / 4)
    on = np.stack([np.cos(angle), np.sin(angle)], 1)
    along = np.stack([-on[:, 1], on[:, 0]], 1) * handle
    inner = np.stack([on[:-1] + along[:-1], on[1:] - along[1:], on[1:]], 1).reshape(-1, 2)
    return np.asarray(np.concatenate([on[:1], inner]) * radius + np.array(centre))


def dots(points: Floats, radius: float, color: Color, opacity: float = 1.0) -> Shape:
    """Round dots at (n, 2) places: lines without length and with round caps, the shortest way to write them."""
    places = np.repeat(np.round(points)[:, None], 4, axis=1)
    path = Path(tuple(Curve(each, closed=False) for each in places))
    return Shape(path, None, Stroke(color, round(2 * radius, 1)), opacity)


def blot(rng: np.random.Generator, centre: tuple[float, float], radii: tuple[float, float], rough: float) -> Path:
    """A closed round shape whose radius varies by about the share ``rough``, by waves of 2 to 5 around it."""
    count = 14
    angle = np.arange(count) / count * 2 * np.pi
    radius = np.ones(count)
    for wave in (2, 3, 4, 5):
        radius += rough * rng.normal() / wave**0.7 * np.cos(wave * angle + rng.uniform(0, 2 * np.pi))
    radius = np.clip(radius, 0.6, 1.5)
    ring = np.stack([np.cos(angle) * radii[0], np.sin(angle) * radii[1]], 1) * radius[:, None]
    return neat(smooth_closed(ring + np.array(centre)))


def fade(color: Color, start: tuple[float, float], end: tuple[float, float], *levels: tuple[float, float]) -> Gradient:
    """A linear gradient of one colour through pairs of place and opacity."""
    return Gradient("linear", point(*start), point(*end), tuple((at, color, opacity) for at, opacity in levels))


def glow(color: Color, centre: tuple[float, float], radius: float, opacity: float) -> Gradient:
    """A radial gradient that ends softly, in steps of a Gaussian."""
    steps = ((0.0, 1.0), (0.25, 0.78), (0.5, 0.38), (0.75, 0.11), (1.0, 0.0))
    stops = tuple((at, color, round(opacity * share, 3)) for at, share in steps)
    return Gradient("radial", point(*centre), point(centre[0] + radius, centre[1]), stops)
