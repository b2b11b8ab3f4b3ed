"""``/v1/try-on``."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dressform.api.jobs.cloths import PICTURES, check_cloth
from dressform.api.negotiate import chosen_format
from dressform.api.parameters import DrapeParameters, TryOnParameters, plain
from dressform.api.problems import Problem
from dressform.api.routes import describe
from dressform.api.routes.work import PHOTO, Order, check_pictures, checking, take_order, take_photo
from dressform.api.settings import Settings

__all__ = ["FORMATS", "add", "check_output"]

FORMATS = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "json": "application/json",
    "zip": "application/zip",
}
EXAMPLE = {
    "size": [1280, 853],
    "garments": [{"person": 1, "region": "upper", "cloth": "solid", "covered": 1.0, "notes": []}],
    "notes": [],
    "picture": {"href": "/v1/results/0b5c…", "type": "image/png"},
}


def add(router: APIRouter, settings: Settings) -> None:
    """Add the route."""
    told = describe.work(TryOnParameters, FORMATS, files=(PHOTO[0], *PICTURES), example=EXAMPLE)
    router.post("/v1/try-on", operation_id="tryOn", tags=["work"], openapi_extra=told)(try_on)


async def try_on(request: Request) -> Response:
    """Give somebody in a photo another garment."""
    async with take_order(request) as order:
        wanted = TryOnParameters.read(request, order.upload)
        form = chosen_format(wanted.format, request.headers.get("accept", ""), FORMATS)
        check_output(wanted, form)
        options = {**plain(wanted), "format": form}
        files = order.files(*PHOTO, *PICTURES)
        await check_cloth_of(order, options, files)
        inputs, key = await take_photo(order, files, wanted.photo_key, wanted.photo_url)
        return await order.answer(order.service.task(order.caller, "try-on", options, inputs, key))


async def check_cloth_of(order: Order, options: dict[str, object], files: dict[str, bytes]) -> None:
    """Look at the cloth of a request before any work; raises Problem."""
    pictures = {name: files[name] for name in PICTURES if name in files}
    with checking():
        await asyncio.to_thread(check_cloth, options, pictures)
    await check_pictures(order, pictures)


def check_output(wanted: TryOnParameters | DrapeParameters, form: str) -> None:
    """Refuse what a format cannot hold; raises Problem."""
    if form == "jpeg" and wanted.view == "layer":
        raise Problem("bad-parameter", "JPEG has no transparency", None, "png or webp", [("format", "not for layers")])
