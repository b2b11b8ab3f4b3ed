"""A run that requests wait for, a job as its owner sees it, and the answer to a request."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Any

from dressform.api.jobs.task import Output, Status
from dressform.api.uploads import Lease

__all__ = ["Answer", "Flight", "Record"]


@dataclass(frozen=True)
class Answer:
    """A result and how it was come by: "hit" (kept), "shared" (with an identical request) or "miss"."""

    output: Output
    cache: str
    queued: float = 0.0
    worked: float = 0.0


@dataclass(eq=False)
class Flight:
    """One run that one or more requests wait for.

    Attributes:
        task_id: What the engine calls it.
        key, kind: Of its task.
        lease: Of what was uploaded for it.
        seconds: How long its result is kept.
        status: The last one known.
        holders: Requests and jobs that want it; nobody left means that it is given up.
        records: Jobs among them.
        changed: Set, and replaced, when the status changes.
    """

    task_id: str
    key: str
    kind: str
    lease: Lease | None
    seconds: float
    status: Status
    holders: int = 0
    records: list[Record] = field(default_factory=list)
    changed: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(eq=False)
class Record:
    """A job as its owner sees it.

    Attributes:
        id: Nobody can guess it.
        kind: Of its task.
        owner: Who may ask about it.
        key: Of its result.
        end_by: When it is given up, by the monotonic clock.
        flight: The run, until it ended.
        status: The last one known; its output is kept elsewhere.
        result: Media type and bytes of the result, or None.
        kept_until: When it is forgotten, or None while it runs.
    """

    id: str
    kind: str
    owner: str
    key: str
    end_by: float
    flight: Flight | None
    status: Status
    result: tuple[str, int] | None = None
    kept_until: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """The document of the job."""
        where = f"/v1/jobs/{self.id}"
        result = None
        if self.result is not None:
            result = {"href": f"/v1/results/{self.key}", "type": self.result[0], "bytes": self.result[1]}
        status = self.status
        return {
            "id": self.id,
            "kind": self.kind,
            "status": status.state,
            "progress": round(status.progress, 2),
            "step": status.step,
            "position": status.position,
            "result": result,
            "problem": status.problem.to_dict() if status.problem is not None and status.state == "failed" else None,
            "links": {"self": where, "events": f"{where}/events"},
        }
