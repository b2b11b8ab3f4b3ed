"""``dressform tryon regions`` and ``tryon fabrics``: who wears what in a photo, and which fabrics ship."""

from __future__ import annotations

import json

import typer

from dressform.api import cli_tryon_options as option
from dressform.api.inputs import STDIN
from dressform.parsing.engines.registry import check_engine, load_parser
from dressform.parsing.errors import OutputError

__all__ = ["fabrics", "regions"]


def regions(photo: option.ThePhoto, engine: option.Engine = None, as_json: option.AsJson = False) -> None:
    """Show who wears what, for --person and --region."""
    from dressform.api.tryon_people import open_photo
    from dressform.tryon.shape.regions import available_regions

    check_engine(engine)
    option.check_file(photo)
    parse = load_parser(engine).parse(open_photo(photo).srgb)
    people = [(one.index, [round(v) for v in one.box], list(available_regions(one))) for one in parse.people]
    if as_json:
        rows = [{"person": number, "box": box, "regions": names} for number, box, names in people]
        typer.echo(json.dumps({"photo": photo, "size": list(parse.size), "people": rows}))
        return
    if not people:
        raise OutputError("no people found", got="standard input" if photo == STDIN else photo)
    for number, (x0, y0, x1, y1), names in people:
        where = f"(x {x0} to {x1}, y {y0} to {y1})"
        typer.echo(f"person {number:<2} {', '.join(names) or 'nothing large enough'}  {where}")


def fabrics(as_json: option.AsJson = False) -> None:
    """Show the fabrics that ship, for --fabric."""
    from dressform.tryon.weaves.shelf import list_fabrics

    for fabric in list_fabrics():
        row = {"name": fabric.name, "title": fabric.title, "repeat_cm": fabric.repeat_cm, "file": str(fabric.path)}
        typer.echo(json.dumps(row) if as_json else f"{fabric.name:<14} {fabric.repeat_cm:>5g} cm  {fabric.title}")
