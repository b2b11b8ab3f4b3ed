"""Which pixels of a photo a garment covers, and which ones may never change.

A table after the mask and protect tables of CatVTON (Chong et al., 2024) says what belongs to a region; pieces that
the parser called another garment come back by their colour, dresses are parted at the waist for somebody who wears
nothing else, crumbs go and pinholes are filled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import OptionError, Part, Person
from dressform.parsing.scores import Window
from dressform.parsing.windows import own_labels, parts_in, window_slices
from dressform.tryon.shape.joined import join_pieces
from dressform.tryon.shape.labels import having, reduced, small_labels
from dressform.tryon.shape.skeleton import find_joints, find_waist
from dressform.tryon.shape.tidy import filled, without_crumbs

__all__ = ["REGION_NAMES", "GarmentRegion", "available_regions", "find_region", "region_name"]

Mask = npt.NDArray[np.bool_]
Bytes = npt.NDArray[np.uint8]

_GARMENTS = frozenset({Part.UPPER_CLOTHES, Part.DRESS, Part.COAT, Part.PANTS, Part.SKIRT})
_TOP, _BOTTOM = frozenset({Part.UPPER_CLOTHES, Part.COAT}), frozenset({Part.PANTS, Part.SKIRT})


@dataclass(frozen=True)
class _Rule:
    """What belongs to a region.

    Attributes:
        parts: Labels that belong to it.
        rivals: Labels whose pieces belong to it where their cloth is the same.
        side: Which part of a dress it takes from somebody who wears nothing else there, and where rivals may lie:
            "above" or "below" the waist, or "" for no such limit.
        most: Rival pieces larger than this multiple of the garment are garments of their own.
    """

    parts: frozenset[Part]
    rivals: frozenset[Part] = frozenset()
    side: str = ""
    most: float = 0.7


_RULES: Mapping[str, _Rule] = MappingProxyType(
    {
        "upper": _Rule(_TOP, frozenset({Part.DRESS}), "above", np.inf),
        "lower": _Rule(_BOTTOM, frozenset({Part.DRESS}), "below", np.inf),
        "dress": _Rule(frozenset({Part.DRESS}), frozenset({Part.SKIRT, Part.UPPER_CLOTHES, Part.PANTS}), "", 1.5),
        "coat": _Rule(frozenset({Part.COAT}), frozenset({Part.UPPER_CLOTHES, Part.DRESS})),
        "inner": _Rule(frozenset({Part.UPPER_CLOTHES}), frozenset({Part.COAT, Part.DRESS})),
        "socks": _Rule(frozenset({Part.SOCKS})),
        "shoes": _Rule(frozenset({Part.LEFT_SHOE, Part.RIGHT_SHOE})),
        "hat": _Rule(frozenset({Part.HAT})),
        "outfit": _Rule(_GARMENTS),
    }
)
_ALIASES: Mapping[str, str] = MappingProxyType({"outer": "coat"})

REGION_NAMES: tuple[str, ...] = tuple(_RULES)
"""Regions whose cloth can be swapped; "outer" is another name of "coat"."""

_LEAST_AREA, _LEAST_SIDE = 400, 12  # px; on less cloth no texture can be told
_TROUSERS = 0.3  # of the dress's area
_CRUMB = 0.002  # of the person's area
_MARGIN = 0.04  # of the region's larger side, around it: room for soft edges
_GLANCE = 200  # px; a picture of the person no larger shows what is there
_CLEARLY = 2  # times the least that is allowed: no closer look is needed
_COLOR_SIDE = 320  # px; colours are compared on a picture no larger


@dataclass(frozen=True, eq=False)
class GarmentRegion:
    """A garment of one person, in a window of the photo.

    Attributes:
        name: One of :data:`REGION_NAMES`.
        window: (x0, y0, x1, y1) pixels of the photo, with a margin around the garment, inside the photo.
        mask: (h, w) bool, pixels that show the garment.
        protect: (h, w) bool, pixels that must never change: the rest of this person, everybody else, and what the
            user asked for. Disjoint from ``mask``; what is in neither is background.
        parts: Labels that the pixels of ``mask`` carry in the parse.
    """

    name: str
    window: Window
    mask: Mask
    protect: Mask
    parts: frozenset[Part]


def region_name(name: str) -> str:
    """The region with this name or alias, whatever its case.

    Raises:
        OptionError: There is none.
    """
    folded = str(name).strip().casefold()
    folded = _ALIASES.get(folded, folded)
    if folded not in _RULES:
        raise OptionError("unknown region", got=repr(name), allowed=", ".join((*REGION_NAMES, *_ALIASES)))
    return folded


def available_regions(person: Person) -> tuple[str, ...]:
    """Names of the regions that :func:`find_region` finds on this person; quick, whatever the size of the photo."""
    if person.extent is None:
        return ()
    x0, y0, x1, y1 = person.extent
    step = max(1, max(x1 - x0, y1 - y0) // _GLANCE)
    labels = small_labels(person, person.extent, (max((x1 - x0) // step, 1), max((y1 - y0) // step, 1)))
    return tuple(name for name in REGION_NAMES if _available(person, name, labels, step))


def _available(person: Person, name: str, labels: Bytes, step: int) -> bool:
    """Whether a region can be found; only where every ``step``-th label leaves a doubt all of them are looked at."""
    if not _possible(person, name):
        return False
    mask = having(labels, _RULES[name].parts)
    _, _, stats, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=4)
    pieces = stats[1:]
    large = pieces[:, cv2.CC_STAT_AREA] * step**2 >= _CLEARLY * _LEAST_AREA
    if (large & (pieces[:, cv2.CC_STAT_WIDTH] * step >= _CLEARLY * _LEAST_SIDE)).any():
        return True
    try:
        find_region(person, name)
    except OptionError:
        return False
    return True


def find_region(person: Person, name: str, protect: Mask | None = None) -> GarmentRegion:
    """The pixels of a garment and those that must stay.

    Args:
        person: Who wears it. Colours tell pieces that the parser confused only if the parse holds its photo.
        name: One of :data:`REGION_NAMES` or an alias.
        protect: (H, W) bool of the photo, pixels that must not change whatever they show; None: no others.

    Raises:
        OptionError: Unknown name, a ``protect`` of another shape or type, nothing of this region on the person (the
            error says what is there), or less than 400 pixels or 12 pixels of width of it.
    """
    name = region_name(name)
    if protect is not None and (protect.dtype != np.bool_ or protect.shape != person.parse.labels.shape):
        shape = person.parse.labels.shape
        raise OptionError(
            "protect does not fit the photo", got=f"{protect.dtype} {protect.shape}", allowed=f"bool {shape}"
        )
    if person.extent is None or not _possible(person, name):
        raise _nothing(person, name)
    extent = person.extent
    labels = own_labels(person.parse, person.index, extent)
    mask = _garment(person, name, extent, labels)
    if not mask.any():
        raise _nothing(person, name)
    area = int(np.count_nonzero(labels))
    tight = _tight(mask, extent)
    mask = without_crumbs(_cut(mask, extent, tight), max(_CRUMB * area, 4))
    kept = None if protect is None else protect[window_slices(tight)]
    mask = filled(mask, person, tight, kept, area)
    if kept is not None:
        mask &= ~kept
    inner = _tight(mask, tight)
    width = inner[2] - inner[0]
    count = int(np.count_nonzero(mask))
    if count < _LEAST_AREA or width < _LEAST_SIDE:
        raise OptionError(
            f"the region {name!r} is too small on this person",
            got=f"{count} pixels, {width} pixels wide",
            allowed=f"at least {_LEAST_AREA} pixels and {_LEAST_SIDE} pixels of width",
            remedy="use a larger photo" if protect is None else "use a larger photo or protect less",
        )
    return _windowed(person, name, _cut(mask, tight, inner), inner, protect)


def _tight(mask: Mask, window: Window) -> Window:
    """The smallest window that holds a mask, from one around it."""
    x, y, w, h = cv2.boundingRect(mask.view(np.uint8))
    return window[0] + x, window[1] + y, window[0] + x + w, window[1] + y + h


def _cut(mask: Mask, window: Window, inner: Window) -> Mask:
    """The part of a mask of one window that lies in another one within it."""
    x, y = window[:2]
    return np.ascontiguousarray(mask[inner[1] - y : inner[3] - y, inner[0] - x : inner[2] - x])


def _windowed(person: Person, name: str, mask: Mask, inner: Window, protect: Mask | None) -> GarmentRegion:
    """The region in a window with a margin, from a mask in the smallest window that holds it."""
    width, height = person.parse.size
    margin = max(8, round(_MARGIN * max(mask.shape)))
    x0, y0 = max(inner[0] - margin, 0), max(inner[1] - margin, 0)
    window = (x0, y0, min(inner[2] + margin, width), min(inner[3] + margin, height))
    at = window_slices(window)
    out = np.zeros((window[3] - y0, window[2] - x0), np.bool_)
    out[inner[1] - y0 : inner[3] - y0, inner[0] - x0 : inner[2] - x0] = mask
    stays = (person.parse.labels[at] > 0) & ~out
    if protect is not None:
        stays |= protect[at]
    parts = frozenset(parts_in(own_labels(person.parse, person.index, window) * out))
    out.flags.writeable = stays.flags.writeable = False
    return GarmentRegion(name, window, out, stays, parts)


def _possible(person: Person, name: str) -> bool:
    """Whether the labels of this person allow such a region at all."""
    rule = _RULES[name]
    return bool(rule.parts & set(person.parts)) or (rule.side != "" and Part.DRESS in person.parts)


def _nothing(person: Person, name: str) -> OptionError:
    there = [other for other in REGION_NAMES if other != name and _possible(person, other)]
    return OptionError(
        f"no {name!r} on this person",
        got=f"a person with {', '.join(part.slug for part in person.parts) or 'no visible parts'}",
        allowed=", ".join(there) or "nothing: no garment is seen",
    )


def _garment(person: Person, name: str, extent: Window, labels: Bytes) -> Mask:
    """(h, w) bool in the person's extent: the region by its rule, before it is cleaned."""
    rule = _RULES[name]
    mask = having(labels, rule.parts)
    if not rule.rivals & set(person.parts):
        return mask
    rivals = having(labels, rule.rivals)
    if rule.side:
        waist = find_waist(person, find_joints(person))
        if waist is not None:
            below = waist.below(extent)
            dress = having(labels, (Part.DRESS,))
            # What is called a dress over trousers is a long top, more often than not.
            top = np.count_nonzero(having(labels, (Part.PANTS,))) > _TROUSERS * np.count_nonzero(dress)
            if rule.side == "below":
                rivals &= below
            elif not top:
                rivals &= ~below
            # A dress alone is parted at the waist; one that hardly reaches above it is a skirt by another name.
            parts = (np.count_nonzero(dress & below), np.count_nonzero(dress & ~below), np.count_nonzero(mask))
            skirt = rule.side == "below" and parts[1] < 0.12 * parts[0]
            if (parts[2] < 0.15 * np.count_nonzero(rivals) or skirt) and not (top and rule.side == "below"):
                return np.asarray(mask | rivals)
    return _joined(person, extent, mask, rivals, rule.most) if rivals.any() else mask


def _joined(person: Person, extent: Window, mask: Mask, rivals: Mask, most: float) -> Mask:
    """The garment with rival pieces of its cloth; decided on a small picture, drawn on the large one."""
    image = person.parse.image
    if image is None:
        return mask
    photo = image[window_slices(extent)]
    height, width = mask.shape
    scale = min(1.0, _COLOR_SIDE / max(mask.shape))
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    small = np.asarray(cv2.resize(photo, size, interpolation=cv2.INTER_AREA), np.uint8)
    lab = np.asarray(cv2.cvtColor(small, cv2.COLOR_RGB2LAB), np.uint8)
    one, other = reduced(mask, size), reduced(rivals, size)
    taken = join_pieces(lab, one, other, most=most) & other
    if not taken.any():
        return mask
    spread = np.asarray(cv2.dilate(taken.view(np.uint8), np.ones((3, 3), np.uint8)))
    large = np.asarray(cv2.resize(spread, (width, height), interpolation=cv2.INTER_NEAREST)) > 0
    return np.asarray(mask | (rivals & large))
