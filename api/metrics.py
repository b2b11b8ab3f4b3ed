"""Counters and times for Prometheus: routes, states and sizes, nothing of any photo or caller."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    generate_latest,
)

from dressform.api.jobs.engine import Load

__all__ = ["Meter"]

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_BYTES = (1e4, 1e5, 5e5, 1e6, 2.5e6, 5e6, 1e7, 2.5e7, 1e8)


class Meter:
    """All that is measured, in a registry of its own."""

    media_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        labels = ("route", "method", "status")
        self._requests = Counter("dressform_requests", "Requests", labels, registry=self.registry)
        self._seconds = Histogram(
            "dressform_request_seconds", "Time of requests", ("route",), registry=self.registry, buckets=_SECONDS
        )
        self._body = Histogram("dressform_body_bytes", "Uploads", registry=self.registry, buckets=_BYTES)
        self._cache = Counter("dressform_results", "Results by origin", ("cache",), registry=self.registry)
        self._work = Histogram(
            "dressform_work_seconds", "Time of work", ("kind",), registry=self.registry, buckets=_SECONDS
        )
        self._wait = Histogram("dressform_queue_seconds", "Time in the queue", registry=self.registry, buckets=_SECONDS)

    def watch(self, load: Callable[[], Load], held: Callable[[], int], kept: Callable[[], int]) -> None:
        """Show how busy an engine is, and bytes of uploads and of what is kept."""
        for name, what, read in (
            ("dressform_tasks_queued", "Tasks that wait", lambda: load().queued),
            ("dressform_tasks_running", "Tasks that are worked on", lambda: load().running),
            ("dressform_held_bytes", "Bytes of uploads that are held", held),
            ("dressform_kept_bytes", "Bytes that are kept in memory", kept),
        ):
            Gauge(name, what, registry=self.registry).set_function(read)

    def request(self, route: str, method: str, status: int, seconds: float, taken: int) -> None:
        """Count a request."""
        method = method if method in {"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"} else "other"
        self._requests.labels(route, method, str(status)).inc()
        self._seconds.labels(route).observe(seconds)
        if taken:
            self._body.observe(taken)

    def result(self, kind: str, cache: str, queued: float, worked: float) -> None:
        """Count a result."""
        self._cache.labels(cache).inc()
        if cache == "miss":
            self._work.labels(kind).observe(worked)
            self._wait.observe(queued)

    def text(self) -> bytes:
        """For ``/metrics``."""
        return generate_latest(self.registry)
