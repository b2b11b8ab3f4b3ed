"""A drawing as a tree: groups of named layers, each a stack of filled and stroked paths. Immutable.

Coordinates are in the scene's own units, x right and y down, origin in the upper left corner. Layers
are listed from bottom to top and are put on one another by plain alpha compositing, in sRGB.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from dressform.avatar.paths import Path

__all__ = ["Color", "Effect", "Gradient", "Group", "Layer", "Paint", "Scene", "Shape", "Stroke"]

Color = tuple[int, int, int]
"""sRGB, 0..255."""
_SLUG = re.compile(r"[a-z][a-z0-9_]*(?:_[LR])?(?:_[a-z0-9_]+)?")


@dataclass(frozen=True)
class Gradient:
    """Colours along a line, or from a point outwards; beyond its ends the outermost colours go on.

    Attributes:
        kind: "linear" from ``start`` to ``end``, or "radial" around ``start``, its rim passing through ``end``.
        start, end: In scene units.
        stops: (offset 0..1, colour, opacity 0..1) in rising order, two or more. Mixed in sRGB, not premultiplied.
    """

    kind: Literal["linear", "radial"]
    start: tuple[float, float]
    end: tuple[float, float]
    stops: tuple[tuple[float, Color, float], ...]


Paint = Color | Gradient


@dataclass(frozen=True)
class Stroke:
    """A line of even width along a path, with round joins and caps.

    Attributes:
        color: Of the line.
        width: In scene units.
    """

    color: Color
    width: float


@dataclass(frozen=True, eq=False)
class Shape:
    """One path, filled by the even-odd rule, then stroked.

    Attributes:
        path: Open curves are closed by a straight line where filled.
        fill: Or None.
        stroke: Or None.
        opacity: Of fill and stroke together, 0..1.
    """

    path: Path
    fill: Paint | None = None
    stroke: Stroke | None = None
    opacity: float = 1.0


@dataclass(frozen=True)
class Effect:
    """A named change of a layer's pixels, such as grain; files that hold geometry leave it out.

    Attributes:
        name: One that the effects module knows.
        amount: Strength, 0..1.
        seed: Of whatever is random in it.
    """

    name: str
    amount: float = 1.0
    seed: int = 0


@dataclass(frozen=True, eq=False)
class Layer:
    """Shapes that belong together and move together.

    Attributes:
        name: Unique in the scene, such as ``hair_front_light`` or ``arm_L``; L and R are the subject's own sides.
        shapes: From bottom to top.
        title: For people, such as "Hair, front: light".
        pivot: Where the layer turns about, in scene units, or None.
        effects: Applied in order once the layer is drawn.
        visible: Hidden layers are kept in layered files and left out of flat pictures: a closed eye, for a blink.
        clip: Only what is inside of it is shown, as of a picture in a round frame; None for everything.
    """

    name: str
    shapes: tuple[Shape, ...]
    title: str = ""
    pivot: tuple[float, float] | None = None
    effects: tuple[Effect, ...] = ()
    visible: bool = True
    clip: Path | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "shapes", tuple(self.shapes))
        if not _SLUG.fullmatch(self.name):
            raise ValueError(f"a layer's name is lower case with underscores, got {self.name!r}")


@dataclass(frozen=True, eq=False)
class Group:
    """Layers and groups, from bottom to top.

    Attributes:
        name: Unique in the scene among layers and groups.
        children: From bottom to top.
        title: For people.
    """

    name: str
    children: tuple[Layer | Group, ...]
    title: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "children", tuple(self.children))

    def layers(self) -> Iterator[Layer]:
        """All layers below, from bottom to top."""
        for child in self.children:
            if isinstance(child, Layer):
                yield child
            else:
                yield from child.layers()


@dataclass(frozen=True, eq=False)
class Scene:
    """A drawing.

    Attributes:
        width, height: Of the canvas, in scene units; more than 0.
        children: From bottom to top.
        title: For people.
        metadata: Text to keep in files that can hold it: "licence", "creator", "source" (never of the photo).

    Raises:
        ValueError: Two layers or groups have one name.
    """

    width: float
    height: float
    children: tuple[Layer | Group, ...]
    title: str = ""
    metadata: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    def __post_init__(self) -> None:
        object.__setattr__(self, "children", tuple(self.children))
        seen: set[str] = set()
        for name in _names(self.children):
            if name in seen:
                raise ValueError(f"two layers are named {name!r}")
            seen.add(name)

    def layers(self) -> Iterator[Layer]:
        """All layers, from bottom to top."""
        yield from Group("scene", self.children).layers()


def _names(children: tuple[Layer | Group, ...]) -> Iterator[str]:
    for child in children:
        yield child.name
        if isinstance(child, Group):
            yield from _names(child.children)
