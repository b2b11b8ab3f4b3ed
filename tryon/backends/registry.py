"""Backends by name."""

from __future__ import annotations

from importlib.util import find_spec

from dressform.parsing import OptionError
from dressform.tryon.backends.base import Backend, BackendInfo

__all__ = ["SOURCE", "WEIGHTS_VARIABLE", "list_backends", "load_backend"]

SOURCE = "https://github.com/fashn-AI/fashn-vton-1.5"
"""Where the package of FASHN VTON 1.5 comes from; PyPI has none of its makers."""

WEIGHTS_VARIABLE = "DRESSFORM_FASHN_WEIGHTS"
"""Environment variable with the folder of its weights."""


def list_backends() -> tuple[BackendInfo, ...]:
    """All backends, the default first; nothing is loaded."""
    there = find_spec("fashn_vton") is not None
    how = "" if there else f"install {SOURCE} and its weights, and set {WEIGHTS_VARIABLE} to their folder"
    licence = "Apache-2.0; the parser that it loads has a licence of its own"
    summary = "FASHN VTON 1.5, a diffusion model on a GPU: garments from photos"
    return (
        BackendInfo("classic", "deterministic, on the CPU: any cloth, the photo's own folds", "Apache-2.0", True),
        BackendInfo("fashn", summary, licence, there, how),
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
