"""Options of an avatar, such as ``hair.color=#7a1f2b``: which there are, and how their texts are read and checked.

:mod:`dressform.avatar.overrides` puts them into specs and styles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from dressform.avatar.color import format_color, parse_color
from dressform.avatar.style_schema import COUNTS, SHAPES, StyleField, style_fields
from dressform.parsing.errors import OptionError
from dressform.parsing.parts import Part

__all__ = ["GARMENTS", "NO_OVERRIDES", "Overrides", "Value", "option_keys", "parse_overrides"]

Value = str | float | bool | None | tuple[str, ...]
GARMENTS = tuple(
    part.slug
    for part in (
        Part.HAT, Part.GLOVE, Part.UPPER_CLOTHES, Part.DRESS, Part.COAT, Part.SOCKS, Part.PANTS, Part.SCARF, Part.SKIRT,
        Part.LEFT_SHOE, Part.RIGHT_SHOE, Part.BAG,
    )
)  # fmt: skip
"""Slugs of what is worn or carried and has a ``.color``; glasses have one too."""
_MAX_TEXTS = 200
_MAX_LENGTH = 400
_NUMBER = re.compile(r"[+-]?(?:[0-9]{1,12}\.?[0-9]{0,12}|\.[0-9]{1,12})(?:e[+-]?[0-9]{1,2})?", re.ASCII)
_YES, _NO = ("true", "yes", "on", "1"), ("false", "no", "off", "0")
_OWN = "own"  # each line in its fill's color
_NONE = "none"  # a list without items

# What is set in the spec. Colours of garments are added in _spec_fields.
_SPEC = (
    *(StyleField(f"{name}.color", "color") for name in ("skin", "hair", "brows", "eyes", "lips", "glasses")),
    StyleField("beard", "number", 0, 1),
    StyleField("glasses", "choice", choices=("none", "clear", "dark")),
    StyleField("mouth", "choice", choices=("measured", "smile", "neutral")),
    StyleField("eyes", "choice", choices=("measured", "open", "closed")),
    StyleField("tilt", "number", -45, 45),
)
# Short names of values of the style.
_SHORT: Mapping[str, str] = {
    "background.shape": "style.background.shapes",
    "background.color": "style.background.colors",
    "background.colors": "style.background.colors",
    "line.width": "style.line.width",
    "line.color": "style.line.color",
    "detail": "style.detail",
}
# One option that stands for several.
_SEVERAL: Mapping[str, tuple[str, ...]] = {
    "shoes.color": ("left-shoe.color", "right-shoe.color"),
    "sunglasses.color": ("glasses.color",),
}


@dataclass(frozen=True)
class Overrides:
    """Options, checked. Made by :func:`parse_overrides`.

    Attributes:
        spec_values: Keys such as "hair.color" and their values, sorted. Colours are ``#rrggbb``.
        style_values: Places in the style such as "line.width" and their values, sorted.
    """

    spec_values: tuple[tuple[str, Value], ...] = ()
    style_values: tuple[tuple[str, Value], ...] = ()

    def texts(self) -> dict[str, str]:
        """The options as :func:`parse_overrides` takes them, all under their full names."""
        rows = (*self.spec_values, *((f"style.{place}", value) for place, value in self.style_values))
        return {key: _text(value) for key, value in rows}


NO_OVERRIDES = Overrides()


def option_keys() -> tuple[str, ...]:
    """Names of all options, short ones first."""
    short = (*(field.place for field in _spec_fields()), *_SEVERAL, *_SHORT)
    return (*sorted(short), *(f"style.{field.place}" for field in style_fields()))


def parse_overrides(texts: Sequence[str] | Mapping[str, str]) -> Overrides:
    """Options from texts such as ``"hair.color=#7a1f2b"``, or from a mapping of keys to values.

    Upper case and ``_`` for ``-`` do not matter in keys. If a key comes twice, the later one counts.

    Raises:
        OptionError: A key is unknown or a value is not allowed; the error says which are.
    """
    fields = {field.place: field for field in _spec_fields()}
    fields |= {f"style.{field.place}": field for field in style_fields()}
    known = {_folded(key): key for key in (*fields, *_SEVERAL, *_SHORT)}
    found: dict[str, Value] = {}
    for number, (key, text) in enumerate(_pairs(texts)):
        if number >= _MAX_TEXTS:
            raise OptionError("too many options", allowed=str(_MAX_TEXTS))
        name = known.get(_folded(key))
        if name is None:
            raise _unknown(key)
        if name == "background.shape":
            shape = _choice(name, text, (*SHAPES, _NONE))
            found[_SHORT[name]] = () if shape == _NONE else (str(shape),)
        elif name == "background.color":
            found[_SHORT[name]] = (_color(name, text),)
        else:
            for full in _SEVERAL.get(name, (_SHORT.get(name, name),)):
                found[full] = _value(fields[full], name, text)
    style = ((key.removeprefix("style."), value) for key, value in found.items() if key.startswith("style."))
    spec = ((key, value) for key, value in found.items() if not key.startswith("style."))
    return Overrides(tuple(sorted(spec, key=_first)), tuple(sorted(style, key=_first)))


def _spec_fields() -> tuple[StyleField, ...]:
    return (*_SPEC, *(StyleField(f"{slug}.color", "color") for slug in GARMENTS))


def _first(pair: tuple[str, Value]) -> str:
    return pair[0]


def _pairs(texts: Sequence[str] | Mapping[str, str]) -> Iterator[tuple[str, str]]:
    rows: Iterable[object] = [texts] if isinstance(texts, str) else texts
    for row in rows:
        if not isinstance(row, str) or len(row) > _MAX_LENGTH:
            got = f"{len(row)} characters" if isinstance(row, str) else type(row).__name__
            raise OptionError("not an option", got=got, allowed=f"a text of {_MAX_LENGTH} characters at most")
        if isinstance(texts, Mapping):
            key, text = row, texts[row]
            if not isinstance(text, str) or len(text) > _MAX_LENGTH:
                raise OptionError(f"option {key[:40]!r} is no text", got=type(text).__name__, allowed="a short text")
        else:
            key, sign, text = row.partition("=")
            if not sign:
                raise OptionError(
                    "not an option", got=repr(row[:40]), allowed="KEY=VALUE", remedy="such as hair.color=#7a1f2b"
                )
        yield key.strip(), text.strip()


def _folded(key: str) -> str:
    return key.strip().lower().replace("_", "-")


def _unknown(key: str) -> OptionError:
    keys = option_keys()
    near = get_close_matches(_folded(key[:60]), keys, 1)
    inside = key.lower().startswith("style.")
    shown = [name for name in keys if name.startswith("style.") == inside]
    allowed = ", ".join(shown) + ("" if inside else ", and style.PLACE for any value of the style")
    remedy = f"did you mean {near[0]!r}?" if near else None
    return OptionError("unknown option", got=repr(key[:40]), allowed=allowed, remedy=remedy)


def _value(field: StyleField, name: str, text: str) -> Value:
    """The value of a text, ``name`` being what the user calls the field."""
    word = text.lower()
    if field.kind in ("number", "integer"):
        return _number(field, name, word)
    if field.kind == "boolean":
        if word not in (*_YES, *_NO):
            raise _wrong(name, text, "true or false")
        return word in _YES
    if field.kind == "choice":
        return _choice(name, text, field.choices)
    if field.kind == "color":
        return None if field.optional and word == _OWN else _color(name, text, also=_OWN if field.optional else "")
    items = [] if word == _NONE else [item.strip() for item in text.split(",")]
    most = COUNTS[field.place]
    if len(items) > most:
        raise _wrong(name, f"{len(items)} items", f"{most} at most, with commas between them")
    if field.kind == "names":
        return tuple(str(_choice(name, item, field.choices)) for item in items)
    return tuple(_color(name, item) for item in items)


def _number(field: StyleField, name: str, word: str) -> float:
    whole = field.kind == "integer"
    value = float(word) if _NUMBER.fullmatch(word) else None
    if value is None or not field.low <= value <= field.high or (whole and value != int(value)):
        raise _wrong(name, word, f"a {'whole ' if whole else ''}number {field.low:g} to {field.high:g}")
    return int(value) if whole else value


def _choice(name: str, text: str, choices: tuple[str | int, ...]) -> str | int:
    for choice in choices:
        if str(choice) == text.lower():
            return choice
    words = [str(choice) for choice in choices]
    near = get_close_matches(text[:40].lower(), words, 1)
    raise _wrong(name, text, ", ".join(words), f"did you mean {near[0]!r}?" if near else None)


def _color(name: str, text: str, also: str = "") -> str:
    try:
        return format_color(parse_color(text))
    except OptionError as error:
        raise _wrong(name, text, f"{also + ', ' if also else ''}{error.allowed}", error.remedy) from None


def _wrong(name: str, text: str, allowed: str, remedy: str | None = None) -> OptionError:
    return OptionError(f"option {name} is not what it should be", got=repr(text[:40]), allowed=allowed, remedy=remedy)


def _text(value: Value) -> str:
    if value is None:
        return _OWN
    if isinstance(value, tuple):
        return ",".join(value) or _NONE
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.10g}" if isinstance(value, float) else str(value)
