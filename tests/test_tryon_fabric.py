"""Cloth at coordinates: no moiré, no seams, true sizes, prints that keep their shape, identity by content, errors."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from dressform.parsing.errors import DressformError, OptionError
from dressform.tryon.cloth.fabric import Cloth, Print, Scale, Solid, Tile, sample
from dressform.tryon.cloth.placement import PLACES, PanelFrame, panel_frame
from dressform.tryon.cloth.sampling import pixel_footprint, sample_tile
from dressform.tryon.light import to_linear

Floats = npt.NDArray[np.float32]
SCALE = Scale(pixels_per_cm=5.0, shoulder=200.0)
N = 300


def plane(n: int = N, step: float = 1.0, at: tuple[float, float] = (0.0, 0.0)) -> tuple[Floats, Floats]:
    """Coordinates of flat cloth, u = 0 in the middle, and their footprint."""
    u = (np.arange(n) - n // 2) * step + at[0]
    v = np.arange(n) * step + at[1]
    uv = np.stack(np.meshgrid(u, v), -1).astype(np.float32)
    return uv, np.full((n, n), step, np.float32)


def torso(length: float = 280.0, half: float = 100.0) -> PanelFrame:
    axis = np.array([[150, 0], [150, length]], np.float32)
    return panel_frame("torso", axis, np.array([half, half], np.float32))


def fine_tiles(n: int = 48) -> Iterator[Floats]:
    y, x = np.mgrid[0:n, 0:n]
    yield from (np.asarray(0.1 + 0.8 * t, np.float32) for t in (
        (x + y) % 2, (x // 2 + y // 2) % 2, x % 3 == 0, ((x + y) // 4) % 2 * (x // 8 % 2),
        np.random.default_rng(3).random((n, n)),
    ))  # fmt: skip


def area_shares(n: int, step: float, first: float, texels: int) -> npt.NDArray[np.float64]:
    """(n, texels): how much of each pixel, ``step`` wide, lies on each texel of a cloth that repeats."""
    shares = np.zeros((n, texels))
    for k in range(n):
        low, high = first + (k - 0.5) * step, first + (k + 0.5) * step
        for texel in range(int(np.floor(low)), int(np.ceil(high))):
            shares[k, texel % texels] += max(0.0, min(high, texel + 1) - max(low, texel)) / step
    return shares


@pytest.mark.parametrize("step", [1, 1.13, 1.5, 2, 2.6, 4, 5.3, 8, 11, 16])
def test_fine_tiles_become_their_area_mean(step: float) -> None:
    n, errors = 36, []
    for tile in fine_tiles():
        picture = np.repeat(tile[..., None], 3, axis=2)
        wrong = 0.0
        for phase in ((0.0, 0.0), (0.5, 0.5), (0.3, 0.8)):
            uv, footprint = plane(n, step, phase)
            got = sample_tile(picture, uv, footprint, repeat=48.0)[..., 0]
            across = area_shares(n, step, float(uv[0, 0, 0]) + 24, 48)  # the middle of a repeat lies on u = 0
            ideal = area_shares(n, step, phase[1], 48) @ tile.astype(np.float64) @ across.T
            wrong += float(((got - ideal) ** 2).mean()) / 3
        errors.append(wrong / float(tile.var()))
    assert np.mean(errors) <= 0.005
    assert max(errors) <= 0.012  # stripes of one texel in three at their worst step


@pytest.mark.parametrize("angle", [0, 37])
@pytest.mark.parametrize("step", [0.3, 1.0, 3.7])
@pytest.mark.parametrize("size", [(40, 64), (33, 21), (7, 3)])
def test_there_is_no_seam(size: tuple[int, int], step: float, angle: float) -> None:
    picture = np.random.default_rng(5).random((*size, 3)).astype(np.float32)
    uv, footprint = plane(120, step)
    here = sample_tile(picture, uv, footprint, repeat=float(size[1]), angle=angle)
    by = size[0] // 2, size[1] // 3
    rolled = np.roll(picture, by, axis=(0, 1))
    there = sample_tile(
        rolled, uv, footprint, repeat=float(size[1]), angle=angle, offset=(-by[1] / size[1], -by[0] / size[0])
    )
    assert np.abs(here - there).max() < 2e-3 * max(1, step)  # places are rounded to parts of a texel


@pytest.mark.parametrize("step", [0.5, 1.0, 2.3])
def test_half_drop_and_mirror_are_what_they_say(step: float) -> None:
    picture = np.random.default_rng(6).random((32, 24, 3)).astype(np.float32)
    uv, footprint = plane(150, step)
    both = np.concatenate([picture, np.roll(picture, 16, axis=0)], axis=1)
    dropped = sample_tile(picture, uv, footprint, repeat=24.0, drop=0.5)
    known = sample_tile(both, uv, footprint, repeat=48.0, offset=(0.25, 0.0))
    assert np.abs(dropped - known).max() < 2e-3
    cell = np.concatenate([picture, picture[:, ::-1]], axis=1)
    cell = np.concatenate([cell, cell[::-1]], axis=0)
    mirrored = sample_tile(picture, uv, footprint, repeat=24.0, mirror=True)
    known = sample_tile(cell, uv, footprint, repeat=48.0, offset=(0.25, 0.0))
    assert np.abs(mirrored - known).max() < 2e-3


def period(row: npt.NDArray[np.floating[Any]]) -> float:
    """Period of a signal in samples, by the peak of its spectrum."""
    spectrum = np.abs(np.fft.rfft((row - row.mean()) * np.hanning(len(row)), 16 * len(row)))
    return 16 * len(row) / float(spectrum.argmax())


@pytest.mark.parametrize("size", [{"repeat_cm": 6.0}, {"repeat_cm": 2.1}, {"repeat": 0.2}, {"repeat": 0.07}, {}])
@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0])
def test_repeats_are_as_wide_as_they_are_said_to_be(size: dict[str, float], angle: float) -> None:
    stripes = np.repeat(np.where(np.arange(64) < 32, 255, 0).astype(np.uint8)[None], 16, axis=0)
    wanted = size["repeat_cm"] * 5 if "repeat_cm" in size else size.get("repeat", 0.25) * 200
    n = 360
    uv, footprint = plane(n)
    rgb = sample(Tile(stripes, angle=angle, **size), uv, footprint, SCALE).rgb[..., 0]
    c, s = np.cos(np.radians(angle)), np.sin(np.radians(angle))
    if abs(c) > 0.1:
        assert period(rgb[n // 2]) == pytest.approx(wanted / abs(c), rel=0.03)
    if abs(s) > 0.1:
        assert period(rgb[:, n // 2]) == pytest.approx(wanted / abs(s), rel=0.03)


def test_angles_are_clockwise() -> None:
    lines = np.zeros((32, 32, 3), np.uint8)
    lines[:, 14:18] = 255  # upright
    uv, footprint = plane(200)
    rgb = sample(Tile(lines, repeat_cm=8, angle=20), uv, footprint, SCALE).rgb[..., 0]
    soft = cv2.GaussianBlur(rgb, (0, 0), 2)
    dx, dy = cv2.Scharr(soft, -1, 1, 0), cv2.Scharr(soft, -1, 0, 1)
    across = 0.5 * np.degrees(np.arctan2(2 * (dx * dy).sum(), (dx * dx - dy * dy).sum()))
    assert across == pytest.approx(20, abs=1)


def artwork(height: int = 60, width: int = 120) -> npt.NDArray[np.uint8]:
    """Red, with an alpha that grows from left to right."""
    art = np.zeros((height, width, 4), np.uint8)
    art[..., 0] = 255
    art[..., 3] = np.linspace(60, 255, width).astype(np.uint8)
    return art


@pytest.mark.parametrize("angle", [0, 90, 25])
@pytest.mark.parametrize("width", [8.0, 24.0])
def test_prints_keep_size_shape_and_alpha(angle: float, width: float) -> None:
    art = artwork()
    uv, footprint = plane()
    got = sample(Print(art, width_cm=width, angle=angle), uv, footprint, SCALE, torso())
    assert got.coverage is not None
    mass = float(got.coverage.sum())
    assert mass == pytest.approx((width * 5) ** 2 / 2 * art[..., 3].mean() / 255, rel=0.01)
    seen = got.coverage > 0.02
    assert np.abs(got.rgb[seen] - to_linear(np.array([255, 0, 0], np.uint8))).max() < 1e-3
    y, x = (a.astype(np.float64) for a in np.nonzero(got.coverage > 0.12))
    along = np.cov(np.stack([x, y]))
    long, short = np.sqrt(12 * np.linalg.eigvalsh(along)[::-1])
    assert long == pytest.approx(width * 5, rel=0.03) and long / short == pytest.approx(2, rel=0.05)
    leaning = np.degrees(0.5 * np.arctan2(2 * along[0, 1], along[0, 0] - along[1, 1])) % 180
    assert min(abs(leaning - angle), 180 - abs(leaning - angle)) < 1.5


def test_prints_lie_over_other_cloth_and_each_other() -> None:
    uv, footprint = plane()
    base = sample(Solid("navy"), uv, footprint, SCALE).rgb
    once = Print(artwork(), width=0.5, over=Solid("navy"))
    got = sample(once, uv, footprint, SCALE, torso())
    alone = sample(Print(artwork(), width=0.5), uv, footprint, SCALE, torso())
    assert got.coverage is None and alone.coverage is not None
    share = alone.coverage[..., None]
    assert np.abs(got.rgb - (alone.rgb * share + base * (1 - share))).max() < 1e-5
    twice = Print(np.full((90, 90), 255, np.uint8), "belly", width=0.2, over=once)
    assert (sample(twice, uv, footprint, SCALE, torso()).rgb.min(-1) > 0.99).sum() == pytest.approx(40 * 40, rel=0.1)
    sleeve = panel_frame("sleeve_L", np.array([[0, 0], [0, 90]], np.float32), np.array([30, 25], np.float32))
    assert np.array_equal(sample(once, uv, footprint, SCALE, sleeve).rgb, base)


def test_cloth_on_a_tube_keeps_its_scale_and_shows_no_moire() -> None:
    x, y = np.meshgrid(np.linspace(-0.98, 0.98, 200), np.arange(200.0))
    uv = np.stack([100 * np.arcsin(x), y], -1).astype(np.float32)
    footprint = pixel_footprint(uv)
    assert footprint[:, 100].max() < 1.1 and footprint[0, 2] > 3
    fine = np.where(np.add.outer(np.arange(64), np.arange(64)) % 2, 255, 0).astype(np.uint8)
    rgb = sample(Tile(fine, repeat=0.1), uv, footprint, SCALE).rgb
    assert np.abs(rgb - 0.5).max() < 0.02


def test_the_same_bytes_on_any_number_of_threads() -> None:
    picture = np.random.default_rng(8).integers(0, 256, (90, 70, 4), np.uint8)
    x, y = np.meshgrid(np.linspace(-0.99, 0.99, 500), np.arange(400.0))
    uv = np.stack([250 * np.arcsin(x), y + 9 * x], -1).astype(np.float32)
    cloth = Print(picture, width=0.6, angle=9, over=Tile(picture, repeat_cm=9, drop=0.5, angle=13))
    before, found = cv2.getNumThreads(), set()
    try:
        for threads in (1, 2, 4, 1):
            cv2.setNumThreads(threads)
            found.add(sample(cloth, uv, pixel_footprint(uv), SCALE, torso(400, 250)).rgb.tobytes())
    finally:
        cv2.setNumThreads(before)
    assert len(found) == 1


def test_cloth_is_what_it_holds() -> None:
    picture = np.random.default_rng(9).integers(0, 256, (8, 9, 3), np.uint8)
    tile = Tile(picture, repeat_cm=4)
    picture_before, again = picture.copy(), Tile(picture.copy(), 4, angle=360)
    picture[:] = 0
    assert tile == again and hash(tile) == hash(again) and tile.digest == again.digest
    assert tile != Tile(picture_before, 4.5) and tile != Tile(picture, 4)
    assert len({Solid("red"), Solid("#F00"), Solid((255, 0, 0)), Solid("navy")}) == 2
    assert dataclasses.replace(tile, angle=5).angle == 5 and dataclasses.replace(tile, angle=0) == tile
    over = Print(picture_before, over=tile)
    assert over == Print(picture_before, over=again) and over.digest != Print(picture_before).digest
    with pytest.raises(dataclasses.FrozenInstanceError):
        tile.angle = 3.0  # type: ignore[misc]
    with pytest.raises(ValueError, match="read-only"):
        tile.image.pixels[0, 0, 0] = 1


PICTURE = np.full((4, 4, 3), 90, np.uint8)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: Tile(PICTURE, repeat_cm=float("nan")), "0.05 to 1000 cm"),
        (lambda: Tile(PICTURE, repeat_cm=-3), "0.05 to 1000 cm"),
        (lambda: Tile(PICTURE, repeat_cm=1e9), "0.05 to 1000 cm"),
        (lambda: Tile(PICTURE, repeat=0), "shoulder widths"),
        (lambda: Tile(PICTURE, repeat_cm=3, repeat=1), "two sizes"),
        (lambda: Tile(PICTURE, angle=float("inf")), "degrees"),
        (lambda: Tile(PICTURE, drop=1.5), "0 to 1"),
        (lambda: Tile(PICTURE, drop="half"), "no number"),  # type: ignore[arg-type]
        (lambda: Tile(PICTURE, mirror="yes"), "True, False"),  # type: ignore[arg-type]
        (lambda: Tile(PICTURE, offset=(1,)), "two numbers"),  # type: ignore[arg-type]
        (lambda: Tile(PICTURE, offset=(0, float("nan"))), "-100 to 100"),
        (lambda: Print(PICTURE, "elbow"), ", ".join(PLACES)),
        (lambda: Print(PICTURE, width_cm=True), "no number"),
        (lambda: Print(PICTURE, width=400), "panel widths"),
        (lambda: Print(PICTURE, width=1, width_cm=3), "two sizes"),
        (lambda: Print(PICTURE, over="red"), "Solid, Tile, Print"),  # type: ignore[arg-type]
        (lambda: Print(np.zeros((5, 5, 4), np.uint8)), "fully transparent"),
        (lambda: Scale(0, 100), "pixels per centimetre"),
        (lambda: Solid("nayv"), "navy"),
        (lambda: sample("red", *plane(4), SCALE), "Solid, Tile, Print"),  # type: ignore[arg-type]
        (lambda: sample(Tile(PICTURE), np.full((4, 4, 2), np.nan, np.float32), plane(4)[1], SCALE), "finite"),
        (lambda: sample(Tile(PICTURE), plane(4)[0], -plane(4)[1], SCALE), "above 0"),
        (lambda: sample(Tile(PICTURE), plane(4)[0], plane(5)[1], SCALE), "do not fit"),
    ],
)
def test_errors_say_what_is_allowed(make: Callable[[], object], words: str) -> None:
    with pytest.raises(OptionError) as caught:
        make()
    assert words in str(caught.value)


@settings(max_examples=60, deadline=None)
@example((4, 7), 93.9, 0.0, 0.5, True, 50.0, "Print")  # was 1.05
@given(
    st.tuples(st.integers(1, 9), st.integers(1, 9)), st.floats(-2, 2000), st.floats(-1e9, 1e9), st.floats(-0.5, 1.5),
    st.booleans(), st.floats(0.01, 50), st.sampled_from(["Tile", "Print"]),
)  # fmt: skip
def test_whatever_is_accepted_can_be_sampled(
    size: tuple[int, int], width: float, angle: float, drop: float, mirror: bool, step: float, kind: str
) -> None:
    picture = np.random.default_rng(1).integers(0, 256, (*size, 4), np.uint8)
    uv, footprint = plane(9, step)
    try:
        tile: Cloth = Tile(picture, repeat_cm=width, angle=angle, drop=drop, mirror=mirror)
        cloth = tile if kind == "Tile" else Print(picture, width_cm=width, angle=angle, over=tile)
    except DressformError:
        return
    rgb = sample(cloth, uv, footprint, SCALE, torso()).rgb
    assert rgb.dtype == np.float32 and np.isfinite(rgb).all() and rgb.min() >= 0 and rgb.max() <= 1 + 1e-6
