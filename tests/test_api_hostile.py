"""Hostile uploads: bombs, polyglots, damaged forms, injections. Always a status of its own, never a crash or a leak."""

from __future__ import annotations

import io
import random
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Iterator

import numpy as np
import pytest
from api_client import Api, encoded, is_problem, jpeg
from test_image_damage import SEEDS

JPEG = {"Content-Type": "image/jpeg"}


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with Api(max_body=1 << 20, max_pixels=2_000_000, body_seconds=5) as running:
        yield running
        assert running.idle()


def png_header(width: int, height: int) -> bytes:
    """A PNG that says it is large and holds nothing."""
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = [(b"IHDR", head), (b"IDAT", zlib.compress(b"\0" * 100)), (b"IEND", b"")]
    chunks = [
        struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body)) for kind, body in rows
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


def zip_bomb() -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("x.jpg", b"\0" * 10_000_000)
    return stream.getvalue()


HOSTILE = {
    "empty file": (b"", "image-damaged"),
    "zip": (zip_bomb(), "image-format"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "image-format"),
    "html": (b"<!doctype html><script>alert(1)</script>", "image-format"),
    "gif": (b"GIF89a\x01\0\x01\0\0\0\0;", "image-format"),
    "pdf": (b"%PDF-1.7", "image-format"),
    "php after gif": (b"GIF89a<?php system($_GET[0]);", "image-format"),
    "text": (b"just text", "image-format"),
    "huge png": (png_header(60_000, 60_000), "image-too-large"),
    "overflowing png": (png_header(2**31 - 1, 2**31 - 1), "image-too-large"),
    "cut jpeg": (jpeg()[:1000], "image-damaged"),
    "jpeg mark only": (b"\xff\xd8\xff", "image-damaged"),
    "tiff mark only": (b"II*\0", "image-damaged"),
    "webp mark only": (b"RIFF\0\0\0\0WEBP", "image-damaged"),
    "heic mark only": (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", None),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files(api: Api, name: str) -> None:
    data, code = HOSTILE[name]
    for url in ("/v1/parse", "/v1/avatar", "/v1/stages"):
        reply = api.post(url, files={"photo": ("x.jpg", data, "image/jpeg")})
        assert 400 <= reply.status_code < 500, reply.text
        if code is not None:
            is_problem(reply, code)
    assert api.post("/api/parse", files={"image": ("x.jpg", data)}).json()["code"] >= 400


@pytest.mark.parametrize("kind", SEEDS)
@pytest.mark.filterwarnings("ignore")
def test_cut_files_of_every_format(api: Api, kind: str) -> None:
    data = SEEDS[kind]
    for end in range(1, len(data), max(1, len(data) // 8)):
        reply = api.post("/v1/parse", content=data[:end], headers={"Content-Type": "application/octet-stream"})
        assert reply.status_code in (200, 400, 413, 415), reply.text
    assert api.post("/v1/parse", content=data, headers=JPEG).status_code == 200


def test_a_jpeg_that_is_a_page_too(api: Api) -> None:
    reply = api.post("/v1/parse", content=jpeg() + b"<html><script>alert(1)</script>", headers=JPEG)
    assert reply.status_code == 200 and b"alert" not in reply.content
    assert reply.headers["x-content-type-options"] == "nosniff"


def test_bodies_that_are_too_large(api: Api) -> None:
    large = b"\xff\xd8\xff" + bytes(1 << 20)
    document = is_problem(api.post("/v1/parse", content=large, headers=JPEG), "body-too-large", 413)
    assert document["allowed"] == f"up to {1 << 20} bytes"
    is_problem(api.post("/v1/parse", files={"photo": large}), "body-too-large", 413)

    async def pieces():  # type: ignore[no-untyped-def]
        for _ in range(40):
            yield bytes(1 << 16)

    is_problem(api.post("/v1/parse", content=pieces(), headers=JPEG), "body-too-large", 413)
    assert api.service.budget.held == 0


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        ("multipart/form-data", b"x", "bad-request"),
        ("multipart/form-data; boundary=b", b"nonsense", "bad-request"),
        ("multipart/form-data; boundary=b", b"--b\r\n\r\nx\r\n--b--\r\n", "bad-request"),
        (
            "multipart/form-data; boundary=b",
            b"--b\r\nContent-Disposition: form-data\r\n\r\nx\r\n--b--\r\n",
            "bad-request",
        ),
        ("application/json", b'{"image": "x"}', "body-format"),
        ("text/plain", b"x", "body-format"),
        ("", b"x", "body-format"),
        ("application/x-www-form-urlencoded", b"photo=x", "bad-parameter"),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % k for k in range(300)), "bad-request"),
        ("image/jpeg", b"", "bad-parameter"),
    ],
)
def test_bodies_that_are_none(api: Api, kind: str, body: bytes, code: str) -> None:
    is_problem(api.post("/v1/parse", content=body, headers={"Content-Type": kind}), code)


def test_compressed_bodies_are_refused(api: Api) -> None:
    reply = api.post("/v1/parse", content=zlib.compress(b"x"), headers={**JPEG, "Content-Encoding": "gzip"})
    is_problem(reply, "body-format", 415)


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a\r\nSet-Cookie: x=1", 'x"; filename="y', "\x00", "<script>.jpg", "ü" * 5000]
)
def test_names_of_files_are_not_even_read(api: Api, name: str) -> None:
    reply = api.post("/v1/parse", files={"photo": (name, jpeg(), "image/jpeg")})
    assert reply.status_code in (200, 400), reply.text
    assert "set-cookie" not in reply.headers and "passwd" not in reply.text and "<script>" not in reply.text
    assert all("passwd" not in value for value in reply.headers.values())


def test_names_of_parameters_are_repeated_in_json_only(api: Api) -> None:
    reply = api.post("/v1/parse?%3Cscript%3E%0D%0AX-Evil:%201=1", content=jpeg(), headers=JPEG)
    is_problem(reply, "bad-parameter", 400)
    assert "x-evil" not in reply.headers


def test_request_ids_cannot_inject(api: Api) -> None:
    good = "01234567-89ab-cdef-0123-456789abcdef"
    assert api.get("/version", headers={"X-Request-ID": good}).headers["x-request-id"] == good
    for bad in ("x" * 5000, "a b", "<script>"):
        assert api.get("/version", headers={"X-Request-ID": bad}).headers["x-request-id"] != bad


def test_too_many_parts(api: Api) -> None:
    is_problem(api.post("/v1/parse", files=[("photo", b"x")] * 2), "too-many-files", 413)
    is_problem(api.post("/v1/parse", files=[("photo", b"x")] * 1100), "too-many-files", 413)
    is_problem(api.post("/v1/parse", files={"photo": jpeg(), "extra": b"x"}), "bad-parameter", 400)


def test_addresses_are_not_fetched_unless_allowed(api: Api) -> None:
    is_problem(api.post("/v1/parse", data={"photo_url": "https://example.org/x.jpg"}), "forbidden", 403)
    with Api(allow_urls=True) as open_api:
        for url in ("http://example.org/", "https://127.0.0.1/", "https://[::ffff:10.0.0.1]/"):
            is_problem(open_api.post("/v1/parse", data={"photo_url": url}), "forbidden", 403)


def test_a_thousand_broken_forms(api: Api) -> None:
    """Bytes of a good form changed, cut or doubled at random, always the same ones."""
    chance = random.Random(7)
    photo = encoded("PNG", np.zeros((8, 8, 3)))
    good = (
        b'--edge\r\nContent-Disposition: form-data; name="masks"\r\n\r\nrle\r\n'
        b'--edge\r\nContent-Disposition: form-data; name="photo"; filename="a.png"\r\nContent-Type: image/png\r\n\r\n'
        + photo
        + b"\r\n--edge--\r\n"
    )
    headers = {"Content-Type": "multipart/form-data; boundary=edge"}
    assert api.post("/v1/parse", content=good, headers=headers).status_code == 200
    statuses = set()
    for _ in range(1000):
        body = bytearray(good)
        for _ in range(chance.randint(1, 6)):
            at = chance.randrange(len(body))
            kind = chance.randrange(3)
            if kind == 0:
                body[at] = chance.randrange(256)
            elif kind == 1:
                del body[at : at + chance.randint(1, 20)]
            else:
                body[at:at] = body[at : at + chance.randint(1, 20)]
        reply = api.post("/v1/parse", content=bytes(body), headers=headers)
        statuses.add(reply.status_code)
        assert reply.status_code == 200 or reply.json()["code"], reply.text
    assert statuses <= {200, 400, 413, 415} and api.service.budget.held == 0


def test_nothing_is_written_to_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    noise = np.random.default_rng(0).integers(0, 255, (3000, 120, 3))
    photo = encoded("PNG", noise)  # above what Starlette would keep in memory
    assert len(photo) > 1 << 20
    with Api() as api:

        def refuse(*_: object, **__: object) -> None:
            pytest.fail("a temporary file was made")

        monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
        monkeypatch.setattr(tempfile, "NamedTemporaryFile", refuse)
        assert api.post("/v1/parse", files={"photo": photo}).status_code == 200
