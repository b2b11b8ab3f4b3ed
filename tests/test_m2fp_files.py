"""M2FP's weights: pull and conversion, when all goes well and when not. No torch."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest
from m2fp_stub import HUB, StubHub, converted_folder, model_folder

from dressform.parsing import DownloadError, MissingExtraError, OfflineError, OutputError, WeightsError
from dressform.parsing.engines.m2fp import convert, engine, pull, weights
from dressform.parsing.engines.m2fp.configuration import MULTI, SINGLE


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of weights, not made yet."""
    monkeypatch.delenv("DRESSFORM_OFFLINE", raising=False)
    monkeypatch.setenv("DRESSFORM_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def wrapped(error: Exception) -> Exception:
    """An error of the hub client's own kind with this one behind it."""
    other = RuntimeError("download failed")
    other.__cause__ = error
    return other


def left_over(folder: Path) -> list[str]:
    """Files and folders that are neither locks nor records."""
    if not folder.exists():
        return []
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.suffix not in {".lock", ".json"})


# ---- conversion ---------------------------------------------------------------------------------------------------


@pytest.fixture
def exports(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Stands in for export: writes a file; remembers where."""
    made: list[Path] = []

    def export(given: Any, path: Path) -> None:
        made.append(path)
        path.write_bytes(b"onnx" * 100)

    monkeypatch.setattr(convert, "_export", export)
    return made


def found(folder: Path, name: str = "m2fp") -> weights.Weights:
    return weights.find_weights(name, HUB, folder)


def test_converted_once(tmp_path: Path, home: Path, exports: list[Path]) -> None:
    given = found(model_folder(tmp_path / "ms"))
    model = convert.convert(given)
    assert convert.convert(given) == model and len(exports) == 1
    assert model.config == MULTI and given.sha256[:16] in str(model.path) and model.path.is_relative_to(home)
    card = json.loads((model.path.parent / "card.json").read_text())
    assert card["checkpoint_sha256"] == given.sha256
    convert.verify_model(model)
    moved = model.path.parent.rename(tmp_path / "elsewhere")
    assert convert.convert(found(moved)).path == moved / "model.onnx"
    assert len(exports) == 1, "a converted model needs no torch wherever it is"


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (OSError(errno.ENOSPC, "No space left on device"), OutputError, "No space left.*DRESSFORM_HOME"),
        (WeightsError("the checkpoint holds NaN"), WeightsError, "NaN"),
        (KeyboardInterrupt(), KeyboardInterrupt, None),
    ],
)
def test_conversion_that_fails_leaves_nothing(
    error: BaseException, kind: type[BaseException], words: str | None, tmp_path: Path, home: Path, monkeypatch: Any
) -> None:
    def export(given: Any, path: Path) -> None:
        path.write_bytes(b"half")
        raise error

    given = found(model_folder(tmp_path / "ms"))
    with monkeypatch.context() as patch:
        patch.setattr(convert, "_export", export)
        with pytest.raises(kind, match=words):
            convert.convert(given)
        assert left_over(home) == ["converted"]
    monkeypatch.setattr(convert, "_export", lambda given, path: path.write_bytes(b"onnx"))
    assert convert.convert(given).path.read_bytes() == b"onnx", "trying again works"


def test_damaged_conversion_is_made_anew(tmp_path: Path, exports: list[Path]) -> None:
    given = found(model_folder(tmp_path / "ms"))
    model = convert.convert(given)
    model.path.write_bytes(b"cut")
    (model.path.parent.parent / f".{model.path.parent.name}.killed.part").mkdir()
    assert convert.convert(given) == model and len(exports) == 2
    assert len(left_over(model.path.parent.parent)) == 2
    model.path.write_bytes(b"ONNX" * 100)
    with pytest.raises(WeightsError, match="damaged"):
        convert.verify_model(model)


# ---- weights ------------------------------------------------------------------------------------------------------


def test_weights_that_are_there(tmp_path: Path) -> None:
    folder = model_folder(tmp_path / "ms")
    by_folder, by_file = found(folder), found(folder / "pytorch_model.pt")
    assert by_folder.config == MULTI and by_folder == by_file
    (folder / "configuration.json").unlink()
    assert found(folder / "pytorch_model.pt").config == MULTI, "a bare file is taken for the published model's"
    with pytest.raises(WeightsError, match=r"configuration\.json"):
        found(folder)
    with pytest.raises(WeightsError, match="no weights there"):
        found(tmp_path / "nothing")
    with pytest.raises(WeightsError, match="dressform models pull m2fp"):
        weights.find_weights("m2fp", HUB)


def test_weights_of_the_other_model(tmp_path: Path) -> None:
    single, multi = model_folder(tmp_path / "single", SINGLE), model_folder(tmp_path / "multi")
    with pytest.raises(WeightsError, match="use engine 'm2fp-single'"):
        engine.load(weights=single)
    with pytest.raises(WeightsError, match="use engine 'm2fp'"):
        engine.load_single(weights=multi)
    with pytest.raises(WeightsError, match="use engine 'm2fp-single'"):
        engine.load(weights=converted_folder(tmp_path / "converted", SINGLE))
    assert engine.load_single(weights=single).config == SINGLE


def test_pull(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hub = StubHub()
    folder = pull.pull(HUB, hub)
    assert hub.calls == [(HUB.model, "v1.0.1")] and capsys.readouterr().out == ""
    assert sorted(path.name for path in folder.iterdir()) == ["configuration.json", "pytorch_model.pt"]
    assert [path.name for path in weights.verify_pulled(HUB)] == ["configuration.json", "pytorch_model.pt"]
    assert pull.pull(HUB, hub) == folder and len(hub.calls) == 1
    assert weights.find_weights("m2fp", HUB).sha256 == weights.file_sha256(folder / "pytorch_model.pt")
    (folder / "pytorch_model.pt").write_bytes(b"damaged")
    with pytest.raises(WeightsError, match="damaged"):
        list(weights.verify_pulled(HUB))


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        ({"error": ConnectionError("the hub is down")}, DownloadError, "hub is down.*try again"),
        ({"error": RuntimeError("502 Bad Gateway")}, DownloadError, "502"),
        ({"error": OSError(errno.ENOSPC, "No space left on device")}, OutputError, "No space left.*DRESSFORM_HOME"),
        ({"error": wrapped(OSError(errno.ENOSPC, "No space left on device"))}, OutputError, "No space left"),
        ({"files": {"configuration.json": b"{}", "pytorch_model.pt": None}}, DownloadError, r"no pytorch_model\.pt"),
    ],
)
def test_pull_that_fails_leaves_nothing(changes: dict[str, Any], kind: type[Exception], words: str, home: Path) -> None:
    with pytest.raises(kind, match=words):
        pull.pull(HUB, StubHub(**changes))
    assert left_over(home) == ["weights", "weights/cv_resnet101_image-multiple-human-parsing"]
    assert not weights.is_pulled(HUB)
    pull.pull(HUB, StubHub())
    assert weights.is_pulled(HUB), "trying again works"


def test_pull_of_something_else_under_the_same_revision(home: Path) -> None:
    folder = pull.pull(HUB, StubHub())
    (folder / "pytorch_model.pt").unlink()
    other = StubHub()
    other.files["pytorch_model.pt"] = b"something else"
    with pytest.raises(DownloadError, match="not what it was at the first pull"):
        pull.pull(HUB, other)
    assert weights.is_pulled(HUB) is False
    pull.pull(HUB, StubHub())
    assert weights.is_pulled(HUB)


def test_pull_without_network_or_client(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "modelscope.hub.snapshot_download", None)
    with pytest.raises(MissingExtraError, match="--weights"):
        pull.pull(HUB)
    monkeypatch.setenv("DRESSFORM_OFFLINE", "1")
    with pytest.raises(OfflineError, match="DRESSFORM_OFFLINE"):
        pull.pull(HUB)
    assert not home.exists()
