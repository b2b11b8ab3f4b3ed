"""Crops through the parts network: batches, where keypoints lie, and the mark of the head."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.parsing.engines.compact.crops import head_channel
from dressform.parsing.engines.compact.segment import BATCH, CROP_SIZE, segment_people
from dressform.parsing.engines.compact.sessions import Network

PHOTO = np.random.default_rng(0).integers(0, 256, (300, 400, 3)).astype(np.uint8)
WIDTH, HEIGHT = CROP_SIZE


class Parts(Network):
    """A parts network that sees every joint at the same place of the crop, as a Gaussian."""

    def __init__(self, x: float = 0, y: float = 0) -> None:
        super().__init__("parts")
        self.x, self.y = x, y
        self.batches: list[int] = []
        self.inputs: list[np.ndarray] = []

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        assert images.dtype == np.uint8
        assert images.shape[1:3] == (HEIGHT, WIDTH)
        count = len(images)
        self.batches.append(count)
        self.inputs += list(images)
        xs, ys = (np.arange(side // 4) * 4 + 2.0 for side in (WIDTH, HEIGHT))
        heat = 0.8 * np.exp(-((xs[None] - self.x) ** 2 + (ys[:, None] - self.y) ** 2) / (2 * 8.0**2))
        probability = np.zeros((count, 21, HEIGHT // 2, WIDTH // 2), np.float32)
        probability[:, 0] = 1
        return [probability, np.tile(heat.astype(np.float32), (count, 17, 1, 1))]


def boxes(count: int) -> list[np.ndarray]:
    return [np.array([20 + 5 * k, 30, 120 + 5 * k, 250], np.float32) for k in range(count)]


@pytest.mark.parametrize("count", [0, 1, 3, 4, 5, 11])
def test_everybody_comes_back_in_order(count: int) -> None:
    network = Parts()
    segments = segment_people(network, PHOTO, boxes(count), [None] * count)
    assert len(segments) == count
    assert sum(network.batches) == count
    assert set(network.batches) <= {1, BATCH}
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
