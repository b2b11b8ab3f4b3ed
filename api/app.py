"""The HTTP service as an application: ``uvicorn --factory dressform.api.app:create_app``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import version

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response

from dressform.api.jobs.local import LocalEngine
from dressform.api.jobs.shelf import Shelf
from dressform.api.jobs.work import worker
from dressform.api.middleware import Frame
from dressform.api.problems import Problem, from_status, problem_response
from dressform.api.routes import add_routes
from dressform.api.service import Service
from dressform.api.settings import Settings

__all__ = ["create_app", "make_service"]

_ABOUT = """People in photos and their parts, avatars, and garment swaps.

Photos go in as `multipart/form-data` or as the body itself. What comes out is chosen by `Accept` or `format`.
Errors are `application/problem+json`; `GET /v1/problems` lists their types. With `Prefer: respond-async` work is
answered by `202` and a job that tells its progress.
"""


def make_service(settings: Settings) -> Service:
    """A service whose work is done by threads of this process."""
    shelf = Shelf(settings)
    engine = LocalEngine(
        worker(shelf),
        workers=settings.workers,
        queue_size=settings.queue_size,
        patience=settings.deadline / 2,  # who is taken shall have an answer in time
    )
    return Service(settings, engine, shelf)


def create_app(settings: Settings | None = None, service: Service | None = None) -> FastAPI:
    """The application.

    Args:
        settings: None takes them from the environment.
        service: Another engine, for example; None makes one of threads.

    Raises:
        OptionError: An engine that does not exist. MissingExtraError: Tokens are to be checked without PyJWT.
        ValidationError: A setting that is not allowed.
    """
    settings = settings or (service.settings if service is not None else Settings())
    made = service or make_service(settings)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(made.warm()), asyncio.create_task(made.sweep())]
        try:
            yield
        finally:
            made.ready = False
            await asyncio.to_thread(made.desk.close(settings.grace).join)
            for task in tasks:
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
            if made.fetchers is not None:
                made.fetchers.shutdown(wait=False, cancel_futures=True)
            made.shelf.clear()
            made.desk.results.clear()

    app = FastAPI(
        title="dressform", version=version("dressform"), description=_ABOUT, lifespan=lifespan, docs_url=None,
        redoc_url=None, license_info={"name": "Apache-2.0"},
        redirect_slashes=False,  # such redirects go to whatever host the caller named
    )  # fmt: skip
    app.state.service = made
    add_routes(app, settings)
    app.add_exception_handler(Problem, _on_problem)
    app.add_exception_handler(HTTPException, _on_status)
    if settings.cors_origins:
        app.add_middleware(
            CORSMiddleware, allow_origins=list(settings.cors_origins), allow_methods=["GET", "POST", "DELETE"],
            allow_headers=["Authorization", "X-API-Key", "Content-Type", "Prefer"],
            expose_headers=["Location", "Retry-After", "X-Request-ID", "X-Cache"],
        )  # fmt: skip
    app.add_middleware(Frame, settings=settings, meter=made.meter)
    return app


async def _on_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return problem_response(error, request.state.request_id)


async def _on_status(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    problem = from_status(error.status_code)
    problem.headers = dict(error.headers or {})
    return problem_response(problem, request.state.request_id)
