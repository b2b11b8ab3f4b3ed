"""Crumbs of a mask taken away, pinholes in it filled."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import Part, Person
from dressform.parsing.scores import Window
from dressform.parsing.windows import window_slices

__all__ = ["filled", "without_crumbs"]

Mask = npt.NDArray[np.bool_]

_GARMENTS = frozenset({Part.UPPER_CLOTHES, Part.DRESS, Part.COAT, Part.PANTS, Part.SKIRT})
_PINHOLE = 0.0004  # of the person's area: filled whatever is in it, if nobody asked to protect it
_HOLE = 0.002  # of the person's area: filled if the parser took it for another garment or for background


def without_crumbs(mask: Mask, least: float) -> Mask:
    """The mask without connected pieces of fewer pixels than ``least``; the largest one always stays."""
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA]
    crumbs = areas < min(least, areas[1:].max(initial=0))
    crumbs[0] = False
    out = mask.copy()
    for k in np.flatnonzero(crumbs).tolist():
        x, y, w, h = (int(v) for v in stats[k, :4])
        box = (slice(y, y + h), slice(x, x + w))
        out[box] &= pieces[box] != k
    return out


def filled(mask: Mask, person: Person, window: Window, protect: Mask | None, area: int) -> Mask:
    """The mask with its pinholes filled: holes of a few pixels, and larger ones that another garment's label made.

    Holes that touch somebody else or what the user protects stay.
    """
    at = window_slices(window)
    labels, instances = person.parse.labels[at], person.parse.instances[at]
    # Four neighbours for what is around: a hole is closed by the corners of the garment too.
    _, pieces, stats, _ = cv2.connectedComponentsWithStats((~mask).astype(np.uint8), connectivity=4)
    out = mask.copy()
    height, width = mask.shape
    soft = np.zeros(len(Part), np.bool_)
    soft[[Part.BACKGROUND, *_GARMENTS]] = True
    x0, y0, x1, y1 = stats[:, 0], stats[:, 1], stats[:, 0] + stats[:, 2], stats[:, 1] + stats[:, 3]
    closed = (stats[:, 4] <= _HOLE * area) & (x0 > 0) & (y0 > 0) & (x1 < width) & (y1 < height)
    closed[0] = False  # the garment itself
    for k in np.flatnonzero(closed).tolist():
        x, y, w, h, size = (int(v) for v in stats[k])
        box = (slice(y, y + h), slice(x, x + w))
        hole = pieces[box] == k
        who = instances[box][hole]
        if (protect is not None and protect[box][hole].any()) or ((who > 0) & (who != person.index)).any():
            continue
        garments = soft[labels[box][hole]] & ((who > 0) | (size <= _PINHOLE * area))
        if size <= _PINHOLE * area or garments.mean() > 0.9:
            out[box] |= hole
    return out
