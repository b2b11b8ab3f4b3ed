"""What the network is shown of a photo: the same numbers that ModelScope's pipeline shows it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from dressform.parsing.engines.m2fp.configuration import Config
from dressform.parsing.errors import OptionError

__all__ = ["LONG_SIDE", "SHORT_SIDE", "STRIDE", "Prepared", "preprocess"]

SHORT_SIDE, LONG_SIDE = 640, 1333
STRIDE = 32
Box = tuple[int, int, int, int]

_GREY = 128
_MEAN = np.array([123.675, 116.28, 103.53], np.float32)  # of ImageNet, RGB
_DEVIATION = np.array([58.395, 57.12, 57.375], np.float32)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A photo as the network sees it.

    Attributes:
        tensor: (1, 3, h, w) float32 RGB, normalised; h and w are multiples of 32, and 0 fills what is beyond
            ``resized`` to the right and below.
        photo: (height, width) of the photo.
        resized: (height, width) of the picture in ``tensor``.
        content: x0, y0, x1, y1 of the photo in that picture; around it is grey, only for the model of one person.
    """

    tensor: npt.NDArray[np.float32]
    photo: tuple[int, int]
    resized: tuple[int, int]
    content: Box


def preprocess(
    rgb: npt.NDArray[np.uint8], config: Config, *, short: int = SHORT_SIDE, long: int = LONG_SIDE
) -> Prepared:
    """Resize, normalise and pad a photo.

    Numbers equal those of ModelScope's pipeline, which takes arrays as BGR; what is given here is RGB.

    Args:
        rgb: (H, W, 3) uint8.
        config: The model. That of one person gets the photo shrunk into its input and centred on grey; that of
            several people gets it resized.
        short: Length of the shorter side after resizing, in pixels, unless the other gets longer than ``long``.
        long: Most pixels of the longer side.

    Raises:
        OptionError: A side below 1.
    """
    height, width = rgb.shape[:2]
    if min(short, long) < 1:
        raise OptionError("the network's input would be empty", got=f"{short} to {long} px", allowed="from 1 px")
    if config.single:
        picture, content = _centred(rgb, *config.input_size)
    else:
        size = _fitted(height, width, short, long)
        picture, content = _resized(rgb, *size), (0, 0, size[1], size[0])
    rows, columns = picture.shape[:2]
    tensor = np.zeros((1, 3, -rows // STRIDE * -STRIDE, -columns // STRIDE * -STRIDE), np.float32)
    values = picture.transpose(2, 0, 1).astype(np.float32)
    if not config.single:
        values = values / np.float32(255) * np.float32(255)  # as torchvision does; some values change by a rounding
    tensor[0, :, :rows, :columns] = (values - _MEAN[:, None, None]) / _DEVIATION[:, None, None]
    return Prepared(tensor, (height, width), (rows, columns), content)


def _fitted(height: int, width: int, short: int, long: int) -> tuple[int, int]:
    """(height, width) with the shorter side ``short``, or the longer one ``long`` where that is less."""
    scale = short / min(height, width)
    rows, columns = (float(short), scale * width) if height < width else (scale * height, float(short))
    if max(rows, columns) > long:
        scale = long / max(rows, columns)
        rows, columns = rows * scale, columns * scale
    return max(int(rows + 0.5), 1), max(int(columns + 0.5), 1)


def _centred(rgb: npt.NDArray[np.uint8], width: int, height: int) -> tuple[npt.NDArray[np.uint8], Box]:
    """A photo in the middle of a grey picture of (width, height), shrunk if it is larger, and its box there."""
    rows, columns = rgb.shape[:2]
    if rows > height or columns > width:
        rows, columns = height, int(columns * height / rows)
        if columns > width:
            rows, columns = int(rgb.shape[0] * width / rgb.shape[1]), width
    picture = _resized(rgb, max(rows, 1), max(columns, 1))
    rows, columns = picture.shape[:2]
    x, y = (width - columns) // 2, (height - rows) // 2
    box = (x, y, x + columns, y + rows)
    if x == y == 0:
        # ModelScope's code does not pad by a single row or column: the picture stays that much smaller.
        return picture, box
    out = np.full((height, width, 3), _GREY, np.uint8)
    out[y : y + rows, x : x + columns] = picture
    return out, box


def _resized(rgb: npt.NDArray[np.uint8], height: int, width: int) -> npt.NDArray[np.uint8]:
    if rgb.shape[:2] == (height, width):
        return rgb
    return np.asarray(Image.fromarray(rgb).resize((width, height), Image.Resampling.BILINEAR))
