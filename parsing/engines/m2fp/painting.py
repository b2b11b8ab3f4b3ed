"""Two label maps out of people and their parts: at each pixel the part with the highest score times mask probability.

A part's pixels are those where its enlarged map is positive. Between two parts of a person there may be a seam where
neither is; if the person's own mask is there, the likelier part fills it. What no part comes near stays background,
whoever's mask is there: a bag, say, for which the model has no class.
"""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import numpy.typing as npt

from dressform.parsing.cpus import usable_cpus
from dressform.parsing.engines.m2fp.masks import Frame, reach, scratch, sigmoid, strips, unpack, upsample
from dressform.parsing.engines.m2fp.people import Assembly, Piece
from dressform.parsing.engines.m2fp.select import Instance
from dressform.parsing.parts import Part
from dressform.parsing.result import Observation
from dressform.parsing.scores import ScoreMaps, Window
from dressform.parsing.windows import pixel_windows

__all__ = ["paint"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.uint8]
Instances = npt.NDArray[np.uint16]
FAINT = 0.1
"""Least probability with which a part may fill a seam."""
SEAM = np.float32(0.01)
"""Weight of such a claim: any part's claim to its own pixels, at least a tenth of a half, is larger."""
SHOWN = 0.05
"""Share of a person's mask that has to be seen as parts, for the person to count."""
MARGIN = 2  # cells around a person that their score maps keep


def paint(assembly: Assembly, frame: Frame) -> tuple[Labels, Instances, tuple[Observation, ...]]:
    """Label maps in the photo's resolution, and the people that can be seen in them, left to right.

    Returns:
        labels (H, W) uint8, instances (H, W) uint16, observations.
    """
    height, width = frame.photo
    labels, instances = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint16)
    if not assembly.pieces:
        return labels, instances, ()
    level = float(np.log(FAINT / (1 - FAINT)))
    windows = [reach(piece.instance.field, frame, level) for piece in assembly.pieces]
    bodies = [reach(each.field, frame) for each in assembly.people]

    def one(band: Window) -> npt.NDArray[np.int64]:
        return _paint_band(assembly, frame, band, windows, bodies, labels, instances)

    # Each pixel is one thread's own, and NumPy and OpenCV let go of the interpreter's lock.
    with ThreadPoolExecutor(usable_cpus()) as pool:
        shown = np.sum(list(pool.map(one, strips((0, 0, width, height)))), 0)
    return _observe(assembly, frame, labels, instances, shown)


def _paint_band(
    assembly: Assembly,
    frame: Frame,
    band: Window,
    windows: Sequence[Window | None],
    bodies: Sequence[Window | None],
    labels: Labels,
    instances: Instances,
) -> npt.NDArray[np.int64]:
    """Paint whole rows of the photo; returns how many pixels each person has there, nobody first."""
    top, bottom = band[1], band[3]
    best = np.zeros((bottom - top, band[2]), np.float32)
    winner = np.zeros(best.shape, np.uint16)  # number of the piece, 0 for none
    body: dict[int, Mask] = {}
    for number, (piece, window) in enumerate(zip(assembly.pieces, windows, strict=True), 1):
        place = None if window is None else _common(window, band)
        if place is None:
            continue
        if piece.owner not in body:
            body[piece.owner] = _body(assembly.people[piece.owner], frame, band, bodies[piece.owner])
        x0, y0, x1, y1 = place
        at = (slice(y0 - top, y1 - top), slice(x0, x1))
        claim = _claim(piece, frame, place, body[piece.owner][at])
        won = claim > best[at]
        np.maximum(best[at], claim, out=best[at])
        np.copyto(winner[at], np.uint16(number), where=won)
    parts = np.array([0, *(piece.part for piece in assembly.pieces)], np.uint8)
    owners = np.array([0, *(piece.owner + 1 for piece in assembly.pieces)], np.uint16)
    labels[top:bottom], instances[top:bottom] = parts[winner], owners[winner]
    return np.bincount(instances[top:bottom].ravel(), minlength=len(assembly.people) + 1)


def _claim(piece: Piece, frame: Frame, place: Window, body: Mask) -> Floats:
    """How strongly a part claims each pixel of a window: 0 is not at all. Valid until the thread's next claim."""
    value = upsample(piece.instance.field, frame, place, "value")
    inside = _within(piece.instance, value, place)
    claim = sigmoid(value)
    seam = claim >= FAINT
    seam &= body
    seam &= ~inside
    claim *= np.float32(piece.instance.score)
    weight = np.multiply(seam, SEAM, out=scratch("weight", seam.shape))
    weight += inside
    claim *= weight
    if piece.share is not None:
        # Of a part that n people divide, somebody has an n-th at every pixel, also where three territories meet.
        claim *= upsample(piece.share, frame, place, "weight") >= 1 / piece.sharers - 1e-6
    return claim


def _body(person: Instance, frame: Frame, band: Window, window: Window | None) -> Mask:
    """Pixels of a band that a person's mask covers."""
    out = np.zeros((band[3] - band[1], band[2]), np.bool_)
    place = None if window is None else _common(window, band)
    if place is not None:
        x0, y0, x1, y1 = place
        out[y0 - band[1] : y1 - band[1], x0:x1] = _within(person, upsample(person.field, frame, place, "value"), place)
    return out


def _within(instance: Instance, value: Floats, place: Window) -> Mask:
    inside = value > 0
    return inside if instance.mask is None else unpack(instance.mask, place)


def _common(a: Window, b: Window) -> Window | None:
    found = max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])
    return found if found[0] < found[2] and found[1] < found[3] else None


def _observe(
    assembly: Assembly, frame: Frame, labels: Labels, instances: Instances, shown: npt.NDArray[np.int64]
) -> tuple[Labels, Instances, tuple[Observation, ...]]:
    """Number people left to right by the boxes of their pixels; who is hardly seen is taken out of the maps."""
    x0, y0, x1, y1 = frame.box((0, 0, 1, 1))
    found: list[tuple[float, int, Observation]] = []
    for k, (person, window) in enumerate(
        zip(assembly.people, pixel_windows(instances, len(assembly.people)), strict=True)
    ):
        area = np.count_nonzero(person.field > 0) * (x1 - x0) * (y1 - y0)
        if window is not None and shown[k + 1] >= SHOWN * area:
            left, top, right, bottom = (float(side) for side in window)
            observation = Observation((left, top, right, bottom), person.score, _score_maps(assembly, k, frame))
            found.append(((left + right) / 2, k, observation))
    found.sort(key=lambda row: row[:2])
    numbers = np.zeros(len(assembly.people) + 1, np.uint16)
    numbers[[k + 1 for _, k, _ in found]] = np.arange(1, len(found) + 1)
    height, width = frame.photo
    for _, top, _, bottom in strips((0, 0, width, height)):
        instances[top:bottom] = numbers[instances[top:bottom]]
        labels[top:bottom] *= instances[top:bottom] > 0
    return labels, instances, tuple(observation for _, _, observation in found)


def _score_maps(assembly: Assembly, k: int, frame: Frame) -> ScoreMaps:
    """Somebody's score maps: how likely each cell shows them at all, divided among their parts by their claims."""
    person, pieces = assembly.people[k], [piece for piece in assembly.pieces if piece.owner == k]
    seen = person.field > 0
    for piece in pieces:
        seen = seen | ((piece.instance.field > 0) & (True if piece.share is None else piece.share > 0))
    rows, columns = np.flatnonzero(seen.any(1)), np.flatnonzero(seen.any(0))
    x0, y0 = max(int(columns[0]) - MARGIN, 0), max(int(rows[0]) - MARGIN, 0)
    x1 = min(int(columns[-1]) + 1 + MARGIN, frame.cells[1])
    y1 = min(int(rows[-1]) + 1 + MARGIN, frame.cells[0])
    at = (slice(y0, y1), slice(x0, x1))
    parts = tuple(sorted({piece.part for piece in pieces}))
    claims = np.zeros((len(parts), y1 - y0, x1 - x0), np.float32)
    cover = sigmoid(person.field[at].copy())
    field = np.empty_like(cover)
    for piece in pieces:
        np.copyto(field, piece.instance.field[at])
        sigmoid(field)
        if piece.share is not None:
            field *= piece.share[at]
        np.maximum(cover, field, out=cover)
        row = claims[parts.index(piece.part)]
        field *= np.float32(piece.instance.score)
        np.maximum(row, field, out=row)
    claims *= cover / np.maximum(claims.sum(0), np.float32(1e-6))
    values = np.concatenate([1 - cover[None], claims])
    return ScoreMaps(frame.box((x0, y0, x1, y1)), (Part.BACKGROUND, *parts), np.round(values * 255).astype(np.uint8))
