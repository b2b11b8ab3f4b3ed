"""Details of a face: beard and glasses, and the colours of eyes, brows and lips."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.color import format_color, mixed, parse_color, srgb_to_oklab, to_color
from dressform.avatar.scene import Color
from dressform.avatar.spec import Attributes, Face
from dressform.avatar.view import PersonView
from dressform.parsing import Part

__all__ = ["beard_amount", "brows_color", "frame_shows", "glasses_kind", "iris_color", "lips_color", "lower_face"]

Mask = npt.NDArray[np.bool_]
_DEFAULT_IRIS = parse_color(Face().iris)
_BRIDGE, _RIM = 0.065, 0.0085  # bend of OKLab lightness from row to row, on the nose and below the eyes
_FINE_EYE = 9.0  # px of an eye in the photo's own pixels below which its colour can't be told


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
        return Attributes(glasses="clear" if frame_shows(view, face) else "none")
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


def frame_shows(view: PersonView, face: Face) -> bool:
    """Whether a rim crosses the bridge of the nose and runs below both eyes, of glasses that the parser did not see.

    Bare skin is smooth there from top to bottom; a frame bends the profile of lightness sharply. Thin rims are missed.
    """
    if face.source != "landmarks" or len(face.eyes) < 2 or len(face.nose) < 2:
        return False
    right, left = (np.array(eye.centre) for eye in face.eyes)
    apart = float(np.linalg.norm(left - right))
    across = (left - right) / max(apart, 1e-6)
    down = np.array([-across[1], across[0]])
    depth = float((np.array(face.nose[1]) - (left + right) / 2) @ down) / max(apart, 1e-6)
    if not 0.35 < depth < 1.0 or abs(face.yaw) > 0.7:  # seen from below or aside, nostrils and shadows mislead
        return False
    corner = (right + left) / 2 - apart * across - 0.5 * apart * down
    ends = np.stack([corner, corner + 2 * apart * across, corner + apart * 4 / 3 * down])
    width, height = 96, 64
    target = np.array([[0, 0], [width, 0], [0, height]], np.float32)
    matrix = cv2.getAffineTransform(view.frame.to_photo(ends).astype(np.float32), target)
    patch = np.asarray(cv2.warpAffine(view.image, matrix, (width, height), flags=cv2.INTER_AREA), np.uint8)
    lightness = cv2.GaussianBlur(np.asarray(srgb_to_oklab(patch)[..., 0], np.float32), (0, 0), 0.8)

    def bend(x0: float, x1: float, y0: float, y1: float) -> float:
        rows = slice(int((y0 + 0.5) * 0.75 * height), int((y1 + 0.5) * 0.75 * height))
        columns = slice(int((x0 + 1) * width / 2), int((x1 + 1) * width / 2))
        profile = np.median(lightness[rows, columns], axis=1)
        return float(np.abs(profile[:-2] - 2 * profile[1:-1] + profile[2:]).max())

    below = min(bend(side * 0.5 - 0.2, side * 0.5 + 0.2, 0.2, 0.62) for side in (-1, 1))
    return bend(-0.14, 0.14, -0.3, 0.35) > _BRIDGE and below > _RIM


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
    natural = to_color(lab + np.array([-0.09, 0.045, 0.005]))
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
