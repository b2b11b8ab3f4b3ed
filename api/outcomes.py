"""What becomes of each photo, spec or swatch of a longer job, told while it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import typer

from dressform.api.batch import Outcome
from dressform.api.progress import progress_bar

__all__ = ["tell"]


def tell(
    title: str,
    outcomes: Iterable[Outcome],
    total: int,
    done: Callable[[Outcome], str],
    line: Callable[[Outcome], str] | None = None,
) -> dict[str, int]:
    """Print what becomes of each, and in the end notes and errors; returns how many had which status.

    Args:
        title: Of the progress bar.
        outcomes: Made while they are gone through.
        total: How many there will be.
        done: A sentence about one that is done.
        line: Every outcome as JSON instead, or None.
    """
    counts: dict[str, int] = {}
    notes: list[str] = []
    with progress_bar(title, total) as advance:
        for number, outcome in enumerate(outcomes, 1):
            counts[outcome.status] = counts.get(outcome.status, 0) + 1
            # Most errors name their photo already.
            name = "" if outcome.photo.label in str(outcome.error) else f"{outcome.photo.label}: "
            if outcome.error is not None:
                notes.append(f"dressform: error: {name}{outcome.error}")
            elif outcome.note is not None:
                notes.append(f"dressform: note: {name}{outcome.note}")
            # Not typer.echo: it would write past the bar, into its line.
            if line is not None:
                print(line(outcome), flush=True)
            elif outcome.status == "done":
                print(done(outcome), flush=True)
            advance(number)
    if line is None and (total > 1 or "skipped" in counts):
        skipped = "skipped, done before (--overwrite does them again)"
        words = (("done", "done"), ("skipped", skipped), ("failed", "failed"))
        typer.echo(", ".join(f"{counts.get(key, 0)} {text}" for key, text in words if key in (*counts, "done")))
    for text in notes:
        typer.echo(text, err=True)
    return counts
