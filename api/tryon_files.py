"""Files of one result: checked before any work, encoded in memory, and written together."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from dressform.api.inputs import STDIN
from dressform.api.tryon_sheet import before_after, side_by_side
from dressform.parsing.errors import OptionError, OutputError
from dressform.parsing.formats.files import write_files
from dressform.tryon.photo.photo import Photo, frozen
from dressform.tryon.photo.write import FORMATS, encode_photo
from dressform.tryon.result import Result

__all__ = ["Targets", "check_format", "check_targets", "encode_layer", "encode_result", "encode_sheet", "write_all"]

_SAME = {"jpg": "jpeg", "tif": "tiff"}


@dataclass(frozen=True)
class Targets:
    """Where the files of a result go; None is not wanted.

    Attributes:
        out: The picture, or "-" for standard output.
        format: Of the picture, or None for that of its suffix.
        layer: The new cloth alone, RGBA.
        edit_mask: White where pixels could change.
        side_by_side: The photo and the picture beside each other.
        before_after: Half the photo, half the picture.
        report: JSON.
    """

    out: str
    format: str | None = None
    layer: str | None = None
    edit_mask: str | None = None
    side_by_side: str | None = None
    before_after: str | None = None
    report: str | None = None

    @property
    def kind(self) -> str:
        """Format of the picture."""
        return self.format or _format_of(self.out)

    @property
    def pictures(self) -> Mapping[str, str]:
        """Pictures that go to files, by the option that asks for them."""
        names = ("out", "layer", "edit_mask", "side_by_side", "before_after")
        wanted = {f"--{name.replace('_', '-')}": getattr(self, name) for name in names}
        return {option: path for option, path in wanted.items() if path is not None and path != STDIN}

    @property
    def files(self) -> Mapping[str, str]:
        """All files, by the option that asks for them."""
        return {**self.pictures, **({} if self.report is None else {"--report": self.report})}


def check_targets(targets: Targets, inputs: Iterable[str]) -> None:
    """Refuse what cannot be written, before any work is done.

    Args:
        targets: What is wanted.
        inputs: Files that are read, which no result may replace.

    Raises:
        OptionError: A format that does not exist or cannot hold a layer or a mask. OutputError: Two results, or a
            result and an input, are one file.
    """
    if targets.format is not None:
        check_format(targets.format)
    for option, path in targets.pictures.items():
        kind = check_format(_format_of(path))
        if kind == "jpeg" and option in ("--layer", "--edit-mask"):
            what = "a layer has transparency" if option == "--layer" else "a mask must keep its edges"
            raise OptionError(f"{what}, which JPEG cannot hold", got=path, allowed="png, tiff, webp")
    taken = {_real(path): path for path in inputs if path != STDIN}
    used: dict[str, str] = {}
    for option, path in targets.files.items():
        if Path(path).is_dir():
            raise OutputError("cannot write a file", got=path, remedy="a folder of that name is in the way")
        real = _real(path)
        if real in taken:
            raise OutputError("a result would replace what it is made from", got=path, remedy="choose another name")
        if real in used:
            raise OutputError("two results would be one file", got=f"{path} for {used[real]} and {option}")
        used[real] = option


def check_format(text: str) -> str:
    """The name of a format.

    Raises:
        OptionError: It does not exist.
    """
    name = text.strip().lower().lstrip(".")
    name = _SAME.get(name, name)
    if name not in FORMATS:
        raise OptionError("unknown format of a picture", got=repr(text[:20]), allowed=", ".join(FORMATS))
    return name


def encode_result(result: Result, targets: Targets) -> tuple[dict[str, bytes], Sequence[str]]:
    """Pictures by path, and what is to be said about them, in sentences.

    Raises:
        OptionError: A format that cannot hold the photo's depth, transparency or size.
    """
    files = {}
    files[targets.out], notes = encode_photo(result.photo, targets.kind)
    if targets.layer is not None:
        files[targets.layer], _ = encode_layer(result, _format_of(targets.layer))
    if targets.edit_mask is not None:
        files[targets.edit_mask], _ = encode_photo(_mask(result), _format_of(targets.edit_mask))
    if targets.side_by_side is not None:
        both = side_by_side(result.before.srgb, result.photo.srgb)
        files[targets.side_by_side] = encode_sheet(both, _format_of(targets.side_by_side))
    if targets.before_after is not None:
        half = before_after(result.before.srgb, result.photo.srgb, result.edit_mask)
        files[targets.before_after] = encode_sheet(half, _format_of(targets.before_after))
    return files, notes


def encode_layer(result: Result, format: str) -> tuple[bytes, Sequence[str]]:
    """The new cloth alone as a file, and what is to be said about it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "layer")
        notes = result.save_layer(path, format)
        return path.read_bytes(), notes


def encode_sheet(pixels: npt.NDArray[np.uint8], format: str) -> bytes:
    """A picture to look at, (h, w, 3) uint8 sRGB, as a file."""
    return encode_photo(Photo(frozen(pixels)), format)[0]


def write_all(files: Mapping[str, bytes]) -> list[Path]:
    """Write files, those of one folder all or none; "-" goes to standard output, after all others.

    Raises:
        OutputError: One cannot be written.
    """
    folders: dict[Path, dict[str, bytes]] = {}
    for name, data in files.items():
        if name != STDIN:
            folders.setdefault(Path(name).parent, {})[Path(name).name] = data
    written = [path for folder, each in folders.items() for path in write_files(folder, each)]
    if STDIN in files:
        sys.stdout.buffer.write(files[STDIN])
        sys.stdout.buffer.flush()
    return written


def _mask(result: Result) -> Photo:
    """What could change as a grey picture, stored the way up that the photo is, so that stored pixels are the same."""
    photo = result.before
    pixels = frozen(np.where(result.edit_mask, np.uint8(255), np.uint8(0))[..., None])
    chunks = tuple(chunk for chunk in photo.chunks if chunk[0] == b"eXIf")
    exif = photo.exif if photo.orientation != 1 else None
    plain = Photo(pixels, exif=exif, chunks=chunks, orientation=photo.orientation, format=photo.format)
    return replace(plain, dpi=photo.dpi)


def _format_of(path: str) -> str:
    return Path(path).suffix.lstrip(".") or "png"


def _real(path: str) -> str:
    return os.path.normcase(os.path.realpath(path))
