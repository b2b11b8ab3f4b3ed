"""Detection from known heat maps: where peaks lie in the photo and which of them are one person."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from dressform.parsing.engines.compact import detect
from dressform.parsing.engines.compact.detect import detect_people, input_size, overlap
from dressform.parsing.engines.compact.sessions import Network

Peak = tuple[float, tuple[float, float], tuple[float, float, float, float]]
"""Score, head x y, box x0 y0 x1 y1, in the network input's pixels."""


class Heat(Network):
    """A people network that sees these peaks, whatever the photo."""

    def __init__(self, *peaks: Peak) -> None:
        super().__init__("people")
        self.peaks: Sequence[Peak] = peaks
        self.shape: tuple[int, ...] = ()

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        assert images.dtype == np.uint8
        self.shape = images.shape
        height, width = images.shape[1] // 4, images.shape[2] // 4
        heat, box = np.zeros((1, height, width), np.float32), np.ones((1, 4, height, width), np.float32)
        for score, (hx, hy), (x0, y0, x1, y1) in self.peaks:
            x, y = int(hx // 4), int(hy // 4)
            cx, cy = 4 * x + 2, 4 * y + 2
            heat[0, y, x] = score
            heat[0, y, x + 1] = max(heat[0, y, x + 1], 0.9 * score)  # the peak's shoulder
            box[0, :, y, x] = (cx - x0, cy - y0, x1 - cx, y1 - cy)
            box[0, :, y, x + 1] = (cx + 4 - x0, cy - y0, x1 - cx - 4, y1 - cy)
        return [heat, box, heat]


def photo(width: int, height: int) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


def test_a_peak_becomes_a_box_of_the_photo() -> None:
    network = Heat((0.8, (102, 42), (80, 30, 130, 200)))
    (found,) = detect_people(network, photo(1280, 768))
    assert network.shape == (1, 384, 640, 3)
    np.testing.assert_allclose(found.box, [160, 60, 260, 400], atol=1e-3)
    np.testing.assert_allclose(found.point, [204, 84], atol=1e-3)
    assert found.score == pytest.approx(0.8)
    assert found.box.dtype == found.point.dtype == np.float32


def test_letterbox_is_taken_off() -> None:
    # 1000 x 1000 in 640 x 512: scale 0.512, 64 columns of padding on the left.
    (found,) = detect_people(Heat((0.8, (254, 128), (200, 100, 300, 400))), photo(1000, 1000))
    np.testing.assert_allclose(found.box, np.array([136, 100, 236, 400]) / 0.512, atol=1e-2)


def test_boxes_are_clipped_to_the_photo_and_slivers_go() -> None:
    network = Heat((0.8, (22, 22), (-50, -20, 60, 500)), (0.7, (600, 300), (637, 290, 700, 380)))
    (found,) = detect_people(network, photo(640, 384))
    np.testing.assert_allclose(found.box, [0, 0, 60, 384], atol=1e-3)


def test_weak_peaks_are_not_people() -> None:
    assert detect_people(Heat((detect.MIN_SCORE - 0.01, (100, 100), (80, 80, 130, 200))), photo(640, 384)) == []
    assert detect_people(Heat(), photo(640, 384)) == []


def test_strongest_first() -> None:
    network = Heat((0.5, (100, 100), (80, 80, 130, 200)), (0.9, (300, 100), (280, 80, 330, 200)))
    assert [round(d.score, 3) for d in detect_people(network, photo(640, 384))] == [0.9, 0.5]


def test_two_peaks_on_one_head_are_one_person() -> None:
    network = Heat((0.9, (200, 60), (150, 40, 260, 300)), (0.6, (214, 62), (155, 42, 250, 290)))
    (found,) = detect_people(network, photo(640, 384))
    assert found.score == pytest.approx(0.9)


def test_two_heads_in_much_the_same_box_are_two_people() -> None:
    network = Heat((0.9, (200, 60), (150, 40, 330, 300)), (0.6, (290, 70), (170, 45, 350, 300)))
    first, second = detect_people(network, photo(640, 384))
    assert 0.5 < overlap(first.box, second.box) < 0.85


def test_a_plateau_is_one_person() -> None:
    network = Heat((0.9, (200, 60), (150, 40, 260, 300)), (0.9, (204, 60), (150, 40, 260, 300)))
    assert len(detect_people(network, photo(640, 384))) == 1


def test_no_more_than_the_most_people() -> None:
    peaks: list[Peak] = [
        (0.5 + 0.001 * k, (12 + 40 * (k % 15), 12 + 36 * (k // 15)), box)
        for k in range(150)
        for x, y in [(2 + 40 * (k % 15), 2 + 36 * (k // 15))]
        for box in [(x, y, x + 30, y + 30)]
    ]
    found = detect_people(Heat(*peaks), photo(640, 384))
    assert len(found) == detect.MAX_PEOPLE
    assert [d.score for d in found] == sorted((d.score for d in found), reverse=True)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1920, 1080, (640, 384)),
        (1600, 1200, (640, 512)),
        (1200, 1600, (512, 640)),
        (1080, 1920, (384, 640)),
        (10_000, 10, (640, 384)),
        (10, 10_000, (384, 640)),
    ],
)
def test_the_input_fits_the_photo(width: int, height: int, expected: tuple[int, int]) -> None:
    assert input_size(width, height) == expected


@pytest.mark.parametrize("size", [(1, 1), (10_000, 10), (10, 10_000), (10_000, 1), (1, 10_000), (3, 5)])
def test_photos_of_extreme_shape(size: tuple[int, int]) -> None:
    network = Heat((0.9, (300, 180), (0, 0, 640, 640)))
    for found in detect_people(network, photo(*size)):
        assert (found.box >= 0).all()
        assert (found.box <= np.tile(size, 2)).all()
    assert network.shape[1:3] in {(h, w) for w, h in detect.INPUT_SIZES}


def test_overlap() -> None:
    a, b = np.array([0, 0, 2, 2], np.float32), np.array([1, 0, 3, 2], np.float32)
    assert overlap(a, a) == 1
    assert overlap(a, b) == pytest.approx(1 / 3)
    assert overlap(a, b + 10) == 0
