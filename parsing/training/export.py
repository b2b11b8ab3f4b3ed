"""Export trained networks as ONNX models into the package, with sizes and hashes; those that see pictures as 8-bit.

    python -m dressform.parsing.training.export --data DATA --teacher CACHE/teacher --pack CACHE/people.npz \\
        --bystanders CACHE/bystanders.npz --runs CACHE/runs --out assets/models
"""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path

import onnx
import torch
from torch import Tensor, nn

from dressform.parsing.training.fit import Schedule, load_average
from dressform.parsing.training.quantize import quantize
from dressform.parsing.training.settings import read_config

__all__ = ["export_network", "write_manifest"]

EXAMPLES = {"people": (1, 384, 640, 3), "parts": (1, 256, 192, 4), "face": (1, 128, 128, 3)}
"""Shapes of pictures that the networks see; ``joints`` sees none."""
OUTPUTS = {"people": ("heat", "box", "mask"), "parts": ("probability", "keypoints"), "face": ("points", "score")}
NETWORKS = (*EXAMPLES, "joints")
CALIBRATION = 128
"""Items from which the ranges of activations are taken: the last of training, whose crops are those of run time."""


class Deployed(nn.Module):
    """A network as it ships: uint8 pictures (n, h, w, channels) in, probabilities out."""

    def __init__(self, net: nn.Module, name: str) -> None:
        super().__init__()
        self.net, self.name = net, name

    def forward(self, image: Tensor) -> Sequence[Tensor]:
        """Outputs in the order of :data:`OUTPUTS`."""
        out = self.net(image.permute(0, 3, 1, 2).float() / 255)
        if self.name == "people":
            return torch.sigmoid(out[0][:, 0]), out[1], torch.sigmoid(out[2][:, 0])
        if self.name == "parts":
            return _softmax(out[0]), torch.sigmoid(out[1])
        return out[0], torch.sigmoid(out[1])


def _softmax(logits: Tensor) -> Tensor:
    """Softmax over channels, spelled out: ONNX Runtime's own takes as long as all convolutions together.

    Nothing is subtracted first: 8-bit logits are bounded, far below where float32 overflows.
    """
    odds = torch.exp(logits)
    return odds / odds.sum(1, keepdim=True)


def export_network(name: str, folders: Mapping[str, Path], target: Path) -> None:
    """Export the averaged network of a run; one that sees pictures with 8-bit weights.

    Args:
        name: "people", "parts", "joints" or "face".
        folders: ``runs`` and what the network's training data is read from: ``data``, ``teacher``, ``pack``,
            ``bystanders``.
        target: Where the model goes.
    """
    module = import_module(f"dressform.parsing.training.train_{name}")
    config = read_config(name)
    net = load_average(module.build_net(config["net"]), folders["runs"] / name)
    partial = target.with_suffix(".partial")
    if name == "joints":
        _to_onnx(net, torch.ones(1, 17, 3), partial, "found", ("joints",), {0: "n"})
    else:
        whole = target.with_suffix(".float")
        axes = {0: "n"} if name == "face" else {0: "n", 1: "h", 2: "w"}
        picture = torch.zeros(EXAMPLES[name], dtype=torch.uint8)
        _to_onnx(Deployed(net, name).eval(), picture, whole, "image", OUTPUTS[name], axes)
        schedule = Schedule(**config["schedule"])
        data = module.open_data(folders, config, schedule)
        first = max(schedule.steps * schedule.batch - CALIBRATION, 0)
        items = range(first, first + CALIBRATION)
        quantize(whole, partial, (data[k][0].permute(1, 2, 0).numpy() for k in items))
        whole.unlink()
    model = onnx.load(partial)
    model.producer_name, model.doc_string = "dressform", f"{name} network of dressform's compact engine, Apache-2.0"
    partial.write_bytes(model.SerializeToString(deterministic=True))
    partial.rename(target)


def _to_onnx(
    net: nn.Module, example: Tensor, target: Path, given: str, outputs: Sequence[str], axes: dict[int, str]
) -> None:
    names = {"input_names": [given], "output_names": list(outputs), "dynamic_axes": {given: axes}}
    torch.onnx.export(net, (example,), str(target), opset_version=17, dynamo=False, **names)


def write_manifest(folder: Path) -> None:
    """Write ``manifest.json``: size and SHA-256 of each model in the folder."""
    rows = {
        path.name: {"sha256": hashlib.sha256(path.read_bytes()).hexdigest(), "size": path.stat().st_size}
        for path in sorted(folder.glob("*.onnx"))
    }
    (folder / "manifest.json").write_text(json.dumps(rows, indent=2) + "\n")


def main() -> None:
    """Command line of this module."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("data", "teacher", "pack", "bystanders", "runs", "out"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--only", choices=NETWORKS, action="append")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.only or NETWORKS:
        export_network(name, vars(args), args.out / f"{name}.onnx")
    write_manifest(args.out)
    print((args.out / "manifest.json").read_text())


if __name__ == "__main__":
    main()
