"""New cloth into the photo: light is exchanged where the garment is, and every other pixel is copied.

``I' = I + α (F' − F)`` in linear light (research of matting calls it the compositing equation, with what lies behind
the garment left implicit). Whatever made the new colours, nothing outside the edit mask can change here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from dressform.parsing import OptionError
from dressform.parsing.scores import Window
from dressform.parsing.windows import window_slices
from dressform.tryon.photo.encoding import SRGB, Encoding

__all__ = ["Composite", "Edit", "compose", "make_layer"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
Samples = npt.NDArray[Any]
"""uint8 or uint16 samples of a photo."""

_BAND = 1 << 16  # pixels worked on at once
_FULL = 65535  # coverage is kept in 16 bits


@dataclass(frozen=True, eq=False)
class Edit:
    """New cloth for one garment.

    Attributes:
        window: (x0, y0, x1, y1) pixels of the photo, inside it.
        alpha: (h, w) float32, coverage by the garment; clipped to 0..1, NaN is 0.
        old: (h, w, 3) float32 linear light, the garment's colour as it is.
        new: (h, w, 3) float32 linear light, the garment's colour as it shall be.
        protect: (h, w) bool, pixels that may not change, or None.

    Raises:
        OptionError: Shapes or types that don't fit each other.
    """

    window: Window
    alpha: Floats
    old: Floats
    new: Floats
    protect: Mask | None = None

    def __post_init__(self) -> None:
        x0, y0, x1, y1 = self.window
        shape = (y1 - y0, x1 - x0)
        for what, array, wanted, kinds in (
            ("alpha", self.alpha, shape, "f"),
            ("old", self.old, (*shape, 3), "f"),
            ("new", self.new, (*shape, 3), "f"),
            ("protect", self.protect, shape, "b"),
        ):
            if array is not None and (array.shape != wanted or array.dtype.kind != kinds):
                kind = "bool" if kinds == "b" else "float"
                got = f"{array.dtype} {array.shape}"
                raise OptionError(f"{what} does not fit the edit's window", got=got, allowed=f"{kind} {wanted}")


@dataclass(frozen=True, eq=False)
class Composite:
    """A photo after its edits.

    Attributes:
        pixels: The shape and type of what was given; outside ``edit_mask`` also its values.
        edit_mask: (H, W) bool, pixels that could change.
        coverage: (H, W) uint16, how much of each pixel is new cloth, 65535 = all of it.
    """

    pixels: Samples
    edit_mask: Mask
    coverage: npt.NDArray[np.uint16]


def compose(pixels: Samples, edits: Iterable[Edit], *, encoding: Encoding = SRGB) -> Composite:
    """Put new cloth into a photo.

    Several edits don't depend on their order; where they overlap and cover more than a pixel, they share it.

    Args:
        pixels: (H, W, 3) RGB or (H, W, 4) RGBA with straight alpha, uint8 or uint16; not changed. Alpha stays, and
            invisible pixels stay altogether.
        edits: The garments.
        encoding: How samples mean light; sRGB by default.

    Raises:
        OptionError: Pixels of another kind, or a window that reaches outside the photo.
    """
    if pixels.ndim != 3 or pixels.shape[2] not in (3, 4) or pixels.dtype not in (np.uint8, np.uint16):
        got, allowed = f"{pixels.dtype} {pixels.shape}", "uint8 or uint16 (H, W, 3) or (H, W, 4)"
        raise OptionError("these are no pixels to compose with", got=got, allowed=allowed)
    ordered = _in_order(edits, pixels.shape)
    out = np.array(pixels, order="C")
    mask = np.zeros(pixels.shape[:2], np.bool_)
    coverage = np.zeros(pixels.shape[:2], np.uint16)
    if ordered:
        left, right = min(e.window[0] for e in ordered), max(e.window[2] for e in ordered)
        top, bottom = min(e.window[1] for e in ordered), max(e.window[3] for e in ordered)
        rows = max(1, _BAND // max(right - left, 1))
        for y in range(top, bottom, rows):
            band = (left, y, right, min(y + rows, bottom))
            at = window_slices(band)
            _edit_band(out[at], mask[at], coverage[at], ordered, band, encoding)
    for array in (out, mask, coverage):
        array.flags.writeable = False
    return Composite(out, mask, coverage)


def _in_order(edits: Iterable[Edit], shape: tuple[int, ...]) -> list[Edit]:
    """Edits by window and, within the same window, by content: sums of floats depend on their order."""
    ordered = sorted(edits, key=lambda edit: edit.window)
    for edit in ordered:
        x0, y0, x1, y1 = edit.window
        if not (0 <= x0 <= x1 <= shape[1] and 0 <= y0 <= y1 <= shape[0]):
            allowed = f"inside {shape[1]}×{shape[0]}"
            raise OptionError("an edit reaches outside the photo", got=edit.window, allowed=allowed)
    windows = [edit.window for edit in ordered]
    if len(set(windows)) < len(windows):
        ordered.sort(key=lambda edit: (edit.window, _digest(edit)))
    return ordered


def _digest(edit: Edit) -> bytes:
    told = hashlib.blake2b()
    for array in (edit.alpha, edit.old, edit.new, edit.protect):
        if array is not None:
            told.update(np.ascontiguousarray(array).data)
    return told.digest()


def _edit_band(
    pixels: Samples,
    mask: Mask,
    coverage: npt.NDArray[np.uint16],
    edits: Sequence[Edit],
    band: Window,
    encoding: Encoding,
) -> None:
    """Change a band of the photo in place; the arrays are views of it."""
    parts = [part for part in (_part(edit, band) for edit in edits) if part is not None]
    if not parts:
        return
    total = np.zeros(mask.shape, np.float32)
    for edit, at, inner in parts:
        total[at] += _alpha(edit, inner)
    if pixels.shape[2] == 4:
        total[pixels[:, :, 3] == 0] = 0
    np.greater(total, 0, out=mask)
    shared = 1 / np.maximum(total, 1)
    places = np.flatnonzero(mask)
    if not len(places):
        return
    delta = np.zeros((*mask.shape, 3), np.float32)
    for edit, at, inner in parts:
        share = _alpha(edit, inner) * shared[at]
        with np.errstate(invalid="ignore"):  # colours outside the mask may be anything
            change = edit.new[inner] - edit.old[inner]
            change *= share[:, :, None]
        np.add(delta[at], change, out=delta[at], where=(share > 0)[:, :, None])
    colors = np.ascontiguousarray(pixels[:, :, :3]).reshape(-1, 3)
    light = encoding.to_linear(colors[places])
    light += delta.reshape(-1, 3)[places]
    colors[places] = encoding.from_linear(light, pixels.dtype)
    pixels[:, :, :3] = colors.reshape(*mask.shape, 3)
    coverage[...] = np.where(mask, np.rint(np.minimum(total, 1) * _FULL), 0)


_Part = tuple[Edit, tuple[slice, slice], tuple[slice, slice]]


def _part(edit: Edit, band: Window) -> _Part | None:
    """An edit, and where its overlap with a band lies in the band and in the edit; None: nowhere."""
    x0, y0 = max(edit.window[0], band[0]), max(edit.window[1], band[1])
    x1, y1 = min(edit.window[2], band[2]), min(edit.window[3], band[3])
    if x0 >= x1 or y0 >= y1:
        return None
    dx, dy = edit.window[:2]
    at = window_slices((x0 - band[0], y0 - band[1], x1 - band[0], y1 - band[1]))
    return edit, at, window_slices((x0 - dx, y0 - dy, x1 - dx, y1 - dy))


def _alpha(edit: Edit, inner: tuple[slice, slice]) -> Floats:
    alpha = np.fmin(np.fmax(edit.alpha[inner], np.float32(0)), np.float32(1))  # these two turn NaN into 0
    if edit.protect is not None:
        alpha[edit.protect[inner]] = 0
    return np.asarray(alpha, np.float32)


def make_layer(before: Samples, composite: Composite) -> Samples:
    """The new cloth alone, to be laid over the photo in any editor.

    Editors blend coded samples, not light, so colours are chosen such that this gives the result; where that asks for
    colours that don't exist, the layer is a little more opaque than the cloth.

    Args:
        before: The pixels that were given to :func:`compose`.
        composite: Its result.

    Returns:
        (H, W, 4) RGBA of the same type with straight alpha, in the photo's own encoding; 0 outside the edit mask.
    """
    height, width = composite.edit_mask.shape
    full = np.iinfo(before.dtype).max
    out = np.zeros((height, width, 4), before.dtype)
    rows = max(1, _BAND // max(width, 1))
    for top in range(0, height, rows):
        mask = composite.edit_mask[top : top + rows]
        places = np.flatnonzero(mask)
        if not len(places):
            continue
        old, new = (
            np.ascontiguousarray(array[top : top + rows, :, :3]).reshape(-1, 3)[places].astype(np.float32) / full
            for array in (before, composite.pixels)
        )
        step = new - old
        room = np.where(step > 0, 1 - old, old)
        least = (np.abs(step) / np.maximum(room, np.float32(1e-6))).max(axis=1)
        share = composite.coverage[top : top + rows].reshape(-1)[places] / np.float32(_FULL)
        opaque = np.ceil(np.minimum(np.maximum(share, least), 1) * full)
        step /= (np.maximum(opaque, 1) / full)[:, None].astype(np.float32)
        old += step
        flat = out[top : top + rows].reshape(-1, 4)
        flat[places, :3] = np.rint(np.clip(old, 0, 1) * full)
        flat[places, 3] = opaque
    return out
