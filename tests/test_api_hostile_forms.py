"""Forms that are damaged, endless or strange: a thousand at random, and every trick with a name."""

from __future__ import annotations

import random
import tempfile
import time
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from api_client import Api, encoded, is_problem, jpeg
from api_hostile_files import SECRET, leaks, linux_only, resident, watched

JPEG = {"Content-Type": "image/jpeg"}
PHOTO = encoded("PNG", np.zeros((8, 8, 3)))
Part = tuple[bytes, bytes]


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with Api(max_body=4 << 20, max_pixels=2_000_000, log_format="json") as running, watched(running):
        yield running


def part(name: bytes, data: bytes, *more: bytes, file: bytes | None = None) -> Part:
    head = b'Content-Disposition: form-data; name="' + name + b'"'
    head += b"" if file is None else b'; filename="' + file + b'"'
    return b"\r\n".join((head, *more)), data


def form(*parts: Part, edge: bytes = b"edge", end: bytes | None = None) -> bytes:
    body = b"".join(b"--" + edge + b"\r\n" + head + b"\r\n\r\n" + data + b"\r\n" for head, data in parts)
    return body + (b"--" + edge + b"--\r\n" if end is None else end)


GOOD = (part(b"masks", b"rle"), part(b"photo", PHOTO, b"Content-Type: image/png", file=b"a.png"))


def kind(edge: str = "edge", more: str = "") -> dict[str, str]:
    return {"Content-Type": f"multipart/form-data; boundary={edge}{more}"}


def test_a_good_form(api: Api) -> None:
    assert api.post("/v1/parse", content=form(*GOOD), headers=kind()).status_code == 200
    assert api.post("/v1/parse", content=form(*GOOD), headers=kind('"edge"', "; charset=UTF-8")).status_code == 200


def bytes_changed(chance: random.Random) -> tuple[bytes, str]:
    body = bytearray(form(*GOOD))
    for _ in range(chance.randint(1, 6)):
        at, size = chance.randrange(len(body)), chance.randint(1, 20)
        same = bytes(body[at : at + size])
        piece = chance.choice((b"", b"\r\n", b"--edge", b"--edge--\r\n", b"\0", chance.randbytes(1), same))
        body[at : at + chance.choice((0, len(piece), size))] = piece
    return bytes(body), "edge"


def structure_changed(chance: random.Random) -> tuple[bytes, str]:
    """Parts left out, doubled, swapped, nested, renamed; edges that are wrong, prefixes of each other, or missing."""
    edge = chance.choice(
        (b"edge", b"e", b"edge-", b"--edge", b"x" * 70, b"a'()+_,-./:=?z", b"%d" % chance.randrange(99))
    )
    parts = list(GOOD)
    for _ in range(chance.randint(1, 3)):
        at, (head, data) = chance.randrange(len(parts)), chance.choice(GOOD)
        inner = form(*GOOD, edge=chance.choice((edge, b"inner")))
        parts[at : at + chance.randint(0, 1)] = chance.choice(
            (
                [],
                [(head, data)] * chance.choice((2, 3, 250)),
                [(head.replace(b"\r\n", b"\n"), data)],
                [(head + b"\r\nContent-Type: multipart/mixed; boundary=inner", inner)],
                [(head + b"\r\nContent-Transfer-Encoding: base64", b"AAAA")],
                [(head + b"\r\nContent-Length: 99999999", data)],
                [(head + b"\r\n folded: yes\r\n: none\r\nno colon", data)],
                [(head.replace(b"name=", chance.choice((b"name*=utf-8''", b"Name=", b"name*0=", b"nam"))), data)],
                [(head.replace(b'"', chance.choice((b"", b"'", b'""', b'\\"'))), data)],
                [(head.replace(b"form-data", chance.choice((b"attachment", b"file", b""))), data)],
                [(b"", data)],
                [(head, b"--" + edge + b"\r\n" + data)],
            )
        ) or [GOOD[1]]
    chance.shuffle(parts)
    last = chance.choice((None, None, b"", b"--" + edge, b"--" + edge + b"-", b"\r\n", b"--" + edge + b"--" * 50))
    body = form(*parts, edge=edge, end=last)
    body = chance.choice((b"", b"", b"preamble\r\n", b"\r\n" * 50)) + body + chance.choice((b"", b"", b"epilogue" * 50))
    told = chance.choice((edge, edge, edge, edge, b"edge", edge + b"x", edge[:-1])).decode()
    return body, chance.choice((told, told, f'"{told}"'))


@pytest.mark.parametrize("change", [bytes_changed, structure_changed])
def test_a_thousand_broken_forms(api: Api, change) -> None:  # type: ignore[no-untyped-def]
    """The same ones each time. Every one has its answer, and never one that the service has to apologise for."""
    chance = random.Random(7)
    seen: dict[int, int] = {}
    for turn in range(500):
        body, edge = change(chance)
        reply = api.post("/v1/parse?masks=none" if turn % 2 else "/v1/parse", content=body, headers=kind(edge))
        seen[reply.status_code] = seen.get(reply.status_code, 0) + 1
        assert reply.status_code in (200, 400, 413, 415), (turn, body[:300], reply.text)
        assert reply.status_code == 200 or reply.json()["code"], reply.text
    assert api.service.budget.held == 0
    assert seen[400] > 50 and seen[200] > 10, seen  # neither all of them nor none gets through


@pytest.mark.parametrize(
    "name",
    [
        "punycode", "idna", "undefined", "unicode_escape", "raw_unicode_escape", "utf-7", "utf-16", "rot13", "zlib",
        "hex", "base64", "mbcs", "latin-1", "../../x", "__init__", "x" * 3000, "%00", '"', "utf-8-sig", "cp65001",
    ],
)  # fmt: skip
def test_character_sets(api: Api, name: str) -> None:
    """Python knows some that take minutes for a megabyte, and remembers every name that it was ever asked for."""
    import encodings

    known = len(encodings._cache)  # type: ignore[attr-defined]
    began = time.monotonic()
    body = form(part(b"masks", b"\\ud800+2AA-" + b"a9" * 500_000), GOOD[1])
    reply = api.post("/v1/parse", content=body, headers=kind(more=f"; charset={name}"))
    assert reply.status_code in (400, 415) and time.monotonic() - began < 5
    if name not in ("%00", '"'):
        is_problem(reply, "body-format", 415)
    assert len(encodings._cache) == known  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        (form(*[part(b"a", b"")] * 50_000), {"bad-request"}),
        (form(*[part(b"", b"", file=b"")] * 60_000), {"too-many-files"}),
        (form(*[part(b"photo", b"x", file=b"x")] * 1100), {"too-many-files"}),
        (form(*[part(b"photo", b"x", file=b"x")] * 2), {"too-many-files"}),
        (form(*[part(b"masks", b"rle")] * 2, GOOD[1]), {"bad-parameter"}),
        (form(part(b"photo", b"x"), GOOD[1]), {"bad-parameter"}),
        (form(part(b"photo", b"", b"a: b\r\n" * 400_000, file=b"x")), {"bad-request"}),
        (form(part(b"photo", b"", file=b"x" * 3_000_000)), {"bad-request"}),
        (form(part(b"x" * 3_000_000, b"")), {"bad-request"}),
        (form(part(b"masks", b"x" * 3_000_000), GOOD[1]), {"bad-request"}),
        (form((b'Content-Disposition: form-data; name="' + b'\\"' * 1_000_000, b"")), {"bad-request"}),
        (form((b"Content-Disposition: form-data" + b"; a=b" * 500_000, b"")), {"bad-request"}),
        (form((b"Content-Disposition: form-data" + b"; name*1*=b" * 300, b"")), {"bad-request"}),
        (form((b"X: y", PHOTO)), {"bad-request"}),
        (form((b"", PHOTO)), {"bad-request"}),
        (form(part(b"photo", b"\r\n--edg" * 500_000, file=b"x")), {"image-format"}),
        (form(part(b"photo", b"\r" * 3_900_000, file=b"x")), {"image-format"}),
        (form(part(b"photo", b"-" * 3_900_000, file=b"x")), {"image-format"}),
        (form(part(b"photo", form(*GOOD, edge=b"in"), b"Content-Type: multipart/mixed; boundary=in", file=b"x")),
         {"image-format"}),
        (b"\r\n" * 1_900_000, {"bad-request", "bad-parameter"}),
        (form(*GOOD, end=b""), {"bad-parameter", "bad-request"}),
        (form(*GOOD, end=b"--edge"), {"bad-parameter", "bad-request"}),
        (form(*GOOD, edge=b"other"), {"bad-request"}),
        (b"--edge--\r\n", {"bad-parameter"}),
        (b"", {"bad-parameter", "bad-request"}),
        (b"x", {"bad-request"}),
        (b"--edge\r\n\r\nx\r\n--edge--\r\n", {"bad-request"}),
        (form((b"Content-Disposition: form-data", b"x")), {"bad-request"}),
    ],
)  # fmt: skip
def test_forms_with_a_trick(api: Api, body: bytes, codes: set[str]) -> None:
    began = time.monotonic()
    reply = api.post("/v1/parse", content=body, headers=kind())
    assert reply.json()["code"] in codes, reply.text
    assert time.monotonic() - began < 5, "the event loop stood still"


@pytest.mark.parametrize("edge", ["", '"edge', "e" * 5000, "a;b", "*", "edge; boundary=other", "\\", "%65dge", "édge"])
def test_edges(api: Api, edge: str) -> None:
    headers = {"Content-Type": kind(edge)["Content-Type"].encode("latin-1")}
    reply = api.post("/v1/parse", content=form(*GOOD), headers=headers)
    is_problem(reply, "bad-request", 400)


@pytest.mark.parametrize(
    ("what", "body", "code"),
    [
        ("multipart/form-data", b"x", "bad-request"),
        ("multipart/mixed; boundary=edge", form(*GOOD), "body-format"),
        ("application/json", b'{"image": "x"}', "body-format"),
        ("text/plain", b"x", "body-format"),
        ("text/html", b"<script>", "body-format"),
        ("application/xml", b"<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]><x>&a;</x>", "body-format"),
        ("", b"x", "body-format"),
        ("image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>", "image-format"),
        ("image/", b"x", "image-format"),
        ("application/x-www-form-urlencoded", b"photo=x", "bad-parameter"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % k for k in range(300)), "bad-request"),
        ("application/x-www-form-urlencoded", b"&" * 1_000_000, "bad-parameter"),
        ("application/x-www-form-urlencoded", b"a=%ff%fe%00" * 200_000, "bad-request"),
        ("application/x-www-form-urlencoded", b"%" * 3_000_000, "bad-request"),
        ("application/x-www-form-urlencoded", b"masks=rle&masks=png", "bad-parameter"),
        ("application/x-www-form-urlencoded", b"photo_key=" + b"0" * 1_000_000, "bad-parameter"),
        ("image/jpeg", b"", "bad-parameter"),
    ],
)
def test_bodies_that_are_none(api: Api, what: str, body: bytes, code: str) -> None:
    is_problem(api.post("/v1/parse", content=body, headers={"Content-Type": what}), code)


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "identity, gzip", "x", "GZIP"])
def test_compressed_bodies_are_refused(api: Api, coding: str) -> None:
    reply = api.post("/v1/parse", content=zlib.compress(bytes(9_000_000)), headers={**JPEG, "Content-Encoding": coding})
    is_problem(reply, "body-format", 415)


def test_bodies_that_are_too_large(api: Api) -> None:
    large = b"\xff\xd8\xff" + bytes(4 << 20)
    document = is_problem(api.post("/v1/parse", content=large, headers=JPEG), "body-too-large", 413)
    assert document["allowed"] == f"up to {4 << 20} bytes"
    is_problem(api.post("/v1/parse", files={"photo": large}), "body-too-large", 413)

    async def pieces():  # type: ignore[no-untyped-def]
        for _ in range(100):
            yield bytes(1 << 16)

    is_problem(api.post("/v1/parse", content=pieces(), headers=JPEG), "body-too-large", 413)
    assert api.service.budget.held == 0


def test_names_of_parts_and_parameters_are_repeated_in_json_only(api: Api) -> None:
    evil = f"<script>\r\nX-Evil: 1 {SECRET}"
    for reply in (
        api.post("/v1/parse", params={evil: "1"}, content=jpeg(), headers=JPEG),
        api.post("/v1/parse", params={"masks": evil}, content=jpeg(), headers=JPEG),
        api.post("/v1/parse", files={"photo": jpeg()}, data={evil: "1"}),
        api.post("/v1/parse", files={evil: jpeg()}),
        api.post("/v1/parse", params={"\u202e\ufeff" * 3000: "1"}, content=jpeg(), headers=JPEG),
    ):
        document = is_problem(reply, "bad-parameter", 400)
        assert "x-evil" not in reply.headers and reply.headers["content-type"] == "application/problem+json"
        assert all(len(row["parameter"]) <= 60 for row in document["errors"]) and len(reply.content) < 3000


def test_a_thousand_parameters(api: Api) -> None:
    many = "&".join(f"a{k}={k}" for k in range(1000))
    document = is_problem(api.post(f"/v1/parse?{many}", content=jpeg(), headers=JPEG), "bad-parameter", 400)
    assert len(document["errors"]) <= 20
    document = is_problem(api.post("/v1/parse?" + "masks=rle&" * 1000, content=jpeg(), headers=JPEG), "bad-parameter")
    assert api.get(f"/v1/styles?{many}").status_code == 200


def test_nothing_is_written_to_disk(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (3000, 120, 3))
    photo = encoded("PNG", noise)  # above what Starlette would keep in memory
    assert len(photo) > 1 << 20

    def refuse(*_: object, **__: object) -> None:
        pytest.fail("a temporary file was made")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)
    assert api.post("/v1/parse", files={"photo": photo}).status_code == 200


@linux_only
def test_memory_stays_after_broken_forms(api: Api) -> None:
    def attack(turns: int) -> None:
        chance = random.Random(3)
        for turn in range(turns):
            body, edge = structure_changed(chance)
            reply = api.post("/v1/parse?masks=none", content=body, headers=kind(edge))
            assert not leaks(reply.content)
            if not turn % 10:
                api.post("/v1/parse", content=form(part(b"masks", bytes(1_000_000))), headers=kind())

    attack(100)
    before = resident()
    attack(200)
    assert resident() < before + 12e6, f"{(resident() - before) / 1e6:.1f} MB more"
