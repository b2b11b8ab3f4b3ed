"""A cut-out garment laid on what a person wears, part by part; the person's outline stays as it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import OptionError
from dressform.parsing.scores import Window
from dressform.parsing.windows import window_slices
from dressform.tryon.garment.cut import Cutout
from dressform.tryon.garment.fit_limb import Mapped, fit_limb
from dressform.tryon.garment.fit_report import FitReport, Length, length_note, match_length
from dressform.tryon.garment.fit_trunk import fit_rows, fit_trunk, jacobian, neck_depth, trunk_target
from dressform.tryon.garment.parts import Limb, Trunk, find_leg, find_sleeve, find_trunk
from dressform.tryon.garment.target_landmarks import Point, frame_points, panel_side, target_landmarks, trunk_of
from dressform.tryon.shape.frames import Frame, locate
from dressform.tryon.shape.panel import Panel

__all__ = ["Fit", "PanelFit", "fit_garment", "target_landmarks"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
_EASE = 1.15  # flat width of a garment over the width of somebody in it
_ARM = 1.1  # an arm in widths of the chest of a garment that fits it
_LEG = 2.05  # waist to ankle, in widths of the hips
_BAGGY = 2.6  # rise of the garment over the worn one, in the same widths of the hips
_MARGIN = 6  # px around a panel's mask where its map is made too


@dataclass(frozen=True, eq=False)
class PanelFit:
    """Where one panel's cloth comes from.

    Attributes:
        name: The panel's.
        box: (x0, y0, x1, y1) pixels of the region's window around the panel's mask.
        source: (h, w, 2) float32 x, y in pixels of the cut-out for each pixel of the box, the middle of its pixel
            (i, j) at (j + 0.5, i + 0.5); finite everywhere.
        covered: (h, w) bool, where the garment has cloth there.
    """

    name: str
    box: Window
    source: Floats
    covered: Mask


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

    def merged(self, panels: Sequence[Panel]) -> Floats:
        """(h, w, 2) float32 source coordinates over the region's window, each pixel's from its own panel.

        Args:
            panels: Those that were fitted. Pixels of none of them get those of a panel near by, or (0, 0).
        """
        out = np.zeros((*self.covered.shape, 2), np.float32)
        for part in self.panels:
            out[window_slices(part.box)] = part.source
        for part, panel in zip(self.panels, panels, strict=True):
            at = window_slices(part.box)
            own = panel.mask[at]
            out[at][own] = part.source[own]
        return out


def fit_garment(
    cut: Cutout, panels: Sequence[Panel], person_landmarks: Mapping[str, Point], *, roundness: float = 1.0
) -> Fit:
    """Lay a garment on the panels of what is worn.

    Args:
        cut: The garment.
        panels: Of the worn garment, from :func:`dressform.tryon.shape.panels.split_panels`, at least one.
        person_landmarks: From :func:`target_landmarks`.
        roundness: 1: cloth laid flat goes around the body; 0: it is seen as flat as in its photo.

    Raises:
        OptionError: No panels, ``roundness`` out of range, or a garment of another kind than what is worn: trousers
            for a top, a skirt for trousers, and the like.
    """
    if not panels:
        raise OptionError("no panels to fit a garment to", got=0, allowed="1 or more")
    if not 0 <= roundness <= 1:
        raise OptionError("bad roundness", got=roundness, allowed="0 to 1")
    _check_kind(cut, panels)
    job = _Job(cut, tuple(panels), person_landmarks, roundness)
    parts = tuple(job.panel(panel) for panel in panels)
    covered = np.zeros(panels[0].mask.shape, np.bool_)
    worn = 0
    for part, panel in zip(parts, panels, strict=True):
        at = window_slices(part.box)
        covered[at] |= part.covered & panel.mask[at]
        worn += int(np.count_nonzero(panel.mask))
    share = 1 - np.count_nonzero(covered) / max(worn, 1)
    return Fit(parts, covered, job.report(parts, float(share)))


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
        remedy = "choose the region that it is for, or give the kind of the garment if it was guessed wrong"
        raise OptionError(f"the garment does not go onto {wrong}", got=what, remedy=remedy)


class _Job:
    """One garment on one person; gathers what the report says."""

    def __init__(self, cut: Cutout, panels: tuple[Panel, ...], marks: Mapping[str, Point], roundness: float) -> None:
        self.cut, self.marks, self.roundness = cut, marks, roundness
        found = trunk_of(panels)
        self.frame: Frame | None = None if found is None else found[0]
        self.mask = None if found is None else found[1]
        self.trunk: Trunk | None = None if "crotch" in cut.landmarks else find_trunk(cut)
        self.hem: Length | None = None
        self.limbs: dict[tuple[str, str], Length | None] = {}
        self.methods: dict[str, str] = {}
        self.least = np.inf
        self.neck: float | None = None
        if self.frame is not None and self.trunk is not None:
            self.hem = self._hem(self.frame, self.trunk)

    def panel(self, panel: Panel) -> PanelFit:
        h, w = panel.mask.shape
        x, y, dx, dy = cv2.boundingRect(panel.mask.astype(np.uint8))
        box = (max(x - _MARGIN, 0), max(y - _MARGIN, 0), min(x + dx + _MARGIN, w), min(y + dy + _MARGIN, h))
        mapped = self._source(panel, box)
        source, own = mapped.source, panel.mask[window_slices(box)]
        self.methods[panel.name] = mapped.method
        covered = self._cloth(source) & mapped.within
        det = jacobian(source)
        # Where cloth is repeated the map jumps; that is no fold.
        seen = own & (cv2.erode(covered.astype(np.uint8), np.ones((3, 3), np.uint8)) > 0)
        if seen.any():
            middle = float(np.median(det[seen]))  # negative for a sleeve that is the other one's mirror image
            self.least = min(
                self.least, float(np.quantile(det[seen] * np.sign(middle), 0.001)) / max(abs(middle), 1e-12)
            )
        return PanelFit(panel.name, box, source, covered)

    def _source(self, panel: Panel, box: Window) -> Mapped:
        kind = panel.name.split("_")[0]
        if kind in ("sleeve", "leg"):
            side = panel_side(panel, self.frame, panel.mask.shape[1])
            limb = self._limb(kind, side)
            if limb is not None and kind == "leg" and self._is_baggy(panel, limb):
                limb = Limb(limb.outer, limb.inner)
                panel = replace(panel, seam=None)
            self.limbs[kind, side] = None if limb is None else self._limb_length(panel, limb, side, kind)
            if limb is not None:
                length = self.limbs[kind, side]
                assert length is not None
                return fit_limb(panel, limb, side, length, box, roundness=self.roundness, spare=self.trunk)
        if self.frame is not None and self.trunk is not None and self.mask is not None:
            assert self.hem is not None
            target = trunk_target(self.frame, self.marks, self.trunk, self.hem)
            mapped = fit_trunk(self.frame, self.mask, target, self.trunk, box, roundness=self.roundness)
            if kind == "sleeve":  # the garment has none: cloth of the torso as it would go on
                return Mapped(mapped.source, np.zeros_like(mapped.within), "none")
            return mapped
        return self._rows(panel, box)

    def _rows(self, panel: Panel, box: Window) -> Mapped:
        """A piece of no known build, from its own top to its own end."""
        y, x = np.nonzero(panel.mask)
        if not len(x):
            empty = np.zeros((box[3] - box[1], box[2] - box[0]), np.bool_)
            return Mapped(np.zeros((*empty.shape, 2), np.float32), empty, "rows")
        at = locate(panel.frame, np.stack([x + 0.5, y + 0.5], axis=1)[:: max(1, len(x) // 5000)].astype(np.float32))
        start, end = np.quantile(at.distance, (0.01, 0.99)).tolist()
        if self.trunk is None:
            legs = [find_leg(self.cut, side) for side in "RL"]
            assert legs[0] is not None and legs[1] is not None
            edges = {f"side_{side}": leg.outer for side, leg in zip("RL", legs, strict=True) if leg is not None}
            trunk = Trunk(edges, 1.0, 1.0)
        else:
            trunk = self.trunk
        return fit_rows(panel.frame, start, np.array([end, 0.0, 0.0]), trunk, box, roundness=self.roundness)

    def _limb(self, kind: str, side: str) -> Limb | None:
        find = find_sleeve if kind == "sleeve" else find_leg
        other = "R" if side == "L" else "L"
        own = find(self.cut, side)
        return own if own is not None else find(self.cut, other)  # a folded sleeve looks like the other one

    def _is_baggy(self, panel: Panel, limb: Limb) -> bool:
        """Whether the garment's crotch would hang so much lower than the worn one's that they cannot be matched."""
        if panel.seam is None:
            return True
        place = locate(panel.frame, np.asarray(panel.seam, np.float32))
        worn = float(place.distance.mean())
        width = 4 * float(panel.frame.along(panel.frame.radius, worn))
        return limb.length * limb.crotch * width / max(_hips(self.cut), 1e-9) > _BAGGY * max(worn, 1.0)

    def _hem(self, frame: Frame, trunk: Trunk) -> Length:
        upper = "armpit" if "neckline" in trunk.edges else "waist"
        m = {name: np.array(place) for name, place in self.marks.items()}
        ends = locate(
            frame, np.stack([m[f"{upper}_R"], m[f"{upper}_L"], m["hem_R"], m["hem_L"], m["hem"]]).astype(np.float32)
        )
        worn = float(ends.distance[2:].mean() - ends.distance[:2].mean())
        if upper == "armpit":
            # Armpits lie inside of the outline where a sleeve hangs beside it.
            pit = float(ends.distance[:2].mean())
            chest = 2 * float(frame.along(frame.radius, pit + 0.3 * frame.along(frame.radius, pit)))
            chest = max(chest, float(np.hypot(*(m["armpit_L"] - m["armpit_R"])))) / max(trunk.width, 1e-9)
            own = np.hypot(*(np.array(self.cut.landmarks["shoulder_L"]) - self.cut.landmarks["shoulder_R"]))
            across = float(np.hypot(*(m["shoulder_L"] - m["shoulder_R"]))) / max(float(own), 1e-9)
            scale = float(np.sqrt(chest * (1 + self.roundness * (_EASE - 1)) * across))
            self.neck = self._neck_gap(m, trunk)
        else:
            middle = float((ends.distance[:2].mean() + ends.distance[2:].mean()) / 2)
            line = frame_points(frame, [middle] * 2, np.array([-1, 1]) * frame.along(frame.radius, middle))
            scale = float(np.hypot(*(line[1] - line[0]))) / max(trunk.width, 1e-9) * (1 + self.roundness * (_EASE - 1))
        return match_length(max(worn, 1.0), max(trunk.length * scale, 1.0))

    def _neck_gap(self, m: Mapping[str, npt.NDArray[np.float64]], trunk: Trunk) -> float:
        worn = neck_depth(np.stack([m["neck_R"], m["neck"], m["neck_L"]]))
        return worn - neck_depth(trunk.edges["neckline"])

    def _limb_length(self, panel: Panel, limb: Limb, side: str, kind: str) -> Length:
        """How a limb's length is laid on the worn one, by the bones inside; as it is where they are not seen."""
        names = ("shoulder", "elbow", "wrist") if kind == "sleeve" else ("knee", "ankle")
        chain = [np.array(self.marks[f"{name}_{side}"]) for name in names if f"{name}_{side}" in self.marks]
        if len(chain) < len(names):
            return Length(1.0, 1.0, 1.0, 1.0)
        total = panel.frame.length
        start = 0.0
        if panel.seam is not None:
            start = float(locate(panel.frame, np.asarray(panel.seam, np.float32)).distance.mean())
        worn = max(total - start, 1.0)
        if kind == "sleeve":
            assert self.trunk is not None
            bones = float(np.hypot(*np.diff(np.stack(chain), axis=0).T).sum())
            return match_length(worn, limb.length / (_ARM * self.trunk.width) * max(bones, 1.0))
        ankle = float(locate(panel.frame, chain[-1][None].astype(np.float32)).distance[0])
        hips, own = _hips(self.cut), limb.length * (1 - limb.crotch)
        full = max(_LEG * hips - limb.length * limb.crotch, 0.3 * own)
        return match_length(worn, own / full * max(ankle - start, 1.0))

    def _cloth(self, source: Floats) -> Mask:
        """Where the garment has cloth."""
        x, y = (np.ascontiguousarray(source[..., k] - np.float32(0.5)) for k in (0, 1))
        alpha = cv2.remap(self.cut.alpha, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)
        return np.asarray(alpha > 0.5, np.bool_)

    def report(self, parts: Sequence[PanelFit], uncovered: float) -> FitReport:
        """All of it, in numbers and words."""
        sleeves, legs = (
            {side: length for (kind, side), length in self.limbs.items() if kind == wanted}
            for wanted in ("sleeve", "leg")
        )
        notes = [] if self.hem is None else [length_note("length of the body", self.hem)]
        notes += [length_note(f"sleeve on the {_where(side)}", length) for side, length in sleeves.items()]
        notes += [length_note(f"leg on the {_where(side)}", length) for side, length in legs.items()]
        if self.neck is not None and abs(self.neck) > 0.6:
            notes.append(f"neckline: the worn one is {'deeper' if self.neck > 0 else 'higher'} than the garment's")
        if uncovered > 0.05:
            notes.append(f"{uncovered:.0%} of what is worn lies where the garment has no cloth")
        if "sleeve" not in {part.name.split("_")[0] for part in parts} and find_sleeve(self.cut, "L") is not None:
            notes.append("the garment's sleeves are left out, the person wears none")
        return FitReport(
            self.hem,
            MappingProxyType(sleeves),
            MappingProxyType(legs),
            self.neck,
            uncovered,
            float(self.least) if np.isfinite(self.least) else 1.0,
            MappingProxyType(self.methods),
            tuple(note for note in notes if note),
        )


def _hips(cut: Cutout) -> float:
    """Width of trousers at the height of the crotch."""
    legs = [find_leg(cut, side) for side in "RL"]
    ends = []
    for leg in legs:
        assert leg is not None
        ends.append(leg.at(np.array([leg.crotch]), np.array([1.0]))[0])
    return float(np.hypot(*(ends[1] - ends[0])))


def _where(side: str) -> str:
    return "right" if side == "L" else "left"
