"""The two legs of trousers, parted at the crotch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.tryon.shape.flood import flood
from dressform.tryon.shape.skeleton import LEGS, Joints, bone_distances

__all__ = ["LegSplit", "gap_between", "split_legs"]

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_CROTCH = 0.24  # of the thigh, below the hip joints, where it cannot be seen
_DEEPEST = 0.45  # of the thigh: where legs part farther down, thighs touch and the crotch is above
_CORE = 0.5  # of a leg's half width: surely that leg
_LEAST = 0.12  # of the larger leg's area; less of a second leg is not worth a panel


@dataclass(frozen=True, eq=False)
class LegSplit:
    """Trousers in parts.

    Attributes:
        labels: (h, w) int32, 0 outside, 1 the first leg, 2 the second.
        sides: "L" or "R" of each leg, the subject's own.
        bones: (k, 2) of each leg, from the hip down.
        waist: (2,) middle of the waist.
        crotch: (2,).
    """

    labels: npt.NDArray[np.int32]
    sides: tuple[str, str]
    bones: tuple[Floats, Floats]
    waist: Floats
    crotch: Floats


def split_legs(mask: Mask, joints: Joints | None, photo: Bytes | None) -> LegSplit | None:
    """Part trousers by the legs' joints, the gap between them and the edges of the photo; None: one piece.

    Args:
        mask: (h, w) bool, the trousers.
        joints: In pixels of the mask, or None: then the gap alone decides.
        photo: (h, w, 3) uint8 RGB or None.
    """
    gap = gap_between(mask, joints)
    bones = _bones(mask, joints, gap)
    if bones is None:
        return None
    hips = 0.5 * (bones[0][0] + bones[1][0])
    apart = max(float(np.linalg.norm(bones[0][-1] - bones[1][-1])), float(np.linalg.norm(bones[0][0] - bones[1][0])))
    down = joints.down if joints is not None else np.array([0, 1], np.float32)
    thigh = float(np.mean([np.linalg.norm(chain[1] - chain[0]) for chain in bones]))
    crotch = gap if gap is not None else hips + np.float32(_CROTCH * thigh) * down
    waist = _waist(mask, hips, down)
    height, width = mask.shape
    grid = np.stack(np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5), -1).astype(np.float32)
    far = [bone_distances(grid, chain) for chain in bones]
    half = max(0.14 * thigh, 0.18 * apart, 2.0)
    below = (grid - crotch) @ down > 0
    seeds = np.zeros(mask.shape, np.int32)
    # At the hips the legs part along the line from the waist to the crotch.
    line = (crotch - waist) / max(float(np.linalg.norm(crotch - waist)), 1e-6)
    side = (grid[..., 0] - waist[0]) * line[1] - (grid[..., 1] - waist[1]) * line[0]
    first = float((bones[0][0] - waist) @ np.array([line[1], -line[0]])) > 0
    upper = ~below & (np.abs(side) > 0.75)
    seeds[upper & ((side > 0) == first)] = 1
    seeds[upper & ((side > 0) != first)] = 2
    core = below & (np.minimum(*far) < 2 * _CORE * half)
    seeds[core & (far[0] < 0.7 * far[1])] = 1
    seeds[core & (far[1] < 0.7 * far[0])] = 2
    labels = flood(photo, mask, seeds)
    areas = [np.count_nonzero((labels == k) & below) for k in (1, 2)]
    if min(areas) < _LEAST * max(areas):
        return None
    sides = ("L", "R") if joints is not None and joints.seen[[11, 12]].all() else _guessed_sides(bones)
    return LegSplit(labels, sides, bones, waist, np.asarray(crotch, np.float32))


def gap_between(mask: Mask, joints: Joints | None = None) -> Floats | None:
    """(2,) the top of what parts the legs from below, or None; with joints only where a crotch may be.

    That is the highest place from which something else than the garment reaches down to its lower end, with cloth
    on both sides.
    """
    rows = np.flatnonzero(mask.any(1))
    if len(rows) < 12:
        return None
    top, bottom = int(rows[0]), int(rows[-1])
    height = bottom - top
    best: Floats | None = None
    # Hems differ in height: the gap has to reach down to most of the way only.
    start = top + int(0.86 * height)
    runs = _gaps(mask[start])
    for left, right in runs:
        y, middle = start, 0.5 * (left + right)
        while y > top:
            wider = [(a, b) for a, b in _gaps(mask[y - 1]) if b > left and a < right]
            if not wider:
                break
            left, right = max(wider, key=lambda ab: min(ab[1], right) - max(ab[0], left))
            middle = 0.5 * (left + right)
            y -= 1
        found = np.array([middle, y], np.float32)
        good = y > top + 0.04 * height and _between(found, joints)
        if good and (best is None or found[1] < best[1]):
            best = found
    return best


def _gaps(row: Mask) -> list[tuple[int, int]]:
    """First and end of the stretches without cloth between stretches of cloth in a row."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int8), [0]])))
    starts, ends = edges[::2], edges[1::2]
    return [(int(a), int(b)) for a, b in zip(ends[:-1], starts[1:], strict=True)]


def _between(point: Floats, joints: Joints | None) -> bool:
    """Whether a point lies where a crotch may be."""
    if joints is None or not joints.seen[[11, 12]].all():
        return True
    hips = 0.5 * (joints.points[11] + joints.points[12])
    knees = [joints.points[k] for k in (13, 14) if joints.seen[k]]
    thigh = float(np.mean([np.linalg.norm(k - hips) for k in knees])) if knees else joints.torso_length
    if thigh <= 0:
        return True
    deep = float((point - hips) @ joints.down) / thigh
    right = np.array([joints.down[1], -joints.down[0]])
    ends = [float((joints.points[k] - hips) @ right) for k in (11, 12, 13, 14) if joints.seen[k]]
    aside, room = float((point - hips) @ right), 0.25 * thigh
    return -0.15 < deep < _DEEPEST and min(ends) - room < aside < max(ends) + room


def _bones(mask: Mask, joints: Joints | None, gap: Floats | None) -> tuple[Floats, Floats] | None:
    """The chains of both legs, from the joints or from the shape of the mask."""
    if joints is not None:
        left, right = (joints.chain(LEGS[side]) for side in "LR")
        if left is not None and right is not None:
            return left, right
    if gap is None:
        return None
    rows = np.flatnonzero(mask.any(1))
    top, bottom = int(rows[0]), int(rows[-1])
    if gap[1] > top + 0.75 * (bottom - top):
        return None
    chains = []
    for last in (False, True):
        points = []
        for y in np.linspace(gap[1] + 0.1 * (bottom - gap[1]), bottom - 0.05 * (bottom - gap[1]), 3):
            x = np.flatnonzero(mask[int(y)])
            x = x[x > gap[0]] if last else x[x < gap[0]]
            if len(x):
                points.append((float(x.mean()) + 0.5, float(y)))
        if len(points) < 2:
            return None
        chains.append(np.array(points, np.float32))
    return chains[1], chains[0]


def _guessed_sides(bones: tuple[Floats, Floats]) -> tuple[str, str]:
    """Sides by their place in the picture, as of somebody who faces the camera."""
    return ("L", "R") if bones[0][:, 0].mean() > bones[1][:, 0].mean() else ("R", "L")


def _waist(mask: Mask, hips: Floats, down: Floats) -> Floats:
    """The upper end of the mask above the hips, along the body."""
    height, width = mask.shape
    found = hips
    for step in range(2 * max(height, width)):
        point = hips - down * (0.5 * step)
        x, y = int(np.floor(point[0])), int(np.floor(point[1]))
        if not (0 <= x < width and 0 <= y < height):
            break
        if mask[y, x]:
            found = point
    return np.asarray(found, np.float32)
