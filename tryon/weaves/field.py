"""Fields that repeat without a seam, from which our own fabrics are made: noise, shapes, colours mixed as light.

A field is (n, n) float32; its right edge goes on at its left one, its lower one at its upper one.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
import numpy.typing as npt

from dressform.tryon.light import from_linear

__all__ = [
    "Field",
    "Light",
    "blurred",
    "finished",
    "grid",
    "mix",
    "noise",
    "scattered",
    "shaded",
    "stamp",
    "step",
    "turned",
]

Field = npt.NDArray[np.float32]
Light = npt.NDArray[np.float32]
"""(..., 3) linear light 0..1."""
_CANDIDATES = 8


def grid(n: int) -> tuple[Field, Field]:
    """x (1, n) and y (n, 1) of the middles of the pixels, 0..1."""
    place = (np.arange(n, dtype=np.float32) + np.float32(0.5)) / np.float32(n)
    return place[None, :], place[:, None]


def noise(n: int, across: float, down: float, seed: int) -> Field:
    """Smooth noise of mean 0 and standard deviation 1.

    Args:
        n: Side in pixels.
        across: Size of its lumps, standard deviation of a Gaussian, in shares of the side.
        down: The same vertically.
        seed: Which noise.
    """
    # A lump of ten pixels is as good as any larger one: coarse noise is made small and enlarged.
    m = int(min(n, max(16, 2 ** np.ceil(np.log2(10 / max(min(across, down), 1e-4))))))
    frequency = np.fft.fftfreq(m) * m * 2 * np.pi
    weight = np.exp(-0.5 * (frequency[: m // 2 + 1] * across) ** 2) * np.exp(-0.5 * (frequency[:, None] * down) ** 2)
    white = np.random.default_rng(seed).standard_normal((m, m))
    smooth = np.fft.irfft2(np.fft.rfft2(white) * weight, (m, m))
    smooth = (smooth - smooth.mean()) / max(float(smooth.std()), 1e-12)
    return _enlarged(smooth.astype(np.float32), n)


def step(value: Field, width: float) -> Field:
    """0 below -width / 2, 1 above width / 2, a smooth edge between."""
    t = np.clip(value * np.float32(1 / width) + np.float32(0.5), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def mix(below: Light, above: Light, share: Field) -> Light:
    """``above`` laid over ``below`` with (n, n) opacity ``share``; both broadcast to (n, n, 3)."""
    return np.asarray(below + (above - below) * share[..., None], np.float32)


def blurred(field: npt.NDArray[np.float32], sigma: float) -> npt.NDArray[np.float32]:
    """(n, n[, C]) blurred by a Gaussian of this standard deviation, in shares of the side."""
    width = max(sigma * len(field), 1e-3)
    reach = int(np.ceil(3 * width)) + 1
    wide = cv2.copyMakeBorder(field, reach, reach, reach, reach, cv2.BORDER_WRAP)
    soft = cv2.GaussianBlur(wide, (2 * reach + 1, 2 * reach + 1), width)
    return np.asarray(soft[reach:-reach, reach:-reach], np.float32)


def shaded(light: Light, factor: Field) -> Light:
    """Light times a relief that leaves the mean colour as it is, unless its high places would be more than white."""
    scale = 1 / float(factor.mean(dtype=np.float64))
    high = float(np.quantile(factor[::4, ::4], 0.97)) * float(light.max())
    return np.asarray(light * (factor * np.float32(min(scale, 1 / max(high, 1e-6))))[..., None], np.float32)


def finished(light: Light, size: int) -> npt.NDArray[np.uint8]:
    """(size, size, 3) uint8 sRGB: the mean of the light over each pixel."""
    small = light
    if light.shape[0] != size:
        small = np.asarray(cv2.resize(np.clip(light, 0, 1), (size, size), interpolation=cv2.INTER_AREA), np.float32)
    return np.asarray(from_linear(small, np.uint8), np.uint8)


def turned(x: Field, y: Field, degrees: float) -> tuple[Field, Field]:
    """Coordinates along and across a direction that is turned clockwise."""
    c, s = np.float32(np.cos(np.radians(degrees))), np.float32(np.sin(np.radians(degrees)))
    return x * c + y * s, y * c - x * s


def stamp(n: int, x: float, y: float, reach: float) -> Iterator[tuple[tuple[slice, slice], Field, Field]]:
    """Pieces of a field around a place, wherever they come in again at the other side.

    Args:
        n: Side of the field in pixels.
        x: The place, 0..1.
        y: The same, down.
        reach: Half side of the square around it, in shares of the side, below 0.5.

    Yields:
        Rows and columns, and for them (1, w) and (h, 1) distances from the place in shares of the side.
    """
    for dy in (-1, 0, 1):
        rows = _cut(n, y + dy, reach)
        for dx in (-1, 0, 1):
            columns = _cut(n, x + dx, reach)
            if rows.stop > rows.start and columns.stop > columns.start:
                across, down = grid(n)
                yield (rows, columns), across[:, columns] - np.float32(x + dx), down[rows] - np.float32(y + dy)


def scattered(
    radii: list[float], seed: int, *, apart: float = 1.0, tries: int = 400
) -> list[tuple[float, float, float]]:
    """Places for discs that don't overlap on a square that repeats: darts, the largest disc first.

    Of the first few throws that hit free ground the one with the most room counts: Mitchell, "Spectrally optimal
    sampling for distribution ray tracing", SIGGRAPH 1991.

    Args:
        radii: In shares of the side.
        seed: Which throw.
        apart: Distance that two discs keep, in sums of their radii.
        tries: Throws for each; a disc that finds no place is left out.

    Returns:
        x, y and radius of each.
    """
    rng = np.random.default_rng(seed)
    placed: list[tuple[float, float, float]] = []
    for radius in sorted(radii, reverse=True):
        throws = rng.random((tries, 2))
        if placed:
            known = np.array(placed)
            gap = np.abs(throws[:, None] - known[None, :, :2])
            gap = np.minimum(gap, 1 - gap)
            room = (np.sqrt((gap**2).sum(2)) - apart * (radius + known[:, 2])).min(1)
            found = np.flatnonzero(room > 0)[:_CANDIDATES]
            throws = throws[found[np.argsort(-room[found], kind="stable")]]
        if len(throws):
            placed.append((float(throws[0, 0]), float(throws[0, 1]), radius))
    return placed


def _cut(n: int, middle: float, reach: float) -> slice:
    return slice(max(0, int(np.floor((middle - reach) * n))), min(n, int(np.ceil((middle + reach) * n)) + 1))


def _enlarged(small: Field, n: int) -> Field:
    m = len(small)
    if m == n:
        return small
    ring = np.pad(small, 4, mode="wrap")
    # Places of the large field's pixels in the small one, read smoothly.
    place = (np.arange(n, dtype=np.float32) + np.float32(0.5)) * np.float32(m / n) + np.float32(3.5)
    columns, rows = np.meshgrid(place, place)
    return np.asarray(cv2.remap(ring, columns, rows, cv2.INTER_CUBIC), np.float32)
