"""The worn garment unrolled into a pattern laid flat: where each of its pieces lies, and what of the photo it shows.

The inverse of the fit (:mod:`~dressform.tryon.garment.fit_trunk`, :mod:`~dressform.tryon.garment.fit_limb`): tubes are
unrolled by the arcsine, bent arms and legs are laid straight.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.garment.fit_lengths import EASE
from dressform.tryon.garment.fit_limb import rounded, seam_start, unrounded
from dressform.tryon.garment.target_landmarks import Point, frame_points, panel_side, trunk_of
from dressform.tryon.shape.frames import Frame, locate
from dressform.tryon.shape.panel import Panel

__all__ = ["Piece", "Quad", "limb_pieces", "trunk_piece"]

Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_SLEEVE = np.radians(28.0)  # of sleeves below the horizontal
_SPREAD = 0.1  # of a leg's length that it moves outward
_RISE = 0.28  # of a leg's length, down to a crotch that nobody sees


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece of the pattern.

    Attributes:
        outline: (n, 2) float64 places of the pattern, pixels of the photo, x = 0 in the middle.
        marks: Landmarks that it brings, in the same places.
        panels: Whose pixels show it.
        frame: The tube that it is unrolled from.
        quads: Four-sided parts of a limb; none for a trunk.
        side: "L" on the right of the picture, "R", or "" for a trunk.
    """

    outline: Doubles
    marks: dict[str, Doubles]
    panels: tuple[Panel, ...]
    frame: Frame
    quads: tuple[Quad, ...] = ()
    side: str = ""

    def seen_at(self, places: Doubles) -> Doubles:
        """(k, 2) pixels of the region's window that show places (k, 2) of the pattern."""
        if not self.quads:
            distance = places[:, 1]
            radius = np.maximum(self.frame.along(self.frame.radius, distance).astype(np.float64), 1e-6)
            round_ = 1 - self.frame.along(self.frame.flat, distance).astype(np.float64)
            return frame_points(self.frame, distance, unrounded(places[:, 0] / (EASE * radius), round_) * radius)
        out = np.zeros_like(places)
        for quad in self.quads:
            along, across = quad.inverse(places)
            here = (along >= 0) & (along <= 1) & (np.abs(across) <= 1)
            beside = unrounded(across[here], 1.0)
            start, end = quad.reach(beside)
            distance = start + along[here] * (end - start)
            radius = self.frame.along(self.frame.radius, distance).astype(np.float64)
            out[here] = frame_points(self.frame, distance, (beside if self.side == "L" else -beside) * radius)
        return out


@dataclass(frozen=True, eq=False)
class Quad:
    """A part of a sleeve or leg laid flat, straight between four corners.

    Attributes:
        corners: (4, 2) inner and outer start, inner and outer end.
        panel: The worn limb.
        side: "L" or "R", where it lies.
        above: Whether it is the part of a leg above the crotch.
    """

    corners: Doubles
    panel: Panel
    side: str
    above: bool = False

    def reach(self, across: Doubles) -> tuple[Doubles, Doubles]:
        """Distances along the limb's axis at which it begins and ends, at places across."""
        start = _start(self.panel, self.side, across)
        total = np.full_like(start, self.panel.frame.length)
        return (np.zeros_like(start), start) if self.above else (start, total)

    def inverse(self, places: Doubles) -> tuple[Doubles, Doubles]:
        """Along 0..1 and across -1 (inner edge) to 1 of places (k, 2), by Newton's method; beyond it somewhere else."""
        a, b, c, d = self.corners
        e, f, g = c - a, b - a, (d - c) - (b - a)
        t, q = np.full(len(places), 0.5), np.full(len(places), 0.5)
        for _ in range(12):
            off = a + t[:, None] * e + q[:, None] * f + (t * q)[:, None] * g - places
            by_t, by_q = e + q[:, None] * g, f + t[:, None] * g
            det = by_t[:, 0] * by_q[:, 1] - by_t[:, 1] * by_q[:, 0]
            det = np.where(np.abs(det) < 1e-9, 1e-9, det)
            t = np.clip(t - (off[:, 0] * by_q[:, 1] - off[:, 1] * by_q[:, 0]) / det, -2, 3)
            q = np.clip(q - (by_t[:, 0] * off[:, 1] - by_t[:, 1] * off[:, 0]) / det, -2, 3)
        return t, 2 * q - 1


def trunk_piece(panels: Sequence[Panel], marks: Mapping[str, Point]) -> Piece | None:
    """Torso and skirt unrolled; None where there is neither."""
    found = trunk_of(panels)
    if found is None:
        return None
    frame = found[0]
    top = "neck_L" in marks
    names = ["neck", "shoulder", "armpit", "hem"] if top else ["waist", "hem"]
    names = [f"{name}_{side}" for name in names for side in "RL"] + (["neck", "hem"] if top else ["waist", "hem"])
    flat = dict(zip(names, _unrolled(frame, np.array([marks[name] for name in names])), strict=True))
    upper = "armpit" if top else "waist"
    edges = {}
    for side, sign in (("R", -1.0), ("L", 1.0)):
        along = np.linspace(flat[f"{upper}_{side}"][1], flat[f"hem_{side}"][1], 24)
        line = np.stack([sign * EASE * frame.along(frame.radius, along), along], axis=1)
        # Under a sleeve the armpit lies inside of the tube: the side leads from it outward.
        line[:, 0] += (flat[f"{upper}_{side}"][0] - line[0, 0]) * np.linspace(1, 0, 24) ** 2
        edges[side], flat[f"hem_{side}"] = line, line[-1]
    hem = _curve(flat["hem_L"], flat["hem"], flat["hem_R"])
    opening = _curve(*(flat[f"{'neck' if top else 'waist'}{end}"] for end in ("_R", "", "_L")))
    parts = [opening]
    if top:
        parts += [flat["shoulder_L"][None]]
    parts += [edges["L"], hem, edges["R"][::-1]]
    if top:
        parts += [flat["shoulder_R"][None]]
    own = tuple(panel for panel in panels if panel.name in ("torso", "skirt") and panel.frame is frame)
    return Piece(np.concatenate(parts), flat, own, frame)


def limb_pieces(panels: Sequence[Panel], trunk: Piece | None) -> list[Piece]:
    """Sleeves that begin at the trunk's armholes, or both legs; a leg that is not seen is the other one mirrored."""
    found: dict[str, Panel] = {}
    kind = "leg" if trunk is None else "sleeve"
    frame = None if trunk is None else trunk.frame
    for panel in panels:
        if panel.name.startswith(kind):
            found.setdefault(panel_side(panel, frame, panel.mask.shape[1]), panel)
    if trunk is not None:
        return [_sleeve(panel, side, trunk.marks) for side, panel in found.items() if "armpit_L" in trunk.marks]
    if not found:
        return []
    legs = {side: _leg(panel, side) for side, panel in found.items()}
    own = next(iter(legs))
    return [legs.get(side) or _mirrored(legs[own], side) for side in "RL"]


def _unrolled(frame: Frame, points: Doubles) -> Doubles:
    """(k, 2) places of the pattern for pixels of the window on a trunk."""
    place = locate(frame, points.astype(np.float32))
    distance = place.distance.astype(np.float64)
    radius = np.maximum(frame.along(frame.radius, distance), 1e-6).astype(np.float64)
    round_ = 1 - frame.along(frame.flat, distance).astype(np.float64)
    return np.stack([EASE * radius * rounded(place.offset / radius, round_), distance], axis=1)


def _curve(start: Doubles, middle: Doubles, end: Doubles) -> Doubles:
    """(24, 2) half an ellipse from start to end, as deep as the middle."""
    angle = np.linspace(np.pi, 0, 24)[:, None]
    half, centre = (end - start) / 2, (start + end) / 2
    down = np.array([0.0, middle[1] - centre[1]])
    return np.asarray(centre + np.cos(angle) * half + np.sin(angle) * down, np.float64)


def _sleeve(panel: Panel, side: str, marks: Mapping[str, Doubles]) -> Piece:
    sign = 1.0 if side == "L" else -1.0
    shoulder, pit = marks[f"shoulder_{side}"], marks[f"armpit_{side}"]
    total = panel.frame.length
    length = max(total - float(_start(panel, side, np.zeros(1))[0]), 1.0)
    way = np.array([sign * np.cos(_SLEEVE), np.sin(_SLEEVE)])
    across = sign * np.array([way[1], -way[0]]) * EASE * float(panel.frame.along(panel.frame.radius, total))
    end = (shoulder + pit) / 2 + way * length
    outer, inner = end + across, end - across
    quad = Quad(np.stack([pit, shoulder, inner, outer]), panel, side)
    outline = np.stack([pit, shoulder, outer, inner])
    marks = {f"cuff_outer_{side}": outer, f"cuff_inner_{side}": inner}
    return Piece(outline, marks, (panel,), panel.frame, (quad,), side)


def _leg(panel: Panel, side: str) -> Piece:
    sign, frame = 1.0 if side == "L" else -1.0, panel.frame
    rise = max(float(_start(panel, side, np.zeros(1))[0]), 1.0)
    waist, hip, foot = (2 * EASE * float(frame.along(frame.radius, at)) for at in (0.0, rise, frame.length))
    length = frame.length - rise
    out = _SPREAD * length
    corners = {
        "waist": (0.0, 0.0), f"waist_{side}": (sign * waist, 0.0), "crotch": (0.0, rise), "hip": (sign * hip, rise),
        f"hem_inner_{side}": (sign * (out + (hip - foot) / 2), rise + length),
        f"hem_outer_{side}": (sign * (out + (hip + foot) / 2), rise + length),
    }  # fmt: skip
    marks = {name: np.array(place) for name, place in corners.items()}
    order = ("waist", f"waist_{side}", "crotch", "hip", f"hem_inner_{side}", f"hem_outer_{side}")
    points = np.stack([marks[name] for name in order])
    quads = (Quad(points[:4], panel, side, above=True), Quad(points[2:], panel, side))
    del marks["hip"]
    return Piece(points[[0, 1, 3, 5, 4, 2]], marks, (panel,), frame, quads, side)


def _mirrored(piece: Piece, side: str) -> Piece:
    """The same leg on the other side; it shows the same pixels."""
    flip = np.array([-1.0, 1.0])
    marks = {
        (name[:-1] + side if name[-2:] in ("_L", "_R") else name): place * flip for name, place in piece.marks.items()
    }
    quads = tuple(replace(quad, corners=quad.corners * flip) for quad in piece.quads)
    return replace(piece, outline=piece.outline * flip, marks=marks, quads=quads)


def _start(panel: Panel, side: str, across: Doubles) -> Doubles:
    if panel.seam is None and panel.name.startswith("leg"):
        return np.full(len(across), _RISE * panel.frame.length)
    return seam_start(panel, side, across)


def covers(piece: Piece, box: tuple[float, float], size: tuple[int, int], scale: float) -> Mask:
    """(h, w) bool: pixels of a picture of the pattern that a piece takes.

    Args:
        piece: The piece.
        box: (x, y) of the pattern at the picture's corner.
        size: (w, h) of the picture.
        scale: Pixels of the picture per pixel of the pattern.
    """
    out = np.zeros((size[1], size[0]), np.uint8)
    corners = np.rint(((piece.outline - box) * scale - 0.5) * 16).astype(np.int32)
    cv2.fillPoly(out, [corners], 1, shift=4)
    return out > 0
