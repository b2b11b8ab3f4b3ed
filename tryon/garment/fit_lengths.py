"""How long a garment's parts are beside what is worn, from the widths that both have."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from dressform.tryon.garment.cut import Cutout
from dressform.tryon.garment.fit_report import FULL, FULL_TRUNK, Length, match_length
from dressform.tryon.garment.fit_trunk import neck_depth
from dressform.tryon.garment.parts import Limb, Trunk, find_leg
from dressform.tryon.garment.target_landmarks import Point, frame_points
from dressform.tryon.shape.frames import Frame, locate
from dressform.tryon.shape.panel import Panel

__all__ = ["EASE", "hip_width", "is_baggy", "leg_length", "neck_gap", "sleeve_length", "trunk_length"]

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
    top = "neckline" in trunk.edges
    upper = "armpit" if top else "waist"
    m = {name: np.array(place) for name, place in marks.items()}
    names = (f"{upper}_R", f"{upper}_L", "hem_R", "hem_L", "hem")
    ends = locate(frame, np.stack([m[name] for name in names]).astype(np.float32)).distance
    worn, ease = float(ends[2:].mean() - ends[:2].mean()), 1 + roundness * (EASE - 1)
    if top:
        # Armpits lie inside of the outline where a sleeve hangs beside it.
        pit = float(ends[:2].mean())
        chest = 2 * float(frame.along(frame.radius, pit + 0.3 * frame.along(frame.radius, pit)))
        chest = max(chest, _apart(m, "armpit")) / max(trunk.width, 1e-9)
        own = np.hypot(*(np.array(cut.landmarks["shoulder_L"]) - cut.landmarks["shoulder_R"]))
        scale = float(np.sqrt(chest * ease * _apart(m, "shoulder") / max(float(own), 1e-9)))
    else:
        middle = float((ends[:2].mean() + ends[2:].mean()) / 2)
        line = frame_points(frame, [middle] * 2, np.array([-1, 1]) * frame.along(frame.radius, middle))
        scale = float(np.hypot(*(line[1] - line[0]))) / max(trunk.width, 1e-9) * ease
    return match_length(max(worn, 1.0), max(trunk.length * scale, 1.0), FULL_TRUNK)


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
    worn, natural = _worn(panel), limb.length / (_ARM * trunk.width) * max(bones, 1.0)
    return match_length(worn, natural, FULL if worn < _SHORT * natural else (FULL[0], _LITTLE))


def leg_length(panel: Panel, limb: Limb, side: str, cut: Cutout, marks: Mapping[str, Point]) -> Length:
    """How the part of a leg below the crotch is laid on the worn one; as it is where the bones are not seen."""
    chain = _chain(marks, ("knee", "ankle"), side)
    if chain is None:
        return _AS_IT_IS
    ankle = float(locate(panel.frame, chain[-1:].astype(np.float32)).distance[0])
    own = limb.length * (1 - limb.crotch)
    full = max(_LEG * hip_width(cut) - limb.length * limb.crotch, 0.3 * own)
    return match_length(_worn(panel), own / full * max(ankle - _start(panel), 1.0))


def is_baggy(panel: Panel, limb: Limb, cut: Cutout) -> bool:
    """Whether a garment's crotch would hang so much lower than the worn one's that they cannot be matched."""
    if panel.seam is None:
        return True
    worn = _start(panel)
    width = 4 * float(panel.frame.along(panel.frame.radius, worn))
    return limb.length * limb.crotch * width / max(hip_width(cut), 1e-9) > _BAGGY * max(worn, 1.0)


def hip_width(cut: Cutout) -> float:
    """Width of trousers at the height of the crotch, in pixels of the cut-out; 0 for garments without legs."""
    legs = [find_leg(cut, side) for side in "RL"]
    ends = [leg.at(np.array([leg.crotch]), np.array([1.0]))[0] for leg in legs if leg is not None]
    return float(np.hypot(*(ends[1] - ends[0]))) if len(ends) == 2 else 0.0


def _start(panel: Panel) -> float:
    """Distance along the axis at which the panel is sewn to its trunk."""
    if panel.seam is None:
        return 0.0
    return float(locate(panel.frame, np.asarray(panel.seam, np.float32)).distance.mean())


def _worn(panel: Panel) -> float:
    return max(panel.frame.length - _start(panel), 1.0)


def _chain(marks: Mapping[str, Point], names: tuple[str, ...], side: str) -> Doubles | None:
    found = [marks[f"{name}_{side}"] for name in names if f"{name}_{side}" in marks]
    return np.array(found) if len(found) == len(names) else None


def _apart(marks: Mapping[str, Doubles], name: str) -> float:
    return float(np.hypot(*(marks[f"{name}_L"] - marks[f"{name}_R"])))
