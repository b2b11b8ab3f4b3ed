"""Several garments in one picture, and what somebody wears as cloth for others."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from api_client import Api, encoded, is_problem, jpeg, opened
from tryon_people import FakeParser

from dressform.api.jobs.work_parse import png
from dressform.parsing import load_image
from dressform.tryon import GarmentPhoto, Print, Region, Solid, Tile, load_fabric, swap_all
from dressform.tryon.bench.flat_garments import photo as flat_photo
from dressform.tryon.bench.flat_garments import top

COLOR = "#7a1f2b"
PHOTO = encoded("PNG", np.asarray(opened(jpeg(3))))
OTHER = encoded("PNG", np.asarray(opened(jpeg(2))) // 2 + 60)
CLOTH = encoded("PNG", np.random.default_rng(1).integers(0, 255, (20, 30, 3)))
FLAT = encoded("PNG", flat_photo(top().moved(at=(150, 60)), (300, 340)))
ART = encoded("PNG", np.random.default_rng(2).integers(0, 255, (20, 20, 3)))


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with Api() as running:
        yield running


@pytest.fixture(scope="module")
def key(api: Api) -> str:
    return api.key(PHOTO)


def asked(api: Api, swaps: Any, files: dict[str, bytes] | None = None, **data: str) -> Any:
    text = swaps if isinstance(swaps, str) else json.dumps(swaps)
    return api.post("/v1/try-on", files={"photo": PHOTO, **(files or {})}, data={"swaps": text, **data})


def parsed(photo: bytes) -> Any:
    return FakeParser().parse(photo)


def test_the_same_bytes_as_the_library(api: Api) -> None:
    swaps = [
        {"person": 3, "region": "upper", "color": COLOR},
        {"person": 1, "region": "upper", "tile": "flowers-2", "repeat_cm": 5, "angle": 30, "drop": 0.5},
        {"person": 2, "region": "upper", "from_person": 1},
        {"person": 2, "region": "lower", "fabric": "denim", "mirror": True},
        {"person": 2, "region": "hat", "color": "#ffffff"},
        {"person": 1, "region": "lower", "from_person": 2, "from_photo": "other"},
    ]
    reply = asked(api, swaps, {"flowers-2": CLOTH, "other": OTHER})
    assert reply.status_code == 200, reply.text
    parse, other = parsed(PHOTO), parsed(OTHER)
    garments = {
        (3, "upper"): Solid(COLOR),
        (1, "upper"): Tile(CLOTH, repeat_cm=5, angle=30, drop=0.5),
        (2, "upper"): Region(parse.people[0], "upper"),
        (2, "lower"): load_fabric("denim", mirror=True),
        (2, "hat"): Solid("#ffffff"),
        (1, "lower"): Region(other.people[1], "lower"),
    }
    expected = swap_all(load_image(PHOTO), parse, garments)
    assert reply.content == png(np.asarray(expected.image))
    told = asked(api, swaps, {"flowers-2": CLOTH, "other": OTHER}, format="json").json()
    assert told["garments"] == json.loads(json.dumps([report.to_dict() for report in expected.reports]))
    assert [row["cloth"] for row in told["garments"]] == ["worn", "tile", "solid", "tile", "worn", "solid"]
    assert api.get(told["picture"]["href"]).content == reply.content


@pytest.mark.parametrize(
    ("one", "files", "cloth"),
    [
        ({"print": "a", "print_width": 0.5, "place": "chest"}, {"a": ART}, lambda p: Print(ART, "chest", width=0.5)),
        ({"garment": "a", "garment_kind": "upper"}, {"a": FLAT}, lambda p: GarmentPhoto(FLAT, "upper")),
        ({"print": "a", "tile": "a"}, {"a": ART}, lambda p: Print(ART, over=Tile(ART))),
        ({"from_person": 2}, {}, lambda p: Region(p.people[1], "upper")),
        ({"from_person": 3, "from_region": "UPPER "}, {}, lambda p: Region(p.people[2], "upper")),
    ],
)
def test_one_in_a_list_alone_and_in_the_library(api: Api, one: Any, files: Any, cloth: Any) -> None:
    parse = parsed(PHOTO)
    expected = png(np.asarray(swap_all(load_image(PHOTO), parse, {(1, "upper"): cloth(parse)}).image))
    listed = asked(api, [{"person": 1, **one}], files)
    assert listed.status_code == 200, listed.text
    assert listed.content == expected
    if len({name for name in ("print", "tile") if name in one}) < 2:
        parts = {name: files[one[name]] for name in ("print", "tile", "garment") if name in one}
        data = {name: str(value) for name, value in one.items() if name not in parts}
        single = api.post("/v1/try-on", files={"photo": PHOTO, **parts}, data={"person": "1", **data})
        assert single.status_code == 200 and single.content == expected, single.text


def test_every_garment_has_its_own_look(api: Api) -> None:
    swaps = [{"person": 1, "color": COLOR, "folds": 0}, {"person": 2, "color": COLOR, "folds": 3, "exposure": -1}]
    pixels = np.asarray(opened(asked(api, swaps).content)).astype(int)
    for k, look in ((1, {"folds": 0.0}), (2, {"folds": 3.0, "exposure": -1.0})):
        alone = swap_all(load_image(PHOTO), parsed(PHOTO), {(k, "upper"): Solid(COLOR)}, **look)
        there = alone.edit_mask
        assert there.any() and np.array_equal(pixels[there], np.asarray(alone.image)[there])


def test_order_makes_no_difference(api: Api) -> None:
    swaps = [{"person": 2, "color": COLOR}, {"person": 1, "fabric": "tartan"}]
    swaps.append({"person": 2, "region": "hat", "fabric": "denim"})
    assert asked(api, swaps).content == asked(api, swaps[::-1]).content


def test_output_fields_stay(api: Api, key: str) -> None:
    data = {"swaps": json.dumps([{"person": 1, "color": COLOR}, {"person": 2, "color": "#00ff00"}]), "photo_key": key}
    reply = api.post("/v1/try-on", data={**data, "format": "webp", "max_side": "100", "view": "layer"})
    assert opened(reply.content).format == "WEBP" and max(opened(reply.content).size) == 100
    with zipfile.ZipFile(io.BytesIO(api.post("/v1/try-on", data={**data, "format": "zip"}).content)) as archive:
        assert len(json.loads(archive.read("report.json"))["garments"]) == 2
    assert api.post("/v1/try-on", data={**data, "format": "zip"}).headers["x-cache"] == "hit"
    raw = api.post("/v1/try-on", params={"swaps": data["swaps"]}, content=PHOTO, headers={"Content-Type": "image/png"})
    assert raw.status_code == 200


def test_the_only_one_who_wears_it(api: Api) -> None:
    assert asked(api, [{"region": "hat", "color": COLOR}]).status_code == 200
    document = is_problem(asked(api, [{"person": 1, "color": COLOR}, {"color": COLOR}]), "bad-parameter", 400)
    assert document["errors"][0]["parameter"] == "swaps[1].person" and document["detail"].startswith("swaps[1]: ")
    twice = [{"person": 2, "region": "hat", "color": COLOR}, {"region": "hat", "color": "#ffffff"}]
    assert is_problem(asked(api, twice), "bad-parameter", 400)["errors"][0]["parameter"] == "swaps[1].region"
    worn = {"person": "1", "from_region": "upper"}
    reply = api.post("/v1/try-on", files={"photo": PHOTO, "from_photo": jpeg(1)}, data=worn)
    assert reply.status_code == 200, reply.text


@pytest.mark.parametrize(
    "swaps",
    ["[", "{}", "[]", "null", "1", '"x"', "[1]", "[[]]", '[{"person":NaN,"color":"#fff"}]', "[" * 5000, "[" * 60_000,
     '[{"color":"#ffffff","color":"#000000"}]', '[{"person":' + "9" * 5000 + "}]", json.dumps([{"color": COLOR}] * 17),
     " " * 70_000, "\ud83d"],
)  # fmt: skip
def test_documents_that_are_none(api: Api, swaps: str) -> None:
    reply = asked(api, swaps.encode("utf-8", "replace").decode())
    document = is_problem(reply, "bad-parameter", 400)
    assert document["errors"]


@pytest.mark.parametrize(
    ("second", "place"),
    [
        ({"color": COLOR, "repeat_cm": 5000}, "swaps[1].repeat_cm"),
        ({"color": COLOR, "repeat_cm": 5}, "swaps[1].repeat_cm"),
        ({"color": COLOR, "wings": 5}, "swaps[1].wings"),
        ({"color": COLOR, "photo_key": "0" * 64}, "swaps[1].photo_key"),
        ({"color": COLOR, "format": "png"}, "swaps[1].format"),
        ({"color": COLOR, "region": "wings"}, "swaps[1].region"),
        ({"color": COLOR, "person": 1}, "swaps[1].region"),
        ({"color": COLOR, "folds": "nan"}, "swaps[1].folds"),
        ({"color": COLOR, "exposure": 9}, "swaps[1]"),
        ({"color": "reddish"}, "swaps[1]"),
        ({"fabric": "../../etc/passwd"}, "swaps[1]"),
        ({}, "swaps[1]"),
        ({"color": COLOR, "fabric": "denim"}, "swaps[1]"),
        ({"from_person": 1, "print": "cloth"}, "swaps[1]"),
        ({"from_person": 1, "color": COLOR}, "swaps[1]"),
        ({"tile": "nowhere"}, "swaps[1].tile"),
        ({"tile": "photo"}, "swaps[1].tile"),
        ({"tile": "../x"}, "swaps[1].tile"),
        ({"tile": "x" * 33}, "swaps[1].tile"),
        ({"tile": "Ä"}, "swaps[1].tile"),
        ({"tile": 3}, "swaps[1].tile"),
        ({"from_region": "upper", "color": COLOR}, "swaps[1].from_region"),
        ({"from_person": 1, "from_region": "hat"}, "swaps[1].from_region"),
        ({"from_person": 1, "region": "hat"}, "swaps[1].from_region"),
        ({"from_person": 0}, "swaps[1].from_person"),
        ({"from_key": "abc"}, "swaps[1].from_key"),
        ({"from_photo": "cloth", "from_key": "0" * 64}, "swaps[1].from_key"),
    ],
)
def test_errors_name_the_place(api: Api, second: dict[str, Any], place: str) -> None:
    reply = asked(api, [{"person": 1, "tile": "cloth"}, {"person": 2, **second}], {"cloth": CLOTH})
    document = is_problem(reply, "bad-parameter", 400)
    assert document["errors"][0]["parameter"] == place
    assert document["detail"].startswith("swaps[1]")


@pytest.mark.parametrize(
    ("second", "files", "code", "place"),
    [
        ({"person": 9, "color": COLOR}, {}, "no-such-person", "swaps[1].person"),
        ({"person": 1, "region": "dress", "color": COLOR}, {}, "no-such-garment", "swaps[1].region"),
        ({"person": 2, "from_person": 9}, {}, "no-such-person", "swaps[1].from_person"),
        ({"person": 2, "from_person": 1, "from_region": "coat"}, {}, "no-such-garment", "swaps[1].from_region"),
        ({"person": 2, "from_key": "0" * 64}, {}, "expired", "swaps[1].from_key"),
        ({"person": 2, "from_photo": "x"}, {"x": jpeg(2)}, "bad-parameter", "swaps[1].from_person"),
        ({"person": 2, "from_photo": "x"}, {"x": jpeg(0)}, "no-person-found", "swaps[1]"),
        ({"person": 2, "print": "x", "place": "leg_L"}, {"x": ART}, "cannot-do", "swaps[1]"),
        ({"person": 2, "garment": "x"}, {"x": encoded("PNG", np.full((80, 80, 3), 128))}, "cannot-do", "swaps[1]"),
        ({"person": 2, "tile": "x"}, {"x": b"PK\x03\x04"}, "image-format", None),
        ({"person": 2, "tile": "x"}, {"x": CLOTH[:60]}, "image-damaged", None),
        ({"person": 2, "tile": "x"}, {"x": CLOTH[:-700]}, "image-damaged", "swaps[1]"),
    ],
)
def test_what_a_photo_has_not(api: Api, second: Any, files: Any, code: str, place: str | None) -> None:
    document = is_problem(asked(api, [{"person": 1, "color": COLOR}, second], files), code)
    if place is not None:
        assert document["errors"][0]["parameter"] == place, document
    assert api.idle()


def test_fields_of_one_garment_do_not_go_with_a_list(api: Api) -> None:
    swaps = [{"person": 1, "color": COLOR}]
    for name, value in (("person", "1"), ("region", "upper"), ("color", COLOR), ("folds", "1"), ("from_person", "2")):
        document = is_problem(asked(api, swaps, **{name: value}), "bad-parameter", 400)
        assert document["errors"] == [{"parameter": name, "message": "belongs into swaps"}]
    is_problem(asked(api, swaps, {"tile": CLOTH}), "bad-parameter", 400)  # a part that no swap names
    assert asked(api, [{"person": 1, "tile": "tile"}], {"tile": CLOTH}).status_code == 200


def test_limits_of_files() -> None:
    with Api(max_total_pixels=2000) as api:
        files = {f"t{k}": CLOTH for k in range(3)}
        one = asked(api, [{"person": k + 1, "tile": f"t{k}"} for k in range(3)], files)
        assert one.status_code == 200, one.text  # a photo may always have max_pixels
    with Api(max_total_pixels=2000, max_pixels=150_000) as api:
        swaps = [{"person": k + 1, "from_person": 1, "from_photo": f"p{k}"} for k in range(3)]
        document = is_problem(asked(api, swaps, {f"p{k}": jpeg(2) for k in range(3)}), "image-too-large", 413)
        assert document["errors"][0]["parameter"] == "p2"
        swaps = [{"person": 1, "tile": "a"}]
        is_problem(asked(api, swaps, {f"x{k}": CLOTH for k in range(40)}), "too-many-files", 413)
        parts = [("photo", PHOTO), ("a", CLOTH), ("a", CLOTH)]
        reply = api.post("/v1/try-on", files=parts, data={"swaps": json.dumps(swaps)})
        is_problem(reply, "too-many-files", 413)


def test_as_a_job(api: Api) -> None:
    swaps = json.dumps([{"person": 1, "from_person": 2}, {"person": 2, "tile": "a"}])
    data, files = {"swaps": swaps, "format": "json"}, {"photo": PHOTO, "a": CLOTH}
    made = api.post("/v1/try-on", data=data, files=files, headers={"Prefer": "respond-async"})
    assert made.status_code == 202
    where = made.headers["location"]
    events = api.get(f"{where}/events").text
    last = json.loads(events.strip().rpartition("data: ")[2])
    assert last["status"] == "succeeded"
    told = api.get(last["result"]["href"]).json()
    assert [row["cloth"] for row in told["garments"]] == ["worn", "tile"]
    assert api.get(told["picture"]["href"]).status_code == 200
    failing = json.dumps([{"person": 1, "color": COLOR}, {"person": 9, "color": COLOR}])
    reply = api.post("/v1/try-on", data={"swaps": failing}, files={"photo": PHOTO}, headers={"Prefer": "respond-async"})
    last = json.loads(api.get(f"{reply.headers['location']}/events").text.strip().rpartition("data: ")[2])
    assert last["status"] == "failed" and last["problem"]["errors"][0]["parameter"] == "swaps[1].person"


def test_nothing_of_the_other_photo_comes_out(api: Api) -> None:
    other = jpeg(2, exif=b"Exif\0\0II*\0\x08\0\0\0\0\0SECRET-PLACE", icc_profile=b"SECRET-PROFILE")
    for form in ("png", "jpeg", "webp", "zip", "json"):
        reply = asked(api, [{"person": 1, "from_person": 2, "from_photo": "o"}], {"o": other}, format=form)
        assert reply.status_code == 200 and b"SECRET" not in reply.content


def test_lists_are_described(api: Api) -> None:
    told = api.get("/openapi.json").json()["paths"]["/v1/try-on"]["post"]
    content = told["requestBody"]["content"]["multipart/form-data"]
    swaps = content["schema"]["properties"]["swaps"]
    assert swaps["contentMediaType"] == "application/json" and swaps["contentSchema"]["maxItems"] == 16
    assert {"from_person", "from_photo", "tile", "region"} <= set(swaps["contentSchema"]["items"]["properties"])
    names = {"flowers": CLOTH, "logo": ART, "friends": OTHER}
    example = json.loads(content["examples"]["swaps"]["value"]["swaps"])
    example = [row for row in example if row["person"] < 4 and row["region"] in ("upper", "lower")]
    used = {name: data for name, data in names.items() if name in json.dumps(example)}
    assert asked(api, example, used).status_code == 200
    assert "swaps" not in {row["name"] for row in told["parameters"]}
    assert api.get("/version").json()["limits"]["swaps"] == 16
