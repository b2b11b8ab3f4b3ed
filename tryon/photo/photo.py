"""A photo as it is stored: samples, depth, transparency, colour profile, metadata and orientation all survive.

:func:`dressform.parsing.load_image` gives what people see, upright 8-bit sRGB over white, and that is what is analysed.
Here the stored samples stand beside it, turned upright as well, so that one pixel has the same place in both; files are
written with the samples turned back and the metadata they came with.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from dressform.parsing import OptionError, load_image
from dressform.parsing.image import MAX_BYTES, MAX_PIXELS, ImageSource
from dressform.parsing.image_color import to_eight_bit
from dressform.tryon.photo.encoding import SRGB, Encoding, grey_profile_as_rgb

__all__ = ["Photo", "frozen", "read_photo", "turned", "turned_back"]

Samples = npt.NDArray[Any]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Photo:
    """Stored samples of a photo and all that its file said beside them. Arrays are read-only.

    Attributes:
        pixels: (H, W, 1) grey, (H, W, 2) grey and alpha, (H, W, 3) RGB or (H, W, 4) RGBA, straight alpha, uint8 or
            uint16, upright. Palettes are expanded, bilevel is 0 and 255.
        view: (H, W, 3) uint8, what :attr:`srgb` gives if it is known already, or None.
        encoding: What the colour samples mean as light.
        icc: Colour profile for ``pixels``, or None.
        exif: Block of EXIF as it was stored, without the mark "Exif\\0\\0", or None.
        xmp: XMP packet, or None.
        chunks: Other chunks of a PNG in their order, kept for PNG.
        orientation: EXIF orientation 1 to 8 of the stored samples; ``pixels`` have been turned by it.
        dpi: Pixels per inch across and down, or None.
        format: "JPEG", "PNG", "WebP", "TIFF", "BMP", "HEIC", or "" for arrays and pictures in memory.
        notes: What could not be kept as it was, in plain sentences.
    """

    pixels: Samples
    view: Bytes | None = field(default=None, repr=False)
    encoding: Encoding = field(default=SRGB, repr=False)
    icc: bytes | None = field(default=None, repr=False)
    exif: bytes | None = field(default=None, repr=False)
    xmp: bytes | None = field(default=None, repr=False)
    chunks: tuple[tuple[bytes, bytes], ...] = field(default=(), repr=False)
    orientation: int = 1
    dpi: tuple[float, float] | None = None
    format: str = ""
    notes: tuple[str, ...] = ()

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) upright, as in :class:`dressform.parsing.Parse`."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @cached_property
    def srgb(self) -> Bytes:
        """(H, W, 3) uint8, what :func:`dressform.parsing.load_image` gives: the pixels as people see them, over white.

        Made on first use.
        """
        if self.view is not None:
            return self.view
        return frozen(load_image(self._picture(), max_pixels=self.size[0] * self.size[1]))

    @property
    def has_alpha(self) -> bool:
        return self.pixels.shape[2] in (2, 4)

    def colored(self) -> Samples:
        """(H, W, 3) or (H, W, 4): the samples as RGB or RGBA; grey is repeated."""
        if self.pixels.shape[2] >= 3:
            return self.pixels
        return np.ascontiguousarray(self.pixels[:, :, [0, 0, 0, *range(1, self.pixels.shape[2])]])

    def with_pixels(self, pixels: Samples) -> Photo:
        """The same photo with other samples.

        Args:
            pixels: (H, W, 3) or (H, W, 4), of the depth and with the transparency of :meth:`colored`. A grey photo
                stays grey if they are all grey, and becomes a colour photo, with a note, if not.

        Raises:
            OptionError: Another shape or type.
        """
        height, width, channels = self.pixels.shape
        wanted = (height, width, channels + 2 if channels < 3 else channels)
        if pixels.shape != wanted or pixels.dtype != self.pixels.dtype:
            got = f"{pixels.dtype} {pixels.shape}"
            raise OptionError("samples that are not this photo's", got=got, allowed=f"{self.pixels.dtype} {wanted}")
        if channels >= 3:
            return replace(self, pixels=frozen(pixels), view=None)
        if _all_grey(pixels):
            return replace(self, pixels=frozen(pixels[:, :, [0, *range(3, wanted[2])]]), view=None)
        icc = self.icc and (grey_profile_as_rgb(self.icc) or self.icc)
        chunks = tuple(chunk for chunk in self.chunks if chunk[0] != b"iCCP")
        note = "The photo was grey; it is written in colour, its grey values as they were."
        return replace(self, pixels=frozen(pixels), view=None, icc=icc, chunks=chunks, notes=(*self.notes, note))

    def upright(self) -> Photo:
        """The same photo to be stored as it is seen: for viewers that don't know EXIF orientation in PNG or TIFF."""
        if self.orientation == 1:
            return self
        exif = self.exif and _unturned(self.exif)
        chunks = tuple((kind, _unturned(body) if kind == b"eXIf" else body) for kind, body in self.chunks)
        return replace(self, orientation=1, exif=exif, chunks=chunks)

    def _picture(self) -> Image.Image:
        """The samples as an upright PIL picture of 8 bits a channel."""
        pixels = self.pixels
        if pixels.dtype == np.uint16:
            # As the readers of files do it: the high byte of colours, grey and arrays rounded.
            cut = bool(self.format) and pixels.shape[2] >= 3
            pixels = (pixels >> 8).astype(np.uint8) if cut else to_eight_bit(pixels, "the photo")
        picture = Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)
        if self.icc is not None:
            picture.info["icc_profile"] = self.icc
        return picture

    def encode(self, format: str) -> tuple[bytes, tuple[str, ...]]:
        """The file's bytes, and what is to be said about it; see :meth:`save`."""
        from dressform.tryon.photo.write import encode_photo

        return encode_photo(self, format)

    def save(self, path: str | Path, format: str | None = None) -> tuple[str, ...]:
        """Write the photo with its depth, transparency, profile, metadata and orientation, whole or not at all.

        Args:
            path: Where to; what is there is replaced.
            format: "png", "tiff", "webp" (lossless, 8 bits) or "jpeg"; None: by the path's suffix, PNG if it has none.

        Returns:
            Plain sentences about what is not as it was: nothing for most photos, always something for JPEG.

        Raises:
            OptionError: Unknown format, or one that cannot hold the photo's depth, transparency or size.
            OutputError: The file cannot be written.
        """
        from dressform.tryon.photo.write import save_photo

        return save_photo(self, Path(path), format)


def read_photo(source: ImageSource, *, max_pixels: int = MAX_PIXELS, max_bytes: int = MAX_BYTES) -> Photo:
    """Read a photo from anywhere, nothing lost.

    Args:
        source: What :func:`dressform.parsing.load_image` takes: a path, bytes, a binary file object, a PIL image, or
            an array. Float arrays become 16 bits.
        max_pixels: Limit of width times height, checked before anything is decoded.
        max_bytes: Limit of the encoded size.

    Raises:
        ImageReadError, ImageFormatError, ImageTooLargeError, MissingExtraError: As :func:`load_image`.
    """
    from dressform.tryon.photo.read import read_array, read_picture

    if isinstance(source, np.ndarray):
        return read_array(source, max_pixels)
    return read_picture(source, max_pixels, max_bytes)


def frozen(array: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """A read-only, C-contiguous view or copy."""
    out = np.ascontiguousarray(array).view()
    out.flags.writeable = False
    return out


def turned(array: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """An (h, w, ...) array of stored samples upright, by an EXIF orientation 1 to 8; a view."""
    if orientation in (5, 7):
        array = array.swapaxes(0, 1)
    turns = {3: 2, 4: 2, 6: -1, 7: 2, 8: 1}.get(orientation, 0)
    array = array[:, ::-1] if orientation in (2, 4) else array
    return np.rot90(array, turns)


def turned_back(array: npt.NDArray[Any], orientation: int) -> npt.NDArray[Any]:
    """The inverse of :func:`turned`."""
    return turned(array, {6: 8, 8: 6}.get(orientation, orientation))


def _unturned(exif: bytes) -> bytes:
    """A block of EXIF with its orientation set to 1; as it is if it has none or is damaged."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    out = bytearray(exif)
    try:
        (first,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, first)
        for at in range(first + 2, first + 2 + 12 * count, 12):
            tag, kind, values = struct.unpack_from(f"{order}HHI", exif, at)
            if (tag, kind, values) == (274, 3, 1):
                struct.pack_into(f"{order}H", out, at + 8, 1)
    except struct.error:
        return exif
    return bytes(out)


def _all_grey(pixels: Samples) -> bool:
    return bool((pixels[:, :, 0] == pixels[:, :, 1]).all() and (pixels[:, :, 1] == pixels[:, :, 2]).all())
