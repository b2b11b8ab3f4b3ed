"""Bare skin that the parser took for cloth: a forearm before the chest, a V-neck, a hand on the hip.

The person's own skin, from what was parsed as face, neck, arms and legs, tells what such skin looks like. Pieces of
the garment of that colour are skin if they come in from skin that was parsed, if the cloth around them has clearly
another colour, and if the change from one to the other is an edge: a cloth of the colour of skin keeps all of itself.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import Part, Person
from dressform.parsing.windows import window_slices
from dressform.tryon.gather import distance, grown, shrunk
from dressform.tryon.light import to_linear
from dressform.tryon.shading.ink_regions import Features, pixel_features

__all__ = ["SKIN", "SkinTone", "bare_skin", "skin_tone"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

SKIN = (Part.FACE, Part.TORSO_SKIN, Part.LEFT_ARM, Part.RIGHT_ARM, Part.LEFT_LEG, Part.RIGHT_LEG)
"""Parts that show skin, the surest first."""
_SAMPLES = 40_000  # pixels of the person that are looked at
_FEW = 60  # pixels that tell what skin looks like
_WARM = (0.2, 0.0)  # least red and most blue chromaticity, beside green, of any skin
_SPREAD = (0.05, 0.1)  # standard deviation of its chromaticity, least and most
_RANGE = (1.5, 1.1)  # natural logarithm: how much darker and brighter than the middle of it skin may be
_KIN = 3.5  # standard deviations: parts further off the surest one's colour are no skin, or in another light
_NEAR, _LOOSE = 2.2, 4.0  # standard deviations from the tone up to which a pixel is like skin, and may be
_CORE = 0.3  # of a piece is like skin
_THIN = 0.5  # of a score sample's size, half the width of what is no piece
_SHARE = (0.002, 0.3)  # of the garment: a piece at least, all pieces at most
_TOUCH = 1.5  # of a sample's size: between a piece and parsed skin
_RING = 2.0  # of a sample's size: the cloth around a piece
_OTHER = ((0.2, 0.0), (0.1, 1.3))  # chromaticity and log luminance by which that cloth differs, both, at least
_UNSURE = 0.5  # and chromaticity by which it differs from a piece of which little is like skin
_EDGE = 0.6  # of that difference is made within a few pixels
_CLEAR = 0.7  # share of the ring that is no skin
_ELSEWHERE = 0.25  # of a piece's area: pieces of that colour further away, at most


@dataclass(frozen=True)
class SkinTone:
    """What one person's skin looks like in a photo.

    Attributes:
        chroma: Its chromaticities, see :func:`~dressform.tryon.shading.ink_regions.chromaticity`, one for each part.
        spread: Their standard deviation.
        light: (darkest, brightest) natural logarithm of luminance.
    """

    chroma: tuple[tuple[float, float], ...]
    spread: float
    light: tuple[float, float]

    def far(self, seen: Features) -> Floats:
        """(h, w) float32: standard deviations of pixels from the tone; infinite in another light."""
        steps = [np.square(seen.chroma - np.asarray(middle, np.float32)).sum(axis=-1) for middle in self.chroma]
        off = np.sqrt(np.minimum.reduce(steps)) / np.float32(self.spread)
        lit = (seen.log_light >= self.light[0]) & (seen.log_light <= self.light[1])
        return np.asarray(np.where(lit, off, np.float32(np.inf)), np.float32)


def skin_tone(person: Person) -> SkinTone | None:
    """What a person's skin looks like; None if hardly any was parsed or the parse holds no photo."""
    image, extent = person.parse.image, person.extent
    if image is None or extent is None:
        return None
    x0, y0, x1, y1 = extent
    step = max(1, round(((x1 - x0) * (y1 - y0) / _SAMPLES) ** 0.5))
    at = tuple(slice(s.start, s.stop, step) for s in window_slices(extent))
    labels = person.parse.labels[at] * (person.parse.instances[at] == person.index)
    seen = pixel_features(to_linear(np.ascontiguousarray(image[at])))
    chroma: list[tuple[float, float]] = []
    lights: list[Floats] = []
    spread = 0.0
    for part in SKIN:
        own = labels == part
        core = shrunk(own, 1)
        own = core if np.count_nonzero(core) >= _FEW else own
        if np.count_nonzero(own) < _FEW:
            continue
        colors, light = seen.chroma[own], seen.log_light[own]
        middle = np.median(colors, axis=0)
        off = np.abs(colors - middle).max(axis=1)
        wide = float(np.clip(1.48 * np.median(off), *_SPREAD))
        if middle[0] < _WARM[0] or middle[1] > _WARM[1]:
            continue
        if chroma and np.hypot(*(middle - np.asarray(chroma[0], np.float32))) > _KIN * spread:
            continue
        spread = spread or wide
        chroma.append((float(middle[0]), float(middle[1])))
        lights.append(light[off < 2 * wide])
    if not chroma:
        return None
    light = np.concatenate(lights) if len(lights) > 1 else lights[0]
    middle_light = float(np.median(light))
    low, high = (float(v) for v in np.quantile(light, (0.05, 0.95)))
    bounds = max(middle_light - _RANGE[0], low - 0.4), max(middle_light + _RANGE[1], high + 0.5)
    return SkinTone(tuple(chroma), spread, bounds)


def bare_skin(linear: Floats, garment: Mask, parsed: Mask, tone: SkinTone, cell: float) -> Mask:
    """Pixels of a garment that show skin.

    Args:
        linear: (h, w, 3) float32 linear light, of some 100 000 pixels.
        garment: (h, w) bool, the garment as it was parsed.
        parsed: (h, w) bool, skin as it was parsed.
        tone: Of the same person in the same photo.
        cell: Pixels that a score sample covers.

    Returns:
        (h, w) bool, within ``garment``; none where cloth and skin look alike.
    """
    none = np.zeros(garment.shape, np.bool_)
    if not parsed.any() or not garment.any():
        return none
    seen = pixel_features(np.asarray(cv2.blur(linear, (3, 3)), np.float32))
    far = tone.far(seen)
    like = garment & (far < _LOOSE)
    radius = max(1, round(_THIN * cell))
    solid = grown(shrunk(like, radius), radius) & like
    area = int(np.count_nonzero(garment))
    least = max(_SHARE[0] * area, 4 * cell * cell * _THIN, 12)
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(solid.view(np.uint8), connectivity=8)
    sizes = stats[:, cv2.CC_STAT_AREA]
    beside = distance(parsed & (far < _LOOSE)) <= max(_TOUCH * cell, 2)
    touching, sure = (np.bincount(pieces[m & solid], minlength=count) for m in (beside, far < _NEAR))
    other = int(sizes[1:][touching[1:] == 0].sum())
    found = none
    for k in range(1, count):
        if sizes[k] < least or not touching[k] or other > _ELSEWHERE * sizes[k]:
            continue
        piece = pieces == k
        if _stands_out(seen, far, piece, garment, cell, sure[k] >= _CORE * sizes[k]):
            found = found | piece
    if not found.any() or np.count_nonzero(found) > _SHARE[1] * area:
        return none
    return shrunk(grown(found, radius), radius) & garment  # shadows between fingers


def _stands_out(seen: Features, far: Floats, piece: Mask, garment: Mask, cell: float, sure: bool) -> bool:
    """Whether a piece has an edge against cloth of another colour around it."""
    margin = 2
    ring = garment & grown(piece, margin + max(2, round(_RING * cell))) & ~grown(piece, margin)
    if np.count_nonzero(ring) < 12:
        return False
    core = shrunk(piece, 1)
    core = core if np.count_nonzero(core) >= 9 else piece
    if (far[ring] > _LOOSE).mean() < _CLEAR:
        return False
    own, around = (
        np.array([np.median(seen.log_light[m]), *np.median(seen.chroma[m], axis=0)], np.float32) for m in (core, ring)
    )
    tint, level = float(np.hypot(*(own - around)[1:])), abs(float(own[0] - around[0]))
    if not any(tint >= least and level >= apart for least, apart in _OTHER) or not (sure or tint >= _UNSURE):
        return False
    # Along the line between the two colours, pixels next to the piece are nearly cloth already.
    close = garment & grown(piece, margin + 2) & ~grown(piece, margin)
    if not close.any():
        return False
    way = own - around
    way[0] *= np.float32(0.3)
    values = np.stack([seen.log_light[close] * np.float32(0.3), *seen.chroma[close].T])
    start = around * np.asarray([0.3, 1, 1], np.float32)
    along = ((values - start[:, None]) * way[:, None]).sum(axis=0) / float(way @ way)
    return float(np.median(along)) < 1 - _EDGE
