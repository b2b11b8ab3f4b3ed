"""The description of the interface: it is whole, and the service keeps to it whatever it is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from api_client import BASE, Api
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis.errors import Unsatisfiable

from dressform.api.problems import PROBLEMS

schemathesis = pytest.importorskip("schemathesis")
requests = pytest.importorskip("requests")  # which it brings

_CHECKS = ("not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance")
_PARTS = {"method", "url", "headers", "params", "data", "files", "json", "cookies"}

WORK = {"/v1/parse", "/v1/parse/batch", "/v1/avatar", "/v1/try-on", "/v1/stages", "/v1/stages/{stage_id}/drape"}


@pytest.fixture(scope="module")
def api() -> Iterator[Api]:
    with Api(max_body=1 << 20) as running:
        yield running


@pytest.fixture(scope="module")
def description(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api.get("/openapi.json").json()
    return found


def test_all_routes_are_described(description: dict[str, Any]) -> None:
    assert set(description["paths"]) >= WORK | {
        "/v1/jobs/{job_id}", "/v1/jobs/{job_id}/events", "/v1/results/{key}", "/v1/stages/{stage_id}", "/v1/styles",
        "/v1/fabrics", "/v1/models", "/health/live", "/health/ready", "/metrics", "/version", "/api/parse",
        "/api/predict", "/upload", "/batch_parse",
    }  # fmt: skip
    names = [row["operationId"] for path in description["paths"].values() for row in path.values()]
    assert len(names) == len(set(names))


def test_work_has_examples_and_errors(description: dict[str, Any]) -> None:
    for path in WORK:
        told = description["paths"][path]["post"]
        good = told["responses"]["201" if path == "/v1/stages" else "200"]["content"]
        assert good["application/json"]["example"], path
        assert {"202", "400", "413", "415", "422", "429", "503", "504"} <= set(told["responses"])
        assert "multipart/form-data" in told["requestBody"]["content"]


def test_every_problem_is_listed(api: Api) -> None:
    assert {row["code"] for row in api.get("/v1/problems").json()["problems"]} == set(PROBLEMS)


@pytest.mark.parametrize("good", [True, False], ids=["good", "bad"])
def test_the_service_keeps_to_it(api: Api, description: dict[str, Any], good: bool) -> None:
    """A few requests per route, good or bad ones, the same every time."""
    from schemathesis.checks import CHECKS, load_all_checks

    mode = schemathesis.GenerationMode.POSITIVE if good else schemathesis.GenerationMode.NEGATIVE
    load_all_checks()
    checks = [CHECKS.get_one(name) for name in _CHECKS]
    seen: set[str] = set()
    for result in schemathesis.openapi.from_dict(description).get_all_operations():
        operation = result.ok()
        seen.add(operation.path)

        @settings(
            max_examples=6, deadline=None, derandomize=True, database=None, phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )  # fmt: skip
        @given(case=operation.as_strategy(generation_mode=mode))
        def ask(case: Any) -> None:
            options = case.as_transport_kwargs(base_url=BASE)
            request = requests.Request(**{k: v for k, v in options.items() if k in _PARTS}).prepare()
            reply = api.send(request.method, request.url, content=request.body, headers=dict(request.headers))
            case.validate_response(reply.result(30), checks=checks)

        try:
            ask()
        except Unsatisfiable:
            assert not good, operation.path  # nothing of this route can be bad
        except ValueError as error:
            if "Unsupported type: 'Binary'" not in str(error):  # what schemathesis stumbles over itself
                raise
    assert seen >= WORK
