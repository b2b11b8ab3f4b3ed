"""Where M2FP's weights come from: ModelScope's hub, once and on request, or what the user has already.

Pulled files lie in ``DRESSFORM_HOME/weights/MODEL/REVISION`` and appear there together and whole, or not at all. A
record beside that folder keeps their hashes as they were first pulled: what a hub serves under a revision must not
change.
"""

from __future__ import annotations

import errno
import hashlib
import inspect
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass
from pathlib import Path

from dressform.parsing.engines.base import HubModel
from dressform.parsing.engines.lock import file_lock
from dressform.parsing.engines.m2fp.configuration import CONFIGURATION_FILE, MULTI, SINGLE, Config, read_configuration
from dressform.parsing.engines.store import OFFLINE_VARIABLE, home, is_offline, verify
from dressform.parsing.errors import DownloadError, MissingExtraError, OfflineError, OutputError, WeightsError

__all__ = [
    "CHECKPOINT_FILE",
    "Weights",
    "file_sha256",
    "find_weights",
    "is_pulled",
    "pull",
    "pulled_folder",
    "verify_pulled",
]

CHECKPOINT_FILE = "pytorch_model.pt"
CARD_FILE = "card.json"
"""Marks a folder with a converted model."""
_FILES = (CONFIGURATION_FILE, CHECKPOINT_FILE)
_LOCK_S = 2 * 3600
_BLOCK = 1 << 20
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})  # of a file; of a connection they mean a firewall

Download = Callable[..., object]


@dataclass(frozen=True)
class Weights:
    """A model that can be run or converted.

    Attributes:
        name: Engine that it is for, ``m2fp`` or ``m2fp-single``.
        folder: A converted model, or None.
        checkpoint: ModelScope's file, or None where a converted model was given.
        config: The model's configuration; None where the converted model's card holds it.
        sha256: Of the checkpoint; empty where a converted model was given.
    """

    name: str
    folder: Path | None = None
    checkpoint: Path | None = None
    config: Config | None = None
    sha256: str = ""


def pulled_folder(hub: HubModel) -> Path:
    """Where the pulled files of a model lie, or would lie."""
    return home() / "weights" / hub.model.rpartition("/")[2] / hub.revision


def is_pulled(hub: HubModel) -> bool:
    """Whether a model's files are there; :func:`verify_pulled` looks at their content too."""
    folder = pulled_folder(hub)
    return _record(folder) is not None and all((folder / name).is_file() for name in _FILES)


def find_weights(name: str, hub: HubModel, given: str | Path | None = None) -> Weights:
    """The weights to run an engine with. Downloads nothing.

    Args:
        name: Engine: ``m2fp``, ``m2fp-single``, or ``modelscope``, which takes the weights of either.
        hub: Where its weights are published.
        given: ModelScope's model folder, its ``pytorch_model.pt``, or the folder of a converted model; None takes
            what was pulled.

    Raises:
        WeightsError: They are not there, or they are the other model's.
    """
    if given is None:
        return _pulled(name, hub)
    path = Path(given).expanduser()
    if (path / CARD_FILE).is_file():
        return Weights(name, folder=path)
    checkpoint = path / CHECKPOINT_FILE if path.is_dir() else path
    if not checkpoint.is_file():
        allowed = f"a folder with {' and '.join(_FILES)}, the latter file itself, or a converted model's folder"
        raise WeightsError("no weights there", got=path, allowed=allowed)
    beside = checkpoint.with_name(CONFIGURATION_FILE)
    if beside.is_file():
        config = read_configuration(checkpoint.parent)
    elif path.is_dir():
        raise WeightsError(f"{CONFIGURATION_FILE} is missing", got=path, allowed=" and ".join(_FILES))
    else:
        config = SINGLE if name == "m2fp-single" else MULTI
    check_kind(name, config, path)
    return Weights(name, None, checkpoint, config, file_sha256(checkpoint))


def check_kind(name: str, config: Config, path: Path) -> None:
    """A model of one person is for ``m2fp-single``, one of several people for ``m2fp``; ``modelscope`` takes both.

    Raises:
        WeightsError: It is the other one.
    """
    if name != "modelscope" and config.single != (name == "m2fp-single"):
        other = "m2fp-single" if config.single else "m2fp"
        raise WeightsError(
            f"these are the weights of engine {other!r}", got=path, allowed=f"weights of {name!r}",
            remedy=f"use engine {other!r}, or give its weights",
        )  # fmt: skip


def pull(hub: HubModel, download: Download | None = None) -> Path:
    """Make sure that a model's files are there; fetch them from ModelScope's hub if not.

    Args:
        hub: What to fetch: always that revision.
        download: Stands in for ``modelscope.hub.snapshot_download.snapshot_download``.

    Returns:
        The folder.

    Raises:
        OfflineError: They would have to be downloaded, but ``DRESSFORM_OFFLINE`` is set.
        MissingExtraError: ModelScope's hub client is not installed.
        DownloadError: The hub cannot be reached, or what came is not what it was at the first pull.
        OutputError: The folder of weights cannot be written, or is full.
    """
    folder = pulled_folder(hub)
    if is_pulled(hub):
        return folder
    if is_offline():
        remedy = f"unset {OFFLINE_VARIABLE}, or give a folder that you have with --weights"
        raise OfflineError(f"{hub.model} would have to be downloaded", remedy=remedy)
    fetch = download if download is not None else _client()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        with file_lock(folder.with_name(f".{hub.revision}.lock"), _LOCK_S):
            if not is_pulled(hub):  # nobody else fetched it while this process waited
                _fetch(folder, hub, fetch)
    except TimeoutError as error:
        raise DownloadError(f"gave up waiting for another download of {hub.model}", got=error) from None
    except OSError as error:
        remedy = "make room or the folder writable, or set DRESSFORM_HOME to another one"
        got = f"{folder.parent}: {error.strerror or error}"
        raise OutputError("the folder of weights cannot be written", got=got, remedy=remedy) from None
    return folder


def verify_pulled(hub: HubModel) -> Iterator[Path]:
    """Check pulled files against the hashes of their first pull; yields each that is right.

    Raises:
        WeightsError: A file is missing or damaged.
    """
    folder, record = pulled_folder(hub), _record(pulled_folder(hub))
    if record is None:
        raise WeightsError(f"{hub.model} is not here", got=folder, remedy="'dressform models pull' fetches it")
    for file, digest in record.items():
        verify(folder / file, digest)
        yield folder / file


def file_sha256(path: Path) -> str:
    """Hash of a file, 64 lower-case hexadecimal digits.

    Raises:
        WeightsError: It cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise WeightsError("model weights cannot be read", got=f"{path}: {error.strerror or error}") from None
    return digest.hexdigest()


def _pulled(name: str, hub: HubModel) -> Weights:
    folder = pulled_folder(hub)
    record = _record(folder)
    if record is None or not is_pulled(hub):
        remedy = f"'dressform models pull {name}' fetches them; or give a folder that you have with --weights"
        raise WeightsError(f"the weights of {name} are not here", got=folder, remedy=remedy)
    config = read_configuration(folder)
    check_kind(name, config, folder)
    return Weights(name, None, folder / CHECKPOINT_FILE, config, record[CHECKPOINT_FILE])


def _client() -> Download:
    try:
        from modelscope.hub.snapshot_download import snapshot_download
    except ImportError as error:
        remedy = 'pip install "dressform[m2fp]", or give a folder that you have with --weights'
        raise MissingExtraError("ModelScope's hub client is not installed", got=error, remedy=remedy) from None
    found: Download = snapshot_download
    return found


def _fetch(folder: Path, hub: HubModel, download: Download) -> None:
    prefix = f".{hub.revision}."
    for left in folder.parent.glob(f"{prefix}*.part"):  # a killed process left it; under the lock nobody writes one
        shutil.rmtree(left, ignore_errors=True)
    part = Path(tempfile.mkdtemp(prefix=prefix, suffix=".part", dir=folder.parent))
    try:
        with _transfer(hub):
            got = Path(str(download(hub.model, hub.revision, **_options(download, part / "hub"))))
        ready = part / "ready"
        ready.mkdir()
        for name in _FILES:
            if not (got / name).is_file():
                raise DownloadError(f"the hub's {hub.model} lacks a file", got=f"no {name}", remedy="try again")
            (got / name).resolve().replace(ready / name)  # the client may have put a link there
        hashes = {name: file_sha256(ready / name) for name in _FILES}
        _remember(folder, hub, hashes)
        ready.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)  # incomplete, else nothing would have been fetched
        ready.replace(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _options(download: Download, cache: Path) -> dict[str, object]:
    """Arguments of the hub client, whose older versions know fewer."""
    options: dict[str, object] = {"cache_dir": str(cache)}
    if "allow_file_pattern" in inspect.signature(download).parameters:
        options["allow_file_pattern"] = list(_FILES)
    return options


@contextmanager
def _transfer(hub: HubModel) -> Iterator[None]:
    """The client's errors as ours; what it prints does not end up among results."""
    try:
        with redirect_stdout(sys.stderr):
            yield
    except Exception as error:  # the client has a dozen types of its own
        if (unwritable := _unwritable(error)) is not None:
            raise unwritable from None
        got = f"{hub.model} {hub.revision}: {type(error).__name__} {error}"
        remedy = "check the network and try again"
        raise DownloadError("download from ModelScope's hub failed", got=got, remedy=remedy) from None


def _unwritable(error: BaseException | None) -> OSError | None:
    """The error of a full or write-protected disk that is behind an error of the client, if one is."""
    for _ in range(20):  # a chain could be a ring
        if error is None:
            return None
        if isinstance(error, OSError):
            forbidden = error.errno in _FORBIDDEN and error.filename is not None
            if error.errno in _FULL or forbidden:
                return error
        error = error.__cause__ or error.__context__
    return None


def _remember(folder: Path, hub: HubModel, hashes: Mapping[str, str]) -> None:
    known = _record(folder)
    if known is None:
        row = {"model": hub.model, "revision": hub.revision, "sha256": hashes}
        path = _record_path(folder)
        partial = path.with_name(f"{path.name}.partial")
        partial.write_text(json.dumps(row, indent=2) + "\n", encoding="utf-8")
        partial.replace(path)
    elif known != hashes:
        changed = ", ".join(f"{name} sha256 {hashes[name]}" for name in _FILES if known.get(name) != hashes[name])
        allowed = ", ".join(str(known.get(name)) for name in _FILES if known.get(name) != hashes[name])
        remedy = f"try again; if the change is wanted, remove {_record_path(folder)}"
        what = f"{hub.model} {hub.revision} is not what it was at the first pull"
        raise DownloadError(what, got=changed, allowed=allowed, remedy=remedy)


def _record_path(folder: Path) -> Path:
    return folder.with_name(f"{folder.name}.json")


def _record(folder: Path) -> dict[str, str] | None:
    """Hashes by file name as they were at the first pull; None: nothing was pulled yet."""
    try:
        row = json.loads(_record_path(folder).read_text(encoding="utf-8"))
        return {name: str(row["sha256"][name]) for name in _FILES}
    except (OSError, ValueError, TypeError, KeyError):
        return None
