"""Train the parts network: 21 parts and 17 keypoints of the person a crop is about.

    python -m dressform.parsing.training.train_parts --pack CACHE/taught.npz --start CACHE/runs/parts-small \\
        --out CACHE/runs/parts

Reads its settings from parts.toml beside this file, or from another file (``--config``); ``--steps`` and such
override them.
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
from torch.utils.data import Dataset

from dressform.parsing.engines.compact.crops import best_size
from dressform.parsing.parts import Part
from dressform.parsing.training.fit import Schedule, fit
from dressform.parsing.training.losses import joint_heat, part_loss
from dressform.parsing.training.measures import confusion, ious
from dressform.parsing.training.networks import PartsNet
from dressform.parsing.training.pack import Sample, read_pack
from dressform.parsing.training.people_crops import Decoded, cut_off, decode, draw_crop, plain_crop, shown_parts
from dressform.parsing.training.settings import read_settings
from dressform.parsing.training.targets import zone_table

__all__ = ["PartCrops", "build_net", "open_data", "repeat_chances", "validate_parts"]

WEIGHT = (0.6, 2, 1, 2, 2, 1, 1, 1, 1.5, 1, 1.2, 1.5, 1, 1, 1.2, 1.2, 1.2, 1.2, 1.5, 1.5, 1.2)
"""Weight of each part in the loss: rare and small parts count more."""
JOINTS = 2.5
"""Weight of the joints' loss beside the parts'."""


Stage = tuple[int, Sequence[tuple[int, int]]]


class PartCrops(Dataset[tuple[Tensor, ...]]):
    """Item k is a random crop drawn from (seed, k): image, codes, joints, allowed.

    Args:
        samples: People; held-out ones must be gone already.
        stages: First item and (width, height) of the crops of each stage.
        batch: Items of a batch, which all have one size.
        share: Chance of each source.
        seed: Of everything random.
    """

    def __init__(
        self,
        samples: Sequence[Sample],
        stages: Sequence[Stage],
        batch: int,
        share: dict[str, float],
        seed: int,
    ) -> None:
        self.groups = {name: [s for s in samples if s.source == name] for name in share}
        self.chances = {
            name: repeat_chances(np.array([shown_parts(s) for s in group])) for name, group in self.groups.items()
        }
        self.fitting = {
            (name, tuple(sizes)): np.array([sizes.index(best_size(s.box, sizes)) for s in group])
            for name, group in self.groups.items()
            for _, sizes in stages
        }
        self.clean = [s for s in samples if s.source.startswith("ccp")]
        self.stages, self.batch, self.share, self.seed = stages, batch, share, seed
        self.cache: dict[tuple[str, int], Decoded] = {}

    def _decoded(self, sample: Sample) -> Decoded:
        key = (sample.source, sample.key)
        if key not in self.cache:
            self.cache[key] = decode(sample)
        return self.cache[key]

    def __getitem__(self, k: int) -> tuple[Tensor, ...]:
        cv2.setNumThreads(1)
        sizes = max(stage for stage in self.stages if stage[0] <= k)[1]
        size = sizes[int(np.random.default_rng([self.seed, k // self.batch, 1]).integers(len(sizes)))]
        rng = np.random.default_rng([self.seed, k])
        source = str(rng.choice(list(self.share), p=list(self.share.values())))
        group, chances = self.groups[source], self.chances[source]
        # The wider the crop, the more of those in it end at the frame; tall ones show people of their shape.
        cut = rng.random() < 0.38 * sizes.index(size) if len(sizes) > 1 else rng.random() < 0.38
        if not cut:
            fits = self.fitting[source, tuple(sizes)] == sizes.index(size)
            chances = chances * fits / (chances @ fits) if fits.any() else chances
        item = self._decoded(group[rng.choice(len(group), p=chances)])
        item = cut_off(item, rng) if cut else item
        count = int(rng.choice(3, p=(0.5, 0.3, 0.2)))
        others = [self._decoded(self.clean[rng.integers(len(self.clean))]) for _ in range(count)]
        crop = draw_crop(item, others, size, rng)
        image = torch.from_numpy(np.ascontiguousarray(crop.image.transpose(2, 0, 1)))
        return image, torch.from_numpy(crop.codes), torch.from_numpy(crop.joints), torch.from_numpy(crop.allowed)


def repeat_chances(shown: npt.NDArray[np.bool_], often: float = 0.25) -> npt.NDArray[np.float64]:
    """Chance of each photo, larger where it shows a rare part: repeat-factor sampling (Gupta et al., CVPR 2019).

    Args:
        shown: (n, 21) bool, parts that each photo shows.
        often: Parts in at least this share of the photos are not rare.

    Returns:
        (n,) chances; a photo's is proportional to the square root of ``often`` over its rarest part's share.
    """
    share = np.maximum(shown.mean(0), 1e-9)
    factor = np.where(shown, np.sqrt(np.maximum(often / share, 1)), 1).max(1)
    return factor / factor.sum()


def build_net(config: dict[str, list[int]]) -> PartsNet:
    """The network of a configuration's ``[net]`` section."""
    return PartsNet(config["widths"], config["depths"])


def validate_parts(net: nn.Module, items: Sequence[Decoded], sizes: Sequence[tuple[int, int]]) -> dict[str, float]:
    """Mean IoU of parts that occur, person IoU and PCK@0.05 of the crop's height on run-time crops."""
    device = next(net.parameters()).device
    counts = np.zeros((len(Part), len(Part)), np.int64)
    person, hits, joints = np.zeros(2), 0, 0
    for item in items:
        size = best_size(item.box, sizes)
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


def open_data(folders: Mapping[str, Path], config: Mapping[str, Any], schedule: Schedule) -> PartCrops:
    """The training crops of a run, from ``folders["pack"]``."""
    # Stages begin with a batch: all crops of one have the same size.
    stages = [
        (int(stage["from"] * schedule.steps) * schedule.batch, [(w, h) for w, h in stage["sizes"]])
        for stage in config["stages"]
    ]
    samples = [s for s in read_pack(folders["pack"]) if not s.held_out]
    return PartCrops(samples, stages, schedule.batch, config["share"], schedule.seed)


def main() -> None:
    """Command line of this module."""
    settings = read_settings("parts", ("pack",))
    folders, config, schedule = settings.folders, settings.config, settings.schedule
    data = open_data(folders, config, schedule)
    sizes = data.stages[-1][1]
    table, weight = torch.from_numpy(zone_table()), torch.tensor(WEIGHT)

    def loss(net: nn.Module, batch: Sequence[Tensor]) -> dict[str, Tensor]:
        image, codes, joints, allowed = batch
        logits, heat = net((image.float() / 255).contiguous(memory_format=torch.channels_last))
        device = image.device
        parts = part_loss(logits, codes.long(), table.to(device), allowed, weight.to(device))
        return {"parts": parts, "joints": JOINTS * joint_heat(heat, joints)}

    held_out = [decode(s) for s in read_pack(folders["pack"]) if s.held_out and s.source == "ccp"]
    fit(
        build_net(config["net"]),
        data,
        loss,
        schedule,
        folders["out"],
        lambda net: validate_parts(net, held_out, sizes),
        start=settings.start,
    )


if __name__ == "__main__":
    main()
