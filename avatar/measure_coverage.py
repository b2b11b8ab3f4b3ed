"""Soft coverage of each part, with what is no hair taken off it: features, beard, shadows, other people's locks."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.color import difference, srgb_to_oklab
from dressform.avatar.measure_attributes import vertical_extent
from dressform.avatar.measure_details import lower_face
from dressform.avatar.palette import region_palette
from dressform.avatar.scene import Color
from dressform.avatar.spec import Face
from dressform.avatar.view import PersonView
from dressform.parsing import Part

__all__ = ["measured_coverages", "shaved"]

Mask = npt.NDArray[np.bool_]
SHAVED = 0.34  # square heads that a scalp takes up at the most
LOCK = 0.05  # square heads of a thin tail from which it is a lock
BRIDGE = 0.03  # heads; half the width of what ties a tuft to the hair without being hair
TUFT = 0.25  # share of the hair below which a piece apart from it is not the person's
SCALP = 12.5  # ΔE00 between hair and skin below which there is no hair
WISP = 0.06  # heads; half the width of tails of hair that are not drawn


def measured_coverages(view: PersonView, face: Face) -> Mapping[Part, npt.NDArray[np.float32]]:
    """Soft coverage of each part that is seen; what lies on eyes, nose and beard is no hair."""
    out = {part: view.coverage((part,)) for part in view.parts}
    if Part.HAIR in out and face.eyes:
        bare = lower_face(view, face)
        hull = cv2.convexHull(np.round(view.frame.to_photo(_features(face))).astype(np.int32))
        spot = np.zeros(bare.shape, np.uint8)
        cv2.fillConvexPoly(spot, hull, 1)
        bare |= spot > 0
        bare |= _wisps(view, out[Part.HAIR])
        soft = cv2.GaussianBlur(bare.astype(np.float32), (0, 0), 1.5)
        out[Part.HAIR] = np.asarray(out[Part.HAIR] * (1 - soft), np.float32)
    return out


def shaved(view: PersonView, cover: npt.NDArray[np.float32], skin: Color | None) -> bool:
    """Whether what was called hair is a bare scalp: of the skin's colour, no lighter, and short."""
    mask = (cover >= 0.5) & view.seen
    if skin is None or np.count_nonzero(mask) < 0.02 * view.frame.height**2 or vertical_extent(view, mask)[1] > -0.2:
        return False
    if np.count_nonzero(mask) > SHAVED * view.frame.height**2:  # it stands off the skull
        return False
    hair = region_palette(view.image, mask, k=1).base
    # Dark hair on dark skin differs by little, too.
    least = SCALP * float(np.clip(srgb_to_oklab(np.array(skin))[0] / 0.6, 0.4, 1.0))
    return float(difference(np.array(hair), np.array(skin))) < least and sum(hair) <= sum(skin) + 30


def _wisps(view: PersonView, cover: npt.NDArray[np.float32]) -> Mask:
    """Thin tails of hair below the eyes and tufts apart from it: shadows and other people's hair beside the neck."""
    hair = (cover >= 0.5).view(np.uint8)
    unit = view.frame.height**2
    thick = np.asarray(cv2.dilate(_opened(hair, WISP * view.frame.height), np.ones((3, 3), np.uint8)))
    low = np.zeros(hair.shape, bool)
    low[int(np.clip(view.frame.chin[1] - 0.42 * view.frame.height, 0, len(low))) :] = True
    tails = (hair > 0) & (thick == 0) & low
    _, pieces, stats, _ = cv2.connectedComponentsWithStats(tails.view(np.uint8), connectivity=4)
    tails &= (stats[:, cv2.CC_STAT_AREA] < LOCK * unit)[pieces]  # more than that is a lock
    count, pieces, stats, middles = cv2.connectedComponentsWithStats(
        _opened(hair, BRIDGE * view.frame.height), connectivity=4
    )
    if count > 2:
        least = max(TUFT * float(stats[1:, cv2.CC_STAT_AREA].max()), 0.4 * TUFT * unit)
        small = stats[:, cv2.CC_STAT_AREA] < least
        small &= middles[:, 1] > view.frame.chin[1] - 0.45 * view.frame.height
        small[0] = False
        apart = np.asarray(cv2.dilate(small[pieces].view(np.uint8), np.ones((5, 5), np.uint8))).astype(bool)
        tails |= apart & (hair > 0)
    return np.asarray(tails, np.bool_)


def _opened(mask: npt.NDArray[np.uint8], radius: float) -> npt.NDArray[np.uint8]:
    """A mask without what is thinner than twice a radius, in pixels."""
    size = 2 * max(round(radius), 1) + 1
    shape = np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size)), np.uint8)
    return np.asarray(cv2.morphologyEx(mask, cv2.MORPH_OPEN, shape), np.uint8)


def _features(face: Face) -> npt.NDArray[np.float64]:
    """Corners of what eyes, nose and mouth take up, in heads."""
    points = [*face.nose]
    for eye in face.eyes:
        x, y = eye.centre
        w, h = eye.width * 0.55, eye.width * 0.35
        points += [(x - w, y - h), (x + w, y - h), (x - w, y + h), (x + w, y + h)]
    if face.mouth is not None:
        points += [face.mouth.left, face.mouth.right, face.mouth.lower]
    return np.array(points, np.float64)
