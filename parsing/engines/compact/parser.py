"""The compact engine's flow: detect, crop, parts, another look where a box was off, ownership."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from dressform.parsing.cpus import usable_cpus
from dressform.parsing.engines.compact.assemble import doubt_inner, keep_distinct, paint
from dressform.parsing.engines.compact.claims import Claim, claim, sureness
from dressform.parsing.engines.compact.detect import Detection, detect_people, overlap
from dressform.parsing.engines.compact.segment import Segment, glance, second_opinion
from dressform.parsing.engines.compact.sessions import Network, open_network
from dressform.parsing.errors import OptionError
from dressform.parsing.image import ImageSource, load_image
from dressform.parsing.islands import drop_specks
from dressform.parsing.landmarks import FaceLandmarker
from dressform.parsing.result import Landmarker, Parse

__all__ = ["CompactParser", "load"]

Floats = npt.NDArray[np.float32]
EDGES = ("guided", "crf")
LOOKS = 2
"""Crops taken of a person at most."""
MIN_SCORE = 0.33
"""Least confidence of a person, in detection and silhouette together."""
MIN_GLANCE = 0.28
"""The same after a single look, were the silhouette where it should be; who is less likely is not looked at again."""
LOOK_AGAIN = 0.7
"""Another crop is taken where the silhouette's box and the one it was looked for in overlap less than this,
and where the crop cuts the silhouette off."""
BEYOND = 0.25
TOO_LITTLE = 40  # samples; smaller silhouettes tell no better box
SPECK = 0.02  # share of the silhouette's largest piece; smaller pieces don't count
MIN_SIDE = 4.0  # px
AT_ONCE = 4
"""People looked at at the same time, at most; each takes some 20 MB meanwhile."""


@dataclass(frozen=True)
class CompactParser:
    """Finds people and their parts with the embedded networks. Threads may share one.

    Attributes:
        refine: Whether garments are of one class, edges follow the photo, and small islands go.
        edges: "guided" (guided filter) or "crf" (mean field, slower), where ``refine`` is on.
        name: Name in the registry.
        landmarker: What finds landmarks on first use.

    Raises:
        OptionError: Unknown ``edges``.
    """

    refine: bool = True
    edges: str = "guided"
    name: str = "compact"
    landmarker: Landmarker = field(default_factory=FaceLandmarker, repr=False)

    def __post_init__(self) -> None:
        if self.edges not in EDGES:
            raise OptionError("unknown edge refinement", got=repr(self.edges), allowed=", ".join(EDGES))

    def parse(self, source: ImageSource) -> Parse:
        """Find the people of one photo and their parts.

        Args:
            source: A path, bytes, a file object, a PIL image, or (H, W, 3) uint8 RGB.

        Raises:
            ImageReadError, ImageFormatError, ImageTooLargeError: The photo cannot be used.
            WeightsError: A shipped model is missing or damaged.
        """
        image = load_image(source)
        size = (image.shape[1], image.shape[0])
        detections = detect_people(open_network("people"), image)
        claims = doubt_inner(self._claims(image, detections))
        people = keep_distinct([c for c in claims if c.score >= MIN_SCORE])
        labels, instances, observations = paint(people, size)
        return Parse(labels, instances, observations, image, self.name, self.landmarker)

    def _claims(self, image: npt.NDArray[np.uint8], detections: Sequence[Detection]) -> list[Claim]:
        """What each person claims, several people at once: their crops have nothing to do with each other.

        One network's threads wait for each other at every layer; while they wait, they work for somebody else.
        """
        network = open_network("parts")
        edges = self.edges if self.refine else None

        def one(detection: Detection) -> Claim | None:
            segment = _segment(network, image, detection)
            return None if segment is None else claim(segment, detection, edges=edges, islands=self.refine)

        with ThreadPoolExecutor(max(1, min(usable_cpus(), AT_ONCE, len(detections)))) as pool:
            return [made for made in pool.map(one, detections) if made is not None]


def load(*, refine: bool = True, edges: str = "guided") -> CompactParser:
    """Make a parser; the models are read when the first photo needs them.

    Args:
        refine: Whether garments are of one class, edges follow the photo, and small islands go.
        edges: "guided" or "crf".

    Raises:
        OptionError: Unknown ``edges``.
    """
    return CompactParser(refine, edges)


def _segment(network: Network, image: npt.NDArray[np.uint8], found: Detection) -> Segment | None:
    """The parts of one detection; None where the parts network sees nobody."""
    box = found.box
    segment = glance(network, image, box, found.point)
    if np.sqrt(found.score) * sureness(segment.probability) < MIN_GLANCE:
        return None
    for _ in range(LOOKS - 1):
        better = _better_box(segment, box, image)
        if better is None:
            break
        box, segment = better, glance(network, image, better, found.point)
    return second_opinion(network, segment)


def _better_box(segment: Segment, box: Floats, image: npt.NDArray[np.uint8]) -> Floats | None:
    """The box of a silhouette that ``box``, around which its crop was taken, did not fit; None where it did.

    A silhouette that runs into the crop's edge goes on beyond it, so its box is grown there.
    """
    mask = drop_specks(segment.probability[0] < 0.5, SPECK)
    if np.count_nonzero(mask) < TOO_LITTLE:
        return None
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    height, width = mask.shape
    crop = np.array(segment.crop.box, np.float32)
    cell = np.tile((crop[2:] - crop[:2]) / np.array([width, height], np.float32), 2)
    edges = np.array([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1], np.float32)
    beyond = np.array([edges[0] <= 1, edges[1] <= 1, edges[2] >= width - 1, edges[3] >= height - 1])
    outwards = np.array([-1, -1, 1, 1], np.float32)
    grown = edges + np.where(beyond, BEYOND * np.tile(edges[2:] - edges[:2], 2), 0) * outwards
    limit = np.tile(np.array(image.shape[1::-1], np.float32), 2)
    found = np.clip(grown * cell + np.tile(crop[:2], 2), 0, limit).astype(np.float32)
    if (found[2:] - found[:2] < MIN_SIDE).any():
        return None
    cut_off = (beyond & ((found - crop) * outwards > 2 * cell)).any()  # and there is more photo to be seen there
    return found if cut_off or overlap(found, box) < LOOK_AGAIN else None
