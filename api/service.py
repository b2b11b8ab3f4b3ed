"""Everything that one running service holds, made once and handed to its routes."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from starlette.requests import Request

from dressform.api.cache import Cache, keyed_digest
from dressform.api.clients import Guard, Rates, client_address
from dressform.api.jobs.desk import Desk
from dressform.api.jobs.engine import Engine
from dressform.api.jobs.shelf import Shelf
from dressform.api.jobs.task import Task
from dressform.api.metrics import Meter
from dressform.api.problems import Problem, from_error
from dressform.api.settings import Settings
from dressform.api.uploads import Budget
from dressform.parsing import DressformError
from dressform.parsing.engines.registry import engine_info

__all__ = ["Caller", "Service", "service_of"]

_FETCHERS = 8  # photos fetched at the same time
_LOG = logging.getLogger("dressform.api")


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        owner: Name of the key, or "" where everybody may call.
        scope: Whose requests count together: for rates, and for sharing runs and results.
    """

    owner: str
    scope: str


class Service:
    """Settings and all that lives as long as the service.

    Args:
        settings: Of the service.
        engine: Does the work.
        shelf: What the engine keeps in this process.

    Attributes:
        ready: Whether the engine is loaded.
        on_ready: Called when it is.
        trouble: Why it cannot be loaded, or None.
    """

    def __init__(self, settings: Settings, engine: Engine, shelf: Shelf) -> None:
        self.settings, self.engine, self.shelf = settings, engine, shelf
        self.budget = Budget(settings.max_held)
        self.meter = Meter()
        self.guard = Guard(settings)
        # Fetching waits for others, perhaps long: not where the event loop has its own small things done.
        self.fetchers = ThreadPoolExecutor(_FETCHERS, "dressform-fetch") if settings.allow_urls else None
        self.rates = Rates(settings)
        share = max(2 * settings.cache_bytes // 5, 64 << 20)  # jobs need some whatever is kept otherwise
        self.desk = Desk(engine, settings, Cache(share, settings.cache_seconds), self._photos_kept)
        self.ready = False
        self.on_ready: Callable[[], None] = _nothing
        self.trouble: Problem | None = None
        self._secret = settings.secret.encode() or secrets.token_bytes(32)
        self._identity = _identity(settings)
        self.meter.watch(engine.load, lambda: self.budget.held, self._held)

    def caller(self, request: Request) -> Caller:
        """Who asks; raises Problem "unauthorized"."""
        owner = self.guard.owner(request)
        return Caller(owner, owner or f"ip:{client_address(request)}")

    def photo_key(self, caller: Caller, photo: bytes) -> str:
        """The name of a photo, which only those who sent it can know."""
        return keyed_digest(self._own(caller), "photo", self._identity, (photo,))

    def task(
        self,
        caller: Caller,
        kind: str,
        options: Mapping[str, Any],
        inputs: Mapping[str, bytes],
        photo_key: str = "",
        *,
        bulk: bool = False,
    ) -> Task:
        """A task with the digest of all that decides its result."""
        told = {"options": dict(options), "names": sorted(inputs), "photo": photo_key, **self._identity}
        data = [inputs[name] for name in sorted(inputs) if name != "photo"]  # the photo is in its key
        key = keyed_digest(self._own(caller), kind, told, data)
        return Task(kind, options, inputs, key, photo_key, caller.owner, bulk)

    def check_ready(self) -> None:
        """Raise Problem if the engine is not loaded."""
        if not self.ready:
            if self.trouble is not None:
                raise self.trouble.fresh()
            raise Problem("not-ready", "the engine is being loaded", retry_after=2)

    async def warm(self) -> None:
        """Load the engine, aside from the event loop."""
        try:
            await asyncio.to_thread(self.shelf.warm)
            self.on_ready()
            self.ready = True
        except DressformError as error:
            self.trouble = from_error(error).fresh()
            _LOG.error("the engine cannot run: %s", error)
        except Exception as error:  # such as what the runtime raises for weights it does not understand
            from_error(error)  # for the log
            self.trouble = Problem("engine-unavailable", "the engine cannot be loaded; the service's log says where")

    async def sweep(self) -> None:
        """Forget what is over its time, again and again."""
        while True:
            await asyncio.sleep(1)
            try:
                self.desk.sweep()
                self.shelf.sweep()
            except Exception as error:  # one mistake must not keep everything for ever
                from_error(error)

    def _photos_kept(self, task: Task) -> bool:
        """Whether the photos are kept that a parse names by their keys: a kept answer must not outlive them."""
        named = {"parse": [task.photo_key], "batch": task.options.get("photo_keys", ())}.get(task.kind, ())
        return all(self.shelf.has(key) for key in named)

    def _own(self, caller: Caller) -> bytes:
        return self._secret + caller.scope.encode()

    def _held(self) -> int:
        return self.desk.results.cost + self.shelf.cost


def service_of(request: Request) -> Service:
    """The service that a request is for."""
    service: Service = request.app.state.service
    return service


def _nothing() -> None:
    pass


def _identity(settings: Settings) -> dict[str, Any]:
    """What decides results besides the request: engine, weights, version."""
    info = engine_info(settings.engine)
    weights = [weight.sha256 for weight in info.weights]
    return {"engine": info.name, "weights": weights, "version": version("dressform")}
