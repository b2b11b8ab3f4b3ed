"""Fixtures shared by the tests: a photo on disk, an engine that paints a fixed result, the command line."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image

from dressform.parsing import Parse, Part, load_image
from dressform.parsing.result import Observation


@dataclass
class FakeParser:
    """Finds one person per 20 pixels of width, nobody in a black photo; remembers what it was given."""

    name: str = "fake"
    seen: list[Any] = field(default_factory=list)
    options: dict[str, Any] = field(default_factory=dict)

    def parse(self, source: Any) -> Parse:
        self.seen.append(source)
        image = load_image(source)
        height, width = image.shape[:2]
        labels, instances = np.zeros((height, width), np.uint8), np.zeros((height, width), np.uint16)
        people = width // 20 if image.any() else 0
        boxes = []
        for k in range(people):
            columns = slice(20 * k + 2, 20 * k + 18)
            labels[2 : height // 2, columns] = Part.UPPER_CLOTHES
            labels[height // 2 : height - 2, columns] = Part.PANTS
            instances[2 : height - 2, columns] = k + 1
            boxes.append((20 * k + 2.0, 2.0, 20 * k + 18.0, height - 2.0))
        return Parse(labels, instances, tuple(Observation(box, 0.9) for box in boxes), image, engine=self.name)


class Ran(NamedTuple):
    """What a run of the command line left: exit code, standard output, standard error."""

    code: int
    out: str
    err: str


@pytest.fixture
def fake_parser(monkeypatch: pytest.MonkeyPatch) -> FakeParser:
    """The engine that every command loads."""
    parser = FakeParser()

    def load(name: str | None = None, **options: Any) -> FakeParser:
        parser.options.update(options)
        return parser

    for module in ("cli_parse", "cli_demo", "doctor"):
        monkeypatch.setattr(f"dressform.api.{module}.load_parser", load)
    return parser


@pytest.fixture
def make_photo() -> Callable[..., Path]:
    """Writes a photo of a given width and colour; the fake engine finds a person per 20 pixels."""

    def make(path: Path, width: int = 40, color: tuple[int, int, int] = (200, 180, 160)) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (width, 30), color).save(path)
        return path

    return make


@pytest.fixture
def cli(capsys: pytest.CaptureFixture[str]) -> Callable[..., Ran]:
    """Runs the command line in this process; checks that it never shows a traceback."""
    from dressform.api.cli import main

    def run(*arguments: object) -> Ran:
        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        out, err = capsys.readouterr()
        assert "Traceback" not in out + err
        return Ran(code, out, err)

    return run


@pytest.fixture
def one_thread() -> Iterator[None]:
    """Torch on one thread: sums in an order that does not change."""
    torch = pytest.importorskip("torch")
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
