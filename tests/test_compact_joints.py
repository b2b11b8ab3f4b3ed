"""Joints are read off heat maps to a fraction of a cell, and at the broadest of several peaks."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.parsing.engines.compact.crops import cut
from dressform.parsing.engines.compact.segment import JOINT_STRIDE, Segment

Floats = npt.NDArray[np.float32]
SIZE = (96, 64)  # cells: rows, columns


def bump(x: float, y: float, sigma: float = 1.5, height: float = 1.0) -> Floats:
    """A Gaussian at (x, y), in cells, whose middles lie at halves."""
    ys, xs = np.mgrid[: SIZE[0], : SIZE[1]] + 0.5
    return (height * np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (2 * sigma**2))).astype(np.float32)


def joints(heat: Floats) -> Floats:
    """Joints of maps over a photo of the crop's own size, in its cells."""
    image = np.zeros((SIZE[0] * JOINT_STRIDE, SIZE[1] * JOINT_STRIDE, 3), np.uint8)
    box = np.array([0, 0, image.shape[1], image.shape[0]], np.float32)
    crop = cut(image, box, (image.shape[1], image.shape[0]), grow=1.0)
    found = Segment(crop, None, np.zeros((21, 1, 1), np.float32), heat).keypoints
    return np.asarray(found / np.array([JOINT_STRIDE, JOINT_STRIDE, 1]), np.float32)


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
