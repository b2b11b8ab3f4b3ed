"""The torso and the sleeves of a top, parted at the armholes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.shape.arms import Sleeve, find_arm, sleeve_width
from dressform.tryon.shape.flood import flood
from dressform.tryon.shape.skeleton import Joints, bone_distances

__all__ = ["TopSplit", "body_unit", "split_top"]

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

# Lengths in units of the body: the distance of the shoulder joints of somebody who faces the camera.
_HALF = 0.52  # half width of the torso
_CORE = 0.55  # of a sleeve's half width: surely sleeve
_LEAST_SLEEVE = 0.035  # square units; less is a shoulder that stands out
_SHORT = 0.2  # a sleeve reaches at least as far down the arm


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


def split_top(mask: Mask, solid: Mask, skin: Mask, joints: Joints, photo: Bytes | None) -> TopSplit:
    """Part a top by the arms' joints, the gaps beside the torso and the edges of the photo.

    Args:
        mask: (h, w) bool, the top.
        solid: (h, w) bool, everything that is no background.
        skin: (h, w) bool, bare arms and gloves: sleeves end there.
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
    arms = [arm for side in "LR" if (arm := find_arm(side, mask, solid, skin, joints, unit, half)) is not None]
    if not arms:
        return whole
    near = [bone_distances(grid, arm.bones) / sleeve_width(arm, solid, unit) for arm in arms]
    least = np.minimum.reduce(near)
    seeds[((beside < 0.62) & (least > 1.3)) | ((beside < 0.9) & (least > 1.7))] = 1
    seeds[((grid - spine) @ down > 1.1 * max(joints.torso_length, 1.2 * unit)) & (least > 1.6)] = 1
    for k, (arm, distance) in enumerate(zip(arms, near, strict=True), 2):
        outer = _outside(grid, arm, spine)
        upper = _share_of_upper(grid, arm.bones)
        core = (distance < _CORE) & (distance <= least + 1e-6) & (outer | (upper > 0.55)) & (upper > 0.12)
        seeds[core] = k
    for k, arm in enumerate(arms, 2):
        _draw_seam(seeds, arm, k, spine, unit)
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


def _share_of_upper(grid: Floats, bones: Floats) -> Floats:
    """(h, w) how far along the upper arm, 0 at the shoulder, 1 at the elbow and beyond it, farther in the forearm."""
    d = bones[1] - bones[0]
    share = ((grid - bones[0]) @ d) / max(float(d @ d), 1e-6)
    if len(bones) > 2:
        fore = bone_distances(grid, bones[1:]) < bone_distances(grid, bones[:2])
        share = np.where(fore, 1.0, share)
    return np.asarray(share, np.float32)


def _outside(grid: Floats, arm: Sleeve, spine: Floats) -> Mask:
    """(h, w) bool: on the arm's side of its armhole's line."""
    top, pit = arm.seam
    d = pit - top
    side = d[0] * (grid[..., 1] - top[1]) - d[1] * (grid[..., 0] - top[0])
    elbow = d[0] * (arm.bones[1][1] - top[1]) - d[1] * (arm.bones[1][0] - top[0])
    torso = d[0] * (spine[1] - top[1]) - d[1] * (spine[0] - top[0])
    # The spine is surer than the elbow, which may lie in front of the torso.
    reference = -torso if abs(torso) > 0.05 * float(d @ d) else elbow
    return np.asarray(side * reference > 0)


def _draw_seam(seeds: npt.NDArray[np.int32], arm: Sleeve, label: int, spine: Floats, unit: float) -> None:
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
