"""Styles from files: the shipped ones, own ones, styles that extend others, and files that are not to be trusted."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dressform.assets import asset_path
from dressform.avatar.style import Style
from dressform.avatar.style_file import MAX_CHAIN, VARIABLE, list_styles, load_style
from dressform.avatar.style_schema import (
    COUNTS,
    EFFECTS,
    RANGES,
    SHAPES,
    build_style,
    style_fields,
    style_schema,
)
from dressform.avatar.validate import dump, plain
from dressform.parsing.errors import OptionError

SHIPPED = ("anime", "chibi", "cyberpunk", "flat", "pencil", "watercolour")
SCHEMA = style_schema()


@pytest.fixture(autouse=True)
def no_own_styles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)


def write(folder: Path, name: str, data: object) -> Path:
    path = folder / f"{name}.json"
    path.write_text(data if isinstance(data, str) else json.dumps(data), encoding="utf-8")
    return path


def fits(value: Any, schema: dict[str, Any]) -> bool:
    """Whether a value fits a schema, as far as the schema of styles goes."""
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "number": (int, float), "integer": int}
    kinds["null"] = type(None)
    wanted = schema.get("type", [])
    names = [wanted] if isinstance(wanted, str) else wanted
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if names and not any(isinstance(value, kinds[n]) and (number or n not in ("number", "integer")) for n in names):
        return False
    if "enum" in schema and not any(type(value) is type(one) and value == one for one in schema["enum"]):
        return False
    if "const" in schema and value != schema["const"]:
        return False
    if "anyOf" in schema and not any(fits(value, one) for one in schema["anyOf"]):
        return False
    if number and not schema.get("minimum", value) <= value <= schema.get("maximum", value):
        return False
    if isinstance(value, str) and not re.search(schema.get("pattern", ""), value):
        return False
    if isinstance(value, list):
        return len(value) <= schema["maxItems"] and all(fits(item, schema["items"]) for item in value)
    if isinstance(value, dict):
        own, other = schema.get("properties", {}), schema["additionalProperties"]
        rest = [item for key, item in value.items() if key not in own]
        return (
            all(fits(item, own[key]) for key, item in value.items() if key in own)
            and (not rest if other is False else all(fits(item, other) for item in rest))
            and all(key in value for key in schema.get("required", []))
        )
    return True


# ---- what is shipped ------------------------------------------------------------------------------------------------


def test_six_styles_are_shipped() -> None:
    assert list_styles() == SHIPPED
    for name in SHIPPED:
        style = load_style(name)
        assert (style.name, style.licence) == (name, "CC0-1.0")
        assert style.title and style.description and 8 <= len(style.background.colors) <= 12


@pytest.mark.parametrize("name", SHIPPED)
def test_shipped_files_fit_the_schema_and_round_trip(name: str) -> None:
    data = json.loads(asset_path("styles", f"{name}.json").read_text(encoding="utf-8"))
    assert fits(data, SCHEMA)
    style = load_style(name)
    assert build_style(plain(style)) == style


def test_the_shipped_schema_is_the_one_of_the_dataclasses() -> None:
    shipped = asset_path("styles", "schema.json").read_text(encoding="utf-8")
    assert shipped == dump(SCHEMA) + "\n", "write dump(style_schema()) into assets/styles/schema.json"


def test_every_field_has_a_range_a_count_or_names() -> None:
    numbers = {field.place for field in style_fields() if field.kind in ("number", "integer")}
    assert numbers | {"effects.amount"} == set(RANGES)
    lists = {field.place for field in style_fields() if field.kind in ("colors", "names")}
    assert lists | {"effects", "defaults"} == set(COUNTS)
    assert all(low < high for low, high in RANGES.values())
    assert build_style({"name": "plain"}) == Style("plain")  # the defaults lie in their ranges


def test_the_names_of_effects_are_those_that_exist() -> None:
    effects = pytest.importorskip("dressform.avatar.effects")
    assert set(effects.EFFECTS) == set(EFFECTS)


# ---- own styles -----------------------------------------------------------------------------------------------------


def test_own_styles_from_the_folder_and_the_variable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, other, third = (tmp_path / name for name in ("one", "other", "third"))
    for folder, name in ((one, "mine"), (other, "yours"), (third, "ours")):
        folder.mkdir()
        write(folder, name, {"extends": "flat", "detail": 0.9})
    write(one, "schema", {})
    write(one, "Not a style", {})
    monkeypatch.setenv(VARIABLE, os.pathsep.join([str(one), str(other)]))
    assert list_styles(third) == tuple(sorted((*SHIPPED, "mine", "yours", "ours")))
    assert load_style("ours", third).detail == load_style("yours").detail == 0.9
    assert load_style(str(third / "ours.json")) == load_style("ours", third)


def test_a_shipped_style_is_not_shadowed(tmp_path: Path) -> None:
    path = write(tmp_path, "flat", {"detail": 0.9})
    for call in (lambda: list_styles(tmp_path), lambda: load_style("anime", tmp_path), lambda: load_style(path)):
        with pytest.raises(OptionError, match=r"'flat' has the name of a shipped style.*rename"):
            call()
    assert load_style(asset_path("styles", "flat.json")) == load_style("flat")


def test_two_own_styles_of_one_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        write(tmp_path / name, "mine", {})
    monkeypatch.setenv(VARIABLE, str(tmp_path / "one"))
    assert "mine" in list_styles(tmp_path / "one")  # the same folder twice is no harm
    with pytest.raises(OptionError, match="two styles are named 'mine'"):
        list_styles(tmp_path / "two")


def test_a_folder_that_is_not_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OptionError, match="no such folder"):
        list_styles(tmp_path / "no")
    monkeypatch.setenv(VARIABLE, str(tmp_path / "no"))
    with pytest.raises(OptionError, match=VARIABLE):
        load_style("flat")


# ---- extends --------------------------------------------------------------------------------------------------------


def test_objects_are_merged_and_lists_replaced(tmp_path: Path) -> None:
    write(tmp_path, "ink", {"extends": "anime", "line": {"width": 0.05}, "background": {"shapes": ["plain"]}})
    path = write(tmp_path, "ink-red", {"extends": "ink", "line": {"color": "#AA0000"}, "title": "Red ink"})
    anime, ink, red = load_style("anime"), load_style("ink", tmp_path), load_style(path)
    assert (ink.line.width, ink.line.taper, ink.title) == (0.05, anime.line.taper, "")
    assert (ink.background.shapes, ink.background.colors) == (("plain",), anime.background.colors)
    assert (red.line.width, red.line.color, red.title, red.name) == (0.05, "#aa0000", "Red ink", "ink-red")
    assert red.features == anime.features


def test_circles_and_long_chains(tmp_path: Path) -> None:
    write(tmp_path, "a", {"extends": "b"})
    write(tmp_path, "b", {"extends": "c"})
    write(tmp_path, "c", {"extends": "b"})
    with pytest.raises(OptionError, match="a > b > c > b"):
        load_style("a", tmp_path)
    for k in range(MAX_CHAIN):
        write(tmp_path, f"s{k + 1}", {"extends": f"s{k}"})
    write(tmp_path, "s0", {"detail": 0.7})
    assert load_style(f"s{MAX_CHAIN}", tmp_path).detail == 0.7
    write(tmp_path, "s0", {"extends": "flat"})
    with pytest.raises(OptionError, match="too many others"):
        load_style(f"s{MAX_CHAIN}", tmp_path)


def test_an_unknown_base_names_the_nearest(tmp_path: Path) -> None:
    write(tmp_path, "mine", {"extends": "chiby"})
    with pytest.raises(OptionError, match=r"style mine extends an unknown style.*'chiby'.*did you mean 'chibi'"):
        load_style("mine", tmp_path)


# ---- what is not to be trusted --------------------------------------------------------------------------------------

NAMES = ["Flat", "fat", "", "../flat", "flat.json", "styles/flat", "schema", "\0", "\0.json", "x" * 100_000, "flat\n"]


@pytest.mark.parametrize("name", [*NAMES, "x" * 5000 + ".json", "<svg>", "~/x.json", "/dev/null"])
def test_names_that_are_no_styles(name: str) -> None:
    with pytest.raises(OptionError, match="anime, chibi, cyberpunk, flat") as error:
        load_style(name)
    assert len(str(error.value)) < 400


@pytest.mark.parametrize(
    ("data", "place"),
    [
        ({"line": {"width": 9e99}}, "line.width"),
        ('{"line": {"width": NaN}}', "finite"),
        ('{"detail": 1e999}', "finite"),
        ('{"detail": ' + "9" * 9000 + "}", "number"),
        ("[" * 100_000, "deep|JSON"),
        ("[]", "braces"),
        ('{"detail": 0.1, "detail": 0.2}', "twice"),
        ({"line": {"strokes": True}}, "line.strokes"),
        ({"line": {"strokes": 2.5}}, "line.strokes"),
        ({"line": 3}, "line"),
        ({"lime": {}}, "unknown key.*line"),
        ({"shading": {"tones": 4}}, "shading.tones.*1, 2, 3"),
        ({"features": {"eyes": "animee"}}, "features.eyes"),
        ({"background": {"shapes": ["dics"]}}, "did you mean 'disc'"),
        ({"background": {"colors": ["#fff", "red"]}}, r"background.colors\[0\]"),
        ({"background": {"colors": ["#ffffff"] * 25}}, "too long"),
        ({"effects": [{"layers": "", "name": "papr"}]}, "did you mean 'paper'"),
        ({"effects": [{"layers": "<g>", "name": "paper"}]}, "effects.layers"),
        ({"effects": [{"name": "paper"}]}, "layers is missing"),
        ({"title": "<script>alert(1)</script>"}, "title"),
        ({"description": "a\u202eb"}, "description"),
        ({"licence": "CC0\n"}, "licence"),
        ({"name": "other"}, "another name than its file"),
        ({"extends": ["flat"]}, "extends"),
        ({"colors": {"mode": "snap"}}, "palette is too short"),
        ({"colors": {"mode": "duotone", "palette": ["#ffffff", "#000000"]}}, "dark to light"),
        ({"proportions": {"heads": 1}}, "2 to 8"),
        ({"defaults": {"hair.colour": "red"}}, "defaults.*unknown option.*hair.color"),
        ({"defaults": {"beard": "much"}}, "defaults.*beard"),
        ({"defaults": {"detail": "0.5"}}, "defaults"),
        (" " * 300_000, "too large"),
    ],
)  # fmt: skip
def test_files_that_are_refused(tmp_path: Path, data: object, place: str) -> None:
    with pytest.raises(OptionError, match=place):
        load_style("mine", write(tmp_path, "mine", data).parent)


ODD = st.one_of(st.none(), st.booleans(), st.integers(-9, 9), st.floats(-3, 3), st.sampled_from([*SHAPES, "#1e90ff"]))
ANY = st.recursive(ODD | st.text(max_size=8), lambda x: st.lists(x) | st.dictionaries(st.text(max_size=4), x))
PLACES = [field.place for field in style_fields()] + ["title", "effects", "line", "rim", "licence"]


@given(st.sampled_from(PLACES), ODD | ANY | st.lists(ODD, max_size=4))
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_schema_and_loader_agree(place: str, value: Any) -> None:
    data: dict[str, Any] = {"name": "any"}
    *parents, name = place.split(".")
    target = data
    for parent in parents:
        target = target.setdefault(parent, {})
    target[name] = value
    try:
        build_style(data)
    except OptionError as error:
        together = "palette" in error.what  # what JSON Schema does not say: order, and two colours for two of the modes
        assert together or not fits(data, SCHEMA), str(error)
    else:
        assert fits(data, SCHEMA)
