"""The scripts of continuous integration: the README's commands are found, and are one line each."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
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


readme_command = load("readme_command")


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
