"""Many photos through one engine: each is done, skipped because it was done before, or fails on its own."""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dressform.api.inputs import Photo
from dressform.api.ledger import LEDGER_NAME, Entry, fingerprint, is_done, read_ledger, write_entry
from dressform.parsing.errors import DressformError, ImageReadError, OutputError

if TYPE_CHECKING:
    from dressform.parsing.engines.base import Parser
    from dressform.parsing.result import Parse

__all__ = ["Outcome", "Write", "Written", "attempt", "make_folder", "parse_photo", "run_batch", "save_parse"]

Outputs = Mapping[str, tuple[Path, ...]]


@dataclass(frozen=True)
class Outcome:
    """What became of one photo.

    Attributes:
        photo: The photo.
        status: ``done``, ``skipped`` or ``failed``.
        people: How many were found; None if it failed.
        files: Its results.
        seconds: Time it took.
        error: Why it failed, one line.
        note: What the user should know of results that are there.
    """

    photo: Photo
    status: str
    people: int | None = None
    files: tuple[Path, ...] = ()
    seconds: float = 0.0
    error: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Written:
    """What was written for one photo.

    Attributes:
        outputs: Files by format.
        note: As in :class:`Outcome`.
    """

    outputs: Outputs
    note: str | None = None


Write = Callable[["Parse", Sequence[str], Path, str], Written]


def save_parse(parse: Parse, formats: Sequence[str], folder: Path, stem: str) -> Written:
    """Like ``Parse.save``, but tells which files belong to which format."""
    from dressform.parsing.formats import encode_files
    from dressform.parsing.formats.files import write_files

    files = encode_files(parse, formats, stem)
    write_files(folder, {file: data for each in files.values() for file, data in each.items()})
    return Written({name: tuple(folder / file for file in each) for name, each in files.items()})


def run_batch(
    photos: Sequence[Photo],
    load: Callable[[], Parser],
    formats: Sequence[str],
    out: Path,
    *,
    settings: tuple[object, ...] = (),
    overwrite: bool = False,
    write: Write = save_parse,
    ledger: str = LEDGER_NAME,
) -> Iterator[Outcome]:
    """Parse photos and save the results below ``out``; one that fails does not stop the others.

    Args:
        photos: What to parse.
        load: Loads the engine; called only if there is something left to do.
        formats: What ``write`` is to write; for the default, names from ``dressform.parsing.formats.list_formats``.
        out: An existing folder.
        settings: What else shapes the results; photos done with other settings are done again.
        overwrite: Do also those that were done before.
        write: Saves the results of a photo: the parse, the formats, the photo's folder below ``out``, and the stem.
        ledger: Name of the file that notes what was done.

    Yields:
        One outcome per photo: the skipped ones first, the others in their order as they come.
    """
    known = read_ledger(out, ledger)
    left: list[Photo] = []
    for photo in photos:
        entry = known.get(photo.target)
        if entry is None or overwrite or not is_done(entry, _source(photo, settings), formats, out):
            left.append(photo)
        else:
            files = tuple(out / name for wanted in formats for name in entry.outputs[wanted])
            yield Outcome(photo, "skipped", entry.people, files)
    parser = load() if left else None
    for photo in left:
        assert parser is not None
        yield attempt(photo, out, partial(_done, photo, parser, formats, out, settings, known, write, ledger))


def parse_photo(photo: Photo, parser: Parser) -> Parse:
    """Parse one photo, from its file or from standard input.

    Raises:
        DressformError: The photo cannot be used.
    """
    if photo.path is not None:
        return parser.parse(photo.path)
    if sys.stdin.isatty():
        raise ImageReadError("no photo on standard input", remedy="pipe one in: dressform parse - < photo.jpg")
    return parser.parse(sys.stdin.buffer)


def make_folder(out: Path) -> None:
    """Make an output folder and try that files can be written there, before any work is done.

    Raises:
        OutputError: It cannot be made or written.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            pass
    except OSError as error:
        got = f"{out}: {error.strerror or error}"
        raise OutputError("output folder cannot be written", got=got, remedy="choose another with -o") from None


def attempt(photo: Photo, out: Path, work: Callable[[], Outcome]) -> Outcome:
    """Do the work for one photo; an error becomes a failed outcome, so that it does not stop the others."""
    began = time.perf_counter()
    outcome = Outcome(photo, "failed")
    try:
        outcome = work()
    except DressformError as error:
        outcome = replace(outcome, error=str(error))
    except OSError as error:
        outcome = replace(outcome, error=f"{error.strerror or error}: {error.filename or out}")
    except Exception as error:  # one photo that an engine trips over must not cost the rest of the night
        outcome = replace(outcome, error=f"unexpected {type(error).__name__}: {' '.join(str(error).split())}")
    return replace(outcome, seconds=time.perf_counter() - began)


def _done(
    photo: Photo,
    parser: Parser,
    formats: Sequence[str],
    out: Path,
    settings: tuple[object, ...],
    known: Mapping[str, Entry],
    write: Write,
    ledger: str,
) -> Outcome:
    source = _source(photo, settings)  # before parsing: a photo that changes meanwhile is done again
    parse = parse_photo(photo, parser)
    written = write(parse, formats, out / photo.folder, photo.stem)
    if photo.path is not None:
        entry = Entry(photo.target, source, len(parse))
        _record(entry, written.outputs, out, known.get(photo.target), ledger)
    files = tuple(path for paths in written.outputs.values() for path in paths)
    return Outcome(photo, "done", len(parse), files, note=written.note)


def _source(photo: Photo, settings: tuple[object, ...]) -> str:
    if photo.path is None:
        return ""
    try:
        return fingerprint(photo.path, *settings)
    except OSError:
        return ""  # the parser will say it better


def _record(entry: Entry, outputs: Outputs, out: Path, old: Entry | None, ledger: str) -> None:
    """Note what was written, and remove what an earlier run wrote in these formats and this one did not."""
    fresh = {name: tuple(Path(os.path.relpath(p, out)).as_posix() for p in paths) for name, paths in outputs.items()}
    if old is not None:
        for name in fresh.keys() & old.outputs.keys():
            for stale in set(old.outputs[name]) - set(fresh[name]):
                if not (out / stale).is_dir():  # what lies in a folder of layers may be somebody's work by now
                    (out / stale).unlink(missing_ok=True)
        if old.source == entry.source:
            fresh = {**old.outputs, **fresh}
    write_entry(out, replace(entry, outputs=fresh), ledger)
