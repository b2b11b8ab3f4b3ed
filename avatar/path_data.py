"""Paths as text, in the notation of SVG: what specs and drawn parts are stored as.

Written are ``M``, ``C`` and ``Z`` with absolute coordinates; read are also ``L``, ``H``, ``V`` and ``Q``, absolute or
relative. Nothing else of SVG's grammar is accepted, so that text from elsewhere can do no harm.
"""

from __future__ import annotations

import re

import numpy as np

from dressform.avatar.paths import Curve, Path
from dressform.parsing import OptionError

__all__ = ["MAX_COORDINATE", "MAX_CUBICS", "format_path", "parse_path"]

MAX_CUBICS = 20_000
MAX_COORDINATE = 1e4
_TOKEN = re.compile(r"([MmLlHhVvCcQqZz])|([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d{1,2})?)|[\s,]+")
_ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "Q": 4, "Z": 0}
_ALLOWED = "SVG path commands M L H V C Q Z with finite numbers"


def format_path(path: Path, decimals: int = 4) -> str:
    """The path as text; one path always gives the same text."""

    def number(value: float) -> str:
        text = f"{value:.{decimals}f}".rstrip("0").rstrip(".")
        return "0" if text in ("-0", "") else text

    pieces = []
    for curve in path.curves:
        first, *rest = (f"{number(x)} {number(y)}" for x, y in curve.points)
        pieces.append(f"M{first}C{' '.join(rest)}{'Z' if curve.closed else ''}")
    return "".join(pieces)


def parse_path(text: str) -> Path:
    """The path that a text stands for.

    Raises:
        OptionError: It is no path, is too long, or has a coordinate beyond ±10 000.
    """
    curves: list[Curve] = []
    points: list[np.ndarray] = []
    tokens = _tokens(text)
    at, command, begin = 0, "", np.zeros(2)

    def finish(closed: bool) -> None:
        if len(points) > 3:
            if closed and not np.allclose(points[0], points[-1], atol=1e-6):
                _straight(points, points[0])
            elif closed:
                points[-1] = points[0]
            curves.append(Curve(np.array(points), closed))

    while at < len(tokens):
        if isinstance(tokens[at], str):
            command = str(tokens[at])
            at += 1
        elif command in "Zz" or not command:
            raise _bad(text)
        kind = command.upper()
        values = tokens[at : at + _ARGUMENTS[kind]]
        if len(values) < _ARGUMENTS[kind] or any(isinstance(value, str) for value in values):
            raise _bad(text)
        at += len(values)
        if kind == "Z":
            finish(True)
            begin = points[0] if points else begin
            points = [begin] if points else []
            continue
        if kind != "M" and not points:
            raise _bad(text)
        here = points[-1] if points else begin
        relative = here if command.islower() else np.zeros(2)
        numbers = np.array([float(value) for value in values])
        if kind == "H":
            ends = np.array([[numbers[0] + relative[0], here[1]]])
        elif kind == "V":
            ends = np.array([[here[0], numbers[0] + relative[1]]])
        else:
            ends = numbers.reshape(-1, 2) + relative
        if not (np.abs(ends) <= MAX_COORDINATE).all():
            raise _bad(text)
        if kind == "M":
            finish(False)
            points = [ends[0]]
            command = "l" if command == "m" else "L"
        elif kind == "C":
            points += list(ends)
        elif kind == "Q":
            points += [here + (ends[0] - here) * 2 / 3, ends[1] + (ends[0] - ends[1]) * 2 / 3, ends[1]]
        else:
            _straight(points, ends[0])
    finish(False)
    return Path(tuple(curves))


def _straight(points: list[np.ndarray], end: np.ndarray) -> None:
    start = points[-1]
    points += [start + (end - start) / 3, start + (end - start) * 2 / 3, end]


def _tokens(text: str) -> list[str | float]:
    tokens: list[str | float] = []
    at = 0
    while at < len(text):
        found = _TOKEN.match(text, at)
        if found is None or len(tokens) > 7 * MAX_CUBICS:
            raise _bad(text)
        if found[1]:
            tokens.append(found[1])
        elif found[2]:
            tokens.append(float(found[2]))
        at = found.end()
    return tokens


def _bad(text: str) -> OptionError:
    shown = text if len(text) <= 40 else text[:37] + "..."
    return OptionError("this is no path", got=repr(shown), allowed=f"{_ALLOWED}, {MAX_CUBICS} curves at most")
