"""A garment in panels: torso and sleeves, legs, skirt, or one piece where nothing tells more."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import Part, Person
from dressform.parsing.windows import window_slices
from dressform.tryon.shape.axis import Axis, arc_lengths, fit_axis, resampled
from dressform.tryon.shape.frames import Frame, locate, make_frame, pinned
from dressform.tryon.shape.panel import Panel
from dressform.tryon.shape.regions import GarmentRegion
from dressform.tryon.shape.skeleton import Joints, Waist, bone_distances, find_joints, find_waist
from dressform.tryon.shape.split_legs import LegSplit, gap_between, split_legs
from dressform.tryon.shape.split_top import TopSplit, body_unit, split_top

__all__ = ["Panel", "split_panels"]

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_NODES = 64_000  # px of the picture on which shapes are looked at
_TOP = frozenset({Part.UPPER_CLOTHES, Part.COAT})
_BOTTOM = frozenset({Part.PANTS, Part.SKIRT})
_SKIN = frozenset({Part.LEFT_ARM, Part.RIGHT_ARM, Part.GLOVE})
_FADE, _FADE_SLEEVE = 0.55, 1.5  # half widths below the armpits over which a flat chest or shoulder becomes round
_FLARE_MOST = 0.5
_PIECE = 0.12  # of the largest piece
_FOLDED = 105.0  # degrees: more bent an arm is two tubes
_STRAIGHT = 0.85  # of the width at the hips: trousers are narrower at the ankles


@dataclass(frozen=True, eq=False)
class _View:
    """A region as it is looked at: small."""

    mask: Mask
    solid: Mask
    hidden: Mask
    hands: Mask
    joints: Joints | None
    waist: Waist | None
    photo: Bytes | None
    scale: tuple[float, float]

    def large(self, axis: Axis) -> Axis:
        """An axis in pixels of the window."""
        x, y = self.scale
        points = axis.points / np.array([x, y], np.float32)
        return Axis(points.astype(np.float32), (axis.radius * np.float32(2 / (x + y))).astype(np.float32))

    def points(self, points: Floats) -> Floats:
        return np.asarray(points / np.array(self.scale, np.float32), np.float32)


@dataclass(frozen=True, eq=False)
class _Piece:
    """A panel before its mask is drawn large: (h, w) bool small mask and the rest."""

    name: str
    mask: Mask
    frame: Frame
    parent: Frame | None = None
    seam: Floats | None = None
    backing: Mask | None = None


def split_panels(region: GarmentRegion, person: Person) -> tuple[Panel, ...]:
    """The panels of a garment; together they cover its mask, each pixel once.

    Args:
        region: From :func:`dressform.tryon.shape.regions.find_region`.
        person: The same person.
    """
    view = _look(region, person)
    if region.name in ("hat", "socks", "shoes"):
        pieces = _loose(view)
    elif region.name == "lower":
        pieces = _bottom(view, _is_skirt(view, region, person, view.mask))
    elif region.name == "outfit":
        pieces = _outfit(view, region, person)
    else:
        pieces = _top(view, skirt=region.name == "dress")
    return _drawn(pieces, region.mask)


def _look(region: GarmentRegion, person: Person) -> _View:
    height, width = region.mask.shape
    ratio = min(1.0, float(np.sqrt(_NODES / (height * width))))
    size = (max(round(width * ratio), 8), max(round(height * ratio), 8))
    scale = (size[0] / width, size[1] / height)
    x0, y0 = region.window[:2]
    own = person.own(region.window, "all")
    others = region.protect & ~own

    def small(mask: Mask) -> Mask:
        return np.asarray(cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)) > 0

    joints, waist = find_joints(person), None
    waist = find_waist(person, joints)
    if joints is not None:
        moved = (joints.points - (x0, y0)) * np.array(scale, np.float32)
        joints = Joints(moved.astype(np.float32), joints.seen)
    if waist is not None:
        waist = Waist(((waist.at[0] - x0) * scale[0], (waist.at[1] - y0) * scale[1]), waist.down)
    image = person.parse.image
    photo = None
    if image is not None:
        photo = np.asarray(cv2.resize(image[window_slices(region.window)], size, interpolation=cv2.INTER_AREA))
    mask = small(region.mask)
    solid, hidden = small(own | region.mask | others), small(region.protect) & ~mask
    return _View(mask, solid, hidden, small(person.own(region.window, _SKIN)), joints, waist, photo, scale)


def _top(view: _View, *, skirt: bool) -> list[_Piece]:
    """Torso and sleeves; the part of a dress below the waist is its skirt."""
    joints = view.joints
    neck = None if joints is None else joints.middle(5, 6)
    if joints is None or neck is None or body_unit(joints) < 8:
        return [_whole(view, view.mask)]
    split = split_top(view.mask, view.solid, view.hands, joints, view.photo)
    torso = split.labels == 1
    if not torso.any():
        return [_whole(view, view.mask)]
    sleeves = split.labels > 1
    small = fit_axis(_spine(joints, split.unit), _main(torso), view.hidden | sleeves, body=True)
    frame = pinned(make_frame(view.large(small)), view.points(neck))
    pits = np.array([sleeve.seam[1] for sleeve in split.sleeves], np.float32).reshape(-1, 2)
    frame = _flared(_flattened(frame, view.points(pits), _FADE), view)
    pieces = []
    if skirt and view.waist is not None:
        below = view.waist.below((0, 0, torso.shape[1], torso.shape[0]))
        pieces = [_Piece("torso", torso & ~below, frame), _Piece("skirt", torso & below, frame)]
    else:
        pieces = [_Piece("torso", torso, frame)]
    for k in range(len(split.sleeves)):
        pieces += _sleeve(view, split, k, frame)
    return [piece for piece in pieces if piece.mask.any()]


def _main(mask: Mask) -> Mask:
    """The mask without its small separate pieces: they may be anything and tell no outline."""
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    return np.asarray((areas >= max(_PIECE * areas.max(), 1))[pieces])


def _spine(joints: Joints, unit: float) -> Floats:
    """From the neck over the pelvis downwards."""
    neck, pelvis = joints.middle(5, 6), joints.middle(11, 12)
    assert neck is not None
    if pelvis is None or joints.torso_length < 0.3 * unit:
        return np.stack([neck, neck + joints.down * np.float32(1.3 * unit)])
    knees = joints.middle(13, 14)
    if knees is None or float((knees - pelvis) @ joints.down) < 0.6 * joints.torso_length:
        return np.stack([neck, pelvis])
    return np.stack([neck, pelvis, knees])


def _sleeve(view: _View, split: TopSplit, k: int, torso: Frame) -> list[_Piece]:
    """One tube, or two where the arm is folded: no tube bends back on itself."""
    sleeve = split.sleeves[k]
    mask, bones = split.labels == k + 2, sleeve.bones
    name, seam = f"sleeve_{sleeve.side}", view.points(sleeve.seam)
    if len(bones) == 3 and _bend(bones) > _FOLDED:
        grid = np.stack(np.meshgrid(np.arange(mask.shape[1]) + 0.5, np.arange(mask.shape[0]) + 0.5), -1)
        fore = mask & (bone_distances(grid, bones[1:]) < bone_distances(grid, bones[:2]))
        upper = mask & ~fore
        if min(np.count_nonzero(fore), np.count_nonzero(upper)) > 0.1 * np.count_nonzero(mask):
            first = _flattened(_limb(view, split, upper, bones[:2]), seam, _FADE_SLEEVE)
            second = _limb(view, split, fore, bones[1:])
            across = bones[2] - bones[1] + bones[0] - bones[1]
            across *= np.float32(0.15 * split.unit / max(float(np.linalg.norm(across)), 1e-6))
            elbow = view.points(np.stack([bones[1] - across, bones[1] + across]))
            return [_Piece(name, upper, first, torso, seam), _Piece(name, fore, second, first, elbow)]
    return [_Piece(name, mask, _flattened(_limb(view, split, mask, bones), seam, _FADE_SLEEVE), torso, seam)]


def _limb(view: _View, split: TopSplit, mask: Mask, bones: Floats) -> Frame:
    hidden = view.hidden | ((split.labels > 0) & ~mask)
    axis = fit_axis(bones, _main(mask), hidden, reach=0.55 * split.unit)
    return pinned(make_frame(view.large(axis)), view.points(bones[0]))


def _bend(bones: Floats) -> float:
    """Degrees by which an arm is bent at the elbow; 0 straight."""
    a, b = bones[1] - bones[0], bones[2] - bones[1]
    return float(np.degrees(np.arctan2(abs(float(a[0] * b[1] - a[1] * b[0])), float(a @ b))))


def _flattened(frame: Frame, pits: Floats, fades: float) -> Frame:
    """The frame with a flat front as far down as the armholes: there no side of it turns away from the eye."""
    if not len(pits):
        return frame
    at = np.linspace(0, frame.length, len(frame.radius))
    pit = float(locate(frame, pits).distance.max())
    fade = fades * float(frame.along(frame.radius, pit))
    share = np.clip((pit + fade - at) / max(fade, 1e-6), 0, 1)
    return replace(frame, flat=(share * share * (3 - 2 * share)).astype(np.float32))


def _flared(frame: Frame, view: _View) -> Frame:
    """The frame with its flare below the waist, where it widens."""
    if view.waist is None:
        return frame
    waist = float(locate(frame, view.points(np.array([view.waist.at], np.float32))).distance[0])
    at = np.linspace(0, frame.length, len(frame.radius))
    below = at > waist
    if np.count_nonzero(below) < 6:
        return frame
    slope = np.gradient(frame.radius.astype(np.float64), at)
    slope = cv2.GaussianBlur(slope[:, None], (1, 15), 3)[:, 0]
    share = np.clip((at - waist) / max(0.8 * float(frame.along(frame.radius, waist)), 1e-6), 0, 1)
    angle = np.arctan(np.maximum(slope, 0)) * share * share * (3 - 2 * share)
    return replace(frame, flare=np.minimum(np.sin(angle), _FLARE_MOST).astype(np.float32))


def _is_skirt(view: _View, region: GarmentRegion, person: Person, mask: Mask) -> bool:
    """Whether a lower garment is a skirt: by its labels, unless its shape says otherwise."""
    at = person.own(region.window, Part.PANTS)
    trousers = np.count_nonzero(at & region.mask)
    skirt = np.count_nonzero(person.own(region.window, (Part.SKIRT, Part.DRESS)) & region.mask)
    gap = gap_between(mask)
    rows = np.flatnonzero(mask.any(1))
    high = max(float(rows[-1] - rows[0]), 1.0)
    deep = 0.0 if gap is None else (float(rows[-1]) - float(gap[1])) / high
    upper, lower = (np.count_nonzero(mask[int(rows[0] + share * high)]) for share in (0.3, 0.85))
    joints = view.joints
    # Trousers narrow towards the ankles, even of somebody whose legs touch; what does not is a skirt by any name.
    knees = None if joints is None else joints.middle(13, 14)
    long = knees is not None and rows[-1] > knees[1] + 0.08 * high
    if deep < 0.12 and long and lower > _STRAIGHT * upper:
        return True
    return bool(skirt > (trousers if deep < 0.35 else 3 * trousers))


def _bottom(view: _View, skirt: bool) -> list[_Piece]:
    """Legs, a skirt, or one piece."""
    view_mask = view.mask
    split = None if skirt else split_legs(view_mask, view.joints, view.photo)
    if split is not None:
        return _legs(view, split)
    joints = view.joints
    start = None
    if joints is not None:
        pelvis, knees = joints.middle(11, 12), joints.middle(13, 14)
        if pelvis is not None:
            below = pelvis + joints.down * np.float32(max(joints.torso_length, 8))
            start = np.stack([pelvis, below if knees is None else knees])
    if start is None or _sits(joints):
        return [_whole(view, view_mask)]
    axis = fit_axis(start, _main(view_mask), view.hidden, body=True)
    frame = _flared(make_frame(view.large(axis)), view)
    return [_Piece("skirt" if skirt else "whole", view_mask, frame)]


def _sits(joints: Joints | None) -> bool:
    """Whether thighs point at the camera or aside: no tube hangs from the hips then."""
    if joints is None:
        return False
    pelvis, knees = joints.middle(11, 12), joints.middle(13, 14)
    if pelvis is None or knees is None or joints.torso_length <= 0:
        return False
    return float((knees - pelvis) @ joints.down) < 0.45 * joints.torso_length


def _legs(view: _View, split: LegSplit) -> list[_Piece]:
    """Both legs, sewn to the hips down to the crotch."""
    down = split.crotch - split.waist
    height, width = view.mask.shape
    grid = np.stack(np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5), -1).astype(np.float32)
    above = view.mask & ((grid - split.crotch) @ down < 0)
    hips: Frame | None = None
    if np.count_nonzero(above) > 30 and float(np.linalg.norm(down)) > 3:
        hips = make_frame(view.large(_hips(np.stack([split.waist, split.crotch]), above)))
    pieces = []
    for k, (side, bones) in enumerate(zip(split.sides, split.bones, strict=True), 1):
        mask = split.labels == k
        if not mask.any():
            continue
        # At the hips a leg has no inner side; its line goes on straight from below the crotch up to the waist.
        lower = mask & ~above if np.count_nonzero(mask & ~above) > 40 else mask
        axis = fit_axis(bones, _main(lower), view.hidden | ((split.labels > 0) & ~lower))
        frame = make_frame(view.large(_led_up(axis, split.waist, down)))
        seam = None if hips is None else _leg_seam(frame, view.points(split.crotch))
        pieces.append(_Piece(f"leg_{side}", mask, frame, hips, seam))
    return pieces


def _hips(line: Floats, mask: Mask) -> Axis:
    """A straight tube about the hips: they are too short for their outline to tell a direction."""
    y, x = np.nonzero(mask)
    points = np.stack([x + 0.5, y + 0.5], 1).astype(np.float32)
    way = (line[1] - line[0]) / max(float(np.linalg.norm(line[1] - line[0])), 1e-6)
    right = np.array([way[1], -way[0]], np.float32)
    aside, along = (points - line[0]) @ right, (points - line[0]) @ way
    near = along > np.quantile(along, 0.5)
    low, high = (float(v) for v in np.quantile(aside[near], [0.01, 0.99]))
    ends = line + right * np.float32(0.5 * (low + high))
    count = 24
    radius = np.full(count, max(0.51 * (high - low), 1.0), np.float32)
    return Axis(resampled(ends.astype(np.float64), count).astype(np.float32), radius)


def _led_up(axis: Axis, to: Floats, down: Floats) -> Axis:
    """The axis gone on straight from its upper end to the height of a point."""
    head = axis.points[0] - axis.points[min(6, len(axis.points) - 1)]
    head = head / max(float(np.linalg.norm(head)), 1e-6)
    way = down / max(float(np.linalg.norm(down)), 1e-6)
    rise = float((axis.points[0] - to) @ way)
    slope = -float(head @ way)
    if rise <= 1 or slope < 0.3:
        return axis
    count = len(axis.points)
    line = np.concatenate([(axis.points[0] + head * (rise / slope))[None], axis.points]).astype(np.float64)
    at = arc_lengths(line)
    even = np.linspace(0, at[-1], count)
    radius = np.interp(even, at, np.concatenate([axis.radius[:1], axis.radius]))
    return Axis(resampled(line, count).astype(np.float32), radius.astype(np.float32))


def _leg_seam(frame: Frame, crotch: Floats) -> Floats:
    """(2, 2) a line across the leg at the height of the crotch."""
    at = locate(frame, crotch.reshape(1, 2))
    t = np.linspace(0, frame.length, len(frame.axis))
    k = float(np.clip(at.distance[0], 0, frame.length))
    middle = np.array([np.interp(k, t, frame.axis[:, 0]), np.interp(k, t, frame.axis[:, 1])])
    away = middle - crotch
    return np.stack([crotch, middle + away]).astype(np.float32)


def _outfit(view: _View, region: GarmentRegion, person: Person) -> list[_Piece]:
    """Top and bottom, each in panels; a dress by itself is one of both."""
    size = view.mask.shape[::-1]

    def small(parts: frozenset[Part]) -> Mask:
        own = person.own(region.window, parts)
        return (np.asarray(cv2.resize(own.view(np.uint8), size, interpolation=cv2.INTER_NEAREST)) > 0) & view.mask

    lower, upper = small(_BOTTOM), small(_TOP)
    dress = view.mask & ~lower & ~upper
    if view.waist is not None:
        below = view.waist.below((0, 0, *size))
        # Where a dress goes on with a skirt of another label it is that skirt.
        if np.count_nonzero(lower) > 0.15 * np.count_nonzero(dress & below):
            lower |= dress & below
    upper = view.mask & ~lower
    pieces = []
    alone = np.count_nonzero(dress) > 0.5 * np.count_nonzero(view.mask)
    for mask, top in ((upper, True), (lower, False)):
        if np.count_nonzero(mask) < 40:
            continue
        part = replace(view, mask=mask, hidden=view.hidden | (view.mask & ~mask))
        skirt = _is_skirt(view, region, person, mask)
        pieces += _top(part, skirt=alone) if top else _bottom(part, skirt)
    return pieces or [_whole(view, view.mask)]


def _loose(view: _View) -> list[_Piece]:
    """Each separate piece by itself."""
    _, labels = cv2.connectedComponents(view.mask.astype(np.uint8), connectivity=8)
    areas = np.bincount(labels.ravel())[1:]
    if not len(areas):
        return [_whole(view, view.mask)]
    largest = [k for k in range(1, len(areas) + 1) if areas[k - 1] >= 0.15 * areas.max()]
    return [_whole(view, labels == k) for k in largest]


def _whole(view: _View, mask: Mask) -> _Piece:
    """A piece of no known build: a pillow of its own outline and of what is in front of it."""
    y, x = np.nonzero(mask)
    down = view.joints.down if view.joints is not None else np.array([0, 1], np.float32)
    if not len(x):
        x, y = np.array([0]), np.array([0])
    points = np.stack([x + 0.5, y + 0.5], 1).astype(np.float32)
    middle = points.mean(0)
    along = (points - middle) @ down
    aside = (points - middle) @ np.array([down[1], -down[0]], np.float32)
    first, last = float(along.min()), float(along.max())
    line = middle + np.linspace(first, max(last, first + 2), 24)[:, None].astype(np.float32) * down
    half = np.full(24, max(float(np.quantile(np.abs(aside), 0.9)), 1.0), np.float32)
    reach = max(3, round(0.5 * float(half[0])))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    closed = np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel)) > 0
    backing = mask | (closed & view.hidden)
    return _Piece("whole", mask, make_frame(view.large(Axis(line.astype(np.float32), half))), backing=backing)


def _drawn(pieces: list[_Piece], mask: Mask) -> tuple[Panel, ...]:
    """Panels with masks in full size, smooth where they meet, that share out all pixels of the garment."""
    height, width = mask.shape
    best = np.full((height, width), -1.0, np.float32)
    number = np.zeros((height, width), np.uint8)
    for k, piece in enumerate(pieces, 1):
        soft = cv2.GaussianBlur(piece.mask.astype(np.float32), (0, 0), 1.0)
        cover = np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR))
        if len(pieces) > 1:
            # Crumbs far from every panel go to the nearest one.
            far = cv2.distanceTransform((~piece.mask).astype(np.uint8), cv2.DIST_L2, 3)
            cover -= 1e-3 * np.asarray(cv2.resize(far, (width, height), interpolation=cv2.INTER_LINEAR))
        more = cover > best
        number[more] = k
        best[more] = cover[more]
    out = []
    for k, piece in enumerate(pieces, 1):
        own = (number == k) & mask
        if own.any() or len(pieces) == 1:
            out.append(Panel(piece.name, own, piece.frame, piece.parent, piece.seam, piece.backing))
    return tuple(out)
