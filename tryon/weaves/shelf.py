"""The fabrics that are shipped: read from ``assets/fabrics``, and made anew from the weaves they come from.

``python -m dressform.tryon.weaves.shelf FOLDER`` writes them all.
"""

from __future__ import annotations

import io
import json
import os
import sys
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from PIL import Image

from dressform.assets import asset_path
from dressform.parsing.errors import OptionError
from dressform.tryon.cloth.kinds import Tile
from dressform.tryon.weaves.designs import list_weaves, weave, weave_info

__all__ = ["Fabric", "list_fabrics", "load_fabric", "make_fabrics"]

_INDEX = "index.json"
_LICENCE = "CC0-1.0"
_SIZE = 384  # px
_LEFT_OUT = ("twill",)  # hardly more than its colour
_BYTES = 60_000  # of a file, at most
_QUALITIES = (94, 90, 86, 82, 78, 74, 70, 65, 60, 50, 40)


@dataclass(frozen=True)
class Fabric:
    """A shipped fabric.

    Attributes:
        name: For :func:`load_fabric`.
        title: For people.
        path: Of the picture, one repeat.
        repeat_cm: Width of one repeat in centimetres.
        licence: SPDX identifier.
    """

    name: str
    title: str
    path: Path
    repeat_cm: float
    licence: str


def list_fabrics() -> tuple[Fabric, ...]:
    """All shipped fabrics, in the order of the shelf."""
    folder = asset_path("fabrics")
    rows: list[dict[str, Any]] = json.loads((folder / _INDEX).read_text(encoding="utf-8"))
    return tuple(
        Fabric(row["name"], row["title"], folder / row["file"], float(row["repeat_cm"]), row["licence"]) for row in rows
    )


def load_fabric(name: str, **options: Any) -> Tile:
    """A shipped fabric as a tile in its own size.

    Args:
        name: Of one of :func:`list_fabrics`.
        options: Of :class:`dressform.tryon.cloth.kinds.Tile`, such as ``angle`` or another ``repeat_cm``.

    Raises:
        OptionError: No such fabric, or an option that is out of range.
    """
    shelf = {fabric.name: fabric for fabric in list_fabrics()}
    if name not in shelf:
        close = get_close_matches(str(name), shelf, 1)
        remedy = f'did you mean "{close[0]}"?' if close else None
        raise OptionError("no such fabric", got=repr(name)[:40], allowed=", ".join(shelf), remedy=remedy)
    if options.get("repeat") is None:
        options.setdefault("repeat_cm", shelf[name].repeat_cm)
    return Tile(shelf[name].path, **options)


def make_fabrics(folder: str | os.PathLike[str]) -> tuple[Path, ...]:
    """Write the weaves as WebP, each in the best quality that fits into 60 kB, and an index of them.

    Args:
        folder: Where to; it is made if it is not there.

    Returns:
        The files written, the index last.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    rows: list[dict[str, object]] = []
    for name in (name for name in list_weaves() if name not in _LEFT_OUT):
        info = weave_info(name)
        path = target / f"{name}.webp"
        path.write_bytes(_encoded(Image.fromarray(weave(name, size=_SIZE))))
        written.append(path)
        rows.append({"file": path.name, "name": name, "title": info.title, "repeat_cm": info.repeat_cm,
                     "licence": _LICENCE})  # fmt: skip
    index = target / _INDEX
    index.write_text(json.dumps(rows, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return (*written, index)


def _encoded(picture: Image.Image) -> bytes:
    data = b""
    for quality in _QUALITIES:
        stream = io.BytesIO()
        picture.save(stream, "WebP", quality=quality, method=6, use_sharp_yuv=True)
        data = stream.getvalue()
        if len(data) <= _BYTES:
            break
    return data


if __name__ == "__main__":
    for file in make_fabrics(sys.argv[1]):
        print(file.name, file.stat().st_size)
