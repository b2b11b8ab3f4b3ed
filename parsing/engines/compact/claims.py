"""What one person claims of the photo: their score maps, cleaned, and with edges that follow the photo."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.compact.detect import Detection, overlap
from dressform.parsing.engines.compact.garments import agree_on_garments
from dressform.parsing.engines.compact.segment import Segment
from dressform.parsing.guided import guided_fields
from dressform.parsing.islands import remove_islands
from dressform.parsing.mean_field import mean_field
from dressform.parsing.parts import REGIONS, Part
from dressform.parsing.scores import Box, ScoreMaps

__all__ = ["Claim", "claim", "sureness"]

Floats = npt.NDArray[np.float32]
LIKELY = 0.2
"""Parts that are nowhere more probable than this, and nowhere the likeliest, are left out."""
FAR = 0.2
"""Share of a claim that its distance from the head may take away."""
CONTEST = 9  # px of the refined fields; side of the neighbourhood that decides between two people
RADIUS, EPSILON = 4, 1e-3  # of the guided filter, in the refined fields' pixels
REFINED = 0.72
"""Side of the refined fields in the crop's sides: finer ones take longer and look the same in the photo."""


@dataclass(frozen=True, eq=False)
class Claim:
    """What one person claims of the photo.

    Attributes:
        box: Photo pixels that the fields cover.
        parts: The part of each field; the first is the background, and there is at least one more.
        fields: (n, h, w) float32 probabilities, refined.
        scores: The score maps to keep.
        keypoints: (17, 3) float32.
        score: Confidence 0..1.
        head: (2,) where their head is, photo pixels, or None where nobody knows.
        expected: (4,) x0 y0 x1 y1, photo pixels: the box in which they were detected, or None.
    """

    box: Box
    parts: tuple[Part, ...]
    fields: Floats
    scores: ScoreMaps
    keypoints: Floats
    score: float
    head: Floats | None = None
    expected: Floats | None = None

    @cached_property
    def foreground(self) -> Floats:
        """(h, w) float32: probability that a place shows this person at all."""
        return np.asarray(1 - self.fields[0], np.float32)

    @cached_property
    def strength(self) -> Floats:
        """(h, w) float32: foreground in the mean around each place, by which a contested place is decided.

        Two people who both claim a place claim it nearly wholly; what is left to tell is noise, and deciding by
        it would tear both to shreds. Between such claims, the nearer head decides.
        """
        mean = cv2.blur(self.foreground, (CONTEST, CONTEST), borderType=cv2.BORDER_REPLICATE)
        return np.asarray(mean * (1 - FAR + FAR * self._nearness()), np.float32)

    @cached_property
    def has_head(self) -> bool:
        """Whether a head is seen where the head is said to be."""
        if self.head is None:
            return False
        x0, y0, x1, y1 = self.box
        height, width = self.fields.shape[1:]
        column = int(np.clip((self.head[0] - x0) / (x1 - x0) * width, 0, width - 1))
        row = int(np.clip((self.head[1] - y0) / (y1 - y0) * height, 0, height - 1))
        at_head = [k for k, part in enumerate(self.parts) if part in REGIONS["head"]]
        return bool(self.fields[at_head, row, column].sum() > 0.5)

    def _nearness(self) -> Floats:
        """(h, w) float32: 1 at the person's head, falling over half the size of their box; 1 where no head is known."""
        height, width = self.fields.shape[1:]
        if self.head is None:
            return np.ones((height, width), np.float32)
        x0, y0, x1, y1 = self.box
        reach = 0.5 * float(np.sqrt((x1 - x0) * (y1 - y0)))
        dx = (x0 + (np.arange(width) + 0.5) * (x1 - x0) / width - self.head[0]) / reach
        dy = (y0 + (np.arange(height) + 0.5) * (y1 - y0) / height - self.head[1]) / reach
        return np.asarray(np.outer(np.exp(-(dy**2)), np.exp(-(dx**2))), np.float32)

    @cached_property
    def area(self) -> float:
        """Photo pixels that the silhouette covers."""
        x0, y0, x1, y1 = self.box
        return float((self.foreground > 0.5).mean()) * (x1 - x0) * (y1 - y0)

    @cached_property
    def bounds(self) -> Floats:
        """(4,) x0 y0 x1 y1, photo pixels: where the silhouette stands; the middle of the box where there is none."""
        return _bounds(self.foreground, self.box)

    @property
    def centre(self) -> float:
        """Middle of the columns where the silhouette stands, x in photo pixels."""
        return float(self.bounds[0] + self.bounds[2]) / 2


def claim(segment: Segment, found: Detection, *, edges: str | None = "guided", islands: bool = True) -> Claim:
    """Clean and refine one person's score maps.

    Args:
        segment: Output of the parts network.
        found: For whom it was asked.
        edges: "guided", "crf" or None.
        islands: Whether garments are made of one class and small detached patches are removed.
    """
    probability = segment.probability
    if islands:
        probability = remove_islands(agree_on_garments(probability, segment.crop.image))
    keep = _worth_keeping(probability)
    parts, fields = tuple(Part(k) for k in keep), probability[keep]
    quantised = np.round(fields * 255).astype(np.uint8)
    if edges is not None:
        fields = _refine(fields, segment.crop.image, edges)
    scores = ScoreMaps(segment.crop.box, parts, quantised)
    confidence = sureness(probability) * _agreement(found, _bounds(1 - probability[0], segment.crop.box))
    return Claim(segment.crop.box, parts, fields, scores, segment.keypoints, confidence, segment.head, found.box)


def _refine(fields: Floats, image: npt.NDArray[np.uint8], edges: str) -> Floats:
    """(n, h, w) fields, the first of the background, larger and with the edges of a crop's ``image``."""
    size = (round(REFINED * image.shape[1]), round(REFINED * image.shape[0]))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    large = np.stack([cv2.resize(field, size, interpolation=cv2.INTER_LINEAR) for field in fields]).astype(np.float32)
    if edges == "crf":
        return np.ascontiguousarray(mean_field(small, large.transpose(1, 2, 0).copy()).transpose(2, 0, 1))
    # The person is something in fewer places than the background, and the filter of 1 - x is 1 - that of x.
    large[0] = 1 - large[0]
    refined = guided_fields(small, large, RADIUS, EPSILON)
    refined[0] = 1 - refined[0]
    return refined


def _agreement(found: Detection, bounds: Floats) -> float:
    """Geometric mean of the detection's score and of its box's overlap with the silhouette's ``bounds`` (4,).

    Two networks that look for a person in their own ways seldom make the same box out of nobody.
    """
    return float(np.sqrt(found.score * overlap(bounds, found.box)))


def _bounds(foreground: Floats, box: Box) -> Floats:
    """(4,) photo pixels of what is more foreground than not in (h, w) samples of a box; its middle if nothing is."""
    height, width = foreground.shape
    x, y, w, h = cv2.boundingRect((foreground > 0.5).view(np.uint8))
    if not w:
        x, y = width / 2, height / 2
    low, extent = np.array(box[:2]), np.array([box[2] - box[0], box[3] - box[1]])
    return np.concatenate([low + extent * at / (width, height) for at in ((x, y), (x + w, y + h))]).astype(np.float32)


def sureness(probability: Floats) -> float:
    """Mean foreground of (21, h, w) probabilities over the silhouette, 0..1, 0 if there is none.

    Doors and dogs make weaker silhouettes than people.
    """
    foreground = 1 - probability[0]
    silhouette = foreground[foreground > 0.5]
    return float(np.clip(silhouette.mean(), 0, 1)) if silhouette.size else 0.0


def _worth_keeping(probability: Floats) -> list[int]:
    """Background, parts that are likely somewhere, and whatever is likeliest at a place of the silhouette."""
    highest = probability.max((1, 2))
    keep = highest > LIKELY
    keep[1:] |= np.bincount(probability[1:].argmax(0)[probability[0] < 0.5], minlength=len(keep) - 1) > 0
    # Edges may move outwards from nothing: then too there is a part to show.
    keep[[0, int(highest[1:].argmax()) + 1]] = True
    return np.flatnonzero(keep).tolist()
