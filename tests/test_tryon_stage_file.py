"""Stages as files: whatever the photo was they come back as they went, and files that are not stages are refused."""

from __future__ import annotations

import io
import json
import pickle
import tempfile
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from dressform.parsing import DressformError, ImageReadError, OptionError, OutputError, Parse
from dressform.tryon import Photo, Print, Solid, Stage, Tile, prepare, read_photo
from dressform.tryon.bench.exactness import photos
from dressform.tryon.bench.people import draw_people

RNG = np.random.default_rng(8)
TILE = Tile(RNG.integers(0, 256, (16, 24, 3)).astype(np.uint8), repeat_cm=12)
LOGO = Print(RNG.integers(0, 256, (20, 30, 4)).astype(np.uint8), "chest", over=Solid("#304050"))
ARRAYS = ("alpha", "rim", "shade", "fold", "weave", "inks", "push", "mask")


@pytest.fixture(scope="module")
def parse() -> Parse:
    return draw_people(120, 160, cloth="plain")


@pytest.fixture(scope="module")
def stage(parse: Parse) -> Stage:
    return prepare(parse.image, parse, 1, "upper")


@pytest.fixture(scope="module")
def data(stage: Stage, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A good file."""
    path = tmp_path_factory.mktemp("good") / "it.stage"
    stage.save(path)
    return path.read_bytes()


def alike(one: Stage, other: Stage) -> None:
    for name in ARRAYS:
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name
        assert getattr(one, name).dtype == getattr(other, name).dtype, name
    for name in ("person", "region", "window", "scale", "white", "blur", "seam", "bend"):
        assert getattr(one, name) == getattr(other, name), name
    assert dict(one.landmarks) == dict(other.landmarks)
    assert one.cloth_map.uv.tobytes() == other.cloth_map.uv.tobytes()
    for cloth in (TILE, LOGO):
        assert one.drape(cloth, weave=1).image.tobytes() == other.drape(cloth, weave=1).image.tobytes()


def kept(one: Photo, other: Photo) -> bool:
    """Whether two photos have the same samples and metadata."""
    names = ("icc", "exif", "orientation")
    return np.array_equal(one.pixels, other.pixels) and all(getattr(one, n) == getattr(other, n) for n in names)


@pytest.mark.parametrize("kind", range(5), ids=["turned", "alpha", "grey", "16 bits", "16 bits and alpha"])
def test_every_kind_of_photo_comes_back(tmp_path: Path, kind: int) -> None:
    parse, photo = list(photos((240, 160)))[kind]
    stage = prepare(photo, parse, 2, "upper", bend=0.012, seam="continuous")
    stage.save(tmp_path / "with.stage")
    alike(Stage.load(tmp_path / "with.stage"), stage)
    assert kept(Stage.load(tmp_path / "with.stage").photo, photo)
    stage.save(tmp_path / "without.stage", photo=False)
    assert (tmp_path / "without.stage").stat().st_size < (tmp_path / "with.stage").stat().st_size
    alike(Stage.load(tmp_path / "without.stage", photo), stage)
    with pytest.raises(OptionError, match="this stage was saved without its photo; give the photo"):
        Stage.load(tmp_path / "without.stage")


def test_the_photo_may_come_as_its_file(parse: Parse, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[274] = 6
    path = tmp_path / "photo.jpg"
    Image.fromarray(np.rot90(np.asarray(parse.image))).save(path, quality=98, exif=exif.tobytes())
    photo = read_photo(path)
    stage = prepare(path, replace(parse, image=photo.srgb), 1, "upper")
    stage.save(tmp_path / "it.stage", photo=False)
    alike(Stage.load(tmp_path / "it.stage", path), stage)
    alike(Stage.load(tmp_path / "it.stage", path.read_bytes()), stage)


def test_the_same_bytes_whenever_it_is_written(stage: Stage, data: bytes, tmp_path: Path) -> None:
    stage.save(tmp_path / "again")
    assert (tmp_path / "again").read_bytes() == data
    Stage.load(tmp_path / "again").save(tmp_path / "third")
    assert (tmp_path / "third").read_bytes() == data


def test_another_photo_is_refused(stage: Stage, parse: Parse, tmp_path: Path) -> None:
    stage.save(tmp_path / "it.stage")
    image = np.array(parse.image)
    image[3, 5, 1] ^= 1
    for other in (image, image[:-1], np.dstack([parse.image, image[:, :, 0]])):
        with pytest.raises(OptionError, match="not the one that the stage was made from; give the original file"):
            Stage.load(tmp_path / "it.stage", other)
    assert Stage.load(tmp_path / "it.stage", parse.image).window == stage.window


def test_nothing_is_written_where_it_cannot_be(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OutputError):
        stage.save(tmp_path / "file" / "it.stage")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file"]


def changed(data: bytes, members: dict[str, bytes | None], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    """The file with some members replaced, added or, where None, left out."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", kind) as new:
        for name in dict.fromkeys([*old.namelist(), *members]):
            content = members.get(name, old.read(name) if name in old.namelist() else None)
            if content is not None:
                new.writestr(name, content)
    return out.getvalue()


def array(values: Any) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def told(data: bytes, change: Callable[[dict[str, Any]], object]) -> bytes:
    """The file with another JSON."""
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        values = json.loads(file.read("stage.json"))
    change(values)
    return changed(data, {"stage.json": json.dumps(values).encode()})


def header(shape: tuple[int, ...], kind: str = "<u2") -> bytes:
    """The beginning of an array that promises more than there is."""
    stream = io.BytesIO()
    np.lib.format.write_array_header_1_0(stream, {"descr": kind, "fortran_order": False, "shape": shape})
    return stream.getvalue()


class Trap:
    """Makes a mark when it is unpickled."""

    sprung = False

    def __reduce__(self) -> tuple[Any, ...]:
        return setattr, (Trap, "sprung", True)


Maker = Callable[[bytes, Stage], bytes]


def member(name: str, content: bytes | Callable[[Stage], Any] | None) -> Maker:
    """A file with another member: bytes, or an array made from the stage."""
    return lambda data, stage: changed(data, {name: array(content(stage)) if callable(content) else content})


def values(**values: Any) -> Maker:
    """A file with other values in its JSON."""
    return lambda data, _: told(data, lambda v: v.update(values))


def panel(place: int, value: Any) -> Maker:
    """A file with another value of its first panel."""
    return lambda data, _: told(data, lambda v: v["panels"][0].__setitem__(place, value))


NONE, SIZE, MOST = (
    "this is no stage, or a damaged one; got it.stage",
    "array is not what it must be",
    "larger than it may",
)
WINDOW, NUMBERS = "window does not lie in its photo", "numbers are not what they must be"
BAD: dict[str, tuple[Maker, str]] = {
    "nothing": (lambda d, s: b"", NONE),
    "text": (lambda d, s: b"not a stage" * 50, NONE),
    "a picture": (lambda d, s: b"\x89PNG\r\n\x1a\n" + d[:400], NONE),
    "half": (lambda d, s: d[: len(d) // 2], NONE),
    "without its last byte": (lambda d, s: d[:-1], NONE),
    "another zip": (member("stage.json", None), NONE),
    "no JSON": (member("stage.json", b"\xff{"), NONE),
    "a list": (member("stage.json", b"[]"), "this is no stage; got it.stage; make one with"),
    "deep JSON": (member("stage.json", b"[" * 200_000), NONE),
    "another kind": (values(kind="avatar"), "this is no stage; got it.stage; make one with"),
    "later version": (values(version=99), "a stage of another version; got 99; allowed: .*prepare the photo again"),
    "earlier version": (values(version=0), "a stage of another version; got 0"),
    "missing array": (member("shade.npy", None), NONE),
    "missing value": (lambda d, s: told(d, lambda v: v.pop("bend")), NONE),
    "NaN": (member("shade.npy", lambda s: np.full_like(s.shade, np.nan)), "out of range; got shade; allowed: finite"),
    "infinity": (member("fold.npy", lambda s: np.full_like(s.fold, np.inf)), "out of range; got fold"),
    "NaN of an axis": (member("frame0.npy", lambda s: np.full((9, 5), np.nan, np.float32)), "out of range; got frame0"),
    "darkness": (member("shade.npy", lambda s: -s.shade), "out of range; got shade"),
    "another shape": (member("alpha.npy", lambda s: s.alpha[:-1]), f"{SIZE}; got alpha"),
    "another type": (member("alpha.npy", lambda s: s.alpha.astype(np.uint8)), f"{SIZE}; got alpha"),
    "by columns": (member("weave.npy", lambda s: np.asfortranarray(s.weave)), f"{SIZE}; got weave"),
    "wrong rim": (member("rim.npy", lambda s: s.rim[:-1]), f"{SIZE}; got rim"),
    "short array": (lambda d, s: changed(d, {"alpha.npy": header(s.alpha.shape) + b"\0" * 9}), NONE),
    "endless array": (member("inks.npy", header((1 << 40, 3), "<f4")), NONE),
    "negative length": (member("inks.npy", header((-1, 3), "<f4")), f"{SIZE}; got inks"),
    "no array": (member("shade.npy", b"\x93NUMPY\x09\x09"), NONE),
    "bomb": (member("inks.npy", b"\0" * 30_000_000), f"{MOST} be; got inks.npy"),
    "JSON bomb": (member("stage.json", b" " * 30_000_000), f"{MOST} be; got stage.json"),
    "photo bomb": (member("photo.png", b"\0" * 80_000_000), f"{MOST} be; got photo.png"),
    "other packing": (lambda d, s: changed(d, {}, zipfile.ZIP_LZMA), "packed as stages are not; got stage.json"),
    "huge axis": (member("frame0.npy", lambda s: np.zeros((50_000, 5), np.float32)), f"{MOST} be; got frame0"),
    "short axis": (member("frame0.npy", lambda s: np.ones((2, 5), np.float32)), "axis is too short; got 2"),
    "axis of one point": (member("frame0.npy", lambda s: np.ones((9, 5), np.float32)), "a stage's tube is none"),
    "pickle": (member("inks.npy", lambda s: np.array([Trap()])), SIZE),
    "bare pickle": (member("shade.npy", pickle.dumps(Trap())), NONE),
    "window outside": (values(window=[-4, 0, 9, 9]), WINDOW),
    "window turned over": (values(window=[9, 9, 2, 2]), WINDOW),
    "window of fractions": (values(window=[0.5, 0, 9, 9]), NUMBERS),
    "huge photo": (values(size=[1 << 40, 1 << 40]), WINDOW),
    "no panels": (values(panels=[]), "too few or too many panels; got 0"),
    "many panels": (values(panels=[["torso", 0, None]] * 40), "too few or too many panels; got 40"),
    "panel of nothing": (panel(0, "tail"), "unknown panel; got 'tail'"),
    "negative index": (panel(1, -1), "panel has no tube"),
    "negative parent": (panel(2, -1), "panel has no tube"),
    "index beyond": (panel(1, 9), NONE),
    "index of text": (panel(1, "0"), NONE),
    "unknown region": (values(region="cape"), "unknown seam or region"),
    "unknown seam": (values(seam="glue"), "unknown seam or region"),
    "no scale": (values(scale=[0, "shoulders"]), "number is out of range; got 0"),
    "white of NaN": (values(white=float("nan")), "number is out of range; got nan"),
    "bend": (values(bend=0.9), "number is out of range; got 0.9"),
    "mark of NaN": (values(landmarks={"a": [float("nan"), 1]}), "landmarks are not finite"),
    "mark of text": (values(landmarks={"a": "bc"}), NONE),
    "person of text": (values(person="1"), NUMBERS),
    "another photo": (lambda d, s: changed(d, {"photo.png": _png(s)}), "not the one that the stage was made from"),
    "no photo in it": (member("photo.png", b"GIF89a"), "."),
}  # fmt: skip


def _png(stage: Stage) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(255 - stage.photo.srgb).save(stream, "PNG")
    return stream.getvalue()


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_stage_is_refused(stage: Stage, data: bytes, tmp_path: Path, case: str) -> None:
    make, message = BAD[case]
    path = tmp_path / "it.stage"
    path.write_bytes(make(data, stage))
    with pytest.raises(DressformError, match=message) as error:
        Stage.load(path)
    assert not Trap.sprung and len(str(error.value)) < 400 and str(tmp_path) not in str(error.value)


def test_no_such_file_is_a_plain_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none.stage", tmp_path):
        with pytest.raises(ImageReadError, match="the stage cannot be read"):
            Stage.load(path)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9), st.integers(1, 255), st.integers(1, 40))
def test_damaged_bytes_give_an_error_or_a_sound_stage(data: bytes, place: int, flip: int, length: int) -> None:
    broken = bytearray(data)
    for k in range(place % len(data), min(place % len(data) + length, len(data))):
        broken[k] ^= flip
    _survives(bytes(broken))


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["alpha", "rim", "shade", "fold", "weave", "inks", "pieces", "frame0", "seam1"]),
    st.integers(0, 10**9), st.integers(0, 255),
)  # fmt: skip
def test_other_values_give_an_error_or_a_sound_stage(data: bytes, name: str, place: int, value: int) -> None:
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        member = bytearray(file.read(f"{name}.npy"))
    start = 128 + place % (len(member) - 128)
    member[start : start + 300] = bytes([value]) * len(member[start : start + 300])
    _survives(changed(data, {f"{name}.npy": bytes(member)}, zipfile.ZIP_STORED))


def _survives(data: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / "it.stage"
        path.write_bytes(data)
        try:
            stage = Stage.load(path)
        except DressformError:
            return
        result = stage.drape(TILE)
        assert (result.image[~result.edit_mask] == stage.photo.colored()[~result.edit_mask]).all()
