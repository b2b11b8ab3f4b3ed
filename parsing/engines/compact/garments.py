"""One garment, one class: places of a person's clothes that look alike agree on which garment they are.

Mean field of a fully connected model: Krähenbühl, Koltun, "Efficient inference in fully connected CRFs with Gaussian
edge potentials", NIPS 2011, solved exactly on a coarse grid, where every pair of cells can be looked at.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.parts import Part

__all__ = ["agree_on_garments"]

Floats = npt.NDArray[np.float32]
GARMENTS = [Part.UPPER_CLOTHES, Part.DRESS, Part.COAT, Part.PANTS, Part.SKIRT]
"""Large garments, which a small network confuses with each other patch by patch."""
CELL = 6  # samples; side of a cell of the grid
REACH = 0.4
"""Distance at which two cells have little to do with each other, in heights of the crop; garments are large."""
ALIKE = 10.0
"""Colour difference (CIELAB) at which they do."""
LIGHTNESS = 0.5
"""Weight of lightness in it: folds and shade change that, not the cloth."""
PERSUASION = 5.0
"""Log odds that a place gives way by to all that looks like it."""
ROUNDS = 3
CLOTHED = 0.3
"""Cells less probably clothed than this have no say."""
UNSURE = 1e-3


def agree_on_garments(probability: Floats, image: npt.NDArray[np.uint8]) -> Floats:
    """Share out what is clothed among the garments so that places of like colour, near each other, agree.

    How probable it is that a place is clothed at all does not change, and no other part does.

    Args:
        probability: (21, h, w) float32; sums to 1 over parts.
        image: (H, W, 3) uint8 RGB, the same view in any resolution.

    Returns:
        The same shape as ``probability``.
    """
    height, width = probability.shape[1:]
    rows, columns = max(height // CELL, 1), max(width // CELL, 1)
    garments = probability[GARMENTS]
    cells = _resize(garments, (columns, rows), cv2.INTER_AREA).reshape(len(GARMENTS), -1).T
    mass = cells.sum(1)
    clothed = mass > CLOTHED
    if not clothed.any():
        return probability
    opinion = np.asarray(cells[clothed] / mass[clothed, None], np.float32)
    weight = _affinity(image, rows, columns, clothed) * mass[clothed]
    weight /= weight.sum(1, keepdims=True)
    agreed = opinion
    for _ in range(ROUNDS):
        agreed = _softmax(np.log(opinion + UNSURE) + PERSUASION * (weight @ agreed))
    message = np.zeros((len(GARMENTS), rows * columns), np.float32)
    message[:, clothed] = PERSUASION * (weight @ agreed).T
    persuasion = np.exp(_resize(message.reshape(-1, rows, columns), (width, height), cv2.INTER_LINEAR))
    total = garments.sum(0)
    shared = (garments + UNSURE * total) * persuasion
    out = probability.copy()
    out[GARMENTS] = shared * (total / np.maximum(shared.sum(0), 1e-9))
    return out


def _resize(fields: Floats, size: tuple[int, int], how: int) -> Floats:
    """(n, h, w) fields at another (width, height); one by one, as OpenCV takes four channels at most."""
    return np.stack([cv2.resize(field, size, interpolation=how) for field in fields]).astype(np.float32, copy=False)


def _affinity(image: npt.NDArray[np.uint8], rows: int, columns: int, chosen: npt.NDArray[np.bool_]) -> Floats:
    """(n, n) 0..1: how much the n chosen cells of a grid over the image have to do with each other."""
    small = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.float32) / 255
    colour = cv2.cvtColor(small, cv2.COLOR_RGB2LAB).reshape(-1, 3)[chosen] * np.array([LIGHTNESS, 1, 1]) / ALIKE
    place = np.argwhere(chosen.reshape(rows, columns)) / (REACH * rows)
    features = np.hstack([colour, place]).astype(np.float32)
    square = (features**2).sum(1)
    distance = square[:, None] + square[None] - 2 * (features @ features.T)
    return np.asarray(np.exp(-0.5 * np.maximum(distance, 0)), np.float32)


def _softmax(logits: Floats) -> Floats:
    exponential = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(exponential / exponential.sum(1, keepdims=True), np.float32)
