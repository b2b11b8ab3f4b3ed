"""Soft edges of a garment: how much of each pixel is cloth, and what colour that cloth has.

Three steps, from coarse to fine: the parser's mask is moved to the edges of the photo
(:mod:`~dressform.tryon.matte.cut`), hair and skin that it took for cloth are found
(:mod:`~dressform.tryon.matte.skin`, :mod:`~dressform.tryon.matte.strands`), and the pixels about the border are unmixed
(:mod:`~dressform.tryon.matte.band`). In large windows all of this is done on a smaller picture, and then only the
pixels at the border that it found are unmixed once more (:mod:`~dressform.tryon.matte.finer`). Colours of the border
without what lies behind it come from :mod:`~dressform.tryon.matte.color`.
"""

from __future__ import annotations

from math import ceil
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import OptionError, Part, Person
from dressform.parsing.scores import resample
from dressform.parsing.windows import window_slices
from dressform.tryon.gather import distance, grown, sampled
from dressform.tryon.light import to_linear
from dressform.tryon.matte.band import Pairs, band_alpha
from dressform.tryon.matte.color import foreground
from dressform.tryon.matte.cut import cut
from dressform.tryon.matte.finer import finer_alpha
from dressform.tryon.matte.skin import bare_skin, skin_tone
from dressform.tryon.matte.strands import occluder_colors, strands
from dressform.tryon.shape.regions import GarmentRegion

__all__ = ["firm_protect", "foreground", "garment_alpha"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

_COARSE = 75_000  # px of the picture on which borders are looked for
_MOST = 350_000  # px of the picture on which they are unmixed and strands are looked for
_LARGE = 1.2  # reduction below which a smaller picture saves nothing
_FEW = 0.03  # of the garment: parts with less of it don't count
_ABOUT = 24.0  # of a score sample's size: how far from hair cloth is looked at
_BEHIND = 0.7  # of a score sample's size: how deep in hair cloth is looked for
_EVEN = 0.6  # of a score sample's size: what juts out less on a plain border is none of the garment's
_SETTLED, _STEEP = 0.7, 1.3  # px; and how much steeper borders get again that were calmed by so much
_DOUBTED = 0.3  # probability of the garment where it looks like skin, whatever the scores say
_PLAIN_CELL = 2.0  # px that a parser without score maps may be wrong by
_SKIN = frozenset(
    {Part.FACE, Part.TORSO_SKIN, Part.LEFT_ARM, Part.RIGHT_ARM, Part.LEFT_LEG, Part.RIGHT_LEG, Part.GLOVE}
)


def garment_alpha(
    image: npt.NDArray[Any], region: GarmentRegion, person: Person, *, protect: Mask | None = None
) -> Floats:
    """Coverage of each pixel by a garment.

    Args:
        image: (h, w, 3) uint8 or uint16 sRGB, the region's window of the photo.
        region: The garment, from :func:`dressform.tryon.shape.regions.find_region`.
        person: Who wears it; its score maps say where the parser was unsure.
        protect: (h, w) bool in the window, pixels that stay 0; None: ``region.protect``. With what
            :func:`firm_protect` gives, the border may also move into what the parser took for the same person's
            hair or skin.

    Returns:
        (h, w) float32 in 0..1, 0 wherever ``protect`` is set and further from ``region.mask`` than the parser may err.

    Raises:
        OptionError: ``image`` or ``protect`` doesn't fit the region's window.
    """
    kept = region.protect if protect is None else protect
    _check(image, region.mask.shape, kept)
    height, width = region.mask.shape
    scale = (height * width / _MOST) ** 0.5
    if scale < _LARGE:
        return _solved(image, region, person, region.mask, kept)[0]
    size = (max(round(width / scale), 1), max(round(height / scale), 1))
    small = _shrink(image, size)
    alpha, pairs = _solved(small, region, person, sampled(region.mask, size), sampled(kept, size))
    return finer_alpha(image, alpha, pairs, kept)


def _solved(
    image: npt.NDArray[Any], region: GarmentRegion, person: Person, mask: Mask, kept: Mask
) -> tuple[Floats, Pairs]:
    """Coverage by the garment, and the colours that explain its border.

    Args:
        image: (h, w, 3) uint8 or uint16, the region's window at any size; the masks are of this size too.
    """
    linear = to_linear(image)
    shown = (image >> 8).astype(np.uint8) if image.dtype == np.uint16 else np.asarray(image, np.uint8)
    x0, y0, x1, y1 = region.window
    cell = max(_cell(person) * (mask.shape[0] * mask.shape[1] / ((x1 - x0) * (y1 - y0))) ** 0.5, 1.0)
    fronts = [_own(person, region, parts, mask.shape) & ~mask for parts in (Part.HAIR, _SKIN)]
    bare = _bare(shown, person, mask, fronts[1], cell)
    mask = mask & ~bare
    fronts[1] |= bare
    plain = distance(fronts[0] | fronts[1]) > cell  # neither strands nor fingers
    guess, blur = _guess(shown, region, person, (mask, bare), kept, fronts, plain, cell)
    hair = fronts[0] & (guess < 0.5)
    share = _fine_strands(linear, (guess > 0.5) & ~kept, hair, cell)
    np.minimum(guess, 1 - share, out=guess)
    reach = max(2, ceil(1.2 * blur + 0.5))
    inside, loose = guess > 0.5, grown(share > 0, 2)
    band = grown(inside, reach) & grown(~inside, reach)
    band |= ((guess > 0.05) & (guess < 0.95)) | loose
    band |= fronts[0] & grown(inside, reach + round(_BEHIND * cell))
    band &= ~kept
    colors = occluder_colors(linear, hair) if loose.any() else np.zeros((0, 3), np.float32)
    alpha, pairs = band_alpha(linear, shown, guess, band, fronts, (loose, colors), reach)
    even = np.asarray(cv2.GaussianBlur(alpha, (5, 5), _SETTLED), np.float32)
    even -= 0.5
    even *= np.float32(_STEEP)
    even += 0.5
    np.copyto(alpha, np.clip(even, 0, 1), where=plain & band & ~loose)
    alpha[kept] = 0
    return alpha, pairs


def firm_protect(region: GarmentRegion, person: Person, protect: Mask | None = None) -> Mask:
    """Pixels of a region's window that may not change even where the parser's border is wrong.

    Other people, what the user protects, and cloth of the same kind beyond a waist or another cut. What is left of
    ``region.protect``, the same person's hair, skin and other things, is only as exact as the parser.

    Args:
        region: The garment.
        person: Who wears it.
        protect: (H, W) bool of the photo, what the user protects, or None.

    Returns:
        (h, w) bool in the region's window, disjoint from ``region.mask``.
    """
    at = window_slices(region.window)
    instances = person.parse.instances[at]
    firm = (instances > 0) & (instances != person.index)
    firm |= person.own(region.window, _own_parts(region, person))
    if protect is not None:
        firm |= protect[at]
    return np.asarray(firm & ~region.mask)


def _check(image: npt.NDArray[Any], shape: tuple[int, ...], protect: Mask) -> None:
    if image.shape != (*shape, 3) or image.dtype not in (np.uint8, np.uint16):
        allowed = f"uint8 or uint16 {(*shape, 3)}"
        raise OptionError("the image is not the region's window", got=f"{image.dtype} {image.shape}", allowed=allowed)
    if protect.shape != shape or protect.dtype != np.bool_:
        got = f"{protect.dtype} {protect.shape}"
        raise OptionError("protect does not fit the region's window", got=got, allowed=f"bool {shape}")


def _own_parts(region: GarmentRegion, person: Person) -> frozenset[Part]:
    """Parts that the garment consists of; a filled hole may have brought in pixels of any other."""
    labels = person.parse.labels[window_slices(region.window)][region.mask]
    counts = np.bincount(labels, minlength=len(Part))
    return frozenset(part for part in region.parts if counts[part] >= _FEW * len(labels))


def _cell(person: Person) -> float:
    """Pixels of the photo that a score sample covers, along the longer side of the two."""
    scores = person.observation.scores
    if scores is None:
        return _PLAIN_CELL
    x0, y0, x1, y1 = scores.box
    height, width = scores.values.shape[1:]
    return float(max(1.0, (x1 - x0) / width, (y1 - y0) / height))


def _guess(
    shown: Bytes,
    region: GarmentRegion,
    person: Person,
    parsed: tuple[Mask, Mask],
    kept: Mask,
    fronts: list[Mask],
    plain: Mask,
    cell: float,
) -> tuple[Floats, float]:
    """(h, w) probability of the garment, found on a small picture, and how many pixels wide its steps are.

    Args:
        parsed: The garment without the skin found on it, and that skin. Others as in :func:`_solved`.
    """
    height, width = kept.shape
    size, scale = _coarse(kept.shape)
    small = _shrink(shown, size).astype(np.float32) / np.float32(255)
    mask, free = _shrink_mask(parsed[0], size), ~_shrink_mask(kept, size)
    prior = _prior(region, person, mask, size)
    np.minimum(prior, _DOUBTED, out=prior, where=_shrink_mask(parsed[1], size))
    cell = max(cell / scale, 1.0)
    there = [_shrink_mask(front, size) for front in fronts]
    guess = cut(small, mask, prior, cell, free, there[0] | there[1])
    even = np.asarray(cv2.medianBlur(np.rint(guess * 255).astype(np.uint8), 2 * round(_EVEN * cell) + 1), np.float32)
    np.copyto(guess, even / np.float32(255), where=_shrink_mask(plain, size) & free)
    linear = to_linear(_shrink(shown, size))
    front = there[1] & (guess < 0.5)  # hair is looked for on a larger picture
    share = strands(linear, (guess > 0.5) & free, front, occluder_colors(linear, front), cell, solid=True)
    np.minimum(guess, 1 - share, out=guess)
    if scale > 1:
        guess = np.asarray(cv2.resize(guess, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
    return guess, scale


def _bare(shown: Bytes, person: Person, mask: Mask, parsed: Mask, cell: float) -> Mask:
    """(h, w) bool: skin that the parser took for the garment, looked for on a small picture."""
    tone = skin_tone(person) if parsed.any() else None
    if tone is None:
        return np.zeros(mask.shape, np.bool_)
    size, scale = _coarse(mask.shape)
    small = to_linear(_shrink(shown, size))
    bare = bare_skin(small, _shrink_mask(mask, size), _shrink_mask(parsed, size), tone, max(cell / scale, 1.0))
    if not bare.any():
        return np.zeros(mask.shape, np.bool_)
    large = cv2.resize(bare.astype(np.float32), mask.shape[::-1], interpolation=cv2.INTER_LINEAR)
    return np.asarray((large > 0.5) & mask)


def _coarse(shape: tuple[int, ...]) -> tuple[tuple[int, int], float]:
    """Width and height of the small picture, and how much smaller it is."""
    scale = max(1.0, (shape[0] * shape[1] / _COARSE) ** 0.5)
    return (max(round(shape[1] / scale), 1), max(round(shape[0] / scale), 1)), scale


def _prior(region: GarmentRegion, person: Person, mask: Mask, size: tuple[int, int]) -> Floats:
    """(h, w) float32: probability of the region's parts at the samples of a small picture."""
    scores = person.observation.scores
    if scores is None:
        return np.asarray(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), 1.0), np.float32)
    x0, y0, x1, y1 = region.window
    across, down = size[0] / (x1 - x0), size[1] / (y1 - y0)
    left, top, right, bottom = scores.box
    box = ((left - x0) * across, (top - y0) * down, (right - x0) * across, (bottom - y0) * down)
    return resample(scores.probability(_own_parts(region, person)), box, (0, 0, *size))


def _fine_strands(linear: Floats, garment: Mask, hair: Mask, cell: float) -> Floats:
    """(h, w) share of hair in the garment's pixels."""
    out = np.zeros(garment.shape, np.float32)
    if not hair.any():
        return out
    x, y, width, height = cv2.boundingRect(hair.view(np.uint8))
    room = ceil(_ABOUT * cell)
    at = np.s_[max(y - room, 0) : y + height + room, max(x - room, 0) : x + width + room]
    light, front = np.ascontiguousarray(linear[at]), np.ascontiguousarray(hair[at])
    out[at] = strands(light, np.ascontiguousarray(garment[at]), front, occluder_colors(light, front), cell)
    return out


def _own(person: Person, region: GarmentRegion, parts: Part | frozenset[Part], shape: tuple[int, ...]) -> Mask:
    """(h, w) bool: parts of a person in the region's window at a size no larger."""
    at = window_slices(region.window)
    wanted = np.zeros(len(Part), np.bool_)
    wanted[[*parts] if isinstance(parts, frozenset) else parts] = True
    size = (shape[1], shape[0])
    mine = sampled(person.parse.instances[at], size) == person.index
    return np.asarray(wanted[sampled(person.parse.labels[at], size)] & mine)


def _shrink(image: npt.NDArray[Any], size: tuple[int, int]) -> npt.NDArray[Any]:
    """(h, w, ...) as the means over the cells of a grid of ``size`` (width, height), no larger."""
    if image.shape[1::-1] == size:
        return image
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA))


def _shrink_mask(mask: Mask, size: tuple[int, int]) -> Mask:
    return np.asarray(_shrink(mask.view(np.uint8) * np.uint8(255), size) > 127)
