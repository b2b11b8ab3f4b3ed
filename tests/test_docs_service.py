"""docs/service.md and the README's table: every setting, flag, route and parameter is told, with its real default."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer
from PIL import Image
from readme_blocks import fenced, headings, marked, read, rows, slug
from test_api_server import Served

from dressform.api import parameters
from dressform.api.app import create_app
from dressform.api.cli_serve import serve
from dressform.api.settings import Settings, hash_key

PAGE = "docs/service.md"
PREFIX = "DRESSFORM_"
FIELDS = Settings.model_fields
# Flags of other names than the settings that they change.
FLAGS = {"queue": "queue_size", "max-body-mb": "max_body", "no-cache": "cache_seconds", "no-page": "page",
         "quiet": "log_format"}  # fmt: skip
UNTOLD = {"image", "file"}


def table() -> dict[str, tuple[str, str]]:
    """Flag and default by setting, as the page has them."""
    found = [row for row in rows(read(PAGE)) if row[0].startswith(f"`{PREFIX}")]
    assert all(len(row) == 4 for row in found)
    return {row[0].strip("`").removeprefix(PREFIX).lower(): (row[1], row[3].strip("`")) for row in found}


def shown(value: object) -> str:
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def test_every_setting_stands_on_the_page_with_its_default(monkeypatch: pytest.MonkeyPatch) -> None:
    told = table()
    assert list(told) == [name for name in told if name in FIELDS] and set(told) == set(FIELDS)
    for name in FIELDS:
        monkeypatch.delenv(f"{PREFIX}{name.upper()}", raising=False)
    settings = Settings()
    for name, (_, default) in told.items():
        if name != "workers":
            assert default == shown(getattr(settings, name)), name


def test_every_flag_stands_on_the_page() -> None:
    app = typer.Typer(add_completion=False)
    app.command()(serve)
    flags = {max(option.opts, key=len).removeprefix("--") for option in typer.main.get_command(app).params}
    told = {match[1]: name for name, (flag, _) in table().items() if (match := re.match(r"`--([\w-]+)", flag))}
    assert set(told) == flags - {"help"}
    assert told == {flag: FLAGS.get(flag, flag.replace("-", "_")) for flag in told}


def test_settings_that_other_pages_name_exist() -> None:
    known = {*FIELDS, "engine", "styles", "accessories", "home", "offline", "domain", "upstream"}
    for page in ("README.md", "README.zh-CN.md", "PRIVACY.md", PAGE, "docs/problems.md"):
        named = set(re.findall(rf"\b{PREFIX}([A-Z_]+)", read(page)))
        assert {name.lower() for name in named} <= known, page


@pytest.mark.parametrize("readme", ["README.md", "README.zh-CN.md"])
def test_the_readme_names_flags_of_their_settings(readme: str) -> None:
    told = table()
    for row in rows(read(readme)):
        names, flags = (re.findall(pattern, row[k]) for k, pattern in ((0, rf"{PREFIX}([A-Z_]+)"), (1, r"--[\w-]+")))
        if len(row) == 4 and names and names[0].lower() in FIELDS:
            assert flags == [flag for name in names for flag in re.findall(r"--[\w-]+", told[name.lower()][0])], row


def test_every_route_stands_on_the_page() -> None:
    told: set[tuple[str, str]] = set()
    for row in rows(read(PAGE)):
        method = ""
        for word in re.findall(r"`([^`]+)`", row[0]):
            match = re.fullmatch(r"(?:(GET|POST|DELETE) )?(/[\w/{}.-]+)", word)
            if match:
                method = match[1] or method
                told.add((method, match[2]))
    paths = create_app(Settings()).openapi()["paths"]
    assert told == {(method.upper(), path) for path, methods in paths.items() for method in methods}


@pytest.mark.parametrize("name", [name for name in parameters.__all__ if name.endswith("Parameters")])
def test_every_parameter_stands_on_the_page(name: str) -> None:
    words = set(re.findall(r"`([\w]+)`", fenced(read(PAGE))))
    assert set(getattr(parameters, name).model_fields) <= words | {"format"}


def test_the_sections_that_others_point_to() -> None:
    assert {"settings", "in-public"} <= {slug(words) for _, words in headings(read(PAGE))}


# ---- its examples, as they stand ------------------------------------------------------------------------------------

posix = pytest.mark.skipif(sys.platform == "win32", reason="signals, and bash")


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    served = Served(tmp_path_factory.mktemp("served"))
    try:
        yield f"http://127.0.0.1:{served.port}"
        served.stop()
    finally:
        served.process.kill()
        served.process.wait(10)


@posix
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_several_garments(service: str, tmp_path: Path) -> None:
    script = marked(PAGE, "service: several").replace("http://127.0.0.1:8000", service).replace("curl -s", "curl -fs")
    run = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, capture_output=True, text=True,
                         timeout=120)  # fmt: skip
    assert run.returncode == 0, run.stderr
    with Image.open(tmp_path / "dressed.jpg") as picture, Image.open(tmp_path / "couple.jpg") as photo:
        assert picture.format == "JPEG" and picture.size == photo.size


@posix
def test_a_key_and_its_hash() -> None:
    run = subprocess.run(["bash", "-euc", marked(PAGE, "service: key")], capture_output=True, text=True, timeout=60)
    key, setting = (line.partition(mark)[2].strip() for line, mark in zip(run.stdout.splitlines(), ":=", strict=True))
    assert setting == hash_key(key) and Settings(api_keys=(setting,)).guarded
