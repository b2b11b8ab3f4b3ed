"""Colours of a decoded picture become 8-bit sRGB over white: sample depth, colour profile, transparency."""

from __future__ import annotations

import io
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from dressform.parsing.errors import ImageFormatError

__all__ = ["over_white", "to_eight_bit", "to_srgb"]

_DTYPES = "bool, uint8 0..255, uint16 0..65535, float 0..1"

# Colour space of a profile, as its header spells it, and the Pillow mode it applies to.
_PROFILE_MODES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK", "Lab": "LAB"}


def to_eight_bit(samples: npt.NDArray[Any], name: str) -> npt.NDArray[np.uint8]:
    """Samples of any accepted depth as uint8 0..255, rounded to nearest; the shape stays.

    Args:
        samples: bool, uint8, uint16 (0..65535), or float (0..1); any shape, at least one sample.
        name: What errors call the image.

    Raises:
        ImageFormatError: Another dtype, or floats outside 0..1 or not finite.
    """
    if samples.dtype == np.uint8:
        return samples
    if samples.dtype == np.bool_:
        return samples.astype(np.uint8) * np.uint8(255)
    if samples.dtype.kind == "f":
        if not (samples.min() >= 0 and samples.max() <= 1):  # False for NaN as well
            remedy = "divide by 255 if the values run to 255, and replace NaN"
            got = f"values outside or not finite in {name}"
            raise ImageFormatError("float samples out of range", got=got, allowed="0..1", remedy=remedy)
        wide, scale = samples.astype(np.float32), 255.0
    elif samples.dtype.kind == "u" and samples.dtype.itemsize == 2:
        wide, scale = samples.astype(np.uint16), 1 / 257
    else:
        remedy = "convert with astype(np.uint8) if the values run from 0 to 255"
        raise ImageFormatError(
            "samples of a wrong type", got=f"{samples.dtype} in {name}", allowed=_DTYPES, remedy=remedy
        )
    # OpenCV drops a last axis of length 1.
    return cv2.convertScaleAbs(wide, alpha=scale).reshape(samples.shape).astype(np.uint8, copy=False)


def to_srgb(picture: Image.Image, name: str) -> Image.Image:
    """A decoded picture of any mode as an RGB picture in sRGB, transparency laid over white.

    An embedded colour profile is applied (relative colorimetric with black point compensation); one that
    is broken or does not fit the picture is ignored. The result may be ``picture`` itself.

    Raises:
        ImageFormatError: 32-bit integer or float samples outside the range that can be interpreted.
    """
    profile = picture.info.get("icc_profile")
    picture = _shallow(picture, name)
    alpha = None
    if picture.has_transparency_data:
        grey = picture.mode in ("1", "L", "LA", "La")
        layered = picture.convert("LA" if grey else "RGBA")
        alpha, picture = layered.getchannel("A"), layered.convert("L" if grey else "RGB")
    elif picture.mode == "1":
        picture = picture.convert("L")
    elif picture.mode not in _PROFILE_MODES.values():
        picture = picture.convert("RGB")
    rgb = _by_profile(picture, profile)
    return rgb if alpha is None else over_white(rgb, alpha)


def over_white(rgb: Image.Image, alpha: Image.Image) -> Image.Image:
    """``rgb`` (mode RGB) seen through ``alpha`` (mode L, 255 = opaque) on white paper."""
    if alpha.getextrema() == (255, 255):
        return rgb
    paper = Image.new("RGB", rgb.size, "white")
    paper.paste(rgb, mask=alpha)
    return paper


def _shallow(picture: Image.Image, name: str) -> Image.Image:
    """Grey pictures of more than 8 bits as mode L; every other picture as it is."""
    if not picture.mode.startswith(("I", "F")):
        return picture
    samples = np.asarray(picture)
    if picture.mode == "I":  # 32 bits, by Pillow's custom holding 16
        if samples.min() < 0 or samples.max() > 65535:
            got = f"others in {name}"
            raise ImageFormatError("32-bit samples out of range", got=got, allowed="0..65535")
        samples = samples.astype(np.uint16)
    grey = to_eight_bit(samples, name)
    clear = picture.info.get("transparency")
    if isinstance(clear, int):
        grey = np.where(samples == clear, np.uint8(255), grey)
    return Image.fromarray(grey)


def _by_profile(picture: Image.Image, profile: object) -> Image.Image:
    """A picture of mode L, RGB, CMYK or LAB as sRGB, by its profile if that is any good."""
    if isinstance(profile, bytes) and profile:
        try:
            converted = _convert(picture, ImageCms.ImageCmsProfile(io.BytesIO(profile)))
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None
        if converted is not None:
            return converted
    if picture.mode == "LAB":  # Pillow knows no other way to its colours
        lab = _convert(picture, ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")))
        assert lab is not None
        return lab
    return picture if picture.mode == "RGB" else picture.convert("RGB")


def _convert(picture: Image.Image, profile: ImageCms.ImageCmsProfile) -> Image.Image | None:
    """The picture in sRGB, or None if the profile is meant for another kind of picture."""
    mode = _PROFILE_MODES.get(profile.profile.xcolor_space.strip())
    if picture.mode == "L" and mode == "RGB":  # grey photos keep the profile of the camera
        picture = picture.convert("RGB")
    if picture.mode != mode:
        return None
    transform = ImageCms.buildTransform(
        profile,
        ImageCms.createProfile("sRGB"),
        mode,
        "RGB",
        ImageCms.Intent.RELATIVE_COLORIMETRIC,
        ImageCms.Flags.BLACKPOINTCOMPENSATION,
    )
    if mode == "RGB" and _changes_nothing(transform):
        return picture
    return ImageCms.applyTransform(picture, transform)


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether a transform moves no colour of a 17-step grid by more than one level: sRGB under any name."""
    steps = np.linspace(0, 255, 17).round().astype(np.uint8)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(17, -1, 3)
    moved = np.asarray(ImageCms.applyTransform(Image.fromarray(grid), transform))
    return bool(np.abs(moved.astype(np.int16) - grid).max() <= 1)
