"""Drawn photos of people in folded clothes, of any size, with their parse: what speed and exactness are measured on."""

from __future__ import annotations

from collections.abc import Sequence
from math import cos, pi, sin

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import Parse, Part
from dressform.parsing.result import Observation
from dressform.parsing.scores import ScoreMaps

__all__ = ["CLOTHS", "draw_people"]

Bytes = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float32]
Color = tuple[int, int, int]
Points = Sequence[tuple[float, float]]

CLOTHS = ("plain", "print")
"""Shirts of one colour, or with dots of three."""

_SHIRTS: Sequence[Color] = ((60, 92, 168), (176, 60, 62), (74, 128, 84))
_INKS: Sequence[Color] = ((236, 214, 120), (30, 34, 60), (190, 70, 110))
_SKIN, _HAIR, _TROUSERS, _WALL = (214, 164, 134), (62, 42, 30), (66, 70, 84), (186, 190, 178)
_CELLS = 160  # samples of the score maps, down
_JOINTS = {0: (0.0, -0.45), 5: (0.78, 0.55), 6: (-0.78, 0.55), 7: (1.05, 1.75), 8: (-1.05, 1.75), 9: (0.95, 2.85),
           10: (-0.95, 2.85), 11: (0.5, 2.7), 12: (-0.5, 2.7)}  # fmt: skip
"""COCO's points that are drawn, in heads from the chin; the subject's left is right in the picture."""


def draw_people(width: int, height: int, *, people: int = 1, cloth: str = "print", seed: int = 0) -> Parse:
    """Draw people from head to knee who fill the photo.

    Args:
        width: Of the photo in pixels.
        height: Likewise.
        people: How many stand beside one another.
        cloth: One of :data:`CLOTHS`.
        seed: Of folds, dots and noise.

    Returns:
        Their parse, exact to the pixel, with the photo as its ``image``.
    """
    rng = np.random.default_rng(seed)
    image = np.empty((height, width, 3), np.uint8)
    image[:] = _WALL
    labels, instances = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint16)
    unit = min(height / 5, width / people / 3.4)
    seen = []
    for k in range(people):
        chin = (width * (k + 0.5) / people, 1.35 * unit)
        left, right = (round(width * each / people) for each in (k, k + 1))
        own = labels[:, left:right]
        _draw_labels(own, (chin[0] - left, chin[1]), unit)
        colors = _palette(_SHIRTS[k % len(_SHIRTS)])
        at = own > 0
        instances[:, left:right][at] = k + 1
        part = image[:, left:right]
        part[at] = colors[own[at]]
        if cloth == "print":
            _dots(part, own == Part.UPPER_CLOTHES, unit, rng)
        seen.append(_observation(own, left, chin, unit))
    _light(image, labels > 0, unit, rng)
    return Parse(labels, instances, tuple(seen), image, engine="drawn")


def _draw_labels(labels: Bytes, chin: tuple[float, float], unit: float) -> None:
    """Parts from back to front; later ones lie over earlier ones."""

    def area(part: Part, points: Points) -> None:
        ring = np.round((np.array(points) * unit + chin) * 16 - 8).astype(np.int32)
        cv2.fillPoly(labels, [ring], int(part), shift=4)

    def limb(part: Part, points: Points, half: float) -> None:
        line = np.round((np.array(points) * unit + chin) * 16 - 8).astype(np.int32)
        cv2.polylines(labels, [line], False, int(part), max(round(2 * half * unit), 1), shift=4)

    def oval(part: Part, y: float, rx: float, ry: float) -> None:
        area(part, [(rx * cos(a * pi / 40), y + ry * sin(a * pi / 40)) for a in range(80)])

    oval(Part.HAIR, -0.58, 0.5, 0.55)
    area(Part.PANTS, [(-0.72, 2.5), (0.72, 2.5), (0.8, 4.2), (0.06, 4.2), (0, 3.1), (-0.06, 4.2), (-0.8, 4.2)])
    area(Part.TORSO_SKIN, [(-0.2, -0.2), (0.2, -0.2), (0.3, 0.5), (-0.3, 0.5)])
    for side, arm in ((1, Part.LEFT_ARM), (-1, Part.RIGHT_ARM)):
        limb(arm, [(1.0 * side, 1.5), (1.05 * side, 1.75), (0.95 * side, 2.85)], 0.15)
        limb(Part.UPPER_CLOTHES, [(0.7 * side, 0.62), (1.0 * side, 1.5)], 0.27)
    half = [(0.3, 0.2), (0.75, 0.36), (0.92, 0.7), (0.8, 1.4), (0.76, 2.65)]
    neck = [(-0.2, 0.38), (0.0, 0.44), (0.2, 0.38)]
    area(Part.UPPER_CLOTHES, [*neck, *half, *((-x, y) for x, y in half[::-1])])
    oval(Part.FACE, -0.42, 0.37, 0.44)
    for side in (1, -1):  # over the shoulders
        area(Part.HAIR, [(side * x, y) for x, y in ((0.3, -0.8), (0.5, -0.6), (0.52, 0.75), (0.4, 0.8), (0.33, 0.0))])


def _palette(shirt: Color) -> Bytes:
    """(21, 3) uint8: colour of each part."""
    out = np.full((len(Part), 3), 0, np.uint8)
    out[:] = _SKIN
    out[[Part.HAIR, Part.PANTS, Part.UPPER_CLOTHES]] = _HAIR, _TROUSERS, shirt
    return out


def _dots(image: Bytes, shirt: npt.NDArray[np.bool_], unit: float, rng: np.random.Generator) -> None:
    """Dots of several inks in rows, with a blank one in four."""
    canvas = np.zeros(shirt.shape, np.uint8)
    step = 0.19 * unit
    for row in range(round(shirt.shape[0] / step)):
        for column in range(round(shirt.shape[1] / step)):
            ink = int(rng.integers(0, len(_INKS) + 1))
            at = (column + 0.5 * (row % 2)) * step, row * step
            cv2.circle(canvas, (round(at[0] * 16), round(at[1] * 16)), round(0.33 * step * 16), ink, -1, cv2.LINE_8, 4)
    dots = (canvas > 0) & shirt
    image[dots] = np.array(((0, 0, 0), *_INKS), np.uint8)[canvas[dots]]


def _light(image: Bytes, people: npt.NDArray[np.bool_], unit: float, rng: np.random.Generator) -> None:
    """Folds on people, a lamp from the left, and grain; in bands, so that a large photo needs little memory."""
    height, width = people.shape
    folds = sum(_noise((height, width), unit * size, rng) * depth for size, depth in ((0.9, 0.16), (0.22, 0.1)))
    grain = rng.standard_normal((257, 389), np.float32)
    lamp = np.linspace(0.1, -0.15, width, dtype=np.float32)
    for top in range(0, height, 256):
        at = slice(top, min(top + 256, height))
        depth = _enlarged(np.asarray(folds, np.float32), height, width, at) * people[at] + lamp
        light = np.asarray(np.exp(depth)[:, :, None] * image[at], np.float32)
        noise = np.tile(grain, (1, width // 389 + 1))[: light.shape[0], :width]
        light += np.roll(noise, int(rng.integers(389)), axis=1)[:, :, None] * np.float32(1.2)
        image[at] = np.rint(np.clip(light, 0, 255))


def _noise(size: tuple[int, int], grain: float, rng: np.random.Generator) -> Floats:
    """(96, 72) float32 smooth noise; ``grain`` in pixels of the photo."""
    cells = [max(3, min(96, round(side / grain))) for side in size]
    small = rng.standard_normal(cells).astype(np.float32)
    return np.asarray(cv2.resize(small, (192, 256), interpolation=cv2.INTER_CUBIC), np.float32)


def _enlarged(small: Floats, height: int, width: int, rows: slice) -> Floats:
    """Some rows of ``small`` at full size."""
    y = (np.arange(rows.start, rows.stop) + np.float32(0.5)) * np.float32(small.shape[0] / height) - np.float32(0.5)
    x = (np.arange(width) + np.float32(0.5)) * np.float32(small.shape[1] / width) - np.float32(0.5)
    xs, ys = np.meshgrid(x.astype(np.float32), y.astype(np.float32))
    return np.asarray(cv2.remap(small, xs, ys, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE), np.float32)


def _observation(labels: Bytes, left: int, chin: tuple[float, float], unit: float) -> Observation:
    """Score maps as a parser gives them, made from labels (h, w) that begin at column ``left``; joints as drawn."""
    height, width = labels.shape
    ys, xs = np.flatnonzero(labels.any(axis=1)), np.flatnonzero(labels.any(axis=0))
    box = (float(left + xs[0]), float(ys[0]), float(left + xs[-1] + 1), float(ys[-1] + 1))
    cells = (max(round(_CELLS * width / height), 8), _CELLS)
    parts = [Part.BACKGROUND, *(part for part in Part if part and (labels == part).any())]
    maps = [
        cv2.GaussianBlur(
            cv2.resize((labels == part).view(np.uint8) * 255, cells, interpolation=cv2.INTER_AREA), (0, 0), 0.7
        )
        for part in parts
    ]
    whole = (float(left), 0.0, float(left + width), float(height))
    joints = np.zeros((17, 3), np.float32)
    for k, (x, y) in _JOINTS.items():
        joints[k] = (chin[0] + x * unit, chin[1] + y * unit, 0.9)
    return Observation(box, 0.9, ScoreMaps(whole, tuple(parts), np.stack(maps).astype(np.uint8)), joints)
