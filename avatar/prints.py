"""Where a printed or patterned cloth shows its other colours: few smooth patches, as they are in the photo."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.color import srgb_to_oklab
from dressform.avatar.palette import WEIGHTS, Palette
from dressform.avatar.scene import Color

__all__ = ["printed_places"]

_MOST = 3  # colours beside the base
_LEAST_SHARE = 0.04
_LEAST_PATCH = 0.003  # square heads
_SMOOTH = 0.012  # heads; radius within which places go with the majority


def printed_places(
    image: npt.NDArray[np.uint8], mask: npt.NDArray[np.bool_], palette: Palette, head: float
) -> tuple[tuple[Color, npt.NDArray[np.bool_]], ...]:
    """Colours and their places.

    Args:
        image: (h, w, 3) uint8 RGB.
        mask: (h, w) bool, the garment.
        palette: Of the garment.
        head: Pixels per head.

    Returns:
        Up to three of the accents, the largest first, with (h, w) bool masks within the garment and apart.
    """
    accents = [color for color, share in palette.accents if share >= _LEAST_SHARE][:_MOST]
    if not accents or not mask.any():
        return ()
    x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
    box = slice(y, y + h), slice(x, x + w)
    soft = cv2.bilateralFilter(np.ascontiguousarray(image[box]), 5, 30, 3)
    lab = np.asarray(srgb_to_oklab(soft), np.float32) * np.asarray(WEIGHTS, np.float32)
    base = [palette.base, palette.dark, palette.light]
    centres = np.asarray(srgb_to_oklab(np.array([*base, *accents])), np.float32) * np.asarray(WEIGHTS, np.float32)
    gaps = np.stack([((lab - centre) ** 2).sum(-1) for centre in centres], 0)
    nearest = np.maximum(gaps.argmin(0) - (len(base) - 1), 0)  # 0 is the base colour in any light
    votes = []
    for k in range(len(accents) + 1):
        share = ((nearest == k) & mask[box]).astype(np.float32)
        votes.append(cv2.GaussianBlur(share, (0, 0), max(_SMOOTH * head, 0.8)))
    winner = np.stack(votes, 0).argmax(0)
    out = []
    for k, color in enumerate(accents, 1):
        patch = np.zeros(mask.shape, bool)
        patch[box] = _large((winner == k) & mask[box], _LEAST_PATCH * head * head)
        if patch.any():
            out.append((color, patch))
    return tuple(out)


def _large(mask: npt.NDArray[np.bool_], least: float) -> npt.NDArray[np.bool_]:
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=4)
    keep = stats[:, cv2.CC_STAT_AREA] >= least
    keep[0] = False
    return np.asarray(keep[pieces], np.bool_)
