"""A parsed photo in little memory: the photo as it was sent, and runs of equal pixels instead of whole masks.

Of 17 megapixels all arrays take 100 MB; this takes a few, and is opened again in the time that a JPEG is decoded in.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import Parse
from dressform.parsing.result import Landmarker, Observation
from dressform.parsing.scores import Box

__all__ = ["KeptParse", "keep", "parse_cost", "shrunk", "shrunk_parse"]

Bytes = npt.NDArray[np.uint8]

_PERSON = 1 << 12  # bytes of a person beside the score maps


@dataclass(frozen=True, eq=False)
class KeptParse:
    """See the module.

    Attributes:
        photo: As it was sent.
        size: (width, height) in pixels.
        starts: (k,) uint32, where runs of equal pixels begin, row after row.
        labels: (k,) uint8, their part.
        instances: (k,) uint16, their person.
        observations, engine, landmarker: Of the parse.
    """

    photo: bytes = field(repr=False)
    size: tuple[int, int]
    starts: npt.NDArray[np.uint32] = field(repr=False)
    labels: Bytes = field(repr=False)
    instances: npt.NDArray[np.uint16] = field(repr=False)
    observations: tuple[Observation, ...] = field(repr=False)
    engine: str
    landmarker: Landmarker | None = field(repr=False)

    @property
    def cost(self) -> int:
        """Bytes that this takes."""
        arrays = self.starts.nbytes + self.labels.nbytes + self.instances.nbytes
        return len(self.photo) + arrays + _people_cost(self.observations)

    def opened(self, image: Bytes | None = None) -> Parse:
        """The parse, with the photo's pixels where they are given."""
        width, height = self.size
        lengths = np.diff(self.starts, append=np.uint32(width * height))
        labels = np.repeat(self.labels, lengths).reshape(height, width)
        instances = np.repeat(self.instances, lengths).reshape(height, width)
        return Parse(labels, instances, self.observations, image, self.engine, self.landmarker)


def keep(parse: Parse, photo: bytes) -> KeptParse:
    """A parse and the photo that it was made from."""
    labels, instances = parse.labels.reshape(-1), parse.instances.reshape(-1)
    begins = np.empty(labels.size, np.bool_)
    begins[0] = True
    np.not_equal(labels[1:], labels[:-1], out=begins[1:])
    begins[1:] |= instances[1:] != instances[:-1]
    starts = np.flatnonzero(begins).astype(np.uint32)
    return KeptParse(photo, parse.size, starts, labels[starts], instances[starts], parse.observations, parse.engine,
                     parse.landmarker)  # fmt: skip


def parse_cost(parse: Parse) -> int:
    """Bytes that a parse takes, its photo included."""
    arrays = (parse.labels, parse.instances, parse.image)
    return sum(0 if array is None else array.nbytes for array in arrays) + _people_cost(parse.observations)


def shrunk(pixels: npt.NDArray[np.uint8], max_side: int) -> Bytes:
    """(h, w) or (h, w, c) with a longer side of at most ``max_side``; as it is if it is no larger."""
    size = _shrunk_size((pixels.shape[1], pixels.shape[0]), max_side)
    if size == (pixels.shape[1], pixels.shape[0]):
        return pixels
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def shrunk_parse(parse: Parse, max_side: int) -> Parse:
    """The same people on a smaller photo: numbers stay, and so does what the engine saw in all pixels."""
    assert parse.image is not None
    size = _shrunk_size(parse.size, max_side)
    if size == parse.size:
        return parse
    # Labels and people by the same pixels, so that none is of nobody.
    labels = cv2.resize(parse.labels, size, interpolation=cv2.INTER_NEAREST_EXACT)
    instances = cv2.resize(parse.instances, size, interpolation=cv2.INTER_NEAREST_EXACT)
    seen = tuple(_shrunk_observation(one, parse.size, size) for one in parse.observations)
    image = shrunk(parse.image, max_side)
    return Parse(np.asarray(labels, np.uint8), np.asarray(instances, np.uint16), seen, image, parse.engine,
                 parse.landmarker)  # fmt: skip


def _shrunk_size(size: tuple[int, int], max_side: int) -> tuple[int, int]:
    scale = min(1.0, max_side / max(size))
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _shrunk_observation(one: Observation, old: tuple[int, int], new: tuple[int, int]) -> Observation:
    scale = np.array([new[0] / old[0], new[1] / old[1]], np.float32)

    def moved(box: Box) -> Box:
        x, y = float(scale[0]), float(scale[1])
        return box[0] * x, box[1] * y, box[2] * x, box[3] * y

    x0, y0, x1, y1 = moved(one.box)
    keypoints, face, scores = one.keypoints, one.face, one.scores
    if keypoints is not None:
        keypoints = keypoints * np.append(scale, np.float32(1))
    return Observation(
        (x0, y0, min(x1, new[0]), min(y1, new[1])),
        one.score,
        None if scores is None else replace(scores, box=moved(scores.box)),
        keypoints,
        None if face is None else face * scale,
    )


def _people_cost(observations: tuple[Observation, ...]) -> int:
    return sum(_PERSON + (0 if one.scores is None else one.scores.values.nbytes) for one in observations)
