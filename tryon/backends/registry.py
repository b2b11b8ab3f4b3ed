"""Backends by name."""

from __future__ import annotations

from importlib.util import find_spec

from dressform.parsing import OptionError
from dressform.tryon.backends.base import Backend, BackendInfo

__all__ = ["list_backends", "load_backend"]


def list_backends() -> tuple[BackendInfo, ...]:
    """All backends, the default first; nothing is loaded."""
    there = find_spec("fashn_vton") is not None
    how = "" if there else "install fashn-vton and its weights, and set DRESSFORM_FASHN_WEIGHTS to their folder"
    return (
        BackendInfo("classic", "deterministic, on the CPU: any cloth, the photo's own folds", "Apache-2.0", True),
        BackendInfo(
            "fashn", "FASHN VTON 1.5, a diffusion model on a GPU: garments from photos", "Apache-2.0", there, how
        ),
    )


def load_backend(name: str) -> Backend:
    """A backend by its name.

    Raises:
        OptionError: No such backend. EngineUnavailableError: It is not installed or has no weights.
    """
    if name == "classic":
        from dressform.tryon.backends.classic import Classic

        return Classic()
    if name == "fashn":
        from dressform.tryon.backends.fashn import load_fashn

        return load_fashn()
    raise OptionError("unknown backend", got=repr(name)[:40], allowed=", ".join(one.name for one in list_backends()))
