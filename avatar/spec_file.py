"""Specs as files: JSON that people can read and edit, and that is not trusted when it comes back."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping
from types import MappingProxyType

from dressform.avatar.keyed import MAX_SEED
from dressform.avatar.path_data import MAX_CUBICS
from dressform.avatar.paths import Path
from dressform.avatar.spec import VERSION, AvatarSpec, Face, RegionShape
from dressform.avatar.validate import build, dump, plain, read_json
from dressform.parsing.errors import OptionError
from dressform.parsing.parts import Part

__all__ = ["FORMAT", "MAX_BYTES", "spec_from_json", "spec_to_json"]

FORMAT = "dressform-avatar"
MAX_BYTES = 2_000_000
REACH = 100.0  # heads: farther from the chin nothing of a person lies
_SLUGS = tuple(part.slug for part in Part if part is not Part.BACKGROUND)
_COUNTS = {"jaw": 17, "eyes": 2, "nose": 4}
_POINTS = (
    "eyes", "ears", "mouth", "chin", "jaw", "skull", "nose", "centre", "brow", "left", "right", "upper", "lower",
    "inner_upper", "inner_lower",
)  # fmt: skip
_SHARES = ("confidence", "openness", "accents", "beard", "contrast")
_SIGNED = ("yaw", "gaze", "parting", "direction")
_SIZES = ("apart", "half_width", "width")
LIMITS: Mapping[str, tuple[float, float]] = MappingProxyType(
    dict.fromkeys(_POINTS, (-REACH, REACH))
    | dict.fromkeys(_SHARES, (0.0, 1.0))
    | dict.fromkeys(_SIGNED, (-1.0, 1.0))
    | dict.fromkeys(_SIZES, (0.001, 10.0))
    | {
        "tilt": (-90.0, 90.0),
        "crown": (0.05, 10.0),
        "hair_top": (0.0, 10.0),
        "hair_volume": (0.1, 10.0),
        "angle": (-360.0, 360.0),
        "period": (0.0, REACH),
        "seed": (0, MAX_SEED),
        "version": (VERSION, VERSION),
    }
)


def spec_to_json(spec: AvatarSpec) -> str:
    """The spec as JSON text; the same spec always gives the same text.

    Raises:
        OptionError: A number is not finite.
    """
    rest = plain(spec)
    return dump({"format": FORMAT, "version": rest.pop("version"), **rest}) + "\n"


def spec_from_json(text: str | bytes) -> AvatarSpec:
    """The spec that :func:`spec_to_json` wrote, or a person edited.

    Raises:
        OptionError: It is no such file, of a version that is not known here, or has a value that is not allowed.
    """
    data = read_json(text, what="spec", max_bytes=MAX_BYTES)
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise OptionError("this is no avatar spec", allowed=f'an object with "format": "{FORMAT}"')
    version = data.get("version")
    if type(version) is not int or version != VERSION:
        got = reprlib.repr(version)
        remedy = "update dressform" if type(version) is int and version > VERSION else None
        raise OptionError("this version of avatar specs is not known here", got=got, allowed=VERSION, remedy=remedy)
    rest = {key: value for key, value in data.items() if key != "format"}
    _check_keys(rest)
    spec = build(AvatarSpec, rest, where="spec", limits=LIMITS)
    _check_face(spec.face)
    _check_shapes(spec.regions)
    return spec


def _check_keys(data: dict[str, object]) -> None:
    for name, more in (("regions", ()), ("palettes", ("skin", "brows"))):
        keys = data.get(name)
        allowed = (*_SLUGS, *more)
        for key in keys if isinstance(keys, dict) else ():
            if key not in allowed:
                raise OptionError(f"spec.{name} has an unknown key", got=repr(key[:40]), allowed=", ".join(allowed))


def _check_face(face: Face) -> None:
    for name, count in _COUNTS.items():
        found = len(getattr(face, name))
        if found != count and (found or face.source != "none"):
            raise OptionError(f"spec.face.{name} has a wrong length", got=found, allowed=f"{count} items")
    for number, eye in enumerate(face.eyes):
        if len(eye.brow) != 5:
            raise OptionError(
                f"spec.face.eyes[{number}].brow has a wrong length", got=len(eye.brow), allowed="5 points"
            )


def _check_shapes(regions: Mapping[str, RegionShape]) -> None:
    total = 0
    for slug, shape in regions.items():
        for name, path in _paths(shape):
            total += path.cubics
            if max(map(abs, path.bounds)) > REACH:
                far = f"{max(map(abs, path.bounds)):.5g}"
                raise OptionError(f"spec.regions.{slug}.{name} lies too far away", got=far, allowed=f"{REACH:g} heads")
    if total > MAX_CUBICS:
        raise OptionError("the spec has too many curves", got=total, allowed=f"{MAX_CUBICS} in all")


def _paths(shape: RegionShape) -> Iterable[tuple[str, Path]]:
    yield from (("path", shape.path), ("shadow", shape.shadow), ("light", shape.light))
    yield from ((f"prints[{k}]", path) for k, (_, path) in enumerate(shape.prints))
