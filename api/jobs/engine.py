"""Who does the work: a small protocol, so that threads of this process and other machines can stand in for each other.

An engine is bounded: it takes a task at once or refuses it. Tasks are independent of each other, except that "avatar",
"try-on" and "stage" find a kept parse, and "drape" a kept stage, quicker or only where they were made; an engine of
several machines must bring tasks of one ``photo_key`` to one of them or share what they keep.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from dressform.api.jobs.task import Output, Status, Task

__all__ = ["Canceled", "Engine", "Load", "Progress", "Work"]

Progress = Callable[[float, str], None]
"""Takes the share that is done and the name of the step; raises :class:`Canceled` where nobody waits any more."""

Work = Callable[[Task, Progress], Output]
"""Does a task. Raises :class:`~dressform.api.problems.Problem` or a ``DressformError`` where it cannot."""


class Canceled(Exception):
    """Raised inside of work that nobody waits for any more."""


@dataclass(frozen=True)
class Load:
    """How busy an engine is.

    Attributes:
        queued, running: Tasks.
        room: Tasks that it would still take.
    """

    queued: int
    running: int
    room: int


class Engine(Protocol):
    """Does tasks, some at a time. Threads may share it."""

    def submit(self, task: Task, changed: Callable[[str], None]) -> str:
        """Take a task.

        Args:
            task: The task.
            changed: Called with the task's id, from any thread, whenever its status may have changed.

        Returns:
            An id that nobody can guess.

        Raises:
            Problem: "queue-full" or "shutting-down".
        """

    def status(self, task_id: str) -> Status | None:
        """How far it is; None: unknown or forgotten."""

    def cancel(self, task_id: str) -> bool:
        """Give a task up if it is not done, and forget it; returns whether it was known."""

    def load(self) -> Load:
        """How busy it is."""

    def close(self, grace: float) -> None:
        """Take no more tasks, work on for ``grace`` seconds at most, and fail what is left with "shutting-down"."""
