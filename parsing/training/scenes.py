"""Random photos of several people for the people network: real COCO scenes and composed groups.

A group is people cut out of other photos (copy-paste: Ghiasi et al., CVPR 2021), standing in one or two
rows, whole or ending at the frame as in selfies and team photos, over a place where nobody is.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.compact.crops import Affine, crop_affine, warp
from dressform.parsing.training.augment import photometric, shade_skin
from dressform.parsing.training.build import polygon_mask
from dressform.parsing.training.bystanders import DOUBTFUL, Bystanders
from dressform.parsing.training.people_crops import Decoded, silhouette, stand
from dressform.parsing.training.targets import IGNORE

__all__ = [
    "MAYBE",
    "UNKNOWN",
    "Photo",
    "Scene",
    "Visible",
    "draw_scene",
    "found_photo",
    "head_point",
    "own_photo",
    "read_photos",
]

Image = npt.NDArray[np.uint8]
Rng = np.random.Generator
CLOSE_UP = 0.2  # share of scenes in which a head fills much of the picture, as on passes and selfies
STRETCH = 0.12
"""Spread of the logarithm of how much longer a view is shown one way than the other: bodies of other build."""
MAYBE = 65534
"""Instance value of places around the labelled person of a photo whose bystanders nobody labelled."""
UNKNOWN = 65535
"""Instance value of pixels where people may be that nobody labelled."""


@dataclass(frozen=True, eq=False)
class Photo:
    """A photo with all its people: image (H, W, 3), instances (H, W) uint16, heads (n, 2) with NaN for none."""

    image: Image
    instances: npt.NDArray[np.uint16]
    heads: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Visible:
    """A person as far as they can be seen: box (4,) and the point that stands for them (2,)."""

    box: npt.NDArray[np.float32]
    point: npt.NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Scene:
    """image (H, W, 3) uint8, people, and the (H, W) uint16 map of who is where."""

    image: Image
    people: tuple[Visible, ...]
    instances: npt.NDArray[np.uint16]


def head_point(joints: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """(2,) centre of nose, eyes and ears, NaN where none of them is known."""
    known = joints[:5, 2] == 1
    return joints[:5, :2][known].mean(0) if known.any() else np.full(2, np.nan, np.float32)


def read_photos(data: Path) -> list[Photo]:
    """COCO's permissive photos with everybody in them; crowds become unknown."""
    coco = json.loads((data / "coco-permissive/instances.json").read_text())
    photos = []
    for entry in coco["images"]:
        path = data / "coco-permissive/images" / entry["file_name"]
        image = np.asarray(cv2.imread(str(path)), np.uint8)[:, :, ::-1]
        instances = np.zeros(image.shape[:2], np.uint16)
        heads = []
        for annotation in sorted(
            (a for a in coco["annotations"] if a["image_id"] == entry["id"]), key=lambda a: -a["area"]
        ):
            mask = polygon_mask(annotation["segmentation"], *image.shape[:2])
            joints = np.array(annotation.get("keypoints", [0] * 51), np.float32).reshape(17, 3)
            joints[:, 2] = joints[:, 2] > 0
            # A large "person" without a single joint is a hand or a sleeve: neither person nor background.
            if annotation["iscrowd"] or (annotation["area"] > 5000 and not joints[:, 2].any()):
                instances[mask & (instances == 0)] = UNKNOWN
                continue
            heads.append(head_point(joints))
            instances[mask] = len(heads)
        photos.append(Photo(np.ascontiguousarray(image), instances, np.array(heads, np.float32).reshape(-1, 2)))
    return photos


def found_photo(image: Image, found: Bystanders) -> Photo:
    """A photo (H, W, 3) of which only is known whom the engine found."""
    instances = np.where(found.people > 0, found.people.astype(np.uint16), np.uint16(MAYBE))
    instances[found.people == DOUBTFUL] = UNKNOWN
    return Photo(image, instances, found.heads)


def own_photo(person: Decoded, behind: Bystanders | None = None) -> Photo:
    """The photo of one labelled person, with whom the engine found behind them; there may be more."""
    if behind is None:
        behind = Bystanders(-1, b"", np.zeros(person.codes.shape, np.uint8), np.zeros((0, 2), np.float32))
    photo = found_photo(person.image, behind)
    photo.instances[person.codes == IGNORE] = UNKNOWN
    photo.instances[person.person] = len(photo.heads) + 1
    return Photo(photo.image, photo.instances, np.concatenate([photo.heads, head_point(person.joints)[None]]))


def _see(instances: npt.NDArray[np.uint16], index: int, head: npt.NDArray[np.float32], full: int) -> Visible | None:
    """What remains visible of a person whose whole silhouette had ``full`` pixels; None: too little to ask for."""
    own = instances == index
    area = int(own.sum())
    if area < max(24, 0.15 * full):
        return None
    x, y, w, h = cv2.boundingRect(own.astype(np.uint8))
    hx, hy = (int(np.nan_to_num(v, nan=-1)) for v in head)
    inside = 0 <= hx < instances.shape[1] and 0 <= hy < instances.shape[0]
    point = head
    reach = max(2, h // 20)
    if not inside or not own[max(hy - reach, 0) : hy + reach + 1, max(hx - reach, 0) : hx + reach + 1].any():
        band = own[y : y + max(1, h // 8)]
        point = np.array([np.nonzero(band.any(0))[0].mean(), y + h / 16], np.float32)
    return Visible(np.array([x, y, x + w, y + h], np.float32), point.astype(np.float32))


class _Canvas:
    """A picture in the making and who is where in it."""

    def __init__(
        self, image: Image, instances: npt.NDArray[np.uint16], heads: Sequence[npt.NDArray[np.float32]]
    ) -> None:
        self.image, self.instances, self.heads = image, instances, list(heads)
        self.full = [int((instances == k + 1).sum()) for k in range(len(self.heads))]

    def paste(self, person: Decoded, matrix: Affine, rng: Rng) -> None:
        """Put a person in front of everything there."""
        size = (self.image.shape[1], self.image.shape[0])
        corners = (
            np.array([[person.box[0], person.box[1]], [person.box[2], person.box[3]]]) @ matrix[:, :2].T + matrix[:, 2]
        )
        x0, y0 = np.maximum(np.floor(corners.min(0)) - 2, 0).astype(int)
        x1, y1 = np.minimum(np.ceil(corners.max(0)) + 2, size).astype(int)
        if x1 - x0 < 3 or y1 - y0 < 3:
            return
        local = matrix.copy()
        local[:, 2] -= [x0, y0]
        window = (int(x1 - x0), int(y1 - y0))
        alpha = silhouette(person, local, window)
        fresh = warp(person.image, local, window)
        if rng.random() < 0.7:
            fresh = shade_skin(fresh, warp(person.codes, local, window, labels=True), rng)
        if rng.random() < 0.7:  # people of one photo share its light only roughly
            fresh = np.clip(fresh * rng.uniform(0.7, 1.3) * rng.uniform(0.9, 1.1, 3), 0, 255).astype(np.uint8)
        weight = cv2.GaussianBlur(alpha, (0, 0), 0.7)[:, :, None].astype(np.float32) / 255
        part = self.image[y0:y1, x0:x1]
        part[:] = part + (fresh - part.astype(np.float32)) * weight
        shown = alpha > 127
        head = head_point(person.joints) @ matrix[:, :2].T + matrix[:, 2]
        self.heads.append(head.astype(np.float32))
        self.full.append(int(shown.sum()))
        self.instances[y0:y1, x0:x1][shown] = len(self.heads)


def _place(photos: Sequence[Photo], size: tuple[int, int], rng: Rng) -> Image:
    """A stretch of a photo where nobody is, or a made-up wall."""
    for _ in range(24):
        photo = photos[int(rng.integers(len(photos)))]
        height, width = photo.instances.shape
        w = int(width * rng.uniform(0.2, 0.8))
        h = min(int(w * size[1] / size[0]), height)
        x, y = int(rng.integers(0, width - w + 1)), int(rng.integers(0, height - h + 1))
        if h > 40 and not photo.instances[y : y + h, x : x + w].any():
            empty = photo.image[y : y + h, x : x + w]
            place = np.asarray(cv2.resize(empty, size, interpolation=cv2.INTER_LINEAR), np.uint8)
            if rng.random() < 0.4:
                place = np.asarray(cv2.GaussianBlur(place, (0, 0), rng.uniform(0.5, 4)), np.uint8)
            return place
    coarse = rng.uniform(0, 255, 3) + rng.normal(0, rng.uniform(2, 60), (*rng.integers(1, 9, 2), 3))
    wall = cv2.resize(np.clip(coarse, 0, 255).astype(np.float32), size, interpolation=cv2.INTER_CUBIC)
    return np.clip(wall + rng.normal(0, rng.uniform(0, 8), wall.shape), 0, 255).astype(np.uint8)


def _stand(person: Decoded, x: float, top: float, height: float, rng: Rng) -> Affine:
    return stand(person, x, top, height / max(person.box[3] - person.box[1], 8), rng)


def _group(canvas: _Canvas, people: Sequence[Decoded], rng: Rng) -> None:
    """One or two rows of people, whole or cut by the frame; the back row first."""
    height, width = canvas.instances.shape
    if rng.random() < CLOSE_UP:
        tall = height * rng.uniform(2.6, 6.5)
        head = tall / 7
        for person in people[: int(rng.integers(1, 3))]:
            x, top = rng.uniform(0.25, 0.75) * width, rng.uniform(0, 0.8) * max(height - head, 0.05 * height)
            canvas.paste(person, _stand(person, x, top, tall, rng), rng)
        return
    tall = height * float(np.exp(rng.uniform(np.log(0.18), np.log(2.6))))
    gap = tall * rng.uniform(0.14, 0.42)
    rows = 2 if len(people) > 3 and rng.random() < 0.5 else 1
    for row in range(rows):
        members = people[row::rows]
        start = width / 2 - gap * (len(members) - 1) / 2 + rng.normal(0, 0.08) * width
        top = (height - tall) * rng.uniform(0.2, 0.95) if tall < height else height * rng.uniform(0.02, 0.35)
        top += (row - 0.5) * (rows - 1) * 0.25 * tall
        for k in rng.permutation(len(members)):
            own = tall * rng.uniform(0.8, 1.12)
            x = start + gap * (k + rng.normal(0, 0.12))
            canvas.paste(members[k], _stand(members[k], x, top + (tall - own) * 0.7, own, rng), rng)


def _scatter(canvas: _Canvas, people: Sequence[Decoded], rng: Rng) -> None:
    """People anywhere and of any size, far ones first."""
    height, width = canvas.instances.shape
    sizes = sorted(height * np.exp(rng.uniform(np.log(0.1), np.log(1.5), len(people))))
    for person, tall in zip(people, sizes, strict=True):
        x, top = rng.uniform(0, width), rng.uniform(-0.1, 1.0) * height - 0.3 * tall
        canvas.paste(person, _stand(person, x, top, tall, rng), rng)


def _view(photo: Photo, size: tuple[int, int], rng: Rng) -> Affine:
    """Where a camera of ``size`` looks: at one of the people, of any size in the picture, or about the middle."""
    height, width = photo.instances.shape
    whole = min(size[0] / width, size[1] / height)
    own = photo.instances == rng.integers(1, len(photo.heads) + 1) if len(photo.heads) else np.zeros((1, 1), np.bool_)
    if rng.random() < 0.7 and own.any():
        x, y, w, h = cv2.boundingRect(own.astype(np.uint8))
        near = rng.random() < CLOSE_UP
        low, high = (2.5, 6.5) if near else (0.12, 1.4)
        scale = size[1] / h * float(np.exp(rng.uniform(np.log(low), np.log(high))))
        scale = float(np.clip(scale, 0.8 * whole, max(4.0 if near else 2.5, 0.8 * whole)))
        down = min(h / 2, 0.4 * size[1] / scale) if near else h / 2  # a head is at the top of its box
        centre = np.array([x + w / 2, y + down]) + rng.uniform(-0.4, 0.4, 2) * (0.3 if near else 1.0) * size / scale
    else:
        scale = whole * float(np.exp(rng.uniform(np.log(0.7), np.log(2.2))))
        centre = np.array([width, height]) / 2
    # No more of what lies beyond the photo than need be.
    half = np.array(size) / 2 / scale
    spare = np.maximum(np.array([width, height]) / 2 - half, 0)
    centre = np.clip(centre, np.array([width, height]) / 2 - spare, np.array([width, height]) / 2 + spare)
    box = np.concatenate([centre - half, centre + half]).astype(np.float32)
    angle = rng.normal(0, 4) if rng.random() < 0.9 else rng.uniform(-25, 25)
    matrix = crop_affine(box, size, angle=angle, mirror=rng.random() < 0.5)
    axis, stretch = int(rng.integers(2)), float(np.exp(abs(rng.normal(0, STRETCH))))
    matrix[axis] *= stretch
    matrix[axis, 2] -= (stretch - 1) * size[axis] / 2
    return matrix


def draw_scene(
    photos: Sequence[Photo],
    people: Sequence[Decoded],
    size: tuple[int, int],
    rng: Rng,
    behind: Bystanders | None = None,
) -> Scene:
    """One random scene of ``size`` (width, height).

    The first of ``people``, ``behind`` whom the engine found others, may give the photo; others are pasted.
    """
    kind = rng.random()
    if kind < 0.75:
        photo = photos[int(rng.integers(len(photos)))] if kind < 0.5 else own_photo(people[0], behind)
        matrix = _view(photo, size, rng)
        shown = warp(photo.instances, matrix, size, labels=True)
        heads = photo.heads @ matrix[:, :2].T.astype(np.float32) + matrix[:, 2].astype(np.float32)
        canvas = _Canvas(warp(photo.image, matrix, size), shown, list(heads))
        _scatter(canvas, people[1:][: int(rng.choice(3, p=(0.65, 0.25, 0.1)))], rng)
    else:
        canvas = _Canvas(_place(photos, size, rng), np.zeros(size[::-1], np.uint16), [])
        (_group if rng.random() < 0.75 else _scatter)(canvas, people, rng)
    instances = canvas.instances
    seen = []
    for k, (head, full) in enumerate(zip(canvas.heads, canvas.full, strict=True), 1):
        person = _see(instances, k, head, full)
        if person is None:
            instances[instances == k] = UNKNOWN
        else:
            seen.append(person)
    return Scene(photometric(canvas.image, rng), tuple(seen), instances)
