"""A photo with new cloth: the picture, the new cloth as a layer, and what could change."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from dressform.tryon.compose import Composite, make_layer
from dressform.tryon.photo.encoding import grey_profile_as_rgb
from dressform.tryon.photo.photo import Photo
from dressform.tryon.report import Report

__all__ = ["Result"]


@dataclass(frozen=True, eq=False)
class Result:
    """What draping gives.

    Attributes:
        before: The photo as it was.
        composite: Pixels after the swap and where they could change.
        reports: One per garment, by person and region.
    """

    before: Photo = field(repr=False)
    composite: Composite = field(repr=False)
    reports: tuple[Report, ...]

    @property
    def image(self) -> npt.NDArray[Any]:
        """(H, W, 3) RGB or (H, W, 4) RGBA, depth and encoding of the photo, read-only."""
        return self.composite.pixels

    @property
    def edit_mask(self) -> npt.NDArray[np.bool_]:
        """(H, W) bool: outside of it every pixel is that of the photo."""
        return self.composite.edit_mask

    @cached_property
    def layer(self) -> npt.NDArray[Any]:
        """(H, W, 4) RGBA with straight alpha: the new cloth alone, to be laid over the photo in any editor."""
        return make_layer(self.before.colored(), self.composite)

    @property
    def report(self) -> Report:
        """The first garment's report."""
        return self.reports[0]

    @cached_property
    def photo(self) -> Photo:
        """The photo after the swap, with all that its file carried."""
        return self.before.with_pixels(self.composite.pixels)

    def save(self, path: str | Path, format: str | None = None) -> tuple[str, ...]:
        """Write the picture to a file, whole or not at all.

        Args:
            path: Of the file; its ending says the format: PNG, TIFF, WebP (lossless), or JPEG.
            format: Another format than the ending's, or None.

        Returns:
            What could not be kept as it was, in sentences: JPEG changes every pixel a little, for example.

        Raises:
            OptionError: Unknown format. OutputError: It cannot be written.
        """
        return self.photo.save(path, format)

    def save_layer(self, path: str | Path, format: str | None = None) -> tuple[str, ...]:
        """Write :attr:`layer` to a file, as :meth:`save` does; the format must have transparency."""
        icc = self.before.icc
        if icc is not None and self.before.pixels.shape[2] < 3:
            icc = grey_profile_as_rgb(icc)
        chunks = tuple(chunk for chunk in self.before.chunks if chunk[0] not in (b"tRNS", b"PLTE", b"sBIT", b"hIST"))
        return replace(self.before, pixels=self.layer, view=None, icc=icc, chunks=chunks).save(path, format)
