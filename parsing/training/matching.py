"""Who of the people found is who of the people labelled: COCO's rules for boxes or masks, average precision."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import numpy.typing as npt

__all__ = ["Matches", "Verdict", "average_precision", "box_overlaps", "match_people"]

Floats = npt.NDArray[np.float64]


class Verdict(IntEnum):
    """What one found person counts as. IGNORED is neither right nor wrong."""

    IGNORED = -1
    FALSE = 0
    HIT = 1


@dataclass(frozen=True, eq=False)
class Matches:
    """Outcome for one photo.

    Attributes:
        partner: (found,) index of the labelled person that each found one is, or -1.
        verdict: (found,) int8, a :class:`Verdict` each.
    """

    partner: npt.NDArray[np.intp]
    verdict: npt.NDArray[np.int8]


def box_overlaps(a: Floats, b: Floats) -> Floats:
    """(n, m) IoU of boxes (n, 4) and (m, 4), x0 y0 x1 y1."""
    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    both = np.clip(high - low, 0, None).prod(2)
    areas = [np.clip(x[:, 2:] - x[:, :2], 0, None).prod(1) for x in (a, b)]
    union = areas[0][:, None] + areas[1][None] - both
    return np.where(union > 0, both / np.maximum(union, 1e-12), 0.0)


def match_people(
    overlap: Floats,
    scores: Floats,
    counted: npt.NDArray[np.bool_],
    excused: npt.NDArray[np.bool_],
    least: float = 0.5,
) -> Matches:
    """Match found to labelled people, the surest first, each to the free one it overlaps most.

    Args:
        overlap: (found, labelled) IoU of boxes or of masks.
        scores: (found,) confidence.
        counted: (labelled,) whether a person is asked for; the others, such as small ones, may be found
            but need not be. Counted ones are taken first.
        excused: (found,) whether somebody who is nobody labelled is IGNORED rather than FALSE, because
            they are small or lie in an unlabelled crowd.
        least: Smallest overlap of a match.
    """
    partner = np.full(len(scores), -1, np.intp)
    verdict = np.where(excused, Verdict.IGNORED, Verdict.FALSE).astype(np.int8)
    free = np.ones(len(counted), np.bool_)
    for k in np.argsort(-scores, kind="stable"):
        for group, outcome in ((counted, Verdict.HIT), (~counted, Verdict.IGNORED)):
            open_to = np.where(group & free, overlap[k], -1.0)
            if len(open_to) and open_to.max() >= least:
                best = int(open_to.argmax())
                partner[k], verdict[k], free[best] = best, outcome, False
                break
    return Matches(partner, verdict)


def average_precision(scores: Floats, verdict: npt.NDArray[np.int8], asked: int) -> float:
    """Area below the precision-recall curve, precision made falling; 0..1, NaN if nobody is asked for.

    Args:
        scores: (found,) confidence of everybody found in all photos.
        verdict: (found,) a :class:`Verdict` each; IGNORED ones are left out.
        asked: How many people there are to be found.
    """
    if not asked:
        return float("nan")
    kept = verdict != Verdict.IGNORED
    order = np.argsort(-scores[kept], kind="stable")
    hit = verdict[kept][order] == Verdict.HIT
    if not hit.any():
        return 0.0
    precision = np.cumsum(hit) / np.arange(1, len(hit) + 1)
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    return float(falling[hit].sum() / asked)
