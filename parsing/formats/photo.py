"""The photo of a result, for formats that show it."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import OptionError
from dressform.parsing.result import Parse

__all__ = ["need_image"]


def need_image(parse: Parse, what: str) -> npt.NDArray[np.uint8]:
    """(H, W, 3) uint8 sRGB: the photo of the result.

    Raises:
        OptionError: The result has no photo, as it was loaded from a file.
    """
    if parse.image is None:
        remedy = "load the photo and add it with parse.with_image(image)"
        raise OptionError(f"{what} need the photo, which saved results do not hold", remedy=remedy)
    return parse.image
