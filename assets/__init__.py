"""Files that ship inside the package: embedded models and sample photos, found by path."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

__all__ = ["asset_path"]


def asset_path(*parts: str) -> Path:
    """Path of a shipped file, such as ``asset_path("models", "parts.onnx")``; it may not exist."""
    return Path(str(files(__name__))).joinpath(*parts)
