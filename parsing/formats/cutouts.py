"""Each person cut out of the photo, on transparent ground."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.formats.photo import need_image
from dressform.parsing.formats.windows import Window, pixel_windows, window_slices
from dressform.parsing.result import Parse, Person

__all__ = ["encode"]


def encode(parse: Parse) -> dict[str, bytes]:
    """``person-1.png`` and so on, RGBA, 8 bits, with soft edges; ``person-01.png`` where there are ten or more.

    Colours are straight, not multiplied by alpha, and black where alpha is 0, so that nothing of the
    surroundings leaks. A picture covers the person's window, enlarged where the person's pixels reach beyond it.
    Nobody in the photo: no files.

    Raises:
        OptionError: The result has no photo.
    """
    image = need_image(parse, "cut-outs")
    digits = len(str(len(parse)))
    return {
        f"person-{person.index:0{digits}}.png": _cutout(image, person, _around(person.window, pixels))
        for person, pixels in zip(parse.people, pixel_windows(parse), strict=True)
    }


def _around(window: Window, pixels: Window | None) -> Window:
    if pixels is None:
        return window
    low = (min(a, b) for a, b in zip(window[:2], pixels[:2], strict=True))
    high = (max(a, b) for a, b in zip(window[2:], pixels[2:], strict=True))
    x0, y0, x1, y1 = *low, *high
    return x0, y0, x1, y1


def _cutout(image: npt.NDArray[np.uint8], person: Person, window: Window) -> bytes:
    at = window_slices(window)
    alpha = (person.alpha()[at] * 255 + 0.5).astype(np.uint8)
    picture = cv2.cvtColor(np.ascontiguousarray(image[at]), cv2.COLOR_RGB2BGRA)
    picture[alpha == 0] = 0
    picture[..., 3] = alpha
    _, data = cv2.imencode(".png", picture)
    return data.tobytes()
