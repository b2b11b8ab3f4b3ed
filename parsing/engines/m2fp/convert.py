"""From a checkpoint to an ONNX model, once: afterwards nothing needs torch any more.

A converted model is a folder below ``DRESSFORM_HOME/converted`` with ``model.onnx`` and ``card.json``; it is named by
the checkpoint's hash, appears whole or not at all, and may be copied to another machine and given as ``--weights``.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from dressform.parsing.engines.lock import file_lock
from dressform.parsing.engines.m2fp.configuration import Config
from dressform.parsing.engines.m2fp.weights import CARD_FILE, Weights, check_kind
from dressform.parsing.engines.store import file_sha256, home, verify
from dressform.parsing.errors import MissingExtraError, OutputError, WeightsError

__all__ = ["MODEL_FILE", "Model", "convert", "converted_folder", "read_model", "verify_model"]

MODEL_FILE = "model.onnx"
FORMAT = 1
"""Goes up when conversion changes; older folders are then left alone and new ones made."""
_LOCK_S = 3600


@dataclass(frozen=True)
class Model:
    """A converted model.

    Attributes:
        path: The ONNX file.
        config: The model's configuration.
        sha256: Of the ONNX file.
        size: Of the ONNX file, in bytes.
    """

    path: Path
    config: Config
    sha256: str
    size: int


def converted_folder(weights: Weights) -> Path:
    """Where the converted model lies, or would lie."""
    return weights.folder or home() / "converted" / f"{weights.name}-{weights.sha256[:16]}-{FORMAT}"


def convert(weights: Weights) -> Model:
    """The converted model; made if it is not there, which takes about ten seconds and 2 GB of memory.

    Of several processes that want it one converts and the others wait.

    Raises:
        WeightsError: The checkpoint is truncated, of another architecture, or holds NaN; or a given converted model
            is damaged.
        MissingExtraError: torch or onnx is not installed.
        OutputError: The folder cannot be written, or is full.
    """
    folder = converted_folder(weights)
    if weights.folder is not None:
        return read_model(folder, weights.name)
    try:
        return read_model(folder, weights.name)
    except WeightsError:
        pass  # not there, or damaged: it is made anew
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with file_lock(folder.with_name(f".{folder.name}.lock"), _LOCK_S):
            try:  # somebody else made it while this process waited
                return read_model(folder, weights.name)
            except WeightsError:
                _make(folder, weights)
    except TimeoutError as error:
        raise WeightsError("gave up waiting for another conversion", got=error) from None
    except OSError as error:
        remedy = "make room or the folder writable, or set DRESSFORM_HOME to another one"
        got = f"{folder.parent}: {error.strerror or error}"
        raise OutputError("the folder of converted models cannot be written", got=got, remedy=remedy) from None
    return read_model(folder, weights.name)


def read_model(folder: Path, name: str) -> Model:
    """A converted model by its folder; its content is not hashed.

    Raises:
        WeightsError: Missing, damaged, made by another version, or of the other engine.
    """
    try:
        card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
        if card["format"] != FORMAT:
            raise WeightsError("made by another version of dressform", got=f"{folder}: format {card['format']}",
                               allowed=FORMAT, remedy="convert the checkpoint again")  # fmt: skip
        row = card["onnx"]
        found = Model(folder / MODEL_FILE, _config(card["config"]), str(row["sha256"]), int(row["size"]))
        size = found.path.stat().st_size
    except (OSError, ValueError, TypeError, KeyError) as error:
        what, remedy = "no converted model there, or a damaged one", "convert the checkpoint again"
        raise WeightsError(what, got=f"{folder}: {error}", remedy=remedy) from None
    if size != found.size:
        remedy = "remove the folder and convert the checkpoint again"
        raise WeightsError(f"{found.path} is damaged", got=f"{size} bytes", allowed=found.size, remedy=remedy)
    check_kind(name, found.config, folder)
    return found


def verify_model(model: Model) -> None:
    """Check the ONNX file's content.

    Raises:
        WeightsError: It is not what was converted.
    """
    verify(model.path, model.sha256)


def _make(folder: Path, weights: Weights) -> None:
    prefix = f".{folder.name}."
    for left in folder.parent.glob(f"{prefix}*.part"):  # a killed process left it
        shutil.rmtree(left, ignore_errors=True)
    part = Path(tempfile.mkdtemp(prefix=prefix, suffix=".part", dir=folder.parent))
    try:
        _export(weights, part / MODEL_FILE)
        with (part / MODEL_FILE).open("rb+") as file:
            os.fsync(file.fileno())
        card = {
            "format": FORMAT,
            "engine": weights.name,
            "checkpoint_sha256": weights.sha256,
            "onnx": {"sha256": file_sha256(part / MODEL_FILE), "size": (part / MODEL_FILE).stat().st_size},
            "made_by": {name: _version(name) for name in ("dressform", "torch")},
            "config": asdict(weights.config) if weights.config is not None else {},
        }
        (part / CARD_FILE).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
        part.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        part.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _export(weights: Weights, path: Path) -> None:
    assert weights.checkpoint is not None and weights.config is not None
    try:
        from dressform.parsing.engines.m2fp.export import export_onnx
        from dressform.parsing.engines.m2fp.network import load_network
    except ImportError as error:
        remedy = 'pip install "dressform[m2fp]", or copy a converted model here and give its folder with --weights'
        raise MissingExtraError("conversion needs torch and onnx", got=error, remedy=remedy) from None
    export_onnx(load_network(weights.checkpoint, weights.config), path)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:  # run from a folder, not installed
        return ""


def _config(row: Mapping[str, Any]) -> Config:
    known = {field.name for field in fields(Config)}
    if set(row) != known:
        raise ValueError(f"configuration has other fields than {', '.join(sorted(known))}")
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in row.items()}
    return Config(**values)
