"""Many photos through one engine: each is done, skipped because it was done before, or fails on its own."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from dressform.api.inputs import Photo
from dressform.api.ledger import Entry, fingerprint, is_done, read_ledger, write_entry
from dressform.parsing.errors import DressformError, ImageReadError, OutputError

if TYPE_CHECKING:
    from dressform.parsing.engines.base import Parser
    from dressform.parsing.result import Parse

__all__ = [
    "Book",
    "FolderNotes",
    "Ledger",
    "Outcome",
    "Write",
    "Written",
    "attempt",
    "make_folder",
    "parse_photo",
    "run_batch",
    "save_parse",
]

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


class Book(Protocol):
    """Knows what was done before."""

    def done(self, photo: Photo, source: str, formats: Sequence[str]) -> Outcome | None:
        """The outcome of an earlier run that made all this of the photo as it is, if its files are still there."""

    def note(self, photo: Photo, source: str, people: int, outputs: Outputs) -> None:
        """Note what was written, and remove what an earlier run wrote in these formats and this one did not."""


class Ledger:
    """The ledger of an output folder, for results that lie beside each other."""

    def __init__(self, out: Path) -> None:
        self.out, self.known = out, read_ledger(out)

    def done(self, photo: Photo, source: str, formats: Sequence[str]) -> Outcome | None:
        entry = self.known.get(photo.target)
        if entry is None or not is_done(entry, source, formats, self.out):
            return None
        files = tuple(self.out / name for wanted in formats for name in entry.outputs[wanted])
        return Outcome(photo, "skipped", entry.people, files)

    def note(self, photo: Photo, source: str, people: int, outputs: Outputs) -> None:
        old, out = self.known.get(photo.target), self.out
        fresh = {
            name: tuple(Path(os.path.relpath(p, out)).as_posix() for p in paths) for name, paths in outputs.items()
        }
        if old is not None:
            for name in fresh.keys() & old.outputs.keys():
                for stale in set(old.outputs[name]) - set(fresh[name]):
                    (out / stale).unlink(missing_ok=True)
            if old.source == source:
                fresh = {**old.outputs, **fresh}
        write_entry(out, Entry(photo.target, source, people, fresh))


class FolderNotes:
    """A note in the folder that each photo's results have for themselves.

    The ledger of the output folder would do for results that lie beside each other only; here it just names photos that
    led to no results, so that no empty folders are made.

    Args:
        out: Output folder.
        own: How the names of results begin; nothing else is ever removed.
    """

    NAME = ".dressform.json"

    def __init__(self, out: Path, own: tuple[str, ...]) -> None:
        self.out, self.own, self.known = out, own, read_ledger(out)

    def done(self, photo: Photo, source: str, formats: Sequence[str]) -> Outcome | None:
        empty = self.known.get(f"{photo.target}/")
        if empty is not None and is_done(empty, source, formats, self.out):
            return Outcome(photo, "skipped", empty.people)
        folder = self.out / photo.folder / photo.stem
        old, people, outputs = self._read(folder)
        if old != source or not all(name in outputs for name in formats):
            return None
        files = tuple(folder / file for name in formats for file in outputs[name])
        return Outcome(photo, "skipped", people, files) if all(file.exists() for file in files) else None

    def note(self, photo: Photo, source: str, people: int, outputs: Outputs) -> None:
        from dressform.parsing.formats.files import write_files

        folder = self.out / photo.folder / photo.stem
        before, _, old = self._read(folder)
        fresh = {name: tuple(path.name for path in paths) for name, paths in outputs.items()}
        for name in fresh.keys() & old.keys():
            for stale in set(old[name]) - set(fresh[name]):
                if not (folder / stale).is_dir():
                    (folder / stale).unlink(missing_ok=True)
        if not any(fresh.values()):
            write_entry(self.out, Entry(f"{photo.target}/", source, people, fresh))
        else:
            row = {"source": source, "people": people, "outputs": {**(old if before == source else {}), **fresh}}
            write_files(folder, {self.NAME: (json.dumps(row, separators=(",", ":")) + "\n").encode()})

    def _read(self, folder: Path) -> tuple[str, int, dict[str, tuple[str, ...]]]:
        """Source, people, and names of files by format; no formats where there is no sound note."""
        try:
            row = json.loads((folder / self.NAME).read_text(encoding="utf-8"))
            outputs = {str(key): tuple(str(name) for name in names) for key, names in row["outputs"].items()}
            found = str(row["source"]), int(row["people"]), outputs
        except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
            return "", 0, {}  # never written, or by another version: that photo is done again
        sound = all(
            name.startswith(self.own) and not set("/\\") & set(name) for each in outputs.values() for name in each
        )
        return found if sound else ("", 0, {})


def run_batch(
    photos: Sequence[Photo],
    load: Callable[[], Parser],
    formats: Sequence[str],
    out: Path,
    *,
    settings: tuple[object, ...] = (),
    overwrite: bool = False,
    write: Write = save_parse,
    book: Book | None = None,
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
        book: Knows what was done before; None takes the ledger of ``out``.

    Yields:
        One outcome per photo: the skipped ones first, the others in their order as they come.
    """
    book = book or Ledger(out)
    left: list[Photo] = []
    for photo in photos:
        done = None if overwrite else book.done(photo, _source(photo, settings), formats)
        if done is None:
            left.append(photo)
        else:
            yield done
    parser = load() if left else None
    for photo in left:
        assert parser is not None
        yield attempt(photo, out, partial(_done, photo, parser, formats, out, settings, write, book))


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
    write: Write,
    book: Book,
) -> Outcome:
    source = _source(photo, settings)  # before parsing: a photo that changes meanwhile is done again
    parse = parse_photo(photo, parser)
    written = write(parse, formats, out / photo.folder, photo.stem)
    if photo.path is not None:
        book.note(photo, source, len(parse), written.outputs)
    files = tuple(path for paths in written.outputs.values() for path in paths)
    return Outcome(photo, "done", len(parse), files, note=written.note)


def _source(photo: Photo, settings: tuple[object, ...]) -> str:
    if photo.path is None:
        return ""
    try:
        return fingerprint(photo.path, *settings)
    except OSError:
        return ""  # the parser will say it better
