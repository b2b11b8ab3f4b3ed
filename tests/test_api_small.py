"""Settings, what is kept, problems, negotiation, addresses: the small parts by themselves."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from dressform.api import fetch_url
from dressform.api.cache import Cache, keyed_digest
from dressform.api.fetch_url import is_public, public_address
from dressform.api.negotiate import chosen_format
from dressform.api.problems import PROBLEMS, Problem, from_error, problem_response
from dressform.api.settings import Settings, hash_key, is_local
from dressform.parsing.errors import ImageReadError, ImageTooLargeError, MissingExtraError, OptionError, WeightsError

# ---- settings -------------------------------------------------------------------------------------------------------


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRESSFORM_PORT", "9000")
    monkeypatch.setenv("DRESSFORM_API_KEYS", f"a-very-long-key-1, {hash_key('b-very-long-key-2')}")
    monkeypatch.setenv("DRESSFORM_ALLOWED_HOSTS", "Example.org,*.example.net")
    settings = Settings()
    assert settings.port == 9000 and settings.hosts == ("example.org", "*.example.net")
    assert settings.api_keys == (hash_key("a-very-long-key-1"), hash_key("b-very-long-key-2"))
    assert "very-long" not in repr(settings) and settings.guarded
    assert Settings(port=1).port == 1


def test_what_is_safe_is_the_default() -> None:
    settings = Settings()
    assert settings.host == "127.0.0.1" and settings.local and settings.hosts == ("localhost", "127.0.0.1", "[::1]")
    assert not settings.cors_origins and not settings.allow_urls and not settings.guarded
    assert Settings(host="0.0.0.0").hosts == ()


@pytest.mark.parametrize(
    "values", [{"api_keys": "short"}, {"rate_limit": "often"}, {"port": 70_000}, {"workers": 0}, {"deadline": 0}]
)
def test_bad_settings(values: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Settings(**values)


@pytest.mark.parametrize(
    ("host", "local"), [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("x.org", False)]
)
def test_local_hosts(host: str, local: bool) -> None:
    assert is_local(host) is local


# ---- what is kept ---------------------------------------------------------------------------------------------------


def test_a_cache_is_limited_in_bytes_and_time() -> None:
    now = [0.0]
    cache: Cache[str] = Cache(10, 5, clock=lambda: now[0])
    assert cache.put("a", "A", 4) and cache.put("b", "B", 4) and cache.get("a") == "A"
    assert cache.put("c", "C", 4)  # b was used least recently
    assert cache.get("b") is None and set(cache) == {"a", "c"} and cache.cost == 8
    assert not cache.put("d", "D", 11)
    now[0] = 5
    assert cache.get("a") is None and len(cache) == 1
    cache.sweep()
    assert len(cache) == 0 and cache.cost == 0


def test_a_cache_whose_time_slides() -> None:
    now = [0.0]
    cache: Cache[int] = Cache(10, 5, sliding=True, clock=lambda: now[0])
    cache.put("a", 1, 1)
    for now[0] in (4.0, 8.0, 12.0):
        assert cache.get("a") == 1
    now[0] = 17
    assert cache.get("a") is None


def test_a_value_keeps_the_longer_time() -> None:
    now = [0.0]
    cache: Cache[int] = Cache(10, 5, clock=lambda: now[0])
    cache.put("a", 1, 1, seconds=100)
    cache.put("a", 1, 1)
    now[0] = 50
    assert cache.get("a") == 1 and cache.remove("a") and not cache.remove("a")
    assert not cache.put("b", 1, 1, seconds=0)


def test_digests_need_the_secret() -> None:
    one = keyed_digest(b"s", "parse", {"a": 1, "b": None}, (b"xy",))
    assert one == keyed_digest(b"s", "parse", {"b": None, "a": 1}, (b"xy",)) and len(one) == 64
    others = [
        keyed_digest(b"t", "parse", {"a": 1, "b": None}, (b"xy",)),
        keyed_digest(b"s", "avatar", {"a": 1, "b": None}, (b"xy",)),
        keyed_digest(b"s", "parse", {"a": 2, "b": None}, (b"xy",)),
        keyed_digest(b"s", "parse", {"a": 1, "b": None}, (b"x", b"y")),
    ]
    assert len({one, *others}) == 5


# ---- problems -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ImageTooLargeError("image has too many pixels"), "image-too-large"),
        (ImageReadError("damaged"), "image-damaged"),
        (MissingExtraError("HEIC"), "image-format"),
        (WeightsError("gone"), "engine-unavailable"),
        (OptionError("no"), "cannot-do"),
        (Problem("expired"), "expired"),
        (KeyError("SECRET"), "internal"),
    ],
)
def test_errors_have_their_problem(error: Exception, code: str) -> None:
    problem = from_error(error)
    assert problem.code == code and "SECRET" not in json.dumps(problem.to_dict())


def test_every_problem_is_a_document() -> None:
    for code, (status, title) in PROBLEMS.items():
        reply = problem_response(Problem(code, "x" * 1000, retry_after=0.2), "id")
        document = json.loads(bytes(reply.body))
        assert (reply.status_code, document["title"], len(document["detail"])) == (status, title, 400)
        assert reply.headers["retry-after"] == "1" and reply.media_type == "application/problem+json"


def test_the_page_of_problems_is_whole() -> None:
    text = (Path(__file__).parent.parent / "docs" / "problems.md").read_text(encoding="utf-8")
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines()]
    told = {row[1].strip("`"): (int(row[0]), row[2]) for row in rows if len(row) == 4 and row[0].isdigit()}
    assert told == dict(PROBLEMS)


# ---- negotiation ----------------------------------------------------------------------------------------------------

OFFERED = {"json": "application/json", "png": "image/png", "jpeg": "image/jpeg"}


@pytest.mark.parametrize(
    ("asked", "accept", "name"),
    [
        (None, "", "json"),
        (None, "image/*", "png"),
        (None, "image/jpeg;q=0.4, image/png;q=0.3", "jpeg"),
        (None, "*/*, image/jpeg", "jpeg"),
        (None, "application/json;q=oops, image/png", "png"),
        ("JPG", "image/png", "jpeg"),
    ],
)
def test_formats(asked: str | None, accept: str, name: str) -> None:
    assert chosen_format(asked, accept, OFFERED) == name


@given(st.text(max_size=200))
def test_any_accept(accept: str) -> None:
    try:
        assert chosen_format(None, accept, OFFERED) in OFFERED
    except Problem as problem:
        assert problem.code == "not-acceptable"


# ---- addresses of photos --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1", "::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1",
        "fd00:ec2::254", "ff02::1", "::ffff:127.0.0.1", "::ffff:8.8.8.8", "::127.0.0.1", "64:ff9b::7f00:1",
        "64:ff9b:1::1", "2002:7f00:1::", "2001:0:4136:e378::1", "2001:db8::1", "nonsense", "",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "93.184.215.14", "2606:2800:220:1:248:1893:25c8:1946"])
def test_public_addresses(address: str) -> None:
    assert is_public(address)


def resolved(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    rows = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, 443)) for address in addresses]
    monkeypatch.setattr(fetch_url.socket, "getaddrinfo", lambda *_, **__: rows)


def test_one_private_address_spoils_a_host(monkeypatch: pytest.MonkeyPatch) -> None:
    resolved(monkeypatch, "8.8.8.8")
    assert public_address("x.org") == "8.8.8.8"
    for addresses in (("8.8.8.8", "127.0.0.1"), ()):
        resolved(monkeypatch, *addresses)
        with pytest.raises(Problem) as caught:
            public_address("x.org")
        assert caught.value.code == "forbidden"


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/x.jpg", "file:///etc/passwd", "ftp://example.org/", "https://example.org:8443/",
        "https://user:pw@example.org/", "https:///x", "gopher://x", "https://[::1]/", "https://127.0.0.1/",
        "https://2130706433/", "https://0x7f.1/", "https://localhost/", "//x", "", "https://exa mple/", "https://[x",
    ],
)  # fmt: skip
def test_addresses_that_are_refused(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_url.socket, "create_connection", lambda *_, **__: pytest.fail("connected"))
    with pytest.raises(Problem) as caught:
        fetch_url.fetch(url, most=1000, seconds=1)
    assert caught.value.code == "forbidden"


def test_redirects_are_checked_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[str | None, str]] = []

    def get(place: Any, address: str, most: int, end: float) -> tuple[bytes, str | None]:
        seen.append((place.hostname, address))
        return b"", "https://169.254.169.254/latest"

    monkeypatch.setattr(fetch_url, "_get", get)
    rows = {"x.org": "8.8.8.8", "169.254.169.254": "169.254.169.254"}
    monkeypatch.setattr(fetch_url.socket, "getaddrinfo", lambda host, *_, **__: [(0, 0, 0, "", (rows[host], 443))])
    with pytest.raises(Problem) as caught:
        fetch_url.fetch("https://x.org/a.jpg", most=1000, seconds=1)
    assert caught.value.code == "forbidden" and seen == [("x.org", "8.8.8.8")]
