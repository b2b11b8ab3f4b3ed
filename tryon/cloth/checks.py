"""Numbers that users give for cloth: finite and within their range, or one line that says what is allowed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real

from dressform.parsing.errors import OptionError

__all__ = ["number", "pair"]


def number(what: str, value: object, low: float, high: float, *, unit: str = "") -> float:
    """``value`` as a float.

    Args:
        what: What errors call it, such as "width of the print".
        value: What the user gave.
        low: Least value allowed.
        high: Greatest value allowed.
        unit: Of the value, for errors.

    Raises:
        OptionError: No number, not finite, or outside the range.
    """
    allowed = f"{low:g} to {high:g} {unit}".strip()
    if isinstance(value, bool) or not isinstance(value, Real):
        raise OptionError(f"{what} is no number", got=type(value).__name__, allowed=allowed)
    given = float(value)
    if not math.isfinite(given) or not low <= given <= high:
        raise OptionError(f"{what} is out of range", got=f"{given:g}", allowed=allowed)
    return given + 0.0  # -0.0 becomes 0.0


def pair(what: str, value: object, low: float, high: float, *, unit: str = "") -> tuple[float, float]:
    """Two numbers, each within the range.

    Raises:
        OptionError: Not two numbers, or one of them is not finite or outside the range.
    """
    # Two numbers, of a tuple, a list or an array; a string has a length too.
    items = list(value) if isinstance(value, Sequence) and not isinstance(value, str) else _listed(value)
    if items is None or len(items) != 2:
        allowed = f"two numbers (right, down), {low:g} to {high:g} {unit}".strip()
        raise OptionError(f"{what} is no pair of numbers", got=type(value).__name__, allowed=allowed)
    first, second = (number(what, item, low, high, unit=unit) for item in items)
    return first, second


def _listed(value: object) -> list[object] | None:
    listed = value.tolist() if hasattr(value, "tolist") else None
    return listed if isinstance(listed, list) else None
