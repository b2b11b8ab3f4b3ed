"""Photos that are kept for later requests: in little memory, whatever their size, and the same people as before."""

from __future__ import annotations

import gc
from typing import Any

import numpy as np
import pytest
from api_client import Api, encoded, is_problem, jpeg, opened
from tryon_people import FakeParser, pixels

from dressform.api.jobs import shelf as shelves
from dressform.api.jobs.kept import keep, parse_cost, shrunk, shrunk_parse
from dressform.parsing import Parse, Part
from dressform.parsing.result import Observation
from dressform.parsing.scores import ScoreMaps

FAST = {"Content-Type": "image/jpeg"}
THUMBNAIL = {"style": "flat", "size": "64"}


def parsed(people: int = 2) -> Parse:
    return FakeParser().parse(pixels(max(people, 1)) * (people > 0))


@pytest.mark.parametrize("people", [0, 1, 3])
def test_nothing_is_lost(people: int) -> None:
    parse = parsed(people)
    kept = keep(parse, b"photo")
    again = kept.opened(parse.image)
    assert np.array_equal(again.labels, parse.labels) and again.labels.dtype == np.uint8
    assert np.array_equal(again.instances, parse.instances) and again.instances.dtype == np.uint16
    assert again.observations == parse.observations and again.engine == parse.engine and again.image is not None
    assert kept.opened().image is None and kept.opened().size == parse.size
    assert kept.cost < 60_000 + 5000 * people < parse_cost(parse)


def test_any_map_is_kept() -> None:
    rng = np.random.default_rng(3)
    instances = rng.integers(0, 700, (31, 57)).astype(np.uint16)
    labels = np.where(instances > 0, rng.integers(1, len(Part), instances.shape), 0).astype(np.uint8)
    seen = tuple(Observation((0, 0, 57, 31), 0.5) for _ in range(700))
    again = keep(Parse(labels, instances, seen), b"").opened()
    assert np.array_equal(again.labels, labels) and np.array_equal(again.instances, instances)


@pytest.mark.parametrize("max_side", [64, 101, 256])
def test_the_same_people_on_a_smaller_photo(max_side: int) -> None:
    parse = parsed(3)
    scores = ScoreMaps((-3.0, 1.0, 90.0, 250.0), (Part.HAIR,), np.full((1, 4, 4), 9, np.uint8))
    first = Observation(parse.people[0].box, 0.7, scores, parse.people[0].keypoints, parse.people[0].face)
    parse = Parse(parse.labels, parse.instances, (first, *parse.observations[1:]), parse.image, parse.engine)
    small = shrunk_parse(parse, max_side)
    assert max(small.size) == max_side and len(small) == 3 and small.engine == parse.engine
    assert np.array_equal(small.labels > 0, small.instances > 0)
    assert small.image is not None and small.image.shape == (*small.labels.shape, 3)
    scale = np.array(small.size) / parse.size
    for one, other in zip(parse.people, small.people, strict=True):
        assert np.allclose(np.reshape(other.box, (2, 2)), np.reshape(one.box, (2, 2)) * scale, atol=1e-3)
        there = one.mask().mean()
        assert abs(other.mask().mean() - there) < 0.08 * there
        assert one.keypoints is not None and other.keypoints is not None
        assert np.allclose(other.keypoints[:, :2], one.keypoints[:, :2] * scale, atol=1e-3)
        assert np.array_equal(other.keypoints[:, 2], one.keypoints[:, 2])
    moved = small.people[0].observation.scores
    assert moved is not None and moved.values is not scores.values and np.array_equal(moved.values, scores.values)
    assert np.allclose(np.reshape(moved.box, (2, 2)), np.reshape(scores.box, (2, 2)) * scale)
    assert shrunk_parse(parse, 5000) is parse and shrunk(pixels(1), 5000).shape == pixels(1).shape


def test_a_photo_that_is_too_large_to_stay_open_is_kept() -> None:
    photo = jpeg(3, quality=80)
    with Api(cache_bytes=20 * 50_000) as api:  # the whole parse takes more than a quarter of that
        keys = [api.key(photo + bytes([k])) for k in range(3)]
        assert len(api.shelf.opened) == 0 and len(api.shelf.photos) == 3 and api.parser.asked == 3
        for key in keys:
            for url, data in (
                ("/v1/parse", {"view": "cutout", "format": "png", "person": "2"}),
                ("/v1/avatar", THUMBNAIL),
                ("/v1/avatar", {**THUMBNAIL, "person": "3", "format": "json"}),
                ("/v1/try-on", {"person": "1", "color": "#7a1f2b"}),
                ("/v1/stages", {"person": "2"}),
                ("/v1/stages", {"person": "2", "max_side": "256"}),
            ):
                reply = api.post(url, data={"photo_key": key, **data})
                assert reply.status_code in (200, 201), reply.text
        assert api.parser.asked == 3


def test_the_same_bytes_whether_it_stays_open_or_not() -> None:
    requests = (
        ("/v1/parse", {"masks": "png", "landmarks": "true"}),
        ("/v1/avatar", {"style": "chibi", "person": "2"}),
        ("/v1/avatar", {"format": "zip", "group": "true"}),
        ("/v1/try-on", {"person": "1", "fabric": "tartan"}),
    )
    replies = []
    for size in (20 * 50_000, 160 << 20):
        with Api(cache_bytes=size, secret="s" * 32) as api:
            key = api.key(jpeg(2))
            assert len(api.shelf.opened) == (size > 1 << 20)
            replies.append([api.post(url, data={"photo_key": key, **data}).content for url, data in requests])
    assert replies[0] == replies[1]


def test_an_avatar_that_was_measured_needs_no_pixels(monkeypatch: pytest.MonkeyPatch) -> None:
    with Api(cache_bytes=20 * 50_000) as api:
        key = api.key(jpeg(3, quality=80))
        assert api.post("/v1/avatar", data={"photo_key": key, **THUMBNAIL}).status_code == 200
        monkeypatch.setattr(shelves, "load_image", lambda *_, **__: pytest.fail("the photo was decoded"))
        for style in ("chibi", "pencil"):
            reply = api.post("/v1/avatar", data={"photo_key": key, **THUMBNAIL, "style": style})
            assert reply.status_code == 200 and opened(reply.content).size == (64, 64)
        is_problem(api.post("/v1/avatar", data={"photo_key": key, **THUMBNAIL, "person": "9"}), "no-such-person", 422)


def test_requests_at_the_same_time_open_a_photo_once(monkeypatch: pytest.MonkeyPatch) -> None:
    count: list[int] = []

    def load(*args: Any, **options: Any) -> Any:
        count.append(1)
        return real(*args, **options)

    real = shelves.load_image
    with Api(cache_bytes=20 * 50_000, workers=1) as api:
        key = api.key(jpeg(3, quality=80))
        monkeypatch.setattr(shelves, "load_image", load)
        held = api.shelf.parse(key, None)
        assert api.shelf.parse(key, None) is held and len(count) == 1
        del held
        gc.collect()
        api.shelf.parse(key, None)
        assert len(count) == 2


def test_nobody_in_the_photo_is_kept_too() -> None:
    with Api() as api:
        key = api.key(jpeg(0))
        assert api.post("/v1/parse", data={"photo_key": key, "masks": "none"}).json()["people"] == []
        is_problem(api.post("/v1/avatar", data={"photo_key": key}), "no-person-found", 422)
        assert api.parser.asked == 1


def test_what_is_kept_is_bounded_and_ends() -> None:
    with Api(cache_bytes=20 * 50_000) as api:
        photo = jpeg(3, quality=80)
        keys = [api.key(photo + bytes([k])) for k in range(40)]
        assert api.shelf.photos.cost <= 5 * 50_000 and 2 <= len(api.shelf.photos) < 40
        assert api.post("/v1/parse", data={"photo_key": keys[-1]}).status_code == 200
        is_problem(api.post("/v1/parse", data={"photo_key": keys[0]}), "expired", 404)
        api.shelf.photos._clock = lambda: 1e12
        api.shelf.sweep()
        assert len(api.shelf.photos) == 0
        is_problem(api.post("/v1/parse", data={"photo_key": keys[-1]}), "expired", 404)


def test_what_is_used_stays() -> None:
    """A photo's time starts anew with the use of anything that was made of it."""
    now = [0.0]
    with Api() as api:
        for cache in (api.shelf.photos, api.shelf.opened, api.shelf.stages):
            cache._clock = lambda: now[0]
        key = api.key(jpeg(2))
        stage = api.post("/v1/stages", data={"photo_key": key, "person": "1", "max_side": "256"}).json()["id"]
        for now[0] in (500.0, 1000.0, 1500.0):
            data = {"color": f"#0000{int(now[0]) % 90 + 10}"}
            assert api.post(f"/v1/stages/{stage}/drape", data=data).status_code == 200
        assert api.post("/v1/stages", data={"photo_key": key, "person": "1", "max_side": "256"}).status_code == 201
        now[0] = 2200.0
        is_problem(api.post("/v1/stages", data={"photo_key": key, "person": "1", "max_side": "256"}), "expired", 404)


def test_pixels_are_the_upright_ones_each_time() -> None:
    turned = encoded(
        "JPEG", np.rot90(pixels(2)), exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0"
    )
    with Api(cache_bytes=20 * 50_000) as api:
        key = api.key(turned)
        first = api.shelf.parse(key, None)
        assert first.size == (pixels(2).shape[1], pixels(2).shape[0]) and first.image is not None
        assert np.abs(first.image.astype(int) - pixels(2)).mean() < 4


@pytest.mark.parametrize("waiting", [True, False])
def test_an_answer_never_names_a_photo_that_is_gone(waiting: bool) -> None:
    """Results of jobs are kept for longer than photos."""
    with Api() as api:
        photo, wait = jpeg(2), {} if waiting else {"Prefer": "respond-async"}
        for gone in ((), ("photos",), ("photos", "opened")):
            assert api.idle(), "who asks while a run is under way joins it, and it keeps the photo just once"
            for name in gone:
                getattr(api.shelf, name).clear()
            assert api.post("/v1/parse", content=photo, headers={**FAST, **wait}).status_code == 200 + 2 * (not waiting)
            reply = api.post("/v1/parse", content=photo, headers=FAST)
            assert api.post("/v1/avatar", data={"photo_key": reply.json()["key"], **THUMBNAIL}).status_code == 200
