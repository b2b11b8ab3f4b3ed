"""From what stands on the command line to a list of photos and where the results of each go."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dressform.parsing.errors import ImageReadError, OptionError, OutputError

__all__ = ["STDIN", "Photo", "check_collisions", "find_photos"]

STDIN = "-"
_SHOWN = 5  # collisions that an error names before it only counts


@dataclass(frozen=True)
class Photo:
    """One photo to work on.

    Attributes:
        path: The file, or None for standard input.
        folder: Where its results go, relative to the output folder; mirrors the input's tree.
        stem: How the names of its results begin.
    """

    path: Path | None
    folder: Path
    stem: str

    @property
    def label(self) -> str:
        """How the photo is named to the user: as the user wrote it."""
        return "standard input" if self.path is None else str(self.path)

    @property
    def target(self) -> str:
        """Output folder and stem with forward slashes: the same on every system."""
        return (self.folder / self.stem).as_posix()


def find_photos(
    arguments: Sequence[str],
    suffixes: frozenset[str],
    *,
    out: Path | None = None,
    recursive: bool = True,
    stem: str | None = None,
) -> tuple[Photo, ...]:
    """Photos for files, folders and ``-``, each file once, folders in alphabetical order.

    A file named by the user is taken whatever its suffix; in folders the suffix decides. There, hidden
    files and folders and the output folder are passed over, and a folder that links lead to twice is
    entered once. What lies at ``a/x.jpg`` inside a given folder gets the target ``a/x``.

    Args:
        arguments: Paths, or ``-`` for standard input.
        suffixes: Lower-case suffixes with their dot that make a file a photo.
        out: Output folder, so that earlier results are not taken for photos.
        recursive: Whether to enter folders inside folders.
        stem: Name for the results of a single photo.

    Raises:
        OptionError: A path that does not exist, ``-`` twice, or ``stem`` with several photos.
        ImageReadError: A folder without photos, or one that cannot be listed.
        OutputError: The output folder is one of the input folders.
    """
    photos: dict[tuple[str, str], Photo] = {}
    for argument in arguments:
        for photo in _expand(argument, suffixes, out, recursive):
            photos.setdefault((os.path.realpath(photo.path) if photo.path else STDIN, photo.target), photo)
    found = tuple(photos.values())
    if list(arguments).count(STDIN) > 1:
        raise OptionError("standard input holds one photo", got="'-' more than once")
    if stem is not None:
        if len(found) != 1:
            raise OptionError("--stem names the results of one photo", got=f"{len(found)} photos")
        found = (Photo(found[0].path, found[0].folder, stem),)
    return found


def check_collisions(photos: Sequence[Photo]) -> None:
    """Refuse photos whose results would have the same names, as file systems that ignore case see them.

    Raises:
        OutputError: Names the photos.
    """
    groups: dict[str, list[Photo]] = {}
    for photo in photos:
        groups.setdefault(unicodedata.normalize("NFC", photo.target).casefold(), []).append(photo)
    clashes = [group for group in groups.values() if len(group) > 1]
    if not clashes:
        return
    shown = [f"{' and '.join(p.label for p in group)} (all to {group[0].target}.*)" for group in clashes[:_SHOWN]]
    more = f", and {len(clashes) - _SHOWN} more" if len(clashes) > _SHOWN else ""
    remedy = "rename them, or give each its own output folder"
    raise OutputError("photos would overwrite each other's results", got=", ".join(shown) + more, remedy=remedy)


def _expand(argument: str, suffixes: frozenset[str], out: Path | None, recursive: bool) -> Iterator[Photo]:
    if argument == STDIN:
        yield Photo(None, Path(), "stdin")
        return
    path = Path(argument)
    if not path.is_dir():
        if not os.path.lexists(path):
            raise OptionError("no such file or folder", got=argument)
        yield Photo(path, Path(), path.stem)
        return
    if out is not None and _same(path, out):
        remedy = "choose another output folder, or one inside it"
        raise OutputError("results would lie among the photos", got=argument, remedy=remedy)
    empty = True
    for file in _walk(path, suffixes, out, recursive):
        empty = False
        yield Photo(file, file.relative_to(path).parent, file.stem)
    if empty:
        allowed = "files ending in " + ", ".join(sorted(suffixes))
        raise ImageReadError("no photos in this folder", got=argument, allowed=allowed)


def _walk(root: Path, suffixes: frozenset[str], out: Path | None, recursive: bool) -> Iterator[Path]:
    seen = {os.path.realpath(root)}
    if out is not None:
        seen.add(os.path.realpath(out))
    for folder, below, files in os.walk(root, onerror=_unreadable, followlinks=True):
        below[:] = [name for name in sorted(below) if recursive and _enter(Path(folder, name), seen)]
        for name in sorted(files):
            file = Path(folder, name)
            if not name.startswith(".") and file.suffix.lower() in suffixes and file.is_file():
                yield file


def _enter(folder: Path, seen: set[str]) -> bool:
    real = os.path.realpath(folder)
    if folder.name.startswith(".") or real in seen:
        return False
    seen.add(real)
    return True


def _unreadable(error: OSError) -> None:
    raise ImageReadError("folder cannot be listed", got=f"{error.filename}: {error.strerror}")


def _same(a: Path, b: Path) -> bool:
    return os.path.realpath(a) == os.path.realpath(b)
