"""``dressform tryon``: new cloth on the people in a photo."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from dressform.api import cli_tryon_options as option
from dressform.api.batch import make_folder
from dressform.api.cli_tryon_options import Text, Texts
from dressform.api.inputs import STDIN
from dressform.api.progress import progress_bar
from dressform.parsing.engines.registry import check_engine, load_parser
from dressform.parsing.errors import OptionError

if TYPE_CHECKING:
    from dressform.api.tryon_files import Targets
    from dressform.api.tryon_people import Swap
    from dressform.tryon.backends.base import Backend
    from dressform.tryon.look import Look
    from dressform.tryon.result import Result

__all__ = ["tryon"]

_PRINT_OPTIONS = {
    "place": "--place", "width_cm": "--print-width-cm", "width": "--print-width", "angle": "--print-angle",
}  # fmt: skip


def tryon(
    photo: option.ThePhoto,
    out: Annotated[Text, typer.Option("--out", "-o", metavar="FILE|-", help="The result, or - for stdout.")] = None,
    person: Annotated[
        Text,
        typer.Option("--person", "-p", help="From the left: 2, or 1,3-4, or all. Else the only one who fits."),
    ] = None,
    region: Annotated[
        str, typer.Option("--region", "-r", help="What to swap, separated by commas; 'tryon regions' shows them.")
    ] = "upper",
    color: Annotated[Text, typer.Option("--color", "-c", help="Such as '#7a1f2b', navy or 'lab(40 30 10)'.")] = None,
    fabric: Annotated[
        Text,
        typer.Option("--fabric", metavar="FILE|NAME", help="A picture that repeats, or one of 'tryon fabrics'."),
    ] = None,
    garment: Annotated[
        Text, typer.Option(metavar="FILE", help="Photo of a garment laid flat or hung up; FILE:shorts says its kind.")
    ] = None,
    other: Annotated[
        Text,
        typer.Option("--from", metavar="PHOTO[:PERSON[:REGION]]", help="What somebody wears in another photo."),
    ] = None,
    artworks: Annotated[
        Texts, typer.Option("--print", metavar="FILE", help="Artwork over the colour, fabric or old garment.")
    ] = None,
    swaps: Annotated[
        Texts, typer.Option("--swap", metavar="[PERSON:]REGION=CLOTH", help="Another swap in the same photo.")
    ] = None,
    repeat_cm: option.RepeatCm = None,
    repeat: option.Repeat = None,
    angle: Annotated[
        float | None, typer.Option(help="Degrees clockwise, of the fabric; without one, of the print.")
    ] = None,
    drop: option.Drop = None,
    mirror: option.Mirror = False,
    place: Annotated[
        Texts, typer.Option(help="Of the print: chest, heart, back, belly, sleeve_L, leg_R, skirt ...")
    ] = None,
    print_width_cm: Annotated[option.Numbers, typer.Option(help="Width of the print in cm.")] = None,
    print_width: Annotated[option.Numbers, typer.Option(help="The same in shares of the garment's width.")] = None,
    print_angle: Annotated[option.Numbers, typer.Option(help="Degrees clockwise, of the print.")] = None,
    folds: option.Folds = 1.0,
    weave: option.Weave = 0.0,
    exposure: option.Exposure = "swatch",
    roundness: option.Roundness = 1.0,
    delight: option.Delight = 0.6,
    seam: option.Seam = "sewn",
    bend: option.Bend = 0.01,
    protect: option.Protect = None,
    layer: Annotated[Text, typer.Option(metavar="FILE", help="Also the new cloth alone, on transparency.")] = None,
    edit_mask: Annotated[Text, typer.Option(metavar="FILE", help="Also a mask, white where pixels changed.")] = None,
    side_by_side: Annotated[Text, typer.Option(metavar="FILE", help="Also photo and result side by side.")] = None,
    before_after: Annotated[Text, typer.Option(metavar="FILE", help="Also half photo, half result.")] = None,
    report: Annotated[Text, typer.Option(metavar="FILE", help="Also what was found and done, as JSON.")] = None,
    form: Annotated[Text, typer.Option("--format", "-f", help="png, tiff, webp or jpeg, whatever the suffix.")] = None,
    backend: option.BackendName = "classic",
    engine: option.Engine = None,
    as_json: option.AsJson = False,
) -> None:
    """Change what people wear in a photo.

    Every pixel outside the garments stays as it is.

    \b
    dressform tryon me.jpg --color '#7a1f2b' -o me-red.png
    dressform tryon us.jpg --person 2 --fabric tartan --repeat-cm 12 -o us-tartan.png
    dressform tryon us.jpg --swap 1:upper=denim --swap 2:lower=navy --swap all:shoes=white -o us-new.png
    dressform tryon me.jpg --region upper --color white --print logo.png --place heart -o me-logo.png
    dressform tryon me.jpg --garment shirt.jpg -o me-shirt.png
    dressform tryon me.jpg --from you.jpg:1:upper -o me-in-yours.png

    CLOTH is a picture, a name of 'dressform tryon fabrics', or a colour; color:, fabric:, garment: or from:
    before it says which. See also 'dressform tryon regions', 'fabrics', 'prepare' and 'drape'.
    """
    option.check_file(photo)
    kinds = {"--color": color, "--fabric": fabric, "--garment": garment, "--from": other}
    given = [name for name, value in kinds.items() if value is not None]
    if not given and not artworks and not swaps:
        raise OptionError("nothing to put on", allowed=", ".join((*kinds, "--print", "--swap")))
    if len(given) > 1:
        raise OptionError("several kinds of cloth for one garment", got=" and ".join(given), allowed="one of them")
    if out is None:
        raise OptionError("no place for the result", allowed="a file, or - for standard output", remedy="add -o")
    if out == STDIN and as_json:
        raise OptionError("standard output takes one thing", got="-o - and --json", remedy="give a file with -o")

    from dressform.api.tryon_cloth import tile_options
    from dressform.api.tryon_files import Targets, check_format, check_targets
    from dressform.api.tryon_people import Swap, parse_swap, people_of, regions_of
    from dressform.tryon.backends.registry import load_backend

    of_print = angle is not None and artworks and fabric is None and not print_angle
    tile = tile_options(repeat_cm, repeat, None if of_print else angle, drop, mirror)
    if tile and fabric is None and not swaps:
        raise OptionError(f"--{next(iter(tile)).replace('_', '-')} needs a fabric", remedy="add --fabric")
    prints: dict[str, Sequence[Any]] = {
        "place": place or (), "width_cm": print_width_cm or (), "width": print_width or (),
        "angle": (angle,) if of_print else print_angle or (),
    }  # fmt: skip
    wrong = next((name for name, values in prints.items() if values and not artworks), None)
    if wrong is not None:
        raise OptionError(f"{_PRINT_OPTIONS[wrong]} needs --print")
    if person is not None and not given and not artworks:
        raise OptionError("--person needs a cloth", got="--swap only", remedy="write --swap PERSON:REGION=CLOTH")

    who, names = people_of(person), regions_of(region)
    wanted: list[Swap] = []
    if given or artworks:
        cloth = _cloth(kinds, artworks or (), tile, prints)
        wanted += [Swap(who, name, cloth) for name in names]
    for text in swaps or ():
        wanted += parse_swap(text, tile)
    look = option.make_look(exposure, folds=folds, weave=weave, roundness=roundness, delight=delight)
    option.check_seam(seam)
    targets = Targets(
        out, None if form is None else check_format(form), layer, edit_mask, side_by_side, before_after, report
    )
    check_targets(targets, _inputs(photo, wanted, (fabric, garment, protect, *(artworks or ())), swaps or ()))
    check_engine(engine)
    maker = load_backend(backend)
    option.check_file(protect)
    for path in targets.files.values():
        make_folder(Path(path).parent)

    began = time.perf_counter()
    result, notes = _swapped(photo, wanted, maker, look, engine, {"seam": seam, "bend": bend, "protect": protect})
    row, written = _write(photo, result, targets, notes)
    if as_json:
        seconds = round(time.perf_counter() - began, 3)
        typer.echo(json.dumps({**row, "files": [str(path) for path in written], "seconds": seconds}))
    elif out != STDIN:
        typer.echo(f"{_whose(result)} → {out}")
    for line in row["notes"]:
        typer.echo(f"dressform: note: {line}", err=True)


# ---- the work -------------------------------------------------------------------------------------------------------


def _swapped(
    name: str, wanted: Sequence[Swap], maker: Backend, look: Look, engine: str | None, ready: Mapping[str, Any]
) -> tuple[Result, list[str]]:
    """The photo after all swaps, and what is to be said about the pictures of cloth."""
    from dressform.api.tryon_cloth import notes_of
    from dressform.api.tryon_people import find_garments, open_photo, read_mask
    from dressform.parsing.image import load_image
    from dressform.tryon.drape import drape_all
    from dressform.tryon.stage import prepare

    with progress_bar("Trying on", 3) as advance:
        photo = open_photo(name)
        protect = None if ready["protect"] is None else read_mask(ready["protect"], photo)
        parser = load_parser(engine)
        parse = parser.parse(photo.srgb)
        found = find_garments(parse, wanted, name, lambda path: parser.parse(load_image(path)))
        advance(1)
        options = {"seam": ready["seam"], "bend": ready["bend"], "protect": protect}
        pairs = [(prepare(photo, parse, who, region, **options), cloth) for who, region, cloth in found]
        advance(2)
        result = drape_all(pairs, backend=maker, **vars(look))
        advance(3)
    return result, [note for swap in wanted for note in notes_of(swap.cloth)]


def _write(photo: str, result: Result, targets: Targets, notes: list[str]) -> tuple[dict[str, Any], list[Path]]:
    """Write all files; returns the report and the files."""
    from dressform.api.tryon_files import encode_result, write_all

    files, told = encode_result(result, targets)
    own = [f"person {one.person}, {one.region}: {note}" for one in result.reports for note in one.notes]
    row = {
        "photo": photo,
        "size": list(result.before.size),
        "out": targets.out,
        "garments": [one.to_dict() for one in result.reports],
        "notes": list(dict.fromkeys((*notes, *own, *told))),
    }
    if targets.report is not None:
        files[targets.report] = (json.dumps(row, indent=2, ensure_ascii=False) + "\n").encode()
    return row, write_all(files)


def _cloth(
    kinds: Mapping[str, str | None], artworks: Sequence[str], tile: Mapping[str, Any], prints: Mapping[str, Any]
) -> Any:
    from dressform.api.tryon_cloth import KINDS, with_prints

    under = next((KINDS[name[2:]](text, tile) for name, text in kinds.items() if text is not None), None)
    return with_prints(under, artworks, **prints) if artworks else under


def _inputs(photo: str, wanted: Sequence[Swap], files: Sequence[str | None], swaps: Sequence[str]) -> list[str]:
    """Files that are read."""
    from dressform.api.tryon_cloth import Other, split_kind

    others = [str(swap.cloth.path) for swap in wanted if isinstance(swap.cloth, Other)]
    pictures = [split_kind(text.partition("=")[2])[1] for text in swaps]
    return [path for path in (photo, *others, *files, *pictures) if path is not None and Path(path).is_file()]


def _whose(result: Result) -> str:
    return ", ".join(f"{one.region} of person {one.person}" for one in result.reports)
