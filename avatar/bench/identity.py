"""Criterion 4: whether avatars of one photo can be told to their people, by a descriptor that knows colours alone.

Head and shoulders are cut into bands by height; in each band the distribution of L, a and b is described by quantiles
(their distance is the Wasserstein distance of the marginals), beside how wide the figure is there. What all people of
a photo have in common, and all avatars of a style, is taken out, since a style may tint everybody alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.bench.drawing import Drawing
from dressform.avatar.bench.figures import Figure, share
from dressform.avatar.bench.subjects import Subject
from dressform.avatar.color import srgb_to_lab

__all__ = ["describe", "describe_drawing", "describe_photo", "figures", "matches"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
EDGES = np.linspace(-1.3, 0.7, 9)
"""Borders of the bands, in heads below the chin."""
_ACROSS = 1.1  # heads to either side of the chin that are looked at
_QUANTILES = (0.1, 0.3, 0.5, 0.7, 0.9)
_WIDTH = 15.0  # what a head of width counts, in units of CIE Lab
_LEAST = 12  # px of a band
_SIDE = 240.0  # px per head at the most
LEAST_PEOPLE = 3


def describe(pixels: npt.NDArray[np.uint8], mask: Mask, rows: Floats, unit: float) -> Floats:
    """(8, 16) quantiles of L, a, b and the width of each band; NaN in bands without the person.

    Args:
        pixels: (h, w, 3) uint8 RGB.
        mask: (h, w) bool, the person.
        rows: (h,) height of each row in heads below the chin.
        unit: Pixels to a head.
    """
    out = np.full((len(EDGES) - 1, 3 * len(_QUANTILES) + 1), np.nan)
    for k in range(len(EDGES) - 1):
        where = (rows >= EDGES[k]) & (rows < EDGES[k + 1])
        chosen = mask[where]
        if np.count_nonzero(chosen) < _LEAST:
            continue
        lab = np.asarray(srgb_to_lab(pixels[where][chosen]), np.float64)
        out[k, :-1] = np.quantile(lab, _QUANTILES, axis=0).ravel()
        out[k, -1] = _WIDTH * np.count_nonzero(chosen) / max(chosen.shape[0], 1) / unit
    return out


def describe_photo(subject: Subject) -> Floats:
    """The person as photographed, others and background left out."""
    frame = subject.frame
    if frame is None:
        raise ValueError("a subject needs a head")
    height, width = subject.labels.shape
    xs = (np.arange(width) + 0.5 - frame.chin[0]) / frame.height
    ys = np.asarray((np.arange(height) + 0.5 - frame.chin[1]) / frame.height, np.float64)
    mask = (subject.labels > 0) & (np.abs(xs) < _ACROSS)[None]
    return describe(subject.pixels, mask, ys, frame.height)


def describe_drawing(drawing: Drawing, picture: npt.NDArray[np.uint8], mask: Mask) -> Floats:
    """The avatar of a bust.

    Args:
        drawing: The avatar.
        picture: (h, w, 3) uint8 RGB of its whole canvas.
        mask: (h, w) bool, where the figure is.
    """
    height, width = mask.shape
    scale = width / drawing.scene.width
    rows = drawing.to_heads(np.stack([np.zeros(height), (np.arange(height) + 0.5) / scale], 1))[:, 1]
    columns = np.stack([(np.arange(width) + 0.5) / scale, np.full(width, drawing.to_canvas([[0, -0.5]])[0, 1])], 1)
    near = np.abs(drawing.to_heads(columns)[:, 0]) < _ACROSS
    smooth = cv2.GaussianBlur(picture, (0, 0), 1.0)  # grain and strokes are the style's, not the person's
    return describe(np.asarray(smooth, np.uint8), mask & near[None], rows, drawing.unit * scale)


def matches(people: Sequence[Floats], avatars: Sequence[Floats]) -> list[int]:
    """For each avatar the number of the person that is nearest."""
    a, b = (_relative(np.array(rows)) for rows in (avatars, people))
    gap = (a[:, None] - b[None]) ** 2
    known = ~np.isnan(gap)
    distance = np.where(known, gap, 0).sum((2, 3)) / np.maximum(known.sum((2, 3)), 1)
    return [int(k) for k in distance.argmin(1)]


def _relative(rows: Floats) -> Floats:
    """Descriptors without what they have in common."""
    known = ~np.isnan(rows)
    middle = np.where(known, rows, 0).sum(0) / np.maximum(known.sum(0), 1)
    return np.asarray(rows - middle)


def figures(groups: Mapping[str, Mapping[str, Sequence[bool]]], styles: Sequence[str]) -> list[Figure]:
    """Top-1 of each style.

    Args:
        groups: Whether each avatar was matched to its person, by photo and style.
        styles: In order.
    """
    out = []
    chance = [1 / len(found) for rows in groups.values() for found in [next(iter(rows.values()), [])] for _ in found]
    for style in styles:
        hits = [float(hit) for rows in groups.values() for hit in rows.get(style, ())]
        target = 95.0 if style in ("flat", "anime") else 85.0
        note = f"{len(groups)} photos; chance {100 * float(np.mean(chance)):.0f}%" if chance else ""
        out.append(Figure(4, f"{style}: right person first", share(hits), target, True, len(hits), "%", note))
    return out
