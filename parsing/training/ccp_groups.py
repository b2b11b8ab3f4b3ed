"""The 12 groups in which the 59 classes of Clothing Co-Parsing and the 21 parts can be compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from dressform.parsing.parts import Part

__all__ = ["GROUPS", "UNIONS", "ccp_body", "ccp_groups", "part_groups"]

Codes = npt.NDArray[np.uint8]
_P = Part

GROUPS: Mapping[str, tuple[str, frozenset[Part]]] = MappingProxyType(
    {  # name: names of CCP's classes, parts
        "background": (
            "null accessories bag belt bracelet earrings necklace purse ring wallet watch",
            frozenset({_P.BACKGROUND, _P.BAG}),
        ),
        "hat": ("hat", frozenset({_P.HAT})),
        "hair": ("hair", frozenset({_P.HAIR})),
        "skin": (
            "skin",
            frozenset({_P.FACE, _P.TORSO_SKIN, _P.LEFT_ARM, _P.RIGHT_ARM, _P.LEFT_LEG, _P.RIGHT_LEG}),
        ),
        "eyewear": ("glasses sunglasses", frozenset({_P.SUNGLASSES})),
        "upper": (
            "blouse bra cardigan hoodie intimate jumper shirt sweater sweatshirt swimwear t-shirt tie top vest",
            frozenset({_P.UPPER_CLOTHES}),
        ),
        "coat": ("blazer cape coat jacket suit", frozenset({_P.COAT})),
        "dress": ("bodysuit dress romper", frozenset({_P.DRESS})),
        "lower": ("jeans leggings panties pants shorts skirt tights", frozenset({_P.PANTS, _P.SKIRT})),
        "legwear": ("socks stockings", frozenset({_P.SOCKS})),
        "shoes": (
            "boots clogs flats heels loafers pumps sandals shoes sneakers wedges",
            frozenset({_P.LEFT_SHOE, _P.RIGHT_SHOE}),
        ),
        "scarf and gloves": ("gloves scarf", frozenset({_P.SCARF, _P.GLOVE})),
    }
)
"""Names of CCP's classes and parts of each group. Belts, bags and jewellery have no part: they are background."""

UNIONS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {"upper+coat+dress": ("upper", "coat", "dress"), "lower": ("lower",), "hair": ("hair",), "skin": ("skin",)}
)
"""Groups whose union is measured too."""

_NOT_BODY = frozenset({"null", "bag", "purse", "wallet"})


def ccp_groups(names: Iterable[str]) -> Codes:
    """(classes,) uint8: group of each CCP class, in the order of its label list."""
    by_name = {name: k for k, (members, _) in enumerate(GROUPS.values()) for name in members.split()}
    return np.array([by_name[name] for name in names], np.uint8)


def part_groups() -> Codes:
    """(21,) uint8: group of each part."""
    table = np.empty(len(Part), np.uint8)
    for k, (_, parts) in enumerate(GROUPS.values()):
        table[sorted(parts)] = k
    return table


def ccp_body(names: Iterable[str]) -> npt.NDArray[np.bool_]:
    """(classes,) bool: which CCP classes are the person and what they wear; bags are not, belts and jewellery are."""
    return np.array([name not in _NOT_BODY for name in names], np.bool_)
