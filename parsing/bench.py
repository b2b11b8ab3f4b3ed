"""Speed and memory of parsing, each figure from a process of its own: ``python -m dressform.parsing.bench``.

Photos are composed from the samples that ship with the package, so everybody measures the same work.
Nothing else should run on the machine meanwhile; figures are medians.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import numpy as np
from PIL import Image

from dressform.assets import asset_path
from dressform.parsing.cpus import usable_cpus

__all__ = ["Figure", "compose_group", "measure", "run_child"]

FIVE = (1920, 1080)
LARGE = (6000, 4000)
_IMPORT = "import dressform.parsing as p; p.Part, p.Parse, p.load_parser, p.load_image"
_WARM = """
import sys, time, json, resource
from dressform.parsing import load_parser
parser, path, runs = load_parser(), sys.argv[1], int(sys.argv[2])
began = time.perf_counter(); parse = parser.parse(path); first = time.perf_counter() - began
times = []
for _ in range(runs):
    began = time.perf_counter(); parse = parser.parse(path); times.append(time.perf_counter() - began)
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << (20 if sys.platform == "darwin" else 10))
print(json.dumps({"first": first, "times": times, "people": len(parse), "peak": peak}))
"""
_PEER = """
import sys, time, json, cv2, mediapipe as mp
image = cv2.cvtColor(cv2.imread(sys.argv[1]), cv2.COLOR_BGR2RGB)
pose = mp.solutions.pose.Pose(static_image_mode=True, model_complexity=1, enable_segmentation=True)
pose.process(image); times = []
for _ in range(int(sys.argv[2])):
    began = time.perf_counter(); found = pose.process(image); times.append(time.perf_counter() - began)
print(json.dumps({"times": times, "version": mp.__version__, "found": found.pose_landmarks is not None}))
"""


@dataclass(frozen=True)
class Figure:
    """One measured figure: what, value, unit, the limit it should stay under (None: for comparison), and a remark."""

    what: str
    value: float
    unit: str
    limit: float | None = None
    note: str = ""

    @property
    def met(self) -> bool:
        """Whether the value stays within the limit."""
        return self.limit is None or self.value <= self.limit


def compose_group(size: tuple[int, int]) -> Image.Image:
    """A photo of five people, ``size`` (width, height): the sample of a family beside that of a seated man."""
    with (
        Image.open(asset_path("samples", "family.jpg")) as family,
        Image.open(asset_path("samples", "full-body.webp")) as man,
    ):
        width, height = size
        left = family.convert("RGB").resize(
            (round(height * family.width / family.height), height), Image.Resampling.LANCZOS
        )
        right_width = max(width - left.width, round(height * 0.55))
        right = man.convert("RGB").resize((round(height * man.width / man.height), height), Image.Resampling.LANCZOS)
    photo = Image.new("RGB", size)
    photo.paste(left.crop((0, 0, width - right_width, height)), (0, 0))
    middle = right.width // 2
    photo.paste(
        right.crop((middle - right_width // 2, 0, middle - right_width // 2 + right_width, height)),
        (width - right_width, 0),
    )
    return photo


def run_child(arguments: Sequence[str]) -> tuple[float, float, str]:
    """Run a command; returns wall seconds, peak MiB of memory (largest process; NaN where unknown) and its output."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as out:
        child = subprocess.Popen(arguments, stdout=out, stderr=subprocess.DEVNULL, env=_environment())
        if hasattr(os, "wait4"):
            _, status, usage = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            peak = usage.ru_maxrss / (1 << (20 if sys.platform == "darwin" else 10))
        else:
            child.wait()
            peak = float("nan")
        seconds = time.perf_counter() - began
        out.seek(0)
        if child.returncode:
            raise SystemExit(f"{' '.join(arguments[:4])} … ended with code {child.returncode}")
        return seconds, peak, out.read()


def _environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if k not in ("DRESSFORM_ENGINE", "PYTHONPROFILEIMPORTTIME")}


def _median(arguments: Sequence[str], runs: int) -> tuple[float, float]:
    rows = [run_child(arguments) for _ in range(runs + 1)][1:]  # the first one fills the disk cache
    return statistics.median(r[0] for r in rows), max(r[1] for r in rows)


def measure(folder: Path, runs: int, peer: str | None) -> list[Figure]:
    """All figures, in order; photos are written to ``folder``."""
    python = sys.executable
    group, large = folder / "group.jpg", folder / "large.jpg"
    compose_group(FIVE).save(group, quality=92)
    compose_group(LARGE).save(large, quality=92)
    empty, _ = _median([python, "-c", "pass"], runs)
    loaded, _ = _median([python, "-c", _IMPORT], runs)
    single = str(asset_path("samples", "family.jpg"))
    command = [python, "-m", "dressform.api.cli", "parse", single, "-o", str(folder / "out"), "--overwrite"]
    cold, cold_peak = _median(command, runs)
    figures = [
        Figure("import of the public API", loaded - empty, "s", 0.5),
        Figure("dressform parse, one photo, whole process", cold, "s", 2.0),
        Figure("the same, peak memory", cold_peak, "MiB", 450),
    ]
    for name, path, seconds, memory in (
        ("1080p photo of five", group, 0.6, 450),
        ("24 MP photo of five", large, 3.0, 900),
    ):
        row = json.loads(run_child([python, "-c", _WARM, str(path), str(runs)])[2])
        note = f"{row['people']} people found; first photo {row['first']:.2f} s"
        figures.append(Figure(f"{name}, warm, decoding included", statistics.median(row["times"]), "s", seconds, note))
        figures.append(Figure(f"{name}, peak memory", row["peak"], "MiB", memory))
    if peer:
        row = json.loads(run_child([peer, "-c", _PEER, str(group), str(runs)])[2])
        note = f"MediaPipe {row['version']}: one person, silhouette and joints, no parts"
        figures.append(
            Figure("for comparison: MediaPipe pose, same photo, warm", statistics.median(row["times"]), "s", None, note)
        )
    return figures


def machine() -> dict[str, str]:
    """Processor, CPUs in use, system and versions."""
    cpu = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        names = [
            line.split(":", 1)[1].strip() for line in info.read_text().splitlines() if line.startswith("model name")
        ]
        cpu = names[0] if names else cpu
    rows = {
        "cpu": cpu,
        "cpus used": str(usable_cpus()),
        "system": platform.platform(),
        "python": platform.python_version(),
    }
    for name in ("dressform", "numpy", "opencv-python-headless", "onnxruntime", "openvino", "torch", "pillow"):
        try:
            rows[name] = version(name)
        except PackageNotFoundError:
            rows[name] = "not installed"
    return rows


def _measure_m2fp(args: argparse.Namespace, folder: Path) -> list[Figure]:
    from dressform.parsing.bench_m2fp import measure_m2fp, throughput

    if args.reference is not None and args.weights is None:
        raise SystemExit("--reference needs --weights: both run the same model folder")
    if args.device != "cpu":
        batches = [int(number) for number in args.batch.split(",")]
        return list(throughput(folder, args.engine, args.weights, args.device, batches))
    return list(measure_m2fp(folder, args.engine, args.weights, args.reference, args.runs, usable_cpus()))


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--peer", metavar="PYTHON", help="interpreter with MediaPipe, to time it on the same photo")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--engine", choices=("compact", "m2fp", "m2fp-single"), default="compact")
    m2fp = parser.add_argument_group("M2FP engines")
    m2fp.add_argument("--weights", type=Path, help="model folder; what was pulled if left out")
    m2fp.add_argument(
        "--reference", type=Path, help="Python file with ModelScope's own code, to time it on the same photo"
    )
    m2fp.add_argument("--device", default="cpu", help="cuda: photos per second instead")
    m2fp.add_argument("--batch", default="1,8,32", help="photos at once on a device, separated by commas")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = _measure_m2fp(args, Path(folder)) if args.engine != "compact" else None
        figures = figures or measure(Path(folder), args.runs, args.peer)
    if args.json:
        print(json.dumps({"machine": machine(), "figures": [asdict(f) for f in figures]}, indent=2))
        return
    print("\n".join(f"{name}: {value}" for name, value in machine().items()))
    print("\n| what | measured | limit | |\n|---|---|---|---|")
    for f in figures:
        digits = {"s": 2, "": 3, "photos/s": 1}.get(f.unit, 0)
        limit = "" if f.limit is None else f"≤ {f.limit:g} {f.unit}" + ("" if f.met else " **missed**")
        print(f"| {f.what} | {np.round(f.value, digits):.{digits}f} {f.unit} | {limit} | {f.note} |")


if __name__ == "__main__":
    main()
