"""Landmarks of a garment laid flat or hung up, from its outline alone, and what kind of garment it is.

Names end in ``_L`` for the wearer's left, which lies on the right of the picture, and ``_R``:

- tops and dresses: neck, shoulder, armpit, hem of each side, cuff_outer and cuff_inner where there is a sleeve;
  "neck" and "hem" in the middle.
- trousers and shorts: waist, hem_outer, hem_inner of each side; "waist" and "crotch".
- skirts: waist, hem of each side; "waist" and "hem".
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import OptionError
from dressform.tryon.garment.landmarks_lower import crotch_height, leg_gap, lower_side
from dressform.tryon.garment.landmarks_upper import deepest_hollow, upper_sides
from dressform.tryon.garment.outline import Outline, Side, outline, turning

__all__ = ["KINDS", "WORDS", "Garment", "find_landmarks"]

Mask = npt.NDArray[np.bool_]
Point = tuple[float, float]

KINDS = ("upper", "lower", "dress")
"""What a garment can be; the guess calls coats that are as long as dresses dresses."""
WORDS: Mapping[str, tuple[str, bool | None]] = MappingProxyType(
    {
        "upper": ("upper", None), "top": ("upper", None), "dress": ("dress", None), "lower": ("lower", None),
        "trousers": ("lower", True), "shorts": ("lower", True), "skirt": ("lower", False),
    }
)  # fmt: skip
"""Words for kinds: the kind, and whether it has legs, None for what the shape shows."""
_LEAST_LIKENESS = 0.68  # of the two halves: what is less its own mirror image is no garment laid out
_FLATTEST, _TALLEST = 0.28, 4.5  # height over width
_CORNER, _MOST_CORNERS = 0.61, 17  # radians, number: people and landscapes have more
_HEM_CORNER = 1.1  # radians; a face has a chin there
_DRESS = 2.1  # length over chest of a dress
_FLARE = 1.45  # hem over chest of a short dress


class Garment(NamedTuple):
    """What a mask shows.

    Attributes:
        kind: "upper", "lower" or "dress".
        landmarks: (x, y) in pixels of the mask, by name.
    """

    kind: str
    landmarks: Mapping[str, Point]


def find_landmarks(mask: Mask, kind: str | None = None, *, strict: bool = True) -> Garment:
    """The kind and the landmarks of a garment.

    Args:
        mask: (h, w) bool, one piece, upright within 30°; some hundred pixels a side.
        kind: One of :data:`WORDS`, or None to guess it from the shape. A gap between the legs tells trousers and
            shorts from skirts; with the right word none has to be seen.
        strict: Whether the shape has to be a garment's; a picture with a transparent ground says itself what it is.

    Raises:
        OptionError: Unknown kind, an empty mask, or a shape that no garment laid out has.
    """
    if kind is not None and kind not in WORDS:
        raise OptionError("unknown kind of garment", got=repr(kind), allowed=", ".join(WORDS))
    if not mask.any():
        raise OptionError("empty mask of a garment", allowed="some pixels")
    whole = outline(mask)
    _check_shape(whole, strict)
    gap, wide = leg_gap(whole)
    legs = gap > 0.09 and wide < 0.42
    if kind is not None:
        kind, known = WORDS[kind]
        legs = legs if known is None else known
    else:
        kind = "lower" if legs or _is_skirt(whole) else _upper_or_dress(whole)
    if kind == "lower":
        sides: Mapping[str, Mapping[str, npt.NDArray[np.float64]]] = {
            side.name: lower_side(side, whole, legs=legs) for side in whole.sides
        }
    else:
        sides = upper_sides(whole)
    places = {
        f"{name}_{side.name}": _point(whole, place, side)
        for side in whole.sides
        for name, place in sides[side.name].items()
    }
    return Garment(kind, MappingProxyType(places | _middle(whole, kind, legs)))


def _check_shape(whole: Outline, strict: bool) -> None:
    width, height = whole.size
    ratio = height / max(width, 1e-9)
    remedy = "lay one garment out upright, front up, and photograph it whole; sleeves may lie anyhow"
    if not _FLATTEST <= ratio <= _TALLEST:
        raise OptionError("no garment in the photo", got=f"a shape {ratio:.1f} times as high as wide", remedy=remedy)
    if not strict:
        return
    if whole.axis.likeness < _LEAST_LIKENESS:
        got = f"two halves that are alike to {whole.axis.likeness:.0%}"
        raise OptionError("no garment in the photo", got=got, allowed=f"{_LEAST_LIKENESS:.0%} or more", remedy=remedy)
    turns = [turning(side.points, max(3, round(0.045 * len(side.points)))) for side in whole.sides]
    corners = sum(_peaks(np.abs(turn), _CORNER) for turn in turns)
    if corners > _MOST_CORNERS:
        got = f"an outline with {corners} corners"
        raise OptionError("no garment in the photo", got=got, allowed=f"up to {_MOST_CORNERS}", remedy=remedy)
    middle = whole.top + whole.size[1] / 2
    hem = max(
        float(turn[side.points[:, 1] > middle].max(initial=0)) for side, turn in zip(whole.sides, turns, strict=True)
    )
    if hem < _HEM_CORNER:
        raise OptionError("no garment in the photo", got="an outline without the corners of a hem", remedy=remedy)


def _peaks(values: npt.NDArray[np.float64], least: float) -> int:
    return int(np.count_nonzero((values > least) & (values >= np.roll(values, 1)) & (values >= np.roll(values, -1))))


def _is_skirt(whole: Outline) -> bool:
    """Whether an outline without legs is that of a skirt: no pocket under a sleeve, no neckline, a wide top."""
    neck = float(np.mean([side.points[0, 1] for side in whole.sides])) - whole.top
    level = whole.top + 0.06 * whole.size[1]
    wide = sum(float(side.points[side.points[:, 1] <= level][:, 0].max(initial=0)) for side in whole.sides)
    return deepest_hollow(whole) < 0.06 * whole.root and neck < 0.12 * whole.size[1] and wide > 0.45 * whole.size[0]


def _upper_or_dress(whole: Outline) -> str:
    marks = list(upper_sides(whole).values())
    chest = sum(float(m["armpit"][0]) for m in marks)
    hem = sum(float(m["hem"][0]) for m in marks)
    length = float(np.mean([m["hem"][1] - m["shoulder"][1] for m in marks])) / max(chest, 1e-9)
    return "dress" if length > _DRESS or (hem > _FLARE * chest and length > 1.1) else "upper"


def _middle(whole: Outline, kind: str, legs: bool) -> dict[str, Point]:
    """Landmarks on the axis."""
    ends = np.array([[side.points[k, 1] for side in whole.sides] for k in (0, -1)]).mean(1)
    top = _point(whole, (0.0, ends[0]))
    if kind == "lower" and legs:
        return {"waist": top, "crotch": _point(whole, (0.0, crotch_height(whole)))}
    return {"waist" if kind == "lower" else "neck": top, "hem": _point(whole, (0.0, ends[1]))}


def _point(whole: Outline, place: npt.ArrayLike, side: Side | None = None) -> Point:
    x, y = whole.to_picture(place, side).tolist()
    return float(x), float(y)
