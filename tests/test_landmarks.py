"""Where the face is looked for, and whom a crop is said to be about."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.parsing import Parse, Part, Person
from dressform.parsing.landmarks import FACE_GROUPS, KEYPOINT_NAMES, FaceLandmarker, face_window, head_centre
from dressform.parsing.result import Observation


def person(*patches: tuple[Part, slice, slice], keypoints: np.ndarray | None = None) -> Person:
    labels = np.zeros((120, 100), np.uint8)
    for part, rows, columns in patches:
        labels[rows, columns] = part
    observation = Observation((0, 0, 100, 120), 1, None, keypoints)
    return Parse(labels, (labels > 0).astype(np.uint16), (observation,)).people[0]


FACE = (Part.FACE, slice(20, 50), slice(40, 60))
COAT = (Part.COAT, slice(50, 110), slice(30, 70))


def test_the_window_leaves_out_the_forehead() -> None:
    square = face_window(person(FACE, COAT))
    assert square is not None
    assert square.dtype == np.float32
    np.testing.assert_allclose(square, [38, 26, 62, 50])


def test_glasses_belong_to_the_face_and_specks_do_not() -> None:
    glasses = (Part.SUNGLASSES, slice(30, 34), slice(36, 64))
    speck = (Part.FACE, slice(80, 83), slice(90, 93))
    square = face_window(person(FACE, COAT, glasses, speck))
    np.testing.assert_allclose(square, [36, 24, 64, 52])


def test_seen_eyes_and_nose_move_the_window() -> None:
    points = np.zeros((17, 3), np.float32)
    points[:3] = (56, 38, 0.9)
    moved = face_window(person(FACE, COAT, keypoints=points))
    np.testing.assert_allclose(moved, [41, 26, 65, 50])
    points = points.copy()
    points[:3] = (90, 38, 0.9)  # not this face's
    np.testing.assert_allclose(face_window(person(FACE, COAT, keypoints=points)), [38, 26, 62, 50])


@pytest.mark.parametrize("patches", [(), (COAT,), (COAT, (Part.FACE, slice(40, 43), slice(45, 55)))])
def test_no_face_no_window(patches: tuple[tuple[Part, slice, slice], ...]) -> None:
    assert face_window(person(*patches)) is None
    assert FaceLandmarker().face(np.zeros((120, 100, 3), np.uint8), person(*patches)) is None


def test_the_head_is_where_the_face_is_else_the_hair_else_the_top() -> None:
    hair = (Part.HAIR, slice(4, 14), slice(40, 50))
    np.testing.assert_allclose(head_centre(person(FACE, hair, COAT)), [50, 35])
    np.testing.assert_allclose(head_centre(person(hair, COAT)), [45, 9])
    np.testing.assert_allclose(head_centre(person(COAT)), [50, 50 + 60 / 16])
    assert head_centre(person()) is None


def test_groups_name_every_landmark_once() -> None:
    covered = [k for _, group in FACE_GROUPS for k in range(70)[group]]
    assert covered == list(range(70))
    assert len(KEYPOINT_NAMES) == 17
