"""The compact engine's flow with networks that know the scene: who is found, and when a second crop is taken."""

from __future__ import annotations

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
    """Sees the given boxes of a 640 x 384 photo, with heads at their tops."""

    def __init__(self, *boxes: Box) -> None:
        super().__init__("people")
        self.boxes = boxes

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        heat, box = np.zeros((1, 96, 160), np.float32), np.zeros((1, 4, 96, 160), np.float32)
        for x0, y0, x1, y1 in self.boxes:
            x, y = (x0 + x1) // 8, y0 // 4 + 1
            heat[0, y, x] = 0.9
            box[0, :, y, x] = (4 * x + 2 - x0, 4 * y + 2 - y0, x1 - 4 * x - 2, y1 - 4 * y - 2)
        return [heat, box, heat]


class Coats(Network):
    """Takes everything of the coat's colour for a coat."""

    def __init__(self) -> None:
        super().__init__("parts")
        self.crops = 0

    def run(self, images: np.ndarray) -> list[np.ndarray]:
        self.crops += len(images)
        seen = (np.abs(images[:, ::2, ::2, :3].astype(int) - COAT).max(3) < 60).astype(np.float32)
        probability = np.zeros((len(images), 21, *seen.shape[1:]), np.float32)
        probability[:, Part.COAT], probability[:, 0] = seen, 1 - seen
        return [probability, np.zeros((len(images), 17, 64, 48), np.float32)]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch):
    def parse(photo: np.ndarray, *boxes: Box):
        networks = {"people": People(*boxes), "parts": Coats()}
        monkeypatch.setattr(parser, "open_network", networks.__getitem__)
        return CompactParser().parse(photo), networks["parts"].crops

    return parse


def photo(*people: Box) -> np.ndarray:
    image = np.full((384, 640, 3), PAD, np.uint8)
    for x0, y0, x1, y1 in people:
        image[y0:y1, x0:x1] = COAT
    return image


def test_a_box_that_fits_is_looked_at_once(run) -> None:
    parse, crops = run(photo((200, 60, 300, 330)), (198, 62, 301, 328))
    (person,) = parse.people
    assert crops == 1
    assert np.abs(np.array(person.box) - (200, 60, 300, 330)).max() <= 2
    assert person.parts == (Part.COAT,)


@pytest.mark.parametrize("box", [(200, 60, 300, 230), (200, 60, 300, 260), (210, 80, 290, 270), (120, 20, 380, 370)])
def test_a_box_that_does_not_fit_is_looked_at_again(run, box: Box) -> None:
    parse, crops = run(photo((200, 60, 300, 330)), box)
    assert crops in (2, 3)
    (person,) = parse.people
    seen = np.array(person.box)
    assert np.abs(seen - (200, 60, 300, 330)).max() <= 3


def test_a_person_cut_by_the_photo_is_not_looked_at_again(run) -> None:
    _, crops = run(photo((0, 100, 200, 384)), (0, 100, 200, 384))
    assert crops == 1


def test_looking_again_comes_to_an_end(run) -> None:
    _, crops = run(photo((0, 0, 640, 384)), (300, 150, 340, 200))
    assert crops == parser.LOOKS


def test_specks_do_not_move_the_box(run) -> None:
    image = photo((200, 60, 300, 330))
    image[345:349, 340:344] = COAT
    _, crops = run(image, (196, 56, 304, 334))
    assert crops == 1


def test_several_people_one_found_twice(run) -> None:
    scene = [(40, 60, 120, 330), (260, 80, 330, 350), (480, 50, 600, 340)]
    parse, _ = run(photo(*scene), scene[2], scene[0], scene[1], (262, 140, 332, 352))
    assert len(parse) == 3
    for person, box in zip(parse.people, scene, strict=True):
        assert np.abs(np.array(person.box) - box).max() <= 3


def test_nobody(run) -> None:
    parse, crops = run(photo())
    assert (len(parse), crops) == (0, 0)
    assert not parse.labels.any()


def test_a_detection_where_nobody_stands_is_dropped(run) -> None:
    parse, _ = run(photo((200, 60, 300, 330)), (200, 60, 300, 330), (450, 60, 550, 330))
    assert len(parse) == 1
