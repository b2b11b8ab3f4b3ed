"""Paper, grain and graphite: what a drawing's ground does to what is put on it."""

from __future__ import annotations

import cv2
import numpy as np

from dressform.avatar.effects.noise import Floats, clouds, hatched, soften, split, step
from dressform.avatar.render import bands
from dressform.avatar.scene import Effect

__all__ = ["grain", "paper", "pencil"]

_BLOCK = 1 << 15  # pixels worked on at once
_FIBRES = 260  # on a square of 1000 units
_HAND = -52.0  # degrees; the way a right hand shades


def paper(pixels: Floats, effect: Effect, scale: float) -> Floats:
    """Cold-pressed paper: bumps lit from the upper left, a faint unevenness of the sheet, fibres. Alpha stays."""
    shape, seed = pixels.shape, effect.seed * 16 + 8
    shift = max(1, round(1.2 * scale))
    bumps = clouds((shape[0] + shift, shape[1] + shift), 6 * scale, seed, octaves=3)
    shade = bumps[shift:, shift:] - bumps[:-shift, :-shift]  # the slope towards the light
    shade *= np.float32(0.010 / max(0.2, float(shade[::4, ::4].std())))
    sheet, fibres = clouds(shape, 300 * scale, seed + 1, octaves=2), _fibres(shape, scale, seed + 2)
    out = np.empty_like(pixels)
    for rows in bands(shape[0], shape[1], _BLOCK):
        share = np.clip(shade[rows], -0.035, 0.025) + sheet[rows] * np.float32(0.008) + fibres[rows]
        share = 1 + np.float32(effect.amount) * share
        colors, alpha = split(pixels[rows])
        cv2.merge([*(np.minimum(c * share, 1) for c in colors), alpha], out[rows])
    return out


def _fibres(shape: tuple[int, ...], scale: float, seed: int) -> Floats:
    """Short curved hairs, most darker than the sheet and some lighter, about -0.05..0.03."""
    x, y, turn, bend, length, tone = np.random.default_rng(seed % 2**63).random((6, _FIBRES))
    t = np.linspace(-1, 1, 7)[:, None]
    reach = (8 + 26 * length**2) * scale
    along, aside = t * reach / 2, (bend - 0.5) * reach * 0.7 * t * t
    c, s = np.cos(2 * np.pi * turn), np.sin(2 * np.pi * turn)
    hairs = np.stack([along * c - aside * s, along * s + aside * c], 2).transpose(1, 0, 2)
    # Four tones; the pattern goes on every thousand units.
    dark = np.rint((0.4 + 0.6 * length) * 4).astype(int) * np.where(tone > 0.7, 15, -22)
    plane = np.full(shape[:2], 128, np.uint8)
    every, thick = 1000 * scale, max(1, round(0.9 * scale))
    for dx in np.arange(0, shape[1] + 34 * scale, every).tolist():
        for dy in np.arange(0, shape[0] + 34 * scale, every).tolist():
            at = np.stack([x * every + dx, y * every + dy], 1)
            seen = (at < [shape[1] + 17 * scale, shape[0] + 17 * scale]).all(1)
            for value in np.unique(dark[seen]).tolist():
                some = hairs[seen & (dark == value)] + at[seen & (dark == value)][:, None]
                lines = list(np.rint(some * 16).astype(np.int32))
                cv2.polylines(plane, lines, False, 128 + value, thick, cv2.LINE_AA, 4)
    faint = 0.05 / 90 * min(1, 0.35 + scale / 2)  # in small pictures hairs are wider than they should be
    return np.asarray((plane.astype(np.float32) - 128) * np.float32(faint))


def grain(pixels: Floats, effect: Effect, scale: float) -> Floats:
    """Fine even noise, strongest in the middle tones. Alpha stays."""
    noise = clouds(pixels.shape, 2.0 * scale, effect.seed * 16 + 11, octaves=2)
    light = cv2.cvtColor(pixels, cv2.COLOR_RGBA2GRAY)
    out = np.empty_like(pixels)
    for rows in bands(pixels.shape[0], pixels.shape[1], _BLOCK):
        tone = np.float32(0.35) + np.float32(2.6) * light[rows] * (1 - light[rows])
        more = noise[rows] * tone * np.float32(0.045 * effect.amount)
        colors, alpha = split(pixels[rows])
        cv2.merge([*(np.clip(c + more, 0, 1) for c in colors), alpha], out[rows])
    return out


def pencil(pixels: Floats, effect: Effect, scale: float) -> Floats:
    """Graphite or crayon: the paper's tooth takes it up in grains, strokes of the hand lie side by side.

    Fills become strokes of a darker and a lighter tone of theirs and let a little through; lines and edges break up,
    so that their alpha varies most. Alpha never grows.
    """
    shape, seed, amount = pixels.shape, effect.seed * 16 + 12, np.float32(effect.amount)
    grains = clouds(shape, 2.6 * scale, seed, octaves=2)
    strokes = hatched(shape, 4.6 * scale, 130 * scale, _HAND, seed + 1)
    fine = hatched(shape, 2.4 * scale, 70 * scale, _HAND - 6, seed + 2)
    pressure = clouds(shape, 150 * scale, seed + 3, octaves=2)
    darkness = 1 - cv2.cvtColor(pixels, cv2.COLOR_RGBA2GRAY)
    around = soften(np.ascontiguousarray(pixels[..., 3]), 9 * scale)
    out = np.empty_like(pixels)
    for rows in bands(shape[0], shape[1], _BLOCK):
        tooth, dark = grains[rows], darkness[rows]
        stroke = np.float32(0.7) * strokes[rows] + np.float32(0.6) * fine[rows]
        # How much graphite is taken up, 0..1: more where it is dark, the hand presses and the tooth stands out.
        wanted = np.float32(0.6) * (tooth + stroke) + np.float32(0.25) * pressure[rows]
        taken = step(wanted, np.float32(-1.3) * dark - np.float32(1.2), np.float32(1.7) - dark)
        inner = step(around[rows], 0.45, 0.97)  # 1 inside fills, lower at their edges and on lines
        lift = amount * np.float32(0.62) * (1 - taken) * (np.float32(0.08) + np.float32(0.92) * inner)
        kept = 1 - amount * taken * (np.float32(0.02) + np.float32(0.36) * dark)
        kept *= 1 - lift  # (1 - lift) c + lift, with c the colour times what is kept of it
        colors, alpha = split(pixels[rows])
        rough = step(np.float32(0.9) * tooth + np.float32(0.3) * stroke, -1.7, 0.5)
        gone = inner * (1 - taken) * np.float32(0.15) + (1 - inner) * (1 - rough) * np.float32(0.7)
        cv2.merge([*(np.clip(c * kept + lift, 0, 1) for c in colors), alpha * (1 - amount * gone)], out[rows])
    return out
