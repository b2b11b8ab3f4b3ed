"""What was done in an output folder: a hidden file of JSON lines, so that a stopped run can go on.

Looking at the results alone would not do: how many cut-outs a photo makes depends on who is in it,
and results of another engine or of an earlier photo of the same name look just the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

__all__ = ["LEDGER_NAME", "Entry", "fingerprint", "is_done", "read_ledger", "write_entry"]

LEDGER_NAME = ".dressform.jsonl"


@dataclass(frozen=True)
class Entry:
    """One photo done.

    Attributes:
        target: Output folder and stem, see :class:`dressform.api.inputs.Photo`.
        source: What the results were made from and how; equal only if the photo and all settings are.
        people: How many were found.
        outputs: For each format, its files relative to the output folder, with forward slashes.
    """

    target: str
    source: str
    people: int
    outputs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def fingerprint(path: Path, *settings: object) -> str:
    """Size and time of a photo and the settings that shape its results, as one string.

    Raises:
        OSError: There is no such file.
    """
    stat = path.stat()
    return "|".join(str(value) for value in (stat.st_size, stat.st_mtime_ns, *settings))


def read_ledger(out: Path) -> dict[str, Entry]:
    """Entries of an output folder by target, the latest of each; empty if there are none."""
    try:
        lines = (out / LEDGER_NAME).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    entries = (_entry(line) for line in lines)
    return {entry.target: entry for entry in entries if entry is not None}


def write_entry(out: Path, entry: Entry) -> None:
    """Append one entry.

    Raises:
        OSError: The file cannot be written.
    """
    line = json.dumps(asdict(entry), separators=(",", ":")) + "\n"
    with (out / LEDGER_NAME).open("a", encoding="utf-8", newline="\n") as file:
        file.write(line)


def is_done(entry: Entry | None, source: str, formats: Iterable[str], out: Path) -> bool:
    """Whether an entry covers this source in all these formats, and its files still lie there."""
    if entry is None or entry.source != source or not set(formats) <= entry.outputs.keys():
        return False
    return all((out / name).is_file() for wanted in formats for name in entry.outputs[wanted])


def _entry(line: str) -> Entry | None:
    try:
        row = json.loads(line)
        outputs = {str(key): tuple(str(name) for name in names) for key, names in row["outputs"].items()}
        entry = Entry(str(row["target"]), str(row["source"]), int(row["people"]), outputs)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None  # a line of a killed process or of another version: that photo is done again
    return entry if all(_is_result(name, entry.target) for names in outputs.values() for name in names) else None


def _is_result(name: str, target: str) -> bool:
    # Outdated results are deleted by these names, so none may point anywhere else.
    return name.startswith(f"{target}.") and not set("/\\") & set(name[len(target) :])
