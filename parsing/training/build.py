"""Build the training people from photos, labels and the teacher's output.

    python -m dressform.parsing.training.build --data DATA --teacher CACHE/teacher --out CACHE/people.npz

Sources: Clothing Co-Parsing (Yang, Luo, Lin, CVPR 2014; Apache-2.0), COCO val2017 photos with permissive
licences (Lin et al., ECCV 2014; annotations CC BY 4.0), labels by the teacher (teacher.py).
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Iterator
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from scipy.io import loadmat

from dressform.parsing.parts import Part
from dressform.parsing.training.pack import IBUG_FROM_MESH, Sample, encode_jpeg, encode_png, write_pack
from dressform.parsing.training.skeleton import BLAZE_TO_COCO, pose_to_joints, shoe_parts, skin_parts, zones
from dressform.parsing.training.targets import IGNORE, Zone, ccp_table, tag_parts

MIN_COCO_HEIGHT = 40  # px; smaller people teach noise
NOBODY_PER_PHOTO = 4
ANY_PART = np.ones(len(Part), np.bool_)
Teacher = dict[str, npt.NDArray[Any]]


def read_teacher(path: Path) -> Teacher | None:
    """The teacher's answer for one person, or None if it was not asked."""
    if not path.exists():
        return None
    with np.load(path, allow_pickle=False) as data:
        return {name: data[name] for name in data.files}


def face_points(teacher: Teacher | None, person: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """(70, 2) face points, NaN unless the mesh lies on this person."""
    if teacher is not None and len(teacher["mesh"]):
        points = teacher["mesh"][list(IBUG_FROM_MESH)]
        x, y = np.round(points).astype(int).T
        inside = (x >= 0) & (y >= 0) & (x < person.shape[1]) & (y < person.shape[0])
        if np.mean(inside) > 0.95 and np.mean(person[y[inside], x[inside]]) > 0.75:
            return points.astype(np.float32)
    return np.full((70, 2), np.nan, np.float32)


def teacher_joints(teacher: Teacher | None, person: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    """(17, 3) joints with states; all unknown if the pose does not lie on this person."""
    joints = np.zeros((17, 3), np.float32)
    if teacher is None or not len(teacher["pose"]):
        return joints
    height, width = person.shape
    found = pose_to_joints(teacher["pose"], (width, height))
    x, y = found[found[:, 2] > 0, :2].astype(int).T
    wide = cv2.dilate(person.astype(np.uint8), np.ones((9, 9), np.uint8))
    if len(x) < 5 or wide[y, x].mean() < 0.8:
        return joints
    raw = teacher["pose"][list(BLAZE_TO_COCO)]
    outside = (raw[:, 0] < -10) | (raw[:, 1] < -10) | (raw[:, 0] > width + 10) | (raw[:, 1] > height + 10)
    found[outside, 2] = 2
    return found


def _bounds(person: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32]:
    x, y, w, h = cv2.boundingRect(person.astype(np.uint8))
    return np.array([x, y, x + w, y + h], np.float32)


def _sample(image: bytes, codes: npt.NDArray[np.uint8], person: npt.NDArray[np.bool_], **fields: Any) -> Sample:
    return Sample(image=image, codes=encode_png(codes), box=_bounds(person), **fields)


def ccp_labelled(data: Path, teacher: Path) -> Iterator[Sample]:
    """People with pixel labels: skin and shoes split by the teacher's joints."""
    names = [str(cell[0]) for cell in loadmat(data / "ccp/label_list.mat")["label_list"][0]]
    table = ccp_table(names)
    for path in sorted((data / "ccp/annotations/pixel-level").glob("*.mat")):
        codes = table[loadmat(path)["groundtruth"]]
        person = (codes > 0) & (codes != IGNORE)
        if person.mean() < 0.02:
            continue
        taught = read_teacher(teacher / "ccp" / f"{path.stem}-0.npz")
        joints, face = teacher_joints(taught, person), face_points(taught, person)
        known = joints * (joints[:, 2:] == 1)
        skin = codes == Zone.SKIN
        codes = np.where(skin, skin_parts(skin, known, None if np.isnan(face).any() else face), codes)
        shoes = codes == Zone.SHOES
        codes = np.where(shoes, shoe_parts(shoes, known), codes)
        image = (data / "ccp/photos" / f"{path.stem}.jpg").read_bytes()
        yield _sample(
            image, codes, person, allowed=ANY_PART, joints=joints, face=face, source="ccp", key=int(path.stem)
        )


def ccp_tagged(data: Path, teacher: Path) -> Iterator[Sample]:
    """People with tags alone: the teacher's silhouette by zones, narrowed to the garments the tags name."""
    names = [str(cell[0]) for cell in loadmat(data / "ccp/label_list.mat")["label_list"][0]]
    for path in sorted((data / "ccp/annotations/image-level").glob("*.mat")):
        taught = read_teacher(teacher / "ccp" / f"{path.stem}-0.npz")
        if taught is None or not len(taught["pose"]):
            continue
        soft = np.asarray(cv2.imdecode(taught["silhouette"], cv2.IMREAD_GRAYSCALE), np.uint8)
        person = soft > 127
        if not 0.03 < person.mean() < 0.8:
            continue
        joints, face = teacher_joints(taught, person), face_points(taught, person)
        if not (joints[:, 2] == 1).any():
            continue
        tags = [names[k] for k in loadmat(path)["tags"].ravel() if 0 <= k < len(names)]
        allowed = tag_parts(tags)
        codes = zones(person, joints * (joints[:, 2:] == 1), None if np.isnan(face).any() else face)
        codes[(soft > 20) & (soft < 235)] = IGNORE
        if allowed[Part.BAG]:
            # The silhouette leaves bags out; beside the body nobody knows.
            reach = max(3, int(0.1 * np.ptp(np.nonzero(person)[0]))) | 1
            near = cv2.dilate(person.astype(np.uint8), np.ones((reach, reach), np.uint8))
            codes[(near > 0) & ~person] = IGNORE
        image = (data / "ccp/photos" / f"{path.stem}.jpg").read_bytes()
        yield _sample(
            image, codes, person, allowed=allowed, joints=joints, face=face, source="ccp-tags", key=int(path.stem)
        )


def polygon_mask(segmentation: Any, height: int, width: int) -> npt.NDArray[np.bool_]:
    """(H, W) bool from COCO polygons or uncompressed run lengths."""
    mask = np.zeros((height, width), np.uint8)
    if isinstance(segmentation, dict):
        runs = np.array(segmentation["counts"])
        return np.repeat(np.arange(len(runs)) % 2, runs).reshape(width, height).T.astype(np.bool_)
    polygons = [np.round(np.array(p).reshape(-1, 2)).astype(np.int32) for p in segmentation]
    cv2.fillPoly(mask, polygons, 1)
    return mask > 0


def coco_people(data: Path, teacher: Path) -> Iterator[Sample]:
    """COCO people: polygon by zones of their own keypoints; a band along the coarse outline is unknown."""
    coco = json.loads((data / "coco-permissive/instances.json").read_text())
    images = {image["id"]: image for image in coco["images"]}
    by_image: dict[int, list[Any]] = {}
    for annotation in coco["annotations"]:
        by_image.setdefault(annotation["image_id"], []).append(annotation)
    for image_id, members in sorted(by_image.items()):
        path = data / "coco-permissive/images" / images[image_id]["file_name"]
        photo = np.asarray(cv2.imread(str(path)), np.uint8)[:, :, ::-1]
        height, width = photo.shape[:2]
        masks = [polygon_mask(a["segmentation"], height, width) for a in members]
        for annotation, person in zip(members, masks, strict=True):
            if annotation["iscrowd"] or annotation["bbox"][3] < MIN_COCO_HEIGHT or not person.any():
                continue
            taught = read_teacher(teacher / "coco" / str(annotation["id"]) / f"{path.stem}-0.npz")
            joints = np.array(annotation.get("keypoints", [0] * 51), np.float32).reshape(17, 3)
            joints[:, 2] = joints[:, 2] > 0
            face = face_points(taught, person)
            codes = zones(person, joints, None if np.isnan(face).any() else face)
            outline = cv2.morphologyEx(person.astype(np.uint8), cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8))
            codes[outline > 0] = IGNORE
            for other, mask in zip(members, masks, strict=True):
                if other["iscrowd"]:
                    codes[mask & ~person] = IGNORE
            x0, y0, x1, y1 = _window(_bounds(person), width, height)
            shift = np.array([x0, y0], np.float32)
            joints[:, :2] -= shift
            yield _sample(
                encode_jpeg(photo[y0:y1, x0:x1]),
                codes[y0:y1, x0:x1],
                person[y0:y1, x0:x1],
                allowed=ANY_PART,
                joints=joints,
                face=face - shift,
                source="coco",
                key=annotation["id"],
            )


def places_without_people(data: Path, teacher: Path) -> Iterator[Sample]:
    """Boxes of COCO's photos that are shaped like people and show nobody: the parts network must find nothing there."""
    coco = json.loads((data / "coco-permissive/instances.json").read_text())
    shapes = np.array([a["bbox"][2:] for a in coco["annotations"] if a["bbox"][3] >= MIN_COCO_HEIGHT], np.float32)
    by_image: dict[int, list[Any]] = {}
    for annotation in coco["annotations"]:
        by_image.setdefault(annotation["image_id"], []).append(annotation)
    for entry in coco["images"]:
        rng = np.random.default_rng(entry["id"])
        photo = np.asarray(cv2.imread(str(data / "coco-permissive/images" / entry["file_name"])), np.uint8)[:, :, ::-1]
        height, width = photo.shape[:2]
        people = np.zeros((height, width), np.bool_)
        for annotation in by_image.get(entry["id"], ()):
            people |= polygon_mask(annotation["segmentation"], height, width)
        found = 0
        for _ in range(40):
            w, h = np.minimum(rng.choice(shapes), [width, height])
            x, y = rng.uniform(0, width - w), rng.uniform(0, height - h)
            box = np.array([x, y, x + w, y + h], np.float32)
            x0, y0, x1, y1 = _window(box, width, height)
            if people[int(y) : int(y + h), int(x) : int(x + w)].any() or min(w, h) < 16:
                continue
            shift = np.array([x0, y0], np.float32)
            yield Sample(
                encode_jpeg(photo[y0:y1, x0:x1]),
                encode_png(np.where(people[y0:y1, x0:x1], IGNORE, 0).astype(np.uint8)),
                allowed=ANY_PART,
                joints=np.tile(np.array([0, 0, 2], np.float32), (17, 1)),
                face=np.full((70, 2), np.nan, np.float32),
                box=box - np.tile(shift, 2),
                source="nobody",
                key=4 * entry["id"] + found,
            )
            found += 1
            if found == NOBODY_PER_PHOTO:
                break


def _window(box: npt.NDArray[np.float32], width: int, height: int) -> tuple[int, int, int, int]:
    """A wide pixel window around a box, for context when crops are jittered."""
    margin = 0.6 * (box[2:] - box[:2]).max()
    x0, y0 = np.maximum(box[:2] - margin, 0).astype(int)
    x1, y1 = np.minimum(box[2:] + margin, [width, height]).astype(int)
    return int(x0), int(y0), int(x1), int(y1)


SOURCES = (ccp_labelled, ccp_tagged, coco_people, places_without_people)


def _collect(source: Callable[[Path, Path], Iterator[Sample]], data: Path, teacher: Path) -> list[Sample]:
    cv2.setNumThreads(1)
    return list(source(data, teacher))


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--teacher", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    with Pool(len(SOURCES)) as pool:
        found = pool.starmap(_collect, [(source, args.data, args.teacher) for source in SOURCES])
    samples = [sample for rows in found for sample in rows]
    write_pack(args.out, samples)
    for source in sorted({s.source for s in samples}):
        own = [s for s in samples if s.source == source]
        faces = sum(not np.isnan(s.face).any() for s in own)
        posed = sum(bool((s.joints[:, 2] == 1).any()) for s in own)
        held_out = sum(s.held_out for s in own)
        print(f"{source}: {len(own)} people, {posed} with joints, {faces} with a face, {held_out} held out")


if __name__ == "__main__":
    main()
