"""Criterion 5: where eyes and mouth are drawn, against the landmarks of the photo."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from dressform.avatar.bench.drawing import Drawing, centroid, fill, flat_points
from dressform.avatar.bench.figures import Figure, Record, mean, share, values
from dressform.avatar.bench.subjects import Subject, without_landmarks
from dressform.avatar.face import HeadFrame
from dressform.parsing import Part

__all__ = ["drawn_features", "eye_center", "figures", "has_features", "mouth_center", "record"]

Floats = npt.NDArray[np.float64]
_EYES = {"R": slice(36, 42), "L": slice(42, 48)}
_FEATURES = ("eye_", "mouth", "nose", "brow_")
_BACK, _FRONT = 0.08, 0.30  # share of face in a head: none is seen below the first, it looks at us above the second
_INSIDE = 0.9  # share of an eye's opening that lies inside the face


def record(subject: Subject, drawings: Mapping[str, Drawing], truth: Mapping[str, str] | None = None) -> Record:
    """Errors in distances between the eyes for each style, with landmarks and, for the first style, by rule.

    Args:
        subject: The person.
        drawings: Busts by style.
        truth: What somebody says who looked; its "face" tells whether one is to be seen.
    """
    said = (truth or {}).get("face")
    back = said == "no" if said else is_back(subject)
    front = said == "yes" if said else is_front(subject)
    out: Record = {"back": back, "front": front, "styles": {}}
    face = subject.person.face
    for style, drawing in drawings.items():
        row: Record = {"features": has_features(drawing)}
        if face is not None and row["features"]:
            row |= _errors(subject, drawing, None)
            row["inside"] = eyes_inside(drawing)
        out["styles"][style] = row
    if face is not None and drawings and front:
        bare = without_landmarks(subject)
        drawing = Drawing.of(bare.spec, next(iter(drawings)), "bust")
        if has_features(drawing) and bare.frame is not None:
            out["rule"] = _errors(subject, drawing, bare.frame)
    return out


def _errors(subject: Subject, drawing: Drawing, frame: HeadFrame | None) -> Record:
    """Distances of what is drawn from the landmarks, over the distance between the eyes.

    Args:
        subject: With landmarks.
        drawing: Of the same person.
        frame: Of the head as the drawing was measured by, in pixels of the person's box; None for the subject's own.
    """
    frame = frame or subject.frame
    if frame is None or subject.person.face is None:
        return {}
    points = np.asarray(subject.person.face, np.float64) - (subject.box[1].start, subject.box[0].start)
    wanted = {side: points[where].mean(0) for side, where in _EYES.items()}
    apart = float(np.linalg.norm(wanted["L"] - wanted["R"]))
    out: Record = {}
    for side in ("R", "L"):
        found = eye_center(drawing, side)
        if found is not None and apart > 0:
            place = frame.to_photo(np.asarray(drawing.to_heads(found[None]), np.float32))[0]
            out[f"eye_{side}"] = float(np.linalg.norm(place - wanted[side])) / apart
            down = (wanted["L"] - wanted["R"]) @ np.array([[0.0, 1.0], [-1.0, 0.0]]) / apart
            out[f"drop_{side}"] = float((place - wanted[side]) @ down) / apart
            # How far down a style puts all eyes is its own affair.
            meant = place - down * drawing.avatar.style.proportions.eye_drop * frame.height
            out[f"meant_{side}"] = float(np.linalg.norm(meant - wanted[side])) / apart
    mouth = mouth_center(drawing)
    if mouth is not None and apart > 0:
        place = frame.to_photo(np.asarray(drawing.to_heads(mouth[None]), np.float32))[0]
        out["mouth"] = float(np.linalg.norm(place - (points[48] + points[54]) / 2)) / apart
    return out


def eye_center(drawing: Drawing, side: str) -> Floats | None:
    """Middle of a drawn eye on the canvas: of its white, else of its iris, else of its closed lid."""
    for name in (f"eye_{side}_white", f"eye_{side}_iris"):
        if name in drawing.layers:
            return centroid(drawing.layers[name].shapes[0].path)
    if f"eye_{side}_closed" in drawing.layers:
        points = flat_points(drawing.layers[f"eye_{side}_closed"].shapes[0].path)
        return np.asarray((points.min(0) + points.max(0)) / 2)
    return None


def mouth_center(drawing: Drawing) -> Floats | None:
    """Middle between the corners of the drawn mouth on the canvas: the ends of its lips, opening or line."""
    names = [name for name in ("mouth_upper", "mouth_lower", "mouth_inside", "mouth_line") if name in drawing.layers]
    pieces = [flat_points(shape.path) for name in names for shape in drawing.layers[name].shapes]
    if not pieces:
        return None
    points = np.concatenate(pieces)
    eyes = [eye_center(drawing, side) for side in ("R", "L")]
    way = np.array([1.0, 0.0])
    if eyes[0] is not None and eyes[1] is not None:
        way = (eyes[1] - eyes[0]) / max(float(np.linalg.norm(eyes[1] - eyes[0])), 1e-9)
    along = points @ way
    return np.asarray((points[along.argmin()] + points[along.argmax()]) / 2)


def eyes_inside(drawing: Drawing) -> bool:
    """Whether the openings of both eyes lie inside the face."""
    if "face" not in drawing.layers:
        return False
    size = drawing.labels.shape
    face = fill(drawing.layers["face"].shapes[0].path, size, drawing.scale)
    for side in ("R", "L"):
        for name in (f"eye_{side}_white", f"eye_{side}_iris"):
            if name in drawing.layers:
                eye = fill(drawing.layers[name].shapes[0].path, size, drawing.scale)
                if eye.any() and (eye & face).sum() < _INSIDE * eye.sum():
                    return False
    return True


def drawn_features(drawing: Drawing) -> list[str]:
    """Visible layers of eyes, brows, nose and mouth."""
    return [name for name in drawing.layers if name.startswith(_FEATURES)]


def has_features(drawing: Drawing) -> bool:
    """Whether a face is drawn."""
    return bool(drawn_features(drawing))


def face_share(subject: Subject) -> float:
    """Share of a head that is face, in the parse."""
    head = np.count_nonzero(subject.mask(Part.HAIR, Part.HAT, Part.FACE, Part.SUNGLASSES))
    return float(np.count_nonzero(subject.mask(Part.FACE, Part.SUNGLASSES)) / head) if head else 0.0


def is_back(subject: Subject) -> bool:
    """Whether a head is seen from behind: hardly any face in much hair."""
    hair = np.count_nonzero(subject.mask(Part.HAIR, Part.HAT))
    return bool(subject.frame is not None and hair > 0.1 * subject.frame.height**2 and face_share(subject) < _BACK)


def is_front(subject: Subject) -> bool:
    """Whether a face is plainly seen."""
    return face_share(subject) > _FRONT


def mistakes(records: Sequence[Record], style: str) -> list[str]:
    """People whose face is drawn on the back of a head, left out, or has eyes beyond its outline."""
    out = []
    for each in records:
        row = each["placement"]
        drawn = row["styles"].get(style, {})
        if row["back"] and drawn.get("features"):
            out.append(f"{each['name']}: a face where none is seen")
        if row["front"] and not drawn.get("features"):
            out.append(f"{each['name']}: no face where one is seen")
        if drawn.get("inside") is False:
            out.append(f"{each['name']}: an eye beyond the face")
    return out


def figures(records: Sequence[Record], styles: Sequence[str]) -> list[Figure]:
    """Mean errors, and how often features are where they must or must not be."""
    rows = [each["placement"] for each in records]
    out = []
    for style in styles:
        kept = [row for row in rows if style in row["styles"]]
        eyes = values(kept, "styles", style, "meant_R") + values(kept, "styles", style, "meant_L")
        raw = values(kept, "styles", style, "eye_R") + values(kept, "styles", style, "eye_L")
        mouth = values(kept, "styles", style, "mouth")
        note = (
            f"with the style's own drop {mean(raw):.3f}; 90th percentile {np.quantile(eyes, 0.9):.3f}" if eyes else ""
        )
        out.append(Figure(5, f"{style}: eye centres, mean / interocular", mean(eyes), 0.06, count=len(eyes), note=note))
        out.append(Figure(5, f"{style}: mouth centre, mean / interocular", mean(mouth), 0.06, count=len(mouth)))
        inside = [row["styles"][style]["inside"] for row in kept if "inside" in row["styles"][style]]
        out.append(Figure(5, f"{style}: both eyes inside the face", share(inside), 100, True, len(inside), "%"))
    rule = values(rows, "rule", "eye_R") + values(rows, "rule", "eye_L")
    mouth = values(rows, "rule", "mouth")
    for what, found in (("eye centres", rule), ("mouth centre", mouth)):
        note = f"median {np.median(found):.3f}" if found else ""
        out.append(Figure(5, f"by rule: {what}, mean / interocular", mean(found), 0.20, count=len(found), note=note))
    backs = [not row["styles"][style]["features"] for row in rows if row["back"] for style in row["styles"]]
    out.append(Figure(5, "nothing drawn on the back of a head", share(backs), 100, True, len(backs), "%"))
    fronts = [row["styles"][style]["features"] for row in rows if row["front"] for style in row["styles"]]
    out.append(Figure(5, "features drawn where a face is plainly seen", share(fronts), 100, True, len(fronts), "%"))
    return out
