"""In which panels a garment is: torso and sleeves, legs, skirts, and pieces of no known build."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.parsing import OptionError, Part
from dressform.tryon.bench.figures import Figure
from dressform.tryon.shape.coords import map_cloth
from dressform.tryon.shape.flood import flood
from dressform.tryon.shape.panels import split_panels
from dressform.tryon.shape.regions import REGION_NAMES, available_regions, find_region
from dressform.tryon.shape.scale import measure_scale
from dressform.tryon.shape.skeleton import find_joints


@pytest.mark.parametrize("raised", [8, 40, 90, 150])
def test_sleeves_are_parted_from_the_torso(raised: float) -> None:
    figure = Figure(raised=raised).torso(Part.UPPER_CLOTHES)
    torso = figure.labels == Part.UPPER_CLOTHES
    figure.shirt()
    person = figure.person()
    region = find_region(person, "upper")
    panels = split_panels(region, person)
    assert [panel.name for panel in panels] == ["torso", "sleeve_L", "sleeve_R"]
    np.testing.assert_array_equal(np.sum([panel.mask for panel in panels], 0), region.mask)
    x0, y0 = region.window[:2]
    for panel, side in zip(panels[1:], (1, -1), strict=True):
        y, x = np.nonzero(panel.mask)
        beside = (x + x0 - 160) * side
        assert beside.min() > 20
        free = ~torso[y + y0, x + x0]
        assert free.mean() > 0.7
        elbow = np.int64(figure.joints[7 if side > 0 else 8, :2] - (x0, y0))
        assert panel.mask[elbow[1], elbow[0]]
        assert np.median(panel.radius) == pytest.approx(16, abs=3.5)


def test_short_sleeves_end_where_the_arm_is_bare() -> None:
    figure = Figure(raised=6).torso(Part.UPPER_CLOTHES)
    for k in (0, 1):
        figure.limb((5 + k, 7 + k, 9 + k), 11, Part.LEFT_ARM if k == 0 else Part.RIGHT_ARM)
        figure.limb((5 + k, 7 + k), 16, Part.UPPER_CLOTHES, share=0.5)
    figure.torso(Part.UPPER_CLOTHES)
    person = figure.person()
    panels = split_panels(find_region(person, "upper"), person)
    assert [panel.name for panel in panels] == ["torso", "sleeve_L", "sleeve_R"]
    y0 = find_region(person, "upper").window[1]
    assert all(np.flatnonzero(panel.mask.any(1))[-1] + y0 < 190 for panel in panels[1:])


def test_vests_have_no_sleeves_and_dresses_have_skirts() -> None:
    vest = Figure().limb((5, 7, 9), 10, Part.LEFT_ARM).limb((6, 8, 10), 10, Part.RIGHT_ARM)
    vest.polygon([(130, 104), (190, 104), (196, 160), (200, 250), (120, 250), (124, 160)], Part.UPPER_CLOTHES)
    person = vest.person()
    assert [panel.name for panel in split_panels(find_region(person, "upper"), person)] == ["torso"]
    dress = Figure(raised=75).limb((5, 7, 9), 10, Part.LEFT_ARM).limb((6, 8, 10), 10, Part.RIGHT_ARM)
    person = dress.torso(Part.DRESS, hem=400, flare=40).person()
    torso, skirt = split_panels(find_region(person, "dress"), person)
    assert (torso.name, skirt.name) == ("torso", "skirt")
    assert torso.frame is skirt.frame and skirt.frame.flare.max() > 0.1
    cloth = map_cloth((torso, skirt))
    assert cloth.least_det > 0
    x = torso.mask.shape[1] // 2
    assert np.abs(np.diff(cloth.uv[:, x], axis=0)[20:-20]).max() < 1.6  # no jump at the waist


def test_without_keypoints_there_is_one_piece_or_the_legs() -> None:
    person = Figure().shirt().trousers().person(keypoints=False)
    assert [panel.name for panel in split_panels(find_region(person, "upper"), person)] == ["whole"]
    assert sorted(panel.name for panel in split_panels(find_region(person, "lower"), person)) == ["leg_L", "leg_R"]
    assert map_cloth(split_panels(find_region(person, "upper"), person)).least_det > 0


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_any_parse_and_any_keypoints_give_sound_panels(seed: int, wild: bool) -> None:
    rng = np.random.default_rng(seed)
    figure = Figure(raised=float(rng.uniform(-40, 180)), bend=float(rng.uniform(-160, 160)))
    figure.trousers().shirt(Part.COAT if seed % 2 else Part.UPPER_CLOTHES)
    for _ in range(rng.integers(0, 5)):
        part = Part(int(rng.integers(1, 21)))
        figure.oval(tuple(rng.uniform(40, 400, 2)), tuple(rng.uniform(3, 60, 2)), part)
    if wild:
        figure.joints[:, :2] += rng.normal(0, rng.uniform(0, 120), (17, 2)).astype(np.float32)
        figure.joints[:, 2] = rng.uniform(0, 1, 17)
    person = figure.person()
    there = available_regions(person)
    for name in REGION_NAMES:
        try:
            region = find_region(person, name)
        except OptionError:
            assert name not in there
            continue
        assert name in there
        panels = split_panels(region, person)
        np.testing.assert_array_equal(np.sum([panel.mask for panel in panels], 0), region.mask)
        cloth = map_cloth(panels, seam="continuous" if seed % 3 else "sewn")
        assert np.isfinite(cloth.uv).all() and np.isfinite(cloth.footprint).all()
        assert (cloth.panel[region.mask] > 0).all()
        assert 0.05 < measure_scale(person, region).pixels_per_cm < 100


def test_large_photos_give_the_same_panels() -> None:
    figure = Figure(raised=30).shirt()
    person = figure.person()
    small = split_panels(find_region(person, "upper"), person)
    figure.labels = cv2.resize(figure.labels, None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST)
    figure.image = cv2.resize(figure.image, None, fx=3, fy=3, interpolation=cv2.INTER_NEAREST)
    figure.joints[:, :2] *= 3
    person = figure.person()
    large = split_panels(find_region(person, "upper"), person)
    assert [panel.name for panel in large] == [panel.name for panel in small]
    for a, b in zip(small, large, strict=True):
        assert np.median(b.radius) / np.median(a.radius) == pytest.approx(3, rel=0.04)
        assert b.mask.sum() / a.mask.sum() == pytest.approx(9, rel=0.05)


def test_hats_are_turned_as_the_head_is() -> None:
    figure = Figure().shirt().oval((160, 30), (40, 16), Part.HAT)
    figure.joints[1], figure.joints[2] = (168, 58, 0.9), (152, 42, 0.9)  # the subject's left eye lies lower
    person = figure.person()
    joints = find_joints(person)
    assert joints is not None
    np.testing.assert_allclose(joints.head_down, [-(0.5**0.5), 0.5**0.5], atol=1e-5)
    (hat,) = split_panels(find_region(person, "hat"), person)
    way = hat.axis[-1] - hat.axis[0]
    np.testing.assert_allclose(way / np.linalg.norm(way), joints.head_down, atol=1e-3)
    figure.joints[1, 2] = 0
    (plain,) = split_panels(find_region(figure.person(), "hat"), figure.person())
    way = plain.axis[-1] - plain.axis[0]
    np.testing.assert_allclose(way / np.linalg.norm(way), [0, 1], atol=0.02)


def test_borders_lie_at_edges_and_half_way_where_there_is_none() -> None:
    inside, seeds = np.ones((60, 100), np.bool_), np.zeros((60, 100), np.int32)
    seeds[:, :10], seeds[:, 90:] = 1, 2
    slope = np.linspace(60, 200, 100)[None, :, None].repeat(60, 0).repeat(3, 2)  # shading is no edge
    noise = np.random.default_rng(0).normal(0, 2, (60, 100, 3))
    shaded = flood((slope + noise).astype(np.uint8), inside, seeds)
    assert np.abs((shaded == 1).sum(1) - 50).max() <= 4
    slope[:, 70:] -= 50
    parted = flood((slope + noise).astype(np.uint8), inside, seeds)
    assert np.abs((parted == 1).sum(1) - 70).max() <= 2
    assert (flood(None, inside, seeds) > 0).all()
