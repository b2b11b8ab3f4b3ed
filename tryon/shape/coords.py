"""Coordinates on the cloth for every pixel of a garment.

A limb or a torso is a tube: u = r(t) · asin(s / r(t)) around it and v = t along it, where t is the distance along the
centre line and s the distance beside it (as in the cylinder models of Hilsmann and Eisert's virtual mirror, 2009).
Skirts fan out (:mod:`~dressform.tryon.shape.revolve`), pieces of no known build are pillows
(:mod:`~dressform.tryon.shape.sheet`). One unit is one pixel of arc length on the cloth.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import OptionError
from dressform.parsing.scores import Window
from dressform.tryon.shape.frames import Frame, enlarged, grid_points, grid_step, locate
from dressform.tryon.shape.panel import Panel
from dressform.tryon.shape.revolve import fan_out
from dressform.tryon.shape.seams import Sewing, sewings
from dressform.tryon.shape.sheet import sheet_coordinates

__all__ = ["SEAMS", "ClothMap", "determinants", "map_cloth", "panel_coordinates"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]

SEAMS = ("sewn", "continuous")
"""How sleeves go on from the torso: "sewn", threads along the sleeve and the repeat in step at the middle of the seam,
as tailors do; "continuous", as if sleeve and torso were cut from one piece of cloth."""

_KNEE = 0.94  # share of the half width from where the arcsine goes on straight: cloth is never squeezed more than 3:1
_OUT = 1.5  # how fast u grows beyond the half width, where the outline bulges
_BAND = 1 << 15  # pixels
_AROUND = 6  # px around a panel's mask where its coordinates are defined too


@dataclass(frozen=True, eq=False)
class ClothMap:
    """Coordinates of a whole garment.

    Attributes:
        uv: (h, w, 2) float32 in pixels of cloth: u across, right in the picture positive, v down; finite everywhere.
        panel: (h, w) uint8: 0 away from the garment, k where ``uv`` is that of ``panels[k - 1]``; a few pixels more
            than the garment's mask.
        footprint: (h, w) float32 at least 1e-3: how far uv goes from one pixel to the next, seams left out.
        least_det: The least determinant of the map's Jacobian within the masks; above 0 nothing is folded over.
    """

    uv: Floats
    panel: npt.NDArray[np.uint8]
    footprint: Floats
    least_det: float


def panel_coordinates(panel: Panel, box: Window | None = None) -> Floats:
    """Coordinates of one panel by itself, before it is sewn to others.

    Args:
        panel: The piece.
        box: (x0, y0, x1, y1) the pixels wanted, in the region's window; None: all of it.

    Returns:
        (h, w, 2) float32, u 0 on the axis, v 0 at the frame's origin, in pixels of cloth; finite everywhere and
        continuous beyond the mask.
    """
    height, width = panel.mask.shape
    box = (0, 0, width, height) if box is None else box
    if panel.backing is not None:
        return sheet_coordinates(panel.frame, panel.backing, (width, height), box)
    return tube_coordinates(panel.frame, box)


def tube_coordinates(frame: Frame, box: Window) -> Floats:
    """(h, w, 2) float32: u and v of the pixels of a box on a tube."""
    step = grid_step(box)
    points, shape = grid_points(box, step)
    place = locate(frame, points)
    radius, flat = (frame.along(values, place.distance) for values in (frame.radius, frame.flat))
    out = np.empty((box[3] - box[1], box[2] - box[0], 2), np.float32)
    out[..., 1] = enlarged((place.distance - np.float32(frame.origin)).reshape(shape), box, step)
    offset, radii, flats = (enlarged(v.reshape(shape), box, step) for v in (place.offset, radius, flat))
    for rows in _bands(out.shape):
        out[rows, :, 0] = _around(offset[rows], radii[rows], flats[rows])
    if frame.flare.any():
        more = fan_out(frame, place.distance, _profile(place.offset / radius))
        for c in (0, 1):
            out[..., c] += enlarged(np.ascontiguousarray(more[:, c]).reshape(shape), box, step)
    return out


def map_cloth(panels: Sequence[Panel], *, seam: str = "sewn", around: int = _AROUND) -> ClothMap:
    """Coordinates of a garment from those of its panels, sewn together.

    Args:
        panels: All pieces of one garment, at least one.
        seam: One of :data:`SEAMS`.
        around: Pixels around the masks where coordinates are defined too.

    Raises:
        OptionError: Unknown ``seam`` or no panels.
    """
    if seam not in SEAMS:
        raise OptionError("unknown seam", got=repr(seam), allowed=", ".join(SEAMS))
    if not panels:
        raise OptionError("no panels to map", got=0, allowed="1 or more")
    height, width = panels[0].mask.shape
    number = _numbers(panels, around)
    uv = np.zeros((height, width, 2), np.float32)
    # Far from the garment any finite values do; a plain grid keeps footprints sensible there.
    uv[..., 0] = np.arange(width, dtype=np.float32)
    uv[..., 1] = np.arange(height, dtype=np.float32)[:, None]
    sewn = sewings(panels, tube_at, continuous=seam == "continuous")
    least = np.inf
    for k, (panel, sewing) in enumerate(zip(panels, sewn, strict=True), 1):
        x, y, w, h = cv2.boundingRect((number == k).view(np.uint8))
        if not w:
            continue
        box = (x, y, x + w, y + h)
        at = (slice(y, y + h), slice(x, x + w))
        here, inside = number[at] == k, panel.mask[at]
        part, worst = _sound_part(panel, sewing, box, inside)
        np.copyto(uv[at], part, where=here[..., None])
        least = min(least, worst)
    return ClothMap(uv, number, _footprint(uv, number), least)


def determinants(uv: Floats) -> Floats:
    """(h, w) float32 determinants of the Jacobian of (h, w, 2) coordinates, by central differences."""
    out = np.ones(uv.shape[:2], np.float32)
    if min(out.shape) < 2:
        return out
    for rows in _bands(out.shape):
        first = max(rows.start - 1, 0)
        out[rows] = _determinants(uv[first : rows.stop + 1])[rows.start - first :][: rows.stop - rows.start]
    return out


def _determinants(uv: Floats) -> Floats:
    """:func:`determinants` of a few rows."""
    along_x, along_y = (
        np.asarray(cv2.Sobel(uv, cv2.CV_32F, *way, ksize=1, scale=0.5, borderType=cv2.BORDER_REPLICATE), np.float32)
        for way in ((1, 0), (0, 1))
    )
    along_x[:, [0, -1]] *= 2  # at the borders there is one neighbour instead of two
    along_y[[0, -1]] *= 2
    out = along_x[..., 0] * along_y[..., 1]
    out -= along_y[..., 0] * along_x[..., 1]
    return out


def tube_at(frame: Frame, points: Floats) -> Floats:
    """(k, 2) float32: u and v of single points (k, 2) on a tube, its flare left out."""
    place = locate(frame, points)
    radius, flat = (frame.along(values, place.distance) for values in (frame.radius, frame.flat))
    return np.stack([_around(place.offset, radius, flat), place.distance - np.float32(frame.origin)], -1)


def _sound_part(panel: Panel, sewing: Sewing | None, box: Window, inside: Mask) -> tuple[Floats, float]:
    """A panel's coordinates in a box and their least determinant within its mask: as a tube if that is sound there.

    Where joints were wrong or a limb is seen from its end a tube may fold over; then the piece is a pillow.
    """
    part = panel_coordinates(panel, box)
    if sewing is not None:
        part = _sewn(part, panel, sewing, box)
    worst = _least(part, inside)
    if worst > 0 or panel.backing is not None:
        return part, worst
    height, width = panel.mask.shape
    sheet = sheet_coordinates(panel.frame, panel.mask, (width, height), box)
    # In step with the tube where its middle is.
    k = tuple(int(v) for v in np.median(np.argwhere(inside), 0))
    near = int(((np.argwhere(inside) - k) ** 2).sum(1).argmin())
    i, j = np.argwhere(inside)[near]
    sheet += part[i, j] - sheet[i, j]
    return sheet, _least(sheet, inside)


def _sewn(part: Floats, panel: Panel, sewing: Sewing, box: Window) -> Floats:
    """A panel's coordinates, turned and moved in place to its parent's, and led over from those."""
    if sewing.turn:
        c, s = np.float32(np.cos(sewing.turn)), np.float32(np.sin(sewing.turn))
        u = c * part[..., 0] - s * part[..., 1]
        part[..., 1] = s * part[..., 0] + c * part[..., 1]
        part[..., 0] = u
    part += np.asarray(sewing.shift, np.float32)
    if panel.parent is None or sewing.reach <= 0:
        return part
    step = grid_step(box)
    points, shape = grid_points(box, step)
    share = enlarged(sewing.share(points).reshape(shape), box, step)
    x, y, w, h = cv2.boundingRect((share < 1).view(np.uint8))
    if not w:
        return part
    parent = panel.parent
    if not panel.name.startswith("leg"):
        # A sleeve starts flat, as the chest is where it is sewn on; the chest's round sides end at the seam.
        parent = replace(parent, flat=np.ones_like(parent.flat), flare=np.zeros_like(parent.flare))
    near = (slice(y, y + h), slice(x, x + w))
    window = (box[0] + x, box[1] + y, box[0] + x + w, box[1] + y + h)
    before = tube_coordinates(parent, window)
    before -= part[near]
    before *= 1 - share[near][..., None]
    part[near] += before
    return part


def _least(uv: Floats, inside: Mask) -> float:
    """The least determinant within a mask; infinity where it is empty."""
    worst = np.inf
    for rows in _bands(inside.shape):
        first = max(rows.start - 1, 0)
        values = determinants(uv[first : rows.stop + 1])[rows.start - first :]
        own = inside[rows]
        worst = min(worst, float(values[: len(own)][own].min(initial=np.inf)))
    return worst


def _around(offset: Floats, radius: Floats, flat: Floats) -> Floats:
    """u of a point beside the axis."""
    return np.asarray(radius * _profile(offset / radius) * (1 - flat) + offset * flat, np.float32)


def _profile(x: Floats) -> Floats:
    """The arcsine, gone on straight from the knee and more slowly beyond 1, where it does not exist."""
    size = np.abs(x)
    slope = np.float32(1 / np.sqrt(1 - _KNEE**2))
    out = np.arcsin(np.minimum(size, np.float32(_KNEE)))
    out += slope * np.clip(size - np.float32(_KNEE), 0, np.float32(1 - _KNEE))
    out += np.float32(_OUT) * np.maximum(size - 1, 0)
    return np.asarray(np.copysign(out, x), np.float32)


def _bands(shape: tuple[int, ...]) -> Iterator[slice]:
    """Rows worked on at once, so that what lies between stays in the processor's cache."""
    rows = max(2, _BAND // max(shape[1], 1))
    return (slice(first, min(first + rows, shape[0])) for first in range(0, shape[0], rows))


def _numbers(panels: Sequence[Panel], around: int) -> npt.NDArray[np.uint8]:
    """(h, w) uint8 number of the panel at each pixel, and of the nearest one a few pixels around the masks."""
    number = np.zeros(panels[0].mask.shape, np.uint8)
    for k, panel in enumerate(panels, 1):
        number[panel.mask] = k
    kernel = cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3))
    square = np.ones((3, 3), np.uint8)
    for turn in range(around):  # crosses and squares in turn grow octagons
        grown = np.asarray(cv2.dilate(number, kernel if turn % 2 else square))
        number = np.where(number > 0, number, grown)
    return number


def _footprint(uv: Floats, number: npt.NDArray[np.uint8]) -> Floats:
    """How far uv goes to the next pixel of the same panel, to the right or down, whichever is more."""
    square = np.zeros(number.shape, np.float32)
    for rows in _bands(number.shape):
        end = rows.stop + 1  # a step down leads to the next band
        part, own, far = uv[rows.start : end], number[rows.start : end], square[rows.start : end]
        for low, high in ((np.s_[:-1], np.s_[1:]), (np.s_[:, :-1], np.s_[:, 1:])):
            change = part[high] - part[low]
            change *= change
            step = change[..., 0] + change[..., 1]
            step *= own[high] == own[low]
            np.maximum(far[low], step, out=far[low])
            np.maximum(far[high], step, out=far[high])
    square[square == 0] = 1
    return np.maximum(np.sqrt(square, out=square), np.float32(1e-3), out=square)
