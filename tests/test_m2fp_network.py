"""M2FP's network by itself: its parts against their definitions, checkpoints that are wrong, export to ONNX."""

# ruff: noqa: E402 - what is imported below needs torch

from __future__ import annotations

import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is not installed (extra m2fp)")

from m2fp_compare import COUNT, assert_close
from m2fp_configurations import SMALL_MULTI, SMALL_SINGLE
from m2fp_weights import make_model, picture

from dressform.parsing.engines.m2fp.backbone import fold_batch_norm
from dressform.parsing.engines.m2fp.checkpoint import load_checkpoint
from dressform.parsing.engines.m2fp.configuration import MULTI, SINGLE
from dressform.parsing.engines.m2fp.deformable import sample_maps
from dressform.parsing.engines.m2fp.export import export_onnx
from dressform.parsing.engines.m2fp.network import build_network, load_network
from dressform.parsing.engines.m2fp.preprocess import preprocess
from dressform.parsing.errors import OutputError, WeightsError

SHAPES = [(96, 128), (128, 64)]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Folders of a small model of each kind."""
    folder = tmp_path_factory.mktemp("models")
    return {
        "multi": make_model(folder / "multi", SMALL_MULTI),
        "single": make_model(folder / "single", SMALL_SINGLE, seed=1),
    }


@pytest.fixture(scope="module")
def state(models: dict[str, Path]) -> dict[str, Any]:
    """What the checkpoint of the model for several people holds."""
    found: dict[str, Any] = torch.load(models["multi"] / "pytorch_model.pt", weights_only=True)["model"]
    return found


def images(height: int, width: int, count: int = 1) -> Any:
    seen = [preprocess(picture(height, width, k), SMALL_MULTI, short=min(height, width)).tensor for k in range(count)]
    return torch.from_numpy(np.concatenate(seen))


# ---- the network ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("config", "millions"), [(MULTI, 63.12), (SINGLE, 63.12)])
def test_published_models_have_63_million_parameters(config: Any, millions: float) -> None:
    with torch.device("meta"):
        network = build_network(config)
    assert sum(p.numel() for p in network.parameters()) / 1e6 == pytest.approx(millions, abs=0.01)


def test_a_batch_gives_what_its_images_give(models: dict[str, Path]) -> None:
    network = load_network(models["multi"], SMALL_MULTI)
    both = images(128, 160, 2)
    logits, masks = network(both)
    assert (logits.shape, masks.shape) == ((2, 100, 22), (2, 100, 32, 40))
    for k in (0, 1):
        alone = network(both[k : k + 1])
        assert torch.allclose(alone[0][0], logits[k], atol=1e-3)
        assert torch.allclose(alone[1][0], masks[k], atol=1e-2)


def test_folded_norms_change_nothing(models: dict[str, Path]) -> None:
    network = build_network(SMALL_MULTI).double()
    network.load_state_dict(load_checkpoint(models["multi"], SMALL_MULTI))
    image = images(96, 96).double()
    before = network(image)
    fold_batch_norm(network)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in network.modules())
    for old, new in zip(before, network(image), strict=True):
        assert torch.allclose(old, new, atol=1e-7)


def test_deformable_attention_reads_bilinearly_and_0_outside() -> None:
    generator = np.random.default_rng(0)
    sizes, heads, channels, queries, points = [(3, 4), (6, 5)], 2, 3, 7, 4
    value = generator.normal(size=(2, sum(h * w for h, w in sizes), heads, channels))
    places = generator.uniform(-0.2, 1.2, (2, queries, heads, len(sizes), points, 2))
    weight = generator.uniform(size=places.shape[:-1])
    expected = np.zeros((2, queries, heads, channels))
    for n, q, m, level, p in np.ndindex(weight.shape):
        height, width = sizes[level]
        start = sum(h * w for h, w in sizes[:level])
        x, y = places[n, q, m, level, p] * [width, height] - 0.5  # pixel centres are at whole numbers
        for column in (int(np.floor(x)), int(np.floor(x)) + 1):
            for row in (int(np.floor(y)), int(np.floor(y)) + 1):
                if 0 <= column < width and 0 <= row < height:
                    share = (1 - abs(x - column)) * (1 - abs(y - row)) * weight[n, q, m, level, p]
                    expected[n, q, m] += share * value[n, start + row * width + column, m]
    found = sample_maps(*map(torch.from_numpy, (value,)), sizes, *map(torch.from_numpy, (places, weight)))
    assert np.allclose(found.numpy(), expected.reshape(2, queries, -1))


# ---- checkpoints ----------------------------------------------------------------------------------------------------


def other_content(state: dict[str, Any], name: str) -> Any:
    """A checkpoint that holds the same weights in another way."""
    if name == "bare":
        return state
    if name == "trained":
        extra = {"criterion.empty_weight": torch.ones(22)}
        return {"model": state | extra, "optimizer": {"state": {0: torch.ones(3)}}, "iteration": 9}
    if name == "parallel":
        return {"model": {f"module.{key}": value for key, value in state.items()}}
    return {"model": {key: value for key, value in state.items() if not key.endswith("num_batches_tracked")}}


@pytest.mark.parametrize("name", ["bare", "trained", "parallel", "frozen"])
@pytest.mark.parametrize("zipped", [True, False])
def test_other_layouts_are_understood(tmp_path: Path, state: dict[str, Any], name: str, zipped: bool) -> None:
    file = tmp_path / "weights.pt"
    torch.save(other_content(state, name), file, _use_new_zipfile_serialization=zipped)
    found = load_checkpoint(file, SMALL_MULTI)
    assert set(found) == set(state)
    floats = [key for key, value in state.items() if value.is_floating_point()]
    assert all(torch.equal(found[key], state[key]) for key in floats)


def broken(state: dict[str, Any], name: str) -> dict[str, Any]:
    state = dict(state)
    first = next(iter(state))
    if name == "missing":
        del state["sem_seg_head.predictor.level_embed.weight"], state["backbone.res3.1.conv2.weight"]
    elif name == "unknown":
        state["backbone.res9.conv.weight"] = torch.ones(1)
    elif name == "shape":
        state[first] = state[first][1:]
    elif name == "nan":
        state[first] = state[first] * float("nan")
    return state


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("missing", ["2 missing", "level_embed.weight", "backbone.res3.1.conv2.weight"]),
        ("unknown", ["1 unknown", "backbone.res9.conv.weight"]),
        ("shape", ["another architecture", "stem.conv1.weight (15, 3, 3, 3) for (16, 3, 3, 3)"]),
        ("nan", ["no finite numbers", "stem.conv1.weight"]),
    ],
)
def test_wrong_tensors_are_listed(tmp_path: Path, state: dict[str, Any], name: str, words: list[str]) -> None:
    torch.save({"model": broken(state, name)}, tmp_path / "pytorch_model.pt")
    with pytest.raises(WeightsError) as error:
        load_checkpoint(tmp_path, SMALL_MULTI)
    assert all(word in str(error.value) for word in words), error.value


def test_weights_of_the_other_model(models: dict[str, Path]) -> None:
    with pytest.raises(WeightsError, match=r"21 classes; allowed: 20 classes.*several people"):
        load_checkpoint(models["multi"], SMALL_SINGLE)
    with pytest.raises(WeightsError, match=r"20 classes; allowed: 21 classes.*one person"):
        load_checkpoint(models["single"], SMALL_MULTI)


def test_weights_of_another_size(models: dict[str, Path]) -> None:
    with pytest.raises(WeightsError, match=r"missing: .*and \d+ more"):
        load_checkpoint(models["multi"], MULTI)


class Evil:
    """Would run code when unpickled."""

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return pytest.fail, ("code of a checkpoint was run",)


def damaged(whole: bytes, name: str) -> bytes:
    cuts = {"empty": 0, "start": 3, "half": len(whole) // 2, "end": len(whole) - 100}
    if name in cuts:
        return whole[: cuts[name]]
    if name == "page":
        return b"<!doctype html><title>404</title>"
    if name == "list":
        return pickle.dumps([1, 2])
    return pickle.dumps({"model": Evil()})


@pytest.mark.parametrize("name", ["empty", "start", "half", "end", "page", "list", "evil"])
def test_damaged_files(tmp_path: Path, models: dict[str, Path], name: str) -> None:
    file = tmp_path / "pytorch_model.pt"
    file.write_bytes(damaged((models["multi"] / "pytorch_model.pt").read_bytes(), name))
    with pytest.raises(WeightsError, match=r"pytorch_model\.pt"):
        load_checkpoint(file, SMALL_MULTI)


def test_code_in_a_checkpoint_is_not_run(tmp_path: Path) -> None:
    torch.save({"model": Evil()}, tmp_path / "pytorch_model.pt")
    with pytest.raises(WeightsError, match="tensors only"):
        load_checkpoint(tmp_path, SMALL_MULTI)


@pytest.mark.parametrize("content", [{}, {"model": {}}, {"model": {"a": 1}}, {"model": [1]}, {0: torch.ones(1)}])
def test_no_weights(tmp_path: Path, content: Any) -> None:
    torch.save(content, tmp_path / "pytorch_model.pt")
    with pytest.raises(WeightsError, match=r"holds (no weights|other things)"):
        load_checkpoint(tmp_path, SMALL_MULTI)


def test_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="there is no checkpoint"):
        load_checkpoint(tmp_path, SMALL_MULTI)


# ---- export ---------------------------------------------------------------------------------------------------------


def run_onnx(file: Path, image: Any) -> list[Any]:
    ort = pytest.importorskip("onnxruntime")
    options = ort.SessionOptions()
    options.intra_op_num_threads = 2
    return list(ort.InferenceSession(str(file), options).run(None, {"images": image.numpy()}))


def run_openvino(file: Path, image: Any) -> list[Any]:
    ov = pytest.importorskip("openvino", reason="openvino is not installed (extra openvino)")
    core = ov.Core()
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 2}
    model = core.compile_model(core.read_model(file), "CPU", settings)
    return [np.array(output) for output in model(image.numpy()).values()]  # they are views of the model's memory


@pytest.fixture(scope="module")
def exported(models: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, Any], Path]:
    """ONNX files of both models, of fixed and of dynamic shape."""
    folder, files = tmp_path_factory.mktemp("onnx"), {}
    for name, config in (("multi", SMALL_MULTI), ("single", SMALL_SINGLE)):
        network = load_network(models[name], config)
        for shape in (SHAPES[0], None):
            files[name, shape] = folder / f"{name}-{shape}.onnx"
            export_onnx(network, files[name, shape], shape)
    return files


@pytest.mark.parametrize("run", [run_onnx, run_openvino])
@pytest.mark.parametrize("name", ["multi", "single"])
@pytest.mark.parametrize(("shape", "dynamic"), [(SHAPES[0], False), (SHAPES[0], True), (SHAPES[1], True)])
def test_runtimes_agree_with_torch(
    models: dict[str, Path], exported: dict[tuple[str, Any], Path], run: Any, name: str, shape: Any, dynamic: bool
) -> None:
    config = {"multi": SMALL_MULTI, "single": SMALL_SINGLE}[name]
    network, seen = load_network(models[name], config), images(*shape, COUNT)
    single, double = network(seen), network.double()(seen.double())
    batches = [seen] if dynamic else seen.split(1)  # a fixed shape is of one image
    found = [run(exported[name, None if dynamic else shape], batch) for batch in batches]
    assert_close([np.concatenate(part) for part in zip(*found, strict=True)], single, double, slack=3.0)


def test_export_leaves_one_whole_file(exported: dict[tuple[str, Any], Path]) -> None:
    folder = exported["multi", None].parent
    assert set(folder.iterdir()) == set(exported.values())


def test_export_without_space(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def export(_: Any, __: Any, path: str, dynamo: bool = False, **___: Any) -> None:
        Path(path).write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch.onnx, "export", export)
    with pytest.raises(OutputError, match="cannot be written; got No space"):
        export_onnx(build_network(SMALL_MULTI), tmp_path / "m2fp.onnx")
    assert not list(tmp_path.iterdir())
