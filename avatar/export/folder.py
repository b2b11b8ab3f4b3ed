"""A folder of layers: one PNG per layer, all of the same size, and a manifest that says what they are."""

from __future__ import annotations

import json
import secrets
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np

from dressform.avatar.export.images import png, readable, texts
from dressform.avatar.render import Size, draw_layers, pixel_size
from dressform.avatar.render.raster import EffectFunction
from dressform.avatar.scene import Group, Layer, Scene
from dressform.parsing.errors import OutputError
from dressform.parsing.formats.files import write_files

__all__ = ["encode", "group_paths", "save"]

_MANIFEST = "manifest.json"
_GENERATOR = "dressform"


def encode(scene: Scene, *, size: Size, effects: Mapping[str, EffectFunction] | None = None) -> dict[str, bytes]:
    """Files of the folder by their paths in it: ``layers/00_background.png`` and so on, and ``manifest.json``.

    Pictures are RGBA with straight alpha on the whole canvas, hidden layers included. The manifest has
    "canvas" (width, height in pixels), "scale" (pixels per scene unit), "title", "metadata", "groups"
    (name, title, parents), and for each of "layers", from bottom to top: name, title, path, z, group (names from
    the outermost), visible, bbox (x, y, width, height in pixels, or null where it is empty), pivot (x, y in pixels or
    null).

    Raises:
        OptionError: Bad size, or an effect that ``effects`` lacks.
    """
    width, height = pixel_size(scene, size)
    scale = max(width, height) / max(scene.width, scene.height)
    drawn = draw_layers(scene, size, effects=effects)
    groups = group_paths(scene)
    digits = max(2, len(str(len(drawn) - 1)))
    files, layers = {}, []
    for z, layer in enumerate(scene.layers()):
        (pixels, (x, y)), path = drawn[layer.name], f"layers/{z:0{digits}}_{layer.name}.png"
        canvas = np.zeros((height, width, 4), np.uint8)
        canvas[y : y + pixels.shape[0], x : x + pixels.shape[1]] = pixels
        files[path] = png(canvas, texts(scene))
        layers.append(
            {
                "name": layer.name,
                "title": readable(layer.title),
                "path": path,
                "z": z,
                "group": [readable(name) for name in groups[layer.name]],
                "visible": layer.visible,
                "bbox": [x, y, pixels.shape[1], pixels.shape[0]] if pixels.size else None,
                "pivot": None if layer.pivot is None else [round(number * scale, 2) for number in layer.pivot],
            }
        )
    manifest: dict[str, Any] = {
        "generator": _GENERATOR,
        "version": 1,
        "title": readable(scene.title),
        "metadata": {readable(key): readable(value) for key, value in scene.metadata.items()},
        "canvas": {"width": width, "height": height},
        "scale": round(scale, 6),
        "groups": [
            {"name": readable(group.name), "title": readable(group.title), "parents": list(map(readable, parents))}
            for group, parents in _groups(scene.children, ())
        ],
        "layers": layers,
    }
    return {**files, _MANIFEST: (json.dumps(manifest, ensure_ascii=False, indent=1) + "\n").encode()}


def save(files: Mapping[str, bytes], folder: Path) -> list[Path]:
    """Write the files of :func:`encode`; the folder changes at once, in the end, or not at all.

    Raises:
        OutputError: It cannot be written, or something other than an earlier export of layers stands there.
    """
    _check_free(folder)
    work, old = (folder.parent / f".{secrets.token_hex(8)}.tmp" for _ in range(2))
    try:
        for below in dict.fromkeys(Path(name).parent for name in files):
            write_files(work / below, {Path(k).name: v for k, v in files.items() if Path(k).parent == below})
        if folder.exists():
            folder.rename(old)
        try:
            work.rename(folder)
        except OSError:
            with suppress(OSError):
                old.rename(folder)
            raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise OutputError(f"cannot write to {folder}", got=reason, remedy="choose another folder") from error
    except OutputError as error:
        raise OutputError(f"cannot write to {folder}", got=error.got, remedy="choose another folder") from error
    finally:
        shutil.rmtree(work, ignore_errors=True)
        if folder.exists():
            shutil.rmtree(old, ignore_errors=True)
    return [folder / name for name in files]


def group_paths(scene: Scene) -> dict[str, tuple[str, ...]]:
    """For each layer's name the names of the groups that it is in, from the outermost."""
    paths: dict[str, tuple[str, ...]] = {layer.name: () for layer in scene.layers()}
    for group, parents in _groups(scene.children, ()):
        paths |= {layer.name: (*parents, group.name) for layer in group.layers()}
    return paths


def _groups(children: tuple[Layer | Group, ...], parents: tuple[str, ...]) -> Iterator[tuple[Group, tuple[str, ...]]]:
    """All groups, each before those in it, with the names of those around it."""
    for child in children:
        if isinstance(child, Group):
            yield child, parents
            yield from _groups(child.children, (*parents, child.name))


def _check_free(folder: Path) -> None:
    """Only what an earlier export wrote may be replaced: nobody's own files are lost."""
    try:
        if not folder.exists():
            return
        there = {path.relative_to(folder).as_posix() for path in folder.rglob("*")} if folder.is_dir() else {"."}
        known: set[str] = set()
        if _MANIFEST in there:
            manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
            if manifest["generator"] == _GENERATOR:
                known = {_MANIFEST, "layers", *(layer["path"] for layer in manifest["layers"])}
    except (OSError, ValueError, KeyError, TypeError):
        known = set()
        there = {"."}
    if there - known:
        raise OutputError(
            "other files are in the folder", got=folder, remedy="choose a new folder, or one with an earlier export"
        )
