"""Light told apart from ink, against photos whose light is known."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.parsing.errors import OptionError
from dressform.tryon.bench.shading import (
    PRINTED,
    core,
    delta_e,
    fold_correlation,
    ghost_steps,
    lit,
    measure_light,
    measure_shading,
)
from dressform.tryon.bench.truth import Truth, linear, make_truth
from dressform.tryon.shading import inks
from dressform.tryon.shading.estimate import Shading, estimate_shading, relight

PLAIN = ("mid", "white", "black")
HEIGHT = 560


@lru_cache(maxsize=32)
def scene(kind: str, quality: int | None = 90, seed: int = 0, height: int = HEIGHT) -> Truth:
    return make_truth(kind, height=height, seed=seed, quality=quality)


@lru_cache(maxsize=32)
def shading(kind: str, quality: int | None = 90, seed: int = 0, height: int = HEIGHT) -> Shading:
    truth = scene(kind, quality, seed, height)
    return estimate_shading(linear(truth.photo), truth.mask)


@pytest.mark.parametrize("quality", [90, 75])
@pytest.mark.parametrize("kind", PLAIN + PRINTED)
def test_folds_stay_and_new_cloth_has_its_own_colour(kind: str, quality: int) -> None:
    found = measure_light(relight(shading(kind, quality)), scene(kind, quality))
    assert found.folds >= (0.98 if kind in PLAIN else 0.97 if quality == 90 else 0.95)
    assert found.delta_e <= 1.0
    assert found.delta_e_p95 <= 2.5
    assert found.ghost <= 0.02
    assert found.left <= 0.03


def test_scores_are_the_worst_of_their_scenes() -> None:
    (found,) = measure_shading(["stripes"], [90], [0, 1], height=280)
    single = [measure_shading(["stripes"], [90], [seed], height=280)[0] for seed in (0, 1)]
    assert found.folds == min(score.folds for score in single)
    assert found.ghost == max(score.ghost for score in single)


def test_the_measure_sees_an_old_print() -> None:
    truth = scene("stripes")
    naive = linear(truth.photo) @ np.array([0.2126, 0.7152, 0.0722], np.float32)
    found = measure_light(naive / np.percentile(naive[truth.mask], 95), truth)
    assert found.folds < 0.5
    assert found.ghost > 1
    assert min(found.residual, found.left) > 0.8
    true = measure_light(lit(truth), truth)
    assert true.folds > 0.9999
    assert max(true.delta_e, true.ghost, true.left) < 1e-3


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("kind", PRINTED)
def test_old_print_leaves_no_ghost(kind: str, seed: int) -> None:
    truth = scene(kind, 90, seed)
    steps = ghost_steps(shading(kind, 90, seed).shade, truth, core(truth.mask))
    against_ground = {pair: step for pair, step in steps.items() if 0 in pair}
    assert against_ground
    assert max(map(abs, against_ground.values())) <= 0.02


@pytest.mark.parametrize("kind", PRINTED)
def test_borders_of_the_old_print_leave_no_line(kind: str) -> None:
    truth = scene(kind)
    error = np.log(shading(kind).shade) - np.log(lit(truth))
    box = np.ones((3, 3), np.uint8)
    line = (cv2.dilate(truth.labels, box) != cv2.erode(truth.labels, box)) & core(truth.mask)
    beside = cv2.dilate(line.view(np.uint8), np.ones((11, 11), np.uint8)).view(np.bool_) & core(truth.mask) & ~line
    assert abs(error[line].mean() - error[beside].mean()) <= 0.02


@pytest.mark.parametrize("kind", PLAIN)
@pytest.mark.parametrize("seed", range(3))
def test_folds_and_sleeves_of_plain_cloth_are_no_inks(kind: str, seed: int) -> None:
    assert len(shading(kind, 90, seed).inks) == 1


@pytest.mark.parametrize("kind", PRINTED)
def test_inks_are_found_with_their_colours(kind: str) -> None:
    truth, found = scene(kind), shading(kind)
    light = np.percentile(truth.shade[truth.mask], 95)
    for ink in truth.inks:
        gaps = delta_e(found.inks, np.broadcast_to(ink * light, found.inks.shape))
        assert gaps.min() <= 3
    box = np.ones((3, 3), np.uint8)
    pure = (cv2.dilate(truth.labels, box) == cv2.erode(truth.labels, box)) & core(truth.mask)  # not mixed
    wrong = np.zeros(truth.mask.shape, np.bool_)
    for k in range(len(found.inks)):
        own = found.labels == k
        if own.any():
            wrong |= own & (truth.labels != np.bincount(truth.labels[own]).argmax())
    assert wrong[pure].mean() <= 0.001
    assert wrong[truth.mask].mean() <= 0.03
    assert (found.labels[~truth.mask] == 255).all()


def test_size_changes_nothing_but_the_size() -> None:
    small, large = scene("print"), scene("print", 90, 0, 2 * HEIGHT)
    found = cv2.resize(shading("print", 90, 0, 2 * HEIGHT).shade, small.mask.shape[::-1], interpolation=cv2.INTER_AREA)
    assert fold_correlation(found, small, core(small.mask)) >= 0.97
    at = core(large.mask)
    assert fold_correlation(shading("print", 90, 0, 2 * HEIGHT).shade, large, at) >= 0.97


def test_clipped_highlights_go_on() -> None:
    truth = make_truth("white", height=HEIGHT, light=1.5)
    found = estimate_shading(linear(truth.photo), truth.mask)
    at = core(truth.mask)
    clipped = cv2.erode((truth.photo.min(2) >= 254).astype(np.uint8), np.ones((9, 9), np.uint8)).view(np.bool_) & at
    rim = cv2.dilate(clipped.view(np.uint8), np.ones((41, 41), np.uint8)).view(np.bool_) & at
    rim &= truth.photo.max(2) < 245
    assert clipped.sum() > 1000
    assert np.median(found.shade[clipped]) > np.percentile(found.shade[rim], 90)
    steps, true = (
        np.abs(np.diff(np.log(shade), axis=1))[at[:, 1:] & at[:, :-1]] for shade in (found.shade, truth.shade)
    )
    assert np.percentile(steps - true, 99.9) < 0.05
    assert np.isfinite(found.shade).all()


def test_light_goes_on_smoothly_outside() -> None:
    truth = scene("mid")
    log_shade = np.log(shading("mid").shade)
    near = cv2.dilate(truth.mask.view(np.uint8), np.ones((9, 9), np.uint8)).view(np.bool_)
    assert np.abs(np.diff(log_shade, axis=0))[near[1:] & ~truth.mask[1:]].max() < 0.3
    weight = np.maximum(cv2.blur(truth.mask.astype(np.float32), (15, 15)), 1e-3)
    inside = cv2.blur(np.where(truth.mask, log_shade, 0), (15, 15)) / weight
    assert np.abs(log_shade - inside)[near & ~truth.mask].mean() < 0.15


def test_relight_controls() -> None:
    found = shading("black", 75)
    at = core(scene("black", 75).mask)
    plain = relight(found)
    assert np.abs(np.log(plain / found.shade)).max() <= 0.0101
    np.testing.assert_allclose(relight(found, exposure=1), 2 * plain, rtol=1e-4)
    flat, strong = relight(found, folds=0), relight(found, folds=2)
    assert np.log(flat)[at].std() < np.log(plain)[at].std() < np.log(strong)[at].std()
    rough = np.abs(np.diff(np.log(relight(found, weave=1)), axis=1))[at[:, 1:]].mean()
    assert rough > np.abs(np.diff(np.log(plain), axis=1))[at[:, 1:]].mean()


def waves(shape: tuple[int, int]) -> np.ndarray:
    """Log light with folds."""
    y, x = np.mgrid[: shape[0], : shape[1]]
    return 0.3 * np.sin((x + 0.4 * y) / 13) + 0.2 * np.sin(y / 31)


def test_folds_that_take_on_the_colour_of_their_cloth_are_no_inks() -> None:
    light = waves((240, 200)) - 0.3
    bounces = 1 + np.clip(-light, 0, 1)[:, :, None]
    picture = (np.array([0.8, 0.12, 0.08]) ** bounces * np.exp(light)[:, :, None]).astype(np.float32)
    found = estimate_shading(picture, np.ones((240, 200), np.bool_))
    assert len(found.inks) == 1
    assert np.corrcoef(np.log(found.shade).ravel(), light.ravel())[0, 1] > 0.97


def test_a_pattern_too_fine_to_be_taken_apart_leaves_no_ghost() -> None:
    light = waves((240, 200))
    y, x = np.mgrid[:240, :200]
    lines = cv2.GaussianBlur(0.6 * ((x % 7 < 2) + (y % 8 < 3)).astype(np.float32), (0, 0), 0.8)
    picture = np.dstack([0.2 * np.exp(light + lines)] * 3).astype(np.float32)
    found = np.log(estimate_shading(picture, np.ones((240, 200), np.bool_)).shade)
    inner = np.s_[20:-20, 20:-20]
    assert (found - light)[inner].std() < 0.2 * lines.std()
    assert np.corrcoef(found[inner].ravel(), light[inner].ravel())[0, 1] > 0.95


def test_small_foreign_colours_tell_no_light() -> None:
    light = waves((300, 240))
    picture = np.broadcast_to(np.array([0.75, 0.62, 0.66]), (300, 240, 3)).copy()
    hues = [(0.6, 0.05, 0.05), (0.05, 0.3, 0.08), (0.04, 0.08, 0.5), (0.7, 0.4, 0.03), (0.3, 0.05, 0.4)]
    dots = np.zeros((300, 240), np.uint8)
    for at in ((60, 70), (170, 90), (110, 200), (60, 240)):
        for k in range(15):
            cv2.ellipse(picture, at, (14, 14), 24 * k, 0, 24, hues[k % 5], -1)
        cv2.circle(dots, at, 14, 1, -1)
    picture = cv2.GaussianBlur(picture * np.exp(light - 0.4)[:, :, None], (0, 0), 0.8).astype(np.float32)
    found = np.log(estimate_shading(picture, np.ones((300, 240), np.bool_)).shade) - light
    beside = cv2.dilate(dots, np.ones((15, 15), np.uint8)) > dots
    assert abs(found[dots > 0].mean() - found[beside].mean()) < 0.06


def test_black_cloth_is_calmed() -> None:
    y, x = np.mgrid[:200, :160]
    shine = 0.01 * np.exp(1.2 * np.sin(x / 9) * np.sin(y / 11)).astype(np.float32)
    mask = np.ones((200, 160), np.bool_)
    found = estimate_shading(np.dstack([shine] * 3), mask)
    assert np.log(found.shade).std() < 0.9 * np.log(shine).std()


@pytest.mark.parametrize("kind", ["print", "black"])
def test_threads_and_runs_give_the_same_bytes(kind: str) -> None:
    truth = scene(kind)
    before = cv2.getNumThreads()
    try:
        for threads in (1, 4):
            cv2.setNumThreads(threads)
            again = estimate_shading(linear(truth.photo), truth.mask)
            for name in ("shade", "fold", "weave", "labels", "inks", "confidence"):
                assert getattr(again, name).tobytes() == getattr(shading(kind), name).tobytes(), name
    finally:
        cv2.setNumThreads(before)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(0, 2**32 - 1),
    st.sampled_from(["noise", "black", "white", "blocks", "huge"]),
    st.sampled_from(["all", "one", "some"]),
)
def test_any_picture_gives_finite_light(h: int, w: int, seed: int, content: str, which: str) -> None:
    rng = np.random.default_rng(seed)
    blocks = np.kron(rng.random((6, 6, 3)), np.ones((7, 7, 1)))[:h, :w]
    made = {"noise": rng.random((h, w, 3)), "black": np.zeros((h, w, 3)), "white": np.ones((h, w, 3))}
    picture = (made | {"blocks": blocks, "huge": 1e4 * blocks})[content].astype(np.float32)
    mask = np.ones((h, w), np.bool_) if which == "all" else rng.random((h, w)) < (0.5 if which == "some" else 0)
    mask[rng.integers(h), rng.integers(w)] = True
    before = picture.copy(), mask.copy()
    found = estimate_shading(picture, mask)
    for plane in (found.shade, found.fold, found.weave, found.confidence, relight(found, folds=4, weave=4)):
        assert plane.shape == (h, w)
        assert plane.dtype == np.float32
        assert np.isfinite(plane).all()
    assert (found.shade > 0).all()
    assert found.labels.dtype == np.uint8
    assert np.array_equal(picture, before[0])
    assert np.array_equal(mask, before[1])


@pytest.mark.parametrize(
    ("picture", "mask"),
    [
        (np.zeros((4, 4, 3), np.uint8), np.ones((4, 4), np.bool_)),
        (np.zeros((4, 5, 3), np.float32), np.ones((4, 4), np.bool_)),
        (np.zeros((4, 4), np.float32), np.ones((4, 4), np.bool_)),
        (np.zeros((4, 4, 3), np.float32), np.zeros((4, 4), np.bool_)),
        (np.zeros((4, 4, 3), np.float32), np.ones((4, 4), np.uint8)),
        (np.full((4, 4, 3), np.nan, np.float32), np.ones((4, 4), np.bool_)),
        (np.full((4, 4, 3), np.inf, np.float32), np.ones((4, 4), np.bool_)),
        (np.full((4, 4, 3), -0.1, np.float32), np.ones((4, 4), np.bool_)),
        ("picture", "mask"),
    ],
)
def test_unusable_input_is_refused(picture: object, mask: object) -> None:
    with pytest.raises(OptionError, match="allowed"):
        estimate_shading(picture, mask)


@pytest.mark.parametrize("option", [{"folds": -1}, {"folds": np.nan}, {"weave": 5}, {"exposure": np.inf}])
def test_unusable_options_are_refused(option: dict[str, float]) -> None:
    with pytest.raises(OptionError, match=next(iter(option))):
        relight(shading("mid"), **option)


def test_pieces_of_one_cloth_are_one_ink_whatever_their_creases_say():
    # Number 0 means nothing; then a front, a sleeve behind a crease, and a white stripe in the same light.
    area = np.array([0, 6000, 1000, 900])
    light = np.log([1, 0.02, 0.03, 0.5]) * area
    color = np.array([[1, 1, 1], [1, 2, 2.5], [1, 2.02, 2.48], [1, 2, 2.5]]) * area[:, None]
    values = inks._Values(area, light, color)
    true = np.array([0, 0, -2.8, np.log(25)])
    assert inks._one_ink_in_other_light(values, true).tolist() == [0, 1, 1, 3]
    other = inks._Values(area, light, color * np.array([[1, 1, 1], [1, 1, 1], [4, 1, 1], [1, 1, 1]]))
    assert inks._one_ink_in_other_light(other, true).tolist() == [0, 1, 2, 3]  # of another tint
