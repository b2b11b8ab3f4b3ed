"""An SVG drawing of all parts: one group per person, one path per part, in photo pixels, nothing external."""

from __future__ import annotations

from itertools import groupby

from dressform.parsing.formats.contours import Ring, Shape, part_shapes
from dressform.parsing.formats.polygons import TOLERANCE
from dressform.parsing.result import Parse

__all__ = ["encode"]


def encode(parse: Parse) -> dict[str, bytes]:
    """``svg``: groups ``person-1``, in each of them paths such as ``person-1-upper-clothes``."""
    width, height = parse.size
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}">',
        # Renderers show the ground through the joint of two smooth edges; strokes in the fill's colour cover it.
        '<g fill-rule="evenodd" stroke-width="0.6" stroke-linejoin="round">',
    ]
    for person, shapes in groupby(part_shapes(parse, TOLERANCE), key=lambda shape: shape.person):
        lines.append(f'<g id="person-{person}"><title>Person {person}</title>')
        lines += [_path(shape) for shape in shapes]
        lines.append("</g>")
    lines += ["</g>", "</svg>", ""]
    return {"svg": "\n".join(lines).encode()}


def _path(shape: Shape) -> str:
    color = "#{:02x}{:02x}{:02x}".format(*shape.part.color)
    data = "".join(_ring(ring) for polygon in shape.polygons for ring in polygon)
    name = f'id="person-{shape.person}-{shape.part.slug}" class="{shape.part.slug}"'
    return f'<path {name} fill="{color}" stroke="{color}" d="{data}"><title>{shape.part.title}</title></path>'


def _ring(ring: Ring) -> str:
    return "M" + "L".join(f"{x} {y}" for x, y in ring.tolist()) + "Z"
