"""Soft masks: they agree with the hard ones, leave others alone, follow the photo, and don't depend on its size."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from dressform.parsing import Parse, Part, Person
from dressform.parsing.result import Observation
from dressform.parsing.scores import ScoreMaps

W, H = 120, 100
SHIRT, TROUSERS = (200, 60, 40), (40, 60, 160)


def scene(*, scores: bool = True, image: bool = True, scale: int = 1) -> Parse:
    """Two people side by side, the second in front of the first's left side; ``scale`` enlarges everything."""
    w, h = W * scale, H * scale
    labels, instances = np.zeros((h, w), np.uint8), np.zeros((h, w), np.uint16)
    photo = np.full((h, w, 3), 230, np.uint8)
    observations = []
    for index, x in enumerate((20, 50), 1):
        box = (x, 10, x + 40, 90)
        for part, color, (y0, y1) in ((Part.UPPER_CLOTHES, SHIRT, (10, 50)), (Part.PANTS, TROUSERS, (50, 90))):
            at = (slice(y0 * scale, y1 * scale), slice(x * scale, (x + 40) * scale))
            labels[at], instances[at], photo[at] = part, index, np.array(color) // index
        whole = tuple(float(v * scale) for v in box)
        observations.append(Observation(whole, 0.9, maps(box, scale) if scores else None))
    x0, y0, w1, h1 = cv2.boundingRect((instances == 1).astype(np.uint8))
    observations[0] = Observation((x0, y0, x0 + w1, y0 + h1), 0.9, observations[0].scores)
    return Parse(labels, instances, tuple(observations), photo if image else None)


def maps(box: tuple[int, int, int, int], scale: int) -> ScoreMaps:
    """Score maps of a whole person, two photo pixels of the unscaled scene a sample, 10 px beyond the box."""
    values = np.zeros((3, 50, 30), np.uint8)
    values[0] = 255
    values[0, 5:45, 5:25] = 0
    values[1, 5:25, 5:25] = values[2, 25:45, 5:25] = 255
    around = tuple(float(v * scale) for v in (box[0] - 10, box[1] - 10, box[2] + 10, box[3] + 10))
    return ScoreMaps(around, (Part.BACKGROUND, Part.UPPER_CLOTHES, Part.PANTS), values)


def alphas(person: Person, parts: str = "all") -> list[np.ndarray]:
    return [person.alpha(parts, refine=refine) for refine in (False, True)]


@pytest.mark.parametrize("image", [False, True])
@pytest.mark.parametrize("scores", [False, True])
@pytest.mark.parametrize("parts", ["all", "upper", "lower"])
def test_alpha_agrees_with_the_mask_and_leaves_others_alone(scores: bool, image: bool, parts: str) -> None:
    parse = scene(scores=scores, image=image)
    for person in parse.people:
        mask = person.mask(parts)
        others = (parse.instances > 0) & (parse.instances != person.index)
        far = cv2.dilate(mask.astype(np.uint8), np.ones((17, 17), np.uint8)) == 0
        for alpha in alphas(person, parts):
            assert (alpha.shape, alpha.dtype) == ((H, W), np.float32)
            assert alpha.min() >= 0
            assert alpha.max() == pytest.approx(1, abs=0.01)
            assert ((alpha > 0.5) == mask).mean() > 0.985
            assert cv2.erode(mask.astype(np.uint8), np.ones((9, 9), np.uint8))[alpha < 0.95].sum() == 0
            assert not alpha[others].any()
            assert not alpha[far].any()


@pytest.mark.parametrize("scores", [False, True])
def test_alpha_of_an_absent_part_is_zero(scores: bool) -> None:
    for person in scene(scores=scores).people:
        for alpha in alphas(person, "hair"):
            assert alpha.shape == (H, W)
            assert not alpha.any()


def test_alpha_follows_the_photo_where_the_scores_are_off() -> None:
    parse = scene()
    observation = parse.observations[1]
    assert observation.scores is not None
    x0, y0, x1, y1 = observation.scores.box
    shifted = ScoreMaps((x0 + 1, y0, x1 + 1, y1), observation.scores.parts, observation.scores.values)
    moved = Parse(
        parse.labels,
        parse.instances,
        (parse.observations[0], Observation(observation.box, 0.9, shifted)),
        parse.image,
    )
    plain, refined = alphas(moved.people[1])
    beside = (slice(20, 80), 90)  # background that the scores take for the person
    assert plain[beside].min() > 0.7
    assert refined[beside].max() < 0.5
    assert refined[20:80, 89].min() > 0.7


def test_alpha_of_a_large_photo_is_that_of_a_small_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dressform.parsing.soft.WORKING_SIDE", 50)  # as if four times the size were huge
    small, large = scene().people[1], scene(scale=4).people[1]
    for parts in ("all", "upper"):
        for refine in (False, True):
            reduced = cv2.resize(large.alpha(parts, refine=refine), (W, H), interpolation=cv2.INTER_AREA)
            assert np.abs(reduced - small.alpha(parts, refine=refine)).mean() < 0.02


def test_strips_of_soft_masks_make_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dressform.parsing.soft.WORKING_SIDE", 50)
    person = scene(scale=2).people[0]
    whole = alphas(person, "upper")
    monkeypatch.setattr("dressform.parsing.soft.STRIP", 500)
    for found, expected in zip(alphas(person, "upper"), whole, strict=True):
        np.testing.assert_array_equal(found, expected)


def test_a_person_at_the_frame_is_covered_up_to_the_frame() -> None:
    labels = np.full((40, 30), Part.COAT, np.uint8)
    values = np.array([0, 255], np.uint8)[:, None, None] * np.ones((2, 10, 8), np.uint8)
    observation = Observation((0, 0, 30, 40), 1, ScoreMaps((0, 0, 30, 40), (Part.BACKGROUND, Part.COAT), values))
    photo = np.random.default_rng(0).integers(0, 256, (40, 30, 3)).astype(np.uint8)
    (person,) = Parse(labels, np.ones((40, 30), np.uint16), (observation,), photo).people
    for alpha in alphas(person):
        assert alpha.min() > 0.99
