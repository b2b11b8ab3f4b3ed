"""``dressform avatar``: names of results, mistakes told before work is done, nothing done twice."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from dressform.api import avatar_batch
from dressform.api.cli import app
from dressform.avatar.resolve import AvatarOptions
from dressform.avatar.spec_file import spec_from_json, spec_to_json
from dressform.avatar.style_file import load_style
from dressform.parsing import OptionError, Parse, Part, load_image
from dressform.parsing.result import Observation

Cli = Callable[..., Any]

SIZE = ("--size", "32")


class FakeParser:
    """Finds a person per 60 pixels of width, heads of 40 pixels, the last one of 12; nobody in a black photo."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def parse(self, source: Any) -> Parse:
        self.seen.append(source)
        image = load_image(source)
        height, width = image.shape[:2]
        labels, instances = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint16)
        boxes = []
        count = width // 60 if image.any() else 0
        for k in range(count):
            unit = 12 if k == count - 1 and count > 1 else 40
            x, y = 60 * k + 30, unit + 10
            mask = np.zeros((height, width), np.uint8)
            shirt = (x - int(0.6 * unit), y + int(0.2 * unit)), (x + int(0.6 * unit), min(y + 2 * unit, height) - 1)
            cv2.rectangle(mask, *shirt, int(Part.UPPER_CLOTHES), -1)
            cv2.ellipse(mask, ((x, y - 0.5 * unit), (0.9 * unit, unit), 0.0), int(Part.HAIR), -1)
            cv2.ellipse(mask, ((x, y - 0.4 * unit), (0.7 * unit, 0.8 * unit), 0.0), int(Part.FACE), -1)
            labels[mask > 0] = mask[mask > 0]
            instances[mask > 0] = k + 1
            ys, xs = np.nonzero(mask)
            boxes.append((float(xs.min()), float(ys.min()), float(xs.max() + 1), float(ys.max() + 1)))
        return Parse(labels, instances, tuple(Observation(box, 0.9) for box in boxes), image, engine="fake")


@pytest.fixture(autouse=True)
def parser(monkeypatch: pytest.MonkeyPatch) -> FakeParser:
    found = FakeParser()
    monkeypatch.setattr("dressform.api.cli_avatar.load_parser", lambda name=None: found)
    return found


def photo(path: Path, people: int = 1, color: tuple[int, int, int] = (200, 150, 120)) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = np.random.default_rng(people).integers(0, 60, (120, max(60 * people, 50), 3))
    Image.fromarray((np.array(color) - rows).clip(0, 255).astype(np.uint8)).save(path)
    return path


def written(out: Path) -> set[str]:
    """Results below a folder, without notes and pictures of single layers."""
    found = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    return {name for name in found if "/." not in f"/{name}" and "/layers/" not in name}


def test_one_photo(cli: Cli, tmp_path: Path) -> None:
    source, out = photo(tmp_path / "me.png"), tmp_path / "out"
    ran = cli("avatar", source, "-o", out, *SIZE)
    assert (ran.code, ran.out, ran.err) == (0, f"1 person in {source} → {out / 'me'}\n", "")
    assert written(out) == {"me/person-01-flat.png", "me/person-01.json"}
    assert Image.open(out / "me/person-01-flat.png").size == (32, 32)
    spec = spec_from_json((out / "me/person-01.json").read_bytes())
    assert {"face", "hair", "upper-clothes"} <= spec.regions.keys()


def test_styles_formats_sheet_and_group(cli: Cli, tmp_path: Path) -> None:
    source, out = photo(tmp_path / "me.png"), tmp_path / "out"
    formats = "png,svg,psd,ora,webp,jpg,gif,apng,layers,atlas,json"
    assert cli("avatar", source, "-o", out, "-s", "flat,anime", "-f", formats, "--sheet", "--group", *SIZE).code == 0
    flat = (".png", ".svg", ".psd", ".ora", ".webp", ".jpg")
    each = (*flat, ".gif", ".apng", "-layers/manifest.json", "-atlas.json", "-atlas.png")
    stems = [f"me/{what}-{style}" for what in ("person-01", "group") for style in ("flat", "anime")]
    expected = {f"{stem}{end}" for stem in stems for end in each} | {f"me/sheet-2-styles{end}" for end in flat}
    assert written(out) == expected | {"me/person-01.json"}
    assert Image.open(out / "me/sheet-2-styles.png").width > 64
    assert b'id="p1_face"' in (out / "me/group-flat.svg").read_bytes()


def test_options_reach_the_drawing(cli: Cli, tmp_path: Path) -> None:
    source, out = photo(tmp_path / "me.png"), tmp_path / "out"
    options = ("--frame", "none", "--framing", "half", "--background", "none", "--set", "hair.color=#12ab34")
    assert cli("avatar", source, "-o", out, "-f", "svg", "--add", "glasses:round", "--seed", 3, *options).code == 0
    drawing = (out / "me/person-01-flat.svg").read_text()
    assert "#12ab34" in drawing and 'id="glasses_round' in drawing
    assert 'id="background' not in drawing and "clip-path" not in drawing
    cli("avatar", source, "-o", out, "-f", "svg", "--background", "#010203")
    assert 'id="background"' in (out / "me/person-01-flat.svg").read_text()


def test_small_people_are_left_out_unless_asked_for(cli: Cli, tmp_path: Path) -> None:
    source, out = photo(tmp_path / "us.png", 3), tmp_path / "out"
    ran = cli("avatar", source, "-o", out, *SIZE)
    assert ran.code == 0 and ran.out.startswith("2 of 3 people in")
    why = "1 person left out, heads under 20 px (--min-head) or not in the photo"
    assert ran.err == f"dressform: note: {source}: {why}\n"
    assert {name for name in written(out) if name.endswith(".json")} == {"us/person-01.json", "us/person-02.json"}
    assert cli("avatar", source, "-o", tmp_path / "all", "--min-head", 5, *SIZE).err == ""
    assert cli("avatar", source, "-o", tmp_path / "one", "--person", "3", *SIZE).err == ""
    assert written(tmp_path / "one") == {"us/person-03-flat.png", "us/person-03.json"}
    ran = cli("avatar", source, "-o", tmp_path / "none", "--person", "1,9", *SIZE)
    assert ran.code == 1 and "no such person in the photo; got 9; allowed: 1 to 3" in ran.err
    assert written(tmp_path / "none") == set()


def test_folder(cli: Cli, tmp_path: Path, parser: FakeParser) -> None:
    for name in ("in/a.png", "in/b/c.png"):
        photo(tmp_path / name)
    photo(tmp_path / "in/nobody.png", color=(0, 0, 0))
    (tmp_path / "in/broken.jpg").write_text("not a photo")
    run = ("avatar", tmp_path / "in", "-o", tmp_path / "out", *SIZE)
    ran = cli(*run)
    assert ran.code == 1 and ran.err.count("\n") == 1 and "broken.jpg" in ran.err
    assert "No people found in" in ran.out and ran.out.endswith("3 done, 1 failed\n")
    names = {f"{stem}/person-01{end}" for stem in ("a", "b/c") for end in ("-flat.png", ".json")}
    assert written(tmp_path / "out") == names
    parser.seen.clear()
    again = cli(*run)
    assert "3 skipped" in again.out and [path.name for path in parser.seen] == ["broken.jpg"]
    rows = [json.loads(line) for line in cli(*run, "--json").out.splitlines()]
    assert sorted(row["status"] + str(row["people"]) for row in rows) == ["failedNone", *("skipped" + n for n in "011")]


def test_only_what_is_missing_is_drawn(cli: Cli, tmp_path: Path, parser: FakeParser) -> None:
    source, out = photo(tmp_path / "us.png", 3), tmp_path / "out"
    run = ("avatar", source, "-o", out, "--min-head", 5, *SIZE)
    for arguments, times in (((), 1), ((), 1), (("-s", "pencil"), 2), ((), 2), (("--overwrite",), 3)):
        assert cli(*run, *arguments).code == 0 and len(parser.seen) == times, arguments
    (out / "us/person-01-flat.png").unlink()
    assert cli(*run).code == 0 and len(parser.seen) == 4
    (out / "us/person-mine.txt").write_text("not a result")
    photo(source)  # another photo now: what was drawn of the others goes
    assert cli(*run).code == 0
    assert written(out) - {"us/person-01-pencil.png"} >= {"us/person-01-flat.png", "us/person-mine.txt"}
    assert not {name for name in written(out) if "person-03-flat" in name}


def test_a_note_cannot_delete_other_files(cli: Cli, tmp_path: Path) -> None:
    source, out = photo(tmp_path / "me.png"), tmp_path / "out"
    cli("avatar", source, "-o", out, *SIZE)
    note = out / "me/.dressform.json"
    row = json.loads(note.read_text())
    (key,) = row["outputs"]
    (tmp_path / "victim").write_text("precious")
    for names in (["../../victim"], ["person-/../../../victim"], 5, [[]]):
        note.write_text(json.dumps({**row, "source": "old", "outputs": {key: names}}))
        assert cli("avatar", source, "-o", out, *SIZE).code == 0
    assert (tmp_path / "victim").exists()


def test_specs(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "out"
    cli("avatar", photo(tmp_path / "me.png"), "-o", out, "-f", "svg")
    spec = out / "me/person-01.json"
    assert cli("avatar", "--spec", spec, "-o", tmp_path / "new", "-f", "svg").code == 0
    assert (tmp_path / "new/person-01-flat.svg").read_bytes() == (out / "me/person-01-flat.svg").read_bytes()
    text = " " + spec.read_text()
    spec.write_text(text)
    (tmp_path / "bad.json").write_text("[" * 10_000)
    ran = cli("avatar", "--spec", tmp_path / "bad.json", "--spec", spec, "-o", out / "me", "-f", "png", *SIZE)
    assert ran.code == 1 and "bad.json" in ran.err and ran.err.count("\n") == 1
    assert (out / "me/person-01-flat.png").exists() and spec.read_text() == text


def test_seeds(cli: Cli, tmp_path: Path) -> None:
    out = tmp_path / "out"
    ran = cli("avatar", "--from-seed", "7,9-10", "-o", out, "--sheet", "-f", "png,gif", "--size", 64)
    assert ran.code == 0 and ran.out.splitlines()[-1] == "4 done"
    ends = ("-flat.png", "-flat.gif", ".json")
    assert written(out) == {f"seed-{s}{end}" for s in ("007", "009", "010") for end in ends} | {"sheet-flat.png"}
    assert getattr(Image.open(out / "seed-007-flat.gif"), "n_frames", 1) > 1  # it blinks
    before = (out / "seed-009-flat.png").read_bytes()
    cli("avatar", "--from-seed", "9", "-o", tmp_path / "again", "--size", 64)
    assert (tmp_path / "again/seed-009-flat.png").read_bytes() == before


def test_a_full_disk_leaves_nothing(cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_files(*arguments: object) -> None:
        raise OSError(28, "No space left on device", "out/x.png")

    monkeypatch.setattr(avatar_batch, "write_files", write_files)
    ran = cli("avatar", photo(tmp_path / "me.png"), "-o", tmp_path / "out", *SIZE)
    assert ran.code == 1 and "No space left on device" in ran.err and written(tmp_path / "out") == set()


class TestStreams:
    def test_stdin(self, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        data = photo(tmp_path / "me.png").read_bytes()
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data), isatty=lambda: False))
        assert cli("avatar", "-", "-o", tmp_path / "out", *SIZE).code == 0
        assert written(tmp_path / "out") == {"stdin/person-01-flat.png", "stdin/person-01.json"}

    def test_stdout(self, tmp_path: Path) -> None:
        source = str(photo(tmp_path / "us.png", 3))
        ran = CliRunner().invoke(app, ["avatar", source, "-o", "-", "--person", "2", *SIZE])
        assert ran.exit_code == 0 and ran.stdout_bytes.startswith(b"\x89PNG")
        ran = CliRunner().invoke(app, ["avatar", "--from-seed", "3", "-o", "-", "-f", "json"])
        spec = spec_from_json(ran.stdout_bytes)
        assert spec_to_json(spec).encode() == ran.stdout_bytes

    @pytest.mark.parametrize(
        ("arguments", "words"),
        [
            ((), "2 people; choose one with --person"),
            (("-s", "flat,anime"), "2 styles"),
            (("-f", "layers"), "one file"),
            (("--sheet",), "--sheet or --group"),
        ],
    )
    def test_one_avatar_only(self, cli: Cli, tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
        ran = cli("avatar", photo(tmp_path / "us.png", 2), "-o", "-", "--min-head", 5, *SIZE, *arguments)
        assert ran.code == 2 and ran.out == "" and words in ran.err
        ran = cli("avatar", photo(tmp_path / "x.png", color=(0, 0, 0)), "-o", "-")
        assert ran.code == 1 and "no people found" in ran.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("x.png",), "no place for the results"),
        (("-o", "out"), "nothing to draw"),
        (("x.png", "--from-seed", "1", "-o", "out"), "photos and --from-seed"),
        (("--spec", "no.json", "-o", "out"), "no such file"),
        (("--from-seed", "1", "--group", "-o", "out"), "--group needs photos"),
        (("--from-seed", "5-1", "-o", "out"), "such as 1,3 or 1-4"),
        (("--from-seed", "0-99999", "-o", "out"), "10000 at most"),
        (("x.png", "-o", "out", "-s", "flatt"), "did you mean 'flat'?"),
        (("x.png", "-o", "out", "-s", ","), "no style given"),
        (("x.png", "-o", "out", "-f", "pgn"), "allowed: svg, png"),
        (("x.png", "-o", "out", "--add", "hat:beany"), "did you mean 'hat:beanie'?"),
        (("x.png", "-o", "out", "--add", "hat:beanie#zz"), "#rrggbb"),
        (("x.png", "-o", "out", "--set", "hare.color=#ffffff"), "did you mean 'hair.color'?"),
        (("x.png", "-o", "out", "--background", "ray"), "a colour such as #7a1f2b, plain"),
        (("x.png", "-o", "out", "--person", "0"), "whole numbers from 1"),
        (("x.png", "-o", "out", "--size", "1"), "--size"),
        (("--list", "hats"), "allowed: styles, accessories"),
    ],
)
def test_mistakes_are_told_before_any_photo_is_opened(
    cli: Cli,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    parser: FakeParser,
    arguments: tuple[str, ...],
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    photo(tmp_path / "x.png")
    ran = cli("avatar", *arguments)
    assert ran.code == 2 and ran.out == "" and words in ran.err
    assert ran.err.startswith("dressform: error: ") and ran.err.count("\n") == 1
    assert not parser.seen and not Path("out").exists()


def test_lists(cli: Cli) -> None:
    for what, line in (
        ("styles", "flat"),
        ("accessories", "hat:beanie"),
        ("options", "hair.color"),
        ("formats", "psd"),
    ):
        assert line in [row.split()[0] for row in cli("avatar", "--list", what).out.splitlines()]


def test_who_wants_something_else_has_another_key() -> None:
    flat, anime = (load_style(name) for name in ("flat", "anime"))
    rows = ({}, {"size": 64}, {"options": AvatarOptions(seed=1)}, {"formats": ("svg",)})
    keys = [avatar_batch.Wanted((style,), **row).key for style in (flat, anime) for row in rows]  # type: ignore[arg-type]
    assert len(set(keys)) == 8 and avatar_batch.Wanted((load_style("flat"),)).key == keys[0]


def test_number_lists() -> None:
    for text, numbers in (("7", [7]), ("3,1-2", [3, 1, 2]), (" 1 , 1-2 ", [1, 2])):
        assert avatar_batch.number_list(text, "x") == numbers
    for text in ("", "a", "1-", "-1", "2-1", "1.5", "٣", "9" * 17, "1-1000000"):
        with pytest.raises(OptionError):
            avatar_batch.number_list(text, "x")
