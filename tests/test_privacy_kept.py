"""What PRIVACY.md says about how long things are kept."""

from __future__ import annotations

import gc
import sys
import time
from typing import Any

import pytest
from api_client import Api, GatedParser, encoded, jpeg

from dressform.api.cache import Cache
from dressform.api.clients import Rates
from dressform.api.settings import Settings

ASYNC = {"Prefer": "respond-async"}


def kept(api: Api) -> dict[str, int]:
    """Things that the service holds, whatever it calls them: "photos" are all but stages, results and jobs."""
    shelf, desk = api.shelf, api.service.desk
    photos = sum(len(cache) for name, cache in vars(shelf).items() if isinstance(cache, Cache) and name != "stages")
    return {"photos": photos, "stages": len(shelf.stages), "results": len(desk.results), "jobs": len(desk._jobs),
            "runs": len(desk._flights)}  # fmt: skip


def use(api: Api) -> None:
    """A parse, an avatar, a swap with a picture to fetch, a stage, a job."""
    photo = {"photo": jpeg(1)}
    for path, fields in (
        ("/v1/parse", {}),
        ("/v1/avatar", {"size": "32"}),
        ("/v1/try-on", {"color": "#7a1f2b", "format": "json"}),
        ("/v1/stages", {}),
    ):
        assert api.post(path, files=photo, data=fields).status_code < 300
    job = api.post("/v1/parse", files={"photo": jpeg(2)}, headers=ASYNC)
    api.idle()
    assert api.get(job.headers["location"]).json()["status"] == "succeeded"


def until_forgotten(api: Api, *names: str) -> bool:
    end = time.monotonic() + 10
    while any(kept(api)[name] for name in names):
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def test_everything_goes_after_its_time() -> None:
    with Api(cache_seconds=0.5, result_seconds=1, stage_seconds=0.5) as api:
        use(api)
        assert kept(api)["jobs"] and kept(api)["runs"] == 0
        assert until_forgotten(api, "photos", "stages", "results", "jobs"), kept(api)
        assert api.service._held() == 0


def test_without_a_cache_only_what_was_asked_for_is_kept() -> None:
    with Api(cache_seconds=0) as api:
        use(api)
        found = kept(api)
        # The stage, the picture that the JSON points to, and the job's result.
        assert found == {"photos": 0, "stages": 1, "results": 2, "jobs": 1, "runs": 0}


def test_ending_forgets_everything() -> None:
    with Api() as api:
        use(api)
        assert all(kept(api)[name] for name in ("photos", "stages", "results"))
    found = kept(api)
    assert not any(found[name] for name in ("photos", "stages", "results")), found


def test_deleting_a_job_erases_its_result() -> None:
    with Api() as api:
        job = api.post("/v1/parse", files={"photo": jpeg(1)}, headers=ASYNC).headers["location"]
        api.idle()
        href = api.get(job).json()["result"]["href"]
        assert api.get(href).status_code == 200 and api.delete(job).status_code == 204
        assert api.get(href).status_code == api.get(job).status_code == 404
        found = kept(api)
        assert found.pop("photos") > 0 and not any(found.values()), found


def test_addresses_are_forgotten() -> None:
    rates = Rates(Settings(rate_limit="5/second"))

    def known(address: str) -> bool:
        shelves = [shelf for shelf in vars(rates._limiter.storage).values() if isinstance(shelf, dict)]
        assert shelves and not rates._now
        return any(address in str(key) for shelf in shelves for key in shelf)

    rates.hit("ip:203.0.113.7")
    assert known("203.0.113.7")
    time.sleep(2.2)
    end = time.monotonic() + 10
    while known("203.0.113.7") and time.monotonic() < end:
        rates.hit("ip:203.0.113.8")  # whoever comes later
        time.sleep(0.3)
    assert not known("203.0.113.7")


def holders(seen: list[bytes]) -> int:
    """How many hold the one object of a list, besides the list and the call that counts."""
    return sys.getrefcount(seen[0]) - 2


def test_the_uploaded_file_goes_with_its_work(monkeypatch: pytest.MonkeyPatch) -> None:
    from dressform.api.routes import work

    seen: list[bytes] = []
    take = work.take_photo

    async def taking(order: Any, files: dict[str, bytes], *more: Any) -> Any:
        inputs, key = await take(order, files, *more)
        seen.append(inputs["photo"])
        return inputs, key

    monkeypatch.setattr("dressform.api.routes.parse.take_photo", taking)
    parser = GatedParser()
    with Api(parser, cache_seconds=0) as api:
        parser.close()
        job = api.post("/v1/parse", files={"photo": encoded("PNG")}, headers=ASYNC)
        assert parser.began.wait(10) and holders(seen) and api.service.budget.held > 0
        parser.gate.set()
        assert api.idle() and job.status_code == 202
        end = time.monotonic() + 10
        while holders(seen) and time.monotonic() < end:
            gc.collect()
            time.sleep(0.05)
        left = holders(seen)
        assert left == 0 and api.service.budget.held == 0
