"""Geometry of crops: what a crop shows, which way it is turned, and the way back to the photo."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.parsing.engines.compact.crops import PAD, Crop, crop_affine, cut, face_square, warp

SIZE = (96, 128)


def smooth_photo(width: int, height: int) -> np.ndarray:
    """Red grows to the right, green downwards, blue waves."""
    x, y = (np.arange(width) + 0.5) / width, (np.arange(height) + 0.5) / height
    red, green = np.meshgrid(255 * x, 255 * y)
    return np.stack([red, green, 127 + 120 * np.sin(red / 20) * np.cos(green / 20)], 2).round().astype(np.uint8)


def box(*numbers: float) -> np.ndarray:
    return np.array(numbers, np.float32)


@settings(deadline=None, max_examples=100)
@given(
    st.floats(-500, 500),
    st.floats(-500, 500),
    st.floats(5, 2000),
    st.floats(5, 2000),
    st.floats(-180, 180),
    st.floats(0.5, 2),
    st.booleans(),
)
def test_to_photo_undoes_to_crop(
    x: float, y: float, w: float, h: float, angle: float, grow: float, mirror: bool
) -> None:
    matrix = crop_affine(box(x, y, x + w, y + h), SIZE, angle=angle, grow=grow, mirror=mirror)
    crop = Crop(np.empty((SIZE[1], SIZE[0], 3), np.uint8), matrix)
    points = np.random.default_rng(0).uniform(-50, 150, (9, 2)).astype(np.float32)
    np.testing.assert_allclose(crop.to_crop(crop.to_photo(points)), points, atol=0.02)
    middle = crop.to_photo(np.array([[SIZE[0] / 2, SIZE[1] / 2]], np.float32))
    np.testing.assert_allclose(middle, [[x + w / 2, y + h / 2]], atol=0.01)


def test_an_upright_crop_shows_the_grown_box() -> None:
    crop = cut(smooth_photo(400, 300), box(100, 50, 160, 170), SIZE, grow=1.5)
    x0, y0, x1, y1 = crop.box
    assert (x1 - x0) / (y1 - y0) == pytest.approx(SIZE[0] / SIZE[1])
    assert (y0, y1) == (pytest.approx(20, abs=1e-3), pytest.approx(200, abs=1e-3))  # the height fills the crop
    assert (x0 + x1) / 2 == pytest.approx(130, abs=1e-3)


def test_no_box_is_taken_for_smaller_than_four_pixels() -> None:
    x0, _, x1, _ = cut(smooth_photo(40, 30), box(10, 10, 10.5, 10.5), (64, 64), grow=1).box
    assert x1 - x0 == pytest.approx(4, abs=1e-4)


def test_pixels_lie_where_the_map_says() -> None:
    photo = smooth_photo(300, 200)
    crop = cut(photo, box(80, 60, 176, 188), SIZE, grow=1)  # one crop pixel per photo pixel
    np.testing.assert_array_equal(crop.image, photo[60:188, 80:176])


def test_angle_turns_counter_clockwise() -> None:
    photo = np.zeros((100, 100, 3), np.uint8)
    photo[45:55, 80:90] = 255  # to the right of the middle
    crop = cut(photo, box(0, 0, 100, 100), (100, 100), grow=1, angle=90)
    rows, columns = np.nonzero(crop.image[:, :, 0] > 128)
    assert (rows.mean(), columns.mean()) == (pytest.approx(14.5, abs=0.6), pytest.approx(49.5, abs=0.6))  # now on top


def test_mirror_comes_after_turning() -> None:
    square = box(0, 0, 100, 100)
    right = np.array([[90, 50, 1]])
    mirrored = right @ crop_affine(square, (100, 100), mirror=True).T
    np.testing.assert_allclose(mirrored, [[10, 50]], atol=1e-9)
    turned = right @ crop_affine(square, (100, 100), angle=30).T
    both = right @ crop_affine(square, (100, 100), angle=30, mirror=True).T
    np.testing.assert_allclose(both, [[100 - turned[0, 0], turned[0, 1]]], atol=1e-9)


def test_outside_the_photo_is_padding() -> None:
    crop = cut(np.full((50, 50, 3), 200, np.uint8), box(-50, 0, 50, 100), (64, 64), grow=1)
    assert (crop.image[:, :31] == PAD).all()
    assert (crop.image[33:] == PAD).all()
    assert (crop.image[:31, 33:] == 200).all()
    beyond = cut(np.full((50, 50, 3), 200, np.uint8), box(80, 80, 120, 120), (64, 64), grow=1)
    assert (beyond.image == PAD).all()


@pytest.mark.parametrize("angle", [0, 25, -140])
@pytest.mark.parametrize(
    "where", [box(300, 200, 420, 380), box(-60, -40, 300, 500), box(0, 0, 900, 700), box(700, 500, 905, 703)]
)
def test_cutting_a_window_equals_warping_the_whole_photo(where: np.ndarray, angle: float) -> None:
    photo = smooth_photo(900, 700)
    crop = cut(photo, where, SIZE, grow=1.16, angle=angle)
    whole = warp(photo, crop.matrix, SIZE)
    inside = np.abs(crop.image.astype(int) - whole).max(2)
    assert np.quantile(inside, 0.97) <= 3  # the frame itself falls between pixels of the smaller picture
    np.testing.assert_array_equal(crop.matrix, crop_affine(where, SIZE, grow=1.16, angle=angle))


def test_shrinking_does_not_alias() -> None:
    stripes = np.zeros((400, 400, 3), np.uint8)
    stripes[:, ::2] = 255
    crop = cut(stripes, box(0, 0, 400, 400), (40, 40), grow=1)
    assert np.abs(crop.image[1:-1, 1:-1].astype(int) - 127).max() <= 2


@pytest.mark.parametrize("shape", [(1, 1), (1, 10_000), (10_000, 1), (3, 60_000)])
def test_photos_of_extreme_shape(shape: tuple[int, int]) -> None:
    height, width = shape
    crop = cut(np.full((height, width, 3), 200, np.uint8), box(0, 0, width, height), (128, 64), grow=1)
    assert crop.image.shape == (64, 128, 3)
    if max(shape) < 1000:  # else all of it falls between two rows of the crop
        assert crop.image.max() > 150


def test_labels_are_never_mixed() -> None:
    labels = np.random.default_rng(0).choice([1, 20], (60, 60)).astype(np.uint8)
    out = warp(labels, crop_affine(box(-20, 0, 40, 60), (150, 150)), (150, 150), labels=True)
    assert set(np.unique(out)) == {0, 1, 20}


def test_face_square_holds_the_points() -> None:
    points = np.array([[10, 20], [30, 25], [12, 60]], np.float32)
    square = face_square(points)
    np.testing.assert_allclose(square, [0, 20, 40, 60])
    assert square.dtype == np.float32
