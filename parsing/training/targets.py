"""What the labels of a pixel allow: exact parts, or sets of parts where a data set knows less than 21 classes.

A target map is (H, W) uint8: 0..20 is that :class:`Part`, larger codes are sets (below), 255 is unknown.
The loss asks that the probability of the whole set be high, so a photo with nothing but a
silhouette, or with "skin" that nobody split into arms and legs, still teaches what it knows
(learning from partial labels: Cour, Sapp, Taskar, JMLR 2011).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from dressform.parsing.parts import MIRROR, REGIONS, Part, part_from_name

__all__ = ["CCP_NAMES", "IGNORE", "Zone", "ccp_table", "mirror_codes", "tag_parts", "zone_table"]

IGNORE = 255


class Zone(IntEnum):
    """Codes of sets of parts. LEFT and RIGHT are the subject's own."""

    PERSON = 32
    SKIN = 33
    SHOES = 34
    HEAD = 35
    FACE = 36
    TORSO = 37
    LEFT_ARM = 38
    RIGHT_ARM = 39
    HIPS = 40
    LEFT_THIGH = 41
    RIGHT_THIGH = 42
    LEFT_SHANK = 43
    RIGHT_SHANK = 44
    GARMENT = 45


_P = Part
_SETS: Mapping[Zone, frozenset[Part]] = MappingProxyType(
    {
        Zone.PERSON: REGIONS["all"],
        Zone.SKIN: REGIONS["skin"],
        Zone.SHOES: REGIONS["shoes"],
        Zone.HEAD: frozenset({_P.HAT, _P.HAIR, _P.SUNGLASSES, _P.FACE, _P.SCARF, _P.TORSO_SKIN, _P.COAT}),
        Zone.FACE: frozenset({_P.FACE, _P.SUNGLASSES, _P.HAIR}),
        Zone.TORSO: frozenset(
            {_P.UPPER_CLOTHES, _P.DRESS, _P.COAT, _P.TORSO_SKIN, _P.SCARF, _P.HAIR, _P.BAG}
            | {_P.LEFT_ARM, _P.RIGHT_ARM, _P.GLOVE}
        ),
        Zone.LEFT_ARM: frozenset({_P.LEFT_ARM, _P.GLOVE, _P.UPPER_CLOTHES, _P.COAT, _P.DRESS, _P.BAG}),
        Zone.RIGHT_ARM: frozenset({_P.RIGHT_ARM, _P.GLOVE, _P.UPPER_CLOTHES, _P.COAT, _P.DRESS, _P.BAG}),
        Zone.HIPS: frozenset(
            {_P.UPPER_CLOTHES, _P.DRESS, _P.COAT, _P.PANTS, _P.SKIRT, _P.TORSO_SKIN, _P.BAG}
            | {_P.LEFT_ARM, _P.RIGHT_ARM, _P.LEFT_LEG, _P.RIGHT_LEG, _P.GLOVE}
        ),
        Zone.LEFT_THIGH: frozenset({_P.DRESS, _P.COAT, _P.PANTS, _P.SKIRT, _P.LEFT_LEG, _P.BAG, _P.SOCKS}),
        Zone.RIGHT_THIGH: frozenset({_P.DRESS, _P.COAT, _P.PANTS, _P.SKIRT, _P.RIGHT_LEG, _P.BAG, _P.SOCKS}),
        Zone.LEFT_SHANK: frozenset({_P.DRESS, _P.COAT, _P.PANTS, _P.SKIRT, _P.LEFT_LEG, _P.SOCKS, _P.LEFT_SHOE}),
        Zone.RIGHT_SHANK: frozenset({_P.DRESS, _P.COAT, _P.PANTS, _P.SKIRT, _P.RIGHT_LEG, _P.SOCKS, _P.RIGHT_SHOE}),
        Zone.GARMENT: REGIONS["outfit"],
    }
)

_MIRRORED_ZONES = {
    Zone.LEFT_ARM: Zone.RIGHT_ARM,
    Zone.LEFT_THIGH: Zone.RIGHT_THIGH,
    Zone.LEFT_SHANK: Zone.RIGHT_SHANK,
}


def zone_table() -> npt.NDArray[np.bool_]:
    """(256, 21) bool: which parts each code allows. The row of :data:`IGNORE` and of unused codes allows all."""
    table = np.ones((256, len(Part)), np.bool_)
    table[: len(Part)] = np.eye(len(Part), dtype=np.bool_)
    for zone, parts in _SETS.items():
        table[zone] = [part in parts for part in Part]
    return table


def mirror_codes() -> npt.NDArray[np.uint8]:
    """(256,) uint8: the code that each code becomes when the photo is mirrored."""
    table = np.arange(256, dtype=np.uint8)
    table[: len(Part)] = MIRROR
    for left, right in _MIRRORED_ZONES.items():
        table[left], table[right] = right, left
    return table


# The 59 classes of Clothing Co-Parsing in the order of its label_list.mat, each with its part or set.
# Jewellery and belts have no part here: they are something of the person (belts: of a garment).
_CCP: Mapping[str, str] = MappingProxyType(
    {
        "background": "null",
        "unknown": "accessories",
        "bag": "bag purse wallet",
        "garment": "belt",
        "person": "bracelet earrings necklace ring watch",
        "coat": "blazer cape coat jacket suit",
        "upper-clothes": "blouse bra cardigan hoodie intimate jumper shirt sweater sweatshirt swimwear t-shirt"
        " tie top vest",
        "dress": "bodysuit dress romper",
        "shoes": "boots clogs flats heels loafers pumps sandals shoes sneakers wedges",
        "sunglasses": "glasses sunglasses",
        "glove": "gloves",
        "hair": "hair",
        "hat": "hat",
        "pants": "jeans leggings panties pants shorts tights",
        "scarf": "scarf",
        "skin": "skin",
        "skirt": "skirt",
        "socks": "socks stockings",
    }
)
_CCP_CODES: Mapping[str, int] = MappingProxyType(
    {"unknown": IGNORE, "garment": Zone.GARMENT, "person": Zone.PERSON, "shoes": Zone.SHOES, "skin": Zone.SKIN}
)
CCP_NAMES: Mapping[str, int] = MappingProxyType(
    {
        name: int(_CCP_CODES.get(target, -1)) if target in _CCP_CODES else int(part_from_name(target))
        for target, names in _CCP.items()
        for name in names.split()
    }
)


def ccp_table(label_list: Iterable[str]) -> npt.NDArray[np.uint8]:
    """(59,) uint8: target code of each CCP class, in the order of its label list."""
    return np.array([CCP_NAMES[name] for name in label_list], np.uint8)


# Tags name garments and bags but not skin, hair and such, which anybody may show.
_ALWAYS = frozenset(
    {_P.BACKGROUND, _P.HAIR, _P.TORSO_SKIN, _P.FACE, _P.LEFT_ARM, _P.RIGHT_ARM, _P.LEFT_LEG, _P.RIGHT_LEG}
    | {_P.LEFT_SHOE, _P.RIGHT_SHOE}
)


def tag_parts(tags: Iterable[str]) -> npt.NDArray[np.bool_]:
    """(21,) bool: parts that a photo with these CCP tags may show; all of them if the tags name no garment."""
    codes = {CCP_NAMES[tag] for tag in tags if tag in CCP_NAMES}
    named = {Part(code) for code in codes if code < len(Part)}
    if not named & REGIONS["outfit"]:
        return np.ones(len(Part), np.bool_)
    return np.array([part in named or part in _ALWAYS for part in Part])
