"""People who embrace: two claims of the same silhouette, told apart by their heads."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.parsing import Parse, Part
from dressform.parsing.engines.compact.assemble import keep_distinct, paint
from dressform.parsing.engines.compact.claims import Claim
from dressform.parsing.scores import ScoreMaps

PARTS = (Part.BACKGROUND, Part.UPPER_CLOTHES, Part.FACE)
HEADS = ((70, 40), (130, 40))
SIZE = (200, 150)


def both(head: tuple[float, float] | None, score: float = 0.8, sure: float = 0.9) -> Claim:
    """Somebody who claims all of two people, x 40 to 160, with their two faces."""
    box, fields = (20.0, 0.0, 180.0, 150.0), np.zeros((3, 75, 80), np.float32)
    fields[1, 10:, 10:70] = sure
    for x, y in HEADS:
        face = (slice(y // 2 - 5, y // 2 + 5), slice((x - 20) // 2 - 5, (x - 20) // 2 + 5))
        fields[(1, *face)], fields[(2, *face)] = 0, sure
    fields[0] = 1 - fields[1:].sum(0)
    scores = ScoreMaps(box, PARTS, np.round(fields * 255).astype(np.uint8))
    at = None if head is None else np.array(head, np.float32)
    return Claim(box, PARTS, fields, scores, np.zeros((17, 3), np.float32), score, at)


def test_two_heads_are_two_people_and_share_what_both_claim() -> None:
    kept = keep_distinct([both(HEADS[0]), both(HEADS[1], score=0.7)])
    assert len(kept) == 2
    parse = Parse(*paint(kept, SIZE))
    left, right = parse.people
    assert left.mask("all")[30:140, 45:95].all() and right.mask("all")[30:140, 105:155].all()
    assert (parse.instances > 0).sum() == pytest.approx(120 * 130, rel=0.03)


OTHERS = {
    "the same head": both((74, 44), score=0.7),
    "a place that is no head": both((130, 120), score=0.7),
    "no head": both(None, score=0.7),
    "a doubtful one": both(HEADS[1], score=0.4),
}


@pytest.mark.parametrize("other", OTHERS)
def test_anything_else_is_the_same_person(other: str) -> None:
    assert len(keep_distinct([both(HEADS[0]), OTHERS[other]])) == 1


def test_what_one_claims_far_more_is_theirs_around_the_others_head_too() -> None:
    parse = Parse(*paint([both(HEADS[0], sure=0.6), both(HEADS[1])], SIZE))
    assert len(parse) == 1
