"""Runs the application under uvicorn: limits of connections, and an orderly end."""

from __future__ import annotations

import ctypes
import gc
import logging
import os
import signal
import socket
import sys
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import uvicorn

from dressform.api.app import create_app, make_service
from dressform.api.connections import Connection
from dressform.api.settings import Settings

__all__ = ["Server", "make_server", "start_logs"]

_HEADERS = 16 << 10  # bytes of a request's line and headers
_MMAP_THRESHOLD, _ARENA_MAX = -3, -8  # numbers of the options in malloc.h
_LARGE = 8 << 20  # bytes; less costs a quarter more time, for pages that are cleared again and again
_INTERRUPTED = 130  # what shells say of a program that was ended by hand
_LATE = 5  # seconds for replies to be sent after the work has ended


class Server(uvicorn.Server):
    """Tells the service at once when it is to stop, so that work that has begun can end meanwhile.

    Args:
        config: Of uvicorn.
        announce: Gets the service's address as soon as callers are answered there.
    """

    def __init__(self, config: uvicorn.Config, announce: Callable[[str], None]) -> None:
        super().__init__(config)
        self._announce = announce

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Listen."""
        await super().startup(sockets)
        if self.started:
            host, port = self.servers[0].sockets[0].getsockname()[:2]
            self._announce(f"http://{f'[{host}]' if ':' in host else host}:{port}")

    def run(self, sockets: list[socket.socket] | None = None) -> None:
        """Serve until a signal comes; see :class:`uvicorn.Server`."""
        code = 1
        try:
            super().run(sockets)
            code = 0
        except KeyboardInterrupt:
            code = _INTERRUPTED
            raise
        finally:
            if any(thread.name.startswith("dressform-") for thread in threading.enumerate()):
                _leave(code)  # Python cannot end these, and what they run would take the process down with an abort

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Stop taking work, then do what uvicorn does; whoever asks by hand a second time waits for nothing."""
        if self.should_exit and sig == signal.SIGINT:
            _leave(_INTERRUPTED)
        app: Any = self.config.app
        service = app.state.service
        service.desk.close(service.settings.grace)
        super().handle_exit(sig, frame)


def _leave(code: int) -> None:
    """End the process as it is."""
    logging.shutdown()
    os._exit(code)


def make_server(settings: Settings, announce: Callable[[str], None]) -> Server:
    """A server that is not running yet.

    Args:
        settings: Of the service.
        announce: As for :class:`Server`.

    Raises:
        As :func:`~dressform.api.app.create_app`.
    """
    _return_memory()
    service = make_service(settings)
    service.on_ready = gc.freeze  # what is there now stays, so collections need not look at it
    connection = partial(
        Connection, seconds=settings.header_seconds, patience=settings.body_seconds, most=settings.max_connections
    )
    config = uvicorn.Config(
        create_app(settings, service),
        host=settings.host,
        port=settings.port,
        http=connection,  # type: ignore[arg-type]
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.forwarded_allow_ips),
        forwarded_allow_ips=list(settings.forwarded_allow_ips),
        h11_max_incomplete_event_size=_HEADERS,
        timeout_keep_alive=5,
        timeout_graceful_shutdown=round(settings.grace) + _LATE,
    )
    return Server(config, announce)


def start_logs(level: str = "info") -> None:
    """One line per request and what goes wrong, to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(logging.Formatter("%(message)s"))
    # Of uvicorn only what goes wrong: that it starts and stops is told otherwise.
    for name, least in (("dressform", level.upper()), ("uvicorn", "WARNING")):
        logger = logging.getLogger(name)
        logger.handlers = [handler]
        logger.setLevel(least)
        logger.propagate = False
    logging.getLogger("python_multipart").setLevel(logging.CRITICAL)  # of damaged forms the reply tells enough
    warnings.filterwarnings("ignore", module=r"PIL\.")  # thousands of lines for one damaged file
    _quiet_tiff()


def _quiet_tiff() -> None:
    """Keep libtiff from writing about damaged files to standard error, which it does by itself."""
    with suppress(OSError, AttributeError):
        for path in {
            line.split()[-1] for line in Path("/proc/self/maps").read_text().splitlines() if "libtiff" in line
        }:
            library = ctypes.CDLL(path)
            library.TIFFSetErrorHandler(None)
            library.TIFFSetWarningHandler(None)


def _return_memory() -> None:
    """Let large arrays go back to the system as soon as they are freed, and smaller ones be used again.

    Without this the C library raises its own limit and keeps what was freed, in more and more pieces; and
    each thread keeps tens of megabytes of its own, which no other may use.
    """
    if sys.platform == "linux":
        with suppress(AttributeError, OSError):  # C libraries without it need no telling
            mallopt = ctypes.CDLL(None).mallopt
            mallopt(_MMAP_THRESHOLD, _LARGE)
            mallopt(_ARENA_MAX, 1)
