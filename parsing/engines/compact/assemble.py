"""From everybody's score maps to two label maps: each pixel goes to the person who claims it most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.compact.claims import Claim
from dressform.parsing.engines.compact.detect import intersection, overlap
from dressform.parsing.result import Observation
from dressform.parsing.scores import Box, Window, resample

__all__ = ["doubt_inner", "keep_distinct", "paint"]

Floats = npt.NDArray[np.float32]
Labels = npt.NDArray[np.uint8]
Instances = npt.NDArray[np.uint16]
STRIP = 1 << 18  # px painted at once: bounds the memory that a large photo takes
GRID = 64  # cells; side of the picture on which two claims are compared
MAX_SHARED = 0.7
"""Two silhouettes whose intersection is more than this share of their union are one person."""
MAX_INSIDE, SURE = 0.85, 0.6
"""More than this share inside somebody stronger, and found with less than this confidence: a part of them."""
INNER = 0.15
"""Share of its confidence that a claim loses whose box lies in a larger and surer one."""
APART = 0.2
"""Heads this share of the smaller box apart, both found with confidence, are two people's."""
MIN_VISIBLE = 0.12
"""Share of a silhouette that nobody else may claim more, for the person to count as seen."""
AGREED = 0.75
"""From this overlap on, the box of somebody's pixels and that of their detection are the same."""
FAINT = 0.02
"""Where a part's probability is below this, it is not asked whether the part is the likeliest."""


def keep_distinct(claims: Sequence[Claim]) -> list[Claim]:
    """Drop claims that are somebody else again, or of whom next to nothing remains to be seen.

    Two are compared on a grid over the weaker one's box, so that their size in the photo does not matter.

    Args:
        claims: Any order.

    Returns:
        Those kept, left to right.
    """
    kept: list[Claim] = []
    for c in sorted(claims, key=lambda c: -c.score):
        if c.area > 0 and not any(_same(c, other) for other in _touching(c, kept)):
            kept.append(c)
    return sorted((c for c in kept if _visible(c, _touching(c, kept))), key=lambda c: c.centre)


def doubt_inner(claims: Sequence[Claim]) -> list[Claim]:
    """The claims, less sure by how much of their boxes lies in a larger one of somebody surer.

    Hands, bags and folds are taken for people there more often than anywhere else.
    """
    extents = np.array([c.bounds[2:] - c.bounds[:2] for c in claims], np.float32).reshape(-1, 2)
    areas = extents.prod(1)
    doubted = []
    for c, area in zip(claims, areas, strict=True):
        larger = [o for o, theirs in zip(claims, areas, strict=True) if o.score > c.score and theirs > area]
        inside = max((intersection(c.bounds, o.bounds) for o in larger), default=0.0) / max(float(area), 1e-6)
        doubted.append(replace(c, score=c.score * (1 - INNER * min(inside, 1.0))))
    return doubted


def _same(c: Claim, other: Claim) -> bool:
    if min(c.score, other.score) >= SURE and _heads_apart(c, other):
        return False
    own, theirs = _seen_from(c, c) > 0.5, _seen_from(c, other) > 0.5
    inside = float((own & theirs).sum()) / max(float(own.sum()), 1)
    shared = c.area * inside
    return shared > MAX_SHARED * (c.area + other.area - shared) or (inside > MAX_INSIDE and c.score < SURE)


def _heads_apart(c: Claim, other: Claim) -> bool:
    """Whether two are known to have heads in different places: people who embrace may claim each other whole."""
    if c.head is None or other.head is None or not (c.has_head and other.has_head):
        return False
    extent = min(min(o.box[2] - o.box[0], o.box[3] - o.box[1]) for o in (c, other))
    return float(np.linalg.norm(np.subtract(c.head, other.head))) > APART * extent


def _visible(c: Claim, others: Sequence[Claim]) -> bool:
    if not others:
        return True
    field = _seen_from(c, c)
    own = field > 0.5
    strongest = np.max([_seen_from(c, other) for other in others], 0)
    return bool((own & (field >= strongest)).sum() > MIN_VISIBLE * own.sum())


def _touching(c: Claim, others: Sequence[Claim]) -> list[Claim]:
    """The others whose boxes have something in common with this one's."""
    x0, y0, x1, y1 = c.box
    return [o for o in others if o is not c and o.box[0] < x1 and o.box[2] > x0 and o.box[1] < y1 and o.box[3] > y0]


def _seen_from(c: Claim, other: Claim) -> Floats:
    """(GRID, GRID) foreground of ``other`` over the box of ``c``."""
    x0, y0, x1, y1 = c.box
    sx, sy = GRID / (x1 - x0), GRID / (y1 - y0)
    left, top, right, bottom = other.box
    box = ((left - x0) * sx, (top - y0) * sy, (right - x0) * sx, (bottom - y0) * sy)
    return resample(other.foreground, box, (0, 0, GRID, GRID))


def paint(claims: Sequence[Claim], size: tuple[int, int]) -> tuple[Labels, Instances, tuple[Observation, ...]]:
    """Label maps in the photo's resolution, and the people that can be seen in them, left to right.

    Args:
        claims: People.
        size: (width, height) of the photo.

    Returns:
        labels (H, W) uint8, instances (H, W) uint16, observations.
    """
    width, height = size
    labels = np.zeros((height, width), np.uint8)
    instances = np.zeros((height, width), np.uint16)
    strongest = np.zeros((height, width), np.uint8)
    for index, c in enumerate(claims, 1):
        x0, y0, x1, y1 = _pixels(c, size)
        rows = max(1, STRIP // max(x1 - x0, 1))
        for top in range(y0, y1, rows):
            strip = (x0, top, x1, min(top + rows, y1))
            strength = np.round(resample(c.strength, c.box, strip) * 255).astype(np.uint8)
            won = (resample(c.foreground, c.box, strip) > 0.5) & (strength > strongest[top : strip[3], x0:x1])
            x, y, w, h = cv2.boundingRect(won.view(np.uint8))
            if w:
                at = (slice(top + y, top + y + h), slice(x0 + x, x0 + x + w))
                own = won[y : y + h, x : x + w]
                np.copyto(strongest[at], strength[y : y + h, x : x + w], where=own)
                np.copyto(instances[at], np.uint16(index), where=own)
                np.copyto(labels[at], _best_part(c, (x0 + x, top + y, x0 + x + w, top + y + h)), where=own)
    return _observe(claims, labels, instances)


def _pixels(c: Claim, size: tuple[int, int]) -> Window:
    """The photo's pixels that a claim's box touches; of no width or height where it lies outside."""
    x0, x1 = np.clip([np.floor(c.box[0]), np.ceil(c.box[2])], 0, size[0]).astype(int).tolist()
    y0, y1 = np.clip([np.floor(c.box[1]), np.ceil(c.box[3])], 0, size[1]).astype(int).tolist()
    return x0, y0, x1, y1 if x1 > x0 else y0


def _best_part(c: Claim, window: Window) -> Labels:
    """The likeliest part, background apart, at each pixel of a window."""
    left, top, right, bottom = window
    best = np.zeros((bottom - top, right - left), np.float32)
    part = np.full(best.shape, int(c.parts[1]), np.uint8)
    for k in range(1, len(c.parts)):
        x0, y0, x1, y1 = _reach(c, k, window)
        if x1 > x0 and y1 > y0:
            at = (slice(y0 - top, y1 - top), slice(x0 - left, x1 - left))
            other = resample(c.fields[k], c.box, (x0, y0, x1, y1))
            np.copyto(part[at], np.uint8(c.parts[k]), where=other > best[at])
            np.maximum(best[at], other, out=best[at])
    return part


def _reach(c: Claim, k: int, window: Window) -> Window:
    """The piece of a window where field k is not faint: most parts fill little of a person's box."""
    x, y, w, h = cv2.boundingRect((c.fields[k] > FAINT).view(np.uint8))
    cell_x = (c.box[2] - c.box[0]) / c.fields.shape[2]
    cell_y = (c.box[3] - c.box[1]) / c.fields.shape[1]
    x0 = max(int(np.floor(c.box[0] + (x - 1) * cell_x)), window[0])
    y0 = max(int(np.floor(c.box[1] + (y - 1) * cell_y)), window[1])
    x1 = min(int(np.ceil(c.box[0] + (x + w + 1) * cell_x)), window[2])
    y1 = min(int(np.ceil(c.box[1] + (y + h + 1) * cell_y)), window[3])
    return x0, y0, x1 if w else x0, y1


def _observe(
    claims: Sequence[Claim], labels: Labels, instances: Instances
) -> tuple[Labels, Instances, tuple[Observation, ...]]:
    """Number people left to right by their boxes; those without a pixel are left out."""
    height, width = labels.shape
    found: list[tuple[float, int, Observation]] = []
    for index, c in enumerate(claims, 1):
        x0, y0, x1, y1 = _pixels(c, (width, height))
        if y1 <= y0:
            continue
        x, y, w, h = cv2.boundingRect((instances[y0:y1, x0:x1] == index).view(np.uint8))
        if w:
            box = _settled(c, (x0 + x, y0 + y, x0 + x + w, y0 + y + h), (width, height))
            found.append(((box[0] + box[2]) / 2, index, Observation(box, c.score, c.scores, c.keypoints)))
    found.sort(key=lambda row: row[:2])
    order = [index for _, index, _ in found]
    if order != list(range(1, len(order) + 1)):
        numbers = np.zeros(len(claims) + 1, np.uint16)
        numbers[order] = np.arange(1, len(order) + 1)
        rows = max(1, STRIP // width)
        for top in range(0, height, rows):
            instances[top : top + rows] = numbers[instances[top : top + rows]]
    return labels, instances, tuple(observation for _, _, observation in found)


def _settled(c: Claim, bounds: Window, size: tuple[int, int]) -> Box:
    """The bounds of somebody's pixels, or where these are not what was detected the mean of both.

    Where both agree, the pixels are nearer; where they don't, either may be wrong, and the mean is nearer than both.
    """
    box = np.array(bounds, np.float32)
    if c.expected is not None and overlap(box, c.expected) < AGREED:
        box = ((box + np.clip(c.expected, 0, np.tile(size, 2))) / 2).astype(np.float32)
    x0, y0, x1, y1 = box.tolist()
    return x0, y0, x1, y1
