"""The work itself: from a task to its output, by a shelf and nothing else."""

from __future__ import annotations

import gc
from collections.abc import Callable, Mapping
from functools import partial
from types import MappingProxyType

from dressform.api.jobs import work_avatar, work_compat, work_parse, work_tryon
from dressform.api.jobs.engine import Progress, Work
from dressform.api.jobs.shelf import Shelf
from dressform.api.jobs.task import Output, Task

__all__ = ["WORK", "worker"]

WORK: Mapping[str, Callable[[Shelf, Task, Progress], Output]] = MappingProxyType(
    {
        "parse": work_parse.parse,
        "batch": work_parse.batch,
        "avatar": work_avatar.avatar,
        "try-on": work_tryon.try_on,
        "stage": work_tryon.stage,
        "drape": work_tryon.drape,
        "compat": work_compat.compat,
    }
)
"""By the kind of a task."""


def worker(shelf: Shelf) -> Work:
    """Does any task with what is on a shelf."""
    return partial(_do, shelf)


def _do(shelf: Shelf, task: Task, progress: Progress) -> Output:
    try:
        return WORK[task.kind](shelf, task, progress)
    finally:
        # A parse and its people refer to each other, so pixels that are kept no longer would wait for a collection
        # of all generations, which Python puts off as long as it sees few objects.
        gc.collect()
