"""The scripts of continuous integration: the README's commands are found, incomplete packages are noticed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parent.parent
BASH_BLOCK = "<!-- setup: run -->\n```sh\n{}\n```\n"


def load(name: str) -> ModuleType:
    spec = spec_from_file_location(name, ROOT / ".ci" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


readme_command, check_wheel = load("readme_command"), load("check_wheel")


def test_the_readme_has_both_commands() -> None:
    commands = readme_command.find_commands((ROOT / "README.md").read_text(encoding="utf-8"))
    assert set(commands) == {"run", "test"}
    assert "dressform demo" in commands["run"]
    assert "pytest" in commands["test"]


@pytest.mark.parametrize("block", ["a && b", "a && \\\n  b", "\na  &&  b\n"])
def test_a_block_is_one_line(block: str) -> None:
    assert readme_command.find_commands(BASH_BLOCK.format(block)) == {"run": "a && b"}


def test_other_blocks_do_not_count() -> None:
    text = "```sh\nother\n```\n<!-- setup: test -->\n\n```sh\npytest\n```\n```sh\nother\n```\n"
    assert readme_command.find_commands(text) == {"test": "pytest"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (BASH_BLOCK.format("a\nb"), "one command line"),
        (BASH_BLOCK.format("# only a comment"), "one command line"),
        (BASH_BLOCK.format(""), "one command line"),
        (BASH_BLOCK.format("a") * 2, "twice"),
        ("<!-- setup: run -->\nwords\n```sh\na\n```\n", "no ```sh block"),
        ("<!-- setup: run -->\n```python\na\n```\n", "no ```sh block"),
    ],
)
def test_what_is_refused(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        readme_command.find_commands(text)


def test_a_missing_command_is_one_line_on_stderr(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("no commands", encoding="utf-8")
    script = ROOT / ".ci" / "readme_command.py"
    run = subprocess.run([sys.executable, script, readme, "run"], capture_output=True, text=True, timeout=60)
    assert run.returncode == 1
    assert run.stdout == ""
    assert len(run.stderr.splitlines()) == 1


@pytest.mark.skipif(os.name == "nt", reason="bash is not part of Windows")
def test_the_script_is_sound_bash() -> None:
    subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=True, timeout=60)


@pytest.mark.skipif(os.environ.get("DRESSFORM_TEST_TOOLS") != "1", reason="not asked to test with every tool")
def test_no_test_is_left_out_for_want_of_a_tool() -> None:
    """Tests of the page, of the README and of Caddy are skipped where these are missing; in CI they must not be."""
    assert [name for name in ("bash", "caddy", "chromium", "curl") if shutil.which(name) is None] == []
    modules = ("axe_playwright_python", "check_jsonschema", "jwt", "playwright", "ruamel.yaml", "schemathesis")
    assert [name for name in modules if find_spec(name) is None] == []
    fonts = subprocess.run(["fc-list", ":lang=zh", "family"], capture_output=True, text=True, timeout=60).stdout
    assert fonts.strip(), "Chinese letters would be boxes"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A tree of two files that belong into the wheel and two that do not."""
    for name in ("parsing/a.py", "assets/models/b.onnx", "tests/test_a.py", ".gitignore"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name, encoding="utf-8")
    return tmp_path


FILES = {"parsing/a.py", "assets/models/b.onnx", "tests/test_a.py", ".gitignore"}
INFO = "dressform-1.dist-info/"


def write_wheel(path: Path, files: dict[str, str]) -> Path:
    record = "dressform/parsing/a.py,sha256=x,1\ndressform/parsing/a.pyc,,\n"
    with zipfile.ZipFile(path, "w") as archive:
        for name in check_wheel.INFO - {"RECORD"}:
            archive.writestr(INFO + name, "")
        for name, text in {**files, f"{INFO}RECORD": record}.items():
            archive.writestr(name, text)
    return path


def test_a_complete_wheel_passes(checkout: Path) -> None:
    files = {f"dressform/{name}": name for name in ("parsing/a.py", "assets/models/b.onnx")}
    wheel = write_wheel(checkout / "a.whl", files)
    assert check_wheel.check_wheel(wheel, checkout, FILES) == {"dressform/parsing/a.py": "sha256=x"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"dressform/assets/models/b.onnx": None}, "missing: dressform/assets/models/b.onnx"),
        ({"tests/test_a.py": ""}, "too much: tests/test_a.py"),
        ({"dressform/parsing/__pycache__/a.pyc": ""}, "too much: dressform/parsing/__pycache__"),
        ({"dressform/parsing/a.py": "older"}, "differs"),
    ],
)
def test_a_wrong_wheel_is_noticed(checkout: Path, change: dict[str, str | None], message: str) -> None:
    files = {
        "dressform/parsing/a.py": "parsing/a.py",
        "dressform/assets/models/b.onnx": "assets/models/b.onnx",
        **change,
    }
    wheel = write_wheel(checkout / "a.whl", {name: text for name, text in files.items() if text is not None})
    with pytest.raises(AssertionError, match=message):
        check_wheel.check_wheel(wheel, checkout, FILES)


@pytest.mark.parametrize(("left_out", "complete"), [("parsing/none.py", True), ("tests/test_a.py", False)])
def test_the_source_package_is_complete(checkout: Path, left_out: str, complete: bool) -> None:
    archive = checkout / "dressform-1.tar.gz"
    (checkout / "PKG-INFO").touch()
    with tarfile.open(archive, "w:gz") as tar:
        for name in FILES - {".gitignore", left_out} | {"PKG-INFO"}:
            tar.add(checkout / name, f"dressform-1/{name}")
    if complete:
        check_wheel.check_sdist(archive, FILES)
    else:
        with pytest.raises(AssertionError, match=f"missing: {left_out}"):
            check_wheel.check_sdist(archive, FILES)
