"""The service as a process: signals, slow and broken uploads, callers that hang up. The real engine, a real socket."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from api_client import jpeg

from dressform.assets import asset_path

PHOTO = asset_path("samples", "couple.jpg").read_bytes()
JPEG = {"Content-Type": "image/jpeg"}
ENDED = (0, -signal.SIGTERM)  # uvicorn ends in good order and then by the signal that it got
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")


class Served:
    """A running ``dressform serve``."""

    def __init__(self, folder: Path, **settings: object) -> None:
        values = {name: value for name, value in os.environ.items() if not name.startswith("DRESSFORM_")}
        values |= {f"DRESSFORM_{name.upper()}": str(value) for name, value in settings.items()}
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.log = folder / "serve.log"
        command = [sys.executable, "-m", "dressform.api.cli", "serve", "--port", str(self.port)]
        with self.log.open("wb") as file:
            self.process = subprocess.Popen(command, env=values, stderr=file, stdout=file, cwd=folder)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=60)
        deadline = time.monotonic() + 60
        while not self.ready():
            assert self.process.poll() is None and time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)

    def ready(self) -> bool:
        try:
            return self.client.get("/health/ready").status_code == 200
        except httpx.TransportError:
            return False

    def stop(self, sig: int = signal.SIGTERM) -> int:
        if self.process.poll() is None:
            self.process.send_signal(sig)
        return self.process.wait(60)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), 30)

    def metric(self, name: str) -> float:
        found = re.search(rf"^{name} (\S+)$", self.client.get("/metrics").text, re.MULTILINE)
        assert found, name
        return float(found[1])

    def until(self, name: str, value: float) -> None:
        deadline = time.monotonic() + 30
        while self.metric(name) != value:
            assert time.monotonic() < deadline, f"{name} is {self.metric(name)}"
            time.sleep(0.05)

    def files(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    made = Served(tmp_path_factory.mktemp("served"), body_seconds=2, workers=1, rate_limit="", max_body=1 << 20)
    try:
        yield made
        assert made.stop() in ENDED
        assert "Traceback" not in made.log.read_text()
    finally:
        made.process.kill()
        made.process.wait(10)


def head(length: int, *more: str) -> bytes:
    lines = (
        "POST /v1/parse HTTP/1.1",
        "Host: 127.0.0.1",
        "Content-Type: image/jpeg",
        f"Content-Length: {length}",
        *more,
    )
    return "\r\n".join((*lines, "", "")).encode()


def answer(connection: socket.socket) -> tuple[int, bytes]:
    data = b""
    while piece := connection.recv(1 << 16):
        data += piece
        front, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", front, re.IGNORECASE)
        if length and len(body) >= int(length[1]):
            break
    return int(data.split(b" ", 2)[1]), data


def test_it_works(served: Served) -> None:
    reply = served.client.post("/v1/parse", files={"photo": PHOTO})
    assert reply.status_code == 200 and len(reply.json()["people"]) == 2
    assert "server" not in reply.headers
    assert served.client.get("/").status_code in (200, 404)


def test_a_slow_body(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(head(10_000) + b"\xff\xd8\xff")
        began = time.monotonic()
        status, _ = answer(connection)
        assert status == 408 and time.monotonic() - began < 6


def test_a_body_that_is_said_to_be_too_large_is_not_even_read(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(head(10**9, "Expect: 100-continue"))
        status, data = answer(connection)
        assert status == 413 and b"100 Continue" not in data


@pytest.mark.parametrize(
    "junk",
    [
        b"\x00" * 100,
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"a" * 2_000_000 + b"\r\n\r\n",
        b"POST /v1/parse HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /v1/parse HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -5\r\n\r\n",
        b"GET /version HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil\r\n\r\n",
        b"GET /version HTTP/1.1\r\n\r\n",
    ],
)
def test_broken_requests(served: Served, junk: bytes) -> None:
    with served.connect() as connection:
        connection.settimeout(10)
        try:
            connection.sendall(junk)
            status, _ = answer(connection)
        except (ConnectionError, IndexError, TimeoutError):
            status = 400  # hung up
        assert 400 <= status < 500
    assert served.ready()


def test_uploads_that_are_broken_off(served: Served) -> None:
    files = served.files()
    for size in (10, 1000, len(PHOTO) // 2):
        for _ in range(5):
            with served.connect() as connection:
                connection.sendall(head(len(PHOTO)) + PHOTO[:size])
    served.until("dressform_held_bytes", 0)
    assert served.files() <= files + 2


def test_callers_who_hang_up_while_they_wait(served: Served) -> None:
    """Their work is dropped from the queue; the service goes on."""
    for k in range(12):
        photo = jpeg(1, quality=40 + k)
        with served.connect() as connection:
            connection.sendall(head(len(photo)) + photo)
    served.until("dressform_tasks_queued", 0)
    served.until("dressform_tasks_running", 0)
    served.until("dressform_held_bytes", 0)
    assert served.client.post("/v1/parse", content=PHOTO, headers=JPEG).status_code == 200


def test_memory_and_threads_stay(served: Served) -> None:
    def threads() -> int:
        return len(list(Path(f"/proc/{served.process.pid}/task").iterdir()))

    small = jpeg(1)
    for _ in range(20):
        served.client.post("/v1/parse", content=small, headers=JPEG)
    before, memory, files = threads(), served.metric("process_resident_memory_bytes"), served.files()
    for k in range(150):
        kind = k % 3
        if kind == 0:
            served.client.post("/v1/parse", content=small, headers=JPEG)
        elif kind == 1:
            served.client.post("/v1/parse", files={"photo": small[: 40 * k]})
        else:
            served.client.get(f"/v1/jobs/{k}")
    assert threads() <= before + 4 and served.files() <= files + 2
    assert served.metric("process_resident_memory_bytes") < memory + 30e6


def test_stopping_under_load(tmp_path: Path) -> None:
    """What runs is finished, what cannot be is told so; every caller gets an answer, and the process ends."""
    served = Served(tmp_path, grace=3, workers=1, queue_size=16, rate_limit="")
    replies: list[tuple[int, str]] = []

    def ask(k: int) -> None:
        photo = PHOTO + bytes([k])  # what follows a JPEG is not read, but it is another photo
        with httpx.Client(base_url=f"http://127.0.0.1:{served.port}", timeout=60) as client:
            reply = client.post("/v1/parse", content=photo, headers=JPEG)
            replies.append((reply.status_code, reply.json().get("code", "")))

    callers = [threading.Thread(target=ask, args=(k,)) for k in range(12)]
    try:
        for caller in callers:
            caller.start()
        time.sleep(0.8)
        began = time.monotonic()
        assert served.stop() in ENDED
        assert time.monotonic() - began < 12
        for caller in callers:
            caller.join(20)
    finally:
        served.process.kill()
        served.process.wait(10)
    assert len(replies) == 12 and replies.count((200, "")) >= 1, replies
    assert {code for _, code in replies} <= {"", "shutting-down"}
    log = served.log.read_text()
    assert "Traceback" not in log
    rows = [json.loads(line) for line in log.splitlines() if line.startswith("{")]
    assert sum(row["route"] == "/v1/parse" for row in rows) == 12


def test_bad_settings_are_one_line(tmp_path: Path) -> None:
    for arguments, words in (
        (["--engine", "nothing"], "unknown engine"),
        (["--rate-limit", "often"], "DRESSFORM_RATE_LIMIT"),
    ):
        command = [sys.executable, "-m", "dressform.api.cli", "serve", *arguments]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
        assert run.returncode == 2 and words in run.stderr and run.stderr.count("\n") == 1
