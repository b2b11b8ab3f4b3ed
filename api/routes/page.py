"""The web page at ``/`` and its files."""

from __future__ import annotations

import asyncio
from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from dressform.api.middleware import PAGE_POLICY
from dressform.api.page_files import PageFiles, file_response
from dressform.api.problems import Problem

__all__ = ["add"]

_INDEX = "index.html"


def add(app: FastAPI) -> None:
    """Add the page."""
    known = PageFiles(Path(str(files("dressform.api"))) / "static")

    async def show(request: Request) -> Response:
        name = request.path_params.get("name", _INDEX)
        file = await asyncio.to_thread(known.get, name)
        if file is None:
            raise Problem("not-found", "this installation has no web page" if name == _INDEX else "no such file")
        return file_response(
            file,
            method=request.method,
            accept=",".join(request.headers.getlist("accept-encoding")),
            known=",".join(request.headers.getlist("if-none-match")),
            # Browsers ask again each time and get 304: after an update nobody sees old scripts with a new page.
            Cache_Control="no-cache",
            Content_Security_Policy=PAGE_POLICY,
        )

    for path in ("/", "/static/{name:path}"):
        app.add_api_route(path, show, methods=["GET", "HEAD"], include_in_schema=False)
