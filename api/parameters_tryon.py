"""Parameters of try-on: whose garment, which cloth, how it shall look, and several of these in one document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, NoReturn

from pydantic import Field, ValidationError, field_validator

from dressform.api.parameters import KEY, Parameters, PhotoParameters, among
from dressform.api.problems import Problem, from_validation, placed

__all__ = [
    "MOST_SWAPS",
    "PICTURES",
    "DrapeParameters",
    "StageParameters",
    "SwapParameters",
    "TryOnParameters",
    "place_of",
    "read_swaps",
    "swap_fields",
]

PICTURES = ("tile", "garment", "print", "from_photo")
"""Files of a request that are cloth, by what they are."""
MOST_SWAPS = 16
"""Garments of one request."""
_DOCUMENT = 1 << 16  # characters of "swaps"
_NAME = r"^[a-z0-9_-]{1,32}$"
_RESERVED = ("photo", "image", "file")


class _Output(Parameters):
    format: str | None = Field(None, max_length=20, description="png, jpeg, webp, json or zip; goes before Accept")
    view: Literal["picture", "layer", "mask"] = "picture"
    picture: Literal["png", "jpeg", "webp"] = Field("png", description="Type of the picture of a JSON reply")
    max_side: int | None = Field(None, ge=64, le=8192, description="Shrink the picture to this")


class _Cloth(Parameters):
    color: str | None = Field(None, max_length=60, examples=["#7a1f2b"])
    fabric: str | None = Field(None, max_length=60, examples=["tartan"])
    from_person: int | None = Field(None, ge=1, le=100_000, description="What this person wears, as cloth; with "
                                    "from_photo or from_key by default the only one who wears it")  # fmt: skip
    from_region: str | None = Field(None, max_length=20, description="What of it; default: the region that is swapped")
    from_key: str | None = Field(None, pattern=KEY, description="Key of the earlier parse that shows from_person")
    garment_kind: Literal["upper", "lower", "dress"] | None = None
    place: str | None = Field(None, max_length=40, description="Where a print lies")
    print_width_cm: float | None = Field(None, ge=0.1, le=500)
    print_width: float | None = Field(None, ge=0.001, le=10)
    print_angle: float | None = Field(None, ge=-360, le=360)
    repeat_cm: float | None = Field(None, ge=0.05, le=1000)
    repeat: float | None = Field(None, ge=0.001, le=100)
    angle: float | None = Field(None, ge=-360, le=360)
    drop: float | None = Field(None, ge=0, le=1)
    mirror: bool | None = None
    offset_x: float | None = Field(None, ge=-100, le=100)
    offset_y: float | None = Field(None, ge=-100, le=100)
    folds: float = Field(1, ge=0, le=4)
    weave: float = Field(0, ge=0, le=4)
    exposure: float | Literal["swatch", "scene"] = "swatch"
    roundness: float = Field(1, ge=0, le=1)
    delight: float = Field(0.6, ge=0, le=1)

    @field_validator("place")
    @classmethod
    def _place(cls, value: str | None) -> str | None:
        from dressform.tryon.cloth.placement import PLACES

        return None if value is None else among((value,), PLACES)[0]

    @field_validator("from_region")
    @classmethod
    def _worn(cls, value: str | None) -> str | None:
        from dressform.tryon.garment.worn import WORN_REGIONS

        return None if value is None else among((_folded(value),), WORN_REGIONS)[0]


class _Garment(Parameters):
    person: int | None = Field(None, ge=1, le=100_000, description="From the left; default: the only one who wears it")
    region: str = Field("upper", max_length=20)
    seam: Literal["sewn", "continuous"] = "sewn"
    bend: float = Field(0.01, ge=0, le=0.015)

    @field_validator("region")
    @classmethod
    def _region(cls, value: str) -> str:
        from dressform.tryon.shape.regions import REGION_NAMES

        return among((_folded(value),), REGION_NAMES)[0]


class SwapParameters(_Garment, _Cloth):
    """Of one garment among several; pictures are names of the request's file parts."""

    tile: str | None = Field(None, pattern=_NAME, description="Name of a file part: a picture of cloth that repeats")
    garment: str | None = Field(None, pattern=_NAME, description="Name of a file part: a garment laid flat")
    print: str | None = Field(None, pattern=_NAME, description="Name of a file part: artwork")
    from_photo: str | None = Field(None, pattern=_NAME, description="Name of a file part: who wears it")

    @field_validator(*PICTURES)
    @classmethod
    def _free(cls, value: str | None) -> str | None:
        if value in _RESERVED:
            raise ValueError(f"no name for a picture of cloth: {', '.join(_RESERVED)}")
        return value


class TryOnParameters(PhotoParameters, _Garment, _Cloth, _Output):
    """Of a swap in one go, or of several."""

    swaps: str | None = Field(None, max_length=_DOCUMENT, description="Several garments at once, as JSON")


class StageParameters(PhotoParameters, _Garment):
    """Of a garment that is prepared."""

    max_side: int | None = Field(None, ge=256, le=4096, description="Shrink the photo to this first")


class DrapeParameters(_Cloth, _Output):
    """Of a prepared garment's new cloth."""


def swap_fields(wanted: Parameters, files: Mapping[str, bytes]) -> dict[str, Any]:
    """What a form says of one garment, as one of :func:`read_swaps`: a picture's part has the name of what it is."""
    fields = {name: getattr(wanted, name) for name in SwapParameters.model_fields if name in type(wanted).model_fields}
    return {**fields, **{name: name if name in files else None for name in PICTURES}}


def read_swaps(wanted: TryOnParameters) -> list[dict[str, Any]]:
    """The garments of the field "swaps".

    Raises:
        Problem: "bad-parameter", naming the place of each that is not allowed.
    """
    alone = sorted(wanted.model_fields_set & (SwapParameters.model_fields.keys() - set(PICTURES)))
    if alone:
        errors = [(name, "belongs into swaps") for name in alone]
        raise Problem("bad-parameter", f"{alone[0]} and swaps exclude each other", "put it into swaps", errors=errors)
    rows = _rows(wanted.swaps or "")
    found = []
    for k, row in enumerate(rows):
        with placed(place_of(k)):
            if not isinstance(row, dict):
                raise Problem("bad-parameter", "not an object")
            try:
                found.append(SwapParameters.model_validate(row).model_dump())
            except ValidationError as error:
                raise from_validation(error) from None
    seen: dict[tuple[int, str], int] = {}
    for k, one in enumerate(found):
        if one["person"] is not None and seen.setdefault((one["person"], one["region"]), k) != k:
            with placed(place_of(k)):
                raise Problem("bad-parameter", "the same garment as another one", errors=[("region", "twice")])
    return found


def place_of(index: int) -> str:
    """How errors name one of several garments."""
    return f"swaps[{index}]"


def _rows(text: str) -> list[Any]:
    allowed = f"a JSON array of 1 to {MOST_SWAPS} objects"
    try:
        rows = json.loads(text, object_pairs_hook=_once, parse_constant=_refused)
    except (ValueError, RecursionError):
        rows = None
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_SWAPS:
        raise Problem("bad-parameter", f"swaps is not {allowed}", None, allowed, [("swaps", f"not {allowed}")])
    return rows


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise ValueError("a name twice")
    return found


def _refused(name: str) -> NoReturn:
    raise ValueError(name)


def _folded(region: str) -> str:
    region = region.strip().lower()
    return {"outer": "coat"}.get(region, region)
