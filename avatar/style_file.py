"""Styles from JSON files: those that are shipped, the user's own, and styles that extend others."""

from __future__ import annotations

import os
import re
import reprlib
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from dressform.assets import asset_path
from dressform.avatar.overrides import parse_overrides
from dressform.avatar.style import Style
from dressform.avatar.style_schema import PATTERNS, build_style
from dressform.avatar.validate import read_json
from dressform.parsing.errors import OptionError

__all__ = ["MAX_CHAIN", "VARIABLE", "list_styles", "load_style"]

Folder = str | os.PathLike[str]
VARIABLE = "DRESSFORM_STYLES"
"""Environment variable with folders of own styles, separated as in PATH."""
MAX_CHAIN = 8
"""Most styles that one style may extend, one through the other."""
_MAX_BYTES = 200_000
_SCHEMA = "schema"
_OWN = ("name", "title", "description")  # what a style does not take over from the one it extends
_NAME = re.compile(PATTERNS["name"][1:-1], re.ASCII)


def list_styles(folder: Folder | None = None) -> tuple[str, ...]:
    """Names of all styles, sorted: the shipped ones, those in the folders of ``DRESSFORM_STYLES`` and in ``folder``.

    Raises:
        OptionError: A folder is not there, or two files are of one name.
    """
    return tuple(sorted(_catalogue(folder)))


def load_style(name_or_path: str | os.PathLike[str], folder: Folder | None = None) -> Style:
    """A style by name, or from a ``.json`` file.

    A style that ``extends`` another one takes its values where it has none of its own; lists are replaced as a
    whole. Name, title and description are not taken over.

    Args:
        name_or_path: One of :func:`list_styles`, or the path of a file that exists and ends in ``.json``.
        folder: A folder of own styles, besides those of ``DRESSFORM_STYLES``.

    Raises:
        OptionError: There is no such style, its file cannot be read or says something that is not allowed, styles
            extend each other in a circle, or an own style has the name of a shipped one.
    """
    catalogue = _catalogue(folder)
    text = os.fspath(name_or_path)
    path = Path(text) if text.lower().endswith(".json") else None
    if path is not None and _is_file(path):
        name = _stem(path)
        known = catalogue.get(name)
        if known is not None and not known.samefile(path):
            raise _twice(name, known, path)
        catalogue = {**_beside(path), **catalogue, name: path}
    elif _NAME.fullmatch(text) and text in catalogue:
        name = text
    else:
        raise _unknown("unknown style" if path is None else "no such style file", text, catalogue)
    style = build_style(_merged(name, catalogue), f"style {name}")
    _check_defaults(style)
    return style


def _check_defaults(style: Style) -> None:
    where = f"style {style.name}.defaults"
    try:
        found = parse_overrides(style.defaults)
    except OptionError as error:
        raise OptionError(f"{where}: {error.what}", got=error.got, allowed=error.allowed, remedy=error.remedy) from None
    if found.style_values:
        got = ", ".join(place for place, _ in found.style_values)
        remedy = "set it in the style itself"
        raise OptionError(f"{where} holds a value of the style", got=got, allowed="what is measured", remedy=remedy)


def _catalogue(folder: Folder | None) -> dict[str, Path]:
    """Names of all styles and where they lie."""
    found = dict(_files(asset_path("styles")))
    found.pop(_SCHEMA, None)
    own = [(VARIABLE, Path(entry)) for entry in os.environ.get(VARIABLE, "").split(os.pathsep) if entry]
    own += [] if folder is None else [("folder", Path(folder))]
    seen: list[Path] = []
    for origin, place in own:
        if not place.is_dir():
            raise OptionError(f"no such folder of styles ({origin})", got=reprlib.repr(str(place)))
        if any(place.samefile(other) for other in seen):
            continue
        seen.append(place)
        for name, path in _files(place):
            if name == _SCHEMA:
                continue
            if name in found:
                raise _twice(name, found[name], path)
            found[name] = path
    return found


def _files(folder: Path) -> Iterator[tuple[str, Path]]:
    """Files of a folder that can be styles, by name."""
    if folder.is_dir():
        paths = sorted(folder.glob("*.json"))
        yield from ((path.stem, path) for path in paths if _NAME.fullmatch(path.stem) and path.is_file())


def _beside(path: Path) -> dict[str, Path]:
    return dict(_files(path.parent))


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # names that are too long or hold a zero byte
        return False


def _stem(path: Path) -> str:
    if not _NAME.fullmatch(path.stem):
        allowed = "lower-case words of letters and digits, joined by - or _, and .json"
        raise OptionError("not a name for a style's file", got=reprlib.repr(path.name), allowed=allowed)
    return path.stem


def _merged(name: str, catalogue: Mapping[str, Path]) -> dict[str, Any]:
    """All values of a style and of those that it extends, the nearest first."""
    chain: list[str] = []
    rows: list[dict[str, Any]] = []
    following: str | None = name
    while following is not None:
        if following in chain:
            raise OptionError("styles extend each other in a circle", got=" > ".join([*chain, following]))
        if len(chain) > MAX_CHAIN:
            raise OptionError("a style extends too many others", got=" > ".join(chain), allowed=str(MAX_CHAIN))
        if following not in catalogue:
            raise _unknown(f"style {chain[-1]} extends an unknown style", following, catalogue)
        chain.append(following)
        row, following = _read(following, catalogue[following])
        rows.append(row)
    found: dict[str, Any] = {}
    for row in reversed(rows):
        for key in _OWN:
            found.pop(key, None)
        found = _deep(found, row)
    return found


def _read(name: str, path: Path) -> tuple[dict[str, Any], str | None]:
    """Values of a style's file, and the name of the style that it extends."""
    where = f"style {name}"
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError as error:
        raise OptionError(f"{where} cannot be read", got=error.strerror) from None
    found = read_json(data, what=where, max_bytes=_MAX_BYTES, max_depth=8)
    if not isinstance(found, dict):
        raise OptionError(f"{where} is not what it should be", got=reprlib.repr(found), allowed="an object in braces")
    values = dict(found)
    values.pop("$schema", None)
    base = values.pop("extends", None)
    if base is not None and not (isinstance(base, str) and _NAME.fullmatch(base)):
        raise OptionError(f"{where}.extends is not what it should be", got=reprlib.repr(base), allowed="a style's name")
    if values.setdefault("name", name) != name:
        remedy = f"write {name!r}, or rename the file"
        raise OptionError(f"{where} has another name than its file", got=reprlib.repr(values["name"]), remedy=remedy)
    return values, base


def _deep(base: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """Both objects' values, those of ``over`` where both have one that is no object."""
    found = dict(base)
    for key, value in over.items():
        before = found.get(key)
        found[key] = _deep(before, value) if isinstance(before, dict) and isinstance(value, dict) else value
    return found


def _unknown(what: str, name: str, catalogue: Mapping[str, Path]) -> OptionError:
    near = get_close_matches(name[:60].lower(), catalogue, 1)
    remedy = f"did you mean {near[0]!r}?" if near else "or give the path of a .json file"
    return OptionError(what, got=reprlib.repr(name), allowed=", ".join(sorted(catalogue)), remedy=remedy)


def _twice(name: str, one: Path, other: Path) -> OptionError:
    shipped = one.parent == asset_path("styles")
    what = f"own style {name!r} has the name of a shipped style" if shipped else f"two styles are named {name!r}"
    got = str(other) if shipped else f"{one} and {other}"
    return OptionError(what, got=got, remedy="rename the file; 'extends' takes over a shipped style's values")
