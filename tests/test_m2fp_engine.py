"""The M2FP engines around the network: looks, batches, runtimes, conversion, weights, the command line. No torch."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from m2fp_stub import HUB, SeeingRunner, StubHub, bright_photo, converted_folder

from dressform.parsing import (
    EngineUnavailableError,
    MissingExtraError,
    OptionError,
    Part,
    WeightsError,
    load_parser,
)
from dressform.parsing.engines.m2fp import convert, engine, pull, runtime, weights
from dressform.parsing.engines.m2fp.configuration import MULTI, SINGLE
from dressform.parsing.engines.m2fp.engine import M2FPParser
from dressform.parsing.engines.m2fp.views import View, mirrored_classes, views_of

Cli = Callable[..., Any]


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of weights, not made yet."""
    for name in ("DRESSFORM_ENGINE", "DRESSFORM_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DRESSFORM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def parser(**options: Any) -> M2FPParser:
    return M2FPParser("m2fp", MULTI, options.pop("runner", SeeingRunner()), **options)


# ---- photo to people ----------------------------------------------------------------------------------------------


def test_parse() -> None:
    parse = parser().parse(bright_photo(640, 480, 40, 300))
    assert parse.engine == "m2fp" and parse.size == (640, 480) and len(parse) == 2
    for person, x in zip(parse.people, (40, 300), strict=True):
        assert person.parts == (Part.UPPER_CLOTHES, Part.LEFT_ARM)
        assert person.box == pytest.approx((x, 120, x + 106, 360), abs=4) and person.score > 0.9
        assert person.alpha("arms").max() > 0.9


def test_instances_are_listed_as_modelscope_does() -> None:
    found = parser().instances(bright_photo(640, 480, 40))
    assert [MULTI.classes[each.label] for each in found] == ["UpperClothes", "Left-arm", "Human"]
    assert found[2].mask is not None and found[2].mask.area == pytest.approx(80 * 240 + 26 * 80, rel=0.05)
    with pytest.raises(OptionError, match="m2fp"):
        M2FPParser("m2fp-single", SINGLE, SeeingRunner()).instances(bright_photo())


def test_looking_several_times_agrees_with_itself() -> None:
    photo = bright_photo(640, 480, 40, 300)
    runner = SeeingRunner()
    plain, several = parser().parse(photo), parser(views=views_of(True), runner=runner).parse(photo)
    assert len(runner.shapes) == 6 and len(several) == 2
    assert (plain.labels == several.labels).mean() > 0.98, "left stays left though three looks were mirrored"
    assert several.people[0].parts == plain.people[0].parts


def test_views() -> None:
    assert views_of(False) == (View(),) and views_of(True)[:2] == (View(), View(mirrored=True))
    assert views_of([0.5]) == (View(0.5), View(0.5, True)) and len(views_of(True, single=True)) == 2
    for bad in ([], [0.1], [1, 9]):
        with pytest.raises(OptionError, match="out of range"):
            views_of(bad)


@pytest.mark.parametrize("config", [MULTI, SINGLE])
def test_mirrored_classes(config: Any) -> None:
    twins, names = mirrored_classes(config.classes), config.classes
    changed = {names[k]: names[twin] for k, twin in enumerate(twins) if twin != k}
    assert changed == {
        a + b: c + b for b in ("-arm", "-leg", "-shoe") for a, c in (("Left", "Right"), ("Right", "Left"))
    }


def test_batch_keeps_order_and_runs_one_shape_together() -> None:
    photos = [bright_photo(640, 480, 40), bright_photo(480, 640, 60), bright_photo(640, 480, 200, 400)]
    runner = SeeingRunner()
    many = list(parser(runner=runner).parse_many(photos))
    assert [shape[0] for shape in runner.shapes] == [2, 1]
    for photo, parse in zip(photos, many, strict=True):
        alone = parser().parse(photo)
        assert np.array_equal(parse.labels, alone.labels) and np.array_equal(parse.instances, alone.instances)
    with pytest.raises(OptionError, match="batch"):
        next(parser().parse_many(photos, 0))


def test_max_side_makes_the_input_smaller() -> None:
    runner = SeeingRunner()
    parser(runner=runner, max_side=320).parse(bright_photo(1280, 720, 100))
    assert runner.shapes == [(1, 3, 192, 320)]


def test_one_person() -> None:
    single = M2FPParser("m2fp-single", SINGLE, SeeingRunner((*SINGLE.classes, "Human")))
    photo = bright_photo(384, 512, 100)
    logits, masks = single.runner.run(single._prepare(photo, View()).tensor)
    names = {"UpperClothes": (masks[0, 1], 5), "Left-arm": (masks[0, 2], 14)}
    stub_masks = np.full_like(masks, -6)
    stub_logits = np.full((1, 100, 21), -8, np.float32)
    stub_logits[..., -1] = 8
    stub_logits[0, 0] = np.eye(21)[0] * 16 - 8
    stub_masks[0, 0] = -masks[0, 0]
    for row, (mask, label) in enumerate(names.values(), 1):
        stub_logits[0, row], stub_masks[0, row] = np.eye(21)[label] * 16 - 8, mask
    runner = SimpleNamespace(run=lambda images: (stub_logits, stub_masks))
    parse = M2FPParser("m2fp-single", SINGLE, runner).parse(photo)
    (person,) = parse.people
    assert person.parts == (Part.UPPER_CLOTHES, Part.LEFT_ARM) and person.score > 0.9
    assert person.box == pytest.approx((100, 128, 164, 384), abs=4)
    assert logits.shape[1] == 100


# ---- options ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"runtime": "tensorrt"}, "allowed: auto, onnx, openvino, torch"),
        ({"precision": "int8"}, "allowed: fp32, bf16, fp16"),
        ({"device": "gpu 1"}, "unknown device"),
        ({"precision": "fp16", "runtime": "openvino"}, "CPUs don't compute in fp16|not installed"),
        ({"runtime": "onnx", "precision": "bf16"}, "use openvino or torch"),
        ({"runtime": "openvino", "device": "cuda"}, "does not run there"),
        ({"runtime": "torch"}, "cannot run a converted model"),
        ({"max_side": 20}, "64 to 1333"),
        ({"min_score": 2.0}, "0 to 1"),
        ({"tta": (0.01,)}, "out of range"),
    ],
)
def test_options_that_cannot_be(options: dict[str, Any], words: str, tmp_path: Path) -> None:
    given = converted_folder(tmp_path / "model")
    with pytest.raises(OptionError, match=words):
        engine.load(weights=given, **options)


def test_auto(monkeypatch: pytest.MonkeyPatch) -> None:
    installed = {"onnxruntime", "openvino", "torch"}
    monkeypatch.setattr(runtime, "find_spec", lambda name: name if name in installed else None)
    assert runtime.plan() == runtime.Plan("openvino", "cpu", "fp32")
    assert runtime.plan(device="cuda:1").runtime == "torch" and runtime.plan("onnx").runtime == "onnx"
    installed.remove("openvino")
    assert runtime.plan().runtime == "onnx" and runtime.plan(precision="bf16").runtime == "torch"
    installed.remove("torch")
    assert runtime.plan(device="cuda").runtime == "onnx"
    with pytest.raises(MissingExtraError, match=r"dressform\[openvino\]"):
        runtime.plan("openvino")
    with pytest.raises(MissingExtraError, match=r"dressform\[m2fp\]"):
        runtime.plan("torch")


def test_cuda_that_is_not_there_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import onnxruntime

    found = load_parser("m2fp", weights=converted_folder(tmp_path / "model"), device="cuda", runtime="onnx")
    with pytest.raises(EngineUnavailableError, match="built for the CPU"):
        found.parse(bright_photo())
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider"])
    session = SimpleNamespace(get_providers=lambda: ["CPUExecutionProvider"])
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *rest, **more: session)
    with pytest.raises(EngineUnavailableError, match="fell back to the CPU"):
        found.parse(bright_photo())


def test_damaged_converted_model(tmp_path: Path) -> None:
    folder = converted_folder(tmp_path / "model")
    with pytest.raises(WeightsError, match="cannot be loaded"):
        engine.load(weights=folder, runtime="onnx").parse(bright_photo())
    (folder / "model.onnx").write_bytes(b"cut")
    with pytest.raises(WeightsError, match="is damaged"):
        engine.load(weights=folder)
    (folder / "card.json").write_text("{}")
    with pytest.raises(WeightsError, match="convert the checkpoint again"):
        engine.load(weights=folder)


def test_classes_that_are_not_known(tmp_path: Path) -> None:
    tail = replace(MULTI, classes=(*MULTI.classes[:-1], "Tail"))
    with pytest.raises(WeightsError, match="not in order"):
        engine.load(weights=converted_folder(tmp_path / "a", tail))
    with pytest.raises(WeightsError, match="'Tail'"):
        engine.load(weights=converted_folder(tmp_path / "b", replace(MULTI, classes=("Background", "Tail"), parts=2)))


def test_output_that_is_not_finite(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = np.full((1, 100, 22), np.nan, np.float32), np.zeros((1, 100, 160, 216), np.float32)
    monkeypatch.setattr(runtime, "_open_onnx", lambda *rest: lambda images: bad)
    found = engine.load(weights=converted_folder(tmp_path / "model"), runtime="onnx")
    with pytest.raises(WeightsError, match=r"not finite.*fp32"):
        found.parse(bright_photo())


def test_one_network_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []

    def opener(model: Any, planned: Any, shape: Any) -> Any:
        opened.append(shape)
        return SeeingRunner().run

    monkeypatch.setattr(runtime, "_open_onnx", opener)
    found = engine.load(weights=converted_folder(tmp_path / "model"), runtime="onnx")
    for photo in (bright_photo(640, 480), bright_photo(640, 480), bright_photo(480, 640), bright_photo(700, 400)):
        found.parse(photo)
    assert opened == [(1, 640, 864), None], "the first shape, then any shape"


# ---- command line -------------------------------------------------------------------------------------------------


def test_commands(cli: Cli, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pull, "_client", StubHub)
    monkeypatch.setattr(convert, "_export", lambda given, path: path.write_bytes(b"onnx"))
    ran = cli("models", "pull", "m2fp")
    folder = weights.pulled_folder(HUB)
    assert ran.code == 0 and ran.out == f"{folder}\n" and ran.err.index("non-commercial") < ran.err.index("downloading")
    assert "here already" in cli("models", "pull", "m2fp").out
    assert "v1.0.1 present" in cli("models", "list").out and cli("models", "path", "m2fp").out == f"{folder}\n"
    assert "m2fp: pytorch_model.pt is right" in cli("models", "verify", "m2fp").out
    ran = cli("models", "convert", "m2fp")
    assert ran.code == 0 and (Path(ran.out.strip()) / "model.onnx").read_bytes() == b"onnx"
    assert HUB.model in cli("doctor").out
    (folder / "pytorch_model.pt").write_bytes(b"damaged")
    assert cli("models", "verify").code == 1
    assert cli("models", "convert", "compact").code == 2


def test_options_of_parse(cli: Cli, fake_parser: Any, make_photo: Any, tmp_path: Path) -> None:
    photo = make_photo(tmp_path / "x.jpg")
    options = ("--weights", tmp_path, "--device", "cuda", "--precision", "bf16", "--tta", "--max-side", 640)
    run = ("parse", photo, "-o", tmp_path / "out", "-e", "m2fp", "--runtime", "torch", *options)
    assert cli(*run).code == 0
    assert fake_parser.options == {
        "weights": tmp_path, "device": "cuda", "runtime": "torch", "precision": "bf16", "tta": True, "max_side": 640,
    }  # fmt: skip
    assert "skipped" in cli(*run).out and "skipped" not in cli(*run[:-2]).out, "other options, other results"
