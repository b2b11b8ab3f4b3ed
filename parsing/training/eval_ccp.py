"""Evaluation on the validation photos of Clothing Co-Parsing: those whose four-digit number ends in 7.

Only the labelled main person counts. Of the people found, the main one is the one whose silhouette has the
largest IoU with the labelled silhouette; everybody else's pixels are background, and so is everything if
nobody overlaps the labelled person.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.draw import draw_overlay
from dressform.parsing.engines.base import Parser
from dressform.parsing.image import load_image
from dressform.parsing.parts import Part
from dressform.parsing.result import Observation, Parse, Person
from dressform.parsing.training.ccp_groups import GROUPS, UNIONS, ccp_body, ccp_groups, part_groups
from dressform.parsing.training.eval_report import Options, SetReport, Table
from dressform.parsing.training.eval_sheets import Case, pair
from dressform.parsing.training.eval_strata import Strata, strata
from dressform.parsing.training.measures import (
    BoundaryCount,
    confusion,
    count_boundary,
    face_error,
    ious,
    joints_hit,
    mean,
    union_iou,
)

__all__ = ["evaluate_ccp", "main_person"]

Counts = npt.NDArray[np.int64]
Codes = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
COLUMNS = 3
_NAMES = tuple(GROUPS)
_JOINTS = {
    "head": slice(0, 5),
    "shoulders": slice(5, 7),
    "elbows": slice(7, 9),
    "wrists": slice(9, 11),
    "hips": slice(11, 13),
    "knees": slice(13, 15),
    "ankles": slice(15, 17),
}


def main_person(parse: Parse, silhouette: Mask) -> tuple[Person | None, float]:
    """The found person whose silhouette has the largest IoU with ``silhouette`` (H, W), and that IoU; None at 0."""
    best: tuple[Person | None, float] = (None, 0.0)
    for person in parse.people:
        own = person.mask("person")
        both = int((own & silhouette).sum())
        overlap = both / max(int((own | silhouette).sum()), 1)
        if overlap > best[1]:
            best = (person, overlap)
    return best


@dataclass(frozen=True, eq=False)
class _Truth:
    path: Path
    groups: Codes
    body: Mask


def _read(data: Path, options: Options) -> Iterator[_Truth]:
    from scipy.io import loadmat

    names = [str(cell[0]) for cell in loadmat(data / "ccp/label_list.mat")["label_list"][0]]
    table, body = ccp_groups(names), ccp_body(names)
    paths = sorted(p for p in (data / "ccp/annotations/pixel-level").glob("*.mat") if int(p.stem) % 10 == 7)
    chosen = options.choose(paths)
    for done, path in enumerate(chosen, 1):
        classes = loadmat(path)["groundtruth"]
        yield _Truth(data / "ccp/photos" / f"{path.stem}.jpg", table[classes], body[classes])
        options.progress("ccp", done, len(chosen))


class _Tally:
    """Counts over all photos."""

    def __init__(self) -> None:
        self.counts = np.zeros((len(GROUPS), len(GROUPS)), np.int64)
        self.body = np.zeros((2, 2), np.int64)
        self.edges = [BoundaryCount() for _ in GROUPS]
        self.body_edge = BoundaryCount()
        self.overlaps: list[float] = []
        self.hits, self.asked = np.zeros((2, 17), np.int64)
        self.faces, self.errors = 0, list[float]()
        self.strata = Strata()

    def add(self, truth: _Truth, person: Person | None, overlap: float) -> Counts:
        """Count one photo; returns its confusion."""
        own = np.zeros(truth.body.shape, np.bool_) if person is None else person.mask("all")
        labels = np.zeros(own.shape, np.uint8) if person is None else person.parse.labels * own
        found = part_groups()[labels]
        body = own & (labels != Part.BAG)
        counts = confusion(truth.groups, found, len(GROUPS))
        self.counts += counts
        self.body += confusion(truth.body.view(np.uint8), body.view(np.uint8), 2)
        for k in range(1, len(GROUPS)):
            self.edges[k] += count_boundary(truth.groups == k, found == k)
        self.body_edge += count_boundary(truth.body, body)
        self.overlaps.append(overlap)
        return counts

    def add_points(self, truth: _Truth, person: Person | None, teacher: Path) -> bool:
        """Compare joints and face with the teacher's, where those lie on the labelled person; whether it has a face."""
        from dressform.parsing.training.build import face_points, read_teacher, teacher_joints

        taught = read_teacher(teacher / "ccp" / f"{truth.path.stem}-0.npz")
        hit, asked = joints_hit(None if person is None else person.keypoints, teacher_joints(taught, truth.body))
        self.hits += hit
        self.asked += asked
        face = face_points(taught, truth.body)
        if np.isnan(face).any():
            return False
        self.faces += 1
        found_face = None if person is None else person.face
        if found_face is not None:
            self.errors.append(face_error(found_face, face))
        return True


def evaluate_ccp(parser: Parser, data: Path, options: Options) -> SetReport | None:
    """Measure on CCP's validation photos; None if they are not there."""
    if not (data / "ccp/annotations/pixel-level").is_dir():
        return None
    tally, cases, seconds = _Tally(), list[Case](), list[float]()
    for truth in _read(data, options):
        image = load_image(truth.path)
        began = time.perf_counter()
        parse = parser.parse(image)
        seconds.append(time.perf_counter() - began)
        person, overlap = main_person(parse, truth.body)
        counts = tally.add(truth, person, overlap)
        score = mean(ious(counts))
        facing = None if options.teacher is None else tally.add_points(truth, person, options.teacher)
        tally.strata.add(strata(image, truth.groups == _NAMES.index("skin"), facing=facing), counts, overlap)
        caption = f"{truth.path.stem}: mIoU {score:.2f}, silhouette {overlap:.2f}, people found: {len(parse)}"
        picture = pair(
            draw_overlay(_as_parse(truth), image, legend=False), draw_overlay(parse, image, legend=False), COLUMNS
        )
        cases.append(Case(truth.path.stem, score, caption, picture))
    about = (
        "Labelled photos whose number ends in 7, at their own resolution, pixels of all photos pooled.",
        "Only the labelled main person counts: the found person whose silhouette overlaps the labelled one most;"
        " other people's pixels are background.",
        "Bags are no part of a silhouette; bags, belts and jewellery are background among the groups.",
        "Boundary F: 3 pixels. Joints: within 0.1 of the torso (middle of the shoulders to middle of the hips).",
        "Face error: mean of 68 points over the distance of the outer eye corners.",
        "By kind of photo: skin by the typology angle of its labelled pixels, which light shifts; no one's origin.",
        "In the pictures a labelled group has the colour of one of its parts; skin is yellow.",
    )
    tables = _tables(tally, with_teacher=options.teacher is not None)
    figures = _figures(tally, with_teacher=options.teacher is not None)
    return SetReport(
        "ccp", about, figures, tables, tuple(cases), "mean IoU of the photo's groups", tuple(seconds), COLUMNS
    )


def _figures(tally: _Tally, *, with_teacher: bool) -> dict[str, float]:
    figures = {"mIoU of 12 groups": mean(ious(tally.counts))}
    for name, groups in UNIONS.items():
        figures[f"IoU {name}"] = union_iou(tally.counts, [_NAMES.index(g) for g in groups])
    figures |= {
        "IoU silhouette": float(ious(tally.body)[1]),
        "IoU silhouette, mean of photos": mean(tally.overlaps),
        "main person found (IoU >= 0.5)": float(np.mean(np.array(tally.overlaps) >= 0.5)),
        "boundary F silhouette": tally.body_edge.f,
        "boundary F, mean of groups": mean(edge.f for edge in tally.edges[1:]),
    }
    if with_teacher:
        errors = np.array(tally.errors)
        figures |= {
            "PCK@0.1 of torso, against the teacher": float(tally.hits.sum() / max(tally.asked.sum(), 1)),
            "face NME, against the teacher": mean(errors),
            "face NME, median": float(np.median(errors)) if len(errors) else float("nan"),
            "faces found of the teacher's": len(errors) / tally.faces if tally.faces else float("nan"),
        }
    return figures


def _tables(tally: _Tally, *, with_teacher: bool) -> tuple[Table, ...]:
    counts, iou = tally.counts, ious(tally.counts)
    labelled = counts.sum(1)
    rows = []
    for k, name in enumerate(_NAMES):
        wrong = counts[k].copy()
        wrong[k] = 0
        lost = f"{_NAMES[int(wrong.argmax())]} {wrong.max() / labelled[k]:.0%}" if wrong.any() else "–"
        share = float(labelled[k] / max(labelled.sum(), 1))
        right = float(counts[k, k] / labelled[k]) if labelled[k] else float("nan")
        rows.append((name, float(iou[k]), right, tally.edges[k].f, share, lost))
    columns = ("group", "IoU", "recall", "boundary F", "share of pixels", "most often taken for")
    groups = Table("Groups", columns, tuple(rows))
    if not with_teacher:
        return groups, tally.strata.table()
    joints = tuple(
        (name, float(tally.hits[at].sum() / max(tally.asked[at].sum(), 1)), int(tally.asked[at].sum()))
        for name, at in _JOINTS.items()
    )
    return groups, tally.strata.table(), Table("Joints against the teacher", ("joints", "PCK@0.1", "number"), joints)


def _as_parse(truth: _Truth) -> Parse:
    """The labels as a result, for a picture: each group in the colour of one of its parts."""
    shown = np.array([min(parts) for _, parts in GROUPS.values()], np.uint8)[truth.groups]
    x, y, w, h = cv2.boundingRect((shown > 0).astype(np.uint8))
    box = (float(x), float(y), float(x + w), float(y + h))
    return Parse(shown, (shown > 0).astype(np.uint16), (Observation(box, 1.0),))
