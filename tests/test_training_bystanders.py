"""People whom nobody labelled: whom the engine is sure of, whom it only suspects, and what scenes make of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dressform.parsing import Parse, Part
from dressform.parsing.result import Observation
from dressform.parsing.training.bystanders import DOUBTFUL, Bystanders, others, read_bystanders, write_bystanders
from dressform.parsing.training.pack import decode_jpeg, encode_jpeg
from dressform.parsing.training.people_crops import Decoded
from dressform.parsing.training.targets import IGNORE

SIZE = (60, 90)


def found() -> Parse:
    """Three people side by side: one sure, one in doubt, one sure again."""
    instances = np.zeros(SIZE, np.uint16)
    observations = []
    for k, score in enumerate((0.9, 0.3, 0.8)):
        instances[10:50, 30 * k + 5 : 30 * k + 25] = k + 1
        keypoints = np.zeros((17, 3), np.float32)
        keypoints[:2] = [(30 * k + 12, 14, 0.9), (30 * k + 16, 16, 0.9 if k < 2 else 0.1)]
        observations.append(Observation((30.0 * k + 5, 10.0, 30.0 * k + 25, 50.0), score, keypoints=keypoints))
    return Parse((instances > 0).astype(np.uint8) * np.uint8(Part.COAT), instances, tuple(observations))


def test_the_labelled_person_is_nobody_new_and_doubt_is_kept() -> None:
    subject = np.zeros(SIZE, np.bool_)
    subject[8:52, 2:24] = True
    people, heads = others(found(), subject)
    assert not people[subject].any()
    assert (people[10:50, 35:55] == DOUBTFUL).all() and (people[10:50, 65:85] == 1).all()
    assert heads.tolist() == [[72, 14]], "joints that are hardly seen say nothing"
    people, heads = others(found(), np.zeros(SIZE, np.bool_))
    assert sorted(np.unique(people)) == [0, 1, 2, DOUBTFUL] and heads.tolist() == [[14, 15], [72, 14]]


def test_what_was_found_is_read_as_it_was_written(tmp_path: Path) -> None:
    image = np.full((*SIZE, 3), (200, 40, 90), np.uint8)
    people = np.zeros(SIZE, np.uint8)
    people[4:9, 3:8] = DOUBTFUL
    rows = [
        Bystanders(7, b"", people, np.zeros((0, 2), np.float32)),
        Bystanders(-1, encode_jpeg(image), people // DOUBTFUL, np.array([[5, np.nan]], np.float32)),
    ]
    write_bystanders(tmp_path / "found.npz", rows)
    back = read_bystanders(tmp_path / "found.npz")
    for row, other in zip(rows, back, strict=True):
        assert row.key == other.key and (row.people == other.people).all()
        assert np.array_equal(row.heads, other.heads, equal_nan=True)
    assert back[0].image == b"" and np.abs(decode_jpeg(back[1].image).astype(int) - image).max() < 6
    write_bystanders(tmp_path / "none.npz", [])
    assert read_bystanders(tmp_path / "none.npz") == []


def test_scenes_take_the_found_for_people_and_doubt_for_unknown() -> None:
    pytest.importorskip("scipy", reason="the module of COCO's masks reads MATLAB files")
    from dressform.parsing.training.scenes import MAYBE, UNKNOWN, draw_scene, own_photo

    codes = np.zeros(SIZE, np.uint8)
    codes[10:50, 35:55], codes[50:52, 35:55] = Part.COAT, IGNORE
    people = np.zeros(SIZE, np.uint8)
    people[10:50, 5:25], people[10:50, 65:85] = 1, DOUBTFUL
    joints = np.zeros((17, 3), np.float32)
    joints[0] = (45, 13, 1)
    face = np.full((70, 2), np.nan, np.float32)
    box = np.array([35, 10, 55, 50], np.float32)
    person = Decoded(np.zeros((*SIZE, 3), np.uint8), codes, joints, face, box, np.ones(len(Part), np.bool_))
    photo = own_photo(person, Bystanders(1, b"", people, np.array([[15, 13]], np.float32)))
    assert (photo.instances[10:50, 35:55] == 2).all() and (photo.instances[10:50, 5:25] == 1).all()
    assert (photo.instances[50:52, 35:55] == UNKNOWN).all() and (photo.instances[10:50, 65:85] == UNKNOWN).all()
    assert (photo.instances[:10] == MAYBE).all() and photo.heads.tolist() == [[15, 13], [45, 13]]
    assert (own_photo(person).instances == 1).sum() == 800 and people.max() == DOUBTFUL

    behind = Bystanders(1, b"", people, np.array([[15, 13]], np.float32))
    shown = [draw_scene([photo], [person], (96, 64), np.random.default_rng([2, 9]), behind) for _ in range(2)]
    assert (shown[0].image == shown[1].image).all() and (photo.instances == 2).sum() == 800
