"""A person between two: colours and features part of the way, hair and clothes from the one or the other."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, is_dataclass, replace
from types import MappingProxyType
from typing import Any, TypeVar, cast

import numpy as np
import numpy.typing as npt

from dressform.avatar.color import format_color, mixed, parse_color
from dressform.avatar.keyed import Keyed
from dressform.avatar.pose import HeadPose
from dressform.avatar.spec import Attributes, AvatarSpec, Hex, Light, RegionPalette, RegionShape
from dressform.parsing.errors import OptionError

__all__ = ["mix_specs"]

T = TypeVar("T")
_HEX = re.compile(r"#[0-9a-f]{6}", re.ASCII)
_HAIR = frozenset({"hair", "hat"})
_GLASSES = "sunglasses"
_HEAD = frozenset({*_HAIR, _GLASSES, "face"})


def mix_specs(a: AvatarSpec, b: AvatarSpec, share: float, seed: int | str = 0) -> AvatarSpec:
    """The person that lies ``share`` of the way from one to another.

    Colours, the face and the head are in between. Hair (with a hat), glasses, and the body with its clothes come as a
    whole from either, moved to the new head; which, is chosen by the seed, the more likely the nearer.

    Args:
        a: Is given back itself for share 0.
        b: And this for share 1.
        share: 0..1.
        seed: Of the choices.

    Raises:
        OptionError: The share lies outside 0..1, or the seed is none.
    """
    if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:
        raise OptionError("a share of a mixture lies between both", got=repr(share)[:40], allowed="0 to 1")
    keyed = Keyed(seed, "mix/")
    hair, body, glasses = (b if keyed.chance(key, share) else a for key in ("hair", "body", "glasses"))
    if share in (0, 1):
        return b if share else a
    near = b if share > 0.5 else a
    head = _between(a.head, b.head, share)
    regions = {
        slug: _moved(shape, spec.head, head, slug in _HEAD)
        for spec, taken in ((body, None), (near, {"face"}), (hair, _HAIR), (glasses, {_GLASSES}))
        for slug, shape in spec.regions.items()
        if (slug not in _HEAD if taken is None else slug in taken)
    }
    height = hair.head.hair_top / max(hair.head.crown, 1e-3) * head.crown
    return AvatarSpec(
        framing=body.framing,
        head=replace(head, hair_top=height),
        regions=MappingProxyType(dict(sorted(regions.items()))),
        palettes=_palettes(a, b, share, body, hair, glasses),
        face=_between(a.face, b.face, share),
        attributes=_attributes(a, b, share, body, hair, glasses),
        light=_light(a.light, b.light, share),
        seed=Keyed(f"{a.seed} {b.seed} {keyed.number}").number,
    )


def _between(a: T, b: T, share: float) -> T:
    """Numbers and colours in between; of what has no middle, the nearer one."""
    return cast(T, _blend(a, b, share))


def _blend(a: Any, b: Any, share: float) -> Any:
    if isinstance(a, float | int) and isinstance(b, float | int) and not isinstance(a, bool):
        return a + (b - a) * share
    if isinstance(a, str) and isinstance(b, str) and _HEX.fullmatch(a) and _HEX.fullmatch(b):
        return _mixed(a, b, share)
    if isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b):
        return tuple(_blend(x, y, share) for x, y in zip(a, b, strict=True))
    if is_dataclass(a) and not isinstance(a, type) and type(a) is type(b):
        return type(a)(**{f.name: _blend(getattr(a, f.name), getattr(b, f.name), share) for f in fields(a)})
    return b if share > 0.5 else a


def _mixed(a: Hex, b: Hex, share: float) -> Hex:
    return format_color(mixed(parse_color(a), parse_color(b), share))


def _moved(shape: RegionShape, own: HeadPose, head: HeadPose, on_head: bool) -> RegionShape:
    """A region of one head's figure on another: what is on the head goes with it, what is below with the chin."""
    matrix = np.array([[1, 0, head.chin[0] - own.chin[0]], [0, 1, head.chin[1] - own.chin[1]]], np.float64)
    if on_head:
        wide = head.half_width / max(own.half_width, 1e-3)
        high = _height(head) / max(_height(own), 1e-3)
        matrix = (_square(head.matrix(head.eyes, wide, high)) @ np.linalg.inv(_square(own.matrix(own.eyes))))[:2]
    return RegionShape(
        path=shape.path.transformed(matrix),
        shadow=shape.shadow.transformed(matrix),
        light=shape.light.transformed(matrix),
        prints=tuple((color, path.transformed(matrix)) for color, path in shape.prints),
    )


def _height(head: HeadPose) -> float:
    """From the chin to the top of the skull."""
    return float(np.hypot(head.chin[0] - head.eyes[0], head.chin[1] - head.eyes[1])) + head.crown


def _square(matrix: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    return np.concatenate([matrix, [[0, 0, 1]]])


def _palettes(
    a: AvatarSpec, b: AvatarSpec, share: float, body: AvatarSpec, hair: AvatarSpec, glasses: AvatarSpec
) -> Mapping[str, RegionPalette]:
    """Colours in between where both have the part; the pattern is that of the garment that is taken."""
    out = {}
    for slug in sorted({*a.palettes, *b.palettes}):
        owner = hair if slug in _HAIR or slug == "brows" else glasses if slug == _GLASSES else body
        own = owner.palettes.get(slug)
        if slug == "skin":
            own = a.palettes.get(slug) or b.palettes.get(slug)
        if own is None:
            continue
        one, other = a.palettes.get(slug) or own, b.palettes.get(slug) or own
        base, shadow, light = (
            _mixed(getattr(one, name), getattr(other, name), share) for name in ("base", "shadow", "light")
        )
        colors = tuple(base if color == own.base else color for color in own.pattern.colors)
        out[slug] = RegionPalette(base, shadow, light, own.accents, replace(own.pattern, colors=colors))
    return MappingProxyType(out)


def _attributes(
    a: AvatarSpec, b: AvatarSpec, share: float, body: AvatarSpec, hair: AvatarSpec, glasses: AvatarSpec
) -> Attributes:
    one, other = a.attributes, b.attributes
    return replace(
        hair.attributes,
        glasses=glasses.attributes.glasses,
        beard=one.beard + (other.beard - one.beard) * share,
        sleeve=body.attributes.sleeve,
        neckline=body.attributes.neckline,
        hem=body.attributes.hem,
    )


def _light(a: Light, b: Light, share: float) -> Light:
    light = _between(a, b, share)
    size = float(np.hypot(*light.direction))
    if size < 1e-6:  # from opposite sides
        return replace(light, direction=b.direction if share > 0.5 else a.direction)
    return replace(light, direction=(light.direction[0] / size, light.direction[1] / size))
