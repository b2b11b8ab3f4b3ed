"""Reads the stored samples of a photo: what Pillow's modes hide (16 bits, orientation, raw chunks) included."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import TiffImageFile

from dressform.parsing import load_image
from dressform.parsing.image import ImageSource
from dressform.parsing.image_color import to_eight_bit, to_srgb
from dressform.parsing.image_source import open_picture
from dressform.tryon.photo.encoding import SRGB, read_profile
from dressform.tryon.photo.photo import Photo, frozen, turned
from dressform.tryon.photo.png import kept_chunks
from dressform.tryon.photo.tiff import described_tags

__all__ = ["read_array", "read_picture"]

Samples = npt.NDArray[Any]
Bytes = npt.NDArray[np.uint8]

_BITS, _RESOLUTION = 258, 282  # TIFF tags BitsPerSample and XResolution
_EXIF_MARK = b"Exif\0\0"
_ORIENTATION = ExifTags.Base.Orientation


def read_array(array: Samples, max_pixels: int) -> Photo:
    """A photo from an array that :func:`dressform.parsing.load_image` takes."""
    view = frozen(load_image(array, max_pixels=max_pixels))
    samples: Samples
    if array.dtype.kind == "f":
        samples = np.rint(array.astype(np.float64) * 65535).astype(np.uint16)
    elif array.dtype.kind == "u" and array.dtype.itemsize == 2:
        samples = array.astype(np.uint16)
    else:
        samples = to_eight_bit(array, "an array")
    pixels = np.array(samples.reshape(*array.shape[:2], -1))
    return Photo(frozen(pixels), _shared(view, pixels))


def read_picture(source: ImageSource, max_pixels: int, max_bytes: int) -> Photo:
    """A photo from a file or a PIL picture."""
    assert not isinstance(source, np.ndarray)
    if isinstance(source, Image.Image):
        picture, data, kind = source, b"", ""
    else:
        picture = open_picture(source, max_pixels=max_pixels, max_bytes=max_bytes)
        stream: Any = getattr(picture, "fp", None)
        data = stream.getvalue() if hasattr(stream, "getvalue") else b""
        kind = {"MPO": "JPEG", "HEIF": "HEIC", "WEBP": "WebP"}.get(picture.format or "", picture.format or "")
    tiff = isinstance(picture, TiffImageFile)
    orientation = _orientation(picture) if tiff else 1
    exif = described_tags(picture) if isinstance(picture, TiffImageFile) else None
    deep = _is_deep(picture, data)
    view = frozen(load_image(picture, max_pixels=max_pixels))  # decodes, and turns TIFF upright
    if not tiff:
        orientation = _orientation(picture)
        exif = _block(picture)
    samples, notes = _samples(picture, 1 if tiff else orientation)
    if kind == "PNG" and data[25] == 4 and samples is not None and samples.shape[2] == 4:
        samples = np.ascontiguousarray(samples[:, :, [0, 3]])  # grey and alpha of 16 bits, which Pillow has no mode for
    if deep and samples is not None and samples.dtype == np.uint8:
        full = _deep(data, samples, orientation)
        if full is None:
            notes += ("The 16-bit samples could not be read; the photo is kept with 8 bits.",)
        else:
            samples = full
    icc = picture.info.get("icc_profile") or None
    if samples is None:
        icc, samples = None, view
    encoding = SRGB if icc is None else read_profile(icc, grey=samples.shape[2] < 3)
    if encoding is None:
        encoding = SRGB
        plain = _converted(picture, 1 if tiff else orientation)
        if samples.shape[2] >= 3 and plain is not None and not np.array_equal(plain, _eight(samples[:, :, :3])):
            icc, samples = None, np.concatenate([plain, _eight(samples[:, :, 3:])], axis=2)
            notes += ("The colour profile cannot be written back; the photo was converted to 8-bit sRGB.",)
    xmp = picture.info.get("xmp") or picture.info.get("XML:com.adobe.xmp")
    return Photo(
        frozen(samples),
        _shared(view, samples),
        encoding=encoding,
        icc=icc,
        exif=exif,
        xmp=xmp.encode("utf-8", "replace") if isinstance(xmp, str) else xmp or None,
        chunks=kept_chunks(data) if kind == "PNG" else (),
        orientation=orientation,
        dpi=_dpi(picture),
        format=kind,
        notes=notes,
    )


def _samples(picture: Image.Image, orientation: int) -> tuple[Samples | None, tuple[str, ...]]:
    """(H, W, c) samples of a decoded picture, upright; None for kinds of colour that cannot be kept."""
    mode = picture.mode
    notes: tuple[str, ...] = ()
    if mode.startswith(("I", "F")):
        samples: Samples = np.asarray(picture)
        if mode == "F":
            samples = np.rint(samples.astype(np.float64) * 65535)
            notes = ("The 32-bit samples were rounded to 16 bits.",)
        grey = samples.astype(np.uint16)[:, :, None]
        clear = picture.info.get("transparency")
        if isinstance(clear, int):
            grey = np.concatenate([grey, np.where(grey == clear, np.uint16(0), np.uint16(65535))], axis=2)
        return turned(grey, orientation), notes
    alpha = picture.has_transparency_data
    if mode in ("1", "L", "LA", "La"):
        picture = picture.convert("LA" if alpha else "L")
    elif mode in ("P", "PA", "RGB", "RGBA", "RGBa", "RGBX"):
        picture = picture.convert("RGBA" if alpha else "RGB")
    else:
        return None, (f"The photo's {mode} colours were converted to 8-bit sRGB.",)
    stored = np.asarray(picture)
    return turned(stored.reshape(*stored.shape[:2], -1), orientation), notes


def _is_deep(picture: Image.Image, data: bytes) -> bool:
    """Whether a file holds 16 bits a channel of which Pillow decodes the upper 8."""
    if isinstance(picture, TiffImageFile):
        bits = picture.tag_v2.get(_BITS)
        return isinstance(bits, tuple) and len(bits) > 1 and set(bits) == {16}
    return picture.format == "PNG" and data[24:26] in (b"\x10\x02", b"\x10\x04", b"\x10\x06")


def _deep(data: bytes, shallow: Bytes, orientation: int) -> Samples | None:
    """The samples with all their bits; None unless their upper bytes are exactly what Pillow decoded."""
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error:
        return None
    if decoded is None or decoded.dtype != np.uint16:
        return None
    full = np.asarray(decoded).reshape(*decoded.shape[:2], -1)
    channels = {1: [0], 2: [0, 3], 3: [2, 1, 0], 4: [2, 1, 0, 3]}[shallow.shape[2]]
    if full.shape[2] <= max(channels):
        return None
    full = full[:, :, channels]
    # Readers differ in who turns a TIFF.
    for turn in {1, orientation}:
        upright = turned(full, turn)
        if upright.shape == shallow.shape and np.array_equal(upright >> 8, shallow):
            return np.ascontiguousarray(upright)
    return None


def _converted(picture: Image.Image, orientation: int) -> Bytes | None:
    """(H, W, 3) uint8: the colours, transparent or not, in sRGB as parsing sees them."""
    if picture.mode not in ("RGB", "RGBA", "P"):
        return None
    plain = picture.convert("RGBA").convert("RGB")
    plain.info["icc_profile"] = picture.info.get("icc_profile")
    plain.info.pop("transparency", None)
    return np.asarray(turned(np.asarray(to_srgb(plain, "the photo")), orientation))


def _eight(samples: Samples) -> Bytes:
    return (samples >> 8).astype(np.uint8) if samples.dtype == np.uint16 else samples


def _shared(view: Bytes, samples: Samples) -> Bytes:
    """``view``, or the same values in the memory of ``samples`` if those are the very same."""
    same = samples.dtype == np.uint8 and samples.shape == view.shape and np.array_equal(samples, view)
    return frozen(samples) if same else view


def _orientation(picture: Image.Image) -> int:
    """EXIF orientation 1 to 8, as :func:`dressform.parsing.load_image` finds it."""
    try:
        value = Image.Image.getexif(picture).get(_ORIENTATION)
    except Exception:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _block(picture: Image.Image) -> bytes | None:
    exif = picture.info.get("exif")
    return exif.removeprefix(_EXIF_MARK) or None if isinstance(exif, bytes) else None


def _dpi(picture: Image.Image) -> tuple[float, float] | None:
    if isinstance(picture, TiffImageFile) and _RESOLUTION not in picture.tag_v2:
        return None  # Pillow makes one up
    dpi = picture.info.get("dpi")
    if not isinstance(dpi, tuple) or len(dpi) != 2:
        return None
    across, down = (float(value) for value in dpi)
    return (across, down) if 0 < across < 1e6 and 0 < down < 1e6 else None
