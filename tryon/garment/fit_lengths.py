"""How long a garment's parts are beside what is worn, from the widths that both have."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from dressform.tryon.garment.cut import Cutout
from dressform.tryon.garment.fit_report import FULL, FULL_TRUNK, Length, match_length
from dressform.tryon.garment.fit_trunk import neck_depth
from dressform.tryon.garment.parts import Limb, Trunk, find_leg
from dressform.tryon.garment.target_landmarks import Point
from dressform.tryon.shape.frames import Frame, locate
from dressform.tryon.shape.panel import Panel

__all__ = [
    "EASE",
    "hip_width",
    "is_baggy",
    "leg_length",
    "neck_gap",
    "seam_distance",
    "sleeve_length",
    "trunk_length",
    "worn_size",
]

Doubles = npt.NDArray[np.float64]
EASE = 1.15
"""Flat width of a garment over the width of somebody in it."""
_ARM = 1.1  # an arm in widths of the chest of a garment that fits it
_LEG = 2.05  # waist to ankle, in widths of the hips
_BAGGY = 2.6  # rise of the garment over the worn one, in the same widths of the hips
_SHORT, _LITTLE = 1.6, 1.1  # a sleeve worn that much longer is another kind of sleeve: it is stretched only a little
_AS_IT_IS = Length(1.0, 1.0, 1.0, 1.0)


def trunk_length(cut: Cutout, trunk: Trunk, frame: Frame, marks: Mapping[str, Point], *, roundness: float) -> Length:
    """How the length of a torso or skirt is laid on the worn one.

    Args:
        cut: The garment.
        trunk: Its torso or skirt.
        frame: Of what is worn.
        marks: Landmarks of what is worn.
        roundness: 0 flat, 1 a tube.
    """
    ease = 1 + roundness * (EASE - 1)
    width, worn = worn_size(frame, marks)
    scale = width / max(trunk.width, 1e-9) * ease
    if "neckline" in trunk.edges:
        shoulders = _apart(marks, "shoulder") / max(_apart(cut.landmarks, "shoulder"), 1e-9)
        scale = float(np.sqrt(scale * shoulders))
    return match_length(max(worn, 1.0), max(trunk.length * scale, 1.0), FULL_TRUNK)


def worn_size(frame: Frame, marks: Mapping[str, Point]) -> tuple[float, float]:
    """Width of a worn torso's chest or a skirt's middle, and the length from the armpits or the waist to the hem."""
    top = "neck_L" in marks
    upper = "armpit" if top else "waist"
    names = (f"{upper}_R", f"{upper}_L", "hem_R", "hem_L", "hem")
    ends = locate(frame, np.array([marks[name] for name in names], np.float32)).distance
    start, end = float(ends[:2].mean()), float(ends[2:].mean())
    at = start + 0.3 * float(frame.along(frame.radius, start)) if top else (start + end) / 2
    width = 2 * float(frame.along(frame.radius, at))
    # Armpits lie inside of the outline where a sleeve hangs beside it.
    return max(width, _apart(marks, "armpit")) if top else width, end - start


def neck_gap(trunk: Trunk, marks: Mapping[str, Point]) -> float | None:
    """How much deeper the worn neckline is than the garment's, in half widths of the neck; None for skirts."""
    if "neckline" not in trunk.edges:
        return None
    worn = neck_depth(np.array([marks["neck_R"], marks["neck"], marks["neck_L"]]))
    return worn - neck_depth(trunk.edges["neckline"])


def sleeve_length(panel: Panel, limb: Limb, side: str, trunk: Trunk, marks: Mapping[str, Point]) -> Length:
    """How a sleeve's length is laid on the worn one, by the bones of the arm; as it is where they are not seen."""
    chain = _chain(marks, ("shoulder", "elbow", "wrist"), side)
    if chain is None:
        return _AS_IT_IS
    bones = float(np.hypot(*np.diff(chain, axis=0).T).sum())
    worn, natural = _worn(panel), limb.length / (limb.bones or _ARM * trunk.width) * max(bones, 1.0)
    return match_length(worn, natural, FULL if worn < _SHORT * natural else (FULL[0], _LITTLE))


def leg_length(panel: Panel, limb: Limb, side: str, cut: Cutout, marks: Mapping[str, Point]) -> Length:
    """How the part of a leg below the crotch is laid on the worn one; as it is where the bones are not seen."""
    chain = _chain(marks, ("knee", "ankle"), side)
    if chain is None:
        return _AS_IT_IS
    ankle = float(locate(panel.frame, chain[-1:].astype(np.float32)).distance[0])
    own = limb.length * (1 - limb.crotch)
    full = limb.bones or max(_LEG * hip_width(cut) - limb.length * limb.crotch, 0.3 * own)
    return match_length(_worn(panel), own / full * max(ankle - seam_distance(panel), 1.0))


def is_baggy(panel: Panel, limb: Limb, cut: Cutout) -> bool:
    """Whether a garment's crotch would hang so much lower than the worn one's that they cannot be matched."""
    if panel.seam is None:
        return True
    worn = seam_distance(panel)
    width = 4 * float(panel.frame.along(panel.frame.radius, worn))
    return limb.length * limb.crotch * width / max(hip_width(cut), 1e-9) > _BAGGY * max(worn, 1.0)


def hip_width(cut: Cutout) -> float:
    """Width of trousers at the height of the crotch, in pixels of the cut-out; 0 for garments without legs."""
    legs = [leg for leg in (find_leg(cut, side) for side in "RL") if leg is not None]
    ends = [leg.at(np.array([leg.crotch]), np.array([1.0]))[0] for leg in legs]
    if len(legs) == 1:  # the other one is not seen
        return 2 * float(np.hypot(*(ends[0] - legs[0].at(np.array([legs[0].crotch]), np.array([-1.0]))[0])))
    return float(np.hypot(*(ends[1] - ends[0]))) if legs else 0.0


def seam_distance(panel: Panel) -> float:
    """Distance along the axis at which the panel is sewn to its trunk."""
    if panel.seam is None:
        return 0.0
    return float(locate(panel.frame, np.asarray(panel.seam, np.float32)).distance.mean())


def _worn(panel: Panel) -> float:
    return max(panel.frame.length - seam_distance(panel), 1.0)


def _chain(marks: Mapping[str, Point], names: tuple[str, ...], side: str) -> Doubles | None:
    found = [marks[f"{name}_{side}"] for name in names if f"{name}_{side}" in marks]
    return np.array(found) if len(found) == len(names) else None


def _apart(marks: Mapping[str, Point], name: str) -> float:
    return float(np.hypot(*(np.array(marks[f"{name}_L"]) - marks[f"{name}_R"])))
