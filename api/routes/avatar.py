"""``/v1/avatar``."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from dressform.api.jobs.work_avatar import wanted_of
from dressform.api.negotiate import chosen_format
from dressform.api.parameters import AvatarParameters, plain
from dressform.api.problems import Problem
from dressform.api.routes import describe
from dressform.api.routes.work import PHOTO, checking, take_order, take_photo
from dressform.api.settings import Settings
from dressform.avatar.export import list_formats
from dressform.avatar.spec_file import spec_from_json

__all__ = ["FORMATS", "add"]

_ORDER = ("png", "svg", "psd", "webp", "jpeg", "gif", "apng", "ora")
_TYPES = {form.name: form.media_type for form in list_formats()}
FORMATS = {**{name: _TYPES[name] for name in _ORDER}, "json": "application/json", "zip": "application/zip"}
_EXAMPLE = {"avatars": [{"person": 1, "style": "flat", "spec": {"format": "dressform-avatar", "version": 1}}]}


def add(router: APIRouter, settings: Settings) -> None:
    """Add the route."""
    told = describe.work(AvatarParameters, FORMATS, files=PHOTO[:1], example=_EXAMPLE)
    router.post("/v1/avatar", operation_id="avatar", tags=["work"], openapi_extra=told)(avatar)


async def avatar(request: Request) -> Response:
    """Draw people as cartoon avatars."""
    async with take_order(request) as order:
        wanted = AvatarParameters.read(request, order.upload)
        form = chosen_format(wanted.format, request.headers.get("accept", ""), FORMATS)
        people = wanted.people(order.service.settings.max_people)
        options = {**plain(wanted, "avatar_spec"), "person": people, "spec": wanted.avatar_spec, "format": form}
        files = order.files(*PHOTO)
        with checking():
            checked = await asyncio.to_thread(wanted_of, options)
            if wanted.avatar_spec is not None:
                await asyncio.to_thread(spec_from_json, wanted.avatar_spec)
        if form not in ("json", "zip") and (len(checked.styles) > 1 or len(people or (1,)) > 1):
            raise Problem("bad-parameter", "one picture shows one person in one style", "ask for a ZIP",
                          "one person and one style, or format=zip")  # fmt: skip
        if wanted.avatar_spec is None:
            inputs, key = await take_photo(order, files, wanted.photo_key, wanted.photo_url)
        elif files or wanted.photo_key or wanted.photo_url or people or wanted.group:
            raise Problem("bad-parameter", "a spec needs no photo, person or group")
        else:
            inputs, key = {}, ""
        return await order.answer(order.service.task(order.caller, "avatar", options, inputs, key))
