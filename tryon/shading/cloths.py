"""A region that shows several garments, a coat over a shirt or a whole outfit: each has light of its own.

Where one garment lies over another the light makes a step that says nothing of inks, and black wool beside white
cotton would be taken for a print. So garments of different looks are told apart by the parser's labels, their border
is laid where the photo shows an edge, and each one's light is estimated by itself.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import OptionError
from dressform.tryon.shading.estimate import Shading, estimate_shading
from dressform.tryon.shape.flood import flood
from dressform.tryon.shape.joined import same_cloth

__all__ = ["estimate_lights", "split_cloths"]

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_LEAST = 0.05  # of the region: labels with less of it belong to what is around
_SIDE = 480  # px of the picture on which borders are looked for
_UNSURE = 0.016  # of its side: so far the parser's borders may be off
_SAMPLES = 4000
_WORK = 0.4  # of the work on a single garment's light, at least, for each of several
_ROOM = 8  # px around a garment that its light is estimated in


def split_cloths(photo: Bytes, mask: Mask, labels: Bytes) -> Bytes:
    """Which garment each pixel of a region belongs to.

    Args:
        photo: (h, w, 3) uint8 RGB.
        mask: (h, w) bool, the region.
        labels: (h, w) uint8, the parser's labels.

    Returns:
        (h, w) uint8 from 0, defined in all of the window; all 0 where the region is one garment.
    """
    out = np.zeros(mask.shape, np.uint8)
    counts = np.bincount(labels[mask], minlength=1)
    kinds = [int(k) for k in np.argsort(-counts, kind="stable") if counts[k] >= max(_LEAST * counts.sum(), 1)]
    if len(kinds) < 2:
        return out
    scale = min(1.0, _SIDE / max(mask.shape))
    size = (max(round(mask.shape[1] * scale), 8), max(round(mask.shape[0] * scale), 8))
    small = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
    inside, seen = (
        np.asarray(cv2.resize(part, size, interpolation=cv2.INTER_NEAREST), np.uint8)
        for part in (mask.view(np.uint8), labels)
    )
    seeds = _seeds(small, inside > 0, seen, kinds)
    if seeds.max() < 2:
        return out
    found = flood(small, inside > 0, seeds)
    # Pixels beside the region, half covered by it, take the nearest garment's light.
    found = flood(None, np.ones(seeds.shape, np.bool_), found)
    return np.asarray(
        cv2.resize((found - 1).astype(np.uint8), mask.shape[::-1], interpolation=cv2.INTER_NEAREST), np.uint8
    )


def estimate_lights(linear: Floats, mask: Mask, cloths: Bytes) -> Shading:
    """The light on each garment of a region, in one.

    Args:
        linear: (h, w, 3) float32 linear RGB in 0..1.
        mask: (h, w) bool, the region.
        cloths: From :func:`split_cloths`.

    Raises:
        OptionError: As :func:`~dressform.tryon.shading.estimate.estimate_shading`.
    """
    if cloths.shape != mask.shape:
        raise OptionError("the garments do not fit the region", got=cloths.shape, allowed=mask.shape)
    kinds = [int(k) for k in np.unique(cloths[mask])]
    if len(kinds) < 2:
        return estimate_shading(linear, mask)
    h, w = mask.shape
    shade, fold, weave = np.ones((h, w), np.float32), np.zeros((h, w), np.float32), np.zeros((h, w), np.float32)
    labels, confidence = np.full((h, w), 255, np.uint8), np.zeros((h, w), np.float32)
    inks: list[Floats] = []
    for kind in kinds:
        here = cloths == kind
        cloth = mask & here
        x, y, width, height = cv2.boundingRect(cloth.view(np.uint8))
        at = (slice(max(y - _ROOM, 0), y + height + _ROOM), slice(max(x - _ROOM, 0), x + width + _ROOM))
        # Pixels at the border show a mixture of both, so the light is continued over them.
        pure = np.asarray(cv2.erode(here[at].view(np.uint8), np.ones((3, 3), np.uint8))) > 0
        core = cloth[at] & pure
        core = core if np.count_nonzero(core) > 16 else cloth[at]
        share = max(_WORK, np.count_nonzero(core) / np.count_nonzero(mask))
        part = estimate_shading(np.ascontiguousarray(linear[at]), core, share)
        own = here[at]
        for whole, piece in (
            (shade, part.shade),
            (fold, part.fold),
            (weave, part.weave),
            (confidence, part.confidence),
        ):
            np.copyto(whole[at], piece, where=own)
        numbers = part.labels.astype(np.int64) + len(inks)
        labels[at][own] = np.where(part.labels == 255, 255, np.minimum(numbers, 254)).astype(np.uint8)[own]
        inks.extend(part.inks)
    return Shading(shade, fold, weave, labels, np.stack(inks).astype(np.float32), confidence)


def _seeds(photo: Bytes, inside: Mask, labels: Bytes, kinds: list[int]) -> npt.NDArray[np.int32]:
    """(h, w) int32 numbers from 1 where a garment is sure, 0 elsewhere; labels of one cloth share a number."""
    lab = np.asarray(cv2.cvtColor(photo, cv2.COLOR_RGB2LAB), np.uint8)
    size = 2 * max(1, round(_UNSURE * max(inside.shape))) + 1
    out = np.zeros(inside.shape, np.int32)
    looks: list[Bytes] = []
    for kind in kinds:
        sure = np.asarray(cv2.erode((inside & (labels == kind)).astype(np.uint8), np.ones((size, size), np.uint8))) > 0
        colors = lab[sure]
        if not len(colors):
            continue
        colors = colors[:: 1 + len(colors) // _SAMPLES]
        number = next((k for k, look in enumerate(looks, 1) if same_cloth(look, colors)), 0)
        if not number:
            looks.append(colors)
            number = len(looks)
        out[sure] = number
    return out
