"""Criterion 6, the drawing: layers counted and put together again, seams, and another renderer's opinion."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image

from dressform.avatar.bench.drawing import Drawing, without_backdrop
from dressform.avatar.bench.figures import Figure, Record, mean, most, share, values
from dressform.avatar.bench.subjects import Subject
from dressform.avatar.effects import EFFECTS
from dressform.avatar.render.raster import draw_layers, render
from dressform.avatar.render.svg import to_svg
from dressform.avatar.scene import Scene

__all__ = ["COUNTS", "figures", "recomposed", "record", "resvg", "seam_pixels"]

Pixels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
COUNTS = {"bust": 24, "full": 30}
_SIDE = 512
_CLOSE, _ERODE = 3, 2  # px at 512
_OPAQUE = 253
_DEEP = 0.03  # heads inside the person's outline where everything must be covered


def record(subject: Subject, drawings: Mapping[str, Drawing], full: bool, *, deep: bool) -> Record:
    """Counts and seams for every drawing; with ``deep`` also pixels.

    Args:
        subject: The person.
        drawings: Busts or whole figures by style.
        full: Whether these show the legs.
        deep: Render them layer by layer, and by resvg.
    """
    out: Record = {"full": full, "styles": {}}
    for style, drawing in drawings.items():
        names = [layer.name for layer in drawing.scene.layers()]
        row: Record = {"layers": len(names), "unique": len(set(names)) == len(names)}
        row["face"] = any(name.startswith("eye_") for name in names)
        alpha = render(without_backdrop(drawing.scene), _SIDE)[..., 3]
        own, deeper = body(subject, drawing, alpha.shape)
        row["seams"] = seam_pixels(alpha, own)
        row["bare"] = 100 * float((alpha[deeper] < 128).mean()) if deeper.any() else 0.0
        if deep:
            row["recomposed"] = recomposed(drawing.scene)
            other = resvg(drawing.scene)
            if other is not None:
                ours = render(drawing.scene, _SIDE, background=(255, 255, 255))
                row["resvg"] = float(np.abs(ours[..., :3].astype(float) - other).mean())
        out["styles"][style] = row
    return out


def body(subject: Subject, drawing: Drawing, size: tuple[int, ...]) -> tuple[Mask, Mask]:
    """(h, w) bool on the canvas: where the photo shows the person, and where it does well inside.

    With what is hidden by others but must be drawn; without true gaps, such as between arm and hip.
    """
    view = subject.view
    height, width = size
    scale = width / drawing.scene.width
    xs, ys = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    heads = drawing.to_heads(np.stack([xs.ravel(), ys.ravel()], 1) / scale)
    x, y = np.floor(view.frame.to_photo(heads.astype(np.float32))).astype(int).T
    inside = (x >= 0) & (y >= 0) & (x < view.labels.shape[1]) & (y < view.labels.shape[0])
    x, y = np.clip(x, 0, view.labels.shape[1] - 1), np.clip(y, 0, view.labels.shape[0] - 1)
    own = view.labels > 0
    radius = max(round(_DEEP * view.frame.height), 1)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    deep = np.asarray(cv2.erode((own & view.seen).view(np.uint8), disc)) > 0
    return (own[y, x] & inside).reshape(height, width), (deep[y, x] & inside).reshape(height, width)


def recomposed(scene: Scene, size: int = _SIDE) -> int:
    """Greatest difference, of 255, of the flat picture from its layers put on one another in double precision."""
    flat = render(scene, size, effects=EFFECTS).astype(np.float64) / 255
    height, width = flat.shape[:2]
    color, alpha = np.zeros((height, width, 3)), np.zeros((height, width, 1))
    visible = {layer.name for layer in scene.layers() if layer.visible}
    for name, (pixels, (x, y)) in draw_layers(scene, size, effects=EFFECTS).items():
        if name in visible and pixels.size:
            at = slice(y, y + pixels.shape[0]), slice(x, x + pixels.shape[1])
            source = pixels.astype(np.float64) / 255
            color[at] = source[..., :3] * source[..., 3:] + color[at] * (1 - source[..., 3:])
            alpha[at] = source[..., 3:] + alpha[at] * (1 - source[..., 3:])
    gap = max(float(np.abs(flat[..., :3] * flat[..., 3:] - color).max()), float(np.abs(flat[..., 3:] - alpha).max()))
    return round(255 * gap)


def seam_pixels(alpha: Pixels, own: Mask | None = None) -> int:
    """Pixels inside the figure through which the background would be seen, in gaps of up to 6 pixels.

    Args:
        alpha: (h, w) uint8, of the figure alone.
        own: (h, w) bool, where the person is, true gaps left out; None believes all of the figure.
    """
    solid = (alpha >= 128).view(np.uint8)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * _CLOSE + 1, 2 * _CLOSE + 1))
    wide = cv2.copyMakeBorder(solid, 8, 8, 8, 8, cv2.BORDER_REPLICATE)
    closed = cv2.morphologyEx(wide, cv2.MORPH_CLOSE, disc)
    inside = np.asarray(cv2.erode(closed, np.ones((2 * _ERODE + 1,) * 2, np.uint8)))[8:-8, 8:-8] > 0
    return int(np.count_nonzero(inside & (alpha < _OPAQUE) & (True if own is None else own)))


def resvg(scene: Scene, size: int = _SIDE) -> npt.NDArray[np.float64] | None:
    """(h, w, 3) what resvg makes of the scene's SVG on white; None where it is not installed."""
    if find_spec("resvg_py") is None:
        return None
    module: Any = import_module("resvg_py")
    wide = scene.width >= scene.height
    sides = {"width": size} if wide else {"height": size}
    data = bytes(module.svg_to_bytes(svg_string=to_svg(scene), background="#ffffff", skip_system_fonts=True, **sides))
    with Image.open(io.BytesIO(data)) as picture:
        expected = render(scene, size).shape[:2]
        return np.asarray(picture.convert("RGB").resize(expected[::-1]), np.float64)


def figures(records: Sequence[Record], styles: Sequence[str]) -> list[Figure]:
    """Least counts, greatest differences."""
    out = []
    for kind, target in (("bust", COUNTS["bust"]), ("full", COUNTS["full"])):
        key = "bust" if kind == "bust" else "whole"
        rows = [each["layers"][key] for each in records if kind == "bust" or each["layers"][key]["full"]]
        for style in styles:
            shown = [row["styles"][style] for row in rows if row["styles"][style]["face"]]
            counts = [float(row["layers"]) for row in shown]
            note = f"median {np.median(counts):.0f}; people with a face" if counts else ""
            out.append(
                Figure(6, f"{style}: fewest named layers, {kind}", min(counts, default=float("nan")), target, True,
                       len(counts), note=note)
            )  # fmt: skip
    rows = [each["layers"][key]["styles"] for each in records for key in ("bust", "whole")]
    unique = [row[style]["unique"] for row in rows for style in styles]
    out.append(Figure(6, "names are unique", share(unique), 100, True, len(unique), "%"))
    for style in styles:
        seams = values(rows, style, "seams")
        note = f"mean {mean(seams):.1f}; drawings with any: {sum(value > 0 for value in seams)}"
        out.append(Figure(6, f"{style}: seam pixels, most", most(seams), 0, count=len(seams), note=note))
        bare = values(rows, style, "bare")
        what = f"{style}: share of the person through which the background is seen, mean"
        out.append(Figure(6, what, mean(bare), None, count=len(bare), unit="%", note=f"most {most(bare):.1f}%"))
    gaps = [value for style in styles for value in values(rows, style, "recomposed")]
    what = "layers put together against the flat picture, greatest difference"
    out.append(Figure(6, what, most(gaps), 1, count=len(gaps), unit="/255"))
    for style in styles:
        other = values(rows, style, "resvg")
        note = "" if find_spec("resvg_py") else "resvg_py is not installed"
        what = f"{style}: against resvg, largest mean difference"
        out.append(Figure(6, what, most(other), 2, count=len(other), unit="/255", note=note))
    return out
