"""What happens to every request: its id, host and origin checks, headers that protect, the log and the counters."""

from __future__ import annotations

import asyncio
import json
import logging
import re
import time
import uuid
from collections.abc import Mapping
from typing import Any

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dressform.api.metrics import Meter
from dressform.api.problems import Problem, from_error, problem_response
from dressform.api.settings import Settings

__all__ = ["PAGE_POLICY", "Frame"]

PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""Of the web page: nothing from elsewhere, no scripts in the text."""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'none'; sandbox"
_HEADERS: Mapping[str, str] = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
}
_STOPS = ("the service is stopping", "try again")
_FACTS = ("pixels", "people", "engine", "cache")
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOG = logging.getLogger("dressform.access")
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(:\d{1,5})?", re.ASCII)
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


class Frame:
    """Around the whole application; nothing gets past it."""

    def __init__(self, app: ASGIApp, settings: Settings, meter: Meter) -> None:
        self.app, self._settings, self._meter = app, settings, meter
        self._origins = frozenset(settings.cors_origins)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        told = _Told(scope, receive, send)
        try:
            self._check(told.headers, scope["method"])
            await self.app(scope, told.receive, told.send)
        except Problem as problem:
            await self._fail(told, problem)
        except asyncio.CancelledError:  # the service is being stopped, and this took longer than it may
            if told.status is not None:
                raise
            await self._fail(told, Problem("shutting-down", *_STOPS, retry_after=10, headers={"Connection": "close"}))
        except Exception as error:
            await self._fail(told, from_error(error))
        finally:
            self._note(told)

    async def _fail(self, told: _Told, problem: Problem) -> None:
        if told.status is None:
            await problem_response(problem, told.id)(told.scope, told.receive, told.send)

    def _check(self, headers: Headers, method: str) -> None:
        host = headers.get("host", "")
        allowed = self._settings.hosts
        if allowed and "*" not in allowed and not _fits(_bare(host), allowed):
            raise Problem("host-not-allowed", "this service does not answer under that host name")
        origin = headers.get("origin")
        if method in _SAFE or origin is None or origin in self._origins or "*" in self._origins:
            return
        if origin.partition("://")[2] != host:
            # A web site somewhere else made the browser send this.
            raise Problem("origin-not-allowed", "this web site may not call the service")

    def _note(self, told: _Told) -> None:
        route = getattr(told.scope.get("route"), "path", "") or "other"
        seconds = time.perf_counter() - told.began
        facts: dict[str, Any] = told.scope["state"].get("facts", {})
        status = told.status or 499  # the caller hung up before anything was sent
        self._meter.request(route, told.scope["method"], status, seconds, told.taken)
        if self._settings.log_format == "json" and _LOG.isEnabledFor(logging.INFO):
            row: dict[str, Any] = {
                "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "id": told.id,
                "method": told.scope["method"],
                "route": route,
                "status": status,
                "ms": round(1000 * seconds, 1),
                "bytes_in": told.taken,
                "bytes_out": told.given,
            }
            row.update({name: facts[name] for name in _FACTS if name in facts})
            _LOG.info(json.dumps(row))


class _Told:
    """What is known of one request."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope, self._receive, self._send = scope, receive, send
        self.headers = Headers(scope=scope)
        given = self.headers.get("x-request-id", "").lower()
        self.id = given if _UUID.fullmatch(given) else str(uuid.uuid4())
        scope.setdefault("state", {})["request_id"] = self.id
        self.began = time.perf_counter()
        self.status: int | None = None
        self.taken = self.given = 0

    async def receive(self) -> Message:
        message = await self._receive()
        self.taken += len(message.get("body", b""))
        return message

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self.id
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers.setdefault("Content-Security-Policy", _POLICY)
            headers.setdefault("Cache-Control", "private, no-store")
        elif message["type"] == "http.response.body":
            self.given += len(message.get("body", b""))
        await self._send(message)


def _bare(host: str) -> str:
    """A host's name without its port; "" if it is neither a name nor an address."""
    found = _HOST.fullmatch(host.lower())
    return found[1] if found else ""


def _fits(host: str, allowed: tuple[str, ...]) -> bool:
    return any(host == one or (one.startswith("*.") and host.endswith(one[1:])) for one in allowed)
