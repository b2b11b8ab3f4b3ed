"""Garments on plain ground, as shops show them: even white on white can be told there, level by level."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

__all__ = ["find_on_plain"]

Image = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

_EVEN = 3.0  # levels of 255 within which four fifths of the frame lie on plain ground
_LEAST, _MOST = 2.0, 8.0  # levels from the ground that count as the garment
_SLOPE = 2  # levels from pixel to pixel within which soft shadow fades into the ground


def find_on_plain(rgb: Image) -> Mask | None:
    """Pixels that differ from a ground of one colour, or None if the ground isn't that plain.

    Args:
        rgb: (h, w, 3) uint8 sRGB of some ten thousand pixels.

    Returns:
        (h, w) bool: all that isn't ground seen from the frame, soft shadows left out where that doesn't eat cloth.
    """
    frame = np.concatenate([rgb[:3].reshape(-1, 3), rgb[-3:].reshape(-1, 3), rgb[:, :3].reshape(-1, 3),
                            rgb[:, -3:].reshape(-1, 3)])  # fmt: skip
    ground = np.median(frame, axis=0)
    off = np.abs(frame - ground).max(1)
    if float(np.quantile(off, 0.8)) > _EVEN:
        return None
    level = float(np.clip(np.quantile(off, 0.95) + 1, _LEAST, _MOST))
    distance = np.abs(rgb - ground).max(2).astype(np.uint8)
    differs = cv2.medianBlur(distance, 3) > level
    differs = cv2.morphologyEx(differs.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 3), np.uint8)) > 0
    inside = ~_from_frame(~differs)
    without = inside & ~_faded(rgb, ~inside)
    # Shadow lies outside the outline: without it that grows no longer; eaten cloth leaves a ragged one.
    keeps = np.count_nonzero(without) > 0.75 * np.count_nonzero(inside) and _rim(without) < 1.08 * _rim(inside)
    return without if keeps and _step(rgb, without) > 1.5 * _step(rgb, inside) else inside


def _from_frame(free: Mask) -> Mask:
    """The part of ``free`` that hangs together with the frame."""
    padded = np.pad(free, 1, constant_values=True).astype(np.uint8)
    _, pieces = cv2.connectedComponents(padded, connectivity=4)
    return np.asarray((pieces == pieces[0, 0])[1:-1, 1:-1], np.bool_)


def _faded(rgb: Image, ground: Mask) -> Mask:
    """What is reached from the ground through small steps alone."""
    h, w = ground.shape
    smooth = np.ascontiguousarray(cv2.medianBlur(np.ascontiguousarray(rgb), 3))
    smooth[ground] = np.median(smooth[ground], axis=0).astype(np.uint8) if ground.any() else 0
    smooth = np.pad(smooth, ((1, 1), (1, 1), (0, 0)), mode="edge")
    reached = np.zeros((h + 4, w + 4), np.uint8)
    flags = 4 | cv2.FLOODFILL_MASK_ONLY | (255 << 8)
    grow = (_SLOPE,) * 3
    starts = np.argwhere(np.pad(ground, 1, constant_values=True) & ~(cv2.erode(
        np.pad(ground, 1, constant_values=True).astype(np.uint8), np.ones((3, 3), np.uint8)) > 0))  # fmt: skip
    for y, x in starts.tolist():
        if not reached[y + 1, x + 1]:
            cv2.floodFill(smooth, reached, (x, y), (0, 0, 0), grow, grow, flags)
    return np.asarray(reached[2:-2, 2:-2] > 0, np.bool_)


def _rim(mask: Mask) -> int:
    """Pixels of the outline."""
    return int(np.count_nonzero(mask & (cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)))


def _step(rgb: Image, mask: Mask) -> float:
    """Mean step of the colours over the outline of a mask, in levels; 0 for an empty one."""
    rim = mask & (cv2.erode(mask.astype(np.uint8), np.ones((3, 3), np.uint8)) == 0)
    if not rim.any():
        return 0.0
    jump = cv2.morphologyEx(np.ascontiguousarray(rgb), cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8))
    return float(np.asarray(jump).max(2)[rim].mean())
