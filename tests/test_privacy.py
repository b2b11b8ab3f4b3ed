"""What PRIVACY.md says, as far as a program can check it: what is written, told, logged, and what comes out."""

from __future__ import annotations

import io
import json
import os
import re
import socket
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from readme_blocks import ROOT, read

from dressform.assets import asset_path

MARK = "ZQX7SECRET"
# Records what Python itself does with files, sockets and other programs once the service is ready.
WATCHED = """
import os, sys
seen = open(sys.argv[1], "a", buffering=1)
def watch(event, args):
    if event == "open" and args[0] != os.devnull and (args[2] or 0) & (os.O_WRONLY | os.O_RDWR | os.O_CREAT):
        seen.write(f"open {args[0]!r}\\n")
    elif event in ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.mkdir", "os.rename"):
        seen.write(f"{event} {args[1:]!r}\\n")
sys.addaudithook(watch)
from dressform.api.cli import main
sys.exit(main(["serve", "--port", sys.argv[2]]))
"""


def with_metadata() -> bytes:
    """A photo of two people that says in many places what nobody should learn."""
    exif = Image.Exif()
    exif[0x010E] = exif[0x010F] = MARK
    exif.get_ifd(0x8825)[29] = MARK
    sample = Image.open(asset_path("samples", "couple.jpg"))
    stream = io.BytesIO()
    sample.save(stream, "JPEG", exif=exif, comment=MARK.encode(), icc_profile=MARK.encode(), xmp=MARK.encode())
    assert stream.getvalue().count(MARK.encode()) >= 5
    return stream.getvalue()


PHOTO = with_metadata()


class Watched:
    """The real service with a home, a working and a temporary folder of its own, and everything that it says."""

    def __init__(self, folder: Path) -> None:
        self.folders = {name: folder / name for name in ("HOME", "TMPDIR", "cwd")}
        for path in self.folders.values():
            path.mkdir()
        self.seen, self.log = folder / "seen.txt", folder / "log.txt"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        kept = {name: text for name, text in os.environ.items()
                if not name.startswith(("DRESSFORM_", "XDG_", "ORT_")) and name != "CI"}  # fmt: skip
        kept |= {name: str(path) for name, path in self.folders.items()}
        kept |= {"PYTHONDONTWRITEBYTECODE": "1", "DRESSFORM_API_KEYS": f"{MARK}-key-of-the-service"}
        with self.log.open("wb") as file:
            command = [sys.executable, "-c", WATCHED, str(self.seen), str(port)]
            self.process = subprocess.Popen(command, env=kept, cwd=self.folders["cwd"], stdout=file, stderr=file)
        headers = {"Authorization": f"Bearer {MARK}-key-of-the-service", "User-Agent": MARK, "Referer": f"x/{MARK}"}
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60, headers=headers)
        for _ in range(600):
            try:
                if self.client.get("/health/ready").status_code == 200:
                    return
            except httpx.TransportError:
                assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.1)
        raise TimeoutError(self.log.read_text())

    def work(self) -> dict[str, bytes]:
        """One of everything; what came out, by what it is."""

        def ask(path: str, more: dict[str, Any] | None = None, **fields: str) -> bytes:
            files = {"photo": (f"{MARK}.jpg", PHOTO, "image/jpeg"), **(more or {})}
            reply = self.client.post(path, files=files, data=fields)
            assert reply.status_code < 300, reply.text
            return reply.content

        large = Image.open(io.BytesIO(PHOTO)).resize((2400, 1600))
        stream = io.BytesIO()
        large.save(stream, "PNG")  # larger than what form parsers keep in memory otherwise
        assert self.client.post("/v1/parse", files={"photo": stream.getvalue()}).status_code == 200
        found = {f"parse {form}": ask("/v1/parse", format=form) for form in ("json", "coco", "png", "svg", "zip")}
        found["cutout"] = ask("/v1/parse", format="png", view="cutout")
        forms = ("png", "svg", "psd", "ora", "webp", "jpeg", "gif", "apng", "json")
        found |= {f"avatar {form}": ask("/v1/avatar", format=form, person="1", size="128") for form in forms}
        found["avatars"] = ask("/v1/avatar", format="zip", formats="png,atlas", sheet="true", group="true", size="64")
        color = {"color": "#7a1f2b", "person": "1"}
        for form in ("png", "jpeg", "webp", "json", "zip"):
            found[f"swap {form}"] = ask("/v1/try-on", format=form, **color)
        tile = {"tile": (f"{MARK}.jpg", PHOTO, "image/jpeg")}
        found["tile"] = ask("/v1/try-on", tile, person="1", repeat_cm="20")
        picture = json.loads(found["swap json"])["picture"]["href"]
        found["result"] = self.client.get(picture).content
        stage = json.loads(ask("/v1/stages", person="1"))["id"]
        found["drape"] = self.client.post(f"/v1/stages/{stage}/drape", data={"fabric": "denim"}).content
        found["old"] = self.client.post("/api/parse", files={"image": (f"{MARK}.jpg", PHOTO)}).content
        return found

    def trouble(self) -> list[httpx.Response]:
        """Requests that go wrong in ways that could quote what was sent."""
        files = {"photo": (f"{MARK}.jpg", MARK.encode(), f"image/{MARK}")}
        cut = {"photo": (f"{MARK}.jpg", PHOTO[:4000], "image/jpeg")}
        return [
            self.client.get(f"/v1/jobs/{MARK}?{MARK}={MARK}"),
            self.client.get(f"/v1/results/{MARK}"),
            self.client.get(f"/{MARK}"),
            self.client.post("/v1/parse", files=files),
            self.client.post("/v1/parse", files=cut),
            self.client.post("/v1/avatar", files=files, data={"style": "flat"}),
            self.client.post("/v1/parse", content=MARK.encode(), headers={"Content-Type": f"text/{MARK}"}),
            self.client.get("/v1/styles", headers={"Authorization": f"Bearer {MARK}-another-key", "X-API-Key": MARK}),
            self.client.get("/version", headers={"X-Request-ID": MARK}),
        ]


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    if sys.platform == "win32":
        pytest.skip("signals")
    made = Watched(tmp_path_factory.mktemp("watched"))
    try:
        yield made
    finally:
        made.process.kill()
        made.process.wait(10)


@pytest.fixture(scope="module")
def outputs(watched: Watched) -> dict[str, bytes]:
    return watched.work()


def test_nothing_is_written_and_nobody_is_called(watched: Watched, outputs: dict[str, bytes]) -> None:
    assert len(outputs) > 20
    assert watched.seen.read_text() == ""
    left = [str(path.relative_to(folder)) for folder in watched.folders.values() for path in folder.rglob("*")]
    assert not left


def unpacked(data: bytes) -> list[bytes]:
    """An output, and what is in it if it is an archive."""
    if not data.startswith(b"PK"):
        return [data]
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert {info.date_time[0] for info in archive.infolist()} == {1980}
        return [data, *(part for name in archive.namelist() for part in unpacked(archive.read(name)))]


def test_metadata_come_out_of_nothing(outputs: dict[str, bytes]) -> None:
    for name, whole in outputs.items():
        for data in unpacked(whole):
            for trace in (MARK.encode(), b"eXIf", b"Exif\0", b"iCCP", b"ICC_PROFILE"):
                assert trace not in data, f"{trace!r} in {name}"
            if data[:4] in (b"\x89PNG", b"\xff\xd8\xff\xe0", b"RIFF"):
                with Image.open(io.BytesIO(data)) as picture:
                    assert not picture.getexif() and "icc_profile" not in picture.info, name


def test_nothing_is_told(watched: Watched, outputs: dict[str, bytes]) -> None:
    for reply in watched.trouble():
        assert MARK not in reply.text and all(MARK not in value for value in reply.headers.values())
    counters = watched.client.get("/metrics").text
    log = watched.log.read_text()
    lines = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert len(lines) > len(outputs) and "/v1/jobs/{job_id}" in {line["route"] for line in lines}
    allowed = {"time", "id", "method", "route", "status", "ms", "bytes_in", "bytes_out", "pixels", "people", "engine",
               "cache"}  # fmt: skip
    assert set().union(*lines) == allowed
    key = json.loads(outputs["parse json"])["key"]
    stage = re.search(r'"/v1/results/([0-9a-f]+)"', outputs["swap json"].decode())
    assert stage is not None
    for text in (log, counters):
        for secret in (MARK, key, stage[1], "couple", ".jpg", "httpx"):
            assert secret not in text, secret
        # The only address is its own, said at the start.
        assert set(re.findall(r"127\.0\.0\.1\S*", text)) <= {f"127.0.0.1:{watched.client.base_url.port}"}


def test_answers_are_private(watched: Watched, outputs: dict[str, bytes]) -> None:
    for path in ("/v1/parse", "/v1/avatar"):
        reply = watched.client.post(path, files={"photo": PHOTO})
        assert reply.headers["cache-control"] == "private, no-store" and "set-cookie" not in reply.headers
    href = json.loads(outputs["swap json"])["picture"]["href"]
    assert watched.client.get(href).headers["cache-control"] == "private, no-store"


# ---- the page itself ------------------------------------------------------------------------------------------------


def test_every_test_that_the_page_names_exists() -> None:
    named = re.findall(r"`(test_\w+)`", read("PRIVACY.md"))
    known = {name for path in (ROOT / "tests").glob("test_*.py")
             for name in re.findall(r"^def (test_\w+)\(", path.read_text(encoding="utf-8"), re.MULTILINE)}  # fmt: skip
    assert len(named) > 15 and set(named) <= known, set(named) - known


def test_the_times_on_the_page_are_the_defaults() -> None:
    from dressform.api.settings import Settings

    fields = Settings.model_fields
    for name, minutes in (("cache_seconds", 10), ("result_seconds", 15), ("stage_seconds", 10)):
        assert fields[name].default == 60 * minutes
        assert f"`DRESSFORM_{name.upper()}` ({minutes} minutes)" in read("PRIVACY.md")
