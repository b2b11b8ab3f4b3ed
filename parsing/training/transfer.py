"""Begin a network with the weights of another: the same one trained before, or a U-Net of other depth and widths."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

__all__ = ["adopt", "begin_with", "read_average"]

_WAY_UP = re.compile(r"body\.(narrow|up)\.(\d+)\.")
"""Modules of the way up, which are counted from the deepest level."""
RESIDUAL_SCALE = ".second.1.weight"
"""Of a residual block's last batch norm: zero leaves the identity path alone."""


def begin_with(net: nn.Module, run: Path) -> int:
    """Fill ``net`` with the averaged weights of the run in that folder as far as they fit; returns how many tensors."""
    return adopt(net, read_average(run))


def read_average(run: Path) -> dict[str, Tensor]:
    """The averaged weights of the run in that folder, on the CPU."""
    weights: dict[str, Tensor] = torch.load(run / "checkpoint.pt", map_location="cpu", weights_only=True)["average"]
    return weights


@torch.no_grad()
def adopt(net: nn.Module, state: Mapping[str, Tensor]) -> int:
    """Copy weights of the same place in a U-Net; of tensors that differ in size, the part that both have.

    Levels of a U-Net are matched by their stride, whether or not one goes deeper than the other. Heads are taken
    over where name and number of dimensions agree. Residual blocks that the other network lacks begin as identity
    (Goyal et al., "Accurate, large minibatch SGD", 2017, section 5.1), so that a deeper network starts no worse.
    """
    own = net.state_dict()
    for name, value in own.items():
        if name.endswith(RESIDUAL_SCALE):
            value.zero_()
    deeper = _levels(own) - _levels(state)
    copied = 0
    for name, value in state.items():
        place = _WAY_UP.sub(lambda m: f"body.{m[1]}.{int(m[2]) + deeper}.", name)
        target = own.get(place)
        if target is None or target.dim() != value.dim():
            continue
        common = tuple(slice(0, min(a, b)) for a, b in zip(target.shape, value.shape, strict=True))
        target[common] = value[common]
        copied += 1
    return copied


def _levels(state: Mapping[str, Tensor]) -> int:
    return len({name.split(".")[2] for name in state if name.startswith("body.down.")})
