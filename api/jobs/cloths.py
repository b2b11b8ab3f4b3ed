"""From what a request says of a garment to cloth and to how it shall look."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from dressform.api.problems import Problem
from dressform.parsing import OptionError
from dressform.tryon.cloth.kinds import Print, Solid, Tile
from dressform.tryon.cloth.region import Region
from dressform.tryon.cloth.swatch import Swatch, load_swatch
from dressform.tryon.drape import AnyCloth
from dressform.tryon.garment.cut import GarmentPhoto
from dressform.tryon.garment.worn import WORN_REGIONS
from dressform.tryon.look import Look
from dressform.tryon.weaves.shelf import load_fabric

__all__ = ["Cloths", "Swap", "check_cloth", "is_worn", "look_of", "notes_of"]

Swap = Mapping[str, Any]
"""Fields of :class:`~dressform.api.parameters_tryon.SwapParameters`; pictures are names of inputs of the task."""

_CLOTHS = ("color", "fabric", "tile", "garment")  # "print" lies over one of the first three, or over what is there
_WORN = ("from_person", "from_photo", "from_key")
_TILE = ("repeat_cm", "repeat", "angle", "drop", "mirror")
_LOOK = ("folds", "weave", "exposure", "roundness", "delight")
_ALLOWED = "one of color, fabric, tile, garment, from_person; or print, alone or over a color, fabric or tile"


def check_cloth(swap: Swap) -> None:
    """Refuse no cloth and more than one, and values out of range, before any work.

    Raises:
        Problem: "bad-parameter".
        OptionError: A value that does not exist or is out of range.
    """
    given = [name for name in _CLOTHS if swap[name] is not None] + ["from_person"] * is_worn(swap)
    printed = swap["print"] is not None
    if not given and not printed:
        raise Problem("bad-parameter", "no cloth is named", "add one", _ALLOWED)
    if len(given) > 1 or (printed and given and given[0] in ("garment", "from_person")):
        names = ", ".join((*given, *("print",) * printed))
        raise Problem("bad-parameter", f"several cloths: {names}", None, _ALLOWED)
    _check_worn(swap)
    if swap["color"] is not None:
        Solid(swap["color"])
    if swap["fabric"] is not None:
        load_fabric(swap["fabric"], **_tile(swap))
    elif swap["tile"] is None and (extra := [name for name in _TILE if _tile(swap).get(name) is not None]):
        raise Problem("bad-parameter", f"{extra[0]} needs a fabric or a tile", errors=[(extra[0], "needs a fabric")])
    look_of(swap)


def is_worn(swap: Swap) -> bool:
    """Whether the cloth is what somebody wears."""
    return any(swap[name] is not None for name in _WORN)


class Cloths:
    """Makes the cloths of one request; each of its pictures is read once.

    Args:
        pictures: Encoded, by the names that swaps use.
        worn: Finds what somebody wears.
    """

    def __init__(self, pictures: Mapping[str, bytes], worn: Callable[[Swap], Region]) -> None:
        self._pictures, self._worn = pictures, worn
        self._read: dict[str, Swatch] = {}

    def of(self, swap: Swap) -> AnyCloth:
        """The cloth of one garment.

        Raises:
            Problem: Of ``worn``. OptionError: Options that do not fit. ImageReadError and its relatives: a picture
                cannot be used.
        """
        if is_worn(swap):
            return self._worn(swap)
        if swap["garment"] is not None:
            return GarmentPhoto(self._picture(swap["garment"]), swap["garment_kind"])
        under: Solid | Tile | None = None
        if swap["color"] is not None:
            under = Solid(swap["color"])
        elif swap["fabric"] is not None:
            under = load_fabric(swap["fabric"], **_tile(swap))
        elif swap["tile"] is not None:
            under = Tile(self._picture(swap["tile"]), **_tile(swap))
        if swap["print"] is not None:
            wide, across = swap["print_width_cm"], swap["print_width"]
            place, angle = swap["place"] or "chest", swap["print_angle"] or 0.0
            return Print(self._picture(swap["print"]), place, wide, across, angle, over=under)
        if under is None:
            raise OptionError("no cloth")
        return under

    def _picture(self, name: str) -> Swatch:
        if name not in self._read:
            self._read[name] = load_swatch(self._pictures[name])
        return self._read[name]


def look_of(swap: Swap) -> Look:
    """How the cloth shall look; raises OptionError where a value is out of range."""
    return Look(**{name: swap[name] for name in _LOOK})


def notes_of(cloth: AnyCloth) -> tuple[str, ...]:
    """What was done to the pictures of a cloth, in sentences."""
    below = notes_of(cloth.over) if isinstance(cloth, Print) and cloth.over is not None else ()
    picture = getattr(cloth, "image", None)
    note = getattr(picture, "note", "")
    return (*below, *((note,) if note else ()))


def _check_worn(swap: Swap) -> None:
    if not is_worn(swap):
        if swap["from_region"] is not None:
            raise Problem("bad-parameter", "from_region needs from_person", errors=[("from_region", "of whom?")])
        return
    if swap["from_photo"] is not None and swap["from_key"] is not None:
        raise Problem("bad-parameter", "from_photo and from_key exclude each other",
                      errors=[("from_key", "there is a from_photo")])  # fmt: skip
    region = swap["from_region"] or swap["region"]
    if region not in WORN_REGIONS:
        raise Problem("bad-parameter", f"{region!r} cannot be taken off a person", "name another with 'from_region'",
                      ", ".join(WORN_REGIONS), [("from_region", "not one of these")])  # fmt: skip


def _tile(swap: Swap) -> dict[str, Any]:
    found = {name: swap[name] for name in _TILE if swap[name] is not None}
    x, y = swap["offset_x"], swap["offset_y"]
    if x is not None or y is not None:
        found["offset"] = (x or 0.0, y or 0.0)
    return found
