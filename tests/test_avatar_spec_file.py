"""Specs as JSON: the round trip is exact, and nothing that is not allowed comes in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.avatar.path_data import MAX_CUBICS
from dressform.avatar.paths import Path, circle, polygon
from dressform.avatar.pose import HeadPose
from dressform.avatar.spec import (
    Attributes,
    AvatarSpec,
    Eye,
    Face,
    Hex,
    Light,
    Mouth,
    Pattern,
    RegionPalette,
    RegionShape,
)
from dressform.avatar.spec_file import spec_from_json, spec_to_json
from dressform.avatar.validate import build, dump, plain, read_json
from dressform.parsing.errors import OptionError

HEAD = HeadPose((0.01, -0.5), 0.28, 3.0, -0.2, 0.33, 0.5, 0.6, ((-0.35, -0.4), (0.35, -0.4)), (0.0, -0.17), (0.0, 0.0))
EYE = Eye((0.14, -0.5), 0.15, 0.35, (0.1, 0.0), tuple((round(0.05 + 0.05 * k, 4), -0.6) for k in range(5)))
FACE = Face(
    source="rule",
    confidence=0.5,
    jaw=tuple((round(0.3 * (k / 8 - 1), 4), -0.1) for k in range(17)),
    eyes=(EYE, EYE),
    nose=((0.0, -0.5), (0.0, -0.3), (-0.06, -0.28), (0.06, -0.28)),
    mouth=Mouth((0.1, -0.17), (-0.1, -0.17), (0.0, -0.2), (0.0, -0.13), (0.0, -0.17), (0.0, -0.17)),
)
PALETTE = RegionPalette(
    "#102030", "#081018", "#203040", (("#ff0000", 0.25),), Pattern("striped", ("#102030",), 90.0, 0.2)
)
SPEC = AvatarSpec(
    framing="bust",
    head=HEAD,
    regions={"upper-clothes": RegionShape(circle((0, 1.5), 1), prints=(("#ff0000", circle((0, 1), 0.2)),))},
    palettes={"upper-clothes": PALETTE, "skin": RegionPalette("#c08060", "#a06040", "#d09070")},
    face=FACE,
    attributes=Attributes(parting=-0.25, beard=0.3),
    light=Light((-0.6, -0.8), 0.2),
    seed=7,
)


def changed(place: str, value: object) -> str:
    """The spec's JSON with one value set, at a place such as "head.tilt"."""
    data: Any = json.loads(spec_to_json(SPEC))
    at = data
    *outer, last = (int(key) if key.isdigit() else key for key in place.split("."))
    for key in outer:
        at = at[key]
    at[last] = value
    return json.dumps(data)


def test_the_round_trip_keeps_every_byte() -> None:
    text = spec_to_json(SPEC)
    again = spec_from_json(text)
    assert spec_to_json(again) == text == spec_to_json(spec_from_json(text.encode()))
    assert again.head == HEAD
    assert again.face == FACE
    assert again.palettes == SPEC.palettes
    assert list(json.loads(text))[:2] == ["format", "version"]


points = st.lists(st.tuples(*2 * [st.floats(-50, 50, allow_nan=False)]), min_size=3, max_size=12)


@settings(max_examples=40, deadline=None)
@given(points, st.floats(-90, 90), st.floats(-1, 1), st.integers(0, 2**53 - 1))
def test_any_spec_comes_back(corners: list[tuple[float, float]], tilt: float, yaw: float, seed: int) -> None:
    path = polygon(corners)
    spec = replace(SPEC, regions={"hair": RegionShape(path)}, head=replace(HEAD, tilt=tilt, yaw=yaw), seed=seed)
    text = spec_to_json(spec)
    again = spec_from_json(text)
    assert spec_to_json(again) == text
    assert again.seed == seed
    assert abs(again.head.tilt - tilt) < 1e-4
    for new, old in zip(again.regions["hair"].path.curves, path.curves, strict=True):
        np.testing.assert_allclose(new.points, old.points, atol=1e-4)


@pytest.mark.parametrize(
    ("place", "value", "words"),
    [
        ("head.tilt", 91, "spec.head.tilt"),
        ("head.yaw", -1.5, "spec.head.yaw"),
        ("head.half_width", 0, "spec.head.half_width"),
        ("head.eyes", [0, 1e300], r"spec.head.eyes\[1\]"),
        ("head.eyes", [0], "2 items"),
        ("head.eyes", "0,0", "spec.head.eyes"),
        ("head.extra", 1, "unknown key"),
        ("head.tillt", 1, "did you mean 'tilt'"),
        ("framing", "portrait", "bust, half, full"),
        ("face.eyes.0.openness", 2, r"spec.face.eyes\[0\].openness"),
        ("face.eyes.1.brow", [[0, 0]], "5 points"),
        ("face.jaw", [[0, 0]], "17 items"),
        ("face.eyes", [], "2 items"),
        ("face.iris", "red", "spec.face.iris"),
        ("face.iris", '#000000"/><script>', "spec.face.iris"),
        ("attributes.hat", 1, "true or false"),
        ("attributes.glasses", True, "none, clear, dark"),
        ("attributes.parting", "left", "spec.attributes.parting"),
        ("seed", 1.5, "whole number"),
        ("seed", 10**400, "spec.seed"),
        ("seed", True, "spec.seed"),
        ("palettes.skin.base", 5, "spec.palettes.skin.base"),
        ("palettes.sky", {}, "spec.palettes has an unknown key"),
        ("palettes.skin", {"base": "#ffffff"}, "shadow is missing"),
        ("regions.<script>", {"path": ""}, "spec.regions has an unknown key"),
        ("regions.background", {"path": ""}, "spec.regions has an unknown key"),
        ("regions.skin", {"path": ""}, "spec.regions has an unknown key"),
        ("regions.hair", {"path": "M0 0A1 1 0 0 1 2 2"}, "spec.regions.hair.path: this is no path"),
        ("regions.hair", {"path": "M0 0L500 0L0 1Z"}, "too far away"),
        ("regions.hair", {"path": "M0 0L1e9 0L0 1Z"}, "spec.regions.hair.path"),
        ("regions", [], "spec.regions"),
        ("version", 2, "update dressform"),
        ("version", "1", "not known"),
        ("format", "other", "no avatar spec"),
    ],
)
def test_what_is_not_allowed_is_refused(place: str, value: object, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        spec_from_json(changed(place, value))


@pytest.mark.parametrize(
    "text",
    [
        "", "{", "null", "[]", '{"a": 1, "a": 2}', '{"seed": NaN}', '{"seed": -Infinity}', '{"seed": 1e999}',
        "[" * 100_000, '{"a":' * 200 + "1" + "}" * 200, '{"seed": ' + "9" * 10_000 + "}", b"\xff\xfe{",
        b'{"a": "\xc3"}', " " * 3_000_000,
    ],
)  # fmt: skip
def test_what_is_no_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(OptionError) as caught:
        spec_from_json(text)
    assert len(str(caught.value)) < 400


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
        max_leaves=8,
    ),
    st.sampled_from(
        ["framing", "head", "head.ears", "face", "face.eyes.0", "palettes.skin", "regions", "light", "seed"]
    ),
)
def test_any_value_is_taken_or_refused_in_words(value: object, place: str) -> None:
    try:
        spec = spec_from_json(changed(place, value))
    except OptionError:
        return
    assert spec_from_json(spec_to_json(spec)).seed == spec.seed


def test_too_many_curves_are_refused() -> None:
    zigzag = "M0 0" + "L1 1" * (MAX_CUBICS // 2)
    data = json.loads(spec_to_json(SPEC))
    data["regions"] = {"hair": {"path": zigzag}, "face": {"path": zigzag}, "coat": {"path": "M0 0L1 1L2 0Z"}}
    with pytest.raises(OptionError, match="too many curves"):
        spec_from_json(json.dumps(data))


def test_a_number_that_is_not_finite_is_not_written() -> None:
    with pytest.raises(OptionError, match="not finite"):
        spec_to_json(replace(SPEC, head=replace(HEAD, tilt=float("nan"))))


@dataclass(frozen=True)
class Inner:
    color: Hex
    kind: Literal["a", "b", 3] = "a"


@dataclass(frozen=True)
class Outer:
    name: str
    inner: Inner = field(default_factory=lambda: Inner("#000000"))
    by_name: Mapping[str, Inner] = field(default_factory=dict)
    line: Hex | None = None
    pair: tuple[int, float] = (1, 0.5)
    many: tuple[Hex, ...] = ()
    path: Path = field(default_factory=lambda: Path(()))


def test_hints_are_followed() -> None:
    text = """{"name": "x", "inner": {"color": "#ABCDEF", "kind": 3}, "by_name": {"b": {"color": "#000001"}, "a":
        {"color": "#000002"}}, "line": null, "pair": [2, 1], "many": ["#111111"], "path": "M0 0L1 0L0 1Z"}"""
    value = build(Outer, read_json(text, what="test"), where="test", limits={"pair": (0, 3)})
    assert value.inner == Inner("#abcdef", 3)
    assert list(value.by_name) == ["a", "b"]
    assert value.pair == (2, 1.0)
    assert value.path.cubics == 3
    assert build(Outer, json.loads(dump(plain(value))), where="test").many == ("#111111",)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "test.name is missing"),
        ({"name": "a\nb"}, "one line of text"),
        ({"name": "x" * 301}, "300 characters"),
        ({"name": "\ud800"}, "test.name"),
        ({"name": "x", "inner": {"color": "#fff"}}, "test.inner.color"),
        ({"name": "x", "by_name": {"A b": {}}}, "a key of test.by_name"),
        ({"name": "x", "pair": [True, 1]}, r"test.pair\[0\]"),
        ({"name": "x", "pair": [4, 1]}, "0 to 3"),
        ({"name": "x", "many": ["#000000"] * 3000}, "2000 items"),
    ],
)
def test_hints_are_enforced(data: object, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        build(Outer, data, where="test", limits={"pair": (0, 3)})


def test_the_longest_place_wins() -> None:
    data = {"name": "x", "pair": [5, 5]}
    assert build(Outer, data, where="test", limits={"pair": (0, 3), "test.pair": (0, 9)}).pair == (5, 5.0)


def test_plain_values() -> None:
    assert plain((-0.0, 1.00004, 2.0, True, None, "a")) == [0, 1, 2, True, None, "a"]
    assert dump({"b": [1, [2.5, 3]], "a": {"c": 1}}) == '{\n  "b": [1, [2.5, 3]],\n  "a": {"c": 1}\n}'
