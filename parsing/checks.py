"""What a parse result may hold: each check raises ParseDataError and says what was got and what is allowed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar

import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import ParseDataError
from dressform.parsing.parts import Part
from dressform.parsing.scores import Box

__all__ = ["check_box", "check_image", "check_inside", "check_keypoints", "check_maps", "check_points", "frozen"]

Floats = npt.NDArray[np.float32]
Scalar = TypeVar("Scalar", bound=np.generic)
_STRIP = 1 << 20  # px compared at once, so that a large photo costs no whole masks


def check_maps(labels: npt.NDArray[np.uint8], instances: npt.NDArray[np.uint16], people: int) -> None:
    """The two label maps fit each other and this many people."""
    if labels.ndim != 2 or labels.dtype != np.uint8 or 0 in labels.shape:
        raise ParseDataError("bad label map", got=f"{labels.dtype} {labels.shape}", allowed="uint8 (H, W), H, W >= 1")
    if instances.dtype != np.uint16 or instances.shape != labels.shape:
        got = f"{instances.dtype} {instances.shape}"
        raise ParseDataError("bad instance map", got=got, allowed=f"uint16 {labels.shape}")
    if labels.max() > max(Part):
        raise ParseDataError("unknown label in the label map", got=int(labels.max()), allowed=f"0 to {int(max(Part))}")
    if instances.max() > people:
        raise ParseDataError("instance map names a person who is not there", got=int(instances.max()), allowed=people)
    rows = max(1, _STRIP // labels.shape[1])
    for top in range(0, len(labels), rows):
        if not np.array_equal(labels[top : top + rows] > 0, instances[top : top + rows] > 0):
            raise ParseDataError("labels and instances disagree", allowed="a part exactly where there is a person")


def check_image(image: npt.NDArray[np.uint8] | None, shape: tuple[int, ...]) -> None:
    """The photo is (H, W, 3) uint8 of the label map's ``shape``, or None."""
    if image is not None and (image.dtype != np.uint8 or image.shape != (*shape, 3)):
        raise ParseDataError("bad photo", got=f"{image.dtype} {image.shape}", allowed=f"uint8 {(*shape, 3)}")


def check_box(box: Iterable[float]) -> Box:
    """Four finite numbers as a box that is not empty."""
    numbers = tuple(float(number) for number in box)
    if len(numbers) != 4 or not np.isfinite(numbers).all() or numbers[0] >= numbers[2] or numbers[1] >= numbers[3]:
        raise ParseDataError("a person's box is empty", got=numbers, allowed="x0 < x1 and y0 < y1, finite")
    return numbers


def check_inside(box: Box, size: tuple[int, int]) -> None:
    """The box lies inside a photo of ``size`` (width, height)."""
    if box[0] < 0 or box[1] < 0 or box[2] > size[0] or box[3] > size[1]:
        raise ParseDataError("a person's box reaches outside the photo", got=box, allowed=f"0, 0 to {size}")


def check_points(name: str, points: Floats | None, shape: tuple[int, int]) -> Floats | None:
    """Finite float32 points of this shape as a read-only view, or None."""
    if points is None:
        return None
    if points.dtype != np.float32 or points.shape != shape:
        raise ParseDataError(f"bad {name}", got=f"{points.dtype} {points.shape}", allowed=f"float32 {shape}")
    if not np.isfinite(points).all():
        raise ParseDataError(f"bad {name}", got="NaN or infinity", allowed="finite numbers")
    return frozen(points)


def check_keypoints(points: Floats | None) -> Floats | None:
    """(17, 3) float32 points x, y and score 0..1 as a read-only view, or None."""
    checked = check_points("keypoints", points, (17, 3))
    if checked is not None and not ((checked[:, 2] >= 0) & (checked[:, 2] <= 1)).all():
        got = f"{checked[:, 2].min()} to {checked[:, 2].max()}"
        raise ParseDataError("a keypoint's score is out of range", got=got, allowed="0 to 1")
    return checked


def frozen(array: npt.NDArray[Scalar]) -> npt.NDArray[Scalar]:
    """A read-only view; the array itself stays as it is."""
    view = array.view()
    view.flags.writeable = False
    return view
