"""The package as a whole: what is declared equals the tree, layers point one way, imports stay cheap."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import dressform.parsing

ROOT = Path(__file__).parent.parent
LAYERS = {  # package: those it may import
    "assets": {"assets"},
    "parsing": {"parsing", "assets"},
    "avatar": {"avatar", "parsing", "assets"},
    "tryon": {"tryon", "parsing", "assets"},
    "api": {"api", "avatar", "tryon", "parsing", "assets"},
}
TRAINING = "dressform.parsing.training"
HEAVY = {"matplotlib", "mediapipe", "onnx", "scipy", "torch"}
TORCH_ENGINES = {"dressform.parsing.engines.m2fp"}  # may import torch, inside functions
NEEDS_TORCH = {  # what those functions import: networks, their weights, their export
    f"dressform.parsing.engines.m2fp.{name}"
    for name in ("backbone", "checkpoint", "decoder", "deformable", "export", "network", "pixel_decoder")
}
MAX_LINES = 300
BASE = {
    "fastapi",
    "limits",
    "numpy",
    "onnxruntime",
    "opencv-python-headless",
    "pillow",
    "prometheus-client",
    "pydantic-settings",
    "python-multipart",
    "rich",
    "typer",
    "uvicorn",
}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    """pyproject.toml."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def sources(folder: str) -> list[Path]:
    return sorted((ROOT / folder).rglob("*.py"))


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(("dressform", *(parts[:-1] if parts[-1] == "__init__" else parts)))


MODULES = {module_name(path): path for folder in LAYERS for path in sources(folder)}


def imported(path: Path, *, on_import_only: bool = False) -> Iterator[str]:
    """Modules that a file imports anywhere, or those that importing the file imports."""
    queue: list[ast.AST] = [ast.parse(path.read_text(encoding="utf-8"))]
    while queue:
        node = queue.pop()
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        guard = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.dump(node.test)
        if not on_import_only or not (isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda) or guard):
            queue += ast.iter_child_nodes(node)


# ---- what is declared -----------------------------------------------------------------------------------------------


def test_declared_packages_are_the_folders_with_code(project: dict[str, Any]) -> None:
    found = {module_name(path.parent / "__init__.py") for path in MODULES.values()}
    assert sorted(project["tool"]["setuptools"]["packages"]) == sorted(found)
    for path in MODULES.values():
        assert (path.parent / "__init__.py").exists(), f"{path.parent} is no package"


def test_package_data_is_every_file_that_is_not_code(project: dict[str, Any]) -> None:
    patterns: dict[str, list[str]] = project["tool"]["setuptools"]["package-data"]
    declared = set()
    for package in project["tool"]["setuptools"]["packages"]:
        folder = ROOT.joinpath(*package.split(".")[1:])
        for pattern in (*patterns["*"], *patterns.get(package, [])):
            declared |= {path for path in folder.glob(pattern) if path.is_file()}
    files = {path for folder in LAYERS for path in (ROOT / folder).rglob("*") if path.is_file()}
    data = {path for path in files if path.suffix not in {".py", ".pyc"}}
    assert {str(p.relative_to(ROOT)) for p in declared} == {str(p.relative_to(ROOT)) for p in data}


def test_every_package_is_typed() -> None:
    assert all((ROOT / folder / "py.typed").exists() for folder in LAYERS)


def requirement_name(requirement: str) -> str:
    match = re.match(r"[\w.-]+", requirement)
    assert match, requirement
    return match[0].lower()


def test_base_dependencies_stay_small(project: dict[str, Any]) -> None:
    assert {requirement_name(r) for r in project["project"]["dependencies"]} == BASE


def test_torch_is_in_two_extras_only(project: dict[str, Any]) -> None:
    extras = project["project"]["optional-dependencies"]
    assert {extra for extra, rows in extras.items() if "torch" in map(requirement_name, rows)} == {"m2fp", "train"}
    assert "dressform" not in {requirement_name(r) for rows in extras.values() for r in rows}


def test_every_dependency_says_why(project: dict[str, Any]) -> None:
    lines = (ROOT / "pyproject.toml").read_text(encoding="utf-8").splitlines()
    extras = project["project"]["optional-dependencies"].values()
    for requirement in (*project["project"]["dependencies"], *(r for rows in extras for r in rows)):
        declared = [line for line in lines if f'"{requirement}"' in line]
        assert declared and all(re.search(r"#\s*\w+", line) for line in declared), f"{requirement} has no comment"


# ---- what is imported -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("folder", LAYERS)
def test_layers_point_one_way(folder: str) -> None:
    for path in sources(folder):
        for name in imported(path):
            package = name.split(".")[1] if name.startswith("dressform.") else folder
            assert package in LAYERS[folder], f"{path} imports {name}"
            assert not name.startswith(TRAINING) or module_name(path).startswith(TRAINING), f"{path} imports {name}"


def test_only_training_needs_the_training_stack() -> None:
    for module, path in MODULES.items():
        if module.startswith(TRAINING):
            continue
        allowed = {"torch"} if any(f"{module}.".startswith(f"{engine}.") for engine in TORCH_ENGINES) else set()
        assert not {name.split(".")[0] for name in imported(path)} & HEAVY - allowed, path
        allowed = {"torch"} if module in NEEDS_TORCH else set()
        assert not {name.split(".")[0] for name in imported(path, on_import_only=True)} & HEAVY - allowed, path
        reached = {name.rsplit(".", 1)[0] for name in imported(path, on_import_only=True)} & NEEDS_TORCH
        assert module in NEEDS_TORCH or not reached, f"importing {path} imports torch through {reached}"


def test_importing_the_package_is_cheap() -> None:
    code = "import sys, dressform.parsing; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=60)
    assert not {"PIL", "cv2", "numpy", "onnxruntime", "torch"} & set(run.stdout.split())


@pytest.mark.parametrize("module", [n for n in MODULES if not n.startswith(TRAINING) and n not in NEEDS_TORCH])
def test_public_names_exist(module: str) -> None:
    loaded = import_module(module)
    missing = [name for name in getattr(loaded, "__all__", ()) if not hasattr(loaded, name)]
    assert not missing, f"{module}.__all__ names {missing}"


def test_public_names_exist_where_torch_is_needed() -> None:
    for module in (name for name in MODULES if name.startswith(TRAINING) or name in NEEDS_TORCH):
        try:
            loaded = import_module(module)
        except ModuleNotFoundError as error:
            assert error.name, module
            assert error.name.split(".")[0] in HEAVY, error
        else:
            assert all(hasattr(loaded, name) for name in getattr(loaded, "__all__", ())), module


def test_the_folders_are_not_importable_by_their_bare_names() -> None:
    # ``import parsing`` from the checkout would make a second module of the same file, with classes of its own.
    assert not set(LAYERS) & set(sys.modules)


@pytest.mark.skipif(os.environ.get("DRESSFORM_TEST_INSTALLED") != "1", reason="not asked to test an installed package")
def test_what_is_tested_is_installed() -> None:
    where = Path(dressform.parsing.__file__)
    assert where.is_relative_to(sysconfig.get_path("purelib"))
    assert where.parent != ROOT / "parsing"


# ---- files ----------------------------------------------------------------------------------------------------------


def test_files_stay_short() -> None:
    long = {
        str(path.relative_to(ROOT)): count
        for folder in (*LAYERS, "tests", ".ci", "docs")
        for path in sources(folder)
        if (count := len(path.read_text(encoding="utf-8").splitlines())) > MAX_LINES
    }
    assert not long


def test_no_file_points_outside_the_repository() -> None:
    outside = re.compile(r"(?<![\w.}])/(work|root|home/\w+)/|\.\./shared|/shared/")
    texts = {".py", ".md", ".toml", ".json", ".txt", ".in", ""}
    paths = [path for path in ROOT.iterdir() if path.is_file() and path.name != ".git"]
    paths += [path for folder in (*LAYERS, ".ci", "docs") for path in (ROOT / folder).rglob("*")]
    for path in paths:
        if path.is_file() and path.suffix in texts and "__pycache__" not in path.parts:
            found = outside.search(path.read_text(encoding="utf-8"))
            assert found is None, f"{path} mentions {found}"
