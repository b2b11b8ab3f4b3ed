"""The part taxonomy: 20 CIHP classes and bag, their names, colours, unions, and mappings from other sets.

CIHP: Gong et al., "Instance-level Human Parsing via Part Grouping Network", ECCV 2018.
LIP: Gong et al., CVPR 2017. ATR: Liang et al., TPAMI 2015.
Left and right are always the subject's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import IntEnum
from types import MappingProxyType
from typing import NamedTuple

from dressform.parsing.errors import OptionError

__all__ = ["ATR_TO_PART", "LIP_TO_PART", "MIRROR", "REGIONS", "Part", "as_parts", "part_from_name"]


class Part(IntEnum):
    """One label of the parse map; the value is what stands in ``Parse.labels``."""

    BACKGROUND = 0
    HAT = 1
    HAIR = 2
    GLOVE = 3
    SUNGLASSES = 4
    UPPER_CLOTHES = 5
    DRESS = 6
    COAT = 7
    SOCKS = 8
    PANTS = 9
    TORSO_SKIN = 10
    SCARF = 11
    SKIRT = 12
    FACE = 13
    LEFT_ARM = 14
    RIGHT_ARM = 15
    LEFT_LEG = 16
    RIGHT_LEG = 17
    LEFT_SHOE = 18
    RIGHT_SHOE = 19
    BAG = 20

    @property
    def slug(self) -> str:
        """Name for files and JSON keys, such as ``upper-clothes``."""
        return self.name.lower().replace("_", "-")

    @property
    def title(self) -> str:
        """English name for people, such as ``Upper clothes``."""
        return _TABLE[self].title

    @property
    def title_zh(self) -> str:
        """Chinese name for people."""
        return _TABLE[self].title_zh

    @property
    def color(self) -> tuple[int, int, int]:
        """Overlay colour, sRGB 0..255, chosen so that classes that touch on a body lie far apart."""
        return _TABLE[self].color

    @property
    def cihp_color(self) -> tuple[int, int, int]:
        """Colour of the palette that CIHP and LIP label files carry, sRGB 0..255."""
        return _TABLE[self].cihp_color


class _Row(NamedTuple):
    title: str
    title_zh: str
    color: tuple[int, int, int]
    cihp_color: tuple[int, int, int]


_TABLE: Mapping[Part, _Row] = MappingProxyType(
    {
        Part.BACKGROUND: _Row("Background", "背景", (0, 0, 0), (0, 0, 0)),
        Part.HAT: _Row("Hat", "帽子", (226, 52, 63), (128, 0, 0)),
        Part.HAIR: _Row("Hair", "头发", (125, 63, 165), (255, 0, 0)),
        Part.GLOVE: _Row("Glove", "手套", (125, 196, 24), (0, 85, 0)),
        Part.SUNGLASSES: _Row("Glasses", "眼镜", (0, 45, 209), (170, 0, 51)),
        Part.UPPER_CLOTHES: _Row("Upper clothes", "上衣", (2, 138, 247), (255, 85, 0)),
        Part.DRESS: _Row("Dress", "连衣裙", (234, 62, 171), (0, 0, 85)),
        Part.COAT: _Row("Coat", "外套", (21, 100, 69), (0, 119, 221)),
        Part.SOCKS: _Row("Socks", "袜子", (255, 249, 142), (85, 85, 0)),
        Part.PANTS: _Row("Pants", "裤子", (62, 53, 119), (0, 85, 85)),
        Part.TORSO_SKIN: _Row("Neck and chest", "颈胸皮肤", (246, 184, 0), (85, 51, 0)),
        Part.SCARF: _Row("Scarf", "围巾", (153, 4, 49), (52, 86, 128)),
        Part.SKIRT: _Row("Skirt", "裙子", (190, 110, 240), (0, 128, 0)),
        Part.FACE: _Row("Face", "脸", (255, 227, 219), (0, 0, 255)),
        Part.LEFT_ARM: _Row("Left arm", "左臂", (42, 209, 212), (51, 170, 221)),
        Part.RIGHT_ARM: _Row("Right arm", "右臂", (255, 102, 56), (0, 255, 255)),
        Part.LEFT_LEG: _Row("Left leg", "左腿", (93, 239, 94), (85, 255, 170)),
        Part.RIGHT_LEG: _Row("Right leg", "右腿", (251, 166, 208), (170, 255, 85)),
        Part.LEFT_SHOE: _Row("Left shoe", "左鞋", (0, 120, 150), (255, 255, 0)),
        Part.RIGHT_SHOE: _Row("Right shoe", "右鞋", (170, 90, 20), (255, 170, 0)),
        Part.BAG: _Row("Bag", "包", (140, 140, 140), (170, 0, 255)),
    }
)

_SKIN = frozenset({Part.TORSO_SKIN, Part.FACE, Part.LEFT_ARM, Part.RIGHT_ARM, Part.LEFT_LEG, Part.RIGHT_LEG})
_GARMENTS = frozenset({Part.UPPER_CLOTHES, Part.DRESS, Part.COAT, Part.PANTS, Part.SKIRT})
_SHOES = frozenset({Part.LEFT_SHOE, Part.RIGHT_SHOE})

REGIONS: Mapping[str, frozenset[Part]] = MappingProxyType(
    {
        "person": frozenset(Part) - {Part.BACKGROUND, Part.BAG},
        "all": frozenset(Part) - {Part.BACKGROUND},
        "head": frozenset({Part.HAT, Part.HAIR, Part.SUNGLASSES, Part.FACE}),
        "hair": frozenset({Part.HAIR}),
        "face": frozenset({Part.FACE, Part.SUNGLASSES}),
        "skin": _SKIN,
        "arms": frozenset({Part.LEFT_ARM, Part.RIGHT_ARM}),
        "legs": frozenset({Part.LEFT_LEG, Part.RIGHT_LEG}),
        "upper": frozenset({Part.UPPER_CLOTHES, Part.COAT}),
        "inner": frozenset({Part.UPPER_CLOTHES}),
        "outer": frozenset({Part.COAT}),
        "lower": frozenset({Part.PANTS, Part.SKIRT}),
        "dress": frozenset({Part.DRESS}),
        "outfit": _GARMENTS,
        "clothes": _GARMENTS | _SHOES | {Part.HAT, Part.GLOVE, Part.SOCKS, Part.SCARF},
        "socks": frozenset({Part.SOCKS}),
        "shoes": _SHOES,
        "hat": frozenset({Part.HAT}),
        "bag": frozenset({Part.BAG}),
    }
)
"""Named unions of parts. "person" is the body and what is worn; "all" adds a carried bag."""

MIRROR: tuple[Part, ...] = tuple(
    {
        Part.LEFT_ARM: Part.RIGHT_ARM,
        Part.RIGHT_ARM: Part.LEFT_ARM,
        Part.LEFT_LEG: Part.RIGHT_LEG,
        Part.RIGHT_LEG: Part.LEFT_LEG,
        Part.LEFT_SHOE: Part.RIGHT_SHOE,
        Part.RIGHT_SHOE: Part.LEFT_SHOE,
    }.get(part, part)
    for part in Part
)
"""``MIRROR[p]`` is the part that p becomes when the photo is mirrored."""

# LIP shares CIHP's numbers; only its class 10 differs: jumpsuits there, neck and chest here.
LIP_TO_PART: tuple[Part, ...] = tuple(
    Part.DRESS if part is Part.TORSO_SKIN else part for part in Part if part is not Part.BAG
)

ATR_TO_PART: tuple[Part, ...] = (
    Part.BACKGROUND,
    Part.HAT,
    Part.HAIR,
    Part.SUNGLASSES,
    Part.UPPER_CLOTHES,
    Part.SKIRT,
    Part.PANTS,
    Part.DRESS,
    Part.PANTS,  # belt: there is no class for it, and it lies on what is worn below
    Part.LEFT_SHOE,
    Part.RIGHT_SHOE,
    Part.FACE,
    Part.LEFT_LEG,
    Part.RIGHT_LEG,
    Part.LEFT_ARM,
    Part.RIGHT_ARM,
    Part.BAG,
    Part.SCARF,
)

_OTHER_NAMES: Mapping[str, Part] = MappingProxyType(
    {
        "gloves": Part.GLOVE,  # ModelScope, CIHP
        "glasses": Part.SUNGLASSES,
        "jumpsuits": Part.DRESS,  # ModelScope, LIP
        "torsoskin": Part.TORSO_SKIN,
        "pant": Part.PANTS,
        "belt": Part.PANTS,  # ATR
    }
)


def _fold(name: str) -> str:
    return "".join(ch for ch in name.casefold() if ch.isalnum())


_BY_NAME: Mapping[str, Part] = MappingProxyType(
    {_fold(part.name): part for part in Part} | {_fold(part.title_zh): part for part in Part} | dict(_OTHER_NAMES)
)


def part_from_name(name: str) -> Part:
    """The part with this name: ours, CIHP's, LIP's, ATR's or ModelScope's, English or Chinese.

    Case, spaces, hyphens and underscores do not matter: ``"UpperClothes"``, ``"upper-clothes"``.

    Raises:
        OptionError: No such name.
    """
    try:
        return _BY_NAME[_fold(name)]
    except KeyError:
        raise OptionError("unknown part", got=repr(name), allowed=", ".join(p.slug for p in Part)) from None


def as_parts(parts: Part | str | Iterable[Part | str]) -> frozenset[Part]:
    """A set of parts from a part, a part's or region's name, or any iterable of these.

    Raises:
        OptionError: A name that is neither a part nor a region, or a number outside 0..20.
    """
    if isinstance(parts, str):
        region = REGIONS.get(parts)
        return region if region is not None else frozenset({_one(parts)})
    if isinstance(parts, int):
        return frozenset({_one(parts)})
    return frozenset().union(*(as_parts(part) for part in parts))


def _one(part: Part | str | int) -> Part:
    if isinstance(part, str):
        try:
            return part_from_name(part)
        except OptionError:
            allowed = f"regions {', '.join(REGIONS)}; parts {', '.join(p.slug for p in Part)}"
            raise OptionError("unknown part or region", got=repr(part), allowed=allowed) from None
    try:
        return Part(part)
    except ValueError:
        raise OptionError("unknown part number", got=part, allowed=f"0 to {max(Part)}") from None
