"""``dressform demo``: the main jobs on a photo that ships with the package."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Callable, Iterator, Sequence
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
    from dressform.avatar.render import Pixels
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


def write_avatars(parse: Parse, folder: Path, stem: str) -> list[Path]:
    """One person in every style beside the photo, and as layers for Photoshop and as a vector drawing."""
    from dressform.avatar.avatar import draw_avatar
    from dressform.avatar.export.images import png
    from dressform.avatar.measure import measure
    from dressform.avatar.style_file import list_styles
    from dressform.avatar.view import head_frame
    from dressform.parsing.formats.files import write_files

    people = [person for person in parse.people if person.extent is not None]
    if not people or parse.image is None:
        return []
    spec = measure(max(people, key=lambda person: head_frame(person).height))
    avatars = [draw_avatar(spec, name) for name in list_styles()]
    strip = _strip(parse.image, [avatar.to_image(TILE) for avatar in avatars])
    main = next((avatar for avatar in avatars if avatar.style.name == "flat"), avatars[0])
    files = {
        "avatars.png": png(strip),
        "person.psd": main.encode("psd", size=512),
        "person.svg": main.encode("svg"),
    }
    return write_files(folder, files)


def _strip(photo: Pixels, tiles: Sequence[Pixels]) -> Pixels:
    """The photo, and beside it rows of square RGBA pictures, on white."""
    import cv2
    import numpy as np

    rows = max(2, math.ceil(math.sqrt(len(tiles) / 2)))
    height, columns = rows * (TILE + GAP) + GAP, math.ceil(len(tiles) / rows)
    high = height - 2 * GAP
    wide = max(round(photo.shape[1] * high / photo.shape[0]), 1)
    out = np.full((height, wide + GAP + columns * (TILE + GAP) + GAP, 4), 255, np.uint8)
    out[GAP:-GAP, GAP : GAP + wide, :3] = cv2.resize(photo, (wide, high), interpolation=cv2.INTER_AREA)
    for number, tile in enumerate(tiles):
        x = wide + 2 * GAP + number % columns * (TILE + GAP)
        y = GAP + number // columns * (TILE + GAP)
        alpha = tile[..., 3:].astype(np.float32) / 255
        out[y : y + TILE, x : x + TILE, :3] = np.round(tile[..., :3] * alpha + 255 * (1 - alpha))
    return out


TILE, GAP = 224, 12  # px of an avatar in the strip, and between them

# What the demo makes of the parsed photo: a title and a function of (parse, folder, stem) that returns its files.
PRODUCTS: tuple[tuple[str, Callable[[Parse, Path, str], list[Path]]], ...] = (
    ("write results", write_parse),
    ("draw avatars", write_avatars),
)


def demo(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FOLDER", help="Folder for the results.")] = Path(
        "dressform-demo"
    ),
) -> None:
    """Parse a bundled photo and draw an avatar in all styles; needs no network."""
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
