"""How well garments from photos are measured and fitted, on drawn truth, beside two simpler ways to fit them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import Person
from dressform.parsing.windows import window_slices
from dressform.tryon.bench.flat_garments import Flat, photo, skirt, top, trousers
from dressform.tryon.bench.worn_garments import Worn, worn
from dressform.tryon.cloth.region import Region
from dressform.tryon.drape import swap
from dressform.tryon.garment.cut import Cutout, GarmentPhoto, cut_out
from dressform.tryon.garment.fit import Fit, fit_garment
from dressform.tryon.garment.target_landmarks import frame_points
from dressform.tryon.garment.tps import fit_plate

__all__ = [
    "FLATS",
    "FitScore",
    "LandmarkScore",
    "OwnScore",
    "measure_fit",
    "measure_landmarks",
    "measure_own",
    "measure_worn",
    "placed",
    "put_on",
    "worn_photo",
]

Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
_MARGIN = 38  # px around a garment in its photo
_SHOWN = 1.5  # px of the photo per unit of a drawn garment


@dataclass(frozen=True)
class LandmarkScore:
    """Errors of the landmarks of one garment, in lengths of its body.

    Attributes:
        name: Of :data:`FLATS`.
        mean: Over its landmarks.
        most: The greatest one.
    """

    name: str
    mean: float
    most: float


@dataclass(frozen=True)
class FitScore:
    """How far off the cloth lies, in heights of the worn torso from the shoulders to the hem.

    Attributes:
        name: Of the scene.
        own: Mean misplacement by the part-wise fit, landmarks found in the photo.
        plate: The same by one thin-plate spline through all true landmarks, cuffs and elbows included.
        box: The same by the bounding box.
        stripes: Degrees by which stripes of the torso are turned, in the mean.
        least_det: Of the part-wise fit, see :class:`~dressform.tryon.garment.fit_report.FitReport`.
    """

    name: str
    own: float
    plate: float
    box: float
    stripes: float
    least_det: float


@dataclass(frozen=True)
class OwnScore:
    """What somebody wears, put onto themselves.

    Attributes:
        mean: ΔE (CIE 1976) from the photo as it was, over all pixels that could change.
        p95: What 95 % of them stay below.
        lengths: Greatest deviation from 1 of a sleeve's, leg's or hem's length.
    """

    mean: float
    p95: float
    lengths: float


FLATS: Mapping[str, Flat] = {
    "tee": top(sleeve=42, angle=35, cuff=36),
    "longsleeve": top(sleeve=105, angle=50),
    "vest": top(sleeve=0),
    "dress": top(length=230, sleeve=40, cuff=34, flare=1.4),
    "trousers": trousers(),
    "shorts": trousers(leg=40, foot=44),
    "skirt": skirt(),
}
"""Garments drawn flat."""

_SCENES: Mapping[str, Mapping[str, float]] = {
    "arms bent by 70°": {"seed": 0},
    "arms straight": {"seed": 1, "bend": 5},
    "arms bent by 100°": {"seed": 2, "bend": 100},
    "elbows up": {"seed": 3, "bend": -60},
    "short sleeves": {"seed": 4, "sleeve": 50, "bend": 10},
    "narrow and tall": {"seed": 5, "width": 0.8, "tall": 1.1},
}


def measure_fit(seeds: Iterable[int] = (0,)) -> tuple[tuple[LandmarkScore, ...], tuple[FitScore, ...]]:
    """Landmarks of drawn garment photos, and the fit of garments to drawn people.

    Args:
        seeds: Each scene is drawn with every seed added to its own.

    Returns:
        Scores of each garment and of each scene; the last one of both is "mean".
    """
    marks = [measure_landmarks(name, flat, degrees) for name, flat in FLATS.items() for degrees in (0.0, -8.0)]
    fits = []
    for seed in seeds:
        for name, settings in _SCENES.items():
            drawn = worn(**{**settings, "seed": int(settings["seed"]) + seed})  # type: ignore[arg-type]
            fits.append(measure_worn(drawn, name))
    own, plate, box, stripes = (
        float(np.mean(values)) for values in zip(*((f.own, f.plate, f.box, f.stripes) for f in fits), strict=True)
    )
    mean = FitScore("mean", own, plate, box, stripes, min(score.least_det for score in fits))
    whole = LandmarkScore("mean", float(np.mean([m.mean for m in marks])), max(m.most for m in marks))
    return (*marks, whole), (*fits, mean)


def placed(flat: Flat, degrees: float = 0.0, scale: float = _SHOWN) -> tuple[Flat, tuple[int, int]]:
    """A garment somewhere inside of a photo, and the photo's size (w, h)."""
    turned = flat.moved(degrees, scale)
    left, up = (_MARGIN - turned.outline.min(0)).tolist()
    turned = turned.moved(at=(left, up))
    width, height = np.ceil(turned.outline.max(0) + _MARGIN).astype(int).tolist()
    return turned, (width, height)


def measure_landmarks(name: str, flat: Flat, degrees: float = 0.0) -> LandmarkScore:
    """Landmarks of a striped garment on dark ground, turned by so many degrees; infinite where one is missing."""
    turned, size = placed(flat, degrees)
    cut = cut_out(GarmentPhoto(photo(turned, size, stripes=12, ground=(96, 70, 58))))
    off = [
        float(np.hypot(*(np.array(cut.landmarks.get(mark, (np.inf, np.inf))) + cut.box[:2] - place))) / turned.height
        for mark, place in turned.marks.items()
    ]
    return LandmarkScore(name, float(np.mean(off)), max(off))


def measure_own(person: Person, region: str) -> OwnScore:
    """How much changes when somebody gets their own garment."""
    result = swap(Region(person, region).image, person, region, Region(person, region))
    before, after = (
        cv2.cvtColor(np.ascontiguousarray(image[..., :3], np.float32) / np.float32(255), cv2.COLOR_RGB2Lab)
        for image in (Region(person, region).image, result.image)
    )
    off = np.sqrt(((after - before) ** 2).sum(-1))[result.edit_mask]
    fit = result.report.fit
    assert fit is not None
    lengths = [one for one in (fit.hem, *fit.sleeves.values(), *fit.legs.values()) if one is not None]
    return OwnScore(
        float(off.mean()), float(np.quantile(off, 0.95)), max((abs(one.share - 1) for one in lengths), default=0.0)
    )


def worn_photo(scene: Worn) -> Cutout:
    """The flat garment of a scene cut out of a drawn photo."""
    width, height = np.ceil(scene.flat.outline.max(0) + _MARGIN).astype(int).tolist()
    return cut_out(GarmentPhoto(photo(scene.flat, (width, height), stripes=9, ground=(96, 70, 58)), "upper"))


def put_on(scene: Worn, cut: Cutout) -> Fit:
    """The part-wise fit; cloth of the drawn people is flat, so nothing is rounded."""
    return fit_garment(cut, scene.panels, scene.marks, roundness=0.0)


def measure_worn(scene: Worn, name: str = "") -> FitScore:
    """Misplacement of the cloth on one drawn person."""
    cut = worn_photo(scene)
    fit = put_on(scene, cut)
    chest = scene.marks["hem"][1] - (scene.marks["shoulder_L"][1] + scene.marks["shoulder_R"][1]) / 2
    own, plate, box, turns = [], [], [], []
    plates, boxes = _one_plate(scene), _one_box(scene)
    for part, panel in zip(fit.panels, scene.panels, strict=True):
        at = window_slices(part.box)
        seen = part.covered & panel.mask[at]
        y, x = np.nonzero(seen)
        truth = scene.truth[panel.name][at][seen]
        found = part.source[seen] + np.array(cut.box[:2], np.float64)
        # Misplacement on the cloth, in pixels of the person.
        zoom = chest / scene.flat.height
        own.append(np.hypot(*(found - truth).T) * zoom)
        places = np.stack([x + part.box[0] + 0.5, y + part.box[1] + 0.5], axis=1)
        plate.append(np.hypot(*(plates(places) - truth).T) * zoom)
        box.append(np.hypot(*(boxes(places) - truth).T) * zoom)
        if panel.name == "torso":
            turns.append(_turned(part.source, scene.truth[panel.name][at], seen))
    by_part, by_plate, by_box = (float(np.concatenate(off).mean()) / chest for off in (own, plate, box))
    return FitScore(name, by_part, by_plate, by_box, float(np.mean(turns)), fit.report.least_det)


def _one_plate(scene: Worn) -> Callable[[Doubles], Doubles]:
    """One thin-plate spline for the whole garment, through its true landmarks, as CP-VTON's networks learn it."""
    marks = {name: np.array(place) for name, place in scene.marks.items() if name in scene.flat.marks}
    for panel in scene.panels:
        if panel.name.startswith("sleeve"):
            side, frame = panel.name[-1], panel.frame
            reach = float(frame.radius[-1]) * (1 if side == "L" else -1)
            ends = frame_points(frame, [frame.length] * 2, np.array([reach, -reach]))
            marks[f"cuff_outer_{side}"], marks[f"cuff_inner_{side}"] = ends
    names = sorted(marks)
    plate = fit_plate(np.stack([marks[name] for name in names]), np.stack([scene.flat.marks[name] for name in names]))
    return plate.at


def _one_box(scene: Worn) -> Callable[[Doubles], Doubles]:
    """The garment's bounding box laid on that of what is worn."""
    y, x = np.nonzero(np.logical_or.reduce([panel.mask for panel in scene.panels]))
    low, size = np.array([x.min(), y.min()]), np.array([np.ptp(x) + 1, np.ptp(y) + 1])
    first, extent = scene.flat.outline.min(0), np.ptp(scene.flat.outline, axis=0)
    return lambda places: np.asarray(first + (places - low) / size * extent, np.float64)


def _turned(found: npt.NDArray[np.floating], truth: Doubles, seen: Mask) -> Doubles:
    """Degrees between horizontal stripes as they are and as they should be, at the pixels seen."""
    ways = []
    for source in (found, truth):
        down, across = np.gradient(source[..., 1].astype(np.float64))
        ways.append(np.arctan2(across, down)[seen])
    return np.asarray(np.degrees(np.abs(np.angle(np.exp(1j * (ways[0] - ways[1]))))), np.float64)
