"""PSD and OpenRaster as psd-tools, Pillow and pyora read them: the scene's tree with its pixels; and packing."""

from __future__ import annotations

import io
import struct
import zipfile
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image
from psd_tools import PSDImage
from psd_tools.constants import BlendMode, Resource, SectionDivider, Tag
from pyora import Project

from dressform.avatar.export import atlas, ora, psd
from dressform.avatar.paths import circle, ellipse, line, rounded_rectangle
from dressform.avatar.render import Picture, compose, draw_layers, pixel_size, render
from dressform.avatar.scene import Effect, Gradient, Group, Layer, Scene, Shape, Stroke
from dressform.parsing.errors import OptionError

RED, BLUE = (250, 40, 30), (10, 60, 220)
FADE = Gradient("radial", (60, 50), (60, 110), ((0, RED, 1), (0.7, BLUE, 0.4), (1, BLUE, 0)))


def rich() -> Scene:
    eyes = Group(
        "Augen – 目 🙂",
        (
            Layer("eye_L", (Shape(circle((75, 45), 6), BLUE),)),
            Layer("eye_R", (Shape(circle((45, 45), 6), BLUE, Stroke((0, 0, 0), 0.7)),)),
            Layer("lid_L", (Shape(line([(69, 45), (81, 45)]), None, Stroke(RED, 2)),), visible=False),
        ),
    )
    face = Layer(
        "face", (Shape(ellipse((60, 60), (35, 45)), (240, 200, 180), Stroke((90, 40, 30), 2), 0.8),), "Gesicht"
    )
    return Scene(
        120,
        160,
        (
            Layer("background", (Shape(rounded_rectangle(0, 0, 120, 160, 9), (230, 240, 250)),)),
            Layer("nothing", ()),
            Group("head", (face, eyes, Layer("mouth", (Shape(circle((60, 85), 7) + circle((60, 85), 4), RED),)))),
            Group("empty", ()),
            Layer("glow", (Shape(circle((60, 50), 90), FADE, opacity=0.5),)),
        ),
        "Porträt <&>",
        {"licence": "CC0-1.0", "creator": "Ünï"},
    )


def opened(data: bytes) -> PSDImage:
    return PSDImage.open(io.BytesIO(data))


def tree(children: Any) -> list[Any]:
    """Nested names and visibility, from bottom to top, as psd-tools sees them."""
    return [[each.name, tree(each)] if each.is_group() else (each.name, each.visible) for each in children]


def wanted(children: tuple[Layer | Group, ...]) -> list[Any]:
    return [
        [each.name, wanted(each.children)] if isinstance(each, Group) else (each.name, each.visible)
        for each in children
    ]


def premultiplied(pixels: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    alpha = pixels[..., 3:].astype(float)
    return np.concatenate([pixels[..., :3] * alpha / 255, alpha], 2)


# ---- psd-tools ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 33, 640])
def test_tree_and_pixels_come_back(size: int) -> None:
    scene = rich()
    file = opened(psd.encode(scene, size=size))
    assert (file.width, file.height) == pixel_size(scene, size)
    assert (file.depth, file.channels, file.color_mode.name) == (8, 4, "RGB")
    assert tree(file) == wanted(scene.children)
    drawn = draw_layers(scene, size)
    layers = [each for each in file.descendants() if not each.is_group()]
    assert [each.name for each in layers] == list(drawn)
    back = []
    for layer, (pixels, (x, y)) in zip(layers, drawn.values(), strict=True):
        assert layer.bbox == (x, y, x + pixels.shape[1], y + pixels.shape[0]) or not pixels.size
        picture = layer.topil()
        if pixels.size:
            assert picture is not None
            assert np.array_equal(np.asarray(picture.convert("RGBA")), pixels)
        else:
            assert layer.bbox == (0, 0, 0, 0)
        if layer.visible:
            back.append(Picture(pixels, (x, y)))
    flat = render(scene, size)
    assert np.array_equal(compose(back, pixel_size(scene, size)), flat)
    composite = np.asarray(file.composite(force=True).convert("RGBA"))
    assert np.abs(premultiplied(composite) - premultiplied(flat)).max() <= 2  # psd-tools rounds on its way
    preview = np.asarray(file.topil().convert("RGBA"))  # type: ignore[union-attr]
    assert np.abs(premultiplied(preview) - premultiplied(flat)).max() <= 1


def test_layers_are_plain() -> None:
    identifiers = set()
    for layer in opened(psd.encode(rich(), size=64)).descendants():
        assert layer.opacity == 255 and not layer.has_mask() and not layer.has_clip_layers() and not layer.has_effects()
        assert layer.blend_mode == (BlendMode.PASS_THROUGH if layer.is_group() else BlendMode.NORMAL)
        identifiers.add(layer.layer_id)
    assert len(identifiers) == 11


def test_group_records_have_four_empty_channels() -> None:
    records = opened(psd.encode(rich(), size=64))._record.layer_and_mask_information.layer_info.layer_records
    groups = [each for each in records if Tag.SECTION_DIVIDER_SETTING in each.tagged_blocks]
    assert len(groups) == 6
    for each in groups:
        assert [(channel.id, channel.length) for channel in each.channel_info] == [(-1, 2), (0, 2), (1, 2), (2, 2)]
    kinds = [each.tagged_blocks.get_data(Tag.SECTION_DIVIDER_SETTING).kind for each in groups]
    assert kinds.count(SectionDivider.BOUNDING_SECTION_DIVIDER) == kinds.count(SectionDivider.OPEN_FOLDER) == 3


def test_colour_profile_resolution_and_licence_are_inside() -> None:
    resources = opened(psd.encode(rich(), size=64)).image_resources
    profile = resources.get_data(Resource.ICC_PROFILE)
    assert profile[36:40] == b"acsp" and struct.unpack(">I", profile[:4]) == (len(profile),)
    packet = resources.get_data(Resource.XMP_METADATA)
    text = packet.decode() if isinstance(packet, bytes) else packet
    assert "CC0-1.0" in text and "Ünï" in text and "Porträt &lt;&amp;&gt;" in text


# ---- Pillow ---------------------------------------------------------------------------------------------------------


def test_pillow_reads_layers_and_the_merged_picture() -> None:
    scene = rich()
    with Image.open(io.BytesIO(psd.encode(scene, size=320))) as picture:
        assert picture.size == pixel_size(scene, 320) and picture.mode == "RGBA"
        merged = np.asarray(picture).astype(int)
        over_white = render(scene, 320, background=(255, 255, 255)).astype(int)
        assert np.abs(merged[..., :3] - over_white[..., :3]).max() <= 1  # as Photoshop writes it
        assert np.array_equal(merged[..., 3], render(scene, 320)[..., 3])
        found = {}
        picture.seek(len(picture.layers))  # type: ignore[attr-defined]  # or else Pillow takes 1 for the merged one
        for number, (name, mode, box, _) in enumerate(picture.layers, 1):  # type: ignore[attr-defined]
            assert mode == "RGBA"
            if box[0] < box[2]:  # Pillow loads no layer without pixels
                picture.seek(number)
                argb = np.array(picture)[box[1] : box[3], box[0] : box[2]]  # Pillow takes channels as they come
                found[name] = argb[..., [1, 2, 3, 0]], box[:2]
    drawn = {name: picture for name, picture in draw_layers(scene, 320).items() if picture.pixels.size}
    assert list(found) == list(drawn)
    for name, (pixels, offset) in drawn.items():
        assert np.array_equal(found[name][0], pixels) and found[name][1] == offset, name


# ---- packing: rows of bytes, sprites --------------------------------------------------------------------------------


def unpacked(data: bytes) -> bytes:
    """PackBits, as Apple's Technical Note 1023 tells."""
    out, at = b"", 0
    while at < len(data):
        count = data[at]
        if count < 128:
            out, at = out + data[at + 1 : at + 2 + count], at + 2 + count
        else:
            assert count != 128
            out, at = out + data[at + 1 : at + 2] * (257 - count), at + 2
    return out


@pytest.mark.parametrize("seed", range(40))
def test_packed_rows_come_back(seed: int) -> None:
    rng = np.random.default_rng(seed)
    height, width = int(rng.integers(1, 9)), int(rng.choice([1, 2, 3, 5, 127, 128, 129, 130, 256, 257, 258, 700]))
    values = np.repeat(
        rng.integers(0, 256, height * width), rng.integers(1, int(rng.choice([2, 3, 8, 300])), height * width)
    )
    rows = values[: height * width].reshape(height, width).astype(np.uint8)
    data, counts = psd._packed(rows)
    ends = np.cumsum(counts)
    parts = [data[end - count : end] for end, count in zip(ends, counts, strict=True)]
    assert [unpacked(part) for part in parts] == [row.tobytes() for row in rows] and ends[-1] == len(data)
    assert counts.max() <= width + -(-width // 128)


def test_flat_areas_cost_little() -> None:
    assert (
        len(psd.encode(Scene(1, 1, (Layer("all", (Shape(rounded_rectangle(0, 0, 1, 1, 0), RED),)),)), size=1024))
        < 250_000
    )


@pytest.mark.parametrize("seed", range(10))
def test_packing_keeps_rectangles_apart(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sizes = {f"s{k}": (int(w), int(h)) for k, (w, h) in enumerate(rng.integers(1, 200, (int(rng.integers(1, 60)), 2)))}
    (width, height), places = atlas.pack(sizes)
    taken = np.zeros((height, width), int)
    for name, (x, y) in places.items():
        w, h = sizes[name]
        assert x >= 1 and y >= 1 and x + w < width and y + h < height
        taken[y - 1 : y + h + 1, x - 1 : x + w + 1] += 1  # a pixel around each one is its own
    assert taken.max() == 1
    assert sum(w * h for w, h in sizes.values()) >= (0.5 if len(sizes) > 10 else 0) * width * height
    with pytest.raises(OptionError, match="16384"):
        atlas.pack({"a": (16_384, 5)})


# ---- odd ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "scene", [Scene(5, 5, ()), Scene(5, 5, (Layer("only", ()),)), Scene(5, 5, (Group("g", (Group("h", ()),)),))]
)
@pytest.mark.parametrize("size", [1, 40])
def test_empty_scenes(scene: Scene, size: int) -> None:
    file = opened(psd.encode(scene, size=size))
    assert tree(file) == wanted(scene.children) and file.size == (size, size)
    with Image.open(io.BytesIO(psd.encode(scene, size=size))) as picture:
        assert not np.asarray(picture)[..., 3].any()


@pytest.mark.parametrize("name", ["", "a/b", "x" * 300, "\ud800", "nul\0", "</Layer group>", "🙂" * 90, "Ä"])
def test_group_names_of_any_kind(name: str) -> None:
    scene = Scene(9, 9, (Group(name, (Layer("inner", (Shape(circle((4, 4), 3), RED),)),)),))
    (group,) = opened(psd.encode(scene, size=9))
    assert group.is_group() and [each.name for each in group] == ["inner"]  # type: ignore[attr-defined]
    assert group.name.rstrip("\0") == name.replace("\ud800", "?").replace("\0", "\ufffd")


def test_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="30000"):
        psd.encode(rich(), size=30_001)
    monkeypatch.setattr(psd, "_MAX_BYTES", 1000)
    with pytest.raises(OptionError, match="too large for PSD"):
        psd.encode(rich(), size=100)


def test_unknown_effects_are_refused() -> None:
    scene = Scene(9, 9, (Layer("only", (Shape(circle((4, 4), 3), RED),), effects=(Effect("glow"),)),))
    with pytest.raises(OptionError, match="glow"):
        psd.encode(scene, size=9, effects={})


def test_the_same_bytes_every_time() -> None:
    assert psd.encode(rich(), size=200) == psd.encode(rich(), size=200)


# ---- OpenRaster -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 320])
def test_openraster_comes_back(tmp_path: Path, size: int) -> None:
    scene = rich()
    path = tmp_path / "a.ora"
    path.write_bytes(ora.encode(scene, size=size))
    project = Project.load(str(path))
    assert project.dimensions == pixel_size(scene, size)

    def found(children: Any) -> list[Any]:
        return [[each.name, found(each.children)] if each.is_group else (each.name, each.visible) for each in children]

    def upside_down(children: list[Any]) -> list[Any]:
        return [[each[0], upside_down(each[1])] if isinstance(each, list) else each for each in reversed(children)]

    assert found(project.children) == upside_down(wanted(scene.children))
    drawn, back = draw_layers(scene, size), []
    for layer in project.iter_layers:
        pixels, expected = np.asarray(layer.get_image_data(raw=True)), drawn[layer.name]
        assert layer.offsets == expected.offset and (layer.opacity, layer.composite_op) == (1.0, "svg:src-over")
        assert np.array_equal(pixels, expected.pixels if expected.pixels.size else np.zeros((1, 1, 4)))
        if layer.visible:
            back.append(Picture(pixels, layer.offsets))
    assert np.array_equal(compose(back, pixel_size(scene, size)), render(scene, size))
    assert np.array_equal(np.asarray(project.get_image_data(use_original=True)), render(scene, size))


def test_openraster_is_laid_out_as_readers_expect() -> None:
    data = ora.encode(Scene(9, 9, (Layer("arm_L", ()), Layer("arm_l", ()), Group('<&">\0🙂', ()))), size=300)
    assert data[30:54] == b"mimetypeimage/openraster"
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        names = archive.namelist()
        assert names[0] == "mimetype" and archive.testzip() is None
        assert len({name.casefold() for name in names}) == len(names)
        assert all(each.date_time == (1980, 1, 1, 0, 0, 0) for each in archive.infolist())
        assert Image.open(archive.open("Thumbnails/thumbnail.png")).size == (256, 256)
        stack = ElementTree.fromstring(archive.read("stack.xml"))
    assert stack.find(".//stack/stack").attrib["name"] == '<&">\ufffd🙂'  # type: ignore[union-attr]
