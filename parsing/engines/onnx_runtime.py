"""ONNX Runtime, kept from reporting to its maker."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

__all__ = ["import_onnxruntime"]


def import_onnxruntime() -> Any:
    """The package ``onnxruntime``.

    Its official builds (since 1.29 on Linux too) write the start of every session to a database below the home folder
    and send that to Microsoft. Only this variable, read when the package is loaded, prevents the file as well.

    Raises:
        ImportError: It is not installed or cannot be loaded.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    return import_module("onnxruntime")
