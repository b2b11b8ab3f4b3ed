"""The one result: who is where in the photo, and which pixel shows which part of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from dressform.parsing.checks import (
    check_box,
    check_image,
    check_inside,
    check_keypoints,
    check_maps,
    check_points,
    frozen,
)
from dressform.parsing.errors import ParseDataError
from dressform.parsing.parts import Part, as_parts
from dressform.parsing.scores import Box, ScoreMaps, Window
from dressform.parsing.windows import own_labels, parts_in, pixel_windows, window_slices

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
        box: (x0, y0, x1, y1) in pixels, clipped to the photo: where the engine takes the person to be. Where it is in
            doubt, some of their pixels may lie outside; what holds these is :attr:`Person.extent`.
        score: Confidence 0..1.
        scores: Quantised score maps, or None.
        keypoints: (17, 3) float32 COCO order, x, y in pixels and score 0..1, or None to find them on first use.
        face: (70, 2) float32: the 68 points of iBUG's order and the subject's right and left pupil,
            or None to find them on first use.

    Arrays are kept as read-only views of what was given, which may not change any more.

    Raises:
        ParseDataError: Anything else than described above, or a number that is not finite.
    """

    box: Box
    score: float
    scores: ScoreMaps | None = None
    keypoints: Floats | None = None
    face: Floats | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "box", check_box(self.box))
        if not 0 <= self.score <= 1:
            raise ParseDataError("a person's score is out of range", got=self.score, allowed="finite, 0 to 1")
        object.__setattr__(self, "score", float(self.score))
        object.__setattr__(self, "keypoints", check_keypoints(self.keypoints))
        object.__setattr__(self, "face", check_points("face landmarks", self.face, (70, 2)))


@dataclass(frozen=True, eq=False)
class Parse:
    """People of one photo and their parts. Immutable; every array is a read-only view of what was given.

    What was given is not copied, so it may not be changed afterwards.

    Attributes:
        labels: (H, W) uint8, a :class:`Part` value per pixel.
        instances: (H, W) uint16, 0 = nobody, k = ``people[k - 1]``.
        observations: One per person, in the order of ``instances``: left to right by box centre.
        image: (H, W, 3) uint8 sRGB, the photo after EXIF orientation, or None for a loaded result.
            Soft edges and landmarks found on first use need it.
        engine: Name of the engine that made this.
        landmarker: Finds landmarks on first use; None where landmarks are stored or not wanted.

    Raises:
        ParseDataError: Arrays of other shapes or types, labels without a person or the reverse, an
            instance without observation, or a box that reaches outside the photo.
    """

    labels: npt.NDArray[np.uint8]
    instances: npt.NDArray[np.uint16]
    observations: tuple[Observation, ...] = ()
    image: npt.NDArray[np.uint8] | None = field(default=None, repr=False)
    engine: str = ""
    landmarker: Landmarker | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        check_maps(self.labels, self.instances, len(self.observations))
        check_image(self.image, self.labels.shape)
        for observation in self.observations:
            check_inside(observation.box, self.size)
        object.__setattr__(self, "observations", tuple(self.observations))
        object.__setattr__(self, "labels", frozen(self.labels))
        object.__setattr__(self, "instances", frozen(self.instances))
        object.__setattr__(self, "image", None if self.image is None else frozen(self.image))

    @property
    def size(self) -> tuple[int, int]:
        """(width, height) in pixels, after EXIF orientation."""
        return self.labels.shape[1], self.labels.shape[0]

    @cached_property
    def people(self) -> tuple[Person, ...]:
        """Everybody, left to right."""
        return tuple(Person(self, k) for k in range(1, len(self.observations) + 1))

    @cached_property
    def extents(self) -> tuple[Window | None, ...]:
        """Smallest window that holds each person's pixels, None for somebody who has none."""
        return pixel_windows(self.instances, len(self))

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
        return int(x0), int(y0), min(int(np.ceil(x1)), width), min(int(np.ceil(y1)), height)

    @property
    def extent(self) -> Window | None:
        """Smallest pixel window that holds this person's pixels, wherever the box is; None: there are none."""
        return self.parse.extents[self.index - 1]

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Parts of this person that can be seen, in the order of their numbers."""
        return () if self.extent is None else tuple(parts_in(own_labels(self.parse, self.index, self.extent)))

    def own(self, window: Window, parts: Part | str | Iterable[Part | str] = "all") -> npt.NDArray[np.bool_]:
        """(y1 - y0, x1 - x0) bool: a window of :meth:`mask`; for large photos, where a whole mask would be dear."""
        return self._own(window, part_table(parts))

    def _own(self, window: Window, table: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
        at = window_slices(window)
        found: npt.NDArray[np.bool_] = table[self.parse.labels[at]]
        found &= self.parse.instances[at] == self.index
        return found

    def mask(self, parts: Part | str | Iterable[Part | str] = "all") -> npt.NDArray[np.bool_]:
        """(H, W) bool: this person's pixels that show any of ``parts`` (a part, a region's name, or several)."""
        found = np.zeros(self.parse.labels.shape, np.bool_)
        table = part_table(parts)  # an unknown name is an error even of somebody who cannot be seen
        if self.extent is not None:
            found[window_slices(self.extent)] = self._own(self.extent, table)
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
            found = check_keypoints(self.parse.landmarker.keypoints(self.parse.image, self))
        return found

    @cached_property
    def face(self) -> Floats | None:
        """(70, 2) float32 in pixels: iBUG's 68 points and the right and left pupil; None without a visible face.

        Order: jaw 0-16, right brow 17-21, left brow 22-26, nose 27-35, right eye 36-41, left eye 42-47,
        outer lips 48-59, inner lips 60-67, right pupil 68, left pupil 69; right is the subject's own.
        """
        found = self.observation.face
        if found is None and self.parse.landmarker is not None and self.parse.image is not None:
            found = check_points("face landmarks", self.parse.landmarker.face(self.parse.image, self), (70, 2))
        return found


def part_table(parts: Part | str | Iterable[Part | str]) -> npt.NDArray[np.bool_]:
    """(256,) bool look-up table: which label values belong to ``parts``."""
    table = np.zeros(256, np.bool_)
    table[sorted(as_parts(parts))] = True
    return table
