"""What there is to choose from: styles, fabrics, samples, parts, engines, errors."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from dressform.api.jobs.work_parse import dump, legend
from dressform.api.problems import PROBLEMS, Problem
from dressform.api.routes import describe
from dressform.api.service import service_of
from dressform.api.settings import Settings
from dressform.assets import asset_path
from dressform.avatar.accessories import list_accessories, load_accessory
from dressform.avatar.draw.background import SHAPES
from dressform.avatar.export import list_formats
from dressform.avatar.framing import FRAMES
from dressform.avatar.override_keys import option_keys
from dressform.avatar.resolve import REMOVABLE
from dressform.avatar.style_file import list_styles, load_style
from dressform.parsing.engines.registry import list_engines
from dressform.parsing.parts import REGIONS, Part
from dressform.tryon.cloth.placement import PLACES
from dressform.tryon.shape.regions import REGION_NAMES
from dressform.tryon.weaves.shelf import list_fabrics

__all__ = ["add"]

_LOOK = {"folds": (0, 4, 1), "weave": (0, 4, 0), "roundness": (0, 1, 1), "delight": (0, 1, 0.6)}  # low, high, default
_TYPES = {".webp": "image/webp", ".jpg": "image/jpeg", ".png": "image/png"}


def add(router: APIRouter, settings: Settings) -> None:
    """Add the routes."""
    for name, make, what in (
        ("styles", _styles, "Styles and options of avatars"),
        ("fabrics", _fabrics, "Fabrics and options of try-on"),
        ("samples", _samples, "Photos to try the service with"),
        ("parts", _parts, "Parts and regions"),
        ("problems", _problems, "Types of errors"),
    ):
        told = describe.reply(what, 401)
        router.get(f"/v1/{name}", operation_id=name, tags=["lists"], openapi_extra=told)(_listing(make, what))
    told = describe.reply("Parsing engines", 401)
    router.get("/v1/models", operation_id="models", tags=["lists"], openapi_extra=told)(models)
    picture = describe.reply("A picture", 401, 404, schema={"type": "string", "format": "binary"}, media_type="image/*")
    router.get("/v1/fabrics/{name}", operation_id="fabric", tags=["lists"], openapi_extra=picture)(fabric)
    router.get("/v1/samples/{name}", operation_id="sample", tags=["lists"], openapi_extra=picture)(sample)


async def models(request: Request) -> Response:
    """Which engines there are, their licences, and which one works here."""
    service = service_of(request)
    service.caller(request)
    rows = [
        {"name": info.name, "title": info.title, "licence": info.licence, "commercial": info.commercial,
         "description": info.description, "runnable": info.runnable}
        for info in await asyncio.to_thread(list_engines)  # looks which packages are installed
    ]  # fmt: skip
    return Response(dump({"engine": service.settings.engine, "engines": rows}), media_type="application/json")


async def fabric(request: Request, name: str) -> Response:
    """One repeat of a fabric."""
    service_of(request).caller(request)
    return _picture({one.name: one.path for one in list_fabrics()}, name)


async def sample(request: Request, name: str) -> Response:
    """A photo."""
    service_of(request).caller(request)
    return _picture({Path(row["file"]).stem: asset_path("samples", row["file"]) for row in _sample_rows()}, name)


def _listing(make: Callable[[], bytes], what: str) -> Callable[[Request], Any]:
    async def show(request: Request) -> Response:
        service_of(request).caller(request)
        body = await asyncio.to_thread(make)  # the first time, dozens of files are read
        return Response(body, media_type="application/json")

    show.__doc__ = what
    return show


def _picture(known: dict[str, Path], name: str) -> Response:
    if name not in known:
        raise Problem("not-found", "there is no such picture", allowed=", ".join(known))
    headers = {"Cache-Control": "public, max-age=86400"}
    return FileResponse(known[name], headers=headers, media_type=_TYPES[known[name].suffix])


@cache
def _styles() -> bytes:
    styles = [load_style(name) for name in list_styles()]
    accessories = [load_accessory(key) for key in list_accessories()]
    return dump(
        {
            "styles": [{"name": one.name, "title": one.title, "description": one.description} for one in styles],
            "frames": list(FRAMES),
            "framings": ["auto", "bust", "half", "full"],
            "backgrounds": list(SHAPES),
            "removable": list(REMOVABLE),
            "accessories": [{"key": one.key, "kind": one.kind, "title": one.title} for one in accessories],
            "settings": list(option_keys()),
            "formats": [
                {"name": form.name, "type": form.media_type, "suffix": form.suffix, "description": form.description}
                for form in list_formats()
            ],
        }
    )


@cache
def _fabrics() -> bytes:
    rows = [
        {"name": one.name, "title": one.title, "repeat_cm": one.repeat_cm, "licence": one.licence,
         "picture": f"/v1/fabrics/{one.name}"}
        for one in list_fabrics()
    ]  # fmt: skip
    return dump({"fabrics": rows, "regions": list(REGION_NAMES), "places": list(PLACES), "look": _LOOK})


@cache
def _samples() -> bytes:
    rows = [
        {"name": (name := Path(row["file"]).stem), "title": row["title"], "people": row["people"],
         "licence": row["licence"], "picture": f"/v1/samples/{name}"}
        for row in _sample_rows()
    ]  # fmt: skip
    return dump({"samples": rows})


@cache
def _sample_rows() -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = json.loads(asset_path("samples", "index.json").read_text(encoding="utf-8"))
    return rows


@cache
def _parts() -> bytes:
    regions = {name: [part.slug for part in sorted(parts)] for name, parts in REGIONS.items()}
    return dump({"parts": legend([part for part in Part if part]), "regions": regions})


@cache
def _problems() -> bytes:
    rows = [
        {"type": f"urn:dressform:problem:{code}", "code": code, "status": status, "title": title}
        for code, (status, title) in PROBLEMS.items()
    ]
    return dump({"problems": rows})
