"""From instances to people: who owns which part.

The network says "here is a face", "here is somebody", and nothing of whose face it is; masks overlap and come twice.
Everything here happens on the network's cells (a cell is 4 × 4 pixels of its input); the rules, in their order:

1. Whole people below ``min_score`` don't count. The others are taken by falling score: one whose mask is nearly that of
   a better one (intersection over union above ``SAME``), or lies inside it and is unsure (``INSIDE``, ``SURE``), is the
   same person found again and goes.
2. Territory: a cell that several people's masks cover belongs to whoever's score times mask probability is highest
   there; but somebody who lies inside a larger person's mask, as a child on an arm may, stands in front of them.
3. A part goes whole to the person with most of its cells. Boxes do not matter. If a second person has more than
   ``SHARED`` of it, it is contested: people who have such a part elsewhere don't need this one (a person has one left
   arm; another one in front of their chest is somebody else's). If several people are left, the part is divided between
   them along their territories.
4. A part of which nobody's mask covers ``ORPHAN`` is an orphan. If it is sure enough (``ORPHAN_SCORE``), it goes to the
   nearest person within ``NEAR`` of their size who has no such part; else it is dropped.

At a pixel where several parts lie, the one with the highest score times mask probability is seen: see ``painting``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing.engines.m2fp.masks import sigmoid
from dressform.parsing.engines.m2fp.select import Instance
from dressform.parsing.islands import drop_specks
from dressform.parsing.parts import Part, part_from_name

__all__ = ["MIN_SCORE", "Assembly", "Piece", "assemble", "without_specks"]

Floats = npt.NDArray[np.float32]
Mask = npt.NDArray[np.bool_]
MIN_SCORE = 0.3
"""Least score of a person, unless asked otherwise: that of the published configuration."""
SAME = 0.7
INSIDE, SURE = 0.85, 0.5
SHARED = 0.2
APART = 0.5
"""Two masks of a part that share less than this of the smaller one are two parts, not one found twice."""
ORPHAN, ORPHAN_SCORE, NEAR = 0.25, 0.3, 0.15
SPECK = 0.02  # share of a mask's largest piece; smaller pieces are noise


@dataclass(frozen=True, eq=False)
class Piece:
    """A part of somebody, or what they have of a divided one.

    Attributes:
        owner: Index into ``Assembly.people``.
        part: Which part.
        instance: As it was found.
        share: (rows, columns) float32, 1 in the owner's cells and 0 in the others'; None: all of it.
        sharers: How many people divide it.
    """

    owner: int
    part: Part
    instance: Instance
    share: Floats | None = None
    sharers: int = 1


@dataclass(frozen=True, eq=False)
class Assembly:
    """Whole people, the surest first, and the parts of each."""

    people: tuple[Instance, ...] = ()
    pieces: tuple[Piece, ...] = ()


def assemble(instances: Iterable[Instance], classes: Sequence[str], min_score: float = MIN_SCORE) -> Assembly:
    """Find out whose each part is.

    Args:
        instances: Parts and whole people, on cells of the same frame.
        classes: Names of their labels; "Human" is a whole person, the others are parts.
        min_score: Least score of a person.
    """
    whole = classes.index("Human")
    instances = tuple(instances)
    people = _distinct([each for each in instances if each.label == whole and each.score >= min_score])
    if not people:
        return Assembly()
    ground = _Ground.of(people)
    parts = sorted((each for each in instances if each.label != whole), key=lambda each: -each.score)
    pieces: list[Piece] = []
    contested: list[tuple[Instance, list[int]]] = []
    orphans: list[Instance] = []
    for part in parts:
        owners = ground.owners(part.field > 0)
        if not owners:
            orphans.append(part)
        elif len(owners) == 1:
            pieces.append(_piece(owners[0], part, classes))
        else:
            contested.append((part, owners))
    for part, owners in contested:
        in_need = [k for k in owners if not _has_own(k, part, pieces)] or owners
        pieces += _divide(part, in_need, ground, classes)
    for part in orphans:
        owner = ground.nearest(part, {piece.owner for piece in pieces if piece.instance.label == part.label})
        if owner is not None:
            pieces.append(_piece(owner, part, classes))
    return Assembly(people, tuple(pieces))


def without_specks(instances: Iterable[Instance]) -> tuple[Instance, ...]:
    """The same without small detached pieces of masks."""
    return tuple(replace(each, field=_cleaned(each.field)) for each in instances)


@dataclass(frozen=True, eq=False)
class _Ground:
    """Where everybody is.

    Attributes:
        masks: (people, rows, columns) bool.
        strength: (people, rows, columns) float32, how strongly each claims each cell.
        territory: (people, rows, columns) bool, which cells are each one's own; a cell is at most one person's.
    """

    masks: Mask
    strength: Floats
    territory: Mask

    @classmethod
    def of(cls, people: Sequence[Instance]) -> _Ground:
        masks = np.stack([each.field > 0 for each in people])
        strength = np.stack([sigmoid(each.field.copy()) * np.float32(each.score) for each in people])
        areas = masks.sum((1, 2))
        for k, mask in enumerate(masks):
            for other in np.flatnonzero(areas > areas[k]):
                if np.count_nonzero(mask & masks[other]) >= INSIDE * areas[k]:
                    strength[other][mask] *= np.float32(0.5) * np.float32(people[k].score)  # below any value of k there
        claims = np.where(masks, strength, -1)
        best = claims.argmax(0)
        return cls(masks, strength, np.stack([mask & (best == k) for k, mask in enumerate(masks)]))

    def owners(self, mask: Mask) -> list[int]:
        """Who has cells of a part enough to own it, most cells first; empty for an orphan."""
        area = np.count_nonzero(mask)
        if not area or max(np.count_nonzero(own & mask) for own in self.masks) < ORPHAN * area:
            return []
        cells = np.array([np.count_nonzero(own & mask) for own in self.territory])
        order = np.argsort(-cells, kind="stable")
        return [int(k) for n, k in enumerate(order) if n == 0 or cells[k] > SHARED * area]

    def nearest(self, part: Instance, taken: set[int]) -> int | None:
        """Who a part that nobody's mask covers belongs to; ``taken``: people who have such a part."""
        mask = part.field > 0
        if part.score < ORPHAN_SCORE or not mask.any():
            return None
        found: list[tuple[float, int]] = []
        for k, own in enumerate(self.masks):
            if k not in taken and own.any():
                distance = cv2.distanceTransform((~own).view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
                _, _, w, h = cv2.boundingRect(own.view(np.uint8))
                found.append((float(distance[mask].min()) / float(np.sqrt(w * h)), k))
        best = min(found, default=(np.inf, -1))
        return best[1] if best[0] <= NEAR else None


def _distinct(people: Sequence[Instance]) -> tuple[Instance, ...]:
    kept: list[tuple[Instance, Mask, int]] = []
    for each in sorted(people, key=lambda each: -each.score):
        mask = each.field > 0
        area = int(np.count_nonzero(mask))
        if area and not any(_same(each, mask, area, other, theirs) for _, other, theirs in kept):
            kept.append((each, mask, area))
    return tuple(each for each, _, _ in kept)


def _same(each: Instance, mask: Mask, area: int, other: Mask, theirs: int) -> bool:
    shared = int(np.count_nonzero(mask & other))
    return shared > SAME * (area + theirs - shared) or (shared > INSIDE * area and each.score < SURE)


def _has_own(owner: int, part: Instance, pieces: Sequence[Piece]) -> bool:
    """Whether somebody has such a part in another place."""
    mask = part.field > 0
    for piece in pieces:
        if piece.owner == owner and piece.instance.label == part.label and piece.instance.score >= ORPHAN_SCORE:
            other = piece.instance.field > 0
            least = min(np.count_nonzero(mask), np.count_nonzero(other))
            if np.count_nonzero(mask & other) < APART * least:
                return True
    return False


def _divide(part: Instance, owners: Sequence[int], ground: _Ground, classes: Sequence[str]) -> list[Piece]:
    if len(owners) == 1:
        return [_piece(owners[0], part, classes)]
    strongest = ground.strength[list(owners)].argmax(0)
    name = part_from_name(classes[part.label])
    return [
        Piece(owner, name, part, (strongest == n).astype(np.float32), len(owners)) for n, owner in enumerate(owners)
    ]


def _piece(owner: int, part: Instance, classes: Sequence[str]) -> Piece:
    return Piece(owner, part_from_name(classes[part.label]), part)


def _cleaned(field: Floats) -> Floats:
    mask = field > 0
    gone = mask & ~drop_specks(mask, SPECK)
    # Below zero like the cells around it, so that no pixel between them is positive.
    return np.where(gone, np.float32(-1), field) if gone.any() else field
