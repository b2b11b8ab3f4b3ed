"""From a path, bytes or a stream to an opened picture: bounded reading, the allow-list, the size limit.

Nothing here decodes pixels. One reader is picked by the first bytes of the file, so no other decoder
of Pillow, and none of its process-wide limits and warnings, ever meets the data.
"""

from __future__ import annotations

import importlib
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.TiffImagePlugin import TiffImageFile
from PIL.WebPImagePlugin import WebPImageFile

from dressform.parsing.errors import (
    DressformError,
    ImageFormatError,
    ImageReadError,
    ImageTooLargeError,
    MissingExtraError,
)
from dressform.parsing.image_effort import check_effort
from dressform.parsing.image_magic import recognise

__all__ = ["FileSource", "check_pixels", "decoding", "open_picture", "source_name"]

FileSource = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes]
"""What can hold an encoded image."""

_ALLOWED = "JPEG, PNG, WebP, TIFF, BMP, HEIC"

_CHUNK = 1 << 20


def open_picture(source: FileSource, *, max_pixels: int, max_bytes: int) -> Image.Image:
    """Read the encoded image and parse its header; pixels are decoded by ``load()`` of the result.

    Raises:
        ImageReadError: Missing, unreadable, empty or damaged.
        ImageFormatError: Not one of the allowed formats.
        ImageTooLargeError: More bytes or pixels than the limits.
        MissingExtraError: HEIC without the package that reads it.
    """
    data, name = _read(source, max_bytes), source_name(source)
    kind = recognise(data)
    reader = _READERS.get(kind or "")
    if reader is None:
        what, remedy = "not a photo in a format that can be read", "export it as JPEG or PNG"
        raise ImageFormatError(what, got=f"{kind or 'unknown content'} in {name}", allowed=_ALLOWED, remedy=remedy)
    check_effort(kind, data, name)
    with decoding(f"{kind} in {name}"):
        if kind == "WebP":
            # Its reader allocates the whole canvas when it opens the file.
            check_pixels(_webp_size(data), max_pixels, name)
        picture = reader(io.BytesIO(data))
        check_pixels(picture.size, max_pixels, name)
        if isinstance(picture, TiffImageFile):
            _refuse_raw(picture, name)
    return picture


def check_pixels(size: tuple[int, int], max_pixels: int, name: str) -> None:
    """Raise :class:`ImageTooLargeError` if (width, height) holds more than ``max_pixels``."""
    width, height = size
    if width * height > max_pixels:
        got = f"{width}×{height} = {width * height} in {name}"
        remedy = "scale it down, or raise max_pixels"
        raise ImageTooLargeError("image has too many pixels", got=got, allowed=f"up to {max_pixels}", remedy=remedy)


@contextmanager
def decoding(name: str) -> Iterator[None]:
    """Turn whatever a decoder raises on damaged data into an :class:`ImageReadError` about ``name``.

    The decoder's own words are dropped: they can quote metadata of the photo.
    """
    try:
        yield
    except DressformError:
        raise
    except (Image.DecompressionBombError, MemoryError):
        what = "image needs more memory than its decoder may use"
        raise ImageTooLargeError(what, got=name, remedy="scale it down first") from None
    except Exception:
        what = "image is damaged, cut off or of a kind that cannot be decoded"
        raise ImageReadError(what, got=name, remedy="copy it again from its source or export it anew") from None


def source_name(source: object) -> str:
    """What error messages call a source: a path in quotes, or only its kind."""
    if isinstance(source, str | os.PathLike):
        return repr(os.fspath(source))  # quoted, so that control characters in names stay harmless
    return "bytes" if isinstance(source, bytes | bytearray | memoryview) else "a stream"


def _read(source: FileSource, max_bytes: int) -> bytes:
    name = source_name(source)
    if isinstance(source, bytes | bytearray | memoryview):
        _check_bytes(memoryview(source).nbytes, max_bytes, name)
        data = bytes(source)
    elif isinstance(source, str | os.PathLike):
        data = _read_path(source, max_bytes)
    elif hasattr(source, "read"):
        data = _read_stream(source, max_bytes, name)
    else:
        kinds = "path, bytes, binary file object, PIL image, array"
        raise ImageFormatError("cannot read an image from this", got=f"type {type(source).__name__}", allowed=kinds)
    if not data:
        remedy = "seek to the start of the stream first" if hasattr(source, "read") else None
        raise ImageReadError("image has no bytes", got=name, remedy=remedy)
    return data


def _read_path(path: str | os.PathLike[str], max_bytes: int) -> bytes:
    name = source_name(path)
    try:
        with Path(path).open("rb") as stream:
            _check_bytes(os.fstat(stream.fileno()).st_size, max_bytes, name)
            return _read_stream(stream, max_bytes, name)
    except FileNotFoundError:
        raise ImageReadError("no such file", got=name) from None
    except IsADirectoryError:
        raise ImageReadError("a folder, not an image file", got=name) from None
    except PermissionError:
        if Path(path).is_dir():  # what Windows says of folders
            raise ImageReadError("a folder, not an image file", got=name) from None
        raise ImageReadError("no permission to read the file", got=name) from None
    except (OSError, ValueError, TypeError) as error:  # names with NUL, names too long, bytes paths
        reason = getattr(error, "strerror", None) or "not a usable path"
        raise ImageReadError(f"file cannot be read ({reason})", got=name) from None


def _read_stream(stream: IO[bytes], max_bytes: int, name: str) -> bytes:
    chunks: list[bytes] = []
    size = 0
    while True:
        try:
            chunk: object = stream.read(_CHUNK)
        except Exception:
            raise ImageReadError("reading failed", got=name) from None
        if not isinstance(chunk, bytes):  # text, or None of a stream that does not wait
            got = f"{type(chunk).__name__} from {name}"
            raise ImageReadError("the stream gives no bytes", got=got, remedy="open it in binary mode")
        if not chunk:
            return b"".join(chunks)
        chunks.append(chunk)
        size += len(chunk)
        _check_bytes(size, max_bytes, name)


def _check_bytes(size: int, max_bytes: int, name: str) -> None:
    if size > max_bytes:
        got, remedy = f"at least {size} bytes in {name}", "save it smaller, or raise max_bytes"
        raise ImageTooLargeError("image file is too large", got=got, allowed=f"up to {max_bytes} bytes", remedy=remedy)


def _webp_size(data: bytes) -> tuple[int, int]:
    chunk = data[12:16]
    if chunk == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if chunk == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    return int.from_bytes(data[26:28], "little") & 0x3FFF, int.from_bytes(data[28:30], "little") & 0x3FFF


def _refuse_raw(picture: TiffImageFile, name: str) -> None:
    # Raw files of cameras are TIFF whose first picture is a thumbnail; nobody wants that one parsed.
    reduced, dng_version = 254, 50706
    if dng_version in picture.tag_v2 or picture.tag_v2.get(reduced, 0) & 1:
        remedy = "develop it to JPEG or TIFF first"
        raise ImageFormatError(
            "not a finished photo", got=f"camera raw or thumbnail in {name}", allowed=_ALLOWED, remedy=remedy
        )


def _open_heic(stream: io.BytesIO) -> Image.Image:
    try:
        heif: Any = importlib.import_module("pillow_heif")
    except ImportError:
        what, remedy = "reading HEIC photos needs pillow-heif", 'pip install "dressform[heic]"'
        raise MissingExtraError(what, remedy=remedy) from None
    # The class is used as it is: registering it would change what Image.open does for everybody.
    picture: Image.Image = heif.HeifImageFile(stream)
    return picture


_READERS: dict[str, Callable[[io.BytesIO], Image.Image]] = {
    "JPEG": JpegImageFile,  # MPO too: its first picture is an ordinary JPEG
    "PNG": PngImageFile,
    "WebP": WebPImageFile,
    "TIFF": TiffImageFile,
    "BMP": BmpImageFile,
    "HEIC": _open_heic,
}
