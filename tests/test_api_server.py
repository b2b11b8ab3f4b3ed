"""The service as a process that is stopped: by one signal or two, with work, uploads, listeners and sleepers on it."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest
from api_served import ENDED, JPEG, PHOTO, Served, answer, head, received, serving, statuses

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")
HOST = b"Host: 127.0.0.1\r\n"


def test_it_works_and_ends(tmp_path: Path) -> None:
    with serving(tmp_path) as served:
        reply = served.client.post("/v1/parse", files={"photo": PHOTO})
        assert reply.status_code == 200 and len(reply.json()["people"]) == 2
        assert "server" not in reply.headers
        assert served.client.get("/").status_code == 200
        command = [sys.executable, "-m", "dressform.api.cli", "serve", "--port", str(served.port)]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
        assert run.returncode != 0 and "Traceback" not in run.stderr and served.ready()  # the port is taken
        began = time.monotonic()
        assert served.stop() in ENDED and time.monotonic() - began < 5
        with pytest.raises(httpx.TransportError):
            served.client.get("/version")


class Load:
    """A dozen callers who want work at the same time."""

    def __init__(self, served: Served, count: int = 12) -> None:
        self.served, self.replies = served, list[tuple[int, str]]()
        self._callers = [threading.Thread(target=self._ask, args=(k,)) for k in range(count)]
        for caller in self._callers:
            caller.start()

    def _ask(self, k: int) -> None:
        photo = PHOTO + bytes([k])  # what follows a JPEG is not read, but it is another photo
        with httpx.Client(base_url=f"http://127.0.0.1:{self.served.port}", timeout=60) as client:
            reply = client.post("/v1/parse", content=photo, headers=JPEG)
            self.replies.append((reply.status_code, reply.json().get("code", "")))

    def ended(self) -> list[tuple[int, str]]:
        for caller in self._callers:
            caller.join(20)
        return self.replies


@pytest.mark.parametrize(("sig", "grace"), [(signal.SIGTERM, 2), (signal.SIGINT, 0.3)])
def test_stopping_under_load(tmp_path: Path, sig: signal.Signals, grace: float) -> None:
    """What runs is finished, what cannot be is told so; every caller gets an answer, and the process ends."""
    with serving(tmp_path, grace=grace, queue_size=16) as served:
        load = Load(served)
        deadline = time.monotonic() + 20
        # All have come in: whom the system has not handed over yet when the service stops listening, it turns away.
        while sum(served.metric(f"dressform_tasks_{name}") for name in ("running", "queued")) + len(load.replies) < 12:
            assert time.monotonic() < deadline
        began = time.monotonic()
        served.process.send_signal(sig)
        assert served.process.wait(60) in ENDED
        assert time.monotonic() - began < 12
        replies = load.ended()
        assert len(replies) == 12 and (grace < 1 or (200, "") in replies), replies
        assert {code for _, code in replies} <= {"", "shutting-down"}
        assert {status for status, _ in replies} <= {200, 503}
        assert sum(row["route"] == "/v1/parse" for row in served.rows()) == 12


def test_an_impatient_end(tmp_path: Path) -> None:
    """A second Ctrl+C waits for nothing more, and still leaves no traceback."""
    with serving(tmp_path, grace=30) as served, served.connect() as connection:
        connection.sendall(head(len(PHOTO)) + PHOTO[:1000])
        time.sleep(0.2)
        served.process.send_signal(signal.SIGINT)
        time.sleep(0.5)
        assert served.process.poll() is None, "the upload has its time"
        served.process.send_signal(signal.SIGINT)
        began = time.monotonic()
        assert served.process.wait(60) in ENDED
        assert time.monotonic() - began < 5


def test_stopping_with_all_kinds_of_callers(tmp_path: Path) -> None:
    """Half of an upload, half of a head, sleepers, listeners and a reply that nobody takes hold nothing up."""
    with serving(tmp_path, grace=2, body_seconds=60, header_seconds=60) as served, ExitStack() as callers:
        job = served.client.post("/v1/parse", content=PHOTO, headers={**JPEG, "Prefer": "respond-async"})
        half, slow, sleeper, deaf, listener = (callers.enter_context(served.connect()) for _ in range(5))
        half.sendall(head(len(PHOTO)) + PHOTO[:1000])
        slow.sendall(b"GET /ver")
        deaf.sendall((b"GET /v1/samples/family HTTP/1.1\r\n" + HOST + b"\r\n") * 100)
        listener.sendall(f"GET {job.headers['location']}/events HTTP/1.1\r\n".encode() + HOST + b"\r\n")
        sleeper.sendall(b"GET /health/live HTTP/1.1\r\n" + HOST + b"\r\n")
        assert answer(sleeper)[0] == 200
        time.sleep(0.3)
        began = time.monotonic()
        served.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        served.process.send_signal(signal.SIGTERM)  # once more, which changes nothing
        told, closed = received(listener, 20)
        assert closed and statuses(told) == [200]
        assert served.process.wait(60) in ENDED
        assert time.monotonic() - began < 14, "grace, and some seconds for replies"
        for caller, expected in ((half, [503]), (slow, []), (sleeper, [])):
            data, closed = received(caller, 2)
            assert closed and statuses(data) == expected
        assert sorted(row["status"] for row in served.rows() if row["route"] == "/v1/parse") == [202, 503]


def test_stopping_before_it_is_ready(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "dressform.api.cli", "serve", "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=tmp_path)
    assert process.stderr is not None
    try:
        for line in process.stderr:
            if "dressform serves on" in line:  # and the engine is being loaded
                break
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) in ENDED
        assert "Traceback" not in process.stderr.read()
    finally:
        process.kill()
        process.wait(10)
        process.stderr.close()


def test_bad_settings_are_one_line(tmp_path: Path) -> None:
    for arguments, words in (
        (["--engine", "nothing"], "unknown engine"),
        (["--rate-limit", "often"], "DRESSFORM_RATE_LIMIT"),
    ):
        command = [sys.executable, "-m", "dressform.api.cli", "serve", *arguments]
        run = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=tmp_path)
        assert run.returncode == 2 and words in run.stderr and run.stderr.count("\n") == 1
