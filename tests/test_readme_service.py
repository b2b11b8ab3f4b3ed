"""The READMEs' examples of the service, as they stand there, against a running service: curl, Python, a browser."""

from __future__ import annotations

import functools
import http.server
import io
import os
import shutil
import subprocess
import sys
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from readme_blocks import marked
from test_api_server import Served
from web_browser import WAIT

ADDRESS, SITE = "http://127.0.0.1:8000", "http://127.0.0.1:5500"
READMES = ("README.md", "README.zh-CN.md")

pytest_plugins = ("web_fixtures",)
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, and bash")


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Another web site on this machine, as the README has it: ``python3 -m http.server``."""
    folder = tmp_path_factory.mktemp("site")
    handler = functools.partial(_Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", folder
        server.shutdown()


@pytest.fixture(scope="module")
def service(site: tuple[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    served = Served(tmp_path_factory.mktemp("served"), cors_origins=site[0], workers=2)
    try:
        yield f"http://127.0.0.1:{served.port}"
        served.stop()
    finally:
        served.process.kill()
        served.process.wait(10)


def example(readme: str, name: str, service: str) -> str:
    text = marked(readme, f"service: {name}")
    assert ADDRESS in text
    return text.replace(ADDRESS, service)


def environment() -> dict[str, str]:
    return {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}


def checked(folder: Path, pictures: dict[str, str]) -> None:
    """Every picture is of the type that its name says, and something is to be seen in it."""
    for name, kind in pictures.items():
        with Image.open(folder / name) as picture:
            assert picture.format == kind, name
            assert len(picture.convert("RGB").resize((64, 64)).getcolors(4096) or ()) > 20, name
    with zipfile.ZipFile(folder / "avatars.zip") as archive:
        names = archive.namelist()
        assert {"person-01-anime.png", "person-02-flat.svg"} <= set(names), names
        with Image.open(io.BytesIO(archive.read("person-01-anime.png"))) as picture:
            picture.load()


@pytest.mark.parametrize("readme", READMES)
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_curl(readme: str, service: str, tmp_path: Path) -> None:
    script = example(readme, "curl", service).replace("curl -s", "curl -fs")  # here, errors are failures
    run = subprocess.run(["bash", "-euo", "pipefail", "-c", script], cwd=tmp_path, env=environment(),
                         capture_output=True, text=True, timeout=120)  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert '"status":"succeeded"' in run.stdout and run.stdout.count("event: status") > 1
    kinds = {".png": "PNG", ".jpg": "JPEG"}
    checked(tmp_path, {path.name: kinds[path.suffix] for path in tmp_path.iterdir() if path.suffix in kinds})
    for name in ("overlay.png", "avatar.png", "gingham.png", "wine.jpg", "tile.jpg", "people.json", "stage.json"):
        assert (tmp_path / name).stat().st_size > 100, name


@pytest.mark.parametrize("readme", READMES)
def test_python(readme: str, service: str, tmp_path: Path) -> None:
    from dressform.assets import asset_path

    shutil.copy(asset_path("samples", "couple.jpg"), tmp_path)
    code = example(readme, "python", service)
    run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment(), capture_output=True, text=True,
                         timeout=120)  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert "upper-clothes" in run.stdout and "succeeded 1.0" in run.stdout
    checked(tmp_path, {"gingham.png": "PNG", "shirt-7a1f2b.jpg": "JPEG", "shirt-22334a.jpg": "JPEG"})
    assert "<svg" in (tmp_path / "avatar.svg").read_text(encoding="utf-8")


@pytest.mark.parametrize("readme", READMES)
def test_browser(readme: str, service: str, site: tuple[str, Path], browser: Any, tmp_path: Path) -> None:
    from dressform.assets import asset_path

    address, folder = site
    (folder / "index.html").write_text(example(readme, "browser", service), encoding="utf-8")
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(WAIT)
    troubles: list[str] = []
    page.on("pageerror", lambda error: troubles.append(str(error)))
    # Browsers ask every site for a picture of it; the example has none.
    page.on("console", lambda told: told.type == "error" and "favicon" not in told.location["url"]
            and troubles.append(told.text))  # fmt: skip
    try:
        page.goto(f"{address}/index.html")
        page.set_input_files("input", asset_path("samples", "couple.jpg"))
        page.wait_for_selector("a:text('avatars.zip')")
        assert page.inner_text("output") == "succeeded 100 %"
        wide = page.evaluate("[...document.images].map((image) => image.complete && image.naturalWidth)")
        assert len(wide) == 4 and min(wide) >= 256
        found = context.request.get(page.get_attribute("a", "href"))
        (tmp_path / "avatars.zip").write_bytes(found.body())
        checked(tmp_path, {})
    finally:
        context.close()
    assert not troubles


def test_the_browser_example_tells_how_it_is_shown() -> None:
    from readme_blocks import read

    for readme in READMES:
        assert f"DRESSFORM_CORS_ORIGINS={SITE} dressform serve" in read(readme)
        assert f"http.server {SITE.rpartition(':')[2]} --bind 127.0.0.1" in read(readme)
