"""What somebody wears in a photo as a garment for somebody else: in full light, its parts known.

Its light is divided out, and what something hides or the photo does not show is filled from around. Sleeves have a
picture of their own beside that of the torso where they lie in front of it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import OptionError, Person
from dressform.parsing.windows import window_slices
from dressform.tryon.garment.cut import Cutout
from dressform.tryon.garment.intruders import find_intruders
from dressform.tryon.garment.parts import Parts
from dressform.tryon.garment.target_landmarks import Point, target_landmarks
from dressform.tryon.garment.worn_parts import worn_parts
from dressform.tryon.gather import grown, shrunk
from dressform.tryon.light import to_linear
from dressform.tryon.matte.alpha import firm_protect, garment_alpha
from dressform.tryon.pull_push import pull_push
from dressform.tryon.shading.cloths import estimate_lights, split_cloths
from dressform.tryon.shading.estimate import relight
from dressform.tryon.shape.panel import Panel
from dressform.tryon.shape.panels import split_panels
from dressform.tryon.shape.regions import GarmentRegion, find_region, region_name

__all__ = ["WORN_REGIONS", "cut_worn"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

WORN_REGIONS = ("upper", "lower", "dress", "coat", "inner")
"""Regions that can be taken from one person to another."""
_MOST = 3_000_000  # px of the picture
_RIM = 0.005  # roots of the garment's area: what is nearer to its border may be something else
_DARKEST = 0.1  # light below which a colour is not told any more
_SOFT = 2.0  # rims that are left out around what lies on it
_COLLAR = 1.1  # widths of the neck that a collar reaches from its middle
_BRIGHTEST = 1.6  # linear: a print's inks may be brighter than its cloth
_LEAST_SEEN = 0.08  # of the garment
_HIDDEN = 0.4  # of a sleeve or leg that is seen: with less of it the other one is better
_CROSSED = 0.05  # of the torso that sleeves may hide before they get a picture of their own
_GAP = 8  # px between both pictures


def cut_worn(image: npt.NDArray[np.uint8], person: Person, region: str) -> Cutout:
    """What a person wears.

    Args:
        image: (H, W, 3) uint8 sRGB, the photo.
        person: Who wears it.
        region: One of :data:`WORN_REGIONS`.

    Returns:
        A garment as :func:`dressform.tryon.garment.cut.cut_out` makes it from a photo of its own, in full light, with
        its parts; its box is the region's window of the photo.

    Raises:
        OptionError: Another region, none of it on this person, a photo of another size, or a garment of which too
            little is seen to tell how it is cut.
    """
    name = region_name(region)
    if name not in WORN_REGIONS:
        raise OptionError(f"cannot take {name!r} off a person", got=repr(region), allowed=", ".join(WORN_REGIONS))
    if image.dtype != np.uint8 or image.shape != (*person.parse.labels.shape, 3):
        wanted = f"uint8 {(*person.parse.labels.shape, 3)}"
        raise OptionError("this is not the photo of this person", got=f"{image.dtype} {image.shape}", allowed=wanted)
    found = find_region(person, name)
    panels = split_panels(found, person)
    marks = target_landmarks(found, person, panels)
    shape = found.mask.shape
    scale = min(1.0, float(np.sqrt(_MOST / found.mask.size)))
    size = (max(round(shape[1] * scale), 1), max(round(shape[0] * scale), 1))
    parts = worn_parts(panels, marks, scale, 0.0)
    if parts is None:
        remedy = "choose a photo that shows the garment and the body in it better"
        raise OptionError(f"cannot tell how {name!r} is cut", got="neither shoulders nor waist of it", remedy=remedy)
    linear, pure = _in_full_light(np.ascontiguousarray(image[window_slices(found.window)]), found, person, marks)
    parts = _well_seen(parts, pure, scale)
    body, arms = _hulls(parts, found.mask, scale), _sleeves(panels, shape)
    seen = np.count_nonzero(pure) / max(int(np.count_nonzero(body)), 1)
    if seen < _LEAST_SEEN:
        raise OptionError("too little of the garment is seen", got=f"{seen:.0%}", allowed=f"{_LEAST_SEEN:.0%} or more")
    trunk = None if parts.trunk is None else _hulls(Parts(parts.trunk, {}), np.zeros(shape, np.bool_), scale)
    pictures = [pull_push(linear, pure)]
    if trunk is not None and np.count_nonzero(arms & trunk) > _CROSSED * np.count_nonzero(trunk):
        beside = worn_parts(panels, marks, scale, float(size[0] + _GAP))
        parts = parts if beside is None else replace(beside, limbs={n: beside.limbs[n] for n in parts.limbs})
        under = pure & ~shrunk(arms, 2)
        pictures.insert(0, pull_push(linear, under if under.any() else pure))
    alpha = np.asarray(cv2.blur(body.astype(np.float32), (3, 3)), np.float32)
    kind = "lower" if parts.trunk is None or "neckline" not in parts.trunk.edges else "upper"
    if kind == "upper" and any(panel.name == "skirt" for panel in panels):
        kind = "dress"
    return Cutout(
        _beside([_resized(each, size) for each in pictures]), _beside([_resized(alpha, size)] * len(pictures)), kind,
        MappingProxyType(_marks(parts, marks, scale)), found.window, parts=parts,
    )  # fmt: skip


def _in_full_light(
    shown: npt.NDArray[np.uint8], found: GarmentRegion, person: Person, marks: Mapping[str, Point]
) -> tuple[Floats, Mask]:
    """(h, w, 3) linear light divided by that on the cloth, and (h, w) bool where surely nothing else is seen."""
    linear = to_linear(shown)
    alpha = garment_alpha(shown, found, person, protect=firm_protect(found, person))
    sure = alpha > 0.98
    core = np.asarray(sure if np.count_nonzero(sure) >= 16 else found.mask, np.bool_)
    cloths = split_cloths(shown, found.mask, person.parse.labels[window_slices(found.window)])
    shading = estimate_lights(linear, core, cloths)
    others = find_intruders(shading, core, cloths, _neck(marks))
    light = relight(shading)
    linear /= np.maximum(light, np.float32(_DARKEST))[..., None]
    np.clip(linear, 0, _BRIGHTEST, out=linear)
    rim = max(1, round(_RIM * float(np.sqrt(np.count_nonzero(found.mask)))))
    pure = shrunk(found.mask & sure & (light > _DARKEST), rim)
    if others.any():
        pure &= ~grown(others, max(2, round(_SOFT * rim)))  # out of focus they are wider
    return linear, np.asarray(pure, np.bool_)


def _neck(marks: Mapping[str, Point]) -> tuple[float, float, float]:
    """Middle and reach of a collar."""
    if "neck_L" not in marks:
        return 0.0, 0.0, 0.0
    left, right = np.array(marks["neck_L"]), np.array(marks["neck_R"])
    x, y = ((left + right) / 2).tolist()
    return x, y, _COLLAR * float(np.hypot(*(left - right)))


def _hulls(parts: Parts, mask: Mask, scale: float) -> Mask:
    """(h, w) bool: the garment, what is hidden of it included."""
    rings = [np.concatenate([limb.outer, limb.inner[::-1]]) for limb in parts.limbs.values()]
    if parts.trunk is not None:
        edges = parts.trunk.edges
        top = ("neckline", "shoulder_L", "armhole_L") if "neckline" in edges else ("waist",)
        rest = ("shoulder_R", "armhole_R") if "neckline" in edges else ()
        down = [edges[name] for name in (*top, "side_L")]
        up = [edges[name][::-1] for name in ("hem", "side_R", *rest[::-1])]
        rings.append(np.concatenate([*down, *up]))
    out = mask.astype(np.uint8)
    for ring in rings:
        corners = np.clip(np.rint((ring / scale - 0.5) * 16), -(1 << 22), 1 << 22).astype(np.int32)
        cv2.fillPoly(out, [corners], 1, shift=4)
    return out > 0


def _well_seen(parts: Parts, pure: Mask, scale: float) -> Parts:
    """Without a sleeve or leg that is mostly hidden if the other one is seen: that one serves for both."""
    shares = {}
    for name, limb in parts.limbs.items():
        area = _hulls(Parts(None, {name: limb}), np.zeros(pure.shape, np.bool_), scale)
        shares[name] = np.count_nonzero(area & pure) / max(int(np.count_nonzero(area)), 1)
    best = max(shares.values(), default=0.0)
    kept = {name: limb for name, limb in parts.limbs.items() if shares[name] >= min(_HIDDEN, 0.6 * best)}
    return replace(parts, limbs=kept)


def _sleeves(panels: Sequence[Panel], shape: tuple[int, ...]) -> Mask:
    masks = [panel.mask for panel in panels if panel.name.startswith("sleeve")]
    return np.asarray(np.logical_or.reduce(masks) if masks else np.zeros(shape, np.bool_), np.bool_)


def _marks(parts: Parts, marks: Mapping[str, Point], scale: float) -> dict[str, Point]:
    """Landmarks in pixels of the cut-out, those at the ends of limbs as well."""
    out = {name: (x * scale, y * scale) for name, (x, y) in marks.items() if name != "crotch"}
    for name, limb in parts.limbs.items():
        kind, _, side = name.partition("_")
        end = "cuff" if kind == "sleeve" else "hem"
        places = {f"{end}_outer": limb.outer[-1], f"{end}_inner": limb.inner[-1]}
        if kind == "leg":
            ends = np.array([1.0, -1.0])
            places["waist"] = limb.at(np.zeros(2), ends)[0]
            crotch = limb.at(np.array([limb.crotch]), np.array([-1.0]))[0]
            out["crotch"] = (float(crotch[0]), float(crotch[1]))
        out |= {f"{place}_{side}": (float(at[0]), float(at[1])) for place, at in places.items()}
    return out


def _resized(picture: Floats, size: tuple[int, int]) -> Floats:
    if picture.shape[1::-1] == size:
        return picture
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA), np.float32)


def _beside(pictures: list[Floats]) -> Floats:
    """Pictures in one row, a gap between them that both go on into."""
    if len(pictures) == 1:
        return pictures[0]
    wide = [np.pad(pictures[0], ((0, 0), (0, _GAP), *((0, 0),) * (pictures[0].ndim - 2)), mode="edge"), pictures[1]]
    return np.concatenate(wide, axis=1)
