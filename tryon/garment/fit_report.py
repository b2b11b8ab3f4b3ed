"""How well a garment's parts suit what they are put on, in numbers and in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

__all__ = ["FULL", "FULL_TRUNK", "FitReport", "Length", "length_note", "match_length"]

FULL = (0.88, 1.3)
"""Share of a sleeve's or leg's own length within which it is stretched or shortened to what is worn."""
FULL_TRUNK = (0.88, 1.45)
"""The same of a torso or skirt; a hem in mid-air is seen sooner than a stretched body."""


@dataclass(frozen=True)
class Length:
    """How a length of the garment is laid on what is worn.

    Attributes:
        share: What is worn, over the garment at its natural size; below 1 the garment is longer.
        scale: By how much the garment is stretched, 1 natural.
        reach: Share of what is worn that it covers, 0..1.
        used: Share of the garment that is seen, 0..1.
    """

    share: float
    scale: float
    reach: float
    used: float


@dataclass(frozen=True)
class FitReport:
    """What does not fit.

    Attributes:
        hem: The torso's, skirt's or dress's length, or None.
        sleeves: Lengths by "L" and "R" as on the picture's right and left; None: the garment has no sleeve there.
        legs: Likewise.
        neck: How much deeper the worn neckline is than the garment's, in half widths of the neck, or None.
        uncovered: Share of the worn garment where the new one has no cloth, 0..1.
        least_det: Least determinant of the map's Jacobian over its median; above 0 nothing is folded over.
        methods: By panel: "spline", "limb", "rows".
        notes: The same in words, one sentence each; empty if all is well.
    """

    hem: Length | None = None
    sleeves: Mapping[str, Length | None] = field(default_factory=lambda: MappingProxyType({}))
    legs: Mapping[str, Length | None] = field(default_factory=lambda: MappingProxyType({}))
    neck: float | None = None
    uncovered: float = 0.0
    least_det: float = 1.0
    methods: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))
    notes: tuple[str, ...] = ()


def match_length(worn: float, natural: float, full: tuple[float, float] = FULL) -> Length:
    """Lay a garment's length on a worn one, both in pixels of the person's photo.

    Within ``full`` it is stretched to it; what is longer is cut off, as if tucked in or seen in part; what is
    shorter is stretched as far as that goes, and the rest stays uncovered.
    """
    share = worn / max(natural, 1e-9)
    low, high = full
    if share < low:
        return Length(share, 1.0, 1.0, share)
    if share > high:
        return Length(share, high, high / share, 1.0)
    return Length(share, share, 1.0, 1.0)


def length_note(what: str, length: Length | None) -> str:
    """A sentence about a length that does not fit, or ""."""
    if length is None:
        return f"the garment has no {what}, the person wears one"
    if length.used < 1:
        return f"{what}: only {length.used:.0%} of the garment's is seen, what is worn is shorter"
    if length.reach < 1:
        return f"{what}: the garment covers {length.reach:.0%} of what is worn, stretched by {length.scale - 1:.0%}"
    return ""
