"""Several avatars as one layered scene: a contact sheet, or all the people of a photo where they stand in it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from dressform.avatar.avatar import Avatar
from dressform.avatar.color import format_color
from dressform.avatar.framing import CANVAS
from dressform.avatar.group_places import Place, arranged
from dressform.avatar.group_scene import Node, group_scene, metadata, person_group
from dressform.avatar.measure import measure
from dressform.avatar.paths import polygon
from dressform.avatar.resolve import AvatarOptions
from dressform.avatar.scene import Color, Layer, Scene, Shape
from dressform.avatar.spec import AvatarSpec
from dressform.avatar.style import Style
from dressform.avatar.view import head_frame
from dressform.parsing import OptionError, Parse

__all__ = ["Place", "build_group", "contact_sheet", "group_scene", "measure_group"]

_MOST = 1000  # avatars on a sheet


def contact_sheet(
    avatars: Sequence[Avatar],
    *,
    columns: int | None = None,
    gap: float = 60,
    background: Color | None = (255, 255, 255),
) -> Scene:
    """Avatars in a grid, row by row, as one scene.

    Layers of the first avatar are in the group ``person_1`` and named ``p1_hair_front``, and so on.

    Args:
        avatars: One or more.
        columns: Of the grid; None makes it about square.
        gap: Scene units between avatars and around them; an avatar is 1000 wide.
        background: sRGB below all, or None for transparency.

    Raises:
        OptionError: No avatars or too many, or a bad grid or colour.
    """
    count = len(avatars)
    if not 1 <= count <= _MOST:
        raise OptionError("bad number of avatars for a sheet", got=count, allowed=f"1 to {_MOST}")
    across = math.ceil(math.sqrt(count)) if columns is None else columns
    if type(across) is not int or not 1 <= across <= _MOST:
        raise OptionError("bad number of columns", got=columns, allowed=f"1 to {_MOST}")
    if not (isinstance(gap, int | float) and 0 <= gap <= CANVAS):
        raise OptionError("bad gap between avatars", got=gap, allowed=f"0 to {CANVAS:g}")
    across = min(across, count)
    scenes = [avatar.scene for avatar in avatars]
    wide = max(scene.width for scene in scenes)
    children: list[Node] = []
    y = gap
    for start in range(0, count, across):
        row = scenes[start : start + across]
        high = max(scene.height for scene in row)
        for k, scene in enumerate(row):
            x = gap + k * (wide + gap) + (wide - scene.width) / 2
            offset = (x, y + (high - scene.height) / 2)
            children.append(person_group(start + k + 1, scene.children, 1.0, offset))
        y += high + gap
    size = (gap + across * (wide + gap), y)
    if background is not None:
        format_color(background)  # tells what is no colour
        children.insert(0, _field(background, size))
    return Scene(*size, tuple(children), f"{count} avatars", metadata(avatar.style for avatar in avatars))


def _field(color: Color, size: tuple[float, float]) -> Layer:
    return Layer("background", (Shape(polygon([(0, 0), (size[0], 0), size, (0, size[1])]), color),), "Background")


# ---- everybody in place ---------------------------------------------------------------------------------------------


def build_group(parse: Parse, style: str | Style = "flat", options: AvatarOptions | None = None) -> Scene:
    """All people of a photo as one scene, each where they stand in it; see :func:`group_scene`.

    Raises:
        OptionError: An unknown style or option, no photo, or nobody in it.
    """
    return group_scene(*measure_group(parse), style, options)


def measure_group(parse: Parse, specs: Mapping[int, AvatarSpec] | None = None) -> tuple[list[AvatarSpec], list[Place]]:
    """What :func:`group_scene` needs, without any style: figures that go on behind those in front, and their places.

    Args:
        parse: Of the photo.
        specs: By number of the person, of those who are to be drawn, as they were measured; None measures everybody.

    Raises:
        OptionError: No photo, or nobody in it.
    """
    if specs is None:
        specs = {person.index: measure(person) for person in parse.people if person.extent is not None}
    numbers = sorted(specs)
    frames = [head_frame(parse.people[number - 1]) for number in numbers]
    if not numbers:
        raise OptionError("nobody to draw", got=f"{len(parse)} people")
    return arranged(parse, [specs[number] for number in numbers], frames, numbers)
