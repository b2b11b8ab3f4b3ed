"""What the photo hides of a head and of shoulders: cut off by its border or covered by other people.

A drawn bust that ends where the photo did would look broken, so hidden places of a plain template of head and
shoulders get the part that is seen nearest to them. What the photo shows is never changed.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.draw.strokes import smooth_closed
from dressform.avatar.face import HeadFrame
from dressform.avatar.paths import Path
from dressform.avatar.tidy import nearest_labels
from dressform.parsing import Part

__all__ = ["complete_labels", "head_template", "shoulder_template"]

Labels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
_TORSO = (Part.UPPER_CLOTHES, Part.DRESS, Part.COAT)
_HEAD = (Part.HAIR, Part.HAT, Part.FACE)
_SHOULDERS = 0.92  # half the width of shoulders, in heads
_LITTLE = 0.35  # square heads
_CLEFT = 0.14  # heads; half the width of gaps that are closed
_FEW = 0.02  # square heads of a part that must be seen before it is continued


def shoulder_template(centre: float = 0.0, half_width: float = _SHOULDERS, bottom: float = 1.9) -> Path:
    """Neck and shoulders below a chin, in heads."""
    w = half_width / _SHOULDERS
    side = [(0.2, 0.05), (0.22, 0.2), (0.4 * w, 0.3), (0.7 * w, 0.4), (0.88 * w, 0.6), (0.95 * w, 0.95), (w, bottom)]
    right = [(centre + x, y) for x, y in side]
    left = [(centre - x, y) for x, y in reversed(side)]
    return Path((smooth_closed(right + left),))


def head_template(middle: float, half_width: float, crown: float = -1.02) -> Path:
    """The head with close hair above the eyes, in heads; ``crown`` is the height of its top."""
    w = half_width + 0.06
    points = [(-w, -0.45), (-w * 1.02, -0.65), (-w * 0.75, crown + 0.12), (0, crown - 0.02)]
    points += [(-x, y) for x, y in points[-2::-1]]
    return Path((smooth_closed([(middle + x, y) for x, y in points]),))


def complete_labels(labels: Labels, hidden: Mask, frame: HeadFrame, shoulders: tuple[float, float] | None) -> Labels:
    """Labels with hidden places of head and shoulders filled in.

    Args:
        labels: (h, w) uint8, one person's parts.
        hidden: (h, w) bool: other people, and what lies beyond the photo.
        frame: Of the head.
        shoulders: Middle and half width of the shoulders in heads, or None where they were not found.
    """
    out = labels.copy()
    face = np.flatnonzero((labels == Part.FACE).any(0))
    if len(face) > 2:
        ends = (face[[0, -1]] - frame.chin[0]) / frame.height
        middle, half = float(ends.mean()), float(np.clip((ends[1] - ends[0]) / 2, 0.28, 0.42))
        _fill(out, labels, hidden & _drawn(head_template(middle, half), frame, labels.shape), _HEAD, frame)
    middle, half = shoulders or (0.0, _SHOULDERS)
    torso = hidden & _drawn(shoulder_template(middle, half), frame, labels.shape)
    y = (np.arange(labels.shape[0])[:, None] - frame.chin[1]) / frame.height
    x = (np.arange(labels.shape[1])[None] - frame.chin[0]) / frame.height - middle
    neck = (y < 0.36 - 0.6 * np.abs(x)) & (np.abs(x) < 0.3)
    if not _fill(out, labels, torso & ~neck, _TORSO, frame):
        out[torso & ~neck] = Part.UPPER_CLOTHES
    out[torso & neck] = Part.TORSO_SKIN
    _close_gaps(out, hidden, frame, (middle, half))
    return out


def _close_gaps(out: Labels, hidden: Mask, frame: HeadFrame, shoulders: tuple[float, float]) -> None:
    """Fill clefts of the bust, where the parser saw nobody between hair, collar and shoulder."""
    inside = _drawn(shoulder_template(*shoulders), frame, out.shape)
    own = out > 0
    radius = max(int(_CLEFT * frame.height), 1)
    shape = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    border = radius + 1
    wide = cv2.copyMakeBorder(own.view(np.uint8), border, border, border, border, cv2.BORDER_REPLICATE)
    closed = np.asarray(cv2.morphologyEx(wide, cv2.MORPH_CLOSE, shape))[border:-border, border:-border].astype(bool)
    middle, half = shoulders
    core = _drawn(shoulder_template(middle, 0.7 * half), frame, out.shape)
    core[: int(np.clip(frame.to_photo(np.array([[0.0, 0.4]]))[0][1], 0, len(core)))] = False
    cleft = ((inside & closed) | core) & ~own
    if cleft.any() and own.any():
        known = own & (out != Part.HAIR)  # hair hangs where it was seen; what is beside it is the garment
        if known.any():
            out[cleft] = nearest_labels(out, known)[cleft]


def _drawn(path: Path, frame: HeadFrame, shape: tuple[int, ...]) -> Mask:
    points = np.round(frame.to_photo(path.curves[0].flatten(0.01))).astype(np.int32)
    out = np.zeros(shape, np.uint8)
    cv2.fillPoly(out, [points], 1)
    return out.astype(bool)


def _fill(out: Labels, labels: Labels, where: Mask, parts: tuple[Part, ...], frame: HeadFrame) -> bool:
    """Give places the nearest of some parts of which enough is seen; says whether there was one."""
    counts = np.bincount(labels.ravel(), minlength=len(Part))
    seen = [part for part in parts if counts[part] >= _FEW * frame.height**2]
    if not seen:
        return False
    areas = sorted((int(counts[part]), part) for part in seen)
    if sum(area for area, _ in areas) < _LITTLE * frame.height**2:
        seen = [areas[-1][1]]  # of a strip of collar, the largest piece goes on alone

    if not where.any():
        return True
    out[where] = nearest_labels(labels, np.isin(labels, seen))[where]
    return True
