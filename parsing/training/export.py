"""Export trained networks as ONNX with 16-bit weights into the package, with sizes and hashes.

    python -m dressform.parsing.training.export --runs CACHE/runs --out assets/models

Weights are stored as float16 and widened when the model is read, so arithmetic stays float32 and
nothing depends on a processor's half-precision units.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tomllib
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

from dressform.parsing.training.fit import load_average

__all__ = ["export_network", "halve_weights", "write_manifest"]

EXAMPLES = {"people": (1, 384, 640, 3), "parts": (1, 256, 192, 4), "face": (1, 128, 128, 3)}
OUTPUTS = {"people": ("heat", "box", "mask"), "parts": ("probability", "keypoints"), "face": ("points", "score")}
MIN_HALVED = 512  # numbers; smaller tensors are not worth a conversion


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
            return torch.softmax(out[0], 1), torch.sigmoid(out[1])
        return out[0], torch.sigmoid(out[1])


def halve_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """Store large float32 weights as float16 behind a Cast; the runtime folds the Cast away when it loads."""
    graph = model.graph
    casts = []
    for tensor in graph.initializer:
        if tensor.data_type == TensorProto.FLOAT and np.prod(tensor.dims, dtype=np.int64) >= MIN_HALVED:
            values, name = numpy_helper.to_array(tensor), tensor.name
            tensor.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            casts.append(helper.make_node("Cast", [f"{name}.half"], [name], to=TensorProto.FLOAT, name=f"{name}.widen"))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def export_network(name: str, run: Path, config: Path, target: Path) -> None:
    """Export the averaged network of a run."""
    module = import_module(f"dressform.parsing.training.train_{name}")
    net = load_average(module.build_net(tomllib.loads(config.read_text())["net"]), run)
    example = torch.zeros(EXAMPLES[name], dtype=torch.uint8)
    axes = {0: "n"} if name == "face" else {0: "n", 1: "h", 2: "w"}
    partial = target.with_suffix(".partial")
    torch.onnx.export(
        Deployed(net, name).eval(),
        (example,),
        str(partial),
        input_names=["image"],
        output_names=list(OUTPUTS[name]),
        dynamic_axes={"image": axes},
        opset_version=17,
        dynamo=False,
    )
    model = halve_weights(onnx.load(partial))
    model.producer_name, model.doc_string = "dressform", f"{name} network of dressform's compact engine, Apache-2.0"
    partial.write_bytes(model.SerializeToString(deterministic=True))
    partial.rename(target)


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
    parser.add_argument("--runs", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--only", choices=sorted(EXAMPLES), action="append")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.only or EXAMPLES:
        config = Path(__file__).with_name(f"{name}.toml")
        export_network(name, args.runs / name, config, args.out / f"{name}.onnx")
    write_manifest(args.out)
    print((args.out / "manifest.json").read_text())


if __name__ == "__main__":
    main()
