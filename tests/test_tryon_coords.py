"""Coordinates on cloth: bent tubes, cones and seams with known truth, and that nothing ever folds over."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.parsing import OptionError
from dressform.tryon.bench.coordinates import measure_armhole, measure_armholes, measure_tube
from dressform.tryon.bench.figures import Figure
from dressform.tryon.bench.tubes import RADIUS, draw_tube, misplaced
from dressform.tryon.shape.axis import fit_axis
from dressform.tryon.shape.coords import determinants, map_cloth, panel_coordinates
from dressform.tryon.shape.fold_shift import MOST_STRENGTH, shift_folds
from dressform.tryon.shape.frames import Frame, make_frame
from dressform.tryon.shape.grid_solve import integrate, pillow
from dressform.tryon.shape.panel import Panel
from dressform.tryon.shape.panels import split_panels
from dressform.tryon.shape.regions import find_region

Floats = npt.NDArray[np.float64]


def tube_panel(frame: Frame, mask: npt.NDArray[np.bool_]) -> Panel:
    return Panel("sleeve_L", mask, frame)


@pytest.mark.parametrize("elbow", [False, True])
@pytest.mark.parametrize("taper", [0.0, 0.35])
@pytest.mark.parametrize("bend", [0, 35, 60, 90])
def test_texture_lies_where_it_should_on_bent_tubes(bend: float, taper: float, elbow: bool) -> None:
    truth = draw_tube(bend, taper, elbow=elbow, turn=bend / 3, seed=int(bend))
    score = measure_tube(truth)
    assert score.mean <= 0.02
    assert score.p95 <= 0.06
    assert score.repeat <= 0.03
    assert score.least_det > 0


@pytest.mark.parametrize("bend", [0, 60])
def test_small_tubes_too(bend: float) -> None:
    score = measure_tube(draw_tube(bend, 0.2, shrink=0.25), radius=0.25 * RADIUS)
    assert score.mean <= 0.04  # a pixel is 7 % of the radius here
    assert score.least_det > 0


def test_what_lies_in_front_does_not_change_the_mapping() -> None:
    truth = draw_tube(25, 0.1, noise=0)
    free = make_frame(fit_axis(truth.joints, truth.mask))
    arm = np.zeros(truth.mask.shape, np.uint8)
    cv2.line(arm, (180, 250), (345, 420), 1, 70)  # over the left side and the middle
    cv2.line(arm, (390, 130), (390, 230), 1, 60)  # something hangs over the right side
    hidden = (arm > 0) & truth.mask
    seen = truth.mask & ~hidden
    blocked = make_frame(fit_axis(truth.joints, seen, arm > 0))
    one, other = (panel_coordinates(tube_panel(frame, truth.mask)) for frame in (free, blocked))
    error, _ = misplaced(one[seen].astype(np.float64), other[seen])
    assert error.mean() <= 0.02 * RADIUS
    assert np.quantile(error, 0.95) <= 0.06 * RADIUS


def dressed(raised: float, bend: float = 0.0) -> tuple[Panel, ...]:
    person = Figure(raised=raised, bend=bend).shirt().person()
    return split_panels(find_region(person, "upper"), person)


def test_armholes_of_one_piece_of_cloth() -> None:
    *scores, worst = measure_armholes()
    assert len(scores) == 10
    assert worst.gap <= 2
    assert worst.scale <= 0.05
    assert worst.angle <= 5
    assert worst.least_det > 0


@pytest.mark.parametrize("raised", [8, 35, 90])
def test_sewn_sleeves_are_in_step_and_run_along_the_arm(raised: float) -> None:
    panels = dressed(raised)
    cloth = map_cloth(panels)
    assert cloth.least_det > 0
    for panel in panels:
        if panel.seam is None:
            continue
        gaps, scales, _ = measure_armhole(panel, cloth, panels)
        assert len(gaps) >= 5 and gaps.min() <= 2
        assert np.median(np.abs(scales - 1)) <= 0.05
        x, y = np.int64(panel.axis[len(panel.axis) // 2])
        assert panel.mask[y, x]
        way = panel.axis[-10] - panel.axis[10]
        way /= np.linalg.norm(way)
        step = cloth.uv[np.int64(y + 6 * way[1]), np.int64(x + 6 * way[0])] - cloth.uv[y, x]
        assert abs(np.degrees(np.arctan2(step[0], step[1]))) < 14  # a pixel in six


def test_legs_are_continuous_at_the_hips() -> None:
    person = Figure().shirt().trousers().person()
    region = find_region(person, "lower")
    panels = split_panels(region, person)
    assert sorted(p.name for p in panels) == ["leg_L", "leg_R"]
    cloth = map_cloth(panels)
    assert cloth.least_det > 0
    y = 262 - region.window[1]
    row = cloth.uv[y][panels[0].mask[y] | panels[1].mask[y]]
    assert len(row) > 60
    assert np.abs(np.diff(row[:, 1])).max() < 1
    assert np.diff(row[:, 0]).min() > 0.5 and np.diff(row[:, 0]).max() < 4


def test_a_cone_is_laid_flat() -> None:
    """A skirt of 20° flare against the sector of a ring that it is cut from."""
    n, slope = 60, np.tan(np.radians(20))
    radius = 40 + slope * np.arange(n) * 5.0
    axis = np.stack([np.full(n, 200.0), 20 + np.arange(n) * 5.0], 1).astype(np.float32)
    sine = np.sin(np.radians(20))
    frame = Frame(axis, radius.astype(np.float32), np.zeros(n, np.float32), np.full(n, sine, np.float32))
    y, x = np.mgrid[0:330, 0:400] + 0.5
    half = 40 + slope * (y - 20)
    mask = (y > 20) & (y < 310) & (np.abs(x - 200) < 0.9 * half)
    found = panel_coordinates(Panel("skirt", mask, frame))
    angle, slant = np.arcsin(np.clip((x - 200) / half, -1, 1)) * sine, half / sine
    truth = np.stack([slant * np.sin(angle), slant * np.cos(angle)], -1)
    error, scale = misplaced(truth[mask], found[mask])
    assert error.mean() <= 0.02 * 90
    assert scale == pytest.approx(1, abs=0.01)
    assert determinants(found)[mask].min() > 0


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.integers(1, 5))
def test_a_sheet_of_any_outline_never_folds_over(seed: int, blobs: int) -> None:
    rng = np.random.default_rng(seed)
    canvas = np.zeros((150, 130), np.uint8)
    for _ in range(blobs):
        centre, axes = rng.integers(25, 105, 2), rng.integers(4, 50, 2)
        cv2.ellipse(canvas, centre.tolist(), axes.tolist(), float(rng.uniform(0, 180)), 0, 360, 1, -1)
    mask = canvas > 0
    line = np.stack([np.full(8, 60.0), np.linspace(10, 140, 8)], 1).astype(np.float32)
    zeros = np.zeros(8, np.float32)
    panel = Panel("whole", mask, Frame(line, zeros + 20, zeros, zeros), backing=mask)
    cloth = map_cloth([panel])
    assert np.isfinite(cloth.uv).all()
    assert cloth.least_det > 0


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.1, 40), st.floats(0, MOST_STRENGTH))
def test_folds_never_turn_cloth_over(seed: int, depth: float, strength: float) -> None:
    truth = draw_tube(60, 0.2, shrink=0.4)
    cloth = map_cloth([tube_panel(make_frame(fit_axis(truth.joints, truth.mask)), truth.mask)])
    noise = np.random.default_rng(seed).normal(size=truth.mask.shape).astype(np.float32)
    fold = depth * cv2.GaussianBlur(noise, (0, 0), 2.0)
    width = 2 * 0.4 * RADIUS
    out = shift_folds(cloth.uv, fold, truth.mask, width, strength=strength)
    assert determinants(out)[cv2.erode(truth.mask.astype(np.uint8), np.ones((3, 3))) > 0].min() > 0
    moved = np.linalg.norm(out - cloth.uv, axis=2)[truth.mask]
    assert moved.max() <= 3.2 * strength * width + 1e-3  # cloth that turns away is up to three times as dense


def test_folds_move_threads() -> None:
    uv = np.stack(np.meshgrid(np.arange(200.0), np.arange(200.0)), -1).astype(np.float32)
    fold = 0.3 * np.sin(np.arange(200) / 12).astype(np.float32)[None].repeat(200, 0)
    mask = np.ones((200, 200), np.bool_)
    out = shift_folds(uv, fold, mask, 200.0, strength=MOST_STRENGTH)
    moved = (uv - out)[60:140, 60:140]
    assert 1.0 < np.abs(moved[..., 0]).max() <= 3.0
    assert np.abs(moved[..., 1]).max() < 0.05
    slope = np.gradient(fold, axis=1)[60:140, 60:140]
    assert np.corrcoef(moved[..., 0].ravel(), slope.ravel())[0, 1] > 0.9
    np.testing.assert_array_equal(shift_folds(uv, np.zeros_like(fold), mask, 200.0), uv)
    for bad in (-0.1, 0.02, float("nan")):
        with pytest.raises(OptionError):
            shift_folds(uv, fold, mask, 200.0, strength=bad)
    with pytest.raises(OptionError):
        shift_folds(uv, fold[1:], mask, 200.0)


def test_integrate_finds_the_field() -> None:
    y, x = np.mgrid[0:30, 0:40] / 10.0
    field = np.stack([x**2 - y, np.sin(x) * y])
    inside = (x - 2) ** 2 + (y - 1.5) ** 2 < 1.6
    found = integrate(np.diff(field, axis=2), np.diff(field, axis=1), inside)
    gap = (found - field)[:, inside]
    assert np.abs(gap - gap.mean(1, keepdims=True)).max() < 1e-3


def test_a_long_pillow_is_half_a_tube() -> None:
    inside = np.zeros((120, 33), np.bool_)
    inside[2:-2, 2:-2] = True
    height = pillow(inside)[60]
    x = np.arange(33) - 16
    np.testing.assert_allclose(height, np.sqrt(np.maximum(15.0**2 - x**2, 0)), atol=0.5)


def test_bad_options() -> None:
    panels = dressed(20)
    with pytest.raises(OptionError, match="sewn, continuous"):
        map_cloth(panels, seam="glued")
    with pytest.raises(OptionError):
        map_cloth([])


def test_the_same_bytes_on_any_number_of_threads() -> None:
    before = cv2.getNumThreads()
    try:
        results = []
        for threads in (1, 2, 4):
            cv2.setNumThreads(threads)
            results.append(map_cloth(dressed(35, 40), seam="continuous").uv.tobytes())
    finally:
        cv2.setNumThreads(before)
    assert len(set(results)) == 1
