"""Who calls: API keys and tokens, and how often each caller may."""

from __future__ import annotations

import hmac
import importlib
import ipaddress
import math
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from starlette.requests import Request

from dressform.api.problems import Problem
from dressform.api.settings import Settings, hash_key
from dressform.parsing.errors import MissingExtraError

__all__ = ["Guard", "Rates", "client_address"]


def client_address(request: Request) -> str:
    """The caller's address; behind a proxy that is trusted, the one it tells.

    Of IPv6 it is the network: callers have 2**64 addresses each, and change them as they like.
    """
    host = request.client.host if request.client is not None else "unknown"
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return host[:100]
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.ip_network((address, 64), strict=False))


class Guard:
    """Checks keys and tokens. None of them is kept, logged or repeated, only hashes of the allowed ones.

    Raises:
        MissingExtraError: Tokens are to be checked and the package for that is not there.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._jwt: Any = None
        if settings.jwt_key:
            try:
                self._jwt = importlib.import_module("jwt")
            except ImportError:
                remedy = 'pip install "dressform[auth]"'
                raise MissingExtraError("checking tokens needs PyJWT", remedy=remedy) from None

    def owner(self, request: Request) -> str:
        """A name of the caller that tells nothing about the key; "" where everybody may call.

        Raises:
            Problem: "unauthorized".
        """
        if not self._settings.guarded:
            return ""
        shown = _shown(request)
        if shown:
            # Every allowed key is compared, whether one fitted before or not: the time tells nothing.
            hashed = hash_key(shown)
            found = [key for key in self._settings.api_keys if hmac.compare_digest(key, hashed)]
            if found:
                return f"key:{found[0][-16:]}"
            subject = self._subject(shown)
            if subject is not None:
                return f"token:{hash_key(subject)[-16:]}"
        remedy = "send 'Authorization: Bearer KEY' or 'X-API-Key: KEY'"
        raise Problem("unauthorized", "no key, or one that is not known", remedy)

    def _subject(self, token: str) -> str | None:
        settings = self._settings
        if self._jwt is None or token.count(".") != 2:
            return None
        try:
            claims = self._jwt.decode(
                token,
                settings.jwt_key,
                algorithms=list(settings.jwt_algorithms),
                audience=settings.jwt_audience or None,
                issuer=settings.jwt_issuer or None,
                options={"require": ["exp", "sub"], "verify_aud": bool(settings.jwt_audience)},
            )
            subject = str(claims["sub"])
            subject.encode()  # JSON may hold halves of characters
        except Exception:  # every way in which a token can be wrong has a type of its own
            return None
        return subject or None  # tokens of nobody would all be one caller


class Rates:
    """How often and how much at once each caller may ask for work."""

    def __init__(self, settings: Settings) -> None:
        self._limits: list[RateLimitItem] = parse_many(settings.rate_limit) if settings.rate_limit else []
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())  # forgets clients; the moving one never does
        self._most = settings.client_concurrency
        self._now: Counter[str] = Counter()

    def hit(self, client: str) -> None:
        """Count a request.

        Raises:
            Problem: "rate-limit".
        """
        for limit in self._limits:
            if not self._limiter.hit(limit, client):
                reset = self._limiter.get_window_stats(limit, client).reset_time
                wait = max(1.0, math.ceil(reset - time.time()))
                raise Problem("rate-limit", "too many requests", "wait", f"{limit}", retry_after=wait)

    @contextmanager
    def busy(self, client: str) -> Iterator[None]:
        """Count a request while it is worked on.

        Raises:
            Problem: "too-many-at-once".
        """
        if self._most and self._now[client] >= self._most:
            allowed = f"{self._most} at the same time"
            raise Problem("too-many-at-once", "too many requests at the same time", "wait", allowed, retry_after=1)
        self._now[client] += 1
        try:
            yield
        finally:
            self._now[client] -= 1
            if self._now[client] <= 0:
                del self._now[client]


def _shown(request: Request) -> str:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()[:4096]
    return request.headers.get("x-api-key", "").strip()[:4096]
