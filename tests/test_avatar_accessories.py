"""Accessories: the shipped ones are sound, and stay on heads of all kinds; files from elsewhere are refused."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from pathlib import Path as File
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.assets import asset_path
from dressform.avatar import accessories
from dressform.avatar.accessories import KINDS, TONES, Accessory, list_accessories, load_accessory, read_accessory
from dressform.avatar.color import srgb_to_oklab
from dressform.avatar.draw.accessory import LOBE, accessory_colors, draw_accessory, rim_path, tone_of
from dressform.avatar.pose import HeadPose
from dressform.avatar.scene import Color, Layer, Scene, Stroke
from dressform.parsing.errors import OptionError

HEAD = HeadPose((0, -0.5), 0.3, 0, 0, 0.36, 0.5, 0.58, ((-0.37, -0.44), (0.37, -0.44)), (0, -0.2), (0, 0))
SHAPE: dict[str, Any] = {"path": "M0 0L1 0L1 1Z", "fill": "main"}
DATA: dict[str, Any] = {
    "name": "thing",
    "kind": "hat",
    "anchor": "head",
    "colors": {"main": ["#336699"]},
    "parts": [{"name": "main", "slot": "hat", "shapes": [SHAPE]}],
}
POSES = st.builds(
    lambda tilt, yaw, wide, apart, tall: replace(
        HEAD, tilt=tilt, yaw=yaw, half_width=wide, apart=apart * wide, crown=tall, hair_top=tall + 0.1
    ),
    st.floats(-60, 60),
    st.floats(-1, 1),
    st.floats(0.2, 0.6),
    st.floats(0.6, 1.2),
    st.floats(0.3, 0.7),
)


@pytest.fixture(scope="module")
def shipped() -> Mapping[str, Accessory]:
    return {key: load_accessory(key) for key in list_accessories()}


def read(**changes: Any) -> Accessory:
    return read_accessory(json.dumps({**DATA, **changes}))


def corners(layer: Layer) -> np.ndarray:
    return np.concatenate([curve.points for shape in layer.shapes for curve in shape.path.curves])


# ---- what ships -----------------------------------------------------------------------------------------------------


def test_there_is_something_of_every_kind_and_all_of_it_is_small_and_free(shipped: Mapping[str, Accessory]) -> None:
    assert len(shipped) >= 60
    assert {accessory.kind for accessory in shipped.values()} == set(KINDS)
    assert {accessory.licence for accessory in shipped.values()} == {"CC0-1.0"}
    for path in asset_path("accessories").iterdir():
        assert path.suffix == ".json" and path.stat().st_size <= 12 * 1024, path.name
    bare = [key.partition(":")[2] for key in shipped]
    assert len(set(bare)) == len(bare), "a name without its kind is enough"
    for accessory in shipped.values():
        assert accessory.title and load_accessory(accessory.name).key == accessory.key


def test_shipped_hats_that_cut_hair_cover_the_cut(shipped: Mapping[str, Accessory]) -> None:
    for accessory in shipped.values():
        if not accessory.rim:
            continue
        rim = np.array(accessory.rim)
        assert (np.diff(rim[:, 0]) > 0).all() and rim[0, 0] < -0.8 and rim[-1, 0] > 0.8
        assert np.allclose(rim, (rim * [-1, 1])[::-1], atol=1e-6), "cut alike on both sides"
        front = [shape.path for part in accessory.parts if part.slot == "hat" for shape in part.shapes]
        x0, y0, x1, y1 = (f(path.bounds[k] for path in front) for k, f in enumerate((min, min, max, max)))
        middle = rim[np.abs(rim[:, 0]) < 0.45]
        assert y0 < middle[:, 1].min() and y1 > middle[:, 1].max() and x0 < -0.45 and x1 > 0.45, accessory.key


@settings(max_examples=15, deadline=None)
@given(pose=POSES, seed=st.integers(0, 2**63))
def test_every_accessory_is_drawn_on_every_head(shipped: Mapping[str, Accessory], pose: HeadPose, seed: int) -> None:
    names, layers = [], []
    for key in random.Random(seed).sample(sorted(shipped), 12):
        for slot, layer in draw_accessory(shipped[key], pose, seed=seed, line=Stroke((0, 0, 0), 0.01)):
            assert layer.name.startswith(key.replace(":", "_").replace("-", "_")) and layer.shapes and layer.title
            assert slot in {part.slot for part in shipped[key].parts}
            assert np.isfinite(corners(layer)).all() and np.abs(corners(layer)).max() < 8
            names.append(layer.name)
            layers.append(layer)
        rim = rim_path(shipped[key], pose)
        assert (rim is None) == (not shipped[key].rim)
        if rim is not None:
            assert rim.bounds[1] <= -3 and rim.bounds[0] <= -3 and rim.bounds[2] >= 3
    Scene(1, 1, tuple(layers))  # refuses names that occur twice


def test_frames_stay_on_the_canvas_and_backgrounds_fill_it(shipped: Mapping[str, Accessory]) -> None:
    for accessory in shipped.values():
        if accessory.anchor != "canvas":
            continue
        ((slot, layer),) = draw_accessory(accessory, HEAD)
        low, high = corners(layer).min(0), corners(layer).max(0)
        if accessory.kind == "background":
            assert slot == "behind" and (low > -0.2).all() and (low <= 0).all() and (high >= 1).all(), accessory.key
        else:
            assert slot == "frame" and (low > -0.03).all() and (high < 1.03).all(), accessory.key


# ---- where things go ------------------------------------------------------------------------------------------------


def square(anchor: str, kind: str = "other", **changes: Any) -> Accessory:
    shape = {"path": "M-1 -1L1 -1L1 1L-1 1Z", "fill": "main"}
    return read(kind=kind, anchor=anchor, parts=[{"name": "main", "slot": "front", "shapes": [shape]}], **changes)


@pytest.mark.parametrize(
    ("anchor", "centre", "half"),
    [("eyes", (0, -0.5), 0.3), ("mouth", (0, -0.2), 0.3), ("chest", (0, 0.75), 1.0), ("canvas", (0, 0), 1.0)],
)
def test_anchors_have_their_origin_and_unit(anchor: str, centre: tuple[float, float], half: float) -> None:
    ((_, layer),) = draw_accessory(square(anchor), HEAD)
    points = corners(layer)
    assert points.min(0) == pytest.approx(np.subtract(centre, half))
    assert points.max(0) == pytest.approx(np.add(centre, half))


def test_hats_fit_the_skull_and_what_lies_on_hair_fits_the_hair() -> None:
    def top(accessory: Accessory, pose: HeadPose) -> float:
        return float(min(corners(layer)[:, 1].min() for _, layer in draw_accessory(accessory, pose)))

    tall, bushy = replace(HEAD, crown=0.6), replace(HEAD, hair_top=0.7)
    beanie, phones = load_accessory("beanie"), load_accessory("over-ear")
    assert top(beanie, tall) < top(beanie, HEAD) == top(beanie, bushy)
    assert top(phones, bushy) < top(phones, HEAD) == top(phones, tall)


@pytest.mark.parametrize("wide", [0.29, 0.36, 0.42])
def test_temples_masks_and_scarves_fit_narrow_and_wide_faces(wide: float) -> None:
    pose = replace(HEAD, half_width=wide, apart=0.3)
    for key in ("glasses:round", "mask:medical"):
        drawn = np.concatenate([corners(layer) for _, layer in draw_accessory(load_accessory(key), pose)])
        assert abs(drawn[:, 0]).max() == pytest.approx(wide, abs=0.03)
    scarf = dict(draw_accessory(load_accessory("headscarf"), pose))["hat"]
    face = scarf.shapes[1].path.curves[1].flatten(0.001)  # the opening
    assert face[:, 1].max() == pytest.approx(0, abs=0.03) and face[:, 0].max() == pytest.approx(0.9 * wide, abs=0.02)


def test_heads_of_no_size_do_no_harm() -> None:
    pose = replace(HEAD, apart=0.0, half_width=0.0, crown=-1.0, hair_top=-1.0)
    for key in ("hat:beanie", "hat:party", "glasses:round", "mask:medical", "earrings:hoops"):
        assert all(np.isfinite(corners(layer)).all() for _, layer in draw_accessory(load_accessory(key), pose))


def test_what_is_worn_at_the_ears_is_mirrored_and_hangs() -> None:
    tilted = replace(HEAD, tilt=30.0, ears=(HEAD.at(-0.37, 0.06), HEAD.at(0.37, 0.06)))
    (_, right), (_, left) = draw_accessory(load_accessory("drops"), tilted)
    assert right.name == "earrings_drops_R" and left.name == "earrings_drops_L"
    lowest = corners(left)[corners(left)[:, 1].argmax()]
    lobe = tilted.matrix(tilted.ears[1]) @ [0, LOBE * tilted.half_width, 1]
    assert abs(lowest[0] - lobe[0]) < 0.03 and lowest[1] > lobe[1] + 0.1
    ((_, near),) = draw_accessory(load_accessory("drops"), replace(HEAD, yaw=0.9))
    assert near.name == "earrings_drops_R"


def test_a_turned_head_squeezes_the_far_side() -> None:
    glasses = load_accessory("round")
    ((_, front),), ((_, turned),) = (draw_accessory(glasses, replace(HEAD, yaw=yaw)) for yaw in (0.0, 0.7))
    (a0, a1), (b0, b1) = ((corners(layer)[:, 0].min(), corners(layer)[:, 0].max()) for layer in (front, turned))
    assert b1 < a1 - 0.02 and b0 < a0 - 0.02


# ---- colours --------------------------------------------------------------------------------------------------------


def test_colours_are_given_or_chosen_together() -> None:
    accessory = read(colors={"main": ["#110000", "#220000", "#330000"], "accent": ["#001100", "#002200", "#003300"]})
    assert accessory_colors(accessory, {}, 0)["main"] == (0x11, 0, 0)
    seen = set()
    for seed in range(40):
        found = accessory_colors(accessory, {}, seed)
        assert found["main"][0] == found["accent"][1]
        seen.add(found["main"])
        assert accessory_colors(accessory, {"main": (1, 2, 3)}, seed)["main"] == (1, 2, 3)
    assert len(seen) == 3
    with pytest.raises(OptionError, match="has no such colour"):
        accessory_colors(accessory, {"detail": (0, 0, 0)})


@given(color=st.tuples(*[st.integers(0, 255)] * 3))
def test_tones_are_ordered_by_lightness(color: Color) -> None:
    names = ["line", "deep", "shadow", None, "light", "shine"]
    tones = [color if name is None else tone_of(color, name) for name in names]
    assert set(names) - {None} == set(TONES)
    lightness = [float(srgb_to_oklab(np.array(tone, np.float64))[0]) for tone in tones]
    assert all(a <= b + 0.012 for a, b in pairwise(lightness))


def test_recolouring_and_outlines_reach_every_shape() -> None:
    fedora = load_accessory("fedora")
    gray = draw_accessory(fedora, HEAD, recolor=lambda color: (round(sum(color) / 3),) * 3)
    fills = [shape.fill for _, layer in gray for shape in layer.shapes]
    assert fills and all(isinstance(fill, tuple) and len(set(fill)) == 1 for fill in fills)
    line = Stroke((9, 9, 9), 0.02)
    plain, lined = (draw_accessory(fedora, HEAD, line=each)[0][1].shapes for each in (None, line))
    assert sum(shape.stroke == line for shape in lined) == len(lined) - len(plain) >= 3


# ---- files ----------------------------------------------------------------------------------------------------------


def test_names_that_do_not_exist_are_told_apart() -> None:
    with pytest.raises(OptionError, match=r"no such accessory.*hat:beanie.*did you mean 'hat:beanie'"):
        load_accessory("hat:beani")
    with pytest.raises(OptionError, match="did you mean 'fedora'"):
        load_accessory("fedorra")
    with pytest.raises(OptionError, match="no such kind"):
        list_accessories("hats")
    for name in ("../../etc/passwd", "hat:../x", "", ":", "hat:", "x" * 10_000, "\x00", "hat:beanie\n:"):
        with pytest.raises(OptionError) as error:
            load_accessory(name)
        assert len(str(error.value)) < 4000


def test_own_folders_add_and_take_precedence(tmp_path: File, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "hat-thing.json").write_text(json.dumps(DATA))
    (tmp_path / "hat-beanie.json").write_text(json.dumps({**DATA, "name": "beanie", "title": "Mine"}))
    (tmp_path / "mask-thing.json").write_text(json.dumps({**DATA, "kind": "mask"}))
    (tmp_path / "notes.json").write_text("no accessory")
    assert "hat:thing" in list_accessories("hat", tmp_path) and "hat:thing" not in list_accessories()
    monkeypatch.setenv("DRESSFORM_ACCESSORIES", str(tmp_path))
    assert load_accessory("hat:thing").colors == {"main": ("#336699",)} and load_accessory("beanie").title == "Mine"
    with pytest.raises(OptionError, match="more than one"):
        load_accessory("thing")
    (tmp_path / "hat-thing.json").write_text(json.dumps({**DATA, "name": "other"}))
    with pytest.raises(OptionError, match="another name"):
        load_accessory("hat:thing")
    if hasattr(os, "mkfifo"):
        (tmp_path / "hat-thing.json").unlink()
        os.mkfifo(tmp_path / "hat-thing.json")
        with pytest.raises(OptionError, match="cannot be read"):
            load_accessory("hat:thing")
    monkeypatch.setenv("DRESSFORM_ACCESSORIES", str(tmp_path / "absent"))
    with pytest.raises(OptionError, match="no such folder"):
        list_accessories()


def shapes(*changed: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"name": "main", "slot": "hat", "shapes": [{**SHAPE, **each} for each in changed]}]


@pytest.mark.parametrize(
    "changes",
    [
        {"name": "<script>"},
        {"kind": "weapon"},
        {"title": "\x00"},
        {"hides": ["everything"]},
        {"colors": {"main": ["red"]}},
        {"colors": {"skin": ["#000000"]}},
        {"rim": [[0, 0]]},
        {"rim": [[0, 1e3], [1, 1e3]]},
        {"parts": []},
        {"parts": shapes() + shapes({})},
        {"parts": [{"name": "main", "slot": "sky", "shapes": [SHAPE]}]},
        {"parts": shapes(*[{}] * (accessories.MAX_SHAPES + 1))},
        {"parts": shapes({"path": "M0 0" + "L1 1" * 2500})},
        {"parts": shapes({"path": "M0 0L99 0L1 1Z"})},
        {"parts": shapes({"path": "url(#x)"})},
        {"parts": shapes({"fill": "accent"})},
        {"parts": shapes({"fill": "main-dark"})},
        {"parts": shapes({"fill": '#336699" onload="x'})},
        {"parts": shapes({"stroke": "url(#x)"})},
        {"parts": shapes({"opacity": 2})},
        {"parts": shapes({"script": "x"})},
    ],
    ids=lambda changes: json.dumps(changes)[:50],
)
def test_what_is_no_accessory_is_refused(changes: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        read(**changes)


@pytest.mark.parametrize("text", ["", "null", "[" * 50, '{"name": NaN}', " " * 70_000, b"\xff\xfe", "1e999", "{}"])
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(OptionError):
        read_accessory(text)
