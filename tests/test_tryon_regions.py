"""Which pixels a garment has, what must stay, and in which panels it is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from dressform.parsing import OptionError, Parse, Part, Person
from dressform.parsing.result import Observation
from dressform.tryon.bench.figures import COLORS, Figure
from dressform.tryon.shape.panels import split_panels
from dressform.tryon.shape.regions import GarmentRegion, available_regions, find_region
from dressform.tryon.shape.scale import measure_scale

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


def test_scale_by_shoulders_torso_and_head() -> None:
    figure = Figure().shirt()
    person = figure.person()
    region = find_region(person, "upper")
    scale = measure_scale(person, region)
    assert (scale.source, scale.shoulder) == ("shoulders", pytest.approx(90, abs=0.1))
    assert measure_scale(person, region).pixels_per_cm == pytest.approx(90 / 40)
    figure.joints[5, 0], figure.joints[6, 0] = 170, 150  # from the side
    aside = figure.person()
    assert measure_scale(aside, region).source == "torso"
    assert measure_scale(aside, region).pixels_per_cm == pytest.approx(120 / 52, rel=0.05)
    head = Figure().shirt().person(keypoints=False)
    assert measure_scale(head, region).source == "head"
    assert measure_scale(head, region).pixels_per_cm == pytest.approx(68 / 23, rel=0.08)
