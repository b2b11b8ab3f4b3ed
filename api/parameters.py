"""Parameters of requests: read from the query and from form fields alike, checked before any work."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Literal, Self, get_origin

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from starlette.requests import Request

from dressform.api.problems import Problem, from_validation
from dressform.api.uploads import Upload

__all__ = [
    "KEY",
    "AvatarParameters",
    "BatchParameters",
    "Parameters",
    "ParseParameters",
    "PhotoParameters",
    "among",
    "plain",
]

KEY = r"^[0-9a-f]{64}$"
"""Pattern of the key of a photo."""
_NUMBERS = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?", re.ASCII)
_SPEC_BYTES = 2_000_000
Masks = Literal["rle", "polygon", "png", "none"]


class Parameters(BaseModel):
    """Parameters of one route. Unknown ones are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    uncut: ClassVar[frozenset[str]] = frozenset()  # lists whose items may hold commas

    @classmethod
    def read(cls, request: Request, upload: Upload) -> Self:
        """From the query and the fields of a form, which win.

        Raises:
            Problem: "bad-parameter", naming each one that is not allowed.
        """
        given: dict[str, list[str]] = {}
        for name, value in request.query_params.multi_items():
            given.setdefault(name, []).append(value)
        given.update({name: list(values) for name, values in upload.fields.items()})
        try:
            return cls.model_validate(cls._shaped(given))
        except ValidationError as error:
            raise from_validation(error) from None

    @classmethod
    def _shaped(cls, given: Mapping[str, list[str]]) -> dict[str, object]:
        shaped: dict[str, object] = {}
        for name, values in given.items():
            info = cls.model_fields.get(name)
            if info is not None and get_origin(info.annotation) is tuple:
                cut = [values] if name in cls.uncut else [value.split(",") for value in values]
                shaped[name] = tuple(word.strip() for row in cut for word in row if word.strip())
            elif len(values) > 1:
                raise Problem("bad-parameter", f"{name[:60]} stands more than once", errors=[(name[:60], "twice")])
            elif values[0] == "" and info is not None and not info.is_required():
                continue  # an empty field of a form says nothing
            else:
                shaped[name] = values[0]
        return shaped


class PhotoParameters(Parameters):
    """Where the photo is, unless it comes with the request."""

    photo_key: str | None = Field(None, pattern=KEY, description="Key of an earlier parse, instead of a photo")
    photo_url: str | None = Field(None, max_length=2000, description="Where the photo is, if the service allows it")


class _Parts(Parameters):
    masks: Masks = Field("rle", description="How masks are written in JSON")
    landmarks: bool = Field(False, description="Key points and face points too")


class ParseParameters(PhotoParameters, _Parts):
    """Of parsing."""

    format: str | None = Field(None, max_length=20, description="json, coco, png, svg or zip; goes before Accept")
    view: Literal["overlay", "labels", "instances", "cutout"] = Field("overlay", description="What a PNG shows")
    person: int = Field(1, ge=1, le=100_000, description="Whom a cut-out shows, from the left")
    formats: tuple[str, ...] = Field((), max_length=10, description="What a ZIP holds")

    @field_validator("formats")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        from dressform.parsing.formats import list_formats

        return among(value, [form.name for form in list_formats()])


class BatchParameters(_Parts):
    """Of parsing several photos."""


class AvatarParameters(PhotoParameters):
    """Of avatars."""

    uncut = frozenset({"set"})

    format: str | None = Field(None, max_length=20, description="png, svg, psd, webp, jpeg, gif, apng, ora, json, zip")
    avatar_spec: str | None = Field(None, max_length=_SPEC_BYTES, description="Spec of an earlier avatar")
    style: tuple[str, ...] = Field(("flat",), min_length=1, max_length=40, description="Names of styles, or all")
    person: str = Field("", max_length=400, description="1, 1,3, 2-4 or all")
    size: int = Field(512, ge=16, le=2048, description="Pixels of the longer side")
    frame: Literal["circle", "squircle", "square", "card", "none"] = "circle"
    framing: Literal["auto", "bust", "half", "full"] = "auto"
    background: str | None = Field(None, max_length=60, description="none, a colour, or the name of a background")
    add: tuple[str, ...] = Field((), max_length=20, description="Accessories such as hat:beanie")
    remove: tuple[str, ...] = Field((), max_length=20)
    set: tuple[str, ...] = Field((), max_length=100, description="Values such as hair.color=#552200")
    seed: int | None = Field(None, ge=0, le=2**53 - 1)
    formats: tuple[str, ...] = Field(("png", "svg"), min_length=1, max_length=12, description="What a ZIP holds")
    sheet: bool = False
    group: bool = False

    def people(self, most: int) -> tuple[int, ...] | None:
        """Numbers of people, or None where none were named.

        Raises:
            Problem: No such text, or too many.
        """
        text = self.person.strip().lower()
        if text in ("", "all"):
            return None
        found: dict[int, None] = {}
        for word in text.split(","):
            match = _NUMBERS.fullmatch(word.strip())
            first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
            if not 1 <= first <= last:
                raise Problem("bad-parameter", "person is no list of numbers", None, "1, 1,3, 2-4 or all",
                              [("person", "not a list of numbers")])  # fmt: skip
            if last - first >= most or len(found) >= most:
                raise Problem("bad-parameter", "too many people for one request", None, f"up to {most}")
            found |= dict.fromkeys(range(first, last + 1))
        return tuple(found)


def among(values: tuple[str, ...], known: Iterable[str]) -> tuple[str, ...]:
    """The values, if all are known; ValueError if not."""
    names = tuple(known)
    for value in values:
        if value not in names:
            raise ValueError(f"allowed: {', '.join(names)}")
    return values


def plain(parameters: Parameters, *left_out: str) -> dict[str, Any]:
    """Values by name, without those that say where the photo is."""
    return parameters.model_dump(exclude={"photo_key", "photo_url", "format", *left_out})
