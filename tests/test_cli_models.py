from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from dressform.api import cli_demo, doctor
from dressform.parsing import WeightsError
from dressform.parsing.engines import embedded, registry, store
from dressform.parsing.engines.base import WeightFile

Cli = Callable[..., Any]


@pytest.fixture(autouse=True)
def assets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installation of its own: two shipped models with their manifest, an empty home, no settings."""
    root = tmp_path / "assets"
    (root / "models").mkdir(parents=True)
    rows = {}
    for name in ("people.onnx", "parts.onnx"):
        data = name.encode() * 1000
        (root / "models" / name).write_bytes(data)
        rows[name] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    (root / "models" / "manifest.json").write_text(json.dumps(rows))
    for module in (embedded, store, cli_demo):
        monkeypatch.setattr(module, "asset_path", lambda *parts: root.joinpath(*parts))
    for name in ("DRESSFORM_ENGINE", "DRESSFORM_OFFLINE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DRESSFORM_HOME", str(tmp_path / "home"))
    return root


@pytest.fixture
def downloadable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WeightFile:
    """An engine whose weights have to be fetched, from a file here."""
    source = tmp_path / "far.bin"
    source.write_bytes(b"weights" * 100)
    sha = hashlib.sha256(source.read_bytes()).hexdigest()
    weight = WeightFile("far.bin", sha, 700, source.as_uri())
    engines = tuple(
        replace(info, weights=(weight,), hub=None) if info.name == "m2fp" else info for info in registry._ENGINES
    )
    monkeypatch.setattr(registry, "_ENGINES", engines)
    return weight


class TestModels:
    def test_list(self, cli: Cli) -> None:
        ran = cli("models", "list")
        assert ran.code == 0 and ran.err == ""
        rows = {line.split("│")[1].strip(): line for line in ran.out.splitlines() if line.startswith("│")}
        assert list(rows) == ["compact", "m2fp", "m2fp-single", "modelscope"]
        assert "Apache-2.0" in rows["compact"] and "present" in rows["compact"] and " yes " in rows["compact"]
        assert "NC" in rows["m2fp"] and "not pulled (v1.0.1)" in rows["m2fp"] and " no " in rows["m2fp"]

    def test_list_shows_what_is_missing(self, cli: Cli, assets: Path) -> None:
        (assets / "models/parts.onnx").unlink()
        assert "parts.onnx" in cli("models", "list").out

    def test_verify(self, cli: Cli, assets: Path) -> None:
        assert cli("models", "verify").out.splitlines() == [
            "compact: people.onnx is right",
            "compact: parts.onnx is right",
        ]
        (assets / "models/people.onnx").write_bytes(b"damaged")
        ran = cli("models", "verify", "compact")
        assert ran.code == 1 and ran.out == "compact: parts.onnx is right\n"
        assert "people.onnx" in ran.err and ran.err.count("\n") == 1

    def test_path(self, cli: Cli, assets: Path) -> None:
        expected = [str(assets / "models" / name) for name in ("people.onnx", "parts.onnx")]
        assert cli("models", "path").out.splitlines() == expected
        assert cli("models", "path", "compact").out.splitlines() == expected

    def test_pull_of_shipped_models(self, cli: Cli) -> None:
        ran = cli("models", "pull", "compact")
        assert ran.code == 0 and ran.out.count("nothing to do") == 2

    @pytest.mark.parametrize("verb", ["pull", "verify", "path"])
    def test_engines_that_are_not_there(self, cli: Cli, verb: str) -> None:
        ran = cli("models", verb, "m3fp")
        assert ran.code == 2 and "did you mean 'm2fp'?" in ran.err

    def test_pull(self, cli: Cli, downloadable: WeightFile) -> None:
        assert "missing" in cli("models", "list").out
        assert cli("models", "verify").code == 0 and cli("models", "convert", "m2fp").code == 2
        assert cli("models", "verify", "m2fp").code == 1
        ran = cli("models", "pull", "m2fp")
        path = store.weight_path(downloadable)
        assert ran.code == 0 and str(path) in ran.out and "non-commercial" in ran.err
        assert path.stat().st_size == 700
        assert "m2fp: far.bin is right" in cli("models", "verify").out
        assert cli("models", "path", "m2fp").out == f"{path}\n"

    def test_damaged_installation(self, cli: Cli, assets: Path) -> None:
        (assets / "models/manifest.json").unlink()
        ran = cli("models", "list")
        assert ran.code == 1 and "install dressform again" in ran.err


@pytest.mark.usefixtures("fake_parser")
class TestDoctor:
    @pytest.fixture(autouse=True)
    def installed(self, monkeypatch: pytest.MonkeyPatch) -> list[str]:
        """Names of the installed packages, as the doctor sees them."""
        names = ["numpy", "onnxruntime", "opencv-python-headless"]
        monkeypatch.setattr(
            doctor, "distributions", lambda: [SimpleNamespace(metadata={"Name": name}) for name in names]
        )
        return names

    def test_all_is_well(self, cli: Cli) -> None:
        ran = cli("doctor")
        assert ran.code == 0 and ran.out.endswith("all is well\n")
        for word in ("python", "onnxruntime", "CPUExecutionProvider", "threads used", "people.onnx", "DRESSFORM_HOME"):
            assert word in ran.out

    def test_json(self, cli: Cli) -> None:
        report = json.loads(cli("doctor", "--json").out)
        assert report["problems"] == [] and report["facts"]["settings"]["engine"] == "compact"

    @pytest.mark.parametrize("pair", [("onnxruntime", "onnxruntime-gpu"), ("opencv-python", "opencv-python-headless")])
    def test_packages_that_overwrite_each_other(self, cli: Cli, installed: list[str], pair: tuple[str, str]) -> None:
        installed[:] = pair
        ran = cli("doctor")
        assert ran.code == 1 and " and ".join(pair) in ran.out and "remedy: pip uninstall" in ran.out

    def test_damaged_models(self, cli: Cli, assets: Path) -> None:
        (assets / "models/people.onnx").write_bytes(b"damaged")
        ran = cli("doctor")
        assert ran.code == 1 and "wrong: " in ran.out and "install dressform again" in ran.out
        (assets / "models/manifest.json").unlink()
        assert "the list of shipped models is missing" in cli("doctor").out

    def test_home_that_cannot_be_written(self, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "file").touch()
        monkeypatch.setenv("DRESSFORM_HOME", str(tmp_path / "file"))
        ran = cli("doctor")
        assert ran.code == 1 and "set DRESSFORM_HOME" in ran.out

    def test_engine_that_does_not_exist(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("DRESSFORM_ENGINE", "compcat")
        ran = cli("doctor")
        assert ran.code == 1 and "unknown engine in DRESSFORM_ENGINE" in ran.out and "remedy" in ran.out

    def test_engine_that_does_not_load(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        def load() -> None:
            raise RuntimeError("bad\nmodel")

        monkeypatch.setattr(doctor, "load_parser", load)
        assert "does not load: RuntimeError: bad model" in cli("doctor").out

    def test_broken_library(self, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        def broken(name: str) -> None:
            raise ImportError("libGL.so.1")

        def unknown(name: str) -> str:
            raise PackageNotFoundError(name)

        monkeypatch.setattr(doctor, "import_module", broken)
        monkeypatch.setattr(doctor, "version", unknown)
        ran = cli("doctor")
        assert ran.code == 1 and "cv2 cannot be imported: ImportError: libGL.so.1" in ran.out
        assert "not installed" in ran.out


class TestDemo:
    @pytest.fixture
    def sample(self, assets: Path, make_photo: Callable[..., Path]) -> Path:
        """A sample photo with its list."""
        row = {"file": "group.jpg", "title": "A group", "licence": "CC0", "source": "https://example.org"}
        photo = make_photo(assets / "samples" / "group.jpg", 60)
        (assets / "samples" / "index.json").write_text(json.dumps([row]))
        return photo

    @pytest.mark.usefixtures("fake_parser", "sample")
    def test_demo(self, cli: Cli, tmp_path: Path) -> None:
        ran = cli("demo", "-o", tmp_path / "out")
        assert ran.code == 0 and "A group (CC0, https://example.org)" in ran.out and "3 people found" in ran.out
        for step in ("load model", "parse", "write results"):
            assert any(line.startswith(step) and line.endswith(" s") for line in ran.out.splitlines())
        files = [Path(line) for line in ran.out.splitlines() if line.startswith(str(tmp_path))]
        assert len(files) == 6 and all(path.is_file() for path in files)

    @pytest.mark.usefixtures("fake_parser", "sample")
    def test_default_folder(self, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.chdir(tmp_path)
        assert cli("demo").code == 0 and len(list(Path("dressform-demo").iterdir())) == 6

    @pytest.mark.usefixtures("fake_parser")
    def test_no_sample(self, cli: Cli, sample: Path, tmp_path: Path) -> None:
        sample.unlink()
        assert "sample photo is missing" in cli("demo", "-o", tmp_path / "out").err
        sample.with_name("index.json").write_text("[]")
        ran = cli("demo", "-o", tmp_path / "out")
        assert ran.code == 1 and "no sample photo" in ran.err and not (tmp_path / "out").exists()

    @pytest.mark.usefixtures("sample")
    def test_model_that_is_missing(self, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def load() -> None:
            raise WeightsError("model weights are absent")

        monkeypatch.setattr(cli_demo, "load_parser", load)
        ran = cli("demo", "-o", tmp_path / "out")
        assert ran.code == 1 and ran.err == "dressform: error: model weights are absent\n"
