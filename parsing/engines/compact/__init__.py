"""The compact engine: four small networks that ship inside the package; offline, on a CPU."""

from __future__ import annotations

from dressform.parsing.engines.compact.parser import CompactParser, load

__all__ = ["CompactParser", "load"]
