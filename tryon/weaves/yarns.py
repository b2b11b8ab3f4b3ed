"""Woven fabrics, thread by thread: warp and weft cross as a weave says, in the order of colours a loom is set up with.

Checks, houndstooth and tartan are not drawn: they come about as on a loom, from the weave and the order of colours.
Grosicki, "Watson's Textile Design and Colour", 7th edition, 1975 (weaves and colour-and-weave effects).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.tryon.weaves.field import Field, Light, blurred, noise, shaded

__all__ = ["Loom", "ground", "order", "woven"]

Weave = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Loom:
    """How yarns look.

    Attributes:
        rise: How high a yarn rises where it lies on top, in widths of a yarn: long floats and deep crossings.
        round: How round a yarn is; its edges lie that much lower than its middle.
        depth: How much darker the lowest places are than the highest, 0..1.
        ply: How strongly the twist of the yarn shows, 0..1.
        uneven: How much thickness and brightness of the yarns vary, 0..1.
        wobble: How far yarns stray from straight lines, in widths of a yarn.
        fuzz: How far fibres carry the colour over its borders, in widths of a yarn.
    """

    rise: float = 0.45
    round: float = 0.7
    depth: float = 0.5
    ply: float = 0.12
    uneven: float = 0.25
    wobble: float = 0.06
    fuzz: float = 0.0


def order(*counts: int) -> npt.NDArray[np.intp]:
    """Colours' numbers of the yarns: ``order(4, 2)`` is 0 0 0 0 1 1."""
    return np.repeat(np.arange(len(counts)), counts)


def woven(
    n: int, weave: Weave, warp: Light, weft: Light, *, loom: Loom = Loom(), seed: int = 0, streaks: float = 0.0
) -> Light:
    """A woven fabric.

    Args:
        n: Side in pixels.
        weave: (p, q) bool, where the warp lies on top: rows are picks of the weft from the top down, columns are
            warp ends from left to right. p divides the number of weft yarns, q that of warp yarns.
        warp: (k, 3) linear light of the warp yarns of the whole side.
        weft: (m, 3) of the weft yarns.
        loom: How the yarns look.
        seed: Of their unevenness.
        streaks: How much lighter and darker places of warp yarns are, as of uneven dye, 0..1.

    Returns:
        (n, n, 3) float32; the mean colour is that of the yarns seen.
    """
    color, relief = _crossed(n, weave, warp, weft, loom, seed, streaks)
    return shaded(color, relief)


def ground(n: int, yarns: int, *, strength: float = 1.0, seed: int = 0) -> Field:
    """Relief of a fine plain weave, to print on: (n, n) float32 around 1, weaker with less ``strength``."""
    loom = Loom(depth=0.35, ply=0.0, uneven=0.3)
    white = np.ones((yarns, 3), np.float32)
    relief = _crossed(n, np.eye(2, dtype=np.bool_), white, white, loom, seed, 0.0)[1]
    relief /= relief.mean(dtype=np.float64)
    return np.asarray(1 + (relief - 1) * np.float32(strength), np.float32)


def _crossed(
    n: int, weave: Weave, warp: Light, weft: Light, loom: Loom, seed: int, streaks: float
) -> tuple[Light, Field]:
    """Colour of the yarn on top, and the relief: (n, n, 3) and (n, n)."""
    ends, picks = len(warp), len(weft)
    place = (np.arange(n, dtype=np.float32) + np.float32(0.5)) / np.float32(n)
    stray = np.float32(loom.wobble)
    x = place[None, :] * np.float32(ends) + stray * noise(n, 0.6 / ends, 2.0 / picks, seed + 1)
    y = place[:, None] * np.float32(picks) + stray * noise(n, 2.0 / ends, 0.6 / picks, seed + 2)
    i, j = np.floor(x), np.floor(y)
    # Across each yarn -1..1; thick and thin places stretch it.
    thick = np.float32(0.35 * loom.uneven)
    s = (2 * (x - i) - 1) * (1 - thick * noise(n, 0.7 / ends, 5.0 / picks, seed + 3))
    t = (2 * (y - j) - 1) * (1 - thick * noise(n, 5.0 / ends, 0.7 / picks, seed + 4))
    up = np.where(weave, 1, -1).astype(np.float32)
    ii, jj = i.astype(np.intp), j.astype(np.intp)
    rise, dome = np.float32(loom.rise), np.float32(loom.round)
    warp_z = rise * _between(up, jj, ii, t, 0) + dome * _profile(s)
    weft_z = -rise * _between(up, jj, ii, s, 1) + dome * _profile(t)
    on_top = warp_z > weft_z
    color = np.where(on_top[..., None], warp[ii % ends], weft[jj % picks])
    height = np.maximum(warp_z, weft_z)
    low, high = -0.1, float(rise + dome)
    relief = 1 - np.float32(loom.depth) * (1 - np.clip((height - low) / (high - low), 0, 1)) ** np.float32(1.3)
    relief *= _twist(on_top, x, y, s, t, loom)
    relief *= _hairs(n, on_top, ends, picks, loom.uneven, seed)
    if streaks:
        dye = noise(n, 0.45 / ends, 14.0 / picks, seed + 7) + noise(n, 0.45 / ends, 3.0 / picks, seed + 8)
        relief = np.where(on_top, relief * np.exp(np.float32(0.5 * streaks) * dye), relief)
    color = np.asarray(color, np.float32)
    if loom.fuzz:
        color = blurred(color, loom.fuzz / max(ends, picks))
    return color, np.asarray(relief, np.float32)


def _between(up: Field, j: npt.NDArray[np.intp], i: npt.NDArray[np.intp], across: Field, axis: int) -> Field:
    """How high a yarn lies, -1..1: over the crossings along it, in waves; ``across`` is the place within one."""
    p, q = up.shape
    side = np.where(across < 0, -1, 1)
    here = up[j % p, i % q]
    there = up[(j + side) % p, i % q] if axis == 0 else up[j % p, (i + side) % q]
    half = np.abs(across) / 2  # 0 in the middle of the crossing, 1/2 at the border to the next
    share = np.float32(0.5) - np.float32(0.5) * np.cos(np.float32(np.pi) * half)
    return np.asarray(here + (there - here) * share, np.float32)


def _profile(across: Field) -> Field:
    """Height of a round yarn at a place across it, 1 in the middle, below 0 beside it."""
    square = across * across
    return np.asarray(np.sqrt(np.maximum(1 - square, 0)) - np.maximum(np.sqrt(square) - 1, 0), np.float32)


def _twist(on_top: npt.NDArray[np.bool_], x: Field, y: Field, s: Field, t: Field, loom: Loom) -> Field:
    """Fine slanting lines of the plies."""
    if not loom.ply:
        return np.ones(on_top.shape, np.float32)
    turn = np.float32(2 * np.pi)
    warp = np.sin(turn * (2 * y + np.float32(0.35) * s))
    weft = np.sin(turn * (2 * x - np.float32(0.35) * t))
    return np.asarray(1 + np.float32(loom.ply) * np.where(on_top, warp, weft), np.float32)


def _hairs(n: int, on_top: npt.NDArray[np.bool_], ends: int, picks: int, uneven: float, seed: int) -> Field:
    """Fibres along the yarns."""
    warp = noise(n, 0.12 / ends, 1.2 / picks, seed + 5)
    weft = noise(n, 1.2 / ends, 0.12 / picks, seed + 6)
    return np.exp(np.float32(0.3 * uneven) * np.where(on_top, warp, weft)).astype(np.float32)
