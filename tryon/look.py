"""How new cloth shall look under the light of the photo."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

from dressform.parsing import OptionError

__all__ = ["EXPOSURES", "Look"]

EXPOSURES = ("swatch", "scene")
"""Exposures by name."""

_RANGES = {"folds": (0.0, 4.0), "weave": (0.0, 4.0), "roundness": (0.0, 1.0), "delight": (0.0, 1.0)}
_STOPS = 4.0


@dataclass(frozen=True)
class Look:
    """Options of draping.

    Attributes:
        folds: Strength of the photo's folds, 0..4: 0 none, 1 as they are.
        weave: Strength of the old cloth's weave and the photo's noise, 0..4; a faint grain always stays.
        exposure: "swatch": where the old cloth is fully lit the new one has its own colour; "scene": it is as bright
            as cloth of that colour would be in the photo's light; or stops brighter than its own colour, -4..4.
        roundness: Of garments from photos, 0..1: 1 goes around the body, 0 is seen as flat as in its photo.
        delight: Of garments from photos, 0..1: how much of their own broad light is taken out.

    Raises:
        OptionError: A value that is out of range.
    """

    folds: float = 1.0
    weave: float = 0.0
    exposure: float | str = "swatch"
    roundness: float = 1.0
    delight: float = 0.6

    def __post_init__(self) -> None:
        for name, (low, high) in _RANGES.items():
            _check(name, getattr(self, name), low, high)
        if isinstance(self.exposure, str):
            if self.exposure not in EXPOSURES:
                allowed = f"{', '.join(EXPOSURES)}, or a number of stops from -{_STOPS:g} to {_STOPS:g}"
                raise OptionError("unknown exposure", got=repr(self.exposure)[:40], allowed=allowed)
        else:
            _check("exposure", self.exposure, -_STOPS, _STOPS)


def _check(name: str, value: object, low: float, high: float) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not isfinite(value) or not low <= value <= high:
        raise OptionError(f"{name} is out of range", got=repr(value)[:40], allowed=f"a number from {low:g} to {high:g}")
