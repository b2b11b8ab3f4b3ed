"""Scenes as pixels: exact pixel coverage of filled paths, distances for strokes, layers put together in sRGB.

Fill: every edge adds the signed area between it and the right border to the pixels that it crosses; the
sum along a row is the winding number, mixed within a pixel by area (as in font-rs and FreeType's
smooth rasteriser), which the even-odd rule folds to 0..1. Stroke: with round joins and caps it is the set of
points nearer to the path than half the width, so the distance to the nearest piece gives its coverage.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.paths import Path, contains
from dressform.avatar.render import (
    Floats,
    Picture,
    Pixels,
    Size,
    bands,
    compose,
    over,
    pixel_size,
    quantised,
    rgba,
    straight,
)
from dressform.avatar.scene import Color, Effect, Gradient, Layer, Paint, Scene, Shape
from dressform.parsing.errors import OptionError

__all__ = ["EffectFunction", "draw_layers", "render", "render_layer"]

Points = npt.NDArray[np.float64]
EffectFunction = Callable[[Floats, Effect, float], Floats]
Window = tuple[int, int, int, int]  # x0, y0, x1, y1 in pixels

_MARGIN = 1 / 16  # of the longer side: free space around a layer that effects may paint
_TOLERANCE = 0.05  # pixels between a curve and the pieces that stand for it
_BLOCK = 1 << 20  # pairs of pixel and piece compared at once
_STEPS = 4096  # of a gradient


class _Outline(NamedTuple):
    shape: Shape
    lines: list[Points]  # of each curve, in pixels of the canvas
    radius: float  # half the stroke's width in pixels
    bounds: tuple[float, float, float, float]


def render(
    scene: Scene, size: Size, *, background: Color | None = None, effects: Mapping[str, EffectFunction] | None = None
) -> Pixels:
    """The scene's visible layers as one picture: :func:`compose` of what :func:`render_layer` makes of them.

    Args:
        scene: What to draw.
        size: Pixels of the longer side, or (width, height) in the scene's aspect.
        background: sRGB put below everything, or None for transparency.
        effects: As for :func:`render_layer`.

    Returns:
        (H, W, 4) uint8 RGBA with straight alpha, black where alpha is 0.

    Raises:
        OptionError: Bad size, or an effect that ``effects`` lacks.
    """
    drawn = (render_layer(layer, scene, size, effects=effects) for layer in scene.layers() if layer.visible)
    return compose(drawn, pixel_size(scene, size), background=background)


def draw_layers(scene: Scene, size: Size, *, effects: Mapping[str, EffectFunction] | None = None) -> dict[str, Picture]:
    """The picture of every layer by its name, from bottom to top, hidden ones too; see :func:`render_layer`."""
    return {layer.name: render_layer(layer, scene, size, effects=effects) for layer in scene.layers()}


def render_layer(
    layer: Layer, scene: Scene, size: Size, *, effects: Mapping[str, EffectFunction] | None = None
) -> Picture:
    """One layer, hidden or not.

    Args:
        layer: What to draw; it need not be in the scene.
        scene: Gives the canvas.
        size: Pixels of the scene's longer side, or (width, height) in its aspect.
        effects: Functions by the name of the effect; each gets (h, w, 4) float32 RGBA 0..1 with straight
            alpha, the effect and the pixels per scene unit, and returns the same kind of array. Around the shapes there
            is free space of 1/16 of the longer side as far as the canvas goes. None leaves effects out, as SVG does.

    Returns:
        Pixels, (h, w, 4) uint8 RGBA with straight alpha, and the place x, y of their corner on the canvas;
        (0, 0, 4) at 0, 0 where nothing is to be seen.

    Raises:
        OptionError: Bad size, or an effect that ``effects`` lacks.
    """
    width, height = pixel_size(scene, size)
    scale = max(width, height) / max(scene.width, scene.height)
    wanted = layer.effects if effects is not None else ()
    functions = [_effect(effects or {}, effect, layer) for effect in wanted]
    outlines = [outline for shape in layer.shapes if (outline := _outline(shape, scale)) is not None]
    margin = int(max(width, height) * _MARGIN) + 1 if functions else 0
    boxes = [_window(outline.bounds, (0, 0, width, height), margin) for outline in outlines]
    boxes = [box for box in boxes if box[0] < box[2] and box[1] < box[3]]
    if not boxes:
        return Picture(np.zeros((0, 0, 4), np.uint8), (0, 0))
    x0, y0, x1, y1 = (pick(box[k] for box in boxes) for k, pick in enumerate((min, min, max, max)))
    pixels = np.empty((y1 - y0, x1 - x0, 4), np.uint8)
    for rows in [slice(0, y1 - y0)] if functions else bands(y1 - y0, x1 - x0):
        picture = straight(_painted(outlines, scale, (x0, y0 + rows.start, x1, y0 + rows.stop)))
        for effect, function in zip(wanted, functions, strict=True):
            changed = function(np.ascontiguousarray(picture.transpose(1, 2, 0)), effect, scale)
            if changed.shape != (*picture.shape[1:], 4):
                raise ValueError(f"effect {effect.name!r} made {changed.shape} of {(*picture.shape[1:], 4)}")
            picture = changed.astype(np.float32).transpose(2, 0, 1)
        if layer.clip is not None:
            picture[3] *= _clip(layer.clip, scale, (x0, y0 + rows.start, x1, y0 + rows.stop))
        pixels[rows] = quantised(picture)
    x, y, w, h = cv2.boundingRect(pixels[..., 3])
    return Picture(np.ascontiguousarray(pixels[y : y + h, x : x + w]), (x0 + x, y0 + y) if w else (0, 0))


def _clip(path: Path, scale: float, window: Window) -> Floats:
    """(h, w) coverage of a window by what a layer is clipped to."""
    outline = _outline(Shape(path, (0, 0, 0)), scale)
    if outline is None:
        return np.zeros((window[3] - window[1], window[2] - window[0]), np.float32)
    return np.asarray(_painted([outline], scale, window)[3], np.float32)


def _effect(effects: Mapping[str, EffectFunction], effect: Effect, layer: Layer) -> EffectFunction:
    if effect.name not in effects:
        known = ", ".join(sorted(effects)) or "none"
        raise OptionError(f"unknown effect of layer {layer.name}", got=repr(effect.name), allowed=known)
    return effects[effect.name]


# ---- shapes: planes R, G, B, A, see the package ---------------------------------------------------------------------


def _colors(paint: Paint, scale: float, window: Window) -> Floats:
    """Planes of a window's pixels; (4, 1, 1) for a flat paint."""
    if not isinstance(paint, Gradient):
        return rgba(paint)
    offsets = np.maximum.accumulate(np.clip([stop[0] for stop in paint.stops], 0, 1))
    stops = np.array([(*np.array(color) / 255, opacity) for _, color, opacity in paint.stops])
    (ax, ay), (bx, by) = (np.array(point) * scale for point in (paint.start, paint.end))
    span = (bx - ax) ** 2 + (by - ay) ** 2
    if span <= 0:
        return rgba(paint.stops[-1][1], paint.stops[-1][2])
    x, y = np.arange(window[0], window[2])[None] + 0.5 - ax, np.arange(window[1], window[3])[:, None] + 0.5 - ay
    if paint.kind == "linear":
        place = (x * ((bx - ax) / span)).astype(np.float32) + (y * ((by - ay) / span)).astype(np.float32)
    else:
        place = np.sqrt((x * x / span).astype(np.float32) + (y * y / span).astype(np.float32))
    steps = np.linspace(0, 1, _STEPS)
    table = np.stack([np.interp(steps, offsets, column) for column in stops.T]).astype(np.float32)
    table[:3] *= table[3]
    return table[:, (np.clip(place, 0, 1) * np.float32(_STEPS - 1) + np.float32(0.5)).astype(np.int32)]


def _outline(shape: Shape, scale: float) -> _Outline | None:
    """The shape in pixels, or None where it shows nothing."""
    radius = max(0.0, shape.stroke.width * scale / 2) if shape.stroke is not None else 0.0
    if not shape.path.curves or shape.opacity <= 0 or (shape.fill is None and radius == 0):
        return None
    lines = [curve.flatten(_TOLERANCE / scale) * scale for curve in shape.path.curves]
    points = np.concatenate(lines)
    (x0, y0), (x1, y1) = points.min(0) - radius, points.max(0) + radius
    return _Outline(shape, lines, radius, (float(x0), float(y0), float(x1), float(y1)))


def _window(bounds: tuple[float, float, float, float], inside: Window, margin: int = 0) -> Window:
    """Whole pixels that hold the bounds, cut to ``inside``; its ends may cross where nothing is left."""
    x0, y0, x1, y1 = np.clip(bounds, -1e9, 1e9).tolist()
    left, top = max(inside[0], math.floor(x0) - margin), max(inside[1], math.floor(y0) - margin)
    return left, top, min(inside[2], math.ceil(x1) + margin), min(inside[3], math.ceil(y1) + margin)


def _painted(outlines: list[_Outline], scale: float, window: Window) -> Floats:
    """Planes of a window."""
    left, top, right, bottom = window
    canvas = np.zeros((4, bottom - top, right - left), np.float32)
    for shape, lines, radius, bounds in outlines:
        x0, y0, x1, y1 = at = _window(bounds, window)
        if x0 >= x1 or y0 >= y1:
            continue
        target = canvas[:, y0 - top : y1 - top, x0 - left : x1 - left]
        moved, opacity = [line - (x0, y0) for line in lines], np.float32(min(shape.opacity, 1))
        source = np.zeros(target.shape, np.float32)
        if shape.fill is not None:
            np.multiply(_colors(shape.fill, scale, at), _filled(moved, x1 - x0, y1 - y0), out=source)
        if shape.stroke is not None and radius > 0:
            over(source, rgba(shape.stroke.color) * _stroked(moved, radius, x1 - x0, y1 - y0))
        over(target, source * opacity if opacity < 1 else source)
    return canvas


# ---- coverage -------------------------------------------------------------------------------------------------------


def _filled(lines: list[Points], width: int, height: int) -> Floats:
    """(height, width) float32 share of each pixel inside the polygons, by the even-odd rule."""
    ends = [np.stack([line, np.roll(line, -1, axis=0)], 1) for line in _turned(lines)]
    (xa, ya), (xb, yb) = np.concatenate(ends).transpose(1, 2, 0)
    kept = (ya != yb) & (np.maximum(ya, yb) > 0) & (np.minimum(ya, yb) < height)
    xa, ya, xb, yb = xa[kept], ya[kept], xb[kept], yb[kept]
    # Cut at the upper and lower border; put what lies left or right of the window onto its border.
    slope = (xb - xa) / (yb - ya)
    top, bottom = np.clip(ya, 0, height), np.clip(yb, 0, height)
    xa, xb = xa + (top - ya) * slope, xb + (bottom - yb) * slope
    run = np.where(xb == xa, 1, xb - xa)
    cuts = np.sort(np.clip(np.stack([0 * xa, -xa / run, (width - xa) / run, 0 * xa + 1]), 0, 1), axis=0)
    x, y = np.clip(xa + cuts * (xb - xa), 0, width), top + cuts * (bottom - top)
    xa, ya, xb, yb = x[:-1].ravel(), y[:-1].ravel(), x[1:].ravel(), y[1:].ravel()
    # Pieces within one row of pixels, then within one pixel.
    edge, row = _spans(np.floor(np.minimum(ya, yb)), np.ceil(np.maximum(ya, yb)))
    slope = (xb - xa) / np.where(ya == yb, 1, yb - ya)
    y0, y1 = (np.clip(end[edge], row, row + 1) for end in (ya, yb))
    x0, x1 = (np.clip(xa[edge] + (end - ya[edge]) * slope[edge], 0, width) for end in (y0, y1))
    low, high = np.minimum(x0, x1), np.maximum(x0, x1)
    piece, column = _spans(np.floor(low), np.maximum(np.ceil(high), np.floor(low) + 1))
    left, right = np.maximum(low[piece], column), np.minimum(high[piece], column + 1)
    across = (high - low)[piece]
    area = (y1 - y0)[piece] * np.where(across > 0, (right - left) / np.where(across > 0, across, 1), 1)
    beyond = (left + right) / 2 - column
    at, cells = row[piece] * (width + 2) + column, height * (width + 2)
    sums = np.bincount(at, area * (1 - beyond), cells) + np.bincount(at + 1, area * beyond, cells)
    winding: Floats = np.abs(np.cumsum(sums.reshape(height, width + 2)[:, :width], axis=1).astype(np.float32))
    winding -= 2 * np.floor(winding / 2)
    return np.minimum(winding, 2 - winding, out=winding)


def _spans(first: npt.NDArray[Any], end: npt.NDArray[Any]) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """For each k all whole numbers from ``first[k]`` up to ``end[k]``: the k's and the numbers."""
    counts = (end - first).astype(np.int64)
    owner = np.repeat(np.arange(len(counts)), counts)
    return owner, np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts - first.astype(np.int64), counts)


def _turned(lines: list[Points]) -> list[Points]:
    """Polygons, each turned against the one that it lies in, so that areas of both subtract within a pixel."""
    low, high = np.array([line.min(0) for line in lines]), np.array([line.max(0) for line in lines])
    turned = []
    for k, line in enumerate(lines):
        around = np.flatnonzero(((low <= low[k]) & (high >= high[k])).all(1))
        depth = sum(contains(lines[other], line[0]) for other in around if other != k)
        x, y = line.T
        clockwise = np.sum(x * np.roll(y, -1) - y * np.roll(x, -1)) > 0
        turned.append(line if clockwise == (depth % 2 == 0) else line[::-1])
    return turned


def _stroked(lines: list[Points], radius: float, width: int, height: int) -> Floats:
    """(height, width) float32 share of each pixel within ``radius`` of the polylines; thin ones are sampled finer."""
    fine = 4 if radius < 0.5 else 2 if radius < 1 else 1
    wide, high, reach = width * fine, height * fine, radius * fine + 1
    a, b = np.concatenate([np.stack([line[:-1], line[1:]], 1) for line in lines]).transpose(1, 0, 2) * fine
    a, b = _clipped(a, b, reach, (wide, high))
    counts = np.ceil(np.hypot(*(b - a).T) / max(8, reach)).clip(1)
    piece, part = _spans(0 * counts, counts)  # short pieces have small boxes
    step = ((b - a) / counts[:, None])[piece]
    a = a[piece] + step * part[:, None]
    x0, y0 = np.clip(np.floor(np.minimum(a, a + step) - reach), 0, (wide, high)).astype(np.int64).T
    x1, y1 = np.clip(np.ceil(np.maximum(a, a + step) + reach), 0, (wide, high)).astype(np.int64).T
    columns, pairs = x1 - x0, (x1 - x0) * (y1 - y0)
    a, step = a.astype(np.float32) - np.float32(0.5), step.astype(np.float32)
    per_length = 1 / np.maximum((step * step).sum(1), np.float32(1e-9))
    nearest = np.full(wide * high, np.inf, np.float32)  # squared distance
    for block in np.split(np.arange(len(a)), np.flatnonzero(np.diff(np.cumsum(pairs) // _BLOCK)) + 1):
        owner, cell = _spans(0 * pairs[block], pairs[block])
        k = block[owner]
        row = cell // columns[k]
        x, y = x0[k] + cell - row * columns[k], y0[k] + row
        dx, dy, sx, sy = x.astype(np.float32) - a[k, 0], y.astype(np.float32) - a[k, 1], step[k, 0], step[k, 1]
        along = np.clip((dx * sx + dy * sy) * per_length[k], 0, 1)
        np.minimum.at(nearest, y * wide + x, (dx - along * sx) ** 2 + (dy - along * sy) ** 2)
    near, edge = np.flatnonzero(nearest < (reach - 0.5) ** 2), np.float32(reach - 1)
    away = np.sqrt(nearest[near])
    cover = np.minimum(edge, away + np.float32(0.5)) - np.maximum(-edge, away - np.float32(0.5))
    cell = near // wide // fine * width + near % wide // fine
    return (np.bincount(cell, cover, width * height) / fine**2).astype(np.float32).reshape(height, width)


def _clipped(a: Points, b: Points, reach: float, size: tuple[int, int]) -> tuple[Points, Points]:
    """What of the pieces from ``a`` to ``b``, (n, 2) each, lies within ``reach`` of the window."""
    run = b - a
    still, safe = run == 0, np.where(run == 0, 1, run)
    first, last = (-reach - a) / safe, (np.array(size) + reach - a) / safe
    inside = (a >= -reach) & (a <= np.array(size) + reach)
    enter = np.where(still, np.where(inside, 0, 2), np.minimum(first, last)).max(1).clip(min=0)
    leave = np.where(still, 1, np.maximum(first, last)).min(1).clip(max=1)
    kept = enter <= leave
    a, run = a[kept], run[kept]
    return a + enter[kept, None] * run, a + leave[kept, None] * run
