"""Average the weights of trained runs that began with one another: they answer better than each by itself.

    python -m dressform.parsing.training.soup CACHE/runs/people-first CACHE/runs/people-second --out CACHE/runs/people

Source: Wortsman et al., "Model soups: averaging weights of multiple fine-tuned models improves accuracy without
increasing inference time", ICML 2022. What the runs learned by chance they learned differently, and it averages out.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from dressform.parsing.training.transfer import read_average

__all__ = ["average_weights"]


def average_weights(states: Sequence[Mapping[str, Tensor]]) -> dict[str, Tensor]:
    """The mean of several networks' weights, name by name; counters are those of the last.

    Raises:
        ValueError: There are none, or they are of different networks.
    """
    if not states:
        raise ValueError("no weights to average")
    shapes = [{name: value.shape for name, value in state.items()} for state in states]
    if any(other != shapes[0] for other in shapes):
        raise ValueError("weights of different networks cannot be averaged: their names or shapes differ")
    return {
        name: torch.stack([state[name] for state in states]).mean(0) if last.dtype.is_floating_point else last
        for name, last in states[-1].items()
    }


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path, nargs="+", help="folders of runs; their averaged weights are taken")
    parser.add_argument("--out", type=Path, required=True, help="folder for the result, as of a run that is done")
    args = parser.parse_args()
    average = average_weights([read_average(run) for run in args.runs])
    args.out.mkdir(parents=True, exist_ok=True)
    partial = args.out / "checkpoint.partial"
    torch.save({"average": average}, partial)
    partial.rename(args.out / "checkpoint.pt")


if __name__ == "__main__":
    main()
