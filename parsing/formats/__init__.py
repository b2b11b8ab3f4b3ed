"""File formats of results: a registry of pure encoders, saving and loading."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from types import MappingProxyType

from dressform.parsing.errors import OptionError, ParseDataError
from dressform.parsing.formats import coco, coco_load, cutouts, label_png, npz, npz_load, overlay, polygons, svg
from dressform.parsing.formats.files import check_stem, write_files
from dressform.parsing.result import Parse

__all__ = ["Format", "encode", "encode_files", "get_format", "list_formats", "load", "save"]


@dataclass(frozen=True)
class Format:
    """One way to store a result.

    Attributes:
        name: What ``Parse.save`` and the command line call it.
        description: One line for people.
        encode: Makes the files of a result: their names without the stem, such as ``labels.png``, and bytes.
        needs_image: Whether the result must have its photo.
        loads: Whether :func:`load` reads it.
    """

    name: str
    description: str
    encode: Callable[[Parse], dict[str, bytes]]
    needs_image: bool = False
    loads: bool = False


_FORMATS: Mapping[str, Format] = MappingProxyType(
    {
        each.name: each
        for each in (
            Format("labels", "part of every pixel, indexed PNG in CIHP's colours", label_png.encode_labels),
            Format("instances", "person of every pixel, 16-bit grey PNG", label_png.encode_instances),
            Format("overlay", "photo with parts, outlines and legend, JPEG", overlay.encode, needs_image=True),
            Format("cutouts", "one transparent PNG per person", cutouts.encode, needs_image=True),
            Format("coco", "COCO JSON with masks, boxes, key points", coco.encode, loads=True),
            Format("npz", "everything but the photo, NumPy arrays", npz.encode, loads=True),
            Format("polygons", "outlines of the parts, JSON", polygons.encode),
            Format("svg", "outlines of the parts, vector drawing", svg.encode),
        )
    }
)

_MAX_BYTES = 1 << 28  # of a file to load
_MAX_JSON_BYTES = 1 << 26  # JSON can take thirty times its size in memory


def list_formats() -> tuple[Format, ...]:
    """All formats."""
    return tuple(_FORMATS.values())


def get_format(name: str) -> Format:
    """The format of this name.

    Raises:
        OptionError: No such format; the error lists what exists.
    """
    if name not in _FORMATS:
        close = get_close_matches(name, _FORMATS, n=1)
        remedy = f"did you mean {close[0]}?" if close else None
        raise OptionError("unknown format", got=repr(name), allowed=", ".join(_FORMATS), remedy=remedy)
    return _FORMATS[name]


def encode(parse: Parse, name: str) -> dict[str, bytes]:
    """Files of a result in one format: names without the stem, such as ``labels.png``, and their bytes.

    Raises:
        OptionError: Unknown format, or one that needs the photo and the result has none.
    """
    return get_format(name).encode(parse)


def encode_files(parse: Parse, formats: Sequence[str], stem: str) -> dict[str, dict[str, bytes]]:
    """For each format, once, the names of its files with their ``stem``, and their bytes.

    Raises:
        OptionError: Unknown format, bad stem, or a format that needs the photo.
    """
    check_stem(stem)
    wanted = [get_format(name) for name in dict.fromkeys([formats] if isinstance(formats, str) else formats)]
    return {each.name: {f"{stem}.{name}": data for name, data in each.encode(parse).items()} for each in wanted}


def save(parse: Parse, folder: Path, formats: Sequence[str], stem: str) -> list[Path]:
    """Write a result; everything is made before the first file is written.

    Args:
        parse: The result.
        folder: Made if missing.
        formats: Names of formats; one that is named twice is written once.
        stem: Beginning of the file names: ``{stem}.labels.png``.

    Returns:
        Paths of the files, in the order of ``formats``. Cut-outs of a photo without people are no files.

    Raises:
        OptionError: Unknown format, bad stem, or a format that needs the photo. OutputError: Cannot be written.
    """
    return write_files(
        folder, {name: data for files in encode_files(parse, formats, stem).values() for name, data in files.items()}
    )


def load(path: Path) -> Parse:
    """Read a result that was saved as ``npz`` or ``coco``; the content tells which.

    Raises:
        ParseDataError: Not such a file, or its content does not form a valid result.
    """
    try:
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except (OSError, ValueError) as error:  # ValueError: NUL in the name
        reason = getattr(error, "strerror", None) or error
        raise ParseDataError(f"cannot read {path.name}", got=reason, allowed="a .npz or COCO .json file") from error
    zipped = data.startswith(b"PK")
    limit = _MAX_BYTES if zipped else _MAX_JSON_BYTES
    if len(data) > limit:
        raise ParseDataError(f"{path.name} is too large", allowed=f"at most {limit} bytes")
    return npz_load.decode(data) if zipped else coco_load.decode(data)
