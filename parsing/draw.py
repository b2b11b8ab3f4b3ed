"""Pictures of results for people: parts over the photo, outlines, numbers, a legend; and sheets of pictures."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.draw_legend import INK, PAPER, legend_strip, note_strip
from dressform.parsing.draw_people import draw_badges, draw_outlines
from dressform.parsing.draw_text import draw_text, fit_text
from dressform.parsing.errors import OptionError
from dressform.parsing.formats.photo import need_image
from dressform.parsing.parts import Part
from dressform.parsing.result import Parse
from dressform.parsing.scores import Window
from dressform.parsing.windows import parts_in

__all__ = ["draw_contact_sheet", "draw_overlay"]

Image = npt.NDArray[np.uint8]

_BAND = 1 << 20  # pixels worked on at a time, so that they stay in the cache


def draw_overlay(
    parse: Parse, image: Image | None = None, *, opacity: float = 0.55, legend: bool = True, outlines: bool = True
) -> Image:
    """The photo with every part in its colour.

    Args:
        parse: The result.
        image: (H, W, 3) uint8 sRGB to draw over; the result's own photo if None. Not changed.
        opacity: 0 shows only the photo, 1 only the colours.
        legend: Add a strip below that names the parts, or says that there is nobody.
        outlines: Draw a line around each person and, where there are several, their numbers.

    Returns:
        (H', W, 3) uint8 sRGB, H' >= H: the photo's pixels keep their places.

    Raises:
        OptionError: No photo, one of another size, or an opacity outside 0..1.
    """
    photo = need_image(parse, "overlays") if image is None else image
    if photo.shape != (*parse.labels.shape, 3) or photo.dtype != np.uint8:
        allowed = f"uint8 {(*parse.labels.shape, 3)}"
        raise OptionError("photo does not fit the result", got=f"{photo.dtype} {photo.shape}", allowed=allowed)
    if not 0 <= opacity <= 1:
        raise OptionError("bad opacity", got=opacity, allowed="0 to 1")
    width, height = parse.size
    windows = parse.extents
    seen = [window for window in windows if window is not None]
    strip = np.empty((0, width, 3), np.uint8)
    if legend:
        shown = parts_in(parse.labels)
        strip = legend_strip(shown, width) if shown else note_strip("No people found", width)
    canvas = np.empty((height + len(strip), width, 3), np.uint8)
    canvas[:height], canvas[height:] = photo, strip
    picture = canvas[:height]
    if seen:
        _tint(picture, parse.labels, _union(seen), opacity)
    if outlines:
        draw_outlines(picture, parse, windows)
        draw_badges(picture, parse, windows)
    return canvas


def _tint(picture: Image, labels: Image, window: Window, opacity: float) -> None:
    table = np.zeros((256, 1, 3), np.uint8)
    table[: len(Part), 0] = [part.color for part in Part]
    x0, top, x1, bottom = window
    step = max(1, _BAND // (x1 - x0))
    for y in range(top, bottom, step):
        band = np.ascontiguousarray(labels[y : min(y + step, bottom), x0:x1])
        area = picture[y : y + len(band), x0:x1]
        colored = cv2.addWeighted(area, 1 - opacity, cv2.applyColorMap(band, table), opacity, 0)
        cv2.copyTo(colored, band, area)


def _union(windows: Sequence[Window]) -> Window:
    x0, y0, x1, y1 = zip(*windows, strict=True)
    return min(x0), min(y0), max(x1), max(y1)


def draw_contact_sheet(images: Sequence[Image], captions: Sequence[str], columns: int = 4, cell: int = 360) -> Image:
    """Pictures side by side, row by row, each shrunk or enlarged to the same size, with a caption below.

    Args:
        images: (h, w, 3) uint8 RGB each, of any size.
        captions: One line per image; cut off where too long.
        columns: Pictures in a row.
        cell: Longer side of a picture in pixels.

    Returns:
        (H, W, 3) uint8 RGB.

    Raises:
        OptionError: No images, or numbers that do not fit.
    """
    if not images or len(images) != len(captions):
        raise OptionError("a sheet needs images and as many captions", got=f"{len(images)} and {len(captions)}")
    if columns < 1 or cell < 16:
        raise OptionError("bad layout", got=f"{columns} columns of {cell} pixels", allowed="at least 1 of 16")
    columns = min(columns, len(images))
    size = max(9, cell // 24)
    gap, line = max(6, cell // 24), 2 * size
    fitted = [_fit(image, cell) for image in images]
    tallest = [max(len(image) for image in fitted[k : k + columns]) for k in range(0, len(fitted), columns)]
    sheet = np.empty((gap + sum(tallest) + len(tallest) * (line + gap), gap + columns * (cell + gap), 3), np.uint8)
    sheet[:] = PAPER
    for k, (image, caption) in enumerate(zip(fitted, captions, strict=True)):
        row, column = divmod(k, columns)
        x, y = gap + column * (cell + gap), gap + sum(tallest[:row]) + row * (line + gap)
        h, w = image.shape[:2]
        left, top = x + (cell - w) // 2, y + (tallest[row] - h) // 2
        sheet[top : top + h, left : left + w] = image
        under = (x + cell / 2, y + tallest[row] + line / 2)
        draw_text(sheet, fit_text(caption, size, cell), under, size, INK, "mm")
    return sheet


def _fit(image: Image, cell: int) -> Image:
    h, w = image.shape[:2]
    scale = cell / max(h, w)
    size = (max(1, round(w * scale)), max(1, round(h * scale)))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC), np.uint8)
