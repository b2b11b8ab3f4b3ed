"""Regions of several garments: each one's light by itself, with borders where the photo shows them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.parsing import OptionError, Part
from dressform.tryon.light import to_linear, to_srgb
from dressform.tryon.shading.cloths import estimate_lights, split_cloths
from dressform.tryon.shading.estimate import estimate_shading, relight
from dressform.tryon.sharpness import measure_blur, soften

H, W = 240, 200


def outfit(coat=(0.02, 0.02, 0.025), shirt=(0.8, 0.8, 0.78), off=3):
    """An open coat over a shirt in soft light: linear photo, mask, labels that are a few px off, true light."""
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:H, :W].astype(np.float32)
    light = (0.75 + 0.2 * np.sin(x / 19) * np.sin(y / 31)).astype(np.float32)
    mask = np.zeros((H, W), np.bool_)
    mask[20:220, 30:170] = True
    front = mask & (np.abs(x - 100) < 34)
    albedo = np.where(front[..., None], np.float32(shirt), np.float32(coat)).astype(np.float32)
    linear = np.where(mask[..., None], albedo * light[..., None], np.float32(0.3)).astype(np.float32)
    photo = np.rint(np.clip(to_srgb(linear) * 255 + rng.normal(0, 0.8, linear.shape), 0, 255)).astype(np.uint8)
    told = np.zeros((H, W), np.uint8)
    told[mask] = Part.COAT
    told[mask & np.roll(front, off, 1)] = Part.UPPER_CLOTHES
    return photo, to_linear(photo), mask, told, front, light


def test_a_coat_and_a_shirt_are_two_cloths_and_meet_where_the_photo_says():
    photo, _, mask, labels, front, _ = outfit()
    cloths = split_cloths(photo, mask, labels)
    assert set(np.unique(cloths[mask])) == {0, 1}
    agree = (cloths == cloths[120, 100]) == front
    assert agree[mask].mean() > 0.98
    wrong = ((labels == Part.UPPER_CLOTHES) != front)[mask].mean()
    assert (~agree)[mask].mean() < wrong


def test_each_cloth_has_light_of_its_own():
    photo, linear, mask, labels, front, light = outfit()
    both = relight(estimate_lights(linear, mask, split_cloths(photo, mask, labels)))
    inner = cv2.erode(mask.view(np.uint8), np.ones((9, 9))) > 0
    edge = cv2.dilate(front.view(np.uint8), np.ones((9, 9))) != cv2.erode(front.view(np.uint8), np.ones((9, 9)))
    for cloth in (front, ~front):
        at = inner & cloth & ~edge
        # Lit to the same level although one is black and the other white.
        assert np.percentile(both[at], 95) == pytest.approx(1.0, abs=0.06)
        assert np.corrcoef(np.log(both[at]), np.log(light[at]))[0, 1] > (0.97 if cloth is front else 0.8)


def test_one_cloth_stays_one_whatever_the_labels_say():
    photo, linear, mask, labels, _, _ = outfit(coat=(0.2, 0.3, 0.5), shirt=(0.2, 0.3, 0.5))
    cloths = split_cloths(photo, mask, labels)
    assert not cloths.any()
    alone, same = estimate_shading(linear, mask), estimate_lights(linear, mask, cloths)
    assert np.array_equal(alone.shade, same.shade) and np.array_equal(alone.inks, same.inks)


def test_inks_of_all_cloths_are_told():
    photo, linear, mask, labels, _, _ = outfit(coat=(0.3, 0.05, 0.05), shirt=(0.6, 0.6, 0.6))
    found = estimate_lights(linear, mask, split_cloths(photo, mask, labels))
    assert len(found.inks) >= 2
    middle = found.labels[120, 100], found.labels[120, 45]
    assert middle[0] != middle[1]
    assert np.allclose(found.inks[middle[1]][1:], found.inks[middle[1]][0] / 6, rtol=0.2)  # the coat's red
    assert (found.labels[~mask] == 255).mean() > 0.9


def test_garments_of_another_size_are_refused():
    _, linear, mask, _, _, _ = outfit()
    with pytest.raises(OptionError, match="fit the region"):
        estimate_lights(linear, mask, np.zeros((3, 3), np.uint8))


def scene(blur: float, noise: float = 1.0):
    image = np.full((200, 200, 3), 40, np.uint8)
    cv2.circle(image, (100, 100), 60, (200, 180, 160), -1)
    cv2.rectangle(image, (20, 20), (60, 180), (90, 220, 90), -1)
    soft = cv2.GaussianBlur(image.astype(np.float32), (0, 0), blur) if blur else image.astype(np.float32)
    return np.clip(soft + np.random.default_rng(1).normal(0, noise, soft.shape), 0, 255).astype(np.uint8)


@settings(max_examples=20, deadline=None)
@given(blur=st.floats(0.8, 7), noise=st.floats(0, 2))
def test_blur_is_measured(blur, noise):
    assert measure_blur(scene(blur, noise), np.ones((200, 200), np.bool_)) == pytest.approx(blur, rel=0.2, abs=0.15)


def test_a_sharp_photo_is_sharp_and_a_blank_one_tells_nothing():
    every = np.ones((200, 200), np.bool_)
    assert measure_blur(scene(0), every) < 0.45
    assert measure_blur(np.full((200, 200, 3), 90, np.uint8), every) == 0
    assert measure_blur(scene(2), ~every) == 0


def test_softened_cloth_keeps_its_light_and_its_edges_stay_clean():
    rgb = np.zeros((60, 60, 3), np.float32)
    rgb[::2] = 0.8
    soft, _ = soften(rgb, None, 3.0)
    assert soft[20:40, 20:40].std() < 0.01 and soft.mean() == pytest.approx(rgb.mean(), abs=0.01)
    assert soften(rgb, None, 0.1)[0] is rgb
    covered = np.zeros((60, 60), np.float32)
    covered[20:40, 20:40] = 1
    red = np.zeros((60, 60, 3), np.float32)
    red[20:40, 20:40] = (0.9, 0.1, 0.1)
    out, share = soften(red, covered, 2.0)
    assert 0 < share[30, 42] < 0.5
    assert np.allclose(out[30, 42], (0.9, 0.1, 0.1), atol=0.01)  # no dark rim where it fades out
