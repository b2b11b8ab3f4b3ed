"""Measure an engine on labelled photos, whole photos through the whole engine.

    python -m dressform.parsing.training.evaluate --data DATA --out OUT --teacher CACHE/teacher

Writes ``report.json``, ``report.md`` and, for each set, sheets of its best, median and worst photos. Sets whose
photos are not there are left out and named. None of these photos may be trained on.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

from dressform.parsing.engines.base import Parser
from dressform.parsing.engines.registry import engine_info, load_parser
from dressform.parsing.training.eval_ccp import evaluate_ccp
from dressform.parsing.training.eval_cihp import evaluate_cihp
from dressform.parsing.training.eval_coco import evaluate_coco
from dressform.parsing.training.eval_faces import evaluate_faces
from dressform.parsing.training.eval_report import Options, SetReport, show, write_report
from dressform.parsing.training.eval_sheets import write_sheets

__all__ = ["SETS", "evaluate"]

SETS: Mapping[str, Callable[[Parser, Path, Options], SetReport | None]] = MappingProxyType(
    {"ccp": evaluate_ccp, "coco-dev": evaluate_coco, "cihp-dev": evaluate_cihp, "dlib-faces": evaluate_faces}
)


def evaluate(engine: str, names: list[str], data: Path, out: Path, options: Options) -> list[SetReport]:
    """Measure ``engine`` on the named sets and write the report; returns what was measured.

    The report is written anew after each set, so that an interrupted run leaves those that were done.
    """
    out.mkdir(parents=True, exist_ok=True)
    parser = load_parser(engine)
    card = {"name": engine, "weights": {w.name: w.sha256 for w in engine_info(engine).weights}}
    reports: list[SetReport] = []
    missing: list[str] = []
    for name in names:
        report = SETS[name](parser, data, options)
        if report is None:
            missing.append(name)
        else:
            write_sheets(report.cases, out / name, report.columns, legend=report.legend)
            reports.append(report)
        write_report(reports, missing, card, out)
    return reports


def _print_progress(name: str, done: int, total: int) -> None:
    if done % 10 == 0 or done == total:
        print(f"{name}: {done}/{total}", flush=True)


def _sets(text: str) -> list[str]:
    names = [name.strip() for name in text.split(",") if name.strip()]
    unknown = [name for name in names if name not in SETS]
    if unknown or not names:
        raise argparse.ArgumentTypeError(f"unknown set {', '.join(unknown)!r}; allowed: {', '.join(SETS)}")
    return names


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got {text!r}; allowed: 1 or more")
    return int(text)


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder that holds ccp/, coco-dev/ and so on")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--engine", default="compact")
    parser.add_argument("--sets", type=_sets, default=list(SETS), help=f"by default {','.join(SETS)}")
    parser.add_argument("--limit", type=_count, help="photos per set, spread over it; for a quick look")
    parser.add_argument("--teacher", type=Path, help="the teacher's labels, for joints and faces on ccp")
    args = parser.parse_args()
    options = Options(args.limit, args.teacher, _print_progress)
    reports = evaluate(args.engine, args.sets, args.data, args.out, options)
    for name in args.sets:
        if name not in {r.name for r in reports}:
            print(f"{name}: not there, left out")
    for report in reports:
        print(f"{report.name}: {', '.join(f'{key} {show(value)}' for key, value in report.figures.items())}")
    print(args.out / "report.md")


if __name__ == "__main__":
    main()
