"""What can be said of a person from a map of parts alone, whether it was parsed from a photo or read from a drawing.

The same rules look at both; they know nothing of specs. Where a reading of a photo is too near to a border between two
answers it gives both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.bench.drawing import Drawing
from dressform.avatar.bench.subjects import Subject
from dressform.parsing import Part

__all__ = ["PartMap", "hair_length", "hat", "lower_wear", "map_of_drawing", "map_of_photo", "sleeve"]

Floats = npt.NDArray[np.float64]
Points = npt.NDArray[np.float32]
_TOPS = (Part.UPPER_CLOTHES, Part.COAT, Part.DRESS)
_ARMS = (Part.LEFT_ARM, Part.RIGHT_ARM)
_LOWER = {"trousers": Part.PANTS, "skirt": Part.SKIRT, "dress": Part.DRESS}
_SURE = 0.45  # score of a joint
_RUN = 0.08  # heads of hair in a row that count
_WISP = 0.03  # heads; thinner tails, on either side of their middle, are shadows
_CHIN, _SHOULDER = -0.12, 0.30  # heads below the chin where hair becomes medium and long
_NEAR = 0.07  # heads around a border where either answer does
_HAT = (0.03, 0.08)  # square heads: no hat below the first, one above the second
_LEAST = 0.25  # square heads of a lower garment


@dataclass(frozen=True, eq=False)
class PartMap:
    """Parts of one person as pixels.

    Attributes:
        labels: (h, w) uint8.
        rows: (h,) height of each row in heads below the chin.
        unit: Pixels to a head.
        locate: (n, 2) places in heads to pixels x, y.
    """

    labels: npt.NDArray[np.uint8]
    rows: Floats
    unit: float
    locate: Callable[[Floats], Floats]

    def area(self, *parts: Part) -> float:
        """Square heads, of the person as measured: rows that a style draws lower count as high as they were."""
        counts = np.isin(self.labels, parts).sum(1)
        heights = np.gradient(self.rows) if len(self.rows) > 1 else np.full(1, 1 / self.unit)
        return float(counts @ heights) / self.unit

    def at(self, points: Floats) -> npt.NDArray[np.uint8]:
        """(n,) the parts at places in heads; 0 outside."""
        x, y = np.floor(self.locate(points)).astype(int).T
        height, width = self.labels.shape
        ok = (x >= 0) & (y >= 0) & (x < width) & (y < height)
        return np.where(ok, self.labels[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)], 0).astype(np.uint8)


def map_of_photo(subject: Subject) -> PartMap:
    """The parse."""
    frame = subject.frame
    if frame is None:
        raise ValueError("a subject needs a head")
    rows = np.asarray((np.arange(subject.labels.shape[0]) + 0.5 - frame.chin[1]) / frame.height, np.float64)
    return PartMap(subject.labels, rows, frame.height, lambda p: frame.to_photo(np.asarray(p, np.float32)))


def map_of_drawing(drawing: Drawing) -> PartMap:
    """What the named layers show."""
    height = drawing.labels.shape[0]
    canvas = np.stack([np.zeros(height), (np.arange(height) + 0.5) / drawing.scale], 1)
    rows = drawing.to_heads(canvas)[:, 1]
    return PartMap(
        drawing.labels, rows, drawing.unit * drawing.scale, lambda p: drawing.to_canvas(p) * drawing.scale
    )  # fmt: skip


def hat(seen: PartMap) -> set[str]:
    """ "yes" or "no"."""
    area = seen.area(Part.HAT)
    return {"yes"} if area > _HAT[1] else {"no"} if area < _HAT[0] else {"yes", "no"}


def hair_length(seen: PartMap) -> set[str]:
    """ "none", "short", "medium" or "long": how far below the chin hair hangs."""
    if seen.area(Part.HAIR) < 0.04:
        return {"none"}
    hair = (seen.labels == Part.HAIR).view(np.uint8)
    side = 2 * max(round(_WISP * seen.unit), 1) + 1
    wide = cv2.morphologyEx(hair, cv2.MORPH_OPEN, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side)))
    rows = np.flatnonzero(np.asarray(wide).sum(1) > _RUN * seen.unit)
    if not len(rows):
        return {"none", "short"}
    low = float(seen.rows[rows[-1]])
    names = ("short", "medium", "long")
    return {names[int(np.searchsorted((_CHIN, _SHOULDER), low + by))] for by in (-_NEAR, 0.0, _NEAR)}


def lower_wear(seen: PartMap) -> set[str]:
    """ "trousers", "skirt", "dress", or nothing where too little is seen."""
    areas = {name: seen.area(part) for name, part in _LOWER.items()}
    best = max(areas, key=lambda name: areas[name])
    if areas[best] < _LEAST:
        return set()
    return {name for name, size in areas.items() if size > 0.75 * areas[best]}


def sleeve(seen: PartMap, joints: Points | None, chosen: npt.NDArray[np.bool_] | None = None) -> set[str]:
    """ "none", "short" or "long": what covers the upper and the lower arm.

    Args:
        seen: The person.
        joints: (17, 3) COCO keypoints in heads with scores.
        chosen: Of :func:`arm_places`, those that the photo shows; None takes all.
    """
    places = arm_places(joints)
    if places is None:
        return set()
    points, upper = places
    parts = seen.at(points)
    bare, covered = np.isin(parts, _ARMS), np.isin(parts, (*_TOPS, Part.GLOVE))
    known = (bare | covered) & (True if chosen is None else chosen)
    shares = []
    for where in (upper, ~upper):
        count = int(np.count_nonzero(known & where))
        shares.append(float(bare[known & where].mean()) if count >= 3 else np.nan)
    if np.isnan(shares[1]) or np.isnan(shares[0]):
        return set()
    names = set()
    for edge in (0.35, 0.65):  # between the two, either answer does
        names.add("long" if shares[1] < edge else "none" if shares[0] > edge else "short")
    return names


def arm_places(joints: Points | None) -> tuple[Floats, npt.NDArray[np.bool_]] | None:
    """Places along the arms whose joints are sure, and which of them are on the upper arm."""
    if joints is None:
        return None
    points, upper = [], []
    for shoulder, elbow, wrist in ((5, 7, 9), (6, 8, 10)):
        if joints[[shoulder, elbow, wrist], 2].min() < _SURE:
            continue
        a, b, c = (joints[k, :2].astype(np.float64) for k in (shoulder, elbow, wrist))
        for t in np.linspace(0.45, 0.95, 6):
            points.append(a + t * (b - a))
            upper.append(True)
        for t in np.linspace(0.1, 0.7, 6):
            points.append(b + t * (c - b))
            upper.append(False)
    return (np.array(points), np.array(upper)) if points else None


def joints_in_heads(subject: Subject) -> Points | None:
    """The keypoints of a person, x and y in heads."""
    joints = subject.person.keypoints
    if joints is None or subject.frame is None:
        return None
    out = np.array(joints, np.float32)
    out[:, :2] = subject.frame.to_head(out[:, :2] - (subject.box[1].start, subject.box[0].start))
    return out
