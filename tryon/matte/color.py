"""The garment's own colour at its border, where pixels show a mixture of it and of what lies behind or in front.

After Chuang, Curless, Salesin, Szeliski, "A Bayesian approach to digital matting", CVPR 2001, with means and
variances of both sides that are diffused from where they are seen pure.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.gather import Pixels
from dressform.tryon.light import luminance
from dressform.tryon.pull_push import enlarged_at, pull_push, reduced

__all__ = ["border_colors", "foreground"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_FAINT = np.float32(1e-3)  # squared linear light: tints no stronger than that don't count
_MOST_BLEED = np.float32(0.6)  # of the whole tint
_NEAR = 5  # cells, the side of a square in which its colour is thought to vary as it does at the border
_CELLS = 400_000  # on which the sides' colours are diffused
_GRAIN = np.float32(3e-5)  # variance of linear light that no side explains, at full light


def foreground(linear: Floats, alpha: Floats, mask: Mask | None = None) -> Floats:
    """Colour of the garment alone.

    A composite ``linear + alpha * (new - foreground)`` then has no old colour left at the border, and what lies behind
    need not be known.

    Args:
        linear: (h, w, 3) float32 linear light of the photo.
        alpha: (h, w) float32 0..1, coverage by the garment.
        mask: (h, w) bool, pixels whose colour may be taken for the garment's where ``alpha`` says so; None: all.

    Returns:
        (h, w, 3) float32: ``linear`` where ``alpha`` is 0 or 1; the colour of the garment's share in between, as far
        as the colours on both sides tell. Where the photo has more of the garment's tint than of the garment, this
        takes the surplus along and may lie outside 0..1.
    """
    soft = (alpha > 0) & (alpha < 1)
    out = linear.copy()
    out[soft] = border_colors(linear, alpha, mask)
    return out


def border_colors(linear: Floats, alpha: Floats, mask: Mask | None = None) -> Floats:
    """(n, 3) float32: what :func:`foreground` gives where ``alpha`` is neither 0 nor 1, row by row."""
    full, none = alpha >= 1, alpha <= 0
    pixels = Pixels.of(~(full | none))
    here = pixels.take(linear)
    if not len(pixels):
        return here
    inside = full if mask is None else full & mask
    if not inside.any():
        inside = alpha >= alpha.max()
    share = pixels.take(alpha)[:, None]
    garment, unsure = _side(linear, inside, pixels)
    if none.any():
        behind, vague = _side(linear, none, pixels)
    else:
        behind, vague = here, np.ones_like(unsure)
    left = np.asarray(here - share * garment - (1 - share) * behind, np.float32)
    bleed = _bleed(left, np.asarray(garment - behind, np.float32))
    left -= bleed
    noise = _GRAIN * np.maximum(here.mean(axis=1, keepdims=True), np.float32(0.02))
    spread = share * share * unsure + noise  # grain goes with the garment: new cloth brings its own
    left *= spread / (share * (spread + (1 - share) ** 2 * vague))
    garment += left
    np.maximum(garment, 0, out=garment)
    garment += bleed / share
    return garment


def _bleed(left: Floats, step: Floats) -> Floats:
    """(n, 3): the part of what is unexplained that is the garment's tint on pixels that are less garment than that.

    JPEG and video store colour at half the resolution of brightness, so tints reach further than edges do.

    Args:
        left: (n, 3) light that the two sides, mixed, don't explain.
        step: (n, 3) the garment's colour less that of what is behind it.
    """
    tint, other = (colors - luminance(colors)[:, None] for colors in (step, left))
    strength = np.einsum("nc,nc->n", tint, tint)
    along = np.einsum("nc,nc->n", tint, other) / (strength + _FAINT)
    return np.asarray(tint * np.clip(along, 0, _MOST_BLEED)[:, None], np.float32)


def _side(linear: Floats, known: Mask, pixels: Pixels) -> tuple[Floats, Floats]:
    """(n, 3) mean and (n, 1) variance of the colour that one side has near the pixels."""
    factor = 2
    while known.size > _CELLS * factor * factor:
        factor *= 2
    color, trust = reduced(linear, known, factor)
    side = (_NEAR, _NEAR)
    count = np.maximum(np.asarray(cv2.blur(trust, side), np.float32), np.float32(1e-6))
    mean = np.asarray(cv2.blur(color * trust[:, :, None], side), np.float32)
    mean /= count[:, :, None]
    mean -= color
    square = np.einsum("hwc,hwc->hw", mean, mean)
    near = enlarged_at(pull_push(np.dstack([color, square]), trust), pixels, factor)
    return near[:, :3], np.maximum(near[:, 3:], np.float32(1e-5))
