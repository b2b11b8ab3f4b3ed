"""Contact sheets: each person's piece of the photo beside the avatar."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.bench.subjects import Subject

__all__ = ["SIDE", "crop", "sheet"]

Pixels = npt.NDArray[np.uint8]
SIDE = 192
"""Pixels of a tile."""
_PAIRS = 5  # in a row
_GAP = 6


def crop(subject: Subject, side: int = SIDE) -> Pixels:
    """(side, side, 3) uint8, what a bust shows, from the photo; gray beyond its border."""
    image, frame = subject.person.parse.image, subject.frame
    if image is None or frame is None:
        return np.full((side, side, 3), 128, np.uint8)
    size = 2.5 * frame.height
    x0 = frame.chin[0] + subject.box[1].start - size / 2
    y0 = frame.chin[1] + subject.box[0].start - 0.68 * size
    scale = side / size
    matrix = np.array([[scale, 0, -x0 * scale], [0, scale, -y0 * scale]])
    matrix[:, 2] += 0.5 * scale - 0.5
    small = image
    if scale < 0.5:
        factor = float(2 * scale)
        small = np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), np.uint8)
        matrix[:, :2] /= factor
    gray, border = (128, 128, 128), cv2.BORDER_CONSTANT
    piece = cv2.warpAffine(small, matrix, (side, side), flags=cv2.INTER_LINEAR, borderMode=border, borderValue=gray)
    return np.asarray(piece, np.uint8)


def sheet(pairs: Sequence[tuple[str, Pixels, Pixels]]) -> Pixels:
    """Pairs of photo and avatar, (SIDE, SIDE, 3) uint8 each, with their names, on white."""
    tiles = []
    for name, photo, avatar in pairs:
        tile = np.full((SIDE + 20, 2 * SIDE + _GAP, 3), 255, np.uint8)
        tile[:SIDE, :SIDE], tile[:SIDE, SIDE : 2 * SIDE] = photo, avatar
        text = "".join(sign if sign.isascii() and sign.isprintable() else "?" for sign in name)[-44:]
        cv2.putText(tile, text, (2, SIDE + 14), cv2.FONT_HERSHEY_SIMPLEX, 0.42, (40, 40, 40), 1, cv2.LINE_AA)
        tiles.append(tile)
    blank = np.full((SIDE + 20, 2 * SIDE + _GAP, 3), 255, np.uint8)
    tiles += [blank] * (-len(tiles) % _PAIRS)
    return np.vstack([np.hstack(tiles[k : k + _PAIRS]) for k in range(0, len(tiles), _PAIRS)])
