"""Claims drawn by hand: rectangles of parts, and what is painted of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dressform.parsing import Parse, Part
from dressform.parsing.engines.compact.assemble import paint
from dressform.parsing.engines.compact.claims import Claim
from dressform.parsing.scores import Box, ScoreMaps

PARTS = (Part.BACKGROUND, Part.UPPER_CLOTHES, Part.PANTS, Part.LEFT_ARM)
SIZE = (200, 150)
Patch = tuple[Part, Box, float]
"""A rectangle of the photo that shows a part, and how probable that is."""


def body(x0: float, y0: float, x1: float, y1: float, sure: float = 0.9) -> list[Patch]:
    middle = (y0 + y1) / 2
    return [(Part.UPPER_CLOTHES, (x0, y0, x1, middle), sure), (Part.PANTS, (x0, middle, x1, y1), sure)]


def draw(box: Box, patches: Sequence[Patch], score: float = 0.9, side: int = 96) -> Claim:
    """A claim of (side, side) samples over ``box``."""
    fields = np.zeros((4, side, side), np.float32)
    x0, y0, x1, y1 = box
    xs = x0 + (np.arange(side) + 0.5) * (x1 - x0) / side
    ys = y0 + (np.arange(side) + 0.5) * (y1 - y0) / side
    for part, (left, top, right, bottom), sure in patches:
        where = np.outer((ys >= top) & (ys < bottom), (xs >= left) & (xs < right))
        fields[:, where] = 0
        fields[PARTS.index(part), where] = sure
    fields[0] = 1 - fields[1:].sum(0)
    scores = ScoreMaps(box, PARTS, np.round(fields * 255).astype(np.uint8))
    return Claim(box, PARTS, fields, scores, np.zeros((17, 3), np.float32), score)


def whole(x0: float, y0: float, x1: float, y1: float, *, score: float = 0.9, sure: float = 0.9) -> Claim:
    """Somebody who fills this rectangle, seen in a crop a little larger."""
    grow = 0.1 * max(x1 - x0, y1 - y0)
    return draw((x0 - grow, y0 - grow, x1 + grow, y1 + grow), body(x0, y0, x1, y1, sure), score)


def painted(claims: Sequence[Claim], size: tuple[int, int] = SIZE) -> Parse:
    return Parse(*paint(claims, size))
