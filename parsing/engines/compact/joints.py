"""Joints of one person: peaks of heat maps, put right by what all joints of a body say of each other."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.compact.crops import Crop
from dressform.parsing.engines.compact.sessions import Network

__all__ = ["STRIDE", "find_joints", "peaks"]

Floats = npt.NDArray[np.float32]
STRIDE = 4
"""Pixels of the crop per cell of a heat map."""
BLUR = 4.0
"""Standard deviation, in cells, of the blur after which a joint's peak is looked for: of a map with several peaks
the broadest is right more often than the highest (as in Zhang et al., "Distribution-aware coordinate representation
for human pose estimation", CVPR 2020)."""


def find_joints(network: Network, crop: Crop, heat: Floats) -> Floats:
    """Joints of the person that a crop is about.

    A heat map knows the cloth around its joint, but little of the rest of the body; a small network that sees all
    peaks at once moves each to where it is among the others (as in Moon, Chang, Lee, "PoseFix", CVPR 2019).

    Args:
        network: The joints network.
        crop: The crop.
        heat: (17, h, w) float32 heat maps of it, 0..1, COCO order.

    Returns:
        (17, 3) float32 x, y in photo pixels and the highest value of each map.
    """
    found = peaks(heat)
    (moved,) = network.run(found[None])
    return np.asarray(np.c_[crop.to_photo(moved[0]), found[:, 2]], np.float32)


def peaks(heat: Floats) -> Floats:
    """(17, 3) peaks of (17, h, w) heat maps: x, y in the crop's pixels, to a fraction of a cell by a parabola, and
    the highest value of each map."""
    count, height, width = heat.shape
    smooth = np.stack([_blur(one) for one in heat])
    best = smooth.reshape(count, -1).argmax(1)
    rows = np.arange(count)
    ys, xs = best // width, best % width
    peak = smooth[rows, ys, xs]
    dx = _vertex(smooth[rows, ys, np.maximum(xs - 1, 0)], peak, smooth[rows, ys, np.minimum(xs + 1, width - 1)])
    dy = _vertex(smooth[rows, np.maximum(ys - 1, 0), xs], peak, smooth[rows, np.minimum(ys + 1, height - 1), xs])
    cells = np.stack([xs + 0.5 + dx, ys + 0.5 + dy], 1)
    return np.asarray(np.c_[cells * STRIDE, heat.max((1, 2))], np.float32)


def _blur(field: Floats) -> Floats:
    """A heat map blurred as if nothing were beyond it: mirrored, what lies there would draw peaks to the frame."""
    field = np.ascontiguousarray(field)
    return np.asarray(cv2.GaussianBlur(field, (0, 0), BLUR, borderType=cv2.BORDER_CONSTANT), np.float32)


def _vertex(before: Floats, peak: Floats, after: Floats) -> Floats:
    """Offset of the top of the parabola through the logarithms of three neighbours, within half a cell."""
    a, b, c = (np.log(np.maximum(v, 1e-6)) for v in (before, peak, after))
    bend = 2 * b - a - c
    offset = np.where(bend > 1e-6, (c - a) / np.maximum(2 * bend, 1e-6), 0)
    return np.asarray(np.clip(offset, -0.5, 0.5), np.float32)
