"""What one would say of a person: how long the hair is, how the sleeves, the neckline and the hem."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from dressform.avatar.measure_details import glasses_kind
from dressform.avatar.scene import Color
from dressform.avatar.spec import Attributes, Face
from dressform.avatar.view import PersonView
from dressform.parsing import Part

__all__ = ["measure_attributes", "vertical_extent"]

Mask = npt.NDArray[np.bool_]


def measure_attributes(
    view: PersonView, face: Face, skin: Color | None, beard: float, seen: Mapping[Part, Mask]
) -> Attributes:
    """The attributes.

    Args:
        view: The person.
        face: Its features.
        skin: Its colour, if any is seen.
        beard: How much of it was found.
        seen: (h, w) bool, where each part is seen in the photo.
    """
    out = replace(glasses_kind(view, face, skin), beard=round(beard, 3), hat=Part.HAT in seen)
    return replace(
        out,
        hair_length=_hair_length(view, seen),
        hair_volume=_hair_volume(view, face, seen),
        sleeve=_sleeve(seen),
        neckline=_neckline(view, seen),
        hem=_hem(view, seen),
    )


def vertical_extent(view: PersonView, mask: Mask) -> tuple[float, float]:
    """Top and bottom of a mask in heads."""
    rows = np.flatnonzero(mask.any(1))
    if not len(rows):
        return 0.0, 0.0
    ends = view.frame.to_head(np.array([[0.0, rows[0]], [0.0, rows[-1] + 1]]))
    return float(ends[0, 1]), float(ends[1, 1])


def _hair_length(view: PersonView, seen: Mapping[Part, Mask]) -> Literal["none", "short", "medium", "long"]:
    hair = seen.get(Part.HAIR)
    if hair is None or np.count_nonzero(hair) < 0.04 * view.frame.height**2:
        return "none"
    columns = hair.sum(1)
    enough = np.flatnonzero(columns > 0.04 * view.frame.height)
    low = float(view.frame.to_head(np.array([[0.0, enough[-1] + 1]]))[0, 1]) if len(enough) else -1.0
    return "long" if low > 0.3 else "medium" if low > -0.12 else "short"


def _hair_volume(view: PersonView, face: Face, seen: Mapping[Part, Mask]) -> float:
    hair = seen.get(Part.HAIR)
    if hair is None or not face.jaw:
        return 1.0
    columns = np.flatnonzero(hair.any(0))
    if not len(columns):
        return 1.0
    width = abs(face.jaw[16][0] - face.jaw[0][0])
    return float(np.clip((columns[-1] + 1 - columns[0]) / view.frame.height / max(width, 0.2), 0.5, 3.0))


def _sleeve(seen: Mapping[Part, Mask]) -> Literal["none", "short", "long"]:
    arms = sum(int(np.count_nonzero(seen[part])) for part in (Part.LEFT_ARM, Part.RIGHT_ARM) if part in seen)
    tops = sum(
        int(np.count_nonzero(seen[part])) for part in (Part.UPPER_CLOTHES, Part.COAT, Part.DRESS) if part in seen
    )
    if not tops or arms > 0.6 * tops:
        return "none"
    return "short" if arms > 0.2 * tops else "long"


def _neckline(view: PersonView, seen: Mapping[Part, Mask]) -> Literal["round", "v", "collar", "high", "open"]:
    neck = seen.get(Part.TORSO_SKIN)
    unit = view.frame.height**2
    if Part.COAT in seen and Part.UPPER_CLOTHES in seen:
        return "open"
    if neck is None or np.count_nonzero(neck) < 0.03 * unit:
        return "high"
    top, bottom = vertical_extent(view, neck)
    columns = np.flatnonzero(neck.any(0))
    wide = (columns[-1] + 1 - columns[0]) / view.frame.height
    if bottom - top > 0.5 and bottom > 0.35:
        return "v" if np.count_nonzero(neck) < 0.6 * wide * (bottom - top) * unit else "round"
    return "round" if bottom > 0.12 else "collar"


def _hem(view: PersonView, seen: Mapping[Part, Mask]) -> Literal["none", "short", "knee", "long"]:
    for part in (Part.DRESS, Part.SKIRT):
        if part in seen:
            bottom = vertical_extent(view, seen[part])[1]
            return "short" if bottom < 3.9 else "knee" if bottom < 5.0 else "long"
    return "none"
