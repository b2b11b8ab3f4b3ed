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
_CLOSE, _DOUBT = 1.0, 0.15  # so near it may anyway; further only where the scores are in doubt by so much
_OUT = 1.5  # of a sample's size: how far outwards, but for cloth between fingers and strands

_AROUND = 10.0  # of a sample's size: how far known pixels are asked for their colour
_SAMPLES, _FEW = 64, 4  # how often, and how many of hair and skin tell what those look like
_SPREAD = 0.06  # of sRGB 0..1: colours that near are the same
_FLOOR = 0.002  # density that a colour has which neither side shows
_COLOR, _PLACE = 1.5, 0.3  # weights of colour and of the distance to the border beside the scores' log odds
_LEAST = 0.06  # probability that the scores give either side
_STEPS, _PULL, _WIDE = 6, 4.0, 1.0  # of the mean field: rounds, weight, reach in sample sizes
_ALIKE, _BLIND = 0.08, 0.15  # spread of colours that agree, and how much others agree all the same


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
    odds += _COLOR * _likelihood(photo, pixels, (mask & ~band, ~mask & ~band, front & ~mask & ~band), cell)
    odds += _PLACE * np.clip(pixels.take(signed) / np.float32(cell), -2, 2)
    return _settled(photo, out, pixels, odds, cell)


def _likelihood(photo: Floats, pixels: Pixels, known: tuple[Mask, Mask, Mask], cell: float) -> Floats:
    """(n,) float32: log of how much more often the garment shows a pixel's colour nearby than the rest does.

    The rest is everything else or hair and skin alone, whichever shows it more often.

    Args:
        known: (h, w) bool each, pixels of the garment, of everything else, and of hair and skin among them.
    """
    sides = np.stack([mask.reshape(-1) for mask in known])
    own = planes(photo, pixels.where)
    seen, like = (np.zeros((3, len(pixels)), np.float32) for _ in range(2))
    for place in pixels.neighbours(disc_offsets(_AROUND * cell, _SAMPLES)):
        step = planes(photo, place)
        step -= own
        side = np.take(sides, place, axis=1)
        seen += side
        near = dot(step, step)
        near *= np.float32(0.5 / _SPREAD**2)
        near += 1
        like += side / (near * near)
    density = like / np.maximum(seen, 1) + np.float32(_FLOOR)
    density[2, seen[2] < _FEW] = 0
    ratio: Floats = np.log(density[0] / density[1:].max(axis=0))
    ratio[(seen[:2] < 2).any(axis=0)] = 0
    return ratio


def _settled(photo: Floats, start: Floats, pixels: Pixels, odds: Floats, cell: float) -> Floats:
    """Mean field over the band: neighbours that look alike agree."""
    steps = disc_offsets(_WIDE * cell, 28)
    own = planes(photo, pixels.where)
    weights = []
    for (dy, dx), place in zip(steps, pixels.neighbours(steps), strict=True):
        step = planes(photo, place) - own
        near = np.float32(np.exp(-(dy * dy + dx * dx) / (_WIDE * cell) ** 2))
        weights.append(near * (np.exp(dot(step, step) * np.float32(-0.5 / _ALIKE**2)) + np.float32(_BLIND)))
    total = np.full(len(pixels), 1e-6, np.float32)
    for weight in weights:
        total += weight
    field = start.copy()
    flat = field.reshape(-1)
    flat[pixels.where] = _logistic(odds)
    for _ in range(_STEPS):
        message = np.zeros(len(pixels), np.float32)
        for place, weight in zip(pixels.neighbours(steps), weights, strict=True):
            message += weight * np.take(flat, place)
        message /= total
        flat[pixels.where] = _logistic(odds + np.float32(_PULL) * (2 * message - 1))
    return field


def _logistic(odds: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-odds)), np.float32)
