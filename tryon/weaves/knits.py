"""Knitted fabrics, stitch by stitch: breton jersey, argyle, and cables on a purled ground.

Every stitch of the right side is a V of two legs; each leg is an ellipse that the next stitch's legs partly cover.
Each function takes the side in pixels and (k, 3) linear colours and gives (n, n, 3) linear light.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dressform.tryon.weaves.field import Field, Light, blurred, grid, noise, shaded

__all__ = ["argyle", "breton", "cable"]

Numbers = npt.NDArray[np.intp]

_LEAN = 0.26  # how far a leg leans outwards from its lower to its upper end, in stitches
_LONG = 0.86  # half length of a leg in courses
_WIDE = 0.275  # half width of a leg in stitches


def breton(n: int, colors: Light) -> Light:
    """Jersey with stripes: six courses of the second colour after twelve of the first."""
    wales, courses = 72, 108
    relief, _, row = _jersey(n, wales, courses, seed=101)
    return shaded(colors[((row + 3) % 18 >= 12).astype(np.intp)], relief)


def argyle(n: int, colors: Light) -> Light:
    """Diamonds of two colours on a ground, with a fine lattice over them: knitted in, stitch by stitch."""
    wales, courses = 48, 64
    relief, column, row = _jersey(n, wales, courses, seed=113)
    across, down = (column % wales + 0.5) / wales, (row % courses + 0.5) / courses
    p, q = across + down, across - down
    a, b = np.floor(2 * p).astype(np.intp), np.floor(2 * q).astype(np.intp)
    kind = np.where((a % 2 == 0) & (b % 2 == 0), 1, np.where((a % 2 == 1) & (b % 2 == 1), 2, 0))
    # Through the middles of the diamonds, one stitch in each course.
    off = np.stack([2 * p % 1 - 0.5, 2 * q % 1 - 0.5]) * wales
    fine = ((off >= -1) & (off < 1)).any(0)
    return shaded(colors[np.where(fine, 3, kind)], relief)


def cable(n: int, colors: Light) -> Light:
    """An Aran pattern: ropes of two strands between fine ribs, on a purled ground."""
    courses = 46
    height = np.full((n, n), -1.0, np.float32)
    relief = _purl(n, 36, courses, seed=131)
    x, y = grid(n)
    x = x + np.float32(0.001) * noise(n, 0.02, 0.03, 127)
    turn = np.float32(2 * np.pi * 3)
    still = np.zeros_like(y)
    for middle in (0.25, 0.75):
        for side in (-0.19, 0.19):
            relief, height = _strand(relief, height, x - np.float32(middle + side), y, 0.018, 1, courses, still)
        for sign in (-1, 1):
            centre = np.float32(middle) + np.float32(sign * 0.064) * np.sin(turn * y)
            # The strand that goes to the right lies on top where they cross.
            lift = np.float32(sign) * np.cos(turn * y)
            relief, height = _strand(relief, height, x - centre, y, 0.06, 4, courses, lift)
    relief = relief * np.exp(np.float32(0.05) * noise(n, 0.003, 0.003, 137))
    return shaded(np.broadcast_to(colors[0], (n, n, 3)), relief)


def _jersey(n: int, wales: int, courses: int, seed: int) -> tuple[Field, Numbers, Numbers]:
    """Relief, and the column and row of the stitch on top."""
    x, y = grid(n)
    x = x * wales + np.float32(0.03) * noise(n, 0.8 / wales, 1.5 / courses, seed)
    y = y * courses + np.float32(0.05) * noise(n, 0.8 / wales, 1.0 / courses, seed + 1)
    column = np.floor(x)
    height, row, along = _stitches(x - column, y)
    relief = _light(height, along, n, wales, courses, seed)
    return relief, column.astype(np.intp), row


def _stitches(across: Field, y: Field) -> tuple[Field, Numbers, Field]:
    """The leg on top at a place 0..1 across a stitch and y courses down: its height, row, and place along it."""
    side = np.abs(across - np.float32(0.5))  # both legs at once
    first = np.floor(y)
    best = np.full(np.broadcast(across, y).shape, -9.0, np.float32)
    row = np.zeros(best.shape, np.intp)
    along = np.zeros(best.shape, np.float32)
    for shift in (-1, 0, 1):
        down = y - (first + np.float32(shift + 0.5))  # -: above the middle of that stitch
        lean = np.float32(0.25) - np.float32(_LEAN) * down * np.float32(0.5)
        s, t = (side - lean) * np.float32(1 / _WIDE), down * np.float32(1 / _LONG)
        # The upper ends go behind the next stitch.
        height = 1 - s * s - t * t * t * t + np.float32(0.75) * down
        taken = height > best
        best = np.where(taken, height, best)
        row = np.where(taken, (first + shift).astype(np.intp), row)
        along = np.where(taken, t + np.float32(0.9) * s * np.where(across < 0.5, -1, 1), along)
    return best, row, along


def _light(height: Field, along: Field, n: int, wales: int, courses: int, seed: int) -> Field:
    """Brightness of legs: darker where they dive, with a trace of twist and fibres."""
    deep = np.clip((height + np.float32(0.55)) / np.float32(1.6), 0, 1)
    relief = np.float32(0.34) + np.float32(0.66) * deep ** np.float32(0.7)
    relief *= 1 + np.float32(0.07) * np.sin(np.float32(7.5) * along)
    relief *= np.exp(np.float32(0.045) * noise(n, 0.12 / wales, 0.2 / courses, seed + 2))
    relief *= np.exp(np.float32(0.008) * noise(n, 2.0 / wales, 2.0 / courses, seed + 3))
    return np.asarray(relief, np.float32)


def _purl(n: int, wales: int, courses: int, seed: int) -> Field:
    """Relief of the wrong side: rows of small bows, every second one moved by half a stitch."""
    x, y = grid(n)
    x = x * wales + np.float32(0.06) * noise(n, 1.0 / wales, 1.0 / courses, seed)
    y = y * courses + np.float32(0.08) * noise(n, 1.0 / wales, 1.0 / courses, seed + 1)
    best = np.zeros((n, n), np.float32)
    for half in (0.0, 0.5):
        across = (x + np.float32(half)) % 1 - np.float32(0.5)
        down = (y + np.float32(half)) % 1 - np.float32(0.5)
        bow = down + np.float32(0.9 if half else -0.9) * (across * across - np.float32(0.08))
        best = np.maximum(best, 1 - (across / np.float32(0.52)) ** 2 - (bow / np.float32(0.33)) ** 2)
    return np.asarray(np.float32(0.26) + np.float32(0.42) * np.sqrt(np.clip(best, 0, 1)), np.float32)


def _strand(
    relief: Field, height: Field, across: Field, y: Field, half: float, wales: int, courses: int, lift: Field
) -> tuple[Field, Field]:
    """Lay a strand of so many wales over what is there, where it lies higher."""
    across = (across + np.float32(0.5)) % 1 - np.float32(0.5)
    s = across / np.float32(half)
    inside = np.abs(s) < 1
    dome = np.sqrt(np.clip(1 - s * s, 0, 1))
    level = dome + np.float32(0.8) * lift
    place = (s + 1) * np.float32(wales / 2)
    stitch, _, along = _stitches(place - np.floor(place), np.broadcast_to(y * courses, across.shape))
    deep = np.clip((stitch + np.float32(0.5)) / np.float32(1.5), 0, 1)
    light = np.float32(0.3) + np.float32(0.7) * deep ** np.float32(0.9)
    light = light * (1 + np.float32(0.06) * np.sin(np.float32(7.5) * along))
    light = light * (np.float32(0.5) + np.float32(0.5) * dome)
    light = light * (np.float32(0.84) + np.float32(0.16) * np.clip(lift, -1, 1))
    taken = inside & (level > height)
    shade = 1 - np.float32(0.55) * blurred(inside.astype(np.float32), 0.008)
    below = np.where(inside, relief, relief * shade)
    return np.where(taken, light, below).astype(np.float32), np.where(taken, level, height).astype(np.float32)
