"""Colours of a region that do not depend on its border, highlights and shadows; one skin colour for all of a body.

White balance: Finlayson and Trezzi, "Shades of Gray and Colour Constancy", CIC 2004. Clusters: k-means in OKLab,
begun at far points (Gonzalez, "Clustering to minimize the maximum intercluster distance", 1985), then joined,
chroma counting twice, so that the folds of a cloth stay one colour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.color import linear_to_srgb, srgb_to_linear, srgb_to_oklab, to_color
from dressform.avatar.scene import Color
from dressform.parsing.errors import OptionError

__all__ = [
    "SKIN_WEIGHTS",
    "WEIGHTS",
    "Palette",
    "apply_gains",
    "color_clusters",
    "inner_pixels",
    "region_palette",
    "skin_base",
    "white_balance",
]

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

SKIN_WEIGHTS: Mapping[str, float] = MappingProxyType({"face": 4.0, "torso": 2.0, "arms": 1.0, "legs": 0.7})
"""How much a pixel of a part says about the skin: legs may wear stockings, arms lie in shade."""
WEIGHTS = np.array([0.6, 2.0, 2.0])
"""Of L, a and b in distances between colours of a cloth."""
_MOST = 6000  # pixels looked at; more change nothing
_CALM = 0.6  # share of the pixels that is looked at, those that differ least from their neighbours
_CELL = 0.02  # of the grid that pixels are counted in before they are clustered
_ALIKE = 0.11  # distance at which two clusters are one colour
_FEW = 0.025  # share of the pixels that a colour needs
_CLAMP = 1.35  # largest gain and inverse of the smallest one
_TINT = 0.03  # distance in a and b that light alone may make
_VALLEY = 0.6  # of the smaller of two hills, to which the ground between them may sink
_SHADE, _SHINE = 0.04, 0.03  # least distance of the dark and the light colour from the base, OKLab L


@dataclass(frozen=True)
class Palette:
    """Colours of a region, sRGB 0..255.

    Attributes:
        base: The colour of most of it, in middle light.
        accents: Its other colours and their shares of the area, 0..1, the largest first.
        dark, light: The base colour where the region is dark and where it is light.
        weight: Share of the area that has the base colour.
    """

    base: Color
    accents: tuple[tuple[Color, float], ...]
    dark: Color
    light: Color
    weight: float


def white_balance(image: Pixels, mask: Mask | None = None, *, power: float = 6.0) -> Floats:
    """Gains that turn the photo's light into daylight, as far as the photo tells.

    Args:
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) bool, the pixels to look at; all when None. Over-exposed and black ones are left out.
        power: Of the mean over the pixels: 1 is the gray world, infinity the brightest pixel.

    Returns:
        (3,) float64, for linear light, each within 1/1.35..1.35; a gray keeps its luminance. Or ones.
    """
    pixels = image.reshape(-1, 3) if mask is None else image[mask]
    pixels = pixels[:: max(1, len(pixels) // 60000)]
    pixels = pixels[(pixels.max(1) < 250) & (pixels.max(1) > 10)]
    if len(pixels) < 16:
        return np.ones(3)
    mean = (srgb_to_linear(pixels).astype(np.float64) ** power).mean(0) ** (1 / power)
    gains = np.clip(mean.mean() / np.maximum(mean, 1e-6), 1 / _CLAMP, _CLAMP)
    return np.asarray(np.clip(gains / (gains @ [0.2126, 0.7152, 0.0722]), 1 / _CLAMP, _CLAMP), np.float64)


def apply_gains(image: Pixels, gains: npt.ArrayLike) -> Pixels:
    """(..., 3) uint8 RGB multiplied by (3,) gains in linear light, clipped."""
    steps = srgb_to_linear(np.arange(256.0))[:, None] * np.asarray(gains, np.float64)
    table = np.clip(np.rint(linear_to_srgb(steps)), 0, 255).astype(np.uint8)
    return np.stack([table[image[..., c], c] for c in range(3)], -1)


def region_palette(image: Pixels, mask: Mask, *, k: int = 8) -> Palette:
    """The colours of a region.

    Args:
        image: (H, W, 3) uint8 RGB.
        mask: (H, W) bool, at least one pixel. Pixels near its border count for little, as they may belong to others.
        k: Clusters to begin with, before those that are alike become one; 1 for what has one colour, such as hair.

    Raises:
        OptionError: The shapes do not fit, the mask is empty, or ``k`` is below 1.
    """
    if k < 1:
        raise OptionError("bad number of colours", got=k, allowed="1 or more")
    lab, calm = _sample(image, mask)
    usual = _between(lab[:, 0], 0.05, 0.95)
    # Pixels between two colours of a print have neither: the calm ones tell the colours.
    centres, number = color_clusters(lab[usual & calm] if (usual & calm).any() else lab[usual], k)
    lab = lab[usual]
    labels = number[((lab[:, None] * WEIGHTS - centres) ** 2).sum(2).argmin(1)]
    shares = np.bincount(labels) / len(labels)
    order = [int(j) for j in np.argsort(-shares, kind="stable") if shares[j] >= min(_FEW, shares.max())]
    main = lab[labels == order[0]]
    base = _middle(main)
    accents = tuple((to_color(_middle(lab[labels == j])), float(shares[j])) for j in order[1:])
    dark, light = _shades(main, base)
    return Palette(to_color(base), accents, dark, light, float(shares[order[0]]))


def skin_base(image: Pixels, masks: Mapping[str, Mask], weights: Mapping[str, float] = SKIN_WEIGHTS) -> Color | None:
    """One skin colour from what is seen of a body, from neither its highlights nor its shadows.

    Args:
        image: (H, W, 3) uint8 RGB.
        masks: (H, W) bool for each part; empty ones do no harm.
        weights: What a pixel of a part counts; parts without a weight count nothing.

    Returns:
        sRGB 0..255, or None if no skin is seen. A part of quite another colour (stockings, a hand in hard shade)
        is left out, unless it is the most telling one.

    Raises:
        OptionError: A mask does not fit the image.
    """
    middles, counts = [], []
    for name, mask in masks.items():
        if weights.get(name, 0) > 0 and mask.any():
            lab = inner_pixels(image, mask)
            middles.append(_middle(lab[_between(lab[:, 0], 0.30, 0.75)]))
            counts.append(weights[name] * float(np.sqrt(np.count_nonzero(mask))))
    if not middles:
        return None
    centre, amount = np.array(middles), np.array(counts)
    gap = np.linalg.norm((centre - centre[amount.argmax()]) * WEIGHTS, axis=1)
    amount = amount * np.exp(-((gap / 0.06) ** 2))
    return to_color(amount @ centre / amount.sum())


def inner_pixels(image: Pixels, mask: Mask) -> Floats:
    """(n, 3) OKLab of up to about 6000 pixels of a region, n ≥ 1, those near its border left out.

    Raises:
        OptionError: The shapes do not fit or the mask is empty.
    """
    return _sample(image, mask)[0]


def _sample(image: Pixels, mask: Mask) -> tuple[Floats, Mask]:
    """:func:`inner_pixels`, and (n,) bool, which of them differ little from their neighbours."""
    if image.dtype != np.uint8 or image.shape != (*mask.shape, 3) or mask.dtype != np.bool_ or not mask.any():
        got = f"{image.dtype} {image.shape}, {mask.dtype} {mask.shape} with {np.count_nonzero(mask)} pixels"
        raise OptionError("image and mask do not fit", got=got, allowed="uint8 (H, W, 3), bool (H, W) not empty")
    x, y, w, h = cv2.boundingRect(np.ascontiguousarray(mask).view(np.uint8))
    around = (slice(max(y - 1, 0), y + h + 1), slice(max(x - 1, 0), x + w + 1))
    part, piece = np.ascontiguousarray(mask[around]), np.ascontiguousarray(image[around])
    depth = np.asarray(cv2.distanceTransform(part.view(np.uint8), cv2.DIST_L2, 3))
    inside = depth[part]
    # A few pixels of border, but never more than a third of the region.
    deep = inside > min(1 + 0.02 * np.sqrt(len(inside)), float(np.quantile(inside, 0.34)) - 1e-3)
    unrest = np.asarray(cv2.morphologyEx(piece, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))).max(2)[part][deep]
    step = -(-len(unrest) // _MOST)
    calm = (unrest <= np.quantile(unrest, _CALM))[::step]
    return np.asarray(srgb_to_oklab(piece[part][deep][::step]), np.float64), np.asarray(calm, np.bool_)


def _middle(lab: Floats) -> Floats:
    """The median colour of the pixels whose lightness is neither among the lowest nor the highest twentieth."""
    return np.asarray(np.median(lab[_between(lab[:, 0], 0.05, 0.95)], axis=0))


def _between(values: Floats, low: float, high: float) -> Mask:
    """Which values lie between two quantiles; one at least."""
    ends = np.quantile(values, low, method="lower"), np.quantile(values, high, method="higher")
    return np.asarray((values >= ends[0]) & (values <= ends[1]))


def _shades(lab: Floats, base: Floats) -> tuple[Color, Color]:
    """The colours of the darker and the lighter tenths, at least a little away from the base."""
    dark, light = _middle(lab[_between(lab[:, 0], 0, 0.2)]), _middle(lab[_between(lab[:, 0], 0.8, 1)])
    dark[0], light[0] = min(dark[0], base[0] - _SHADE), max(light[0], base[0] + _SHINE)
    return to_color(dark), to_color(light)


def color_clusters(lab: Floats, k: int) -> tuple[Floats, Ints]:
    """Up to ``k`` centres of (n, 3) OKLab pixels, and for each the number of the colour that it belongs to.

    The centres are weighted by :data:`WEIGHTS`; a pixel belongs to the centre nearest to it so weighted.
    """
    _, inverse, counts = np.unique(np.floor(lab / _CELL), axis=0, return_inverse=True, return_counts=True)
    inverse, weight = inverse.reshape(-1), counts.astype(np.float64)
    cells = np.stack([np.bincount(inverse, lab[:, c]) for c in range(3)], 1) / weight[:, None]
    points = cells * WEIGHTS
    centres = _far_points(points, weight, k)
    nearest = np.zeros(len(cells), np.int64)
    for _ in range(20):
        nearest = ((points[:, None] - centres) ** 2).sum(2).argmin(1)
        new = _means(points, weight, nearest, centres)
        if np.allclose(new, centres, atol=1e-6):
            break
        centres = new
    number = _joined(cells, weight, nearest)
    colors = np.full(len(centres), -1)
    colors[nearest] = number
    return centres[colors >= 0], colors[colors >= 0]


def _means(points: Floats, weight: Floats, nearest: Ints, before: Floats) -> Floats:
    total = np.bincount(nearest, weight, len(before))[:, None]
    sums = np.stack([np.bincount(nearest, weight * points[:, c], len(before)) for c in range(3)], 1)
    return np.where(total > 0, sums / np.maximum(total, 1), before)


def _far_points(points: Floats, weight: Floats, k: int) -> Floats:
    """Up to k of the points: the heaviest, then each time the one farthest from all before, rare ones left out."""
    frequent = points[weight >= min(0.002 * weight.sum(), weight.max())]
    chosen = [points[weight.argmax()]]
    far = ((frequent - chosen[0]) ** 2).sum(1)
    while len(chosen) < k and far.max() > (_ALIKE / 3) ** 2:
        chosen.append(frequent[far.argmax()])
        far = np.minimum(far, ((frequent - chosen[-1]) ** 2).sum(1))
    return np.array(chosen)


def _joined(cells: Floats, weight: Floats, number: Ints) -> Ints:
    """New cluster numbers of the cells, those that are one colour having the same one; the closest are joined first."""
    number = number.copy()
    while True:
        alive = np.unique(number)
        middle = np.array([np.average(cells[number == j], axis=0, weights=weight[number == j]) for j in alive])
        gap = np.linalg.norm((middle[:, None] - middle) * WEIGHTS, axis=2)
        pairs = [(gap[i, j], i, j) for i in range(len(alive)) for j in range(i + 1, len(alive))]
        for distance, i, j in sorted(pairs):
            both = (number == alive[i]) | (number == alive[j])
            if distance < _ALIKE or _is_shading(cells[both], weight[both], middle[i], middle[j]):
                number[both] = alive[i]
                break
        else:
            return number


def _is_shading(cells: Floats, weight: Floats, one: Floats, other: Floats) -> bool:
    """Whether two colours differ by light alone: chroma goes with lightness, and there is no gap between them."""
    scale = other[0] / max(one[0], 1e-3)
    off = min(np.linalg.norm(other[1:] - one[1:] * share) for share in (1.0, scale, (1 + scale) / 2))
    if off > _TINT:
        return False
    way = other - one
    t = (cells - one) @ way / (way @ way)
    bins = int(np.clip(np.linalg.norm(way) / 0.03, 3, 12))
    height = np.histogram(t, bins, (-0.25, 1.25), weights=weight)[0]
    height = np.convolve(np.pad(height, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
    half = bins // 2
    left, right = int(height[:half].argmax()), half + int(height[half:].argmax())
    return bool(height[left : right + 1].min() > _VALLEY * min(height[left], height[right]))
