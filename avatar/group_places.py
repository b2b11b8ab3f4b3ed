"""Where the people of a photo stand, who hides whom, and how figures go on where others hide them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

from dressform.avatar.draw.grid import Grid, Mask
from dressform.avatar.face import HeadFrame
from dressform.avatar.spec import AvatarSpec, RegionShape
from dressform.parsing import Parse, Part
from dressform.parsing.parts import REGIONS

__all__ = ["LEGS", "Place", "arranged", "ground_of", "outline"]

Weights = npt.NDArray[np.float32]
Numbers = npt.NDArray[np.int32]
LEGS = 6.3
"""Heads from the chin of a grown-up down to the ground."""
_SIDE = 640  # px of the photo's longer side at which it is told who hides whom
_SCALE = 72.0  # pixels per head at which figures are continued
_REACH = 0.5  # heads that a body goes on behind those in front of it
_TRUNK = 2.5  # most heads that a body is continued downwards where no people hide it
_COLLAR = 0.8  # heads below the chin that are shown even where the photo's border cuts them off
_HIDDEN = 0.4  # share of a continued trunk behind others from which on it may be of any length
_LOW = 0.4  # heads above its lowest point from which a body is continued downwards
_NEAR = 0.06  # heads from the photo's border to a figure that it cuts off
_BELOW = 0.15  # heads that figures go on below where the picture ends
_AROUND = 0.6  # heads around a figure that are looked at
_FACE, _HEAD = 8.0, 4.0  # how much more than clothes they have to be seen
_OWN = frozenset({"face", "hair", "hat", "sunglasses"})  # what the head has is not continued
_CLOTHES = frozenset({"upper-clothes", "coat", "dress", "skirt", "pants"})


@dataclass(frozen=True)
class Place:
    """Where a person of a group is.

    Attributes:
        frame: Chin and pixels per head in the photo, or in any other common unit of length.
        number: Of the person, 1 or more; names the layers.
        ground: Heads below the chin that stay where they are when a style makes bodies shorter: the feet, or where the
            figure ends; None for the lowest of the figure.
        nearness: The larger, the nearer to the viewer; None for how low the feet would be.
        cut: Sides at which the figure is cut off: "left", "right", "bottom".
    """

    frame: HeadFrame
    number: int = 1
    ground: float | None = None
    nearness: float | None = None
    cut: frozenset[str] = field(default_factory=frozenset)

    @property
    def depth(self) -> float:
        """``nearness``, or how low the feet would be."""
        return self.frame.chin[1] + LEGS * self.frame.height if self.nearness is None else self.nearness


def ground_of(spec: AvatarSpec) -> float:
    """The lowest of a figure, in heads below the chin."""
    return max((region.path.bounds[3] for region in spec.regions.values() if region.path.curves), default=1.0)


def outline(spec: AvatarSpec, frame: HeadFrame, grid: Grid) -> Mask:
    """(height, width) bool: what a person's regions cover of a grid over the photo, in photo pixels."""
    matrix = np.array([[frame.height, 0, frame.chin[0]], [0, frame.height, frame.chin[1]]])
    out = grid.empty()
    for region in spec.regions.values():
        out |= grid.fill(region.path.transformed(matrix))
    return out


def arranged(
    parse: Parse, specs: Sequence[AvatarSpec], frames: Sequence[HeadFrame], numbers: Sequence[int]
) -> tuple[list[AvatarSpec], list[Place]]:
    """Who hides whom in a photo; figures go on behind those in front of them, so that no gap opens between drawings.

    Args:
        parse: The photo.
        specs: As measured.
        frames: Of the heads, in photo pixels.
        numbers: Of the people in the parse.
    """
    width, height = parse.size
    grid = Grid.around((0, 0, width, height), min(1.0, _SIDE / max(width, height)))
    xs, ys = grid.points()
    at = np.ix_(ys[:, 0].astype(int).clip(0, height - 1), xs[0].astype(int).clip(0, width - 1))
    weights = np.ones(256, np.float32)
    weights[sorted(REGIONS["head"])] = _HEAD
    weights[Part.FACE] = _FACE
    matter, who = weights[parse.labels[at]], parse.instances[at]
    near = [Place(frame).depth for frame in frames]
    outlines = [outline(spec, frame, grid) for spec, frame in zip(specs, frames, strict=True)]
    order = _back_to_front(outlines, [np.where(who == k, matter, np.float32(0)) for k in numbers], near)
    edges = [_cut(spec, frame, parse.size) for spec, frame in zip(specs, frames, strict=True)]
    # Where each figure ends: at the photo's border, or lower where a bust that it cuts was completed.
    ends = []
    for k, (spec, frame) in enumerate(zip(specs, frames, strict=True)):
        low = ground_of(spec)
        border = max((height - frame.chin[1]) / frame.height, _COLLAR)
        ends.append(min(low, border) if "bottom" in edges[k] else low)
    lows = [frame.chin[1] + end * frame.height for end, frame in zip(ends, frames, strict=True)]
    cut = [lows[k] for k in order if "bottom" in edges[k]]
    base = min(cut) if cut else max(lows, default=0.0)
    grown, places = list(specs), []
    for position, k in enumerate(order):
        spec, frame, ground = specs[k], frames[k], ends[k]
        fronts = [numbers[other] for other in order[position + 1 :]]
        down = 0.0
        if spec.framing != "full":
            if "bottom" not in edges[k]:
                ground = max(ground, min((base - frame.chin[1]) / frame.height, LEGS))
            down = max(ground + _BELOW - ground_of(spec), 0.0)
        grown[k] = _continued(spec, frame, parse.instances, fronts, down)
        places.append((k, Place(frame, numbers[k], ground, float(position), edges[k])))
    return grown, [place for _, place in sorted(places, key=lambda pair: pair[0])]


def _cut(spec: AvatarSpec, frame: HeadFrame, size: tuple[int, int]) -> frozenset[str]:
    """Sides of the photo at which it cuts a figure off."""
    boxes = np.array([region.path.bounds for region in spec.regions.values() if region.path.curves] or [(0, 0, 0, 0)])
    x0, x1, y1 = boxes[:, 0].min(), boxes[:, 2].max(), boxes[:, 3].max()
    (left, _), (right, bottom) = frame.to_head(np.array([(0, 0), size]))
    sides = {"left": x0 < left + _NEAR, "right": x1 > right - _NEAR, "bottom": y1 > bottom - _NEAR}
    return frozenset(side for side, cut in sides.items() if cut)


def _back_to_front(outlines: Sequence[Mask], seen: Sequence[Weights], nearness: Sequence[float]) -> list[int]:
    """In which order to draw people so that least is covered of what the photo shows of each.

    A figure covers a little more than was seen of it, since what others hide of it is filled in: there it is behind
    them. Where nobody covers anybody, the nearest is in front.

    Args:
        outlines: (h, w) bool, what each covers.
        seen: (h, w) float32, how much each pixel of each matters; 0 elsewhere.
        nearness: Of each.
    """
    count = len(outlines)
    cost = np.zeros((count, count))  # of drawing the first over the second
    for a in range(count):
        for b in range(count):
            if a != b:
                cost[a, b] = float(seen[b][outlines[a]].sum())
    order = sorted(range(count), key=lambda k: (nearness[k], k))
    better = True
    while better:  # ends, since every move lowers the sum
        better = False
        for k in list(order):
            rest = [other for other in order if other != k]
            over, under = cost[k, rest], cost[rest, k]
            sums = np.array([over[:at].sum() + under[at:].sum() for at in range(count)])
            at = int(np.argmin(sums))
            if sums[at] < sums[order.index(k)] - 1e-6:
                order = [*rest[:at], k, *rest[at:]]
                better = True
    return order


def _continued(
    spec: AvatarSpec, frame: HeadFrame, instances: npt.NDArray[np.uint16], fronts: Collection[int], down: float
) -> AvatarSpec:
    """A spec whose body goes on behind others, and ``down`` heads downwards where its end is not the photo's."""
    boxes = [region.path.bounds for slug, region in spec.regions.items() if region.path.curves]
    slugs = [slug for slug in spec.regions if slug not in _OWN]
    if not boxes or not slugs or not (fronts or down):
        return spec
    (x0, y0), (x1, y1) = np.array(boxes)[:, :2].min(0) - _AROUND, np.array(boxes)[:, 2:].max(0) + _AROUND
    grid = Grid.around((float(x0), float(y0), float(x1), float(y1) + down), _SCALE)
    own = np.zeros((grid.height, grid.width), np.int32)
    for number, slug in enumerate(slugs, 1):
        own[grid.fill(spec.regions[slug].path)] = number
    head = grid.empty()
    for slug in sorted(_OWN & spec.regions.keys()):
        head |= grid.fill(spec.regions[slug].path)
    if not own.any():
        return spec
    covered = _covered(grid, frame, instances, fronts)
    free = covered & (own == 0) & ~head
    away, nearest = _nearest(own)
    more = np.where(free & (away <= _REACH * grid.scale), nearest, 0)
    if down:
        clothes = np.isin(own, [k for k, slug in enumerate(slugs, 1) if slug in _CLOTHES])
        trunk = np.where(own + more > 0, 0, _trunk(np.where(clothes, own, 0), own, grid, down))
        if down <= _TRUNK or np.count_nonzero(covered[trunk > 0]) > _HIDDEN * np.count_nonzero(trunk):
            more = np.where(trunk > 0, trunk, more)
    regions = dict(spec.regions)
    for number, slug in enumerate(slugs, 1):
        if (more == number).any():
            regions[slug] = _longer(regions[slug], grid, (more == number))
    return replace(spec, regions=MappingProxyType(regions))


def _covered(grid: Grid, frame: HeadFrame, instances: npt.NDArray[np.uint16], fronts: Collection[int]) -> Mask:
    """Where the photo shows any of some people, on a grid in heads."""
    xs, ys = (np.floor(axis.ravel() * frame.height + start).astype(int) for axis, start in
              zip(grid.points(), frame.chin, strict=True))  # fmt: skip
    height, width = instances.shape
    inside = ((ys >= 0) & (ys < height))[:, None] & ((xs >= 0) & (xs < width))[None]
    who = instances[np.ix_(ys.clip(0, height - 1), xs.clip(0, width - 1))]
    return np.asarray(np.isin(who, sorted(fronts)) & inside, np.bool_)


def _nearest(own: Numbers) -> tuple[Weights, Numbers]:
    """Pixels to the nearest that is not 0, and its value."""
    away, labels = cv2.distanceTransformWithLabels(
        (own == 0).astype(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    values = np.zeros(int(labels.max()) + 1, np.int32)
    values[labels[own > 0]] = own[own > 0]
    return np.asarray(away, np.float32), values[labels]


def _trunk(clothes: Numbers, own: Numbers, grid: Grid, down: float) -> Numbers:
    """The lower end of a body, straight on downwards, without gaps: in each column the nearest of the clothes there."""
    last = int(np.flatnonzero((own > 0).any(1))[-1])
    top, end = max(int(last - _LOW * grid.scale), 0), min(int(last + down * grid.scale) + 1, grid.height)
    out = np.zeros(own.shape, np.int32)
    worn, low = clothes[top : last + 1], own[top : last + 1] > 0
    columns = np.flatnonzero((worn > 0).any(0))
    if not len(columns):
        return out
    values = worn[len(worn) - 1 - np.argmax(worn[::-1, columns] > 0, axis=0), columns]
    ended = np.flatnonzero(low.any(0))
    highest = np.argmax(low[:, ended], axis=0)
    for column in range(columns[0], columns[-1] + 1):
        start = top + int(np.interp(column, ended, highest))
        out[start:end, column] = values[int(np.argmin(np.abs(columns - column)))]
    return out


def _longer(region: RegionShape, grid: Grid, more: Mask) -> RegionShape:
    whole = grid.blurred(grid.fill(region.path) | more, 0.02)
    return replace(region, path=grid.trace(whole, 0.6))
