"""What a garment is made of anew: one colour, a repeating cloth, or artwork that lies on it.

All are immutable, compare and hash by their content, and refuse what cannot be sewn when they are made.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from dressform.parsing.errors import OptionError
from dressform.parsing.image import ImageSource
from dressform.tryon.cloth.checks import number, pair
from dressform.tryon.cloth.color import Color, Linear, color_text, linear_color
from dressform.tryon.cloth.placement import PLACES, Scaled
from dressform.tryon.cloth.swatch import Swatch, load_swatch

__all__ = ["Cloth", "Print", "Solid", "Tile", "prints_of"]

_REPEAT = 0.25  # of the shoulders' width: about ten centimetres
_DEEPEST = 16  # prints over one another


class _Content:
    """Identity of a cloth: the digest of what it is."""

    @property
    def digest(self) -> str:
        """SHA-256 of the kind of cloth and all that it is made of, 64 hex digits; the same on every machine."""
        content = hashlib.sha256(type(self).__name__.encode())
        for item in fields(self):  # type: ignore[arg-type]
            value = getattr(self, item.name)
            known = value.digest if isinstance(value, Swatch | _Content) else repr(value)
            content.update(f"\n{item.name}={known}".encode())
        return content.hexdigest()


@dataclass(frozen=True, init=False)
class Solid(_Content):
    """One colour, matched under the photo's light.

    Attributes:
        color: ``#rrggbb`` or ``lab(L, a, b)``.
    """

    color: str

    def __init__(self, color: Color) -> None:
        """A colour as :func:`dressform.tryon.cloth.color.color_text` takes it; OptionError if it is none."""
        object.__setattr__(self, "color", color_text(color))

    @property
    def linear(self) -> Linear:
        """Linear sRGB 0..1."""
        return linear_color(self.color)


@dataclass(frozen=True, init=False)
class Tile(_Content):
    """A picture of cloth that repeats in both directions.

    Attributes:
        image: The picture; what is transparent in it becomes white.
        repeat_cm: Width of one repeat in centimetres, 0.05 to 1000, or None.
        repeat: Width in widths of the shoulders, 0.001 to 100, or None. Exactly one of the two is set.
        angle: Degrees clockwise, 0 <= angle < 360.
        drop: How far each column stands lower than the one left of it, in shares of the height, 0 <= drop < 1;
            0.5 is a half-drop repeat.
        mirror: Every other column and row is mirrored, which hides the seams of pictures that do not repeat.
        offset: Right and down along the pattern's own axes, in shares of one repeat, -100 to 100.
    """

    image: Swatch
    repeat_cm: float | None
    repeat: float | None
    angle: float
    drop: float
    mirror: bool
    offset: tuple[float, float]

    def __init__(
        self,
        image: ImageSource | Swatch,
        repeat_cm: float | None = None,
        repeat: float | None = None,
        angle: float = 0.0,
        drop: float = 0.0,
        mirror: bool = False,
        offset: tuple[float, float] = (0.0, 0.0),
    ) -> None:
        """See the class; the image is whatever :func:`dressform.tryon.cloth.swatch.load_swatch` reads.

        With neither ``repeat_cm`` nor ``repeat`` a quarter of the shoulders' width is taken, about ten centimetres.

        Raises:
            OptionError: A value that is out of range or not finite, or both sizes at once.
            ImageReadError, ImageFormatError, ImageTooLargeError: Of the picture.
        """
        if repeat_cm is not None and repeat is not None:
            remedy = "give the width of the repeat once"
            raise OptionError("a tile has two sizes", got="repeat_cm and repeat", allowed="one of them", remedy=remedy)
        if repeat_cm is None and repeat is None:
            repeat = _REPEAT
        if not isinstance(mirror, bool | np.bool_):
            raise OptionError("mirror of a tile is no yes or no", got=type(mirror).__name__, allowed="True, False")
        # Numbers first: a picture takes longer to read.
        values: dict[str, Any] = {
            "repeat_cm": None if repeat_cm is None else number("repeat of a tile", repeat_cm, 0.05, 1000, unit="cm"),
            "repeat": None if repeat is None else number("repeat of a tile", repeat, 1e-3, 100, unit="shoulder widths"),
            "angle": _angle("angle of a tile", angle),
            "drop": _drop(drop),
            "mirror": bool(mirror),
            "offset": pair("offset of a tile", offset, -100, 100, unit="repeats"),
        }
        values["image"] = load_swatch(image)
        for name, value in values.items():
            object.__setattr__(self, name, value)

    def repeat_pixels(self, scale: Scaled) -> float:
        """Width of one repeat in pixels of the photo."""
        if self.repeat_cm is not None:
            return self.repeat_cm * scale.pixels_per_cm
        assert self.repeat is not None
        return self.repeat * scale.shoulder


@dataclass(frozen=True, init=False)
class Print(_Content):
    """Artwork that lies on the garment once.

    Attributes:
        image: The artwork; where it is transparent, what lies under it is seen.
        place: Where its middle is, one of :data:`dressform.tryon.cloth.placement.PLACES`.
        width_cm: Its width in centimetres, 0.1 to 500, or None.
        width: Its width in shares of the panel's, 0.001 to 10, or None; both None: as usual for the place.
        angle: Degrees clockwise, 0 <= angle < 360.
        offset: Right and down, -1000 to 1000, in centimetres if ``width_cm`` is given, else in shares of the panel's
            width.
        over: The cloth that it lies on, another print included; None keeps the original garment.
    """

    image: Swatch
    place: str
    width_cm: float | None
    width: float | None
    angle: float
    offset: tuple[float, float]
    over: Solid | Tile | Print | None

    def __init__(
        self,
        image: ImageSource | Swatch,
        place: str = "chest",
        width_cm: float | None = None,
        width: float | None = None,
        angle: float = 0.0,
        offset: tuple[float, float] = (0.0, 0.0),
        over: Solid | Tile | Print | None = None,
    ) -> None:
        """See the class; the image is whatever :func:`dressform.tryon.cloth.swatch.load_swatch` reads.

        Raises:
            OptionError: An unknown place, a value that is out of range or not finite, both sizes at once, artwork
                that is fully transparent, or something under it that is no cloth.
            ImageReadError, ImageFormatError, ImageTooLargeError: Of the picture.
        """
        if width_cm is not None and width is not None:
            remedy = "give the width of the print once"
            raise OptionError("a print has two sizes", got="width_cm and width", allowed="one of them", remedy=remedy)
        if not isinstance(place, str) or place not in PLACES:
            raise OptionError("no such place for a print", got=repr(place)[:40], allowed=", ".join(PLACES))
        if over is not None and not isinstance(over, Solid | Tile | Print):
            raise OptionError("a print lies over no cloth", got=type(over).__name__, allowed="Solid, Tile, Print, None")
        if isinstance(over, Print) and len(prints_of(over)) >= _DEEPEST:
            raise OptionError("too many prints over one another", got=_DEEPEST + 1, allowed=f"up to {_DEEPEST}")
        values: dict[str, Any] = {
            "place": place,
            "width_cm": None if width_cm is None else number("width of a print", width_cm, 0.1, 500, unit="cm"),
            "width": None if width is None else number("width of a print", width, 1e-3, 10, unit="panel widths"),
            "angle": _angle("angle of a print", angle),
            "offset": pair("offset of a print", offset, -1000, 1000),
            "over": over,
        }
        artwork = load_swatch(image)
        if artwork.has_alpha and not artwork.pixels[..., 3].any():
            raise OptionError("artwork of a print is fully transparent", remedy="export it with its colours")
        values["image"] = artwork
        for name, value in values.items():
            object.__setattr__(self, name, value)


Cloth = Solid | Tile | Print


def prints_of(cloth: Cloth | None) -> tuple[Print, ...]:
    """The prints of a cloth, the lowest first; what they all lie on is ``over`` of the first one."""
    prints = []
    while isinstance(cloth, Print):
        prints.append(cloth)
        cloth = cloth.over
    return tuple(prints[::-1])


def _angle(what: str, value: object) -> float:
    return number(what, value, -1e6, 1e6, unit="degrees") % 360


def _drop(value: object) -> float:
    drop = number("drop of a tile", value, 0, 1, unit="repeats")
    return drop % 1.0
