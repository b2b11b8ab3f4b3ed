"""What the tests of the documentation share: fenced blocks, headings, tables and links of Markdown files."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

__all__ = ["ROOT", "Block", "blocks", "fenced", "headings", "links", "marked", "plain_lines", "read", "rows", "slug"]

ROOT = Path(__file__).parent.parent
_FENCE = re.compile(r"^```(?P<kind>\w*)\n(?P<body>.*?)^```[ \t]*$", re.DOTALL | re.MULTILINE)
_MARKER = re.compile(r"<!-- (?P<name>[\w-]+: [\w-]+) -->\s*\Z")
_COMMENT = re.compile(r"(?:^|\s)\s*(?:#|//) .*$")  # a colour such as "#7a1f2b" is none


@dataclass(frozen=True)
class Block:
    """A fenced block: name of the marker above it or "", language, text."""

    name: str
    kind: str
    body: str


def read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def blocks(text: str) -> list[Block]:
    found = []
    for match in _FENCE.finditer(text):
        marker = _MARKER.search(text, 0, match.start())
        found.append(Block(marker["name"] if marker else "", match["kind"], match["body"]))
    return found


def marked(file: str, name: str) -> str:
    """Text of the one block of a file that has this marker."""
    (body,) = [block.body for block in blocks(read(file)) if block.name == name]
    return body


def plain_lines(block: Block) -> list[str]:
    """Lines of a block without comments and empty lines."""
    lines = [_COMMENT.sub("", line).rstrip() for line in block.body.splitlines()]
    return [line for line in lines if line]


def fenced(text: str) -> str:
    """A text without its fenced blocks."""
    return _FENCE.sub("", text)


def headings(text: str) -> list[tuple[int, str]]:
    """Depth and words of each."""
    return [(len(m[1]), m[2].strip()) for m in re.finditer(r"^(#+) (.+)$", fenced(text), re.MULTILINE)]


def slug(heading: str) -> str:
    """The anchor that GitHub gives a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def links(text: str) -> list[str]:
    """Where links and pictures lead, in their order."""
    return re.findall(r"\]\(([^)\s]+)\)", fenced(text))


def rows(text: str) -> list[list[str]]:
    """Cells of all rows of all tables, without the rules."""
    lines = [line for line in fenced(text).splitlines() if line.startswith("|")]
    found = [[cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]] for line in lines]
    return [row for row in found if not all(re.fullmatch(r":?-+:?", cell) for cell in row)]
