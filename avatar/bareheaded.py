"""Taking a hat off: there is hair under it, close to the skull, as far as nobody saw."""

from __future__ import annotations

from dataclasses import replace
from types import MappingProxyType

import numpy as np

from dressform.avatar.draw.grid import Grid
from dressform.avatar.draw.strokes import smooth_closed
from dressform.avatar.paths import Path
from dressform.avatar.spec import AvatarSpec, RegionShape

__all__ = ["bareheaded"]

_PIXELS = 100.0  # per head
_HAIR = 0.06  # heads; how far hair stands off the skull


def bareheaded(spec: AvatarSpec) -> AvatarSpec:
    """The spec without its measured hat; what it covered of the skull has hair."""
    hat = spec.regions.get("hat")
    regions = dict(spec.regions)
    regions.pop("hat", None)
    attributes = replace(spec.attributes, hat=False)
    if hat is not None and hat.path.curves and (spec.face.jaw or "hair" in regions):
        hair = regions.get("hair")
        x0, y0, x1, y1 = (hat.path + hair.path if hair is not None else hat.path).bounds
        grid = Grid.around((x0 - 0.2, y0 - 0.2, x1 + 0.2, y1 + 0.2), _PIXELS)
        covered = grid.fill(hat.path) & grid.fill(_skull(spec))
        own = grid.fill(hair.path) if hair is not None else grid.empty()
        path = grid.trace(grid.blurred(grid.closed(own | covered, 0.05), 0.01), 0.5)
        if path.curves:
            regions["hair"] = RegionShape(path)
    return replace(spec, regions=MappingProxyType(regions), attributes=attributes)


def _skull(spec: AvatarSpec) -> Path:
    """Outline of the skull with close hair, an ellipse about the eyes along the head's axes."""
    pose = spec.head
    angle = np.radians(pose.tilt)
    across, down = np.array([np.cos(angle), np.sin(angle)]), np.array([-np.sin(angle), np.cos(angle)])
    turns = np.linspace(0, 2 * np.pi, 24, endpoint=False)
    wide, high = pose.half_width + _HAIR, max(pose.crown, 0.4) + _HAIR
    points = np.array(pose.eyes) + np.cos(turns)[:, None] * wide * across + np.sin(turns)[:, None] * high * down
    return Path((smooth_closed(points),))
