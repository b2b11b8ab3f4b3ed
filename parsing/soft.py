"""Soft masks: how much of each pixel a person's parts cover."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.guided import local_models, shrink_image
from dressform.parsing.parts import Part
from dressform.parsing.scores import Window, resample

if TYPE_CHECKING:
    from dressform.parsing.result import Person

__all__ = ["soft_mask"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Rows = Callable[[int, int], Floats]
"""(bottom - top, w) float32: rows top to bottom of a window, counted from the window's first."""

WORKING_SIDE = 640
"""px; edges in larger windows are looked for on a smaller picture and then applied to the photo."""
STRIP = 1 << 18  # px worked on at once: no intermediate picture of a large photo is ever whole


def soft_mask(person: Person, parts: Iterable[Part], *, refine: bool = True) -> Floats:
    """(H, W) float32 in 0..1: coverage by ``parts`` of ``person``; see :meth:`Person.alpha`."""
    wanted = frozenset(parts)
    parse = person.parse
    out = np.zeros(parse.labels.shape, np.float32)
    cell = _cell(person)
    window = _around(person, wanted, int(np.ceil(2 * cell)) + 1)
    if window is None:
        return out
    x0, y0, x1, y1 = window
    own = person.own(window, wanted)
    shrink = max(1, round(max(own.shape) / WORKING_SIDE))
    small = shrink_image(own.view(np.uint8) * np.uint8(255), tuple(max(side // shrink, 1) for side in own.shape))
    near = _near(small > 0, round(1.5 * cell / shrink), own.shape)
    if refine and parse.image is not None:
        cover = _refined(person, wanted, window, small, max(2, round(1.5 * cell / shrink)))
    else:
        cover = _plain(person, wanted, window, own)
    rows = max(1, STRIP // (x1 - x0))
    for top in range(y0, y1, rows):
        bottom = min(top + rows, y1)
        instances = parse.instances[top:bottom, x0:x1]
        field = cover(top - y0, bottom - y0) * ((instances == 0) | (instances == person.index))
        out[top:bottom, x0:x1] = field * near(top - y0, bottom - y0)
    return out


def _around(person: Person, parts: frozenset[Part], margin: int) -> Window | None:
    """The window that holds the visible pixels of ``parts`` and a margin around them; None: there are none."""
    if person.extent is None:
        return None
    left, top = person.extent[:2]
    x, y, w, h = cv2.boundingRect(person.own(person.extent, parts).view(np.uint8))
    if not w:
        return None
    width, height = person.parse.size
    x0, y0 = left + x - margin, top + y - margin
    x1, y1 = left + x + w + margin, top + y + h + margin
    return max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)


def _cell(person: Person) -> float:
    """Longer side in photo pixels of what one score sample covers; 2 without score maps."""
    scores = person.observation.scores
    if scores is None:
        return 2.0
    x0, y0, x1, y1 = scores.box
    h, w = scores.values.shape[1:]
    return float(max(1.0, (x1 - x0) / w, (y1 - y0) / h))


def _near(mask: Mask, reach: int, shape: tuple[int, ...]) -> Rows:
    """Where coverage may be: ``mask``, seen on a smaller picture, and ``reach`` of its pixels around it."""
    side = 2 * max(1, reach) + 1
    ellipse = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    grown = cv2.dilate(mask.view(np.uint8), ellipse)
    if grown.shape == shape:
        return lambda top, bottom: grown[top:bottom].astype(np.float32)
    field = grown.astype(np.float32)
    height, width = shape
    return lambda top, bottom: np.ceil(resample(field, (0, 0, width, height), (0, top, width, bottom)))


def _refined(person: Person, parts: frozenset[Part], window: Window, mask: npt.NDArray[np.uint8], radius: int) -> Rows:
    """Coverage that follows the photo; ``mask`` is the hard mask on the smaller picture, 0..255."""
    assert person.parse.image is not None
    x0, y0, x1, y1 = window
    guide = person.parse.image[y0:y1, x0:x1]
    height, width = mask.shape
    scores = person.observation.scores
    if scores is None:
        source = mask.astype(np.float32) / np.float32(255)
    else:
        fx, fy = width / (x1 - x0), height / (y1 - y0)
        left, top, right, bottom = scores.box
        box = ((left - x0) * fx, (top - y0) * fy, (right - x0) * fx, (bottom - y0) * fy)
        source = resample(scores.probability(parts), box, (0, 0, width, height))
    models = local_models(shrink_image(guide, mask.shape), source[:, :, None], radius)

    def rows(top: int, bottom: int) -> Floats:
        # The filter leaves a faint haze over what looks alike; coverage should reach 0 and 1.
        field = (models.strip(guide, top, bottom)[:, :, 0] - np.float32(0.1)) / np.float32(0.8)
        return np.clip(field, 0, 1, out=field)

    return rows


def _plain(person: Person, parts: frozenset[Part], window: Window, own: Mask) -> Rows:
    """Coverage as the score maps have it, or the hard mask without them."""
    scores = person.observation.scores
    if scores is None:
        return lambda top, bottom: own[top:bottom].astype(np.float32)
    field, box = scores.probability(parts), scores.box
    x0, y0, x1, _ = window
    return lambda top, bottom: resample(field, box, (x0, y0 + top, x1, y0 + bottom))
