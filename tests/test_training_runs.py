"""The training loop, the data it draws and the export, on networks small enough to run in seconds."""

# ruff: noqa: E402 - what is imported below needs torch

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn
from torch.nn import functional
from torch.utils.data import Dataset

from dressform.parsing import Part
from dressform.parsing.training.fit import Schedule, fit, load_average
from dressform.parsing.training.networks import PartsNet
from dressform.parsing.training.pack import Sample, encode_jpeg, encode_png, write_pack

PARTS = len(Part)


pytestmark = pytest.mark.usefixtures("one_thread")

# Training loop


class Pictures(Dataset[tuple[Any, ...]]):
    """Item k: a random picture drawn from k, and which of its halves is the brighter."""

    def __getitem__(self, k: int) -> tuple[Any, ...]:
        picture = torch.rand((3, 8, 8), generator=torch.Generator().manual_seed(k))
        return picture, (picture[:, :, :4].mean() > picture[:, :, 4:].mean()).float()


def tiny_net() -> nn.Module:
    torch.manual_seed(3)
    layers = (nn.Conv2d(3, 4, 3, padding=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(256, 1))
    return nn.Sequential(*layers)


class Stop(Exception):
    pass


class TinyLoss:
    """Cross-entropy that gives up at a certain call, as a power cut would."""

    def __init__(self, stop: int | None = None) -> None:
        self.left = stop

    def __call__(self, net: nn.Module, batch: Sequence[Any]) -> dict[str, Any]:
        if self.left is not None:
            self.left -= 1
            if self.left < 0:
                raise Stop
        picture, left = batch
        return {"side": functional.binary_cross_entropy_with_logits(net(picture)[:, 0].float(), left)}


SCHEDULE = Schedule(steps=8, batch=4, warmup=2, log_every=1, save_every=3, workers=0, threads=1)


def test_a_resumed_run_ends_with_the_weights_of_an_uninterrupted_one(tmp_path: Path) -> None:
    whole = fit(tiny_net(), Pictures(), TinyLoss(), SCHEDULE, tmp_path / "whole")
    with pytest.raises(Stop):
        fit(tiny_net(), Pictures(), TinyLoss(stop=5), SCHEDULE, tmp_path / "cut")
    saved = torch.load(tmp_path / "cut/checkpoint.pt", weights_only=True)
    assert saved["step"] == 3, "the last save before the cut"
    resumed = fit(tiny_net(), Pictures(), TinyLoss(), SCHEDULE, tmp_path / "cut")
    for (name, first), second in zip(whole.state_dict().items(), resumed.state_dict().values(), strict=True):
        assert torch.equal(first, second), name
    states = [torch.load(tmp_path / run / "checkpoint.pt", weights_only=True) for run in ("whole", "cut")]
    for name, value in states[0]["net"].items():
        assert torch.equal(value, states[1]["net"][name]), name


def test_a_run_that_is_done_is_not_trained_again(tmp_path: Path) -> None:
    first = fit(tiny_net(), Pictures(), TinyLoss(), SCHEDULE, tmp_path)
    again = fit(tiny_net(), Pictures(), TinyLoss(stop=0), SCHEDULE, tmp_path)
    loaded = load_average(tiny_net(), tmp_path)
    for name, value in first.state_dict().items():
        assert torch.equal(value, again.state_dict()[name]) and torch.equal(value, loaded.state_dict()[name])
    assert not loaded.training


def test_the_log_has_a_row_per_interval_and_validation_at_saves(tmp_path: Path) -> None:
    fit(tiny_net(), Pictures(), TinyLoss(), SCHEDULE, tmp_path, lambda net: {"quality": 0.123456})
    rows = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert [row["step"] for row in rows if "side" in row] == list(range(1, 9))
    assert [(row["step"], row["quality"]) for row in rows if "quality" in row] == [
        (3, 0.1235),
        (6, 0.1235),
        (8, 0.1235),
    ]
    assert not list(tmp_path.glob("*.partial"))


# Data: item k depends on nothing but k


def sample(key: int, source: str) -> Sample:
    """A person of three blocks in front of noise."""
    rng = np.random.default_rng(key)
    image, codes = rng.integers(0, 255, (160, 120, 3), np.uint8), np.zeros((160, 120), np.uint8)
    for part, rows in ((Part.FACE, slice(20, 50)), (Part.COAT, slice(50, 100)), (Part.PANTS, slice(100, 150))):
        codes[rows, 40:80] = part
        image[rows, 40:80] = part.color
    joints = np.zeros((17, 3), np.float32)
    joints[[0, 5, 6, 11, 12]] = [(60, 35, 1), (78, 55, 1), (42, 55, 1), (72, 100, 1), (48, 100, 1)]
    face = np.full((70, 2), np.nan, np.float32)
    box = np.array([40, 20, 80, 150], np.float32)
    allowed = np.ones(PARTS, np.bool_)
    return Sample(encode_jpeg(image), encode_png(codes), allowed, joints, face, box, source, key)


def same(first: tuple[Any, ...], second: tuple[Any, ...]) -> bool:
    return all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_crops_depend_on_their_number_alone() -> None:
    from dressform.parsing.training.train_parts import PartCrops

    samples = [sample(k, source) for k, source in enumerate(["ccp", "ccp", "ccp-tags", "coco"], 1)]
    share = {"ccp": 0.5, "ccp-tags": 0.25, "coco": 0.25}
    stages = [(0, [(64, 96), (96, 64)]), (6, [(96, 128)])]
    inorder, direct = (PartCrops(samples, stages, 3, share, seed=1) for _ in range(2))
    items = [inorder[k] for k in range(9)]
    for k in (8, 2, 5):
        assert same(items[k], direct[k])
    image, codes, joints, allowed = items[8]
    assert image.shape[1:] == (128, 96) and codes.shape == (64, 48) and items[5][0].shape[1:] in ((96, 64), (64, 96))
    for first in (0, 3, 6):
        assert len({items[first + k][0].shape for k in range(3)}) == 1, "a batch has one size"
    assert joints.shape == (17, 3) and allowed.shape == (PARTS,) and image.dtype == torch.uint8
    assert not same(items[0], items[1])
    assert not same(items[2], PartCrops(samples, stages, 3, share, seed=2)[2])


def test_scenes_depend_on_their_number_alone() -> None:
    pytest.importorskip("scipy", reason="the module of COCO's masks reads MATLAB files too")
    from dressform.parsing.training.scenes import Photo
    from dressform.parsing.training.train_people import Scenes

    instances = np.zeros((90, 120), np.uint16)
    instances[20:80, 30:50], instances[30:80, 70:90] = 1, 2
    image = np.random.default_rng(0).integers(0, 255, (90, 120, 3), np.uint8)
    photos = [Photo(image, instances, np.array([[40, 25], [80, 35]], np.float32))]
    samples = [sample(1, "ccp"), sample(2, "ccp-tags"), sample(3, "coco")]
    inorder, direct = (Scenes(photos, samples, {}, (128, 96), seed=1) for _ in range(2))
    items = [inorder[k] for k in range(8)]
    for k in (7, 3, 0):
        assert same(items[k], direct[k])
    assert instances.max() == 2 and (photos[0].image == image).all(), "photos stay as they are"
    picture, heat, box, weight, mask = items[3]
    assert picture.shape == (3, 96, 128) and heat.shape == weight.shape == mask.shape == (24, 32)
    assert box.shape == (4, 24, 32) and (box > 0).all()
    for _, heat, _, weight, _ in items:
        peaks = int((heat == 1).sum())
        assert float(weight.sum()) <= peaks + 1e-3 and float(heat.max()) <= 1


def test_people_of_any_pose_are_pasted_but_their_photos_are_no_scenes(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("scipy", reason="the module of COCO's masks reads MATLAB files too")
    from dressform.parsing.training import train_people
    from dressform.parsing.training.scenes import Scene

    drawn: list[list[float]] = []

    def note(photos: Any, people: Any, size: tuple[int, int], rng: Any, behind: Any) -> Scene:
        drawn.append([float(person.box[0]) for person in people])
        return Scene(np.zeros((96, 128, 3), np.uint8), (), np.zeros((96, 128), np.uint16))

    monkeypatch.setattr(train_people, "draw_scene", note)
    samples = [sample(1, "ccp"), replace(sample(2, "coco"), box=np.array([7, 30, 40, 90], np.float32))]
    scenes = train_people.Scenes([], samples, {}, (128, 96), seed=1)
    for k in range(200):
        scenes[k]
    assert all(people[0] != 7 for people in drawn), "in them others may stand who are labelled in full elsewhere"
    pasted = [x == 7 for people in drawn for x in people[1:]]
    assert np.mean(pasted) == pytest.approx(train_people.OF_ANY_POSE, abs=0.06)


def test_mirrored_faces_swap_the_eyes() -> None:
    from dressform.parsing.training.train_face import MIRROR_FACE

    assert [MIRROR_FACE[k] for k in MIRROR_FACE] == list(range(70))
    assert MIRROR_FACE[36] == 45 and MIRROR_FACE[37] == 44 and MIRROR_FACE[41] == 46 and MIRROR_FACE[68] == 69
    assert MIRROR_FACE[48] == 54 and MIRROR_FACE[60] == 64 and MIRROR_FACE[8] == 8 and MIRROR_FACE[30] == 30


# Export


CONFIG = {
    "net": {"widths": [8, 12, 16, 16, 16], "depths": [0, 1, 1, 1, 1]},
    "share": {"ccp": 1.0},
    "stages": [{"from": 0.0, "sizes": [[96, 128]]}],
    "schedule": {"steps": 1, "batch": 2},
}


@pytest.mark.filterwarnings("ignore")
def test_an_exported_network_answers_nearly_as_the_trained_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    onnx = pytest.importorskip("onnx")
    runtime = pytest.importorskip("onnxruntime")
    from dressform.parsing.training import export

    torch.manual_seed(0)
    net = PartsNet([8, 12, 16, 16, 16], [0, 1, 1, 1, 1]).eval()
    (tmp_path / "parts").mkdir()
    torch.save({"average": net.state_dict()}, tmp_path / "parts" / "checkpoint.pt")
    write_pack(tmp_path / "people.npz", [sample(k, "ccp") for k in (1, 2, 3)])
    monkeypatch.setattr(export, "read_config", lambda name: CONFIG)
    monkeypatch.setattr(export, "CALIBRATION", 6)
    target = tmp_path / "parts.onnx"
    export.export_network("parts", {"runs": tmp_path, "pack": tmp_path / "people.npz"}, target)
    export.write_manifest(tmp_path)
    manifest = json.loads((tmp_path / "manifest.json").read_text())
    assert manifest["parts.onnx"]["size"] == target.stat().st_size
    model = onnx.load(target)
    stored = [t for t in model.graph.initializer if np.prod(t.dims) >= 500]
    assert stored and all(t.data_type == onnx.TensorProto.INT8 for t in stored)
    assert not {"Cast", "Softmax"} & {node.op_type for node in model.graph.node}, "slow on a CPU"
    session = runtime.InferenceSession(str(target), providers=["CPUExecutionProvider"])
    image = cv2.resize(np.random.default_rng(1).integers(0, 255, (2 * 8, 6, 4), np.uint8), (96, 128 * 2))
    batch = np.stack(np.split(image, 2))  # another batch and size than it was exported with
    found = session.run(None, {"image": batch})
    with torch.no_grad():
        expected = export.Deployed(net, "parts")(torch.from_numpy(batch))
    for name, a, b in zip(("probability", "keypoints"), found, expected, strict=True):
        assert a.shape == tuple(b.shape) and np.abs(a - b.numpy()).mean() < 5e-3, name
    assert found[0].sum(1) == pytest.approx(1, abs=1e-4)
    assert not list(tmp_path.glob("*.partial")) and not list(tmp_path.glob("*.float"))


def test_bytes_are_fed_only_to_a_network_that_scales_them_as_ours_do() -> None:
    onnx = pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    from dressform.parsing.training.quantize import BYTE_SCALE, feed_bytes

    def network(scale: float) -> Any:
        steps = ["Transpose", "Cast", "Div", "QuantizeLinear", "DequantizeLinear", "Relu"]
        names = ["image", *(f"after {step}" for step in steps[:-1]), "out"]
        rest = {"QuantizeLinear": ["scale", "zero"], "DequantizeLinear": ["scale", "zero"], "Div": ["most"]}
        options = {"Cast": {"to": onnx.TensorProto.FLOAT}, "Transpose": {"perm": [0, 3, 1, 2]}}
        nodes = [
            onnx.helper.make_node(step, [before, *rest.get(step, [])], [after], **options.get(step, {}))
            for step, before, after in zip(steps, names, names[1:], strict=False)
        ]
        values = {"scale": np.float32(scale), "zero": np.uint8(128), "most": np.float32(255)}
        stored = [onnx.numpy_helper.from_array(np.array(value), name) for name, value in values.items()]
        image = onnx.helper.make_tensor_value_info("image", onnx.TensorProto.UINT8, [1, 4, 6, 3])
        out = onnx.helper.make_tensor_value_info("out", onnx.TensorProto.FLOAT, [1, 3, 4, 6])
        return onnx.helper.make_model(onnx.helper.make_graph(nodes, "g", [image], [out], stored))

    model = network(BYTE_SCALE)
    feed_bytes(model)
    onnx.checker.check_model(model)
    assert [node.op_type for node in model.graph.node] == ["Transpose", "DequantizeLinear", "Relu"]
    assert {tensor.name for tensor in model.graph.initializer} == {"scale", "zero"}
    with pytest.raises(ValueError, match=r"0\.03000 \* \(x - 128\)"):
        feed_bytes(network(0.03))


def test_the_command_line_overrides_the_configuration(tmp_path: Path) -> None:
    from dressform.parsing.training.settings import read_settings

    given = ["--pack", "people.npz", "--out", str(tmp_path), "--steps", "7"]
    settings = read_settings("parts", ("pack",), given)
    assert settings.folders == {"pack": Path("people.npz"), "out": tmp_path}
    assert settings.schedule.steps == 7
    assert settings.schedule.batch == settings.config["schedule"]["batch"]
