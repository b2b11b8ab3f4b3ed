"""New cloth on stages: any number of garments of one photo, in any order, with the same result."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from dressform.parsing import OptionError, Parse, Person
from dressform.parsing.image import ImageSource
from dressform.tryon.backends.base import Backend, Layer
from dressform.tryon.backends.registry import load_backend
from dressform.tryon.cloth.kinds import Print, Solid, Tile
from dressform.tryon.cloth.region import Region
from dressform.tryon.compose import Edit, compose
from dressform.tryon.garment.cut import Cutout, GarmentPhoto
from dressform.tryon.light import to_srgb
from dressform.tryon.look import Look
from dressform.tryon.photo.photo import Photo, read_photo
from dressform.tryon.report import Report
from dressform.tryon.result import Result
from dressform.tryon.stage import Stage, coverage, old_light, pixels_digest, prepare

__all__ = ["AnyCloth", "drape_all", "swap", "swap_all"]

AnyCloth: TypeAlias = Solid | Tile | Print | GarmentPhoto | Region | Cutout
"""What a garment can be made of anew."""

_CLOTH_NAMES: Mapping[type, str] = {
    Solid: "solid", Tile: "tile", Print: "print", GarmentPhoto: "garment", Region: "worn", Cutout: "garment",
}  # fmt: skip
_PREPARE = ("protect", "seam", "bend")


def drape_all(garments: Iterable[tuple[Stage, AnyCloth]], *, backend: str | Backend = "classic", **look: Any) -> Result:
    """The photo with several of its garments made of other cloth; their order makes no difference.

    Args:
        garments: Stages of one photo, each with its cloth.
        backend: Name of what makes the new cloth, or the thing itself.
        **look: As in :class:`Look`, for all garments.

    Raises:
        OptionError: No stage, stages of different photos, one garment twice, no cloth, an option out of range, or a
            print's place or a garment that a region has not. EngineUnavailableError: The backend cannot run here.
    """
    pairs = sorted(garments, key=lambda pair: (pair[0].person, pair[0].region))
    _check(pairs)
    maker = load_backend(backend) if isinstance(backend, str) else backend
    options = make_look(look)
    photo = pairs[0][0].photo
    edits, layers = [], []
    for stage, cloth in pairs:
        layer = checked(maker.drape(stage, cloth, options), stage, maker.name)
        alpha = coverage(stage)
        if layer.coverage is not None:
            alpha *= layer.coverage
        edits.append(Edit(stage.window, alpha, old_light(stage), layer.rgb))
        layers.append(layer)
    composite = compose(photo.colored(), edits, encoding=photo.encoding)
    reports = tuple(
        _report(stage, cloth, layer, maker.name, edit.alpha)
        for (stage, cloth), layer, edit in zip(pairs, layers, edits, strict=True)
    )
    return Result(photo, composite, reports)


def swap(
    image: ImageSource | Photo, person: Person | int, region: str, cloth: AnyCloth, *, parse: Parse | None = None,
    **options: Any,
) -> Result:  # fmt: skip
    """Prepare and drape one garment in one go.

    Args:
        image: The photo.
        person: The person, or with ``parse`` the 1-based number, left to right.
        region: Name of the region, as for :func:`prepare`.
        cloth: The new cloth.
        parse: What the parser made of the photo; None: that of ``person``.
        **options: Those of :func:`prepare` (protect, seam, bend), of :class:`Look`, and ``backend``.

    Raises:
        As :func:`prepare` and :func:`drape_all`.
    """
    return swap_all(image, parse, {(person, region): cloth}, **options)


def swap_all(
    image: ImageSource | Photo,
    parse: Parse | None,
    garments: Mapping[tuple[Person | int, str], AnyCloth],
    **options: Any,
) -> Result:
    """Several garments of several people of one photo.

    Args:
        image: The photo.
        parse: What the parser made of it; None: that of the people given.
        garments: Cloth by person and region.
        **options: As for :func:`swap`.

    Raises:
        As :func:`prepare` and :func:`drape_all`.
    """
    if not garments:
        raise OptionError("no garment to swap", got=0, allowed="1 or more")
    photo = image if isinstance(image, Photo) else read_photo(image)
    ready = {name: options.pop(name) for name in _PREPARE if name in options}
    pairs = [(prepare(photo, parse, who, region, **ready), cloth) for (who, region), cloth in garments.items()]
    return drape_all(pairs, **options)


def make_look(options: Mapping[str, Any]) -> Look:
    """A look of options by name.

    Raises:
        OptionError: An unknown name, or a value out of range.
    """
    known = tuple(Look.__dataclass_fields__)
    for name in options:
        if name not in known:
            allowed = ", ".join((*known, *_PREPARE, "backend"))
            raise OptionError("unknown option of a swap", got=repr(name)[:40], allowed=allowed)
    return Look(**options)


def checked(layer: Layer, stage: Stage, name: str) -> Layer:
    """A backend's layer if it fits the stage.

    Raises:
        OptionError: Another shape or type, or numbers that are not finite.
    """
    shape = stage.alpha.shape
    parts: tuple[tuple[str, npt.NDArray[Any] | None, tuple[int, ...]], ...] = (
        ("rgb", layer.rgb, (*shape, 3)),
        ("coverage", layer.coverage, shape),
    )
    for what, array, wanted in parts:
        if array is None:
            continue
        if array.shape != wanted or array.dtype != np.float32:
            got = f"{array.dtype} {array.shape}"
            raise OptionError(f"the backend {name!r} gave no usable {what}", got=got, allowed=f"float32 {wanted}")
        if not np.isfinite(array).all():
            raise OptionError(f"the backend {name!r} gave {what} that is not finite", allowed="finite numbers")
    return layer


def _check(pairs: list[tuple[Stage, AnyCloth]]) -> None:
    if not pairs:
        raise OptionError("no garment to drape", got=0, allowed="1 or more")
    for _, cloth in pairs:
        if not isinstance(cloth, AnyCloth):
            allowed = "Solid, Tile, Print, GarmentPhoto, Region"
            raise OptionError("not a cloth", got=type(cloth).__name__, allowed=allowed)
    for (one, _), (other, _) in pairwise(pairs):
        if (one.person, one.region) == (other.person, other.region):
            raise OptionError("one garment cannot be swapped twice", got=f"{one.region} of person {one.person}")
    first = pairs[0][0].photo
    for stage, _ in pairs[1:]:
        if stage.photo is not first and pixels_digest(stage.photo) != pixels_digest(first):
            raise OptionError("these stages are of different photos", remedy="drape the stages of one photo at a time")


def _report(stage: Stage, cloth: AnyCloth, layer: Layer, backend: str, alpha: npt.NDArray[np.float32]) -> Report:
    whole = float(coverage(stage).sum(dtype=np.float64))
    inks = np.rint(to_srgb(np.clip(stage.inks, 0, 1)) * 255).astype(int).tolist()
    return Report(
        stage.person, stage.region, stage.window, backend, _CLOTH_NAMES[type(cloth)],
        tuple(panel.name for panel in stage.panels), "printed" if len(stage.inks) > 1 else "plain",
        tuple("#" + "".join(f"{v:02x}" for v in ink) for ink in inks), stage.scale.pixels_per_cm, stage.scale.source,
        float(alpha.sum(dtype=np.float64)) / max(whole, 1e-9), int(np.count_nonzero(alpha > 0)),
        stage.cloth_map.least_det, layer.fit, layer.notes,
    )  # fmt: skip
