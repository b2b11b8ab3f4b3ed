"""Chains of cubics as plain (3 n + 1, 2) arrays: a point, then two controls and a point for each cubic."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

__all__ = [
    "between",
    "corner_joints",
    "cubic_lengths",
    "distances",
    "divided",
    "left",
    "offset",
    "tangents",
    "tip",
    "unit",
]

Floats = npt.NDArray[np.float64]
_MOST = 1000  # cubics; a line is not divided into more


def cubic_lengths(points: Floats) -> Floats:
    """(n) lengths of the cubics, from eight chords each."""
    t = np.linspace(0, 1, 9)[:, None, None]
    u = 1 - t
    a, b, c, d = points[0:-1:3], points[1::3], points[2::3], points[3::3]
    line = u**3 * a + 3 * u**2 * t * b + 3 * u * t**2 * c + t**3 * d
    return np.asarray(np.linalg.norm(np.diff(line, axis=0), axis=2).sum(0))


def distances(points: Floats) -> Floats:
    """(n + 1) lengths along the line up to each joint, the first 0."""
    return np.concatenate([[0.0], np.cumsum(cubic_lengths(points))])


def divided(points: Floats, longest: float) -> Floats:
    """The same line in cubics that are about ``longest`` at most, though not in more than a thousand."""
    each = cubic_lengths(points)
    longest = max(longest, float(each.sum()) / _MOST)
    if longest <= 0:
        return points
    counts = np.maximum(1, np.ceil(each / longest - 1e-6)).astype(np.int64)
    owner = np.repeat(np.arange(len(counts)), counts)
    place = np.arange(len(owner)) - np.repeat(np.cumsum(counts) - counts, counts)
    whole = np.stack([points[k::3][: len(counts)] for k in range(3)] + [points[3::3]], 1)[owner]
    pieces = _parts(whole, place / counts[owner], (place + 1) / counts[owner])
    return np.concatenate([points[:1], pieces[:, 1:].reshape(-1, 2)])


def _parts(cubics: Floats, a: Floats, b: Floats) -> Floats:
    """(m, 4, 2) cubics cut down to between two parameters each, by their polar forms."""

    def polar(*parameters: Floats) -> Floats:
        p = cubics
        for x in parameters:
            p = p[:, :-1] + (p[:, 1:] - p[:, :-1]) * x[:, None, None]
        return p[:, 0]

    return np.stack([polar(a, a, a), polar(a, a, b), polar(a, b, b), polar(b, b, b)], 1)


def _part(cubic: Floats, a: float, b: float) -> Floats:
    return np.asarray(_parts(cubic[None], np.array([a]), np.array([b]))[0])


def between(points: Floats, a: float, b: float) -> Floats:
    """The line between two shares of its length, about."""
    at = distances(points)
    at /= max(float(at[-1]), 1e-12)
    n = len(at) - 1
    i = int(np.clip(np.searchsorted(at, a, "right") - 1, 0, n - 1))
    j = int(np.clip(np.searchsorted(at, b, "left") - 1, i, n - 1))
    r, s = ((share - at[k]) / max(float(at[k + 1] - at[k]), 1e-12) for share, k in ((a, i), (b, j)))
    if i == j:
        return _part(points[3 * i : 3 * i + 4], r, s)
    first, last = _part(points[3 * i : 3 * i + 4], r, 1), _part(points[3 * j : 3 * j + 4], 0, s)
    return np.concatenate([first, points[3 * i + 4 : 3 * j + 1], last[1:]])


def tangents(points: Floats) -> tuple[Floats, Floats]:
    """Unit directions at the end and at the beginning of each cubic; handles without length are passed over."""
    a, b, c, d = points[0:-1:3], points[1::3], points[2::3], points[3::3]
    out, into = b - a, d - c
    for other in (c - a, d - a):
        out = np.where((np.abs(out).sum(1) < 1e-9)[:, None], other, out)
    for other in (d - b, d - a):
        into = np.where((np.abs(into).sum(1) < 1e-9)[:, None], other, into)
    return unit(into), unit(out)


def corner_joints(points: Floats, angle: float, *, closed: bool) -> npt.NDArray[np.int64]:
    """Indices of the joints where the direction jumps by over ``angle`` degrees."""
    into, out = tangents(points)
    before, after = (np.roll(into, 1, 0), out) if closed else (into[:-1], out[1:])
    turn = np.degrees(np.arccos(np.clip((before * after).sum(1), -1, 1)))
    return np.flatnonzero(turn > angle) + (0 if closed else 1)


def offset(points: Floats, shift: Floats) -> Floats:
    """The line with its joints moved by ``shift``; handles keep their directions and grow as the chords do."""
    moved = points.copy()
    moved[::3] += shift
    old, new = (np.linalg.norm(np.diff(line[::3], axis=0), axis=1) for line in (points, moved))
    grown = np.clip(new / np.maximum(old, 1e-12), 0.05, 3)[:, None]
    # The shift's change along the cubic turns the handles a third of it, so that the width changes smoothly.
    moved[1::3] = moved[0:-1:3] + (points[1::3] - points[0:-1:3]) * grown
    moved[2::3] = moved[3::3] + (points[2::3] - points[3::3]) * grown
    return moved


def tip(start: Floats, end: Floats, along: Floats) -> Floats:
    """A round end from one side to the other: two handles and the end."""
    reach = np.linalg.norm(end - start) * 0.66 * along
    return np.stack([start + reach, end + reach, end])


def left(direction: Floats) -> Floats:
    """Normals to the left of a direction, as seen: y is down."""
    return np.stack([direction[:, 1], -direction[:, 0]], 1)


def unit(vectors: Floats) -> Floats:
    """(n, 2) vectors made one long; those without length stay 0."""
    return np.asarray(vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12))
