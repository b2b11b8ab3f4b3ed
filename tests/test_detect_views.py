"""What several views of a photo say of its people together: fusion, and tiles of large photos."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from dressform.parsing.engines.compact import detect
from dressform.parsing.engines.compact.crops import PAD
from dressform.parsing.engines.compact.detect import Detection, detect_people, fuse, input_sizes, overlap
from dressform.parsing.engines.compact.sessions import Network

Box = tuple[float, float, float, float]


class Blobs(Network):
    """A people network that takes everything red for a person and is surer of what it sees larger.

    Nobody is seen who is less than 24 pixels high in the network's input.
    """

    def __init__(self) -> None:
        super().__init__("people")
        self.shapes: list[tuple[int, ...]] = []

    @staticmethod
    def score(height: float) -> float:
        return min(0.55 + height / 1000, 0.95)

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        self.shapes.append(images.shape)
        count, height, width = images.shape[0], images.shape[1] // 4, images.shape[2] // 4
        heat, box = np.zeros((count, height, width), np.float32), np.zeros((count, 4, height, width), np.float32)
        for k, image in enumerate(images):
            red = (image[:, :, 0].astype(int) - image[:, :, 1] > 128).astype(np.uint8)
            for x0, y0, w, h, _ in cv2.connectedComponentsWithStats(red)[2][1:]:
                if h >= 24:
                    x, y = int(x0 + w / 2) // 4, int(y0 + 2) // 4
                    heat[k, y, x] = self.score(h)
                    box[k, :, y, x] = (4 * x + 2 - x0, 4 * y + 2 - y0, x0 + w - 4 * x - 2, y0 + h - 4 * y - 2)
        return [heat, box, heat]


def scene(width: int, height: int, *people: tuple[int, int, int, int]) -> np.ndarray:
    image = np.full((height, width, 3), PAD, np.uint8)
    for x0, y0, x1, y1 in people:
        image[y0:y1, x0:x1] = (255, 0, 0)
    return image


def person(box: Box, score: float = 0.8, point: tuple[float, float] | None = None) -> Detection:
    head = point or ((box[0] + box[2]) / 2, box[1] + 10)
    return Detection(np.array(box, np.float32), np.array(head, np.float32), score)


def test_fused_boxes_and_heads_are_means_weighted_by_score_and_the_score_half_mean_half_strongest() -> None:
    views = [[person((0, 0, 100, 200), 0.6, (50, 10))], [person((9, 3, 112, 206), 0.3, (56, 19))]]
    (found,) = fuse(views)
    np.testing.assert_allclose(found.box, [3, 1, 104, 202], atol=1e-4)
    np.testing.assert_allclose(found.point, [52, 13], atol=1e-4)
    assert found.score == pytest.approx((0.45 + 0.6) / 2)
    assert found.box.dtype == found.point.dtype == np.float32
    np.testing.assert_array_equal(views[0][0].box, [0, 0, 100, 200])  # what went in is as it was


def test_a_detection_of_one_view_in_four_keeps_five_eighths_of_its_score() -> None:
    seen = person((0, 0, 100, 200), 0.8)
    for view in range(4):
        (found,) = fuse([[seen] if k == view else [] for k in range(4)])
        assert found.score == pytest.approx((0.8 / 4 + 0.8) / 2)
        np.testing.assert_allclose(found.box, seen.box)
        np.testing.assert_allclose(found.point, seen.point)


def test_two_people_stay_two_when_fused() -> None:
    left, right = (0.0, 0.0, 100.0, 200.0), (60.0, 0.0, 160.0, 200.0)  # a quarter of their union is shared
    views = [[person(left, 0.5), person(right, 0.7)], [person(right, 0.9)], [person(left, 0.6)], [person(left, 0.4)]]
    first, second = fuse(views)  # strongest first
    assert (first.score, second.score) == (pytest.approx((1.6 / 4 + 0.9) / 2), pytest.approx((1.5 / 4 + 0.6) / 2))
    np.testing.assert_allclose(first.box, right)
    np.testing.assert_allclose(second.box, left)


def test_two_heads_in_one_box_stay_two_when_fused() -> None:
    one, other = person((0, 0, 100, 200), 0.8, (25, 20)), person((15, 0, 112, 200), 0.6, (85, 20))
    assert 0.7 < overlap(one.box, other.box) < 0.85
    assert [d.score for d in fuse([[one, other]] * 4)] == [pytest.approx(0.8), pytest.approx(0.6)]


def test_a_view_that_shows_somebody_twice_counts_once() -> None:
    """Two of one view, not one person by themselves, who are both the one of the other view."""
    box: Box = (0, 0, 100, 200)
    twice = [person((0, 0, 80, 200), 0.5, (36, 20)), person((20, 0, 100, 200), 0.7, (64, 20))]
    assert len(fuse([twice])) == 2
    (found,) = fuse([[person(box, 0.9, (50, 20))], twice, [], []])
    assert found.score == pytest.approx(((0.9 + 0.7) / 4 + 0.9) / 2)
    np.testing.assert_allclose(found.point, [(0.9 * 50 + 0.7 * 64) / 1.6, 20], atol=1e-4)


def test_nothing_fused_is_nothing() -> None:
    assert fuse([]) == []
    assert fuse([[], [], [], []]) == []


@pytest.mark.parametrize(("size", "runs"), [((2100, 1260), 2), ((2200, 1300), 6), ((1250, 2300), 6), ((400, 300), 2)])
def test_photos_much_larger_than_the_inputs_are_looked_at_in_tiles(size: tuple[int, int], runs: int) -> None:
    network = Blobs()
    assert detect_people(network, scene(*size)) == []
    assert len(network.shapes) == runs
    assert [shape[0] for shape in network.shapes] == [2, 2, *[1] * (runs - 2)]  # tiles are not mirrored too
    small, large = input_sizes(*size)
    assert [shape[2:0:-1] for shape in network.shapes] == [small, large, *[large] * (runs - 2)]


LARGE = (2400, 1440)
"""A photo in tiles of 1320 x 792: inner borders at x = 1080 and 1320, y = 648 and 792.

The whole is seen at 0.16 and 0.267 of its size, tiles at 0.485.
"""


@pytest.mark.parametrize(
    "box",
    [
        (360, 240, 400, 322),  # one tile each
        (2040, 240, 2080, 322),
        (360, 1200, 400, 1282),
        (2040, 1200, 2080, 1282),
        (1180, 240, 1220, 322),  # two
        (1180, 683, 1220, 757),  # all four
        (0, 0, 40, 82),  # at the photo's own borders
        (2360, 1358, 2400, 1440),
    ],
)
def test_small_people_of_large_photos_are_found_in_tiles(
    box: tuple[int, int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    image = scene(*LARGE, box)
    (found,) = detect_people(Blobs(), image)
    assert np.abs(found.box - box).max() <= 5
    assert found.score == pytest.approx(Blobs.score(0.485 * (box[3] - box[1])), abs=0.01)  # as the tile saw them
    monkeypatch.setattr(detect, "TILE_BELOW", 0)
    assert detect_people(Blobs(), image) == []


@pytest.mark.parametrize(
    "box",
    [
        (360, 720, 432, 1439),  # the upper tile sees a little of them, the lower one finds them too large
        (360, 1, 432, 720),
        (1260, 360, 1980, 480),
        (420, 360, 1140, 480),
    ],
)
def test_who_crosses_a_tiles_inner_border_is_not_taken_from_it(box: tuple[int, int, int, int]) -> None:
    (found,) = detect_people(Blobs(), scene(*LARGE, box))
    assert np.abs(found.box - box).max() <= 6


@pytest.mark.parametrize(
    "box", [(120, 72, 480, 552), (1800, 840, 2280, 1416), (360, 120, 2040, 1380), (0, 0, 2400, 1440)]
)
def test_large_people_of_large_photos_are_seen_in_the_whole_only(box: tuple[int, int, int, int]) -> None:
    (found,) = detect_people(Blobs(), scene(*LARGE, box))
    assert np.abs(found.box - box).max() <= 6
    height = box[3] - box[1]
    small, large = Blobs.score(0.16 * height), Blobs.score(0.267 * height)
    assert found.score == pytest.approx(((small + large) / 2 + large) / 2, abs=0.01)  # the larger is the surer


def test_who_is_seen_in_the_whole_and_in_a_tile_is_one_person() -> None:
    box = (360, 240, 480, 480)
    (found,) = detect_people(Blobs(), scene(*LARGE, box))
    assert np.abs(found.box - box).max() <= 5
    assert found.score == pytest.approx(Blobs.score(0.485 * 240), abs=0.01)  # the surer one, as the tile saw them


def test_a_tile_alone_must_be_surer() -> None:
    class Doubtful(Blobs):
        @staticmethod
        def score(height: float) -> float:
            return detect.MIN_TILE_SCORE - 0.01

    assert detect_people(Doubtful(), scene(*LARGE, (360, 240, 400, 322))) == []
