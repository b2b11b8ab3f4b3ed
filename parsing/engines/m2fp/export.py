"""The network as an ONNX file, for runtimes without torch."""

from __future__ import annotations

import inspect
import os
import warnings
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

import torch

from dressform.parsing.engines.m2fp.network import M2FP
from dressform.parsing.errors import MissingExtraError, OutputError

__all__ = ["INPUT", "OPSET", "OUTPUTS", "export_onnx"]

INPUT = "images"
OUTPUTS = ("logits", "masks")
OPSET = 17  # has layer norm; grid sampling came with 16

_EXAMPLE = (96, 160)  # small, and no two maps of it have a side in common


def export_onnx(network: M2FP, path: Path, shape: tuple[int, int] | None = None) -> None:
    """Write the network as ONNX; its file appears only when complete.

    The input is ``images`` (n, 3, h, w) float32, the outputs are ``logits`` and ``masks``, all as in
    :meth:`M2FP.forward`.

    Args:
        network: On the CPU.
        path: The file to write, about 250 MB.
        shape: (height, width) of the input, multiples of 32, with n = 1: fixed shapes run faster. Without it n, h
            and w change from call to call.

    Raises:
        MissingExtraError: The package ``onnx``, without which torch exports nothing, is not installed.
        OutputError: No space, no permission.
    """
    if find_spec("onnx") is None:
        raise MissingExtraError("the package 'onnx' is not installed", remedy="pip install 'dressform[m2fp]'")
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    height, width = shape or _EXAMPLE
    dynamic = {INPUT: {0: "n", 2: "h", 3: "w"}, "logits": {0: "n"}, "masks": {0: "n", 2: "h4", 3: "w4"}}
    options = {"dynamo": False} if "dynamo" in inspect.signature(torch.onnx.export).parameters else {}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings():
            # It warns of being the older of two exporters, and of sizes that a trace would freeze if they were frozen.
            warnings.simplefilter("ignore")
            torch.onnx.export(
                network,
                (torch.zeros((1, 3, height, width)),),
                str(partial),
                input_names=[INPUT],
                output_names=list(OUTPUTS),
                dynamic_axes=None if shape else dynamic,
                opset_version=OPSET,
                **options,
            )
        partial.replace(path)
    except OSError as error:
        remedy = "make room or choose another folder"
        raise OutputError(f"{path} cannot be written", got=error.strerror or error, remedy=remedy) from error
    finally:
        with suppress(OSError):
            partial.unlink(missing_ok=True)
