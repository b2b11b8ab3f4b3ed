"""How many CPUs this process may use: what the machine has, less what affinity and containers take away."""

from __future__ import annotations

import os
from pathlib import Path

__all__ = ["usable_cpus"]

_CGROUP = Path("/sys/fs/cgroup")


def usable_cpus() -> int:
    """CPUs that threads of this process can really keep busy, at least 1.

    ``os.cpu_count`` alone would start one thread per core of the host inside a container that may use two.
    """
    affinity = getattr(os, "sched_getaffinity", None)  # Linux only
    count = len(affinity(0)) if affinity is not None else os.cpu_count() or 1
    quota = _quota(_CGROUP)
    return max(1, count if quota is None else min(count, round(quota)))


def _quota(folder: Path) -> float | None:
    """CPU time per time that the container's control group allows (version 2, then 1), or None."""
    try:
        limit, period = (folder / "cpu.max").read_text().split()
    except (OSError, ValueError):
        try:
            limit = (folder / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (folder / "cpu" / "cpu.cfs_period_us").read_text().strip()
        except OSError:
            return None
    if not (limit.isdecimal() and period.isdecimal() and int(period)):
        return None  # "max" or -1: no limit
    return int(limit) / int(period)
