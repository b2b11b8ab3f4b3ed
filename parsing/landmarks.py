"""Body keypoints and face landmarks on first use, the same for every engine.

They come from the embedded networks, whatever engine found the parts: consumers see one convention.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.parsing.parts import Part
from dressform.parsing.result import Person

__all__ = ["FACE_GROUPS", "KEYPOINT_NAMES", "FaceLandmarker"]

Floats = npt.NDArray[np.float32]

KEYPOINT_NAMES = (
    "nose",
    "left_eye",
    "right_eye",
    "left_ear",
    "right_ear",
    "left_shoulder",
    "right_shoulder",
    "left_elbow",
    "right_elbow",
    "left_wrist",
    "right_wrist",
    "left_hip",
    "right_hip",
    "left_knee",
    "right_knee",
    "left_ankle",
    "right_ankle",
)
"""COCO's 17 keypoints, in the order of ``Person.keypoints``; left is the subject's own."""

FACE_GROUPS: tuple[tuple[str, slice], ...] = (
    ("jaw", slice(0, 17)),
    ("right_brow", slice(17, 22)),
    ("left_brow", slice(22, 27)),
    ("nose", slice(27, 36)),
    ("right_eye", slice(36, 42)),
    ("left_eye", slice(42, 48)),
    ("outer_lips", slice(48, 60)),
    ("inner_lips", slice(60, 68)),
    ("pupils", slice(68, 70)),
)
"""What the points of ``Person.face`` belong to."""

_NOSE, _EYES = 0, (1, 2)
_MIN_KEYPOINT = 0.3


@dataclass(frozen=True)
class FaceLandmarker:
    """Finds keypoints with the parts network and face points with the face network."""

    def keypoints(self, image: npt.NDArray[np.uint8], person: Person) -> Floats | None:
        """(17, 3) COCO keypoints x, y, score of a person in (H, W, 3) uint8 RGB."""
        from dressform.parsing.engines.compact.segment import segment_people
        from dressform.parsing.engines.compact.sessions import open_network

        box = np.array(person.box, np.float32)
        return segment_people(open_network("parts"), image, [box])[0].keypoints

    def face(self, image: npt.NDArray[np.uint8], person: Person) -> Floats | None:
        """(70, 2) face landmarks (see Person.face), or None: no face, turned away, or too small."""
        from dressform.parsing.engines.compact.face import find_face
        from dressform.parsing.engines.compact.sessions import open_network

        square = face_window(person)
        return None if square is None else find_face(open_network("face"), image, square)


def face_window(person: Person) -> Floats | None:
    """(4,) square about where the face is, from brows to chin, or None without a face part.

    The face's pixels tell its size; eyes and nose, where seen, tell where in it the features lie.
    """
    mask = person.mask((Part.FACE, Part.SUNGLASSES))
    x0, y0, x1, y1 = person.window
    rows = np.flatnonzero(mask[y0:y1, x0:x1].any(1)) + y0
    columns = np.flatnonzero(mask[y0:y1, x0:x1].any(0)) + x0
    if len(rows) < 4 or len(columns) < 4:
        return None
    low = np.array([columns[0], rows[0]], np.float32)
    high = np.array([columns[-1] + 1, rows[-1] + 1], np.float32)
    # Skin reaches above the brows; the landmarks do not.
    low[1] += 0.2 * (high[1] - low[1])
    half = float(np.clip((high - low).max() / 2, 1, None))
    centre = (low + high) / 2
    points = person.keypoints
    if points is not None and (points[[_NOSE, *_EYES], 2] > _MIN_KEYPOINT).all():
        seen = points[[_NOSE, *_EYES], :2].mean(0)
        if np.abs(seen - centre).max() < half:
            centre = (centre + seen) / 2
    return np.concatenate([centre - half, centre + half]).astype(np.float32)
