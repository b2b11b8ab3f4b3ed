"""Settings of the service: what it listens on, what it allows, how long it keeps things.

Every field can be set by an environment variable, ``DRESSFORM_`` and its name in capitals, such as
``DRESSFORM_MAX_PIXELS``; lists are written with commas. ``dressform serve`` has a flag for the common ones.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from dressform.parsing.cpus import usable_cpus

__all__ = ["Settings", "hash_key", "is_local"]

Words = Annotated[tuple[str, ...], NoDecode]

_HASHED = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_SHORTEST_KEY = 16
_LOCAL_HOSTS = ("localhost", "127.0.0.1", "[::1]")


class Settings(BaseSettings):
    """What an operator can choose. Sizes are bytes, times are seconds; 0 switches a limit on rates or keeping off.

    Attributes:
        host, port: Where to listen; the loopback address unless told otherwise.
        engine: Parsing engine.
        workers: Threads that work; each holds one decoded photo at a time.
        queue_size: Tasks that may wait; one more is refused with 503.
        max_body: Of a request.
        max_batch_body, max_batch: Of a request with several photos, and how many.
        max_held: Of all uploads that are held at once; more are refused with 503.
        max_pixels: Of a photo, checked by its header.
        max_total_pixels: Of all pictures of one try-on, its photo aside.
        max_people: People drawn by one request.
        deadline: Until an answer is given up, waiting included.
        job_deadline: The same for work that was asked for with ``Prefer: respond-async``, and for batches.
        header_seconds: For a request's line and headers to arrive.
        body_seconds: For a request's body to arrive, and for a caller to take some of a reply.
        grace: For work to end when the service is stopped.
        cache_seconds, cache_bytes: How long and how much of results and parsed photos is kept in memory. With 0
            seconds nothing is: no identical request is answered twice by one run, no photo can be named by its key.
        result_seconds: How long results that are fetched later (jobs, pictures of JSON replies) are kept.
        stage_seconds, stage_bytes: The same of prepared garments, from their last use.
        rate_limit: Of work per client, such as "300/minute"; empty for none.
        client_concurrency: Requests for work of one client at the same time.
        max_connections: Open connections.
        allowed_hosts: What ``Host`` may say; empty: this machine's loopback names if bound there, else anything.
        cors_origins: Web sites that may call; none unless told otherwise.
        api_keys: Keys, or their ``sha256:`` hashes; only hashes are kept. None: everybody may call.
        jwt_key: Secret or public key that tokens are checked by. jwt_algorithms, jwt_audience, jwt_issuer: What
            they must have.
        allow_urls: Whether photos may be named by ``photo_url``, fetched by this machine.
        url_seconds: For such a photo to arrive.
        forwarded_allow_ips: Proxies whose ``X-Forwarded-For`` is believed.
        compat: Whether the routes of older services are there (``/api/parse`` and others).
        page: Whether the web page is there.
        metrics: Whether ``/metrics`` is there.
        secret: Mixed into the keys of what is kept; made anew at each start unless set.
    """

    model_config = SettingsConfigDict(env_prefix="DRESSFORM_", extra="ignore", frozen=True, populate_by_name=True)

    host: str = "127.0.0.1"
    port: int = Field(default=8000, ge=0, le=65535)
    engine: str = Field(default="compact", min_length=1, max_length=40)
    workers: int = Field(default_factory=lambda: max(1, min(4, usable_cpus())), ge=1, le=64)
    queue_size: int = Field(default=32, ge=0, le=10_000)

    max_body: int = Field(default=25 << 20, ge=1 << 10, le=1 << 30)
    max_batch_body: int = Field(default=100 << 20, ge=1 << 10, le=1 << 30)
    max_batch: int = Field(default=16, ge=1, le=1000)
    max_held: int = Field(default=256 << 20, ge=1 << 10)
    max_pixels: int = Field(default=50_000_000, ge=1)
    max_total_pixels: int = Field(default=100_000_000, ge=1)
    max_people: int = Field(default=40, ge=1)

    deadline: float = Field(default=60, gt=0)
    job_deadline: float = Field(default=600, gt=0)
    header_seconds: float = Field(default=10, gt=0)
    body_seconds: float = Field(default=30, gt=0)
    grace: float = Field(default=20, ge=0)

    cache_seconds: float = Field(default=600, ge=0)
    cache_bytes: int = Field(default=160 << 20, ge=0)
    result_seconds: float = Field(default=900, gt=0)
    stage_seconds: float = Field(default=600, gt=0)
    stage_bytes: int = Field(default=192 << 20, ge=0)

    rate_limit: str = "300/minute"
    client_concurrency: int = Field(default=0, ge=0)
    max_connections: int = Field(default=512, ge=1)

    allowed_hosts: Words = ()
    cors_origins: Words = ()
    api_keys: Words = Field(default=(), repr=False)
    jwt_key: str = Field(default="", repr=False)
    jwt_algorithms: Words = ("HS256",)
    jwt_audience: str = ""
    jwt_issuer: str = ""
    forwarded_allow_ips: Words = ()

    allow_urls: bool = False
    url_seconds: float = Field(default=10, gt=0)

    compat: bool = True
    page: bool = True
    metrics: bool = True
    log_format: Literal["json", "none"] = "json"
    secret: str = Field(default="", repr=False)

    @field_validator(
        "allowed_hosts", "cors_origins", "api_keys", "jwt_algorithms", "forwarded_allow_ips", mode="before"
    )
    @classmethod
    def _split(cls, value: Any) -> Any:
        if isinstance(value, str):
            value = [word.strip() for word in value.split(",")]
        return tuple(word for word in value if word) if isinstance(value, list | tuple) else value

    @field_validator("allowed_hosts")
    @classmethod
    def _lower(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(word.lower() for word in value)

    @field_validator("api_keys")
    @classmethod
    def _only_hashes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for key in value:
            if not _HASHED.fullmatch(key) and len(key) < _SHORTEST_KEY:
                raise ValueError(f"a key is shorter than {_SHORTEST_KEY} characters")
        return tuple(key if _HASHED.fullmatch(key) else hash_key(key) for key in value)

    @field_validator("rate_limit")
    @classmethod
    def _rate(cls, value: str) -> str:
        if value.strip():
            from limits import parse_many

            parse_many(value)
        return value.strip()

    @property
    def local(self) -> bool:
        """Whether only this machine can reach the service."""
        return is_local(self.host)

    @property
    def hosts(self) -> tuple[str, ...]:
        """What ``Host`` may say, without ports; empty: anything."""
        return self.allowed_hosts or (_LOCAL_HOSTS if self.local else ())

    @property
    def guarded(self) -> bool:
        """Whether callers must show a key or a token."""
        return bool(self.api_keys or self.jwt_key)


def hash_key(key: str) -> str:
    """What is kept of an API key."""
    return f"sha256:{hashlib.sha256(key.encode()).hexdigest()}"


def is_local(host: str) -> bool:
    """Whether an address to bind to is a loopback one."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False
