"""From resolved choices to a scene: which things are drawn, in what order, and how they come onto the canvas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType

import numpy as np

from dressform.avatar.draw.accessory import draw_accessory, rim_path
from dressform.avatar.draw.background import background_layers
from dressform.avatar.draw.body import body_groups, body_masks, front_groups, garment_tones
from dressform.avatar.draw.eyes import brow_layers, eye_groups
from dressform.avatar.draw.grid import Grid, Mask
from dressform.avatar.draw.hair import HairMasks, hair_back_group, hair_front_group, hair_masks
from dressform.avatar.draw.head import beard_shapes, ear_groups, face_group, face_path
from dressform.avatar.draw.mouth import mouth_group
from dressform.avatar.draw.pen import Pen, layers
from dressform.avatar.draw.worn import glasses_group, hat_group
from dressform.avatar.framing import CANVAS, Window, canvas_size, frame_path, window
from dressform.avatar.paths import Path
from dressform.avatar.pose import Point
from dressform.avatar.proportions import Warp, warp_for
from dressform.avatar.resolve import Resolved, Worn
from dressform.avatar.scene import Effect, Gradient, Group, Layer, Scene, Shape, Stroke
from dressform.avatar.styled_color import styled

__all__ = ["compose", "figure", "finished"]

Node = Layer | Group
_SCALE = {"bust": 110.0, "half": 90.0, "full": 72.0}  # pixels per head of the raster that areas are cut in
_MARGIN = 0.25  # heads around the canvas that are still drawn
_NOOK = 0.045  # heads; half the width of gaps between parts that are painted over
_INK = (50, 40, 48)
_SHADOW = (0.07, 0.09)  # heads that a figure's shadow is moved


def compose(resolved: Resolved) -> Scene:
    """The drawing."""
    spec, style = resolved.spec, resolved.style
    warp = warp_for(spec, style.proportions, resolved.framing)
    piece = window(spec, resolved.framing, resolved.frame, warp=warp, top=_worn_top(resolved))
    size = canvas_size(piece)
    nodes = figure(resolved, warp, piece)
    placed = [_place(node, warp, piece) for node in nodes]
    ground: tuple[Layer, ...] = ()
    if resolved.background is not None:
        shape, color = resolved.background
        ground = background_layers(shape, color, size, light=spec.light.direction, seed=resolved.keyed.number)
    ground += tuple(_scaled(layer, size) for layer in _worn_layers(resolved, "behind", canvas=True))
    over = [_scaled(layer, size) for slot in ("front", "frame") for layer in _worn_layers(resolved, slot, canvas=True)]
    children: list[Node] = []
    if ground:
        children.append(Group("background_group", ground, "Background"))
    children += [*placed, *over]
    title = f"Avatar, {style.title or style.name}"
    metadata = {"licence": style.licence, "creator": "dressform", "source": "dressform avatar"}
    clip = frame_path(resolved.frame, size)
    named = tuple(finished(node, resolved, clip) for node in children)
    return Scene(*size, named, title, MappingProxyType(metadata))


def figure(resolved: Resolved, warp: Warp, piece: Window) -> list[Node]:
    """The person without background, from bottom to top, in heads."""
    spec = resolved.spec
    pen = _pen(resolved, warp, piece)
    grid = pen.grid
    face_outline = face_path(pen)
    face = grid.fill(face_outline)
    hat_region = spec.regions.get("hat")
    hat = grid.fill(hat_region.path) if hat_region is not None else grid.empty()
    hair = hair_masks(pen, face, hat)
    hides = {what for each in resolved.worn for what in each.accessory.hides}
    if hair is not None:
        hair = _under_rims(resolved.worn, pen, hair)
    front = hair.front if hair is not None else grid.empty()
    masks = body_masks(pen)
    head = face | front | hat
    nodes: list[Node] = []
    silhouette = head | (hair.back if hair is not None else front)
    for mask in masks.values():
        silhouette |= mask
    ears = [] if "ears" in hides else ear_groups(pen, front | hat)
    for ear in ears:
        silhouette |= grid.fill(next(ear.layers()).shapes[0].path)
    nodes += _shadow(pen, silhouette)
    nodes += _worn_layers(resolved, "behind")
    if hair is not None:
        nodes.append(hair_back_group(pen, hair))
    nodes += _underpaint(pen, silhouette)
    nodes += body_groups(pen, masks, head)
    inner: list[Node] = [*ears]
    if face.any():
        inner.append(face_group(pen, face_outline, face, front | hat, nose="nose" not in hides))
    inner += [] if "earrings" in hides else _worn_layers(resolved, "ears")
    if spec.face.source != "none":
        beard = () if "beard" in hides else beard_shapes(pen)
        inner += layers("beard", "Beard", [("", "", beard)])
        mouth = None if "mouth" in hides else mouth_group(pen)
        inner += [mouth] if mouth is not None else []
        if "eyes" not in hides:
            inner += eye_groups(pen)
        if "brows" not in hides:
            inner += brow_layers(pen)
    inner += _worn_layers(resolved, "face")
    if hair is not None and "hair" not in hides:
        inner.append(hair_front_group(pen, hair))
    if spec.face.source != "none" and "glasses" not in hides:
        glasses = glasses_group(pen)
        inner += [glasses] if glasses is not None else []
    if hat.any() and "hat" not in hides:
        inner.append(hat_group(pen, hat))
    nodes.append(Group("head_group", tuple(inner), "Head"))
    nodes += front_groups(pen, masks, face)
    nodes += layers("rim_light", "Rim light", [("", "", pen.rim(silhouette))])
    for slot in ("glasses", "hat", "front"):
        nodes += _worn_layers(resolved, slot)
    return nodes


def _pen(resolved: Resolved, warp: Warp, piece: Window) -> Pen:
    """The pen for what the canvas shows, seen before proportions are changed."""
    narrow = min(warp.head, warp.body)
    left, right = piece.x - warp.middle, piece.x + piece.width - warp.middle
    low = (piece.y + piece.height - warp.chin) / warp.fall + warp.chin
    box = (
        warp.middle + left / narrow - _MARGIN,
        piece.y - _MARGIN,
        warp.middle + right / narrow + _MARGIN,
        low + _MARGIN,
    )
    grid = Grid.around(box, _SCALE[resolved.framing])
    x, y = resolved.spec.light.direction
    light = (x, min(y, -0.35))  # drawn light comes from above: shadows under chins read as form
    length = float(np.hypot(*light))
    return Pen(resolved.spec, resolved.style, grid, (light[0] / length, light[1] / length), resolved.keyed)


def _under_rims(worn: Sequence[Worn], pen: Pen, hair: HairMasks) -> HairMasks:
    """Hair without what is under hats."""
    for each in worn:
        rim = rim_path(each.accessory, pen.spec.head)
        if rim is not None:
            cut = pen.grid.fill(rim)
            hair = replace(hair, front=hair.front & ~cut, back=hair.back & ~cut)
    return hair


def _shadow(pen: Pen, silhouette: Mask) -> list[Layer]:
    """The figure's shadow on what is behind it."""
    amount = pen.style.background.shadow
    if amount <= 0:
        return []
    sign = -1 if pen.light[0] > 0 else 1
    moved = pen.grid.shifted(pen.grid.closed(silhouette, 0.05), sign * _SHADOW[0], _SHADOW[1])
    path = pen.grid.trace(pen.grid.blurred(moved, 0.03), 0.1)
    return layers("shadow", "Shadow", [("", "", [Shape(path, (20, 16, 40), opacity=amount)])])


def _underpaint(pen: Pen, silhouette: Mask) -> list[Layer]:
    """What shows in nooks between parts, where the background would be seen through a hair's breadth."""
    _, ys = pen.grid.points()
    closed = pen.grid.closed(silhouette, _NOOK)
    filled = pen.grid.grown(closed & ~silhouette, 0.02) & closed
    below = ys > pen.spec.head.chin[1] + 0.1
    shapes = []
    for where, tone in ((filled & ~below, pen.skin), (filled & below, garment_tones(pen))):
        path = pen.grid.trace(pen.grid.blurred(where, 0.004), 0.6) if where.any() else Path(())
        shapes.append(Shape(path, tone.shadow))
    return layers("underpaint", "Underpaint", [("", "", shapes)])


# ---- accessories ----------------------------------------------------------------------------------------------------


def _worn_layers(resolved: Resolved, slot: str | None, *, canvas: bool = False) -> list[Layer]:
    """Layers of accessories in one slot, or in all; those placed on the canvas or those placed on the figure."""
    style = resolved.style
    line = Stroke(styled(_INK, style), style.line.width) if style.line.width > 0 else None
    out = []
    for each in resolved.worn:
        if (each.accessory.anchor == "canvas") != canvas:
            continue
        drawn = draw_accessory(
            each.accessory,
            resolved.spec.head,
            colors=each.colors,
            seed=resolved.keyed.within(each.accessory.key).number,
            line=None if canvas else line,
            recolor=lambda color: styled(color, style),
        )
        out += [layer for where, layer in drawn if slot is None or where == slot]
    return out


def _worn_top(resolved: Resolved) -> float:
    """How high what is worn on the head rises, in heads."""
    tops = [
        layer_shape.path.bounds[1]
        for layer in _worn_layers(replace(resolved, worn=_on_head(resolved.worn)), None)
        for layer_shape in layer.shapes
        if layer_shape.path.curves
    ]
    return min(tops, default=0.0)


def _on_head(worn: Sequence[Worn]) -> tuple[Worn, ...]:
    return tuple(each for each in worn if each.accessory.kind in ("hat", "headphones", "glasses"))


# ---- onto the canvas ------------------------------------------------------------------------------------------------


def _place(node: Node, warp: Warp, piece: Window) -> Node:
    matrix = piece.matrix()
    scale = CANVAS / piece.width
    if isinstance(node, Group):
        return replace(node, children=tuple(_place(child, warp, piece) for child in node.children))
    return replace(
        node,
        shapes=tuple(_drawn(shape, warp, matrix, scale) for shape in node.shapes),
        pivot=None if node.pivot is None else _moved(node.pivot, warp, matrix),
    )


def _drawn(shape: Shape, warp: Warp, matrix: np.ndarray, scale: float) -> Shape:
    path: Path = warp.path(shape.path).transformed(matrix)
    fill = shape.fill
    if isinstance(fill, Gradient):
        fill = replace(fill, start=_moved(fill.start, warp, matrix), end=_moved(fill.end, warp, matrix))
    stroke = shape.stroke
    if stroke is not None:
        stroke = replace(stroke, width=stroke.width * scale)
    return replace(shape, path=path, fill=fill, stroke=stroke)


def _moved(point: Point, warp: Warp, matrix: np.ndarray) -> Point:
    x, y = (warp.points(np.array([point])) @ matrix[:, :2].T + matrix[:, 2])[0]
    return float(x), float(y)


def _scaled(layer: Layer, size: tuple[float, float]) -> Layer:
    """A layer in shares of the canvas on the canvas."""
    matrix = np.array([[size[0], 0, 0], [0, size[1], 0]])
    identity = Warp()
    return replace(layer, shapes=tuple(_drawn(shape, identity, matrix, min(size)) for shape in layer.shapes))


def finished(node: Node, resolved: Resolved, clip: Path | None = None) -> Node:
    """A node with the style's effects and the frame's cut; worn frames are not cut."""
    if isinstance(node, Group):
        return replace(node, children=tuple(finished(child, resolved, clip) for child in node.children))
    effects = tuple(
        Effect(each.name, each.amount, resolved.keyed.within(f"effect.{each.name}.{node.name}").number % (1 << 31))
        for each in resolved.style.effects
        if _wanted(node.name, each.layers)
    )
    return replace(node, effects=effects, clip=None if node.name.startswith("frame_") else clip)


def _wanted(name: str, layers: str) -> bool:
    """Whether an effect is for a layer."""
    return not name.startswith(layers[1:]) if layers.startswith("!") else name.startswith(layers)
