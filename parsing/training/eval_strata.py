"""Kinds of photos and people for which results are given apart, as far as the pixels tell.

No data set here says who somebody is. What can be told is how light their skin appears, by the individual typology
angle (Chardon et al., "Skin colour typology and suntanning pathways", 1991) of labelled skin, which lamps and shade
shift; how dark the photo is; and whether the face is turned to the camera.
"""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.training.eval_report import Table
from dressform.parsing.training.measures import ious, mean

__all__ = ["Strata", "skin_angle", "strata"]

MIN_SKIN = 200  # px
DARK, BRIGHT = 30.0, 60.0  # of the photo's median L*


def skin_angle(image: npt.NDArray[np.uint8], skin: npt.NDArray[np.bool_]) -> float:
    """Individual typology angle in degrees, of the median skin pixel; smaller is darker. NaN: too little skin.

    Args:
        image: (H, W, 3) uint8 sRGB.
        skin: (H, W) bool.
    """
    if skin.sum() < MIN_SKIN:
        return float("nan")
    lab = cv2.cvtColor(image[skin][None].astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[0]
    lightness, _, yellow = np.median(lab, 0)
    return float(np.degrees(np.arctan2(lightness - 50, max(yellow, 1e-3))))


def strata(image: npt.NDArray[np.uint8], skin: npt.NDArray[np.bool_], *, facing: bool | None) -> tuple[str, ...]:
    """The kinds that a photo belongs to; ``facing`` is whether a face is to be seen, None if nobody looked."""
    angle = skin_angle(image, skin)
    names = []
    if not np.isnan(angle):
        tone = "light (over 41°)" if angle > 41 else "medium (10° to 41°)" if angle > 10 else "dark (under 10°)"
        names.append(f"skin appears {tone}")
    light = float(np.median(cv2.cvtColor(image.astype(np.float32) / 255, cv2.COLOR_RGB2LAB)[:, :, 0]))
    names.append(f"{'dark' if light < DARK else 'bright' if light > BRIGHT else 'medium'} photo")
    if facing is not None:
        names.append("face seen" if facing else "no face seen")
    return tuple(names)


class Strata:
    """Counts of each kind of photo."""

    def __init__(self) -> None:
        self.counts: dict[str, npt.NDArray[np.int64]] = {}
        self.overlaps: dict[str, list[float]] = {}

    def add(self, names: tuple[str, ...], counts: npt.NDArray[np.int64], overlap: float) -> None:
        """Count one photo: its confusion of groups and the IoU of its silhouette."""
        for name in names:
            self.counts[name] = self.counts.get(name, 0) + counts
            self.overlaps.setdefault(name, []).append(overlap)

    def table(self) -> Table:
        """One row per kind: photos, mean IoU of the groups it shows, mean silhouette IoU."""
        rows = tuple(
            (name, len(self.overlaps[name]), mean(ious(self.counts[name])), mean(self.overlaps[name]))
            for name in sorted(self.counts)
        )
        return Table("By kind of photo", ("kind", "photos", "mIoU of groups", "silhouette IoU"), rows)
