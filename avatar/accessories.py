"""Accessories: hats, glasses, frames and the like, each drawn as data, one JSON file an accessory.

They ship in ``assets/accessories``, in files named ``<kind>-<name>.json``; a folder of one's own, named by
``DRESSFORM_ACCESSORIES``, adds to them and takes precedence. :mod:`dressform.avatar.draw.accessory` puts them on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path as File
from types import MappingProxyType
from typing import Literal, get_args

from dressform.assets import asset_path
from dressform.avatar.paths import Path
from dressform.avatar.pose import Point
from dressform.avatar.spec import Hex
from dressform.avatar.validate import build, read_json
from dressform.parsing.errors import OptionError

__all__ = [
    "KINDS",
    "ROLES",
    "TONES",
    "Accessory",
    "AccessoryPart",
    "AccessoryShape",
    "Anchor",
    "Hidden",
    "Kind",
    "Slot",
    "list_accessories",
    "load_accessory",
    "read_accessory",
]

Kind = Literal[
    "hat", "glasses", "earrings", "headphones", "mask", "sign", "frame", "background", "beard", "other"
]  # fmt: skip
Anchor = Literal["head", "eyes", "ears", "mouth", "chest", "canvas"]
Slot = Literal["behind", "ears", "face", "glasses", "hat", "front", "frame"]
Hidden = Literal["hair-top", "hair", "ears", "earrings", "brows", "eyes", "glasses", "nose", "mouth", "beard", "hat"]

KINDS: tuple[str, ...] = get_args(Kind)
ROLES = ("main", "accent", "detail")
"""Colours that an accessory may be given."""
TONES = ("shadow", "deep", "line", "light", "shine")
"""What is made of each of them, written ``main-shadow``."""
FOLDER = "DRESSFORM_ACCESSORIES"
MAX_BYTES = 65_536
MAX_SHAPES = 60
MAX_CUBICS = 2000
MAX_REACH = 12.0  # anchor units; no accessory is larger
_NAME = re.compile(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", re.ASCII)
_COLOR = re.compile(rf"#[0-9a-f]{{6}}|(?P<role>{'|'.join(ROLES)})(?:-(?:{'|'.join(TONES)}))?", re.ASCII)
_LIMITS = {"width": (0.0, 1.0), "opacity": (0.0, 1.0), "rim": (-MAX_REACH, MAX_REACH)}


@dataclass(frozen=True, eq=False)
class AccessoryShape:
    """One path.

    Attributes:
        path: In anchor units.
        fill, stroke: A role, a tone of a role such as "main-shadow", ``#rrggbb``, or None.
        width: Of the stroke, in anchor units, 0..1.
        opacity: 0..1.
        outline: Whether styles with outlines draw one around it, if its fill is a role or a colour, not a tone.
    """

    path: Path
    fill: str | None = None
    stroke: str | None = None
    width: float = 0.0
    opacity: float = 1.0
    outline: bool = True


@dataclass(frozen=True, eq=False)
class AccessoryPart:
    """What becomes one layer.

    Attributes:
        name: Part of the layer's name; "main" adds nothing to it.
        slot: Where in the stack of layers it lies.
        shapes: From bottom to top.
    """

    name: str
    slot: Slot
    shapes: tuple[AccessoryShape, ...]


@dataclass(frozen=True, eq=False)
class Accessory:
    """Something worn, held or put around.

    Attributes:
        name: Lower-case words joined by "-".
        kind: What it is.
        anchor: What it is drawn around, its unit and its origin: "head" the width of the head at the eyes, from the
            middle of the eyes; "eyes" the distance of the eyes' centres, from their middle; "ears" half the head's
            width, from an ear lobe, x outwards, drawn at both; "mouth" the distance of the eyes, from the middle of
            the mouth; "chest" one head, from (0, 0.75), never tilted; "canvas" 0..1 over the picture.
        parts: From bottom to top.
        title: For people.
        licence: SPDX name.
        colors: By role, ``#rrggbb`` to choose from; lists of equal length are chosen from together.
        hides: What is not drawn under it.
        rim: Of a hat, a line from left to right, in anchor units, above which no hair is drawn; or empty.
    """

    name: str
    kind: Kind
    anchor: Anchor
    parts: tuple[AccessoryPart, ...]
    title: str = ""
    licence: str = "CC0-1.0"
    colors: Mapping[str, tuple[Hex, ...]] = field(default_factory=lambda: MappingProxyType({}))
    hides: tuple[Hidden, ...] = ()
    rim: tuple[Point, ...] = ()

    @property
    def key(self) -> str:
        """Kind and name, such as "hat:beanie"."""
        return f"{self.kind}:{self.name}"


def list_accessories(kind: str | None = None, folder: str | os.PathLike[str] | None = None) -> tuple[str, ...]:
    """Keys such as "hat:beanie" of all accessories, or of those of one kind, sorted.

    Args:
        kind: One of ``KINDS``; None for all.
        folder: Of one's own accessories; None takes that of ``DRESSFORM_ACCESSORIES``, if it is set.

    Raises:
        OptionError: There is no such kind or folder.
    """
    if kind is not None and kind not in KINDS:
        raise OptionError("no such kind of accessory", got=repr(kind)[:60], allowed=", ".join(KINDS))
    return tuple(key for key in sorted(_files(folder)) if kind is None or key.startswith(f"{kind}:"))


def load_accessory(name: str, folder: str | os.PathLike[str] | None = None) -> Accessory:
    """The accessory of a name.

    Args:
        name: With its kind, "hat:beanie", or without, "beanie".
        folder: As in :func:`list_accessories`.

    Raises:
        OptionError: There is none, more than one kind has one, or its file is not valid.
    """
    files = _files(folder)
    wanted = name.strip().lower()
    kind, _, bare = wanted.rpartition(":")
    found = [key for key in sorted(files) if key == wanted or (not kind and key.endswith(f":{bare}"))]
    if len(found) == 1:
        text = _bytes(files[found[0]])
        accessory = read_accessory(text, where=found[0])
        if accessory.key != found[0]:
            raise OptionError("an accessory's file has another name", got=accessory.key, allowed=found[0])
        return accessory
    same = [key for key in sorted(files) if key.startswith(f"{kind}:")] or sorted(files)
    if found:
        remedy = f"write {found[0]!r}"
    else:
        near = get_close_matches(wanted[:80], [*same, *(key.partition(":")[2] for key in same)], 1, 0.5)
        remedy = f"did you mean {near[0]!r}?" if near else "choose one of these"
    what = "more than one accessory has this name" if found else "no such accessory"
    raise OptionError(what, got=repr(name[:60]), allowed=", ".join(found or same), remedy=remedy)


def read_accessory(text: str | bytes, *, where: str = "accessory") -> Accessory:
    """An accessory from the JSON of its file.

    Args:
        text: At most 64 KiB.
        where: What errors call it.

    Raises:
        OptionError: It is not valid, has more than 60 shapes or 2000 curves, or reaches too far.
    """
    data = read_json(text, what=where, max_bytes=MAX_BYTES, max_depth=8)
    accessory = build(Accessory, data, where=where, limits=_LIMITS)
    for place, word in [("name", accessory.name), *((f"part {k}", p.name) for k, p in enumerate(accessory.parts))]:
        if not _NAME.fullmatch(word) or len(word) > 40:
            allowed = "lower-case words and digits joined by '-', 40 characters at most"
            raise OptionError(f"{where}: bad {place}", got=repr(word[:40]), allowed=allowed)
    if len({part.name for part in accessory.parts}) < len(accessory.parts):
        raise OptionError(f"{where}: two parts have one name", got=", ".join(part.name for part in accessory.parts))
    for role, choices in accessory.colors.items():
        if role not in ROLES or not choices:
            raise OptionError(f"{where}: bad colours", got=repr(role), allowed=f"{', '.join(ROLES)}, one or more each")
    shapes = [shape for part in accessory.parts for shape in part.shapes]
    cubics = sum(shape.path.cubics for shape in shapes)
    if not shapes or len(shapes) > MAX_SHAPES or cubics > MAX_CUBICS:
        allowed = f"1 to {MAX_SHAPES} shapes, {MAX_CUBICS} curves at most"
        raise OptionError(f"{where}: bad size", got=f"{len(shapes)} shapes, {cubics} curves", allowed=allowed)
    for shape in shapes:
        _check(shape, accessory, where)
    if len(accessory.rim) == 1:
        raise OptionError(f"{where}: bad rim", got="1 point", allowed="none, or 2 and more from left to right")
    return accessory


def _check(shape: AccessoryShape, accessory: Accessory, where: str) -> None:
    if max(map(abs, shape.path.bounds)) > MAX_REACH:
        raise OptionError(f"{where}: a path reaches too far", allowed=f"{MAX_REACH:g} units from the anchor")
    for paint in (shape.fill, shape.stroke):
        match = _COLOR.fullmatch(paint) if paint is not None else None
        if paint is not None and (match is None or (match["role"] or "main") not in {*accessory.colors, "main"}):
            roles = ", ".join(accessory.colors)
            allowed = f"#rrggbb, {roles}, with or without {', '.join(f'-{tone}' for tone in TONES)}"
            raise OptionError(f"{where}: no such colour", got=repr(paint[:40]), allowed=allowed)


def _files(folder: str | os.PathLike[str] | None) -> Mapping[str, File]:
    """By key; one's own folder takes precedence. Files of other names are no accessories."""
    own = folder if folder is not None else os.environ.get(FOLDER) or None
    if own is not None and not File(own).is_dir():
        remedy = None if folder is not None else f"set {FOLDER} to a folder of accessories, or unset it"
        raise OptionError("no such folder of accessories", got=repr(str(own)), allowed="a folder", remedy=remedy)
    return dict([*_named(asset_path("accessories")), *(_named(File(own)) if own is not None else ())])


def _named(folder: File) -> Iterator[tuple[str, File]]:
    for path in sorted(folder.glob("*.json")):
        kind, _, name = path.stem.partition("-")
        if kind in KINDS and _NAME.fullmatch(name):
            yield f"{kind}:{name}", path


def _bytes(path: File) -> bytes:
    """One byte more than is allowed at most."""
    try:
        if not path.is_file():  # reading a pipe would never end
            raise OSError("not a file")
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise OptionError("an accessory cannot be read", got=path.name, remedy=error.strerror or str(error)) from None
