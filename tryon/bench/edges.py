"""How clean the borders of a swapped garment are, measured on drawn truth."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.parsing.windows import window_slices
from dressform.tryon.bench.edge_scenes import CLOTHS, EdgeScene, draw_edges
from dressform.tryon.compose import Edit, compose
from dressform.tryon.gather import distance
from dressform.tryon.light import to_linear
from dressform.tryon.matte.alpha import firm_protect, garment_alpha
from dressform.tryon.matte.color import foreground
from dressform.tryon.shape.regions import find_region

__all__ = ["EdgeScore", "measure_edges", "measure_scene"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_HALF = 1.5  # px to either side of the true border: a band 3 px wide
_FAR, _WRONG = 3.0, 0.25  # px from the border from which an error of so much coverage counts as astray


@dataclass(frozen=True)
class EdgeScore:
    """Figures of one scene, or means of several.

    Attributes:
        cloth: The old cloth, or "mean".
        delta_e: Mean ΔE76 to the ideal picture in the 3 px about the true border, strands and fingers included.
        old_left: Share of the old colour that is left in those pixels.
        alpha_error: Mean absolute error of the coverage in those pixels.
        given: The same ΔE76 if the coverage were known exactly.
        astray: Share of the pixels further than 3 px from the border whose coverage is wrong by a quarter or more.
    """

    cloth: str
    delta_e: float
    old_left: float
    alpha_error: float
    given: float
    astray: float


def measure_edges(cloths: Iterable[str] = tuple(CLOTHS), seeds: Iterable[int] = (0, 1)) -> tuple[EdgeScore, ...]:
    """Swap drawn garments for ones of a very different colour.

    Args:
        cloths: Of :data:`~dressform.tryon.bench.edge_scenes.CLOTHS`.
        seeds: Scenes drawn of each.

    Returns:
        One score for each cloth, the mean over its scenes, and at last the mean over all of them.
    """
    numbers = tuple(seeds)
    scores = [_mean(cloth, [measure_scene(draw_edges(cloth, seed), cloth) for seed in numbers]) for cloth in cloths]
    return (*scores, _mean("mean", scores))


def measure_scene(scene: EdgeScene, cloth: str = "") -> EdgeScore:
    """Swap the garment of one scene; light and new colour are the true ones, so that only the border is judged."""
    region = find_region(scene.person, "upper")
    at = window_slices(region.window)
    photo = np.ascontiguousarray(scene.photo[at])
    kept = firm_protect(region, scene.person)
    alpha = garment_alpha(photo, region, scene.person, protect=kept)
    old = foreground(to_linear(photo), alpha, region.mask)
    whole = np.zeros(scene.alpha.shape, np.float32)
    whole[at] = alpha
    out = compose(scene.photo, [Edit(region.window, alpha, old, scene.new[at], kept)])
    border = np.maximum(distance(scene.alpha >= 0.5), distance(scene.alpha < 0.5)) - 0.5
    band = border <= _HALF
    pure = foreground(to_linear(photo), scene.alpha[at])
    best = compose(scene.photo, [Edit(region.window, scene.alpha[at], pure, scene.new[at])])
    result = to_linear(np.asarray(out.pixels))
    error = np.abs(whole - scene.alpha)
    return EdgeScore(
        cloth,
        _delta_e(result[band], scene.wanted[band]),
        _old_left(result[band] - scene.wanted[band], (scene.old - scene.new)[band]),
        float(error[band].mean()),
        _delta_e(to_linear(np.asarray(best.pixels))[band], scene.wanted[band]),
        float((error >= _WRONG)[border > _FAR].mean()),
    )


def _mean(cloth: str, scores: list[EdgeScore]) -> EdgeScore:
    columns = [[getattr(s, name) for s in scores] for name in EdgeScore.__dataclass_fields__ if name != "cloth"]
    return EdgeScore(cloth, *(float(np.mean(column)) for column in columns))


def _old_left(error: Floats, change: Floats) -> float:
    """Mean, over pixels, of how much of the way back to the old colour (n, 3) errors of linear light go."""
    along = (error * change).sum(axis=1) / np.maximum((change * change).sum(axis=1), 1e-6)
    return float(np.clip(along, 0, 1).mean())


def _delta_e(one: Floats, other: Floats) -> float:
    """Mean ΔE76 of (n, 3) colours in linear light."""
    return float(np.linalg.norm(_lab(one) - _lab(other), axis=1).mean())


def _lab(light: Floats) -> npt.NDArray[np.float64]:
    """CIELAB (D65) of linear sRGB (IEC 61966-2-1, CIE 15)."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = np.clip(light.astype(np.float64), 0, 1) @ to_xyz.T / to_xyz.sum(axis=1)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack([116 * f[:, 1] - 16, 500 * (f[:, 0] - f[:, 1]), 200 * (f[:, 1] - f[:, 2])], axis=1)
