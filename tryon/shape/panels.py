"""A garment in panels: torso and sleeves, legs, skirt, or one piece where nothing tells more."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import numpy.typing as npt

from dressform.parsing import Part, Person
from dressform.tryon.shape.bottom import bottom_pieces, is_skirt
from dressform.tryon.shape.labels import having
from dressform.tryon.shape.panel import Panel
from dressform.tryon.shape.piece import Piece, whole_piece
from dressform.tryon.shape.regions import GarmentRegion
from dressform.tryon.shape.top import top_pieces
from dressform.tryon.shape.view import View, look

__all__ = ["Panel", "split_panels"]

Mask = npt.NDArray[np.bool_]

_TOP = frozenset({Part.UPPER_CLOTHES, Part.COAT})
_BOTTOM = frozenset({Part.PANTS, Part.SKIRT})


def split_panels(region: GarmentRegion, person: Person) -> tuple[Panel, ...]:
    """The panels of a garment; together they cover its mask, each pixel once.

    Args:
        region: From :func:`dressform.tryon.shape.regions.find_region`.
        person: The same person.
    """
    view = look(region, person)
    if region.name in ("hat", "socks", "shoes"):
        pieces = _loose(view, head=region.name == "hat")
    elif region.name == "lower":
        pieces = bottom_pieces(view, is_skirt(view))
    elif region.name == "outfit":
        pieces = _outfit(view)
    else:
        pieces = top_pieces(view, skirt=region.name == "dress")
    return _drawn(pieces, region.mask)


def _outfit(view: View) -> list[Piece]:
    """Top and bottom, each in panels; a dress by itself is one of both."""
    lower, upper = (having(view.labels, parts) & view.mask for parts in (_BOTTOM, _TOP))
    dress = view.mask & ~lower & ~upper
    if view.waist is not None:
        below = view.waist.below((0, 0, *view.mask.shape[::-1]))
        # Where a dress goes on with a skirt of another label it is that skirt.
        if np.count_nonzero(lower) > 0.15 * np.count_nonzero(dress & below):
            lower |= dress & below
    upper = view.mask & ~lower
    pieces = []
    alone = bool(np.count_nonzero(dress) > 0.5 * np.count_nonzero(view.mask))
    for mask, top in ((upper, True), (lower, False)):
        if np.count_nonzero(mask) < 40:
            continue
        part = replace(view, mask=mask, hidden=view.hidden | (view.mask & ~mask))
        pieces += top_pieces(part, skirt=alone) if top else bottom_pieces(part, is_skirt(part))
    return pieces or [whole_piece(view, view.mask)]


def _loose(view: View, *, head: bool) -> list[Piece]:
    """Each separate piece by itself."""
    down = None if view.joints is None or not head else view.joints.head_down
    _, labels = cv2.connectedComponents(view.mask.astype(np.uint8), connectivity=8)
    areas = np.bincount(labels.ravel())[1:]
    if not len(areas):
        return [whole_piece(view, view.mask)]
    largest = [k for k in range(1, len(areas) + 1) if areas[k - 1] >= 0.15 * areas.max()]
    return [whole_piece(view, labels == k, down) for k in largest]


def _drawn(pieces: list[Piece], mask: Mask) -> tuple[Panel, ...]:
    """Panels with masks in full size, smooth where they meet, that share out all pixels of the garment."""
    height, width = mask.shape
    best = np.full((height, width), -1.0, np.float32)
    number = np.zeros((height, width), np.uint8)
    for k, piece in enumerate(pieces, 1):
        soft = np.asarray(cv2.GaussianBlur(piece.mask.astype(np.float32), (0, 0), 1.0), np.float32)
        if len(pieces) > 1:
            # Crumbs far from every panel go to the nearest one.
            far = cv2.distanceTransform((~piece.mask).astype(np.uint8), cv2.DIST_L2, 3)
            soft -= np.float32(1e-3) * np.asarray(far, np.float32)
        cover = np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
        more = cover > best
        number[more] = k
        np.maximum(best, cover, out=best)
    out = []
    for k, piece in enumerate(pieces, 1):
        own = (number == k) & mask
        if own.any() or len(pieces) == 1:
            out.append(Panel(piece.name, own, piece.frame, piece.parent, piece.seam, piece.backing))
    return tuple(out)
