"""Scenes put together from scenes: nodes moved, sized and named anew; which people stand in front; what is in the box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.paths import Path
from dressform.avatar.scene import Gradient, Group, Layer, Paint, Shape

__all__ = ["Node", "moved", "person_group"]

Node = Layer | Group


def person_group(number: int, children: Sequence[Node], scale: float, offset: tuple[float, float]) -> Group:
    """One person's nodes as a group ``person_1`` of nodes ``p1_hair_front``, at another place and size.

    Args:
        number: Of the person, 1 or more.
        children: From bottom to top.
        scale: Of lengths.
        offset: x, y of where their origin comes to lie.
    """
    matrix = np.array([[scale, 0, offset[0]], [0, scale, offset[1]]], np.float64)
    nodes = tuple(moved(child, matrix, f"p{number}_", f"Person {number}: ") for child in children)
    return Group(f"person_{number}", nodes, f"Person {number}")


def moved(node: Node, matrix: npt.NDArray[np.float64], prefix: str = "", title: str = "") -> Node:
    """A node under a (2, 3) map that keeps angles, unless there are no strokes, with more before its name and title.

    Effects stay as they are: their lengths are those of the canvas.
    """
    named = f"{prefix}{node.name}"
    words = f"{title}{node.title or node.name}" if title else node.title
    if isinstance(node, Group):
        return Group(named, tuple(moved(child, matrix, prefix, title) for child in node.children), words)
    return replace(
        node,
        name=named,
        title=words,
        shapes=tuple(_shape(shape, matrix) for shape in node.shapes),
        pivot=None if node.pivot is None else _point(node.pivot, matrix),
        clip=None if node.clip is None else node.clip.transformed(matrix),
    )


def _shape(shape: Shape, matrix: npt.NDArray[np.float64]) -> Shape:
    stroke = shape.stroke
    if stroke is not None:
        length = float(np.sqrt(abs(np.linalg.det(matrix[:, :2]))))
        stroke = replace(stroke, width=stroke.width * length)
    return replace(shape, path=shape.path.transformed(matrix), fill=_paint(shape.fill, matrix), stroke=stroke)


def _paint(paint: Paint | None, matrix: npt.NDArray[np.float64]) -> Paint | None:
    if not isinstance(paint, Gradient):
        return paint
    return replace(paint, start=_point(paint.start, matrix), end=_point(paint.end, matrix))


def _point(point: tuple[float, float], matrix: npt.NDArray[np.float64]) -> tuple[float, float]:
    x, y = matrix[:, :2] @ point + matrix[:, 2]
    return float(x), float(y)
