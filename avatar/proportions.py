"""Figures that leave nature: larger heads, shorter bodies, narrower shoulders, as one smooth map of the plane."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.avatar.paths import Curve, Path
from dressform.avatar.spec import AvatarSpec, Framing
from dressform.avatar.style import Proportions

__all__ = ["NATURAL", "Warp", "warp_for"]

Floats = npt.NDArray[np.float64]
_BODY = 6.3  # heads below the chin of a grown-up
_BUST = 0.62  # least share of a bust's height that is kept: the collar must stay in the picture
_FROM, _TO = -0.06, 0.34  # heads below the chin where the map goes over from head to body


@dataclass(frozen=True)
class Warp:
    """Head and body scaled apart, about the chin.

    Attributes:
        middle: x that stays where it is.
        chin: y that stays where it is.
        head: Factor of the head's width.
        body: Factor of the body's width.
        fall: Factor of heights below the chin.
    """

    middle: float = 0.0
    chin: float = 0.0
    head: float = 1.0
    body: float = 1.0
    fall: float = 1.0

    @property
    def identity(self) -> bool:
        """Whether nothing moves."""
        return self.head == self.body == self.fall == 1.0

    def points(self, points: Floats) -> Floats:
        """(n, 2) points where they go."""
        x, y = points[:, 0], points[:, 1] - self.chin
        t = np.clip((y - _FROM) / (_TO - _FROM), 0, 1)
        t = t * t * (3 - 2 * t)
        wide = self.head * (1 - t) + self.body * t
        return np.stack([self.middle + (x - self.middle) * wide, self.chin + np.where(y > 0, y * self.fall, y)], 1)

    def path(self, path: Path) -> Path:
        """A path where it goes."""
        if self.identity:
            return path
        return Path(tuple(Curve(self.points(curve.points), curve.closed) for curve in path.curves))


NATURAL = Warp()


def warp_for(spec: AvatarSpec, proportions: Proportions, framing: Framing) -> Warp:
    """The map that gives a figure a style's proportions."""
    low = max((region.path.bounds[3] for region in spec.regions.values() if region.path.curves), default=_BODY)
    body = low if framing == "full" and low > 3 else _BODY
    fall = (proportions.heads - 1) / body if proportions.heads else 1.0
    if framing == "bust":
        fall = max(fall, _BUST) if fall < 1 else fall
    fall = min(fall, 1.0) if proportions.heads else 1.0
    warp = Warp(spec.head.chin[0], spec.head.chin[1], proportions.head_width, proportions.shoulders, fall)
    return NATURAL if warp.identity else warp
