"""Writes TIFF of 8 or 16 bits with profile, EXIF and transparency.

TIFF 6.0 (Adobe, 1992) with deflate and the horizontal predictor of section 14. Own code around Pillow's directory
writer, because Pillow's encoder knows no 16-bit colour.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, TiffTags
from PIL.TiffImagePlugin import ImageFileDirectory_v2, TiffImageFile

__all__ = ["described_tags", "encode_tiff"]

Samples = npt.NDArray[Any]

_WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIP_OFFSETS, _ORIENTATION, _CHANNELS, _STRIP_ROWS, _STRIP_SIZES = 273, 274, 277, 278, 279
_X_RESOLUTION, _Y_RESOLUTION, _PLANAR, _RESOLUTION_UNIT, _PREDICTOR = 282, 283, 284, 296, 317
_EXTRA, _FORMAT, _XMP, _ICC = 338, 339, 700, 34675
_EXIF, _GPS = 34665, 34853
# How pixels are stored; also tiles, thumbnails and tables of other encoders, and what is kept elsewhere.
_STRUCTURE = frozenset(
    {254, 255, _WIDTH, _LENGTH, _BITS, _COMPRESSION, _PHOTOMETRIC, 263, 264, 265, 266, _STRIP_OFFSETS, _CHANNELS}
    | {_STRIP_ROWS, _STRIP_SIZES, 280, 281, _PLANAR, 288, 289, 290, 291, 292, 293, 301, _PREDICTOR, 318, 319, 320, 321}
    | {
        _X_RESOLUTION,
        _Y_RESOLUTION,
        _RESOLUTION_UNIT,
        322,
        323,
        324,
        325,
        330,
        _EXTRA,
        _FORMAT,
        340,
        341,
        342,
        347,
        *range(512, 533),
        _XMP,
        _ICC,
        37724,
    }
)
_LEVEL = 6


def described_tags(picture: TiffImageFile) -> bytes | None:
    """What a TIFF says about its photo (camera, place, time, orientation) as a block of EXIF; None if nothing.

    Call it before the pixels are decoded; then Pillow drops the orientation.
    """
    try:
        source = picture.getexif()
        out = Image.Exif()
        for tag in source:
            if tag in (_EXIF, _GPS):
                out.get_ifd(tag).update(source.get_ifd(tag))
            elif tag not in _STRUCTURE:
                out[tag] = source[tag]
        return out.tobytes().removeprefix(b"Exif\0\0") if len(out) or out.get_ifd(_EXIF) else None
    except Exception:  # damaged metadata must not cost the photo
        return None


def encode_tiff(
    pixels: Samples,
    *,
    icc: bytes | None = None,
    exif: bytes | None = None,
    xmp: bytes | None = None,
    dpi: tuple[float, float] | None = None,
) -> bytes:
    """A TIFF file.

    Args:
        pixels: (h, w, 1) grey, (h, w, 2) grey and alpha, (h, w, 3) RGB or (h, w, 4) RGBA, straight alpha, uint8 or
            uint16.
        icc: Colour profile.
        exif: Block of EXIF without its mark; left out if it cannot be read.
        xmp: XMP packet.
        dpi: Pixels per inch across and down.
    """
    if pixels.shape[2] == 2 and pixels.dtype == np.uint16:
        pixels = pixels[:, :, [0, 0, 0, 1]]  # Pillow and many others don't read the shorter kind
    height, width, channels = pixels.shape
    strip = _deflated(pixels)
    tags = ImageFileDirectory_v2(prefix=b"II")
    if dpi:
        tags[_X_RESOLUTION], tags[_Y_RESOLUTION], tags[_RESOLUTION_UNIT] = *dpi, 2
    _describe(tags, exif)
    tags[_WIDTH], tags[_LENGTH] = width, height
    tags[_BITS] = (8 * pixels.dtype.itemsize,) * channels
    tags[_COMPRESSION], tags[_PREDICTOR], tags[_PLANAR] = 8, 2, 1
    tags[_PHOTOMETRIC] = 1 if channels < 3 else 2
    tags[_CHANNELS], tags[_STRIP_ROWS] = channels, height
    tags[_STRIP_OFFSETS], tags[_STRIP_SIZES] = 0, len(strip)
    tags.tagtype[_STRIP_OFFSETS] = TiffTags.LONG
    if channels in (2, 4):
        tags[_EXTRA] = 2
    if icc:
        tags[_ICC] = icc
    if xmp:
        tags[_XMP] = xmp
        tags.tagtype[_XMP] = TiffTags.BYTE
    head = b"II\x2a\x00\x08\x00\x00\x00"
    return head + tags.tobytes(len(head)) + strip


def _describe(tags: ImageFileDirectory_v2, block: bytes | None) -> None:
    if not block:
        return
    try:
        exif = Image.Exif()
        exif.load(b"Exif\0\0" + block)
        found = {tag: exif.get_ifd(tag) if tag in (_EXIF, _GPS) else exif[tag] for tag in exif}
    except Exception:
        return
    for tag, value in found.items():
        if tag not in _STRUCTURE:
            tags[tag] = value


def _deflated(pixels: Samples) -> bytes:
    """The samples in little-endian order, each less its left neighbour, deflated."""
    squeeze = zlib.compressobj(_LEVEL)
    parts = []
    rows = max(1, (1 << 20) // pixels[0].nbytes)
    for top in range(0, len(pixels), rows):
        band = np.array(pixels[top : top + rows])
        band[:, 1:] -= pixels[top : top + rows, :-1]
        parts.append(squeeze.compress(band.astype(band.dtype.newbyteorder("<")).tobytes()))
    return b"".join([*parts, squeeze.flush()])
