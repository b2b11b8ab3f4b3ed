"""Which engines there are, and how one is chosen and loaded. Nothing here downloads."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from difflib import get_close_matches
from importlib import import_module
from typing import Any, cast

from dressform.parsing.engines.base import EngineInfo, Parser
from dressform.parsing.engines.embedded import embedded_weights
from dressform.parsing.engines.m2fp.hubs import HUBS
from dressform.parsing.errors import EngineUnavailableError, OptionError

__all__ = ["DEFAULT_ENGINE", "ENGINE_VARIABLE", "default_engine", "engine_info", "list_engines", "load_parser"]

# The default may never be an engine whose weights forbid commercial use: those must be named.
DEFAULT_ENGINE = "compact"
ENGINE_VARIABLE = "DRESSFORM_ENGINE"

_NON_COMMERCIAL = "CC BY-NC 4.0, non-commercial"

_ENGINES = (
    EngineInfo(
        "compact",
        "Compact",
        licence="Apache-2.0",
        commercial=True,
        description="Three small networks that ship inside the package; needs no network and no GPU.",
        module="dressform.parsing.engines.compact",
    ),
    EngineInfo(
        "m2fp",
        "M2FP, several people",
        licence=_NON_COMMERCIAL,
        commercial=False,
        description="ModelScope's M2FP checkpoint trained on CIHP, without mmcv and, once converted, without torch.",
        extra="m2fp",
        module="dressform.parsing.engines.m2fp.engine",
        hub=HUBS["m2fp"],
    ),
    EngineInfo(
        "m2fp-single",
        "M2FP, one person",
        licence=_NON_COMMERCIAL,
        commercial=False,
        description="ModelScope's M2FP checkpoint trained on LIP, likewise; takes everybody in a photo for one person.",
        extra="m2fp",
        module="dressform.parsing.engines.m2fp.engine:load_single",
        hub=HUBS["m2fp-single"],
    ),
    EngineInfo(
        "modelscope",
        "ModelScope pipeline",
        licence=_NON_COMMERCIAL,
        commercial=False,
        description="An installed ModelScope's own human-parsing pipeline, to compare with.",
        module="dressform.parsing.engines.m2fp.adapter",
        hub=HUBS["m2fp"],
    ),
)


def list_engines() -> tuple[EngineInfo, ...]:
    """All known engines, the default first, those that this version cannot run included.

    Raises:
        WeightsError: The installation is damaged: the list of shipped models is missing.
    """
    return tuple(_with_weights(info) for info in _ENGINES)


def engine_info(name: str) -> EngineInfo:
    """The card of one engine.

    Raises:
        OptionError: No engine of this name; the error lists what exists.
        WeightsError: The installation is damaged: the list of shipped models is missing.
    """
    return _with_weights(_find(name, "unknown engine"))


def default_engine() -> str:
    """The name used where none is given: ``DRESSFORM_ENGINE`` if set, else the shipped engine."""
    return os.environ.get(ENGINE_VARIABLE) or DEFAULT_ENGINE


def load_parser(name: str | None = None, **options: Any) -> Parser:
    """Load an engine.

    Args:
        name: A name from :func:`list_engines`; None takes :func:`default_engine`. An engine with
            non-commercial weights runs only if it is named, here or in ``DRESSFORM_ENGINE``.
        options: Handed to the engine.

    Raises:
        OptionError: No such engine, or it has no such option.
        EngineUnavailableError: It cannot run here: not in this version, or an extra or weights are missing.
    """
    info = check_engine(name)
    try:
        module, _, function = str(info.module).partition(":")
        load = cast(Callable[..., Parser], getattr(import_module(module), function or "load"))
        _check_options(info, load, options)
        return load(**options)
    except ImportError as error:
        remedy = "'dressform doctor' says what is wrong"
        raise EngineUnavailableError(f"engine {info.name!r} cannot be loaded", got=error, remedy=remedy) from error


def check_engine(name: str | None = None) -> EngineInfo:
    """The engine that :func:`load_parser` would load, without its weights; raises as it does."""
    what = "unknown engine" if name or not os.environ.get(ENGINE_VARIABLE) else f"unknown engine in {ENGINE_VARIABLE}"
    info = _find(name or default_engine(), what)
    if not info.runnable:
        raise EngineUnavailableError(
            f"engine {info.name!r} is not in this version of dressform",
            allowed=", ".join(known.name for known in _ENGINES if known.runnable),
            remedy=f"use {DEFAULT_ENGINE!r}",
        )
    return info


def _check_options(info: EngineInfo, load: Callable[..., Parser], options: Mapping[str, object]) -> None:
    signature = inspect.signature(load)
    try:
        signature.bind(**options)
    except TypeError as error:
        allowed = ", ".join(signature.parameters) or "none"
        raise OptionError(f"engine {info.name!r}: {error}", allowed=f"options {allowed}") from None


def _find(name: str, what: str) -> EngineInfo:
    names = [info.name for info in _ENGINES]
    if name in names:
        return _ENGINES[names.index(name)]
    close = get_close_matches(name.lower(), names, n=1)
    raise OptionError(
        what, got=repr(name), allowed=", ".join(names), remedy=f"did you mean {close[0]!r}?" if close else None
    )


def _with_weights(info: EngineInfo) -> EngineInfo:
    return replace(info, weights=embedded_weights()) if info.name == DEFAULT_ENGINE else info
