"""COCO JSON: one annotation per person, with key points, and one per person and visible part.

The document names no photo: ``file_name`` is empty. Boxes and points are rounded to 0.001 px, scores to 1e-6.
Beside COCO's own fields there are ``person`` (1-based, as in ``Parse.instances``), ``score``,
``keypoint_scores`` (17 numbers; COCO's visibility only says 0, 1 or 2) and ``face`` (70 x, y pairs).
A key point of score 0 was not found and stands as 0, 0, 0, as COCO wants it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from dressform.parsing.formats.fields import dump_json
from dressform.parsing.formats.rle import pack, runs_to_counts
from dressform.parsing.formats.runs import Runs, label_runs
from dressform.parsing.parts import Part
from dressform.parsing.result import Parse, Person
from dressform.parsing.scores import Window
from dressform.parsing.windows import own_labels

__all__ = ["CATEGORY_NAMES", "PERSON_CATEGORY", "encode"]

PERSON_CATEGORY = 100
"""``category_id`` of whole people; a part's is its :class:`Part` value."""

CATEGORY_NAMES: dict[int, str] = {part.value: part.slug for part in Part if part} | {PERSON_CATEGORY: "person"}
"""Name of each category, by its number."""

KEYPOINTS = (
    "nose", "left_eye", "right_eye", "left_ear", "right_ear", "left_shoulder", "right_shoulder", "left_elbow",
    "right_elbow", "left_wrist", "right_wrist", "left_hip", "right_hip", "left_knee", "right_knee", "left_ankle",
    "right_ankle",
)  # fmt: skip

SKELETON = (
    (16, 14), (14, 12), (17, 15), (15, 13), (12, 13), (6, 12), (7, 13), (6, 7), (6, 8), (7, 9),
    (8, 10), (9, 11), (2, 3), (1, 2), (1, 3), (2, 4), (3, 5), (4, 6), (5, 7),
)  # fmt: skip


def encode(parse: Parse) -> dict[str, bytes]:
    """``coco.json``."""
    width, height = parse.size
    annotations: list[dict[str, Any]] = []
    for person, window in zip(parse.people, parse.extents, strict=True):
        annotations += _person_annotations(person, window)
    document = {
        "info": {"description": "People and their parts", "version": "1", "engine": parse.engine},
        "images": [{"id": 1, "width": width, "height": height, "file_name": ""}],
        "categories": _categories(),
        "annotations": [{"id": k, "image_id": 1, **found} for k, found in enumerate(annotations, 1)],
    }
    return {"coco.json": dump_json(document)}


def _categories() -> list[dict[str, Any]]:
    person = {"id": PERSON_CATEGORY, "name": "person", "supercategory": "person"}
    points = {"keypoints": KEYPOINTS, "skeleton": SKELETON}
    parts = [
        {"id": part.value, "name": part.slug, "supercategory": "part", "color": part.color} for part in Part if part
    ]
    return [person | points, *parts]


def _person_annotations(person: Person, window: Window | None) -> list[dict[str, Any]]:
    """The person first, then the visible parts by number."""
    width, height = person.parse.size
    runs = Runs(*np.zeros((3, 0), np.int64))
    if window is not None:
        x0, y0, _, _ = window
        runs = label_runs(own_labels(person.parse, person.index, window), x0, y0, height)
    shared = {"person": person.index, "score": _round(person.score, 6), "iscrowd": 0}
    found = [
        {
            "category_id": PERSON_CATEGORY,
            **shared,
            "bbox": _bbox(*person.box),
            **_mask(runs, width, height),
            **_points(person),
        }
    ]
    for part in np.unique(runs.values):
        own = Runs(*(column[runs.values == part] for column in runs))
        x, y = np.divmod(own.starts, height)  # a run stays in its column, see label_runs
        bottom = y + own.ends - own.starts
        box = [int(v) for v in (x.min(), y.min(), x.max() + 1 - x.min(), bottom.max() - y.min())]
        found.append({"category_id": int(part), **shared, "bbox": box, **_mask(own, width, height)})
    return found


def _mask(runs: Runs, width: int, height: int) -> dict[str, Any]:
    counts = pack(runs_to_counts(runs.starts, runs.ends, width * height))
    area = int((runs.ends - runs.starts).sum())
    return {"area": area, "segmentation": {"size": [height, width], "counts": counts}}


def _bbox(x0: float, y0: float, x1: float, y1: float) -> list[float]:
    # Sides are differences of rounded corners: what is loaded and saved again stays the same.
    left, top, right, bottom = (_round(v, 3) for v in (x0, y0, x1, y1))
    return [left, top, _round(right - left, 3), _round(bottom - top, 3)]


def _points(person: Person) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if person.keypoints is not None:
        points: list[float] = []
        scores: list[float] = []
        for x, y, score in person.keypoints.tolist():
            seen = score != 0
            points += [_round(x, 3), _round(y, 3), 2 if score >= 0.5 else 1] if seen else [0, 0, 0]
            scores.append(_round(score, 6) if seen else 0)
        found["num_keypoints"] = sum(visible > 0 for visible in points[2::3])
        found["keypoints"] = points
        found["keypoint_scores"] = scores
    if person.face is not None:
        found["face"] = [_round(v, 3) for v in person.face.ravel().tolist()]
    return found


def _round(value: float, digits: int) -> float:
    return round(float(value), digits) + 0.0  # no negative zero
