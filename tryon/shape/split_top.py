"""The torso and the sleeves of a top, parted at the armholes."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.shape.axis import arc_lengths, resampled
from dressform.tryon.shape.flood import flood
from dressform.tryon.shape.skeleton import ARMS, Joints, bone_distances

__all__ = ["Sleeve", "TopSplit", "split_top"]

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

# Lengths in units of the body: the distance of the shoulder joints of somebody who faces the camera.
_ARM = 0.2  # half width of a sleeve, where it cannot be measured
_ARM_LEAST, _ARM_MOST, _ARM_UNKNOWN = 0.13, 0.3, 0.36
_PIT_DEEP, _PIT_IN = 0.32, 0.06  # the armpit, below and inside of the shoulder joint
_TOP_UP, _TOP_IN = 0.2, 0.1  # the upper end of the armhole
_GAP_LEAST, _GAP_MOST = 0.16, 0.62  # depth at which a gap beside the torso is the armpit's
_HALF = 0.52  # half width of the torso
_CORE = 0.55  # of a sleeve's half width: surely sleeve
_LEAST_SLEEVE = 0.035  # square units; less is a shoulder that stands out
_SHORT = 0.2  # a sleeve reaches at least as far down the arm
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


@dataclass(frozen=True, eq=False)
class TopSplit:
    """A top in parts.

    Attributes:
        labels: (h, w) int32, 0 outside, 1 torso, 2 the first sleeve, 3 the second.
        sleeves: None, one or two.
        unit: Size of the body in pixels.
    """

    labels: npt.NDArray[np.int32]
    sleeves: tuple[Sleeve, ...]
    unit: float


def body_unit(joints: Joints) -> float:
    """Shoulder width in pixels, as it would be from the front; 0: unknown."""
    return max(joints.shoulder_width, 0.72 * joints.torso_length)


def split_top(mask: Mask, solid: Mask, hands: Mask, joints: Joints, photo: Bytes | None) -> TopSplit:
    """Part a top by the arms' joints, the gaps beside the torso and the edges of the photo.

    Args:
        mask: (h, w) bool, the top.
        solid: (h, w) bool, everything that is no background.
        hands: (h, w) bool, skin of arms and gloves.
        joints: In pixels of the mask.
        photo: (h, w, 3) uint8 RGB or None.
    """
    unit = body_unit(joints)
    whole = TopSplit(mask.astype(np.int32), (), unit)
    if unit < 8:
        return whole
    height, width = mask.shape
    grid = np.stack(np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5), -1).astype(np.float32)
    down = joints.down
    spine, half = _torso_size(joints, unit)
    # How far beside the spine, in half widths of the torso.
    right = np.array([down[1], -down[0]], np.float32)
    beside = np.abs((grid - spine) @ right) / half
    seeds = np.zeros(mask.shape, np.int32)
    arms = [arm for side in "LR" if (arm := _arm(side, mask, solid, hands, joints, unit, half)) is not None]
    if not arms:
        return whole
    near = [bone_distances(grid, arm.bones) / _widths(arm, solid, unit) for arm in arms]
    least = np.minimum.reduce(near)
    seeds[((beside < 0.62) & (least > 1.3)) | ((beside < 0.9) & (least > 1.7))] = 1
    seeds[((grid - spine) @ down > 1.1 * max(joints.torso_length, 1.2 * unit)) & (least > 1.6)] = 1
    for k, (arm, distance) in enumerate(zip(arms, near, strict=True), 2):
        outer = _outside(grid, arm, spine, right)
        upper = _share_of_upper(grid, arm.bones)
        core = (distance < _CORE) & (distance <= least + 1e-6) & (outer | (upper > 0.55)) & (upper > 0.12)
        seeds[core] = k
    for k, arm in enumerate(arms, 2):
        _draw_seam(seeds, arm, k, spine, right, unit)
    labels = flood(photo, mask, seeds)
    return _kept(labels, arms, unit)


def _torso_size(joints: Joints, unit: float) -> tuple[Floats, float]:
    """A point on the spine, and the torso's half width in pixels."""
    neck = joints.middle(5, 6)
    assert neck is not None
    both = bool(joints.seen[[5, 6]].all())
    # Seen from the side shoulders lie close together, but a torso is half as deep as it is wide.
    half = max(_HALF * joints.shoulder_width, 0.3 * unit) if both else _HALF * unit
    return neck, half


def _arm(side: str, mask: Mask, solid: Mask, hands: Mask, joints: Joints, unit: float, half: float) -> Sleeve | None:
    """The joints of an arm that may have a sleeve, and where its armhole is; None: there is none to be seen."""
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
    elif len(bones) == 3 and not _forearm_seen(bones[2], hands, neck, right, half, unit):
        bones = bones[:2]
    seam = _armhole(bones, outwards, down, solid, unit)
    bones = _covered(bones, mask, hands, unit)
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


def _widths(arm: Sleeve, solid: Mask, unit: float) -> float:
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


def _share_of_upper(grid: Floats, bones: Floats) -> Floats:
    """(h, w) how far along the upper arm, 0 at the shoulder, 1 at the elbow and beyond it, farther in the forearm."""
    d = bones[1] - bones[0]
    share = ((grid - bones[0]) @ d) / max(float(d @ d), 1e-6)
    if len(bones) > 2:
        fore = bone_distances(grid, bones[1:]) < bone_distances(grid, bones[:2])
        share = np.where(fore, 1.0, share)
    return np.asarray(share, np.float32)


def _outside(grid: Floats, arm: Sleeve, spine: Floats, right: Floats) -> Mask:
    """(h, w) bool: on the arm's side of its armhole's line."""
    top, pit = arm.seam
    d = pit - top
    side = d[0] * (grid[..., 1] - top[1]) - d[1] * (grid[..., 0] - top[0])
    elbow = d[0] * (arm.bones[1][1] - top[1]) - d[1] * (arm.bones[1][0] - top[0])
    torso = d[0] * (spine[1] - top[1]) - d[1] * (spine[0] - top[0])
    # The spine is surer than the elbow, which may lie in front of the torso.
    reference = -torso if abs(torso) > 0.05 * float(d @ d) else elbow
    return np.asarray(side * reference > 0)


def _draw_seam(
    seeds: npt.NDArray[np.int32], arm: Sleeve, label: int, spine: Floats, right: Floats, unit: float
) -> None:
    """Seeds along both sides of the armhole."""
    top, pit = arm.seam.astype(np.float64)
    way = (pit - top) / max(float(np.linalg.norm(pit - top)), 1e-6)
    across = np.array([way[1], -way[0]])
    if float((spine - top) @ across) > 0:
        across = -across  # away from the spine
    far = top - way * 0.5 * unit  # up to beyond the shoulder's outline
    gap = 1.0
    for side, value in ((gap, label), (-gap, 1)):
        a, b = (np.round(np.array(p) + across * side - 0.5).astype(int) for p in (far, pit))
        cv2.line(seeds, (int(a[0]), int(a[1])), (int(b[0]), int(b[1])), value, 1)


def _kept(labels: npt.NDArray[np.int32], arms: list[Sleeve], unit: float) -> TopSplit:
    """The split without sleeves that are too small, or that hardly leave the shoulder, and without stray pieces."""
    out = np.minimum(labels, 1)
    sleeves: list[Sleeve] = []
    for k, arm in enumerate(arms, 2):
        _, pieces, stats, _ = cv2.connectedComponentsWithStats((labels == k).astype(np.uint8), connectivity=4)
        areas = stats[1:, cv2.CC_STAT_AREA]
        good = [n for n in range(1, len(stats)) if areas[n - 1] >= max(0.15 * areas.max(), 0.01 * unit**2)]
        mask = np.isin(pieces, good)
        y, x = np.nonzero(mask)
        if len(x) < max(_LEAST_SLEEVE * unit**2, 24):
            continue
        d = arm.bones[1] - arm.bones[0]
        reach = np.quantile(((np.stack([x, y], 1) - arm.bones[0]) @ d) / max(float(np.linalg.norm(d)), 1e-6), 0.97)
        if reach < _SHORT * unit:
            continue
        sleeves.append(arm)
        out[mask] = len(sleeves) + 1
    return TopSplit(out.astype(np.int32), tuple(sleeves), unit)
