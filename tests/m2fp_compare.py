"""When two runs of an M2FP network count as the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["COUNT", "assert_close"]

COUNT = 5  # images that a comparison takes
TIGHT = 2  # of them, at least so many are as exact as the reference's
TIPPED = 0.02  # of the outputs' spread: what a query moves at most whose attention mask gains or loses a place


def assert_close(found: Sequence[Any], reference: Sequence[Any], exact: Sequence[Any], slack: float = 2.0) -> None:
    """Logits and masks are as near to the exact ones as the reference's are, and masks and classes are the same.

    The network is not continuous: where a mask logit is as good as 0, rounding decides whether a query looks there,
    and then all that follows moves by more than rounding, though not by much. This happens to the reference as well,
    but in other images. A network that differs in anything but rounding differs in every image.

    Args:
        found: Logits (n, q, classes) and masks (n, q, h, w) of some images.
        reference: The same of the reference in float32.
        exact: The same of a run in float64.
        slack: How many times the reference's error is allowed.
    """
    tight = np.full(len(exact[0]), True)
    for one, other, true in zip(found, reference, exact, strict=True):
        one, other, true = (np.asarray(x, np.float64) for x in (one, other, true))
        assert one.shape == other.shape == true.shape
        error, noise = ((x - true).reshape(len(true), -1) for x in (one, other))
        assert abs(error).max() <= TIPPED * true.std()
        tight &= error.std(1) <= slack * noise.std(1)
    assert tight.sum() >= min(TIGHT, len(tight))
    classes, masks = ([np.asarray(x) for x in pair] for pair in zip(found, reference, strict=True))
    assert (classes[0].argmax(2) == classes[1].argmax(2)).mean() >= 0.99
    assert ((masks[0] > 0) == (masks[1] > 0)).mean() >= 0.9999
