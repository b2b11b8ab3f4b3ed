"""New cloth on people: swap the garment, keep the person.

>>> result = swap(image, person, "upper", Tile("tartan.png"))               # doctest: +SKIP
>>> stage = prepare(image, parse, person, "upper"); stage.drape(Solid("#7a1f2b"))  # doctest: +SKIP

Names are imported when first used, so that ``import dressform.tryon`` costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from dressform.tryon.backends.base import Backend, BackendInfo, Layer
    from dressform.tryon.backends.registry import list_backends, load_backend
    from dressform.tryon.cloth.kinds import Print, Solid, Tile
    from dressform.tryon.cloth.region import Region
    from dressform.tryon.drape import drape_all, swap, swap_all
    from dressform.tryon.garment.cut import Cutout, GarmentPhoto, cut_out
    from dressform.tryon.look import Look
    from dressform.tryon.photo.photo import Photo, read_photo
    from dressform.tryon.report import Report
    from dressform.tryon.result import Result
    from dressform.tryon.shape.regions import REGION_NAMES, available_regions
    from dressform.tryon.stage import Stage, prepare
    from dressform.tryon.weaves.shelf import list_fabrics, load_fabric

__all__ = [
    "REGION_NAMES",
    "Backend",
    "BackendInfo",
    "Cutout",
    "GarmentPhoto",
    "Layer",
    "Look",
    "Photo",
    "Print",
    "Region",
    "Report",
    "Result",
    "Solid",
    "Stage",
    "Tile",
    "available_regions",
    "cut_out",
    "drape_all",
    "list_backends",
    "list_fabrics",
    "load_backend",
    "load_fabric",
    "prepare",
    "read_photo",
    "swap",
    "swap_all",
]

_HOMES = {
    "backends.base": ("Backend", "BackendInfo", "Layer"),
    "backends.registry": ("list_backends", "load_backend"),
    "cloth.kinds": ("Print", "Solid", "Tile"),
    "cloth.region": ("Region",),
    "drape": ("drape_all", "swap", "swap_all"),
    "garment.cut": ("Cutout", "GarmentPhoto", "cut_out"),
    "look": ("Look",),
    "photo.photo": ("Photo", "read_photo"),
    "report": ("Report",),
    "result": ("Result",),
    "shape.regions": ("REGION_NAMES", "available_regions"),
    "stage": ("Stage", "prepare"),
    "weaves.shelf": ("list_fabrics", "load_fabric"),
}
_MODULES = {name: f"dressform.tryon.{home}" for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return sorted(__all__)
