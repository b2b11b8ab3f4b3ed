"""Request bodies: read piece by piece within limits of size and time, and held in memory only, never in files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType, TracebackType
from typing import TypeVar

from python_multipart.multipart import parse_options_header
from starlette.datastructures import UploadFile
from starlette.formparsers import FormParser, MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from dressform.api.problems import Problem

__all__ = ["Budget", "Lease", "Upload", "read_upload"]

T = TypeVar("T")

_IN_MEMORY = 1 << 40
_MAX_FIELDS = 200
_MAX_FIELD = 2_100_000  # bytes: a spec of an avatar
_MAX_FORM = 4 << 20  # of fields without files
_RAW = "application/octet-stream"
_CHARSETS = frozenset({b"utf-8", b"utf8", b"us-ascii"})  # of forms; some of Python's others take minutes, or raise


class _InMemory(MultiPartParser):
    """Starlette's parser, which otherwise writes parts above 1 MiB to temporary files."""

    spool_max_size = _IN_MEMORY


class Budget:
    """Bytes of uploads that may be held at once. For one event loop."""

    def __init__(self, most: int) -> None:
        self.most, self.held = most, 0

    def take(self, count: int) -> None:
        """Hold more bytes.

        Raises:
            Problem: There is no room.
        """
        if self.held + count > self.most:
            raise Problem("queue-full", "too many uploads at the same time", "try again", retry_after=2)
        self.held += count

    def give(self, count: int) -> None:
        """Hold fewer bytes."""
        self.held -= count


class Lease:
    """A share of a budget, given back once. A context that does so at its end unless somebody took it over."""

    def __init__(self, budget: Budget) -> None:
        self._budget, self._count, self._kept = budget, 0, False

    def grow(self, count: int) -> None:
        """Take more; raises as :meth:`Budget.take`."""
        self._budget.take(count)
        self._count += count

    def keep(self) -> Lease:
        """Take it over: it must be released by whoever calls this."""
        self._kept = True
        return self

    def release(self) -> None:
        """Give everything back."""
        self._budget.give(self._count)
        self._count = 0

    def __enter__(self) -> Lease:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if not self._kept:
            self.release()


@dataclass(frozen=True)
class Upload:
    """What came in a request's body.

    Attributes:
        fields: Texts by name.
        files: Contents by name; the names of the files themselves are not kept.
        size: Bytes of the body.
    """

    fields: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}))
    files: Mapping[str, tuple[bytes, ...]] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    size: int = 0


async def read_upload(
    request: Request, lease: Lease, *, most: int, seconds: float, raw: str = "photo", json: bool = False
) -> Upload:
    """Read the body of a request.

    Args:
        request: With a multipart form, an urlencoded form, an image as it is, or nothing.
        lease: Grows with what is read.
        most: Bytes.
        seconds: Until all has arrived.
        raw: Name that a body which is no form gets among the files.
        json: Whether JSON is taken too; it becomes the file "json".

    Raises:
        Problem: Too large, too slow, too many uploads at once, broken off, or of no form that is understood.
    """
    length = _length(request)
    if length is not None and length > most:
        raise _too_large(most)
    if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
        raise Problem("body-format", "compressed bodies are not taken", "send the body as it is")
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    counter = _Counter(request, lease, most)
    try:
        async with asyncio.timeout(seconds):
            return await _read(request, kind, counter, raw, json)
    except TimeoutError:
        raise Problem("body-too-slow", f"the body did not arrive within {seconds:g} seconds") from None
    except ClientDisconnect:
        raise Problem("canceled", "the caller hung up") from None


@dataclass
class _Counter:
    request: Request
    lease: Lease
    most: int
    size: int = 0

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        async for piece in self.request.stream():
            self.size += len(piece)
            if self.size > self.most:
                raise _too_large(self.most)
            self.lease.grow(len(piece))
            if piece:
                yield piece


async def _read(request: Request, kind: str, counter: _Counter, raw: str, json: bool) -> Upload:
    if kind == "multipart/form-data":
        return await _multipart(request, counter)
    if kind == "application/x-www-form-urlencoded":
        counter.most = min(counter.most, _MAX_FORM)
        return await _urlencoded(request, counter)
    data = bytearray()
    async for piece in counter.pieces():
        data += piece
    if not data:
        return Upload()
    if kind == "application/json" and json:
        return Upload(files=MappingProxyType({"json": (bytes(data),)}), size=counter.size)
    if kind != _RAW and not kind.startswith("image/"):
        allowed = "multipart/form-data, image/*, application/octet-stream, application/x-www-form-urlencoded"
        raise Problem("body-format", "this kind of body is not understood", allowed=allowed)
    return Upload(files=MappingProxyType({raw: (bytes(data),)}), size=counter.size)


async def _multipart(request: Request, counter: _Counter) -> Upload:
    charset = parse_options_header(request.headers["content-type"])[1].get(b"charset", b"utf-8")
    if charset.lower() not in _CHARSETS:
        raise Problem("body-format", "forms are read in UTF-8 only", "leave the charset out", "charset=utf-8")
    parser = _InMemory(
        request.headers, counter.pieces(), max_files=1001, max_fields=_MAX_FIELDS, max_part_size=_MAX_FIELD
    )
    fields: dict[str, list[str]] = {}
    files: dict[str, list[bytes]] = {}
    try:
        form = await parser.parse()
    except MultiPartException as error:
        raise _bad_form(error) from None
    try:
        for name, value in form.multi_items():
            if isinstance(value, UploadFile):
                files.setdefault(name, []).append(await value.read())
            else:
                fields.setdefault(name, []).append(value)
    finally:
        await form.close()
    return Upload(_frozen(fields), _frozen(files), counter.size)


async def _urlencoded(request: Request, counter: _Counter) -> Upload:
    fields: dict[str, list[str]] = {}
    try:
        form = await FormParser(
            request.headers, counter.pieces(), max_fields=_MAX_FIELDS, max_part_size=_MAX_FIELD
        ).parse()
    except MultiPartException as error:
        raise _bad_form(error) from None
    for name, value in form.multi_items():
        fields.setdefault(name, []).append(str(value))
    return Upload(_frozen(fields), size=counter.size)


def _frozen(found: dict[str, list[T]]) -> Mapping[str, tuple[T, ...]]:
    return MappingProxyType({name: tuple(values) for name, values in found.items()})


def _length(request: Request) -> int | None:
    text = request.headers.get("content-length", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _too_large(most: int) -> Problem:
    # The rest of the body is not read, so the connection cannot be used again.
    return Problem(
        "body-too-large", "the body is larger than this service takes", "scale the photo down, or save it smaller",
        f"up to {most} bytes", headers={"Connection": "close"},
    )  # fmt: skip


def _bad_form(error: MultiPartException) -> Problem:
    if error.message.startswith("Too many files"):
        return Problem("too-many-files", "too many files in one request")
    return Problem("bad-request", "the form is damaged or too large")
