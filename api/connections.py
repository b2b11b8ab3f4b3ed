"""Connections that end: whoever sends nothing, sends byte by byte or never reads what is sent is hung up on.

uvicorn waits as long as a caller likes for the head of a request, for the rest of a body that nobody wants any more,
and for a reply to be taken. A few hundred such connections would keep everybody else out.
"""

from __future__ import annotations

import asyncio
import json
from functools import partial
from typing import Any

import h11
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol

from dressform.api.problems import MEDIA_TYPE, Problem, problem_response

__all__ = ["Connection"]

_LEAST = 2048  # bytes per second that a caller must take of a reply
_FULL = Problem("queue-full", "too many connections", "try again", retry_after=2, headers={"Connection": "close"})
_TWICE = Problem("bad-request", "the length of the body is told in two ways", headers={"Connection": "close"})


class Connection(H11Protocol):
    """One caller.

    Args:
        config, others: As uvicorn hands them over.
        seconds: For the head of a request to arrive, from the connection's begin or the last reply.
        patience: Seconds in which a caller must take some of a reply.
        most: Connections; one more takes the place of the one that waits longest for a request.
    """

    def __init__(self, config: Config, *others: Any, seconds: float, patience: float, most: int, **named: Any) -> None:
        super().__init__(config, *others, **named)
        self._seconds, self._patience, self._most = seconds, patience, most
        self._timer: asyncio.TimerHandle | None = None
        self._since = self._taken = 0.0
        self._unsent = 0
        self.app = partial(self._answer, self.app)

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to look at the clock; if there are too many, end one that is not being answered."""
        super().connection_made(transport)
        self._since = self._taken = self.loop.time()
        self._look()
        there = [one for one in self.connections if isinstance(one, Connection) and not one.transport.is_closing()]
        if len(there) > self._most:
            waiting = [one for one in there if one is not self and one.waits]
            if waiting:
                min(waiting, key=lambda one: one._since).transport.abort()
            else:
                self.app = _full

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop looking at the clock."""
        if self._timer is not None:
            self._timer.cancel()
        super().connection_lost(exc)

    @property
    def waits(self) -> bool:
        """Whether no request is being answered."""
        return self.cycle is None or self.cycle.response_complete

    def on_response_complete(self) -> None:
        """Give the next request its time."""
        self._since = self.loop.time()
        super().on_response_complete()

    def resume_writing(self) -> None:
        """The caller takes what is sent."""
        self._taken, self._unsent = self.loop.time(), 0
        super().resume_writing()

    def send_400_response(self, msg: str) -> None:
        """Answer what is no HTTP, where an answer is possible at all, and hang up."""
        if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
            problem = Problem("bad-request", "this is no HTTP request that is understood here")
            body = json.dumps(problem.to_dict()).encode()
            headers = [("Content-Type", MEDIA_TYPE), ("Content-Length", str(len(body))), ("Connection", "close")]
            for event in (h11.Response(status_code=400, headers=headers), h11.Data(data=body), h11.EndOfMessage()):
                self.transport.write(self.conn.send(event) or b"")
        if not self.waits:  # the rest of a body cannot be made out: whoever reads it is told that the caller is gone
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.close()

    def _unsupported_upgrade_warning(self) -> None:
        """An upgrade may be ignored, and the log needs no advice about it."""

    async def _answer(self, app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
        names = {name for name, _ in scope["headers"] if name in (b"content-length", b"transfer-encoding")}
        if len(names) > 1 or (b"transfer-encoding" in names and scope["http_version"] != "1.1"):
            # A proxy in front may have gone by the other one, and have taken a request for a body or the reverse.
            await problem_response(_TWICE, None)(scope, receive, send)
            return
        cycle = self.cycle
        try:
            await app(scope, receive, send)
        except asyncio.CancelledError:  # the service is being stopped in the middle of a reply
            if not cycle.response_complete:
                cycle.disconnected = True
                self.transport.abort()

    def _look(self) -> None:
        now = self.loop.time()
        unsent = self.transport.get_write_buffer_size()
        if not unsent or self._unsent - unsent >= _LEAST * self._patience:
            self._taken = now
        if now == self._taken or not self._unsent:
            self._unsent = unsent
        if unsent and now - self._taken >= self._patience:
            self.transport.abort()
        elif self.waits and not self.transport.is_closing() and now - self._since >= self._seconds:
            self.transport.close()  # what is on its way is still sent
        self._timer = self.loop.call_later(min(1.0, self._seconds / 2, self._patience / 2), self._look)


async def _full(scope: Scope, receive: Receive, send: Send) -> None:
    await problem_response(_FULL, None)(scope, receive, send)
