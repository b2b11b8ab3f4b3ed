"""What may stand in a style: ranges, names and patterns beside the types of :mod:`dressform.avatar.style`.

The same tables check style files and options, and make the JSON Schema that editors complete and check styles with.
"""

from __future__ import annotations

import re
import reprlib
from collections.abc import Iterator, Mapping
from dataclasses import MISSING, dataclass, fields, is_dataclass
from difflib import get_close_matches
from types import MappingProxyType, NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

from dressform.avatar.color import parse_color, srgb_to_oklab
from dressform.avatar.style import Style
from dressform.avatar.validate import build, plain
from dressform.parsing.errors import OptionError

__all__ = ["COUNTS", "EFFECTS", "NAMES", "PATTERNS", "RANGES", "SHAPES", "StyleField"]
__all__ += ["build_style", "style_fields", "style_schema"]

SHAPES: tuple[str, ...] = (
    "plain", "gradient", "disc", "blob", "rays", "stripes", "dots", "halftone", "grid", "wash", "skyline", "sparkles",
)  # fmt: skip
"""Backgrounds."""
EFFECTS = ("paper", "grain", "wash", "edge_dark", "glow", "scanlines", "halftone", "pencil", "blur")
"""Raster effects."""
RANGES: Mapping[str, tuple[float, float]] = MappingProxyType(
    {
        "detail": (0, 1),
        "hatching": (0, 1),
        "colors.amount": (0, 1),
        "colors.chroma": (0, 2),
        "colors.contrast": (0, 2),
        "colors.lightness": (-0.5, 0.5),
        "colors.skin": (0, 1),
        "shading.shadow": (0, 0.5),
        "shading.light": (0, 0.5),
        "shading.hue": (-60, 60),
        "shading.opacity": (0, 1),
        "line.width": (0, 0.1),
        "line.inner": (0, 0.1),
        "line.darken": (0, 0.6),
        "line.wobble": (0, 0.05),
        "line.strokes": (1, 3),
        "proportions.heads": (0, 8),
        "proportions.head_width": (0.7, 1.4),
        "proportions.shoulders": (0.5, 1.2),
        "proportions.eyes": (0.5, 3),
        "proportions.eye_height": (0.5, 2),
        "proportions.eye_drop": (-0.1, 0.2),
        "proportions.nose": (0, 1.5),
        "proportions.mouth": (0.3, 1.5),
        "proportions.jaw": (-0.3, 0.5),
        "features.iris": (0.5, 1.3),
        "features.lashes": (0, 2),
        "features.brows": (0, 2),
        "features.blush": (0, 1),
        "hair.strands": (0, 60),
        "hair.lights": (0, 60),
        "hair.strand_width": (0.002, 0.08),
        "hair.ring": (0, 1),
        "background.shadow": (0, 1),
        "effects.amount": (0, 1),
    }
)
"""Least and most of every number, by its place in the style."""
COUNTS: Mapping[str, int] = MappingProxyType(
    {"colors.palette": 16, "background.shapes": 12, "background.colors": 24, "rim": 2, "effects": 12, "defaults": 100}
)
"""Most items of every list and mapping."""
NAMES: Mapping[str, tuple[str, ...]] = MappingProxyType({"background.shapes": SHAPES, "effects.name": EFFECTS})
"""Texts that must be one of these."""
_LINE = r"^[^<>&\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]{0,%d}$"
PATTERNS: Mapping[str, str] = MappingProxyType(
    {
        "name": "^[a-z][a-z0-9]{0,30}([_-][a-z0-9]{1,30}){0,4}$",
        "title": _LINE % 80,
        "description": _LINE % 300,
        "licence": "^[A-Za-z0-9.+() -]{1,80}$",
        "effects.layers": "^!?[A-Za-z0-9_]{0,60}$",
        "defaults": _LINE % 80,
    }
)
"""Other texts, as expressions that JSON Schema and Python read alike: nothing that could be markup."""
_ALLOWED = {
    "title": "one line of 80 characters at most, without <, > and &",
    "description": "one line of 300 characters at most, without <, > and &",
    "defaults": "one line of 80 characters at most, without <, > and &",
    "name": "lower-case words of letters and digits, joined by - or _",
    "licence": "an SPDX name such as CC0-1.0",
    "effects.layers": "the start of layers' names: letters, digits and _, after ! for all others",
}
_HEX = "^#[0-9a-fA-F]{6}$"
_HEADS = 2.0  # of a figure, at least, where it is not 0


@dataclass(frozen=True)
class StyleField:
    """One value of a style that an option can set.

    Attributes:
        place: Such as "line.width".
        kind: "number", "integer", "boolean", "choice", "color", "colors" or "names".
        low, high: Range of numbers.
        choices: Of "choice" and "names".
        optional: Whether it may be None.
    """

    place: str
    kind: Literal["number", "integer", "boolean", "choice", "color", "colors", "names"]
    low: float = 0.0
    high: float = 0.0
    choices: tuple[str | int, ...] = ()
    optional: bool = False


def style_fields() -> tuple[StyleField, ...]:
    """All values of a style that an option can set, in the order of the dataclasses."""
    return tuple(_fields(Style, ""))


def build_style(data: Mapping[str, object], where: str = "style") -> Style:
    """A style from plain JSON values, with all its checks but those of ``defaults``.

    Raises:
        OptionError: Something is unknown, missing, of a wrong type, out of range or not possible together.
    """
    style = build(Style, dict(data), where=where, limits=RANGES)
    values = plain(style)
    for place, most in COUNTS.items():
        if len(_at(values, place)) > most:
            raise OptionError(f"{where}.{place} is too long", got=f"{len(_at(values, place))} items", allowed=f"{most}")
    for place, names in NAMES.items():
        for value in _texts(values, place):
            if value not in names:
                raise _unknown(f"{where}.{place}", value, names)
    for place, pattern in PATTERNS.items():
        for value in _texts(values, place):
            if not re.fullmatch(pattern[1:-1], value):
                got = reprlib.repr(value)
                raise OptionError(f"{where}.{place} is not allowed", got=got, allowed=_ALLOWED[place])
    _check_together(style, where)
    return style


def style_schema() -> dict[str, Any]:
    """JSON Schema (draft 2020-12) of style files."""
    own = {
        "$schema": {"type": "string", "description": "Where this schema lies, for editors."},
        "extends": {
            "type": "string",
            "pattern": PATTERNS["name"],
            "description": "Name of a style whose values hold where this file has none; lists are replaced as a whole.",
        },
    }
    schema = _object(Style, "")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "dressform avatar style",
        "description": "How avatars are drawn. Lengths are in heads, colours #rrggbb, shares and amounts 0..1.",
        **schema,
        "properties": {**own, **schema["properties"]},
    }


def _check_together(style: Style, where: str) -> None:
    heads, colors = style.proportions.heads, style.colors
    if 0 < heads < _HEADS:
        raise OptionError(f"{where}.proportions.heads is too small", got=heads, allowed="0, or 2 to 8")
    if colors.mode == "natural":
        return
    if len(colors.palette) < 2:
        allowed = f"2 to {COUNTS['colors.palette']} colours for mode {colors.mode!r}"
        raise OptionError(f"{where}.colors.palette is too short", got=len(colors.palette), allowed=allowed)
    lightness = [float(srgb_to_oklab([float(v) for v in parse_color(color)])[0]) for color in colors.palette]
    if colors.mode == "duotone" and sorted(lightness) != lightness:
        raise OptionError(
            f"{where}.colors.palette is out of order", got=", ".join(colors.palette), allowed="from dark to light"
        )


def _unknown(what: str, value: str, names: tuple[str, ...]) -> OptionError:
    near = get_close_matches(value[:60].lower(), names, 1)
    remedy = f"did you mean {near[0]!r}?" if near else None
    return OptionError(f"{what} is unknown", got=reprlib.repr(value), allowed=", ".join(names), remedy=remedy)


def _at(values: Any, place: str) -> Any:
    for key in place.split("."):
        values = [item[key] for item in values] if isinstance(values, list) else values[key]
    return values


def _texts(values: Any, place: str) -> list[str]:
    found = _at(values, place)
    return list(found.values()) if isinstance(found, dict) else found if isinstance(found, list) else [found]


def _fields(cls: type[Any], prefix: str) -> Iterator[StyleField]:
    hints = get_type_hints(cls)
    for field in fields(cls):
        place, hint = prefix + field.name, hints[field.name]
        optional = NoneType in get_args(hint)
        if is_dataclass(hint) and isinstance(hint, type):
            yield from _fields(hint, place + ".")
        elif get_origin(hint) is Literal:
            yield StyleField(place, "choice", choices=get_args(hint))
        elif hint is bool:
            yield StyleField(place, "boolean")
        elif hint in (int, float):
            low, high = RANGES[place]
            yield StyleField(place, "integer" if hint is int else "number", low, high)
        elif hint == tuple[str, ...]:
            names = NAMES.get(place, ())
            yield StyleField(place, "names" if names else "colors", choices=names)
        elif optional:
            yield StyleField(place, "color", optional=True)


def _object(cls: type[Any], prefix: str) -> dict[str, Any]:
    """Schema of a dataclass."""
    hints, notes = get_type_hints(cls), _notes(cls)
    properties: dict[str, Any] = {}
    required = []
    for field in fields(cls):
        schema = _value(hints[field.name], prefix + field.name)
        if field.name in notes:
            schema = {"description": notes[field.name], **schema}
        if field.default is not MISSING:
            schema["default"] = plain(field.default)
        elif field.default_factory is MISSING and prefix:  # a style's own name may be left to its file
            required.append(field.name)
        properties[field.name] = schema
    found = {"type": "object", "properties": properties, "additionalProperties": False}
    return {**found, "required": required} if required else found


def _value(hint: Any, place: str) -> dict[str, Any]:
    """Schema of a value."""
    origin, arguments = get_origin(hint), get_args(hint)
    if is_dataclass(hint) and isinstance(hint, type):
        return _object(hint, place + ".")
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin is tuple:
        return {"type": "array", "items": _value(arguments[0], place), "maxItems": COUNTS[place]}
    if place == "defaults":
        text = {"type": "string", "pattern": PATTERNS[place]}
        return {"type": "object", "additionalProperties": text, "maxProperties": COUNTS[place]}
    if NoneType in arguments:
        return {"type": ["string", "null"], "pattern": _HEX}
    if hint is bool:
        return {"type": "boolean"}
    if hint in (int, float):
        low, high = RANGES[place]
        if place == "proportions.heads":
            return {"type": "number", "anyOf": [{"const": 0}, {"minimum": _HEADS, "maximum": high}]}
        return {"type": "integer" if hint is int else "number", "minimum": low, "maximum": high}
    if place in NAMES:
        return {"enum": list(NAMES[place])}
    return {"type": "string", "pattern": PATTERNS.get(place, _HEX)}


def _notes(cls: type[Any]) -> dict[str, str]:
    """What a docstring says of each attribute."""
    found: dict[str, list[str]] = {}
    names: list[str] = []
    for line in (cls.__doc__ or "").partition("Attributes:")[2].splitlines():
        match = re.fullmatch(r" {8}(\w+(?:, \w+)*): (.*)", line)
        if match:
            names = match[1].split(", ")
            found.update({name: [match[2]] for name in names})
        elif line.strip():
            for name in names:
                found[name].append(line.strip())
    return {name: " ".join(lines) for name, lines in found.items()}
