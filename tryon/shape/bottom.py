"""The panels of a lower garment: legs sewn to the hips, or a skirt."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dressform.parsing import Part
from dressform.tryon.shape.axis import Axis, arc_lengths, fit_axis, resampled
from dressform.tryon.shape.frames import Frame, locate, make_frame
from dressform.tryon.shape.labels import having
from dressform.tryon.shape.piece import Piece, flared, main_part, whole_piece
from dressform.tryon.shape.skeleton import Joints
from dressform.tryon.shape.split_legs import LegSplit, gap_between, split_legs
from dressform.tryon.shape.view import View

__all__ = ["bottom_pieces", "is_skirt"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_STRAIGHT = 0.85  # of the width at the hips: trousers are narrower at the ankles


def is_skirt(view: View) -> bool:
    """Whether a lower garment is a skirt: by its labels, unless its shape says otherwise."""
    mask = view.mask
    trousers = np.count_nonzero(having(view.labels, (Part.PANTS,)) & mask)
    skirt = np.count_nonzero(having(view.labels, (Part.SKIRT, Part.DRESS)) & mask)
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


def bottom_pieces(view: View, skirt: bool) -> list[Piece]:
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
        return [whole_piece(view, view_mask)]
    axis = fit_axis(start, main_part(view_mask), view.hidden, body=True)
    frame = flared(make_frame(view.large(axis)), view)
    return [Piece("skirt" if skirt else "whole", view_mask, frame)]


def _sits(joints: Joints | None) -> bool:
    """Whether thighs point at the camera or aside: no tube hangs from the hips then."""
    if joints is None:
        return False
    pelvis, knees = joints.middle(11, 12), joints.middle(13, 14)
    if pelvis is None or knees is None or joints.torso_length <= 0:
        return False
    return float((knees - pelvis) @ joints.down) < 0.45 * joints.torso_length


def _legs(view: View, split: LegSplit) -> list[Piece]:
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
        axis = fit_axis(bones, main_part(lower), view.hidden | ((split.labels > 0) & ~lower))
        frame = make_frame(view.large(_led_up(axis, split.waist, down)))
        seam = None if hips is None else _leg_seam(frame, view.points(split.crotch))
        pieces.append(Piece(f"leg_{side}", mask, frame, hips, seam))
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
