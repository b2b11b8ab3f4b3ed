"""Choosing queries and enlarging masks: against plain definitions, in strips and windows, with little memory."""

from __future__ import annotations

import tracemalloc

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.parsing.engines.m2fp import masks as module
from dressform.parsing.engines.m2fp import select
from dressform.parsing.engines.m2fp.configuration import MULTI
from dressform.parsing.engines.m2fp.masks import CELL, Frame, measure, pack, reach, resize, sigmoid, unpack, upsample
from dressform.parsing.engines.m2fp.select import choose, class_probabilities, find_instances
from dressform.parsing.engines.m2fp.single import class_map, class_sums

Floats = npt.NDArray[np.float32]
HUMAN = MULTI.classes.index("Human")


def bilinear(image: npt.NDArray[np.floating], height: int, width: int) -> npt.NDArray[np.float64]:
    """The definition: pixel centres at halves, the outermost samples hold beyond their centres; (h, w) float64."""
    out = np.asarray(image, np.float64)
    for axis, size in ((0, height), (1, width)):
        count = out.shape[axis]
        position = np.clip((np.arange(size) + 0.5) * count / size - 0.5, 0, count - 1)
        before = np.minimum(position.astype(int), max(count - 2, 0))
        share = (position - before).reshape(-1, *[1] * (1 - axis))
        after = np.minimum(before + 1, count - 1)
        out = np.take(out, before, axis) * (1 - share) + np.take(out, after, axis) * share
    return out


def whole(field: Floats, frame: Frame) -> npt.NDArray[np.float64]:
    """The enlarged map by definition: to the network's input, cut, to the photo."""
    x0, y0, x1, y1 = frame.content
    large = bilinear(field, CELL * frame.cells[0], CELL * frame.cells[1])
    return bilinear(large[y0:y1, x0:x1], *frame.photo)


@st.composite
def frames(draw: st.DrawFn) -> Frame:
    rows, columns = draw(st.integers(1, 12)), draw(st.integers(1, 12))
    x0, y0 = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    x1, y1 = draw(st.integers(x0 + 1, CELL * columns)), draw(st.integers(y0 + 1, CELL * rows))
    photo = draw(st.integers(1, 90)), draw(st.integers(1, 90))
    return Frame(photo, (x0, y0, x1, y1), (rows, columns))


def drawn_field(frame: Frame, seed: int) -> Floats:
    return np.random.default_rng(seed).normal(-1, 2, frame.cells).astype(np.float32)


@settings(deadline=None, max_examples=150)
@given(frames(), st.integers(0, 99), st.data())
def test_upsample(frame: Frame, seed: int, data: st.DataObject) -> None:
    field = drawn_field(frame, seed)
    (height, width), expected = frame.photo, whole(field, frame)
    assert upsample(field, frame, (0, 0, width, height)) == pytest.approx(expected, abs=1e-4)
    x0, y0 = data.draw(st.integers(0, width - 1)), data.draw(st.integers(0, height - 1))
    x1, y1 = data.draw(st.integers(x0 + 1, width)), data.draw(st.integers(y0 + 1, height))
    part = upsample(field, frame, (x0, y0, x1, y1))
    assert part.dtype == np.float32
    assert np.array_equal(part, upsample(field, frame, (0, 0, width, height))[y0:y1, x0:x1]), "the same in any window"


@settings(deadline=None, max_examples=100)
@given(frames(), st.integers(0, 99), st.sampled_from([-2.0, 0.0, 1.0]))
def test_nothing_is_outside_of_reach(frame: Frame, seed: int, level: float) -> None:
    field = drawn_field(frame, seed)
    above = upsample(field, frame, (0, 0, frame.photo[1], frame.photo[0])) > level
    window = reach(field, frame, level)
    if window is not None:
        x0, y0, x1, y1 = window
        assert 0 <= x0 < x1 <= frame.photo[1] and 0 <= y0 < y1 <= frame.photo[0]
        above[y0:y1, x0:x1] = False
    assert not above.any()


@settings(deadline=None, max_examples=60)
@given(frames(), st.integers(0, 99))
def test_measure(frame: Frame, seed: int) -> None:
    field = drawn_field(frame, seed)
    value = whole(field, frame)
    mean, mask = measure(field, frame, keep=True)
    assert mask is not None and measure(field, frame) == (mean, None)
    got = unpack(mask, (0, 0, frame.photo[1], frame.photo[0]))
    sure = abs(value) > 1e-4
    assert np.array_equal(got[sure], (value > 0)[sure]) and mask.area == got.sum()
    if got.any():
        assert mean == pytest.approx((1 / (1 + np.exp(-value)))[got].mean(), abs=1e-4)
    else:
        assert mean == 0


def test_strips_do_not_show(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = Frame((45, 80), (0, 0, 71, 40), (10, 18))
    field = drawn_field(frame, 1)
    mean, mask = measure(field, frame, keep=True)
    monkeypatch.setattr(module, "STRIP", 200)
    other_mean, other = measure(field, frame, keep=True)
    assert mask is not None and other is not None and np.array_equal(mask.bits, other.bits)
    assert mean == pytest.approx(other_mean, rel=1e-6)


def test_same_as_torch() -> None:
    torch = pytest.importorskip("torch", reason="needs torch, to compare with its own resizing")
    frame = Frame((720, 1280), (0, 0, 1138, 640), (160, 288))
    field = np.random.default_rng(0).normal(0, 3, frame.cells).astype(np.float32)
    large = torch.nn.functional.interpolate(torch.from_numpy(field)[None, None], size=(640, 1152), mode="bilinear")
    expected = torch.nn.functional.interpolate(large[..., :640, :1138], size=(720, 1280), mode="bilinear")[0, 0].numpy()
    got = upsample(field, frame, (0, 0, 1280, 720))
    assert abs(got - expected).max() < 1e-5
    assert ((got > 0) != (expected > 0)).mean() <= 1e-6


def test_pack() -> None:
    mask = np.zeros((30, 50), np.bool_)
    assert pack(mask).area == 0 and not unpack(pack(mask), (0, 0, 50, 30)).any()
    mask[7:19, 11:32] = np.random.default_rng(0).random((12, 21)) > 0.5
    packed = pack(mask)
    assert packed.area == mask.sum() and packed.bits.nbytes <= 12 * 3
    assert np.array_equal(unpack(packed, (0, 0, 50, 30)), mask)
    assert np.array_equal(unpack(packed, (5, 10, 20, 30)), mask[10:30, 5:20])
    assert not unpack(packed, (40, 20, 50, 30)).any()


def test_sigmoid_stays_finite() -> None:
    with np.errstate(all="raise"):
        assert sigmoid(np.array([-1e9, -3, 0, 3, 1e9], np.float32)) == pytest.approx(
            [0, 0.04743, 0.5, 0.95257, 1], abs=1e-5
        )


# ---- choosing -----------------------------------------------------------------------------------------------------


def logits_of(*rows: dict[int, float], classes: int = 21) -> Floats:
    """Class logits that give exactly these probabilities; the rest of each is "no object"."""
    out = np.full((len(rows), classes + 1), -30.0, np.float32)
    for query, row in enumerate(rows):
        for label, probability in row.items():
            out[query, label] = np.log(probability)
        out[query, -1] = np.log(max(1 - sum(row.values()), 1e-9))
    return out


def test_class_probabilities() -> None:
    found = class_probabilities(logits_of({3: 0.7, 5: 0.2}, {HUMAN: 0.9}))
    assert found.shape == (2, 21) and found[0, 3] == pytest.approx(0.7) and found[0, 5] == pytest.approx(0.2)
    assert np.isfinite(class_probabilities(np.full((1, 22), 3e38, np.float32))).all()


def test_choose() -> None:
    chosen = choose(logits_of({3: 0.7, 5: 0.25}, {0: 0.99}, {HUMAN: 0.9}, {7: 0.05}))
    assert [(c.query, c.label) for c in chosen] == [(2, HUMAN), (0, 3), (0, 5)], "a query under two labels"


def test_only_so_many_pairs_are_looked_at() -> None:
    rows = [{label: 0.16 for label in range(1, 7)} for _ in range(40)]
    assert len(choose(logits_of(*rows))) == 100


def test_masks_are_enlarged_only_where_they_may_count(monkeypatch: pytest.MonkeyPatch) -> None:
    frame = Frame((40, 60), (0, 0, 60, 40), (10, 15))
    seen: list[Floats] = []
    real = select.measure
    monkeypatch.setattr(
        select, "measure", lambda field, *rest, **more: seen.append(field) or real(field, *rest, **more)
    )
    masks = np.full((4, 10, 15), 3.0, np.float32)
    found = find_instances(logits_of({3: 0.5, 4: 0.4}, {0: 0.9}, {HUMAN: 0.9}, {7: 0.09}), masks, frame, MULTI)
    assert len(seen) == 2
    assert [each.label for each in found] == [3, 4, HUMAN], "parts first"
    assert found[2].score == pytest.approx(0.9 * 0.9526, abs=1e-3) and found[0].mask is None


def test_score_below_the_limit_goes() -> None:
    frame = Frame((40, 60), (0, 0, 60, 40), (10, 15))
    masks = np.full((2, 10, 15), 0.01, np.float32)
    assert not find_instances(logits_of({3: 0.15}, {HUMAN: 0.15}), masks, frame, MULTI)
    assert len(find_instances(logits_of({3: 0.25}, {HUMAN: 0.25}), masks, frame, MULTI)) == 2
    assert not find_instances(logits_of({3: 0.9}), np.full((1, 10, 15), -1.0, np.float32), frame, MULTI), "empty masks"


def test_memory_of_a_4k_photo() -> None:
    """A hundred masks that each fill the photo: 3.3 GB as floats."""
    frame = Frame((2160, 3840), (0, 0, 1138, 640), (160, 288))
    rng = np.random.default_rng(0)
    masks = rng.normal(2, 1, (12, 160, 288)).astype(np.float32)
    logits = logits_of(*({1 + k % 12: 0.9} for k in range(12)))
    tracemalloc.start()
    try:
        found = find_instances(logits, masks, frame, MULTI, keep=True)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert len(found) == 12
    assert peak < 60e6, "a bit a pixel, and strips"


# ---- one person ---------------------------------------------------------------------------------------------------


def test_class_sums() -> None:
    rng = np.random.default_rng(3)
    masks, logits = rng.normal(0, 2, (5, 12, 9)).astype(np.float32), rng.normal(0, 2, (5, 21)).astype(np.float32)
    content = (3, 2, 33, 47)
    large = np.stack([bilinear(mask, 48, 36) for mask in masks])
    expected = np.einsum("qc,qhw->chw", class_probabilities(logits), 1 / (1 + np.exp(-large)))[:, 2:47, 3:33]
    assert class_sums(logits, masks, content) == pytest.approx(expected, abs=1e-4)


def test_class_map() -> None:
    sums = np.random.default_rng(4).random((20, 45, 30)).astype(np.float32)
    expected = np.stack([bilinear(row, 130, 90) for row in sums])
    got, margin = class_map(sums, (130, 90)), np.sort(expected, 0)[-1] - np.sort(expected, 0)[-2] > 1e-4
    assert np.array_equal(got[margin], expected.argmax(0)[margin]) and margin.mean() > 0.95
    assert resize(sums, (130, 90), (10, 20, 50, 60)) == pytest.approx(expected[:, 20:60, 10:50], abs=1e-4)
