"""What is kept in memory for a while: limited in bytes and in time, the least recently used goes first."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, Generic, TypeVar

from dressform.parsing.formats.fields import dump_json

__all__ = ["Cache", "keyed_digest"]

T = TypeVar("T")


@dataclass
class _Row(Generic[T]):
    value: T
    cost: int
    seconds: float
    end: float


class Cache(Generic[T]):
    """Values by key. Threads may share it.

    Args:
        most: Bytes in all; a value that is larger than that is not kept.
        seconds: How long a value is kept, unless :meth:`put` says otherwise.
        sliding: Whether a use starts the time anew.
        clock: For tests.
    """

    def __init__(
        self, most: int, seconds: float, *, sliding: bool = False, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._most, self._seconds, self._sliding, self._clock = most, seconds, sliding, clock
        self._rows: OrderedDict[str, _Row[T]] = OrderedDict()
        self._total = 0
        self._lock = Lock()

    def get(self, key: str) -> T | None:
        """The value, or None if it is not kept."""
        with self._lock:
            row = self._rows.get(key)
            if row is None:
                return None
            if row.end <= self._clock():
                self._drop(key)
                return None
            if self._sliding:
                row.end = self._clock() + row.seconds
            self._rows.move_to_end(key)
            return row.value

    def put(self, key: str, value: T, cost: int, seconds: float | None = None) -> bool:
        """Keep a value; returns whether it is kept. A value that is there already keeps the longer of two times."""
        seconds = self._seconds if seconds is None else seconds
        with self._lock:
            old = self._rows.get(key)
            if old is not None:
                seconds = max(seconds, old.end - self._clock())
                self._drop(key)
            if seconds <= 0 or cost > self._most:
                return False
            self._rows[key] = _Row(value, cost, seconds, self._clock() + seconds)
            self._total += cost
            while self._total > self._most:
                self._drop(next(iter(self._rows)))
            return True

    def remove(self, key: str) -> bool:
        """Forget a value; returns whether it was there."""
        with self._lock:
            return self._drop(key)

    def sweep(self) -> None:
        """Forget what is over its time."""
        with self._lock:
            now = self._clock()
            for key in [key for key, row in self._rows.items() if row.end <= now]:
                self._drop(key)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._rows.clear()
            self._total = 0

    @property
    def cost(self) -> int:
        """Bytes of all that is kept."""
        return self._total

    def __len__(self) -> int:
        return len(self._rows)

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self._rows))

    def _drop(self, key: str) -> bool:
        row = self._rows.pop(key, None)
        if row is None:
            return False
        self._total -= row.cost
        return True


def keyed_digest(secret: bytes, kind: str, options: Mapping[str, Any], inputs: Sequence[bytes]) -> str:
    """64 hex digits that only who knows ``secret`` can make: nobody can ask whether somebody else sent a photo.

    Args:
        secret: Of this service and this caller.
        kind: What is to be done.
        options: Plain values, the engine and all versions among them.
        inputs: What was uploaded.
    """
    document = {"kind": kind, "options": {name: options[name] for name in sorted(options)}}
    told = hmac.new(secret, dump_json(document), hashlib.sha256)
    for data in inputs:
        told.update(hashlib.sha256(data).digest())
    return told.hexdigest()
