"""The engine of one machine: a bounded queue and a few threads of this process."""

from __future__ import annotations

import math
import secrets
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Condition, Thread

from dressform.api.jobs.engine import Canceled, Load, Work
from dressform.api.jobs.task import FINAL, Output, State, Status, Task
from dressform.api.problems import Problem, from_error

__all__ = ["LocalEngine"]

_TYPICAL = 1.0  # seconds of a task, until some were timed


@dataclass(eq=False)
class _Job:
    """A task's state. Changed only under the engine's lock."""

    id: str
    task: Task | None
    changed: Callable[[str], None]
    bulk: bool = False
    state: State = "queued"
    progress: float = 0.0
    step: str = ""
    given_up: bool = False
    made: float = field(default_factory=time.monotonic)
    began: float | None = None
    ended: float | None = None
    output: Output | None = None
    problem: Problem | None = None


class LocalEngine:
    """Threads that take tasks from a queue; those that somebody waits for go before bulk.

    Python cannot stop a thread: work that was given up goes on to its next step and ends there.

    Args:
        work: Does a task.
        workers: Threads.
        queue_size: Tasks that may wait while all threads work.
        patience: Seconds that a task may be expected to wait; longer queues take no more, whatever their size.
    """

    def __init__(self, work: Work, *, workers: int = 1, queue_size: int = 32, patience: float = math.inf) -> None:
        self._work, self._workers, self._size, self._patience = work, workers, queue_size, patience
        self._jobs: dict[str, _Job] = {}
        self._urgent: deque[_Job] = deque()
        self._bulk: deque[_Job] = deque()
        self._running = 0
        self._closing = False
        self._typical = _TYPICAL
        self._turn = Condition()
        self._threads = [Thread(target=self._run, name=f"dressform-{k}", daemon=True) for k in range(workers)]
        for thread in self._threads:
            thread.start()

    def submit(self, task: Task, changed: Callable[[str], None]) -> str:
        """Take a task; see :class:`~dressform.api.jobs.engine.Engine`."""
        with self._turn:
            if self._closing:
                raise Problem("shutting-down", "the service is stopping", "try again", retry_after=10)
            wait = self._typical * (self._queued() + 1) / self._workers
            if self._room() <= 0 or (self._queued() and wait > self._patience):
                raise Problem("queue-full", "the queue is full", "try again", retry_after=min(60.0, max(1.0, wait)))
            job = _Job(secrets.token_urlsafe(18), task, changed, task.bulk)
            self._jobs[job.id] = job
            (self._bulk if task.bulk else self._urgent).append(job)
            self._turn.notify()
        return job.id

    def status(self, task_id: str) -> Status | None:
        """How far a task is."""
        with self._turn:
            job = self._jobs.get(task_id)
            return None if job is None else self._status(job)

    def cancel(self, task_id: str) -> bool:
        """Give a task up and forget it."""
        with self._turn:
            job = self._jobs.pop(task_id, None)
            if job is None:
                return False
            job.given_up = True
            for queue in (self._urgent, self._bulk):
                if job in queue:
                    queue.remove(job)
            if job.state not in FINAL:
                self._end(job, "canceled")
        job.changed(job.id)
        return True

    def load(self) -> Load:
        """How busy the engine is."""
        with self._turn:
            return Load(self._queued(), self._running, max(0, self._room()))

    def close(self, grace: float) -> None:
        """Work on for a while, fail the rest, and end the threads."""
        end = time.monotonic() + grace
        with self._turn:
            self._closing = True
            self._turn.notify_all()
            while (self._queued() or self._running) and time.monotonic() < end:
                self._turn.wait(min(0.1, max(0.0, end - time.monotonic())))
            left = [job for job in self._jobs.values() if job.state not in FINAL]
            for job in left:
                job.given_up = True
                job.problem = Problem("shutting-down", "the service is stopping", "try again", retry_after=10)
                self._end(job, "failed")
            self._urgent.clear()
            self._bulk.clear()
            self._turn.notify_all()
        for job in left:
            job.changed(job.id)
        for thread in self._threads:
            thread.join(timeout=0.2)

    # ---- under the lock ---------------------------------------------------------------------------------------------

    def _queued(self) -> int:
        return len(self._urgent) + len(self._bulk)

    def _room(self) -> int:
        return self._size + self._workers - self._running - self._queued()

    def _status(self, job: _Job) -> Status:
        now = time.monotonic()
        began, ended = job.began, job.ended
        queued = (began or ended or now) - job.made
        worked = (ended or now) - began if began is not None else 0.0
        position = None
        if job.state == "queued":
            position = [*self._urgent, *self._bulk].index(job) + 1 if job in (*self._urgent, *self._bulk) else 1
        return Status(
            job.state, job.progress, job.step, position, queued, worked, job.output, job.problem
        )  # fmt: skip

    def _end(self, job: _Job, state: State) -> None:
        job.state, job.ended, job.task = state, time.monotonic(), None  # the photo is not needed any more
        if state == "succeeded":
            job.progress, job.step = 1.0, ""

    # ---- threads ----------------------------------------------------------------------------------------------------

    def _next(self) -> tuple[_Job, Task] | None:
        with self._turn:
            while not self._queued():
                if self._closing:
                    return None
                self._turn.wait()
            job = (self._urgent or self._bulk).popleft()
            job.state, job.began = "running", time.monotonic()
            self._running += 1
            assert job.task is not None
            return job, job.task

    def _run(self) -> None:
        while (taken := self._next()) is not None:
            job, task = taken
            job.changed(job.id)
            output, problem = self._attempt(job, task)
            del taken, task
            with self._turn:
                self._running -= 1
                if job.state not in FINAL:
                    job.output, job.problem = output, problem
                    state: State = "canceled" if job.given_up else "succeeded" if output is not None else "failed"
                    self._end(job, state)
                    if not job.bulk:
                        seconds = (job.ended or 0.0) - (job.began or 0.0)
                        self._typical += 0.2 * (seconds - self._typical)
                self._turn.notify_all()
            job.changed(job.id)
            del job, output, problem

    def _attempt(self, job: _Job, task: Task) -> tuple[Output | None, Problem | None]:
        def progress(share: float, step: str) -> None:
            if job.given_up:
                raise Canceled
            with self._turn:
                moved = (round(share, 2), step) != (round(job.progress, 2), job.step)
                job.progress, job.step = max(job.progress, min(1.0, share)), step
            if moved:
                job.changed(job.id)

        try:
            progress(0.0, "")
            return self._work(task, progress), None
        except Canceled:
            return None, Problem("canceled")
        except Exception as error:  # whatever the work raises, the thread goes on
            return None, from_error(error).fresh()
