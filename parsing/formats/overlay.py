"""The photo with the parts drawn over it, as a JPEG file."""

from __future__ import annotations

import io

from PIL import Image

from dressform.parsing.result import Parse

__all__ = ["encode"]


def encode(parse: Parse) -> dict[str, bytes]:
    """``overlay.jpg``, without metadata.

    Raises:
        OptionError: The result has no photo.
    """
    from dressform.parsing.draw import draw_overlay  # it uses this package, so it cannot be loaded before it

    file = io.BytesIO()
    # Full colour resolution: thin coloured lines smear without it.
    Image.fromarray(draw_overlay(parse)).save(file, "JPEG", quality=92, subsampling=0)
    return {"overlay.jpg": file.getvalue()}
