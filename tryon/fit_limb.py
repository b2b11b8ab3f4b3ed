"""Sleeves and legs: how far along and how far across a worn one, so far along and across the garment's.

Frames of axis and half width as in GP-VTON's and PL-VTON's part-wise flows, without a network.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dressform.parsing.windows import Window
from dressform.tryon.fit_report import Length
from dressform.tryon.frames import enlarged, grid_points, grid_step, locate
from dressform.tryon.garment_parts import Limb
from dressform.tryon.panel import Panel

__all__ = ["fit_limb", "rounded"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
_BEYOND = 1.25  # half widths that are told apart; what bulges more shows the edge
_KNEE = 0.78  # how round a tube is seen: its middle shows 1.15 times as large as the whole on average


def fit_limb(panel: Panel, limb: Limb, side: str, length: Length, box: Window, *, roundness: float) -> Floats:
    """Source coordinates of a sleeve's or leg's box.

    Args:
        panel: The worn sleeve or leg.
        limb: The garment's.
        side: "L" if the panel lies on the right of the picture: its outer edge is on the right of its axis then.
        length: How its length is laid on the worn one; of a leg, the part below the crotch.
        box: (x0, y0, x1, y1) pixels of the region's window.
        roundness: 0 flat, 1 a tube.

    Returns:
        (h, w, 2) float32 pixels of the cut-out; where the limb doesn't reach, its cloth mirrored at the end.
    """
    step = grid_step(box)
    points, shape = grid_points(box, step)
    frame = panel.frame
    place = locate(frame, points)
    across = place.offset.astype(np.float64) / np.maximum(frame.along(frame.radius, place.distance), 1e-6)
    across = np.clip(across if side == "L" else -across, -_BEYOND, _BEYOND)
    start, total = _start(panel, side, across), frame.length
    distance = place.distance.astype(np.float64)
    if limb.crotch > 0:
        below = np.maximum(total - start, 1e-6)
        leg = _laid((distance - start) / below, length)
        along = np.where(
            distance < start, limb.crotch * distance / np.maximum(start, 1e-6), limb.crotch + (1 - limb.crotch) * leg
        )
    else:
        along = _laid((distance - start) / np.maximum(total - start, 1e-6), length)
    found = limb.at(along, rounded(across, roundness)).astype(np.float32)
    return np.stack([enlarged(np.ascontiguousarray(found[:, k]).reshape(shape), box, step) for k in (0, 1)], axis=2)


def rounded(across: Doubles, roundness: float | Doubles) -> Doubles:
    """Where on flat cloth a place across a tube lies, both -1..1: the arcsine, cut off before it gets steep."""
    held = np.clip(across, -1, 1)
    round_ = np.arcsin(_KNEE * held) / np.arcsin(_KNEE) + (across - held)
    return np.asarray(across + roundness * (round_ - across), np.float64)


def _start(panel: Panel, side: str, across: Doubles) -> Doubles:
    """Distance along the axis at which a sleeve or the part below the crotch begins, which the seam tells."""
    if panel.seam is None:
        return np.zeros(len(across))
    ends = locate(panel.frame, np.asarray(panel.seam, np.float32))
    radius = np.maximum(panel.frame.along(panel.frame.radius, ends.distance), 1e-6)
    beside = ends.offset / radius if side == "L" else -ends.offset / radius
    order = np.argsort(beside)
    at, along = beside[order].astype(np.float64), ends.distance[order].astype(np.float64)
    if at[1] - at[0] < 0.2:  # a seam along the limb tells no slope
        return np.full(len(across), float(along.mean()))
    slope = np.clip((along[1] - along[0]) / (at[1] - at[0]), -panel.frame.length, panel.frame.length)
    line = along.mean() + slope * (np.clip(across, -1, 1) - at.mean())
    return np.asarray(np.clip(line, -0.5 * panel.frame.length, 0.8 * panel.frame.length), np.float64)


def _laid(share: Doubles, length: Length) -> Doubles:
    """Share of the garment's length at a share of the worn one; beyond the garment's end it is mirrored."""
    along = share * length.used / max(length.reach, 1e-6)
    return np.asarray(np.where(along > 1, np.maximum(2 - along, 0.3), along), np.float64)
