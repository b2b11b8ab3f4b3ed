"""Cloth as the panels of a garment show it: its colour at every coordinate, before any light falls on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import OptionError
from dressform.tryon.cloth import Cloth, Print, Solid, Tile, prints_of
from dressform.tryon.placement import PanelFrame, Scale, place_print
from dressform.tryon.sampling import sample_artwork, sample_tile

__all__ = ["Cloth", "PanelFrame", "Print", "Sample", "Scale", "Solid", "Tile", "sample"]

Floats = npt.NDArray[np.float32]

_TEXELS = 4.0  # kept for each pixel of the photo; what is finer is averaged at once


@dataclass(frozen=True, eq=False)
class Sample:
    """Cloth as a panel shows it.

    Attributes:
        rgb: (h, w, 3) float32 linear light 0..1 of the cloth under full light.
        coverage: (h, w) float32 0..1, how much of the original garment it hides; None: all of it, everywhere.
    """

    rgb: Floats
    coverage: Floats | None = None


def sample(cloth: Cloth, uv: Floats, footprint: Floats, scale: Scale, panel: PanelFrame | None = None) -> Sample:
    """The cloth at the coordinates of a panel.

    Args:
        cloth: What the garment is made of.
        uv: (h, w, 2) float32, finite: u right and v down, in pixels of arc length on the cloth.
        footprint: (h, w) float32 above 0: how much uv a pixel covers.
        scale: How large the person is.
        panel: Where on the garment this is; without it prints are left out.

    Raises:
        OptionError: Arrays that do not fit or hold numbers that are not finite, or no cloth.
    """
    if not isinstance(cloth, Solid | Tile | Print):
        raise OptionError("not a cloth", got=type(cloth).__name__, allowed="Solid, Tile, Print")
    prints = prints_of(cloth)
    base = prints[0].over if prints else cloth
    rgb = np.zeros((*uv.shape[:2], 3), np.float32)
    if isinstance(base, Solid):
        rgb[:] = base.linear
    elif isinstance(base, Tile):
        repeat, (width, height) = base.repeat_pixels(scale), base.image.size
        rgb = sample_tile(
            base.image.opaque(_shrink(width / repeat, footprint)), uv, footprint, repeat=repeat, aspect=height / width,
            angle=base.angle, drop=base.drop, mirror=base.mirror, offset=base.offset,
        )  # fmt: skip
    coverage = np.zeros(uv.shape[:2], np.float32) if base is None else None
    for artwork in prints:
        _lay(artwork, uv, footprint, scale, panel, rgb, coverage)
    if coverage is not None:
        np.divide(rgb, coverage[..., None], out=rgb, where=coverage[..., None] > 0)
        np.minimum(rgb, 1, out=rgb)
    return Sample(rgb, coverage)


def _lay(
    artwork: Print, uv: Floats, footprint: Floats, scale: Scale, panel: PanelFrame | None, rgb: Floats,
    coverage: Floats | None,
) -> None:  # fmt: skip
    """Lay a print over ``rgb``, which is multiplied by ``coverage`` if there is one. Both change."""
    if panel is None:
        return
    placed = place_print(
        artwork.place, panel, scale, width_cm=artwork.width_cm, width=artwork.width, angle=artwork.angle,
        offset=artwork.offset,
    )  # fmt: skip
    if placed is None:
        return
    width, height = artwork.image.size
    found = sample_artwork(
        artwork.image.layered(_shrink(width / placed.width, footprint)), uv, footprint, centre=placed.centre,
        width=placed.width, aspect=height / width, angle=placed.angle,
    )  # fmt: skip
    if found is None:
        return
    window, layer = found
    alpha = layer[..., 3]
    rgb[window] *= 1 - alpha[..., None]
    rgb[window] += layer[..., :3]
    if coverage is not None:
        coverage[window] *= 1 - alpha
        coverage[window] += alpha


def _shrink(density: float, footprint: Floats) -> int:
    """How far a picture of so many texels a uv may be reduced at once without loss."""
    least = float(footprint.min()) if footprint.size else 0.0
    return max(1, int(min(density * least, 1e4) / _TEXELS)) if least > 0 else 1
