"""``/v1/jobs`` and ``/v1/results``: work that is asked about later."""

from __future__ import annotations

from collections.abc import AsyncIterator

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from dressform.api.jobs.desk import Desk
from dressform.api.jobs.record import Record
from dressform.api.jobs.work_parse import dump
from dressform.api.problems import Problem
from dressform.api.routes import describe
from dressform.api.routes.work import output_response
from dressform.api.service import service_of
from dressform.api.settings import Settings

__all__ = ["add"]

_ETAG = 32  # hexadecimal digits


def add(router: APIRouter, settings: Settings) -> None:
    """Add the routes."""
    job = describe.reply("The job", 401, 404, schema=describe.JOB)
    events = describe.reply("Its status after each change", 401, 404, schema={"type": "string"},
                            media_type="text/event-stream")  # fmt: skip
    gone = {"responses": {"204": {"description": "Cancelled and erased"}, **describe.problems(401, 403, 404)}}
    result = describe.reply("The result", 401, 404, schema={"type": "string", "format": "binary"}, media_type="*/*")
    result["responses"]["304"] = {"description": "Not changed"}
    router.get("/v1/jobs/{job_id}", operation_id="job", tags=["jobs"], openapi_extra=job)(show)
    router.get("/v1/jobs/{job_id}/events", operation_id="jobEvents", tags=["jobs"], openapi_extra=events)(watch)
    router.delete("/v1/jobs/{job_id}", operation_id="eraseJob", status_code=204, tags=["jobs"],
                  openapi_extra=gone)(erase)  # fmt: skip
    router.get("/v1/results/{key}", operation_id="result", tags=["jobs"], openapi_extra=result)(fetch_result)


async def show(request: Request, job_id: str) -> Response:
    """How far a job is."""
    _, record = _found(request, job_id)
    return Response(dump(record.to_dict()), media_type="application/json")


async def watch(request: Request, job_id: str) -> Response:
    """The job's progress as server-sent events."""
    desk, record = _found(request, job_id)
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(_events(desk, record), headers=headers, media_type="text/event-stream")


async def erase(request: Request, job_id: str) -> Response:
    """Cancel a job and erase all of it."""
    service = service_of(request)
    service.desk.erase(job_id, service.caller(request).owner)
    return Response(status_code=204)


async def fetch_result(request: Request, key: str) -> Response:
    """The bytes of a result."""
    service = service_of(request)
    service.caller(request)
    output = service.desk.results.get(key)
    if output is None:
        raise Problem("expired", "this result is not kept any more", "ask for it again")
    tag = f'"{key[:_ETAG]}"'
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers={"ETag": tag, "Cache-Control": "private, no-store"})
    response = output_response(output)
    response.status_code = 200
    response.headers["ETag"] = tag
    return response


def _found(request: Request, job_id: str) -> tuple[Desk, Record]:
    service = service_of(request)
    return service.desk, service.desk.record(job_id, service.caller(request).owner)


async def _events(desk: Desk, record: Record) -> AsyncIterator[bytes]:
    async for document in desk.changes(record):
        yield b": still here\n\n" if document is None else b"event: status\ndata: " + dump(document) + b"\n\n"
