"""Every bad image through every route that takes a file, and sound ones that are something else too."""

from __future__ import annotations

import base64
import json
import random
import time
import zlib
from collections.abc import Iterator
from typing import Any

import pytest
from api_client import Api, encoded, is_problem, jpeg, opened
from api_hostile_files import SECRET, bad_images, leaks, linux_only, resident, two_faced, unpacked, watched
from PIL import Image
from test_image_damage import MARKS, SEEDS
from test_image_source import chunk, png

JPEG = {"Content-Type": "image/jpeg"}
NAME = f"../../{SECRET}.jpg"
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    limits = {"max_body": 1 << 20, "max_pixels": 2_000_000, "log_format": "json", "cache_bytes": 30_000_000}
    with Api(**limits) as running, watched(running):
        yield running


@pytest.fixture(scope="module")
def stage(api: Api) -> str:
    return str(api.post("/v1/stages", files={"photo": jpeg()}).json()["id"])


@pytest.mark.parametrize("name", bad_images())
def test_bad_photos(api: Api, name: str) -> None:
    data, code = bad_images()[name]
    photo = {"photo": (NAME, data, "image/jpeg")}
    for url, fields in (("/v1/parse", {}), ("/v1/avatar", {}), ("/v1/stages", {}), ("/v1/try-on", {"color": "red"})):
        reply = api.post(url, files=photo, data=fields)
        is_problem(reply, code)
        assert not leaks(reply.content, str(reply.headers.raw).encode()), url
    raw = api.post("/v1/parse", content=data, headers=JPEG)
    is_problem(raw, code if data else "bad-parameter")
    several = [("photos", (NAME, data)), ("photos", (NAME, jpeg()))]
    rows = api.post("/v1/parse/batch?masks=none", files=several).json()["items"]
    assert [row["status"] for row in rows] == [rows[0]["problem"]["status"], 200]
    assert rows[0]["problem"]["code"] == code


@pytest.mark.parametrize("role", ["tile", "garment", "print", "from_photo"])
def test_bad_cloth(api: Api, stage: str, role: str) -> None:
    key = api.key(jpeg())
    for name, (data, code) in bad_images().items():
        files = {role: (NAME, data, "image/png")}
        for url, fields in (("/v1/try-on", {"photo_key": key}), (f"/v1/stages/{stage}/drape", {})):
            reply = api.post(url, files=files, data=fields)
            assert reply.status_code >= 400 and reply.json()["code"] == code, (name, url, reply.content[:500])
            assert not leaks(reply.content)


def test_bad_cloth_among_several(api: Api) -> None:
    key = api.key(jpeg())
    for role in ("tile", "garment", "print", "from_photo"):
        swaps = json.dumps([{"region": "lower", "color": "#228833"}, {"region": "upper", role: "other"}])
        for name, (data, code) in bad_images().items():
            files = {"other": (NAME, data, "image/png")}
            reply = api.post("/v1/try-on", files=files, data={"photo_key": key, "swaps": swaps})
            assert reply.status_code >= 400 and reply.json()["code"] == code, (role, name, reply.content[:500])
            assert not leaks(reply.content)


@pytest.mark.parametrize("url", ["/api/parse", "/api/predict", "/upload", "/batch_parse"])
def test_bad_photos_of_older_clients(api: Api, url: str) -> None:
    for name, (data, code) in bad_images().items():
        status = {"image-damaged": 400, "image-format": 415, "image-too-large": 413}[code]
        text = base64.b64encode(data).decode()
        for body in ({"files": {"image": (NAME, data)}}, {"json": {"image": text}}):
            reply = api.post(url, **body)
            found = reply.json()
            if url == "/batch_parse":
                assert reply.status_code == 200, (name, reply.text)
                found = found["result"][0]
            assert found["code"] == status and found["result"] is None and not leaks(reply.content), (name, found)


def test_jobs_of_bad_photos_fail_in_words(api: Api) -> None:
    """What only shows while the pixels are decoded."""
    damaged = encoded("PNG")[:-200]
    job = api.post("/v1/parse", files={"photo": (NAME, damaged)}, headers={"Prefer": "respond-async"})
    assert job.status_code == 202 and api.idle()
    found = api.get(job.headers["location"]).json()
    assert found["status"] == "failed" and found["problem"]["code"] == "image-damaged" and found["result"] is None
    assert api.delete(job.headers["location"]).status_code == 204


@pytest.mark.parametrize("name", two_faced())
def test_photos_with_two_faces(api: Api, stage: str, name: str) -> None:
    """What is no pixel goes nowhere: not into a reply, a picture, an archive or a header."""
    data = two_faced()[name]
    assert SECRET.encode() in data
    photo = {"photo": (NAME, data, "text/html")}
    asked: list[tuple[str, dict[str, Any], dict[str, Any]]] = [
        ("/v1/parse?format=json&masks=png", {}, photo),
        ("/v1/parse?format=svg", {}, photo),
        ("/v1/parse?format=zip&formats=labels,overlay,cutouts,coco,npz", {}, photo),
        ("/v1/try-on?format=zip", {"color": "#228833"}, photo),
        (f"/v1/stages/{stage}/drape?format=png", {}, {"tile": (NAME, data)}),
        (f"/v1/stages/{stage}/drape?format=webp", {}, {"print": (NAME, data)}),
        ("/upload", {}, {"image": (NAME, data)}),
    ]
    if name == "png and text":
        asked.append(("/v1/avatar", {"size": "64", "format": "zip", "formats": "png,svg,psd,webp,jpeg,gif"}, photo))
    for url, fields, files in asked:
        reply = api.post(url, data=fields, files=files)
        assert reply.status_code == 200, (url, reply.text)
        kind = reply.headers["content-type"].partition(";")[0]
        assert not leaks(*unpacked(reply.content, kind), str(reply.headers.raw).encode()), url
        assert kind != "text/html" and reply.headers["x-content-type-options"] == "nosniff"
        assert "sandbox" in reply.headers["content-security-policy"]


def test_pictures_carry_no_metadata(api: Api) -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = SECRET, 1
    photo = encoded("JPEG", exif=exif.tobytes(), comment=SECRET.encode(), icc_profile=b"x" * 200 + SECRET.encode())
    for form in ("png", "jpeg", "webp"):
        reply = api.post(f"/v1/try-on?format={form}", files={"photo": photo}, data={"color": "#228833"})
        picture = opened(reply.content)
        assert not picture.getexif() and "exif" not in picture.info and "icc_profile" not in picture.info
        assert not {"comment", "xmp", "Author", "Software", "parameters"} & set(picture.info), picture.info


def test_files_that_are_changed_at_random(api: Api) -> None:
    """Sound files with a few bytes changed or cut, and random bytes behind the marks of every format."""
    chance = random.Random(11)
    statuses = set()
    for turn in range(250):
        data = bytearray(SEEDS[sorted(SEEDS)[turn % len(SEEDS)]])
        if turn % 4 == 0:
            data = bytearray(MARKS[turn // 4 % len(MARKS)] + chance.randbytes(chance.randrange(300)))
        for _ in range(chance.randint(0, 6)):
            if data:
                data[chance.randrange(min(len(data), 200))] = chance.randrange(256)
        if chance.random() < 0.2:
            del data[chance.randrange(len(data) + 1) :]
        headers = {"Content-Type": "application/octet-stream"}
        reply = api.post("/v1/parse?masks=none", content=bytes(data), headers=headers)
        statuses.add(reply.status_code)
        assert reply.status_code in (200, 400, 413, 415), (turn, reply.text)
    assert {200, 400} <= statuses


@pytest.mark.parametrize("kind", SEEDS)
def test_cut_files_of_every_format(api: Api, kind: str) -> None:
    data = SEEDS[kind]
    for end in range(1, 4 * len(data) // 5, max(1, len(data) // 6)):
        reply = api.post("/v1/parse", content=data[:end], headers={"Content-Type": "application/octet-stream"})
        assert reply.status_code in (400, 413, 415), (end, reply.text)
    assert api.post("/v1/parse", content=data, headers=JPEG).status_code == 200


def test_photos_with_damage_that_does_no_harm(api: Api) -> None:
    for exif in (b"Exif\0\0", b"Exif\0\0II*\0\x08\0\0\0\xff\xff", b"Exif\0\0nonsense", b"x" * 500):
        assert api.post("/v1/parse", content=encoded("JPEG", exif=exif), headers=JPEG).status_code == 200
    for profile in (b"nonsense", bytes(200), b"x" * 60_000):
        assert api.post("/v1/parse", content=encoded("PNG", icc_profile=profile), headers=JPEG).status_code == 200


@linux_only
def test_memory_stays_after_all_of_them(api: Api) -> None:
    def attack() -> None:
        for data, _ in bad_images().values():
            api.post("/v1/parse", files={"photo": (NAME, data)})
        for data in two_faced().values():
            api.post("/v1/parse?masks=none", files={"photo": (NAME, data + random.randbytes(8))})

    for _ in range(2):
        attack()
    before = resident()
    for _ in range(3):
        attack()
    assert resident() < before + 12e6, f"{(resident() - before) / 1e6:.1f} MB more"


@linux_only
def test_bombs_take_little_memory(api: Api) -> None:
    before = resident()
    for name, (data, _) in bad_images().items():
        if any(word in name for word in ("large", "hostile", "scans", "segments", "strips", "overflow")):
            assert len(data) < 1 << 20, name
            api.post("/v1/parse", files={"photo": data})
            assert resident() < before + 60e6, name


def test_what_is_packed_in_a_picture_beyond_its_pixels_is_not_unpacked(api: Api) -> None:
    rest = chunk(b"IDAT", zlib.compress(bytes(50_000_000)))
    began = time.monotonic()
    reply = api.post("/v1/parse", content=png(1400, 1400, rest), headers=JPEG)
    assert reply.status_code == 200 and reply.json()["size"] == [1400, 1400]
    assert time.monotonic() - began < 5


def test_names_are_not_even_read(api: Api) -> None:
    names = [
        "../../etc/passwd", "..\\..\\boot.ini", "a\r\nSet-Cookie: x=1", 'x"; filename="y', "\x00", "a\x00.jpg", "CON",
        f"<script>{SECRET}</script>.jpg", "\u202egpj.exe", "\u2066\u2067.jpg", "\ufeff", "ü" * 5000, "x" * 10_000, "",
        "/dev/stdin", "$(touch x)", "%00", "%2e%2e%2f", "\ud7ff\U0010ffff.jpg", "file:///etc/passwd",
    ]  # fmt: skip
    for name in names:
        for url, role, fields in (("/v1/parse", "photo", {}), ("/v1/try-on", "tile", {})):
            files = {role: (name, encoded("PNG"), "image/jpeg")}
            if role == "tile":
                files["photo"] = (name, jpeg(), "image/jpeg")
            reply = api.post(url, files=files, data=fields)
            # Without a name a part is a field, and names of 10 kB are longer than any header of a part.
            assert reply.status_code in (200, 400), (name, reply.text)
            told = reply.content + str(reply.headers.raw).encode()
            assert b"set-cookie" not in told and b"passwd" not in told and b"<script>" not in told and not leaks(told)
            if reply.status_code == 200:
                shown = reply.headers.get("content-disposition", 'inline; filename="x"')
                assert name == "" or name[:20] not in shown
