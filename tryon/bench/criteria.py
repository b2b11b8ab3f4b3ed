"""A measured figure beside what is asked for, and tables of them."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

__all__ = ["Measured", "as_json", "as_table"]


@dataclass(frozen=True)
class Measured:
    """One figure.

    Attributes:
        criterion: What it belongs to: "preservation", "folds", …
        what: What was measured.
        value: NaN where there was nothing to measure.
        asked: The limit, or None where the figure is for information.
        at_least: Whether the value should reach the limit rather than stay under it.
        unit: Such as " ms/MP".
        note: A remark.
    """

    criterion: str
    what: str
    value: float
    asked: float | None = None
    at_least: bool = False
    unit: str = ""
    note: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the limit is kept, never by NaN; None without one."""
        if self.asked is None:
            return None
        return self.value >= self.asked if self.at_least else self.value <= self.asked

    @property
    def limit(self) -> str:
        """The limit as text."""
        return "" if self.asked is None else f"{'≥' if self.at_least else '≤'} {self.asked:g}{self.unit}"


def as_table(rows: Sequence[Measured], about: Mapping[str, Any]) -> str:
    """Markdown: one row for each figure, and what they were measured with."""
    judged = [row.met for row in rows if row.met is not None]
    lines = [f"{sum(judged)} of {len(judged)} targets are met.", ""]
    lines += ["| criterion | what | asked | measured | met | remark |", "|---|---|---|---|---|---|"]
    for row in rows:
        sign = {True: "yes", False: "**no**", None: ""}[row.met]
        value = "–" if math.isnan(row.value) else f"{_short(row.value)}{row.unit}"
        lines.append(f"| {row.criterion} | {row.what} | {row.limit} | {value} | {sign} | {row.note} |")
    return "\n".join([*lines, "", *(f"- {key}: {value}" for key, value in about.items()), ""])


def as_json(rows: Sequence[Measured], about: Mapping[str, Any]) -> str:
    """The same as JSON; NaN becomes null."""
    figures = [
        {
            "criterion": row.criterion, "what": row.what, "asked": row.asked, "at_least": row.at_least,
            "measured": None if math.isnan(row.value) else round(row.value, 5), "unit": row.unit, "met": row.met,
            "note": row.note,
        }
        for row in rows
    ]  # fmt: skip
    return json.dumps({"about": dict(about), "figures": figures}, indent=1, ensure_ascii=False) + "\n"


def _short(value: float) -> str:
    if value == int(value) or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.3g}"
