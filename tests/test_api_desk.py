"""What is kept of jobs and of errors, and for how long: nothing grows, nothing is lost on the way to the caller."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator

import pytest
from api_client import Api, is_problem, jpeg, until

from dressform.api.jobs import desk
from dressform.api.problems import from_error
from dressform.parsing import WeightsError

ASYNC = {"Prefer": "respond-async"}
FAST = {"Content-Type": "image/jpeg"}


@pytest.fixture
def api() -> Iterator[Api]:
    with Api(queue_size=2) as running:
        yield running


def test_an_error_that_is_told_again_does_not_grow(api: Api) -> None:
    """What is raised again and again would hold on to more and more."""
    trouble = api.service.trouble = from_error(WeightsError("gone"))
    api.service.ready = False
    for _ in range(3):
        is_problem(api.post("/v1/parse", content=jpeg(), headers=FAST), "engine-unavailable", 503)
        is_problem(api.get("/health/ready"), "engine-unavailable", 503)
    assert trouble.__traceback__ is None and trouble.__context__ is None
    api.service.ready, api.service.trouble = True, None


def test_an_engine_that_breaks_is_told() -> None:
    with Api() as api:
        api.service.ready = False

        def warm() -> None:
            raise RuntimeError("SECRET of the runtime")

        api.shelf.warm = warm  # type: ignore[method-assign]
        api.run(api.service.warm())
        document = is_problem(api.get("/health/ready"), "engine-unavailable", 503)
        assert "SECRET" not in json.dumps(document)


def test_changes_while_the_caller_is_told(api: Api) -> None:
    """Whoever reads slowly still gets the last state."""
    api.parser.close()
    where = api.post("/v1/parse", files={"photo": jpeg()}, headers=ASYNC).headers["location"]
    assert api.parser.began.wait(10)
    record = api.service.desk.record(where.rpartition("/")[2], "")

    async def read() -> list[str]:
        stream = api.service.desk.changes(record)
        states = [(await anext(stream) or {})["status"]]
        api.parser.gate.set()
        while record.flight is not None:  # it ends while nobody reads
            await asyncio.sleep(0.005)
        states += [document["status"] async for document in stream if document is not None]
        return states

    assert api.run(read()) == ["running", "succeeded"] and api.idle()


def test_old_jobs_make_room(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk, "_MAX_JOBS", len(api.service.desk._jobs) + 2)
    places = []
    for k in range(5):
        reply = api.post("/v1/parse", files={"photo": jpeg(1, quality=70 + k)}, headers=ASYNC)
        assert reply.status_code == 202
        places.append(reply.headers["location"])
        until(lambda: api.get(places[-1]).json()["status"] == "succeeded")
    assert api.get(places[0]).status_code in (200, 404) and api.get(places[-1]).status_code == 200
    assert len(api.service.desk._jobs) <= desk._MAX_JOBS


def test_a_result_that_is_too_large_to_keep() -> None:
    with Api() as api:
        api.service.desk.results._most = 3000
        files, data = {"photo": jpeg()}, {"color": "#7a1f2b"}
        assert api.post("/v1/try-on", files=files, data=data).status_code == 200  # who waits gets it
        where = api.post("/v1/try-on", files=files, data=data, headers=ASYNC).headers["location"]
        until(lambda: api.get(where).json()["status"] == "failed")
        assert api.get(where).json()["problem"]["code"] == "cannot-do" and api.get(where).json()["result"] is None
        reply = api.post("/v1/try-on", files=files, data={**data, "format": "json"})
        assert "too large to be kept" in is_problem(reply, "cannot-do", 422)["detail"]
        assert api.idle()
