"""Sleeves and legs: how far along and how far across a worn one, so far along and across the garment's.

Frames of axis and half width as in GP-VTON's and PL-VTON's part-wise flows, without a network.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dressform.parsing.scores import Window
from dressform.tryon.garment.fit_report import Length
from dressform.tryon.garment.parts import Limb
from dressform.tryon.shape.frames import enlarged, grid_points, grid_step, locate
from dressform.tryon.shape.panel import Panel

__all__ = ["Mapped", "fit_limb", "held_in", "rounded", "seam_start"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_BEYOND = 0.15  # half widths beyond the edge that are told apart; what bulges more is squeezed into them
_SEAM = 0.5  # of a limb's length that its seam may take
_MIRRORED = 0.6  # of a limb's length that is mirrored to and fro beyond its end
_SQUEEZE, _LEAST_WIDE = 1.35, 0.55  # across over along, at most; share of a sleeve's width, at least
_NODES = 3000  # of the grid on which places are looked up
_KNEE = 0.78  # how round a tube is seen: its middle shows 1.15 times as large as the whole on average


class Mapped(NamedTuple):
    """Source coordinates of a box.

    Attributes:
        source: (h, w, 2) float32 pixels of the cut-out, finite.
        within: (h, w) bool, where the garment's own part lies; elsewhere it is mirrored.
        method: "limb", "spline" or "rows".
    """

    source: Floats
    within: Mask
    method: str


def fit_limb(panel: Panel, limb: Limb, side: str, length: Length, box: Window, *, roundness: float) -> Mapped:
    """Source coordinates of a sleeve's or leg's box.

    Args:
        panel: The worn sleeve or leg.
        limb: The garment's.
        side: "L" if the panel lies on the right of the picture: its outer edge is on the right of its axis then.
        length: How its length is laid on the worn one; of a leg, the part below the crotch.
        box: (x0, y0, x1, y1) pixels of the region's window.
        roundness: 0 flat, 1 a tube.
    """
    step = grid_step(box, _NODES)
    points, shape = grid_points(box, step)
    frame = panel.frame
    place = locate(frame, points)
    across = place.offset.astype(np.float64) / np.maximum(frame.along(frame.radius, place.distance), 1e-6)
    across = held_in(across if side == "L" else -across)
    start, total = seam_start(panel, side, across), frame.length
    distance = place.distance.astype(np.float64)
    if limb.crotch > 0:
        below = np.maximum(total - start, 1e-6)
        leg = _laid((distance - start) / below, length)
        along = np.where(
            distance < start, limb.crotch * distance / np.maximum(start, 1e-6), limb.crotch + (1 - limb.crotch) * leg
        )
    else:
        along = _laid((distance - start) / np.maximum(total - start, 1e-6), length)
    flat = rounded(across, roundness)
    if panel.name.startswith("sleeve"):
        flat *= _loose(panel, limb, length, float(total - np.mean(start)))
    end = 1 + limb.beyond
    found = limb.at(end - _to_and_fro(np.maximum(along - end, 0), _MIRRORED) - np.maximum(end - along, 0), flat)
    planes = [_large(found[:, k], shape, box, step) for k in (0, 1)]
    return Mapped(np.stack(planes, axis=2), _large(along, shape, box, step) <= end, "limb")


def held_in(across: Doubles) -> Doubles:
    """Places across with what lies beyond the edges squeezed into a narrow strip, in order."""
    size = np.abs(across)
    more = np.maximum(size - 1, 0)
    return np.asarray(np.copysign(np.minimum(size, 1) + more / (1 + more / _BEYOND), across), np.float64)


def rounded(across: Doubles, roundness: float | Doubles) -> Doubles:
    """Where on flat cloth a place across a tube lies, both -1..1: the arcsine, cut off before it gets steep."""
    held = np.clip(across, -1, 1)
    round_ = np.arcsin(_KNEE * held) / np.arcsin(_KNEE) + (across - held)
    return np.asarray(across + roundness * (round_ - across), np.float64)


def seam_start(panel: Panel, side: str, across: Doubles) -> Doubles:
    """Distance along the axis at which a sleeve or the part below the crotch begins, which the seam tells."""
    if panel.seam is None:
        return np.zeros(len(across))
    ends = locate(panel.frame, np.asarray(panel.seam, np.float32))
    radius = np.maximum(panel.frame.along(panel.frame.radius, ends.distance), 1e-6)
    beside = ends.offset / radius if side == "L" else -ends.offset / radius
    order = np.argsort(beside)
    at, along = beside[order].astype(np.float64), ends.distance[order].astype(np.float64)
    total = panel.frame.length
    # On a short sleeve the armpit is as far down as the end: a seam that steep would leave no cloth below it.
    along = np.clip(along, -0.2 * total, _SEAM * total)
    if at[1] - at[0] < 0.4:  # a seam along the limb tells no slope
        return np.full(len(across), float(along.mean()))
    share = np.clip((across - at[0]) / (at[1] - at[0]), -0.25, 1.25)
    return np.asarray(np.clip(along[0] + share * (along[1] - along[0]), -0.2 * total, _SEAM * total), np.float64)


def _loose(panel: Panel, limb: Limb, length: Length, worn: float) -> float:
    """Share of a sleeve's width that is seen: loose ones fall in folds rather than being squeezed onto a slim arm."""
    along = limb.length * length.used / max(length.reach * worn, 1e-6)
    squeeze = limb.width / max(2 * float(panel.frame.radius.mean()), 1e-6) / max(along, 1e-6)
    return float(np.clip(_SQUEEZE / max(squeeze, 1e-6), _LEAST_WIDE, 1.0))


def _laid(share: Doubles, length: Length) -> Doubles:
    """Share of the garment's length at a share of the worn one; above 1 beyond its end."""
    return np.asarray(share * length.used / max(length.reach, 1e-6), np.float64)


def _to_and_fro(way: Doubles, turn: float) -> Doubles:
    """A way that turns back at 0 and at ``turn``."""
    rest = np.mod(way, 2 * turn)
    return np.asarray(np.minimum(rest, 2 * turn - rest), np.float64)


def _large(values: Doubles, shape: tuple[int, int], box: Window, step: int) -> Floats:
    return enlarged(np.ascontiguousarray(values.astype(np.float32)).reshape(shape), box, step)
