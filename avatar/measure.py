"""From a photo and the parts of a person to an :class:`AvatarSpec`; nothing else of avatars looks at pixels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from dressform.avatar.color import darker, format_color, lighter
from dressform.avatar.contour import trace
from dressform.avatar.measure_attributes import measure_attributes
from dressform.avatar.measure_coverage import measured_coverages, shaved
from dressform.avatar.measure_details import beard_amount, brows_color, iris_color, lips_color
from dressform.avatar.measure_head import measure_face, measure_pose
from dressform.avatar.palette import Palette, apply_gains, region_palette, skin_base, white_balance
from dressform.avatar.paths import Path
from dressform.avatar.pattern import garment_pattern
from dressform.avatar.prints import printed_places
from dressform.avatar.scene import Color
from dressform.avatar.spec import AvatarSpec, Framing, Light, Pattern, RegionPalette, RegionShape
from dressform.avatar.tones import light_direction, tone_masks
from dressform.avatar.view import PersonView, view_person
from dressform.parsing import Part, Person

__all__ = ["DETAIL", "measure", "measure_view"]

Mask = npt.NDArray[np.bool_]
DETAIL = 0.6
"""Of the outlines in a spec; styles smooth them further."""
BALANCE = 0.4  # how much of a colour cast is taken away: all of it would make evening light look like noon
LIT = 0.012  # OKLab lightness
LEAST = 0.004  # square heads; smaller regions are not drawn
UNBROKEN = 0.9  # share of a region that must be seen for its shadows to be taken from the photo
PATTERNED = 0.25  # square heads of cloth below which no pattern is believed
NO_SKIN: Color = (214, 172, 144)  # where no skin is seen at all, for gloved and masked figures

GARMENTS = frozenset(
    {Part.UPPER_CLOTHES, Part.DRESS, Part.COAT, Part.PANTS, Part.SKIRT, Part.SCARF, Part.HAT, Part.BAG}
)
LIMBS = frozenset({Part.TORSO_SKIN, Part.LEFT_ARM, Part.RIGHT_ARM, Part.LEFT_LEG, Part.RIGHT_LEG})


def measure(person: Person) -> AvatarSpec:
    """What an avatar of this person is drawn from.

    Args:
        person: Of a parse that has its photo.

    Raises:
        OptionError: The parse has no photo, or nothing is seen of the person.
    """
    view = view_person(person)
    extent = person.extent
    across = float(np.count_nonzero(view.seen.any(0)))
    return measure_view(view, (extent[2] - extent[0]) / max(across, 1.0) if extent else 1.0)


def measure_view(view: PersonView, pixels_per_view: float = 1.0) -> AvatarSpec:
    """What an avatar is drawn from.

    Args:
        view: The person at the working size.
        pixels_per_view: Photo pixels to a pixel of the view; tells how fine the photo is.
    """
    gains = white_balance(view.image, None) ** BALANCE
    view = replace(view, image=apply_gains(view.image, gains))
    face = measure_face(view)
    head, face = measure_pose(view, face)
    skin = _skin(view)
    beard = beard_amount(view, face, skin)
    coverages = measured_coverages(view, face)
    if Part.HAIR in coverages and shaved(view, coverages[Part.HAIR], skin):
        coverages = {part: cover for part, cover in coverages.items() if part != Part.HAIR}
    seen = {part: (cover >= 0.5) & view.seen for part, cover in coverages.items()}
    light, contrast = light_direction(
        view.image, {part.slug: seen[part] for part in (Part.FACE, *sorted(LIMBS)) if part in seen}
    )
    regions: dict[str, RegionShape] = {}
    palettes = {"skin": _skin_palette(skin or NO_SKIN)}
    unit = view.frame.height**2
    for part, cover in coverages.items():
        if np.count_nonzero(cover >= 0.5) >= LEAST * unit:
            regions[part.slug], palettes[part.slug] = _region(view, part, cover, seen[part], light)
    brows = brows_color(view, face) if "hair" not in palettes else None
    if brows is not None:
        palettes["brows"] = RegionPalette(format_color(brows), format_color(darker(brows, 0.05)), format_color(brows))
    face = replace(face, iris=iris_color(view, face, pixels_per_view), lips=lips_color(view, face, skin or NO_SKIN))
    return AvatarSpec(
        framing=_framing(view),
        head=head,
        regions=MappingProxyType(regions),
        palettes=MappingProxyType(palettes),
        face=face,
        attributes=measure_attributes(view, face, skin, beard, seen),
        light=Light(light, contrast),
        seed=_seed(regions, palettes),
    )


def _region(
    view: PersonView, part: Part, cover: npt.NDArray[np.float32], seen: Mask, light: tuple[float, float]
) -> tuple[RegionShape, RegionPalette]:
    """Shape and colours of one part."""
    whole = cover >= 0.5
    mask = seen if seen.any() else whole
    palette = region_palette(view.image, mask, k=1 if part == Part.HAIR else 8)
    pattern, shadow, shine = Pattern(), Path(()), Path(())
    prints: tuple[tuple[str, Path], ...] = ()
    if part in GARMENTS and np.count_nonzero(mask) > PATTERNED * view.frame.height**2:
        pattern = _pattern(view, mask, palette)
        if pattern.kind == "printed":
            places = printed_places(view.image, mask, palette, view.frame.height)
            prints = tuple((format_color(color), _traced(view, place, 0.35)) for color, place in places)
    unbroken = np.count_nonzero(mask) > UNBROKEN * np.count_nonzero(whole)  # else shadows would end half-way
    if part in GARMENTS | LIMBS and unbroken:
        patterned = pattern.kind != "plain"
        dark, bright = tone_masks(view.image, mask, 3, light=light, palette=palette, patterned=patterned)
        shadow, shine = _traced(view, dark, 0.3), _traced(view, bright, 0.3)
    shape = RegionShape(_traced(view, cover, DETAIL), shadow, shine, prints)
    return shape, RegionPalette(
        base=format_color(palette.base),
        shadow=format_color(palette.dark),
        light=format_color(palette.light),
        accents=tuple((format_color(color), round(share, 4)) for color, share in palette.accents),
        pattern=pattern,
    )


def _pattern(view: PersonView, mask: Mask, palette: Palette) -> Pattern:
    found = garment_pattern(view.image, mask, palette)
    colors = tuple(format_color(color) for color in found.colors)
    return Pattern(found.kind, colors, found.angle, found.period / view.frame.height, found.confidence)


def _seed(regions: Mapping[str, RegionShape], palettes: Mapping[str, RegionPalette]) -> int:
    """A seed of the person's own, so that what chance decides differs from person to person, and never for one."""
    text = "".join(f"{slug}{palettes[slug].base}{regions[slug].path.cubics}" for slug in sorted(regions))
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=4).digest(), "big")


def _skin(view: PersonView) -> Color | None:
    groups = {
        "face": (Part.FACE,),
        "torso": (Part.TORSO_SKIN,),
        "arms": (Part.LEFT_ARM, Part.RIGHT_ARM),
        "legs": (Part.LEFT_LEG, Part.RIGHT_LEG),
    }
    found = skin_base(view.image, {name: view.mask(parts) & view.seen for name, parts in groups.items()})
    # The median has shadows in it, which are drawn on top; the lit skin is a little lighter.
    return None if found is None else lighter(found, LIT)


def _skin_palette(skin: Color) -> RegionPalette:
    return RegionPalette(format_color(skin), format_color(darker(skin, 0.1)), format_color(lighter(skin, 0.06)))


def _traced(view: PersonView, cover: npt.NDArray[np.generic], detail: float) -> Path:
    frame = view.frame
    origin = (-frame.chin[0] / frame.height, -frame.chin[1] / frame.height)
    return trace(cover, detail=detail, scale=1 / frame.height, origin=origin)


def _framing(view: PersonView) -> Framing:
    """How far down the person is seen."""
    rows = np.flatnonzero(view.seen.any(1))
    if not len(rows):
        return "bust"
    low = float(view.frame.to_head(np.array([[0.0, rows[-1] + 1]]))[0, 1])
    feet = view.mask((Part.LEFT_SHOE, Part.RIGHT_SHOE)) & view.seen
    if feet.any() or low > 5.0:
        return "full"
    return "half" if low > 1.8 else "bust"
