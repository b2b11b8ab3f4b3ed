"""Train the joints network: from where the parts network sees joints to where they are.

    python -m dressform.parsing.training.train_joints --pairs CACHE/joints.npz --out CACHE/runs/joints

Reads its settings from joints.toml beside this file.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.utils.data import Dataset

from dressform.parsing.training.fit import Schedule, fit
from dressform.parsing.training.networks import JointsNet
from dressform.parsing.training.settings import read_settings

__all__ = ["Bodies", "build_net", "joints_loss", "open_data"]

BUNDLE = 64
"""Bodies of one item: one by one they would take longer to draw than to learn from."""
TURN = 0.2
"""Standard deviation of the angle by which bodies are turned, radians."""
FAR = 0.08
"""Error, in spreads of the body, above which a joint counts less and less: it is then another limb's."""

Floats = npt.NDArray[np.float32]


class Bodies(Dataset[tuple[Tensor, Tensor]]):
    """Item k is a bundle drawn from (seed, k): found (64, 17, 3) with scores, truth (64, 17, 3) with states.

    Args:
        found: (n, 17, 3) as the parts network sees them.
        truth: (n, 17, 3) x, y, state: 1 counts, all else does not.
        seed: Of everything random.
    """

    def __init__(self, found: Floats, truth: Floats, seed: int) -> None:
        self.found, self.truth, self.seed = found, truth, seed

    def __getitem__(self, item: int) -> tuple[Tensor, Tensor]:
        rng = np.random.default_rng([self.seed, item])
        chosen = rng.integers(len(self.found), size=BUNDLE)
        angle = rng.normal(0, TURN, BUNDLE)
        turn = np.moveaxis(np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]]), 2, 0)
        turned = []
        for points in (self.found[chosen], self.truth[chosen]):
            turned.append(np.concatenate([points[:, :, :2] @ turn, points[:, :, 2:]], 2).astype(np.float32))
        return torch.from_numpy(turned[0]), torch.from_numpy(turned[1])


def build_net(config: Mapping[str, Any]) -> JointsNet:
    """The network of a configuration's ``[net]`` section."""
    return JointsNet(config["hidden"])


def joints_loss(net: nn.Module, batch: Sequence[Tensor]) -> dict[str, Tensor]:
    """Logarithm of the squared error of known joints (Cauchy's), in spreads of the known body."""
    found, truth = (tensor.flatten(0, 1) for tensor in batch)
    with torch.autocast(found.device.type, enabled=False):
        moved = net(found)
    points, known = truth[:, :, :2], (truth[:, :, 2:] == 1).float()
    weight = known / known.sum(1, keepdim=True).clamp(min=1)
    middle = (weight * points).sum(1, keepdim=True)
    spread = (weight * (points - middle) ** 2).sum((1, 2)).sqrt().clamp(min=1.0)
    error = ((moved - points) ** 2).sum(2) / (FAR * spread[:, None]) ** 2
    known = known[:, :, 0]
    return {"joints": (known * torch.log1p(error)).sum() / known.sum().clamp(min=1)}


def open_data(folders: Mapping[str, Path], config: Mapping[str, Any], schedule: Schedule) -> Bodies:
    """The bodies of a run, from ``folders["pairs"]``."""
    with np.load(folders["pairs"]) as pairs:
        return Bodies(pairs["found"], pairs["truth"], schedule.seed)


def main() -> None:
    """Command line of this module."""
    settings = read_settings("joints", ("pairs",))
    folders, schedule = settings.folders, settings.schedule
    data = open_data(folders, settings.config, schedule)
    fit(build_net(settings.config["net"]), data, joints_loss, schedule, folders["out"], start=settings.start)


if __name__ == "__main__":
    main()
