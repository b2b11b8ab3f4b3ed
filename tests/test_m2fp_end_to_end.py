"""Checkpoint to people, for real: a small network with random weights through every runtime. Needs torch and onnx."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("torch", reason="conversion and the checkpoint need torch (extra m2fp)")
pytest.importorskip("onnx", reason="conversion needs onnx (extra m2fp)")

from m2fp_configurations import SMALL_MULTI, SMALL_SINGLE
from m2fp_reference import Reference, why_unavailable
from m2fp_weights import make_model, picture

from dressform.parsing import Parse, WeightsError
from dressform.parsing.engines.m2fp import engine
from dressform.parsing.engines.m2fp.adapter import instances_of, photo_frame
from dressform.parsing.engines.m2fp.masks import unpack
from dressform.parsing.engines.m2fp.select import Instance

RUNTIMES = ["torch", "onnx", pytest.param("openvino", marks=pytest.mark.skipif(
    find_spec("openvino") is None, reason="openvino is not installed"))]  # fmt: skip
SHAPES = [(360, 640), (333, 500), (500, 333)]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folders ``multi`` and ``single`` as ModelScope has them, and a home for conversions."""
    root = tmp_path_factory.mktemp("models")
    make_model(root / "multi", SMALL_MULTI)
    make_model(root / "single", SMALL_SINGLE)
    return root


@pytest.fixture(autouse=True)
def home(models: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Kept between these tests: one conversion serves all of them."""
    monkeypatch.setenv("DRESSFORM_HOME", str(models / "home"))
    return models / "home"


@pytest.mark.parametrize("runtime", RUNTIMES)
@pytest.mark.parametrize("shape", SHAPES)
def test_same_instances_as_modelscope(models: Path, runtime: str, shape: tuple[int, int]) -> None:
    """Labels, scores and masks of its own pipeline. Its order among parts is that of an unsorted top 100: any."""
    if reason := why_unavailable():
        pytest.skip(reason)
    photo = picture(*shape, seed=3)
    theirs = Reference(models / "multi").parse(np.ascontiguousarray(photo[:, :, ::-1]))
    found = engine.load(weights=models / "multi", runtime=runtime).instances(photo)
    names = [SMALL_MULTI.classes[each.label] for each in found]
    first, second = _order(names, [each.score for each in found]), _order(theirs["labels"], theirs["scores"])
    assert [names[k] for k in first] == [theirs["labels"][k] for k in second] and len(found) > 50
    assert [name == "Human" for name in names] == [name == "Human" for name in theirs["labels"]], "parts first"
    different = 0
    for k, j in zip(first, second, strict=True):
        assert found[k].score == pytest.approx(float(theirs["scores"][j]), abs=1e-3)
        different += np.count_nonzero(_pixels(found[k], shape) != (theirs["masks"][j] > 0))
    assert different <= 1e-4 * len(found) * shape[0] * shape[1]


def _order(labels: Sequence[str], scores: Sequence[Any]) -> list[int]:
    return sorted(range(len(labels)), key=lambda k: (labels[k] == "Human", labels[k], -float(scores[k])))


def _pixels(instance: Instance, shape: tuple[int, int]) -> np.ndarray:
    assert instance.mask is not None
    return unpack(instance.mask, (0, 0, shape[1], shape[0]))


@pytest.mark.parametrize("shape", SHAPES)
def test_same_classes_as_modelscope_of_one_person(models: Path, shape: tuple[int, int]) -> None:
    if reason := why_unavailable():
        pytest.skip(reason)
    photo = picture(*shape, seed=3)
    theirs = Reference(models / "single").parse(np.ascontiguousarray(photo[:, :, ::-1]))
    expected = np.zeros(shape, np.uint8)
    for mask, label in zip(theirs["masks"], theirs["labels"], strict=True):
        expected[mask > 0] = SMALL_SINGLE.classes.index(label)
    expected[expected == 10] = 6  # jumpsuits are dresses here
    ours = engine.load_single(weights=models / "single", runtime="torch", refine=False).parse(photo)
    assert (ours.labels != expected).mean() < 2e-4


@pytest.mark.parametrize("runtime", RUNTIMES[1:])
@pytest.mark.parametrize(("kind", "load"), [("multi", engine.load), ("single", engine.load_single)])
def test_runtimes_agree(models: Path, runtime: str, kind: str, load: Any) -> None:
    options = {"min_score": 0.0} if kind == "multi" else {}
    base, other = (load(weights=models / kind, runtime=each, **options) for each in ("torch", runtime))
    for shape in SHAPES[:2]:  # the second one's network takes any shape
        a, b = (each.parse(picture(*shape)) for each in (base, other))
        assert len(a) == len(b) and agreement(a, b) > 0.999


def agreement(a: Parse, b: Parse) -> float:
    return float(((a.labels == b.labels) & (a.instances == b.instances)).mean())


def test_batch_and_looks(models: Path) -> None:
    parser = engine.load(weights=models / "multi", runtime="onnx", min_score=0.0)
    photos = [picture(160, 240, 1), picture(160, 240, 2)]
    many = list(parser.parse_many(photos))
    assert all(agreement(one, parser.parse(photo)) > 0.999 for one, photo in zip(many, photos, strict=True))
    several = engine.load(weights=models / "multi", runtime="onnx", min_score=0.0, tta=(0.5,)).parse(photos[0])
    assert several.size == (240, 160)


def test_bf16(models: Path) -> None:
    found = engine.load(weights=models / "multi", runtime="torch", precision="bf16").instances(picture(160, 240))
    assert len(found) > 50


def test_converted_model_needs_no_torch(models: Path, home: Path) -> None:
    """Neither torch nor the rest of the m2fp extra is imported once the model is converted."""
    photo = picture(160, 240)
    np.save(models / "photo.npy", photo)
    expected = engine.load(weights=models / "multi", runtime="onnx", min_score=0.0).parse(photo)
    code = (
        "import sys, numpy as np\n"
        "for name in ('torch', 'onnx', 'modelscope'): sys.modules[name] = None\n"
        "from dressform.parsing import load_parser\n"
        "parser = load_parser('m2fp', weights=sys.argv[1], runtime='onnx', min_score=0.0)\n"
        "np.save(sys.argv[3], parser.parse(np.load(sys.argv[2])).labels)\n"
    )
    arguments = [models / "multi", models / "photo.npy", models / "labels.npy"]
    subprocess.run([sys.executable, "-c", code, *map(str, arguments)], check=True, timeout=120)
    assert np.array_equal(np.load(models / "labels.npy"), expected.labels)


def test_adapter_agrees_with_the_engine(models: Path) -> None:
    """The lists of ModelScope's pipeline, put together, are nearly the same people."""
    parser, photo = engine.load(weights=models / "multi", runtime="onnx"), picture(200, 300)
    found = parser.instances(photo)
    masks = [_pixels(each, (200, 300)).astype(np.float32) for each in found]
    frame = photo_frame((200, 300))
    again = instances_of(masks, [SMALL_MULTI.classes[i.label] for i in found], [i.score for i in found], frame)
    for one, other in zip(found, again, strict=True):
        assert one.score == other.score and one.label == other.label and not masks
        assert np.array_equal(_pixels(one, (200, 300)), _pixels(other, (200, 300)))


@pytest.mark.parametrize("how", ["truncated", "nan", "other architecture"])
def test_checkpoint_that_is_wrong(models: Path, tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch) -> None:
    import torch

    monkeypatch.setenv("DRESSFORM_HOME", str(tmp_path / "home"))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "configuration.json").write_text((models / "multi" / "configuration.json").read_text())
    content = (models / "multi" / "pytorch_model.pt").read_bytes()
    if how == "truncated":
        (folder / "pytorch_model.pt").write_bytes(content[: len(content) // 2])
    else:
        state = torch.load(models / "multi" / "pytorch_model.pt", weights_only=True)
        name = next(iter(state["model"]))
        if how == "nan":
            state["model"][name].view(-1)[0] = float("nan")
        else:
            del state["model"][name]
        torch.save(state, folder / "pytorch_model.pt")
    parser = engine.load(weights=folder, runtime="onnx")
    with pytest.raises(WeightsError):
        parser.parse(picture(160, 240))
    left = [path for path in (tmp_path / "home").rglob("*") if path.suffix != ".lock" and path.name != "converted"]
    assert not left, "nothing half-written"
    (folder / "pytorch_model.pt").write_bytes(content)
    assert engine.load(weights=folder, runtime="onnx").parse(picture(160, 240)).size == (240, 160), "trying again works"
