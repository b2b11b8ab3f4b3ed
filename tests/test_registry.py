from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from dressform.parsing import EngineUnavailableError, OptionError, WeightsError
from dressform.parsing.engines import embedded, registry

MANIFEST = {"people.onnx": {"sha256": "ab" * 32, "size": 10}, "parts.onnx": {"sha256": "cd" * 32, "size": 20}}


@pytest.fixture(autouse=True)
def models(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of shipped models with a manifest, and no settings."""
    monkeypatch.delenv("DRESSFORM_ENGINE", raising=False)
    monkeypatch.setattr(embedded, "asset_path", lambda *parts: tmp_path.joinpath(*parts[1:]))
    (tmp_path / "manifest.json").write_text(json.dumps(MANIFEST))
    return tmp_path


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, object]]:
    """Stands in for the module of the compact engine; holds the options of every load."""
    loads: list[dict[str, object]] = []

    def load(*, refine: bool = True) -> SimpleNamespace:
        loads.append({"refine": refine})
        return SimpleNamespace(name="compact")

    monkeypatch.setattr(registry, "import_module", lambda name: SimpleNamespace(load=load))
    return loads


def test_engines_are_listed_with_their_licences() -> None:
    engines = {info.name: info for info in registry.list_engines()}
    assert list(engines) == ["compact", "m2fp", "m2fp-single", "modelscope"]
    assert engines["compact"].commercial and engines["compact"].licence == "Apache-2.0" and engines["compact"].runnable
    for name in ("m2fp", "m2fp-single", "modelscope"):
        assert not engines[name].commercial and engines[name].runnable and "NC" in engines[name].licence
        assert engines[name].hub is not None and engines[name].hub.revision == "v1.0.1"
    assert [weight.name for weight in engines["compact"].weights] == list(MANIFEST)
    assert all(weight.embedded for weight in engines["compact"].weights)


def test_default_needs_no_name(module: list[dict[str, object]]) -> None:
    assert registry.load_parser().name == "compact"
    assert registry.load_parser("compact", refine=False).name == "compact"
    assert module == [{"refine": True}, {"refine": False}]


def test_default_is_free_for_commercial_use() -> None:
    assert registry.engine_info(registry.DEFAULT_ENGINE).commercial


def test_variable_chooses(monkeypatch: pytest.MonkeyPatch, module: list[dict[str, object]]) -> None:
    monkeypatch.setenv("DRESSFORM_ENGINE", "m2fp-single")
    assert registry.check_engine().name == "m2fp-single"
    assert registry.load_parser("compact").name == "compact"
    monkeypatch.setenv("DRESSFORM_ENGINE", "")
    assert registry.load_parser().name == "compact"


@pytest.mark.parametrize(
    ("name", "hint"), [("compct", "did you mean 'compact'"), ("M2FP", "did you mean 'm2fp'"), ("zzz", None), ("", None)]
)
def test_unknown_engine(name: str, hint: str | None) -> None:
    with pytest.raises(OptionError) as caught:
        registry.engine_info(name)
    message = str(caught.value)
    assert "compact, m2fp, m2fp-single, modelscope" in message and repr(name) in message
    assert hint in message if hint else "did you mean" not in message


def test_unknown_engine_in_variable_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRESSFORM_ENGINE", "compac")
    with pytest.raises(OptionError, match="DRESSFORM_ENGINE"):
        registry.load_parser()


@pytest.mark.parametrize("name", ["m2fp", "m2fp-single", "modelscope"])
def test_engine_whose_weights_are_not_here(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRESSFORM_HOME", str(tmp_path / "home"))
    with pytest.raises(WeightsError, match=f"dressform models pull {name}'"):
        registry.load_parser(name)
    assert not (tmp_path / "home").exists()


def test_engine_of_a_later_version_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    engines = tuple(replace(info, module=None) if info.name == "m2fp" else info for info in registry._ENGINES)
    monkeypatch.setattr(registry, "_ENGINES", engines)
    with pytest.raises(EngineUnavailableError, match="not in this version") as caught:
        registry.load_parser("m2fp")
    assert caught.value.remedy == "use 'compact'"


def test_unknown_option(module: list[dict[str, object]]) -> None:
    with pytest.raises(OptionError, match=r"colour.*refine"):
        registry.load_parser("compact", colour=3)
    assert module == []


def test_engine_whose_library_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(name: str) -> None:
        raise ImportError("libGL.so.1: cannot open shared object file")

    monkeypatch.setattr(registry, "import_module", broken)
    with pytest.raises(EngineUnavailableError, match=r"libGL.*doctor"):
        registry.load_parser()


@pytest.mark.parametrize(
    "text", [None, "", "[]", "{", '{"a.onnx": {}}', '{"a.onnx": 3}', '{"a": {"sha256": "", "size": "x"}}']
)
def test_damaged_manifest(models: Path, text: str | None) -> None:
    path = models / "manifest.json"
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(WeightsError, match="install dressform again"):
        registry.list_engines()


def test_import_is_light_and_complete() -> None:
    code = (
        "import sys, dressform.parsing as p\n"
        "heavy = {'cv2', 'onnxruntime', 'PIL', 'numpy', 'torch', 'rich', 'typer'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert all(getattr(p, name) is not None for name in p.__all__)\n"
        "assert set(p.__all__) <= set(dir(p))\n"
        "from dressform.parsing import Part, load_image\n"
        "assert not hasattr(p, 'nothing')\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
