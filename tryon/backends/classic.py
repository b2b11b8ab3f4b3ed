"""The backend that ships: cloth sampled at the garment's coordinates, lit by the photo's own light."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import cv2
import numpy as np

from dressform.parsing import OptionError
from dressform.tryon.backends.base import Layer
from dressform.tryon.cloth.fabric import Sample, sample, with_prints
from dressform.tryon.cloth.kinds import Print, Solid, Tile, prints_of
from dressform.tryon.cloth.placement import frame_of, places_on
from dressform.tryon.cloth.region import Region
from dressform.tryon.cloth.sampling import pixel_footprint
from dressform.tryon.garment.cut import Cutout, GarmentPhoto, cut_out
from dressform.tryon.garment.fit_report import FitReport
from dressform.tryon.look import Look
from dressform.tryon.shading.estimate import relight
from dressform.tryon.shape.coords import panel_coordinates
from dressform.tryon.sharpness import soften
from dressform.tryon.stage import Stage, light_of

if TYPE_CHECKING:
    from dressform.tryon.drape import AnyCloth

__all__ = ["Classic"]

# Cutting out takes longer than draping; the same garment goes on many stages, and on one in many looks.
_CUTS: WeakKeyDictionary[GarmentPhoto | Region, tuple[float, Cutout]] = WeakKeyDictionary()


@dataclass(frozen=True)
class Classic:
    """Deterministic draping on the CPU."""

    name: str = "classic"

    def drape(self, stage: Stage, cloth: AnyCloth, look: Look) -> Layer:
        """The cloth at the stage's coordinates, under its light."""
        if isinstance(cloth, Solid | Tile | Print):
            made, fit = _textile(stage, cloth), None
        else:
            made, fit = _garment(stage, cloth, look)
        light = relight(light_of(stage), folds=look.folds, weave=look.weave, exposure=_stops(stage, look))
        rgb, covered = soften(made.rgb, made.coverage, stage.blur)
        return Layer(np.ascontiguousarray(rgb * light[..., None]), covered, fit, () if fit is None else fit.notes)


def _stops(stage: Stage, look: Look) -> float:
    if isinstance(look.exposure, str):
        return 0.0 if look.exposure == "swatch" else float(np.log2(stage.white))
    return float(look.exposure)


def _textile(stage: Stage, cloth: Solid | Tile | Print) -> Sample:
    """A colour or a tile on the sewn garment, prints on the panels they belong to."""
    names = [panel.name for panel in stage.panels]
    prints = prints_of(cloth)
    for artwork in prints:
        if artwork.place not in places_on(names):
            allowed = ", ".join(places_on(names)) or "none: this garment has no place for prints"
            raise OptionError(
                f"no place {artwork.place!r} on this {stage.region}", got="/".join(names), allowed=allowed
            )
    out = sample(cloth, stage.cloth_map.uv, stage.cloth_map.footprint, stage.scale)
    if not prints:
        return out
    for k, panel in enumerate(stage.panels, 1):
        if not any(artwork.place in places_on([panel.name]) for artwork in prints):
            continue
        own = stage.cloth_map.panel == k
        x, y, w, h = cv2.boundingRect(own.view(np.uint8))
        at = (slice(y, y + h), slice(x, x + w))
        uv = panel_coordinates(panel, (x, y, x + w, y + h)) - np.asarray(stage.push[at], np.float32)
        out = with_prints(cloth, out, uv, pixel_footprint(uv), stage.scale, frame_of(panel), window=at, within=own[at])
    return out


def _garment(stage: Stage, cloth: GarmentPhoto | Region | Cutout, look: Look) -> tuple[Sample, FitReport]:
    """A garment from a photo, fitted part by part."""
    from dressform.tryon.garment.drape import drape_garment
    from dressform.tryon.garment.fit import fit_garment
    from dressform.tryon.garment.folds import push_in_window

    cut = cloth if isinstance(cloth, Cutout) else _cut(cloth, look.delight)
    fit = fit_garment(cut, stage.panels, stage.landmarks, roundness=look.roundness)
    # What was worn has folds of its own in its print.
    push = push_in_window(stage.cloth_map, stage.push) if not cut.worn and stage.bend > 0 else None
    return drape_garment(cut, fit, stage.panels, push=push), fit.report


def _cut(cloth: GarmentPhoto | Region, delight: float) -> Cutout:
    """The garment apart from its photo, looked for once as long as somebody holds ``cloth``."""
    from dressform.tryon.garment.worn import cut_worn

    kept = _CUTS.get(cloth)
    if kept is not None and kept[0] == delight:
        return kept[1]
    if isinstance(cloth, GarmentPhoto):
        cut = cut_out(cloth, delight=delight)
    else:
        cut = cut_worn(cloth.image, cloth.person, cloth.region)
    _CUTS[cloth] = (delight, cut)
    return cut
