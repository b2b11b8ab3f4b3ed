"""Writes photos to files: lossless formats with everything that the photo carried, JPEG only when asked for."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from dressform.parsing import OptionError
from dressform.parsing.formats.files import write_files
from dressform.tryon.photo.photo import Photo, turned_back
from dressform.tryon.photo.png import encode_png, metadata_chunks
from dressform.tryon.photo.tiff import encode_tiff

__all__ = ["FORMATS", "encode_photo", "save_photo"]

FORMATS = ("png", "tiff", "webp", "jpeg")
"""Formats a photo can be written in; all but the last keep every pixel."""

_SUFFIXES = {".png": "png", ".tif": "tiff", ".tiff": "tiff", ".webp": "webp", ".jpg": "jpeg", ".jpeg": "jpeg"}
_WEBP_SIDE, _JPEG_SIDE = 16383, 65535
_JPEG_NOTE = (
    "JPEG encodes the whole picture anew, so pixels outside the garment change a little too; "
    "write PNG, TIFF or WebP to keep them exactly."
)


def save_photo(photo: Photo, path: Path, format: str | None) -> tuple[str, ...]:
    """Write a photo to a file; see :meth:`Photo.save`."""
    if format is None:
        suffix = path.suffix.lower()
        if suffix and suffix not in _SUFFIXES:
            allowed = f"{', '.join(_SUFFIXES)}, or format="
            raise OptionError("unknown suffix of a photo", got=repr(path.suffix), allowed=allowed)
        format = _SUFFIXES.get(suffix, "png")
    data, notes = encode_photo(photo, format)
    write_files(path.parent, {path.name: data})
    return notes


def encode_photo(photo: Photo, format: str) -> tuple[bytes, tuple[str, ...]]:
    """A photo as a file, and plain sentences about what is not as it was.

    Raises:
        OptionError: Unknown format, or one that cannot hold the photo.
    """
    kind = format.lower().lstrip(".")
    kind = {"tif": "tiff", "jpg": "jpeg"}.get(kind, kind)
    if kind not in FORMATS:
        raise OptionError("unknown format of a photo", got=repr(format), allowed=", ".join(FORMATS))
    _check(photo, kind)
    pixels = turned_back(photo.pixels, photo.orientation)
    if kind == "png":
        chunks = photo.chunks
        if photo.format != "PNG":
            chunks = metadata_chunks(photo.icc, photo.exif, photo.xmp, photo.dpi)
        elif photo.icc and not any(name == b"iCCP" for name, _ in chunks):
            chunks = (*metadata_chunks(photo.icc, None, None, None), *chunks)
        return encode_png(pixels, chunks), photo.notes
    if kind == "tiff":
        extra = {"icc": photo.icc, "exif": photo.exif, "xmp": photo.xmp}
        return encode_tiff(pixels, dpi=photo.dpi, **extra), photo.notes
    picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else np.ascontiguousarray(pixels))
    out = io.BytesIO()
    extra = {"icc_profile": photo.icc, "exif": photo.exif and b"Exif\0\0" + photo.exif, "xmp": photo.xmp}
    options: dict[str, Any] = {name: value for name, value in extra.items() if value}
    if kind == "webp":
        picture.convert("RGBA" if photo.has_alpha else "RGB").save(
            out, "WEBP", lossless=True, exact=True, quality=50, method=4, **options
        )
        return out.getvalue(), photo.notes
    if photo.dpi:
        options["dpi"] = photo.dpi
    picture.save(out, "JPEG", quality=95, subsampling=0, optimize=True, **options)
    return out.getvalue(), (*photo.notes, _JPEG_NOTE)


def _check(photo: Photo, kind: str) -> None:
    """Refuse formats that would lose what the photo has."""
    remedy = "write PNG or TIFF"
    if kind in ("webp", "jpeg") and photo.pixels.dtype != np.uint8:
        raise OptionError(f"{kind} holds 8 bits", got="a photo of 16 bits", allowed="png, tiff", remedy=remedy)
    if kind == "jpeg" and photo.has_alpha:
        raise OptionError("jpeg holds no transparency", got="a photo with alpha", allowed="png, tiff, webp")
    limit = {"webp": _WEBP_SIDE, "jpeg": _JPEG_SIDE}.get(kind)
    if limit and max(photo.size) > limit:
        got, allowed = f"{photo.size[0]}×{photo.size[1]}", f"up to {limit} pixels a side"
        raise OptionError(f"the photo is too large for {kind}", got=got, allowed=allowed, remedy=remedy)
