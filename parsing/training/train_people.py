"""Train the people network: where everybody is, whole or cut by the frame.

    python -m dressform.parsing.training.train_people --data DATA --pack CACHE/people.npz \\
        --bystanders CACHE/bystanders.npz --out CACHE/runs/people

Reads its settings from people.toml beside this file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import Dataset

from dressform.parsing.training.bystanders import Bystanders, read_bystanders
from dressform.parsing.training.fit import Schedule, fit
from dressform.parsing.training.losses import box_giou, focal_heat
from dressform.parsing.training.networks import PeopleNet
from dressform.parsing.training.pack import Sample, decode_jpeg, read_pack
from dressform.parsing.training.people_crops import Decoded, decode
from dressform.parsing.training.scenes import (
    MAYBE,
    UNKNOWN,
    Photo,
    Scene,
    draw_scene,
    found_photo,
    read_photos,
)
from dressform.parsing.training.settings import read_settings

__all__ = ["Scenes", "build_net", "open_data", "people_loss", "scene_targets"]

STRIDE = 4
BYSTANDER = 0.2
OF_ANY_POSE = 0.4
"""Chance that somebody pasted comes from COCO's photos, where people sit, bend and play, rather than from CCP's."""
MIN_JOINTS, MIN_HEIGHT = 10, 96
"""COCO's people of fewer known joints or pixels are not pasted: what is seen of them elsewhere is half a person."""
_GRID = npt.NDArray[np.float32]


def scene_targets(scene: Scene) -> tuple[_GRID, _GRID, _GRID, npt.NDArray[np.uint8]]:
    """Targets of a scene at stride 4.

    Returns:
        heat (h, w) in 0..1, a Gaussian around each person's point with 1 in its cell; box (4, h, w)
        distances from cell centres in pixels; weight (h, w) of the box loss, about 1 per person; mask
        (h, w) uint8: 1 person, 0 nobody, 254 nobody labelled, 255 unknown.
    """
    height, width = (n // STRIDE for n in scene.instances.shape)
    heat, weight = np.zeros((2, height, width), np.float32)
    box = np.ones((4, height, width), np.float32)
    ys, xs = np.mgrid[:height, :width].astype(np.float32) + 0.5
    for person in scene.people:
        x0, y0, x1, y1 = person.box
        cx, cy = np.clip(person.point / STRIDE, 0, [width - 0.01, height - 0.01])
        sigma = float(np.clip(0.1 * min(x1 - x0, y1 - y0) / STRIDE, 0.7, 6))
        cx, cy = np.floor(cx) + 0.5, np.floor(cy) + 0.5
        bump = np.exp(-((xs - cx) ** 2 + (ys - cy) ** 2) / (2 * sigma**2))
        own = (bump > heat) & (bump > 0.25)
        heat = np.maximum(heat, bump)
        distances = np.stack([xs * STRIDE - x0, ys * STRIDE - y0, x1 - xs * STRIDE, y1 - ys * STRIDE])
        own &= (distances > 0).all(0)
        box[:, own] = distances[:, own]
        weight[own] = bump[own] / max(bump[own].sum(), 1e-6)
    small = scene.instances[STRIDE // 2 :: STRIDE, STRIDE // 2 :: STRIDE]
    return heat, box, weight, np.select([small == UNKNOWN, small == MAYBE], [255, 254], small > 0).astype(np.uint8)


class Scenes(Dataset[tuple[Tensor, ...]]):
    """Item k is a random scene drawn from (seed, k): image, heat, box, weight, mask.

    Args:
        photos: Photos of which everybody is known.
        samples: People to paste; the first of a scene, whose own photo may be the scene, is one of CCP's.
        behind: Who else is on CCP's photos, by their numbers.
        size: (width, height) of a scene.
        seed: Of everything random.
    """

    def __init__(
        self,
        photos: Sequence[Photo],
        samples: Sequence[Sample],
        behind: Mapping[int, Bystanders],
        size: tuple[int, int],
        seed: int,
    ) -> None:
        self.photos, self.samples, self.behind, self.size, self.seed = photos, samples, behind, size, seed
        coco = np.array([s.source == "coco" for s in samples], np.bool_)
        self.sources = np.flatnonzero(~coco), np.flatnonzero(coco)
        self.cache: dict[int, Decoded] = {}

    def _anybody(self, rng: np.random.Generator, of_any_pose: float) -> int:
        among = self.sources[int(len(self.sources[1]) > 0 and rng.random() < of_any_pose)]
        return int(among[rng.integers(len(among))])

    def _person(self, k: int) -> Decoded:
        if k not in self.cache:
            self.cache[k] = decode(self.samples[k])
        return self.cache[k]

    def __getitem__(self, item: int) -> tuple[Tensor, ...]:
        cv2.setNumThreads(1)
        rng = np.random.default_rng([self.seed, item])
        count = int(rng.choice([1, 2, 3, 4, 5, 6, 8], p=[0.06, 0.16, 0.2, 0.2, 0.16, 0.12, 0.1]))
        drawn = [self._anybody(rng, OF_ANY_POSE if k else 0) for k in range(count)]
        people = [self._person(k) for k in drawn]
        scene = draw_scene(self.photos, people, self.size, rng, self.behind.get(self.samples[drawn[0]].key))
        image = np.ascontiguousarray(scene.image.transpose(2, 0, 1))
        return tuple(torch.from_numpy(a) for a in (image, *scene_targets(scene)))


def build_net(config: dict[str, list[int]]) -> PeopleNet:
    """The network of a configuration's ``[net]`` section."""
    return PeopleNet(config["widths"], config["depths"])


def people_loss(net: nn.Module, batch: Sequence[Tensor]) -> dict[str, Tensor]:
    """Focal peaks, GIoU of boxes around them, cross-entropy of the person mask."""
    image, heat, box, weight, mask = batch
    logits, distances, silhouette = net((image.float() / 255).contiguous(memory_format=torch.channels_last))
    labelled = (mask < 254).float()
    # Where nobody labelled bystanders, the network is believed if it takes a place for one (bootstrapping:
    # Reed et al., "Training deep neural networks on noisy labels with bootstrapping", 2014).
    likely = (torch.sigmoid(logits.detach().float()) > BYSTANDER)[:, 0]
    known = torch.where(mask == 254, (~likely).float(), (mask < 254).float())[:, None]
    cross = functional.binary_cross_entropy_with_logits(
        silhouette[:, 0].float(), (mask == 1).float(), weight=labelled, reduction="mean"
    )
    giou = box_giou(distances.permute(0, 2, 3, 1), box.permute(0, 2, 3, 1), weight)
    return {"heat": focal_heat(logits, heat[:, None], known), "box": 2.0 * giou, "mask": cross}


def open_data(folders: Mapping[str, Path], config: Mapping[str, Any], schedule: Schedule) -> Scenes:
    """The training scenes of a run, from ``folders``: "data", "pack" and "bystanders"."""
    people = [s for s in read_pack(folders["pack"]) if not s.held_out and _can_be_pasted(s)]
    found = read_bystanders(folders["bystanders"])
    groups = [found_photo(decode_jpeg(row.image), row) for row in found if row.image]
    behind = {row.key: row for row in found if not row.image}
    size = (config["scene"]["width"], config["scene"]["height"])
    return Scenes([*read_photos(folders["data"]), *groups], people, behind, size, schedule.seed)


def _can_be_pasted(sample: Sample) -> bool:
    if sample.source == "coco":
        known = int((sample.joints[:, 2] == 1).sum())
        return known >= MIN_JOINTS and sample.box[3] - sample.box[1] >= MIN_HEIGHT
    return sample.source.startswith("ccp")


def main() -> None:
    """Command line of this module."""
    settings = read_settings("people", ("data", "pack", "bystanders"))
    folders, config, schedule = settings.folders, settings.config, settings.schedule
    data = open_data(folders, config, schedule)
    fit(build_net(config["net"]), data, people_loss, schedule, folders["out"], start=settings.start)


if __name__ == "__main__":
    main()
