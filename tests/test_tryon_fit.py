"""Garments put on people: where their cloth lies, what is said about it, and what others wear as a garment."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.parsing import OptionError, Part, Person
from dressform.tryon.bench.figures import Figure
from dressform.tryon.bench.fit import FLATS, measure_worn, placed, put_on, worn_photo
from dressform.tryon.bench.flat_garments import photo
from dressform.tryon.bench.worn_garments import worn
from dressform.tryon.garment.cut import Cutout, GarmentPhoto, cut_out
from dressform.tryon.garment.dominant import dominant_color
from dressform.tryon.garment.drape import drape_garment
from dressform.tryon.garment.fit import Fit, fit_garment, target_landmarks
from dressform.tryon.garment.fit_report import Length, length_note, match_length
from dressform.tryon.garment.fit_trunk import jacobian
from dressform.tryon.garment.folds import bent, push_in_window
from dressform.tryon.garment.reading import footprints, make_reading
from dressform.tryon.garment.tps import fit_plate, solve
from dressform.tryon.garment.worn import cut_worn
from dressform.tryon.light import to_linear
from dressform.tryon.shape.coords import ClothMap
from dressform.tryon.shape.panel import Panel
from dressform.tryon.shape.panels import split_panels
from dressform.tryon.shape.regions import find_region

Bytes = npt.NDArray[np.uint8]


def cut_flat(name: str, *, scale: float = 1.5, **look: object) -> Cutout:
    flat, size = placed(FLATS[name], scale=scale)
    return cut_out(GarmentPhoto(photo(flat, size, **look)))  # type: ignore[arg-type]


def fitted(cut: Cutout, person: Person, region: str) -> tuple[Fit, tuple[Panel, ...]]:
    found = find_region(person, region)
    panels = split_panels(found, person)
    return fit_garment(cut, panels, target_landmarks(found, person, panels)), panels


@pytest.mark.parametrize(
    "scene",
    [{"bend": 70}, {"bend": 5, "seed": 1}, {"bend": -60, "seed": 3}, {"sleeve": 50, "bend": 10, "seed": 4}],
    ids=["bent", "straight", "up", "short"],
)
def test_cloth_lies_where_it_should_better_than_by_one_spline_or_by_the_box(scene: dict[str, float]) -> None:
    score = measure_worn(worn(**scene))  # type: ignore[arg-type]
    assert score.own < 0.012 and score.own < 0.6 * score.plate and score.own < 0.2 * score.box
    assert score.stripes < 3 and score.least_det > 0.1


@settings(max_examples=4, deadline=None, derandomize=True)
@given(
    st.integers(0, 99), st.floats(-70, 110), st.floats(45, 120), st.floats(0.8, 1.5), st.floats(0.75, 1.1),
    st.floats(0.9, 1.2),
)  # fmt: skip
def test_whoever_wears_it_nothing_is_folded_over(
    seed: int, bend: float, sleeve: float, zoom: float, width: float, tall: float
) -> None:
    scene = worn(seed=seed, bend=bend, sleeve=sleeve, zoom=zoom, width=width, tall=tall)
    fit = put_on(scene, worn_photo(scene))
    assert all(np.isfinite(part.source).all() for part in fit.panels)
    assert fit.report.least_det > 0 and fit.report.uncovered < 0.1
    assert fit.report.methods["torso"] == "spline"


def test_draped_stripes_are_those_of_the_photo() -> None:
    scene = worn()
    cut = worn_photo(scene)
    found = drape_garment(cut, put_on(scene, cut), scene.panels)
    assert found.coverage is None and found.rgb.dtype == np.float32
    assert np.isfinite(found.rgb).all() and found.rgb.min() >= 0 and found.rgb.max() <= 1
    torso = scene.panels[0]
    inner = cv2.erode(torso.mask.astype(np.uint8), np.ones((15, 15), np.uint8)) > 0
    band = np.floor(scene.truth["torso"][..., 1] / 9)
    edge = np.abs(scene.truth["torso"][..., 1] / 9 - np.rint(scene.truth["torso"][..., 1] / 9)) > 0.25
    red = found.rgb[..., 0]
    light, dark = (red[inner & edge & (band % 2 == k)] for k in (0, 1))
    assert np.median(light) > 0.6 and np.median(dark) < 0.04
    assert (light > 0.3).mean() > 0.97 and (dark < 0.3).mean() > 0.97


def test_fine_stripes_seen_from_afar_have_no_moire() -> None:
    cut = cut_flat("tee", scale=6.0, stripes=2, noise=0)
    figure = Figure().shirt()
    fit, panels = fitted(cut, figure.person(), "upper")
    found = drape_garment(cut, fit, panels)
    inner = cv2.erode(panels[0].mask.astype(np.uint8), np.ones((21, 21), np.uint8)) > 0
    grey = found.rgb[..., 1][inner & fit.covered]
    assert grey.std() < 0.03 and 0.2 < grey.mean() < 0.6


def test_what_has_no_cloth_gets_the_colour_that_prevails_there() -> None:
    cut = cut_flat("vest", cloth=(180, 40, 50), noise=0)
    fit, panels = fitted(cut, Figure().shirt().person(), "upper")
    found = drape_garment(cut, fit, panels).rgb
    red = to_linear(np.uint8([[[180, 40, 50]]]))[0, 0]
    mask = np.logical_or.reduce([panel.mask for panel in panels])
    assert 0.3 < fit.report.uncovered < 0.8
    assert np.abs(found[mask] - red).max() < 0.08
    assert np.abs(found[panels[1].mask] - red).mean() < 0.03
    assert set(fit.report.methods.values()) == {"spline", "none"}


def test_the_report_says_in_words_what_does_not_fit() -> None:
    figure = Figure().shirt()
    notes = fitted(cut_flat("vest"), figure.person(), "upper")[0].report.notes
    assert "the garment has no sleeve on the left, the person wears one" in notes
    assert any("has no cloth" in note for note in notes)
    short = fitted(cut_flat("tee"), figure.person(), "upper")[0].report
    assert any("sleeve on the right: the garment covers" in note for note in short.notes)
    assert short.sleeves["L"] is not None and short.sleeves["L"].reach < 0.9
    dress = fitted(cut_flat("dress"), figure.person(), "upper")[0].report
    assert any(note.startswith("length of the body: only") for note in dress.notes)
    assert dress.hem is not None and dress.hem.used < 0.8
    bare = Figure(raised=30).torso(Part.UPPER_CLOTHES)
    for joints, arm in (((5, 7, 9), Part.LEFT_ARM), ((6, 8, 10), Part.RIGHT_ARM)):
        bare.limb(joints, 13, arm)
    notes = fitted(cut_flat("longsleeve"), bare.person(), "upper")[0].report.notes
    assert "the garment's sleeves are left out, the person wears none" in notes


def test_lengths_are_stretched_only_as_far_as_that_looks_right() -> None:
    assert match_length(100, 100) == Length(1, 1, 1, 1)
    assert match_length(110, 100).scale == pytest.approx(1.1)
    assert match_length(50, 100).used == pytest.approx(0.5)
    short = match_length(200, 100, (0.9, 1.25))
    assert (
        short.scale == 1.25 and short.reach == pytest.approx(0.625) and "62% of what is worn" in length_note("x", short)
    )
    assert length_note("x", match_length(100, 100)) == ""


@pytest.mark.parametrize(
    ("name", "region", "words"),
    [
        ("trousers", "upper", "onto a top or dress; got trousers"),
        ("tee", "lower", "onto trousers or a skirt; got a top"),
        ("skirt", "lower", "onto trousers; got a skirt"),
    ],
)
def test_garments_of_another_kind_are_refused(name: str, region: str, words: str) -> None:
    person = Figure().trousers().shirt().person()
    with pytest.raises(OptionError, match=words):
        fitted(cut_flat(name), person, region)


def test_bad_calls_are_refused() -> None:
    cut = cut_flat("tee")
    fit, panels = fitted(cut, Figure().shirt().person(), "upper")
    with pytest.raises(OptionError, match="no panels"):
        fit_garment(cut, [], {})
    with pytest.raises(OptionError, match="0 to 1"):
        fit_garment(cut, panels, {}, roundness=2)
    with pytest.raises(OptionError, match="other panels"):
        drape_garment(cut, fit, panels[:1])
    with pytest.raises(OptionError, match="pairs of points"):
        fit_plate([[0, 0], [1, 1]], [[0, 0], [1, 1]])
    with pytest.raises(OptionError, match="on a line"):
        fit_plate([[0, 0], [1, 1], [2, 2]], [[0, 0], [1, 1], [2, 2]])
    with pytest.raises(OptionError, match="single solution"):
        solve(np.ones((2, 2)), np.ones((2, 1)))


def test_the_same_bytes_with_any_number_of_threads() -> None:
    cut, person = cut_flat("tee", stripes=10, ground=(96, 70, 58)), Figure(bend=30).shirt().person()
    before, found = cv2.getNumThreads(), set()
    try:
        for threads in (1, 2, 4):
            cv2.setNumThreads(threads)
            fit, panels = fitted(cut, person, "upper")
            found.add(drape_garment(cut, fit, panels).rgb.tobytes())
            found.add(cut_worn(person.parse.image, person, "upper").image.tobytes())  # type: ignore[arg-type]
    finally:
        cv2.setNumThreads(before)
    assert len(found) == 2


def test_pictures_are_read_as_they_are_and_averaged_from_afar() -> None:
    picture = np.random.default_rng(0).uniform(0, 1, (90, 70, 3)).astype(np.float32)
    y, x = np.mgrid[0:90, 0:70].astype(np.float32) + np.float32(0.5)
    same = np.stack([x, y], axis=2)
    for zoom in (1, 3, 7):
        source = np.ascontiguousarray(same[: 90 // zoom, : 70 // zoom] * zoom)
        reading = make_reading(picture, [(source, footprints(source), np.ones(source.shape[:2], np.bool_))])
        assert reading is not None
        found = reading.at(source, footprints(source))
        if zoom == 1:
            assert np.abs(found - picture).max() < 1e-6
        else:
            assert found.std() < 0.5 / zoom and abs(found.mean() - picture.mean()) < 0.02
    assert make_reading(picture, [(same, footprints(same), np.zeros((90, 70), np.bool_))]) is None


@settings(max_examples=10, deadline=None, derandomize=True)
@given(st.floats(0, 360), st.floats(0.5, 1.5), st.floats(0.5, 12), st.integers(8, 40))
def test_folds_move_a_print_as_they_move_the_cloth_and_fold_nothing_over(
    degrees: float, scale: float, size: float, wave: int
) -> None:
    y, x = np.mgrid[0:160, 0:200].astype(np.float32)
    c, s = scale * np.cos(np.radians(degrees)), scale * np.sin(np.radians(degrees))
    uv = np.stack([c * x - s * y, s * x + c * y], axis=2).astype(np.float32)
    true = size * np.stack([np.sin(x / wave), np.cos(y / wave)], axis=2)
    pushed = np.stack([c * true[..., 0] - s * true[..., 1], s * true[..., 0] + c * true[..., 1]], axis=2)
    cloth_map = ClothMap(uv, np.ones((160, 200), np.uint8), np.ones((160, 200), np.float32), 1.0)
    found = push_in_window(cloth_map, pushed.astype(np.float16))
    assert np.isfinite(found).all()
    if size / wave < 0.4:
        assert np.abs(found - true)[8:-8, 8:-8].max() < 0.15 * size + 0.1
    source = bent(np.stack([x, y], axis=2), found)
    edge = int(size) + 3  # beyond the frame the cloth is not known
    assert jacobian(source)[edge:-edge, edge:-edge].min() > 0


def test_a_spline_passes_through_its_points_and_the_peak_is_the_commonest_colour() -> None:
    rng = np.random.default_rng(0)
    points, values = rng.uniform(0, 100, (12, 2)), rng.uniform(0, 50, (12, 2))
    assert np.abs(fit_plate(points, values).at(points) - values).max() < 1e-6
    turned = points @ np.array([[0.8, 0.6], [-0.6, 0.8]]) * 2 + 7
    elsewhere = rng.uniform(-50, 150, (20, 2))
    assert (
        np.abs(fit_plate(points, turned, 1.0).at(elsewhere) - (elsewhere @ [[0.8, 0.6], [-0.6, 0.8]] * 2 + 7)).max()
        < 1e-6
    )
    colors = np.concatenate([np.full((60, 3), (0.5, 0.1, 0.1)), rng.uniform(0, 1, (100, 3))]).astype(np.float32)
    assert np.abs(dominant_color(colors) - (0.5, 0.1, 0.1)).max() < 0.03
    assert (dominant_color(colors[:0]) == 0).all()
