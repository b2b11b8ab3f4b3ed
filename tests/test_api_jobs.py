"""Jobs, shared runs, full queues, deadlines, callers that hang up: who waits for what."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from api_client import Api, is_problem, jpeg, until

ASYNC = {"Prefer": "respond-async"}
FAST = {"Content-Type": "image/jpeg"}


@pytest.fixture
def api() -> Iterator[Api]:
    with Api(queue_size=2) as running:
        yield running


def busy(api: Api) -> Any:
    """One request that is being worked on, until the gate opens."""
    api.parser.close()
    request = api.send("POST", "/v1/parse", content=jpeg(1, quality=50), headers=FAST)
    assert api.parser.began.wait(10)
    return request


def test_a_job(api: Api) -> None:
    reply = api.post("/v1/parse", files={"photo": jpeg(2)}, headers=ASYNC)
    assert reply.status_code == 202 and reply.headers["preference-applied"] == "respond-async"
    job = reply.json()
    where = reply.headers["location"]
    assert where == f"/v1/jobs/{job['id']}" == job["links"]["self"] and job["kind"] == "parse"
    until(lambda: api.get(where).json()["status"] == "succeeded")
    job = api.get(where).json()
    assert job["progress"] == 1 and job["problem"] is None
    result = api.get(job["result"]["href"])
    assert result.headers["content-type"] == job["result"]["type"] and len(result.content) == job["result"]["bytes"]
    assert len(result.json()["people"]) == 2
    assert api.delete(where).status_code == 204
    is_problem(api.get(where), "not-found", 404)
    is_problem(api.get(job["result"]["href"]), "expired", 404)


def test_a_job_that_fails(api: Api) -> None:
    where = api.post("/v1/avatar", files={"photo": jpeg(0)}, headers=ASYNC).headers["location"]
    until(lambda: api.get(where).json()["status"] == "failed")
    assert api.get(where).json()["problem"]["code"] == "no-person-found"


def test_events_tell_each_change_and_end(api: Api) -> None:
    waiting = busy(api)
    where = api.post("/v1/parse", files={"photo": jpeg(2)}, headers=ASYNC).headers["location"]

    async def watch() -> list[dict[str, Any]]:
        async with api.client.stream("GET", f"{where}/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            return [json.loads(line[6:]) async for line in stream.aiter_lines() if line.startswith("data: ")]

    watching = asyncio.run_coroutine_threadsafe(watch(), api.loop)
    until(lambda: api.get(where).json()["position"] == 1)
    api.parser.gate.set()
    seen = watching.result(20)
    assert [seen[0]["status"], seen[-1]["status"]] == ["queued", "succeeded"]
    assert seen[-1]["result"]["href"].startswith("/v1/results/")
    assert [row["progress"] for row in seen] == sorted(row["progress"] for row in seen)
    assert waiting.result(10).status_code == 200


def test_a_cancelled_job_frees_its_place(api: Api) -> None:
    waiting = busy(api)
    places = [
        api.post("/v1/parse", files={"photo": jpeg(1, quality=60 + k)}, headers=ASYNC).headers["location"]
        for k in range(2)
    ]
    assert api.engine.load().queued == 2
    assert api.delete(places[0]).status_code == 204
    assert api.engine.load().queued == 1
    api.parser.gate.set()
    assert waiting.result(10).status_code == 200
    until(lambda: api.get(places[1]).json()["status"] == "succeeded")
    assert api.idle()


def test_a_running_job_can_be_cancelled(api: Api) -> None:
    api.parser.close()
    where = api.post("/v1/parse", files={"photo": jpeg()}, headers=ASYNC).headers["location"]
    assert api.parser.began.wait(10)
    assert api.delete(where).status_code == 204
    api.parser.gate.set()
    assert api.idle() and len(api.service.desk.results) == 0


def test_identical_requests_share_one_run(api: Api) -> None:
    waiting = busy(api)
    photo = jpeg(2)
    same = [api.send("POST", "/v1/parse", content=photo, headers=FAST) for _ in range(5)]
    until(lambda: len(api.service.desk._flights) == 2)
    time.sleep(0.1)
    assert api.engine.load().queued == 1
    api.parser.gate.set()
    replies = [request.result(10) for request in same]
    assert {reply.status_code for reply in replies} == {200} and len({reply.content for reply in replies}) == 1
    assert sorted(reply.headers["x-cache"] for reply in replies) == ["miss", *["shared"] * 4]
    assert waiting.result(10).status_code == 200 and api.parser.asked == 2
    assert api.idle()


def test_a_full_queue_is_told_at_once(api: Api) -> None:
    waiting = busy(api)
    others = [api.send("POST", "/v1/parse", content=jpeg(1, quality=60 + k), headers=FAST) for k in range(2)]
    until(lambda: api.engine.load().queued == 2)
    refused = api.post("/v1/parse", content=jpeg(1, quality=80), headers=FAST)
    is_problem(refused, "queue-full", 503)
    assert int(refused.headers["retry-after"]) >= 1
    api.parser.gate.set()
    assert all(request.result(10).status_code == 200 for request in (waiting, *others))
    assert api.idle()


def test_too_many_uploads_at_once() -> None:
    photo = jpeg()
    with Api(max_held=max(1 << 10, len(photo) + 10), queue_size=8) as api:
        waiting = busy(api)
        is_problem(api.post("/v1/parse", content=photo, headers=FAST), "queue-full", 503)
        api.parser.gate.set()
        assert waiting.result(10).status_code == 200 and api.idle()
        assert api.post("/v1/parse", content=photo, headers=FAST).status_code == 200


def test_the_deadline() -> None:
    with Api(deadline=2) as api:
        waiting = busy(api)
        is_problem(waiting.result(10), "deadline", 504)
        api.parser.gate.set()
        assert api.idle()
        assert api.post("/v1/parse", content=jpeg(), headers=FAST).status_code == 200


def test_jobs_have_a_deadline_too() -> None:
    with Api(job_deadline=0.3) as api:
        api.parser.close()
        where = api.post("/v1/parse", files={"photo": jpeg()}, headers=ASYNC).headers["location"]
        until(lambda: api.get(where).json()["status"] == "failed")
        assert api.get(where).json()["problem"]["code"] == "deadline"
        api.parser.gate.set()
        assert api.idle()


def test_jobs_are_forgotten() -> None:
    with Api(result_seconds=0.2, cache_seconds=0) as api:
        where = api.post("/v1/parse", files={"photo": jpeg()}, headers=ASYNC).headers["location"]
        until(lambda: api.get(where).status_code == 404)
        assert len(api.service.desk.results) == 0


def test_a_caller_who_hangs_up_while_waiting(api: Api) -> None:
    waiting = busy(api)

    async def hang_up() -> None:
        sent: list[Any] = []
        left = asyncio.Event()
        body = jpeg(1, quality=70)
        messages = iter([{"type": "http.request", "body": body, "more_body": False}])

        async def receive() -> Any:
            for message in messages:
                return message
            await left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        headers = [(b"host", b"127.0.0.1"), (b"content-type", b"image/jpeg")]
        scope = {"type": "http", "method": "POST", "path": "/v1/parse", "raw_path": b"/v1/parse", "query_string": b"",
                 "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 8000), "scheme": "http",
                 "http_version": "1.1", "root_path": "", "asgi": {"version": "3.0"}}  # fmt: skip
        request = asyncio.ensure_future(api.app(scope, receive, send))
        while not api.engine.load().queued:
            await asyncio.sleep(0.005)
        left.set()
        await asyncio.wait_for(request, 5)
        assert sent[0]["status"] == 409  # nobody reads it

    api.run(hang_up())
    assert api.engine.load().queued == 0
    api.parser.gate.set()
    assert waiting.result(10).status_code == 200 and api.idle()
    assert api.parser.asked == 1


def test_one_who_hangs_up_does_not_take_it_from_the_others(api: Api) -> None:
    api.parser.close()
    first = api.post("/v1/parse", files={"photo": jpeg()}, headers=ASYNC).headers["location"]
    assert api.parser.began.wait(10)
    second = api.send("POST", "/v1/parse", files={"photo": jpeg()})
    until(lambda: any(flight.holders == 2 for flight in api.service.desk._flights.values()))
    assert api.delete(first).status_code == 204
    api.parser.gate.set()
    assert second.result(10).status_code == 200 and api.idle()


def test_closing_returns_what_cannot_be_finished() -> None:
    with Api(grace=0.2, queue_size=4) as api:
        waiting = busy(api)
        queued = api.send("POST", "/v1/parse", content=jpeg(2), headers=FAST)
        until(lambda: api.engine.load().queued == 1)
        closer = api.service.desk.close(0.2)
        replies: list[httpx.Response] = [waiting.result(10), queued.result(10)]
        for reply in replies:
            is_problem(reply, "shutting-down", 503)
        is_problem(api.get("/health/ready"), "shutting-down", 503)
        api.parser.gate.set()
        closer.join(5)
        is_problem(api.post("/v1/parse", content=jpeg(), headers=FAST), "shutting-down", 503)


def test_closing_finishes_what_it_can() -> None:
    with Api(grace=10) as api:
        waiting = busy(api)
        closer = api.service.desk.close(10)
        api.parser.gate.set()
        assert waiting.result(10).status_code == 200
        closer.join(5)
        assert not closer.is_alive()


def test_unknown_jobs(api: Api) -> None:
    for url in ("/v1/jobs/nobody", "/v1/jobs/nobody/events"):
        is_problem(api.get(url), "not-found", 404)
    is_problem(api.delete("/v1/jobs/nobody"), "not-found", 404)
    is_problem(api.get("/v1/results/nothing"), "expired", 404)
