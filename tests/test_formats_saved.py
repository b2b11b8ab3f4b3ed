"""COCO JSON and npz: complete round trips, and hostile files."""

from __future__ import annotations

import io
import json
import zipfile
from contextlib import suppress
from typing import Any

import numpy as np
import pytest
from faster_coco_eval import COCO
from hypothesis import given, settings
from hypothesis import strategies as st

from dressform.parsing import Parse, ParseDataError, Part
from dressform.parsing.formats import coco_load, encode, load, npz_load
from dressform.parsing.result import Observation
from dressform.parsing.scores import ScoreMaps


def random_parse(seed: int, h: int, w: int, people: int, *, rich: bool = True) -> Parse:
    """Random pixels and numbers; ``rich`` adds points and score maps to some."""
    rng = np.random.default_rng(seed)
    instances = (rng.integers(0, people + 1, (h, w)) * (rng.random((h, w)) < rng.random())).astype(np.uint16)
    labels = (rng.integers(1, len(Part), (h, w)) * (instances > 0)).astype(np.uint8)
    found = []
    for k in range(people):
        # Boxes narrower than the COCO file's rounding would be empty when read back.
        x, y = (np.sort(rng.random(2)) * 0.98 * side + (0, 0.02 * side) for side in (w, h))
        maps = keypoints = face = None
        if rich and k % 2 == 0:
            parts = (Part.BACKGROUND, Part.HAIR, Part.BAG)
            maps = ScoreMaps((-1.5, 0.25, 1e3, 7.1), parts, rng.integers(0, 256, (3, 5, 4)).astype(np.uint8))
            keypoints = (rng.random((17, 3)) * (w, h, 1)).astype(np.float32)
            keypoints[3] = 0
        if rich and k % 3 == 0:
            face = (rng.random((70, 2)) * (w, h) - 5).astype(np.float32)
        box = (float(x[0]), float(y[0]), float(x[1]), float(y[1]))
        found.append(Observation(box, float(rng.random()), maps, keypoints, face))
    return Parse(labels, instances, tuple(found), engine="test")


def close(a: np.ndarray | None, b: np.ndarray | None, tolerance: float) -> bool:
    return (a is None and b is None) or bool(a.dtype == b.dtype and np.allclose(a, b, rtol=0, atol=tolerance))


def same(a: Parse, b: Parse, tolerance: float) -> None:
    assert np.array_equal(a.labels, b.labels) and np.array_equal(a.instances, b.instances)
    assert len(a) == len(b) and a.engine == b.engine
    for mine, theirs in zip(a.observations, b.observations, strict=True):
        assert np.allclose(mine.box, theirs.box, rtol=0, atol=1.001 * tolerance)
        assert abs(mine.score - theirs.score) <= tolerance
        assert close(mine.keypoints, theirs.keypoints, tolerance) and close(mine.face, theirs.face, tolerance)


parses = st.builds(random_parse, st.integers(0, 2**32 - 1), st.integers(1, 24), st.integers(1, 24), st.integers(0, 5))


@settings(deadline=None, max_examples=80)
@given(parses)
def test_coco_round_trip(parse: Parse) -> None:
    data = encode(parse, "coco")["coco.json"]
    again = coco_load.decode(data)
    same(parse, again, 0.001)
    assert encode(again, "coco")["coco.json"] == data


@settings(deadline=None, max_examples=80)
@given(parses)
def test_npz_round_trip(parse: Parse) -> None:
    data = encode(parse, "npz")["npz"]
    assert encode(parse, "npz")["npz"] == data
    again = npz_load.decode(data)
    same(parse, again, 0)
    for mine, theirs in zip(parse.observations, again.observations, strict=True):
        assert (mine.scores is None) == (theirs.scores is None)
        if mine.scores is not None and theirs.scores is not None:
            assert (mine.scores.box, mine.scores.parts) == (theirs.scores.box, theirs.scores.parts)
            assert np.array_equal(mine.scores.values, theirs.scores.values)
    assert not again.labels.flags.writeable


def test_coco_tools_read_it(tmp_path, capsys) -> None:
    parse = random_parse(5, 40, 30, 3)
    path = tmp_path / "x.coco.json"
    path.write_bytes(encode(parse, "coco")["coco.json"])
    tool = COCO(str(path))
    for entry in tool.anns.values():
        person = parse.people[entry["person"] - 1]
        mask = person.mask("all" if entry["category_id"] == 100 else Part(entry["category_id"]))
        mask = (parse.instances == person.index) & mask
        assert np.array_equal(tool.annToMask(entry).astype(bool), mask)
        assert entry["area"] == mask.sum()
        if entry["category_id"] != 100:
            rows, columns = np.nonzero(mask)
            tight = [columns.min(), rows.min(), np.ptp(columns) + 1, np.ptp(rows) + 1]
            assert entry["bbox"] == tight
    person = next(entry for entry in tool.anns.values() if "keypoints" in entry)
    assert (len(person["keypoints"]), person["num_keypoints"], person["keypoints"][9:12]) == (51, 16, [0, 0, 0])
    assert tool.imgs[1]["file_name"] == ""


def test_plain_counts_are_read_too() -> None:
    document = example()
    mask = document["annotations"][1]["segmentation"]
    mask["counts"] = [0, 1, 5]
    assert coco_load.decode(json.dumps(document).encode()).labels[0, 0] == Part.HAT


def example() -> dict[str, Any]:
    labels = np.array([[1, 2, 0], [1, 0, 0]], np.uint8)
    points = np.ones((17, 3), np.float32), np.ones((70, 2), np.float32)
    parse = Parse(labels, (labels > 0).astype(np.uint16), (Observation((0, 0, 2, 2), 0.5, None, *points),))
    return json.loads(encode(parse, "coco")["coco.json"])


def change(document: Any, path: str, value: Any) -> bytes:
    """The document as JSON with one value replaced; ``...`` removes it."""
    *steps, last = [int(step) if step.isdigit() else step for step in path.split(".")]
    place = document
    for step in steps:
        place = place[step]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return json.dumps(document).encode()


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("images", ..., "images"), ("images", [], "images"), ("images.0", 3, "images"), ("images.0.width", 0, "width"),
        ("images.0.width", 10**6, "size"), ("images.0.height", True, "height"), ("images.0.height", 2.0, "height"),
        ("images.0.height", 10**30, "height"), ("categories", {}, "categories"),
        ("categories.1.name", "cat", "category"),
        ("categories.1.id", [1], "id"), ("annotations", None, "annotations"), ("annotations.0", ..., "person"),
        ("annotations.0.person", 2, "annotations"), ("annotations.0.person", "1", "person"),
        ("annotations.1.person", 3, "annotations"), ("annotations.1.category_id", 21, "category_id"),
        ("annotations.1.category_id", 0, "category_id"), ("annotations.1.category_id", 100, "person"),
        ("annotations.0.bbox", [0, 0, 1], "bbox"), ("annotations.0.bbox", [0, 0, 1, float("nan")], "NaN"),
        ("annotations.0.bbox", [0, 0, 9, 1], "bbox"), ("annotations.0.bbox", [-1, 0, 1, 1], "bbox"),
        ("annotations.0.bbox", [0, 0, 10**400, 1], "bbox"), ("annotations.0.score", 2, "score"),
        ("annotations.0.score", ..., "score"), ("annotations.0.keypoints", [1] * 50, "keypoints"),
        ("annotations.0.keypoints", [float("inf")] * 51, "Infinity"),
        ("annotations.0.keypoints.3", None, "keypoints[3]"),
        ("annotations.0.keypoint_scores", [2] * 17, "keypoint_scores"), ("annotations.0.face", [[1, 2]] * 70, "face"),
        ("annotations.0.face.7", 1e30, "face[7]"), ("annotations.1.segmentation", [[0, 0, 1, 1]], "segmentation"),
        ("annotations.1.segmentation.size", [3, 2], "size"), ("annotations.1.segmentation.counts", "05", "counts"),
        ("annotations.1.segmentation.counts", [1, 9], "counts"), ("annotations.1.segmentation.counts", None, "counts"),
        ("annotations.1.segmentation.counts", "€", "counts"),
        ("annotations.2.segmentation.counts", [0, 6], "overlap"), ("info.engine", 5, "engine"),
        ("info.engine", "x" * 101, "engine"),
    ],
)  # fmt: skip
def test_bad_coco_fields_are_named(path: str, value: Any, named: str) -> None:
    with pytest.raises(ParseDataError) as caught:
        coco_load.decode(change(example(), path, value))
    assert named in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [b"", b"[]", b"1", b"null", b"\xff\xfe\xfa", b"[" * 200_000, b'{"a":' * 100_000, b"9" * 5000, b"{", b"\x00" * 99],
)
def test_not_coco(data: bytes) -> None:
    with pytest.raises(ParseDataError):
        coco_load.decode(data)


def members(parse: Parse) -> dict[str, np.ndarray]:
    with np.load(io.BytesIO(encode(parse, "npz")["npz"])) as stored:
        return {name: stored[name] for name in stored.files}


def packed(arrays: dict[str, np.ndarray]) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


PARSE = random_parse(8, 6, 5, 3)


@pytest.mark.parametrize("name", sorted(members(PARSE)))
@pytest.mark.parametrize("spoil", ["missing", "dtype", "shape", "object"])
def test_bad_npz_members_are_named(name: str, spoil: str) -> None:
    arrays = members(PARSE)
    if spoil == "missing":
        del arrays[name]
    elif spoil == "dtype":
        arrays[name] = arrays[name].astype(np.complex64)
    elif spoil == "shape":
        arrays[name] = arrays[name][None]
    else:
        arrays[name] = np.array([{"a": 1}], object)
    with pytest.raises(ParseDataError, match=name):
        npz_load.decode(packed(arrays))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("boxes", np.nan), ("boxes", 1e6), ("boxes", -1), ("scores", np.nan), ("scores", 1.5), ("keypoints", np.inf),
        ("face", np.nan), ("labels", 21), ("labels", 0), ("instances", 9), ("format_version", 2), ("maps_1_parts", 21),
        ("maps_1_parts", 1), ("maps_1_box", 0), ("maps_1_box", np.nan),
    ],
)  # fmt: skip
def test_bad_npz_values(name: str, value: float) -> None:
    arrays = members(PARSE)
    arrays[name] = np.full_like(arrays[name], value)
    with pytest.raises(ParseDataError):
        npz_load.decode(packed(arrays))


def claim(shape: str, descr: str = "|u1") -> bytes:
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()


@pytest.mark.parametrize(
    "labels",
    [
        claim("(100000, 100000)"), claim("(9999999999, 9999999999)"), claim("(-1, 5)"), claim("(" * 90),
        claim("(6, 5)"), claim("(6, 5)") + bytes(31), claim("(6, 5)", "|O"), b"", b"\x93NUMPY\x02\x00",
        b"\x93NUMPY\x01\x00\xff\xff" + b"1" * 65535,
        claim("(6, 5)").replace(b"False", b"True ") + bytes(30),
    ],
)  # fmt: skip
def test_lying_npz_headers(labels: bytes) -> None:
    source, file = zipfile.ZipFile(io.BytesIO(encode(PARSE, "npz")["npz"])), io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as target:
        for name in source.namelist():
            target.writestr(name, labels if name == "labels.npy" else source.read(name))
    with pytest.raises(ParseDataError):
        npz_load.decode(file.getvalue())


def test_score_maps_are_limited_together() -> None:
    arrays = members(PARSE)
    file = io.BytesIO(packed(arrays))
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as target:
        target.writestr("maps_2_values.npy", claim("(3, 99999999, 9999999)"))
    with pytest.raises(ParseDataError, match="maps_2_values"):
        npz_load.decode(file.getvalue())


@settings(deadline=None, max_examples=150)
@given(st.data())
def test_damaged_npz_is_an_error_or_the_result(data: st.DataObject) -> None:
    stored = bytearray(encode(PARSE, "npz")["npz"])
    if data.draw(st.booleans()):
        del stored[data.draw(st.integers(0, len(stored) - 1)) :]
    else:
        for _ in range(3):
            stored[data.draw(st.integers(0, len(stored) - 1))] = data.draw(st.integers(0, 255))
    with suppress(ParseDataError):
        npz_load.decode(bytes(stored))


def test_load_goes_by_content(tmp_path) -> None:
    (tmp_path / "a.json").write_bytes(encode(PARSE, "npz")["npz"])
    same(PARSE, Parse.load(tmp_path / "a.json"), 0)
    for path in (tmp_path / "none.npz", tmp_path, tmp_path / "a\0b"):
        with pytest.raises(ParseDataError, match="cannot read"):
            load(path)


def test_large_files_are_refused(tmp_path) -> None:
    with (tmp_path / "x.json").open("wb") as file:
        file.truncate((1 << 26) + 1)
    with pytest.raises(ParseDataError, match="too large"):
        load(tmp_path / "x.json")


def test_numbers_that_are_not_finite_are_not_saved() -> None:
    labels = np.ones((2, 2), np.uint8)
    points = np.ones((17, 3), np.float32)
    bad = Parse(labels, labels.astype(np.uint16), (Observation((0, 0, 2, 2), 0.5, None, points),))
    points[0, 0] = np.nan  # a caller who breaks the rule that nothing given changes any more
    for name in ("coco", "npz"):
        with pytest.raises(ParseDataError, match="finite"):
            encode(bad, name)
