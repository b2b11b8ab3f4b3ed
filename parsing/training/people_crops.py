"""Random crops of one person for the parts network, with neighbours pasted in front and behind.

Copy-paste composition: Ghiasi et al., CVPR 2021. The neighbour's pixels are background for this person.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.compact.crops import PERSON_GROW, Affine, crop_affine, head_channel, warp
from dressform.parsing.landmarks import MIRROR_KEYPOINTS
from dressform.parsing.parts import Part
from dressform.parsing.training.augment import occlude, photometric, shade_skin
from dressform.parsing.training.pack import Sample, decode_jpeg, decode_png
from dressform.parsing.training.targets import IGNORE, mirror_codes

__all__ = [
    "Crop",
    "Decoded",
    "cut_off",
    "decode",
    "draw_crop",
    "head_of",
    "plain_crop",
    "shown_parts",
    "silhouette",
    "stand",
]

Image = npt.NDArray[np.uint8]
Rng = np.random.Generator
MIN_SHOWN = 20  # px
MAX_HEIGHT = 720  # px; larger photos are shrunk once, which halves the time of every crop


@dataclass(frozen=True, eq=False)
class Decoded:
    """A sample's arrays: image (H, W, 3), codes (H, W), joints (17, 3), face (70, 2), box (4,), allowed (21,)."""

    image: Image
    codes: Image
    joints: npt.NDArray[np.float32]
    face: npt.NDArray[np.float32]
    box: npt.NDArray[np.float32]
    allowed: npt.NDArray[np.bool_]

    @property
    def person(self) -> npt.NDArray[np.bool_]:
        """(H, W) bool: pixels of the person."""
        return (self.codes > 0) & (self.codes != IGNORE)


@dataclass(frozen=True, eq=False)
class Crop:
    """What the parts network learns from.

    Attributes:
        image: (h, w, 4) uint8, RGB and the mark of the head.
        codes: (h/2, w/2) uint8 target codes.
        joints: (17, 3) in crop pixels.
        allowed: (21,) bool.
    """

    image: Image
    codes: Image
    joints: npt.NDArray[np.float32]
    allowed: npt.NDArray[np.bool_]


def decode(sample: Sample) -> Decoded:
    """Decode a sample, shrunk to at most :data:`MAX_HEIGHT`."""
    image = decode_jpeg(sample.image)
    codes = decode_png(sample.codes)
    item = Decoded(image, codes, sample.joints, sample.face, sample.box, sample.allowed)
    return _shrink(item, MAX_HEIGHT / image.shape[0])


def shown_parts(sample: Sample) -> npt.NDArray[np.bool_]:
    """(21,) bool: parts that a sample is known to show: labelled, or else named by its tags; none if nobody knows."""
    codes = decode_png(sample.codes)
    labelled = np.bincount(codes.ravel(), minlength=len(Part))[: len(Part)] > MIN_SHOWN
    if labelled[Part.UPPER_CLOTHES :].any():
        return labelled
    return np.zeros(len(Part), np.bool_) if sample.allowed.all() else sample.allowed


def _shrink(item: Decoded, scale: float) -> Decoded:
    if scale >= 1:
        return item
    size = (max(round(item.image.shape[1] * scale), 1), max(round(item.image.shape[0] * scale), 1))
    image = np.asarray(cv2.resize(item.image, size, interpolation=cv2.INTER_AREA), np.uint8)
    codes = np.asarray(cv2.resize(item.codes, size, interpolation=cv2.INTER_NEAREST), np.uint8)
    joints = item.joints * np.array([scale, scale, 1], np.float32)
    return Decoded(image, codes, joints, item.face * np.float32(scale), item.box * np.float32(scale), item.allowed)


def _bounds(person: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32] | None:
    x, y, w, h = cv2.boundingRect(person.astype(np.uint8))
    return np.array([x, y, x + w, y + h], np.float32) if w > 3 and h > 3 else None


def cut_off(item: Decoded, rng: Rng) -> Decoded:
    """End the photo at a random height of the body, as selfies, portraits and team photos do."""
    x0, y0, x1, y1 = item.box
    known = item.joints[:, 2] == 1
    shoulders, hips = item.joints[[5, 6]], item.joints[[11, 12]]
    if known[[5, 6, 11, 12]].all() and shoulders[:, 1].mean() < hips[:, 1].mean():
        top, bottom = shoulders[:, 1].mean(), hips[:, 1].mean()
        # One in four is a close-up: little more than the head.
        low, high = (-0.05, 0.3) if rng.random() < 0.25 else (0.1, 1.5)
        line = top + rng.uniform(low, high) * (bottom - top)
    else:
        line = y0 + (y1 - y0) * rng.uniform(0.25, 0.7)
    end = int(np.clip(line, y0 + 16, item.image.shape[0]))
    start, left, right = 0, 0, item.image.shape[1]
    if rng.random() < 0.1:  # legs alone: the photo begins below the head
        start, end = int(np.clip(y0 + (y1 - y0) * rng.uniform(0.2, 0.5), 0, max(y1 - 24, 0))), item.image.shape[0]
    if rng.random() < 0.15:
        middle = (x0 + x1) / 2 + rng.uniform(-0.2, 0.2) * (x1 - x0)
        left, right = (int(max(middle, 0)), right) if rng.random() < 0.5 else (0, int(max(middle, 16)))
    return _window(item, left, start, right, end)


def _window(item: Decoded, left: int, top: int, right: int, bottom: int) -> Decoded:
    codes = item.codes[top:bottom, left:right]
    box = _bounds((codes > 0) & (codes != IGNORE))
    if box is None or (box[2] - box[0]) * (box[3] - box[1]) < 600:
        return item
    joints, shift = item.joints.copy(), np.array([left, top], np.float32)
    joints[:, :2] -= shift
    outside = (joints[:, :2] < 0).any(1) | (joints[:, 0] >= right - left) | (joints[:, 1] >= bottom - top)
    joints[outside & (joints[:, 2] == 1), 2] = 2
    image = item.image[top:bottom, left:right]
    return Decoded(image, codes, joints, item.face - shift, box, item.allowed)


def silhouette(person: Decoded, matrix: Affine, size: tuple[int, int]) -> Image:
    """(h, w) uint8 0..255: a person's outline, warped into a picture of ``size``; 0 where their photo ends."""
    alpha = warp(person.person.astype(np.uint8) * 255, matrix, size)
    alpha[warp(np.full(person.codes.shape, 255, np.uint8), matrix, size, labels=True) == 0] = 0
    return alpha


def stand(person: Decoded, x: float, top: float, scale: float, rng: Rng) -> Affine:
    """(2, 3) map that puts a person's box, scaled and mirrored by chance, under ``top`` with its middle at ``x``."""
    flip = -1.0 if rng.random() < 0.5 else 1.0
    middle = (person.box[0] + person.box[2]) / 2
    return np.array([[scale * flip, 0, x - scale * flip * middle], [0, scale, top - scale * person.box[1]]])


def paste(image: Image, codes: Image, other: Decoded, matrix: Affine, behind: bool) -> None:
    """Paste a person into image and codes, in place."""
    size = (image.shape[1], image.shape[0])
    alpha = silhouette(other, matrix, size)
    weight = cv2.GaussianBlur(alpha, (0, 0), 0.8).astype(np.float32)[:, :, None] / 255
    if behind:
        weight[codes > 0] = 0
    fresh = warp(other.image, matrix, size)
    image[:] = image + (fresh - image.astype(np.float32)) * weight
    if not behind:
        codes[weight[:, :, 0] > 0.5] = 0


def _add_neighbour(image: Image, codes: Image, item: Decoded, other: Decoded, rng: Rng) -> None:
    """A second person beside this one, of about the same scale, heads at about the same height."""
    width, height = item.box[2:] - item.box[:2]
    own = max(height, 1.2 * width)
    scale = own / max(other.box[3] - other.box[1], 8) * rng.uniform(0.7, 1.3)
    if (item.joints[[5, 6], 2] == 1).all() and (other.joints[[5, 6], 2] == 1).all():
        spans = [float(np.linalg.norm(j[5, :2] - j[6, :2])) for j in (item.joints, other.joints)]
        if min(spans) > 6:
            scale = float(np.clip(spans[0] / spans[1] * rng.uniform(0.75, 1.25), 0.4 * scale, 3 * scale))
    side = rng.choice([-1.0, 1.0])
    x = (item.box[0] + item.box[2]) / 2 + side * rng.uniform(0.25, 0.95) * max(width, 0.35 * height)
    y = item.box[1] + rng.uniform(-0.12, 0.2) * height
    matrix = stand(other, x, y, scale, rng)
    before = int((codes > 0).sum())
    trial_image, trial_codes = image.copy(), codes.copy()
    paste(trial_image, trial_codes, other, matrix, behind=rng.random() < 0.5)
    if (trial_codes > 0).sum() > 0.45 * before:
        image[:], codes[:] = trial_image, trial_codes


def draw_crop(item: Decoded, others: Sequence[Decoded], size: tuple[int, int], rng: Rng) -> Crop:
    """One random training crop of ``size`` (width, height)."""
    # Work on a window around the person: pasting and shading need not touch the rest.
    reach = 0.5 * (item.box[2:] - item.box[:2]).max()
    x0, y0 = np.maximum(item.box[:2] - reach, 0).astype(int)
    x1, y1 = np.minimum(item.box[2:] + reach, item.codes.shape[::-1]).astype(int)
    item = _window(item, int(x0), int(y0), int(x1), int(y1))
    # Half again the crop's own resolution is plenty for everything that follows.
    scale = 1.5 * min(np.array(size) / np.maximum(item.box[2:] - item.box[:2], 1))
    item = _shrink(item, scale) if scale < 0.8 else item
    image, codes = item.image.copy(), item.codes.copy()
    if rng.random() < 0.6:
        image = shade_skin(image, codes, rng)
    for other in others:
        _add_neighbour(image, codes, item, other, rng)
    if rng.random() < 0.15:
        occlude(image, codes, rng)
    box = _bounds((codes > 0) & (codes != IGNORE))
    box = item.box if box is None else box
    extent = box[2:] - box[:2]
    box = box + rng.normal(0, 0.035, 4).astype(np.float32) * np.tile(extent, 2)
    angle = rng.normal(0, 6) if rng.random() < 0.85 else rng.uniform(-40, 40)
    mirror = rng.random() < 0.5
    matrix = crop_affine(box, size, angle=angle, grow=PERSON_GROW * np.exp(rng.normal(0, 0.1)), mirror=mirror)
    crop = _render(image, codes, item, matrix, size, mirror)
    head = head_of(crop.joints, crop.codes)
    if head is None:  # nobody is there, where somebody was thought to be
        head = (np.array(size) * rng.uniform([0.3, 0.05], [0.7, 0.4])).astype(np.float32)
    head = head + rng.normal(0, 0.02 * size[1], 2).astype(np.float32)
    mark = head_channel(size, None if rng.random() < 0.15 else head)
    return Crop(np.dstack([photometric(crop.image, rng), mark]), crop.codes, crop.joints, crop.allowed)


def head_of(joints: npt.NDArray[np.float32], codes: Image, scale: float = 2) -> npt.NDArray[np.float32] | None:
    """(2,) middle of the head joints that are seen, else of the top of the person; None: nobody.

    In pixels of the joints; a pixel of ``codes`` is ``scale`` of them.
    """
    seen = joints[:5, 2] == 1
    if seen.any():
        return np.asarray(joints[:5, :2][seen].mean(0), np.float32)
    box = _bounds((codes > 0) & (codes != IGNORE))
    if box is None:
        return None
    top, height = int(box[1]), box[3] - box[1]
    band = codes[top : top + max(1, int(height / 8))]
    columns = np.flatnonzero(((band > 0) & (band != IGNORE)).any(0))
    return np.array([scale * (columns.mean() + 0.5), scale * (top + height / 16)], np.float32)


def plain_crop(item: Decoded, size: tuple[int, int]) -> Crop:
    """The crop as it is taken at run time, for validation."""
    matrix = crop_affine(item.box, size, grow=PERSON_GROW)
    crop = _render(item.image, item.codes, item, matrix, size, mirror=False)
    mark = head_channel(size, head_of(crop.joints, crop.codes))
    return Crop(np.dstack([crop.image, mark]), crop.codes, crop.joints, crop.allowed)


def _render(image: Image, codes: Image, item: Decoded, matrix: Affine, size: tuple[int, int], mirror: bool) -> Crop:
    half = (size[0] // 2, size[1] // 2)
    small = warp(codes, matrix * 0.5, half, labels=True)
    joints = item.joints.copy()
    joints[:, :2] = joints[:, :2] @ matrix[:, :2].T.astype(np.float32) + matrix[:, 2].astype(np.float32)
    if mirror:
        small = mirror_codes()[small]
        joints = joints[list(MIRROR_KEYPOINTS)]
    hidden = joints[:, 2] == 1
    outside = (joints[:, :2] < 0).any(1) | (joints[:, 0] >= size[0]) | (joints[:, 1] >= size[1])
    joints[hidden & outside, 2] = 2
    return Crop(warp(image, matrix, size), small, joints, item.allowed)
