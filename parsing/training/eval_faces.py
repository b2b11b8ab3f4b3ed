"""Evaluation of face landmarks on the sample photos of dlib, with the 68 points that come with them.

Those points are the output of dlib's own model in whole pixels, so this measures agreement with another
model, on small faces with a floor of about 0.02, and not truth.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.base import Parser
from dressform.parsing.engines.compact.crops import cut, face_square
from dressform.parsing.image import load_image
from dressform.parsing.result import Parse
from dressform.parsing.training.eval_report import Options, SetReport, Table
from dressform.parsing.training.eval_sheets import Case, pair
from dressform.parsing.training.matching import box_overlaps
from dressform.parsing.training.measures import face_error, mean

__all__ = ["evaluate_faces", "match_faces"]

Floats = npt.NDArray[np.float32]
Image = npt.NDArray[np.uint8]
FILES = ("training_with_face_landmarks.xml", "testing_with_face_landmarks.xml")
LEAST_OVERLAP = 0.3
TILE = 200  # px, a face in the picture sheets
GROUPS = {
    "jaw": range(17),
    "brows": range(17, 27),
    "nose": range(27, 36),
    "eyes": range(36, 48),
    "lips": range(48, 68),
}
_LABELLED, _FOUND = (110, 231, 255), (255, 222, 66)  # colours of points


def _read(folder: Path) -> dict[Path, list[Floats]]:
    """Labelled faces, (68, 2) each, by photo."""
    photos: dict[Path, list[Floats]] = {}
    for name in FILES:
        for entry in ElementTree.parse(folder / name).iter("image"):
            faces = photos.setdefault(folder / entry.attrib["file"], [])
            for box in entry.iter("box"):
                points = sorted(box.iter("part"), key=lambda part: int(part.attrib["name"]))
                at = [(float(p.attrib["x"]), float(p.attrib["y"])) for p in points]
                if len(at) == 68:
                    # Whole numbers are pixels there; here a pixel's centre lies at its half.
                    faces.append(np.array(at, np.float32) + np.float32(0.5))
    return photos


def _bounds(points: Floats) -> npt.NDArray[np.float64]:
    return np.concatenate([points[:68].min(0), points[:68].max(0)]).astype(np.float64)


def match_faces(found: Sequence[Floats], truth: Sequence[Floats]) -> list[int]:
    """For each labelled face (68, 2), which found one (68 or more, 2) is it, or -1.

    Pairs by the IoU of the points' bounds, the largest first, at least 0.3.
    """
    partner = [-1] * len(truth)
    if not found or not truth:
        return partner
    overlap = box_overlaps(np.array([_bounds(f) for f in found]), np.array([_bounds(t) for t in truth]))
    while overlap.max() >= LEAST_OVERLAP:
        k, j = divmod(int(overlap.argmax()), len(truth))
        partner[j] = k
        overlap[k], overlap[:, j] = -1, -1
    return partner


def evaluate_faces(parser: Parser, data: Path, options: Options) -> SetReport | None:
    """Measure on dlib's sample photos; None if they are not there."""
    folder = data / "demo-photos/dlib-faces"
    if not all((folder / name).is_file() for name in FILES):
        return None
    labelled = _read(folder)
    paths = options.choose(sorted(labelled))
    errors, missed, people = list[float](), 0, 0
    by_group: dict[str, list[float]] = {name: [] for name in GROUPS}
    cases, seconds = list[Case](), list[float]()
    for done, path in enumerate(paths, 1):
        image, truth = load_image(path), labelled[path]
        began = time.perf_counter()
        parse = parser.parse(image)
        seconds.append(time.perf_counter() - began)
        found = [face for face in (person.face for person in parse.people) if face is not None]
        partner = match_faces(found, truth)
        own = [face_error(found[k], t) for k, t in zip(partner, truth, strict=True) if k >= 0]
        for k, points in zip(partner, truth, strict=True):
            if k >= 0:
                _add_groups(by_group, found[k], points)
        errors += own
        missed += partner.count(-1)
        people += len(parse)
        # A face that is not found counts like one whose points are off by half the eyes' distance.
        score = 1 - mean([min(e, 0.5) for e in own] + [0.5] * partner.count(-1)) / 0.5
        error = f"{mean(own):.3f}" if own else "none"
        caption = f"{path.stem}: {len(own)}/{len(truth)} faces, {len(parse)} people, NME {error}"
        cases.append(Case(path.stem, score, caption, _picture(image, parse, truth, found)))
        options.progress("dlib-faces", done, len(paths))
    figures = {
        "faces found": len(errors) / max(len(errors) + missed, 1),
        "NME": mean(errors),
        "NME, median": float(np.median(errors)) if errors else float("nan"),
        "share of NME below 0.08": float(np.mean(np.array(errors) < 0.08)) if errors else float("nan"),
    }
    about = (
        "Mean distance of 68 points over the distance of the outer eye corners, of the faces found.",
        f"{len(errors) + missed} faces labelled, {people} people found; a face is found where the bounds of its"
        " points overlap by 0.3 or more.",
        "The labels are another model's output in whole pixels: this is agreement, with a floor of about 0.02.",
        "In the pictures labelled points are blue, found ones yellow.",
    )
    table = Table("Points", ("points", "NME"), tuple((name, mean(rows)) for name, rows in by_group.items()))
    name = "error of the points, missed faces included"
    return SetReport("dlib-faces", about, figures, (table,), tuple(cases), name, tuple(seconds), legend=False)


def _add_groups(by_group: dict[str, list[float]], found: Floats, truth: Floats) -> None:
    between = float(np.linalg.norm(truth[36] - truth[45]))
    distance = np.linalg.norm(found[:68] - truth, axis=1) / max(between, 1e-6)
    for name, points in GROUPS.items():
        by_group[name].append(float(distance[list(points)].mean()))


def _picture(image: Image, parse: Parse, truth: Sequence[Floats], found: Sequence[Floats]) -> Image:
    """The photo with the people found, beside each labelled face with the points labelled and found."""
    photo: Image = image.copy()
    for person in parse.people:
        x0, y0, x1, y1 = person.window
        cv2.rectangle(photo, (x0, y0), (x1 - 1, y1 - 1), (255, 255, 255), 2)
    scale = 2 * TILE / len(photo)
    size = (round(photo.shape[1] * scale), 2 * TILE)
    photo = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
    tiles = np.zeros((2 * TILE, -(-len(truth) // 2) * TILE, 3), np.uint8)
    for k, points in enumerate(truth):
        crop = cut(image, face_square(points), (TILE, TILE), grow=1.6)
        tile = crop.image.copy()
        for faces, color in ((truth, _LABELLED), (found, _FOUND)):
            for face in faces:
                _dot(tile, face @ crop.matrix[:, :2].T + crop.matrix[:, 2], color)
        x, y = k // 2 * TILE, k % 2 * TILE
        tiles[y : y + TILE, x : x + TILE] = tile
    return pair(photo, tiles, 2)


def _dot(picture: Image, points: npt.NDArray[np.float64], color: tuple[int, int, int]) -> None:
    for x, y in points:
        if max(abs(x), abs(y)) < 4 * TILE:
            cv2.circle(picture, (round(float(x) * 16), round(float(y) * 16)), 24, color, -1, cv2.LINE_AA, 4)
