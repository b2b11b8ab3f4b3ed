"""What a swap may not change, and that it always comes out the same, on drawn people."""

from __future__ import annotations

import hashlib
import io
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageCms

from dressform.parsing import OptionError, Parse
from dressform.parsing.bench import run_child
from dressform.tryon.backends.base import Backend
from dressform.tryon.bench.criteria import Measured
from dressform.tryon.bench.hostile import HOSTILE, Painter
from dressform.tryon.bench.people import draw_people
from dressform.tryon.cloth.kinds import Print, Solid, Tile
from dressform.tryon.drape import AnyCloth, drape_all
from dressform.tryon.photo.photo import Photo, read_photo
from dressform.tryon.result import Result
from dressform.tryon.stage import Stage, prepare

__all__ = ["changed_outside", "cloths", "digest", "measure_determinism", "measure_preservation", "photos"]

Samples = npt.NDArray[Any]

_SIZE = (600, 400)
_REFUSED = ("nan", "shape")
_THREADS = (1, 2, 4)
_CHILD = "import sys; from dressform.tryon.bench.exactness import digest; print(digest(int(sys.argv[1])))"


def measure_preservation() -> list[Measured]:
    """Samples that changed and should not have, over kinds of photos, cloths and backends."""
    counts = {"outside": 0, "people": 0, "protected": 0, "file": 0}
    swaps = refused = 0
    for parse, photo in photos():
        keep = np.zeros(parse.labels.shape, np.bool_)
        keep[:, : parse.size[0] // 6] = True
        stage = prepare(photo, parse, 1, "upper", protect=keep)
        for backend, cloth in _makers():
            try:
                result = drape_all([(stage, cloth)], backend=backend)
            except OptionError:
                refused += 1
                continue
            swaps += 1
            counts["outside"] += changed_outside(result)
            touched = _differ(result.image, photo.colored())
            counts["people"] += int(np.count_nonzero(touched & (parse.instances > 1)))
            counts["protected"] += int(np.count_nonzero(touched & keep))
            counts["file"] += _file_changes(result)
    asked = sum(kind in _REFUSED for kind in HOSTILE) * len(list(photos()))
    rows = (
        ("pixels changed outside the edit mask", counts["outside"], f"{swaps} swaps, hostile backends included"),
        ("pixels changed of other people", counts["people"], ""),
        ("pixels changed under the protect mask", counts["protected"], ""),
        ("alpha, depth, size, ICC, EXIF changed in the file", counts["file"], "PNG, read again"),
        ("layers with NaN or of a wrong shape let through", asked - refused, f"{refused} refused"),
    )
    return [Measured("preservation", what, float(count), 0, note=note) for what, count, note in rows]


def measure_determinism(runs: int = 2) -> list[Measured]:
    """Whether stages and swaps are the same bytes over runs, numbers of threads, and saving and loading."""
    found = {
        threads: [json.loads(run_child([sys.executable, "-c", _CHILD, str(threads)])[2]) for _ in range(runs)]
        for threads in _THREADS
    }
    every = [each for several in found.values() for each in several]
    rows = []
    for what in every[0]:
        same = sum(each[what] == every[0][what] for each in every) / len(every)
        note = f"{runs} runs with each of {', '.join(map(str, _THREADS))} threads"
        rows.append(Measured("determinism", f"{what}: identical", 100 * same, 100, True, "%", note))
    again = sum(each["swap"] == each["swap of the saved stage"] for each in every) / len(every)
    rows.append(Measured("determinism", "saved, loaded and draped as if draped at once", 100 * again, 100, True, "%"))
    return rows


def digest(threads: int) -> str:
    """JSON of hashes of a stage's file and of swaps made with a number of OpenCV's threads."""
    before = cv2.getNumThreads()
    cv2.setNumThreads(threads)
    try:
        parse = draw_people(*_SIZE, people=2)
        assert parse.image is not None
        stages = [prepare(parse.image, parse, k, region) for k, region in ((2, "lower"), (1, "upper"))]
        made = [cloth for _, cloth in cloths()]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "it.stage"
            stages[1].save(path)
            file, loaded = path.read_bytes(), Stage.load(path)
        return json.dumps(
            {
                "stage": _hash(file),
                "swap": _hash(*(stages[1].drape(cloth).image for cloth in made)),
                "swap of the saved stage": _hash(*(loaded.drape(cloth).image for cloth in made)),
                "swap of two people": _hash(drape_all([(stages[0], made[1]), (stages[1], made[0])]).image),
            }
        )
    finally:
        cv2.setNumThreads(before)


def cloths() -> tuple[tuple[str, AnyCloth], ...]:
    """One of each kind that needs no photo, by name."""
    rng = np.random.default_rng(5)
    tile = np.asarray(cv2.resize(rng.integers(0, 256, (6, 6, 3)).astype(np.uint8), (48, 48)), np.uint8)
    logo = np.dstack([tile, np.where(np.hypot(*np.mgrid[-24:24, -24:24]) < 22, 255, 0).astype(np.uint8)])
    return (
        ("solid", Solid("#c8a02a")),
        ("tile", Tile(tile, repeat_cm=9, angle=20, drop=0.5)),
        ("print", Print(logo, "chest", width_cm=18, over=Solid("#202428"))),
        ("print alone", Print(logo, "chest", width_cm=18)),
    )


def photos(size: tuple[int, int] = _SIZE) -> Iterator[tuple[Parse, Photo]]:
    """A drawn photo of two people as files of several kinds hold it, each with its parse."""
    parse = draw_people(*size, people=2, seed=3)
    image = parse.image
    assert image is not None
    alpha = np.full(image.shape[:2], 255, np.uint8)
    alpha[: image.shape[0] // 2, ::3] = 90
    alpha[image.shape[0] // 2 :: 4] = 0
    rng = np.random.default_rng(1)
    deep = np.clip(image.astype(np.int64) * 257 + rng.integers(-90, 90, image.shape), 0, 65535).astype(np.uint16)
    exif = Image.Exif()
    exif[271], exif[274] = "Maker", 6
    icc = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    for pixels, options in (
        (image, {"exif": exif.tobytes(), "icc_profile": icc}),
        (np.dstack([image, alpha]), {"icc_profile": icc}),
        (image[:, :, 1], {}),
    ):
        stream = io.BytesIO()
        Image.fromarray(np.rot90(pixels) if "exif" in options else pixels).save(stream, "PNG", **options)
        photo = read_photo(stream.getvalue())
        yield replace(parse, image=photo.srgb), photo
    for samples in (deep, np.dstack([deep, alpha.astype(np.uint16) * 257])):
        photo = read_photo(samples)
        yield replace(parse, image=photo.srgb), photo


def changed_outside(result: Result) -> int:
    """Pixels outside the edit mask that differ from the photo, alpha included, or of which the layer has any."""
    outside = ~result.edit_mask
    differ = _differ(result.image, result.before.colored())
    return int(np.count_nonzero(differ & outside) + np.count_nonzero(result.layer[..., 3][outside]))


def _makers() -> list[tuple[str | Backend, AnyCloth]]:
    shown = [("classic", cloth) for _, cloth in cloths()]
    return [*shown, *((Painter(kind), Solid("#ffffff")) for kind in HOSTILE)]


def _differ(one: Samples, other: Samples) -> npt.NDArray[np.bool_]:
    return np.asarray((one != other).any(axis=2))


def _file_changes(result: Result) -> int:
    """How many properties of the photo's file are other ones in the file of the result."""
    before = result.before
    data, _ = result.photo.encode("PNG")
    after = read_photo(data)
    colored = after.colored()
    wrong = [
        after.size != before.size,
        after.pixels.dtype != before.pixels.dtype,
        before.has_alpha != after.has_alpha,
        not np.array_equal(colored, result.image),
        before.has_alpha and not np.array_equal(colored[..., 3], before.colored()[..., 3]),
        before.exif != after.exif or before.orientation != after.orientation,
        before.pixels.shape[2] >= 3 and before.icc != after.icc,
    ]
    return sum(map(bool, wrong))


def _hash(*parts: bytes | Samples) -> str:
    told = hashlib.blake2b(digest_size=16)
    for part in parts:
        told.update(part if isinstance(part, bytes) else np.ascontiguousarray(part).data)
    return told.hexdigest()
