"""The command ``python -m dressform.avatar.bench``: figures of avatars beside their targets, and contact sheets."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from dressform.assets import asset_path
from dressform.avatar.bench.repeat import machine
from dressform.avatar.bench.report import as_json, as_markdown
from dressform.avatar.bench.run import run
from dressform.avatar.bench.subjects import parse_photos, photo_files
from dressform.avatar.export.images import png
from dressform.avatar.style_file import list_styles, load_style
from dressform.parsing import DressformError

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the bench; returns 0, or 1 where a target is missed, or 2 where there is nothing to measure."""
    options = _parser().parse_args(arguments)
    try:
        styles = _styles(options.styles)
        truth = json.loads(options.truth.read_text()) if options.truth else None
    except (DressformError, OSError, ValueError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    files = photo_files(options.photos)
    if not files:
        print(f"bench: no photos in {', '.join(map(str, options.photos))}", file=sys.stderr)
        return 2
    found = run(
        parse_photos(files),
        styles,
        limit=options.limit,
        truth=truth,
        timed=options.timings,
        tell=lambda text: print(text, file=sys.stderr, flush=True),
    )
    if not found.records:
        print("bench: nobody was found in these photos", file=sys.stderr)
        return 2
    write(options.out, found, styles, machine())
    missed = [each for each in found.figures if each.met is False]
    print(f"{len(found.records)} people, {len(missed)} targets missed; see {options.out / 'avatars.md'}")
    return 1 if missed else 0


def write(folder: Path, found: Any, styles: Sequence[str], about: dict[str, Any]) -> None:
    """Table, JSON and contact sheets."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "avatars.json").write_text(as_json(found.figures, found.records, about), encoding="utf-8")
    (folder / "avatars.md").write_text(as_markdown(found.figures, found.records, about, styles), encoding="utf-8")
    for style, picture in found.sheets.items():
        opaque = np.dstack([picture, np.full(picture.shape[:2], 255, np.uint8)])
        (folder / f"sheet-{style}.png").write_bytes(png(np.ascontiguousarray(opaque)))


def _styles(text: str) -> list[str]:
    """Names of styles; "flat" goes first, as it stands for all where one is enough."""
    names = list(list_styles()) if text == "all" else [load_style(name.strip()).name for name in text.split(",")]
    return sorted(dict.fromkeys(names), key=lambda name: name != "flat")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dressform.avatar.bench", description=__doc__)
    parser.add_argument("--photos", nargs="+", type=Path, default=[Path(str(asset_path("samples")))], metavar="DIR")
    parser.add_argument("--limit", type=int, default=None, help="people at the most (all of a photo are taken)")
    parser.add_argument("--styles", default="all", help="names with commas between, or all")
    parser.add_argument("--out", type=Path, default=Path("report"), help="folder of the report")
    parser.add_argument("--truth", type=Path, default=None, help="JSON: what people look like, by photo#number")
    parser.add_argument("--timings", action="store_true", help="measure speed too; nothing else should run")
    return parser


if __name__ == "__main__":
    cv2.setNumThreads(1)
    sys.exit(main())
