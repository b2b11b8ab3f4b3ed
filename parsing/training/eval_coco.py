"""Evaluation of who is found, on the crowded COCO photos kept for measuring: people of 64 pixels and more.

Crowd regions and smaller people count neither as missed nor, where one is found, as false; the same holds
for a found person of less than 64 pixels who is nobody labelled.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.draw import draw_overlay
from dressform.parsing.engines.base import Parser
from dressform.parsing.image import load_image
from dressform.parsing.parts import Part
from dressform.parsing.result import Observation, Parse
from dressform.parsing.training.eval_report import Options, SetReport, Table
from dressform.parsing.training.eval_sheets import Case, pair
from dressform.parsing.training.matching import Matches, Verdict, average_precision, box_overlaps, match_people
from dressform.parsing.training.measures import mean, object_keypoint_similarity

__all__ = ["evaluate_coco", "mask_overlaps"]

Mask = npt.NDArray[np.bool_]
MIN_HEIGHT = 64.0
BINS = ((0, 32), (32, 64), (64, 128), (128, 256), (256, 100_000))


@dataclass(frozen=True, eq=False)
class _Truth:
    """Labelled people of one photo: boxes (m, 4), masks, joints (m, 17, 3); and the crowd's pixels (H, W)."""

    boxes: npt.NDArray[np.float64]
    masks: tuple[Mask, ...]
    joints: npt.NDArray[np.float32]
    crowd: Mask

    @property
    def counted(self) -> Mask:
        return self.boxes[:, 3] - self.boxes[:, 1] >= MIN_HEIGHT


def mask_overlaps(parse: Parse, masks: tuple[Mask, ...]) -> npt.NDArray[np.float64]:
    """(found, labelled) IoU of the people's silhouettes, without bags, and (H, W) masks."""
    body = np.where(parse.labels == Part.BAG, 0, parse.instances)
    areas = np.bincount(body.ravel(), minlength=len(parse) + 1)[1:]
    overlap = np.zeros((len(parse), len(masks)))
    for k, mask in enumerate(masks):
        both = np.bincount(body[mask], minlength=len(parse) + 1)[1:]
        overlap[:, k] = both / np.maximum(areas + int(mask.sum()) - both, 1)
    return overlap


def _read(annotations: list[dict[str, Any]], height: int, width: int) -> _Truth:
    from dressform.parsing.training.build import polygon_mask

    people = [a for a in annotations if not a["iscrowd"]]
    boxes = np.array([a["bbox"] for a in people], np.float64).reshape(-1, 4)
    boxes[:, 2:] += boxes[:, :2]
    crowd = np.zeros((height, width), np.bool_)
    for a in annotations:
        if a["iscrowd"]:
            crowd |= polygon_mask(a["segmentation"], height, width)
    masks = tuple(polygon_mask(a["segmentation"], height, width) for a in people)
    joints = np.array([a.get("keypoints", [0] * 51) for a in people], np.float32).reshape(-1, 17, 3)
    return _Truth(boxes, masks, joints, crowd)


class _Tally:
    """What all photos add up to."""

    def __init__(self) -> None:
        self.scores, self.verdicts = list[float](), list[int]()
        self.mask_verdicts = list[int]()
        self.silhouettes, self.keypoints = list[float](), list[float]()
        self.asked = 0
        self.heights: list[tuple[float, bool]] = []

    def add(self, parse: Parse, truth: _Truth) -> float:
        """Count one photo; returns its quality: hits' summed IoU over hits + half of the false and the missed."""
        boxes = np.array([p.box for p in parse.people], np.float64).reshape(-1, 4)
        scores = np.array([p.score for p in parse.people], np.float64)
        masks = mask_overlaps(parse, truth.masks)
        excused = (boxes[:, 3] - boxes[:, 1] < MIN_HEIGHT) | _in_crowd(parse, truth.crowd)
        found = match_people(box_overlaps(boxes, truth.boxes), scores, truth.counted, excused)
        by_mask = match_people(masks, scores, truth.counted, excused)
        self.scores += scores.tolist()
        self.verdicts += found.verdict.tolist()
        self.mask_verdicts += by_mask.verdict.tolist()
        self.asked += int(truth.counted.sum())
        reached = set(found.partner.tolist())
        tall = truth.boxes[:, 3] - truth.boxes[:, 1]
        self.heights += [(float(h), k in reached) for k, h in enumerate(tall)]
        self._add_matched(parse, truth, found, masks)
        return _quality(found, masks, int(truth.counted.sum()))

    def _add_matched(self, parse: Parse, truth: _Truth, found: Matches, masks: npt.NDArray[np.float64]) -> None:
        for k in np.flatnonzero(found.verdict == Verdict.HIT):
            partner = int(found.partner[k])
            self.silhouettes.append(float(masks[k, partner]))
            joints = parse.people[k].keypoints
            if joints is not None:
                area = float(truth.masks[partner].sum())
                self.keypoints.append(object_keypoint_similarity(joints, truth.joints[partner], area))

    def rates(self, least: float = 0.0) -> tuple[float, float]:
        """Recall and precision of people whose score is at least ``least``."""
        kept = np.array(self.verdicts)[np.array(self.scores) >= least] if self.scores else np.zeros(0)
        hits, false = int((kept == Verdict.HIT).sum()), int((kept == Verdict.FALSE).sum())
        nan = float("nan")
        return hits / self.asked if self.asked else nan, hits / (hits + false) if hits + false else nan


def _in_crowd(parse: Parse, crowd: Mask) -> Mask:
    """(found,) bool: at least half of the person's pixels lie in the crowd."""
    areas = np.bincount(parse.instances.ravel(), minlength=len(parse) + 1)[1:]
    inside = np.bincount(parse.instances[crowd], minlength=len(parse) + 1)[1:]
    return np.asarray(2 * inside >= np.maximum(areas, 1), np.bool_)


def _quality(found: Matches, masks: npt.NDArray[np.float64], asked: int) -> float:
    """Panoptic quality of one class (Kirillov et al., CVPR 2019) with matches by box; 1 where nobody is."""
    hits = np.flatnonzero(found.verdict == Verdict.HIT)
    false = int((found.verdict == Verdict.FALSE).sum())
    below = len(hits) + (false + asked - len(hits)) / 2
    return float(masks[hits, found.partner[hits]].sum() / below) if below else 1.0


def evaluate_coco(parser: Parser, data: Path, options: Options) -> SetReport | None:
    """Measure on the COCO photos for measuring; None if they are not there."""
    source = data / "coco-dev/instances.json"
    if not source.is_file():
        return None
    coco = json.loads(source.read_text())
    ids = {entry["file_name"]: entry["id"] for entry in coco["images"]}
    paths = options.choose(sorted(data / "coco-dev/images" / name for name in ids))
    tally, cases, seconds = _Tally(), list[Case](), list[float]()
    for done, path in enumerate(paths, 1):
        image = load_image(path)
        began = time.perf_counter()
        parse = parser.parse(image)
        seconds.append(time.perf_counter() - began)
        own = [a for a in coco["annotations"] if a["image_id"] == ids[path.name]]
        truth = _read(own, *image.shape[:2])
        score = tally.add(parse, truth)
        caption = f"{ids[path.name]}: quality {score:.2f}, {int(truth.counted.sum())} people, {len(parse)} found"
        labelled = draw_overlay(_as_parse(truth, image.shape[:2]), image, opacity=0.35, legend=False)
        picture = pair(labelled, draw_overlay(parse, image, opacity=0.35, legend=False), 2)
        cases.append(Case(path.stem, score, caption, picture))
        options.progress("coco-dev", done, len(paths))
    about = (
        "People at least 64 pixels tall; a hit has a box IoU of 0.5 or more, the surest first.",
        "Crowds and smaller people are neither missed nor false.",
        "AP: area below the curve of what the engine returns; its own score threshold cuts the curve short.",
        "Silhouettes and joints (OKS) are those of the hits; the polygons are coarse.",
        "In the pictures people asked for are blue, crowds and small people grey.",
    )
    name = "quality, the summed IoU of hits over hits and half of the false and the missed"
    return SetReport(
        "coco-dev", about, _figures(tally), _tables(tally), tuple(cases), name, tuple(seconds), legend=False
    )


def _figures(tally: _Tally) -> dict[str, float]:
    recall, precision = tally.rates()
    scores = np.array(tally.scores)
    return {
        "recall": recall,
        "precision": precision,
        "AP50 of boxes": average_precision(scores, np.array(tally.verdicts, np.int8), tally.asked),
        "AP50 of silhouettes": average_precision(scores, np.array(tally.mask_verdicts, np.int8), tally.asked),
        "silhouette IoU, mean of hits": mean(tally.silhouettes),
        "OKS, mean of hits": mean(tally.keypoints),
    }


def _tables(tally: _Tally) -> tuple[Table, ...]:
    bins = []
    for low, high in BINS:
        own = [hit for height, hit in tally.heights if low <= height < high]
        title = f"{low} to {high} px" if high < BINS[-1][1] else f"{low} px and more"
        bins.append((title, float(np.mean(own)) if own else float("nan"), len(own)))
    heights = Table("People found by height", ("height", "recall", "people"), tuple(bins))
    levels = tuple((f"{least:.1f}", *tally.rates(least)) for least in (0.3, 0.4, 0.5, 0.6, 0.7))
    return heights, Table("By least score", ("score", "recall", "precision"), levels)


def _as_parse(truth: _Truth, shape: tuple[int, ...]) -> Parse:
    """The labelled people as a result, for a picture: those asked for blue, small ones and crowds grey."""
    labels, instances = np.zeros(shape, np.uint8), np.zeros(shape, np.uint16)
    masks = [*zip(truth.masks, truth.counted, strict=True), (truth.crowd, False)]
    observations = []
    for index, (mask, counted) in enumerate((row for row in masks if row[0].any()), 1):
        labels[mask] = Part.UPPER_CLOTHES if counted else Part.BAG
        instances[mask] = index
        x, y, w, h = cv2.boundingRect(mask.astype(np.uint8))
        observations.append(Observation((float(x), float(y), float(x + w), float(y + h)), 1.0))
    return Parse(labels, instances, tuple(observations))
