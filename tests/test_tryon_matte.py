"""Soft edges: the border is found, hair and fingers stay, no old colour is left, and nothing depends on threads."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dressform.parsing import OptionError
from dressform.parsing.windows import window_slices
from dressform.tryon.bench.edge_scenes import CLOTHS, EdgeScene, draw_edges
from dressform.tryon.bench.edges import EdgeScore, measure_edges, measure_scene
from dressform.tryon.gather import Nearest, Pixels, disc_offsets, distance, grown, planes, shrunk
from dressform.tryon.light import to_linear
from dressform.tryon.matte.alpha import firm_protect, garment_alpha
from dressform.tryon.matte.color import foreground
from dressform.tryon.matte.cut import REACH, cut
from dressform.tryon.matte.strands import occluder_colors, strands
from dressform.tryon.pull_push import enlarged_at, pull_push, reduced
from dressform.tryon.shape.regions import GarmentRegion, find_region


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    count = cv2.getNumThreads()
    yield
    cv2.setNumThreads(count)


@cache
def scores() -> dict[str, EdgeScore]:
    return {score.cloth: score for score in measure_edges(seeds=(0,))}


@cache
def worn(cloth: str = "red") -> tuple[EdgeScene, GarmentRegion, np.ndarray]:
    scene = draw_edges(cloth)
    region = find_region(scene.person, "upper")
    return scene, region, np.ascontiguousarray(scene.photo[window_slices(region.window)])


def alpha_of(cloth: str = "red") -> np.ndarray:
    scene, region, photo = worn(cloth)
    return garment_alpha(photo, region, scene.person, protect=firm_protect(region, scene.person))


def test_borders_keep_what_was_measured() -> None:
    assert set(scores()) == {*CLOTHS, "mean"}
    mean = scores()["mean"]
    assert mean.old_left <= 0.04 and mean.delta_e <= 5.4 and mean.alpha_error <= 0.068
    assert all(score.astray <= 0.002 and score.old_left <= 0.08 for score in scores().values())
    plain = scores()["denim"]
    assert plain.delta_e <= 3.2 and plain.alpha_error <= 0.06


def test_borders_are_far_better_than_the_parsers() -> None:
    scene, region, _ = worn()
    truth = scene.alpha[window_slices(region.window)]
    border = (np.maximum(distance(truth >= 0.5), distance(truth < 0.5)) - 0.5) <= 1.5
    found, hard = (np.abs(alpha - truth)[border].mean() for alpha in (alpha_of(), region.mask))
    assert found < 0.2 * hard


def test_halved_colour_of_jpeg_leaves_little_of_the_old_colour() -> None:
    score = measure_scene(draw_edges("red", halved=True))
    assert score.old_left <= 0.05 and score.delta_e <= 6


@pytest.mark.parametrize("cloth", ["red", "white"])
def test_strands_and_fingers_stay_in_front(cloth: str) -> None:
    scene, region, _ = worn(cloth)
    truth = scene.alpha[window_slices(region.window)]
    alpha = alpha_of(cloth)
    hidden = shrunk(region.mask, 3) & (truth < 0.4)  # what the parser took for cloth, well inside
    assert np.count_nonzero(hidden) > 60
    assert alpha[hidden].mean() < 0.45
    between = ~grown(region.mask, 2) & (truth > 0.9)  # cloth that it took for hair and skin
    assert alpha[between].mean() > 0.6


def test_alpha_is_zero_where_it_must_be() -> None:
    scene, region, photo = worn()
    protect = firm_protect(region, scene.person)
    protect[100:140, 60:120] = True
    alpha = garment_alpha(photo, region, scene.person, protect=protect)
    assert alpha.dtype == np.float32 and alpha.shape == region.mask.shape
    assert alpha.min() >= 0 and alpha.max() == 1 and not alpha[protect].any()
    assert not alpha[distance(region.mask) > 4.6 * REACH + 8].any()
    assert not garment_alpha(photo, region, scene.person)[region.protect].any()


def test_alpha_is_the_same_on_any_number_of_threads() -> None:
    found = []
    for threads in (1, 2, 4):
        cv2.setNumThreads(threads)
        alpha = alpha_of("stripes")
        _, _, photo = worn("stripes")
        found.append((alpha.tobytes(), foreground(to_linear(photo), alpha).tobytes()))
    assert found[0] == found[1] == found[2]


def test_sixteen_bits_give_the_same_edges() -> None:
    scene, region, photo = worn()
    deep = photo.astype(np.uint16) * 257
    protect = firm_protect(region, scene.person)
    assert np.abs(garment_alpha(deep, region, scene.person, protect=protect) - alpha_of()).max() < 0.02


def test_misfits_are_refused() -> None:
    scene, region, photo = worn()
    with pytest.raises(OptionError, match="not the region's window"):
        garment_alpha(photo[:-1], region, scene.person)
    with pytest.raises(OptionError, match="not the region's window"):
        garment_alpha(photo.astype(np.float32), region, scene.person)
    with pytest.raises(OptionError, match="protect does not fit"):
        garment_alpha(photo, region, scene.person, protect=region.mask.astype(np.uint8))  # type: ignore[arg-type]


def test_firm_protect_is_what_the_user_and_others_have() -> None:
    scene, region, _ = worn()
    asked = np.zeros(scene.alpha.shape, np.bool_)
    asked[200:260] = True
    firm = firm_protect(region, scene.person, asked)
    at = window_slices(region.window)
    assert not (firm & region.mask).any() and (firm == (asked[at] & ~region.mask)).all()
    assert not firm_protect(region, scene.person).any()


@pytest.mark.parametrize("shift", [-5, 4])
def test_a_shifted_mask_moves_to_the_edge(shift: int) -> None:
    rng = np.random.default_rng(4)
    photo = np.full((80, 90, 3), 0.3, np.float32)
    photo[:, 40:] = (0.7, 0.2, 0.2)
    photo += rng.normal(0, 0.02, photo.shape).astype(np.float32)
    mask = np.zeros((80, 90), np.bool_)
    mask[:, 40 + shift :] = True
    prior = cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 5)
    everywhere, nowhere = np.ones_like(mask), np.zeros_like(mask)
    found = cut(photo, mask, prior, 4.0, everywhere, nowhere) > 0.5
    assert (found[:, 40:].mean(), found[:, :40].mean()) == (1, 0)
    assert (cut(photo, mask, prior, 4.0, nowhere, nowhere) == mask).all()


def test_a_strand_is_found_and_a_fold_is_none() -> None:
    light = np.full((60, 80, 3), 0.4, np.float32) * np.float32([1, 0.2, 0.2])
    light[:, 60:62] *= 0.6  # a fold
    hair = np.zeros((60, 80), np.bool_)
    hair[:12, 10:40] = True
    light[hair] = (0.03, 0.02, 0.01)
    light[12:50, 20] = (0.05, 0.025, 0.015)
    share = strands(light, ~hair, hair, occluder_colors(light, hair), 4.0)
    assert share[12:34, 20].min() > 0.5 and not share[:, 55:].any() and not share[hair].any()
    assert not strands(light, ~hair, np.zeros_like(hair), occluder_colors(light, hair), 4.0).any()
    assert occluder_colors(light, np.zeros_like(hair)).shape == (0, 3)


def test_the_garments_own_colour_is_found_at_its_border() -> None:
    alpha = np.clip((np.arange(60, dtype=np.float32) - 28) / 5, 0, 1)[None].repeat(40, axis=0)
    cloth, behind = np.float32([0.6, 0.05, 0.04]), np.float32([0.1, 0.2, 0.5])
    light = alpha[:, :, None] * cloth + (1 - alpha[:, :, None]) * behind
    found = foreground(light, alpha)
    soft = (alpha > 0.05) & (alpha < 1)
    assert np.abs(found[soft] - cloth).max() < 0.02
    assert (found[~((alpha > 0) & (alpha < 1))] == light[~((alpha > 0) & (alpha < 1))]).all()
    assert (foreground(light, np.ones_like(alpha)) == light).all()
    assert np.isfinite(foreground(light, np.full_like(alpha, 0.5))).all()


@settings(max_examples=40, deadline=None)
@given(hnp.arrays(np.bool_, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=12)))
def test_the_nearest_pixel_is_the_nearest(mask: np.ndarray) -> None:
    if not mask.any():
        return
    everywhere = Pixels.of(np.ones_like(mask))
    place = Nearest(mask)(everywhere.where)
    y, x = np.divmod(everywhere.where, mask.shape[1])
    found_y, found_x = np.divmod(place, mask.shape[1])
    assert mask.reshape(-1)[place].all()
    far = np.hypot(found_y - y, found_x - x).reshape(mask.shape)
    other = np.argwhere(mask)
    least = np.hypot(*(other[:, :, None] - np.stack([y, x])[None]).transpose(1, 0, 2)).min(axis=0)
    assert (far.reshape(-1) <= 1.05 * least + 0.1).all()  # the 5×5 chamfer distance is off by a few per cent


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(-12, 12), st.integers(-12, 12), st.integers(0, 99))
def test_neighbours_beyond_the_frame_are_its_last_pixels(h: int, w: int, dy: int, dx: int, seed: int) -> None:
    chosen = np.random.default_rng(seed).random((h, w)) < 0.5
    y, x = np.nonzero(chosen)
    wanted = np.clip(y + dy, 0, h - 1) * w + np.clip(x + dx, 0, w - 1)
    assert (Pixels.of(chosen).aside(dy, dx) == wanted).all()
    assert planes(np.zeros((h, w, 3), np.uint8), wanted).shape == (3, len(y))


def test_steps_over_a_disc_are_even_and_never_zero() -> None:
    steps = np.array(disc_offsets(10, 64))
    assert 50 <= len(steps) <= 64 and (np.hypot(*steps.T) >= 1).all() and np.abs(steps.mean(axis=0)).max() < 0.5
    assert np.hypot(*np.array(disc_offsets(10, 64, 4)).T).min() >= 4


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 17), st.integers(1, 17), st.integers(0, 99))
def test_gaps_are_filled_with_what_is_around(h: int, w: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.random((h, w, 2)).astype(np.float32)
    known = rng.random((h, w)) < 0.3
    filled = pull_push(np.where(known[:, :, None], values, np.float32(np.nan)), known)
    if not known.any():
        assert not filled.any()
        return
    assert (filled[known] == values[known]).all()
    low, high = values[known].min(axis=0), values[known].max(axis=0)
    assert (filled >= low - 1e-5).all() and (filled <= high + 1e-5).all()
    mean, weight = reduced(values, known, 2)
    assert mean.shape == ((h + 1) // 2, (w + 1) // 2, 2) and weight.max() == 1
    again = enlarged_at(pull_push(mean, weight), Pixels.of(~known), 2)
    assert np.abs(again - filled[~known]).max(initial=0) < 1e-4


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 9), st.integers(0, 99))
def test_squares_hold_the_means_of_what_is_known(h: int, w: int, factor: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values, known = rng.random((h, w, 3)).astype(np.float32), rng.random((h, w)) < 0.4
    mean, weight = reduced(values, known, factor)
    for i, j in np.ndindex(*weight.shape):
        at = np.s_[i * factor : (i + 1) * factor, j * factor : (j + 1) * factor]
        there = known[at]
        assert weight[i, j] == there.any()
        assert np.abs(mean[i, j] - (values[at][there].mean(axis=0) if there.any() else 0)).max() < 1e-4
