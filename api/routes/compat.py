"""Routes of older human-parsing services, so that their clients work unchanged: ``code``, ``msg``, ``result``.

A photo comes as a form's file part (``image``, ``file``, ``img`` or ``photo``), as the body, or base64 in JSON's
``image``. ``code`` is 0, or the HTTP status of an error, whose words are ``msg``.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dressform.api.jobs.work_parse import dump
from dressform.api.problems import Problem
from dressform.api.routes import describe
from dressform.api.routes.work import Order, check_pictures, take_order
from dressform.api.settings import Settings

__all__ = ["add"]

_FILES = ("image", "file", "img", "photo")
_MANY = (*_FILES, "images", "files", "photos")
_FORMATS = ("colored", "masks", "both")
_MOST_VALUES = 10_000  # in JSON: lists of nothing take 30 times their text in memory


def add(router: APIRouter, settings: Settings) -> None:
    """Add the routes."""
    for path, name, handler in (
        ("/api/parse", "compatParse", parse),
        ("/api/predict", "compatPredict", predict),
        ("/upload", "compatUpload", upload),
        ("/batch_parse", "compatBatch", batch),
    ):
        router.post(path, operation_id=name, tags=["compatibility"], openapi_extra=_described(path))(handler)


async def parse(request: Request) -> Response:
    """Masks and a coloured map of a photo."""
    return await _answered(request, "both")


async def predict(request: Request) -> Response:
    """Masks or a coloured map of a photo, by ``format``."""
    return await _answered(request, None)


async def upload(request: Request) -> Response:
    """A coloured map of a photo."""
    return await _answered(request, "colored")


async def batch(request: Request) -> Response:
    """Masks or coloured maps of several photos."""
    try:
        async with take_order(request, batch=True, raw="image", json=True) as order:
            photos, given = _photos(order, _MANY)
            most = order.service.settings.max_batch
            if len(photos) > most:
                raise Problem("too-many-files", f"{len(photos)} photos", None, f"up to {most}")
            form = _format(request, order, given, None)
            rows = [await _attempt(order, photo, form) for photo in photos]
            seconds = round(sum(row["inference_time"] for row in rows), 3)
            return _reply(0, "success", rows, seconds, total=len(rows))
    except Problem as problem:
        return _failed(problem)


async def _answered(request: Request, form: str | None) -> Response:
    try:
        async with take_order(request, raw="image", json=True) as order:
            photos, given = _photos(order, _FILES)
            if len(photos) != 1:
                raise Problem("bad-parameter", "several photos", None, "one file part 'image'")
            result, seconds = await _parsed(order, photos[0], _format(request, order, given, form))
            return _reply(0, "success", result, seconds)
    except Problem as problem:
        return _failed(problem)


async def _attempt(order: Order, photo: bytes, form: str) -> dict[str, Any]:
    try:
        result, seconds = await _parsed(order, photo, form)
        return {"code": 0, "msg": "success", "result": result, "inference_time": seconds}
    except Problem as problem:
        if problem.status >= 500 or problem.code == "canceled":
            raise
        return {"code": problem.status, "msg": _words(problem), "result": None, "inference_time": 0.0}


async def _parsed(order: Order, photo: bytes, form: str) -> tuple[Any, float]:
    service = order.service
    service.check_ready()
    await check_pictures(order, {"photo": photo})
    key = service.photo_key(order.caller, photo)
    task = service.task(order.caller, "compat", {"format": form}, {"photo": photo}, key)
    answer = await order.result(task)
    return json.loads(answer.output.body), round(answer.worked, 3)


def _photos(order: Order, names: Sequence[str]) -> tuple[list[bytes], dict[str, Any]]:
    """Photos of a request, and what else its JSON said."""
    given: dict[str, Any] = {}
    found = [data for name in names for data in order.upload.files.get(name, ())]
    if set(order.upload.files) == {"json"}:
        given = _json(order.upload.files["json"][0])
        texts = given.get("images", given.get("image"))
        found = [_decoded(text) for text in (texts if isinstance(texts, list) else [texts])[:1000]]
    elif not found:
        found = [_decoded(text) for text in order.upload.fields.get("image", ())]
    if not found:
        raise Problem("bad-parameter", "no photo", "send it as the file part 'image'")
    return found, given


def _json(data: bytes) -> dict[str, Any]:
    if sum(map(data.count, (b",", b"[", b"{"))) > _MOST_VALUES:
        raise Problem("bad-request", "too many values in the JSON", None, f"up to {_MOST_VALUES}")
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise Problem("bad-request", "the JSON cannot be read")
    return value


def _decoded(text: object) -> bytes:
    if not isinstance(text, str):
        raise Problem("bad-parameter", "no photo", "send it as the file part 'image'")
    try:
        return base64.b64decode(text.partition("base64,")[2] if text.startswith("data:") else text, validate=True)
    except (binascii.Error, ValueError):
        raise Problem("bad-parameter", "image is not base64") from None


def _format(request: Request, order: Order, given: dict[str, Any], form: str | None) -> str:
    asked = order.upload.fields.get("format", (request.query_params.get("format"),))[-1] or given.get("format")
    asked = asked if isinstance(asked, str) and asked else form or "colored"
    if asked not in _FORMATS:
        raise Problem("bad-parameter", "unknown format", None, ", ".join(_FORMATS))
    return asked


def _reply(code: int, words: str, result: Any, seconds: float = 0.0, status: int = 200, **more: Any) -> Response:
    body = {"code": code, "msg": words, "result": result, "inference_time": seconds, **more}
    return Response(dump(body), status, media_type="application/json")


def _failed(problem: Problem) -> Response:
    response = _reply(problem.status, _words(problem), None, status=problem.status)
    if problem.retry_after is not None:
        response.headers["Retry-After"] = str(max(1, round(problem.retry_after)))
    return response


def _words(problem: Problem) -> str:
    return str(problem.to_dict()["detail"])


def _described(path: str) -> dict[str, Any]:
    binary = {"type": "string", "format": "binary"}
    name = "images" if path == "/batch_parse" else "image"
    part: Any = {"type": "array", "items": binary} if name == "images" else binary
    fields = {name: part, "format": {"type": "string", "enum": list(_FORMATS)}}
    reply = {
        "type": "object",
        "required": ["code", "msg", "result", "inference_time"],
        "properties": {"code": {"type": "integer"}, "msg": {"type": "string"}, "inference_time": {"type": "number"}},
    }
    content = {"application/json": {"schema": reply}}
    statuses = (200, 400, 401, 408, 409, 413, 415, 422, 429, 500, 503, 504)
    told = {
        str(status): {"description": "code, msg, result, inference_time", "content": content} for status in statuses
    }
    body = {
        "multipart/form-data": {"schema": {"type": "object", "required": [name], "properties": fields}},
        "application/json": {"schema": {"type": "object", "properties": {name: {}, "format": {"type": "string"}}}},
    }
    return {"requestBody": {"content": body}, "responses": {**told, **describe.problems(403)}}
