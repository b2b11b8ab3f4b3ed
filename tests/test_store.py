from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dressform.parsing import DownloadError, OfflineError, OutputError, WeightsError
from dressform.parsing.engines import store
from dressform.parsing.engines.base import WeightFile
from dressform.parsing.engines.fetch import fetch
from dressform.parsing.engines.lock import file_lock

BODY = bytes(range(256)) * 4000  # about 1 MB: several blocks
SHA = hashlib.sha256(BODY).hexdigest()


@dataclass
class Server:
    url: str
    requests: Counter[str] = field(default_factory=Counter)

    def weight(self, path: str, **changes: object) -> WeightFile:
        return WeightFile(**{"name": "w.bin", "sha256": SHA, "size": len(BODY), "url": self.url + path, **changes})


@pytest.fixture
def server() -> Iterator[Server]:
    """A server on this machine whose paths misbehave in different ways."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            known.requests[self.path] += 1
            if self.path == "/missing":
                self.send_error(404)
                return
            if self.path == "/away":
                self.send_response(302)
                self.send_header("Location", "http://example.invalid/w.bin")
                self.end_headers()
                return
            body = {"/wrong": BODY[::-1], "/short": BODY[:-1000], "/long": BODY + b"more"}.get(self.path, BODY)
            self.send_response(200)
            self.send_header("Content-Length", str(len(BODY) if self.path == "/cut" else len(body)))
            self.end_headers()
            if self.path == "/slow":
                time.sleep(0.7)
            self.wfile.write(body[: len(body) // 2] if self.path == "/cut" else body)

        def log_message(self, *arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        known = Server(f"http://127.0.0.1:{http.server_port}")
        thread = threading.Thread(target=http.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        yield known
        http.shutdown()
        thread.join(5)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of weights, not made yet."""
    monkeypatch.setenv("DRESSFORM_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("DRESSFORM_OFFLINE", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    return tmp_path / "home" / "weights"


def left_over(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if not path.name.endswith(".lock"))


def test_fetch(server: Server, folder: Path) -> None:
    steps: list[tuple[int, int]] = []
    path = fetch(server.weight("/good"), lambda done, total: steps.append((done, total)))
    assert path == folder / "w.bin" and path.read_bytes() == BODY
    assert left_over(folder) == ["w.bin"]
    assert steps == sorted(steps) and steps[-1] == (len(BODY), len(BODY)) and len(steps) > 1
    assert fetch(server.weight("/good")) == path
    assert server.requests["/good"] == 1


def test_fetch_from_a_file_even_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRESSFORM_OFFLINE", "1")
    (tmp_path / "here.bin").write_bytes(BODY)
    weight = WeightFile("w.bin", SHA, len(BODY), (tmp_path / "here.bin").as_uri())
    assert fetch(weight).read_bytes() == BODY


@pytest.mark.parametrize(
    ("path", "match"),
    [
        ("/cut", r"download failed|not w\.bin"),
        ("/short", "bytes"),
        ("/long", "more than"),
        ("/wrong", "sha256"),
        ("/missing", "404"),
        ("/away", "will not download from there"),
    ],
)
def test_bad_transfer_leaves_nothing(server: Server, folder: Path, path: str, match: str) -> None:
    with pytest.raises(DownloadError, match=match) as caught:
        fetch(server.weight(path))
    assert "\n" not in str(caught.value)
    assert left_over(folder) == []


@pytest.mark.parametrize("url", ["http://example.invalid/w", "ftp://127.0.0.1/w", "w.bin"])
def test_only_safe_addresses(url: str) -> None:
    with pytest.raises(DownloadError, match="https"):
        fetch(WeightFile("w.bin", SHA, len(BODY), url))


def test_nobody_listens(server: Server, folder: Path) -> None:
    with pytest.raises(DownloadError, match="try again"):
        fetch(WeightFile("w.bin", SHA, len(BODY), "http://127.0.0.1:9/w"))
    assert left_over(folder) == []


def test_offline(server: Server, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DRESSFORM_OFFLINE", "1")
    with pytest.raises(OfflineError, match="DRESSFORM_OFFLINE") as caught:
        fetch(server.weight("/good"))
    assert str(folder / "w.bin") in str(caught.value)
    assert not server.requests and not folder.exists()
    folder.mkdir(parents=True)
    (folder / "w.bin").write_bytes(BODY)  # put there by hand
    assert fetch(server.weight("/good")) == folder / "w.bin"


def test_damaged_file_is_replaced(server: Server, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "w.bin").write_bytes(BODY[::-1])
    (folder / ".w.bin.killed.part").write_bytes(b"half")
    assert fetch(server.weight("/good")).read_bytes() == BODY
    assert left_over(folder) == ["w.bin"]


def test_failed_fetch_keeps_what_was_there(server: Server, folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "w.bin").write_bytes(b"older version")
    with pytest.raises(DownloadError):
        fetch(server.weight("/wrong"))
    assert (folder / "w.bin").read_bytes() == b"older version"


def test_folder_that_cannot_be_made(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("DRESSFORM_HOME", str(tmp_path / "file"))
    with pytest.raises(OutputError, match="DRESSFORM_HOME"):
        fetch(server.weight("/good"))


def test_interrupted_fetch_leaves_nothing(server: Server, folder: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(server.weight("/good"), interrupt)
    assert left_over(folder) == []
    assert fetch(server.weight("/good")).read_bytes() == BODY  # and the lock is free


def test_two_processes_fetch_once(server: Server, folder: Path) -> None:
    code = (
        "import json, sys\n"
        "from dressform.parsing.engines.base import WeightFile\n"
        "from dressform.parsing.engines.fetch import fetch\n"
        "print(fetch(WeightFile(**json.loads(sys.argv[1]))))\n"
    )
    row = json.dumps({"name": "w.bin", "sha256": SHA, "size": len(BODY), "url": server.url + "/slow"})
    runs = [
        subprocess.Popen([sys.executable, "-c", code, row], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    for run in runs:
        out, err = run.communicate(timeout=60)
        assert (run.returncode, out.strip(), err) == (0, str(folder / "w.bin"), "")
    assert server.requests["/slow"] == 1
    assert left_over(folder) == ["w.bin"]


def test_lock_of_a_killed_process_is_free(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = (
        "import sys, time\nfrom pathlib import Path\n"
        "from dressform.parsing.engines.lock import file_lock\n"
        "with file_lock(Path(sys.argv[1]), 1):\n    print('held', flush=True)\n    time.sleep(60)\n"
    )
    with subprocess.Popen([sys.executable, "-c", code, str(path)], stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None and holder.stdout.readline() == "held\n"
        with pytest.raises(TimeoutError), file_lock(path, 0.2):
            pass
        holder.kill()
    with file_lock(path, 1):
        pass


def test_verify(tmp_path: Path) -> None:
    path = tmp_path / "w.bin"
    with pytest.raises(WeightsError, match="cannot be read"):
        store.verify(path, SHA)
    path.write_bytes(BODY)
    store.verify(path, SHA)
    path.write_bytes(BODY[1:])
    with pytest.raises(WeightsError, match="damaged"):
        store.verify(path, SHA)


def test_embedded_weights_are_only_verified(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "asset_path", lambda *parts: tmp_path.joinpath(*parts))
    weight = WeightFile("w.onnx", SHA, len(BODY))
    assert not store.is_present(weight)
    with pytest.raises(WeightsError, match="install dressform again"):
        fetch(weight)
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "w.onnx").write_bytes(BODY)
    assert fetch(weight) == tmp_path / "models" / "w.onnx" and store.is_present(weight)


def test_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.home() == tmp_path / "home"
    monkeypatch.delenv("DRESSFORM_HOME")
    if sys.platform.startswith("linux"):
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
        assert store.home() == tmp_path / "dressform"
        monkeypatch.setenv("XDG_CACHE_HOME", "relative")
        assert store.home() == Path.home() / ".cache" / "dressform"
    monkeypatch.setenv("DRESSFORM_HOME", f"~{os.sep}models")
    assert store.home() == Path.home() / "models"


@pytest.mark.parametrize(
    ("value", "offline"), [("1", True), ("yes", True), ("0", False), ("", False), ("False", False)]
)
def test_is_offline(monkeypatch: pytest.MonkeyPatch, value: str, offline: bool) -> None:
    monkeypatch.setenv("DRESSFORM_OFFLINE", value)
    assert store.is_offline() is offline
