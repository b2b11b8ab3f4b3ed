"""The service as a process of its own, on a real socket, with the real engine."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
from api_hostile_files import FACTS, MORE_FACTS, leaks

from dressform.assets import asset_path

PHOTO = asset_path("samples", "couple.jpg").read_bytes()
JPEG = {"Content-Type": "image/jpeg"}
ENDED = (0, 130, -signal.SIGTERM, -signal.SIGINT)  # in good order, and then by the signal that it got
_LINES = re.compile(
    r"dressform serves on http://\S+ \(stop with Ctrl\+C\)|dressform: error: interrupted|Waiting for .*|Shutting down|"
    r"Application (startup|shutdown) complete\.|Uvicorn running on .*|(Started|Finished) server process \[\d+\]|"
    r"Invalid HTTP request received\.|Cancel \d+ running task\(s\), timeout graceful .*"
)


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

    def connect(self, seconds: float = 30) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), seconds)

    def metric(self, name: str) -> float:
        found = re.search(rf"^{name} (\S+)$", self.client.get("/metrics").text, re.MULTILINE)
        assert found, name
        return float(found[1])

    def until(self, name: str, value: float) -> None:
        deadline = time.monotonic() + 30
        while self.metric(name) != value:
            assert time.monotonic() < deadline, f"{name} is {self.metric(name)}"
            time.sleep(0.05)

    def idle(self) -> None:
        """Waits until nothing is worked on, waits or is held."""
        for name in ("dressform_tasks_queued", "dressform_tasks_running", "dressform_held_bytes"):
            self.until(name, 0)

    def files(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/fd").iterdir()))

    def threads(self) -> int:
        return len(list(Path(f"/proc/{self.process.pid}/task").iterdir()))

    def memory(self) -> float:
        return self.metric("process_resident_memory_bytes")

    def rows(self) -> list[dict[str, Any]]:
        """What the log tells of requests. Checks that it tells nothing else."""
        text = self.log.read_text()
        rows = []
        for line in text.splitlines():
            if line.startswith("{"):
                rows.append(json.loads(line))
                assert FACTS <= set(rows[-1]) <= FACTS | MORE_FACTS, line
            else:
                assert _LINES.fullmatch(line), f"in the log: {line!r}"
        assert not leaks(text.encode())
        return rows


@contextmanager
def serving(folder: Path, **settings: object) -> Iterator[Served]:
    """A service; checks that it ends in good order, and that its log is what it should be."""
    made = Served(folder, **{"workers": 1, "rate_limit": "", "max_body": 1 << 20, **settings})
    try:
        yield made
        assert made.stop() in ENDED
        made.rows()
    finally:
        made.client.close()
        made.process.kill()
        made.process.wait(10)


@contextmanager
def steady(served: Served, megabytes: float = 30) -> Iterator[None]:
    """Checks that memory, files and threads are after an attack what they were before."""
    served.idle()
    before, memory, files = served.threads(), served.memory(), served.files()
    yield
    assert served.ready()
    served.idle()
    deadline = time.monotonic() + 10
    while served.files() > files + 2 and time.monotonic() < deadline:
        time.sleep(0.1)
    assert served.files() <= files + 2, "files or connections are left open"
    assert served.threads() <= before + 12  # thread pools of the event loop
    more = (served.memory() - memory) / 1e6
    assert more < megabytes, f"{more:.1f} MB more"


def head(length: int, *more: str, url: str = "/v1/parse") -> bytes:
    lines = (f"POST {url} HTTP/1.1", "Host: 127.0.0.1", "Content-Type: image/jpeg", f"Content-Length: {length}", *more)
    return "\r\n".join((*lines, "", "")).encode()


def received(connection: socket.socket, seconds: float) -> tuple[bytes, bool]:
    """All that comes within some seconds, and whether the other side hung up."""
    data, end = b"", time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0:
        connection.settimeout(left)
        try:
            piece = connection.recv(1 << 16)
        except TimeoutError:
            break
        except ConnectionError:
            return data, True
        if not piece:
            return data, True
        data += piece
    return data, False


def statuses(data: bytes) -> list[int]:
    """Of all replies in a stream."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d\d\d) ", data)]


def answer(connection: socket.socket) -> tuple[int, bytes]:
    """The first reply."""
    data = b""
    while piece := connection.recv(1 << 16):
        data += piece
        front, _, body = data.partition(b"\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", front, re.IGNORECASE)
        if length and len(body) >= int(length[1]):
            break
    return int(data.split(b" ", 2)[1]), data
