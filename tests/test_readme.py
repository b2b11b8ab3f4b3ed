"""The READMEs and the other pages: both languages say the same, and no link leads nowhere."""

from __future__ import annotations

import re

import pytest
from readme_blocks import ROOT, blocks, fenced, headings, links, plain_lines, read, rows, slug

LANGUAGES = ("README.md", "README.zh-CN.md")
PAGES = sorted(str(path.relative_to(ROOT)) for path in (*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")))
NUMBER = re.compile(r"\d[\d.,]*\d|\d|(?<![\w.])\.\d+")


def test_both_languages_have_the_same_commands() -> None:
    one, other = ([(b.name, b.kind, plain_lines(b)) for b in blocks(read(name))] for name in LANGUAGES)
    assert len(one) == len(other)
    for mine, theirs in zip(one, other, strict=True):
        assert mine == theirs


def test_both_languages_have_the_same_structure() -> None:
    one, other = ([depth for depth, _ in headings(read(name))] for name in LANGUAGES)
    assert one == other
    one, other = ([len(row) for row in rows(read(name))] for name in LANGUAGES)
    assert one == other
    pictures = [re.findall(r"!\[[^\]]+\]\(([^)]+)\)", read(name)) for name in LANGUAGES]
    assert pictures[0] == pictures[1]


def test_both_languages_have_the_same_figures() -> None:
    for mine, theirs in zip(rows(read(LANGUAGES[0])), rows(read(LANGUAGES[1])), strict=True):
        assert sorted(NUMBER.findall(" ".join(mine))) == sorted(NUMBER.findall(" ".join(theirs))), (mine, theirs)


def test_both_languages_have_the_same_links() -> None:
    def targets(name: str) -> list[str]:
        return sorted(link.partition("#")[0] for link in links(read(name)) if link not in LANGUAGES)

    assert targets(LANGUAGES[0]) == targets(LANGUAGES[1])
    assert LANGUAGES[1] in links(read(LANGUAGES[0])) and LANGUAGES[0] in links(read(LANGUAGES[1]))


@pytest.mark.parametrize("name", PAGES)
def test_links_lead_somewhere(name: str) -> None:
    for link in links(read(name)):
        if link.startswith(("https://", "http://")):
            continue
        file, _, anchor = link.partition("#")
        target = (ROOT / name).parent / file if file else ROOT / name
        assert target.exists(), f"{name} leads to {link}"
        if anchor:
            known = {slug(words) for _, words in headings(target.read_text(encoding="utf-8"))}
            assert anchor in known, f"{name} leads to {link}; there are {sorted(known)}"


@pytest.mark.parametrize("name", PAGES)
def test_pages_have_no_loose_ends(name: str) -> None:
    assert not re.search(r"\bTODO|\bFIXME|\bXXX\b", fenced(read(name)))
    assert read(name).count("```") % 2 == 0
