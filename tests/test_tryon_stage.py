"""Stages and swaps: any order gives the same bytes, nothing else changes, and wrong input says what is wrong."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import permutations
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.parsing import OptionError, Parse, Part
from dressform.tryon import (
    GarmentPhoto,
    Print,
    Region,
    Result,
    Solid,
    Stage,
    Tile,
    drape_all,
    prepare,
    read_photo,
    swap,
    swap_all,
)
from dressform.tryon.backends import classic
from dressform.tryon.bench.exactness import changed_outside
from dressform.tryon.bench.fit import placed
from dressform.tryon.bench.flat_garments import photo, top
from dressform.tryon.bench.people import draw_people
from dressform.tryon.garment.cut import Cutout, cut_out

RNG = np.random.default_rng(4)
TILE = Tile(RNG.integers(0, 256, (24, 24, 3)).astype(np.uint8), repeat_cm=10)
LOGO = RNG.integers(0, 256, (20, 30, 4)).astype(np.uint8)


@pytest.fixture(scope="module")
def parse() -> Parse:
    """Two people in shirts and trousers."""
    return draw_people(360, 240, people=2, seed=1)


@pytest.fixture(scope="module")
def stages(parse: Parse) -> dict[tuple[int, str], Stage]:
    photo = read_photo(parse.image)
    return {key: prepare(photo, parse, *key) for key in ((1, "upper"), (1, "lower"), (2, "upper"))}


@pytest.fixture(scope="module")
def shirt(stages: dict[tuple[int, str], Stage]) -> Stage:
    return stages[1, "upper"]


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    count = cv2.getNumThreads()
    yield
    cv2.setNumThreads(count)


def same(one: Result, other: Result) -> bool:
    pairs = ((one.image, other.image), (one.edit_mask, other.edit_mask), (one.layer, other.layer))
    return all(a.tobytes() == b.tobytes() for a, b in pairs) and one.reports == other.reports


def test_any_order_of_people_and_regions_gives_the_same_bytes(
    parse: Parse, stages: dict[tuple[int, str], Stage]
) -> None:
    cloths = dict(zip(stages, (TILE, Solid("#204080"), Print(LOGO, "chest", over=Solid("#e8e0d0"))), strict=True))
    pairs = [(stages[key], cloths[key]) for key in stages]
    first = drape_all(pairs)
    assert [(report.person, report.region) for report in first.reports] == [(1, "lower"), (1, "upper"), (2, "upper")]
    for order in permutations(pairs):
        assert same(drape_all(order), first)
    assert changed_outside(first) == 0
    backwards = {key: cloths[key] for key in reversed(cloths)}
    assert same(swap_all(parse.image, parse, backwards), first)
    assert same(
        swap_all(parse.image, None, {(parse.people[k - 1], name): cloths[k, name] for k, name in cloths}), first
    )


def test_one_garment_changes_its_own_pixels_only(parse: Parse, stages: dict[tuple[int, str], Stage]) -> None:
    for (person, region), stage in stages.items():
        result = stage.drape(TILE)
        touched = (result.image != parse.image).any(axis=2)
        assert touched.sum() > 0.9 * stage.mask.sum() and changed_outside(result) == 0
        assert not touched[(parse.instances > 0) & (parse.instances != person)].any()
        window = np.zeros(touched.shape, np.bool_)
        x0, y0, x1, y1 = stage.window
        window[y0:y1, x0:x1] = stage.alpha > 0
        assert (result.edit_mask == window).all()
        assert result.report.region == region and result.report.covered == pytest.approx(1)
        assert same(swap(parse.image, person, region, TILE, parse=parse), result)


def test_a_group_looks_like_its_garments_one_by_one(stages: dict[tuple[int, str], Stage]) -> None:
    both = drape_all([(stages[1, "upper"], TILE), (stages[2, "upper"], Solid("#ff0000"))])
    for key, cloth in (((1, "upper"), TILE), ((2, "upper"), Solid("#ff0000"))):
        alone = stages[key].drape(cloth)
        other = next(stages[each] for each in stages if each[0] != key[0])
        apart = alone.edit_mask.copy()
        x0, y0, x1, y1 = other.window
        apart[y0:y1, x0:x1] &= other.alpha == 0
        assert (both.image[apart] == alone.image[apart]).all()


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_threads_do_not_matter(parse: Parse, shirt: Stage, threads: int) -> None:
    cv2.setNumThreads(threads)
    again = prepare(parse.image, parse, 1, "upper")
    for name in ("alpha", "rim", "shade", "fold", "weave", "inks", "push"):
        assert getattr(again, name).tobytes() == getattr(shirt, name).tobytes(), name
    assert again.cloth_map.uv.tobytes() == shirt.cloth_map.uv.tobytes()
    assert same(again.drape(TILE), shirt.drape(TILE))


def test_arrays_of_stages_and_results_cannot_be_written(shirt: Stage) -> None:
    result = shirt.drape(TILE)
    arrays = (shirt.alpha, shirt.rim, shirt.shade, shirt.fold, shirt.weave, shirt.inks, shirt.push, shirt.cloth_map.uv)
    for array in (*arrays, result.image, result.edit_mask):
        assert not array.flags.writeable


@settings(max_examples=25, deadline=None)
@given(
    st.floats(0, 4), st.floats(0, 4), st.one_of(st.sampled_from(["swatch", "scene"]), st.floats(-4, 4)),
    st.sampled_from([Solid("#000"), Solid("#fff"), TILE, Print(LOGO, "sleeve_L"), Print(LOGO, "chest", over=TILE)]),
)  # fmt: skip
def test_every_look_keeps_the_rest(shirt: Stage, folds: float, weave: float, exposure: float | str, cloth: Any) -> None:
    result = shirt.drape(cloth, folds=folds, weave=weave, exposure=exposure)
    assert changed_outside(result) == 0
    again = shirt.drape(cloth, folds=folds, weave=weave, exposure=exposure)
    assert same(again, result)


def test_looks_do_what_they_say(shirt: Stage) -> None:
    core = np.zeros(shirt.photo.pixels.shape[:2], np.bool_)
    x0, y0, x1, y1 = shirt.window
    core[y0:y1, x0:x1] = cv2.erode((shirt.alpha == 65535).astype(np.uint8), np.ones((5, 5), np.uint8)) > 0

    def light(**look: Any) -> np.ndarray:
        return np.asarray(shirt.drape(Solid("#808080"), **look).image[core].astype(float).mean(axis=1))

    plain = light()
    assert light(folds=2).std() > plain.std() > light(folds=0).std()
    assert light(exposure=1).mean() > plain.mean() > light(exposure=-1).mean()
    assert light(exposure="scene").mean() <= plain.mean() + 1


@settings(max_examples=6, deadline=None)
@given(st.integers(0, 2**31))
def test_protected_pixels_never_change(parse: Parse, seed: int) -> None:
    rng = np.random.default_rng(seed)
    keep = cv2.resize(rng.random((6, 9)), parse.size, interpolation=cv2.INTER_CUBIC) > 0.7
    result = swap(parse.image, 2, "upper", Solid("#00ff00"), parse=parse, protect=keep)
    assert (result.image[keep] == parse.image[keep]).all() and not (result.edit_mask & keep).any()


def test_what_she_wears_on_him(parse: Parse, shirt: Stage) -> None:
    result = shirt.drape(Region(parse.people[1], "upper"))
    assert result.report.cloth == "worn" and result.report.fit is not None and changed_outside(result) == 0
    red, _, blue = result.image[result.edit_mask].mean(axis=0)
    before = parse.image[result.edit_mask].mean(axis=0)
    assert red > blue and before[2] > before[0]  # the second shirt is red, the first one was blue


def test_a_garment_is_cut_out_once_as_long_as_it_is_held(shirt: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    flat, size = placed(top())
    asked = []

    def cut(photo: GarmentPhoto, *, delight: float) -> Cutout:
        asked.append(delight)
        return cut_out(photo, delight=delight)

    monkeypatch.setattr(classic, "cut_out", cut)
    cloth = GarmentPhoto(photo(flat, size, ground=(96, 70, 58)))
    first = shirt.drape(cloth)
    assert same(shirt.drape(cloth), first) and same(shirt.drape(cut_out(cloth)), first) and asked == [0.6]
    assert first.report.fit is not None and changed_outside(first) == 0
    assert not same(shirt.drape(cloth, folds=0), first) and asked == [0.6]
    shirt.drape(cloth, delight=0)
    assert asked == [0.6, 0]
    before = len(classic._CUTS)
    del cloth
    gc.collect()
    assert len(classic._CUTS) == before - 1


def bare(parse: Parse) -> Parse:
    """The same people with shirts alone."""
    labels = np.where(parse.labels == Part.PANTS, 0, parse.labels).astype(np.uint8)
    return replace(parse, labels=labels, instances=np.where(labels > 0, parse.instances, 0).astype(np.uint16))


def small(parse: Parse) -> Parse:
    """The same people, of whose shirts hardly anything is seen."""
    labels = parse.labels.copy()
    shirt = np.flatnonzero(labels == Part.UPPER_CLOTHES)
    labels.reshape(-1)[shirt[60:]] = Part.TORSO_SKIN
    return replace(parse, labels=labels)


WRONG: dict[str, tuple[Callable[[Parse], dict[str, Any]], str]] = {
    "number 0": (lambda p: {"person": 0}, "no such person; got 0; allowed: 1 to 2, left to right"),
    "number 3": (lambda p: {"person": 3}, "no such person; got 3"),
    "number -1": (lambda p: {"person": -1}, "no such person; got -1"),
    "not a number": (lambda p: {"person": "1"}, "no such person; got '1'"),
    "a truth": (lambda p: {"person": True}, "no such person; got True"),
    "nobody": (
        lambda p: {"parse": Parse(p.labels * 0, p.instances * 0, (), p.image)},
        "nobody: no person was found in this photo",
    ),
    "number without parse": (lambda p: {"parse": None}, "a person's number says nothing without a parse"),
    "person of another parse": (lambda p: {"person": replace(p).people[0]}, "this person is of another parse"),
    "no such name": (lambda p: {"region": "trousers"}, "unknown region; got 'trousers'; allowed: upper, lower"),
    "not on this person": (lambda p: {"region": "lower", "parse": bare(p)}, "no 'lower' on this.*allowed: upper"),
    "no shoes": (lambda p: {"region": "shoes"}, "no 'shoes' on this person; got a person with .*pants"),
    "too small": (lambda p: {"parse": small(p)}, "too small on this person; got .*allowed: at least 400 pixels"),
    "photo of another size": (lambda p: {"image": p.image[:-1]}, "not the one that was parsed; got 360×239"),
    "another photo": (lambda p: {"image": np.roll(p.image, 60, axis=1)}, "the photo is not the one that was parsed"),
    "protect of another size": (lambda p: {"protect": np.zeros((3, 3), np.bool_)}, "protect does not fit the photo"),
    "protect of another type": (lambda p: {"protect": np.zeros((240, 360))}, "protect does not fit the photo"),
    "everything protected": (lambda p: {"protect": np.ones((240, 360), np.bool_)}, "too small.*protect less"),
    "seam": (lambda p: {"seam": "glued"}, "unknown seam; got 'glued'; allowed: sewn, continuous"),
    "bend": (lambda p: {"bend": 0.5}, "fold strength out of range; got 0.5"),
    "bend that is no number": (lambda p: {"bend": float("nan")}, "fold strength out of range; got nan"),
}  # fmt: skip


@pytest.mark.parametrize("case", WRONG)
def test_wrong_preparing_says_what_is_wrong(parse: Parse, case: str) -> None:
    change, message = WRONG[case]
    given = {"image": parse.image, "parse": parse, "person": 1, "region": "upper"} | change(parse)
    with pytest.raises(OptionError, match=message):
        prepare(**given)


@pytest.mark.parametrize(
    ("look", "message"),
    [
        ({"fold": 2}, "unknown option of a swap; got 'fold'; allowed: folds, weave, exposure"),
        ({"folds": 5}, "folds is out of range; got 5; allowed: a number from 0 to 4"),
        ({"folds": float("nan")}, "folds is out of range; got nan"),
        ({"weave": "much"}, "weave is out of range; got 'much'"),
        ({"weave": True}, "weave is out of range; got True"),
        ({"exposure": "sun"}, "unknown exposure; got 'sun'; allowed: swatch, scene"),
        ({"exposure": 9}, "exposure is out of range"),
        ({"roundness": -1}, "roundness is out of range"),
        ({"delight": 2}, "delight is out of range"),
        ({"backend": "magic"}, "unknown backend; got 'magic'; allowed: classic, fashn"),
    ],
)
def test_wrong_looks_say_what_is_wrong(shirt: Stage, look: dict[str, Any], message: str) -> None:
    with pytest.raises(OptionError, match=message):
        shirt.drape(TILE, **look)


def test_wrong_draping_says_what_is_wrong(parse: Parse, stages: dict[tuple[int, str], Stage], shirt: Stage) -> None:
    with pytest.raises(OptionError, match="not a cloth; got str; allowed: Solid, Tile, Print, GarmentPhoto, Region"):
        shirt.drape("#ff0000")  # type: ignore[arg-type]
    with pytest.raises(OptionError, match="no place 'leg_L' on this upper; got torso"):
        shirt.drape(Print(LOGO, "leg_L"))
    with pytest.raises(OptionError, match="one garment cannot be swapped twice; got upper of person 1"):
        drape_all([(shirt, TILE), (stages[1, "lower"], TILE), (shirt, Solid("#fff"))])
    with pytest.raises(OptionError, match="no garment to drape"):
        drape_all([])
    with pytest.raises(OptionError, match="no garment to swap"):
        swap_all(parse.image, parse, {})
    other = draw_people(360, 240, people=2, seed=9)
    with pytest.raises(OptionError, match="these stages are of different photos"):
        drape_all([(shirt, TILE), (prepare(other.image, other, 2, "upper"), TILE)])
