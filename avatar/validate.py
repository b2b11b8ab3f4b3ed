"""JSON from anywhere as frozen dataclasses, read by their type hints, and back: specs and styles are stored so.

Nothing of a file is trusted: its size, depth, keys, types and ranges are checked before anything is made of it,
and every refusal names the place, such as ``style.line.width``.
"""

from __future__ import annotations

import json
import math
import re
import reprlib
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, fields, is_dataclass
from difflib import get_close_matches
from numbers import Integral, Real
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from dressform.avatar.path_data import format_path, parse_path
from dressform.avatar.paths import Curve, Path
from dressform.parsing.errors import OptionError

__all__ = ["MAX_ITEMS", "MAX_NUMBER", "MAX_TEXT", "build", "dump", "plain", "read_json"]

T = TypeVar("T")
Limits = Mapping[str, tuple[float, float]]
MAX_NUMBER = 1e4  # size of numbers for which no limits are given
MAX_TEXT = 300  # characters of a text
MAX_ITEMS = 2000  # of a tuple or mapping
DECIMALS = 4
LINE = 110  # characters of a line of JSON that is not broken up
_HEX = re.compile(r"#[0-9a-f]{6}", re.ASCII)
_KEY = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}", re.ASCII)
_INDEX = re.compile(r"\[\d+\]", re.ASCII)


class _Hex(str):
    """Stands for ``dressform.avatar.spec.Hex`` where hints are read: a plain alias of ``str`` could not be told."""


def read_json(text: str | bytes, *, what: str, max_bytes: int = 4_000_000, max_depth: int = 24) -> object:
    """The value of a JSON text; ``what`` names the file in errors, such as "style".

    Raises:
        OptionError: It is too large or too deep, is not UTF-8 or JSON, has a key twice, or a number that is not finite.
    """
    if len(text) > max_bytes:
        raise OptionError(f"{what} is too large", got=f"{len(text)} bytes", allowed=f"{max_bytes}")

    def once(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found: dict[str, object] = {}
        for key, value in pairs:
            if key in found:
                raise OptionError(f"{what} has a key twice", got=reprlib.repr(key), remedy="remove one of them")
            found[key] = value
        return found

    def number(literal: str) -> float:
        value = float(literal)
        if not math.isfinite(value):
            raise OptionError(f"{what} has a number that is not finite", got=literal[:20])
        return value

    try:
        decoded = text.decode("utf-8-sig") if isinstance(text, bytes) else text
        value = json.loads(decoded, object_pairs_hook=once, parse_float=number, parse_constant=number)
    except UnicodeDecodeError as error:
        raise OptionError(f"{what} is not UTF-8", got=f"a wrong byte at {error.start}") from None
    except json.JSONDecodeError as error:
        place = f"{error.msg} at line {error.lineno}, column {error.colno}"
        raise OptionError(f"{what} is not JSON", got=place) from None
    except RecursionError:
        raise _too_deep(what, max_depth) from None
    except ValueError:  # whole numbers of thousands of digits
        raise OptionError(f"{what} has a number that is too long") from None
    level = [value]
    for _ in range(max_depth + 1):
        level = [item for outer in level for item in _inside(outer)]
        if not level:
            return value
    raise _too_deep(what, max_depth)


def build(cls: type[T], data: object, *, where: str, limits: Limits | None = None) -> T:
    """A frozen dataclass from plain JSON values, checked against its type hints.

    Understood are Literal, bool, int, float, str, ``Hex``, tuples, Mapping[str, …], Optional, :class:`Path` (from its
    text) and dataclasses of these. Keys that are missing take the dataclass's default.

    Args:
        cls: The dataclass.
        data: What :func:`read_json` gave, or a part of it.
        where: Name of the place in errors, such as "style".
        limits: Ranges of numbers by field, "width", or by the end of its place, "line.width" (the longest that fits
            is taken); other numbers lie within ±10 000.

    Raises:
        OptionError: Something is unknown, missing, of a wrong type or out of range.
    """
    return cast(T, _dataclass(cls, data, where, limits or {}))


def plain(value: object) -> Any:
    """What JSON can hold of a value that :func:`build` can make: the reverse.

    Floats are rounded to 4 decimals, mappings sorted by key, paths written as text.

    Raises:
        OptionError: A number is not finite.
    """
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, Integral):
        return int(value)
    if isinstance(value, Real):
        number = round(float(value), DECIMALS)
        if not math.isfinite(number):
            raise OptionError("a number is not finite", got=number)
        return int(number) if number.is_integer() else number
    if isinstance(value, Path):
        # The ends of a closed curve may differ by less than a digit, and would be rounded apart.
        return format_path(Path(tuple(_joined(curve) for curve in value.curves)), DECIMALS)
    if is_dataclass(value):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): plain(value[key]) for key in sorted(value)}
    if isinstance(value, Sequence):
        return [plain(item) for item in value]
    raise TypeError(f"cannot be written as JSON: {type(value).__name__}")


def dump(value: object, indent: int = 0) -> str:
    """JSON for people, without a final line break: two spaces a level, lists and objects on one line where they fit."""
    flat = json.dumps(value, ensure_ascii=False, allow_nan=False)
    if not isinstance(value, dict | list) or not value or (len(flat) + 2 * indent <= LINE and _shallow(value)):
        return flat
    keys = (
        [json.dumps(key, ensure_ascii=False) + ": " for key in value] if isinstance(value, dict) else [""] * len(value)
    )
    items = list(value.values()) if isinstance(value, dict) else value
    inner = "  " * (indent + 1)
    lines = [f"{inner}{key}{dump(item, indent + 1)}" for key, item in zip(keys, items, strict=True)]
    first, last = "{}" if isinstance(value, dict) else "[]"
    return first + "\n" + ",\n".join(lines) + "\n" + "  " * indent + last


def _shallow(value: object) -> bool:
    return not any(isinstance(item, dict) or not _shallow(item) for item in _inside(value))


def _inside(value: object) -> list[object]:
    """What lies one level deeper."""
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []


def _too_deep(what: str, depth: int) -> OptionError:
    return OptionError(f"{what} is nested too deeply", allowed=f"{depth} levels")


def _joined(curve: Curve) -> Curve:
    return Curve(np.concatenate([curve.points[:-1], curve.points[:1]])) if curve.closed else curve


def _wrong(where: str, allowed: str, value: object) -> OptionError:
    return OptionError(f"{where} is not what it should be", got=reprlib.repr(value), allowed=allowed)


def _dataclass(cls: type[Any], data: object, where: str, limits: Limits) -> object:
    if not isinstance(data, dict):
        raise _wrong(where, "an object in braces", data)
    hints = get_type_hints(cls, localns={"Hex": _Hex})
    known = {field.name: field for field in fields(cls)}
    for key in data:
        if key not in known:
            near = get_close_matches(str(key)[:MAX_TEXT], known, 1)
            remedy = f"did you mean {near[0]!r}?" if near else None
            raise OptionError(
                f"{where} has an unknown key", got=reprlib.repr(key), allowed=", ".join(known), remedy=remedy
            )
    for name, field in known.items():
        if name not in data and not _has_default(field):
            raise OptionError(f"{where}.{name} is missing", remedy=f"add {name!r}")
    values = {name: _read(hints[name], data[name], f"{where}.{name}", limits) for name in known if name in data}
    try:
        return cls(**values)
    except ValueError as error:
        raise OptionError(f"{where} is not valid: {error}") from None


def _has_default(field: Field[Any]) -> bool:
    return field.default is not MISSING or field.default_factory is not MISSING


def _read(hint: Any, value: object, where: str, limits: Limits) -> Any:
    """The value as the hint wants it."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        rest = [argument for argument in arguments if argument is not NoneType]
        if len(rest) != 1:
            raise TypeError(f"{where}: unions other than with None are not read")
        return None if value is None else _read(rest[0], value, where, limits)
    if origin is Literal:
        for argument in arguments:
            if type(value) is type(argument) and value == argument:
                return argument
        raise _wrong(where, ", ".join(str(argument) for argument in arguments), value)
    if origin is tuple:
        return _tuple(arguments, value, where, limits)
    if origin is Mapping:
        return _mapping(arguments[1], value, where, limits)
    if is_dataclass(hint) and hint is not Path:
        return _dataclass(cast(type, hint), value, where, limits)
    if hint is bool:
        if not isinstance(value, bool):
            raise _wrong(where, "true or false", value)
        return value
    if hint in (int, float):
        return _number(hint, value, where, limits)
    if hint in (str, _Hex, Path):
        return _text(hint, value, where)
    raise TypeError(f"{where}: cannot read {hint}")


def _number(kind: type[int] | type[float], value: object, where: str, limits: Limits) -> float:
    low, high = _range(where, limits)
    right = int if kind is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, right) or not low <= cast(float, value) <= high:
        raise _wrong(where, f"a {'whole ' if kind is int else ''}number {low:.16g} to {high:.16g}", value)
    return kind(value)


def _range(where: str, limits: Limits) -> tuple[float, float]:
    names = _INDEX.sub("", where).split(".")
    ends = (".".join(names[k:]) for k in range(len(names)))
    return next((limits[end] for end in ends if end in limits), (-MAX_NUMBER, MAX_NUMBER))


def _text(kind: type[Any], value: object, where: str) -> str | Path:
    if not isinstance(value, str):
        raise _wrong(where, "a text in quotes", value)
    if kind is Path:
        try:
            return parse_path(value)
        except OptionError as error:
            raise OptionError(f"{where}: {error.what}", got=error.got, allowed=error.allowed) from None
    if kind is _Hex:
        if not _HEX.fullmatch(value.lower()):
            raise _wrong(where, "a colour such as #1e90ff", value)
        return value.lower()
    # Control characters, halves of pairs and non-characters can't stand in SVG and other files.
    if len(value) > MAX_TEXT or any(unicodedata.category(c) in ("Cc", "Cs") or c in "\ufffe\uffff" for c in value):
        raise _wrong(where, f"one line of text, {MAX_TEXT} characters at most", value)
    return value


def _tuple(hints: tuple[Any, ...], value: object, where: str, limits: Limits) -> tuple[Any, ...]:
    same = len(hints) == 2 and hints[1] is Ellipsis
    if not isinstance(value, list) or (len(value) > MAX_ITEMS if same else len(value) != len(hints)):
        raise _wrong(where, f"a list of {f'{MAX_ITEMS} items at most' if same else f'{len(hints)} items'}", value)
    wanted = [hints[0]] * len(value) if same else hints
    items = zip(wanted, value, strict=True)
    return tuple(_read(hint, item, f"{where}[{k}]", limits) for k, (hint, item) in enumerate(items))


def _mapping(hint: Any, value: object, where: str, limits: Limits) -> Mapping[str, Any]:
    if not isinstance(value, dict) or len(value) > MAX_ITEMS:
        raise _wrong(where, "an object in braces", value)
    for key in value:
        if not _KEY.fullmatch(key):
            raise _wrong(f"a key of {where}", "lower-case letters, digits, '.', '_' and '-', 64 at most", key)
    return MappingProxyType({key: _read(hint, value[key], f"{where}.{key}", limits) for key in sorted(value)})
