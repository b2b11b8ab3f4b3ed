"""Print one of the README's set-up commands, so that CI runs what readers are told to run.

A command is marked in README.md by a comment, and is one line of shell (it may be continued with a backslash):

    <!-- setup: run -->
    ```sh
    python3 -m venv .venv && …
    ```
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

_MARKER = re.compile(r"^<!-- setup: (?P<name>[\w-]+) -->[ \t]*$", re.MULTILINE)
_BLOCK = re.compile(r"\n\s*```sh\n(?P<body>.*?)\n```[ \t]*$", re.DOTALL | re.MULTILINE)


def find_commands(text: str) -> dict[str, str]:
    """Commands of a README by the name of their marker.

    Raises:
        ValueError: A marker without a block, a marker used twice, or a block that is not one command line.
    """
    found: dict[str, str] = {}
    for marker in _MARKER.finditer(text):
        name = marker["name"]
        block = _BLOCK.match(text, marker.end())
        if block is None:
            raise ValueError(f"no ```sh block follows the marker {name!r}")
        if name in found:
            raise ValueError(f"marker {name!r} stands twice")
        lines = block["body"].replace("\\\n", " ").strip().splitlines()
        if len(lines) != 1 or lines[0].lstrip().startswith("#"):
            raise ValueError(f"block {name!r} must be one command line, it has {len(lines)}")
        found[name] = " ".join(lines[0].split())
    return found


def main(arguments: list[str]) -> int:
    """Print the command that ``arguments`` (README, name) ask for."""
    readme, name = arguments
    try:
        print(find_commands(Path(readme).read_text(encoding="utf-8"))[name])
    except (KeyError, ValueError) as error:
        print(f"{readme}: no usable command {name!r}: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
