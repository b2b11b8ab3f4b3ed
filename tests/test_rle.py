"""COCO run lengths, against faster-coco-eval."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from faster_coco_eval import mask as oracle
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from dressform.parsing import ParseDataError
from dressform.parsing.formats.rle import MAX_PIXELS, counts_to_mask, counts_to_runs, mask_to_counts, pack, unpack
from dressform.parsing.formats.runs import join, label_runs


def blobs(h: int, w: int) -> np.ndarray:
    """Long runs, as in real masks: counts that take several characters."""
    y, x = np.mgrid[:h, :w]
    return ((x - w / 2) / w) ** 2 + ((y - h / 3) / h) ** 2 < 0.1


def check(mask: np.ndarray) -> None:
    counts = mask_to_counts(mask)
    text = pack(counts)
    assert text == oracle.encode(np.asfortranarray(mask.astype(np.uint8)))["counts"].decode()
    assert np.array_equal(unpack(text), counts)
    assert np.array_equal(counts_to_mask(counts, *mask.shape), mask)
    assert np.array_equal(oracle.decode({"size": list(mask.shape), "counts": text}), mask)


@settings(deadline=None, max_examples=200)
@given(arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=40)))
def test_same_bytes_as_the_oracle(mask: np.ndarray) -> None:
    check(mask)


@pytest.mark.parametrize("shape", [(1, 1), (1, 300), (300, 1), (7, 5), (700, 900)])
@pytest.mark.parametrize("make", [np.zeros, np.ones, lambda shape: blobs(*shape)], ids=["empty", "full", "blob"])
def test_edges(shape: tuple[int, int], make) -> None:
    check(make(shape).astype(np.bool_))


def test_views_of_masks() -> None:
    mask = blobs(90, 70)
    check(mask[::-1, ::2])
    check(mask.T)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, MAX_PIXELS), max_size=50))
def test_any_counts_survive_packing(counts: list[int]) -> None:
    assert unpack(pack(np.array(counts, np.int64))).tolist() == counts


@settings(deadline=None, max_examples=200)
@given(st.text(st.characters(min_codepoint=40, max_codepoint=120), max_size=30))
def test_any_text_gives_numbers_or_an_error(text: str) -> None:
    with suppress(ParseDataError):
        counts_to_runs(unpack(text), 1000)


@pytest.mark.parametrize("text", ["é1", "1 ", "1~", "\x00", "P", "PPPPPPPPPPP1", "1P"])
def test_bad_text(text: str) -> None:
    with pytest.raises(ParseDataError):
        unpack(text)


@pytest.mark.parametrize(
    "counts",
    [
        [5], [7], [], [3, -1, 4], [2**62, 2**62, 2**62, 6], [2**70], [3, 3.0], ["6"], [[6]], [[1], [2, 3]],
        [True], None, {}, "6", 6, [np.iinfo(np.int64).min, 6],
    ],
)  # fmt: skip
def test_bad_counts(counts: object) -> None:
    with pytest.raises(ParseDataError):
        counts_to_mask(counts, 2, 3)


def test_zero_counts_are_allowed() -> None:
    assert counts_to_mask([0, 2, 0, 1, 3, 0], 2, 3).sum() == 3


@pytest.mark.parametrize("size", [(0, 5), (5, -1), (20_000, 20_000), (10**12, 10**12)])
def test_size_is_checked_before_memory_is_taken(size: tuple[int, int]) -> None:
    with pytest.raises(ParseDataError, match="size of a mask"):
        counts_to_mask([size[0] * size[1]], *size)


def test_a_window_gives_the_same_runs_as_the_photo() -> None:
    photo = np.random.default_rng(1).integers(0, 4, (30, 20)).astype(np.uint8)
    photo[:4], photo[:, :3], photo[25:], photo[:, 15:] = 0, 0, 0, 0
    whole, part = label_runs(photo), label_runs(photo[4:25, 3:15], 3, 4, 30)
    assert all(np.array_equal(a, b) for a, b in zip(whole, part, strict=True))
    starts, ends = join(np.array([0, 4, 9]), np.array([4, 6, 10]))
    assert (starts.tolist(), ends.tolist()) == ([0, 9], [6, 10])
