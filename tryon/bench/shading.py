"""How well the light on a cloth is told from its inks, measured on drawn garments whose light is known.

The light found is laid on a new cloth with checks in two colours, as a swap does, and compared with the true light.
Both are 1 at the 95th percentile of the garment.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.bench.truth import KINDS, Truth, linear, make_truth
from dressform.tryon.shading.estimate import estimate_shading, relight

__all__ = [
    "PRINTED", "ShadingScore", "checks", "core", "delta_e", "fold_correlation", "ghost_steps", "lit", "measure_light",
    "measure_shading", "print_residual",
]  # fmt: skip

Floats = npt.NDArray[np.float32]
Doubles = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

PRINTED = ("print", "stripes", "mono")
"""Kinds of old cloth with more than one ink."""
_FINE, _COARSE = 1.5, 40.0  # standard deviations in pixels between which a fold is
_REACH = 3  # pixels from a border of inks at which both sides are read
_ENOUGH = 0.05  # share of all border pixels that two inks have between them, to say something
_CHECK = 16  # pixels


@dataclass(frozen=True)
class ShadingScore:
    """Figures of one kind of old cloth at one quality of JPEG, the worst of several scenes.

    Attributes:
        kind: Of :data:`~dressform.tryon.bench.truth.KINDS`.
        quality: Of the JPEG.
        folds: Correlation of the logarithm of the light with the true one, between 1.5 and 40 pixels.
        delta_e, delta_e_p95: ΔE76 of the new cloth to the ideal picture, mean and 95th percentile.
        ghost: Largest mean step of the light over the borders of two old inks, beyond the true one, as a share.
        residual: Largest correlation of the light's error, of its logarithm, with the place of an old ink.
        left: Largest amplitude of an old ink in the light, as a share of the amplitude of folds.
    """

    kind: str
    quality: int
    folds: float
    delta_e: float
    delta_e_p95: float
    ghost: float
    residual: float
    left: float


def measure_shading(
    kinds: Iterable[str] = KINDS, qualities: Iterable[int] = (90, 75), seeds: Iterable[int] = (0, 1, 2), *,
    height: int = 640,
) -> tuple[ShadingScore, ...]:  # fmt: skip
    """Estimate the light of drawn garments.

    Args:
        kinds: Old cloths.
        qualities: Of the JPEG that the photo went through.
        seeds: Scenes drawn of each.
        height: Of the photos, in pixels.

    Returns:
        One score for each kind and quality.
    """
    numbers = tuple(seeds)
    levels = tuple(qualities)
    found = []
    for kind in kinds:
        for quality in levels:
            scores = []
            for seed in numbers:
                truth = make_truth(kind, height=height, seed=seed, quality=quality)
                light = relight(estimate_shading(linear(truth.photo), truth.mask))
                scores.append(measure_light(light, truth, kind, quality))
            found.append(
                ShadingScore(
                    kind,
                    quality,
                    min(score.folds for score in scores),
                    max(score.delta_e for score in scores),
                    max(score.delta_e_p95 for score in scores),
                    max(score.ghost for score in scores),
                    max(score.residual for score in scores),
                    max(score.left for score in scores),
                )
            )
    return tuple(found)


def measure_light(light: Floats, truth: Truth, kind: str = "", quality: int = 0) -> ShadingScore:
    """Figures of (h, w) float32 light found on one scene; ``kind`` and ``quality`` are only noted."""
    at, new = core(truth.mask), checks(truth.mask.shape)
    error = delta_e(new * light[:, :, None], new * lit(truth)[:, :, None])[at]
    steps = [abs(step) for step in ghost_steps(light, truth, at).values()]
    residual, left = print_residual(light, truth, at)
    mean, p95 = float(error.mean()), float(np.percentile(error, 95))
    return ShadingScore(
        kind, quality, fold_correlation(light, truth, at), mean, p95, max(steps, default=0.0), residual, left
    )


def core(mask: Mask) -> Mask:
    """The mask without the pixels that are partly background."""
    return cv2.erode(mask.view(np.uint8), np.ones((5, 5), np.uint8)).view(np.bool_)


def lit(truth: Truth) -> Floats:
    """The true light, 1 where the cloth is fully lit."""
    return np.asarray(truth.shade / np.percentile(truth.shade[truth.mask], 95), np.float32)


def checks(shape: tuple[int, ...]) -> Floats:
    """(h, w, 3) linear RGB of a new cloth with checks in two colours."""
    y, x = np.mgrid[: shape[0], : shape[1]] // _CHECK
    return np.where(((y + x) % 2)[:, :, None], (0.7, 0.55, 0.2), (0.1, 0.3, 0.5)).astype(np.float32)


def delta_e(one: npt.NDArray[np.floating[Any]], other: npt.NDArray[np.floating[Any]]) -> Doubles:
    """ΔE76 (D65) of two pictures in linear light, clipped to 0..1."""
    return np.asarray(np.linalg.norm(_lab(one) - _lab(other), axis=-1), np.float64)


def _lab(light: npt.NDArray[np.floating[Any]]) -> Doubles:
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = np.clip(np.asarray(light, np.float64), 0, 1) @ to_xyz.T / to_xyz.sum(1)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


def _band(log_light: npt.NDArray[np.floating[Any]], mask: Mask) -> Doubles:
    """The mask's pixels of a log light between two scales; nothing from outside the mask enters."""
    weight = mask.astype(np.float64)
    inside = np.where(mask, log_light, 0.0)

    def blur(sigma: float) -> Doubles:
        total = np.maximum(cv2.GaussianBlur(weight, (0, 0), sigma), 1e-6)
        return np.asarray(cv2.GaussianBlur(inside, (0, 0), sigma) / total, np.float64)

    return (blur(_FINE) - blur(_COARSE))[mask]


def _log(light: Floats) -> Floats:
    return np.log(np.maximum(light, np.float32(1e-4)))


def fold_correlation(light: Floats, truth: Truth, mask: Mask) -> float:
    """How well the folds of a light agree with the true ones."""
    return float(np.corrcoef(_band(_log(light), mask), _band(_log(truth.shade), mask))[0, 1])


def print_residual(light: Floats, truth: Truth, mask: Mask) -> tuple[float, float]:
    """What is left of the old inks: the largest correlation with one, and its amplitude as a share of that of folds.

    The correlation is that of the error's logarithm with where the ink is. It says how much of the error is print, even
    where there is hardly an error; the amplitude, between the scales of folds, says how much of the picture is.
    """
    error = (_log(light) - _log(truth.shade))[mask]
    seen = _band(_log(light), mask)
    wrong = seen - _band(_log(truth.shade), mask)
    residual, left = 0.0, 0.0
    for k in range(len(truth.inks) if len(truth.inks) > 1 else 0):
        ink = truth.labels == k
        residual = max(residual, abs(float(np.corrcoef(error, ink[mask])[0, 1])))
        place = _band(ink.astype(np.float64), mask)
        left = max(left, abs(float((wrong * place).mean())) / float(place.std() * seen.std()))
    return residual, left


def ghost_steps(light: Floats, truth: Truth, mask: Mask) -> dict[tuple[int, int], float]:
    """Mean step of log ``light`` / truth from one ink to another, of each pair with a twentieth of all borders."""
    error = _log(light) - _log(truth.shade)
    steps: dict[tuple[int, int], list[npt.NDArray[np.float32]]] = {}
    for e, n, m in ((error, truth.labels, mask), (error.T, truth.labels.T, mask.T)):
        y, x = np.nonzero(n[:, _REACH : -_REACH - 1] != n[:, _REACH + 1 : -_REACH])
        x += _REACH
        left, right = x - _REACH + 1, x + _REACH
        inside = m[y, left] & m[y, right]
        jump = e[y, right] - e[y, left]
        for a in range(len(truth.inks)):
            for b in range(a):
                for one, other, sign in ((a, b, -1), (b, a, 1)):
                    at = inside & (n[y, left] == one) & (n[y, right] == other)
                    steps.setdefault((b, a), []).append(sign * jump[at])
    jumps = {pair: np.concatenate(found) for pair, found in steps.items()}
    enough = max(_ENOUGH * sum(map(len, jumps.values())), 1)
    return {pair: float(found.mean()) for pair, found in jumps.items() if len(found) >= enough}
