"""Where a print sits on a garment: places by name, turned into coordinates of the panel that has them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Protocol

import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import OptionError
from dressform.tryon.cloth.checks import number
from dressform.tryon.shape.panel import Panel

__all__ = [
    "PLACES", "PanelFrame", "Place", "Placed", "Scale", "Scaled", "frame_of", "panel_frame", "place_print", "places_on",
]  # fmt: skip

Floats = npt.NDArray[np.float32]


_PROJECTED = 600  # px of a panel's mask that are looked at to find its ends


class Scaled(Protocol):
    """What knows the scale of a person: :class:`Scale`, or what was measured in the photo."""

    @property
    def pixels_per_cm(self) -> float:
        """Pixels of the photo a centimetre of cloth measures."""

    @property
    def shoulder(self) -> float:
        """Width of the shoulders in pixels."""


@dataclass(frozen=True)
class Scale:
    """How large the person is in the photo.

    Attributes:
        pixels_per_cm: Pixels of the photo a centimetre of cloth measures, above 0.
        shoulder: Width of the shoulders in pixels, above 0.

    Raises:
        OptionError: Not above 0 or not finite.
    """

    pixels_per_cm: float
    shoulder: float

    def __post_init__(self) -> None:
        number("pixels per centimetre", self.pixels_per_cm, 1e-3, 1e4)
        number("width of the shoulders", self.shoulder, 1e-1, 1e5, unit="pixels")


@dataclass(frozen=True)
class Place:
    """A place for prints.

    Attributes:
        panels: Names of panels that have it.
        along: Its middle, in shares of the panel's length from the upper end.
        deepest: How far below the upper end it lies at most, in widths of the shoulders: long garments have their
            chest where short ones have it.
        across: Its middle, in shares of the panel's half width, to the right in the picture.
        width: Usual width of a print there, in shares of the panel's width.
    """

    panels: tuple[str, ...]
    along: float
    deepest: float
    across: float
    width: float


_BODY = ("torso", "whole")
PLACES = MappingProxyType(
    {
        "chest": Place(_BODY, 0.36, 0.62, 0.0, 0.5),
        "heart": Place(_BODY, 0.3, 0.5, 0.42, 0.18),
        "back": Place(_BODY, 0.36, 0.62, 0.0, 0.6),
        "belly": Place(_BODY, 0.64, 1.1, 0.0, 0.5),
        "sleeve_L": Place(("sleeve_L",), 0.42, 0.5, 0.0, 0.5),
        "sleeve_R": Place(("sleeve_R",), 0.42, 0.5, 0.0, 0.5),
        "leg_L": Place(("leg_L",), 0.25, 0.75, 0.0, 0.5),
        "leg_R": Place(("leg_R",), 0.25, 0.75, 0.0, 0.5),
        "skirt": Place(("skirt", "whole"), 0.5, 1.0, 0.0, 0.35),
    }
)
"""Places by name. Left and right are the wearer's own; "back" is for people seen from behind."""


@dataclass(frozen=True, eq=False)
class PanelFrame:
    """What prints need to know of a panel.

    Attributes:
        name: "torso", "sleeve_L", "sleeve_R", "leg_L", "leg_R", "skirt" or "whole".
        top: v of its upper end, in pixels.
        length: Length along its axis in pixels, above 0.
        half_widths: (n,) float32 half widths in pixels, evenly spaced from top to bottom, n >= 1.
    """

    name: str
    top: float
    length: float
    half_widths: Floats

    def half_width(self, share: float) -> float:
        """Half width in pixels at a share of the length."""
        count = len(self.half_widths)
        return float(np.interp(share * (count - 1), np.arange(count), self.half_widths))


@dataclass(frozen=True)
class Placed:
    """A print on a panel: the middle in uv, the width in pixels of arc length, and degrees clockwise."""

    centre: tuple[float, float]
    width: float
    angle: float


def panel_frame(
    name: str, axis: Floats, radius: Floats, *, top: float = 0.0, ends: tuple[float, float] | None = None
) -> PanelFrame:
    """Frame of a panel.

    Args:
        name: Of the panel.
        axis: (n, 2) float32 x, y of its centre line from top to bottom, n >= 2.
        radius: (n,) float32 half widths along it.
        top: v of the axis's first point.
        ends: Distances along the axis between which the panel lies, in pixels; None: all of it.

    Raises:
        OptionError: Shapes that do not fit, fewer than two points, or an axis without length.
    """
    if axis.ndim != 2 or axis.shape[1] != 2 or len(axis) < 2 or radius.shape != axis.shape[:1]:
        got = f"axis {axis.shape} and radius {radius.shape}"
        raise OptionError("a panel's axis and radius do not fit", got=got, allowed="(n, 2) and (n,), n >= 2")
    arc = _arc(axis)
    start, end = ends if ends is not None else (0.0, float(arc[-1]))
    if not 0 < end - start < 1e6:  # False for NaN as well
        raise OptionError("a panel's axis has no length", got=end - start, allowed="above 0, finite")
    even = np.interp(np.linspace(start, end, max(len(axis), 16)), arc, radius)
    return PanelFrame(name, top + start, end - start, even.astype(np.float32))


def frame_of(panel: Panel) -> PanelFrame:
    """Frame of a panel of a garment, in the panel's own coordinates, before it is sewn to others.

    Its ends are those of its mask: torso and skirt of a dress have one axis, and sleeves begin below theirs.
    """
    y, x = np.nonzero(panel.mask)
    arc = _arc(panel.axis)
    if not len(x):
        return panel_frame(panel.name, panel.axis, panel.radius, top=panel.top)
    step = max(1, len(x) // _PROJECTED)
    places = np.stack([x[::step], y[::step]], 1) + 0.5
    far = ((places[:, None] - panel.axis[None].astype(np.float64)) ** 2).sum(2)
    start, end = np.quantile(arc[far.argmin(1)], (0.005, 0.995))
    ends = (float(start), float(end)) if end > start else None
    return panel_frame(panel.name, panel.axis, panel.radius, top=panel.top, ends=ends)


def _arc(axis: Floats) -> npt.NDArray[np.float64]:
    """(n,) distances of the points of a line from its first one, along it."""
    steps = np.sqrt((np.diff(axis.astype(np.float64), axis=0) ** 2).sum(1))
    return np.concatenate([[0.0], np.cumsum(steps)])


def places_on(panels: Iterable[str]) -> tuple[str, ...]:
    """Names of the places that a garment of these panels has."""
    names = set(panels)
    return tuple(name for name, place in PLACES.items() if names & set(place.panels))


def place_print(
    place: str,
    frame: PanelFrame,
    scale: Scaled,
    *,
    width_cm: float | None = None,
    width: float | None = None,
    angle: float = 0.0,
    offset: tuple[float, float] = (0.0, 0.0),
) -> Placed | None:
    """Coordinates of a print on a panel.

    Args:
        place: One of :data:`PLACES`.
        frame: The panel.
        scale: Of the person.
        width_cm: Width of the print in centimetres, or None.
        width: Width in shares of the panel's width in the picture, there; None with ``width_cm`` None means the
            usual one of the place.
        angle: Degrees clockwise.
        offset: Right and down, in centimetres if ``width_cm`` is given, else in shares of the panel's width.

    Returns:
        None if the place is not on this panel.

    Raises:
        OptionError: No such place.
    """
    spot = _place(place)
    if frame.name not in spot.panels:
        return None
    down = min(spot.along * frame.length, spot.deepest * scale.shoulder)
    half = frame.half_width(down / frame.length)
    unit = scale.pixels_per_cm if width_cm is not None else 2 * half
    size = width_cm if width_cm is not None else width if width is not None else spot.width
    centre = spot.across * half + offset[0] * unit, frame.top + down + offset[1] * unit
    return Placed(centre, max(size * unit, 1e-3), angle)


def _place(name: str) -> Place:
    if name not in PLACES:
        raise OptionError("no such place for a print", got=repr(name)[:40], allowed=", ".join(PLACES))
    return PLACES[name]
