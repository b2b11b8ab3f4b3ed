"""From a photo and the parts of a person to an :class:`AvatarSpec`; nothing else of avatars looks at pixels."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.color import darker, difference, format_color, lighter
from dressform.avatar.contour import trace
from dressform.avatar.measure_head import (
    beard_amount,
    brows_color,
    glasses_kind,
    iris_color,
    lips_color,
    lower_face,
    measure_face,
    measure_pose,
)
from dressform.avatar.palette import apply_gains, region_palette, skin_base, white_balance
from dressform.avatar.paths import Path
from dressform.avatar.pattern import garment_pattern
from dressform.avatar.prints import printed_places
from dressform.avatar.scene import Color
from dressform.avatar.spec import Attributes, AvatarSpec, Face, Framing, Light, Pattern, RegionPalette, RegionShape
from dressform.avatar.tones import light_direction, tone_masks
from dressform.avatar.view import PersonView, view_person
from dressform.parsing import Part, Person

__all__ = ["DETAIL", "measure", "measure_view"]

Mask = npt.NDArray[np.bool_]
DETAIL = 0.6
"""Of the outlines in a spec; styles smooth them further."""
BALANCE = 0.4  # how much of a colour cast is taken away: all of it would make evening light look like noon
LIT = 0.018  # OKLab lightness
LEAST = 0.004  # square heads; smaller regions are not drawn
SCALP = 12.5  # ΔE00 between hair and skin below which there is no hair
WISP = 0.06  # heads; half the width of tails of hair that are not drawn
TUFT = 0.25  # share of the hair below which a piece apart from it is not the person's
UNBROKEN = 0.9  # share of a region that must be seen for its shadows to be taken from the photo
PATTERNED = 0.25  # square heads of cloth below which no pattern is believed
NO_SKIN: Color = (214, 172, 144)  # where no skin is seen at all, for gloved and masked figures

GARMENTS = frozenset({Part.UPPER_CLOTHES, Part.DRESS, Part.COAT, Part.PANTS, Part.SKIRT, Part.SCARF, Part.HAT, Part.BAG})
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
    coverages = _coverages(view, face)
    if Part.HAIR in coverages and _shaved(view, coverages[Part.HAIR], skin):
        coverages = {part: cover for part, cover in coverages.items() if part != Part.HAIR}
    seen = {part: (cover >= 0.5) & view.seen for part, cover in coverages.items()}
    light, contrast = light_direction(
        view.image, {part.slug: seen[part] for part in (Part.FACE, *sorted(LIMBS)) if part in seen}
    )
    regions: dict[str, RegionShape] = {}
    palettes = {"skin": _skin_palette(skin or NO_SKIN)}
    unit = view.frame.height**2
    for part, cover in coverages.items():
        if np.count_nonzero(cover >= 0.5) < LEAST * unit:
            continue
        mask = seen[part] if seen[part].any() else cover >= 0.5
        palette = region_palette(view.image, mask, k=1 if part == Part.HAIR else 8)
        pattern = Pattern()
        shadow = shine = Path(())
        prints: tuple[tuple[str, Path], ...] = ()
        if part in GARMENTS or part in LIMBS:
            patterned = False
            if part in GARMENTS and np.count_nonzero(mask) > PATTERNED * unit:
                found = garment_pattern(view.image, mask, palette)
                pattern = Pattern(
                    found.kind,
                    tuple(format_color(color) for color in found.colors),
                    found.angle,
                    found.period / view.frame.height,
                    found.confidence,
                )
                patterned = found.kind != "plain"
                if patterned:
                    places = printed_places(view.image, mask, palette, view.frame.height)
                    prints = tuple((format_color(color), _traced(view, place, 0.35)) for color, place in places)
            if np.count_nonzero(mask) > UNBROKEN * np.count_nonzero(cover >= 0.5):  # else shadows would end half-way
                dark, bright = tone_masks(view.image, mask, 3, light=light, palette=palette, patterned=patterned)
                shadow, shine = _traced(view, dark, 0.3), _traced(view, bright, 0.3)
        regions[part.slug] = RegionShape(_traced(view, cover, DETAIL), shadow, shine, prints)
        palettes[part.slug] = RegionPalette(
            base=format_color(palette.base),
            shadow=format_color(palette.dark),
            light=format_color(palette.light),
            accents=tuple((format_color(color), round(share, 4)) for color, share in palette.accents),
            pattern=pattern,
        )
    brows = brows_color(view, face) if "hair" not in palettes else None
    if brows is not None:
        palettes["brows"] = RegionPalette(*(format_color(color) for color in (brows, darker(brows, 0.05), brows)))
    face = replace(
        face, iris=iris_color(view, face, pixels_per_view), lips=lips_color(view, face, skin or NO_SKIN)
    )
    return AvatarSpec(
        framing=_framing(view),
        head=head,
        regions=MappingProxyType(regions),
        palettes=MappingProxyType(palettes),
        face=face,
        attributes=_attributes(view, face, skin, beard, seen),
        light=Light(light, contrast),
        seed=_seed(regions, palettes),
    )


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


def _coverages(view: PersonView, face: Face) -> Mapping[Part, npt.NDArray[np.float32]]:
    """Soft coverage of each part that is seen; what lies on eyes, nose and beard is no hair."""
    out = {part: view.coverage((part,)) for part in view.parts}
    if Part.HAIR in out and face.eyes:
        bare = lower_face(view, face)
        hull = cv2.convexHull(np.round(view.frame.to_photo(_features(face))).astype(np.int32))
        spot = np.zeros(bare.shape, np.uint8)
        cv2.fillConvexPoly(spot, hull, 1)
        bare |= spot > 0
        bare |= _wisps(view, out[Part.HAIR])
        soft = cv2.GaussianBlur(bare.astype(np.float32), (0, 0), 1.5)
        out[Part.HAIR] = np.asarray(out[Part.HAIR] * (1 - soft), np.float32)
    return out


def _shaved(view: PersonView, cover: npt.NDArray[np.float32], skin: Color | None) -> bool:
    """Whether what was called hair is a bare scalp: of the skin's colour, no lighter, and short."""
    mask = (cover >= 0.5) & view.seen
    if skin is None or np.count_nonzero(mask) < 0.02 * view.frame.height**2 or _rows(view, mask)[1] > -0.2:
        return False
    hair = region_palette(view.image, mask, k=1).base
    return float(difference(np.array(hair), np.array(skin))) < SCALP and sum(hair) <= sum(skin) + 30


def _wisps(view: PersonView, cover: npt.NDArray[np.float32]) -> Mask:
    """Thin tails of hair below the eyes: shadows on neck and background that were taken for hair."""
    hair = (cover >= 0.5).view(np.uint8)
    size = 2 * max(int(WISP * view.frame.height), 1) + 1
    shape = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    thick = np.asarray(cv2.dilate(cv2.morphologyEx(hair, cv2.MORPH_OPEN, shape), np.ones((3, 3), np.uint8)))
    count, pieces, stats, middles = cv2.connectedComponentsWithStats(thick & hair, connectivity=4)
    if count > 2:  # other people's hair, or a shadow, beside the neck
        least = max(TUFT * float(stats[1:, cv2.CC_STAT_AREA].max()), 0.4 * TUFT * view.frame.height**2)
        small = stats[:, cv2.CC_STAT_AREA] < least
        small &= middles[:, 1] > view.frame.chin[1] - 0.45 * view.frame.height
        small[0] = False
        thick[small[pieces]] = 0
    low = np.zeros(hair.shape, bool)
    low[int(np.clip(view.frame.chin[1] - 0.42 * view.frame.height, 0, len(low))) :] = True
    return np.asarray((hair > 0) & (thick == 0) & low, np.bool_)


def _features(face: Face) -> npt.NDArray[np.float64]:
    """Corners of what eyes, nose and mouth take up, in heads."""
    points = [*face.nose]
    for eye in face.eyes:
        x, y = eye.centre
        w, h = eye.width * 0.55, eye.width * 0.35
        points += [(x - w, y - h), (x + w, y - h), (x - w, y + h), (x + w, y + h)]
    if face.mouth is not None:
        points += [face.mouth.left, face.mouth.right, face.mouth.lower]
    return np.array(points, np.float64)


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


def _attributes(
    view: PersonView, face: Face, skin: Color | None, beard: float, seen: Mapping[Part, Mask]
) -> Attributes:
    out = replace(glasses_kind(view, face, skin), beard=round(beard, 3), hat=Part.HAT in seen)
    return replace(
        out,
        hair_length=_hair_length(view, seen),
        hair_volume=_hair_volume(view, face, seen),
        sleeve=_sleeve(seen),
        neckline=_neckline(view, seen),
        hem=_hem(view, seen),
    )


def _rows(view: PersonView, mask: Mask) -> tuple[float, float]:
    """Top and bottom of a mask in heads."""
    rows = np.flatnonzero(mask.any(1))
    if not len(rows):
        return 0.0, 0.0
    ends = view.frame.to_head(np.array([[0.0, rows[0]], [0.0, rows[-1] + 1]]))
    return float(ends[0, 1]), float(ends[1, 1])


def _hair_length(view: PersonView, seen: Mapping[Part, Mask]) -> str:
    hair = seen.get(Part.HAIR)
    if hair is None or np.count_nonzero(hair) < 0.04 * view.frame.height**2:
        return "none"
    columns = hair.sum(1)
    enough = np.flatnonzero(columns > 0.04 * view.frame.height)
    low = float(view.frame.to_head(np.array([[0.0, enough[-1] + 1]]))[0, 1]) if len(enough) else -1.0
    return "long" if low > 0.3 else "medium" if low > -0.12 else "short"


def _hair_volume(view: PersonView, face: Face, seen: Mapping[Part, Mask]) -> float:
    hair = seen.get(Part.HAIR)
    if hair is None or not face.jaw:
        return 1.0
    columns = np.flatnonzero(hair.any(0))
    if not len(columns):
        return 1.0
    width = abs(face.jaw[16][0] - face.jaw[0][0])
    return float(np.clip((columns[-1] + 1 - columns[0]) / view.frame.height / max(width, 0.2), 0.5, 3.0))


def _sleeve(seen: Mapping[Part, Mask]) -> str:
    arms = sum(int(np.count_nonzero(seen[part])) for part in (Part.LEFT_ARM, Part.RIGHT_ARM) if part in seen)
    tops = sum(int(np.count_nonzero(seen[part])) for part in (Part.UPPER_CLOTHES, Part.COAT, Part.DRESS) if part in seen)
    if not tops or arms > 0.6 * tops:
        return "none"
    return "short" if arms > 0.2 * tops else "long"


def _neckline(view: PersonView, seen: Mapping[Part, Mask]) -> str:
    neck = seen.get(Part.TORSO_SKIN)
    unit = view.frame.height**2
    if Part.COAT in seen and Part.UPPER_CLOTHES in seen:
        return "open"
    if neck is None or np.count_nonzero(neck) < 0.03 * unit:
        return "high"
    top, bottom = _rows(view, neck)
    columns = np.flatnonzero(neck.any(0))
    wide = (columns[-1] + 1 - columns[0]) / view.frame.height
    if bottom - top > 0.5 and bottom > 0.35:
        return "v" if np.count_nonzero(neck) < 0.6 * wide * (bottom - top) * unit else "round"
    return "round" if bottom > 0.12 else "collar"


def _hem(view: PersonView, seen: Mapping[Part, Mask]) -> str:
    for part in (Part.DRESS, Part.SKIRT):
        if part in seen:
            bottom = _rows(view, seen[part])[1]
            return "short" if bottom < 3.9 else "knee" if bottom < 5.0 else "long"
    return "none"
