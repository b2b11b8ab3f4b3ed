"""Crops through the parts network: batches, mirror images, where keypoints lie, and the mark of the head."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from dressform.parsing import Part
from dressform.parsing.engines.compact.crops import head_channel
from dressform.parsing.engines.compact.segment import BATCH, CROP_SIZE, segment_people
from dressform.parsing.engines.compact.sessions import Network
from dressform.parsing.landmarks import KEYPOINT_NAMES

PHOTO = np.random.default_rng(0).integers(0, 256, (300, 400, 3)).astype(np.uint8)
WIDTH, HEIGHT = CROP_SIZE


class Parts(Network):
    """A parts network that sees every joint at the same place of the crop, as a Gaussian."""

    def __init__(self, x: float = 0, y: float = 0) -> None:
        super().__init__("parts")
        self.x, self.y = x, y
        self.batches: list[int] = []
        self.inputs: list[np.ndarray] = []  # as they are, not mirrored

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        assert images.dtype == np.uint8
        assert images.shape[1:] == (HEIGHT, WIDTH, 4)
        count = len(images) // 2
        np.testing.assert_array_equal(images[count:], images[:count, :, ::-1])
        self.batches.append(len(images))
        self.inputs += list(images[:count])
        heat = np.stack([gaussian(self.x, self.y)] * count + [gaussian(WIDTH - self.x, self.y)] * count)
        probability = np.zeros((2 * count, 21, HEIGHT // 2, WIDTH // 2), np.float32)
        probability[:, 0] = 1
        return [probability, np.tile(heat[:, None], (1, 17, 1, 1))]


class Sides(Network):
    """Takes red for a left arm with a left wrist and blue for a right one; mirrored, for the opposite.

    Each half of a batch, as it is and mirrored, is as sure as told.
    """

    def __init__(self, *sure: float) -> None:
        super().__init__("parts")
        self.sure = sure

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        probability = np.zeros((len(images), 21, HEIGHT // 2, WIDTH // 2), np.float32)
        heat = np.zeros((len(images), 17, HEIGHT // 4, WIDTH // 4), np.float32)
        for k, image in enumerate(images):
            mirrored = k >= len(images) // 2
            for channel, side in ((0, "left"), (2, "right")):
                name = {"left": "right", "right": "left"}[side] if mirrored else side
                seen = image[:, :, channel].reshape(HEIGHT // 2, 2, WIDTH // 2, 2).mean((1, 3)) > 180
                probability[k, Part[f"{name.upper()}_ARM"]] = seen * self.sure[mirrored]
                ys, xs = np.nonzero(seen)
                if len(ys):
                    peak = gaussian(2 * xs.mean() + 1, 2 * ys.mean() + 1)
                    heat[k, KEYPOINT_NAMES.index(f"{name}_wrist")] = self.sure[mirrored] * peak
        probability[:, 0] = 1 - probability[:, 1:].sum(1)
        return [probability, heat]


def gaussian(x: float, y: float) -> np.ndarray:
    """(h, w) heat map of a joint at x, y of the crop."""
    xs, ys = (np.arange(side // 4) * 4 + 2.0 for side in (WIDTH, HEIGHT))
    heat = 0.8 * np.exp(-((xs[None] - x) ** 2 + (ys[:, None] - y) ** 2) / (2 * 8.0**2))
    return heat.astype(np.float32)


def boxes(count: int) -> list[np.ndarray]:
    return [np.array([20 + 5 * k, 30, 120 + 5 * k, 250], np.float32) for k in range(count)]


@pytest.mark.parametrize("count", [0, 1, 2, 3, 4, 5, 11])
def test_everybody_comes_back_in_order(count: int) -> None:
    network = Parts()
    segments = segment_people(network, PHOTO, boxes(count), [None] * count)
    assert len(segments) == count
    assert sum(network.batches) == 2 * count  # each as it is and mirrored
    assert set(network.batches) <= {2, 2 * BATCH}
    centres = [(s.crop.box[0] + s.crop.box[2]) / 2 for s in segments]
    np.testing.assert_allclose(centres, [70 + 5 * k for k in range(count)], atol=1e-3)
    for segment, image in zip(segments, network.inputs, strict=True):
        np.testing.assert_array_equal(segment.crop.image, image[:, :, :3])


@pytest.mark.parametrize(("x", "y"), [(96, 128), (37.3, 201.9), (90.5, 55.2)])
def test_keypoints_are_found_between_the_cells(x: float, y: float) -> None:
    (segment,) = segment_people(Parts(x, y), PHOTO, boxes(1), [None])
    expected = segment.crop.to_photo(np.array([[x, y]], np.float32))
    assert (segment.keypoints.shape, segment.keypoints.dtype) == ((17, 3), np.float32)
    np.testing.assert_allclose(segment.keypoints[:, :2], np.tile(expected, (17, 1)), atol=0.1)
    assert (segment.keypoints[:, 2] > 0.7).all()


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
    segments = segment_people(Sides(1, 1), image, places, [None] * count)
    for segment, (red, blue) in zip(segments, people, strict=True):
        for part, joint, x, y in (
            (Part.LEFT_ARM, "left_wrist", red + 10, 120),
            (Part.RIGHT_ARM, "right_wrist", blue + 10, 180),
        ):
            np.testing.assert_allclose(segment.keypoints[KEYPOINT_NAMES.index(joint), :2], [x, y], atol=1.5)
            assert segment.keypoints[KEYPOINT_NAMES.index(joint), 2] > 0.7
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
    (segment,) = segment_people(Sides(*sure), image, places, [None])
    for part, joint in ((Part.LEFT_ARM, "left_wrist"), (Part.RIGHT_ARM, "right_wrist")):
        assert segment.probability[part].max() == pytest.approx(sum(sure) / 2)
        peak = segment.keypoints[KEYPOINT_NAMES.index(joint), 2]
        assert peak == pytest.approx(0.8 * sum(sure) / 2, rel=0.1)  # of the nearest cell
    assert segment.probability.dtype == segment.keypoints.dtype == np.float32
    np.testing.assert_allclose(segment.probability.sum(0), 1, atol=1e-6)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (WIDTH, HEIGHT), (-50, 300)])
def test_peaks_at_the_frame_stay_in_the_crop(x: float, y: float) -> None:
    (segment,) = segment_people(Parts(x, y), PHOTO, boxes(1), [None])
    assert np.isfinite(segment.keypoints).all()
    x0, y0, x1, y1 = segment.crop.box
    inside = segment.keypoints[:, :2]
    assert ((inside >= [x0 - 0.01, y0 - 0.01]) & (inside <= [x1 + 0.01, y1 + 0.01])).all()


def test_the_network_is_told_where_the_head_is() -> None:
    network = Parts()
    head = np.array([70, 60], np.float32)
    first, _ = segment_people(network, PHOTO, boxes(2), [head, None])
    x, y = first.crop.to_crop(head[None])[0]
    mark = network.inputs[0][:, :, 3]
    row, column = np.unravel_index(mark.argmax(), mark.shape)
    assert (column + 0.5, row + 0.5) == (pytest.approx(x, abs=1), pytest.approx(y, abs=1))
    assert mark.max() > 250
    assert not network.inputs[1][:, :, 3].any()


@pytest.mark.parametrize("head", [None, np.array([np.nan, 3]), np.array([1e6, -1e6])])
def test_no_head_no_mark(head: np.ndarray | None) -> None:
    mark = head_channel((20, 30), head)
    assert (mark.shape, mark.dtype) == ((30, 20), np.uint8)
    assert not mark.any()
