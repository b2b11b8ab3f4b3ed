"""Who gets which pixel: claims drawn by hand, painted into the two label maps."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from drawn_claims import SIZE, body, draw, painted, whole

from dressform.parsing import Part
from dressform.parsing.engines.compact import assemble
from dressform.parsing.engines.compact import claims as claims_module
from dressform.parsing.engines.compact.assemble import doubt_inner, keep_distinct, paint
from dressform.parsing.scores import Box


def test_a_claim_becomes_a_person() -> None:
    parse = painted([whole(40, 20, 90, 130)])
    (person,) = parse.people
    assert np.abs(np.array(person.box) - (40, 20, 90, 130)).max() <= 1
    assert (parse.labels[30:70, 45:85] == Part.UPPER_CLOTHES).all()
    assert (parse.labels[80:125, 45:85] == Part.PANTS).all()
    assert person.observation.scores is not None
    assert person.observation.keypoints is not None
    assert person.score == 0.9


def test_where_two_overlap_the_surer_one_wins() -> None:
    parse = painted([whole(20, 20, 100, 130, sure=0.8), whole(70, 20, 150, 130, sure=0.95)])
    assert (parse.instances[30:120, 25:66] == 1).all()
    assert (parse.instances[30:120, 74:145] == 2).all()


def test_somebody_inside_the_box_of_somebody_else() -> None:
    child = (70, 70, 100, 130)
    parent = draw((10, 0, 170, 150), [*body(40, 10, 130, 140), (Part.BACKGROUND, child, 0)])
    parse = painted(keep_distinct([parent, whole(*child)]))
    assert len(parse) == 2
    centre = parse.instances[100, 85]
    assert (parse.instances[74:126, 74:96] == centre).all()
    assert (parse.instances[74:126, 50:66] == 3 - centre).all()


def test_an_arm_across_a_neighbour() -> None:
    arm = (Part.LEFT_ARM, (60.0, 50.0, 130.0, 60.0), 0.95)
    first = draw((10, 10, 140, 140), [*body(20, 20, 70, 130), arm])
    second = draw((75, 10, 175, 140), [*body(85, 20, 150, 130), (Part.BACKGROUND, arm[1], 0)])
    parse = painted(keep_distinct([second, first]))
    assert (parse.instances[53:57, 65:125] == 1).all()
    assert (parse.labels[53:57, 75:125] == Part.LEFT_ARM).all()
    assert (parse.instances[70:120, 90:145] == 2).all()


def test_duplicates_are_dropped_in_favour_of_the_higher_score() -> None:
    claims = [whole(40, 20, 90, 130, score=0.5), whole(42, 22, 92, 131, score=0.8), whole(120, 20, 170, 130)]
    assert keep_distinct(claims) == [claims[1], claims[2]]


def test_duplicates_of_next_to_no_size_are_dropped_too() -> None:
    claims = [whole(1000, 20, 1004, 30, score=0.5), whole(1000.2, 20, 1004.2, 30.5), whole(1006, 20, 1010, 30)]
    assert keep_distinct(claims) == [claims[1], claims[2]]
    assert len(painted(keep_distinct(claims), (6000, 50))) == 2


@pytest.mark.parametrize(
    ("left", "score", "kept"),
    [
        (45, assemble.SURE - 0.01, False),  # all of it inside
        (27, assemble.SURE - 0.01, False),  # nine tenths
        (22, assemble.SURE - 0.01, True),  # three quarters
        (45, assemble.SURE + 0.01, True),  # sure enough to be somebody in front
        (45, 0.95, True),  # and then the stronger of the two
    ],
)
def test_a_doubtful_piece_of_somebody_is_no_person(left: int, score: float, kept: bool) -> None:
    somebody = whole(30, 10, 150, 140, sure=0.8)
    piece = whole(left, 50, left + 30, 90, score=score, sure=0.95)  # claims its pixels more than anybody
    assert keep_distinct([piece, somebody]) == ([piece, somebody] if kept else [somebody])


def test_a_doubtful_person_around_somebody_stays() -> None:
    around, inside = whole(30, 10, 150, 140, score=0.3), whole(45, 50, 75, 90, sure=0.95)
    assert keep_distinct([around, inside]) == [inside, around]


def test_neighbours_are_not_duplicates() -> None:
    claims = [whole(20, 20, 80, 130), whole(50, 20, 110, 130), whole(80, 20, 140, 130)]
    assert keep_distinct(claims[::-1]) == claims


def test_hidden_people_are_dropped() -> None:
    front = whole(30, 10, 130, 140, sure=0.95)
    hidden = whole(60, 60, 80, 100, score=0.95, sure=0.7)
    assert keep_distinct([hidden, front]) == [front]


def test_claims_of_nothing_are_dropped() -> None:
    nothing = draw((10, 10, 60, 100), [])
    assert keep_distinct([nothing]) == []
    assert keep_distinct([]) == []
    assert len(painted([nothing])) == 0


def test_people_are_numbered_left_to_right() -> None:
    claims = [whole(140, 20, 180, 130), whole(10, 20, 50, 130), whole(75, 20, 115, 130)]
    parse = painted(claims)
    centres = [(p.box[0] + p.box[2]) / 2 for p in parse.people]
    assert centres == sorted(centres)
    for person in parse.people:
        x0, y0, x1, y1 = person.window
        assert (parse.instances[y0:y1, x0:x1] == person.index).all()
        assert person.extent == person.window
    ordered = painted(keep_distinct(claims))
    np.testing.assert_array_equal(ordered.instances, parse.instances)


@pytest.mark.parametrize("lost", [0, 1, 2])
def test_who_gets_no_pixel_gets_no_number(lost: int) -> None:
    claims = [whole(10, 20, 50, 130), whole(75, 20, 115, 130), whole(140, 20, 180, 130)]
    claims.insert(lost, draw((5, 5, 60, 60), body(10, 30, 40, 50, sure=0.45)))
    parse = painted(claims)
    assert len(parse) == 3
    assert set(np.unique(parse.instances)) == {0, 1, 2, 3}


def test_labels_stand_exactly_where_people_do() -> None:
    rng = np.random.default_rng(0)
    claims = []
    for _ in range(12):
        x, y = rng.uniform(-30, 180), rng.uniform(-30, 120)
        noisy = draw((x, y, x + rng.uniform(5, 120), y + rng.uniform(5, 120)), [])
        noisy.fields[:] = rng.dirichlet(np.ones(4) * 0.4, noisy.fields.shape[1:]).transpose(2, 0, 1)
        claims.append(noisy)
    parse = painted(claims)
    np.testing.assert_array_equal(parse.labels > 0, parse.instances > 0)
    for person in parse.people:
        assert person.extent == person.box


def test_strips_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    claims = [whole(-20, 20, 80, 130), whole(50, 20.3, 110, 131.7), whole(80.5, -40, 230, 190, sure=0.6)]
    labels, instances, _ = paint(claims, SIZE)
    monkeypatch.setattr(assemble, "STRIP", 700)
    again = paint(claims, SIZE)
    np.testing.assert_array_equal(again[0], labels)
    np.testing.assert_array_equal(again[1], instances)


def test_the_best_part_is_looked_for_only_where_it_may_be(monkeypatch: pytest.MonkeyPatch) -> None:
    claims = [
        whole(10, 20, 80, 130),
        draw((60, 10, 190, 140), [*body(90, 20, 150, 130), (Part.LEFT_ARM, (95, 40, 101, 90), 0.7)]),
    ]
    labels, _, _ = paint(claims, SIZE)
    monkeypatch.setattr(assemble, "FAINT", -1)
    np.testing.assert_array_equal(paint(claims, SIZE)[0], labels)


@pytest.mark.parametrize("box", [(-60, -50, 60, 80), (150, 100, 260, 220), (-40, -30, 240, 190)])
def test_claims_may_reach_outside_the_photo(box: Box) -> None:
    parse = painted([whole(*box)])
    (person,) = parse.people
    inside = np.clip(box, 0, [*SIZE, *SIZE])
    assert np.abs(np.array(person.box) - inside).max() <= 2
    assert parse.mask("all").sum() == pytest.approx(np.prod(inside[2:] - inside[:2]), rel=0.1)


@pytest.mark.parametrize("box", [(-90, 10, -20, 80), (300, 20, 340, 90), (20, 200, 80, 260), (20, -90, 80, -10)])
def test_claims_wholly_outside_are_nobody(box: Box) -> None:
    parse = painted([whole(*box), whole(100, 20, 140, 130)])
    assert len(parse) == 1
    assert parse.instances.max() == 1


@pytest.mark.parametrize("size", [(1, 1), (1, 400), (70_000, 2)])
def test_photos_of_extreme_shape(size: tuple[int, int]) -> None:
    width, height = size
    parse = painted([draw((-1, -1, width + 1, height + 1), body(-1, -1, width + 1, height + 1))], size)
    assert parse.mask("all").all()


def test_noise_tears_a_contested_place_less(monkeypatch: pytest.MonkeyPatch) -> None:
    def pieces(contest: int) -> int:
        monkeypatch.setattr(claims_module, "CONTEST", contest)
        rng, noisy = np.random.default_rng(0), []
        for left in (10, 40):
            c = whole(left, 20, left + 100, 130)
            noise = np.where(c.fields[0] < 0.5, rng.uniform(0, 0.08, c.fields[0].shape), 0)
            noisy.append(replace(c, fields=np.concatenate([c.fields[:1] + noise, c.fields[1:]]).astype(np.float32)))
        instances = painted(noisy).instances
        return sum(cv2.connectedComponents((instances == index).astype(np.uint8))[0] - 1 for index in (1, 2))

    assert pieces(claims_module.CONTEST) < 0.5 * pieces(1)


@pytest.mark.parametrize(
    ("detected", "expected"),
    [
        ((36, 24, 92, 138), (40, 20, 90, 130)),  # much the same box: the pixels say it better
        ((30, 26, 92, 190), (35, 23, 91, 140)),  # another: the mean; the photo ends at 150
        ((90, 20, 140, 130), (65, 20, 115, 130)),
    ],
)
def test_a_persons_box_is_that_of_their_pixels_unless_something_else_was_detected(detected: Box, expected: Box) -> None:
    seen = replace(whole(40, 20, 90, 130), expected=np.array(detected, np.float32))
    (person,) = painted([seen]).people
    assert np.abs(np.array(person.box) - expected).max() <= 1


@pytest.mark.parametrize(
    ("inner", "score", "kept"),
    [
        ((60, 40, 80, 100), 0.6, 1 - assemble.INNER),  # a hand, say
        ((80, 40, 100, 100), 0.6, 1 - assemble.INNER / 2),  # half of it
        ((100, 40, 120, 100), 0.6, 1),  # beside
        ((60, 40, 80, 100), 0.95, 1),  # surer
        ((30, 10, 100, 140), 0.6, 1),  # larger
    ],
)
def test_who_is_found_within_somebody_larger_and_surer_is_doubted(inner: Box, score: float, kept: float) -> None:
    outer = whole(40, 20, 90, 130, score=0.9)
    same, doubted = doubt_inner([outer, whole(*inner, score=score)])
    assert doubted.score == pytest.approx(score * kept, rel=0.02) and same.score == 0.9


def test_nobody_is_doubted() -> None:
    assert doubt_inner([]) == []
