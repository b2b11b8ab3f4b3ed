"""Landmarks of tops and dresses from both halves of an outline.

Armpits are hollows of the outline (convexity defects) where it turns inward, as deep below the shoulder as sleeves
are set in; of all pairs of a left and a right one, that which is deep, sharp and alike wins. The neck is the corner
between neckline and shoulder line, or the foot of a collar or hood.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.garment.outline import Outline, Side, turning

__all__ = ["deepest_hollow", "upper_sides"]

Doubles = npt.NDArray[np.float64]
Marks = dict[str, Doubles]
_ARMHOLE = 0.48  # depth of an armhole below the shoulder, in widths of the chest
_HIDDEN = 0.8  # the same from which a hollow is the end of a sleeve that lies against the side
_LOWEST = 2.3  # the same from which it has nothing to do with a sleeve
_DEEP = 0.12  # roots of the area, a hollow deep enough
_SLEEVE = 0.07  # roots of the area that a sleeve reaches beyond the armhole
_SHORT = 1.5  # widths of the armhole that a short sleeve reaches
_NECK = 0.36  # half a neck in half chests, where no corner shows it


class Hollow(NamedTuple):
    """A place that may be an armpit.

    Attributes:
        at: Index of the path.
        place: (2,) there.
        score: The higher the likelier.
        depth: Pixels from the mouth of its hollow.
        hidden: Whether it is the lower end of a closed gap, the armpit being higher up and unseen.
        start: Index of the hull point before it.
        end: Index of the hull point after it.
    """

    at: int
    place: Doubles
    score: float
    depth: float
    hidden: bool
    start: int
    end: int


def deepest_hollow(whole: Outline) -> float:
    """Depth in pixels of the likeliest armpit, 0 where there is none."""
    return max((h.depth for side in whole.sides for h in _hollows(side, whole)), default=0.0)


def upper_sides(whole: Outline) -> Mapping[str, Marks]:
    """For sides "L" and "R" places in the garment's frame, x outward.

    neck, shoulder, armpit, hem, and cuff_outer, cuff_inner where there is a sleeve.
    """
    chosen = _pair(whole)
    seen = [hollow.place for hollow in chosen if hollow is not None and not hollow.hidden]
    out = {}
    for side, hollow in zip(whole.sides, chosen, strict=True):
        out[side.name] = _marks(side, whole, hollow, np.mean(seen, axis=0) if seen else None)
    for (side, hollow), other in zip(zip(whole.sides, chosen, strict=True), reversed(whole.sides), strict=True):
        if hollow is None and seen and "cuff_outer" not in out[other.name]:  # its armhole is the other one's mirrored
            for name in ("armpit", "shoulder", "neck"):
                place = out[other.name][name]
                out[side.name][name] = side.points[int(np.argmin(np.hypot(*(side.points - place).T)))]
    _same_neck(out, whole)
    return out


def _hollows(side: Side, whole: Outline) -> list[Hollow]:
    path, n = side.points, len(side.points)
    turn = turning(path, max(3, round(0.045 * n)))
    hull, half = _hull(path), whole.size[0] / 2
    found = []
    for a, b in pairwise(hull):
        if b - a < 6:
            continue
        chord, off = path[b] - path[a], path[a : b + 1] - path[a]
        depth = np.abs(chord[0] * off[:, 1] - chord[1] * off[:, 0]) / max(float(np.hypot(*chord)), 1e-9)
        inner = -turn[a : b + 1]
        peak = (inner > 0.3) & (inner >= np.roll(inner, 1)) & (inner >= np.roll(inner, -1))
        for k in sorted({int(depth.argmax()), *np.flatnonzero(peak).tolist()}):
            x, y = path[a + k]
            if depth[k] < 0.02 * whole.root or x < 0.2 * half or y > whole.top + 0.97 * whole.size[1]:
                continue
            drop = (y - path[_first_beyond(path, a + k, 0.9 * x), 1]) / (2 * x)
            if drop < 0.1:  # a neckline, not an armhole
                continue
            if drop > _LOWEST:  # a scallop of the hem
                continue
            score = min(depth[k] / whole.root / _DEEP, 1.0) + 0.6 * float(np.clip(inner[k], 0, 1.4)) / 1.4
            # The foot of a hood opens upward; sleeves lie beside an armpit, so it is not at the outside.
            score -= 2.0 * max(0.0, -_opening(path, a + k, 0.13 * whole.root) - 0.15)
            score -= 8.0 * max(0.0, x / half - 0.86) + 6.0 * max(0.0, 0.5 - x / half)
            hidden = drop > _HIDDEN
            unusual = max(0.0, abs(float(np.log(drop / _ARMHOLE))) - 0.4) + 0.6 * max(0.0, drop - 0.6)
            score = 0.25 * score if hidden else score - 1.2 * unusual
            found.append(Hollow(a + k, path[a + k], score, float(depth[k]), hidden, a, b))
    # With a deep hollow lower and farther out, the upper one is the foot of a hood or a gap in a collar.
    found = [h._replace(score=h.score - 0.8) if any(_outdone(h, other) for other in found) else h for h in found]
    return sorted(found, key=lambda h: -h.score)[:6]


def _outdone(one: Hollow, other: Hollow) -> bool:
    return other.depth > 0.5 * one.depth and other.place[1] > one.place[1] and other.place[0] > 1.35 * one.place[0]


def _opening(path: Doubles, at: int, reach: float) -> float:
    """Which way a hollow opens, -1 up to 1 down, seen over ``reach`` pixels."""
    away = np.hypot(*(path - path[at]).T)
    before, after = np.flatnonzero(away[:at] > reach), np.flatnonzero(away[at:] > reach)
    start = path[before[-1]] if len(before) else path[0]
    end = path[at + after[0]] if len(after) else path[-1]
    way = (start + end) / 2 - path[at]
    return float(way[1] / max(float(np.hypot(*way)), 1e-9))


def _pair(whole: Outline) -> tuple[Hollow | None, Hollow | None]:
    """The likeliest armpit of each side."""
    left, right = ([*_hollows(side, whole), None] for side in whole.sides)
    best: tuple[float, tuple[Hollow | None, Hollow | None]] = (-np.inf, (None, None))
    for one in left:
        for other in right:
            score = sum(-0.2 if h is None else h.score for h in (one, other))
            if one is not None and other is not None and one.hidden == other.hidden:
                apart = float(np.hypot(*(one.place - other.place))) / (0.08 * whole.root)
                score -= 0.9 * min(apart, 2.0)
            elif one is not None and other is not None:
                score -= 0.3
            if score > best[0]:
                best = (score, (one, other))
    return best[1]


def _marks(side: Side, whole: Outline, hollow: Hollow | None, seen: Doubles | None) -> Marks:
    path = side.points
    if hollow is not None and not hollow.hidden:
        armpit = hollow.place
    elif seen is not None:
        armpit = seen
    else:
        armpit = _prior_armpit(path, whole, hollow)
    end = hollow.at if hollow is not None else int(np.argmin(np.hypot(*(path - armpit).T)))
    shoulder_at = _first_beyond(path, end, 0.97 * armpit[0])
    sleeve = path[shoulder_at : end + 1]
    out: Marks = {}
    cuff = _cuff(sleeve, armpit, path, _SLEEVE * whole.root) if hollow is not None else None
    if cuff is not None:
        out["cuff_outer"], out["cuff_inner"] = cuff
    elif hollow is not None and not hollow.hidden:  # an armhole without a sleeve: it ends where the side begins
        shoulder_at = min(shoulder_at, max(hollow.start, 1))
        armpit = path[_side_begins(path, hollow)]
    out["armpit"], out["shoulder"] = armpit, path[shoulder_at]
    out["neck"] = path[_neck(path[: shoulder_at + 1], whole, float(armpit[0]))]
    below = path[end:]
    out["hem"] = below[int(np.argmax(below @ [0.5, 1.0]))]
    return out


def _hull(path: Doubles) -> list[int]:
    """Indices of the path's points on the convex hull of the half garment, in order."""
    points = np.concatenate([path, [[0.0, path[-1, 1]], [0.0, path[0, 1]]]]).astype(np.float32)
    found = np.asarray(cv2.convexHull(points, returnPoints=False)).reshape(-1)
    return sorted({0, len(path) - 1, *(int(k) for k in found if k < len(path))})


def _first_beyond(path: Doubles, end: int, x: float) -> int:
    """Index of the first place before ``end`` where the path is as far out as ``x``."""
    beyond = np.flatnonzero(path[: end + 1, 0] >= x)
    return int(beyond[0]) if len(beyond) else int(path[: end + 1, 0].argmax())


def _prior_armpit(path: Doubles, whole: Outline, notch: Hollow | None) -> Doubles:
    """Where an armpit lies on an outline that does not show it: above the end of the closed gap, or by the height."""
    if notch is not None:
        x = 0.97 * float(notch.place[0])
        y = path[_first_beyond(path, notch.at, 0.9 * x), 1] + _ARMHOLE * 2 * x
        return np.array([x, min(float(y), float(notch.place[1]))])
    y = whole.top + min(0.35 * whole.size[1], 0.5 * whole.size[0])
    below = path[np.abs(path[:, 1] - y) < 0.05 * whole.size[1]]
    return np.array([0.85 * float(below[:, 0].max()) if len(below) else 0.4 * whole.size[0], y])


def _cuff(sleeve: Doubles, armpit: Doubles, path: Doubles, least: float) -> tuple[Doubles, Doubles] | None:
    """A sleeve's outer and inner end, from the outline between shoulder and armpit; None where there is no sleeve."""
    if len(sleeve) < 5:
        return None
    shoulder, chord = sleeve[0], armpit - sleeve[0]
    width = max(float(np.hypot(*chord)), 1e-9)
    off = sleeve - shoulder
    reach = (chord[1] * off[:, 0] - chord[0] * off[:, 1]) / width
    farthest = int(reach.argmax())
    # A strap or a ruffle that leans outward has its end at the top.
    if reach[farthest] < least or off[farthest, 1] < 0.12 * chord[1]:
        return None
    step = max(float(np.median(np.hypot(*np.diff(path, axis=0).T))), 1e-9)
    base = (shoulder + armpit) / 2
    away = np.hypot(*(sleeve - base).T)
    if away.max() < _SHORT * width:
        return _widest(sleeve)
    tip = sleeve[away > 0.9 * away.max()].mean(0)
    way = (tip - base) / max(float(np.hypot(*(tip - base))), 1e-9)
    across = np.array([-way[1], way[0]])  # to the inner edge
    inner = int(np.argmax(sleeve @ (way + 0.7 * across)))
    start = max(0, inner - max(3, round(1.3 * width / step)))
    outer = start + int(np.argmax(sleeve[start : inner + 1] @ (way - 0.7 * across)))
    return sleeve[outer], sleeve[inner]


def _widest(sleeve: Doubles) -> tuple[Doubles, Doubles]:
    """The two places of a short sleeve's outline that span the largest quadrilateral with its ends."""
    some = sleeve[:: 1 + len(sleeve) // 120]
    first, last = sleeve[0], sleeve[-1]
    # Twice the signed area of first, a, b, last, for all a and b.
    a, b = some[:, None] - first, some[None] - first
    area = (
        a[..., 0] * b[..., 1] - a[..., 1] * b[..., 0] + (b[..., 0] * (last - first)[1] - b[..., 1] * (last - first)[0])
    )
    i, j = np.unravel_index(int(np.argmax(np.triu(area, 1))), area.shape)
    return some[i], some[j]


def _side_begins(path: Doubles, hollow: Hollow) -> int:
    """Index of the lower end of an armhole: the corner between its arc and the side."""
    piece = path[hollow.at : hollow.end + 1]
    if len(piece) < 3:
        return hollow.at
    chord, off = piece[-1] - piece[0], piece - piece[0]
    length = max(float(np.hypot(*chord)), 1e-9)
    bulge = (chord[1] * off[:, 0] - chord[0] * off[:, 1]) / length
    at = int(bulge.argmax())
    if bulge[at] > 0.02 * length:
        return hollow.at + at
    # A hull point not far below the hollow is that corner itself; otherwise the hull goes on to the hem.
    near = piece[-1, 1] - piece[0, 1] < 0.9 * (piece[0, 1] - path[hollow.start, 1])
    near |= piece[-1, 1] < path[-1, 1] - 0.3 * (path[-1, 1] - path[hollow.start, 1])
    return hollow.end if near else hollow.at + len(piece) // 3


def _neck(path: Doubles, whole: Outline, chest: float) -> int:
    """Index of the corner between the neckline, collar or hood and the shoulder line."""
    n = len(path)
    if n < 8:
        return n // 2
    top = int(path[:, 1].argmin())
    if path[0, 1] - path[top, 1] > 0.035 * whole.root:  # an open neckline: the first of its highest places
        return int(np.flatnonzero(path[:, 1] <= path[top, 1] + 0.012 * whole.root)[0])
    chord, off = path[-1] - path[0], path - path[0]
    above = (chord[1] * off[:, 0] - chord[0] * off[:, 1]) / max(float(np.hypot(*chord)), 1e-9)
    low, high = int(above.argmin()), int(above.argmax())
    if above[low] < -0.03 * whole.root and path[low, 1] > path[0, 1] + 0.04 * whole.root:
        return low  # the foot of a collar or hood
    if above[high] > 0.012 * whole.root and 0.15 * chest < path[high, 0] < 0.75 * chest:
        return high
    return int(np.argmin(np.abs(path[:, 0] - _NECK * chest)))


def _same_neck(marks: Mapping[str, Marks], whole: Outline) -> None:
    """Where the two halves tell quite different necks, the one nearer to the usual width is mirrored."""
    necks = [marks[side.name]["neck"] for side in whole.sides]
    wide, narrow = max(n[0] for n in necks), min(n[0] for n in necks)
    if wide - narrow < 0.35 * wide:
        return
    usual = _NECK * float(np.mean([marks[side.name]["armpit"][0] for side in whole.sides]))
    good = min(necks, key=lambda n: abs(float(np.log(max(n[0], 1.0) / usual))))
    for side in whole.sides:
        upper = side.points[side.points[:, 1] <= marks[side.name]["shoulder"][1] + 0.02 * whole.root]
        marks[side.name]["neck"] = upper[int(np.argmin(np.hypot(*(upper - good).T)))]
