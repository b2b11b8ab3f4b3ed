"""The service without a network: its application on an event loop of its own, asked from the test's thread."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import AsyncExitStack
from threading import Event, Thread
from typing import Any

import httpx
import numpy as np
from PIL import Image
from tryon_people import FakeParser, pixels

from dressform.api.app import create_app
from dressform.api.jobs.local import LocalEngine
from dressform.api.jobs.shelf import Shelf
from dressform.api.jobs.work import worker
from dressform.api.service import Service
from dressform.api.settings import Settings

BASE = "http://127.0.0.1:8000"


def jpeg(people: int = 1, **options: Any) -> bytes:
    """A photo of painted people; none: a black one."""
    return encoded("JPEG", pixels(max(1, people)) * (people > 0), **options)


def encoded(form: str, array: np.ndarray | None = None, **options: Any) -> bytes:
    stream = io.BytesIO()
    array = pixels(1) if array is None else array
    Image.fromarray(np.asarray(array, np.uint8)).save(stream, form, **options)
    return stream.getvalue()


def opened(data: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(data))
    picture.load()
    return picture


def until(check: Callable[[], Any]) -> None:
    """Wait for something to become true, ten seconds at most."""
    deadline = time.monotonic() + 10
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class GatedParser(FakeParser):
    """Waits until it is let through; ``began`` tells that it is waiting."""

    def __init__(self) -> None:
        super().__init__()
        self.gate, self.began = Event(), Event()
        self.gate.set()

    def close(self) -> None:
        self.gate.clear()
        self.began.clear()

    def parse(self, source: Any) -> Any:
        self.began.set()
        assert self.gate.wait(30)
        return super().parse(source)


class Api:
    """A context; requests are answered as a server would, several at a time by :meth:`send`."""

    def __init__(self, parser: Any = None, **settings: Any) -> None:
        self.parser = parser or GatedParser()
        # Whatever the environment says, tests decide.
        self.settings = Settings(**{"workers": 1, "rate_limit": "", "grace": 5, "log_format": "none", **settings})
        self.loop = asyncio.new_event_loop()
        self.shelf = Shelf(self.settings, lambda _: self.parser)
        self.shelf.warm = lambda: None  # type: ignore[method-assign]
        self.engine = LocalEngine(
            worker(self.shelf), workers=self.settings.workers, queue_size=self.settings.queue_size
        )
        self.service = Service(self.settings, self.engine, self.shelf)
        self.app = create_app(self.settings, self.service)
        self._stack = AsyncExitStack()

    def __enter__(self) -> Api:
        self._thread = Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()
        self.run(self._open())
        deadline = time.monotonic() + 20
        while not self.service.ready:
            assert time.monotonic() < deadline
            time.sleep(0.005)
        self.parser.asked = 0
        return self

    def __exit__(self, *_: object) -> None:
        if isinstance(self.parser, GatedParser):
            self.parser.gate.set()
        self.run(self._stack.aclose())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(5)
        self.loop.close()

    async def _open(self) -> None:
        await self._stack.enter_async_context(self.app.router.lifespan_context(self.app))
        transport = httpx.ASGITransport(app=self.app)
        client = httpx.AsyncClient(transport=transport, base_url=BASE, timeout=60)
        self.client = await self._stack.enter_async_context(client)

    def run(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def send(self, method: str, url: str, **options: Any) -> Future[httpx.Response]:
        return asyncio.run_coroutine_threadsafe(self.client.request(method, url, **options), self.loop)

    def get(self, url: str, **options: Any) -> httpx.Response:
        return self.send("GET", url, **options).result(60)

    def post(self, url: str, **options: Any) -> httpx.Response:
        return self.send("POST", url, **options).result(60)

    def delete(self, url: str, **options: Any) -> httpx.Response:
        return self.send("DELETE", url, **options).result(60)

    def key(self, photo: bytes) -> str:
        """Of a photo that is kept from now on."""
        return str(self.post("/v1/parse", files={"photo": photo}).json()["key"])

    def idle(self) -> bool:
        """Waits until nothing is worked on and no upload is held."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            load = self.engine.load()
            if not load.queued and not load.running and not self.service.budget.held:
                return True
            time.sleep(0.01)
        return False


def is_problem(response: httpx.Response, code: str, status: int | None = None) -> dict[str, Any]:
    """Checks that a reply is the problem of this code; returns its document."""
    document: dict[str, Any] = response.json()
    assert document["code"] == code, document
    assert response.headers["content-type"] == "application/problem+json"
    assert response.status_code == document["status"] == (status or document["status"])
    assert document["type"] == f"urn:dressform:problem:{code}"
    assert document["instance"] == f"urn:uuid:{response.headers['x-request-id']}"
    return document
