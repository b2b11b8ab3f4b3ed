"""A cut-out garment laid on what a person wears, part by part; the person's outline stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import OptionError
from dressform.parsing.windows import window_slices
from dressform.tryon.garment.cut import Cutout
from dressform.tryon.garment.fit_lengths import neck_gap
from dressform.tryon.garment.fit_panel import PanelFit, Wearing, fit_panel, make_wearing
from dressform.tryon.garment.fit_report import FitReport, length_note
from dressform.tryon.garment.parts import find_sleeve
from dressform.tryon.garment.target_landmarks import Point, target_landmarks
from dressform.tryon.shape.panel import Panel

__all__ = ["Fit", "PanelFit", "fit_garment", "target_landmarks"]

Mask = npt.NDArray[np.bool_]
_WHERE = {"L": "right", "R": "left"}  # in the picture
_NECK = 0.6  # half widths of the neck, from which a difference is told
_UNCOVERED = 0.05
_WORDS = {
    "trousers": ("trousers", "shorts"), "a skirt": ("skirt",), "a top or dress": ("top", "dress"),
    "trousers or a skirt": ("trousers", "shorts", "skirt"),
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Fit:
    """A garment on a person.

    Attributes:
        panels: One per panel, in their order.
        covered: (h, w) bool over the region's window: pixels of the worn garment that the new one has cloth for.
        report: What does not fit.
    """

    panels: tuple[PanelFit, ...]
    covered: Mask
    report: FitReport


def fit_garment(
    cut: Cutout, panels: Sequence[Panel], person_landmarks: Mapping[str, Point], *, roundness: float = 1.0
) -> Fit:
    """Lay a garment on the panels of what is worn.

    Args:
        cut: The garment.
        panels: Of the worn garment, from :func:`dressform.tryon.shape.panels.split_panels`, at least one.
        person_landmarks: From :func:`target_landmarks`.
        roundness: 1: cloth laid flat goes around the body; 0: it is seen as flat as in its photo. What somebody
            wore is round already.

    Raises:
        OptionError: No panels, ``roundness`` out of range, or a garment of another kind than what is worn: trousers
            for a top, a skirt for trousers, and the like.
    """
    if not panels:
        raise OptionError("no panels to fit a garment to", got=0, allowed="1 or more")
    if not 0 <= roundness <= 1:
        raise OptionError("bad roundness", got=roundness, allowed="0 to 1")
    _check_kind(cut, panels)
    job = make_wearing(cut, panels, person_landmarks, 0.0 if cut.worn else roundness)
    parts = tuple(fit_panel(job, panel) for panel in panels)
    covered = np.zeros(panels[0].mask.shape, np.bool_)
    worn = 0
    for part, panel in zip(parts, panels, strict=True):
        at = window_slices(part.box)
        covered[at] |= part.covered & panel.mask[at]
        worn += int(np.count_nonzero(panel.mask))
    return Fit(parts, covered, _report(job, parts, 1 - np.count_nonzero(covered) / max(worn, 1)))


def _report(job: Wearing, parts: Sequence[PanelFit], uncovered: float) -> FitReport:
    """All of it, in numbers and words."""
    sleeves, legs = (
        {part.side: part.length for part in parts if part.name.startswith(kind)} for kind in ("sleeve", "leg")
    )
    neck = None if job.hem is None or job.trunk is None else neck_gap(job.trunk, job.marks)
    notes = [] if job.hem is None else [length_note("length of the body", job.hem)]
    notes += [length_note(f"sleeve on the {_WHERE[side]}", length) for side, length in sleeves.items()]
    notes += [length_note(f"leg on the {_WHERE[side]}", length) for side, length in legs.items()]
    if neck is not None and abs(neck) > _NECK:
        notes.append(f"neckline: the worn one is {'deeper' if neck > 0 else 'higher'} than the garment's")
    if uncovered > _UNCOVERED:
        notes.append(f"{uncovered:.0%} of what is worn lies where the garment has no cloth; its colour goes on there")
    if job.trunk is not None and not sleeves and find_sleeve(job.cut, "L") is not None:
        notes.append("the garment's sleeves are left out, the person wears none")
    least = min((part.least_det for part in parts), default=np.inf)
    return FitReport(
        job.hem,
        MappingProxyType(sleeves),
        MappingProxyType(legs),
        neck,
        float(uncovered),
        float(least) if np.isfinite(least) else 1.0,
        MappingProxyType({part.name: part.method for part in parts}),
        tuple(note for note in notes if note),
    )


def _check_kind(cut: Cutout, panels: Sequence[Panel]) -> None:
    names = {panel.name.split("_")[0] for panel in panels}
    legs = "crotch" in cut.landmarks
    what = {"upper": "a top", "dress": "a dress", "lower": "trousers" if legs else "a skirt"}[cut.kind]
    wrong = ""
    if cut.kind == "lower" and "torso" in names:
        wrong = "a top or dress"
    elif cut.kind != "lower" and "torso" not in names and names & {"leg", "skirt"}:
        wrong = "trousers or a skirt"
    elif legs and "skirt" in names:
        wrong = "a skirt"
    elif cut.kind == "lower" and not legs and "leg" in names:
        wrong = "trousers"
    if wrong:
        remedy = "choose the region that it is for"
        words = _WORDS.get(wrong, ())
        if words and not cut.worn:
            remedy += f"; if its kind was guessed wrong, say what it is: kind={' or '.join(map(repr, words))}"
        raise OptionError(f"the garment does not go onto {wrong}", got=what, remedy=remedy)
