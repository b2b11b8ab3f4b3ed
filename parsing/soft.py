"""Soft masks: how much of each pixel a person's parts cover."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.parts import Part
from dressform.parsing.refine import guided_filter

if TYPE_CHECKING:
    from dressform.parsing.result import Person

__all__ = ["soft_mask"]

Floats = npt.NDArray[np.float32]
WORKING_SIDE = 640
"""px; the guided filter's local models of larger windows are found on a smaller picture."""


def soft_mask(person: Person, parts: Iterable[Part], *, refine: bool = True) -> Floats:
    """(H, W) float32 in 0..1: coverage by ``parts`` of ``person``; see :meth:`Person.alpha`."""
    wanted = frozenset(parts)
    parse = person.parse
    width, height = parse.size
    out = np.zeros((height, width), np.float32)
    hard = person.mask(wanted)
    x0, y0, w, h = cv2.boundingRect(hard.astype(np.uint8))
    if not w:
        return out
    cell = _cell(person)
    margin = int(np.ceil(2 * cell)) + 1
    x0, y0, x1, y1 = max(x0 - margin, 0), max(y0 - margin, 0), min(x0 + w + margin, width), min(y0 + h + margin, height)
    own = hard[y0:y1, x0:x1].astype(np.float32)
    scores = person.observation.scores
    field = own if scores is None else scores.sample(wanted, (x0, y0, x1, y1))
    if refine and parse.image is not None:
        shrink = max(1, max(x1 - x0, y1 - y0) // WORKING_SIDE)
        radius = max(2 * shrink, round(1.5 * cell))
        field = guided_filter(parse.image[y0:y1, x0:x1], field, radius, 1e-3, shrink=shrink)
        # The filter leaves a faint haze over what looks alike; coverage should reach 0 and 1.
        field = np.clip((field - 0.1) / 0.8, 0, 1)
    side = 2 * max(1, round(1.5 * cell)) + 1
    near = cv2.dilate(own, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    instances = parse.instances[y0:y1, x0:x1]
    out[y0:y1, x0:x1] = field * near * ((instances == 0) | (instances == person.index))
    return out


def _cell(person: Person) -> float:
    """Side in photo pixels of what one score sample covers; 2 without score maps."""
    scores = person.observation.scores
    if scores is None:
        return 2.0
    x0, _, x1, _ = scores.box
    return max(1.0, (x1 - x0) / scores.values.shape[2])
