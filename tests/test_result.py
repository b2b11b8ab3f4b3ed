"""Parse and Person: what they refuse, what cannot be changed, masks, and landmarks on first use."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import FrozenInstanceError, dataclass, field
from typing import Any

import numpy as np
import pytest

from dressform.parsing import REGIONS, OptionError, Parse, ParseDataError, Part, Person
from dressform.parsing.result import Observation

W, H = 120, 100


def scene(*, image: bool = True) -> Parse:
    """Two people side by side, the second in front of the first's left side."""
    labels, instances = np.zeros((H, W), np.uint8), np.zeros((H, W), np.uint16)
    for index, x in enumerate((20, 50), 1):
        labels[10:50, x : x + 40], labels[50:90, x : x + 40] = Part.UPPER_CLOTHES, Part.PANTS
        instances[10:90, x : x + 40] = index
    observations = (Observation((20, 10, 50, 90), 0.9), Observation((50, 10, 90, 90), 0.9))
    return Parse(labels, instances, observations, np.full((H, W, 3), 230, np.uint8) if image else None)


def test_people_and_sizes() -> None:
    parse = scene()
    assert parse.size == (W, H)
    assert len(parse) == len(parse.people) == 2
    assert [person.index for person in parse.people] == [1, 2]
    assert parse.people[1].box == (50, 10, 90, 90)
    assert parse.people[0].window == (20, 10, 50, 90)
    assert parse.people[0].parts == (Part.UPPER_CLOTHES, Part.PANTS)
    assert parse.people is parse.people


def test_nothing_can_be_changed() -> None:
    parse = scene()
    person = parse.people[0]
    for owner, name in ((parse, "labels"), (parse, "engine"), (person, "index"), (person.observation, "box")):
        with pytest.raises(FrozenInstanceError):
            setattr(owner, name, None)
    points = Observation((0, 0, 1, 1), 1, None, np.zeros((17, 3), np.float32), np.zeros((70, 2), np.float32))
    for array in (parse.labels, parse.instances, parse.image, points.keypoints, points.face):
        assert array is not None
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_what_was_given_is_neither_copied_nor_frozen() -> None:
    labels, instances = np.ones((4, 5), np.uint8), np.ones((4, 5), np.uint16)
    image, points = np.zeros((4, 5, 3), np.uint8), np.zeros((17, 3), np.float32)
    parse = Parse(labels, instances, (Observation((0, 0, 5, 4), 1, None, points),), image)
    for given, kept in (
        (labels, parse.labels),
        (instances, parse.instances),
        (image, parse.image),
        (points, parse.people[0].keypoints),
    ):
        assert kept is not None
        assert np.shares_memory(given, kept)
        assert given.flags.writeable


def test_with_image() -> None:
    bare = scene(image=False)
    photo = np.zeros((H, W, 3), np.uint8)
    parse = bare.with_image(photo)
    assert bare.image is None
    assert parse.image is not None
    assert np.shares_memory(parse.labels, bare.labels)
    assert np.shares_memory(parse.image, photo)
    with pytest.raises(ParseDataError, match="photo"):
        bare.with_image(np.zeros((W, H, 3), np.uint8))


BOX = (0.0, 0.0, 3.0, 2.0)


def small(**changes: Any) -> Parse:
    given = {
        "labels": np.ones((2, 3), np.uint8),
        "instances": np.ones((2, 3), np.uint16),
        "observations": (Observation(BOX, 0.5),),
    }
    return Parse(**{**given, **changes})


def test_the_small_parse_is_valid() -> None:
    assert len(small()) == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda: small(labels=np.ones((2, 3), np.int64)),
        lambda: small(labels=np.ones((2, 3, 1), np.uint8)),
        lambda: small(labels=np.full((2, 3), 21, np.uint8)),
        lambda: small(labels=np.zeros((2, 3), np.uint8)),
        lambda: small(labels=np.zeros((0, 3), np.uint8), instances=np.zeros((0, 3), np.uint16)),
        lambda: small(instances=np.ones((2, 3), np.uint8)),
        lambda: small(instances=np.ones((3, 2), np.uint16)),
        lambda: small(instances=np.full((2, 3), 2, np.uint16)),
        lambda: small(observations=()),
        lambda: small(image=np.zeros((2, 3), np.uint8)),
        lambda: small(image=np.zeros((2, 3, 3), np.float32)),
        lambda: small(observations=(Observation((0, 0, 3.5, 2), 0.5),)),
        lambda: small(observations=(Observation((-0.1, 0, 3, 2), 0.5),)),
        lambda: Observation((0, 0, np.nan, 2), 0.5),
        lambda: Observation((0, 0, np.inf, 2), 0.5),
        lambda: Observation((1, 0, 1, 2), 0.5),
        lambda: Observation((0, 2, 3, 1), 0.5),
        lambda: Observation((0, 0, 3), 0.5),
        lambda: Observation(BOX, 1.01),
        lambda: Observation(BOX, -0.01),
        lambda: Observation(BOX, float("nan")),
        lambda: Observation(BOX, 0.5, None, np.zeros((17, 2), np.float32)),
        lambda: Observation(BOX, 0.5, None, np.zeros((17, 3), np.float64)),
        lambda: Observation(BOX, 0.5, None, np.full((17, 3), np.nan, np.float32)),
        lambda: Observation(BOX, 0.5, None, np.full((17, 3), 2, np.float32)),
        lambda: Observation(BOX, 0.5, None, None, np.zeros((68, 2), np.float32)),
        lambda: Observation(BOX, 0.5, None, None, np.full((70, 2), np.inf, np.float32)),
    ],
)
def test_what_does_not_form_a_result_is_refused(make: Callable[[], object]) -> None:
    with pytest.raises(ParseDataError) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_observations_hold_plain_numbers() -> None:
    observation = Observation(tuple(np.array(BOX, np.float32)), np.float32(0.5))
    assert [type(number) for number in (*observation.box, observation.score)] == [float] * 5


def test_nobody() -> None:
    parse = Parse(np.zeros((3, 4), np.uint8), np.zeros((3, 4), np.uint16))
    assert parse.people == ()
    assert not parse.mask("all").any()


def test_masks_are_the_pixels_of_person_and_parts() -> None:
    parse = scene()
    for person in parse.people:
        for parts in (Part.PANTS, "upper", ["upper", Part.PANTS], "all", "hat"):
            mask = person.mask(parts)
            wanted = np.isin(parse.labels, sorted({"upper": [5, 7], "hat": [1]}.get(str(parts), [9])))
            if parts in (["upper", Part.PANTS], "all"):
                wanted = parse.labels > 0
            assert (mask.shape, mask.dtype) == ((H, W), np.bool_)
            np.testing.assert_array_equal(mask, wanted & (parse.instances == person.index))
    np.testing.assert_array_equal(parse.people[0].mask("all") | parse.people[1].mask("all"), parse.labels > 0)


@pytest.mark.parametrize("name", REGIONS)
def test_regions_are_unions_of_their_parts(name: str) -> None:
    labels = np.resize(np.arange(21, dtype=np.uint8), (6, 7))
    parse = Parse(labels, (labels > 0).astype(np.uint16), (Observation((0, 0, 7, 6), 1),))
    (person,) = parse.people
    union = np.zeros((6, 7), np.bool_)
    for part in REGIONS[name]:
        union |= person.mask(part)
    np.testing.assert_array_equal(person.region(name), union)
    np.testing.assert_array_equal(parse.mask(name), union)


def test_unknown_regions_are_errors_even_of_the_invisible() -> None:
    parse = Parse(np.zeros((3, 4), np.uint8), np.zeros((3, 4), np.uint16), (Observation((0, 0, 4, 3), 1),))
    (person,) = parse.people
    assert (person.extent, person.parts) == (None, ())
    assert not person.mask().any()
    assert not person.alpha().any()
    for ask in (person.region, person.alpha, parse.mask):
        with pytest.raises(OptionError):
            ask("sleeve")


def test_pixels_outside_the_box_belong_too() -> None:
    labels, instances = np.zeros((20, 30), np.uint8), np.zeros((20, 30), np.uint16)
    labels[5:9, 4:8], labels[15, 25] = Part.COAT, Part.HAT
    instances[labels > 0] = 1
    (person,) = Parse(labels, instances, (Observation((4, 5, 8, 9), 1),)).people
    assert person.window == (4, 5, 8, 9)
    assert person.extent == (4, 5, 26, 16)
    assert person.parts == (Part.HAT, Part.COAT)
    assert person.mask().sum() == 17
    assert person.own((24, 14, 30, 20), "hat").sum() == 1


@dataclass
class Finder:
    """A landmarker that counts how often it is asked."""

    points: Any = field(default_factory=lambda: np.ones((17, 3), np.float32))
    asked: int = 0

    def keypoints(self, image: np.ndarray, person: Person) -> Any:
        self.asked += 1
        assert image.shape == (H, W, 3)
        return self.points

    def face(self, image: np.ndarray, person: Person) -> Any:
        self.asked += 1
        return None


def found_by(finder: Finder, *, image: bool = True) -> Person:
    parse = scene(image=image)
    return Parse(parse.labels, parse.instances, parse.observations, parse.image, "x", finder).people[0]


def test_landmarks_are_found_once_and_are_read_only() -> None:
    finder = Finder()
    person = found_by(finder)
    assert finder.asked == 0
    first = person.keypoints
    assert first is not None
    assert first is person.keypoints
    assert not first.flags.writeable
    assert person.face is None
    assert person.face is None
    assert finder.asked == 2


def test_without_a_photo_nothing_is_looked_for() -> None:
    finder = Finder()
    assert found_by(finder, image=False).keypoints is None
    assert scene().people[0].face is None
    assert finder.asked == 0


def test_a_landmarker_that_returns_nonsense_is_caught() -> None:
    with pytest.raises(ParseDataError, match="keypoints"):
        _ = found_by(Finder(np.ones((5, 3), np.float32))).keypoints
