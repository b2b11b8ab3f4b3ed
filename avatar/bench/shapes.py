"""Criterion 2: outlines against the masks that they were traced from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from dressform.avatar.bench.drawing import Drawing, fill
from dressform.avatar.bench.figures import Figure, Record, mean, share
from dressform.avatar.bench.subjects import Subject
from dressform.avatar.contour import trace
from dressform.avatar.paths import Path
from dressform.parsing import Part

__all__ = ["SETTINGS", "figures", "overlap", "record"]

Mask = npt.NDArray[np.bool_]
SETTINGS = {"detail": 1.0, "smooth": 0.5}
"""Names of settings and the detail that they trace with; "spec" are the outlines of the spec itself."""
_TARGETS = {"detail": (0.97, 50), "smooth": (0.93, 36)}
_CAUSES = {"coverage": "soft coverage at one half, before tracing", "mask": "detail 1 of the hard mask itself"}
"""For information: what a loss comes from."""
_LARGE = 800.0  # px at 160 px to a head: regions that have to be met
_DRAWN = 100.0  # px likewise: regions that are drawn at all
_HEAD = 160.0
_POOR = 0.80


def record(subject: Subject) -> Record:
    """Area (in square heads), and for each setting the overlap and the number of curves, of each region."""
    view = subject.view
    unit = view.frame.height**2
    hidden = (view.labels > 0) & ~view.seen  # filled in: no photo to compare with
    out: Record = {}
    for part in view.parts:
        wanted = (view.labels == part) & view.seen
        if np.count_nonzero(wanted) < _DRAWN / _HEAD**2 * unit:
            continue
        coverage = view.coverage((part,))
        found: Record = {"area": float(np.count_nonzero(wanted) / unit)}
        for name, detail in SETTINGS.items():
            path = trace(coverage, detail=detail)
            found[name] = [overlap(fill(path, wanted.shape), wanted, hidden), path.cubics]
        whole = view.labels == part
        path = trace(whole, detail=1.0)
        found["mask"] = [overlap(fill(path, wanted.shape), wanted, hidden), path.cubics]
        found["coverage"] = [overlap(coverage >= 0.5, wanted, hidden), 0]
        region = subject.spec.regions.get(part.slug)
        if region is not None:
            drawn = fill(_in_view(subject, region.path), wanted.shape)
            found["spec"] = [overlap(drawn, wanted, hidden), region.path.cubics]
        out[part.slug] = found
    return out


def drawn(subject: Subject, drawing: Drawing) -> Record:
    """Overlap of what a drawing shows of each large part with what the photo shows."""
    view = subject.view
    hidden = (view.labels > 0) & ~view.seen
    height, width = view.labels.shape
    xs, ys = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    heads = view.frame.to_head(np.stack([xs.ravel(), ys.ravel()], 1).astype(np.float32))
    x, y = np.floor(drawing.to_canvas(heads) * drawing.scale).astype(int).T
    ok = (x >= 0) & (y >= 0) & (x < drawing.labels.shape[1]) & (y < drawing.labels.shape[0])
    shown = np.zeros(height * width, np.uint8)
    shown[ok] = drawing.labels[y[ok], x[ok]]
    found = shown.reshape(height, width)
    outside = hidden | ~ok.reshape(height, width) | (view.labels == Part.SUNGLASSES)
    out: Record = {}
    for part in view.parts:
        wanted = (view.labels == part) & view.seen
        if part != Part.SUNGLASSES and np.count_nonzero(wanted & ~outside) >= _LARGE / _HEAD**2 * view.frame.height**2:
            out[part.slug] = overlap(found == part, wanted, outside)
    return out


def _in_view(subject: Subject, path: Path) -> Path:
    frame = subject.view.frame
    return path.transformed(np.array([[frame.height, 0, frame.chin[0]], [0, frame.height, frame.chin[1]]]))


def overlap(found: Mask, wanted: Mask, ignored: Mask) -> float:
    """Intersection over union of two masks outside of what is ignored; 0 where both are empty."""
    both = np.count_nonzero(found & wanted & ~ignored)
    either = np.count_nonzero((found | wanted) & ~ignored)
    return both / either if either else 0.0


def figures(records: Sequence[Record], styles: Sequence[str]) -> list[Figure]:
    """Mean overlap, poor regions and curves of each setting."""
    out = []
    regions = [(slug, region) for each in records for slug, region in each["shapes"].items()]
    large = [region for _, region in regions if region["area"] >= _LARGE / _HEAD**2]
    for name in (*SETTINGS, "spec"):
        rows = [region[name] for region in large if name in region]
        every = [region[name] for _, region in regions if name in region]
        iou, curves = _TARGETS.get(name, (None, None))
        found = [row[0] for row in rows]
        note = (
            f"all {len(every)} drawn regions: {mean([row[0] for row in every]):.3f}; lowest {min(found):.3f}"
            if rows
            else ""
        )
        out.append(Figure(2, f"{name}: mean IoU", mean(found), iou, True, len(rows), note=note))
        out.append(Figure(2, f"{name}: cubics per region", mean([row[1] for row in rows]), curves, count=len(rows)))
        poor = [100.0 * (row[0] < _POOR) for row in rows]
        small = share([row[0] < _POOR for row in every])
        goal = 0.0 if name in _TARGETS else None
        note = f"of all drawn regions {small:.1f}%"
        out.append(Figure(2, f"{name}: regions under 0.80", mean(poor), goal, count=len(rows), unit="%", note=note))
    for name, what in _CAUSES.items():
        found = [region[name][0] for region in large]
        cubics = mean([region[name][1] for region in large])
        note = f"{cubics:.0f} cubics" if name == "mask" else ""
        out.append(Figure(2, f"{what}: mean IoU", mean(found), None, count=len(found), note=note))
    for style in styles:
        found = [value for each in records for value in each["drawn"].get(style, {}).values()]
        out.append(
            Figure(2, f"{style}: parts as the drawing shows them, mean IoU", mean(found), None, count=len(found))
        )
    return out


def worst(records: Sequence[Record], setting: str, count: int = 8) -> list[tuple[str, str, float]]:
    """People, regions and overlaps that are worst."""
    rows = [
        (each["name"], slug, float(region[setting][0]))
        for each in records
        for slug, region in each["shapes"].items()
        if setting in region and region["area"] >= _LARGE / _HEAD**2
    ]
    return sorted(rows, key=lambda row: row[2])[:count]


def parts_of(records: Sequence[Record]) -> dict[str, float]:
    """Mean overlap of the spec's outlines by part."""
    out: dict[str, list[float]] = {}
    for each in records:
        for slug, region in each["shapes"].items():
            if "spec" in region and region["area"] >= _LARGE / _HEAD**2:
                out.setdefault(slug, []).append(region["spec"][0])
    return {part.slug: mean(out[part.slug]) for part in Part if part.slug in out}
