"""Load on a running service, beside the library by itself: ``python -m dressform.api.bench``.

Starts ``dressform serve`` on a free port, sends a 1080p photo of a group from 1, 5, 10 and 50 clients at once, and
prints what came back: answers per second, times, refusals, memory. Every request is another photo to the service
(a few bytes after the picture differ), so nothing is answered from what is kept. Clients that are refused wait as
long as they are told, two seconds at most.
"""

from __future__ import annotations

import argparse
import http.client
import io
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count

from PIL import Image

from dressform.assets import asset_path

__all__ = ["Level", "bare", "group_photo", "load", "main"]

_SIZE = (1920, 1080)
_PATIENCE = 2.0  # seconds
_HEADERS = {"Content-Type": "image/jpeg"}
_number = count()


@dataclass
class Level:
    """What some clients saw.

    Attributes:
        clients: At the same time.
        seconds: Of the run.
        times: Seconds of each answer.
        added: Seconds of each answer that were neither work nor queue.
        statuses: How often each came.
        memory: Bytes of the service after the run.
    """

    clients: int
    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    added: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)
    memory: float = 0.0

    def row(self) -> str:
        """A line of the table."""
        good = len(self.times)
        cuts = statistics.quantiles(self.times, n=100) if good > 1 else [0.0] * 99
        others = sum(n for status, n in self.statuses.items() if status not in ("200", "503"))
        return (
            f"{self.clients:>7} {good / max(self.seconds, 1e-9):>9.2f} {cuts[49]:>7.2f} {cuts[94]:>7.2f} "
            f"{cuts[98]:>7.2f} {good:>6} {self.statuses['503']:>6} {others:>6} "
            f"{1000 * statistics.median(self.added or [0.0]):>9.1f} {self.memory / (1 << 20):>8.0f}"
        )


def group_photo() -> bytes:
    """A 1080p JPEG of four people."""
    with Image.open(asset_path("samples", "family.jpg")) as picture:
        rgb = picture.convert("RGB")
    height = round(rgb.width * _SIZE[1] / _SIZE[0])
    rgb = rgb.crop((0, rgb.height - height, rgb.width, rgb.height)).resize(_SIZE, Image.Resampling.LANCZOS)
    stream = io.BytesIO()
    rgb.save(stream, "JPEG", quality=90)
    return stream.getvalue()


def bare(photo: bytes, seconds: float, workers: int) -> tuple[float, float]:
    """Answers per second of as many threads as the service has, and the median time of one, without any service."""
    from dressform.api.jobs.work_parse import document, dump
    from dressform.parsing import load_parser

    parser = load_parser()
    options = {"masks": "rle", "landmarks": False}

    def one() -> float:
        began = time.perf_counter()
        dump(document(parser.parse(photo), "", options))
        return time.perf_counter() - began

    one()
    end = time.perf_counter() + seconds / 2
    alone = [one()]
    while time.perf_counter() < end:
        alone.append(one())

    def many() -> int:
        done = 0
        while time.perf_counter() < end:
            one()
            done += 1
        return done

    began, end = time.perf_counter(), time.perf_counter() + seconds
    with ThreadPoolExecutor(workers) as pool:
        done = sum(pool.map(lambda _: many(), range(workers)))
    return done / (time.perf_counter() - began), statistics.median(alone)


@contextmanager
def served(workers: int | None) -> Iterator[int]:
    """A service on a free port, as a process of its own."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    command = [sys.executable, "-m", "dressform.api.cli", "serve", "--port", str(port), "--rate-limit", "none", "-q"]
    command += [] if workers is None else ["--workers", str(workers)]
    process = subprocess.Popen(command, env=dict(os.environ), stderr=subprocess.DEVNULL)
    try:
        end = time.monotonic() + 60
        while not _ready(port):
            if process.poll() is not None or time.monotonic() > end:
                raise RuntimeError("the service does not start")
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(60)


def load(port: int, photo: bytes, clients: int, seconds: float) -> Level:
    """Some clients that ask again and again for a while."""
    level, lock = Level(clients), threading.Lock()
    began = time.perf_counter()

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
        while time.perf_counter() < began + seconds:
            status, spent, added, wait = _ask(connection, photo)
            with lock:
                level.statuses[status] += 1
                if status == "200":
                    level.times.append(spent)
                    level.added.append(added)
            time.sleep(min(wait, _PATIENCE))
        connection.close()

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    level.seconds = time.perf_counter() - began
    level.memory = _memory(port)
    return level


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60, help="of each level")
    parser.add_argument("--clients", default="1,5,10,50", help="levels, with commas")
    parser.add_argument("--workers", type=int, help="threads of the service")
    parser.add_argument("--soak", type=int, default=0, help="then so many requests, to see whether memory stays")
    given = parser.parse_args(arguments)
    from dressform.api.settings import Settings

    workers = given.workers or Settings().workers
    photo = group_photo()
    rate, alone = bare(photo, min(given.seconds, 20), workers)
    print(f"library by itself: {rate:.2f} per second on {workers} threads, {alone:.2f} s one at a time", flush=True)
    print("clients  answers/s    p50 s    p95     p99   good    503  other  added ms  RSS MiB")
    with served(given.workers) as port:
        for _ in range(3):
            _ask(http.client.HTTPConnection("127.0.0.1", port, timeout=120), photo)
        for clients in map(int, given.clients.split(",")):
            print(load(port, photo, clients, given.seconds).row(), flush=True)
        if given.soak:
            _soak(port, given.soak)
    return 0


def _soak(port: int, requests: int) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    photo = asset_path("samples", "couple.jpg").read_bytes()
    for k in range(1, requests + 1):
        _ask(connection, photo)
        if k % max(1, requests // 10) == 0:
            print(f"after {k:>6} requests: {_memory(port) / (1 << 20):.0f} MiB", flush=True)


def _ask(connection: http.client.HTTPConnection, photo: bytes) -> tuple[str, float, float, float]:
    """Status, seconds, seconds that were neither work nor queue, and seconds to wait."""
    began = time.perf_counter()
    try:
        connection.request("POST", "/v1/parse", photo + str(next(_number)).encode(), _HEADERS)
        reply = connection.getresponse()
        body = reply.read()
    except (OSError, http.client.HTTPException) as error:
        connection.close()
        return type(error).__name__, 0.0, 0.0, 0.1
    spent = time.perf_counter() - began
    if reply.status == 200:
        json.loads(body)
        inside = sum(float(ms) for ms in re.findall(r"dur=([\d.]+)", reply.getheader("Server-Timing", ""))) / 1000
        return "200", spent, spent - inside, 0.0
    return str(reply.status), spent, 0.0, float(reply.getheader("Retry-After", "0"))


def _ready(port: int) -> bool:
    try:
        return _get(port, "/health/ready")[0] == 200
    except OSError:
        return False


def _memory(port: int) -> float:
    found = re.search(rb"^process_resident_memory_bytes (\S+)$", _get(port, "/metrics")[1], re.MULTILINE)
    return float(found[1]) if found else 0.0


def _get(port: int, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request("GET", path)
        reply = connection.getresponse()
        return reply.status, reply.read()
    finally:
        connection.close()


if __name__ == "__main__":
    sys.exit(main())
