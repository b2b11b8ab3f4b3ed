"""``dressform demo``: the main job on a photo that ships with the package."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dressform.api.batch import make_folder
from dressform.assets import asset_path
from dressform.parsing.engines.registry import load_parser
from dressform.parsing.errors import ImageReadError

if TYPE_CHECKING:
    from dressform.parsing.result import Parse

__all__ = ["demo"]


@dataclass(frozen=True)
class Sample:
    """A photo that ships with the package, and whose it is."""

    path: Path
    title: str
    licence: str
    source: str


def write_parse(parse: Parse, folder: Path, stem: str) -> list[Path]:
    """The result itself: overlay, label map and COCO JSON."""
    return parse.save(folder, ["overlay", "labels", "coco"], stem)


# What the demo makes of the parsed photo: a title and a function of (parse, folder, stem) that returns its files.
PRODUCTS: tuple[tuple[str, Callable[[Parse, Path, str], list[Path]]], ...] = (("write results", write_parse),)


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Folder for the results.")] = Path(
        "dressform-demo"
    ),
) -> None:
    """Parse a bundled photo; needs no network."""
    sample = first_sample()
    make_folder(out)
    typer.echo(f"Photo: {sample.title} ({sample.licence}, {sample.source})")
    with _timed("load model"):
        parser = load_parser()
    with _timed("parse"):
        parse = parser.parse(sample.path)
    files: list[Path] = []
    for title, make in PRODUCTS:
        with _timed(title):
            files += make(parse, out, sample.path.stem)
    typer.echo("1 person found" if len(parse) == 1 else f"{len(parse) or 'No'} people found")
    for path in files:
        typer.echo(str(path))


def first_sample() -> Sample:
    """The first photo of ``assets/samples/index.json``.

    Raises:
        ImageReadError: The installation is damaged: no list, or no such photo.
    """
    index = asset_path("samples", "index.json")
    try:
        row = json.loads(index.read_text(encoding="utf-8"))[0]
        sample = Sample(index.with_name(row["file"]), row["title"], row["licence"], row["source"])
    except (OSError, ValueError, LookupError, TypeError):
        raise ImageReadError("no sample photo", got=index, remedy="install dressform again") from None
    if not sample.path.is_file():
        raise ImageReadError("sample photo is missing", got=sample.path, remedy="install dressform again")
    return sample


@contextmanager
def _timed(title: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    typer.echo(f"{title:<14} {time.perf_counter() - began:6.2f} s")
