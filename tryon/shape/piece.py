"""Panels before they are drawn large, and the pieces that every kind of garment may have."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.shape.axis import Axis
from dressform.tryon.shape.frames import Frame, locate, make_frame
from dressform.tryon.shape.view import View

__all__ = ["Piece", "flared", "main_part", "whole_piece"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

_FLARE_MOST = 0.5
_PIECE = 0.12  # of the largest piece


@dataclass(frozen=True, eq=False)
class Piece:
    """A panel before its mask is drawn large: (h, w) bool small mask and the rest."""

    name: str
    mask: Mask
    frame: Frame
    parent: Frame | None = None
    seam: Floats | None = None
    backing: Mask | None = None


def main_part(mask: Mask) -> Mask:
    """The mask without its small separate pieces: they may be anything and tell no outline."""
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    areas = stats[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    return np.asarray((areas >= max(_PIECE * areas.max(), 1))[pieces])


def flared(frame: Frame, view: View) -> Frame:
    """The frame with its flare below the waist, where it widens."""
    if view.waist is None:
        return frame
    waist = float(locate(frame, view.points(np.array([view.waist.at], np.float32))).distance[0])
    at = np.linspace(0, frame.length, len(frame.radius))
    below = at > waist
    if np.count_nonzero(below) < 6:
        return frame
    slope = np.gradient(frame.radius.astype(np.float64), at)
    slope = cv2.GaussianBlur(slope[:, None], (1, 15), 3)[:, 0]
    share = np.clip((at - waist) / max(0.8 * float(frame.along(frame.radius, waist)), 1e-6), 0, 1)
    angle = np.arctan(np.maximum(slope, 0)) * share * share * (3 - 2 * share)
    return replace(frame, flare=np.minimum(np.sin(angle), _FLARE_MOST).astype(np.float32))


def whole_piece(view: View, mask: Mask, down: Floats | None = None) -> Piece:
    """A piece of no known build: a pillow of its own outline and of what is in front of it.

    Its threads run down the body, or along ``down``, a (2,) unit vector.
    """
    y, x = np.nonzero(mask)
    if down is None:
        down = view.joints.down if view.joints is not None else np.array([0, 1], np.float32)
    if not len(x):
        x, y = np.array([0]), np.array([0])
    points = np.stack([x + 0.5, y + 0.5], 1).astype(np.float32)
    middle = points.mean(0)
    along = (points - middle) @ down
    aside = (points - middle) @ np.array([down[1], -down[0]], np.float32)
    first, last = float(along.min()), float(along.max())
    line = middle + np.linspace(first, max(last, first + 2), 24)[:, None].astype(np.float32) * down
    half = np.full(24, max(float(np.quantile(np.abs(aside), 0.9)), 1.0), np.float32)
    reach = max(3, round(0.5 * float(half[0])))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    closed = np.asarray(cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, kernel)) > 0
    backing = mask | (closed & view.hidden)
    return Piece("whole", mask, make_frame(view.large(Axis(line.astype(np.float32), half))), backing=backing)
