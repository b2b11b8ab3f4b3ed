"""Coverage of the pixels at a garment's border.

Pairs of pure colours from both sides are tried, and the pair on whose line a pixel lies best says how much of it is
cloth: Gastal, Oliveira, "Shared sampling for real-time alpha matting", Eurographics 2010. Where both sides look alike
the first guess stays. Then neighbours that look alike are drawn together, the surer ones weighing more.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.gather import Pixels, nearest

__all__ = ["band_alpha"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_SIDESTEPS = ((0, 0), (-1.5, 0.3), (0.3, 1.5), (1.5, -0.3), (-0.3, -1.5), (-2.7, 2.3), (2.3, 2.7), (2.7, -2.3))
_GRAIN = 0.02  # spread of a pure colour, of the root of its light
_ALIKE = 3.0  # squared distance of two colours, in spreads, at which the guess and the colours count the same
_NEAR, _GUESS = 0.3, 6.0  # costs of far samples and of leaving the guess, beside the squared distance in spreads
_ROUNDS, _HOLD, _SAME = 4, 16.0, 0.05  # of the smoothing: rounds, weight of a pixel's own value, spread of sRGB
_PRINT = 0.5
_RAD=2
_SOFT=4.
_CLEAR = 0.02  # coverage that is taken for none, and lack of it that is taken for full


def band_alpha(
    linear: Floats,
    shown: Floats,
    guess: Floats,
    band: Mask,
    fronts: Sequence[Mask],
    extra: tuple[Mask, Floats],
    reach: int,
) -> Floats:
    """Coverage by the garment.

    Args:
        linear: (h, w, 3) float32 linear light.
        shown: The same as sRGB 0..1, in which likeness is judged.
        guess: (h, w) float32 0..1, first guess; outside the band it decides: over one half is cloth.
        band: (h, w) bool, pixels to work out.
        fronts: (h, w) bool each, what lies in front: each is asked for a colour of its own.
        extra: (h, w) bool, pixels that may also be mixed with the (k, 3) colours given: strands.
        reach: Half the band's width in pixels.

    Returns:
        (h, w) float32 in 0..1, exactly 0 or 1 outside the band.
    """
    out = (guess > 0.5).astype(np.float32)
    pixels = Pixels.of(band)
    cloth, rest = (out > 0) & ~band, (out == 0) & ~band
    if not len(pixels) or not cloth.any() or not rest.any():
        return out
    prior = pixels.take(guess)
    share, trust = _by_pairs(linear, pixels, prior, cloth, rest, fronts, extra, reach)
    flat = out.reshape(-1)
    flat[pixels.where] = share
    _smooth(flat, shown, pixels, share, trust)
    return np.clip((out - np.float32(_CLEAR)) / np.float32(1 - 2 * _CLEAR), 0, 1)


def _by_pairs(
    linear: Floats,
    pixels: Pixels,
    prior: Floats,
    cloth: Mask,
    rest: Mask,
    fronts: Sequence[Mask],
    extra: tuple[Mask, Floats],
    reach: int,
) -> tuple[Floats, Floats]:
    """(n,) coverage by the best pair of colours, and how much to trust it, 0..1."""
    own = pixels.take(linear)
    noise = _GRAIN**2 * np.maximum(own.mean(axis=1), np.float32(0.01)) + np.float32(1e-5)
    inner = _candidates(linear, cloth, pixels, reach)
    outer = _candidates(linear, rest, pixels, reach)
    for front in fronts:
        if (front & rest).any():
            outer += [(color, np.minimum(far, 2)) for color, far in _candidates(linear, front & rest, pixels, 0)]
    where, colors = extra
    if len(colors):
        far = np.where(pixels.take(where), np.float32(0), np.float32(1e3))
        outer += [(np.broadcast_to(color, own.shape), far) for color in colors]
    best = np.full(len(pixels), np.inf, np.float32)
    share = np.zeros_like(best)
    colors_in, colors_out = np.zeros_like(own), np.zeros_like(own)
    tries = [(color, other, far + away, None) for color, far in inner for other, away in outer]
    for color, other, far, whole in tries:
        at, cost, clear = _unmix(own, color, other, prior, noise)
        total = cost + np.float32(_NEAR) * far + np.float32(_GUESS) * (at - prior) ** 2
        better = total < best
        np.copyto(best, total, where=better)
        np.copyto(share, at, where=better)
        np.copyto(colors_in, color, where=better[:, None])
        np.copyto(colors_out, other, where=better[:, None])
    flat = np.zeros((pixels.shape[0] * pixels.shape[1], 7), np.float32)
    flat[pixels.where, :3], flat[pixels.where, 3:6], flat[pixels.where, 6] = colors_in, colors_out, 1
    R = _RAD
    tot = np.full(len(pixels), 1e-6, np.float32)
    sumi, sumo = colors_in * 1e-6, colors_out * 1e-6
    for dy in range(-R, R + 1):
        for dx in range(-R, R + 1):
            there = np.take(flat, pixels.aside(dy, dx), axis=0)
            at, cost, clear = _unmix(own, there[:, :3], there[:, 3:6], prior, noise)
            weight = there[:, 6] * np.exp(-cost / np.float32(_SOFT) - np.float32((dy * dy + dx * dx) / (2 * (R/1.5)**2+1e-6)))
            tot += weight
            sumi += weight[:, None] * there[:, :3]
            sumo += weight[:, None] * there[:, 3:6]
    sumi /= tot[:, None]
    sumo /= tot[:, None]
    share, cost, clear = _unmix(own, sumi, sumo, prior, noise)
    length = clear * _ALIKE / (1 - clear + 1e-6)
    return share, np.exp(cost / -12) * length / (length + 20) + np.float32(0.01)


def _unmix(own: Floats, color: Floats, other: Floats, prior: Floats, noise: Floats) -> tuple[Floats, Floats, Floats]:
    line, step = color - other, own - other
    length, along, square = _dot(line, line), _dot(step, line), _dot(step, step)
    clear = length / (length + _ALIKE * noise)
    at = np.clip(along / np.maximum(length, np.float32(1e-9)), 0, 1)
    at = clear * at + (1 - clear) * prior
    return at, (square - 2 * at * along + at * at * length) / noise, clear


def _candidates(linear: Floats, side: Mask, pixels: Pixels, reach: int) -> list[tuple[Floats, Floats]]:
    """Colours (n, 3) of one side near each pixel, each with its distance (n,) in that of the nearest one.

    The nearest place of the side, and those nearest to places some steps aside.
    """
    height, width = side.shape
    weight = side.astype(np.float32)
    count = np.maximum(np.asarray(cv2.blur(weight, (3, 3)), np.float32), np.float32(1e-3))[:, :, None]
    soft = np.asarray(cv2.blur(linear * weight[:, :, None], (3, 3)), np.float32)
    soft /= count
    colors, next_to = soft.reshape(-1, 3), nearest(side).reshape(-1)
    y, x = np.divmod(pixels.where, width)
    out: list[tuple[Floats, Floats]] = []
    first = np.ones(len(pixels), np.float32)
    for down, right in _SIDESTEPS if reach else _SIDESTEPS[:1]:
        place = np.take(next_to, pixels.aside(round(down * reach), round(right * reach)))
        there_y, there_x = np.divmod(place, width)
        far = np.hypot(there_y - y, there_x - x).astype(np.float32)
        if not out:
            first = np.maximum(far, 1)
        out.append((np.take(colors, place, axis=0), far / first))
    return out


def _smooth(flat: Floats, shown: Floats, pixels: Pixels, share: Floats, trust: Floats) -> None:
    """Jacobi rounds of a bilateral average, in place; ``flat`` holds the coverage of the whole window."""
    steps = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if (dy, dx) != (0, 0)]
    sure = np.ones(flat.shape, np.float32)
    sure[pixels.where] = trust
    colors, own = shown.reshape(-1, 3), pixels.take(shown)
    places, weights = [], []
    for (dy, dx), place in zip(steps, pixels.neighbours(tuple(steps)), strict=True):
        step = np.take(colors, place, axis=0) - own
        near = np.float32(np.exp(-(dy * dy + dx * dx) / 4.5))
        weights.append(near * np.exp(_dot(step, step) * np.float32(-0.5 / _SAME**2)) * np.take(sure, place))
        places.append(place)
    hold = np.float32(_HOLD) * trust
    total = hold + np.sum(weights, axis=0)
    for _ in range(_ROUNDS):
        pulled = hold * share
        for place, weight in zip(places, weights, strict=True):
            pulled += weight * np.take(flat, place)
        flat[pixels.where] = pulled / total


def _dot(a: Floats, b: Floats) -> Floats:
    return np.asarray(np.einsum("nc,nc->n", a, b), np.float32)
