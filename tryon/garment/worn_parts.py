"""The parts of a worn garment as they are seen in its photo, in the shape that the fit wants them in.

Both the one who gives a garment and the one who takes it are tubes seen from the front, so nothing is unrolled: so
far along and across the one, so far along and across the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from dressform.tryon.garment.fit_lengths import seam_distance, worn_size
from dressform.tryon.garment.fit_limb import seam_start
from dressform.tryon.garment.fit_report import Length
from dressform.tryon.garment.fit_trunk import trunk_target
from dressform.tryon.garment.parts import Limb, Parts, Trunk
from dressform.tryon.garment.target_landmarks import Point, frame_points, panel_side, trunk_of
from dressform.tryon.shape.frames import locate
from dressform.tryon.shape.panel import Panel

__all__ = ["WornLimb", "worn_parts"]

Doubles = npt.NDArray[np.float64]
_RISE = 0.28  # of a leg's length, down to a crotch that nobody sees
_POINTS = 33
_BEYOND = 0.15  # of a limb's length: frames end where most of the cloth does
_BONES = {"sleeve": ("shoulder", "elbow", "wrist"), "leg": ("knee", "ankle")}


@dataclass(frozen=True, eq=False)
class WornLimb(Limb):
    """A sleeve or a leg on somebody: places on it are looked up on its tube.

    Attributes:
        panel: Of the giver.
        side: "L" on the right of the picture, or "R".
        scale: Pixels of the cut-out per pixel of the region's window.
        shift: Pixels that the limb's picture lies to the right of the window's left edge in the cut-out.
    """

    panel: Panel = field(kw_only=True)
    side: str = field(kw_only=True)
    scale: float = field(kw_only=True)
    shift: float = field(kw_only=True)

    @property
    def length(self) -> float:
        above = seam_distance(self.panel) if self.panel.name.startswith("sleeve") else 0.0
        return max(self.panel.frame.length - above, 1.0) * self.scale

    @property
    def width(self) -> float:
        return 2 * float(self.panel.frame.radius.mean()) * self.scale

    def at(self, along: Doubles, across: Doubles) -> Doubles:
        """(k, 2): places at ``along`` 0..1 and ``across`` -1 (inner edge) to 1 (outer edge); both go on beyond."""
        return _places(self.panel, self.side, self.crotch, along, across) * self.scale + [self.shift, 0.0]

    def whole(self) -> Limb:
        """The same without a crotch."""
        panel, more = replace(self.panel, seam=None), self.crotch * self.length if self.bones else 0.0
        outer, inner = (
            _places(panel, self.side, 0.0, np.linspace(0, 1, _POINTS), np.full(_POINTS, end)) * self.scale
            + [self.shift, 0.0]
            for end in (1.0, -1.0)
        )
        return replace(self, outer=outer, inner=inner, crotch=0.0, bones=self.bones + more, panel=panel)


def worn_parts(panels: Sequence[Panel], marks: Mapping[str, Point], scale: float, shift: float) -> Parts | None:
    """What a worn garment is made of; None for a piece of no known build.

    Args:
        panels: Of the giver.
        marks: Their landmarks, pixels of the region's window.
        scale: Pixels of the cut-out per pixel of the window.
        shift: Pixels that the sleeves' picture lies to the right of the torso's in the cut-out.
    """
    found = trunk_of(panels)
    frame = None if found is None else found[0]
    trunk = None
    if frame is not None:
        top = "neck_L" in marks
        corners = [np.array(marks[f"neck{end}"]) for end in ("_R", "", "_L")] if top else []
        own = Trunk({"neckline": np.array(corners)} if top else {}, 1.0, 1.0)
        edges = trunk_target(frame, marks, own, Length(1.0, 1.0, 1.0, 1.0)).edges
        width, length = worn_size(frame, marks)
        trunk = Trunk({name: edge * scale for name, edge in edges.items()}, width * scale, length * scale)
    kind = "leg" if trunk is None else "sleeve"
    limbs: dict[str, Limb] = {}
    for panel in panels:
        if panel.name.startswith(kind):
            side = panel_side(panel, frame, panel.mask.shape[1])
            limbs.setdefault(f"{kind}_{side}", _limb(panel, kind, side, marks, scale, shift))
    return Parts(trunk, limbs, worn=True) if trunk is not None or limbs else None


def _limb(panel: Panel, kind: str, side: str, marks: Mapping[str, Point], scale: float, shift: float) -> WornLimb:
    total = panel.frame.length
    start = seam_distance(panel) if panel.seam is not None else _RISE * total
    crotch = 0.0 if kind == "sleeve" else float(np.clip(start / max(total, 1e-6), 0.02, 0.9))
    chain = [marks[f"{name}_{side}"] for name in _BONES[kind] if f"{name}_{side}" in marks]
    bones = 0.0
    if len(chain) == len(_BONES[kind]):
        if kind == "sleeve":
            bones = float(np.hypot(*np.diff(np.array(chain), axis=0).T).sum())
        else:
            bones = max(float(locate(panel.frame, np.array(chain[-1:], np.float32)).distance[0]) - start, 1.0)
    outer, inner = (
        _places(panel, side, crotch, np.linspace(0, 1, _POINTS), np.full(_POINTS, end)) * scale + [shift, 0.0]
        for end in (1.0, -1.0)
    )
    return WornLimb(outer, inner, crotch, bones * scale, _BEYOND, panel=panel, side=side, scale=scale, shift=shift)


def _places(panel: Panel, side: str, crotch: float, along: Doubles, across: Doubles) -> Doubles:
    """(k, 2) pixels of the region's window; the inverse of what the fit does with the taker's limb."""
    frame = panel.frame
    start = _start(panel, side, across) if crotch > 0 or panel.seam is not None else np.zeros(len(across))
    below = start + (along - crotch) / max(1 - crotch, 1e-6) * (frame.length - start)
    distance = np.where(along < crotch, along / max(crotch, 1e-6) * start, below) if crotch > 0 else below
    offset = across * frame.along(frame.radius, distance).astype(np.float64)
    return frame_points(frame, distance, offset if side == "L" else -offset)


def _start(panel: Panel, side: str, across: Doubles) -> Doubles:
    """Distance along the axis at which a sleeve or the part below the crotch begins."""
    if panel.seam is None and panel.name.startswith("leg"):
        return np.full(len(across), _RISE * panel.frame.length)
    return seam_start(panel, side, across)
