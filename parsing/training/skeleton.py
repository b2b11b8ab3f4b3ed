"""Which limb a pixel belongs to, from 17 keypoints: splits skin into parts and silhouettes into zones."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.parts import Part
from dressform.parsing.training.targets import Zone

__all__ = ["BLAZE_TO_COCO", "nearest_bone", "pose_to_joints", "skin_parts", "zones"]

Floats = npt.NDArray[np.float32]

BLAZE_TO_COCO = (0, 2, 5, 7, 8, 11, 12, 13, 14, 15, 16, 23, 24, 25, 26, 27, 28)
"""MediaPipe pose landmarks that are COCO's 17 keypoints, in COCO's order."""

_NOSE, _EARS, _SHOULDERS, _HIPS = 0, (3, 4), (5, 6), (11, 12)
_LIMBS: Mapping[str, tuple[int, int, float]] = MappingProxyType(
    {  # bone: joint, joint, half width in units of the body's scale
        "left-arm": (5, 7, 0.13),
        "right-arm": (6, 8, 0.13),
        "left-hand": (7, 9, 0.11),
        "right-hand": (8, 10, 0.11),
        "left-thigh": (11, 13, 0.22),
        "right-thigh": (12, 14, 0.22),
        "left-shank": (13, 15, 0.15),
        "right-shank": (14, 16, 0.15),
    }
)
_BONES = ("head", "torso", *_LIMBS)
_SKIN: Mapping[str, Part] = MappingProxyType(
    {
        "head": Part.FACE,
        "torso": Part.TORSO_SKIN,
        "left-arm": Part.LEFT_ARM,
        "left-hand": Part.LEFT_ARM,
        "right-arm": Part.RIGHT_ARM,
        "right-hand": Part.RIGHT_ARM,
        "left-thigh": Part.LEFT_LEG,
        "left-shank": Part.LEFT_LEG,
        "right-thigh": Part.RIGHT_LEG,
        "right-shank": Part.RIGHT_LEG,
    }
)
_ZONES: Mapping[str, Zone] = MappingProxyType(
    {
        "head": Zone.HEAD,
        "torso": Zone.TORSO,
        "left-arm": Zone.LEFT_ARM,
        "left-hand": Zone.LEFT_ARM,
        "right-arm": Zone.RIGHT_ARM,
        "right-hand": Zone.RIGHT_ARM,
        "left-thigh": Zone.LEFT_THIGH,
        "right-thigh": Zone.RIGHT_THIGH,
        "left-shank": Zone.LEFT_SHANK,
        "right-shank": Zone.RIGHT_SHANK,
    }
)


def pose_to_joints(pose: Floats, size: tuple[int, int]) -> Floats:
    """(17, 3) COCO joints x, y, known (0 or 1) from a (33, 3) MediaPipe pose; known = seen and in the photo."""
    joints = pose[list(BLAZE_TO_COCO)].copy()
    inside = (joints[:, :2] >= 0).all(1) & (joints[:, :2] < size).all(1)
    joints[:, 2] = inside & (joints[:, 2] > 0.5)
    return joints


def _to_segment(points: Floats, a: Floats, b: Floats) -> Floats:
    """Distance of (N, 2) points to the segment from a to b."""
    ab = b - a
    t = np.clip(((points - a) @ ab) / max(float(ab @ ab), 1e-6), 0, 1)
    return np.linalg.norm(points - a - t[:, None] * ab, axis=1).astype(np.float32)


def _to_polygon(points: Floats, polygon: Floats) -> Floats:
    """Signed distance of (N, 2) points to a convex polygon's outline, negative inside."""
    hull = cv2.convexHull(polygon.astype(np.float32))[:, 0]
    edges = [_to_segment(points, a, b) for a, b in zip(hull, np.roll(hull, -1, axis=0), strict=True)]
    distance = np.min(edges, axis=0)
    sides = []
    for a, b in zip(hull, np.roll(hull, -1, axis=0), strict=True):
        sides.append((b[0] - a[0]) * (points[:, 1] - a[1]) - (b[1] - a[1]) * (points[:, 0] - a[0]))
    inside = (np.min(sides, 0) >= 0) | (np.max(sides, 0) <= 0)
    return np.where(inside, -distance, distance).astype(np.float32)


def body_scale(joints: Floats) -> float | None:
    """A length of about a torso's height in pixels, from the joints that are known; None from too few."""
    known = joints[:, 2] > 0
    pairs = {(5, 6): 1.35, (11, 12): 2.2, (5, 11): 1.0, (6, 12): 1.0, (11, 13): 1.15, (12, 14): 1.15, (3, 4): 3.0}
    lengths = [
        f * float(np.linalg.norm(joints[a, :2] - joints[b, :2])) for (a, b), f in pairs.items() if known[[a, b]].all()
    ]
    return max(lengths) if lengths and max(lengths) > 8 else None


def nearest_bone(
    points: Floats, joints: Floats, face: Floats | None
) -> tuple[tuple[str, ...], npt.NDArray[np.intp]] | None:
    """The bone whose surface is nearest, for (N, 2) points in pixels.

    Args:
        points: Pixel centres.
        joints: (17, 3) COCO joints x, y, known.
        face: (K, 2) face landmarks, or None: then a disc around nose and ears stands for the head.

    Returns:
        Bone names and an (N,) index into them; None where too few joints are known to tell.
    """
    scale = body_scale(joints)
    if scale is None:
        return None
    known, xy = joints[:, 2] > 0, joints[:, :2]
    distances: dict[str, Floats] = {}
    head = [xy[k] for k in range(5) if known[k]]
    if face is not None:
        ears = [xy[k] for k in _EARS if known[k]]
        distances["head"] = _to_polygon(points, np.array([*face, *ears], np.float32)) - 0.04 * scale
    elif head:
        distances["head"] = np.linalg.norm(points - np.mean(head, 0), axis=1) - 0.2 * scale
    if known[list(_SHOULDERS)].all():
        corners = [xy[k] for k in _SHOULDERS]
        middle = np.mean(corners, 0)
        if known[list(_HIPS)].all():
            corners += [xy[k] for k in _HIPS]
        else:
            corners += [c + np.array([0, scale], np.float32) for c in corners]
        distances["torso"] = _to_polygon(points, np.array(corners, np.float32))
        if head:
            neck = _to_segment(points, np.mean(head, 0) * 0.25 + middle * 0.75, middle) - 0.12 * scale
            distances["torso"] = np.minimum(distances["torso"], neck)
        # An arm held before the body is inside the torso's outline too; there the arm is what one sees.
        distances["torso"] = np.maximum(distances["torso"], np.float32(-0.04 * scale))
    for bone, (a, b, half_width) in _LIMBS.items():
        if known[a] and known[b]:
            end = xy[b] + (xy[b] - xy[a]) * (0.45 if bone.endswith(("hand", "shank")) else 0.0)
            distances[bone] = _to_segment(points, xy[a], end) - half_width * scale
    if len(distances) < 2:
        return None
    return tuple(distances), np.argmin(np.stack(list(distances.values())), axis=0)


def _paint(
    where: npt.NDArray[np.bool_], joints: Floats, face: Floats | None, codes: Mapping[str, int], otherwise: int
) -> npt.NDArray[np.uint8]:
    if where.shape[0] > 400:  # zones are smooth: half the resolution says the same in a quarter of the time
        half = cv2.resize(where.astype(np.uint8), None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) > 0
        shrink = np.array([0.5, 0.5, 1], np.float32)
        small = _paint(half, joints * shrink, None if face is None else face * np.float32(0.5), codes, otherwise)
        grown = cv2.resize(small, where.shape[::-1], interpolation=cv2.INTER_NEAREST)
        return np.where(where, np.where(grown > 0, grown, np.uint8(otherwise)), np.uint8(0))
    out = np.zeros(where.shape, np.uint8)
    ys, xs = np.nonzero(where)
    out[ys, xs] = otherwise
    points = np.stack([xs, ys], 1).astype(np.float32) + 0.5
    found = nearest_bone(points, joints, face) if len(points) else None
    if found is not None:
        bones, index = found
        out[ys, xs] = np.array([codes[bone] for bone in bones], np.uint8)[index]
    return out


def skin_parts(skin: npt.NDArray[np.bool_], joints: Floats, face: Floats | None) -> npt.NDArray[np.uint8]:
    """(H, W) uint8: skin pixels as face, torso-skin, arms and legs, or Zone.SKIN where joints do not tell; else 0."""
    return _paint(skin, joints, face, _SKIN, Zone.SKIN)


def shoe_parts(shoes: npt.NDArray[np.bool_], joints: Floats) -> npt.NDArray[np.uint8]:
    """(H, W) uint8: shoe pixels as left or right by the nearer shank, or Zone.SHOES; else 0."""
    out = shoes.astype(np.uint8) * np.uint8(Zone.SHOES)
    if (joints[[13, 14, 15, 16], 2] > 0).all():
        ys, xs = np.nonzero(shoes)
        points = np.stack([xs, ys], 1).astype(np.float32) + 0.5
        left = _to_segment(points, joints[13, :2] * 0.3 + joints[15, :2] * 0.7, joints[15, :2])
        right = _to_segment(points, joints[14, :2] * 0.3 + joints[16, :2] * 0.7, joints[16, :2])
        clear = np.abs(left - right) > 0.15 * np.minimum(left, right)
        sides = np.where(left < right, Part.LEFT_SHOE, Part.RIGHT_SHOE)
        out[ys, xs] = np.where(clear, sides, Zone.SHOES)
    return out


def zones(person: npt.NDArray[np.bool_], joints: Floats, face: Floats | None) -> npt.NDArray[np.uint8]:
    """(H, W) uint8: a silhouette's pixels as zones of the body by the nearest bone; else 0."""
    out = _paint(person, joints, face, _ZONES, Zone.PERSON)
    hips = joints[list(_HIPS)]
    scale = body_scale(joints)
    if scale is not None and (hips[:, 2] > 0).all():
        # Around the hips tops end and trousers or skirts begin, at heights that joints do not tell.
        ys = np.arange(person.shape[0], dtype=np.float32)[:, None]
        low, high = hips[:, 1].min() - 0.45 * scale, hips[:, 1].max() + 0.25 * scale
        middle = np.isin(out, (Zone.TORSO, Zone.LEFT_THIGH, Zone.RIGHT_THIGH))
        out[middle & (ys > low) & (ys < high)] = Zone.HIPS
    if face is not None:
        hull = np.zeros(person.shape, np.uint8)
        cv2.fillConvexPoly(hull, cv2.convexHull(np.round(face).astype(np.int32)), 1)
        out[(hull > 0) & person] = Zone.FACE
    return out
