"""What stands on the wire where HTTP should: lengths that lie, requests inside of requests, odd targets and heads."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator

import pytest
from api_hostile_files import SECRET, bad_images, leaks, two_faced
from api_served import JPEG, PHOTO, Served, answer, received, serving, statuses, steady

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals")
HOST = b"Host: 127.0.0.1\r\n"
NEXT = b"GET /health/live HTTP/1.1\r\n" + HOST + b"\r\n"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("wire"), body_seconds=3, max_pixels=2_000_000, cache_bytes=8_000_000) as made:
        assert made.client.post("/v1/parse", content=PHOTO, headers=JPEG).status_code == 200
        yield made


def post(*lines: bytes, body: bytes = b"", version: bytes = b"1.1", url: bytes = b"/v1/parse") -> bytes:
    front = b"POST " + url + b" HTTP/" + version + b"\r\n" + HOST + b"Content-Type: image/jpeg\r\n"
    return front + b"".join(line + b"\r\n" for line in lines) + b"\r\n" + body


def get(target: bytes, *lines: bytes, host: bytes = HOST, version: bytes = b"1.1") -> bytes:
    return b"GET " + target + b" HTTP/" + version + b"\r\n" + host + b"".join(x + b"\r\n" for x in lines) + b"\r\n"


CHUNKED = b"Transfer-Encoding: chunked"

LIES = {
    "both lengths": post(b"Content-Length: 3", CHUNKED, body=b"3\r\nabc\r\n0\r\n\r\n"),
    "both, the other way": post(CHUNKED, b"Content-Length: 60", body=b"0\r\n\r\n" + NEXT),
    "both and zero": post(b"Content-Length: 0", CHUNKED, body=b"0\r\n\r\n" + NEXT),
    "chunked in 1.0": post(CHUNKED, body=b"0\r\n\r\n" + NEXT, version=b"1.0"),
    "other coding": post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
    "two codings": post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "coding twice": post(CHUNKED, b"Transfer-Encoding: identity", body=b"0\r\n\r\n"),
    "tab in coding": post(b"Transfer-Encoding:\tchunked\x0b", body=b"0\r\n\r\n"),
    "blank before colon": post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n"),
    "blank before length": post(b"Content-Length : 3", body=b"abc"),
    "two lengths": post(b"Content-Length: 3", b"Content-Length: 4", body=b"abc"),
    "list of lengths": post(b"Content-Length: 3, 4", body=b"abc"),
    "plus": post(b"Content-Length: +3", body=b"abc"),
    "minus": post(b"Content-Length: -3", body=b"abc"),
    "hexadecimal": post(b"Content-Length: 0x3", body=b"abc"),
    "other digits": post("Content-Length: ٣".encode(), body=b"abc"),
    "endless length": post(b"Content-Length: " + b"9" * 30, body=b"abc"),
    "chunk of letters": post(CHUNKED, body=b"zz\r\n"),
    "negative chunk": post(CHUNKED, body=b"-1\r\n"),
    "chunk with prefix": post(CHUNKED, body=b"0x3\r\nabc\r\n0\r\n\r\n"),
    "endless chunk size": post(CHUNKED, body=b"f" * 30 + b"\r\n"),
    "chunk too short": post(CHUNKED, body=b"2\r\nabcdef\r\n0\r\n\r\n"),
    "endless chunk extension": post(CHUNKED, body=b"3;" + b"x" * 100_000),
    "endless trailers": post(CHUNKED, body=b"3\r\nabc\r\n0\r\n" + b"X: y\r\n" * 50_000),
    "broken after the answer": post(CHUNKED, body=b"3\r\nabc\r\nzz\r\n", url=b"/nowhere"),
    "null in a header": get(b"/version", b"X: a\0b"),
    "line feed in a header": get(b"/version", b"X: a\nHost: evil.org\x00"),
    "return in a header": get(b"/version", b"X: a\rb"),
    "no name": get(b"/version", b": x"),
    "no colon": get(b"/version", b"x"),
    "two hosts": get(b"/version", b"Host: evil.org"),
    "no host": get(b"/version", host=b""),
    "blank in the target": get(b"/ver sion"),
    "return in the target": get(b"/version\rx"),
    "letters outside ASCII": get("/vérsion".encode()),
    "nothing but zeros": bytes(100),
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500),
    "HTTP/0.9": b"GET /version\r\n\r\n",
    "HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9),
    "empty lines before": b"\r\n\r\n" + NEXT,
    "SSH": b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
    "a proxy's greeting": b"PROXY TCP4 10.0.0.1 10.0.0.2 1 80\r\n" + NEXT,
    "many cookies": get(b"/version", *[b"Cookie: a=b"] * 30_000),
    "long header": get(b"/version", b"X: " + b"a" * 2_000_000),
    "long target": get(b"/" + b"a" * 2_000_000),
    "endless returns": b"\r\n" * 100_000,
}


@pytest.mark.parametrize("name", LIES)
def test_what_is_no_request(served: Served, name: str) -> None:
    """One 400 and the connection ends: what follows is never taken for a request."""
    with served.connect() as connection:
        try:
            connection.sendall(LIES[name])
        except ConnectionError:
            return  # hung up on before all of it was sent
        data, closed = received(connection, 5)
    assert closed, data[:200]
    assert statuses(data) in ([], [400], [400, 400], [404]), data[:300]
    for body in data.split(b"\r\n\r\n")[1::2]:
        assert json.loads(body.partition(b"HTTP/1.1")[0])["code"] in ("bad-request", "host-not-allowed", "not-found")


WORKS = {
    "HTTP/1.0": (get(b"/version", version=b"1.0"), [200], True),
    "HTTP/1.0 kept": (get(b"/version", b"Connection: keep-alive", version=b"1.0"), [200], True),
    "close": (get(b"/version", b"Connection: close"), [200], True),
    "length twice the same": (post(b"Content-Length: 3", b"Content-Length: 3", body=b"abc"), [415], False),
    "folded": (post(b"Transfer-Encoding:\r\n chunked", body=b"0\r\n\r\n"), [400], False),
    "extensions and trailers": (post(CHUNKED, body=b"3;a=b\r\nabc\r\n0\r\nHost: evil.org\r\n\r\n"), [415], False),
    "chunks of one byte": (post(CHUNKED, body=b"1\r\nx\r\n" * 5000 + b"0\r\n\r\n"), [415], False),
    "expects": (post(b"Content-Length: 3", b"Expect: 100-continue", body=b"abc"), [100, 415], False),
    "expects something else": (post(b"Content-Length: 3", b"Expect: 200-maybe", body=b"abc"), [415], False),
    "expects what is too large": (post(b"Content-Length: 9999999", b"Expect: 100-continue"), [413], True),
    "trace": (b"TRACE /version HTTP/1.1\r\nX-Secret: 52.5200N\r\n" + HOST + b"\r\n", [405], False),
    "connect": (b"CONNECT 10.0.0.1:80 HTTP/1.1\r\n" + HOST + b"\r\n", [404], False),
    "whole address": (get(b"http://evil.org/version"), [404], False),
    "star": (b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", [404], False),
    "HTTP/9.9": (get(b"/version", host=b"", version=b"9.9"), [400], False),
    "two slashes": (get(b"//evil.org/%2e%2e"), [404], False),
    "dots": (get(b"/static/../../settings.py"), [404], False),
    "encoded dots": (get(b"/static/..%2f..%2fsettings.py"), [404], False),
    "dots encoded twice": (get(b"/static/%252e%252e/settings.py"), [404], False),
    "null byte": (get(b"/static/index.html%00.png"), [404], False),
    "no UTF-8": (get(b"/static/%ff%fe"), [404], False),
    "bad escapes": (get(b"/static/%zz%"), [404], False),
    "long path": (get(b"/static/" + b"a/" * 3000), [404], False),
    "many ranges": (
        get(b"/static/index.html", b"Range: bytes=" + b"0-1," * 2000 + b"5-6"),
        [200, 206, 400, 416],
        False,
    ),
    "range behind the end": (get(b"/static/index.html", b"Range: bytes=99999999-"), [200, 416], False),
    "odd range": (get(b"/static/index.html", b"Range: bytes=a-b,-"), [200, 400, 416], False),
    "web socket": (get(b"/version", b"Connection: Upgrade", b"Upgrade: websocket"), [200], False),
    "HTTP/2 upgrade": (get(b"/version", b"Connection: Upgrade, HTTP2-Settings", b"Upgrade: h2c"), [200], False),
    "line feeds alone": (b"GET /version HTTP/1.1\nHost: 127.0.0.1\n\n", [200], False),
    "a thousand cookies": (get(b"/version", b"Cookie: " + b"; ".join(b"c%d=1" % k for k in range(1000))), [200], False),
    "lower case": (b"get /version HTTP/1.1\r\n" + HOST + b"\r\n", [405], False),
    "whole address as host": (get(b"/version", host=b"Host: http://127.0.0.1\r\n"), [400], False),
    "name before host": (get(b"/version", host=b"Host: a@127.0.0.1\r\n"), [400], False),
}


@pytest.mark.parametrize("name", WORKS)
def test_odd_requests(served: Served, name: str) -> None:
    """Each has one status, and the connection goes on with the next request, unless it ends."""
    data, expected, ends = WORKS[name]
    with served.connect() as connection:
        connection.sendall(data + (b"" if ends else NEXT))
        told, closed = received(connection, 5 if ends else 0.3)
    found = statuses(told)
    if not ends:
        assert found.pop() == 200 and told.rstrip().endswith(b'{"status":"live"}'), told[-300:]
    assert closed is ends
    assert found == expected or (found[0] in expected and len(found) == 1), told[:300]
    assert not leaks(told) and b"evil.org" not in told


def test_requests_one_behind_the_other(served: Served) -> None:
    """All are answered, in their order, each with its own body; a closed one ends the row."""
    urls = [b"/version", b"/health/live", b"/nowhere", b"/v1/parts"] * 25
    with served.connect() as connection:
        connection.sendall(b"".join(map(get, urls)) + get(b"/version", b"Connection: close") + NEXT)
        data, closed = received(connection, 10)
    assert closed and statuses(data) == [200, 200, 404, 200] * 25 + [200]


def test_a_request_inside_of_a_body_stays_there(served: Served) -> None:
    inner = post(b"Content-Length: 3", body=b"abc") + NEXT
    with served.connect() as connection:
        connection.sendall(
            post(b"Content-Length: %d" % len(inner), body=inner) + get(b"/nowhere", b"Connection: close")
        )
        data, _ = received(connection, 5)
    assert statuses(data) == [415, 404]


def test_a_body_behind_a_refusal_is_no_request(served: Served) -> None:
    """The reply comes before the body; what then arrives is thrown away as the body that it is."""
    with served.connect() as connection:
        connection.sendall(post(b"Content-Length: %d" % len(NEXT), url=b"/nowhere"))
        status, _ = answer(connection)
        connection.sendall(NEXT + get(b"/version", b"Connection: close"))
        data, _ = received(connection, 5)
    assert status == 404 and statuses(data) in ([200], []) and b"live" not in data


def test_a_body_that_breaks_after_its_answer(served: Served) -> None:
    with served.connect() as connection:
        connection.sendall(post(CHUNKED, body=b"3\r\nabc\r\n", url=b"/nowhere"))
        assert answer(connection)[0] == 404
        connection.sendall(b"zz\r\n" + NEXT)
        data, closed = received(connection, 5)
    assert closed and not data
    served.rows()


def test_heads_only(served: Served) -> None:
    for url in (b"/", b"/static/index.html", b"/health/live", b"/version", b"/v1/samples/family", b"/nowhere"):
        with served.connect() as connection:
            connection.sendall(b"HEAD " + url + b" HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n")
            data, _ = received(connection, 5)
        assert data.endswith(b"\r\n\r\n") and data.count(b"\r\n\r\n") == 1 and statuses(data)[0] in (200, 404, 405)


def test_every_bad_image_and_its_log(served: Served) -> None:
    """Decoders write to the process's own error stream; nothing of that may reach the log."""

    def attack() -> None:
        for name, (data, code) in bad_images().items():
            reply = served.client.post("/v1/parse", files={"photo": (f"{SECRET}.jpg", data, "image/jpeg")})
            assert reply.json()["code"] == code, name
        for data in list(two_faced().values())[::4]:
            reply = served.client.post("/v1/parse?masks=none", files={"photo": (f"{SECRET}.jpg", data)})
            assert reply.status_code == 200 and not leaks(reply.content)

    attack()
    with steady(served, megabytes=10):
        attack()
    served.rows()


def test_nothing_is_left(served: Served) -> None:
    with steady(served):
        for _ in range(2):
            for data in (*LIES.values(), *(row[0] for row in WORKS.values())):
                with served.connect() as connection:
                    try:
                        connection.sendall(data)
                        received(connection, 0.02)
                    except ConnectionError:
                        continue
    served.rows()
