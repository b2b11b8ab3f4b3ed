"""Criterion 6, the files: what other programs' readers find in them."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PIL import Image

from dressform.avatar.bench.drawing import Drawing
from dressform.avatar.bench.figures import Figure, Record, share, values

__all__ = ["READERS", "figures", "record"]

_SIDE = 256


def record(drawings: Mapping[str, Drawing]) -> Record:
    """For each style and reader 1.0 where the file re-opens with its layers, 0.0 where not; absent without reader."""
    out: Record = {}
    for style, drawing in drawings.items():
        out[style] = {name: float(check(drawing)) for name, (module, check) in READERS.items() if find_spec(module)}
    return out


def _pillow(drawing: Drawing) -> bool:
    with Image.open(io.BytesIO(drawing.avatar.encode("png", size=_SIDE))) as picture:
        picture.load()
        return bool(picture.mode == "RGBA" and max(picture.size) == _SIDE)


def _psd(drawing: Drawing) -> bool:
    """Layers by their names in the order of drawing, groups of the same names, the canvas, and pixels in them."""
    module: Any = import_module("psd_tools")
    found = module.PSDImage.open(io.BytesIO(drawing.avatar.encode("psd", size=_SIDE)))
    names = [layer.name for layer in found.descendants() if not layer.is_group()]
    wanted = [layer.name for layer in drawing.scene.layers()]
    groups = sorted(layer.name for layer in found.descendants() if layer.is_group())
    hidden = {layer.name for layer in found.descendants() if not layer.is_group() and not layer.visible}
    right = hidden == {layer.name for layer in drawing.scene.layers() if not layer.visible}
    return bool(names == wanted and right and groups == sorted(_groups(drawing)) and max(found.size) == _SIDE)


def _ora(drawing: Drawing) -> bool:
    module: Any = import_module("pyora")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "avatar.ora"
        path.write_bytes(drawing.avatar.encode("ora", size=_SIDE))
        found = module.Project.load(str(path))
        names = {layer.name for layer in found.iter_layers}
        size = tuple(found.dimensions)
    return bool({layer.name for layer in drawing.scene.layers()} <= names and max(size) == _SIDE)


def _groups(drawing: Drawing) -> Iterator[str]:
    todo: list[Any] = list(drawing.scene.children)
    while todo:
        node = todo.pop()
        if hasattr(node, "children"):
            yield node.name
            todo += node.children


READERS: dict[str, tuple[str, Callable[[Drawing], bool]]] = {
    "PNG with Pillow": ("PIL", _pillow),
    "PSD with psd-tools": ("psd_tools", _psd),
    "ORA with pyora": ("pyora", _ora),
}
"""The module that each needs, and its check."""


def figures(records: Sequence[Record], styles: Sequence[str]) -> list[Figure]:
    """How many files re-open."""
    out = []
    rows = [each["files"] for each in records if "files" in each]
    for name, (module, _) in READERS.items():
        found = [value for style in styles for value in values(rows, style, name)]
        note = "" if find_spec(module) else "the reader is not installed"
        out.append(Figure(6, f"re-opened with all layers: {name}", share(found), 100, True, len(found), "%", note))
    return out
