"""From texts on the command line to cloth: colours, fabrics by file or name, garments, prints, what others wear."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from dressform.parsing.errors import OptionError
from dressform.parsing.image import SUFFIXES
from dressform.tryon.cloth.kinds import Print, Solid, Tile
from dressform.tryon.garment.cut import GarmentPhoto
from dressform.tryon.shape.regions import region_name
from dressform.tryon.weaves.shelf import list_fabrics, load_fabric

if TYPE_CHECKING:
    from dressform.tryon.cloth.swatch import Swatch

__all__ = [
    "KINDS",
    "AnyTexture",
    "Other",
    "notes_of",
    "read_cloth",
    "read_fabric",
    "read_other",
    "split_kind",
    "tile_options",
    "with_prints",
]

T = TypeVar("T")

_OTHER = re.compile(r"(.*?)(?::([0-9]{1,6}))?(?::([A-Za-z]+))?", re.ASCII | re.DOTALL)
_ALLOWED = "a file, a name that 'dressform tryon fabrics' shows, or a colour such as #7a1f2b"


@dataclass(frozen=True)
class Other:
    """What somebody wears in another photo, which is parsed later.

    Attributes:
        path: The photo.
        person: 1-based number, left to right, or None for the only one who wears it.
        region: Name of the region, or None for the region that it is for.
    """

    path: Path
    person: int | None = None
    region: str | None = None


AnyTexture = Solid | Tile | Print | GarmentPhoto | Other


def read_cloth(text: str, tile: Mapping[str, Any]) -> AnyTexture:
    """A cloth from one word: a picture's path, a name of a fabric, a colour, or one of :data:`KINDS` and a colon.

    Args:
        text: What the user wrote.
        tile: Options of fabrics, as :func:`tile_options` gives them.

    Raises:
        OptionError: It is none of them. ImageReadError and its relatives: the picture cannot be used.
    """
    kind, rest = split_kind(text)
    if kind:
        return KINDS[kind](rest, tile)
    if Path(text).exists() or text in _names() or _like_path(text):
        return read_fabric(text, tile)
    try:
        return Solid(text)
    except OptionError as error:
        if text.startswith("#") or "(" in text:
            raise
        close = get_close_matches(text, _names(), 1)
        remedy = f"did you mean {close[0]!r}?" if close else error.remedy
        raise OptionError(
            "no such file, fabric or colour", got=repr(text[:60]), allowed=_ALLOWED, remedy=remedy
        ) from None


def split_kind(text: str) -> tuple[str, str]:
    """The word of :data:`KINDS` that stands before a colon, or "", and the rest."""
    kind, _, rest = text.partition(":")
    return (kind, rest) if rest and kind in KINDS and not Path(text).exists() else ("", text)


def read_fabric(text: str, tile: Mapping[str, Any]) -> Tile:
    """A fabric from a picture's path or from its name.

    Raises:
        OptionError: Neither. ImageReadError and its relatives: the picture cannot be used.
    """
    if Path(text).is_file():
        return Tile(text, **tile)
    if _like_path(text):
        raise OptionError("no such file", got=text)
    return load_fabric(text, **tile)


def read_other(text: str) -> Other:
    """What somebody wears in another photo, from ``PHOTO``, ``PHOTO:2``, ``PHOTO:lower`` or ``PHOTO:2:lower``.

    Raises:
        OptionError: No such file or region.
    """
    if Path(text).is_file():
        return Other(Path(text))
    match = _OTHER.fullmatch(text)
    if match is None or not Path(match[1]).is_file():
        raise OptionError("no such file", got=text, allowed="PHOTO, PHOTO:PERSON or PHOTO:PERSON:REGION")
    return Other(Path(match[1]), int(match[2]) if match[2] else None, region_name(match[3]) if match[3] else None)


def _read_garment(text: str) -> GarmentPhoto:
    """A garment's photo from ``PHOTO`` or, where its kind would be guessed wrong, ``PHOTO:shorts``."""
    if Path(text).is_file():
        return GarmentPhoto(text)
    path, _, kind = text.rpartition(":")
    if not Path(path).is_file():
        raise OptionError("no such file", got=text, allowed="PHOTO or PHOTO:KIND")
    return GarmentPhoto(path, kind)


KINDS: Mapping[str, Callable[[str, Mapping[str, Any]], AnyTexture]] = {
    "color": lambda text, _: Solid(text),
    "fabric": read_fabric,
    "garment": lambda text, _: _read_garment(text),
    "from": lambda text, _: read_other(text),
}
"""What may stand before a colon to say which kind of cloth follows."""


def tile_options(
    repeat_cm: float | None = None,
    repeat: float | None = None,
    angle: float | None = None,
    drop: str | None = None,
    mirror: bool = False,
) -> dict[str, Any]:
    """Options of :class:`Tile` from those of the command line; only what was given.

    Raises:
        OptionError: ``drop`` is neither "half" nor a number, or a value is out of range.
    """
    options: dict[str, Any] = {"repeat_cm": repeat_cm, "repeat": repeat, "angle": angle, "mirror": mirror or None}
    if drop is not None:
        try:
            options["drop"] = 0.5 if drop.strip().lower() == "half" else float(drop)
        except ValueError:
            raise OptionError("not a drop of a repeat", got=repr(drop[:40]), allowed="half, or 0 to 1") from None
    given = {name: value for name, value in options.items() if value is not None}
    Tile(np.zeros((1, 1, 3), np.uint8), **given)  # tells wrong values before any work
    return given


def with_prints(under: AnyTexture | None, artworks: Sequence[str], **options: Sequence[Any]) -> Print:
    """Artworks over a colour or a fabric, or over the garment as it is; the first one lies lowest.

    Args:
        under: What they lie on.
        artworks: Paths of pictures, one or more.
        options: Of :class:`Print`; for each none, one for all artworks, or as many as there are artworks.

    Raises:
        OptionError: Something else under them, too few or too many values, no such file, or an option out of range.
    """
    if isinstance(under, GarmentPhoto | Other):
        remedy = "leave out --print, or swap a colour or a fabric in"
        raise OptionError("prints lie on colours and fabrics only", got="a garment from a photo", remedy=remedy)
    each = {name: _each(name, values, len(artworks)) for name, values in options.items() if values}
    for k, path in enumerate(artworks):
        if not Path(path).is_file():
            raise OptionError("no such file", got=path)
        under = Print(path, over=under, **{name: values[k] for name, values in each.items()})
    assert isinstance(under, Print)
    return under


def notes_of(cloth: AnyTexture) -> tuple[str, ...]:
    """What was done to the pictures of a cloth, such as that large ones were reduced."""
    if isinstance(cloth, Other | Solid):
        return ()
    picture: Swatch = cloth.image
    below = notes_of(cloth.over) if isinstance(cloth, Print) and cloth.over is not None else ()
    return (*below, *((picture.note,) if picture.note else ()))


def _each(name: str, values: Sequence[T], count: int) -> list[T]:
    if len(values) not in (1, count):
        got, allowed = f"{len(values)} for {count} prints", f"1 or {count}"
        raise OptionError(f"too few or too many values of a print's {name}", got=got, allowed=allowed)
    return list(values) * (count if len(values) == 1 else 1)


def _names() -> list[str]:
    return [fabric.name for fabric in list_fabrics()]


def _like_path(text: str) -> bool:
    return bool(set("/\\") & set(text)) or Path(text).suffix.lower() in SUFFIXES
