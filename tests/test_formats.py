"""The registry, saving, pictures, outlines and the ModelScope form."""

from __future__ import annotations

import errno
import io
import json
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from dressform.parsing import OptionError, OutputError, Parse, Part, Person
from dressform.parsing.formats import Format, contours, encode, get_format, list_formats, load, save
from dressform.parsing.formats.arcs import simplify_arc
from dressform.parsing.formats.contours import part_shapes
from dressform.parsing.formats.modelscope import to_modelscope
from dressform.parsing.result import Observation
from dressform.parsing.scores import ScoreMaps


def couple(w: int = 120, h: int = 100, *, maps: ScoreMaps | None = None) -> Parse:
    """Two people who overlap, the second in front and with a bag, over a photo of noise."""
    labels, instances = np.zeros((h, w), np.uint8), np.zeros((h, w), np.uint16)
    for k, middle in enumerate((w * 2 // 5, w * 3 // 5), 1):
        body = np.zeros((h, w), np.uint8)
        cv2.ellipse(body, (middle, h * 2 // 3), (w // 6, h // 3), 0, 0, 360, int(Part.COAT), -1)
        cv2.rectangle(body, (middle - w // 30, h // 2), (middle + w // 30, h), int(Part.UPPER_CLOTHES), -1)
        cv2.circle(body, (middle, h // 4), h // 8, int(Part.HAIR), -1)
        cv2.circle(body, (middle, h * 27 // 100), h // 14, int(Part.FACE), -1)
        if k == 2:
            cv2.rectangle(body, (middle + w // 9, h * 2 // 3), (middle + w // 5, h * 5 // 6), int(Part.BAG), -1)
        labels[body > 0] = body[body > 0]
        instances[body > 0] = k
    boxes = [cv2.boundingRect((instances == k).astype(np.uint8)) for k in (1, 2)]
    people = [Observation((x, y, x + bw, y + bh), 0.75, maps if k else None) for k, (x, y, bw, bh) in enumerate(boxes)]
    image = np.random.default_rng(0).integers(0, 256, (h, w, 3)).astype(np.uint8)
    return Parse(labels, instances, tuple(people), image)


@pytest.fixture
def hard_alpha(monkeypatch: pytest.MonkeyPatch) -> None:
    """Coverage without soft edges, so that these tests stand alone; a quarter of the pixels is half covered."""

    def alpha(person: Person, parts: object = "all", *, refine: bool = True) -> np.ndarray:
        cover = person.mask("all").astype(np.float32)
        cover[::2, ::2] *= 0.5
        return cover

    monkeypatch.setattr(Person, "alpha", alpha)


def test_every_format_gives_files(hard_alpha: None, tmp_path: Path) -> None:
    names = [each.name for each in list_formats()]
    paths = couple().save(tmp_path / "a" / "b", names, stem="x y.z")
    assert sorted(path.name for path in paths) == sorted(path.name for path in (tmp_path / "a" / "b").iterdir())
    assert [path.name.removeprefix("x y.z.") for path in paths] == [
        "labels.png", "instances.png", "overlay.jpg", "person-1.png", "person-2.png", "coco.json", "npz",
        "polygons.json", "svg",
    ]  # fmt: skip
    for path in paths:
        assert path.read_bytes() == {f"x y.z.{k}": v for n in names for k, v in encode(couple(), n).items()}[path.name]
    for each in list_formats():
        assert "\n" not in each.description
    assert np.array_equal(load(tmp_path / "a" / "b" / "x y.z.npz").labels, couple().labels)


def test_one_name_and_repeated_names(tmp_path: Path) -> None:
    assert len(save(couple(), tmp_path, "labels", "x")) == 1
    assert len(save(couple(), tmp_path, ["labels", "npz", "labels"], "x")) == 2
    assert save(couple(), tmp_path, [], "x") == []


def test_unknown_format() -> None:
    with pytest.raises(OptionError, match=r"did you mean polygons") as caught:
        get_format("polygon")
    assert all(each.name in str(caught.value) for each in list_formats())


def test_formats_that_need_the_photo() -> None:
    parse = couple()
    blind = Parse(parse.labels, parse.instances, parse.observations)
    for each in list_formats():
        if each.needs_image:
            with pytest.raises(OptionError, match="with_image"):
                each.encode(blind)
        else:
            assert each.encode(blind)


@pytest.mark.parametrize(
    "stem", ["", ".", "..", "a/b", "../a", "/etc/x", "a\\b", "a\0", "a\nb", "\x7f", "a\u2028b", "x" * 99 + "/"]
)
def test_bad_stems(stem: str, tmp_path: Path) -> None:
    with pytest.raises(OptionError, match="file name"):
        couple().save(tmp_path / "new", ["labels"], stem)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("stem", ["...", "a..b", "-rf", "名字", "é ", "a'b\"$(x)"])
def test_strange_but_harmless_stems(stem: str, tmp_path: Path) -> None:
    (path,) = couple().save(tmp_path, ["labels"], stem)
    assert path.parent == tmp_path and path.name == f"{stem}.labels.png"


def test_nothing_is_written_unless_all_can_be_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(parse: Parse) -> dict[str, bytes]:
        raise RuntimeError

    formats = {"labels": get_format("labels"), "bad": Format("bad", "", fail)}
    monkeypatch.setattr("dressform.parsing.formats._FORMATS", formats)
    with pytest.raises(RuntimeError):
        save(couple(), tmp_path / "new", ["labels", "bad"], "x")
    assert not (tmp_path / "new").exists()


def test_write_errors_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "x.npz").mkdir()
    with pytest.raises(OutputError, match="in the way"):
        couple().save(tmp_path, ["labels", "npz"], "x")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError):
        couple().save(tmp_path / "file", ["labels"], "x")
    with pytest.raises(OutputError):
        couple().save(tmp_path, ["labels"], "y" * 400)
    (tmp_path / "z.labels.png").write_text("old")
    monkeypatch.setattr(Path, "replace", lambda self, target: self.joinpath("gone").rename(target))
    with pytest.raises(OutputError):
        couple().save(tmp_path, ["labels"], "z")
    assert (tmp_path / "z.labels.png").read_text() == "old"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "x.npz", "z.labels.png"]


def test_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Full(io.FileIO):
        def write(self, data: object) -> int:
            raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "open", lambda self, mode: Full(self, mode))
    with pytest.raises(OutputError, match="No space left"):
        couple().save(tmp_path, ["labels", "npz"], "x")
    assert list(tmp_path.iterdir()) == []


def test_label_pictures() -> None:
    parse = couple()
    image = Image.open(io.BytesIO(encode(parse, "labels")["labels.png"]))
    assert image.mode == "P" and np.array_equal(np.asarray(image), parse.labels)
    palette = np.array(image.getpalette()).reshape(-1, 3)
    assert all(tuple(palette[part]) == part.cihp_color for part in Part)
    data = np.frombuffer(encode(parse, "instances")["instances.png"], np.uint8)
    assert np.array_equal(cv2.imdecode(data, cv2.IMREAD_UNCHANGED), parse.instances)
    assert cv2.imdecode(data, cv2.IMREAD_UNCHANGED).dtype == np.uint16


def test_overlay_is_a_jpeg_without_metadata() -> None:
    image = Image.open(io.BytesIO(encode(couple(), "overlay")["overlay.jpg"]))
    assert image.format == "JPEG" and image.width == 120 and image.height > 100 and not image.getexif()


def test_cutouts(hard_alpha: None) -> None:
    parse = couple()
    assert parse.image is not None
    for person in parse.people:
        picture = np.asarray(Image.open(io.BytesIO(encode(parse, "cutouts")[f"person-{person.index}.png"])))
        x0, y0, x1, y1 = person.window
        shown = person.mask()[y0:y1, x0:x1]
        assert picture.shape == (y1 - y0, x1 - x0, 4)
        assert np.array_equal(picture[shown][:, :3], parse.image[y0:y1, x0:x1][shown])  # straight, not multiplied
        assert not picture[~shown].any()
        assert set(np.unique(picture[..., 3])) == {0, 128, 255}


def test_cutouts_of_many_are_numbered_alike(hard_alpha: None) -> None:
    labels = np.ones((2, 12), np.uint8)
    instances = np.repeat(np.arange(1, 13, dtype=np.uint16)[None], 2, axis=0)
    people = tuple(Observation((k, 0, k + 1, 1), 1.0) for k in range(12))
    found = encode(Parse(labels, instances, people, np.zeros((2, 12, 3), np.uint8)), "cutouts")
    assert list(found)[::11] == ["person-01.png", "person-12.png"]
    # Boxes cover one row, the pixels two: the picture holds them all.
    assert Image.open(io.BytesIO(found["person-01.png"])).size == (1, 2)
    nobody = Parse(np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.uint16), (), np.zeros((2, 2, 3), np.uint8))
    assert encode(nobody, "cutouts") == {}


def whole(labels: np.ndarray) -> Parse:
    """One person who has all the labels."""
    h, w = labels.shape
    return Parse(labels, (labels > 0).astype(np.uint16), (Observation((0, 0, w, h), 1.0),))


def painted(parse: Parse) -> np.ndarray:
    """The labels again, from exact outlines: even-odd, by the vertical edges left of each pixel."""
    h, w = parse.labels.shape
    labels = np.zeros((h, w), np.uint8)
    for shape in part_shapes(parse, 0):
        edges = np.zeros((h, w + 1), np.int64)
        for ring in (ring for polygon in shape.polygons for ring in polygon):
            for (ax, ay), (bx, by) in zip(ring.tolist(), np.roll(ring, -1, axis=0).tolist(), strict=True):
                assert ax == bx or ay == by
                edges[min(ay, by) : max(ay, by), ax] += ax == bx
        inside = np.cumsum(edges, axis=1)[:, :w] % 2 == 1
        assert not labels[inside].any()
        labels[inside] = shape.part
    return labels


@settings(deadline=None, max_examples=80)
@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.sampled_from([0, 1, 2, 5])))
def test_exact_outlines_give_the_labels_again(labels: np.ndarray) -> None:
    assert np.array_equal(painted(whole(labels.copy())), labels)


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.sampled_from([0.0, 0.7, 1.0, 3.0]))
def test_simplified_neighbours_share_their_borders(seed: int, tolerance: float) -> None:
    rng = np.random.default_rng(seed)
    seeds = rng.random((6, 2)) * 30
    y, x = np.mgrid[:30, :30]
    labels = (np.hypot(x - seeds[:, :1, None], y - seeds[:, 1:, None]).argmin(axis=0) + 1).astype(np.uint8)
    # Neighbours walk a common border in opposite directions, so only the frame of the photo is left over.
    walked: dict[tuple[tuple[int, int], ...], int] = {}
    for shape in part_shapes(whole(labels), tolerance):
        for ring in (ring for polygon in shape.polygons for ring in polygon):
            corners = [(x, y) for x, y in ring.tolist()]
            for a, b in zip(corners, corners[1:] + corners[:1], strict=True):
                edge = min(a, b), max(a, b)
                walked[edge] = walked.get(edge, 0) + (1 if a < b else -1)
    for (a, b), times in walked.items():
        on_frame = any(a[k] == b[k] and a[k] in (0, 30) for k in (0, 1))
        assert on_frame or times == 0


@settings(deadline=None, max_examples=100)
@given(arrays(np.int32, st.tuples(st.integers(2, 30), st.just(2)), elements=st.integers(0, 9)), st.floats(0, 4))
def test_simplified_arcs_stay_within_the_tolerance(points: np.ndarray, tolerance: float) -> None:
    simple = simplify_arc(points, tolerance)
    assert simple[0].tolist() == points[0].tolist() and simple[-1].tolist() == points[-1].tolist()
    assert np.array_equal(simplify_arc(points[::-1], tolerance), simple[::-1])
    for point in points.astype(float):
        distances = []
        for a, b in zip(simple[:-1].astype(float), simple[1:].astype(float), strict=True):
            share = np.clip((point - a) @ (b - a) / max((b - a) @ (b - a), 1e-12), 0, 1)
            distances.append(np.hypot(*(a + share * (b - a) - point)))
        assert min(distances) <= tolerance + 1e-9


def test_outlines_run_along_pixel_borders() -> None:
    labels = np.zeros((9, 9), np.uint8)
    labels[5, 3] = Part.HAT
    (shape,) = part_shapes(whole(labels), 1.0)
    assert {tuple(corner) for corner in shape.polygons[0][0].tolist()} == {(3, 5), (4, 5), (4, 6), (3, 6)}
    labels = np.full((9, 9), Part.COAT, np.uint8)
    labels[3:6, 3:6] = Part.HAIR
    coat, hair = reversed(part_shapes(whole(labels), 1.0))
    assert [len(ring) for ring in coat.polygons[0]] == [4, 4]
    hole = {tuple(corner) for corner in coat.polygons[0][1].tolist()}
    assert hole == {tuple(corner) for corner in hair.polygons[0][0].tolist()} == {(3, 3), (6, 3), (6, 6), (3, 6)}
    with pytest.raises(OptionError):
        contours.part_shapes(whole(labels), -1)


def test_polygons() -> None:
    document = json.loads(encode(couple(), "polygons")["polygons.json"])
    assert (document["width"], document["height"]) == (120, 100)
    assert [person["person"] for person in document["people"]] == [1, 2]
    parts = {entry["part"]: entry["polygons"] for entry in document["people"][1]["parts"]}
    assert set(parts) == {"hair", "upper-clothes", "coat", "face", "bag"}
    assert len(parts["hair"][0]) == 2  # around the face


def test_svg() -> None:
    root = ElementTree.fromstring(encode(couple(), "svg")["svg"])
    assert root.get("viewBox") == "0 0 120 100"
    space = "{http://www.w3.org/2000/svg}"
    groups = [group for group in root.iter(f"{space}g") if group.get("id")]
    assert [group.get("id") for group in groups] == ["person-1", "person-2"]
    names = [path.get("id") for path in groups[1].iter(f"{space}path")]
    assert names == [f"person-2-{part.slug}" for part in couple().people[1].parts]
    assert b"href" not in encode(couple(), "svg")["svg"]
    nobody = Parse(np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.uint16))
    assert len(list(ElementTree.fromstring(encode(nobody, "svg")["svg"]).iter(f"{space}path"))) == 0


def test_modelscope() -> None:
    maps = ScoreMaps((0, 0, 120, 100), (Part.FACE,), np.full((1, 4, 4), 128, np.uint8))
    parse = couple(maps=maps)
    result = to_modelscope(parse)
    assert result["labels"] == ["Hair", "UpperClothes", "Coat", "Face"] * 2 + ["Human"] * 2
    assert result["scores"] == pytest.approx([0.75] * 7 + [0.75 * 128 / 255] + [0.75] * 2)
    assert all(mask.dtype == np.float32 and set(np.unique(mask)) == {0, 1} for mask in result["masks"])
    human = result["masks"][-1] > 0
    assert np.array_equal(human, parse.people[1].mask("person"))
    assert not human[parse.labels == Part.BAG].any()
