"""Train the face network: 68 landmarks in iBUG's order and two pupils, from the teacher's face mesh.

    python -m dressform.parsing.training.train_face --data DATA --teacher CACHE/teacher \\
        --pack CACHE/people.npz --out CACHE/runs/face

Reads its settings from face.toml beside this file.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from dressform.parsing.engines.compact.crops import FACE_GROW, crop_affine, face_square, warp
from dressform.parsing.training.augment import occlude, photometric
from dressform.parsing.training.fit import Schedule, fit
from dressform.parsing.training.losses import wing
from dressform.parsing.training.networks import FaceNet
from dressform.parsing.training.pack import GROUP_FOLDERS, IBUG_FROM_MESH, Sample, decode_jpeg, read_pack
from dressform.parsing.training.people_crops import decode
from dressform.parsing.training.settings import read_settings

__all__ = ["FACE_SIZE", "MIRROR_FACE", "Face", "FaceCrops", "build_net", "face_loss", "open_data"]

FACE_SIZE = 128
MIRROR_FACE: tuple[int, ...] = (
    *range(16, -1, -1),
    *range(26, 16, -1),
    *(27, 28, 29, 30, 35, 34, 33, 32, 31),
    *(45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40),
    *(54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55),
    *(64, 63, 62, 61, 60, 67, 66, 65),
    *(69, 68),
)
"""Landmark that each becomes in a mirrored photo."""


@dataclass(frozen=True, eq=False)
class Face:
    """image (h, w, 3) uint8 around a head; points (70, 2) in its pixels, or None: a head with no face to be seen."""

    image: npt.NDArray[np.uint8]
    points: npt.NDArray[np.float32] | None


def _cut_out(image: npt.NDArray[np.uint8], points: npt.NDArray[np.float32]) -> Face:
    square = face_square(points)
    margin = 1.2 * (square[2] - square[0])
    x0, y0 = np.maximum(square[:2] - margin, 0).astype(int)
    x1, y1 = np.minimum(square[2:] + margin, image.shape[1::-1]).astype(int)
    crop, points = image[y0:y1, x0:x1], points - np.array([x0, y0], np.float32)
    scale = min(1.0, 420 / max(crop.shape[:2]))
    crop = np.asarray(cv2.resize(crop, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    return Face(np.ascontiguousarray(crop), points * np.float32(scale))


def read_faces(samples: Sequence[Sample], data: Path, teacher: Path) -> Iterator[Face]:
    """Faces of the training people and of the group photos that only the teacher labelled."""
    for sample in samples:
        if not np.isnan(sample.face).any():
            if np.ptp(sample.face[:, 0]) >= 14:
                yield _cut_out(decode_jpeg(sample.image), sample.face)
        elif sample.source == "ccp":
            item = decode(sample)  # hair without a mesh: a head turned away
            head = np.isin(item.codes, (1, 2))
            x, y, w, h = cv2.boundingRect(head.astype(np.uint8))
            if min(w, h) >= 14:
                yield Face(item.image[max(y - h, 0) : y + 2 * h, max(x - w, 0) : x + 2 * w].copy(), None)
    for name in GROUP_FOLDERS:
        for path in sorted((teacher / name).glob("*.npz")):
            with np.load(path, allow_pickle=False) as taught:
                mesh = taught["mesh"]
            if len(mesh):
                photo = data / name / f"{path.stem.rsplit('-', 1)[0]}.jpg"
                image = np.asarray(cv2.imread(str(photo)), np.uint8)[:, :, ::-1]
                yield _cut_out(image, mesh[list(IBUG_FROM_MESH)])


class FaceCrops(Dataset[tuple[Tensor, ...]]):
    """Item k is a random face crop drawn from (seed, k): image, points in 0..1, whether there is a face."""

    def __init__(self, faces: Sequence[Face], people: Sequence[Sample], seed: int) -> None:
        self.faces, self.people, self.seed = faces, people, seed

    def __getitem__(self, k: int) -> tuple[Tensor, ...]:
        cv2.setNumThreads(1)
        rng = np.random.default_rng([self.seed, k])
        face = self.faces[int(rng.integers(len(self.faces)))]
        image, points = face.image, face.points
        if rng.random() < 0.12:  # anything but a face: clothes, hands, background
            if points is not None:
                item = decode(self.people[int(rng.integers(len(self.people)))])
                image, points = item.image[item.image.shape[0] // 3 :], None
            height, width = image.shape[:2]
            side = min(height, width) * rng.uniform(0.15, 0.6)
            x, y = rng.uniform(0, width - side), rng.uniform(0, height - side)
            square = np.array([x, y, x + side, y + side], np.float32)
        elif points is None:
            height, width = image.shape[:2]
            square = np.array([width / 3, height / 3, width * 2 / 3, height * 2 / 3], np.float32)
        else:
            square = face_square(points)
        side = square[2] - square[0]
        square = square + np.tile(rng.normal(0, 0.08, 2) * side, 2).astype(np.float32)
        mirror = rng.random() < 0.5
        angle = rng.normal(0, 14)
        matrix = crop_affine(
            square, (FACE_SIZE, FACE_SIZE), angle=angle, grow=FACE_GROW * np.exp(rng.normal(0, 0.14)), mirror=mirror
        )
        image = warp(image, matrix, (FACE_SIZE, FACE_SIZE))
        if rng.random() < 0.25:
            occlude(image, np.zeros(image.shape[:2], np.uint8), rng)
        image = photometric(image, rng)
        target = np.zeros((70, 2), np.float32)
        if points is not None:
            target = ((points @ matrix[:, :2].T + matrix[:, 2]) / FACE_SIZE).astype(np.float32)
            target = target[list(MIRROR_FACE)] if mirror else target
        tensor = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
        return tensor, torch.from_numpy(target), torch.tensor(points is not None)


def build_net(config: dict[str, list[int]]) -> FaceNet:
    """The network of a configuration's ``[net]`` section."""
    return FaceNet(config["widths"], config["depths"])


def face_loss(net: nn.Module, batch: Sequence[Tensor]) -> dict[str, Tensor]:
    """Wing loss of the points of true faces, cross-entropy of "is there a face"."""
    image, target, seen = batch
    points, logit = net((image.float() / 255).contiguous(memory_format=torch.channels_last))
    there = functional.binary_cross_entropy_with_logits(logit.float(), seen.float())
    near = wing(points[seen], target[seen]) if seen.any() else points.sum() * 0
    return {"points": 10 * near, "seen": 0.1 * there}


def open_data(folders: Mapping[str, Path], config: Mapping[str, Any], schedule: Schedule) -> FaceCrops:
    """The training crops of a run, from ``folders["data"]``, ``folders["teacher"]`` and ``folders["pack"]``."""
    samples = [s for s in read_pack(folders["pack"]) if not s.held_out and s.source != "nobody"]
    faces = list(read_faces(samples, folders["data"], folders["teacher"]))
    print(f"{len(faces)} heads, {sum(f.points is not None for f in faces)} with a face")
    return FaceCrops(faces, [s for s in samples if s.source == "ccp"], schedule.seed)


def main() -> None:
    """Command line of this module."""
    settings = read_settings("face", ("data", "teacher", "pack"))
    folders, config, schedule = settings.folders, settings.config, settings.schedule
    data = open_data(folders, config, schedule)
    fit(build_net(config["net"]), data, face_loss, schedule, folders["out"], start=settings.start)


if __name__ == "__main__":
    main()
