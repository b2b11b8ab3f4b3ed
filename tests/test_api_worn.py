"""Garments in what somebody wears, as cloth of a stage or by the key of an earlier photo."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from api_client import Api, encoded, is_problem, jpeg, opened
from tryon_people import FakeParser

from dressform.api.jobs.work_parse import png
from dressform.parsing import load_image
from dressform.tryon import Region, swap_all

COLOR = "#7a1f2b"
PHOTO = encoded("PNG", np.asarray(opened(jpeg(3))))
OTHER = encoded("PNG", np.asarray(opened(jpeg(2))) // 2 + 60)


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with Api() as running:
        yield running


@pytest.fixture(scope="module")
def key(api: Api) -> str:
    return api.key(PHOTO)


def parsed(photo: bytes) -> Any:
    return FakeParser().parse(photo)


def made(api: Api, **data: str) -> str:
    return str(api.post("/v1/stages", data=data).json()["id"])


def test_a_stage_in_what_somebody_wears(api: Api, key: str) -> None:
    stage = made(api, photo_key=key, person="1")
    parse = parsed(PHOTO)
    expected = swap_all(load_image(PHOTO), parse, {(1, "upper"): Region(parse.people[1], "upper")})
    reply = api.post(f"/v1/stages/{stage}/drape", data={"from_person": "2"})
    assert reply.status_code == 200 and reply.content == png(np.asarray(expected.image))
    other = parsed(OTHER)
    expected = swap_all(load_image(PHOTO), parse, {(1, "upper"): Region(other.people[1], "upper")}, folds=2.0)
    data = {"from_person": "2", "folds": "2"}
    with_file = api.post(f"/v1/stages/{stage}/drape", data=data, files={"from_photo": OTHER})
    with_key = api.post(f"/v1/stages/{stage}/drape", data={**data, "from_key": api.key(OTHER)})
    assert with_file.content == with_key.content == png(np.asarray(expected.image))


def test_a_small_stage_in_what_somebody_wears(api: Api, key: str) -> None:
    stage = made(api, photo_key=key, person="1", max_side="256")
    count = api.parser.asked
    reply = api.post(f"/v1/stages/{stage}/drape", data={"from_person": "2", "format": "json"})
    assert reply.json()["garments"][0]["cloth"] == "worn" and max(reply.json()["size"]) == 256
    assert api.parser.asked == count
    again = api.post(f"/v1/stages/{stage}/drape", data={"from_person": "2", "folds": "0.5"})
    assert again.status_code == 200 and len(api.shelf.worn) > 0


@pytest.mark.parametrize(
    ("data", "code", "name"),
    [
        ({"from_person": "9"}, "no-such-person", "from_person"),
        ({"from_person": "1", "from_region": "dress"}, "no-such-garment", "from_region"),
        ({"from_person": "1", "from_region": "socks"}, "bad-parameter", "from_region"),
        ({"from_region": "upper"}, "bad-parameter", None),
        ({"from_key": "0" * 64}, "expired", "from_key"),
        ({"swaps": "[]", "color": COLOR}, "bad-parameter", "swaps"),
    ],
)
def test_what_a_stage_refuses(api: Api, key: str, data: dict[str, str], code: str, name: str | None) -> None:
    reply = api.post(f"/v1/stages/{made(api, photo_key=key, person='2')}/drape", data=data)
    document = is_problem(reply, code)
    assert name is None or document["errors"][0]["parameter"] == name


def test_a_stage_whose_photo_is_gone() -> None:
    with Api() as api:
        stage = made(api, photo_key=api.key(PHOTO), person="1")
        api.shelf.photos.clear()
        api.shelf.opened.clear()
        assert api.post(f"/v1/stages/{stage}/drape", data={"color": COLOR}).status_code == 200
        is_problem(api.post(f"/v1/stages/{stage}/drape", data={"from_person": "2"}), "expired", 404)


def test_a_key_never_gets_another_photo() -> None:
    """A photo that is gone is not replaced by the one that came with the request."""
    with Api() as api:
        key = api.key(OTHER)
        swaps = json.dumps([{"person": 1, "from_person": 2, "from_key": key}])
        api.parser.close()
        waiting = api.send("POST", "/v1/parse", files={"photo": jpeg(1)})
        assert api.parser.began.wait(10)
        request = api.send("POST", "/v1/try-on", files={"photo": PHOTO}, data={"swaps": swaps})
        while not api.engine.load().queued:
            pass
        api.shelf.clear()
        api.parser.gate.set()
        is_problem(request.result(20), "expired", 404)
        assert waiting.result(10).status_code == 200
