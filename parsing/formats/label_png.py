"""The two label maps as PNG files that any program opens."""

from __future__ import annotations

import io

import cv2
import numpy as np
from PIL import Image

from dressform.parsing.parts import Part
from dressform.parsing.result import Parse

__all__ = ["encode_instances", "encode_labels"]


def encode_labels(parse: Parse) -> dict[str, bytes]:
    """``labels.png``: indexed, 8 bits; the index is the :class:`Part` value, the palette CIHP's, bag added."""
    width, height = parse.size
    image = Image.frombytes("P", (width, height), np.ascontiguousarray(parse.labels).tobytes())
    image.putpalette([channel for part in Part for channel in part.cihp_color])
    file = io.BytesIO()
    image.save(file, "PNG", bits=8)
    return {"labels.png": file.getvalue()}


def encode_instances(parse: Parse) -> dict[str, bytes]:
    """``instances.png``: grey, 16 bits; 0 = nobody, k = person k."""
    _, data = cv2.imencode(".png", np.ascontiguousarray(parse.instances))
    return {"instances.png": data.tobytes()}
