"""Reads ``.npz`` results; what a member claims to be is checked before its pixels are unpacked."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from typing import IO, TypeVar

import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import ParseDataError
from dressform.parsing.formats.npz import FORMAT_VERSION
from dressform.parsing.formats.rle import check_size
from dressform.parsing.parts import Part
from dressform.parsing.result import Observation, Parse
from dressform.parsing.scores import ScoreMaps

__all__ = ["decode"]

_MAX_MAP_BYTES = 1 << 29  # score maps of all people together
_MOST_PEOPLE = 65535  # what Parse.instances can tell apart
_DAMAGED = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError, OSError)

# NumPy's own reader would evaluate the header as a Python literal; these few words are all we ever write.
_HEADER = re.compile(
    rb"\{'descr': '([<>|][a-z]\d)', 'fortran_order': False, "
    rb"'shape': \((|\d{1,10},|\d{1,10}(?:, \d{1,10}){1,3})\), \} *\n"
)

Shape = tuple[int | None, ...]  # None: any length
Scalar = TypeVar("Scalar", bound=np.generic)


def decode(data: bytes) -> Parse:
    """The result that an ``.npz`` file holds, without photo.

    Raises:
        ParseDataError: Not such a file, damaged, too large, or arrays that do not form a result; names the member.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return _read(_Reader(archive))
    except ParseDataError:
        raise
    except _DAMAGED as error:
        raise ParseDataError("not an npz file, or a damaged one", got=error) from None


class _Reader:
    """Reads members of a given type and shape, and nothing else."""

    def __init__(self, archive: zipfile.ZipFile) -> None:
        self.archive = archive
        self.names = frozenset(archive.namelist())

    def shape(self, name: str, dtype: type[np.generic], shape: Shape) -> tuple[int, ...]:
        """The shape a member claims, without reading its data; fails unless type and shape are as wanted."""
        with self._open(name) as member:
            return self._header(member, name, dtype, shape)

    def array(self, name: str, dtype: type[Scalar], shape: tuple[int, ...]) -> npt.NDArray[Scalar]:
        """A member, of exactly this type and shape."""
        with self._open(name) as member:
            self._header(member, name, dtype, shape)
            size = int(np.prod(shape, dtype=np.int64)) * np.dtype(dtype).itemsize
            data = bytearray(member.read(size))
            if len(data) != size or member.read(1):
                raise ParseDataError(f"bad array {name}", got="another length than its header claims")
        found = np.frombuffer(data, dtype).reshape(shape)
        if found.dtype.kind == "f" and not np.isfinite(found).all():
            raise ParseDataError(f"bad array {name}", got="NaN or infinity", allowed="finite numbers")
        return found

    def _open(self, name: str) -> IO[bytes]:
        if f"{name}.npy" not in self.names:
            raise ParseDataError(f"missing array {name}")
        info = self.archive.getinfo(f"{name}.npy")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise ParseDataError(f"bad array {name}", got="an unknown compression", allowed="stored or deflated")
        return self.archive.open(info)

    def _header(self, member: IO[bytes], name: str, dtype: type[np.generic], shape: Shape) -> tuple[int, ...]:
        prefix = member.read(10)
        header = member.read(int.from_bytes(prefix[8:], "little")) if prefix.startswith(b"\x93NUMPY\x01\x00") else b""
        found = _HEADER.fullmatch(header)
        if found is None:
            raise ParseDataError(f"bad array {name}", got="an unknown header", allowed="a .npy array of version 1.0")
        claimed = tuple(int(length) for length in found[2].replace(b",", b" ").split())
        fits = len(claimed) == len(shape) and all(w is None or w == c for w, c in zip(shape, claimed, strict=True))
        if found[1].decode() != np.dtype(dtype).str or not fits:
            wanted = f"{np.dtype(dtype).str} ({', '.join('any' if w is None else str(w) for w in shape)})"
            raise ParseDataError(f"bad array {name}", got=f"{found[1].decode()} {claimed}", allowed=wanted)
        return claimed


def _read(reader: _Reader) -> Parse:
    version = int(reader.array("format_version", np.int64, ()))
    if version != FORMAT_VERSION:
        raise ParseDataError("unknown format version", got=version, allowed=FORMAT_VERSION, remedy="update dressform")
    h, w = reader.shape("labels", np.uint8, (None, None))
    check_size(h, w)
    (n,) = reader.shape("scores", np.float64, (None,))
    if n > _MOST_PEOPLE:
        raise ParseDataError("bad array scores", got=f"{n} people", allowed=f"at most {_MOST_PEOPLE}")
    (engine_length,) = reader.shape("engine", np.uint8, (None,))
    if engine_length > 1000:
        raise ParseDataError("bad array engine", got=f"{engine_length} bytes", allowed="at most 1000")
    labels = reader.array("labels", np.uint8, (h, w))
    instances = reader.array("instances", np.uint16, (h, w))
    engine = reader.array("engine", np.uint8, (engine_length,)).tobytes().decode("utf-8", "replace")
    return Parse(labels, instances, _observations(reader, n, h, w), engine=engine)


def _observations(reader: _Reader, n: int, h: int, w: int) -> tuple[Observation, ...]:
    boxes = reader.array("boxes", np.float64, (n, 4)).tolist()
    for x0, y0, x1, y1 in boxes:
        if not (0 <= x0 <= x1 <= w and 0 <= y0 <= y1 <= h):
            raise ParseDataError("bad array boxes", got=(x0, y0, x1, y1), allowed=f"boxes inside {w} x {h} pixels")
    scores = reader.array("scores", np.float64, (n,)).tolist()
    if not all(0 <= score <= 1 for score in scores):
        raise ParseDataError("bad array scores", got=f"{min(scores)} to {max(scores)}", allowed="0 to 1")
    keypoints = reader.array("keypoints", np.float32, (n, 17, 3))
    has_keypoints = _flags(reader, "has_keypoints", n)
    face = reader.array("face", np.float32, (n, 70, 2))
    has_face = _flags(reader, "has_face", n)
    maps = _score_maps(reader, n)
    return tuple(
        Observation(
            tuple(boxes[k]),
            scores[k],
            maps[k],
            keypoints[k] if has_keypoints[k] else None,
            face[k] if has_face[k] else None,
        )
        for k in range(n)
    )


def _flags(reader: _Reader, name: str, n: int) -> list[bool]:
    # Read as bytes: a bool made of any other byte than 0 or 1 is undefined.
    reader.shape(name, np.bool_, (n,))
    return [bool(flag) for flag in reader.array(name, np.bool_, (n,)).view(np.uint8)]


def _score_maps(reader: _Reader, n: int) -> list[ScoreMaps | None]:
    left = _MAX_MAP_BYTES
    found: list[ScoreMaps | None] = []
    for k in range(1, n + 1):
        if reader.names.isdisjoint(f"maps_{k}_{what}.npy" for what in ("box", "parts", "values")):
            found.append(None)
            continue
        shape = reader.shape(f"maps_{k}_values", np.uint8, (None, None, None))
        left -= int(np.prod([int(length) for length in shape], dtype=object))
        if left < 0 or shape[0] > len(Part) or 0 in shape[1:]:
            allowed = f"(at most {len(Part)}, h, w), {_MAX_MAP_BYTES} bytes for all people"
            raise ParseDataError(f"bad array maps_{k}_values", got=shape, allowed=allowed)
        values = reader.array(f"maps_{k}_values", np.uint8, shape)
        numbers = reader.array(f"maps_{k}_parts", np.uint8, shape[:1]).tolist()
        if any(number > max(Part) for number in numbers) or len(set(numbers)) != len(numbers):
            raise ParseDataError(f"bad array maps_{k}_parts", got=numbers, allowed=f"0 to {int(max(Part))}, each once")
        x0, y0, x1, y1 = reader.array(f"maps_{k}_box", np.float64, (4,)).tolist()
        parts = tuple(Part(number) for number in numbers)
        found.append(ScoreMaps((x0, y0, x1, y1), parts, values))
    return found
