"""Several looks at one photo, at other sizes and mirrored, put together into one: slower and a little better.

Each look finds instances of its own. Those of one class that cover about the same (intersection over union of
``MATCH``), each from another look, are one instance: its mask probability is the mean of theirs, weighted by score,
and its score the sum of theirs over the number of looks, so that what only one look saw counts little. This is Weighted
Boxes Fusion (Solovyev et al., 2021) with masks in place of boxes.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.m2fp.masks import CELL, Frame, sigmoid
from dressform.parsing.engines.m2fp.select import LEAST_SCORE, Instance
from dressform.parsing.errors import OptionError
from dressform.parsing.parts import MIRROR, part_from_name
from dressform.parsing.scores import resample

__all__ = ["Look", "View", "fuse", "fuse_sums", "mirrored_classes", "views_of"]

Floats = npt.NDArray[np.float32]
SCALES = (0.75, 1.0, 1.25)
ALLOWED = (0.25, 2.0)
MATCH = 0.5


@dataclass(frozen=True)
class View:
    """One way to look at a photo.

    Attributes:
        scale: Of the usual size of the network's input.
        mirrored: Whether left and right are exchanged.
    """

    scale: float = 1.0
    mirrored: bool = False


@dataclass(frozen=True, eq=False)
class Look:
    """What one look at a photo found, as it was seen, mirrored or not."""

    view: View
    frame: Frame
    instances: tuple[Instance, ...]


def views_of(tta: bool | Sequence[float], *, single: bool = False) -> tuple[View, ...]:
    """The looks that ``tta`` asks for; the first is the plain one.

    Args:
        tta: False: one look. True: at three quarters, once and one and a quarter of the usual size, each also mirrored.
            Numbers: at these scales, each also mirrored.
        single: The one-person model has one size, so scales mean nothing to it: once, and mirrored.

    Raises:
        OptionError: No scale, or one out of range.
    """
    if tta is False:
        return (View(),)
    scales = SCALES if tta is True else tuple(float(scale) for scale in tta)
    low, high = ALLOWED
    if not scales or not all(low <= scale <= high for scale in scales):
        raise OptionError("scales of the looks are out of range", got=scales, allowed=f"{low} to {high}, one or more")
    if single:
        return View(), View(mirrored=True)
    ordered = sorted(dict.fromkeys(scales), key=lambda scale: abs(math.log(scale)))  # the base is nearest to 1
    return tuple(View(scale, mirrored) for scale in ordered for mirrored in (False, True))


def mirrored_classes(classes: Sequence[str]) -> tuple[int, ...]:
    """The class that each becomes when the photo is mirrored: left and right limbs and shoes change places."""
    parts = [None if name == "Human" else part_from_name(name) for name in classes]
    twins = [part if part is None else MIRROR[part] for part in parts]
    # A class whose part is its own mirror image stays; so does LIP's jumpsuit, which is the same part as its dress.
    return tuple(k if twins[k] is parts[k] else parts.index(twins[k]) for k in range(len(parts)))


def fuse(looks: Sequence[Look], classes: Sequence[str]) -> tuple[Instance, ...]:
    """What several looks found together, on the cells of the first; parts first, then people, by falling score."""
    if len(looks) == 1:
        return looks[0].instances
    frame, twins = looks[0].frame, mirrored_classes(classes)
    rows = [
        (instance.score, number, twins[instance.label] if look.view.mirrored else instance.label, instance)
        for number, look in enumerate(looks)
        for instance in look.instances
    ]
    groups: list[_Group] = []
    for score, number, label, instance in sorted(rows, key=lambda row: (-row[0], row[1])):
        probability = _on_cells(sigmoid(instance.field.copy()), looks[number], frame)
        mask = probability > 0.5
        group = max((g for g in groups if g.takes(label, number)), key=lambda g: g.overlap(mask), default=None)
        if group is None or group.overlap(mask) < MATCH:
            group = _Group(label, mask)
            groups.append(group)
        group.add(number, probability, score)
    found = [group.instance(len(looks)) for group in groups]
    human = classes.index("Human")
    return tuple(
        sorted(
            (each for each in found if each.score >= LEAST_SCORE), key=lambda each: (each.label == human, -each.score)
        )
    )


def fuse_sums(sums: Sequence[Floats], views: Sequence[View], classes: Sequence[str]) -> Floats:
    """Mean of class sums (classes, h, w) of several looks of the one-person model, each cut to its photo."""
    twins = list(mirrored_classes(classes))
    total = np.zeros_like(sums[0])
    size = (total.shape[2], total.shape[1])
    for each, view in zip(sums, views, strict=True):
        straight = each[twins, :, ::-1] if view.mirrored else each
        total += np.stack([cv2.resize(np.ascontiguousarray(row), size) for row in straight])
    return np.asarray(total / np.float32(len(sums)), np.float32)


@dataclass(eq=False)
class _Group:
    label: int
    mask: npt.NDArray[np.bool_]
    seen: set[int] = field(default_factory=set)
    total: Floats | None = None
    weight: float = 0.0

    def takes(self, label: int, number: int) -> bool:
        return label == self.label and number not in self.seen

    def overlap(self, mask: npt.NDArray[np.bool_]) -> float:
        union = np.count_nonzero(mask | self.mask)
        return np.count_nonzero(mask & self.mask) / union if union else 0.0

    def add(self, number: int, probability: Floats, score: float) -> None:
        weighted = probability * np.float32(score)
        self.total = weighted if self.total is None else self.total + weighted
        self.weight += score
        self.seen.add(number)

    def instance(self, looks: int) -> Instance:
        assert self.total is not None
        probability = np.clip(self.total / np.float32(self.weight), 1e-4, 1 - 1e-4)
        logits = np.asarray(np.log(probability / (1 - probability)), np.float32)
        return Instance(self.label, min(self.weight / looks, 1.0), logits)


def _on_cells(values: Floats, look: Look, frame: Frame) -> Floats:
    """A map of a look on the cells of another frame of the same photo, turned back where it was mirrored."""
    rows, columns = values.shape
    x0, y0, x1, y1 = look.frame.box((0, 0, columns, rows))
    if look.view.mirrored:
        width = look.frame.photo[1]
        values, x0, x1 = values[:, ::-1], width - x1, width - x0
    elif look.frame == frame:
        return values
    left, top, right, bottom = frame.content
    sx, sy = (right - left) / frame.photo[1] / CELL, (bottom - top) / frame.photo[0] / CELL
    box = (x0 * sx + left / CELL, y0 * sy + top / CELL, x1 * sx + left / CELL, y1 * sy + top / CELL)
    return resample(np.ascontiguousarray(values), box, (0, 0, frame.cells[1], frame.cells[0]))
