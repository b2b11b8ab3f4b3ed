"""Drawn photos of somebody in a garment whose coverage is known to a fraction of a pixel.

Layers from back to front: a textured background, skin, the garment, a hand on it, hair with thin strands over it. What
stands for the parser sees their labels at its own resolution and a few pixels astray.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import Parse, Part, Person
from dressform.parsing.result import Observation
from dressform.parsing.scores import ScoreMaps, resample

__all__ = ["CLOTHS", "NEW_COLORS", "EdgeScene", "draw_edges"]

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Rng = np.random.Generator
Points = list[tuple[float, float]]

CLOTHS: Mapping[str, tuple[tuple[float, float, float], tuple[float, float, float]]] = MappingProxyType(
    {
        "black": ((0.018, 0.018, 0.02), (0.018, 0.018, 0.02)),
        "white": ((0.8, 0.8, 0.78), (0.8, 0.8, 0.78)),
        "red": ((0.42, 0.03, 0.035), (0.42, 0.03, 0.035)),
        "denim": ((0.06, 0.11, 0.22), (0.06, 0.11, 0.22)),
        "stripes": ((0.72, 0.7, 0.66), (0.03, 0.05, 0.16)),
    }
)
"""Linear RGB of the two inks of each cloth; plain ones have the same twice."""

NEW_COLORS: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        "black": (0.75, 0.5, 0.02),
        "white": (0.01, 0.02, 0.09),
        "red": (0.02, 0.3, 0.07),
        "denim": (0.7, 0.68, 0.6),
        "stripes": (0.4, 0.02, 0.25),
    }
)
"""Linear RGB of the cloth that each one is swapped for: one as different as can be."""

_CELL = 4.5  # px of the photo to a sample of the score maps
_ASTRAY = 2.2  # px, standard deviation of the parser's border
_LENS = 0.6  # px, standard deviation of the lens's blur
_QUALITY = 95  # of JPEG
_FULL, _HALF = cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444, cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
_SKIN, _DARK_HAIR, _FAIR_HAIR = (0.52, 0.3, 0.2), (0.022, 0.014, 0.01), (0.4, 0.27, 0.13)


@dataclass(frozen=True, eq=False)
class EdgeScene:
    """A photo and what it is made of.

    Attributes:
        person: Who wears the garment, in a parse that is a few pixels astray.
        photo: (h, w, 3) uint8 sRGB, with noise and the damage of JPEG.
        alpha: (h, w) float32 0..1, the garment's coverage.
        old: (h, w, 3) float32 linear light, the garment without anything before or behind it.
        new: (h, w, 3) float32 linear light, the same in the new colour.
        wanted: (h, w, 3) float32 linear light, the photo had she worn the new colour, without damage.
    """

    person: Person
    photo: Bytes
    alpha: Floats
    old: Floats
    new: Floats
    wanted: Floats


def draw_edges(cloth: str, seed: int = 0, *, height: int = 640, halved: bool = False) -> EdgeScene:
    """Draw a scene.

    Args:
        cloth: One of :data:`CLOTHS`.
        seed: Of background, hair, folds, noise and the parser's errors.
        height: Of the photo in pixels; its width is three quarters of it. The figure is as large whatever it is.
        halved: Whether JPEG stores colour at half the resolution of brightness, as most cameras do.
    """
    rng = np.random.default_rng([seed, *cloth.encode()])
    size = (height, height * 3 // 4)
    hair = _DARK_HAIR if cloth in ("white", "red") or (cloth == "stripes" and seed % 2) else _FAIR_HAIR
    covers = _covers(size, rng)
    garment = covers["garment"] * (1 - covers["hand"]) * (1 - covers["hair"])
    first, second = (np.array(ink, np.float32) for ink in CLOTHS[cloth])
    shade = _shade(size, rng)[:, :, None]
    y, x = np.mgrid[: size[0], : size[1]].astype(np.float32)
    stripe = np.clip((np.abs((y + 0.1 * x) % 26 - 13) - 6.5) + 0.5, 0, 1)[:, :, None]
    old = shade * (first * stripe + second * (1 - stripe))
    new = shade * np.array(NEW_COLORS[cloth], np.float32)
    skin = np.array(_SKIN, np.float32) * (0.75 + 0.25 * shade)
    lock = np.array(hair, np.float32) * np.exp(0.25 * _noise(size, 3, rng))[:, :, None]
    pictures = []
    back = _background(size, rng)
    for dress in (old, new):
        layers = (("skin", skin), ("garment", dress), ("hand", skin), ("hair", lock))
        picture = back
        for name, color in layers:
            picture = picture + covers[name][:, :, None] * (color - picture)
        pictures.append(_blurred(picture))
    before, wanted = pictures
    return EdgeScene(_parsed(covers, before, rng), _photo(before, rng, halved), _blurred(garment), old, new, wanted)


def _covers(size: tuple[int, int], rng: Rng) -> dict[str, Floats]:
    """(h, w) float32 coverage of each layer by itself."""
    middle = size[1] / 2
    garment = _thick(size, [(middle, 210), (middle, 480)], 92)
    for side in (-1, 1):
        garment = np.maximum(garment, _thick(size, [(middle + 70 * side, 180), (middle + 165 * side, 330)], 34))
    garment = np.minimum(garment, 1 - _thick(size, [(middle, 80), (middle, 128)], 34))
    skin = _thick(size, [(middle, 70), (middle, 70)], 46)
    skin = np.maximum(skin, _thick(size, [(middle, 100), (middle, 150)], 26))
    for side in (-1, 1):
        skin = np.maximum(skin, _thick(size, [(middle + 150 * side, 310), (middle + 185 * side, 420)], 21))
    hand = _thick(size, [(middle + 185, 420), (middle + 80, 385)], 19)
    hand = np.maximum(hand, _thick(size, [(middle + 80, 385), (middle + 62, 384)], 22))
    for k in range(4):
        tip = (middle + rng.uniform(5, 18), 352 + 17 * k + rng.uniform(-3, 3))
        hand = np.maximum(hand, _thick(size, [(middle + 62, 368 + 10.5 * k), tip], 5.2))
    hair = _thick(size, [(middle, 40), (middle, 50)], 52)
    hair = np.minimum(hair, 1 - _thick(size, [(middle, 85), (middle, 85)], 40))
    for side in (-1, 1):
        for _ in range(3):
            hair = np.maximum(hair, _thick(size, _lock(middle + side * rng.uniform(40, 52), side, 230, rng), 7))
        for _ in range(7):
            thin = rng.uniform(0.35, 0.9)
            hair = np.maximum(hair, _thick(size, _lock(middle + side * rng.uniform(38, 60), side, 290, rng), thin))
    return {"garment": garment, "skin": skin, "hand": hand, "hair": hair}


def _lock(x: float, side: int, end: float, rng: Rng) -> Points:
    """A lock or strand from the head down over the shoulder."""
    bow, swing = rng.uniform(-6, 22) * side, rng.uniform(0, 6.3)
    down = np.linspace(0, 1, 12)
    across = x + bow * down**1.5 + 3 * np.sin(swing + 6 * down) * down
    return list(zip(across.tolist(), (60 + (end + rng.uniform(-30, 30) - 60) * down).tolist(), strict=True))


def _thick(size: tuple[int, int], line: Points, radius: float) -> Floats:
    """(h, w) float32 coverage by a line with round ends; finer than a pixel it is fainter."""
    away = np.full(size, np.inf, np.float32)
    for (x0, y0), (x1, y1) in pairwise(line):
        reach = radius + 2
        left, right = max(int(min(x0, x1) - reach), 0), max(int(max(x0, x1) + reach) + 2, 0)
        top, bottom = max(int(min(y0, y1) - reach), 0), max(int(max(y0, y1) + reach) + 2, 0)
        part = away[top:bottom, left:right]
        y, x = np.mgrid[top : top + part.shape[0], left : left + part.shape[1]].astype(np.float32)
        dx, dy = x1 - x0, y1 - y0
        t = np.clip(((x - x0) * dx + (y - y0) * dy) / max(dx * dx + dy * dy, 1e-6), 0, 1)
        np.minimum(part, np.hypot(x - x0 - t * dx, y - y0 - t * dy), out=part)
    return np.asarray(np.clip(radius + 0.5 - away, 0, min(1.0, 2 * radius)), np.float32)


def _noise(size: tuple[int, int], grain: float, rng: Rng) -> Floats:
    """(h, w) float32 smooth noise of mean 0 and standard deviation 1."""
    small = (max(2, round(size[1] / grain)), max(2, round(size[0] / grain)))
    field = cv2.resize(rng.standard_normal(small[::-1]).astype(np.float32), size[::-1], interpolation=cv2.INTER_CUBIC)
    return np.asarray((field - field.mean()) / field.std(), np.float32)


def _background(size: tuple[int, int], rng: Rng) -> Floats:
    """(h, w, 3) float32 linear light: blotches, leaves and bars of middling light."""
    hue = rng.uniform(0.5, 1.2, 3).astype(np.float32)
    light = 0.16 * np.exp(0.5 * _noise(size, 60, rng) + 0.25 * _noise(size, 9, rng))
    bars = (np.mgrid[: size[0], : size[1]][1] // 31 % 3 == 0).astype(np.float32)
    light *= 1 + 0.8 * np.asarray(cv2.GaussianBlur(bars, (0, 0), 0.8), np.float32)
    tint = 1 + 0.15 * np.stack([_noise(size, 25, rng) for _ in range(3)], axis=-1)
    return np.asarray(np.clip(light[:, :, None] * hue * tint, 0.004, 0.95), np.float32)


def _shade(size: tuple[int, int], rng: Rng) -> Floats:
    """(h, w) float32 light on cloth and skin, at most about 1."""
    form = 0.82 + 0.12 * np.cos(np.linspace(-2.2, 2.2, size[1], dtype=np.float32))[None, :]
    return np.asarray(form * np.exp(0.1 * _noise(size, 28, rng)), np.float32)


def _blurred(picture: Floats) -> Floats:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), _LENS), np.float32)


def _photo(light: Floats, rng: Rng, halved: bool) -> Bytes:
    spread = np.sqrt(0.0006**2 + 0.006**2 * light)
    x = np.clip(light + spread * rng.standard_normal(light.shape), 0, 1)
    coded = 255 * np.where(x <= 0.0031308, 12.92 * x, 1.055 * x ** (1 / 2.4) - 0.055)
    rgb = np.rint(coded).astype(np.uint8)
    factor = _HALF if halved else _FULL
    options = [cv2.IMWRITE_JPEG_QUALITY, _QUALITY, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, factor]
    data = cv2.imencode(".jpg", rgb[:, :, ::-1], options)[1]
    return np.ascontiguousarray(np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)[:, :, ::-1])


def _parsed(covers: Mapping[str, Floats], before: Floats, rng: Rng) -> Person:
    """Somebody as a parser sees her: labels at its resolution, its borders a few pixels astray."""
    height, width = before.shape[:2]
    seen = {Part.HAIR: covers["hair"]}
    left = 1 - covers["hair"]
    face = np.mgrid[:height, :width][0] < 110
    for part, cover in (
        (Part.LEFT_ARM, covers["hand"]),
        (Part.UPPER_CLOTHES, covers["garment"]),
        (Part.FACE, covers["skin"] * face),
        (Part.RIGHT_ARM, covers["skin"] * ~face),
    ):
        seen[part] = left * cover
        left = left - seen[part]
    seen[Part.BACKGROUND] = left
    y, x = np.mgrid[:height, :width].astype(np.float32)
    x += np.float32(_ASTRAY) * _noise((height, width), 24, rng)
    y += np.float32(_ASTRAY) * _noise((height, width), 24, rng)
    cells = (round(width / _CELL), round(height / _CELL))
    maps = []
    for cover in seen.values():
        moved = cv2.remap(np.asarray(cover, np.float32), x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        small = cv2.resize(moved, cells, interpolation=cv2.INTER_AREA)
        maps.append(np.asarray(cv2.GaussianBlur(small, (0, 0), 0.6), np.float32))
    total = np.sum(maps, axis=0)
    values = np.stack([np.rint(each / total * 255).astype(np.uint8) for each in maps])
    box, window = (0.0, 0.0, float(width), float(height)), (0, 0, width, height)
    large = np.stack([resample(each.astype(np.float32), box, window) for each in values])
    numbers = np.array([int(part) for part in seen], np.uint8)
    labels = numbers[large.argmax(axis=0)]
    observation = Observation(box, 0.9, ScoreMaps(box, tuple(seen), values))
    return Parse(labels, (labels > 0).astype(np.uint16), (observation,)).people[0]
