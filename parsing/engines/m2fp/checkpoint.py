"""ModelScope's pytorch_model.pt: read without running code from it, and checked against the network it is for."""

from __future__ import annotations

import pickle
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dressform.parsing.engines.m2fp.configuration import Config
from dressform.parsing.errors import WeightsError

__all__ = ["CHECKPOINT_FILE", "load_checkpoint"]

CHECKPOINT_FILE = "pytorch_model.pt"

_CLASSES = "sem_seg_head.predictor.class_embed.weight"
_TRAINING = ("criterion.",)  # the loss has tensors of its own
_UNUSED = (".num_batches_tracked", "pixel_mean", "pixel_std")
_LISTED = 12  # names in an error; all of 900 would hide what is wrong


def load_checkpoint(path: Path, config: Config) -> dict[str, Tensor]:
    """Read the weights of one model.

    Args:
        path: ``pytorch_model.pt`` or the model folder that it lies in. What else is in the file, such as the state
            of an optimiser, is left on disk.
        config: The model.

    Returns:
        Every tensor of :func:`~dressform.parsing.engines.m2fp.network.build_network`'s network by its name, float32,
        on the CPU. Tensors may be backed by the file: they share its memory pages until written to.

    Raises:
        WeightsError: The file is missing, truncated, no checkpoint, has unknown, missing or ill-shaped tensors
            (which are listed), values that are no numbers, or is that of the other model.
    """
    file = path / CHECKPOINT_FILE if path.is_dir() else path
    state = {name.removeprefix("module."): tensor for name, tensor in _tensors(file, _read(file)).items()}
    state = {k: v for k, v in state.items() if not k.startswith(_TRAINING) and not k.endswith(_UNUSED)}
    shapes = _shapes(config)
    batches = {name for name in shapes if name.endswith(_UNUSED)}
    _check_names(file, state, set(shapes) - batches)
    _check_classes(file, state, config)
    wrong = [f"{k} {tuple(v.shape)} for {shapes[k]}" for k, v in state.items() if tuple(v.shape) != shapes[k]]
    if wrong:
        raise WeightsError(f"{file} is of another architecture than its configuration says", got=_some(wrong))
    state = {name: tensor.to(torch.float32) for name, tensor in state.items()}
    wrong = [name for name, tensor in state.items() if not bool(torch.isfinite(tensor).all())]
    if wrong:
        raise WeightsError(f"{file} holds values that are no finite numbers", got=_some(wrong))
    # Counters of training steps: nothing reads them here, and a checkpoint with frozen norms has none.
    return state | {name: torch.zeros(shapes[name], dtype=torch.int64) for name in batches}


def _read(file: Path) -> Any:
    remedy = "get the checkpoint again"
    if not file.is_file():
        raise WeightsError("there is no checkpoint", got=file, allowed=f"{CHECKPOINT_FILE}, or the folder it lies in")
    try:
        # Mapped, because the file may hold three times what is needed of it.
        return torch.load(file, map_location="cpu", weights_only=True, mmap=_is_zip(file))
    except pickle.UnpicklingError as error:
        what = f"{file} is not a checkpoint that can be read safely"
        raise WeightsError(what, got=str(error).split(". ")[0], allowed="tensors only", remedy=remedy) from None
    except OSError as error:
        raise WeightsError("the checkpoint cannot be read", got=f"{file}: {error.strerror or error}") from None
    except (RuntimeError, EOFError, ValueError, KeyError, AttributeError, IndexError, TypeError) as error:
        # A file that ends early fails in whatever torch happens to be reading.
        got = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no more bytes'}"
        raise WeightsError(f"{file} is truncated or damaged", got=got, remedy=remedy) from None


def _is_zip(file: Path) -> bool:
    """Whether torch wrote it in its current format, the only one that can be mapped."""
    with file.open("rb") as stream:
        return stream.read(4) == b"PK\x03\x04"


def _tensors(file: Path, content: Any) -> dict[str, Tensor]:
    """The state of the model inside what the file holds."""
    inner = content.get("model", content) if isinstance(content, Mapping) else None
    if not isinstance(inner, Mapping) or not inner:
        raise WeightsError(
            f"{file} holds no weights", got=type(content).__name__, allowed="tensors by name, in 'model'"
        )
    wrong = [str(name) for name, value in inner.items() if not (isinstance(name, str) and isinstance(value, Tensor))]
    if wrong:
        raise WeightsError(f"{file} holds other things than tensors", got=_some(wrong), allowed="tensors in 'model'")
    return dict(inner)


def _shapes(config: Config) -> dict[str, tuple[int, ...]]:
    """Shape of each tensor by name."""
    from dressform.parsing.engines.m2fp.network import build_network  # which imports this module

    with torch.device("meta"):
        return {name: tuple(tensor.shape) for name, tensor in build_network(config).state_dict().items()}


def _check_names(file: Path, state: Mapping[str, Tensor], expected: set[str]) -> None:
    missing, unknown = sorted(expected - set(state)), sorted(set(state) - expected)
    if missing or unknown:
        kinds = [
            f"{len(names)} {kind}: {_some(names)}"
            for kind, names in (("missing", missing), ("unknown", unknown))
            if names
        ]
        remedy = "give the checkpoint that belongs to this configuration"
        raise WeightsError(f"{file} has other tensors than M2FP", got=", and ".join(kinds), remedy=remedy)


def _check_classes(file: Path, state: Mapping[str, Tensor], config: Config) -> None:
    found, expected = state[_CLASSES].shape[0] - 1, len(config.classes)
    if found != expected:
        other = "several people" if config.single else "one person"
        raise WeightsError(
            f"{file} is not of this model",
            got=f"{found} classes",
            allowed=f"{expected} classes",
            remedy=f"these may be the weights of the model for {other}",
        )


def _some(names: Iterable[str]) -> str:
    names = list(names)
    more = [f"and {len(names) - _LISTED} more"] if len(names) > _LISTED else []
    return ", ".join(names[:_LISTED] + more)
