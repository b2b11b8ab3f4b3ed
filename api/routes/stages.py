"""``/v1/stages``: a garment prepared once and draped many times."""

from __future__ import annotations

import secrets
from dataclasses import replace

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dressform.api.jobs.shelf import Prepared
from dressform.api.jobs.work_parse import dump
from dressform.api.jobs.work_tryon import stage_document
from dressform.api.negotiate import chosen_format
from dressform.api.parameters import plain
from dressform.api.parameters_tryon import PICTURES, DrapeParameters, StageParameters, swap_fields
from dressform.api.problems import Problem
from dressform.api.routes import describe, tryon
from dressform.api.routes.work import PHOTO, take_order, take_photo
from dressform.api.service import Service, service_of
from dressform.api.settings import Settings

__all__ = ["add"]

_JSON = {"json": "application/json"}
_EXAMPLE = {
    "id": "Zk0…",
    "person": 1,
    "region": "upper",
    "size": [1280, 853],
    "window": [310, 200, 700, 820],
    "original": "plain",
    "inks": ["#2c5ca0"],
    "pixels_per_cm": 8.1,
    "expires_in": 600,
}


def add(router: APIRouter, settings: Settings) -> None:
    """Add the routes."""
    made = describe.work(StageParameters, _JSON, files=PHOTO[:1], status=201, example=_EXAMPLE)
    draped = tryon.drape_description()
    shown = describe.reply("The stage", 401, 404, 429)
    gone = {"responses": {"204": {"description": "Forgotten"}, **describe.problems(401, 404, 403)}}
    router.post("/v1/stages", operation_id="makeStage", status_code=201, tags=["stages"], openapi_extra=made)(make)
    router.get("/v1/stages/{stage_id}", operation_id="stage", tags=["stages"], openapi_extra=shown)(show)
    router.delete("/v1/stages/{stage_id}", operation_id="dropStage", status_code=204, tags=["stages"],
                  openapi_extra=gone)(drop)  # fmt: skip
    router.post("/v1/stages/{stage_id}/drape", operation_id="drape", tags=["stages"], openapi_extra=draped)(drape)


async def make(request: Request) -> Response:
    """Prepare a garment; it is kept for some minutes after its last use."""
    async with take_order(request) as order:
        wanted = StageParameters.read(request, order.upload)
        chosen_format(None, request.headers.get("accept", ""), _JSON)
        inputs, key = await take_photo(order, order.files(*PHOTO), wanted.photo_key, wanted.photo_url)
        options = {**plain(wanted), "seconds": order.service.settings.stage_seconds}
        task = order.service.task(order.caller, "stage", options, inputs, key)
        # Everybody gets a stage of their own: who deletes one must not take somebody else's.
        return await order.answer(replace(task, key=secrets.token_hex(32)))


async def show(request: Request, stage_id: str) -> Response:
    """What is known of a stage."""
    service = service_of(request)
    kept = _kept(service, stage_id, service.caller(request).owner)
    return Response(
        dump(stage_document(stage_id, kept.stage, service.settings.stage_seconds)), media_type="application/json"
    )


async def drop(request: Request, stage_id: str) -> Response:
    """Forget a stage."""
    service = service_of(request)
    _kept(service, stage_id, service.caller(request).owner)
    service.shelf.stages.remove(stage_id)
    return Response(status_code=204)


async def drape(request: Request, stage_id: str) -> Response:
    """A prepared garment in another cloth."""
    async with take_order(request) as order:
        wanted = DrapeParameters.read(request, order.upload)
        form = chosen_format(wanted.format, request.headers.get("accept", ""), tryon.FORMATS)
        tryon.check_output(wanted, form)
        kept = _kept(order.service, stage_id, order.caller.owner)
        files = order.files(*PICTURES)
        swap = {**swap_fields(wanted, files), "person": kept.stage.person, "region": kept.stage.region}
        await tryon.check_cloths(order, [swap], files)
        options = {**tryon.output_options(wanted, form), "swaps": [swap], "listed": False, "stage": stage_id}
        return await order.answer(order.service.task(order.caller, "drape", options, files))


def _kept(service: Service, stage_id: str, owner: str) -> Prepared:
    kept = service.shelf.stages.get(stage_id)
    if kept is None or kept.owner != owner:
        raise Problem("expired", "this stage is not kept any more", "prepare the garment again")
    return kept
