"""Outlines and number badges of people, readable on any ground: light lines in a dark casing."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.draw_text import draw_text
from dressform.parsing.parts import REGIONS
from dressform.parsing.result import Parse, part_table
from dressform.parsing.scores import Window
from dressform.parsing.windows import own_labels

__all__ = ["draw_badges", "draw_outlines", "person_color"]

Image = npt.NDArray[np.uint8]
Color = tuple[int, int, int]

_CASING = (22, 24, 30)
_COLORS: tuple[Color, ...] = (
    (255, 255, 255), (255, 222, 66), (110, 231, 255), (255, 150, 214), (176, 255, 112), (255, 176, 92),
    (200, 182, 255), (112, 255, 204),
)  # fmt: skip
_SUBPIXEL = 4  # bits of fraction in coordinates handed to OpenCV


def person_color(index: int) -> Color:
    """Line colour of person ``index`` (1-based), light sRGB; repeats after eight."""
    return _COLORS[(index - 1) % len(_COLORS)]


def draw_outlines(picture: Image, parse: Parse, windows: Sequence[Window | None]) -> None:
    """Draw a line around every person's pixels into ``picture``, (H, W, 3) uint8 RGB."""
    thick = _line_width(picture)
    casing = thick + max(1, round(thick * 0.8)) if min(picture.shape[:2]) >= 160 else 0
    lines = []
    for index, window in enumerate(windows, 1):
        if window is not None:
            own = own_labels(parse, index, window)
            lines.append((_smooth_lines(own, window, thick), person_color(index)))
    # All casings first, so that none darkens a neighbour's line.
    for line, _ in lines if casing else ():
        cv2.polylines(picture, line, True, _CASING, casing, cv2.LINE_AA, _SUBPIXEL)
    for line, color in lines:
        cv2.polylines(picture, line, True, color, thick, cv2.LINE_AA, _SUBPIXEL)


def _line_width(picture: Image) -> int:
    return max(1, round(float(np.sqrt(picture.shape[0] * picture.shape[1])) / 700))


def _smooth_lines(own: Image, window: Window, thick: int) -> list[npt.NDArray[np.int32]]:
    """Outlines rounded off over a few pixels, which takes the stairs out of them; specks are left out."""
    mask = np.pad((own > 0).view(np.uint8), 1)
    radius = 2 * thick + 1
    kernel = np.hanning(2 * radius + 3)[1:-1]
    kernel /= kernel.sum()
    found = []
    for ring in cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)[0]:
        if len(ring) < 12 * thick + 8:
            continue
        points = np.pad(ring[:, 0].astype(np.float64), ((radius, radius), (0, 0)), "wrap")
        smooth = np.stack([np.convolve(points[:, k], kernel, "valid") for k in (0, 1)], axis=1)
        smooth += np.array(window[:2]) - 1
        found.append(np.round(smooth[:: max(1, thick // 2)] * (1 << _SUBPIXEL)).astype(np.int32))
    return found


def draw_badges(picture: Image, parse: Parse, windows: Sequence[Window | None]) -> None:
    """Draw each person's number above their head; nothing for a single person or on a tiny picture."""
    h, w = picture.shape[:2]
    if len(parse) < 2 or min(h, w) < 96:
        return
    largest = max(6.0, float(np.sqrt(h * w)) * 0.022)
    placed: list[tuple[float, float, float]] = []
    for index, window in enumerate(windows, 1):
        if window is None:
            continue
        radius = min(largest, max(6.0, largest * 0.55, (window[2] - window[0]) * 0.16))
        x, y = _head_top(own_labels(parse, index, window), window)
        place = _free_place(x, y - radius * 0.5, radius, placed, w, h)
        placed.append((*place, radius))
        _badge(picture, place, radius, index)


def _head_top(own: Image, window: Window) -> tuple[float, float]:
    """Middle of the head, and its upper end; of the whole person where no head is to be seen."""
    head = part_table(REGIONS["head"])[own]
    shown = head if head.any() else own > 0
    columns, rows = np.flatnonzero(shown.any(axis=0)), np.flatnonzero(shown.any(axis=1))
    return window[0] + (float(columns[0]) + float(columns[-1])) / 2, window[1] + float(rows[0])


def _free_place(
    x: float, y: float, radius: float, placed: Sequence[tuple[float, float, float]], w: int, h: int
) -> tuple[float, float]:
    """The place itself, or one beside it, inside the photo and off the other badges."""
    for step in range(9):
        for side in (1, -1):
            near = min(max(x + side * step * radius, radius + 1), w - radius - 1)
            level = min(max(y, radius + 1), h - radius - 1)
            if all(np.hypot(near - px, level - py) > 1.1 * (radius + pr) for px, py, pr in placed):
                return near, level
    return min(max(x, radius + 1), w - radius - 1), min(max(y, radius + 1), h - radius - 1)


def _badge(picture: Image, place: tuple[float, float], radius: float, index: int) -> None:
    unit = 1 << _SUBPIXEL
    center = (round(place[0] * unit), round(place[1] * unit))
    rim = max(1.0, radius * 0.12)
    cv2.circle(picture, center, round(radius * unit), _CASING, -1, cv2.LINE_AA, _SUBPIXEL)
    cv2.circle(picture, center, round((radius - rim) * unit), person_color(index), -1, cv2.LINE_AA, _SUBPIXEL)
    size = radius * (1.3, 1.1, 0.85)[min(len(str(index)), 3) - 1]
    draw_text(picture, str(index), (place[0] + 0.5, place[1] + 0.5), round(size), _CASING, "mm")
