"""Where requests and work meet: results that are kept, one run for identical requests, jobs that are asked about later.

All of it belongs to one event loop; only the engine's threads are elsewhere.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import suppress
from dataclasses import replace
from threading import Thread
from typing import Any

from dressform.api.cache import Cache
from dressform.api.jobs.engine import Engine
from dressform.api.jobs.record import Answer, Flight, Record
from dressform.api.jobs.task import FINAL, Output, Status, Task
from dressform.api.problems import Problem
from dressform.api.settings import Settings
from dressform.api.uploads import Lease

__all__ = ["Desk"]

_MAX_JOBS = 2000
_NOT_CACHED = frozenset({"stage"})  # a stage belongs to whoever made it


class Desk:
    """Takes tasks for an engine.

    Args:
        engine: Does the work.
        settings: Of the service.
        results: Outputs by key.
        good: Whether a kept output of a task may still be given out: what it refers to may be gone.
    """

    def __init__(
        self,
        engine: Engine,
        settings: Settings,
        results: Cache[Output],
        good: Callable[[Task], bool] = lambda task: True,
    ) -> None:
        self.engine, self.results, self._settings, self._good = engine, results, settings, good
        self._flights: dict[str, Flight] = {}
        self._by_key: dict[str, Flight] = {}
        self._jobs: dict[str, Record] = {}
        self._closer: Thread | None = None

    @property
    def closing(self) -> bool:
        """Whether the service is being stopped."""
        return self._closer is not None

    async def answer(self, task: Task, lease: Lease, gone: Callable[[], Coroutine[None, None, None]]) -> Answer:
        """Do a task while somebody waits for it.

        Args:
            task: The task.
            lease: Of what was uploaded for it.
            gone: Makes what ends when the caller has hung up.

        Raises:
            Problem: It failed, nobody waits any more, the queue is full, or the deadline is over.
        """
        kept = self._kept(task)
        if kept is not None:
            return Answer(kept, "hit")
        flight, shared = self._join(task, lease, self._settings.cache_seconds)
        limit = self._settings.job_deadline if task.bulk else self._settings.deadline
        done, left = asyncio.create_task(self._ended(flight)), asyncio.create_task(gone())
        try:
            await asyncio.wait({done, left}, timeout=limit, return_when=asyncio.FIRST_COMPLETED)
            if not done.done():
                if left.done():
                    raise Problem("canceled", "the caller hung up")
                remedy = "send a smaller photo, or ask with 'Prefer: respond-async'"
                raise Problem("deadline", f"no result within {limit:g} seconds", remedy)
            status = done.result()
        finally:
            done.cancel()
            left.cancel()
            self._leave(flight)
        if status.output is None:
            raise status.problem.fresh() if status.problem is not None else Problem("canceled")
        return Answer(status.output, "shared" if shared else "miss", status.queued, status.worked)

    def start(self, task: Task, lease: Lease) -> Record:
        """Do a task that is asked about later.

        Raises:
            Problem: The queue is full, or too many jobs are kept.
        """
        self._make_room()
        kept = self._kept(task)
        flight = None if kept is not None else self._join(task, lease, self._settings.result_seconds)[0]
        status = Status("succeeded", 1.0) if flight is None else flight.status
        end_by = time.monotonic() + self._settings.job_deadline
        record = Record(secrets.token_urlsafe(18), task.kind, task.owner, task.key, end_by, flight, status)
        self._jobs[record.id] = record
        if flight is not None:
            flight.records.append(record)
        if kept is not None:
            self.results.put(task.key, kept, kept.cost, self._settings.result_seconds)
            self._close_record(record, replace(status, output=kept))
        return record

    def record(self, job_id: str, owner: str) -> Record:
        """A job.

        Raises:
            Problem: There is none, or it belongs to somebody else.
        """
        record = self._jobs.get(job_id)
        if record is None or record.owner != owner:
            raise Problem("not-found", "no such job; jobs are forgotten some minutes after they end")
        return record

    async def changes(self, record: Record) -> AsyncIterator[dict[str, Any] | None]:
        """The job's document now and after each change, None every 15 seconds; ends when the job has."""
        told: dict[str, Any] | None = None
        while True:
            # Taken before the document is: what changes while the caller is being told must not be missed.
            changed = None if record.flight is None else record.flight.changed
            document = record.to_dict()
            if document != told:
                told = document
                yield document
            if changed is None or self.closing or record.id not in self._jobs:
                return
            while not changed.is_set() and not self.closing:
                try:
                    await asyncio.wait_for(changed.wait(), 15)
                except TimeoutError:
                    yield None

    def erase(self, job_id: str, owner: str) -> None:
        """Cancel a job and forget it and its result; raises as :meth:`record`."""
        record = self.record(job_id, owner)
        del self._jobs[job_id]
        if record.flight is not None:
            flight = self._let_go(record, record.flight)
            record.status = Status("canceled", record.status.progress)
            self._tell(flight)
        kept = self.results.get(record.key)
        for key in (record.key, *(kept.parts if kept is not None else ())):
            self.results.remove(key)

    def sweep(self) -> None:
        """Forget what is over its time; to be called every second or so."""
        now = time.monotonic()
        self.results.sweep()
        for record in list(self._jobs.values()):
            if record.flight is not None and record.end_by < now:
                flight = self._let_go(record, record.flight)
                self._close_record(record, Status("failed", problem=Problem("deadline", "the job took too long")))
                self._tell(flight)
            elif record.kept_until is not None and record.kept_until < now:
                del self._jobs[record.id]

    def close(self, grace: float) -> Thread:
        """Stop taking tasks; those that are there have ``grace`` seconds. The thread returned ends after that."""
        if self._closer is None:
            self._closer = Thread(target=self.engine.close, args=(grace,), name="dressform-close", daemon=True)
            self._closer.start()
            for flight in self._flights.values():
                self._tell(flight)  # streams of events end
        return self._closer

    # ---- runs -------------------------------------------------------------------------------------------------------

    def _kept(self, task: Task) -> Output | None:
        if not self._settings.cache_seconds or task.kind in _NOT_CACHED:
            return None
        kept = self.results.get(task.key)
        whole = kept is not None and all(self.results.get(key) for key in kept.parts) and self._good(task)
        return kept if whole else None

    def _join(self, task: Task, lease: Lease, seconds: float) -> tuple[Flight, bool]:
        flight = self._by_key.get(task.key)
        shared = flight is not None
        if flight is None:
            loop = asyncio.get_running_loop()

            def changed(task_id: str) -> None:
                with suppress(RuntimeError):  # the loop has been closed: nobody waits any more
                    loop.call_soon_threadsafe(self._changed, task_id)

            task_id = self.engine.submit(task, changed)
            status = self.engine.status(task_id) or Status("queued")
            flight = Flight(task_id, task.key, task.kind, lease.keep(), seconds, status)
            self._flights[task_id] = self._by_key[task.key] = flight
        flight.seconds = max(flight.seconds, seconds)
        flight.holders += 1
        return flight, shared

    def _let_go(self, record: Record, flight: Flight) -> Flight:
        record.flight = None
        flight.records.remove(record)
        self._leave(flight)
        return flight

    def _leave(self, flight: Flight) -> None:
        flight.holders -= 1
        if flight.holders <= 0 and flight.task_id in self._flights:
            self._land(flight)

    def _land(self, flight: Flight) -> None:
        """Forget a run, and give it up if it is not done."""
        self._flights.pop(flight.task_id, None)
        if self._by_key.get(flight.key) is flight:
            del self._by_key[flight.key]
        self.engine.cancel(flight.task_id)
        if flight.lease is not None:
            flight.lease.release()
            flight.lease = None

    def _changed(self, task_id: str) -> None:
        flight = self._flights.get(task_id)
        if flight is None:
            return
        status = self.engine.status(task_id)
        if status is not None:
            flight.status = status
        if flight.status.state in FINAL:
            self._land(flight)
            missing = self._keep(flight)
            for record in flight.records:
                record.flight = None
                self._close_record(record, flight.status if missing is None else missing)
        else:
            for record in flight.records:
                record.status = flight.status
        self._tell(flight)

    def _make_room(self) -> None:
        """For one more job: of those that have ended the oldest is forgotten.

        Raises:
            Problem: None has ended.
        """
        if len(self._jobs) < _MAX_JOBS:
            return
        ended = next((record for record in self._jobs.values() if record.kept_until is not None), None)
        if ended is None:
            raise Problem("queue-full", "too many jobs are worked on", "try again", retry_after=30)
        del self._jobs[ended.id]

    def _keep(self, flight: Flight) -> Status | None:
        """Keep what came of a run; returns how it ended for jobs if that is too large to be fetched later."""
        output = flight.status.output
        if output is None:
            return None
        remedy = "ask for less, for a smaller 'max_side' or for JPEG"
        lost = Status("failed", problem=Problem("cannot-do", "the result is too large to be kept", remedy))
        parts = [
            self.results.put(key, part, part.cost, self._settings.result_seconds) for key, part in output.parts.items()
        ]
        if not all(parts):
            flight.status = lost  # the reply would point to nothing
            return lost
        if flight.kind in _NOT_CACHED and not flight.records:
            return None
        return None if self.results.put(flight.key, output, output.cost, flight.seconds) else lost

    def _close_record(self, record: Record, status: Status) -> None:
        output = status.output
        record.result = None if output is None else (output.media_type, len(output.body))
        record.status = replace(status, output=None, position=None)
        record.kept_until = time.monotonic() + self._settings.result_seconds

    def _tell(self, flight: Flight) -> None:
        told, flight.changed = flight.changed, asyncio.Event()
        told.set()

    async def _ended(self, flight: Flight) -> Status:
        while flight.status.state not in FINAL:
            await flight.changed.wait()
        return flight.status
