"""People together in one scene, each at their own place and size, on one background."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import numpy.typing as npt

from dressform.avatar.compose import compose, finished
from dressform.avatar.draw.accessory import draw_accessory
from dressform.avatar.draw.background import background_layers
from dressform.avatar.framing import CANVAS, window
from dressform.avatar.group_places import LEGS, Place, ground_of
from dressform.avatar.proportions import warp_for
from dressform.avatar.resolve import AvatarOptions, Resolved, front_colors, resolve
from dressform.avatar.scene import Gradient, Group, Layer, Paint, Scene, Shape
from dressform.avatar.spec import AvatarSpec
from dressform.avatar.style import Proportions, Style
from dressform.avatar.style_file import load_style
from dressform.avatar.styled_color import background_color, styled
from dressform.parsing import OptionError

__all__ = ["Node", "group_scene", "metadata", "moved", "person_group"]

Node = Layer | Group
Box = tuple[float, float, float, float]

_MARGIN = 0.35  # heads around a group
_INSET = 0.05  # heads that are cut off where figures end
_HEAD, _HALF = 0.62, 0.3  # heads from a chin sideways that stay in the picture, of whole heads and of cut figures
_COLLAR = 0.45  # heads below a chin that do
_STOCKY = 0.62  # least share of a body's height that is kept where no feet are seen: collars must stay in the picture
_NARROW, _FLAT = 0.5, 1 / 3  # least width over height of a group, and height over width


def group_scene(
    specs: Sequence[AvatarSpec],
    places: Sequence[Place],
    style: str | Style = "flat",
    options: AvatarOptions | None = None,
) -> Scene:
    """People together on one background, 1000 units wide, each at their own place and size.

    All that a spec holds of a person is drawn; the picture ends a little around them, and where they end. The nearest
    to the viewer is in front. Layers of a person are in the group ``person_1`` and named ``p1_hair_front``.

    Args:
        specs: Whom to draw; see :func:`measure_group`.
        places: Where each is.
        style: A name, a path of a style's JSON file, or a style.
        options: As for one avatar, but for framing and frames, which a group does not have.

    Raises:
        OptionError: An unknown style or option, nobody, or places that do not fit.
    """
    _check(specs, places)
    chosen = style if isinstance(style, Style) else load_style(style)
    wanted = replace(options or AvatarOptions(), framing="full", frame="none")
    standing = any(spec.framing == "full" for spec in specs)
    pairs = sorted(zip(specs, places, strict=True), key=lambda pair: (pair[1].depth, pair[1].number))
    figures = [_figure(resolve(spec, chosen, wanted), place, standing) for spec, place in pairs]
    x0, y0, x1, y1 = _box(figures)
    scale = CANVAS / (x1 - x0)
    size = (CANVAS, (y1 - y0) * scale)
    largest = max(figures, key=lambda figure: figure.place.frame.height)
    children: list[Node] = [*_background(figures, largest.resolved, size)]
    for figure in figures:
        offset = ((figure.offset[0] - x0) * scale, (figure.offset[1] - y0) * scale)
        children.append(person_group(figure.place.number, figure.nodes, figure.scale * scale, offset))
    title = f"{len(figures)} people, {largest.resolved.style.title or chosen.name}"
    return Scene(*size, tuple(children), title, metadata([chosen]))


def _check(specs: Sequence[AvatarSpec], places: Sequence[Place]) -> None:
    if not specs or len(specs) != len(places):
        got = f"{len(specs)} specs and {len(places)} places"
        raise OptionError("nobody to draw, or not all have a place", got=got, allowed="one place for each spec")
    numbers = [place.number for place in places]
    if len(set(numbers)) < len(numbers) or min(numbers) < 1:
        raise OptionError("bad numbers of people", got=numbers[:20], allowed="1 or more, none of them twice")
    for place in places:
        values = (*place.frame.chin, place.frame.height, place.depth, place.ground or 0.0)
        if not all(math.isfinite(value) and abs(value) <= 1e7 for value in values) or place.frame.height < 1e-3:
            raise OptionError("a place lies nowhere", got=f"person {place.number}", allowed="finite numbers, a height")


@dataclass(frozen=True, eq=False)
class _Figure:
    """A person drawn, and how the drawing lies in the photo: times ``scale``, then moved by ``offset``."""

    resolved: Resolved
    place: Place
    nodes: tuple[Node, ...]
    scale: float
    offset: tuple[float, float]
    box: Box  # photo pixels

    @property
    def chin(self) -> tuple[float, float]:
        """Where the chin is after the style has changed proportions, about; photo pixels."""
        return self.place.frame.chin[0], self.place.frame.chin[1] + _drop(self.resolved, self.place)

    @property
    def ground(self) -> float:
        """y of the place's ground; photo pixels."""
        return self.place.frame.chin[1] + _ground(self.resolved, self.place) * self.place.frame.height


def _figure(resolved: Resolved, place: Place, standing: bool) -> _Figure:
    proportions = _proportions(resolved.spec, resolved.style.proportions, standing)
    style = replace(resolved.style, proportions=proportions)
    worn = tuple(each for each in resolved.worn if each.accessory.anchor != "canvas")
    drawn = compose(replace(resolved, style=style, framing="full", background=None, worn=worn))
    resolved = replace(resolved, style=style)
    piece = window(resolved.spec, "full", "none", warp=warp_for(resolved.spec, proportions, "full"))
    unit = place.frame.height
    scale = unit * piece.width / CANVAS
    x = place.frame.chin[0] + piece.x * unit
    y = place.frame.chin[1] + piece.y * unit + _drop(resolved, place)
    boxes = [
        shape.path.bounds
        for layer in Group("all", drawn.children).layers()
        for shape in layer.shapes
        if layer.visible and layer.name != "shadow" and shape.path.curves
    ]
    low, high = np.array(boxes or [(0, 0, 1, 1)])[:, :2].min(0), np.array(boxes or [(0, 0, 1, 1)])[:, 2:].max(0)
    box = (*(low * scale + (x, y)).tolist(), *(high * scale + (x, y)).tolist())
    return _Figure(resolved, place, drawn.children, scale, (x, y), box)


def _proportions(spec: AvatarSpec, proportions: Proportions, standing: bool) -> Proportions:
    """A style's proportions, with bodies as short as in single figures where feet are seen, else as in busts."""
    if not proportions.heads:
        return proportions
    low = ground_of(spec)
    fall = (proportions.heads - 1) / (low if spec.framing == "full" and low > 3 else LEGS)
    if not standing:
        fall = max(fall, _STOCKY)
    per_head = warp_for(spec, replace(proportions, heads=2.0), "full").fall  # of each head below the chin
    return replace(proportions, heads=1 + min(fall, 1.0) / per_head)


def _drop(resolved: Resolved, place: Place) -> float:
    """Photo pixels that a figure comes down when its body gets shorter and its feet stay."""
    warp = warp_for(resolved.spec, resolved.style.proportions, "full")
    return (_ground(resolved, place) - warp.chin) * (1 - warp.fall) * place.frame.height


def _ground(resolved: Resolved, place: Place) -> float:
    return ground_of(resolved.spec) if place.ground is None else place.ground


def _box(figures: Sequence[_Figure]) -> Box:
    """What of the photo's plane is shown: people and a little around them, but nothing beyond where they are cut."""
    unit = float(np.median([figure.place.frame.height for figure in figures]))
    margin = _MARGIN * unit
    left = _side(figures, "left", 0, -1, margin)
    right = _side(figures, "right", 2, 1, margin)
    top = min(figure.box[1] for figure in figures) - margin
    ended = [figure for figure in figures if "bottom" in figure.place.cut]
    if not ended and not any(figure.resolved.spec.framing == "full" for figure in figures):
        ended = [figure for figure in figures if figure.ground > max(each.ground for each in figures) - 0.1 * unit]
    if ended:
        bottom = min(figure.ground - _INSET * figure.place.frame.height for figure in ended)
        bottom = max(bottom, *(figure.chin[1] + _COLLAR * figure.place.frame.height for figure in figures))
    else:
        bottom = max(figure.box[3] for figure in figures) + margin
    width, height = max(right - left, 1e-3), max(bottom - top, 1e-3)
    more = max(_NARROW * height - width, 0.0) / 2
    left, right = left - more, right + more
    top -= max(_FLAT * width - height, 0.0)
    return left, top, right, bottom


def _side(figures: Sequence[_Figure], side: str, index: int, sign: int, margin: float) -> float:
    """x of the left (``sign`` -1) or the right border."""
    cut = [sign * f.box[index] - _INSET * f.place.frame.height for f in figures if side in f.place.cut]
    if not cut:
        return sign * (max(sign * figure.box[index] for figure in figures) + margin)
    heads = [
        sign * f.chin[0] + (_HALF if side in f.place.cut else _HEAD) * f.place.frame.height for f in figures
    ]  # fmt: skip
    return sign * max(min(cut), *heads)


def _background(figures: Sequence[_Figure], main: Resolved, size: tuple[float, float]) -> list[Node]:
    """The style's background, of a colour that all people stand out from."""
    layers: list[Layer] = []
    if main.background is not None:
        style = main.style
        front = [pair for figure in figures for pair in front_colors(figure.resolved.spec, style)]
        color = background_color(style, front, main.keyed)
        light, seed = main.spec.light.direction, main.keyed.number
        layers += background_layers(main.background[0], color, size, light=light, seed=seed)
    nodes = [finished(layer, main) for layer in layers]
    return ([Group("background_group", tuple(nodes), "Background")] if nodes else []) + _scenery(main, size)


def _scenery(main: Resolved, size: tuple[float, float]) -> list[Node]:
    """Accessories behind the whole picture, once for all people; frames are made for single figures."""
    matrix = np.array([[size[0], 0, 0], [0, size[1], 0]])
    out: list[Node] = []
    for each in main.worn:
        if each.accessory.anchor == "canvas":
            drawn = draw_accessory(
                each.accessory,
                main.spec.head,
                colors=each.colors,
                seed=main.keyed.within(each.accessory.key).number,
                recolor=lambda color: styled(color, main.style),
            )
            out += [finished(moved(layer, matrix), main) for slot, layer in drawn if slot == "behind"]
    return out


# ---- nodes ----------------------------------------------------------------------------------------------------------


def person_group(number: int, children: Sequence[Node], scale: float, offset: tuple[float, float]) -> Group:
    """Someone's nodes as a group ``person_1`` of nodes such as ``p1_hair_front``, at another place and size.

    Args:
        number: 1 or more.
        children: From bottom to top.
        scale: Of lengths.
        offset: x, y of where their origin comes to lie.
    """
    matrix = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]], np.float64)
    nodes = tuple(moved(child, matrix, f"p{number}_", f"Person {number}: ") for child in children)
    return Group(f"person_{number}", nodes, f"Person {number}")


def moved(node: Node, matrix: npt.NDArray[np.float64], prefix: str = "", title: str = "") -> Node:
    """A node under a (2, 3) map, with more before its name and its title.

    Effects stay as they are: their lengths are those of the canvas.
    """
    name, words = f"{prefix}{node.name}", f"{title}{node.title or node.name}"
    if isinstance(node, Group):
        return Group(name, tuple(moved(child, matrix, prefix, title) for child in node.children), words)
    return replace(
        node,
        name=name,
        title=words,
        shapes=tuple(_shape(shape, matrix) for shape in node.shapes),
        pivot=None if node.pivot is None else _point(node.pivot, matrix),
        clip=None if node.clip is None else node.clip.transformed(matrix),
    )


def _shape(shape: Shape, matrix: npt.NDArray[np.float64]) -> Shape:
    stroke = shape.stroke
    if stroke is not None:
        stroke = replace(stroke, width=stroke.width * float(np.sqrt(abs(np.linalg.det(matrix[:, :2])))))
    return replace(shape, path=shape.path.transformed(matrix), fill=_paint(shape.fill, matrix), stroke=stroke)


def _paint(paint: Paint | None, matrix: npt.NDArray[np.float64]) -> Paint | None:
    if not isinstance(paint, Gradient):
        return paint
    return replace(paint, start=_point(paint.start, matrix), end=_point(paint.end, matrix))


def _point(point: tuple[float, float], matrix: npt.NDArray[np.float64]) -> tuple[float, float]:
    x, y = matrix[:, :2] @ point + matrix[:, 2]
    return float(x), float(y)


def metadata(styles: Iterable[Style]) -> Mapping[str, str]:
    """What files of scenes in some styles say of themselves."""
    licences = ", ".join(sorted({style.licence for style in styles}))
    return MappingProxyType({"licence": licences, "creator": "dressform", "source": "dressform avatar"})
