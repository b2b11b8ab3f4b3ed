"""Errors as RFC 9457 tells them: one table of types that never change, and which of them an error is."""

from __future__ import annotations

import http
import json
import logging
import traceback
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any

from pydantic import ValidationError
from starlette.responses import Response

from dressform.parsing.errors import (
    DressformError,
    EngineUnavailableError,
    ImageFormatError,
    ImageReadError,
    ImageTooLargeError,
    MissingExtraError,
    OptionError,
)

__all__ = ["PROBLEMS", "Problem", "from_error", "from_status", "from_validation", "placed", "problem_response"]

MEDIA_TYPE = "application/problem+json"
_PREFIX = "urn:dressform:problem:"
_WORDS = {"Extra inputs are not permitted": "unknown parameter"}
_NOWHERE = frozenset({"internal", "engine-unavailable", "canceled"})  # problems that are no part's fault
_LONGEST = 400  # characters of a sentence
_LOG = logging.getLogger("dressform.api")

PROBLEMS: Mapping[str, tuple[int, str]] = MappingProxyType(
    {
        "bad-parameter": (400, "A parameter is not allowed"),
        "bad-request": (400, "The request cannot be understood"),
        "image-damaged": (400, "The image is damaged"),
        "host-not-allowed": (400, "Unknown host name"),
        "unauthorized": (401, "A key is needed"),
        "origin-not-allowed": (403, "Calls from this web site are not allowed"),
        "forbidden": (403, "Not allowed"),
        "not-found": (404, "Not found"),
        "expired": (404, "No longer kept"),
        "method-not-allowed": (405, "Method not allowed"),
        "not-acceptable": (406, "No such output format"),
        "body-too-slow": (408, "The upload took too long"),
        "canceled": (409, "The work was cancelled"),
        "body-too-large": (413, "The upload is too large"),
        "image-too-large": (413, "The image is too large"),
        "too-many-files": (413, "Too many files"),
        "image-format": (415, "Not an image that can be read"),
        "body-format": (415, "Not a body that can be read"),
        "no-person-found": (422, "No person found"),
        "no-such-person": (422, "No such person in the photo"),
        "no-such-garment": (422, "No such garment on this person"),
        "cannot-do": (422, "This cannot be done with this photo"),
        "rate-limit": (429, "Too many requests"),
        "too-many-at-once": (429, "Too many requests at the same time"),
        "internal": (500, "Something went wrong here"),
        "queue-full": (503, "Too much to do right now"),
        "not-ready": (503, "Starting"),
        "shutting-down": (503, "Stopping"),
        "engine-unavailable": (503, "The engine cannot run"),
        "deadline": (504, "It took too long"),
    }
)
"""Status and title of every problem, by code. Codes are part of the interface: none is ever renamed."""


@dataclass(eq=False)
class Problem(Exception):
    """An error as the caller gets it.

    Attributes:
        code: One of :data:`PROBLEMS`.
        detail: A sentence about this case; never pixels, names of files or metadata.
        remedy: What the caller can do, or None.
        allowed: What would have been accepted, or None.
        errors: Pairs of a parameter and what is wrong with it.
        retry_after: Seconds after which it may work, or None.
        headers: Further headers of the reply.
    """

    code: str
    detail: str = ""
    remedy: str | None = None
    allowed: str | None = None
    errors: Sequence[tuple[str, str]] = ()
    retry_after: float | None = None
    headers: Mapping[str, str] = field(default_factory=dict)

    def fresh(self) -> Problem:
        """A copy to be kept, or to be raised again: without the traces of where it was raised.

        They hold whatever was at hand there, photos among it, and grow each time that one error is raised.
        """
        return replace(self)

    @property
    def status(self) -> int:
        """HTTP status."""
        return PROBLEMS[self.code][0]

    def to_dict(self, request_id: str | None = None) -> dict[str, Any]:
        """The document."""
        status, title = PROBLEMS[self.code]
        return {
            "type": f"{_PREFIX}{self.code}",
            "code": self.code,
            "title": title,
            "status": status,
            "detail": _short(self.detail) or title,
            "remedy": self.remedy and _short(self.remedy),
            "allowed": self.allowed and self.allowed[: 4 * _LONGEST],
            "instance": f"urn:uuid:{request_id}" if request_id else None,
            "errors": [{"parameter": name, "message": _short(message)} for name, message in self.errors],
        }


def from_error(error: Exception, *, option: str = "cannot-do") -> Problem:
    """Which problem an error is.

    Args:
        error: Whatever was raised.
        option: What an :class:`OptionError` is: "bad-parameter" where parameters are checked, "cannot-do" where the
            photo decides.
    """
    if isinstance(error, Problem):
        return error
    if isinstance(error, DressformError):
        return _known(error, option)
    # The message may quote what was uploaded; where it happened never does.
    place = "".join(traceback.format_tb(error.__traceback__)[-6:])
    _LOG.error("unexpected %s\n%s", type(error).__name__, place.rstrip())
    return Problem("internal", "an unexpected error; the service's log says where")


def from_validation(error: ValidationError) -> Problem:
    """A problem that names each parameter that is not allowed, without repeating its value."""
    rows = [(".".join(map(str, row["loc"])) or "parameters", row["msg"]) for row in error.errors(include_input=False)]
    rows = [(name[:60], _WORDS.get(message, message.removeprefix("Value error, "))) for name, message in rows[:20]]
    return Problem("bad-parameter", f"{rows[0][0]}: {rows[0][1]}", errors=rows)


@contextmanager
def placed(place: str, option: str = "cannot-do") -> Iterator[None]:
    """Problems and errors inside become problems that name a place of the request, such as ``swaps[1]``.

    Args:
        place: "" for none.
        option: As for :func:`from_error`.
    """
    try:
        yield
    except (Problem, DressformError) as error:
        problem = from_error(error, option=option)
        if not place or problem.code in _NOWHERE:
            raise problem from None
        rows = [(f"{place}.{name}", message) for name, message in problem.errors]
        detail = problem.detail or PROBLEMS[problem.code][1]
        named = bool(rows) and detail.startswith(f"{problem.errors[0][0]}: ")
        told = f"{place}{'.' if named else ': '}{detail}"
        raise replace(problem, detail=told, errors=rows or [(place, detail)]) from None


def problem_response(problem: Problem, request_id: str | None = None) -> Response:
    """The reply."""
    headers = {"Cache-Control": "no-store", **problem.headers}
    if problem.retry_after is not None:
        headers["Retry-After"] = str(max(1, round(problem.retry_after)))
    if problem.code == "unauthorized":
        headers["WWW-Authenticate"] = "Bearer"
    body = json.dumps(problem.to_dict(request_id), ensure_ascii=False).encode()
    return Response(body, problem.status, headers, MEDIA_TYPE)


def from_status(status: int) -> Problem:
    """The problem of a status that the framework gave."""
    codes = {404: "not-found", 405: "method-not-allowed", 413: "body-too-large", 415: "body-format"}
    if status in codes:
        return Problem(codes[status])
    return Problem("bad-request" if status < 500 else "internal", http.HTTPStatus(status).phrase.lower())


def _known(error: DressformError, option: str) -> Problem:
    code = "internal"
    if isinstance(error, OptionError):
        code = option
    elif isinstance(error, ImageTooLargeError):
        code = "image-too-large"
    elif isinstance(error, ImageFormatError | MissingExtraError):
        code = "image-format"
    elif isinstance(error, ImageReadError):
        code = "image-damaged"
    elif isinstance(error, EngineUnavailableError):
        code = "engine-unavailable"
    if code == "internal":
        _LOG.error("unexpected %s: %s", type(error).__name__, error.what)
        return Problem(code, "an unexpected error; the service's log says where")
    got = "" if error.got is None else str(error.got).removesuffix(" in bytes")
    detail = error.what + (f": got {got}" if got and got != "bytes" else "")
    remedy = error.remedy if code != "image-too-large" else "scale it down first"
    retry = 30.0 if code == "engine-unavailable" else None
    return Problem(code, detail, remedy, None if error.allowed is None else str(error.allowed), retry_after=retry)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
