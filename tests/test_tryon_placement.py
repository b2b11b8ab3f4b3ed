"""Where prints sit: places on panels, by the panel's own coordinates, and prints added panel by panel."""

from __future__ import annotations

import numpy as np
import pytest

from dressform.parsing.errors import OptionError
from dressform.tryon.cloth.fabric import Print, Sample, Scale, Solid, sample, with_prints
from dressform.tryon.cloth.placement import PLACES, PanelFrame, frame_of, panel_frame, place_print, places_on
from dressform.tryon.shape.frames import Frame
from dressform.tryon.shape.panel import PANEL_NAMES, Panel

SCALE = Scale(pixels_per_cm=5.0, shoulder=200.0)


def torso(length: float = 280.0, half: float = 100.0) -> PanelFrame:
    axis = np.array([[150, 0], [150, length]], np.float32)
    return panel_frame("torso", axis, np.array([half, half], np.float32))


def panel(name: str, top: int, bottom: int, *, origin: float = 0.0) -> Panel:
    """A straight tube from row 10 to row 310 of a window of 320 x 200, seen between two rows."""
    axis = np.stack([np.full(31, 100), np.linspace(10, 310, 31)], 1).astype(np.float32)
    mask = np.zeros((320, 200), np.bool_)
    mask[top:bottom, 40:160] = True
    flat = np.zeros(31, np.float32)
    return Panel(name, mask, Frame(axis, np.linspace(60, 90, 31).astype(np.float32), flat, flat, origin))


def test_places_follow_the_panel() -> None:
    assert set(places_on(["torso", "sleeve_L"])) == {"chest", "heart", "back", "belly", "sleeve_L"}
    frame = torso()
    chest, belly = (place_print(name, frame, SCALE, width_cm=10) for name in ("chest", "belly"))
    assert chest is not None and belly is not None and 0 < chest.centre[1] < belly.centre[1] < frame.length
    long = place_print("chest", torso(900), SCALE, width_cm=10)
    assert long is not None and long.centre[1] <= 0.7 * SCALE.shoulder  # a coat's chest is where a shirt's is
    moved = place_print("chest", frame, SCALE, width=0.3, offset=(0.1, 0.2))
    assert moved is not None and moved.width == pytest.approx(60)
    assert moved.centre == pytest.approx((20, chest.centre[1] + 40))
    assert place_print("leg_L", frame, SCALE) is None
    with pytest.raises(OptionError, match="chest, heart, back"):
        place_print("elbow", frame, SCALE)


def test_every_place_is_on_a_panel_that_exists() -> None:
    assert {name for place in PLACES.values() for name in place.panels} <= set(PANEL_NAMES)
    assert set(places_on(PANEL_NAMES)) == set(PLACES) and places_on(["leg_R"]) == ("leg_R",)


@pytest.mark.parametrize("origin", [0.0, 25.0])
def test_a_frame_ends_where_its_panel_ends(origin: float) -> None:
    skirt = frame_of(panel("skirt", 160, 300, origin=origin))
    assert skirt.top == pytest.approx(150 - origin, abs=6) and skirt.length == pytest.approx(140, abs=12)
    assert skirt.half_width(0) == pytest.approx(75, abs=1) and skirt.half_width(1) == pytest.approx(89, abs=1)
    empty = frame_of(panel("torso", 0, 0, origin=origin))
    assert empty.top == -origin and empty.length == pytest.approx(300)


def test_frames_of_no_length_are_refused() -> None:
    for axis in ([[5, 5], [5, 5]], [[5, 5]], [[np.nan, 0], [1, 1]]):
        points = np.array(axis, np.float32)
        with pytest.raises(OptionError, match="axis"):
            panel_frame("torso", points, np.ones(len(points), np.float32))


def test_prints_are_added_panel_by_panel() -> None:
    v, u = np.mgrid[0:200, -100:100].astype(np.float32)
    uv, footprint = np.stack([u, v], -1), np.ones((200, 200), np.float32)
    white = np.full((64, 64, 3), 255, np.uint8)
    cloth = Print(white, width_cm=8, over=Print(white, "sleeve_L", width_cm=4, over=Solid("navy")))
    whole_uv = np.zeros((300, 400, 2), np.float32)
    base = sample(cloth, whole_uv, np.ones((300, 400), np.float32), SCALE)
    assert np.ptp(base.rgb, axis=(0, 1)).max() == 0
    before = base.rgb.copy()
    window = slice(50, 250), slice(150, 350)
    within = np.ones((200, 200), np.bool_)
    within[:, 100:] = False
    got = with_prints(cloth, base, uv, footprint, SCALE, torso(), window=window, within=within)
    assert np.array_equal(base.rgb, before)
    printed = got.rgb.min(-1) > 0.9
    rows, columns = np.nonzero(printed)
    assert (
        columns.min() == pytest.approx(230, abs=1) and columns.max() == 249 and np.ptp(rows) == pytest.approx(38, abs=2)
    )
    sleeve = panel_frame("sleeve_L", np.array([[0, 0], [0, 150]], np.float32), np.array([30, 25], np.float32))
    both = with_prints(cloth, got, uv, footprint, SCALE, sleeve, window=window)
    assert (both.rgb.min(-1) > 0.9).sum() > printed.sum()
    leg = panel_frame("leg_L", np.array([[0, 0], [0, 150]], np.float32), np.array([30, 25], np.float32))
    assert with_prints(cloth, got, uv, footprint, SCALE, leg) is got


def test_prints_over_the_original_add_up_their_coverage() -> None:
    v, u = np.mgrid[0:200, -100:100].astype(np.float32)
    uv, footprint = np.stack([u, v], -1), np.ones((200, 200), np.float32)
    half = np.zeros((50, 50, 4), np.uint8)
    half[:] = 255, 0, 0, 128
    cloth = Print(half, width_cm=10, over=Print(half, width_cm=10))
    got: Sample = sample(cloth, uv, footprint, SCALE, torso())
    assert got.coverage is not None
    inside = got.coverage[got.coverage > 0.7]
    assert len(inside) > 45 * 45 and np.median(inside) == pytest.approx(1 - (1 - 128 / 255) ** 2, abs=1e-3)
    assert np.allclose(got.rgb[got.coverage > 0.1], (1, 0, 0), atol=1e-3)
