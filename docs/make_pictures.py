"""Draw the pictures of the README from the sample photos: ``python docs/make_pictures.py``.

The photos' licences stand in assets/samples/index.json.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image

from dressform.assets import asset_path
from dressform.parsing import load_image, load_parser
from dressform.parsing.draw import draw_overlay

HEIGHT = 420


def main() -> None:
    """Write parse.jpg beside this file: a sample photo, its overlay, and two more."""
    parser = load_parser()
    strip = [load_image(asset_path("samples", "family.jpg"))]
    for name in ("family.jpg", "parents-and-baby.jpg", "couple.jpg"):
        strip.append(draw_overlay(parser.parse(asset_path("samples", name)), legend=False))
    scaled = [
        Image.fromarray(p).resize((round(p.shape[1] * HEIGHT / p.shape[0]), HEIGHT), Image.Resampling.LANCZOS)
        for p in strip
    ]
    gap = np.full((HEIGHT, 8, 3), 255, np.uint8)
    row = [piece for p in scaled for piece in (np.asarray(p), gap)][:-1]
    Image.fromarray(np.hstack(row)).save(Path(__file__).with_name("parse.jpg"), quality=88)


if __name__ == "__main__":
    main()
