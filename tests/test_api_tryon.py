"""``/v1/try-on`` and ``/v1/stages``."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from api_client import Api, encoded, is_problem, jpeg, opened
from tryon_people import HEIGHT, WIDTH

COLOR = "#7a1f2b"


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with Api() as running:
        yield running


@pytest.fixture(scope="module")
def key(api: Api) -> str:
    return api.key(jpeg(2))


@pytest.fixture(scope="module")
def stage(api: Api, key: str) -> str:
    reply = api.post("/v1/stages", data={"photo_key": key, "person": "1"})
    assert reply.status_code == 201 and reply.headers["location"] == f"/v1/stages/{reply.json()['id']}"
    return str(reply.json()["id"])


def rgb(data: bytes) -> np.ndarray:
    return np.asarray(opened(data).convert("RGB")).astype(int)


def test_only_the_garment_changes(api: Api) -> None:
    photo = encoded("PNG")
    reply = api.post("/v1/try-on", files={"photo": photo}, data={"color": COLOR})
    assert reply.headers["content-type"] == "image/png"
    mask = opened(api.post("/v1/try-on", files={"photo": photo}, data={"color": COLOR, "view": "mask"}).content)
    changed = np.abs(rgb(reply.content) - rgb(photo)).any(axis=2)
    assert changed.sum() > 500 and not (changed & (np.asarray(mask) == 0)).any()


@pytest.mark.parametrize(("form", "kind"), [("png", "PNG"), ("jpeg", "JPEG"), ("webp", "WEBP")])
def test_pictures(api: Api, stage: str, form: str, kind: str) -> None:
    reply = api.post(f"/v1/stages/{stage}/drape", data={"color": COLOR, "format": form, "max_side": "100"})
    assert opened(reply.content).format == kind and max(opened(reply.content).size) == 100


def test_json_points_to_the_picture(api: Api, key: str) -> None:
    options = {"photo_key": key, "person": "2", "fabric": "tartan", "format": "json", "picture": "webp"}
    found = api.post("/v1/try-on", data=options).json()
    assert found["size"] == [2 * WIDTH, HEIGHT] and found["garments"][0]["person"] == 2
    picture = api.get(found["picture"]["href"])
    assert picture.headers["content-type"] == found["picture"]["type"] == "image/webp"
    assert api.get(found["picture"]["href"], headers={"If-None-Match": picture.headers["etag"]}).status_code == 304
    again = api.post("/v1/try-on", data=options)
    assert again.headers["x-cache"] == "hit" and again.json() == found


def test_archive(api: Api, stage: str) -> None:
    reply = api.post(f"/v1/stages/{stage}/drape", data={"color": COLOR, "format": "zip"})
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        assert archive.namelist() == ["picture.png", "layer.png", "mask.png", "report.json"]
        assert opened(archive.read("layer.png")).mode == "RGBA"
        assert json.loads(archive.read("report.json"))["garments"][0]["cloth"] == "solid"


@pytest.mark.parametrize(
    ("options", "files"),
    [
        ({"color": COLOR}, {}),
        ({"fabric": "denim", "angle": "30", "repeat_cm": "5"}, {}),
        ({"repeat": "0.2", "mirror": "true", "offset_x": "0.5"}, {"tile": 1}),
        ({}, {"print": 1}),
        ({"color": "#ffffff", "place": "chest", "print_width": "0.4"}, {"print": 1}),
        ({"fabric": "denim", "folds": "2", "exposure": "scene"}, {"print": 1}),
        ({"color": COLOR, "exposure": "-1.5"}, {}),
    ],
)
def test_cloths(api: Api, stage: str, options: dict[str, str], files: dict[str, Any]) -> None:
    cloth = encoded("PNG", np.random.default_rng(1).integers(0, 255, (20, 30, 3)))
    plain = api.post(f"/v1/stages/{stage}/drape", data={"color": "#010203"}).content
    reply = api.post(f"/v1/stages/{stage}/drape", data=options, files={name: cloth for name in files} or None)
    assert reply.status_code == 200, reply.text
    assert not np.array_equal(rgb(reply.content), rgb(plain))


def test_a_garment_without_a_garment(api: Api, stage: str) -> None:
    grey = encoded("PNG", np.full((80, 80, 3), 128))
    document = is_problem(api.post(f"/v1/stages/{stage}/drape", files={"garment": grey}), "cannot-do", 422)
    assert document["remedy"]


@pytest.mark.parametrize(
    ("options", "files"),
    [
        ({}, ()),
        ({"color": COLOR, "fabric": "denim"}, ()),
        ({"color": COLOR}, ("garment", "print")),
        ({"color": "red-ish"}, ()),
        ({"fabric": "../../etc/passwd"}, ()),
        ({"fabric": "denim", "repeat": "1", "repeat_cm": "2"}, ()),
        ({"color": COLOR, "angle": "3"}, ()),
        ({"color": COLOR, "folds": "9"}, ()),
        ({"color": COLOR, "folds": "nan"}, ()),
        ({"color": COLOR, "place": "elbow"}, ()),
        ({"color": COLOR, "view": "layer", "format": "jpeg"}, ()),
    ],
)
def test_bad_cloths(api: Api, stage: str, options: dict[str, str], files: tuple[str, ...]) -> None:
    parts = {name: encoded("PNG") for name in files} or None
    is_problem(api.post(f"/v1/stages/{stage}/drape", data=options, files=parts), "bad-parameter", 400)


def test_cloth_that_is_no_picture(api: Api, stage: str) -> None:
    is_problem(api.post(f"/v1/stages/{stage}/drape", files={"tile": b"PK\x03\x04"}), "image-format", 415)
    is_problem(api.post(f"/v1/stages/{stage}/drape", files={"tile": encoded("PNG")[:60]}), "image-damaged", 400)


def test_whose_garment(api: Api, key: str) -> None:
    base = {"photo_key": key, "color": COLOR}
    document = is_problem(api.post("/v1/try-on", data=base), "bad-parameter")
    assert document["remedy"] == "choose one with 'person'"
    is_problem(api.post("/v1/try-on", data={**base, "person": "9"}), "no-such-person", 422)
    is_problem(api.post("/v1/try-on", data={**base, "person": "1", "region": "hat"}), "no-such-garment", 422)
    is_problem(api.post("/v1/try-on", data={**base, "region": "dress"}), "no-such-garment", 422)
    is_problem(api.post("/v1/try-on", data={**base, "region": "wings"}), "bad-parameter", 400)
    is_problem(api.post("/v1/try-on", files={"photo": jpeg(0)}, data={"color": COLOR}), "no-person-found", 422)
    assert api.post("/v1/try-on", data={**base, "region": "hat"}).status_code == 200  # only one wears a hat


def test_a_stage_lives_until_it_is_dropped(api: Api, key: str) -> None:
    options = {"photo_key": key, "person": "1", "region": "lower"}
    first, second = (api.post("/v1/stages", data=options).json() for _ in range(2))
    assert first["id"] != second["id"]
    assert api.get(f"/v1/stages/{first['id']}").json() == first
    assert api.delete(f"/v1/stages/{first['id']}").status_code == 204
    is_problem(api.get(f"/v1/stages/{first['id']}"), "expired", 404)
    is_problem(api.post(f"/v1/stages/{first['id']}/drape", data={"color": COLOR}), "expired", 404)
    assert api.post(f"/v1/stages/{second['id']}/drape", data={"color": COLOR}).status_code == 200


@pytest.mark.parametrize("person", ["1", "2"])
def test_a_small_stage_of_a_large_photo(api: Api, key: str, person: str) -> None:
    asked = api.parser.asked
    made = api.post("/v1/stages", data={"photo_key": key, "max_side": "256", "person": person}).json()
    assert max(made["size"]) == 256 and made["person"] == int(person)
    whole = api.post("/v1/stages", data={"photo_key": key, "person": person}).json()
    scale = 256 / max(whole["size"])
    assert np.allclose(made["window"], np.array(whole["window"]) * scale, atol=4)
    assert api.parser.asked == asked  # the small one comes from the parse that is kept
    picture = api.post(f"/v1/stages/{made['id']}/drape", data={"color": COLOR}).content
    assert opened(picture).size == tuple(made["size"])


def test_metadata_goes(api: Api) -> None:
    photo = jpeg(exif=b"Exif\0\0II*\0\x08\0\0\0\0\0SECRET-PLACE", icc_profile=b"SECRET-PROFILE")
    for form in ("png", "jpeg", "webp", "zip"):
        data = api.post("/v1/try-on", files={"photo": photo}, data={"color": COLOR, "format": form}).content
        assert b"SECRET" not in data and b"eXIf" not in data and b"iCCP" not in data
