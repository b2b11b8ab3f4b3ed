"""What is asked of each criterion, and how it is measured."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

from dressform.tryon.bench.coordinates import measure_coordinates
from dressform.tryon.bench.criteria import Measured
from dressform.tryon.bench.edges import measure_edges
from dressform.tryon.bench.exactness import measure_determinism, measure_preservation
from dressform.tryon.bench.fit import measure_fit, measure_own
from dressform.tryon.bench.people import draw_people
from dressform.tryon.bench.shading import PRINTED, measure_shading
from dressform.tryon.bench.speed import MEGAPIXELS, measure_speed

__all__ = ["SECTIONS"]


def _preservation(quick: bool) -> list[Measured]:
    return measure_preservation()


def _shading(quick: bool) -> list[Measured]:
    scores = measure_shading(seeds=(0,) if quick else (0, 1, 2))
    groups = {
        "plain cloths, JPEG 90": ([s for s in scores if s.quality >= 90 and s.kind not in PRINTED], 0.98),
        "printed cloths, JPEG 90": ([s for s in scores if s.quality >= 90 and s.kind in PRINTED], 0.97),
        "all cloths, JPEG 75": ([s for s in scores if s.quality < 90], 0.95),
    }
    rows = []
    for name, (group, folds) in groups.items():
        note = _each(group, "kind", "folds")
        rows.append(
            Measured("folds", f"correlation, {name}, worst", min(s.folds for s in group), folds, True, note=note)
        )
    for key, what, asked, scale, unit in (
        ("delta_e", "ΔE, mean", 1.0, 1, ""),
        ("delta_e_p95", "ΔE, 95th percentile", 2.5, 1, ""),
        ("ghost", "luminance step over borders of inks", 2.0, 100, " %"),
    ):
        criterion = "ghost" if key == "ghost" else "colour"
        for name, (group, _) in groups.items():
            chosen = [s for s in group if criterion != "ghost" or s.kind in PRINTED]
            if chosen:
                worst = scale * max(getattr(s, key) for s in chosen)
                note = _each(chosen, "kind", key, scale)
                rows.append(Measured(criterion, f"{what}, {name}, worst", worst, asked, unit=unit, note=note))
    return rows


def _each(scores: Sequence[object], name: str, key: str, scale: float = 1) -> str:
    """One figure of every score, for a remark."""
    return ", ".join(f"{getattr(score, name)} {scale * getattr(score, key):.3g}" for score in scores)


def _garments(quick: bool) -> list[Measured]:
    marks, fits = measure_fit((0,) if quick else (0, 1))
    mark, fit = marks[-1], fits[-1]
    worse = sum(each.own >= min(each.plate, each.box) for each in fits[:-1])
    note = f"mean of {len(fits) - 1} scenes"
    unit = " % of torso height"
    own = measure_own(draw_people(1200, 800, people=2, seed=1).people[0], "upper")
    return [
        Measured("garments", "landmarks in the photo, mean", 100 * mark.mean, 2.5, unit=unit),
        Measured("garments", "landmarks in the photo, worst", 100 * mark.most, None, unit=unit),
        Measured("garments", "cloth on the person, misplacement", 100 * fit.own, 2.5, unit=unit, note=note),
        Measured("garments", "the same by one spline", 100 * fit.plate, None, unit=unit, note=note),
        Measured("garments", "the same by bounding boxes", 100 * fit.box, None, unit=unit, note=note),
        Measured("garments", "scenes not better than both of these", worse, 0),
        Measured("garments", "stripes turned by", fit.stripes, 5, unit="°", note=note),
        Measured("garments", "least determinant: above 0 no fold-over", fit.least_det, 1e-6, True),
        Measured("garments", "own shirt put on again, ΔE, mean", own.mean, 2),
    ]


def _coordinates(quick: bool) -> list[Measured]:
    found = measure_coordinates((0,) if quick else (0, 1, 2))
    tube, armhole = found.tubes[-1], found.armholes[-1]
    note = f"worst of {len(found.tubes) - 1} bent tubes"
    beside = f"worst of {len(found.armholes) - 1}"
    least = min(tube.least_det, armhole.least_det)
    return [
        Measured("coordinates", "misplacement, mean", 100 * tube.mean, 2, unit=" % of radius", note=note),
        Measured("coordinates", "misplacement, 95th percentile", 100 * tube.p95, 6, unit=" % of radius", note=note),
        Measured("coordinates", "size of a repeat, error", 100 * tube.repeat, 3, unit=" %", note=note),
        Measured("coordinates", "least determinant: above 0 no fold-over", least, 1e-6, True),
        Measured("coordinates", "armhole: gap", armhole.gap, 2, unit=" px", note=beside),
        Measured("coordinates", "armhole: difference of scale", 100 * armhole.scale, 5, unit=" %", note=beside),
        Measured("coordinates", "armhole: difference of angle", armhole.angle, 5, unit="°", note=beside),
    ]


def _edges(quick: bool) -> list[Measured]:
    *each, mean = measure_edges(seeds=(0,) if quick else (0, 1))
    return [
        Measured("edges", f"{what}, mean of all cloths", scale * getattr(mean, key), asked, unit=unit,
                 note=_each(each, "cloth", key, scale))
        for key, what, asked, scale, unit in (
            ("delta_e", "ΔE in the 3-px border", 3.0, 1, ""),
            ("old_left", "old colour left", 5.0, 100, " %"),
            ("alpha_error", "alpha error", 0.04, 1, ""),
        )
    ]  # fmt: skip


def _speed(quick: bool) -> list[Measured]:
    return measure_speed(MEGAPIXELS[:1], 1) if quick else measure_speed()


def _determinism(quick: bool) -> list[Measured]:
    return measure_determinism(1 if quick else 2)


SECTIONS: Mapping[str, Callable[[bool], list[Measured]]] = MappingProxyType(
    {
        "preservation": _preservation,
        "shading": _shading,
        "coordinates": _coordinates,
        "edges": _edges,
        "garments": _garments,
        "speed": _speed,
        "determinism": _determinism,
    }
)
"""Criteria by name; each is measured by a function that is told whether it should be quick."""
