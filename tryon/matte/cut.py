"""Where a garment ends: a mask that is a few score samples off is moved to the edges of the photo.

In a band about the mask's border each pixel asks what it looks like: the cloth around it, or what lies beyond the
border. Local, non-parametric colour models after Bai, Wang, Simons, Sapiro, "Video SnapCut", SIGGRAPH 2009; joined
with the parser's scores and settled by mean-field steps between pixels that look alike (Krähenbühl, Koltun,
NIPS 2011, in a window).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dressform.tryon.gather import Pixels, disc_offsets, distance, dot, planes

__all__ = ["REACH", "cut"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

REACH = 3.0
"""Of a score sample's size: how far the border may move."""
_CLOSE, _DOUBT = 1.0, 0.15
_OUT = 1.5

_AROUND = 10.0  # of a sample's size: how far known pixels are asked for their colour
_SAMPLES = 64
_SPREAD = 0.06  # of sRGB 0..1: colours that near are the same
_FLOOR = 0.015  # density that a colour has which neither side shows
_COLOR, _PLACE = 1.0, 0.3  # weights of colour and of the distance to the border beside the scores' log odds
_BLIND = 0.15
_LEAST = 0.06  # probability that the scores give either side
_STEPS, _PULL, _ALIKE = 6, 4.0, 0.08  # of the mean field: rounds, weight, spread of colours


def cut(photo: Floats, mask: Mask, prior: Floats, cell: float, free: Mask, front: Mask) -> Floats:
    """Probability of the garment, after a look at the photo.

    Args:
        photo: (h, w, 3) float32 sRGB 0..1.
        mask: (h, w) bool, the garment as the parser has it.
        prior: (h, w) float32 0..1, probability of the garment by the score maps.
        cell: Pixels that a score sample covers, at least 1.
        free: (h, w) bool, pixels that may change sides.
        front: (h, w) bool, hair and skin: between strands and fingers cloth may show as far as the border may move.

    Returns:
        (h, w) float32 in 0..1: exactly 0 or 1 outside the band of :data:`REACH` samples about the border.
    """
    inside, outside = distance(~mask), distance(mask)
    signed = inside - outside
    far = np.abs(signed) / np.float32(cell)
    band = (far <= _CLOSE) | ((far <= REACH) & (prior > _DOUBT) & (prior < 1 - _DOUBT))
    band &= signed >= -_OUT * cell
    band |= front & (far <= REACH)
    band &= free
    out = mask.astype(np.float32)
    pixels = Pixels.of(band)
    if not len(pixels):
        return out
    share = np.clip(pixels.take(prior), _LEAST, 1 - _LEAST)
    odds = np.log(share / (1 - share))
    odds += _COLOR * _likelihood(photo, pixels, mask & ~band, ~mask & ~band, cell)
    odds += _PLACE * np.clip(pixels.take(signed) / np.float32(cell), -2, 2)
    return _settled(photo, out, pixels, odds)


def _likelihood(photo: Floats, pixels: Pixels, garment: Mask, other: Mask, cell: float) -> Floats:
    """(n,) float32: log of how much more often the garment shows a pixel's colour nearby than the rest does."""
    sides = np.stack([garment.reshape(-1), other.reshape(-1)])
    own = planes(photo, pixels.where)
    seen, like = (np.zeros((2, len(pixels)), np.float32) for _ in range(2))
    for place in pixels.neighbours(disc_offsets(_AROUND * cell, _SAMPLES)):
        step = planes(photo, place)
        step -= own
        side = np.take(sides, place, axis=1)
        seen += side
        like += side * np.exp(dot(step, step) * np.float32(-0.5 / _SPREAD**2))
    density = like / np.maximum(seen, 1) + np.float32(_FLOOR)
    ratio: Floats = np.log(density[0] / density[1])
    ratio[(seen < 2).any(axis=0)] = 0
    return ratio


def _settled(photo: Floats, start: Floats, pixels: Pixels, odds: Floats) -> Floats:
    """Mean field over the band: neighbours that look alike agree."""
    steps = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3) if (dy, dx) != (0, 0)]
    own = planes(photo, pixels.where)
    places, weights = [], []
    for (dy, dx), place in zip(steps, pixels.neighbours(tuple(steps)), strict=True):
        step = planes(photo, place) - own
        near = np.float32(np.exp(-(dy * dy + dx * dx) / 4.5))
        weights.append(near * (np.exp(dot(step, step) * np.float32(-0.5 / _ALIKE**2)) + np.float32(_BLIND)))
        places.append(place)
    total = np.sum(weights, axis=0) + np.float32(1e-6)
    field = start.copy()
    flat = field.reshape(-1)
    flat[pixels.where] = _logistic(odds)
    for _ in range(_STEPS):
        message = np.zeros(len(pixels), np.float32)
        for place, weight in zip(places, weights, strict=True):
            message += weight * np.take(flat, place)
        message /= total
        flat[pixels.where] = _logistic(odds + np.float32(_PULL) * (2 * message - 1))
    return field


def _logistic(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)), np.float32)
