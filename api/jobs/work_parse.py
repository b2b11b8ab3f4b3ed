"""Parsing as work: documents with masks, pictures, archives."""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import replace
from importlib.metadata import version
from typing import Any

import cv2
import numpy as np

from dressform.api.jobs.archive import zipped
from dressform.api.jobs.engine import Canceled, Progress
from dressform.api.jobs.shelf import Shelf
from dressform.api.jobs.task import Output, Task
from dressform.api.problems import Problem, from_error
from dressform.parsing import Parse, Part, Person
from dressform.parsing.draw import draw_overlay
from dressform.parsing.formats import encode, encode_files
from dressform.parsing.formats.coco import PERSON_CATEGORY
from dressform.parsing.windows import parts_in
from dressform.tryon.shape.regions import available_regions

__all__ = ["batch", "document", "dump", "legend", "parse", "picked", "png"]

JSON = "application/json"


def parse(shelf: Shelf, task: Task, progress: Progress) -> Output:
    """One photo in the form that was asked for."""
    progress(0.05, "parsing")
    found = shelf.parse(task.photo_key, task.inputs.get("photo"))
    progress(0.8, "encoding")
    options = task.options
    facts = facts_of(found)
    form = options["format"]
    if form == "json":
        return Output(dump(document(found, task.photo_key, options)), JSON, facts=facts)
    if form == "coco":
        return Output(encode(_without(found, options), "coco")["coco.json"], JSON, "photo.coco.json", facts)
    if form == "svg":
        return Output(next(iter(encode(found, "svg").values())), "image/svg+xml", "photo.svg", facts)
    if form == "zip":
        files = encode_files(found, options["formats"] or ("labels", "overlay", "coco"), "photo")
        return Output(zipped({k: v for each in files.values() for k, v in each.items()}), "application/zip",
                      "photo.zip", facts)  # fmt: skip
    return Output(_view(found, options["view"], options["person"]), "image/png", f"photo.{options['view']}.png", facts)


def batch(shelf: Shelf, task: Task, progress: Progress) -> Output:
    """Several photos, each with its own status."""
    items: list[dict[str, Any]] = []
    photos = [data for name, data in sorted(task.inputs.items()) if name.startswith("photo")]
    keys: Sequence[str] = task.options["photo_keys"]
    people = pixels = 0
    for index, (key, data) in enumerate(zip(keys, photos, strict=True)):
        progress(index / len(photos), f"photo {index + 1}")
        try:
            found = shelf.parse(key, data)
            row: dict[str, Any] = {"status": 200, "result": document(found, key, task.options)}
            people, pixels = people + len(found), pixels + found.labels.size
        except Canceled:
            raise
        except Exception as error:  # one bad photo does not spoil the others
            problem = from_error(error)
            row = {"status": problem.status, "problem": problem.to_dict()}
        items.append({"index": index, **row})
    return Output(dump({"items": items}), JSON, facts={"people": people, "pixels": pixels})


def document(found: Parse, key: str, options: Any) -> dict[str, Any]:
    """Everybody and their parts, for JSON; the same for the same photo and options."""
    rows = json.loads(encode(_without(found, options), "coco")["coco.json"])["annotations"]
    rings = _rings(found) if options["masks"] == "polygon" else {}
    people: list[dict[str, Any]] = []
    for row in rows:
        person = found.people[row["person"] - 1]
        if row["category_id"] == PERSON_CATEGORY:
            people.append(_person(person, row))
            continue
        part = Part(row["category_id"])
        one = {"id": part.value, "name": part.slug, "box": row["bbox"], "area": row["area"]}
        if options["masks"] == "rle":
            one["mask"] = row["segmentation"]
        elif options["masks"] == "polygon":
            size = row["segmentation"]["size"]
            one["mask"] = {"size": size, "polygons": rings.get((person.index, part.slug), [])}
        elif options["masks"] == "png":
            one["mask"] = _png_mask(person, part, row)
        people[-1]["parts"].append(one)
    return {
        "key": key,
        "size": list(found.size),
        "engine": found.engine,
        "version": version("dressform"),
        "legend": legend(parts_in(found.labels)),
        "people": people,
    }


def legend(parts: Sequence[Part]) -> list[dict[str, Any]]:
    """Names and colours of parts."""
    return [
        {"id": part.value, "name": part.slug, "title": part.title, "title_zh": part.title_zh,
         "color": "#" + "".join(f"{channel:02x}" for channel in part.color)}
        for part in parts
    ]  # fmt: skip


def picked(found: Parse, number: int) -> Person:
    """A person by number.

    Raises:
        Problem: Nobody is in the photo, or no such person.
    """
    if not len(found):
        remedy = "take a photo that shows people larger"
        raise Problem("no-person-found", "nobody was found in the photo", remedy)
    if not 1 <= number <= len(found):
        raise Problem("no-such-person", f"there is no person {number}", allowed=f"1 to {len(found)}, from the left")
    return found.people[number - 1]


def facts_of(found: Parse) -> dict[str, int]:
    """Numbers for the log."""
    return {"pixels": int(found.labels.size), "people": len(found)}


def dump(value: object) -> bytes:
    """Compact JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def png(pixels: Any) -> bytes:
    """A PNG of (h, w), (h, w, 3) RGB or (h, w, 4) RGBA uint8."""
    if pixels.ndim == 3:
        pixels = cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR if pixels.shape[2] == 3 else cv2.COLOR_RGBA2BGRA)
    _, data = cv2.imencode(".png", np.ascontiguousarray(pixels), [cv2.IMWRITE_PNG_COMPRESSION, 3])
    return data.tobytes()


def _without(found: Parse, options: Any) -> Parse:
    """The parse, without landmarks unless they are wanted."""
    return found if options["landmarks"] else replace(found, landmarker=None)


def _person(person: Person, row: dict[str, Any]) -> dict[str, Any]:
    points, scores, face = row.get("keypoints"), row.get("keypoint_scores", []), row.get("face")
    x0, y0, w, h = row["bbox"]
    return {
        "person": person.index,
        "score": row["score"],
        "box": [x0, y0, round(x0 + w, 3), round(y0 + h, 3)],
        "regions": list(available_regions(person)),
        "parts": [],
        "keypoints": points and [[points[3 * k], points[3 * k + 1], scores[k]] for k in range(17)],
        "face": face and [face[k : k + 2] for k in range(0, len(face), 2)],
    }


def _rings(found: Parse) -> dict[tuple[int, str], list[list[int]]]:
    """Outlines of every part, each ring a flat list of x, y."""
    rings: dict[tuple[int, str], list[list[int]]] = {}
    for person in json.loads(encode(found, "polygons")["polygons.json"])["people"]:
        for part in person["parts"]:
            flat = [[v for point in ring for v in point] for polygon in part["polygons"] for ring in polygon]
            rings.setdefault((person["person"], part["part"]), []).extend(flat)
    return rings


def _png_mask(person: Person, part: Part, row: dict[str, Any]) -> dict[str, Any]:
    x, y, w, h = row["bbox"]
    own = person.own((x, y, x + w, y + h), part)
    data = base64.b64encode(png(np.where(own, np.uint8(255), np.uint8(0)))).decode()
    return {"size": row["segmentation"]["size"], "offset": [x, y], "png": data}


def _view(found: Parse, view: str, person: int) -> bytes:
    if view == "overlay":
        return png(draw_overlay(found, legend=False))
    if view == "cutout":
        index = picked(found, person).index
        return list(encode(found, "cutouts").values())[index - 1]
    return encode(found, view)[f"{view}.png"]
