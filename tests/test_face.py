"""The two looks at a face: the second one upright and centred, and when there is none."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.parsing.engines.compact import face
from dressform.parsing.engines.compact.crops import FACE_GROW, crop_affine, face_square
from dressform.parsing.engines.compact.face import find_face
from dressform.parsing.engines.compact.sessions import Network

UPRIGHT = np.random.default_rng(0).uniform(-1, 1, (70, 2)).astype(np.float32)
UPRIGHT[36:42] = (-0.4, -0.3)  # right eye: left in the photo
UPRIGHT[42:48] = (0.4, -0.3)


def turned(degrees: float, centre: tuple[float, float] = (200, 150), half: float = 40) -> np.ndarray:
    """(70, 2) landmarks in the photo of a face turned clockwise as seen."""
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return (UPRIGHT @ np.array([[c, s], [-s, c]]) * half + centre).astype(np.float32)


class Faces(Network):
    """A face network that finds the landmarks exactly; it knows the crop only if told the looks' angles."""

    def __init__(self, points: np.ndarray, square: np.ndarray, angles: tuple[float, ...], *scores: float) -> None:
        super().__init__("face")
        self.points, self.scores = points, list(scores)
        squares = [square, face_square(points)]
        self.matrices = [
            crop_affine(s, face.SIZE, angle=a, grow=FACE_GROW) for s, a in zip(squares, angles, strict=False)
        ]
        self.eyes: list[np.ndarray] = []

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        assert images.shape == (1, *face.SIZE, 3)
        matrix = self.matrices.pop(0)
        found = (self.points @ matrix[:, :2].T + matrix[:, 2]) / face.SIZE[0]
        self.eyes.append(found[42:48].mean(0) - found[36:42].mean(0))
        return [found[None].astype(np.float32), np.array([self.scores.pop(0)], np.float32)]


PHOTO = np.full((300, 400, 3), 128, np.uint8)
SQUARE = np.array([150, 110, 240, 200], np.float32)


@pytest.mark.parametrize("degrees", [0, 35, -80, 150])
def test_the_second_look_is_upright(degrees: float) -> None:
    points = turned(degrees)
    network = Faces(points, SQUARE, (0, degrees), 0.9, 0.9)
    found = find_face(network, PHOTO, SQUARE)
    assert found is not None
    assert (found.shape, found.dtype) == ((70, 2), np.float32)
    np.testing.assert_allclose(found, points, atol=0.02)
    first, second = network.eyes
    assert np.degrees(np.arctan2(first[1], first[0])) == pytest.approx(degrees, abs=0.1)
    assert np.degrees(np.arctan2(second[1], second[0])) == pytest.approx(0, abs=0.1)


@pytest.mark.parametrize("scores", [(0.1,), (0.9, 0.1)])
def test_a_low_score_at_either_look_is_no_face(scores: tuple[float, ...]) -> None:
    assert find_face(Faces(turned(0), SQUARE, (0, 0), *scores), PHOTO, SQUARE) is None


def test_too_small_a_face_is_not_looked_at() -> None:
    small = np.array([10, 10, 10 + face.MIN_SIDE - 0.5, 10 + face.MIN_SIDE - 0.5], np.float32)
    assert find_face(Faces(turned(0), small, ()), PHOTO, small) is None
    points = turned(0, half=face.MIN_SIDE / 4)  # found out at the first look
    assert find_face(Faces(points, SQUARE, (0, 0), 0.9, 0.9), PHOTO, SQUARE) is None
