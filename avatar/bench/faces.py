"""Glasses and beards: told from the photo's pixels, and from what is drawn."""

from __future__ import annotations

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
_BARE, _BEARDED = 0.85, 0.74  # lightness of chin and upper lip over that of the cheeks


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
    """ "yes" or "no" by how dark chin and upper lip are beside the cheeks.

    Light, make-up and gray beards look alike to this rule; it says nothing wherever it is not sure, which is often.
    """
    face = subject.person.face
    if face is None or subject.frame is None or subject.frame.height < 60:
        return set()
    points = np.asarray(face, np.float64) - (subject.box[1].start, subject.box[0].start)
    eyes = [points[36:42].mean(0), points[42:48].mean(0)]
    apart = float(np.linalg.norm(eyes[1] - eyes[0]))
    lip = float(np.linalg.norm(points[33] - points[51]))
    lab = np.asarray(srgb_to_lab(subject.pixels), np.float32)
    skin = subject.mask(Part.FACE, Part.HAIR)

    def around(*places: npt.NDArray[np.float64], size: float) -> npt.NDArray[np.float64] | None:
        found = [color for place in places if (color := _median(lab, skin, place, size)) is not None]
        return np.asarray(np.mean(found, axis=0)) if found else None

    cheek = around(
        *(np.array([eye[0], 0.45 * eye[1] + 0.55 * points[wing][1]]) for eye, wing in zip(eyes, (31, 35), strict=True)),
        size=0.13 * apart,
    )
    chin = around(points[57] + 0.55 * (points[8] - points[57]), size=0.16 * apart)
    above = around((points[31] + points[49]) / 2, (points[35] + points[53]) / 2, size=0.35 * lip)
    if cheek is None or chin is None or above is None or cheek[0] < 25:
        return set()
    low, high = float(chin[0] / cheek[0]), float(above[0] / cheek[0])
    gray = float(np.hypot(*above[1:]) / max(np.hypot(*cheek[1:]), 4.0))
    if low < _BEARDED and high < _BEARDED:
        return {"yes"}
    return {"no"} if low > _BARE and high > _BARE - 0.05 and gray > 0.8 else set()


def _median(
    lab: npt.NDArray[np.float32], skin: npt.NDArray[np.bool_], place: npt.NDArray[np.float64], size: float
) -> npt.NDArray[np.float64] | None:
    """CIE Lab around a place, of skin and hair; None where hardly any is seen."""
    x, y, r = int(place[0]), int(place[1]), max(round(size), 1)
    rows, columns = slice(max(y - r, 0), max(y + r + 1, 0)), slice(max(x - r, 0), max(x + r + 1, 0))
    chosen = lab[rows, columns][skin[rows, columns]]
    return np.asarray(np.median(chosen, axis=0), np.float64) if len(chosen) >= 9 else None


def drawn_beard(drawing: Drawing) -> str:
    """ "yes" where a beard that stands out from the face is drawn."""
    beard, face = drawing.color("beard"), drawing.color("face")
    if beard is None or face is None:
        return "no"
    shown = mixed(face, beard, max(shape.opacity for shape in drawing.layers["beard"].shapes[:1]))
    return "yes" if float(difference(np.array(shown), np.array(face))) > _SEEN else "no"
