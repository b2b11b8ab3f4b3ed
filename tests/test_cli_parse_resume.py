"""``dressform parse`` again on the same photos: only what is missing or outdated is done."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dressform.api.ledger import LEDGER_NAME

Cli = Callable[..., Any]
Make = Callable[..., Path]

pytestmark = pytest.mark.usefixtures("fake_parser")


def written(out: Path) -> set[str]:
    """Results below a folder, without the ledger."""
    return {p.relative_to(out).as_posix() for p in out.rglob("*") if p.is_file() and p.name != LEDGER_NAME}


def test_done_photos_are_skipped(cli: Cli, make_photo: Make, tmp_path: Path, fake_parser: Any) -> None:
    for name in "abc":
        make_photo(tmp_path / f"in/{name}.jpg")
    run = ("parse", tmp_path / "in", "-o", tmp_path / "out", "-f", "labels,cutouts")
    assert cli(*run).code == 0 and len(fake_parser.seen) == 3
    ran = cli(*run)
    assert ran.code == 0 and "0 photos parsed, 3 skipped" in ran.out and "--overwrite" in ran.out
    assert len(fake_parser.seen) == 3
    assert "3 photos parsed" in cli(*run, "--overwrite").out


def test_only_what_is_missing_is_done(cli: Cli, make_photo: Make, tmp_path: Path, fake_parser: Any) -> None:
    for name in "abcd":
        make_photo(tmp_path / f"in/{name}.jpg")
    run = ("parse", tmp_path / "in", "-o", tmp_path / "out", "-f", "cutouts")
    cli(*run)
    next((tmp_path / "out").glob("b.*")).unlink()
    make_photo(tmp_path / "in/c.jpg", 60)  # another photo now
    ledger = tmp_path / "out" / LEDGER_NAME
    lines = ledger.read_text().splitlines(keepends=True)
    ledger.write_text("".join(lines[:-1]) + lines[-1][:20])  # the process was killed while writing d
    fake_parser.seen.clear()
    assert "3 photos parsed, 1 skipped" in cli(*run).out
    assert {path.name for path in fake_parser.seen} == {"b.jpg", "c.jpg", "d.jpg"}


def test_other_settings_and_formats(cli: Cli, make_photo: Make, tmp_path: Path, fake_parser: Any) -> None:
    photo, out = make_photo(tmp_path / "x.jpg"), tmp_path / "out"
    for arguments, runs in (
        (("-f", "labels"), 1),
        (("-f", "overlay"), 2),
        (("-f", "overlay,labels"), 2),
        (("-f", "labels", "--no-refine"), 3),
        (("-f", "labels", "--no-refine"), 3),
        (("-f", "labels"), 4),
    ):
        assert cli("parse", photo, "-o", out, *arguments).code == 0
        assert len(fake_parser.seen) == runs, arguments


def test_outdated_results_go(cli: Cli, make_photo: Make, tmp_path: Path) -> None:
    photo, out = make_photo(tmp_path / "x.png", 80), tmp_path / "out"
    cli("parse", photo, "-o", out, "-f", "cutouts")
    before = written(out)
    (out / "x.mine.txt").write_text("not a result")
    make_photo(photo, 20)
    cli("parse", photo, "-o", out, "-f", "cutouts")
    assert written(out) - {"x.mine.txt"} < before
    assert (out / "x.mine.txt").exists()


def test_ledger_cannot_delete_other_files(cli: Cli, make_photo: Make, tmp_path: Path) -> None:
    photo, out = make_photo(tmp_path / "x.png"), tmp_path / "out"
    out.mkdir()
    victims = ["../victim", "y.labels.png", "x./../../victim"]
    row = {"target": "x", "source": "old", "people": 1, "outputs": {"labels": victims}}
    (out / LEDGER_NAME).write_text(json.dumps(row) + "\n[]\nnull\n{}\n")
    (tmp_path / "victim").write_text("precious")
    (out / "y.labels.png").write_text("precious")
    assert cli("parse", photo, "-o", out, "-f", "labels").code == 0
    assert (tmp_path / "victim").exists() and (out / "y.labels.png").exists()


def test_failed_photo_is_tried_again(cli: Cli, make_photo: Make, tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"")
    assert cli("parse", tmp_path / "x.jpg", "-o", tmp_path / "out").code == 1
    make_photo(tmp_path / "x.jpg")
    assert cli("parse", tmp_path / "x.jpg", "-o", tmp_path / "out").code == 0


def test_model_is_not_loaded_for_nothing(
    cli: Cli, make_photo: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photo = make_photo(tmp_path / "x.jpg")
    cli("parse", photo, "-o", tmp_path / "out")
    monkeypatch.setattr("dressform.api.cli_parse.load_parser", None)
    assert "1 skipped" in cli("parse", photo, "-o", tmp_path / "out").out
