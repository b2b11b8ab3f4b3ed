"""Drawn network output: people made of rectangles, as instances on the network's cells."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dressform.parsing import Parse, Part
from dressform.parsing.engines.m2fp.configuration import MULTI
from dressform.parsing.engines.m2fp.masks import CELL, Frame
from dressform.parsing.engines.m2fp.painting import paint
from dressform.parsing.engines.m2fp.people import Assembly, assemble
from dressform.parsing.engines.m2fp.select import Instance

CELLS = (40, 60)
SURE = 4.0
"""Logit inside a drawn mask; outside it is the negative of that."""
Box = tuple[int, int, int, int]


def frame(cells: tuple[int, int] = CELLS) -> Frame:
    """A photo of the size of the network's input: four pixels a cell."""
    rows, columns = cells
    return Frame((CELL * rows, CELL * columns), (0, 0, CELL * columns, CELL * rows), cells)


def field(*boxes: Box, sure: float = SURE, cells: tuple[int, int] = CELLS) -> npt.NDArray[np.float32]:
    """Logits of a mask made of boxes (x0, y0, x1, y1) in cells."""
    out = np.full(cells, -sure, np.float32)
    for x0, y0, x1, y1 in boxes:
        out[y0:y1, x0:x1] = sure
    return out


def part(name: str, *boxes: Box, score: float = 0.9, sure: float = SURE) -> Instance:
    """A part, or "Human", by ModelScope's name."""
    return Instance(MULTI.classes.index(name), score, field(*boxes, sure=sure))


def human(*boxes: Box, score: float = 0.95, sure: float = SURE) -> Instance:
    """Somebody whole."""
    return part("Human", *boxes, score=score, sure=sure)


def standing(x: int, y: int = 4, w: int = 12) -> list[Instance]:
    """Somebody 30 cells tall with face, shirt and trousers, and their whole mask; ``x``, ``y`` is their upper left."""
    return [
        part("Face", (x + 3, y, x + w - 3, y + 6)),
        part("UpperClothes", (x, y + 6, x + w, y + 18)),
        part("Pants", (x, y + 18, x + w, y + 30)),
        human((x + 3, y, x + w - 3, y + 6), (x, y + 6, x + w, y + 30)),
    ]


def gathered(*instances: Instance) -> Assembly:
    """Who owns what."""
    return assemble(instances, MULTI.classes)


def parsed(*instances: Instance) -> Parse:
    """The result for a photo of the drawn size."""
    return Parse(*paint(gathered(*instances), frame()))


def shown(parse: Parse, x: int, y: int) -> tuple[int, Part]:
    """Who and what is seen in the middle of a cell: (0, background) for nobody."""
    at = (CELL * y + 2, CELL * x + 2)
    return int(parse.instances[at]), Part(int(parse.labels[at]))
