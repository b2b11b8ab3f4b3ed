"""Plots of a training run: losses and validation figures over steps."""

from __future__ import annotations

import json
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

__all__ = ["plot_log"]

NOT_PLOTTED = frozenset({"step", "seconds"})
SIZE = (4.0, 3.0)  # inches of one panel


def plot_log(run: Path) -> Path:
    """Draw ``log.jsonl`` of a run as ``log.png`` beside it, one panel for each figure, and return its path."""
    rows = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    names = list(dict.fromkeys(name for row in rows for name in row if name not in NOT_PLOTTED))
    figure = Figure(figsize=(SIZE[0] * max(len(names), 1), SIZE[1]), layout="constrained")
    FigureCanvasAgg(figure)
    for panel, name in zip(figure.subplots(1, max(len(names), 1), squeeze=False)[0], names, strict=False):
        shown = [(row["step"], row[name]) for row in rows if name in row]
        panel.plot(*zip(*shown, strict=True), linewidth=1)
        panel.set(title=name, xlabel="step")
        panel.grid(alpha=0.3)
    figure.savefig(run / "log.png", dpi=100)
    return run / "log.png"
