"""The shipped photos give about the people that are in them. Measured quality stands in the model card."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dressform.assets import asset_path
from dressform.parsing import load_parser

INDEX = asset_path("samples", "index.json")
ROWS: list[dict[str, Any]] = json.loads(INDEX.read_text(encoding="utf-8")) if INDEX.is_file() else []

pytestmark = pytest.mark.skipif(not ROWS, reason="no sample photos in assets/samples")


@pytest.mark.parametrize("row", ROWS, ids=[row["file"] for row in ROWS])
def test_everybody_is_found_and_somebody_has_a_face(row: dict[str, Any]) -> None:
    parse = load_parser("compact").parse(asset_path("samples", row["file"]))
    assert abs(len(parse) - row["people"]) <= 1
    assert any(person.face is not None for person in parse.people)
