"""``/v1/parse``: every way in, every way out, and that nothing of a photo but its pixels comes back."""

from __future__ import annotations

import base64
import io
import json
import zipfile
from collections.abc import Iterator

import numpy as np
import pytest
from api_client import Api, encoded, is_problem, jpeg, opened
from PIL import Image
from tryon_people import HEIGHT, WIDTH, pixels

from dressform.parsing.formats.rle import counts_to_mask, unpack


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with Api() as running:
        yield running


@pytest.mark.parametrize("name", ["photo", "image", "file"])
def test_a_form(api: Api, name: str) -> None:
    reply = api.post("/v1/parse", files={name: ("Emma's photo.jpg", jpeg(2), "image/jpeg")})
    assert reply.status_code == 200 and reply.headers["content-type"] == "application/json"
    found = reply.json()
    assert found["size"] == [2 * WIDTH, HEIGHT] and found["engine"] == "fake"
    assert [person["person"] for person in found["people"]] == [1, 2]
    assert "Emma" not in reply.text
    assert {row["name"] for row in found["legend"]} >= {"hair", "face", "pants"}
    assert "upper" in found["people"][0]["regions"]
    assert found["people"][0]["keypoints"] is not None  # the fake engine stores them


@pytest.mark.parametrize("kind", ["image/jpeg", "image/png", "application/octet-stream", "IMAGE/JPEG; q=1"])
def test_the_photo_as_the_body(api: Api, kind: str) -> None:
    reply = api.post("/v1/parse?masks=none", content=jpeg(), headers={"Content-Type": kind})
    assert reply.status_code == 200
    assert all("mask" not in part for person in reply.json()["people"] for part in person["parts"])


def test_masks_of_all_kinds_agree(api: Api) -> None:
    photo = jpeg()
    area = None
    for kind in ("rle", "polygon", "png"):
        found = api.post("/v1/parse", files={"photo": photo}, data={"masks": kind}).json()
        part = next(row for row in found["people"][0]["parts"] if row["name"] == "pants")
        height, width = part["mask"]["size"]
        if kind == "rle":
            area = int(counts_to_mask(unpack(part["mask"]["counts"]), height, width).sum())
            assert area == part["area"]
        elif kind == "png":
            window = np.asarray(opened(base64.b64decode(part["mask"]["png"])))
            x, y, w, h = part["box"]
            assert part["mask"]["offset"] == [x, y] and window.shape == (h, w)
            assert int((window > 0).sum()) == area
        else:
            assert all(len(ring) >= 6 and len(ring) % 2 == 0 for ring in part["mask"]["polygons"])


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("*/*", "application/json"),
        ("image/png", "image/png"),
        ("image/svg+xml, application/json;q=0.5", "image/svg+xml"),
        ("application/zip", "application/zip"),
        ("text/html, image/*;q=0.3", "image/png"),
        ("image/png;q=0, */*", "application/json"),
    ],
)
def test_accept_chooses(api: Api, accept: str, kind: str) -> None:
    reply = api.post("/v1/parse", content=jpeg(), headers={"Content-Type": "image/jpeg", "Accept": accept})
    assert reply.status_code == 200 and reply.headers["content-type"] == kind
    assert reply.headers["cache-control"] == "private, no-store"


def test_what_nobody_makes(api: Api) -> None:
    reply = api.post("/v1/parse", content=jpeg(), headers={"Content-Type": "image/jpeg", "Accept": "text/html"})
    is_problem(reply, "not-acceptable", 406)
    is_problem(api.post("/v1/parse?format=bmp", content=jpeg(), headers={"Content-Type": "image/png"}), "bad-parameter")


@pytest.mark.parametrize(
    ("view", "mode"), [("labels", "P"), ("instances", "I;16"), ("overlay", "RGB"), ("cutout", "RGBA")]
)
def test_pictures(api: Api, view: str, mode: str) -> None:
    reply = api.post("/v1/parse", files={"photo": jpeg(2)}, data={"format": "png", "view": view, "person": "2"})
    picture = opened(reply.content)
    assert picture.format == "PNG" and picture.mode == mode
    if view != "cutout":
        assert picture.size == (2 * WIDTH, HEIGHT)


def test_archive(api: Api) -> None:
    options = {"format": "zip", "formats": "labels,coco"}
    data = api.post("/v1/parse", files={"photo": jpeg()}, data=options).content
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        assert archive.namelist() == ["photo.labels.png", "photo.coco.json"]
        assert json.loads(archive.read("photo.coco.json"))["images"][0]["width"] == WIDTH
    api.service.desk.results.clear()
    assert api.post("/v1/parse", files={"photo": jpeg()}, data=options).content == data


def test_nobody_in_the_photo_is_a_result(api: Api) -> None:
    assert api.post("/v1/parse", files={"photo": jpeg(0)}).json()["people"] == []


def test_a_key_stands_for_the_photo(api: Api) -> None:
    key = api.key(jpeg(2, quality=91))
    asked = api.parser.asked
    assert api.post("/v1/parse", data={"photo_key": key, "masks": "none"}).json()["key"] == key
    assert api.post(f"/v1/parse?photo_key={key}&format=png").headers["content-type"] == "image/png"
    assert api.parser.asked == asked
    is_problem(api.post("/v1/parse", data={"photo_key": "0" * 64}), "expired", 404)
    is_problem(api.post("/v1/parse", data={"photo_key": "nonsense"}), "bad-parameter", 400)
    is_problem(api.post("/v1/parse", data={"photo_key": key}, files={"photo": jpeg()}), "bad-parameter", 400)


def test_identical_requests_are_answered_once(api: Api) -> None:
    photo = jpeg(1, quality=93)
    first = api.post("/v1/parse", files={"photo": photo})
    second = api.post("/v1/parse", content=photo, headers={"Content-Type": "image/jpeg"})
    assert (first.headers["x-cache"], second.headers["x-cache"]) == ("miss", "hit")
    assert first.content == second.content


def test_orientation_is_applied_and_metadata_goes(api: Api) -> None:
    exif = Image.Exif()
    exif[274] = 6
    exif[0x010E] = "SECRET-PLACE"
    exif.get_ifd(0x8825)[1] = "N"
    photo = encoded("JPEG", np.rot90(pixels(1)), exif=exif.tobytes())
    assert b"SECRET-PLACE" in photo
    assert api.post("/v1/parse", files={"photo": photo}).json()["size"] == [WIDTH, HEIGHT]
    for options in ({"format": "png"}, {"format": "png", "view": "cutout"}, {"format": "zip"}):
        data = api.post("/v1/parse", files={"photo": photo}, data=options).content
        assert b"SECRET-PLACE" not in data and b"eXIf" not in data and b"Exif" not in data


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("masks=all", "masks"),
        ("person=0", "person"),
        ("nonsense=1", "nonsense"),
        ("formats=labels,tiff", "formats"),
        ("masks=rle&masks=png", "masks"),
    ],
)
def test_bad_parameters_are_named(api: Api, query: str, parameter: str) -> None:
    reply = api.post(f"/v1/parse?{query}", content=jpeg(), headers={"Content-Type": "image/jpeg"})
    document = is_problem(reply, "bad-parameter", 400)
    assert [row["parameter"] for row in document["errors"]] == [parameter]


def test_fields_win_over_the_query(api: Api) -> None:
    found = api.post("/v1/parse?masks=png", files={"photo": jpeg()}, data={"masks": "none"}).json()
    assert "mask" not in found["people"][0]["parts"][0]


def test_several_photos(api: Api) -> None:
    photos = [("photos", jpeg(1)), ("photos", b"GIF89a nothing"), ("photos", jpeg(2)[:900]), ("photos", jpeg(2))]
    reply = api.post("/v1/parse/batch", files=photos)
    rows = reply.json()["items"]
    assert [row["status"] for row in rows] == [200, 415, 400, 200]
    assert [len(row["result"]["people"]) for row in rows if row["status"] == 200] == [1, 2]
    assert rows[1]["problem"]["code"] == "image-format" and rows[2]["problem"]["code"] == "image-damaged"
    is_problem(api.post("/v1/parse/batch", files=[("photos", jpeg())] * 17), "too-many-files", 413)
    is_problem(api.post("/v1/parse/batch"), "bad-parameter", 400)
    is_problem(api.post("/v1/parse/batch", files=[("photos", b"x"), ("other", b"x")]), "bad-parameter", 400)


def test_without_a_cache_nothing_is_kept() -> None:
    with Api(cache_seconds=0) as api:
        key = api.key(jpeg())
        assert api.post("/v1/parse", files={"photo": jpeg()}).headers["x-cache"] == "miss"
        is_problem(api.post("/v1/parse", data={"photo_key": key}), "expired")
        assert api.shelf.cost == 0 and len(api.service.desk.results) == 0
