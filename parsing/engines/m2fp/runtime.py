"""What runs the network: ONNX Runtime, OpenVINO or torch. One photo's input goes in, two arrays come out.

A compiled network of fixed input shape is faster and smaller than one whose shape changes. So the first photo's shape
is compiled in; when photos of another shape come, a network for all shapes takes its place. There is only ever one.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from threading import Lock
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from dressform.parsing.cpus import usable_cpus
from dressform.parsing.engines.m2fp.configuration import Config
from dressform.parsing.engines.m2fp.convert import Model, convert
from dressform.parsing.engines.m2fp.weights import Weights
from dressform.parsing.engines.onnx_runtime import import_onnxruntime
from dressform.parsing.errors import EngineUnavailableError, MissingExtraError, OptionError, WeightsError

__all__ = ["PRECISIONS", "RUNTIMES", "Plan", "Runner", "open_runner", "plan"]

Floats = npt.NDArray[np.float32]
Outputs = tuple[Floats, Floats]
Network = Callable[[Floats], Outputs]
Shape = tuple[int, int, int]
"""Photos, height, width."""
RUNTIMES = ("auto", "onnx", "openvino", "torch")
PRECISIONS = ("fp32", "bf16", "fp16")
_CUDA = "CUDAExecutionProvider"


@dataclass(frozen=True)
class Plan:
    """How a network will be run.

    Attributes:
        runtime: "onnx", "openvino" or "torch".
        device: "cpu", "cuda", "cuda:1", or another device that torch knows.
        precision: "fp32", "bf16" or "fp16".
    """

    runtime: str
    device: str
    precision: str


class Runner(Protocol):
    """A network ready to run. Threads may share one; it runs their photos one after another."""

    def run(self, images: Floats) -> Outputs:
        """Run on (n, 3, h, w) float32; returns class logits (n, q, k + 1) and mask logits (n, q, h / 4, w / 4).

        Raises:
            WeightsError: What comes out is not finite, or the model cannot be loaded.
            EngineUnavailableError: The device cannot really be used.
        """


def plan(runtime: str = "auto", device: str = "cpu", precision: str = "fp32", *, checkpoint: bool = True) -> Plan:
    """Choose a runtime, and refuse what cannot be.

    On a CPU "auto" takes OpenVINO where it is installed, else ONNX Runtime, in bf16 else torch; elsewhere torch.

    Args:
        runtime: One of ``RUNTIMES``.
        device: "cpu", "cuda", "cuda:1" …
        precision: One of ``PRECISIONS``.
        checkpoint: Whether there is a checkpoint; torch cannot run a converted model.

    Raises:
        OptionError: No such name, or names that don't go together.
        MissingExtraError: The runtime is not installed.
    """
    for what, value, allowed in (("runtime", runtime, RUNTIMES), ("precision", precision, PRECISIONS)):
        if value not in allowed:
            raise OptionError(f"unknown {what}", got=repr(value), allowed=", ".join(allowed))
    kind, _, number = device.partition(":")
    if not kind.isalpha() or not (number.isdecimal() or device == kind):
        raise OptionError("unknown device", got=repr(device), allowed="cpu, cuda, cuda:0, cuda:1 …")
    if runtime == "auto":
        runtime = _choice(kind, precision, checkpoint)
    if runtime == "torch" and not checkpoint:
        raise OptionError(
            "torch cannot run a converted model", remedy="give ModelScope's checkpoint, or another runtime"
        )
    if runtime == "onnx" and precision != "fp32":
        raise OptionError("ONNX Runtime computes in fp32 here", got=precision, remedy="use openvino or torch")
    allowed_kinds = {"onnx": ("cpu", "cuda"), "openvino": ("cpu",)}.get(runtime)
    if allowed_kinds is not None and kind not in allowed_kinds:
        raise OptionError(
            f"{runtime} does not run there", got=device, allowed=", ".join(allowed_kinds), remedy="use torch"
        )
    if kind == "cpu" and precision == "fp16":
        raise OptionError("CPUs don't compute in fp16", got=precision, allowed="fp32, bf16")
    module = {"onnx": "onnxruntime"}.get(runtime, runtime)
    if find_spec(module) is None:
        extra = "openvino" if runtime == "openvino" else "m2fp"
        raise MissingExtraError(f"{runtime} is not installed", remedy=f'pip install "dressform[{extra}]"')
    return Plan(runtime, device, precision)


def open_runner(weights: Weights, planned: Plan) -> Runner:
    """A runner of a model; nothing is loaded or converted before its first photo."""
    return _Runner(weights, planned)


def _choice(kind: str, precision: str, checkpoint: bool) -> str:
    if kind != "cpu":
        return "torch" if checkpoint and find_spec("torch") is not None else "onnx"
    if find_spec("openvino") is not None:
        return "openvino"
    return "onnx" if precision == "fp32" or not checkpoint else "torch"


@dataclass
class _Runner:
    weights: Weights
    planned: Plan
    lock: Lock = field(default_factory=Lock, repr=False)
    network: Network | None = field(default=None, repr=False)
    shape: Shape | None = None
    """What ``network`` was made for; None: any shape, or there is no network yet."""
    process: int = 0
    """The process that made it: a network's own threads do not survive a fork."""

    def run(self, images: Floats) -> Outputs:
        shape = (images.shape[0], images.shape[2], images.shape[3])
        with self.lock:
            if self.network is None or self.process != os.getpid():
                self._open(None if self.planned.runtime == "torch" else shape)
            elif self.shape is not None and self.shape != shape:
                self._open(None)
            assert self.network is not None
            logits, masks = self.network(np.ascontiguousarray(images))
        if not (np.isfinite(logits).all() and np.isfinite(masks).all()):
            raise WeightsError(
                "the network's output is not finite",
                got=f"{self.planned.runtime}, {self.planned.device}, {self.planned.precision}",
                remedy="use fp32; if it is, the weights are damaged",
            )
        return logits, masks

    def _open(self, shape: Shape | None) -> None:
        self.network = None  # before the next one is made, so that there are never two
        gc.collect()
        if self.planned.runtime == "torch":
            self.network = _open_torch(self.weights, self.planned)
        else:
            opener = _open_openvino if self.planned.runtime == "openvino" else _open_onnx
            self.network = opener(convert(self.weights), self.planned, shape)
        self.shape, self.process = shape, os.getpid()
        _give_back()


def _open_onnx(model: Model, planned: Plan, shape: Shape | None) -> Network:
    ort = import_onnxruntime()
    options: Any = ort.SessionOptions()
    options.intra_op_num_threads = usable_cpus()
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # it would never give memory back
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    for axis, size in zip(("n", "h", "w"), shape or (), strict=shape is not None):
        options.add_free_dimension_override_by_name(axis, size)
    kind, _, number = planned.device.partition(":")
    providers: list[Any] = ["CPUExecutionProvider"]
    if kind == "cuda":
        if _CUDA not in ort.get_available_providers():
            raise _no_cuda("this ONNX Runtime is built for the CPU", "pip install onnxruntime-gpu, or use torch")
        providers = [(_CUDA, {"device_id": int(number or 0)}), *providers]
    try:
        session = ort.InferenceSession(str(model.path), options, providers=providers)
    except Exception as error:  # ORT raises its own types, one per status code
        raise _damaged(model, error) from error
    if kind == "cuda" and session.get_providers()[0] != _CUDA:
        # It goes on without a word on the CPU where a library of CUDA is missing.
        raise _no_cuda("ONNX Runtime fell back to the CPU", "install CUDA and cuDNN as its release asks for")

    def run(images: Floats) -> Outputs:
        logits, masks = session.run(["logits", "masks"], {"images": images})
        return logits, masks

    return run


def _open_openvino(model: Model, planned: Plan, shape: Shape | None) -> Network:
    import openvino

    settings = {
        "INFERENCE_NUM_THREADS": usable_cpus(),
        "NUM_STREAMS": 1,
        "PERFORMANCE_HINT": "LATENCY",
        "INFERENCE_PRECISION_HINT": "bf16" if planned.precision == "bf16" else "f32",
    }
    try:
        core = openvino.Core()
        network = core.read_model(str(model.path))
        if shape is not None:
            network.reshape([shape[0], 3, *shape[1:]])
        request = core.compile_model(network, "CPU", settings).create_infer_request()
    except Exception as error:
        raise _damaged(model, error) from error

    def run(images: Floats) -> Outputs:
        request.infer([images])
        # Copies: the request's own arrays are overwritten by the next photo.
        return np.array(request.get_output_tensor(0).data), np.array(request.get_output_tensor(1).data)

    return run


def _open_torch(weights: Weights, planned: Plan) -> Network:
    import torch

    from dressform.parsing.engines.m2fp.network import load_network

    assert weights.checkpoint is not None and weights.config is not None
    kind = planned.device.partition(":")[0]
    if kind == "cuda" and not torch.cuda.is_available():
        raise _no_cuda(
            f"torch {torch.__version__} sees no CUDA device",
            "install torch for CUDA, or use device cpu, or runtime onnx",
        )
    try:
        device = torch.device(planned.device)
        network = load_network(weights.checkpoint, weights.config).to(device)
    except (RuntimeError, AssertionError) as error:
        raise EngineUnavailableError(f"device {planned.device} cannot be used", got=_line(error)) from None
    half = {"bf16": torch.bfloat16, "fp16": torch.float16}.get(planned.precision)

    def run(images: Floats) -> Outputs:
        with torch.inference_mode(), torch.autocast(kind, half, enabled=half is not None):
            found = network(torch.from_numpy(images).to(device).contiguous(memory_format=torch.channels_last))
        logits, masks = (each.float().cpu().numpy() for each in found)
        return logits, masks

    return run


def _no_cuda(why: str, remedy: str) -> EngineUnavailableError:
    return EngineUnavailableError("device cuda cannot be used", got=why, remedy=remedy)


def _damaged(model: Model, error: Exception) -> WeightsError:
    remedy = f"remove {model.path.parent} and convert the checkpoint again"
    return WeightsError("the converted model cannot be loaded", got=_line(error), remedy=remedy)


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())[:300]


def _give_back() -> None:
    """Give memory that compiling took, and freed, back to the system: a quarter of the peak."""
    gc.collect()
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)  # of glibc; others give back by themselves
        if trim is not None:
            trim(0)


def network_config(weights: Weights) -> Config:
    """The configuration of weights, from their card where they are converted.

    Raises:
        WeightsError: The converted model is damaged.
    """
    return weights.config if weights.config is not None else convert(weights).config
