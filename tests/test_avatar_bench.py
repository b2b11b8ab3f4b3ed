"""The bench of avatars: its measures agree with right drawings and fail on wrong ones."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path as FilePath

import numpy as np
import pytest
from painted_people import Painted, paint_people

from dressform.assets import asset_path
from dressform.avatar.bench import attributes, colors, faces, files, identity, layers, placement, readings, shapes
from dressform.avatar.bench.__main__ import main, write
from dressform.avatar.bench.drawing import Drawing, area, centroid, fill, without_backdrop
from dressform.avatar.bench.figures import Figure, worst_tenth
from dressform.avatar.bench.run import run
from dressform.avatar.bench.subjects import (
    Subject,
    parse_photos,
    photo_files,
    subjects,
    trimmed_median,
    without_landmarks,
)
from dressform.avatar.color import srgb_to_lab
from dressform.avatar.paths import Path, circle, polygon
from dressform.avatar.render.raster import render
from dressform.avatar.scene import Group, Layer, Scene, Shape


def subject(**options: object) -> Subject:
    return subjects("painted", paint_people([Painted(**options)]))[0]  # type: ignore[arg-type]


def altered(drawing: Drawing, change: Callable[[Layer], Layer | None]) -> Drawing:
    """The drawing with each layer changed or left out."""

    def walk(children: tuple[Layer | Group, ...]) -> tuple[Layer | Group, ...]:
        out: list[Layer | Group] = []
        for child in children:
            if isinstance(child, Group):
                out.append(replace(child, children=walk(child.children)))
            elif (changed := change(child)) is not None:
                out.append(changed)
        return tuple(out)

    wrong = Drawing(drawing.avatar, drawing.framing)
    wrong.__dict__["scene"] = replace(drawing.scene, children=walk(drawing.scene.children))
    return wrong


def recolored(name: str, color: tuple[int, int, int]) -> Callable[[Layer], Layer]:
    def change(layer: Layer) -> Layer:
        return (
            replace(layer, shapes=tuple(replace(s, fill=color) for s in layer.shapes)) if layer.name == name else layer
        )

    return change


def moved(start: str, dx: float, dy: float) -> Callable[[Layer], Layer]:
    matrix = np.array([[1, 0, dx], [0, 1, dy]])

    def change(layer: Layer) -> Layer:
        if not layer.name.startswith(start):
            return layer
        return replace(layer, shapes=tuple(replace(s, path=s.path.transformed(matrix)) for s in layer.shapes))

    return change


def without(start: str) -> Callable[[Layer], Layer | None]:
    return lambda layer: None if layer.name.startswith(start) else layer


def test_fill_counts_pixel_middles() -> None:
    square = polygon([(1, 1), (5, 1), (5, 4), (1, 4)])
    hole = polygon([(2, 2), (2, 3), (3, 3), (3, 2)])
    found = fill(Path(square.curves + hole.curves), (6, 7))
    assert found.sum() == 4 * 3 - 1 and found[1:4, 1:5].sum() == 11
    assert fill(circle((50, 50), 30), (100, 100)).sum() == pytest.approx(math.pi * 900, rel=0.005)
    assert fill(square, (12, 14), 2.0).sum() == 48


def test_area_and_centroid() -> None:
    assert area(circle((3, 4), 20)) == pytest.approx(400 * math.pi, rel=0.01)
    assert centroid(circle((3, 4), 2)) == pytest.approx((3, 4), abs=1e-3)


def test_trimmed_median_ignores_border_and_outliers() -> None:
    image = np.full((60, 60, 3), (200, 0, 0), np.uint8)
    mask = np.zeros((60, 60), bool)
    mask[10:50, 10:50] = True
    image[12:48, 12:48] = (30, 60, 120)
    image[20:26, 20:26] = 255
    lab = trimmed_median(image, mask)
    assert lab is not None and lab == pytest.approx(srgb_to_lab(np.array((30.0, 60.0, 120.0))), abs=0.1)
    assert trimmed_median(image, np.zeros((60, 60), bool)) is None


def test_figures_judge() -> None:
    assert Figure(1, "a", 2.9, 3.0).met and not Figure(1, "a", 3.1, 3.0).met
    assert Figure(3, "a", 95.0, 95.0, True).met and not Figure(3, "a", 94.9, 95.0, True).met
    assert Figure(1, "a", math.nan, 3.0).met is None and Figure(1, "a", 1.0).met is None
    assert worst_tenth([1.0] * 18 + [5.0, 7.0]) == 6.0


def test_heads_and_canvas_are_inverse_in_every_proportion() -> None:
    spec = subject().spec
    places = np.array([[0.1, -0.9], [-0.3, -0.02], [0.2, 0.15], [0.5, 1.2]])
    for style in ("flat", "chibi"):
        drawing = Drawing.of(spec, style, "bust")
        assert drawing.to_heads(drawing.to_canvas(places)) == pytest.approx(places, abs=1e-9)


def test_colors_of_a_painted_person_and_of_a_recolored_drawing() -> None:
    somebody = subject()
    drawing = Drawing.of(somebody.spec, "flat", "whole")
    right = colors.record(somebody, {"flat": drawing})
    for what, limit in (("hair", 1.5), ("skin", 3.0), ("garment", 1.5)):
        assert right[what]["styles"]["flat"]["balanced"] < limit, what
    assert right["garment"]["one_color"]
    green = colors.record(somebody, {"flat": altered(drawing, recolored("hair_front", (30, 200, 60)))})
    assert green["hair"]["styles"]["flat"]["balanced"] > 30
    bald = colors.record(somebody, {"flat": altered(drawing, without("hair_front"))})
    assert bald["hair"]["styles"]["flat"] is None


def test_outlines_are_compared_with_masks() -> None:
    found = shapes.record(subject())
    assert found["upper-clothes"]["detail"][0] > 0.97 and found["pants"]["spec"][0] > 0.93
    a, b = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    a[:2], b[1:3] = True, True
    assert shapes.overlap(a, b, np.zeros_like(a)) == pytest.approx(1 / 3)
    assert shapes.overlap(a, b, a & ~b) == pytest.approx(1 / 2)


def test_parts_of_a_shifted_garment_overlap_less() -> None:
    somebody = subject()
    drawing = Drawing.of(somebody.spec, "flat", "whole")
    wrong = altered(drawing, moved("upper_clothes", 200, 0))
    assert shapes.drawn(somebody, drawing)["upper-clothes"] > 0.9 > 0.8 > shapes.drawn(somebody, wrong)["upper-clothes"]


def test_a_hat_is_read_from_the_drawing() -> None:
    somebody = subject(hat=True)
    drawing = Drawing.of(somebody.spec, "flat", "whole")
    assert readings.hat(readings.map_of_photo(somebody)) == {"yes"}
    assert readings.hat(readings.map_of_drawing(drawing)) == {"yes"}
    assert readings.hat(readings.map_of_drawing(altered(drawing, without("hat")))) == {"no"}


def test_attributes_of_a_right_and_a_wrong_drawing() -> None:
    somebody = subject(long=True)
    drawing = Drawing.of(somebody.spec, "flat", "whole")
    row = attributes.record(somebody, {"flat": drawing})
    assert row["photo"]["hair"] == ["long"] and row["photo"]["lower"] == ["trousers"] == row["styles"]["flat"]["lower"]
    assert row["photo"]["sleeve"] == ["long"] == row["styles"]["flat"]["sleeve"]
    assert set(row["photo"]["color"]) & set(row["styles"]["flat"]["color"]) and "blue" in row["photo"]["color"]
    assert row["styles"]["flat"]["hair"] == ["long"] and row["styles"]["flat"]["glasses"] == ["no"]
    bald = attributes.read(somebody, altered(drawing, without("hair")))
    assert bald["hair"] == ["none"]
    red = attributes.read(somebody, altered(drawing, recolored("upper_clothes", (220, 20, 20))))
    assert "blue" not in red["color"]
    bare = attributes.read(somebody, altered(drawing, without("pants")))
    assert bare["lower"] == []


def test_glasses_and_beards_are_read_from_layers() -> None:
    drawing = Drawing.of(subject().spec, "flat", "bust")
    eyes = [placement.eye_center(drawing, side) for side in ("R", "L")]
    rims = tuple(Shape(circle(tuple(eye), 90), (20, 20, 20)) for eye in eyes if eye is not None)

    def added(layer: Layer) -> Layer:
        return replace(layer, name="glasses", shapes=rims) if layer.name == "nose" else layer

    worn = altered(drawing, added)
    assert faces.drawn_glasses(drawing) == "no" and faces.drawn_glasses(worn) == "yes"
    assert faces.drawn_glasses(altered(worn, moved("glasses", 0, 300))) == "no"

    def grown(layer: Layer) -> Layer:
        return replace(layer, name="beard", shapes=(Shape(circle((500, 600), 80), (40, 30, 28), opacity=0.9),)) if layer.name == "nose" else layer  # fmt: skip  # noqa: E501

    assert faces.drawn_beard(drawing) == "no" and faces.drawn_beard(altered(drawing, grown)) == "yes"


def test_shifted_features_are_found() -> None:
    somebody = subject()
    for style in ("flat", "chibi"):
        drawing = Drawing.of(somebody.spec, style, "bust")
        right = placement.record(somebody, {style: drawing})["styles"][style]
        assert max(right["meant_R"], right["meant_L"], right["mouth"]) < 0.06 and right["inside"], style
        far = placement.record(somebody, {style: altered(drawing, moved("eye_R", -45, 0))})["styles"][style]
        assert far["eye_R"] > right["eye_R"] + 0.1 and far["eye_L"] == right["eye_L"]
        gone = placement.record(somebody, {style: altered(drawing, moved("eye_L", 300, 0))})["styles"][style]
        assert not gone["inside"]
        low = placement.record(somebody, {style: altered(drawing, moved("mouth", 0, 40))})["styles"][style]
        assert low["mouth"] > 0.1


def test_backs_of_heads() -> None:
    somebody = subject(face=False)
    drawing = Drawing.of(somebody.spec, "flat", "bust")
    row = placement.record(somebody, {"flat": drawing})
    assert row["back"] and not row["styles"]["flat"]["features"]
    front = Drawing.of(subject().spec, "flat", "bust")
    assert placement.record(somebody, {"flat": front})["styles"]["flat"]["features"]
    assert without_landmarks(subject()).person.face is None


def test_people_of_other_colors_are_told_apart() -> None:
    looks = [
        Painted(),
        Painted(hair=(200, 170, 100), shirt=(180, 40, 60)),
        Painted(hair=(30, 30, 30), shirt=(230, 230, 225), long=True),
    ]
    found = subjects("three", paint_people(looks))
    people, avatars = [], []
    for each in found:
        drawing = Drawing.of(each.spec, "flat", "bust")
        picture = drawing.avatar.to_image(160, background=(255, 255, 255))[..., :3]
        alpha = render(without_backdrop(drawing.scene), 160)[..., 3]
        people.append(identity.describe_photo(each))
        avatars.append(identity.describe_drawing(drawing, picture, alpha > 127))
    assert identity.matches(people, avatars) == [0, 1, 2]
    assert identity.matches(people, [avatars[2], avatars[0], avatars[1]]) == [2, 0, 1]


def test_seams_and_layers() -> None:
    whole = np.full((100, 100), 255, np.uint8)
    cut = whole.copy()
    cut[50:52, 20:80] = 0
    hole = whole.copy()
    hole[30:60, 30:60] = 0
    assert layers.seam_pixels(whole) == 0 and layers.seam_pixels(cut) == 120 and layers.seam_pixels(hole) == 0
    somebody = subject()
    drawing = Drawing.of(somebody.spec, "flat", "bust")
    row = layers.record(somebody, {"flat": drawing}, False, deep=True)["styles"]["flat"]
    assert row["layers"] >= 24 and row["unique"] and row["recomposed"] <= 1 and row.get("resvg", 0) < 2
    gone = layers.record(somebody, {"flat": altered(drawing, without("upper_clothes"))}, False, deep=False)
    assert gone["styles"]["flat"]["bare"] > row["bare"] + 10


def test_readers_notice_files_that_lack_layers(monkeypatch: pytest.MonkeyPatch) -> None:
    drawing = Drawing.of(subject().spec, "flat", "bust")
    assert all(value == 1.0 for value in files.record({"flat": drawing})["flat"].values())
    more = altered(drawing, lambda layer: layer)
    extra = Layer("extra", (Shape(circle((500, 500), 20), (0, 0, 0)),))
    scene: Scene = more.scene
    more.__dict__["scene"] = replace(scene, children=(*scene.children, extra))
    found = files.record({"flat": more})["flat"]
    assert all(value == 0.0 for name, value in found.items() if name != "PNG with Pillow")


def test_run_and_report(tmp_path: FilePath) -> None:
    parse = paint_people([Painted(hat=True), Painted(hair=(200, 170, 100)), Painted(shirt=(180, 40, 60))])
    truth = {"trio#1": {"hat": "yes", "face": "yes"}, "trio#2": {"hat": "yes"}}
    told: list[str] = []
    found = run([("trio", parse)], ["flat"], truth=truth, deep=1, tell=told.append)
    assert len(found.records) == 3 == len(told) and found.sheets["flat"].shape[1] > 400
    said = next(each for each in found.figures if "people's word: hat" in each.what)
    assert said.value == 50.0 and said.met is False and said.note == "yes drawn no ×1"
    same = next(each for each in found.figures if each.what == "same bytes every time")
    assert same.value == 100.0
    write(tmp_path, found, ["flat"], {"cpu": "x"})
    report = json.loads((tmp_path / "avatars.json").read_text())
    assert {row["criterion"] for row in report["figures"]} == set(range(1, 8))
    text = (tmp_path / "avatars.md").read_text()
    assert "| what | asked | measured | met |" in text and (tmp_path / "sheet-flat.png").stat().st_size > 1000


def test_a_sample_photo_meets_the_main_targets() -> None:
    found = run(parse_photos([asset_path("samples", "couple.jpg")]), ["flat"], deep=0)
    assert len(found.records) == 2
    values = {each.what: each for each in found.figures}
    for what in (
        "flat: hair, mean ΔE00",
        "flat: skin, mean ΔE00",
        "flat: eye centres, mean / interocular",
        "flat: hat",
    ):
        assert values[what].met, (what, values[what].value)


def test_command_refuses_what_it_cannot_do(tmp_path: FilePath, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("b.jpg", "a.PNG", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    assert [file.name for file in photo_files([tmp_path, tmp_path / "b.jpg"])] == ["a.PNG", "b.jpg", "b.jpg"]
    assert main(["--photos", str(tmp_path / "empty"), "--out", str(tmp_path / "out")]) == 2
    assert "no photos" in capsys.readouterr().err
    assert main(["--styles", "no-such-style"]) == 2
    assert "no-such-style" in capsys.readouterr().err
