from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from dressform.api.cli import app
from dressform.api.ledger import LEDGER_NAME
from dressform.parsing import Parse

Cli = Callable[..., Any]
Make = Callable[..., Path]

pytestmark = pytest.mark.usefixtures("fake_parser")


def written(out: Path) -> set[str]:
    """Results below a folder, without the ledger."""
    return {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file() and p.name != LEDGER_NAME}


def test_one_photo(cli: Cli, make_photo: Make, tmp_path: Path) -> None:
    photo, out = make_photo(tmp_path / "family.jpg", 60), tmp_path / "out"
    ran = cli("parse", photo, "-o", out)
    (overlay,) = out.glob("family.overlay.*")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"3 people in {photo} → {overlay}\n"
    assert {name.split(".")[1] for name in written(out)} == {"labels", "overlay", "coco"}


@pytest.mark.parametrize(("width", "words"), [(20, "1 person in"), (10, "No people found in")])
def test_people_are_counted_in_words(cli: Cli, make_photo: Make, tmp_path: Path, width: int, words: str) -> None:
    ran = cli("parse", make_photo(tmp_path / "x.png", width), "-o", tmp_path / "out", "--format", "labels")
    assert ran.code == 0 and ran.out.startswith(words)
    assert len(written(tmp_path / "out")) == 1


def test_nobody_and_no_file_is_a_success(cli: Cli, make_photo: Make, tmp_path: Path) -> None:
    photo = make_photo(tmp_path / "x.png", 10)
    ran = cli("parse", photo, "-o", tmp_path / "out", "--format", "cutouts")
    assert (ran.code, ran.out) == (0, f"No people found in {photo}\n")
    assert "1 skipped" in cli("parse", photo, "-o", tmp_path / "out", "--format", "cutouts").out


def test_folder_is_mirrored(cli: Cli, make_photo: Make, tmp_path: Path) -> None:
    for name in ("in/x.jpg", "in/a/x.jpg", "in/a/b/Y.PNG"):
        make_photo(tmp_path / name)
    ran = cli("parse", tmp_path / "in", "-o", tmp_path / "out", "-f", "labels")
    assert ran.code == 0 and ran.out.endswith("3 photos parsed\n")
    assert written(tmp_path / "out") == {"x.labels.png", "a/x.labels.png", "a/b/Y.labels.png"}


def test_collisions_are_refused_before_any_work(cli: Cli, make_photo: Make, tmp_path: Path, fake_parser: Any) -> None:
    make_photo(tmp_path / "in/x.jpg"), make_photo(tmp_path / "in/x.png")
    ran = cli("parse", tmp_path / "in", "-o", tmp_path / "out")
    assert ran.code == 1 and "x.jpg and" in ran.err and ran.err.count("\n") == 1
    assert not fake_parser.seen and not (tmp_path / "out").exists()


def test_bad_photo_among_good_ones(cli: Cli, make_photo: Make, tmp_path: Path) -> None:
    for name in ("a.jpg", "c.jpg", "z/e.jpg"):
        make_photo(tmp_path / "in" / name)
    (tmp_path / "in/b.jpg").write_bytes(b"")
    (tmp_path / "in/d.jpg").write_text("this is not a photo")
    whole = (tmp_path / "in/a.jpg").read_bytes()
    (tmp_path / "in/cut.jpg").write_bytes(whole[: len(whole) // 2])
    ran = cli("parse", tmp_path / "in", "-o", tmp_path / "out", "-f", "labels")
    assert ran.code == 1
    errors = ran.err.splitlines()
    assert len(errors) == 3 and all(line.startswith("dressform: error: ") for line in errors)
    assert all(any(name in line for line in errors) for name in ("b.jpg", "d.jpg", "cut.jpg"))
    assert "3 photos parsed, 3 failed" in ran.out
    assert written(tmp_path / "out") == {"a.labels.png", "c.labels.png", "z/e.labels.png"}


def test_engine_that_trips_does_not_end_the_run(
    cli: Cli, make_photo: Make, tmp_path: Path, fake_parser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_photo(tmp_path / "in/a.jpg", 20), make_photo(tmp_path / "in/b.jpg", 40)
    paint = fake_parser.parse

    def parse(source: Path) -> Parse:
        if source.name == "a.jpg":
            raise ZeroDivisionError("a\nb")
        return paint(source)  # type: ignore[no-any-return]

    monkeypatch.setattr(fake_parser, "parse", parse, raising=False)
    ran = cli("parse", tmp_path / "in", "-o", tmp_path / "out", "-f", "labels")
    assert ran.code == 1 and "a.jpg: unexpected ZeroDivisionError: a b\n" in ran.err
    assert written(tmp_path / "out") == {"b.labels.png"}


def test_full_disk(cli: Cli, make_photo: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_files(*arguments: object) -> None:
        raise OSError(28, "No space left on device", "out/x.labels.png")

    monkeypatch.setattr("dressform.parsing.formats.files.write_files", write_files)
    ran = cli("parse", make_photo(tmp_path / "x.jpg"), "-o", tmp_path / "out")
    assert ran.code == 1 and "No space left on device" in ran.err and ran.err.count("\n") == 1


class TestStreams:
    @pytest.fixture
    def stdin(self, make_photo: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        data = make_photo(tmp_path / "piped.png", 40).read_bytes()
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(data), isatty=lambda: False))

    @pytest.mark.usefixtures("stdin")
    def test_stdin_to_folder(self, cli: Cli, tmp_path: Path) -> None:
        assert cli("parse", "-", "-o", tmp_path / "out", "-f", "labels").code == 0
        assert written(tmp_path / "out") == {"stdin.labels.png"}

    @pytest.mark.usefixtures("stdin")
    def test_stdin_with_a_name(self, cli: Cli, tmp_path: Path) -> None:
        ran = cli("parse", "-", "-o", tmp_path / "out", "-f", "labels", "--stem", "me")
        assert ran.out.startswith("2 people in standard input")
        assert written(tmp_path / "out") == {"me.labels.png"}

    def test_terminal_as_stdin(self, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sys, "stdin", SimpleNamespace(isatty=lambda: True))
        ran = cli("parse", "-", "-o", tmp_path / "out")
        assert ran.code == 1 and "no photo on standard input" in ran.err

    def test_stdout(self, make_photo: Make, tmp_path: Path) -> None:
        photo = make_photo(tmp_path / "x.png")
        result = CliRunner().invoke(app, ["parse", str(photo), "-o", "-", "-f", "labels"])
        assert result.exit_code == 0 and result.stdout_bytes.startswith(b"\x89PNG")

    @pytest.mark.parametrize("formats", ["labels,coco", "cutouts"])
    def test_stdout_takes_one_file(self, cli: Cli, make_photo: Make, tmp_path: Path, formats: str) -> None:
        ran = cli("parse", make_photo(tmp_path / "x.png"), "-o", "-", "-f", formats)
        assert ran.code in (1, 2) and ran.out == "" and "standard output takes one file" in ran.err

    def test_json(self, cli: Cli, make_photo: Make, tmp_path: Path) -> None:
        make_photo(tmp_path / "in/a.jpg", 60), (tmp_path / "in/b.jpg").write_bytes(b"")
        run = ("parse", tmp_path / "in", "-o", tmp_path / "out", "--json", "-f", "labels,coco")
        rows = [json.loads(line) for line in cli(*run).out.splitlines()]
        assert [(row["status"], row["people"]) for row in rows] == [("done", 3), ("failed", None)]
        assert all(Path(name).is_file() for name in rows[0]["files"]) and len(rows[0]["files"]) == 2
        assert rows[0]["photo"] == str(tmp_path / "in/a.jpg") and rows[0]["seconds"] >= 0 and rows[1]["error"]
        again = [json.loads(line)["status"] for line in cli(*run).out.splitlines()]
        assert again == ["skipped", "failed"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("parse",), 2, "missing"),
        (("parse", "x.jpg"), 2, "--out"),
        (("parse", "x.jpg", "-o", "out", "--nonsense"), 2, "--nonsense"),
        (("parse", "nothing.jpg", "-o", "out"), 2, "no such file or folder; got nothing.jpg"),
        (("parse", "x.jpg", "-o", "out", "-f", "label"), 2, "did you mean labels?"),
        (("parse", "x.jpg", "-o", "out", "-f", ","), 2, "no format given"),
        (("parse", "x.jpg", "-o", "out", "-e", "compat"), 2, "did you mean 'compact'?"),
        (("parse", "x.jpg", "-o", "x.jpg"), 1, "output folder cannot be written"),
        (("parse", "x.jpg", "-o", "x.jpg/out"), 1, "output folder cannot be written"),
        (("parse", "empty", "-o", "out"), 1, "no photos in this folder; got empty"),
        (("parse", "zero.jpg", "-o", "out"), 1, "zero.jpg"),
        (("parse", "text.jpg", "-o", "out"), 1, "text.jpg"),
        (("parse", "x.jpg", "-o", "out", "--stem", "a/b"), 2, "bad file name"),
        (("nonsense",), 2, "nonsense"),
    ],
)
def test_mistakes(
    cli: Cli,
    make_photo: Make,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: int,
    words: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    make_photo(tmp_path / "x.jpg")
    Path("empty").mkdir()
    Path("zero.jpg").touch()
    Path("text.jpg").write_text("not a photo")
    ran = cli(*arguments)
    assert ran.code == code and ran.out == ""
    assert ran.err.startswith("dressform: error: ") and ran.err.count("\n") == 1
    assert words.lower() in ran.err.lower()
    assert not [path for path in Path().rglob("*.labels*")]


def test_interrupt(cli: Cli, make_photo: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*arguments: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("dressform.parsing.formats.files.write_files", interrupt)
    assert cli("parse", make_photo(tmp_path / "x.jpg"), "-o", tmp_path / "out").code == 130
    assert written(tmp_path / "out") == set()


def test_options_reach_the_engine(cli: Cli, make_photo: Make, tmp_path: Path, fake_parser: Any) -> None:
    cli("parse", make_photo(tmp_path / "x.jpg"), "-o", tmp_path / "out")
    assert fake_parser.options == {}
    cli("parse", tmp_path / "x.jpg", "-o", tmp_path / "out", "--no-refine")
    assert fake_parser.options == {"refine": False}


@pytest.mark.parametrize("arguments", [(), ("--help",), ("parse", "-h"), ("models",), ("models", "--help")])
def test_help(cli: Cli, arguments: tuple[str, ...]) -> None:
    ran = cli(*arguments)
    assert ran.code == 0 and "Usage: dressform" in ran.out and ran.err == ""


def run(*arguments: object, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "dressform.api.cli", *map(str, arguments)]
    environment = {key: value for key, value in os.environ.items() if not key.startswith("DRESSFORM_")}
    return subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", timeout=60, env=environment, **options
    )


def test_real_process(tmp_path: Path) -> None:
    shown = run("--version")
    assert shown.returncode == 0 and shown.stdout.startswith("dressform ")
    for arguments, code in ((("parse", "nothing.jpg", "-o", "out"), 2), (("parse", "-o", "out"), 2)):
        ran = run(*arguments, cwd=tmp_path)
        assert ran.returncode == code and ran.stdout == ""
        assert ran.stderr.startswith("dressform: error: ") and ran.stderr.count("\n") == 1


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\nfrom dressform.api.cli import main\nassert main(['--help']) == 0\n"
        "heavy = {'numpy', 'cv2', 'onnxruntime', 'PIL', 'rich', 'torch'} & set(sys.modules)\nassert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60, capture_output=True)
