"""Whether the service lives, is ready, what version it is, and what it counts."""

from __future__ import annotations

from importlib.metadata import version

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dressform.api.jobs.work_parse import dump
from dressform.api.parameters_tryon import MOST_SWAPS
from dressform.api.problems import Problem
from dressform.api.routes import describe
from dressform.api.service import service_of
from dressform.api.settings import Settings

__all__ = ["add"]


def add(router: APIRouter, settings: Settings) -> None:
    """Add the routes."""
    ready = describe.reply("Ready for work", 503)
    router.get("/health/live", operation_id="live", tags=["health"], openapi_extra=describe.reply("Alive"))(live)
    router.get("/health/ready", operation_id="ready", tags=["health"], openapi_extra=ready)(is_ready)
    router.get("/version", operation_id="version", tags=["health"], openapi_extra=describe.reply("Version"))(tell)
    if settings.metrics:
        text = describe.reply("Counters", 401, schema={"type": "string"}, media_type="text/plain")
        router.get("/metrics", operation_id="metrics", tags=["health"], openapi_extra=text)(metrics)


async def live(request: Request) -> Response:
    """Whether the process answers."""
    return _json({"status": "live"})


async def is_ready(request: Request) -> Response:
    """Whether work is taken: not before the engine is loaded, not while the service stops."""
    service = service_of(request)
    if service.desk.closing:
        raise Problem("shutting-down", "the service is stopping", retry_after=10)
    service.check_ready()
    return _json({"status": "ready"})


async def metrics(request: Request) -> Response:
    """Counters for Prometheus."""
    service = service_of(request)
    service.caller(request)
    return Response(service.meter.text(), media_type=service.meter.media_type)


async def tell(request: Request) -> Response:
    """Version, engine and limits."""
    settings = service_of(request).settings
    return _json(
        {
            "name": "dressform",
            "version": version("dressform"),
            "engine": settings.engine,
            "auth": settings.guarded,
            "limits": {
                "body_bytes": settings.max_body,
                "pixels": settings.max_pixels,
                "total_pixels": settings.max_total_pixels,
                "batch": settings.max_batch,
                "swaps": MOST_SWAPS,
                "people": settings.max_people,
                "deadline_seconds": settings.deadline,
                "cache_seconds": settings.cache_seconds,
                "result_seconds": settings.result_seconds,
                "stage_seconds": settings.stage_seconds,
            },
        }
    )


def _json(value: object) -> Response:
    return Response(dump(value), headers={"Cache-Control": "no-store"}, media_type="application/json")
