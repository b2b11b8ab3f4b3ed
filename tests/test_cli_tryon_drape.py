"""``dressform tryon prepare`` and ``drape``: many swatches, none twice, bad ones told; sheets; the demo's swap."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tryon_people import HEIGHT, WIDTH, FakeParser, photo, pixels

from dressform.api import cli_demo, tryon_sheet
from dressform.tryon import Solid, Stage, Tile, prepare

Cli = Callable[..., Any]


@pytest.fixture(autouse=True)
def parser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeParser:
    found = FakeParser()
    monkeypatch.setattr("dressform.api.cli_tryon_stage.load_parser", lambda name=None: found)
    monkeypatch.chdir(tmp_path)
    return found


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("stage") / "me.stage"
    prepare(photo(path.with_name("me.png")), FakeParser().parse(pixels()), 1, "upper").save(path)
    return path.read_bytes()


@pytest.fixture
def stage(ready: bytes) -> Path:
    photo(Path("me.png"))
    Path("me.stage").write_bytes(ready)
    return Path("me.stage")


def swatch(path: str, color: tuple[int, int, int] = (200, 40, 40)) -> str:
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    rows = np.random.default_rng(0).integers(-20, 20, (16, 16, 3)) + color
    Image.fromarray(rows.astype(np.uint8)).save(path)
    return path


def made(folder: str) -> set[str]:
    found = {path.relative_to(folder).as_posix() for path in Path(folder).rglob("*") if path.is_file()}
    return {name for name in found if not name.startswith(".")}


def test_swatches_of_all_kinds(cli: Cli, stage: Path) -> None:
    swatch("in/a.png"), swatch("in/b/c.webp")
    ran = cli(
        "tryon", "drape", stage, "in", "denim", "lab(40 30 10)", "color:#12ab34", "-o", "out", "--layer", "--sheet"
    )
    assert ran.code == 0 and ran.err == "" and ran.out.endswith("5 done\nsheet of 6 → out/sheet.png\n")
    stems = {"a", "b/c", "denim", "lab-40-30-10", "12ab34"}
    assert made("out") == {f"{stem}{end}" for stem in stems for end in (".png", ".layer.png")} | {"sheet.png"}
    loaded = Stage.load(stage)
    for name, cloth in (("a", Tile("in/a.png")), ("12ab34", Solid("#12ab34"))):
        assert (np.asarray(Image.open(f"out/{name}.png")) == loaded.drape(cloth).image).all()
    assert np.asarray(Image.open("out/a.layer.png")).shape == (HEIGHT, WIDTH, 4)
    ran = cli("tryon", "drape", stage, "fabric:in", "-o", "turned", "--angle", 30, "--repeat", 0.2, "--folds", 2)
    want = loaded.drape(Tile("in/a.png", angle=30, repeat=0.2), folds=2.0)
    assert ran.code == 0 and (np.asarray(Image.open("turned/a.png")) == want.image).all()


def test_a_bad_swatch_does_not_stop_the_others(cli: Cli, stage: Path) -> None:
    swatch("in/a.png"), swatch("in/z.png")
    Path("in/m.jpg").write_text("not a picture")
    ran = cli("tryon", "drape", stage, "in", "tartan", "-o", "out")
    assert ran.code == 1 and ran.out.endswith("3 done, 1 failed\n") and made("out") == {"a.png", "z.png", "tartan.png"}
    assert ran.err.startswith("dressform: error: ") and "in/m.jpg" in ran.err and ran.err.count("\n") == 1
    rows = [json.loads(line) for line in cli("tryon", "drape", stage, "in", "-o", "out", "--json").out.splitlines()]
    assert [(Path(row["swatch"]).name, row["status"]) for row in rows] == [
        ("a.png", "skipped"), ("m.jpg", "failed"), ("z.png", "skipped"),
    ]  # fmt: skip
    assert rows[0]["files"] == ["out/a.png"] and rows[1]["error"]


def test_what_was_done_is_not_done_again(cli: Cli, stage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[object] = []
    drape = Stage.drape
    monkeypatch.setattr(Stage, "drape", lambda self, cloth, **look: done.append(cloth) or drape(self, cloth, **look))
    swatch("a.png")
    run = ("tryon", "drape", stage, "a.png", "denim", "-o", "out")
    for arguments, times in (
        ((), 2),
        ((), 2),
        (("--weave", 1), 4),
        (("--sheet", "--weave", 1), 4),
        (("--overwrite",), 6),
    ):
        assert cli(*run, *arguments).code == 0 and len(done) == times, arguments
    assert "sheet.png" in made("out")
    assert "2 skipped, done before (--overwrite" in cli(*run).out
    swatch("a.png", (40, 40, 200))
    Path("out/denim.png").unlink()
    assert cli(*run).code == 0 and len(done) == 8


def test_prepare(cli: Cli, stage: Path) -> None:
    ran = cli("tryon", "prepare", "me.png", "-o", "new/me.stage")
    assert (ran.code, ran.out, ran.err) == (0, "upper of person 1 → new/me.stage\n", "")
    assert Path("new/me.stage").read_bytes() == stage.read_bytes()


def test_a_stage_without_its_photo(cli: Cli) -> None:
    photo(Path("us.png"), 2), photo(Path("other.png"))
    keep = np.zeros((HEIGHT, 2 * WIDTH), bool)
    keep[:120] = True
    Image.fromarray(keep).save("keep.png")
    run = ("tryon", "prepare", "us.png", "-p", 2, "-r", "lower", "--protect", "keep.png", "--seam", "continuous")
    assert cli(*run, "-o", "s.stage", "--no-photo").out == "lower of person 2 → s.stage\n"
    first = Path("s.stage").read_bytes()
    assert cli(*run, "-o", "s.stage", "--no-photo").code == 0 and Path("s.stage").read_bytes() == first
    ran = cli("tryon", "drape", "s.stage", "red", "-o", "out")
    assert ran.code == 2 and "--photo" in ran.err and not Path("out").exists()
    ran = cli("tryon", "drape", "s.stage", "red", "-o", "out", "--photo", "other.png")
    assert ran.code == 2 and "not the one" in ran.err
    assert cli("tryon", "drape", "s.stage", "red", "-o", "out", "--photo", "us.png").code == 0
    changed = (np.asarray(Image.open("out/red.png")) != pixels(2)).any(axis=2)
    assert changed.any() and not changed[keep].any() and not changed[:, :WIDTH].any()


def test_jpeg_is_told_once(cli: Cli, stage: Path) -> None:
    ran = cli("tryon", "drape", stage, "red", "navy", "-o", "out", "-f", "jpg")
    assert ran.code == 0 and ran.err.count("\n") == 1 and ran.err.startswith("dressform: note: JPEG")
    assert made("out") == {"red.jpg", "navy.jpg"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("drape", "me.stage", "red"), "no place for the results"),
        (("drape", "me.stage", "rd", "-o", "out"), "no such file, fabric or colour"),
        (("drape", "me.stage", "a.pgn", "-o", "out"), "no such file"),
        (("drape", "me.stage", "no/where", "-o", "out"), "no such file"),
        (("drape", "me.stage", "-", "-o", "out"), "files, folders and names"),
        (("drape", "no.stage", "red", "-o", "out"), "no such file; got no.stage"),
        (("drape", "me.png", "red", "-o", "out"), "no stage, or a damaged one"),
        (("drape", "me.stage", "red", "color:red", "-o", "out"), "overwrite each other's results"),
        (("drape", "me.stage", "sw/sheet.png", "--sheet", "-o", "out"), "the contact sheet"),
        (("drape", "me.stage", "sw/sheet.png", "-o", "sw"), "would replace what it is made from"),
        (("drape", "me.stage", "sw", "-o", "sw"), "results would lie among"),
        (("drape", "me.stage", "red", "-o", "out", "-f", "gif"), "allowed: png, tiff, webp, jpeg"),
        (("drape", "me.stage", "red", "-o", "out", "--repeat", "-1"), "repeat of a tile"),
        (("drape", "me.stage", "red", "-o", "out", "--exposure", "9"), "exposure is out of range"),
        (("drape", "me.stage", "red", "-o", "out", "--backend", "magic"), "unknown backend"),
        (("prepare", "me.png"), "no place for the stage"),
        (("prepare", "me.png", "-o", "me.png"), "would replace"),
        (("prepare", "me.png", "-o", "x.stage", "-r", "upper,lower"), "a stage holds one garment"),
        (("prepare", "me.png", "-o", "x.stage", "-p", "all"), "a stage holds one garment"),
        (("prepare", "me.png", "-o", "x.stage", "-r", "dress"), "nobody in the photo has 'dress'"),
        (("prepare", "me.png", "-o", "x.stage", "-p", "2"), "no such person"),
    ],
)
def test_mistakes(cli: Cli, stage: Path, arguments: tuple[str, ...], words: str) -> None:
    swatch("sw/sheet.png")
    before = sorted(Path().rglob("*"))
    ran = cli("tryon", *arguments)
    assert ran.code in (1, 2) and ran.out == "" and words in ran.err
    assert ran.err.startswith("dressform: error: ") and ran.err.count("\n") == 1
    assert sorted(Path().rglob("*")) == before


class TestSheets:
    def test_around_stays_in_the_photo(self) -> None:
        assert tryon_sheet.around([(10, 20, 30, 60), (40, 20, 60, 50)], (70, 300)) == (0, 5, 70, 75)

    def test_large_pictures_are_reduced(self) -> None:
        large = np.zeros((100, 5000, 3), np.uint8)
        assert tryon_sheet.side_by_side(large, large).shape[1] == 2 * 2000 + 20
        assert tryon_sheet.before_after(large, large, np.zeros((100, 5000), bool)).shape == (40, 2000, 3)

    def test_contact_sheet(self, monkeypatch: pytest.MonkeyPatch) -> None:
        tiles = [(f"number {k} \u4e2d" * 9, np.full((90, 60, 3), 20 * k, np.uint8)) for k in range(7)]
        sheet = tryon_sheet.contact_sheet(tiles)
        assert (sheet == tryon_sheet.contact_sheet(tiles)).all()
        assert [int((sheet == 20 * k).all(axis=2).sum()) >= 90 * 60 for k in range(1, 7)] == [True] * 6
        monkeypatch.setattr(tryon_sheet, "SHEET", 900)
        for count, shape in ((90, (40, 30, 3)), (35, (360, 100, 3)), (3, (50, 900, 3))):
            many = tryon_sheet.contact_sheet([("x", np.zeros(shape, np.uint8))] * count)
            assert 700 < max(many.shape) <= 900


def test_demo_swaps_a_shirt(tmp_path: Path) -> None:
    parse = FakeParser().parse(pixels(2))
    first, sheet = cli_demo.write_swaps(parse, tmp_path)
    changed = (np.asarray(Image.open(first)) != pixels(2)).any(axis=2)
    assert changed[:, :WIDTH].any() != changed[:, WIDTH:].any()
    assert sheet.name == "swaps.png" and Image.open(sheet).width > 4 * 50
    nobody = FakeParser().parse(np.zeros((40, 40, 3), np.uint8))
    assert cli_demo.write_swaps(nobody, tmp_path / "none") == [] and not (tmp_path / "none").exists()


def test_samples_of_the_demo() -> None:
    samples = cli_demo.list_samples()
    assert samples[0].people == 4 and min(sample.people for sample in samples) == 1
