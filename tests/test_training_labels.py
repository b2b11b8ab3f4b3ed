"""Training labels: how joints split skin, shoes and silhouettes, and what packs and crops make of them."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dressform.parsing import Part
from dressform.parsing.landmarks import MIRROR_KEYPOINTS
from dressform.parsing.training.pack import IBUG_FROM_MESH, Sample, encode_jpeg, encode_png, read_pack, write_pack
from dressform.parsing.training.people_crops import decode, draw_crop, plain_crop
from dressform.parsing.training.skeleton import BLAZE_TO_COCO, pose_to_joints, shoe_parts, skin_parts, zones
from dressform.parsing.training.targets import (
    IGNORE,
    Zone,
    mirror_codes,
    tag_parts,
    zone_table,
)

Array = np.ndarray[Any, np.dtype[Any]]
P = Part


# A stick figure that faces the camera, so that its left is on the right of the photo


SIZE = (240, 380)
LIMBS = {  # part: its joints
    P.LEFT_ARM: (5, 7, 9),
    P.RIGHT_ARM: (6, 8, 10),
    P.LEFT_LEG: (11, 13, 15),
    P.RIGHT_LEG: (12, 14, 16),
}
ZONES = {
    P.LEFT_ARM: {Zone.LEFT_ARM},
    P.RIGHT_ARM: {Zone.RIGHT_ARM},
    P.LEFT_LEG: {Zone.LEFT_THIGH, Zone.LEFT_SHANK},
    P.RIGHT_LEG: {Zone.RIGHT_THIGH, Zone.RIGHT_SHANK},
}


def figure_joints() -> Array:
    right = [(113, 40), (105, 44), (95, 100), (70, 145), (45, 185), (105, 200), (100, 270), (96, 340)]
    names = [2, 4, 6, 8, 10, 12, 14, 16]
    joints = np.ones((17, 3), np.float32)
    joints[0, :2] = (120, 48)
    for k, (x, y) in zip(names, right, strict=True):
        joints[k, :2], joints[k - 1, :2] = (x, y), (240 - x, y)
    # The subject's left hand is raised, so that the figure is not its own mirror image.
    joints[[7, 9], :2] = [(175, 80), (200, 35)]
    return joints


def figure(joints: Array) -> dict[Part, Array]:
    """A mask for each part of the skin: head, trunk, limbs as lines of a hand's width."""
    drawn = {}
    points = np.round(joints[:, :2]).astype(int)
    for part, chain in LIMBS.items():
        drawn[part] = np.zeros(SIZE[::-1], np.uint8)
        for a, b in pairwise(chain):
            cv2.line(drawn[part], points[a].tolist(), points[b].tolist(), 1, 11)
    for part in (P.FACE, P.TORSO_SKIN):
        drawn[part] = np.zeros(SIZE[::-1], np.uint8)
    cv2.circle(drawn[P.FACE], points[0].tolist(), 18, 1, -1)
    cv2.fillConvexPoly(drawn[P.TORSO_SKIN], points[[5, 6, 12, 11]].astype(np.int32), 1)
    return {part: mask > 0 for part, mask in drawn.items()}


def clear_of_others(drawn: dict[Part, Array], part: Part) -> Array:
    """Pixels of one part at some distance from all others, where there is but one answer."""
    others = np.any([mask for other, mask in drawn.items() if other != part], 0).astype(np.uint8)
    return drawn[part] & (cv2.dilate(others, np.ones((31, 31), np.uint8)) == 0)


def face_of(joints: Array) -> Array:
    """70 points on a circle around the nose."""
    angles = np.linspace(0, 2 * np.pi, 70, endpoint=False)
    return (joints[0, :2] + 17 * np.stack([np.cos(angles), np.sin(angles)], 1)).astype(np.float32)


def enlarge(mask: Array, scale: int) -> Array:
    return mask.repeat(scale, 0).repeat(scale, 1)


@pytest.mark.parametrize("with_face", [False, True])
@pytest.mark.parametrize("scale", [1, 2])
def test_skin_is_split_by_the_nearest_limb(with_face: bool, scale: int) -> None:
    joints = figure_joints() * np.array([scale, scale, 1], np.float32)
    small = figure(figure_joints())
    drawn = {part: enlarge(mask, scale) for part, mask in small.items()}
    skin = np.any(list(drawn.values()), 0)
    face = face_of(figure_joints()) * np.float32(scale) if with_face else None
    found = skin_parts(skin, joints, face)
    assert ((found > 0) == skin).all() and found.dtype == np.uint8
    for part in drawn:
        clear = enlarge(clear_of_others(small, part), scale)
        assert clear.sum() > 100 and (found[clear] == part).mean() > 0.97, part
        assert (found[drawn[part]] == part).mean() > 0.8, part


def mirrored(joints: Array) -> Array:
    flipped = joints * np.array([-1, 1, 1], np.float32) + np.array([SIZE[0], 0, 0], np.float32)
    return flipped[list(MIRROR_KEYPOINTS)]


def test_splitting_a_mirrored_figure_gives_the_mirrored_split() -> None:
    joints = figure_joints()
    skin = np.any(list(figure(joints).values()), 0)
    face = face_of(joints)
    other_face = (face * np.array([-1, 1], np.float32) + np.array([SIZE[0], 0], np.float32)).astype(np.float32)
    for split in (skin_parts, zones):
        found = split(skin, joints, face)
        again = split(np.ascontiguousarray(skin[:, ::-1]), mirrored(joints), other_face)[:, ::-1]
        # Face hulls are rounded to pixels, hence not all.
        assert (mirror_codes()[again] == found)[skin].mean() > 0.99, split.__name__


def test_skin_without_joints_stays_undivided() -> None:
    skin = np.zeros((50, 40), np.bool_)
    skin[10:20, 5:30] = True
    nothing = np.zeros((17, 3), np.float32)
    assert (skin_parts(skin, nothing, None)[skin] == Zone.SKIN).all()
    assert (zones(skin, nothing, None)[skin] == Zone.PERSON).all()
    assert not skin_parts(np.zeros_like(skin), figure_joints(), None).any()


def test_silhouettes_are_split_into_zones() -> None:
    joints = figure_joints()
    drawn = figure(joints)
    person = np.any(list(drawn.values()), 0)
    found = zones(person, joints, face_of(joints))
    assert ((found > 0) == person).all()
    for part, allowed in ZONES.items():
        clear = clear_of_others(drawn, part)
        assert np.isin(found[clear], [*allowed, Zone.HIPS]).mean() > 0.97, part
        assert np.isin(found[clear], [*allowed]).any(), part
    assert found[48, 120] == Zone.FACE and found[120, 120] == Zone.TORSO and found[200, 120] == Zone.HIPS
    table = zone_table()
    truth = skin_parts(person, joints, face_of(joints))
    allowed_there = table[found, truth][person]
    assert allowed_there.mean() > 0.97, "a zone allows the part that is there"


def test_shoes_go_to_the_nearer_shank() -> None:
    joints = figure_joints()
    shoes = np.zeros(SIZE[::-1], np.bool_)
    shoes[335:355, 85:105] = shoes[335:355, 135:155] = True
    shoes[335:355, 119:121] = True
    found = shoe_parts(shoes, joints)
    assert (found[335:355, 85:105] == P.RIGHT_SHOE).all() and (found[335:355, 135:155] == P.LEFT_SHOE).all()
    assert (found[335:355, 119:121] == Zone.SHOES).all(), "in the middle nobody can tell"
    joints[15, 2] = 0
    assert (shoe_parts(shoes, joints)[shoes] == Zone.SHOES).all()


def test_joints_of_a_pose_are_known_where_seen_and_inside() -> None:
    pose = np.ones((33, 3), np.float32) * 10
    pose[:, 2] = 0.9
    pose[BLAZE_TO_COCO[3], 2] = 0.2
    pose[BLAZE_TO_COCO[5], 0] = -1
    pose[BLAZE_TO_COCO[16], 1] = 50
    joints = pose_to_joints(pose, (100, 50))
    assert joints.shape == (17, 3)
    assert np.flatnonzero(joints[:, 2] == 0).tolist() == [3, 5, 16] and set(joints[:, 2]) == {0, 1}


def test_face_points_come_from_distinct_vertices() -> None:
    assert len(IBUG_FROM_MESH) == len(set(IBUG_FROM_MESH)) == 70
    assert max(IBUG_FROM_MESH) < 478


# Packs and crops


def sample(source: str = "ccp", key: int = 12) -> Sample:
    joints = figure_joints()
    drawn = figure(joints)
    codes = np.zeros(SIZE[::-1], np.uint8)
    image = np.full((*SIZE[::-1], 3), 90, np.uint8)
    for part, mask in drawn.items():
        codes[mask], image[mask] = part, part.color
    x, y, w, h = cv2.boundingRect((codes > 0).astype(np.uint8))
    return Sample(
        image=encode_jpeg(image),
        codes=encode_png(codes),
        allowed=tag_parts(["dress"]),
        joints=joints,
        face=np.full((70, 2), np.nan, np.float32),
        box=np.array([x, y, x + w, y + h], np.float32),
        source=source,
        key=key,
    )


def test_a_pack_gives_back_what_was_put_in(tmp_path: Path) -> None:
    samples = [sample(), sample("coco", 17), sample("ccp-tags", 27)]
    assert write_pack(tmp_path / "people.npz", samples) == 3
    found = read_pack(tmp_path / "people.npz")
    for before, after in zip(samples, found, strict=True):
        assert (before.image, before.codes, before.source, before.key) == (
            after.image,
            after.codes,
            after.source,
            after.key,
        )
        for name in ("allowed", "joints", "face", "box"):
            np.testing.assert_array_equal(getattr(before, name), getattr(after, name))
            assert getattr(before, name).dtype == getattr(after, name).dtype
    assert [s.held_out for s in found] == [False, False, True], "CCP's numbers, not COCO's"


def test_plain_crops_show_the_person_with_joints_in_place() -> None:
    crop = plain_crop(decode(sample()), (192, 256))
    assert crop.image.shape[:2] == (256, 192) and crop.codes.shape == (128, 96)
    for part, (_, middle, _) in LIMBS.items():
        x, y = crop.joints[middle, :2]
        assert crop.codes[int(y / 2), int(x / 2)] == part


def test_random_crops_keep_left_and_right_where_the_joints_say() -> None:
    item = decode(sample())
    agree, seen = 0, 0
    for seed in range(24):
        crop = draw_crop(item, (), (96, 128), np.random.default_rng(seed))
        for part, chain in LIMBS.items():
            x, y = crop.joints[chain[1], :2] / 2
            if crop.joints[chain[1], 2] == 1 and crop.codes[int(y), int(x)] > 0:
                seen += 1
                agree += int(crop.codes[int(y), int(x)] == part)
    assert seen > 40 and agree > 0.97 * seen


# Reading of the sets


def test_polygons_and_run_lengths_become_masks() -> None:
    build = pytest.importorskip("dressform.parsing.training.build", reason="reads MATLAB files with SciPy")
    square = build.polygon_mask([[2, 1, 5, 1, 5, 3, 2, 3]], 6, 8)
    assert square.dtype == np.bool_ and square[1:4, 2:6].all() and square.sum() == 12
    runs = build.polygon_mask({"counts": [2, 3, 7], "size": [3, 4]}, 3, 4)
    assert np.flatnonzero(runs.T.ravel()).tolist() == [2, 3, 4]


def test_the_teacher_counts_only_where_it_lies_on_the_person() -> None:
    build = pytest.importorskip("dressform.parsing.training.build", reason="reads MATLAB files with SciPy")
    joints = figure_joints()
    person = np.any(list(figure(joints).values()), 0)
    pose = np.zeros((33, 3), np.float32)
    pose[list(BLAZE_TO_COCO)] = joints
    pose[BLAZE_TO_COCO[16], 1] = SIZE[1] + 50
    mesh = np.tile(joints[0, :2], (478, 1))
    taught = {"pose": pose, "mesh": mesh}
    found = build.teacher_joints(taught, person)
    assert found[16, 2] == 2 and (found[:16, 2] == 1).all(), "below the photo: known to be absent"
    assert build.face_points(taught, person).shape == (70, 2)
    elsewhere = np.roll(person, 120, axis=1) & ~person
    assert not build.teacher_joints(taught, elsewhere)[:, 2].any()
    assert np.isnan(build.face_points(taught, elsewhere)).all()
    assert not build.teacher_joints(None, person).any()


def test_places_without_people_show_nobody(tmp_path: Path) -> None:
    build = pytest.importorskip("dressform.parsing.training.build", reason="reads MATLAB files with SciPy")
    images = tmp_path / "coco-permissive" / "images"
    images.mkdir(parents=True)
    photo = np.full((200, 300, 3), 30, np.uint8)
    photo[40:180, 100:160] = 255  # somebody, the only bright thing
    cv2.imwrite(str(images / "7.png"), photo)
    square = [[100, 40, 159, 40, 159, 179, 100, 179]]
    annotation = {"image_id": 7, "id": 1, "iscrowd": 0, "bbox": [100, 40, 60, 140], "segmentation": square}
    index = {"images": [{"id": 7, "file_name": "7.png"}], "annotations": [annotation]}
    (images.parent / "instances.json").write_text(json.dumps(index))
    found = list(build.places_without_people(tmp_path, tmp_path))
    assert 1 <= len(found) <= 4
    assert len({s.key for s in found}) == len(found)
    for place in found:
        item = decode(place)
        x0, y0, x1, y1 = place.box.astype(int)
        assert item.image[y0:y1, x0:x1].max() < 128 and not item.codes[y0:y1, x0:x1].any()
        assert set(np.unique(item.codes)) <= {0, IGNORE}
        assert (item.codes[item.image[:, :, 0] > 200] == IGNORE).all(), "people beside it are no background"
        crop = draw_crop(item, (), (96, 128), np.random.default_rng(0))
        assert not ((crop.codes > 0) & (crop.codes < IGNORE)).any() and (crop.joints[:, 2] == 2).all()
        assert place.source == "nobody" and not place.held_out
