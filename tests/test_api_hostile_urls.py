"""Photos by address: no way into this machine's own network, and no host that keeps the service waiting."""

from __future__ import annotations

import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from api_client import Api, is_problem, jpeg
from api_hostile_files import SECRET, leaks, watched

from dressform.api import fetch_url
from dressform.api.fetch_url import fetch, is_public
from dressform.api.problems import Problem

ROUTES = ("/v1/parse", "/v1/avatar", "/v1/stages", "/v1/try-on?color=red")
PUBLIC = "8.8.8.8"


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with Api(allow_urls=True, url_seconds=1, max_body=1 << 20, log_format="json") as running, watched(running):
        yield running


@pytest.mark.parametrize(
    "address",
    [
        # this machine, its network, and what clouds tell those who ask from inside
        "127.0.0.1", "127.255.255.254", "10.0.0.1", "172.31.255.255", "192.168.0.1", "169.254.169.254",
        "100.100.100.200",
        "168.63.129.16x", "0.0.0.0", "0.1.2.3", "192.0.0.8", "192.0.0.170", "192.0.2.1", "198.51.100.1", "203.0.113.1",
        "198.19.255.255", "224.0.0.251", "239.1.1.1", "255.255.255.255", "240.0.0.1", "192.88.99.1", "100.127.255.255",
        "::", "::1", "fe80::1", "fe80::1%1", "fec0::1", "fc00::1", "fd00:ec2::254", "ff02::1", "ff0e::1", "100::1",
        "2001:db8::1", "3fff::1", "2001:2::1", "2001:10::1", "5f00::1",
        # the same in another coat: mapped, compatible, translated, NAT64, 6to4, Teredo, ISATAP of a private network
        "::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:7f00:1", "::ffff:8.8.8.8", "::127.0.0.1", "::8.8.8.8",
        "::ffff:0:127.0.0.1", "64:ff9b::127.0.0.1", "64:ff9b::808:808", "64:ff9b:1::a00:1", "2002:7f00:1::1",
        "2002:a00:1::", "2001:0:7f00:1::", "fe80::5efe:7f00:1",
        # nothing
        "", "localhost", "1", "127.1", "0x7f000001", "0177.0.0.1", "8.8.8.8/32", "8.8.8.8 ", "[::1]", "٨.٨.٨.٨",
    ],
)  # fmt: skip
def test_addresses_that_are_not_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", ["8.8.8.8", "1.1.1.1", "172.32.0.1", "192.169.0.1", "2606:4700:4700::1111"])
def test_addresses_that_are(address: str) -> None:
    assert is_public(address)


URLS = [
    "http://example.org/x.jpg", "HTTP://EXAMPLE.ORG/", "file:///etc/passwd", "file://localhost/etc/passwd",
    "ftp://example.org/",
    "gopher://127.0.0.1:6379/_x", "dict://x", "data:image/png;base64,AAAA", "javascript:alert(1)",
    "jar:https://x!/", "//x",
    "https:/example.org", "https:example.org", "https://", "https:///x", "https://:443/", "https://@/", "", " ",
    "\x00", "x",
    "https://user:pw@example.org/", "https://user@example.org/", "https://example.org@127.0.0.1/",
    "https://127.0.0.1#@x.org/",
    "https://example.org:80/", "https://example.org:8443/", "https://example.org:0/", "https://example.org:99999/",
    "https://example.org:443x/", "https://[::1]/", "https://[::1]:443/", "https://[::ffff:127.0.0.1]/", "https://[x",
    "https://[fe80::1%25lo]/", "https://[0:0:0:0:0:ffff:7f00:1]/", "https://127.0.0.1/", "https://127.0.0.1./",
    "https://127.1/",
    "https://2130706433/", "https://0x7f000001/", "https://0x7f.1/", "https://0177.0.0.1/", "https://017700000001/",
    "https://127.000.000.001/", "https://0/", "https://0.0.0.0/", "https://localhost/", "https://LOCALHOST/",
    "https://localhost./",
    "https://①②⑦.⓪.⓪.①/", "https://127。0。0。1/", "https://ⓛocalhost/", "https://127%2e0%2e0%2e1/",
    "https://127.0.0.1%00.x.org/",
    "https://exa mple/", "https://example.org\r\n.evil/", "https://" + "a" * 300 + ".org/", "https://a..b/",
    "https://-/", "https://*/",
    "https://10.0.0.1/", "https://169.254.169.254/latest/meta-data/", "https://[fd00:ec2::254]/", "https://3232235521/",
    "https://metadata.invalid/", "https://[64:ff9b::a00:1]/", "https://[2002:a00:1::]/", "https://[::]/",
]  # fmt: skip


@pytest.fixture
def offline(monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers are resolved as the system does it, names not at all; nothing is ever connected to."""
    real = socket.getaddrinfo

    def resolve(host: str, port: int, *rest: Any, **named: Any) -> Any:
        if "localhost" in host.lower():
            return real("127.0.0.1", port, *rest, **named)
        named["flags"] = socket.AI_NUMERICHOST
        return real(host, port, *rest, **named)

    monkeypatch.setattr(fetch_url.socket, "getaddrinfo", resolve)
    monkeypatch.setattr(fetch_url.socket, "create_connection", lambda *_, **__: pytest.fail("connected"))


@pytest.mark.usefixtures("offline")
def test_addresses_that_are_refused(api: Api) -> None:
    for url in URLS:
        with pytest.raises(Problem) as caught:
            fetch(url, most=1000, seconds=1)
        assert caught.value.code == "forbidden", url
    for url in URLS[::7]:
        for route in ROUTES:
            reply = api.post(route, data={"photo_url": url})
            assert reply.json()["code"] in ("forbidden", "bad-parameter"), (route, url, reply.text)
            assert "passwd" not in reply.text and "169.254" not in reply.text


def test_they_are_not_even_looked_at_unless_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fetch_url.socket, "getaddrinfo", lambda *_, **__: pytest.fail("looked up"))
    with Api() as closed:
        for route in ROUTES:
            is_problem(closed.post(route, data={"photo_url": "https://example.org/x.jpg"}), "forbidden", 403)
        reply = closed.post("/api/parse", json={"image": "https://example.org/x.jpg"})
        assert reply.json()["code"] == 400


def test_a_name_is_looked_up_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name server that first tells a public address and then another: the first is the one that is called."""
    told = itertools.chain([PUBLIC], itertools.repeat("127.0.0.1"))
    called: list[Any] = []
    monkeypatch.setattr(
        fetch_url.socket, "getaddrinfo", lambda *_, **__: [(socket.AF_INET, 1, 6, "", (next(told), 443))]
    )

    def connect(address: tuple[str, int], *_: Any, **__: Any) -> None:
        called.append(address)
        raise OSError

    monkeypatch.setattr(fetch_url.socket, "create_connection", connect)
    with pytest.raises(Problem):
        fetch("https://rebound.example/x", most=1000, seconds=1)
    assert called == [(PUBLIC, 443)]


def test_one_private_address_among_public_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [(2, 1, 6, "", (address, 443)) for address in (PUBLIC, "1.1.1.1", "::ffff:10.0.0.1", "9.9.9.9")]
    monkeypatch.setattr(fetch_url.socket, "getaddrinfo", lambda *_, **__: rows)
    monkeypatch.setattr(fetch_url.socket, "create_connection", lambda *_, **__: pytest.fail("connected"))
    with pytest.raises(Problem) as caught:
        fetch("https://x.org/", most=1000, seconds=1)
    assert caught.value.code == "forbidden"


Script = Callable[[socket.socket], None]


class Host:
    """A web server of this test, found at every https address; does what a script says with each caller."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, script: Script) -> None:
        self.script, self.asked = script, list[bytes]()
        self.listener = socket.create_server(("127.0.0.1", 0))
        port = self.listener.getsockname()[1]
        rows = [(socket.AF_INET, 1, 6, "", (PUBLIC, 443))]
        monkeypatch.setattr(fetch_url.socket, "getaddrinfo", lambda *_, **__: rows)

        def connect(connection: Any) -> None:
            connection.sock = socket.socket()
            connection.sock.settimeout(connection.timeout)
            connection.sock.connect(("127.0.0.1", port))

        monkeypatch.setattr(fetch_url._Pinned, "connect", connect)
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def _serve(self) -> None:
        while True:
            try:
                caller, _ = self.listener.accept()
            except OSError:
                return
            with caller:
                caller.settimeout(5)
                self.asked.append(caller.recv(10_000))
                with suppress(OSError):
                    self.script(caller)

    def close(self) -> None:
        self.listener.shutdown(socket.SHUT_RDWR)  # wakes whoever waits for callers
        self.listener.close()
        self.thread.join(10)


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Script], Host]]:
    made: list[Host] = []

    def make(script: Script) -> Host:
        made.append(Host(monkeypatch, script))
        return made[-1]

    yield make
    for one in made:
        one.close()


def reply(status: str, *headers: str, body: bytes = b"") -> Script:
    text = "\r\n".join((f"HTTP/1.1 {status}", *headers, "", "")).encode() + body
    return lambda caller: caller.sendall(text)


def drip(first: bytes, piece: bytes, seconds: float = 0.2) -> Script:
    def run(caller: socket.socket) -> None:
        caller.sendall(first)
        while True:
            caller.sendall(piece)
            time.sleep(seconds)

    return run


def test_a_photo_from_the_web(api: Api, host: Callable[[Script], Host]) -> None:
    photo = jpeg()
    there = host(reply("200 OK", f"Content-Length: {len(photo)}", body=photo))
    found = api.post("/v1/parse", data={"photo_url": f"https://example.org/{SECRET.replace(' ', '+')}.jpg?a=b#c"})
    assert found.status_code == 200 and len(found.json()["people"]) == 1 and not leaks(found.content)
    head = there.asked[0].decode()
    assert head.startswith("GET /52.5200N+Emma+Example.jpg?a=b HTTP/1.1\r\nHost: example.org\r\n")
    assert "cookie" not in head.lower() and "authorization" not in head.lower() and "referer" not in head.lower()


OK = b"HTTP/1.1 200 OK\r\n"


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (reply("200 OK", body=b"<html>" + SECRET.encode()), "image-format"),
        (reply("200 OK", "Content-Length: 0"), "image-damaged"),
        (reply("200 OK", "Content-Length: 99", body=b"x"), "bad-request"),
        (reply("200 OK", f"Content-Length: {10**12}", body=bytes(2 << 20)), "body-too-large"),
        (reply("200 OK", "Transfer-Encoding: chunked", body=b"zz\r\n"), "bad-request"),
        (reply("200 OK", "Transfer-Encoding: chunked", body=b"fffffffff\r\n" + bytes(2 << 20)), "body-too-large"),
        (reply("200 OK", "Content-Encoding: gzip", body=b"\x1f\x8b"), "image-format"),
        (reply("200 OK", *[f"X{k}: y" for k in range(500)]), "bad-request"),
        (reply("200 OK", "X: " + "y" * 100_000), "bad-request"),
        (reply("404 " + SECRET), "bad-request"),
        (reply("500 x"), "bad-request"),
        (reply("999999 x"), "bad-request"),
        (lambda caller: caller.sendall(b"SSH-2.0-x\r\n"), "bad-request"),
        (lambda caller: None, "bad-request"),
        (drip(OK, b"X-Drip: y\r\n", 0.05), "body-too-slow"),
        (drip(OK + b"X: ", b"y"), "body-too-slow"),
        (drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n", 0.01), "body-too-slow"),
        (drip(OK + b"Content-Length: 100000\r\n\r\n\xff\xd8\xff", b"x"), "body-too-slow"),
        (drip(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\nx\r\n"), "body-too-slow"),
        (drip(OK + b"\r\n\xff\xd8\xff", b"x"), "body-too-slow"),
        (lambda caller: time.sleep(3), "body-too-slow"),
    ],
)
def test_hosts_that_behave_badly(api: Api, host: Callable[[Script], Host], script: Script, code: str) -> None:
    host(script)
    began = time.monotonic()
    found = api.post("/v1/parse", data={"photo_url": "https://example.org/x.jpg"})
    is_problem(found, code)
    assert not leaks(found.content) and time.monotonic() - began < 2.9  # one second is allowed


MOVES = [
    "http://example.org/", "https://127.0.0.1/", "https://169.254.169.254/latest/", "https://[::1]/",
    "file:///etc/passwd",
    "//127.0.0.1/", "https://example.org:8443/", "https://user:pw@example.org/", "https://2130706433/", "gopher://x/",
    "https://[::ffff:127.0.0.1]/", "https://[64:ff9b::7f00:1]/", "https://[x", "data:image/png;base64,AAAA",
]  # fmt: skip


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects(api: Api, host: Callable[[Script], Host], monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    for place in MOVES[status % 3 :: 3]:
        there = host(reply(f"{status} x", f"Location: {place}", "Content-Length: 0"))
        public = fetch_url.socket.getaddrinfo

        def resolve(name: str, *_: Any, public: Any = public, **__: Any) -> Any:
            return public() if name in ("start.org", "example.org") else [(socket.AF_INET, 1, 6, "", (name, 443))]

        monkeypatch.setattr(fetch_url.socket, "getaddrinfo", resolve)
        found = api.post("/v1/parse", data={"photo_url": "https://start.org/x.jpg"})
        is_problem(found, "forbidden", 403)
        assert len(there.asked) == 1, f"{place} was asked"


def test_redirects_without_end(api: Api, host: Callable[[Script], Host]) -> None:
    there = host(reply("302 Found", "Location: /again", "Content-Length: 0"))
    is_problem(api.post("/v1/parse", data={"photo_url": "https://example.org/"}), "forbidden", 403)
    assert len(there.asked) == 4
