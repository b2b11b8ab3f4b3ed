"""Glasses and beards: told from the photo's pixels, and from what is drawn."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.bench.drawing import Drawing, flat_points
from dressform.avatar.bench.placement import eye_center
from dressform.avatar.bench.subjects import Subject
from dressform.avatar.color import difference, mixed, srgb_to_lab
from dressform.avatar.scene import Stroke
from dressform.parsing import Part

__all__ = ["drawn_beard", "drawn_glasses", "photo_beard", "photo_glasses"]

_GLASSES = (0.003, 0.012)  # square heads: none below the first, glasses above the second
_SEEN = 6.0  # ΔE00 of a drawn beard from the face
_BARE, _BEARDED = 0.90, 0.72  # lightness of chin and upper lip over that of the cheeks


def photo_glasses(subject: Subject) -> set[str]:
    """ "yes" or "no", by the parse."""
    if subject.frame is None or subject.person.face is None:
        return set()
    area = np.count_nonzero(subject.mask(Part.SUNGLASSES)) / subject.frame.height**2
    return {"yes"} if area > _GLASSES[1] else {"no"} if area < _GLASSES[0] else {"yes", "no"}


def drawn_glasses(drawing: Drawing) -> str:
    """ "yes" where rims or lenses lie around the eyes."""
    pieces = [
        flat_points(shape.path)
        for name, layer in drawing.layers.items()
        if name.startswith("glasses")
        for shape in layer.shapes
        if isinstance(shape.stroke, Stroke) or shape.opacity > 0.5
    ]
    centers = [eye for side in ("R", "L") if (eye := eye_center(drawing, side)) is not None]
    if not pieces or not centers:
        return "no"
    points = np.concatenate(pieces)
    low, high = points.min(0), points.max(0)
    return "yes" if all((low < eye).all() and (eye < high).all() for eye in centers) else "no"


def photo_beard(subject: Subject) -> set[str]:
    """ "yes" or "no" by how dark chin and upper lip are beside the cheeks; nothing where they disagree."""
    face = subject.person.face
    if face is None or subject.frame is None or subject.frame.height < 70:
        return set()
    points = np.asarray(face, np.float64) - (subject.box[1].start, subject.box[0].start)
    lightness = np.asarray(srgb_to_lab(subject.pixels), np.float32)[..., 0]
    # Well inside the face, so that neither neck nor background is seen.
    middle = points[57]
    chin = middle + 0.8 * (points[[5, 6, 7, 8, 9, 10, 11]] - middle)
    chin = np.concatenate([chin, points[[55, 56, 57, 58, 59]] + 0.12 * (points[8] - points[57])])
    lip = np.concatenate([points[[31, 33, 35]] + 0.2 * (points[51] - points[33]), points[[53, 51, 49]]])
    found = [_median(lightness, area, subject) for area in (chin, lip)]
    cheek = []
    for eye, wing in ((slice(36, 42), 31), (slice(42, 48), 35)):
        spot = (points[eye].mean(0) + (points[eye].mean(0)[0], points[wing][1])) / 2
        size = 0.08 * subject.frame.height
        cheek.append(_median(lightness, spot + size * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]), subject))
    known = [value for value in cheek if value is not None]
    if not known or any(value is None for value in found):
        return set()
    shares = [float(value) / max(max(known), 1.0) for value in found if value is not None]
    if max(shares) < _BEARDED + 0.08 and min(shares) < _BEARDED:
        return {"yes"}
    return {"no"} if min(shares) > _BARE - 0.02 else set()


def _median(values: npt.NDArray[np.float32], corners: npt.NDArray[np.float64], subject: Subject) -> float | None:
    area = np.zeros(values.shape, np.uint8)
    cv2.fillConvexPoly(area, cv2.convexHull(np.round(corners).astype(np.int32)), 1)
    where = (area > 0) & subject.mask(Part.FACE, Part.HAIR)
    return float(np.median(values[where])) if np.count_nonzero(where) >= 12 else None


def drawn_beard(drawing: Drawing) -> str:
    """ "yes" where a beard that stands out from the face is drawn."""
    beard, face = drawing.color("beard"), drawing.color("face")
    if beard is None or face is None:
        return "no"
    shown = mixed(face, beard, max(shape.opacity for shape in drawing.layers["beard"].shapes[:1]))
    return "yes" if float(difference(np.array(shown), np.array(face))) > _SEEN else "no"
