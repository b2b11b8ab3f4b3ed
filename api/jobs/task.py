"""What is to be done and what came of it, as plain values that could go to another machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Literal

from dressform.api.problems import Problem

__all__ = ["FINAL", "Output", "State", "Status", "Task"]

State = Literal["queued", "running", "succeeded", "failed", "canceled"]
FINAL = frozenset({"succeeded", "failed", "canceled"})
"""States after which nothing changes any more."""


def _nothing() -> Mapping[str, Any]:
    return MappingProxyType({})


@dataclass(frozen=True)
class Task:
    """Something to be done.

    Attributes:
        kind: Name of the work: "parse", "batch", "avatar", "try-on", "stage" or "drape".
        options: Plain values, checked.
        inputs: Encoded images by the role they have.
        key: Digest of all that decides the result; tasks of one key have one result.
        photo_key: Digest of the photo and the engine, under which its parse is kept.
        owner: Who asked; nobody else gets anything that is kept for them.
        bulk: Whether it may wait behind tasks that somebody waits for.
    """

    kind: str
    options: Mapping[str, Any] = field(default_factory=_nothing)
    inputs: Mapping[str, bytes] = field(default_factory=_nothing, repr=False)
    key: str = ""
    photo_key: str = ""
    owner: str = ""
    bulk: bool = False


@dataclass(frozen=True)
class Output:
    """What came of a task.

    Attributes:
        body: The bytes.
        media_type: Of them.
        name: A file name to save them under, or "".
        facts: Numbers for the log: "pixels", "people".
        parts: Further outputs by their keys, to be fetched later.
        status: HTTP status of the reply.
        location: Of what was made, or "".
    """

    body: bytes = field(repr=False)
    media_type: str
    name: str = ""
    facts: Mapping[str, int] = field(default_factory=_nothing)
    parts: Mapping[str, Output] = field(default_factory=_nothing, repr=False)
    status: int = 200
    location: str = ""

    @property
    def cost(self) -> int:
        """Bytes that keeping it takes, without its parts."""
        return len(self.body) + 512


@dataclass(frozen=True)
class Status:
    """How far a task is.

    Attributes:
        state: One of five words.
        progress: 0..1.
        step: What is being done, one or two words.
        position: Place in the queue from 1, or None.
        queued, worked: Seconds so far spent waiting and working.
        output: If it succeeded.
        problem: If it failed.
    """

    state: State
    progress: float = 0.0
    step: str = ""
    position: int | None = None
    queued: float = 0.0
    worked: float = 0.0
    output: Output | None = field(default=None, repr=False)
    problem: Problem | None = None
