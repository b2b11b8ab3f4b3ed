"""Drawing: layers, their order and names, what they show together, options, odd people, every style."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest
from painted import HAIR, TOP, only, paint

from dressform.avatar import (
    Avatar,
    AvatarOptions,
    AvatarSpec,
    build_avatar,
    draw_avatar,
    list_styles,
    measure,
    parse_overrides,
    spec_from_json,
    spec_to_json,
)
from dressform.avatar.animate import blink
from dressform.avatar.color import difference
from dressform.avatar.effects import EFFECTS
from dressform.avatar.export import encode
from dressform.avatar.framing import window
from dressform.avatar.render import compose as put_together
from dressform.avatar.render.raster import draw_layers
from dressform.avatar.scene import Layer
from dressform.parsing import OptionError, Part

STYLES = list_styles()


@cache
def spec(**what: bool) -> AvatarSpec:
    return measure(paint(**what))  # type: ignore[arg-type]


@cache
def avatar(style: str = "flat", framing: str = "bust") -> Avatar:
    return draw_avatar(spec(coat=True), style, AvatarOptions(framing=framing))  # type: ignore[arg-type]


def layer(drawn: Avatar, name: str) -> Layer:
    return next(each for each in drawn.scene.layers() if each.name == name)


def names(drawn: Avatar) -> set[str]:
    return {each.name for each in drawn.scene.layers()}


@pytest.mark.parametrize("style", STYLES)
def test_every_style_draws_layers_enough(style: str) -> None:
    assert len(names(avatar(style))) >= 24
    assert len(names(avatar(style, "full"))) >= 30


@pytest.mark.parametrize("style", STYLES)
def test_layers_put_together_are_the_picture(style: str) -> None:
    drawn = avatar(style)
    pictures = draw_layers(drawn.scene, 200, effects=EFFECTS)
    shown = [pictures[each.name] for each in drawn.scene.layers() if each.visible]
    again = put_together(shown, (200, 200))
    assert np.abs(again.astype(int) - drawn.to_image(200)).max() <= 1


@pytest.mark.parametrize("style", STYLES)
def test_there_are_no_seams(style: str) -> None:
    person = paint(coat=True)
    natural = parse_overrides([f"style.proportions.{key}" for key in ("heads=0", "head_width=1", "shoulders=1")])
    options = AvatarOptions(frame="square", framing="full", remove=("background",), overrides=natural)
    drawn = draw_avatar(spec(coat=True), style, options)
    shown = [each for each in drawn.scene.layers() if each.visible and each.name != "shadow"]
    pictures = draw_layers(drawn.scene, 700)  # geometry, as in SVG: effects may leave paper white
    alpha = put_together([pictures[each.name] for each in shown], (700, 700))[..., 3]
    assert person.face is not None
    chin, pixels = person.face[8], float(np.linalg.norm(person.face[8] - person.face[36:48].mean(0))) * 2
    piece = window(spec(coat=True), "full", "square")
    scale = 700 / piece.width / pixels
    matrix = np.array([[scale, 0, -piece.x * 700 / piece.width - chin[0] * scale], [0, scale, 0]])
    matrix[1, 2] = -piece.y * 700 / piece.width - chin[1] * scale
    truth = cv2.warpAffine((person.parse.labels > 0).astype(np.uint8), matrix, (700, 700), flags=cv2.INTER_NEAREST)
    inside = cv2.erode(truth, np.ones((9, 9), np.uint8)) > 0
    assert inside.sum() > 20_000
    assert alpha[inside].min() >= 254


def test_colours_are_the_measured_ones() -> None:
    drawn = avatar("flat")
    for name, color in (("hair_front", HAIR), ("upper_clothes", TOP)):
        fill = layer(drawn, name).shapes[0].fill
        assert float(difference(np.array(fill), np.array(color))) < 4, name


def test_features_stand_where_they_were_measured() -> None:
    drawn = draw_avatar(spec(), "flat", AvatarOptions(frame="square"))
    eyes = []
    for side, eye in zip("RL", spec().face.eyes, strict=True):
        x0, y0, x1, y1 = layer(drawn, f"eye_{side}_white").shapes[0].path.bounds
        eyes.append(((x0 + x1) / 2, (y0 + y1) / 2))
        assert eye.width > 0
    apart = np.hypot(*(np.array(eyes[1]) - eyes[0]))
    heads = apart / spec().head.apart
    x0, _, x1, _ = layer(drawn, "mouth_lower").shapes[0].path.bounds
    assert (x0 + x1) / 2 == pytest.approx((eyes[0][0] + eyes[1][0]) / 2, abs=0.06 * apart)
    assert heads == pytest.approx(1000 / 2.35, rel=0.2)


def test_the_back_of_a_head_has_no_features() -> None:
    drawn = draw_avatar(measure(paint(face=False)), "anime")
    assert not [name for name in names(drawn) if name.startswith(("eye", "mouth", "nose", "brow", "blush", "face"))]
    assert "hair_front" in names(drawn)


@pytest.mark.parametrize("style", STYLES)
def test_same_choices_same_bytes(style: str) -> None:
    one, other = draw_avatar(spec(), style), draw_avatar(spec_from_json(spec_to_json(spec())), style)
    assert one.encode("svg") == draw_avatar(spec(), style).encode("svg")
    threads = cv2.getNumThreads()
    try:
        cv2.setNumThreads(1)
        assert other.encode("png", size=96) == draw_avatar(spec_from_json(spec_to_json(spec())), style).encode(
            "png", size=96
        )
    finally:
        cv2.setNumThreads(threads)


def test_a_saved_spec_draws_the_same_avatar() -> None:
    saved = spec_from_json(spec_to_json(spec(coat=True)))
    one, other = avatar("anime").to_image(300), draw_avatar(saved, "anime").to_image(300)
    assert np.abs(one.astype(int) - other).mean() < 0.5


def test_svg_is_small_and_plain() -> None:
    for style in STYLES:
        text = avatar(style).encode("svg").decode()
        assert len(text) < 90_000, (style, len(text))
        assert "<filter" not in text
        assert "<image" not in text
        assert "CC0-1.0" in text


def test_framings_show_more_and_more() -> None:
    def shown(framing: str) -> set[str]:
        return names(avatar("flat", framing))

    assert "pants" not in shown("bust")
    assert "pants" in shown("half")
    assert {"shoe_L", "shoe_R", "leg_L"} <= shown("full")


def test_legs_that_nobody_saw_are_not_drawn() -> None:
    drawn = draw_avatar(measure(paint(low=1.2)), "flat", AvatarOptions(framing="full"))
    assert drawn.resolved.framing == "half"


def test_frames_cut_and_none_leaves_whole() -> None:
    corner = {
        frame: int(draw_avatar(spec(), "flat", AvatarOptions(frame=frame)).to_image(64)[1, 1, 3])  # type: ignore[arg-type]
        for frame in ("circle", "squircle", "square", "card")
    }
    assert corner["circle"] == corner["squircle"] == 0
    assert corner["square"] == 255


def test_options_go_before_what_was_measured() -> None:
    options = AvatarOptions(overrides=parse_overrides(["hair.color=#552200", "background.color=#00ff00"]))
    drawn = draw_avatar(spec(), "flat", options)
    assert layer(drawn, "hair_front").shapes[0].fill == (0x55, 0x22, 0x00)
    assert drawn.resolved.background is not None
    assert drawn.resolved.background[1] == (0, 255, 0)


def test_adding_and_removing() -> None:
    hatted = draw_avatar(spec(hat=True), "flat")
    assert "hat" in names(hatted)
    bare = draw_avatar(spec(hat=True), "flat", AvatarOptions(remove=("hat", "background")))
    assert "hat" not in names(bare)
    assert not [name for name in names(bare) if name.startswith("background")]
    worn = draw_avatar(spec(hat=True), "flat", AvatarOptions(add=("hat:beanie#3344aa", "glasses:round")))
    assert "hat" not in names(worn)  # one hat at a time
    assert any(name.startswith("hat_beanie") for name in names(worn))
    assert any(name.startswith("glasses_round") for name in names(worn))


def test_adding_something_changes_no_other_choice() -> None:
    plain = draw_avatar(spec(), "anime")
    worn = draw_avatar(spec(), "anime", AvatarOptions(add=("glasses:round",)))
    assert plain.resolved.background == worn.resolved.background
    for name in ("hair_front_strands", "face", "upper_clothes"):
        assert layer(plain, name).shapes[0].path.bounds == layer(worn, name).shapes[0].path.bounds


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: draw_avatar(spec(), "cubist"), "watercolour"),
        (lambda: draw_avatar(spec(), "flat", AvatarOptions(add=("hat:bowl",))), "beanie"),
        (lambda: AvatarOptions(frame="star"), "squircle"),  # type: ignore[arg-type]
        (lambda: AvatarOptions(framing="knee"), "bust"),  # type: ignore[arg-type]
        (lambda: AvatarOptions(remove=("head",)), "glasses"),
        (lambda: parse_overrides(["hair.colour=red"]), "hair.color"),
    ],
)
def test_unknown_names_are_errors_that_list_what_exists(make: object, words: str) -> None:
    with pytest.raises(OptionError, match=words):
        make()  # type: ignore[operator]


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("part", [Part.FACE, Part.HAIR, Part.LEFT_SHOE, Part.UPPER_CLOTHES])
def test_odd_people_are_drawn(style: str, part: Part) -> None:
    for box in ((10, 10, 11, 11), (0, 0, 80, 60)):
        drawn = draw_avatar(measure(only(part, box)), style, AvatarOptions(framing="full"))
        assert drawn.to_image(48).shape[2] == 4
        encode(drawn.scene, "svg")


def test_a_blink_closes_both_eyes() -> None:
    scenes = blink(avatar("flat").scene)
    shut = {each.name for each in scenes[1][0].layers() if each.visible}
    assert {"eye_R_closed", "eye_L_closed"} <= shut
    assert "eye_R_white" not in shut
    assert scenes[0][0] is avatar("flat").scene


def test_from_a_photo() -> None:
    person = paint()
    assert person.parse.image is not None
    drawn = build_avatar(person.parse.image, person, "chibi")
    assert drawn.style.name == "chibi"
    assert drawn.to_image(64).shape == (64, 64, 4)
