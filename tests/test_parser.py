"""The compact engine's flow with networks that know the scene: who is found, and when a second crop is taken."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from dressform.parsing import Part
from dressform.parsing.engines.compact import parser
from dressform.parsing.engines.compact.crops import PAD
from dressform.parsing.engines.compact.parser import CompactParser
from dressform.parsing.engines.compact.sessions import Network

COAT = (200, 60, 40)
Box = tuple[int, int, int, int]


class People(Network):
    """Sees the given boxes of a 640 x 384 photo, with heads at their tops, in each of its views."""

    def __init__(self, boxes: Sequence[Box], scores: Sequence[float]) -> None:
        super().__init__("people")
        self.boxes, self.scores = boxes, scores

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        count, height, width = images.shape[:3]
        assert count == 2
        scale = min(width / 640, height / 384)
        padding = np.tile([(width - 640 * scale) / 2, (height - 384 * scale) / 2], 2)
        heat, box = np.zeros((2, height // 4, width // 4), np.float32), np.zeros((2, 4, height // 4, width // 4))
        for place, score in zip(self.boxes, self.scores, strict=True):
            x0, y0, x1, y1 = np.array(place) * scale + padding
            for k, (left, right) in enumerate(((x0, x1), (width - x1, width - x0))):
                x, y = int(left + right) // 8, int(y0) // 4 + 1
                heat[k, y, x] = score
                box[k, :, y, x] = (4 * x + 2 - left, 4 * y + 2 - y0, right - 4 * x - 2, y1 - 4 * y - 2)
        return [heat, box.astype(np.float32), heat]


class Coats(Network):
    """Takes everything of the coat's colour for a coat, as surely as told."""

    def __init__(self, sure: float) -> None:
        super().__init__("parts")
        self.sure = sure
        self.views = 0

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        count, height, width = images.shape[:3]
        assert count == 1
        self.views += 1
        near = (np.abs(images[..., :3].astype(int) - COAT).max(3) < 60).astype(np.float32)
        seen = self.sure * (near.reshape(count, height // 2, 2, width // 2, 2).mean((2, 4)) > 0.5)
        probability = np.zeros((count, 21, *seen.shape[1:]), np.float32)
        probability[:, Part.COAT], probability[:, 0] = seen, 1 - seen
        return [probability, np.zeros((count, 17, height // 4, width // 4), np.float32)]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    def parse(photo: np.ndarray, *boxes: Box, scores: Sequence[float] | None = None, sure: float = 1):
        networks = {"people": People(boxes, scores or [0.9] * len(boxes)), "parts": Coats(sure)}
        monkeypatch.setattr(parser, "open_network", networks.__getitem__)
        return CompactParser().parse(photo), networks["parts"].views

    return parse


def photo(*people: Box) -> np.ndarray:
    image = np.full((384, 640, 3), PAD, np.uint8)
    for x0, y0, x1, y1 in people:
        image[y0:y1, x0:x1] = COAT
    return image


def test_a_box_that_fits_is_looked_at_once(run) -> None:
    parse, views = run(photo((200, 60, 300, 330)), (198, 62, 301, 328))
    (person,) = parse.people
    assert views == 2  # as it is and mirrored
    assert np.abs(np.array(person.box) - (200, 60, 300, 330)).max() <= 2
    assert person.parts == (Part.COAT,)
    assert person.score == pytest.approx(0.93, abs=0.01)  # the root of 0.9, and of an overlap of 0.96


@pytest.mark.parametrize("box", [(200, 60, 300, 250), (200, 60, 300, 260), (210, 80, 290, 270), (120, 20, 380, 370)])
def test_a_box_that_does_not_fit_is_looked_at_again(run, box: Box) -> None:
    parse, views = run(photo((200, 60, 300, 330)), box)
    assert views in (3, 4)
    (person,) = parse.people
    x0, y0, x1, y1 = person.extent
    assert np.abs(np.array([x0, y0, x1, y1]) - (200, 60, 300, 330)).max() <= 3


def test_a_person_cut_by_the_photo_is_not_looked_at_again(run) -> None:
    _, views = run(photo((0, 100, 200, 384)), (0, 100, 200, 384))
    assert views == 2


def test_looking_again_comes_to_an_end(run) -> None:
    _, views = run(photo((0, 0, 640, 384)), (300, 150, 340, 200))
    assert views == parser.LOOKS + 1


def test_specks_do_not_move_the_box(run) -> None:
    image = photo((200, 60, 300, 330))
    image[345:349, 340:344] = COAT
    _, views = run(image, (196, 56, 304, 334))
    assert views == 2


def test_several_people_one_found_twice(run) -> None:
    scene = [(40, 60, 120, 330), (260, 80, 330, 350), (480, 50, 600, 340)]
    parse, _ = run(photo(*scene), scene[2], scene[0], scene[1], (262, 140, 332, 352))
    assert len(parse) == 3
    for person, box in zip(parse.people, scene, strict=True):
        assert np.abs(np.array(person.box) - box).max() <= 3


def test_nobody(run) -> None:
    parse, views = run(photo())
    assert (len(parse), views) == (0, 0)
    assert not parse.labels.any()


def test_a_detection_where_nobody_stands_is_dropped(run) -> None:
    parse, views = run(photo((200, 60, 300, 330)), (200, 60, 300, 330), (450, 60, 550, 330))
    assert len(parse) == 1
    assert views == 3, "nobody is not looked at twice"


@pytest.mark.parametrize("score", [0.53, 0.8])
@pytest.mark.parametrize("sure", [0.6, 0.9])
def test_a_persons_score_is_that_of_the_detection_and_of_the_silhouette(run, score: float, sure: float) -> None:
    box = (200, 60, 300, 330)
    parse, _ = run(photo(box), box, scores=[score], sure=sure)
    (person,) = parse.people
    assert person.score == pytest.approx(score**0.5 * sure, abs=0.015)
    assert score**0.5 * sure > parser.MIN_SCORE


@pytest.mark.parametrize(("score", "sure"), [(0.25, 0.6), (0.24, 0.62), (0.22, 0.65)])
def test_who_is_too_doubtful_in_both_together_is_nobody(run, score: float, sure: float) -> None:
    scene = [(200, 60, 300, 330), (420, 60, 520, 330)]
    parse, views = run(photo(*scene), *scene, scores=[score, 0.9], sure=sure)
    assert views == 4  # found, and only then dropped
    (person,) = parse.people
    assert np.abs(np.array(person.box) - scene[1]).max() <= 3
    assert person.score == pytest.approx(0.9**0.5 * sure, abs=0.015)
