"""What draping gave, in the form that was asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dressform.api.jobs.archive import zipped
from dressform.api.jobs.cloths import notes_of
from dressform.api.jobs.kept import shrunk
from dressform.api.jobs.task import Output, Task
from dressform.api.jobs.work_parse import JSON, dump, png
from dressform.tryon.drape import AnyCloth
from dressform.tryon.result import Result

__all__ = ["draped_output"]

_TYPES = {"png": "image/png", "jpeg": "image/jpeg", "webp": "image/webp"}
_QUALITY = {"jpeg": (cv2.IMWRITE_JPEG_QUALITY, 92), "webp": (cv2.IMWRITE_WEBP_QUALITY, 92)}
_BGR = {
    (3, True): cv2.COLOR_RGB2BGR,
    (3, False): cv2.COLOR_RGB2BGR,
    (4, True): cv2.COLOR_RGBA2BGRA,
    (4, False): cv2.COLOR_RGBA2BGR,
}
"""By channels, and whether the format has transparency."""
Bytes = npt.NDArray[np.uint8]


def draped_output(result: Result, cloths: Iterable[AnyCloth], task: Task, people: int) -> Output:
    """The output of a task that swapped garments.

    Args:
        result: Of draping.
        cloths: What it was draped with.
        task: Says the format.
        people: In the photo, for the log.
    """
    options = task.options
    width, height = result.before.size
    facts = {"pixels": width * height, "people": people}
    form = options["format"]
    if form == "json":
        kind = options["picture"]
        picture = Output(_encoded(result, options, kind), _TYPES[kind], f"try-on.{kind}")
        key = hashlib.sha256(f"{task.key} picture".encode()).hexdigest()
        told = {**_report(result, cloths), "picture": {"href": f"/v1/results/{key}", "type": _TYPES[kind]}}
        return Output(dump(told), JSON, facts=facts, parts={key: picture})
    if form == "zip":
        files = {
            "picture.png": _encoded(result, {**options, "view": "picture"}, "png"),
            "layer.png": _encoded(result, {**options, "view": "layer"}, "png"),
            "mask.png": _encoded(result, {**options, "view": "mask"}, "png"),
            "report.json": dump(_report(result, cloths)),
        }
        return Output(zipped(files), "application/zip", "try-on.zip", facts)
    return Output(_encoded(result, options, form), _TYPES[form], f"try-on.{form}", facts)


def _report(result: Result, cloths: Iterable[AnyCloth]) -> dict[str, Any]:
    notes = [note for cloth in cloths for note in notes_of(cloth)]
    notes += [note for report in result.reports for note in report.notes]
    garments = [report.to_dict() for report in result.reports]
    return {"size": list(result.before.size), "garments": garments, "notes": list(dict.fromkeys(notes))}


def _encoded(result: Result, options: Mapping[str, Any], form: str) -> bytes:
    pixels = _pixels(result, options["view"])
    if options["max_side"] is not None:
        pixels = _scaled(pixels, options["max_side"])
    if form == "png":
        return png(pixels)
    bgr = pixels if pixels.ndim == 2 else cv2.cvtColor(pixels, _BGR[pixels.shape[2], form == "webp"])
    _, data = cv2.imencode(f".{form}", np.ascontiguousarray(bgr), list(_QUALITY[form]))
    return data.tobytes()


def _pixels(result: Result, view: str) -> Bytes:
    if view == "layer":
        return np.asarray(result.layer, np.uint8)
    if view == "mask":
        return np.where(result.edit_mask, np.uint8(255), np.uint8(0))
    return np.asarray(result.image[..., :3], np.uint8)


def _scaled(pixels: Bytes, max_side: int) -> Bytes:
    if pixels.ndim == 2 or pixels.shape[2] == 3:
        return shrunk(pixels if pixels.ndim == 3 else pixels[..., None], max_side)
    alpha = pixels[..., 3:].astype(np.float32) / 255  # colours of what is transparent must not come in
    small = shrunk(np.concatenate([pixels[..., :3] * alpha, 255 * alpha], axis=2), max_side)
    cover = np.maximum(small[..., 3:] / 255, 1e-6)
    return np.concatenate([np.clip(small[..., :3] / cover, 0, 255), small[..., 3:]], axis=2).round().astype(np.uint8)
