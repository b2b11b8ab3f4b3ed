"""What an installation consists of, and what is wrong with it. Collects; printing is the command's job."""

from __future__ import annotations

import os
import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path

from dressform.parsing.cpus import usable_cpus
from dressform.parsing.engines.m2fp.weights import is_pulled, pulled_folder
from dressform.parsing.engines.onnx_runtime import import_onnxruntime
from dressform.parsing.engines.registry import ENGINE_VARIABLE, check_engine, default_engine, list_engines, load_parser
from dressform.parsing.engines.store import (
    HOME_VARIABLE,
    OFFLINE_VARIABLE,
    home,
    is_offline,
    is_present,
    verify,
    weight_path,
)
from dressform.parsing.errors import DressformError

__all__ = ["Problem", "Report", "examine"]

_PACKAGES = ("dressform", "numpy", "pillow", "onnxruntime", "typer", "rich")
_OPTIONAL = ("openvino", "torch", "modelscope")  # M2FP's checkpoints run on one of the first two, or on ONNX Runtime
_MODULES = ("numpy", "PIL.Image", "cv2", "onnxruntime")


@dataclass(frozen=True)
class Problem:
    """Something wrong, and what to do about it."""

    what: str
    remedy: str


@dataclass(frozen=True)
class Report:
    """Facts by section, and problems; empty if all is well."""

    facts: Mapping[str, Mapping[str, str]]
    problems: tuple[Problem, ...]


def examine() -> Report:
    """Look at versions, machine, settings and models, and try to load the engine that would be used."""
    installed = sorted({(dist.metadata["Name"] or "").lower() for dist in distributions()})
    facts = {
        "versions": {"python": platform.python_version()}
        | {name: _version(name) for name in _PACKAGES}
        | _opencv()
        | {name: found for name in _OPTIONAL if (found := _version(name)) != "not installed"},
        "machine": {
            "system": f"{platform.system()} {platform.release()}, {platform.machine()}",
            "CPUs": str(os.cpu_count()),
            "threads used": str(usable_cpus()),
            "ONNX providers": _providers(),
        },
        "settings": {
            "home": str(home()),
            "offline": "yes" if is_offline() else "no",
            "engine": default_engine(),
        }
        | {name: os.environ[name] for name in (HOME_VARIABLE, OFFLINE_VARIABLE, ENGINE_VARIABLE) if name in os.environ},
        "models": dict(_models()),
    }
    problems = (*_packaging(installed), *_imports(), *_home(home()), *_weights(), *_engine())
    return Report(facts, problems)


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "not installed"


def _opencv() -> dict[str, str]:
    try:
        return {"cv2": str(import_module("cv2").__version__)}
    except Exception:  # a broken binary may raise anything; _imports tells it
        return {"cv2": "cannot be imported"}


def _providers() -> str:
    try:
        return ", ".join(import_onnxruntime().get_available_providers())
    except Exception:
        return "none: onnxruntime cannot be imported"


def _packaging(installed: list[str]) -> Iterator[Problem]:
    """Packages that install the same folder over each other."""
    for folder, keep in (("onnxruntime", "onnxruntime"), ("opencv", "opencv-python-headless")):
        flavours = [name for name in installed if _is_flavour(name, folder)]
        if len(flavours) > 1:
            yield Problem(
                f"{' and '.join(flavours)} are installed and overwrite each other's files",
                f"pip uninstall {' '.join(flavours)}, then pip install {keep} (or the one you want)",
            )


def _is_flavour(name: str, folder: str) -> bool:
    if folder == "opencv":
        return name.startswith(("opencv-python", "opencv-contrib-python"))
    return name in {"onnxruntime", "onnxruntime-gpu", "onnxruntime-directml", "onnxruntime-openvino", "ort-nightly"}


def _imports() -> Iterator[Problem]:
    for name in _MODULES:
        try:
            import_module(name)
        except Exception as error:
            yield Problem(f"{name} cannot be imported: {_line(error)}", "install dressform again in a new environment")


def _home(folder: Path) -> Iterator[Problem]:
    nearest = next((path for path in (folder, *folder.parents) if path.exists()), folder)
    if not nearest.is_dir() or not os.access(nearest, os.W_OK):
        yield Problem(f"weights cannot be stored in {folder}", f"set {HOME_VARIABLE} to a folder that can be written")


def _models() -> Iterator[tuple[str, str]]:
    try:
        for info in list_engines():
            for weight in info.weights:
                yield weight.name, f"{info.name}, {weight.size / 1e6:.1f} MB, {weight_path(weight)}"
            if info.hub is not None and is_pulled(info.hub):
                yield info.name, f"{info.hub.model} {info.hub.revision}, {pulled_folder(info.hub)}"
    except DressformError:
        return  # _weights tells it


def _weights() -> Iterator[Problem]:
    try:
        weights = [weight for info in list_engines() for weight in info.weights]
    except DressformError as error:
        yield _problem(error, "")
        return
    for weight in weights:
        if not weight.embedded and not is_present(weight):
            continue
        try:
            verify(weight_path(weight), weight.sha256)
        except DressformError as error:
            yield _problem(error, "install dressform again" if weight.embedded else f"remove {weight_path(weight)}")


def _engine() -> Iterator[Problem]:
    try:
        check_engine()
        load_parser()
    except DressformError as error:
        yield _problem(error, f"unset {ENGINE_VARIABLE}" if ENGINE_VARIABLE in os.environ else "")
    except Exception as error:
        yield Problem(f"engine {default_engine()!r} does not load: {_line(error)}", "install dressform again")


def _problem(error: DressformError, remedy: str) -> Problem:
    what = error.what if error.got is None else f"{error.what}: {error.got}"
    if error.allowed is not None:
        what += f"; allowed: {error.allowed}"
    return Problem(what, error.remedy or remedy)


def _line(error: Exception) -> str:
    return " ".join(f"{type(error).__name__}: {error}".split())
