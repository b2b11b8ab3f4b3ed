"""Body keypoints and face landmarks on first use, the same for every engine.

They come from the embedded networks, whatever engine found the parts: consumers see one convention.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.islands import drop_specks
from dressform.parsing.parts import Part
from dressform.parsing.result import Person

__all__ = ["FACE_GROUPS", "KEYPOINT_NAMES", "MIRROR_KEYPOINTS", "FaceLandmarker", "face_window", "head_centre"]

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

MIRROR_KEYPOINTS = (0, 2, 1, 4, 3, 6, 5, 8, 7, 10, 9, 12, 11, 14, 13, 16, 15)
"""The keypoint that each becomes when the photo is mirrored."""

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
_MIN_SIDE = 4  # px
_SPECK = 0.1  # share of the largest piece of the face; smaller ones may be anything


@dataclass(frozen=True)
class FaceLandmarker:
    """Finds keypoints with the parts network and face points with the face network."""

    def keypoints(self, image: npt.NDArray[np.uint8], person: Person) -> Floats | None:
        """(17, 3) COCO keypoints x, y, score of a person in (H, W, 3) uint8 RGB."""
        from dressform.parsing.engines.compact.segment import glance, second_opinion
        from dressform.parsing.engines.compact.sessions import open_network

        box = np.array(person.box, np.float32)
        network = open_network("parts")
        return second_opinion(network, glance(network, image, box, head_centre(person))).keypoints

    def face(self, image: npt.NDArray[np.uint8], person: Person) -> Floats | None:
        """(70, 2) face landmarks (see Person.face), or None: no face, turned away, or too small."""
        from dressform.parsing.engines.compact.face import find_face
        from dressform.parsing.engines.compact.sessions import open_network

        square = face_window(person)
        return None if square is None else find_face(open_network("face"), image, square)


def head_centre(person: Person) -> Floats | None:
    """(2,) middle of a person's face, hair or hat, else of the top of what is seen of them; None: nothing is.

    The same stands for a person where the parts network is trained.
    """
    if person.extent is None:
        return None
    for parts in ((Part.FACE, Part.SUNGLASSES), (Part.HAIR, Part.HAT)):
        x, y, w, h = cv2.boundingRect(drop_specks(person.own(person.extent, parts), _SPECK).view(np.uint8))
        if w:
            return np.array([person.extent[0] + x + w / 2, person.extent[1] + y + h / 2], np.float32)
    own = person.own(person.extent)
    columns = np.flatnonzero(own[: max(1, len(own) // 8)].any(0))
    return np.array([person.extent[0] + columns.mean() + 0.5, person.extent[1] + len(own) / 16], np.float32)


def face_window(person: Person) -> Floats | None:
    """(4,) square about where the face is, from brows to chin, or None without a face part.

    The face's pixels tell its size; eyes and nose, where seen, tell where in it the features lie.
    """
    if person.extent is None:
        return None
    mask = drop_specks(person.own(person.extent, (Part.FACE, Part.SUNGLASSES)), _SPECK)
    x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
    if w < _MIN_SIDE or h < _MIN_SIDE:
        return None
    low = np.array(person.extent[:2], np.float32) + np.array([x, y], np.float32)
    high = low + np.array([w, h], np.float32)
    # Skin reaches above the brows; the landmarks do not.
    low[1] += 0.2 * (high[1] - low[1])
    half = float((high - low).max() / 2)
    centre = (low + high) / 2
    points = person.keypoints
    if points is not None and (points[[_NOSE, *_EYES], 2] > _MIN_KEYPOINT).all():
        seen = points[[_NOSE, *_EYES], :2].mean(0)
        if np.abs(seen - centre).max() < half:
            centre = (centre + seen) / 2
    return np.concatenate([centre - half, centre + half]).astype(np.float32)
