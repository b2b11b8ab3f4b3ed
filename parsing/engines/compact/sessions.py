"""ONNX Runtime sessions of the embedded networks: fixed input sizes, memory arena off, one thread pool each."""

from __future__ import annotations

import os
from functools import cache
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from dressform.assets import asset_path
from dressform.parsing.cpus import usable_cpus
from dressform.parsing.engines.onnx_runtime import import_onnxruntime
from dressform.parsing.errors import WeightsError

if TYPE_CHECKING:
    import onnxruntime

__all__ = ["Network", "open_network"]

Floats = npt.NDArray[np.float32]
_OPENING = Lock()


class Network:
    """One embedded model. Sessions of fixed input shape are opened when first needed and shared by threads.

    A session with a changing input shape keeps growing; one with the memory arena on never gives
    memory back. Both are known traps of servers.
    """

    def __init__(self, name: str) -> None:
        self.name = name

    def run(self, batch: npt.NDArray[np.uint8] | Floats) -> list[Floats]:
        """Run on n crops or bodies; returns the model's outputs, each with n rows.

        Args:
            batch: (n, h, w, channels) uint8, RGB first; for ``joints`` (n, 17, 3) float32.

        Raises:
            WeightsError: The model is missing or damaged.
        """
        count, height, width = batch.shape[:3]
        session = _session(self.name, (count, height, width))
        outputs: list[Floats] = session.run(None, {session.get_inputs()[0].name: np.ascontiguousarray(batch)})
        return outputs

    def warm(self, shape: tuple[int, int, int]) -> None:
        """Open the session for this (n, h, w).

        Raises:
            WeightsError: The model is missing or damaged.
        """
        _session(self.name, shape)


@cache
def open_network(name: str) -> Network:
    """The embedded model ``people``, ``parts``, ``joints`` or ``face``."""
    return Network(name)


def _session(name: str, shape: tuple[int, int, int]) -> onnxruntime.InferenceSession:
    # Without the lock, threads that start together would each read and optimise the same model. The
    # process is part of the key because a session's own threads do not survive a fork.
    with _OPENING:
        return _open(name, shape, os.getpid())


@cache
def _open(name: str, shape: tuple[int, int, int], process: int) -> onnxruntime.InferenceSession:
    ort = import_onnxruntime()
    path = asset_path("models", f"{name}.onnx")
    if not path.is_file():
        raise WeightsError(f"the shipped model {path.name} is missing", got=path, remedy="install dressform again")
    options: Any = ort.SessionOptions()
    options.intra_op_num_threads = usable_cpus()
    options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False
    options.log_severity_level = 3
    for axis, size in zip(("n", "h", "w"), shape, strict=True):
        options.add_free_dimension_override_by_name(axis, size)
    # Busy-waiting threads would starve whatever else runs on a small machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    try:
        return ort.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # ORT raises its own types, one per status code
        remedy = "'dressform models verify' tells whether the file is damaged; then install dressform again"
        what = f"the shipped model {path.name} cannot be loaded"
        raise WeightsError(what, got=type(error).__name__, remedy=remedy) from error
