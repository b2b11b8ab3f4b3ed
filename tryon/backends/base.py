"""The contract of backends: from a stage, a cloth and a look to a layer. None of them sees the compositor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
import numpy.typing as npt

from dressform.tryon.garment.fit_report import FitReport
from dressform.tryon.look import Look

if TYPE_CHECKING:
    from dressform.tryon.drape import AnyCloth
    from dressform.tryon.stage import Stage

__all__ = ["Backend", "BackendInfo", "Layer"]

Floats = npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Layer:
    """New cloth in a stage's window.

    Attributes:
        rgb: (h, w, 3) float32, linear RGB with the photo's light on it, finite; used where the stage has cloth.
        coverage: (h, w) float32 0..1, how much of the old garment it hides; None: all of it.
        fit: How a garment from a photo suits, or None.
        notes: What the reader should know, in sentences.
    """

    rgb: Floats
    coverage: Floats | None = None
    fit: FitReport | None = None
    notes: tuple[str, ...] = ()


class Backend(Protocol):
    """Makes new cloth. Whatever it returns, pixels outside the garment stay as they are."""

    @property
    def name(self) -> str:
        """Short name, for reports."""

    def drape(self, stage: Stage, cloth: AnyCloth, look: Look) -> Layer:
        """The new cloth for a stage.

        Raises:
            OptionError: This backend cannot make such cloth, or an option out of range.
            EngineUnavailableError: It cannot run here.
        """


@dataclass(frozen=True)
class BackendInfo:
    """What is known of a backend without loading it.

    Attributes:
        name: Its name.
        summary: One sentence.
        licence: Of its code and weights.
        ready: Whether it can run here.
        how: What to do if it is not.
    """

    name: str
    summary: str
    licence: str
    ready: bool
    how: str = ""
