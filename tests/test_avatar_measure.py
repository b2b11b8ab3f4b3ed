"""Measuring a person: colours, shapes and features of painted people of whom everything is known."""

from __future__ import annotations

import numpy as np
import pytest
from painted import COAT, HAIR, HAT, SKIN, TOP, only, paint

from dressform.avatar import AvatarSpec, measure, spec_to_json
from dressform.avatar.color import difference, parse_color
from dressform.parsing import OptionError, Parse, Part
from dressform.parsing.result import Observation

Color = tuple[int, int, int]


def gap(text: str, color: Color) -> float:
    return float(difference(np.array(parse_color(text)), np.array(color)))


@pytest.fixture(scope="module")
def spec() -> AvatarSpec:
    return measure(paint(coat=True))


def test_colours_are_those_of_the_photo(spec: AvatarSpec) -> None:
    assert gap(spec.palettes["hair"].base, HAIR) < 3
    assert gap(spec.palettes["skin"].base, SKIN) < 3
    assert gap(spec.palettes["upper-clothes"].base, TOP) < 4
    assert gap(spec.palettes["coat"].base, COAT) < 4


def test_the_unit_is_a_head_and_the_origin_the_chin(spec: AvatarSpec) -> None:
    assert spec.head.chin == pytest.approx((0, 0), abs=0.02)
    assert spec.head.eyes == pytest.approx((0, -0.5), abs=0.02)
    assert spec.head.apart == pytest.approx(0.3, abs=0.02)
    x0, _, x1, y1 = spec.regions["pants"].path.bounds
    assert (x0, x1, y1) == pytest.approx((-0.55, 0.55, 5.3), abs=0.06)


def test_attributes(spec: AvatarSpec) -> None:
    seen = spec.attributes
    assert (seen.hat, seen.glasses, seen.hair_length, seen.neckline) == (False, "none", "short", "open")
    assert spec.framing == "full"
    assert measure(paint(hat=True)).attributes.hat
    assert measure(paint(long_hair=True)).attributes.hair_length == "long"
    assert measure(paint(bald=True)).attributes.hair_length == "none"
    assert measure(paint(low=1.4)).framing == "bust"
    assert gap(measure(paint(hat=True)).palettes["hat"].base, HAT) < 4


def test_what_the_photo_cuts_off_goes_on() -> None:
    cut = measure(paint(low=0.5))
    assert cut.regions["upper-clothes"].path.bounds[3] > 1.2


def test_nothing_is_drawn_on_the_back_of_a_head() -> None:
    spec = measure(paint(face=False))
    assert spec.face.source == "none"
    assert not spec.face.eyes
    assert spec.face.mouth is None


def test_landmarks_on_hair_are_no_face() -> None:
    front, back = paint(), paint(face=False)
    false = Observation(back.box, 0.9, None, None, front.face)
    parse = Parse(back.parse.labels, back.parse.instances, (false,), back.parse.image)
    assert measure(parse.people[0]).face.source == "none"


def test_a_face_without_landmarks_gets_features_by_rule() -> None:
    person = paint()
    bare = Parse(person.parse.labels, person.parse.instances, (Observation(person.box, 0.9),), person.parse.image)
    found, known = measure(bare.people[0]), measure(person)
    assert found.face.source == "rule"
    assert 0 < found.face.confidence < known.face.confidence
    a, b = np.array([eye.centre for eye in found.face.eyes]), np.array([eye.centre for eye in known.face.eyes])
    unit = found.head.apart
    assert np.linalg.norm(np.ptp(a, axis=0)) == pytest.approx(np.linalg.norm(np.ptp(b, axis=0)), abs=0.3 * unit)


def test_a_person_of_any_size_measures_the_same() -> None:
    small, large = measure(paint(60)), measure(paint(480))
    assert gap(small.palettes["hair"].base, parse_color(large.palettes["hair"].base)) < 2
    for slug in ("hair", "upper-clothes", "pants"):
        a, b = small.regions[slug].path.bounds, large.regions[slug].path.bounds
        assert a == pytest.approx(b, abs=0.08), slug


def test_the_same_photo_gives_the_same_spec() -> None:
    assert spec_to_json(measure(paint())) == spec_to_json(measure(paint()))


@pytest.mark.parametrize(
    "box", [(10, 10, 11, 11), (0, 0, 80, 60), (0, 0, 3, 60), (79, 59, 80, 60)], ids=["pixel", "all", "sliver", "corner"]
)
@pytest.mark.parametrize("part", [Part.FACE, Part.HAIR, Part.HAT, Part.LEFT_SHOE, Part.UPPER_CLOTHES, Part.BAG])
def test_odd_people_are_measured(part: Part, box: tuple[int, int, int, int]) -> None:
    spec = measure(only(part, box))
    assert np.isfinite([spec.head.crown, spec.head.half_width, spec.head.apart]).all()
    spec_to_json(spec)


def test_two_hats() -> None:
    person = paint(hat=True)
    labels = person.parse.labels.copy()
    labels[-60:-20, 20:90] = Part.HAT
    instances = (labels > 0).astype(np.uint16)
    parse = Parse(labels, instances, (person.observation,), person.parse.image)
    spec = measure(parse.people[0])
    assert spec.regions["hat"].path.bounds[3] < 0  # the one on the head


def test_errors_say_what_is_missing() -> None:
    person = paint()
    bare = Parse(person.parse.labels, person.parse.instances, (person.observation,))
    with pytest.raises(OptionError, match="needs the photo"):
        measure(bare.people[0])
    nobody = Parse(
        np.zeros((20, 20), np.uint8),
        np.zeros((20, 20), np.uint16),
        (Observation((1, 1, 5, 5), 0.5),),
        np.zeros((20, 20, 3), np.uint8),
    )
    with pytest.raises(OptionError, match="nothing is seen"):
        measure(nobody.people[0])
