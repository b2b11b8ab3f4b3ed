"""``dressform avatar``: cartoon avatars of the people in photos, of saved specs, or of seeds."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dressform.api.batch import FolderNotes, Outcome, attempt, make_folder, parse_photo, run_batch
from dressform.api.cli_parse import as_json_line
from dressform.api.inputs import STDIN, Photo, check_collisions, find_photos
from dressform.api.outcomes import tell
from dressform.parsing.engines.registry import check_engine, load_parser
from dressform.parsing.errors import OptionError, OutputError

if TYPE_CHECKING:
    from dressform.api.avatar_batch import Wanted
    from dressform.avatar.avatar import Avatar
    from dressform.avatar.spec import AvatarSpec

__all__ = ["avatar"]

LISTS = ("styles", "accessories", "options", "formats")

Job = tuple[Photo, "Callable[[], AvatarSpec]"]
Texts = list[str] | None


def avatar(
    photos: Annotated[
        Texts, typer.Argument(metavar="PHOTO|FOLDER|-...", help="Photos, folders of photos, or - for stdin.")
    ] = None,
    out: Annotated[
        str | None, typer.Option("--out", "-o", metavar="FOLDER|-", help="Folder for the results, or - for stdout.")
    ] = None,
    style: Annotated[
        str, typer.Option("--style", "-s", help="Styles, or JSON files of styles, separated by commas, or all.")
    ] = "flat",
    formats: Annotated[str, typer.Option("--format", "-f", help="What to write, separated by commas.")] = "png",
    person: Annotated[str, typer.Option(help="Numbers from the left, such as 1,3 or 2-4, or all.")] = "all",
    size: Annotated[int, typer.Option(min=16, max=8192, help="Pixels of the longer side.")] = 512,
    frame: Annotated[str, typer.Option(help="circle, squircle, square, card or none.")] = "circle",
    framing: Annotated[str, typer.Option(help="auto, bust, half or full.")] = "auto",
    background: Annotated[
        str | None, typer.Option(help="none, a colour such as #7a1f2b, or a shape such as rays.")
    ] = None,
    values: Annotated[
        Texts, typer.Option("--set", metavar="KEY=VALUE", help="A value, such as hair.color=#7a1f2b.")
    ] = None,
    add: Annotated[Texts, typer.Option(help="An accessory, such as hat:beanie or glasses:round#223344.")] = None,
    remove: Annotated[Texts, typer.Option(help="What to leave away, such as glasses.")] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of what is left to chance.")] = None,
    sheet: Annotated[bool, typer.Option("--sheet", help="Also a contact sheet of all avatars of a photo.")] = False,
    group: Annotated[bool, typer.Option("--group", help="Also everybody together, as in the photo.")] = False,
    spec: Annotated[Texts, typer.Option(metavar="FILE", help="A saved spec instead of a photo.")] = None,
    from_seed: Annotated[
        str | None, typer.Option(metavar="NUMBERS", help="Seeds instead of photos, such as 7 or 1-100.")
    ] = None,
    min_head: Annotated[
        float, typer.Option(min=0, help="Leave out people whose heads are smaller, in photo pixels.")
    ] = 20,
    engine: Annotated[
        str | None, typer.Option("--engine", "-e", help="Engine; 'dressform models list' shows them.")
    ] = None,
    recursive: Annotated[bool, typer.Option("--recursive/--no-recursive", help="Enter folders inside folders.")] = True,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Do again what was done before.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON per photo.")] = False,
    listed: Annotated[
        str | None, typer.Option("--list", help="Show all styles, accessories, options or formats.")
    ] = None,
) -> None:
    """Draw the people in photos as cartoon avatars.

    For FOLDER/a/x.jpg the results are OUT/a/x/person-01-flat.png and so on, people counted from the left,
    and OUT/a/x/person-01.json, from which --spec draws the same person again.
    A stopped run goes on where it was: a photo is skipped if all this was made of it before, it has not
    changed since, and the results are still there; a hidden file beside them notes that.
    """
    if listed is not None:
        typer.echo("\n".join(list_lines(listed)))
        return
    kinds = [name for name, given in (("photos", photos), ("--spec", spec), ("--from-seed", from_seed)) if given]
    if len(kinds) != 1:
        what = "several kinds of things to draw" if kinds else "nothing to draw"
        raise OptionError(what, got=" and ".join(kinds) or None, allowed="photos, --spec or --from-seed")
    if out is None:
        raise OptionError("no place for the results", allowed="a folder, or - for standard output", remedy="add -o")

    from dressform.api.avatar_batch import make_wanted, writer
    from dressform.parsing.image import SUFFIXES

    options = {"framing": framing, "frame": frame, "add": tuple(add or ()), "remove": tuple(remove or ()), "seed": seed}
    wanted = make_wanted(
        style, formats, person, background, values or (), options,
        size=size, min_head=min_head, sheet=sheet, group=group,
    )  # fmt: skip
    info = check_engine(engine)
    place = None if out == STDIN else Path(out)
    found = find_photos(photos or (), SUFFIXES, out=place, recursive=recursive)
    jobs = [*spec_jobs(spec or ()), *seed_jobs(from_seed)]
    if place is None:
        _check_stdout(wanted, len(found) + len(jobs))
        _write_stdout(found, jobs, wanted, engine)
        return
    if jobs and (group or wanted.people is not None):
        raise OptionError(f"{'--group' if group else '--person'} needs photos", got=kinds[0])
    check_collisions([*found, *(photo for photo, _ in jobs)])
    make_folder(place)
    if jobs:
        _report(_draw_jobs(jobs, wanted, place), len(jobs) + sheet, as_json, named)
        return
    outcomes = run_batch(
        found,
        lambda: load_parser(engine),
        [wanted.key],
        place,
        settings=(info.name, version("dressform")),
        overwrite=overwrite,
        write=writer(wanted),
        book=FolderNotes(place, ("person-", "group-", "sheet-")),
    )
    _report(outcomes, len(found), as_json, sentence)


def list_lines(what: str) -> list[str]:
    """What ``--list`` prints.

    Raises:
        OptionError: It lists no such thing.
    """
    if what not in LISTS:
        raise OptionError("nothing of this kind to list", got=repr(what[:40]), allowed=", ".join(LISTS))
    if what == "accessories":
        from dressform.avatar.accessories import list_accessories

        return list(list_accessories())
    if what == "options":
        from dressform.avatar.override_keys import option_keys

        return list(option_keys())
    if what == "formats":
        from dressform.api.avatar_batch import FORMATS

        return list(FORMATS)
    from dressform.avatar.style_file import list_styles, load_style

    return [f"{name:<14} {load_style(name).description}".rstrip() for name in list_styles()]


# ---- specs and seeds ------------------------------------------------------------------------------------------------


def spec_jobs(paths: Sequence[str]) -> Iterator[Job]:
    """Saved specs, and what reads them.

    Raises:
        OptionError: There is no such file.
    """
    for text in paths:
        path = Path(text)
        if not path.is_file():
            raise OptionError("no such file", got=text)
        yield Photo(path, Path(), path.stem), partial(_read_spec, path)


def _read_spec(path: Path) -> AvatarSpec:
    from dressform.avatar.spec_file import MAX_BYTES, spec_from_json

    with path.open("rb") as file:
        return spec_from_json(file.read(MAX_BYTES + 1))


def seed_jobs(text: str | None) -> Iterator[Job]:
    """Seeds, and what makes people of them.

    Raises:
        OptionError: The text is no list of numbers.
    """
    if text is None:
        return
    from dressform.api.avatar_batch import number_list
    from dressform.avatar.seeded import spec_from_seed

    numbers = number_list(text, "from-seed")
    digits = max(3, len(str(max(numbers))))
    for number in numbers:
        stem = f"seed-{number:0{digits}}"
        yield Photo(Path(stem), Path(), stem), partial(spec_from_seed, number)


def _draw_jobs(jobs: Sequence[Job], wanted: Wanted, out: Path) -> Iterator[Outcome]:
    from dressform.api.avatar_batch import Files, draw_one, draw_sheet, write

    avatars: list[Avatar] = []

    def one(photo: Photo, make: Callable[[], AvatarSpec]) -> Outcome:
        files = Files()
        drawn = draw_one(make(), photo.stem, wanted, files)
        if photo.path is not None and photo.path.is_file() and photo.path.resolve() == (out / files.spec).resolve():
            del files.flat[files.spec]  # drawn beside its own spec, which the user may have laid out otherwise
        if wanted.sheet:
            avatars.extend(drawn)
        return Outcome(photo, "done", 1, write(files, out))

    def sheet(photo: Photo) -> Outcome:
        files = Files()
        draw_sheet(avatars, wanted, files)
        return Outcome(photo, "done", len(avatars), write(files, out))

    for photo, make in jobs:
        yield attempt(photo, out, partial(one, photo, make))
    if avatars:
        whole = Photo(Path("sheet"), Path(), "sheet")
        yield attempt(whole, out, partial(sheet, whole))


# ---- standard output ------------------------------------------------------------------------------------------------


def _check_stdout(wanted: Wanted, count: int) -> None:
    for what, number in (("photo", count), ("style", len(wanted.styles)), ("format", len(wanted.formats))):
        if number != 1:
            raise OptionError("standard output takes one avatar", got=f"{number} {what}s")
    if wanted.sheet or wanted.group or wanted.formats[0] in ("atlas", "layers"):
        got = "--sheet or --group" if wanted.sheet or wanted.group else f"format {wanted.formats[0]}"
        raise OptionError("standard output takes one file", got=got, remedy="give a folder with -o")


def _write_stdout(photos: Sequence[Photo], jobs: Sequence[Job], wanted: Wanted, engine: str | None) -> None:
    from dressform.api.avatar_batch import Files, chosen, draw_one
    from dressform.avatar.measure import measure

    if jobs:
        figure = jobs[0][1]()
    else:
        people, note = chosen(parse_photo(photos[0], load_parser(engine)), wanted)
        if not people:
            raise OutputError("no people found", got=photos[0].label, remedy=note)
        if len(people) > 1:
            got = f"{len(people)} people"
            raise OptionError("standard output takes one avatar", got=got, remedy="choose one with --person")
        figure = measure(people[0])
    files = Files()
    draw_one(figure, "person", wanted, files)
    if wanted.formats != ("json",):
        del files.flat[files.spec]
    sys.stdout.buffer.write(next(iter(files.flat.values())))


# ---- what came out --------------------------------------------------------------------------------------------------


def _report(outcomes: Iterable[Outcome], total: int, as_json: bool, say: Callable[[Outcome], str]) -> None:
    """Print what becomes of each photo, and in the end what was left out and what failed."""
    if "failed" in tell("Drawing", outcomes, total, say, as_json_line if as_json else None):
        raise typer.Exit(1)


def sentence(outcome: Outcome) -> str:
    """Who was drawn and where it was written, for people."""
    drawn = sum(path.name.startswith("person-") and path.stem.count("-") == 1 for path in outcome.files)
    people = {0: "No people found", 1: "1 person"}.get(outcome.people or 0, f"{outcome.people} people")
    people = f"{drawn} of {people}" if drawn and drawn != outcome.people else people
    return f"{people} in {outcome.photo.label}" + (f" → {outcome.files[0].parent}" if outcome.files else "")


def named(outcome: Outcome) -> str:
    """The same for a spec, a seed, or the sheet of all of them."""
    pictures = [path for path in outcome.files if path.suffix != ".json"] or outcome.files
    return f"{outcome.photo.label} → {pictures[0]}"
