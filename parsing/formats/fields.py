"""Checked reading of JSON: every complaint names the field it is about."""

from __future__ import annotations

import json
import math
from typing import Any, NoReturn

from dressform.parsing.errors import ParseDataError

__all__ = ["Node", "dump_json", "parse_json"]


def dump_json(value: object) -> bytes:
    """Compact JSON, ASCII, with keys in the order given: the same value is always the same bytes.

    Raises:
        ParseDataError: NaN or infinity in it.
    """
    try:
        return (json.dumps(value, allow_nan=False, separators=(",", ":")) + "\n").encode("ascii")
    except ValueError:
        raise ParseDataError("the result holds a number that is not finite", allowed="finite numbers") from None


def parse_json(data: bytes) -> Node:
    """The document, its fields to be asked for one by one.

    Raises:
        ParseDataError: Not JSON, not UTF-8, nested too deep, or NaN or infinity in it.
    """
    try:
        return Node(json.loads(data, parse_constant=_no_constant), "")
    except RecursionError:
        raise ParseDataError("the JSON is nested too deep") from None
    except ValueError as error:  # malformed JSON, bad UTF-8, and integers of thousands of digits
        raise ParseDataError("not a JSON file", got=error) from None


_KINDS: dict[type, str] = {dict: "an object", list: "a list"}


class Node:
    """A value of a JSON document and where it stands, such as ``annotations[3].bbox``.

    Every method raises :class:`ParseDataError` where the value is not what the method is for.
    """

    def __init__(self, value: Any, where: str) -> None:
        self.value, self.where = value, where

    def fail(self, allowed: str) -> NoReturn:
        """Complain about this value; long ones are shown shortened."""
        value = self.value[:60] if isinstance(self.value, str) else self.value
        got = _KINDS.get(type(value)) or repr(value)
        what = f"bad field {self.where}" if self.where else "bad document"
        raise ParseDataError(what, got=got if len(got) <= 60 else got[:57] + "...", allowed=allowed)

    def has(self, key: str) -> bool:
        """Whether this is an object with such a key, and its value is not null."""
        return isinstance(self.value, dict) and self.value.get(key) is not None

    def __getitem__(self, key: str) -> Node:
        if not isinstance(self.value, dict):
            self.fail("an object")
        where = f"{self.where}.{key}" if self.where else key
        if key not in self.value:
            raise ParseDataError(f"missing field {where}")
        return Node(self.value[key], where)

    def items(self, length: int | None = None) -> list[Node]:
        """The elements of a list, of exactly this length if given."""
        if not isinstance(self.value, list) or (length is not None and len(self.value) != length):
            self.fail("a list" if length is None else f"a list of {length}")
        return [Node(value, f"{self.where}[{k}]") for k, value in enumerate(self.value)]

    def text(self, longest: int | None = None) -> str:
        """A string."""
        if not isinstance(self.value, str) or (longest is not None and len(self.value) > longest):
            self.fail("a string" if longest is None else f"a string of at most {longest} characters")
        return self.value

    def integer(self, low: int, high: int) -> int:
        """An integer within bounds."""
        if isinstance(self.value, bool) or not isinstance(self.value, int) or not low <= self.value <= high:
            self.fail(f"an integer, {low} to {high}")
        return self.value

    def number(self, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite number within bounds."""
        good = isinstance(self.value, int | float) and not isinstance(self.value, bool)
        # The comparison comes first: it holds for integers that no float can hold.
        if not good or not low <= self.value <= high or not abs(self.value) <= 1e300:
            bounds = "" if math.isinf(low) else f", {low:g} to {high:g}"
            self.fail(f"a finite number{bounds}")
        return float(self.value)

    def numbers(self, length: int, low: float = -math.inf, high: float = math.inf) -> list[float]:
        """A list of exactly this many finite numbers within bounds."""
        return [item.number(low, high) for item in self.items(length)]


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON number")
