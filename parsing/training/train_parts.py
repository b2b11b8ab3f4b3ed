"""Train the parts network: 21 parts and 17 keypoints of the person a crop is about.

    python -m dressform.parsing.training.train_parts --pack CACHE/people.npz --out CACHE/runs/parts

Reads its settings from parts.toml beside this file; ``--steps`` and such override them.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from dressform.parsing.parts import Part
from dressform.parsing.training.fit import fit
from dressform.parsing.training.losses import joint_heat, part_loss
from dressform.parsing.training.measures import confusion, ious
from dressform.parsing.training.networks import PartsNet
from dressform.parsing.training.pack import Sample, read_pack
from dressform.parsing.training.people_crops import Decoded, decode, draw_crop, plain_crop
from dressform.parsing.training.settings import read_settings
from dressform.parsing.training.targets import zone_table

__all__ = ["PartCrops", "build_net", "validate_parts"]

WEIGHT = (0.6, 2, 1, 2, 2, 1, 1, 1, 1.5, 1, 1.2, 1.5, 1, 1, 1.2, 1.2, 1.2, 1.2, 1.5, 1.5, 1.2)
"""Weight of each part in the loss: rare and small parts count more."""


class PartCrops(Dataset[tuple[Tensor, ...]]):
    """Item k is a random crop drawn from (seed, k): image, codes, joints, allowed.

    Args:
        samples: People; held-out ones must be gone already.
        sizes: (first item, width, height) of each stage; later stages are larger.
        share: Chance of each source.
        seed: Of everything random.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        sizes: Sequence[tuple[int, int, int]],
        share: dict[str, float],
        seed: int,
    ) -> None:
        self.groups = {name: [s for s in samples if s.source == name] for name in share}
        self.clean = [s for s in samples if s.source != "coco"]
        self.sizes, self.share, self.seed = sizes, share, seed
        self.cache: dict[tuple[str, int], Decoded] = {}

    def _decoded(self, sample: Sample) -> Decoded:
        key = (sample.source, sample.key)
        if key not in self.cache:
            self.cache[key] = decode(sample)
        return self.cache[key]

    def __getitem__(self, k: int) -> tuple[Tensor, ...]:
        cv2.setNumThreads(1)
        rng = np.random.default_rng([self.seed, k])
        _, width, height = max(s for s in self.sizes if s[0] <= k)
        source = str(rng.choice(list(self.share), p=list(self.share.values())))
        item = self._decoded(self.groups[source][rng.integers(len(self.groups[source]))])
        count = int(rng.choice(3, p=(0.5, 0.3, 0.2)))
        others = [self._decoded(self.clean[rng.integers(len(self.clean))]) for _ in range(count)]
        crop = draw_crop(item, others, (width, height), rng)
        image = torch.from_numpy(np.ascontiguousarray(crop.image.transpose(2, 0, 1)))
        return image, torch.from_numpy(crop.codes), torch.from_numpy(crop.joints), torch.from_numpy(crop.allowed)


def build_net(config: dict[str, list[int]]) -> PartsNet:
    """The network of a configuration's ``[net]`` section."""
    return PartsNet(config["widths"], config["depths"])


def validate_parts(net: nn.Module, items: Sequence[Decoded], size: tuple[int, int]) -> dict[str, float]:
    """Mean IoU of parts that occur, person IoU and PCK@0.05 of the crop's height on run-time crops."""
    device = next(net.parameters()).device
    counts = np.zeros((len(Part), len(Part)), np.int64)
    person, hits, joints = np.zeros(2), 0, 0
    for item in items:
        crop = plain_crop(item, size)
        image = torch.from_numpy(crop.image.transpose(2, 0, 1).copy())[None].to(device).float() / 255
        with torch.no_grad():
            logits, heat = net(image)
        best = logits[0].argmax(0).cpu().numpy()
        counts += confusion(crop.codes, best, len(Part))
        known = crop.codes < 255
        person += [((best > 0) & (crop.codes > 0) & known).sum(), (((best > 0) | (crop.codes > 0)) & known).sum()]
        peaks = heat[0].flatten(1).argmax(1).cpu().numpy()
        at = np.stack([peaks % heat.shape[3], peaks // heat.shape[3]], 1) * 4 + 2
        seen = crop.joints[:, 2] == 1
        hits += int((np.linalg.norm(at - crop.joints[:, :2], axis=1)[seen] < 0.05 * size[1]).sum())
        joints += int(seen.sum())
    occur = counts.sum(1) > 0
    return {
        "miou": float(ious(counts)[occur].mean()),
        "person": float(person[0] / person[1]),
        "pck": hits / max(joints, 1),
    }


def main() -> None:
    """Command line of this module."""
    settings = read_settings("parts", ("pack",))
    folders, config, schedule = settings.folders, settings.config, settings.schedule
    samples = read_pack(folders["pack"])
    # Stages begin with a batch: all crops of one have the same size.
    starts = [int(stage["from"] * schedule.steps) * schedule.batch for stage in config["stages"]]
    sizes = [(start, s["width"], s["height"]) for start, s in zip(starts, config["stages"], strict=True)]
    data = PartCrops([s for s in samples if not s.held_out], sizes, config["share"], schedule.seed)
    table, weight = torch.from_numpy(zone_table()), torch.tensor(WEIGHT)

    def loss(net: nn.Module, batch: Sequence[Tensor]) -> dict[str, Tensor]:
        image, codes, joints, allowed = batch
        logits, heat = net((image.float() / 255).contiguous(memory_format=torch.channels_last))
        device = image.device
        parts = part_loss(logits, codes.long(), table.to(device), allowed, weight.to(device))
        return {"parts": parts, "joints": joint_heat(heat, joints)}

    held_out = [decode(s) for s in samples if s.held_out and s.source == "ccp"]
    last = (sizes[-1][1], sizes[-1][2])
    fit(build_net(config["net"]), data, loss, schedule, folders["out"], lambda net: validate_parts(net, held_out, last))


if __name__ == "__main__":
    main()
