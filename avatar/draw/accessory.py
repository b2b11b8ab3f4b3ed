"""Accessories put on a head: data in anchor units as layers in heads."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
import numpy.typing as npt

from dressform.avatar.accessories import TONES, Accessory, AccessoryPart, AccessoryShape
from dressform.avatar.color import adjusted, oklab_to_oklch, parse_color, srgb_to_oklab
from dressform.avatar.paths import Curve, Path, polygon
from dressform.avatar.pose import HeadPose, Point
from dressform.avatar.scene import Color, Layer, Shape, Stroke
from dressform.parsing.errors import OptionError

__all__ = ["accessory_colors", "draw_accessory", "rim_path", "tone_of"]

Matrix = npt.NDArray[np.float64]
Recolor = Callable[[Color], Color]

CHEST: Point = (0.0, 0.75)
"""Origin of what is worn on the chest, in heads."""
LOBE = 0.3  # half head widths from the middle of an ear down to its lobe
_CROWN, _TOP = 0.695, 0.80  # head widths from the eyes to the skull's and the hair's top that the art is drawn for
_EDGE = 1.2  # distances of the eyes from the middle to the side of the head that the art is drawn for
_STRETCH = 0.8, 1.35  # how much shorter or taller than drawn something may become
_TURN = 0.12  # how far the front of a head moves with a full turn, in head widths
_HIDDEN = 0.7  # yaw beyond which the far ear is not seen
_ABOVE = 3.0  # heads over the chin up to which a hat removes hair
_LEAST = 0.01  # heads; no head is smaller
_FAR = 1.5  # anchor units from the middle beyond which turning shifts nothing more
_ASIDE = 0.2  # head widths that a turned skull lies beside the middle of the eyes, at most


@dataclass(frozen=True, eq=False)
class _Place:
    """Where points in anchor units go: fitted to the head and round it first, then by a (2, 3) map into heads.

    Attributes:
        matrix: The map.
        turn: How far the front moves; on the far side things draw closer, on the near side apart.
        still: Distance from the middle that does not move.
        upper, lower: Factors of heights above and below the origin.
        wide: A distance from the middle and a factor of all that lies farther out.
    """

    matrix: Matrix
    turn: float = 0.0
    still: float = 0.0
    upper: float = 1.0
    lower: float = 1.0
    wide: tuple[float, float] = (0.0, 1.0)

    def points(self, points: Matrix) -> Matrix:
        x, y = points.T
        start, factor = self.wide
        x = np.clip(x, -start, start) + (x - np.clip(x, -start, start)) * factor
        y = y * np.where(y < 0, self.upper, self.lower)
        # A cylinder seen from the front and turned by a small angle, up to the second order.
        x = x + self.turn * (self.still**2 - np.minimum(np.abs(x), _FAR) ** 2)
        return np.stack([x, y], 1) @ self.matrix[:, :2].T + self.matrix[:, 2]

    def path(self, path: Path) -> Path:
        return Path(tuple(Curve(self.points(curve.points), curve.closed) for curve in path.curves))


def draw_accessory(
    accessory: Accessory,
    pose: HeadPose,
    *,
    colors: Mapping[str, Color] | None = None,
    seed: int = 0,
    line: Stroke | None = None,
    recolor: Recolor | None = None,
) -> tuple[tuple[str, Layer], ...]:
    """The layers of an accessory.

    Args:
        accessory: What to draw.
        pose: Of the head that it is for.
        colors: sRGB by role; others are chosen from the accessory's own, by ``seed``.
        seed: 0 takes the first colours.
        line: Outline of all its pieces, in heads; None for none.
        recolor: What becomes of every colour in the end.

    Returns:
        (slot, layer) from bottom to top. Coordinates are heads, but those of canvas accessories are 0..1 of the canvas.
        Names begin with kind and name, ``hat_beanie``; layers at an ear end in R or L.

    Raises:
        OptionError: A role that the accessory does not have.
    """
    paints = accessory_colors(accessory, colors or {}, seed)
    if recolor is not None:
        paints = {name: recolor(color) for name, color in paints.items()}
    found = []
    for part in accessory.parts:
        for side, unit, place in _places(accessory, pose):
            shapes = tuple(_shapes(part, place, unit, paints, line, recolor))
            words = [accessory.kind, accessory.name, *([] if part.name == "main" else [part.name]), *side]
            title = ", ".join([accessory.title or accessory.name, *([] if part.name == "main" else [part.name]), *side])
            found.append((part.slot, Layer("_".join(words).replace("-", "_"), shapes, title)))
    return tuple(found)


def rim_path(accessory: Accessory, pose: HeadPose) -> Path | None:
    """The area above a hat's rim, where hair is removed, in heads; None for what removes none."""
    if not accessory.rim:
        return None
    (_, _, place) = next(_places(accessory, pose))
    rim = [(float(x), float(y)) for x, y in place.points(np.array(accessory.rim))]
    left, right = rim[0], rim[-1]
    far, top = max(_ABOVE, *(abs(x) + 0.5 for x, _ in rim)), min(-_ABOVE, *(y - 0.5 for _, y in rim))
    return polygon([*rim, (far, right[1]), (far, top), (-far, top), (-far, left[1])])


def accessory_colors(accessory: Accessory, colors: Mapping[str, Color], seed: int = 0) -> dict[str, Color]:
    """sRGB of all roles of an accessory and of their tones, such as "main" and "main-shadow".

    Args:
        accessory: Whose roles.
        colors: Those that are given.
        seed: Chooses the others; 0 takes the first ones.

    Raises:
        OptionError: A role that the accessory does not have.
    """
    for role in colors:
        if role not in accessory.colors:
            allowed = ", ".join(accessory.colors) or "none"
            raise OptionError(f"{accessory.key} has no such colour", got=repr(role), allowed=allowed)
    pick = crc32(f"{seed}:{accessory.key}".encode()) if seed else 0
    found: dict[str, Color] = {}
    for role in sorted({"main", *accessory.colors}):
        choices = accessory.colors.get(role, ("#808080",))
        base = colors[role] if role in colors else parse_color(choices[pick % len(choices)])
        found |= {role: base, **{f"{role}-{tone}": tone_of(base, tone) for tone in TONES}}
    return found


def tone_of(color: Color, tone: str) -> Color:
    """A darker or lighter kin of a colour: "shadow", "deep", "line", "light" or "shine".

    Dark colours are changed less downwards and more upwards, so that black and white keep their shape.
    """
    lightness = float(oklab_to_oklch(srgb_to_oklab(np.array(color, np.float64)))[0])
    if tone in ("light", "shine"):
        share, chroma = (0.22, 0.95) if tone == "light" else (0.6, 0.6)
        return adjusted(color, lightness=(1 - lightness) * share + 0.01, chroma=chroma)
    factor, chroma = {"shadow": (0.86, 1.02), "deep": (0.72, 1.0), "line": (0.5, 0.9)}[tone]
    return adjusted(color, lightness=lightness * (factor - 1) - 0.01, chroma=chroma)


def _places(accessory: Accessory, pose: HeadPose) -> Iterator[tuple[list[str], float, _Place]]:
    """Side names, length of an anchor unit in heads, and where points go, for each copy of the accessory."""
    anchor, yaw = accessory.anchor, pose.yaw
    if anchor == "canvas":
        yield [], 1.0, _Place(np.eye(2, 3))
    elif anchor == "chest":
        yield [], 1.0, _Place(np.array([[1.0, 0, CHEST[0]], [0, 1, CHEST[1]]]))
    elif anchor == "ears":
        for side, ear, out in (("R", pose.ears[0], -1.0), ("L", pose.ears[1], 1.0)):
            if out * yaw > _HIDDEN:
                continue
            unit = pose.half_width
            # Earrings hang; what is put into an ear turns with the head.
            angle = 0.0 if accessory.kind == "earrings" else pose.tilt
            lobe = pose.matrix(ear) @ [0.0, LOBE * unit, 1.0]
            upright = replace(pose, tilt=angle).matrix((float(lobe[0]), float(lobe[1])), unit)
            upright[:, 0] *= out * (1 - 0.4 * max(0.0, out * yaw))
            yield [side], unit, _Place(upright)
    elif anchor == "head":
        unit, upper, lower = _head_fit(accessory, pose)
        # The eyes are on the front of the skull, the ears at its sides: the ears tell where its middle is.
        ears, angle = np.mean(pose.ears, axis=0) - pose.eyes, np.radians(pose.tilt)
        aside = float(np.clip(ears @ [np.cos(angle), np.sin(angle)], -_ASIDE * unit, _ASIDE * unit))
        yield [], unit, _Place(pose.matrix(pose.at(aside, 0.0), unit), _TURN * yaw, 0.5, upper, lower)
    else:
        unit = max(pose.apart, _LEAST)
        origin, start = (pose.eyes, 0.9) if anchor == "eyes" else (pose.mouth, 0.5)
        # Temples and masks end at the sides of the head, whatever its width.
        spread = float(np.clip((pose.half_width / unit - start) / (_EDGE - start), 0.2, 1.6))
        still, turn = (0.5 if anchor == "eyes" else 0.0), 2 * _EDGE * _TURN * yaw
        yield [], unit, _Place(pose.matrix(origin, unit), turn, still, wide=(start, spread))


def _head_fit(accessory: Accessory, pose: HeadPose) -> tuple[float, float, float]:
    """The unit of what is anchored at a head, and factors of its heights above and below the eyes."""
    unit = max(2 * pose.half_width, _LEAST)
    above, below = max(pose.crown, _LEAST) / (_CROWN * unit), 0.5 / (_CROWN * unit)
    if accessory.kind not in ("hat", "headphones"):
        return unit, 1.0, 1.0
    if not accessory.rim:  # lies on the hair
        return unit, float(np.clip(pose.hair_top / (_TOP * unit), *_STRETCH)), 1.0
    if "hair" in accessory.hides:  # goes all round the face
        return unit, float(np.clip(above, *_STRETCH)), float(np.clip(below, *_STRETCH))
    # A hat looks odd when it is stretched much, and is larger than the skull anyway.
    grown = float(np.clip(above**0.5, 0.95, 1.12))
    tall = float(np.clip(above**0.6, 0.9, 1.2)) / grown
    return unit * grown, tall, tall


def _shapes(
    part: AccessoryPart,
    place: _Place,
    unit: float,
    paints: Mapping[str, Color],
    line: Stroke | None,
    recolor: Recolor | None,
) -> Iterator[Shape]:
    """Shapes of one part; a piece is outlined after the tones that lie on it and before the next piece."""
    outline: Shape | None = None
    for shape in part.shapes:
        path = place.path(shape.path)
        if line is not None and _piece(shape):
            if outline is not None:
                yield outline
            outline = Shape(path, None, line)
        stroke = None
        if shape.stroke is not None and shape.width > 0:
            stroke = Stroke(_paint(shape.stroke, paints, recolor), shape.width * unit)
        fill = None if shape.fill is None else _paint(shape.fill, paints, recolor)
        yield Shape(path, fill, stroke, shape.opacity)
    if outline is not None:
        yield outline


def _piece(shape: AccessoryShape) -> bool:
    """Whether a shape is a thing of its own rather than light, shade or ornament on one."""
    return shape.outline and shape.fill is not None and "-" not in shape.fill and shape.opacity == 1


def _paint(name: str, paints: Mapping[str, Color], recolor: Recolor | None) -> Color:
    if name in paints:
        return paints[name]
    color = parse_color(name)
    return color if recolor is None else recolor(color)
