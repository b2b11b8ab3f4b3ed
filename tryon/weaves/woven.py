"""Designs for the loom: plain weave, twills, herringbone, houndstooth, checks, tartan and pinstripe.

Each takes the side in pixels and (k, 3) linear colours and gives (n, n, 3) linear light.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dressform.tryon.weaves.field import Light
from dressform.tryon.weaves.yarns import Loom, order, woven

__all__ = ["denim", "gingham", "herringbone", "houndstooth", "pinstripe", "plain", "tartan", "twill"]

Weave = npt.NDArray[np.bool_]

_PLAIN = np.eye(2, dtype=np.bool_)


def plain(n: int, colors: Light) -> Light:
    """Linen: a plain weave of uneven yarns."""
    loom = Loom(rise=0.5, depth=0.8, ply=0.1, uneven=0.36, wobble=0.1)
    return woven(n, _PLAIN, _all(colors[0], 80), _all(colors[0], 72), loom=loom, seed=11)


def twill(n: int, colors: Light) -> Light:
    """Chino twill: three up, one down, the weft in the shade of the warp."""
    loom = Loom(rise=0.7, depth=0.7, ply=0.05, uneven=0.25, wobble=0.08, fuzz=0.15)
    weft = _all(colors[0] * np.float32(0.62), 88)
    return woven(n, _diagonal(3, 1), _all(colors[0], 112), weft, loom=loom, seed=23)


def denim(n: int, colors: Light) -> Light:
    """Denim: three up, one down, a dyed warp over a light weft."""
    loom = Loom(rise=0.75, depth=0.6, ply=0.08, uneven=0.4, wobble=0.1, fuzz=0.22)
    return woven(n, _diagonal(3, 1), _all(colors[0], 120), _all(colors[1], 96), loom=loom, seed=37, streaks=0.4)


def herringbone(n: int, colors: Light) -> Light:
    """Herringbone tweed: a two-and-two twill that turns back every sixteen ends."""
    climb = np.concatenate([np.arange(16), np.arange(15, -1, -1) + 2])  # a clean cut: turned by half a repeat
    weave = (np.arange(4)[:, None] + climb[None, :]) % 4 < 2
    loom = Loom(rise=0.4, depth=0.5, ply=0.1, uneven=0.6, wobble=0.14, fuzz=0.22)
    return woven(n, weave, _all(colors[0], 96), _all(colors[1], 96), loom=loom, seed=41)


def houndstooth(n: int, colors: Light) -> Light:
    """Houndstooth: four dark and four light yarns, both ways, in a two-and-two twill."""
    yarns = colors[np.tile(order(4, 4), 8)]
    loom = Loom(depth=0.5, uneven=0.35, wobble=0.09, fuzz=0.12)
    return woven(n, _diagonal(2, 2), yarns, yarns, loom=loom, seed=53)


def gingham(n: int, colors: Light) -> Light:
    """Gingham: equal bands of two colours, both ways, in a plain weave."""
    yarns = colors[np.tile(order(16, 16), 4)]
    loom = Loom(rise=0.4, depth=0.45, ply=0.0, uneven=0.3, wobble=0.08, fuzz=0.25)
    return woven(n, _PLAIN, yarns, yarns, loom=loom, seed=61)


def tartan(n: int, colors: Light) -> Light:
    """Tartan: a sett of ours that turns at its pivots, in a two-and-two twill. Ground, dark, second, fine, bright."""
    half = ((0, 20), (1, 4), (0, 4), (1, 12), (2, 14), (4, 2), (2, 6), (3, 2))
    sett = [number for number, count in half for _ in range(count)]
    yarns = colors[np.array([*sett, *sett[::-1]])]
    loom = Loom(rise=0.35, depth=0.45, ply=0.05, uneven=0.35, wobble=0.1, fuzz=0.2)
    return woven(n, _diagonal(2, 2), yarns, yarns, loom=loom, seed=71)


def pinstripe(n: int, colors: Light) -> Light:
    """Worsted suiting with two fine light ends every thirty-two."""
    warp = _all(colors[0], 128).copy()
    warp[16::32] = warp[17::32] = colors[1]
    weft = _all(colors[0] * np.float32(1.3), 128)  # enough to see the twill
    loom = Loom(rise=0.4, depth=0.55, ply=0.04, uneven=0.3, wobble=0.06, fuzz=0.2)
    return woven(n, _diagonal(2, 2), warp, weft, loom=loom, seed=83)


def _diagonal(up: int, down: int) -> Weave:
    """A twill whose lines climb to the right: the warp lies over ``up`` picks and under ``down``."""
    size = up + down
    return (np.arange(size)[:, None] + np.arange(size)[None, :]) % size < up


def _all(color: Light, count: int) -> Light:
    return np.repeat(color[None], count, axis=0)
