"""The routes of older services: ``code``, ``msg``, ``result``."""

from __future__ import annotations

import base64
from collections.abc import Iterator

import numpy as np
import pytest
from api_client import Api, is_problem, jpeg, opened
from tryon_people import HEIGHT, WIDTH


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with Api() as running:
        yield running


@pytest.mark.parametrize("name", ["image", "file", "img"])
def test_masks(api: Api, name: str) -> None:
    found = api.post("/api/predict", files={name: jpeg(2)}, data={"format": "masks"}).json()
    assert found["code"] == 0 and found["msg"] == "success" and found["inference_time"] >= 0
    result = found["result"]
    assert len(result["labels"]) == len(result["scores"]) == len(result["masks"])
    assert result["labels"].count("Human") == result["num_persons"] == 2
    mask = np.asarray(opened(base64.b64decode(result["masks"][0])))
    assert mask.shape == (HEIGHT, 2 * WIDTH) and set(np.unique(mask)) == {0, 255}


def test_a_coloured_map(api: Api) -> None:
    for url, kind in (("/api/predict?format=colored", "colored"), ("/upload", ""), ("/api/predict", "")):
        result = api.post(url, files={"file": jpeg()}).json()["result"]
        picture = opened(base64.b64decode(result["result_image"]))
        assert picture.mode == "RGB" and picture.size == (WIDTH, HEIGHT) and "masks" not in result, kind


def test_both(api: Api) -> None:
    assert {"result_image", "masks", "labels"} <= set(api.post("/api/parse", files={"image": jpeg()}).json()["result"])


def test_base64_in_json(api: Api) -> None:
    text = base64.b64encode(jpeg()).decode()
    for image in (text, f"data:image/jpeg;base64,{text}"):
        found = api.post("/api/predict", json={"image": image, "format": "masks"}).json()
        assert found["code"] == 0 and found["result"]["num_persons"] == 1


def test_several(api: Api) -> None:
    found = api.post("/batch_parse", files=[("images", jpeg(1)), ("images", b"nothing"), ("images", jpeg(2))]).json()
    assert found["code"] == 0 and found["total"] == 3
    assert [row["code"] for row in found["result"]] == [0, 415, 0]


@pytest.mark.parametrize(
    ("request_", "code"),
    [
        ({"files": {"image": b"GIF89a"}}, 415),
        ({"files": {"image": jpeg()[:500]}}, 400),
        ({"json": {"image": "%%%"}}, 400),
        ({"json": {"image": 5}}, 400),
        ({"json": [1]}, 400),
        ({"content": b"{", "headers": {"Content-Type": "application/json"}}, 400),
        ({"files": {"image": jpeg()}, "data": {"format": "exe"}}, 400),
        ({}, 400),
    ],
)
def test_errors_keep_the_shape(api: Api, request_: dict[str, object], code: int) -> None:
    reply = api.post("/api/predict", **request_)
    found = reply.json()
    assert reply.status_code == found["code"] == code and found["result"] is None and found["msg"]


def test_they_can_be_left_out() -> None:
    with Api(compat=False) as api:
        is_problem(api.post("/api/parse", files={"image": jpeg()}), "not-found", 404)
