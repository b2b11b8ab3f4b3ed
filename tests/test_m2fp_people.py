"""From instances to people, on drawn cases. Coordinates are the network's cells, four pixels each."""

from __future__ import annotations

import numpy as np
import pytest
from m2fp_drawn import CELLS, field, frame, gathered, human, parsed, part, shown, standing

from dressform.parsing import Part
from dressform.parsing.engines.m2fp.configuration import MULTI
from dressform.parsing.engines.m2fp.masks import Frame
from dressform.parsing.engines.m2fp.painting import paint
from dressform.parsing.engines.m2fp.people import assemble, without_specks
from dressform.parsing.engines.m2fp.select import Instance

NOBODY = (0, Part.BACKGROUND)


def test_nobody() -> None:
    parse = parsed()
    assert len(parse) == 0 and not parse.labels.any() and not parse.instances.any()
    assert len(parsed(part("Face", (5, 5, 10, 10)))) == 0, "parts without anybody are dropped"
    assert len(parsed(human((5, 5, 10, 10)))) == 0, "a person of whom no part is seen is not shown"


def test_one_person() -> None:
    parse = parsed(*standing(10))
    (person,) = parse.people
    assert person.parts == (Part.UPPER_CLOTHES, Part.PANTS, Part.FACE)
    assert person.box == (40, 16, 88, 136) and person.score == pytest.approx(0.95)
    assert shown(parse, 16, 5) == (1, Part.FACE) and shown(parse, 16, 15) == (1, Part.UPPER_CLOTHES)
    assert shown(parse, 11, 5) == NOBODY


def test_people_are_numbered_left_to_right() -> None:
    order = [*standing(40), *standing(4), *standing(22)]
    parse = parsed(*order)
    assert [person.box[0] for person in parse.people] == [16, 88, 160]
    assert [shown(parse, x, 15)[0] for x in (6, 24, 42)] == [1, 2, 3]


def test_order_of_instances_does_not_matter() -> None:
    drawn = [
        Instance(each.label, 0.6 + 0.02 * n, each.field)  # no two the same
        for n, each in enumerate((*standing(6), *standing(16), part("Left-arm", (14, 12, 20, 14))))
    ]
    parse, other = parsed(*drawn), parsed(*drawn[::-1])
    assert np.array_equal(parse.labels, other.labels) and np.array_equal(parse.instances, other.instances)


# ---- who owns what ----------------------------------------------------------------------------------------------


def test_two_people_overlap() -> None:
    """Masks of whole people overlap by a third; each has a shirt that reaches into the other's mask."""
    left = [part("UpperClothes", (10, 10, 22, 30), score=0.9), human((8, 4, 26, 36), score=0.9)]
    right = [part("UpperClothes", (22, 10, 34, 30), score=0.8), human((20, 4, 38, 36), score=0.8)]
    parse = parsed(*left, *right)
    assert [shown(parse, x, 20)[0] for x in (12, 21, 22, 32)] == [1, 1, 2, 2]
    assert len(parse.people) == 2


def test_overlapping_parts_go_to_the_higher_claim_pixel_by_pixel() -> None:
    """Two jackets claim the same columns; the sharper mask of equal score wins there, the other where it is alone."""
    left = [part("Coat", (10, 10, 26, 30), score=0.9, sure=1.0), human((8, 4, 22, 36))]
    right = [part("Coat", (20, 10, 36, 30), score=0.9, sure=4.0), human((22, 4, 38, 36))]
    parse = parsed(*left, *right)
    assert [shown(parse, x, 20)[0] for x in (12, 18, 21, 25, 30)] == [1, 1, 2, 2, 2]


def test_one_inside_the_others_box() -> None:
    """A child before a parent: the parent's mask leaves the child out, the parent's box does not."""
    child = [part("Face", (20, 20, 24, 24)), part("Dress", (18, 24, 26, 34)), human((18, 20, 26, 34))]
    coat = part("Coat", (12, 10, 32, 20), (12, 20, 18, 36), (26, 20, 32, 36))
    parent = [part("Face", (19, 3, 25, 9)), coat, human((12, 3, 32, 20), (12, 20, 18, 36), (26, 20, 32, 36))]
    parse = parsed(*parent, *child)
    small = shown(parse, 22, 22)[0]
    assert shown(parse, 22, 30) == (small, Part.DRESS) and shown(parse, 14, 30) == (3 - small, Part.COAT)
    assert shown(parse, 22, 5) == (3 - small, Part.FACE)


def test_one_inside_the_others_mask_stands_in_front() -> None:
    """The same, but the parent's mask and coat cover the child too, and the parent is found more surely."""
    child = [
        part("Face", (20, 20, 24, 24), score=0.85),
        part("Dress", (18, 24, 26, 34), score=0.85),
        human((18, 20, 26, 34), score=0.8),
    ]
    parent = [part("Face", (19, 3, 25, 9)), part("Coat", (12, 10, 32, 36), score=0.8), human((12, 3, 32, 36))]
    parse = parsed(*parent, *child)
    small = shown(parse, 22, 22)[0]
    assert shown(parse, 22, 30) == (small, Part.DRESS) and shown(parse, 14, 30) == (3 - small, Part.COAT)
    assert len(parse) == 2


@pytest.mark.parametrize("covered", [False, True])
def test_arm_across_a_neighbour(covered: bool) -> None:
    """An arm lies before a neighbour who has such an arm, and whose mask wrongly covers it."""
    arm = part("Left-arm", (14, 14, 30, 17), score=0.9)
    left = [*standing(4)[:3], arm, human((4, 4, 16, 34), (16, 14, 22 if covered else 30, 17), score=0.9)]
    shirt = part("UpperClothes", (20, 10, 32, 14), (20, 17, 32, 22), (30, 14, 32, 17))
    own_arm = part("Left-arm", (32, 12, 36, 26))
    right = [part("Face", (23, 4, 29, 10)), shirt, own_arm, human((20, 4, 36, 34), score=0.95)]
    parse = parsed(*left, *right)
    assert shown(parse, 26, 15) == (1, Part.LEFT_ARM), "the hand belongs to the arm"
    assert shown(parse, 26, 12)[0] == shown(parse, 26, 19)[0] == 2, "the shirt around it does not"
    assert shown(parse, 33, 20) == (2, Part.LEFT_ARM)


def test_part_found_twice_counts_once() -> None:
    twice = [part("Pants", (10, 22, 22, 34), score=0.6), part("Skirt", (10, 22, 22, 34), score=0.5)]
    parse = parsed(*standing(10), *twice)
    assert parse.people[0].parts == (Part.UPPER_CLOTHES, Part.PANTS, Part.FACE)
    assert np.array_equal(parse.labels, parsed(*standing(10)).labels)


def test_part_claimed_twice_is_divided() -> None:
    """One mask holds the trousers of two people who stand side by side."""
    people = [each for x in (6, 18) for each in standing(x) if each.label != part("Pants").label]
    parse = parsed(*people, part("Pants", (6, 22, 30, 34)))
    assert shown(parse, 16, 30) == (1, Part.PANTS) and shown(parse, 19, 30) == (2, Part.PANTS)
    assert (parse.instances[90:130, 24:72] == 1).all() and (parse.instances[90:130, 72:120] == 2).all()
    pants = (parse.labels == Part.PANTS).sum()
    assert pants == sum(person.mask(Part.PANTS).sum() for person in parse.people)
    assert abs(pants - 16 * 24 * 12) <= 8, "corners are rounded"
    for person in parse.people:
        assert person.observation.scores is not None and Part.PANTS in person.observation.scores.parts


def test_part_of_three_leaves_no_hole_where_they_meet() -> None:
    people = [
        [human((0, 0, 30, 20), score=0.9), part("Face", (2, 2, 6, 6))],
        [human((30, 0, 60, 20), score=0.9), part("Face", (50, 2, 56, 6))],
        [human((0, 20, 60, 40), score=0.9), part("Face", (2, 34, 6, 38))],
    ]
    parse = parsed(*(each for group in people for each in group), part("Coat", (20, 10, 40, 30), score=0.8))
    assert (parse.labels[40:120, 80:160] == Part.COAT).all()
    assert set(np.unique(parse.instances[40:120, 80:160])) == {1, 2, 3}


def test_who_is_found_twice_is_one_person() -> None:
    again = human((10, 4, 22, 33), score=0.6)
    assert len(parsed(*standing(10), again)) == 1
    half = human((10, 10, 22, 20), score=0.4)
    assert len(parsed(*standing(10), half)) == 1, "unsure, and inside somebody"


def test_who_is_unsure_does_not_count() -> None:
    weak = [part("Face", (40, 4, 46, 10)), human((40, 4, 52, 34), score=0.29)]
    assert len(parsed(*standing(10), *weak)) == 1
    assert len(assemble([*standing(10), *weak], MULTI.classes, 0.2).people) == 2


# ---- orphans ----------------------------------------------------------------------------------------------------


def test_orphan_near_by_is_adopted() -> None:
    parse = parsed(*standing(10), part("Right-shoe", (11, 35, 15, 37)), *standing(40))
    assert shown(parse, 12, 36) == (1, Part.RIGHT_SHOE)


@pytest.mark.parametrize(
    ("why", "orphan"),
    [
        ("too far", part("Right-shoe", (28, 35, 32, 37))),
        ("unsure", part("Right-shoe", (11, 35, 15, 37), score=0.2)),
        ("they have a face", part("Face", (24, 5, 28, 10))),
    ],
)
def test_orphan_is_dropped(why: str, orphan: Instance) -> None:
    parse = parsed(*standing(10), orphan)
    assert np.array_equal(parse.labels, parsed(*standing(10)).labels), why


def test_orphan_goes_to_the_nearest() -> None:
    gap = part("Hat", (24, 3, 28, 5))
    parse = parsed(*standing(10), *standing(24, y=6), gap)
    assert shown(parse, 26, 4) == (2, Part.HAT)


# ---- pixels -----------------------------------------------------------------------------------------------------


def test_seam_is_filled_where_the_person_is() -> None:
    """Between shirt and trousers both maps are just below one half; outside the person's mask nothing is filled."""
    shirt, pants = part("UpperClothes", (10, 10, 22, 20)), part("Pants", (10, 21, 22, 34))
    for each in (shirt, pants):
        each.field[20, 8:22] = -0.5
    parse = parsed(part("Face", (13, 4, 19, 10)), shirt, pants, human((10, 4, 22, 34)))
    assert shown(parse, 15, 20)[0] == 1 and shown(parse, 8, 20) == NOBODY


def test_what_no_part_comes_near_stays_background() -> None:
    """A bag inside the person's mask, for which there is no class."""
    parse = parsed(*standing(10)[:3], human((10, 4, 30, 34)))
    assert shown(parse, 27, 20) == NOBODY


def test_person_hardly_seen_is_left_out_of_both_maps() -> None:
    ghost = [part("Gloves", (44, 10, 45, 11)), human((40, 4, 52, 34), score=0.9)]
    parse = parsed(*standing(10), *ghost)
    assert len(parse) == 1 and shown(parse, 44, 10) == NOBODY


def test_specks_go() -> None:
    crumbs = Instance(part("Face").label, 0.9, field((10, 10, 30, 30), (50, 2, 52, 4), (40, 10, 50, 20)))
    (cleaned,) = without_specks([crumbs])
    assert not (cleaned.field[2:4, 50:52] > 0).any() and (cleaned.field[10:20, 40:50] > 0).all()
    assert without_specks([human((0, 0, 5, 5))])[0].field.max() > 0


# ---- score maps -------------------------------------------------------------------------------------------------


def test_score_maps() -> None:
    parse = parsed(*standing(10), *standing(40))
    for person in parse.people:
        maps = person.observation.scores
        assert maps is not None and maps.parts == (Part.BACKGROUND, Part.UPPER_CLOTHES, Part.PANTS, Part.FACE)
        total = maps.values.astype(int).sum(0)
        assert abs(total - 255).max() <= 2, "probabilities of all parts and background add up to one"
        for name in ("face", "upper", "lower"):
            alpha, mask = person.alpha(name, refine=False), person.region(name)
            assert alpha[mask].mean() > 0.8 and alpha[~mask].mean() < 0.02


def test_photo_of_another_size_than_the_input() -> None:
    """Padding to the right and below, and a photo 1.5 times as large: places scale, nothing lies in the padding."""
    other = Frame((222, 342), (0, 0, 228, 148), CELLS)
    labels, instances, (person,) = paint(gathered(*standing(10)), other)
    assert labels.shape == instances.shape == (222, 342)
    assert person.box == pytest.approx((60, 24, 132, 204), abs=2)
    assert frame().photo == (160, 240)
