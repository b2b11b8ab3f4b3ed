"""Callers who take their time, come in crowds, never listen, or leave in the middle."""

from __future__ import annotations

import json
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from api_client import jpeg
from api_served import JPEG, PHOTO, Served, answer, head, received, serving, statuses, steady

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")
HOST = b"Host: 127.0.0.1\r\n"
LIVE = b"GET /health/live HTTP/1.1\r\n" + HOST + b"\r\n"
HEAD, BODY, MOST = 1.5, 2.0, 40


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    limits = {"header_seconds": HEAD, "body_seconds": BODY, "max_connections": MOST, "cache_bytes": 8_000_000}
    with serving(tmp_path_factory.mktemp("slow"), **limits) as made:
        assert made.client.post("/v1/parse", content=PHOTO, headers=JPEG).status_code == 200
        yield made


def dripped(connection: socket.socket, data: bytes, wait: float = 0.1, most: float = 12) -> tuple[bytes, float]:
    """Sends byte by byte until the other side ends it; returns what came back, and after how many seconds."""
    began, connection_open = time.monotonic(), True
    told = b""
    for k in range(int(most / wait)):
        try:
            connection.sendall(data[k : k + 1] or b"x")
        except ConnectionError:
            connection_open = False
        piece, closed = received(connection, wait)
        told += piece
        if closed or not connection_open:
            return told, time.monotonic() - began
    pytest.fail(f"still open after {most} seconds")


SLOW_HEAD = b"GET /version HTTP/1.1\r\n" + HOST + b"X-Slow: " + b"y" * 500
DRIPS = {
    "nothing at all": (b"", b"", HEAD, []),
    "a head": (b"", SLOW_HEAD, HEAD, []),
    "a second head": (LIVE, SLOW_HEAD, HEAD, [200]),
    "empty lines": (LIVE, b"\r\n" * 100, HEAD, [200, 400]),
    "a body": (head(10_000) + b"\xff\xd8\xff", b"x" * 500, BODY, [408]),
    "chunks": (
        b"POST /v1/parse HTTP/1.1\r\n" + HOST + b"Content-Type: image/jpeg\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"1\r\nx\r\n" * 100, BODY, [408],
    ),
    "a form": (
        b"POST /v1/avatar HTTP/1.1\r\n" + HOST + b"Content-Type: multipart/form-data; boundary=e\r\n"
        b"Content-Length: 9000\r\n\r\n--e\r\n", b"Content-Disposition: form-data; name=" + b"x" * 200, BODY, [408],
    ),
    "a body that nobody wants": (head(10_000, url="/nowhere"), b"x" * 500, HEAD, [404]),
    "a body after the wait": (head(10_000) + b"x", b"x" * 500, BODY + HEAD, [408]),
    "a promise": (head(10_000, "Expect: 100-continue"), b"", BODY, [100, 408]),
}  # fmt: skip


def test_slow_callers(served: Served) -> None:
    """All at once: each is told or hung up on in its time, and others are answered meanwhile."""
    results: dict[str, tuple[bytes, float]] = {}

    def attack(name: str) -> None:
        first, data, _, _ = DRIPS[name]
        with served.connect() as connection:
            connection.sendall(first)
            if data:
                results[name] = dripped(connection, data)
            else:
                began = time.monotonic()
                told, closed = received(connection, 12)
                assert closed, name
                results[name] = told, time.monotonic() - began

    with steady(served):
        threads = [threading.Thread(target=attack, args=(name,)) for name in DRIPS]
        for thread in threads:
            thread.start()
        began = time.monotonic()
        assert served.client.get("/version").status_code == 200 and time.monotonic() - began < 2
        for thread in threads:
            thread.join(30)
    assert set(results) == set(DRIPS)
    for name, (_, _, limit, expected) in DRIPS.items():
        told, seconds = results[name]
        assert statuses(told) == expected, (name, told[:200])
        # A connection with a rest that nobody reads is kept a little longer than the reply.
        assert seconds < limit + HEAD + 5, (name, seconds)


def test_a_body_that_is_said_to_be_too_large_is_not_even_read(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(head(10**9, "Expect: 100-continue"))
        status, data = answer(connection)
        assert status == 413 and b"100 Continue" not in data


def test_a_crowd_that_says_nothing(served: Served) -> None:
    """Idle connections never keep anybody out, however many there are, and they do not stay."""
    with steady(served), ExitStack() as crowd:
        idle = [crowd.enter_context(served.connect()) for _ in range(3 * MOST)]
        for connection in idle[::2]:
            connection.sendall(b"GET / HT")
        began = time.monotonic()
        with served.connect() as connection:
            connection.sendall(LIVE)
            assert answer(connection)[0] == 200
        assert time.monotonic() - began < 2
        assert served.files() < MOST + 40
        deadline = time.monotonic() + HEAD + 8
        while time.monotonic() < deadline and any(not received(one, 0.05)[1] for one in idle):
            time.sleep(0.1)
        assert all(received(one, 0.05)[1] for one in idle), "somebody is still connected"


def test_a_crowd_that_is_busy(served: Served) -> None:
    """Where all are being answered, one more is told to come again."""
    with steady(served), ExitStack() as crowd:
        for _ in range(MOST):
            crowd.enter_context(served.connect()).sendall(head(10_000) + b"\xff\xd8\xff")
        time.sleep(0.5)
        with served.connect() as connection:
            connection.sendall(LIVE)
            status, data = answer(connection)
            assert received(connection, 2)[1], "it is not kept"
        assert status == 503 and b"retry-after:" in data.lower()
        assert json.loads(data.partition(b"\r\n\r\n")[2])["code"] == "queue-full"
    deadline = time.monotonic() + 10
    while not served.ready():
        assert time.monotonic() < deadline


def test_callers_who_never_listen(served: Served) -> None:
    """Replies that nobody takes are not kept for ever."""
    with steady(served), ExitStack() as crowd:
        deaf, files = [], served.files()
        for _ in range(5):
            connection = socket.socket()
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.connect(("127.0.0.1", served.port))
            deaf.append(crowd.enter_context(connection))
            connection.sendall((b"GET /v1/samples/family HTTP/1.1\r\n" + HOST + b"\r\n") * 100)
        time.sleep(0.5)
        assert served.files() >= files + 5
        deadline = time.monotonic() + BODY + 8
        while served.files() > files + 1 and time.monotonic() < deadline:
            time.sleep(0.2)
        assert served.files() <= files + 1, "they are still being sent to"
        for connection in deaf:
            data, closed = received(connection, 5)
            assert closed and 0 < len(statuses(data)) < 100


def test_a_caller_who_listens_slowly(served: Served) -> None:
    """Slow is not deaf: whoever takes some of it gets all of it."""
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect(("127.0.0.1", served.port))
        connection.settimeout(10)
        request = b"GET /v1/samples/family HTTP/1.1\r\n" + HOST
        connection.sendall((request + b"\r\n") * 29 + request + b"Connection: close\r\n\r\n")
        began, data = time.monotonic(), b""
        while piece := connection.recv(1 << 15):
            data += piece
            if time.monotonic() - began < 1.6 * BODY:
                time.sleep(0.05)
    assert statuses(data).count(200) == 30


def test_uploads_that_are_broken_off(served: Served) -> None:
    form = b"POST /v1/avatar HTTP/1.1\r\n" + HOST + b"Content-Type: multipart/form-data; boundary=e\r\n"
    with steady(served):
        for size in (0, 10, 1000, len(PHOTO) // 2, len(PHOTO) - 1):
            for front in (head(len(PHOTO)), form + b"Content-Length: 900000\r\n\r\n--e\r\n"):
                with served.connect() as connection:
                    connection.sendall(front + PHOTO[:size])
                with served.connect() as connection:
                    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # ends in a reset
                    connection.sendall(front + PHOTO[:size])
        served.idle()


def test_callers_who_hang_up_while_they_wait(served: Served) -> None:
    """Their work is dropped from the queue, and given up where it has begun; the service goes on."""
    with steady(served):
        for k in range(12):
            photo = jpeg(1, quality=40 + k) if k % 3 else PHOTO + bytes([k])
            with served.connect() as connection:
                connection.sendall(head(len(photo)) + photo)
                if k % 3 == 0:
                    served.until("dressform_tasks_running", 1)
        served.idle()
        assert served.client.post("/v1/parse", content=PHOTO, headers=JPEG).status_code == 200
    assert {row["status"] for row in served.rows() if row["route"] == "/v1/parse"} >= {200, 409}


def test_jobs_whose_watchers_leave(served: Served) -> None:
    """Who listens to events may go; who deletes a job while it runs ends it."""
    with steady(served):
        for k in range(6):
            photo = PHOTO + b"watched" + bytes([k])
            job = served.client.post("/v1/parse", content=photo, headers={**JPEG, "Prefer": "respond-async"})
            where = job.headers["location"]
            with ExitStack() as watchers:
                for _ in range(5):
                    watcher = watchers.enter_context(served.connect())
                    watcher.sendall(f"GET {where}/events HTTP/1.1\r\n".encode() + HOST + b"\r\n")
                    assert b"event: status" in watcher.recv(4096) + watcher.recv(4096)
            if k % 2:
                assert served.client.delete(where).status_code == 204
                assert served.client.get(where).status_code == 404
        served.idle()


def test_memory_and_threads_stay(served: Served) -> None:
    small = jpeg(1)
    for _ in range(5):
        served.client.post("/v1/parse", content=small, headers=JPEG)
    with steady(served, megabytes=15):
        for k in range(150):
            kind = k % 3
            if kind == 0:
                served.client.post("/v1/parse", content=small, headers=JPEG)
            elif kind == 1:
                served.client.post("/v1/parse", files={"photo": small[: 40 * k]})
            else:
                served.client.get(f"/v1/jobs/{k}")
