"""The complete result as NumPy arrays in one compressed ``.npz``; the photo itself is not stored.

Members, for n people and a photo of H x W pixels:
    format_version: () int64, 1
    engine:         (bytes,) uint8, UTF-8
    labels:         (H, W) uint8
    instances:      (H, W) uint16
    boxes:          (n, 4) float64, x0, y0, x1, y1 in pixels
    scores:         (n,) float64, 0..1
    keypoints:      (n, 17, 3) float32, with has_keypoints: (n,) bool
    face:           (n, 70, 2) float32, with has_face: (n,) bool
    maps_k_box, maps_k_parts, maps_k_values: (4,) float64, (p,) uint8, (p, h, w) uint8;
                    score maps of person k = 1..n, left out for people without them

Nothing in it needs pickle. Read it with :func:`dressform.parsing.formats.npz_load.decode` or ``numpy.load``.
"""

from __future__ import annotations

import io
from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import ParseDataError
from dressform.parsing.result import Floats, Parse

__all__ = ["FORMAT_VERSION", "encode"]

FORMAT_VERSION = 1


def encode(parse: Parse) -> dict[str, bytes]:
    """``npz``. The same result gives the same bytes: NumPy dates every member 1980.

    Raises:
        ParseDataError: A number of the result is not finite.
    """
    keypoints, has_keypoints = _stack((person.keypoints for person in parse.people), (17, 3))
    face, has_face = _stack((person.face for person in parse.people), (70, 2))
    arrays: dict[str, npt.NDArray[np.generic]] = {
        "format_version": np.array(FORMAT_VERSION, np.int64),
        "engine": np.frombuffer(parse.engine.encode("utf-8", "replace"), np.uint8),
        "labels": parse.labels,
        "instances": parse.instances,
        "boxes": np.array([person.box for person in parse.people], np.float64).reshape(-1, 4),
        "scores": np.array([person.score for person in parse.people], np.float64),
        "keypoints": keypoints,
        "has_keypoints": has_keypoints,
        "face": face,
        "has_face": has_face,
    }
    for person in parse.people:
        maps = person.observation.scores
        if maps is not None:
            arrays[f"maps_{person.index}_box"] = np.array(maps.box, np.float64)
            arrays[f"maps_{person.index}_parts"] = np.array(maps.parts, np.uint8)
            arrays[f"maps_{person.index}_values"] = maps.values
    for name, array in arrays.items():
        if array.dtype.kind == "f" and not np.isfinite(array).all():
            raise ParseDataError("the result holds a number that is not finite", got=name, allowed="finite numbers")
    file = io.BytesIO()
    np.savez_compressed(file, **{name: np.asarray(array, order="C") for name, array in arrays.items()})  # type: ignore[arg-type]
    return {"npz": file.getvalue()}


def _stack(arrays: Iterable[Floats | None], shape: tuple[int, int]) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """All arrays in one, zeros where there is none, and where there is one."""
    found = list(arrays)
    stacked = [np.zeros(shape, np.float32) if array is None else array.astype(np.float32) for array in found]
    present = np.array([array is not None for array in found], np.bool_)
    return np.array(stacked, np.float32).reshape(-1, *shape), present
