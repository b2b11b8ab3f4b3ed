"""Geometry of score maps: where a sample lies in the photo, and what stands between and beyond the samples."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.parsing import ParseDataError, Part
from dressform.parsing.scores import Box, ScoreMaps, Window, resample

BOTH = (Part.BACKGROUND, Part.FACE)


def reference(field: np.ndarray, box: Box, window: Window) -> np.ndarray:
    """Bilinear sampling in float64, one pixel at a time."""
    x0, y0, x1, y1 = box
    left, top, right, bottom = window
    h, w = field.shape
    out = np.zeros((bottom - top, right - left))
    for y in range(top, bottom):
        for x in range(left, right):
            if x0 <= x + 0.5 < x1 and y0 <= y + 0.5 < y1:
                u = np.clip((x + 0.5 - x0) / (x1 - x0) * w - 0.5, 0, w - 1)
                v = np.clip((y + 0.5 - y0) / (y1 - y0) * h - 0.5, 0, h - 1)
                i, j = int(v), int(u)
                k, m = min(i + 1, h - 1), min(j + 1, w - 1)
                upper = field[i, j] * (1 - (u - j)) + field[i, m] * (u - j)
                lower = field[k, j] * (1 - (u - j)) + field[k, m] * (u - j)
                out[y - top, x - left] = upper * (1 - (v - i)) + lower * (v - i)
    return out


@st.composite
def cases(draw: st.DrawFn) -> tuple[np.ndarray, Box, Window]:
    h, w = draw(st.integers(1, 6)), draw(st.integers(1, 6))
    field = np.random.default_rng(draw(st.integers(0, 999))).random((h, w)).astype(np.float32)
    x0, y0 = draw(st.floats(-20, 20)), draw(st.floats(-20, 20))
    box = (x0, y0, x0 + draw(st.floats(0.1, 30)), y0 + draw(st.floats(0.1, 30)))
    left, top = draw(st.integers(-15, 15)), draw(st.integers(-15, 15))
    return field, box, (left, top, left + draw(st.integers(0, 15)), top + draw(st.integers(0, 15)))


@settings(deadline=None, max_examples=150)
@given(cases())
def test_resample_is_bilinear_inside_the_box_and_zero_outside(case: tuple[np.ndarray, Box, Window]) -> None:
    field, box, window = case
    found = resample(field, box, window)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, reference(field, box, window), atol=2e-5)


@settings(deadline=None, max_examples=50)
@given(cases(), st.integers(-10, 10), st.integers(-10, 10))
def test_a_pixel_does_not_depend_on_the_window(case: tuple[np.ndarray, Box, Window], dx: int, dy: int) -> None:
    field, box, (left, top, right, bottom) = case
    whole = resample(field, box, (-40, -40, 60, 60))
    x, y = left + dx, top + dy
    np.testing.assert_array_equal(
        resample(field, box, (x, y, right + dx, bottom + dy)),
        whole[y + 40 : bottom + dy + 40, x + 40 : right + dx + 40],
    )


def test_a_ramp_stays_the_same_ramp_at_any_size() -> None:
    field = np.tile((np.arange(8, dtype=np.float32) + 0.5) / 8, (3, 1))
    found = resample(field, (0, 0, 80, 30), (0, 0, 80, 30))
    expected = (np.arange(80) + 0.5) / 80
    np.testing.assert_allclose(found[:, 5:75], np.tile(expected[5:75], (30, 1)), atol=1e-6)
    assert (found[:, :5] == field[0, 0]).all()
    assert (found[:, 75:] == field[0, 7]).all()


def test_samples_of_one_pixel_each_come_back_exactly() -> None:
    field = np.random.default_rng(1).random((5, 4)).astype(np.float32)
    np.testing.assert_array_equal(resample(field, (3, 2, 7, 7), (3, 2, 7, 7)), field)


def test_half_a_pixel_to_the_right_is_the_mean_of_two() -> None:
    field = np.array([[0, 1, 0.5, 0]], np.float32)
    np.testing.assert_allclose(resample(field, (0.5, 0, 4.5, 1), (1, 0, 4, 1)), [[0.5, 0.75, 0.25]], atol=1e-7)


def test_outermost_samples_hold_up_to_the_edge_of_the_box() -> None:
    found = resample(np.ones((2, 2), np.float32), (-10, -10, 30, 30), (0, 0, 20, 20))
    assert (found == 1).all()
    found = resample(np.ones((2, 2), np.float32), (4, 4, 8, 8), (0, 0, 12, 12))
    assert found.sum() == 16
    assert (found[4:8, 4:8] == 1).all()


def test_resample_keeps_channels() -> None:
    field = np.random.default_rng(2).random((4, 5, 3)).astype(np.float32)
    found = resample(field, (0, 0, 17, 11), (-2, 1, 20, 9))
    assert found.shape == (8, 22, 3)
    for k in range(3):
        np.testing.assert_array_equal(
            found[:, :, k], resample(np.ascontiguousarray(field[:, :, k]), (0, 0, 17, 11), (-2, 1, 20, 9))
        )


def test_photos_wider_than_opencv_can_warp() -> None:
    field = np.tile(np.linspace(0, 1, 9, dtype=np.float32), (2, 1))
    found = resample(field, (0, 0, 70_000, 3), (0, 0, 70_000, 3))
    assert found.shape == (3, 70_000)
    assert (np.diff(found[0]) >= 0).all()
    assert found[0, 35_000] == pytest.approx(0.5, abs=1e-3)


def test_probability_sums_parts_and_never_exceeds_one() -> None:
    values = np.array([[[200, 0]], [[100, 51]]], np.uint8)
    maps = ScoreMaps((0, 0, 2, 1), BOTH, values)
    np.testing.assert_allclose(maps.probability([Part.FACE]), [[100 / 255, 0.2]], rtol=1e-6)
    np.testing.assert_allclose(maps.probability(BOTH), [[1, 0.2]], rtol=1e-6)
    assert not maps.probability([Part.HAT]).any()
    assert maps.probability(BOTH).dtype == np.float32
    np.testing.assert_allclose(maps.sample([Part.FACE], (0, 0, 2, 1)), [[100 / 255, 0.2]], rtol=1e-6)
    np.testing.assert_array_equal(maps.sample([Part.FACE], (5, 5, 7, 6)), [[0, 0]])


def test_score_maps_are_read_only_views() -> None:
    values = np.zeros((2, 3, 4), np.uint8)
    maps = ScoreMaps((0, 0, 1, 1), BOTH, values)
    with pytest.raises(ValueError, match="read-only"):
        maps.values[0] = 1
    assert np.shares_memory(maps.values, values)
    assert values.flags.writeable


@pytest.mark.parametrize(
    ("box", "parts", "values"),
    [
        ((0, 0, 0, 1), BOTH, np.zeros((2, 3, 4), np.uint8)),
        ((0, 0, np.nan, 1), BOTH, np.zeros((2, 3, 4), np.uint8)),
        ((0, 0, np.inf, 1), BOTH, np.zeros((2, 3, 4), np.uint8)),
        ((0, 0, 1, 1), BOTH, np.zeros((3, 3, 4), np.uint8)),
        ((0, 0, 1, 1), BOTH, np.zeros((2, 3, 4), np.float32)),
        ((0, 0, 1, 1), BOTH, np.zeros((2, 0, 4), np.uint8)),
        ((0, 0, 1, 1), BOTH, np.zeros((2, 4), np.uint8)),
        ((0, 0, 1, 1), (Part.FACE, Part.FACE), np.zeros((2, 3, 4), np.uint8)),
    ],
)
def test_bad_score_maps_are_refused(box: Box, parts: tuple[Part, ...], values: np.ndarray) -> None:
    with pytest.raises(ParseDataError):
        ScoreMaps(box, parts, values)
