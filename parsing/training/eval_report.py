"""What an evaluation says of one set, and the reports: JSON for programs, Markdown tables for people."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dressform.parsing.training.eval_sheets import Case

__all__ = ["Options", "SetReport", "Table", "show", "write_report"]

Value = float | int | str


@dataclass(frozen=True)
class Options:
    """How to evaluate.

    Attributes:
        limit: Photos per set, spread evenly over it; None takes all.
        teacher: Folder of the teacher's labels, or None.
        progress: Called with the set's name, photos done and photos in all.
    """

    limit: int | None = None
    teacher: Path | None = None
    progress: Callable[[str, int, int], None] = lambda name, done, total: None

    def choose(self, paths: Sequence[Path]) -> list[Path]:
        """The photos to use, in the given order."""
        if self.limit is None or self.limit >= len(paths):
            return list(paths)
        return [paths[k * len(paths) // self.limit] for k in range(self.limit)]


@dataclass(frozen=True)
class Table:
    """A table: rows of a name and one value per column. NaN means that there was nothing to measure."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]


@dataclass(frozen=True, eq=False)
class SetReport:
    """Measures of one set.

    Attributes:
        name: Such as "ccp".
        about: What was measured and how, one sentence each.
        figures: The headline figures.
        tables: The details.
        cases: One per photo.
        case_score: What the score of a case is.
        seconds: Time that the engine took for each photo, wall clock.
        columns: Pictures in a row of the sheets.
        legend: Whether the sheets name the parts.
    """

    name: str
    about: tuple[str, ...]
    figures: Mapping[str, float]
    tables: tuple[Table, ...]
    cases: tuple[Case, ...]
    case_score: str
    seconds: tuple[float, ...]
    columns: int = 2
    legend: bool = True


def write_report(reports: Sequence[SetReport], missing: Sequence[str], engine: Mapping[str, object], out: Path) -> None:
    """Write ``report.json`` and ``report.md``.

    Args:
        reports: One per set measured.
        missing: Sets whose photos are not there.
        engine: What was measured: the engine's name and the hashes of its weights.
        out: Folder.
    """
    sets = {r.name: _as_json(r) for r in reports}
    document = {"engine": engine, "sets": sets, "missing": list(missing)}
    (out / "report.json").write_text(json.dumps(_without_nan(document), indent=1, ensure_ascii=False) + "\n")
    lines = [f"# Evaluation of {engine.get('name')}", ""]
    lines += [f"Not measured, as the photos are not there: {', '.join(missing)}.", ""] if missing else []
    lines += [line for r in reports for line in _as_markdown(r)]
    (out / "report.md").write_text("\n".join(lines))


def _as_json(report: SetReport) -> dict[str, object]:
    return {
        "about": report.about,
        "photos": len(report.cases),
        "seconds_per_photo": round(float(np.median(report.seconds)), 3),
        "figures": report.figures,
        "tables": {t.title: [dict(zip(t.columns, row, strict=True)) for row in t.rows] for t in report.tables},
        "cases": {c.name: c.score for c in report.cases},
        "case_score": report.case_score,
    }


def _as_markdown(report: SetReport) -> list[str]:
    lines = [f"## {report.name}: {len(report.cases)} photos", "", " ".join(report.about), ""]
    lines += [f"Median time of the engine per photo: {np.median(report.seconds):.2f} s.", ""]
    figures = Table("Figures", ("measure", "value"), tuple(report.figures.items()))
    for table in (figures, *report.tables):
        lines += [f"### {table.title}", "", _row(table.columns), _row(["---"] * len(table.columns))]
        lines += [_row([show(v) for v in row]) for row in table.rows]
        lines.append("")
    sheets = " · ".join(f"[{which}]({report.name}-{which}.jpg)" for which in ("best", "median", "worst"))
    return [*lines, f"Pictures, labelled beside found, by {report.case_score}: {sheets}", ""]


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def show(value: Value) -> str:
    """A value as it stands in a table: three decimals, a dash for NaN."""
    if isinstance(value, float):
        return "–" if math.isnan(value) else f"{value:.3f}"
    return str(value)


def _without_nan(value: object) -> object:
    """NaN is no JSON; it becomes null. Floats are rounded to what means something."""
    if isinstance(value, Mapping):
        return {key: _without_nan(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(v) for v in value]
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 5)
    return value
