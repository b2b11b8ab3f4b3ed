"""``dressform parse``: photos, folders or standard input to files or standard output."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dressform.api.batch import Outcome, make_folder, parse_photo, run_batch
from dressform.api.inputs import STDIN, Photo, check_collisions, find_photos
from dressform.api.progress import progress_bar
from dressform.parsing.engines.registry import check_engine, load_parser
from dressform.parsing.errors import OptionError, OutputError

if TYPE_CHECKING:
    from dressform.parsing.engines.base import Parser

__all__ = ["parse"]

DEFAULT_FORMATS = "labels,overlay,coco"


def parse(
    photos: Annotated[
        list[str], typer.Argument(metavar="PHOTO|FOLDER|-...", help="Photos, folders of photos, or - for stdin.")
    ],
    out: Annotated[
        str, typer.Option("--out", "-o", metavar="FOLDER|-", help="Folder for the results, or - for stdout.")
    ],
    formats: Annotated[
        str, typer.Option("--format", "-f", help="What to write, separated by commas.")
    ] = DEFAULT_FORMATS,
    engine: Annotated[
        str | None, typer.Option("--engine", "-e", help="Engine; 'dressform models list' shows them.")
    ] = None,
    refine: Annotated[
        bool | None, typer.Option("--refine/--no-refine", help="Make edges follow the photo.", show_default="on")
    ] = None,
    weights: Annotated[
        Path | None,
        typer.Option("--weights", metavar="FOLDER|FILE", help="Weights that you have, for m2fp and its relatives."),
    ] = None,
    device: Annotated[
        str | None, typer.Option("--device", help="cpu, cuda, cuda:1; for m2fp.", show_default="cpu")
    ] = None,
    runtime: Annotated[
        str | None, typer.Option("--runtime", help="auto, onnx, openvino or torch; for m2fp.", show_default="auto")
    ] = None,
    precision: Annotated[
        str | None, typer.Option("--precision", help="fp32, bf16 or fp16; for m2fp.", show_default="fp32")
    ] = None,
    tta: Annotated[bool, typer.Option("--tta", help="Look several times and combine; for m2fp.")] = False,
    max_side: Annotated[
        int | None, typer.Option("--max-side", help="Longest side of m2fp's input, in pixels.", show_default="1333")
    ] = None,
    recursive: Annotated[bool, typer.Option("--recursive/--no-recursive", help="Enter folders inside folders.")] = True,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Do again what was done before.")] = False,
    stem: Annotated[str | None, typer.Option("--stem", help="How the names of one photo's results begin.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON per photo.")] = False,
) -> None:
    """Find people and their parts in photos.

    Folders are mirrored: for FOLDER/a/x.jpg the results are OUT/a/x.labels.png and so on.
    A stopped run goes on where it was: a photo is skipped if it was done before with the same engine
    and settings, has not changed since, and its results are still there; OUT/.dressform.jsonl notes that.
    """
    from dressform.parsing.formats.files import check_stem
    from dressform.parsing.image import SUFFIXES

    wanted = parse_formats(formats)
    if stem is not None:
        check_stem(stem)
    info = check_engine(engine)
    options = {
        "refine": refine,
        "weights": weights,
        "device": device,
        "runtime": runtime,
        "precision": precision,
        "tta": tta or None,
        "max_side": max_side,
    }
    given = {name: value for name, value in options.items() if value is not None}
    to_stdout = out == STDIN
    found = find_photos(photos, SUFFIXES, out=None if to_stdout else Path(out), recursive=recursive, stem=stem)

    def load() -> Parser:
        return load_parser(engine, **given)

    if to_stdout:
        _check_stdout(found, wanted)
        _write_stdout(found[0], load(), wanted[0])
        return
    check_collisions(found)
    make_folder(Path(out))
    others = (f"{name}={value}" for name, value in given.items() if name != "refine")
    settings = (info.name, version("dressform"), "default" if refine is None else refine, *others)
    outcomes = run_batch(found, load, wanted, Path(out), settings=settings, overwrite=overwrite)
    counts: dict[str, int] = {}
    failures: list[Outcome] = []
    with progress_bar("Parsing", len(found)) as advance:
        for number, outcome in enumerate(outcomes, 1):
            counts[outcome.status] = counts.get(outcome.status, 0) + 1
            if outcome.error is not None:
                failures.append(outcome)
            # Not typer.echo: it would write past the bar, into its line.
            if as_json:
                print(as_json_line(outcome), flush=True)
            elif outcome.status == "done":
                print(sentence(outcome), flush=True)
            advance(number)
    if not as_json and (len(found) > 1 or "skipped" in counts):
        typer.echo(_summary(counts))
    for outcome in failures:
        # Most errors of a photo name it already.
        named = outcome.photo.label in str(outcome.error)
        typer.echo(f"dressform: error: {'' if named else f'{outcome.photo.label}: '}{outcome.error}", err=True)
    if failures:
        raise typer.Exit(1)


def parse_formats(text: str) -> tuple[str, ...]:
    """Format names from a list with commas, each once.

    Raises:
        OptionError: No such format; the error lists what exists.
    """
    from dressform.parsing.formats import get_format, list_formats

    names = tuple(dict.fromkeys(name.strip().lower() for name in text.split(",") if name.strip()))
    if not names:
        raise OptionError("no format given", allowed=", ".join(each.name for each in list_formats()))
    return tuple(get_format(name).name for name in names)


def sentence(outcome: Outcome) -> str:
    """What was found and where it was written, for people."""
    shown = next((path for path in outcome.files if ".overlay." in path.name), None)
    shown = shown or next(iter(outcome.files), None)
    people = {0: "No people found", 1: "1 person"}.get(outcome.people or 0, f"{outcome.people} people")
    arrow = f" → {shown}" if shown is not None else ""
    return f"{people} in {outcome.photo.label}{arrow}"


def as_json_line(outcome: Outcome) -> str:
    """The same for programs: photo, status, people, files, seconds, error."""
    row = {
        "photo": outcome.photo.label if outcome.photo.path is not None else STDIN,
        "status": outcome.status,
        "people": outcome.people,
        "files": [str(path) for path in outcome.files],
        "seconds": round(outcome.seconds, 3),
        "error": outcome.error,
    }
    return json.dumps(row)


def _summary(counts: dict[str, int]) -> str:
    done = counts.get("done", 0)
    parts = [f"{done} photo{'' if done == 1 else 's'} parsed"]
    if skipped := counts.get("skipped"):
        parts.append(f"{skipped} skipped, done before (--overwrite does them again)")
    if failed := counts.get("failed"):
        parts.append(f"{failed} failed")
    return ", ".join(parts)


def _check_stdout(photos: Sequence[Photo], formats: Sequence[str]) -> None:
    if len(photos) != 1 or len(formats) != 1:
        got = f"{len(photos)} photos and {len(formats)} formats"
        raise OptionError("standard output takes one file", got=got, remedy="give one photo and one --format")


def _write_stdout(photo: Photo, parser: Parser, name: str) -> None:
    from dressform.parsing.formats import encode

    files = encode(parse_photo(photo, parser), name)
    if len(files) != 1:
        remedy = "give a folder with -o"
        raise OutputError("standard output takes one file", got=f"{len(files)} files of {name}", remedy=remedy)
    sys.stdout.buffer.write(next(iter(files.values())))
