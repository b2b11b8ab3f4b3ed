"""Evaluation of parts on CIHP's photos for measuring, which nothing here was trained on (Gong et al., ECCV 2018).

The photos are squashed to 416 × 320 and used as they are. CIHP has no bags: found bags count as background.
"""

from __future__ import annotations

import time
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.draw import draw_overlay
from dressform.parsing.engines.base import Parser
from dressform.parsing.image import load_image
from dressform.parsing.parts import REGIONS, Part
from dressform.parsing.result import Observation, Parse
from dressform.parsing.training.eval_report import Options, SetReport, Table
from dressform.parsing.training.eval_sheets import Case, pair
from dressform.parsing.training.measures import confusion, ious, mean, merge, union_iou

__all__ = ["cihp_labels", "evaluate_cihp"]

Codes = npt.NDArray[np.uint8]
CLASSES = 20
SHOWN = ("person", "hair", "face", "skin", "upper", "lower", "dress", "shoes")
# Left and right taken as one tell whether a class or only its side is wrong.
_SIDES = (Part.LEFT_ARM, Part.LEFT_LEG, Part.LEFT_SHOE)


def cihp_labels(labels: Codes) -> Codes:
    """(H, W) parts as CIHP's 20 classes."""
    return np.where(labels == Part.BAG, np.uint8(Part.BACKGROUND), labels)


def evaluate_cihp(parser: Parser, data: Path, options: Options) -> SetReport | None:
    """Measure on CIHP's photos for measuring; None if they are not there."""
    paths = options.choose(sorted((data / "cihp-dev/images").glob("*.png")))
    if not paths:
        return None
    counts = np.zeros((CLASSES, CLASSES), np.int64)
    cases, seconds = list[Case](), list[float]()
    for done, path in enumerate(paths, 1):
        truth = cv2.imread(str(data / "cihp-dev/labels" / path.name), cv2.IMREAD_GRAYSCALE)
        assert truth is not None
        image = load_image(path)
        began = time.perf_counter()
        parse = parser.parse(image)
        seconds.append(time.perf_counter() - began)
        own = confusion(np.asarray(truth, np.uint8), cihp_labels(parse.labels), CLASSES)
        counts += own
        score = mean(ious(own))
        caption = (
            f"{path.stem}: mIoU {score:.2f}, person {union_iou(own, range(1, CLASSES)):.2f}, people found: {len(parse)}"
        )
        labelled = draw_overlay(_as_parse(np.asarray(truth, np.uint8)), image, legend=False)
        cases.append(Case(path.stem, score, caption, pair(labelled, draw_overlay(parse, image, legend=False), 2)))
        options.progress("cihp-dev", done, len(paths))
    about = (
        "Pixels of all photos pooled; unlabelled pixels are left out; found bags count as background.",
        "The photos' aspect is squashed, and they are used as they are.",
    )
    figures = {
        "mIoU of 20 classes": mean(ious(counts)),
        "mIoU, left and right as one": mean(ious(merge(counts, _pairs()))),
    }
    figures |= {f"IoU {name}": union_iou(counts, (p for p in REGIONS[name] if p < CLASSES)) for name in SHOWN}
    iou, labelled_pixels = ious(counts), counts.sum(1)
    rows = tuple(
        (Part(k).title, float(iou[k]), _recall(counts, k), float(labelled_pixels[k] / labelled_pixels.sum()))
        for k in range(CLASSES)
    )
    table = Table("Classes", ("class", "IoU", "recall", "share of pixels"), rows)
    return SetReport("cihp-dev", about, figures, (table,), tuple(cases), "mean IoU of the photo", tuple(seconds))


def _recall(counts: npt.NDArray[np.int64], k: int) -> float:
    labelled = int(counts[k].sum())
    return float(counts[k, k] / labelled) if labelled else float("nan")


def _pairs() -> list[list[int]]:
    """Groups of classes: left and right of one kind together, the others alone."""
    right = {int(side) + 1 for side in _SIDES}
    return [[k, k + 1] if k in _SIDES else [k] for k in range(CLASSES) if k not in right]


def _as_parse(truth: Codes) -> Parse:
    """The labels as a result, for a picture; who is who is not told."""
    labels = np.where(truth < CLASSES, truth, np.uint8(0))
    box = (0.0, 0.0, float(truth.shape[1]), float(truth.shape[0]))
    return Parse(labels, (labels > 0).astype(np.uint16), (Observation(box, 1.0),))
