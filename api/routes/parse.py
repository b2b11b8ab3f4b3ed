"""``/v1/parse`` and ``/v1/parse/batch``."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dressform.api.negotiate import chosen_format
from dressform.api.parameters import BatchParameters, ParseParameters, plain
from dressform.api.problems import Problem
from dressform.api.routes import describe
from dressform.api.routes.work import PHOTO, take_order, take_photo
from dressform.api.settings import Settings

__all__ = ["FORMATS", "add"]

FORMATS = {
    "json": "application/json",
    "png": "image/png",
    "svg": "image/svg+xml",
    "zip": "application/zip",
    "coco": "application/json",
}
_EXAMPLE = {
    "key": "0b5c…",
    "size": [1920, 1080],
    "engine": "compact",
    "version": "0.1.0",
    "legend": [{"id": 2, "name": "hair", "title": "Hair", "title_zh": "头发", "color": "#a01e1e"}],
    "people": [
        {
            "person": 1,
            "score": 0.98,
            "box": [12.0, 40.5, 320.0, 1010.0],
            "regions": ["upper", "lower"],
            "parts": [
                {
                    "id": 2,
                    "name": "hair",
                    "box": [100, 40, 80, 60],
                    "area": 3021,
                    "mask": {"size": [1080, 1920], "counts": "a0b1…"},
                }
            ],
            "keypoints": None,
            "face": None,
        }
    ],
}


def add(router: APIRouter, settings: Settings) -> None:
    """Add the routes."""
    one = describe.work(ParseParameters, FORMATS, files=PHOTO[:1], example=_EXAMPLE)
    several = describe.work(
        BatchParameters, {"json": FORMATS["json"]}, files=("photos",), raw=False, many=True,
        example={"items": [{"index": 0, "status": 200, "result": _EXAMPLE}]},
    )  # fmt: skip
    router.post("/v1/parse", operation_id="parse", tags=["work"], openapi_extra=one)(parse)
    router.post("/v1/parse/batch", operation_id="parseBatch", tags=["work"], openapi_extra=several)(batch)


async def parse(request: Request) -> Response:
    """Find the people of a photo and their parts."""
    async with take_order(request) as order:
        wanted = ParseParameters.read(request, order.upload)
        form = chosen_format(wanted.format, request.headers.get("accept", ""), FORMATS)
        inputs, key = await take_photo(order, order.files(*PHOTO), wanted.photo_key, wanted.photo_url)
        options = {**plain(wanted), "format": form}
        return await order.answer(order.service.task(order.caller, "parse", options, inputs, key))


async def batch(request: Request) -> Response:
    """Parse several photos; each has its own status."""
    async with take_order(request, batch=True) as order:
        settings = order.service.settings
        wanted = BatchParameters.read(request, order.upload)
        chosen_format(None, request.headers.get("accept", ""), {"json": FORMATS["json"]})
        photos = [data for name in ("photos", *PHOTO) for data in order.upload.files.get(name, ())]
        unknown = set(order.upload.files) - {"photos", *PHOTO}
        if unknown or not photos:
            raise Problem("bad-parameter", "no photos", None, "file parts of the name 'photos'")
        if len(photos) > settings.max_batch:
            raise Problem("too-many-files", f"{len(photos)} photos", None, f"up to {settings.max_batch}")
        keys = [order.service.photo_key(order.caller, data) for data in photos]
        inputs = {f"photo{index:04}": data for index, data in enumerate(photos)}
        options = {**plain(wanted), "photo_keys": keys}
        return await order.answer(order.service.task(order.caller, "batch", options, inputs, bulk=True))
