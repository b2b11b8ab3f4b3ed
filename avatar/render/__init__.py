"""A scene as a vector drawing or as pixels; both show the same.

Here is what all pictures of one scene share: the size in pixels, and how layers are put on one another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import numpy.typing as npt

from dressform.avatar.scene import Color, Scene
from dressform.parsing.errors import OptionError

if TYPE_CHECKING:
    from dressform.avatar.render.raster import EffectFunction, draw_layers, render, render_layer
    from dressform.avatar.render.svg import to_svg

__all__ = [
    "MAX_SIDE",
    "EffectFunction",
    "Floats",
    "Picture",
    "Pixels",
    "Size",
    "bands",
    "compose",
    "draw_layers",
    "over",
    "pixel_size",
    "quantised",
    "render",
    "render_layer",
    "rgba",
    "straight",
    "to_svg",
]

Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Size = int | tuple[int, int]
"""Pixels of the longer side, or (width, height)."""

MAX_SIDE = 30_000  # pixels; what a PSD file can hold
_BLOCK = 1 << 20  # pixels worked on at once
_CACHED = 1 << 16  # pixels of which a processor keeps everything at hand
_WHERE = {
    "EffectFunction": "raster",
    "draw_layers": "raster",
    "render": "raster",
    "render_layer": "raster",
    "to_svg": "svg",
}


def __getattr__(name: str) -> object:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_WHERE[name]}"), name)


class Picture(NamedTuple):
    """A drawn layer: (h, w, 4) uint8 RGBA, straight alpha, cropped to what is not transparent; x, y of its corner."""

    pixels: Pixels
    offset: tuple[int, int]


def pixel_size(scene: Scene, size: Size) -> tuple[int, int]:
    """Width and height in pixels of a scene whose longer side, or whose both sides, have ``size`` pixels.

    Raises:
        OptionError: No pixels, too many, an aspect that is not the scene's, or a scene without area.
    """
    longer = max(scene.width, scene.height)
    if not all(0 < side < float("inf") for side in (scene.width, scene.height)):
        raise OptionError("a scene without area", got=f"{scene.width} x {scene.height}", allowed="sides above 0")
    sides = tuple(size) if isinstance(size, Sequence) else (size, size)
    if len(sides) != 2 or not all(isinstance(side, int) and 1 <= side <= MAX_SIDE for side in sides):
        raise OptionError("bad size", got=size, allowed=f"1 to {MAX_SIDE} pixels")
    scale = max(sides) / longer
    fit = (max(1, round(scene.width * scale)), max(1, round(scene.height * scale)))
    if isinstance(size, Sequence) and max(abs(fit[0] - sides[0]), abs(fit[1] - sides[1])) > 1:
        raise OptionError("the size has another shape than the scene", got=size, allowed=f"such as {fit}")
    return (sides[0], sides[1]) if isinstance(size, Sequence) else fit


def compose(pictures: Iterable[Picture], size: tuple[int, int], *, background: Color | None = None) -> Pixels:
    """Pictures put on one another, bottom first, on a canvas of ``size`` (width, height), in sRGB and float32.

    Returns:
        (H, W, 4) uint8 RGBA with straight alpha, black where alpha is 0.
    """
    canvas = np.zeros((4, size[1], size[0]), np.float32)  # colours times alpha
    if background is not None:
        canvas += rgba(background)
    for pixels, (x, y) in pictures:
        for rows in bands(pixels.shape[0], pixels.shape[1], _CACHED):
            source = np.ascontiguousarray(pixels[rows].transpose(2, 0, 1)) * np.float32(1 / 255)
            source[:3] *= source[3]
            over(canvas[:, y + rows.start : y + rows.stop, x : x + pixels.shape[1]], source)
    flat = np.empty((size[1], size[0], 4), np.uint8)
    for rows in bands(size[1], size[0], _CACHED):
        flat[rows] = quantised(straight(canvas[:, rows]))
    return flat


def bands(height: int, width: int, block: int | None = None) -> Iterator[slice]:
    """Rows in portions of about ``block`` pixels, a million unless told."""
    rows = max(1, (block or _BLOCK) // max(1, width))
    return (slice(top, min(top + rows, height)) for top in range(0, height, rows))


# ---- planes: (4, h, w) float32 R, G, B, A of 0..1, the colours times alpha ------------------------------------------


def rgba(color: Color, opacity: float = 1.0) -> Floats:
    """A colour as (4, 1, 1) planes."""
    return np.array([*(np.array(color) / 255 * opacity), opacity], np.float32)[:, None, None]


def over(target: Floats, source: Floats) -> None:
    """Puts ``source`` on ``target``, in place."""
    for rows in bands(target.shape[1], target.shape[2], _CACHED):
        below, above = target[:, rows], source[:, rows]
        below *= 1 - above[3]
        below += above


def straight(picture: Floats) -> Floats:
    """Divides the colours by alpha, in place."""
    for rows in bands(picture.shape[1], picture.shape[2], _CACHED):
        picture[:3, rows] /= np.maximum(picture[3, rows], np.float32(1e-6))
    return picture


def quantised(picture: Floats) -> Pixels:
    """Planes of 0..1, straight alpha, as (h, w, 4) of 0..255, black where alpha becomes 0."""
    pixels = np.empty((*picture.shape[1:], 4), np.uint8)
    for rows in bands(pixels.shape[0], pixels.shape[1], _CACHED):
        planes = (np.clip(picture[:, rows], 0, 1) * np.float32(255) + np.float32(0.5)).astype(np.uint8)
        planes[:3] *= planes[3] > 0
        pixels[rows] = planes.transpose(1, 2, 0)
    return pixels
