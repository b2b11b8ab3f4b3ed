"""The web page at ``/`` and its files."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from dressform.api.middleware import PAGE_POLICY
from dressform.api.problems import Problem

__all__ = ["add"]

# Browsers ask again each time and get 304: after an update nobody sees old scripts with a new page.
_HEADERS = {"Content-Security-Policy": PAGE_POLICY, "Cache-Control": "no-cache"}


class _Files(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        response.headers.update(_HEADERS)
        return response


def add(app: FastAPI) -> None:
    """Add the page."""
    folder = Path(str(files("dressform.api"))) / "static"

    async def page(request: Request) -> Response:
        """The web page."""
        if not (folder / "index.html").is_file():
            raise Problem("not-found", "this installation has no web page")
        return FileResponse(folder / "index.html", headers=_HEADERS, media_type="text/html")

    app.get("/", include_in_schema=False)(page)
    app.mount("/static", _Files(directory=folder, check_dir=False), name="static")
