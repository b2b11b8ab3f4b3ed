"""Criterion 1: the colours that are drawn against those of the photo, as CIEDE2000."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np

from dressform.avatar.bench.drawing import PARTS, Drawing
from dressform.avatar.bench.figures import Figure, Record, mean, values, worst_tenth
from dressform.avatar.bench.subjects import Subject, inner, trimmed_median
from dressform.avatar.color import delta_e, srgb_to_lab
from dressform.parsing import Part

__all__ = ["EXACT", "figures", "garment_layer", "record"]

EXACT = ("flat", "anime")
"""Styles that keep the measured colours."""
TARGETS = {"hair": 3.0, "skin": 3.0, "garment": 4.0}
TINTED = 8.0
GAP, WORST = 1.5, 6.0
_ONE = 0.6  # share of a garment within _ALIKE of its median from which it is of one colour
_ALIKE = 15.0


def record(subject: Subject, drawings: Mapping[str, Drawing]) -> Record:
    """ΔE00 of hair, skin and main garment for each style, against the balanced and against the raw photo."""
    out: Record = {}
    for what, mask in _regions(subject).items():
        wanted = trimmed_median(subject.balanced, mask)
        raw = trimmed_median(subject.pixels, mask)
        if wanted is None or raw is None:
            continue
        found: Record = {"lightness": float(wanted[0]), "styles": {}}
        if what == "garment":
            found["one_color"] = _one_color(subject, mask, wanted)
        for style, drawing in drawings.items():
            color = drawing.color(_layer(what, drawing, subject))
            if color is None:
                found["styles"][style] = None
                continue
            lab = srgb_to_lab(np.array(color, np.float64))
            found["styles"][style] = {"balanced": float(delta_e(lab, wanted)), "raw": float(delta_e(lab, raw))}
        out[what] = found
    return out


def _regions(subject: Subject) -> dict[str, np.ndarray]:
    face = subject.mask(Part.FACE)
    out = {"hair": subject.mask(Part.HAIR), "skin": face}
    if subject.garment is not None:
        out["garment"] = subject.mask(subject.garment)
    return out


def _layer(what: str, drawing: Drawing, subject: Subject) -> str:
    if what == "garment":
        return garment_layer(drawing, subject)
    return "hair_front" if what == "hair" else "face"


def garment_layer(drawing: Drawing, subject: Subject) -> str:
    """The layer that shows what the photo shows as the main garment.

    Garments that look alike are drawn as one, so where the garment's own layer is missing, it is the one that
    takes up most of the place of the garment.
    """
    own = next((name for name, part in PARTS.items() if part == subject.garment), "")
    if own in drawing.layers or subject.garment is None or subject.frame is None:
        return own
    ys, xs = np.nonzero(subject.mask(subject.garment))
    step = max(len(ys) // 400, 1)
    at = subject.frame.to_head(np.stack([xs[::step] + 0.5, ys[::step] + 0.5], 1).astype(np.float32))
    x, y = np.floor(drawing.to_canvas(at) * drawing.scale).astype(int).T
    height, width = drawing.labels.shape
    ok = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    counts = np.bincount(drawing.labels[y[ok], x[ok]], minlength=len(Part))
    counts[0] = 0
    part = Part(int(counts.argmax()))
    return next((name for name, each in PARTS.items() if each == part), "") if counts.any() else ""


def _one_color(subject: Subject, mask: np.ndarray, middle: np.ndarray) -> bool:
    """Whether most of a garment has one colour, light aside."""
    lab = np.asarray(srgb_to_lab(subject.balanced[inner(mask)]), np.float64)
    lab[:, 0] = middle[0] + 0.4 * (lab[:, 0] - middle[0])
    return bool((delta_e(lab, middle) < _ALIKE).mean() > _ONE)


def figures(records: Sequence[Record], styles: Sequence[str]) -> list[Figure]:
    """Means of the errors, and what they are for the darkest and the lightest third of skins."""
    rows = [each["colors"] for each in records]
    out = []
    for style in styles:
        for what, target in TARGETS.items():
            limit = target if style in EXACT else TINTED
            if style == "pencil":
                limit = math.nan
            kept = [row for row in rows if what in row]
            found = values(kept, what, "styles", style, "balanced")
            raw = mean(values(kept, what, "styles", style, "raw"))
            missing = sum(row[what]["styles"].get(style) is None for row in kept)
            note = f"median {np.median(found):.1f}, against the raw photo {raw:.1f}" if found else ""
            note += f"; not drawn {missing} of {len(kept)}" if missing else ""
            goal = None if math.isnan(limit) else limit
            out.append(Figure(1, f"{style}: {what}, mean ΔE00", mean(found), goal, count=len(found), note=note))
        if style in EXACT:
            plain = [row for row in rows if row.get("garment", {}).get("one_color")]
            found = values(plain, "garment", "styles", style, "balanced")
            out.append(Figure(1, f"{style}: garments of one colour, mean ΔE00", mean(found), 4.0, count=len(found)))
    for style in (style for style in EXACT if style in styles):
        pairs = sorted(
            (row["skin"]["lightness"], row["skin"]["styles"][style]["balanced"])
            for row in rows
            if "skin" in row and row["skin"]["styles"].get(style)
        )
        errors = [error for _, error in pairs]
        third = len(pairs) // 3
        dark, light = mean(errors[:third]), mean(errors[len(pairs) - third :])
        note = f"darkest third {dark:.2f}, lightest third {light:.2f}"
        out.append(
            Figure(
                1,
                f"{style}: skin, gap of darkest and lightest third",
                abs(dark - light),
                GAP,
                count=2 * third,
                note=note,
            )
        )
        out.append(
            Figure(1, f"{style}: skin, mean of the worst tenth", worst_tenth(errors), WORST, count=len(errors),
                   note=f"90th percentile {np.quantile(errors, 0.9):.1f}" if errors else "")
        )  # fmt: skip
    return out
