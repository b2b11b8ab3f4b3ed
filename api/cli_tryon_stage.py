"""``dressform tryon prepare`` and ``tryon drape``: one garment made ready once, and draped with many swatches."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dressform.api import cli_tryon_options as option
from dressform.api.batch import Outcome, make_folder
from dressform.api.inputs import STDIN
from dressform.api.outcomes import tell
from dressform.api.progress import progress_bar
from dressform.parsing.engines.registry import check_engine, load_parser
from dressform.parsing.errors import OptionError, OutputError

if TYPE_CHECKING:
    from dressform.api.tryon_sheet import Pixels

__all__ = ["drape", "prepare"]

NoPlace = str | None


def prepare(
    photo: option.ThePhoto,
    out: Annotated[NoPlace, typer.Option("--out", "-o", metavar="FILE", help="The stage, such as me.stage.")] = None,
    person: Annotated[
        str | None, typer.Option("--person", "-p", help="Number from the left. Else the only one who fits.")
    ] = None,
    region: Annotated[str, typer.Option("--region", "-r", help="What to swap; 'tryon regions' shows them.")] = "upper",
    keep_photo: Annotated[
        bool, typer.Option("--photo/--no-photo", help="Keep the photo in the stage; else draping needs it.")
    ] = True,
    seam: option.Seam = "sewn",
    bend: option.Bend = 0.01,
    protect: option.Protect = None,
    engine: option.Engine = None,
) -> None:
    """Make a garment ready for many swatches.

    The work that is the same for all of them is done once; 'dressform tryon drape' puts them on.
    """
    if out is None or out == STDIN:
        raise OptionError("no place for the stage", got=out, allowed="a file", remedy="add -o me.stage")

    from dressform.api.tryon_people import open_photo, people_of, read_mask, regions_of, wearers
    from dressform.tryon import prepare as make_ready

    who, names = people_of(person), regions_of(region)
    if len(names) != 1 or (who is not None and len(who) != 1):
        got = region if len(names) != 1 else f"--person {person}"
        raise OptionError("a stage holds one garment", got=got, allowed="one person and one region")
    option.check_seam(seam)
    check_engine(engine)
    for path in (photo, protect):
        option.check_file(path)
        if path is not None and Path(path).resolve() == Path(out).resolve():
            raise OutputError("the stage would replace what it is made from", got=out, remedy="choose another name")
    make_folder(Path(out).parent)
    with progress_bar("Preparing", 2) as advance:
        picture = open_photo(photo)
        mask = None if protect is None else read_mask(protect, picture)
        parse = load_parser(engine).parse(picture.srgb)
        advance(1)
        (wearer,) = wearers(parse, who, names[0], photo)
        stage = make_ready(picture, parse, wearer, names[0], protect=mask, seam=seam, bend=bend)
        stage.save(out, photo=keep_photo)
        advance(2)
    typer.echo(f"{stage.region} of person {stage.person} → {out}")


def drape(
    stage: Annotated[str, typer.Argument(metavar="STAGE", help="What 'tryon prepare' wrote.", show_default=False)],
    swatches: Annotated[
        list[str],
        typer.Argument(
            metavar="SWATCH|FOLDER...", help="Pictures, folders, names of fabrics, colours.", show_default=False
        ),
    ],
    out: Annotated[NoPlace, typer.Option("--out", "-o", metavar="FOLDER", help="Folder for the results.")] = None,
    photo: Annotated[
        str | None, typer.Option(metavar="PHOTO", help="The photo, for stages that were saved without it.")
    ] = None,
    sheet: Annotated[bool, typer.Option("--sheet", help="Also sheet.png, a contact sheet of all swatches.")] = False,
    layer: Annotated[bool, typer.Option("--layer", help="Also the new cloth alone, on transparency.")] = False,
    form: Annotated[str, typer.Option("--format", "-f", help="png, tiff, webp or jpeg.")] = "png",
    repeat_cm: option.RepeatCm = None,
    repeat: option.Repeat = None,
    angle: Annotated[float | None, typer.Option(help="Degrees clockwise, of fabrics.")] = None,
    drop: option.Drop = None,
    mirror: option.Mirror = False,
    folds: option.Folds = 1.0,
    weave: option.Weave = 0.0,
    exposure: option.Exposure = "swatch",
    roundness: option.Roundness = 1.0,
    delight: option.Delight = 0.6,
    backend: option.BackendName = "classic",
    recursive: Annotated[bool, typer.Option("--recursive/--no-recursive", help="Enter folders inside folders.")] = True,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Do again what was done before.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print one line of JSON per swatch.")] = False,
) -> None:
    """Put many swatches on a prepared garment.

    \b
    dressform tryon drape me.stage swatches/ tartan '#7a1f2b' -o shop --sheet
    dressform tryon drape me.stage garment:shirts/ -o shop

    For FOLDER/a/x.jpg the result is OUT/a/x.png, for the fabric tartan OUT/tartan.png. A swatch that cannot be
    used does not stop the others. A stopped run goes on where it was.
    """
    if out is None or out == STDIN:
        raise OptionError("no place for the results", got=out, allowed="a folder", remedy="add -o")

    from dressform.api.ledger import fingerprint
    from dressform.api.tryon_batch import Draping, check_results, drape_swatches, find_swatches, small
    from dressform.api.tryon_cloth import tile_options
    from dressform.api.tryon_files import check_format
    from dressform.tryon import Stage, load_backend

    look = option.make_look(exposure, folds=folds, weave=weave, roundness=roundness, delight=delight)
    tile, kind, maker = tile_options(repeat_cm, repeat, angle, drop, mirror), check_format(form), load_backend(backend)
    option.check_file(stage)
    option.check_file(photo)
    place = Path(out)
    jobs = find_swatches(swatches, place, recursive=recursive)
    loaded = Stage.load(stage, photo)
    settings = (version("dressform"), fingerprint(Path(stage)), repr(look), sorted(tile.items()), backend)
    tiles = [("as it was", small(loaded, loaded.photo.srgb))] if sheet else None
    how = Draping(loaded, look, maker, tile, kind, layer, settings, tiles)
    check_results(jobs, place, how, [stage, *([] if photo is None else [photo])])
    make_folder(place)
    outcomes = drape_swatches(jobs, place, how, overwrite=overwrite)
    counts = tell("Draping", outcomes, len(jobs), _sentence, _json_line if as_json else None)
    if tiles is not None and len(tiles) > 1:
        _write_sheet(tiles, place, as_json)
    for line in how.told:
        typer.echo(f"dressform: note: {line}", err=True)
    if "failed" in counts:
        raise typer.Exit(1)


def _sentence(outcome: Outcome) -> str:
    return f"{outcome.photo.label} → {outcome.files[0]}"


def _json_line(outcome: Outcome) -> str:
    row = {
        "swatch": outcome.photo.label,
        "status": outcome.status,
        "files": [str(path) for path in outcome.files],
        "seconds": round(outcome.seconds, 3),
        "note": outcome.note,
        "error": outcome.error,
    }
    return json.dumps(row)


def _write_sheet(tiles: Sequence[tuple[str, Pixels]], place: Path, quiet: bool) -> None:
    from dressform.api.tryon_files import encode_sheet
    from dressform.api.tryon_sheet import contact_sheet
    from dressform.parsing.formats.files import write_files

    (path,) = write_files(place, {"sheet.png": encode_sheet(contact_sheet(tiles), "png")})
    if not quiet:
        typer.echo(f"sheet of {len(tiles)} → {path}")
