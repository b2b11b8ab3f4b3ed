"""Picture sheets of an evaluation: labelled beside found, for the best, median and worst photos of a set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.draw import draw_contact_sheet
from dressform.parsing.draw_legend import legend_strip
from dressform.parsing.parts import Part

__all__ = ["Case", "pair", "write_sheets"]

Image = npt.NDArray[np.uint8]
CASES = 6
WIDTH = 2200  # px, all columns of a sheet together


@dataclass(frozen=True, eq=False)
class Case:
    """One photo: what orders it among the others, a caption, and a picture, (h, w, 3) uint8 RGB."""

    name: str
    score: float
    caption: str
    picture: Image = field(repr=False)


def pair(left: Image, right: Image, columns: int) -> Image:
    """Two pictures of the same height side by side, no larger than a sheet of so many ``columns`` shows them."""
    both = np.concatenate([left, np.full((len(left), 4, 3), 255, np.uint8), right], 1)
    scale = min(1.0, WIDTH // columns / max(both.shape[:2]))
    return np.asarray(cv2.resize(both, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)


def write_sheets(cases: Sequence[Case], stem: Path, columns: int, *, legend: bool) -> list[Path]:
    """Write ``{stem}-best.jpg``, ``-median.jpg`` and ``-worst.jpg``.

    Args:
        cases: One per photo, any order; a higher score is better.
        stem: Where the sheets go.
        columns: Pictures in a row.
        legend: Name the parts below.
    """
    order = sorted(cases, key=lambda c: (-c.score, c.name))
    middle = max(0, (len(order) - CASES) // 2)
    chosen = {"best": order[:CASES], "median": order[middle : middle + CASES], "worst": order[::-1][:CASES]}
    paths = []
    for which, shown in chosen.items():
        pictures, captions = [c.picture for c in shown], [c.caption for c in shown]
        sheet = draw_contact_sheet(pictures, captions, columns, WIDTH // columns)
        if legend:
            sheet = np.concatenate([sheet, _legend(sheet.shape[1])])
        paths.append(stem.with_name(f"{stem.name}-{which}.jpg"))
        paths[-1].write_bytes(cv2.imencode(".jpg", sheet[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())
    return paths


def _legend(width: int) -> Image:
    """All parts, in letters half as large as a picture of this width would have."""
    strip = legend_strip([part for part in Part if part], max(width // 2, 1))
    wide = np.repeat(strip[:, :1], width, 1)  # paper, and the line that closes it above
    wide[:, : strip.shape[1]] = strip
    return wide
