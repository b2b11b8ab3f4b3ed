"""A drawing as the bench looks at it: layers by name, areas as pixels, and where a place of the person is on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from dressform.avatar.avatar import Avatar, draw_avatar
from dressform.avatar.framing import window
from dressform.avatar.paths import Path
from dressform.avatar.proportions import warp_for
from dressform.avatar.resolve import AvatarOptions
from dressform.avatar.scene import Color, Layer, Scene
from dressform.avatar.spec import AvatarSpec
from dressform.parsing import Part

__all__ = ["BACKDROP", "PARTS", "Drawing", "area", "centroid", "fill", "flat_points", "without_backdrop"]

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.uint8]

BACKDROP = ("background", "shadow")
"""Starts of the names of layers that are not the figure."""
PARTS: Mapping[str, Part] = MappingProxyType(
    {
        "hair_back": Part.HAIR, "hair_front": Part.HAIR, "face": Part.FACE, "hat": Part.HAT,
        "torso_skin": Part.TORSO_SKIN, "leg_R": Part.RIGHT_LEG, "leg_L": Part.LEFT_LEG, "socks": Part.SOCKS,
        "shoe_R": Part.RIGHT_SHOE, "shoe_L": Part.LEFT_SHOE, "pants": Part.PANTS, "skirt": Part.SKIRT,
        "dress": Part.DRESS, "upper_clothes": Part.UPPER_CLOTHES, "coat": Part.COAT, "arm_R": Part.RIGHT_ARM,
        "arm_L": Part.LEFT_ARM, "glove": Part.GLOVE, "scarf": Part.SCARF, "bag": Part.BAG,
        "arm_R_front": Part.RIGHT_ARM, "arm_L_front": Part.LEFT_ARM, "glove_front": Part.GLOVE,
        "scarf_front": Part.SCARF, "bag_front": Part.BAG,
    }
)  # fmt: skip
"""Layers that show the body of a part, and the part."""
_MAP = 320  # px; longer side of a label map


@dataclass(frozen=True, eq=False)
class Drawing:
    """One person in one style.

    Attributes:
        avatar: What was drawn.
        framing: "bust", or "whole" for as much as is known of the person.
    """

    avatar: Avatar
    framing: Literal["bust", "whole"]

    @classmethod
    def of(cls, spec: AvatarSpec, style: str, framing: Literal["bust", "whole"]) -> Drawing:
        """Draw a spec, background and all, without a frame."""
        options = AvatarOptions(framing="bust" if framing == "bust" else "full", frame="none")
        return cls(draw_avatar(spec, style, options), framing)

    @property
    def style(self) -> str:
        """Its name."""
        return self.avatar.style.name

    @cached_property
    def scene(self) -> Scene:
        """All layers."""
        return self.avatar.scene

    @cached_property
    def layers(self) -> Mapping[str, Layer]:
        """By name, from bottom to top; hidden ones are left out."""
        return MappingProxyType({layer.name: layer for layer in self.scene.layers() if layer.visible})

    @cached_property
    def _place(self) -> tuple[Any, Floats]:
        resolved = self.avatar.resolved
        warp = warp_for(resolved.spec, resolved.style.proportions, resolved.framing)
        return warp, window(resolved.spec, resolved.framing, resolved.frame, warp=warp).matrix()

    def to_canvas(self, points: npt.ArrayLike) -> Floats:
        """(n, 2) places of the person, in heads, on the canvas."""
        warp, matrix = self._place
        return np.asarray(warp.points(np.asarray(points, np.float64)) @ matrix[:, :2].T + matrix[:, 2])

    def to_heads(self, points: npt.ArrayLike) -> Floats:
        """(n, 2) places on the canvas as places of the person in heads, the style's proportions undone."""
        warp, matrix = self._place
        at = (np.asarray(points, np.float64) - matrix[:, 2]) / matrix[[0, 1], [0, 1]]
        y = at[:, 1] - warp.chin
        out = np.stack([at[:, 0], warp.chin + np.where(y > 0, y / warp.fall, y)], 1)
        wide = warp.points(np.stack([np.full(len(out), warp.middle + 1.0), out[:, 1]], 1))[:, 0] - warp.middle
        out[:, 0] = warp.middle + (out[:, 0] - warp.middle) / wide
        return out

    @property
    def unit(self) -> float:
        """Scene units to a head."""
        return float(self._place[1][1, 1])

    def color(self, name: str) -> Color | None:
        """The flat fill of a layer's largest opaque shape."""
        found = [s for s in self.layers[name].shapes if isinstance(s.fill, tuple)] if name in self.layers else []
        if not found:
            return None
        fill = max(found, key=lambda shape: (shape.opacity >= 0.5, area(shape.path))).fill
        return fill if isinstance(fill, tuple) else None

    @cached_property
    def scale(self) -> float:
        """Pixels of a label map to a scene unit."""
        return _MAP / max(self.scene.width, self.scene.height)

    @cached_property
    def labels(self) -> Labels:
        """(h, w) uint8, the part that each pixel shows, by the names of the layers."""
        size = max(round(self.scene.height * self.scale), 1), max(round(self.scene.width * self.scale), 1)
        out = np.zeros(size, np.uint8)
        for name, layer in self.layers.items():
            if name in PARTS:
                for shape in layer.shapes:
                    if shape.fill is not None and shape.opacity >= 0.5:
                        out[fill(shape.path, size, self.scale)] = PARTS[name]
        return out


def without_backdrop(scene: Scene, *, names: Iterable[str] | None = None) -> Scene:
    """The visible layers of the figure alone, or those of ``names``, in one row."""
    wanted = None if names is None else set(names)
    kept = [
        replace(layer, clip=None)
        for layer in scene.layers()
        if layer.visible
        and not layer.name.startswith(BACKDROP)
        and (wanted is None or layer.name in wanted)
    ]  # fmt: skip
    return replace(scene, children=tuple(kept))


def fill(path: Path, size: tuple[int, int], scale: float = 1.0, origin: tuple[float, float] = (0.0, 0.0)) -> Mask:
    """(height, width) bool: pixels whose middle is inside a path by the even-odd rule, counted along each row.

    Args:
        path: Closed curves.
        size: Height and width.
        scale: Pixels to a unit of the path.
        origin: Where the upper left corner of the pixels lies, in units of the path.
    """
    height, width = size
    toggles = np.zeros((height, width + 1), np.int64)
    for curve in path.curves:
        points = (curve.flatten(0.1 / scale) - origin) * scale
        a, b = points, np.roll(points, -1, 0)
        low, high = np.minimum(a[:, 1], b[:, 1]), np.maximum(a[:, 1], b[:, 1])
        first = np.clip(np.ceil(low - 0.5), 0, height).astype(np.int64)
        end = np.clip(np.ceil(high - 0.5), 0, height).astype(np.int64)
        count = np.maximum(end - first, 0)
        edge = np.repeat(np.arange(len(a)), count)
        rows = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count - first, count)
        slope = (b[edge, 0] - a[edge, 0]) / np.where(a[edge, 1] == b[edge, 1], 1, b[edge, 1] - a[edge, 1])
        x = a[edge, 0] + (rows + 0.5 - a[edge, 1]) * slope
        columns = np.clip(np.ceil(x - 0.5), 0, width).astype(np.int64)
        np.add.at(toggles, (rows, columns), 1)
    return np.asarray(np.cumsum(toggles[:, :width], axis=1) % 2 == 1)


def flat_points(path: Path, tolerance: float = 0.5) -> Floats:
    """(n, 2) points along all curves of a path."""
    pieces = [curve.flatten(tolerance) for curve in path.curves]
    return np.concatenate(pieces) if pieces else np.zeros((0, 2))


def area(path: Path) -> float:
    """Area of a path; holes, which run the other way, count less than nothing."""
    total = 0.0
    for curve in path.curves:
        x, y = curve.flatten(0.1).T
        total += float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
    return abs(total)


def centroid(path: Path) -> Floats:
    """(2,) middle of the area of a path's first curve; of its points where it has no area."""
    points = path.curves[0].flatten(0.2)
    x, y = (points - points[0]).T
    cross = x * np.roll(y, -1) - y * np.roll(x, -1)
    total = float(cross.sum())
    if abs(total) < 1e-9:
        return np.asarray(points.mean(0))
    middle = [float(((v + np.roll(v, -1)) * cross).sum()) / (3 * total) for v in (x, y)]
    return np.asarray(points[0] + middle)
