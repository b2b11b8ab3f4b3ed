"""One piece of a garment: a tube of cloth, or a sheet of no known build."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.tryon.shape.frames import Frame

__all__ = ["PANEL_NAMES", "Panel"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

PANEL_NAMES = ("torso", "sleeve_L", "sleeve_R", "leg_L", "leg_R", "skirt", "whole")
"""What a panel may be; L and R are the subject's own left and right."""


@dataclass(frozen=True, eq=False)
class Panel:
    """A piece of a garment and how its cloth lies.

    Attributes:
        name: One of :data:`PANEL_NAMES`.
        mask: (h, w) bool in the region's window; the panels of a garment cover its mask, each pixel once.
        frame: The tube that the piece is a part of. The torso and the skirt of a dress are parts of one tube.
        parent: The tube that it is sewn to: a sleeve's torso, a leg's hips; None for others.
        seam: (2, 2) float32 x, y, both ends of the line along which it is sewn there; None without a parent.
        backing: (h', w') bool over the region's window, as coarse as may be: the piece and what lies in front of it.
            Only a "whole" panel has one; its cloth is a pillow of this shape.
    """

    name: str
    mask: Mask
    frame: Frame
    parent: Frame | None = None
    seam: Floats | None = None
    backing: Mask | None = None

    @property
    def axis(self) -> Floats:
        """(n, 2) float32 x, y: the centre line in pixels of the window, from top to bottom, evenly spaced."""
        return self.frame.axis

    @property
    def radius(self) -> Floats:
        """(n,) float32 half widths along the axis, in pixels."""
        return self.frame.radius

    @property
    def top(self) -> float:
        """The coordinate v of the axis's first point, in pixels."""
        return -self.frame.origin
