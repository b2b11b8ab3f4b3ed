"""Moving pictures from scenes shown one after another: GIF, APNG and animated WebP, for ever."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, PngImagePlugin

from dressform.avatar.export.images import texts, xmp
from dressform.avatar.render import Picture, Pixels, Size, compose, pixel_size, render_layer
from dressform.avatar.render.raster import EffectFunction
from dressform.avatar.scene import Color, Layer, Scene
from dressform.parsing.errors import OptionError

__all__ = ["Frame", "encode_apng", "encode_gif", "encode_webp"]

Frame = tuple[Scene, int]
"""A scene and for how many milliseconds it is shown."""

_MOST_MS = 600_000
_WEBP_SIDE = 16_383  # pixels
_CLEAR = 255  # the palette's transparent entry


def encode_apng(
    frames: Sequence[Frame],
    *,
    size: Size,
    background: Color | None = None,
    effects: Mapping[str, EffectFunction] | None = None,
) -> bytes:
    """Frames as animated PNG, 8-bit RGBA.

    Raises:
        OptionError: No frames, frames of several shapes, a bad time or size, or an effect that ``effects`` lacks.
    """
    info = PngImagePlugin.PngInfo()
    for keyword, value in (texts(frames[0][0]) if frames else {}).items():
        info.add_text(keyword, value)
    pictures = [Image.fromarray(each) for each in _drawn(frames, size, background, effects)]
    return _saved(pictures, "PNG", duration=[time for _, time in frames], pnginfo=info)


def encode_webp(
    frames: Sequence[Frame],
    *,
    size: Size,
    background: Color | None = None,
    effects: Mapping[str, EffectFunction] | None = None,
) -> bytes:
    """Frames as lossless animated WebP with transparency.

    Raises:
        OptionError: As for :func:`encode_apng`.
    """
    pictures = [Image.fromarray(each) for each in _drawn(frames, size, background, effects, most=_WEBP_SIDE)]
    times = [time for _, time in frames]
    return _saved(
        pictures, "WEBP", duration=times, lossless=True, exact=True, quality=60, method=4, xmp=xmp(frames[0][0])
    )


def encode_gif(
    frames: Sequence[Frame],
    *,
    size: Size,
    background: Color | None = None,
    effects: Mapping[str, EffectFunction] | None = None,
) -> bytes:
    """Frames as GIF: 255 colours that all frames share, pixels opaque or clear, times in hundredths of a second.

    Raises:
        OptionError: As for :func:`encode_apng`.
    """
    drawn = list(_drawn(frames, size, background, effects))
    shown = [each[..., 3] >= 128 for each in drawn]
    palette, index = _palette([each[mask] for each, mask in zip(drawn, shown, strict=True)])
    pictures = []
    for each, mask in zip(drawn, shown, strict=True):
        picture = Image.fromarray(np.where(mask, index[_packed(each)], np.uint8(_CLEAR)))
        picture.putpalette(palette.tobytes())
        pictures.append(picture)
    times = [max(20, round(time / 10) * 10) for _, time in frames]  # browsers slow down what is faster
    comment = " / ".join(texts(frames[0][0]).values()).encode()
    options = {"transparency": _CLEAR, "disposal": 2, "optimize": False, "comment": comment}
    return _saved(pictures, "GIF", duration=times, palette=palette.tobytes(), **options)  # once, not with each frame


def _packed(pixels: Pixels) -> npt.NDArray[np.int32]:
    """Each colour of (..., 3 or more) channels as one number below 2 ** 24."""
    red, green, blue = (pixels[..., k].astype(np.int32) for k in range(3))
    return red << 16 | green << 8 | blue


def _palette(pixels: list[Pixels]) -> tuple[Pixels, Pixels]:
    """(256, 3) colours for lists of (n, 4) pixels, the last one unused, and for each packed colour its place.

    All colours if there are at most 255, else a median cut of them, weighed by the square root of their area so that
    small things such as eyes keep their colour; others take the nearest one.
    """
    counts = np.zeros(1 << 24, np.int32)
    for each in pixels:
        np.add.at(counts, _packed(each), 1)
    colors = np.flatnonzero(counts)
    table = np.stack([colors >> 16, colors >> 8 & 255, colors & 255], 1)
    palette = table
    if len(colors) > _CLEAR:
        weighed = np.repeat(table.astype(np.uint8), np.sqrt(counts[colors]).astype(np.int64), axis=0)
        cut = Image.fromarray(weighed[None]).quantize(_CLEAR, Image.Quantize.MEDIANCUT, kmeans=3)
        palette = np.array(cut.getpalette()).reshape(-1, 3)[:_CLEAR]
    index = np.zeros(1 << 24, np.uint8)
    for start in range(0, len(colors), 4096):
        some = table[start : start + 4096]
        index[colors[start : start + 4096]] = ((some[:, None] - palette[None]) ** 2).sum(2).argmin(1)
    full = np.zeros((256, 3), np.uint8)
    full[: len(palette)] = palette
    return full, index


def _drawn(
    frames: Sequence[Frame],
    size: Size,
    background: Color | None,
    effects: Mapping[str, EffectFunction] | None,
    most: int = 65_535,
) -> Iterator[Pixels]:
    """Pictures of the frames; layers that frames share are drawn once."""
    if not frames:
        raise OptionError("no frames", allowed="one or more pairs of a scene and milliseconds")
    sides = {pixel_size(scene, size) for scene, _ in frames}
    if len(sides) > 1 or len({(scene.width, scene.height) for scene, _ in frames}) > 1:
        raise OptionError("frames of several shapes", got=sorted(sides), allowed="scenes of one width and height")
    (canvas,) = sides
    if max(canvas) > most:
        raise OptionError("too large for an animation", got=canvas, allowed=f"at most {most} pixels to a side")
    for _, time in frames:
        if not 1 <= time <= _MOST_MS:
            raise OptionError("bad time of a frame", got=time, allowed=f"1 to {_MOST_MS} milliseconds")
    known: dict[Layer, Picture] = {}
    for scene, _ in frames:
        layers = [layer for layer in scene.layers() if layer.visible]
        known |= {layer: render_layer(layer, scene, size, effects=effects) for layer in layers if layer not in known}
        yield compose((known[layer] for layer in layers), canvas, background=background)


def _saved(pictures: list[Image.Image], form: str, **options: Any) -> bytes:
    file = io.BytesIO()
    pictures[0].save(file, form, save_all=True, append_images=pictures[1:], loop=0, **options)
    return file.getvalue()
