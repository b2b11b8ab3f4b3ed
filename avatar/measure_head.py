"""Measuring a head: whether a face is to be drawn, its pose, skull, beard, glasses, and the colours of eyes and lips."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.color import difference, format_color, mixed, parse_color, srgb_to_oklab, to_color
from dressform.avatar.face import EYES_UP, face_by_rule, face_from_landmarks
from dressform.avatar.pose import HeadPose, Point
from dressform.avatar.scene import Color
from dressform.avatar.spec import Attributes, Face
from dressform.avatar.view import PersonView
from dressform.parsing import Part

__all__ = ["beard_amount", "brows_color", "glasses_kind", "iris_color", "lips_color", "lower_face", "measure_face", "measure_pose"]

Mask = npt.NDArray[np.bool_]
_SEEN = 0.35  # share of the landmarks' face that the parser must call face, or else a back of a head was taken for one
_FACE = 0.08  # square heads of face below which there is none to draw
_APART = 7.0  # ΔE00 between face and hair below which the face is none
_DARKER = 0.05  # OKLab lightness of eyes below that of cheeks
_SKULL = 0.50  # from the eyes to the crown, in heads
_DEFAULT_IRIS = parse_color(Face().iris)
_FINE_EYE = 9.0  # px of an eye in the photo's own pixels below which its colour can't be told


def measure_face(view: PersonView) -> Face:
    """The features, from landmarks that lie on what the parser calls face, else by rule, else none."""
    skin = view.mask((Part.FACE, Part.SUNGLASSES)) & view.seen
    unit = view.frame.height**2
    if _like_hair(view) and not _eyes_show(view):
        return Face()
    if view.face is not None:
        hull = cv2.convexHull(np.round(view.face[:48]).astype(np.int32))
        inside = np.zeros(skin.shape, np.uint8)
        cv2.fillConvexPoly(inside, hull, 1)
        area = max(int(inside.sum()), 1)
        if np.count_nonzero(skin & (inside > 0)) >= _SEEN * area:
            return face_from_landmarks(view.face, view.frame)
    head = view.mask("head")
    share = np.count_nonzero(skin) / max(np.count_nonzero(head), 1)
    if np.count_nonzero(skin) < _FACE * unit or share < 0.12:
        return Face()
    return face_by_rule(view.frame, skin)


def _eyes_show(view: PersonView) -> bool:
    """Whether it is darker where the eyes should be than on the cheeks below: a face, and the hair is shaved."""
    if view.face is None:
        return False
    lightness = np.asarray(srgb_to_oklab(view.image), np.float32)[..., 0]
    steps = []
    for eye in (slice(36, 42), slice(42, 48)):
        rim = view.face[eye]
        middle, width = rim.mean(0), float(np.linalg.norm(rim[3] - rim[0]))
        cheek = middle + (0.0, 0.9 * width)
        spots = [_disc(view, tuple(at), max(0.3 * width, 1.5)) for at in (middle, cheek)]
        if not all((spot & view.seen).any() for spot in spots):
            return False
        steps.append(float(np.median(lightness[spots[1]]) - np.quantile(lightness[spots[0]], 0.3)))
    return min(steps) > _DARKER


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
    colors = [np.median(view.image[mask], axis=0) for mask in (face, hair)]
    return float(difference(*colors)) < _APART


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


def lower_face(view: PersonView, face: Face) -> Mask:
    """(h, w) bool: cheeks below the nose, upper lip and chin, where beards grow; the mouth is left out."""
    out = np.zeros(view.labels.shape, np.uint8)
    if face.mouth is None or not face.jaw:
        return out.astype(bool)
    ring = [*face.jaw[2:15], face.nose[3], face.nose[2]]
    cv2.fillPoly(out, [np.round(view.frame.to_photo(np.array(ring))).astype(np.int32)], 1)
    mouth = face.mouth
    lips = np.array([mouth.right, mouth.upper, mouth.left, mouth.lower])
    middle = lips.mean(0)
    hull = cv2.convexHull(np.round(view.frame.to_photo(middle + (lips - middle) * 1.15)).astype(np.int32))
    cv2.fillConvexPoly(out, hull, 0)
    return out.astype(bool)


def beard_amount(view: PersonView, face: Face, skin: Color | None) -> float:
    """How much beard there is, 0..1: what in the lower face is hair to the parser, or far darker than the cheeks."""
    where = lower_face(view, face) & view.seen
    if face.source != "landmarks" or skin is None or np.count_nonzero(where) < 60:
        return 0.0
    cheeks = np.zeros(where.shape, np.uint8)
    for eye, wing in zip(face.eyes, face.nose[2:4], strict=False):
        spot = view.frame.to_photo(np.array([(eye.centre[0], (eye.centre[1] + wing[1]) / 2)]))[0]
        cv2.circle(cheeks, (int(spot[0]), int(spot[1])), max(int(0.07 * view.frame.height), 2), 1, -1)
    bare = (cheeks > 0) & view.mask(Part.FACE)
    if np.count_nonzero(bare) < 20:
        return 0.0
    lightness = np.asarray(srgb_to_oklab(view.image), np.float32)[..., 0]
    cheek = float(np.median(lightness[bare]))
    labelled = view.labels[where] == Part.HAIR
    dark = (lightness[where] < cheek - max(0.15, 0.22 * cheek)) | labelled
    jaw = np.array(face.jaw)
    ys = np.nonzero(where)[0]
    low = ys > view.frame.to_photo(np.array([face.mouth.lower if face.mouth else jaw[8]]))[0][1]
    chin = float(dark[low].mean()) if low.any() else 0.0
    lip = float(dark[~low].mean()) if (~low).any() else 0.0
    both = min(chin, 1.4 * lip + 0.1)
    return float(np.clip((both - 0.4) / 0.4, 0, 1))


def glasses_kind(view: PersonView, face: Face, skin: Color | None) -> Attributes:
    """The attributes with ``glasses`` set: dark where the parser's glasses hide the eyes."""
    glass = view.mask(Part.SUNGLASSES) & view.seen
    if np.count_nonzero(glass) < 0.008 * view.frame.height**2 or not face.eyes:
        return Attributes()
    spots = np.zeros(glass.shape, np.uint8)
    for eye in face.eyes:
        x, y = view.frame.to_photo(np.array([eye.centre]))[0]
        radius = max(int(0.5 * eye.width * view.frame.height), 2)
        cv2.ellipse(spots, ((int(x), int(y)), (2.0 * radius, 1.3 * radius), 0.0), 1, -1)
    lens = (spots > 0) & view.seen
    if not lens.any():
        return Attributes(glasses="clear")
    if np.count_nonzero(lens & glass) < 0.3 * np.count_nonzero(lens):
        return Attributes(glasses="clear")
    lightness = np.asarray(srgb_to_oklab(view.image[lens]), np.float32)[:, 0]
    own = float(srgb_to_oklab(np.array(skin if skin is not None else (200, 160, 130)))[0])
    # Through clear glass one sees skin around the eye, however black the frame.
    least, most, high = (float(value) for value in np.quantile(lightness, [0.1, 0.7, 0.9]))
    return Attributes(glasses="dark" if most < 0.66 * own and high - least < 0.4 * own else "clear")


def iris_color(view: PersonView, face: Face, pixels_per_view: float) -> str:
    """Colour of the eyes; a usual brown where they are too small in the photo to tell.

    Args:
        view: The person.
        face: Its features.
        pixels_per_view: Photo pixels to a pixel of the view.
    """
    usual = format_color(_DEFAULT_IRIS)
    picked = []
    for eye in face.eyes:
        width = eye.width * view.frame.height
        if width * pixels_per_view < _FINE_EYE * 2 or eye.openness < 0.2:
            continue
        x, y = view.frame.to_photo(np.array([eye.centre]))[0]
        x += eye.gaze[0] * width * 0.4
        radius = max(int(0.2 * width), 2)
        disc = np.zeros(view.labels.shape, np.uint8)
        cv2.circle(disc, (int(x), int(y)), radius, 1, -1)
        lab = np.asarray(srgb_to_oklab(view.image[disc > 0]), np.float64)
        middle = lab[(lab[:, 0] > np.quantile(lab[:, 0], 0.35)) & (lab[:, 0] < np.quantile(lab[:, 0], 0.75))]
        if len(middle):
            picked.append(np.median(middle, axis=0))
    if not picked:
        return usual
    found = np.mean(picked, axis=0)
    found[0] = np.clip(found[0] + 0.04, 0.28, 0.62)
    found[1:] *= 1.3  # lashes and reflections grey an iris
    return format_color(mixed(_DEFAULT_IRIS, to_color(found), 0.75))


def brows_color(view: PersonView, face: Face) -> Color | None:
    """Colour of the brows: that of the darker half of what lies along them; None where they are too small."""
    line = np.zeros(view.labels.shape, np.uint8)
    if face.source != "landmarks":
        return None
    for eye in face.eyes:
        points = np.round(view.frame.to_photo(np.array(eye.brow))).astype(np.int32)
        cv2.polylines(line, [points], False, 1, max(int(0.03 * view.frame.height), 1))
    spot = (line > 0) & view.seen
    if np.count_nonzero(spot) < 20:
        return None
    lab = np.asarray(srgb_to_oklab(view.image[spot]), np.float64)
    return to_color(np.median(lab[lab[:, 0] <= np.median(lab[:, 0])], axis=0))


def lips_color(view: PersonView, face: Face, skin: Color) -> str:
    """Colour of the lips: that of the photo where it is redder than the skin, else a natural one."""
    lab = np.asarray(srgb_to_oklab(np.array(skin)), np.float64)
    natural = to_color(lab + (-0.09, 0.045, 0.005))
    if face.source != "landmarks" or face.mouth is None:
        return format_color(natural)
    m = face.mouth
    ring = np.array([m.right, m.inner_lower, m.left, m.lower])
    area = np.zeros(view.labels.shape, np.uint8)
    cv2.fillPoly(area, [np.round(view.frame.to_photo(ring)).astype(np.int32)], 1)
    spot = (area > 0) & view.seen
    if np.count_nonzero(spot) < 12:
        return format_color(natural)
    found = np.median(np.asarray(srgb_to_oklab(view.image[spot]), np.float64), axis=0)
    found[0] = np.clip(found[0], lab[0] - 0.25, lab[0])
    if found[1] < lab[1] + 0.01:
        return format_color(natural)
    return format_color(mixed(natural, to_color(found), 0.7))


def _point(p: npt.NDArray[np.float64]) -> Point:
    return float(p[0]), float(p[1])
