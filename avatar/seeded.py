"""People without a photo: a whole spec from a seed, for scripted assets."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

import numpy as np

from dressform.avatar.color import adjusted, format_color, parse_color
from dressform.avatar.keyed import Keyed
from dressform.avatar.paths import Path
from dressform.avatar.seeded_body import Traits, body_of
from dressform.avatar.seeded_colors import (
    Wardrobe,
    hair_color,
    iris_color,
    lips_color,
    palette_of,
    skin_color,
    wardrobe,
)
from dressform.avatar.seeded_face import EYES, face_of, face_skin, glasses, head_pose, skull_of
from dressform.avatar.seeded_hair import cut_hair
from dressform.avatar.seeded_hair_short import Hair, Skull
from dressform.avatar.seeded_outfit import Outfit, Piece, dressed
from dressform.avatar.spec import Attributes, AvatarSpec, Hex, Pattern, RegionPalette, RegionShape

__all__ = ["spec_from_seed"]

_CHILD, _SENIOR = 0.14, 0.15  # shares of people
_HAIRCUTS: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        # name: frequency for narrow and for broad shoulders
        "bald": (0.5, 5), "buzz": (1, 8), "crop": (2, 9), "side part": (1.5, 10), "quiff": (1, 8), "slick": (1, 5),
        "waves": (1.5, 7), "spikes": (1, 5), "curly": (3, 7), "high curls": (1, 6), "afro": (4, 3.5), "pixie": (6, 2),
        "bowl": (1, 2), "receding": (0, 2), "bun": (6, 2.5), "low bun": (4, 0.5), "twin buns": (2.5, 0),
        "ponytail": (6, 0.7), "low ponytail": (5, 1.2), "pigtails": (1.5, 0), "braids": (4, 0.4), "bob": (6, 0.5),
        "bob, middle": (5, 1), "bob, fringe": (5, 0.2), "lob, wavy": (6, 1.4), "locs": (3, 3), "long, side": (6, 0.5),
        "long, middle": (5, 1.2), "long, curtain": (5, 0.3), "long, fringe": (4, 0.1), "long, wavy": (7, 0.8),
        "long, curls": (5, 0.6),
    }
)  # fmt: skip
_CHILDREN = MappingProxyType(
    {"bald": 0, "receding": 0, "slick": 0.2, "quiff": 0.2, "bowl": 5, "pigtails": 5, "braids": 2}
)
_ADULTS = MappingProxyType({"pigtails": 0.35, "twin buns": 0.35, "bowl": 0.35, "receding": 0.3})
_SENIORS = MappingProxyType(
    {
        "receding": 9, "bald": 2, "low bun": 2, "spikes": 0.1, "quiff": 0.3, "locs": 0.3, "pigtails": 0.05,
        "twin buns": 0.05, "bowl": 0.05,
    }
)  # fmt: skip
_AGES = MappingProxyType({"child": _CHILDREN, "adult": _ADULTS, "senior": _SENIORS})
"""Factors of these frequencies."""
_CURLED = frozenset({"curly", "high curls", "afro", "locs", "long, curls", "braids", "buzz"})
_STRAIGHT = frozenset({"bowl", "bob, fringe", "long, fringe", "spikes", "quiff", "side part", "long, side", "waves"})
_FRAMES = ("#1f2024", "#3a2c26", "#5b3a24", "#7c2f36", "#33506e", "#8c8f94")  # of glasses


def spec_from_seed(seed: int | str) -> AvatarSpec:
    """A person that this seed stands for: always the same one, and a different one for nearly every seed.

    Args:
        seed: A whole number or a text, such as a name.

    Raises:
        OptionError: The seed is neither.
    """
    keyed = Keyed(seed)
    traits = _traits(keyed)
    skull, body = skull_of(traits, keyed.within("skull")), body_of(traits)
    skin = skin_color(traits.skin, keyed.within("skin"))
    face = face_of(traits, skull, keyed.within("face"), iris_color(traits, keyed), lips_color(skin, traits, keyed))
    hair = _hair(traits, skull, keyed)
    top = hair.path.bounds[1] if hair is not None else EYES - skull.crown
    outfit = dressed(body, traits, keyed.within("outfit"))
    colors = wardrobe(skin, keyed.within("colors"))
    pieces = {"face": Piece(face_skin(skull, face, hair)), **outfit.pieces}
    if hair is not None:
        pieces["hair"] = Piece(hair.path)
    eyewear = _eyewear(traits, keyed)
    if eyewear != "none":
        pieces["sunglasses"] = Piece(glasses(face, keyed.chance("round", 0.5)))
    palettes = _palettes(pieces, outfit, colors, keyed) | {"skin": palette_of(skin)}
    if hair is not None:
        palettes["hair"] = palette_of(hair_color(traits, keyed))
    if eyewear != "none":
        palettes["sunglasses"] = palette_of(_FRAMES[0] if eyewear == "dark" else keyed.pick("frame", _FRAMES))
    regions = {slug: _region(piece, palettes.get(slug), colors) for slug, piece in sorted(pieces.items())}
    attributes = Attributes(
        hair_length="none" if hair is None else hair.length,
        hair_volume=1.0 if hair is None else round(_width(hair.path) / (2 * skull.half), 3),
        parting=None if hair is None else hair.parting,
        glasses=eyewear,
        beard=_beard(traits, keyed),
        sleeve=outfit.sleeve,
        neckline=outfit.neckline,
        hem=outfit.hem,
    )
    return AvatarSpec(
        framing="full",
        head=head_pose(skull, face, top),
        regions=MappingProxyType(regions),
        palettes=MappingProxyType(dict(sorted(palettes.items()))),
        face=face,
        attributes=attributes,
        seed=keyed.number,
    )


def _traits(keyed: Keyed) -> Traits:
    age = keyed.unit("age")
    name = "child" if age < _CHILD else "senior" if age > 1 - _SENIOR else "adult"
    broad = float(np.clip(keyed.normal("broad", 0.5, 0.1) + (0.38 if keyed.chance("broad side", 0.5) else -0.38), 0, 1))
    heads = keyed.between("heads", 5.6, 6.4) if name == "child" else 7.2 + 0.2 * broad + keyed.normal("heads", 0, 0.08)
    weight = float(np.clip(keyed.normal("weight", -0.1 if name != "child" else -0.3, 0.48), -1, 1))
    return Traits(name, 0.45 * broad if name == "child" else broad, weight, heads, keyed.unit("skin"))


def _hair(traits: Traits, skull: Skull, keyed: Keyed) -> Hair | None:
    shares = []
    for name, (narrow, broad) in _HAIRCUTS.items():
        share = (narrow + (broad - narrow) * traits.lean) * _AGES[traits.age].get(name, 1)
        if traits.skin > 0.6:
            share *= 0.3 if name in _STRAIGHT else 2.5 if name in _CURLED else 1
        shares.append(share)
    name = keyed.pick("haircut", list(_HAIRCUTS), shares)
    return None if name == "bald" else cut_hair(name, skull, keyed.within("hair"))


def _eyewear(traits: Traits, keyed: Keyed) -> Literal["none", "clear", "dark"]:
    if not keyed.chance("glasses", {"child": 0.1, "adult": 0.22, "senior": 0.5}[traits.age]):
        return "none"
    return "dark" if keyed.chance("sunglasses", 0.22) else "clear"


def _beard(traits: Traits, keyed: Keyed) -> float:
    if traits.age == "child" or traits.broad < 0.75 or not keyed.chance("bearded", 0.42):
        return 0.0
    return round(keyed.between("beard", 0.2, 1.0), 2)


def _width(path: Path) -> float:
    """Width of what lies above the chin."""
    points = np.concatenate([curve.points for curve in path.curves])
    points = points[points[:, 1] < 0]
    return float(np.ptp(points[:, 0]))


def _palettes(pieces: Mapping[str, Piece], outfit: Outfit, colors: Wardrobe, keyed: Keyed) -> dict[str, RegionPalette]:
    out = {}
    bases = {
        "upper-clothes": colors.accent if "coat" in pieces and keyed.chance("inner", 0.3) else colors.upper,
        "dress": colors.upper, "coat": colors.coat, "pants": colors.lower, "skirt": colors.lower,
        "left-shoe": colors.shoes, "right-shoe": colors.shoes,
        "socks": keyed.pick("socks", ["#f4f2ee", "#2b2c31", colors.accent], [4, 2, 1]),
    }  # fmt: skip
    for slug, base in bases.items():
        if slug in pieces:
            out[slug] = _cloth(slug, base, pieces[slug], slug == outfit.patterned, colors, keyed)
    return out


def _cloth(slug: str, base: Hex, piece: Piece, patterned: bool, colors: Wardrobe, keyed: Keyed) -> RegionPalette:
    """A garment's palette: plain, striped, checked, or printed where there is something on it."""
    shares = [4.0, 2.2 if slug != "coat" else 0.3, 1.2] if patterned else [1, 0, 0]
    kinds: list[Literal["plain", "striped", "checked"]] = ["plain", "striped", "checked"]
    kind = keyed.pick(f"{slug} pattern", kinds, shares)
    if piece.details and (kind == "plain" or any(role in ("accent", "white") for role, _ in piece.details)):
        others = tuple(dict.fromkeys(_detail_color(role, base, colors) for role, _ in piece.details))
        accents = tuple((other, round(0.2 / len(others), 2)) for other in others)
        return palette_of(base, accents, Pattern("printed", (base, *others)))
    if kind == "plain":
        return palette_of(base)
    color = parse_color(base)
    tone = format_color(adjusted(color, lightness=-0.13 if sum(color) > 460 else 0.15))
    accent = colors.accent if colors.accent != base else "#f4f0e8"
    other = tone if keyed.chance(f"{slug} tone", 0.6) else accent
    angle = 90.0 if kind == "striped" and keyed.chance(f"{slug} upright", 0.25) else 0.0
    period = round(keyed.between(f"{slug} period", 0.12, 0.26 if kind == "striped" else 0.34), 3)
    return palette_of(base, ((other, 0.4),), Pattern(kind, (base, other), angle, period))


def _detail_color(role: str, base: Hex, colors: Wardrobe) -> Hex:
    """The colour of what is on a garment of colour ``base``."""
    if role in ("accent", "white"):
        wanted = colors.accent if role == "accent" else "#f4f2ee"
        return wanted if wanted != base else "#2f3440"
    return format_color(adjusted(parse_color(base), lightness=-0.07 if role == "shade" else 0.07))


def _region(piece: Piece, palette: RegionPalette | None, colors: Wardrobe) -> RegionShape:
    if palette is None:
        return RegionShape(piece.path)
    prints = ((_detail_color(role, palette.base, colors), path) for role, path in piece.details)
    return RegionShape(piece.path, prints=tuple(prints))
