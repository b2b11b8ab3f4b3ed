"""Each person cut out of the photo, on transparent ground."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.formats.photo import need_image
from dressform.parsing.result import Parse, Person
from dressform.parsing.scores import Window
from dressform.parsing.windows import window_slices

__all__ = ["encode"]


def encode(parse: Parse) -> dict[str, bytes]:
    """``person-1.png`` and so on, RGBA, 8 bits, with soft edges; ``person-01.png`` where there are ten or more.

    Colours are straight, not multiplied by alpha, and black where alpha is 0, so that nothing of the
    surroundings leaks. A picture covers the person's window, enlarged where soft edges reach beyond it.
    Nobody in the photo: no files.

    Raises:
        OptionError: The result has no photo.
    """
    image = need_image(parse, "cut-outs")
    digits = len(str(len(parse)))
    return {f"person-{person.index:0{digits}}.png": _cutout(image, person) for person in parse.people}


def _cutout(image: npt.NDArray[np.uint8], person: Person) -> bytes:
    alpha = (person.alpha() * np.float32(255) + np.float32(0.5)).astype(np.uint8)
    at = window_slices(_around(person.window, cv2.boundingRect(alpha)))
    cover = alpha[at]
    picture = cv2.cvtColor(np.ascontiguousarray(image[at]), cv2.COLOR_RGB2BGRA)
    picture[cover == 0] = 0
    picture[..., 3] = cover
    _, data = cv2.imencode(".png", picture)
    return data.tobytes()


def _around(window: Window, found: Sequence[int]) -> Window:
    """The window, enlarged to hold the rectangle x, y, width, height unless that is empty."""
    x, y, w, h = found
    x0, y0, x1, y1 = window
    return (min(x0, x), min(y0, y), max(x1, x + w), max(y1, y + h)) if w else window
