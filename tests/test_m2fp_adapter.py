"""Engine ``modelscope``, around a pipeline that stands in for ModelScope's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from m2fp_stub import SeeingRunner, bright_photo, converted_folder, model_folder

from dressform.parsing import EngineUnavailableError, MissingExtraError, OptionError, Part, load_parser
from dressform.parsing.engines.m2fp import adapter
from dressform.parsing.engines.m2fp.configuration import MULTI, SINGLE
from dressform.parsing.engines.m2fp.engine import M2FPParser


def test_adapter_makes_the_same_people(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    photo = bright_photo(640, 480, 40, 300)
    ours = M2FPParser("m2fp", MULTI, SeeingRunner())

    def pipeline(image: np.ndarray) -> dict[str, list[Any]]:
        found = ours.instances(np.ascontiguousarray(image[:, :, ::-1]))
        masks = []
        for each in found:
            assert each.mask is not None
            masks.append(adapter_mask(each.mask, photo.shape[:2]))
        return {
            "masks": masks,
            "labels": [MULTI.classes[each.label] for each in found],
            "scores": [each.score for each in found],
        }

    theirs = adapter.load(weights=model_folder(tmp_path / "ms"))
    theirs.__dict__["_pipeline"] = pipeline
    a, b = ours.parse(photo), theirs.parse(photo)
    assert b.engine == "modelscope" and len(a) == len(b) == 2
    assert (a.labels == b.labels).mean() > 0.999 and (a.instances == b.instances).mean() > 0.999
    assert [p.score for p in a.people] == pytest.approx([p.score for p in b.people])


def adapter_mask(mask: Any, shape: tuple[int, ...]) -> np.ndarray:
    from dressform.parsing.engines.m2fp.masks import unpack

    return unpack(mask, (0, 0, shape[1], shape[0])).astype(np.float32)


def test_adapter_of_the_one_person_model(tmp_path: Path) -> None:
    hair, rest = np.zeros((40, 30)), np.ones((40, 30))
    hair[5:20, 10:20], rest[5:20, 10:20] = 1, 0
    theirs = adapter.load(weights=model_folder(tmp_path / "ms", SINGLE))
    theirs.__dict__["_pipeline"] = lambda image: {
        "masks": [rest, hair], "labels": ["Background", "Hair"], "scores": [0.9, 0.8],
    }  # fmt: skip
    (person,) = theirs.parse(np.zeros((40, 30, 3), np.uint8)).people
    assert person.parts == (Part.HAIR,) and person.box == (10, 5, 20, 20) and person.score == pytest.approx(0.8)


def test_adapter_without_modelscope_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "modelscope.pipelines", None)
    theirs = load_parser("modelscope", weights=model_folder(tmp_path / "ms"))
    with pytest.raises(MissingExtraError, match="'m2fp' runs the same weights"):
        theirs.parse(bright_photo())
    theirs.__dict__["_pipeline"] = lambda image: 1 / 0
    with pytest.raises(EngineUnavailableError, match="ZeroDivisionError"):
        theirs.parse(bright_photo())
    with pytest.raises(OptionError, match="cpu, cuda"):
        load_parser("modelscope", weights=tmp_path / "ms", device="tpu")
    with pytest.raises(OptionError, match="converted"):
        load_parser("modelscope", weights=converted_folder(tmp_path / "c"))
