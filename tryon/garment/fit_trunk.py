"""Torsos and skirts: a thin-plate spline between the edges of what is worn and of the garment, in corresponding places.

Where the spline folds the cloth over it is made smoother, and failing that each row is fitted by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dressform.parsing.scores import Window
from dressform.tryon.garment.fit_limb import Mapped, held_in, rounded
from dressform.tryon.garment.fit_report import Length
from dressform.tryon.garment.parts import Trunk, resample
from dressform.tryon.garment.target_landmarks import Point, frame_points
from dressform.tryon.garment.tps import Plate, fit_plate
from dressform.tryon.shape.frames import Frame, Place, enlarged, grid_points, grid_step, locate

__all__ = ["TrunkTarget", "fit_rows", "fit_trunk", "trunk_target"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_COUNTS = {"neckline": 7, "waist": 7, "shoulder": 4, "armhole": 4, "side": 9, "hem": 9}
_SMOOTH = (0.003, 0.03, 0.3, 3.0)  # tried in turn
_LOOSE = {"neckline": 15.0, "waist": 2.0}  # how much less an edge binds than others
_NODES = 2500  # of the grid that a spline is found on
_LEAST_DET = 0.08  # of the median, from which cloth counts as not folded
_NECKS = (0.7, 1.25)  # of the garment's neck depth, within which it follows the worn one


class TrunkTarget(NamedTuple):
    """Edges of a worn torso or skirt.

    Attributes:
        edges: (k, 2) by name, as in :class:`~dressform.tryon.garment.parts.Trunk`.
        start: Distance along the frame of the armpits or the waist.
        end: (3,) that of the garment's hem, wherever it comes to lie: a + b x + c x² at x half widths across.
    """

    edges: dict[str, Doubles]
    start: float
    end: Doubles


def trunk_target(frame: Frame, marks: Mapping[str, Point], trunk: Trunk, length: Length) -> TrunkTarget:
    """Edges of what is worn, in the places that those of the garment go to."""
    m = {name: np.array(place, np.float64) for name, place in marks.items()}
    top = "neckline" in trunk.edges
    upper = "armpit" if top else "waist"
    ends = locate(
        frame, np.stack([m[name] for name in (f"{upper}_R", f"{upper}_L", "hem_R", "hem", "hem_L")]).astype(np.float32)
    )
    right, left, low_right, low, low_left = (float(d) for d in ends.distance)
    start = (right + left) / 2
    hem = np.array([low, (low_left - low_right) / 2, (low_left + low_right) / 2 - low])
    ratio = length.reach / max(length.used, 1e-6)
    end = np.array([start, 0, 0]) + (hem - [start, 0, 0]) * ratio
    edges: dict[str, Doubles] = {}
    x = np.linspace(-1, 1, 17)
    at = end_at(end, x)
    edges["hem"] = frame_points(frame, at, x * frame.along(frame.radius, at))
    for side, sign, first in (("R", -1.0, right), ("L", 1.0, left)):
        along = np.linspace(first, float(end_at(end, np.array(sign))), 17)
        line = frame_points(frame, along, sign * frame.along(frame.radius, along))
        line[0] = m[f"{upper}_{side}"]
        edges[f"side_{side}"] = line
        if top:
            edges[f"shoulder_{side}"] = np.stack([m[f"neck_{side}"], m[f"shoulder_{side}"]])
            edges[f"armhole_{side}"] = np.stack([m[f"shoulder_{side}"], m[f"armpit_{side}"]])
    if top:
        edges["neckline"] = _neckline(m, trunk.edges["neckline"])
    else:
        edges["waist"] = np.stack([m["waist_R"], m["waist"], m["waist_L"]])
    return TrunkTarget(edges, start, end)


def fit_trunk(frame: Frame, mask: Mask, target: TrunkTarget, trunk: Trunk, box: Window, *, roundness: float) -> Mapped:
    """Source coordinates of a torso's or skirt's box.

    Args:
        frame: Of what is worn.
        mask: (h, w) bool over the region's window, where the cloth must not be folded over.
        target: From :func:`trunk_target`.
        trunk: The garment's.
        box: (x0, y0, x1, y1) pixels of the region's window.
        roundness: 0 flat, 1 a tube below the armpits.
    """
    names = [name for name in trunk.edges if name in target.edges]
    counts = [_COUNTS[name.split("_")[0]] for name in names]
    worn = np.concatenate([resample(target.edges[name], count) for name, count in zip(names, counts, strict=True)])
    here = _flat(frame, locate(frame, worn.astype(np.float32)), target.end, roundness)
    there = np.concatenate([resample(trunk.edges[name], count) for name, count in zip(names, counts, strict=True)])
    loose = np.repeat([_LOOSE.get(name, 1.0) for name in names], counts)
    step = grid_step(box, _NODES)
    points, shape = grid_points(box, step)
    place = locate(frame, points)
    flat = _flat(frame, place, target.end, roundness)
    beyond = _beyond(frame, place, target.end).reshape(shape)
    within = enlarged(beyond.astype(np.float32), box, step) <= 0
    inside = _grid_mask(mask, points).reshape(shape) & (beyond < -1)
    for smoothing in _SMOOTH:
        plate: Plate = fit_plate(here, there, smoothing * loose)
        found = plate.at(flat).reshape(*shape, 2)
        if _unfolded(found, inside):
            return Mapped(_large(found, box, step), within, "spline")
    return fit_rows(frame, target.start, target.end, trunk, box, roundness=roundness)


def end_at(end: Doubles, across: Doubles) -> Doubles:
    """Distance along the frame at which the garment ends, at places across; beyond the sides as at them."""
    x = np.clip(across, -1, 1)
    return np.asarray(end[0] + end[1] * x + end[2] * x * x, np.float64)


def fit_rows(frame: Frame, start: float, end: Doubles, trunk: Trunk, box: Window, *, roundness: float) -> Mapped:
    """Each row of a trunk to the row of the garment at the same share of the length, evenly."""
    step = grid_step(box)
    points, shape = grid_points(box, step)
    place = locate(frame, points)
    across = place.offset.astype(np.float64) / np.maximum(frame.along(frame.radius, place.distance), 1e-6)
    across = held_in(across)
    along = (place.distance - start) / np.maximum(end_at(end, across) - start, 1e-6)
    within = enlarged(along.astype(np.float32).reshape(shape), box, step) <= 1
    along = np.where(along > 1, np.maximum(2 - along, 0), along)
    found = trunk.at(along, rounded(across, roundness))
    return Mapped(_large(found.reshape(*shape, 2), box, step), within, "rows")


def _neckline(m: Mapping[str, Doubles], own: Doubles) -> Doubles:
    """The worn opening as half an ellipse from R to L, not much deeper or flatter than the garment's own."""
    middle, half = (m["neck_R"] + m["neck_L"]) / 2, (m["neck_L"] - m["neck_R"]) / 2
    down = np.array([-half[1], half[0]])
    width = max(float(np.hypot(*half)), 1e-9)
    depth = float((m["neck"] - middle) @ down) / width**2
    garment = neck_depth(own)
    depth = float(np.clip(depth, _NECKS[0] * garment - 0.1, _NECKS[1] * garment + 0.15))
    angle = np.linspace(np.pi, 0, 33)
    return np.asarray(middle + np.cos(angle)[:, None] * half + np.sin(angle)[:, None] * depth * down, np.float64)


def neck_depth(neckline: Doubles) -> float:
    """How deep an opening hangs below its corners, in half widths; negative for collars that stand up."""
    half = (neckline[-1] - neckline[0]) / 2
    width = max(float(np.hypot(*half)), 1e-9)
    down = np.array([-half[1], half[0]]) / width
    return float((neckline[len(neckline) // 2] - (neckline[0] + neckline[-1]) / 2) @ down) / width


def _flat(frame: Frame, place: Place, end: Doubles, roundness: float) -> Doubles:
    """Places as they would lie on flat cloth that ends at ``end`` and is mirrored there."""
    distance = place.distance.astype(np.float64)
    radius = np.maximum(frame.along(frame.radius, distance), 1e-6)
    round_ = roundness * (1 - frame.along(frame.flat, distance).astype(np.float64))
    across = place.offset / radius
    last = end_at(end, across)
    distance = np.where(distance > last, 2 * last - distance, distance)
    return frame_points(frame, distance, rounded(across, round_) * radius)


def _beyond(frame: Frame, place: Place, end: Doubles) -> Doubles:
    """How far places lie beyond the garment's end, in pixels."""
    last = end_at(end, place.offset / np.maximum(frame.along(frame.radius, place.distance), 1e-6))
    return np.asarray(place.distance - last, np.float64)


def _grid_mask(mask: Mask, points: Floats) -> Mask:
    x = np.clip(points[:, 0].astype(np.int64), 0, mask.shape[1] - 1)
    y = np.clip(points[:, 1].astype(np.int64), 0, mask.shape[0] - 1)
    return np.asarray(mask[y, x], np.bool_)


def _unfolded(source: Doubles, seen: Mask) -> bool:
    det = jacobian(source)
    if not seen.any():
        return True
    middle = float(np.median(det[seen]))
    return middle > 0 and float(det[seen].min()) > _LEAST_DET * middle


def jacobian(source: npt.NDArray[np.floating]) -> Doubles:
    """(h, w) float64 determinants of the Jacobian of (h, w, 2) coordinates, per cell of the grid squared."""
    if min(source.shape[:2]) < 2:
        return np.ones(source.shape[:2])
    ax, ay = np.gradient(source[..., 0].astype(np.float64), axis=(1, 0))
    bx, by = np.gradient(source[..., 1].astype(np.float64), axis=(1, 0))
    return np.asarray(ax * by - ay * bx, np.float64)


def _large(found: Doubles, box: Window, step: int) -> Floats:
    planes = [enlarged(np.ascontiguousarray(found[..., k].astype(np.float32)), box, step) for k in (0, 1)]
    return np.stack(planes, axis=2)
