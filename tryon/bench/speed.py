"""Time and memory of preparing and draping, on drawn photos of somebody who fills them."""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image

from dressform.parsing import Parse
from dressform.parsing.bench import run_child
from dressform.tryon.bench.criteria import Measured
from dressform.tryon.bench.fit import placed
from dressform.tryon.bench.flat_garments import photo as draw_garment
from dressform.tryon.bench.flat_garments import top
from dressform.tryon.bench.people import draw_people
from dressform.tryon.cloth.kinds import Solid, Tile
from dressform.tryon.drape import AnyCloth
from dressform.tryon.garment.cut import GarmentPhoto
from dressform.tryon.photo.photo import Photo, read_photo
from dressform.tryon.stage import Stage, prepare

__all__ = ["MEGAPIXELS", "measure_speed", "work"]

Times = dict[str, list[tuple[float, float]]]

MEGAPIXELS = (1, 4, 12)
_THREADS = 2
_CLOTHS = ("colour", "tile", "garment")
_PREPARE, _DRAPE, _MEMORY, _IMPORT = 350.0, 120.0, 120.0, 0.5
_IMPORTING = """
import time, numpy, cv2, PIL.Image
began = time.process_time()
from dressform.tryon import GarmentPhoto, Print, Region, Solid, Stage, Tile, prepare, swap
print(time.process_time() - began)
"""
_CHILD = "import sys; from dressform.tryon.bench.speed import work; print(work(sys.argv[1], int(sys.argv[2])))"


def measure_speed(megapixels: Iterable[float] = MEGAPIXELS, runs: int = 3) -> list[Measured]:
    """Milliseconds and megabytes per megapixel of the photo, each size in a process of its own with two threads.

    Times are medians, the first run left out, of what both processors together worked: a machine with nothing else to
    do is as fast or faster by the clock on the wall, whose time is in the remark. A garment's photo has been cut out
    before. Memory is all that a process takes beyond what it took for a tiny photo: decoded photo, parse, stage and
    result.

    Args:
        megapixels: Of the photos.
        runs: How often, at least 1.
    """
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for size in megapixels:
            stem = Path(folder) / f"photo{size}"
            _write(stem, size * 1e6)
            found = json.loads(run_child([sys.executable, "-c", _CHILD, str(stem), str(runs)])[2])
            cover = f"garment {100 * found['share']:.0f} % of the photo"
            for what, asked in (("prepare", _PREPARE), *((f"drape a {cloth}", _DRAPE) for cloth in _CLOTHS)):
                wall, cpu = (statistics.median(pair[k] for pair in found[what]) for k in (0, 1))
                note = f"on the wall {wall:.0f} ms/MP; {cover}"
                rows.append(Measured("speed", f"{what}, {size} MP", cpu, asked, unit=" ms/MP", note=note))
            rows.append(Measured("memory", f"peak, {size} MP", found["memory"], _MEMORY, unit=" MB/MP"))
    loading = statistics.median(float(run_child([sys.executable, "-c", _IMPORTING])[2]) for _ in range(runs + 1))
    note = "beyond NumPy, OpenCV and Pillow"
    return [*rows, Measured("speed", "import of the public names", loading, _IMPORT, unit=" s", note=note)]


def work(stem: str, runs: int) -> str:
    """JSON of what a photo takes: it is read, prepared and draped. Needs a process of its own."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(_THREADS)
    try:
        small = draw_people(120, 160)
        assert small.image is not None
        drawn, size = placed(top())
        tile = np.arange(64 * 48 * 3, dtype=np.uint32).reshape(64, 48, 3).astype(np.uint8)
        garment = GarmentPhoto(draw_garment(drawn, size, ground=(96, 70, 58)))
        each: tuple[AnyCloth, ...] = (Solid("#7a1f2b"), Tile(tile, repeat_cm=8), garment)
        made = dict(zip(_CLOTHS, each, strict=True))
        _once(small, read_photo(small.image), made)
        tiny = _peak()
        photo = read_photo(Path(f"{stem}.png"))
        parse = Parse.load(f"{stem}.npz").with_image(photo.srgb)
        area = parse.labels.size / 1e6
        stage, found = _once(parse, photo, made)
        memory = (_peak() - tiny) / area
        for _ in range(runs - 1 if area > 8 else runs):
            stage, again = _once(parse, photo, made)
            for what, times in again.items():
                found[what] += times
        out: dict[str, Any] = {
            what: [[1000 * part / area for part in pair] for pair in (times[1:] or times)]
            for what, times in found.items()
        }
        return json.dumps({**out, "memory": memory, "share": np.count_nonzero(stage.alpha) / parse.labels.size})
    finally:
        cv2.setNumThreads(before)


def _once(parse: Parse, photo: Photo, cloths: Mapping[str, AnyCloth]) -> tuple[Stage, Times]:
    """A stage of the first person, and seconds on the wall and of the processors of each step."""
    times: Times = {}
    stage: Stage = _timed(times, "prepare", lambda: prepare(photo, parse, 1, "upper"))
    for name, cloth in cloths.items():
        _timed(times, f"drape a {name}", partial(stage.drape, cloth))
    return stage, times


def _timed(times: Times, what: str, job: Callable[[], Any]) -> Any:
    wall, cpu = time.perf_counter(), time.process_time()
    out = job()
    times.setdefault(what, []).append((time.perf_counter() - wall, time.process_time() - cpu))
    return out


def _write(stem: Path, pixels: float) -> None:
    """A photo of somebody and its parse; three by four."""
    width = round((pixels * 3 / 4) ** 0.5)
    parse = draw_people(width, round(pixels / width))
    assert parse.image is not None
    Image.fromarray(parse.image).save(stem.with_name(f"{stem.name}.png"), compress_level=1)
    parse.save(stem.parent, ["npz"], stem.name)


def _peak() -> float:
    """Megabytes that this process has taken at the most; NaN on Windows."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says there begins with the most of the process that started this one
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    try:
        import resource
    except ImportError:
        return float("nan")
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
