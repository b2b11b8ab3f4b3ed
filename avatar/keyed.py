"""Choices that hang on a seed and on the name of what is chosen, and on nothing else.

A stream of random numbers gives everything after a new choice another value. Here each choice is hashed from the
seed and its own key, so that adding one leaves all others as they were.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from hashlib import blake2b
from typing import TypeVar

from dressform.parsing.errors import OptionError

__all__ = ["MAX_SEED", "Keyed"]

T = TypeVar("T")
MAX_SEED = 2**53 - 1
"""The largest whole number that every reader of JSON keeps."""
_MAX_TEXT = 1000


class Keyed:
    """Choices of one seed.

    Args:
        seed: A whole number, or a text of up to 1000 characters, such as a name; 7 and "7" are the same.
        scope: Put before every key.

    Raises:
        OptionError: The seed is neither, or too long.
    """

    def __init__(self, seed: int | str, scope: str = "") -> None:
        if isinstance(seed, bool) or not isinstance(seed, int | str):
            raise OptionError("not a seed", got=type(seed).__name__, allowed="a whole number or a text")
        if len(seed) > _MAX_TEXT if isinstance(seed, str) else seed.bit_length() > 4 * _MAX_TEXT:
            raise OptionError("the seed is too long", allowed=f"{_MAX_TEXT} characters at most")
        self.seed, self.scope = seed, scope

    def within(self, scope: str) -> Keyed:
        """The same seed, with every key inside ``scope``."""
        return Keyed(self.seed, f"{self.scope}{scope}/")

    @property
    def number(self) -> int:
        """The seed as a number 0..MAX_SEED: itself where it is one, another one in every scope."""
        if not self.scope and isinstance(self.seed, int) and 0 <= self.seed <= MAX_SEED:
            return self.seed
        return int(self._bits("") * MAX_SEED // 2**64)

    def unit(self, key: str) -> float:
        """A number 0 ≤ u < 1, evenly spread."""
        return (self._bits(key) >> 11) / 2**53

    def between(self, key: str, low: float, high: float) -> float:
        """A number from ``low`` to ``high``, evenly spread."""
        return low + (high - low) * self.unit(key)

    def normal(self, key: str, mean: float = 0.0, deviation: float = 1.0) -> float:
        """A number near ``mean``, never more than 3.5 deviations away (the sum of four even ones)."""
        total = sum(self.unit(f"{key}#{k}") for k in range(4))
        return mean + deviation * (total - 2) * math.sqrt(3)

    def chance(self, key: str, probability: float) -> bool:
        """True that often."""
        return self.unit(key) < probability

    def pick(self, key: str, options: Sequence[T], weights: Sequence[float] | None = None) -> T:
        """One of the options, which are told apart by their text; the first of those without weight if all are.

        Each option draws a number of its own and the best one wins, so that an option that is added takes its share
        from all others and moves nothing between them (Thaler and Ravishankar, "Using name-based mappings to increase
        hit rates", 1998).
        """
        shares = [1.0] * len(options) if weights is None else weights
        costs = [
            -math.log((self._bits(f"{key}={option}") + 1) / 2**64) / share if share > 0 else math.inf
            for option, share in zip(options, shares, strict=True)
        ]
        return options[costs.index(min(costs))]

    def _bits(self, key: str) -> int:
        text = f"{self.seed}\0{self.scope}{key}".encode("utf-8", "surrogatepass")
        return int.from_bytes(blake2b(text, digest_size=8, person=b"dressform").digest(), "big")
