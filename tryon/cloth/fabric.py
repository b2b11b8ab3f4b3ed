"""Cloth as the panels of a garment show it: its colour at every coordinate, before any light falls on it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import OptionError
from dressform.tryon.cloth.kinds import Cloth, Print, Solid, Tile, prints_of
from dressform.tryon.cloth.placement import PanelFrame, Scale, Scaled, frame_of, place_print
from dressform.tryon.cloth.sampling import sample_artwork, sample_tile

__all__ = ["Cloth", "PanelFrame", "Print", "Sample", "Scale", "Solid", "Tile", "frame_of", "sample", "with_prints"]

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


def sample(cloth: Cloth, uv: Floats, footprint: Floats, scale: Scaled, panel: PanelFrame | None = None) -> Sample:
    """The cloth at the coordinates of a panel, or of a whole garment without its prints.

    Args:
        cloth: What the garment is made of.
        uv: (h, w, 2) float32, finite: u right and v down, in pixels of arc length on the cloth.
        footprint: (h, w) float32 above 0: how much uv a pixel covers.
        scale: How large the person is.
        panel: The panel that these are the own coordinates of; without it prints are left out, for
            :func:`with_prints` to add.

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
    below = Sample(rgb, np.zeros(uv.shape[:2], np.float32) if base is None else None)
    return below if panel is None else with_prints(cloth, below, uv, footprint, scale, panel)


def with_prints(
    cloth: Cloth,
    below: Sample,
    uv: Floats,
    footprint: Floats,
    scale: Scaled,
    panel: PanelFrame,
    *,
    window: tuple[slice, slice] | None = None,
    within: npt.NDArray[np.bool_] | None = None,
) -> Sample:
    """The prints of a cloth that are on one panel, laid over what is there.

    Args:
        cloth: What the garment is made of.
        below: The garment so far, (H, W); it stays as it is.
        uv: (h, w, 2) float32 own coordinates of the panel.
        footprint: (h, w) float32 above 0.
        scale: How large the person is.
        panel: The panel.
        window: Rows and columns of ``below`` that the coordinates are for; None: all of it.
        within: (h, w) bool, where the panel is; None: everywhere.

    Raises:
        OptionError: Arrays that do not fit or hold numbers that are not finite.
    """
    out = below
    for artwork in prints_of(cloth):
        placed = place_print(
            artwork.place, panel, scale, width_cm=artwork.width_cm, width=artwork.width, angle=artwork.angle,
            offset=artwork.offset,
        )  # fmt: skip
        if placed is None:
            continue
        width, height = artwork.image.size
        found = sample_artwork(
            artwork.image.layered(_shrink(width / placed.width, footprint)), uv, footprint, centre=placed.centre,
            width=placed.width, aspect=height / width, angle=placed.angle,
        )  # fmt: skip
        if found is None:
            continue
        if out is below:
            out = Sample(below.rgb.copy(), None if below.coverage is None else below.coverage.copy())
        seen, layer = found
        if within is not None:
            layer *= within[seen][..., None]
        whole = window or (slice(0, uv.shape[0]), slice(0, uv.shape[1]))
        _lay(layer, out, (_inner(whole[0], seen[0]), _inner(whole[1], seen[1])))
    return out


def _inner(outer: slice, inner: slice) -> slice:
    return slice(outer.start + inner.start, outer.start + inner.stop)


def _lay(layer: Floats, below: Sample, at: tuple[slice, slice]) -> None:
    """Lay (h, w, 4) light times alpha, and alpha, over a part of ``below``, which changes."""
    clear = 1 - layer[..., 3]
    rgb = below.rgb[at]
    if below.coverage is None:
        rgb *= clear[..., None]
        rgb += layer[..., :3]
    else:
        left = below.coverage[at] * clear
        total = left + layer[..., 3]
        rgb *= left[..., None]
        rgb += layer[..., :3]
        np.divide(rgb, total[..., None], out=rgb, where=total[..., None] > 0)
        below.coverage[at] = total
    np.minimum(rgb, 1, out=rgb)  # at a print's own edge, light and alpha are filtered a little apart


def _shrink(density: float, footprint: Floats) -> int:
    """How far a picture of so many texels a uv may be reduced at once without loss."""
    least = float(footprint.min()) if footprint.size else 0.0
    return max(1, int(min(density * least, 1e4) / _TEXELS)) if least > 0 else 1
