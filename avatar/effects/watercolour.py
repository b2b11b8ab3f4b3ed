"""Watercolour: pigment that runs and settles unevenly, and gathers where a wash ends.

Density of pigment after Bousseau, Kaplan, Thollot and Sillion, "Interactive watercolor rendering with temporal
coherence and abstraction", 2006; what water does to it after Curtis et al., "Computer-generated watercolor", 1997.
"""

from __future__ import annotations

import cv2
import numpy as np

from dressform.avatar.effects.noise import Floats, clouds, soften, split, step
from dressform.avatar.render import bands
from dressform.avatar.scene import Effect

__all__ = ["edge_dark", "wash"]

_BLOCK = 1 << 15  # pixels worked on at once
_ONE = np.float32(1)


def wash(pixels: Floats, effect: Effect, scale: float) -> Floats:
    """Pigment: pools and thin places, backruns with crinkled dark rims, grains in the paper's hollows.

    Colours change, their mean hardly does, alpha stays. Black and white change least.
    """
    seed, shape = effect.seed * 16, pixels.shape
    pools = clouds(shape, 260 * scale, seed, octaves=3)
    runs = clouds(shape, 230 * scale, seed + 1, octaves=6)
    tooth = clouds(shape, 3.4 * scale, seed + 2, octaves=2)
    warmth = clouds(shape, 190 * scale, seed + 3)
    some = (slice(None, None, 8), slice(None, None, 8))
    weight = pixels[some][..., 3]
    mean = (_pooled(pixels[some], pools[some], runs[some]) * weight).sum() / max(float(weight.sum()), 1e-6)
    out = np.empty_like(pixels)
    for rows in bands(shape[0], shape[1], _BLOCK):
        density = _pooled(pixels[rows], pools[rows], runs[rows]) - np.float32(mean)
        density += np.float32(0.075) * tooth[rows] * np.clip(1 + 2 * density, 0.3, 1.7)
        warm = warmth[rows] * np.float32(0.035)
        _pigmented(pixels[rows], (density - warm, density, density + warm), effect.amount, out[rows])
    return out


def _pooled(pixels: Floats, pools: Floats, runs: Floats) -> Floats:
    """Density of what water has moved, about -0.6..0.6.

    A backrun is where one noise passes a level: it thins what is beyond and leaves the pigment at its crinkled rim.
    Light colours hardly show one, and on skin it would be a stain.
    """
    beyond = runs - _ONE
    inside = step(beyond, -0.01, 0.09)
    rim = step(beyond, -0.35, 0.0)
    run = np.float32(0.24) * rim * rim * (1 - inside)
    # Thinnest just inside the rim: 1 / (1 + x)^3 falls off like an exponential and costs less.
    away = 1 / (1 + np.float32(0.9) * np.maximum(beyond, 0))
    run -= np.float32(0.34) * inside * away * away * away
    light = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGBA2GRAY).reshape(runs.shape)
    return np.asarray(pools * np.float32(0.22) + run * np.clip(np.float32(1.5) - np.float32(1.7) * light, 0, 1))


def edge_dark(pixels: Floats, effect: Effect, scale: float) -> Floats:
    """Edges of a wash: pigment gathers in a thin dark line where alpha falls, uneven, with a paler strip inside it.

    Alpha is worn off a little at the very edge; it never grows.
    """
    seed, alpha = effect.seed * 16 + 5, np.ascontiguousarray(pixels[..., 3])
    width = max(2.6 * scale, 1.0)
    near, soft, far = soften(alpha, 1.5 * scale), soften(alpha, width), soften(alpha, 10 * scale)
    # Worn where the blurred alpha is below a level that wanders, relative to its surroundings so that thin lines stay.
    reach = max(1, round(4 * scale))
    gentle = min(0.5, max(0.12, 0.3 / width))  # so that an edge stays smooth in small pictures too
    most = cv2.dilate(soft, np.ones((2 * reach + 1, 2 * reach + 1), np.uint8))
    uneven = clouds(alpha.shape, 70 * scale, seed, octaves=3)
    ragged = clouds(alpha.shape, 22 * scale, seed + 1, octaves=3)
    out = np.empty_like(pixels)
    for rows in bands(alpha.shape[0], alpha.shape[1], _BLOCK):
        if not alpha[rows].any():
            out[rows] = pixels[rows]
            continue
        density = np.minimum(2 - 2 * near[rows], 1) * np.clip(0.95 + 0.5 * uneven[rows], 0.15, 1.7)
        density += np.minimum(2 - 2 * far[rows], 1) * np.clip(0.12 + 0.22 * uneven[rows], -0.2, 0.6)
        _pigmented(pixels[rows], (density,), effect.amount, out[rows])
        level = np.clip(np.float32(0.52) + np.float32(0.15) * ragged[rows], 0.2, 0.8)
        share = soft[rows] / np.maximum(most[rows], np.float32(1e-3))
        worn = 1 - step(share, level - gentle, level + gentle)
        out[rows, :, 3] = alpha[rows] * (1 - np.float32(effect.amount) * worn)
    return out


def _pigmented(pixels: Floats, density: tuple[Floats, ...], amount: float, out: Floats) -> None:
    """Puts more pigment where ``density`` is above 0 and less where it is below; one plane, or one for each channel.

    C' = C (1 - (1 - C) (d - 1)) of Bousseau et al., d - 1 being the density; besides, thin pigment lets the paper
    through, which that formula does too little of in dark colours.
    """
    colors, alpha = split(pixels)
    changed = []
    for k, c in enumerate(colors):
        d = density[k % len(density)] * np.float32(amount)
        more = c * (1 - (1 - c) * d)
        more += np.clip(d, -1, 0) * np.float32(0.30) * (more - 1)
        changed.append(np.clip(more, 0, 1, out=more))
    cv2.merge([*changed, alpha], out)
