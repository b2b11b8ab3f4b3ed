"""Find the people whom nobody labelled: behind CCP's subjects, and on the group photos.

    python -m dressform.parsing.training.bystanders --data DATA --pack CACHE/people.npz --out CACHE/bystanders.npz

The embedded engine looks at each photo. Whom it is sure of becomes a person of the people network's training,
whom it only suspects is neither person nor background there (self-training of detectors: Sohn et al., "A simple
semi-supervised learning framework for object detection", 2020).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.compact.parser import CompactParser
from dressform.parsing.image import load_image
from dressform.parsing.result import Parse, Person
from dressform.parsing.training.pack import (
    GROUP_FOLDERS,
    Sample,
    decode_png,
    encode_jpeg,
    encode_png,
    join_blobs,
    read_pack,
    split_blobs,
)
from dressform.parsing.training.people_crops import decode

__all__ = ["DOUBTFUL", "Bystanders", "others", "read_bystanders", "write_bystanders"]

LONGEST = 1280  # px; larger group photos are shrunk once
DOUBTFUL = 255
"""Value of pixels of whom the engine only suspects."""
SURE = 0.5
"""Confidence from which somebody is taken for a person; on COCO's photos nine in ten of them and more are."""
SEEN = 0.3
"""Score of a joint that is believed."""
SUBJECT = 0.5
"""Share of a silhouette within the labelled person's from which it is theirs."""


@dataclass(frozen=True, eq=False)
class Bystanders:
    """People of one photo besides the one who is labelled.

    Attributes:
        key: Number of the CCP photo, or -1 for a photo that is no sample of the pack.
        image: JPEG bytes of that other photo, otherwise empty.
        people: (H, W) uint8 at the size of the decoded sample: 1..n a person, :data:`DOUBTFUL` perhaps one,
            0 nobody was seen.
        heads: (n, 2) float32, NaN where none is seen.
    """

    key: int
    image: bytes
    people: npt.NDArray[np.uint8]
    heads: npt.NDArray[np.float32]


def _head(person: Person) -> npt.NDArray[np.float32]:
    head = np.zeros((0, 3), np.float32) if person.keypoints is None else person.keypoints[:5]
    seen = head[head[:, 2] > SEEN, :2]
    return seen.mean(0).astype(np.float32) if len(seen) else np.full(2, np.nan, np.float32)


def others(parse: Parse, subject: npt.NDArray[np.bool_]) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.float32]]:
    """The map (H, W) of :class:`Bystanders` and the heads (n, 2) of everybody but the ``subject`` (H, W)."""
    found = np.zeros(subject.shape, np.uint8)
    heads: list[npt.NDArray[np.float32]] = []
    for person in parse.people:
        mask = person.mask()
        if (mask & subject).sum() > SUBJECT * mask.sum():
            continue
        if person.score < SURE or len(heads) == DOUBTFUL - 1:
            found[mask] = DOUBTFUL
            continue
        heads.append(_head(person))
        found[mask] = len(heads)
    return found, np.array(heads, np.float32).reshape(-1, 2)


def behind_subjects(samples: Iterable[Sample], parser: CompactParser) -> Iterator[Bystanders]:
    """Who stands behind CCP's labelled people."""
    for sample in samples:
        if sample.source.startswith("ccp") and not sample.held_out:
            item = decode(sample)
            yield Bystanders(sample.key, b"", *others(parser.parse(item.image), item.person))


def on_group_photos(data: Path, parser: CompactParser) -> Iterator[Bystanders]:
    """Everybody on the group photos."""
    for path in sorted(p for folder in GROUP_FOLDERS for p in (data / folder).glob("*.jpg")):
        image = load_image(path)
        scale = min(1.0, LONGEST / max(image.shape[:2]))
        size = (round(image.shape[1] * scale), round(image.shape[0] * scale))
        image = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
        nobody = np.zeros(image.shape[:2], np.bool_)
        yield Bystanders(-1, encode_jpeg(image), *others(parser.parse(image), nobody))


def write_bystanders(path: Path, rows: Iterable[Bystanders]) -> None:
    """Write one ``.npz`` without pickles."""
    kept = list(rows)
    blobs = [blob for row in kept for blob in (row.image, encode_png(row.people))]
    joined, ends = join_blobs(blobs)
    partial = path.with_suffix(".partial.npz")
    np.savez(
        partial,
        key=np.array([row.key for row in kept], np.int64),
        blob=joined,
        ends=ends,
        heads=np.concatenate([row.heads for row in kept]) if kept else np.zeros((0, 2), np.float32),
        counts=np.array([len(row.heads) for row in kept], np.int64),
    )
    partial.rename(path)


def read_bystanders(path: Path) -> list[Bystanders]:
    """Read what :func:`write_bystanders` wrote."""
    with np.load(path, allow_pickle=False) as data:
        columns = {name: data[name] for name in data.files}
    blobs = split_blobs(columns["blob"], columns["ends"])
    heads = np.split(columns["heads"], np.cumsum(columns["counts"])[:-1])
    return [
        Bystanders(int(key), blobs[2 * k], decode_png(blobs[2 * k + 1]), heads[k])
        for k, key in enumerate(columns["key"])
    ]


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("data", "pack", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    args = parser.parse_args()
    engine = CompactParser(refine=False)
    rows = [*behind_subjects(read_pack(args.pack), engine), *on_group_photos(args.data, engine)]
    write_bystanders(args.out, rows)
    doubtful = sum(bool((row.people == DOUBTFUL).any()) for row in rows)
    print(f"{len(rows)} photos, {sum(len(row.heads) for row in rows)} people; {doubtful} with doubtful ones")


if __name__ == "__main__":
    main()
