"""What somebody wears in a photo as a garment laid flat, for somebody else to wear.

Its light is divided out, its pieces are unrolled (:mod:`~dressform.tryon.garment.worn_pattern`), and what something
hides or the photo does not show is filled from around.
"""

from __future__ import annotations

from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import OptionError, Person
from dressform.parsing.windows import window_slices
from dressform.tryon.garment.cut import Cutout
from dressform.tryon.garment.target_landmarks import target_landmarks
from dressform.tryon.garment.worn_pattern import Piece, covers, limb_pieces, trunk_piece
from dressform.tryon.gather import shrunk
from dressform.tryon.light import to_linear
from dressform.tryon.matte.alpha import garment_alpha
from dressform.tryon.pull_push import pull_push
from dressform.tryon.shading.estimate import estimate_shading, relight
from dressform.tryon.shape.panels import split_panels
from dressform.tryon.shape.regions import find_region, region_name

__all__ = ["WORN_REGIONS", "cut_worn"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

WORN_REGIONS = ("upper", "lower", "dress", "coat", "inner")
"""Regions that can be taken from one person to another."""
_MOST = 3_000_000  # px of the pattern's picture
_RIM = 0.012  # roots of the garment's area: what is nearer to its border may be something else
_MARGIN = 8  # px around it
_DARKEST = 0.04  # light below which a colour is not told any more
_LEAST_SEEN = 0.08  # of the pattern


def cut_worn(image: npt.NDArray[np.uint8], person: Person, region: str) -> Cutout:
    """What a person wears, laid flat.

    Args:
        image: (H, W, 3) uint8 sRGB, the photo.
        person: Who wears it.
        region: One of :data:`WORN_REGIONS`.

    Returns:
        A garment as :func:`dressform.tryon.garment.cut.cut_out` makes it from a photo of its own, in full light; its
        box is the region's window of the photo.

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
    trunk = trunk_piece(panels, target_landmarks(found, person, panels))
    pieces = ([] if trunk is None else [trunk]) + limb_pieces(panels, trunk)
    if not pieces:
        remedy = "choose a photo that shows the garment and the body in it better"
        raise OptionError(f"cannot tell how {name!r} is cut", got="a shape without a build", remedy=remedy)
    shown = np.ascontiguousarray(image[window_slices(found.window)])
    linear = to_linear(shown)
    light = relight(estimate_shading(linear, found.mask))
    linear /= np.maximum(light, np.float32(_DARKEST))[..., None]
    np.clip(linear, 0, 1, out=linear)
    rim = max(2, round(_RIM * float(np.sqrt(np.count_nonzero(found.mask)))))
    pure = shrunk(found.mask & (garment_alpha(shown, found, person) > 0.98), rim)
    flat, alpha, marks = _laid_out(pieces, linear, pure)
    kind = "lower" if trunk is None or "neck" not in trunk.marks else "upper"
    if kind == "upper" and any(panel.name == "skirt" for panel in panels):
        kind = "dress"
    return Cutout(flat, alpha, kind, MappingProxyType(marks), found.window)


def _laid_out(pieces: list[Piece], linear: Floats, pure: Mask) -> tuple[Floats, Floats, dict[str, tuple[float, float]]]:
    """The picture of a pattern, its coverage and its landmarks."""
    corners = np.concatenate([piece.outline for piece in pieces])
    low, extent = corners.min(0), np.maximum(np.ptp(corners, axis=0), 1.0)
    scale = min(1.0, float(np.sqrt(_MOST / (extent[0] * extent[1]))))
    width, height = (int(np.ceil(side * scale)) + 2 * _MARGIN for side in extent)
    origin = (float(low[0]) - _MARGIN / scale, float(low[1]) - _MARGIN / scale)
    rgb, known = np.zeros((height, width, 3), np.float32), np.zeros((height, width), np.bool_)
    cloth = np.zeros((height, width), np.bool_)
    for piece in pieces:
        inside = covers(piece, origin, (width, height), scale) & ~cloth
        y, x = np.nonzero(inside)
        if not len(x):
            continue
        at = piece.seen_at(np.stack([x + 0.5, y + 0.5], axis=1) / scale + origin).astype(np.float32) - np.float32(0.5)
        own = pure & np.logical_or.reduce([panel.mask for panel in piece.panels])
        rgb[y, x] = _read(linear, at)
        known[y, x] = _read(own.astype(np.float32), at) > 0.99
        cloth |= inside
    seen = int(np.count_nonzero(known)) / max(int(np.count_nonzero(cloth)), 1)
    if seen < _LEAST_SEEN:
        raise OptionError("too little of the garment is seen", got=f"{seen:.0%}", allowed=f"{_LEAST_SEEN:.0%} or more")
    marks = {name: (place - origin) * scale for piece in pieces for name, place in piece.marks.items()}
    alpha = np.asarray(cv2.blur(cloth.astype(np.float32), (3, 3)), np.float32)
    return pull_push(rgb, known), alpha, {name: (float(x), float(y)) for name, (x, y) in marks.items()}


def _read(values: Floats, at: Floats) -> Floats:
    """(k,) or (k, c): values at pixel indices (k, 2); 0 outside."""
    step = 30_000  # OpenCV's maps have less than 32768 rows
    parts = [
        cv2.remap(values, at[k : k + step, None, 0], at[k : k + step, None, 1], cv2.INTER_LINEAR)
        for k in range(0, len(at), step)
    ]
    return np.concatenate(parts)[:, 0].astype(np.float32)
