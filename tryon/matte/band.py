"""Coverage of the pixels at a garment's border.

Pairs of pure colours from both sides are tried, and the pair on whose line a pixel lies best says how much of it is
cloth; neighbours then share their pairs: Gastal, Oliveira, "Shared sampling for real-time alpha matting", Eurographics
2010. Where both sides look alike the first guess stays.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.tryon.gather import Nearest, Pixels, Planes, dot, planes
from dressform.tryon.light import luminance
from dressform.tryon.matte.smooth import smooth

__all__ = ["Pairs", "band_alpha", "by_pairs", "calmed", "chunks"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Candidate = tuple[Planes, Floats]
"""A colour for each pixel, and how far it comes from, as a multiple of the shortest way to its side."""

_SIDESTEPS = ((0, 0), (-3, 1), (2.2, 2.4), (1, -3))  # of the reach: where samples are looked for
_SHARING = ((0, 0), (-1, -1), (-1, 1), (1, -1), (1, 1))
_GRAIN = 0.02  # spread of a pure colour, of the root of its light
_ALIKE = 3.0  # squared distance of two colours, in spreads, at which the guess and the colours count the same
_NEAR, _GUESS = 0.3, 4.0  # costs of far samples and of leaving the guess, beside the squared distance in spreads
_TINT = 0.5  # of their strength: how much tints count
_TEXTURE = 0.1  # share of the cloth's own spread that counts as grain where it is judged whether a pixel is cloth
_FIT = 4.0  # squared distance, in spreads, at which a neighbour's pair counts for little
_FRONT = 12  # reaches: what lies further in front is not asked
_CLOSE = 0.7  # squared distance, in pixels, at which pairs of a smaller picture count for little
_CHUNK = 1 << 13  # pixels worked on at once; their colours then stay in the cache


@dataclass(frozen=True, eq=False)
class Pairs:
    """Colours that explain the pixels of a border.

    Attributes:
        index: (h, w) int32, number of each pixel of the border, -1 for others.
        colors: (6, n) float32, cloth's colour and the other side's, with the weaker tints of :func:`calmed`.
        known: (n,) float32 0..1, how far colours may tell at all.
    """

    index: npt.NDArray[np.int32]
    colors: Planes
    known: Floats


def band_alpha(
    linear: Floats,
    shown: npt.NDArray[np.uint8],
    guess: Floats,
    band: Mask,
    fronts: Sequence[Mask],
    extra: tuple[Mask, Floats],
    reach: int,
) -> tuple[Floats, Pairs]:
    """Coverage by the garment.

    Args:
        linear: (h, w, 3) float32 linear light.
        shown: (h, w, 3) uint8, the same as sRGB, in which likeness is judged.
        guess: (h, w) float32 0..1, first guess; outside the band it decides: over one half is cloth.
        band: (h, w) bool, pixels to work out.
        fronts: (h, w) bool each, what lies in front: each is asked for a colour of its own.
        extra: (h, w) bool, pixels that may also be mixed with the (k, 3) colours given: strands.
        reach: Half the band's width in pixels.

    Returns:
        (h, w) float32 in 0..1, exactly 0 or 1 outside the band, and the colours that explain the band.
    """
    out = (guess > 0.5).astype(np.float32)
    pixels = Pixels.of(band)
    index = np.full(band.shape, -1, np.int32)
    cloth, rest = (out > 0) & ~band, (out == 0) & ~band
    if not len(pixels) or not cloth.any() or not rest.any():
        return out, Pairs(index, np.zeros((6, 0), np.float32), np.zeros(0, np.float32))
    pixels.put(index, np.arange(len(pixels), dtype=np.int32))
    pairs = Pairs(index, *_pairs(linear, guess, pixels, (cloth, rest), fronts, extra, reach))
    share, trust = np.empty(len(pixels), np.float32), np.empty(len(pixels), np.float32)
    for at, chunk in chunks(pixels):
        own, prior = calmed(planes(linear, chunk.where)), chunk.take(guess)
        share[at], trust[at] = by_pairs(own, prior, chunk, pairs)
    pixels.put(out, share)
    smooth(out, shown, pixels, share, trust)
    return out, pairs


def _pairs(
    linear: Floats,
    guess: Floats,
    pixels: Pixels,
    known: tuple[Mask, Mask],
    fronts: Sequence[Mask],
    extra: tuple[Mask, Floats],
    reach: int,
) -> tuple[Planes, Floats]:
    """(6, n) colours of both sides that explain each pixel best, and (n,) 0..1 how far colours may tell at all.

    Args:
        known: (h, w) bool each, pixels of pure cloth, and of anything else. Others as of :func:`band_alpha`.
    """
    sides = _Side(linear, known[0]), _Side(linear, known[1])
    ahead = [_Side(linear, front & known[1]) for front in fronts if (front & known[1]).any()]
    clear = np.empty(len(pixels), np.float32)
    pairs = np.empty((6, len(pixels)), np.float32)
    for at, chunk in chunks(pixels):
        inner, outer = (side.candidates(chunk, reach) for side in sides)
        own, prior = calmed(planes(linear, chunk.where)), chunk.take(guess)
        clear[at] = 1 - np.maximum(2 * prior - 1, 0) ** 2 * _within(own, inner)
        for front in ahead:
            color, far = front.candidates(chunk, 0)[0]
            if (far <= _FRONT * reach).any():
                outer.append((color, np.minimum(far, 2)))
        loose = chunk.take(extra[0])
        if loose.any():
            far = np.where(loose, np.float32(0), np.float32(1e3))
            outer += [(np.repeat(color[:, None], len(chunk), axis=1), far) for color in calmed(extra[1].T.copy()).T]
        pairs[:, at] = _best_pair(own, prior, clear[at], inner, outer)
    return pairs, clear


def calmed(colors: Planes) -> Planes:
    """(3, n) colours with weaker tints, in place: JPEG and most sensors blur tints more than light."""
    grey = luminance(colors.T)
    colors -= grey
    colors *= np.float32(_TINT)
    colors += grey
    return colors


def chunks(pixels: Pixels) -> Iterator[tuple[slice, Pixels]]:
    """Pixels in parts that are worked on at once, and where each part lies among all of them."""
    for start in range(0, len(pixels), _CHUNK):
        at = slice(start, min(start + _CHUNK, len(pixels)))
        yield at, Pixels(pixels.where[at], pixels.shape)


class _Side:
    """One side of the border, to be asked for its colour near a pixel."""

    def __init__(self, linear: Floats, mask: Mask) -> None:
        self._linear, self._mask = linear, mask.view(np.uint8)
        self._next = Nearest(mask)

    def candidates(self, pixels: Pixels, reach: int) -> list[Candidate]:
        """Colours of the nearest place of the side, and, if ``reach``, of those nearest to places some steps aside."""
        width = pixels.shape[1]
        y, x = np.divmod(pixels.where, width)
        out: list[Candidate] = []
        first = np.ones(len(pixels), np.float32)
        for down, right in _SIDESTEPS if reach else _SIDESTEPS[:1]:
            place = self._next(pixels.aside(round(down * reach), round(right * reach)))
            there_y, there_x = np.divmod(place, width)
            far = np.hypot((there_y - y).astype(np.float32), (there_x - x).astype(np.float32))
            if not out:
                first = np.maximum(far, 1)
            if reach:
                far /= first
            out.append((self._mean(place, pixels.shape), np.asarray(far, np.float32)))
        return out

    def _mean(self, place: npt.NDArray[np.int64], shape: tuple[int, int]) -> Planes:
        """(3, n) mean colour of this side's pixels among the 5 that touch each place: less grain than one pixel."""
        around = Pixels(place, shape)
        total, count = np.zeros((3, len(place)), np.float32), np.zeros(len(place), np.float32)
        for step in ((0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)):
            there = around.aside(*step)
            weight = np.take(self._mask.reshape(-1), there).astype(np.float32)
            total += planes(self._linear, there) * weight
            count += weight
        total /= np.maximum(count, 1)
        return calmed(total)


def _noise(own: Planes) -> Floats:
    return np.asarray(_GRAIN**2 * np.maximum(own.mean(axis=0), np.float32(0.01)) + np.float32(1e-5), np.float32)


def _within(own: Planes, side: list[Candidate]) -> Floats:
    """(n,) 0..1: how well a pixel is explained as a mixture of two colours of the same side: a border of inks."""
    colors = np.stack([color for color, _ in side])
    mean = colors.mean(axis=0)
    spread = np.square(colors - mean).sum(axis=1).mean(axis=0)
    least = np.full(own.shape[1], np.inf, np.float32)
    for k, color in enumerate(colors):
        for other in colors[:k]:
            line, step = color - other, own - other
            along = np.clip(dot(step, line) / np.maximum(dot(line, line), np.float32(1e-9)), 0, 1)
            step -= along * line
            np.minimum(least, dot(step, step), out=least)
    least /= np.float32(-_FIT) * (_noise(own) + np.float32(_TEXTURE) * spread)
    return np.asarray(np.exp(least), np.float32)


def _best_pair(own: Planes, prior: Floats, known: Floats, inner: list[Candidate], outer: list[Candidate]) -> Planes:
    """(6, n) cloth's colour and the other side's, the pair whose mixture explains each pixel best."""
    noise = _noise(own)
    best = np.full(len(prior), np.inf, np.float32)
    out = np.empty((6, len(prior)), np.float32)
    for color, far in inner:
        for other, away in outer:
            at, cost, _ = _unmixed(own, color, other, prior, known, noise)
            at -= prior
            at *= at
            cost += np.float32(_NEAR) * (far + away) + np.float32(_GUESS) * at
            better = cost < best
            np.copyto(best, cost, where=better)
            np.copyto(out[:3], color, where=better)
            np.copyto(out[3:], other, where=better)
    return out


def by_pairs(
    own: Planes, prior: Floats, pixels: Pixels, pairs: Pairs, beside: tuple[Floats, Floats] | None = None
) -> tuple[Floats, Floats]:
    """Coverage by the mean of the pairs of a pixel and its neighbours.

    Args:
        own: (3, n) colours, :func:`calmed`.
        prior: (n,) first guess, which stays where there is no pair.
        pixels: (n,) places of the pixels in the window of the pairs.
        pairs: Of that window.
        beside: (n,) each, how far below and to the right of those places' centres the pixels are; None: not at all.

    Returns:
        (n,) coverage 0..1, and how much to trust it, 0..1.
    """
    noise = _noise(own)
    index = pairs.index.reshape(-1)
    here = np.maximum(np.take(index, pixels.where), 0)
    known = np.take(pairs.known, here) * (np.take(index, pixels.where) >= 0)
    total = np.full(len(prior), 1e-6, np.float32)
    pair = np.take(pairs.colors, here, axis=1) * np.float32(1e-6)
    for down, right in _SHARING:
        there = np.take(index, pixels.aside(down, right))
        found = np.take(pairs.colors, np.maximum(there, 0), axis=1)
        _, cost, _ = _unmixed(own, found[:3], found[3:], prior, known, noise)
        if beside is not None:
            cost += (np.square(beside[0] - down) + np.square(beside[1] - right)) * np.float32(_FIT / _CLOSE)
            near = 1.0
        else:
            near = np.exp(-(down * down + right * right) / 4.5)
        weight = np.float32(near) * np.exp(cost / np.float32(-_FIT)) * (there >= 0)
        total += weight
        pair += found * weight
    pair /= total
    at, cost, clear = _unmixed(own, pair[:3], pair[3:], prior, known, noise)
    apart = np.float32(_ALIKE) * clear / np.maximum(1 - clear, np.float32(1e-6))
    return at, np.exp(cost / np.float32(-12)) * apart / (apart + 20) + np.float32(0.01)


def _unmixed(
    own: Planes, color: Planes, other: Planes, prior: Floats, known: Floats, noise: Floats
) -> tuple[Floats, Floats, Floats]:
    """(n,) share of ``color`` in ``own``, squared distance in spreads, and how clearly the two colours differ, 0..1."""
    line, step = color - other, own - other
    length, along, square = dot(line, line), dot(step, line), dot(step, step)
    clear = np.asarray(known * length / (length + np.float32(_ALIKE) * noise), np.float32)
    at = np.asarray(along / np.maximum(length, np.float32(1e-9)), np.float32)
    np.clip(at, 0, 1, out=at)
    at -= prior
    at *= clear
    at += prior
    cost = np.asarray((at * length - 2 * along) * at + square, np.float32)
    cost /= noise
    return at, cost, clear
