"""Light and screens: neon glow, softness, scan lines, printed dots."""

from __future__ import annotations

import cv2
import numpy as np

from dressform.avatar.effects.noise import Floats, resized, soften, split, step
from dressform.avatar.render import bands
from dressform.avatar.scene import Effect

__all__ = ["blur", "glow", "halftone", "scanlines"]

_BLOCK = 1 << 15  # pixels worked on at once
_HUE = 0.8  # how far a halo goes towards the brightest colour of its hue
_HALOS = ((3.5, 0.55), (9.0, 0.50), (20.0, 1.0))  # width in units and strength; three widths end inside the margin


def glow(pixels: Floats, effect: Effect, scale: float) -> Floats:
    """Neon: a bright halo in the colours of the shapes around them, lines white-hot inside.

    The halo ends about 60 units away. What it lies on shines through, as far as straight alpha allows.
    """
    height, width = pixels.shape[:2]
    amount, own = np.float32(effect.amount), _multiplied(pixels)
    # The halo is smooth: half the resolution will do for it.
    less = 2 if _HALOS[0][0] * scale >= 2 else 1
    small = resized(own, (-(-height // less), -(-width // less)))
    most = np.maximum(small[..., :3].max(2), np.float32(1e-6))
    lit = small * cv2.pow(np.maximum(small[..., 3], most) / most, _HUE)[..., None]
    lit[..., 3] = small[..., 3]
    halo = np.zeros_like(lit)
    for sigma, strength in _HALOS:
        halo = cv2.scaleAdd(soften(lit, sigma * scale / less), strength, halo)
    reach = -np.expm1(np.float32(-1.1) * amount * halo[..., 3])
    halo *= (reach / np.maximum(halo[..., 3], np.float32(1e-6)))[..., None]
    halo = resized(halo, pixels.shape)
    # Lines, where the alpha around is much lower than at the place itself, are whitest; large areas stay.
    alpha = np.ascontiguousarray(pixels[..., 3])
    near, far = soften(alpha, 1.5 * scale), soften(alpha, 10 * scale)
    for rows in bands(height, width, _BLOCK):
        a, h = alpha[rows], halo[rows]
        both = a + h[..., 3] * (1 - a)
        per_alpha = 1 / np.maximum(both, np.float32(1e-6))
        hot = np.clip(near[rows] - np.float32(1.1) * far[rows], 0, 1) * (amount * np.float32(0.85))
        through = 1 - a
        colors, _ = split(own[rows])
        halos, _ = split(h)
        for c, light in zip(colors, halos, strict=True):
            c += (a - c) * hot
            c += light * (through + np.float32(0.25) * (a - c))
            np.minimum(c * per_alpha, 1, out=c)
        cv2.merge([*colors, np.minimum(both, 1)], own[rows])
    return own


def blur(pixels: Floats, effect: Effect, scale: float) -> Floats:
    """Softness: a Gaussian of up to 14 units."""
    return _straight(soften(_multiplied(pixels), 14 * effect.amount * scale))


def scanlines(pixels: Floats, effect: Effect, scale: float) -> Floats:
    """A cathode-ray screen: dark lines, red and blue a little apart, a slow change of brightness downwards.

    Alpha stays. Lines are at least three pixels apart, so that none vanish in small pictures.
    """
    height, width = pixels.shape[:2]
    amount, period = np.float32(effect.amount), max(6.0 * scale, 3.0)
    y = np.arange(height, dtype=np.float32) + np.float32(0.5)
    lines = np.float32(0.5) - np.float32(0.5) * np.cos(y * np.float32(2 * np.pi / period))
    shine = np.float32(0.05) * np.sin(y * np.float32(2 * np.pi / (420 * scale)) + effect.seed % 7)
    row = (1 + amount * (shine + np.float32(0.10) - np.float32(0.34) * (1 - lines) ** 2))[:, None]
    apart = min(round(2.2 * scale), width - 1)
    colors, alpha = split(pixels)
    planes = []
    for c, shift in zip(colors, (-apart, 0, apart), strict=True):
        # Only what lies beside on the layer itself is taken: nothing comes in from outside its shapes.
        near = np.float32(0.75) * amount * _aside(alpha, shift) if shift else np.float32(0)
        planes.append(np.clip((c + near * (_aside(c, shift) - c)) * row, 0, 1))
    return np.asarray(cv2.merge([*planes, alpha]), np.float32)


def _aside(plane: Floats, by: int) -> Floats:
    """A plane moved to the right, or to the left by less than 0; zeros come in."""
    moved = np.zeros_like(plane)
    width = plane.shape[1]
    moved[:, max(by, 0) : width + min(by, 0)] = plane[:, max(-by, 0) : width - max(by, 0)]
    return moved


def halftone(pixels: Floats, effect: Effect, scale: float) -> Floats:
    """Printed dots at 45 degrees, larger where it is darker and towards the lower right. Alpha stays.

    Dots are a darker tone of the colour, what is between them a lighter one. They are at least four pixels apart.
    """
    height, width = pixels.shape[:2]
    amount, period = np.float32(effect.amount), max(11.0 * scale, 4.0)
    turn = np.float32(np.pi / period * np.sqrt(2))
    x, y = np.arange(width, dtype=np.float32)[None], np.arange(height, dtype=np.float32)[:, None]
    # cos(a + b) + cos(a - b) = 2 cos a cos b: a screen at 45 degrees is a product of rows and columns.
    across, down = np.cos(x * turn), np.cos(y * turn)
    edge = turn * np.float32(0.75)
    out = np.empty_like(pixels)
    for rows in bands(height, width, _BLOCK):
        dark = 1 - cv2.cvtColor(pixels[rows], cv2.COLOR_RGBA2GRAY).reshape(-1, width)
        place = (x / max(width, 2) + y[rows] / max(height, 2)) / 2 - np.float32(0.45)
        share = np.clip(np.float32(0.75) * dark + np.float32(0.5) * place, 0.02, 0.95)
        level = 1 - 2 * share  # of the screen, -1..1; about ``share`` of it lies above
        dots = step(across * down[rows], level - edge, level + edge)
        kept, lift = 1 - np.float32(0.42) * amount * dots, np.float32(0.5) * amount * (1 - dots) * share
        kept -= lift  # c kept + lift (1 - c)
        colors, alpha = split(pixels[rows])
        cv2.merge([*(np.clip(c * kept + lift, 0, 1) for c in colors), alpha], out[rows])
    return out


def _multiplied(pixels: Floats) -> Floats:
    """A copy with the colours times alpha."""
    out = np.empty_like(pixels)
    for rows in bands(pixels.shape[0], pixels.shape[1], _BLOCK):
        colors, alpha = split(pixels[rows])
        cv2.merge([*(c * alpha for c in colors), alpha], out[rows])
    return out


def _straight(pixels: Floats) -> Floats:
    """Colours divided by alpha; nothing outside 0..1."""
    out = np.empty_like(pixels)
    for rows in bands(pixels.shape[0], pixels.shape[1], _BLOCK):
        colors, alpha = split(pixels[rows])
        per_alpha = 1 / np.maximum(alpha, np.float32(1e-6))
        cv2.merge([*(np.minimum(c * per_alpha, 1) for c in colors), np.minimum(alpha, 1)], out[rows])
    return out
