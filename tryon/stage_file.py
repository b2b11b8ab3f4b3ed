"""Stages as files: a zip of plain arrays and one JSON, versioned, without anything that could be executed.

The layout is NumPy's ``.npz``; it is read member by member against the shapes that its JSON promises, so that a file
from elsewhere cannot ask for more memory than a stage of its size needs.
"""

from __future__ import annotations

import io
import json
import struct
import zipfile
import zlib
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import numpy.typing as npt

from dressform.parsing import ImageReadError, OptionError, ParseDataError
from dressform.parsing.formats.files import write_files
from dressform.parsing.image import MAX_PIXELS, ImageSource
from dressform.tryon.photo.photo import Photo, frozen, read_photo
from dressform.tryon.shape.coords import SEAMS
from dressform.tryon.shape.fold_shift import MOST_STRENGTH
from dressform.tryon.shape.frames import Frame
from dressform.tryon.shape.panel import PANEL_NAMES, Panel
from dressform.tryon.shape.regions import REGION_NAMES
from dressform.tryon.shape.scale import ClothScale
from dressform.tryon.stage import STAGE_VERSION, Stage, pixels_digest, stand

__all__ = ["load_stage", "save_stage"]

_KIND = "dressform stage"
_DATE = (1980, 1, 1, 0, 0, 0)  # the same bytes whenever it is written
_MOST_TEXT = 1 << 20
_MOST_PHOTO, _MOST_BESIDE = 1 << 30, 1 << 26  # bytes of the photo's file, and of what it holds beside samples
_MOST_PANELS, _MOST_AXIS, _MOST_INKS = 16, 4096, 64
"""Limits of a file from elsewhere; far above what stages have."""
# Limits of logarithms of light, of light, of colours at borders, and of places in pixels.
_LOG, _LIGHT, _COLOR, _PLACE = 20.0, 1e3, 1e6, 1e6
_PACKING = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_DAMAGE = (
    zipfile.BadZipFile, zlib.error, struct.error, NotImplementedError, RuntimeError, LookupError, TypeError, ValueError,
    AttributeError, ArithmeticError, EOFError,
)  # fmt: skip
"""What reading raises where a file is none of ours."""


def save_stage(stage: Stage, path: Path, *, photo: bool = True) -> None:
    """Write a stage; see :meth:`Stage.save`."""
    frames = _frames(stage.panels)
    arrays: dict[str, npt.NDArray[Any]] = {
        "alpha": stage.alpha, "rim": stage.rim, "shade": stage.shade, "fold": stage.fold, "weave": stage.weave,
        "inks": stage.inks, "pieces": _pieces(stage.panels),
    }  # fmt: skip
    for k, frame in enumerate(frames):
        arrays[f"frame{k}"] = np.column_stack([frame.axis, frame.radius, frame.flat, frame.flare]).astype(np.float32)
    for k, panel in enumerate(stage.panels):
        if panel.seam is not None:
            arrays[f"seam{k}"] = panel.seam.astype(np.float32)
        if panel.backing is not None:
            arrays[f"backing{k}"] = panel.backing.view(np.uint8)
    order = {id(frame): k for k, frame in enumerate(frames)}
    told = {
        "kind": _KIND, "version": STAGE_VERSION, "photo": pixels_digest(stage.photo), "size": list(stage.photo.size),
        "person": stage.person, "region": stage.region, "window": list(stage.window),
        "scale": [stage.scale.pixels_per_cm, stage.scale.source], "white": stage.white, "blur": stage.blur,
        "seam": stage.seam, "bend": stage.bend,
        "landmarks": {name: list(map(float, at)) for name, at in sorted(stage.landmarks.items())},
        "origins": [frame.origin for frame in frames],
        "panels": [
            [panel.name, order[id(panel.frame)], None if panel.parent is None else order[id(panel.parent)]]
            for panel in stage.panels
        ],
    }  # fmt: skip
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=4) as file:
        _put(file, "stage.json", json.dumps(told, sort_keys=True, allow_nan=False).encode())
        for name, array in arrays.items():
            held = io.BytesIO()
            np.lib.format.write_array(held, np.ascontiguousarray(array), (1, 0), allow_pickle=False)
            _put(file, f"{name}.npy", held.getvalue())
        if photo:
            _put(file, "photo.png", stage.photo.encode("PNG")[0], packed=False)
    write_files(path.parent, {path.name: out.getvalue()})


def load_stage(path: Path, image: ImageSource | Photo | None = None) -> Stage:
    """Read a stage; see :meth:`Stage.load`."""
    try:
        with zipfile.ZipFile(path) as file:
            return _read(_Members(file), image)
    except OSError as error:
        raise ImageReadError("the stage cannot be read", got=path.name, remedy=error.strerror or "") from error
    except _DAMAGE as error:
        raise _damaged(path.name) from error
    except ParseDataError as error:
        raise ParseDataError(
            error.what, got=path.name if error.got is None else error.got, allowed=error.allowed, remedy=error.remedy
        ) from error


class _Members:
    """Members of a zip, read no further than they may be long."""

    def __init__(self, file: zipfile.ZipFile) -> None:
        self.file, self.names = file, set(file.namelist())

    def raw(self, name: str, most: int) -> bytes:
        if self.file.getinfo(name).compress_type not in _PACKING:
            raise ParseDataError("a stage's member is packed as stages are not", got=name)
        with self.file.open(name) as member:
            data = member.read(most + 1)
        if len(data) > most:
            raise ParseDataError("a stage's member is larger than it may be", got=name, allowed=f"{most} bytes")
        return data

    def array(
        self, name: str, dtype: npt.DTypeLike, shape: tuple[int | None, ...], most: int,
        low: float = -_PLACE, high: float = _PLACE,
    ) -> npt.NDArray[Any]:  # fmt: skip
        """An array of a type and shape; None is any length, which ``most`` values in all limit.

        Numbers with fractions lie between ``low`` and ``high``.
        """
        wanted = np.dtype(dtype)
        data = io.BytesIO(self.raw(f"{name}.npy", most * wanted.itemsize + 256))
        np.lib.format.read_magic(data)
        got, fortran, kind = np.lib.format.read_array_header_1_0(data)
        fits = len(got) == len(shape) and all(g >= 0 and w in (None, g) for g, w in zip(got, shape, strict=True))
        if kind != wanted or fortran or not fits:
            raise ParseDataError("a stage's array is not what it must be", got=f"{name} {kind} {got}", allowed=shape)
        out = np.frombuffer(data.read(), wanted)
        out = out.reshape(got)
        if wanted.kind == "f" and out.size and not (low <= out.min() and out.max() <= high):  # not by NaN either
            allowed = f"finite, {low:g} to {high:g}"
            raise ParseDataError("a stage's array holds numbers out of range", got=name, allowed=allowed)
        return frozen(out)


def _read(file: _Members, image: ImageSource | Photo | None) -> Stage:
    told = json.loads(file.raw("stage.json", _MOST_TEXT))
    if not isinstance(told, dict) or told.get("kind") != _KIND:
        raise ParseDataError("this is no stage", remedy="make one with prepare(), or 'dressform tryon prepare'")
    if told.get("version") != STAGE_VERSION:
        got, remedy = told.get("version"), "prepare the photo again with this version"
        raise ParseDataError("a stage of another version", got=got, allowed=STAGE_VERSION, remedy=remedy)
    window, size = _integers(told["window"], 4), _integers(told["size"], 2)
    x0, y0, x1, y1 = window
    if not (0 <= x0 < x1 <= size[0] and 0 <= y0 < y1 <= size[1] and size[0] * size[1] <= MAX_PIXELS):
        raise ParseDataError("a stage's window does not lie in its photo", got=window, allowed=size)
    h, w = y1 - y0, x1 - x0
    alpha = file.array("alpha", np.uint16, (h, w), h * w)
    soft = int(np.count_nonzero((alpha > 0) & (alpha < 65535)))
    shade = file.array("shade", np.float16, (h, w), h * w, 0, _LIGHT)
    fold, weave = (file.array(name, np.float16, (h, w), h * w, -_LOG, _LOG) for name in ("fold", "weave"))
    panels = _panels(file, told, (h, w))
    scale = ClothScale(_number(told["scale"][0], 1e-3, 1e5), str(told["scale"][1])[:20])
    if told["seam"] not in SEAMS or told["region"] not in REGION_NAMES:
        raise ParseDataError("a stage with an unknown seam or region", got=[told["seam"], told["region"]])
    bend = _number(told["bend"], 0, MOST_STRENGTH)
    marks = {str(name)[:20]: (float(x), float(y)) for name, (x, y) in dict(told["landmarks"]).items()}
    if not np.isfinite(list(marks.values())).all():
        raise ParseDataError("a stage's landmarks are not finite")
    with np.errstate(all="ignore"):
        cloth_map, push = stand(panels, fold, scale, told["seam"], bend)
    if not all(np.isfinite(part).all() for part in (cloth_map.uv, cloth_map.footprint, push)):
        raise ParseDataError("a stage's tubes give no coordinates", remedy="prepare the photo again")
    return Stage(
        _photo(file, image, told, size), _integers([told["person"]], 1)[0], told["region"], window, alpha,
        file.array("rim", np.float32, (soft, 3), 3 * soft, -_COLOR, _COLOR), shade, fold, weave,
        file.array("inks", np.float32, (None, 3), 3 * _MOST_INKS, 0, _LIGHT), panels, MappingProxyType(marks), scale,
        _number(told["white"], 0, 1), _number(told["blur"], 0, 100), told["seam"], bend, cloth_map, push,
    )  # fmt: skip


def _photo(file: _Members, image: ImageSource | Photo | None, told: dict[str, Any], size: tuple[int, int]) -> Photo:
    if image is not None:
        photo = image if isinstance(image, Photo) else read_photo(image)
    elif "photo.png" in file.names:
        samples = size[0] * size[1]
        data = file.raw("photo.png", min(_MOST_PHOTO, 9 * samples + _MOST_BESIDE))
        photo = read_photo(data, max_pixels=samples)
    else:
        raise OptionError("this stage was saved without its photo", remedy="give the photo too (--photo)")
    if pixels_digest(photo) != told["photo"]:
        raise OptionError("the photo is not the one that the stage was made from", remedy="give the original file")
    return photo


def _panels(file: _Members, told: dict[str, Any], shape: tuple[int, int]) -> tuple[Panel, ...]:
    height, width = shape
    listed, origins = told["panels"], told["origins"]
    if not 1 <= len(listed) <= _MOST_PANELS or not 1 <= len(origins) <= 2 * _MOST_PANELS:
        raise ParseDataError("a stage with too few or too many panels", got=len(listed), allowed=f"1 to {_MOST_PANELS}")
    frames = []
    for k, origin in enumerate(origins):
        table = file.array(f"frame{k}", np.float32, (None, 5), 5 * _MOST_AXIS)
        frames.append(_frame(table, _number(origin, -_PLACE, _PLACE)))
    pieces = file.array("pieces", np.uint8, shape, height * width)
    out = []
    for k, (name, frame, parent) in enumerate(listed):
        if name not in PANEL_NAMES:
            raise ParseDataError("a stage with an unknown panel", got=repr(name)[:40], allowed=", ".join(PANEL_NAMES))
        seam = file.array(f"seam{k}", np.float32, (2, 2), 4) if f"seam{k}.npy" in file.names else None
        backing = None
        if f"backing{k}.npy" in file.names:
            backing = file.array(f"backing{k}", np.uint8, (None, None), height * width) > 0
        if min(frame, parent or 0) < 0:
            raise ParseDataError("a stage's panel has no tube", got=[frame, parent])
        up = None if parent is None else frames[parent]
        out.append(Panel(name, frozen(pieces == k + 1), frames[frame], up, seam, backing))
    return tuple(out)


def _frame(table: npt.NDArray[np.float32], origin: float) -> Frame:
    """A tube from the (n, 5) rows of a file."""
    if len(table) < 3:
        raise ParseDataError("a stage's axis is too short", got=len(table), allowed="3 or more points")
    axis, radius, flat, flare = (frozen(table[:, k]) for k in (slice(2), 2, 3, 4))
    bent = np.hypot(*np.diff(axis, axis=0).T).min() <= 0
    if bent or radius.min() <= 0 or min(flat.min(), flare.min()) < 0 or max(flat.max(), flare.max()) > 1:
        raise ParseDataError("a stage's tube is none", remedy="prepare the photo again")
    return Frame(axis, radius, flat, flare, origin)


def _frames(panels: tuple[Panel, ...]) -> list[Frame]:
    """Every tube once: torso and skirt of a dress share theirs, and must after loading too."""
    seen: dict[int, Frame] = {}
    for panel in panels:
        for frame in (panel.frame, panel.parent):
            if frame is not None:
                seen.setdefault(id(frame), frame)
    return list(seen.values())


def _pieces(panels: tuple[Panel, ...]) -> npt.NDArray[np.uint8]:
    out = np.zeros(panels[0].mask.shape, np.uint8)
    for k, panel in enumerate(panels, 1):
        out[panel.mask] = k
    return out


def _put(file: zipfile.ZipFile, name: str, data: bytes, *, packed: bool = True) -> None:
    info = zipfile.ZipInfo(name, _DATE)
    info.compress_type = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    file.writestr(info, data, compresslevel=4 if packed else None)


def _integers(values: Any, count: int) -> Any:
    if not isinstance(values, list) or len(values) != count or not all(type(v) is int for v in values):
        raise ParseDataError("a stage's numbers are not what they must be", got=repr(values)[:40])
    return tuple(values)


def _number(value: Any, low: float, high: float) -> float:
    if type(value) not in (int, float) or not low <= value <= high:
        raise ParseDataError("a stage's number is out of range", got=repr(value)[:40], allowed=f"{low:g} to {high:g}")
    return float(value)


def _damaged(name: str) -> ParseDataError:
    return ParseDataError("this is no stage, or a damaged one", got=name, remedy="prepare the photo again")
