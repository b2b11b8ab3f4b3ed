"""The arms of somebody in a top: their joints as far as they are covered, their armholes, and how wide sleeves are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.shape.axis import arc_lengths, resampled
from dressform.tryon.shape.skeleton import ARMS, Joints

__all__ = ["Sleeve", "find_arm", "sleeve_width"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

# Lengths in units of the body: the distance of the shoulder joints of somebody who faces the camera.
_ARM = 0.2  # half width of a sleeve, where it cannot be measured
_ARM_LEAST, _ARM_MOST, _ARM_UNKNOWN = 0.13, 0.3, 0.36
_PIT_DEEP, _PIT_IN = 0.32, 0.06  # the armpit, below and inside of the shoulder joint
_TOP_UP, _TOP_IN = 0.2, 0.1  # the upper end of the armhole
_GAP_LEAST, _GAP_MOST = 0.16, 0.62  # depth at which a gap beside the torso is the armpit's
_BARE = 0.15  # of bare arm in one piece: there the sleeve has ended


@dataclass(frozen=True, eq=False)
class Sleeve:
    """A sleeve that was found.

    Attributes:
        side: "L" or "R", the subject's own.
        bones: (k, 2) joints from the shoulder down, k ≥ 2.
        seam: (2, 2) the upper and the lower end of the armhole.
    """

    side: str
    bones: Floats
    seam: Floats


def find_arm(side: str, mask: Mask, solid: Mask, skin: Mask, joints: Joints, unit: float, half: float) -> Sleeve | None:
    """The joints of an arm that may have a sleeve, and where its armhole is; None: there is none to be seen.

    Args:
        side: "L" or "R", the subject's own.
        mask: (h, w) bool, the top.
        solid: (h, w) bool, everything that is no background.
        skin: (h, w) bool, bare arms and gloves.
        joints: In pixels of the mask; at least one shoulder is seen.
        unit: Size of the body in pixels.
        half: Half width of the torso in pixels.
    """
    first, second, _ = ARMS[side]
    if not joints.seen[first]:
        return None
    shoulder, down = joints.points[first], joints.down
    other = joints.points[ARMS["R" if side == "L" else "L"][0]]
    neck = joints.middle(5, 6)
    assert neck is not None
    right = np.array([down[1], -down[0]], np.float32)
    # The subject's left is to the right of the picture from the front, and the other way round from the back.
    aside = float((shoulder - neck) @ right)
    if abs(aside) < 0.12 * unit:
        reference = joints.points[second] - neck if joints.seen[second] else shoulder - other
        aside = float(reference @ right) or (1.0 if side == "L" else -1.0)
    outwards = right * np.float32(np.sign(aside))
    bones = joints.chain(ARMS[side])
    if bones is None:
        elbow = shoulder + np.float32(0.72 * unit) * down + np.float32(0.14 * unit) * outwards
        bones = np.stack([shoulder, elbow]).astype(np.float32)
    elif len(bones) == 3 and not _forearm_seen(bones[2], skin, neck, right, half, unit):
        bones = bones[:2]
    seam = _armhole(bones, outwards, down, solid, unit)
    bones = _covered(bones, mask, skin, unit)
    return None if bones is None else Sleeve(side, bones, seam)


def _covered(bones: Floats, mask: Mask, skin: Mask, unit: float) -> Floats | None:
    """The bones up to where the bare arm begins; None: the arm is bare from the shoulder."""
    fine = resampled(bones.astype(np.float64), 60)
    x, y = np.floor(fine).astype(np.int64).T
    inside = (x >= 0) & (y >= 0) & (x < mask.shape[1]) & (y < mask.shape[0])
    bare = np.zeros(len(fine), np.bool_)
    bare[inside] = skin[y[inside], x[inside]] & ~mask[y[inside], x[inside]]
    step = float(arc_lengths(fine)[-1]) / (len(fine) - 1)
    least = max(2, round(_BARE * unit / max(step, 1e-6)))
    run = 0
    for k, here in enumerate(bare.tolist()):
        run = run + 1 if here else 0
        if run >= least:
            end = k - run + 1
            if end * step < 0.12 * unit:
                return None
            return np.asarray(resampled(fine[: end + 1], max(2, len(bones))), np.float32)
    return bones


def _forearm_seen(wrist: Floats, hands: Mask, neck: Floats, right: Floats, half: float, unit: float) -> bool:
    """Whether a forearm lies beside the torso, or in front of it with its hand; behind it no cloth is seen."""
    if abs(float((wrist - neck) @ right)) > half:
        return True
    height, width = hands.shape
    reach = max(3, round(0.3 * unit))
    x, y = int(wrist[0]), int(wrist[1])
    near = hands[max(y - reach, 0) : max(min(y + reach, height), 0), max(x - reach, 0) : max(min(x + reach, width), 0)]
    return bool(near.sum() > 0.01 * unit * unit)


def _armhole(bones: Floats, outwards: Floats, down: Floats, solid: Mask, unit: float) -> Floats:
    """(2, 2) the upper end and the armpit."""
    shoulder = bones[0]
    arm = (bones[1] - bones[0]) / max(float(np.linalg.norm(bones[1] - bones[0])), 1e-6)
    raised = float(np.degrees(np.arctan2(float(arm @ outwards), float(arm @ down))))
    raised = raised + 360 if raised < -90 else raised
    tilt = np.radians(np.clip(raised - 60, 0, 120) * 0.75)
    up = -down * np.cos(tilt) - outwards * np.sin(tilt)
    top = shoulder + unit * (_TOP_UP * up - _TOP_IN * outwards * np.cos(tilt))
    pit = shoulder + unit * (_PIT_DEEP * down - _PIT_IN * outwards)
    found = _gap(shoulder, bones, outwards, down, solid, unit)
    return np.stack([top, pit if found is None else found]).astype(np.float32)


def _gap(shoulder: Floats, bones: Floats, outwards: Floats, down: Floats, solid: Mask, unit: float) -> Floats | None:
    """The top of the background between an arm and the torso, if it is where an armpit may be."""
    y, x = np.nonzero(~solid)
    points = np.stack([x + 0.5, y + 0.5], 1).astype(np.float32) - shoulder
    deep, aside = points @ down / unit, points @ outwards / unit
    arm = (bones[1] - shoulder) / unit
    arm_deep, arm_aside = float(arm @ down), float(arm @ outwards)
    length = max(float(np.hypot(arm_deep, arm_aside)), 1e-6)
    # Inside of the upper arm's bone, on the torso's side.
    inner = (aside * arm_deep - deep * arm_aside) / length < -0.02
    near = (deep > _GAP_LEAST) & (deep < _GAP_MOST) & inner & (aside > -0.45)
    beside_arm = aside * arm_aside + deep * arm_deep < 0.95 * length**2
    near &= beside_arm & (aside < arm_aside + 0.3)
    if np.count_nonzero(near) < 4:
        return None
    # Below an arm that is raised there is background all along it: the armpit is where that is nearest to the torso.
    cost = deep[near] + 0.7 * np.maximum(aside[near], -0.1)
    k = np.flatnonzero(near)[np.argsort(cost, kind="stable")[:3]]
    return np.asarray(points[k].mean(0) + shoulder - unit * 0.02 * down, np.float32)


def sleeve_width(arm: Sleeve, solid: Mask, unit: float) -> float:
    """Half width of a sleeve in pixels: as wide as it is at the elbow or the end of the arm, within what arms are."""
    depth = np.asarray(cv2.distanceTransform(solid.astype(np.uint8), cv2.DIST_L2, 3))
    height, width = solid.shape
    found = []
    for a, b in pairwise(arm.bones):
        for share in (0.5, 0.7, 0.9):
            x, y = a + (b - a) * share
            if 0 <= x < width and 0 <= y < height:
                found.append(float(depth[int(y), int(x)]))
    middle = 1.15 * float(np.median(found)) / unit if found else _ARM
    if middle > _ARM_UNKNOWN:  # no background beside it: it lies before the torso or beside somebody else
        middle = _ARM
    return float(np.clip(middle, _ARM_LEAST, _ARM_MOST)) * unit
