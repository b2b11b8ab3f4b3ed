"""Lines by hand: hatching, unsteady paths, and outlines as ink."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.avatar.contour import trace
from dressform.avatar.draw.chains import between, cubic_lengths, divided, tangents
from dressform.avatar.draw.hatching import hatch
from dressform.avatar.draw.sketch import contour_strokes, wobbled
from dressform.avatar.draw.strokes import smooth_closed, smooth_open
from dressform.avatar.path_data import format_path
from dressform.avatar.paths import Path, circle, polygon
from dressform.avatar.render.raster import render
from dressform.avatar.scene import Layer, Scene, Shape
from dressform.parsing.errors import OptionError

EMPTY = Path(())
INK = (0, 0, 0)


def blob(seed: int = 0, size: float = 1.0) -> Path:
    rng = np.random.default_rng(seed)
    angle = np.arange(9) / 9 * 2 * np.pi
    ring = np.stack([np.cos(angle), np.sin(angle)], 1) * rng.uniform(0.3, 0.48, (9, 1)) + 0.5
    return Path((smooth_closed(ring * size),))


def hair() -> Path:
    """A fringe with tips, traced from a mask, one unit wide."""
    mask = np.zeros((200, 200), np.uint8)
    tips = [(30, 195), (35, 100), (55, 45), (100, 25), (145, 45), (165, 100), (172, 195), (150, 165), (145, 125)]
    back = [(135, 90), (120, 105), (107, 80), (95, 102), (75, 85), (62, 115), (60, 160)]
    cv2.fillPoly(mask, [np.array(tips + back)], 255)
    return trace(cv2.GaussianBlur(mask, (0, 0), 2) / np.float64(255), detail=0.6, scale=1 / 200)


SHAPES = {
    "disc": circle((0.5, 0.5), 0.4),
    "ring": circle((0.5, 0.5), 0.4) + circle((0.5, 0.5), 0.2),
    "square": polygon([(0.1, 0.1), (0.9, 0.1), (0.9, 0.9), (0.1, 0.9)]),
    "blob": blob(3),
    "hair": hair(),
}


def cover(path: Path, size: int = 400) -> npt.NDArray[np.float64]:
    """Share of each pixel of the unit square that the path fills."""
    scene = Scene(1.0, 1.0, (Layer("one", (Shape(path, INK),)),))
    return render(scene, size)[..., 3] / 255.0


def overlap(path: Path) -> float:
    """How much the curves cover one another, as a share of what they cover in all; holes count as overlap."""
    alone = sum(cover(Path((curve,))) for curve in path.curves)
    return float(1 - cover(path).sum() / np.sum(alone))


# ---- hatching -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("cross", [False, True])
def test_strokes_lie_inside_and_do_not_touch(name: str, cross: bool) -> None:
    lines = hatch(SHAPES[name], angle=-52, spacing=0.05, width=0.012, seed=4, wobble=0.005, cross=cross)
    assert 8 <= len(lines.curves) <= 250
    assert all(curve.closed for curve in lines.curves)
    near = cv2.dilate(cover(SHAPES[name]), np.ones((9, 9), np.uint8))  # 4 px are 0.01
    ink = cover(lines)
    assert (ink * (near < 0.5)).sum() < 0.005 * ink.sum()
    assert overlap(lines) < 0.004


def test_strokes_run_along_the_angle_at_the_spacing() -> None:
    lines = hatch(SHAPES["square"], angle=0, spacing=0.1, width=0.02, seed=1, wobble=0.0)
    heights = np.array([curve.points[0, 1] for curve in lines.curves])
    assert len(lines.curves) == 8
    assert np.abs(np.diff(np.sort(heights)) - 0.1).max() < 0.03
    turned = hatch(SHAPES["square"], angle=90, spacing=0.1, width=0.02, seed=1, wobble=0.0)
    x, y = np.ptp(turned.curves[3].points, axis=0)
    assert y > 0.5 > 0.03 > x


@pytest.mark.parametrize("cross", [False, True])
def test_too_many_strokes_are_spread_out(cross: bool) -> None:
    lines = hatch(SHAPES["ring"], angle=20, spacing=1e-5, width=0.01, seed=1, wobble=0.0, cross=cross)
    assert 100 < len(lines.curves) <= 250


def test_nothing_to_hatch() -> None:
    for path in (EMPTY, polygon([(0, 0), (0, 0), (0, 0)]), polygon([(0, 0), (1, 0), (2, 0)])):
        assert not hatch(path, angle=10, spacing=0.1, width=0.01, seed=0, wobble=0.01).curves


@pytest.mark.parametrize("change", [{"spacing": 0}, {"width": -1}, {"wobble": float("nan")}, {"angle": float("inf")}])
def test_bad_hatching_is_refused(change: dict[str, float]) -> None:
    with pytest.raises(OptionError, match="bad hatching"):
        hatch(circle((0, 0), 1), **{"angle": 0.0, "spacing": 0.1, "width": 0.01, "wobble": 0.0, **change}, seed=0)


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 50), st.floats(-720, 720), st.floats(1e-6, 10), st.floats(1e-6, 1), st.integers(-(2**70), 2**70),
    st.floats(0, 1), st.booleans(),
)  # fmt: skip
def test_any_hatching(
    shape: int, angle: float, spacing: float, width: float, seed: int, wobble: float, cross: bool
) -> None:
    lines = hatch(blob(shape), angle=angle, spacing=spacing, width=width, seed=seed, wobble=wobble, cross=cross)
    again = hatch(blob(shape), angle=angle, spacing=spacing, width=width, seed=seed, wobble=wobble, cross=cross)
    assert len(lines.curves) <= 250 and format_path(lines) == format_path(again)


# ---- unsteady paths -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHAPES)
def test_wobble_is_small_closed_and_smooth(name: str) -> None:
    before = SHAPES[name]
    after = wobbled(before, 0.01, 7)
    assert len(after.curves) == len(before.curves)
    for old, new in zip(before.curves, after.curves, strict=True):
        assert new.closed and (new.points[0] == new.points[-1]).all()
        line, moved = (divided(curve.points, 0.004)[::3] for curve in (old, new))
        away = [np.linalg.norm(line - point, axis=1).min() for point in moved]
        assert 0.002 < max(away) < 0.035
    if name in ("disc", "ring", "blob"):  # what was smooth is smooth
        for curve in after.curves:
            into, out = tangents(curve.points)
            assert (np.einsum("ij,ij->i", np.roll(into, 1, 0), out) > 0.9999).all()


def test_no_wobble_is_the_path_itself_and_seeds_differ() -> None:
    path = SHAPES["blob"]
    assert wobbled(path, 0.0, 3) is path
    texts = {format_path(wobbled(path, 0.01, seed)) for seed in (1, 1, 2)}
    assert len(texts) == 2


def test_small_things_move_less() -> None:
    def moved(radius: float) -> float:
        path = circle((0, 0), radius)
        return float(np.abs(np.linalg.norm(wobbled(path, 0.01, 1).curves[0].points[::3], axis=1) - radius).max())

    assert moved(0.005) < 0.3 * moved(0.5)


def test_an_open_line_stays_open() -> None:
    path = Path((smooth_open([(0, 0), (1, 0.2), (2, 0)]),))
    assert not wobbled(path, 0.02, 1).curves[0].closed


@pytest.mark.parametrize(("amount", "scale"), [(-1, 0.1), (float("nan"), 0.1), (0.1, 0), (0.1, float("inf"))])
def test_bad_wobble_is_refused(amount: float, scale: float) -> None:
    with pytest.raises(OptionError, match="bad wobble"):
        wobbled(circle((0, 0), 1), amount, 0, scale)


# ---- outlines -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", SHAPES)
def test_even_outline_is_a_band_of_the_width(name: str) -> None:
    (ink,) = contour_strokes(SHAPES[name], 0.02, taper=False, wobble=0.0, strokes=1, seed=0)
    length = sum(float(cubic_lengths(curve.points).sum()) for curve in SHAPES[name].curves)
    assert cover(ink).mean() == pytest.approx(0.02 * length, rel=0.2 if name == "hair" else 0.05)
    assert ink.cubics <= 2.5 * SHAPES[name].cubics + 8


@pytest.mark.parametrize("name", SHAPES)
@pytest.mark.parametrize("strokes", [2, 3])
def test_sketched_strokes_do_not_overlap_within_a_pass(name: str, strokes: int) -> None:
    passes = contour_strokes(SHAPES[name], 0.02, taper=True, wobble=0.006, strokes=strokes, seed=5)
    assert len(passes) == strokes
    for path in passes:
        assert len(path.curves) >= 2 and all(curve.closed for curve in path.curves)
        assert overlap(path) < 0.02
    around = cv2.dilate(cover(SHAPES[name]), np.ones((49, 49), np.uint8)) - cv2.erode(
        cover(SHAPES[name]), np.ones((25, 25), np.uint8)
    )
    assert all((cover(path) * (around < 0.5)).sum() < 0.02 * cover(path).sum() for path in passes)


@pytest.mark.parametrize("name", ["disc", "ring"])
def test_ink_swells_away_from_the_light(name: str) -> None:
    (ink,) = contour_strokes(SHAPES[name], 0.03, taper=True, wobble=0.0, strokes=1, seed=2, light=(-1, 0))
    row = cover(ink)[200]
    outer = row[:60].sum(), row[340:].sum()
    assert outer[1] > 1.6 * outer[0]
    if name == "ring":  # the rim of a hole faces the other way
        assert row[100:150].sum() > 1.6 * row[250:300].sum()


def test_dots_are_filled() -> None:
    (ink,) = contour_strokes(circle((0.5, 0.5), 0.01), 0.05, taper=False, wobble=0.0, strokes=1, seed=0)
    assert len(ink.curves) == 1 and cover(ink)[200, 200] == 1


def test_no_outline() -> None:
    def options(strokes: int = 1) -> dict[str, object]:
        return {"taper": True, "wobble": 0.01, "strokes": strokes, "seed": 0}

    assert contour_strokes(circle((0, 0), 1), 0.0, **options()) == ()  # type: ignore[arg-type]
    assert all(not path.curves for path in contour_strokes(EMPTY, 0.1, **options(2)))  # type: ignore[arg-type]
    for width, strokes in ((float("nan"), 1), (0.1, 0), (0.1, 99)):
        with pytest.raises(OptionError, match="bad outline"):
            contour_strokes(circle((0, 0), 1), width, **options(strokes))  # type: ignore[arg-type]


@settings(max_examples=40, deadline=None)
@given(
    st.integers(0, 50), st.floats(1e-6, 2), st.booleans(), st.floats(0, 0.5), st.integers(1, 4),
    st.integers(-(2**70), 2**70), st.tuples(st.floats(-2, 2), st.floats(-2, 2)),
)  # fmt: skip
def test_any_outline(
    shape: int, width: float, taper: bool, wobble: float, strokes: int, seed: int, light: tuple[float, float]
) -> None:
    path = blob(shape) + polygon([(0.5, 0.5), (0.5, 0.5), (0.6, 0.5)]) + polygon([(1, 1)] * 3)
    first, again = (
        contour_strokes(path, width, taper=taper, wobble=wobble, strokes=strokes, seed=seed, light=light)
        for _ in range(2)
    )
    assert len(first) == strokes and all(np.isfinite(each.bounds).all() for each in first)
    assert [format_path(each) for each in first] == [format_path(each) for each in again]


# ---- chains ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("longest", [0.05, 0.3, 100.0])
def test_divided_lines_are_the_same_lines(longest: float) -> None:
    points = SHAPES["blob"].curves[0].points
    pieces = divided(points, longest)
    assert cubic_lengths(pieces).sum() == pytest.approx(cubic_lengths(points).sum(), rel=1e-2)
    assert cubic_lengths(pieces).max() <= max(longest * 1.6, 1)
    part = between(points, 0.25, 0.75)
    assert cubic_lengths(part).sum() == pytest.approx(cubic_lengths(points).sum() / 2, rel=0.05)
