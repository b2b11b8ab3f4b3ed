"""Outlines of every part of every person as JSON: rings of corners in photo pixels, holes kept."""

from __future__ import annotations

from dressform.parsing.formats.contours import part_shapes
from dressform.parsing.formats.fields import dump_json
from dressform.parsing.result import Parse

__all__ = ["encode"]

TOLERANCE = 1.0
"""How far the outlines may stray from the pixel borders, in pixels."""


def encode(parse: Parse) -> dict[str, bytes]:
    """``polygons.json``: ``people[].parts[].polygons[]``, each polygon its outer ring and then its holes.

    A ring is a list of [x, y] corners of pixels, so a part of one pixel at (3, 5) is the square from [3, 5] to
    [4, 6]. The last corner joins the first. Even-odd filling gives the mask.
    """
    width, height = parse.size
    people = [
        {"person": person.index, "score": round(person.score, 6), "box": [round(v, 3) for v in person.box], "parts": []}
        for person in parse.people
    ]
    for shape in part_shapes(parse, TOLERANCE):
        polygons = [[ring.tolist() for ring in polygon] for polygon in shape.polygons]
        parts = people[shape.person - 1]["parts"]
        assert isinstance(parts, list)
        parts.append({"part": shape.part.slug, "polygons": polygons})
    document = {"version": 1, "width": width, "height": height, "tolerance": TOLERANCE, "people": people}
    return {"polygons.json": dump_json(document)}
