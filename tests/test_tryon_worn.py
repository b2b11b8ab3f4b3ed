"""What people wear as garments for others and for themselves: taken off, put on, and what stays with the giver."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.parsing import OptionError, Part, Person
from dressform.tryon.bench.figures import Figure
from dressform.tryon.bench.fit import measure_own
from dressform.tryon.bench.people import draw_people
from dressform.tryon.garment.cut import Cutout
from dressform.tryon.garment.drape import drape_garment
from dressform.tryon.garment.fit import Fit, fit_garment, target_landmarks
from dressform.tryon.garment.worn import cut_worn
from dressform.tryon.light import to_linear
from dressform.tryon.shape.panel import Panel
from dressform.tryon.shape.panels import split_panels
from dressform.tryon.shape.regions import find_region


def fitted(cut: Cutout, person: Person, region: str) -> tuple[Fit, tuple[Panel, ...]]:
    found = find_region(person, region)
    panels = split_panels(found, person)
    return fit_garment(cut, panels, target_landmarks(found, person, panels)), panels


@pytest.mark.parametrize("region", ["upper", "lower"])
def test_what_one_wears_goes_onto_another(region: str) -> None:
    giver, taker = Figure(raised=40, bend=50).trousers().shirt(), Figure().trousers().shirt()
    assert giver.person().parse.image is not None
    worn_part = Part.UPPER_CLOTHES if region == "upper" else Part.PANTS
    giver.image[giver.labels == worn_part] = (170, 40, 60)
    cut = cut_worn(giver.image, giver.person(), region)
    assert cut.kind == region and cut.image.shape == (*cut.alpha.shape, 3)
    names = {"upper": {"neck", "shoulder_L", "cuff_outer_R", "hem"}, "lower": {"crotch", "waist_L", "hem_inner_R"}}
    assert names[region] <= set(cut.landmarks)
    fit, panels = fitted(cut, taker.person(), region)
    assert fit.report.uncovered < 0.06 and fit.report.least_det > 0
    found = drape_garment(cut, fit, panels).rgb
    mask = np.logical_or.reduce([panel.mask for panel in panels])
    red = to_linear(np.uint8([[[170, 40, 60]]]))[0, 0]
    assert np.abs(found[mask] - red).max() < 0.05


@pytest.mark.parametrize(
    ("cloth", "region", "mean"), [("plain", "upper", 0.8), ("print", "upper", 1.2), ("plain", "lower", 0.8)]
)
def test_what_one_wears_stays_as_it_is_on_oneself(cloth: str, region: str, mean: float) -> None:
    score = measure_own(draw_people(420, 620, cloth=cloth, seed=2).people[0], region)
    assert score.mean < mean and score.p95 < 6 and score.lengths < 1e-3


def test_a_shirt_of_the_same_cut_fits() -> None:
    parse = draw_people(600, 420, people=2, seed=1)
    one, other = parse.people
    fit, _ = fitted(cut_worn(np.asarray(parse.image), other, "upper"), one, "upper")
    assert [length and round(length.share, 1) for length in fit.report.sleeves.values()] == [1, 1]
    assert fit.report.hem is not None and abs(fit.report.hem.share - 1) < 0.05
    assert fit.report.uncovered < 0.03 and fit.report.least_det > 0.2 and not fit.report.notes


def test_a_strap_and_what_it_hides_stay_with_the_giver() -> None:
    figure = Figure().shirt()
    figure.image[figure.labels == Part.UPPER_CLOTHES] = (240, 238, 236)
    figure.polygon([(118, 100), (128, 100), (204, 250), (192, 250)], Part.UPPER_CLOTHES, (30, 30, 32))
    cut = cut_worn(figure.image, figure.person(), "upper")
    inside = cut.image[cut.alpha > 0.99]
    assert (inside.min(1) > 0.5).mean() > 0.995
    figure.polygon([(172, 115), (194, 115), (194, 137), (172, 137)], Part.UPPER_CLOTHES, (30, 30, 32))  # a badge
    cut = cut_worn(figure.image, figure.person(), "upper")
    assert (cut.image[cut.alpha > 0.99].max(1) < 0.2).mean() > 0.01


def test_a_sleeve_that_is_hidden_is_the_other_one_mirrored() -> None:
    figure = Figure(raised=30).shirt()
    arm = figure.labels == Part.UPPER_CLOTHES
    arm[:, :212] = False
    figure.image[arm] = (24, 20, 18)  # a bag that the parser took for the shirt
    cut = cut_worn(figure.image, figure.person(), "upper")
    assert cut.parts is not None and set(cut.parts.limbs) == {"sleeve_R"}
    fit, _ = fitted(cut, Figure().shirt().person(), "upper")
    assert set(fit.report.methods.values()) == {"spline", "limb"} and fit.report.uncovered < 0.2


def test_only_clothes_that_have_a_cut_are_taken_off_people() -> None:
    figure = Figure().trousers().shirt()
    person = figure.person()
    with pytest.raises(OptionError, match="upper, lower, dress"):
        cut_worn(figure.image, person, "shoes")
    with pytest.raises(OptionError, match="photo of this person"):
        cut_worn(figure.image[:-1], person, "upper")
    with pytest.raises(OptionError, match="no 'dress'"):
        cut_worn(figure.image, person, "dress")
