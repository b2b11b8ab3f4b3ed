"""A garment photo's own broad light taken out, so that it is not added to the light of the person's photo.

Land and McCann's split into slow illumination and sharp reflectance ("Lightness and Retinex theory", JOSA 1971), with
the illumination a cubic surface in the logarithm (as vignetting is corrected) that is common to all inks of the cloth:
inks have their own brightness, and only what all of them share is light.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import OptionError
from dressform.tryon.light import luminance

__all__ = ["broad_light", "delight"]

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_SAMPLES = 6000
_ROUNDS = 6
_BINS = 5  # of each log chromaticity; light of one colour doesn't move a pixel from bin to bin
_BIN = 0.35  # their width
_LEVEL = 0.5  # log luminance between inks of one chromaticity
_MOST = 0.7  # log luminance that broad light may differ from its mean, either way
_RIDGE = 0.02


def delight(linear: Floats, alpha: Floats, *, strength: float = 0.6) -> Floats:
    """Divide by a share of the broad light.

    Args:
        linear: (h, w, 3) float32 linear light.
        alpha: (h, w) float32 0..1, coverage of the garment.
        strength: 0 leaves the picture alone, 1 takes out all that is found; folds and weave always stay.

    Returns:
        (h, w, 3) float32 of the same mean luminance where ``alpha`` is above one half; clipped at 1.

    Raises:
        OptionError: ``strength`` outside 0..1.
    """
    if not 0 <= strength <= 1:
        raise OptionError("bad strength of delighting", got=strength, allowed="0 to 1")
    mask = alpha > 0.5
    if strength == 0 or not mask.any():
        return linear
    light = broad_light(linear, mask)
    gain = np.exp(-np.float32(strength) * light)
    before, y = float(luminance(linear[mask]).mean(dtype=np.float64)), luminance(linear)
    after = float((y[mask] * gain[mask]).mean(dtype=np.float64))
    gain *= np.float32(before / max(after, 1e-9))
    return np.asarray(np.minimum(linear * gain[:, :, None], np.float32(1)), np.float32)


def broad_light(linear: Floats, mask: Mask) -> Floats:
    """(h, w) float32: log of the broad light, 0 in the mean over the mask, within ±0.7.

    Args:
        linear: (h, w, 3) float32 linear light.
        mask: (h, w) bool, not empty.
    """
    h, w = mask.shape
    where = np.flatnonzero(mask.reshape(-1))
    y, x = np.divmod(where, w)
    middle, half = _frame(x, y)
    taken = where[:: max(1, len(where) // _SAMPLES)]
    ty, tx = np.divmod(taken, w)
    basis = _cubic((tx - middle[0]) / half, (ty - middle[1]) / half)
    rgb = linear.reshape(-1, 3)[taken].astype(np.float64) + 2e-3
    logs = np.log(rgb)
    brightness = logs @ [0.2126, 0.7152, 0.0722]
    hue = np.clip(np.rint((logs[:, [0, 2]] - logs[:, 1:2]) / _BIN), -(_BINS // 2), _BINS // 2).astype(np.int64)
    hue_code = hue[:, 0] * 16 + hue[:, 1]
    surface = np.zeros(len(taken))
    for _ in range(_ROUNDS):
        surface = _fit(basis, brightness, _inks(hue_code, brightness - surface))
    coefficients = _fit_coefficients(basis, brightness, _inks(hue_code, brightness - surface))
    step = max(1, round(np.sqrt(h * w / 20000)))
    gy, gx = np.mgrid[0 : h + step : step, 0 : w + step : step]
    shape = gx.shape
    grid = _cubic(((gx - middle[0]) / half).reshape(-1), ((gy - middle[1]) / half).reshape(-1))
    coarse = np.clip((grid * coefficients).sum(1) - float(surface.mean()), -_MOST, _MOST)
    # Node k lies at pixel k · step.
    ay, ax = np.arange(h, dtype=np.float32) / step, np.arange(w, dtype=np.float32) / step
    at_x, at_y = np.meshgrid(ax, ay)
    return np.asarray(cv2.remap(coarse.reshape(shape).astype(np.float32), at_x, at_y, cv2.INTER_LINEAR), np.float32)


def _frame(x: Ints, y: Ints) -> tuple[tuple[float, float], float]:
    middle = (float(x.min() + x.max()) / 2, float(y.min() + y.max()) / 2)
    return middle, max(float(np.ptp(x)), float(np.ptp(y)), 1.0) / 2


def _cubic(x: Doubles, y: Doubles) -> Doubles:
    """(n, 9): the monomials of x and y up to the third degree, without the constant; x and y are held to ±1.1."""
    x, y = np.clip(x, -1.1, 1.1), np.clip(y, -1.1, 1.1)
    return np.stack([x, y, x * x, x * y, y * y, x**3, x * x * y, x * y * y, y**3], axis=1)


def _inks(hue: Ints, brightness: Doubles) -> Ints:
    """(n,) number of each pixel's ink: its chromaticity and, within one, its level of brightness."""
    level = np.rint((brightness - np.median(brightness)) / _LEVEL).astype(np.int64)
    _, number = np.unique(hue * 64 + level, return_inverse=True)
    return np.asarray(number.reshape(-1), np.int64)


def _fit(basis: Doubles, values: Doubles, ink: Ints) -> Doubles:
    return np.asarray((basis * _fit_coefficients(basis, values, ink)).sum(1), np.float64)


def _fit_coefficients(basis: Doubles, values: Doubles, ink: Ints) -> Doubles:
    """Coefficients of the surface that explains the values best when every ink may have a mean of its own."""
    count = np.bincount(ink).astype(np.float64)
    rest = values - (np.bincount(ink, values) / count)[ink]
    design = np.stack([c - (np.bincount(ink, c) / count)[ink] for c in basis.T], axis=1)
    weight = np.ones(len(values))
    out = np.zeros(basis.shape[1])
    for _ in range(3):  # folds and creases count less: iteratively reweighted least squares
        weighted = design * weight[:, None]
        normal = np.einsum("ni,nj->ij", weighted, design) + _RIDGE * len(values) * np.diag(
            np.square(design).mean(0) + 1e-6
        )
        out = np.linalg.solve(normal, np.einsum("ni,n->i", weighted, rest))
        off = np.abs(rest - (design * out).sum(1))
        weight = 1 / (1 + np.square(off / 0.15))
    return out
