"""Joints that can be believed: COCO keypoints checked against the shape of the person they belong to.

Keypoints may be missing, far from the body, or of somebody beside; everything built on them asks here first.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import Part, Person
from dressform.parsing.scores import Window
from dressform.tryon.shape.labels import small_labels

__all__ = ["ARMS", "LEGS", "Joints", "Waist", "bone_distances", "find_joints", "find_waist"]

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]

ARMS = {"L": (5, 7, 9), "R": (6, 8, 10)}
"""Shoulder, elbow and wrist among the 17 keypoints, for the subject's own left and right."""
LEGS = {"L": (11, 13, 15), "R": (12, 14, 16)}
"""Hip, knee and ankle."""

_LEAST = 0.3  # score of a keypoint that counts
_INSIDE = 0.7  # share of a bone that lies on the person
_SIDE = 256  # px; bones are checked on a picture of the person no larger
_WAIST = 0.74  # of the way from the shoulders to the hips: where trousers and skirts begin


@dataclass(frozen=True, eq=False)
class Joints:
    """Keypoints that can be believed.

    Attributes:
        points: (17, 2) float32 x, y in pixels of the photo; the middle of pixel (i, j) is (j + 0.5, i + 0.5).
        seen: (17,) bool, those that count; others hold no meaning.
    """

    points: Floats
    seen: npt.NDArray[np.bool_]

    def chain(self, joints: tuple[int, ...]) -> Floats | None:
        """(k, 2) the first joints of a limb, as far as they are seen without a gap; None: fewer than two."""
        count = 0
        while count < len(joints) and self.seen[joints[count]]:
            count += 1
        return self.points[list(joints[:count])] if count > 1 else None

    def middle(self, left: int, right: int) -> Floats | None:
        """(2,) the middle of a pair of joints, or the one that is seen, or None."""
        both = [k for k in (left, right) if self.seen[k]]
        return np.asarray(self.points[both].mean(0), np.float32) if both else None

    @property
    def shoulder_width(self) -> float:
        """Distance between the shoulder joints in pixels; 0 if not both are seen."""
        return float(np.linalg.norm(self.points[5] - self.points[6])) if self.seen[[5, 6]].all() else 0.0

    @property
    def torso_length(self) -> float:
        """From the middle of the shoulders to the middle of the hips in pixels; 0 if one of them is not seen."""
        neck, pelvis = self.middle(5, 6), self.middle(11, 12)
        return 0.0 if neck is None or pelvis is None else float(np.linalg.norm(neck - pelvis))

    @property
    def down(self) -> Floats:
        """(2,) unit vector from the neck to the pelvis; square to the shoulders or straight down without hips."""
        neck, pelvis = self.middle(5, 6), self.middle(11, 12)
        if neck is not None and pelvis is not None and self.torso_length > 1:
            return np.asarray((pelvis - neck) / self.torso_length, np.float32)
        if self.shoulder_width > 1:
            across = self.points[5] - self.points[6]
            square = np.array([-across[1], across[0]]) / np.linalg.norm(across)
            # The way down is the one towards the bottom of the photo: heads hang rarely.
            return np.asarray(square if square[1] >= 0 else -square, np.float32)
        return np.array([0, 1], np.float32)

    @property
    def head_down(self) -> Floats:
        """(2,) unit vector from the crown to the chin, square to the line of the eyes; without eyes :attr:`down`."""
        down, across = self.down, self.points[1] - self.points[2]
        apart = float(np.linalg.norm(across))
        if not self.seen[[1, 2]].all() or apart < 2:
            return down
        square = np.array([-across[1], across[0]], np.float32) / np.float32(apart)
        return square if float(square @ down) >= 0 else -square


@dataclass(frozen=True)
class Waist:
    """The line across the body at the waist.

    Attributes:
        at: x, y of a point on it, in pixels of the photo.
        down: Unit vector x, y square to it, towards the legs.
    """

    at: tuple[float, float]
    down: tuple[float, float]

    def below(self, window: Window) -> Mask:
        """(y1 - y0, x1 - x0) bool: pixels on the legs' side."""
        x0, y0, x1, y1 = window
        x = (np.arange(x0, x1, dtype=np.float32) + 0.5 - self.at[0]) * self.down[0]
        y = (np.arange(y0, y1, dtype=np.float32) + 0.5 - self.at[1]) * self.down[1]
        return np.asarray(y[:, None] + x[None, :] > 0)


def find_joints(person: Person) -> Joints | None:
    """Keypoints of a person that their shape does not contradict; None if nothing useful is left."""
    keypoints, window = person.keypoints, person.extent
    if keypoints is None or window is None:
        return None
    points = np.asarray(keypoints[:, :2], np.float32)
    seen = (keypoints[:, 2] >= _LEAST) & np.isfinite(points).all(1)
    x0, y0, x1, y1 = window
    side = max(x1 - x0, y1 - y0)
    scale = min(1.0, _SIDE / side)
    size = (max(round((x1 - x0) * scale), 1), max(round((y1 - y0) * scale), 1))
    body = np.minimum(small_labels(person, window, size), 1)
    reach = max(3, round(0.03 * max(size)))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    body = np.asarray(cv2.dilate(body, disc), np.uint8)
    at = np.floor((points - (x0, y0)) * scale)
    inside = (at >= -reach).all(1) & (at < np.array(size) + reach).all(1)
    at = np.clip(np.nan_to_num(at), 0, np.array(size) - 1).astype(np.int64)
    seen &= inside & (body[at[:, 1], at[:, 0]] > 0)
    for limb in (*ARMS.values(), *LEGS.values()):
        _check_limb(at, seen, limb, body)
    _check_pair(points, seen, LEGS["L"], LEGS["R"])
    return Joints(points, seen) if seen[5:].any() else None


def _check_limb(at: npt.NDArray[np.int64], seen: npt.NDArray[np.bool_], limb: tuple[int, ...], body: Bytes) -> None:
    """Forget the end of every bone that does not run over the person."""
    for upper, lower in pairwise(limb):
        seen[lower] &= seen[upper]
        if seen[lower]:
            steps = np.linspace(0, 1, 24)[:, None]
            x, y = np.round(at[upper] * (1 - steps) + at[lower] * steps).astype(np.int64).T
            seen[lower] = float((body[y, x] > 0).mean()) >= _INSIDE


def _check_pair(points: Floats, seen: npt.NDArray[np.bool_], left: tuple[int, ...], right: tuple[int, ...]) -> None:
    """Two legs in one place are one leg: forget the ends of the second from where they meet."""
    for k in (1, 2):
        a, b = left[k], right[k]
        if seen[a] and seen[b] and seen[left[0]]:
            length = float(np.linalg.norm(points[a] - points[left[k - 1]]))
            if float(np.linalg.norm(points[a] - points[b])) < 0.04 * length:
                seen[list(right[k:])] = False


def find_waist(person: Person, joints: Joints | None) -> Waist | None:
    """Where the body's waist runs, from shoulders and hips, else from the narrowest place of a dress; None: unknown."""
    if joints is not None and joints.torso_length > 8:
        neck, pelvis = joints.middle(5, 6), joints.middle(11, 12)
        assert neck is not None and pelvis is not None
        at = neck + np.float32(_WAIST) * (pelvis - neck)
        return Waist((float(at[0]), float(at[1])), (float(joints.down[0]), float(joints.down[1])))
    window = person.extent
    if window is None:
        return None
    widths = np.count_nonzero(person.own(window, (Part.DRESS, Part.COAT, Part.UPPER_CLOTHES)), axis=1)
    rows = np.flatnonzero(widths)
    if len(rows) < 12:
        return None
    top, height = int(rows[0]), int(rows[-1] - rows[0])
    low, high = top + int(0.25 * height), top + int(0.55 * height)
    narrow = low + int(np.argmin(np.where(widths[low:high] > 0, widths[low:high], widths.max() + 1)))
    return Waist((0.0, float(window[1] + narrow)), (0.0, 1.0))


def bone_distances(grid: npt.NDArray[np.floating[Any]], bones: Floats) -> Floats:
    """(h, w) float32 distances of points (h, w, 2) to a chain of bones (k, 2)."""
    out = np.full(grid.shape[:2], np.inf, np.float32)
    for a, b in pairwise(bones):
        d = b - a
        t = np.clip(((grid - a) @ d) / max(float(d @ d), 1e-6), 0, 1)
        out = np.minimum(out, np.hypot(grid[..., 0] - a[0] - t * d[0], grid[..., 1] - a[1] - t * d[1]))
    return np.asarray(out, np.float32)
