"""Landmarks of the garment that a person wears, with the names of :mod:`dressform.tryon.garment.landmarks`.

Shoulders and armpits are the ends of the armhole seams, the rest is read from the panels' masks along their centre
lines, as far as nothing lies in front. ``_L`` is what lies on the right of the picture, as in a garment's photo seen
from the front; so a person seen from behind wears the front of the garment as well.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from dressform.parsing import Part, Person
from dressform.tryon.garment.tps import solve
from dressform.tryon.shape.frames import Frame, locate
from dressform.tryon.shape.panel import Panel
from dressform.tryon.shape.panels import split_panels
from dressform.tryon.shape.regions import GarmentRegion
from dressform.tryon.shape.skeleton import ARMS, LEGS, Joints, find_joints

__all__ = ["frame_points", "panel_side", "target_landmarks", "trunk_of"]

Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Point = tuple[float, float]
_BEHIND = (
    Part.PANTS,
    Part.SKIRT,
    Part.LEFT_LEG,
    Part.RIGHT_LEG,
    Part.SOCKS,
    Part.LEFT_SHOE,
    Part.RIGHT_SHOE,
    Part.UPPER_CLOTHES,
    Part.DRESS,
)
_SAMPLES = 30_000  # px of a panel that are looked at
_BINS = 41  # across a torso
_NECK = 0.42  # half a neck in half shoulders, where hair or a scarf hides it
_SLOPE = 0.32  # of a shoulder line: down per across
_LEAST_HOLE = 0.25  # height of an armhole, in half widths of the torso
_PIT = 0.32  # armpit below the shoulder joint, in shoulder widths


def target_landmarks(
    region: GarmentRegion, person: Person, panels: Sequence[Panel] | None = None
) -> Mapping[str, Point]:
    """Where the landmarks of a garment have to go on a person.

    Args:
        region: The garment that is worn.
        person: Who wears it.
        panels: Its panels, if they are known already.

    Returns:
        (x, y) in pixels of the region's window by name, the middle of pixel (i, j) at (j + 0.5, i + 0.5). Tops and
        dresses: neck, shoulder, armpit, hem; trousers: crotch; skirts: waist, hem; beside them elbow, wrist, knee and
        ankle as far as they are seen.
    """
    panels = split_panels(region, person) if panels is None else panels
    joints = find_joints(person)
    if joints is not None:
        moved = joints.points - np.array(region.window[:2], np.float32)
        joints = Joints(moved.astype(np.float32), joints.seen)
    out: dict[str, Point] = {}
    trunk = trunk_of(panels)
    if trunk is not None:
        frame, mask = trunk
        ends = _ends(frame, mask, _in_front(region, person, panels))
        top = any(panel.name == "torso" for panel in panels)
        out |= _torso(frame, ends, panels, joints, mask.shape[1]) if top else _skirt(frame, ends)
    for panel in panels:
        if panel.name.startswith("leg") and panel.seam is not None:
            out["crotch"] = _point(panel.seam[0])
    return MappingProxyType(out | _bones(trunk, panels, joints))


def trunk_of(panels: Sequence[Panel]) -> tuple[Frame, Mask] | None:
    """The tube of torso and skirt and all of its pixels; None for trousers and pieces of no known build."""
    named = [panel for panel in panels if panel.name in ("torso", "skirt")]
    if not named:
        return None
    frame = named[0].frame
    mask = np.logical_or.reduce([panel.mask for panel in named if panel.frame is frame])
    return frame, np.asarray(mask, np.bool_)


def panel_side(panel: Panel, trunk: Frame | None, width: int) -> str:
    """ "L" for a sleeve or leg on the right of the trunk in the picture, "R" for one on its left."""
    middle = panel.axis[len(panel.axis) // 4]
    if trunk is None:
        return "L" if middle[0] > width / 2 else "R"
    return "L" if float(locate(trunk, np.asarray(middle, np.float32)[None]).offset[0]) > 0 else "R"


def frame_points(frame: Frame, distance: npt.ArrayLike, offset: npt.ArrayLike) -> Doubles:
    """(k, 2) places at distances along a frame's axis and pixels beside it; beyond its ends it goes on straight."""
    along, beside = np.asarray(distance, np.float64), np.asarray(offset, np.float64)
    line, length = frame.axis.astype(np.float64), frame.length
    at = np.linspace(0, length, len(line))
    tangent = np.gradient(line, axis=0)
    tangent[0], tangent[-1] = line[2] - line[0], line[-1] - line[-3]
    tangent /= np.maximum(np.hypot(tangent[:, 0], tangent[:, 1]), 1e-9)[:, None]
    held = np.clip(along, 0, length)
    point = np.stack([np.interp(held, at, line[:, k]) for k in (0, 1)], axis=-1)
    way = np.stack([np.interp(held, at, tangent[:, k]) for k in (0, 1)], axis=-1)
    way /= np.maximum(np.hypot(way[..., 0], way[..., 1]), 1e-9)[..., None]
    normal = np.stack([way[..., 1], -way[..., 0]], axis=-1)
    return np.asarray(point + way * (along - held)[..., None] + normal * beside[..., None], np.float64)


def _in_front(region: GarmentRegion, person: Person, panels: Sequence[Panel]) -> Mask:
    """(h, w) bool: what may hide the torso's or skirt's ends: sleeves, arms, bags, other people."""
    out = region.protect & ~person.own(region.window, _BEHIND)
    for panel in panels:
        if panel.name.startswith("sleeve"):
            out = out | panel.mask
    return np.asarray(out, np.bool_)


def _torso(
    frame: Frame, ends: tuple[Doubles, Doubles], panels: Sequence[Panel], joints: Joints | None, width: int
) -> dict[str, Point]:
    first, last = ends
    out: dict[str, Point] = {}
    for panel in panels:
        if panel.name.startswith("sleeve") and panel.seam is not None:
            side = panel_side(panel, frame, width)
            ends_at = locate(frame, np.asarray(panel.seam, np.float32)).distance
            if ends_at[1] - ends_at[0] > _LEAST_HOLE * float(frame.radius.mean()):  # of raised arms it may lie anyhow
                out[f"shoulder_{side}"], out[f"armpit_{side}"] = _point(panel.seam[0]), _point(panel.seam[1])
    unit = joints.shoulder_width if joints is not None and joints.shoulder_width > 1 else 2 * float(frame.radius.mean())
    for side, sign in (("L", 1.0), ("R", -1.0)):
        if f"shoulder_{side}" not in out:
            out |= _bare_shoulder(frame, first, joints, side, sign, unit)
    out |= _neck(frame, first, out)
    hem = _hem(last)
    for name, x in (("hem_L", 1.0), ("hem_R", -1.0), ("hem", 0.0)):
        d = float(hem @ [1, x, x * x])
        out[name] = _point(frame_points(frame, d, x * float(frame.along(frame.radius, d))))
    return out


def _skirt(frame: Frame, ends: tuple[Doubles, Doubles]) -> dict[str, Point]:
    first, last = ends
    start = float(np.nanquantile(first[8:-8], 0.2)) if np.isfinite(first[8:-8]).any() else 0.0
    hem = _hem(last)
    out = {}
    for name, x in (("_L", 1.0), ("_R", -1.0), ("", 0.0)):
        for label, d in (("waist", start), ("hem", float(hem @ [1, x, x * x]))):
            out[label + name] = _point(frame_points(frame, d, x * float(frame.along(frame.radius, d))))
    return out


def _ends(frame: Frame, mask: Mask, in_front: Mask) -> tuple[Doubles, Doubles]:
    """(41,) first and last distance at which cloth is seen, for places across from -1 to 1.

    NaN where there is none, and for last ones where something in front ends it.
    """
    where = np.flatnonzero(mask.reshape(-1))
    y, x = np.divmod(where[:: max(1, len(where) // _SAMPLES)], mask.shape[1])
    place = locate(frame, np.stack([x + 0.5, y + 0.5], axis=1).astype(np.float32))
    across = np.clip(place.offset / np.maximum(frame.along(frame.radius, place.distance), 1e-6), -1, 1)
    number = np.rint((across + 1) / 2 * (_BINS - 1)).astype(np.int64)
    first, last = np.full(_BINS, np.nan), np.full(_BINS, np.nan)
    for k in range(_BINS):
        here = place.distance[number == k]
        if len(here) > 4:
            first[k], last[k] = np.quantile(here, 0.01), np.quantile(here, 0.99)
    x_bins = np.linspace(-1, 1, _BINS)
    step = 0.06 * float(frame.radius.mean())
    for ahead in (1.0, 2.0, 3.0):
        seen = np.isfinite(last)
        at = last[seen] + ahead * step
        below = np.floor(frame_points(frame, at, x_bins[seen] * frame.along(frame.radius, at))).astype(np.int64)
        inside = ((below >= 0) & (below < [mask.shape[1], mask.shape[0]])).all(1)
        below = np.clip(below, 0, [mask.shape[1] - 1, mask.shape[0] - 1])
        hidden = in_front[below[:, 1], below[:, 0]] & inside
        last[np.flatnonzero(seen)[hidden]] = np.nan
    return first, last


def _bare_shoulder(
    frame: Frame, first: Doubles, joints: Joints | None, side: str, sign: float, unit: float
) -> dict[str, Point]:
    """Shoulder and armpit where no sleeve is seen: from the joint on this side of the picture, or the outline."""
    seen = []
    if joints is not None:
        for k in (5, 6):
            at = locate(frame, joints.points[k : k + 1])
            if joints.seen[k] and float(at.offset[0]) * sign > 0:
                seen.append((float(at.distance[0]), float(at.offset[0])))
    if seen:
        down, beside = seen[0]
        shoulder = frame_points(frame, down - 0.1 * unit, beside)
        return {f"shoulder_{side}": _point(shoulder), f"armpit_{side}": _pit(frame, down + _PIT * unit, sign)}
    outer = first[-8:] if sign > 0 else first[:8]
    top = float(np.nanmin(outer)) if np.isfinite(outer).any() else 0.0
    beside = 0.85 * sign * float(frame.along(frame.radius, top))
    return {
        f"shoulder_{side}": _point(frame_points(frame, top, beside)),
        f"armpit_{side}": _pit(frame, top + 0.4 * unit, sign),
    }


def _pit(frame: Frame, distance: float, sign: float) -> Point:
    return _point(frame_points(frame, distance, sign * float(frame.along(frame.radius, distance))))


def _neck(frame: Frame, first: Doubles, found: Mapping[str, Point]) -> dict[str, Point]:
    """The opening's corners and its lowest place."""
    out = {}
    x_bins = np.linspace(-1, 1, _BINS)
    ends = {side: np.array(found[f"shoulder_{side}"]) for side in "LR"}
    places = locate(frame, np.stack([ends["L"], ends["R"]]).astype(np.float32))
    shoulder = {side: (float(places.distance[k]), float(places.offset[k])) for k, side in enumerate("LR")}
    for side, (down, beside) in shoulder.items():
        radius = float(frame.along(frame.radius, down))
        tip = beside / max(radius, 1e-9)
        inside = (
            (np.sign(x_bins) == np.sign(tip)) & (np.abs(x_bins) > 0.25 * abs(tip)) & (np.abs(x_bins) < 0.8 * abs(tip))
        )
        inside &= np.isfinite(first)
        at = _NECK * beside
        usual = down - _SLOPE * abs(beside - at)
        if inside.any():
            k = np.flatnonzero(inside)[int(np.argmin(first[inside]))]
            # Hair on the shoulders hides the corner: then the shoulder line tells where it would be.
            if first[k] < down - 0.35 * _SLOPE * abs(beside):
                at, usual = float(x_bins[k]) * float(frame.along(frame.radius, first[k])), float(first[k])
        out[f"neck_{side}"] = _point(frame_points(frame, usual, at))
    corners = np.array([out["neck_R"], out["neck_L"]])
    half = float(np.hypot(*(corners[1] - corners[0]))) / 2
    chord = locate(frame, corners.mean(0)[None].astype(np.float32))
    middle = first[_BINS // 2 - 3 : _BINS // 2 + 4]
    low = float(np.nanmedian(middle)) if np.isfinite(middle).any() else float(chord.distance[0]) + 0.4 * half
    low = float(np.clip(low, chord.distance[0] + 0.05 * half, chord.distance[0] + 3.0 * half))
    out["neck"] = _point(frame_points(frame, low, float(chord.offset[0])))
    return out


def _hem(last: Doubles) -> Doubles:
    """(3,) a + b x + c x²: where the cloth ends at x across; hands and bags in front of the hem don't count."""
    x = np.linspace(-1, 1, _BINS)
    good = np.isfinite(last) & (np.abs(x) < 0.94)
    if np.count_nonzero(good) < 5:
        return np.array([float(np.nanmax(last)) if np.isfinite(last).any() else 0.0, 0.0, 0.0])
    x, end = x[good], last[good]
    basis = np.stack([np.ones_like(x), x, x * x], axis=1)
    weight = np.ones(len(x))
    found = np.zeros(3)
    scale = max(0.02 * float(np.ptp(end)), 0.01 * float(np.abs(end).max()), 1.0)
    for _ in range(12):
        # Cloth seen below the curve counts much, cloth missing above it little: something hides it there.
        normal = np.einsum("ni,nj->ij", basis * weight[:, None], basis) + np.diag([0.0, 1.0, 3.0])
        found = solve(normal, np.einsum("ni,n->i", basis * weight[:, None], end)[:, None])[:, 0]
        off = end - (basis * found).sum(1)
        weight = np.where(off > 0, 1.0, 0.35) / (1 + np.square(off / (4 * scale)))
    return found


def _bones(trunk: tuple[Frame, Mask] | None, panels: Sequence[Panel], joints: Joints | None) -> dict[str, Point]:
    """Elbows and wrists, knees and ankles, by the side of the picture on which their panel lies."""
    out: dict[str, Point] = {}
    if joints is None:
        return out
    for panel in panels:
        kind, _, own = panel.name.partition("_")
        if kind not in ("sleeve", "leg"):
            continue
        side = panel_side(panel, None if trunk is None else trunk[0], panel.mask.shape[1])
        names = ("", "elbow", "wrist") if kind == "sleeve" else ("", "knee", "ankle")
        chain = (ARMS if kind == "sleeve" else LEGS)[own]
        for name, joint in zip(names[1:], chain[1:], strict=True):
            if joints.seen[joint]:
                out[f"{name}_{side}"] = _point(joints.points[joint])
    return out


def _point(place: npt.ArrayLike) -> Point:
    x, y = np.asarray(place, np.float64).reshape(-1).tolist()
    return float(x), float(y)
