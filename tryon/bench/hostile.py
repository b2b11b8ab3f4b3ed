"""Backends that don't keep to their task, to see that the compositor does."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dressform.tryon.backends.base import Layer
from dressform.tryon.look import Look
from dressform.tryon.stage import Stage

if TYPE_CHECKING:
    from dressform.tryon.drape import AnyCloth

__all__ = ["HOSTILE", "Painter"]

HOSTILE = ("everywhere", "dazzling", "dark", "excess", "lack", "nan", "shape")
"""What a :class:`Painter` can do: paint its whole window, with light far above 1 or below 0, claim more than all or
less than none of the garment, give NaN, or give a window of another size. The last two must be refused."""


@dataclass(frozen=True)
class Painter:
    """A backend that paints its whole window whatever the garment is.

    Attributes:
        kind: One of :data:`HOSTILE`.
    """

    kind: str = "everywhere"

    @property
    def name(self) -> str:
        return f"painter ({self.kind})"

    def drape(self, stage: Stage, cloth: AnyCloth, look: Look) -> Layer:
        """Noise, or worse."""
        height, width = stage.alpha.shape
        rgb = np.random.default_rng(7).random((height, width, 3), np.float32)
        share = np.ones((height, width), np.float32)
        if self.kind in ("dazzling", "dark"):
            rgb *= np.float32(1e30 if self.kind == "dazzling" else -1e30)
        elif self.kind in ("excess", "lack"):
            share *= np.float32(1e6 if self.kind == "excess" else -1e6)
        elif self.kind == "nan":
            rgb[height // 2, width // 2, 1] = np.nan
        elif self.kind == "shape":
            rgb = np.zeros((height + 1, width, 3), np.float32)
        return Layer(rgb, share)
