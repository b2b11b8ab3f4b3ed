"""Speed and memory of the M2FP engines: ``python -m dressform.parsing.bench --engine m2fp --weights FOLDER``.

Every figure comes from a process of its own, and rounds take turns, so that what else the machine does hits all alike.
Beside ours runs ModelScope's own code where ``--reference`` names a Python file with a class ``Reference`` that takes
a model folder and has ``parse`` for (H, W, 3) uint8 BGR; ``tests/m2fp_reference.py`` is one. With random weights nearly
every query becomes an instance that fills half the photo: no real photo is as much work after the network.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from dressform.parsing.bench import Figure, compose_group, run_child

__all__ = ["Variant", "measure_m2fp", "throughput"]

PHOTO, LARGE = (1280, 720), (3840, 2160)
_OURS = """
import sys, time, json, resource
from dressform.parsing import load_parser
engine, photo, runs, options = sys.argv[1], sys.argv[2], int(sys.argv[3]), json.loads(sys.argv[4])
parser, times, people = load_parser(engine, **options), [], 0
for _ in range(runs + 1):
    began = time.perf_counter(); people = len(parser.parse(photo)); times.append(time.perf_counter() - began)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << (20 if sys.platform == "darwin" else 10))
print(json.dumps({"first": times[0], "times": times[1:], "people": people, "peak": peak}))
"""
_THEIRS = """
import sys, time, json, resource, importlib.util, cv2, torch
from pathlib import Path
spec = importlib.util.spec_from_file_location("reference", sys.argv[1]); module = importlib.util.module_from_spec(spec)
sys.modules["reference"] = module; spec.loader.exec_module(module)
torch.set_num_threads(int(sys.argv[5]))
reference, times = module.Reference(Path(sys.argv[2])), []
for _ in range(int(sys.argv[4]) + 1):
    began = time.perf_counter(); reference.parse(cv2.imread(sys.argv[3])); times.append(time.perf_counter() - began)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << (20 if sys.platform == "darwin" else 10))
print(json.dumps({"first": times[0], "times": times[1:], "people": 0, "peak": peak}))
"""
_MANY = """
import sys, time, json, itertools
from dressform.parsing import load_parser
engine, photo, batch, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
parser = load_parser(engine, **json.loads(sys.argv[5]))
from dressform.parsing import load_image
from dressform.parsing.engines.m2fp.views import View
image = load_image(photo)
tensor = parser._prepare(image, View()).tensor.repeat(batch, 0)
parser.runner.run(tensor); parser.runner.run(tensor)
began = time.perf_counter()
for _ in range(max(count // batch, 1)): parser.runner.run(tensor)
network = max(count // batch, 1) * batch / (time.perf_counter() - began)
list(parser.parse_many([image] * batch, batch))
began = time.perf_counter(); done = len(list(parser.parse_many(itertools.repeat(image, count), batch)))
print(json.dumps({"network": network, "whole": done / (time.perf_counter() - began)}))
"""


class _Row(TypedDict):
    """What a process of its own measured: seconds of the first and the other photos, peak MiB, and what was found."""

    first: float
    times: list[float]
    peak: float
    people: int


@dataclass(frozen=True)
class Variant:
    """A way to run the network: runtime and precision, and at what part of ModelScope's time it should stay."""

    runtime: str
    precision: str = "fp32"
    limit: float = 1 / 2.5

    @property
    def title(self) -> str:
        """Name for people."""
        return f"{self.runtime}, {self.precision}"


VARIANTS = (Variant("onnx"), Variant("openvino"), Variant("openvino", "bf16", 1 / 4))


def measure_m2fp(
    folder: Path, engine: str, weights: Path | None, reference: Path | None, rounds: int, threads: int
) -> Iterator[Figure]:
    """All figures of the CPU, in order.

    Args:
        folder: Photos are written there.
        engine: "m2fp" or "m2fp-single".
        weights: Model folder; None takes what was pulled. A reference needs one.
        reference: Python file with ModelScope's own code, or None.
        rounds: How many times each variant has its turn; one warm photo each.
        threads: Of the reference; ours use what the process may.
    """
    photo, large = folder / "photo.jpg", folder / "large.jpg"
    compose_group(PHOTO).save(photo, quality=92)
    compose_group(LARGE).save(large, quality=92)
    common: dict[str, Any] = {"min_score": 0.0} if engine == "m2fp" else {}
    if weights is not None:
        common["weights"] = str(weights)
    rows: dict[str, list[_Row]] = {}
    _ours(engine, photo, 0, {**common, "runtime": "onnx"})  # converts, if need be
    for _ in range(rounds):
        if reference is not None:
            theirs = [str(reference), str(weights), str(photo), "1", str(threads)]
            rows.setdefault("ModelScope", []).append(json.loads(run_child([sys.executable, "-c", _THEIRS, *theirs])[2]))
        for variant in VARIANTS:
            options = {**common, "runtime": variant.runtime, "precision": variant.precision}
            rows.setdefault(variant.title, []).append(_ours(engine, photo, 1, options))
    base = _seconds(rows["ModelScope"]) if reference is not None else None
    if base is not None:
        peak = max(row["peak"] for row in rows["ModelScope"])
        yield Figure("ModelScope's own code, photo to masks, warm", base, "s", None, f"peak {peak:.0f} MiB")
    for variant in VARIANTS:
        mine = rows[variant.title]
        note = f"first {statistics.median(row['first'] for row in mine):.2f} s, {mine[0]['people']} people"
        yield Figure(f"{variant.title}: photo to people, warm", _seconds(mine), "s", None, note)
        if base is not None:
            pairs = zip(mine, rows["ModelScope"], strict=True)
            ratios = [row["times"][0] / other["times"][0] for row, other in pairs]
            note = f"rounds {', '.join(f'{ratio:.3f}' for ratio in ratios)}"
            yield Figure("the same, part of ModelScope's time", statistics.median(ratios), "", variant.limit, note)
        yield Figure("the same, peak memory", max(row["peak"] for row in mine), "MiB", 1600)
        options = {**common, "runtime": variant.runtime, "precision": variant.precision}
        row = _ours(engine, large, 1, options)
        note = f"first {row['first']:.2f} s, warm {row['times'][0]:.2f} s"
        yield Figure(f"{variant.title}: 3840 × 2160, peak memory", row["peak"], "MiB", 1600, note)


def throughput(
    folder: Path, engine: str, weights: Path | None, device: str, batches: Sequence[int]
) -> Iterator[Figure]:
    """Photos per second of a device, the network alone and photo to people, in each precision and batch size."""
    photo = folder / "photo.jpg"
    compose_group(PHOTO).save(photo, quality=92)
    for precision in ("fp32", "bf16", "fp16"):
        for batch in batches:
            options = {"device": device, "precision": precision, "weights": weights and str(weights)}
            arguments = [engine, str(photo), str(batch), str(max(32, 2 * batch)), json.dumps(options)]
            row = json.loads(run_child([sys.executable, "-c", _MANY, *arguments])[2])
            title = f"{device}, {precision}, {batch} at once"
            yield Figure(f"{title}: network", row["network"], "photos/s")
            yield Figure(f"{title}: photo to people", row["whole"], "photos/s")


def _ours(engine: str, photo: Path, runs: int, options: dict[str, Any]) -> _Row:
    arguments = [engine, str(photo), str(runs), json.dumps(options)]
    found: _Row = json.loads(run_child([sys.executable, "-c", _OURS, *arguments])[2])
    return found


def _seconds(rows: Sequence[_Row]) -> float:
    return statistics.median(second for row in rows for second in row["times"])
