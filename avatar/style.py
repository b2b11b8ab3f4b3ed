"""A style: how avatars are drawn, as data. Whom they show is the spec's affair.

Lengths are in heads, as in specs. Colours are ``#rrggbb``. Shares and amounts are 0..1 unless said otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from dressform.avatar.spec import Hex

__all__ = [
    "BackgroundStyle",
    "Colors",
    "EffectStyle",
    "Features",
    "HairStyle",
    "LineStyle",
    "Proportions",
    "Shading",
    "Style",
]


@dataclass(frozen=True)
class Colors:
    """What becomes of the measured colours.

    Attributes:
        mode: "natural" keeps them, "snap" takes the nearest of ``palette``, "duotone" maps lightness onto ``palette``,
            from dark to light.
        palette: For "snap" and "duotone"; two or more there.
        amount: How far colours go to what ``mode`` wants.
        chroma: Factor of OKLCh chroma, 0..2.
        contrast: Factor of the distance to middle lightness, 0..2.
        lightness: Added to OKLab lightness, -0.5..0.5.
        skin: Share of all this that skin gets.
    """

    mode: Literal["natural", "snap", "duotone"] = "natural"
    palette: tuple[Hex, ...] = ()
    amount: float = 1.0
    chroma: float = 1.0
    contrast: float = 1.0
    lightness: float = 0.0
    skin: float = 1.0


@dataclass(frozen=True)
class Shading:
    """Light and shadow.

    Attributes:
        tones: 1 flat, 2 with shadow, 3 with light too.
        source: "photo" takes the shadows of garments from the photo, "synthetic" makes all from the light's direction.
        shadow: How much darker shadows are, OKLab lightness 0..0.5.
        light: How much lighter lights are, 0..0.5.
        hue: Degrees that shadows turn towards blue, -60..60.
        opacity: Of shadows and lights.
    """

    tones: Literal[1, 2, 3] = 2
    source: Literal["photo", "synthetic"] = "photo"
    shadow: float = 0.1
    light: float = 0.06
    hue: float = 0.0
    opacity: float = 1.0


@dataclass(frozen=True)
class LineStyle:
    """Outlines and inner lines.

    Attributes:
        width: Of outlines, 0 for none, up to 0.1.
        inner: Of lines inside, such as those of nose and folds.
        color: One colour for all, or None: each fill's own, darkened.
        darken: How much darker than the fill, 0..0.6.
        wobble: How far lines leave their path by hand, 0..0.05.
        strokes: How often an outline is drawn over, 1..3; sketches have more than one.
        taper: Whether outlines swell and thin like ink, rather than being even.
    """

    width: float = 0.0
    inner: float = 0.012
    color: Hex | None = None
    darken: float = 0.25
    wobble: float = 0.0
    strokes: int = 1
    taper: bool = False


@dataclass(frozen=True)
class Proportions:
    """How far figures leave nature.

    Attributes:
        heads: Height of a whole figure in heads, 2..8; 0 keeps the measured one.
        head_width: Factor of the head's width, 0.7..1.4.
        shoulders: Factor of the body's width, 0.5..1.2.
        eyes: Factor of the eyes' size, 0.5..3.
        eye_height: Factor of the eyes' height beyond that, 0.5..2.
        eye_drop: How far eyes come down, -0.1..0.2.
        nose: Factor of the nose's size, 0..1.5.
        mouth: Factor of the mouth's size, 0.3..1.5.
        jaw: How much narrower the chin becomes, -0.3..0.5.
    """

    heads: float = 0.0
    head_width: float = 1.0
    shoulders: float = 1.0
    eyes: float = 1.15
    eye_height: float = 1.0
    eye_drop: float = 0.0
    nose: float = 1.0
    mouth: float = 1.0
    jaw: float = 0.0


@dataclass(frozen=True)
class Features:
    """Which drawing of a feature is used.

    Attributes:
        eyes: "natural" (lids, white, iris), "anime" (tall, shaded iris, two lights), "dot" (beads).
        iris: Share of the eye's height that the iris fills, 0.5..1.3.
        lashes: Strength of lashes, 0..2.
        brows: Factor of the brows' thickness, 0..2.
        nose: "shape" (wings and bridge), "line" (a short line), "dot" or "none".
        mouth: "lips" (both lips, teeth), "line" (a line, or an open mouth).
        blush: Of the cheeks.
        ears: Whether ears are drawn.
    """

    eyes: Literal["natural", "anime", "dot"] = "natural"
    iris: float = 0.9
    lashes: float = 1.0
    brows: float = 1.0
    nose: Literal["shape", "line", "dot", "none"] = "shape"
    mouth: Literal["lips", "line"] = "lips"
    blush: float = 0.25
    ears: bool = True


@dataclass(frozen=True)
class HairStyle:
    """How hair is drawn.

    Attributes:
        strands: Dark strands along the flow, 0..60.
        lights: Light strands, 0..60.
        strand_width: In heads, 0.002..0.08.
        ring: Strength of a band of light around the crown, 0..1.
    """

    strands: int = 10
    lights: int = 4
    strand_width: float = 0.022
    ring: float = 0.0


@dataclass(frozen=True)
class BackgroundStyle:
    """What is behind the person.

    Attributes:
        shapes: One of these is taken: "plain", "gradient", "disc", "blob", "rays", "stripes", "dots", "halftone",
            "grid", "wash", "skyline", "sparkles"; none at all leaves the background away.
        colors: The one that stands out most from hair and clothes is taken; none lets the resolver make them.
        shadow: Opacity of a shadow that the person throws on it.
    """

    shapes: tuple[str, ...] = ("plain",)
    colors: tuple[Hex, ...] = ()
    shadow: float = 0.0


@dataclass(frozen=True)
class EffectStyle:
    """A raster effect, which files of geometry leave out.

    Attributes:
        layers: Start of the names of the layers that get it, such as "hair"; "" for all; "!background" for all others.
        name: Of the effect.
        amount: 0..1.
    """

    layers: str
    name: str
    amount: float = 1.0


@dataclass(frozen=True)
class Style:
    """A whole style. See the parts.

    Attributes:
        name: Lower-case, of its file.
        title: For people.
        licence: SPDX name of the licence of the style's art.
        description: One line.
        detail: Of outlines, 0 smooth to 1 exact.
        hatching: Pen strokes in the shadows, 0 none to 1 dense.
        rim: Colours of glowing edges, none, one, or two (the light's side, the other side).
    """

    name: str
    title: str = ""
    licence: str = "CC0-1.0"
    description: str = ""
    detail: float = 0.4
    colors: Colors = field(default_factory=Colors)
    shading: Shading = field(default_factory=Shading)
    line: LineStyle = field(default_factory=LineStyle)
    proportions: Proportions = field(default_factory=Proportions)
    features: Features = field(default_factory=Features)
    hair: HairStyle = field(default_factory=HairStyle)
    background: BackgroundStyle = field(default_factory=BackgroundStyle)
    hatching: float = 0.0
    rim: tuple[Hex, ...] = ()
    effects: tuple[EffectStyle, ...] = ()
    defaults: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
