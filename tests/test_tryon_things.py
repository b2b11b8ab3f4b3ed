"""What lies in front of a garment without the parser's knowing: straps and canes, and bare skin."""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.parsing import Parse, Part
from dressform.parsing.result import Observation
from dressform.parsing.windows import window_slices
from dressform.tryon.light import from_linear, to_linear
from dressform.tryon.matte.alpha import firm_protect, garment_alpha
from dressform.tryon.matte.skin import SkinTone, bare_skin, skin_tone
from dressform.tryon.matte.things import find_things
from dressform.tryon.shape.regions import find_region

SKIN = (0.50, 0.27, 0.18)  # linear light
BLUE, WHITE, BLACK, GREEN = (0.05, 0.12, 0.35), (0.7, 0.7, 0.72), (0.012, 0.012, 0.013), (0.1, 0.3, 0.12)
ALIKE = {"beige": (0.55, 0.33, 0.22), "brown": (0.22, 0.12, 0.08), "pink": (0.6, 0.3, 0.24)}
ARM = (slice(150, 186), slice(66, 150))  # of the forearm that was taken for cloth


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    count = cv2.getNumThreads()
    yield
    cv2.setNumThreads(count)


def somebody(
    cloth: tuple[float, float, float],
    forearm: tuple[float, float, float] | None = SKIN,
    *,
    scale: int = 1,
    print_color: tuple[float, float, float] | None = None,
) -> Parse:
    """Somebody with a forearm before the chest of which only the hand was parsed; drawn ``scale`` times as large."""
    labels = np.zeros((320, 260), np.uint8)
    light = np.full((320, 260, 3), 0.25, np.float32) * np.float32([0.8, 1, 1.1])
    labels[90:280, 50:210] = Part.UPPER_CLOTHES
    light[90:280, 50:210] = cloth
    labels[20:84, 106:154] = Part.FACE
    labels[84:94, 116:144] = Part.TORSO_SKIN
    light[(labels == Part.FACE) | (labels == Part.TORSO_SKIN)] = SKIN
    if forearm is not None:
        light[ARM] = forearm
        labels[150:186, 150:180] = Part.RIGHT_ARM
        light[150:186, 150:180] = SKIN
    if print_color is not None:
        light[210:250, 90:140] = print_color
    folds = 1 + 0.25 * np.sin(np.arange(260, dtype=np.float32) / 17)
    light *= folds[None, :, None]
    light = cv2.GaussianBlur(light, (0, 0), 0.8)
    size = (260 * scale, 320 * scale)
    light = np.asarray(cv2.resize(light, size, interpolation=cv2.INTER_LINEAR), np.float32)
    labels = np.asarray(cv2.resize(labels, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    noise = np.random.default_rng(3).normal(0, 1.2, light.shape)
    image = np.clip(np.rint(from_linear(light, np.uint8) + noise), 0, 255).astype(np.uint8)
    box = (0.0, 0.0, float(size[0]), float(size[1]))
    return Parse(labels, (labels > 0).astype(np.uint16), (Observation(box, 1.0),), image)


def alpha_of(parse: Parse) -> np.ndarray:
    """Coverage of the whole photo."""
    person = parse.people[0]
    region = find_region(person, "upper")
    at = window_slices(region.window)
    out = np.zeros(parse.labels.shape, np.float32)
    assert parse.image is not None
    photo = np.ascontiguousarray(parse.image[at])
    out[at] = garment_alpha(photo, region, person, protect=firm_protect(region, person))
    return out


def found_on(parse: Parse) -> np.ndarray:
    """Skin that is found on the garment."""
    person = parse.people[0]
    tone = skin_tone(person)
    assert tone is not None and parse.image is not None
    parsed = person.mask("skin")
    return bare_skin(to_linear(parse.image), person.mask("upper"), parsed, tone, 2.0)


@pytest.mark.parametrize("cloth", [BLUE, WHITE, BLACK, GREEN])
def test_a_forearm_taken_for_cloth_stays_bare(cloth: tuple[float, float, float]) -> None:
    alpha = alpha_of(somebody(cloth))
    assert alpha[156:180, 74:150].mean() < 0.02
    assert alpha[200:270, 60:200].min() > 0.98 and alpha[110:140, 60:200].min() > 0.98
    edge = alpha[140:196, 90:140].mean(axis=1)  # the forearm's border is found anew, to the pixel
    assert edge[7] > 0.9 and edge[13] < 0.1 and edge[43] < 0.1 and edge[49] > 0.9


@pytest.mark.parametrize("cloth", ALIKE)
def test_cloth_of_the_colour_of_skin_is_cloth(cloth: str) -> None:
    assert not found_on(somebody(ALIKE[cloth])).any()
    alpha = alpha_of(somebody(ALIKE[cloth], None))
    assert alpha[110:270, 60:200].min() > 0.98


def test_cloth_that_only_the_light_makes_like_skin_is_cloth() -> None:
    parse = somebody((0.3, 0.16, 0.12), None)
    assert parse.image is not None
    ramp = np.linspace(0.35, 2.2, 320, dtype=np.float32)[::-1, None, None]
    lit = from_linear(np.clip(to_linear(parse.image) * ramp, 0, 1), np.uint8)
    assert not found_on(parse.with_image(lit)).any()


def test_a_print_away_from_skin_is_a_print() -> None:
    parse = somebody(BLUE, None, print_color=SKIN)
    assert not found_on(parse).any()
    assert alpha_of(parse)[210:250, 90:140].min() > 0.98


def test_nothing_is_known_without_a_photo_or_skin() -> None:
    parse = somebody(BLUE)
    bare = Parse(parse.labels, parse.instances, parse.observations)
    assert skin_tone(bare.people[0]) is None
    labels = np.where(parse.labels == Part.UPPER_CLOTHES, parse.labels, 0).astype(np.uint8)
    clothes = Parse(labels, (labels > 0).astype(np.uint16), parse.observations, parse.image)
    assert skin_tone(clothes.people[0]) is None
    tone = skin_tone(parse.people[0])
    assert tone is not None and tone.light[0] < np.log(0.3) < tone.light[1]
    empty = np.zeros(parse.labels.shape, np.bool_)
    assert parse.image is not None
    assert not bare_skin(to_linear(parse.image), empty, ~empty, tone, 2.0).any()


@settings(max_examples=25, deadline=None)
@given(st.integers(2, 30), st.integers(2, 30), st.floats(1, 6), st.integers(0, 999))
def test_skin_is_only_found_on_the_garment(h: int, w: int, cell: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    light = rng.random((h, w, 3)).astype(np.float32)
    garment, parsed = rng.random((h, w)) < 0.7, rng.random((h, w)) < 0.2
    found = bare_skin(light, garment, parsed, SkinTone(((0.6, -0.3),), 0.1, (-3.0, 0.0)), cell)
    assert found.shape == (h, w) and not (found & ~garment).any()


def test_large_photos_get_the_same_edges() -> None:
    small, large = (alpha_of(somebody(BLUE, scale=scale)) for scale in (1, 4))
    again = cv2.resize(large, small.shape[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(again - small).mean() < 0.01
    soft = (large > 0) & (large < 1)
    assert soft.mean() < 0.06 and large[624:720, 296:600].mean() < 0.02


def test_large_photos_are_the_same_on_any_number_of_threads() -> None:
    found = []
    for threads in (1, 2, 4):
        cv2.setNumThreads(threads)
        found.append(alpha_of(somebody(WHITE, scale=4)).tobytes())
    assert found[0] == found[1] == found[2]


def inks_of(shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Ink numbers, inks, mask and garments of a plain cloth."""
    mask = np.zeros(shape, np.bool_)
    mask[10:-10, 10:-10] = True
    inks = np.float32([[0.05, 0.12, 0.35], [0.4, 0.2, 0.05]])
    return np.where(mask, 0, 255).astype(np.uint8), inks, mask, np.zeros(shape, np.uint8)


@pytest.mark.parametrize("scale", [1, 5])
def test_a_strap_is_a_thing_and_a_print_is_none(scale: int) -> None:
    labels, inks, mask, cloths = inks_of((200 * scale, 240 * scale))
    labels[10 : 120 * scale, 60 * scale : 68 * scale] = 1
    share = find_things(labels, inks, mask, cloths)
    assert share.shape == mask.shape and share.dtype == np.float32
    assert share[20 * scale : 110 * scale, 62 * scale : 66 * scale].min() > 0.9
    assert not share[:, 90 * scale :].any() and share.min() >= 0 and share.max() <= 1
    labels[labels == 1] = 0
    labels[60 * scale : 90 * scale, 100 * scale : 130 * scale] = 1
    assert not find_things(labels, inks, mask, cloths).any()


def test_another_light_is_no_other_thing() -> None:
    labels, inks, mask, cloths = inks_of((200, 240))
    labels[10:120, 60:68] = 1
    inks[1] = inks[0] * np.float32(0.3)
    assert not find_things(labels, inks, mask, cloths).any()
    assert not find_things(labels, inks, np.zeros_like(mask), cloths).any()
