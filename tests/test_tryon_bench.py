"""The bench of the try-on: its drawings are what they say, its measures see what is wrong, its tables are right."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from dressform.parsing import Part
from dressform.tryon import Solid, available_regions, prepare, read_photo
from dressform.tryon.bench import __main__ as command
from dressform.tryon.bench import exactness, sections, speed
from dressform.tryon.bench.coordinates import ArmholeScore, CoordinateScores, TubeScore
from dressform.tryon.bench.criteria import Measured, as_json, as_table
from dressform.tryon.bench.edges import EdgeScore
from dressform.tryon.bench.fit import FitScore, LandmarkScore
from dressform.tryon.bench.people import CLOTHS, draw_people
from dressform.tryon.bench.sections import SECTIONS
from dressform.tryon.bench.shading import ShadingScore
from dressform.tryon.compose import Composite
from dressform.tryon.photo.photo import Photo


@pytest.fixture(autouse=True)
def _threads() -> Iterator[None]:
    count = cv2.getNumThreads()
    yield
    cv2.setNumThreads(count)


@pytest.mark.parametrize(("width", "height", "people"), [(90, 120, 1), (301, 200, 2), (700, 300, 3)])
def test_people_are_drawn_whole_at_any_size(width: int, height: int, people: int) -> None:
    parse = draw_people(width, height, people=people)
    assert parse.size == (width, height) and len(parse) == people
    for person in parse.people:
        assert {Part.HAIR, Part.FACE, Part.UPPER_CLOTHES, Part.PANTS, Part.LEFT_ARM} <= set(person.parts)
        assert {"upper", "lower", "outfit"} <= set(available_regions(person))
        scores = person.observation.scores
        assert scores is not None
        sure = scores.sample([Part.UPPER_CLOTHES], (0, 0, width, height))[person.mask(Part.UPPER_CLOTHES)]
        assert (sure > 0.5).mean() > 0.9
        assert person.keypoints is not None
        x, y = person.keypoints[5, :2].astype(int)
        assert person.mask(Part.UPPER_CLOTHES)[y, x]


def test_drawings_are_the_same_every_time_and_differ_by_seed_and_cloth() -> None:
    first, again, other = (draw_people(90, 120, seed=seed).image for seed in (1, 1, 2))
    assert (np.asarray(first) == np.asarray(again)).all() and (np.asarray(first) != np.asarray(other)).any()
    drawn = [draw_people(180, 240, cloth=cloth) for cloth in CLOTHS]
    plain, printed = (prepare(parse.image, parse, 1, "upper") for parse in drawn)
    assert (len(plain.inks), plain.drape(Solid("#fff")).report.original) == (1, "plain")
    assert len(printed.inks) > 1


def test_figures_know_whether_they_are_met() -> None:
    assert Measured("a", "b", 2, 2).met and not Measured("a", "b", 2.1, 2).met
    assert Measured("a", "b", 2, 2, True).met and not Measured("a", "b", 1.9, 2, True).met
    assert Measured("a", "b", 2).met is None and Measured("a", "b", math.nan, 2).met is False
    assert (Measured("a", "b", 2).limit, Measured("a", "b", 2, 0.95, True, " px").limit) == ("", "≥ 0.95 px")


def test_tables_and_json_hold_the_same() -> None:
    rows = [
        Measured("speed", "prepare", 123.4, 350, unit=" ms/MP", note="why"),
        Measured("edges", "ΔE", 3.456, 3),
        Measured("edges", "n", math.nan, None),
        Measured("folds", "r", 0.98765, 0.98, True),
    ]
    table = as_table(rows, {"cpu": "fast"})
    assert table.startswith("2 of 3 targets are met.") and "- cpu: fast" in table
    assert "| speed | prepare | ≤ 350 ms/MP | 123 ms/MP | yes | why |" in table
    assert "| edges | ΔE | ≤ 3 | 3.46 | **no** |  |" in table and "| edges | n |  | – |  |  |" in table
    found = json.loads(as_json(rows, {"cpu": "fast"}))
    assert found["about"] == {"cpu": "fast"} and [row["met"] for row in found["figures"]] == [True, False, None, True]
    assert found["figures"][2]["measured"] is None


def test_preservation_is_measured_on_every_kind_of_photo(monkeypatch: pytest.MonkeyPatch) -> None:
    small = list(exactness.photos((240, 160)))
    assert [photo.pixels.dtype.name for _, photo in small] == ["uint8", "uint8", "uint8", "uint16", "uint16"]
    assert [photo.pixels.shape[2] for _, photo in small] == [3, 4, 1, 3, 4]
    assert small[0][1].orientation == 6 and small[0][1].exif and small[0][1].icc
    monkeypatch.setattr(exactness, "photos", lambda: small[::3])
    rows = exactness.measure_preservation()
    assert [(row.value, row.met) for row in rows] == [(0, True)] * 5
    assert rows[0].note.startswith("18 swaps") and rows[-1].note == "4 refused"


def test_a_change_elsewhere_is_seen() -> None:
    parse = draw_people(120, 160, cloth="plain")
    result = prepare(parse.image, parse, 1, "upper").drape(Solid("#fff"))
    assert exactness.changed_outside(result) == 0
    place = tuple(np.argwhere(~result.edit_mask)[50])
    pixels = result.image.copy()
    pixels[place] ^= 1
    done = result.composite
    assert exactness.changed_outside(replace(result, composite=Composite(pixels, done.edit_mask, done.coverage))) >= 1


def test_a_file_that_lost_something_is_seen() -> None:
    (parse, photo), *_ = exactness.photos((240, 160))
    result = prepare(photo, parse, 1, "upper").drape(Solid("#fff"))
    assert exactness._file_changes(result) == 0

    class Lossy(Photo):
        def with_pixels(self, pixels: Any) -> Photo:
            chunks = tuple(chunk for chunk in self.chunks if chunk[0] != b"iCCP")
            return replace(Photo.with_pixels(self, pixels), icc=None, chunks=chunks)

    values = {name: getattr(photo, name) for name in Photo.__dataclass_fields__}
    assert exactness._file_changes(replace(result, before=Lossy(**values))) == 1


def test_the_same_bytes_with_any_number_of_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exactness, "_SIZE", (300, 200))
    found = {threads: json.loads(exactness.digest(threads)) for threads in (1, 2, 4)}
    assert found[1] == found[2] == found[4]
    assert found[1]["swap"] == found[1]["swap of the saved stage"]
    assert set(found[1]) == {"stage", "swap", "swap of the saved stage", "swap of two people"}


def test_determinism_counts_what_differs(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = iter(["a", "a", "b"])

    def child(arguments: list[str]) -> tuple[float, float, str]:
        one = next(answers)
        return 0.0, 0.0, json.dumps({"swap": one, "swap of the saved stage": "a"})

    monkeypatch.setattr(exactness, "run_child", child)
    rows = exactness.measure_determinism(1)
    assert [round(row.value) for row in rows] == [67, 100, 67] and [row.met for row in rows] == [False, True, False]


def test_speed_is_measured_in_a_process_of_its_own() -> None:
    rows = speed.measure_speed((0.03,), 1)
    steps = ["prepare", "drape a colour", "drape a tile", "drape a garment", "peak"]
    assert [row.what for row in rows[:5]] == [f"{step}, 0.03 MP" for step in steps]
    assert all(row.value > 0 for row in rows[:4]) and rows[1].value < rows[0].value
    assert rows[-1].what.startswith("import") and 0 < rows[-1].value < 5 and "garment" in rows[0].note


def test_work_says_how_much_of_the_photo_is_garment(tmp_path: Path) -> None:
    speed._write(tmp_path / "it", 30_000)
    found = json.loads(speed.work(str(tmp_path / "it"), 1))
    assert 0.15 < found["share"] < 0.4 and found["memory"] >= 0
    parse = draw_people(150, 200)
    assert (read_photo(tmp_path / "it.png").pixels == parse.image).all()


def test_the_command_prints_what_it_measures(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = {"good": [Measured("good", "x", 1, 2)], "bad": [Measured("bad", "x", 3, 2)]}
    asked = []

    def section(name: str) -> Any:
        return lambda quick: (asked.append((name, quick)), rows[name])[1]

    for place in (command, sections):
        monkeypatch.setattr(place, "SECTIONS", {name: section(name) for name in rows})
    assert command.main([]) == 1 and asked == [("good", False), ("bad", False)]
    out = capsys.readouterr()
    assert "| good | x | ≤ 2 | 1 | yes |  |" in out.out and "good …" in out.err and "- numpy:" in out.out
    assert command.main(["good", "--quick", "--json"]) == 0 and asked[-1] == ("good", True)
    assert json.loads(capsys.readouterr().out)["figures"][0]["measured"] == 1
    with pytest.raises(SystemExit):
        command.main(["beauty"])


def test_every_criterion_has_a_measure() -> None:
    wanted = ["preservation", "shading", "coordinates", "edges", "garments", "speed", "determinism"]
    assert list(SECTIONS) == wanted


def test_sections_judge_what_was_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    shading = [ShadingScore(k, q, 0.975, 0.9, 2.6, 0.01, 0, 0) for k in ("mid", "print") for q in (90, 75)]
    tube, hole = TubeScore("worst", 0.03, 0.05, 0.01, 0.5), ArmholeScore("worst", 1.5, 0.02, 6.0, -0.1)
    found: dict[str, Any] = {
        "measure_shading": tuple(shading),
        "measure_coordinates": CoordinateScores((tube, tube), (hole, hole)),
        "measure_edges": (EdgeScore("red", 4, 0.02, 0.03, 1, 0), EdgeScore("mean", 4, 0.02, 0.03, 1, 0)),
        "measure_fit": (
            (LandmarkScore("top", 0.02, 0.04), LandmarkScore("mean", 0.02, 0.04)),
            (FitScore("a", 0.02, 0.01, 0.3, 1, 0.4), FitScore("mean", 0.02, 0.01, 0.3, 1, 0.4)),
        ),
    }
    for name, value in found.items():
        monkeypatch.setattr(sections, name, lambda *_, value=value, **__: value)
    met = {name: [row.met for row in SECTIONS[name](True)] for name in ("shading", "coordinates", "edges", "garments")}
    assert met["shading"] == [False, True, True, True, True, True, False, False, False, True, True]
    assert met["coordinates"] == [False, True, True, False, True, True, False]
    assert met["edges"] == [False, True, True]
    assert met["garments"] == [True, None, True, None, None, False, True, True, True]
