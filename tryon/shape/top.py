"""The panels of a top: a torso and sleeves, and the skirt of a dress."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from dressform.parsing import Part
from dressform.tryon.shape.axis import fit_axis
from dressform.tryon.shape.frames import Frame, locate, make_frame, pinned
from dressform.tryon.shape.labels import having
from dressform.tryon.shape.piece import Piece, flared, main_part, whole_piece
from dressform.tryon.shape.skeleton import Joints, bone_distances
from dressform.tryon.shape.split_top import TopSplit, body_unit, split_top
from dressform.tryon.shape.view import View

__all__ = ["top_pieces"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_FADE, _FADE_SLEEVE = 0.55, 1.5  # half widths below the armpits over which a flat chest or shoulder becomes round
_SKIN = frozenset({Part.LEFT_ARM, Part.RIGHT_ARM, Part.GLOVE})
_FOLDED = 105.0  # degrees: more bent an arm is two tubes


def top_pieces(view: View, *, skirt: bool) -> list[Piece]:
    """Torso and sleeves; the part of a dress below the waist is its skirt."""
    joints = view.joints
    neck = None if joints is None else joints.middle(5, 6)
    if joints is None or neck is None or body_unit(joints) < 8:
        return [whole_piece(view, view.mask)]
    split = split_top(view.mask, view.solid, having(view.labels, _SKIN), joints, view.photo)
    torso = split.labels == 1
    if not torso.any():
        return [whole_piece(view, view.mask)]
    sleeves = split.labels > 1
    small = fit_axis(_spine(joints, split.unit), main_part(torso), view.hidden | sleeves, body=True)
    frame = pinned(make_frame(view.large(small)), view.points(neck))
    pits = np.array([sleeve.seam[1] for sleeve in split.sleeves], np.float32).reshape(-1, 2)
    frame = flared(_flattened(frame, view.points(pits), _FADE), view)
    pieces = []
    if skirt and view.waist is not None:
        below = view.waist.below((0, 0, torso.shape[1], torso.shape[0]))
        pieces = [Piece("torso", torso & ~below, frame), Piece("skirt", torso & below, frame)]
    else:
        pieces = [Piece("torso", torso, frame)]
    for k in range(len(split.sleeves)):
        pieces += _sleeve(view, split, k, frame)
    return [piece for piece in pieces if piece.mask.any()]


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


def _sleeve(view: View, split: TopSplit, k: int, torso: Frame) -> list[Piece]:
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
            return [Piece(name, upper, first, torso, seam), Piece(name, fore, second, first, elbow)]
    return [Piece(name, mask, _flattened(_limb(view, split, mask, bones), seam, _FADE_SLEEVE), torso, seam)]


def _limb(view: View, split: TopSplit, mask: Mask, bones: Floats) -> Frame:
    hidden = view.hidden | ((split.labels > 0) & ~mask)
    axis = fit_axis(bones, main_part(mask), hidden, reach=0.55 * split.unit)
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
