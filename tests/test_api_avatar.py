"""``/v1/avatar``: pictures, specs and archives."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator

import pytest
from api_client import Api, is_problem, jpeg, opened


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with Api() as running:
        yield running


@pytest.fixture(scope="module")
def key(api: Api) -> str:
    return api.key(jpeg(2))


@pytest.mark.parametrize(("form", "kind"), [("png", "PNG"), ("webp", "WEBP"), ("jpeg", "JPEG"), ("psd", "PSD")])
def test_one_picture(api: Api, key: str, form: str, kind: str) -> None:
    reply = api.post("/v1/avatar", data={"photo_key": key, "format": form, "person": "2", "size": "128"})
    assert reply.status_code == 200, reply.text
    picture = opened(reply.content)
    assert picture.format == kind and max(picture.size) == 128
    suffix = {"jpeg": "jpg"}.get(form, form)
    assert reply.headers["content-disposition"] == f'inline; filename="person-02-flat.{suffix}"'


def test_svg_by_accept_is_harmless(api: Api, key: str) -> None:
    reply = api.post("/v1/avatar", data={"photo_key": key}, headers={"Accept": "image/svg+xml"})
    assert reply.content.startswith(b"<") and b"<script" not in reply.content
    assert reply.headers["content-security-policy"].endswith("sandbox")


def test_a_photo_itself(api: Api) -> None:
    reply = api.post("/v1/avatar?size=64&frame=none", content=jpeg(), headers={"Content-Type": "image/jpeg"})
    assert opened(reply.content).size[0] <= 64


def test_a_spec_makes_the_same_picture(api: Api, key: str) -> None:
    options = {"person": "1", "style": "anime", "format": "svg"}
    first = api.post("/v1/avatar", data={"photo_key": key, **options})
    rows = api.post("/v1/avatar", data={"photo_key": key, "person": "1", "format": "json"}).json()["avatars"]
    assert [(row["person"], row["style"]) for row in rows] == [(1, "flat")]
    again = api.post("/v1/avatar", data={"avatar_spec": json.dumps(rows[0]["spec"]), "style": "anime", "format": "svg"})
    assert again.content == first.content


def test_archive_of_everybody(api: Api, key: str) -> None:
    options = {"photo_key": key, "format": "zip", "style": "flat,chibi", "formats": "png", "size": "64"}
    reply = api.post("/v1/avatar", data={**options, "sheet": "true", "group": "true"})
    with zipfile.ZipFile(io.BytesIO(reply.content)) as archive:
        names = archive.namelist()
    people = [f"person-{n:02}{end}" for n in (1, 2) for end in (".json", "-flat.png", "-chibi.png")]
    assert names == [*people, "sheet-2-styles.png", "group-flat.png", "group-chibi.png"]


def test_options_change_the_picture(api: Api, key: str) -> None:
    base = {"photo_key": key, "person": "1", "size": "64"}
    pictures = {
        api.post("/v1/avatar", data={**base, **more}).content
        for more in (
            {},
            {"frame": "square"},
            {"background": "#336699"},
            {"background": "none"},
            {"set": "hair.color=#aa0000"},
            {"add": "hat:beanie"},
            {"style": "pencil"},
        )
    }
    assert len(pictures) == 7


@pytest.mark.parametrize(
    "options",
    [
        {"style": "noir"},
        {"style": "../../etc/passwd"},
        {"style": "/etc/hostname.json"},
        {"style": "flat,anime"},
        {"person": "1,2"},
        {"person": "0"},
        {"person": "1-99999"},
        {"size": "100000"},
        {"add": "hat:../../x"},
        {"set": "hair.color"},
        {"background": "url(http://x)"},
        {"formats": "exe", "format": "zip"},
        {"avatar_spec": "{}"},
        {"avatar_spec": "[" * 10_000},
    ],
)
def test_bad_parameters(api: Api, key: str, options: dict[str, str]) -> None:
    given = options if "avatar_spec" in options else {"photo_key": key, **options}
    is_problem(api.post("/v1/avatar", data=given), "bad-parameter", 400)


def test_nobody_and_no_such_person(api: Api, key: str) -> None:
    is_problem(api.post("/v1/avatar", files={"photo": jpeg(0)}), "no-person-found", 422)
    document = is_problem(api.post("/v1/avatar", data={"photo_key": key, "person": "3"}), "no-such-person", 422)
    assert document["allowed"] == "1 to 2, from the left"
    is_problem(api.post("/v1/avatar"), "bad-parameter", 400)
