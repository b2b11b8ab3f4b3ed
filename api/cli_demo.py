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
    """A photo that ships with the package, how many people it shows, and whose it is."""

    path: Path
    title: str
    licence: str
    source: str
    people: int = 1

    def __str__(self) -> str:
        return f"Photo: {self.title} ({self.licence}, {self.source})"


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


def write_swaps(parse: Parse, folder: Path) -> list[Path]:
    """Somebody's top in another fabric, and a sheet of some more."""
    from dressform.api.tryon_files import encode_sheet
    from dressform.api.tryon_sheet import around, contact_sheet, tile
    from dressform.parsing.formats.files import write_files
    from dressform.tryon import Solid, available_regions, load_fabric, prepare

    people = [person for person in parse.people if "upper" in available_regions(person)]
    if not people or parse.image is None:
        return []
    stage = prepare(parse.image, parse, max(people, key=lambda person: int(person.region("upper").sum())), "upper")
    results = {name: stage.drape(load_fabric(name)) for name in FABRICS}
    results[COLOR] = stage.drape(Solid(COLOR))
    box = around([stage.window], parse.size)
    tiles = [("as it was", tile(parse.image, box))]
    tiles += [(name, tile(result.photo.srgb, box)) for name, result in results.items()]
    picture, _ = results[FABRICS[0]].photo.encode("png")
    return write_files(folder, {"swap.png": picture, "swaps.png": encode_sheet(contact_sheet(tiles), "png")})


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


FABRICS, COLOR = ("tartan", "denim", "breton", "houndstooth", "floral", "herringbone"), "#7a1f2b"
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
    """Parse bundled photos, draw avatars, swap a shirt.

    Needs no network.
    """
    samples = list_samples()
    sample, single = samples[0], min(samples, key=lambda each: each.people)
    make_folder(out)
    typer.echo(str(sample))
    with _timed("load model"):
        parser = load_parser()
    with _timed("parse"):
        parse = parser.parse(sample.path)
    files: list[Path] = []
    for title, make in PRODUCTS:
        with _timed(title):
            files += make(parse, out, sample.path.stem)
    typer.echo("1 person found" if len(parse) == 1 else f"{len(parse) or 'No'} people found")
    if single is not sample:
        typer.echo(str(single))
        with _timed("parse"):
            parse = parser.parse(single.path)
    with _timed("swap a shirt"):
        files += write_swaps(parse, out)
    for path in files:
        typer.echo(str(path))


def list_samples() -> list[Sample]:
    """The photos of ``assets/samples/index.json``, one or more.

    Raises:
        ImageReadError: The installation is damaged: no list, or a photo is missing.
    """
    index = asset_path("samples", "index.json")
    keys = ("title", "licence", "source", "people")
    try:
        rows = json.loads(index.read_text(encoding="utf-8"))
        samples = [
            Sample(index.with_name(row["file"]), **{key: row[key] for key in keys if key in row}) for row in rows
        ]
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        samples = []
    if not samples:
        raise ImageReadError("no sample photo", got=index, remedy="install dressform again")
    for sample in samples:
        if not sample.path.is_file():
            raise ImageReadError("sample photo is missing", got=sample.path, remedy="install dressform again")
    return samples


@contextmanager
def _timed(title: str) -> Iterator[None]:
    began = time.perf_counter()
    yield
    typer.echo(f"{title:<14} {time.perf_counter() - began:6.2f} s")
