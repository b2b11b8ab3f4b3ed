"""Loads photos from anywhere, upright and in sRGB, within limits, or says in one line why not."""

from __future__ import annotations

import os
from typing import IO, Any

import numpy as np
import numpy.typing as npt
from PIL import ExifTags, Image
from PIL.TiffImagePlugin import TiffImageFile

from dressform.parsing.errors import ImageFormatError, ImageReadError
from dressform.parsing.image_color import over_white, to_eight_bit, to_srgb
from dressform.parsing.image_source import check_pixels, decoding, open_picture, source_name

__all__ = ["MAX_BYTES", "MAX_PIXELS", "SUFFIXES", "ImageSource", "load_image", "read_size"]

ImageSource = str | os.PathLike[str] | bytes | bytearray | memoryview | IO[bytes] | Image.Image | npt.NDArray[Any]
"""Whatever :func:`load_image` takes."""

MAX_PIXELS = 100_000_000
"""Default limit of pixels, width times height."""

MAX_BYTES = 200_000_000
"""Default limit of the encoded size."""

SUFFIXES = frozenset(
    {".bmp", ".heic", ".heif", ".hif", ".jfif", ".jpe", ".jpeg", ".jpg", ".mpo", ".png", ".tif", ".tiff", ".webp"}
)
"""Lower-case file suffixes of photos, for walks through folders; loading itself goes by content."""

_TRANSPOSES = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_BAND = 1 << 14  # pixels; a band then stays in the cache


def load_image(
    source: ImageSource, *, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES
) -> npt.NDArray[np.uint8]:
    """Load a photo: upright by its EXIF orientation, in sRGB by its colour profile, over white if transparent.

    Args:
        source: A path, the encoded bytes, a binary file object (read from where it stands, left open), a PIL
            image (the frame it shows), or an array: (H, W) or (H, W, 1) grey, (H, W, 3) RGB, (H, W, 4) RGBA,
            of bool, uint8, uint16 0..65535 or float 0..1, taken to be upright sRGB. Files are JPEG, PNG,
            WebP, TIFF, BMP or, with the ``heic`` extra, HEIC; of animations the first frame is read.
        max_pixels: Limit of width times height, checked before anything is decoded.
        max_bytes: Limit of the encoded size; streams are not read much further than this.

    Returns:
        (H, W, 3) uint8 RGB, C-contiguous, writable and never the memory of ``source``.

    Raises:
        ImageReadError: Missing, unreadable, empty, damaged or cut off.
        ImageFormatError: Another format, or an array of another shape, type or range.
        ImageTooLargeError: More pixels or bytes than the limits.
        MissingExtraError: HEIC without the ``heic`` extra.
    """
    if isinstance(source, np.ndarray):
        return _from_array(source, max_pixels)
    picture = _open(source, max_pixels, max_bytes)
    name = _name(source)
    with decoding(f"{picture.format} in {name}" if picture.format else name):
        _load(picture)
        turn = _TRANSPOSES.get(_orientation(picture))
        rgb = to_srgb(picture, name)
        if turn is not None:
            rgb = rgb.transpose(turn)
        return _pixels(rgb)


def read_size(source: ImageSource, *, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES) -> tuple[int, int]:
    """(width, height) of the upright photo in pixels, from its header, without decoding it.

    An orientation that a PNG stores behind its pixels is not seen. Arguments and errors are those of
    :func:`load_image`, except that damage behind the header goes unnoticed.
    """
    if isinstance(source, np.ndarray):
        _check_shape(source, max_pixels)
        return source.shape[1], source.shape[0]
    picture = _open(source, max_pixels, max_bytes)
    width, height = picture.size
    # Pillow gives the size of a TIFF upright.
    turned = not isinstance(picture, TiffImageFile) and _orientation(picture) >= 5
    return (height, width) if turned else (width, height)


def _open(source: ImageSource, max_pixels: int, max_bytes: int) -> Image.Image:
    if not isinstance(source, Image.Image):
        assert not isinstance(source, np.ndarray)
        return open_picture(source, max_pixels=max_pixels, max_bytes=max_bytes)
    if 0 in source.size:
        raise ImageReadError("image has no pixels", got=f"{source.width}×{source.height}")
    check_pixels(source.size, max_pixels, _name(source))
    return source


def _name(source: ImageSource) -> str:
    return "a PIL image" if isinstance(source, Image.Image) else source_name(source)


def _load(picture: Image.Image) -> None:
    """Decode the pixels. Turns TIFF pictures upright on the way, which Pillow does by itself."""
    limit = Image.MAX_IMAGE_PIXELS
    if isinstance(picture, TiffImageFile) and picture.tile and limit and picture.width * picture.height > limit:
        # The TIFF reader asks Pillow's process-wide limit again, unless the memory is already there.
        turned = picture.tag_v2.get(ExifTags.Base.Orientation) in (5, 6, 7, 8)
        picture.im = Image.new(picture.mode, picture.size[::-1] if turned else picture.size).im
    picture.load()


def _orientation(picture: Image.Image) -> int:
    """EXIF orientation 1 to 8, 1 if there is none; a damaged EXIF block must not cost the photo."""
    try:
        # Not picture.getexif(): that of a PNG decodes the pixels first.
        value = Image.Image.getexif(picture).get(ExifTags.Base.Orientation)
    except Exception:
        return 1
    return value if isinstance(value, int) and 1 <= value <= 8 else 1


def _pixels(rgb: Image.Image) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8 copy of an RGB picture, made in bands: in one piece Pillow needs the memory three times."""
    width, height = rgb.size
    array = np.empty((height, width, 3), np.uint8)
    rows = max(1, _BAND // width)
    for top in range(0, height, rows):
        bottom = min(top + rows, height)
        array[top:bottom] = np.asarray(rgb.crop((0, top, width, bottom)))
    return array


def _from_array(array: npt.NDArray[Any], max_pixels: int) -> npt.NDArray[np.uint8]:
    _check_shape(array, max_pixels)
    samples = to_eight_bit(array, "an array").reshape(*array.shape[:2], -1)
    if samples.shape[2] == 4:
        rgba = Image.fromarray(np.ascontiguousarray(samples))
        return _pixels(over_white(rgba.convert("RGB"), rgba.getchannel("A")))
    if samples.shape[2] == 1:
        return np.repeat(samples, 3, axis=2)
    return np.array(samples, order="C")


def _check_shape(array: npt.NDArray[Any], max_pixels: int) -> None:
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        channels_first = array.ndim == 3 and array.shape[0] in (1, 3, 4)
        remedy = "move the channels last with np.moveaxis(array, 0, -1)" if channels_first else None
        allowed = "(H, W), (H, W, 1), (H, W, 3), (H, W, 4)"
        raise ImageFormatError("array of a wrong shape", got=array.shape, allowed=allowed, remedy=remedy)
    if 0 in array.shape:
        raise ImageReadError("image has no pixels", got=f"array of shape {array.shape}")
    check_pixels((array.shape[1], array.shape[0]), max_pixels, "an array")
