"""How panels are sewn together: sleeves at armholes, the legs of trousers to their hips."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.tryon.shape.frames import Frame, locate
from dressform.tryon.shape.panel import Panel

__all__ = ["Sewing", "sewings"]

Floats = npt.NDArray[np.float32]
_LEAD_SLEEVE = 2.0  # half widths of the limb over which coordinates are led over from the parent's
_LEAD_LEG = 1.8
_FOLDED = np.radians(105)  # a forearm folded back goes its own way too
_WIDEST = np.radians(50)  # legs further out than this from their hips, as of people who sit, go their own way


@dataclass(frozen=True, eq=False)
class Sewing:
    """How a panel's own coordinates become those of the garment.

    Attributes:
        turn: Angle in radians by which (u, v) is turned.
        shift: What is added to (u, v) after that.
        reach: Pixels from the seam over which its parent's coordinates go over to its own; 0: they jump.
        frame: The panel's frame.
        seam: (2, 2) ends of the seam, x, y.
        way: (2,) unit vector across the seam, from the parent to the panel.
        endless: Whether the seam counts as a line without ends: everything before it is the parent's.
    """

    turn: float
    shift: tuple[float, float]
    reach: float
    frame: Frame
    seam: Floats
    way: npt.NDArray[np.float64]
    endless: bool

    def share(self, points: Floats) -> Floats:
        """(k,) float32 0..1: how much the panel's own coordinates count at points (k, 2), 0 on the seam."""
        a, b = self.seam.astype(np.float64)
        d = b - a
        if self.endless:
            distance = (points - a) @ self.way
        else:
            along = np.clip(((points - a) @ d) / max(float(d @ d), 1e-9), 0, 1)[:, None]
            far = points - (a + along * d)
            distance = np.hypot(far[:, 0], far[:, 1])
        t = np.clip(distance / max(self.reach, 1e-6), 0, 1)
        return np.asarray(t * t * (3 - 2 * t), np.float32)


def sewings(
    panels: Sequence[Panel], read: Callable[[Frame, Floats], Floats], *, continuous: bool
) -> list[Sewing | None]:
    """For each panel how it is sewn to its parent; None where it has none.

    Args:
        panels: The pieces of a garment.
        read: Gives (k, 2) u and v of points (k, 2) on a frame.
        continuous: Sleeves go on from the torso as if cut from one piece, else they are turned along the arm.
    """
    return [_sewing(panel, read, continuous) for panel in panels]


def _sewing(panel: Panel, read: Callable[[Frame, Floats], Floats], continuous: bool) -> Sewing | None:
    if panel.parent is None or panel.seam is None:
        return None
    leg = panel.name.startswith("leg")
    middle = panel.seam.mean(0, keepdims=True, dtype=np.float32)
    own_way, parent_way = _way(panel.frame, middle), _way(panel.parent, middle)
    angle = float(np.arctan2(*(parent_way[0] * own_way[1] - parent_way[1] * own_way[0], (parent_way * own_way).sum())))
    width = float(panel.frame.along(panel.radius, locate(panel.frame, middle).distance)[0])
    reach = (_LEAD_LEG if leg else _LEAD_SLEEVE) * width
    turn = 0.0
    if leg:
        reach = reach if abs(angle) < _WIDEST else 0.0
    elif continuous and abs(angle) < _FOLDED:
        turn = angle
    else:
        reach = 0.0
    # Both agree where one goes over to the other half and half.
    out = _outwards(panel.seam, panel.frame)
    meet = (middle + 0.5 * reach * out).astype(np.float32)
    own, parent = read(panel.frame, meet)[0].astype(np.float64), read(panel.parent, meet)[0].astype(np.float64)
    c, s = np.cos(turn), np.sin(turn)
    turned = np.array([c * own[0] - s * own[1], s * own[0] + c * own[1]])
    shift = parent - turned
    return Sewing(turn, (float(shift[0]), float(shift[1])), reach, panel.frame, panel.seam, out, leg)


def _outwards(seam: Floats, frame: Frame) -> npt.NDArray[np.float64]:
    """(2,) unit vector square to a seam, to the side of the panel's middle."""
    d = (seam[1] - seam[0]).astype(np.float64)
    across = np.array([d[1], -d[0]]) / max(float(np.hypot(*d)), 1e-9)
    side = float(across @ (frame.axis[len(frame.axis) // 2] - seam.mean(0)))
    return across if side >= 0 else -across


def _way(frame: Frame, point: Floats) -> npt.NDArray[np.float64]:
    """(2,) unit vector along a frame's axis at the height of a point."""
    line = frame.axis.astype(np.float64)
    spacing = frame.length / (len(line) - 1)
    k = int(np.clip(round(float(locate(frame, point).distance[0]) / max(spacing, 1e-6)), 0, len(line) - 1))
    d = line[min(k + 3, len(line) - 1)] - line[max(k - 3, 0)]
    return np.asarray(d / max(float(np.hypot(*d)), 1e-9))
