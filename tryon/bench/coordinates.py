"""How well a texture follows the cloth, measured on bent tubes and at the armholes of drawn shirts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.tryon.bench.figures import Figure
from dressform.tryon.bench.tubes import RADIUS, Tube, draw_tube, misplaced
from dressform.tryon.shape.axis import fit_axis
from dressform.tryon.shape.coords import ClothMap, determinants, map_cloth, panel_coordinates
from dressform.tryon.shape.frames import make_frame
from dressform.tryon.shape.panel import Panel
from dressform.tryon.shape.panels import split_panels
from dressform.tryon.shape.regions import find_region

__all__ = [
    "ArmholeScore", "CoordinateScores", "TubeScore", "measure_armhole", "measure_armholes", "measure_coordinates",
    "measure_tube", "measure_tubes",
]  # fmt: skip

Doubles = npt.NDArray[np.float64]

_BENDS = (0, 35, 60, 90)  # degrees
_RAISED = (8, 20, 35, 60, 90)  # degrees
_BESIDE = 4.0  # px from a seam at which both sides are read
_STRETCH = np.linspace(0.25, 0.92, 14)  # of the armhole from its upper end: where both sides are cloth


@dataclass(frozen=True)
class TubeScore:
    """Figures of one bent tube, or the worst of several.

    Attributes:
        name: Of the tube, or "worst".
        mean: Mean distance between true and found coordinates, in radii of the tube.
        p95: 95th percentile of that.
        repeat: Error of a repeat's size: share by which the found scale differs from the true one, median over pixels.
        least_det: The least determinant of the Jacobian; above 0 nothing is folded over.
    """

    name: str
    mean: float
    p95: float
    repeat: float
    least_det: float


@dataclass(frozen=True)
class ArmholeScore:
    """Figures of one armhole of a shirt cut from one piece of cloth, or the worst of several.

    Attributes:
        name: Of the shirt and sleeve, or "worst".
        gap: Largest jump of the coordinates over the seam, in pixels.
        scale: Largest share by which the scales on both sides differ.
        angle: Largest angle between the threads of both sides, in degrees.
        least_det: The least determinant of the Jacobian anywhere in the shirt.
    """

    name: str
    gap: float
    scale: float
    angle: float
    least_det: float


@dataclass(frozen=True)
class CoordinateScores:
    """Figures of texture geometry; the last of each tuple is the worst of all."""

    tubes: tuple[TubeScore, ...]
    armholes: tuple[ArmholeScore, ...]


def measure_coordinates(seeds: Iterable[int] = (0, 1, 2)) -> CoordinateScores:
    """Tubes bent by 0, 35, 60 and 90 degrees, straight and tapered, with joints 4 px off, and ten armholes.

    Args:
        seeds: Of the noise of the joints.
    """
    return CoordinateScores(measure_tubes(seeds), measure_armholes())


def measure_tubes(seeds: Iterable[int] = (0, 1, 2)) -> tuple[TubeScore, ...]:
    """One score for each bend, taper and kind of bend, the worst over the seeds, and at last the worst of all."""
    numbers, out = tuple(seeds), []
    for bend in _BENDS:
        for taper in (0.0, 0.35):
            for elbow in (False, True):
                name = f"{bend}°{' tapered' if taper else ''}{' elbow' if elbow else ''}"
                tubes = (draw_tube(bend, taper, elbow=elbow, turn=bend / 3, seed=seed) for seed in numbers)
                out.append(_worst_tube(name, [measure_tube(tube, name) for tube in tubes]))
    return (*out, _worst_tube("worst", out))


def measure_tube(truth: Tube, name: str = "", *, radius: float = RADIUS) -> TubeScore:
    """Coordinates of a sleeve with this outline and these joints against the true ones."""
    frame = make_frame(fit_axis(truth.joints, truth.mask))
    found = panel_coordinates(Panel("sleeve_L", truth.mask, frame))
    error, _ = misplaced(truth.uv[truth.mask], found[truth.mask])
    inner = truth.mask & (np.abs(truth.uv[..., 0]) < radius)
    sizes = determinants(found)[inner] / determinants(truth.uv.astype(np.float32))[inner]
    repeat = np.median(np.abs(np.sqrt(np.maximum(sizes, 0)) - 1))
    far = error / radius
    least = determinants(found)[truth.mask].min()
    return TubeScore(name, float(far.mean()), float(np.quantile(far, 0.95)), float(repeat), float(least))


def measure_armholes() -> tuple[ArmholeScore, ...]:
    """One score for each armhole of shirts with arms raised by 8 to 90 degrees, and at last the worst of all."""
    out = []
    for raised in _RAISED:
        person = Figure(raised=raised).shirt().person()
        panels = split_panels(find_region(person, "upper"), person)
        cloth = map_cloth(panels, seam="continuous")
        for panel in panels:
            if panel.name.startswith("sleeve"):
                gaps, scales, angles = measure_armhole(panel, cloth, panels)
                worst = [float(np.abs(values).max()) for values in (gaps, scales - 1, angles)]
                out.append(ArmholeScore(f"{raised}° {panel.name}", worst[0], worst[1], worst[2], cloth.least_det))
    return (*out, _worst_armhole(out))


def measure_armhole(panel: Panel, cloth: ClothMap, panels: Sequence[Panel]) -> tuple[Doubles, Doubles, Doubles]:
    """Along a sleeve's seam: (n,) gaps in pixels, (n,) ratios of scales, (n,) degrees between the threads."""
    assert panel.seam is not None
    k, torso = 1 + panels.index(panel), 1 + [p.name for p in panels].index("torso")
    number = np.where(np.any([p.mask for p in panels], 0), cloth.panel, 0)
    slopes = []
    for n in (k, torso):
        own = cloth.uv * (number == n)[..., None]
        slopes.append(np.stack([np.gradient(own, axis=1), np.gradient(own, axis=0)], -1))
    top, pit = panel.seam.astype(np.float64)
    way = (pit - top) / np.linalg.norm(pit - top)
    across = np.array([way[1], -way[0]])
    if number[_pixel((top + pit) / 2 + _BESIDE * across)] != k:
        across = -across
    found = []
    for share in _STRETCH:
        at = top + share * (pit - top)
        i, j = (_pixel(at + side * across) for side in (_BESIDE, -_BESIDE))
        if number[i] != k or number[j] != torso:
            continue
        a, b = slopes[0][i], slopes[1][j]
        step = np.array([i[1] - j[1], i[0] - j[0]], np.float64)
        gap = np.linalg.norm(cloth.uv[i] - cloth.uv[j] - 0.5 * (a + b) @ step)
        turn = np.degrees(np.arctan2(a[0, 1], a[1, 1]) - np.arctan2(b[0, 1], b[1, 1]))
        found.append((gap, np.sqrt(np.linalg.det(a) / np.linalg.det(b)), (turn + 180) % 360 - 180))
    gaps, scales, angles = np.array(found, np.float64).reshape(-1, 3).T
    return gaps, scales, angles


def _pixel(point: Doubles) -> tuple[int, int]:
    """Row and column of a point x, y."""
    return int(point[1]), int(point[0])


def _worst_tube(name: str, scores: Sequence[TubeScore]) -> TubeScore:
    mean, p95, repeat = (max(getattr(score, key) for score in scores) for key in ("mean", "p95", "repeat"))
    return TubeScore(name, mean, p95, repeat, min(score.least_det for score in scores))


def _worst_armhole(scores: Sequence[ArmholeScore]) -> ArmholeScore:
    gap, scale, angle = (max(getattr(score, key) for score in scores) for key in ("gap", "scale", "angle"))
    return ArmholeScore("worst", gap, scale, angle, min(score.least_det for score in scores))
