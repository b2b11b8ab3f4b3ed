"""Outlines of parts along pixel borders, simplified so that neighbours still fit without gaps or overlaps.

Corners of pixels are the vertices: pixel (x, y) is the square from (x, y) to (x + 1, y + 1), and a mask of one
pixel gives exactly that square. Borders are cut into arcs where three or more areas meet; an arc is simplified
the same way for the areas on both of its sides.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import OptionError
from dressform.parsing.formats.arcs import simplify_arc
from dressform.parsing.parts import Part
from dressform.parsing.result import Parse
from dressform.parsing.windows import own_labels, parts_in

__all__ = ["Ring", "Shape", "part_shapes"]

Ring = npt.NDArray[np.int32]
"""(n, 2) int32 corners x, y of a closed outline; the last joins the first."""


@dataclass(frozen=True, eq=False)
class Shape:
    """One part of one person.

    Attributes:
        person: 1-based index of the person.
        part: Which part.
        polygons: Every piece as (outer ring, hole, hole, ...). Rings may touch themselves and each other at
            corners; the even-odd rule fills them rightly.
    """

    person: int
    part: Part
    polygons: tuple[tuple[Ring, ...], ...]


def part_shapes(parse: Parse, tolerance: float = 1.0) -> tuple[Shape, ...]:
    """Shapes of all visible parts, by person and part number.

    Args:
        parse: The result.
        tolerance: How far an outline may stray from the pixel borders, in pixels; 0 follows them exactly.
            Slivers between two areas that are thinner than this can vanish; spots inside an area stay.

    Raises:
        OptionError: A tolerance outside 0..100.
    """
    if not 0 <= tolerance <= 100:
        raise OptionError("bad tolerance", got=tolerance, allowed="0 to 100 pixels")
    found: list[Shape] = []
    for person, window in zip(parse.people, parse.extents, strict=True):
        if window is None:
            continue
        own = own_labels(parse, person.index, window)
        for part in parts_in(own):
            polygons = []
            for exact in _trace(own == part, window[0], window[1]):
                rings = [ring for ring in (_simplify(parse, ring, tolerance) for ring in exact[1:]) if len(ring) > 2]
                outer = _simplify(parse, exact[0], tolerance)
                if len(outer) > 2:
                    polygons.append((outer, *rings))
            if polygons:
                found.append(Shape(person.index, part, tuple(polygons)))
    return tuple(found)


def _trace(mask: npt.NDArray[np.bool_], left: int, top: int) -> list[list[Ring]]:
    """Every piece of a mask as its outer ring and its holes, with a vertex at every pixel corner on the way."""
    x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
    # OpenCV walks through pixel centres. In the picture doubled, the four pixels around a corner of the
    # original are different pixels, and whichever of them the walk passes, halving finds that corner.
    doubled = cv2.resize(mask[y : y + h, x : x + w].view(np.uint8), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
    rings, tree = cv2.findContours(doubled, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    offset = np.array([left + x, top + y])
    pieces: dict[int, list[Ring]] = {k: [] for k in range(len(rings)) if tree[0, k, 3] < 0}
    for k, ring in enumerate(rings):  # CCOMP lists a piece before its holes
        corners = (ring[:, 0] + 1) // 2
        corners = corners[(corners != np.roll(corners, 1, axis=0)).any(axis=1)]
        parent = int(tree[0, k, 3])
        pieces[k if parent < 0 else parent].append((corners + offset).astype(np.int32))
    return list(pieces.values())


def _simplify(parse: Parse, ring: Ring, tolerance: float) -> Ring:
    fixed = np.flatnonzero(_fixed_corners(parse, ring))
    if len(fixed) == 0:
        start = int(np.lexsort(ring.T)[0])  # the same corner from whichever side the ring was traced
        simple = simplify_arc(_closed(np.roll(ring, -start, axis=0)), tolerance)[:-1]
        # A spot inside another area is as good as gone below three corners; it stays as it is.
        return simple if len(simple) > 2 else ring
    ring = np.roll(ring, -int(fixed[0]), axis=0)
    cuts = [*(fixed - fixed[0]).tolist(), len(ring)]
    looped = _closed(ring)
    return np.concatenate([simplify_arc(looped[a : b + 1], tolerance)[:-1] for a, b in pairwise(cuts)])


def _closed(ring: Ring) -> Ring:
    return np.concatenate([ring, ring[:1]])


def _fixed_corners(parse: Parse, ring: Ring) -> npt.NDArray[np.bool_]:
    """Which corners have borders running off in three or four directions, or are the photo's own four."""
    h, w = parse.labels.shape
    around = []
    for dx, dy in ((-1, -1), (0, -1), (0, 0), (-1, 0)):  # clockwise
        x, y = ring[:, 0] + dx, ring[:, 1] + dy
        inside = (x >= 0) & (y >= 0) & (x < w) & (y < h)
        x, y = np.where(inside, x, 0), np.where(inside, y, 0)
        value = parse.instances[y, x].astype(np.int64) * 256 + parse.labels[y, x]
        around.append(np.where(inside, value, 0))
    borders = sum((a != b).astype(np.int64) for a, b in zip(around, around[1:] + around[:1], strict=True))
    frame = np.isin(ring[:, 0], (0, w)) & np.isin(ring[:, 1], (0, h))
    found: npt.NDArray[np.bool_] = (np.asarray(borders) > 2) | frame
    return found
