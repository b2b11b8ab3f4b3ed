"""Reads a result back from the COCO JSON that :mod:`dressform.parsing.formats.coco` writes.

Parts come from the part annotations, everything else from the person annotations; the persons' own masks
are not read, as they are the union of the parts.
"""

from __future__ import annotations

import numpy as np

from dressform.parsing.errors import ParseDataError
from dressform.parsing.formats.coco import CATEGORY_NAMES, PERSON_CATEGORY
from dressform.parsing.formats.fields import Node, parse_json
from dressform.parsing.formats.rle import MAX_PIXELS, check_size, counts_to_runs, unpack
from dressform.parsing.formats.runs import Ints, Runs, fill
from dressform.parsing.result import Floats, Observation, Parse

__all__ = ["decode"]

_MOST_PEOPLE = 65535  # what Parse.instances can tell apart
_FAR = 1e7  # points may lie outside the photo, but not anywhere


def decode(data: bytes) -> Parse:
    """The result that a COCO JSON document holds, without photo and score maps.

    Raises:
        ParseDataError: Not such a document; names the field.
    """
    document = parse_json(data)
    image = document["images"].items(1)[0]
    h, w = image["height"].integer(1, MAX_PIXELS), image["width"].integer(1, MAX_PIXELS)
    check_size(h, w)
    names = {entry["id"].integer(0, 2**31): entry["name"].text() for entry in document["categories"].items()}
    people: dict[int, Observation] = {}
    masks: list[tuple[int, int, Ints, Ints]] = []
    annotations = document["annotations"].items()
    for entry in annotations:
        category, index = _category(entry, names), entry["person"].integer(1, min(len(annotations), _MOST_PEOPLE))
        if category != PERSON_CATEGORY:
            masks.append((category, index, *_runs(entry["segmentation"], h, w)))
        elif index in people:
            entry["person"].fail("one annotation of category 100 per person")
        else:
            people[index] = _observation(entry, h, w)
    if sorted(people) != list(range(1, len(people) + 1)):
        raise ParseDataError("bad field annotations: persons are not numbered 1, 2, 3 and so on")
    if any(index not in people for _, index, _, _ in masks):
        raise ParseDataError("bad field annotations: parts of a person who has no annotation of category 100")
    labels, instances = _maps(masks, h, w)
    engine = document["info"]["engine"].text(100) if document.has("info") and document["info"].has("engine") else ""
    return Parse(labels, instances, tuple(people[k] for k in sorted(people)), engine=engine)


def _category(entry: Node, names: dict[int, str]) -> int:
    number = entry["category_id"].integer(1, PERSON_CATEGORY)
    # Foreign files give these numbers to other things; their names tell.
    if number not in CATEGORY_NAMES or names.get(number) != CATEGORY_NAMES[number]:
        entry["category_id"].fail("a category listed with the name it has in this toolkit")
    return number


def _runs(mask: Node, h: int, w: int) -> tuple[Ints, Ints]:
    size = [item.integer(1, MAX_PIXELS) for item in mask["size"].items(2)]
    if size != [h, w]:
        raise ParseDataError(f"bad field {mask.where}.size", got=size, allowed=f"the photo's, {[h, w]}")
    counts = mask["counts"]
    try:
        return counts_to_runs(unpack(counts.value) if isinstance(counts.value, str) else counts.value, h * w)
    except ParseDataError as error:
        raise ParseDataError(f"bad field {counts.where}: {error.what}", got=error.got, allowed=error.allowed) from None


def _maps(masks: list[tuple[int, int, Ints, Ints]], h: int, w: int) -> tuple[np.ndarray, np.ndarray]:
    lengths = [len(starts) for _, _, starts, _ in masks]
    starts = np.concatenate([np.zeros(0, np.int64), *(starts for _, _, starts, _ in masks)])
    ends = np.concatenate([np.zeros(0, np.int64), *(ends for _, _, _, ends in masks)])
    categories, people = (np.repeat(np.array([mask[k] for mask in masks], np.int64), lengths) for k in (0, 1))
    try:
        labels = fill(Runs(categories, starts, ends), h, w).astype(np.uint8)
        return labels, fill(Runs(people, starts, ends), h, w)
    except ParseDataError as error:
        raise ParseDataError(f"bad field annotations: {error.what}", got=error.got, allowed=error.allowed) from None


def _observation(entry: Node, h: int, w: int) -> Observation:
    x, y, width, height = entry["bbox"].numbers(4, 0, MAX_PIXELS)
    right, bottom = round(x + width, 3), round(y + height, 3)
    if right > w + 0.01 or bottom > h + 0.01:
        entry["bbox"].fail("a box inside the photo")
    box = (min(x, w), min(y, h), min(right, float(w)), min(bottom, float(h)))
    return Observation(box, entry["score"].number(0, 1), None, _keypoints(entry), _face(entry))


def _keypoints(entry: Node) -> Floats | None:
    if not entry.has("keypoints"):
        return None
    points = np.array(entry["keypoints"].numbers(51, -_FAR, _FAR), np.float32).reshape(17, 3)
    if entry.has("keypoint_scores"):
        points[:, 2] = entry["keypoint_scores"].numbers(17, 0, 1)
    else:
        points[:, 2] = np.clip(points[:, 2] / 2, 0, 1)
    return points


def _face(entry: Node) -> Floats | None:
    if not entry.has("face"):
        return None
    return np.array(entry["face"].numbers(140, -_FAR, _FAR), np.float32).reshape(70, 2)
