"""Try-on as work: garments prepared once, draped with one cloth after the other."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dressform.api.jobs.archive import zipped
from dressform.api.jobs.cloths import PICTURES, cloth_of, look_of, notes_of
from dressform.api.jobs.engine import Progress
from dressform.api.jobs.shelf import Prepared, Shelf, shrunk, stage_cost
from dressform.api.jobs.task import Output, Task
from dressform.api.jobs.work_parse import JSON, dump, facts_of, picked, png
from dressform.api.problems import Problem
from dressform.parsing import OptionError, Parse, Person
from dressform.tryon.light import to_srgb
from dressform.tryon.photo.photo import read_photo
from dressform.tryon.result import Result
from dressform.tryon.shape.regions import available_regions
from dressform.tryon.stage import Stage, prepare

__all__ = ["drape", "stage", "stage_document", "try_on"]

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


def try_on(shelf: Shelf, task: Task, progress: Progress) -> Output:
    """A photo with another garment, in one go."""
    options = task.options
    progress(0.05, "parsing")
    found = shelf.parse(task.photo_key, task.inputs.get("photo"))
    person = _wearer(found, options["person"], options["region"])
    progress(0.4, "measuring")
    name = f"{task.photo_key}/{person.index}/{options['region']}/{options['seam']}/{options['bend']}"
    with shelf.alone(f"stage {name}"):
        kept = shelf.stages.get(name)
        made = kept.stage if kept is not None else _prepared(found, person, options)
        if kept is None and shelf.keeps:
            shelf.stages.put(name, Prepared(made, task.owner), stage_cost(made))
    progress(0.7, "draping")
    return _draped(made, task, progress, len(found))


def stage(shelf: Shelf, task: Task, progress: Progress) -> Output:
    """A garment made ready; it stays on the shelf for a while."""
    options = task.options
    progress(0.05, "parsing")
    found = shelf.parse(task.photo_key, task.inputs.get("photo"), max_side=options["max_side"])
    person = _wearer(found, options["person"], options["region"])
    progress(0.4, "measuring")
    made = _prepared(found, person, options)
    stage_id = secrets.token_urlsafe(18)
    if not shelf.stages.put(stage_id, Prepared(made, task.owner), stage_cost(made)):
        remedy = "ask for a smaller one with 'max_side'"
        raise Problem("cannot-do", "this garment needs more memory than stages may take", remedy)
    body = dump(stage_document(stage_id, made, options["seconds"]))
    return Output(body, JSON, facts=facts_of(found), status=201, location=f"/v1/stages/{stage_id}")


def drape(shelf: Shelf, task: Task, progress: Progress) -> Output:
    """A prepared garment with another cloth."""
    kept = shelf.stages.get(task.options["stage"])
    if kept is None or kept.owner != task.owner:
        raise Problem("expired", "this stage is not kept any more", "prepare the garment again")
    progress(0.1, "draping")
    return _draped(kept.stage, task, progress, 1)


def stage_document(stage_id: str, made: Stage, seconds: float) -> dict[str, Any]:
    """What is said of a stage."""
    inks = np.rint(255 * to_srgb(np.clip(made.inks, 0, 1))).astype(int).tolist()
    return {
        "id": stage_id,
        "person": made.person,
        "region": made.region,
        "size": list(made.photo.size),
        "window": list(made.window),
        "original": "printed" if len(inks) > 1 else "plain",
        "inks": ["#" + "".join(f"{channel:02x}" for channel in ink) for ink in inks],
        "pixels_per_cm": round(made.scale.pixels_per_cm, 3),
        "expires_in": round(seconds),
    }


def _wearer(found: Parse, number: int | None, region: str) -> Person:
    """Who is meant.

    Raises:
        Problem: Nobody is in the photo, no such person, nobody wears it, or several do.
    """
    person = picked(found, number or 1)
    if number is not None:
        return person
    there = {one.index: available_regions(one) for one in found.people}
    wear = [index for index, names in there.items() if region in names]
    listed = "; ".join(f"{index}: {', '.join(names) or 'nothing'}" for index, names in list(there.items())[:12])
    if not wear:
        raise Problem("no-such-garment", f"nobody in the photo has {region!r}", allowed=listed)
    if len(wear) > 1:
        raise Problem("bad-parameter", f"{len(wear)} people have {region!r}", "choose one with 'person'", listed)
    return found.people[wear[0] - 1]


def _prepared(found: Parse, person: Person, options: Mapping[str, Any]) -> Stage:
    assert found.image is not None
    photo = read_photo(found.image, max_pixels=found.labels.size)  # pixels alone: no metadata can come out again
    try:
        return prepare(photo, found, person, options["region"], seam=options["seam"], bend=options["bend"])
    except OptionError as error:
        allowed = ", ".join(available_regions(person)) or "nothing that is large enough"
        detail = f"{error.what}: {options['region']} of person {person.index}"
        raise Problem("no-such-garment", detail, error.remedy, allowed) from None


def _draped(made: Stage, task: Task, progress: Progress, people: int) -> Output:
    options = task.options
    cloth = cloth_of(options, {name: task.inputs[name] for name in PICTURES if name in task.inputs})
    result = made.drape(cloth, **vars(look_of(options)))
    progress(0.85, "encoding")
    width, height = made.photo.size
    facts = {"pixels": width * height, "people": people}
    form = options["format"]
    if form == "json":
        kind = options["picture"]
        picture = Output(_encoded(result, options, kind), _TYPES[kind], f"try-on.{kind}")
        key = hashlib.sha256(f"{task.key} picture".encode()).hexdigest()
        document = {**_report(result, cloth), "picture": {"href": f"/v1/results/{key}", "type": _TYPES[kind]}}
        return Output(dump(document), JSON, facts=facts, parts={key: picture})
    if form == "zip":
        files = {
            "picture.png": _encoded(result, {**options, "view": "picture"}, "png"),
            "layer.png": _encoded(result, {**options, "view": "layer"}, "png"),
            "mask.png": _encoded(result, {**options, "view": "mask"}, "png"),
            "report.json": dump(_report(result, cloth)),
        }
        return Output(zipped(files), "application/zip", "try-on.zip", facts)
    return Output(_encoded(result, options, form), _TYPES[form], f"try-on.{form}", facts)


def _report(result: Result, cloth: Any) -> dict[str, Any]:
    notes = [note for report in result.reports for note in report.notes]
    garments = [report.to_dict() for report in result.reports]
    size = list(result.before.size)
    return {"size": size, "garments": garments, "notes": list(dict.fromkeys((*notes_of(cloth), *notes)))}


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
