"""M2FP's weights where they lie: pulled from ModelScope's hub before, or what the user has already.

Pulled files lie in ``DRESSFORM_HOME/weights/MODEL/REVISION``; a record beside that folder keeps their hashes as they
were first pulled.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dressform.parsing.engines.base import HubModel
from dressform.parsing.engines.m2fp.configuration import CONFIGURATION_FILE, MULTI, SINGLE, Config, read_configuration
from dressform.parsing.engines.store import file_sha256, home, verify
from dressform.parsing.errors import WeightsError

__all__ = [
    "CARD_FILE",
    "CHECKPOINT_FILE",
    "FILES",
    "Weights",
    "check_kind",
    "find_weights",
    "is_pulled",
    "pulled_folder",
    "read_record",
    "record_path",
    "verify_pulled",
]

CHECKPOINT_FILE = "pytorch_model.pt"
CARD_FILE = "card.json"
"""Marks a folder with a converted model."""
FILES = (CONFIGURATION_FILE, CHECKPOINT_FILE)


@dataclass(frozen=True)
class Weights:
    """A model that can be run or converted.

    Attributes:
        name: Engine that it is for, ``m2fp`` or ``m2fp-single``.
        folder: A converted model, or None.
        checkpoint: ModelScope's file, or None where a converted model was given.
        config: The model's configuration; None where the converted model's card holds it.
        sha256: Of the checkpoint; empty where a converted model was given.
    """

    name: str
    folder: Path | None = None
    checkpoint: Path | None = None
    config: Config | None = None
    sha256: str = ""


def pulled_folder(hub: HubModel) -> Path:
    """Where the pulled files of a model lie, or would lie."""
    return home() / "weights" / hub.model.rpartition("/")[2] / hub.revision


def is_pulled(hub: HubModel) -> bool:
    """Whether a model's files are there; :func:`verify_pulled` looks at their content too."""
    folder = pulled_folder(hub)
    return read_record(folder) is not None and all((folder / name).is_file() for name in FILES)


def find_weights(name: str, hub: HubModel, given: str | Path | None = None) -> Weights:
    """The weights to run an engine with. Downloads nothing.

    Args:
        name: Engine: ``m2fp``, ``m2fp-single``, or ``modelscope``, which takes the weights of either.
        hub: Where its weights are published.
        given: ModelScope's model folder, its ``pytorch_model.pt``, or the folder of a converted model; None takes
            what was pulled.

    Raises:
        WeightsError: They are not there, or they are the other model's.
    """
    if given is None:
        return _pulled(name, hub)
    path = Path(given).expanduser()
    if (path / CARD_FILE).is_file():
        return Weights(name, folder=path)
    checkpoint = path / CHECKPOINT_FILE if path.is_dir() else path
    if not checkpoint.is_file():
        allowed = f"a folder with {' and '.join(FILES)}, the latter file itself, or a converted model's folder"
        raise WeightsError("no weights there", got=path, allowed=allowed)
    beside = checkpoint.with_name(CONFIGURATION_FILE)
    if beside.is_file():
        config = read_configuration(checkpoint.parent)
    elif path.is_dir():
        raise WeightsError(f"{CONFIGURATION_FILE} is missing", got=path, allowed=" and ".join(FILES))
    else:
        config = SINGLE if name == "m2fp-single" else MULTI
    check_kind(name, config, path)
    return Weights(name, None, checkpoint, config, file_sha256(checkpoint))


def check_kind(name: str, config: Config, path: Path) -> None:
    """A model of one person is for ``m2fp-single``, one of several people for ``m2fp``; ``modelscope`` takes both.

    Raises:
        WeightsError: It is the other one.
    """
    if name != "modelscope" and config.single != (name == "m2fp-single"):
        other = "m2fp-single" if config.single else "m2fp"
        raise WeightsError(
            f"these are the weights of engine {other!r}", got=path, allowed=f"weights of {name!r}",
            remedy=f"use engine {other!r}, or give its weights",
        )  # fmt: skip


def verify_pulled(hub: HubModel) -> Iterator[Path]:
    """Check pulled files against the hashes of their first pull; yields each that is right.

    Raises:
        WeightsError: A file is missing or damaged.
    """
    folder, record = pulled_folder(hub), read_record(pulled_folder(hub))
    if record is None:
        raise WeightsError(f"{hub.model} is not here", got=folder, remedy="'dressform models pull' fetches it")
    for file, digest in record.items():
        verify(folder / file, digest)
        yield folder / file


def _pulled(name: str, hub: HubModel) -> Weights:
    folder = pulled_folder(hub)
    record = read_record(folder)
    if record is None or not is_pulled(hub):
        remedy = f"'dressform models pull {name}' fetches them; or give a folder that you have with --weights"
        raise WeightsError(f"the weights of {name} are not here", got=folder, remedy=remedy)
    config = read_configuration(folder)
    check_kind(name, config, folder)
    return Weights(name, None, folder / CHECKPOINT_FILE, config, record[CHECKPOINT_FILE])


def record_path(folder: Path) -> Path:
    """Where the hashes of a pulled folder's files are kept."""
    return folder.with_name(f"{folder.name}.json")


def read_record(folder: Path) -> dict[str, str] | None:
    """Hashes by file name as they were at the first pull; None: nothing was pulled yet."""
    try:
        row = json.loads(record_path(folder).read_text(encoding="utf-8"))
        return {name: str(row["sha256"][name]) for name in FILES}
    except (OSError, ValueError, TypeError, KeyError):
        return None
