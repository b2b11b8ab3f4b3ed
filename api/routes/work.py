"""What all routes that ask for work have in common: the upload, the photo, the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from dressform.api.fetch_url import fetch
from dressform.api.jobs.record import Answer
from dressform.api.jobs.task import Output, Task
from dressform.api.jobs.work_parse import dump
from dressform.api.problems import Problem, from_error
from dressform.api.service import Caller, Service, service_of
from dressform.api.uploads import Lease, Upload, read_upload
from dressform.parsing import DressformError
from dressform.parsing.image import read_size

__all__ = [
    "PHOTO",
    "Order",
    "check_kept",
    "check_pictures",
    "checking",
    "gone",
    "output_response",
    "take_order",
    "take_photo",
]

PHOTO = ("photo", "image", "file")
"""Names that the part with the photo may have."""


@dataclass(frozen=True)
class Order:
    """A request for work whose body has been read.

    Attributes:
        service: The service.
        request: The request.
        caller: Who asks.
        upload: The body.
        lease: Of its bytes.
    """

    service: Service
    request: Request
    caller: Caller
    upload: Upload
    lease: Lease

    def files(self, *known: str) -> dict[str, bytes]:
        """Files by name, one each.

        Raises:
            Problem: A name that is not known, or one twice.
        """
        found: dict[str, bytes] = {}
        for name, contents in self.upload.files.items():
            if name not in known:
                allowed = ", ".join(known) or "none"
                raise Problem(
                    "bad-parameter", "a file part of an unknown name", None, allowed, [(name[:60], "unknown")]
                )
            if len(contents) > 1:
                raise Problem("too-many-files", f"{name} stands more than once")
            found[name] = contents[0]
        return found

    async def answer(self, task: Task) -> Response:
        """Do the task and reply: with its result, or with a job if the caller would rather not wait."""
        self.service.check_ready()
        if _prefers_async(self.request):
            record = self.service.desk.start(task, self.lease)
            headers = {"Location": f"/v1/jobs/{record.id}", "Retry-After": "1", "Preference-Applied": "respond-async"}
            return _json(record.to_dict(), 202, headers)
        answer = await self.result(task)
        return output_response(answer.output, answer)

    async def result(self, task: Task) -> Answer:
        """Do the task while the caller waits; the log and the counters are told of it."""
        answer = await self.service.desk.answer(task, self.lease, partial(gone, self.request))
        facts = {**answer.output.facts, "engine": self.service.settings.engine, "cache": answer.cache}
        self.request.scope["state"]["facts"] = facts
        self.service.meter.result(task.kind, answer.cache, answer.queued, answer.worked)
        return answer


@asynccontextmanager
async def take_order(
    request: Request, *, batch: bool = False, raw: str = "photo", json: bool = False
) -> AsyncIterator[Order]:
    """Let a caller in, and read what it sends.

    Raises:
        Problem: No key, too often, too much at once, or a body that is not taken.
    """
    service = service_of(request)
    caller = service.caller(request)
    service.rates.hit(caller.scope)
    most = service.settings.max_batch_body if batch else service.settings.max_body
    with service.rates.busy(caller.scope), Lease(service.budget) as lease:
        seconds = service.settings.body_seconds
        upload = await read_upload(request, lease, most=most, seconds=seconds, raw=raw, json=json)
        yield Order(service, request, caller, upload, lease)


async def take_photo(order: Order, files: dict[str, bytes], photo_key: str | None, url: str | None) -> tuple[
    dict[str, bytes], str
]:  # fmt: skip
    """The photo as input of a task, and its key.

    Args:
        order: The request.
        files: Its files; those that are no photo are inputs too.
        photo_key: Of a photo that is kept.
        url: Of a photo that is to be fetched.

    Raises:
        Problem: No photo or several, one that is not kept any more, or one that cannot be used.
    """
    named = [name for name in PHOTO if name in files]
    ways = len(named) + (photo_key is not None) + (url is not None)
    if ways != 1:
        allowed = "a file part 'photo', the image as the body, or photo_key"
        raise Problem("bad-parameter", "no photo" if not ways else "several photos", None, allowed,
                      [("photo", "missing" if not ways else "more than one")])  # fmt: skip
    others = {name: data for name, data in files.items() if name not in PHOTO}
    if photo_key is not None:
        check_kept(order, photo_key, "photo_key")
        return others, photo_key
    data = files[named[0]] if url is None else await _fetched(order, url)
    await check_pictures(order, {"photo": data})
    return {"photo": data, **others}, order.service.photo_key(order.caller, data)


def check_kept(order: Order, key: str, name: str) -> None:
    """Refuse the key of a photo that is not kept.

    Args:
        order: The request.
        key: Of the photo.
        name: Of the parameter.

    Raises:
        Problem: "expired".
    """
    if not order.service.shelf.has(key):
        errors = [(name, "not kept")]
        raise Problem("expired", "this photo is not kept any more", "send the photo again", errors=errors)


async def check_pictures(order: Order, pictures: Mapping[str, bytes]) -> None:
    """Look at the headers of pictures.

    Raises:
        Problem: One is too large or cannot be read, or all together are too large.
    """
    settings = order.service.settings
    most = max(settings.max_pixels, settings.max_total_pixels)
    total = 0
    for name, data in pictures.items():
        with checking():
            # Large TIFF directories take a while; the event loop must not wait.
            read = partial(read_size, max_pixels=settings.max_pixels, max_bytes=settings.max_body)
            width, height = await asyncio.to_thread(read, data)
        total += width * height
        if total > most:
            raise Problem("image-too-large", "the pictures of this request are too large together",
                          "scale them down first", f"up to {most} pixels", [(name, "one too many")])  # fmt: skip


@contextmanager
def checking() -> Iterator[None]:
    """Errors inside are about parameters, not about what a photo shows."""
    try:
        yield
    except DressformError as error:
        raise from_error(error, option="bad-parameter") from None


def output_response(output: Output, answer: Answer | None = None) -> Response:
    """The reply that carries an output."""
    headers = {"Cache-Control": "private, no-store", "Vary": "Accept, Prefer"}
    if output.name:
        headers["Content-Disposition"] = f'inline; filename="{output.name}"'
    if output.location:
        headers["Location"] = output.location
    if answer is not None:
        headers["X-Cache"] = answer.cache
        headers["Server-Timing"] = f"queue;dur={1000 * answer.queued:.1f}, work;dur={1000 * answer.worked:.1f}"
    return Response(output.body, output.status, headers, output.media_type)


async def _fetched(order: Order, url: str) -> bytes:
    settings = order.service.settings
    fetchers = order.service.fetchers
    if fetchers is None:
        raise Problem("forbidden", "this service fetches no photos", "upload the photo")
    get = partial(fetch, url, most=settings.max_body, seconds=settings.url_seconds)
    data = await asyncio.get_running_loop().run_in_executor(fetchers, get)
    order.lease.grow(len(data))
    return data


def _prefers_async(request: Request) -> bool:
    prefer = ",".join(request.headers.getlist("prefer")).lower()
    return any(word.partition(";")[0].strip() == "respond-async" for word in prefer.split(","))


async def gone(request: Request) -> None:
    """Ends when the caller has hung up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def _json(value: object, status: int, headers: Mapping[str, str]) -> Response:
    return Response(dump(value), status, dict(headers), "application/json")
