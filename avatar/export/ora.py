"""OpenRaster files (openraster.org, 0.0.6): a zip of PNG pictures and a tree of layers; Krita, GIMP and MyPaint."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator, Mapping

import numpy as np
from PIL import Image

from dressform.avatar.export.images import png, texts
from dressform.avatar.render import Picture, Size, compose, draw_layers, pixel_size
from dressform.avatar.render.raster import EffectFunction
from dressform.avatar.render.svg import escape
from dressform.avatar.scene import Group, Layer, Scene

__all__ = ["encode"]

_THUMBNAIL = 256  # pixels of the longer side, at most
_DATE = (1980, 1, 1, 0, 0, 0)  # the earliest that a zip can hold


def encode(scene: Scene, *, size: Size, effects: Mapping[str, EffectFunction] | None = None) -> bytes:
    """The scene as OpenRaster, hidden layers included; layers are called by their names.

    Raises:
        OptionError: Bad size, or an effect that ``effects`` lacks.
    """
    width, height = pixel_size(scene, size)
    drawn = draw_layers(scene, size, effects=effects)
    merged = compose((drawn[layer.name] for layer in scene.layers() if layer.visible), (width, height))
    small = Image.fromarray(merged)
    small.thumbnail((_THUMBNAIL, _THUMBNAIL))
    places = {name: f"data/{number:03}_{name}.png" for number, name in enumerate(drawn)}
    stack = "\n".join(
        [
            '<?xml version="1.0" encoding="UTF-8"?>',
            f'<image version="0.0.6" w="{width}" h="{height}" xres="72" yres="72">',
            f'<stack name="{escape(scene.title or "root")}">',
            *_tree(scene.children, drawn, places),
            "</stack>",
            "</image>",
            "",
        ]
    )
    files = {"mimetype": b"image/openraster", "stack.xml": stack.encode()}
    files |= {places[name]: png(_some(picture)) for name, (picture, _) in drawn.items()}
    files |= {"mergedimage.png": png(merged, texts(scene)), "Thumbnails/thumbnail.png": png(np.asarray(small))}
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:  # pictures are compressed; mimetype must not be
        for name, data in files.items():
            entry = zipfile.ZipInfo(name, _DATE)
            entry.create_system, entry.external_attr = 3, 0o644 << 16  # the same on every computer
            archive.writestr(entry, data)
    return file.getvalue()


def _tree(
    children: tuple[Layer | Group, ...], drawn: Mapping[str, Picture], places: Mapping[str, str]
) -> Iterator[str]:
    """Lines for stack.xml, top first."""
    for child in reversed(children):
        look = 'opacity="1.0" composite-op="svg:src-over"'
        if isinstance(child, Group):
            yield f'<stack name="{escape(child.name)}" {look} visibility="visible">'
            yield from _tree(child.children, drawn, places)
            yield "</stack>"
        else:
            x, y = drawn[child.name].offset
            shown = "visible" if child.visible else "hidden"
            yield f'<layer name="{child.name}" src="{places[child.name]}" x="{x}" y="{y}" {look} visibility="{shown}"/>'


def _some(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]]) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """The picture, or one transparent pixel for an empty one, which no PNG can hold."""
    return pixels if pixels.size else np.zeros((1, 1, 4), np.uint8)
