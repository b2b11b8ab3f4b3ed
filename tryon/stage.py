"""A garment of one person, made ready: whatever cloth it gets later, this part of the work is done once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import OptionError, Parse, Person
from dressform.parsing.image import ImageSource
from dressform.parsing.windows import Window, window_slices
from dressform.tryon.garment.target_landmarks import target_landmarks
from dressform.tryon.gather import grown
from dressform.tryon.light import luminance
from dressform.tryon.matte.alpha import firm_protect, garment_alpha
from dressform.tryon.matte.color import border_colors
from dressform.tryon.matte.things import find_things
from dressform.tryon.photo.photo import Photo, frozen, read_photo
from dressform.tryon.shading.cloths import estimate_lights, split_cloths
from dressform.tryon.shading.estimate import Shading
from dressform.tryon.shape.coords import ClothMap, map_cloth
from dressform.tryon.shape.fold_shift import shift_folds
from dressform.tryon.shape.panel import Panel
from dressform.tryon.shape.panels import split_panels
from dressform.tryon.shape.regions import GarmentRegion, find_region
from dressform.tryon.shape.scale import ClothScale, measure_scale
from dressform.tryon.sharpness import measure_blur

if TYPE_CHECKING:
    from dressform.tryon.drape import AnyCloth
    from dressform.tryon.result import Result

__all__ = ["STAGE_VERSION", "Stage", "pixels_digest", "prepare", "stand"]

STAGE_VERSION = 1
"""Of everything that decides what a saved stage means: raised whenever its arrays or the maps made from them change."""

Floats = npt.NDArray[np.float32]
Halves = npt.NDArray[np.float16]
Mask = npt.NDArray[np.bool_]
Point = tuple[float, float]

_FULL = 65535
_SURE = 0.98  # coverage of pixels whose light is measured
_ABOUT = 4  # px around a garment whose edges say how sharp it is
_OTHER_PHOTO = 12.0  # mean difference of 8-bit samples in the window: more is another photo, not another encoder
_WHITE = 99.0  # percentile of the photo's luminance that counts as a white surface in its light
_SCENE = (0.2, 1.0)  # what that white may be


@dataclass(frozen=True, eq=False)
class Stage:
    """A garment of one person, ready to be draped with any cloth. Arrays are read-only and cover its window.

    Attributes:
        photo: The photo, all of it.
        person: 1-based number of the person, left to right.
        region: Name of the region.
        window: (x0, y0, x1, y1) pixels of the photo.
        alpha: (h, w) uint16, coverage by the garment, 65535 = all of the pixel.
        rim: (k, 3) float32, linear RGB of the garment alone where ``alpha`` is neither 0 nor full, row by row.
        shade: (h, w) float16, illumination, 1 = fully lit.
        fold: (h, w) float16, natural logarithm of the share of ``shade`` that folds make.
        weave: (h, w) float16, natural logarithm of what ``shade`` leaves out.
        inks: (k, 3) float32, linear RGB of the old cloth's colours, the one that covers most first.
        panels: Its pieces.
        landmarks: (x, y) in pixels of the window by name, for garments from photos.
        scale: Size of the person's cloth.
        white: Luminance of a white surface in the photo's light, 0..1.
        blur: Standard deviation of the blur of the person in the photo, in pixels.
        seam: How sleeves are sewn on, one of :data:`dressform.tryon.shape.coords.SEAMS`.
        bend: How far threads are moved by folds, in shares of the torso's width.
        cloth_map: Coordinates on the cloth, folds included.
        push: (h, w, 2) float16, what folds have moved them by: plain coordinates less those of ``cloth_map``.
    """

    photo: Photo = field(repr=False)
    person: int
    region: str
    window: Window
    alpha: npt.NDArray[np.uint16] = field(repr=False)
    rim: Floats = field(repr=False)
    shade: Halves = field(repr=False)
    fold: Halves = field(repr=False)
    weave: Halves = field(repr=False)
    inks: Floats = field(repr=False)
    panels: tuple[Panel, ...] = field(repr=False)
    landmarks: Mapping[str, Point] = field(repr=False)
    scale: ClothScale
    white: float
    blur: float
    seam: str
    bend: float
    cloth_map: ClothMap = field(repr=False)
    push: Halves = field(repr=False)

    @property
    def mask(self) -> Mask:
        """(h, w) bool, the garment as it was parsed."""
        return np.asarray(np.logical_or.reduce([panel.mask for panel in self.panels]), np.bool_)

    def drape(self, cloth: AnyCloth, **look: Any) -> Result:
        """The photo with this garment made of another cloth.

        Args:
            cloth: :class:`Solid`, :class:`Tile`, :class:`Print`, :class:`GarmentPhoto` or :class:`Worn`.
            **look: As in :class:`dressform.tryon.Look`.

        Raises:
            OptionError: No cloth, an option out of range, or a print's place or a garment that this region has not.
        """
        from dressform.tryon.drape import drape_all

        return drape_all([(self, cloth)], **look)

    def save(self, path: str | Path, *, photo: bool = True) -> None:
        """Write the stage to a file, whole or not at all.

        Args:
            path: Of the file.
            photo: Whether the photo goes into it; without it the file is smaller, and loading needs the photo.

        Raises:
            OutputError: It cannot be written.
        """
        from dressform.tryon.stage_file import save_stage

        save_stage(self, Path(path), photo=photo)

    @staticmethod
    def load(path: str | Path, image: ImageSource | Photo | None = None) -> Stage:
        """Read a stage from a file.

        Args:
            path: Of the file.
            image: The photo, for stages saved without it; must be the one that the stage was made from.

        Raises:
            ImageReadError: No such file. ParseDataError: Not a stage, a damaged one, or one of another version.
            OptionError: ``image`` is missing or another photo.
        """
        from dressform.tryon.stage_file import load_stage

        return load_stage(Path(path), image)


def prepare(
    image: ImageSource | Photo,
    parse: Parse | None,
    person: Person | int,
    region: str,
    *,
    protect: Mask | None = None,
    seam: str = "sewn",
    bend: float = 0.01,
) -> Stage:
    """Make a garment of one person ready for new cloth.

    Args:
        image: The photo; a :class:`Photo` keeps 16 bits, profile and metadata of its file, and so do files and bytes.
        parse: What :func:`dressform.parsing.load_parser` made of this photo; None: that of ``person``.
        person: The person, or the 1-based number, left to right.
        region: One of :data:`dressform.tryon.REGION_NAMES`, "outer" for "coat".
        protect: (H, W) bool, pixels that must not change whatever they show, or None.
        seam: "sewn": sleeves are cut apart and turned along the arm; "continuous": as if cut from one piece.
        bend: How far folds move the threads, in shares of the torso's width, 0..0.015.

    Raises:
        OptionError: No such person or region (the error says what is there), too little of it, a parse of another
            photo, or an option out of range. ImageReadError and its relatives: the photo cannot be read.
    """
    photo = image if isinstance(image, Photo) else read_photo(image)
    wearer = _person(parse, person)
    _check_size(photo, wearer.parse)
    garment = find_region(wearer, region, protect)
    at = window_slices(garment.window)
    shown = photo.srgb[at]
    _check_same(wearer.parse, shown, at)
    linear = _light(photo, at)
    np.maximum(linear, 0, out=linear)
    alpha = garment_alpha(shown, garment, wearer, protect=firm_protect(garment, wearer, protect))
    cloths = split_cloths(shown, garment.mask, wearer.parse.labels[at])
    core = _cloth(alpha, garment)
    shading = estimate_lights(linear, core, cloths)
    alpha *= 1 - find_things(shading.labels, shading.inks, core, cloths)
    held = _quantised(alpha)
    rim = border_colors(linear, _coverage(held))
    panels = split_panels(garment, wearer)
    fold = frozen(shading.fold.astype(np.float16))
    scale = measure_scale(wearer, garment)
    cloth_map, push = stand(panels, fold, scale, seam, bend)
    return Stage(
        photo, wearer.index, garment.name, garment.window, frozen(held), frozen(rim),
        frozen(shading.shade.astype(np.float16)), fold, frozen(shading.weave.astype(np.float16)), frozen(shading.inks),
        panels, MappingProxyType(dict(target_landmarks(garment, wearer, panels))), scale, _scene_white(photo),
        measure_blur(shown, grown(held > 0, _ABOUT)), seam, float(bend), cloth_map, push,
    )  # fmt: skip


def stand(
    panels: tuple[Panel, ...], fold: Halves, scale: ClothScale, seam: str, bend: float
) -> tuple[ClothMap, Halves]:
    """Coordinates of a garment with its folds, and what the folds have moved them by."""
    plain = map_cloth(panels, seam=seam)
    mask = np.asarray(np.logical_or.reduce([panel.mask for panel in panels]), np.bool_)
    folds = np.asarray(fold, np.float32)
    moved = shift_folds(plain.uv, folds, mask, scale.shoulder, strength=bend, panel=plain.panel)
    push = frozen((plain.uv - moved).astype(np.float16))
    return ClothMap(frozen(moved), frozen(plain.panel), frozen(plain.footprint), plain.least_det), push


def pixels_digest(photo: Photo) -> str:
    """Hexadecimal hash of a photo's samples, size and depth."""
    told = hashlib.blake2b(f"{photo.pixels.dtype}{photo.pixels.shape}".encode(), digest_size=16)
    told.update(np.ascontiguousarray(photo.pixels).data)
    return told.hexdigest()


def coverage(stage: Stage) -> Floats:
    """(h, w) float32 0..1: coverage by the garment."""
    return _coverage(stage.alpha)


def old_light(stage: Stage) -> Floats:
    """(h, w, 3) float32: linear RGB of the garment as it is; at its border without what lies behind."""
    out = _light(stage.photo, window_slices(stage.window))
    out[(stage.alpha > 0) & (stage.alpha < _FULL)] = stage.rim
    return out


def light_of(stage: Stage) -> Shading:
    """The light on the garment."""
    shade, fold, weave = (np.asarray(part, np.float32) for part in (stage.shade, stage.fold, stage.weave))
    nothing = np.zeros((0, 0), np.float32)
    return Shading(shade, fold, weave, np.zeros((0, 0), np.uint8), stage.inks, nothing)


def _person(parse: Parse | None, person: Person | int) -> Person:
    if isinstance(person, Person):
        if parse is not None and person.parse is not parse:
            raise OptionError("this person is of another parse", remedy="take the person from the parse that is given")
        return person
    if parse is None:
        raise OptionError("a person's number says nothing without a parse", got=person, remedy="give the parse")
    if isinstance(person, bool) or not isinstance(person, int) or not 1 <= person <= len(parse):
        there = f"1 to {len(parse)}, left to right" if len(parse) else "nobody: no person was found in this photo"
        raise OptionError("no such person", got=repr(person)[:40], allowed=there)
    return parse.people[person - 1]


def _check_size(photo: Photo, parse: Parse) -> None:
    if photo.size != parse.size:
        got, allowed = ("×".join(map(str, size)) for size in (photo.size, parse.size))
        raise OptionError("the photo is not the one that was parsed", got=got, allowed=allowed)


def _check_same(parse: Parse, shown: npt.NDArray[np.uint8], at: tuple[slice, slice]) -> None:
    """Refuse a photo of the right size that shows something else."""
    if parse.image is None:
        return
    apart = float(np.mean(cv2.absdiff(shown, parse.image[at])))
    if apart > _OTHER_PHOTO:
        raise OptionError("the photo is not the one that was parsed", remedy="parse this photo, or give the other one")


def _cloth(alpha: Floats, garment: GarmentRegion) -> Mask:
    """Pixels whose light is measured: surely cloth, or what the parser says if nothing is sure."""
    sure = alpha >= _SURE
    return np.asarray(sure if np.count_nonzero(sure) >= 16 else garment.mask, np.bool_)


def _quantised(alpha: Floats) -> npt.NDArray[np.uint16]:
    return np.asarray(np.rint(np.clip(alpha, 0, 1) * np.float32(_FULL)), np.uint16)


def _coverage(alpha: npt.NDArray[np.uint16]) -> Floats:
    return np.asarray(alpha * np.float32(1 / _FULL), np.float32)


def _light(photo: Photo, at: tuple[slice, slice]) -> Floats:
    """(h, w, 3) float32: linear RGB of some rows and columns of a photo."""
    part = photo.pixels[at]
    colors = part[..., :3] if part.shape[2] >= 3 else part[..., [0, 0, 0]]
    return photo.encoding.to_linear(np.ascontiguousarray(colors))


def _scene_white(photo: Photo) -> float:
    """How bright white would be: the brightest hundredth of the photo, however it is lit."""
    step = max(1, round((photo.size[0] * photo.size[1] / 200_000) ** 0.5))
    white = np.percentile(luminance(_light(photo, (slice(None, None, step), slice(None, None, step)))), _WHITE)
    return float(np.clip(white, *_SCENE))
