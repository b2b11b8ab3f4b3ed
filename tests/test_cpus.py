from __future__ import annotations

from pathlib import Path

import pytest

from dressform.parsing import cpus


@pytest.fixture
def group(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A control group's folder, on a machine where this process may use eight CPUs."""
    monkeypatch.setattr(cpus, "_CGROUP", tmp_path)
    monkeypatch.setattr(cpus.os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    return tmp_path


@pytest.mark.parametrize(
    ("text", "count"), [("max 100000", 8), ("200000 100000", 2), ("50000 100000", 1), ("1600000 100000", 8), ("odd", 8)]
)
def test_quota_of_version_2(group: Path, text: str, count: int) -> None:
    (group / "cpu.max").write_text(text + "\n")
    assert cpus.usable_cpus() == count


@pytest.mark.parametrize(("quota", "count"), [("-1", 8), ("300000", 3)])
def test_quota_of_version_1(group: Path, quota: str, count: int) -> None:
    (group / "cpu").mkdir()
    (group / "cpu" / "cpu.cfs_quota_us").write_text(quota + "\n")
    (group / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert cpus.usable_cpus() == count


def test_without_limits(group: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert cpus.usable_cpus() == 8
    monkeypatch.delattr(cpus.os, "sched_getaffinity")
    monkeypatch.setattr(cpus.os, "cpu_count", lambda: None)
    assert cpus.usable_cpus() == 1
