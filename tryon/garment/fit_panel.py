"""One panel of what is worn and the part of a garment that goes onto it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.scores import Window
from dressform.parsing.windows import window_slices
from dressform.tryon.garment.cut import Cutout
from dressform.tryon.garment.fit_lengths import is_baggy, leg_length, sleeve_length, trunk_length
from dressform.tryon.garment.fit_limb import Mapped, fit_limb
from dressform.tryon.garment.fit_report import Length
from dressform.tryon.garment.fit_trunk import fit_rows, fit_trunk, jacobian, trunk_target
from dressform.tryon.garment.parts import Limb, Trunk, find_leg, find_sleeve, find_trunk
from dressform.tryon.garment.target_landmarks import Point, panel_side, trunk_of
from dressform.tryon.shape.frames import Frame, locate
from dressform.tryon.shape.panel import Panel

__all__ = ["PanelFit", "Wearing", "fit_panel", "make_wearing"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
_LOOK = 15_000  # px of a panel on which its map is checked
_JUMP = 4.0  # of the median step from pixel to pixel
_MARGIN = 6  # px around a panel's mask where its map is made too


@dataclass(frozen=True, eq=False)
class PanelFit:
    """Where one panel's cloth comes from.

    Attributes:
        name: The panel's.
        box: (x0, y0, x1, y1) pixels of the region's window around the panel's mask.
        source: (h, w, 2) float32 x, y in pixels of the cut-out for each pixel of the box, the middle of its pixel
            (i, j) at (j + 0.5, i + 0.5); finite everywhere.
        covered: (h, w) bool, where the garment has cloth there.
        method: "spline", "limb", "rows", or "none" for a sleeve that the garment hasn't got.
        side: "L" for a sleeve or leg on the right of the picture, "R" for one on its left, "" for others.
        length: How a sleeve's or leg's length is laid on the worn one, or None.
        least_det: Least determinant of the map's Jacobian over its median, within the mask; infinite if nothing of
            it is covered; not below -1.
    """

    name: str
    box: Window
    source: Floats
    covered: Mask
    method: str
    side: str = ""
    length: Length | None = None
    least_det: float = np.inf


@dataclass(frozen=True, eq=False)
class Wearing:
    """A garment and what it goes onto.

    Attributes:
        cut: The garment.
        marks: Landmarks of what is worn.
        roundness: 0 flat, 1 a tube.
        frame: The tube of the worn torso and skirt, or None.
        mask: (h, w) bool, its pixels in the region's window, or None.
        trunk: The garment's torso or skirt, None for trousers.
        hem: How its length is laid on the worn one, None where one of them has no trunk.
        baggy: Whether the crotch of the garment's legs cannot be laid on the worn one, of either leg.
    """

    cut: Cutout
    marks: Mapping[str, Point]
    roundness: float
    frame: Frame | None
    mask: Mask | None
    trunk: Trunk | None
    hem: Length | None
    baggy: bool


def make_wearing(cut: Cutout, panels: Sequence[Panel], marks: Mapping[str, Point], roundness: float) -> Wearing:
    """What all panels need to know; see :class:`Wearing`."""
    found = trunk_of(panels)
    frame, mask = (None, None) if found is None else found
    trunk = None if "crotch" in cut.landmarks else find_trunk(cut)
    hem = None
    if frame is not None and trunk is not None:
        hem = trunk_length(cut, trunk, frame, marks, roundness=roundness)
    legs = [
        (panel, _find_limb(cut, "leg", panel_side(panel, frame, panel.mask.shape[1])))
        for panel in panels
        if panel.name.startswith("leg")
    ]
    baggy = any(is_baggy(panel, limb, cut) for panel, limb in legs if limb is not None)
    return Wearing(cut, marks, roundness, frame, mask, trunk, hem, baggy)


def fit_panel(job: Wearing, panel: Panel) -> PanelFit:
    """The part of the garment that goes onto one panel."""
    h, w = panel.mask.shape
    x, y, dx, dy = cv2.boundingRect(panel.mask.astype(np.uint8))
    box = (max(x - _MARGIN, 0), max(y - _MARGIN, 0), min(x + dx + _MARGIN, w), min(y + dy + _MARGIN, h))
    kind = panel.name.split("_")[0]
    side = panel_side(panel, job.frame, w) if kind in ("sleeve", "leg") else ""
    mapped, length = _limb(job, panel, kind, side, box) if side else (None, None)
    if mapped is None:
        mapped = _trunk(job, panel, kind, box)
    covered = _cloth(job.cut, mapped.source) & mapped.within
    own = panel.mask[window_slices(box)]
    return PanelFit(
        panel.name, box, mapped.source, covered, mapped.method, side, length, _least(mapped.source, own & covered)
    )


def _limb(job: Wearing, panel: Panel, kind: str, side: str, box: Window) -> tuple[Mapped | None, Length | None]:
    """A sleeve or leg of the garment on a worn one; None where the garment hasn't got any."""
    limb = _find_limb(job.cut, kind, side)
    if limb is None:
        return None, None
    if kind == "sleeve":
        if job.trunk is None:
            return None, None
        length = sleeve_length(panel, limb, side, job.trunk, job.marks)
    else:
        if job.baggy:
            limb, panel = limb.whole(), replace(panel, seam=None)
        length = leg_length(panel, limb, side, job.cut, job.marks)
    return fit_limb(panel, limb, side, length, box, roundness=job.roundness), length


def _trunk(job: Wearing, panel: Panel, kind: str, box: Window) -> Mapped:
    if job.frame is None or job.trunk is None or job.mask is None or job.hem is None:
        return _rows(job, panel, box)
    target = trunk_target(job.frame, job.marks, job.trunk, job.hem)
    mapped = fit_trunk(job.frame, job.mask, target, job.trunk, box, roundness=job.roundness)
    if kind == "sleeve":  # the garment has none
        return Mapped(mapped.source, np.zeros_like(mapped.within), "none")
    return mapped


def _rows(job: Wearing, panel: Panel, box: Window) -> Mapped:
    """A piece of no known build, from its own top to its own end."""
    y, x = np.nonzero(panel.mask)
    if not len(x):
        empty = np.zeros((box[3] - box[1], box[2] - box[0]), np.bool_)
        return Mapped(np.zeros((*empty.shape, 2), np.float32), empty, "rows")
    at = locate(panel.frame, np.stack([x + 0.5, y + 0.5], axis=1)[:: max(1, len(x) // 5000)].astype(np.float32))
    start, end = np.quantile(at.distance, (0.01, 0.99)).tolist()
    trunk = job.trunk if job.trunk is not None else _both_legs(job.cut)
    return fit_rows(panel.frame, start, np.array([end, 0.0, 0.0]), trunk, box, roundness=job.roundness)


def _both_legs(cut: Cutout) -> Trunk:
    """Trousers as one piece between their outer edges."""
    legs = {side: _find_limb(cut, "leg", side) for side in "RL"}
    h, w = cut.alpha.shape
    frame = {"R": np.array([[0.0, 0.0], [0.0, h]]), "L": np.array([[float(w), 0.0], [float(w), h]])}
    edges = {f"side_{side}": frame[side] if leg is None else leg.outer for side, leg in legs.items()}
    return Trunk(edges, 1.0, 1.0)


def _find_limb(cut: Cutout, kind: str, side: str) -> Limb | None:
    find = find_sleeve if kind == "sleeve" else find_leg
    own = find(cut, side)
    return own if own is not None else find(cut, "R" if side == "L" else "L")  # a folded one looks like the other


def _cloth(cut: Cutout, source: Floats) -> Mask:
    """Where the garment has cloth."""
    x, y = (np.ascontiguousarray(source[..., k] - np.float32(0.5)) for k in (0, 1))
    alpha = cv2.remap(cut.alpha, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
    return np.asarray(alpha > 0.5, np.bool_)


def _least(source: Floats, seen: Mask) -> float:
    """The least determinant over the median; jumps where cloth ends or two halves of a bent arm meet are no folds."""
    seen = cv2.erode(seen.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0
    apart = max(1, int(np.ceil(np.sqrt(seen.size / _LOOK))))
    source, seen = source[::apart, ::apart], seen[::apart, ::apart]
    if not seen.any() or min(seen.shape) < 2:
        return float(np.inf)
    down, across = np.gradient(source, axis=0), np.gradient(source, axis=1)
    step = np.maximum(np.abs(down), np.abs(across)).max(2)
    even = seen & (step < _JUMP * float(np.median(step[seen])))
    det = jacobian(source)[even]
    if not len(det):
        return float(np.inf)
    middle = float(np.median(det))  # negative for a sleeve that is the other one's mirror image
    return max(float(np.quantile(det * np.sign(middle), 0.001)) / max(abs(middle), 1e-12), -1.0)
