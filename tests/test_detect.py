"""Detection from known heat maps: where peaks lie in the photo and which of them are one person."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
import pytest

from dressform.parsing.engines.compact import detect
from dressform.parsing.engines.compact.detect import Detection, detect_people, input_sizes, overlap
from dressform.parsing.engines.compact.sessions import Network

Box = tuple[float, float, float, float]
Peak = tuple[float, tuple[float, float], Box]
"""Score, head x y, box x0 y0 x1 y1."""
EVERY_VIEW = range(4)  # small, small mirrored, large, large mirrored


def heat_maps(size: tuple[int, int], peaks: Sequence[Peak], shoulder: int) -> tuple[np.ndarray, np.ndarray]:
    """What a people network sees in an input of ``size``; each peak falls off more slowly to one side."""
    width, height = size[0] // 4, size[1] // 4
    heat, box = np.zeros((height, width), np.float32), np.ones((4, height, width), np.float32)
    for score, (hx, hy), (x0, y0, x1, y1) in peaks:
        x, y = int(hx // 4), int(hy // 4)
        for at, value in ((x + shoulder, max(heat[y, x + shoulder], 0.9 * score)), (x, score)):
            heat[y, at] = value
            box[:, y, at] = (4 * at + 2 - x0, 4 * y + 2 - y0, x1 - 4 * at - 2, y1 - 4 * y - 2)
    return heat, box


class Heat(Network):
    """A people network that sees these peaks of a photo, given in its pixels, in these of its four views."""

    def __init__(self, image: np.ndarray, *peaks: Peak, views: Collection[int] = EVERY_VIEW) -> None:
        super().__init__("people")
        self.photo = (image.shape[1], image.shape[0])
        self.peaks = peaks
        self.views = views
        self.shapes: list[tuple[int, ...]] = []

    def seen(self, view: int) -> Sequence[Peak]:
        return self.peaks if view in self.views else ()

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        assert images.dtype == np.uint8
        np.testing.assert_array_equal(images[1], images[0, :, ::-1])
        height, width = images.shape[1:3]
        scale = min(width / self.photo[0], height / self.photo[1])
        left, top = (width - scale * self.photo[0]) / 2, (height - scale * self.photo[1]) / 2
        maps = []
        for mirrored in (False, True):
            peaks = list[Peak]()
            for score, (hx, hy), (x0, y0, x1, y1) in self.seen(2 * len(self.shapes) + mirrored):
                hx, x0, x1 = (left + scale * x for x in (hx, x0, x1))
                hy, y0, y1 = (top + scale * y for y in (hy, y0, y1))
                if mirrored:
                    hx, x0, x1 = width - hx, width - x1, width - x0
                peaks.append((score, (hx, hy), (x0, y0, x1, y1)))
            maps.append(heat_maps((width, height), peaks, -1 if mirrored else 1))
        self.shapes.append(images.shape)
        heat, box = np.stack([heat for heat, _ in maps]), np.stack([box for _, box in maps])
        return [heat, box, heat]


def photo(width: int, height: int) -> np.ndarray:
    """Noise, so that it can be told from its mirror image."""
    return np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)


def look(image: np.ndarray, *peaks: Peak, views: Collection[int] = EVERY_VIEW) -> list[Detection]:
    return detect_people(Heat(image, *peaks, views=views), image)


def test_a_peak_becomes_a_box_of_the_photo() -> None:
    image = photo(384, 256)
    network = Heat(image, (0.8, (102, 42), (80, 30, 130, 200)))
    (found,) = detect_people(network, image)
    assert network.shapes == [(2, 256, 384, 3), (2, 384, 640, 3)]
    np.testing.assert_allclose(found.box, [80, 30, 130, 200], atol=1e-3)
    # Cell centres (102, 42) of the small input and, at scale 1.5 and 32 columns of padding, (186, 62).
    np.testing.assert_allclose(found.point, [(102 + (186 - 32) / 1.5) / 2, (42 + 62 / 1.5) / 2], atol=1e-3)
    assert found.score == pytest.approx(0.8)
    assert found.box.dtype == found.point.dtype == np.float32


@pytest.mark.parametrize("view", EVERY_VIEW)
def test_every_view_is_read_right(view: int) -> None:
    (found,) = look(photo(640, 384), (0.9, (102, 42), (80, 30, 130, 200)), views=[view])
    np.testing.assert_allclose(found.box, [80, 30, 130, 200], atol=1e-3)
    assert np.abs(found.point - (102, 42)).max() <= 2 / 0.6 + 1e-3  # half a cell of the small input
    assert found.score == pytest.approx((0.9 / 4 + 0.9) / 2)


def test_letterbox_is_taken_off() -> None:
    # 800 x 800 in 384 x 320 and 512 x 384: padding of 32 and 64 columns on each side.
    (found,) = look(photo(800, 800), (0.8, (300, 250), (200, 200, 400, 700)))
    np.testing.assert_allclose(found.box, [200, 200, 400, 700], atol=1e-2)
    np.testing.assert_allclose(found.point, [300, 250], atol=2 / 0.4)


def test_boxes_are_clipped_to_the_photo_and_slivers_go() -> None:
    (found,) = look(photo(640, 384), (0.8, (22, 22), (-50, -20, 60, 500)), (0.7, (600, 300), (637, 290, 700, 380)))
    np.testing.assert_allclose(found.box, [0, 0, 60, 384], atol=1e-3)


def test_weak_peaks_are_not_people() -> None:
    where: tuple[tuple[float, float], Box] = ((100, 100), (80, 80, 130, 200))
    assert look(photo(640, 384), (detect.MIN_SCORE - 0.01, *where)) == []
    assert look(photo(640, 384)) == []
    (found,) = look(photo(640, 384), (detect.MIN_SCORE + 0.01, *where))
    assert found.score == pytest.approx(detect.MIN_SCORE + 0.01)


def test_what_one_view_alone_shows_must_be_clear() -> None:
    least = detect.MIN_SCORE / 0.625  # half a quarter, and half the strongest
    where: tuple[tuple[float, float], Box] = ((100, 100), (80, 80, 130, 200))
    assert look(photo(640, 384), (least - 0.01, *where), views=[3]) == []
    assert len(look(photo(640, 384), (least + 0.01, *where), views=[3])) == 1


@pytest.mark.parametrize(("least", "expected"), [(-0.01, 0.7), (0.01, 0.7 + (detect.MIN_PEAK + 0.01) / 8)])
def test_a_view_counts_in_the_mean_from_the_least_peak_on(least: float, expected: float) -> None:
    class Doubtful(Heat):
        def seen(self, view: int) -> Sequence[Peak]:
            return [((detect.MIN_PEAK + least) if view == 1 else 0.8, *peak[1:]) for peak in self.peaks]

    image = photo(640, 384)
    (found,) = detect_people(Doubtful(image, (0.8, (100, 100), (80, 80, 130, 200))), image)
    assert found.score == pytest.approx(expected, abs=1e-6)


def test_strongest_first() -> None:
    found = look(photo(640, 384), (0.5, (100, 100), (80, 80, 130, 200)), (0.9, (300, 100), (280, 80, 330, 200)))
    assert [round(d.score, 3) for d in found] == [0.9, 0.5]


def test_two_peaks_less_than_a_quarter_of_the_box_apart_are_one_person() -> None:
    image = photo(640, 384)
    (found,) = look(image, (0.9, (200, 60), (150, 40, 260, 300)), (0.6, (220, 62), (155, 42, 250, 290)))
    assert found.score == pytest.approx(0.9)
    np.testing.assert_allclose(found.box, [150, 40, 260, 300], atol=1e-3)


def test_two_heads_in_much_the_same_box_are_two_people() -> None:
    peaks: list[Peak] = [(0.9, (200, 60), (150, 40, 330, 300)), (0.6, (290, 70), (170, 45, 350, 300))]
    first, second = look(photo(640, 384), *peaks)
    assert 0.5 < overlap(first.box, second.box) < 0.85
    assert (first.score, second.score) == (pytest.approx(0.9), pytest.approx(0.6))


@pytest.mark.parametrize("view", EVERY_VIEW)
def test_two_chest_up_people_of_a_tight_group_stay_two_when_one_view_alone_sees_one(view: int) -> None:
    class Group(Heat):
        def seen(self, view: int) -> Sequence[Peak]:
            return self.peaks if view in self.views else self.peaks[:1]

    image = photo(640, 384)
    peaks: list[Peak] = [(0.9, (255, 130), (100, 80, 370, 380)), (0.8, (345, 130), (235, 80, 505, 380))]
    first, second = detect_people(Group(image, *peaks, views=[view]), image)
    assert 0.3 < overlap(first.box, second.box) < 0.35
    np.testing.assert_allclose(first.box, peaks[0][2], atol=1e-3)
    np.testing.assert_allclose(second.box, peaks[1][2], atol=1e-3)
    assert (first.score, second.score) == (pytest.approx(0.9), pytest.approx((0.8 / 4 + 0.8) / 2))


def test_a_plateau_is_one_person() -> None:
    peaks: list[Peak] = [(0.9, (x, 60), (150, 40, 260, 300)) for x in (200, 205, 210)]
    assert len(look(photo(640, 384), *peaks)) == 1


def test_no_more_than_the_most_people() -> None:
    peaks: list[Peak] = [
        (0.5 + 0.001 * k, (12 + 40 * (k % 15), 12 + 36 * (k // 15)), box)
        for k in range(150)
        for x, y in [(2 + 40 * (k % 15), 2 + 36 * (k // 15))]
        for box in [(x, y, x + 30, y + 30)]
    ]
    found = look(photo(640, 384), *peaks)
    assert len(found) == detect.MAX_PEOPLE
    assert [d.score for d in found] == sorted((d.score for d in found), reverse=True)
    assert found[0].score == pytest.approx(0.649)


@pytest.mark.parametrize(
    ("width", "height", "expected"),
    [
        (1920, 1080, ((384, 256), (640, 384))),
        (1600, 1200, ((384, 320), (640, 512))),
        (1200, 1600, ((320, 384), (512, 640))),
        (1080, 1920, ((256, 384), (384, 640))),
        (10_000, 10, ((384, 256), (640, 384))),
        (10, 10_000, ((256, 384), (384, 640))),
    ],
)
def test_the_inputs_fit_the_photo(width: int, height: int, expected: tuple[tuple[int, int], tuple[int, int]]) -> None:
    assert input_sizes(width, height) == expected


@pytest.mark.parametrize("size", [(1, 1), (10_000, 10), (10, 10_000), (10_000, 1), (1, 10_000), (3, 5)])
def test_photos_of_extreme_shape(size: tuple[int, int]) -> None:
    class Anywhere(Heat):
        def run(self, images: np.ndarray) -> list[np.ndarray]:
            self.shapes.append(images.shape)
            height, width = images.shape[1:3]
            maps = heat_maps((width, height), [(0.9, (width / 2, height / 2), (0, 0, width, height))], 1)
            return [np.stack([part, part]) for part in maps]

    image = photo(*size)
    network = Anywhere(image)
    for found in detect_people(network, image):
        assert (found.box >= 0).all()
        assert (found.box <= np.tile(size, 2)).all()
    small, large = input_sizes(*size)
    assert network.shapes[:2] == [(2, *small[::-1], 3), (2, *large[::-1], 3)]
    assert {shape[1:3] for shape in network.shapes[2:]} <= {(h, w) for _, (w, h) in detect.SHAPES}


def test_overlap() -> None:
    a, b = np.array([0, 0, 2, 2], np.float32), np.array([1, 0, 3, 2], np.float32)
    assert overlap(a, a) == 1
    assert overlap(a, b) == pytest.approx(1 / 3)
    assert overlap(a, b + 10) == 0
