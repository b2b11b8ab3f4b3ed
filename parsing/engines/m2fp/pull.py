"""M2FP's weights from ModelScope's hub, once and only on request.

Files appear in their folder together and whole, or not at all. What the hub serves under a revision must not change: it
is compared with the hashes of the first pull.
"""

from __future__ import annotations

import errno
import inspect
import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

from dressform.parsing.engines.base import HubModel
from dressform.parsing.engines.fetch import only_one
from dressform.parsing.engines.m2fp.weights import (
    FILES,
    is_pulled,
    pulled_folder,
    read_record,
    record_path,
)
from dressform.parsing.engines.store import OFFLINE_VARIABLE, file_sha256, is_offline
from dressform.parsing.errors import DownloadError, MissingExtraError, OfflineError

__all__ = ["pull"]

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})  # of a file; of a connection they mean a firewall

Download = Callable[..., object]


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
    with only_one(folder, hub.model):
        if not is_pulled(hub):  # nobody else fetched it while this process waited
            _fetch(folder, hub, fetch)
    return folder


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
        for name in FILES:
            if not (got / name).is_file():
                raise DownloadError(f"the hub's {hub.model} lacks a file", got=f"no {name}", remedy="try again")
            (got / name).resolve().replace(ready / name)  # the client may have put a link there
        hashes = {name: file_sha256(ready / name) for name in FILES}
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
        options["allow_file_pattern"] = list(FILES)
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
    known = read_record(folder)
    if known is None:
        row = {"model": hub.model, "revision": hub.revision, "sha256": hashes}
        path = record_path(folder)
        partial = path.with_name(f"{path.name}.partial")
        partial.write_text(json.dumps(row, indent=2) + "\n", encoding="utf-8")
        partial.replace(path)
    elif known != hashes:
        changed = ", ".join(f"{name} sha256 {hashes[name]}" for name in FILES if known.get(name) != hashes[name])
        allowed = ", ".join(str(known.get(name)) for name in FILES if known.get(name) != hashes[name])
        remedy = f"try again; if the change is wanted, remove {record_path(folder)}"
        what = f"{hub.model} {hub.revision} is not what it was at the first pull"
        raise DownloadError(what, got=changed, allowed=allowed, remedy=remedy)
