"""Files of avatars: pictures, folders, atlases, animations; whole or not at all."""

from __future__ import annotations

import errno
import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image, ImageSequence

from dressform.avatar import export
from dressform.avatar.export import encode, get_format, list_formats, save
from dressform.avatar.paths import circle, ellipse, line, rounded_rectangle
from dressform.avatar.render import Picture, compose, draw_layers, pixel_size, render
from dressform.avatar.scene import Effect, Gradient, Group, Layer, Scene, Shape, Stroke
from dressform.parsing.errors import OptionError, OutputError

RED, BLUE, WHITE = (250, 40, 30), (10, 60, 220), (255, 255, 255)
FADE = Gradient("radial", (60, 50), (60, 110), ((0, RED, 1), (0.7, BLUE, 0.4), (1, BLUE, 0)))
NASTY = "Haar & \"Bart\" <b>'x'</b>\tгруппа 头发 🙂\0\ud800\n]]>"
SHOWN = "Haar & \"Bart\" <b>'x'</b>\tгруппа 头发 🙂\ufffd?\n]]>"
BACK = Layer("background", (Shape(rounded_rectangle(0, 0, 120, 160, 9), (230, 240, 250)),))
FACE = (Shape(ellipse((60, 60), (35, 45)), (240, 200, 180), Stroke((90, 40, 30), 2), 0.8),)
HEAD, LASH = Layer("face", FACE, NASTY, (60, 100)), Stroke(RED, 2)
NAMES = ("a.svg", "a.png", "a.webp", "a.psd", "a.ora", "a.gif", "a.apng", "a.json", "a")


def rich(*, blink: bool = False) -> Scene:
    eye, lid = Shape(circle((75, 45), 6), BLUE, Stroke((0, 0, 0), 0.7)), Shape(line([(69, 45), (81, 45)]), None, LASH)
    eyes = (Layer("eye_L", (eye,), visible=not blink), Layer("eye_l", (eye,)), Layer("lid_L", (lid,), visible=blink))
    glow = Layer("glow", (Shape(circle((60, 50), 90), FADE, opacity=0.5),))
    head = Group("head", (HEAD, Group(NASTY, eyes)))
    children = (BACK, Layer("nothing", ()), head, Group("empty", ()), glow)
    return Scene(120, 160, children, NASTY, {"licence": "CC0-1.0", "creator": NASTY, "note": "ü"})


def files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def opened(data: bytes) -> npt.NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


@pytest.mark.parametrize("name", ["png", "webp", "apng"])
@pytest.mark.parametrize("size", [1, 160, (90, 120)])
def test_lossless_pictures_are_the_render(name: str, size: Any) -> None:
    for ground in (None, WHITE):
        data = encode(rich(), name, size=size, background=ground)
        assert np.array_equal(opened(data), render(rich(), size, background=ground))


def test_pictures_say_who_made_them() -> None:
    text = Image.open(io.BytesIO(encode(rich(), "png", size=32))).text  # type: ignore[attr-defined]
    assert text == {"Title": SHOWN, "Copyright": "CC0-1.0", "Author": SHOWN, "Comment": "note: ü"}
    for name in ("webp", "jpeg"):
        packet = Image.open(io.BytesIO(encode(rich(), name, size=32, background=WHITE))).info["xmp"].decode()
        assert "CC0-1.0" in packet and "&lt;b&gt;" in packet and "头发 🙂" in packet
        plain = Image.open(io.BytesIO(encode(Scene(5, 5, (BACK,)), name, size=32, background=WHITE)))
        assert not plain.info.get("xmp")


def test_jpeg_shows_the_picture() -> None:
    drawn = opened(encode(rich(), "jpeg", size=160, background=WHITE)).astype(int)
    assert np.abs(drawn - render(rich(), 160, background=WHITE)).mean() < 2


def test_a_folder_holds_layers_and_what_they_are(tmp_path: Path) -> None:
    scene, out = rich(), tmp_path / "out"
    paths = save(scene, f"{out}/", size=320)
    assert sorted(paths) == sorted(out / name for name in files(out))
    assert len({path.name.casefold() for path in paths}) == len(paths) and paths[0].name == "00_background.png"
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["canvas"] == {"width": 240, "height": 320} and manifest["scale"] == 2
    assert manifest["title"] == SHOWN and manifest["metadata"]["licence"] == "CC0-1.0"
    assert [group["name"] for group in manifest["groups"]] == ["head", SHOWN, "empty"]
    assert manifest["groups"][1]["parents"] == ["head"]
    drawn, back = draw_layers(scene, 320), []
    for z, (entry, layer) in enumerate(zip(manifest["layers"], scene.layers(), strict=True)):
        pixels, (part, (x, y)) = np.asarray(Image.open(out / entry["path"])), drawn[layer.name]
        assert (entry["name"], entry["z"], entry["visible"]) == (layer.name, z, layer.visible)
        assert pixels.shape == (320, 240, 4) and np.count_nonzero(pixels) == np.count_nonzero(part)
        assert entry["bbox"] == ([x, y, part.shape[1], part.shape[0]] if part.size else None)
        assert np.array_equal(pixels[y : y + part.shape[0], x : x + part.shape[1]], part)
        if entry["visible"]:
            back.append(Picture(pixels, (0, 0)))
    face, eye = manifest["layers"][2], manifest["layers"][3]
    assert (face["title"], face["pivot"], face["group"]) == (SHOWN, [120, 200], ["head"])
    assert (eye["name"], eye["pivot"], eye["group"]) == ("eye_L", None, ["head", SHOWN])
    assert np.array_equal(compose(back, (240, 320)), render(scene, 320))


def test_a_folder_of_an_earlier_export_is_replaced(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()  # an empty folder will do, too
    assert len(save(rich(), tmp_path / "out", size=16)) == 8
    save(Scene(1, 1, (BACK,)), tmp_path / "out", size=16)
    assert set(files(tmp_path)) == {"out/layers/00_background.png", "out/manifest.json"}


@pytest.mark.parametrize("other", ["notes.txt", "layers/mine.png", "manifest.json"])
def test_a_folder_with_other_files_is_left_alone(tmp_path: Path, other: str) -> None:
    if other != "manifest.json":
        save(rich(), tmp_path / "out", size=16)
    (tmp_path / "out").mkdir(exist_ok=True)
    (tmp_path / "out" / other).write_text("[]")
    before = files(tmp_path)
    with pytest.raises(OutputError, match="other files"):
        save(rich(), tmp_path / "out", size=20)
    assert files(tmp_path) == before


@pytest.mark.parametrize("size", [1, 320])
def test_sprites_make_the_picture(tmp_path: Path, size: int) -> None:
    scene = rich()
    table, picture = save(scene, tmp_path / "Ävatar.json", size=size)
    data = json.loads(table.read_text(encoding="utf-8"))
    sheet = np.asarray(Image.open(picture))
    meta = data["meta"]
    assert meta["image"] == picture.name == "Ävatar.png" and meta["format"] == "RGBA8888" and meta["scale"] == "1"
    assert meta["size"] == {"w": sheet.shape[1], "h": sheet.shape[0]} and meta["metadata"]["licence"] == "CC0-1.0"
    assert list(data["frames"]) == [layer.name for layer in scene.layers()] == [each["name"] for each in meta["layers"]]
    width, height = pixel_size(scene, size)
    back, taken = [], np.zeros(sheet.shape[:2], int)
    for (name, frame), entry in zip(data["frames"].items(), meta["layers"], strict=True):
        x, y, w, h = (frame["frame"][key] for key in "xywh")
        assert x >= 0 and x + w <= sheet.shape[1] and y >= 0 and y + h <= sheet.shape[0]
        taken[y : y + h, x : x + w] += 1
        place = frame["spriteSourceSize"]
        assert (place["w"], place["h"]) == (w, h) and frame["sourceSize"] == {"w": width, "h": height}
        assert frame["rotated"] is False and frame["trimmed"] == ((w, h) != (width, height))
        assert frame["pivot"] == ({"x": 0.5, "y": 0.625} if name == "face" else {"x": 0.5, "y": 0.5})
        if entry["visible"]:
            back.append(Picture(sheet[y : y + h, x : x + w], (place["x"], place["y"])))
    assert taken.max() == 1 and not sheet[taken == 0].any()
    assert np.array_equal(compose(back, (width, height)), render(scene, size))


def played(data: bytes) -> list[tuple[npt.NDArray[np.uint8], int]]:
    file = Image.open(io.BytesIO(data))
    assert file.info["loop"] == 0
    return [
        (np.asarray(frame.convert("RGBA")), round(frame.info["duration"])) for frame in ImageSequence.Iterator(file)
    ]


@pytest.mark.parametrize("name", ["apng", "webp"])
def test_frames_come_back(name: str) -> None:
    frames = [(rich(), 1000), (rich(blink=True), 80), (rich(), 230)]
    back = played(encode(rich(), name, size=96, frames=frames))
    assert [time for _, time in back] == [1000, 80, 230]
    for (pixels, _), (scene, _) in zip(back, frames, strict=True):
        assert np.array_equal(pixels * (pixels[..., 3:] > 0), render(scene, 96))


def test_gif_frames_share_their_colours() -> None:
    face = Scene(120, 160, (HEAD, Layer("dot", (Shape(circle((60, 60), 9), FADE),))))
    frames = [(face, 1004), (rich(), 5), (Scene(120, 160, (HEAD,)), 236)]
    data = encode(rich(), "gif", size=160, frames=frames)
    back = played(data)
    assert [time for _, time in back] == [1000, 20, 240]
    for (pixels, _), (scene, _) in zip(back, frames, strict=True):
        seen = render(scene, 160)
        shown = seen[..., 3] >= 128
        assert np.array_equal(pixels[..., 3], shown * 255)
        assert np.percentile(np.abs(pixels[shown].astype(int) - seen[shown])[:, :3], 99.9) < 24  # small things, too
    assert data.count(data[13:781]) == 1  # no frame brings a palette of its own
    few = Scene(20, 20, (Layer("only", (Shape(rounded_rectangle(0, 0, 20, 10, 0), (201, 13, 77)),)),))
    assert np.array_equal(opened(encode(few, "gif", size=20)), render(few, 20))  # stays exact


def test_shared_layers_are_drawn_once(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    real = export.animation.render_layer
    monkeypatch.setattr(export.animation, "render_layer", lambda *a, **k: drawn.append(a[0].name) or real(*a, **k))
    encode(rich(), "apng", size=16, frames=[(rich(), 100), (rich(blink=True), 100)])
    assert drawn.count("background") == drawn.count("face") == 1 and drawn.count("glow") == 2


SMALL = Scene(5, 5, ())
BAD_FRAMES = [[], [(SMALL, 0)], [(SMALL, 10**7)], *([(SMALL, 9), (Scene(k, 2 * k - 4, ()), 9)] for k in (4, 5, 10))]


@pytest.mark.parametrize("frames", BAD_FRAMES)
@pytest.mark.parametrize("name", ["gif", "apng", "webp"])
def test_bad_frames_are_refused(name: str, frames: list[tuple[Scene, int]]) -> None:
    with pytest.raises(OptionError):
        encode(rich(), name, size=16, frames=frames)


def test_all_formats_are_listed_and_found() -> None:
    assert " ".join(each.name for each in list_formats()) == "svg png webp jpeg psd ora gif apng atlas folder"
    for each in list_formats():
        assert get_format(each.name) is each and each.description
        for suffix in (each.suffix, *each.aliases):
            assert get_format(suffix.upper()) is each
        assert bool(each.media_type) == (each.encode is not None)


@pytest.mark.parametrize("name", ["svg", "png", "webp", "jpg", "jpeg", "psd", "ora", "gif", "apng"])
def test_files_are_what_encode_makes(tmp_path: Path, name: str) -> None:
    background = WHITE if get_format(f".{name}").name == "jpeg" else None
    (path,) = save(rich(), tmp_path / "new" / f"ä.{name.upper()}", size=40, background=background)
    for form in (f".{name}", get_format(f".{name}").name):
        assert path.read_bytes() == encode(rich(), form, size=40, background=background)


@pytest.mark.parametrize("scene", [SMALL, Scene(5, 5, (Layer("only", ()),)), Scene(5, 5, (Group("g", ()),))])
@pytest.mark.parametrize("name", NAMES)
def test_empty_scenes_can_be_saved(tmp_path: Path, scene: Scene, name: str) -> None:
    for size in (1, 30):
        for path in save(scene, tmp_path / name, size=size):
            if path.suffix not in {".svg", ".json", ".ora"}:
                assert not np.asarray(Image.open(path).convert("RGBA"))[..., 3].any()


@pytest.mark.parametrize("name", ["a.png", "a.webp", "a.psd", "a.gif", "a.apng", "a.json", "a"])
def test_effects_reach_every_picture(tmp_path: Path, name: str) -> None:
    scene = Scene(20, 20, (Layer("only", (Shape(circle((10, 10), 8), RED),), effects=(Effect("blue"),)),))
    path = save(scene, tmp_path / name, size=20, effects={"blue": lambda pixels, *_: pixels[..., [2, 1, 0, 3]]})[0]
    picture = Image.open(path.with_suffix(".png") if path.suffix == ".json" else path)
    assert picture.convert("RGBA").getpixel((10, 10)) == (*RED[::-1], 255)
    with pytest.raises(OptionError, match="blue"):
        save(scene, tmp_path / name, size=20, effects={})


def test_unknown_formats_are_refused_with_a_list(tmp_path: Path) -> None:
    for name in ("a.bmp", "a.tar.gz", "a.\n"):
        with pytest.raises(OptionError, match=r"\.svg, \.png, \.webp, \.jpg, \.psd, \.ora") as caught:
            save(rich(), tmp_path / name)
        assert "\n" not in str(caught.value)
    for name in ("atlas", "folder", ".json"):
        with pytest.raises(OptionError, match="several files"):
            encode(rich(), name)


FRAMES = {"frames": [(SMALL, 100)]}
ODD = [(".png", {}), ("a\n.png", {}), ("a.jpg", {}), ("a.png", {"size": 0}), ("a.png", FRAMES), ("a.psd", FRAMES)]
ODD += [("a.webp", {"size": 16_384}), ("a.webp", {"size": 16_384, **FRAMES}), ("a.gif", {"size": 0})]
ODD += [(name, {"background": WHITE}) for name in ("a.psd", "a.svg", "a")]


@pytest.mark.parametrize(("name", "options"), ODD)
def test_options_that_do_not_fit_are_refused(tmp_path: Path, name: str, options: dict[str, Any]) -> None:
    with pytest.raises(OptionError):
        save(rich(), tmp_path / name, **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", [*NAMES, "a/"])
def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    save(rich(), f"{tmp_path}/{name}", size=16)
    before, real, opened_files = files(tmp_path), Path.open, []

    def full(self: Path, mode: str = "r", *rest: Any, **options: Any) -> Any:
        opened_files.extend(["x"] * ("x" in mode))
        if len(opened_files) == len(before):  # the last one
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return real(self, mode, *rest, **options)

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(OutputError, match="No space left"):
        save(rich(blink=True), f"{tmp_path}/{name}", size=20)
    monkeypatch.undo()
    assert files(tmp_path) == before and len(list(tmp_path.iterdir())) <= 2


def test_a_folder_that_cannot_be_swapped_keeps_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(rich(), tmp_path / "out", size=16)
    before, real, seen = files(tmp_path), Path.rename, []

    def second_fails(self: Path, target: Path) -> Path:
        seen.append(target)
        return real(self, target) if len(seen) != 2 else real(self / "missing", target)

    monkeypatch.setattr(Path, "rename", second_fails)
    with pytest.raises(OutputError, match="No such file"):
        save(rich(blink=True), tmp_path / "out", size=20)
    assert files(tmp_path) == before and len(seen) == 3


@pytest.mark.parametrize("name", ["", "/a", "/a/", "/a.json", "/a.png"])
def test_a_file_in_the_way(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(OutputError):
        save(rich(), f"{tmp_path}/file{name}", size=16)
    assert files(tmp_path) == {"file": b"mine"}


@pytest.mark.parametrize("name", NAMES)
def test_the_same_bytes_every_time(tmp_path: Path, name: str) -> None:
    frames = [(rich(), 100), (rich(blink=True), 50)] if get_format(Path(name).suffix).moving else None
    for k in "12":
        save(rich(), tmp_path / k / name, size=48, frames=frames)
    assert files(tmp_path / "1") == files(tmp_path / "2")
