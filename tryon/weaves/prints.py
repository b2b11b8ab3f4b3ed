"""Printed cloth and pile: polka dots, camouflage, leopard, and corduroy.

Each function takes the side in pixels and (k, 3) linear colours and gives (n, n, 3) linear light.
"""

from __future__ import annotations

import numpy as np

from dressform.tryon.weaves.field import Field, Light, grid, mix, noise, scattered, shaded, stamp, step
from dressform.tryon.weaves.yarns import ground

__all__ = ["camouflage", "corduroy", "leopard", "polka"]


def polka(n: int, colors: Light) -> Light:
    """Dots in a half-drop on poplin, five across on a side."""
    x, y = grid(n)
    nearest = np.full((n, n), 9.0, np.float32)
    for half in (0.0, 0.5):
        across, down = (x * 5 + np.float32(half)) % 1 - 0.5, (y * 5 + np.float32(half)) % 1 - 0.5
        nearest = np.minimum(nearest, np.sqrt(across * across + down * down))
    edge = np.float32(0.0035) * noise(n, 0.002, 0.002, 211)  # ink creeps along the threads
    light = mix(colors[0], colors[1], step(np.float32(0.2) - nearest + edge, 0.03))
    return shaded(light, ground(n, 128, strength=0.7, seed=215))


def camouflage(n: int, colors: Light) -> Light:
    """Woodland camouflage: three colours in lobed patches over a ground, on ripstop."""
    x, y = grid(n)
    light = np.broadcast_to(colors[0], (n, n, 3))
    for k, (share, size) in enumerate(((0.42, 0.052), (0.3, 0.045), (0.15, 0.034))):
        seed = 223 + 10 * k
        # Noise read at places that other noise has moved has lobes and inlets, as the printed patches have.
        field = noise(n, 1.5 * size, size, seed) + np.float32(0.4) * noise(n, 0.5 * size, 0.35 * size, seed + 1)
        field = _moved(field, 0.5 * size, 0.55 * size, seed + 2) + np.float32(0.05) * noise(n, 0.004, 0.004, seed + 4)
        slope = _slope(field) * np.float32(2.0 / n)
        level = float(np.quantile(field[::2, ::2], 1 - share))
        light = mix(light, colors[k + 1], step((field - np.float32(level)) / np.maximum(slope, 1e-3), 1.0))
    grip = np.float32(0.5)  # a thicker thread every sixteenth
    lines = np.maximum(_ridge(x, 16), _ridge(y, 16)) * np.float32(0.1) * grip
    return shaded(light, ground(n, 128, strength=0.8, seed=251) * (1 + lines))


def leopard(n: int, colors: Light) -> Light:
    """Leopard: broken dark rings round a deeper middle, small spots between, on fur that is lighter here and there."""
    fur = np.exp(np.float32(0.1) * noise(n, 0.0015, 0.009, 261) + np.float32(0.06) * noise(n, 0.12, 0.12, 262))
    light = np.broadcast_to(colors[0], (n, n, 3)) * np.asarray(fur, np.float32)[..., None]
    middle, dark = np.zeros((n, n), np.float32), np.zeros((n, n), np.float32)
    rng = np.random.default_rng(263)
    radii = [*rng.uniform(0.052, 0.064, 40), *rng.uniform(0.038, 0.048, 60), *rng.uniform(0.011, 0.018, 110)]
    for x, y, radius in scattered(radii, 269, apart=1.0, tries=600):
        lean, stretch = rng.uniform(0, np.pi), rng.uniform(1.0, 1.3)
        wave, gaps = rng.uniform(0, 2 * np.pi, 3), int(rng.integers(2, 5))
        for at, across, down in stamp(n, x, y, 1.35 * radius):
            c, s = np.float32(np.cos(lean)), np.float32(np.sin(lean))
            u, v = (
                (across * c + down * s) * np.float32(stretch / radius),
                (down * c - across * s) * np.float32(1 / radius),
            )
            r, turn = np.sqrt(u * u + v * v), np.arctan2(v, u)
            lobes = np.float32(0.06) * np.sin(3 * turn + wave[0]) + np.float32(0.04) * np.sin(5 * turn + wave[1])
            soft = 3.0 / n / radius
            if radius < 0.03:
                dark[at] = np.maximum(dark[at], step(np.float32(0.75) + lobes - r, soft))
                continue
            broken = np.float32(0.55) + np.sin(gaps * turn + wave[2]) + np.float32(0.35) * np.sin((gaps + 2) * turn)
            thick = np.float32(0.21) * np.sqrt(np.clip(broken, 0, 1)) - np.float32(0.03)
            dark[at] = np.maximum(dark[at], step(thick - np.abs(r - np.float32(0.76) - lobes), soft))
            middle[at] = np.maximum(middle[at], step(np.float32(0.78) + lobes - r, 5 * soft))
    ragged = np.float32(0.35) * noise(n, 0.001, 0.006, 271)
    light = mix(light, colors[1] * np.asarray(fur, np.float32)[..., None], np.float32(0.85) * middle)
    return shaded(
        mix(light, colors[2], step(dark - np.float32(0.5) + ragged * dark * (1 - dark), 0.5)), np.ones_like(dark)
    )


def corduroy(n: int, colors: Light) -> Light:
    """Corduroy: eighteen wales of cut pile on a side."""
    x, _ = grid(n)
    wales = 18
    x = x + np.float32(0.0005) * noise(n, 0.006, 0.02, 281)
    across = np.abs((x * wales) % 1 - 0.5) * 2  # 0 on the top of a wale, 1 in the groove
    tufts = noise(n, 0.0028, 0.0014, 283) + np.float32(0.6) * noise(n, 0.0014, 0.004, 284)
    edge = np.clip(across + np.float32(0.03) * tufts, 0, 1)
    # Round wales; hardly any light reaches the grooves.
    relief = np.float32(0.14) + np.float32(0.86) * (1 - edge * edge) ** np.float32(0.85)
    # Pile is brightest where it is seen from the side, and a little dull on top.
    relief *= 1 - np.float32(0.12) * np.exp(-((edge / np.float32(0.32)) ** 2))
    relief *= np.exp(np.float32(0.1) * tufts + np.float32(0.03) * noise(n, 0.02, 0.1, 285))
    return shaded(np.broadcast_to(colors[0], (n, n, 3)), np.asarray(relief, np.float32))


def _ridge(place: Field, count: int) -> Field:
    off = np.abs((place * count) % 1 - np.float32(0.5)) * np.float32(1 / count)
    return np.asarray(np.exp(-((off / np.float32(0.0025)) ** 2)), np.float32)


def _moved(field: Field, far: float, lump: float, seed: int) -> Field:
    """The field read at places that noise has moved, by whole pixels."""
    n = len(field)
    dx, dy = (np.rint(noise(n, lump, lump, seed + k) * np.float32(far * n)).astype(np.intp) for k in (0, 1))
    rows, columns = np.arange(n)[:, None], np.arange(n)[None, :]
    return np.asarray(field[(rows + dy) % n, (columns + dx) % n], np.float32)


def _slope(field: Field) -> Field:
    """Change a side."""
    n = len(field)
    dx = (np.roll(field, -1, 1) - np.roll(field, 1, 1)) * np.float32(n / 2)
    dy = (np.roll(field, -1, 0) - np.roll(field, 1, 0)) * np.float32(n / 2)
    return np.asarray(np.sqrt(dx * dx + dy * dy), np.float32)
