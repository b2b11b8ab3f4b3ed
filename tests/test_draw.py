"""Overlays, sheets, and the colours they use."""

from __future__ import annotations

from itertools import combinations

import cv2
import numpy as np
import pytest

from dressform.parsing import OptionError, Parse, Part
from dressform.parsing.draw import draw_contact_sheet, draw_overlay
from dressform.parsing.draw_text import fit_text, text_width
from dressform.parsing.result import Observation


def scene(w: int, h: int, people: int = 2) -> Parse:
    """People side by side on grey: hair, face, dress."""
    labels, instances = np.zeros((h, w), np.uint8), np.zeros((h, w), np.uint16)
    boxes = []
    for k in range(people):
        x, radius = int(w * (k + 0.5) / people), max(2, min(w // (3 * people), h // 8))
        body = np.zeros((h, w), np.uint8)
        cv2.rectangle(body, (x - radius, h // 2), (x + radius, h - 1), int(Part.DRESS), -1)
        cv2.circle(body, (x, h // 3), radius, int(Part.HAIR), -1)
        cv2.circle(body, (x, h * 2 // 5), max(1, radius * 2 // 3), int(Part.FACE), -1)
        labels[body > 0], instances[body > 0] = body[body > 0], k + 1
        boxes.append((max(x - radius, 0), h // 5, min(x + radius + 1, w), h))
    image = np.full((h, w, 3), 128, np.uint8)
    return Parse(labels, instances, tuple(Observation(tuple(map(float, box)), 0.9) for box in boxes), image)


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (64, 48), (200, 3), (640, 480), (480, 1600), (6000, 400)])
@pytest.mark.parametrize("people", [1, 2])
def test_any_size(size: tuple[int, int], people: int) -> None:
    parse = scene(*size, people)
    before = parse.image.copy()
    drawn = draw_overlay(parse)
    assert drawn.dtype == np.uint8 and drawn.shape[1:] == (size[0], 3) and drawn.shape[0] > size[1]
    assert np.array_equal(parse.image, before)
    assert np.array_equal(drawn, draw_overlay(parse))


def test_colors_are_blended_in_place() -> None:
    parse = scene(300, 200)
    plain = draw_overlay(parse, legend=False, outlines=False, opacity=0.5)
    expected = np.full((200, 300, 3), 128.0)
    for part in (Part.HAIR, Part.FACE, Part.DRESS):
        expected[parse.labels == part] = (128 + np.array(part.color)) / 2
    assert plain.shape == (200, 300, 3) and np.abs(plain - expected).max() <= 1
    assert np.array_equal(draw_overlay(parse, legend=False, outlines=False, opacity=0), parse.image)
    assert np.array_equal(draw_overlay(parse, opacity=0.5, outlines=False)[:200], plain)


def test_another_photo_and_views() -> None:
    parse = scene(90, 120)
    other = np.zeros((240, 180, 3), np.uint8)[::2, ::2]
    other.flags.writeable = False
    assert draw_overlay(parse, other, legend=False)[0, 0].tolist() == [0, 0, 0]
    assert other.base is not None


def test_outlines_and_badges() -> None:
    parse = scene(400, 300)
    with_lines, without = (draw_overlay(parse, legend=False, outlines=on) for on in (True, False))
    changed = (with_lines != without).any(axis=2)
    edge = cv2.morphologyEx((parse.instances > 0).astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3))) > 0
    assert changed[edge].mean() > 0.9
    assert not changed[:20].any() and changed.mean() < 0.15
    dress = parse.labels == Part.DRESS
    dress[290:] = False  # the line also closes the outline at the photo's edge
    assert not changed[cv2.erode(dress.astype(np.uint8), np.ones((9, 9))) > 0].any()


def test_crowded_badges() -> None:
    assert draw_overlay(scene(300, 200, 30)).shape[1] == 300


def test_legend_names_what_is_there() -> None:
    strip = draw_overlay(scene(640, 480))[480:]
    present = {part for part in Part if part and (strip == part.color).all(axis=2).sum() > 20}
    assert present == {Part.HAIR, Part.FACE, Part.DRESS}


def test_nobody() -> None:
    photo = np.full((80, 120, 3), 9, np.uint8)
    parse = Parse(np.zeros((80, 120), np.uint8), np.zeros((80, 120), np.uint16), (), photo)
    drawn = draw_overlay(parse)
    assert np.array_equal(drawn[:80], photo)
    assert (drawn[80:].min(axis=2) < 120).any()  # dark letters on light paper
    assert np.array_equal(draw_overlay(parse, legend=False), photo)


def test_bad_options() -> None:
    parse = scene(40, 30)
    for opacity in (-0.1, 1.1, float("nan")):
        with pytest.raises(OptionError, match="opacity"):
            draw_overlay(parse, opacity=opacity)
    for image in (np.zeros((30, 41, 3), np.uint8), np.zeros((30, 40, 3), np.float32), np.zeros((30, 40), np.uint8)):
        with pytest.raises(OptionError, match="photo"):
            draw_overlay(parse, image)
    with pytest.raises(OptionError, match="with_image"):
        draw_overlay(Parse(parse.labels, parse.instances, parse.observations))


def test_contact_sheet() -> None:
    images = [np.full((h, w, 3), 40 * k, np.uint8) for k, (w, h) in enumerate([(100, 50), (10, 90), (400, 300)])]
    sheet = draw_contact_sheet(images, ["one", "a caption that is much too long for its cell " * 3, ""], 2, 120)
    assert sheet.dtype == np.uint8 and sheet.shape[1] > 240
    assert {0, 40, 80} <= set(np.unique(sheet))
    for bad in (([], [], 2, 120), (images, ["x"], 2, 120), (images, ["x"] * 3, 0, 120), (images, ["x"] * 3, 2, 4)):
        with pytest.raises(OptionError):
            draw_contact_sheet(*bad)


def test_text_fits() -> None:
    assert fit_text("Upper clothes", 20, 500) == "Upper clothes"
    assert fit_text("Upper clothes", 20, 80).endswith("...")
    assert text_width(fit_text("Upper clothes", 20, 80), 20) <= 80
    assert fit_text("Upper clothes", 20, 3) == ""


# Parts that share a border on people, by the part in the middle.
NEIGHBOURS = {
    Part.FACE: "hair hat sunglasses torso-skin scarf upper-clothes coat dress left-arm right-arm",
    Part.HAIR: "hat sunglasses torso-skin scarf upper-clothes coat dress left-arm right-arm",
    Part.TORSO_SKIN: "upper-clothes coat dress scarf left-arm right-arm",
    Part.SCARF: "upper-clothes coat dress",
    Part.UPPER_CLOTHES: "coat dress pants skirt left-arm right-arm glove bag left-leg right-leg",
    Part.COAT: "dress pants skirt left-arm right-arm glove bag left-leg right-leg",
    Part.DRESS: "left-arm right-arm left-leg right-leg bag pants",
    Part.PANTS: "skirt left-arm right-arm glove left-leg right-leg socks left-shoe right-shoe bag",
    Part.SKIRT: "left-arm right-arm left-leg right-leg bag",
    Part.LEFT_ARM: "right-arm glove left-leg right-leg bag",
    Part.RIGHT_ARM: "glove left-leg right-leg bag",
    Part.LEFT_LEG: "right-leg socks left-shoe right-shoe",
    Part.RIGHT_LEG: "socks left-shoe right-shoe",
    Part.SOCKS: "left-shoe right-shoe",
    Part.LEFT_SHOE: "right-shoe",
}


def oklab(color: tuple[int, int, int]) -> np.ndarray:
    """Ottosson's perceptual space: equal distances look equally different; white is at lightness 1."""
    share = np.array(color) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    cones = np.array([[0.41222, 0.53633, 0.05145], [0.21190, 0.68070, 0.10740], [0.08830, 0.28172, 0.62998]]) @ linear
    mixed = np.array([[0.21045, 0.79362, -0.00407], [1.97800, -2.42859, 0.45059], [0.02590, 0.78277, -0.80868]])
    return mixed @ np.cbrt(cones)


def test_neighbours_are_told_apart() -> None:
    by_slug = {part.slug: part for part in Part}
    for part, names in NEIGHBOURS.items():
        for other in names.split():
            distance = np.linalg.norm(oklab(part.color) - oklab(by_slug[other].color))
            assert distance > 0.18, (part.slug, other, distance)


def test_all_colors_differ() -> None:
    parts = [part for part in Part if part]
    assert min(np.linalg.norm(oklab(a.color) - oklab(b.color)) for a, b in combinations(parts, 2)) > 0.1
    assert len({part.cihp_color for part in Part}) == len(Part)
