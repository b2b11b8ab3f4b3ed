"""Pictures of cloth and artwork, from anywhere, as linear light with alpha: what tiles and prints are made of."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageOps

from dressform.parsing.errors import ImageFormatError, ImageReadError, ImageTooLargeError
from dressform.parsing.image import MAX_BYTES, ImageSource
from dressform.parsing.image_color import to_eight_bit, to_srgb
from dressform.parsing.image_source import check_pixels, decoding, open_picture, source_name
from dressform.tryon.light import to_linear

__all__ = ["LARGEST", "USED", "Swatch", "load_swatch"]

Floats = npt.NDArray[np.float32]

LARGEST = 8192
"""Pixels a side may have; larger pictures are refused."""
USED = 2048
"""Pixels a side keeps; larger pictures are reduced, which their note says."""
_STRIP = 1 << 20  # samples worked on at once


@dataclass(frozen=True, eq=False)
class Swatch:
    """A picture as light. Two are equal if their pixels are.

    Attributes:
        pixels: (h, w, 3) or (h, w, 4) uint16, read-only: linear light times alpha 0..65535, and alpha if any pixel is
            not opaque. sRGB's primaries.
        digest: SHA-256 of size and pixels, 64 hex digits.
        note: What was done to it on the way, in words, or "".
    """

    pixels: npt.NDArray[np.uint16]
    digest: str
    note: str = ""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Swatch) and other.digest == self.digest

    def __hash__(self) -> int:
        return hash(self.digest)

    def __repr__(self) -> str:
        width, height = self.size
        kind = "RGBA" if self.has_alpha else "RGB"
        return f"Swatch({width}×{height} {kind}, {self.digest[:12]})"

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]

    @property
    def has_alpha(self) -> bool:
        """Whether anything of it can be seen through."""
        return bool(self.pixels.shape[2] == 4)

    def opaque(self, shrink: int = 1) -> Floats:
        """(h, w, 3) float32 linear light 0..1, what is transparent over white; sides shorter by about ``shrink``."""
        pixels = _shrunk(self.pixels, shrink)
        light = pixels[..., :3].astype(np.float32)
        if self.has_alpha:
            light += np.float32(65535) - pixels[..., 3:].astype(np.float32)
        light *= np.float32(1 / 65535)
        return light

    def layered(self, shrink: int = 1) -> Floats:
        """(h, w, 4) float32 0..1: linear light times alpha, and alpha; sides shorter by about ``shrink``."""
        pixels = _shrunk(self.pixels, shrink)
        out = np.ones((*pixels.shape[:2], 4), np.float32)
        np.multiply(pixels, np.float32(1 / 65535), out=out[..., : pixels.shape[2]])
        return out


def load_swatch(source: ImageSource | Swatch) -> Swatch:
    """Read a picture of cloth or artwork.

    Args:
        source: A path, the encoded bytes, a binary file object, a PIL image, or an array: (h, w) or (h, w, 1) grey,
            (h, w, 3) RGB, (h, w, 4) RGBA, of bool, uint8, uint16 or float 0..1, taken to be sRGB with straight
            alpha. Files are JPEG, PNG, WebP, TIFF, BMP or HEIC of any mode, 16 bits included (read as 8); embedded
            colour profiles are applied. A swatch comes back as it is.

    Raises:
        ImageReadError: Missing, unreadable, empty, damaged or cut off.
        ImageFormatError: Another format, or an array of another shape, type or range.
        ImageTooLargeError: A side above :data:`LARGEST`.
        MissingExtraError: HEIC without the ``heic`` extra.
    """
    if isinstance(source, Swatch):
        return source
    if isinstance(source, np.ndarray):
        color, alpha = _from_array(source)
    else:
        color, alpha = _from_picture(source)
    if alpha is not None and int(alpha.min()) == np.iinfo(alpha.dtype).max:
        alpha = None
    height, width = color.shape[:2]
    scale = min(1.0, USED / max(width, height))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    pixels = _reduced(color, alpha, size)
    pixels.flags.writeable = False
    notes = []
    if scale < 1:
        notes.append(f"reduced from {width}×{height} to {size[0]}×{size[1]} pixels")
    digest = hashlib.sha256(repr(pixels.shape).encode())
    digest.update(pixels.astype("<u2", copy=False).tobytes())
    return Swatch(pixels, digest.hexdigest(), "; ".join(notes))


def _from_picture(source: Any) -> tuple[npt.NDArray[Any], npt.NDArray[Any] | None]:
    """(h, w, 3) uint8 sRGB and (h, w) uint8 alpha or None."""
    if isinstance(source, Image.Image):
        picture, name = source, "a PIL image"
        if 0 in picture.size:
            raise ImageReadError("image has no pixels", got=f"{picture.width}×{picture.height}")
    else:
        picture = open_picture(source, max_pixels=LARGEST * LARGEST, max_bytes=MAX_BYTES)
        name = source_name(source)
    _check_sides(picture.size, name)
    with decoding(name):
        picture.load()
        upright = _upright(picture)
        alpha = None
        if upright.has_transparency_data and not upright.mode.startswith(("I", "F")):
            grey = upright.mode in ("1", "L", "LA", "La")
            layered = upright.convert("LA" if grey else "RGBA")
            alpha = np.asarray(layered.getchannel("A"))
            profile = upright.info.get("icc_profile")
            upright = layered.convert("L" if grey else "RGB")
            upright.info = {"icc_profile": profile} if profile else {}
        return np.asarray(to_srgb(upright, name)), alpha


def _upright(picture: Image.Image) -> Image.Image:
    try:
        return ImageOps.exif_transpose(picture)
    except Exception:  # a damaged EXIF block must not cost the swatch
        return picture


def _from_array(array: npt.NDArray[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[Any] | None]:
    """(h, w, 3) uint8 or uint16 sRGB, and (h, w) alpha of the same type or None."""
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):
        allowed = "(h, w), (h, w, 1), (h, w, 3), (h, w, 4)"
        raise ImageFormatError("array of a wrong shape", got=array.shape, allowed=allowed)
    if 0 in array.shape:
        raise ImageReadError("image has no pixels", got=f"array of shape {array.shape}")
    check_pixels((array.shape[1], array.shape[0]), LARGEST * LARGEST, "an array")
    _check_sides((array.shape[1], array.shape[0]), "an array")
    samples: npt.NDArray[Any] = array
    if array.dtype.kind == "f":
        to_eight_bit(array, "an array")  # refuses what is not 0..1
        samples = np.rint(array.astype(np.float64) * 65535).astype(np.uint16)
    elif array.dtype != np.uint16:
        samples = to_eight_bit(array, "an array")
    samples = samples.reshape(*array.shape[:2], -1)
    if samples.shape[2] == 1:
        return np.repeat(samples, 3, axis=2), None
    return samples[..., :3], samples[..., 3] if samples.shape[2] == 4 else None


def _check_sides(size: tuple[int, int], name: str) -> None:
    if max(size) > LARGEST:
        remedy = f"scale it down; {USED} pixels a side are all that is used"
        got = f"{size[0]}×{size[1]} in {name}"
        raise ImageTooLargeError(
            "swatch is too large", got=got, allowed=f"up to {LARGEST} pixels a side", remedy=remedy
        )


def _reduced(color: npt.NDArray[Any], alpha: npt.NDArray[Any] | None, size: tuple[int, int]) -> npt.NDArray[np.uint16]:
    """Linear light times alpha in a smaller or the same size, first across in strips, then down."""
    height, width = color.shape[:2]
    channels = 3 if alpha is None else 4
    narrow = np.empty((height, size[0], channels), np.uint16)
    rows = max(1, _STRIP // (width * channels))
    for top in range(0, height, rows):
        part = slice(top, min(top + rows, height))
        light = to_linear(color[part])
        if alpha is not None:
            share = alpha[part].astype(np.float32)[..., None] / np.float32(np.iinfo(alpha.dtype).max)
            light = np.concatenate([light * share, share], axis=2)
        if size[0] != width:
            light = np.asarray(cv2.resize(light, (size[0], len(light)), interpolation=cv2.INTER_AREA))
        narrow[part] = np.rint(light.reshape(-1, size[0], channels) * np.float32(65535))
    if size[1] == height:
        return narrow
    small = np.asarray(cv2.resize(narrow, size, interpolation=cv2.INTER_AREA))
    return np.asarray(small.reshape(size[1], size[0], channels), np.uint16)


def _shrunk(pixels: npt.NDArray[np.uint16], shrink: int) -> npt.NDArray[np.uint16]:
    height, width, channels = pixels.shape
    size = max(1, round(width / shrink)), max(1, round(height / shrink))
    if size == (width, height):
        return pixels
    small = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA))
    return np.asarray(small.reshape(size[1], size[0], channels), np.uint16)
