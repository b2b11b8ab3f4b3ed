"""The command ``python -m dressform.tryon.bench``: figures of the try-on beside what is asked for, on drawn truth.

Nothing is downloaded and no photo is needed, so everybody measures the same. Each figure of speed comes from a process
of its own.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import cv2

from dressform.parsing.bench import machine
from dressform.tryon.bench.criteria import Measured, as_json, as_table
from dressform.tryon.bench.sections import SECTIONS

__all__ = ["main"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and print; returns 0, or 1 where a target is missed."""
    options = _parser().parse_args(arguments)
    rows: list[Measured] = []
    for name in options.only or SECTIONS:
        print(f"{name} …", file=sys.stderr, flush=True)
        rows += SECTIONS[name](options.quick)
    print((as_json if options.json else as_table)(rows, machine()), end="")
    return 1 if any(row.met is False for row in rows) else 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m dressform.tryon.bench", description=__doc__)
    parser.add_argument("only", nargs="*", choices=[[], *SECTIONS], metavar="CRITERION", help=", ".join(SECTIONS))
    parser.add_argument("--quick", action="store_true", help="fewer scenes, sizes and runs")
    parser.add_argument("--json", action="store_true", help="print JSON")
    return parser


if __name__ == "__main__":
    cv2.setNumThreads(2)
    sys.exit(main())
