"""One person at a working size: their piece of the photo, parts and points, whatever the size of the photo.

Everything that is measured is measured here, so that its cost depends on the person's size in heads and
not on the camera.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.complete import complete_labels
from dressform.avatar.face import HeadFrame, frame_from_landmarks, frame_from_mask
from dressform.avatar.tidy import tidied
from dressform.parsing import OptionError, Part, Person
from dressform.parsing.parts import REGIONS, as_parts
from dressform.parsing.scores import resample

__all__ = ["HEAD_PIXELS", "PersonView", "head_frame", "view_person"]

Floats = npt.NDArray[np.float32]
HEAD_PIXELS = 160.0
"""Height of a head in a view, in pixels: enough for eyelids, little enough for a full body."""
MAX_AREA = 400_000  # px of a view; tall people get smaller heads
MARGIN = 0.35  # heads around the person's box
BUST = ((-1.3, -1.6), (1.3, 1.6))  # corners of what is looked at even where the person is cut off, in heads
COARSE = 1.3  # pixels of a view to a pixel of the photo from which labels are stairs
SURE = 0.4  # score of a joint that is believed
MIN_PART = 0.0006  # share of the person's pixels; smaller parts are noise


@dataclass(frozen=True, eq=False)
class PersonView:
    """A person at a working size.

    Attributes:
        image: (h, w, 3) uint8 RGB.
        labels: (h, w) uint8, this person's parts, hidden places of the bust filled in, and 0 elsewhere.
        seen: (h, w) bool, what of ``labels`` is in the photo.
        frame: Where the head is, in pixels of the view.
        face: (70, 2) landmarks in pixels of the view, or None.
        keypoints: (17, 3) x, y, score, or None.
        probabilities: Soft coverage of each part that is seen, (h, w) float32.
    """

    image: npt.NDArray[np.uint8]
    labels: npt.NDArray[np.uint8]
    seen: npt.NDArray[np.bool_]
    frame: HeadFrame
    face: Floats | None
    keypoints: Floats | None
    probabilities: dict[Part, Floats]

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Parts of which enough is seen to be drawn."""
        counts = np.bincount(self.labels.ravel(), minlength=len(Part))
        least = max(12.0, MIN_PART * counts[1:].sum())
        return tuple(part for part in Part if part and counts[part] >= least)

    def mask(self, parts: Part | str | Iterable[Part | str]) -> npt.NDArray[np.bool_]:
        """(h, w) bool: pixels of any of these parts."""
        return np.isin(self.labels, sorted(as_parts(parts)))

    def coverage(self, parts: Part | str | Iterable[Part | str]) -> Floats:
        """(h, w) float32 0..1: soft coverage by these parts."""
        wanted = as_parts(parts)
        total = np.zeros(self.labels.shape, np.float32)
        for part in wanted:
            if part in self.probabilities:
                total += self.probabilities[part]
        return np.minimum(total, 1)


def view_person(person: Person) -> PersonView:
    """Cut a person out of their photo at the working size.

    Raises:
        OptionError: The result has no photo, or nothing is seen of the person.
    """
    parse = person.parse
    if parse.image is None:
        remedy = "parse the photo again, or give it to Parse.with_image"
        raise OptionError("an avatar needs the photo", got="a result without one", remedy=remedy)
    frame = head_frame(person)
    assert person.extent is not None
    box = _window(person.extent, frame)
    left, top, right, bottom = box
    scale = min(HEAD_PIXELS / frame.height, float(np.sqrt(MAX_AREA / (right - left) / (bottom - top))))
    width, height = max(round((right - left) * scale), 8), max(round((bottom - top) * scale), 8)
    sx, sy = width / (right - left), height / (bottom - top)

    def moved(points: Floats | None) -> Floats | None:
        if points is None:
            return None
        out = np.array(points, np.float32)
        out[:, :2] = (out[:, :2] - (left, top)) * (sx, sy)
        return out

    face, keypoints = moved(person.face), moved(person.keypoints)
    placed = HeadFrame(((frame.chin[0] - left) * sx, (frame.chin[1] - top) * sy), frame.height * sx)
    image = _picture(parse.image, box, (width, height))
    shown, hidden = _labels(parse.labels, parse.instances, person.index, box, (width, height))
    whole = complete_labels(shown, hidden, placed, _shoulders(keypoints, placed))
    whole = tidied(image, whole, shown > 0, placed)
    probabilities = {Part(k): _soft(person, Part(k), box, whole, hidden) for k in np.unique(whole) if k}
    return PersonView(image, whole, shown > 0, placed, face, keypoints, probabilities)


def head_frame(person: Person) -> HeadFrame:
    """Where a person's head is in the photo: what lengths and places of their spec are measured from.

    Raises:
        OptionError: Nothing is seen of the person.
    """
    if person.extent is None:
        raise OptionError("nothing is seen of this person", got=f"person {person.index}")
    x0, y0, x1, y1 = person.extent
    own = person.own(person.extent)
    return _frame(person, np.where(own, person.parse.labels[y0:y1, x0:x1], 0), (x0, y0))


def _window(extent: tuple[int, int, int, int], frame: HeadFrame) -> Box:
    """What of the photo is looked at: the person, and at least a bust."""
    margin = MARGIN * frame.height
    (x0, y0), (x1, y1) = frame.to_photo(np.array(BUST))
    return (
        float(min(extent[0] - margin, x0)),
        float(min(extent[1] - margin, y0)),
        float(max(extent[2] + margin, x1)),
        float(max(extent[3] + margin, y1)),
    )


def _shoulders(keypoints: Floats | None, frame: HeadFrame) -> tuple[float, float] | None:
    """Middle and half width of the shoulders in heads, where both are seen."""
    if keypoints is None or keypoints[5:7, 2].min() < SURE:
        return None
    xs = frame.to_head(keypoints[5:7, :2])[:, 0]
    half = abs(float(xs[0] - xs[1])) / 2 * 1.2 + 0.1  # joints lie inside the sleeves
    return float(xs.mean()), float(np.clip(half, 0.55, 1.15))


def _frame(person: Person, labels: npt.NDArray[np.uint8], origin: tuple[int, int]) -> HeadFrame:
    face = person.face
    if face is not None:
        return frame_from_landmarks(face)
    head = np.isin(labels, sorted(REGIONS["head"]))
    found = frame_from_mask(head, labels == Part.FACE)
    if found is None:  # legs alone: a head of a seventh of a person, above what is seen
        height = max(labels.shape[0] / 5.0, 8.0)
        return HeadFrame((origin[0] + labels.shape[1] / 2, float(origin[1])), height)
    return HeadFrame((found.chin[0] + origin[0], found.chin[1] + origin[1]), found.height)


Box = tuple[float, float, float, float]


def _picture(image: npt.NDArray[np.uint8], box: Box, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """A box of the photo at another size, without aliasing; beyond the photo its border goes on."""
    left, top, right, bottom = box
    x0, y0 = max(int(left), 0), max(int(top), 0)
    x1, y1 = min(int(np.ceil(right)), image.shape[1]), min(int(np.ceil(bottom)), image.shape[0])
    piece = image[y0:y1, x0:x1]
    scale = size[0] / (right - left)
    if scale < 1:
        small = (max(round(piece.shape[1] * scale), 1), max(round(piece.shape[0] * scale), 1))
        piece = np.asarray(cv2.resize(piece, small, interpolation=cv2.INTER_AREA), np.uint8)
    sx, sy = piece.shape[1] / (x1 - x0), piece.shape[0] / (y1 - y0)
    gx, gy = size[0] / (right - left) / sx, size[1] / (bottom - top) / sy
    matrix = np.array([[gx, 0, (x0 - left) * gx * sx], [0, gy, (y0 - top) * gy * sy]])
    matrix[:, 2] += 0.5 * matrix[:, :2].sum(1) - 0.5
    flags = cv2.INTER_CUBIC if scale > 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.warpAffine(piece, matrix, size, flags=flags, borderMode=cv2.BORDER_REPLICATE), np.uint8)


def _labels(
    labels: npt.NDArray[np.uint8], instances: npt.NDArray[np.uint16], index: int, box: Box, size: tuple[int, int]
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.bool_]]:
    """The person's labels at the pixel centres of a box of the photo, and where others or nothing is seen."""
    xs = np.floor(box[0] + (np.arange(size[0]) + 0.5) * (box[2] - box[0]) / size[0]).astype(int)
    ys = np.floor(box[1] + (np.arange(size[1]) + 0.5) * (box[3] - box[1]) / size[1]).astype(int)
    ok = ((ys >= 0) & (ys < labels.shape[0]))[:, None] & ((xs >= 0) & (xs < labels.shape[1]))[None]
    at = np.ix_(np.clip(ys, 0, labels.shape[0] - 1), np.clip(xs, 0, labels.shape[1] - 1))
    who = np.where(ok, instances[at], 0)
    return np.where(who == index, labels[at], 0).astype(np.uint8), ~ok | ((who != 0) & (who != index))


def _soft(person: Person, part: Part, box: Box, labels: npt.NDArray[np.uint8], hidden: npt.NDArray[np.bool_]) -> Floats:
    """Coverage by one part: the labels, whose edges follow the photo; where the photo is coarse, the score map too."""
    own = labels == part
    height, width = labels.shape
    sx, sy = width / (box[2] - box[0]), height / (box[3] - box[1])
    share = float(np.clip((sx - COARSE) / 4, 0, 0.2))  # of the score map
    sigma = max(0.5 * sx, 0.8)
    margin = int(3 * sigma) + 1
    scores = person.observation.scores
    place = (0.0, 0.0, 1.0, 1.0)
    if scores is not None and part in scores.parts and share > 0:
        x0, y0, x1, y1 = scores.box
        place = ((x0 - box[0]) * sx, (y0 - box[1]) * sy, (x1 - box[0]) * sx, (y1 - box[1]) * sy)
    else:
        share = 0.0
    out = np.zeros(labels.shape, np.float32)
    x, y, w, h = cv2.boundingRect(own.view(np.uint8))
    left, top = max(x - margin, 0), max(y - margin, 0)
    right, bottom = min(x + w + margin, width), min(y + h + margin, height)
    window = (slice(top, bottom), slice(left, right))
    near = cv2.GaussianBlur(own[window].astype(np.float32), (0, 0), sigma)
    if scores is None or share == 0:
        out[window] = near
        return out
    field = resample(scores.probability([part]), place, (left, top, right, bottom))
    mixed = np.clip(share * field + (1 - share) * near, 0, 1)
    out[window] = np.where(hidden[window], near, mixed)  # the labels know who else is in front
    return out
