"""Face landmarks: a square around the face through the face network, twice, the second time upright."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.compact.crops import FACE_GROW, cut, face_square
from dressform.parsing.engines.compact.sessions import Network

__all__ = ["find_face"]

Floats = npt.NDArray[np.float32]
SIZE = (128, 128)
MIN_SIDE = 10.0  # px; landmarks of smaller faces would be made up
MIN_SCORE = 0.5
RIGHT_EYE, LEFT_EYE = slice(36, 42), slice(42, 48)


def find_face(network: Network, image: npt.NDArray[np.uint8], square: Floats) -> Floats | None:
    """(70, 2) landmarks in photo pixels (see Person.face), or None where no face is to be seen.

    Args:
        network: The face network.
        image: (H, W, 3) uint8 RGB.
        square: (4,) about where the face is: from the brows to the chin.
    """
    angle = 0.0
    points: Floats | None = None
    for _ in range(2):
        if square[2] - square[0] < MIN_SIDE:
            return None
        crop = cut(image, square, SIZE, grow=FACE_GROW, angle=angle)
        found, score = network.run(crop.image[None])
        if score[0] < MIN_SCORE:
            return None
        points = crop.to_photo(found[0] * np.float32(SIZE[0]))
        across = points[LEFT_EYE].mean(0) - points[RIGHT_EYE].mean(0)
        angle = float(np.degrees(np.arctan2(across[1], across[0])))
        square = face_square(points)
    return points
