"""Garments of one colour become one class; nothing else changes."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.parsing.engines.compact.garments import GARMENTS, agree_on_garments
from dressform.parsing.parts import Part

Floats = npt.NDArray[np.float32]
H, W = 96, 64


def sure_of(parts: npt.NDArray[np.uint8], probability: float = 0.8) -> Floats:
    """(21, h, w): each place is of its part with that probability, the rest shared by all parts."""
    out = np.full((len(Part), *parts.shape), (1 - probability) / (len(Part) - 1), np.float32)
    np.put_along_axis(out, parts[None].astype(np.intp), np.float32(probability), 0)
    return out


def test_a_patch_in_a_garment_of_one_colour_goes() -> None:
    parts = np.full((H, W), Part.UPPER_CLOTHES, np.uint8)
    parts[30:50, 20:40] = Part.COAT
    image = np.full((2 * H, 2 * W, 3), (40, 70, 160), np.uint8)
    best = agree_on_garments(sure_of(parts, 0.6), image).argmax(0)
    assert (best == Part.UPPER_CLOTHES).all()


def test_a_shirt_under_an_open_coat_stays() -> None:
    parts = np.full((H, W), Part.COAT, np.uint8)
    parts[20:80, 24:40] = Part.UPPER_CLOTHES
    image = np.zeros((H, W, 3), np.uint8)
    image[:] = (40, 40, 90)
    image[20:80, 24:40] = (235, 230, 225)
    assert (agree_on_garments(sure_of(parts), image).argmax(0) == parts).mean() > 0.98


def test_shade_divides_no_garment() -> None:
    parts = np.full((H, W), Part.DRESS, np.uint8)
    parts[40:80, 44:] = Part.SKIRT
    shade = np.linspace(1, 0.6, W)[None, :, None]
    image = np.round(np.array([200, 40, 60]) * shade * np.ones((H, 1, 1))).astype(np.uint8)
    assert (agree_on_garments(sure_of(parts, 0.6), image).argmax(0) == Part.DRESS).mean() > 0.95


def test_other_parts_of_the_same_colour_stay() -> None:
    parts = np.full((H, W), Part.PANTS, np.uint8)
    parts[80:] = Part.LEFT_SHOE
    image = np.full((H, W, 3), 25, np.uint8)
    assert (agree_on_garments(sure_of(parts, 0.5), image).argmax(0) == parts).all()


def test_nobody_clothed() -> None:
    bare = sure_of(np.full((H, W), Part.FACE, np.uint8), 0.99)
    assert np.array_equal(agree_on_garments(bare, np.zeros((H, W, 3), np.uint8)), bare)


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 2**32 - 1), st.sampled_from([(4, 4), (5, 7), (3, 40), (33, 18)]))
def test_what_is_clothed_stays_clothed(seed: int, shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(seed)
    given_ = rng.dirichlet(np.full(len(Part), 0.2), shape).astype(np.float32).transpose(2, 0, 1)
    image = rng.integers(0, 256, (2 * shape[0], 2 * shape[1], 3), dtype=np.uint8)
    before = given_.copy()
    out = agree_on_garments(given_, image)
    assert np.array_equal(given_, before), "the argument is not touched"
    assert out.dtype == np.float32
    assert np.isfinite(out).all()
    assert (out >= 0).all()
    others = [k for k in range(len(Part)) if k not in GARMENTS]
    assert np.array_equal(out[others], before[others])
    np.testing.assert_allclose(out[GARMENTS].sum(0), before[GARMENTS].sum(0), atol=1e-5)
