"""Light told apart from ink, against photos whose light is known."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
import pytest
import tryon_truth as truths
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.parsing.errors import OptionError
from dressform.tryon.shading.estimate import Shading, estimate_shading, relight

PLAIN, PRINTED = ("mid", "white", "black"), ("print", "stripes", "mono")
HEIGHT = 560


@lru_cache(maxsize=32)
def scene(kind: str, quality: int | None = 90, seed: int = 0, height: int = HEIGHT) -> truths.Truth:
    return truths.make_truth(kind, height=height, seed=seed, quality=quality)


@lru_cache(maxsize=32)
def shading(kind: str, quality: int | None = 90, seed: int = 0, height: int = HEIGHT) -> Shading:
    truth = scene(kind, quality, seed, height)
    return estimate_shading(truths.linear(truth.photo), truth.mask)


def core(mask: np.ndarray) -> np.ndarray:
    """The mask without the pixels that are partly background."""
    return cv2.erode(mask.view(np.uint8), np.ones((5, 5), np.uint8)).view(np.bool_)


def lit(truth: truths.Truth) -> np.ndarray:
    return truth.shade / np.percentile(truth.shade[truth.mask], 95)


def checks(shape: tuple[int, ...]) -> np.ndarray:
    """(h, w, 3) linear RGB of a new cloth with checks in two colours."""
    y, x = np.mgrid[: shape[0], : shape[1]] // 16
    return np.where(((y + x) % 2)[:, :, None], (0.7, 0.55, 0.2), (0.1, 0.3, 0.5)).astype(np.float32)


@pytest.mark.parametrize("quality", [90, 75])
@pytest.mark.parametrize("kind", PLAIN + PRINTED)
def test_folds_stay(kind: str, quality: int) -> None:
    truth = scene(kind, quality)
    found = truths.fold_correlation(relight(shading(kind, quality)), truth, core(truth.mask))
    assert found >= (0.98 if kind in PLAIN else 0.97 if quality == 90 else 0.95)


@pytest.mark.parametrize("quality", [90, 75])
@pytest.mark.parametrize("kind", PLAIN + PRINTED)
def test_new_cloth_has_its_own_colour(kind: str, quality: int) -> None:
    truth = scene(kind, quality)
    new, at = checks(truth.mask.shape), core(truth.mask)
    light = relight(shading(kind, quality))
    error = truths.delta_e(new * light[:, :, None], new * lit(truth)[:, :, None])[at]
    assert error.mean() <= 1.0
    assert np.percentile(error, 95) <= 2.5


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("kind", PRINTED)
def test_old_print_leaves_no_ghost(kind: str, seed: int) -> None:
    truth = scene(kind, 90, seed)
    steps = truths.ghost_steps(shading(kind, 90, seed).shade, truth, core(truth.mask))
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
        gaps = truths.delta_e(found.inks, np.broadcast_to(ink * light, found.inks.shape))
        assert gaps.min() <= 3
    wrong = np.zeros(truth.mask.shape, np.bool_)
    for k in range(len(found.inks)):
        own = found.labels == k
        if own.any():
            wrong |= own & (truth.labels != np.bincount(truth.labels[own]).argmax())
    assert wrong[truth.mask].mean() <= 0.02
    assert (found.labels[~truth.mask] == 255).all()


def test_size_changes_nothing_but_the_size() -> None:
    small, large = scene("print"), scene("print", 90, 0, 2 * HEIGHT)
    found = cv2.resize(shading("print", 90, 0, 2 * HEIGHT).shade, small.mask.shape[::-1], interpolation=cv2.INTER_AREA)
    assert truths.fold_correlation(found, small, core(small.mask)) >= 0.97
    at = core(large.mask)
    assert truths.fold_correlation(shading("print", 90, 0, 2 * HEIGHT).shade, large, at) >= 0.97


def test_clipped_highlights_go_on() -> None:
    truth = truths.make_truth("white", height=HEIGHT, light=1.5)
    found = estimate_shading(truths.linear(truth.photo), truth.mask)
    at = core(truth.mask)
    clipped = cv2.erode((truth.photo.min(2) >= 254).astype(np.uint8), np.ones((9, 9), np.uint8)).view(np.bool_) & at
    rim = cv2.dilate(clipped.view(np.uint8), np.ones((41, 41), np.uint8)).view(np.bool_) & at
    rim &= truth.photo.max(2) < 245
    assert clipped.sum() > 1000
    assert np.median(found.shade[clipped]) > np.percentile(found.shade[rim], 90)
    steps = np.abs(np.diff(np.log(found.shade), axis=1))[at[:, 1:] & at[:, :-1]]
    assert np.percentile(steps, 99.9) < 0.1
    assert np.isfinite(found.shade).all()


def test_light_goes_on_smoothly_outside() -> None:
    truth = scene("mid")
    log_shade = np.log(shading("mid").shade)
    near = cv2.dilate(truth.mask.view(np.uint8), np.ones((9, 9), np.uint8)).view(np.bool_)
    assert np.abs(np.diff(log_shade, axis=0))[near[1:] & ~truth.mask[1:]].max() < 0.3
    inside = cv2.blur(np.where(truth.mask, log_shade, 0), (15, 15)) / cv2.blur(truth.mask.astype(np.float32), (15, 15))
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
            again = estimate_shading(truths.linear(truth.photo), truth.mask)
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
