"""What somebody wears in a photo, as cloth for somebody else."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dressform.parsing import OptionError, Person
from dressform.tryon.shape.regions import region_name

__all__ = ["Region"]


@dataclass(frozen=True, eq=False)
class Region:
    """A garment that a person wears.

    Attributes:
        person: Who wears it. Their parse must hold its photo.
        region: One of :data:`dressform.tryon.REGION_NAMES`, "outer" for "coat".

    Raises:
        OptionError: Unknown region, or a parse without its photo.
    """

    person: Person = field(repr=False)
    region: str

    def __post_init__(self) -> None:
        object.__setattr__(self, "region", region_name(self.region))
        if self.person.parse.image is None:
            raise OptionError("the parse holds no photo to take a garment from", remedy="use parse.with_image(photo)")

    @property
    def image(self) -> npt.NDArray[np.uint8]:
        """(H, W, 3) uint8 sRGB, the photo."""
        assert self.person.parse.image is not None
        return self.person.parse.image
