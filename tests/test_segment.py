"""Crops through the parts network: shapes, mirror images, where keypoints lie, and the mark of the head."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from dressform.parsing import Part
from dressform.parsing.engines.compact.crops import head_channel
from dressform.parsing.engines.compact.joints import peaks
from dressform.parsing.engines.compact.segment import CROP_SIZES, Segment, glance, second_opinion
from dressform.parsing.engines.compact.sessions import Network
from dressform.parsing.landmarks import KEYPOINT_NAMES

PHOTO = np.random.default_rng(0).integers(0, 256, (300, 400, 3)).astype(np.uint8)
WIDTH, HEIGHT = CROP_SIZES[0]  # of the crops of standing people, who boxes() are


class Parts(Network):
    """A parts network that sees every joint at the same place of the crop, as a Gaussian, mirrored every other time."""

    def __init__(self, x: float = 0, y: float = 0) -> None:
        super().__init__("parts")
        self.x, self.y = x, y
        self.inputs: list[np.ndarray] = []

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        assert images.dtype == np.uint8
        count, height, width, channels = images.shape
        assert (count, channels) == (1, 4) and (width, height) in CROP_SIZES
        mirrored = len(self.inputs) % 2 == 1
        self.inputs.append(images[0])
        heat = gaussian(width - self.x if mirrored else self.x, self.y, (width, height))
        probability = np.zeros((1, 21, height // 2, width // 2), np.float32)
        probability[:, 0] = 1
        return [probability, np.tile(heat[None, None], (1, 17, 1, 1))]


class Sides(Network):
    """Takes red for a left arm with its wrist and blue for a right one; every other time, mirrored, for the opposite.

    The plain and the mirrored view are as sure as told.
    """

    def __init__(self, *sure: float) -> None:
        super().__init__("parts")
        self.sure = sure
        self.views = 0

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        mirrored = self.views % 2
        self.views += 1
        height, width = images.shape[1:3]
        probability = np.zeros((1, 21, height // 2, width // 2), np.float32)
        heat = np.zeros((1, 17, height // 4, width // 4), np.float32)
        for channel, side in ((0, "left"), (2, "right")):
            name = {"left": "right", "right": "left"}[side] if mirrored else side
            seen = images[0, :, :, channel].reshape(height // 2, 2, width // 2, 2).mean((1, 3)) > 180
            probability[0, Part[f"{name.upper()}_ARM"]] = seen * self.sure[mirrored]
            ys, xs = np.nonzero(seen)
            if len(ys):
                peak = gaussian(2 * xs.mean() + 1, 2 * ys.mean() + 1, (width, height))
                heat[0, KEYPOINT_NAMES.index(f"{name}_wrist")] = self.sure[mirrored] * peak
        probability[:, 0] = 1 - probability[:, 1:].sum(1)
        return [probability, heat]


def look(network: Network, image: np.ndarray, box: np.ndarray, head: np.ndarray | None = None) -> Segment:
    """A person as the engine sees them: as they are and mirrored."""
    return second_opinion(network, glance(network, image, box, head))


def gaussian(x: float, y: float, size: tuple[int, int]) -> np.ndarray:
    """(h, w) heat map of a joint at x, y of a crop of ``size`` (width, height)."""
    xs, ys = (np.arange(side // 4) * 4 + 2.0 for side in size)
    heat = 0.8 * np.exp(-((xs[None] - x) ** 2 + (ys[:, None] - y) ** 2) / (2 * 8.0**2))
    return heat.astype(np.float32)


STANDING = np.array([20, 30, 120, 250], np.float32)


def test_a_person_is_seen_as_they_are_and_mirrored() -> None:
    network = Parts()
    segment = look(network, PHOTO, STANDING)
    plain, mirrored = network.inputs
    np.testing.assert_array_equal(segment.crop.image, plain[:, :, :3])
    np.testing.assert_array_equal(mirrored, plain[:, ::-1])
    x0, _, x1, _ = segment.crop.box
    assert (x0 + x1) / 2 == pytest.approx(70)


def test_crops_have_the_shape_that_shows_their_person_largest() -> None:
    shapes = [(60, 200), (100, 160), (200, 150), (150, 150), (60, 210), (70, 190), (120, 180)]  # width, height
    places = [np.array([20, 30, 20 + w, 30 + h], np.float32) for w, h in shapes]
    segments = [look(Parts(), PHOTO, place) for place in places]
    tall, middle, square = ((h, w, 3) for w, h in CROP_SIZES)
    assert [s.crop.image.shape for s in segments] == [tall, middle, square, square, tall, tall, middle]
    for segment, place in zip(segments, places, strict=True):
        x0, y0, x1, y1 = segment.crop.box
        np.testing.assert_allclose([(x0 + x1) / 2, (y0 + y1) / 2], (place[:2] + place[2:]) / 2, atol=1e-3)


def seen(segment: Segment) -> np.ndarray:
    """(17, 3) peaks of a segment's heat maps, photo pixels."""
    found = peaks(segment.heat)
    return np.asarray(np.c_[segment.crop.to_photo(found[:, :2]), found[:, 2]], np.float32)


@pytest.mark.parametrize(("x", "y"), [(96, 128), (37.3, 301.9), (90.5, 55.2)])
def test_keypoints_are_found_between_the_cells(x: float, y: float) -> None:
    segment = look(Parts(x, y), PHOTO, STANDING)
    expected = segment.crop.to_photo(np.array([[x, y]], np.float32))
    assert (seen(segment).shape, seen(segment).dtype) == ((17, 3), np.float32)
    np.testing.assert_allclose(seen(segment)[:, :2], np.tile(expected, (17, 1)), atol=0.1)
    assert (seen(segment)[:, 2] > 0.7).all()


def arms(people: Sequence[tuple[int, int]]) -> tuple[np.ndarray, list[np.ndarray]]:
    """A photo of people of whom just the arms are seen, at these x (red, blue), and their boxes."""
    image = np.full((300, 160 * len(people), 3), 90, np.uint8)
    for red, blue in people:
        image[100:140, red : red + 20] = (255, 0, 0)
        image[160:200, blue : blue + 20] = (0, 0, 255)
    return image, [np.array([160 * k + 10, 40, 160 * k + 150, 260], np.float32) for k in range(len(people))]


@pytest.mark.parametrize("count", [1, 2, 3])
def test_left_and_right_are_the_same_in_the_mirror(count: int) -> None:
    # Nobody's arms lie where another's do in their crop, nor where their mirror image has any.
    people = [(20, 60), (160 + 90, 160 + 120), (320 + 30, 320 + 100)][:count]
    image, places = arms(people)
    segments = [look(Sides(1, 1), image, place) for place in places]
    for segment, (red, blue) in zip(segments, people, strict=True):
        for part, joint, x, y in (
            (Part.LEFT_ARM, "left_wrist", red + 10, 120),
            (Part.RIGHT_ARM, "right_wrist", blue + 10, 180),
        ):
            np.testing.assert_allclose(seen(segment)[KEYPOINT_NAMES.index(joint), :2], [x, y], atol=1.5)
            assert seen(segment)[KEYPOINT_NAMES.index(joint), 2] > 0.7
            column, row = segment.crop.to_crop(np.array([[x, y]], np.float32))[0] / 2
            field = segment.probability[part]
            assert field[int(row), int(column)] == 1
            assert set(np.unique(field)) <= {0, 0.5, 1}
            assert (field == 0.5).mean() < 0.01  # rounding at the edges, nothing elsewhere
            assert np.average(np.arange(field.shape[1]) + 0.5, weights=field.sum(0)) == pytest.approx(column, abs=1)
            assert np.average(np.arange(field.shape[0]) + 0.5, weights=field.sum(1)) == pytest.approx(row, abs=1)
        np.testing.assert_allclose(segment.probability.sum(0), 1, atol=1e-6)


@pytest.mark.parametrize("sure", [(0.9, 0.4), (0.4, 0.9), (0.8, 0)])
def test_what_is_seen_and_its_mirror_image_count_the_same(sure: tuple[float, float]) -> None:
    image, places = arms([(20, 60)])
    segment = look(Sides(*sure), image, places[0])
    for part, joint in ((Part.LEFT_ARM, "left_wrist"), (Part.RIGHT_ARM, "right_wrist")):
        assert segment.probability[part].max() == pytest.approx(sum(sure) / 2)
        peak = seen(segment)[KEYPOINT_NAMES.index(joint), 2]
        assert peak == pytest.approx(0.8 * sum(sure) / 2, rel=0.1)  # of the nearest cell
    assert segment.probability.dtype == segment.heat.dtype == np.float32
    np.testing.assert_allclose(segment.probability.sum(0), 1, atol=1e-6)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (WIDTH, HEIGHT), (-50, 300)])
def test_peaks_at_the_frame_stay_in_the_crop(x: float, y: float) -> None:
    segment = look(Parts(x, y), PHOTO, STANDING)
    assert np.isfinite(seen(segment)).all()
    x0, y0, x1, y1 = segment.crop.box
    inside = seen(segment)[:, :2]
    assert ((inside >= [x0 - 0.01, y0 - 0.01]) & (inside <= [x1 + 0.01, y1 + 0.01])).all()


def test_the_network_is_told_where_the_head_is() -> None:
    network = Parts()
    head = np.array([70, 60], np.float32)
    first = look(network, PHOTO, STANDING, head)
    look(network, PHOTO, STANDING, None)
    x, y = first.crop.to_crop(head[None])[0]
    mark = network.inputs[0][:, :, 3]
    row, column = np.unravel_index(mark.argmax(), mark.shape)
    assert (column + 0.5, row + 0.5) == (pytest.approx(x, abs=1), pytest.approx(y, abs=1))
    assert mark.max() > 250
    assert not network.inputs[2][:, :, 3].any()


@pytest.mark.parametrize("head", [None, np.array([np.nan, 3]), np.array([1e6, -1e6])])
def test_no_head_no_mark(head: np.ndarray | None) -> None:
    mark = head_channel((20, 30), head)
    assert (mark.shape, mark.dtype) == ((30, 20), np.uint8)
    assert not mark.any()
