"""Whom the bench draws: people of photos, with what the photo says of them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.color import srgb_to_lab
from dressform.avatar.face import HeadFrame, frame_from_landmarks, frame_from_mask
from dressform.avatar.measure import BALANCE, measure
from dressform.avatar.palette import apply_gains, white_balance
from dressform.avatar.spec import AvatarSpec
from dressform.avatar.view import PersonView, view_person
from dressform.parsing import Parse, Part, Person, load_image, load_parser

__all__ = ["GARMENTS", "Subject", "parse_photos", "photo_files", "subjects", "trimmed_median"]

Mask = npt.NDArray[np.bool_]
Pixels = npt.NDArray[np.uint8]
Floats = npt.NDArray[np.float64]
GARMENTS = (Part.UPPER_CLOTHES, Part.COAT, Part.DRESS, Part.PANTS, Part.SKIRT)
LEAST_HEAD = 28.0
"""Pixels of a head in the photo; smaller people are left out, as nobody would make an avatar of them."""
LEAST_REGION = 80  # px of a region whose colour is told
_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp"}
_TRIM = 0.10


@dataclass(frozen=True, eq=False)
class Subject:
    """One person.

    Attributes:
        photo: Name of the photo.
        person: Of its parse.
    """

    photo: str
    person: Person

    @property
    def name(self) -> str:
        """Photo and number."""
        return f"{self.photo}#{self.person.index}"

    @cached_property
    def view(self) -> PersonView:
        """The person at the working size of the avatar module."""
        return view_person(self.person)

    @cached_property
    def spec(self) -> AvatarSpec:
        """What avatars are drawn from."""
        return measure(self.person)

    @cached_property
    def box(self) -> tuple[slice, slice]:
        """Rows and columns of the photo that the person takes up."""
        x0, y0, x1, y1 = self.person.extent or (0, 0, 1, 1)
        return slice(y0, y1), slice(x0, x1)

    @cached_property
    def labels(self) -> npt.NDArray[np.uint8]:
        """(h, w) uint8, the person's parts as parsed, in their box."""
        parse = self.person.parse
        return np.where(parse.instances[self.box] == self.person.index, parse.labels[self.box], 0).astype(np.uint8)

    @cached_property
    def pixels(self) -> Pixels:
        """(h, w, 3) uint8 RGB, the photo in the person's box."""
        image = self.person.parse.image
        if image is None:
            raise ValueError("a subject needs the photo")
        return np.ascontiguousarray(image[self.box])

    @cached_property
    def balanced(self) -> Pixels:
        """The same under the white balance that avatars are measured with."""
        return apply_gains(self.pixels, white_balance(self.view.image, None) ** BALANCE)

    @cached_property
    def frame(self) -> HeadFrame | None:
        """The head in pixels of the box; None where there is none to be seen."""
        origin = np.array([self.box[1].start, self.box[0].start], np.float32)
        if self.person.face is not None:
            return frame_from_landmarks(np.asarray(self.person.face - origin))
        head = np.isin(self.labels, (Part.HAT, Part.HAIR, Part.SUNGLASSES, Part.FACE))
        return frame_from_mask(head, self.labels == Part.FACE)

    def mask(self, *parts: Part) -> Mask:
        """(h, w) bool: pixels of any of these parts, in the box."""
        return np.isin(self.labels, parts)

    @cached_property
    def garment(self) -> Part | None:
        """The largest garment, if it is large enough to have a colour."""
        counts = {part: int(np.count_nonzero(self.labels == part)) for part in GARMENTS}
        part = max(counts, key=lambda each: counts[each])
        return part if counts[part] >= LEAST_REGION else None


def trimmed_median(pixels: Pixels, mask: Mask) -> Floats | None:
    """(3,) CIE Lab of the inner pixels of a region: those within the middle 80 % in every channel, then the median.

    None where the region is too small to tell.
    """
    if np.count_nonzero(mask) < LEAST_REGION:
        return None
    lab = np.asarray(srgb_to_lab(pixels[inner(mask)]), np.float64)
    low, high = np.quantile(lab, [_TRIM, 1 - _TRIM], axis=0)
    kept = ((lab >= low) & (lab <= high)).all(1)
    return np.asarray(np.median(lab[kept] if kept.any() else lab, axis=0))


def inner(mask: Mask) -> Mask:
    """A region without its border, which shows neighbours too; never less than a third of it."""
    wide = cv2.copyMakeBorder(mask.view(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    depth = np.asarray(cv2.distanceTransform(wide, cv2.DIST_L2, 3))[1:-1, 1:-1]
    border = 1 + 0.02 * float(np.sqrt(np.count_nonzero(mask)))
    return np.asarray(depth > min(border, float(np.quantile(depth[mask], 0.66)) - 1e-3)) & mask


def photo_files(folders: Sequence[Path]) -> list[Path]:
    """Photos in folders and below, and files named, in order."""
    out: list[Path] = []
    for folder in folders:
        found = sorted(folder.rglob("*")) if folder.is_dir() else [folder]
        out += [file for file in found if file.suffix.lower() in _SUFFIXES]
    return out


def parse_photos(files: Iterable[Path]) -> Iterator[tuple[str, Parse]]:
    """Name and parse of each photo."""
    parser = load_parser()
    for file in files:
        yield file.stem, parser.parse(load_image(file))


def subjects(photo: str, parse: Parse) -> list[Subject]:
    """The people of a photo that are large enough to be drawn."""
    found = [Subject(photo, person) for person in parse.people if person.extent is not None]
    return [each for each in found if each.frame is not None and each.frame.height >= LEAST_HEAD]


def without_landmarks(subject: Subject) -> Subject:
    """The same person of a parse that knows no points of the face."""
    parse = subject.person.parse
    own = [
        replace(each, face=None, keypoints=person.keypoints)
        for each, person in zip(parse.observations, parse.people, strict=True)
    ]
    bare = replace(parse, observations=tuple(own), landmarker=None)
    return Subject(subject.photo, bare.people[subject.person.index - 1])
