"""One file of training people: encoded photos, target maps, joints and face points, without pickles."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

__all__ = [
    "GROUP_FOLDERS",
    "IBUG_FROM_MESH",
    "Sample",
    "decode_jpeg",
    "decode_png",
    "encode_jpeg",
    "encode_png",
    "join_blobs",
    "read_pack",
    "split_blobs",
    "write_pack",
]

GROUP_FOLDERS = ("groups-azure-mit", "groups-usgov-detectron")
"""Folders of the data whose photos of groups nobody labelled."""

IBUG_FROM_MESH: tuple[int, ...] = (
    *(162, 234, 93, 58, 172, 136, 149, 148, 152, 377, 378, 365, 397, 288, 323, 454, 389),  # jaw
    *(71, 63, 105, 66, 107, 336, 296, 334, 293, 301),  # brows
    *(168, 197, 5, 4, 75, 97, 2, 326, 305),  # nose
    *(33, 160, 158, 133, 153, 144, 362, 385, 387, 263, 373, 380),  # eyes
    *(61, 39, 37, 0, 267, 269, 291, 405, 314, 17, 84, 181),  # outer lips
    *(78, 82, 13, 312, 308, 317, 14, 87),  # inner lips
    *(468, 473),  # pupils
)
"""Vertices of MediaPipe's 478-point mesh that stand for iBUG's 68 points and the right and left pupil."""


@dataclass(frozen=True, eq=False)
class Sample:
    """One labelled person.

    Attributes:
        image: JPEG bytes of the photo or of a wide crop of it.
        codes: PNG bytes of the (H, W) uint8 target map (see targets.py): this person's parts or zones,
            0 elsewhere, also on other people.
        allowed: (21,) bool, parts this photo may show at all.
        joints: (17, 3) float32 x, y, state; 0 unknown, 1 there, 2 known to be absent.
        face: (70, 2) float32, or NaN where unknown.
        box: (4,) float32, bounds of the person's pixels.
        source: "ccp", "ccp-tags", "coco", or "nobody" for a place without people.
        key: Number of the photo (CCP) or annotation (COCO).
    """

    image: bytes
    codes: bytes
    allowed: npt.NDArray[np.bool_]
    joints: npt.NDArray[np.float32]
    face: npt.NDArray[np.float32]
    box: npt.NDArray[np.float32]
    source: str
    key: int

    @property
    def held_out(self) -> bool:
        """CCP photos whose number ends in 7 are for validation and never trained on."""
        return self.source.startswith("ccp") and self.key % 10 == 7


def encode_jpeg(image: npt.NDArray[np.uint8], quality: int = 95) -> bytes:
    """(H, W, 3) RGB uint8 as JPEG bytes."""
    return cv2.imencode(".jpg", image[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()


def decode_jpeg(blob: bytes) -> npt.NDArray[np.uint8]:
    """(H, W, 3) RGB uint8 of JPEG bytes."""
    image = cv2.imdecode(np.frombuffer(blob, np.uint8), cv2.IMREAD_COLOR)
    return np.ascontiguousarray(np.asarray(image, np.uint8)[:, :, ::-1])


def encode_png(codes: npt.NDArray[np.uint8]) -> bytes:
    """(H, W) uint8 as PNG bytes."""
    return cv2.imencode(".png", codes)[1].tobytes()


def decode_png(blob: bytes) -> npt.NDArray[np.uint8]:
    """(H, W) uint8 of PNG bytes."""
    return np.asarray(cv2.imdecode(np.frombuffer(blob, np.uint8), cv2.IMREAD_GRAYSCALE), np.uint8)


def join_blobs(blobs: Sequence[bytes]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Blobs as two arrays for an ``.npz``: all their bytes, and where each ends."""
    ends = np.cumsum([len(blob) for blob in blobs], dtype=np.int64)
    return np.frombuffer(b"".join(blobs), np.uint8), ends


def split_blobs(joined: npt.NDArray[np.uint8], ends: npt.NDArray[np.int64]) -> list[bytes]:
    """The blobs that :func:`join_blobs` joined."""
    return [joined[first:end].tobytes() for first, end in pairwise([0, *ends.tolist()])]


def write_pack(path: Path, samples: Iterable[Sample]) -> int:
    """Write samples as one ``.npz``; returns how many."""
    rows = list(samples)
    blobs = [b for s in rows for b in (s.image, s.codes)]
    joined, ends = join_blobs(blobs)
    partial = path.with_suffix(".partial.npz")
    np.savez(
        partial,
        blob=joined,
        ends=ends,
        allowed=np.array([s.allowed for s in rows]),
        joints=np.array([s.joints for s in rows], np.float32),
        face=np.array([s.face for s in rows], np.float32),
        box=np.array([s.box for s in rows], np.float32),
        source=np.array([s.source for s in rows]),
        key=np.array([s.key for s in rows], np.int64),
    )
    partial.rename(path)
    return len(rows)


def read_pack(path: Path) -> list[Sample]:
    """Read what :func:`write_pack` wrote."""
    with np.load(path, allow_pickle=False) as data:
        columns = {name: data[name] for name in data.files}
    blobs = split_blobs(columns["blob"], columns["ends"])
    return [
        Sample(
            image=blobs[2 * k],
            codes=blobs[2 * k + 1],
            allowed=columns["allowed"][k],
            joints=columns["joints"][k],
            face=columns["face"][k],
            box=columns["box"][k],
            source=str(columns["source"][k]),
            key=int(columns["key"][k]),
        )
        for k in range(len(columns["key"]))
    ]
