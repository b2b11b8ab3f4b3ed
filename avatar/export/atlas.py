"""A sprite sheet: all layers trimmed and packed into one PNG, with TexturePacker's "JSON (Hash)" that engines read.

Packing: shelves of falling height, in the width that wastes least of a nearly square sheet.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import accumulate

import numpy as np

from dressform.avatar.export.folder import group_paths
from dressform.avatar.export.images import png, readable, texts
from dressform.avatar.render import Size, draw_layers, pixel_size
from dressform.avatar.render.raster import EffectFunction
from dressform.avatar.scene import Scene
from dressform.parsing.errors import OptionError

__all__ = ["encode", "pack"]

_GAP = 2  # transparent pixels around sprites, so that neighbours do not show when scaled
_MAX_SIDE = 16_384  # pixels; the largest texture that graphics cards take


def encode(
    scene: Scene, image: str, *, size: Size, effects: Mapping[str, EffectFunction] | None = None
) -> tuple[bytes, bytes]:
    """The JSON and the PNG, hidden layers included.

    Frames stand in the order of drawing, from the bottom; ``pivot`` is a share of the whole canvas, as is usual. Beyond
    the format, "layers" in ``meta`` says for each frame its title, groups and whether it is visible.

    Args:
        scene: What to write.
        image: Name of the PNG file, for the JSON.
        size: Pixels of the longer side, or (width, height), before trimming.
        effects: As for :func:`~dressform.avatar.render.render_layer`.

    Raises:
        OptionError: Bad size, sprites that do not fit into 16384 px, or an effect that ``effects`` lacks.
    """
    width, height = pixel_size(scene, size)
    drawn = draw_layers(scene, size, effects=effects)
    groups = group_paths(scene)
    sizes = {name: (max(1, p.shape[1]), max(1, p.shape[0])) for name, (p, _) in drawn.items()}
    (w, h), places = pack(sizes)
    sheet = np.zeros((h, w, 4), np.uint8)
    frames, layers = {}, []
    for layer in scene.layers():
        (pixels, (x, y)), (left, top) = drawn[layer.name], places[layer.name]
        sheet[top : top + pixels.shape[0], left : left + pixels.shape[1]] = pixels
        wide, high = sizes[layer.name]
        turn = layer.pivot or (scene.width / 2, scene.height / 2)
        frames[layer.name] = {
            "frame": {"x": left, "y": top, "w": wide, "h": high},
            "rotated": False,
            "trimmed": (wide, high) != (width, height),
            "spriteSourceSize": {"x": x, "y": y, "w": wide, "h": high},
            "sourceSize": {"w": width, "h": height},
            "pivot": {"x": round(turn[0] / scene.width, 6), "y": round(turn[1] / scene.height, 6)},
        }
        group = [readable(name) for name in groups[layer.name]]
        layers.append({"name": layer.name, "title": readable(layer.title), "group": group, "visible": layer.visible})
    meta = {
        "app": "dressform",
        "version": "1.0",
        "image": readable(image),
        "format": "RGBA8888",
        "size": {"w": w, "h": h},
        "scale": "1",
        "title": readable(scene.title),
        "metadata": {readable(key): readable(value) for key, value in scene.metadata.items()},
        "layers": layers,
    }
    text = json.dumps({"frames": frames, "meta": meta}, ensure_ascii=False, indent=1) + "\n"
    return text.encode(), png(sheet, texts(scene))


def pack(sizes: Mapping[str, tuple[int, int]]) -> tuple[tuple[int, int], dict[str, tuple[int, int]]]:
    """Width and height of a sheet, and the x, y of each rectangle (width, height), which never touch.

    Raises:
        OptionError: They do not fit into 16384 x 16384 px.
    """
    if not sizes:
        return (1, 1), {}
    order = sorted(sizes, key=lambda name: (-sizes[name][1], -sizes[name][0], name))
    widths = [sizes[name][0] + _GAP for name in order]
    tries = (_shelved(sizes, order, _GAP + width) for width in sorted({*accumulate(widths), max(widths)}))
    fitting = [each for each in tries if max(each[0]) <= _MAX_SIDE]
    if not fitting:
        raise OptionError("the sprites do not fit", allowed=f"a sheet of {_MAX_SIDE} px", remedy="draw it smaller")
    return min(fitting, key=lambda each: (max(each[0]), each[0][0] * each[0][1]))


def _shelved(
    sizes: Mapping[str, tuple[int, int]], order: list[str], width: int
) -> tuple[tuple[int, int], dict[str, tuple[int, int]]]:
    places, x, y, shelf, right = {}, _GAP, _GAP, 0, 0
    for name in order:
        w, h = sizes[name]
        if shelf and x + w + _GAP > width:
            x, y, shelf = _GAP, y + shelf + _GAP, 0
        places[name] = (x, y)
        x, shelf = x + w + _GAP, max(shelf, h)
        right = max(right, x)
    return (right, y + shelf + _GAP), places
