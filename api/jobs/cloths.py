"""From the options and pictures of a request to cloth and to how it shall look."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dressform.api.problems import Problem
from dressform.parsing import OptionError
from dressform.tryon.cloth.kinds import Print, Solid, Tile
from dressform.tryon.drape import AnyCloth
from dressform.tryon.garment.cut import GarmentPhoto
from dressform.tryon.look import Look
from dressform.tryon.weaves.shelf import load_fabric

__all__ = ["CLOTHS", "PICTURES", "check_cloth", "cloth_of", "look_of", "notes_of"]

PICTURES = ("tile", "garment", "print")
"""Files of a request that are cloth."""
CLOTHS = ("color", "fabric", "tile", "garment")
"""What can be named; "print" lies over one of the first three or over the garment as it is."""
_TILE = ("repeat_cm", "repeat", "angle", "drop", "mirror")
_LOOK = ("folds", "weave", "exposure", "roundness", "delight")


def check_cloth(options: Mapping[str, Any], pictures: Mapping[str, bytes]) -> None:
    """Refuse no cloth and more than one, and values out of range, before any work.

    Raises:
        Problem: "bad-parameter".
        OptionError: A value that does not exist or is out of range.
    """
    given = [name for name in CLOTHS if options.get(name) is not None or name in pictures]
    allowed = "one of color, fabric, tile, garment; or print, alone or over a color, fabric or tile"
    if not given and "print" not in pictures:
        raise Problem("bad-parameter", "no cloth is named", "add one", allowed)
    if len(given) > 1 or ("print" in pictures and "garment" in given):
        raise Problem("bad-parameter", f"several cloths: {', '.join((*given, *pictures))}"[:200], None, allowed)
    if options.get("color") is not None:
        Solid(options["color"])
    if options.get("fabric") is not None:
        load_fabric(options["fabric"], **_tile(options))
    elif "tile" not in pictures and (extra := [name for name in _TILE if _tile(options).get(name) is not None]):
        raise Problem("bad-parameter", f"{extra[0]} needs a fabric or a tile", errors=[(extra[0], "needs a fabric")])
    look_of(options)


def cloth_of(options: Mapping[str, Any], pictures: Mapping[str, bytes]) -> AnyCloth:
    """The cloth.

    Raises:
        OptionError: Options that do not fit. ImageReadError and its relatives: a picture cannot be used.
    """
    if "garment" in pictures:
        return GarmentPhoto(pictures["garment"], options.get("garment_kind"))
    under: Solid | Tile | None = None
    if options.get("color") is not None:
        under = Solid(options["color"])
    elif options.get("fabric") is not None:
        under = load_fabric(options["fabric"], **_tile(options))
    elif "tile" in pictures:
        under = Tile(pictures["tile"], **_tile(options))
    if "print" in pictures:
        wide, across = options.get("print_width_cm"), options.get("print_width")
        place, angle = options.get("place") or "chest", options.get("print_angle") or 0.0
        return Print(pictures["print"], place, wide, across, angle, over=under)
    if under is None:
        raise OptionError("no cloth")
    return under


def look_of(options: Mapping[str, Any]) -> Look:
    """How the cloth shall look; raises OptionError where a value is out of range."""
    return Look(**{name: options[name] for name in _LOOK if options.get(name) is not None})


def notes_of(cloth: AnyCloth) -> tuple[str, ...]:
    """What was done to the pictures of a cloth, in sentences."""
    below = notes_of(cloth.over) if isinstance(cloth, Print) and cloth.over is not None else ()
    picture = getattr(cloth, "image", None)
    note = getattr(picture, "note", "")
    return (*below, *((note,) if note else ()))


def _tile(options: Mapping[str, Any]) -> dict[str, Any]:
    found = {name: options[name] for name in _TILE if options.get(name) is not None}
    x, y = options.get("offset_x"), options.get("offset_y")
    if x is not None or y is not None:
        found["offset"] = (x or 0.0, y or 0.0)
    return found
