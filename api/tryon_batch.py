"""Many swatches over one prepared garment: each is done, skipped because it was done before, or fails on its own."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dressform.api.batch import Ledger, Outcome, attempt
from dressform.api.inputs import STDIN, check_collisions, find_photos
from dressform.api.inputs import Photo as Swatch
from dressform.api.ledger import fingerprint
from dressform.api.tryon_cloth import Other, notes_of, read_cloth, split_kind
from dressform.api.tryon_files import encode_layer
from dressform.api.tryon_sheet import around, tile
from dressform.parsing import OptionError, OutputError, load_image
from dressform.parsing.formats.files import write_files
from dressform.parsing.image import SUFFIXES
from dressform.tryon.look import Look
from dressform.tryon.photo.write import encode_photo

if TYPE_CHECKING:
    from dressform.tryon.backends.base import Backend
    from dressform.tryon.stage import Stage

__all__ = ["SUFFIX", "Draping", "Job", "check_results", "drape_swatches", "find_swatches", "small"]

SUFFIX = {"png": ".png", "tiff": ".tif", "webp": ".webp", "jpeg": ".jpg"}
"""Endings of results by format."""
_LAYER = "layer"


@dataclass(frozen=True)
class Job:
    """One swatch.

    Attributes:
        swatch: Its label, and where its result goes.
        text: What :func:`read_cloth` makes cloth of.
    """

    swatch: Swatch
    text: str


@dataclass
class Draping:
    """How swatches are draped.

    Attributes:
        stage: What they are draped over.
        look: How they look.
        maker: What makes them.
        tile: Options of fabrics.
        format: Of the results.
        layer: Whether the cloth alone is written too.
        settings: What shapes the results besides the swatch, for the notes of what was done.
        tiles: Captions and small pictures of what was made, filled if not None.
        told: What is to be said of all results, filled.
    """

    stage: Stage
    look: Look
    maker: Backend
    tile: Mapping[str, Any] = field(default_factory=dict)
    format: str = "png"
    layer: bool = False
    settings: tuple[object, ...] = ()
    tiles: list[tuple[str, npt.NDArray[np.uint8]]] | None = None
    told: dict[str, None] = field(default_factory=dict)

    @property
    def formats(self) -> tuple[str, ...]:
        """Names of what is written of each swatch."""
        return (self.format, _LAYER) if self.layer else (self.format,)


def find_swatches(texts: Sequence[str], out: Path, *, recursive: bool = True) -> list[Job]:
    """Swatches of files, folders, names of fabrics, and colours, each once.

    Args:
        texts: What the user wrote.
        out: Output folder.
        recursive: Whether to enter folders inside folders.

    Raises:
        OptionError: A text that is none of these. OutputError: The output folder is one of the input folders.
            ImageReadError: A folder without pictures.
    """
    jobs: dict[str, Job] = {}
    for text in texts:
        if text == STDIN:
            raise OptionError("swatches come from files, folders and names", got="'-'")
        kind, path = split_kind(text)
        if Path(path).exists():
            for found in find_photos([path], SUFFIXES, out=out, recursive=recursive):
                word = f"{kind}:{found.path}" if kind else str(found.path)
                jobs.setdefault(word, Job(found, word))
        else:
            read_cloth(text, {})  # tells wrong names before any work
            stem = "-".join(re.findall(r"[\w.]+", path)) or "swatch"
            jobs.setdefault(text, Job(Swatch(Path(text), Path(), stem), text))
    return list(jobs.values())


def check_results(jobs: Sequence[Job], out: Path, how: Draping, inputs: Sequence[str]) -> None:
    """Refuse results that would replace each other or what they are made from.

    Args:
        jobs: The swatches.
        out: Output folder.
        how: How they are draped.
        inputs: Other files that are read.

    Raises:
        OutputError: Names them.
    """
    layers = [replace(job.swatch, stem=f"{job.swatch.stem}.{_LAYER}") for job in jobs if how.layer]
    sheet = [Swatch(Path("the contact sheet"), Path(), "sheet")] if how.tiles is not None else []
    check_collisions([*(job.swatch for job in jobs), *layers, *sheet])
    taken = {os.path.realpath(split_kind(job.text)[1]) for job in jobs} | {os.path.realpath(path) for path in inputs}
    for swatch in [*(job.swatch for job in jobs), *layers, *sheet]:
        path = out / swatch.folder / f"{swatch.stem}{SUFFIX[how.format]}"
        if os.path.realpath(path) in taken:
            remedy = "choose another output folder"
            raise OutputError("a result would replace what it is made from", got=path, remedy=remedy)


def drape_swatches(jobs: Sequence[Job], out: Path, how: Draping, *, overwrite: bool = False) -> Iterator[Outcome]:
    """Drape swatches and save the results below an existing folder; one that fails does not stop the others.

    Yields:
        One outcome per swatch, in their order.
    """
    book = Ledger(out)
    for job in jobs:
        source = _source(job, how.settings)
        done = None if overwrite else book.done(job.swatch, source, how.formats)
        if done is not None and how.tiles is not None:
            how.tiles.append((job.swatch.target, small(how.stage, load_image(done.files[0]))))
        yield done or attempt(job.swatch, out, partial(_done, job, out, how, source, book))


def _done(job: Job, out: Path, how: Draping, source: str, book: Ledger) -> Outcome:
    cloth = read_cloth(job.text, how.tile)
    if isinstance(cloth, Other):
        raise OptionError("no cloth from other photos here", got=job.text, remedy="use 'dressform tryon --from'")
    result = how.stage.drape(cloth, backend=how.maker, **vars(how.look))
    stem, place = job.swatch.stem, out / job.swatch.folder
    data, told = encode_photo(result.photo, how.format)
    files = {how.format: (f"{stem}{SUFFIX[how.format]}", data)}
    if how.layer:
        files[_LAYER] = (f"{stem}.layer.png", encode_layer(result, "png")[0])
    write_files(place, dict(files.values()))
    outputs = {name: (place / file,) for name, (file, _) in files.items()}
    book.note(job.swatch, source, 1, outputs)
    if how.tiles is not None:
        how.tiles.append((job.swatch.target, small(how.stage, result.photo.srgb)))
    how.told.update(dict.fromkeys(told))
    notes = dict.fromkeys((*notes_of(cloth), *result.report.notes))
    written = tuple(path for each in outputs.values() for path in each)
    return Outcome(job.swatch, "done", 1, written, note="; ".join(notes) or None)


def small(stage: Stage, picture: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """(h, w, 3) uint8: what a contact sheet shows of a picture as large as the stage's photo."""
    return tile(picture, around([stage.window], stage.photo.size))


def _source(job: Job, settings: tuple[object, ...]) -> str:
    try:
        return fingerprint(Path(split_kind(job.text)[1]), job.text, *settings)
    except OSError:
        return "|".join(map(str, (job.text, *settings)))  # a name or a colour
