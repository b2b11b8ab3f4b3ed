"""A measured figure beside its target."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["CRITERIA", "Figure", "Record", "mean", "most", "share", "values", "worst_tenth"]

Record = dict[str, Any]
"""What was measured of one person: plain numbers, text, lists and dicts of them."""

CRITERIA = {
    1: "Colour fidelity",
    2: "Shape round trip",
    3: "Attributes read back",
    4: "Who is who",
    5: "Placement of features",
    6: "Layers and files",
    7: "Determinism, size and speed",
}


@dataclass(frozen=True)
class Figure:
    """One figure.

    Attributes:
        criterion: Of :data:`CRITERIA`.
        what: What was measured.
        value: NaN where there was nothing to measure.
        target: What is asked for, or None where the figure is for information.
        at_least: Whether the value should reach the target rather than stay under it.
        count: Of people, regions or files behind it.
        unit: Such as "%".
        note: A remark.
    """

    criterion: int
    what: str
    value: float
    target: float | None = None
    at_least: bool = False
    count: int = 0
    unit: str = ""
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without one, or without a value."""
        if self.target is None or math.isnan(self.value):
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target

    @property
    def asked(self) -> str:
        """The target as text."""
        return "" if self.target is None else f"{'≥' if self.at_least else '≤'} {self.target:g}{self.unit}"


def values(records: Iterable[Record], *keys: str) -> list[float]:
    """The numbers that stand under these keys, one within the other; records without one are left out."""
    out = []
    for record in records:
        found: Any = record
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        if isinstance(found, (int, float)) and not math.isnan(found):
            out.append(float(found))
    return out


def mean(numbers: Sequence[float]) -> float:
    """Mean, NaN of nothing."""
    return float(np.mean(numbers)) if len(numbers) else math.nan


def most(numbers: Sequence[float]) -> float:
    """The largest, NaN of nothing."""
    return float(np.max(numbers)) if len(numbers) else math.nan


def share(hits: Sequence[float]) -> float:
    """Per cent of what is true, NaN of nothing."""
    return 100 * mean(hits)


def worst_tenth(numbers: Sequence[float]) -> float:
    """Mean of the largest tenth, at least one of them."""
    ordered = sorted(numbers, reverse=True)
    return mean(ordered[: max(1, round(len(ordered) / 10))]) if ordered else math.nan
