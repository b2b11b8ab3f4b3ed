"""Measuring a head: whether there is a face to be drawn, where its features are, its pose and skull."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.color import difference, srgb_to_oklab
from dressform.avatar.face import EYES_UP, face_by_rule, face_from_landmarks
from dressform.avatar.pose import HeadPose, Point
from dressform.avatar.spec import Face
from dressform.avatar.view import PersonView
from dressform.parsing import Part

__all__ = ["measure_face", "measure_pose"]

Mask = npt.NDArray[np.bool_]
_SEEN = 0.35  # share of the landmarks' face that the parser must call face, or else a back of a head was taken for one
_FACE = 0.08  # square heads of face below which there is none to draw
_APART = 7.0  # ΔE00 between face and hair below which the face is none
_DARKER = 0.05  # OKLab lightness of eyes below that of cheeks
_NO_EYES = 0.004
_SKULL = 0.50  # from the eyes to the crown, in heads


def measure_face(view: PersonView) -> Face:
    """The features, from landmarks that lie on what the parser calls face, else by rule, else none."""
    skin = view.mask((Part.FACE, Part.SUNGLASSES)) & view.seen
    unit = view.frame.height**2
    contrast = _eye_contrast(view)
    if _like_hair(view) and (contrast is None or contrast < _DARKER):
        return Face()
    if contrast is not None and contrast < _NO_EYES and not view.mask(Part.SUNGLASSES).any():
        return Face()  # landmarks on the back of a head, or on a hand
    if view.face is not None:
        hull = cv2.convexHull(np.round(view.face[:48]).astype(np.int32))
        inside = np.zeros(skin.shape, np.uint8)
        cv2.fillConvexPoly(inside, hull, 1)
        area = max(int(inside.sum()), 1)
        if np.count_nonzero(skin & (inside > 0)) >= _SEEN * area:
            return face_from_landmarks(view.face, view.frame)
    head = view.mask("head")
    share = np.count_nonzero(skin) / max(int(np.count_nonzero(head)), 1)
    if np.count_nonzero(skin) < _FACE * unit or share < 0.12:
        return Face()
    return face_by_rule(view.frame, skin, view.keypoints)


def _eye_contrast(view: PersonView) -> float | None:
    """How much darker it is where the landmarks have the eyes than on the cheeks below, in OKLab lightness.

    Of the eye where it is less; None where that can't be seen.
    """
    if view.face is None:
        return None
    lightness = np.asarray(srgb_to_oklab(view.image), np.float32)[..., 0]
    steps = []
    for eye in (slice(36, 42), slice(42, 48)):
        rim = view.face[eye]
        middle, width = rim.mean(0), float(np.linalg.norm(rim[3] - rim[0]))
        cheek = middle + np.array([0.0, 0.9 * width])
        spots = [_disc(view, tuple(at), max(0.3 * width, 1.5)) & view.seen for at in (middle, cheek)]
        if not all(spot.any() for spot in spots):
            return None
        steps.append(float(np.median(lightness[spots[1]]) - np.quantile(lightness[spots[0]], 0.3)))
    return min(steps)


def _disc(view: PersonView, at: tuple[float, ...], radius: float) -> Mask:
    out = np.zeros(view.labels.shape, np.uint8)
    cv2.circle(out, (round(at[0]), round(at[1])), round(radius), 1, -1)
    return out > 0


def _like_hair(view: PersonView) -> bool:
    """Whether what was called a face has the colour of the hair around it: the back of a head."""
    face, hair = view.mask(Part.FACE) & view.seen, view.mask(Part.HAIR) & view.seen
    least = 0.05 * view.frame.height**2
    if np.count_nonzero(face) < least or np.count_nonzero(hair) < least:
        return False
    one, other = (np.median(view.image[mask], axis=0) for mask in (face, hair))
    return float(difference(one, other)) < _APART


def measure_pose(view: PersonView, face: Face) -> tuple[HeadPose, Face]:
    """The head's pose, and the face with its skull."""
    frame = view.frame
    head = view.mask((Part.HAIR, Part.HAT, Part.FACE, Part.SUNGLASSES))
    if not face.jaw:
        rows, columns = np.flatnonzero(head.any(1)), np.flatnonzero(head.any(0))
        if len(rows):
            ends = frame.to_head(np.array([[columns[0], rows[0]], [columns[-1] + 1, rows[-1] + 1]]))
            middle, up = float(ends[:, 0].mean()), float(-EYES_UP - ends[0, 1])
        else:
            middle, up = 0.0, _SKULL
        eyes = (middle, -EYES_UP)
        ears = ((middle - 0.4, -0.42), (middle + 0.4, -0.42))
        pose = HeadPose(eyes, 0.3, 0.0, 0.0, 0.38, min(up, _SKULL), up, ears, (middle, -0.17), (middle, 0.0))
        return pose, face
    jaw = np.array(face.jaw)
    right, left = (np.array(eye.centre) for eye in face.eyes)
    middle_eye = (right + left) / 2
    half = float(np.clip(np.linalg.norm(jaw[16] - jaw[0]) / 2, 0.28, 0.46))
    radii, angles, centre = _skull_radii(view, face, half)
    up = _reach(head, view, middle_eye, face.tilt)
    axis = np.radians(face.tilt)
    across, down = np.array([np.cos(axis), np.sin(axis)]), np.array([-np.sin(axis), np.cos(axis)])
    skull = tuple(
        _point(centre + r * (np.cos(a) * across - np.sin(a) * down)) for r, a in zip(radii, angles, strict=True)
    )
    crown = float(radii[len(radii) // 2]) + float((middle_eye - centre) @ down)
    mouth = face.mouth
    middle_mouth = (
        _point((np.array(mouth.left) + np.array(mouth.right)) / 2) if mouth else _point(middle_eye + 0.33 * down)
    )
    pose = HeadPose(
        eyes=_point(middle_eye),
        apart=max(float(np.linalg.norm(left - right)), 0.12),
        tilt=face.tilt,
        yaw=face.yaw,
        half_width=half,
        crown=crown,
        hair_top=max(up, crown),
        ears=(_point(jaw[1]), _point(jaw[15])),
        mouth=middle_mouth,
        chin=_point(jaw[8]),
    )
    return pose, replace(face, skull=skull)


def _skull_radii(
    view: PersonView, face: Face, half: float
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Distances from the middle between the ears to the skull, at angles from the left as seen over the crown.

    A usual skull, kept within what is seen of hair, hat and face; where the face itself reaches the outline, a bald
    head, the outline is taken.
    """
    jaw = np.array(face.jaw)
    centre = (jaw[0] + jaw[16]) / 2
    angles = np.radians([18, 42, 66, 90, 114, 138, 162])
    high = _SKULL - 0.02
    usual = half * high / np.hypot(half * np.sin(angles), high * np.cos(angles))
    hidden = Part.HAIR, Part.HAT
    head = view.mask((*hidden, Part.FACE, Part.SUNGLASSES))
    soft = view.mask((*hidden,))
    axis = np.radians(face.tilt)
    across, down = np.array([np.cos(axis), np.sin(axis)]), np.array([-np.sin(axis), np.cos(axis)])
    out = []
    for a, r in zip(angles, usual, strict=True):
        steps = np.linspace(0.4, 1.25, 60) * r
        at = view.frame.to_photo(centre + steps[:, None] * (np.cos(a) * across - np.sin(a) * down))
        x, y = np.round(at).astype(int).T
        ok = (x >= 0) & (y >= 0) & (x < head.shape[1]) & (y < head.shape[0])
        x, y = np.clip(x, 0, head.shape[1] - 1), np.clip(y, 0, head.shape[0] - 1)
        inside = np.flatnonzero(head[y, x] & ok)
        if not len(inside):
            out.append(0.92 * r)
            continue
        last = inside[-1]
        covered = soft[y[: last + 1], x[: last + 1]].mean() > 0.06
        out.append(min(r, 0.95 * steps[last]) if covered else float(np.clip(steps[last], 0.8 * r, 1.15 * r)))
    values = np.array(out)
    values = np.convolve(np.pad(values / usual, 1, mode="edge"), [0.25, 0.5, 0.25], "valid") * usual
    return values, angles, centre


def _reach(head: Mask, view: PersonView, eyes: npt.NDArray[np.float64], tilt: float) -> float:
    """From the eyes up to the top of hair and hat, in heads."""
    ys, xs = np.nonzero(head)
    if not len(ys):
        return _SKULL
    points = view.frame.to_head(np.stack([xs, ys], 1)) - eyes
    axis = np.radians(tilt)
    up = points @ np.array([np.sin(axis), -np.cos(axis)])
    aside = np.abs(points @ np.array([np.cos(axis), np.sin(axis)]))
    near = up[aside < 0.25]
    return float(np.clip(near.max() if len(near) else _SKULL, 0.3, 1.2))


def _point(p: npt.NDArray[np.float64]) -> Point:
    return float(p[0]), float(p[1])
