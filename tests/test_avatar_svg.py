"""SVG: the scene's tree, geometry and colours, nothing else, the same every time."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import pytest
import resvg_py
from PIL import Image

from dressform.avatar.paths import Curve, Path, circle, ellipse, line, polygon, rounded_rectangle
from dressform.avatar.render import to_svg
from dressform.avatar.scene import Effect, Gradient, Group, Layer, Scene, Shape, Stroke

SVG, INKSCAPE = "{http://www.w3.org/2000/svg}", "{http://www.inkscape.org/namespaces/inkscape}"
CC0 = "https://creativecommons.org/publicdomain/zero/1.0/"
RED, BLUE = (255, 0, 0), (1, 2, 255)
NASTY = "Haar & \"Bart\" <b>'x'</b>\tгруппа 头发 🙂\u0000\ud800\n]]>"
SHOWN = "Haar & \"Bart\" <b>'x'</b>\tгруппа 头发 🙂\ufffd\ufffd\n]]>"
ALLOWED = {
    "svg": {"width", "height", "viewBox", "fill-rule", "stroke-linejoin", "stroke-linecap"},
    "title": set(),
    "metadata": set(),
    "defs": set(),
    "g": {"id", "style", f"{INKSCAPE}groupmode", f"{INKSCAPE}label"},
    "path": {"d", "fill", "stroke", "stroke-width", "opacity"},
    "linearGradient": {"id", "gradientUnits", "x1", "y1", "x2", "y2"},
    "radialGradient": {"id", "gradientUnits", "cx", "cy", "r"},
    "stop": {"offset", "stop-color", "stop-opacity"},
}
FADE = Gradient("linear", (0, 0), (0, 100), ((0, RED, 1), (0.5, BLUE, 0.25)))
RING = Gradient("radial", (50, 50), (53, 54), ((0, RED, 1), (1, BLUE, 0)))


def rich() -> Scene:
    skin = Shape(ellipse((50.123, 48), (30, 40)), (240, 200, 180), Stroke((80, 40, 30), 1.5))
    face = (skin, Shape(circle((40, 70), 4), RING))
    eye = Layer("eye_L", (Shape(circle((60, 40), 4) + circle((60, 40), 2), BLUE, opacity=0.5),), "Left eye", (60, 40))
    lid = Layer("lid_L", (Shape(line([(55, 40), (65, 40)]), None, Stroke(RED, 0.3)),), "Closed", visible=False)
    back = Layer("background", (Shape(rounded_rectangle(0, 0, 100, 120, 8), FADE),))
    head = Group("head", (Layer("face", face, NASTY, effects=(Effect("grain"),)), Group("eyes", (eye, lid))), "Head")
    shine = Layer("shine", (Shape(circle((30, 30), 9), FADE), Shape(circle((30, 30), 5), RING)), "Shine")
    return Scene(100, 120, (back, head, shine), NASTY, {"licence": CC0, "creator": NASTY, "source": "-", "note": "<>"})


def parsed(scene: Scene) -> ElementTree.Element:
    return ElementTree.fromstring(to_svg(scene))


def points_of(data: str) -> Iterator[tuple[npt.NDArray[np.float64], bool]]:
    """Curves as ``Curve`` has them, from path data, by the rules of SVG 1.1."""
    assert re.fullmatch(r"[MmLlHhVvCcz0-9. -]*", data), data
    at = start = np.zeros(2)
    chain: list[npt.NDArray[np.float64]] = []
    for command, rest in re.findall("([A-Za-z])([^A-Za-z]*)", data):
        numbers = [float(number) for number in re.findall(r"-?(?:\d+\.\d+|\.\d+|\d+)", rest)]
        if command in "Mm":
            if chain:
                yield np.array(chain), False
            at = start = np.array(numbers) + (at if command == "m" else 0)
            chain = [at]
        elif command == "z":
            if not np.allclose(at, start, atol=1e-9):
                chain += [at + (start - at) / 3, at + (start - at) * 2 / 3, start]
            yield np.array(chain), True
            at, chain = start, []
        else:
            size = {"c": 6, "l": 2, "h": 1, "v": 1}[command.lower()]
            assert len(numbers) % size == 0 and numbers
            for k in range(0, len(numbers), size):
                values, base = numbers[k : k + size], at if command.islower() else np.zeros(2)
                if size == 1:
                    axis = "hv".index(command.lower())
                    end = at.copy()
                    end[axis] = base[axis] + values[0]
                    group = [at + (end - at) / 3, at + (end - at) * 2 / 3, end]
                else:
                    group = list(np.reshape(values, (-1, 2)) + base)
                    if size == 2:
                        group = [at + (group[0] - at) / 3, at + (group[0] - at) * 2 / 3, group[0]]
                chain += group
                at = chain[-1]
    if chain:
        yield np.array(chain), False


def written(path: Path) -> list[tuple[npt.NDArray[np.float64], bool]]:
    element = parsed(Scene(100, 100, (Layer("only", (Shape(path, RED),)),))).find(f".//{SVG}path")
    assert element is not None
    return list(points_of(element.attrib["d"]))


def test_groups_are_the_scene() -> None:
    def check(element: ElementTree.Element, child: Layer | Group) -> None:
        assert element.tag == f"{SVG}g" and element.attrib["id"] == child.name
        assert element.attrib[f"{INKSCAPE}groupmode"] == "layer"
        assert element.attrib[f"{INKSCAPE}label"] == (child.title.replace(NASTY, SHOWN) or child.name)
        assert ("style" in element.attrib) == (isinstance(child, Layer) and not child.visible)
        if isinstance(child, Group):
            assert len(element) == len(child.children)
            for inner, below in zip(element, child.children, strict=True):
                check(inner, below)
        else:
            assert [inner.tag for inner in element] == [f"{SVG}path"] * len(child.shapes)

    scene = rich()
    groups = parsed(scene).findall(f"{SVG}g")
    for element, child in zip(groups, scene.children, strict=True):
        check(element, child)


def test_only_plain_elements_and_no_references_to_outside() -> None:
    text = to_svg(rich())
    for element in parsed(rich()).iter():
        if element.tag.startswith(SVG):
            assert set(element.attrib) <= ALLOWED[element.tag.removeprefix(SVG)], element.tag
    assert not re.search(r"href|<!|url\((?!#)|@import|data:", text)


def test_ids_are_unique_and_every_reference_has_its_target() -> None:
    text = to_svg(rich())
    ids = re.findall(r' id="([^"]*)"', text)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r"url\(#([^)]*)\)", text)) <= set(ids)


@pytest.mark.parametrize(
    "names", [["a b", "a-b", "a_b", "a-20-b", "g-a", "1", "", "é", "🙂", '"<&>', "\ud800", "hair-gradient-1"]]
)
def test_group_names_of_any_kind_make_ids(names: list[str]) -> None:
    layer = Layer("hair", (Shape(circle((5, 5), 2), RING),))
    root = parsed(Scene(10, 10, (*(Group(name, ()) for name in names), layer)))
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    assert len(set(ids)) == len(ids) == len(names) + 2
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_-]*", each) for each in ids)


def test_gradients_stand_once_in_the_order_of_use() -> None:
    defs = parsed(rich()).find(f"{SVG}defs")
    assert defs is not None
    assert [each.attrib["id"] for each in defs] == ["background-gradient-1", "face-gradient-1"]
    linear, radial = defs
    assert linear.attrib["gradientUnits"] == "userSpaceOnUse" and radial.attrib["r"] == "5"
    assert [linear.attrib[key] for key in ("x1", "y1", "x2", "y2")] == ["0", "0", "0", "100"]
    assert [stop.attrib for stop in linear] == [
        {"offset": "0", "stop-color": "#f00"},
        {"offset": ".5", "stop-color": "#0102ff", "stop-opacity": ".25"},
    ]


def test_title_and_licence_are_inside() -> None:
    root = parsed(rich())
    assert root.findtext(f"{SVG}title") == SHOWN
    text = "".join(root.find(f"{SVG}metadata").itertext())  # type: ignore[union-attr]
    assert "zero/1.0" in text and SHOWN in text and "note: <>" in text
    licence = root.find(".//{http://creativecommons.org/ns#}license")
    assert licence is not None and list(licence.attrib.values()) == [CC0]


def test_without_metadata_there_is_none() -> None:
    text = to_svg(Scene(10, 10, ()))
    assert "metadata" not in text and "rdf" not in text and "<title" not in text and "<defs" not in text


def test_width_changes_the_size_and_nothing_else() -> None:
    one, other = to_svg(rich()), to_svg(rich(), width=512)
    assert 'width="100" height="120" viewBox="0 0 100 120"' in one
    assert one.replace('width="100" height="120"', 'width="512" height="614.4"') == other


# ---- numbers and paths ----------------------------------------------------------------------------------------------


def test_numbers_are_short() -> None:
    rng = np.random.default_rng(0)
    shapes = [Shape(circle(rng.uniform(-5, 105, 2).round(3), float(rng.uniform(0, 9))), RED) for _ in range(50)]
    for data in re.findall(' d="([^"]*)"', to_svg(Scene(100, 100, (Layer("many", tuple(shapes)),)))):
        for number in re.findall(r"[-.0-9]+?(?=[- A-Za-z]|$)", data):
            assert re.fullmatch(r"-?(\d+|\d*\.\d{0,1}[1-9])", number), number
            assert number != "-0" and not re.match(r"-?0[0-9.]", number), number


@pytest.mark.parametrize("seed", range(20))
def test_paths_come_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    curves = []
    for _ in range(int(rng.integers(1, 4))):
        points = rng.uniform(-50, 150, (3 * int(rng.integers(1, 6)) + 1, 2)).round(int(rng.integers(0, 4)))
        closed = bool(rng.random() < 0.5)
        if closed:
            points[-1] = points[0]
        curves.append(Curve(points, closed))
    back = written(Path(tuple(curves)))
    assert len(back) == len(curves)
    for (points, closed), curve in zip(back, curves, strict=True):
        assert closed == curve.closed and np.abs(points - curve.points).max() <= 0.00501


@pytest.mark.parametrize(
    ("path", "data"),
    [
        (polygon([(0, 0), (10, 0), (10, 5), (0, 5)]), "M0 0h10v5H0z"),
        (polygon([(1, 1), (9.5, 2), (3, 80)]), "m1 1l8.5 1L3 80z"),
        (line([(-0.001, 0.004), (3, 4), (3, 4), (100, 101)]), "m0 0l3 4l97 97"),
        (line([(5, 5), (5, 5)]), "m5 5h0"),
        (polygon([(7, 7), (7, 7)]), "m7 7h0z"),
        (Path(()), None),
    ],
)
def test_straight_pieces_are_lines(path: Path, data: str | None) -> None:
    element = parsed(Scene(100, 100, (Layer("only", (Shape(path, RED),)),))).find(f".//{SVG}path")
    if data is None or element is None:
        assert data is None and element is None
        return
    rounded = element.attrib["d"]
    expected, found = list(points_of(data)), list(points_of(rounded))
    for (one, closed), (other, also) in zip(expected, found, strict=True):
        assert closed == also and np.allclose(one, other)
    assert len(rounded) <= len(data) and not set(rounded) & set("Cc")


def test_a_bent_piece_with_ends_that_meet_is_no_line() -> None:
    loop = Curve(np.array([(10, 10), (90, 10), (10, 90), (10, 10)]))
    back = Curve(np.array([(10, 10), (60, 10), (-20, 10), (30, 10)]), closed=False)  # runs over its ends
    for curve in (loop, back):
        ((points, closed),) = written(Path((curve,)))
        assert closed == curve.closed and np.array_equal(points, curve.points)


def test_relative_commands_do_not_drift() -> None:
    steps = np.arange(301)
    across = steps * 0.0049 + steps % 3  # half a step right per point, and controls to the side
    curve = Curve(np.stack([across, np.sin(steps)], 1), closed=False)
    ((back, _),) = written(Path((curve,)))
    assert np.abs(back - curve.points).max() <= 0.00501


@pytest.mark.parametrize("scale", [0.01, 1, 1000])
def test_small_scenes_have_more_decimals(scale: float) -> None:
    shape = Shape(circle((50 * scale, 50 * scale), 40 * scale), RED)
    scene = Scene(100 * scale, 100 * scale, (Layer("only", (shape,)),))
    data = resvg_py.svg_to_bytes(svg_string=to_svg(scene, width=200), width=200, skip_system_fonts=True)
    alpha = np.asarray(Image.open(io.BytesIO(bytes(data))).convert("RGBA"))[..., 3]
    assert alpha.sum() / 255 == pytest.approx(np.pi * 80**2, rel=0.002)


def test_files_stay_small() -> None:
    rng = np.random.default_rng(1)
    shapes = [Shape(ellipse(rng.uniform(100, 900, 2), rng.uniform(5, 200, 2), 30), RED) for _ in range(200)]
    layers = [Layer(f"layer_{k}", tuple(shapes[5 * k : 5 * k + 5])) for k in range(40)]
    cubics = sum(shape.path.cubics for shape in shapes)
    assert len(to_svg(Scene(1000, 1000, tuple(layers)))) <= 52 * cubics  # 6 numbers each; all tags included


def test_shapes_that_show_nothing_are_left_out() -> None:
    shapes = (Shape(circle((5, 5), 2)), Shape(Path(()), RED), Shape(circle((5, 5), 2), None, Stroke(RED, 0)))
    root = parsed(Scene(10, 10, (Layer("only", shapes), Layer("none", ()), Group("empty", ()))))
    assert root.find(f".//{SVG}path") is None and len(root.findall(f"{SVG}g")) == 3


def shown(scene: Scene) -> Image.Image:
    data = resvg_py.svg_to_bytes(svg_string=to_svg(scene), skip_system_fonts=True)
    return Image.open(io.BytesIO(bytes(data))).convert("RGBA")


@pytest.mark.parametrize("kind", ["linear", "radial"])
def test_a_gradient_without_length_has_its_last_colour(kind: Any) -> None:
    flat = Gradient(kind, (5, 5), (5, 5), ((0, RED, 1), (1, BLUE, 1)))
    assert shown(Scene(10, 10, (Layer("only", (Shape(circle((5, 5), 4), flat),)),))).getpixel((5, 5)) == (*BLUE, 255)


def test_hidden_layers_are_not_shown() -> None:
    hidden = Layer("only", (Shape(circle((5, 5), 4), RED),), visible=False)
    assert not np.asarray(shown(Scene(10, 10, (hidden,)))).any()


def test_the_same_text_every_time() -> None:
    code = (
        "from dressform.avatar.paths import circle; from dressform.avatar.scene import *; "
        "from dressform.avatar.render import to_svg; "
        "fade = Gradient('linear', (0, 0), (0, 9), ((0, (1, 2, 3), 1), (1, (4, 5, 6), 0.5))); "
        "print(to_svg(Scene(9, 9, (Layer('a', (Shape(circle((4, 4), 3), fade),)),), 'T', {'licence': 'CC0'})))"
    )
    texts = set()
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        texts.add(
            subprocess.run([sys.executable, "-c", code], check=True, stdout=-1, timeout=60, env=environment).stdout
        )
    assert len(texts) == 1 and b"url(#a-gradient-1)" in texts.pop()
    assert to_svg(rich()) == to_svg(rich())
