"""Sessions of the embedded networks: opened once, shared, and damaged models told apart."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import onnxruntime
import pytest

from dressform.parsing import WeightsError
from dressform.parsing.engines.compact import sessions


@pytest.fixture(autouse=True)
def no_sessions() -> Iterator[None]:
    """These tests open sessions of their own and leave none of them behind."""
    sessions._open.cache_clear()
    yield
    sessions._open.cache_clear()


def test_threads_that_start_together_open_one_session(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []

    def slow(path: str, *_: object, **__: object) -> object:
        opened.append(path)
        time.sleep(0.05)
        return object()

    monkeypatch.setattr(onnxruntime, "InferenceSession", slow)
    network = sessions.open_network("face")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: network.warm((1, 128, 128)), range(16)))
    assert len(opened) == 1
    network.warm((4, 128, 128))
    assert len(opened) == 2
    assert network is sessions.open_network("face")


def test_a_forked_process_opens_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    opened = []
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *_, **__: opened.append(1))
    network = sessions.open_network("face")
    network.warm((1, 128, 128))
    monkeypatch.setattr("os.getpid", lambda: -1)
    network.warm((1, 128, 128))
    assert len(opened) == 2


@pytest.mark.parametrize("content", [None, b"", b"not a model", b"\x08\x08"])
def test_missing_and_damaged_models(content: bytes | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "face.onnx"
    if content is not None:
        path.write_bytes(content)
    monkeypatch.setattr(sessions, "asset_path", lambda *_: path)
    with pytest.raises(WeightsError, match=r"face\.onnx") as caught:
        sessions.open_network("face").warm((1, 128, 128))
    assert "\n" not in str(caught.value)
