"""What every drawing function gets: the person, the style, its colours, and how the style fills, shades and lines.

Everything here is in heads; :mod:`dressform.avatar.compose` puts it on the canvas.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from dressform.avatar.color import parse_color
from dressform.avatar.draw.grid import Grid, Mask
from dressform.avatar.draw.hatching import hatch
from dressform.avatar.draw.sketch import contour_strokes, wobbled
from dressform.avatar.draw.strokes import brush
from dressform.avatar.keyed import Keyed
from dressform.avatar.paths import Path
from dressform.avatar.pose import Point
from dressform.avatar.scene import Color, Layer, Shape, Stroke
from dressform.avatar.spec import AvatarSpec
from dressform.avatar.style import Style
from dressform.avatar.styled_color import line_color, styled, tones

__all__ = ["Pen", "Tones", "layers"]

_RIM = 0.016  # heads; width of a glowing edge
_LARGE = 1.2  # heads; only larger things are outlined more than once
_CAST = 0.045  # heads; how far upper layers throw their shadow
_FORM = 0.09  # heads; width of the shadow on the side away from the light, of something as large as a head


@dataclass(frozen=True)
class Tones:
    """Colours of one thing, as the style shows it."""

    shadow: Color
    base: Color
    light: Color
    line: Color


@dataclass(frozen=True, eq=False)
class Pen:
    """The means of drawing.

    Attributes:
        spec: Whom to draw.
        style: How.
        grid: Raster of what is on the canvas.
        light: Unit vector towards the light.
        keyed: Source of everything random.
    """

    spec: AvatarSpec
    style: Style
    grid: Grid
    light: Point
    keyed: Keyed

    def tones(self, color: Color | str, *, skin: bool = False) -> Tones:
        """What the style makes of a measured colour."""
        measured = parse_color(color) if isinstance(color, str) else color
        shadow, base, light = tones(measured, self.style, skin=skin)
        return Tones(shadow, base, light, line_color(base, self.style))

    @property
    def skin(self) -> Tones:
        """Of the skin."""
        return self.tones(self.spec.palettes["skin"].base, skin=True)

    def color(self, color: Color | str, *, skin: bool = False) -> Color:
        """A measured colour as the style shows it."""
        return styled(parse_color(color) if isinstance(color, str) else color, self.style, skin=skin)

    # ---- lines ------------------------------------------------------------------------------------------------------

    def outline(
        self, path: Path, color: Color, key: str, *, weight: float = 1.0, once: bool = False
    ) -> tuple[Shape, ...]:
        """The style's outline of a closed path, if it has one; ``once`` keeps sketches from drawing it again."""
        line = self.style.line
        if line.width <= 0 or not path.curves:
            return ()
        width = line.width * weight
        if not (line.taper or line.wobble or line.strokes > 1):
            return (Shape(path, None, Stroke(color, width)),)
        seed = self.keyed.within(key).number
        x0, y0, x1, y1 = path.bounds
        strokes = line.strokes if max(x1 - x0, y1 - y0) > _LARGE and not once else 1
        passes = contour_strokes(
            path, width, taper=line.taper, wobble=line.wobble, strokes=strokes, seed=seed, light=self.light
        )
        return tuple(Shape(each, color) for each in passes if each.curves)

    def stroke(
        self, points: Sequence[Sequence[float]], color: Color, width: float, *, start: float = 0.2, end: float = 0.2
    ) -> Shape:
        """A line that swells in its middle, ``width`` heads wide there."""
        return Shape(brush(points, width, start=start, end=end), color)

    def inner(self, points: Sequence[Sequence[float]], fill: Color, *, weight: float = 1.0) -> Shape:
        """One of the style's inner lines on a fill."""
        width = max(self.style.line.inner, 0.004) * weight
        return self.stroke(points, line_color(fill, self.style, inside=True), width, start=0.3, end=0.15)

    def fill(self, path: Path, key: str) -> Path:
        """A fill's path: moved a little where the style's hand is unsteady."""
        wobble = self.style.line.wobble
        return wobbled(path, wobble * 0.6, self.keyed.within(f"{key}.fill").number, 0.4) if wobble else path

    # ---- light ------------------------------------------------------------------------------------------------------

    def form_shadow(self, mask: Mask, width: float = _FORM) -> Mask:
        """The side of a rounded thing that the light does not reach."""
        dx, dy = self.light
        return mask & ~self.grid.shifted(mask, dx * width, dy * width)

    def form_light(self, mask: Mask, width: float = _FORM) -> Mask:
        """The side that the light falls on, a little inside the edge."""
        dx, dy = self.light
        inner = self.grid.grown(mask, -0.25 * width)
        return inner & ~self.grid.shifted(mask, -dx * width, -dy * width)

    def cast_shadow(self, mask: Mask, above: Mask, reach: float = _CAST) -> Mask:
        """What lies in the shadow of the layers above."""
        dx, dy = self.light
        out = self.grid.empty()
        for share in (0.5, 1.0):
            out |= self.grid.shifted(above, -0.6 * dx * reach * share, max(-dy, 0.5) * reach * share)
        return out & mask

    def shade(self, path: Path, tone: Tones, key: str) -> tuple[Shape, ...]:
        """A shadow: a darker fill, pen strokes, or both."""
        shading, hatching = self.style.shading, self.style.hatching
        if not path.curves:
            return ()
        shapes: list[Shape] = []
        if shading.tones > 1 and shading.opacity > 0:
            shapes.append(Shape(path, tone.shadow, opacity=shading.opacity))
        if hatching > 0:
            spacing = 0.028 + 0.05 * (1 - hatching)
            seed = self.keyed.within(f"{key}.hatch").number
            lines = hatch(path, angle=-52, spacing=spacing, width=0.006 + 0.004 * hatching, seed=seed, wobble=0.004)
            if lines.curves:
                shapes.append(Shape(lines, tone.line, opacity=0.75))
        return tuple(shapes)

    def shine(self, path: Path, tone: Tones) -> tuple[Shape, ...]:
        """A light."""
        if self.style.shading.tones < 3 or not path.curves:
            return ()
        return (Shape(path, tone.light, opacity=self.style.shading.opacity),)

    def rim(self, mask: Mask) -> tuple[Shape, ...]:
        """Glowing edges of a silhouette, on the light's side and on the other."""
        shapes = []
        mask = self.grid.closed(mask, 0.08) if self.style.rim else mask
        for k, text in enumerate(self.style.rim):
            sign = 1 if k == 0 else -1
            edge = mask & ~self.grid.shifted(mask, -sign * self.light[0] * _RIM * 2, abs(self.light[1]) * _RIM * 0.7)
            path = self.grid.trace(self.grid.blurred(edge, 0.004), 0.4)
            if path.curves:
                shapes.append(Shape(path, parse_color(text), opacity=0.9))
        return tuple(shapes)


def layers(
    name: str, title: str, shapes: Iterable[tuple[str, str, Iterable[Shape]]], pivot: Point | None = None
) -> list[Layer]:
    """Layers of one thing: (suffix, title, shapes) each; those without shapes are left out."""
    out = []
    for suffix, what, drawn in shapes:
        some = tuple(shape for shape in drawn if shape.path.curves)
        if some:
            out.append(
                Layer(f"{name}_{suffix}" if suffix else name, some, f"{title}: {what}" if what else title, pivot)
            )
    return out
