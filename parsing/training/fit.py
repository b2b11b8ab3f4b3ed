"""The training loop: AdamW, cosine schedule, exponential moving average, resumable, reproducible by seed."""

from __future__ import annotations

import copy
import ctypes
import json
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset, Sampler

from dressform.parsing.training.plots import plot_log
from dressform.parsing.training.transfer import begin_with, read_average

_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4  # of malloc.h

__all__ = ["Schedule", "fit", "load_average"]


@dataclass(frozen=True)
class Schedule:
    """How long and how fast to train; one section of a configuration file."""

    steps: int
    batch: int
    rate: float = 1e-3
    decay: float = 0.02
    warmup: int = 200
    average: float = 0.9985
    seed: int = 0
    log_every: int = 50
    save_every: int = 500
    workers: int = 1
    threads: int = 2


class _Batches(Sampler[list[int]]):
    """Index lists of all batches that are still to come; item k of the data set is drawn from (seed, k)."""

    def __init__(self, first: int, schedule: Schedule) -> None:
        self.first, self.schedule = first, schedule

    def __iter__(self) -> Iterator[list[int]]:
        for step in range(self.first, self.schedule.steps):
            yield list(range(step * self.schedule.batch, (step + 1) * self.schedule.batch))

    def __len__(self) -> int:
        return self.schedule.steps - self.first


def _keep_memory() -> None:
    """Have glibc keep freed memory instead of handing it back: half again as many steps in the same time on a CPU.

    Large tensors are otherwise mapped, cleared page by page and unmapped at every step.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None) if sys.platform == "linux" else None
    if mallopt is not None:
        mallopt(_M_MMAP_MAX, 0)
        mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
        mallopt(_M_TOP_PAD, 64 << 20)


def _rate(step: int, schedule: Schedule) -> float:
    if step < schedule.warmup:
        return (step + 1) / schedule.warmup
    done = (step - schedule.warmup) / max(schedule.steps - schedule.warmup, 1)
    return float(0.5 * (1 + torch.cos(torch.tensor(done * torch.pi)))) * 0.99 + 0.01


def fit(
    net: nn.Module,
    data: Dataset[Any],
    loss: Callable[[nn.Module, Sequence[Tensor]], dict[str, Tensor]],
    schedule: Schedule,
    out: Path,
    validate: Callable[[nn.Module], dict[str, float]] | None = None,
    start: Path | None = None,
) -> nn.Module:
    """Train, saving ``checkpoint.pt`` and ``log.jsonl`` in ``out``; goes on from a checkpoint that lies there.

    Args:
        net: Trained in place.
        data: Map-style; item k must depend on nothing but k, so that a resumed run sees the same data.
        loss: Named terms of one batch; their sum is minimised.
        schedule: See there.
        out: Folder of this run.
        validate: Named figures of the averaged network, at each save.
        start: Folder of another run whose averaged weights this one begins with, as far as they fit; a checkpoint
            in ``out`` goes first.

    Returns:
        The averaged network.
    """
    out.mkdir(parents=True, exist_ok=True)
    _keep_memory()
    torch.manual_seed(schedule.seed)
    torch.set_num_threads(schedule.threads)
    torch.set_flush_denormal(True)  # the blocks that begin as identity send denormal gradients, slow on a CPU
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    if start is not None:
        begin_with(net, start)
    net = net.to(device, memory_format=torch.channels_last).train()
    average = copy.deepcopy(net).eval().requires_grad_(False)
    optimizer = torch.optim.AdamW(net.parameters(), lr=schedule.rate, weight_decay=schedule.decay, fused=True)
    step = 0
    checkpoint = out / "checkpoint.pt"
    if checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        net.load_state_dict(state["net"])
        average.load_state_dict(state["average"])
        optimizer.load_state_dict(state["optimizer"])
        step = state["step"]
    loader = DataLoader(
        data,
        batch_sampler=_Batches(step, schedule),
        num_workers=schedule.workers,
        prefetch_factor=4 if schedule.workers else None,
        # A forked worker would inherit OpenCV's and OpenMP's thread pools without their threads and hang.
        multiprocessing_context="spawn" if schedule.workers else None,
        pin_memory=device.type == "cuda",
    )
    sums: dict[str, float] = {}
    counted = 0
    began = time.perf_counter()
    for batch in loader:
        for group in optimizer.param_groups:
            group["lr"] = schedule.rate * _rate(step, schedule)
        moved = [t.to(device, non_blocking=True) for t in batch]
        with torch.autocast(device.type, torch.bfloat16):
            terms = loss(net, moved)
        total = torch.stack(list(terms.values())).sum()
        total.backward()
        nn.utils.clip_grad_norm_(net.parameters(), 5.0)
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        _average(average, net, min(schedule.average, step / (step + 10)))
        for name, value in terms.items():
            sums[name] = sums.get(name, 0.0) + float(value.detach())
        counted += 1
        if step % schedule.log_every == 0:
            row = {"step": step, "seconds": round(time.perf_counter() - began, 1)}
            row |= {name: round(value / counted, 5) for name, value in sums.items()}
            _log(out, row)
            sums, counted = {}, 0
        if step % schedule.save_every == 0 or step == schedule.steps:
            _save(checkpoint, net, average, optimizer, step, schedule)
            if validate is not None:
                _log(out, {"step": step} | {k: round(v, 4) for k, v in validate(average).items()})
            plot_log(out)
    return average


def load_average(net: nn.Module, out: Path) -> nn.Module:
    """Fill ``net`` with the averaged weights of the run in ``out``; evaluation mode, on the CPU."""
    net.load_state_dict(read_average(out))
    return net.eval()


@torch.no_grad()
def _average(average: nn.Module, net: nn.Module, keep: float) -> None:
    for mean, value in zip(average.state_dict().values(), net.state_dict().values(), strict=True):
        if mean.dtype.is_floating_point:
            mean.lerp_(value, 1 - keep)
        else:
            mean.copy_(value)


def _log(out: Path, row: dict[str, Any]) -> None:
    with (out / "log.jsonl").open("a") as file:
        file.write(json.dumps(row) + "\n")
    print(row, flush=True)


def _save(
    path: Path, net: nn.Module, average: nn.Module, optimizer: torch.optim.Optimizer, step: int, schedule: Schedule
) -> None:
    partial = path.with_suffix(".partial")
    state = {"net": net.state_dict(), "average": average.state_dict(), "optimizer": optimizer.state_dict()}
    torch.save(state | {"step": step, "schedule": asdict(schedule)}, partial)
    partial.rename(path)
