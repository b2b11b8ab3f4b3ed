"""A dense print of small flowers, in the manner of English lawns: five-petalled blooms, daisies, leaves, berries."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from dressform.tryon.weaves.field import Field, Light, mix, scattered, shaded, stamp, step
from dressform.tryon.weaves.yarns import ground

__all__ = ["floral"]

_Piece = tuple[tuple[slice, slice], Field, Field]


class _Print:
    """The cloth while it is printed, one colour over the other."""

    def __init__(self, light: Light) -> None:
        self.light = light
        self.soft = np.float32(2.5 / len(light))  # width of an edge, in shares of the side

    def pieces(self, x: float, y: float, reach: float, turn: float) -> Iterator[_Piece]:
        """Where a motif is printed, with coordinates in shares of the side, turned with it."""
        c, s = np.float32(np.cos(turn)), np.float32(np.sin(turn))
        for at, across, down in stamp(len(self.light), x, y, reach):
            yield at, across * c + down * s, down * c - across * s

    def ink(self, at: tuple[slice, slice], color: Light, inside: npt.NDArray[np.floating[Any]]) -> None:
        """Print a colour where ``inside``, a distance in shares of the side, is above 0."""
        self.light[at] = mix(self.light[at], color, step(inside.astype(np.float32), float(self.soft)))


def floral(n: int, colors: Light) -> Light:
    """(n, n, 3) linear light from (6, 3) colours: ground, bloom, pale bloom, daisy, leaf, centre."""
    cloth = _Print(np.broadcast_to(colors[0], (n, n, 3)).copy())
    rng = np.random.default_rng(307)
    radii = [*rng.uniform(0.07, 0.082, 9), *rng.uniform(0.05, 0.058, 14), *rng.uniform(0.036, 0.042, 30),
             *rng.uniform(0.021, 0.026, 110), *rng.uniform(0.009, 0.012, 260)]  # fmt: skip
    places = scattered(radii, 311, apart=0.96, tries=500)
    for x, y, radius in places:
        if radius > 0.015:
            _sprig(cloth, x, y, radius, colors, rng)
    for number, (x, y, radius) in enumerate(places):
        turn = float(rng.uniform(0, 2 * np.pi))
        if radius > 0.06:
            _bloom(cloth, x, y, radius, turn, colors[1], colors[2], colors)
        elif radius > 0.046:
            _daisy(cloth, x, y, radius, turn, colors)
        elif radius > 0.03:
            _bloom(cloth, x, y, radius, turn, colors[2], colors[3], colors)
        elif radius > 0.015:
            _small(cloth, x, y, radius, turn, colors[(1, 3, 2)[number % 3]], colors)
        else:
            _berry(cloth, x, y, radius, colors[(5, 1, 4, 3)[number % 4]])
    return shaded(cloth.light, ground(n, 144, strength=0.55, seed=317))


def _sprig(cloth: _Print, x: float, y: float, radius: float, colors: Light, rng: np.random.Generator) -> None:
    """Leaves that look out from under a flower, each with a vein."""
    dark = colors[4] + (colors[0] - colors[4]) * np.float32(0.45)
    pale = colors[4] + (colors[3] - colors[4]) * np.float32(0.45)
    count = int(rng.integers(3, 5))
    first = rng.uniform(0, 2 * np.pi)
    for k in range(count):
        turn = float(first + 2 * np.pi * (k + rng.uniform(-0.25, 0.25)) / count)
        length, width = float(radius * rng.uniform(1.45, 1.7)), float(radius * rng.uniform(0.26, 0.34))
        for at, along, across in cloth.pieces(x, y, length, turn):
            bent = across - np.float32(0.12 / length) * along * along
            t = np.clip((along / np.float32(length) - np.float32(0.35)) / np.float32(0.65), 0, 1)
            blade = np.float32(width) * np.sqrt(np.clip(4 * t**0.8 * (1 - t**0.8), 0, 1)) - np.abs(bent)
            inside = np.where((along > 0) & (t < 1), blade, -1).astype(np.float32)
            cloth.ink(at, dark if k % 2 else colors[4], inside)
            vein = np.minimum(inside - np.float32(0.25 * width), np.float32(0.07 * width) - np.abs(bent))
            cloth.ink(at, pale, vein)


def _bloom(
    cloth: _Print, x: float, y: float, radius: float, turn: float, deep: Light, pale: Light, colors: Light
) -> None:
    """Five round petals with a notch, deep towards the middle, stamens, and an outline."""
    line = deep * np.float32(0.35) + colors[0] * np.float32(0.2)
    for at, u, v in cloth.pieces(x, y, radius, turn):
        r, angle = np.sqrt(u * u + v * v) / np.float32(radius), np.arctan2(v, u)
        petal = np.abs(np.cos(np.float32(2.5) * angle))
        edge = np.float32(0.56) + np.float32(0.44) * petal ** np.float32(0.45)
        edge -= np.float32(0.07) * np.maximum(petal - np.float32(0.93), 0) * np.float32(14)
        inside = (edge - r) * np.float32(radius)
        cloth.ink(at, line, inside)
        body = np.minimum(inside - np.float32(0.055 * radius), (petal * r - np.float32(0.05)) * np.float32(radius))
        cloth.ink(at, pale, body)
        streaks = np.float32(0.13) * np.cos(np.float32(35) * angle) + np.float32(0.08) * np.cos(np.float32(15) * angle)
        cloth.ink(at, deep + (pale - deep) * np.float32(0.45), np.minimum(body, (0.78 + streaks - r) * radius))
        cloth.ink(at, deep, np.minimum(body, (np.float32(0.52) + streaks - r) * np.float32(radius)))
        dots = np.hypot(r - np.float32(0.33), np.float32(0.33 / 10) * _saw(angle, 10)) - np.float32(0.045)
        cloth.ink(at, colors[5], -dots * np.float32(radius))
        cloth.ink(at, line, (np.float32(0.22) - r) * np.float32(radius))
        cloth.ink(at, colors[5], (np.float32(0.17) - r) * np.float32(radius))


def _daisy(cloth: _Print, x: float, y: float, radius: float, turn: float, colors: Light) -> None:
    """Twelve narrow petals round a disc."""
    shade = colors[3] * np.float32(0.62) + colors[4] * np.float32(0.12)
    for at, u, v in cloth.pieces(x, y, radius, turn):
        r, angle = np.sqrt(u * u + v * v) / np.float32(radius), np.arctan2(v, u)
        petal = np.abs(np.cos(np.float32(6) * angle))
        edge = np.float32(0.4) + np.float32(0.6) * petal ** np.float32(0.5)
        inside = np.minimum(edge - r, (petal - np.float32(0.16)) * r) * np.float32(radius)
        cloth.ink(at, colors[3], inside)
        cloth.ink(at, shade, np.minimum(inside, (np.float32(0.52) - r + np.float32(0.1) * petal) * np.float32(radius)))
        cloth.ink(at, colors[1] * np.float32(0.5), (np.float32(0.29) - r) * np.float32(radius))
        cloth.ink(at, colors[5], (np.float32(0.25) - r) * np.float32(radius))
        cloth.ink(at, colors[5] * np.float32(0.55), (np.float32(0.1) - r) * np.float32(radius))


def _small(cloth: _Print, x: float, y: float, radius: float, turn: float, color: Light, colors: Light) -> None:
    for at, u, v in cloth.pieces(x, y, radius, turn):
        r, angle = np.sqrt(u * u + v * v) / np.float32(radius), np.arctan2(v, u)
        petal = np.abs(np.cos(np.float32(2.5) * angle))
        inside = np.float32(0.45) + np.float32(0.5) * petal ** np.float32(0.6) - r
        cloth.ink(at, color, inside * np.float32(radius))
        cloth.ink(at, color * np.float32(0.45), np.minimum(inside, np.float32(0.36) - r) * np.float32(radius))
        cloth.ink(at, colors[5], (np.float32(0.24) - r) * np.float32(radius))


def _berry(cloth: _Print, x: float, y: float, radius: float, color: Light) -> None:
    for at, u, v in cloth.pieces(x, y, radius, 0.0):
        cloth.ink(at, color, np.float32(0.62 * radius) - np.sqrt(u * u + v * v))


def _saw(angle: Field, count: int) -> Field:
    """Distance to the nearest of so many rays, -pi to pi."""
    step_ = np.float32(2 * np.pi)
    return np.asarray((angle * count + np.float32(np.pi)) % step_ - np.float32(np.pi), np.float32)
