"""``/v1/try-on``."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dressform.api.jobs.cloths import check_cloth
from dressform.api.negotiate import chosen_format
from dressform.api.parameters import plain
from dressform.api.parameters_tryon import (
    MOST_SWAPS,
    PICTURES,
    DrapeParameters,
    SwapParameters,
    TryOnParameters,
    place_of,
    read_swaps,
    swap_fields,
)
from dressform.api.problems import Problem, placed
from dressform.api.routes import describe
from dressform.api.routes.tryon_examples import DRAPE_BODIES, EXAMPLE, SWAPS, TRY_ON_BODIES
from dressform.api.routes.work import PHOTO, Order, check_kept, check_pictures, take_order, take_photo
from dressform.api.settings import Settings

__all__ = ["FORMATS", "add", "check_cloths", "check_output", "drape_description", "output_options"]

FORMATS = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "json": "application/json",
    "zip": "application/zip",
}
_MOST_FILES = 2 * MOST_SWAPS + 1  # a tile and a print for each, and the photo
_OUTPUT = ("view", "picture", "max_side")


def add(router: APIRouter, settings: Settings) -> None:
    """Add the route."""
    told = describe.work(
        TryOnParameters, FORMATS, files=(PHOTO[0], *PICTURES), example=EXAMPLE, bodies=TRY_ON_BODIES, named_files=True
    )
    form = told["requestBody"]["content"]["multipart/form-data"]["schema"]
    form["properties"]["swaps"] = _described_swaps()
    router.post("/v1/try-on", operation_id="tryOn", tags=["work"], openapi_extra=told)(try_on)


async def try_on(request: Request) -> Response:
    """Give people in a photo other garments."""
    async with take_order(request) as order:
        wanted = TryOnParameters.read(request, order.upload)
        form = chosen_format(wanted.format, request.headers.get("accept", ""), FORMATS)
        check_output(wanted, form)
        listed = wanted.swaps is not None
        if listed:
            swaps = read_swaps(wanted)
            named = [swap[name] for swap in swaps for name in PICTURES if swap[name] is not None]
            if len(order.upload.files) > _MOST_FILES:
                raise Problem("too-many-files", f"{len(order.upload.files)} files", None, f"up to {_MOST_FILES}")
            files = order.files(*PHOTO, *dict.fromkeys(named))
        else:
            files = order.files(*PHOTO, *PICTURES)
            swaps = [swap_fields(wanted, files)]
        await check_cloths(order, swaps, files, listed=listed)
        inputs, key = await take_photo(order, files, wanted.photo_key, wanted.photo_url)
        options = {**output_options(wanted, form), "swaps": swaps, "listed": listed}
        return await order.answer(order.service.task(order.caller, "try-on", options, inputs, key))


async def check_cloths(
    order: Order, swaps: Sequence[dict[str, Any]], files: dict[str, bytes], *, listed: bool = False
) -> None:
    """Look at the cloths of a request before any work, and find the keys of the photos that cloth is taken from.

    Args:
        order: The request.
        swaps: What is said of each garment; gets ``from_key`` where a photo came with the request.
        files: Pictures by name.
        listed: Whether errors name which of the swaps they mean.

    Raises:
        Problem: "bad-parameter", "expired", or of a picture that cannot be used.
    """
    for k, swap in enumerate(swaps):
        with placed(place_of(k) if listed else "", "bad-parameter"):
            for name in PICTURES:
                if swap[name] is not None and swap[name] not in files:
                    raise Problem("bad-parameter", f"no file part {swap[name]!r}", errors=[(name, "no such file part")])
            await asyncio.to_thread(check_cloth, swap)
            if swap["from_key"] is not None:
                check_kept(order, swap["from_key"], "from_key")
    await check_pictures(order, {name: data for name, data in files.items() if name not in PHOTO})
    for swap in swaps:
        if swap["from_photo"] is not None:
            swap["from_key"] = order.service.photo_key(order.caller, files[swap["from_photo"]])


def check_output(wanted: TryOnParameters | DrapeParameters, form: str) -> None:
    """Refuse what a format cannot hold; raises Problem."""
    if form == "jpeg" and wanted.view == "layer":
        raise Problem("bad-parameter", "JPEG has no transparency", None, "png or webp", [("format", "not for layers")])


def output_options(wanted: TryOnParameters | DrapeParameters, form: str) -> dict[str, Any]:
    """What the picture shall be, as options of a task."""
    known = plain(wanted)
    return {**{name: known[name] for name in _OUTPUT}, "format": form}


def drape_description() -> dict[str, Any]:
    """The description of draping a stage."""
    return describe.work(DrapeParameters, FORMATS, files=PICTURES, raw=False, example=EXAMPLE, bodies=DRAPE_BODIES)


def _described_swaps() -> dict[str, Any]:
    one = SwapParameters.model_json_schema()
    one.pop("description", None)
    return {
        "type": "string",
        "description": "Several garments at once: JSON with one object for each. Pictures of cloth are named after "
        "file parts of the same form; fields of a single garment stay out of the form.",
        "contentMediaType": "application/json",
        "contentSchema": {"type": "array", "minItems": 1, "maxItems": MOST_SWAPS, "items": one},
        "examples": [SWAPS],
    }
