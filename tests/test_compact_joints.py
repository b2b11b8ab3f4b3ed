"""Joints are read off heat maps to a fraction of a cell, at the broadest of several peaks, and agree."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.parsing.engines.compact.crops import Crop
from dressform.parsing.engines.compact.joints import STRIDE, find_joints, peaks
from dressform.parsing.engines.compact.sessions import open_network
from dressform.parsing.landmarks import MIRROR_KEYPOINTS

Floats = npt.NDArray[np.float32]
SIZE = (96, 64)  # cells: rows, columns


def bump(x: float, y: float, sigma: float = 1.5, height: float = 1.0) -> Floats:
    """A Gaussian at (x, y), in cells, whose middles lie at halves."""
    ys, xs = np.mgrid[: SIZE[0], : SIZE[1]] + 0.5
    return (height * np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (2 * sigma**2))).astype(np.float32)


def joints(heat: Floats) -> Floats:
    """Peaks of maps, in cells."""
    return np.asarray(peaks(heat) / np.array([STRIDE, STRIDE, 1]), np.float32)


@settings(max_examples=30, deadline=None)
@given(st.floats(6, SIZE[1] - 6), st.floats(6, SIZE[0] - 6), st.floats(0.2, 1))
def test_a_peak_between_cells(x: float, y: float, height: float) -> None:
    found = joints(np.stack([bump(x, y, height=height)] * 17))
    np.testing.assert_allclose(found[:, :2], np.tile([x, y], (17, 1)), atol=0.15)
    assert found[:, 2] == pytest.approx(height, abs=0.12), "how sure the network is, not the blurred map"


def test_the_broader_of_two_peaks() -> None:
    heat = np.stack([np.maximum(bump(20, 30, 0.8, 0.9), bump(45, 60, 2.5, 0.7))] * 17)
    np.testing.assert_allclose(joints(heat)[:, :2], np.tile([45, 60], (17, 1)), atol=0.3)


def test_nothing_anywhere() -> None:
    found = joints(np.zeros((17, *SIZE), np.float32))
    assert np.isfinite(found).all()
    assert (found[:, 2] == 0).all()


STANDING = np.array(
    [
        *[(32, 10), (33, 9), (31, 9), (35, 10), (29, 10), (39, 20), (25, 20), (41, 31), (23, 31), (42, 41), (22, 41)],
        *[(36, 43), (28, 43), (36, 60), (28, 60), (36, 77), (28, 77)],
    ],
    np.float32,
)
"""Somebody who stands and looks at us, COCO order, in cells."""


def maps(body: Floats, sigma: float = 2.0) -> Floats:
    return np.stack([bump(x, y, sigma) for x, y in body])


def found(heat: Floats, matrix: npt.ArrayLike = ((1, 0, 0), (0, 1, 0))) -> Floats:
    image = np.zeros((SIZE[0] * STRIDE, SIZE[1] * STRIDE, 3), np.uint8)
    return find_joints(open_network("joints"), Crop(image, np.array(matrix, np.float64)), heat)


def test_a_body_as_it_should_be_stays_nearly_so() -> None:
    moved = found(maps(STANDING))
    assert moved.dtype == np.float32 and moved.shape == (17, 3)
    torso = STRIDE * 23
    assert np.linalg.norm(moved[:, :2] - STRIDE * STANDING, axis=1).max() < 0.15 * torso
    assert moved[:, 2] == pytest.approx(1, abs=0.1)


def test_unsure_joints_that_are_off_are_drawn_back() -> None:
    """Not each of them in every direction: a knee may be raised. But on the whole."""
    before, after = [], []
    for joint in range(5, 17):
        for angle in np.arange(8) * np.pi / 4:
            off = STANDING.copy()
            off[joint] += 6 * np.cos(angle), 6 * np.sin(angle)
            heat = maps(off)
            heat[joint] *= 0.15
            before.append(6 * STRIDE)
            after.append(np.linalg.norm(found(heat)[joint, :2] - STRIDE * STANDING[joint]))
    assert np.mean(after) < 0.85 * np.mean(before)


def test_the_mirrored_body_gives_the_mirrored_answer() -> None:
    rng = np.random.default_rng(5)
    body = STANDING + rng.normal(0, 2, STANDING.shape).astype(np.float32)
    heat = maps(body) * rng.uniform(0.1, 1, (17, 1, 1)).astype(np.float32)
    plain, mirrored = found(heat), found(heat[list(MIRROR_KEYPOINTS), :, ::-1])
    mirrored[:, 0] = STRIDE * SIZE[1] - mirrored[:, 0]
    np.testing.assert_allclose(mirrored[list(MIRROR_KEYPOINTS)], plain, atol=0.02)


def test_joints_are_told_in_photo_pixels() -> None:
    heat = maps(STANDING)
    crop, photo = found(heat), found(heat, ((0.5, 0, 30), (0, 0.5, -8)))
    np.testing.assert_allclose(photo[:, :2], (crop[:, :2] - [30, -8]) / 0.5, atol=1e-3)


def test_a_lonely_joint_is_no_body() -> None:
    heat = np.zeros((17, *SIZE), np.float32)
    heat[0] = bump(30, 20)
    moved = found(heat)
    assert np.isfinite(moved).all()
    np.testing.assert_allclose(moved[0, :2], [120, 80], atol=2)
