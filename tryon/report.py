"""What was found and done when a garment was draped: numbers and plain sentences, no pixels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from dressform.parsing.windows import Window
from dressform.tryon.garment.fit_report import FitReport

__all__ = ["Report"]


@dataclass(frozen=True)
class Report:
    """One garment's part of a result.

    Attributes:
        person: 1-based number, left to right.
        region: Name of the region.
        window: (x0, y0, x1, y1) pixels of the photo around it.
        backend: What made the new cloth.
        cloth: What it is: "solid", "tile", "print", "garment", "worn".
        panels: Names of the pieces.
        original: "plain" or "printed": whether the old cloth has one colour.
        inks: The old cloth's colours as "#rrggbb", the one that covers most first.
        pixels_per_cm: Scale of the cloth in the photo.
        scale_source: What the scale was measured by.
        covered: Share of the garment that the new cloth covers, 0..1.
        changed: Pixels that could change.
        least_det: Least determinant of the map onto the cloth; above 0 nothing is folded over.
        fit: How a garment from a photo suits, or None.
        notes: What the reader should know, in sentences.
    """

    person: int
    region: str
    window: Window
    backend: str
    cloth: str
    panels: tuple[str, ...]
    original: str
    inks: tuple[str, ...]
    pixels_per_cm: float
    scale_source: str
    covered: float
    changed: int
    least_det: float
    fit: FitReport | None = None
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Plain numbers, lists and strings, for JSON; numbers rounded to what they are worth."""
        out: dict[str, Any] = _plain(self)
        return out


def _plain(value: Any) -> Any:
    if is_dataclass(value):
        return {one.name: _plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        # JSON has no infinity, which a map without any inner pixel has.
        return round(value, 4) if abs(value) < 1e30 else None
    return value
