"""Which pixels a garment has, what must stay, and in which panels it is."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tryon_shapes import COLORS, Figure

from dressform.parsing import OptionError, Parse, Part, Person
from dressform.parsing.result import Observation
from dressform.tryon.shape.coords import map_cloth
from dressform.tryon.shape.panels import split_panels
from dressform.tryon.shape.regions import REGION_NAMES, GarmentRegion, available_regions, find_region
from dressform.tryon.shape.scale import cloth_scale, measure_scale

Mask = npt.NDArray[np.bool_]


def whole(region: GarmentRegion, person: Person) -> Mask:
    """The region's mask in the photo."""
    out = np.zeros(person.parse.labels.shape, np.bool_)
    x0, y0, x1, y1 = region.window
    out[y0:y1, x0:x1] = region.mask
    return out


def suited() -> Figure:
    """Shirt, open coat, trousers and shoes."""
    figure = Figure().trousers().shirt()
    x = figure.labels.shape[1] / 2
    for side in (-1, 1):
        front = [(x + 14 * side, 106), (x + 50 * side, 104), (x + 48 * side, 300), (x + 20 * side, 300)]
        figure.polygon(front, Part.COAT)
        k = 0 if side > 0 else 1
        figure.limb((5 + k, 7 + k, 9 + k), 17, Part.COAT)
        figure.oval((x + 34 * side, 470), (20, 10), Part.LEFT_SHOE if side > 0 else Part.RIGHT_SHOE)
    return figure


def test_regions_are_what_the_labels_say() -> None:
    person = suited().person()
    for name, parts in {
        "upper": (Part.UPPER_CLOTHES, Part.COAT),
        "coat": Part.COAT,
        "outer": Part.COAT,
        "inner": Part.UPPER_CLOTHES,
        "lower": Part.PANTS,
        "shoes": (Part.LEFT_SHOE, Part.RIGHT_SHOE),
        "outfit": (Part.UPPER_CLOTHES, Part.COAT, Part.PANTS),
    }.items():
        region = find_region(person, name)
        np.testing.assert_array_equal(whole(region, person), person.mask(parts), err_msg=name)
        assert region.name == ("coat" if name == "outer" else name)
        assert not (region.mask & region.protect).any()
        x0, y0, x1, y1 = region.window
        labelled = person.parse.labels[y0:y1, x0:x1] > 0
        np.testing.assert_array_equal(region.protect, labelled & ~region.mask)
        assert not region.mask[[0, -1]].any() or y0 == 0 or y1 == 520
    assert available_regions(person) == ("upper", "lower", "coat", "inner", "shoes", "outfit")


def test_what_is_not_there_is_said() -> None:
    person = Figure().shirt().person()
    with pytest.raises(OptionError, match="no 'lower' on this person") as caught:
        find_region(person, "lower")
    assert "upper-clothes" in str(caught.value.got)
    assert caught.value.allowed == "upper, inner, outfit"
    with pytest.raises(OptionError, match="unknown region"):
        find_region(person, "cape")
    nobody = Parse(np.zeros((9, 9), np.uint8), np.zeros((9, 9), np.uint16), (Observation((0, 0, 1, 1), 0.5),)).people[0]
    with pytest.raises(OptionError, match="no visible parts"):
        find_region(nobody, "upper")


def test_too_little_cloth_is_refused() -> None:
    figure = Figure().shirt()
    small = figure.polygon([(150, 20), (158, 20), (158, 30), (150, 30)], Part.HAT).person()
    with pytest.raises(OptionError, match="too small") as caught:
        find_region(small, "hat")
    assert "pixels" in str(caught.value.got) and "400" in str(caught.value.allowed)
    narrow = Figure().polygon([(150, 200), (156, 200), (156, 400), (150, 400)], Part.UPPER_CLOTHES).person()
    with pytest.raises(OptionError, match="too small"):
        find_region(narrow, "upper")


def test_everything_else_is_protected() -> None:
    figure = Figure().shirt()
    figure.limb((6, 8, 10), 9, Part.RIGHT_ARM).oval((200, 160), (20, 60), Part.HAIR).oval(
        (130, 240), (18, 14), Part.BAG
    )
    who = (figure.labels > 0).astype(np.uint16)
    who[200:230, 140:190] = 2  # somebody's hand with a sleeve of their own in front
    mine = np.zeros(figure.labels.shape, np.bool_)
    mine[130:150, 150:170] = True
    person = figure.person(instances=who)
    region = find_region(person, "upper", mine)
    mask = whole(region, person)
    for part in (Part.RIGHT_ARM, Part.HAIR, Part.BAG):
        assert not (mask & (figure.labels == part)).any()
    assert not (mask & (who == 2)).any() and not (mask & mine).any()
    x0, y0, x1, y1 = region.window
    for kept in (figure.labels == Part.HAIR, who == 2, mine):
        assert region.protect[kept[y0:y1, x0:x1]].all()
    for bad in (mine[1:], mine.astype(np.uint8)):
        with pytest.raises(OptionError, match="protect does not fit"):
            find_region(person, "upper", bad)
    with pytest.raises(OptionError, match="protect less"):
        find_region(person, "upper", np.ones_like(mine))


def test_crumbs_go_and_pinholes_are_filled() -> None:
    figure = Figure().shirt()
    clean = figure.labels == Part.UPPER_CLOTHES
    figure.labels[20:23, 20:23] = Part.UPPER_CLOTHES
    for y, x, part in ((160, 150, Part.BACKGROUND), (180, 170, Part.FACE), (200, 150, Part.PANTS)):
        figure.labels[y : y + 3, x : x + 3] = part
    who = np.ones(figure.labels.shape, np.uint16)
    who[figure.labels == 0] = 0
    who[220:223, 160:163] = 2  # a hole in which somebody else is seen stays
    person = figure.person(instances=who)
    clean[220:223, 160:163] = False
    np.testing.assert_array_equal(whole(find_region(person, "upper"), person), clean)
    keep = np.zeros_like(clean)
    keep[160:163, 150:153] = True
    assert not (whole(find_region(person, "upper", keep), person) & keep).any()


def test_pieces_of_one_cloth_are_joined() -> None:
    figure = Figure().shirt(Part.COAT)
    whole_coat = figure.labels == Part.COAT
    color = COLORS[Part.COAT]
    figure.polygon([(112, 110), (150, 110), (150, 180), (112, 180)], Part.UPPER_CLOTHES, color)
    person = figure.person()
    np.testing.assert_array_equal(whole(find_region(person, "coat"), person), whole_coat)
    figure.polygon([(112, 110), (150, 110), (150, 180), (112, 180)], Part.UPPER_CLOTHES, (230, 225, 220))
    other = figure.person()
    assert not (whole(find_region(other, "coat"), other) & (figure.labels == Part.UPPER_CLOTHES)).any()
    blind = Parse(person.parse.labels, person.parse.instances, person.parse.observations).people[0]
    np.testing.assert_array_equal(whole(find_region(blind, "coat"), blind), blind.mask(Part.COAT))


def test_a_dress_alone_is_parted_at_the_waist() -> None:
    figure = Figure().torso(Part.DRESS, hem=400, flare=40)
    person = figure.person()
    upper, lower = (whole(find_region(person, name), person) for name in ("upper", "lower"))
    assert not (upper & lower).any()
    np.testing.assert_array_equal(upper | lower, person.mask(Part.DRESS))
    assert 195 < np.flatnonzero(lower.any(1))[0] < 225
    np.testing.assert_array_equal(whole(find_region(person, "dress"), person), person.mask(Part.DRESS))
    # Trousers of another colour below a dress are the lower garment, and the dress none of it.
    both = Figure().trousers().torso(Part.DRESS, hem=320).person()
    np.testing.assert_array_equal(whole(find_region(both, "lower"), both), both.mask(Part.PANTS))


def test_a_skirt_called_a_dress_is_a_skirt() -> None:
    figure = (
        Figure().polygon([(118, 226), (202, 226), (240, 400), (80, 400)], Part.DRESS).torso(Part.UPPER_CLOTHES, hem=225)
    )
    person = figure.person()
    np.testing.assert_array_equal(whole(find_region(person, "lower"), person), person.mask(Part.DRESS))
    assert [panel.name for panel in split_panels(find_region(person, "lower"), person)] == ["skirt"]


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
    for name in REGION_NAMES:
        try:
            region = find_region(person, name)
        except OptionError:
            continue
        panels = split_panels(region, person)
        np.testing.assert_array_equal(np.sum([panel.mask for panel in panels], 0), region.mask)
        cloth = map_cloth(panels, seam="continuous" if seed % 3 else "sewn")
        assert np.isfinite(cloth.uv).all() and np.isfinite(cloth.footprint).all()
        assert (cloth.panel[region.mask] > 0).all()
        assert 0.05 < measure_scale(person, region).pixels_per_cm < 100


def test_scale_by_shoulders_torso_and_head() -> None:
    figure = Figure().shirt()
    person = figure.person()
    region = find_region(person, "upper")
    scale = measure_scale(person, region)
    assert (scale.source, scale.shoulder) == ("shoulders", pytest.approx(90, abs=0.1))
    assert cloth_scale(person, region) == pytest.approx(90 / 40)
    figure.joints[5, 0], figure.joints[6, 0] = 170, 150  # from the side
    aside = figure.person()
    assert measure_scale(aside, region).source == "torso"
    assert cloth_scale(aside, region) == pytest.approx(120 / 52, rel=0.05)
    head = Figure().shirt().person(keypoints=False)
    assert measure_scale(head, region).source == "head"
    assert cloth_scale(head, region) == pytest.approx(68 / 23, rel=0.08)


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
