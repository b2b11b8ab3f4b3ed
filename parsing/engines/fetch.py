"""Download of weight files. Only :func:`fetch` ever touches the network, and only when a person asks for it."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPException, HTTPMessage
from pathlib import Path
from typing import IO, cast
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from dressform.parsing.engines.base import WeightFile
from dressform.parsing.engines.lock import file_lock
from dressform.parsing.engines.store import OFFLINE_VARIABLE, is_offline, is_present, verify, weight_path
from dressform.parsing.errors import DownloadError, OfflineError, OutputError, WeightsError

__all__ = ["Progress", "fetch", "only_one"]

Progress = Callable[[int, int], None]

_BLOCK = 1 << 18
_SILENCE_S = 30  # a server that sends nothing for this long is given up
_LOCK_S = 2 * 3600  # another process may be fetching the same large file over a slow line
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def fetch(weight: WeightFile, progress: Progress | None = None) -> Path:
    """Make sure that a weight file is there and right; download it if not.

    The file appears under its name only when complete and verified. Of several processes that want
    the same file one downloads and the others wait for it.

    Args:
        weight: What to fetch. For one that ships inside the package this only verifies it.
        progress: Called with (bytes done, bytes in all).

    Returns:
        Path of the file.

    Raises:
        OfflineError: It would have to be downloaded, but ``DRESSFORM_OFFLINE`` is set.
        DownloadError: The transfer failed, or what came is not what was expected.
        WeightsError: A shipped file is missing or damaged.
        OutputError: The folder of weights cannot be written.
    """
    path = weight_path(weight)
    if weight.url is None:
        _verify_embedded(path, weight)
        return path
    if _is_right(path, weight):
        return path
    _check_url(weight.url)
    if is_offline() and urlsplit(weight.url).scheme != "file":
        remedy = f"unset {OFFLINE_VARIABLE}, or put the file there yourself: {path}"
        raise OfflineError(f"{weight.name} would have to be downloaded", remedy=remedy)
    with only_one(path, weight.name):
        if not _is_right(path, weight):  # nobody else fetched it while this process waited
            _download(weight, path, progress)
    return path


@contextmanager
def only_one(path: Path, name: str) -> Iterator[None]:
    """Let one process at a time fetch to ``path``; its parent folder is made.

    Raises:
        DownloadError: Another process took too long over ``name``. OutputError: The folder cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with file_lock(path.with_name(f".{path.name}.lock"), _LOCK_S):
            yield
    except TimeoutError as error:
        raise DownloadError(f"gave up waiting for another download of {name}", got=error) from None
    except OSError as error:
        remedy = "make room or the folder writable, or set DRESSFORM_HOME to another one"
        got = f"{path.parent}: {error.strerror or error}"
        raise OutputError("the folder of weights cannot be written", got=got, remedy=remedy) from None


def _is_right(path: Path, weight: WeightFile) -> bool:
    if not is_present(weight):
        return False
    try:
        verify(path, weight.sha256)
    except WeightsError:
        return False
    return True


def _verify_embedded(path: Path, weight: WeightFile) -> None:
    try:
        verify(path, weight.sha256)
    except WeightsError as error:
        raise WeightsError(error.what, got=error.got, allowed=error.allowed, remedy="install dressform again") from None


def _download(weight: WeightFile, path: Path, progress: Progress | None) -> None:
    prefix = f".{path.name}."
    for left in path.parent.glob(f"{prefix}*.part"):  # a killed process left it; under the lock nobody writes one
        left.unlink(missing_ok=True)
    handle, name = tempfile.mkstemp(prefix=prefix, suffix=".part", dir=path.parent)
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            digest, done = hashlib.sha256(), 0
            for block in _blocks(str(weight.url)):
                done += len(block)
                if done > weight.size:
                    raise _wrong(weight, f"more than {weight.size} bytes", f"{weight.size} bytes")
                digest.update(block)
                file.write(block)
                if progress is not None:
                    progress(done, weight.size)
            file.flush()
            os.fsync(file.fileno())
        if done != weight.size:
            raise _wrong(weight, f"{done} bytes", f"{weight.size} bytes")
        if digest.hexdigest() != weight.sha256:
            raise _wrong(weight, f"sha256 {digest.hexdigest()}", weight.sha256)
        part.chmod(0o644)  # mkstemp's 0600 would shut out the other users of a shared folder
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _blocks(url: str) -> Iterator[bytes]:
    """The content at ``url``; every trouble with the transfer becomes a :class:`DownloadError`."""
    with _transfer(url), closing(_open(url)) as reply:
        while block := reply.read(_BLOCK):
            yield block


def _open(url: str) -> IO[bytes]:
    request = Request(url, headers={"User-Agent": "dressform"})
    return cast(IO[bytes], build_opener(_CheckedRedirects()).open(request, timeout=_SILENCE_S))


@contextmanager
def _transfer(url: str) -> Iterator[None]:
    try:
        yield
    except (OSError, HTTPException) as error:
        reason = error if isinstance(error, HTTPError) else getattr(error, "reason", error)
        raise DownloadError(
            "download failed", got=f"{url}: {reason}", remedy="check the network and try again"
        ) from None


def _wrong(weight: WeightFile, got: str, allowed: str) -> DownloadError:
    remedy = "try again; if it stays so, the file at its source has changed"
    return DownloadError(f"what came from {weight.url} is not {weight.name}", got=got, allowed=allowed, remedy=remedy)


def _check_url(url: str) -> None:
    parts = urlsplit(url)
    if parts.scheme in {"https", "file"} or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    raise DownloadError("will not download from there", got=url, allowed="https")


class _CheckedRedirects(HTTPRedirectHandler):
    """Follows a redirect only to where a download may begin, so never from https to http."""

    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> Request | None:
        _check_url(newurl)
        return super().redirect_request(req, fp, code, msg, headers, newurl)
