"""Criterion 7: same bytes every time, the size of SVG files, and, where asked for, speed."""

from __future__ import annotations

import hashlib
import os
import platform
import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from dressform.avatar.avatar import build_avatar, draw_avatar
from dressform.avatar.bench.drawing import Drawing
from dressform.avatar.bench.figures import Figure, Record, share, values
from dressform.avatar.bench.subjects import Subject
from dressform.avatar.measure import measure
from dressform.avatar.spec_file import spec_to_json
from dressform.parsing import Person

__all__ = ["figures", "machine", "record", "repeated", "timings"]

THREADS = (1, 2, 4)
_SIDE = 256
_LIMITS = {
    "photo crop to SVG": 0.5,
    "photo crop to 1024 px PNG": 1.0,
    "all styles from one spec, SVG and 512 px PNG": 3.0,
}


def record(drawings: Mapping[str, Drawing]) -> Record:
    """Size of each style's SVG in KB (1000 bytes), and its digest, for comparison with other machines."""
    out: Record = {}
    for style, drawing in drawings.items():
        data = drawing.avatar.encode("svg")
        out[style] = {"svg_kb": len(data) / 1000, "sha256": hashlib.sha256(data).hexdigest()[:16]}
    return out


def repeated(subject: Subject, styles: Sequence[str]) -> Record:
    """Whether spec, SVG and PNG are the same bytes when made again, with other numbers of threads."""
    before = cv2.getNumThreads()
    seen: dict[str, set[str]] = {}
    try:
        for count in (*THREADS, THREADS[0]):
            cv2.setNumThreads(count)
            person = Person(subject.person.parse, subject.person.index)
            spec = measure(person)
            seen.setdefault("spec", set()).add(_digest(spec_to_json(spec).encode()))
            for style in styles:
                avatar = draw_avatar(spec, style)
                seen.setdefault(f"{style} svg", set()).add(_digest(avatar.encode("svg")))
                seen.setdefault(f"{style} png", set()).add(_digest(avatar.encode("png", size=_SIDE)))
    finally:
        cv2.setNumThreads(before)
    return {name: float(len(digests) == 1) for name, digests in seen.items()}


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def timings(chosen: Sequence[Subject], styles: Sequence[str]) -> dict[str, list[float]]:
    """Seconds of each person for each of the tasks, the fastest of three runs."""
    out: dict[str, list[float]] = {name: [] for name in _LIMITS}
    for subject in chosen:
        person = subject.person
        _ = person.face, person.keypoints  # found by the parser, whose speed is measured elsewhere

        def to_svg(person: Person = person) -> None:
            build_avatar(None, person, styles[0]).encode("svg")

        def to_png(person: Person = person) -> None:
            build_avatar(None, person, styles[0]).encode("png", size=1024)

        def to_all(spec: Any = subject.spec) -> None:
            for style in styles:
                avatar = draw_avatar(spec, style)
                avatar.encode("svg")
                avatar.encode("png", size=512)

        for name, task in zip(_LIMITS, (to_svg, to_png, to_all), strict=True):
            runs = []
            for _ in range(3):
                began = time.perf_counter()
                task()
                runs.append(time.perf_counter() - began)
            out[name].append(min(runs))
    return out


def machine() -> dict[str, Any]:
    """What figures of speed depend on."""
    model = platform.processor()
    info = Path("/proc/cpuinfo")
    if info.exists():
        lines = [line for line in info.read_text(errors="replace").splitlines() if line.startswith("model name")]
        model = lines[0].partition(":")[2].strip() if lines else model
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": sys.version.split()[0],
        "numpy": np.__version__,
        "opencv": cv2.__version__,
        "pillow": version("pillow"),
        "threads": cv2.getNumThreads(),
    }


def figures(records: Sequence[Record], styles: Sequence[str], timed: Mapping[str, Sequence[float]]) -> list[Figure]:
    """Shares of same bytes, sizes, and seconds where measured."""
    out = []
    same = [value for each in records for value in each.get("repeated", {}).values()]
    note = f"spec, SVG and PNG made 4 times, with {', '.join(map(str, THREADS))} threads"
    out.append(Figure(7, "same bytes every time", share(same), 100, True, len(same), "%", note))
    rows = [each["sizes"] for each in records]
    for style in styles:
        sizes = values(rows, style, "svg_kb")
        if sizes:
            note = f"median {statistics.median(sizes):.0f} KB"
            out.append(Figure(7, f"{style}: largest SVG of a bust, KB", max(sizes), 60, count=len(sizes), note=note))
    for name, seconds in timed.items():
        if seconds:
            note = f"median of {len(seconds)} people; slowest {max(seconds):.2f}"
            out.append(
                Figure(7, f"{name}, s", statistics.median(seconds), _LIMITS[name], count=len(seconds), note=note)
            )
    return out
