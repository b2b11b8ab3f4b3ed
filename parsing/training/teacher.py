"""Teacher labels from MediaPipe: body pose, person silhouette and face mesh.

A training-time tool only; nothing at run time needs it. MediaPipe 0.10.21 (Apache-2.0) carries its
pose, face-mesh and person-mask models inside its wheel but needs ``numpy<2``, so this file stands
alone (it imports nothing of dressform) and runs in an environment of its own::

    python -m venv teacher && teacher/bin/pip install "mediapipe==0.10.21" "numpy<2"
    teacher/bin/python parsing/training/teacher.py --data DATA --out CACHE/teacher

For every person it writes one ``{set}/{photo stem}-{k}.npz``:

    box        (4,) float32, x0 y0 x1 y1 of the crop the teacher saw, photo pixels
    pose       (33, 3) float32, x y visibility in photo pixels; empty (0, 3) if no pose was found
    silhouette PNG bytes of an (h, w) uint8 mask over ``box``, 0..255; empty if none
    mesh       (478, 2) float32, x y in photo pixels; empty (0, 2) if no face was found

BlazePose: Bazarevsky et al. 2020; face mesh: Kartynnik et al. 2019, Grishchenko et al. 2020.
"""

from __future__ import annotations

import argparse
import json
from multiprocessing import Pool
from pathlib import Path
from typing import Any

import cv2
import mediapipe as mp
import numpy as np

MIN_COCO_HEIGHT = 100  # px; below this the pose model answers with guesses
MESH_INPUT = 384  # px; small faces are enlarged to this before the mesh model sees them
_models: dict[str, Any] = {}


def _load_models() -> None:
    solutions = mp.solutions
    _models["pose"] = solutions.pose.Pose(static_image_mode=True, model_complexity=1, enable_segmentation=True)
    _models["mesh"] = solutions.face_mesh.FaceMesh(static_image_mode=True, max_num_faces=1, refine_landmarks=True)
    _models["faces"] = [
        solutions.face_detection.FaceDetection(model_selection=k, min_detection_confidence=0.5) for k in (0, 1)
    ]


def _crop(image: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Cut ``box`` out of ``image``, clipped to the frame; returns the crop and the clipped box."""
    height, width = image.shape[:2]
    x0, y0 = np.maximum(np.floor(box[:2]), 0).astype(int)
    x1, y1 = min(int(np.ceil(box[2])), width), min(int(np.ceil(box[3])), height)
    return np.ascontiguousarray(image[y0:y1, x0:x1]), np.array([x0, y0, x1, y1], np.float32)


def _grow(box: np.ndarray, factor: float) -> np.ndarray:
    centre, half = (box[:2] + box[2:]) / 2, (box[2:] - box[:2]) / 2 * factor
    return np.concatenate([centre - half, centre + half])


def _pose(crop: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    result = _models["pose"].process(crop)
    if result.pose_landmarks is None:
        return np.zeros((0, 3), np.float32), np.zeros(0, np.uint8)
    height, width = crop.shape[:2]
    points = [(p.x * width + box[0], p.y * height + box[1], p.visibility) for p in result.pose_landmarks.landmark]
    mask = np.round(np.clip(result.segmentation_mask, 0, 1) * 255).astype(np.uint8)
    return np.array(points, np.float32), cv2.imencode(".png", mask)[1].ravel()


def _mesh(image: np.ndarray, head: np.ndarray) -> np.ndarray:
    """Face mesh in photo pixels from a head box; the crop is enlarged to a size the model likes."""
    crop, box = _crop(image, head)
    if min(crop.shape[:2]) < 12:
        return np.zeros((0, 2), np.float32)
    scale = MESH_INPUT / max(crop.shape[:2])
    found = _models["mesh"].process(cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC))
    if not found.multi_face_landmarks:
        return np.zeros((0, 2), np.float32)
    size = box[2:] - box[:2]
    return np.array([(p.x, p.y) for p in found.multi_face_landmarks[0].landmark], np.float32) * size + box[:2]


def _head_from_pose(pose: np.ndarray) -> np.ndarray:
    """Square around the head: centred on nose, eyes, ears and mouth, sized by ears and shoulders."""
    head, shoulders = pose[:11, :2], pose[11:13, :2]
    reach = max(np.ptp(head[:, 0]), 0.4 * np.linalg.norm(shoulders[0] - shoulders[1]), np.ptp(head[:, 1]))
    centre = head.mean(0)
    return np.concatenate([centre - 1.5 * reach, centre + 1.5 * reach])


def _faces(image: np.ndarray) -> list[np.ndarray]:
    """Head boxes by MediaPipe's two face detectors, over the photo and over its overlapping quarters."""
    height, width = image.shape[:2]
    windows = [(0.0, 0.0, 1.0, 1.0), *[(x, y, x + 0.6, y + 0.6) for x in (0.0, 0.4) for y in (0.0, 0.4)]]
    found: list[np.ndarray] = []
    for window in windows:
        crop, origin = _crop(image, np.array(window) * [width, height, width, height])
        for detector in _models["faces"]:
            for detection in detector.process(crop).detections or []:
                b = detection.location_data.relative_bounding_box
                size = np.array([crop.shape[1], crop.shape[0]])
                start = np.array([b.xmin, b.ymin]) * size + origin[:2]
                box = np.concatenate([start, start + np.array([b.width, b.height]) * size])
                centre = (box[:2] + box[2:]) / 2
                if all(np.linalg.norm(centre - (f[:2] + f[2:]) / 2) > 0.5 * (f[2] - f[0]) for f in found):
                    found.append(box)
    return [_grow(b, 1.8) for b in found]


def label_photo(job: tuple[Path, list[list[float]] | None, Path]) -> str:
    """Label one photo. ``boxes`` are person boxes; None means one person per detected face."""
    path, boxes, out = job
    if not _models:
        _load_models()
    image = cv2.cvtColor(np.asarray(cv2.imread(str(path)), np.uint8), cv2.COLOR_BGR2RGB)
    heads = _faces(image) if boxes is None else []
    for k, person in enumerate(heads if boxes is None else boxes):
        target = out / f"{path.stem}-{k}.npz"
        if target.exists():
            continue
        box = np.asarray(person, np.float32)
        crop, box = _crop(image, box if boxes is None else _grow(box, 1.15))
        pose, silhouette = (np.zeros((0, 3), np.float32), np.zeros(0, np.uint8)) if boxes is None else _pose(crop, box)
        if boxes is None:
            mesh = _mesh(image, box)
        else:
            mesh = _mesh(image, _head_from_pose(pose)) if len(pose) else np.zeros((0, 2), np.float32)
        partial = target.with_suffix(".partial.npz")
        np.savez(partial, box=box, pose=pose, silhouette=silhouette, mesh=mesh)
        partial.rename(target)
    return path.stem


def list_jobs(data: Path, out: Path) -> list[tuple[Path, list[list[float]] | None, Path]]:
    """Photos of the sets that may be trained on, with the person boxes that their labels give."""
    jobs: list[tuple[Path, list[list[float]] | None, Path]] = []
    for path in sorted((data / "ccp/photos").glob("*.jpg")):
        jobs.append((path, [[0, 0, 1e9, 1e9]], out / "ccp"))
    coco = json.loads((data / "coco-permissive/instances.json").read_text())
    names = {image["id"]: image["file_name"] for image in coco["images"]}
    for annotation in coco["annotations"]:
        x, y, w, h = annotation["bbox"]
        if not annotation["iscrowd"] and h >= MIN_COCO_HEIGHT:
            path = data / "coco-permissive/images" / names[annotation["image_id"]]
            jobs.append((path, [[x, y, x + w, y + h]], out / "coco" / str(annotation["id"])))
    for name in ("groups-azure-mit", "groups-usgov-detectron"):
        jobs += [(path, None, out / name) for path in sorted((data / name).glob("*.jpg"))]
    return jobs


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds ccp/, coco-permissive/, groups-*/")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    args = parser.parse_args()
    jobs = list_jobs(args.data, args.out)
    for _, _, folder in jobs:
        folder.mkdir(parents=True, exist_ok=True)
    with Pool(args.workers) as pool:
        for n, _ in enumerate(pool.imap_unordered(label_photo, jobs, chunksize=8), 1):
            if n % 100 == 0:
                print(f"{n}/{len(jobs)} photos", flush=True)


if __name__ == "__main__":
    main()
