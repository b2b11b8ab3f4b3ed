"""Run lengths of masks as COCO stores them: a list of counts, and the text it is packed into.

Counts go down the columns and alternate between outside and inside, beginning with outside. The text packs
every count from the fourth on as its difference from the count two before, in groups of five bits, lowest
first, a sixth bit for "more follows", each group shifted by 48 into printable ASCII.
Source: the COCO API (Lin et al.), ``maskApi.c``.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from dressform.parsing.errors import ParseDataError
from dressform.parsing.formats.runs import Ints, Runs, fill, join, label_runs

__all__ = ["MAX_PIXELS", "counts_to_mask", "counts_to_runs", "mask_to_counts", "pack", "runs_to_counts", "unpack"]

MAX_PIXELS = 100_000_000
"""Masks and results that claim more pixels than this are refused before anything is allocated for them."""

_MAX_GROUPS = 7  # 35 bits: room to spare for any photo, and sums of MAX_PIXELS such numbers fit 64 bits


def mask_to_counts(mask: npt.NDArray[np.bool_]) -> Ints:
    """Counts of an (h, w) bool mask, int64."""
    runs = label_runs(np.ascontiguousarray(mask).view(np.uint8))
    return runs_to_counts(runs.starts, runs.ends, mask.size)


def counts_to_mask(counts: npt.ArrayLike, h: int, w: int) -> npt.NDArray[np.bool_]:
    """(h, w) bool mask of the counts.

    Raises:
        ParseDataError: More than ``MAX_PIXELS``, or counts that do not add up to h * w.
    """
    check_size(h, w)
    starts, ends = counts_to_runs(counts, h * w)
    return fill(Runs(np.ones_like(starts), starts, ends), h, w) > 0


def runs_to_counts(starts: Ints, ends: Ints, total: int) -> Ints:
    """Counts of runs sorted by position, in a photo of ``total`` pixels; runs that touch count as one."""
    starts, ends = join(starts, ends)
    edges = np.zeros(2 * len(starts) + 2, np.int64)
    edges[1:-1:2], edges[2:-1:2], edges[-1] = starts, ends, total
    counts = np.diff(edges)
    return counts[:-1] if len(counts) > 1 and counts[-1] == 0 else counts


def counts_to_runs(counts: npt.ArrayLike, total: int) -> tuple[Ints, Ints]:
    """First positions and ends of the runs inside the mask; empty ones are left out.

    Raises:
        ParseDataError: Not a flat list of integers >= 0 that add up to ``total``.
    """
    try:
        numbers = np.asarray(counts)
    except (ValueError, OverflowError):
        raise ParseDataError("bad run lengths", got="uneven lists", allowed="a list of integers") from None
    if numbers.ndim != 1 or (len(numbers) and numbers.dtype.kind not in "iu"):
        raise ParseDataError("bad run lengths", got=f"{numbers.dtype} {numbers.shape}", allowed="a list of integers")
    # Every count is checked before the sum, so that the sum cannot wrap round.
    if len(numbers) and (numbers.min() < 0 or numbers.max() > total):
        got = int(numbers.min() if numbers.min() < 0 else numbers.max())
        raise ParseDataError("bad run length", got=got, allowed=f"0 to {total}")
    ends = np.cumsum(numbers, dtype=np.int64)
    if int(ends[-1] if len(ends) else 0) != total:
        got = int(ends[-1]) if len(ends) else 0
        raise ParseDataError("run lengths do not add up to the mask's size", got=got, allowed=total)
    inside = ends[1::2]
    starts = ends[: 2 * len(inside) : 2]
    kept = inside > starts
    return starts[kept], inside[kept]


def pack(counts: Ints) -> str:
    """Counts as COCO's text, ASCII."""
    deltas = np.array(counts, np.int64)
    deltas[3:] -= np.asarray(counts)[1:-2]
    groups = np.arange(_MAX_GROUPS)
    # A signed number needs a further group while what is left is not just the sign of the group before it.
    signed = deltas[:, None] >> (5 * groups + 4)
    more = (signed != 0) & (signed != -1)
    needed = np.append(np.ones((len(deltas), 1), np.bool_), more[:, :-1], axis=1)
    codes = ((deltas[:, None] >> (5 * groups)) & 0x1F) | (more << 5)
    text: bytes = (codes[needed] + 48).astype(np.uint8).tobytes()
    return text.decode("ascii")


def unpack(text: str) -> Ints:
    """Counts of COCO's text, int64; the counts may still be anything, see :func:`counts_to_runs`.

    Raises:
        ParseDataError: Characters outside the code, a number cut short, or one too long for any mask.
    """
    try:
        codes = np.frombuffer(text.encode("ascii"), np.uint8).astype(np.int64) - 48
    except UnicodeEncodeError:
        raise ParseDataError("run lengths are not ASCII", allowed="characters from '0' to 'o'") from None
    if len(codes) == 0:
        return codes
    if codes.min() < 0 or codes.max() > 63:
        raise ParseDataError("bad character in run lengths", allowed="characters from '0' to 'o'")
    last = codes < 32
    if not last[-1]:
        raise ParseDataError("run lengths are cut short")
    ends = np.flatnonzero(last)
    begins = np.append(0, ends[:-1] + 1)
    lengths = ends - begins + 1
    if lengths.max() > _MAX_GROUPS or len(lengths) > MAX_PIXELS + 1:
        raise ParseDataError("run lengths hold a number that is too large", allowed=f"0 to {MAX_PIXELS}")
    place = np.arange(len(codes)) - np.repeat(begins, lengths)
    deltas = np.add.reduceat((codes & 0x1F) << (5 * place), begins)
    deltas -= ((codes[ends] & 0x10) > 0) * (np.int64(1) << (5 * lengths))
    deltas[1::2] = np.cumsum(deltas[1::2])
    deltas[2::2] = np.cumsum(deltas[2::2])
    return deltas


def check_size(h: int, w: int) -> None:
    """Raise :class:`ParseDataError` unless h x w pixels are allowed."""
    if h < 1 or w < 1 or h * w > MAX_PIXELS:
        allowed = f"at least 1 x 1 and at most {MAX_PIXELS} pixels"
        raise ParseDataError("bad size of a mask", got=f"{w} x {h}", allowed=allowed)
