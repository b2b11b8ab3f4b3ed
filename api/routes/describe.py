"""The OpenAPI description of routes whose parameters may stand in the query or in a form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from dressform.api.parameters import Parameters
from dressform.api.problems import PROBLEMS

__all__ = ["JOB", "PROBLEM", "RAW_TYPES", "reply", "work"]

RAW_TYPES = ("image/jpeg", "image/png", "image/webp", "application/octet-stream")
_BINARY = {"type": "string", "format": "binary"}
_LONG = ("avatar_spec", "swaps")  # too long for an address
_ALWAYS = (400, 401, 403, 404, 406, 408, 409, 413, 415, 422, 429, 500, 503, 504)

PROBLEM: Mapping[str, Any] = {
    "type": "object",
    "required": ["type", "code", "title", "status", "detail"],
    "properties": {
        "type": {"type": "string", "examples": ["urn:dressform:problem:no-person-found"]},
        "code": {"type": "string", "enum": list(PROBLEMS)},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "remedy": {"type": ["string", "null"]},
        "allowed": {"type": ["string", "null"]},
        "instance": {"type": ["string", "null"]},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"parameter": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
"""Schema of an error."""

JOB: Mapping[str, Any] = {
    "type": "object",
    "required": ["id", "kind", "status", "progress", "links"],
    "properties": {
        "id": {"type": "string"},
        "kind": {"type": "string"},
        "status": {"type": "string", "enum": ["queued", "running", "succeeded", "failed", "canceled"]},
        "progress": {"type": "number", "minimum": 0, "maximum": 1},
        "step": {"type": "string"},
        "position": {"type": ["integer", "null"]},
        "result": {"type": ["object", "null"]},
        "problem": {"anyOf": [PROBLEM, {"type": "null"}]},
        "links": {"type": "object"},
    },
}
"""Schema of a job."""


def work(
    model: type[Parameters],
    outputs: Mapping[str, str],
    *,
    files: Sequence[str] = (),
    raw: bool = True,
    many: bool = False,
    status: int = 200,
    example: Any = None,
    bodies: Mapping[str, Any] | None = None,
    named_files: bool = False,
) -> dict[str, Any]:
    """What FastAPI adds to the description of a route that takes work.

    Args:
        model: Its parameters.
        outputs: Media types by name, the default first.
        files: Names of file parts.
        raw: Whether the body may be the image itself.
        many: Whether the first file part may stand several times.
        status: Of success.
        example: Of the JSON reply.
        bodies: Examples of forms by name.
        named_files: Whether there may be file parts of other names.
    """
    fields = model.model_json_schema()["properties"]
    parts: dict[str, Any] = {name: _BINARY for name in files}
    if many:
        parts[files[0]] = {"type": "array", "items": _BINARY}
    others = dict(_BINARY) if named_files else False
    form = {"type": "object", "properties": {**parts, **fields}, "additionalProperties": others}
    content: dict[str, Any] = {"multipart/form-data": {"schema": form}}
    if bodies is not None:
        content["multipart/form-data"]["examples"] = bodies
    if raw:
        content.update({media_type: {"schema": _BINARY} for media_type in RAW_TYPES})
    good: dict[str, Any] = {media_type: {"schema": _BINARY} for media_type in outputs.values()}
    if "application/json" in good:
        good["application/json"] = {"schema": {"type": "object"}}
        if example is not None:
            good["application/json"]["example"] = example
    responses = {
        str(status): {"description": "The result", "content": good},
        "202": {
            "description": "A job that will have the result",
            "headers": {"Location": {"schema": {"type": "string"}}},
            "content": {"application/json": {"schema": JOB}},
        },
        **problems(*_ALWAYS),
    }
    query = [
        {"name": name, "in": "query", "required": False, "schema": schema, **_style(schema)}
        for name, schema in fields.items()
        if name not in _LONG
    ]
    prefer = {"name": "Prefer", "in": "header", "schema": {"type": "string", "enum": ["respond-async"]}}
    return {"parameters": [*query, prefer], "requestBody": {"content": content}, "responses": responses}


def problems(*statuses: int) -> dict[str, Any]:
    """Descriptions of errors by status."""
    titles: dict[int, list[str]] = {}
    for code, (status, _) in PROBLEMS.items():
        titles.setdefault(status, []).append(code)
    return {
        str(status): {
            "description": ", ".join(titles.get(status, ["error"])),
            "content": {"application/problem+json": {"schema": PROBLEM}},
        }
        for status in statuses
    }


def reply(description: str, *statuses: int, schema: Any = None, media_type: str = "application/json") -> dict[str, Any]:
    """What FastAPI adds to the description of a route that shows something."""
    content = {media_type: {"schema": schema or {"type": "object"}}}
    return {"responses": {"200": {"description": description, "content": content}, **problems(*statuses)}}


def _style(schema: Mapping[str, Any]) -> dict[str, Any]:
    return {"style": "form", "explode": True} if schema.get("type") == "array" else {}
