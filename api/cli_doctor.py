"""``dressform doctor``: what this installation is, and what is wrong with it."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from dressform.api.doctor import Report

__all__ = ["doctor"]


def doctor(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Say what is installed and what is wrong.

    Shows versions, machine, settings and models; the exit code is 1 if anything is wrong.
    """
    from dressform.api.doctor import examine

    report = examine()
    typer.echo(json.dumps(asdict(report), indent=2) if as_json else as_text(report))
    if report.problems:
        raise typer.Exit(1)


def as_text(report: Report) -> str:
    """The report for people."""
    lines = []
    for section, rows in report.facts.items():
        lines.append(section)
        lines += [f"  {name:<18} {value}" for name, value in rows.items()]
    if not report.problems:
        lines.append("all is well")
    for problem in report.problems:
        lines.append(f"wrong: {problem.what}" + (f"\n  remedy: {problem.remedy}" if problem.remedy else ""))
    return "\n".join(lines)
