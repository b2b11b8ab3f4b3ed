"""Who may call and how often, what every reply carries, what is logged and counted."""

from __future__ import annotations

import json
import logging
import time

import jwt
import pytest
from api_client import BASE, Api, is_problem, jpeg
from starlette.requests import Request

from dressform.api.clients import client_address

KEY, OTHER = "correct-horse-battery", "another-horse-battery"
SECRET = "a-secret-of-thirty-two-characters!"
JPEG = {"Content-Type": "image/jpeg"}


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_keys() -> None:
    with Api(api_keys=(KEY, OTHER)) as api:
        for headers in ({}, bearer("wrong"), bearer(""), {"X-API-Key": KEY[:-1]}, {"Authorization": f"Basic {KEY}"}):
            for url in ("/v1/styles", "/v1/jobs/x", "/v1/results/x", "/metrics", "/v1/samples/family"):
                is_problem(api.get(url, headers=headers), "unauthorized", 401)
            reply = api.post("/v1/parse", content=jpeg(), headers={**JPEG, **headers})
            is_problem(reply, "unauthorized", 401)
            assert reply.headers["www-authenticate"] == "Bearer" and KEY not in reply.text
        for headers in (bearer(KEY), {"X-API-Key": OTHER}):
            assert api.post("/v1/parse", content=jpeg(), headers={**JPEG, **headers}).status_code == 200
        for url in ("/health/live", "/health/ready", "/version"):
            assert api.get(url).status_code == 200
        assert api.get("/version").json()["auth"] is True


def test_callers_see_nothing_of_each_other() -> None:
    with Api(api_keys=(KEY, OTHER)) as api:
        mine, theirs = bearer(KEY), bearer(OTHER)
        first = api.post("/v1/parse", files={"photo": jpeg()}, headers=mine)
        other = api.post("/v1/parse", files={"photo": jpeg()}, headers=theirs)
        assert other.headers["x-cache"] == "miss" and first.json()["key"] != other.json()["key"]
        job = api.post("/v1/parse", files={"photo": jpeg(2)}, headers={**mine, "Prefer": "respond-async"})
        where = job.headers["location"]
        assert api.get(where, headers=mine).status_code == 200
        is_problem(api.get(where, headers=theirs), "not-found", 404)
        is_problem(api.delete(where, headers=theirs), "not-found", 404)
        stage = api.post("/v1/stages", files={"photo": jpeg()}, headers=mine).json()["id"]
        is_problem(api.get(f"/v1/stages/{stage}", headers=theirs), "expired", 404)
        reply = api.post(f"/v1/stages/{stage}/drape", data={"color": "#112233"}, headers=theirs)
        is_problem(reply, "expired", 404)


def test_tokens() -> None:
    now = time.time()
    good = {"sub": "ann", "exp": now + 60, "aud": "dressform", "iss": "me"}
    with Api(jwt_key=SECRET, jwt_audience="dressform", jwt_issuer="me") as api:
        assert api.get("/v1/parts", headers=bearer(jwt.encode(good, SECRET))).status_code == 200
        bad = [
            jwt.encode({**good, "exp": now - 60}, SECRET),
            jwt.encode({**good, "aud": "other"}, SECRET),
            jwt.encode({**good, "iss": "you"}, SECRET),
            jwt.encode({"sub": "ann", "aud": "dressform", "iss": "me"}, SECRET),
            jwt.encode(good, SECRET + "x"),
            jwt.encode(good, None, algorithm="none"),
            "a.b.c",
            "...",
        ]
        for token in bad:
            is_problem(api.get("/v1/parts", headers=bearer(token)), "unauthorized", 401)


def test_rates() -> None:
    with Api(rate_limit="3/minute") as api:
        for _ in range(3):
            assert api.post("/v1/parse", content=jpeg(), headers=JPEG).status_code == 200
        reply = api.post("/v1/parse", content=jpeg(), headers=JPEG)
        is_problem(reply, "rate-limit", 429)
        assert 1 <= int(reply.headers["retry-after"]) <= 60
        assert api.get("/v1/parts").status_code == 200  # only work is counted


def test_how_much_at_once() -> None:
    with Api(client_concurrency=1, queue_size=5) as api:
        api.parser.close()
        first = api.send("POST", "/v1/parse", content=jpeg(), headers=JPEG)
        assert api.parser.began.wait(10)
        is_problem(api.post("/v1/parse", content=jpeg(2), headers=JPEG), "too-many-at-once", 429)
        api.parser.gate.set()
        assert first.result(10).status_code == 200
        assert api.post("/v1/parse", content=jpeg(2), headers=JPEG).status_code == 200


def test_host_names() -> None:
    with Api(allowed_hosts=("example.org", "*.example.net")) as api:
        for host in ("example.org", "EXAMPLE.org:8000", "a.example.net"):
            assert api.get("/version", headers={"Host": host}).status_code == 200
        for host in ("evil.org", "example.org.evil.org", "notexample.net", "", "127.0.0.1"):
            is_problem(api.get("/version", headers={"Host": host}), "host-not-allowed", 400)
    with Api() as api:
        assert api.get("/version", headers={"Host": "[::1]:8000"}).status_code == 200
        is_problem(api.get("/version", headers={"Host": "rebound.evil.org"}), "host-not-allowed", 400)


def test_other_web_sites() -> None:
    with Api() as api:
        for origin in ("https://evil.org", "null", "http://127.0.0.1:9999"):
            reply = api.post("/v1/parse", content=jpeg(), headers={**JPEG, "Origin": origin})
            is_problem(reply, "origin-not-allowed", 403)
            assert "access-control-allow-origin" not in reply.headers
        assert api.post("/v1/parse", content=jpeg(), headers={**JPEG, "Origin": BASE}).status_code == 200
    with Api(cors_origins=("https://shop.org",)) as api:
        reply = api.post("/v1/parse", content=jpeg(), headers={**JPEG, "Origin": "https://shop.org"})
        assert reply.status_code == 200 and reply.headers["access-control-allow-origin"] == "https://shop.org"


def test_headers_that_protect() -> None:
    with Api() as api:
        for url in ("/version", "/nowhere", "/v1/styles"):
            headers = api.get(url).headers
            assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
            assert headers["referrer-policy"] == "no-referrer"
            assert "default-src 'none'" in headers["content-security-policy"]
            assert len(headers["x-request-id"]) == 36 and "server" not in headers
        page = api.get("/static/nowhere.js")
        assert page.status_code == 404


def test_the_log_tells_what_happened_and_nothing_of_the_photo(caplog: pytest.LogCaptureFixture) -> None:
    with Api(log_format="json") as api, caplog.at_level(logging.INFO, "dressform.access"):
        files = {"photo": ("Emma.jpg", jpeg(2), "image/jpeg")}
        api.post("/v1/parse?masks=none", files=files, headers={"User-Agent": "Emma's phone"})
        api.get("/v1/jobs/secret-id")
        api.get("/not/a/route/secret")
    rows = [json.loads(record.message) for record in caplog.records if record.name == "dressform.access"]
    parse, job, other = rows
    assert parse | {"id": "", "ms": 0, "time": "", "bytes_in": 0, "bytes_out": 0} == {
        "time": "", "id": "", "method": "POST", "route": "/v1/parse", "status": 200, "ms": 0, "bytes_in": 0,
        "bytes_out": 0, "pixels": 2 * 122 * 295, "people": 2, "engine": "compact", "cache": "miss",
    }  # fmt: skip
    assert parse["bytes_in"] > 1000 and parse["ms"] > 0
    assert job["route"] == "/v1/jobs/{job_id}" and job["status"] == 404 and other["route"] == "other"
    assert "secret" not in caplog.text and "Emma" not in caplog.text


def test_metrics() -> None:
    with Api() as api:
        api.post("/v1/parse", files={"photo": jpeg()})
        api.post("/v1/parse", files={"photo": jpeg()})
        text = api.get("/metrics").text
        assert 'dressform_requests_total{method="POST",route="/v1/parse",status="200"} 2.0' in text
        assert 'dressform_results_total{cache="hit"} 1.0' in text
        assert "dressform_tasks_queued 0.0" in text and "dressform_held_bytes 0.0" in text
    with Api(metrics=False) as api:
        is_problem(api.get("/metrics"), "not-found", 404)


@pytest.mark.parametrize(
    ("address", "told"),
    [
        ("203.0.113.9", "203.0.113.9"), ("::ffff:203.0.113.9", "203.0.113.9"), ("fe80::1%eth0", "fe80::/64"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"), ("2001:db8:1:2:bbbb::9", "2001:db8:1:2::/64"),
        ("x" * 500, "x" * 100),
    ],
)  # fmt: skip
def test_whose_requests_count_together(address: str, told: str) -> None:
    """A caller of IPv6 has more addresses than can be counted."""
    assert client_address(Request({"type": "http", "client": (address, 1), "headers": []})) == told
    assert client_address(Request({"type": "http", "client": None, "headers": []})) == "unknown"
