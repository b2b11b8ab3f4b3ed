"""From everybody's score maps to two label maps: each pixel goes to the person who claims it most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.compact.segment import Segment
from dressform.parsing.parts import Part
from dressform.parsing.refine import guided_filter, mean_field, remove_islands
from dressform.parsing.result import Observation
from dressform.parsing.scores import Box, ScoreMaps, resample

__all__ = ["Claim", "claim", "keep_distinct", "paint"]

Floats = npt.NDArray[np.float32]
STRIP = 1 << 20  # px painted at once: bounds the memory that a large photo takes
GRID = 256  # px; long side of the picture on which claims are compared


@dataclass(frozen=True, eq=False)
class Claim:
    """What one person claims of the photo.

    Attributes:
        box: Photo pixels that the fields cover.
        parts: The part of each field; the first is the background.
        fields: (n, h, w) float32 probabilities, refined.
        scores: The score maps to keep.
        keypoints: (17, 3) float32.
        score: Confidence 0..1.
    """

    box: Box
    parts: tuple[Part, ...]
    fields: Floats
    scores: ScoreMaps
    keypoints: Floats
    score: float


def claim(segment: Segment, score: float, *, edges: str | None = "guided", islands: bool = True) -> Claim:
    """Clean and refine one person's score maps.

    Args:
        segment: Output of the parts network.
        score: The detection's confidence.
        edges: "guided", "crf" or None.
        islands: Whether small detached patches are removed.
    """
    probability = remove_islands(segment.probability) if islands else segment.probability
    keep = [0, *(k for k in range(1, len(probability)) if probability[k].max() > 0.2)]
    parts, fields = tuple(Part(k) for k in keep), probability[keep]
    image = segment.crop.image
    quantised = np.round(fields * 255).astype(np.uint8)
    if edges is not None:
        size = (image.shape[1], image.shape[0])
        large = np.stack([cv2.resize(f, size, interpolation=cv2.INTER_LINEAR) for f in fields], 2)
        refined = guided_filter(image, large, 4, 1e-3) if edges == "guided" else mean_field(image, large)
        fields = np.ascontiguousarray(refined.transpose(2, 0, 1))
    scores = ScoreMaps(segment.crop.box, parts, quantised)
    return Claim(segment.crop.box, parts, fields, scores, segment.keypoints, score)


def keep_distinct(claims: Sequence[Claim], size: tuple[int, int]) -> list[Claim]:
    """Drop claims that are somebody else again, or of whom next to nothing remains to be seen.

    Args:
        claims: Any order.
        size: (width, height) of the photo.

    Returns:
        Those kept, left to right.
    """
    scale = min(1.0, GRID / max(size))
    grid = (max(round(size[0] * scale), 1), max(round(size[1] * scale), 1))
    order = sorted(claims, key=lambda c: -c.score)
    fields = [_on_grid(c, grid, size) for c in order]
    kept: list[int] = []
    for k, field in enumerate(fields):
        own = field > 0.5
        area = int(own.sum())
        if area == 0 and not _tiny(order[k], scale):
            continue
        shared = [int((own & (fields[j] > 0.5)).sum()) for j in kept]
        unions = [area + int((fields[j] > 0.5).sum()) - s for j, s in zip(kept, shared, strict=True)]
        if all(s <= 0.6 * u for s, u in zip(shared, unions, strict=True)):
            kept.append(k)
    best = np.max([fields[k] for k in kept], 0) if kept else None
    seen = [k for k in kept if best is not None and _visible(fields[k], best)]
    return sorted((order[k] for k in seen), key=_centre)


def _tiny(c: Claim, scale: float) -> bool:
    return (c.box[2] - c.box[0]) * scale < 4


def _visible(field: Floats, best: Floats) -> bool:
    own = field > 0.5
    area = int(own.sum())
    return area == 0 or int((own & (field >= best)).sum()) > 0.12 * area


def _on_grid(c: Claim, grid: tuple[int, int], size: tuple[int, int]) -> Floats:
    """Foreground of a claim on a small picture of the whole photo."""
    sx, sy = grid[0] / size[0], grid[1] / size[1]
    x0, y0, x1, y1 = c.box
    return resample(1 - c.fields[0], (x0 * sx, y0 * sy, x1 * sx, y1 * sy), (0, 0, *grid))


def _centre(c: Claim) -> float:
    """Middle of the columns where the claim's silhouette stands, in photo pixels."""
    columns = np.flatnonzero((c.fields[0] < 0.5).any(0))
    if not len(columns):
        return (c.box[0] + c.box[2]) / 2
    return c.box[0] + (columns[0] + columns[-1] + 1) / 2 * (c.box[2] - c.box[0]) / c.fields.shape[2]


def paint(
    claims: Sequence[Claim], size: tuple[int, int]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16], tuple[Observation, ...]]:
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
    strongest = np.full((height, width), 127, np.uint8)  # a claim must beat one half
    for index, c in enumerate(claims, 1):
        x0, y0 = max(int(np.floor(c.box[0])), 0), max(int(np.floor(c.box[1])), 0)
        x1, y1 = min(int(np.ceil(c.box[2])), width), min(int(np.ceil(c.box[3])), height)
        foreground = 1 - c.fields[0]
        rows = max(1, STRIP // max(x1 - x0, 1))
        for top in range(y0, y1, rows):
            strip = (x0, top, x1, min(top + rows, y1))
            where = (slice(strip[1], strip[3]), slice(x0, x1))
            covered = np.round(resample(foreground, c.box, strip) * 255).astype(np.uint8)
            won = covered > strongest[where]
            if won.any():
                np.copyto(strongest[where], covered, where=won)
                np.copyto(instances[where], np.uint16(index), where=won)
                np.copyto(labels[where], _best_part(c, strip), where=won)
    return _observe(claims, labels, instances)


def _best_part(c: Claim, window: tuple[int, int, int, int]) -> npt.NDArray[np.uint8]:
    """The likeliest part, background apart, at each pixel of a window."""
    if len(c.parts) == 1:
        return np.full((window[3] - window[1], window[2] - window[0]), int(Part.UPPER_CLOTHES), np.uint8)
    best = resample(c.fields[1], c.box, window)
    part = np.full(best.shape, int(c.parts[1]), np.uint8)
    for k in range(2, len(c.parts)):
        other = resample(c.fields[k], c.box, window)
        part[other > best] = int(c.parts[k])
        np.maximum(best, other, out=best)
    return part


def _observe(
    claims: Sequence[Claim], labels: npt.NDArray[np.uint8], instances: npt.NDArray[np.uint16]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint16], tuple[Observation, ...]]:
    """Number people left to right by the boxes of their pixels; those without a pixel are left out."""
    height, width = labels.shape
    found: list[tuple[float, int, Observation]] = []
    for index, c in enumerate(claims, 1):
        x0, y0 = max(int(np.floor(c.box[0])), 0), max(int(np.floor(c.box[1])), 0)
        x1, y1 = min(int(np.ceil(c.box[2])), width), min(int(np.ceil(c.box[3])), height)
        x, y, w, h = cv2.boundingRect((instances[y0:y1, x0:x1] == index).astype(np.uint8))
        if w:
            box = (float(x0 + x), float(y0 + y), float(x0 + x + w), float(y0 + y + h))
            found.append(((box[0] + box[2]) / 2, index, Observation(box, c.score, c.scores, c.keypoints)))
    found.sort(key=lambda row: row[:2])
    numbers = np.zeros(len(claims) + 1, np.uint16)
    numbers[[index for _, index, _ in found]] = np.arange(1, len(found) + 1)
    if [index for _, index, _ in found] != list(range(1, len(claims) + 1)):
        instances = numbers[instances]
    return labels, instances, tuple(observation for _, _, observation in found)
