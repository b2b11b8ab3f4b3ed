"""Values meant to break something: JSON that is deep, wide or no JSON, numbers that are none, lists without end."""

from __future__ import annotations

import base64
import json
import random
import time
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from api_client import Api, encoded, is_problem, jpeg
from api_hostile_files import SECRET, bad_images, leaks, watched
from test_avatar_spec_file import test_what_is_no_json_is_refused as no_json

JPEG = {"Content-Type": "image/jpeg"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with Api(max_body=8 << 20, max_batch_body=16 << 20, log_format="json") as running, watched(running):
        yield running


@pytest.fixture(scope="module")
def spec(api: Api) -> dict[str, Any]:
    reply = api.post("/v1/avatar?format=json", files={"photo": jpeg()})
    return dict(reply.json()["avatars"][0]["spec"])


def texts() -> list[str]:
    given = [row for mark in no_json.pytestmark if mark.name == "parametrize" for row in mark.args[1]]
    given = [text for text in given if isinstance(text, str) and text]
    return [
        *given, "[" * 1_900_000, '{"a":' * 300_000, "[" + "[]," * 600_000 + "[]]", '"' + "\\u0000" * 300_000 + '"',
        "[" + "1e999," * 10 + "1]",
        '{"format":"dressform-avatar","version":NaN}', "9" * 1_000_000, "-" * 100, "\ufeff{}",
        '{"format":"dressform-avatar","version":1,"version":1}', '{"format":"dressform-avatar","version":1e400}',
        '{"__proto__":{}}', '{"__class__":"os.system"}', "!!python/object:os.system", "{'a': 1}", "NaN", "Infinity",
        "{" + ",".join(f'"{k}":0' for k in range(100_000)) + "}", '{"a":"\\ud800"}', '{"\\ud800":1}', "\x00", "nul",
    ]  # fmt: skip


BAD_JSON = texts()


def test_specs_that_are_none(api: Api) -> None:
    for text in BAD_JSON:
        began = time.monotonic()
        reply = api.post("/v1/avatar", files={"avatar_spec": (None, text)})
        is_problem(reply, "bad-parameter" if len(text.encode()) <= 2_100_000 else "bad-request", 400)
        assert len(reply.content) < 3000 and time.monotonic() - began < 5, text[:50]
    data = b'--e\r\nContent-Disposition: form-data; name="avatar_spec"\r\n\r\n\xff\xfe{\xc3\r\n--e--\r\n'
    reply = api.post("/v1/avatar", content=data, headers={"Content-Type": "multipart/form-data; boundary=e"})
    is_problem(reply, "bad-parameter", 400)


def paths(value: Any, place: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Places of all values in a document."""
    yield place
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, inner in items:
        yield from paths(inner, (*place, key))


def test_specs_with_any_value_anywhere(api: Api, spec: dict[str, Any]) -> None:
    chance = random.Random(5)
    places = [place for place in paths(spec) if place]
    values: list[Any] = [
        None, True, -1, 10**400, 1e308, -1e308, float("nan"), float("inf"), "", "x" * 1000, "\ud800", "#12345g", [], {},
        [[]], {"a": {}}, "</svg><script>alert(1)</script>", "url(file:///etc/passwd)", "&amp;xxe;", SECRET, [0] * 3000,
        {"x" * 100: 1}, "M0 0" + "L1 1" * 5000, "\u202e", "../../etc/passwd", 0.1, 2**63,
    ]  # fmt: skip
    seen = set()
    for _ in range(80):
        document = json.loads(json.dumps(spec))
        *upper, last = chance.choice(places)
        holder = document
        for key in upper:
            holder = holder[key]
        holder[last] = chance.choice(values)
        text = json.dumps(document)
        reply = api.post("/v1/avatar", files={"avatar_spec": (None, text)}, data={"size": "16", "format": "svg"})
        seen.add(reply.status_code)
        assert reply.status_code in (200, 400, 422), (upper, last, holder[last], reply.text[:500])
        assert (b"<script" not in reply.content and b"/etc/passwd" not in reply.content) or reply.status_code == 400
        assert len(reply.content) < 200_000
    assert {200, 400} <= seen


BOMBS = {
    "deep": b"[" * 7_000_000,
    "deep objects": b'{"a":' * 1_000_000,
    "wide": b'{"image":[' + b"[]," * 2_500_000 + b"0]}",
    "keys": b"{" + b",".join(b'"%d":0' % k for k in range(500_000)) + b"}",
    "wide in UTF-16": ('{"image":[' + "{}," * 500_000 + "0]}").encode("utf-16"),
    "long number": b'{"image":' + b"9" * 7_000_000 + b"}",
    "long fraction": b'{"image":0.' + b"9" * 7_000_000 + b"}",
    "half a character": b'{"image":"\\ud800"}',
    "not a number": b'{"image":NaN}',
    "twice": b'{"image":"AAAA","image":"AAAA"}',
    "a list of lists": b'{"image":[[["AAAA"]]]}',
    "an object": b'{"image":{"a":1}}',
    "null": b"null",
    "no UTF-8": b'{"image":"\xff\xfe"}',
    "an address": b'{"image":"file:///etc/passwd"}',
    "padding": b'{"image":"' + b"=" * 5_000_000 + b'"}',
    "spaces": b'{"image":"' + b" " * 5_000_000 + b'"}',
    "endless prefix": b'{"image":"' + b"data:" * 1_000_000 + b'"}',
}


@pytest.mark.parametrize("name", BOMBS)
@pytest.mark.parametrize("url", ["/api/parse", "/batch_parse"])
def test_json_of_older_clients(api: Api, url: str, name: str) -> None:
    began = time.monotonic()
    reply = api.post(url, content=BOMBS[name], headers=JSON)
    assert reply.json()["code"] or reply.json()["result"][0]["code"], reply.text
    assert reply.status_code in (200, 400, 413, 415) and len(reply.content) < 2000
    assert time.monotonic() - began < 5, "the event loop stood still"


def test_json_takes_little_memory(api: Api) -> None:
    """A list of nothing is 2 bytes of text and 60 of memory."""
    for name, data in BOMBS.items():
        tracemalloc.start()
        try:
            api.post("/api/parse", content=data, headers=JSON)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        assert peak < 8 * len(data) + 10e6, f"{name}: {peak / 1e6:.0f} MB"


def test_many_photos_of_older_clients(api: Api) -> None:
    bad = base64.b64encode(bad_images()["zip"][0]).decode()
    reply = api.post("/batch_parse", json={"images": [bad] * 1000})
    assert reply.json()["code"] == 413
    reply = api.post("/batch_parse", files=[("images", b"x")] * 1000)
    assert reply.json()["code"] == 413


SWAPS = [
    *BAD_JSON, "[]", "[[]]", "[null]", "[1]", '"x"', "{}", "[{}]", '[{"color":"#ff0000","color":"#00ff00"}]',
    json.dumps([{"color": "#ff0000"}] * 17), json.dumps([{"color": "#ff0000"}] * 3000), '[{"color":NaN}]',
    '[{"folds":1e999}]',
    '[{"fabric":"tartan","repeat_cm":NaN}]', '[{"fabric":"tartan","repeat_cm":Infinity}]', '[{"color":["#ff0000"]}]',
    '[{"color":{"a":1}}]', '[{"fabric":"../../etc/passwd"}]', '[{"tile":"../../etc/passwd"}]', '[{"tile":"photo"}]',
    '[{"tile":"nowhere"}]', '[{"tile":"a b"}]', '[{"tile":"\\u202e"}]', '[{"tile":""}]', '[{"__class__":"x"}]',
    '[{"color":"#ff0000","person":' + "9" * 5000 + "}]", '[{"color":"#ff0000","person":true}]',
    '[{"photo_url":"https://x.org/"}]',
    '[{"color":"#ff0000","swaps":[{"color":"#00ff00"}]}]', '[{"color":"\\ud800"}]', '[{"\\ud800":1}]',
    '[{"color":"\\u0000"}]',
    '[{"color":"#ff0000","region":"<script>alert(1)</script>"}]', '[{"from_key":"' + "0" * 64 + '","from_person":1}]',
]  # fmt: skip


def test_swaps_that_are_none(api: Api) -> None:
    key = api.key(jpeg())
    for text in SWAPS:
        began = time.monotonic()
        reply = api.post("/v1/try-on", files={"tile_1": encoded("PNG")}, data={"photo_key": key, "swaps": text})
        assert reply.status_code in (400, 404), (text[:100], reply.text[:500])
        assert reply.json()["code"] in ("bad-parameter", "bad-request", "expired"), (text[:100], reply.text)
        assert len(reply.content) < 3000 and not leaks(reply.content) and time.monotonic() - began < 5


NUMBERS = [
    "1e999", "-1e999", "nan", "NaN", "inf", "-inf", "Infinity", "9" * 5000, "1e-9999", "0x10", "1_000", "١٢", "½", "²",
    "1" + "0" * 400, "--1", "1.2.3", "1,5", " ", "\x00", "null", "[]", "{}", "1;2", "1\n2", "true", "-0", "1e400",
]  # fmt: skip


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("/v1/parse", ["person"]),
        ("/v1/avatar", ["size", "seed", "person"]),
        ("/v1/stages", ["person", "bend", "max_side"]),
        ("/v1/try-on?color=red", ["person", "folds", "weave", "exposure", "roundness", "delight", "max_side"]),
        ("/v1/try-on?fabric=tartan", ["repeat_cm", "repeat", "angle", "drop", "offset_x", "offset_y"]),
    ],
)
def test_numbers_that_are_none(api: Api, url: str, names: list[str]) -> None:
    key = api.key(jpeg())
    for name in names:
        for value in NUMBERS:
            reply = api.post(url, data={name: value, "photo_key": key})
            assert reply.status_code in (200, 201, 400, 422), (name, value, reply.text)
            assert reply.status_code < 400 or reply.json()["code"] in ("bad-parameter", "no-such-person", "cannot-do")
            assert reply.status_code < 400 or len(reply.content) < 3000
            for word in ("nan", "inf"):  # neither may ever get as far as the work
                assert reply.status_code >= 400 or word not in value.lower(), (name, value)


@pytest.mark.parametrize(
    "fields",
    [
        {"style": ",".join(["flat"] * 5000)},
        {"style": "all", "format": "zip", "formats": ",".join(["png"] * 5000)},
        {"person": ",".join(["1-999999"] * 50)},
        {"person": "1-999999", "format": "zip"},
        {"add": ",".join(["hat:beanie"] * 5000)},
        {"set": [f"hair.color=#{k:06x}" for k in range(150)]},
        {"set": "hair.color=" + "x" * 100_000},
        {"set": "__class__.__init__=1"},
        {"add": "hat:../../etc/passwd"},
        {"style": "../../etc/passwd"},
        {"background": "url(http://evil.org/x)"},
        {"background": "x" * 10_000},
        {"format": "png/../../x"},
        {"format": "x" * 10_000},
    ],
)
def test_lists_and_names_that_lead_nowhere(api: Api, fields: dict[str, Any]) -> None:
    reply = api.post("/v1/avatar", data={**fields, "photo_key": api.key(jpeg())})
    assert reply.status_code in (400, 406, 422), reply.text
    assert len(reply.content) < 3000 and not leaks(reply.content) and b"Traceback" not in reply.content


@pytest.mark.parametrize(
    "path",
    [
        "/v1/fabrics/..%2f..%2f..%2fetc%2fpasswd", "/v1/fabrics/%2e%2e", "/v1/fabrics/tartan%00", "/v1/fabrics/TARTAN/",
        "/v1/samples/..%2f..%2fsettings.py", "/v1/samples/%252e%252e%252fx", "/v1/samples/family.jpg%00",
        "/v1/samples/",
        "/v1/jobs/..%2f..%2fetc", "/v1/jobs/" + "a" * 5000, "/v1/jobs/%ff%fe", "/v1/jobs/%00/events",
        "/v1/results/" + "0" * 64, "/v1/results/%00", "/v1/results/..%2f", "/v1/stages/%00", "/v1/stages/" + "x" * 5000,
        "/%2e%2e/%2e%2e/etc/passwd", "//evil.org/x", "/v1//parse", "/V1/styles", "/v1/styles/", "/%00", "/.git/config",
        "/static/..%2fsettings.py", "/static/%2e%2e/settings.py", "/static/%252e%252e/settings.py", "/static/..\\x.py",
        "/static/js/..%2f..%2f..%2fsettings.py", "/static/%00", "/static/index.html%00.js", "/static//etc/passwd",
        "/static",
        "/static/", "/static/js", "/static/js/", "/static/" + "a/" * 3000, "/static/" + "a" * 5000, "/static/%ff",
        "/static/%c0%ae%c0%ae/settings.py", "/static/....//....//settings.py", "/static/~root",
        "/static/js/%0d%0aX-Evil:1",
    ],
)  # fmt: skip
def test_paths_that_lead_nowhere(api: Api, path: str) -> None:
    for headers in ({}, {"Accept-Encoding": "gzip"}):
        reply = api.get(path, headers=headers)
        assert reply.status_code in (404, 405), reply.text[:200]
        assert b"root:" not in reply.content and b"class Settings" not in reply.content
        assert "location" not in reply.headers and "x-evil" not in reply.headers


@pytest.mark.parametrize("method", ["TRACE", "CONNECT", "PUT", "PATCH", "PROPFIND", "GET\x7f", "X" * 5000])
def test_methods(api: Api, method: str) -> None:
    reply = api.send(method, "/v1/parse", headers={"X-Secret": SECRET}, content=jpeg()).result(60)
    assert reply.status_code == 405 and not leaks(reply.content) and SECRET not in str(reply.headers)
    assert 'method="other"' in api.get("/metrics").text  # whatever it is called
    assert "PROPFIND" not in api.get("/metrics").text


def test_heads_that_are_answered_plainly(api: Api) -> None:
    for headers in (
        {"Accept": ",".join(["a/b;q=0.1"] * 1500)}, {"Accept": "*/*;q=nan"}, {"Accept": "image/png;q=inf"},
        {"Accept": "\xff"}, {"Prefer": ",".join(["x"] * 5000)}, {"Prefer": "respond-async;" * 1000, "Accept": "x/y"},
        {"If-None-Match": '"x",' * 3000}, {"Range": "bytes=0-0,1-1,2-2"}, {"Range": "bytes=" + "0-," * 2000},
        {"Cookie": "; ".join(f"c{k}={k}" for k in range(1000))}, {"X-Forwarded-For": "127.0.0.1," * 500},
        {"Authorization": "Bearer " + "x" * 9000}, {"Content-Length": "9" * 30}, {"X-Request-ID": "x" * 9000},
        {"X-Request-ID": "a\tb"}, {"Origin": "http://127.0.0.1:8000"}, {"Upgrade": "h2c", "Connection": "Upgrade"},
    ):  # fmt: skip
        raw = {name: value.encode("latin-1") for name, value in headers.items()}
        for url in ("/v1/styles", "/version", "/static/index.html"):
            reply = api.get(url, headers=raw)
            assert reply.status_code in (200, 206, 304, 404, 406, 416), (headers, reply.text[:200])
            assert len(reply.headers["x-request-id"]) == 36
    good = "01234567-89ab-cdef-0123-456789abcdef"
    assert api.get("/version", headers={"X-Request-ID": good}).headers["x-request-id"] == good
