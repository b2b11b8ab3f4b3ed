"""The web page's files as they go over a connection: compressed where allowed, kept by browsers, small."""

from __future__ import annotations

import gzip
import http.client
import re
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
import uvicorn
from api_client import Api, is_problem

from dressform.api.negotiate import takes_gzip
from dressform.api.page_files import PageFiles

STATIC = Path(__file__).parents[1] / "api" / "static"
MOST_BYTES = 60_000
SCRIPT = "/static/js/main.js"
_HTML = re.compile(r'(?:src|href)="([^"#?]+)')
_SCRIPT = re.compile(r'\b(?:from|import)\s*"(\.{0,2}/[^"\s]+)"')
_LATER = re.compile(r'\bimport\s*\(\s*"(\.{0,2}/[^"\s]+)"')
_LANGUAGE = re.compile(r"/([a-z]{2})(?:-\w+)?\.js")  # scripts that only those who read it load
_OTHER = re.compile(r"""(?:url\(\s*["']?|(?:src|href)\s*[=:]\s*["'`])([^"'`)#?]+\.[a-z]+)""")


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with Api() as running:
        yield running


@pytest.fixture(scope="module")
def port(api: Api) -> Iterator[int]:
    config = uvicorn.Config(api.app, port=0, lifespan="off", log_config=None, server_header=False, http="h11")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(10)


class Reply:
    """As it came over the connection, nothing unpacked."""

    def __init__(self, port: int, url: str, method: str = "GET", **headers: str) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        connection.request(method, url, headers={name.replace("_", "-"): value for name, value in headers.items()})
        reply = connection.getresponse()
        self.status, self.headers, self.body = reply.status, reply.headers, reply.read()
        connection.close()

    @property
    def text(self) -> str:
        packed = self.headers["content-encoding"] == "gzip"
        return (gzip.decompress(self.body) if packed else self.body).decode("utf-8", "replace")


def pulled_in(url: str, text: str) -> set[str]:
    """Addresses of the files that one names."""
    pattern = _HTML if url == "/" else _SCRIPT if url.endswith(".js") else _OTHER
    found = set(pattern.findall(text)) | set(_OTHER.findall(text))
    return {urljoin(url, one) for one in found if not one.startswith(("http", "data:", "blob:", "${"))}


def loaded(port: int, sizes: dict[str, int], *first: str) -> set[str]:
    """Loads files and all that they cannot do without; returns what they load when it is needed."""
    ahead, later = set(first), set()
    while ahead:
        url = ahead.pop()
        if url in sizes or not (url == "/" or url.startswith("/static/")):
            continue
        reply = Reply(port, url, Accept_Encoding="gzip, deflate, br")
        assert reply.status == 200, url
        sizes[url] = len(reply.body)
        assert int(reply.headers["content-length"]) == len(reply.body)
        if not url.endswith((".webp", ".png")):
            ahead |= pulled_in(url, reply.text)
            later |= {urljoin(url, one) for one in _LATER.findall(reply.text)}
    return later


def test_the_first_load_is_small(port: int) -> None:
    """The page in any one language; what is loaded with a photo comes later."""
    base: dict[str, int] = {}
    later = loaded(port, base, "/")
    assert {SCRIPT, "/static/css/base.css"} <= set(base)
    of_language: dict[str, set[str]] = {}
    for url in later:
        if found := _LANGUAGE.search(url):
            of_language.setdefault(found[1], set()).add(url)
    assert not later or {"en", "zh"} <= of_language.keys()
    for language, urls in of_language.items():
        sizes = dict(base)
        loaded(port, sizes, *urls)
        assert sum(sizes.values()) <= MOST_BYTES, (language, sum(sizes.values()), sizes)
    loaded(port, dict(base), *later)  # all of it can be had
    assert sum(base.values()) <= MOST_BYTES


def test_every_file_that_is_shipped_can_be_had(port: int) -> None:
    for path in sorted(path for path in STATIC.rglob("*") if path.is_file()):
        url = f"/static/{path.relative_to(STATIC).as_posix()}"
        for accept in ("gzip", "identity"):
            reply = Reply(port, url, Accept_Encoding=accept)
            packed = reply.headers["content-encoding"] == "gzip"
            assert (gzip.decompress(reply.body) if packed else reply.body) == path.read_bytes(), url
            assert not packed or (accept == "gzip" and len(reply.body) < path.stat().st_size)


@pytest.mark.parametrize("url", ["/", SCRIPT, "/static/css/base.css", "/static/icons.svg"])
def test_both_ways(port: int, url: str) -> None:
    plain, packed = Reply(port, url), Reply(port, url, Accept_Encoding="gzip")
    assert plain.headers["content-encoding"] is None and packed.headers["content-encoding"] == "gzip"
    assert plain.text == packed.text and len(packed.body) < len(plain.body)
    assert packed.body == Reply(port, url, Accept_Encoding="gzip").body
    for reply in (plain, packed):
        assert reply.status == 200 and int(reply.headers["content-length"]) == len(reply.body)
        assert reply.headers["vary"] == "Accept-Encoding" and reply.headers["cache-control"] == "no-cache"
        assert "script-src 'self'" in reply.headers["content-security-policy"]
        assert reply.headers["content-type"] == plain.headers["content-type"]
    assert plain.headers["etag"] != packed.headers["etag"]


@pytest.mark.parametrize("url", ["/", SCRIPT])
@pytest.mark.parametrize("accept", ["identity", "gzip"])
def test_what_a_browser_has_is_not_sent_again(port: int, url: str, accept: str) -> None:
    tag = Reply(port, url, Accept_Encoding=accept).headers["etag"]
    for known in (tag, f'"x", W/{tag}', "*"):
        again = Reply(port, url, Accept_Encoding=accept, If_None_Match=known)
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["vary"] == "Accept-Encoding" and again.headers["content-encoding"] is None
    other = Reply(port, url, Accept_Encoding="gzip" if accept == "identity" else "identity", If_None_Match=tag)
    assert other.status == 200  # the other form is another one
    assert Reply(port, url, Accept_Encoding=accept, If_None_Match='"old"').status == 200


@pytest.mark.parametrize("accept", ["identity", "gzip"])
def test_head(port: int, accept: str) -> None:
    whole, head = (Reply(port, SCRIPT, method, Accept_Encoding=accept) for method in ("GET", "HEAD"))
    assert head.status == 200 and head.body == b""
    for name in ("content-length", "content-type", "etag", "vary", "content-encoding"):
        assert head.headers[name] == whole.headers[name]
    assert int(head.headers["content-length"]) == len(whole.body)
    assert Reply(port, SCRIPT, "POST").status == 405


@pytest.mark.parametrize(
    ("accept", "wanted"),
    [
        ("", False), ("gzip", True), ("GZip ; Q=0.5", True), ("x-gzip", True), ("*", True), ("br, deflate", False),
        ("gzip;q=0", False), ("gzip; q = 0", False), ("gzip;q=0.000", False), ("*;q=0", False), ("*, gzip;q=0", False),
        ("gzip;q=0, *", False), ("identity, gzip;q=0.5", False), ("identity;q=0.5, gzip", True), ("gzip;q=nan", False),
        ("gzip;q=-1", False), ("gzip;q=oops", False), ("gzip;q=", False), ("br;q=1, gzip;q=0.1", True),
        (";;,,=", False),
        (", " * 100_000 + "gzip", False),
    ],
)  # fmt: skip
def test_who_gets_gzip(accept: str, wanted: bool) -> None:
    assert takes_gzip(accept) is wanted


def test_no_gzip_where_it_is_refused(port: int) -> None:
    reply = Reply(port, SCRIPT, Accept_Encoding="gzip;q=0, *;q=0.5")
    assert reply.headers["content-encoding"] is None and reply.body == (STATIC / "js" / "main.js").read_bytes()


@pytest.mark.parametrize(
    "name",
    [
        "nowhere.js", "", "/", "js", "js/", "../app.py", "%2e%2e/app.py", "js/..%2f..%2fapp.py", "..%5capp.py",
        ".hidden", "C:/x", "js//main.js", "/etc/passwd", "x" * 5000, "a/" * 500, "index.html%00.js", "main.js ",
    ],
)  # fmt: skip
def test_nothing_else_can_be_had(api: Api, name: str) -> None:
    is_problem(api.get(f"/static/{name}"), "not-found", 404)


def test_a_file_that_changes_is_read_anew(tmp_path: Path) -> None:
    files = PageFiles(tmp_path)
    assert files.get("a.txt") is None
    (tmp_path / "a.txt").write_text("one")
    first = files.get("a.txt")
    (tmp_path / "a.txt").write_text("other")
    second = files.get("a.txt")
    assert first is not None and second is not None and first.tag != second.tag and second.plain == b"other"
    (tmp_path / "a.txt").unlink()
    assert files.get("a.txt") is None


def test_replies_about_photos_are_never_compressed(api: Api) -> None:
    for url in ("/version", "/v1/styles", "/v1/nothing"):
        assert "content-encoding" not in api.get(url, headers={"Accept-Encoding": "gzip"}).headers
