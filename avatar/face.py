"""The features of a face in head units, from landmarks or, where there are none, by rules of proportion.

Rules: eyes half-way up the head, a face five eyes wide, the nose half-way from eyes to chin less a tenth, the mouth a
third of the way from nose to chin (Loomis, "Drawing the head and hands", 1956).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from dressform.avatar.pose import Point
from dressform.avatar.spec import Eye, Face, Mouth

__all__ = ["HeadFrame", "face_by_rule", "face_from_landmarks", "frame_from_landmarks", "frame_from_mask"]

Floats = npt.NDArray[np.floating]
RIGHT_EYE, LEFT_EYE = slice(36, 42), slice(42, 48)
CHIN, NOSE_ROOT, NOSE_TIP, NOSE_RIGHT, NOSE_LEFT = 8, 27, 30, 31, 35
MIN_HEAD = 8.0  # px
_SURE = 0.35  # score of a joint that is believed
_FAR = 1.5  # distances of the eyes from where the skin says, beyond which joints are not believed
_DEPTH = 1.8  # from the eyes to the chin, in distances between the eyes
_LEAST_EYE = 0.02  # heads
EYES_UP = 0.5
"""Height of the eyes above the chin, in heads: what defines a head's length."""


@dataclass(frozen=True)
class HeadFrame:
    """Where a head is: photo pixels to head units.

    Attributes:
        chin: x, y in photo pixels; the origin.
        height: Pixels of one head, the unit.
    """

    chin: Point
    height: float

    def to_head(self, points: Floats) -> npt.NDArray[np.float64]:
        """(n, 2) photo pixels as head units."""
        return (np.asarray(points, np.float64) - self.chin) / self.height

    def to_photo(self, points: Floats) -> npt.NDArray[np.float64]:
        """(n, 2) head units as photo pixels."""
        return np.asarray(points, np.float64) * self.height + self.chin


def frame_from_landmarks(points: Floats) -> HeadFrame:
    """The head of (70, 2) landmarks; a face seen from above or below keeps at least 1.5 eye distances."""
    eyes = (points[RIGHT_EYE].mean(0) + points[LEFT_EYE].mean(0)) / 2
    apart = float(np.linalg.norm(points[RIGHT_EYE].mean(0) - points[LEFT_EYE].mean(0)))
    down = max(float(np.linalg.norm(points[CHIN] - eyes)), 1.5 * apart, MIN_HEAD / 2)
    return HeadFrame((float(points[CHIN][0]), float(points[CHIN][1])), down / EYES_UP)


def frame_from_mask(head: npt.NDArray[np.bool_], skin: npt.NDArray[np.bool_]) -> HeadFrame | None:
    """The head of a (H, W) mask of hair, hat and face, its chin the lowest of ``skin``, or None.

    Without a face, the chin is a tenth above the lowest of the head: hair hangs over it from behind.
    """
    rows = np.flatnonzero(head.any(1))
    if len(rows) < MIN_HEAD:
        return None
    top, bottom = float(rows[0]), float(rows[-1] + 1)
    seen = np.flatnonzero(skin.any(1))
    chin = float(seen[-1] + 1) if len(seen) else bottom - 0.1 * (bottom - top)
    columns = np.flatnonzero((skin if len(seen) else head).any(0))
    width = float(columns[-1] + 1 - columns[0])
    # Long hair makes a head mask far higher than a head; the width of a face tells better.
    height = float(np.clip(chin - top, 1.15 * width, 1.6 * width)) if len(seen) else min(chin - top, 1.6 * width)
    return HeadFrame(((columns[0] + columns[-1] + 1) / 2, chin), max(height, MIN_HEAD))


def face_from_landmarks(points: Floats, frame: HeadFrame) -> Face:
    """The features of (70, 2) landmarks: iBUG's 68 points and the right and the left pupil, photo pixels."""
    p = frame.to_head(points)
    right, left = p[RIGHT_EYE].mean(0), p[LEFT_EYE].mean(0)
    across = left - right
    apart = float(np.hypot(*across))
    along = across / max(apart, 1e-6)
    aside = float((p[NOSE_TIP] - (right + left) / 2) @ along)
    eyes = (
        _eye(p[RIGHT_EYE], p[68], p[17:22][::-1]),
        _eye(p[LEFT_EYE], p[69], p[22:27]),
    )
    mouth = Mouth(*(_point(p[k]) for k in (54, 48, 51, 57, 62, 66)))
    nose = tuple(_point(p[k]) for k in (NOSE_ROOT, NOSE_TIP, NOSE_RIGHT, NOSE_LEFT))
    return Face(
        source="landmarks",
        confidence=1.0,
        tilt=float(np.degrees(np.arctan2(across[1], across[0]))),
        yaw=float(np.clip(aside / (0.6 * max(apart, 1e-6)), -1, 1)),
        jaw=tuple(_point(q) for q in p[:17]),
        skull=(),
        eyes=eyes,
        nose=nose,
        mouth=mouth,
    )


def _eye(rim: npt.NDArray[np.float64], pupil: npt.NDArray[np.float64], brow: npt.NDArray[np.float64]) -> Eye:
    """One eye of six points round its opening; ``brow`` from the inner to the outer end."""
    corners = rim[3] - rim[0]
    width = max(float(np.hypot(*corners)), _LEAST_EYE)
    along = corners / max(width, 1e-6)
    down = np.array([-along[1], along[0]])
    centre = rim.mean(0)
    height = float(((rim[5] - rim[1]) @ down + (rim[4] - rim[2]) @ down) / 2)
    gaze = np.array([(pupil - centre) @ along / max(width / 2, 1e-6), (pupil - centre) @ down / max(width / 4, 1e-6)])
    gaze = np.clip(gaze, -1, 1)
    return Eye(
        centre=_point(centre),
        width=width,
        openness=float(np.clip(height / max(width, 1e-6), 0, 1)),
        gaze=_point(gaze),
        brow=tuple(_point(q) for q in brow),
    )


def face_by_rule(frame: HeadFrame, face: npt.NDArray[np.bool_], keypoints: Floats | None = None) -> Face:
    """Features where they usually are; confidence is that of a guess.

    Args:
        frame: Of the head.
        face: (H, W) bool, its skin.
        keypoints: (17, 3) COCO joints as x, y in pixels of ``face`` and score; eyes and nose tell the place, the size
            and the turn of the face, where they were found on it. Without them the outline of the skin does.
    """
    if np.count_nonzero(face.any(1)) < MIN_HEAD / 2:
        return Face()
    ys, xs = np.nonzero(face)
    ends = [[np.quantile(xs, share), np.quantile(ys, share)] for share in (0.02, 0.98)]
    low, high = frame.to_head(np.array(ends))
    width, height = high - low
    # Medians over 169 faces: the skin of a face is 2.25 distances of the eyes wide and 2.7 high, the eyes a third down.
    apart = float(np.clip(0.5 * width / 2.25 + 0.5 * height / 2.7, 0.12, 0.45))
    middle, across = np.array([(low[0] + high[0]) / 2, low[1] + 0.34 * height]), np.array([1.0, 0.0])
    placed = _joints(frame, face, keypoints)
    if placed is not None and float(np.hypot(*(placed[0] - middle))) < _FAR * apart:
        middle, across, apart = placed[0], placed[1], 0.6 * placed[2] + 0.4 * apart
    else:
        placed = None
    width = float(np.clip(width, 2.0 * apart, 2.8 * apart))
    down = np.array([-across[1], across[0]])

    def at(x: float, y: float) -> Point:
        return _point(middle + x * across + y * down)

    eye, deep = apart / 2, _DEPTH * apart
    eyes = tuple(
        Eye(
            centre=at(side * eye, 0.0),
            width=eye,
            openness=0.35,
            gaze=(0.0, 0.0),
            brow=tuple(at(side * eye * k, -0.5 * eye - 0.1 * eye * bend) for k, bend in _BROW),
        )
        for side in (-1, 1)
    )
    nose_y, mouth_y = 0.55 * apart, 0.99 * apart
    nose = (at(0, 0), at(0, nose_y - 0.1 * apart), at(-0.35 * eye, nose_y), at(0.35 * eye, nose_y))
    aside = 0.0
    if placed is not None:  # the mouth goes with the nose when a head turns
        tip = placed[3] - middle
        aside = 0.5 * float(tip @ across)
        mouth_y = 0.5 * mouth_y + 0.5 * (float(tip @ down) + 0.5 * apart)
    mouth = Mouth(
        left=at(aside + 0.75 * eye, mouth_y),
        right=at(aside - 0.75 * eye, mouth_y),
        upper=at(aside, mouth_y - 0.16 * eye),
        lower=at(aside, mouth_y + 0.26 * eye),
        inner_upper=at(aside, mouth_y),
        inner_lower=at(aside, mouth_y),
    )
    angles = np.linspace(np.pi, 0, 17)
    jaw = tuple(at(width / 2 * float(np.cos(a)), deep * float(np.sin(a))) for a in angles)
    tilt = float(np.degrees(np.arctan2(across[1], across[0])))
    return Face("rule", 0.3 if placed is None else 0.6, tilt, 0.0, jaw, (), eyes, nose, mouth)


def _joints(
    frame: HeadFrame, face: npt.NDArray[np.bool_], keypoints: Floats | None
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], float, npt.NDArray[np.float64]] | None:
    """From the joints: middle of the eyes, direction from the right to the left one, their distance, and the nose."""
    if keypoints is None or keypoints[:3, 2].min() < _SURE:
        return None
    x, y = np.round(keypoints[:3, :2]).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < face.shape[1]) & (y < face.shape[0])
    if not inside.all() or np.count_nonzero(face[y, x]) < 2:
        return None
    nose, left, right = frame.to_head(keypoints[:3, :2])
    middle, gap = (left + right) / 2, left - right
    apart = float(np.hypot(*gap))
    if gap[0] < 0.4 * apart:  # seen from behind or upside down
        return None
    depth = float(np.hypot(*(nose - middle)))
    unit = float(np.clip(max(apart / 1.08, 1.2 * depth), 0.12, 0.45))
    return middle, gap / max(apart, 1e-6), unit, nose


_BROW = ((0.4, 0.0), (0.75, 0.6), (1.1, 1.0), (1.45, 0.8), (1.75, 0.0))
"""Points of an eyebrow: distance from the middle of the face in eyes, and how much they rise."""


def _point(p: npt.NDArray[np.float64]) -> Point:
    return float(p[0]), float(p[1])
