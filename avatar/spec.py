"""What an avatar is made from: measured shapes, colours and features of one person, without any style.

A spec is plain data. It is complete (the photo is not needed any more), it round-trips through JSON,
and a person may edit it. Lengths are in heads: 1 is twice the distance from the eyes to the chin, the
height of a head without hair. The origin is the chin, x right and y down as in the photo, so that a head
lies about y = -1..0 and a body below. Sides named L and R are the subject's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from dressform.avatar.paths import Path
from dressform.avatar.pose import HeadPose, Point

__all__ = [
    "Attributes",
    "AvatarSpec",
    "Eye",
    "Face",
    "Framing",
    "Light",
    "Mouth",
    "Pattern",
    "RegionPalette",
    "RegionShape",
]

Hex = str
"""sRGB as ``#rrggbb``, lower case."""
Framing = Literal["bust", "half", "full"]
VERSION = 1


@dataclass(frozen=True)
class Pattern:
    """What a cloth shows.

    Attributes:
        kind: "plain", "striped", "checked" or "printed".
        colors: The cloth's colours, the most frequent one first.
        angle: Of stripes, degrees clockwise from horizontal.
        period: From one stripe to the next equal one, in heads.
        confidence: 0..1.
    """

    kind: Literal["plain", "striped", "checked", "printed"] = "plain"
    colors: tuple[Hex, ...] = ()
    angle: float = 0.0
    period: float = 0.0
    confidence: float = 1.0


@dataclass(frozen=True)
class RegionPalette:
    """Colours of one region, as they appear in the photo after white balance.

    Attributes:
        base: The region's own colour.
        shadow, light: Of its darker and lighter places.
        accents: Other colours and their share of the region, the largest first.
        pattern: What is on the cloth.
    """

    base: Hex
    shadow: Hex
    light: Hex
    accents: tuple[tuple[Hex, float], ...] = ()
    pattern: Pattern = field(default_factory=Pattern)


@dataclass(frozen=True, eq=False)
class RegionShape:
    """One region of the person.

    Attributes:
        path: Outline.
        shadow, light: Outlines of what lies in shadow and in light, inside ``path``; may be empty.
        prints: Places of other colours, each over those before it.
    """

    path: Path
    shadow: Path = field(default_factory=lambda: Path(()))
    light: Path = field(default_factory=lambda: Path(()))
    prints: tuple[tuple[Hex, Path], ...] = ()


@dataclass(frozen=True)
class Eye:
    """One eye.

    Attributes:
        centre: Of the opening.
        width: Between its corners.
        openness: Height over width, 0 closed.
        gaze: Of the pupil from the centre, in halves of width and height, -1..1.
        brow: Five points from the inner to the outer end.
    """

    centre: Point
    width: float
    openness: float
    gaze: Point
    brow: tuple[Point, ...]


@dataclass(frozen=True)
class Mouth:
    """The mouth.

    Attributes:
        left, right: Corners; left is the subject's own.
        upper, lower: Middle of the upper lip's upper and of the lower lip's lower edge.
        inner_upper, inner_lower: Middle of the opening's edges; equal when closed.
    """

    left: Point
    right: Point
    upper: Point
    lower: Point
    inner_upper: Point
    inner_lower: Point


@dataclass(frozen=True)
class Face:
    """The face and its features.

    Attributes:
        source: "landmarks", "rule" (proportions and the darkest and reddest places), or "none": nothing is drawn.
        confidence: 0..1.
        tilt: Of the head, degrees clockwise as seen.
        yaw: -1..1, the way the nose points: negative to the left of the photo.
        jaw: Outline from one ear over the chin to the other, 17 points, left to right as seen.
        skull: Outline over the forehead and the crown back, from right to left as seen, without hair; none lets the
            drawing round the head off.
        eyes: The right and the left eye.
        nose: Root between the eyes, tip, and the two wings, right and left.
        mouth: Or None.
        iris: Colour of the eyes.
        lips: Colour of the lips.
    """

    source: Literal["landmarks", "rule", "none"] = "none"
    confidence: float = 0.0
    tilt: float = 0.0
    yaw: float = 0.0
    jaw: tuple[Point, ...] = ()
    skull: tuple[Point, ...] = ()
    eyes: tuple[Eye, ...] = ()
    nose: tuple[Point, ...] = ()
    mouth: Mouth | None = None
    iris: Hex = "#4a3426"
    lips: Hex = "#b5655f"


@dataclass(frozen=True)
class Attributes:
    """What one would say of the person.

    Attributes:
        hair_length: "none", "short", "medium" (to the chin or shoulders) or "long".
        hair_volume: Width of the hair over that of the face.
        parting: -1..1 from the right to the left of the photo, 0 in the middle; None where there is none to see.
        glasses: "none", "clear" or "dark".
        hat: Whether something is worn on the head.
        beard: 0 none to 1 full.
        sleeve: "none", "short" or "long".
        neckline: "round", "v", "collar", "high" or "open".
        hem: Of what hangs from the hips, "none", "short", "knee" or "long".
    """

    hair_length: Literal["none", "short", "medium", "long"] = "short"
    hair_volume: float = 1.1
    parting: float | None = None
    glasses: Literal["none", "clear", "dark"] = "none"
    hat: bool = False
    beard: float = 0.0
    sleeve: Literal["none", "short", "long"] = "long"
    neckline: Literal["round", "v", "collar", "high", "open"] = "round"
    hem: Literal["none", "short", "knee", "long"] = "none"


@dataclass(frozen=True)
class Light:
    """Where the light comes from.

    Attributes:
        direction: Unit vector towards the light, in the picture.
        contrast: 0 flat to 1 hard.
    """

    direction: Point = (-0.6, -0.8)
    contrast: float = 0.3


def _empty() -> Mapping[str, RegionPalette]:
    return MappingProxyType({})


@dataclass(frozen=True, eq=False)
class AvatarSpec:
    """One person as an avatar is drawn from.

    Attributes:
        framing: How much of the person can be shown.
        head: Where the head is.
        regions: By slug of a part (``hair``, ``upper-clothes``, …; see :class:`~dressform.parsing.Part`).
        palettes: By slug of a part too, and "skin", that of face, neck, arms and legs together.
        face: Its features.
        attributes: What one would say of them.
        light: Where it comes from.
        seed: Of what nothing was measured for.
        version: Of this format.
    """

    framing: Framing
    head: HeadPose
    regions: Mapping[str, RegionShape]
    palettes: Mapping[str, RegionPalette] = field(default_factory=_empty)
    face: Face = field(default_factory=Face)
    attributes: Attributes = field(default_factory=Attributes)
    light: Light = field(default_factory=Light)
    seed: int = 0
    version: int = VERSION
