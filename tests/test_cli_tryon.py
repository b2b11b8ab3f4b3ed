"""``dressform tryon PHOTO``: who gets what, what is written, mistakes told before work is done."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tryon_people import HEIGHT, WIDTH, FakeParser, photo, pixels
from typer.testing import CliRunner

from dressform.api.cli import app
from dressform.api.tryon_cloth import Other, read_other
from dressform.api.tryon_people import Swap, find_garments
from dressform.tryon import Region, Solid, Tile, load_fabric, swap

Cli = Callable[..., Any]


@pytest.fixture(autouse=True)
def parser(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> FakeParser:
    found = FakeParser()
    for module in ("cli_tryon", "cli_tryon_lists"):
        monkeypatch.setattr(f"dressform.api.{module}.load_parser", lambda name=None: found)
    monkeypatch.chdir(tmp_path)
    return found


def read(path: Path | str) -> np.ndarray:
    return np.asarray(Image.open(path))


def art(path: str) -> str:
    Image.new("RGBA", (40, 30), (255, 0, 0, 255)).save(path)
    return path


def test_one_garment_and_all_that_can_be_written_of_it(cli: Cli) -> None:
    files = ("--layer", "l.png", "--edit-mask", "m.png", "--side-by-side", "s.png", "--before-after", "h.png")
    ran = cli("tryon", photo(Path("me.png")), "--color", "#7a1f2b", "-o", "new/out.png", *files, "--report", "r.json")
    assert (ran.code, ran.out, ran.err) == (0, "upper of person 1 → new/out.png\n", "")
    before, after, mask, layer = pixels(), read("new/out.png"), read("m.png"), read("l.png")
    changed = (before != after).any(axis=2)
    assert 1000 < changed.sum() <= (mask == 255).sum() and not changed[mask == 0].any()
    assert layer.shape == (HEIGHT, WIDTH, 4) and not layer[mask == 0].any()
    assert read("s.png").shape == (HEIGHT, 2 * WIDTH + 2, 3)
    half = read("h.png")
    middle = int(np.flatnonzero(mask.any(axis=0)).mean())
    assert (half[:, : middle - 3] == before[:, : middle - 3]).all() and (
        half[:, middle + 3 :] == after[:, middle + 3 :]
    ).all()
    row = json.loads(Path("r.json").read_text())
    assert row["garments"][0]["region"] == "upper" and row["garments"][0]["cloth"] == "solid" and row["notes"] == []
    want = swap(pixels(), 1, "upper", Solid("#7a1f2b"), parse=FakeParser().parse(pixels()))
    assert (want.image == after).all()


def test_same_bytes_again(cli: Cli) -> None:
    source = photo(Path("us.png"), 2)
    run = ("tryon", source, "-p", "2", "--fabric", "tartan", "--repeat-cm", 20, "--angle", 30, "--drop", "half")
    assert cli(*run, "-o", "a.png", "--side-by-side", "as.png").code == 0
    assert cli(*run, "-o", "b.png", "--side-by-side", "bs.png").code == 0
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()
    assert Path("as.png").read_bytes() == Path("bs.png").read_bytes()
    cloth = load_fabric("tartan", repeat_cm=20, angle=30, drop=0.5)
    want = swap(pixels(2), 2, "upper", cloth, parse=FakeParser().parse(pixels(2)))
    assert (want.image == read("a.png")).all()


def test_who_is_meant(cli: Cli) -> None:
    source = photo(Path("us.png"), 3)
    ran = cli("tryon", source, "-c", "red", "-o", "out.png")
    assert ran.code == 2 and "several people have 'upper'; got 3; allowed: 1 (upper, lower" in ran.err
    assert "--person all" in ran.err and not Path("out.png").exists()
    assert cli("tryon", source, "-c", "red", "-r", "hat", "-o", "out.png").out == "hat of person 2 → out.png\n"
    assert cli("tryon", source, "-c", "red", "-p", "all", "-r", "hat", "-o", "out.png").out.startswith(
        "hat of person 2"
    )
    ran = cli("tryon", source, "-c", "red", "-p", "1,3", "-r", "upper,lower", "-o", "out.png", "--json")
    row = json.loads(ran.out)
    assert [(one["person"], one["region"]) for one in row["garments"]] == [
        (1, "lower"), (1, "upper"), (3, "lower"), (3, "upper"),
    ]  # fmt: skip
    assert row["files"] == ["out.png"] and row["seconds"] > 0
    unchanged = slice(WIDTH, 2 * WIDTH)
    assert (read("out.png")[:, unchanged] == pixels(3)[:, unchanged]).all()


def test_several_swaps_in_any_order(cli: Cli) -> None:
    source, fabric = photo(Path("us.png"), 2), art("red.png")
    swaps = ["--swap", "1:upper=denim", "--swap", "2:upper,lower=lab(40 30 10)", "--swap", f"hat=fabric:{fabric}"]
    assert cli("tryon", source, *swaps, "-o", "a.png").code == 0
    assert cli("tryon", source, *swaps[4:], *swaps[:4], "-o", "b.png").code == 0
    assert Path("a.png").read_bytes() == Path("b.png").read_bytes()
    assert cli("tryon", source, "-p", "1", "--fabric", "denim", *swaps[2:], "-o", "c.png").code == 0
    assert Path("a.png").read_bytes() == Path("c.png").read_bytes()
    ran = cli("tryon", source, *swaps, "--swap", "1:upper=navy", "-o", "d.png")
    assert ran.code == 2 and "twice; got upper of person 1" in ran.err and not Path("d.png").exists()


def test_prints_lie_on_what_else_is_given(cli: Cli) -> None:
    source, logo = photo(Path("me.png")), art("logo.png")
    assert cli("tryon", source, "-c", "white", "-o", "plain.png").code == 0
    assert cli("tryon", source, "-c", "white", "--print", logo, "--print-width-cm", 15, "-o", "one.png").code == 0
    two = (
        "--print",
        logo,
        "--print",
        logo,
        "--place",
        "chest",
        "--place",
        "belly",
        "--print-angle",
        45,
        "--print-width",
        0.2,
    )
    assert cli("tryon", source, *two, "-o", "two.png").code == 0
    plain, one, bare = read("plain.png"), read("one.png"), read("two.png")
    differ = (plain != one).any(axis=2)
    assert 50 < differ.sum() < 1500 and (one[differ][:, 0] > one[differ][:, 1]).mean() > 0.9
    rows = np.flatnonzero(((bare != pixels()).any(axis=2) & (bare[..., 0] > 150)).any(axis=1))
    assert np.diff(rows).max() > 1  # two places apart, the old top between them
    ran = cli("tryon", source, *two, "--place", "heart", "-o", "x.png")
    assert ran.code == 2 and "got 3 for 2 prints" in ran.err


def test_jpeg_is_told(cli: Cli) -> None:
    ran = cli("tryon", photo(Path("me.png")), "-c", "red", "-o", "out.jpg")
    assert ran.code == 0 and ran.err.startswith("dressform: note: JPEG encodes") and ran.err.count("\n") == 1
    assert Image.open("out.jpg").format == "JPEG"
    assert cli("tryon", "me.png", "-c", "red", "-o", "out", "-f", "webp").err == ""
    assert Image.open("out").format == "WEBP"


def test_what_is_protected_stays(cli: Cli) -> None:
    source = photo(Path("me.png"))
    keep = np.zeros((HEIGHT, WIDTH), bool)
    keep[:, : WIDTH // 2] = True
    Image.fromarray(keep).save("white.png")
    painted = np.zeros((HEIGHT, WIDTH, 4), np.uint8)
    painted[keep] = (0, 0, 0, 255)
    Image.fromarray(painted).save("painted.png")
    for name in ("white.png", "painted.png"):
        assert cli("tryon", source, "-c", "red", "--protect", name, "-o", f"out-{name}").code == 0
        changed = (read(f"out-{name}") != pixels()).any(axis=2)
        assert changed.sum() > 500 and not changed[keep].any()
    ran = cli("tryon", source, "-c", "red", "--protect", art("small.png"), "-o", "x.png")
    assert ran.code == 2 and f"got 40×30; allowed: {WIDTH}×{HEIGHT}" in ran.err


def test_a_turned_photo_keeps_its_way_up(cli: Cli) -> None:
    exif = Image.Exif()
    exif[274] = 6
    stored = np.rot90(pixels())
    Image.fromarray(stored).save("turned.png", exif=exif)
    assert cli("tryon", "turned.png", "-c", "red", "-o", "out.png", "--edit-mask", "m.png").code == 0
    changed = (read("out.png") != stored).any(axis=2)
    assert changed.any() and not changed[read("m.png") == 0].any()
    assert Image.open("out.png").getexif()[274] == Image.open("m.png").getexif()[274] == 6
    assert cli("tryon", "turned.png", "-c", "red", "--protect", "m.png", "-o", "x.png").code == 2  # nothing is left


def test_streams(monkeypatch: pytest.MonkeyPatch, cli: Cli) -> None:
    source = photo(Path("me.png"))
    assert cli("tryon", source, "-c", "red", "-o", "file.png").code == 0
    ran = CliRunner().invoke(app, ["tryon", str(source), "-c", "red", "-o", "-"])
    assert ran.exit_code == 0 and ran.stdout_bytes == Path("file.png").read_bytes()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(source.read_bytes()), isatty=lambda: False))
    assert cli("tryon", "-", "-c", "red", "-o", "piped.png").code == 0
    assert Path("piped.png").read_bytes() == Path("file.png").read_bytes()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
    assert "no photo on standard input" in cli("tryon", "-", "-c", "red", "-o", "x.png").err


def test_clothes_of_others() -> None:
    source, other = photo(Path("me.png")), photo(Path("us:3.png"), 2)
    assert read_other("us:3.png:2:lower") == Other(other, 2, "lower")
    assert read_other("us:3.png:hat") == Other(other, None, "hat") and read_other("us:3.png") == Other(other)
    engine = FakeParser()
    parse, asked = engine.parse(pixels()), []

    def parse_other(path: Path) -> Any:
        asked.append(path)
        return engine.parse(path)

    swaps = [Swap((1,), "upper", read_other("us:3.png:2")), Swap(None, "lower", read_other("us:3.png:1:upper"))]
    first, second = (cloth for _, _, cloth in find_garments(parse, swaps, str(source), parse_other))
    assert isinstance(first, Region) and (first.person.index, first.region) == (2, "upper")
    assert isinstance(second, Region) and (second.person.index, second.region) == (1, "upper")
    assert asked == [other]
    same = [Swap(None, "upper", Other(source, None, "lower"))]
    ((_, _, cloth),) = find_garments(parse, same, str(source), parse_other)
    assert isinstance(cloth, Region) and cloth.person is parse.people[0] and len(asked) == 1


def test_nothing_is_written_if_something_fails(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("bad.jpg").write_text("not a photo")
    Image.new("RGB", (200, 200)).save("nobody.png")
    source = photo(Path("me.png"))
    for name, words in (("bad.jpg", "not a photo"), ("nobody.png", "no people found; got nobody.png")):
        ran = cli("tryon", name, "-c", "red", "-o", "out.png", "--layer", "layer.png")
        assert ran.code == 1 and words in ran.err and ran.err.count("\n") == 1
    ran = cli("tryon", source, "--print", art("logo.png"), "--place", "leg_L", "-o", "out.png", "--report", "r.json")
    assert ran.code == 2 and "no place 'leg_L' on this upper" in ran.err

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    ran = cli("tryon", source, "-c", "red", "-o", "out.png", "--layer", "layer.png")
    assert ran.code == 1 and "No space left on device" in ran.err
    assert {path.name for path in Path().iterdir()} == {"bad.jpg", "nobody.png", "me.png", "logo.png"}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("me.png", "-o", "x.png"), "nothing to put on; allowed: --color, --fabric"),
        (("me.png", "-c", "red"), "no place for the result"),
        (("no.png", "-c", "red", "-o", "x.png"), "no such file; got no.png"),
        (("me.png", "-c", "red", "--fabric", "denim", "-o", "x.png"), "got --color and --fabric"),
        (("me.png", "-c", "rad", "-o", "x.png"), 'did you mean "red"?'),
        (("me.png", "--fabric", "tartn", "-o", "x.png"), 'did you mean "tartan"?'),
        (("me.png", "--fabric", "tartn.png", "-o", "x.png"), "no such file; got tartn.png"),
        (("me.png", "--garment", "shirt.jpg", "-o", "x.png"), "no such file; got shirt.jpg"),
        (("me.png", "--from", "her.jpg:2", "-o", "x.png"), "allowed: PHOTO, PHOTO:PERSON or"),
        (("me.png", "--from", "me.png:2:scarf", "-o", "x.png"), "unknown region"),
        (("me.png", "--print", "logo.png", "-o", "x.png"), "no such file; got logo.png"),
        (("me.png", "--print", "me.png", "--garment", "me.png", "-o", "x.png"), "prints lie on colours and fabrics"),
        (("me.png", "--swap", "upper", "-o", "x.png"), "such as 2:upper=#7a1f2b"),
        (("me.png", "--swap", "one:upper=red", "-o", "x.png"), "whole numbers from 1"),
        (("me.png", "--swap", "scarf=red", "-o", "x.png"), "unknown region"),
        (("me.png", "--swap", "upper=denm", "-o", "x.png"), "did you mean 'denim'?"),
        (("me.png", "-p", "1", "--swap", "upper=red", "-o", "x.png"), "--person needs a cloth"),
        (("me.png", "-c", "red", "--repeat", "1", "-o", "x.png"), "--repeat needs a fabric"),
        (("me.png", "-c", "red", "--angle", "9", "-o", "x.png"), "--angle needs a fabric"),
        (("me.png", "-c", "red", "--place", "chest", "-o", "x.png"), "--place needs --print"),
        (("me.png", "-c", "red", "--print-width", "1", "-o", "x.png"), "--print-width needs --print"),
        (("me.png", "--fabric", "denim", "--drop", "third", "-o", "x.png"), "allowed: half, or 0 to 1"),
        (("me.png", "--fabric", "denim", "--repeat-cm", "0", "-o", "x.png"), "repeat of a tile"),
        (("me.png", "-c", "red", "--folds", "nan", "-o", "x.png"), "folds is out of range"),
        (("me.png", "-c", "red", "--exposure", "dark", "-o", "x.png"), "unknown exposure"),
        (("me.png", "-c", "red", "--seam", "glued", "-o", "x.png"), "allowed: sewn, continuous"),
        (("me.png", "-c", "red", "--bend", "1", "-o", "x.png"), "--bend"),
        (("me.png", "-c", "red", "--backend", "magic", "-o", "x.png"), "allowed: classic"),
        (("me.png", "-c", "red", "--engine", "magic", "-o", "x.png"), "unknown engine"),
        (("me.png", "-c", "red", "-o", "x.gif"), "allowed: png, tiff, webp, jpeg"),
        (("me.png", "-c", "red", "-o", "x.png", "--layer", "y.jpg"), "a layer has transparency"),
        (("me.png", "-c", "red", "-o", "-", "--json"), "standard output takes one thing"),
        (("me.png", "-c", "red", "-o", "x.png", "--layer", "./x.png"), "two results would be one file"),
        (("me.png", "-c", "red", "-o", "../{here}/me.png"), "would replace what it is made from"),
        (("me.png", "--swap", "upper=fabric:me.png", "-o", "x.png", "--layer", "me.png"), "would replace what it is"),
    ],
)
def test_mistakes_are_told_before_any_photo_is_opened(
    cli: Cli, tmp_path: Path, parser: FakeParser, arguments: tuple[str, ...], words: str
) -> None:
    photo(Path("me.png"))
    ran = cli("tryon", *(text.format(here=tmp_path.name) for text in arguments))
    assert ran.code in (1, 2) and ran.out == "" and words in ran.err
    assert ran.err.startswith("dressform: error: ") and ran.err.count("\n") == 1
    assert not parser.asked and [path.name for path in Path().iterdir()] == ["me.png"]


def test_regions_and_fabrics(cli: Cli) -> None:
    source = photo(Path("us.png"), 2)
    lines = cli("tryon", "regions", source).out.splitlines()
    assert len(lines) == 2 and lines[1].startswith("person 2  upper, lower, inner, hat, outfit  (x ")
    row = json.loads(cli("tryon", "regions", source, "--json").out)
    assert row["size"] == [2 * WIDTH, HEIGHT] and row["people"][0]["regions"][:2] == ["upper", "lower"]
    names = [line.split()[0] for line in cli("tryon", "fabrics").out.splitlines()]
    assert {"denim", "tartan"} <= set(names)
    row = json.loads(cli("tryon", "fabrics", "--json").out.splitlines()[0])
    assert Tile(row["file"], repeat_cm=row["repeat_cm"]) == load_fabric(row["name"])


@pytest.mark.parametrize("command", [(), ("regions",), ("fabrics",), ("prepare",), ("drape",)])
def test_help(cli: Cli, command: tuple[str, ...]) -> None:
    ran = cli("tryon", *command, "--help")
    assert ran.code == 0 and ran.out.startswith(" ".join(("Usage: dressform tryon", *command)))
    assert " ".join(("tryon", *command)) in cli("--help").out
