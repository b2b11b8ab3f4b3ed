"""Our own fabrics, made by code: they repeat without a seam, in any size and any colours."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from numbers import Integral
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import OptionError
from dressform.tryon.cloth.color import Color, linear_color
from dressform.tryon.weaves.field import Light, finished
from dressform.tryon.weaves.floral import floral
from dressform.tryon.weaves.knits import argyle, breton, cable
from dressform.tryon.weaves.prints import camouflage, corduroy, leopard, polka
from dressform.tryon.weaves.woven import denim, gingham, herringbone, houndstooth, pinstripe, plain, tartan, twill

__all__ = ["Weave", "list_weaves", "weave", "weave_info"]

_FINE = 1024  # px at least in which fabrics are made before they are reduced
_SIZES = (16, 2048)


@dataclass(frozen=True)
class Weave:
    """A fabric that can be made.

    Attributes:
        name: For code.
        title: For people.
        roles: What its colours are for.
        colors: Its usual colours, ``#rrggbb``, one for each role.
        repeat_cm: Width of one repeat of the real cloth in centimetres.
    """

    name: str
    title: str
    roles: tuple[str, ...]
    colors: tuple[str, ...]
    repeat_cm: float


_Make = Callable[[int, Light], Light]


def _table() -> dict[str, tuple[Weave, _Make]]:
    rows: tuple[tuple[str, float, _Make, dict[str, str]], ...] = (
        ("Linen", 8, plain, {"yarn": "#d3c6ad"}),
        ("Chino twill", 4, twill, {"yarn": "#a58a62"}),
        ("Denim", 4, denim, {"warp": "#2b3b5c", "weft": "#c3c9d0"}),
        ("Herringbone tweed", 9, herringbone, {"warp": "#4a4640", "weft": "#c9c0b0"}),
        ("Houndstooth", 10, houndstooth, {"dark": "#1c1c20", "light": "#ece7dc"}),
        ("Gingham", 5, gingham, {"colour": "#b3262e", "light": "#f4f1ea"}),
        ("Tartan", 14, tartan, {"ground": "#9c1f27", "dark": "#16233f", "second": "#1f4a34", "bright": "#e3b93c",
                                "fine": "#f0ece2"}),
        ("Pinstripe suiting", 6, pinstripe, {"ground": "#20283a", "stripe": "#a3abbb"}),
        ("Breton stripes", 15, breton, {"ground": "#f1ede2", "stripe": "#1f2c4d"}),
        ("Argyle", 16, argyle, {"ground": "#2f3e57", "first": "#a4343a", "second": "#c8b98f", "line": "#f0e9d8"}),
        ("Cable knit", 22, cable, {"yarn": "#e9e0cd"}),
        ("Corduroy", 6, corduroy, {"pile": "#80573a"}),
        ("Polka dots", 9, polka, {"ground": "#1f2f56", "dot": "#f5f1e8"}),
        ("Woodland camouflage", 40, camouflage, {"ground": "#8f8a5f", "green": "#4f5a36", "brown": "#5d4630",
                                                 "black": "#23251f"}),
        ("Floral lawn", 14, floral, {"ground": "#1d2b45", "bloom": "#d9596a", "pale": "#f0b7a4", "daisy": "#f4ecd8",
                                     "leaf": "#5c8a63", "centre": "#e2b340"}),
        ("Leopard", 30, leopard, {"fur": "#d6a566", "middle": "#a8692f", "dark": "#1d1512"}),
    )  # fmt: skip
    table = {}
    for title, repeat_cm, make, colors in rows:
        info = Weave(make.__name__, title, tuple(colors), tuple(colors.values()), repeat_cm)
        table[info.name] = info, make
    return table


_WEAVES = MappingProxyType(_table())


def list_weaves() -> tuple[str, ...]:
    """Names of all fabrics."""
    return tuple(_WEAVES)


def weave_info(name: str) -> Weave:
    """What a fabric is called, its colours and its size.

    Raises:
        OptionError: No such fabric.
    """
    return _entry(name)[0]


def weave(name: str, *, size: int = 512, colors: Sequence[Color] | None = None) -> npt.NDArray[np.uint8]:
    """One repeat of a fabric.

    Colours are mixed as light. The mean of what a colour covers is that colour, unless its relief would be more than
    white; the same arguments give the same pixels.

    Args:
        name: One of :func:`list_weaves`.
        size: Side in pixels, 16 to 2048.
        colors: One for each of the fabric's roles, as :func:`dressform.tryon.cloth.color.color_text` takes them;
            None: the usual ones.

    Returns:
        (size, size, 3) uint8 sRGB, repeating without a seam in both directions.

    Raises:
        OptionError: No such fabric, a size out of range, another number of colours, or what is no colour.
    """
    info, make = _entry(name)
    low, high = _SIZES
    if isinstance(size, bool) or not isinstance(size, Integral) or not low <= size <= high:
        raise OptionError("size of a fabric is out of range", got=str(size)[:20], allowed=f"{low} to {high} pixels")
    if isinstance(colors, str) or (colors is not None and len(colors) != len(info.roles)):
        allowed = f"{len(info.roles)}: {', '.join(info.roles)}"
        got = "one text" if isinstance(colors, str) else len(colors)
        raise OptionError(f"{name} has another number of colours", got=got, allowed=allowed)
    light = np.array([linear_color(color) for color in colors or info.colors], np.float32)
    side = int(size) * -(-_FINE // int(size))
    return finished(make(side, light), int(size))


def _entry(name: str) -> tuple[Weave, _Make]:
    if name not in _WEAVES:
        close = get_close_matches(str(name), _WEAVES, 1)
        remedy = f'did you mean "{close[0]}"?' if close else None
        raise OptionError("no such fabric", got=repr(name)[:40], allowed=", ".join(_WEAVES), remedy=remedy)
    return _WEAVES[name]
