"""Measures of the evaluation on cases worked out by hand."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dressform.parsing import Parse, Part
from dressform.parsing.result import Observation
from dressform.parsing.training.ccp_groups import GROUPS, ccp_body, ccp_groups, part_groups
from dressform.parsing.training.eval_ccp import main_person
from dressform.parsing.training.eval_cihp import evaluate_cihp
from dressform.parsing.training.eval_coco import mask_overlaps
from dressform.parsing.training.eval_faces import match_faces
from dressform.parsing.training.eval_report import Options
from dressform.parsing.training.evaluate import SETS, evaluate, main
from dressform.parsing.training.matching import Verdict, average_precision, box_overlaps, match_people
from dressform.parsing.training.measures import (
    BoundaryCount,
    confusion,
    count_boundary,
    face_error,
    ious,
    joints_hit,
    mean,
    merge,
    object_keypoint_similarity,
    torso_length,
    union_iou,
)
from dressform.parsing.training.targets import CCP_NAMES

HIT, FALSE, IGNORED = Verdict.HIT, Verdict.FALSE, Verdict.IGNORED


def codes(*rows: list[int]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.array(rows, np.uint8)


def test_confusion_has_labels_in_rows_and_leaves_unknown_pixels_out() -> None:
    counts = confusion(codes([0, 0, 1, 1], [2, 2, 255, 3]), codes([0, 1, 1, 1], [2, 0, 0, 2]), 3)
    assert counts.tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 1]]
    assert counts.dtype == np.int64


def test_iou_by_class() -> None:
    found = ious(np.array([[1, 1, 0, 0], [0, 2, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]))
    assert found[:3].tolist() == pytest.approx([1 / 3, 2 / 3, 1 / 2])
    assert np.isnan(found[3]), "neither labelled nor found: nothing to say"


def test_a_class_that_is_only_found_counts_as_zero() -> None:
    assert ious(np.array([[3, 1], [0, 0]])).tolist() == [0.75, 0]


def test_union_of_classes_forgives_confusion_between_them() -> None:
    counts = np.array([[4, 1, 0], [0, 2, 3], [1, 2, 0]])
    assert union_iou(counts, [1, 2]) == pytest.approx(7 / (5 + 3 + 1 + 0))
    assert union_iou(counts, [1, 1]) == pytest.approx(float(ious(counts)[1]))
    assert np.isnan(union_iou(np.zeros((3, 3), np.int64), [1, 2]))


def test_merging_classes_adds_their_rows_and_columns() -> None:
    counts = np.arange(9).reshape(3, 3)
    assert merge(counts, [[0], [1, 2]]).tolist() == [[0, 3], [9, 24]]
    with pytest.raises(ValueError, match="exactly one group"):
        merge(counts, [[0], [1]])


def test_mean_leaves_nan_out() -> None:
    assert mean([1.0, float("nan"), 3.0]) == 2
    assert np.isnan(mean([]))


def test_boundary_of_a_shifted_square() -> None:
    truth, found = np.zeros((2, 40, 60), np.bool_)
    truth[10:20, 10:20], found[10:20, 14:24] = True, True
    assert count_boundary(truth, truth) == BoundaryCount(36, 36, 36, 36)
    near = count_boundary(truth, found, 4)
    assert (near.truth, near.found) == (36, 36) and near.f == 1
    # Within three pixels of the other lie 9 of 10 in the upper and lower sides, nothing of the outer side, and of
    # the inner one the three next to each corner.
    assert count_boundary(truth, found, 3) == BoundaryCount(36, 24, 36, 24)
    assert count_boundary(truth, found, 3).f == pytest.approx(24 / 36)


def test_boundary_leaves_the_frame_out_and_adds_up() -> None:
    mask = np.zeros((10, 10), np.bool_)
    mask[:, :4] = True
    assert count_boundary(mask, mask) == BoundaryCount(10, 10, 10, 10)
    nothing = np.zeros_like(mask)
    assert np.isnan(count_boundary(nothing, nothing).f)
    assert count_boundary(mask, nothing).f == 0
    total = count_boundary(mask, mask) + count_boundary(mask, nothing)
    assert total == BoundaryCount(20, 10, 10, 10) and total.f == pytest.approx(2 / 3)


def joints() -> np.ndarray[Any, np.dtype[np.float32]]:
    points = np.zeros((17, 3), np.float32)
    points[[5, 6, 11, 12]] = [(10, 0, 1), (30, 0, 1), (12, 100, 1), (28, 100, 1)]
    points[9] = (50, 50, 1)
    points[10] = (80, 80, 2)
    return points


def test_joints_count_within_a_tenth_of_the_torso() -> None:
    truth = joints()
    assert torso_length(truth) == pytest.approx(100)
    found = truth.copy()
    found[:, 2] = 0.01  # scores do not matter
    found[5, 0] += 9.9
    found[6, 0] += 10.1
    hit, asked = joints_hit(found, truth)
    assert np.flatnonzero(asked).tolist() == [5, 6, 9, 11, 12], "state 2 is known to be absent"
    assert np.flatnonzero(hit).tolist() == [5, 9, 11, 12]
    missed, asked = joints_hit(None, truth)
    assert not missed.any() and asked.sum() == 5


def test_joints_without_a_torso_are_not_asked_for() -> None:
    truth = joints()
    truth[12, 2] = 2
    assert not any(rows.any() for rows in joints_hit(truth, truth))


def test_keypoint_similarity_falls_with_distance_over_size() -> None:
    truth = np.zeros((17, 3), np.float32)
    truth[0] = (10, 10, 2)
    found = truth.copy()
    assert object_keypoint_similarity(found, truth, 900) == 1
    found[0, 0] += 0.052 * 30  # two sigmas of the nose at a size of 30: e^(-1/2)
    assert object_keypoint_similarity(found, truth, 900) == pytest.approx(np.exp(-0.5), abs=1e-5)
    assert np.isnan(object_keypoint_similarity(found, np.zeros_like(truth), 900))


def test_face_error_is_in_units_of_the_eyes_and_without_pupils() -> None:
    truth = np.zeros((70, 2), np.float32)
    truth[45] = (40, 30)  # 50 from the other outer corner
    found = truth + np.array([3, 4], np.float32)
    found[68:] = 1000
    assert face_error(found, truth) == pytest.approx(0.1)
    assert np.isnan(face_error(found, np.zeros_like(truth)))


def test_box_overlaps() -> None:
    a = np.array([[0, 0, 10, 10], [20, 20, 30, 30]], np.float64)
    b = np.array([[0, 0, 10, 10], [5, 0, 15, 10], [0, 0, 0, 0]], np.float64)
    assert box_overlaps(a, b) == pytest.approx(np.array([[1, 1 / 3, 0], [0, 0, 0]]))
    assert box_overlaps(a[:0], b).shape == (0, 3)


def test_the_surest_takes_the_best_and_each_person_is_taken_once() -> None:
    overlap = np.array([[0.6, 0.9], [0.55, 0.8], [0.4, 0.7]])
    matches = match_people(overlap, np.array([0.5, 0.9, 0.7]), np.ones(2, np.bool_), np.zeros(3, np.bool_))
    assert matches.partner.tolist() == [0, 1, -1]
    assert matches.verdict.tolist() == [HIT, HIT, FALSE]


def test_small_people_and_crowds_are_neither_missed_nor_false() -> None:
    overlap = np.array([[0.6, 0.9], [0.0, 0.8], [0.0, 0.0], [0.0, 0.0]])
    counted = np.array([True, False])
    excused = np.array([False, False, True, False])
    matches = match_people(overlap, np.array([0.9, 0.8, 0.7, 0.6]), counted, excused)
    assert matches.partner.tolist() == [0, 1, -1, -1], "somebody asked for goes before a better small one"
    assert matches.verdict.tolist() == [HIT, IGNORED, IGNORED, FALSE]


def test_nobody_labelled_or_nobody_found() -> None:
    none = match_people(np.zeros((2, 0)), np.array([0.9, 0.8]), np.zeros(0, np.bool_), np.zeros(2, np.bool_))
    assert none.verdict.tolist() == [FALSE, FALSE]
    assert len(match_people(np.zeros((0, 2)), np.zeros(0), np.ones(2, np.bool_), np.zeros(0, np.bool_)).verdict) == 0


def test_average_precision() -> None:
    scores = np.array([0.6, 0.9, 0.8, 0.7, 0.95])
    verdict = np.array([HIT, HIT, FALSE, HIT, IGNORED], np.int8)
    # By score: hit, false, hit, hit: precision 1, 1/2, 2/3, 3/4; made falling 1, 3/4, 3/4, 3/4; one more is missed.
    assert average_precision(scores, verdict, 4) == pytest.approx((1 + 0.75 + 0.75) / 4)
    assert average_precision(scores, np.full(5, FALSE, np.int8), 4) == 0
    assert np.isnan(average_precision(scores, verdict, 0))


def two_people() -> Parse:
    labels, instances = np.zeros((20, 30), np.uint8), np.zeros((20, 30), np.uint16)
    labels[2:12, 2:8], instances[2:12, 2:8] = Part.COAT, 1
    labels[2:12, 20:26], instances[2:12, 20:26] = Part.PANTS, 2
    labels[2:12, 26:28], instances[2:12, 26:28] = Part.BAG, 2
    boxes = ((2.0, 2.0, 8.0, 12.0), (20.0, 2.0, 28.0, 12.0))
    return Parse(labels, instances, tuple(Observation(box, 0.9) for box in boxes))


def test_the_main_person_overlaps_the_labels_most() -> None:
    silhouette = np.zeros((20, 30), np.bool_)
    silhouette[2:12, 6:26] = True
    person, overlap = main_person(two_people(), silhouette)
    assert person is not None and person.index == 2
    assert overlap == pytest.approx(60 / 200), "a bag is no part of the silhouette"
    assert main_person(two_people(), np.zeros_like(silhouette)) == (None, 0)


def test_mask_overlaps_leave_bags_out() -> None:
    parse = two_people()
    masks = (parse.instances == 2, parse.mask(Part.COAT))
    assert mask_overlaps(parse, masks) == pytest.approx(np.array([[0, 1], [60 / 80, 0]]))


def test_faces_are_matched_one_to_one_by_their_bounds() -> None:
    square = np.array([(0, 0), (10, 0), (10, 10), (0, 10)] * 17, np.float32)
    found = [square + 4, square + 100, square + 1]
    assert match_faces(found, [square, square + 300, square + 101]) == [2, -1, 1]
    assert match_faces([], [square]) == [-1]
    assert match_faces(found, []) == []


def test_every_class_of_ccp_and_every_part_is_in_one_group() -> None:
    members = [name for names, _ in GROUPS.values() for name in names.split()]
    assert sorted(members) == sorted(CCP_NAMES) and len(members) == 59
    assert sorted(part for _, parts in GROUPS.values() for part in parts) == list(Part)
    assert ccp_groups(["null", "purse", "hat", "tights", "cape"]).tolist() == [0, 0, 1, 8, 6]
    assert ccp_body(["null", "bag", "belt", "skin"]).tolist() == [False, False, True, True]
    assert part_groups()[[Part.BAG, Part.SKIRT, Part.GLOVE]].tolist() == [0, 8, 11]


def test_groups_agree_with_the_training_targets() -> None:
    table = part_groups()
    for name, code in CCP_NAMES.items():
        if code < len(Part):
            assert ccp_groups([name])[0] == table[code], name


@pytest.mark.parametrize(("limit", "chosen"), [(None, "abcdefgh"), (3, "acf"), (20, "abcdefgh"), (1, "a")])
def test_a_limit_spreads_over_the_set(limit: int | None, chosen: str) -> None:
    assert Options(limit).choose([Path(c) for c in "abcdefgh"]) == [Path(c) for c in chosen]


class _Fixed:
    """An engine that finds half of what the photo's red channel says."""

    name = "fixed"

    def parse(self, source: Any) -> Parse:
        labels = np.where(source[:, :, 0] > 128, np.uint8(Part.HAIR), np.uint8(0))
        labels[:, :10] = 0
        labels[0, -1] = Part.BAG
        return Parse(labels, (labels > 0).astype(np.uint16), (Observation((0.0, 0.0, 1.0, 1.0), 0.9),), source)


def write_cihp(data: Path) -> None:
    """One photo: hair in a block of 20 × 20 pixels, a column of 20 pixels unknown."""
    image, truth = np.zeros((40, 60, 3), np.uint8), np.zeros((40, 60), np.uint8)
    image[10:30, :20], truth[10:30, :20], truth[10:30, 19] = 255, Part.HAIR, 255
    for kind, array in (("images", image), ("labels", truth)):
        (data / "cihp-dev" / kind).mkdir(parents=True)
        cv2.imwrite(str(data / "cihp-dev" / kind / "0001.png"), array)


def test_cihp_pools_pixels_and_takes_bags_for_background(tmp_path: Path) -> None:
    write_cihp(tmp_path)
    report = evaluate_cihp(_Fixed(), tmp_path, Options())
    assert report is not None
    assert report.figures["IoU hair"] == pytest.approx(180 / 380)
    assert report.figures["mIoU of 20 classes"] == pytest.approx((180 / 380 + 2000 / 2200) / 2)


def test_a_report_is_written_and_absent_sets_are_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_cihp(tmp_path / "data")
    monkeypatch.setattr("dressform.parsing.training.evaluate.load_parser", lambda name: _Fixed())
    reports = evaluate("compact", list(SETS), tmp_path / "data", tmp_path / "out", Options())
    assert [r.name for r in reports] == ["cihp-dev"]
    written = sorted(p.name for p in (tmp_path / "out").iterdir())
    sheets = [f"cihp-dev-{which}.jpg" for which in ("best", "median", "worst")]
    assert written == [*sheets, "report.json", "report.md"]
    text = (tmp_path / "out/report.md").read_text()
    assert "ccp, coco-dev, dlib-faces" in text and "| IoU hair | 0.474 |" in text
    assert "NaN" not in (tmp_path / "out/report.json").read_text()


@pytest.mark.parametrize("arguments", [["--sets", "ccp,nothing"], ["--limit", "0"], ["--limit", "x"]])
def test_bad_arguments_are_named(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.argv", ["evaluate", "--data", "d", "--out", "o", *arguments])
        with pytest.raises(SystemExit):
            main()
    assert "allowed" in capsys.readouterr().err
