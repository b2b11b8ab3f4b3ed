"""The one result: who is where in the photo, and which pixel shows which part of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import ParseDataError
from dressform.parsing.parts import Part, as_parts
from dressform.parsing.scores import Box, ScoreMaps

__all__ = ["Landmarker", "Observation", "Parse", "Person"]

Floats = npt.NDArray[np.float32]


class Landmarker(Protocol):
    """Finds body and face points of a person whose parts are known. The same one serves every engine."""

    def keypoints(self, image: npt.NDArray[np.uint8], person: Person) -> Floats | None:
        """(17, 3) COCO keypoints x, y, score, or None."""

    def face(self, image: npt.NDArray[np.uint8], person: Person) -> Floats | None:
        """(70, 2) face landmarks x, y, or None where no face is to be seen."""


@dataclass(frozen=True, eq=False)
class Observation:
    """What an engine says of one person, beside the two label maps.

    Attributes:
        box: (x0, y0, x1, y1) in pixels, clipped to the photo.
        score: Confidence 0..1.
        scores: Quantised score maps, or None.
        keypoints: (17, 3) float32 COCO order, x, y in pixels and score 0..1, or None to find them on first use.
        face: (70, 2) float32: the 68 points of iBUG's order and the subject's right and left pupil,
            or None to find them on first use.
    """

    box: Box
    score: float
    scores: ScoreMaps | None = None
    keypoints: Floats | None = None
    face: Floats | None = None


@dataclass(frozen=True, eq=False)
class Parse:
    """People of one photo and their parts. Immutable; every array is read-only.

    Attributes:
        labels: (H, W) uint8, a :class:`Part` value per pixel.
        instances: (H, W) uint16, 0 = nobody, k = ``people[k - 1]``.
        observations: One per person, in the order of ``instances``: left to right by box centre.
        image: (H, W, 3) uint8 sRGB, the photo after EXIF orientation, or None for a loaded result.
            Soft edges and landmarks found on first use need it.
        engine: Name of the engine that made this.
        landmarker: Finds landmarks on first use; None where landmarks are stored or not wanted.
    """

    labels: npt.NDArray[np.uint8]
    instances: npt.NDArray[np.uint16]
    observations: tuple[Observation, ...] = ()
    image: npt.NDArray[np.uint8] | None = field(default=None, repr=False)
    engine: str = ""
    landmarker: Landmarker | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        check_maps(self.labels, self.instances, len(self.observations))
        if self.image is not None and self.image.shape != (*self.labels.shape, 3):
            raise ParseDataError("photo and labels differ in size", got=self.image.shape, allowed=self.labels.shape)
        arrays = [self.labels, self.instances, self.image]
        arrays += [a for o in self.observations for a in (o.keypoints, o.face)]
        for array in arrays:
            if array is not None:
                array.flags.writeable = False

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, after EXIF orientation."""
        return self.labels.shape[1], self.labels.shape[0]

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """Everybody, left to right."""
        return tuple(Person(self, k) for k in range(1, len(self.observations) + 1))

    def __len__(self) -> int:
        return len(self.observations)

    def mask(self, parts: Part | str | Iterable[Part | str]) -> npt.NDArray[np.bool_]:
        """(H, W) bool: pixels of everybody that show any of ``parts`` (a part, a region's name, or several)."""
        return part_table(parts)[self.labels]

    def with_image(self, image: npt.NDArray[np.uint8]) -> Parse:
        """The same result with its photo, (H, W, 3) uint8 sRGB: for results loaded from a file."""
        return replace(self, image=image)

    def save(
        self, folder: str | Path, formats: Sequence[str] = ("labels", "overlay", "coco"), stem: str = "parse"
    ) -> list[Path]:
        """Write the result in some formats; each file appears whole or not at all.

        Args:
            folder: Made if missing.
            formats: Names from :func:`dressform.parsing.formats.list_formats`.
            stem: File names start with it: ``{stem}.labels.png``.

        Returns:
            Paths of the files written.

        Raises:
            OptionError: Unknown format. OutputError: The folder cannot be written.
        """
        from dressform.parsing.formats import save

        return save(self, Path(folder), formats, stem)

    @staticmethod
    def load(path: str | Path) -> Parse:
        """Read a result from ``.npz`` (complete) or COCO ``.json`` (without score maps).

        Raises:
            ParseDataError: Not such a file, or its content does not form a valid result.
        """
        from dressform.parsing.formats import load

        return load(Path(path))


@dataclass(frozen=True, eq=False)
class Person:
    """One person of a :class:`Parse`; a light view, its arrays are made when asked for.

    Attributes:
        parse: The result this person belongs to.
        index: 1-based; the value that marks this person in ``parse.instances``.
    """

    parse: Parse = field(repr=False)
    index: int

    @property
    def box(self) -> Box:
        """(x0, y0, x1, y1) in pixels; x1 and y1 exclusive."""
        return self.observation.box

    @property
    def score(self) -> float:
        """Confidence that this is a person, 0..1."""
        return self.observation.score

    @property
    def observation(self) -> Observation:
        return self.parse.observations[self.index - 1]

    @property
    def window(self) -> tuple[int, int, int, int]:
        """Smallest pixel window (x0, y0, x1, y1) that holds the box, inside the photo."""
        width, height = self.parse.size
        x0, y0, x1, y1 = self.box
        left, top = min(max(int(x0), 0), width - 1), min(max(int(y0), 0), height - 1)
        return left, top, max(min(int(np.ceil(x1)), width), left + 1), max(min(int(np.ceil(y1)), height), top + 1)

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Parts of this person that can be seen, in the order of their numbers."""
        x0, y0, x1, y1 = self.window
        own = self.parse.labels[y0:y1, x0:x1][self.parse.instances[y0:y1, x0:x1] == self.index]
        return tuple(Part(k) for k in np.flatnonzero(np.bincount(own, minlength=len(Part))) if k)

    def mask(self, parts: Part | str | Iterable[Part | str] = "all") -> npt.NDArray[np.bool_]:
        """(H, W) bool: this person's pixels that show any of ``parts`` (a part, a region's name, or several)."""
        found: npt.NDArray[np.bool_] = part_table(parts)[self.parse.labels]
        found &= self.parse.instances == self.index
        return found

    def region(self, name: str) -> npt.NDArray[np.bool_]:
        """(H, W) bool: a named union of parts, such as "upper", "lower", "skin", "head", "dress", "outfit".

        Raises:
            OptionError: No region or part of this name; the error lists what exists.
        """
        return self.mask(name)

    def alpha(self, parts: Part | str | Iterable[Part | str] = "all", *, refine: bool = True) -> Floats:
        """(H, W) float32 in 0..1: soft coverage of ``parts``, from the score maps.

        With ``refine`` (and the photo at hand) edges follow the photo by a guided filter (He et al.,
        TPAMI 2013). Without score maps it starts from the hard mask. 0 where somebody else is in front.
        """
        from dressform.parsing.soft import soft_mask

        return soft_mask(self, as_parts(parts), refine=refine)

    @cached_property
    def keypoints(self) -> Floats | None:
        """(17, 3) float32, COCO order: x, y in pixels, score 0..1; None if they cannot be found."""
        found = self.observation.keypoints
        if found is None and self.parse.landmarker is not None and self.parse.image is not None:
            found = self.parse.landmarker.keypoints(self.parse.image, self)
        return _frozen(found)

    @cached_property
    def face(self) -> Floats | None:
        """(70, 2) float32 in pixels: iBUG's 68 points and the right and left pupil; None without a visible face.

        Order: jaw 0-16, right brow 17-21, left brow 22-26, nose 27-35, right eye 36-41, left eye 42-47,
        outer lips 48-59, inner lips 60-67, right pupil 68, left pupil 69; right is the subject's own.
        """
        found = self.observation.face
        if found is None and self.parse.landmarker is not None and self.parse.image is not None:
            found = self.parse.landmarker.face(self.parse.image, self)
        return _frozen(found)


def part_table(parts: Part | str | Iterable[Part | str]) -> npt.NDArray[np.bool_]:
    """(256,) bool look-up table: which label values belong to ``parts``."""
    table = np.zeros(256, np.bool_)
    table[sorted(as_parts(parts))] = True
    return table


def check_maps(labels: npt.NDArray[np.uint8], instances: npt.NDArray[np.uint16], people: int) -> None:
    """Raise :class:`ParseDataError` unless the two label maps form a valid result for this many people."""
    if labels.ndim != 2 or labels.dtype != np.uint8 or 0 in labels.shape:
        raise ParseDataError("bad label map", got=f"{labels.dtype} {labels.shape}", allowed="uint8 (H, W), H, W >= 1")
    if instances.dtype != np.uint16 or instances.shape != labels.shape:
        got = f"{instances.dtype} {instances.shape}"
        raise ParseDataError("bad instance map", got=got, allowed=f"uint16 {labels.shape}")
    if labels.max() > max(Part):
        raise ParseDataError("unknown label in the label map", got=int(labels.max()), allowed=f"0 to {int(max(Part))}")
    if instances.max() > people:
        raise ParseDataError("instance map names a person who is not there", got=int(instances.max()), allowed=people)
    if not np.array_equal(labels > 0, instances > 0):
        raise ParseDataError("labels and instances disagree", allowed="a part exactly where there is a person")


def _frozen(array: Floats | None) -> Floats | None:
    if array is not None:
        array.flags.writeable = False
    return array
