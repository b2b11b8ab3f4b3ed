"""Options of an avatar put into its spec and its style.

What an avatar shows is decided in this order: an option, what was measured, the style's default, and, where nothing
else says, a choice that hangs on the seed.
"""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from dressform.avatar.color import darker, format_color, lighter, mixed, parse_color, srgb_to_oklab
from dressform.avatar.keyed import Keyed
from dressform.avatar.override_keys import (
    GARMENTS,
    NO_OVERRIDES,
    Overrides,
    Value,
    option_keys,
    parse_overrides,
)
from dressform.avatar.pose import HeadPose, Point
from dressform.avatar.spec import AvatarSpec, Eye, Face, Mouth, RegionPalette, RegionShape
from dressform.avatar.style import Style
from dressform.avatar.style_schema import build_style
from dressform.avatar.validate import plain
from dressform.parsing.parts import REGIONS, Part

__all__ = [
    "GARMENTS",
    "NO_OVERRIDES",
    "Overrides",
    "apply_to_spec",
    "apply_to_style",
    "option_keys",
    "parse_overrides",
    "resolve_spec",
]

_GLASSES = Part.SUNGLASSES.slug
_SKIN = tuple(sorted(part.slug for part in REGIONS["skin"]))
_HEAD = frozenset(part.slug for part in REGIONS["head"])
_OPEN = 0.3  # openness that an eye has at least where it shall be open
_LIPS = 0.03, 0.045  # heights of upper and lower lip, in heads, and
_HALF = 0.13  # half a mouth's width, of a mouth that was not measured
_SMILE = 1.15, 0.16, 0.1  # width; rise of the corners, fall of the middle, in halves of the mouth's width
_RED = (176, 70, 78)  # what lips have more of than skin
# Skins, hair and eyes of people, for those of whom nothing was seen.
_ANY: dict[str, tuple[str, ...]] = {
    "skin.color": ("#f0c8ae", "#e3b08d", "#d29a73", "#b87d56", "#97623f", "#74482f", "#553322"),
    "hair.color": ("#1f1a18", "#33251d", "#4c3425", "#6b4a30", "#96703f"),
    "eyes.color": ("#3b2a20", "#4a3426", "#5b3d27", "#6a4a2c"),
}


def apply_to_spec(spec: AvatarSpec, overrides: Overrides) -> AvatarSpec:
    """The spec with the options that say what a person looks like.

    A colour replaces the region's palette, and its pattern and prints go; shadow and light keep their distance. Where
    there is no such region, the colour waits in the palettes. The brows' colour stands there as "brows".
    """
    for key, value in overrides.spec_values:
        spec = _set(spec, key, value)
    return spec


def apply_to_style(style: Style, overrides: Overrides) -> Style:
    """The style with the options that are values of styles.

    A background shape "none" leaves ``background.shapes`` empty: nothing is drawn there.

    Raises:
        OptionError: The values are not possible together, such as a mode without its palette.
    """
    if not overrides.style_values:
        return style
    data: dict[str, Any] = plain(style)
    for place, value in overrides.style_values:
        *parents, name = place.split(".")
        target = data
        for parent in parents:
            target = target[parent]
        target[name] = list(value) if isinstance(value, tuple) else value
    return build_style(data)


def resolve_spec(
    spec: AvatarSpec, style: Style, overrides: Overrides = NO_OVERRIDES, keyed: Keyed | None = None
) -> AvatarSpec:
    """The spec to draw: options, then what was measured, then the style's defaults, then what the seed chooses.

    Args:
        spec: What was measured.
        style: Its ``defaults`` hold where nothing was measured and no option says otherwise.
        overrides: Options.
        keyed: Chooses skin, hair and eyes where none of these says anything; None takes the spec's seed.

    Raises:
        OptionError: The style's defaults are not what they should be.
    """
    explicit, measured = dict(overrides.spec_values), _measured(spec)
    chance = (keyed or Keyed(spec.seed)).within("spec")
    chosen: dict[str, Value] = {key: chance.pick(key, colors) for key, colors in _ANY.items()}
    chosen |= dict(parse_overrides(style.defaults).spec_values)
    chosen = {key: value for key, value in chosen.items() if key not in measured} | explicit
    spec = apply_to_spec(spec, Overrides(tuple(sorted(chosen.items(), key=lambda row: row[0]))))
    if "lips.color" in chosen or "lips.color" in measured:
        return spec
    lips = mixed(parse_color(spec.palettes["skin"].base), _RED, 0.4)
    return replace(spec, face=replace(spec.face, lips=format_color(lips)))


def _measured(spec: AvatarSpec) -> frozenset[str]:
    """Keys of what was measured.

    Skin is measured where a part of it is a region, the eyes' colour where it is not the one that :class:`Face` has
    by itself.
    """
    keys = {f"{slug}.color" for slug in spec.palettes if slug not in ("skin", *_SKIN)} | {"tilt"}
    keys |= {"glasses.color"} if _GLASSES in spec.palettes else set()
    keys |= {"skin.color"} if "skin" in spec.palettes and any(slug in spec.regions for slug in _SKIN) else set()
    keys |= {"eyes.color"} if spec.face.iris != Face().iris else set()
    if spec.face.source != "none":
        keys |= {"beard", "glasses", "eyes", "lips.color"}
        keys |= {"mouth"} if spec.face.mouth is not None else set()
    return frozenset(keys)


def _set(spec: AvatarSpec, key: str, value: Value) -> AvatarSpec:
    """The spec with one option."""
    if key == "skin.color":
        slugs = ("skin", *(slug for slug in _SKIN if slug in spec.palettes))
        return _painted(spec, slugs, str(value))
    if key == "eyes.color":
        return replace(spec, face=replace(spec.face, iris=str(value)))
    if key == "lips.color":
        return replace(spec, face=replace(spec.face, lips=str(value)))
    if key.endswith(".color"):
        slug = key.removesuffix(".color")
        return _painted(spec, (_GLASSES if slug == "glasses" else slug,), str(value))
    if key == "beard" and isinstance(value, float | int):
        return replace(spec, attributes=replace(spec.attributes, beard=float(value)))
    if key == "tilt" and isinstance(value, float | int):
        return _tilted(spec, float(value))
    if key == "glasses":
        return _with_glasses(spec, str(value))
    if value == "measured":
        return spec
    if key == "eyes":
        return replace(spec, face=replace(spec.face, eyes=tuple(_lid(eye, str(value)) for eye in spec.face.eyes)))
    return _with_mouth(spec, str(value))


def _painted(spec: AvatarSpec, slugs: tuple[str, ...], color: str) -> AvatarSpec:
    """The spec with regions of one colour."""
    palettes = dict(spec.palettes)
    regions = dict(spec.regions)
    for slug in slugs:
        palettes[slug] = _palette(palettes.get(slug), color)
        if slug in regions:
            regions[slug] = replace(regions[slug], prints=())
    return replace(spec, palettes=MappingProxyType(palettes), regions=MappingProxyType(regions))


def _palette(before: RegionPalette | None, text: str) -> RegionPalette:
    """A plain palette, with shadow and light as far from the base as they were."""
    color = parse_color(text)
    down, up = 0.1, 0.06
    if before is not None:
        shadow, base, light = (_lightness(value) for value in (before.shadow, before.base, before.light))
        down, up = float(np.clip(base - shadow, 0.05, 0.2)), float(np.clip(light - base, 0.03, 0.15))
    return RegionPalette(text, format_color(darker(color, down)), format_color(lighter(color, up)))


def _lightness(text: str) -> float:
    return float(srgb_to_oklab(np.array(parse_color(text), np.float64))[0])


def _lid(eye: Eye, state: str) -> Eye:
    return replace(eye, openness=0.0 if state == "closed" else max(eye.openness, _OPEN))


def _with_glasses(spec: AvatarSpec, kind: str) -> AvatarSpec:
    if kind == "none":
        regions = {slug: shape for slug, shape in spec.regions.items() if slug != _GLASSES}
        palettes = {slug: palette for slug, palette in spec.palettes.items() if slug != _GLASSES}
        spec = replace(spec, regions=MappingProxyType(regions), palettes=MappingProxyType(palettes))
        return replace(spec, attributes=replace(spec.attributes, glasses="none"))
    dark = kind == "dark"
    return replace(spec, attributes=replace(spec.attributes, glasses="dark" if dark else "clear"))


def _with_mouth(spec: AvatarSpec, kind: str) -> AvatarSpec:
    """The spec with a closed mouth, smiling or not, where the measured one is; a usual one where none was measured."""
    old = spec.face.mouth
    centre, half, (top, low) = np.array(spec.head.mouth), _HALF, _LIPS
    if old is not None:
        left, right = np.array(old.left), np.array(old.right)
        centre, half = (left + right) / 2, float(np.linalg.norm(left - right)) / 2
        top = max(float(np.linalg.norm(np.subtract(old.inner_upper, old.upper))), 0.1 * half)
        low = max(float(np.linalg.norm(np.subtract(old.lower, old.inner_lower))), 0.15 * half)
    wide, rise, fall = _SMILE if kind == "smile" else (1.0, 0.0, 0.0)
    turn = spec.head.matrix((0.0, 0.0))[:, :2]

    def place(x: float, y: float) -> Point:
        q = centre + turn @ np.array([x, y])
        return float(q[0]), float(q[1])

    middle = fall * half
    inner = place(0.0, middle)
    mouth = Mouth(
        left=place(wide * half, -rise * half),
        right=place(-wide * half, -rise * half),
        upper=place(0.0, middle - top),
        lower=place(0.0, middle + low),
        inner_upper=inner,
        inner_lower=inner,
    )
    return replace(spec, face=replace(spec.face, mouth=mouth))


def _tilted(spec: AvatarSpec, tilt: float) -> AvatarSpec:
    """The spec with the head turned about the top of the neck, and all that is on it."""
    head = spec.head
    angle = np.radians(tilt - head.tilt)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    neck = 0.75 * np.array(head.chin) + 0.25 * np.array(head.eyes)
    matrix = np.column_stack([turn, neck - turn @ neck])
    regions = {
        slug: _moved(shape, matrix) if slug in _HEAD else shape for slug, shape in spec.regions.items()
    }  # fmt: skip
    return replace(
        spec,
        head=_pose(head, matrix, tilt),
        face=_face(spec.face, matrix, tilt),
        regions=MappingProxyType(regions),
    )


def _moved(shape: RegionShape, matrix: npt.NDArray[np.float64]) -> RegionShape:
    return replace(
        shape,
        path=shape.path.transformed(matrix),
        shadow=shape.shadow.transformed(matrix),
        light=shape.light.transformed(matrix),
        prints=tuple((color, path.transformed(matrix)) for color, path in shape.prints),
    )


def _points(points: tuple[Point, ...], matrix: npt.NDArray[np.float64]) -> tuple[Point, ...]:
    return tuple((float(x), float(y)) for x, y in (matrix @ [*point, 1.0] for point in points))


def _pose(head: HeadPose, m: npt.NDArray[np.float64], tilt: float) -> HeadPose:
    eyes, right, left, mouth, chin = _points((head.eyes, *head.ears, head.mouth, head.chin), m)
    return replace(head, tilt=tilt, eyes=eyes, ears=(right, left), mouth=mouth, chin=chin)


def _face(face: Face, m: npt.NDArray[np.float64], tilt: float) -> Face:
    mouth = face.mouth
    if mouth is not None:
        corners = (mouth.left, mouth.right, mouth.upper, mouth.lower, mouth.inner_upper, mouth.inner_lower)
        mouth = Mouth(*_points(corners, m))
    return replace(
        face,
        tilt=tilt,
        jaw=_points(face.jaw, m),
        skull=_points(face.skull, m),
        nose=_points(face.nose, m),
        eyes=tuple(replace(eye, centre=_points((eye.centre,), m)[0], brow=_points(eye.brow, m)) for eye in face.eyes),
        mouth=mouth,
    )
