"""Over-segmentation of a cloth into patches that hold one ink each, from chromaticity, luminance and edges.

K-means on the calm pixels (those without an edge through them), connected components of each cluster, and a
flood from them over the rest (watershed: Meyer, "Color image segmentation", 1992). One ink may make many
patches; :mod:`dressform.tryon.shading.ink_joins` tells which of them belong together.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

__all__ = [
    "DARK",
    "Features",
    "chroma_at",
    "chroma_roots",
    "chromaticity",
    "find_patches",
    "log_luminance",
    "luminance",
    "pixel_features",
]

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int32]
Mask = npt.NDArray[np.bool_]

DARK = 0.002
"""Linear light added to the channels before their ratios: the noise of a dark pixel says little of its colour."""
_LUMA = np.array([[0.299, 0.587, 0.114]], np.float32)  # JPEG keeps this sum of the encoded channels best
_BLACK = 1e-5  # luminance, least
_CLUSTERS = 12
_SAMPLES = 6000  # pixels that k-means looks at
_TURNS = 8
_FARTHEST = 0.998  # quantile of the distance at which a new centre is begun: the farthest pixel is an outlier
_WEIGHT = 0.5  # of luminance beside chromaticity; light changes the one only
_CALM = 0.15  # range over 3×3 pixels, natural logarithm, up to which a pixel is calm whatever the noise
_LOW, _AROUND = 0.6, 15  # share of the mean range around, and that window's side: as calm as it gets among edges
_LEAST = 9  # pixels of a patch


@dataclass(frozen=True, eq=False)
class Features:
    """What a shading shifts and what it keeps.

    Attributes:
        log_light: (h, w) float32, natural logarithm of luminance.
        chroma: (h, w, 2) float32, see :func:`chromaticity`; held back towards 0 in the dark.
    """

    log_light: Floats
    chroma: Floats


def luminance(linear: Floats) -> Floats:
    """(h, w) float32 of (h, w, 3) linear RGB, 0 and above: the square of the luma of square roots.

    It is proportional to the light, as a true luminance is, but hardly sees what JPEG does to colour: luma is stored
    at full resolution, and a square root is close to the encoding in which that sum is made.
    """
    luma = np.asarray(cv2.transform(cv2.sqrt(linear), _LUMA), np.float32).reshape(linear.shape[:2])
    luma *= luma
    return luma


def log_luminance(linear: Floats) -> Floats:
    """(h, w) float32: natural logarithm of :func:`luminance`."""
    light = luminance(linear)
    np.maximum(light, np.float32(_BLACK), out=light)
    return np.asarray(cv2.log(light), np.float32).reshape(light.shape)


def chromaticity(linear: npt.NDArray[np.floating]) -> Floats:
    """(..., 2) float32 of (..., 3) linear RGB above 0: 6 (√R - √G) / (√R + √G + √B), and the same for blue.

    Near gray these are log(R / G) and log(B / G); in strong colours they stay bounded, where a logarithm would
    show nothing but the noise of the weakest channel.
    """
    root = np.sqrt(linear.astype(np.float32, copy=False))
    total = root[..., 0] + root[..., 1] + root[..., 2]
    return np.asarray((root[..., 0::2] - root[..., 1:2]) * (6 / total)[..., None], np.float32)


def chroma_roots(chroma: Floats) -> Floats:
    """(..., 3) float32: square roots of linear RGB, in sum 1, of (..., 2) chromaticity."""
    green = (1 - (chroma[..., 0] + chroma[..., 1]) / 6) / 3
    root = np.stack([green + chroma[..., 0] / 6, green, green + chroma[..., 1] / 6], -1)
    return np.asarray(np.maximum(root, 0), np.float32)


def chroma_at(chroma: Floats, log_light: Floats) -> Floats:
    """(n, 2) float32: what :func:`pixel_features` makes of colours of some chromaticity at a given log luminance."""
    root = chroma_roots(chroma)
    root *= (np.exp(log_light / 2) / np.maximum(root @ _LUMA[0], np.float32(1e-6)))[:, None]
    return chromaticity(np.square(root) + np.float32(DARK))


def pixel_features(linear: Floats) -> Features:
    """Features of (h, w, 3) float32 linear RGB."""
    return Features(log_luminance(linear), chromaticity(linear + np.float32(DARK)))


def find_patches(features: Features, mask: Mask) -> Ints:
    """Number of each pixel's patch.

    Args:
        features: Of a picture of at most about 100 000 pixels.
        mask: (h, w) bool, the cloth; at least one pixel.

    Returns:
        (h, w) int32: 0 outside the mask, then 1, 2, … without gaps.
    """
    calm = _calm(features, mask)
    cluster = _clusters(features, mask, calm)
    seeds = np.zeros(mask.shape, np.int32)
    count = 0
    for k in range(int(cluster.max())):
        number, parts, stats, _ = cv2.connectedComponentsWithStats(
            (cluster == k + 1).view(np.uint8), connectivity=4, ltype=cv2.CV_32S
        )
        large = stats[:, cv2.CC_STAT_AREA] >= _LEAST
        large[0] = False
        table = np.zeros(number, np.int32)
        table[large] = count + 1 + np.arange(int(large.sum()))
        seeds += table[parts]
        count += int(large.sum())
    if count == 0:
        return mask.astype(np.int32)
    return _flood(features, seeds, mask, count)


def _calm(features: Features, mask: Mask) -> Mask:
    """Where no edge goes through the pixel: the range around it is small, as usual for this cloth, or a local low."""
    box = np.ones((3, 3), np.uint8)
    values = np.dstack([features.log_light, 0.5 * features.chroma])
    spread = np.asarray(cv2.dilate(values, box) - cv2.erode(values, box)).max(2)
    inner = cv2.erode(mask.view(np.uint8), box).view(np.bool_)
    inner = inner if inner.any() else mask
    usual = max(_CALM, 2 * float(np.median(spread[inner])))
    side = (_AROUND, _AROUND)
    around = cv2.blur(np.where(inner, spread, 0), side) / np.maximum(cv2.blur(inner.astype(np.float32), side), 1e-3)
    return np.asarray(inner & (spread <= np.maximum(usual, _LOW * around)))


def _clusters(features: Features, mask: Mask, calm: Mask) -> Ints:
    """K-means from far points (Gonzalez, 1985); (h, w) int32, 0 where it is not calm, then 1, 2, …"""
    found = np.zeros(calm.shape, np.int32)
    if not calm.any():
        return found
    weight = mask.astype(np.float32)
    total = np.maximum(cv2.blur(weight, (3, 3)), np.float32(1e-3))[calm]
    planes = [features.log_light * np.float32(_WEIGHT), features.chroma[:, :, 0], features.chroma[:, :, 1]]
    points = [  # three columns, faster than rows
        np.asarray(cv2.blur(plane * weight, (3, 3))[calm] / total, np.float32) for plane in planes
    ]
    step = -(-len(total) // _SAMPLES)
    sample = [np.ascontiguousarray(column[::step]) for column in points]
    centres = np.array([[np.median(column) for column in sample]], np.float32)
    far = _nearest(sample, centres)[1]
    for _ in range(_CLUSTERS - 1):
        at = int(np.argsort(far, kind="stable")[int(_FARTHEST * (len(far) - 1))])
        centres = np.vstack([centres, [column[at] for column in sample]])
        np.minimum(far, _nearest(sample, centres[-1:])[1], out=far)
    for _ in range(_TURNS):
        near = _nearest(sample, centres)[0]
        total = np.bincount(near, minlength=len(centres))
        for c, column in enumerate(sample):
            sums = np.bincount(near, column, len(centres))
            centres[:, c] = np.where(total > 0, sums / np.maximum(total, 1), centres[:, c])
    found[calm] = _nearest(points, centres)[0] + 1
    return found


def _nearest(points: list[Floats], centres: Floats) -> tuple[npt.NDArray[np.uint8], Floats]:
    """For points given as three columns: the nearest centre's number, and the squared distance."""
    gap = np.full(len(points[0]), np.inf, np.float32)
    best = np.zeros(len(gap), np.uint8)
    for k, centre in enumerate(centres):
        distance = np.square(points[0] - centre[0])
        distance += np.square(points[1] - centre[1])
        distance += np.square(points[2] - centre[2])
        np.putmask(best, distance < gap, k)
        np.minimum(gap, distance, out=gap)
    return best, gap


def _flood(features: Features, seeds: Ints, mask: Mask, count: int) -> Ints:
    """Let the patches grow until they touch, over what looks like them first."""
    picture = np.dstack([features.log_light * 24 + 160, features.chroma * 40 + 128])
    picture = np.clip(picture, 0, 255).astype(np.uint8)
    # A frame of one pixel, as the flood never fills the picture's rim.
    padded = cv2.copyMakeBorder(picture, 1, 1, 1, 1, cv2.BORDER_REPLICATE)
    markers = cv2.copyMakeBorder(np.where(mask, seeds, count + 1), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=count + 1)
    found = np.asarray(cv2.watershed(padded, np.ascontiguousarray(markers, np.int32)), np.int32)[1:-1, 1:-1]
    found = np.where(mask & (found <= count), np.maximum(found, 0), 0)
    return _close_gaps(found, mask)


def _close_gaps(labels: Ints, mask: Mask) -> Ints:
    """Give pixels of the mask without a number that of the nearest pixel that has one."""
    if (labels[mask] > 0).all() or not (labels > 0).any():
        return np.asarray(np.where(mask, np.maximum(labels, 1), 0), np.int32)
    empty = (labels == 0).view(np.uint8)
    _, near = cv2.distanceTransformWithLabels(empty, cv2.DIST_L2, 3, labelType=cv2.DIST_LABEL_PIXEL)
    table = np.zeros(int(near.max()) + 1, np.int32)
    held = labels > 0
    table[near[held]] = labels[held]
    return np.asarray(np.where(mask, table[near], 0), np.int32)
