"""Hair and fingers in front of a garment that the parser took for cloth.

A pixel of the garment near such an occluder is compared with cloth around it: is its colour better explained as cloth,
or as cloth with some of the occluder's colour in it? Pairs of sampled colours and their mixtures, as in Wang, Cohen,
"Optimized color sampling for robust matting", CVPR 2007; mixtures of two cloth colours stand for the cloth, so that
folds and printed edges are no strands. Only what hangs together with the occluder counts.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.gather import Offsets, Pixels, Planes, disc_offsets, distance, dot, grown, planes, shrunk

__all__ = ["occluder_colors", "strands"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_FAR, _NEAR = 16.0, 5.0  # of a score sample's size: how far strands reach, and fingers
_AROUND, _APART, _SAMPLES = 6.0, 1.2, 14  # where cloth is sampled, in sample sizes, and how often
_COLORS = 4  # of the occluder
_GRAIN, _TEXTURE = 0.035, 0.2  # spread of one colour: of the root of its light, and share of the cloth's own spread
_LEAST = 0.2  # share of the occluder in a pixel that is told from none
_SURE = 0.9  # ratio of the explanations that counts
_SOLID_GAIN = 6.0
_CHANCE, _TRIES = 0.03, 300  # share of ordinary cloth that may look like a strand, and pixels looked at to see
_BROAD, _SOLID = 0.8, 0.55  # what is wider than this many samples is a fold, if less of it is the occluder's colour
_OWN = 0.04  # share of the cloth in a colour of the occluder's that makes it no sign of the occluder
_GAP = 2.0  # of a sample's size: between an occluder, as the parser has it, and what hangs together with it
_PURE = 25.0  # squared distance, in spreads of one colour, within which a sample shows the occluder itself
_FLOOR = 0.002


def occluder_colors(linear: Floats, mask: Mask) -> Floats:
    """(up to 4, 3) float32: what an occluder looks like from dark to light; (0, 3) if there is hardly any of it."""
    core = shrunk(mask, 1)
    colors = Pixels.of(core if np.count_nonzero(core) >= 30 else mask).take(linear)
    if len(colors) < 30:
        return np.zeros((0, 3), np.float32)
    colors = colors[:: max(1, len(colors) // 600)]
    order = np.argsort(colors.sum(axis=1), kind="stable")
    return np.stack([part.mean(axis=0) for part in np.array_split(colors[order], _COLORS)]).astype(np.float32)


def strands(
    linear: Floats, garment: Mask, occluder: Mask, colors: Floats, cell: float, *, solid: bool = False
) -> Floats:
    """How much of each garment pixel an occluder covers that the mask does not know of.

    Args:
        linear: (h, w, 3) float32 linear light.
        garment: (h, w) bool, pixels taken for cloth.
        occluder: (h, w) bool, pixels that show hair, or skin.
        colors: (k, 3) from :func:`occluder_colors`.
        cell: Pixels that a score sample covers.
        solid: Only what is mostly the occluder's colour counts: fingers, but no hair.

    Returns:
        (h, w) float32 in 0..1; 0 outside ``garment`` and wherever cloth explains the pixel as well.
    """
    out = np.zeros(garment.shape, np.float32)
    if not garment.any() or not occluder.any():
        return out
    colors = _foreign(linear, garment, colors)
    if not len(colors):
        return out
    away = distance(occluder)
    toward = _toward(linear, garment, colors, cell) > 0.4 * _LEAST
    pixels = Pixels.of(garment & toward & (away <= (_NEAR if solid else _FAR) * cell))
    if not len(pixels):
        return out
    offsets = disc_offsets(_AROUND * cell, _SAMPLES, _APART * cell)
    ratio, share = _explained(linear, garment, pixels, colors, offsets)
    ordinary = garment & (away > min(_FAR * cell, float(np.median(away[garment]))))
    least = _threshold(linear, garment, ordinary, toward, colors, offsets)
    linked = np.zeros(garment.shape, np.bool_)
    pixels.put(linked, (ratio > _SOLID_GAIN * least) & (share > _SOLID) if solid else ratio > least)
    pixels.put(out, share)
    radius = max(1, round(_BROAD * cell))
    broad = grown(cv2.erode(linked.view(np.uint8), _disc(radius)) > 0, 2 * radius)
    linked &= ~broad | (out > _SOLID)
    anchors = away <= _GAP * cell
    _, pieces = cv2.connectedComponents(grown(linked | anchors, 1).view(np.uint8), connectivity=8)
    touching = np.zeros(int(pieces.max()) + 1, np.bool_)
    touching[np.unique(pieces[anchors])] = True
    touching[0] = False
    out *= linked & touching[pieces]
    return out


def _foreign(linear: Floats, garment: Mask, colors: Floats) -> Floats:
    """The occluder's colours that the garment hardly has itself."""
    cloth = Pixels.of(garment).take(linear)
    cloth = cloth[:: max(1, len(cloth) // 2000)]
    kept = []
    for color in colors:
        noise = _GRAIN**2 * max(float(color.mean()), 0.01) + 1e-5
        kept.append((np.square(cloth - color).sum(axis=1) < 9 * noise).mean() < _OWN)
    return colors[kept]


def _disc(radius: int) -> npt.NDArray[np.uint8]:
    side = 2 * radius + 1
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)), np.uint8)


def _toward(linear: Floats, garment: Mask, colors: Floats, cell: float) -> Floats:
    """(h, w) float32: how far each pixel lies from the cloth's mean colour around it towards the occluder's."""
    side = 2 * int(_AROUND * cell / 2) + 1
    weight = garment.astype(np.float32)
    count = np.maximum(np.asarray(cv2.blur(weight, (side, side)), np.float32), np.float32(1e-3))
    mean = colors.mean(axis=0)
    along, length = (np.zeros(garment.shape, np.float32) for _ in range(2))
    for channel in range(3):
        plane = np.ascontiguousarray(linear[:, :, channel])
        cloth = np.asarray(cv2.blur(plane * weight, (side, side)), np.float32) / count
        step = mean[channel] - cloth
        along += (plane - cloth) * step
        length += step * step
    return np.asarray(along / np.maximum(length, np.float32(1e-6)), np.float32)


def _explained(
    linear: Floats, garment: Mask, pixels: Pixels, colors: Floats, offsets: Offsets
) -> tuple[Floats, Floats]:
    """(n,) how much better cloth and occluder together explain pixels than cloth alone, and the occluder's share."""
    cloth = garment.reshape(-1)
    own = planes(linear, pixels.where)
    places = list(pixels.neighbours(offsets))
    samples = [planes(linear, place) for place in places]
    valid = [
        (np.take(cloth, place) & ~_alike(sample, colors)).astype(np.float32)
        for place, sample in zip(places, samples, strict=True)
    ]
    count = np.maximum(np.sum(valid, axis=0), 1)
    mean = np.sum([sample * ok for sample, ok in zip(samples, valid, strict=True)], axis=0) / count
    spread = np.sum([dot(s - mean, s - mean) * ok for s, ok in zip(samples, valid, strict=True)], axis=0) / (3 * count)
    noise = _GRAIN**2 * np.maximum(own.mean(axis=0), 0.01) + 1e-5 + _TEXTURE**2 * spread
    sharp = np.asarray(-0.5 / noise, np.float32)
    alone, mixed, shares = (np.zeros(len(pixels), np.float32) for _ in range(3))
    for k, (sample, ok) in enumerate(zip(samples, valid, strict=True)):
        other = (k + len(samples) // 2) % len(samples)
        step = own - sample
        square = dot(step, step)
        # A little beyond both colours: folds are darker than any sample of them.
        rest, _, _ = _on_line(step, square, samples[other] - sample, -0.5, 1.0)
        alone += ok * valid[other] * np.exp(rest * sharp)
        for color in colors:
            rest, share, length = _on_line(step, square, color[:, None] - sample, 0.0, 1.15)
            weight = ok * ((share > _LEAST) & (length > 9 * noise)) * np.exp(rest * sharp)
            mixed += weight
            shares += weight * np.minimum(share, 1)
    shares /= np.maximum(mixed, np.float32(1e-9))
    mixed /= np.float32(len(colors)) * count
    alone /= count
    return (mixed + np.float32(_FLOOR)) / (alone + np.float32(_FLOOR)), shares


def _alike(samples: Planes, colors: Floats) -> Mask:
    """(n,) bool: samples that show the occluder itself."""
    out = np.zeros(samples.shape[1], np.bool_)
    for color in colors:
        step = samples - color[:, None]
        out |= dot(step, step) < np.float32(_PURE * (_GRAIN**2 * max(float(color.mean()), 0.01) + 1e-5))
    return out


def _on_line(step: Planes, square: Floats, line: Planes, low: float, high: float) -> tuple[Floats, Floats, Floats]:
    """(n,) squared distance of points from a line through the origin, where on it they fall, its squared length."""
    length = dot(line, line) + np.float32(1e-9)
    along = dot(step, line)
    at = np.clip(along / length, low, high)
    return (at * length - 2 * along) * at + square, at, length


def _threshold(linear: Floats, garment: Mask, ordinary: Mask, toward: Mask, colors: Floats, offsets: Offsets) -> float:
    """Ratio that only a small share of cloth far from the occluder reaches: patterned cloth asks for more."""
    count = np.count_nonzero(ordinary)
    places = np.flatnonzero(ordinary & toward)
    step = max(1, len(places) // _TRIES)
    tries = places[::step]
    allowed = int(_CHANCE * count / step)
    if allowed >= len(tries):
        return _SURE
    ratio, _ = _explained(linear, garment, Pixels(tries, garment.shape), colors, offsets)
    return max(_SURE, float(np.sort(ratio)[len(tries) - 1 - allowed]))
